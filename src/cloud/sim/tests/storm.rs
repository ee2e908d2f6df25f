//! The storm of 2012: as the demo opens on it, and through its twelve hours.

use super::{Hand, refused_as};
use crate::incident::cell::{Trust, Verdict};
use crate::incident::fault::Fault;
use crate::incident::place::Service;
use crate::incident::probe::Dialect;
use crate::incident::request::{Answer, Call, DatabaseSettings, Done, ProbeHow, Query, RestoreSource};
use crate::incident::resource::{Database, InstanceState, Resource};
use crate::incident::site::SiteProbe;
use jiff::Timestamp;

const EAST: &str = "us-east-1";

fn database(hand: &mut Hand, id: &str) -> Database {
    let scope = hand.scope(EAST);
    match hand.insist_ask(&Query::Database { scope, id: id.into() }) {
        Ok(Answer::Database(Some(db))) => *db,
        other => panic!("{other:?}"),
    }
}

fn knock(hand: &mut Hand, db: &Database) -> Verdict {
    let endpoint = db.endpoint.clone().unwrap();
    hand.probe(ProbeHow::Tcp { host: endpoint.host, port: endpoint.port }, &db.key.id).verdict
}

/// The database's words, if it has any.
fn greeting(hand: &mut Hand, db: &Database) -> (Verdict, String) {
    let endpoint = db.endpoint.clone().unwrap();
    let how = ProbeHow::Greeting { dialect: Dialect::Postgres, host: endpoint.host, port: endpoint.port };
    let found = hand.probe(how, &db.key.id);
    (found.verdict, found.detail)
}

#[test]
fn a_database_greets_by_its_truth_and_a_standby_by_the_sites_name() {
    let mut hand = Hand::on("2012-storm");
    hand.at_minute(1);
    let db = database(&mut hand, "fito-db");
    assert_eq!(greeting(&mut hand, &db), (Verdict::Answers, "postgres greets".into()));
    let www = hand.look("www");
    let certificate = www.certificate.expect("the scenario says until when");
    assert_eq!((certificate.trust, certificate.days_left(hand.now)), (Trust::Verified, 46));
    let site = hand.world.scenario().sites[0].clone();
    let Some(Resource::Balancer(balancer)) = hand
        .sweep(EAST, Service::Elb)
        .0
        .into_iter()
        .find(|row| matches!(row, Resource::Balancer(balancer) if balancer.name == "web"))
    else {
        panic!("no balancer")
    };
    let elsewhere = SiteProbe { connect: Some(balancer.dns_name), ..site.probe.unwrap() };
    assert_eq!(hand.probe(ProbeHow::Http(elsewhere.clone()), "www").verdict, Verdict::Answers);
    hand.now = hand.world.scenario().open_at;
    assert_eq!(greeting(&mut hand, &db), (Verdict::Refused, "tcp refused".into()));
    assert_ne!(hand.probe(ProbeHow::Http(elsewhere), "www").verdict, Verdict::Answers);
}

fn restore(hand: &mut Hand, new_id: &str) -> Call {
    Call::RestoreDatabase {
        scope: hand.scope(EAST),
        from: RestoreSource::PointInTime { database: "fito-db".into(), at: None },
        new_id: new_id.into(),
        settings: DatabaseSettings {
            security_groups: vec!["sg-0db00000".into()],
            ..DatabaseSettings::default()
        },
    }
}

#[test]
fn before_the_storm_everything_is_well() {
    let mut hand = Hand::on("2012-storm");
    hand.at_minute(1);
    for region in ["us-east-1", "us-west-1", "us-west-2", "eu-west-1"] {
        for service in Service::REGIONAL {
            assert_eq!(hand.sweep(region, service).1, Ok(()), "{region} {service}");
        }
    }
    assert_eq!(hand.look("www").verdict, Verdict::Answers);
    assert_eq!(hand.look("www").detail, "HTTP 200, marker found");
    assert_eq!(hand.look("blog").verdict, Verdict::Answers);
    let db = database(&mut hand, "fito-db");
    assert_eq!(knock(&mut hand, &db), Verdict::Answers);
}

