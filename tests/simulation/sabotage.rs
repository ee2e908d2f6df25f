//! Every check, handed a history that breaks it: a check that never fires would say that all is well for ever.

use super::checkpoint::Kept;
use super::ending::{Arrival, acknowledged, holds_when_cut, same_fold, same_screen, verifies};
use super::invariants::{
    Calls, Cause, Evidence, Finding as Found, Held, Law, Rows, Unknowns, goes_on, remains_in, stands_once,
    unknown_is_said,
};
use super::outage::Outage;
use super::strand::Strand;
use super::{judge, play, same_log};
use crate::crew::{Crew, opening};
use blackstart::app::App;
use blackstart::incident::Incident;
use blackstart::incident::cell::{ProbeSubject, STALE_AFTER_S, Verdict};
use blackstart::incident::entry::{Body, Ending, Entry, Finding, Mode, Outcome, SessionId};
use blackstart::incident::fault::Fault;
use blackstart::incident::hash::PlanHash;
use blackstart::incident::place::{Account, Key, Kind, Profile};
use blackstart::incident::request::Call;
use blackstart::incident::settlement::Settlement;
use blackstart::logbook::Seen;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::fs;
use std::sync::OnceLock;

/// An honest history to be broken: an operator turns maintenance on, then relaunches an instance, on a quiet day.
fn honest() -> &'static Vec<Entry> {
    static HONEST: OnceLock<Vec<Entry>> = OnceLock::new();
    HONEST.get_or_init(|| {
        let mut crew = Crew::alone("quiet");
        crew.act(0, "1m", 300);
        crew.press(0, "2/");
        crew.type_in(0, "app-1");
        crew.press(0, "<enter>");
        crew.act(0, "r", 600);
        crew.seats.remove(0).disk
    })
}

fn session() -> SessionId {
    honest()[0].session.clone()
}

/// The honest history up to the first entry that fits, without it.
fn before(fits: impl Fn(&Body) -> bool) -> &'static [Entry] {
    let at = honest().iter().position(|entry| fits(&entry.body)).unwrap();
    &honest()[..at]
}

fn is_launch(body: &Body) -> bool {
    matches!(body, Body::Intent { call: Call::RunInstance { .. }, .. })
}

fn launch() -> (PlanHash, usize, Call) {
    let found = honest().iter().find_map(|entry| match &entry.body {
        Body::Intent { plan, step, call } if is_launch(&entry.body) => {
            Some((plan.clone(), *step, call.clone()))
        }
        _ => None,
    });
    found.unwrap()
}

fn on_disk<'a>(entries: impl IntoIterator<Item = &'a Entry>) -> Calls {
    let mut calls = Calls::default();
    entries.into_iter().for_each(|entry| calls.on_disk(entry));
    calls
}

#[track_caller]
fn breaks<T: std::fmt::Debug>(law: Law, held: Held<T>) {
    assert_eq!(held.expect_err("the check saw nothing").law, law);
}

/// An entry like another of the history, with another body.
fn like(entry: &Entry, body: Body) -> Entry {
    Entry { body, ..entry.clone() }
}

#[test]
fn an_honest_history_breaks_nothing() {
    let mut calls = Calls::default();
    let mut made = 0;
    for entry in honest() {
        calls.on_disk(entry);
        if let Body::Intent { call, .. } = &entry.body {
            calls.called(&session(), call).unwrap();
            made += 1;
        }
    }
    assert!(made >= 3, "{made} calls");
}

#[test]
fn a_call_without_an_intent_on_disk_is_seen() {
    let (_, _, call) = launch();
    breaks(Law::IntentBeforeCall, on_disk([]).called(&session(), &call));
    breaks(Law::IntentBeforeCall, on_disk(before(is_launch)).called(&session(), &call));
    // Another strand's intent is not ours.
    let stranger = SessionId("20260311T090000Z-eve@jump-1-1".into());
    breaks(Law::IntentBeforeCall, on_disk(honest()).called(&stranger, &call));
}

