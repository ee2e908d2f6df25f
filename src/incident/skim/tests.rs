//! The fold with rows unread against the fold of every entry.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::incident::cell::{Evidence, ProbeSubject, SweepStatus, Verdict};
use crate::incident::entry::{Actor, ENTRY_VERSION};
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Place, Profile};
use crate::incident::resource::Resource;
use crate::incident::timeline::{Author, Stamp};
use proptest::prelude::*;
use serde_json::json;

const NUMBER: &str = "123456789012";

fn place(account: &str, service: &str) -> Place {
    format!("aws/{account}/us-east-1/{service}").parse().unwrap()
}

fn instance(account: &str, id: usize, name: usize) -> Resource {
    let key = format!("{}/instance/i-{id}", place(account, "ec2"));
    let row = json!({"kind": "instance", "key": key, "name": format!("web-{name}"), "state": "running",
        "instance_type": "t1.micro", "zone": "us-east-1a", "image": "ami-1", "launched": null,
        "tags": {"a]}": "\"},{\"", "kind": "observed"}});
    serde_json::from_value(row).unwrap()
}

fn database(account: &str, id: usize, status: usize) -> Resource {
    let key = format!("{}/database/db-{id}", place(account, "rds"));
    let status = ["available", "storage-full"][status % 2];
    let row = json!({"kind": "database", "key": key, "engine": "postgres", "engine_version": "9", "class": "m1",
        "status": status, "multi_az": false, "storage_gib": 1,
        "encrypted": false, "backup_retention_days": 0, "security_groups": [], "publicly_accessible": false,
        "deletion_protection": false});
    serde_json::from_value(row).unwrap()
}

/// One thing that may be told: in few accounts, of few rows, so that they meet.
fn body() -> impl Strategy<Value = Body> {
    let account = prop_oneof![3 => Just(NUMBER), 1 => Just("~prod"), 1 => Just("210987654321")];
    (account, 0..12_usize, 0..4_usize, 0..3_usize, any::<bool>()).prop_map(
        |(account, what, id, value, more)| {
            let observed = |service: &str, status, changed, gone| {
                let place = place(account, service);
                Body::Observed { place, status, changed, gone }
            };
            let ok = || Some(SweepStatus::Ok { latency_ms: 7 });
            match what {
                0 => observed("ec2", None, vec![instance(account, id, value)], vec![]),
                1 => {
                    let rows = (0..=id).map(|id| instance(account, id, value)).collect();
                    observed("ec2", more.then(ok).flatten(), rows, vec![])
                }
                2 => {
                    let gone = vec![format!("instance/i-{id}"), "nonsense".into()];
                    let rows = vec![instance(account, value, value)];
                    observed("ec2", ok(), if more { rows } else { vec![] }, gone)
                }
                3 => observed("rds", None, vec![database(account, id, value)], vec![]),
                4 => {
                    let verdict = if more { Verdict::Answers } else { Verdict::Refused };
                    let key = database(account, id, 0).key().clone();
                    let subject = ProbeSubject::Database(key);
                    Body::Probed { subject, evidence: Evidence::new(verdict, "x", 1) }
                }
                5 => {
                    let keys =
                        [instance(account, id, 0).key().clone(), database(account, value, 0).key().clone()];
                    let words = more.then(|| "claims to run, refuses".to_owned());
                    Body::Disagreements { resources: keys.into_iter().map(|k| (k, words.clone())).collect() }
                }
                6 => {
                    let account = Account(if more { NUMBER } else { "210987654321" }.into());
                    Body::Identified { profile: Profile("prod".into()), account, arn: "arn".into() }
                }
                7 => {
                    let error = Fault::Dark { detail: "no route".into() };
                    observed("ec2", Some(SweepStatus::Failed { error }), vec![], vec![])
                }
                8 => {
                    let account = Account(if more { NUMBER } else { "210987654321" }.into());
                    let (said, to) = (Timestamp::UNIX_EPOCH, "eve".to_owned());
                    Body::Presumed { profile: Profile("prod".into()), account, said, to, error: None }
                }
                9 => Body::Left { reason: "quit".into() },
                10 => {
                    let before = SessionId(if more { "adam" } else { "eve" }.into());
                    Body::Reopened { before, why: "full".into(), lost: Vec::new() }
                }
                // A row that stands in another cell than its entry says.
                _ => observed("rds", None, vec![instance(account, id, value)], vec![]),
            }
        },
    )
}

