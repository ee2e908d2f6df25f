//! Maintenance mode: every plan and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::incident::entry::{Body, Mode, Outcome, SessionId};
use crate::incident::fault::Fault;
use crate::incident::plan::{Plan, Risk};
use crate::incident::planner::bench::{Bench, plain, target};
use crate::incident::site::TargetKind;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.classic("us-east-1", "web");
    bench.classic("us-west-1", "web-west");
    bench.sites[0].targets.push(SiteTarget {
        addresses: vec!["198.51.100.7".parse().unwrap()],
        ..target("spare", TargetKind::Address)
    });
    bench
}

fn on(via: Option<&str>) -> Action {
    Action::MaintenanceOn { site: "www".into(), via: via.map(str::to_owned) }
}

fn off() -> Action {
    Action::MaintenanceOff { site: "www".into() }
}

#[test]
fn on_and_off_lead_back_to_exactly_what_was_there() {
    let mut bench = bench();
    bench.records.push(plain("AAAA", 300, &["2001:db8::1"]));
    let before = bench.a_records();
    let plan = bench.plan(&on(None));
    assert!(plan.title.contains("maintenance on") && plan.title.contains("linode"));
    assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Disruptive, "www"));
    assert!(plan.effects[0].contains("maintenance page"));
    bench.carry_out(&plan);
    assert_eq!(bench.a_records().len(), 1);
    let back = bench.plan(&off());
    assert!(back.title.contains("maintenance off"));
    bench.carry_out(&back);
    assert!(same_sets(&bench.a_records(), &before));
    assert!(bench.incident.maintenance("www").is_none());
}

#[test]
fn off_works_for_what_another_operator_turned_on_before_a_restart() {
    let mut bench = bench();
    let before = bench.a_records();
    let plan = bench.plan(&on(None));
    let other = SessionId("20120630T020000Z-daniel@jump-9".into());
    bench.carry_out_as(&other, "daniel", &plan);
    bench.session = SessionId("20120630T050000Z-adam@jump-70".into());
    bench.fold(Body::Opened {
        version: "0".into(),
        estate: "test".into(),
        mode: Mode::Live,
        pid: 70,
        regions: Vec::new(),
        sites: Vec::new(),
        continues: None,
        command: None,
    });
    bench.number = 1;
    let back = bench.plan(&off());
    assert!(back.effects[0].contains("daniel"));
    bench.carry_out(&back);
    assert!(same_sets(&bench.a_records(), &before));
}

#[test]
fn a_page_moved_to_another_target_still_leads_back_to_before_all() {
    let mut bench = bench();
    let before = bench.a_records();
    let first = bench.plan(&on(None));
    bench.carry_out(&first);
    let second = bench.plan(&on(Some("spare")));
    assert!(second.warnings.iter().any(|w| w.contains("only moves the page")));
    assert!(second.warnings.iter().any(|w| w.contains("not marked maintenance")));
    bench.carry_out(&second);
    let back = bench.plan(&off());
    bench.carry_out(&back);
    assert!(same_sets(&bench.a_records(), &before));
}

#[test]
fn on_twice_is_refused() {
    let mut bench = bench();
    let plan = bench.plan(&on(None));
    bench.carry_out(&plan);
    let refusal = bench.refusal(&on(None));
    assert!(refusal.why.contains("in maintenance already") && refusal.why.contains("adam"));
    assert!(refusal.next.contains("maintenance off www"));
}

/// Ended, and put there again by whoever undid the end: that is since when it is there.
#[test]
fn in_maintenance_since_the_page_was_put_there_last() {
    let mut bench = bench();
    let plan = bench.plan(&on(None));
    bench.carry_out(&plan);
    bench.now += jiff::SignedDuration::from_mins(20);
    let ended = bench.plan(&off());
    bench.carry_out(&ended);
    bench.now += jiff::SignedDuration::from_mins(20);
    let again = bench.plan(&Action::Undo { operation: ended.hash });
    let daniel = SessionId("20120630T020000Z-daniel@jump-9".into());
    bench.now += jiff::SignedDuration::from_secs(30);
    bench.carry_out_as(&daniel, "daniel", &again);
    let call = bench.incident.operations[&again.hash].steps[0].intent.as_ref().unwrap().0;
    assert_eq!(bench.incident.maintenance_since("www"), Some((call, "daniel")));
    bench.now += jiff::SignedDuration::from_mins(9);
    let refusal = bench.refusal(&on(None));
    assert!(refusal.why.contains("since 9m by daniel"), "{refusal}");
    // Undone and put on again by the undo of that: the same.
    let back = bench.plan(&Action::Undo { operation: plan.hash });
    bench.carry_out(&back);
    assert!(bench.incident.maintenance_since("www").is_none());
    bench.now += jiff::SignedDuration::from_mins(5);
    let again = bench.plan(&Action::Undo { operation: back.hash });
    bench.carry_out(&again);
    bench.now += jiff::SignedDuration::from_mins(2);
    assert!(bench.refusal(&on(None)).why.contains("since 2m by adam"));
}

