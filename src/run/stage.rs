//! The stage: the same `update` and the same simulated world under virtual time, without a runtime.
//!
//! A twelve-hour incident runs in milliseconds, and twice to the same log. The demo's history, the screenshots and the
//! tests are made on it. Refuses to know AWS, a disk or a terminal.

use crate::app::App;
use crate::app::keys::KeySequence;
use crate::app::message::{Effect, Message, Stamped};
use crate::cloud::sim::World;
use crate::incident::entry::Entry;
use crate::incident::request::{Reply, Request};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// A cockpit on a simulated world under virtual time.
#[derive(Debug)]
pub struct Stage {
    /// The cockpit.
    pub app: App,
    /// The world.
    pub world: World,
    /// What the cockpit recorded, in order.
    pub entries: Vec<Entry>,
    /// What it copied.
    pub copied: Vec<String>,
    /// Calls that reached the world, in order.
    pub performed: Vec<crate::incident::request::Call>,
    now: Timestamp,
    origin: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Message>,
    counter: u64,
    next_tick: Timestamp,
}

impl Stage {
    /// Raises the curtain at a moment of the world.
    #[must_use]
    pub fn new(app: App, world: World, at: Timestamp) -> Self {
        let mut stage = Self {
            app,
            world,
            entries: Vec::new(),
            copied: Vec::new(),
            performed: Vec::new(),
            now: at,
            origin: at,
            queue: BTreeMap::new(),
            counter: 0,
            next_tick: at + SignedDuration::from_secs(1),
        };
        stage.take(Message::Start);
        stage
    }

    /// The virtual time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Plays on until a moment.
    pub fn run_until(&mut self, until: Timestamp) {
        loop {
            let next = self.queue.keys().next().map(|(at, _)| *at);
            match next {
                Some(at) if at <= until && at <= self.next_tick => {
                    if let Some((_, message)) = self.queue.pop_first() {
                        self.now = self.now.max(at);
                        self.take(message);
                    }
                }
                Some(_) | None if self.next_tick <= until => {
                    self.now = self.next_tick;
                    self.next_tick += SignedDuration::from_secs(1);
                    self.take(Message::Tick);
                }
                Some(_) | None => break,
            }
        }
        self.now = self.now.max(until);
    }

    /// Plays on for some seconds.
    pub fn run_for(&mut self, seconds: i64) {
        self.run_until(self.now + SignedDuration::from_secs(seconds));
    }

    /// Plays until something holds, at most for some seconds; whether it did.
    pub fn run_until_true(&mut self, seconds: i64, mut holds: impl FnMut(&App) -> bool) -> bool {
        for _ in 0..seconds {
            if holds(&self.app) {
                return true;
            }
            self.run_for(1);
        }
        holds(&self.app)
    }

    /// Presses keys in the keymap's own notation: `5a`, `/web<enter>`. What does not parse is typed as it stands.
    pub fn press(&mut self, keys: &str) {
        if let Ok(sequence) = keys.parse::<KeySequence>() {
            for key in sequence.0 {
                self.take(Message::Key(key));
            }
        }
    }

    /// Hands the cockpit a message at the present moment.
    pub fn take(&mut self, message: Message) {
        let mono_ms = u64::try_from(self.now.duration_since(self.origin).as_millis()).unwrap_or_default();
        for effect in self.app.update(Stamped { at: self.now, mono_ms, message }) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Sweep(ticket, sweep) => {
                let profile = sweep.profile.clone();
                let (reply, latency) = self.world.answer(self.now, &Request::Sweep(sweep));
                if let Reply::Swept { pages, end } = reply {
                    for page in pages {
                        self.later(latency, Message::Page(ticket, page));
                    }
                    let access = self.world.access(self.now, &profile);
                    self.later(latency, Message::Access(profile, access));
                    self.later(latency, Message::Swept(ticket, end));
                }
            }
            Effect::Ask(ticket, profile, query) => {
                let (reply, latency) = self.world.answer(self.now, &Request::Ask { profile, query });
                if let Reply::Answered(result) = reply {
                    self.later(latency, Message::Answered(ticket, result));
                }
            }
            Effect::Perform(ticket, profile, call) => {
                self.performed.push((*call).clone());
                let (reply, latency) = self.world.answer(self.now, &Request::Perform { profile, call });
                if let Reply::Performed(result) = reply {
                    self.later(latency, Message::Performed(ticket, result));
                }
            }
            Effect::Probe(ticket, probe) => {
                let (reply, latency) = self.world.answer(self.now, &Request::Probe(probe));
                if let Reply::Probed(evidence) = reply {
                    self.later(latency, Message::Probed(ticket, evidence));
                }
            }
            Effect::Record(entry) => {
                let seq = entry.seq;
                self.entries.push(*entry);
                self.later(std::time::Duration::ZERO, Message::Recorded(seq));
            }
            Effect::Copy(text) => {
                self.copied.push(text);
                self.later(std::time::Duration::ZERO, Message::Copied(Ok(())));
            }
            Effect::Reopen(session) => {
                self.later(std::time::Duration::ZERO, Message::Reopened(Ok(session)));
            }
            Effect::Continue(_) | Effect::Suspend | Effect::Quit => {}
        }
    }

    fn later(&mut self, latency: std::time::Duration, message: Message) {
        let shift = SignedDuration::try_from(latency).unwrap_or(SignedDuration::ZERO);
        let at = self.now.saturating_add(shift).unwrap_or(self.now);
        let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at);
        self.counter += 1;
        self.queue.insert((at, self.counter), message);
    }
}
