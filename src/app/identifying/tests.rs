//! Credentials that change under a running cockpit: the same account's, or another's.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::app::message::Message;
use crate::app::turns::tests::{Desk, place};
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

// --- presumed ---

const ADAMS: &str = "20120629T000000Z-adam@jump-7";

/// A cockpit on a logbook that knows the profile, before it starts.
fn remembering(profiles: &[(&str, &str)], regions: &[&str]) -> Desk {
    let mut desk = Desk::unstarted(regions);
    let names: Vec<&str> = profiles.iter().map(|(name, _)| *name).collect();
    desk.app.opening.profiles = names.iter().map(|name| Profile((*name).into())).collect();
    desk.app = App::new(desk.app.opening.clone(), desk.now);
    let known = profiles.iter().filter(|(_, account)| !account.is_empty());
    let mut bodies = vec![Body::Opened {
        version: "0".into(),
        estate: "e".into(),
        mode: Mode::Live,
        pid: 1,
        regions: Vec::new(),
        sites: Vec::new(),
        continues: None,
        command: None,
    }];
    bodies.extend(known.map(|(name, account)| Body::Identified {
        profile: Profile((*name).into()),
        account: Account((*account).into()),
        arn: "arn".into(),
    }));
    for (seq, body) in bodies.into_iter().enumerate() {
        desk.app.remember([&crate::incident::entry::Entry {
            v: 1,
            seq: seq as u64,
            ts: desk.now - SignedDuration::from_hours(2),
            mono_ms: 0,
            session: crate::incident::entry::SessionId(ADAMS.into()),
            actor: desk.app.opening.actor.clone(),
            body,
        }]);
    }
    desk
}

fn recorded(effects: &[Effect]) -> Vec<Body> {
    let entries = effects.iter().filter_map(|effect| match effect {
        Effect::Record(entry) => Some(entry.body.clone()),
        _ => None,
    });
    entries.collect()
}

#[test]
fn the_first_frame_knows_the_account_and_the_strand_tells_it_by_the_profile() {
    let mut desk = remembering(&[("prod", OURS)], &["us-east-1"]);
    let ours = Account(OURS.into());
    assert_eq!(desk.app.accounts, [(ours.clone(), profile())]);
    assert_eq!(desk.app.account_standing(&ours), Standing::Presumed);
    assert_eq!(desk.app.account_words(&ours), format!("{OURS} (presumed)"));
    assert!(desk.app.schedule.keys().all(|place| place.scope.account == ours));
    let effects = desk.take(Message::Start);
    let told = recorded(&effects);
    assert!(matches!(&told[1], Body::Presumed { account, error: None, .. } if *account == ours), "{told:?}");
    // The world is asked about no number that STS has not given.
    for effect in &effects {
        if let Effect::Sweep(_, sweep) = effect {
            assert_eq!(sweep.place.scope.account, Account::unverified(&profile()));
        }
    }
    desk.answer_all(|_| 1);
    assert!(desk.app.incident.cells.keys().all(|place| place.scope.account == ours));
    assert_eq!(desk.app.incident.cells.len(), 5);
    // STS is asked all the same; that it does not answer is told once.
    let ticket = asks(&effects)[0];
    let silent = || Err(Fault::TimedOut { after_ms: 12_000 });
    let told = recorded(&desk.take(Message::Answered(ticket, silent())));
    assert!(matches!(&told[..], [Body::Presumed { error: Some(_), .. }]), "{told:?}");
    let ticket = asks(&tick(&mut desk, 90))[0];
    assert!(recorded(&desk.take(Message::Answered(ticket, silent()))).is_empty());
    let ticket = asks(&tick(&mut desk, 90))[0];
    let schedule: Vec<Place> = desk.app.schedule.keys().cloned().collect();
    desk.take(Message::Answered(ticket, identity(OURS)));
    assert_eq!(desk.app.account_standing(&ours), Standing::Verified);
    assert_eq!(desk.app.schedule.keys().cloned().collect::<Vec<_>>(), schedule);
    assert!(asks(&tick(&mut desk, 90)).is_empty());
}

#[test]
fn of_two_profiles_the_one_that_was_presumed_wrongly_moves_alone() {
    // The second was the same account by another name.
    let mut desk = remembering(&[("prod", OURS), ("ops", OURS)], &["us-east-1"]);
    let effects = desk.take(Message::Start);
    assert_eq!(desk.app.schedule.len(), 5, "one estate is asked once");
    let by: BTreeMap<Profile, Ticket> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(ticket, profile, Query::Identity { .. }) => Some((profile.clone(), *ticket)),
            _ => None,
        })
        .collect();
    desk.answer_all(|_| 1);
    desk.take(Message::Answered(by[&profile()], identity(OTHERS)));
    assert_eq!(desk.app.account_standing(&Account(OTHERS.into())), Standing::Verified);
    assert_eq!(desk.app.account_standing(&Account(OURS.into())), Standing::Presumed);
    assert_eq!(desk.app.schedule.len(), 10);
    let effects = tick(&mut desk, 1);
    assert_eq!(sweeps(&effects), 10, "all of it is read again");
    // Whoever asks for ours asks with the credentials that are left for it.
    for effect in &effects {
        if let Effect::Sweep(_, sweep) = effect {
            let others = sweep.place.scope.account.0 == OTHERS;
            assert_eq!(sweep.profile.0, if others { "prod" } else { "ops" });
        }
    }
    desk.take(Message::Answered(by[&Profile("ops".into())], identity(OURS)));
    assert_eq!(desk.app.account_standing(&Account(OURS.into())), Standing::Verified);
}

