//! A workbench for the planners' tests: an estate in a few calls, readings by hand, plans run into the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::{Desk, Planned, Reading, plan};
use crate::incident::entry::{Actor, Body, Ending, Entry, Mode, Outcome, SessionId};
use crate::incident::fault::Fault;
use crate::incident::fold::{Incident, Seen};
use crate::incident::place::{Account, Key, Kind, Profile, Region, Scope, Service};
use crate::incident::plan::{Action, Plan, Refusal};
use crate::incident::request::{Answer, BalancerRef, Call, Done, Query, RecordChange};
use crate::incident::resource::{
    AliasTarget, Balancer, BalancerKind, Database, Endpoint, HostedZone, Instance, InstanceState, LaunchSpec,
    RecordSet, Registration, Resource, Snapshot, SnapshotKind, Tags, TargetGroup,
};
use crate::incident::secret::Secret;
use crate::incident::site::{Site, SiteTarget, TargetKind};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

pub(super) const ACCOUNT: &str = "123456789012";

pub(super) fn scope(region: &str) -> Scope {
    Scope::new(Account(ACCOUNT.into()), Region::new(region))
}

fn record(record_type: &str) -> RecordSet {
    RecordSet {
        key: scope("global")
            .place(Service::Route53)
            .key(Kind::RecordSet, RecordSet::id("Z1", "example.com", record_type, None)),
        zone_id: "Z1".into(),
        name: "example.com.".into(),
        record_type: record_type.into(),
        ttl: None,
        values: Vec::new(),
        alias: None,
        set_identifier: None,
        routing: None,
        traffic_policy: false,
        health_check: None,
    }
}

pub(super) fn plain(record_type: &str, ttl: u32, values: &[&str]) -> RecordSet {
    RecordSet {
        ttl: Some(ttl),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
        ..record(record_type)
    }
}

pub(super) fn alias(record_type: &str, dns_name: &str) -> RecordSet {
    RecordSet {
        alias: Some(AliasTarget {
            dns_name: dns_name.into(),
            zone_id: "ZELB".into(),
            evaluate_target_health: false,
        }),
        ..record(record_type)
    }
}

pub(super) fn target(name: &str, kind: TargetKind) -> SiteTarget {
    SiteTarget {
        name: name.into(),
        kind,
        region: None,
        balancer: None,
        addresses: Vec::new(),
        dns_name: None,
        ttl: None,
        maintenance: false,
    }
}

/// The world and the desk of a test.
pub(super) struct Bench {
    pub(super) incident: Incident,
    pub(super) sites: Vec<Site>,
    pub(super) accounts: Vec<(Account, Profile)>,
    pub(super) session: SessionId,
    pub(super) number: u32,
    pub(super) now: Timestamp,
    // What a fresh read finds.
    pub(super) zone: Option<HostedZone>,
    pub(super) records: Vec<RecordSet>,
    pub(super) faults: Vec<(Query, Fault)>,
    specs: BTreeMap<Key, LaunchSpec>,
    seq: u64,
}

impl Bench {
    /// A zone whose apex is an alias to the classic balancer `web` in us-east-1; a site with three targets.
    pub(super) fn new() -> Self {
        let now: Timestamp = "2012-06-30T03:41:00Z".parse().unwrap();
        let zone = HostedZone {
            key: scope("global").place(Service::Route53).key(Kind::HostedZone, "Z1"),
            name: "example.com.".into(),
            private: false,
            record_count: Some(4),
            linked_service: None,
            name_servers: Vec::new(),
        };
        let east = SiteTarget {
            region: Some("us-east-1".into()),
            balancer: Some("web".into()),
            ..target("east", TargetKind::Elb)
        };
        let west = SiteTarget {
            region: Some("us-west-1".into()),
            balancer: Some("web-west".into()),
            ..target("west", TargetKind::Elb)
        };
        let linode = SiteTarget {
            addresses: vec!["203.0.113.10".parse().unwrap()],
            maintenance: true,
            ..target("linode", TargetKind::Address)
        };
        let site = Site {
            name: "www".into(),
            zone: "example.com".into(),
            record: "example.com".into(),
            probe: None,
            targets: vec![east, west, linode],
        };
        let mut bench = Self {
            incident: Incident::default(),
            sites: vec![site],
            accounts: vec![(Account(ACCOUNT.into()), Profile("prod".into()))],
            session: SessionId("20120630T030000Z-adam@jump-7".into()),
            number: 1,
            now,
            zone: Some(zone.clone()),
            records: vec![
                alias("A", "dualstack.web-1.us-east-1.elb.amazonaws.com."),
                plain("NS", 172_800, &["ns-1.awsdns-1.com."]),
            ],
            faults: Vec::new(),
            specs: BTreeMap::new(),
            seq: 0,
        };
        bench.fold(Body::Opened {
            version: "0".into(),
            estate: "test".into(),
            mode: Mode::Live,
            pid: 7,
            regions: Vec::new(),
            sites: Vec::new(),
            continues: None,
            command: None,
        });
        bench.put(Resource::HostedZone(zone));
        bench
    }

