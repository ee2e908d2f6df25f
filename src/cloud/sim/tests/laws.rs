//! What AWS holds to, and the simulator with it: exact deletes, atomic batches, tokens, transitions, and determinism.

use super::{Hand, refused_as};
use crate::incident::cell::Verdict;
use crate::incident::fault::Fault;
use crate::incident::place::{Profile, Service};
use crate::incident::request::{
    Answer, BalancerRef, Call, Done, InstanceRef, ProbeHow, Query, RecordChange, Reply, Request,
    RestoreSource, Sweep, TargetRef,
};
use crate::incident::resource::{BalancerKind, InstanceState, RecordSet, Resource};
use crate::incident::secret::{Fingerprint, Secret};
use crate::incident::site::SiteProbe;
use jiff::SignedDuration;
use proptest::prelude::*;

const HOME: &str = "eu-central-1";

fn change(hand: &Hand, zone_id: &str, changes: Vec<RecordChange>) -> Call {
    Call::ChangeRecords {
        scope: hand.scope("global"),
        zone_id: zone_id.into(),
        changes,
        comment: String::new(),
    }
}

fn apex(hand: &mut Hand) -> (RecordSet, RecordSet) {
    let records = hand.records("harbour.example", "harbour.example");
    let of = |wanted: &str| records.iter().find(|r| r.record_type == wanted).unwrap().clone();
    (of("A"), of("AAAA"))
}

#[test]
fn a_delete_must_name_what_is_there() {
    let mut hand = Hand::on("quiet");
    let (a, _) = apex(&mut hand);
    let page = hand.elsewhere(&a, Err("203.0.113.9"));
    let zone = a.zone_id.clone();

    let stale = hand.elsewhere(&a, Err("203.0.113.1"));
    let call = change(&hand, &zone, vec![RecordChange::Delete(stale), RecordChange::Create(page.clone())]);
    let message = refused_as(hand.perform(call), "InvalidChangeBatch");
    assert_eq!(
        message,
        "[Tried to delete resource record set [name='harbour.example.', type='A'] but the values provided do not match the current values]"
    );
    let mut health = a.clone();
    health.alias.as_mut().unwrap().evaluate_target_health = true;
    let call = change(&hand, &zone, vec![RecordChange::Delete(health)]);
    refused_as(hand.perform(call), "InvalidChangeBatch");

    let call = change(&hand, &zone, vec![RecordChange::Create(page.clone())]);
    assert!(refused_as(hand.perform(call), "InvalidChangeBatch").contains("but it already exists"));

    let mut txt = a.clone();
    txt.record_type = "TXT".into();
    let call = change(&hand, &zone, vec![RecordChange::Delete(txt)]);
    assert!(refused_as(hand.perform(call), "InvalidChangeBatch").contains("but it was not found"));
    assert_eq!(apex(&mut hand).0, a, "nothing was changed by any of it");

    // The same values under another spelling are the same values.
    let mut shouted = a.clone();
    let alias = shouted.alias.as_mut().unwrap();
    alias.dns_name = alias.dns_name.trim_end_matches('.').to_uppercase();
    let call = change(&hand, &zone, vec![RecordChange::Delete(shouted), RecordChange::Create(page)]);
    assert!(hand.perform(call).is_ok());
    assert_eq!(apex(&mut hand).0.values, ["203.0.113.9"]);
}

#[test]
fn a_batch_is_taken_whole_or_not_at_all() {
    let mut hand = Hand::on("quiet");
    let (a, aaaa) = apex(&mut hand);
    let zone = a.zone_id.clone();
    let page = hand.elsewhere(&a, Err("203.0.113.9"));
    let wrong = hand.elsewhere(&aaaa, Err("2001:db8::1"));
    let call = change(
        &hand,
        &zone,
        vec![RecordChange::Delete(a.clone()), RecordChange::Create(page), RecordChange::Delete(wrong)],
    );
    refused_as(hand.perform(call), "InvalidChangeBatch");
    assert_eq!(apex(&mut hand), (a, aaaa));
}

