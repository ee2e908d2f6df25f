//! What is probed when, on a desk where every probe is written down and answered by hand.

#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::app::Opening;
use crate::app::keys::Keymap;
use crate::app::message::{Message, Stamped};
use crate::incident::cell::Health;
use crate::incident::entry::{Actor, ENTRY_VERSION, Entry, SessionId};
use crate::incident::place::{Account, Kind, Place, Profile, Region, Scope, Service};
use crate::incident::probe::{DeclaredProbe, ProbeChoices, ProbeQuestion, ProbeTarget};
use crate::incident::resource::{
    Balancer, BalancerKind, Database, Endpoint, Instance, InstanceState, Listener, Registration, Resource,
    Tags, TargetGroup,
};
use crate::incident::site::{Site, SiteProbe, SiteTarget, TargetKind};

const START: i64 = 1_800_000_000;
/// What a probe that nobody answers takes.
const TIME_LIMIT_S: i64 = 5;

fn place(service: Service) -> Place {
    Scope::new(Account("123456789012".into()), Region::new("us-east-1")).place(service)
}

fn instance(id: &str, address: &str) -> Resource {
    Resource::Instance(Instance {
        key: place(Service::Ec2).key(Kind::Instance, id),
        name: format!("web-{id}"),
        state: InstanceState::Running,
        state_reason: None,
        instance_type: "m1.large".into(),
        zone: "us-east-1a".into(),
        image: "ami-1".into(),
        launched: None,
        private_ip: None,
        public_ip: Some(address.into()),
        vpc: None,
        subnet: None,
        security_groups: Vec::new(),
        auto_scaling_group: None,
        system_status: None,
        instance_status: None,
        client_token: None,
        tags: Tags::default(),
    })
}

fn private_instance(id: &str, address: &str) -> Resource {
    let Resource::Instance(public) = instance(id, address) else { unreachable!() };
    Resource::Instance(Instance { private_ip: public.public_ip.clone(), public_ip: None, ..public })
}

fn database(id: &str, engine: &str) -> Resource {
    Resource::Database(Database {
        key: place(Service::Rds).key(Kind::Database, id),
        engine: engine.into(),
        engine_version: "1".into(),
        class: "db.m1".into(),
        status: "available".into(),
        endpoint: Some(Endpoint { host: format!("{id}.rds.example"), port: 5432 }),
        multi_az: false,
        zone: None,
        storage_gib: 1,
        storage_type: None,
        encrypted: false,
        latest_restorable: None,
        backup_retention_days: 0,
        cluster: None,
        replica_of: None,
        subnet_group: None,
        security_groups: Vec::new(),
        parameter_group: None,
        option_group: None,
        publicly_accessible: false,
        deletion_protection: false,
        resource_id: None,
        created: None,
    })
}

fn classic(name: &str) -> Resource {
    Resource::Balancer(Balancer {
        key: place(Service::Elb).key(Kind::Balancer, name),
        name: name.into(),
        balancer_kind: BalancerKind::Classic,
        dns_name: format!("{name}-1.us-east-1.elb.amazonaws.com"),
        canonical_zone_id: None,
        scheme: None,
        state: None,
        ip_address_type: None,
        listeners: vec![Listener { protocol: "HTTP".into(), port: 80, instance_port: Some(8080) }],
    })
}

fn registered(balancer: &str, id: &str) -> Resource {
    Resource::Registration(Registration {
        key: place(Service::Elb).key(Kind::Registration, format!("{balancer}>{id}")),
        balancer: balancer.into(),
        balancer_kind: Some(BalancerKind::Classic),
        target_group: None,
        target_group_arn: None,
        target: id.into(),
        port: None,
        zone: None,
        state: "InService".into(),
        reason: None,
        description: None,
    })
}

fn site() -> Site {
    Site {
        name: "www".into(),
        zone: "example.com".into(),
        record: "example.com".into(),
        probe: Some(SiteProbe {
            url: "https://example.com/up".into(),
            expect: "200".into(),
            body: None,
            connect: None,
        }),
        targets: vec![SiteTarget {
            name: "east".into(),
            kind: TargetKind::Elb,
            region: Some("us-east-1".into()),
            balancer: Some("web".into()),
            addresses: Vec::new(),
            dns_name: None,
            ttl: None,
            maintenance: false,
        }],
    }
}