    pub(super) fn fold(&mut self, body: Body) {
        let session = self.session.clone();
        self.fold_as(&session, "adam", body);
    }

    pub(super) fn fold_as(&mut self, session: &SessionId, user: &str, body: Body) {
        self.seq += 1;
        self.now += SignedDuration::from_millis(10);
        self.incident.fold(&Entry {
            v: 1,
            seq: self.seq,
            ts: self.now,
            mono_ms: 0,
            session: session.clone(),
            actor: Actor { user: user.into(), uid: 1000, host: "jump".into(), ssh_client: None, aws: None },
            body,
        });
    }

    pub(super) fn put(&mut self, resource: Resource) {
        let seen = Seen { changed: self.now, by: self.session.clone(), resource };
        self.incident.rows.insert(seen.resource.key().clone(), Box::new(seen));
    }

    pub(super) fn classic(&mut self, region: &str, name: &str) -> Balancer {
        let balancer = Balancer {
            key: scope(region).place(Service::Elb).key(Kind::Balancer, name),
            name: name.into(),
            balancer_kind: BalancerKind::Classic,
            dns_name: format!("{name}-1.{region}.elb.amazonaws.com"),
            canonical_zone_id: Some("ZELB".into()),
            scheme: Some("internet-facing".into()),
            state: None,
            ip_address_type: None,
            listeners: Vec::new(),
        };
        self.put(Resource::Balancer(balancer.clone()));
        balancer
    }

    pub(super) fn alb(&mut self, region: &str, name: &str) -> String {
        let arn = format!(
            "arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:loadbalancer/app/{name}/50dc6c495c0c9188"
        );
        self.put(Resource::Balancer(Balancer {
            key: scope(region).place(Service::ElbV2).key(Kind::Balancer, arn.clone()),
            name: name.into(),
            balancer_kind: BalancerKind::Application,
            dns_name: format!("{name}-1.{region}.elb.amazonaws.com"),
            canonical_zone_id: Some("ZALB".into()),
            scheme: Some("internet-facing".into()),
            state: Some("active".into()),
            ip_address_type: Some("dualstack".into()),
            listeners: Vec::new(),
        }));
        arn
    }

    pub(super) fn group(&mut self, region: &str, name: &str, balancers: &[&str]) -> String {
        let arn =
            format!("arn:aws:elasticloadbalancing:{region}:{ACCOUNT}:targetgroup/{name}/73e2d6bc24d8a067");
        self.put(Resource::TargetGroup(TargetGroup {
            key: scope(region).place(Service::ElbV2).key(Kind::TargetGroup, arn.clone()),
            name: name.into(),
            protocol: Some("HTTP".into()),
            port: Some(80),
            target_type: "instance".into(),
            balancers: balancers.iter().map(|b| (*b).to_owned()).collect(),
        }));
        arn
    }

