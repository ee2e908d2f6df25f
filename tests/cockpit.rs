//! The cockpit under keys and messages: overlays, tables, pickers, plans and their confirmation. Every test is a
//! sequence of messages and what the state is after them; nothing waits on a wall clock.

use crate::crew::{Crew, opening, scenario};
use blackstart::app::commands::Command;
use blackstart::app::keys::{Key, KeyCode};
use blackstart::app::message::{Effect, Message, Stamped, Ticket};
use blackstart::app::table::RowId;
use blackstart::app::{App, Focus, Overlay, Planning, Screen};
use blackstart::incident::cell::SweepStatus;
use blackstart::incident::entry::{Body, Mode, SessionId};
use blackstart::incident::fault::Fault;
use blackstart::incident::place::{Account, Kind, Profile, Service};
use blackstart::incident::plan::Risk;
use blackstart::incident::request::{Page, Sweep};
use blackstart::incident::resource::{Instance, InstanceState, Resource};
use jiff::{SignedDuration, Timestamp};

fn rows(app: &App) -> Vec<RowId> {
    app.lists[&app.screen].rows.iter().cloned().collect()
}

fn overlay(crew: &Crew) -> Option<&Overlay> {
    crew.seats[0].app.overlays.last()
}

fn app(crew: &Crew) -> &App {
    &crew.seats[0].app
}

// --- keys and overlays ---

#[test]
fn keys_lead_to_screens_and_overlays_and_escape_leads_back() {
    let mut crew = Crew::alone("2012-storm");
    for (key, screen) in ["1", "2", "3", "4", "5", "6"].into_iter().zip(Screen::ALL) {
        crew.press(0, key);
        assert_eq!(app(&crew).screen, screen);
    }
    for (keys, is_it) in [
        ("2/", (|o| matches!(o, Overlay::Filter)) as fn(&Overlay) -> bool),
        (":", |o| matches!(o, Overlay::Palette(_))),
        ("?", |o| matches!(o, Overlay::Help { scroll: 0 })),
        ("<enter>", |o| matches!(o, Overlay::Detail { .. })),
        ("n", |o| matches!(o, Overlay::Prompt { .. })),
        ("D", |o| matches!(o, Overlay::Prompt { .. })),
        ("m", |o| matches!(o, Overlay::Picker(_))),
        ("r", |o| matches!(o, Overlay::Plan(_))),
    ] {
        crew.press(0, keys);
        assert!(overlay(&crew).is_some_and(is_it), "{keys}: {:?}", app(&crew).overlays);
        crew.press(0, "<esc>");
        assert!(app(&crew).overlays.is_empty(), "{keys}: escape leaves {:?}", app(&crew).overlays);
    }
}

#[test]
fn escape_takes_back_one_thing_at_a_time() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "2/web<enter>s<space>");
    let view = |crew: &Crew| {
        let view = &app(crew).lists[&Screen::Instances];
        (!view.marked.is_empty(), !view.filter.is_empty(), view.sort.is_some(), app(crew).screen)
    };
    assert_eq!(view(&crew), (true, true, true, Screen::Instances));
    crew.press(0, "<esc>");
    assert_eq!(view(&crew), (false, true, true, Screen::Instances));
    crew.press(0, "<esc>");
    assert_eq!(view(&crew), (false, false, true, Screen::Instances));
    crew.press(0, "<esc>");
    assert_eq!(view(&crew), (false, false, false, Screen::Instances));
    crew.press(0, "<esc>");
    assert_eq!(view(&crew).3, Screen::Board);
    crew.press(0, "<esc>");
    assert!(!app(&crew).quitting, "escape never quits");
}

