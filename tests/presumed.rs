//! STS is silent, and the logbook knows whose the profile was: one estate all the while, and what is presumed is told from
//! what STS said. Then STS answers, as presumed or otherwise.

use crate::crew::Crew;
use crate::support::cli::Home;
use blackstart::app::message::{Effect, Message};
use blackstart::app::{AccountStanding, App, Planning, Screen};
use blackstart::cloud::sim::{Scenario, World};
use blackstart::incident::Incident;
use blackstart::incident::cell::Health;
use blackstart::incident::entry::{Body, Mode};
use blackstart::incident::operation::Standing;
use blackstart::incident::place::{Account, Kind};
use blackstart::incident::request::{Answer, Sweep};
use blackstart::logbook::{Seen, StrandWriter};
use blackstart::ui::{Glyphs, Look, buffer, probe, text_rows};
use std::collections::BTreeSet;

const OURS: &str = "111122223333";
const OTHERS: &str = "444455556666";

/// The quiet estate of an account.
fn quiet(account: &str, events: &str) -> Scenario {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = std::fs::read_to_string(root.join("quiet.toml")).unwrap();
    let text = text.replace(OURS, account);
    Scenario::parse("quiet", &format!("{text}\n{events}")).unwrap_or_else(|error| panic!("{error}"))
}

/// A service is dark everywhere, from so many minutes after the start to so many.
fn dark(service: &str, from: i64, to: i64) -> String {
    let event = |at: i64, what: &str| {
        format!("[[event]]\nat = \"+{at}m\"\nregion = \"*\"\nservice = \"{service}\"\n{what}\n")
    };
    event(from, "fault = \"dark\"") + &event(to, "clear = true")
}

/// Adam has read everything and left; an hour later somebody opens a cockpit.
fn an_hour_later(events: &str) -> (Crew, usize) {
    let mut crew = Crew::on(quiet(OURS, events));
    let adam = crew.sit("adam", Mode::Live);
    crew.run_for(20);
    crew.press(adam, "q");
    crew.kill(adam);
    crew.leap_to(crew.now + jiff::SignedDuration::from_mins(60));
    let eve = crew.sit("eve", Mode::Live);
    (crew, eve)
}

fn text(app: &App) -> String {
    text_at(app, 140, 45)
}

fn text_at(app: &App, width: u16, height: u16) -> String {
    let look = Look { theme: probe(), glyphs: Glyphs::Unicode };
    text_rows(&buffer(app, &look, width, height)).join("\n")
}

/// Rows by region, service, kind and id: what stands there twice, and under which accounts all stand.
fn twice(incident: &Incident) -> (Vec<String>, BTreeSet<String>) {
    let mut seen = BTreeSet::new();
    let name = |key: &blackstart::incident::place::Key| {
        format!("{} {} {} {}", key.region(), key.place.service, key.kind, key.id)
    };
    let doubled = incident.rows.keys().map(name).filter(|name| !seen.insert(name.clone())).collect();
    (doubled, incident.rows.keys().map(|key| key.scope().account.0.to_string()).collect())
}

/// Rows of the account with what they say, by whom and when.
fn rows_of(incident: &Incident, account: &str) -> Vec<blackstart::incident::Seen> {
    incident
        .rows
        .iter()
        .filter(|(key, _)| key.scope().account.0 == account)
        .map(|(_, seen)| (**seen).clone())
        .collect()
}

fn healths(app: &App) -> BTreeSet<Health> {
    app.incident.rows.keys().map(|key| app.incident.health(key, app.now).0).collect()
}

