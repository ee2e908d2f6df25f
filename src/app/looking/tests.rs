//! What a run that looks once waits for, and what it does not.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::app::message::Message;
use crate::app::turns::tests::{Desk, place};
use crate::incident::cell::SweepStatus;
use crate::incident::entry::{Body, ENTRY_VERSION, Entry, Mode, SessionId};
use crate::incident::fault::Fault;
use jiff::SignedDuration;

const REGION: &str = "us-east-1";

/// A run that looks once, on a logbook where eve's cockpit said this of EC2 so many seconds ago.
fn beside_eve(status: SweepStatus, seconds: i64, leaves: bool) -> Desk {
    let mut desk = Desk::unstarted(&[REGION]);
    desk.app.opening.looks_only = true;
    desk.app.opening.shares = false;
    let mut bodies = vec![
        Body::Opened {
            version: "0".into(),
            estate: "e".into(),
            mode: Mode::Live,
            pid: 1,
            regions: Vec::new(),
            sites: Vec::new(),
            continues: None,
            command: None,
        },
        Body::Observed {
            place: place(REGION, Service::Ec2),
            status: Some(status),
            changed: Vec::new(),
            gone: Vec::new(),
        },
    ];
    if leaves {
        bodies.push(Body::Left { reason: "quit".into() });
    }
    for (seq, body) in bodies.into_iter().enumerate() {
        desk.app.remember([&Entry {
            v: ENTRY_VERSION,
            seq: seq as u64,
            ts: desk.now - SignedDuration::from_secs(seconds),
            mono_ms: 0,
            session: SessionId("eve".into()),
            actor: desk.app.opening.actor.clone(),
            body,
        }]);
    }
    desk
}

/// Seconds after which it has seen enough, where everything but EC2 answers at once; at most 30.
fn waits(desk: &mut Desk) -> i64 {
    let ec2 = place(REGION, Service::Ec2);
    desk.take(Message::Start);
    let hanging = desk.app.schedule.get_mut(&ec2).unwrap().in_flight.take();
    desk.answer_all(|_| 1);
    desk.app.schedule.get_mut(&ec2).unwrap().in_flight = hanging;
    (0..30)
        .find(|_| {
            let enough = desk.app.seen_enough();
            desk.now += SignedDuration::from_secs(1);
            desk.take(Message::Tick);
            enough
        })
        .unwrap_or(30)
}

#[test]
fn what_a_cockpit_beside_finds_failing_is_not_waited_out() {
    let dark = || SweepStatus::Failed { error: Fault::TimedOut { after_ms: 12_000 } };
    let mut desk = beside_eve(dark(), 20, false);
    assert_eq!(waits(&mut desk), PATIENCE_S);
    let ec2 = place(REGION, Service::Ec2);
    assert_eq!(desk.app.found_failing_by(&ec2).map(Presence::who), Some("adam"));
    assert!(!desk.app.swept_once(), "whoever acts waits for an answer of its own");
    // Its own answer is the newer one.
    let ticket = desk.ticket(&ec2);
    desk.take(Message::Swept(ticket, Ok(())));
    assert_eq!(desk.app.found_failing_by(&ec2).map(Presence::who), None);
    // What was long ago, by somebody who left, or what only does not answer us, is waited for.
    for (status, seconds, leaves) in
        [(dark(), 300, false), (dark(), 20, true), (SweepStatus::Ok { latency_ms: 1 }, 20, false)]
    {
        assert_eq!(
            waits(&mut beside_eve(status.clone(), seconds, leaves)),
            30,
            "{status:?} {seconds} {leaves}"
        );
    }
}
