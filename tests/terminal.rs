//! The cockpit in a terminal: what an operator sees, types and gets, with the real binary on a real endpoint; and in what
//! state it leaves the terminal. What it claims to have changed is read back through boto3.

use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use serde_json::json;

use crate::support::cli::Home;
use crate::support::estate::{Ground, ZONE, ground};
use crate::support::pty::{DESIGN, Pty, SMALL};
use crate::support::scene::{
    self, PAGE, all_entries, assert_intact, assert_no_secret, assert_no_secret_kept, assert_order,
    assert_untouched, config, logbook, names, of_kind, story_of,
};
use crate::support::standin::{Fault, Rule};

const EAST: &str = "us-east-1";

/// A home whose endpoint nobody listens at.
fn dark_home() -> Home {
    Home::new()
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .with("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .with("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY")
        .config(&config())
}

fn points_at(ground: &Ground, kind: &str) -> String {
    ground.boto.points_at(ground.estate.id("/zone/id"), ZONE, kind)
}

/// Waits until the account was named and the first sweep has ended: then names mean something.
fn wait_ready(pty: &Pty) {
    pty.press("2");
    for row in ["web-1", "web-3", "standby-1", "worker-1", "eu-west-1a"] {
        pty.wait_for(row);
    }
    pty.press("4");
    for row in ["fito-alb", "fito-nlb", "standby"] {
        pty.wait_for(row);
    }
    pty.press("5");
    pty.wait_for("AAAA");
    pty.press("1");
    pty.wait_until("where www points", |s| line_of(s, "www").is_some_and(|l| l.contains("us-east-1/web")));
}

/// The first line with that text.
fn line_of<'s>(screen: &'s str, text: &str) -> Option<&'s str> {
    screen.lines().find(|line| line.contains(text))
}

/// Closes what lies over the screen, and waits until it is gone: a key that follows Esc at once would be an Alt chord.
fn close(pty: &Pty, until_gone: &str) {
    pty.press("Esc");
    pty.wait_gone(until_gone);
}

/// Waits until the plan under way is over, fails unless it was verified, and closes its box.
#[track_caller]
fn wait_verified(pty: &Pty) {
    let screen = pty.wait_for("Esc closes.");
    let verified = line_of(&screen, "VERIFIED: ").is_some_and(|line| !line.contains("UNVERIFIED"));
    assert!(verified, "{screen}");
    close(pty, "Esc closes.");
}

fn quit(mut pty: Pty) {
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
}

// ---- seeing

