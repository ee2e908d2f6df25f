//! The real driver, with its runtime, its clock, its scribe and a logbook on disk, against the stage: the same cockpit
//! on the same world says the same, whoever drives it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::clock::Clock;
use super::driver::Driver;
use super::scribe::{Scribe, open_strand};
use super::setup::{Ground, open_bench};
use super::stage::Stage;
use crate::app::message::Message;
use crate::app::{App, LogState, Opening};
use crate::cli::Global;
use crate::cloud::Cloud;
use crate::cloud::sim::{Scenario, Sim, World};
use crate::incident::entry::{Actor, Body, Ending, Entry, Mode, SessionId};
use crate::incident::operation::Standing;
use crate::incident::place::{Profile, Region};
use crate::incident::plan::Action;
use crate::logbook::{Logbook, Tail};
use crate::settings::{Settings, Surroundings};
use std::path::Path;
use std::time::Duration;

fn app(scenario: &Scenario) -> App {
    let session = SessionId("20260311T090000Z-adam@jump-1-7".into());
    let actor = Actor { user: "adam".into(), uid: 1000, host: "jump-1".into(), ssh_client: None, aws: None };
    let opening = Opening {
        estate: scenario.estate.name.clone(),
        regions: scenario.estate.regions.iter().map(|code| Region::new(code)).collect(),
        profiles: scenario.estate.profiles.iter().cloned().map(Profile).collect(),
        sites: scenario.sites.clone(),
        mode: Mode::Demo,
        pid: 7,
        jitter: "seed".into(),
        ..Opening::plain(Settings::shipped().keymap, session, actor)
    };
    App::new(opening, scenario.start)
}

/// The cockpit on the quiet scenario, driven for real.
fn driver(scenario: Scenario, dir: &Path, speed: f64) -> Driver {
    let app = app(&scenario);
    let session = app.opening.session.clone();
    let (start, seed) = (scenario.start, scenario.seed);
    let cloud = Cloud::Sim(Sim::new(World::new(scenario, seed), speed));
    let driver = Driver::new(app, cloud, Clock::scaled(start, speed, 0));
    let writer = open_strand(dir, &session).unwrap();
    let scribe = Scribe::start(Some(writer), Tail::new(dir, session), 0, driver.outbox());
    driver.with_scribe(scribe)
}

#[test]
fn a_logbook_that_cannot_be_read_is_said_and_that_there_is_none_yet_is_not() {
    let tmp = tempfile::tempdir().unwrap();
    let home = tmp.path().to_path_buf();
    let said = |logbook: Option<&str>| {
        let global = Global { logbook: logbook.map(Into::into), ..Global::default() };
        let ground = Ground { global, surroundings: Surroundings::new([].into(), Some(home.clone())) };
        let settings = Settings::shipped();
        let mut app = app(&Scenario::shipped("quiet").unwrap());
        app.opening.looks_only = true;
        open_bench(&mut app, ground.logbook_dir(&settings).as_deref());
        ground.logbook_troubles(&settings, &app)
    };
    assert_eq!(said(None), Vec::<String>::new(), "the first start makes the usual place");
    let file = tmp.path().join("file");
    std::fs::write(&file, "").unwrap();
    for place in ["/proc/blackstart".to_owned(), file.display().to_string()] {
        let troubles = said(Some(&place));
        assert!(troubles.len() == 1 && troubles[0].contains(&place), "{troubles:?}");
        assert!(troubles[0].contains("--logbook"), "what to do next: {troubles:?}");
    }
}

fn stage(scenario: Scenario) -> Stage {
    let (start, seed) = (scenario.start, scenario.seed);
    Stage::new(app(&scenario), World::new(scenario, seed), start)
}

fn on_disk(dir: &Path) -> Vec<Entry> {
    let lines = Logbook::open_or_empty(dir).unwrap().into_timeline();
    lines.into_iter().map(|line| line.entry).collect()
}

