//! Apex switches: every plan and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::incident::cell::{Evidence, SweepStatus};
use crate::incident::entry::Body;
use crate::incident::fault::Fault;
use crate::incident::plan::{Action, Check, Guard};
use crate::incident::planner::bench::{Bench, alias, dark, plain, scope, target};
use crate::incident::planner::{Desk, Reading};
use crate::incident::request::{BalancerRef, Call, RecordChange};

fn apex(target: &str) -> Action {
    Action::Apex { site: "www".into(), target: target.into() }
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.classic("us-east-1", "web");
    bench.classic("us-west-1", "web-west");
    let web = BalancerRef::Classic("web-west".into());
    bench.registered("us-west-1", &web, "i-1", None, "InService");
    bench
}

fn batch_of(plan: &Plan) -> &[RecordChange] {
    match &plan.steps[0].call {
        Call::ChangeRecords { changes, .. } => changes,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_alias_becomes_an_address_in_one_batch() {
    let bench = bench();
    let plan = bench.plan(&apex("linode"));
    assert_eq!(plan.steps.len(), 1);
    let [RecordChange::Delete(old), RecordChange::Create(new)] = batch_of(&plan) else {
        panic!("{plan:?}");
    };
    assert_eq!(*old, bench.records[0], "the DELETE names what was read");
    assert_eq!((new.ttl, new.values.as_slice()), (Some(60), &["203.0.113.10".to_owned()][..]));
    assert_eq!(plan.changes.len(), 1);
    assert!(plan.changes[0].old.contains("web-1.us-east-1") && plan.changes[0].new.contains("203.0.113.10"));
    assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Disruptive, "www"));
    assert!(plan.scope.region.is_global());
    assert_eq!(plan.profile.0, "prod");
    assert_eq!(plan.control_planes, ["Route 53 (us-east-1)"]);
    assert!(plan.effects[0].ends_with("instead of east (us-east-1/web)"));
    assert!(plan.effects.iter().any(|e| e.contains("60 s")));
    assert!(plan.warnings.iter().any(|w| w.contains("certificate")));
    let Call::ChangeRecords { comment, zone_id, .. } = &plan.steps[0].call else { panic!() };
    assert!(comment.starts_with("bs/") && comment.len() <= 256 && comment.contains("/1/"));
    assert_eq!(zone_id, "Z1");
    assert_eq!(plan.steps[0].patience_s, 300);
    assert!(
        matches!(&plan.steps[0].guard, Guard::RecordsAre { records, .. } if same_sets(records, std::slice::from_ref(old)))
    );
    assert!(
        matches!(&plan.steps[0].check, Check::RecordsAre { records, .. } if same_sets(records, std::slice::from_ref(new)))
    );
}

#[test]
fn the_inverse_leads_back_to_exactly_what_was_there() {
    let mut bench = bench();
    bench.records.push(plain("AAAA", 300, &["2001:db8::1"]));
    let before = bench.a_records();
    for target in ["linode", "west"] {
        let plan = bench.plan(&apex(target));
        bench.apply(&plan.steps[0].call);
        assert!(!same_sets(&bench.a_records(), &before));
        bench.apply(&plan.inverse[0].call);
        assert!(same_sets(&bench.a_records(), &before));
        assert!(matches!((&plan.inverse[0].guard, &plan.steps[0].check),
            (Guard::RecordsAre { records: a, .. }, Check::RecordsAre { records: b, .. }) if same_sets(a, b)));
    }
}

#[test]
fn ipv6_visitors_are_not_left_on_the_corpse() {
    let mut bench = bench();
    bench.records.push(alias("AAAA", "dualstack.web-1.us-east-1.elb.amazonaws.com."));
    let away = bench.plan(&apex("linode"));
    assert_eq!(batch_of(&away).len(), 3, "both deleted, one created");
    assert!(away.effects.iter().any(|e| e.contains("AAAA record is deleted")));
    let west = bench.plan(&apex("west"));
    assert_eq!(batch_of(&west).len(), 4, "A and AAAA move together");
    bench.sites[0].targets[2].addresses.push("2001:db8::10".parse().unwrap());
    let both = bench.plan(&apex("linode"));
    assert!(batch_of(&both).iter().any(
        |c| matches!(c, RecordChange::Create(r) if r.record_type == "AAAA" && r.values == ["2001:db8::10"])
    ));
}