#[test]
fn terminal_shows_three_regions_on_six_screens() {
    let Some(ground) = ground("the screens on a live endpoint") else {
        return;
    };
    let home = scene::home(&ground);
    let mut pty = Pty::start(&home, DESIGN, &[]);
    // The board.
    for region in scene::REGIONS {
        pty.wait_for(region);
    }
    pty.wait_for("LIVE");
    pty.wait_for("fitocracy");
    wait_ready(&pty);
    // Instances.
    pty.press("2");
    pty.wait_for("standby-1");
    let line = pty.line_with("standby-1");
    assert!(line.contains("running") && line.contains("us-west-1"), "{line}");
    // The filter narrows, and Esc gives everything back.
    pty.press("/");
    pty.type_text("standby");
    let screen = pty.wait_gone("web-1");
    assert!(screen.contains("standby-1"), "{screen}");
    pty.press_enter();
    // The detail shows the id whole.
    let id = ground.estate.id("/us-west-1/standby");
    pty.press_enter();
    pty.wait_until("its detail", |screen| {
        line_of(screen, "(what AWS says)").is_some() && screen.contains(id)
    });
    close(&pty, "(what AWS says)");
    pty.press("Esc");
    pty.wait_for("web-1");
    // Restore points.
    pty.press("3");
    for row in ["DATA OF", "manual", "automated", "fito-db", "fito-feed"] {
        pty.wait_for(row);
    }
    // Registrations, classic and v2 in one table.
    pty.press("4");
    for row in ["fito-alb", "fito-nlb", "standby", "InService", "healthy"] {
        pty.wait_for(row);
    }
    // The apex.
    pty.press("5");
    pty.wait_for(ZONE);
    pty.wait_for("AAAA");
    // The log.
    pty.press("6");
    pty.wait_for("opened a cockpit");
    // Help comes from the keymap.
    pty.press("?");
    pty.wait_for("replace instances from their own image");
    close(&pty, "replace instances from their own image");
    // The palette.
    pty.press(":");
    pty.wait_for("every region and site at once");
    pty.type_text("restore-points");
    pty.press_enter();
    pty.wait_for("DATA OF");
    // An ill instance is seen without a key pressed, and the reason with it.
    pty.press("4");
    pty.wait_for("InService");
    ground.standin.make_ill("web", &ground.estate.ids("/us-east-1/web")[0]);
    pty.press("R");
    pty.wait_for("OutOfService");
    // Every size.
    pty.press("2");
    pty.wait_for("standby-1");
    pty.resize(SMALL);
    let screen = pty.wait_until("the small screen", |s| {
        s.contains("4 Registr. ") && line_of(s, "web-1").is_some_and(|line| line.contains("running"))
    });
    assert!(screen.contains("LIVE"), "{screen}");
    for key in ["1", "3", "4", "5", "6"] {
        pty.press(key);
    }
    pty.wait_for("opened a cockpit");
    pty.resize((20, 5));
    pty.wait_until("a word about the size", |s| s.contains("small"));
    pty.resize(DESIGN);
    pty.wait_for("3 Restore points");
    pty.press("2");
    pty.wait_for("standby-1");
    // Nothing was changed by looking.
    assert_untouched(&ground.standin);
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    assert!(pty.entered_alternate_screen());
    let text = String::from_utf8_lossy(&pty.raw()).into_owned();
    assert_no_secret(&ground.account, "the terminal", &text);
    assert_no_secret_kept(&ground.account, &home);
    assert_intact(&home);
}

#[test]
fn terminal_paints_although_nothing_answers() {
    let Some(ground) = ground("the first frame") else {
        return;
    };
    let home = scene::home(&ground);
    ground.standin.rule(Rule::new(Fault::Hang));
    let mut pty = Pty::start(&home, SMALL, &[]);
    // Hung is hung: whatever is on the screen came before any answer.
    for wanted in ["LIVE", "www", "us-east-1"] {
        pty.wait_for(wanted);
    }
    for (key, heading) in [("2", "HEALTH"), ("3", "LOST"), ("4", "TARGET"), ("5", "POINTS TO"), ("6", "WHAT")]
    {
        pty.press(key);
        pty.wait_for(heading);
    }
    let begin = Instant::now();
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    assert!(begin.elapsed() < Duration::from_secs(5), "it waited for what hangs: {:?}", begin.elapsed());
    pty.assert_restored();
    assert!(ground.standin.calls().iter().all(|call| call.status.is_none()));
}

#[test]
fn terminal_learns_the_account_although_the_first_region_is_dark() {
    let Some(ground) = ground("STS of another region") else {
        return;
    };
    let home = scene::home(&ground);
    // A regional outage: everything signed for the region, but for the global services.
    for service in ["sts", "ec2", "rds", "elb", "elbv2"] {
        ground.standin.rule(Rule::new(Fault::Reset).region(EAST).service(service));
    }
    let pty = Pty::start(&home, DESIGN, &[]);
    let id = &ground.account.id;
    pty.wait_for(&format!("{}…{}", &id[..4], &id[8..]));
    pty.wait_until("us-east-1 dark", |s| line_of(s, "us-east-1 ").is_some_and(|l| l.contains("DOWN")));
    pty.press("2");
    pty.wait_for("standby-1");
    assert!(ground.standin.calls_of("sts", "GetCallerIdentity").iter().any(|call| call.region != EAST));
    quit(pty);
}

/// Run by the test below in a terminal of its own; elsewhere it does nothing.
#[test]
fn panics_on_a_screen_when_asked() {
    if std::env::var_os("BLACKSTART_TEST_PANIC").is_some() {
        let mut screen = blackstart::run::terminal::Screen::enter().unwrap();
        screen.send(b"drawn on the alternate screen").unwrap();
        panic!("a bug of ours");
    }
}