#[test]
fn every_command_does_something_sensible_on_every_screen_or_nothing() {
    let calm = Crew::alone("2012-storm");
    for screen in "123456".chars() {
        for command in Command::ALL {
            let mut crew = Crew::on(scenario("2012-storm", ""));
            crew.world = calm.world.clone();
            crew.sit("adam", Mode::Demo);
            crew.seats[0].app = app(&calm).clone();
            crew.press(0, &screen.to_string());
            crew.press(0, ":");
            crew.type_in(0, command.id());
            let Some(Overlay::Palette(picker)) = overlay(&crew) else { panic!("no palette") };
            let works = command.works_in(blackstart::app::commands::Context::Cockpit);
            let offered = picker.choices.iter().any(|choice| choice.label == command.id());
            assert_eq!(offered, works, "{command}");
            if !works {
                continue;
            }
            assert_eq!(picker.current().map(|choice| choice.label.as_str()), Some(command.id()));
            crew.press(0, "<enter>");
            let changed_aws = crew.seats[0].effects.iter().any(|(_, e)| matches!(e, Effect::Perform(..)));
            assert!(!changed_aws, "{command} on {screen} acts at once");
            let said = !app(&crew).overlays.is_empty() || !app(&crew).notices.is_empty();
            assert!(!command.changes_aws() || said, "{command} on {screen} says nothing");
            for _ in 0..4 {
                crew.press(0, "<esc>");
            }
            assert!(app(&crew).overlays.is_empty());
        }
    }
}

#[test]
fn a_key_that_means_nothing_does_nothing() {
    let mut crew = Crew::alone("quiet");
    crew.press(0, "2");
    let before = format!("{:?}", app(&crew));
    let effects = crew.seats[0].effects.len();
    crew.press(0, "<f7><a-x><tab>&%");
    assert_eq!(format!("{:?}", app(&crew)), before);
    assert_eq!(crew.seats[0].effects.len(), effects);
}

#[test]
fn control_c_quits_from_under_everything() {
    for keys in ["2/x", ":", "?", "2<enter>", "n", "m", "2r"] {
        let mut crew = Crew::alone("quiet");
        crew.press(0, keys);
        crew.press(0, "<c-c>");
        assert!(app(&crew).quitting, "{keys}");
        assert_eq!(crew.seats[0].effects.last().map(|(_, e)| e.clone()), Some(Effect::Quit));
        crew.run_for(60);
        assert_eq!(crew.seats[0].disk.last().unwrap().body, Body::Left { reason: "quit".into() });
    }
}

#[test]
fn the_keys_of_a_row_work_under_its_detail() {
    let mut crew = Crew::alone("quiet");
    crew.press(0, "2<enter>");
    crew.press(0, "jj");
    assert!(matches!(overlay(&crew), Some(Overlay::Detail { scroll: 2, .. })));
    crew.press(0, "r");
    assert!(matches!(overlay(&crew), Some(Overlay::Plan(_))));
}

// --- tables ---

#[test]
fn a_filter_wants_every_word_in_any_column_and_any_case() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "2");
    let all = rows(app(&crew)).len();
    crew.press(0, "/");
    crew.type_in(0, "WEB us-east-1A");
    let shown = rows(app(&crew));
    assert!(!shown.is_empty() && shown.len() < all);
    for row in &shown {
        let text = app(&crew).cells(Screen::Instances, row).join(" ").to_lowercase();
        assert!(text.contains("web") && text.contains("us-east-1a"), "{text}");
    }
    assert_eq!(app(&crew).lists[&Screen::Instances].unfiltered, all);
    crew.press(0, "<c-w><bs><c-u>");
    assert_eq!(rows(app(&crew)).len(), all);
    crew.type_in(0, "nothing has this");
    assert!(rows(app(&crew)).is_empty() && app(&crew).selected().is_none());
    crew.press(0, "<enter><enter>ry<space>t+-");
    assert!(app(&crew).overlays.is_empty(), "nothing is selected, nothing can be done to it");
    crew.press(0, "<esc>");
    assert_eq!(rows(app(&crew)).len(), all);
    assert!(app(&crew).selected().is_some());
}