#[test]
fn a_dual_stack_alb_gets_both_and_an_nlb_no_prefix() {
    let mut bench = bench();
    bench.alb("eu-west-1", "front");
    bench.sites[0].targets.push(SiteTarget {
        region: Some("eu-west-1".into()),
        balancer: Some("front".into()),
        ..target("eu", TargetKind::Alb)
    });
    let plan = bench.plan(&apex("eu"));
    let names: Vec<String> = batch_of(&plan)
        .iter()
        .filter_map(|c| match c {
            RecordChange::Create(r) => {
                Some(format!("{} {}", r.record_type, r.alias.as_ref().unwrap().dns_name))
            }
            RecordChange::Delete(_) => None,
        })
        .collect();
    assert_eq!(
        names,
        [
            "A dualstack.front-1.eu-west-1.elb.amazonaws.com.",
            "AAAA dualstack.front-1.eu-west-1.elb.amazonaws.com.",
        ]
    );
    let mut nlb = bench.classic("eu-west-1", "tcp");
    nlb.balancer_kind = BalancerKind::Network;
    assert_eq!(alias_name(&nlb), "tcp-1.eu-west-1.elb.amazonaws.com.");
}

#[test]
fn cloudfront_and_s3_go_by_published_zones() {
    let mut bench = bench();
    bench.sites[0].targets.push(SiteTarget {
        dns_name: Some("d1.cloudfront.net".into()),
        ..target("cdn", TargetKind::Cloudfront)
    });
    bench.sites[0]
        .targets
        .push(SiteTarget { region: Some("eu-central-1".into()), ..target("bucket", TargetKind::S3) });
    bench.sites[0]
        .targets
        .push(SiteTarget { region: Some("mars-1".into()), ..target("far", TargetKind::S3) });
    let made = |plan: &Plan| match &batch_of(plan)[1] {
        RecordChange::Create(r) => r.alias.clone().unwrap(),
        RecordChange::Delete(r) => panic!("{r:?}"),
    };
    assert_eq!(made(&bench.plan(&apex("cdn"))).zone_id, "Z2FDTNDATAQYW2");
    let s3 = bench.plan(&apex("bucket"));
    assert_eq!(made(&s3).dns_name, "s3-website.eu-central-1.amazonaws.com");
    assert_eq!(made(&s3).zone_id, "Z21DNDUVLTQW6Q");
    assert!(s3.warnings.iter().any(|w| w.contains("no https")));
    assert!(bench.refusal(&apex("far")).why.contains("mars-1"));
}

#[test]
fn what_is_there_already_is_refused_whatever_its_prefix() {
    let mut bench = bench();
    assert!(bench.refusal(&apex("east")).why.contains("already points at east"));
    bench.records[0] = alias("A", "WEB-1.us-east-1.elb.amazonaws.com");
    let refusal = bench.refusal(&apex("east"));
    assert!(refusal.why.contains("already") && refusal.next.contains("Nothing to do"));
    bench.records[0] = plain("A", 60, &["203.0.113.10"]);
    assert!(bench.refusal(&apex("linode")).why.contains("already"));
    bench.records[0] = plain("A", 300, &["203.0.113.10"]);
    assert_eq!(bench.plan(&apex("linode")).changes[0].old, "203.0.113.10 (300s)");
}

#[test]
fn nothing_at_the_name_is_only_created() {
    let mut bench = bench();
    bench.records.remove(0);
    let plan = bench.plan(&apex("linode"));
    assert!(matches!(batch_of(&plan), [RecordChange::Create(_)]));
    assert_eq!(plan.changes[0].old, "(none)");
}

#[test]
fn unknown_names_get_the_nearest() {
    let mut bench = bench();
    let refusal = bench.refusal(&apex("linod"));
    assert!(refusal.next.contains("Did you mean linode?"), "{refusal}");
    let site = |name: &str| Action::Apex { site: name.into(), target: "east".into() };
    assert!(bench.refusal(&site("wwww")).next.contains("Did you mean www?"));
    bench.sites[0].targets.clear();
    assert!(bench.refusal(&apex("east")).next.contains("[[site.target]]"));
    bench.sites.clear();
    assert!(bench.refusal(&site("www")).next.contains("[[site]]"));
}

