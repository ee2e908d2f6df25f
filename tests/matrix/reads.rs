//! Every fault on every service while it is read: a cockpit that was well, then the fault, then what the board says, what
//! `status` says, which rows stay and how old they are, and that nothing else is touched by it.

use serde_json::Value;

use super::stage::{SICK, WELL, config, everywhere, fault, home, shared};
use super::table::{Cell, READINGS, Reading, reads_as};
use crate::support::cli::{Home, Ran};
use crate::support::door::Door;
use crate::support::estate::{ZONE, ground};
use crate::support::pty::Pty;
use crate::support::scene::{assert_clean, assert_untouched};
use crate::support::standin::{Fault, Rule, StandIn};

/// Wide enough for the words of every cell.
const WIDE: (u16, u16) = (200, 50);
/// The services as they are written in `status` and its JSON, in the order of the table's columns.
const IDS: [&str; 5] = ["ec2", "rds", "elb", "elbv2", "route53"];

fn reading(test: &str) -> &'static Reading {
    READINGS.iter().find(|reading| reading.test == test).unwrap_or_else(|| panic!("no row for {test}"))
}

/// The word of the region whose cells say so.
fn region_word(cells: &[Cell]) -> &'static str {
    if cells.iter().all(Cell::is_theirs) {
        "DOWN"
    } else if cells.iter().all(Cell::fails) {
        cells[0].word
    } else if cells.iter().any(|cell| cell.word == "slow") {
        "slow"
    } else {
        "ok"
    }
}

/// Whether the line says the words in this order.
fn in_order(line: &str, words: &[&str]) -> bool {
    let mut rest = line;
    words.iter().all(|word| match rest.find(word) {
        Some(at) => {
            rest = &rest[at + word.len()..];
            true
        }
        None => false,
    })
}

/// The line of a region on the board.
fn board_line<'a>(screen: &'a str, region: &str) -> &'a str {
    screen.lines().find(|line| line.contains(&format!(" {region} "))).unwrap_or_default()
}

/// Waits until the board says what the row says, of the sick region, of Route 53, and of the region that is well.
fn see_board(pty: &Pty, row: &Reading) {
    let (regional, route53) = row.cells.split_at(4);
    let mut words = vec![region_word(regional)];
    words.extend(regional.iter().map(|cell| cell.word));
    pty.wait_until(&format!("{words:?} for {SICK}, {:?} for Route 53", route53[0].word), |screen| {
        in_order(board_line(screen, SICK), &words)
            && in_order(board_line(screen, "route 53"), &[route53[0].word])
            && in_order(board_line(screen, WELL), &["ok", "ok", "ok", "ok", "ok"])
    });
}

/// What stands in the detail of that title, its lines joined into one; empty where it is not open.
fn detail(screen: &str, title: &str) -> String {
    let lines: Vec<Vec<char>> = screen.lines().map(|line| line.chars().collect()).collect();
    let head: Vec<char> = format!("┌ {title} ").chars().collect();
    let found = lines.iter().enumerate().find_map(|(row, line)| {
        let left = line.windows(head.len()).position(|part| part == head)?;
        let wide = line[left..].iter().position(|c| *c == '┐')?;
        Some((row, left, wide))
    });
    let Some((row, left, wide)) = found else { return String::new() };
    let inside = lines[row + 1..].iter().take_while(|line| line.get(left) == Some(&'│'));
    let words = inside.map(|line| line[left + 1..left + wide].iter().collect::<String>());
    words.collect::<Vec<_>>().join(" ").split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Opens the detail of both regions that the row speaks of, and reads there what is wrong and what to do.
fn see_detail(pty: &Pty, row: &Reading) {
    let (regional, route53) = row.cells.split_at(4);
    let advised = |cells: &[Cell]| {
        let failing = cells.iter().filter(|cell| cell.fails());
        failing.map(|cell| format!("…{} {}…", cell.says, cell.advice().unwrap())).collect::<Vec<_>>()
    };
    // The site comes first, then the regions in their order, Route 53 last of them.
    pty.press("Home");
    for (steps, title, sentences) in
        [(1, format!("region {SICK}"), advised(regional)), (2, "route 53".to_owned(), advised(route53))]
    {
        for _ in 0..steps {
            pty.press("Down");
        }
        pty.press_enter();
        pty.wait_until(&format!("{sentences:?} in the detail of {title}"), |screen| {
            let text = detail(screen, &title);
            !text.is_empty() && sentences.iter().all(|sentence| reads_as(sentence, &text))
        });
        pty.press("Esc");
        pty.wait_until("no detail", |screen| detail(screen, &title).is_empty());
    }
}

/// A cockpit on which everything is read and well.
fn well(home: &Home) -> Pty {
    let pty = Pty::start(home, WIDE, &[]);
    pty.wait_until("a board on which all is well", |screen| {
        [SICK, WELL].iter().all(|region| in_order(board_line(screen, region), &["ok"; 5]))
            && in_order(board_line(screen, "route 53"), &["ok", "ok"])
    });
    pty
}

fn leave(mut pty: Pty) {
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
}

/// `status`, for people and for scripts, at once.
fn status(home: &Home) -> (Ran, Value) {
    std::thread::scope(|scope| {
        let text = scope.spawn(|| home.run(&["status"]));
        let json = home.run(&["status", "--json"]);
        let text = text.join().unwrap();
        assert_eq!(text.code, json.code, "{}\n{}", text.stdout, json.stdout);
        let value = json.json();
        (text, value)
    })
}

/// The cell of a service in the sick region, or in the other.
fn json_cell<'a>(status: &'a Value, account: &str, service: &str, region: &str) -> &'a Value {
    let region = if service == "route53" { "global" } else { region };
    let cells = status["cells"].as_array().unwrap();
    let mut found = cells
        .iter()
        .filter(|cell| cell["account"] == account && cell["service"] == service && cell["region"] == region);
    found.next().unwrap_or_else(|| panic!("no cell {account} {region} {service} in {cells:?}"))
}