#[test]
fn the_demo_opens_on_a_dark_region_a_lying_database_and_a_way_out() {
    let mut hand = Hand::on("2012-storm");
    let scenario = hand.world.scenario();
    assert_eq!((scenario.open_at.as_second() - scenario.strikes_at.as_second()) / 60, 41);
    hand.now = scenario.open_at;
    // Dark and dead.
    assert!(matches!(hand.sweep(EAST, Service::Ec2).1, Err(Fault::Dark { .. })));
    for service in [Service::Elb, Service::ElbV2] {
        assert!(matches!(hand.sweep(EAST, service).1, Err(Fault::Server { status: 503, .. })));
    }
    let site = hand.look("www");
    assert_eq!((site.verdict, site.detail.as_str()), (Verdict::Wrong, "HTTP 503"));
    // RDS fails now and then, and lies in between.
    let open_at = hand.now;
    let (mut failed, mut lied) = (0, 0);
    for second in 0..120 {
        hand.now = open_at;
        hand.wait(second * 2);
        match hand.sweep(EAST, Service::Rds) {
            (rows, Ok(())) => {
                let db = rows
                    .iter()
                    .find_map(|row| match row {
                        Resource::Database(db) if db.key.id == "fito-db" => Some(db),
                        _ => None,
                    })
                    .unwrap();
                assert_eq!(db.status, "available");
                assert_eq!(db.latest_restorable, Some("2012-06-30T03:00:00Z".parse::<Timestamp>().unwrap()));
                lied += 1;
            }
            (_, Err(Fault::Server { .. })) => failed += 1,
            (_, other) => panic!("{other:?}"),
        }
    }
    assert!(failed > 10 && lied > 40, "{failed} failed, {lied} lied");
    let db = database(&mut hand, "fito-db");
    assert_eq!(knock(&mut hand, &db), Verdict::Refused);
    // Route 53 takes four seconds and answers.
    let apex = hand.records("fitocracy.com", "fitocracy.com");
    assert!(apex.iter().any(|r| r.record_type == "AAAA" && r.alias.is_some()));
    let request = crate::incident::request::Request::Sweep(crate::incident::request::Sweep {
        profile: hand.profile.clone(),
        place: hand.scope("global").place(Service::Route53),
        record_names: Vec::new(),
        ids: Vec::new(),
    });
    let (_, latency) = hand.world.answer(hand.now, &request);
    assert!(latency.as_millis() > 2_500, "{latency:?}");
    // The way out is ready.
    let (maint, _) = hand.instance("us-west-1", "maint-1");
    assert_eq!(hand.health("us-west-1", "standby", &maint).0, "InService");
    assert_eq!(hand.look("blog").verdict, Verdict::Answers);
}

#[test]
fn the_first_minutes_hang() {
    let mut hand = Hand::on("2012-storm");
    hand.at_minute(6);
    let request = crate::incident::request::Request::Sweep(crate::incident::request::Sweep {
        profile: hand.profile.clone(),
        place: hand.scope(EAST).place(Service::Ec2),
        record_names: Vec::new(),
        ids: Vec::new(),
    });
    let (reply, latency) = hand.world.answer(hand.now, &request);
    assert_eq!(latency.as_secs(), 12);
    assert!(format!("{reply:?}").contains("TimedOut { after_ms: 12000 }"));
}

#[test]
fn the_site_is_down_for_twelve_hours_if_nobody_does_anything() {
    let mut hand = Hand::on("2012-storm");
    for minute in (6..12 * 60).step_by(7) {
        let seen = hand.at_minute(minute).look("www");
        assert_ne!(seen.verdict, Verdict::Answers, "at minute {minute}");
    }
}

