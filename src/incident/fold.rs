//! The incident: what a screen can show, as a fold over entries.
//!
//! Live operation, another operator's moves, last night's state and replay are all this one fold. It refuses to fail:
//! an entry that makes no sense leaves the state as it was. Entries of several strands may arrive slightly out of
//! order, so every row, cell and finding keeps its own time and an older entry never replaces a newer one.

use super::cell::{Cell, ProbeSubject, Probed, SweepStatus};
use super::dns::Switch;
use super::entry::{Actor, Body, Entry, Mode, Outcome, SessionId};
use super::hash::PlanHash;
use super::operation::Operation;
use super::place::{Account, Key, Kind, Place, Profile};
use super::provisional::{Presumption, Provisional, Sight};
use super::resource::Resource;
use super::settlement::Settlement;
use super::story::{Event, describe};
use super::touched::Touched;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// A row, with when and by whom it was seen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// The row as last read.
    pub resource: Resource,
    /// When it was last read as different from before.
    pub changed: Timestamp,
    /// Which session read it.
    pub by: SessionId,
}

/// A cockpit on this logbook.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presence {
    /// Who.
    pub actor: Actor,
    /// Live, read-only, record, demo.
    pub mode: Mode,
    /// The command that it is, where it is no cockpit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    /// The codes of the regions that it watches.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<String>,
    /// Since when.
    pub opened: Timestamp,
    /// When it last wrote anything.
    pub last_heard: Timestamp,
    /// When it said goodbye.
    pub left: Option<Timestamp>,
}

impl Presence {
    /// The word for them: an operator's name, or that it only records.
    #[must_use]
    pub fn who(&self) -> &str {
        match self.mode {
            Mode::Live | Mode::ReadOnly | Mode::Demo | Mode::Replay => &self.actor.user,
            Mode::Record => self.mode.as_str(),
        }
    }
}

/// Whose credentials a profile holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Account number.
    pub account: Account,
    /// Caller's ARN.
    pub arn: String,
    /// When STS said so.
    pub at: Timestamp,
}

/// A declared incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Declaration {
    /// Its name.
    pub title: String,
    /// Since when.
    pub since: Timestamp,
    /// By whom.
    pub by: String,
    /// Until when; `None` while it lasts.
    pub closed: Option<Timestamp>,
}

/// Everything that entries say, folded.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Incident {
    /// Every (account, region, service) ever swept.
    pub cells: BTreeMap<Place, Cell>,
    /// Every row that AWS last said exists. Boxed: the nodes of a map are half empty, and a row is large.
    pub rows: BTreeMap<Key, Box<Seen>>,
    /// The newest evidence on every subject.
    pub probes: BTreeMap<ProbeSubject, Probed>,
    /// The newest change of ours to what each name answers.
    pub switches: BTreeMap<String, Switch>,
    /// Sites whose DNS servers contradict Route 53: since when, and how.
    pub disagreements: BTreeMap<String, (Timestamp, String)>,
    /// Resources whose claim evidence contradicts: since when, and how.
    pub lies: BTreeMap<Key, (Timestamp, String)>,
    /// Credentials that have ended, by who has them: since when.
    pub ended_credentials: BTreeMap<(SessionId, Profile), Timestamp>,
    /// Regions that alone refuse a session's credentials as expired: since when, and which.
    pub refusing_regions: BTreeMap<(SessionId, Profile), (Timestamp, Vec<String>)>,
    /// Profiles that STS names no account for and the logbook knows none, by whose they are: since when.
    pub unidentified: BTreeMap<(SessionId, Profile), Timestamp>,
    /// Clocks that are off, by whose machine's it is: since when, and how many seconds ahead of AWS's.
    pub skews: BTreeMap<SessionId, (Timestamp, i64)>,
    /// Cockpits, also those that left.
    pub sessions: BTreeMap<SessionId, Presence>,
    /// Which account each session's profiles are.
    pub identities: BTreeMap<(SessionId, Profile), Identity>,
    /// Which account each session takes a profile for that STS has not named to it.
    pub presumptions: BTreeMap<(SessionId, Profile), Presumption>,
    /// Plans and what became of them.
    pub operations: BTreeMap<PlanHash, Operation>,
    /// Declared incidents, oldest first.
    pub declarations: Vec<Declaration>,
    /// What people read: actions, notes, cells and probes that turned, oldest first.
    pub story: Vec<Event>,
    /// Entries folded.
    pub entries: u64,
    /// The time of the newest entry.
    pub latest: Option<Timestamp>,
    /// Rows that are gone, with when and by whom that was seen: an older sight of one, arriving late from another
    /// strand, does not bring it back.
    pub(super) gone: BTreeMap<Key, (Timestamp, SessionId)>,
    /// What each session told of an account that STS has not named to it.
    pub(super) provisional: Provisional,
    /// The newest entry folded of every session, by its sequence number: where whoever keeps this state goes on.
    pub(super) heads: BTreeMap<SessionId, u64>,
    pub(super) touched: Touched,
    /// Rows of which AWS itself says that something is wrong: looked for in every frame, so not among all rows.
    pub(super) troubled: BTreeSet<Key>,
}

