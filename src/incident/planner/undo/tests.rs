//! Undo: every plan and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::incident::entry::Body;
use crate::incident::entry::{Ending, SessionId};
use crate::incident::place::Profile;
use crate::incident::plan::Action;
use crate::incident::planner::bench::{ACCOUNT, Bench, plain, scope};
use std::slice;

fn undo(plan: &Plan) -> Action {
    Action::Undo { operation: plan.hash.clone() }
}

fn web() -> BalancerRef {
    BalancerRef::Classic("web".into())
}

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.classic("us-east-1", "web");
    bench.classic("us-west-1", "web-west");
    for id in ["i-1", "i-2"] {
        bench.instance("us-east-1", id, id, "running");
        bench.registered("us-east-1", &web(), id, None, "InService");
    }
    bench
}

fn apex() -> Action {
    Action::Apex { site: "www".into(), target: "linode".into() }
}

#[test]
fn an_apex_switch_and_the_undo_of_its_undo() {
    let mut bench = bench();
    let before = bench.a_records();
    let plan = bench.plan(&apex());
    bench.carry_out(&plan);
    let after = bench.a_records();
    let back = bench.plan(&undo(&plan));
    assert_eq!(back.title, format!("undo: {}", plan.title));
    assert_eq!((back.risk, &back.confirm), (plan.risk, &plan.confirm));
    assert_ne!(back.hash, plan.hash);
    bench.carry_out(&back);
    assert!(same_sets(&bench.a_records(), &before));
    let refusal = bench.refusal(&undo(&plan));
    assert!(refusal.why.contains("undone already") && refusal.why.contains(back.hash.short()));
    let undoable = |bench: &Bench| -> Vec<PlanHash> {
        bench.incident.undoable().iter().map(|op| op.plan.hash.clone()).collect()
    };
    assert_eq!(undoable(&bench), slice::from_ref(&back.hash));
    let again = bench.plan(&undo(&back));
    assert_eq!(again.title, format!("again: {}", plan.title));
    assert!(again.effects[0].starts_with("does again what adam did"), "{:?}", again.effects);
    bench.carry_out(&again);
    assert!(same_sets(&bench.a_records(), &after));
    assert_eq!(bench.plan(&undo(&again)).title, back.title, "what it does is what it is called");
    // Whatever an undone undo reversed is in force again, and can be reversed like any other.
    let standing =
        |bench: &Bench, plan: &Plan| bench.incident.operations[&plan.hash].standing(&bench.incident);
    assert_eq!((standing(&bench, &plan), standing(&bench, &back)), (Standing::Verified, Standing::Undone));
    assert_eq!(undoable(&bench), slice::from_ref(&plan.hash));
    let last = bench.plan(&undo(&plan));
    bench.carry_out(&last);
    assert!(same_sets(&bench.a_records(), &before));
    assert_eq!(standing(&bench, &plan), Standing::Undone);
    assert_eq!(undoable(&bench), slice::from_ref(&last.hash));
}

/// The call is what goes back: its check may take minutes, and its cockpit may crash before the end.
#[test]
fn what_an_undo_under_way_has_called_back_is_no_choice() {
    let mut bench = bench();
    let plan = bench.plan(&apex());
    bench.carry_out(&plan);
    let back = bench.plan(&undo(&plan));
    let hash = back.hash.clone();
    bench.fold(Body::Proposed { plan: Box::new(back.clone()) });
    bench.fold(Body::Confirmed { plan: hash.clone(), typed: "www".into() });
    let undoable = |bench: &Bench| -> Vec<PlanHash> {
        bench.incident.undoable().iter().map(|op| op.plan.hash.clone()).collect()
    };
    assert_eq!(undoable(&bench), slice::from_ref(&plan.hash), "nothing was called yet");
    bench.fold(Body::Intent { plan: hash.clone(), step: 0, call: back.steps[0].call.clone() });
    bench.apply(&back.steps[0].call);
    let done = crate::incident::request::Done::Accepted;
    let outcome = crate::incident::entry::Outcome::Ok { done };
    bench.fold(Body::Outcome { plan: hash.clone(), step: 0, outcome });
    assert_eq!(undoable(&bench), [hash]);
    assert!(bench.refusal(&undo(&plan)).why.contains("undone already"));
    assert!(bench.refusal(&undo(&back)).why.contains("under way"));
}

#[test]
fn a_log_in_which_undos_undo_each_other_comes_to_an_end() {
    let mut bench = bench();
    let plan = bench.plan(&apex());
    bench.carry_out(&plan);
    let back = bench.plan(&undo(&plan));
    bench.carry_out(&back);
    bench.fold(Body::Undone { plan: back.hash.clone(), by: plan.hash.clone() });
    assert!(bench.incident.undoable().len() <= 2);
}

