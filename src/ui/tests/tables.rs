//! Frames of the tables: how their columns are set, and which time is whose day's.

use super::world::{World, at, has, has_not, instance, place, quiet, registered, session, storm, www};
use crate::app::table::RowId;
use crate::app::{Overlay, Screen};
use crate::incident::cell::SweepStatus;
use crate::incident::entry::{Body, Mode};
use crate::incident::place::{Account, Region, Service};

const OK: SweepStatus = SweepStatus::Ok { latency_ms: 1 };

/// An estate whose things have the names that people give them.
fn long_names() -> World {
    let mut world = World::new(Mode::Live, &["us-east-1", "ap-southeast-2"], "2012-06-30T02:50:00Z");
    for (region, id) in [("us-east-1", "i-0a1b2c3d4e5f60711"), ("ap-southeast-2", "i-0fedcba9876543210")] {
        let name = format!("web-prod-{}", &region[..2]);
        world.swept(place(region, Service::Ec2), OK, vec![instance(region, id, &name, "running")]);
        let registered = registered(region, "frontend-prod", id, "InService", None);
        world.swept(place(region, Service::Elb), OK, vec![registered]);
    }
    world
}

/// The same with a second account.
fn two_accounts() -> World {
    let mut world = long_names();
    let mut other = place("us-east-1", Service::Ec2);
    other.scope.account = Account("210987654321".into());
    world.swept(other, OK, Vec::new());
    world
}

#[test]
fn names_are_whole_while_other_columns_stand_empty() {
    let mut world = two_accounts();
    world.show(Screen::Registrations);
    let rows = world.text(140, 45);
    has(&rows, "frontend-prod");
    has(&rows, "web-prod-ap");
    has(&rows, "ap-southeast-2");
    has(&rows, "REASON");
    let rows = world.text(80, 24);
    has(&rows, "NAME");
    has(&rows, "REASON");
    // A longer name moves nothing while somebody looks; a reason, where none stood, is the news and gets its room.
    let head = world.text(140, 45)[3].clone();
    let longer = registered("us-east-1", "frontend-production-of-before", "i-1", "InService", None);
    world.wait(1);
    world.swept(place("us-east-1", Service::Elb), OK, vec![longer]);
    assert_eq!(world.text(140, 45)[3], head);
    let out = registered("us-east-1", "frontend-prod", "i-0a1b2c3d4e5f60711", "OutOfService", Some("ELB"));
    world.swept(place("us-east-1", Service::Elb), OK, vec![out]);
    world.wait(1);
    world.app.remember([]);
    assert_ne!(world.text(140, 45)[3], head);
    has(&world.text(140, 45), "ELB: Inst");
}

#[test]
fn instances_say_their_region_where_there_is_room_and_their_zone_always() {
    let mut world = quiet();
    world.show(Screen::Instances);
    has(&world.text(140, 45), "us-west-1 us-west-1a");
    has(&world.text(80, 24), "us-west-1a");
    has_not(&world.text(80, 24), "REGION");
    // What the zone says too gives way before a name is cut.
    let mut world = two_accounts();
    world.show(Screen::Instances);
    let rows = world.text(140, 45);
    has(&rows, "web-prod-ap");
    has(&rows, "ap-southeast-2a");
    has(&rows, "ACCOUNT");
    has_not(&rows, "REGION");
    let rows = world.text(80, 24);
    has(&rows, "web-prod-ap");
    has(&rows, "ap-southeast-2a");
}

#[test]
fn an_account_has_a_column_where_there_are_several() {
    for (mut world, several) in [(long_names(), false), (two_accounts(), true)] {
        for screen in [Screen::Instances, Screen::Registrations] {
            world.show(screen);
            let rows = world.text(140, 45);
            assert_eq!(rows[3].contains("ACCOUNT"), several, "{}", rows[3]);
            assert!(rows[3].trim_end().ends_with("AGE"), "{}", rows[3]);
        }
    }
    let mut world = long_names();
    world.show(Screen::Instances);
    let rows = world.text(140, 45);
    has(&rows, "web-prod-ap");
    has_not(&rows, "REGION");
}

