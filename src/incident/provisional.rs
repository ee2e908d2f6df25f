//! What sessions told of accounts that STS has not named to them: shown at once, under the account that the profile is
//! presumed to be, and kept apart until STS says whose it was.
//!
//! In its strand a session calls such an account `~PROFILE`. The fold shows what it told under the presumed number, or
//! under `~PROFILE` where nothing is presumed, and keeps beside it what would stand without it. When STS names the account,
//! what that session told becomes part of it: where it stands, if the presumption was right, else under the right number,
//! and what stood beneath comes up again. The newest sight of a row stands, whoever told it and in whichever order it is
//! heard. Refuses to ask anybody: only an `identified` entry of a session itself says whose its profile is.

use super::cell::{Cell, ProbeSubject, Probed};
use super::entry::{Actor, Entry, SessionId};
use super::fold::{Identity, Incident, Seen};
use super::health::claimed_trouble;
use super::operation::Operation;
use super::place::{Account, Key, Place, Profile};
use jiff::Timestamp;
pub(super) use kept::ProvisionalKept;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

mod kept;

/// Seconds after which somebody who wrote nothing is not here any more: four heartbeats.
pub(super) const HERE_S: i64 = 120;

/// Which account a profile is taken for, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Presumption {
    /// The account.
    pub account: Account,
    /// Since when it is presumed.
    pub since: Timestamp,
    /// When STS said so.
    pub said: Timestamp,
    /// To whom: a user.
    pub to: String,
    /// Whether STS was asked since, and did not answer: the story told of it.
    pub told: bool,
}

/// A row as somebody saw it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[expect(clippy::large_enum_variant, reason = "nearly every sight is of a row that is there")]
pub(super) enum Sight {
    /// It is there.
    There(Seen),
    /// It is not, or no longer.
    Gone(Timestamp, SessionId),
}

impl Sight {
    /// When it was seen, and by whom: of two sights the greater stands. Those of the same moment are ordered by name, so
    /// that the order in which they are heard makes no difference.
    fn stamp(&self) -> (Timestamp, &SessionId) {
        match self {
            Self::There(seen) => (seen.changed, &seen.by),
            Self::Gone(at, by) => (*at, by),
        }
    }

    /// The newer of what is known and what is told.
    fn newer(known: Option<Self>, told: Self) -> Self {
        match known {
            Some(known) if known.stamp() > told.stamp() => known,
            Some(_) | None => told,
        }
    }
}

/// Who tells: a session, and what it calls an account that STS has not named to it.
pub(super) type Teller = (SessionId, Account);

/// What one session told of one such account, under the name that it is shown by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Told {
    rows: BTreeMap<Key, Sight>,
    cells: BTreeMap<Place, Cell>,
    probes: BTreeMap<ProbeSubject, Probed>,
    lies: BTreeSet<Key>,
}

/// What would stand if nobody had told anything provisional: of what somebody did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Beneath {
    rows: BTreeMap<Key, Option<Sight>>,
    cells: BTreeMap<Place, Option<Cell>>,
    probes: BTreeMap<ProbeSubject, Option<Probed>>,
}

/// Everything that was told of accounts which STS has not named to the teller.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Provisional {
    told: BTreeMap<Teller, Told>,
    beneath: Beneath,
}

// --- whose it is ---

impl Incident {
    /// The place as this session's newest identity names it, or as it is presumed.
    #[must_use]
    pub fn resolve(&self, session: &SessionId, place: &Place) -> Place {
        let mut place = place.clone();
        if let Some(account) = self.account_of(session, &place.scope.account) {
            place.scope.account = account.clone();
        }
        place
    }

    /// The row as this session's newest identity names it, or as it is presumed.
    #[must_use]
    pub fn resolve_key(&self, session: &SessionId, key: &Key) -> Key {
        self.resolve(session, &key.place).key(key.kind, key.id.clone())
    }

