//! What DNS servers really answer for a name, weighed against what Route 53 says they should.
//!
//! An API says INSYNC; a name server says an address. Here an answer is called the new, the old or neither. Pure data
//! and rules; it asks nobody and imports nothing but `incident`.
//!
//! **Plain records** are simple: the answer must hold exactly the values of the A and AAAA sets (some of them, where a
//! routing policy chooses). **Aliases** are not: they answer the addresses of a balancer, which change by themselves and
//! are nowhere in the record. So for an alias an answer counts as the new if it shares an address with what the target's
//! own name resolves to (a resolver is asked for it beside the record); it is the old if it shares one with what the
//! name servers answered just before the change, which the log keeps. An answer that does neither is a balancer that
//! moved on between two questions, as long as the name servers agree among themselves: it counts as the new if it shares
//! an address with another name server's answer that is not the old, or if nobody else has answered yet; otherwise it
//! is neither. CloudFront answers everybody something else, so there whatever is not the old is the new. The old
//! target's name is asked beside the new one's. Without any resolver and without answers of before, the old and the new
//! of an alias cannot be told apart: then what the name servers agree on counts as the new, and INSYNC is the evidence.

use super::cell::{Evidence, ProbeSubject, Verdict};
use super::entry::Outcome;
use super::fold::Incident;
use super::hash::PlanHash;
use super::operation::Operation;
use super::plan::{Check, Guard};
use super::request::{Call, RecordChange};
use super::resource::{RecordSet, bare_name, normalise_name};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::net::IpAddr;

/// What a server is to the name it is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ServerRole {
    /// One of the zone's own name servers: its answer is the truth.
    NameServer,
    /// A public resolver: its answer is what visitors get, and may be as old as a TTL.
    Resolver,
}

/// One server asked for one name. Written `fitocracy.com@ns-1.awsdns-01.org`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DnsSubject {
    /// The name, lower case, without the final dot.
    pub name: String,
    /// What the server is to the name.
    pub role: ServerRole,
    /// A host name, an address, or an address with a port.
    pub server: String,
}

impl fmt::Display for DnsSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name, self.server)
    }
}

/// A server's whole answer for A and AAAA: addresses, or the certainty that there are none.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DnsAnswer {
    /// Sorted, v4 before v6. None of them: the name or the types do not exist there.
    pub addresses: Vec<IpAddr>,
    /// The lowest TTL served, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
    /// The server claims authority (the AA flag).
    #[serde(default)]
    pub authoritative: bool,
    /// Where the name itself is an alias by CNAME: to what, normalised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cname: Option<String>,
}

impl DnsAnswer {
    /// The addresses in a line; `no address` where there are none.
    #[must_use]
    pub fn words(&self) -> String {
        match (&self.cname, self.addresses.is_empty()) {
            (Some(cname), true) => format!("CNAME {}", cname.trim_end_matches('.')),
            (None, true) => "no address".into(),
            (_, false) => {
                let shown: Vec<String> = self.addresses.iter().take(4).map(ToString::to_string).collect();
                let more = self.addresses.len().saturating_sub(shown.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("{}{more}", shown.join(" "))
            }
        }
    }

    /// Whether two answers lead to the same place, whatever is left of their TTLs.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        self.addresses == other.addresses && self.cname == other.cname
    }
}

/// Who is asked: the config's `[dns]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DnsServers {
    /// Public resolvers, as addresses with or without a port. None: none is asked.
    pub resolvers: Vec<String>,
    /// Name servers to ask instead of the zone's own, by site.
    pub servers: BTreeMap<String, Vec<String>>,
}

impl DnsServers {
    /// Asked where the config names none: three of three owners.
    pub const RESOLVERS: [&str; 3] = ["1.1.1.1", "8.8.8.8", "9.9.9.9"];
}

impl Default for DnsServers {
    fn default() -> Self {
        Self { resolvers: Self::RESOLVERS.map(str::to_owned).to_vec(), servers: BTreeMap::new() }
    }
}

/// A batch of ours that changes what a name answers, folded from its intent on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// The plan that does it.
    pub plan: PlanHash,
    /// When Route 53 took it; until then, when its intent was written.
    pub at: Timestamp,
    /// When it was first seen INSYNC.
    pub in_sync: Option<Timestamp>,
    /// The A and AAAA sets before.
    pub old: Vec<RecordSet>,
    /// The A and AAAA sets after.
    pub new: Vec<RecordSet>,
    /// What the name servers answered just before.
    pub served: BTreeSet<IpAddr>,
    /// The TTL that was served, else the record's, else an alias's 60 s.
    pub ttl: u32,
    /// What was under way at this name before: it is so again if the call is refused.
    pub before: Option<Box<Switch>>,
}

