//! Who goes first, and who waits for the budget.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::app::keys::Keymap;
use crate::app::message::{Message, Stamped};
use crate::app::{Opening, Slowed};
use crate::incident::entry::{Actor, SessionId};
use crate::incident::place::{Account, Kind, Profile, Scope};
use crate::incident::plan::Action;
use crate::incident::request::Page;
use crate::incident::resource::{Instance, InstanceState, Resource, Tags};
use std::collections::BTreeMap;

const START: i64 = 1_341_000_000;

fn opening(regions: &[&str]) -> Opening {
    let actor = Actor { user: "adam".into(), uid: 1, host: "jump".into(), ssh_client: None, aws: None };
    Opening {
        regions: regions.iter().map(|code| Region::new(code)).collect(),
        profiles: vec![Profile("prod".into())],
        jitter: "seed".into(),
        ..Opening::plain(Keymap::empty("none"), SessionId("s".into()), actor)
    }
}

/// A cockpit whose every question is written down and answered by hand.
pub(in crate::app) struct Desk {
    pub(in crate::app) app: App,
    pub(in crate::app) now: Timestamp,
    asked: Vec<(Ticket, Place, Timestamp)>,
}

impl Desk {
    pub(in crate::app) fn new(regions: &[&str]) -> Self {
        let mut desk = Self::unstarted(regions);
        desk.take(Message::Start);
        desk
    }

    pub(in crate::app) fn unstarted(regions: &[&str]) -> Self {
        let now = Timestamp::from_second(START).unwrap();
        Self { app: App::new(opening(regions), now), now, asked: Vec::new() }
    }

    pub(in crate::app) fn take(&mut self, message: Message) -> Vec<Effect> {
        let effects = self.app.update(Stamped { at: self.now, mono_ms: 0, message });
        for effect in &effects {
            if let Effect::Sweep(ticket, sweep) = effect {
                self.asked.push((*ticket, sweep.place.clone(), self.now));
            }
        }
        effects
    }

    /// Every sweep in flight brings so many empty pages and ends well.
    pub(in crate::app) fn answer_all(&mut self, pages: impl Fn(&Place) -> u32) {
        let tickets: Vec<(Place, Ticket)> = self
            .app
            .schedule
            .iter()
            .filter_map(|(place, schedule)| Some((place.clone(), schedule.in_flight?.0)))
            .collect();
        for (place, ticket) in tickets {
            for _ in 0..pages(&place) {
                self.take(Message::Page(ticket, Page { resources: Vec::new() }));
            }
            self.take(Message::Swept(ticket, Ok(())));
        }
    }

    /// Plays on; everything is answered in the second in which it was asked.
    pub(in crate::app) fn play(&mut self, seconds: i64, pages: impl Fn(&Place) -> u32) {
        for _ in 0..seconds {
            self.now += SignedDuration::from_secs(1);
            self.take(Message::Tick);
            self.answer_all(&pages);
        }
    }

    pub(in crate::app) fn ticket(&self, place: &Place) -> Ticket {
        self.app.schedule[place].in_flight.unwrap().0
    }

    /// How often each place was asked since the last call.
    fn counted(&mut self) -> BTreeMap<Place, usize> {
        let mut counts = BTreeMap::new();
        for (_, place, _) in self.asked.drain(..) {
            *counts.entry(place).or_default() += 1;
        }
        counts
    }
}

pub(in crate::app) fn place(region: &str, service: Service) -> Place {
    Scope::new(Account::unverified(&Profile("prod".into())), Region::new(region)).place(service)
}

pub(in crate::app) fn instance(region: &str, id: &str) -> Instance {
    Instance {
        key: place(region, Service::Ec2).key(Kind::Instance, id),
        name: id.into(),
        state: InstanceState::Running,
        state_reason: None,
        instance_type: "m1.large".into(),
        zone: format!("{region}a"),
        image: "ami-1".into(),
        launched: None,
        private_ip: None,
        public_ip: None,
        vpc: None,
        subnet: None,
        security_groups: Vec::new(),
        auto_scaling_group: None,
        system_status: None,
        instance_status: None,
        client_token: None,
        tags: Tags::default(),
    }
}

const ONE: fn(&Place) -> u32 = |_| 1;