#[test]
fn every_column_sorts_both_ways() {
    let mut crew = Crew::alone("2012-storm");
    for screen in ["2", "3", "4", "5", "6"] {
        crew.press(0, screen);
        let of = app(&crew).screen;
        let own = rows(app(&crew));
        for at in 0..blackstart::app::table::columns(of).len() {
            crew.press(0, "s");
            assert_eq!(app(&crew).lists[&of].sort, Some(at));
            let up = rows(app(&crew));
            crew.press(0, "S");
            let down = rows(app(&crew));
            let text =
                |rows: &[RowId]| rows.iter().map(|r| app(&crew).cells(of, r)[at].clone()).collect::<Vec<_>>();
            let mut backwards = text(&down);
            backwards.reverse();
            assert_eq!(text(&up), backwards, "column {at} of {of:?}");
            assert_eq!(up.len(), own.len());
            let mut a = up.clone();
            let mut b = own.clone();
            a.sort();
            b.sort();
            assert_eq!(a, b, "sorting loses or invents rows");
            crew.press(0, "S");
            assert_eq!(rows(app(&crew)), up);
        }
        crew.press(0, "s");
        assert_eq!(app(&crew).lists[&of].sort, None);
        assert_eq!(rows(app(&crew)), own);
    }
}

/// A cockpit without a world: what it reads is what the test hands it.
struct Bare {
    app: App,
    now: Timestamp,
    sweeps: Vec<(Ticket, Sweep)>,
    asks: Vec<(Ticket, blackstart::incident::request::Query)>,
}

impl Bare {
    fn with_profiles(profiles: &[&str]) -> Self {
        let quiet = scenario("quiet", "");
        let now = quiet.start;
        let mut opening = opening(&quiet, "adam", Mode::Demo, now);
        opening.profiles = profiles.iter().map(|name| Profile((*name).into())).collect();
        let mut bare = Self { app: App::new(opening, now), now, sweeps: Vec::new(), asks: Vec::new() };
        bare.take(Message::Start);
        bare
    }

    fn take(&mut self, message: Message) -> Vec<Effect> {
        let effects = self.app.update(Stamped { at: self.now, mono_ms: 0, message });
        for effect in &effects {
            match effect {
                Effect::Sweep(ticket, sweep) => self.sweeps.push((*ticket, sweep.clone())),
                Effect::Ask(ticket, _, query) => self.asks.push((*ticket, query.clone())),
                _ => {}
            }
        }
        effects
    }

    fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        self.take(Message::Tick);
    }

    /// The newest sweep of EC2 in the first region, by whose credentials.
    fn sweep(&self, profile: &str) -> (Ticket, Sweep) {
        let found = self.sweeps.iter().rev().find(|(_, sweep)| {
            sweep.place.service == Service::Ec2
                && sweep.profile.0 == profile
                && sweep.place.scope.region == self.app.opening.regions[0]
        });
        found.unwrap().clone()
    }

    fn page(&mut self, (ticket, sweep): &(Ticket, Sweep), names: &[&str]) {
        let resources = names.iter().map(|name| instance(sweep, name)).collect();
        self.take(Message::Page(*ticket, Page { resources }));
    }

    fn read(&mut self, profile: &str, names: &[&str]) {
        let sweep = self.sweep(profile);
        self.page(&sweep, names);
        self.take(Message::Swept(sweep.0, Ok(())));
    }

    fn names(&self) -> Vec<String> {
        let named = |seen: &blackstart::incident::Seen| match &seen.resource {
            Resource::Instance(i) => format!("{} {}", i.key.place.scope.account, i.name),
            _ => String::new(),
        };
        self.app.incident.of_kind(Kind::Instance).map(named).collect()
    }
}

fn instance(sweep: &Sweep, name: &str) -> Resource {
    Resource::Instance(Instance {
        key: sweep.place.key(Kind::Instance, format!("i-{name}")),
        name: name.into(),
        state: InstanceState::Running,
        state_reason: None,
        instance_type: "m5.large".into(),
        zone: "eu-central-1a".into(),
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
        tags: blackstart::incident::resource::Tags::default(),
    })
}