    /// What is shown for the name that a session has for an account, if that is another.
    fn account_of(&self, session: &SessionId, called: &Account) -> Option<&Account> {
        if called.is_verified() {
            return None;
        }
        let is_it = |profile: &Profile| Account::unverified(profile) == *called;
        let known = of_session(&self.identities, session).find(|(profile, _)| is_it(profile));
        let presumed = || of_session(&self.presumptions, session).find(|(profile, _)| is_it(profile));
        known.map(|(_, it)| &it.account).or_else(|| presumed().map(|(_, it)| &it.account))
    }

    /// The account that an operation acted in: the one of its credentials, as STS has named it since to the session that did
    /// it; else as the plan has it, or as it is presumed.
    #[must_use]
    pub fn account_of_operation<'a>(&'a self, operation: &'a Operation) -> &'a Account {
        let (session, planned) = (&operation.session, &operation.plan.scope.account);
        let named = self.identities.get(&(session.clone(), operation.plan.profile.clone()));
        named.map(|it| &it.account).or_else(|| self.account_of(session, planned)).unwrap_or(planned)
    }

    /// The accounts that a session's profiles are, as far as STS said or it is presumed.
    pub fn accounts_of<'a>(&'a self, session: &SessionId) -> impl Iterator<Item = &'a Account> + use<'a> {
        let known = of_session(&self.identities, session).map(|(_, it)| &it.account);
        known.chain(of_session(&self.presumptions, session).map(|(_, it)| &it.account))
    }

    /// What a session presumes an account to be the account of, if STS has not named that number to it.
    #[must_use]
    pub fn presumption(&self, session: &SessionId, account: &Account) -> Option<(&Profile, &Presumption)> {
        if of_session(&self.identities, session).any(|(_, it)| it.account == *account) {
            return None;
        }
        of_session(&self.presumptions, session).find(|(_, it)| it.account == *account)
    }

    /// Whether a session presumes the account of any profile.
    #[must_use]
    pub fn presumes(&self, session: &SessionId) -> bool {
        of_session(&self.presumptions, session).next().is_some()
    }

    /// Whether those who are here only presume that an account is theirs: STS has named it to none of them.
    #[must_use]
    pub fn is_presumed_by_all(&self, account: &Account) -> bool {
        // Who crashed says no goodbye.
        let heard =
            |at: Timestamp| self.latest.is_none_or(|latest| latest.duration_since(at).as_secs() <= HERE_S);
        let here = |session: &SessionId| {
            self.sessions.get(session).is_some_and(|it| it.left.is_none() && heard(it.last_heard))
        };
        let known = self.identities.iter().any(|((of, _), it)| it.account == *account && here(of));
        !known && self.presumptions.iter().any(|((of, _), it)| it.account == *account && here(of))
    }

    /// Which account STS said last that a profile is: to the same user on the same host if it ever did, else to anybody.
    /// The ambient credentials of others are nobody's guess.
    #[must_use]
    pub fn last_identity(&self, profile: &Profile, actor: &Actor) -> Option<Presumption> {
        let named = self.identities.iter().filter(|((_, of), _)| of == profile);
        let whose = named.filter_map(|((session, _), identity)| {
            let presence = self.sessions.get(session)?;
            let own = presence.actor.user == actor.user && presence.actor.host == actor.host;
            Some((own, identity, &presence.actor.user))
        });
        let eligible = whose.filter(|(own, ..)| *own || !profile.is_ambient());
        let (_, identity, to) = eligible.max_by_key(|(own, identity, _)| (*own, identity.at))?;
        let account = identity.account.clone();
        let since = self.latest.unwrap_or(identity.at);
        Some(Presumption { account, since, said: identity.at, to: to.clone(), told: false })
    }

    /// Whether a session itself has read a place whose account is presumed, or part of it.
    #[must_use]
    pub fn has_read(&self, session: &SessionId, place: &Place) -> bool {
        let told = self.provisional.told.iter().filter(|((of, _), _)| of == session);
        let mut cells = told.filter_map(|(_, told)| told.cells.get(place));
        cells.any(|cell| cell.last_ok.is_some() || !cell.zones.is_empty())
    }

    /// The subject as this session's newest identity names it, or as it is presumed.
    #[must_use]
    pub fn resolve_subject(&self, session: &SessionId, subject: &ProbeSubject) -> ProbeSubject {
        let mut subject = subject.clone();
        if let Some(key) = subject.key_mut() {
            key.place = self.resolve(session, &key.place);
        }
        subject
    }

    /// Who tells, if STS has not named the account to the session.
    pub(super) fn teller(&self, session: &SessionId, called: &Account) -> Option<Teller> {
        let named = |(profile, _): (&Profile, &Identity)| Account::unverified(profile) == *called;
        let provisional = !called.is_verified() && !of_session(&self.identities, session).any(named);
        provisional.then(|| (session.clone(), called.clone()))
    }
}