/// A cockpit whose every probe is written down and answered by hand.
struct Desk {
    app: App,
    now: Timestamp,
    flying: BTreeMap<Ticket, (Probe, Timestamp)>,
    asked: Vec<(Timestamp, Probe)>,
    recorded: Vec<Body>,
    most: usize,
}

impl Desk {
    fn new(sites: Vec<Site>, probes: ProbeChoices) -> Self {
        let now = Timestamp::from_second(START).unwrap();
        let actor = Actor { user: "adam".into(), uid: 1, host: "jump".into(), ssh_client: None, aws: None };
        let opening = Opening {
            regions: vec![Region::new("us-east-1")],
            profiles: vec![Profile("prod".into())],
            sites,
            jitter: "seed".into(),
            probes,
            ..Opening::plain(Keymap::empty("none"), SessionId("s".into()), actor)
        };
        let app = App::new(opening, now);
        Self { app, now, flying: BTreeMap::new(), asked: Vec::new(), recorded: Vec::new(), most: 0 }
    }

    /// AWS lists these.
    fn lists(&mut self, resources: Vec<Resource>) {
        let mut places: BTreeMap<Place, Vec<Resource>> = BTreeMap::new();
        for resource in resources {
            places.entry(resource.key().place.clone()).or_default().push(resource);
        }
        for (place, changed) in places {
            let entry = Entry {
                v: ENTRY_VERSION,
                seq: 0,
                ts: self.now,
                mono_ms: 0,
                session: SessionId("other".into()),
                actor: self.app.opening.actor.clone(),
                body: Body::Observed { place, status: None, changed, gone: Vec::new() },
            };
            self.app.remember([&entry]);
        }
    }

    fn take(&mut self, message: Message) {
        for effect in self.app.update(Stamped { at: self.now, mono_ms: 0, message }) {
            match effect {
                Effect::Probe(ticket, probe) if !matches!(probe.how, ProbeHow::Dns(_)) => {
                    let twice = self.flying.values().any(|(other, _)| other.subject == probe.subject);
                    assert!(!twice, "{} is probed twice at once", probe.subject);
                    self.asked.push((self.now, probe.clone()));
                    self.flying.insert(ticket, (probe, self.now));
                }
                Effect::Record(entry) => self.recorded.push(entry.body),
                _ => {}
            }
        }
        self.most = self.most.max(self.flying.len());
    }

    /// Plays on. What the world has a verdict on answers in the second in which it was asked; the rest is a black hole.
    fn play(&mut self, seconds: i64, world: impl Fn(&Probe) -> Option<Verdict>) {
        for _ in 0..seconds {
            self.now += SignedDuration::from_secs(1);
            self.take(Message::Tick);
            let over: Vec<(Ticket, Verdict)> = self
                .flying
                .iter()
                .filter_map(|(ticket, (probe, since))| match world(probe) {
                    Some(verdict) => Some((*ticket, verdict)),
                    None => (self.now.duration_since(*since).as_secs() >= TIME_LIMIT_S)
                        .then_some((*ticket, Verdict::TimedOut)),
                })
                .collect();
            for (ticket, verdict) in over {
                self.flying.remove(&ticket);
                self.take(Message::Probed(ticket, Evidence::new(verdict, verdict.as_str(), 1)));
            }
        }
    }

    fn how(&self, subject: &ProbeSubject) -> Option<ProbeHow> {
        let found = self.asked.iter().rev().find(|(_, probe)| probe.subject == *subject);
        found.map(|(_, probe)| probe.how.clone())
    }

    /// The longest that a subject was left alone between two probes.
    fn longest_pause(&self, subject: &ProbeSubject) -> i64 {
        let times: Vec<Timestamp> =
            self.asked.iter().filter(|(_, p)| p.subject == *subject).map(|(at, _)| *at).collect();
        times.windows(2).map(|two| two[1].duration_since(two[0]).as_secs()).max().unwrap()
    }

    fn disagreements(&self) -> Vec<BTreeMap<Key, Option<String>>> {
        let all = self.recorded.iter().filter_map(|body| match body {
            Body::Disagreements { resources } => Some(resources.clone()),
            _ => None,
        });
        all.collect()
    }

