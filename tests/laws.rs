//! Laws that hold whatever is pressed and whatever arrives: no call without a recorded intent of a confirmed plan, no
//! call at all where actions are off, and the same rows from the same entries in any order of arrival.

use crate::crew::{Crew, opening, scenario};
use blackstart::app::commands::Command;
use blackstart::app::keys::{Key, KeyCode};
use blackstart::app::message::{Effect, Message, Stamped, Ticket};
use blackstart::app::{App, LogState, Overlay};
use blackstart::cloud::sim::World;
use blackstart::incident::Incident;
use blackstart::incident::cell::SweepStatus;
use blackstart::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, Mode, SessionId};
use blackstart::incident::fault::Fault;
use blackstart::incident::hash::PlanHash;
use blackstart::incident::operation::Standing;
use blackstart::incident::place::{Account, Kind, Place, Profile, Region, Scope, Service};
use blackstart::incident::plan::Action;
use blackstart::incident::request::{BalancerRef, Call, Reply, Request};
use blackstart::incident::resource::{HostedZone, Resource};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::OnceLock;

/// One thing that happens to a cockpit.
#[derive(Debug, Clone)]
enum Move {
    Key(Key),
    /// Types the text that the plan on the screen asks for, and Enter.
    ConfirmAsAsked,
    /// A command from the palette.
    Palette(usize),
    Act(usize),
    /// A confirmation from outside, of the plan on the screen if there is one.
    Confirm(bool),
    Recorded(u64),
    RecordFailed,
    Paste,
    /// Answers so many of the oldest things asked for, as the world does.
    Answer(u8),
    /// A call comes back that may have been done.
    Lost,
    Wait(u8),
    Stray(u64),
}

fn a_move() -> impl Strategy<Value = Move> {
    let typed = prop_oneof![
        4 => proptest::sample::select("123456mmaaarrtou+-nDjkgG/s:?yqR ".chars().collect::<Vec<_>>()).prop_map(Key::char),
        3 => Just(Key::plain(KeyCode::Enter)),
        1 => Just(Key::plain(KeyCode::Esc)),
        1 => Just(Key::plain(KeyCode::Tab)),
        1 => Just(Key::plain(KeyCode::Down)),
        1 => any::<char>().prop_map(Key::char),
    ];
    prop_oneof![
        12 => typed.prop_map(Move::Key),
        5 => Just(Move::ConfirmAsAsked),
        2 => (0..Command::ALL.len()).prop_map(Move::Palette),
        3 => (0..6_usize).prop_map(Move::Act),
        2 => any::<bool>().prop_map(Move::Confirm),
        2 => (0..400_u64).prop_map(Move::Recorded),
        1 => Just(Move::RecordFailed),
        1 => Just(Move::Paste),
        10 => (1..12_u8).prop_map(Move::Answer),
        2 => Just(Move::Lost),
        3 => (1..70_u8).prop_map(Move::Wait),
        1 => (0..2000_u64).prop_map(Move::Stray),
    ]
}

/// A cockpit that has read everything once, and the world it read.
fn ready(mode: Mode) -> (App, World, Timestamp) {
    static READY: OnceLock<(App, World, Timestamp)> = OnceLock::new();
    let (app, world, now) = READY.get_or_init(|| {
        let mut crew = Crew::alone("2012-storm");
        let app = crew.seats.remove(0).app;
        (app, crew.world, crew.now)
    });
    let mut app = app.clone();
    app.opening.mode = mode;
    (app, world.clone(), *now)
}

/// Plays moves and keeps everything that the cockpit asked for.
struct Table {
    app: App,
    world: World,
    now: Timestamp,
    pending: VecDeque<Effect>,
    all: Vec<Effect>,
    /// Numbers of entries that the disk has.
    recorded: BTreeSet<u64>,
}

impl Table {
    fn new((app, world, now): (App, World, Timestamp)) -> Self {
        Self { app, world, now, pending: VecDeque::new(), all: Vec::new(), recorded: BTreeSet::new() }
    }

    fn take(&mut self, message: Message) -> Result<(), TestCaseError> {
        if let Message::Recorded(seq) = &message {
            self.recorded.insert(*seq);
        }
        let mode_allows = self.app.actions_off().is_none();
        let effects = self.app.update(Stamped { at: self.now, mono_ms: 0, message });
        for effect in effects {
            if let Effect::Perform(_, _, call) = &effect {
                prop_assert!(mode_allows, "a call where actions are off: {call:?}");
                self.announced(call)?;
            }
            self.all.push(effect.clone());
            self.pending.push_back(effect);
        }
        Ok(())
    }

