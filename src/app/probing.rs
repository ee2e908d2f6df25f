//! When evidence is looked for: what is probed, how often, and how many at once.
//!
//! A subject is never probed twice at once and never more than [`PROBES_AT_ONCE`] are in flight, so probes cannot pile up.
//! A finding is an entry when it is news.

use super::App;
use super::message::{Effect, Ticket};
use crate::incident::cell::{Evidence, ProbeSubject, Verdict};
use crate::incident::entry::Body;
use crate::incident::place::Kind;
use crate::incident::request::{Probe, ProbeHow};
use crate::incident::resource::Resource;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Seconds between probes of one subject.
const PROBE_EVERY_S: i64 = 10;
/// Seconds after which an unchanged finding is recorded again, so that a replay shows fresh evidence as fresh.
const PROBE_RECORD_EVERY_S: i64 = 30;
/// Seconds that an answer and its way to the others' screens may take.
const ARRIVES_S: i64 = 10;
/// Probes in flight at once.
const PROBES_AT_ONCE: usize = 16;
/// Databases probed at most: those first that claim `available`.
const DATABASES_PROBED: usize = 64;

/// The probes in flight, and when each subject is probed next.
#[derive(Debug, Clone, Default)]
pub(super) struct Probing {
    in_flight: BTreeMap<Ticket, ProbeSubject>,
    due: BTreeMap<ProbeSubject, Timestamp>,
}

impl Probing {
    /// Forgets what is in flight.
    pub(super) fn forget(&mut self) {
        self.in_flight.clear();
    }

    /// Everything is due.
    pub(super) fn all_at_once(&mut self) {
        self.due.clear();
    }
}

impl App {
    /// Probes a subject again at the next tick.
    pub(super) fn probe_soon(&mut self, subject: &ProbeSubject) {
        self.probing.due.remove(subject);
    }

    /// Somebody of our host looks at this: for as long as their news come, we do not. `turn` is how many seconds longer we
    /// wait than whoever comes before us.
    pub(super) fn leave_subject(&mut self, subject: &ProbeSubject, turn: i64) {
        match subject {
            ProbeSubject::Site(_) | ProbeSubject::Database(_) => {
                let patience = PROBE_RECORD_EVERY_S + PROBE_EVERY_S + ARRIVES_S + turn;
                let until = self.now + SignedDuration::from_secs(patience);
                self.probing.due.insert(subject.clone(), until);
            }
            ProbeSubject::Dns(subject) => self.leave_server(subject, turn),
        }
    }

    pub(super) fn probe_due(&mut self, effects: &mut Vec<Effect>) {
        for probe in self.probes_wanted() {
            if self.probing.in_flight.len() >= PROBES_AT_ONCE {
                return;
            }
            let in_flight = self.probing.in_flight.values().any(|subject| *subject == probe.subject);
            let due = self.probing.due.get(&probe.subject).is_none_or(|at| *at <= self.now);
            if in_flight || !due {
                continue;
            }
            let ticket = self.ticket();
            self.probing.in_flight.insert(ticket, probe.subject.clone());
            effects.push(Effect::Probe(ticket, probe));
        }
    }

    /// Declared sites, and the endpoints of databases that claim to be available.
    fn probes_wanted(&self) -> Vec<Probe> {
        let sites = self.opening.sites.iter().filter_map(|site| {
            let how = ProbeHow::Http(site.probe.clone()?);
            Some(Probe { subject: ProbeSubject::Site(site.name.clone()), how })
        });
        let databases = self
            .incident
            .of_kind(Kind::Database)
            .filter_map(|seen| {
                let Resource::Database(database) = &seen.resource else { return None };
                let endpoint = database.endpoint.clone().filter(|_| database.status == "available")?;
                Some(Probe {
                    subject: ProbeSubject::Database(database.key.clone()),
                    how: ProbeHow::Tcp { host: endpoint.host, port: endpoint.port },
                })
            })
            .take(DATABASES_PROBED);
        sites.chain(databases).collect()
    }

    pub(super) fn probed(&mut self, ticket: Ticket, evidence: Evidence, effects: &mut Vec<Effect>) {
        let Some(subject) = self.probing.in_flight.remove(&ticket) else { return };
        let next = self.now + SignedDuration::from_secs(PROBE_EVERY_S);
        // Whoever looks at it meanwhile has put it off for us.
        let due = self.probing.due.entry(subject.clone()).or_insert(next);
        *due = next.max(*due);
        let claimed = self.take_claim(&subject);
        let news = claimed
            || self.incident.probes.get(&subject).is_none_or(|before| {
                before.evidence.verdict != evidence.verdict
                    || before.evidence.detail != evidence.detail
                    || self.now.duration_since(before.at).as_secs() >= PROBE_RECORD_EVERY_S
            });
        if news {
            self.record(Body::Probed { subject, evidence }, effects);
            self.refresh_list();
        }
    }

    /// Whether every declared probe has been heard of since the start.
    #[must_use]
    pub fn probed_once(&self) -> bool {
        self.probes_wanted().iter().all(|probe| self.probing.due.contains_key(&probe.subject))
    }

    /// Whether a site answers its visitors as expected, by fresh evidence.
    #[must_use]
    pub fn site_answers(&self, site: &str) -> Option<bool> {
        let probed = self.incident.probes.get(&ProbeSubject::Site(site.into()))?;
        Some(probed.evidence.verdict == Verdict::Answers)
    }
}