#[test]
fn a_profile_that_the_logbook_does_not_know_goes_by_its_name() {
    let mut desk = remembering(&[("prod", ""), ("ops", OURS)], &["us-east-1"]);
    desk.take(Message::Start);
    let unknown = Account::unverified(&profile());
    assert_eq!(desk.app.account_standing(&unknown), Standing::Unknown);
    assert_eq!(desk.app.account_standing(&Account(OURS.into())), Standing::Presumed);
}

// --- an STS that is dark ---

/// Plays on for so many seconds; every question for an identity fails at once. Gives the regions that were asked.
fn play_in_the_dark(desk: &mut Desk, seconds: i64) -> Vec<String> {
    let mut asked = Vec::new();
    for _ in 0..seconds {
        let effects = tick(desk, 1);
        for effect in &effects {
            if let Effect::Ask(ticket, _, Query::Identity { region, .. }) = effect {
                asked.push(region.clone());
                desk.take(Message::Answered(*ticket, Err(Fault::Dark { detail: "refused".into() })));
            }
        }
        desk.answer_all(|_| 1);
    }
    asked
}

#[test]
fn an_sts_that_is_dark_is_asked_every_quarter_of_a_minute_while_somebody_looks() {
    for (mode, asked) in [(Mode::Live, 19..=21), (Mode::Record, 5..=6)] {
        let mut desk = Desk::unstarted(&["us-east-1"]);
        desk.app.opening.mode = mode;
        let first = asks(&desk.take(Message::Start))[0];
        desk.take(Message::Answered(first, Err(Fault::TimedOut { after_ms: 12_000 })));
        let count = play_in_the_dark(&mut desk, 300).len();
        assert!(asked.contains(&count), "{mode:?}: {count}");
    }
}

#[test]
fn a_cell_that_is_back_has_sts_asked_at_once_and_that_of_its_region_first() {
    let mut desk = Desk::unstarted(&["us-east-1", "us-west-2"]);
    desk.app.opening.mode = Mode::Record;
    let first = asks(&desk.take(Message::Start))[0];
    desk.take(Message::Answered(first, Err(Fault::TimedOut { after_ms: 12_000 })));
    let dark = |desk: &mut Desk| {
        let waiting: Vec<Ticket> = desk.app.schedule.values().filter_map(|s| Some(s.in_flight?.0)).collect();
        for ticket in waiting {
            desk.take(Message::Swept(ticket, Err(Fault::Dark { detail: "refused".into() })));
        }
    };
    for _ in 0..100 {
        let effects = tick(&mut desk, 1);
        for ticket in asks(&effects) {
            desk.take(Message::Answered(ticket, Err(Fault::Dark { detail: "refused".into() })));
        }
        dark(&mut desk);
    }
    while desk.app.identifying.due[&profile()].duration_since(desk.now).as_secs() < 30 {
        let effects = tick(&mut desk, 1);
        for ticket in asks(&effects) {
            desk.take(Message::Answered(ticket, Err(Fault::Dark { detail: "refused".into() })));
        }
        dark(&mut desk);
    }
    let west = place("us-west-2", Service::Elb);
    desk.app.refresh_place(&west);
    tick(&mut desk, 1);
    let ticket = desk.ticket(&west);
    desk.take(Message::Swept(ticket, Ok(())));
    let effects = tick(&mut desk, 1);
    let region = effects.iter().find_map(|effect| match effect {
        Effect::Ask(_, _, Query::Identity { region, .. }) => Some(region.as_str()),
        _ => None,
    });
    assert_eq!(region, Some("us-west-2"));
}

#[test]
fn an_sts_that_hangs_is_told_a_minute_after_it_was_asked_in_an_empty_logbook_too() {
    let mut desk = Desk::new(&["us-east-1"]);
    let asked = desk.now;
    desk.answer_all(|_| 1);
    let mut ticket = *desk.app.identifying.in_flight.keys().next().unwrap();
    let told = |desk: &Desk| {
        let mut story = desk.app.incident.story.iter();
        story.find(|event| event.kind == "unidentified").map(|event| (event.ts, event.text.clone()))
    };
    for second in 1..=120 {
        if let Some(next) = asks(&tick(&mut desk, 1)).first() {
            ticket = *next;
        }
        desk.answer_all(|_| 1);
        if second % 25 == 0 {
            desk.take(Message::Answered(ticket, Err(Fault::TimedOut { after_ms: 25_000 })));
        }
    }
    let (at, text) = told(&desk).expect("it is told");
    assert_eq!(at.duration_since(asked).as_secs(), TOLD_AFTER_S);
    assert!(text.starts_with(&format!("STS timeout since {}", asked.strftime("%H:%M:%S"))), "{text}");
}
