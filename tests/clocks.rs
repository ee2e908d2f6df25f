//! Clocks that disagree: a cockpit that opens on a logbook, or hears from others, whose times are ahead of its own.

use crate::crew::{Crew, opening};
use blackstart::app::message::{ClockNews, Effect, Message, Stamped};
use blackstart::app::{App, after_log};
use blackstart::incident::Incident;
use blackstart::incident::entry::{Body, Entry, Mode};
use jiff::{SignedDuration, Timestamp};

/// What adam's cockpit wrote on a quiet day.
fn written() -> Vec<Entry> {
    Crew::alone("quiet").seats.remove(0).disk
}

fn folded(entries: &[Entry]) -> Incident {
    let mut incident = Incident::default();
    entries.iter().for_each(|entry| incident.fold(entry));
    incident
}

/// Eve's cockpit on what was written, opened when the system's clock showed that.
fn eve(written: &[Entry], wall: Timestamp) -> App {
    let scenario = crate::crew::scenario("quiet", "");
    let mut app = App::new(opening(&scenario, "eve", Mode::Live, wall), wall);
    app.begin_on(folded(written));
    app
}

/// What it writes down when it is told that.
fn told(app: &mut App, at: Timestamp, message: Message) -> Vec<Entry> {
    let effects = app.update(Stamped { at, mono_ms: 0, message });
    let entries = effects.into_iter().filter_map(|effect| match effect {
        Effect::Record(entry) => Some(*entry),
        _ => None,
    });
    entries.collect()
}

fn clock(entries: &[Entry]) -> Vec<(i64, i64, i64)> {
    let clocks = entries.iter().filter_map(|entry| match entry.body {
        Body::Clock { stepped_s, stopped_s, behind_s } => Some((stepped_s, stopped_s, behind_s)),
        _ => None,
    });
    clocks.collect()
}

#[test]
fn a_cockpit_opened_after_the_clock_was_set_back_goes_on_from_where_the_logbook_ends() {
    let written = written();
    let latest = written.iter().map(|entry| entry.ts).max().unwrap();
    let wall = latest - SignedDuration::from_hours(1);
    let mut app = eve(&written, wall);
    let entries = told(&mut app, wall, Message::Start);
    assert_eq!(entries[0].body.kind(), "opened");
    assert_eq!(clock(&entries), [(0, 0, 3600)]);
    assert!(entries.iter().all(|entry| entry.ts >= latest), "{entries:?}");
    assert!(
        app.incident
            .story
            .iter()
            .any(|event| event.text.contains("the logbook is 1h ahead of the system clock of ")),
        "{:?}",
        app.incident.story.last()
    );
    assert_eq!(app.behind.as_secs(), 3600);
    // What is written without a cockpit goes on from there as well.
    assert_eq!(after_log(wall, &folded(&written)), latest);
    assert_eq!(
        after_log(latest + SignedDuration::from_secs(1), &folded(&written)).duration_since(latest).as_secs(),
        1
    );
}

#[test]
fn a_cockpit_whose_clock_is_right_is_not_told_of() {
    let written = written();
    let latest = written.iter().map(|entry| entry.ts).max().unwrap();
    for late_ms in [-1_500, 0, 60_000] {
        let wall = latest + SignedDuration::from_millis(late_ms);
        let mut app = eve(&written, wall);
        let entries = told(&mut app, wall, Message::Start);
        assert_eq!(clock(&entries), []);
        assert!(entries.iter().all(|entry| entry.ts >= latest));
    }
}

#[test]
fn an_entry_of_another_age_is_said_and_not_followed() {
    let written = written();
    let latest = written.iter().map(|entry| entry.ts).max().unwrap();
    let wall = latest - SignedDuration::from_hours(48);
    let mut app = eve(&written, wall);
    let entries = told(&mut app, wall, Message::Start);
    assert_eq!(entries[0].ts, wall);
    assert_eq!(clock(&entries), []);
    assert!(
        app.opening.complaints.iter().any(|text| text.contains("2d from now")),
        "{:?}",
        app.opening.complaints
    );
    assert_eq!(after_log(wall, &folded(&written)), wall);
}

#[test]
fn who_hears_from_a_clock_that_is_ahead_goes_on_from_there_and_tells_it_once() {
    let written = written();
    let latest = written.iter().map(|entry| entry.ts).max().unwrap();
    let mut app = eve(&written, latest);
    told(&mut app, latest, Message::Start);
    let heard = |ahead_s: i64, seq: u64| {
        let note = written.last().unwrap().clone();
        let ts = latest + SignedDuration::from_secs(ahead_s);
        let body = Body::Note { text: "from afar".into() };
        Message::Others(vec![Entry { ts, seq, body, ..note }])
    };
    let entries = told(&mut app, latest, heard(1_800, 1_000));
    assert_eq!(clock(&entries), [(0, 0, 1_800)]);
    assert!(entries.iter().all(|entry| entry.ts >= latest + SignedDuration::from_secs(1_800)));
    // A second more is no news; two days are somebody's mistake.
    assert_eq!(clock(&told(&mut app, latest, heard(1_801, 1_001))), []);
    assert_eq!(app.now, latest + SignedDuration::from_secs(1_801));
    assert_eq!(clock(&told(&mut app, latest, heard(200_000, 1_002))), []);
    assert_eq!(app.now, latest + SignedDuration::from_secs(1_801));
}

#[test]
fn whoever_shares_the_logbook_reads_which_session_stood_still() {
    let scenario = crate::crew::scenario("quiet", "");
    let at = written().iter().map(|entry| entry.ts).max().unwrap();
    for (mode, words) in [
        (Mode::Live, "the cockpit (eve@jump-1) stood still for 56s: everything is read again"),
        (Mode::Record, "record (eve@jump-1) stood still for 56s: everything is read again"),
    ] {
        let mut app = App::new(opening(&scenario, "eve", mode, at), at);
        let mut entries = told(&mut app, at, Message::Start);
        let (zero, stopped) = (SignedDuration::ZERO, SignedDuration::from_secs(56));
        let news = ClockNews { stepped: zero, leapt: zero, stopped, behind: zero };
        entries.extend(told(&mut app, at + stopped, Message::Clock(news)));
        let story = folded(&entries).story;
        assert!(story.iter().any(|event| event.text == words), "{story:?}");
    }
}