    fn story(&self) -> Vec<&str> {
        self.app.incident.story.iter().map(|event| event.text.as_str()).collect()
    }
}

fn on(resource: &Resource) -> ProbeSubject {
    ProbeSubject::of(resource.key()).unwrap()
}

fn fleet(count: usize) -> Vec<Resource> {
    let mut rows = vec![classic("web")];
    for n in 0..count {
        let id = format!("i-{n:05}");
        rows.push(instance(&id, &format!("198.51.{}.{}", n / 250, n % 250)));
        rows.push(registered("web", &id));
    }
    rows
}

fn all_answer(_: &Probe) -> Option<Verdict> {
    Some(Verdict::Answers)
}

#[test]
fn what_aws_lists_is_asked_in_its_own_words() {
    let mut desk = Desk::new(vec![site()], ProbeChoices::default());
    let (postgres, oracle) = (database("pg", "postgres"), database("ora", "oracle-ee"));
    let web = instance("i-1", "198.51.100.7");
    let mut idle = instance("i-2", "198.51.100.8");
    if let Resource::Instance(idle) = &mut idle {
        idle.state = InstanceState::Stopped;
    }
    let lone = instance("i-3", "198.51.100.9");
    let rows = [&postgres, &oracle, &web, &idle, &lone].map(Resource::clone);
    let balancers = [classic("web"), classic("other"), registered("web", "i-1"), registered("web", "i-2")];
    desk.lists(rows.into_iter().chain(balancers).collect());
    desk.play(2, all_answer);
    let host = |id: &str| format!("{id}.rds.example");
    let greeting = ProbeHow::Greeting { dialect: Dialect::Postgres, host: host("pg"), port: 5432 };
    assert_eq!(desk.how(&on(&postgres)), Some(greeting));
    assert_eq!(desk.how(&on(&oracle)), Some(ProbeHow::Tcp { host: host("ora"), port: 5432 }));
    let tcp = ProbeHow::Tcp { host: "198.51.100.7".into(), port: 8080 };
    assert_eq!(desk.how(&on(&web)), Some(tcp), "the port that the balancer sends traffic to");
    assert_eq!(desk.how(&on(&idle)), None, "it does not claim to run");
    assert_eq!(desk.how(&on(&lone)), None, "nobody named a port of it");
    let Some(ProbeHow::Http(asked)) = desk.how(&on(&classic("web"))) else { panic!("no HTTP") };
    assert_eq!(asked.connect.as_deref(), Some("web-1.us-east-1.elb.amazonaws.com"));
    assert_eq!(asked.url, "http://example.com/up", "as whoever stands before a balancer without TLS asks it");
    let other = ProbeHow::Tcp { host: "other-1.us-east-1.elb.amazonaws.com".into(), port: 80 };
    assert_eq!(desk.how(&on(&classic("other"))), Some(other), "no site says what it should answer");
}

#[test]
fn a_target_of_a_udp_group_is_not_asked_by_tcp() {
    let place_v2 = place(Service::ElbV2);
    let arn = |name: &str| format!("arn:aws:elasticloadbalancing:us-east-1:1:targetgroup/{name}/1");
    let group = |name: &str, protocol: &str| {
        Resource::TargetGroup(TargetGroup {
            key: place_v2.key(Kind::TargetGroup, arn(name)),
            name: name.into(),
            protocol: Some(protocol.into()),
            port: Some(53),
            target_type: "instance".into(),
            balancers: Vec::new(),
        })
    };
    let target = |name: &str, id: &str, port: i32| {
        let Resource::Registration(r) = registered("lb", id) else { unreachable!() };
        Resource::Registration(Registration {
            key: place_v2.key(Kind::Registration, format!("{}>{id}:{port}", arn(name))),
            target_group: Some(name.into()),
            target_group_arn: Some(arn(name)),
            port: Some(port),
            ..r
        })
    };
    let mut desk = Desk::new(Vec::new(), ProbeChoices::default());
    let (resolver, web) = (instance("i-1", "198.51.100.7"), instance("i-2", "198.51.100.8"));
    desk.lists(vec![
        resolver.clone(),
        web.clone(),
        group("dns", "UDP"),
        group("web", "HTTP"),
        target("dns", "i-1", 53),
        target("web", "i-2", 8443),
    ]);
    desk.play(2, all_answer);
    assert_eq!(desk.how(&on(&resolver)), None);
    assert_eq!(desk.how(&on(&web)), Some(ProbeHow::Tcp { host: "198.51.100.8".into(), port: 8443 }));
}

