//! The simulator held to its word: a hand that asks the world, and what the tests share.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod face;
mod laws;
mod scenarios;
mod storm;
mod troubles;

use super::{Scenario, World};
use crate::incident::cell::{Evidence, ProbeSubject};
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Profile, Region, Scope, Service};
use crate::incident::request::{
    Answer, BalancerRef, Call, CallResult, Done, Probe, ProbeHow, Query, QueryResult, Reply, Request, Sweep,
    TargetRef,
};
use crate::incident::request::{InstanceRef, RecordChange};
use crate::incident::resource::{AliasTarget, LaunchSpec, RecordSet, Resource};
use jiff::{SignedDuration, Timestamp};

/// Somebody who asks a world, as the account behind a profile.
struct Hand {
    world: World,
    now: Timestamp,
    profile: Profile,
    account: String,
}

impl Hand {
    fn on(scenario: &str) -> Self {
        Self::of(Scenario::shipped(scenario).unwrap())
    }

    fn of(scenario: Scenario) -> Self {
        let seed = scenario.seed;
        let account = scenario.state.accounts[0].clone();
        Self {
            now: scenario.start,
            world: World::new(scenario, seed),
            profile: Profile(account.profile),
            account: account.id,
        }
    }

    /// Goes to so many minutes after the scenario's start.
    fn at_minute(&mut self, minute: i64) -> &mut Self {
        self.now = self.world.scenario().start + SignedDuration::from_mins(minute);
        self
    }

    fn wait(&mut self, seconds: i64) -> &mut Self {
        self.now += SignedDuration::from_secs(seconds);
        self
    }

    fn scope(&self, region: &str) -> Scope {
        Scope::new(Account(self.account.as_str().into()), Region::new(region))
    }

    fn ask(&mut self, query: Query) -> QueryResult {
        let request = Request::Ask { profile: self.profile.clone(), query };
        match self.world.answer(self.now, &request).0 {
            Reply::Answered(result) => result,
            other => panic!("{other:?}"),
        }
    }

    fn perform(&mut self, call: Call) -> CallResult {
        let request = Request::Perform { profile: self.profile.clone(), call: Box::new(call) };
        match self.world.answer(self.now, &request).0 {
            Reply::Performed(result) => result,
            other => panic!("{other:?}"),
        }
    }

    /// Tries again as an operator would while the endpoint is spotty; refusals are answers.
    fn insist(&mut self, call: &Call) -> CallResult {
        for _ in 0..50 {
            match self.perform(call.clone()) {
                Err(Fault::Server { .. } | Fault::Throttled { .. } | Fault::Garbled { .. }) => {
                    self.wait(2);
                }
                result => return result,
            }
        }
        panic!("no answer in fifty tries to {call:?}")
    }

    fn insist_ask(&mut self, query: &Query) -> QueryResult {
        for _ in 0..50 {
            match self.ask(query.clone()) {
                Err(Fault::Server { .. } | Fault::Throttled { .. } | Fault::Garbled { .. }) => {
                    self.wait(2);
                }
                result => return result,
            }
        }
        panic!("no answer in fifty tries to {query:?}")
    }

    fn sweep(&mut self, region: &str, service: Service) -> (Vec<Resource>, Result<(), Fault>) {
        self.sweep_ids(region, service, &[])
    }

    /// Only these instances.
    fn sweep_ids(
        &mut self,
        region: &str,
        service: Service,
        ids: &[&str],
    ) -> (Vec<Resource>, Result<(), Fault>) {
        let request = Request::Sweep(Sweep {
            profile: self.profile.clone(),
            place: self.scope(region).place(service),
            record_names: Vec::new(),
            ids: ids.iter().map(|id| (*id).to_owned()).collect(),
        });
        match self.world.answer(self.now, &request).0 {
            Reply::Swept { pages, end } => (pages.into_iter().flat_map(|p| p.resources).collect(), end),
            other => panic!("{other:?}"),
        }
    }

    /// Asks a site of the scenario, as its configuration says.
    fn look(&mut self, site: &str) -> Evidence {
        let site = self.world.scenario().sites.iter().find(|s| s.name == site).unwrap().clone();
        self.probe(ProbeHow::Http(site.probe.unwrap()), &site.name)
    }

