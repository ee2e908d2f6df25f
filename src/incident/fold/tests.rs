//! What two sessions say of one cell.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::incident::cell::{Evidence, READ_ELSEWHERE_S, Verdict};
use crate::incident::entry::{ENTRY_VERSION, Mode};
use crate::incident::fault::Fault;

const PLACE: &str = "aws/123456789012/us-east-1/ec2";

fn says(incident: &mut Incident, who: &str, second: i64, body: Body) {
    let ts = Timestamp::from_second(1_341_025_200 + second).unwrap();
    let actor = Actor { user: who.into(), uid: 1, host: "jump-1".into(), ssh_client: None, aws: None };
    let entry =
        Entry { v: ENTRY_VERSION, seq: 0, ts, mono_ms: 0, session: SessionId(who.into()), actor, body };
    incident.fold(&entry);
}

fn swept(status: SweepStatus) -> Body {
    let place = PLACE.parse().unwrap();
    Body::Observed { place, status: Some(status), changed: Vec::new(), gone: Vec::new() }
}

fn read() -> Body {
    swept(SweepStatus::Ok { latency_ms: 5 })
}

fn dark() -> Body {
    swept(SweepStatus::Failed { error: Fault::Dark { detail: "no route".into() } })
}

fn beat(second: i64, failing: bool) -> Body {
    let one =
        BTreeMap::from([(PLACE.parse().unwrap(), Timestamp::from_second(1_341_025_200 + second).unwrap())]);
    let (fresh, failing) = if failing { (BTreeMap::new(), one) } else { (one, BTreeMap::new()) };
    Body::Heartbeat { fresh, failing }
}

fn cell(incident: &Incident) -> &Cell {
    &incident.cells[&PLACE.parse::<Place>().unwrap()]
}

#[test]
fn one_session_that_cannot_read_does_not_darken_what_another_has_just_read() {
    let mut incident = Incident::default();
    says(&mut incident, "adam", 0, read());
    says(&mut incident, "eve", 10, dark());
    assert!(cell(&incident).is_ok());
    assert_eq!(cell(&incident).by, Some(SessionId("adam".into())));
    // Whoever read it says so: it is dark.
    says(&mut incident, "adam", 15, dark());
    assert!(!cell(&incident).is_ok());
    // And where nobody has read it for a while, anybody's word stands.
    says(&mut incident, "adam", 20, read());
    says(&mut incident, "eve", 20 + READ_ELSEWHERE_S + 1, dark());
    assert!(!cell(&incident).is_ok());
}

#[test]
fn what_was_read_by_one_who_has_left_says_nothing_against_a_failing_since() {
    let mut incident = Incident::default();
    let opened = Body::Opened {
        version: String::new(),
        estate: String::new(),
        mode: Mode::Live,
        pid: 1,
        regions: Vec::new(),
        sites: Vec::new(),
        continues: None,
        command: None,
    };
    says(&mut incident, "adam", 0, opened);
    says(&mut incident, "adam", 1, read());
    says(&mut incident, "adam", 2, Body::Left { reason: "done".into() });
    says(&mut incident, "eve", 10, dark());
    assert!(!cell(&incident).is_ok());
}

#[test]
fn a_command_is_one_line_of_the_story_and_what_writes_one_is_none() {
    let told = |command: &str, body: Body, reason: &str| {
        let mut incident = Incident::default();
        let opened = Body::Opened {
            version: "0.1.0".into(),
            estate: String::new(),
            mode: Mode::Live,
            pid: 1,
            regions: Vec::new(),
            sites: Vec::new(),
            continues: None,
            command: Some(command.into()),
        };
        for (second, body) in (0..).zip([opened, body, Body::Left { reason: reason.into() }]) {
            says(&mut incident, "adam", second, body);
        }
        assert_eq!(incident.entries, 3, "all of them are kept");
        incident.story.into_iter().map(|event| event.text).collect::<Vec<_>>()
    };
    assert_eq!(told("do", read(), "done"), ["ran blackstart do (0.1.0)"]);
    assert_eq!(told("do", read(), "SIGTERM"), ["ran blackstart do (0.1.0)", "left (SIGTERM)"]);
    let note = Body::Note { text: "frozen".into() };
    assert_eq!(told("note", note, "done"), ["note: frozen"]);
    let declared = Body::Declared { title: "down".into() };
    assert_eq!(told("declare", declared, "done"), ["declared incident \"down\""]);
}

