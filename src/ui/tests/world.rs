//! Estates for frames: entries folded by hand into a cockpit.

use crate::app::table::RowId;
use crate::app::{App, Opening, Screen};
use crate::incident::cell::{Evidence, ProbeSubject, SweepStatus, Verdict};
use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, Mode, SessionId};
use crate::incident::fault::Fault;
use crate::incident::hash::PlanHash;
use crate::incident::place::{Account, Key, Kind, Place, Profile, Region, Scope, Service};
use crate::incident::plan::{Action, Change, Check, Grounds, Guard, Plan, Risk, Step};
use crate::incident::request::{Call, Query, RecordChange};
use crate::incident::resource::{
    AliasTarget, Balancer, BalancerKind, Database, Endpoint, HostedZone, Instance, InstanceState, RecordSet,
    Registration, Resource, Snapshot, SnapshotKind,
};
use crate::incident::site::{Site, SiteProbe, SiteTarget, TargetKind};
use crate::settings;
use crate::ui::{Glyphs, Look, buffer, probe, role_rows, text_rows};
use jiff::{SignedDuration, Timestamp};

/// A cockpit and the clock its entries are written by.
pub(super) struct World {
    pub(super) app: App,
    seq: u64,
}

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn account() -> Account {
    Account("123456786789".into())
}

pub(super) fn scope(region: &str) -> Scope {
    Scope::new(account(), Region::new(region))
}

pub(super) fn place(region: &str, service: Service) -> Place {
    scope(region).place(service)
}

pub(super) fn global() -> Scope {
    Scope { region: Region::global(), ..scope("us-east-1") }
}

pub(super) fn session(user: &str) -> SessionId {
    SessionId(format!("20120630T030500Z-{user}@jump-1").into())
}

fn actor(user: &str) -> Actor {
    Actor { user: user.into(), uid: 1000, host: "jump".into(), ssh_client: None, aws: None }
}

