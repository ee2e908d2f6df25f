//! What the world's DNS servers answer for the declared sites: who is asked when, and what their answers amount to.
//!
//! For each site: every authoritative server of its zone, and the public resolvers of the config. On a quiet day each
//! is asked once a minute (with jitter by hash), while a switch of the record is under way or younger than the old TTL
//! and two minutes every five seconds. A server is never asked for the same name twice at once, and never more than
//! `AT_ONCE` questions are under way, so they cannot pile up. What an answer is worth is `incident::dns`'s to say; here it is
//! put together for a site, and a disagreement becomes an entry when it begins, changes and ends.
//!
//! A disagreement is only what time cannot explain: a name server that answers the old `GRACE_S` after INSYNC, a name server that
//! answers what no record set says although the zone was read since, a resolver that answers neither or keeps the old
//! beyond its TTL. A change somebody else made is given `SETTLES_S` to arrive.
//!
//! Refuses to ask anybody by itself (it returns effects), and to ask at all in a run that only looks.

mod expiry;

pub use expiry::Expiry;

use super::App;
use super::executing::Phase;
use super::message::{Effect, Ticket};
use crate::incident::cell::{Evidence, ProbeSubject, Probed, Verdict};
use crate::incident::dns::{DnsSubject, Expected, Says, ServerRole, Switch, plain_name};
use crate::incident::entry::{Body, SessionId};
use crate::incident::hash::sha256_hex;
use crate::incident::operation::Standing;
use crate::incident::place::Kind;
use crate::incident::planner::same_sets;
use crate::incident::request::{Probe, ProbeHow};
use crate::incident::resource::{HostedZone, RecordSet, Resource, normalise_name};
use crate::incident::site::Site;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds between two questions to one server on a quiet day.
const QUIET_EVERY_S: i64 = 60;
/// Seconds between two questions while a switch is under way, and for a while after.
const SWITCH_EVERY_S: i64 = 5;
/// Seconds between two questions while a check of ours waits for nothing else.
const WAITED_FOR_EVERY_S: i64 = 2;
/// Seconds beyond the old TTL for which a switch is young.
const YOUNG_S: i64 = 120;
/// Questions under way at once.
pub(super) const AT_ONCE: usize = 8;
/// Seconds after which an unchanged answer is recorded again, so that a replay shows it as fresh.
const RECORD_EVERY_S: i64 = 300;
/// The same while a switch is under way or young.
const RECORD_SWITCH_EVERY_S: i64 = 30;
/// Seconds after which an answer of before says nothing about now.
const STALE_S: i64 = 2 * RECORD_EVERY_S;
/// Seconds given to a change until every name server must answer it, where nobody saw it INSYNC.
const SETTLES_S: i64 = 90;
/// Seconds after INSYNC in which a name server may still answer the old: many machines stand behind its address.
const GRACE_S: i64 = 10;
/// Seconds beyond the TTL in which a resolver may still answer the old: clocks and rounding.
const LATE_S: i64 = 30;
/// Seconds that an answer and its way to the others' screens may take.
const ARRIVES_S: i64 = 10;
/// Seconds that a check waits for name servers that do not answer while others do.
const SILENT_S: i64 = 30;

/// The questions under way, and when each server was last heard.
#[derive(Debug, Clone, Default)]
pub(super) struct Asking {
    in_flight: BTreeMap<Ticket, DnsSubject>,
    heard: BTreeMap<DnsSubject, Timestamp>,
    /// Whom another of our host asks.
    left: BTreeMap<DnsSubject, LeftServer>,
}

/// A server that another of our host asks.
#[derive(Debug, Clone)]
struct LeftServer {
    to: SessionId,
    /// When they last told its answer.
    told: Timestamp,
    /// Seconds that we wait longer for the next than the one before us.
    turn: i64,
}

impl Asking {
    /// Forgets what is in flight.
    pub(super) fn forget(&mut self) {
        self.in_flight.clear();
    }

