//! When evidence is looked for: what is probed, in which order, how often, and how many at once.
//!
//! A subject is never probed twice at once and never more than `at_once` of the config are in flight, so probes cannot
//! pile up. What the operator looks at comes first, then what was declared, then whatever waits longest. Subjects that
//! may not answer (the last probe timed out, or there was none yet) share [`slow_share`] of the slots: black holes never
//! take the place of those that answer. A finding is an entry when it is news; that a claim is contradicted is an entry
//! of its own when it begins, changes and ends.
//!
//! What is worth probing is `wanted`'s to say. Refuses to ask anybody by itself: it returns effects.

mod wanted;

use super::message::{Effect, Ticket};
use super::table::RowId;
use super::{App, Screen};
use crate::incident::cell::{Evidence, ProbeSubject, Verdict};
use crate::incident::entry::{Body, Entry, SessionId};
use crate::incident::place::Key;
use crate::incident::probe::Dialect;
use crate::incident::request::{Probe, ProbeHow};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds between probes of one subject.
const PROBE_EVERY_S: i64 = 10;
/// The same where it was guessed and nothing ever answered: most likely there is no path from here.
const PROBE_UNSEEN_EVERY_S: i64 = 60;
/// The same for MySQL servers that answer: they count connections that come to nothing, and block a host in the end.
const PROBE_MYSQL_EVERY_S: i64 = 60;
/// Seconds after which an unchanged finding is recorded again, so that a replay shows fresh evidence as fresh.
const PROBE_RECORD_EVERY_S: i64 = 30;
/// The same for balancers and instances, which may be many.
const PROBE_RECORD_MANY_EVERY_S: i64 = 60;
/// Seconds that an answer and its way to the others' screens may take.
const ARRIVES_S: i64 = 10;
/// Seconds that a contradiction must have stood before it is an entry: what turns together is told together.
const LIE_SETTLES_S: i64 = 2;
/// Seconds for which a list of what is worth probing is good although something was recorded; longer on a large estate.
const WANTED_GOOD_S: i64 = 1;
const WANTED_GOOD_LARGE_S: i64 = 5;
/// Seconds after which what depends on the time alone is looked at again.
const LOOKED_AGAIN_S: i64 = 5;
/// Rows from which an estate is large.
const LARGE_ROWS: usize = 20_000;

/// Slots that subjects may take that may not answer.
const fn slow_share(at_once: usize) -> usize {
    let share = at_once * 3 / 4;
    if share == 0 { 1 } else { share }
}

/// A probe in flight.
#[derive(Debug, Clone)]
struct Flight {
    subject: ProbeSubject,
    /// By the name that its account has in our strand.
    told: ProbeSubject,
    /// What its finding will say of the path.
    asked: String,
    private: bool,
    /// It takes one of the slots for those that may not answer.
    slow: bool,
    /// Seconds until the next, where it answers.
    every_s: i64,
    declared: bool,
}

/// What a free slot is given to first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Urgency {
    /// It is about the selected row.
    Selected,
    /// It is about a row on the screen.
    Visible,
    /// Somebody wrote it down.
    Declared,
    /// None of these.
    Guessed,
}

/// A probe that is worth making.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    probe: Probe,
    /// Somebody wrote it down, rather than it being guessed from what AWS lists.
    declared: bool,
    /// It goes to a private address that nobody wrote down.
    private: bool,
}

/// What a list of what is worth probing was made from.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Gathered {
    at: Timestamp,
    entries: u64,
    screen: Screen,
    offset: usize,
    selected: Option<RowId>,
}

/// The probes in flight, and when each subject is probed next.
#[derive(Debug, Clone, Default)]
pub(super) struct Probing {
    in_flight: BTreeMap<Ticket, Flight>,
    due: BTreeMap<ProbeSubject, Timestamp>,
    /// Who of our host looks at what instead of us.
    left: BTreeMap<ProbeSubject, SessionId>,
    /// What was found last and was no news then: it is, once somebody tells of something else that is older.
    unsaid: BTreeMap<ProbeSubject, (Timestamp, Evidence)>,
    wanted: Vec<Wanted>,
    gathered: Option<Gathered>,
    /// When it was last looked for lies, and how many entries there were.
    looked: Option<(Timestamp, u64)>,
    /// Since when what is contradicted differs from what the log knows to be.
    unsettled: Option<Timestamp>,
}