fn target(name: &str, kind: TargetKind) -> SiteTarget {
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

pub(super) fn www() -> Site {
    let balancer = |name: &str, region: &str| SiteTarget {
        region: Some(region.into()),
        balancer: Some("web".into()),
        ..target(name, TargetKind::Elb)
    };
    Site {
        name: "www".into(),
        zone: "fitocracy.com".into(),
        record: "fitocracy.com".into(),
        probe: Some(SiteProbe {
            url: "https://fitocracy.com/".into(),
            expect: "200".into(),
            body: Some("Fitocracy".into()),
            connect: None,
        }),
        targets: vec![
            balancer("east", "us-east-1"),
            balancer("west", "us-west-1"),
            SiteTarget {
                addresses: vec!["203.0.113.10".parse().unwrap()],
                ttl: Some(60),
                maintenance: true,
                ..target("linode", TargetKind::Address)
            },
        ],
    }
}

impl World {
    pub(super) fn new(mode: Mode, regions: &[&str], now: &str) -> Self {
        let opening = Opening {
            estate: "fitocracy".into(),
            regions: regions.iter().map(|r| Region::new(r)).collect(),
            profiles: vec![Profile("prod".into())],
            sites: vec![www()],
            mode,
            logbook: Some("/var/log/blackstart".into()),
            jitter: "seed".into(),
            ..Opening::plain(settings::keymap::shipped(), session("adam"), actor("adam"))
        };
        let mut app = App::new(opening, at(now));
        for (known, _) in &mut app.accounts {
            *known = account();
        }
        app.schedule = app
            .schedule
            .keys()
            .cloned()
            .map(|mut p| {
                p.scope.account = account();
                (p, crate::app::Schedule::default())
            })
            .collect();
        let mut world = Self { app, seq: 0 };
        world.opened("adam", mode);
        world
    }

    pub(super) fn opened(&mut self, user: &str, mode: Mode) {
        let regions = self.app.opening.regions.iter().map(ToString::to_string).collect();
        let body = Body::Opened {
            version: "0.1.0".into(),
            estate: "fitocracy".into(),
            mode,
            pid: 1,
            regions,
            sites: Vec::new(),
            continues: None,
            command: None,
        };
        self.says(user, body);
    }

    /// Folds an entry of a user, at the time of the world.
    pub(super) fn says(&mut self, user: &str, body: Body) {
        let entry = Entry {
            v: ENTRY_VERSION,
            seq: self.seq,
            ts: self.app.now,
            mono_ms: 0,
            session: session(user),
            actor: actor(user),
            body,
        };
        self.seq += 1;
        self.app.remember([&entry]);
    }

    pub(super) fn wait(&mut self, seconds: i64) {
        self.app.now += SignedDuration::from_secs(seconds);
    }

    pub(super) fn swept(&mut self, place: Place, status: SweepStatus, changed: Vec<Resource>) {
        let body = Body::Observed { place, status: Some(status), changed, gone: Vec::new() };
        self.says("adam", body);
    }

    /// Every cell of a region answers.
    pub(super) fn answers(&mut self, region: &str) {
        for service in Service::REGIONAL {
            self.swept(place(region, service), SweepStatus::Ok { latency_ms: 180 }, Vec::new());
        }
    }

    pub(super) fn route53(&mut self, latency_ms: u64) {
        self.swept(global().place(Service::Route53), SweepStatus::Ok { latency_ms }, zone());
    }

    pub(super) fn fails(&mut self, region: &str, service: Service, error: Fault) {
        self.swept(place(region, service), SweepStatus::Failed { error }, Vec::new());
    }

    pub(super) fn probed(&mut self, subject: ProbeSubject, verdict: Verdict, detail: &str) {
        let evidence = Evidence::new(verdict, detail, 240);
        self.says("adam", Body::Probed { subject, evidence });
    }

    pub(super) fn show(&mut self, screen: Screen) -> &mut Self {
        self.app.screen = screen;
        self.app.remember([]);
        self
    }

    pub(super) fn select(&mut self, row: RowId) {
        let screen = self.app.screen;
        if let Some(view) = self.app.lists.get_mut(&screen) {
            view.selected = Some(row);
        }
    }

    pub(super) fn text(&self, width: u16, height: u16) -> Vec<String> {
        text_rows(&buffer(&self.app, &look(Glyphs::Unicode), width, height))
    }

    pub(super) fn ascii(&self, width: u16, height: u16) -> Vec<String> {
        text_rows(&buffer(&self.app, &look(Glyphs::Ascii), width, height))
    }

    /// The role letters under the first occurrence of a text.
    pub(super) fn roles_of(&self, text: &str, width: u16, height: u16) -> String {
        let buffer = buffer(&self.app, &look(Glyphs::Unicode), width, height);
        for (row, roles) in text_rows(&buffer).iter().zip(role_rows(&buffer)) {
            if let Some(at) = row.find(text) {
                let first = row[..at].chars().count();
                return roles.chars().skip(first).take(text.chars().count()).collect();
            }
        }
        panic!("{text:?} is not on the screen:\n{}", self.text(width, height).join("\n"));
    }
}

pub(super) fn look(glyphs: Glyphs) -> Look {
    Look { theme: probe(), glyphs }
}

pub(super) fn has(rows: &[String], text: &str) {
    assert!(rows.iter().any(|row| row.contains(text)), "{text:?} is not in:\n{}", rows.join("\n"));
}

pub(super) fn has_not(rows: &[String], text: &str) {
    assert!(!rows.iter().any(|row| row.contains(text)), "{text:?} is in:\n{}", rows.join("\n"));
}

pub(super) fn instance(region: &str, id: &str, name: &str, state: &str) -> Resource {
    Resource::Instance(Instance {
        key: place(region, Service::Ec2).key(Kind::Instance, id),
        name: name.into(),
        state: InstanceState::from(state.to_owned()),
        state_reason: None,
        instance_type: "m1.large".into(),
        zone: format!("{region}a"),
        image: "ami-0fe1d2".into(),
        launched: Some(at("2012-05-01T00:00:00Z")),
        private_ip: Some("10.0.0.7".into()),
        public_ip: Some("198.51.100.7".into()),
        vpc: None,
        subnet: None,
        security_groups: vec!["sg-web".into()],
        auto_scaling_group: None,
        system_status: Some("ok".into()),
        instance_status: Some("ok".into()),
        client_token: None,
        tags: [("Name".to_owned(), name.to_owned()), ("role".to_owned(), "web".to_owned())].into(),
    })
}

pub(super) fn registered(
    region: &str,
    balancer: &str,
    id: &str,
    state: &str,
    reason: Option<&str>,
) -> Resource {
    Resource::Registration(Registration {
        key: place(region, Service::Elb).key(Kind::Registration, format!("{balancer}>{id}")),
        balancer: balancer.into(),
        balancer_kind: Some(BalancerKind::Classic),
        target_group: None,
        target_group_arn: None,
        target: id.into(),
        port: None,
        zone: None,
        state: state.into(),
        reason: reason.map(str::to_owned),
        description: reason
            .map(|_| "Instance has failed at least the UnhealthyThreshold number of checks".into()),
    })
}

pub(super) fn balancer(region: &str) -> Resource {
    Resource::Balancer(Balancer {
        key: place(region, Service::Elb).key(Kind::Balancer, "web"),
        name: "web".into(),
        balancer_kind: BalancerKind::Classic,
        dns_name: format!("web-1234567890.{region}.elb.amazonaws.com"),
        canonical_zone_id: Some("Z35SXDOTRQ7X7K".into()),
        scheme: Some("internet-facing".into()),
        state: None,
        ip_address_type: None,
        listeners: Vec::new(),
    })
}

pub(super) fn database(status: &str) -> Database {
    Database {
        key: place("us-east-1", Service::Rds).key(Kind::Database, "fito-db"),
        engine: "mysql".into(),
        engine_version: "5.5.20".into(),
        class: "db.m1.large".into(),
        status: status.into(),
        endpoint: Some(Endpoint { host: "fito-db.c1.us-east-1.rds.amazonaws.com".into(), port: 3306 }),
        multi_az: false,
        zone: Some("us-east-1a".into()),
        storage_gib: 200,
        storage_type: Some("io1".into()),
        encrypted: false,
        latest_restorable: Some(at("2012-06-30T03:00:00Z")),
        backup_retention_days: 7,
        cluster: None,
        replica_of: None,
        subnet_group: None,
        security_groups: Vec::new(),
        parameter_group: Some("fito-mysql".into()),
        option_group: None,
        publicly_accessible: false,
        deletion_protection: false,
        resource_id: None,
        created: None,
    }
}

pub(super) fn nightly(day: &str) -> Resource {
    Resource::Snapshot(Snapshot {
        key: place("us-east-1", Service::Rds).key(Kind::Snapshot, format!("rds:fito-db-{day}-03-00")),
        name: format!("rds:fito-db-{day}-03-00"),
        source: "fito-db".into(),
        of_cluster: false,
        snapshot_kind: SnapshotKind::Automated,
        status: "available".into(),
        progress: Some(100),
        created: Some(at(&format!("{day}T03:00:00Z"))),
        data_as_of: Some(at(&format!("{day}T03:00:00Z"))),
        engine: "mysql".into(),
        size_gib: 200,
        encrypted: false,
        source_region: None,
        arn: None,
    })
}

pub(super) fn apex(points_to: &str) -> RecordSet {
    RecordSet {
        key: global().place(Service::Route53).key(Kind::RecordSet, "Z1>fitocracy.com.>A"),
        zone_id: "Z1".into(),
        name: "fitocracy.com.".into(),
        record_type: "A".into(),
        ttl: None,
        values: Vec::new(),
        alias: Some(AliasTarget {
            dns_name: format!("{points_to}."),
            zone_id: "Z35SXDOTRQ7X7K".into(),
            evaluate_target_health: false,
        }),
        set_identifier: None,
        routing: None,
        traffic_policy: false,
        health_check: None,
    }
}

fn zone() -> Vec<Resource> {
    vec![
        Resource::HostedZone(HostedZone {
            key: global().place(Service::Route53).key(Kind::HostedZone, "Z1"),
            name: "fitocracy.com.".into(),
            private: false,
            record_count: Some(14),
            linked_service: None,
            name_servers: Vec::new(),
        }),
        Resource::RecordSet(apex("web-1234567890.us-east-1.elb.amazonaws.com")),
    ]
}

pub(super) fn fito_db() -> Key {
    database("available").key
}

/// Six web servers and a database in the east, one standby in the west.
fn estate(world: &mut World) {
    world.answers("us-east-1");
    world.answers("us-west-1");
    let ok = SweepStatus::Ok { latency_ms: 180 };
    let web: Vec<Resource> = (1..=6)
        .map(|n| instance("us-east-1", &format!("i-0a1b2c3d4e5f6071{n}"), &format!("web-{n}"), "running"))
        .collect();
    world.swept(place("us-east-1", Service::Ec2), ok.clone(), web);
    let standby = instance("us-west-1", "i-0fedcba9876543210", "standby", "running");
    world.swept(place("us-west-1", Service::Ec2), ok.clone(), vec![standby]);
    let mut east: Vec<Resource> = (1..=6)
        .map(|n| registered("us-east-1", "web", &format!("i-0a1b2c3d4e5f6071{n}"), "InService", None))
        .collect();
    east.push(balancer("us-east-1"));
    world.swept(place("us-east-1", Service::Elb), ok.clone(), east);
    let west =
        vec![balancer("us-west-1"), registered("us-west-1", "web", "i-0fedcba9876543210", "InService", None)];
    world.swept(place("us-west-1", Service::Elb), ok.clone(), west);
    let mut rds = vec![Resource::Database(database("available"))];
    rds.extend(["2012-06-28", "2012-06-29"].map(nightly));
    world.swept(place("us-east-1", Service::Rds), ok, rds);
    world.route53(210);
    world.probed(ProbeSubject::Site("www".into()), Verdict::Answers, "HTTP 200, marker found");
    world.probed(ProbeSubject::Database(fito_db()), Verdict::Answers, "tcp open");
}

/// A quiet evening.
pub(super) fn quiet() -> World {
    let mut world = World::new(Mode::Live, &["us-east-1", "us-west-1"], "2012-06-30T02:50:00Z");
    world.opened("daniel", Mode::Live);
    estate(&mut world);
    world.wait(4);
    world.app.remember([]);
    world
}

/// The storm of 2012: the east is dark for 41 minutes, RDS claims what is not so, the apex points at a dead balancer.
pub(super) fn storm() -> World {
    let mut world = quiet();
    world.wait(15 * 60);
    let dark = || Fault::Dark { detail: "connection refused".into() };
    world.fails("us-east-1", Service::Ec2, dark());
    world.fails("us-east-1", Service::Rds, Fault::TimedOut { after_ms: 5000 });
    world.fails("us-east-1", Service::Elb, Fault::Server { status: 503, code: "ServiceUnavailable".into() });
    world.fails("us-east-1", Service::ElbV2, dark());
    world.wait(40);
    world.probed(ProbeSubject::Site("www".into()), Verdict::Wrong, "HTTP 503");
    world.says("adam", Body::Declared { title: "apex down".into() });
    world.wait(150);
    world.probed(ProbeSubject::Database(fito_db()), Verdict::Refused, "tcp refused");
    let lie = Some("claims available, probe refused".to_owned());
    world.says("adam", Body::Disagreements { resources: [(fito_db(), lie)].into() });
    world.says("daniel", Body::Note { text: "RDS logs frozen at 23:00".into() });
    world.wait(38 * 60);
    later(&mut world);
    world.wait(4);
    world.app.remember([]);
    world
}

/// What the cockpit reads again and again while the storm lasts.
pub(super) fn later(world: &mut World) {
    world.answers("us-west-1");
    world.route53(4100);
    world.probed(ProbeSubject::Site("www".into()), Verdict::Wrong, "HTTP 503");
    world.probed(ProbeSubject::Database(fito_db()), Verdict::Refused, "tcp refused");
    world.says(
        "daniel",
        Body::Heartbeat {
            fresh: std::collections::BTreeMap::new(),
            failing: std::collections::BTreeMap::new(),
        },
    );
}

/// The plan that brings the maintenance page up.
pub(super) fn maintenance_plan(world: &World, risk: Risk) -> Plan {
    let old = apex("web-1234567890.us-east-1.elb.amazonaws.com");
    let new = RecordSet { ttl: Some(60), values: vec!["203.0.113.10".into()], alias: None, ..old.clone() };
    let query =
        Query::Records { scope: global(), zone: "fitocracy.com.".into(), name: "fitocracy.com.".into() };
    let types = vec!["A".to_owned(), "AAAA".to_owned()];
    Plan {
        action: Action::MaintenanceOn { site: "www".into(), via: None },
        session: session("adam"),
        number: 1,
        made: world.app.now,
        title: "www: maintenance on via linode".into(),
        scope: global(),
        profile: Profile("prod".into()),
        resources: vec!["zone Z1".into(), "fitocracy.com. A".into()],
        risk,
        confirm: "www".into(),
        changes: vec![Change {
            what: "fitocracy.com. A".into(),
            old: old.points_to(),
            new: new.points_to(),
        }],
        effects: vec![
            "Visitors of fitocracy.com reach linode (203.0.113.10) as resolvers let go of old answers: within a minute for an alias.".into(),
            "Nothing is changed at us-east-1/web; its instances stay registered.".into(),
        ],
        warnings: vec!["The new record has a TTL of 60 s: coming back takes up to a minute more.".into()],
        grounds: vec![
            Grounds { what: "the records at fitocracy.com., read from Route 53".into(), at: world.app.now },
            Grounds { what: "HTTP 503 from https://fitocracy.com/".into(), at: world.app.now },
        ],
        control_planes: vec!["Route 53 (us-east-1)".into()],
        steps: vec![Step {
            title: "point fitocracy.com at linode".into(),
            call: Call::ChangeRecords {
                scope: global(),
                zone_id: "Z1".into(),
                changes: vec![RecordChange::Delete(old.clone()), RecordChange::Create(new.clone())],
                comment: "blackstart".into(),
            },
            guard: Guard::RecordsAre { query: query.clone(), types: types.clone(), records: vec![old] },
            check: Check::RecordsAre { query, types, records: vec![new] },
            patience_s: 120,
        }],
        undo: "Point fitocracy.com back at us-east-1/web; the inverse is written down before the call.".into(),
        inverse: Vec::new(),
        hash: PlanHash(String::new()),
    }
    .sealed()
}