#[test]
fn a_heartbeat_says_who_read_and_outlives_an_older_failing() {
    let mut incident = Incident::default();
    says(&mut incident, "adam", 0, read());
    says(&mut incident, "eve", 60, dark());
    says(&mut incident, "adam", 70, beat(65, false));
    assert!(cell(&incident).is_ok());
    assert_eq!(cell(&incident).last_ok.unwrap().as_second(), 1_341_025_200 + 65);
    says(&mut incident, "eve", 71, beat(68, false));
    assert_eq!(cell(&incident).by, Some(SessionId("eve".into())));
    // One that arrives late changes nothing.
    says(&mut incident, "adam", 72, beat(66, false));
    assert_eq!(cell(&incident).by, Some(SessionId("eve".into())));
    says(&mut incident, "eve", 100, dark());
    says(&mut incident, "eve", 130, beat(125, true));
    assert!(!cell(&incident).is_ok());
    assert_eq!(cell(&incident).last_attempt.as_second(), 1_341_025_200 + 125);
}

#[test]
fn a_reading_that_is_heard_of_late_says_how_old_the_rows_are() {
    let told = |late: Body, second: i64| {
        let mut incident = Incident::default();
        says(&mut incident, "eve", 100, dark());
        // What a checkpoint kept, or a cockpit has read, when a strand was behind the others.
        let mut opened = Incident::from_checkpoint(incident.checkpoint(), None::<Seen>);
        says(&mut opened, "adam", second, late);
        cell(&opened).clone()
    };
    for late in [told(read(), 40), told(read(), 99)] {
        assert!(!late.is_ok(), "the newest word stands");
        assert_eq!(late.last_attempt.as_second(), 1_341_025_200 + 100);
        assert_eq!((late.failures, late.by), (1, Some(SessionId("eve".into()))));
    }
    assert_eq!(told(read(), 40).last_ok.map(Timestamp::as_second), Some(1_341_025_200 + 40));
    assert_eq!(told(beat(45, false), 101).last_ok.map(Timestamp::as_second), Some(1_341_025_200 + 45));
    assert_eq!(told(dark(), 40).last_ok, None, "it was never read");
}

#[test]
fn entries_written_before_there_was_record_are_read_as_they_were() {
    let opened = r#"{"v":1,"seq":0,"ts":"2012-06-30T03:00:00Z","mono_ms":0,"session":"adam","actor":{"user":"adam","uid":1,"host":"jump-1"},"kind":"opened","body":{"version":"0.1.0","estate":"e","mode":"live","pid":1,"regions":["us-east-1"]}}"#;
    let beat = r#"{"v":1,"seq":1,"ts":"2012-06-30T03:00:30Z","mono_ms":0,"session":"adam","actor":{"user":"adam","uid":1,"host":"jump-1"},"kind":"heartbeat","body":{"fresh":{"aws/123456789012/us-east-1/ec2":"2012-06-30T03:00:20Z"}}}"#;
    let mut incident = Incident::default();
    for line in [opened, beat] {
        incident.fold(&serde_json::from_str::<Entry>(line).unwrap());
    }
    let presence = incident.sessions.values().next().unwrap();
    assert_eq!((presence.who(), presence.regions.as_slice()), ("adam", ["us-east-1".to_owned()].as_slice()));
}

fn named(who: &str, account: &str) -> Body {
    let profile = Profile("prod".into());
    let arn = format!("arn:aws:iam::{account}:user/{who}");
    Body::Identified { profile, account: Account(account.into()), arn }
}

fn found(verdict: Verdict) -> Body {
    Body::Probed { subject: subject("~prod"), evidence: Evidence::new(verdict, "", 1) }
}

fn subject(account: &str) -> ProbeSubject {
    ProbeSubject::Database(format!("aws/{account}/us-east-1/rds/database/orders").parse().unwrap())
}