    /// Everything is due.
    pub(super) fn all_at_once(&mut self) {
        self.heard.clear();
        self.left.clear();
    }

    /// Whether another's news of a server is young enough to spare us asking every so often.
    fn is_left(&self, subject: &DnsSubject, every: SignedDuration, now: Timestamp) -> bool {
        let Some(LeftServer { told, turn, .. }) = self.left.get(subject) else { return false };
        let every = every.as_secs();
        let tells = match every {
            ..SWITCH_EVERY_S => return false,
            SWITCH_EVERY_S..QUIET_EVERY_S => RECORD_SWITCH_EVERY_S,
            QUIET_EVERY_S.. => RECORD_EVERY_S,
        };
        now.duration_since(*told).as_secs() <= tells + every + ARRIVES_S + turn
    }
}

/// One server and what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ServerSays<'a> {
    /// What it amounts to.
    pub says: Says,
    /// The evidence behind it; of before the change where it was not asked since.
    pub probed: Option<&'a Probed>,
}

/// What all servers say about a site's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Propagation<'a> {
    /// The zone's own servers, in Route 53's order.
    pub name_servers: Vec<(DnsSubject, ServerSays<'a>)>,
    /// The public resolvers, in the config's order.
    pub resolvers: Vec<(DnsSubject, ServerSays<'a>)>,
    /// The change of ours that is under way or young.
    pub switch: Option<&'a Switch>,
    /// How far the old answers are from being gone, if a change is under way or young.
    pub expiry: Option<Expiry>,
    /// What contradicts what, in words that stay the same as long as it does.
    pub contradictions: Vec<String>,
}

impl Propagation<'_> {
    /// How many servers of a list answer the new, of how many.
    #[must_use]
    pub fn counted(servers: &[(DnsSubject, ServerSays<'_>)]) -> (usize, usize) {
        (servers.iter().filter(|(_, server)| server.says == Says::New).count(), servers.len())
    }

    /// Whether every name server was asked and not one ever answered from here.
    #[must_use]
    pub fn is_blocked(&self) -> bool {
        !self.name_servers.is_empty()
            && self.name_servers.iter().all(|(_, server)| {
                server.says == Says::Silent && server.probed.is_some_and(|probed| probed.answered.is_none())
            })
    }

    /// Why no name server is seen, where none is.
    #[must_use]
    pub fn blocked_words(&self) -> &'static str {
        let unresolved = |server: &ServerSays<'_>| {
            server.probed.is_some_and(|probed| probed.evidence.verdict == Verdict::Unreachable)
        };
        if self.name_servers.iter().all(|(_, server)| unresolved(server)) {
            "name servers not seen from here: their names do not resolve, or there is no route"
        } else {
            "name servers not seen from here: DNS is blocked"
        }
    }

    /// In a line: `3/4 name servers, 2/3 resolvers answer the new`.
    #[must_use]
    pub fn words(&self) -> String {
        let count = |servers: &[(DnsSubject, ServerSays<'_>)], noun: &str| {
            let (new, of) = Self::counted(servers);
            format!("{new}/{of} {noun}")
        };
        let mut all = self.name_servers.iter().chain(&self.resolvers);
        if all.all(|(_, server)| server.says == Says::NotAsked) {
            let since = if self.switch.is_some() { " since the change" } else { "" };
            return format!("DNS servers not asked{since} yet");
        }
        let verb = if self.switch.is_some() { "answer the new" } else { "answer as recorded" };
        if self.is_blocked() {
            let rest = if self.resolvers.is_empty() {
                String::new()
            } else {
                format!("; {} {verb}", count(&self.resolvers, "resolvers"))
            };
            return format!("{}{rest}", self.blocked_words());
        }
        let mut counts = Vec::new();
        if !self.name_servers.is_empty() {
            counts.push(count(&self.name_servers, "name servers"));
        }
        if !self.resolvers.is_empty() {
            counts.push(count(&self.resolvers, "resolvers"));
        }
        format!("{} {verb}", counts.join(", "))
    }
}

/// What a check learns from the name servers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ServersSay {
    /// Nothing more is to be learnt: they answer the new, or cannot be seen from here.
    Settled(String),
    /// Not yet.
    Waiting(String),
}