#[test]
fn a_call_whose_plan_was_not_confirmed_is_seen() {
    let (plan, _, call) = launch();
    let without = |out: fn(&Body) -> bool| honest().iter().filter(move |entry| !out(&entry.body));
    let law = Law::ConfirmedBeforeCall;
    breaks(law, on_disk(without(|b| matches!(b, Body::Confirmed { .. }))).called(&session(), &call));
    breaks(law, on_disk(without(|b| matches!(b, Body::Proposed { .. }))).called(&session(), &call));
    // Confirmed with the wrong words, or of a plan that is another than was shown.
    let wrong: Vec<Entry> = honest()
        .iter()
        .map(|entry| match &entry.body {
            Body::Confirmed { plan, .. } => {
                like(entry, Body::Confirmed { plan: plan.clone(), typed: "yes".into() })
            }
            _ => entry.clone(),
        })
        .collect();
    breaks(law, on_disk(&wrong).called(&session(), &call));
    let changed: Vec<Entry> = honest()
        .iter()
        .map(|entry| match &entry.body {
            Body::Proposed { plan: shown } if shown.hash == plan => {
                let mut shown = shown.clone();
                shown.title.push('!');
                like(entry, Body::Proposed { plan: shown })
            }
            _ => entry.clone(),
        })
        .collect();
    breaks(law, on_disk(&changed).called(&session(), &call));
    // Announced and confirmed, and another call than the plan's.
    let other = honest().iter().find(|entry| is_launch(&entry.body)).unwrap();
    let mut elsewhere = call;
    if let Call::RunInstance { spec, .. } = &mut elsewhere {
        spec.instance_type = "u-24tb1.metal".into();
    }
    let Body::Intent { plan, step, .. } = &other.body else { unreachable!() };
    let body = Body::Intent { plan: plan.clone(), step: *step, call: elsewhere.clone() };
    let mut calls = on_disk(honest());
    calls.on_disk(&like(other, body));
    breaks(law, calls.called(&session(), &elsewhere));
}

#[test]
fn a_second_call_for_an_intent_is_seen() {
    let (_, _, call) = launch();
    let mut calls = on_disk(honest());
    calls.called(&session(), &call).unwrap();
    breaks(Law::OneCallPerIntent, calls.called(&session(), &call));
}

#[test]
fn a_second_launch_with_a_token_is_seen() {
    let (_, _, call) = launch();
    let intent = honest().iter().find(|entry| is_launch(&entry.body)).unwrap();
    let mut calls = on_disk(honest());
    calls.on_disk(intent);
    calls.called(&session(), &call).unwrap();
    breaks(Law::OneLaunchPerToken, calls.called(&session(), &call));
    // And in the world, whoever it was.
    let Call::RunInstance { client_token, .. } = &call else { unreachable!() };
    let launched = |id: &str| (client_token.clone(), id.to_owned());
    let mut calls = on_disk(honest());
    calls.called(&session(), &call).unwrap();
    calls.launched(&[launched("i-1")]).unwrap();
    breaks(Law::OneLaunchPerToken, calls.launched(&[launched("i-1"), launched("i-2")]));
    breaks(Law::OneLaunchPerToken, calls.launched(&[("bs-unknown".into(), "i-3".into())]));
}

fn instance() -> Key {
    "aws/111122223333/eu-west-1/ec2/instance/i-1".parse().unwrap()
}

fn gone(place: &Key, row: &str) -> Entry {
    let (place, row) = (place.place.clone(), row.to_owned());
    like(&honest()[0], Body::Observed { place, status: None, changed: Vec::new(), gone: vec![row] })
}

#[test]
fn a_row_that_vanishes_is_seen() {
    let (key, law) = (instance(), Law::RowsStay);
    let nothing = BTreeSet::new();
    let itself = BTreeSet::from([(Kind::Instance, "i-1".to_owned())]);
    let other: Key = "aws/111122223333/eu-west-1/rds/database/orders".parse().unwrap();
    let swept = |place, whole, seen| Cause::Swept { place, whole, seen };
    let vanished = |cause: Cause<'_>| Rows::default().vanished(&key, &cause, |_| false);
    vanished(swept(&key.place, true, &nothing)).unwrap();
    breaks(law, vanished(swept(&key.place, false, &nothing)));
    breaks(law, vanished(swept(&key.place, true, &itself)));
    breaks(law, vanished(swept(&other.place, true, &nothing)));
    breaks(law, vanished(Cause::Identified));
    breaks(law, vanished(Cause::Other));
    // What others write counts if one of them rightly saw it go.
    let told = [gone(&key, "instance/i-1")];
    breaks(law, vanished(Cause::Others(&told)));
    let mut rows = Rows::default();
    rows.vanished(&key, &swept(&key.place, true, &nothing), |_| false).unwrap();
    rows.vanished(&key, &Cause::Others(&told), |_| false).unwrap();
    breaks(law, rows.vanished(&key, &Cause::Others(&[]), |_| false));
    // And nobody writes what nobody saw.
    breaks(law, Rows::default().written(&told[0], &swept(&key.place, false, &nothing)));
    breaks(law, Rows::default().written(&told[0], &swept(&key.place, true, &itself)));
    Rows::default().written(&told[0], &swept(&key.place, true, &nothing)).unwrap();
}

