//! When a region is asked zone by zone, what for, and what a cell says afterwards.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::app::message::Message;
use crate::app::turns::tests::{Desk, instance, place};
use crate::incident::cell::Health;
use crate::incident::place::{Key, Kind};
use crate::incident::request::Page;
use jiff::SignedDuration;

const ZONES: [&str; 3] = ["us-east-1a", "us-east-1b", "us-east-1c"];

fn ec2() -> Place {
    place("us-east-1", Service::Ec2)
}

fn key(id: &str) -> Key {
    ec2().key(Kind::Instance, id)
}

fn row(id: &str, zone: &str) -> Resource {
    let mut row = instance("us-east-1", id);
    row.zone = zone.into();
    Resource::Instance(row)
}

/// A region whose instances were all read: so many in each zone.
fn desk(each: usize) -> Desk {
    let mut desk = Desk::new(&["us-east-1"]);
    let ticket = desk.ticket(&ec2());
    let rows = ZONES.iter().flat_map(|zone| (0..each).map(move |n| row(&format!("i-{zone}-{n}"), zone)));
    desk.take(Message::Page(ticket, Page { resources: rows.collect() }));
    desk.answer_all(|_| 0);
    desk
}

/// Waits until EC2 is asked as a whole again.
fn asked(desk: &mut Desk) -> Ticket {
    for _ in 0..120 {
        desk.now += SignedDuration::from_secs(1);
        desk.take(Message::Tick);
        if let Some((ticket, _)) = desk.app.schedule[&ec2()].in_flight {
            return ticket;
        }
    }
    panic!("it is not asked");
}

/// Ends a sweep, and gives what is asked by id instead: zone, ticket and ids.
fn fails(desk: &mut Desk, ticket: Ticket, fault: Fault) -> Vec<(String, Ticket, Vec<String>)> {
    let effects = desk.take(Message::Swept(ticket, Err(fault)));
    effects
        .into_iter()
        .filter_map(|effect| match effect {
            Effect::Sweep(ticket, sweep) if !sweep.ids.is_empty() => {
                let zone = ZONES.into_iter().find(|zone| sweep.ids[0].contains(zone)).unwrap();
                assert!(sweep.ids.iter().all(|id| id.contains(zone)), "{:?}", sweep.ids);
                Some((zone.to_owned(), ticket, sweep.ids))
            }
            _ => None,
        })
        .collect()
}

fn server() -> Fault {
    Fault::Server { status: 503, code: "Unavailable".into() }
}

fn status(desk: &Desk) -> SweepStatus {
    desk.app.incident.cells[&ec2()].status.clone()
}

#[test]
fn zones_that_answer_by_id_are_fresh_and_the_others_keep_their_rows_and_their_age() {
    let mut desk = desk(2);
    let read = desk.now;
    let ticket = asked(&mut desk);
    let zones = fails(&mut desk, ticket, server());
    assert_eq!(zones.len(), 3);
    assert!(desk.app.schedule[&ec2()].in_flight.is_some(), "the same sweep goes on");
    desk.now += SignedDuration::from_secs(1);
    for (zone, ticket, ids) in zones {
        if zone == "us-east-1b" {
            desk.take(Message::Swept(ticket, Err(server())));
        } else {
            let rows = ids.iter().map(|id| row(id, &zone)).collect();
            desk.take(Message::Page(ticket, Page { resources: rows }));
            desk.take(Message::Swept(ticket, Ok(())));
        }
    }
    let SweepStatus::Partial { error, answered, failed, missing } = status(&desk) else {
        panic!("{:?}", status(&desk))
    };
    assert_eq!(missing, Vec::<String>::new());
    assert_eq!((error, answered), (server(), vec!["us-east-1a".to_owned(), "us-east-1c".to_owned()]));
    assert_eq!(failed, [ZoneFault { zone: "us-east-1b".into(), error: server() }]);
    let incident = &desk.app.incident;
    assert_eq!(incident.rows.len(), 6);
    assert_eq!(incident.as_of(&key("i-us-east-1a-0")), Some(desk.now));
    assert_eq!(incident.as_of(&key("i-us-east-1b-0")), Some(read));
    let health = |id: &str| incident.health(&key(id), desk.now).0;
    assert_eq!(health("i-us-east-1a-0"), Health::Claimed);
    assert_eq!(health("i-us-east-1b-0"), Health::Stale);
    let cell = &incident.cells[&ec2()];
    assert!(!cell.is_ok() && cell.last_ok == Some(read), "it is not whole");
    assert_eq!(cell.status.word().unwrap(), "zones 2/3");
}