#[test]
fn a_zone_that_is_not_ours_to_edit_is_refused() {
    let mut bench = bench();
    let zone = bench.zone.clone().unwrap();
    bench.zone = None;
    assert!(bench.refusal(&apex("linode")).why.contains("no public hosted zone example.com."));
    bench.zone = Some(HostedZone { private: true, ..zone.clone() });
    assert!(bench.refusal(&apex("linode")).why.contains("private"));
    bench.zone = Some(HostedZone { linked_service: Some("servicediscovery".into()), ..zone });
    assert!(bench.refusal(&apex("linode")).why.contains("servicediscovery"));
}

#[test]
fn records_that_are_more_than_records_are_refused() {
    let mut bench = bench();
    bench.records[0].traffic_policy = true;
    assert!(bench.refusal(&apex("linode")).why.contains("traffic policy"));
    bench.records[0].traffic_policy = false;
    for policy in ["weighted", "failover", "latency", "geolocation"] {
        bench.records[0].routing = Some(policy.into());
        bench.records[0].set_identifier = Some("one".into());
        assert!(bench.refusal(&apex("linode")).why.contains(policy));
    }
    bench.records[0] = plain("CNAME", 60, &["elsewhere.example.net."]);
    assert!(bench.refusal(&apex("linode")).why.contains("CNAME"));
}

#[test]
fn a_balancer_that_is_gone_is_named_with_what_there_is() {
    let mut bench = bench();
    bench.sites[0].targets[1].balancer = Some("web-wets".into());
    let refusal = bench.refusal(&apex("west"));
    assert!(refusal.why.contains("us-west-1") && refusal.why.contains("web-wets"), "{refusal}");
    assert!(refusal.next.contains("web-west") && refusal.next.contains("linode"), "{refusal}");
    bench.sites[0].targets[1].balancer = None;
    assert!(bench.refusal(&apex("west")).next.contains("balancer ="));
}

#[test]
fn a_balancer_of_another_kind_or_without_a_zone_is_refused() {
    let mut bench = bench();
    bench.alb("us-west-1", "front");
    bench.sites[0].targets[1].kind = TargetKind::Nlb;
    bench.sites[0].targets[1].balancer = Some("front".into());
    assert!(bench.refusal(&apex("west")).why.contains("alb"));
    let mut b = bench.classic("us-west-1", "web-west");
    b.canonical_zone_id = None;
    bench.put(Resource::Balancer(b));
    bench.sites[0].targets[1].kind = TargetKind::Elb;
    bench.sites[0].targets[1].balancer = Some("web-west".into());
    assert!(bench.refusal(&apex("west")).why.contains("zone id"));
}

#[test]
fn a_dark_control_plane_is_named_with_the_next_rung() {
    let mut bench = bench();
    let balancer =
        Query::Balancer { scope: scope("us-west-1"), kind: BalancerKind::Classic, name: "web-west".into() };
    bench.faults.push((balancer, dark()));
    let refusal = bench.refusal(&apex("west"));
    assert!(refusal.why.contains("ELB (us-west-1)") && refusal.why.contains("connection refused"));
    assert!(refusal.next.contains("`blackstart do apex www linode`"), "{refusal}");
    let records =
        Query::Records { scope: scope("global"), zone: "example.com.".into(), name: "example.com.".into() };
    bench.faults = vec![(records.clone(), Fault::TimedOut { after_ms: 5000 })];
    let refusal = bench.refusal(&apex("linode"));
    assert!(refusal.why.contains("Route 53 (us-east-1)") && refusal.next.contains("register"), "{refusal}");
    bench.faults = vec![(records, Fault::CredentialsExpired { code: "ExpiredToken".into() })];
    let refusal = bench.refusal(&apex("linode"));
    assert!(!refusal.next.contains("Next rung") && refusal.next.contains("Log in"), "{refusal}");
}