/// The line about a cell, after its place.
fn text_cell<'a>(text: &'a str, account: &str, service: &str, region: &str) -> &'a str {
    let region = if service == "route53" { "global" } else { region };
    let place = format!("{account:14} {region:16} {service:8} ");
    let line = text.lines().find_map(|line| line.strip_prefix(place.as_str()));
    line.unwrap_or_else(|| panic!("no line for {place:?} in\n{text}"))
}

/// The rows of a region's service, by their keys.
fn keys(status: &Value, account: &str, service: &str, region: &str) -> Vec<String> {
    let region = if service == "route53" { "global" } else { region };
    let rows = status["resources"].as_array().unwrap();
    let begin = format!("/{account}/{region}/{service}/");
    let keys = rows.iter().filter_map(|row| row["key"].as_str());
    keys.filter(|key| key.contains(&begin)).map(str::to_owned).collect()
}

/// Compares what `status` says of the sick region with the row.
fn see_status(home: &Home, account: &str, row: &Reading, before: &Value) {
    let (ran, after) = status(home);
    assert_eq!(ran.code, Some(i32::from(row.cells.iter().any(Cell::fails))), "{}", ran.stdout);
    assert_eq!(after["fresh"], row.cells.iter().all(|cell| !cell.fails()));
    for (id, cell) in IDS.iter().zip(&row.cells) {
        let line = text_cell(&ran.stdout, account, id, SICK);
        let json = json_cell(&after, account, id, SICK);
        let told = format!("{line}\n{json}");
        if cell.fails() {
            let sentence = format!(
                "{}: {} (last read …s ago). {}",
                cell.word.to_uppercase(),
                cell.says.strip_prefix(&format!("{}: ", cell.word)).unwrap_or(cell.says),
                cell.advice().unwrap()
            );
            assert!(reads_as(&sentence, line), "{id}: wanted {sentence:?}, got {told}");
            assert_eq!(json["status"], cell.word, "{id}: {told}");
            assert!(reads_as(cell.says, json["fault"].as_str().unwrap()), "{id}: {told}");
            let last = |status: &Value| json_cell(status, account, id, SICK)["last_ok"].clone();
            assert!(last(&after).is_string(), "{id}: the age is lost: {told}");
        } else {
            assert!(reads_as(cell.says, line), "{id}: wanted {:?}, got {told}", cell.says);
            assert_eq!(json["status"], "ok", "{id}: {told}");
        }
        // Rows never vanish because a call failed.
        let known = keys(before, account, id, SICK);
        assert!(!known.is_empty(), "{id} has no rows at all");
        assert_eq!(keys(&after, account, id, SICK), known, "{id}: rows came or went");
        if *id != "route53" {
            let line = text_cell(&ran.stdout, account, id, WELL);
            assert!(line.starts_with("ok, "), "{WELL} {id} is touched by it: {line}");
        }
    }
}

/// A whole reading: well, then the fault, then what is seen; and nothing was changed by looking.
fn see(test: &str, rules: Vec<Rule>) {
    let Some(ground) = shared() else {
        return;
    };
    let row = reading(test);
    let (standin, home) = home(ground);
    let pty = well(&home);
    let (_, before) = status(&home);
    assert_eq!(before["fresh"], true, "{before:#}");
    for rule in rules {
        standin.rule(rule);
    }
    pty.press("R");
    see_board(&pty, row);
    see_detail(&pty, row);
    see_status(&home, &ground.account.id, row, &before);
    leave(pty);
    assert_untouched(&standin);
}