impl App {
    // --- who is asked when ---

    /// Asks the servers that are due.
    pub(super) fn ask_servers_due(&mut self, effects: &mut Vec<Effect>) {
        if self.opening.looks_only {
            return;
        }
        for (subject, every) in self.servers_wanted() {
            if self.asking.in_flight.len() >= AT_ONCE {
                return;
            }
            let asked = self.asking.in_flight.values().any(|asked| *asked == subject);
            let due = self.asking.heard.get(&subject).is_none_or(|at| {
                // Jitter only ever adds, and is a hash: not worked out for what is not due without it.
                let age = self.now.duration_since(*at);
                age.as_secs() >= every && age >= self.jittered(&subject, every)
            });
            if asked || !due || self.asking.is_left(&subject, self.jittered(&subject, every), self.now) {
                continue;
            }
            let ticket = self.ticket();
            self.asking.in_flight.insert(ticket, subject.clone());
            let how = ProbeHow::Dns(subject.clone());
            effects.push(Effect::Probe(ticket, Probe { subject: ProbeSubject::Dns(subject), how }));
        }
    }

    /// Another of our host asks this server.
    pub(super) fn leave_server(&mut self, subject: &DnsSubject, to: &SessionId, turn: i64) {
        let left = LeftServer { to: to.clone(), told: self.now, turn };
        self.asking.left.insert(subject.clone(), left);
    }

    /// These ask no server for us any more.
    pub(super) fn take_back_servers(&mut self, sessions: &BTreeSet<SessionId>) {
        self.asking.left.retain(|_, left| !sessions.contains(&left.to));
    }

    /// Takes in a server's answer; anything else is given back.
    pub(super) fn server_answered(
        &mut self,
        ticket: Ticket,
        evidence: Evidence,
        effects: &mut Vec<Effect>,
    ) -> Option<Evidence> {
        let Some(asked) = self.asking.in_flight.remove(&ticket) else { return Some(evidence) };
        self.asking.heard.insert(asked.clone(), self.now);
        let switch = self.incident.switches.get(&asked.name);
        let moments = switch.map_or([None; 3], |switch| {
            let graced = switch.in_sync.map(|at| at + SignedDuration::from_secs(GRACE_S));
            [Some(switch.at), switch.in_sync, graced]
        });
        let is_young = switch.is_some_and(|switch| self.is_young(switch));
        let keeps = if is_young { RECORD_SWITCH_EVERY_S } else { RECORD_EVERY_S };
        let subject = ProbeSubject::Dns(asked);
        let claimed = self.take_claim(&subject);
        let news = claimed
            || self.incident.probes.get(&subject).is_none_or(|before| {
                !before.evidence.agrees_with(&evidence)
                || before.evidence.detail != evidence.detail
                || self.now.duration_since(before.at).as_secs() >= keeps
                // The first answer since a change, and since its INSYNC counts, is news even if it is the old one.
                || moments.into_iter().flatten().any(|at| before.at < at && at <= self.now)
            });
        if news {
            self.record(Body::Probed { subject, evidence }, effects);
        }
        None
    }

    /// Every server of every site once, with the seconds that it is left alone. Changes first: they are what people wait
    /// for.
    fn servers_wanted(&self) -> Vec<(DnsSubject, i64)> {
        let mut wanted: Vec<(DnsSubject, i64)> = Vec::new();
        for site in &self.opening.sites {
            let name = plain_name(&site.record);
            let switch = self.switch_of(site);
            // Until the zone was read once, by whomever, an answer could be compared with nothing.
            if switch.is_none() && self.zone_of(site).is_none() {
                continue;
            }
            let every = match switch {
                Some(switch) if self.waits_for_servers(switch) => WAITED_FOR_EVERY_S,
                Some(_) => SWITCH_EVERY_S,
                None => QUIET_EVERY_S,
            };
            wanted.extend(
                self.alias_subjects(site, switch).map(|subject| (subject, every.max(SWITCH_EVERY_S))),
            );
            wanted.extend(self.servers(site, &name).into_iter().map(|subject| (subject, every)));
        }
        wanted.sort_by_key(|(_, every)| *every);
        let mut seen = BTreeSet::new();
        wanted.retain(|(subject, _)| seen.insert(subject.clone()));
        wanted
    }