/// Keeps the list of rows of which AWS itself says that something is wrong.
fn note_trouble(troubled: &mut BTreeSet<Key>, key: &Key, seen: &Seen) {
    if claimed_trouble(&seen.resource).is_some() {
        troubled.insert(key.clone());
    } else {
        troubled.remove(key);
    }
}

/// What is known of a session's profiles.
fn of_session<'a, T>(
    all: &'a BTreeMap<(SessionId, Profile), T>,
    session: &SessionId,
) -> impl Iterator<Item = (&'a Profile, &'a T)> + use<'a, T> {
    let session = session.clone();
    all.range((session.clone(), Profile::default())..)
        .take_while(move |((of, _), _)| *of == session)
        .map(|((_, profile), it)| (profile, it))
}

// --- what is told ---

impl Incident {
    /// Somebody saw a row, or that it is gone.
    pub(super) fn tell(&mut self, teller: Option<&Teller>, key: Key, sight: Sight) {
        match teller {
            Some(teller) => {
                if !self.provisional.beneath.rows.contains_key(&key) {
                    let known = self.sight(&key);
                    self.provisional.beneath.rows.insert(key.clone(), known);
                }
                let told = self.provisional.told.entry(teller.clone()).or_default();
                let known = told.rows.remove(&key);
                told.rows.insert(key.clone(), Sight::newer(known, sight.clone()));
            }
            None => {
                if let Some(base) = self.provisional.beneath.rows.get_mut(&key) {
                    *base = Some(Sight::newer(base.take(), sight.clone()));
                }
            }
        }
        self.show(key, sight);
    }

    /// What stands of a row.
    fn sight(&self, key: &Key) -> Option<Sight> {
        let gone = || self.gone.get(key).map(|(at, by)| Sight::Gone(*at, by.clone()));
        self.rows.get(key).map(|seen| Sight::There((**seen).clone())).or_else(gone)
    }

    /// Of what a row is called after there is one copy, however many rows were read.
    pub(super) fn share_names(&self, seen: &mut Seen) {
        let key = seen.resource.key_mut();
        if let Some((place, _)) = self.cells.get_key_value(&key.place) {
            key.place.clone_from(place);
        }
        if let Some((by, _)) = self.sessions.get_key_value(&seen.by) {
            seen.by.clone_from(by);
        }
    }

    /// Takes a sight of a row in, unless a newer one is known: one that arrives late does not bring back what is gone.
    pub(super) fn show(&mut self, mut key: Key, mut sight: Sight) {
        if let Sight::There(seen) = &mut sight {
            self.share_names(seen);
            key.place.clone_from(&seen.resource.key().place);
        }
        let this = sight.stamp();
        // A row that is there is not gone: most are looked for once.
        if let Some(known) = self.rows.get_mut(&key) {
            if (known.changed, &known.by) > this {
                return;
            }
            self.touched.note(&key);
            match sight {
                Sight::There(seen) => {
                    note_trouble(&mut self.troubled, &key, &seen);
                    **known = seen;
                }
                Sight::Gone(at, by) => {
                    self.troubled.remove(&key);
                    self.rows.remove(&key);
                    self.gone.insert(key, (at, by));
                }
            }
            return;
        }
        if self.gone.get(&key).is_some_and(|(at, by)| (*at, by) > this) {
            return;
        }
        self.touched.note(&key);
        match sight {
            Sight::There(seen) => {
                self.gone.remove(&key);
                note_trouble(&mut self.troubled, &key, &seen);
                self.rows.insert(key, Box::new(seen));
            }
            Sight::Gone(at, by) => drop(self.gone.insert(key, (at, by))),
        }
    }