#[test]
fn nothing_is_guessed_where_guessing_is_off_and_what_is_declared_is_asked() {
    let declared = |on, question, connect: Option<&str>| DeclaredProbe {
        on,
        region: None,
        question,
        connect: connect.map(str::to_owned),
    };
    let choices = ProbeChoices {
        inferred: false,
        declared: vec![
            declared(
                ProbeTarget::Endpoint("search".into()),
                ProbeQuestion::Tcp { port: None },
                Some("10.0.0.9:9200"),
            ),
            declared(ProbeTarget::Instance("web-i-1".into()), ProbeQuestion::Tcp { port: Some(6379) }, None),
            declared(
                ProbeTarget::Database("pg".into()),
                ProbeQuestion::Greeting { dialect: Dialect::Postgres, port: None },
                Some("127.0.0.1:15432"),
            ),
        ],
        ..ProbeChoices::default()
    };
    let mut desk = Desk::new(Vec::new(), choices);
    let (pg, other) = (database("pg", "postgres"), database("other", "postgres"));
    desk.lists(vec![pg.clone(), other, instance("i-1", "198.51.100.7"), instance("i-2", "198.51.100.8")]);
    desk.play(2, all_answer);
    let asked: BTreeSet<String> = desk.asked.iter().map(|(_, p)| p.how.asked()).collect();
    assert_eq!(asked, ["10.0.0.9:9200", "127.0.0.1:15432", "198.51.100.7:6379"].map(str::to_owned).into());
    let redis = on(&instance("i-1", ""));
    assert_eq!(
        desk.app.incident.probes[&redis].evidence.asked, "198.51.100.7:6379",
        "what was asked is kept"
    );
}

#[test]
fn black_holes_cost_their_own_slots_and_starve_nobody() {
    let mut desk = Desk::new(vec![site()], ProbeChoices { at_once: 8, ..ProbeChoices::default() });
    let databases: Vec<Resource> = (0..3).map(|n| database(&format!("db-{n}"), "postgres")).collect();
    desk.lists(fleet(100).into_iter().chain(databases.clone()).collect());
    // Fleet and balancer never answer; the site and the databases do.
    let world = |probe: &Probe| match &probe.subject {
        ProbeSubject::Instance(_) | ProbeSubject::Balancer(_) => None,
        _ => Some(Verdict::Answers),
    };
    desk.play(30, world);
    desk.asked.clear();
    desk.play(300, world);
    assert!(desk.most <= 8, "{} in flight at once", desk.most);
    for subject in databases.iter().map(on).chain([ProbeSubject::Site("www".into())]) {
        let pause = desk.longest_pause(&subject);
        assert!(pause <= PROBE_EVERY_S + 1, "{subject} waited {pause} s");
    }
    let tried: BTreeSet<&ProbeSubject> = desk
        .asked
        .iter()
        .filter(|(_, probe)| matches!(probe.subject, ProbeSubject::Instance(_)))
        .map(|(_, probe)| &probe.subject)
        .collect();
    assert_eq!(tried.len(), 64, "every black hole is tried again and again all the same");
}

#[test]
fn black_holes_never_take_the_slots_of_those_that_answer() {
    let mut desk = Desk::new(Vec::new(), ProbeChoices { at_once: 8, ..ProbeChoices::default() });
    desk.lists(fleet(40));
    for _ in 0..120 {
        desk.play(1, |_| None);
        assert!(desk.flying.len() <= slow_share(8), "{} black holes in flight", desk.flying.len());
    }
    assert_eq!(slow_share(1), 1, "a single slot is everybody's");
}

