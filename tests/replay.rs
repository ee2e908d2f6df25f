//! The log played back: any moment is the fold of the entries before it, time is the log's, and nothing gets out.

use crate::crew::{Crew, opening, scenario};
use blackstart::app::message::{Effect, Message, Stamped, Ticket};
use blackstart::app::{App, Replay, Screen};
use blackstart::incident::Incident;
use blackstart::incident::entry::{Entry, Mode};
use blackstart::incident::plan::Action;
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use std::sync::OnceLock;

/// The first two hours of the storm: long enough to have everything, short enough to fold a hundred times.
fn log() -> &'static [Entry] {
    static LOG: OnceLock<Vec<Entry>> = OnceLock::new();
    LOG.get_or_init(|| {
        let mut crew = Crew::on(scenario("2012-storm", ""));
        crew.sit("adam", Mode::Demo);
        crew.at_minute(46);
        crew.act(0, "m", 200);
        crew.press(0, "n");
        crew.type_in(0, "page is up");
        crew.press(0, "<enter>");
        crew.act(0, "u", 200);
        crew.run_for(300);
        crew.press(0, "q");
        crew.run_for(2);
        crew.seats.remove(0).disk
    })
}

fn folded(entries: &[Entry]) -> Incident {
    let mut incident = Incident::default();
    entries.iter().for_each(|entry| incident.fold(entry));
    incident
}

struct Player {
    app: App,
    wall: Timestamp,
    mono_ms: u64,
    effects: Vec<Effect>,
}

impl Player {
    fn at(at: Option<Timestamp>) -> Self {
        // The reader's own clock is years later than the log.
        let wall: Timestamp = "2026-01-02T03:04:05Z".parse().unwrap();
        let quiet = scenario("2012-storm", "");
        let mut app = App::new(opening(&quiet, "reader", Mode::Replay, wall), wall);
        app.replay_from(Replay::new(log().to_vec()), at);
        Self { app, wall, mono_ms: 0, effects: Vec::new() }
    }

    fn take(&mut self, message: Message) {
        let stamped = Stamped { at: self.wall, mono_ms: self.mono_ms, message };
        self.effects.extend(self.app.update(stamped));
    }

    fn wait_ms(&mut self, ms: u64) {
        self.mono_ms += ms;
        self.wall += SignedDuration::from_millis(i64::try_from(ms).unwrap());
        self.take(Message::Tick);
    }

    fn press(&mut self, keys: &str) {
        for key in keys.parse::<blackstart::app::keys::KeySequence>().unwrap().0 {
            self.take(Message::Key(key));
        }
    }

    fn replay(&self) -> &Replay {
        self.app.replay.as_ref().unwrap()
    }

    fn position(&self) -> usize {
        self.replay().position
    }

