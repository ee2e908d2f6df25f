//! What may be planned while STS has not said whose the credentials are.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::incident::cell::SweepStatus;
use crate::incident::entry::{Body, SessionId};
use crate::incident::place::Account;
use crate::incident::planner::bench::{Bench, scope};

/// An estate of the log, and credentials that are presumed to be its account's.
fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.classic("us-east-1", "web");
    bench.instance("us-east-1", "i-1", "one", "running");
    bench.registered("us-east-1", &web(), "i-1", None, "InService");
    bench.instance("us-east-1", "i-4", "new", "running");
    let (account, profile) = bench.accounts[0].clone();
    let said = bench.now;
    bench.fold(Body::Presumed { profile, account, said, to: "eve".into(), error: None });
    bench
}

fn web() -> BalancerRef {
    BalancerRef::Classic("web".into())
}

fn register() -> Action {
    Action::Register { scope: scope("us-east-1"), under: web(), instances: vec!["i-4".into()] }
}

/// The credentials at hand read a place.
fn reads(bench: &mut Bench, service: Service) {
    let mut place = scope("us-east-1").place(service);
    place.scope.account = Account::unverified(&bench.accounts[0].1);
    let status = Some(SweepStatus::Ok { latency_ms: 1 });
    bench.fold(Body::Observed { place, status, changed: Vec::new(), gone: Vec::new() });
}

#[test]
fn what_only_the_log_knows_is_not_acted_on() {
    let mut bench = bench();
    let refusal = bench.refusal(&register());
    assert!(
        refusal.why.contains("STS has not yet said") && refusal.why.contains("us-east-1 elb"),
        "{refusal}"
    );
    // Somebody else's reading is none with these credentials.
    let place = scope("us-east-1").place(Service::Elb);
    let status = Some(SweepStatus::Ok { latency_ms: 1 });
    let body = Body::Observed { place, status, changed: Vec::new(), gone: Vec::new() };
    bench.fold_as(&SessionId("eve".into()), "eve", body);
    bench.refusal(&register());
    reads(&mut bench, Service::Elb);
    let plan = bench.plan(&register());
    assert!(plan.warnings.iter().any(|warning| warning.contains("presumed")), "{:?}", plan.warnings);
    assert!(plan.grounds.iter().any(|ground| ground.what.contains("presumed")), "{:?}", plan.grounds);
    // Once STS has said it, nothing more is said of it.
    let (account, profile) = bench.accounts[0].clone();
    bench.fold(Body::Identified { profile, account, arn: "arn".into() });
    let plan = bench.plan(&register());
    assert!(!plan.warnings.iter().any(|warning| warning.contains("presumed")), "{:?}", plan.warnings);
}

#[test]
fn a_partial_reading_is_one_and_an_instance_that_nobody_knows_is_asked_for() {
    let mut bench = bench();
    let terminate = |id: &str| Action::Terminate {
        instance: scope("us-east-1").place(Service::Ec2).key(crate::incident::place::Kind::Instance, id),
    };
    let refusal = bench.refusal(&terminate("i-4"));
    assert!(refusal.why.contains("us-east-1 ec2"), "{refusal}");
    let place = scope("us-east-1").place(Service::Ec2);
    reads(&mut bench, Service::Ec2);
    let plan = bench.plan(&terminate("i-4"));
    let known = |id: &str| {
        is_known_there(&bench.incident, &place, &Plan { resources: vec![id.into()], ..plan.clone() })
    };
    assert!(known("i-4") && !known("i-9"));
}

#[test]
fn what_others_did_in_the_account_is_not_undone_on_a_guess() {
    let mut bench = bench();
    reads(&mut bench, Service::Elb);
    let plan = bench.plan(&register());
    let undo = Action::Undo { operation: plan.hash.clone() };
    bench.carry_out(&plan);
    bench.plan(&undo);
    // The same of a session that is not ours.
    let mut others = self::bench();
    reads(&mut others, Service::Elb);
    let eve = SessionId("eve".into());
    let theirs = Plan { session: eve.clone(), ..plan };
    let theirs = Plan { hash: theirs.computed_hash(), ..theirs };
    others.carry_out_as(&eve, "eve", &theirs);
    let ending = crate::incident::entry::Ending::Verified;
    others.fold_as(&eve, "eve", Body::Finished { plan: theirs.hash.clone(), ending });
    let refusal = others.refusal(&Action::Undo { operation: theirs.hash });
    assert!(refusal.why.contains("STS has not yet said"), "{refusal}");
}