    /// Up to a quarter more, by hash, on a quiet day: many sites are not asked in one breath.
    fn jittered(&self, subject: &DnsSubject, every: i64) -> SignedDuration {
        let mut millis = every * 1_000;
        if every >= QUIET_EVERY_S {
            let digest = sha256_hex(format!("{} {subject}", self.opening.jitter).as_bytes());
            let fraction = i64::from_str_radix(digest.get(..4).unwrap_or("0"), 16).unwrap_or_default();
            millis += millis * fraction / (4 * 0xffff);
        }
        SignedDuration::from_millis(millis)
    }

    /// The servers of a site's name: the config's, else the zone's own; then the resolvers. A replay shows those that
    /// were asked.
    fn servers(&self, site: &Site, name: &str) -> Vec<DnsSubject> {
        if self.replay.is_some() {
            let asked = self.incident.probes.iter().filter_map(|(subject, probed)| match subject {
                ProbeSubject::Dns(asked)
                    if asked.name == name && self.now.duration_since(probed.at).as_secs() <= STALE_S =>
                {
                    Some(asked.clone())
                }
                ProbeSubject::Dns(_)
                | ProbeSubject::Site(_)
                | ProbeSubject::Endpoint(_)
                | ProbeSubject::Database(_)
                | ProbeSubject::Balancer(_)
                | ProbeSubject::Instance(_) => None,
            });
            return asked.collect();
        }
        let subject =
            |role| move |server: &String| DnsSubject { name: name.to_owned(), role, server: server.clone() };
        let named = self.opening.dns.servers.get(&site.name);
        let own =
            named.map(Vec::as_slice).or_else(|| self.zone_of(site).map(|zone| zone.name_servers.as_slice()));
        let own = own.unwrap_or_default().iter().map(subject(ServerRole::NameServer));
        own.chain(self.opening.dns.resolvers.iter().map(subject(ServerRole::Resolver))).collect()
    }

    /// The public zone of a site; of several, one whose servers are known.
    fn zone_of(&self, site: &Site) -> Option<&HostedZone> {
        let name = normalise_name(&site.zone);
        let zones = self.incident.of_kind(Kind::HostedZone).filter_map(|seen| match &seen.resource {
            Resource::HostedZone(zone) if !zone.private && zone.name == name => Some(zone),
            _ => None,
        });
        zones.max_by_key(|zone| !zone.name_servers.is_empty())
    }

    /// What the site's name is an alias of, if it is.
    fn alias_target(&self, site: &Site, switch: Option<&Switch>) -> Option<String> {
        match switch {
            Some(switch) => alias_of(&switch.new),
            None => alias_of(self.site_records(site)),
        }
    }

    /// The questions that tell what the targets of aliases resolve to: asked of one resolver, beside the name itself.
    fn alias_subjects(&self, site: &Site, switch: Option<&Switch>) -> impl Iterator<Item = DnsSubject> {
        let old = switch.and_then(|switch| alias_of(&switch.old));
        let server = self.opening.dns.resolvers.first().cloned();
        let names = self.alias_target(site, switch).into_iter().chain(old);
        names.filter_map(move |name| {
            Some(DnsSubject { name, role: ServerRole::Resolver, server: server.clone()? })
        })
    }