#[test]
fn the_selection_follows_its_row_when_others_come_and_go() {
    let mut bare = Bare::with_profiles(&["prod"]);
    bare.read("prod", &["b", "d", "f"]);
    bare.take(Message::Key(Key::char('2')));
    bare.take(Message::Key(Key::char('j')));
    let on = |bare: &Bare| match bare.app.selected() {
        Some(RowId::Key(key)) => key.id.clone(),
        other => format!("{other:?}"),
    };
    assert_eq!(on(&bare), "i-d");
    bare.later(60);
    bare.read("prod", &["a", "b", "c", "d", "e", "f"]);
    assert_eq!((on(&bare).as_str(), rows(&bare.app).len()), ("i-d", 6));
    bare.later(60);
    bare.read("prod", &["d", "e", "f"]);
    assert_eq!((on(&bare).as_str(), rows(&bare.app).len()), ("i-d", 3));
    // Its own row goes: the cursor stays near, on a row that is there.
    bare.later(60);
    bare.read("prod", &["e", "f"]);
    assert_eq!(on(&bare), "i-e");
    bare.later(60);
    bare.read("prod", &[]);
    assert!(bare.app.selected().is_none());
}

#[test]
fn what_the_logbook_holds_is_in_the_tables_when_somebody_looks_and_not_before_the_first_frame() {
    let mut bare = Bare::with_profiles(&["prod"]);
    bare.read("prod", &["b", "d", "f"]);
    let opening = bare.app.opening.clone();
    let mut next = App::new(opening, bare.app.now);
    next.begin_on(bare.app.incident.clone());
    assert_eq!((next.incident.rows.len(), next.lists[&Screen::Instances].rows.len()), (3, 0));
    bare.app = next;
    bare.take(Message::Key(Key::char('2')));
    assert_eq!(rows(&bare.app).len(), 3);
}

#[test]
fn marks_stay_with_their_rows() {
    let mut bare = Bare::with_profiles(&["prod"]);
    bare.read("prod", &["b", "d"]);
    for key in ['2', ' ', ' '] {
        bare.take(Message::Key(Key::char(key)));
    }
    let marked = |bare: &Bare| bare.app.lists[&Screen::Instances].marked.len();
    assert_eq!(marked(&bare), 2);
    bare.later(60);
    bare.read("prod", &["a", "b", "c", "d"]);
    assert_eq!(marked(&bare), 2);
    bare.take(Message::Key(Key::char('k')));
    bare.take(Message::Key(Key::char('r')));
    let Some(Overlay::Plan(dialog)) = bare.app.overlays.last() else { panic!("no dialog") };
    assert_eq!(dialog.action.to_string(), "relaunch i-b i-d");
}

// --- rows and cells ---

#[test]
fn rows_stay_when_a_sweep_fails_and_go_only_after_a_whole_one() {
    let mut bare = Bare::with_profiles(&["prod"]);
    bare.read("prod", &["a", "b", "c"]);
    for fault in [
        Fault::Dark { detail: "no route".into() },
        Fault::TimedOut { after_ms: 12_000 },
        Fault::Garbled { detail: "html".into() },
        Fault::Throttled { code: "Throttling".into() },
        Fault::Denied { action: "ec2:DescribeInstances".into(), message: "no".into() },
        Fault::CredentialsExpired { code: "ExpiredToken".into() },
    ] {
        bare.later(120);
        let sweep = bare.sweep("prod");
        bare.page(&sweep, &["a"]);
        assert_eq!(bare.names().len(), 3, "a page is not the whole");
        bare.take(Message::Swept(sweep.0, Err(fault.clone())));
        // Where the service itself is in trouble it is asked once more, by id; that fails too.
        let by_id = bare.sweep("prod");
        if !by_id.1.ids.is_empty() {
            bare.take(Message::Swept(by_id.0, Err(fault.clone())));
        }
        assert_eq!(bare.names().len(), 3, "{fault}");
        let cell = &bare.app.incident.cells[&sweep.1.place];
        assert_eq!(cell.status, SweepStatus::Failed { error: fault });
    }
    bare.later(120);
    let sweep = bare.sweep("prod");
    bare.page(&sweep, &["a"]);
    bare.page(&sweep, &["c"]);
    assert_eq!(bare.names().len(), 3);
    bare.take(Message::Swept(sweep.0, Ok(())));
    assert_eq!(bare.names(), ["~prod a", "~prod c"]);
}