impl Probing {
    /// Forgets what is in flight.
    pub(super) fn forget(&mut self) {
        self.in_flight.clear();
    }

    /// Everything is due.
    pub(super) fn all_at_once(&mut self) {
        self.due.clear();
        self.left.clear();
    }
}

impl App {
    /// Probes a subject again at the next tick.
    pub(super) fn probe_soon(&mut self, subject: &ProbeSubject) {
        self.probing.due.remove(subject);
    }

    /// Somebody of our host looks at this: for as long as their news come, we do not. `turn` is how many seconds longer we
    /// wait than whoever comes before us.
    pub(super) fn leave_subject(&mut self, subject: &ProbeSubject, to: &SessionId, turn: i64) {
        let news_every_s = match subject {
            ProbeSubject::Site(_) | ProbeSubject::Endpoint(_) => PROBE_RECORD_EVERY_S,
            // Of MySQL servers there is news only as often as they are asked.
            ProbeSubject::Database(_) => PROBE_MYSQL_EVERY_S,
            ProbeSubject::Balancer(_) | ProbeSubject::Instance(_) => PROBE_RECORD_MANY_EVERY_S,
            ProbeSubject::Dns(subject) => return self.leave_server(subject, to, turn),
        };
        let patience = news_every_s + PROBE_EVERY_S + ARRIVES_S + turn;
        let until = self.now + SignedDuration::from_secs(patience);
        self.probing.due.insert(subject.clone(), until);
        self.probing.left.insert(subject.clone(), to.clone());
    }

    /// These look at nothing for us any more: what they did is due.
    pub(super) fn take_back_subjects(&mut self, sessions: &BTreeSet<SessionId>) {
        let Probing { left, due, .. } = &mut self.probing;
        left.retain(|subject, to| {
            let stays = !sessions.contains(to);
            if !stays {
                due.remove(subject);
            }
            stays
        });
    }

    pub(super) fn probe_due(&mut self, effects: &mut Vec<Effect>) {
        let at_once = self.opening.probes.at_once;
        if self.probing.in_flight.len() >= at_once {
            return;
        }
        self.gather_wanted();
        let flying: BTreeSet<&ProbeSubject> =
            self.probing.in_flight.values().map(|flight| &flight.subject).collect();
        let (selected, visible) = self.subjects_in_view();
        let mut due: Vec<(Urgency, Option<Timestamp>, &Wanted)> = self
            .probing
            .wanted
            .iter()
            .filter(|wanted| !flying.contains(&wanted.probe.subject))
            .filter_map(|wanted| {
                let subject = &wanted.probe.subject;
                let at = self.probing.due.get(subject).copied();
                let urgency = if selected.contains(subject) {
                    Urgency::Selected
                } else if visible.contains(subject) {
                    Urgency::Visible
                } else if wanted.declared {
                    Urgency::Declared
                } else {
                    Urgency::Guessed
                };
                at.is_none_or(|at| at <= self.now).then_some((urgency, at, wanted))
            })
            .collect();
        // Stable: what is equally urgent keeps the order of the list.
        due.sort_by_key(|(urgency, at, _)| (*urgency, *at));
        let mut slots = at_once - self.probing.in_flight.len();
        let taken = self.probing.in_flight.values().filter(|flight| flight.slow).count();
        let mut slow_slots = slow_share(at_once).saturating_sub(taken);
        let mut next = Vec::new();
        for (_, _, wanted) in due {
            if slots == 0 {
                break;
            }
            let slow = self.may_not_answer(wanted);
            if slow && slow_slots == 0 {
                continue;
            }
            slots -= 1;
            slow_slots -= usize::from(slow);
            next.push((wanted.clone(), slow));
        }
        for (wanted, slow) in next {
            let ticket = self.ticket();
            let flight = Flight {
                subject: wanted.probe.subject.clone(),
                told: self.subject_as_told(&wanted.probe.subject),
                asked: wanted.probe.how.asked(),
                private: wanted.private,
                slow,
                every_s: usual_pause_s(&wanted.probe.how),
                declared: wanted.declared,
            };
            self.probing.left.remove(&wanted.probe.subject);
            self.probing.in_flight.insert(ticket, flight);
            effects.push(Effect::Probe(ticket, wanted.probe));
        }
    }