    /// A session tells of a cell; `take` makes what is known now of what was known before.
    pub(super) fn tell_cell(
        &mut self,
        session: &SessionId,
        place: &Place,
        take: impl Fn(Option<Cell>) -> Option<Cell>,
    ) {
        let teller = self.teller(session, &place.scope.account);
        let place = self.resolve(session, place);
        let before = self.cells.remove(&place);
        match &teller {
            Some(_) => {
                self.provisional.beneath.cells.entry(place.clone()).or_insert_with(|| before.clone());
            }
            None => {
                if let Some(base) = self.provisional.beneath.cells.get_mut(&place) {
                    *base = take(base.take());
                }
            }
        }
        let shown = take(before);
        if let Some(teller) = teller {
            let told = self.provisional.told.entry(teller).or_default();
            // Who found what others had told found it all the same.
            let own = take(told.cells.remove(&place)).or_else(|| shown.clone().map(Cell::found_first));
            told.cells.extend(own.map(|own| (place.clone(), own)));
        }
        self.cells.extend(shown.map(|shown| (place, shown)));
    }

    /// A sweep of ours brought nothing new: no entry tells of it before the next heartbeat.
    pub fn touch(
        &mut self,
        session: &SessionId,
        place: &Place,
        at: Timestamp,
        status: &super::cell::SweepStatus,
    ) {
        self.tell_cell(session, place, |cell| cell.map(|cell| cell.touched(session, at, status)));
    }

    /// A session's probe found something.
    pub(super) fn tell_probe(
        &mut self,
        entry: &Entry,
        subject: &ProbeSubject,
        evidence: &super::cell::Evidence,
    ) {
        let at = entry.ts;
        let called = subject.key().map(|key| &key.place.scope.account);
        let teller = called.and_then(|called| self.teller(&entry.session, called));
        let subject = &self.resolve_subject(&entry.session, subject);
        let answered = (evidence.verdict == super::cell::Verdict::Answers).then_some(at);
        let after = |before: Option<&Probed>| {
            let since = before
                .filter(|before| before.evidence.agrees_with(evidence))
                .map_or(at, |before| before.since);
            let answered = answered.or_else(|| before.and_then(|before| before.answered));
            Probed { evidence: evidence.clone(), at, since, answered, by: entry.session.clone() }
        };
        // Sessions that looked at the same moment are ordered by name, as with rows.
        let is_older = |known: &Probed| (known.at, &known.by) <= (at, &entry.session);
        match teller {
            Some(teller) => {
                let known = self.probes.get(subject).cloned();
                self.provisional.beneath.probes.entry(subject.clone()).or_insert(known);
                let told = self.provisional.told.entry(teller).or_default();
                let probed = after(told.probes.get(subject));
                told.probes.insert(subject.clone(), probed);
            }
            None => {
                if let Some(base) = self.provisional.beneath.probes.get_mut(subject) {
                    if base.as_ref().is_none_or(is_older) {
                        *base = Some(after(base.as_ref()));
                    } else if let Some(base) = base {
                        base.answered = base.answered.max(answered);
                    }
                }
            }
        }
        let before = self.probes.get(subject);
        let probed = match before {
            // It comes late, and tells all the same that the path worked then.
            Some(newer) if !is_older(newer) => {
                Probed { answered: newer.answered.max(answered), ..newer.clone() }
            }
            Some(_) | None => after(before),
        };
        self.show_probe(subject.clone(), Some(probed));
    }

