//! Credentials that change under a running cockpit: the same account's, or another's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::app::message::Message;
use crate::app::turns::tests::Desk;
use crate::incident::place::Service;

const OURS: &str = "111122223333";
const OTHERS: &str = "444455556666";

fn profile() -> Profile {
    Profile("prod".into())
}

/// The questions for an identity among effects.
fn asks(effects: &[Effect]) -> Vec<Ticket> {
    effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(ticket, _, Query::Identity { .. }) => Some(*ticket),
            _ => None,
        })
        .collect()
}

fn identity(account: &str) -> Result<Answer, Fault> {
    Ok(Answer::Identity { account: Account(account.into()), arn: format!("arn:aws:iam::{account}:user/x") })
}

/// A cockpit whose account is known; what it asked is answered.
fn desk() -> Desk {
    let mut desk = Desk::new(&["us-east-1"]);
    // The first identity is asked for with the first sweeps.
    let ticket = *desk.app.identifying.in_flight.keys().next().unwrap();
    desk.take(Message::Answered(ticket, identity(OURS)));
    desk.take(Message::Access(profile(), Access { generation: 1, ..Access::default() }));
    desk.answer_all(|_| 1);
    desk
}

/// A second later.
fn tick(desk: &mut Desk, seconds: i64) -> Vec<Effect> {
    desk.now += SignedDuration::from_secs(seconds);
    desk.take(Message::Tick)
}

fn sweeps(effects: &[Effect]) -> usize {
    effects.iter().filter(|effect| matches!(effect, Effect::Sweep(..))).count()
}

#[test]
fn renewed_credentials_are_asked_whose_they_are_and_nothing_waits_for_it() {
    let mut desk = desk();
    assert!(asks(&tick(&mut desk, 1)).is_empty(), "they are known");
    desk.take(Message::Access(profile(), Access { generation: 2, ..Access::default() }));
    let ticket = asks(&tick(&mut desk, 1))[0];
    assert_eq!(desk.app.actions_off(), None);
    assert!(sweeps(&tick(&mut desk, 60)) > 0, "sweeps go on while STS thinks");
    let entries = desk.app.incident.entries;
    desk.take(Message::Answered(ticket, identity(OURS)));
    assert_eq!(desk.app.incident.entries, entries, "the same account is no news");
    assert!(asks(&tick(&mut desk, 120)).is_empty());
}

#[test]
fn anothers_credentials_are_used_for_nothing_until_ours_are_back() {
    let mut desk = desk();
    desk.take(Message::Access(profile(), Access { generation: 2, ..Access::default() }));
    let ticket = asks(&tick(&mut desk, 1))[0];
    desk.take(Message::Answered(ticket, identity(OTHERS)));
    let why = desk.app.actions_off().unwrap();
    assert!(why.contains(OTHERS) && why.contains(OURS) && why.contains("log in"), "{why}");
    for (place, cell) in &desk.app.incident.cells {
        assert_eq!(place.scope.account.0, OURS);
        assert_eq!(cell.fault().unwrap().word(), "bad creds", "{place}");
    }
    assert_eq!(desk.app.incident.cells.len(), 5);
    let effects = tick(&mut desk, 120);
    assert_eq!(sweeps(&effects), 0, "its rows would be shown as ours");
    // It is asked again and again, so that a right login is noticed.
    let ticket = asks(&effects)[0];
    desk.take(Message::Answered(ticket, identity(OURS)));
    assert_eq!(desk.app.actions_off(), None);
    let effects = tick(&mut desk, 1);
    assert_eq!(sweeps(&effects), Service::REGIONAL.len() + 1);
}

#[test]
fn an_sts_that_is_dark_stops_nothing() {
    let mut desk = desk();
    desk.take(Message::Access(profile(), Access { generation: 2, ..Access::default() }));
    let ticket = asks(&tick(&mut desk, 1))[0];
    desk.take(Message::Answered(ticket, Err(Fault::TimedOut { after_ms: 12_000 })));
    assert_eq!(desk.app.actions_off(), None);
    let effects = tick(&mut desk, 90);
    assert!(sweeps(&effects) > 0);
    assert_eq!(asks(&effects).len(), 1, "and is asked again");
}