#[test]
fn a_renamed_row_is_found_again() {
    let crew = Crew::alone("quiet");
    let incident = &crew.seats[0].app.incident;
    let key = incident.rows.keys().next().unwrap();
    let named = |key: &Key| format!("{} {} {}/{}", key.region(), key.place.service, key.kind, key.id);
    assert!(remains_in(incident, &named(key)));
    assert!(!remains_in(incident, &named(&instance())));
}

#[test]
fn green_without_fresh_evidence_is_seen() {
    let crew = Crew::alone("quiet");
    let app = &crew.seats[0].app;
    let law = Law::GreenIsFresh;
    let (now, old) = (app.now, app.now - SignedDuration::from_secs(STALE_AFTER_S + 1));
    let found = |at: Timestamp, verdict: Verdict| Found { at, heard: at, verdict };
    // What every probe said, but that of one subject.
    let told = |but: Option<&ProbeSubject>, instead: Option<(Timestamp, Verdict)>| {
        let mut evidence = Evidence::default();
        for (subject, probed) in app.incident.probes.iter().filter(|(subject, _)| Some(*subject) != but) {
            evidence.heard(&app.opening.session, subject, found(now, probed.evidence.verdict));
        }
        if let (Some(subject), Some((at, verdict))) = (but, instead) {
            evidence.heard(&app.opening.session, subject, found(at, verdict));
        }
        evidence.green(app, now, true)
    };
    let (green, lies) = told(None, None).unwrap();
    assert!(green > 0 && lies == 0, "on a quiet day {green} are green and {lies} lie");
    breaks(law, Evidence::default().green(app, now, true));
    let is_kind =
        |kind: fn(&ProbeSubject) -> bool| app.incident.probes.keys().find(|subject| kind(subject)).unwrap();
    let every = [
        is_kind(|subject| matches!(subject, ProbeSubject::Site(_))),
        is_kind(|subject| matches!(subject, ProbeSubject::Database(_))),
        is_kind(|subject| matches!(subject, ProbeSubject::Instance(_))),
        is_kind(|subject| matches!(subject, ProbeSubject::Balancer(_))),
    ];
    for subject in every {
        breaks(law, told(Some(subject), None));
        breaks(law, told(Some(subject), Some((old, Verdict::Answers))));
        breaks(law, told(Some(subject), Some((now, Verdict::Refused))));
        assert_eq!(told(Some(subject), Some((now, Verdict::Answers))).unwrap().0, green);
    }
    // An answer under the name of before proves what has the number now, once that session said whose the profile is; an
    // answer on something else never does.
    let database = every[1];
    let profile = Profile("prod".into());
    let mut key = database.key().unwrap().clone();
    let number = std::mem::replace(&mut key.place.scope.account, Account::unverified(&profile));
    let unnamed = ProbeSubject::Database(key.clone());
    key.id.push('x');
    let elsewhere = ProbeSubject::Database(key);
    let also = |other: &ProbeSubject, named: Option<bool>| {
        let mut evidence = Evidence::default();
        for subject in app.incident.probes.keys().filter(|subject| *subject != database) {
            evidence.heard(&app.opening.session, subject, found(now, Verdict::Answers));
        }
        let body = Body::Identified { profile: profile.clone(), account: number.clone(), arn: String::new() };
        let named_by_then = named.map(|first| (first, like(&honest()[0], body)));
        for turn in [true, false] {
            if let Some((_, entry)) = named_by_then.as_ref().filter(|(first, _)| *first == turn) {
                evidence.told(entry, entry.ts);
            }
            if turn {
                evidence.heard(&session(), other, found(now, Verdict::Answers));
            }
        }
        evidence.green(app, now, true)
    };
    for before in [true, false] {
        assert_eq!(also(&unnamed, Some(before)).unwrap().0, green);
        breaks(law, also(&elsewhere, Some(before)));
    }
    breaks(law, also(&unnamed, None));
}