/// The fault of the row's title, on everything.
fn see_everywhere(test: &str) {
    see(test, vec![everywhere(fault(reading(test).title))]);
}

#[test]
fn hang() {
    see_everywhere("hang");
}

/// One question of each service, so that a sweep takes no longer than it must.
#[test]
fn slow() {
    let firsts = ["DescribeInstances", "DescribeDBInstances", "DescribeLoadBalancers", "ListHostedZones"];
    see("slow", firsts.map(|action| everywhere(fault("Slow")).action(action)).to_vec());
}

#[test]
fn reset() {
    see_everywhere("reset");
}

#[test]
fn cut_body() {
    see_everywhere("cut_body");
}

#[test]
fn truncated_xml() {
    see_everywhere("truncated_xml");
}

#[test]
fn malformed_xml() {
    see_everywhere("malformed_xml");
}

#[test]
fn html_with_200() {
    see_everywhere("html_with_200");
}

#[test]
fn html_with_503() {
    see_everywhere("html_with_503");
}

#[test]
fn server_error() {
    see_everywhere("server_error");
}

#[test]
fn throttled() {
    see_everywhere("throttled");
}

#[test]
fn denied() {
    see_everywhere("denied");
}

#[test]
fn expired() {
    see_everywhere("expired");
}

#[test]
fn bad_credentials() {
    see_everywhere("bad_credentials");
}

#[test]
fn clock_skew() {
    see_everywhere("clock_skew");
}

#[test]
fn clock_skew_untold() {
    see_everywhere("clock_skew_untold");
}

/// Two accounts, each behind an endpoint of its own: one is shut, the other stays.
#[test]
fn dark() {
    let Some(ground) = shared() else {
        return;
    };
    let row = reading("dark");
    let standin = StandIn::start(ground.moto);
    let door = Door::to(standin.address);
    let other = ground.moto.account();
    let profiles = format!(
        "[profile gone]\nendpoint_url = {}\n\n[profile there]\nendpoint_url = {}\n",
        door.url(),
        standin.url()
    );
    let credentials = format!("{}\n{}", ground.account.profile("gone"), other.profile("there"));
    let regions = format!("regions = [\"{SICK}\", \"{WELL}\"]\n");
    let estate = format!("{regions}profiles = [\"gone\", \"there\"]\n");
    let home = Home::new()
        .file(".aws/config", &profiles)
        .file(".aws/credentials", &credentials)
        .config(&config(&standin).replace(&regions, &estate));
    let pty = well(&home);
    let (_, before) = status(&home);
    assert_eq!(before["fresh"], true, "{before:#}");

    door.shut();
    pty.press("R");
    // Every region shows the worst of its accounts.
    for region in [SICK, WELL] {
        pty.wait_until("dark cells", |screen| {
            in_order(board_line(screen, region), &["partly", "dark", "dark", "dark", "dark"])
                && in_order(board_line(screen, "route 53"), &["dark"])
        });
    }
    leave(pty);

    // Another cockpit, while STS is as dark as the rest: the account is presumed to be what it was, and the rows of before
    // are there once.
    let (ran, after) = status(&home);
    assert_eq!(ran.code, Some(1), "{}", ran.stdout);
    for (id, cell) in IDS.iter().zip(&row.cells) {
        let line = text_cell(&ran.stdout, &ground.account.id, id, SICK);
        let sentence = format!("DARK: {} (…). {}", cell.says, cell.advice().unwrap());
        assert!(reads_as(&sentence, line), "{id}: wanted {sentence:?}, got {line}");
        let shown = json_cell(&after, &ground.account.id, id, SICK);
        assert_eq!((&shown["status"], &shown["account_standing"]), (&cell.word.into(), &"presumed".into()));
        let known = keys(&before, &ground.account.id, id, SICK);
        assert!(!known.is_empty());
        assert_eq!(keys(&after, &ground.account.id, id, SICK), known, "{id}: rows came or went");
        let line = text_cell(&ran.stdout, &other.id, id, SICK);
        assert!(line.starts_with("ok, "), "{id} of the other account is touched by it: {line}");
    }
}