    /// The change of a site's name that is under way or young, and that nothing has overtaken.
    fn switch_of(&self, site: &Site) -> Option<&Switch> {
        let switch = self.incident.switches.get(&plain_name(&site.record))?;
        let operation = self.incident.operations.get(&switch.plan)?;
        if operation.standing(&self.incident) == Standing::Running {
            return Some(switch);
        }
        if !self.is_young(switch) {
            return None;
        }
        let records: Vec<RecordSet> = self.site_records(site).cloned().collect();
        let read_since = records.iter().any(|record| {
            self.incident.as_of(&record.key).is_some_and(|at| at > switch.at)
                && !same_sets(&records, &switch.new)
        });
        (!read_since).then_some(switch)
    }

    /// Whether the old answers of a change may still be somewhere, or were until just now.
    fn is_young(&self, switch: &Switch) -> bool {
        let since = switch.in_sync.unwrap_or(switch.at);
        self.now.duration_since(since).as_secs() <= i64::from(switch.ttl) + YOUNG_S
    }

    /// Whether a check of this cockpit waits for the servers and for nothing else.
    fn waits_for_servers(&self, switch: &Switch) -> bool {
        self.executions.get(&switch.plan).is_some_and(|execution| {
            execution.reread.is_some() && matches!(execution.phase, Phase::Checking { .. })
        })
    }

    // --- what they say ---

    /// What the servers say about a site's name; `None` where nobody is asked, or the zone was not read yet.
    #[must_use]
    pub fn propagation(&self, site: &Site) -> Option<Propagation<'_>> {
        let name = plain_name(&site.record);
        let servers = self.servers(site, &name);
        let switch = self.switch_of(site);
        if servers.is_empty() || (switch.is_none() && self.zone_of(site).is_none()) {
            return None;
        }
        let target = self.alias_target(site, switch);
        let rows: Vec<&RecordSet> = self.records_at(site);
        let expected = match switch {
            Some(switch) => {
                let old_target = self.resolved(alias_of(&switch.old).as_deref());
                Expected::new(&switch.new, &self.resolved(target.as_deref()), Some((switch, &old_target)))
            }
            None => Expected::new(rows.iter().copied(), &self.resolved(target.as_deref()), None),
        };
        let probed: Vec<Option<&Probed>> = servers
            .iter()
            .map(|subject| self.incident.probes.get(&ProbeSubject::Dns(subject.clone())))
            .map(|probed| probed.filter(|p| self.now.duration_since(p.at).as_secs() <= STALE_S))
            .collect();
        let counts = |probed: &Probed| switch.is_none_or(|switch| probed.at >= switch.at);
        let answers: Vec<(ServerRole, &Evidence)> = servers
            .iter()
            .zip(&probed)
            .filter_map(|(subject, probed)| {
                probed.filter(|p| counts(p)).map(|probed| (subject.role, &probed.evidence))
            })
            .collect();
        let mut judged = expected.judge(&answers).into_iter();
        let all: Vec<(DnsSubject, ServerSays<'_>)> = servers
            .into_iter()
            .zip(probed)
            .map(|(subject, probed)| {
                let says = match probed {
                    Some(probed) if counts(probed) => judged.next().unwrap_or(Says::NotAsked),
                    Some(_) | None => Says::NotAsked,
                };
                (subject, ServerSays { says, probed })
            })
            .collect();
        let (name_servers, resolvers) =
            all.into_iter().partition(|(subject, _)| subject.role == ServerRole::NameServer);
        let mut propagation =
            Propagation { name_servers, resolvers, switch, expiry: None, contradictions: Vec::new() };
        propagation.expiry = switch.map(|switch| self.expiry(switch, &propagation.name_servers));
        propagation.contradictions = self.contradictions(site, &rows, &propagation);
        Some(propagation)
    }

    /// The address and CNAME record sets at a site's name.
    fn records_at(&self, site: &Site) -> Vec<&RecordSet> {
        let name = normalise_name(&site.record);
        let rows = self.incident.of_kind(Kind::RecordSet).filter_map(|seen| match &seen.resource {
            Resource::RecordSet(record) => Some(record),
            _ => None,
        });
        rows.filter(|r| r.name == name && matches!(r.record_type.as_str(), "A" | "AAAA" | "CNAME")).collect()
    }