    /// The call's intent is on disk, and before it the confirmation of the very plan that has it as a step.
    fn announced(&self, call: &Call) -> Result<(), TestCaseError> {
        let entries: Vec<&Entry> = self
            .all
            .iter()
            .filter_map(|effect| match effect {
                Effect::Record(entry) => Some(&**entry),
                _ => None,
            })
            .collect();
        let intent = entries.iter().rev().find_map(|entry| match &entry.body {
            Body::Intent { plan, step, call: announced } if announced == call => {
                Some((entry.seq, plan, *step))
            }
            _ => None,
        });
        let Some((seq, plan, step)) = intent else {
            return Err(TestCaseError::fail(format!("no intent announces {call:?}")));
        };
        prop_assert!(self.recorded.iter().any(|on_disk| *on_disk >= seq), "the intent is not on disk yet");
        let confirmed = entries.iter().any(|entry| {
            entry.seq < seq && matches!(&entry.body, Body::Confirmed { plan: hash, .. } if hash == plan)
        });
        prop_assert!(confirmed, "nobody confirmed the plan of {call:?}");
        let proposed = entries.iter().find_map(|entry| match &entry.body {
            Body::Proposed { plan: shown } if shown.hash == *plan => Some((**shown).clone()),
            _ => None,
        });
        let Some(proposed) = proposed else { return Err(TestCaseError::fail("the plan was never shown")) };
        prop_assert_eq!(proposed.computed_hash(), plan.clone());
        prop_assert_eq!(proposed.steps[step].call.operation(), call.operation());
        prop_assert_eq!(proposed.steps[step].call.scope(), call.scope());
        Ok(())
    }

    fn play(&mut self, it: &Move) -> Result<(), TestCaseError> {
        match it {
            Move::Key(key) => self.take(Message::Key(*key)),
            Move::ConfirmAsAsked => {
                let text =
                    self.app.ready_plan().map_or_else(|| "www".to_owned(), |plan| plan.confirm.clone());
                for key in text.chars().map(Key::char).chain([Key::plain(KeyCode::Enter)]) {
                    self.take(Message::Key(key))?;
                }
                Ok(())
            }
            Move::Palette(at) => {
                self.app.overlays.clear();
                self.take(Message::Key(Key::char(':')))?;
                for key in Command::ALL[*at].id().chars().map(Key::char) {
                    self.take(Message::Key(key))?;
                }
                if matches!(Command::ALL[*at], Command::Quit) {
                    return Ok(());
                }
                self.take(Message::Key(Key::plain(KeyCode::Enter)))
            }
            Move::Act(which) => self.take(Message::Act(self.action(*which))),
            Move::Confirm(right) => {
                let plan = self.app.ready_plan().map(|plan| (plan.hash.clone(), plan.confirm.clone()));
                let (plan, typed) = plan.unwrap_or((PlanHash("0".into()), "www".into()));
                let typed = if *right { typed } else { "no".into() };
                self.take(Message::Confirm { plan, typed })
            }
            Move::Recorded(seq) => {
                // Only what was asked for can be on disk.
                let asked = self.all.iter().any(|e| matches!(e, Effect::Record(entry) if entry.seq == *seq));
                if asked { self.take(Message::Recorded(*seq)) } else { Ok(()) }
            }
            Move::RecordFailed => self.take(Message::RecordFailed("disk full".into())),
            Move::Paste => self.take(Message::Paste("www\n".into())),
            Move::Answer(count) => (0..*count).try_for_each(|_| self.answer(false)),
            Move::Lost => self.answer(true),
            Move::Wait(seconds) => {
                self.now += SignedDuration::from_secs(i64::from(*seconds));
                self.take(Message::Tick)
            }
            Move::Stray(ticket) => {
                let fault = Fault::TimedOut { after_ms: 5 };
                self.take(Message::Answered(Ticket(*ticket + 100_000), Err(fault.clone())))?;
                self.take(Message::Performed(Ticket(*ticket + 100_000), Err(fault)))
            }
        }
    }

    fn action(&self, which: usize) -> Action {
        let instances = self.app.incident.of_kind(Kind::Instance).map(|seen| seen.resource.key().clone());
        let instances: Vec<_> = instances.collect();
        let web = instances.iter().find(|key| key.region().0 == "us-east-1").unwrap().clone();
        let under = BalancerRef::Classic("web".into());
        match which {
            0 => Action::MaintenanceOn { site: "www".into(), via: None },
            1 => Action::MaintenanceOff { site: "www".into() },
            2 => Action::Apex { site: "www".into(), target: "west".into() },
            3 => Action::Relaunch { instances: vec![web] },
            4 => Action::Deregister { scope: web.scope().clone(), under, instances: vec![web.id] },
            _ => Action::Terminate { instance: web },
        }
    }