#[test]
fn started_wholly_dark_the_board_says_down_once_and_nothing_moves_when_sts_agrees() {
    let (mut crew, eve) = an_hour_later(&dark("*", 59, 70));
    // Before anything was asked: the first frame.
    let app = &crew.seats[eve].app;
    assert_eq!(app.accounts[0].0.0, OURS);
    crew.run_for(90);
    let app = &crew.seats[eve].app;
    let frame = text(app);
    for region in ["eu-central-1", "eu-west-1"] {
        let line = frame.lines().find(|line| line.contains(region)).unwrap();
        assert!(line.contains("DOWN"), "{frame}");
    }
    assert!(!frame.contains("partly"), "{frame}");
    assert!(frame.contains("1111…3333 (presumed)"), "{frame}");
    assert!(text_at(app, 80, 24).contains("1111…3333 (presumed)"), "{}", text_at(app, 80, 24));
    assert!(frame.contains("STS does not say whose prod is"), "{frame}");
    let (doubled, accounts) = twice(&app.incident);
    assert_eq!((doubled, accounts), (Vec::new(), BTreeSet::from([OURS.to_owned()])));
    assert_eq!(app.incident.cells.len(), app.schedule.len());
    let healths_now = healths(app);
    assert!(healths_now.contains(&Health::Stale), "what only AWS claimed is as old as it is");
    assert!(healths_now.is_subset(&BTreeSet::from([Health::Stale, Health::Proven])), "{healths_now:?}");
    assert!(app.incident.cells.values().all(|cell| cell.last_ok.is_some()), "they were read last night");
    assert_eq!(app.account_standing(&Account(OURS.into())), AccountStanding::Presumed);
    // In her strand it goes by the profile: that is what was known.
    let strand = &crew.seats[eve].disk;
    assert!(strand.iter().any(|entry| matches!(&entry.body,
        Body::Observed { place, .. } if place.scope.account.0 == "~prod")));

    let instances = |incident: &Incident| incident.of_kind(Kind::Instance).cloned().collect::<Vec<_>>();
    let before = (instances(&app.incident), rows_of(&app.incident, OURS).len());
    crew.at_minute(75);
    let app = &crew.seats[eve].app;
    assert_eq!(app.account_standing(&Account(OURS.into())), AccountStanding::Verified);
    let after = (instances(&app.incident), rows_of(&app.incident, OURS).len());
    assert_eq!(after, before, "nothing has changed, so nothing moves");
    let frame = text(app);
    assert!(!frame.contains("(presumed)") && frame.contains("1111…3333"), "{frame}");
    assert!(frame.contains("STS answers: prod is account"), "{frame}");
    assert!(app.incident.cells.values().all(|cell| cell.is_ok()));
    assert!(!healths(app).contains(&Health::Stale));
}

#[test]
fn sts_names_another_account_and_each_row_stands_under_its_own() {
    let (mut crew, eve) = an_hour_later("");
    let last_known = rows_of(&crew.seats[eve].app.incident, OURS);
    // Her profile of the same name is another estate.
    crew.world = World::new(quiet(OTHERS, &dark("sts", 59, 70)), 8);
    let eve = {
        crew.kill(eve);
        crew.sit("eve", Mode::Live)
    };
    crew.run_for(60);
    let app = &crew.seats[eve].app;
    let (doubled, accounts) = twice(&app.incident);
    assert_eq!((doubled, accounts), (Vec::new(), BTreeSet::from([OURS.to_owned()])), "taken for ours");
    assert!(text(app).contains("(presumed)"));
    let presumed = app.incident.rows.len();
    assert!(presumed > 0);
    crew.at_minute(72);
    let app = &crew.seats[eve].app;
    assert_eq!(app.accounts[0].0.0, OTHERS);
    assert!(app.schedule.keys().all(|place| place.scope.account.0 == OTHERS));
    let told = app.incident.story.iter().find(|event| event.text.contains("as presumed")).unwrap();
    assert!(told.text.contains(OURS) && told.text.contains(OTHERS), "{}", told.text);
    assert_eq!(rows_of(&app.incident, OURS), last_known, "the last known estate, as it was");
    assert_eq!(rows_of(&app.incident, OTHERS).len(), presumed);
    assert!(rows_of(&app.incident, OTHERS).iter().all(|seen| seen.by == app.opening.session));

    // Somebody who reads it all later sees the presumption, and its end, at their moments.
    let mut replayed = Incident::default();
    let mut entries: Vec<_> = crew.seats.iter().flat_map(|seat| seat.disk.clone()).collect();
    entries.sort_by(|a, b| (a.ts, &a.session, a.seq).cmp(&(b.ts, &b.session, b.seq)));
    let (ours, others) = (Account(OURS.into()), Account(OTHERS.into()));
    let mut standings = Vec::new();
    for entry in &entries {
        replayed.fold(entry);
        let now = (replayed.is_presumed_by_all(&ours), !rows_of(&replayed, &others.0).is_empty());
        if standings.last() != Some(&now) {
            standings.push(now);
        }
    }
    assert_eq!(standings, [(false, false), (true, false), (false, true)]);
    assert_eq!(replayed.rows, app.incident.rows);
}