#[test]
fn a_target_that_is_not_well_is_planned_with_a_warning() {
    let mut bench = bench();
    let web = BalancerRef::Classic("web-west".into());
    assert!(bench.plan(&apex("west")).effects.iter().any(|e| e.contains("1 of 1 target in service")));
    bench.registered("us-west-1", &web, "i-1", None, "OutOfService");
    assert!(bench.plan(&apex("west")).warnings.iter().any(|w| w.contains("none of the 1 target")));
    bench.fold(Body::Observed {
        place: scope("us-west-1").place(Service::Elb),
        status: Some(SweepStatus::Failed { error: dark() }),
        changed: Vec::new(),
        gone: Vec::new(),
    });
    assert!(bench.plan(&apex("west")).warnings.iter().any(|w| w.contains("failing")));
    bench.fold(Body::Probed {
        subject: ProbeSubject::Site("www".into()),
        evidence: Evidence::new(Verdict::Answers, "HTTP 200", 9),
    });
    assert!(bench.plan(&apex("west")).warnings.iter().any(|w| w.contains("what serves now, serves")));
}

#[test]
fn an_account_without_credentials_is_refused() {
    let mut bench = bench();
    bench.accounts[0].0 = crate::incident::place::Account("999999999999".into());
    let refusal = bench.refusal(&apex("linode"));
    assert!(refusal.why.contains("123456789012") && refusal.next.contains("--profile"), "{refusal}");
    bench.accounts.clear();
    bench.incident.rows.clear();
    assert!(bench.refusal(&apex("linode")).why.contains("no AWS account"));
}

#[test]
fn everything_is_asked_for_at_once_and_old_readings_do_not_count() {
    let bench = bench();
    let desk = Desk {
        incident: &bench.incident,
        sites: &bench.sites,
        accounts: &bench.accounts,
        session: &bench.session,
        number: 1,
        now: bench.now,
    };
    let action = apex("west");
    let Planned::Needs(queries) = crate::incident::planner::plan(desk, &action, &[]).unwrap() else {
        panic!()
    };
    assert_eq!(queries.len(), 2);
    let old = jiff::SignedDuration::from_secs(Plan::FRESH_S + 1);
    let read = |at| -> Vec<Reading> {
        let make = |query: &Query| Reading { query: query.clone(), at, result: bench.answer(query) };
        queries.iter().map(make).collect()
    };
    assert!(
        matches!(crate::incident::planner::plan(desk, &action, &read(bench.now - old)).unwrap(), Planned::Needs(q) if q == queries)
    );
    let Planned::Plan(plan) = crate::incident::planner::plan(desk, &action, &read(bench.now)).unwrap() else {
        panic!()
    };
    assert_eq!(plan.grounds.len(), 2);
    assert!(plan.grounds.iter().all(|g| g.at == bench.now));
}

#[test]
fn the_hash_changes_with_any_field() {
    let bench = bench();
    let plan = bench.plan(&apex("west"));
    let bytes = serde_json::to_value(&plan).unwrap();
    let mut seen = std::collections::BTreeSet::from([plan.hash.clone()]);
    for field in bytes.as_object().unwrap().keys().filter(|k| *k != "hash") {
        let mut other = bytes.clone();
        let value = &mut other[field];
        *value = match field.as_str() {
            "action" => serde_json::json!({"action": "maintenance-off", "site": "www"}),
            "made" => serde_json::json!("2001-01-01T00:00:00Z"),
            "risk" => serde_json::json!("destructive"),
            "scope" => serde_json::to_value(scope("us-east-1")).unwrap(),
            "number" => serde_json::json!(99),
            _ if value.is_array() => serde_json::json!([]),
            _ => serde_json::json!("other"),
        };
        if other == bytes {
            continue;
        }
        let other: Plan = serde_json::from_value(other).unwrap();
        assert!(seen.insert(other.computed_hash()), "{field} is not in the hash");
    }
    assert!(seen.len() > 15);
}

#[test]
fn the_target_that_a_record_leads_to_is_told_from_the_config() {
    let mut bench = bench();
    bench.sites[0].targets.push(SiteTarget {
        dns_name: Some("d1.cloudfront.net".into()),
        ..target("cdn", TargetKind::Cloudfront)
    });
    let name =
        |records: &[RecordSet]| target_at(&bench.incident, &bench.sites[0], records).map(|t| t.name.clone());
    assert_eq!(name(&bench.records).as_deref(), Some("east"));
    assert_eq!(name(&[plain("A", 9, &["203.0.113.10"])]).as_deref(), Some("linode"));
    assert_eq!(name(&[alias("A", "D1.cloudfront.net")]).as_deref(), Some("cdn"));
    assert_eq!(name(&[plain("A", 9, &["192.0.2.1"])]), None);
    assert_eq!(name(&[]), None);
}