    pub(super) fn instance(&mut self, region: &str, id: &str, name: &str, state: &str) -> Key {
        let key = scope(region).place(Service::Ec2).key(Kind::Instance, id);
        self.put(Resource::Instance(Instance {
            key: key.clone(),
            name: name.into(),
            state: InstanceState::from(state.to_owned()),
            state_reason: None,
            instance_type: "m5.large".into(),
            zone: format!("{region}a"),
            image: "ami-1".into(),
            launched: None,
            private_ip: Some("10.0.0.5".into()),
            public_ip: None,
            vpc: None,
            subnet: Some("subnet-1".into()),
            security_groups: vec!["sg-1".into()],
            auto_scaling_group: None,
            system_status: None,
            instance_status: None,
            client_token: None,
            tags: Tags::default(),
        }));
        self.specs.insert(
            key.clone(),
            LaunchSpec {
                image: "ami-1".into(),
                instance_type: "m5.large".into(),
                zone: format!("{region}a"),
                subnet: Some("subnet-1".into()),
                security_groups: vec!["sg-1".into()],
                key_name: Some("ops".into()),
                instance_profile: None,
                user_data: Some(Secret::new("aGVsbG8gaHVudGVyMg==".into())),
                metadata: None,
                block_devices: Vec::new(),
                ebs_optimized: false,
                monitoring: false,
                tenancy: None,
                public_address: false,
                elastic_ip: None,
                source_dest_check: true,
                termination_protection: false,
                tags: [
                    ("Name".to_owned(), name.to_owned()),
                    ("aws:cloudformation:stack-name".to_owned(), "s".to_owned()),
                ]
                .into(),
            },
        );
        key
    }