#[test]
fn an_unknown_outcome_that_is_called_something_else_is_seen() {
    let (plan, step, call) = launch();
    let law = Law::UnknownStaysUnknown;
    let first = &honest()[0];
    let fault = Fault::TimedOut { after_ms: 1 };
    let unanswered = || {
        let mut unknowns = Unknowns::default();
        unknowns.unanswered(plan.clone(), step, call.scope().clone());
        unknowns
    };
    let outcome = |outcome| like(first, Body::Outcome { plan: plan.clone(), step, outcome });
    unanswered().written(&outcome(Outcome::Unknown { error: fault.clone() })).unwrap();
    breaks(law, unanswered().written(&outcome(Outcome::Failed { error: fault.clone() })));
    let holds = Finding::Holds { detail: "it runs".into() };
    let verified = like(first, Body::Verified { plan: plan.clone(), step, finding: holds });
    let finished = |ending| like(first, Body::Finished { plan: plan.clone(), ending });
    breaks(law, unanswered().written(&verified));
    let settlement = Settlement::NotDone { detail: "as before".into() };
    let settled = like(first, Body::Settled { plan: plan.clone(), step, settlement });
    breaks(law, unanswered().written(&settled));
    breaks(law, unanswered().written(&finished(Ending::Verified)));
    breaks(law, unanswered().written(&finished(Ending::Stopped { step, why: "left".into() })));
    unanswered().written(&finished(Ending::Unknown { step, why: "left".into() })).unwrap();
    let mut read = unanswered();
    read.read(call.scope());
    read.written(&settled).unwrap();
    read.written(&verified).unwrap();
    read.written(&finished(Ending::Verified)).unwrap();
}

/// The fold of a history in which the launch ends as given.
fn folded(bodies: &[Body]) -> Incident {
    let mut incident = Incident::default();
    let from = before(is_launch);
    let launch = honest().iter().find(|entry| is_launch(&entry.body)).unwrap();
    from.iter().chain([launch]).for_each(|entry| incident.fold(entry));
    bodies.iter().for_each(|body| incident.fold(&like(launch, body.clone())));
    incident
}

#[test]
fn a_screen_that_hides_an_unknown_outcome_is_seen() {
    let (plan, step, _) = launch();
    let error = Fault::TimedOut { after_ms: 1 };
    let unknown = Body::Outcome { plan: plan.clone(), step, outcome: Outcome::Unknown { error } };
    let ended = |ending| Body::Finished { plan: plan.clone(), ending };
    assert_eq!(unknown_is_said(&folded(std::slice::from_ref(&unknown))).unwrap(), 0, "under way");
    let honest = ended(Ending::Unknown { step, why: String::new() });
    assert_eq!(unknown_is_said(&folded(&[unknown.clone(), honest])).unwrap(), 1);
    for ending in [Ending::Verified, Ending::Stopped { step, why: String::new() }] {
        let history = [unknown.clone(), ended(ending.clone())];
        breaks(Law::UnknownStaysUnknown, unknown_is_said(&folded(&history)));
        breaks(Law::UnknownStaysUnknown, unknown_is_said(&folded(&[ended(ending)])));
    }
}

/// A strand of the honest history.
fn strand() -> Strand {
    let mut strand = Strand::new(session());
    honest().iter().for_each(|entry| strand.append(entry, &Seen::new()));
    strand.acknowledged = strand.lines.len() as u64;
    strand
}

#[test]
fn a_log_that_does_not_verify_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(format!("{}.jsonl", session()));
    let strand = strand();
    let check = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        (verifies(dir.path(), [&strand].into_iter()), holds_when_cut(&file, bytes))
    };
    let (whole, cut) = check(&strand.bytes);
    whole.unwrap();
    cut.unwrap();
    // A torn line where none was torn, and a byte that is another.
    let (whole, cut) = check(&strand.bytes[..strand.bytes.len() - 7]);
    breaks(Law::LogVerifies, whole);
    cut.unwrap();
    let mut changed = strand.bytes.clone();
    let note = changed.windows(4).position(|bytes| bytes == b"prod").unwrap();
    changed[note] = b'P';
    let (whole, cut) = check(&changed);
    breaks(Law::LogVerifies, whole);
    breaks(Law::LogVerifies, cut);
}

#[test]
fn an_acknowledged_entry_that_is_missing_is_seen() {
    let strand = strand();
    acknowledged(&strand, honest().iter()).unwrap();
    breaks(Law::AcknowledgedIsInTheLog, acknowledged(&strand, honest().iter().skip(1)));
    let short = honest().iter().take(honest().len() - 1);
    breaks(Law::AcknowledgedIsInTheLog, acknowledged(&strand, short));
}

#[test]
fn a_screen_that_differs_from_the_log_is_seen() {
    let law = Law::LogIsTheScreen;
    let mut log = Incident::default();
    honest().iter().for_each(|entry| log.fold(entry));
    let differs = |change: fn(&mut Incident)| {
        let mut screen = log.clone();
        change(&mut screen);
        same_screen(&log, &screen, &session())
    };
    differs(|_| {}).unwrap();
    breaks(law, differs(|screen| drop(screen.rows.pop_first())));
    breaks(law, differs(|screen| drop(screen.operations.pop_first())));
    breaks(law, differs(|screen| drop(screen.probes.pop_first())));
    breaks(law, differs(|screen| screen.declarations.push(declaration())));
    breaks(law, differs(|screen| screen.rows.values_mut().for_each(|seen| seen.by = SessionId("x".into()))));
    let mut less = log.clone();
    less.rows.pop_last();
    breaks(law, same_screen(&less, &log, &session()));
}

