//! Relaunches: every plan and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::incident::plan::Action;
use crate::incident::planner::bench::{Bench, dark, scope};

fn web() -> BalancerRef {
    BalancerRef::Classic("web".into())
}

fn bench() -> (Bench, Key, Key) {
    let mut bench = Bench::new();
    bench.classic("us-east-1", "web");
    let one = bench.instance("us-east-1", "i-1", "web-1", "running");
    let two = bench.instance("us-east-1", "i-2", "web-2", "running");
    bench.registered("us-east-1", &web(), "i-1", None, "InService");
    bench.registered("us-east-1", &web(), "i-2", None, "InService");
    (bench, one, two)
}

fn relaunch(keys: &[&Key]) -> Action {
    Action::Relaunch { instances: keys.iter().map(|k| (*k).clone()).collect() }
}

fn operations(plan: &Plan) -> Vec<&str> {
    plan.steps.iter().map(|s| s.call.operation().split_once(':').unwrap().1).collect()
}

#[test]
fn launch_then_register_then_deregister() {
    let (bench, one, _) = bench();
    let plan = bench.plan(&relaunch(&[&one]));
    assert_eq!(
        operations(&plan),
        ["RunInstances", "RegisterInstancesWithLoadBalancer", "DeregisterInstancesFromLoadBalancer",]
    );
    assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Disruptive, "i-1"));
    let Call::RunInstance { spec, client_token, .. } = &plan.steps[0].call else { panic!() };
    assert!(spec.tags.keys().all(|k| !k.starts_with("aws:")) && spec.tags["Name"] == "web-1");
    assert!(client_token.len() <= 64 && client_token.is_ascii() && client_token.starts_with("bs-"));
    assert!(matches!(&plan.steps[1].call, Call::Register { targets, .. }
        if targets[0].id == InstanceRef::LaunchedByStep(0)));
    assert!(matches!(&plan.steps[2].guard, Guard::StaysInService { at_least: 2, leaving, .. }
        if *leaving == [InstanceRef::Id("i-1".into())]));
    assert!(matches!(&plan.inverse[..], [step] if matches!(&step.call, Call::Register { targets, .. }
        if targets[0].id == InstanceRef::Id("i-1".into()))));
    assert!(!operations(&plan).contains(&"TerminateInstances"));
    assert!(plan.effects.iter().any(|e| e.contains("blackstart do terminate")));
    assert!(plan.warnings.iter().any(|w| w.contains("not copied")));
    assert_eq!(plan.control_planes, ["EC2 (us-east-1)", "ELB (us-east-1)"]);
    assert!(!serde_json::to_string(&plan).unwrap().contains("aGVsbG8"), "user data never leaves");
}

#[test]
fn every_deregistration_comes_after_the_registration_of_its_replacement() {
    let (mut bench, one, two) = bench();
    let alb = bench.alb("us-east-1", "front");
    let group = BalancerRef::TargetGroup(bench.group("us-east-1", "app", &[&alb]));
    bench.registered("us-east-1", &group, "i-1", Some(8080), "healthy");
    let plan = bench.plan(&relaunch(&[&one, &two]));
    let mut launched = 0;
    let mut registered: Vec<BalancerRef> = Vec::new();
    for (n, step) in plan.steps.iter().enumerate() {
        match &step.call {
            Call::RunInstance { .. } => {
                launched = n;
                registered.clear();
            }
            Call::Register { under, targets, .. } => {
                assert!(targets.iter().all(|t| t.id == InstanceRef::LaunchedByStep(launched)));
                registered.push(under.clone());
            }
            Call::Deregister { under, .. } => assert!(registered.contains(under)),
            other => panic!("{other:?}"),
        }
    }
    assert!(plan.steps.iter().any(|s| matches!(&s.call, Call::Register { under, targets, .. }
        if *under == group && targets[0].port == Some(8080))));
    assert_eq!(plan.confirm, "us-east-1");
    let tokens: BTreeSet<&str> = plan
        .steps
        .iter()
        .filter_map(|s| match &s.call {
            Call::RunInstance { client_token, .. } => Some(client_token.as_str()),
            _ => None,
        })
        .collect();
    assert_eq!(tokens.len(), 2, "one token per launch");
    let mut later = bench;
    later.number += 1;
    let again = later.plan(&relaunch(&[&one]));
    let Call::RunInstance { client_token, .. } = &again.steps[0].call else { panic!() };
    assert!(!tokens.contains(client_token.as_str()), "another plan, another token");
}