    /// The subject by the name that its account has in our strand.
    fn subject_as_told(&self, subject: &ProbeSubject) -> ProbeSubject {
        let account = subject.key().map(|key| self.as_told(&key.place.scope.account));
        account.map_or_else(|| subject.clone(), |account| subject.of_account(&account))
    }

    /// What was found and not written down was about an account that is another one: it is found again.
    pub(super) fn forget_unsaid(&mut self) {
        self.probing.unsaid.clear();
    }

    /// Whether a probe may well end in nothing.
    fn may_not_answer(&self, wanted: &Wanted) -> bool {
        match self.incident.probes.get(&wanted.probe.subject).map(|probed| probed.evidence.verdict) {
            Some(Verdict::TimedOut | Verdict::Silent) => true,
            Some(
                Verdict::Answers | Verdict::Wrong | Verdict::Error | Verdict::Refused | Verdict::Unreachable,
            ) => false,
            None => !wanted.declared,
        }
    }

    fn gather_wanted(&mut self) {
        let large = self.incident.rows.len() >= LARGE_ROWS;
        let good = if large { WANTED_GOOD_LARGE_S } else { WANTED_GOOD_S };
        let view = self.lists.get(&self.screen);
        let now = Gathered {
            at: self.now,
            entries: self.incident.entries,
            screen: self.screen,
            offset: view.map_or(0, |view| view.offset),
            selected: view.and_then(|view| view.selected.clone()),
        };
        let is_good = |then: &Gathered| {
            let old = now.at.duration_since(then.at).as_secs();
            old < good || (old < LOOKED_AGAIN_S && Gathered { at: now.at, ..then.clone() } == now)
        };
        if self.probing.gathered.as_ref().is_some_and(is_good) {
            return;
        }
        self.probing.wanted = self.probes_wanted();
        self.probing.gathered = Some(now);
    }

    pub(super) fn probed(&mut self, ticket: Ticket, mut evidence: Evidence, effects: &mut Vec<Effect>) {
        let Some(flight) = self.probing.in_flight.remove(&ticket) else { return };
        // Its account may have got its number, or another one, while the probe was out.
        let subject = self.incident.resolve_subject(&self.opening.session, &flight.told);
        evidence.asked = flight.asked;
        evidence.private = flight.private;
        let claimed = self.take_claim(&subject);
        let before = self.incident.probes.get(&subject);
        let unseen = match evidence.verdict {
            Verdict::TimedOut | Verdict::Unreachable => {
                !flight.declared && before.is_none_or(|before| before.answered.is_none())
            }
            Verdict::Answers | Verdict::Wrong | Verdict::Error | Verdict::Silent | Verdict::Refused => false,
        };
        let pause = match evidence.verdict {
            _ if unseen => PROBE_UNSEEN_EVERY_S,
            Verdict::Answers => flight.every_s,
            Verdict::Wrong
            | Verdict::Error
            | Verdict::Silent
            | Verdict::Refused
            | Verdict::TimedOut
            | Verdict::Unreachable => PROBE_EVERY_S,
        };
        let keeps = match &subject {
            ProbeSubject::Balancer(_) | ProbeSubject::Instance(_) => PROBE_RECORD_MANY_EVERY_S,
            ProbeSubject::Site(_)
            | ProbeSubject::Endpoint(_)
            | ProbeSubject::Database(_)
            | ProbeSubject::Dns(_) => PROBE_RECORD_EVERY_S,
        };
        let news = claimed
            || before.is_none_or(|before| {
                before.evidence.verdict != evidence.verdict
                    || before.evidence.detail != evidence.detail
                    || before.evidence.certificate != evidence.certificate
                    || before.evidence.asked != evidence.asked
                    || self.now.duration_since(before.at).as_secs() >= keeps
            });
        // Whoever looks at it meanwhile has put it off for us.
        let next = self.now + SignedDuration::from_secs(pause);
        let due = self.probing.due.entry(subject.clone()).or_insert(next);
        *due = next.max(*due);
        if news {
            self.probing.unsaid.remove(&subject);
            self.record(Body::Probed { subject, evidence }, effects);
            self.refresh_list();
        } else {
            self.probing.unsaid.insert(subject, (self.now, evidence));
        }
    }