#[test]
fn a_ticket_that_nobody_waits_for_is_ignored() {
    let mut bare = Bare::with_profiles(&["prod"]);
    bare.read("prod", &["a"]);
    let old = bare.sweep("prod");
    let before = format!("{:?}", bare.app);
    for ticket in [old.0, Ticket(0), Ticket(u64::MAX)] {
        let effects = [
            bare.take(Message::Page(ticket, Page { resources: vec![instance(&old.1, "ghost")] })),
            bare.take(Message::Swept(ticket, Ok(()))),
            bare.take(Message::Answered(ticket, Err(Fault::TimedOut { after_ms: 1 }))),
            bare.take(Message::Performed(ticket, Err(Fault::TimedOut { after_ms: 1 }))),
        ];
        assert!(effects.iter().all(Vec::is_empty));
    }
    assert_eq!(format!("{:?}", bare.app), before);
}

#[test]
fn a_cell_is_never_asked_twice_at_once() {
    let mut bare = Bare::with_profiles(&["prod"]);
    let asked = bare.sweeps.len();
    assert_eq!(asked, 2 * 4 + 1, "two regions, and Route 53");
    bare.later(600);
    bare.take(Message::Key(Key::char('R')));
    bare.later(600);
    assert_eq!(bare.sweeps.len(), asked, "the black-holed ones still wait for their first answer");
    bare.read("prod", &["a"]);
    bare.later(60);
    assert_eq!(bare.sweeps.len(), asked + 1);
}

#[test]
fn a_clock_that_steps_back_takes_no_time_back() {
    let mut bare = Bare::with_profiles(&["prod"]);
    bare.read("prod", &["a"]);
    bare.later(30);
    let now = bare.app.now;
    bare.now = now - SignedDuration::from_hours(2);
    bare.take(Message::Tick);
    assert_eq!(bare.app.now, now);
    let place = bare.sweep("prod").1.place;
    assert!(bare.app.incident.cells[&place].last_ok.unwrap() <= bare.app.now);
    // And when it has caught up, everything is asked again.
    let asked = bare.sweeps.len();
    bare.now = now;
    bare.later(60);
    assert!(bare.sweeps.len() > asked || bare.app.schedule.values().all(|s| s.in_flight.is_some()));
}

#[test]
fn an_identity_that_comes_late_renames_its_own_rows_once() {
    let mut bare = Bare::with_profiles(&["prod", "staging"]);
    bare.read("prod", &["a", "b"]);
    bare.read("staging", &["a"]);
    assert_eq!(bare.names(), ["~prod a", "~prod b", "~staging a"]);
    bare.take(Message::Key(Key::char('2')));
    bare.take(Message::Key(Key::char('G')));
    let under_way = {
        bare.later(60);
        bare.sweep("prod")
    };
    let identity = |bare: &Bare, profile: &str| {
        let asked = bare.asks.iter().rev().find(|(_, query)| {
            matches!(query, blackstart::incident::request::Query::Identity { profile: p, .. } if p.0 == profile)
        });
        asked.unwrap().0
    };
    let answer = |number: &str| {
        Ok(blackstart::incident::request::Answer::Identity {
            account: Account(number.into()),
            arn: format!("arn:aws:iam::{number}:user/oncall"),
        })
    };
    let ticket = identity(&bare, "prod");
    bare.take(Message::Answered(ticket, answer("111111111111")));
    assert_eq!(bare.names(), ["111111111111 a", "111111111111 b", "~staging a"]);
    // The sweep that was under way when it came ends under the number.
    bare.page(&under_way, &["a"]);
    bare.take(Message::Swept(under_way.0, Ok(())));
    assert_eq!(bare.names(), ["111111111111 a", "~staging a"]);
    // Said again, or otherwise: once is once.
    bare.take(Message::Answered(ticket, answer("333333333333")));
    assert_eq!(bare.names(), ["111111111111 a", "~staging a"]);
    let ticket = identity(&bare, "staging");
    bare.take(Message::Answered(ticket, answer("222222222222")));
    assert_eq!(bare.names(), ["111111111111 a", "222222222222 a"]);
    assert!(bare.app.schedule.keys().all(|place| place.scope.account.is_verified()));
}

// --- plans ---