#[test]
fn by_a_presumption_nothing_is_done_to_what_these_credentials_have_not_read() {
    // EC2 and STS are dark: the instances are what the log knows.
    let (mut crew, eve) = an_hour_later(&(dark("sts", 59, 90) + &dark("ec2", 59, 70)));
    crew.run_for(30);
    let terminate = |crew: &mut Crew| {
        crew.press(eve, "2/");
        crew.type_in(eve, "worker");
        crew.press(eve, "<enter>t");
        crew.run_for(15);
        let planning = crew.seats[eve].app.dialog().unwrap().planning.clone();
        crew.press(eve, "<esc><esc>");
        planning
    };
    let planning = terminate(&mut crew);
    let Planning::Refused(refusal) = planning else { panic!("{planning:?}") };
    assert!(!refusal.next.is_empty() && crew.seats[eve].calls.is_empty(), "{refusal}");
    // EC2 answers these credentials: what they have read they may be used on, as before, and the plan says by what.
    crew.at_minute(75);
    assert_eq!(crew.seats[eve].app.account_standing(&Account(OURS.into())), AccountStanding::Presumed);
    let planning = terminate(&mut crew);
    let Planning::Ready(plan) = planning else { panic!("{planning:?}") };
    assert!(plan.warnings.iter().any(|warning| warning.contains("presumed")), "{:?}", plan.warnings);
    assert!(plan.grounds.iter().any(|ground| ground.what.contains("presumed")), "{:?}", plan.grounds);
    assert_eq!(plan.computed_hash(), plan.hash);
    let dialog = {
        crew.press(eve, "2/");
        crew.type_in(eve, "worker");
        crew.press(eve, "<enter>t");
        crew.run_for(15);
        text(&crew.seats[eve].app)
    };
    assert!(dialog.contains("111122223333 (presumed)"), "{dialog}");
}

#[test]
fn what_became_of_a_call_in_the_account_is_not_looked_for_with_credentials_that_are_presumed() {
    let lost = "[[event]]\nat = \"+2m\"\nregion = \"global\"\nservice = \"route53\"\nfault = \"garbled\"\nhits = \"writes\"\n\
                performs = true\n";
    let mut crew = Crew::on(quiet(OURS, &format!("{lost}{}", dark("sts", 3, 90))));
    let adam = crew.sit("adam", Mode::Live);
    crew.at_minute(2);
    crew.run_for(2);
    let plan = crew.insist(adam, "m");
    crew.confirm(adam);
    let called =
        |crew: &Crew| crew.seats[adam].disk.iter().any(|entry| matches!(entry.body, Body::Outcome { .. }));
    assert!(crew.wait_until(50, called));
    crew.kill(adam);
    crew.at_minute(10);
    let eve = crew.sit("eve", Mode::Live);
    crew.call_roll(adam);
    crew.run_for(30);
    let standing = crew.seats[eve].app.incident.operations[&plan].standing(&crew.seats[eve].app.incident);
    assert_eq!(standing, Standing::Unknown);
    let refusal = crew.seats[eve].app.unknown_step(&plan).unwrap_err();
    assert!(refusal.why.contains("STS has not yet said"), "{refusal}");
    crew.at_minute(95);
    assert!(crew.seats[eve].app.unknown_step(&plan).is_ok());
}

#[test]
fn a_plan_made_by_a_wrong_presumption_is_not_done() {
    let (mut crew, eve) = an_hour_later(&dark("sts", 59, 90).replace("\"dark\"", "\"hang\""));
    let asked = |crew: &Crew| {
        crew.seats[eve].effects.iter().rev().find_map(|(_, effect)| match effect {
            Effect::Ask(ticket, _, query) if query.scope().is_none() => Some(*ticket),
            _ => None,
        })
    };
    crew.run_for(20);
    let before = asked(&crew);
    assert!(crew.wait_until(120, |crew| asked(crew) != before), "STS is asked again");
    crew.press(eve, "1m");
    crew.run_for(5);
    let ready = crew.seats[eve].app.ready_plan().cloned();
    // STS answers while it is on the screen.
    let answer =
        Answer::Identity { account: Account(OTHERS.into()), arn: format!("arn:aws:iam::{OTHERS}:user/eve") };
    let ticket = asked(&crew).unwrap();
    crew.take(eve, Message::Answered(ticket, Ok(answer)));
    let dialog = crew.seats[eve].app.dialog().unwrap();
    let Planning::Refused(refusal) = &dialog.planning else { panic!("{dialog:?}") };
    assert!(refusal.why.contains(OTHERS), "{refusal}");
    let plan = ready.unwrap();
    crew.take(eve, Message::Confirm { plan: plan.hash.clone(), typed: plan.confirm });
    crew.run_for(30);
    assert!(crew.seats[eve].calls.is_empty());
}