#[test]
fn a_maintenance_that_was_undone_is_over_and_an_undone_end_is_none() {
    let mut bench = bench();
    let on = bench.plan(&Action::MaintenanceOn { site: "www".into(), via: None });
    bench.carry_out(&on);
    let off = bench.plan(&Action::MaintenanceOff { site: "www".into() });
    bench.carry_out(&off);
    let again = bench.plan(&undo(&off));
    bench.carry_out(&again);
    assert!(bench.incident.maintenance("www").is_some());
    let back = bench.plan(&undo(&on));
    bench.carry_out(&back);
    assert!(bench.incident.maintenance("www").is_none());
}

#[test]
fn what_deserved_a_second_look_does_so_again() {
    let mut bench = bench();
    bench.records.push(plain("AAAA", 300, &["2001:db8::1"]));
    let plan = bench.plan(&apex());
    bench.carry_out(&plan);
    let back = bench.plan(&undo(&plan));
    assert!(!back.warnings.iter().any(|w| w.contains("certificate")), "{:?}", back.warnings);
    assert!(back.effects.iter().any(|e| e.contains("up to 60 s after INSYNC")), "{:?}", back.effects);
    bench.carry_out(&back);
    let again = bench.plan(&undo(&back));
    for said in
        ["must hold a certificate for example.com", "AAAA record is deleted", "up to 300 s after INSYNC"]
    {
        let of = |plan: &Plan| plan.warnings.iter().chain(&plan.effects).any(|words| words.contains(said));
        assert!(of(&plan) && of(&again), "{said}: {:?} {:?}", again.warnings, again.effects);
    }
}

#[test]
fn what_changed_since_is_never_overwritten() {
    let mut bench = bench();
    let plan = bench.plan(&apex());
    bench.carry_out(&plan);
    let at = bench.records.iter().position(|r| r.record_type == "A").unwrap();
    bench.records[at] = plain("A", 60, &["192.0.2.99"]);
    let refusal = bench.refusal(&undo(&plan));
    assert!(refusal.why.contains("changed since") && refusal.why.contains("192.0.2.99"));
}

#[test]
fn registrations_go_back_both_ways() {
    let mut bench = bench();
    let out = bench.plan(&Action::Deregister {
        scope: scope("us-east-1"),
        under: web(),
        instances: vec!["i-1".into()],
    });
    bench.carry_out(&out);
    let back = bench.plan(&undo(&out));
    assert!(matches!(&back.steps[..], [Step { call: Call::Register { .. }, .. }]));
    bench.carry_out(&back);
    bench.instance("us-east-1", "i-3", "new", "running");
    let more = bench.plan(&Action::Register {
        scope: scope("us-east-1"),
        under: web(),
        instances: vec!["i-3".into()],
    });
    bench.carry_out(&more);
    let back = bench.plan(&undo(&more));
    assert!(back.effects.iter().any(|e| e.contains("2 of 3 healthy")), "{:?}", back.effects);
    for id in ["i-1", "i-2"] {
        bench.registered("us-east-1", &web(), id, None, "OutOfService");
    }
    assert_eq!(bench.plan(&undo(&more)).risk, Risk::Destructive, "it would take the last one out");
    bench.carry_out(&back);
    assert!(bench.refusal(&undo(&more)).why.contains("undone already"));
}

#[test]
fn what_is_as_before_already_needs_no_undo() {
    let mut bench = bench();
    let before = bench.records.clone();
    let plan = bench.plan(&apex());
    bench.carry_out(&plan);
    bench.records = before;
    assert!(bench.refusal(&undo(&plan)).why.contains("already"));
}

#[test]
fn a_relaunch_gives_the_old_one_its_place_back() {
    let mut bench = bench();
    let key = scope("us-east-1")
        .place(crate::incident::place::Service::Ec2)
        .key(crate::incident::place::Kind::Instance, "i-1");
    let plan = bench.plan(&Action::Relaunch { instances: vec![key] });
    bench.carry_out(&plan);
    let back = bench.plan(&undo(&plan));
    assert!(back.warnings.iter().any(|w| w.contains("left running")));
    assert!(matches!(&back.steps[..], [Step { call: Call::Register { targets, .. }, .. }]
        if targets[0].id == InstanceRef::Id("i-1".into())));
}

