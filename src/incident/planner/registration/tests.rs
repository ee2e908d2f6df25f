//! Registrations: every plan and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::incident::plan::Action;
use crate::incident::planner::bench::{Bench, dark, scope};

fn web() -> BalancerRef {
    BalancerRef::Classic("web".into())
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.classic("us-east-1", "web");
    for (id, state) in [("i-1", "InService"), ("i-2", "InService"), ("i-3", "OutOfService")] {
        bench.instance("us-east-1", id, id, "running");
        bench.registered("us-east-1", &web(), id, None, state);
    }
    bench.instance("us-east-1", "i-4", "new", "running");
    bench
}

fn register(under: BalancerRef, ids: &[&str]) -> Action {
    Action::Register {
        scope: scope("us-east-1"),
        under,
        instances: ids.iter().map(|id| (*id).to_owned()).collect(),
    }
}

fn deregister(under: BalancerRef, ids: &[&str]) -> Action {
    Action::Deregister {
        scope: scope("us-east-1"),
        under,
        instances: ids.iter().map(|id| (*id).to_owned()).collect(),
    }
}

#[test]
fn registering_is_reversible_and_its_inverse_deregisters() {
    let plan = bench().plan(&register(web(), &["i-4", "i-4"]));
    assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Reversible, "web"));
    assert!(plan.effects[0].contains("2 of 3 targets in service"), "{:?}", plan.effects);
    assert_eq!(plan.changes.len(), 1, "named twice is named once");
    assert!(matches!(&plan.inverse[0].call, Call::Deregister { targets, .. } if targets.len() == 1));
    assert!(matches!(&plan.steps[0].check, Check::InService { .. }));
}

#[test]
fn deregistering_says_how_many_healthy_ones_stay() {
    let plan = bench().plan(&deregister(web(), &["i-1"]));
    assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Disruptive, "web"));
    assert!(plan.effects[0].starts_with("1 of 2 healthy targets stay"), "{:?}", plan.effects);
    assert!(matches!(&plan.steps[0].guard, Guard::StaysInService { at_least: 1, .. }));
    assert!(matches!(&plan.inverse[0].call, Call::Register { .. }));
    let sick = bench().plan(&deregister(web(), &["i-3"]));
    assert!(sick.effects[0].starts_with("2 of 2"));
}

#[test]
fn the_last_healthy_one_is_destructive() {
    let plan = bench().plan(&deregister(web(), &["i-1", "i-2"]));
    assert_eq!(plan.risk, Risk::Destructive);
    assert!(plan.warnings[0].contains("last healthy target"));
    assert!(plan.effects[0].starts_with("0 of 2"));
}

#[test]
fn a_target_group_keeps_its_ports_and_may_fail_open() {
    let mut bench = bench();
    let alb = bench.alb("us-east-1", "front");
    let under = BalancerRef::TargetGroup(bench.group("us-east-1", "app", &[&alb]));
    bench.registered("us-east-1", &under, "i-1", Some(8080), "healthy");
    bench.registered("us-east-1", &under, "i-1", Some(8081), "healthy");
    bench.registered("us-east-1", &under, "i-2", Some(80), "unhealthy");
    let plan = bench.plan(&deregister(under.clone(), &["i-1"]));
    assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Destructive, "app"));
    assert!(plan.warnings[0].contains("fails open"));
    let Call::Register { targets, .. } = &plan.inverse[0].call else { panic!() };
    let ports: Vec<_> = targets.iter().map(|t| t.port).collect();
    assert_eq!(ports, [Some(8080), Some(8081)]);
    bench.registered("us-east-1", &under, "i-1", Some(8080), "draining");
    bench.registered("us-east-1", &under, "i-1", Some(8081), "draining");
    assert!(bench.refusal(&deregister(under, &["i-1"])).why.contains("draining"));
}

#[test]
fn what_cannot_be_registered_is_refused() {
    let mut bench = bench();
    assert!(bench.refusal(&register(web(), &["i-1"])).why.contains("already (InService)"));
    bench.instance("us-west-1", "i-9", "far", "running");
    assert!(bench.refusal(&register(web(), &["i-9"])).next.contains("us-west-1"));
    assert!(bench.refusal(&register(web(), &["i-44"])).next.contains("i-4"));
    bench.instance("us-east-1", "i-5", "dead", "terminated");
    assert!(bench.refusal(&register(web(), &["i-5"])).why.contains("terminated"));
    assert!(bench.refusal(&register(web(), &[])).why.contains("no instance"));
    bench.instance("us-east-1", "i-6", "off", "stopped");
    assert!(bench.plan(&register(web(), &["i-6"])).warnings[0].contains("stopped"));
}

#[test]
fn what_is_not_registered_cannot_leave() {
    let mut bench = bench();
    assert!(bench.refusal(&deregister(web(), &["i-4"])).next.contains("i-1"));
    bench.incident.rows.retain(|key, _| key.kind != Kind::Registration);
    assert!(bench.refusal(&deregister(web(), &["i-1"])).next.contains("no targets"));
}

#[test]
fn a_balancer_that_is_gone_or_dark_is_refused() {
    use crate::incident::fault::Fault;
    let mut bench = bench();
    let gone = BalancerRef::Classic("wbe".into());
    bench.faults.push((
        registrations_query(&scope("us-east-1"), &gone),
        Fault::Refused { code: "LoadBalancerNotFound".into(), message: "no".into() },
    ));
    let refusal = bench.refusal(&deregister(gone, &["i-1"]));
    assert!(refusal.why.contains("us-east-1 has no wbe") && refusal.next.contains("web"), "{refusal}");
    bench.faults.push((registrations_query(&scope("us-east-1"), &web()), dark()));
    let refusal = bench.refusal(&deregister(web(), &["i-1"]));
    assert!(
        refusal.why.contains("ELB (us-east-1)") && refusal.next.contains("blackstart do apex www"),
        "{refusal}"
    );
}