    pub(super) fn instance_mut(&mut self, key: &Key) -> &mut Instance {
        match &mut self.incident.rows.get_mut(key).unwrap().resource {
            Resource::Instance(instance) => instance,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn spec_mut(&mut self, key: &Key) -> &mut LaunchSpec {
        self.specs.get_mut(key).unwrap()
    }

    pub(super) fn registered(
        &mut self,
        region: &str,
        under: &BalancerRef,
        target: &str,
        port: Option<i32>,
        state: &str,
    ) {
        let (service, group) = match under {
            BalancerRef::Classic(_) => (Service::Elb, None),
            BalancerRef::TargetGroup(arn) => (Service::ElbV2, Some(arn.clone())),
        };
        let port_words = port.map_or_else(String::new, |p| format!(":{p}"));
        self.put(Resource::Registration(Registration {
            key: scope(region)
                .place(service)
                .key(Kind::Registration, format!("{under}>{target}{port_words}")),
            balancer: under.to_string(),
            balancer_kind: Some(match under {
                BalancerRef::Classic(_) => BalancerKind::Classic,
                BalancerRef::TargetGroup(_) => BalancerKind::Application,
            }),
            target_group: group.as_ref().map(|_| under.to_string()),
            target_group_arn: group,
            target: target.into(),
            port,
            zone: None,
            state: state.into(),
            reason: None,
            description: None,
        }));
    }

    pub(super) fn database(&mut self, region: &str, id: &str) -> Key {
        let key = scope(region).place(Service::Rds).key(Kind::Database, id);
        self.put(Resource::Database(Database {
            key: key.clone(),
            engine: "postgres".into(),
            engine_version: "9.1".into(),
            class: "db.m5.large".into(),
            status: "available".into(),
            endpoint: Some(Endpoint { host: format!("{id}.x.{region}.rds.amazonaws.com"), port: 5433 }),
            multi_az: true,
            zone: None,
            storage_gib: 200,
            storage_type: Some("gp3".into()),
            encrypted: false,
            latest_restorable: Some(self.now - SignedDuration::from_mins(41)),
            backup_retention_days: 7,
            cluster: None,
            replica_of: None,
            subnet_group: Some("private".into()),
            security_groups: vec!["sg-db".into()],
            parameter_group: Some("tuned".into()),
            option_group: Some("opts".into()),
            publicly_accessible: false,
            deletion_protection: true,
            resource_id: None,
            created: Some(self.now - SignedDuration::from_hours(1000)),
        }));
        key
    }

    pub(super) fn database_mut(&mut self, key: &Key) -> &mut Database {
        match &mut self.incident.rows.get_mut(key).unwrap().resource {
            Resource::Database(database) => database,
            other => panic!("{other:?}"),
        }
    }

    pub(super) fn snapshot(&mut self, region: &str, name: &str, of: &str, mins_ago: i64) -> Key {
        let key = scope(region).place(Service::Rds).key(Kind::Snapshot, name);
        let taken = Some(self.now - SignedDuration::from_mins(mins_ago));
        self.put(Resource::Snapshot(Snapshot {
            key: key.clone(),
            name: name.into(),
            source: of.into(),
            of_cluster: false,
            snapshot_kind: SnapshotKind::Manual,
            status: "available".into(),
            progress: None,
            created: taken,
            data_as_of: taken,
            engine: "postgres".into(),
            size_gib: 200,
            encrypted: false,
            source_region: None,
            arn: None,
        }));
        key
    }

    pub(super) fn snapshot_mut(&mut self, key: &Key) -> &mut Snapshot {
        match &mut self.incident.rows.get_mut(key).unwrap().resource {
            Resource::Snapshot(snapshot) => snapshot,
            other => panic!("{other:?}"),
        }
    }

    fn rows_where(&self, keep: impl Fn(&Resource) -> bool) -> Vec<Resource> {
        let rows = self.incident.rows.values().map(|seen| &seen.resource);
        rows.filter(|row| keep(row)).cloned().collect()
    }

    /// Answers a query from the rows, as a fresh read would.
    pub(super) fn answer(&self, query: &Query) -> Result<Answer, Fault> {
        if let Some((_, fault)) = self.faults.iter().find(|(q, _)| q == query) {
            return Err(fault.clone());
        }
        let find = |key: Key| self.incident.rows.get(&key).map(|seen| seen.resource.clone());
        Ok(match query {
            Query::Records { .. } => {
                Answer::Records { zone: self.zone.clone(), records: self.records.clone() }
            }
            Query::Balancer { scope, name, .. } => Answer::Balancer(
                self.rows_where(
                    |row| matches!(row, Resource::Balancer(b) if b.name == *name && b.key.scope() == scope),
                )
                .into_iter()
                .find_map(|row| match row {
                    Resource::Balancer(b) => Some(b),
                    _ => None,
                }),
            ),
            Query::Instances { scope, ids } => Answer::Instances(
                ids.iter()
                    .filter_map(|id| match find(scope.place(Service::Ec2).key(Kind::Instance, id)) {
                        Some(Resource::Instance(i)) => Some(i),
                        _ => None,
                    })
                    .collect(),
            ),
            Query::LaunchSpec { scope, instance } => {
                let key = scope.place(Service::Ec2).key(Kind::Instance, instance);
                Answer::LaunchSpec(match find(key.clone()) {
                    Some(Resource::Instance(i)) => Some(Box::new((i, self.specs.get(&key).unwrap().clone()))),
                    _ => None,
                })
            }
            Query::Registrations { scope, under } => Answer::Registrations(
                self.rows_where(|row| {
                    matches!(row, Resource::Registration(r)
                        if r.key.scope() == scope && super::registration::under_of(r) == *under)
                })
                .into_iter()
                .filter_map(|row| match row {
                    Resource::Registration(r) => Some(r),
                    _ => None,
                })
                .collect(),
            ),
            Query::Database { scope, id } => {
                Answer::Database(match find(scope.place(Service::Rds).key(Kind::Database, id)) {
                    Some(Resource::Database(d)) => Some(Box::new(d)),
                    _ => None,
                })
            }
            Query::Snapshot { scope, id } => {
                Answer::Snapshot(match find(scope.place(Service::Rds).key(Kind::Snapshot, id)) {
                    Some(Resource::Snapshot(s)) => Some(Box::new(s)),
                    _ => None,
                })
            }
            Query::Identity { .. } | Query::Change { .. } | Query::InstancesByToken { .. } => {
                panic!("no planner asks this: {query:?}")
            }
        })
    }

    /// Plans, reading whatever is asked for, as a cockpit would.
    pub(super) fn try_plan(&self, action: &Action) -> Result<Plan, Refusal> {
        let mut readings: Vec<Reading> = Vec::new();
        for _ in 0..20 {
            let desk = Desk {
                incident: &self.incident,
                sites: &self.sites,
                accounts: &self.accounts,
                session: &self.session,
                number: self.number,
                now: self.now,
            };
            match plan(desk, action, &readings)? {
                Planned::Plan(plan) => {
                    assert_eq!(plan.hash, plan.computed_hash());
                    assert!(!plan.title.is_empty() && !plan.title.contains('\n'));
                    assert!(!plan.effects.is_empty() && !plan.undo.is_empty());
                    assert!(!plan.grounds.is_empty() && !plan.control_planes.is_empty());
                    assert!(!plan.steps.is_empty() && !plan.confirm.is_empty());
                    assert!(!plan.is_stale(self.now));
                    return Ok(*plan);
                }
                Planned::Needs(queries) => {
                    assert!(!queries.is_empty(), "neither a plan nor a question");
                    for query in queries {
                        assert!(!readings.iter().any(|r| r.query == query), "asked twice: {query:?}");
                        readings.push(Reading { result: self.answer(&query), at: self.now, query });
                    }
                }
            }
        }
        panic!("the planner never has enough");
    }

    pub(super) fn plan(&self, action: &Action) -> Plan {
        self.try_plan(action).unwrap_or_else(|refusal| panic!("{refusal}"))
    }

    /// The refusal, which always says something in each of its parts.
    pub(super) fn refusal(&self, action: &Action) -> Refusal {
        match self.try_plan(action) {
            Ok(plan) => panic!("planned: {plan:#?}"),
            Err(refusal) => {
                assert!(!refusal.what.is_empty() && !refusal.why.is_empty());
                assert!(!refusal.next.is_empty());
                refusal
            }
        }
    }

    /// Writes a plan's whole life into the log, and does to the records what it does.
    pub(super) fn carry_out(&mut self, plan: &Plan) {
        let (session, hash) = (self.session.clone(), plan.hash.clone());
        self.carry_out_as(&session, "adam", plan);
        self.fold(Body::Finished { plan: hash, ending: Ending::Verified });
        self.number += 1;
    }

    pub(super) fn carry_out_as(&mut self, session: &SessionId, user: &str, plan: &Plan) {
        let hash = plan.hash.clone();
        self.fold_as(session, user, Body::Proposed { plan: Box::new(plan.clone()) });
        self.fold_as(session, user, Body::Confirmed { plan: hash.clone(), typed: plan.confirm.clone() });
        for (step, s) in plan.steps.iter().enumerate() {
            self.fold_as(session, user, Body::Intent { plan: hash.clone(), step, call: s.call.clone() });
            self.apply(&s.call);
            self.fold_as(
                session,
                user,
                Body::Outcome { plan: hash.clone(), step, outcome: Outcome::Ok { done: Done::Accepted } },
            );
        }
        if let Action::Undo { operation } = &plan.action {
            self.fold_as(session, user, Body::Undone { plan: operation.clone(), by: hash });
        }
    }

    pub(super) fn apply(&mut self, call: &Call) {
        match call {
            Call::ChangeRecords { changes, .. } => {
                for change in changes {
                    match change {
                        RecordChange::Delete(record) => {
                            let at = self.records.iter().position(|r| r.same(record));
                            self.records.remove(at.expect("DELETE of what is not there"));
                        }
                        RecordChange::Create(record) => self.records.push(record.clone()),
                    }
                }
            }
            Call::Register { scope, under, targets } => {
                for t in targets {
                    let id = t.id.to_string();
                    self.registered(&scope.region.0, under, &id, t.port, "InService");
                }
            }
            Call::Deregister { under, targets, .. } => {
                self.incident.rows.retain(|_, seen| match &seen.resource {
                    Resource::Registration(r) => {
                        super::registration::under_of(r) != *under
                            || !targets.iter().any(|t| t.id.to_string() == r.target)
                    }
                    _ => true,
                });
            }
            Call::RunInstance { .. }
            | Call::DisableSourceDestCheck { .. }
            | Call::Terminate { .. }
            | Call::RestoreDatabase { .. } => {}
        }
    }

    pub(super) fn a_records(&self) -> Vec<RecordSet> {
        super::batch::addresses(&self.records)
    }
}

pub(super) fn dark() -> Fault {
    Fault::Dark { detail: "connection refused".into() }
}