#[test]
fn the_selected_rows_cell_is_asked_first_then_what_is_visible_then_the_screens_services() {
    let mut desk = Desk::new(&["eu-west-1", "us-east-1", "us-west-2"]);
    let east = place("us-east-1", Service::Ec2);
    let ticket = desk.ticket(&east);
    let row = Resource::Instance(instance("us-east-1", "i-1"));
    desk.take(Message::Page(ticket, Page { resources: vec![row] }));
    desk.answer_all(|place| u32::from(*place != east));
    desk.app.screen = Screen::Instances;
    desk.app.refresh_list();
    let view = desk.app.lists.get_mut(&Screen::Instances).unwrap();
    view.selected = None;
    assert_eq!(view.rows.len(), 1);
    assert_eq!(desk.app.eyes().turn(&east), Turn::Visible);
    desk.app.lists.get_mut(&Screen::Instances).unwrap().selected =
        Some(RowId::Key(east.key(Kind::Instance, "i-1")));
    assert_eq!(desk.app.eyes().turn(&east), Turn::Selected);
    assert_eq!(desk.app.eyes().turn(&place("eu-west-1", Service::Ec2)), Turn::Screen);
    assert_eq!(desk.app.eyes().turn(&place("us-east-1", Service::Rds)), Turn::Other);
    // All are due at once.
    desk.asked.clear();
    desk.app.refresh_all();
    desk.take(Message::Tick);
    let order: Vec<Place> = desk.asked.iter().map(|(_, place, _)| place.clone()).collect();
    assert_eq!(order.len(), 13);
    assert_eq!(order[0], east);
    assert_eq!(order[1..3], [place("eu-west-1", Service::Ec2), place("us-west-2", Service::Ec2)]);
    assert!(order[3..].iter().all(|place| place.service != Service::Ec2));
}

#[test]
fn a_region_under_the_cursor_goes_before_all_others_on_the_board() {
    let mut desk = Desk::new(&["eu-west-1", "us-east-1", "us-west-2"]);
    desk.answer_all(ONE);
    desk.app.lists.get_mut(&Screen::Board).unwrap().selected = Some(RowId::Region(Region::new("us-west-2")));
    desk.asked.clear();
    desk.app.refresh_all();
    desk.take(Message::Tick);
    assert!(desk.asked[..4].iter().all(|(_, place, _)| place.scope.region == Region::new("us-west-2")));
}

#[test]
fn in_a_large_estate_what_is_in_view_is_read_more_often_and_nothing_goes_stale() {
    let codes: Vec<String> = (0..30).map(|n| format!("us-east-{n}")).collect();
    let codes: Vec<&str> = codes.iter().map(String::as_str).collect();
    let mut desk = Desk::new(&codes);
    desk.answer_all(ONE);
    desk.app.screen = Screen::Instances;
    desk.app.refresh_list();
    let seen = place("us-east-7", Service::Ec2);
    desk.app.lists.get_mut(&Screen::Instances).unwrap().selected =
        Some(RowId::Key(seen.key(Kind::Instance, "i-1")));
    // The selection would follow the rows, of which there are none.
    desk.counted();
    for _ in 0..600 {
        desk.app.lists.get_mut(&Screen::Instances).unwrap().selected =
            Some(RowId::Key(seen.key(Kind::Instance, "i-1")));
        desk.play(1, ONE);
        let oldest = desk.app.incident.cells.values().filter_map(|cell| cell.last_ok).min().unwrap();
        let age = desk.now.duration_since(oldest).as_secs();
        assert!(age < crate::incident::cell::STALE_AFTER_S, "{age}");
    }
    let counts = desk.counted();
    assert!((30..=40).contains(&counts[&seen]), "{}", counts[&seen]);
    for (place, count) in counts.iter().filter(|(place, _)| **place != seen) {
        assert!((9..=14).contains(count), "{place}: {count}");
    }
}

fn database(region: &str, status: &str) -> Resource {
    Resource::Database(crate::incident::resource::Database {
        key: place(region, Service::Rds).key(Kind::Database, "db"),
        engine: "postgres".into(),
        engine_version: "16.3".into(),
        class: "db.m5.large".into(),
        status: status.into(),
        endpoint: None,
        multi_az: false,
        zone: None,
        storage_gib: 100,
        storage_type: None,
        encrypted: true,
        latest_restorable: None,
        backup_retention_days: 7,
        cluster: None,
        replica_of: None,
        subnet_group: None,
        security_groups: Vec::new(),
        parameter_group: None,
        option_group: None,
        publicly_accessible: false,
        deletion_protection: false,
        resource_id: None,
        created: None,
    })
}

#[test]
fn databases_at_rest_are_read_half_as_often_until_somebody_looks_or_one_of_them_changes() {
    let mut desk = Desk::new(&["eu-west-1", "us-east-1"]);
    let rds = place("us-east-1", Service::Rds);
    let says = |desk: &mut Desk, status: &str| {
        let ticket = desk.ticket(&rds);
        desk.take(Message::Page(ticket, Page { resources: vec![database("us-east-1", status)] }));
        desk.take(Message::Swept(ticket, Ok(())));
    };
    let count = |desk: &mut Desk, status: &str| {
        desk.counted();
        for _ in 0..600 {
            desk.now += SignedDuration::from_secs(1);
            desk.take(Message::Tick);
            if desk.app.schedule[&rds].in_flight.is_some() {
                says(desk, status);
            }
            desk.answer_all(ONE);
        }
        let counts = desk.counted();
        let ec2 = counts[&place("us-east-1", Service::Ec2)];
        assert!((30..=40).contains(&ec2), "whatever rests, instances do not: {ec2}");
        counts[&rds]
    };
    says(&mut desk, "available");
    desk.answer_all(ONE);
    // The cursor is on the other region of the board.
    let at_rest = count(&mut desk, "available");
    assert!((16..=20).contains(&at_rest), "{at_rest}");
    let changing = count(&mut desk, "rebooting");
    assert!((30..=40).contains(&changing), "{changing}");
    desk.app.screen = Screen::RestorePoints;
    let looked_at = count(&mut desk, "available");
    assert!((30..=40).contains(&looked_at), "{looked_at}");
    desk.app.screen = Screen::Instances;
    let at_rest = count(&mut desk, "stopped");
    assert!((16..=20).contains(&at_rest), "{at_rest}");
}