    fn answer(&mut self, lose: bool) -> Result<(), TestCaseError> {
        let Some(effect) = self.pending.pop_front() else { return Ok(()) };
        let now = self.now;
        match effect {
            Effect::Ask(ticket, profile, query) => {
                let Reply::Answered(result) = self.world.answer(now, &Request::Ask { profile, query }).0
                else {
                    return Ok(());
                };
                self.take(Message::Answered(ticket, result))
            }
            Effect::Perform(ticket, profile, call) => {
                let Reply::Performed(result) = self.world.answer(now, &Request::Perform { profile, call }).0
                else {
                    return Ok(());
                };
                let result = if lose { Err(Fault::TimedOut { after_ms: 5_000 }) } else { result };
                self.take(Message::Performed(ticket, result))
            }
            Effect::Record(entry) if self.app.log == LogState::Writing => {
                self.take(Message::Recorded(entry.seq))
            }
            Effect::Sweep(ticket, _) => {
                let fault = Fault::Throttled { code: "Throttling".into() };
                self.take(Message::Swept(ticket, Err(fault)))
            }
            Effect::Record(_)
            | Effect::Probe(..)
            | Effect::Copy(_)
            | Effect::Reopen(_)
            | Effect::Continue(_)
            | Effect::Suspend
            | Effect::Quit => Ok(()),
        }
    }

    fn calls(&self) -> usize {
        self.all.iter().filter(|effect| matches!(effect, Effect::Perform(..))).count()
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, max_shrink_iters: 200, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(config(60))]

    #[test]
    fn nothing_is_called_that_was_not_confirmed_and_written_down(
        moves in proptest::collection::vec(a_move(), 1..120),
    ) {
        let mut table = Table::new(ready(Mode::Demo));
        for it in &moves {
            table.play(it)?;
        }
    }

    #[test]
    fn where_actions_are_off_nothing_is_called(
        moves in proptest::collection::vec(a_move(), 1..120),
        which in 0..3_usize,
    ) {
        let mut table = Table::new(ready(if which == 0 { Mode::ReadOnly } else { Mode::Demo }));
        match which {
            0 => {}
            1 => table.app.log = LogState::Refused("no such directory".into()),
            _ => table.app.opening.looks_only = true,
        }
        for it in &moves {
            table.play(it)?;
        }
        prop_assert_eq!(table.calls(), 0);
        prop_assert!(table.app.executions.is_empty());
        if which > 0 {
            prop_assert!(!table.all.iter().any(|effect| matches!(effect, Effect::Record(_))));
        }
    }
}

#[test]
fn the_moves_of_these_laws_do_reach_the_world() {
    // A law about calls says nothing where no call is ever made.
    let mut table = Table::new(ready(Mode::Demo));
    for which in [0, 1, 2] {
        table.play(&Move::Act(which)).unwrap();
        for _ in 0..30 {
            table.play(&Move::Answer(10)).unwrap();
            if table.app.ready_plan().is_some() {
                table.play(&Move::ConfirmAsAsked).unwrap();
            }
            table.play(&Move::Wait(3)).unwrap();
        }
        assert!(!matches!(table.app.overlays.last(), Some(Overlay::Plan(_))), "{:?}", table.app.dialog());
        table.app.overlays.clear();
    }
    assert_eq!(table.calls(), 3);
    let incident = &table.app.incident;
    let standings: Vec<Standing> =
        incident.operations_in_order().iter().map(|op| op.standing(incident)).collect();
    assert_eq!(standings, [Standing::Verified, Standing::Verified, Standing::Verified]);
}

// --- two strands ---

const NUMBERS: [&str; 2] = ["111111111111", "222222222222"];

/// A strand of observations: what a session saw appear, change and go.
fn strand(session: usize, account: usize) -> impl Strategy<Value = Vec<Entry>> {
    let steps = proptest::collection::vec((0..4_usize, 0..3_i64, 0..9_i64, any::<bool>()), 1..14);
    (steps, proptest::option::of(0..2_usize)).prop_map(move |(steps, presumed)| {
        let actor =
            Actor { user: format!("u{session}"), uid: 1, host: "jump".into(), ssh_client: None, aws: None };
        let session = SessionId(format!("s{session}").into());
        let profile = Profile("prod".into());
        let (unverified, number) = (Account::unverified(&profile), Account(NUMBERS[account].into()));
        let mut verified = false;
        let mut at: Timestamp = "2012-06-30T03:00:00Z".parse().unwrap();
        let mut entries = Vec::new();
        let mut push = |at: Timestamp, body: Body| {
            let seq = u64::try_from(entries.len()).unwrap();
            let (session, actor) = (session.clone(), actor.clone());
            entries.push(Entry { v: ENTRY_VERSION, seq, ts: at, mono_ms: 0, session, actor, body });
        };
        if let Some(presumed) = presumed {
            let (profile, account) = (profile.clone(), Account(NUMBERS[presumed].into()));
            push(at, Body::Presumed { profile, account, said: at, to: "u9".into(), error: None });
        }
        for (what, id, wait, late) in steps {
            at += SignedDuration::from_secs(wait);
            let account = if verified && !late { number.clone() } else { unverified.clone() };
            let place = Scope::new(account, Region::global()).place(Service::Route53);
            let seen = |count: i64| zone(&place, id, count);
            let body = match what {
                0 if !verified => {
                    verified = true;
                    let (profile, account) = (profile.clone(), number.clone());
                    Body::Identified { profile, account, arn: "arn".into() }
                }
                1 => Body::Observed {
                    status: Some(SweepStatus::Ok { latency_ms: 1 }),
                    changed: Vec::new(),
                    gone: vec![format!("hosted-zone/Z{id}")],
                    place,
                },
                _ => Body::Observed {
                    status: None,
                    changed: vec![seen(at.as_second() % 100)],
                    gone: Vec::new(),
                    place,
                },
            };
            push(at, body);
        }
        if !verified {
            push(at, Body::Identified { profile, account: number, arn: "arn".into() });
        }
        entries
    })
}

