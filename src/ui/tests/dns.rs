//! What DNS servers answer, on the screen: quiet is muted, a change counts down, a disagreement is a lie.

use super::world::{World, apex, global, has, has_not, maintenance_plan, place, quiet};
use crate::app::Screen;
use crate::app::table::RowId;
use crate::incident::cell::{Evidence, ProbeSubject, SweepStatus, Verdict};
use crate::incident::dns::{DnsAnswer, DnsServers, DnsSubject, ServerRole};
use crate::incident::entry::{Body, Ending, Outcome};
use crate::incident::fault::Fault;
use crate::incident::hash::PlanHash;
use crate::incident::place::{Kind, Service};
use crate::incident::plan::Risk;
use crate::incident::request::Done;
use crate::incident::resource::{HostedZone, Resource};

const SERVERS: [&str; 4] =
    ["ns-12.awsdns-05.com", "ns-601.awsdns-05.net", "ns-1301.awsdns-05.org", "ns-1802.awsdns-05.co.uk"];
const OLD: &str = "52.0.0.1";
const NEW: &str = "203.0.113.10";
const SIZES: [(u16, u16); 2] = [(80, 24), (140, 45)];

/// A quiet evening on which the servers are known, and answer.
fn asked() -> World {
    let mut world = quiet();
    let zone = HostedZone {
        key: global().place(Service::Route53).key(Kind::HostedZone, "Z1"),
        name: "fitocracy.com.".into(),
        private: false,
        record_count: Some(14),
        linked_service: None,
        name_servers: SERVERS.map(str::to_owned).to_vec(),
    };
    world.swept(
        place("global", Service::Route53),
        SweepStatus::Ok { latency_ms: 90 },
        vec![
            Resource::HostedZone(zone),
            Resource::RecordSet(apex("web-1234567890.us-east-1.elb.amazonaws.com")),
        ],
    );
    // What was changed just now is given time to arrive.
    world.wait(95);
    for server in SERVERS {
        answers(&mut world, ServerRole::NameServer, server, OLD);
    }
    for resolver in DnsServers::RESOLVERS {
        answers(&mut world, ServerRole::Resolver, resolver, OLD);
    }
    world.wait(3);
    world
}

fn answers(world: &mut World, role: ServerRole, server: &str, address: &str) {
    let subject = ProbeSubject::Dns(DnsSubject { name: "fitocracy.com".into(), role, server: server.into() });
    let answer = DnsAnswer {
        addresses: vec![address.parse().unwrap()],
        ttl: Some(60),
        authoritative: role == ServerRole::NameServer,
        cname: None,
    };
    let evidence =
        Evidence { dns: Some(answer.clone()), ..Evidence::new(Verdict::Answers, answer.words(), 21) };
    world.says("adam", Body::Probed { subject, evidence });
}

/// The maintenance page was put up, and Route 53 took it.
fn switched(world: &mut World) -> PlanHash {
    let done = Done::ChangeSubmitted { change_id: "C1".into() };
    called(world, Outcome::Ok { done })
}

/// The maintenance page was to be put up, and this came of it.
fn called(world: &mut World, outcome: Outcome) -> PlanHash {
    let plan = calling(world);
    world.says("adam", Body::Outcome { plan: plan.clone(), step: 0, outcome });
    plan
}

/// The maintenance page is to be put up, and Route 53 has not answered.
fn calling(world: &mut World) -> PlanHash {
    let plan = maintenance_plan(world, Risk::Disruptive).sealed();
    let hash = plan.hash.clone();
    let call = plan.steps[0].call.clone();
    world.says("adam", Body::Proposed { plan: Box::new(plan) });
    world.says("adam", Body::Confirmed { plan: hash.clone(), typed: "www".into() });
    world.says("adam", Body::Intent { plan: hash.clone(), step: 0, call });
    hash
}

#[test]
fn on_a_quiet_day_the_board_says_nothing_and_the_apex_screen_says_it_quietly() {
    let mut world = asked();
    for (width, height) in SIZES {
        world.show(Screen::Board);
        has_not(&world.text(width, height), "name servers");
        world.show(Screen::Apex);
        let words = "4/4 name servers, 3/3 resolvers answer as recorded";
        has(&world.text(width, height), words);
        assert_eq!(world.roles_of(words, width, height), "m".repeat(words.len()));
    }
}

