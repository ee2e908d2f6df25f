//! Tests of [`super`]: a file of their own, for length.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::super::chain::Seen;
use super::super::fixtures::{line, note, observed};
use super::*;
use crate::incident::entry::{Ending, Finding};
use crate::incident::place::{Account, Profile, Region, Scope};
use crate::incident::plan::{Action, Risk};
use crate::incident::request::{Call, Done};
use crate::incident::settlement::Settlement;

fn scope() -> Scope {
    Scope::new(Account("123456789012".into()), Region::global())
}

fn plan(number: u32) -> Plan {
    Plan {
        action: Action::MaintenanceOn { site: "www".into(), via: None },
        session: SessionId("adam".into()),
        number,
        made: Timestamp::UNIX_EPOCH,
        title: "www: maintenance | on".into(),
        scope: scope(),
        profile: Profile::ambient(),
        resources: vec![],
        risk: Risk::Disruptive,
        confirm: "www".into(),
        changes: vec![],
        effects: vec![],
        warnings: vec![],
        grounds: vec![],
        control_planes: vec![],
        steps: vec![],
        undo: String::new(),
        inverse: vec![],
        hash: PlanHash(String::new()),
    }
    .sealed()
}

fn incident() -> Vec<Line> {
    let (done, shown) = (plan(1), plan(2));
    let hash = done.hash.clone();
    let call = Call::Terminate { scope: scope(), instance: "i-1".into() };
    let bodies = vec![
        (0, Body::Declared { title: "apex down".into() }),
        (5, observed()),
        (10, note("RDS logs\u{1b}[2J frozen, \"since\" 23:00\nall of them")),
        (20, Body::Proposed { plan: Box::new(shown) }),
        (21, Body::Proposed { plan: Box::new(done) }),
        (30, Body::Confirmed { plan: hash.clone(), typed: "www".into() }),
        (31, Body::Intent { plan: hash.clone(), step: 0, call }),
        (33, Body::Outcome { plan: hash.clone(), step: 0, outcome: Outcome::Ok { done: Done::Accepted } }),
        (
            74,
            Body::Verified {
                plan: hash.clone(),
                step: 0,
                finding: Finding::Holds { detail: "INSYNC".into() },
            },
        ),
        (75, Body::Finished { plan: hash, ending: Ending::Verified }),
        (2520, Body::Closed { summary: "back".into() }),
    ];
    bodies
        .into_iter()
        .enumerate()
        .map(|(seq, (second, body))| line("adam", seq as u64, second, body, Seen::new()))
        .collect()
}

fn sentence(entry: &Entry) -> Sentence {
    let text = {
        match &entry.body {
            Body::Note { text } => format!("note {text}"),
            body => body.kind().to_owned(),
        }
    };
    let bookkeeping =
        matches!(entry.body, Body::Observed { .. } | Body::Heartbeat { .. } | Body::Identified { .. });
    let by_itself = matches!(entry.body, Body::Probed { .. });
    Sentence { text, is_story: !bookkeeping, by_itself }
}

fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> String {
    let mut out = Vec::new();
    write(&mut out).unwrap();
    String::from_utf8(out).unwrap()
}

#[test]
fn show_is_a_line_per_entry_of_the_story_whatever_a_note_holds() {
    let mut lines = incident();
    lines[2].sound = false;
    let story = written(|out| show(&lines, false, &sentence, out));
    assert_eq!(story.lines().count(), lines.len() - 1);
    assert!(!story.contains('\u{1b}') && !story.contains("heartbeat"));
    let second = story.lines().nth(1).unwrap();
    assert!(second.starts_with("2012-10-22 23:00:10Z  adam  note "), "{second}");
    assert!(second.contains("unproven"), "{second}");
    let all = written(|out| show(&lines, true, &sentence, out));
    assert!(all.contains("heartbeat"));
}

#[test]
fn json_export_is_the_strands_lines() {
    let lines = incident();
    let text = written(|out| export(&lines, Format::Json, &sentence, out));
    let read: Vec<Line> = text.lines().map(|l| Line::parse(l.as_bytes()).unwrap()).collect();
    assert_eq!(read, lines);
}

#[test]
fn csv_export_quotes() {
    let text = written(|out| export(&incident(), Format::Csv, &sentence, out));
    assert_eq!(text.lines().count(), incident().len() + 1);
    let row = text.lines().nth(3).unwrap();
    assert!(
        row.contains(",note,\"note RDS logs [2J frozen, \"\"since\"\" 23:00 all of them\",true,"),
        "{row}"
    );
}

