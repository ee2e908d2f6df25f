//! The async face: it waits as long as the world says, divided by the speed, and streams what comes.

#![allow(clippy::disallowed_methods, reason = "tokio's paused clock: no wall time passes")]

use super::{Hand, Scenario, World};
use crate::cloud::Cloud;
use crate::cloud::sim::Sim;
use crate::incident::fault::Fault;
use crate::incident::place::{Profile, Service};
use crate::incident::request::{Query, Sweep};
use tokio::sync::mpsc;
use tokio::time::Instant;

fn sim(name: &str, speed: f64) -> (Cloud, Hand) {
    let scenario = Scenario::shipped(name).unwrap();
    let seed = scenario.seed;
    (Cloud::Sim(Sim::new(World::new(scenario, seed), speed)), Hand::on(name))
}

#[tokio::test(start_paused = true)]
async fn a_hanging_endpoint_times_out_as_the_real_adapter_would() {
    for (speed, seconds) in [(1.0, 12.0), (60.0, 0.2), (f64::NAN, 12.0)] {
        let (cloud, mut hand) = sim("2012-storm", speed);
        hand.at_minute(6);
        let sweep = Sweep {
            profile: hand.profile.clone(),
            place: hand.scope("us-east-1").place(Service::Ec2),
            record_names: Vec::new(),
            ids: Vec::new(),
        };
        let (pages, _rows) = mpsc::unbounded_channel();
        let began = Instant::now();
        let end = cloud.sweep(hand.now, sweep, pages).await;
        assert_eq!(end, Err(Fault::TimedOut { after_ms: 12_000 }));
        assert!((began.elapsed().as_secs_f64() - seconds).abs() < 0.01);
    }
}

#[tokio::test(start_paused = true)]
async fn pages_are_streamed_and_a_black_hole_holds_nobody_else_up() {
    let (cloud, mut hand) = sim("2012-storm", 1.0);
    hand.at_minute(6);
    let sweep = |region: &str| Sweep {
        profile: hand.profile.clone(),
        place: hand.scope(region).place(Service::Ec2),
        record_names: Vec::new(),
        ids: Vec::new(),
    };
    let (pages, mut rows) = mpsc::unbounded_channel();
    let hole = tokio::spawn({
        let (cloud, pages, now, sweep) = (cloud.clone(), pages.clone(), hand.now, sweep("us-east-1"));
        async move { cloud.sweep(now, sweep, pages).await }
    });
    let began = Instant::now();
    assert_eq!(cloud.sweep(hand.now, sweep("eu-west-1"), pages).await, Ok(()));
    assert!(began.elapsed().as_secs() < 1);
    assert_eq!(rows.recv().await.unwrap().resources.len(), 2);
    assert!(hole.await.unwrap().is_err());
}

#[tokio::test(start_paused = true)]
async fn clones_share_one_world_and_a_panic_elsewhere_does_not_end_it() {
    let scenario = Scenario::shipped("quiet").unwrap();
    let now = scenario.start;
    let sim = Sim::new(World::new(scenario, 1), 1e9);
    let poisoned = sim.clone();
    let _ = std::thread::spawn(move || {
        let _held = poisoned.world.lock().unwrap();
        panic!("on purpose");
    })
    .join();
    assert!(sim.world.is_poisoned());
    let identity = Query::Identity { profile: Profile::ambient(), region: "eu-west-1".into() };
    assert!(sim.ask(now, Profile::ambient(), identity).await.is_ok());
}