#[test]
fn a_change_is_counted_server_by_server_and_counts_down() {
    let mut world = asked();
    let plan = switched(&mut world);
    world.wait(5);
    for server in &SERVERS[..3] {
        answers(&mut world, ServerRole::NameServer, server, NEW);
    }
    answers(&mut world, ServerRole::NameServer, SERVERS[3], OLD);
    answers(&mut world, ServerRole::Resolver, "1.1.1.1", NEW);
    answers(&mut world, ServerRole::Resolver, "8.8.8.8", OLD);
    world.wait(2);
    let words = "3/4 name servers, 1/3 resolvers answer the new";
    for (width, height) in SIZES {
        world.show(Screen::Board);
        has(&world.text(width, height), words);
        assert_eq!(world.roles_of(words, width, height), "p".repeat(words.len()));
        has(&world.text(width, height), &format!("{words}  waiting for INSYNC"));
        world.show(Screen::Apex);
        has(&world.text(width, height), "waiting for INSYNC");
    }
    world.says("adam", Body::InSync { plan, step: 0 });
    world.show(Screen::Board);
    for (width, height) in SIZES {
        // The last server still answers the old: its TTL has not begun to run out.
        has(&world.text(width, height), &format!("{words}  waiting for servers"));
    }
    world.wait(2);
    answers(&mut world, ServerRole::NameServer, SERVERS[3], NEW);
    world.wait(22);
    for (width, height) in SIZES {
        has(
            &world.text(width, height),
            "4/4 name servers, 1/3 resolvers answer the new  old expires in 0:38",
        );
    }
    world.wait(38);
    has(&world.text(140, 45), "old has expired");
}

#[test]
fn nothing_runs_out_before_the_call_is_answered_nor_before_insync() {
    let mut world = asked();
    let plan = calling(&mut world);
    world.wait(70);
    for server in SERVERS {
        answers(&mut world, ServerRole::NameServer, server, NEW);
    }
    for (width, height) in SIZES {
        world.show(Screen::Board);
        has(&world.text(width, height), "waiting for Route 53");
        has_not(&world.text(width, height), "expire");
    }
    let done = Done::ChangeSubmitted { change_id: "C1".into() };
    world.says("adam", Body::Outcome { plan: plan.clone(), step: 0, outcome: Outcome::Ok { done } });
    world.wait(40);
    for server in SERVERS {
        answers(&mut world, ServerRole::NameServer, server, NEW);
    }
    // Behind each address stand many: what was asked here is not all of them.
    has(&world.text(140, 45), "4/4 name servers, 0/3 resolvers answer the new  waiting for INSYNC");
    world.says("adam", Body::InSync { plan: plan.clone(), step: 0 });
    world.wait(14);
    world.says("adam", Body::Finished { plan, ending: Ending::Verified });
    for (width, height) in SIZES {
        has(&world.text(width, height), "old expires in 0:46");
    }
}

#[test]
fn of_a_call_whose_answer_was_lost_it_counts_from_when_every_server_had_turned() {
    let mut world = asked();
    called(&mut world, Outcome::Unknown { error: Fault::TimedOut { after_ms: 12_000 } });
    world.wait(5);
    for server in &SERVERS[..3] {
        answers(&mut world, ServerRole::NameServer, server, NEW);
    }
    world.show(Screen::Board);
    has(&world.text(140, 45), "3/4 name servers, 0/3 resolvers answer the new  INSYNC not seen");
    world.wait(10);
    answers(&mut world, ServerRole::NameServer, SERVERS[3], NEW);
    world.wait(20);
    has(&world.text(140, 45), "4/4 name servers, 0/3 resolvers answer the new  old expires in 0:40");
    // The same where the one who looked is gone.
    let mut world = asked();
    let done = Done::ChangeSubmitted { change_id: "C1".into() };
    called(&mut world, Outcome::Ok { done });
    world.says("adam", Body::Left { reason: "crashed".into() });
    world.show(Screen::Board);
    has(&world.text(140, 45), "INSYNC not seen");
}