#[test]
fn the_safe_button_has_the_focus_and_a_wrong_text_never_confirms() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "1g");
    let hash = crew.insist(0, "m");
    let plan = app(&crew).ready_plan().unwrap().clone();
    assert!(plan.risk > Risk::Reversible);
    assert_eq!(app(&crew).dialog().unwrap().focus, Focus::Cancel);
    for wrong in ["y", "WWW", "ww", "wwww", "yes", "fitocracy.com"] {
        assert_ne!(wrong, plan.confirm);
        crew.type_in(0, wrong);
        crew.press(0, "<enter>");
        let dialog = app(&crew).dialog().expect("still asked");
        assert!(dialog.remark.as_ref().unwrap().contains(&plan.confirm), "{:?}", dialog.remark);
        crew.press(0, "<c-u>");
    }
    crew.take(0, Message::Confirm { plan: hash.clone(), typed: "wrong".into() });
    let other = blackstart::incident::hash::PlanHash("0".repeat(64));
    crew.take(0, Message::Confirm { plan: other, typed: plan.confirm.clone() });
    assert!(crew.kinds_of(0, &hash).iter().all(|kind| *kind == "proposed"));
    // Enter on nothing is the safe button.
    crew.press(0, "<enter>");
    assert!(app(&crew).dialog().is_none());
    assert_eq!(crew.kinds_of(0, &hash), ["proposed", "vetoed"]);
    crew.run_for(60);
    assert!(crew.seats[0].calls.is_empty());
}

#[test]
fn enter_on_a_reversible_plan_is_the_safe_button() {
    let mut crew = Crew::alone("quiet");
    crew.press(0, "4<esc>4");
    // Registering what is not registered yet is the one reversible plan of a quiet day.
    crew.press(0, "2/worker<enter>+");
    let plan = {
        crew.press(0, "<enter>");
        crew.wait_until(30, |crew| app(crew).ready_plan().is_some());
        app(&crew).ready_plan().cloned()
    };
    let Some(plan) = plan else { return };
    if plan.risk == Risk::Reversible {
        crew.press(0, "<enter>");
        assert_eq!(crew.kinds_of(0, &plan.hash), ["proposed", "vetoed"]);
    }
}

#[test]
fn a_stale_plan_is_read_again_and_confirmed_anew() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "1g");
    let stale = crew.insist(0, "m");
    let text = app(&crew).ready_plan().unwrap().confirm.clone();
    crew.run_for(62);
    crew.type_in(0, &text);
    crew.press(0, "<enter>");
    let dialog = app(&crew).dialog().expect("still asked");
    assert_eq!((dialog.typed.as_str(), dialog.focus), ("", Focus::Cancel));
    assert!(dialog.remark.as_ref().unwrap().contains("confirm again"));
    crew.run_for(10);
    let fresh = app(&crew).ready_plan().expect("made anew").hash.clone();
    assert_ne!(fresh, stale);
    assert!(!crew.kinds_of(0, &stale).contains(&"confirmed"));
    // A confirmation of the old one, however it comes, does not count.
    crew.take(0, Message::Confirm { plan: stale.clone(), typed: text.clone() });
    assert!(!app(&crew).busy());
    crew.type_in(0, &text);
    crew.press(0, "<enter>");
    assert!(app(&crew).busy());
    crew.run_for(120);
    assert_eq!(crew.seats[0].calls.len(), 1);
}

#[test]
fn what_is_typed_before_the_plan_is_shown_is_said_not_to_count() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "1gm");
    assert!(matches!(app(&crew).dialog().unwrap().planning, Planning::Gathering { .. }));
    crew.type_in(0, "www");
    crew.press(0, "<enter>");
    let early = "what was typed before the plan was shown does not count";
    assert_eq!(app(&crew).dialog().unwrap().remark.as_deref(), Some(early));
    assert!(crew.wait_until(60, |crew| app(crew).ready_plan().is_some()));
    let dialog = app(&crew).dialog().unwrap();
    assert_eq!((dialog.typed.as_str(), dialog.remark.as_deref()), ("", Some(early)));
    assert!(app(&crew).executions.is_empty());
    crew.type_in(0, "www");
    assert_eq!(app(&crew).dialog().unwrap().remark, None);
    crew.press(0, "<enter>");
    assert_eq!(app(&crew).executions.len(), 1);
}