    fn show_probe(&mut self, subject: ProbeSubject, probed: Option<Probed>) {
        if let Some(key) = subject.key() {
            self.touched.note(key);
        }
        match probed {
            Some(probed) => drop(self.probes.insert(subject, probed)),
            None => drop(self.probes.remove(&subject)),
        }
    }

    /// A session tells that evidence contradicts a claim, or contradicts it no longer.
    pub(super) fn tell_lie(&mut self, entry: &Entry, key: &Key, words: Option<&String>) {
        let teller = self.teller(&entry.session, &key.place.scope.account);
        let key = self.resolve_key(&entry.session, key);
        if let Some(teller) = teller {
            let lies = &mut self.provisional.told.entry(teller).or_default().lies;
            match words {
                Some(_) => drop(lies.insert(key.clone())),
                None => drop(lies.remove(&key)),
            }
        }
        match words {
            Some(words) => {
                let since = self.lies.get(&key).map_or(entry.ts, |(since, _)| *since);
                self.lies.insert(key, (since, words.clone()));
            }
            None => drop(self.lies.remove(&key)),
        }
    }
}

// --- when it is known ---

impl Incident {
    /// STS names the account of a session's profile.
    pub(super) fn identify(&mut self, session: &SessionId, profile: &Profile, identity: Identity) {
        let teller = (session.clone(), Account::unverified(profile));
        let presumed = self.presumptions.remove(&(session.clone(), profile.clone()));
        let account = identity.account.clone();
        self.identities.insert((session.clone(), profile.clone()), identity);
        if presumed.is_some_and(|presumed| presumed.account == account) {
            self.settle(&teller);
            return;
        }
        let told = self.release(&teller);
        self.adopt(told, &account, None);
        self.leave_no_cell(&teller.1, &account);
    }

    /// A session takes a profile for an account that STS has not named to it.
    pub(super) fn presume(&mut self, session: &SessionId, profile: &Profile, presumption: Presumption) {
        let whose = (session.clone(), profile.clone());
        if self.identities.contains_key(&whose) {
            return;
        }
        if let Some(known) = self.presumptions.get_mut(&whose)
            && known.account == presumption.account
        {
            known.told |= presumption.told;
            return;
        }
        let teller = (session.clone(), Account::unverified(profile));
        let told = self.release(&teller);
        let account = presumption.account.clone();
        self.presumptions.insert(whose, presumption);
        self.adopt(told, &account, Some(&teller));
    }

    /// A session goes on in another strand: what STS says there is also about what was told here.
    pub(super) fn hand_over(&mut self, before: &SessionId, session: &SessionId) {
        // What the one found the other found: it is the same process, with the same credentials.
        let theirs = |cell: &&mut Cell| cell.by.as_ref() == Some(before);
        let told = self.provisional.told.values_mut().flat_map(|told| told.cells.values_mut());
        for cell in self.cells.values_mut().chain(told).filter(theirs) {
            cell.by = Some(session.clone());
        }
        let presumed: Vec<(Profile, Presumption)> = of_session(&self.presumptions, before)
            .map(|(profile, presumption)| (profile.clone(), presumption.clone()))
            .collect();
        for (profile, presumption) in presumed {
            self.presume(session, &profile, presumption);
        }
        for teller in self.tellers(before) {
            let told = self.release(&teller);
            let (_, called) = teller;
            let shown = self.account_of(session, &called).unwrap_or(&called).clone();
            let heir = self.teller(session, &called);
            self.adopt(told, &shown, heir.as_ref());
        }
    }

    /// A session says no more: nobody will ever say whose it was, and what it told stays where it is.
    pub(super) fn settle_all(&mut self, session: &SessionId) {
        for teller in self.tellers(session) {
            self.settle(&teller);
        }
    }