#[test]
fn terminal_is_given_back_after_a_panic() {
    let home = Home::new().with("BLACKSTART_TEST_PANIC", "1");
    let tests = std::env::current_exe().unwrap();
    let arguments = ["terminal::panics_on_a_screen_when_asked", "--exact", "--nocapture"];
    let mut pty = Pty::program(&home, SMALL, &tests, &arguments);
    let screen = pty.wait_for("a bug of ours");
    assert!(!screen.contains("drawn on the alternate screen"), "the message is on the main screen: {screen}");
    assert_ne!(pty.wait_exit(), 0);
    pty.assert_restored();
    assert!(pty.entered_alternate_screen());
}

/// A way to end a program.
type End = Box<dyn Fn(&Pty)>;

#[test]
fn terminal_is_given_back_however_it_ends() {
    let home = dark_home();
    let mut ends: Vec<(&str, End)> = vec![
        ("q", Box::new(|pty: &Pty| pty.press("q"))),
        ("ctrl-c", Box::new(|pty: &Pty| pty.press("ctrl-c"))),
    ];
    for (name, signal) in
        [("SIGTERM", Signal::SIGTERM), ("SIGHUP", Signal::SIGHUP), ("SIGINT", Signal::SIGINT)]
    {
        ends.push((name, Box::new(move |pty: &Pty| pty.signal(signal))));
    }
    for (name, end) in ends {
        let mut pty = Pty::start(&home, SMALL, &[]);
        pty.wait_for("us-east-1");
        end(&pty);
        let code = pty.wait_exit();
        assert_eq!(code, 0, "{name}");
        pty.assert_restored();
        assert!(pty.entered_alternate_screen());
    }
    // With something open over the screen, too.
    let mut pty = Pty::start(&home, SMALL, &[]);
    pty.wait_for("us-east-1");
    pty.press(":");
    pty.wait_for("every region and site at once");
    pty.press("ctrl-c");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    // Each leaving is on record, with its reason.
    let reasons: Vec<String> = of_kind(&all_entries(&logbook(&home)), "left")
        .iter()
        .map(|entry| entry["body"]["reason"].as_str().unwrap().to_owned())
        .collect();
    for wanted in ["quit", "SIGTERM", "SIGHUP", "SIGINT"] {
        assert!(reasons.iter().any(|reason| reason == wanted), "{wanted} is not in {reasons:?}");
    }
    assert_intact(&home);
}

// ---- acting