#[test]
fn of_a_large_estate_what_is_in_view_is_probed_first_and_never_all() {
    let mut desk = Desk::new(vec![site()], ProbeChoices::default());
    desk.lists(fleet(5_000));
    desk.app.screen = Screen::Instances;
    desk.app.refresh_list();
    let last = desk.app.lists[&Screen::Instances].rows.len() - 1;
    let view = desk.app.lists.get_mut(&Screen::Instances).unwrap();
    view.select(last);
    view.offset = last - 10;
    let selected = view.selected.clone();
    let Some(RowId::Key(selected)) = selected else { panic!("no row") };
    desk.play(1, |_| None);
    let first: Vec<&ProbeSubject> = desk.asked.iter().map(|(_, probe)| &probe.subject).collect();
    assert_eq!(first[0], &ProbeSubject::Instance(selected), "the selected row first");
    let late = first.iter().filter(|s| s.key().is_some_and(|key| key.id.as_str() >= "i-04980"));
    assert!(late.count() >= 10, "then those on the screen: {first:?}");
    desk.play(200, all_answer);
    let subjects: BTreeSet<&ProbeSubject> = desk.asked.iter().map(|(_, probe)| &probe.subject).collect();
    assert!(subjects.len() <= 64 + 25 + 2, "{} of 5,000 are probed", subjects.len());
    assert!(subjects.contains(&ProbeSubject::Site("www".into())));
}

#[test]
fn a_mysql_server_that_answers_is_asked_seldom_for_it_counts_connections_that_come_to_nothing() {
    let mut desk = Desk::new(Vec::new(), ProbeChoices::default());
    let (mysql, postgres) = (database("my", "mysql"), database("pg", "postgres"));
    desk.lists(vec![mysql.clone(), postgres.clone()]);
    desk.play(300, all_answer);
    assert_eq!(desk.longest_pause(&on(&postgres)), PROBE_EVERY_S);
    assert_eq!(desk.longest_pause(&on(&mysql)), PROBE_MYSQL_EVERY_S);
    let proven = desk.app.incident.health(mysql.key(), desk.now).0;
    assert_eq!(proven, Health::Proven, "and its evidence stays fresh");
}

#[test]
fn a_running_instance_that_refuses_its_port_is_a_lie_sorts_first_and_is_an_entry() {
    let mut desk = Desk::new(Vec::new(), ProbeChoices::default());
    desk.lists(fleet(5));
    desk.app.screen = Screen::Instances;
    let liar = on(&instance("i-00003", ""));
    let key = liar.key().unwrap().clone();
    let refuses =
        |probe: &Probe| Some(if probe.subject == liar { Verdict::Refused } else { Verdict::Answers });
    desk.play(1, all_answer);
    assert_eq!(desk.disagreements(), Vec::new());
    desk.play(15, refuses);
    assert_eq!(desk.app.incident.health(&key, desk.now), (Health::Lie, "lie"));
    assert_eq!(desk.app.lists[&Screen::Instances].rows.get(0), Some(&RowId::Key(key.clone())), "it is first");
    let registration = place(Service::Elb).key(Kind::Registration, "web>i-00003");
    assert_eq!(
        desk.app.incident.health(&registration, desk.now).0,
        Health::Lie,
        "so is that it is in service"
    );
    let words = "claims running, probe refused".to_owned();
    let begins = BTreeMap::from([(key.clone(), Some(words.clone()))]);
    assert_eq!(desk.disagreements(), [begins], "once, however often it is probed");
    assert_eq!(desk.story(), ["LIE: instance web-i-00003 i-00003 claims running, probe refused"]);
    assert_eq!(desk.app.incident.lies[&key].1, words);

    let silent =
        |probe: &Probe| Some(if probe.subject == liar { Verdict::TimedOut } else { Verdict::Answers });
    desk.play(15, silent);
    let changes = BTreeMap::from([(key.clone(), Some("claims running, probe timeout".to_owned()))]);
    assert_eq!(desk.disagreements()[1], changes);
    desk.play(15, all_answer);
    assert_eq!(desk.disagreements()[2], BTreeMap::from([(key.clone(), None)]));
    assert_eq!(desk.disagreements().len(), 3);
    let last = desk.story().last().copied().unwrap();
    assert!(last.starts_with("claim and probe agree again after ") && last.ends_with("i-00003"), "{last}");
    assert!(desk.app.incident.lies.is_empty());
    assert_eq!(desk.app.incident.health(&key, desk.now).0, Health::Proven);
}

