//! Whole incidents, worked by keys: the night of the storm from before it strikes to after it ends, twice to the same
//! log; and through a restart.

use crate::crew::{Crew, scenario};
use blackstart::incident::cell::{ProbeSubject, Verdict};
use blackstart::incident::entry::{Body, Entry, Mode};
use blackstart::incident::hash::sha256_hex;
use blackstart::incident::operation::Standing;
use blackstart::incident::place::{Kind, Region};
use blackstart::incident::request::Call;
use blackstart::incident::resource::Resource;
use std::sync::OnceLock;

const ZONE: &str = "fitocracy.com";

fn fingerprint(entries: &[Entry]) -> String {
    let lines: Vec<String> = entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
    sha256_hex(lines.join("\n").as_bytes())
}

fn site(crew: &Crew, name: &str) -> (Verdict, String) {
    let probed = &crew.seats[0].app.incident.probes[&ProbeSubject::Site(name.into())];
    (probed.evidence.verdict, probed.evidence.detail.clone())
}

/// The instance of that name which the cockpit shows, with its region.
fn instance(crew: &Crew, name: &str) -> String {
    let rows = crew.seats[0].app.incident.of_kind(Kind::Instance);
    let found = rows.filter_map(|seen| match &seen.resource {
        Resource::Instance(i) if i.name == name => Some(i.key.id.clone()),
        _ => None,
    });
    found.last().unwrap_or_else(|| panic!("no instance called {name}"))
}

/// Narrows a screen's table to one row and stands on it.
fn stand_on(crew: &mut Crew, screen: &str, words: &str) {
    crew.press(0, screen);
    crew.press(0, "<esc><esc>");
    crew.press(0, screen);
    crew.press(0, "/");
    crew.type_in(0, words);
    crew.press(0, "<enter>");
    let app = &crew.seats[0].app;
    let rows = &app.lists[&app.screen].rows;
    let said: Vec<_> = rows.iter().map(|row| app.cells(app.screen, row).join(" ")).collect();
    assert_eq!(rows.len(), 1, "{words} is not one row: {said:#?}");
}