#[test]
fn terminal_switches_the_apex() {
    let Some(ground) = ground("the apex switch by keys") else {
        return;
    };
    let home = scene::home(&ground);
    let pty = Pty::start(&home, DESIGN, &[]);
    wait_ready(&pty);
    pty.press("5");
    pty.wait_for("AAAA");
    pty.press("a");
    pty.wait_for("point www at");
    pty.type_text("standby");
    pty.press_enter();
    let screen = pty.wait_for("type \"www\"");
    // What a confirmation names.
    let dns = ground.estate.id("/us-west-1/classic/dns");
    for wanted in [ground.account.id.as_str(), "LIVE", "Esc cancels", "evidence good for"] {
        assert!(screen.contains(wanted), "no {wanted:?} in\n{screen}");
    }
    assert!(screen.contains("old") && screen.contains("new") && screen.contains("standby"), "{screen}");
    // The wrong text does nothing.
    pty.type_text("west");
    pty.wait_for("does not match");
    pty.press_enter();
    pty.wait_for("type www to confirm");
    assert_untouched(&ground.standin);
    for _ in 0.."west".len() {
        pty.press("Backspace");
    }
    pty.type_text("www");
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    wait_verified(&pty);
    for kind in ["A", "AAAA"] {
        assert!(points_at(&ground, kind).ends_with(&format!("{dns}.")), "{}", points_at(&ground, kind));
    }
    assert_eq!(names(&ground.standin.mutations()), ["route53:ChangeResourceRecordSets"]);
    pty.press("6");
    pty.wait_for("verified: www: apex");

    // A plan is on the screen, and a colleague changes the record before it is confirmed.
    pty.press("u");
    pty.wait_for("type \"www\"");
    let zone = ground.estate.id("/zone/id").to_owned();
    let [a, aaaa] = ["A", "AAAA"].map(|kind| ground.boto.record(&zone, ZONE, kind).unwrap());
    let other = json!({"Name": ZONE, "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.77"}]});
    let changes = [("DELETE", &a), ("DELETE", &aaaa), ("CREATE", &other)]
        .map(|(action, set)| json!({"Action": action, "ResourceRecordSet": set}));
    let args = json!({"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}});
    ground.boto.call("route53", EAST, "change_resource_record_sets", args);
    ground.standin.forget_calls();
    pty.type_text("www");
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    pty.wait_for("192.0.2.77");
    pty.wait_for("stopped");
    assert_eq!(points_at(&ground, "A"), "192.0.2.77");
    assert_untouched(&ground.standin);
    close(&pty, "Esc closes.");
    quit(pty);
    let written = all_entries(&logbook(&home));
    let confirmed = of_kind(&written, "confirmed");
    assert_eq!(confirmed.len(), 2);
    let hash = confirmed[0]["body"]["plan"].as_str().unwrap();
    assert_order(
        &story_of(&written, hash),
        &["proposed", "confirmed", "intent", "outcome", "verified", "finished"],
    );
    assert!(of_kind(&written, "verified")[0].to_string().contains("INSYNC"));
    let hash = confirmed[1]["body"]["plan"].as_str().unwrap();
    assert_eq!(story_of(&written, hash), ["proposed", "confirmed", "verified", "finished"]);
    assert_intact(&home);
}

#[test]
fn terminal_puts_a_site_into_maintenance_and_back() {
    let Some(ground) = ground("maintenance by keys") else {
        return;
    };
    let home = scene::home(&ground);
    let before = points_at(&ground, "A");
    let pty = Pty::start(&home, DESIGN, &[]);
    wait_ready(&pty);
    // Esc is the safe way out.
    pty.press("m");
    pty.wait_for("type \"www\"");
    pty.press("Esc");
    pty.wait_for("nothing was changed");
    assert_untouched(&ground.standin);
    pty.press("m");
    pty.wait_for("type \"www\"");
    pty.type_text("www");
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    wait_verified(&pty);
    assert_eq!(points_at(&ground, "A"), PAGE);
    assert_eq!(points_at(&ground, "AAAA"), "-");
    pty.wait_until("maintenance", |s| line_of(s, "www ").is_some_and(|l| l.contains("maintenance")));
    quit(pty);

    // Another cockpit knows, and the same key leads back.
    let pty = Pty::start(&home, SMALL, &[]);
    wait_ready_small(&pty);
    pty.press("m");
    pty.wait_for("maintenance off");
    pty.wait_for("type \"www\"");
    pty.type_text("www");
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    wait_verified(&pty);
    assert_eq!(points_at(&ground, "A"), before);
    quit(pty);
    assert_intact(&home);
}

fn wait_ready_small(pty: &Pty) {
    pty.press("2");
    pty.wait_for("standby-1");
    pty.press("5");
    pty.wait_for(ZONE);
    pty.press("1");
    pty.wait_for("www");
}

#[test]
fn terminal_relaunches_an_instance() {
    let Some(ground) = ground("relaunch by keys") else {
        return;
    };
    let home = scene::home(&ground);
    let old = ground.estate.ids("/us-east-1/web")[2].clone();
    let pty = Pty::start(&home, DESIGN, &[]);
    wait_ready(&pty);
    pty.press("4");
    pty.wait_for("fito-nlb");
    pty.press("2");
    pty.wait_for("web-3");
    pty.press("/");
    pty.type_text("web-3");
    pty.wait_gone("web-1");
    pty.press_enter();
    pty.press("r");
    pty.wait_for(&format!("type \"{old}\""));
    pty.type_text(&old);
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    wait_verified(&pty);
    let registered = ground.boto.registered(EAST, "web");
    assert_eq!(registered.len(), 3);
    assert!(!registered.contains(&old));
    let new = registered.iter().find(|id| !ground.estate.ids("/us-east-1/web").contains(id)).unwrap();
    let (new, old) = (ground.boto.instance(EAST, new), ground.boto.instance(EAST, &old));
    for field in ["ImageId", "InstanceType", "SubnetId", "KeyName"] {
        assert_eq!(new[field], old[field], "{field}");
    }
    assert_eq!(old["State"]["Name"], "running");
    quit(pty);
    assert_intact(&home);
    assert_no_secret_kept(&ground.account, &home);
}

#[test]
fn terminal_read_only_has_no_way_to_act() {
    let Some(ground) = ground("the read-only cockpit") else {
        return;
    };
    let home = scene::home(&ground);
    let pty = Pty::start(&home, DESIGN, &["--read-only"]);
    pty.wait_for("READ-ONLY");
    wait_ready(&pty);
    for (screen, row, key) in [
        ("1", "www", "m"),
        ("5", "AAAA", "a"),
        ("2", "web-1", "r"),
        ("2", "web-1", "t"),
        ("4", "fito-nlb", "-"),
    ] {
        pty.press(screen);
        pty.wait_for(row);
        pty.press(key);
        if key == "a" {
            pty.wait_for("point www at");
            pty.type_text("standby");
            pty.press_enter();
        }
        pty.wait_for("read-only");
        pty.wait_until("a refusal", |s| s.contains("refused") || s.contains("no plan"));
        assert!(!pty.screen().contains("type \""), "{}", pty.screen());
        close(&pty, "no plan:");
    }
    assert_untouched(&ground.standin);
    quit(pty);
}

// ---- together

#[test]
fn terminal_two_cockpits_see_each_other() {
    let home = dark_home();
    let one = Pty::start(&home, DESIGN, &[]);
    one.press("6");
    one.wait_for("opened a cockpit");
    let two = Pty::start(&home, DESIGN, &[]);
    two.press("6");
    // The newcomer knows of the first from the log; the first sees the newcomer arrive.
    let opened = |screen: &str| screen.matches("opened a cockpit").count() == 2;
    two.wait_until("both openings", opened);
    let begin = Instant::now();
    one.wait_until("both openings", opened);
    for (writer, reader, note) in
        [(&one, &two, "RDS logs frozen at 23:00"), (&two, &one, "west is ready, switching")]
    {
        writer.press("n");
        writer.wait_for("note");
        writer.type_text(note);
        writer.press_enter();
        writer.wait_for(&format!("note: {note}"));
        reader.wait_for(&format!("note: {note}"));
    }
    // Well within a second on a quiet machine; the bound is for one that runs everything at once.
    assert!(begin.elapsed() < Duration::from_secs(15), "{:?}", begin.elapsed());
    quit(two);
    one.wait_for("left (quit)");
    quit(one);
    assert_intact(&home);
}

#[test]
fn terminal_in_the_dark_shows_what_was_last_known() {
    let Some(ground) = ground("the last known estate") else {
        return;
    };
    let home = scene::home(&ground);
    let pty = Pty::start(&home, DESIGN, &[]);
    wait_ready(&pty);
    quit(pty);
    // Everything hangs from now on: what is seen is from the log.
    ground.standin.rule(Rule::new(Fault::Hang));
    let pty = Pty::start(&home, DESIGN, &[]);
    pty.press("2");
    for row in ["web-1", "standby-1", "eu-west-1a"] {
        pty.wait_for(row);
    }
    // They are not shown as fresh: the age at the end of the line grows.
    pty.wait_until("an age", |screen| {
        line_of(screen, "standby-1").is_some_and(|line| line.trim_end().ends_with(['s', 'm']))
    });
    pty.press("5");
    pty.wait_for(ZONE);
    quit(pty);
}

#[test]
fn terminal_replays_what_was_written() {
    let Some(ground) = ground("a replay") else {
        return;
    };
    let home = scene::home(&ground);
    home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(0);
    home.run(&["note", "the page is up"]).expect_code(0);
    ground.standin.forget_calls();
    let place = logbook(&home).display().to_string();
    let reader = Home::new().config(&config());
    let pty = Pty::start(&reader, DESIGN, &["replay", &place]);
    pty.wait_for("REPLAY");
    pty.press("6");
    pty.wait_for("note: the page is up");
    // Back to the beginning, and forward from action to action.
    pty.press("[");
    pty.press("[");
    pty.wait_gone("note: the page is up");
    pty.press("]");
    pty.wait_for("note: the page is up");
    for _ in 0..12 {
        pty.press("[");
    }
    pty.wait_gone("verified");
    pty.press("]");
    pty.wait_for("proposed www: maintenance on");
    pty.press(".");
    pty.press("]");
    pty.wait_for("confirmed www: maintenance on");
    // What was known then is on the other screens.
    for _ in 0..12 {
        pty.press("]");
    }
    pty.wait_for("note: the page is up");
    pty.press("5");
    pty.wait_until("the page, as current", |s| {
        line_of(s, PAGE).is_some() && s.contains("current, maintenance")
    });
    // Nothing can be done in it.
    pty.press("m");
    pty.press(":");
    let screen = pty.wait_for("every region and site at once");
    assert!(!screen.contains("maintenance mode of a site"), "{screen}");
    close(&pty, "every region and site at once");
    quit(pty);
    assert_eq!(ground.standin.calls().len(), 0, "a replay asks nobody");
    // At a moment.
    let written = all_entries(&logbook(&home));
    let at = of_kind(&written, "confirmed")[0]["ts"].as_str().unwrap().to_owned();
    let pty = Pty::start(&reader, SMALL, &["replay", &place, "--at", &at]);
    pty.wait_for("REPLAY");
    pty.press("6");
    pty.wait_for("confirmed");
    assert!(!pty.screen().contains("the page is up"), "{}", pty.screen());
    quit(pty);
    assert_intact(&home);
}

// ---- the demo, and terminals that lack things

#[test]
fn terminal_demo_opens_in_the_storm() {
    // No credentials, no configuration, and an endpoint that would fail at once.
    let home = Home::new().with("AWS_ENDPOINT_URL", "http://127.0.0.1:1");
    let mut pty = Pty::start(&home, DESIGN, &["demo", "--speed", "20"]);
    for wanted in ["DEMO", "us-east-1", "us-west-1", "DOWN", "LIE"] {
        pty.wait_for(wanted);
    }
    pty.press("2");
    pty.wait_for("web");
    pty.press("1");
    pty.wait_for("DOWN");
    pty.press("m");
    pty.wait_for("type \"www\"");
    pty.type_text("www");
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    wait_verified(&pty);
    pty.wait_for("maintenance");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    let text = String::from_utf8_lossy(&pty.raw()).into_owned();
    let place =
        text.split("blackstart replay ").nth(1).unwrap().split_whitespace().next().unwrap().to_owned();
    home.run(&["log", "verify", &place]).expect_code(0);
    let log = home.run(&["log", "show", &place]).expect_code(0);
    assert!(log.stdout.contains("maintenance on") && log.stdout.contains("verified"), "{}", log.stdout);
}

/// Whether any escape sequence sets a colour.
fn coloured(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw).into_owned();
    text.split("\x1b[").skip(1).find_map(|rest| {
        let end = rest.find(|c: char| !(c.is_ascii_digit() || c == ';' || c == ':'))?;
        let numbers = rest[..end].split([';', ':']).filter_map(|n| n.parse::<u32>().ok());
        let colour = |n: u32| matches!(n, 30..=38 | 40..=48 | 90..=97 | 100..=107);
        (rest[end..].starts_with('m') && numbers.clone().any(colour)).then(|| rest[..=end].to_owned())
    })
}

#[test]
fn terminal_without_colour_and_without_unicode() {
    let mut seen = Vec::new();
    for (name, home, arguments) in [
        ("plain", Home::new(), vec!["demo"]),
        ("NO_COLOR", Home::new().with("NO_COLOR", "1"), vec!["demo", "--ascii"]),
    ] {
        let pty = Pty::start(&home, SMALL, &arguments);
        pty.wait_for("DEMO");
        for key in ["2", "3", "4", "5", "6", "1", "?"] {
            pty.press(key);
        }
        pty.wait_for("every region and site at once");
        close(&pty, "every region and site at once");
        let raw = pty.raw();
        seen.push((name, coloured(&raw), raw.is_ascii()));
        quit(pty);
    }
    // The first proves that the second proves something.
    assert!(seen[0].1.is_some() && !seen[0].2, "{seen:?}");
    assert_eq!(seen[1], ("NO_COLOR", None, true));
}