#[test]
fn what_a_table_is_sorted_by_is_said_where_its_column_has_no_room() {
    let mut world = quiet();
    world.show(Screen::Instances);
    let up = crate::app::table::columns(Screen::Instances).iter().position(|c| c.title == "UP");
    if let Some(view) = world.app.lists.get_mut(&Screen::Instances) {
        view.sort = up;
    }
    has(&world.text(80, 24), "instances 7  by UP↑ ");
    has_not(&world.text(140, 45), " by UP");
    has(&world.text(140, 45), "UP↑");
}

#[test]
fn last_nights_times_are_not_taken_for_tonights() {
    let mut world = storm();
    has(&world.text(140, 45), "│ 03:08:14 daniel");
    world.wait(24 * 3600);
    world.says("adam", Body::Note { text: "the day after".into() });
    for (width, height) in [(80, 24), (140, 45)] {
        let rows = world.show(Screen::Board).text(width, height);
        has(&rows, "03:46:18    adam");
        has(&rows, "06-30 03:08 daniel");
        let rows = world.show(Screen::Log).text(width, height);
        has(&rows, "06-30 03:08 daniel");
        has(&rows, "declared incident \"apex down\"");
    }
}

#[test]
fn names_beside_the_story_are_whole_up_to_a_bound() {
    let mut world = quiet();
    world.opened("maximiliane", Mode::Live);
    world.says("maximiliane", Body::Note { text: "calling AWS about us-east-1".into() });
    world.opened("bartholomew-the-third", Mode::Live);
    world.says("bartholomew-the-third", Body::Note { text: "us-east-1 is on Twitter".into() });
    for (width, height) in [(80, 24), (140, 45)] {
        let rows = world.show(Screen::Board).text(width, height);
        has(&rows, "maximiliane      note: calling AWS about us-east-1");
        has(&rows, "bartholomew-t…   note: us-east-1 is on Twitter");
        let rows = world.show(Screen::Log).text(width, height);
        has(&rows, " maximiliane ");
        world.app.overlays.push(Overlay::Detail { row: RowId::Region(Region::new("us-east-1")), scroll: 99 });
        let rows = world.text(width, height);
        has(&rows, "maximiliane      note: calling AWS about us-east-1");
        has(&rows, "bartholomew-t…   note: us-east-1 is on Twitter");
        world.app.overlays.clear();
    }
}

#[test]
fn the_story_of_a_row_is_told_of_it_alone() {
    let mut world = quiet();
    for text in ["us-east-1 looks bad", "east is full", "blog.fitocracy.com is down", "route 53 is slow"] {
        world.says("adam", Body::Note { text: text.into() });
    }
    let about = |world: &mut World, row: RowId| {
        world.app.overlays = vec![Overlay::Detail { row, scroll: 99 }];
        let rows = world.text(140, 45).into_iter().skip_while(|row| !row.contains("in the story"));
        rows.take_while(|row| !row.contains("└─")).filter(|row| row.contains("note: ")).count()
    };
    let east = RowId::Target { site: "www".into(), target: "east".into() };
    assert_eq!(about(&mut world, east), 1, "not what is told of us-east-1");
    assert_eq!(about(&mut world, RowId::Site(www().name)), 0, "not what is told of blog.fitocracy.com");
    assert_eq!(about(&mut world, RowId::Region(Region::global())), 1, "as the story calls it");
}

#[test]
fn somebody_with_two_cockpits_keeps_their_colour() {
    let mut world = quiet();
    world.says("adam", Body::Note { text: "one".into() });
    let mut second = world.app.incident.sessions[&session("adam")].clone();
    second.opened = at("2012-06-30T02:50:01Z");
    world.app.incident.sessions.insert(session("adam2"), second);
    assert_eq!(world.roles_of("adam x2", 140, 45), "1111111");
}