    #[track_caller]
    fn assert_is_a_fold(&self) {
        let position = self.position();
        assert!(self.app.incident == folded(&log()[..position]), "not the fold of the first {position}");
        assert_eq!(self.app.now, self.replay().at, "the time shown is not the log's");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_moment_is_the_fold_of_what_came_before(share in 0.0..1.05_f64) {
        let (first, last) = Replay::new(log().to_vec()).bounds().unwrap();
        let at = first + SignedDuration::from_secs_f64(last.duration_since(first).as_secs_f64() * share);
        let player = Player::at(Some(at));
        let upto: Vec<Entry> = log().iter().filter(|entry| entry.ts <= at).cloned().collect();
        prop_assert_eq!(player.position(), upto.len());
        prop_assert!(player.app.incident == folded(&upto));
        prop_assert_eq!(player.app.now, at);
    }

    #[test]
    fn however_one_gets_there_it_is_the_same_place(keys in proptest::collection::vec(0..9_usize, 1..40)) {
        let mut player = Player::at(None);
        for key in keys {
            player.press(["]", "[", ".", ",", "n", "p", "<right>", "<left>", ">"][key]);
        }
        player.assert_is_a_fold();
    }

    #[test]
    fn nothing_gets_out_of_a_replay(keys in proptest::collection::vec(any::<char>(), 0..60), which in 0..7_usize) {
        let mut player = Player::at(None);
        for key in keys {
            player.take(Message::Key(blackstart::app::keys::Key::char(key)));
        }
        let message = match which {
            0 => Message::Start,
            1 => Message::Act(Action::MaintenanceOn { site: "www".into(), via: None }),
            2 => Message::Others(log()[..3].to_vec()),
            3 => Message::Recorded(7),
            4 => Message::RecordFailed("full".into()),
            5 => Message::Swept(Ticket(1), Ok(())),
            _ => Message::Confirm { plan: blackstart::incident::hash::PlanHash("x".into()), typed: "www".into() },
        };
        player.take(message);
        player.wait_ms(1000);
        for effect in &player.effects {
            prop_assert!(matches!(effect, Effect::Quit | Effect::Copy(_)), "{effect:?}");
        }
        player.assert_is_a_fold();
    }
}

#[test]
fn a_step_back_undoes_a_step_forward_everywhere() {
    let mut player = Player::at(Some(log()[0].ts));
    while player.position() < log().len().min(400) {
        let (position, incident) = (player.position(), player.app.incident.clone());
        player.press(".");
        assert_eq!(player.position(), position + 1);
        if position % 40 == 0 {
            player.press(",");
            assert_eq!(player.position(), position.max(1));
            assert!(player.app.incident == incident);
            player.press(".");
        }
    }
    player.assert_is_a_fold();
    // At the ends, a step goes nowhere.
    let mut player = Player::at(None);
    player.press(".");
    assert_eq!(player.position(), log().len());
    let mut player = Player::at(Some(log()[0].ts));
    player.press(",,,");
    assert_eq!(player.position(), 1);
}

#[test]
fn one_leaps_from_action_to_action_and_back() {
    let mut player = Player::at(Some(log()[0].ts));
    let mut met = Vec::new();
    for _ in 0..30 {
        let before = player.position();
        player.press("n");
        if player.position() == before {
            break;
        }
        met.push(player.position());
        player.assert_is_a_fold();
    }
    let kinds: Vec<&str> = met.iter().map(|at| log()[at - 1].body.kind()).collect();
    assert_eq!(kinds, ["proposed", "confirmed", "note", "proposed", "confirmed"]);
    assert_eq!(player.app.notices.back().unwrap().text, "no later action");
    let mut back = vec![player.position()];
    for _ in 1..met.len() {
        player.press("p");
        back.push(player.position());
    }
    back.reverse();
    assert_eq!(back, met);
}

#[test]
fn it_plays_at_its_speed_and_stops_at_the_end() {
    let (first, last) = Replay::new(log().to_vec()).bounds().unwrap();
    let mut player = Player::at(Some(first));
    player.wait_ms(5_000);
    assert_eq!(player.app.now, first, "time stands until it plays");
    player.press("<space>");
    player.wait_ms(2_000);
    assert_eq!(player.app.now, first + SignedDuration::from_secs(2));
    player.press(">>");
    assert_eq!(player.replay().speed, 5);
    player.wait_ms(2_000);
    assert_eq!(player.app.now, first + SignedDuration::from_secs(12));
    player.assert_is_a_fold();
    player.press("<lt>");
    assert_eq!(player.replay().speed, 2);
    player.press("<space>");
    player.wait_ms(60_000);
    assert_eq!(player.app.now, first + SignedDuration::from_secs(12), "it holds still");
    player.press("<space>");
    player.press(">>>>>>>>>>");
    assert_eq!(player.replay().speed, 1800);
    for _ in 0..20 {
        player.wait_ms(1_000);
    }
    assert!(!player.replay().playing);
    assert_eq!((player.app.now, player.position()), (last, log().len()));
    player.assert_is_a_fold();
    // Playing again begins anew.
    player.press("<space>");
    assert!(player.position() < 3 && player.replay().playing);
}

#[test]
fn keys_do_not_age_what_is_shown() {
    let at = log()[log().len() / 2].ts;
    let mut player = Player::at(Some(at));
    player.press("2");
    let rows = |player: &Player| {
        let app = &player.app;
        app.lists[&Screen::Instances].rows.iter().map(|r| app.cells(Screen::Instances, r)).collect::<Vec<_>>()
    };
    let before = rows(&player);
    assert!(before.len() > 8);
    player.wait_ms(1_000);
    player.press("jjk");
    assert_eq!(player.app.now, at);
    assert_eq!(rows(&player), before);
    // What it says to its reader goes away by the reader's clock.
    player.press("m");
    let refused = player.app.notices.is_empty();
    player.press(":");
    player.press("<esc>");
    player.take(Message::LogComplaint("a torn line".into()));
    player.wait_ms(2_000);
    assert_eq!(player.app.notices.back().unwrap().text, "a torn line", "{refused}");
    player.wait_ms(9_000);
    assert!(player.app.notices.is_empty());
}

#[test]
fn the_screens_work_and_actions_do_not() {
    let mut player = Player::at(None);
    for (key, screen) in ["1", "2", "3", "4", "5", "6"].into_iter().zip(Screen::ALL) {
        player.press(key);
        assert_eq!(player.app.screen, screen);
        assert!(!player.app.lists[&screen].rows.is_empty(), "{screen:?} is empty");
    }
    player.press("2<enter>");
    assert_eq!(player.app.overlays.len(), 1);
    player.press("<esc>y");
    assert!(matches!(player.effects.as_slice(), [Effect::Copy(_)]));
    player.effects.clear();
    for key in ["a", "r", "t", "o", "u", "D", "R"] {
        player.press(key);
        assert!(player.app.overlays.is_empty(), "{key} opened something");
    }
    // The palette offers what can be done here and nothing else.
    player.press(":");
    let Some(blackstart::app::Overlay::Palette(picker)) = player.app.overlays.last() else {
        panic!("no palette")
    };
    assert!(picker.choices.iter().any(|choice| choice.label == "next-action"));
    assert!(!picker.choices.iter().any(|choice| choice.label == "maintenance"));
    player.press("<esc>q");
    assert_eq!(player.effects, [Effect::Quit]);
}

#[test]
fn an_empty_log_replays_to_nothing_and_does_not_fall() {
    let quiet = scenario("quiet", "");
    let mut app = App::new(opening(&quiet, "reader", Mode::Replay, quiet.start), quiet.start);
    app.replay_from(Replay::new(Vec::new()), None);
    for key in "nNpP.,[]<>+- 123456q".chars() {
        let message = Message::Key(blackstart::app::keys::Key::char(key));
        app.update(Stamped { at: quiet.start, mono_ms: 5, message });
    }
    assert!(app.quitting);
}
