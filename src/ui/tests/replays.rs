//! Frames of a replay.

use super::world::{World, at, has, has_not, place, session};
use crate::app::Replay;
use crate::incident::cell::SweepStatus;
use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, Mode};
use crate::incident::place::Service;

fn entry(user: &str, seq: u64, ts: &str, body: Body) -> Entry {
    Entry {
        v: ENTRY_VERSION,
        seq,
        ts: at(ts),
        mono_ms: 0,
        session: session(user),
        actor: Actor { user: user.into(), uid: 1, host: "jump".into(), ssh_client: None, aws: None },
        body,
    }
}

fn opened(regions: &[&str]) -> Body {
    Body::Opened {
        version: "0.1.0".into(),
        estate: "fitocracy".into(),
        mode: Mode::Live,
        pid: 1,
        regions: regions.iter().map(|code| (*code).to_owned()).collect(),
        sites: Vec::new(),
        continues: None,
        command: None,
    }
}

fn read(region: &str) -> Body {
    let status = Some(SweepStatus::Ok { latency_ms: 100 });
    Body::Observed { place: place(region, Service::Ec2), status, changed: Vec::new(), gone: Vec::new() }
}

/// A board that is opened on a log, as `blackstart replay` does.
fn replay(entries: Vec<Entry>) -> World {
    let mut world = World::new(Mode::Replay, &[], "2026-01-01T00:00:00Z");
    world.app.replay_from(Replay::new(entries), None);
    world
}

#[test]
fn a_replay_has_the_regions_where_the_operator_had_them() {
    let entries = vec![
        // One command on one region, and a colleague's second screen: neither is how the estate is looked at.
        entry("daniel", 0, "2012-06-30T02:59:00Z", opened(&["eu-west-1"])),
        entry(
            "adam",
            0,
            "2012-06-30T03:00:00Z",
            opened(&["us-west-1", "us-east-1", "eu-west-1", "ap-south-1"]),
        ),
        entry("eve", 0, "2012-06-30T03:01:00Z", opened(&["sa-east-1", "us-east-1"])),
        entry("adam", 1, "2012-06-30T03:02:00Z", read("eu-west-1")),
        entry("adam", 2, "2012-06-30T03:02:01Z", read("us-east-1")),
        entry("adam", 3, "2012-06-30T03:02:02Z", read("ca-central-1")),
    ];
    let world = replay(entries);
    for (width, height) in [(80, 24), (140, 45)] {
        let rows = world.text(width, height);
        let shown: Vec<&str> = rows
            .iter()
            .filter_map(|row| row.split_whitespace().find(|word| word.contains('-') && word.ends_with("-1")))
            .collect();
        let wanted = ["us-west-1", "us-east-1", "eu-west-1", "ap-south-1", "sa-east-1", "ca-central-1"];
        assert_eq!(shown, wanted);
        has(&rows, "ap-south-1     not read yet");
        has_not(&rows, "not watched");
    }
}