#[test]
fn a_checkpoint_that_is_not_what_was_folded_is_seen() {
    let mut log = Incident::default();
    honest().iter().for_each(|entry| log.fold(entry));
    let (first, rest) = honest().split_at(honest().len() / 2);
    let mut half = Incident::default();
    first.iter().for_each(|entry| half.fold(entry));
    let opened = |kept: &Incident, after: &[Entry], arrival| {
        same_fold(&log, &Kept::of(kept, Vec::new()).opened(after), arrival)
    };
    let law = Law::CheckpointIsTheLog;
    for arrival in [Arrival::InOrder, Arrival::SomeLate] {
        opened(&half, rest, arrival).unwrap();
        breaks(law, opened(&half, &rest[1..], arrival));
        for forget in [
            |kept: &mut Incident| drop(kept.rows.pop_first()),
            |kept: &mut Incident| drop(kept.operations.pop_first()),
            |kept: &mut Incident| drop(kept.sessions.pop_first()),
            |kept: &mut Incident| drop(kept.cells.pop_first()),
        ] {
            let mut kept = half.clone();
            forget(&mut kept);
            breaks(law, opened(&kept, rest, arrival));
        }
    }
    // Since when it has been so is excused where something came late, and nowhere else.
    let mut kept = log.clone();
    kept.cells.values_mut().for_each(|cell| cell.since = cell.last_attempt + SignedDuration::from_secs(1));
    opened(&kept, &[], Arrival::SomeLate).unwrap();
    breaks(law, opened(&kept, &[], Arrival::InOrder));
}

#[test]
fn a_time_that_goes_back_is_seen() {
    let entry = &honest()[1];
    goes_on(entry, entry.ts).unwrap();
    breaks(Law::TimeGoesOn, goes_on(entry, entry.ts + SignedDuration::from_micros(1)));
}

#[test]
fn what_stands_under_a_profiles_name_is_seen() {
    let mut log = Incident::default();
    honest().iter().for_each(|entry| log.fold(entry));
    stands_once(&log).unwrap();
    let unverified = |place: &blackstart::incident::place::Place| {
        let mut place = place.clone();
        place.scope.account = Account::unverified(&Profile("prod".into()));
        place
    };
    let (place, cell) = log.cells.iter().next().unwrap();
    let mut with_cell = log.clone();
    with_cell.cells.insert(unverified(place), cell.clone());
    breaks(Law::OneEstate, stands_once(&with_cell));
    let (key, row) = log.rows.iter().next().unwrap();
    let mut with_row = log.clone();
    with_row.rows.insert(unverified(&key.place).key(key.kind, key.id.clone()), row.clone());
    breaks(Law::OneEstate, stands_once(&with_row));
}

fn declaration() -> blackstart::incident::Declaration {
    blackstart::incident::Declaration {
        title: "dark".into(),
        since: honest()[0].ts,
        by: "adam".into(),
        closed: None,
    }
}

#[test]
fn a_log_that_differs_is_seen_and_a_panic_is_a_breach() {
    breaks(Law::SameSeedSameLog, same_log(b"one line\n", b"one lime\n"));
    breaks(Law::SameSeedSameLog, same_log(b"one line\n", b"one"));
    same_log(b"one line\n", b"one line\n").unwrap();
    // A directory that is not there makes the ending panic.
    let nowhere = std::path::Path::new("/nowhere/at/all");
    breaks(Law::NeverPanics, play(1, &Outage::of(1), nowhere, false).0);
}

#[test]
fn a_replayed_seed_tells_the_same_night_and_another_seed_another() {
    let log = |seed: u64| {
        let dir = tempfile::tempdir().unwrap();
        play(seed, &Outage::of(seed), dir.path(), false).0.unwrap()
    };
    assert_eq!(log(7), log(7));
    assert_ne!(log(7), log(8));
    judge(0, &Outage::of(0)).0.unwrap();
}

#[test]
fn a_cockpit_that_was_told_nothing_shows_nothing() {
    let scenario = Outage::of(1).scenario;
    let app = App::new(opening(&scenario, "adam", Mode::Live, scenario.start), scenario.start);
    assert_eq!(Evidence::default().green(&app, app.now, true).unwrap(), (0, 0));
    assert_eq!(unknown_is_said(&app.incident).unwrap(), 0);
}