/// Entries of two sessions, some at one moment and some late.
pub(crate) fn entries() -> impl Strategy<Value = Vec<Entry>> {
    let told = (body(), 0..2_usize, -3..5_i64);
    proptest::collection::vec(told, 1..60).prop_map(|told| {
        let mut second = 1_341_025_200;
        let told = told.into_iter().zip(0_u64..).map(|((body, who, pass), seq)| {
            second += pass;
            let who = ["adam", "eve"][who];
            let ts = Timestamp::from_second(second).unwrap();
            let actor = Actor { user: who.into(), uid: 1, host: "jump".into(), ssh_client: None, aws: None };
            let session = SessionId(who.into());
            Entry { v: ENTRY_VERSION, seq, ts, mono_ms: 0, session, actor, body }
        });
        told.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn at_every_moment_it_is_the_fold_of_the_entries(entries in entries()) {
        let timeline: Timeline = entries.iter().cloned().collect();
        let (mut skim, mut folded) = (Skim::default(), Incident::default());
        for (at, entry) in entries.iter().enumerate() {
            skim.fold(&timeline, at, Gist::of(timeline.body(at).unwrap()).unwrap());
            folded.fold(entry);
            prop_assert_eq!(&skim.read(&timeline).0, &folded, "after {:?}", entry);
        }
    }

    #[test]
    fn a_row_that_cannot_be_read_stays_as_it_was_before_and_is_told_of(entries in entries()) {
        let timeline = of_a_later_version(&entries);
        let (mut skim, mut folded, mut met) = (Skim::default(), Incident::default(), BTreeSet::new());
        for at in 0..timeline.len() {
            if let Some(gist) = timeline.body(at).and_then(Gist::of) {
                skim.fold(&timeline, at, gist);
            }
            if let Some((entry, unreadable)) = timeline.entry_in_part(at) {
                folded.fold(&entry);
                met.extend(unreadable);
            }
            let (read, told) = skim.read(&timeline);
            prop_assert_eq!(&read, &folded, "after entry {}", at);
            prop_assert!(told.iter().all(|row| met.contains(row)), "{:?}", told);
            // Whose newest sight is one.
            let newest = met.iter().filter(|row| {
                let shown = folded.rows.get(&row.key.parse().unwrap());
                shown.is_none_or(|shown| shown.changed < entries[usize::try_from(row.seq).unwrap()].ts)
                    && !folded.gone.contains_key(&row.key.parse().unwrap())
            });
            for row in newest {
                prop_assert!(told.iter().any(|said| said.key == row.key), "{} is not told of", row.key);
            }
        }
    }
}

/// The entries, with what a later version might write of some instances: a name that is a list.
fn of_a_later_version(entries: &[Entry]) -> Timeline {
    let mut timeline = Timeline::default();
    for entry in entries {
        let text = serde_json::to_string(&entry.body).unwrap();
        let text = text.replace(r#""name":"web-2""#, r#""name":["web",2]"#).into_bytes();
        let author = Author { v: entry.v, session: entry.session.clone(), actor: entry.actor.clone() };
        let author = timeline.author(&author);
        // What is no entry at all is left out where a strand is read.
        let Some(gist) = Gist::of(&text) else { continue };
        let length = text.len();
        let text = timeline.keep(text);
        let stamp = Stamp { ts: entry.ts, seq: entry.seq, mono_ms: 0, author };
        timeline.push(stamp, text, 0..length, &gist);
    }
    timeline
}

#[test]
fn rows_that_are_told_of_again_are_not_read() {
    let ts = |second: i64| Timestamp::from_second(1_341_025_200 + second).unwrap();
    let actor = Actor { user: "adam".into(), uid: 1, host: "jump".into(), ssh_client: None, aws: None };
    let told = (0..100_i64).map(|n| Entry {
        v: ENTRY_VERSION,
        seq: n.unsigned_abs(),
        ts: ts(n),
        mono_ms: 0,
        session: SessionId("adam".into()),
        actor: actor.clone(),
        body: Body::Observed {
            place: place(NUMBER, "ec2"),
            status: None,
            changed: vec![instance(NUMBER, usize::try_from(n % 3).unwrap(), 1)],
            gone: Vec::new(),
        },
    });
    let timeline: Timeline = told.collect();
    let mut skim = Skim::default();
    for at in 0..timeline.len() {
        skim.fold(&timeline, at, Gist::of(timeline.body(at).unwrap()).unwrap());
    }
    assert!(skim.incident.rows.is_empty());
    assert_eq!(skim.unread.iter().flatten().map(|sight| sight.at).collect::<Vec<_>>(), [99, 97, 98]);
    assert_eq!(skim.read(&timeline).0.rows.len(), 3);
}