#[test]
fn what_answers_stays_fresh_for_as_long_as_the_disruption_lasts_and_no_row_goes() {
    let mut desk = desk(1);
    for _ in 0..10 {
        let ticket = asked(&mut desk);
        let healthy = key("i-us-east-1a-0");
        let age = desk.now.duration_since(desk.app.incident.as_of(&healthy).unwrap()).as_secs();
        assert!(age <= crate::incident::cell::STALE_AFTER_S, "{age}");
        for (zone, ticket, ids) in fails(&mut desk, ticket, server()) {
            if zone == "us-east-1b" {
                desk.take(Message::Swept(ticket, Err(server())));
            } else {
                desk.take(Message::Page(ticket, Page { resources: vec![row(&ids[0], &zone)] }));
                desk.take(Message::Swept(ticket, Ok(())));
            }
        }
        assert_eq!(desk.app.incident.rows.len(), 3);
    }
    // A whole sweep that came to its end is.
    let ticket = asked(&mut desk);
    desk.take(Message::Page(ticket, Page { resources: vec![row("i-us-east-1a-0", "us-east-1a")] }));
    desk.take(Message::Swept(ticket, Ok(())));
    assert_eq!(desk.app.incident.rows.len(), 1);
    let cell = &desk.app.incident.cells[&ec2()];
    assert!(cell.is_ok() && cell.zones.is_empty());
}

#[test]
fn an_instance_that_its_zone_does_not_know_any_more_is_neither_fresh_nor_taken_out() {
    let mut desk = desk(2);
    let read = desk.now;
    let ticket = asked(&mut desk);
    for (zone, ticket, ids) in fails(&mut desk, ticket, server()) {
        desk.take(Message::Page(ticket, Page { resources: vec![row(&ids[0], &zone)] }));
        desk.take(Message::Swept(ticket, Ok(())));
    }
    let (there, gone) = (key("i-us-east-1a-0"), key("i-us-east-1a-1"));
    let incident = &desk.app.incident;
    assert_eq!((incident.as_of(&there), incident.as_of(&gone)), (Some(desk.now), Some(read)));
    let health = |key: &Key| incident.health(key, desk.now).0;
    assert_eq!((health(&there), health(&gone)), (Health::Claimed, Health::Stale));
    let trouble = incident.cells[&ec2()].trouble().unwrap();
    assert!(trouble.contains("not known there any more: i-us-east-1a-1, i-us-east-1b-1"), "{trouble}");
}

#[test]
fn where_no_zone_answers_the_cell_fails_as_it_would_have() {
    let mut desk = desk(1);
    let ticket = asked(&mut desk);
    for (_, ticket, _) in fails(&mut desk, ticket, server()) {
        desk.take(Message::Swept(ticket, Err(Fault::TimedOut { after_ms: 5000 })));
    }
    assert_eq!(status(&desk), SweepStatus::Failed { error: server() });
    assert_eq!(desk.app.incident.rows.len(), 3);
}

#[test]
fn only_a_fault_that_may_be_of_a_zone_is_answered_so() {
    for fault in Fault::samples() {
        let mut desk = desk(1);
        let ticket = asked(&mut desk);
        let zones = fails(&mut desk, ticket, fault.clone());
        let of_the_service = fault.is_theirs() && fault.word() != "dark";
        assert_eq!(!zones.is_empty(), of_the_service, "{fault:?}");
        assert_eq!(matches!(status(&desk), SweepStatus::Failed { .. }), zones.is_empty(), "{fault:?}");
    }
}

#[test]
fn nothing_is_asked_by_id_where_nothing_is_known_and_no_other_service_is() {
    let mut desk = Desk::new(&["us-east-1"]);
    let ticket = desk.ticket(&ec2());
    assert!(fails(&mut desk, ticket, server()).is_empty());
    let ticket = desk.ticket(&place("us-east-1", Service::Rds));
    assert!(fails(&mut desk, ticket, server()).is_empty());
}

#[test]
fn no_more_is_asked_than_the_budget_pays_for_and_a_zone_asked_in_part_is_not_called_read() {
    let mut desk = desk(3_000);
    let ticket = asked(&mut desk);
    let before = desk.app.budget.left(&bucket_of(&ec2()), desk.now);
    let zones = fails(&mut desk, ticket, server());
    let calls: usize =
        zones.iter().map(|(_, _, ids)| ids.len().div_ceil(IDS_EACH_CALL) * CALLS_FOR_IDS).sum();
    assert!(!zones.is_empty() && calls <= before, "{calls} of {before}");
    for (_, ticket, _) in zones {
        desk.take(Message::Swept(ticket, Ok(())));
    }
    let SweepStatus::Partial { answered, failed, .. } = status(&desk) else { panic!("{:?}", status(&desk)) };
    assert_eq!((answered.len(), failed.len()), (0, 3));
    assert!(failed[0].error.to_string().ends_with("of its 3000 instances were asked for"), "{failed:?}");
    // A bucket that AWS closed pays for nothing.
    let bucket = bucket_of(&ec2());
    let ticket = asked(&mut desk);
    desk.app.budget.throttled(&bucket, desk.now, 0);
    assert!(fails(&mut desk, ticket, server()).is_empty());
}

#[test]
fn a_throttled_zone_holds_the_bucket() {
    let mut desk = desk(1);
    let ticket = asked(&mut desk);
    for (_, ticket, _) in fails(&mut desk, ticket, server()) {
        desk.take(Message::Swept(ticket, Err(Fault::Throttled { code: "RequestLimitExceeded".into() })));
    }
    assert!(matches!(desk.app.slowed(&ec2()), Some(crate::app::Slowed::Held(_))));
}