impl Switch {
    /// The switch that an intent announces, if it is one; with the name it is about.
    pub(super) fn announced(
        incident: &Incident,
        plan: &PlanHash,
        step: usize,
        call: &Call,
        at: Timestamp,
    ) -> Option<(String, Self)> {
        let Call::ChangeRecords { changes, .. } = call else { return None };
        let (RecordChange::Delete(first) | RecordChange::Create(first)) = changes.first()?;
        let name = plain_name(&first.name);
        let step = incident.operations.get(plan)?.plan.steps.get(step)?;
        let Guard::RecordsAre { records: old, .. } = &step.guard else { return None };
        let Check::RecordsAre { records: new, .. } = &step.check else { return None };
        let answers = incident.probes.iter().filter_map(|(subject, probed)| match subject {
            ProbeSubject::Dns(asked) if asked.name == name && asked.role == ServerRole::NameServer => {
                probed.evidence.dns.as_ref()
            }
            _ => None,
        });
        let served: Vec<&DnsAnswer> = answers.collect();
        let recorded = old.iter().map(|r| r.ttl.filter(|_| r.alias.is_none()).unwrap_or(ALIAS_TTL_S)).max();
        let ttl = served.iter().filter_map(|answer| answer.ttl).max().or(recorded).unwrap_or(ALIAS_TTL_S);
        let served = served.iter().flat_map(|answer| answer.addresses.iter().copied()).collect();
        let before = incident.switches.get(&name).cloned().map(|switch| {
            // One is enough to go back to.
            Box::new(Self { before: None, ..switch })
        });
        Some((
            name,
            Self {
                plan: plan.clone(),
                at,
                in_sync: None,
                old: old.clone(),
                new: new.clone(),
                served,
                ttl,
                before,
            },
        ))
    }

    /// What became of its call, as far as the log says.
    #[must_use]
    pub fn outcome<'a>(&self, operation: &'a Operation) -> Option<&'a Outcome> {
        let steps = operation.plan.steps.iter().zip(&operation.steps);
        let mut own = steps.filter(|(step, _)| match &step.check {
            Check::RecordsAre { records, .. } => *records == self.new,
            Check::LaunchedRuns
            | Check::InService { .. }
            | Check::NotRegistered { .. }
            | Check::Terminated { .. }
            | Check::DatabaseAvailable { .. }
            | Check::Accepted => false,
        });
        own.find_map(|(_, progress)| progress.outcome.as_ref()).map(|(_, outcome)| outcome)
    }
}

/// What balancers, CloudFront and S3 websites serve their names with.
const ALIAS_TTL_S: u32 = 60;

/// A name as subjects have it: lower case, no final dot.
#[must_use]
pub fn plain_name(name: &str) -> String {
    name.trim().trim_end_matches('.').to_ascii_lowercase()
}

/// What an answer amounts to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Says {
    /// What the record says (now).
    New,
    /// What it said before the change.
    Old,
    /// Something that no record set says.
    Other,
    /// That there is no address.
    Nothing,
    /// An error: SERVFAIL, REFUSED, no authority, not a DNS answer.
    Error,
    /// Nothing: no answer came back.
    Silent,
    /// It was not asked yet, or not since the change.
    NotAsked,
}

impl Says {
    /// The words on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::New => "the new",
            Self::Old => "the old",
            Self::Other => "something else",
            Self::Nothing => "no address",
            Self::Error => "an error",
            Self::Silent => "no answer",
            Self::NotAsked => "not asked yet",
        }
    }

    /// Of evidence that holds no answer.
    fn without_answer(verdict: Verdict) -> Self {
        match verdict {
            Verdict::TimedOut | Verdict::Silent | Verdict::Unreachable => Self::Silent,
            Verdict::Answers | Verdict::Wrong | Verdict::Error | Verdict::Refused => Self::Error,
        }
    }
}

/// How an answer compares with one side of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fit {
    Yes,
    No,
    /// An alias, and none of the addresses that are known of its target.
    Perhaps,
}

/// The record sets of one side of a change, as an answer should show them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Side {
    addresses: BTreeSet<IpAddr>,
    alias: bool,
    /// A routing policy chooses among the values.
    some: bool,
    cname: Option<String>,
    /// The target answers everybody something else.
    anywhere: bool,
}