/// Every answer is whole and untrue: instances that run are said to be stopped, targets that serve to be out of service, and
/// the database is said to be available where nothing listens.
#[test]
fn rewritten_state() {
    let Some(ground) = shared() else {
        return;
    };
    let row = reading("rewritten_state");
    let (standin, home) = home(ground);
    let refusing = Door::to(standin.address);
    refusing.shut();
    // An emulator's addresses are nobody's to probe unless the config says so.
    let asked = format!(
        "[[probe]]\ndatabase = \"fito-db\"\nkind = \"postgres\"\nconnect = \"{}\"\n",
        refusing.address
    );
    let home = home.config(&format!("{}\n{asked}", config(&standin)));
    let tag = |name: &str, text: &str| format!("<{name}>{text}</{name}>");
    let host = "fito-db.aaaaaaaaaa.us-east-1.rds.amazonaws.com";
    let port = refusing.address.port().to_string();
    let pty = well(&home);
    let (_, before) = status(&home);
    for (action, from, to) in [
        ("DescribeDBInstances", tag("Port", "5432"), tag("Port", &port)),
        ("DescribeInstances", tag("name", "running"), tag("name", "stopped")),
        ("DescribeInstanceHealth", tag("State", "InService"), tag("State", "OutOfService")),
        ("DescribeTargetHealth", tag("State", "healthy"), tag("State", "unhealthy")),
    ] {
        let mut texts = vec![(from, to)];
        if action == "DescribeDBInstances" {
            texts.push((tag("Address", host), tag("Address", "127.0.0.1")));
        }
        standin.rule(everywhere(Fault::Rewritten { texts }).action(action));
    }
    pty.press("R");
    see_board(&pty, row);
    pty.wait_for("LIE");
    see_status(&home, &ground.account.id, row, &before);
    leave(pty);

    let (ran, after) = status(&home);
    let lie = "database us-east-1 fito-db: LIE: claims available, probe …refused…";
    assert!(ran.stdout.lines().any(|line| reads_as(lie, line)), "no {lie:?} in\n{}", ran.stdout);
    let of = |kind: &str, field: &str| -> Vec<(String, String)> {
        let rows = after["resources"].as_array().unwrap().iter();
        let here = rows.filter(|row| row["kind"] == kind && row["key"].as_str().unwrap().contains(SICK));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        here.map(|row| (text(&row[field]), text(&row["health"]))).collect()
    };
    // What AWS says is shown as said, and as no more than that.
    for (state, health) in of("instance", "state") {
        assert_eq!((state.as_str(), health.as_str()), ("stopped", "off"));
    }
    for (state, health) in of("registration", "state") {
        assert!(
            ["OutOfService", "unhealthy"].contains(&state.as_str()) && health == "down",
            "{state} {health}"
        );
    }
    assert!(!of("registration", "state").is_empty() && !of("instance", "state").is_empty());
    assert_untouched(&standin);
}

/// A switch is made, and what is read is what was there before it.
#[test]
fn stale_reads() {
    let Some(ground) = ground("stale reads") else {
        return;
    };
    let row = reading("stale_reads");
    let standin = &ground.standin;
    let home = Home::of(standin, &ground.account).config(&config(standin));
    let pty = well(&home);
    let (_, before) = status(&home);
    for action in ["Describe*", "List*"] {
        standin.rule(everywhere(fault(row.title)).action(action));
    }
    pty.press("R");
    see_board(&pty, row);
    see_status(&home, &ground.account.id, row, &before);
    leave(pty);

    let ran = home.run(&["--region", SICK, "do", "apex", "www", "page", "--confirm", "www", "--json"]);
    let done = ran.expect_code(1).json();
    assert_eq!(done["standing"], "unverified", "{done:#}");
    let why = done["ending"]["why"].as_str().unwrap();
    assert!(reads_as("it reads …", why), "{why}");
    assert_eq!(standin.calls_of("route53", "ChangeResourceRecordSets").len(), 1, "it is not made again");
    standin.lift_all();
    assert_eq!(ground.boto.points_at(ground.estate.id("/zone/id"), ZONE, "A"), "203.0.113.10");
}

/// Under any fault of STS everything is read: only whose the account is stays presumed.
#[test]
fn sts() {
    let Some(ground) = shared() else {
        return;
    };
    let (standin, home) = home(ground);
    leave(well(&home));
    let mut faults: Vec<Fault> = Vec::new();
    for row in READINGS {
        if row.cells[0].fails() && row.test != "dark" {
            faults.push(fault(row.title));
        }
    }
    assert!(faults.len() > 10, "{faults:?}");
    for fault in faults {
        let rule = standin.rule(Rule::new(fault.clone()).service("sts"));
        let ran = home.run(&["status", "--json", "--region", WELL]).expect_code(0);
        assert_clean(&ground.account, &ran);
        let status = ran.json();
        assert_eq!(status["fresh"], true, "{fault:?}");
        // The cockpit of before was told by STS.
        for cell in status["cells"].as_array().unwrap() {
            assert_eq!(cell["account"], ground.account.id.as_str(), "{fault:?}: {cell}");
        }
        assert_eq!(status["accounts"][0]["standing"], "presumed", "{fault:?}: {}", status["accounts"]);
        standin.lift(rule);
    }
}