    /// The rows that were told of provisionally or stand beneath what was, under every name that they may come to have.
    pub(super) fn provisional_rows(&self, account: Option<&Account>) -> Vec<Key> {
        let Provisional { told, beneath } = &self.provisional;
        let keys: BTreeSet<&Key> =
            told.values().flat_map(|told| told.rows.keys()).chain(beneath.rows.keys()).collect();
        if keys.is_empty() {
            return Vec::new();
        }
        let named = self.identities.values().map(|it| &it.account);
        let presumed = self.presumptions.values().map(|it| &it.account);
        let accounts: BTreeSet<&Account> = named.chain(presumed).chain(account).collect();
        let renamed = |key: &Key, account: &Account| {
            let mut key = key.clone();
            key.place.scope.account.clone_from(account);
            key
        };
        let all = keys.iter().flat_map(|key| {
            let renamed = accounts.iter().map(|account| renamed(key, account));
            renamed.chain([(*key).clone()])
        });
        all.collect()
    }

    /// Whether a row is told of provisionally, or stands beneath what is.
    pub(super) fn is_provisional(&self, key: &Key) -> bool {
        self.provisional.beneath.rows.contains_key(key)
    }

    fn tellers(&self, session: &SessionId) -> Vec<Teller> {
        self.provisional.told.keys().filter(|(of, _)| of == session).cloned().collect()
    }

    /// What a teller told is no longer provisional: it stays where it is shown.
    fn settle(&mut self, teller: &Teller) {
        let Some(told) = self.provisional.told.remove(teller) else { return };
        for (key, sight) in told.rows {
            let others = self.provisional.told.values().any(|told| told.rows.contains_key(&key));
            if let Some(base) = self.provisional.beneath.rows.remove(&key).filter(|_| others) {
                self.provisional.beneath.rows.insert(key, Some(Sight::newer(base, sight)));
            }
        }
        for (place, cell) in told.cells {
            let others = self.provisional.told.values().any(|told| told.cells.contains_key(&place));
            if let Some(base) = self.provisional.beneath.cells.remove(&place).filter(|_| others) {
                self.provisional.beneath.cells.insert(place, joined(base, Some(cell)));
            }
        }
        for (subject, probed) in told.probes {
            let others = self.provisional.told.values().any(|told| told.probes.contains_key(&subject));
            if let Some(base) = self.provisional.beneath.probes.remove(&subject).filter(|_| others) {
                self.provisional.beneath.probes.insert(subject, newest(base, Some(probed)));
            }
        }
    }

    /// Takes out what a teller told: what others told, and what stood beneath, is shown instead.
    fn release(&mut self, teller: &Teller) -> Told {
        let Some(told) = self.provisional.told.remove(teller) else { return Told::default() };
        for key in told.rows.keys() {
            let others = self.provisional.told.values().filter_map(|told| told.rows.get(key)).cloned();
            let others: Vec<Sight> = others.collect();
            let base = if others.is_empty() {
                self.provisional.beneath.rows.remove(key)
            } else {
                self.provisional.beneath.rows.get(key).cloned()
            };
            let stands = others.into_iter().fold(base.flatten(), |known, it| Some(Sight::newer(known, it)));
            self.rows.remove(key);
            self.troubled.remove(key);
            self.gone.remove(key);
            self.touched.note(key);
            if let Some(sight) = stands {
                self.show(key.clone(), sight);
            }
        }
        for place in told.cells.keys() {
            let others = self.provisional.told.values().filter_map(|told| told.cells.get(place)).cloned();
            let others: Vec<Cell> = others.collect();
            let base = if others.is_empty() {
                self.provisional.beneath.cells.remove(place)
            } else {
                self.provisional.beneath.cells.get(place).cloned()
            };
            let stands = others.into_iter().fold(base.flatten(), |known, it| joined(known, Some(it)));
            self.cells.remove(place);
            self.cells.extend(stands.map(|cell| (place.clone(), cell)));
        }
        for subject in told.probes.keys() {
            let others = self.provisional.told.values().filter_map(|told| told.probes.get(subject)).cloned();
            let others: Vec<Probed> = others.collect();
            let base = if others.is_empty() {
                self.provisional.beneath.probes.remove(subject)
            } else {
                self.provisional.beneath.probes.get(subject).cloned()
            };
            let stands = others.into_iter().fold(base.flatten(), |known, it| newest(known, Some(it)));
            self.show_probe(subject.clone(), stands);
        }
        told
    }