/// The whole night, by one operator with a keyboard.
fn the_night() -> Crew {
    let mut crew = Crew::on(scenario("2012-storm", ""));
    crew.sit("adam", Mode::Demo);

    // 23:00: all is well, and looks it.
    crew.at_minute(4);
    assert_eq!(site(&crew, "www").0, Verdict::Answers);
    assert!(crew.seats[0].app.incident.cells.values().all(|cell| cell.is_ok()));
    let east = crew.points_to(ZONE, ZONE);
    assert!(east.contains("web-") && east.contains("us-east-1"), "{east}");

    // 23:05: it strikes. Rows stay, with their age.
    let rows_before = crew.seats[0].app.incident.rows.len();
    crew.at_minute(30);
    assert_eq!(site(&crew, "www").0, Verdict::Wrong);
    let dark = |cell: &(&blackstart::incident::place::Place, &blackstart::incident::cell::Cell)| {
        cell.0.scope.region == Region::new("us-east-1") && !cell.1.is_ok()
    };
    assert!(crew.seats[0].app.incident.cells.iter().filter(dark).count() >= 3);
    let kept = crew.seats[0].app.incident.rows.len();
    assert!(kept >= rows_before, "rows vanished in the dark: {rows_before} -> {kept}");

    // 23:46: the maintenance page.
    crew.at_minute(46);
    crew.press(0, "1g");
    crew.press(0, "D");
    crew.type_in(0, "apex down");
    crew.press(0, "<enter>");
    crew.press(0, "n");
    crew.type_in(0, "going to the rented server");
    crew.press(0, "<enter>");
    let (maintenance, standing) = crew.act(0, "m", 200);
    assert_eq!(standing, Standing::Verified);
    assert_eq!(crew.points_to(ZONE, ZONE), "203.0.113.10 (60s)");
    crew.run_for(90);
    assert_eq!(site(&crew, "www"), (Verdict::Wrong, "HTTP 503 maintenance page".into()));
    assert_eq!(crew.seats[0].app.incident.maintenance("www").map(|op| &op.plan.hash), Some(&maintenance));

    // The west would do as well; and back, one step.
    crew.press(0, "1g");
    let (west, standing) = crew.act(0, "awest<enter>", 200);
    assert_eq!(standing, Standing::Verified);
    assert!(crew.points_to(ZONE, ZONE).contains("standby"));
    assert!(crew.seats[0].app.incident.maintenance("www").is_none());
    let (_, standing) = crew.act(0, "u", 200);
    assert_eq!(standing, Standing::Verified);
    assert_eq!(crew.standing(0, &west), Standing::Undone);
    assert_eq!(crew.points_to(ZONE, ZONE), "203.0.113.10 (60s)");
    assert!(crew.seats[0].app.incident.maintenance("www").is_some(), "the page is there again");

    // 02:00: nothing launches yet. The refusal is AWS's, and it is on record as such.
    crew.at_minute(181);
    stand_on(&mut crew, "3", "point in time fito-db");
    let app = &crew.seats[0].app;
    let row = app.cells(app.screen, app.selected().unwrap()).join(" ");
    assert!(row.contains("no time told"), "{row}");
    let web_4 = instance(&crew, "web-4");
    stand_on(&mut crew, "2", &web_4);
    let (early, standing) = crew.act(0, "r", 1200);
    assert!(matches!(standing, Standing::Stopped | Standing::Unknown), "{standing:?}");
    assert!(crew.standing(0, &early) != Standing::Verified);

    // 05:00: EBS is back.
    crew.at_minute(6 * 60 + 10);
    stand_on(&mut crew, "2", &web_4);
    let (relaunch, _) = crew.act(0, "r", 3000);
    let launches = |crew: &Crew| {
        crew.seats[0].calls.iter().filter(|(_, call)| matches!(call, Call::RunInstance { .. })).count()
    };
    assert!(launches(&crew) >= 2);
    let op = &crew.seats[0].app.incident.operations[&relaunch];
    assert!(op.touched(), "{:?}", op.ending);

    // 07:00: the restore point.
    crew.at_minute(8 * 60 + 5);
    crew.run_for(60);
    stand_on(&mut crew, "3", "point in time fito-db");
    let (_, standing) = crew.act(0, "o<enter>", 3 * 3600);
    assert!(matches!(standing, Standing::Verified | Standing::Unverified), "{standing:?}");
    let restores =
        crew.seats[0].calls.iter().filter(|(_, call)| matches!(call, Call::RestoreDatabase { .. })).count();
    assert_eq!(restores, 1);

    // 10:00: the balancers register again. web-5 is replaced, start to end.
    crew.at_minute(11 * 60 + 5);
    crew.run_for(60);
    let web_5 = instance(&crew, "web-5");
    stand_on(&mut crew, "2", &web_5);
    let (_, standing) = crew.act(0, "r", 3000);
    assert_eq!(
        standing,
        Standing::Verified,
        "{:#?}",
        crew.story(0).iter().rev().take(12).collect::<Vec<_>>()
    );
    // web-1, which came back by itself, leaves the balancer for a moment and is put behind it again.
    crew.run_for(60);
    let web_1 = instance(&crew, "web-1");
    stand_on(&mut crew, "2", &web_1);
    for keys in ["-web<enter>", "+web<enter>"] {
        let (_, standing) = crew.act(0, keys, 1200);
        assert_eq!(standing, Standing::Verified, "{keys}");
    }

    // 11:00: back to the east, to exactly what was there before.
    crew.at_minute(12 * 60 + 5);
    crew.press(0, "1<esc><esc>1g");
    let (off, standing) = crew.act(0, "m", 300);
    assert_eq!(standing, Standing::Verified);
    assert_eq!(crew.points_to(ZONE, ZONE), east);
    assert!(crew.seats[0].app.incident.maintenance("www").is_none());
    crew.run_for(120);
    assert_eq!(site(&crew, "www").0, Verdict::Answers);

    // Too early, says somebody: one key takes it back, and it is maintenance again.
    let (_, standing) = crew.act(0, "u", 300);
    assert_eq!(standing, Standing::Verified);
    assert_eq!(crew.standing(0, &off), Standing::Undone);
    assert_eq!(crew.points_to(ZONE, ZONE), "203.0.113.10 (60s)");
    let (_, standing) = crew.act(0, "m", 300);
    assert_eq!(standing, Standing::Verified);
    assert_eq!(crew.points_to(ZONE, ZONE), east);
    crew.press(0, "D");
    crew.type_in(0, "back with every row");
    crew.press(0, "<enter>");
    crew.run_for(5);
    crew.press(0, "q");
    crew.run_for(5);
    assert!(crew.seats[0].app.quitting);
    crew
}

/// The log of the night, played once for all tests that read it.
pub fn log_of_the_night() -> &'static [Entry] {
    static LOG: OnceLock<Vec<Entry>> = OnceLock::new();
    LOG.get_or_init(|| the_night().seats.remove(0).disk)
}