    /// Others tell of findings older than one of ours that we did not write down, or whose account theirs were about, and
    /// an older one stands again: where ours says something else, it is news now. They are folded already.
    pub(super) fn stand_by_findings(&mut self, entries: &[Entry], effects: &mut Vec<Effect>) {
        let subjects: BTreeSet<ProbeSubject> =
            if entries.iter().any(|entry| matches!(entry.body, Body::Identified { .. })) {
                self.probing.unsaid.keys().cloned().collect()
            } else {
                let told = entries.iter().filter_map(|entry| {
                    let Body::Probed { subject, .. } = &entry.body else { return None };
                    Some(self.incident.resolve_subject(&entry.session, subject))
                });
                told.collect()
            };
        for subject in subjects {
            let Some((found, evidence)) = self.probing.unsaid.get(&subject) else { continue };
            // Found under the name of before, it may be about what has a number by now.
            let shown = self.incident.resolve_subject(&self.opening.session, &subject);
            let stands = self.incident.probes.get(&shown);
            let differs = stands
                .is_some_and(|stands| stands.at < *found && stands.evidence.verdict != evidence.verdict);
            if !differs {
                continue;
            }
            let age_s = self.now.duration_since(*found).as_secs();
            let evidence = evidence.clone();
            self.probing.unsaid.remove(&subject);
            if age_s <= PROBE_EVERY_S + ARRIVES_S {
                self.record(Body::Probed { subject, evidence }, effects);
            } else {
                // What was found long ago would read as found now.
                self.probe_soon(&subject);
            }
        }
    }

    /// Whether every probe that is wanted has been heard of since the start.
    #[must_use]
    pub fn probed_once(&self) -> bool {
        self.probes_wanted().iter().all(|wanted| self.probing.due.contains_key(&wanted.probe.subject))
    }

    /// Whether a site answers its visitors as expected, by fresh evidence.
    #[must_use]
    pub fn site_answers(&self, site: &str) -> Option<bool> {
        let probed = self.incident.probes.get(&ProbeSubject::Site(site.into()))?;
        Some(probed.evidence.verdict == Verdict::Answers)
    }

    /// Records contradictions that begin, change or end, once they have stood for a moment.
    pub(super) fn note_lies(&mut self, effects: &mut Vec<Effect>) {
        if self.opening.looks_only {
            return;
        }
        let entries = self.incident.entries;
        let is_known = |(at, known): &(Timestamp, u64)| {
            *known == entries && self.now.duration_since(*at).as_secs() < LOOKED_AGAIN_S
        };
        if self.probing.unsettled.is_none() && self.probing.looked.as_ref().is_some_and(is_known) {
            return;
        }
        self.probing.looked = Some((self.now, entries));
        let resources = self.lies_turned();
        if resources.is_empty() {
            self.probing.unsettled = None;
            return;
        }
        let since = *self.probing.unsettled.get_or_insert(self.now);
        if self.now.duration_since(since).as_secs() >= LIE_SETTLES_S {
            self.probing.unsettled = None;
            self.record(Body::Disagreements { resources }, effects);
            self.refresh_list();
        }
    }

    /// Where what is contradicted now differs from what the log knows to be.
    fn lies_turned(&self) -> BTreeMap<Key, Option<String>> {
        let mut turned = BTreeMap::new();
        for key in self.incident.probes.keys().filter_map(ProbeSubject::key) {
            let lie = self.incident.lie(key, self.now);
            let known = self.incident.lies.get(key).map(|(_, words)| words);
            if lie.is_some() && lie.as_ref() != known {
                turned.insert(key.clone(), lie);
            }
        }
        for key in self.incident.lies.keys() {
            // What was found long ago is no evidence, neither way: it stands until somebody looks again.
            let looked = self.incident.evidence_on(key, self.now).is_some();
            let is_there = self.incident.rows.contains_key(key);
            if (looked || !is_there) && self.incident.lie(key, self.now).is_none() {
                turned.insert(key.clone(), None);
            }
        }
        turned
    }
}

/// Seconds until the next probe, where this one is answered.
fn usual_pause_s(how: &ProbeHow) -> i64 {
    match how {
        ProbeHow::Greeting { dialect: Dialect::Mysql, .. } => PROBE_MYSQL_EVERY_S,
        ProbeHow::Greeting { dialect: Dialect::Postgres, .. }
        | ProbeHow::Http(_)
        | ProbeHow::Tcp { .. }
        | ProbeHow::Dns(_) => PROBE_EVERY_S,
    }
}

#[cfg(test)]
mod tests;