#[test]
fn evidence_of_a_session_whose_account_is_not_known_is_no_evidence_on_anothers() {
    let mut incident = Incident::default();
    says(&mut incident, "adam", 0, found(Verdict::Refused));
    // Her profile has the same name; whose account it is, nobody knows yet.
    says(&mut incident, "eve", 1, found(Verdict::Answers));
    says(&mut incident, "adam", 2, named("adam", "123456789012"));
    let verdict = |incident: &Incident, account| incident.probes[&subject(account)].evidence.verdict;
    assert_eq!(verdict(&incident, "123456789012"), Verdict::Refused);
    assert_eq!(verdict(&incident, "~prod"), Verdict::Answers);
    says(&mut incident, "eve", 3, named("eve", "999999999999"));
    assert_eq!(verdict(&incident, "123456789012"), Verdict::Refused);
    assert_eq!(verdict(&incident, "999999999999"), Verdict::Answers);
    assert!(!incident.probes.contains_key(&subject("~prod")));
}

#[test]
fn in_whichever_order_sessions_are_heard_the_same_evidence_stands() {
    type Told = (&'static str, i64, Body);
    let adam: [Told; 2] = [("adam", 1, found(Verdict::Refused)), ("adam", 2, named("adam", "123456789012"))];
    let eve: [Told; 2] = [("eve", 0, found(Verdict::Silent)), ("eve", 3, found(Verdict::Answers))];
    let probes = |told: [&Told; 4]| {
        let mut incident = Incident::default();
        told.into_iter().for_each(|(who, at, body)| says(&mut incident, who, *at, body.clone()));
        incident.probes.into_iter().map(|(subject, it)| (subject, it.at, it.evidence)).collect::<Vec<_>>()
    };
    let first = probes([&adam[0], &adam[1], &eve[0], &eve[1]]);
    assert_eq!(first.len(), 2);
    assert_eq!(probes([&eve[0], &eve[1], &adam[0], &adam[1]]), first);
    assert_eq!(probes([&eve[0], &adam[0], &adam[1], &eve[1]]), first);
    assert_eq!(probes([&adam[0], &eve[0], &eve[1], &adam[1]]), first);
}

#[test]
fn of_two_that_look_at_the_same_moment_the_same_one_stands_in_whichever_order_they_are_heard() {
    let told = [("adam", found(Verdict::Refused)), ("eve", found(Verdict::Answers))];
    let verdict = |order: [usize; 2]| {
        let mut incident = Incident::default();
        for (who, body) in order.map(|which| &told[which]) {
            says(&mut incident, who, 1, body.clone());
        }
        incident.probes[&subject("~prod")].evidence.verdict
    };
    assert_eq!(verdict([0, 1]), verdict([1, 0]));
}

#[test]
fn of_two_incidents_declared_at_once_every_screen_knows_the_same_one_as_the_newest() {
    let declared = |title: &str| Body::Declared { title: title.into() };
    let told = |order: [(&str, i64); 2]| {
        let mut incident = Incident::default();
        for (who, second) in order {
            says(&mut incident, who, second, declared("dark"));
        }
        incident.declarations
    };
    assert_eq!(told([("adam", 4), ("eve", 5)]), told([("eve", 5), ("adam", 4)]));
    assert_eq!(told([("adam", 4), ("eve", 4)]), told([("eve", 4), ("adam", 4)]));
}

#[test]
fn an_answer_that_is_told_late_proves_all_the_same_that_the_path_worked() {
    let subject = ProbeSubject::Site("www".into());
    let found = |verdict| Body::Probed { subject: subject.clone(), evidence: Evidence::new(verdict, "", 1) };
    let told = |late: bool| {
        let mut incident = Incident::default();
        let mut entries = [("adam", 1, Verdict::Answers), ("eve", 2, Verdict::TimedOut)];
        if late {
            entries.reverse();
        }
        for (who, second, verdict) in entries {
            says(&mut incident, who, second, found(verdict));
        }
        incident.probes.remove(&subject).unwrap()
    };
    assert!(told(false).contradicts());
    assert_eq!(told(true), told(false));
}