#[test]
fn what_was_never_done_or_cannot_be_undone_is_refused() {
    let mut bench = bench();
    let plan = bench.plan(&apex());
    assert!(bench.refusal(&undo(&plan)).next.contains("Nothing in the log"));
    bench.fold(Body::Proposed { plan: Box::new(plan.clone()) });
    assert!(bench.refusal(&undo(&plan)).why.contains("never carried out"));
    bench.fold(Body::Confirmed { plan: plan.hash.clone(), typed: "www".into() });
    assert!(bench.refusal(&undo(&plan)).why.contains("under way"));
    bench.incident.rows.retain(|key, _| key.kind != crate::incident::place::Kind::Registration);
    let key = scope("us-east-1")
        .place(crate::incident::place::Service::Ec2)
        .key(crate::incident::place::Kind::Instance, "i-1");
    bench.number += 1;
    let gone = bench.plan(&Action::Terminate { instance: key });
    bench.carry_out(&gone);
    let refusal = bench.refusal(&undo(&gone));
    assert!(refusal.why.contains("no way back") && refusal.next.contains("nothing undoes"));
}

fn prod() -> Profile {
    Profile("prod".into())
}

/// A plan as it is made while STS does not say whose account it is.
fn by_profile(plan: &Plan) -> Plan {
    let text = serde_json::to_string(plan).unwrap().replace(ACCOUNT, "~prod");
    serde_json::from_str::<Plan>(&text).unwrap().sealed()
}

fn sts_names(bench: &mut Bench, account: &str) {
    let account = Account(account.into());
    bench.accounts = vec![(account.clone(), prod())];
    bench.fold(Body::Identified { profile: prod(), account, arn: "arn".into() });
}

fn deregister() -> Action {
    Action::Deregister { scope: scope("us-east-1"), under: web(), instances: vec!["i-1".into()] }
}

#[test]
fn what_was_done_before_sts_answered_is_undone_in_the_account_that_it_named() {
    for action in [apex(), deregister()] {
        let mut bench = bench();
        let plan = by_profile(&bench.plan(&action));
        bench.carry_out(&plan);
        sts_names(&mut bench, ACCOUNT);
        let back = bench.plan(&undo(&plan));
        let text = serde_json::to_string(&back).unwrap().replace("aws/~prod", "as read");
        assert!(back.scope.account.0 == ACCOUNT && !text.contains("~prod"), "{text}");
    }
}

#[test]
fn what_was_done_by_a_wrong_presumption_is_refused_with_both_accounts() {
    let mut bench = bench();
    let (account, said) = (Account(ACCOUNT.into()), bench.now);
    bench.fold(Body::Presumed { profile: prod(), account, said, to: "eve".into(), error: None });
    let plan = bench.plan(&apex());
    bench.carry_out(&plan);
    sts_names(&mut bench, "999988887777");
    let refusal = bench.refusal(&undo(&plan));
    assert!(refusal.why.contains(ACCOUNT) && refusal.why.contains("999988887777"), "{refusal}");
    assert!(refusal.why.contains("presumed"), "{refusal}");
}

#[test]
fn what_a_cockpit_did_that_sts_never_answered_is_undone_by_the_zone_alone() {
    let mut bench = bench();
    let (daniel, eve) = (bench.session.clone(), SessionId("20120630T050000Z-eve@jump-9".into()));
    let plan = by_profile(&bench.plan(&apex()));
    bench.carry_out(&plan);
    let out = by_profile(&bench.plan(&deregister()));
    bench.carry_out(&out);
    assert_ne!(daniel, eve);
    bench.session = eve;
    sts_names(&mut bench, ACCOUNT);
    assert_eq!(bench.plan(&undo(&plan)).scope.account.0, ACCOUNT);
    let refusal = bench.refusal(&undo(&out));
    assert!(refusal.why.contains("STS never named the account of prod"), "{refusal}");
    let zone = bench.zone.as_mut().unwrap();
    zone.key.id = "Z2".into();
    let refusal = bench.refusal(&undo(&plan));
    assert!(refusal.why.contains("Z1") && refusal.why.contains("not the zone example.com"), "{refusal}");
}

#[test]
fn what_was_done_since_settles_an_unknown_action_of_before_sts_answered() {
    let mut bench = bench();
    let lost = by_profile(&bench.plan(&apex()));
    bench.fold(Body::Proposed { plan: Box::new(lost.clone()) });
    bench.fold(Body::Confirmed { plan: lost.hash.clone(), typed: "www".into() });
    bench.fold(Body::Intent { plan: lost.hash.clone(), step: 0, call: lost.steps[0].call.clone() });
    let ending = Ending::Unknown { step: 0, why: "no answer".into() };
    bench.fold(Body::Finished { plan: lost.hash.clone(), ending });
    assert!(bench.incident.unsettled_last().is_some());
    sts_names(&mut bench, ACCOUNT);
    bench.number += 1;
    let later = bench.plan(&apex());
    bench.carry_out(&later);
    assert!(bench.incident.unsettled_last().is_none());
}