impl Side {
    fn of<'a>(records: impl IntoIterator<Item = &'a RecordSet>, target: &BTreeSet<IpAddr>) -> Self {
        let mut side = Self::default();
        for record in records {
            side.some |= record.routing.is_some() || record.set_identifier.is_some();
            match (&record.alias, record.record_type.as_str()) {
                (Some(alias), _) => {
                    side.alias = true;
                    side.anywhere |= bare_name(&alias.dns_name).ends_with(".cloudfront.net.");
                    side.addresses.extend(target);
                }
                (None, "A" | "AAAA") => {
                    side.addresses
                        .extend(record.values.iter().filter_map(|value| value.parse::<IpAddr>().ok()));
                }
                (None, "CNAME") => side.cname = record.values.first().map(|value| normalise_name(value)),
                (None, _) => {}
            }
        }
        side
    }

    fn fit(&self, answer: &DnsAnswer) -> Fit {
        if let Some(cname) = &self.cname {
            let same = answer.cname.as_deref().is_some_and(|found| normalise_name(found) == *cname);
            return if same { Fit::Yes } else { Fit::No };
        }
        let found: BTreeSet<IpAddr> = answer.addresses.iter().copied().collect();
        if found.is_empty() {
            return if self.alias || !self.addresses.is_empty() { Fit::No } else { Fit::Yes };
        }
        if self.alias {
            return if self.addresses.is_disjoint(&found) { Fit::Perhaps } else { Fit::Yes };
        }
        let fits = if self.some { found.is_subset(&self.addresses) } else { found == self.addresses };
        if fits { Fit::Yes } else { Fit::No }
    }
}

/// What a name should answer, and what it answered before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expected {
    new: Side,
    old: BTreeSet<IpAddr>,
}