#[test]
fn cockpits_that_presume_share_what_they_read_and_leave_it_to_whoever_sts_told() {
    let mut crew = Crew::on(quiet(OURS, &dark("sts", 2, 60)));
    let adam = crew.sit("adam", Mode::Live);
    crew.run_for(150);
    // Adam knows whose his are; STS is dark for those who come after him.
    let (eve, dan) = (crew.sit("eve", Mode::Live), crew.sit("daniel", Mode::Record));
    crew.run_for(30);
    let asked = |crew: &Crew, seat: usize, since| {
        let sweeps = crew.seats[seat]
            .effects
            .iter()
            .filter(|(at, effect)| *at >= since && matches!(effect, Effect::Sweep(_, Sweep { .. })));
        sweeps.count()
    };
    let since = crew.now;
    crew.run_for(120);
    assert!(asked(&crew, adam, since) > 20);
    // Also before the one who records, for he only presumes.
    assert_eq!((asked(&crew, eve, since), asked(&crew, dan, since)), (0, 0));
    assert!(crew.seats[eve].app.incident.cells.values().all(|cell| cell.is_ok()));
    // Adam dies: one of those who presume goes on for both.
    crew.kill(adam);
    crew.call_roll(adam);
    crew.run_for(60);
    let since = crew.now;
    crew.run_for(120);
    let (by_eve, by_dan) = (asked(&crew, eve, since), asked(&crew, dan, since));
    assert!(by_dan > 20 && by_eve <= 2, "{by_eve} by eve, {by_dan} by daniel");
    let (doubled, _) = twice(&crew.seats[eve].app.incident);
    assert_eq!(doubled, Vec::<String>::new());
    assert!(crew.seats[eve].app.swept_once());
}

#[test]
fn the_words_are_the_same_wherever_an_account_is_named() {
    let (mut crew, eve) = an_hour_later(&dark("*", 59, 90));
    crew.run_for(30);
    crew.press(eve, "2g");
    crew.press(eve, "<enter>");
    assert_eq!(crew.seats[eve].app.screen, Screen::Instances);
    let detail = text(&crew.seats[eve].app);
    assert!(detail.contains("111122223333 (presumed)"), "{detail}");
    let app = &crew.seats[eve].app;
    assert!(app.incident.of_kind(Kind::Instance).count() > 0);
    assert!(app.incident.operations.values().all(|op| op.standing(&app.incident) != Standing::Running));
}

#[test]
fn status_says_what_is_presumed_and_when_each_cell_was_read() {
    let (crew, _) = an_hour_later("");
    let home = Home::new()
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
        .file(".aws/credentials", "[prod]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = none\n")
        .config("[estate]\nname = \"harbour\"\nregions = [\"eu-central-1\", \"eu-west-1\"]\nprofiles = [\"prod\"]\n");
    let entries = &crew.seats[0].disk;
    let mut strand = StrandWriter::create(&home.logbook("harbour"), &entries[0].session).unwrap();
    for entry in entries {
        strand.append(entry, &Seen::new()).unwrap();
    }
    drop(strand);
    let ran = home.run(&["status"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let said = "account 111122223333 of prod: presumed, STS has not named it";
    assert!(ran.stdout.contains(said) && ran.stdout.contains("to adam"), "{}", ran.stdout);
    assert!(ran.stdout.contains("last read") && !ran.stdout.contains("never read"), "{}", ran.stdout);
    let ran = home.run(&["status", "--json"]);
    let status: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert_eq!(status["accounts"][0]["account"], OURS);
    assert_eq!(status["accounts"][0]["standing"], "presumed");
    assert_eq!(status["accounts"][0]["said_to"], "adam");
    let cells = status["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 9, "each once");
    for cell in cells {
        assert_eq!(
            (&cell["account"], &cell["account_standing"]),
            (&OURS.into(), &"presumed".into()),
            "{cell}"
        );
        assert!(cell["last_ok"].is_string() && cell["status"] == "dark", "{cell}");
    }
    let rows = status["resources"].as_array().unwrap();
    assert!(!rows.is_empty() && rows.iter().all(|row| row["health"] == "stale"), "{rows:#?}");
    // Nothing was written: it only looked.
    assert_eq!(std::fs::read_dir(home.logbook("harbour")).unwrap().count(), 1);
}

#[test]
fn what_was_done_while_sts_was_dark_is_undone_once_it_answers() {
    let mut crew = Crew::on(quiet(OURS, &dark("sts", 0, 8)));
    let adam = crew.sit("adam", Mode::Live);
    crew.at_minute(1);
    let (plan, standing) = crew.act(adam, "m", 300);
    assert_eq!(standing, Standing::Verified);
    let scope = &crew.seats[adam].app.incident.operations[&plan].plan.scope;
    assert_eq!(scope.account.0, "~prod", "STS has named it to nobody");
    crew.at_minute(10);
    assert_eq!(crew.seats[adam].app.accounts[0].0.0, OURS);
    let (_, standing) = crew.act(adam, "u", 300);
    assert_eq!((standing, crew.standing(adam, &plan)), (Standing::Verified, Standing::Undone));
}