#[test]
fn on_where_the_log_knows_of_none_names_the_way_back() {
    let mut bench = bench();
    bench.records[0] = plain("A", 60, &["203.0.113.10"]);
    let refusal = bench.refusal(&on(None));
    assert!(refusal.next.contains("blackstart do apex www east"), "{refusal}");
}

#[test]
fn a_site_without_a_maintenance_target_gets_the_lines_to_write() {
    let mut bench = bench();
    bench.sites[0].targets[2].maintenance = false;
    let refusal = bench.refusal(&on(None));
    assert!(refusal.next.contains("maintenance = true") && refusal.next.contains("--via"));
    assert!(bench.plan(&on(Some("linode"))).title.contains("linode"));
    assert!(bench.refusal(&on(Some("lniode"))).next.contains("linode"));
}

#[test]
fn off_never_goes_back_over_somebody_elses_change() {
    let mut bench = bench();
    let plan = bench.plan(&on(None));
    bench.carry_out(&plan);
    let at = bench.records.iter().position(|r| r.record_type == "A").unwrap();
    bench.records[at] = plain("A", 60, &["192.0.2.99"]);
    let refusal = bench.refusal(&off());
    assert!(refusal.why.contains("changed meanwhile") && refusal.why.contains("192.0.2.99"), "{refusal}");
    assert!(refusal.next.contains("blackstart do apex www"));
}

#[test]
fn off_without_on_says_so() {
    let mut bench = bench();
    assert!(bench.refusal(&off()).why.contains("not in maintenance"));
    bench.records[0] = plain("A", 60, &["203.0.113.10"]);
    let refusal = bench.refusal(&off());
    assert!(refusal.why.contains("no maintenance that put it there"));
    assert!(refusal.next.contains("`blackstart do apex www east`"), "{refusal}");
}

#[test]
fn off_after_an_apex_switch_is_refused() {
    let mut bench = bench();
    let plan = bench.plan(&on(None));
    bench.carry_out(&plan);
    let apex = bench.plan(&Action::Apex { site: "www".into(), target: "west".into() });
    bench.carry_out(&apex);
    assert!(bench.refusal(&off()).why.contains("not in maintenance"));
}

#[test]
fn on_whose_answer_never_came_can_be_turned_off_if_the_record_shows_it() {
    let mut bench = bench();
    let before = bench.a_records();
    let plan: Plan = bench.plan(&on(None));
    bench.fold(Body::Proposed { plan: Box::new(plan.clone()) });
    bench.fold(Body::Confirmed { plan: plan.hash.clone(), typed: "www".into() });
    bench.fold(Body::Intent { plan: plan.hash.clone(), step: 0, call: plan.steps[0].call.clone() });
    bench.apply(&plan.steps[0].call);
    bench.fold(Body::Outcome {
        plan: plan.hash.clone(),
        step: 0,
        outcome: Outcome::Unknown { error: Fault::TimedOut { after_ms: 5000 } },
    });
    assert!(bench.incident.maintenance("www").is_none());
    let back = bench.plan(&off());
    bench.apply(&back.steps[0].call);
    assert!(same_sets(&bench.a_records(), &before));
}

/// A maintenance that later switches ended does not come back because the record happens to point there again.
#[test]
fn off_does_not_revive_a_maintenance_that_switches_have_ended() {
    let mut bench = bench();
    let apex = |target: &str| Action::Apex { site: "www".into(), target: target.into() };
    for action in [apex("west"), on(None), apex("east"), apex("linode")] {
        let plan = bench.plan(&action);
        bench.carry_out(&plan);
    }
    assert!(bench.incident.maintenance("www").is_none());
    let refusal = bench.refusal(&off());
    assert!(refusal.why.contains("no maintenance that put it there"), "{refusal}");
}

/// Undo must not step over an action of which nobody knows whether it was done.
#[test]
fn an_unknown_action_is_unsettled_until_something_is_done_there_again() {
    let mut bench = bench();
    let known = bench.plan(&Action::Apex { site: "www".into(), target: "west".into() });
    bench.carry_out(&known);
    let lost = bench.plan(&Action::Apex { site: "www".into(), target: "east".into() });
    let hash = lost.hash.clone();
    bench.fold(Body::Proposed { plan: Box::new(lost.clone()) });
    bench.fold(Body::Confirmed { plan: hash.clone(), typed: "www".into() });
    bench.fold(Body::Intent { plan: hash.clone(), step: 0, call: lost.steps[0].call.clone() });
    let error = Fault::TimedOut { after_ms: 12_000 };
    bench.fold(Body::Outcome { plan: hash.clone(), step: 0, outcome: Outcome::Unknown { error } });
    let ending = crate::incident::entry::Ending::Unknown { step: 0, why: "no answer".into() };
    bench.fold(Body::Finished { plan: hash.clone(), ending });
    assert_eq!(bench.incident.unsettled_last().map(|op| op.plan.hash.clone()), Some(hash));
    assert_eq!(bench.incident.undoable()[0].plan.hash, known.hash);
    bench.number += 1;
    let later = bench.plan(&Action::Apex { site: "www".into(), target: "spare".into() });
    bench.carry_out(&later);
    assert!(bench.incident.unsettled_last().is_none(), "what was done there since settles it");
}
