//! Bad input, and what it gets: a sentence that says what happened, why and what to do next, the promised exit code, and
//! nothing changed. None of it panics, and no secret is ever printed or kept.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::cli::{Home, Ran};
use crate::support::estate::{Ground, ZONE, ground};
use crate::support::pty::{Pty, SMALL};
use crate::support::scene::{
    self, assert_clean, assert_no_secret_kept, assert_untouched, config, logbook, strands,
};
use crate::support::standin::{Fault, Rule};

const EAST: &str = "us-east-1";

/// Fails unless everything wanted was said, and nothing panicked.
#[track_caller]
fn said(ran: &Ran, wanted: &[&str]) {
    let all = format!("{}{}", ran.stdout, ran.stderr);
    for text in wanted {
        assert!(all.contains(text), "{text:?} was not said:\n{all}");
    }
    assert!(!all.contains("panicked"), "it panicked:\n{all}");
}

/// A home with credentials and an endpoint at which nobody listens.
fn dark_home() -> Home {
    Home::new()
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .with("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .with("AWS_SECRET_ACCESS_KEY", SECRET)
        .config(&config())
}

const SECRET: &str = "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY";

// ---- without an endpoint

#[test]
fn bad_no_credentials() {
    let home = Home::new().with("AWS_ENDPOINT_URL", "http://127.0.0.1:1").config(&config());
    let ran = home.run(&["status"]).expect_code(1);
    said(&ran, &["NO CREDS", "AWS_PROFILE", "blackstart demo"]);
    let ran = home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(1);
    said(&ran, &["credentials"]);
    // A profile that no file knows.
    let ran = home.run(&["status", "--profile", "prdo", "--region", EAST]).expect_code(1);
    said(&ran, &["prdo"]);
    // Said once, not of every cell.
    assert_eq!(ran.stdout.matches("NO CREDS").count(), 1, "{}", ran.stdout);
}

#[test]
fn bad_words_that_are_none() {
    let home = Home::new().config(&config());
    for words in [&["note", ""][..], &["note", " ", "\t"], &["declare", ""]] {
        let ran = home.run(words).expect_code(2);
        said(&ran, &["is empty: nothing was written", "`blackstart "]);
    }
    assert!(strands(&logbook(&home)).is_empty(), "an empty note has a strand");
    let ran = home.run(&["replay", "--at", "yesterday"]).expect_code(2);
    said(&ran, &["yesterday", "2012-06-30T03:45:00Z"]);
    let ran = home.run(&["log", "verify", "nosuch"]).expect_code(2);
    said(&ran, &["nosuch cannot be read"]);
    assert!(!ran.stderr.contains(":0:"), "{}", ran.stderr);
    let ran = home.run(&["demo", "--scenario", "nosuch"]).expect_code(2);
    said(&ran, &["nosuch: there is no such scenario"]);
}

#[test]
fn bad_region_names() {
    let home = dark_home();
    for words in [&["status", "--region", "us-esat-1"][..], &["--region", "us-esat-1"]] {
        let ran = home.run(words).expect_code(2);
        said(&ran, &["us-esat-1", "us-east-1"]);
    }
    let ran = home.run(&["status", "--region", "atlantis"]).expect_code(2);
    said(&ran, &["atlantis"]);
}

#[test]
fn bad_endpoints() {
    // Nobody listens: dark, and soon.
    let home = dark_home();
    let begin = Instant::now();
    let ran = home.run(&["status"]).expect_code(1);
    assert!(begin.elapsed() < Duration::from_secs(40), "{:?}", begin.elapsed());
    said(&ran, &["DARK", "unreachable", "us-west-1", "never read"]);
    assert!(!ran.stdout.contains(SECRET) && !ran.stderr.contains(SECRET));
    let json = home.run(&["status", "--json"]).expect_code(1).json();
    assert_eq!(json["fresh"], false);
    assert!(json["cells"].as_array().unwrap().iter().all(|cell| cell["status"] != "ok"), "{json}");
    // What cannot be planned is refused in words.
    let ran = home.run(&["do", "apex", "www", "page", "--confirm", "www"]).expect_code(1);
    said(&ran, &["apex"]);

    // No endpoint at all.
    for url in ["not-a-url", "ftp://127.0.0.1", "http://", "http://a b"] {
        for words in
            [&["--endpoint-url", url, "status"][..], &["--endpoint-url", url, "plan", "apex", "www", "page"]]
        {
            let ran = home.run(words).expect_code(2);
            said(&ran, &[url, "http://"]);
        }
    }
}

#[test]
fn bad_config() {
    let home = dark_home();
    let typo = config().replace("balancer = \"standby\"", "balancr = \"standby\"");
    let line = typo.lines().position(|line| line.contains("balancr")).unwrap() + 1;
    let home = home.config(&typo);
    let place = format!("config.toml:{line}:1");
    for words in [
        &["status"][..],
        &["plan", "apex", "www", "page"],
        &["do", "apex", "www", "page", "--confirm", "www"],
        &["check"],
        &[],
    ] {
        let ran = home.run(words).expect_code(2);
        said(&ran, &[&place, "balancr = \"standby\"", "balancer"]);
    }
    // The demo needs no config, and a bad one does not stop it: only the terminal is missing here.
    let ran = home.run(&["demo"]).expect_code(2);
    said(&ran, &["needs a terminal"]);
    // One that is named and not there.
    let ran = home.run(&["--config", "/nonexistent/config.toml", "status"]).expect_code(2);
    said(&ran, &["/nonexistent/config.toml"]);
    // A keymap and a theme that do not exist: nearest names, and the start goes on.
    let home = home.config(&config());
    let ran = home.run(&["--keymap", "vmi", "check"]);
    said(&ran, &["vmi", "vim"]);
    let ran = home.run(&["--theme", "strom", "check"]);
    said(&ran, &["strom", "storm"]);
}

#[test]
fn bad_terminals() {
    let home = dark_home();
    for words in [&[][..], &["demo"]] {
        let ran = home.run(words).expect_code(2);
        said(&ran, &["needs a terminal", "ssh -t"]);
        assert!(!ran.stdout.contains('\x1b'), "no escape sequence reaches a pipe");
    }
    // Too small to show anything: it says so, and shows everything once there is room.
    let mut pty = Pty::start(&home, (20, 5), &[]);
    pty.wait_for("too small");
    pty.resize(SMALL);
    pty.wait_for("us-east-1");
    pty.resize((3, 1));
    pty.resize((1, 1));
    pty.resize(SMALL);
    pty.wait_for("us-east-1");
    // A storm of sizes, as a tiling window manager makes it.
    for columns in (20..140).chain((60..140).rev()) {
        pty.resize((columns, columns / 3));
    }
    pty.resize(SMALL);
    pty.wait_until("the board at 80x24", |s| s.contains("us-east-1") && s.contains("1 Board"));
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    // A question to the terminal would be answered among the keys, late or never.
    let asked = pty.raw().windows(4).any(|bytes| bytes == b"\x1b[6n");
    assert!(!asked, "the terminal is never asked where its cursor is");
}

#[test]
fn bad_usage() {
    let home = dark_home();
    for words in [
        &["stauts"][..],
        &["plan"],
        &["do", "apex", "www"],
        &["do", "maintenance", "maybe", "www"],
        &["replay", "--at", "yesterday"],
        &["demo", "--speed", "0"],
        &["demo", "--scenario", "2012-strom"],
        &["log", "export", "--format", "xml"],
    ] {
        let ran = home.run(words).expect_code(2);
        assert!(!ran.stderr.trim().is_empty(), "{words:?}");
        said(&ran, &[]);
    }
    let ran = home.run(&["demo", "--scenario", "2012-strom"]).expect_code(2);
    said(&ran, &["2012-storm"]);
    let ran = home.run(&["replay"]);
    assert_ne!(ran.code, Some(0), "there is no logbook yet");
    said(&ran, &["logbook"]);
    for words in [&["log", "verify", "/nonexistent"][..], &["log", "show", "/nonexistent"]] {
        let ran = home.run(words);
        assert!(ran.code.is_some_and(|code| code != 0 && code != 3), "{ran:?}");
        said(&ran, &["/nonexistent"]);
    }
}

// ---- with one

fn ready(skipping: &str) -> Option<(Ground, Home)> {
    let ground = ground(skipping)?;
    let home = scene::home(&ground);
    ground.standin.forget_calls();
    Some((ground, home))
}

#[test]
fn bad_expired_credentials() {
    let Some((ground, home)) = ready("expired credentials") else {
        return;
    };
    ground.standin.rule(Rule::new(Fault::Expired));
    let ran = home.run(&["status"]).expect_code(1);
    said(&ran, &["EXPIRED", "Log in again"]);
    assert_clean(&ground.account, &ran);
    let ran = home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(1);
    said(&ran, &["expired"]);
    assert_clean(&ground.account, &ran);
    assert_untouched(&ground.standin);
    // In the cockpit: on the screen, and no end of the program.
    let mut pty = Pty::start(&home, SMALL, &[]);
    pty.wait_for("expired");
    // Whoever logs in again in another window sees the rows come.
    ground.standin.lift_all();
    pty.press("2");
    pty.press("R");
    pty.wait_for("web-1");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    assert_no_secret_kept(&ground.account, &home);
}

#[test]
fn bad_answers() {
    let Some((ground, home)) = ready("malformed answers") else {
        return;
    };
    for fault in [Fault::Html, Fault::Cut, Fault::Unavailable] {
        ground.standin.lift_all();
        ground.standin.rule(Rule::new(fault.clone()).service("ec2").region(EAST));
        let status = home.run(&["status", "--json"]).expect_code(1);
        assert_clean(&ground.account, &status);
        let status = status.json();
        for cell in status["cells"].as_array().unwrap() {
            let sick = cell["region"] == EAST && cell["service"] == "ec2";
            let word = cell["status"].as_str().unwrap();
            if sick {
                let fits = match fault {
                    Fault::Unavailable => word == "5xx",
                    Fault::Html => word == "html",
                    Fault::Cut => ["cut short", "reset"].contains(&word),
                    // A connection that breaks at once may look like none.
                    _ => ["reset", "dark"].contains(&word),
                };
                assert!(fits, "{fault:?}: {cell}");
            } else {
                assert_eq!(word, "ok", "{fault:?}: one sick cell leaves the others alone: {cell}");
            }
        }
    }
    // An answer to a change that is none: it may have been done. It is read again, not done again.
    ground.standin.lift_all();
    ground.standin.rule(Rule::new(Fault::Cut).action("ChangeResourceRecordSets"));
    let ran = home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(0);
    said(&ran, &["UNKNOWN whether done", "verified"]);
    assert_eq!(ground.standin.calls_of("route53", "ChangeResourceRecordSets").len(), 1);
    assert_eq!(ground.boto.points_at(ground.estate.id("/zone/id"), ZONE, "A"), scene::PAGE);
    // And it can be taken back like any other.
    ground.standin.lift_all();
    home.run(&["do", "maintenance", "off", "www", "--confirm", "www"]).expect_code(0);
    assert_eq!(
        ground.boto.points_at(ground.estate.id("/zone/id"), ZONE, "A"),
        format!("{}.", ground.estate.id("/us-east-1/classic/dns"))
    );
}

#[test]
fn bad_names() {
    let Some((ground, home)) = ready("names that mean nothing") else {
        return;
    };
    for (words, wanted) in [
        (&["apex", "wwww", "page"][..], &["wwww", "www"][..]),
        (&["apex", "www", "stanby"], &["stanby", "standby"]),
        (&["maintenance", "on", "shop"], &["shop", "www"]),
        (&["maintenance", "on", "www", "--via", "pgae"], &["pgae", "page"]),
        (&["relaunch", "web-9"], &["web-9", "web-1"]),
        (&["terminate", "i-00000000000000000"], &["i-00000000000000000"]),
        (&["register", "wbe", "web-1"], &["wbe", "web"]),
        (&["deregister", "web", "standby-1"], &["standby-1"]),
        (&["restore", "fito-bd"], &["fito-bd", "fito-db"]),
        (&["undo"], &["undo"]),
        (&["undo", "abcdef"], &["abcdef", "log show"]),
    ] {
        let mut whole = vec!["do"];
        whole.extend(words);
        whole.extend(["--confirm", "www"]);
        let ran = home.run(&whole).expect_code(1);
        said(&ran, wanted);
        assert_clean(&ground.account, &ran);
        whole[0] = "plan";
        whole.truncate(words.len() + 1);
        whole.push("--json");
        let refused = home.run(&whole).expect_code(1).json();
        for part in ["what", "why", "next"] {
            let text = refused["refused"][part].as_str().unwrap_or_default();
            assert!(!text.is_empty(), "{words:?}: {part}: {refused}");
        }
    }
    // That there is nothing to do is no failure.
    let ran = home.run(&["do", "verify"]).expect_code(0);
    assert_eq!(ran.stdout, "Nothing to verify: no action in the logbook is of unknown outcome.\n");
    assert_eq!(home.run(&["do", "verify", "--json"]).expect_code(0).json()["plan"], json!(null));
    home.run(&["do", "verify", "abcdef"]).expect_code(1);
    assert_untouched(&ground.standin);
}

#[test]
fn bad_targets() {
    let Some((ground, home)) = ready("zones and balancers that are gone") else {
        return;
    };
    // A balancer that is gone since the config was written.
    ground.boto.call("elb", "us-west-1", "delete_load_balancer", json!({"LoadBalancerName": "standby"}));
    ground.standin.forget_calls();
    let ran = home.run(&["do", "apex", "www", "standby", "--confirm", "www"]).expect_code(1);
    said(&ran, &["target standby is gone", "us-west-1", "Other targets of www: east, alb, page"]);
    assert_untouched(&ground.standin);
    // A zone that the account does not have.
    let home = home.config(&config().replace(
        &format!("zone = \"{ZONE}\"\nrecord = \"{ZONE}\""),
        "zone = \"fitocrazy.example\"\nrecord = \"fitocrazy.example\"",
    ));
    for words in
        [&["do", "maintenance", "on", "www", "--confirm", "www"][..], &["plan", "apex", "www", "page"]]
    {
        let ran = home.run(words).expect_code(1);
        said(&ran, &["no public hosted zone fitocrazy.example", ZONE]);
    }
    // A target of another kind than it says.
    let home = home.config(&config().replace("kind = \"alb\"", "kind = \"nlb\""));
    let ran = home.run(&["plan", "apex", "www", "alb"]).expect_code(1);
    said(&ran, &["fito-alb"]);
    assert_untouched(&ground.standin);
}

#[test]
fn bad_logbooks() {
    let Some((ground, home)) = ready("logbooks that cannot be written") else {
        return;
    };
    let file = home.path().join("file");
    fs::write(&file, "this is no logbook\n").unwrap();
    let place = file.display().to_string();
    // In the cockpit: it opens, shows everything, says that actions are off, and offers none.
    let mut pty = Pty::start(&home, SMALL, &["--logbook", &place]);
    pty.wait_for("actions off");
    pty.press("2");
    pty.wait_for("web-1");
    pty.press("1");
    pty.wait_for("www");
    pty.press("m");
    let screen = pty.wait_for("no plan:");
    assert!(screen.contains("the logbook cannot be written"), "{screen}");
    pty.press("Esc");
    pty.wait_gone("no plan:");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    assert_eq!(fs::read_to_string(&file).unwrap(), "this is no logbook\n", "what is not ours is not touched");
    assert_untouched(&ground.standin);
    for words in [&["note", "x"][..], &["declare", "x"]] {
        let mut whole = vec!["--logbook", place.as_str()];
        whole.extend(words);
        let ran = home.run(&whole).expect_code(1);
        said(&ran, &[&place, "--logbook"]);
    }
    // Not a logbook, asked to prove itself.
    let ran = home.run(&["log", "verify", &place]);
    assert!(ran.code.is_some_and(|code| code != 0), "{ran:?}");
    said(&ran, &[&place]);
    // A directory with something else in it: ours goes beside it.
    let shared = home.path().join("shared");
    fs::create_dir(&shared).unwrap();
    fs::write(shared.join("README"), "hands off\n").unwrap();
    let place = shared.display().to_string();
    home.run(&["--logbook", &place, "note", "beside"]).expect_code(0);
    home.run(&["log", "verify", &place]).expect_code(0);
    assert_eq!(fs::read_to_string(shared.join("README")).unwrap(), "hands off\n");
    assert_eq!(strands(&shared).len(), 1);
    // A line that is no entry at all, in the middle of a logbook: named, and the rest is still told.
    home.run(&["note", "first"]).expect_code(0);
    home.run(&["note", "second"]).expect_code(0);
    let strand = strands(&logbook(&home)).remove(0);
    let text = fs::read_to_string(&strand).unwrap();
    let mut lines: Vec<&str> = text.lines().collect();
    lines[1] = "{\"this\": \"is no entry\"}";
    fs::write(&strand, lines.join("\n") + "\n").unwrap();
    let name = strand.file_name().unwrap().to_str().unwrap().to_owned();
    let ran = home.run(&["log", "verify"]).expect_code(3);
    said(&ran, &[&format!("{name}:2")]);
    let ran = home.run(&["log", "show"]).expect_code(0);
    said(&ran, &["note: second", &name]);
}