#[test]
fn the_report_has_spans_actions_with_durations_and_notes() {
    let text = written(|out| report(&incident(), &sentence, out));
    assert!(text.starts_with("# apex down\n"), "{text}");
    assert!(text.contains("| 42 min 00 s | back |"), "{text}");
    let row = text.lines().find(|l| l.starts_with("| www: maintenance \\| on")).unwrap();
    assert!(row.contains("| ok | 2.0 s | 41.0 s | verified |"), "{row}");
    assert!(text.contains("\n1 plan was shown and not carried out."), "{text}");
    assert!(text.contains("\n## Notes\n\n- 2012-10-22 23:00:10Z **adam** RDS logs"), "{text}");
    assert!(!text.contains("unproven"));
}

#[test]
fn what_was_observed_is_nobodys_doing() {
    let evidence = crate::incident::cell::Evidence::new(crate::incident::cell::Verdict::Refused, "tcp", 3);
    let subject = crate::incident::cell::ProbeSubject::Site("www".into());
    let mut lines = incident();
    lines.push(line("root", 0, 3000, Body::Probed { subject, evidence }, Seen::new()));
    let text = written(|out| report(&lines, &sentence, out));
    assert!(text.contains("- 2012-10-22 23:50:00Z _observed_ probed"), "{text}");
    assert!(!text.contains("**root**"), "{text}");
    let text = written(|out| show(&lines, false, &sentence, out));
    assert!(text.lines().last().unwrap().starts_with("2012-10-22 23:50:00Z  -     probed"), "{text}");
}

#[test]
fn an_action_without_an_end_says_so() {
    let lines = &incident()[..7];
    let text = written(|out| report(lines, &sentence, out));
    assert!(text.contains("no end in the log: verify what it did"), "{text}");
    assert!(text.contains("| sent, outcome unknown |"), "{text}");
    assert!(text.contains("still open"), "{text}");
}

#[test]
fn an_unknown_action_says_that_it_was_sent_and_who_looked_again() {
    let mut lines = incident()[..7].to_vec();
    let plan = plan(1).hash;
    let error = crate::incident::fault::Fault::TimedOut { after_ms: 9_000 };
    let outcome = Outcome::Unknown { error };
    lines.push(line("adam", 7, 40, Body::Outcome { plan: plan.clone(), step: 0, outcome }, Seen::new()));
    let ending = Ending::Unknown { step: 0, why: "no answer".into() };
    lines.push(line("adam", 8, 160, Body::Finished { plan: plan.clone(), ending }, Seen::new()));
    let row = |lines: &[Line]| {
        let text = written(|out| report(lines, &sentence, out));
        text.lines().find(|l| l.starts_with("| www: maintenance \\| on")).unwrap().to_owned()
    };
    assert!(row(&lines).contains("| sent, outcome unknown | 9.0 s | — | unknown |"), "{}", row(&lines));
    let settled = |seq, second, settlement| {
        line("daniel", seq, second, Body::Settled { plan: plan.clone(), step: 0, settlement }, Seen::new())
    };
    lines.push(settled(0, 3600, Settlement::NotDone { detail: "as | before".into() }));
    let found = "| unknown; daniel looked again 2012-10-23 00:00:00Z: not done: as \\| before |";
    assert!(row(&lines).contains(found), "{}", row(&lines));
    // Who looks later and learns nothing takes nothing back.
    lines.push(settled(1, 3700, Settlement::Unknown { detail: "it cannot be read".into() }));
    assert!(row(&lines).contains(found), "{}", row(&lines));
}

#[test]
fn what_broke_off_and_was_looked_at_needs_no_verifying_any_more() {
    let row = |settlement: Settlement| {
        let mut lines = incident()[..7].to_vec();
        let body = Body::Settled { plan: plan(1).hash, step: 0, settlement };
        lines.push(line("daniel", 0, 3600, body, Seen::new()));
        let text = written(|out| report(&lines, &sentence, out));
        text.lines().find(|l| l.starts_with("| www: maintenance \\| on")).unwrap().to_owned()
    };
    let found = row(Settlement::Verified { detail: "as planned".into() });
    let words = "| no end in the log; daniel looked again 2012-10-23 00:00:00Z: verified: as planned |";
    assert!(found.contains(words), "{found}");
    let found = row(Settlement::Unknown { detail: "it cannot be read".into() });
    assert!(found.contains("| no end in the log: verify what it did; daniel looked again"), "{found}");
    assert!(found.contains(": unknown: it cannot be read |"), "{found}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    struct Closed;
    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let lines = incident();
    show(&lines, true, &sentence, &mut Closed).unwrap();
    report(&lines, &sentence, &mut Closed).unwrap();
    export(&lines, Format::Csv, &sentence, &mut Closed).unwrap();
    export(&lines, Format::Json, &sentence, &mut Closed).unwrap();
}