    /// What a name resolves to, by whoever was asked for it.
    fn resolved(&self, name: Option<&str>) -> BTreeSet<std::net::IpAddr> {
        let Some(name) = name else { return BTreeSet::new() };
        let answers = self.incident.probes.iter().filter(|(subject, probed)| match subject {
            ProbeSubject::Dns(asked) => {
                asked.name == name && self.now.duration_since(probed.at).as_secs() <= STALE_S
            }
            ProbeSubject::Site(_)
            | ProbeSubject::Endpoint(_)
            | ProbeSubject::Database(_)
            | ProbeSubject::Balancer(_)
            | ProbeSubject::Instance(_) => false,
        });
        answers
            .map(|(_, probed)| probed)
            .filter_map(|probed| probed.evidence.dns.as_ref())
            .flat_map(|answer| answer.addresses.iter().copied())
            .collect()
    }

    fn contradictions(&self, site: &Site, rows: &[&RecordSet], propagation: &Propagation<'_>) -> Vec<String> {
        let mut found = Vec::new();
        // From when on every name server must answer the new.
        let settled = match propagation.switch {
            Some(switch) => match switch.in_sync {
                Some(in_sync) => in_sync + SignedDuration::from_secs(GRACE_S),
                None => switch.at + SignedDuration::from_secs(SETTLES_S),
            },
            None => {
                let changed = rows.iter().filter_map(|r| self.incident.rows.get(&r.key)).map(|s| s.changed);
                let zone = self.zone_of(site).and_then(|zone| self.incident.as_of(&zone.key));
                match changed.max() {
                    // Rows that were there when the cockpit began were not changed then.
                    Some(changed) if changed > self.started => changed + SignedDuration::from_secs(SETTLES_S),
                    Some(changed) => changed,
                    None => zone.unwrap_or(self.now),
                }
            }
        };
        // Somebody may have changed the record, and the zone was not read since.
        let read = self.zone_of(site).and_then(|zone| self.incident.as_of(&zone.key));
        let read_since =
            |probed: &Probed| propagation.switch.is_some() || read.is_some_and(|at| at > probed.since);
        let some_answer = propagation.name_servers.iter().any(|(_, server)| server.says == Says::New);
        let says_insync = match propagation.switch {
            Some(switch) if switch.in_sync.is_some() => "although Route 53 says INSYNC",
            Some(_) | None => "although Route 53 lists the new",
        };
        for (subject, server) in &propagation.name_servers {
            let Some(probed) = server.probed.filter(|probed| probed.at >= settled && read_since(probed))
            else {
                continue;
            };
            let answer = probed.evidence.dns.as_ref().map_or_else(String::new, |answer| answer.words());
            let name = &subject.server;
            match server.says {
                Says::Old => found.push(format!("{name} answers the old ({answer}), {says_insync}")),
                Says::Other => found.push(format!("{name} answers {answer}, which no record set says")),
                Says::Nothing => found.push(format!("{name} knows no address, {says_insync}")),
                Says::Error if some_answer => {
                    found.push(format!(
                        "{name} gives an error ({}), other name servers answer",
                        probed.evidence.detail
                    ));
                }
                Says::Error | Says::New | Says::Silent | Says::NotAsked => {}
            }
        }
        for (subject, server) in &propagation.resolvers {
            let Some(probed) = server.probed.filter(|probed| probed.at >= settled && read_since(probed))
            else {
                continue;
            };
            let answer = probed.evidence.dns.as_ref().map_or_else(String::new, |answer| answer.words());
            let name = &subject.server;
            let expires = propagation.expiry.and_then(Expiry::at);
            let late = expires.is_some_and(|at| probed.at > at + SignedDuration::from_secs(LATE_S));
            match server.says {
                Says::Other if propagation.switch.is_some() => {
                    found.push(format!("resolver {name} answers {answer}, neither the old nor the new"));
                }
                Says::Other if some_answer => {
                    found.push(format!("resolver {name} answers {answer}, the name servers do not"));
                }
                Says::Old if late => {
                    found.push(format!("resolver {name} still answers the old ({answer}), beyond its TTL"));
                }
                Says::Nothing if some_answer && (propagation.switch.is_none() || late) => {
                    found.push(format!("resolver {name} knows no address, the name servers do"));
                }
                Says::Other
                | Says::Old
                | Says::Nothing
                | Says::Error
                | Says::New
                | Says::Silent
                | Says::NotAsked => {}
            }
        }
        found
    }