#[test]
fn the_night_of_the_storm_is_worked_by_keys_and_leaves_its_story() {
    let entries = log_of_the_night();
    let mut incident = blackstart::incident::Incident::default();
    entries.iter().for_each(|entry| incident.fold(entry));
    let story: Vec<String> = incident.story.iter().map(|e| format!("{} {}", e.who, e.text)).collect();
    let mut at = 0;
    for words in [
        "adam opened a cockpit (demo",
        "- probe: site www answers",
        "- probe: site www wrong (HTTP 503)",
        "adam declared incident \"apex down\"",
        "adam note: going to the rented server",
        "adam proposed www: maintenance on",
        "adam confirmed www: maintenance on",
        "adam calling: ",
        "adam accepted: ",
        "adam holds: ",
        "adam verified: www: maintenance on",
        "adam verified: www: apex fitocracy.com -> west",
        "adam undone: www: apex fitocracy.com -> west",
        "adam confirmed www: maintenance off",
        "- probe: site www answers",
        "adam undone: www: maintenance off",
        "adam verified: www: maintenance off",
        "adam closed the incident: back with every row",
        "adam left (quit)",
    ] {
        let found = story[at..].iter().position(|line| line.contains(words));
        let found =
            found.unwrap_or_else(|| panic!("{words:?} is not told after line {at}:\n{}", story.join("\n")));
        at += found + 1;
    }
    // The database that lied was called a liar, by its own name or with the others that the storm took.
    let is_told =
        |line: &String| line.contains("LIE: ") && line.contains("database fito-db claims available");
    assert!(story.iter().any(is_told), "{}", story.join("\n"));
    // Nothing was called that was not confirmed and written down before.
    let mut confirmed = std::collections::BTreeSet::new();
    for entry in entries {
        match &entry.body {
            Body::Confirmed { plan, .. } => {
                confirmed.insert(plan.clone());
            }
            Body::Intent { plan, .. } => assert!(confirmed.contains(plan)),
            _ => {}
        }
    }
    assert!(incident.running().is_empty());
    assert_eq!(incident.declared(), None);
}

#[test]
fn the_same_night_twice_is_the_same_log_to_the_byte() {
    let again = the_night().seats.remove(0).disk;
    assert_eq!(fingerprint(log_of_the_night()), fingerprint(&again));
}

#[test]
fn the_fold_of_the_log_is_the_screen() {
    let mut crew = Crew::on(scenario("2012-storm", ""));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(46);
    crew.act(0, "m", 200);
    let live = &crew.seats[0].app.incident;
    let mut folded = blackstart::incident::Incident::default();
    crew.seats[0].disk.iter().for_each(|entry| folded.fold(entry));
    assert_eq!(folded.story, live.story);
    assert_eq!(folded.operations, live.operations);
    assert_eq!(folded.probes, live.probes);
    assert_eq!(folded.sessions, live.sessions);
    assert_eq!(folded.identities, live.identities);
    assert_eq!(folded.rows, live.rows);
    // What a quiet sweep freshens is told by the next heartbeat; whether a cell answers is told at once.
    let ok = |incident: &blackstart::incident::Incident| {
        incident.cells.iter().map(|(place, cell)| (place.clone(), cell.is_ok())).collect::<Vec<_>>()
    };
    assert_eq!(ok(&folded), ok(live));
}

#[test]
fn maintenance_is_turned_off_after_a_restart() {
    let mut crew = Crew::on(scenario("2012-storm", ""));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(1);
    let east = crew.points_to(ZONE, ZONE);
    crew.at_minute(46);
    let (_, standing) = crew.act(0, "m", 200);
    assert_eq!(standing, Standing::Verified);
    crew.kill(0);
    crew.run_for(300);
    let again = crew.sit("adam", Mode::Demo);
    // Before anything answered: last night's rows, with their age.
    let app = &crew.seats[again].app;
    assert!(app.incident.rows.len() > 20);
    assert!(app.incident.maintenance("www").is_some());
    crew.run_for(30);
    let (off, standing) = crew.act(again, "m", 300);
    assert_eq!(standing, Standing::Verified);
    assert!(crew.seats[again].app.incident.operations[&off].plan.title.contains("maintenance off"));
    assert_eq!(crew.points_to(ZONE, ZONE), east);
    // No row is there twice, under the profile's name and under the account's number.
    crew.run_for(120);
    let rows = crew.seats[again].app.incident.rows.keys();
    assert!(rows.clone().count() > 20);
    let mut ids: Vec<_> = rows.map(|key| (key.region(), key.place.service, key.kind, &key.id)).collect();
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
}

#[test]
fn on_a_quiet_day_the_story_is_quiet() {
    let mut crew = Crew::alone("quiet");
    crew.run_for(3600);
    let story = crew.story(0);
    assert_eq!(story.len(), 3, "{story:#?}");
    assert!(crew.seats[0].calls.is_empty());
}

#[test]
fn every_shipped_scenario_plays_and_its_log_folds_to_its_screen() {
    for name in blackstart::cloud::sim::Scenario::names() {
        let mut crew = Crew::on(scenario(name, ""));
        crew.sit("adam", Mode::Demo);
        let mut most = 0;
        for hour in 0..4 {
            crew.at_minute(1 + hour * 50);
            let incident = &crew.seats[0].app.incident;
            most = most.max(incident.rows.len());
            assert!(incident.rows.len() + 2 >= most, "{name}: rows vanish while nobody takes anything away");
        }
        let mut folded = blackstart::incident::Incident::default();
        crew.seats[0].disk.iter().for_each(|entry| folded.fold(entry));
        assert_eq!(folded.rows, crew.seats[0].app.incident.rows, "{name}");
        assert_eq!(folded.story, crew.seats[0].app.incident.story, "{name}");
        assert!(crew.seats[0].calls.is_empty(), "{name}: nobody pressed a key");
    }
}