#[test]
fn a_paste_before_the_plan_is_shown_confirms_nothing() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "1gm");
    assert!(matches!(app(&crew).dialog().unwrap().planning, Planning::Gathering { .. }));
    crew.take(0, Message::Paste("www\n".into()));
    crew.run_for(10);
    let plan = app(&crew).ready_plan().expect("a plan").clone();
    assert_eq!(app(&crew).dialog().unwrap().typed, "");
    crew.press(0, "<enter>");
    assert!(!app(&crew).busy());
    // Pasted under the plan it counts, once Enter is pressed.
    crew.press(0, "m");
    crew.run_for(10);
    crew.take(0, Message::Paste(plan.confirm.clone()));
    assert!(!app(&crew).busy());
    crew.press(0, "<enter>");
    assert!(app(&crew).busy());
}

#[test]
fn quitting_while_an_action_is_under_way_asks_to_wait() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "1g");
    crew.insist(0, "m");
    crew.confirm(0);
    crew.run_for(3);
    crew.press(0, "<esc>q");
    assert!(!app(&crew).quitting && app(&crew).leaving.is_none());
    assert!(app(&crew).notices.back().unwrap().text.contains("under way"));
    crew.run_for(120);
    crew.press(0, "q");
    assert!(app(&crew).quitting);
}