    fn probe(&mut self, how: ProbeHow, name: &str) -> Evidence {
        let request = Request::Probe(Probe { subject: ProbeSubject::Site(name.into()), how });
        match self.world.answer(self.now, &request).0 {
            Reply::Probed(evidence) => evidence,
            other => panic!("{other:?}"),
        }
    }

    fn records(&mut self, zone: &str, name: &str) -> Vec<RecordSet> {
        let scope = self.scope("global");
        match self.insist_ask(&Query::Records { scope, zone: zone.into(), name: name.into() }) {
            Ok(Answer::Records { records, .. }) => records,
            other => panic!("{other:?}"),
        }
    }

    /// A record set of the same zone and name, pointing elsewhere.
    fn elsewhere(&self, like: &RecordSet, to: Result<AliasTarget, &str>) -> RecordSet {
        let (alias, values, ttl) = match to {
            Ok(alias) => (Some(alias), Vec::new(), None),
            Err(address) => (None, vec![address.to_owned()], Some(60)),
        };
        RecordSet { alias, values, ttl, ..like.clone() }
    }

    /// Replaces the address records of an apex as the cockpit would: exact deletes, then creates, in one batch.
    fn switch(&mut self, zone: &str, to: Result<AliasTarget, &str>) -> CallResult {
        let old: Vec<RecordSet> = self
            .records(zone, zone)
            .into_iter()
            .filter(|r| matches!(r.record_type.as_str(), "A" | "AAAA"))
            .collect();
        let mut changes: Vec<RecordChange> = old.iter().cloned().map(RecordChange::Delete).collect();
        let template = RecordSet { record_type: "A".into(), ..old[0].clone() };
        changes.push(RecordChange::Create(self.elsewhere(&template, to)));
        let call = Call::ChangeRecords {
            scope: self.scope("global"),
            zone_id: template.zone_id,
            changes,
            comment: "bs/test".into(),
        };
        self.insist(&call)
    }

    fn alias_of(&mut self, region: &str, name: &str) -> AliasTarget {
        let scope = self.scope(region);
        let query = Query::Balancer {
            scope,
            kind: crate::incident::resource::BalancerKind::Classic,
            name: name.into(),
        };
        match self.insist_ask(&query) {
            Ok(Answer::Balancer(Some(b))) => AliasTarget {
                dns_name: format!("dualstack.{}", b.dns_name),
                zone_id: b.canonical_zone_id.unwrap(),
                evaluate_target_health: false,
            },
            other => panic!("{other:?}"),
        }
    }

    /// The id and launch parameters of the instance of that name.
    fn instance(&mut self, region: &str, name: &str) -> (String, LaunchSpec) {
        let (id, spec) = self
            .world
            .state
            .machines
            .values()
            .find(|m| m.region == region && m.spec.tags.get("Name").is_some_and(|n| n == name))
            .map(|m| (m.id.clone(), m.spec.clone()))
            .unwrap();
        (id, spec)
    }

    fn launch(&mut self, region: &str, spec: &LaunchSpec, token: &str) -> Result<String, Fault> {
        let call = Call::RunInstance {
            scope: self.scope(region),
            spec: Box::new(spec.clone()),
            client_token: token.into(),
        };
        match self.insist(&call)? {
            Done::Launched { instance } => Ok(instance),
            other => panic!("{other:?}"),
        }
    }

    fn register(&mut self, region: &str, balancer: &str, id: &str) -> CallResult {
        let call = Call::Register {
            scope: self.scope(region),
            under: BalancerRef::Classic(balancer.into()),
            targets: vec![TargetRef { id: InstanceRef::Id(id.into()), port: None }],
        };
        self.insist(&call)
    }

    /// State and reason of a target under a classic balancer.
    fn health(&mut self, region: &str, balancer: &str, id: &str) -> (String, Option<String>) {
        let query =
            Query::Registrations { scope: self.scope(region), under: BalancerRef::Classic(balancer.into()) };
        match self.insist_ask(&query) {
            Ok(Answer::Registrations(rows)) => {
                rows.into_iter().find(|r| r.target == id).map(|r| (r.state, r.reason)).unwrap()
            }
            other => panic!("{other:?}"),
        }
    }
}

fn refused_as(result: CallResult, code: &str) -> String {
    match result {
        Err(Fault::Refused { code: got, message }) if got == code => message,
        other => panic!("expected {code}, got {other:?}"),
    }
}