#[test]
fn a_change_that_was_refused_changes_nothing_that_is_expected() {
    let mut world = asked();
    let error = Fault::Refused { code: "InvalidChangeBatch".into(), message: "not found".into() };
    called(&mut world, Outcome::Failed { error });
    world.show(Screen::Apex);
    has(&world.text(140, 45), "4/4 name servers, 3/3 resolvers answer as recorded");
    // One that timed out may have been done: the servers tell.
    let mut world = asked();
    called(&mut world, Outcome::Unknown { error: Fault::TimedOut { after_ms: 12_000 } });
    world.show(Screen::Apex);
    has(&world.text(140, 45), "DNS servers not asked since the change yet");
}

#[test]
fn a_server_that_keeps_the_old_after_insync_is_named_and_looks_like_a_lie() {
    let mut world = asked();
    let plan = switched(&mut world);
    world.says("adam", Body::InSync { plan, step: 0 });
    world.wait(20);
    for server in SERVERS {
        let address = if server == SERVERS[2] { OLD } else { NEW };
        answers(&mut world, ServerRole::NameServer, server, address);
    }
    world.wait(1);
    let words = "ns-1301.awsdns-05.org answers the old (52.0.0.1), although Route 53 says INSYNC";
    world.show(Screen::Board);
    has(&world.text(140, 45), "DNS: ns-1301.awsdns-05.org answers the old");
    assert_eq!(world.roles_of("DNS: ns-1301", 140, 45), "l".repeat(12));
    // The entry that a cockpit makes of it tells the others, and the story.
    world.says("adam", Body::Disagreement { site: "www".into(), words: Some(words.into()) });
    world.show(Screen::Apex);
    has(&world.text(140, 45), "DNS disagrees");
    assert_eq!(world.roles_of("DNS disagrees", 140, 45).to_lowercase(), "l".repeat(13));
    world.show(Screen::Log);
    has(&world.text(140, 45), "dns: site www: ns-1301.awsdns-05.org answers the old");
    world.wait(30);
    world.says("adam", Body::Disagreement { site: "www".into(), words: None });
    has(&world.text(140, 45), "the servers agree again after 30s");
}

#[test]
fn the_detail_shows_each_servers_own_answer_with_its_ttl_and_age() {
    let mut world = asked();
    answers(&mut world, ServerRole::Resolver, "9.9.9.9", "192.0.2.66");
    world.wait(7);
    // The zone was read since, and is as it was: the resolver is wrong, not our knowledge old.
    world.swept(place("global", Service::Route53), SweepStatus::Ok { latency_ms: 90 }, vec![]);
    world.show(Screen::Apex);
    world.select(RowId::Site("www".into()));
    world.app.overlays.push(crate::app::Overlay::Detail { row: RowId::Site("www".into()), scroll: 0 });
    let rows = world.text(140, 45);
    for server in SERVERS {
        has(&rows, &format!("{server} 52.0.0.1, ttl 60 s, for "));
    }
    has(&rows, "9.9.9.9 192.0.2.66, ttl 60 s, for 7s, seen ");
    has(&rows, "resolver 9.9.9.9 answers 192.0.2.66, the name servers do not");
}

#[test]
fn what_a_site_says_is_never_written_over_where_it_points() {
    let mut world = asked();
    let plan = switched(&mut world);
    world.says("adam", Body::InSync { plan: plan.clone(), step: 0 });
    world.says("adam", Body::Finished { plan, ending: Ending::Verified });
    world.wait(60);
    world.show(Screen::Board);
    for detail in [
        "HTTP 503",
        "HTTP 503 maintenance page",
        "HTTP 503 maintenance page of the spare machine in the cellar",
    ] {
        world.probed(ProbeSubject::Site("www".into()), Verdict::Wrong, detail);
        for (width, height) in SIZES {
            let text = world.text(width, height);
            let line = text.iter().find(|line| line.contains("www  ")).unwrap();
            let (left, right) = line.split_once("maintenance ").unwrap_or_else(|| panic!("{line}"));
            assert!(left.ends_with(' ') && left.contains("→ east") && right.contains("HTTP 503"), "{line}");
        }
    }
}