#[test]
fn pickers_narrow_as_one_types_and_choose_what_is_under_the_cursor() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "1ga");
    let labels = |crew: &Crew| match overlay(crew) {
        Some(Overlay::Picker(picker)) => {
            picker.shown.iter().map(|at| picker.choices[*at].label.clone()).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(labels(&crew), ["east", "west", "linode"]);
    crew.press(0, "<down><down><down><down><up>");
    let Some(Overlay::Picker(picker)) = overlay(&crew) else { panic!() };
    assert_eq!(picker.current().unwrap().label, "west");
    crew.type_in(0, "lin");
    assert_eq!(labels(&crew)[0], "linode");
    crew.type_in(0, "zzz");
    assert!(labels(&crew).is_empty());
    crew.press(0, "<enter>");
    assert!(matches!(overlay(&crew), Some(Overlay::Picker(_))), "there is nothing to choose");
    crew.press(0, "<c-u>");
    assert_eq!(labels(&crew).len(), 3);
    crew.take(0, Message::Paste("wes".into()));
    crew.press(0, "<enter>");
    assert_eq!(app(&crew).dialog().unwrap().action.to_string(), "apex www -> west");
}

#[test]
fn several_sites_are_asked_for_from_a_region() {
    let mut crew = Crew::alone("2012-storm");
    crew.press(0, "1Gm");
    let Some(Overlay::Picker(picker)) = overlay(&crew) else { panic!("{:?}", app(&crew).overlays) };
    let labels: Vec<_> = picker.choices.iter().map(|choice| choice.label.clone()).collect();
    assert_eq!(labels, ["www", "blog"]);
    crew.type_in(0, "www");
    crew.press(0, "<enter>");
    assert_eq!(app(&crew).dialog().unwrap().action.to_string(), "maintenance on www");
}

#[test]
fn prompts_write_what_was_typed_and_nothing_for_nothing() {
    let mut crew = Crew::alone("quiet");
    let notes = |crew: &Crew| {
        let note = |body: &Body| match body {
            Body::Note { text } => Some(text.clone()),
            _ => None,
        };
        crew.seats[0].disk.iter().filter_map(|entry| note(&entry.body)).collect::<Vec<_>>()
    };
    crew.press(0, "n<enter>n<space><space><enter>");
    assert!(notes(&crew).is_empty());
    crew.press(0, "n");
    crew.type_in(0, "ça va? 日本 ");
    crew.press(0, "<enter>");
    crew.press(0, "n");
    crew.take(0, Message::Paste("line one\nline two\u{1b}[31m".into()));
    crew.press(0, "<enter>");
    assert_eq!(notes(&crew), ["ça va? 日本", "line oneline two[31m"]);
    crew.press(0, "n");
    crew.type_in(0, "not this");
    crew.press(0, "<esc>");
    assert_eq!(notes(&crew).len(), 2);
    crew.press(0, "D");
    crew.type_in(0, "drill");
    crew.press(0, "<enter>");
    assert_eq!(app(&crew).incident.declared().unwrap().title, "drill");
    crew.press(0, "D<enter>");
    assert!(app(&crew).incident.declared().is_none());
    // The note that the disk refuses is kept like those after it.
    let mut broken = Crew::alone("quiet");
    broken.fill_disk_of(0);
    broken.press(0, "n");
    broken.type_in(0, "first");
    broken.press(0, "<enter>");
    broken.run_for(1);
    assert_eq!(app(&broken).kept_notes().collect::<Vec<_>>().len(), 1);
    assert!(app(&broken).not_recorded().is_empty());
    broken.press(0, "n");
    broken.type_in(0, "lost?");
    broken.press(0, "<enter>");
    assert!(notes(&broken).is_empty());
    assert!(app(&broken).notices.back().unwrap().text.contains("not written down"));
    assert_eq!(app(&broken).kept_notes().len(), 2);
    // An incident is declared where all can see it, or not at all: its name stays where it was typed.
    broken.press(0, "D");
    broken.type_in(0, "drill");
    broken.press(0, "<enter>");
    assert!(matches!(overlay(&broken), Some(Overlay::Prompt { input, .. }) if input == "drill"));
    assert!(app(&broken).incident.declared().is_none());
    broken.press(0, "<esc>");
    // A new strand that is refused in its turn keeps them as they were noted.
    broken.press(0, "L");
    broken.take(0, Message::Reopened(Ok(SessionId("20120630T040000Z-adam@jump-1-7".into()))));
    broken.run_for(1);
    let kept: Vec<String> = app(&broken).kept_notes().collect();
    assert!(
        matches!(&kept[..], [a, b] if a.ends_with("note: first") && b.ends_with("note: lost?")),
        "{kept:?}"
    );
    // The logbook takes lines again: the notes are among them, once, and nothing was lost.
    broken.press(0, "L");
    broken.free_disk_of(0);
    let written = notes(&broken);
    let dated = |note: &str, text: &str| {
        note.starts_with(&format!("{text} (noted at ")) && note.matches("noted").count() == 1
    };
    assert!(matches!(&written[..], [a, b] if dated(a, "first") && dated(b, "lost?")), "{written:?}");
    let told: Vec<&str> = app(&broken).incident.story.iter().map(|event| event.text.as_str()).collect();
    for text in ["first", "lost?"] {
        assert_eq!(told.iter().filter(|line| line.contains(text)).count(), 1, "{told:?}");
    }
    assert!(told.iter().any(|text| text.contains("nothing that people did since was lost")), "{told:?}");
    assert_eq!(app(&broken).kept_notes().len(), 0);
    assert!(
        app(&broken).notices.back().unwrap().text.contains("the 2 notes that were kept are written down")
    );
}

#[test]
fn a_time_that_is_none_is_said_so() {
    let mut crew = Crew::alone("quiet");
    crew.press(0, "3/point<space>in<enter>o");
    let Some(Overlay::Prompt { .. }) = overlay(&crew) else { panic!("{:?}", app(&crew).overlays) };
    crew.type_in(0, "yesterday");
    crew.press(0, "<enter>");
    assert!(app(&crew).notices.back().unwrap().text.contains("not a time"));
    assert!(app(&crew).dialog().is_none());
}

#[test]
fn a_key_without_a_code_of_its_own_edits_nothing() {
    let mut crew = Crew::alone("quiet");
    crew.press(0, "n");
    for code in [KeyCode::F(3), KeyCode::Insert, KeyCode::Home, KeyCode::Tab, KeyCode::Delete] {
        crew.take(0, Message::Key(Key::plain(code)));
    }
    crew.take(0, Message::Key(Key::new(KeyCode::Char('x'), false, true, false)));
    assert!(matches!(overlay(&crew), Some(Overlay::Prompt { input, .. }) if input.is_empty()));
}