#[test]
fn a_storm_of_lies_is_one_line() {
    let mut desk = Desk::new(Vec::new(), ProbeChoices::default());
    desk.lists(fleet(12));
    desk.play(5, all_answer);
    desk.play(20, |_| Some(Verdict::Refused));
    assert_eq!(desk.disagreements().len(), 1);
    let [line] = desk.story()[..] else { panic!("{:?}", desk.story()) };
    assert!(
        line.contains(
            "12 instances (web-i-00000, web-i-00001, web-i-00002 and 9 more) claim running, probe refused"
        ),
        "{line}"
    );
    assert!(line.contains("balancer web in us-east-1 claims active, probe refused"), "{line}");
    desk.play(20, all_answer);
    assert_eq!(desk.story().len(), 2, "{:?}", desk.story());
}

#[test]
fn what_a_private_path_says_is_no_evidence_until_it_has_worked() {
    let mut desk = Desk::new(Vec::new(), ProbeChoices::default());
    let private = private_instance("i-1", "10.0.0.7");
    desk.lists(vec![classic("web"), private.clone(), registered("web", "i-1")]);
    desk.play(20, |_| Some(Verdict::Refused));
    let health = |desk: &Desk| desk.app.incident.health(private.key(), desk.now).0;
    assert!(desk.app.incident.probes[&on(&private)].evidence.private);
    assert_ne!(health(&desk), Health::Lie, "somebody else's 10.0.0.7 may refuse");
    desk.play(20, all_answer);
    assert_eq!(health(&desk), Health::Proven);
    desk.play(20, |_| Some(Verdict::Refused));
    assert_eq!(health(&desk), Health::Lie);
}

#[test]
fn a_lie_of_last_night_stands_until_somebody_looks_again() {
    let mut desk = Desk::new(Vec::new(), ProbeChoices::default());
    let pg = database("pg", "postgres");
    desk.lists(vec![pg.clone()]);
    desk.play(15, |_| Some(Verdict::Refused));
    assert!(desk.app.incident.lies.contains_key(pg.key()));
    desk.now += SignedDuration::from_hours(9);
    desk.app.probing.due.insert(on(&pg), desk.now + SignedDuration::from_secs(60));
    desk.play(30, all_answer);
    assert!(desk.app.incident.lies.contains_key(pg.key()), "nobody looked");
    desk.play(60, all_answer);
    assert!(desk.app.incident.lies.is_empty());
}

#[test]
fn an_answer_of_another_that_is_older_than_our_own_finding_does_not_stand_over_it() {
    let orders = database("orders", "postgres");
    let subject = on(&orders);
    let mut desk = Desk::new(Vec::new(), ProbeChoices::default());
    desk.lists(vec![orders]);
    let silent = |_: &Probe| Some(Verdict::Silent);
    desk.play(2, silent);
    desk.play(12, silent);
    let said = |desk: &Desk| {
        let on_it = |body: &&Body| matches!(body, Body::Probed { subject: of, .. } if *of == subject);
        desk.recorded.iter().filter(on_it).count()
    };
    assert_eq!(said(&desk), 1, "the second finding is no news");
    let last = desk.asked.last().unwrap().0;
    let told = |at: Timestamp, verdict| Entry {
        v: ENTRY_VERSION,
        seq: 1,
        ts: at,
        mono_ms: 0,
        session: SessionId("other".into()),
        actor: desk.app.opening.actor.clone(),
        body: Body::Probed { subject: subject.clone(), evidence: Evidence::new(verdict, "", 1) },
    };
    let second = SignedDuration::from_secs(1);
    let (same, older, newer) = (
        told(last - second, Verdict::Silent),
        told(last - second, Verdict::Answers),
        told(desk.now, Verdict::Answers),
    );
    desk.take(Message::Others(vec![same]));
    assert_eq!(said(&desk), 1, "they say the same");
    desk.take(Message::Others(vec![older]));
    assert_eq!(said(&desk), 2);
    let verdict = |desk: &Desk| desk.app.incident.probes[&subject].evidence.verdict;
    assert_eq!(verdict(&desk), Verdict::Silent);
    // What is newer than ours stands.
    desk.now += second;
    desk.take(Message::Others(vec![Entry { ts: desk.now, ..newer }]));
    assert_eq!((said(&desk), verdict(&desk)), (2, Verdict::Answers));
}