impl Expected {
    /// From the record sets at the name, what an alias's target resolves to, and the change that is under way or young,
    /// if one is, with what the old alias's target resolves to.
    #[must_use]
    pub fn new<'a>(
        records: impl IntoIterator<Item = &'a RecordSet>,
        target: &BTreeSet<IpAddr>,
        switch: Option<(&Switch, &BTreeSet<IpAddr>)>,
    ) -> Self {
        let mut old = BTreeSet::new();
        if let Some((switch, old_target)) = switch {
            old = Side::of(&switch.old, old_target).addresses;
            if switch.old.iter().any(|record| record.alias.is_some()) {
                old.extend(&switch.served);
            }
        }
        Self { new: Side::of(records, target), old }
    }

    /// What each answer amounts to, in the order given: the answers of name servers are weighed against each other.
    #[must_use]
    pub fn judge(&self, answers: &[(ServerRole, &Evidence)]) -> Vec<Says> {
        let first: Vec<Option<Says>> = answers.iter().map(|(_, evidence)| self.alone(evidence)).collect();
        answers
            .iter()
            .zip(&first)
            .enumerate()
            .map(|(at, ((_, evidence), says))| {
                // Not known of the target, and not the old: what do the others say?
                (*says).unwrap_or_else(|| {
                    let peers: BTreeSet<IpAddr> = answers
                        .iter()
                        .zip(&first)
                        .enumerate()
                        .filter(|(other, ((role, _), says))| {
                            *other != at
                                && *role == ServerRole::NameServer
                                && matches!(says, None | Some(Says::New))
                        })
                        .filter_map(|(_, ((_, evidence), _))| evidence.dns.as_ref())
                        .flat_map(|answer| answer.addresses.iter().copied())
                        .collect();
                    let own = evidence.dns.iter().flat_map(|answer| &answer.addresses);
                    let shared = own.into_iter().any(|address| peers.contains(address));
                    if self.new.anywhere || peers.is_empty() || shared { Says::New } else { Says::Other }
                })
            })
            .collect()
    }

    /// One answer by itself; `None` where only the others can tell.
    fn alone(&self, evidence: &Evidence) -> Option<Says> {
        let Some(answer) = &evidence.dns else {
            return Some(Says::without_answer(evidence.verdict));
        };
        let fit = self.new.fit(answer);
        if fit == Fit::Yes {
            return Some(Says::New);
        }
        // What both sides have in common was settled above: what is left of the old is the old.
        if answer.addresses.iter().any(|address| self.old.contains(address)) {
            return Some(Says::Old);
        }
        match fit {
            Fit::Perhaps => None,
            Fit::Yes | Fit::No if answer.addresses.is_empty() && answer.cname.is_none() => {
                Some(Says::Nothing)
            }
            Fit::Yes | Fit::No => Some(Says::Other),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::incident::place::{Account, Kind, Region, Scope, Service};
    use crate::incident::resource::AliasTarget;

    fn plain(record_type: &str, ttl: u32, values: &[&str]) -> RecordSet {
        let place = Scope::new(Account("123456789012".into()), Region::global()).place(Service::Route53);
        RecordSet {
            key: place.key(Kind::RecordSet, RecordSet::id("Z1", "example.com.", record_type, None)),
            zone_id: "Z1".into(),
            name: "example.com.".into(),
            record_type: record_type.into(),
            ttl: Some(ttl),
            values: values.iter().map(|v| (*v).to_owned()).collect(),
            alias: None,
            set_identifier: None,
            routing: None,
            traffic_policy: false,
            health_check: None,
        }
    }

    fn alias(record_type: &str, dns_name: &str) -> RecordSet {
        RecordSet {
            ttl: None,
            alias: Some(AliasTarget {
                dns_name: dns_name.into(),
                zone_id: "ZELB".into(),
                evaluate_target_health: false,
            }),
            ..plain(record_type, 60, &[])
        }
    }

    fn answer(addresses: &[&str]) -> Evidence {
        let addresses: Vec<IpAddr> = addresses.iter().map(|a| a.parse().unwrap()).collect();
        let verdict = if addresses.is_empty() { Verdict::Wrong } else { Verdict::Answers };
        Evidence {
            dns: Some(DnsAnswer { addresses, ttl: Some(60), authoritative: true, cname: None }),
            ..Evidence::new(verdict, "", 1)
        }
    }

    fn no_answer(verdict: Verdict) -> Evidence {
        Evidence::new(verdict, "", 1)
    }

    fn set(addresses: &[&str]) -> BTreeSet<IpAddr> {
        addresses.iter().map(|a| a.parse().unwrap()).collect()
    }

    fn switch(old: Vec<RecordSet>, new: Vec<RecordSet>, served: &[&str]) -> Switch {
        Switch {
            plan: PlanHash("p".into()),
            at: Timestamp::UNIX_EPOCH,
            in_sync: None,
            old,
            new,
            served: set(served),
            ttl: 60,
            before: None,
        }
    }

    fn judged(expected: &Expected, answers: &[Evidence]) -> Vec<Says> {
        let all: Vec<(ServerRole, &Evidence)> = answers.iter().map(|e| (ServerRole::NameServer, e)).collect();
        expected.judge(&all)
    }

    #[test]
    fn a_plain_record_answers_exactly_its_values() {
        let old = vec![plain("A", 60, &["198.51.100.1"])];
        let new = vec![plain("A", 60, &["203.0.113.10", "203.0.113.11"])];
        let switch = switch(old, new.clone(), &[]);
        let expected = Expected::new(&new, &BTreeSet::new(), Some((&switch, &BTreeSet::new())));
        let says = judged(
            &expected,
            &[
                answer(&["203.0.113.11", "203.0.113.10"]),
                answer(&["203.0.113.10"]),
                answer(&["198.51.100.1"]),
                answer(&["192.0.2.1"]),
                answer(&[]),
                no_answer(Verdict::TimedOut),
                no_answer(Verdict::Unreachable),
                no_answer(Verdict::Wrong),
                no_answer(Verdict::Refused),
            ],
        );
        assert_eq!(
            says,
            [
                Says::New,
                Says::Other,
                Says::Old,
                Says::Other,
                Says::Nothing,
                Says::Silent,
                Says::Silent,
                Says::Error,
                Says::Error
            ]
        );
        let weighted = vec![RecordSet { routing: Some("weighted".into()), ..new[0].clone() }];
        let expected = Expected::new(&weighted, &BTreeSet::new(), None);
        assert_eq!(judged(&expected, &[answer(&["203.0.113.10"])]), [Says::New], "a policy chooses one");
        let none = Expected::new(&[], &BTreeSet::new(), None);
        assert_eq!(judged(&none, &[answer(&[])]), [Says::New], "no record, no address");
    }

    #[test]
    fn an_alias_answers_what_its_target_resolves_to_or_at_least_not_the_old() {
        let old = vec![alias("A", "east.elb.amazonaws.com")];
        let new = vec![alias("A", "west.elb.amazonaws.com")];
        let switch = switch(old, new.clone(), &["52.0.0.1", "52.0.0.2"]);
        let known = Expected::new(&new, &set(&["54.0.0.1", "54.0.0.2"]), Some((&switch, &BTreeSet::new())));
        assert_eq!(
            judged(&known, &[answer(&["54.0.0.2"]), answer(&["52.0.0.2"]), answer(&["54.9.9.9"])]),
            [Says::New, Says::Old, Says::Other],
            "one server alone with what nobody knows is neither"
        );
        let unknown = Expected::new(&new, &BTreeSet::new(), Some((&switch, &BTreeSet::new())));
        assert_eq!(
            judged(
                &unknown,
                &[answer(&["54.0.0.1"]), answer(&["54.0.0.1", "54.0.0.7"]), answer(&["52.0.0.1"])]
            ),
            [Says::New, Says::New, Says::Old],
            "without the target's own answer: not the old, and the name servers agree"
        );
        assert_eq!(judged(&unknown, &[answer(&["54.0.0.1"])]), [Says::New], "the first to change");
        let cloudfront = vec![alias("A", "d111.cloudfront.net")];
        let expected = Expected::new(&cloudfront, &set(&["13.0.0.1"]), Some((&switch, &BTreeSet::new())));
        assert_eq!(
            judged(&expected, &[answer(&["13.1.1.1"]), answer(&["13.2.2.2"]), answer(&["52.0.0.1"])]),
            [Says::New, Says::New, Says::Old]
        );
    }
}