    /// Records disagreements that begin, change or end.
    pub(super) fn note_disagreements(&mut self, effects: &mut Vec<Effect>) {
        if self.opening.looks_only {
            return;
        }
        let mut news = Vec::new();
        for site in &self.opening.sites {
            let Some(propagation) = self.propagation(site) else { continue };
            let heard = propagation.name_servers.iter().chain(&propagation.resolvers);
            if !heard.into_iter().any(|(_, server)| server.says != Says::NotAsked) {
                continue;
            }
            let words = Some(propagation.contradictions.join("; ")).filter(|words| !words.is_empty());
            let known = self.incident.disagreements.get(&site.name).map(|(_, words)| words);
            if words.as_ref() != known {
                news.push(Body::Disagreement { site: site.name.clone(), words });
            }
        }
        for body in news {
            self.record(body, effects);
        }
    }

    /// What a check of a change to this name learns from the name servers. It never waits for what cannot be seen.
    pub(super) fn servers_say(&self, name: &str, since: Timestamp) -> ServersSay {
        let name = normalise_name(name);
        let Some(site) = self.opening.sites.iter().find(|site| normalise_name(&site.record) == name) else {
            return ServersSay::Settled(
                "no declared site has this name: its name servers were not asked".into(),
            );
        };
        let unknown =
            || ServersSay::Settled("name servers not asked: route53:GetHostedZone did not tell them".into());
        let Some(propagation) = self.propagation(site) else { return unknown() };
        let servers = &propagation.name_servers;
        if servers.is_empty() {
            return unknown();
        }
        let (new, of) = Propagation::counted(servers);
        let words = format!("{new}/{of} name servers answer the new");
        let unheard = self
            .alias_subjects(site, propagation.switch)
            .any(|subject| !self.incident.probes.contains_key(&ProbeSubject::Dns(subject)));
        if unheard && self.now.duration_since(since).as_secs() < SILENT_S {
            return ServersSay::Waiting("asking what the alias's target resolves to".into());
        }
        if new == of {
            return ServersSay::Settled(words);
        }
        let waited = self.now.duration_since(since).as_secs() >= SILENT_S;
        let all = |wanted: &[Says]| servers.iter().all(|(_, server)| wanted.contains(&server.says));
        if propagation.is_blocked() || (waited && all(&[Says::Silent, Says::NotAsked])) {
            return ServersSay::Settled(propagation.blocked_words().into());
        }
        let others: Vec<String> = servers
            .iter()
            .filter(|(_, server)| server.says != Says::New)
            .map(|(subject, server)| format!("{}: {}", subject.server, server.says.as_str()))
            .collect();
        let words = format!("{words} ({})", others.join(", "));
        if new > 0 && waited && all(&[Says::New, Says::Silent]) {
            return ServersSay::Settled(words);
        }
        ServersSay::Waiting(words)
    }

    /// Asks a name's servers again at the next tick.
    pub(super) fn ask_servers_soon(&mut self, name: &str) {
        let name = plain_name(name);
        self.asking.heard.retain(|subject, _| subject.name != name);
        self.asking.left.retain(|subject, _| subject.name != name);
    }
}

/// What these record sets are an alias of, if they are.
fn alias_of<'a>(records: impl IntoIterator<Item = &'a RecordSet>) -> Option<String> {
    records.into_iter().find_map(|record| record.alias.as_ref()).map(|alias| plain_name(&alias.dns_name))
}