#[test]
fn what_could_never_stand_in_a_zone_is_refused() {
    let mut hand = Hand::on("quiet");
    let (a, aaaa) = apex(&mut hand);
    let zone = a.zone_id.clone();
    let mut cname = hand.elsewhere(&a, Err("harbour.invalid."));
    cname.record_type = "CNAME".into();
    let mut ghost = a.clone();
    ghost.alias.as_mut().unwrap().dns_name = "gone-1.eu-west-1.elb.amazonaws.com.".into();
    let mut wrong_zone = a.clone();
    wrong_zone.alias.as_mut().unwrap().zone_id = "Z0".into();
    let mut foreign = hand.elsewhere(&a, Err("203.0.113.9"));
    foreign.name = "elsewhere.example.".into();
    let mut empty = hand.elsewhere(&a, Err("203.0.113.9"));
    empty.values.clear();
    for (bad, why) in [
        (cname, "not permitted at apex"),
        (ghost, "that target was not found"),
        (wrong_zone, "does not lie within the target zone"),
        (foreign, "is not permitted in zone"),
        (empty, "but found none"),
    ] {
        let call = change(
            &hand,
            &zone,
            vec![
                RecordChange::Delete(a.clone()),
                RecordChange::Delete(aaaa.clone()),
                RecordChange::Create(bad),
            ],
        );
        let message = refused_as(hand.perform(call), "InvalidChangeBatch");
        assert!(message.contains(why), "{message}");
    }
    let call = change(&hand, "Z404", vec![RecordChange::Delete(a)]);
    refused_as(hand.perform(call), "NoSuchHostedZone");
}

#[test]
fn a_change_is_pending_then_in_sync_and_only_then_seen_outside() {
    let mut hand = Hand::on("quiet");
    hand.at_minute(2);
    let done = hand.switch("harbour.example", Err("192.0.2.1")).unwrap();
    let Done::ChangeSubmitted { change_id } = done else { panic!("{done:?}") };
    let scope = hand.scope("global");
    let query = Query::Change { scope, change_id };
    assert_eq!(hand.ask(query.clone()), Ok(Answer::Change { in_sync: false }));
    assert_eq!(hand.look("shop").verdict, Verdict::Answers);
    hand.wait(31);
    assert_eq!(hand.ask(query), Ok(Answer::Change { in_sync: true }));
    assert_eq!(hand.look("shop").verdict, Verdict::TimedOut);
    let scope = hand.scope("global");
    let unknown = hand.ask(Query::Change { scope, change_id: "C0".into() });
    assert!(matches!(unknown, Err(Fault::Refused { code, .. }) if code == "NoSuchChange"));
}

#[test]
fn a_stranded_change_never_arrives() {
    let mut hand = Hand::on("2025-dynamodb-dns");
    hand.at_minute(20);
    hand.switch("fernweh.example", Err("198.51.100.77")).unwrap();
    assert_eq!(
        hand.at_minute(600).records("fernweh.example", "fernweh.example")[0].values,
        ["198.51.100.77"]
    );
    assert!(!hand.look("www").detail.contains("maintenance page"));
}

#[test]
fn a_token_launches_once_in_a_zone_and_never_two_different_things() {
    let mut hand = Hand::on("quiet");
    let (_, spec) = hand.instance(HOME, "app-1");
    let first = hand.launch(HOME, &spec, "token-1").unwrap();
    assert_eq!(hand.wait(5).launch(HOME, &spec, "token-1").unwrap(), first);
    let mut bigger = spec.clone();
    bigger.instance_type = "m6g.xlarge".into();
    assert!(matches!(
        hand.launch(HOME, &bigger, "token-1"),
        Err(Fault::Refused { code, .. }) if code == "IdempotentParameterMismatch"
    ));
    let mut elsewhere = spec.clone();
    elsewhere.zone = "eu-central-1b".into();
    assert_ne!(hand.launch(HOME, &elsewhere, "token-1").unwrap(), first);
    let scope = hand.scope(HOME);
    let by_token = hand.ask(Query::InstancesByToken { scope, client_token: "token-1".into() });
    assert!(matches!(by_token, Ok(Answer::Instances(rows)) if rows.len() == 2));
    assert!(hand.launch(HOME, &spec, &"x".repeat(65)).is_err());
    let mut imageless = spec.clone();
    imageless.image = "ami-gone".into();
    assert!(matches!(
        hand.launch(HOME, &imageless, "token-2"),
        Err(Fault::Refused { code, .. }) if code == "InvalidAMIID.NotFound"
    ));
    let mut forgotten = spec;
    forgotten.user_data = Some(Secret::from(Fingerprint { length: 3, sha256: "abc".into() }));
    assert!(matches!(hand.launch(HOME, &forgotten, "token-3"), Err(Fault::Unaskable { .. })));
}

