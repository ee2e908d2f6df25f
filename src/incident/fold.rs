//! The incident: what a screen can show, as a fold over entries.
//!
//! Live operation, another operator's moves, last night's state and replay are all this one fold. It refuses to fail:
//! an entry that makes no sense leaves the state as it was. Entries of several strands may arrive slightly out of
//! order, so every row, cell and finding keeps its own time and an older entry never replaces a newer one.

use super::cell::{Cell, Evidence, ProbeSubject, Probed, READ_ELSEWHERE_S, SweepStatus};
use super::dns::Switch;
use super::entry::{Actor, Body, Entry, Mode, Outcome, SessionId};
use super::hash::PlanHash;
use super::operation::Operation;
use super::place::{Account, Key, Kind, Place, Profile};
use super::resource::Resource;
use super::story::{Event, describe};
use super::touched::Touched;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

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
    /// Every row that AWS last said exists.
    pub rows: BTreeMap<Key, Seen>,
    /// The newest evidence on every subject.
    pub probes: BTreeMap<ProbeSubject, Probed>,
    /// The newest change of ours to what each name answers.
    pub switches: BTreeMap<String, Switch>,
    /// Sites whose DNS servers contradict Route 53: since when, and how.
    pub disagreements: BTreeMap<String, (Timestamp, String)>,
    /// Resources whose claim evidence contradicts: since when, and how.
    pub lies: BTreeMap<Key, (Timestamp, String)>,
    /// Cockpits, also those that left.
    pub sessions: BTreeMap<SessionId, Presence>,
    /// Which account each session's profiles are.
    pub identities: BTreeMap<(SessionId, Profile), Identity>,
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
    /// What each session found under a name that its account had before STS gave the number: it follows its session.
    pub(super) unnamed: BTreeMap<(ProbeSubject, SessionId), Probed>,
    /// The newest entry folded of every session, by its sequence number: where whoever keeps this state goes on.
    pub(super) heads: BTreeMap<SessionId, u64>,
    pub(super) touched: Touched,
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
            Body::Opened { mode, regions, continues, .. } => {
                // A strand that is gone on from in another says no goodbye of its own.
                self.gone(continues.as_slice());
                self.sessions.insert(
                    entry.session.clone(),
                    Presence {
                        actor: entry.actor.clone(),
                        mode: *mode,
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
            }
            Body::Identified { profile, account, arn } => {
                let identity = Identity { account: account.clone(), arn: arn.clone(), at: entry.ts };
                self.identities.insert((entry.session.clone(), profile.clone()), identity);
                self.verify_account(&entry.session, &Account::unverified(profile), account);
            }
            Body::Observed { place, status, changed, gone } => {
                self.observe(entry, place, status.as_ref(), changed, gone);
            }
            Body::Heartbeat { fresh, failing } => {
                for (place, at) in fresh {
                    self.read_unchanged(&entry.session, place, *at);
                }
                for (place, at) in failing {
                    let place = self.resolve(&entry.session, place);
                    if let Some(cell) = self.cells.get_mut(&place)
                        && !cell.is_ok()
                    {
                        cell.last_attempt = cell.last_attempt.max(*at);
                    }
                }
            }
            Body::Probed { subject, evidence } => self.probe(entry, subject, evidence),
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
            | Body::Finished { plan, .. } => {
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
                    let place = self.resolve(&entry.session, &key.place);
                    let key = place.key(key.kind, key.id.clone());
                    match words {
                        Some(words) => {
                            let since = self.lies.get(&key).map_or(entry.ts, |(since, _)| *since);
                            self.lies.insert(key, (since, words.clone()));
                        }
                        None => {
                            self.lies.remove(&key);
                        }
                    }
                }
            }
            // The strand of before will not say goodbye any more.
            Body::Reopened { before, .. } => self.gone(std::slice::from_ref(before)),
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

    /// A session read a cell again and found what it knew.
    fn read_unchanged(&mut self, session: &SessionId, place: &Place, at: Timestamp) {
        let place = self.resolve(session, place);
        let Some(cell) = self.cells.get_mut(&place).filter(|cell| cell.last_attempt <= at) else { return };
        if !cell.is_ok() {
            // Somebody else's failing came between two sweeps of one who never failed.
            cell.status = SweepStatus::Ok { latency_ms: 0 };
            cell.since = at;
            cell.failures = 0;
            cell.told = false;
            cell.zones.clear();
            cell.missing.clear();
        }
        cell.last_ok = cell.last_ok.max(Some(at));
        cell.last_attempt = at;
        cell.by = Some(session.clone());
    }

    fn observe(
        &mut self,
        entry: &Entry,
        place: &Place,
        status: Option<&SweepStatus>,
        changed: &[Resource],
        gone: &[String],
    ) {
        let place = self.resolve(&entry.session, place);
        for resource in changed {
            let mut resource = resource.clone();
            if resource.key().place != place {
                resource.key_mut().place = place.clone();
            }
            self.see(Seen { resource, changed: entry.ts, by: entry.session.clone() });
        }
        for id in gone {
            let Some((kind, id)) = id.split_once('/') else {
                continue;
            };
            let Ok(kind) = kind.parse::<Kind>() else {
                continue;
            };
            self.miss(place.key(kind, id), entry.ts, &entry.session);
        }
        let Some(status) = status else { return };
        let ok = matches!(status, SweepStatus::Ok { .. });
        match self.cells.get_mut(&place) {
            Some(cell) if cell.last_attempt > entry.ts => {}
            // It was read from elsewhere a moment ago: the failing is about the way there, until that one fails too.
            Some(cell) if !ok && read_elsewhere(cell, entry) => {}
            Some(cell) => {
                // The story tells of failing that lasts (`App` records it again after a minute), and of the end of what it told.
                cell.told = !ok && (cell.told || cell.worth_telling(entry.ts));
                if cell.is_ok() != ok {
                    cell.since = entry.ts;
                }
                cell.status = status.clone();
                cell.last_attempt = entry.ts;
                cell.by = Some(entry.session.clone());
                if ok {
                    cell.last_ok = Some(entry.ts);
                    cell.failures = 0;
                    cell.zones.clear();
                    cell.missing.clear();
                } else {
                    cell.failures += 1;
                }
            }
            None => {
                self.cells.insert(
                    place.clone(),
                    Cell {
                        status: status.clone(),
                        since: entry.ts,
                        last_attempt: entry.ts,
                        last_ok: ok.then_some(entry.ts),
                        zones: BTreeMap::new(),
                        missing: Vec::new(),
                        failures: u32::from(!ok),
                        told: false,
                        by: Some(entry.session.clone()),
                    },
                );
            }
        }
        if let (SweepStatus::Partial { answered, missing, .. }, Some(cell)) =
            (status, self.cells.get_mut(&place))
        {
            cell.missing.clone_from(missing);
            for zone in answered {
                let read = cell.zones.entry(zone.clone()).or_insert(entry.ts);
                *read = entry.ts.max(*read);
            }
        }
    }

    /// Takes a row in, unless a newer sight of it is known. Sessions that saw at the same moment are ordered by name,
    /// so that the order in which their entries arrive makes no difference.
    pub(super) fn see(&mut self, seen: Seen) {
        let (key, this) = (seen.resource.key(), (seen.changed, &seen.by));
        if self.gone.get(key).is_some_and(|(at, by)| (*at, by) > this) {
            return;
        }
        match self.rows.get_mut(key) {
            Some(known) if (known.changed, &known.by) > this => {}
            Some(known) => {
                self.touched.note(key);
                *known = seen;
            }
            None => {
                let key = key.clone();
                self.gone.remove(&key);
                self.touched.note(&key);
                self.rows.insert(key, seen);
            }
        }
    }

    /// Takes a row out, unless a newer sight of it is known.
    fn miss(&mut self, key: Key, at: Timestamp, by: &SessionId) {
        if self.rows.get(&key).is_some_and(|known| (known.changed, &known.by) > (at, by))
            || self.gone.get(&key).is_some_and(|(known, whom)| (*known, whom) > (at, by))
        {
            return;
        }
        self.touched.note(&key);
        self.rows.remove(&key);
        self.gone.insert(key, (at, by.clone()));
    }

    fn probe(&mut self, entry: &Entry, subject: &ProbeSubject, evidence: &Evidence) {
        let at = entry.ts;
        let subject = &self.resolve_subject(&entry.session, subject);
        let answers = evidence.verdict == super::cell::Verdict::Answers;
        let after = |before: Option<&Probed>| {
            let since = before
                .filter(|before| before.evidence.agrees_with(evidence))
                .map_or(at, |before| before.since);
            let answered = if answers { Some(at) } else { before.and_then(|before| before.answered) };
            Probed { evidence: evidence.clone(), at, since, answered, by: entry.session.clone() }
        };
        if subject.key().is_some_and(|key| !key.place.scope.account.is_verified()) {
            let whose = (subject.clone(), entry.session.clone());
            let probed = after(self.unnamed.get(&whose));
            self.unnamed.insert(whose, probed);
        }
        let before = self.probes.get(subject);
        // Sessions that looked at the same moment are ordered by name, as with rows.
        if before.is_some_and(|before| (before.at, &before.by) > (at, &entry.session)) {
            return;
        }
        if let Some(key) = subject.key() {
            self.touched.note(key);
        }
        let probed = after(before);
        self.probes.insert(subject.clone(), probed);
    }

    /// What a session found under the name of before is evidence on what has the number; what others found stays theirs.
    fn name_evidence(&mut self, session: &SessionId, unverified: &Account, account: &Account) {
        let is_old = |key: &Key| key.place.scope.account == *unverified;
        let theirs =
            self.unnamed.keys().filter(|(subject, by)| by == session && subject.key().is_some_and(is_old));
        for whose in theirs.cloned().collect::<Vec<_>>() {
            let Some(probed) = self.unnamed.remove(&whose) else { continue };
            let (old, _) = whose;
            let others = self.unnamed.range((old.clone(), SessionId(String::new()))..);
            let others = others.take_while(|((subject, _), _)| *subject == old).map(|(_, probed)| probed);
            match others.max_by_key(|probed| probed.at).cloned() {
                Some(other) => drop(self.probes.insert(old.clone(), other)),
                None => drop(self.probes.remove(&old)),
            }
            let mut subject = old.clone();
            if let Some(key) = subject.key_mut() {
                key.place.scope.account = account.clone();
            }
            for key in [old.key(), subject.key()].into_iter().flatten() {
                self.touched.note(key);
            }
            if self.probes.get(&subject).is_none_or(|known| (known.at, &known.by) < (probed.at, &probed.by)) {
                self.probes.insert(subject, probed);
            }
        }
    }

    /// The place as this session's newest identity names it.
    #[must_use]
    pub fn resolve(&self, session: &SessionId, place: &Place) -> Place {
        let mut place = place.clone();
        if !place.scope.account.is_verified() {
            let known = self
                .identities
                .range((session.clone(), Profile::default())..)
                .take_while(|((s, _), _)| s == session)
                .find(|((_, profile), _)| Account::unverified(profile) == place.scope.account);
            if let Some((_, identity)) = known {
                place.scope.account = identity.account.clone();
            }
        }
        place
    }

    /// The accounts that a session's profiles are, as far as STS said.
    pub fn accounts_of(&self, session: &SessionId) -> impl Iterator<Item = &Account> {
        self.identities
            .range((session.clone(), Profile::default())..)
            .take_while(move |((s, _), _)| s == session)
            .map(|(_, identity)| &identity.account)
    }

    /// The subject as this session's newest identity names it.
    #[must_use]
    pub fn resolve_subject(&self, session: &SessionId, subject: &ProbeSubject) -> ProbeSubject {
        let mut subject = subject.clone();
        if let Some(key) = subject.key_mut() {
            key.place = self.resolve(session, &key.place);
        }
        subject
    }

    /// Renames what a session saw under an unverified account, once its number is known.
    fn verify_account(&mut self, session: &SessionId, unverified: &Account, account: &Account) {
        let rows: Vec<Key> = self
            .rows
            .iter()
            .filter(|(key, seen)| key.place.scope.account == *unverified && seen.by == *session)
            .map(|(key, _)| key.clone())
            .collect();
        for key in rows {
            let Some(mut seen) = self.rows.remove(&key) else {
                continue;
            };
            self.touched.note(&key);
            seen.resource.key_mut().place.scope.account = account.clone();
            self.see(seen);
        }
        let gone: Vec<Key> = self
            .gone
            .iter()
            .filter(|(key, (_, by))| key.place.scope.account == *unverified && by == session)
            .map(|(key, _)| key.clone())
            .collect();
        for mut key in gone {
            if let Some((at, by)) = self.gone.remove(&key) {
                key.place.scope.account = account.clone();
                self.miss(key, at, &by);
            }
        }
        let cells: Vec<Place> =
            self.cells.keys().filter(|place| place.scope.account == *unverified).cloned().collect();
        for old in cells {
            let Some(cell) = self.cells.remove(&old) else {
                continue;
            };
            let mut place = old;
            place.scope.account = account.clone();
            let cell = match self.cells.remove(&place) {
                Some(known) => known.joined(cell),
                None => cell,
            };
            self.cells.insert(place, cell);
        }
        self.name_evidence(session, unverified, account);
        let is_old = |key: &Key| key.place.scope.account == *unverified;
        let lies: Vec<Key> = self.lies.keys().filter(|key| is_old(key)).cloned().collect();
        for mut key in lies {
            let Some(lie) = self.lies.remove(&key) else { continue };
            key.place.scope.account = account.clone();
            self.lies.entry(key).or_insert(lie);
        }
    }

    /// What the rows that a session knows under a profile's name will be called, once it is known as this account.
    pub(super) fn renamed(&self, session: &SessionId, profile: &Profile, account: &Account) -> Vec<Key> {
        let unverified = Account::unverified(profile);
        let rows = self.rows.iter().map(|(key, seen)| (key, &seen.by));
        let gone = self.gone.iter().map(|(key, (_, by))| (key, by));
        rows.chain(gone)
            .filter(|(key, by)| key.place.scope.account == unverified && *by == session)
            .map(|(key, _)| {
                let mut key = key.clone();
                key.place.scope.account = account.clone();
                key
            })
            .collect()
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

    /// Takes back what only stands if it is in the logbook: an incident that nobody else ever heard of.
    pub fn take_back(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Declared { title } => {
                self.declarations.retain(|d| d.since != entry.ts || d.title != *title);
            }
            Body::Closed { .. } => {
                for declaration in self.declarations.iter_mut().filter(|d| d.closed == Some(entry.ts)) {
                    declaration.closed = None;
                }
            }
            Body::Opened { .. }
            | Body::Left { .. }
            | Body::Identified { .. }
            | Body::Observed { .. }
            | Body::Heartbeat { .. }
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
            | Body::Recovered { .. } => {}
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
                .map(|(_, seen)| seen)
        })
    }

    /// Rows read from a place.
    pub fn rows_of(&self, place: &Place) -> impl Iterator<Item = (&Key, &Seen)> {
        self.rows.range(place.key(Kind::Instance, "")..).take_while(move |(key, _)| key.place == *place)
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

/// Whether another session than the entry's read this cell so lately that the entry's failing says nothing about it.
fn read_elsewhere(cell: &Cell, entry: &Entry) -> bool {
    let young = cell.last_ok.is_some_and(|at| entry.ts.duration_since(at).as_secs() <= READ_ELSEWHERE_S);
    cell.is_ok() && young && cell.by.as_ref().is_some_and(|by| *by != entry.session)
}

#[cfg(test)]
mod tests;