#[test]
fn a_sick_one_leaves_when_anything_serves_and_none_needs_no_balancer() {
    let (mut bench, one, _) = bench();
    bench.registered("us-east-1", &web(), "i-1", None, "OutOfService");
    let plan = bench.plan(&relaunch(&[&one]));
    assert!(matches!(&plan.steps[2].guard, Guard::StaysInService { at_least: 1, .. }));
    let lone = bench.instance("us-east-1", "i-7", "batch", "stopped");
    let plan = bench.plan(&relaunch(&[&lone]));
    assert_eq!(operations(&plan), ["RunInstances"]);
    assert!(plan.inverse.is_empty() && plan.undo.contains("by hand"));
    assert!(plan.warnings.iter().any(|w| w.contains("never read")));
}

#[test]
fn a_nat_instance_keeps_its_check_off_and_addresses_are_warned_of() {
    let (mut bench, one, _) = bench();
    let spec = bench.spec_mut(&one);
    spec.source_dest_check = false;
    spec.elastic_ip = Some("eipalloc-1".into());
    let group = BalancerRef::TargetGroup(bench.group("us-east-1", "by-ip", &[]));
    bench.registered("us-east-1", &group, "10.0.0.5", Some(80), "healthy");
    let plan = bench.plan(&relaunch(&[&one]));
    assert_eq!(operations(&plan)[1], "ModifyInstanceAttribute");
    assert!(plan.warnings.iter().any(|w| w.contains("eipalloc-1")));
    assert!(plan.warnings.iter().any(|w| w.contains("10.0.0.5") && w.contains("by-ip")));
}

#[test]
fn what_others_own_is_refused() {
    let (mut bench, one, _) = bench();
    bench.instance_mut(&one).auto_scaling_group = Some("web-asg".into());
    let refusal = bench.refusal(&relaunch(&[&one]));
    assert!(refusal.why.contains("web-asg") && refusal.next.contains("desired"), "{refusal}");
    bench.instance_mut(&one).auto_scaling_group = None;
    for (tag, value) in [
        ("aws:autoscaling:groupName", "web-asg"),
        ("eks:nodegroup-name", "nodes"),
        ("AmazonECSManaged", ""),
        ("aws:ec2:fleet-id", "fleet-1"),
        ("kubernetes.io/cluster/prod", "owned"),
    ] {
        bench.instance_mut(&one).tags = [(tag.to_owned(), value.to_owned())].into();
        assert!(bench.refusal(&relaunch(&[&one])).why.contains("belongs to"), "{tag}");
    }
}

#[test]
fn what_is_not_there_or_elsewhere_is_refused() {
    let (mut bench, one, _) = bench();
    let ghost = scope("us-east-1").place(crate::incident::place::Service::Ec2).key(Kind::Instance, "i-11");
    assert!(bench.refusal(&relaunch(&[&ghost])).next.contains("i-1"));
    let far = bench.instance("us-west-1", "i-9", "far", "running");
    let refusal = bench.refusal(&relaunch(&[&one, &far]));
    assert!(refusal.why.contains("us-west-1") && refusal.next.contains("region"));
    let dead = bench.instance("us-east-1", "i-8", "dead", "terminated");
    assert!(bench.refusal(&relaunch(&[&dead])).why.contains("terminated"));
    assert!(bench.refusal(&relaunch(&[])).why.contains("no instance"));
    bench.spec_mut(&one).user_data = serde_json::from_str(r#"{"length":5,"sha256":"00"}"#).unwrap();
    assert!(bench.refusal(&relaunch(&[&one])).why.contains("fingerprint"));
    let query = Query::LaunchSpec { scope: scope("us-east-1"), instance: "i-2".into() };
    bench.faults.push((query, dark()));
    let two = bench.instance("us-east-1", "i-2", "web-2", "running");
    let refusal = bench.refusal(&relaunch(&[&two]));
    assert!(refusal.why.contains("EC2 (us-east-1)") && refusal.next.contains("apex www linode"), "{refusal}");
}
