//! A cockpit of the night: the process, what its writer has been asked for, how its disk and its life may end.

use super::invariants::{Evidence, Unknowns};
use super::strand::Written;
use blackstart::app::App;
use blackstart::app::message::Ticket;
use blackstart::incident::cell::ProbeSubject;
use blackstart::incident::entry::{Entry, SessionId};
use blackstart::incident::hash::PlanHash;
use blackstart::incident::place::{Key, Kind, Place, Profile, Scope};
use blackstart::logbook::Seen;
use blackstart::run::Hand;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::Duration;

/// What the writer of a cockpit is asked for.
pub enum Order {
    Write(Box<Entry>),
    Reopen(SessionId),
}

/// What a disk that refuses leaves of the line.
#[derive(Debug, Clone, Copy)]
pub enum Leaves {
    Nothing,
    Half,
    /// It was written, and then the fsync failed.
    All,
}

/// Where in the life of an entry a process is killed.
#[derive(Debug, Clone, Copy)]
pub enum Moment {
    BeforeWriting,
    Writing,
    Written,
    /// It heard that it is written, and did what follows.
    Acknowledged,
}

/// An entry at which something happens: the so many-th of a kind, or of all.
#[derive(Debug, Clone, Copy)]
pub struct At {
    pub kind: Option<&'static str>,
    pub nth: i64,
}

impl At {
    /// Counts an entry; whether it is the one.
    pub fn strikes(&mut self, entry: &Entry) -> bool {
        if self.kind.is_none_or(|kind| kind == entry.body.kind()) {
            self.nth -= 1;
        }
        self.nth == 0
    }
}

/// A sweep under way and what its pages held.
pub struct SweepUnderWay {
    pub place: Place,
    pub seen: BTreeSet<(Kind, String)>,
}

/// One process.
pub struct Seat {
    pub app: App,
    /// Its time, and what the machine's monotonic clock showed when it began.
    pub hand: Hand,
    pub since: Duration,
    pub person: usize,
    /// Its strand, by its place in the night's; a reopened logbook is another one.
    pub strand: usize,
    pub own: BTreeSet<usize>,
    pub alive: bool,
    /// It has left and only its writer still works.
    pub leaving: bool,
    pub orders: VecDeque<Order>,
    pub writing: bool,
    /// Milliseconds that a line takes to the disk.
    pub disk_ms: i64,
    pub refuses: Option<(At, Leaves)>,
    pub broken: bool,
    /// Its disk refused at some time: its screen knows more than the log.
    pub ever_broken: bool,
    pub dies: Option<(At, Moment)>,
    // What it reads of the others.
    pub look_ms: i64,
    pub looking: bool,
    pub cursors: Vec<usize>,
    pub heads: Seen,
    // What it waits for.
    pub sweeps: BTreeMap<Ticket, SweepUnderWay>,
    pub probes: BTreeMap<Ticket, ProbeSubject>,
    pub asked: BTreeMap<Ticket, Scope>,
    pub identifying: BTreeMap<Ticket, Profile>,
    pub calls: BTreeMap<Ticket, (PlanHash, usize, Scope)>,
    // What the checks know of it.
    pub evidence: Evidence,
    /// The newest moment that an entry speaks of which it was told.
    pub told_until: Timestamp,
    pub unknowns: Unknowns,
    pub keys: Vec<Key>,
}

impl Seat {
    pub fn new(app: App, person: usize, strand: usize, (hand, since): (Hand, Duration)) -> Self {
        Self {
            app,
            hand,
            since,
            person,
            strand,
            own: BTreeSet::from([strand]),
            alive: true,
            leaving: false,
            orders: VecDeque::new(),
            writing: false,
            disk_ms: 2,
            refuses: None,
            broken: false,
            ever_broken: false,
            dies: None,
            look_ms: 200,
            looking: false,
            cursors: Vec::new(),
            heads: Seen::new(),
            sweeps: BTreeMap::new(),
            probes: BTreeMap::new(),
            asked: BTreeMap::new(),
            identifying: BTreeMap::new(),
            calls: BTreeMap::new(),
            evidence: Evidence::default(),
            told_until: Timestamp::MIN,
            unknowns: Unknowns::default(),
            keys: Vec::new(),
        }
    }

    /// An entry of somebody, written at that moment of the true time.
    pub fn told(&mut self, entry: &Entry, at: Timestamp) {
        self.told_until = self.told_until.max(entry.ts);
        self.evidence.told(entry, at);
    }

    /// What it has not read yet of a strand; it counts as read from now on.
    pub fn catch_up(&mut self, strand: usize, lines: &[Written]) -> Vec<Entry> {
        if self.cursors.len() <= strand {
            self.cursors.resize(strand + 1, 0);
        }
        let from = std::mem::replace(&mut self.cursors[strand], lines.len());
        if let Some(last) = lines.last() {
            self.heads.insert(last.entry.session.clone(), last.head.clone());
        }
        lines[from..].iter().map(|line| line.entry.clone()).collect()
    }

    /// The rows that went since this was last asked.
    pub fn vanished(&mut self) -> Vec<Key> {
        let rows = &self.app.incident.rows;
        if rows.len() == self.keys.len() && rows.keys().eq(&self.keys) {
            return Vec::new();
        }
        let before = std::mem::replace(&mut self.keys, rows.keys().cloned().collect());
        before.into_iter().filter(|key| !rows.contains_key(key)).collect()
    }
}