impl Incident {
    /// Takes an entry in.
    pub fn fold(&mut self, entry: &Entry) {
        self.arrive(&entry.session, entry.seq, entry.ts);
        // The sentence is made before the state changes: "was dark, is ok again" needs the state of before.
        if let Some(event) = describe(self, entry) {
            let at = self.story.partition_point(|e| e.order() <= event.order());
            self.story.insert(at, event);
        }
        self.take(entry);
    }

    /// Notes that an entry came, whatever it says.
    pub(super) fn arrive(&mut self, session: &SessionId, seq: u64, ts: Timestamp) {
        self.entries += 1;
        match self.heads.get_mut(session) {
            Some(head) => *head = seq.max(*head),
            None => drop(self.heads.insert(session.clone(), seq)),
        }
        self.latest = self.latest.max(Some(ts));
        if let Some(session) = self.sessions.get_mut(session) {
            session.last_heard = session.last_heard.max(ts);
        }
    }

    fn take(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Opened { mode, regions, continues, command, .. } => {
                // A strand that is gone on from in another says no goodbye of its own.
                self.gone(continues.as_slice());
                if let Some(before) = continues {
                    self.hand_over(before, &entry.session);
                    self.carry_access(before, &entry.session);
                }
                self.sessions.insert(
                    entry.session.clone(),
                    Presence {
                        actor: entry.actor.clone(),
                        mode: *mode,
                        command: command.clone(),
                        regions: regions.clone(),
                        opened: entry.ts,
                        last_heard: entry.ts,
                        left: None,
                    },
                );
            }
            Body::Left { .. } => {
                if let Some(session) = self.sessions.get_mut(&entry.session) {
                    session.left = Some(entry.ts);
                }
                self.settle_all(&entry.session);
            }
            Body::Identified { profile, account, arn } => {
                let identity = Identity { account: account.clone(), arn: arn.clone(), at: entry.ts };
                self.identify(&entry.session, profile, identity);
                self.unidentified.remove(&(entry.session.clone(), profile.clone()));
            }
            Body::Presumed { profile, account, said, to, error } => {
                let presumption = Presumption {
                    account: account.clone(),
                    since: entry.ts,
                    said: *said,
                    to: to.clone(),
                    told: error.is_some(),
                };
                self.presume(&entry.session, profile, presumption);
            }
            Body::Observed { place, status, changed, gone } => {
                self.observe(entry, place, status.as_ref(), changed, gone);
            }
            Body::Heartbeat { fresh, failing } => {
                for (place, at) in fresh {
                    self.tell_cell(&entry.session, place, |cell| {
                        cell.map(|c| c.unchanged(&entry.session, *at))
                    });
                }
                for (place, at) in failing {
                    self.tell_cell(&entry.session, place, |cell| cell.map(|c| c.failing_still(*at)));
                }
            }
            Body::Failing { place } => {
                let at = entry.ts;
                self.tell_cell(&entry.session, place, |cell| cell.map(|c| c.failing_for_long(at)));
            }
            Body::Flapping { place, flapping } => {
                self.tell_cell(&entry.session, place, |cell| cell.map(|c| c.flaps(*flapping)));
            }
            Body::Probed { subject, evidence } => self.tell_probe(entry, subject, evidence),
            Body::Declared { title } => {
                let (since, by) = (entry.ts, entry.actor.user.clone());
                // Of two declared at the same time the later arrives first on the screen of whoever declared it.
                let at = self.declarations.partition_point(|d| (d.since, &d.by) <= (since, &by));
                self.declarations.insert(at, Declaration { title: title.clone(), since, by, closed: None });
            }
            Body::Closed { .. } => {
                if let Some(open) = self.declarations.iter_mut().rev().find(|d| d.closed.is_none()) {
                    open.closed = Some(entry.ts);
                }
            }
            Body::Proposed { plan } => {
                self.operations
                    .entry(plan.hash.clone())
                    .or_insert_with(|| Operation::proposed((**plan).clone(), entry));
            }
            Body::Undone { plan, by } => {
                if let Some(operation) = self.operations.get_mut(plan) {
                    operation.undone_by = Some(by.clone());
                }
            }
            Body::Approved { plan }
            | Body::Vetoed { plan, .. }
            | Body::Confirmed { plan, .. }
            | Body::Intent { plan, .. }
            | Body::Outcome { plan, .. }
            | Body::Verified { plan, .. }
            | Body::Finished { plan, .. }
            | Body::Settled { plan, .. } => {
                if let Some(operation) = self.operations.get_mut(plan) {
                    operation.take(entry);
                }
            }
            Body::InSync { plan, .. } => {
                if let Some(switch) = self.switches.values_mut().find(|switch| switch.plan == *plan) {
                    switch.in_sync.get_or_insert(entry.ts);
                }
            }
            Body::Disagreement { site, words: Some(words) } => {
                let since = self.disagreements.get(site).map_or(entry.ts, |(since, _)| *since);
                self.disagreements.insert(site.clone(), (since, words.clone()));
            }
            Body::Disagreement { site, words: None } => {
                self.disagreements.remove(site);
            }
            Body::Disagreements { resources } => {
                for (key, words) in resources {
                    self.tell_lie(entry, key, words.as_ref());
                }
            }
            // The strand of before will not say goodbye any more.
            Body::Reopened { before, .. } => {
                self.gone(std::slice::from_ref(before));
                self.hand_over(before, &entry.session);
                self.carry_access(before, &entry.session);
            }
            Body::Credentials { profile, ended, regions, taken_elsewhere } => {
                let alone = taken_elsewhere.then_some(regions.as_slice());
                self.turn_credentials(entry, profile, *ended, alone);
            }
            Body::Unidentified { profile, since, .. } => {
                self.unidentified.insert((entry.session.clone(), profile.clone()), *since);
            }
            Body::Skew { ahead_s } => self.turn_clock(entry, *ahead_s),
            Body::Refused { .. } | Body::Note { .. } | Body::Clock { .. } | Body::Recovered { .. } => {}
        }
        self.follow_switch(entry);
    }

    /// A batch that was called changes what its name answers; one that was refused changed nothing.
    fn follow_switch(&mut self, entry: &Entry) {
        if let Body::Intent { plan, step, call } = &entry.body
            && let Some((name, switch)) = Switch::announced(self, plan, *step, call, entry.ts)
        {
            self.switches.insert(name, switch);
        }
        if let Body::Settled { plan, settlement: Settlement::NotDone { .. }, .. } = &entry.body {
            self.revert_switch(plan);
        }
        if let Body::Outcome { plan, outcome, .. } = &entry.body
            && let Some(name) =
                self.switches.iter().find(|(_, s)| s.plan == *plan).map(|(name, _)| name.clone())
            && let Some(mut switch) = self.switches.remove(&name)
        {
            match outcome {
                Outcome::Ok { .. } | Outcome::Unknown { .. } => {
                    switch.at = entry.ts;
                    self.switches.insert(name, switch);
                }
                Outcome::Failed { .. } => {
                    self.switches.extend(switch.before.map(|before| (name, *before)));
                }
            }
        }
    }

    /// A batch that was not done after all changed nothing.
    fn revert_switch(&mut self, plan: &PlanHash) {
        let found = self.switches.iter().find(|(_, switch)| switch.plan == *plan);
        if let Some(name) = found.map(|(name, _)| name.clone())
            && let Some(switch) = self.switches.remove(&name)
        {
            self.switches.extend(switch.before.map(|before| (name, *before)));
        }
    }

    fn observe(
        &mut self,
        entry: &Entry,
        place: &Place,
        status: Option<&SweepStatus>,
        changed: &[Resource],
        gone: &[String],
    ) {
        let (at, by) = (entry.ts, &entry.session);
        let teller = self.teller(by, &place.scope.account);
        let resolved = self.resolve(by, place);
        for resource in changed {
            let mut resource = resource.clone();
            if resource.key().place != resolved {
                resource.key_mut().place = resolved.clone();
            }
            let key = resource.key().clone();
            self.tell(teller.as_ref(), key, Sight::There(Seen { resource, changed: at, by: by.clone() }));
        }
        for id in gone {
            let Some((kind, id)) = id.split_once('/') else {
                continue;
            };
            let Ok(kind) = kind.parse::<Kind>() else {
                continue;
            };
            self.tell(teller.as_ref(), resolved.key(kind, id), Sight::Gone(at, by.clone()));
        }
        if let Some(status) = status {
            // Lent for the moment: telling of a cell asks nothing of sessions.
            let sessions = std::mem::take(&mut self.sessions);
            let has_left = |by: &SessionId| sessions.get(by).is_some_and(|presence| presence.left.is_some());
            self.tell_cell(by, place, |cell| Some(Cell::swept(cell, entry, status, has_left)));
            self.sessions = sessions;
        }
    }

    /// Marks sessions whose process ended without a goodbye: they left when they were last heard.
    pub fn gone(&mut self, sessions: &[SessionId]) {
        for session in sessions {
            if let Some(presence) = self.sessions.get_mut(session)
                && presence.left.is_none()
            {
                presence.left = Some(presence.last_heard);
            }
        }
    }

    /// Says, where the story tells of it, that an entry of ours is not in the logbook.
    pub fn mark_unrecorded(&mut self, session: &SessionId, seq: u64) {
        // What was just refused is near the end; a story of days is not searched from its beginning.
        let found = self.story.iter_mut().rev().find(|event| event.seq == seq && event.session == *session);
        if let Some(event) = found {
            event.tone = super::story::Tone::Bad;
            event.text = format!("NOT RECORDED: {}", event.text);
        }
    }

    /// Takes back what only stands if it is in the logbook: an incident, or a flapping, that nobody else ever heard of.
    pub fn take_back(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Declared { title } => {
                self.declarations.retain(|d| d.since != entry.ts || d.title != *title);
            }
            Body::Flapping { place, flapping: Some(_) } => {
                self.tell_cell(&entry.session, place, |cell| cell.map(|c| c.flaps(None)));
            }
            Body::Closed { .. } => {
                for declaration in self.declarations.iter_mut().filter(|d| d.closed == Some(entry.ts)) {
                    declaration.closed = None;
                }
            }
            Body::Opened { .. }
            | Body::Left { .. }
            | Body::Identified { .. }
            | Body::Presumed { .. }
            | Body::Unidentified { .. }
            | Body::Observed { .. }
            | Body::Heartbeat { .. }
            | Body::Failing { .. }
            | Body::Flapping { flapping: None, .. }
            | Body::Probed { .. }
            | Body::Note { .. }
            | Body::Proposed { .. }
            | Body::Refused { .. }
            | Body::Approved { .. }
            | Body::Vetoed { .. }
            | Body::Confirmed { .. }
            | Body::Intent { .. }
            | Body::Outcome { .. }
            | Body::Verified { .. }
            | Body::InSync { .. }
            | Body::Disagreement { .. }
            | Body::Disagreements { .. }
            | Body::Finished { .. }
            | Body::Undone { .. }
            | Body::Reopened { .. }
            | Body::Clock { .. }
            | Body::Recovered { .. }
            | Body::Settled { .. }
            | Body::Credentials { .. }
            | Body::Skew { .. } => {}
        }
    }

    /// Rows of a place that a session saw go, since a moment: `KIND/ID`.
    #[must_use]
    pub fn gone_since(&self, place: &Place, session: &SessionId, since: Timestamp) -> Vec<String> {
        let mine = |(at, by): &(Timestamp, SessionId)| *at >= since && by == session;
        let gone = self.gone.iter().filter(|(key, how)| key.place == *place && mine(how));
        gone.map(|(key, _)| format!("{}/{}", key.kind, key.id)).collect()
    }

    /// Rows of a kind, in the order of their keys.
    pub fn of_kind(&self, kind: Kind) -> impl Iterator<Item = &Seen> {
        // Rows sort by place, then kind: leaping from place to place spares reading a hundred thousand of another kind.
        let first = self.rows.keys().next().map(|key| &key.place);
        std::iter::successors(first, |place| {
            self.rows
                .range(place.key(Kind::RecordSet, "\u{10ffff}")..)
                .map(|(key, _)| &key.place)
                .find(|next| next != place)
        })
        .flat_map(move |place| {
            self.rows
                .range(place.key(kind, "")..)
                .take_while(move |(key, _)| key.place == *place && key.kind == kind)
                .map(|(_, seen)| &**seen)
        })
    }

    /// Rows of which AWS itself says that something is wrong, in the order of their keys.
    pub fn troubled(&self) -> impl Iterator<Item = &Seen> {
        self.troubled.iter().filter_map(|key| self.rows.get(key)).map(|seen| &**seen)
    }

    /// Rows read from a place.
    pub fn rows_of(&self, place: &Place) -> impl Iterator<Item = (&Key, &Seen)> {
        let rows = self.rows.range(place.key(Kind::Instance, "")..);
        rows.take_while(move |(key, _)| key.place == *place).map(|(key, seen)| (key, &**seen))
    }

    /// The rows that changed since this was last asked.
    pub fn take_touched(&mut self) -> Touched {
        std::mem::take(&mut self.touched)
    }

    /// When a row was last known to be so: when it changed, or when its whole cell was last read, or its zone.
    #[must_use]
    pub fn as_of(&self, key: &Key) -> Option<Timestamp> {
        let seen = self.rows.get(key)?;
        let Some(cell) = self.cells.get(&key.place) else { return Some(seen.changed) };
        let zone = seen.resource.zone().and_then(|zone| cell.zone_read(zone, &key.id));
        Some(seen.changed.max(cell.last_ok.unwrap_or(seen.changed)).max(zone.unwrap_or(seen.changed)))
    }

    /// The newest entry folded of every session, by its sequence number.
    #[must_use]
    pub fn heads(&self) -> &BTreeMap<SessionId, u64> {
        &self.heads
    }

    /// The incident that was declared and not yet closed.
    #[must_use]
    pub fn declared(&self) -> Option<&Declaration> {
        self.declarations.iter().rev().find(|d| d.closed.is_none())
    }
}

#[cfg(test)]
mod tests;