    /// What was told is told of an account: for good, or by a teller to whom STS has not named it.
    fn adopt(&mut self, told: Told, account: &Account, teller: Option<&Teller>) {
        let named = |key: &Key| {
            let mut key = key.clone();
            key.place.scope.account.clone_from(account);
            key
        };
        for (key, mut sight) in told.rows {
            if let Sight::There(seen) = &mut sight {
                seen.resource.key_mut().place.scope.account.clone_from(account);
            }
            self.tell(teller, named(&key), sight);
        }
        for (mut place, cell) in told.cells {
            place.scope.account.clone_from(account);
            let before = self.cells.remove(&place);
            let beneath = &mut self.provisional.beneath.cells;
            match teller {
                Some(teller) => {
                    beneath.entry(place.clone()).or_insert_with(|| before.clone());
                    let told = self.provisional.told.entry(teller.clone()).or_default();
                    let own = joined(told.cells.remove(&place), Some(cell.clone()));
                    told.cells.extend(own.map(|own| (place.clone(), own)));
                }
                None => {
                    if let Some(base) = beneath.get_mut(&place) {
                        *base = joined(base.take(), Some(cell.clone()));
                    }
                }
            }
            self.cells.extend(joined(before, Some(cell)).map(|cell| (place, cell)));
        }
        for (old, probed) in told.probes {
            let mut subject = old;
            if let Some(key) = subject.key_mut() {
                key.place.scope.account.clone_from(account);
            }
            let before = self.probes.get(&subject).cloned();
            let beneath = &mut self.provisional.beneath.probes;
            match teller {
                Some(teller) => {
                    beneath.entry(subject.clone()).or_insert_with(|| before.clone());
                    let told = self.provisional.told.entry(teller.clone()).or_default();
                    let own = newest(told.probes.remove(&subject), Some(probed.clone()));
                    told.probes.extend(own.map(|own| (subject.clone(), own)));
                }
                None => {
                    if let Some(base) = beneath.get_mut(&subject) {
                        *base = newest(base.take(), Some(probed.clone()));
                    }
                }
            }
            self.show_probe(subject, newest(before, Some(probed)));
        }
        for key in told.lies {
            let Some(lie) = self.lies.remove(&key) else { continue };
            let key = named(&key);
            if let Some(teller) = teller {
                self.provisional.told.entry(teller.clone()).or_default().lies.insert(key.clone());
            }
            self.lies.entry(key).or_insert(lie);
        }
    }

    /// Cells that nobody reads under a profile's name any more are those of its account: the board asks for no cell twice.
    fn leave_no_cell(&mut self, called: &Account, account: &Account) {
        let read = |place: &Place| self.provisional.told.values().any(|told| told.cells.contains_key(place));
        let places = self.cells.keys().filter(|place| place.scope.account == *called && !read(place));
        for mut place in places.cloned().collect::<Vec<_>>() {
            let cell = self.cells.remove(&place);
            place.scope.account.clone_from(account);
            if let Some(base) = self.provisional.beneath.cells.get_mut(&place) {
                *base = joined(base.take(), cell.clone());
            }
            let known = self.cells.remove(&place);
            self.cells.extend(joined(known, cell).map(|cell| (place, cell)));
        }
    }
}

fn joined(known: Option<Cell>, told: Option<Cell>) -> Option<Cell> {
    match (known, told) {
        (Some(known), Some(told)) => Some(known.joined(told)),
        (known, told) => known.or(told),
    }
}

fn newest(known: Option<Probed>, told: Option<Probed>) -> Option<Probed> {
    match (known, told) {
        (Some(known), Some(told)) if (known.at, &known.by) > (told.at, &told.by) => Some(known),
        (known, told) => told.or(known),
    }
}

#[cfg(test)]
mod tests;