fn instance(hand: &mut Hand, id: &str) -> Option<crate::incident::resource::Instance> {
    let scope = hand.scope(HOME);
    match hand.ask(Query::Instances { scope, ids: vec![id.into()] }) {
        Ok(Answer::Instances(mut rows)) => rows.pop(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_instance_boots_is_checked_shuts_down_and_is_forgotten() {
    let mut hand = Hand::on("quiet");
    let (_, spec) = hand.instance(HOME, "app-1");
    let id = hand.launch(HOME, &spec, "t").unwrap();
    let seen =
        |hand: &mut Hand| instance(hand, &id).map(|i| (i.state.as_str().to_owned(), i.instance_status));
    let expect = |state: &str, checks: Option<&str>| Some((state.to_owned(), checks.map(str::to_owned)));
    assert_eq!(seen(&mut hand), expect("pending", None));
    hand.wait(46);
    assert_eq!(seen(&mut hand), expect("running", Some("initializing")));
    hand.wait(150);
    assert_eq!(seen(&mut hand), expect("running", Some("ok")));
    let call = Call::Terminate { scope: hand.scope(HOME), instance: id.clone() };
    assert_eq!(hand.perform(call.clone()), Ok(Done::Accepted));
    assert_eq!(seen(&mut hand), expect("shutting-down", None));
    hand.wait(41);
    assert_eq!(seen(&mut hand), expect("terminated", None));
    hand.wait(3_600);
    assert_eq!(seen(&mut hand), None);
    refused_as(hand.perform(call), "InvalidInstanceID.NotFound");
}

#[test]
fn termination_protection_holds_and_source_dest_check_comes_off() {
    let mut hand = Hand::on("2012-storm");
    let (redis, spec) = hand.instance("us-east-1", "redis-1");
    assert!(spec.termination_protection);
    let scope = hand.scope("us-east-1");
    refused_as(
        hand.perform(Call::Terminate { scope: scope.clone(), instance: redis.clone() }),
        "OperationNotPermitted",
    );
    let call =
        Call::DisableSourceDestCheck { scope: scope.clone(), instance: InstanceRef::Id(redis.clone()) };
    assert_eq!(hand.perform(call), Ok(Done::Accepted));
    match hand.ask(Query::LaunchSpec { scope, instance: redis }) {
        Ok(Answer::LaunchSpec(Some(found))) => assert!(!found.1.source_dest_check),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_v2_target_registers_drains_and_leaves() {
    let mut hand = Hand::on("quiet");
    let arn = hand.world.state.groups[0].arn.clone();
    let under = BalancerRef::TargetGroup(arn);
    let (_, spec) = hand.instance(HOME, "app-1");
    let id = hand.launch(HOME, &spec, "t").unwrap();
    let scope = hand.scope(HOME);
    let targets = vec![TargetRef { id: InstanceRef::Id(id.clone()), port: None }];
    let register = Call::Register { scope: scope.clone(), under: under.clone(), targets: targets.clone() };
    refused_as(hand.perform(register.clone()), "InvalidTarget");
    hand.wait(60);
    assert_eq!(hand.perform(register), Ok(Done::Accepted));
    let health = |hand: &mut Hand| {
        let query = Query::Registrations { scope: scope.clone(), under: under.clone() };
        match hand.ask(query) {
            Ok(Answer::Registrations(rows)) => rows
                .into_iter()
                .find(|r| r.target == id)
                .map(|r| (r.state, r.reason.unwrap_or_default(), r.port)),
            other => panic!("{other:?}"),
        }
    };
    let expect = |state: &str, reason: &str| Some((state.to_owned(), reason.to_owned(), Some(8080)));
    assert_eq!(health(&mut hand), expect("initial", "Elb.RegistrationInProgress"));
    hand.wait(41);
    assert_eq!(health(&mut hand), expect("healthy", ""));
    let deregister = Call::Deregister {
        scope: hand.scope(HOME),
        under: BalancerRef::TargetGroup(hand.world.state.groups[0].arn.clone()),
        targets,
    };
    assert_eq!(hand.perform(deregister), Ok(Done::Accepted));
    assert_eq!(health(&mut hand), expect("draining", "Target.DeregistrationInProgress"));
    hand.wait(301);
    assert_eq!(health(&mut hand), None);
}

#[test]
fn a_classic_target_leaves_at_once_and_a_missing_balancer_is_said_to_be_missing() {
    let mut hand = Hand::on("quiet");
    hand.at_minute(1);
    let (page, _) = hand.instance("eu-west-1", "page-1");
    let (page_spec_id, under) = (page.clone(), BalancerRef::Classic("page".into()));
    let scope = hand.scope("eu-west-1");
    let deregister = |under: BalancerRef| Call::Deregister {
        scope: scope.clone(),
        under,
        targets: vec![TargetRef { id: InstanceRef::Id(page_spec_id.clone()), port: None }],
    };
    assert_eq!(hand.health("eu-west-1", "page", &page).0, "InService");
    assert_eq!(hand.perform(deregister(under.clone())), Ok(Done::Accepted));
    let rows = hand.ask(Query::Registrations { scope: scope.clone(), under });
    assert_eq!(rows, Ok(Answer::Registrations(Vec::new())));
    refused_as(hand.perform(deregister(BalancerRef::Classic("nope".into()))), "LoadBalancerNotFound");
    assert!(matches!(
        hand.register("eu-west-1", "page", "i-404"),
        Err(Fault::Refused { code, .. }) if code == "InvalidInstance"
    ));
    let missing = hand.ask(Query::Balancer { scope, kind: BalancerKind::Application, name: "page".into() });
    assert_eq!(missing, Ok(Answer::Balancer(None)), "classic, not v2");
}

#[test]
fn the_log_of_a_live_database_moves_every_five_minutes() {
    let mut hand = Hand::on("quiet");
    let mut seen = Vec::new();
    for minute in 0..30 {
        hand.at_minute(minute);
        let scope = hand.scope(HOME);
        match hand.ask(Query::Database { scope, id: "orders".into() }) {
            Ok(Answer::Database(Some(db))) => {
                let latest = db.latest_restorable.unwrap();
                let age = hand.now.as_second() - latest.as_second();
                assert!((60..=360).contains(&age), "{age}");
                seen.push(latest);
            }
            other => panic!("{other:?}"),
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 7);
}

#[test]
fn a_restore_is_refused_for_the_reasons_rds_has() {
    let mut hand = Hand::on("quiet");
    let scope = hand.scope(HOME);
    let restore = |from: RestoreSource, new_id: &str| Call::RestoreDatabase {
        scope: scope.clone(),
        from,
        new_id: new_id.into(),
        settings: Default::default(),
    };
    let at = |at| RestoreSource::PointInTime { database: "orders".into(), at };
    let now = hand.now;
    let snapshot = RestoreSource::Snapshot("rds:orders-2026-03-11-02-30".into());
    for (call, code) in [
        (restore(at(None), "orders"), "DBInstanceAlreadyExists"),
        (restore(at(Some(now)), "new"), "InvalidParameterValue"),
        (restore(at(None), "1-no"), "InvalidParameterValue"),
        (restore(RestoreSource::Snapshot("gone".into()), "new"), "DBSnapshotNotFound"),
        (
            restore(RestoreSource::PointInTime { database: "gone".into(), at: None }, "new"),
            "DBInstanceNotFound",
        ),
    ] {
        refused_as(hand.perform(call), code);
    }
    assert_eq!(hand.perform(restore(snapshot, "from-snapshot")), Ok(Done::Accepted));
    hand.wait(601);
    match hand.ask(Query::Database { scope: hand.scope(HOME), id: "from-snapshot".into() }) {
        Ok(Answer::Database(Some(db))) => {
            assert_eq!(db.status, "available");
            assert!(!db.multi_az, "dropped unless asked for");
            assert_eq!(db.endpoint.unwrap().port, 3306);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn credentials_speak_for_one_account_only() {
    let mut hand = Hand::on("2012-storm");
    hand.profile = Profile("staging".into());
    assert!(matches!(hand.sweep("us-west-1", Service::Ec2).1, Err(Fault::Unaskable { .. })));
    hand.profile = Profile("nobody".into());
    assert!(matches!(hand.sweep("us-west-1", Service::Ec2).1, Err(Fault::CredentialsMissing { .. })));
    hand.profile = Profile::ambient();
    let identity = hand.ask(Query::Identity { profile: Profile::ambient(), region: "us-west-1".into() });
    assert!(matches!(identity, Ok(Answer::Identity { account, .. }) if account.0 == "123456789012"));
    assert!(matches!(hand.sweep("mars-north-1", Service::Ec2).1, Err(Fault::Dark { .. })));
    assert!(matches!(hand.sweep("us-west-1", Service::Route53).1, Err(Fault::Unaskable { .. })));
    hand.account = "~staging".into();
    hand.profile = Profile("staging".into());
    let (rows, end) = hand.sweep("us-east-1", Service::Ec2);
    assert_eq!(end, Ok(()));
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].key().scope().account.0, "~staging", "keyed as asked");
}

#[test]
fn expired_credentials_are_named() {
    let mut hand = Hand::on("quiet");
    hand.world.state.accounts[0].credentials = super::super::state::Credentials::Expired;
    assert!(matches!(hand.sweep(HOME, Service::Ec2).1, Err(Fault::CredentialsExpired { .. })));
}

#[test]
fn a_lost_answer_may_have_been_carried_out_and_the_token_tells() {
    let text = include_str!("../../../../scenarios/quiet.toml").to_owned()
        + r#"
[[event]]
at       = "+1m"
region   = "eu-central-1"
service  = "ec2"
fault    = "hang"
hits     = "writes"
performs = true

[[event]]
at       = "+5m"
region   = "eu-central-1"
service  = "ec2"
clear    = true
"#;
    let scenario = super::Scenario::parse("lost", &text).unwrap();
    let mut hand = Hand::on("quiet");
    hand.world = super::World::new(scenario, 1);
    hand.at_minute(2);
    let (_, spec) = hand.instance(HOME, "app-1");
    let lost = hand.launch(HOME, &spec, "t");
    assert!(matches!(lost, Err(Fault::TimedOut { after_ms: 12_000 })));
    let scope = hand.scope(HOME);
    match hand.ask(Query::InstancesByToken { scope, client_token: "t".into() }) {
        Ok(Answer::Instances(rows)) => {
            let id = rows[0].key.id.clone();
            assert_eq!(hand.at_minute(6).launch(HOME, &spec, "t"), Ok(id));
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_long_list_comes_in_pages_and_may_break_off() {
    let text = include_str!("../../../../scenarios/quiet.toml").replace("count           = 3", "count = 950")
        + r#"
[[event]]
at          = "+1m"
region      = "eu-central-1"
service     = "ec2"
fault       = "garbled"
after_pages = 4
"#;
    let scenario = super::Scenario::parse("many", &text).unwrap();
    let mut hand = Hand::on("quiet");
    hand.world = super::World::new(scenario, 1);
    let request = Request::Sweep(Sweep {
        profile: hand.profile.clone(),
        place: hand.scope(HOME).place(Service::Ec2),
        record_names: Vec::new(),
        ids: Vec::new(),
    });
    let pages = |hand: &mut Hand| match hand.world.answer(hand.now, &request).0 {
        Reply::Swept { pages, end } => {
            (pages.iter().map(|p| p.resources.len()).collect::<Vec<_>>(), end.is_ok())
        }
        other => panic!("{other:?}"),
    };
    let (sizes, whole) = pages(&mut hand);
    assert!(whole);
    assert_eq!(sizes.iter().sum::<usize>(), 951);
    assert_eq!(sizes.len(), 10);
    hand.at_minute(2);
    assert_eq!(pages(&mut hand), (vec![100; 4], false));
}

#[test]
fn time_does_not_run_backwards() {
    let mut hand = Hand::on("2012-storm");
    hand.at_minute(46);
    assert!(hand.sweep("us-east-1", Service::Ec2).1.is_err());
    hand.at_minute(0);
    assert!(hand.sweep("us-east-1", Service::Ec2).1.is_err());
}

/// A request that makes sense, more or less.
fn request() -> impl Strategy<Value = (i64, usize, usize)> {
    (0_i64..900, 0_usize..40, 0_usize..8)
}

/// One of many requests, made of two numbers.
fn make(hand: &mut Hand, kind: usize, pick: usize) -> Request {
    let regions = ["us-east-1", "us-west-1", "eu-west-1", "global", "nowhere-1"];
    let region = regions[pick % regions.len()];
    let scope = hand.scope(region);
    let profile = Profile(["prod", "staging", "", "ghost"][kind % 4].into());
    let services = Service::ALL;
    let query = |query| Request::Ask { profile: Profile("prod".into()), query };
    let call = |call| Request::Perform { profile: Profile("prod".into()), call: Box::new(call) };
    let ids: Vec<String> = hand.world.state.machines.keys().cloned().collect();
    let id = ids[(kind * 7 + pick) % ids.len()].clone();
    let under = if pick.is_multiple_of(2) {
        BalancerRef::Classic(["web", "standby", "gone"][pick % 3].into())
    } else {
        BalancerRef::TargetGroup(hand.world.state.groups[0].arn.clone())
    };
    let targets = vec![TargetRef {
        id: if pick == 7 { InstanceRef::LaunchedByStep(0) } else { InstanceRef::Id(id.clone()) },
        port: pick.is_multiple_of(3).then_some(80),
    }];
    match kind % 14 {
        0..=3 => Request::Sweep(Sweep {
            profile,
            place: scope.place(services[pick % services.len()]),
            record_names: vec!["www.fitocracy.com".into()],
            ids: Vec::new(),
        }),
        4 => query(Query::Identity { profile, region: region.into() }),
        5 => query(Query::LaunchSpec { scope, instance: id }),
        6 => query(Query::Registrations { scope, under }),
        7 => {
            let spec = hand.world.state.machines[&id].spec.clone();
            call(Call::RunInstance { scope, spec: Box::new(spec), client_token: format!("t{pick}") })
        }
        8 => call(Call::Terminate { scope, instance: id }),
        9 => call(Call::Register { scope, under, targets }),
        10 => call(Call::Deregister { scope, under, targets }),
        11 => call(Call::RestoreDatabase {
            scope,
            from: RestoreSource::PointInTime {
                database: "fito-db".into(),
                at: (pick == 3).then_some(hand.now - SignedDuration::from_hours(3)),
            },
            new_id: format!("db{pick}"),
            settings: Default::default(),
        }),
        12 => {
            let zone = &hand.world.state.zones[pick % 3];
            let old = zone.records[0].clone();
            let new = hand.elsewhere(&old, Err("203.0.113.10"));
            let zone_id = zone.id.clone();
            Request::Perform {
                profile: Profile("prod".into()),
                call: Box::new(change(
                    hand,
                    &zone_id,
                    vec![RecordChange::Delete(old), RecordChange::Create(new)],
                )),
            }
        }
        _ => Request::Probe(crate::incident::request::Probe {
            subject: crate::incident::cell::ProbeSubject::Site("www".into()),
            how: if pick.is_multiple_of(2) {
                ProbeHow::Http(SiteProbe {
                    url: ["https://fitocracy.com/", "x://u@[::1]:9?#", "", "http://10.1.1.10:80"][pick % 4]
                        .into(),
                    expect: "2xx".into(),
                    body: None,
                    connect: None,
                })
            } else {
                ProbeHow::Tcp { host: "10.1.1.10".into(), port: 22 }
            },
        }),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is asked whenever: no panic, an answer of the right kind, and the same answer in the same world.
    #[test]
    fn any_walk_ends_well_and_the_same_twice(steps in proptest::collection::vec(request(), 1..120)) {
        let walk = || {
            let mut hand = Hand::on("2012-storm");
            let mut heard = Vec::new();
            for (minute, kind, pick) in &steps {
                hand.at_minute(*minute);
                let request = make(&mut hand, *kind, *pick);
                let (reply, latency) = hand.world.answer(hand.now, &request);
                let fits = matches!(
                    (&request, &reply),
                    (Request::Sweep(_), Reply::Swept { .. })
                        | (Request::Ask { .. }, Reply::Answered(_))
                        | (Request::Perform { .. }, Reply::Performed(_))
                        | (Request::Probe(_), Reply::Probed(_))
                );
                assert!(fits, "{request:?} {reply:?}");
                heard.push((reply, latency));
            }
            heard
        };
        prop_assert_eq!(walk(), walk());
    }
}

#[test]
fn another_seed_is_another_night_with_the_same_estate() {
    let scenario = super::Scenario::shipped("2012-storm").unwrap();
    let night = |seed| {
        let mut hand = Hand::on("2012-storm");
        hand.world = super::World::new(scenario.clone(), seed);
        (0..60)
            .map(|n| {
                hand.at_minute(46);
                hand.wait(n * 2).sweep("us-east-1", Service::Rds).1.is_ok()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(night(1), night(1));
    assert_ne!(night(1), night(2));
    let ids = |seed| {
        let mut hand = Hand::on("2012-storm");
        hand.world = super::World::new(scenario.clone(), seed);
        let (rows, _) = hand.sweep("us-east-1", Service::Ec2);
        rows.iter()
            .filter(|row| matches!(row, Resource::Instance(i) if i.state == InstanceState::Running))
            .map(|row| row.key().id.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(1), ids(2));
    assert_eq!(ids(1).len(), 7);
}
