//! What the frame says of credentials and clock, and how a cell looks of which only some zones answer.

use super::world::{World, has, has_not, instance, place};
use crate::app::table::RowId;
use crate::app::{App, Overlay, Screen};
use crate::incident::access::Access;
use crate::incident::cell::{SweepStatus, ZoneFault};
use crate::incident::entry::{Body, Mode};
use crate::incident::fault::Fault;
use crate::incident::place::{Profile, Region, Service};
use crate::incident::resource::Resource;
use jiff::SignedDuration;

fn quiet() -> World {
    let mut world = World::new(Mode::Live, &["us-east-1", "us-west-1"], "2026-01-01T00:00:00Z");
    world.answers("us-east-1");
    world.answers("us-west-1");
    world.route53(90);
    world
}

fn expires_in(app: &mut App, minutes: i64) {
    let expires = Some(app.now + SignedDuration::from_mins(minutes));
    app.accesses.insert(Profile("prod".into()), Access { expires, ..Access::default() });
}

#[test]
fn the_frame_counts_down_to_the_end_of_the_credentials_in_words_and_in_colour() {
    for (minutes, words, role) in [
        (42, "creds 42m", 'm'),
        (14, "creds end in 14m", 'w'),
        (4, "CREDS END IN 4m", 'd'),
        (-3, "CREDS EXPIRED", 'd'),
    ] {
        let mut world = quiet();
        expires_in(&mut world.app, minutes);
        for width in [80, 140] {
            assert!(world.text(width, 24)[0].contains(words), "{width}: {}", world.text(width, 24)[0]);
            let roles = world.roles_of(words, width, 24).replace(' ', "");
            assert!(roles.chars().all(|r| r == role), "{words}: {roles}");
        }
    }
    let mut world = quiet();
    world.app.accesses.insert(Profile("prod".into()), Access::default());
    has_not(&world.text(140, 24), "creds");
}

#[test]
fn a_clock_that_is_off_is_told_before_aws_begins_to_refuse() {
    for (ahead, words, role) in [(421, "clock +7m", 'd'), (-30, "clock -30s", 'w')] {
        let mut world = quiet();
        let access = Access { clock_ahead_s: Some(ahead), ..Access::default() };
        world.app.accesses.insert(Profile("prod".into()), access);
        assert!(world.text(80, 24)[0].contains(words), "{}", world.text(80, 24)[0]);
        assert!(world.roles_of(words, 80, 24).chars().all(|r| r == role || r == ' '));
    }
    let mut world = quiet();
    let access = Access { clock_ahead_s: Some(3), ..Access::default() };
    world.app.accesses.insert(Profile("prod".into()), access);
    has_not(&world.text(140, 24), "clock");
}

#[test]
fn the_detail_of_a_region_says_when_and_why_not_renewed() {
    let mut world = quiet();
    let access = Access {
        expires: Some(world.app.now + SignedDuration::from_mins(9)),
        renewal: Some(Fault::CredentialsExpired { code: "the session's token has expired".into() }),
        clock_ahead_s: Some(-95),
        ..Access::default()
    };
    world.app.accesses.insert(Profile("prod".into()), access);
    let row = RowId::Region(Region::new("us-east-1"));
    world.app.overlays.push(Overlay::Detail { row, scroll: 0 });
    let rows = world.text(140, 45);
    has(&rows, "of prod end in 9m, at 2026-01-01 00:09:00 UTC");
    has(&rows, "they could not be renewed: credentials expired: the session's token has expired");
    has(&rows, "this machine's is 1m behind AWS's");
}

#[test]
fn the_detail_of_a_region_that_alone_refuses_credentials_says_that_no_login_mends_it() {
    let mut world = quiet();
    let expired = Fault::CredentialsExpired { code: "ExpiredToken".into() };
    world.fails("us-east-1", Service::Rds, expired);
    let ended = Some(world.app.now);
    let regions = vec!["us-east-1".to_owned()];
    let profile = Profile("prod".into());
    world.says("adam", Body::Credentials { profile, ended, regions, taken_elsewhere: true });
    let words = "AWS takes the same credentials elsewhere";
    let detail = |world: &mut World, region: &str| {
        world.app.overlays = vec![Overlay::Detail { row: RowId::Region(Region::new(region)), scroll: 0 }];
        world.text(140, 45)
    };
    has(&detail(&mut world, "us-east-1"), words);
    has_not(&detail(&mut world, "us-west-1"), words);
    world.app.overlays.clear();
    has_not(&world.text(140, 24), "creds");
}

fn partial() -> World {
    let mut world = quiet();
    let ec2 = place("us-east-1", Service::Ec2);
    let row = |id: &str, name: &str, zone: &str| {
        let mut row = instance("us-east-1", id, name, "running");
        if let Resource::Instance(row) = &mut row {
            row.zone = zone.into();
        }
        row
    };
    let rows = vec![row("i-0a", "web-a", "us-east-1a"), row("i-0b", "web-b", "us-east-1b")];
    world.swept(ec2.clone(), SweepStatus::Ok { latency_ms: 90 }, rows);
    world.wait(240);
    for service in [Service::Rds, Service::Elb, Service::ElbV2] {
        world.swept(place("us-east-1", service), SweepStatus::Ok { latency_ms: 90 }, Vec::new());
    }
    world.answers("us-west-1");
    let unavailable = Fault::Server { status: 503, code: "Unavailable".into() };
    let status = SweepStatus::Partial {
        error: unavailable.clone(),
        answered: vec!["us-east-1a".into()],
        failed: vec![ZoneFault { zone: "us-east-1b".into(), error: unavailable }],
        missing: Vec::new(),
    };
    world.swept(ec2, status, Vec::new());
    world
}

#[test]
fn a_cell_of_which_some_zones_answer_is_neither_ok_nor_down() {
    let mut world = partial();
    world.show(Screen::Board);
    let rows = world.text(140, 45);
    let line = rows.iter().find(|row| row.contains("us-east-1")).unwrap();
    assert!(line.contains("! us-east-1      partly") && line.contains(" !1/2 "), "{line}");
    assert!(!line.contains("DOWN"), "{line}");
    assert_eq!(world.roles_of("!1/2", 140, 45), "wwww");
    has(&world.text(80, 24), "!1/2");
    world.app.overlays.push(Overlay::Detail { row: RowId::Region(Region::new("us-east-1")), scroll: 0 });
    let rows = world.text(140, 45);
    has(&rows, "zones 1/2 for 0s");
    has(&rows, "by id answer us-east-1a; not us-east-1b (server error");
}

#[test]
fn its_table_says_which_rows_are_old_and_what_is_not_seen() {
    let mut world = partial();
    world.show(Screen::Instances);
    let rows = world.text(140, 45);
    has(&rows, "us-east-1 ec2 zones 1/2");
    has(&rows, "rows of us-east-1b are the last known ones, new ones are not seen");
    let line = |name: &str| rows.iter().find(|row| row.contains(name)).unwrap().clone();
    assert!(line("web-b").contains("stale") && line("web-b").trim_end().contains("4m"), "{}", line("web-b"));
    assert!(!line("web-a").contains("stale"), "{}", line("web-a"));
}