/// What an entry is about, without its time.
fn gist(entry: &Entry) -> String {
    match &entry.body {
        Body::Observed { place, status, changed, gone } => {
            format!("observed {place} {} {} {}", status.is_some(), changed.len(), gone.len())
        }
        Body::Probed { subject, evidence } => format!("probed {subject} {}", evidence.detail),
        other => other.kind().to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_real_driver_writes_is_what_the_stage_writes() {
    let quiet = Scenario::shipped("quiet").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut driver = driver(quiet.clone(), dir.path(), 1.0);
    driver.take(Message::Start);
    assert!(!driver.until(Duration::from_secs(25), |app| app.quitting).await);
    driver.finish();
    let mut stage = stage(quiet);
    stage.run_for(25);
    let real: Vec<String> = on_disk(dir.path()).iter().map(gist).collect();
    let staged: Vec<String> = stage.entries.iter().map(gist).collect();
    assert!(real.len() > 12, "{real:#?}");
    // The runtime's timers count milliseconds, the stage microseconds: two answers within one may change places, what
    // one cell or probe says may not.
    let by_subject = |gists: &[String]| {
        let mut sorted = gists.to_vec();
        sorted.sort_by_key(|gist| gist.split(' ').take(2).collect::<Vec<_>>().join(" "));
        sorted
    };
    assert_eq!(by_subject(&real), by_subject(&staged));
    assert_eq!(driver.app.incident.rows.len(), stage.app.incident.rows.len());
}

#[tokio::test]
async fn an_unknown_outcome_is_verified_from_the_command_line_and_that_is_on_disk() {
    use super::Exit;
    use super::commands::verify::{Looked, look, tell};
    let text = include_str!("../../scenarios/quiet.toml");
    let garbled = "[[event]]\nat = \"+1s\"\nregion = \"global\"\nservice = \"route53\"\nfault = \"garbled\"\n\
                   hits = \"writes\"\nperforms = false\n";
    let quiet = Scenario::parse("quiet", &format!("{text}\n{garbled}")).unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut driver = driver(quiet, dir.path(), 200.0);
    let patience = Duration::from_secs(60);
    driver.take(Message::Start);
    assert!(driver.until(patience, App::swept_once).await);
    let said = std::cell::RefCell::new(Vec::<String>::new());
    let wait = |words: &str| said.borrow_mut().push(words.to_owned());
    let nothing = look(&mut driver, None, wait).await.unwrap();
    let why = "no action in the logbook is of unknown outcome".to_owned();
    assert_eq!(nothing, Looked::Nothing { plan: None, why });
    assert_eq!(*said.borrow(), [""; 0], "nothing was waited for");
    driver.take(Message::Act(Action::MaintenanceOn { site: "shop".into(), via: None }));
    assert!(driver.until(patience, |app| app.ready_plan().is_some()).await);
    let plan = driver.app.ready_plan().unwrap().clone();
    driver.take(Message::Confirm { plan: plan.hash.clone(), typed: plan.confirm.clone() });
    let called = |app: &App| app.incident.operations[&plan.hash].steps[0].outcome.is_some();
    assert!(driver.until(patience, called).await);
    assert!(look(&mut driver, Some("nothing begins so"), wait).await.is_err());
    // It is still under way: what is waited for is told.
    let named = Some(plan.hash.short());
    assert_eq!(look(&mut driver, named, wait).await.unwrap(), Looked::At(plan.hash.clone()));
    let waited = |words: &String| words.starts_with("waiting to hear whether the cockpit that runs \"");
    assert!(said.borrow().iter().any(waited), "{said:?}");
    let operation = &driver.app.incident.operations[&plan.hash];
    assert!(matches!(operation.ending, Some((_, Ending::Unknown { .. }))), "{:?}", operation.ending);
    assert_eq!(operation.standing(&driver.app.incident), Standing::Stopped);
    assert_eq!(tell(&driver.app, &plan.hash, true), Exit::Failed, "it was not done");
    let again = look(&mut driver, named, wait).await.unwrap_err();
    assert!(again.why.contains("nothing about it is unknown"), "{again}");
    driver.take(Message::Signal("SIGTERM"));
    driver.finish();
    let kinds: Vec<&str> = on_disk(dir.path()).iter().map(|entry| entry.body.kind()).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == "settled").count(), 1, "{kinds:?}");
    assert_eq!(kinds.iter().filter(|kind| **kind == "intent").count(), 1, "nothing else is called");
}

