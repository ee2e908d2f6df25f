//! Everything that an endpoint can do, scripted: each fault by its word in a scenario, a zone that is lost, credentials
//! that end.

use super::{Hand, Scenario};
use crate::cloud::sim::FAULT_WORDS;
use crate::incident::fault::Fault;
use crate::incident::place::Service;
use crate::incident::request::{Answer, Call, Query};
use crate::incident::resource::Resource;
use std::collections::BTreeSet;

const QUIET: &str = include_str!("../../../../scenarios/quiet.toml");

fn scripted(event: &str) -> Hand {
    let text = format!("{QUIET}\n[[event]]\n{event}\n");
    let mut hand = Hand::of(Scenario::parse("mine.toml", &text).unwrap_or_else(|error| panic!("{error}")));
    hand.at_minute(10);
    hand
}

#[test]
fn every_fault_can_be_scripted_and_is_what_a_sweep_a_query_and_a_call_end_in() {
    let mut seen = BTreeSet::new();
    let words = FAULT_WORDS.into_iter().filter(|word| *word != "slow");
    for (word, fault) in words.zip(Fault::samples()) {
        let mut hand = scripted(&format!(
            "at = \"+5m\"\nregion = \"eu-central-1\"\nservice = \"*\"\nfault = \"{word}\""
        ));
        for service in Service::REGIONAL {
            let end = hand.sweep("eu-central-1", service).1.unwrap_err();
            assert_eq!(end.word(), fault.word(), "{word} {service}");
            seen.insert(end.word());
            assert_eq!(hand.sweep("eu-west-1", service).1, Ok(()), "{word} {service}: the other region");
        }
        let scope = hand.scope("eu-central-1");
        let asked = hand.ask(Query::Database { scope, id: "orders".into() });
        assert_eq!(asked.unwrap_err().word(), fault.word(), "{word}");
        let scope = hand.scope("eu-central-1");
        let called = hand.perform(Call::Terminate { scope, instance: "i-1".into() });
        assert_eq!(called.unwrap_err().word(), fault.word(), "{word}");
    }
    // What the cockpit itself could not ask is nobody's doing.
    let mut all: BTreeSet<&str> = Fault::samples().iter().map(Fault::word).collect();
    all.remove("unaskable");
    assert_eq!(seen, all);
}

/// The ids of the instances of eu-central-1, with their zones.
fn instances(hand: &mut Hand) -> Vec<(String, String)> {
    let (rows, end) = hand.sweep("eu-central-1", Service::Ec2);
    assert_eq!(end, Ok(()));
    rows.into_iter().map(|row| (row.key().id.clone(), row.zone().unwrap_or_default().to_owned())).collect()
}

#[test]
fn where_a_zone_is_lost_only_named_instances_of_others_are_answered_for() {
    let mut hand = scripted(
        "at = \"+5m\"\nregion = \"eu-central-1\"\nservice = \"ec2\"\nzone = \"eu-central-1b\"\nfault = \"unavailable\"",
    );
    hand.at_minute(1);
    let known = instances(&mut hand);
    let (sick, well): (Vec<_>, Vec<_>) = known.iter().partition(|(_, zone)| zone == "eu-central-1b");
    assert!(!sick.is_empty() && !well.is_empty());
    hand.at_minute(10);
    let well: Vec<&str> = well.iter().map(|(id, _)| id.as_str()).collect();
    assert!(matches!(hand.sweep("eu-central-1", Service::Ec2).1, Err(Fault::Server { .. })));
    let (rows, end) = hand.sweep_ids("eu-central-1", Service::Ec2, &well);
    assert_eq!((rows.len(), end), (well.len(), Ok(())));
    assert!(rows.iter().all(|row| matches!(row, Resource::Instance(_))));
    let mixed = [well[0], sick[0].0.as_str()];
    assert!(matches!(hand.sweep_ids("eu-central-1", Service::Ec2, &mixed).1, Err(Fault::Server { .. })));
    let mut named = |id: &str| {
        let scope = hand.scope("eu-central-1");
        hand.ask(Query::Instances { scope, ids: vec![id.into()] })
    };
    assert!(matches!(named(well[0]), Ok(Answer::Instances(rows)) if rows.len() == 1));
    assert!(named(&sick[0].0).is_err());
    // Nothing else is of that zone.
    assert_eq!(hand.sweep("eu-central-1", Service::Rds).1, Ok(()));
    assert_eq!(hand.sweep("eu-west-1", Service::Ec2).1, Ok(()));
}

#[test]
fn a_zone_that_makes_no_sense_is_refused() {
    for (event, says) in [
        ("service = \"rds\"\nzone = \"eu-central-1b\"\nfault = \"dark\"", "for service = \"ec2\" alone"),
        ("service = \"ec2\"\nzone = \"eu-central-1x\"\nfault = \"dark\"", "no instance in zone"),
        ("zone = \"eu-central-1b\"\nfault = \"dark\"", "a fault needs a service"),
    ] {
        let text = format!("{QUIET}\n[[event]]\nat = \"+5m\"\nregion = \"eu-central-1\"\n{event}\n");
        let complaint = Scenario::parse("mine.toml", &text).unwrap_err().to_string();
        assert!(complaint.contains(says), "{complaint}");
    }
}

#[test]
fn credentials_end_when_it_is_said_and_new_ones_last_as_long_as_is_said() {
    let text = QUIET.replace("id      = \"111122223333\"", "id      = \"111122223333\"\nexpires = \"+30m\"");
    let event = "[[event]]\nat = \"+40m\"\naccount = \"prod\"\ncredentials = \"valid\"\nexpires = \"+60m\"\n";
    let mut hand = Hand::of(Scenario::parse("mine.toml", &format!("{text}\n{event}")).unwrap());
    let left = |hand: &mut Hand| {
        let access = hand.world.access(hand.now, &hand.profile.clone());
        access.expires.map(|end| end.duration_since(hand.now).as_mins())
    };
    hand.at_minute(10);
    assert_eq!(left(&mut hand), Some(20));
    assert_eq!(hand.sweep("eu-west-1", Service::Ec2).1, Ok(()));
    hand.at_minute(35);
    let end = hand.sweep("eu-west-1", Service::Ec2).1.unwrap_err();
    assert!(matches!(end, Fault::CredentialsExpired { .. }), "{end:?}");
    hand.at_minute(50);
    assert_eq!(left(&mut hand), Some(50));
    assert_eq!(hand.sweep("eu-west-1", Service::Ec2).1, Ok(()));
}