/// What the postmortem tells, done with the cockpit's own requests.
#[test]
fn the_twelve_hours() {
    let mut hand = Hand::on("2012-storm");
    let start = hand.now;

    // T+41m: the apex goes to the rented server, and the page is there within a minute.
    hand.at_minute(46);
    let east = hand.records("fitocracy.com", "fitocracy.com")[0].alias.clone().unwrap();
    assert!(matches!(hand.switch("fitocracy.com", Err("203.0.113.10")), Ok(Done::ChangeSubmitted { .. })));
    assert_eq!(hand.look("www").detail, "HTTP 503", "not before it is in sync");
    let page = hand.wait(60).look("www");
    assert_eq!((page.verdict, page.detail.as_str()), (Verdict::Wrong, "HTTP 503 maintenance page"));
    // The west would do as well.
    let west = hand.alias_of("us-west-1", "standby");
    hand.switch("fitocracy.com", Ok(west)).unwrap();
    assert_eq!(hand.wait(60).look("www").detail, "HTTP 503 maintenance page");

    // Everybody flees: a new instance in the west takes twenty minutes to boot and twenty to register.
    let (_, micro) = hand.instance("us-west-1", "maint-1");
    let maint_2 = hand.launch("us-west-1", &micro, "maint-2").unwrap();
    hand.register("us-west-1", "standby", &maint_2).unwrap();
    assert_eq!(
        hand.wait(19 * 60).health("us-west-1", "standby", &maint_2),
        ("OutOfService".into(), Some("ELB".into()))
    );
    assert_eq!(hand.wait(2 * 60).health("us-west-1", "standby", &maint_2).0, "InService");

    // Nothing can be restored, and before 05:00 nothing launched.
    hand.at_minute(3 * 60);
    assert_eq!(database(&mut hand, "fito-db").status, "available");
    assert_eq!(database(&mut hand, "fito-db").latest_restorable, None);
    let call = restore(&mut hand, "too-early");
    refused_as(hand.insist(&call), "InvalidDBInstanceState");
    let (web_6, spec) = hand.instance(EAST, "web-6");
    let early = hand.launch(EAST, &spec, "early");
    assert!(matches!(early, Err(Fault::Refused { code, .. }) if code == "InsufficientInstanceCapacity"));
    let scope = hand.scope(EAST);
    let claimed = Query::Instances { scope, ids: vec![web_6] };
    match hand.insist_ask(&claimed) {
        Ok(Answer::Instances(rows)) => {
            assert_eq!(rows[0].state, InstanceState::Running);
            assert_eq!(rows[0].system_status.as_deref(), Some("ok"), "a lie");
        }
        other => panic!("{other:?}"),
    }

    // 05:00: EBS is back, instances launch and boot.
    hand.at_minute(6 * 60 + 5);
    let mut fleet = Vec::new();
    for n in 0..6 {
        fleet.push(hand.launch(EAST, &spec, &format!("web-{n}")).unwrap());
    }
    let first = Query::Instances { scope: hand.scope(EAST), ids: fleet.clone() };
    match hand.insist_ask(&first) {
        Ok(Answer::Instances(rows)) => assert_eq!(rows[0].state, InstanceState::Pending),
        other => panic!("{other:?}"),
    }
    hand.wait(600);
    match hand.insist_ask(&first) {
        Ok(Answer::Instances(rows)) => {
            assert_eq!(rows.len(), 6);
            assert!(
                rows.iter()
                    .all(|r| r.state == InstanceState::Running && r.instance_status.as_deref() == Some("ok"))
            );
        }
        other => panic!("{other:?}"),
    }

    // 07:00: the restore point appears; the restore takes two hours.
    hand.at_minute(8 * 60 - 1);
    assert_eq!(database(&mut hand, "fito-db").latest_restorable, None);
    hand.at_minute(8 * 60 + 1);
    assert_eq!(database(&mut hand, "fito-db").latest_restorable, Some(start), "23:00 on the east coast");
    let call = restore(&mut hand, "fito-db-2");
    assert_eq!(hand.insist(&call), Ok(Done::Accepted));
    assert_eq!(database(&mut hand, "fito-db-2").status, "creating");
    assert_eq!(database(&mut hand, "fito-db-2").endpoint, None);
    hand.at_minute(10 * 60 - 2);
    assert_eq!(database(&mut hand, "fito-db-2").status, "creating");
    hand.at_minute(10 * 60 + 3);
    let restored = database(&mut hand, "fito-db-2");
    assert_eq!(restored.status, "available");
    assert_eq!(restored.security_groups, ["sg-0db00000"]);
    assert_eq!(restored.parameter_group.as_deref(), Some("default.postgres"));
    assert_eq!(knock(&mut hand, &restored), Verdict::Answers);

    // 09:00: the balancers register nothing.
    for id in &fleet {
        assert_eq!(hand.register(EAST, "web", id), Ok(Done::Accepted));
    }
    hand.at_minute(11 * 60 - 2);
    assert_eq!(hand.health(EAST, "web", &fleet[0]), ("OutOfService".into(), Some("ELB".into())));
    // 10:00: they do.
    hand.at_minute(11 * 60 + 2);
    for id in &fleet {
        assert_eq!(hand.health(EAST, "web", id).0, "InService");
    }

    // 11:00: back to the east, with every row.
    hand.at_minute(12 * 60);
    assert_eq!(hand.look("www").detail, "HTTP 503 maintenance page");
    hand.switch("fitocracy.com", Ok(east)).unwrap();
    let up = hand.wait(60).look("www");
    assert_eq!(up.verdict, Verdict::Answers, "{up:?}");
}

#[test]
fn the_colleagues_write_in_order_and_the_milestones_tell_the_night() {
    let hand = Hand::on("2012-storm");
    let scenario = hand.world.scenario();
    assert!(scenario.colleagues.is_sorted_by_key(|c| c.at));
    assert!(scenario.milestones.is_sorted_by_key(|(at, _)| *at));
    let frozen = scenario.colleagues.iter().find(|c| c.note == "RDS logs frozen at 23:00").unwrap();
    assert!(frozen.at < scenario.open_at && frozen.user == "daniel");
    assert!(scenario.milestones.len() > 8);
}