#[tokio::test]
async fn a_logbook_that_was_removed_and_reopened_is_a_sound_one() {
    let quiet = Scenario::shipped("quiet").unwrap();
    let tmp = tempfile::tempdir().unwrap();
    let dir = tmp.path().join("log");
    // A colleague's strand is in it.
    let other = open_strand(&dir, &SessionId("20260311T080000Z-daniel@jump-1-6".into())).unwrap();
    let mut driver = driver(quiet, &dir, 20.0);
    let patience = Duration::from_secs(60);
    driver.take(Message::Start);
    assert!(driver.until(patience, App::swept_once).await);
    std::fs::remove_dir_all(&dir).unwrap();
    assert!(driver.until(patience, |app| app.log != LogState::Writing).await);
    assert!(driver.until(patience, |app| !app.opening.breakages.is_empty()).await);
    driver.take(Message::Key("L".parse::<crate::app::keys::KeySequence>().unwrap().0[0]));
    assert!(driver.until(patience, App::is_recording).await);
    // What is looked at after that has been looked at.
    let entries = driver.app.incident.entries;
    assert!(driver.until(patience, |app| app.incident.entries > entries + 3).await);
    assert_eq!(driver.app.opening.breakages, Vec::<String>::new());
    drop(other);
    driver.take(Message::Signal("SIGTERM"));
    driver.finish();
    assert_eq!(crate::logbook::verify(&dir).unwrap().exit_code(), 0);
}

#[tokio::test]
async fn an_action_through_the_real_driver_is_on_disk_as_the_stage_has_it() {
    let quiet = Scenario::shipped("quiet").unwrap();
    let dir = tempfile::tempdir().unwrap();
    let mut driver = driver(quiet.clone(), dir.path(), 20.0);
    let patience = Duration::from_secs(60);
    driver.take(Message::Start);
    assert!(driver.until(patience, App::swept_once).await);
    driver.take(Message::Act(Action::MaintenanceOn { site: "shop".into(), via: None }));
    assert!(driver.until(patience, |app| app.ready_plan().is_some()).await);
    let plan = driver.app.ready_plan().unwrap().clone();
    driver.take(Message::Confirm { plan: plan.hash.clone(), typed: plan.confirm.clone() });
    assert!(driver.until(patience, |app| app.ended(&plan.hash).is_some()).await);
    assert_eq!(driver.app.ended(&plan.hash), Some(Standing::Verified));
    driver.take(Message::Signal("SIGTERM"));
    assert!(driver.app.quitting);
    driver.finish();

    let mut stage = stage(quiet);
    stage.run_for(20);
    stage.take(Message::Act(plan.action.clone()));
    assert!(stage.run_until_true(60, |app| app.ready_plan().is_some()));
    let staged = stage.app.ready_plan().unwrap().clone();
    stage.take(Message::Confirm { plan: staged.hash.clone(), typed: staged.confirm.clone() });
    assert!(stage.run_until_true(300, |app| app.ended(&staged.hash).is_some()));
    stage.take(Message::Signal("SIGTERM"));

    let kinds = |entries: &[Entry]| -> Vec<&'static str> {
        let moves = entries.iter().map(|entry| entry.body.kind());
        moves.filter(|kind| !matches!(*kind, "observed" | "probed" | "heartbeat" | "identified")).collect()
    };
    let real = on_disk(dir.path());
    assert_eq!(kinds(&real), kinds(&stage.entries));
    assert_eq!(
        kinds(&real),
        ["opened", "proposed", "confirmed", "intent", "outcome", "in-sync", "verified", "finished", "left"]
    );
    assert_eq!(plan.steps, {
        // But for the hash that the comment of the batch carries, it is the same plan.
        let mut steps = staged.steps.clone();
        for (step, real) in steps.iter_mut().zip(&plan.steps) {
            step.call = real.call.clone();
        }
        steps
    });
    assert_eq!(crate::logbook::verify(dir.path()).unwrap().exit_code(), 0);
}