fn zone(place: &Place, id: i64, count: i64) -> Resource {
    Resource::HostedZone(HostedZone {
        key: place.key(Kind::HostedZone, format!("Z{id}")),
        name: "example.com.".into(),
        private: false,
        record_count: Some(count),
        linked_service: None,
        name_servers: Vec::new(),
    })
}

/// Two strands woven together as the choices say, each in its own order.
fn woven(a: &[Entry], b: &[Entry], choices: &[bool]) -> Vec<Entry> {
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    let mut choices = choices.iter().cycle();
    let mut woven = Vec::new();
    while a.peek().is_some() || b.peek().is_some() {
        let first = if *choices.next().unwrap_or(&true) {
            a.next().or_else(|| b.next())
        } else {
            b.next().or_else(|| a.next())
        };
        woven.extend(first.cloned());
    }
    woven
}

fn rows(entries: &[Entry]) -> BTreeMap<String, (Resource, Timestamp, SessionId)> {
    let mut incident = Incident::default();
    entries.iter().for_each(|entry| incident.fold(entry));
    incident
        .rows
        .into_iter()
        .map(|(key, seen)| (key.to_string(), (seen.resource, seen.changed, seen.by)))
        .collect()
}

proptest! {
    #![proptest_config(config(1500))]

    #[test]
    fn two_strands_fold_to_the_same_rows_in_any_order_of_arrival(
        a in strand(0, 0),
        b in strand(1, 0),
        one in proptest::collection::vec(any::<bool>(), 1..30),
        two in proptest::collection::vec(any::<bool>(), 1..30),
    ) {
        // Both profiles turn out to be the same account, and both know it by the end.
        prop_assert_eq!(rows(&woven(&a, &b, &one)), rows(&woven(&a, &b, &two)));
    }

    #[test]
    fn so_do_those_of_two_accounts_with_profiles_of_one_name(
        a in strand(0, 0),
        b in strand(1, 1),
        one in proptest::collection::vec(any::<bool>(), 1..30),
        two in proptest::collection::vec(any::<bool>(), 1..30),
    ) {
        prop_assert_eq!(rows(&woven(&a, &b, &one)), rows(&woven(&a, &b, &two)));
    }

    #[test]
    fn no_strand_ever_relabels_anothers_rows(
        a in strand(0, 0),
        b in strand(1, 1),
        choices in proptest::collection::vec(any::<bool>(), 1..30),
    ) {
        for (key, (_, _, by)) in rows(&woven(&a, &b, &choices)) {
            let number = if by.0 == "s0" { NUMBERS[0] } else { NUMBERS[1] };
            prop_assert!(key.contains(number), "{key} was seen by {by}");
        }
    }
}

#[test]
fn what_opens_read_only_says_so_to_every_action() {
    let quiet = scenario("quiet", "");
    let mut crew = Crew::on(quiet.clone());
    crew.sit_with(opening(&quiet, "adam", Mode::ReadOnly, quiet.start));
    crew.run_for(20);
    for keys in ["m", "apage<enter>", "2r", "2t", "2+<enter>", "4-", "4+<enter>"] {
        crew.press(0, keys);
        let app = &crew.seats[0].app;
        let Some(Overlay::Plan(dialog)) = app.overlays.last() else { panic!("{keys}: {:?}", app.overlays) };
        let blackstart::app::Planning::Refused(refusal) = &dialog.planning else { panic!("{keys}") };
        assert!(refusal.why.contains("--read-only"), "{keys}: {refusal}");
        crew.press(0, "<esc><esc><esc>");
    }
    assert!(!crew.seats[0].effects.iter().any(|(_, effect)| matches!(effect, Effect::Perform(..))));
}