#[test]
fn a_large_place_is_polled_as_often_as_its_budget_allows_and_says_so() {
    let mut desk = Desk::new(&["us-east-1"]);
    let ec2 = place("us-east-1", Service::Ec2);
    let pages = |place: &Place| if place.service == Service::Ec2 { 200 } else { 1 };
    desk.answer_all(pages);
    desk.counted();
    assert_eq!(desk.app.slowed(&ec2), Some(Slowed::Every(40)));
    assert_eq!(desk.app.slowed(&place("us-east-1", Service::Rds)), None);
    desk.play(400, pages);
    let counts = desk.counted();
    assert!((8..=10).contains(&counts[&ec2]), "{}", counts[&ec2]);
    assert!(counts[&place("us-east-1", Service::Rds)] > 20);
}

#[test]
fn one_throttled_answer_slows_the_whole_api_and_no_other() {
    let mut desk = Desk::new(&["us-east-1", "us-west-2"]);
    let (classic, v2) = (place("us-east-1", Service::Elb), place("us-east-1", Service::ElbV2));
    let ticket = desk.ticket(&classic);
    desk.take(Message::Swept(ticket, Err(Fault::Throttled { code: "Throttling".into() })));
    desk.answer_all(ONE);
    desk.counted();
    assert!(matches!(desk.app.slowed(&v2), Some(Slowed::Held(_))));
    // Everything is wanted at once: the bucket that was throttled stays closed.
    desk.app.refresh_all();
    desk.take(Message::Tick);
    let counts = desk.counted();
    assert!(!counts.contains_key(&classic) && !counts.contains_key(&v2));
    assert!(counts.contains_key(&place("us-west-2", Service::Elb)));
    assert!(counts.contains_key(&place("us-east-1", Service::Ec2)));
    desk.answer_all(ONE);
    desk.play(10, ONE);
    assert!(desk.counted().contains_key(&v2));
}

#[test]
fn an_action_never_waits_for_a_bucket_that_polling_has_emptied() {
    let mut desk = Desk::new(&["us-east-1"]);
    let ec2 = place("us-east-1", Service::Ec2);
    let ticket = desk.ticket(&ec2);
    let row = Resource::Instance(instance("us-east-1", "i-1"));
    desk.take(Message::Page(ticket, Page { resources: vec![row] }));
    desk.take(Message::Swept(ticket, Err(Fault::Throttled { code: "RequestLimitExceeded".into() })));
    desk.answer_all(ONE);
    desk.app.budget.debit(&budget::bucket_of(&ec2), desk.now, 100_000);
    desk.counted();
    let action = Action::Terminate { instance: ec2.key(Kind::Instance, "i-1") };
    let effects = desk.take(Message::Act(action));
    let asked: Vec<Ticket> = effects
        .iter()
        .filter_map(|effect| match effect {
            Effect::Ask(ticket, _, query) if query.scope().is_some() => Some(*ticket),
            _ => None,
        })
        .collect();
    assert!(!asked.is_empty(), "{effects:?}");
    assert!(desk.app.budget.asked.contains_key(&asked[0]), "an action pays");
    // And polling does wait, for a long time.
    desk.play(300, ONE);
    assert!(!desk.counted().contains_key(&ec2));
}

#[test]
fn a_throttled_answer_to_an_action_slows_polling() {
    let mut desk = Desk::new(&["us-east-1"]);
    let ec2 = place("us-east-1", Service::Ec2);
    let ticket = desk.ticket(&ec2);
    let row = Resource::Instance(instance("us-east-1", "i-1"));
    desk.take(Message::Page(ticket, Page { resources: vec![row] }));
    desk.answer_all(ONE);
    let action = Action::Terminate { instance: ec2.key(Kind::Instance, "i-1") };
    let effects = desk.take(Message::Act(action));
    let ticket = effects
        .iter()
        .find_map(|effect| match effect {
            Effect::Ask(ticket, _, query) if query.scope().is_some() => Some(*ticket),
            _ => None,
        })
        .unwrap();
    desk.take(Message::Answered(ticket, Err(Fault::Throttled { code: "RequestLimitExceeded".into() })));
    assert!(matches!(desk.app.slowed(&ec2), Some(Slowed::Held(_))));
}
