//! A cell that fails: when the story tells of it, and when it is asked again.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::app::message::Message;
use crate::app::turns::tests::{Desk, place};
use crate::app::{NextAsked, Screen};
use crate::incident::Incident;
use crate::incident::entry::Entry;

const REGION: &str = "us-east-1";

fn dark() -> Fault {
    Fault::Dark { detail: "connection refused".into() }
}

/// Plays second by second; what is asked of these places fails so, everything else answers. Gives what was recorded.
fn play(desk: &mut Desk, seconds: i64, failing: &[(Place, Fault)]) -> Vec<Entry> {
    let mut recorded = Vec::new();
    for _ in 0..seconds {
        desk.now += SignedDuration::from_secs(1);
        let mut effects = desk.take(Message::Tick);
        for (place, fault) in failing {
            if let Some((ticket, _)) = desk.app.schedule[place].in_flight {
                effects.extend(desk.take(Message::Swept(ticket, Err(fault.clone()))));
            }
        }
        desk.answer_all(|_| 1);
        recorded.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Record(entry) => Some(*entry),
            _ => None,
        }));
    }
    recorded
}

fn asked_within(desk: &Desk, place: &Place) -> i64 {
    match desk.app.next_asked(place) {
        Some(NextAsked::In(seconds)) => seconds,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_story_tells_of_a_failing_cell_when_its_minute_is_over_and_not_when_the_next_answer_comes() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    // Long enough for the back-off to be at its longest, where nobody looks.
    desk.app.screen = Screen::Log;
    let recorded = play(&mut desk, 120, &[(ec2.clone(), dark())]);
    let since = desk.app.incident.cells[&ec2].since;
    let told: Vec<&Entry> = recorded.iter().filter(|e| matches!(e.body, Body::Failing { .. })).collect();
    let [entry] = told[..] else { panic!("{told:?}") };
    assert_eq!(entry.ts, since + SignedDuration::from_secs(60), "a minute is a minute");
    let at = since.strftime("%H:%M:%S");
    let line = format!("us-east-1 ec2 dark since {at}: unreachable: connection refused");
    let texts = |incident: &Incident| -> Vec<String> {
        incident.story.iter().map(|event| event.text.clone()).filter(|text| text.contains("ec2")).collect()
    };
    assert_eq!(texts(&desk.app.incident), std::slice::from_ref(&line));
    assert_eq!(desk.app.incident.story.last().unwrap().ts, entry.ts);
    // Whoever reads the log, for a replay or the report, is told the same at the same moment.
    let mut again = Incident::default();
    recorded.iter().for_each(|entry| again.fold(entry));
    assert_eq!(texts(&again), [line]);
    assert_eq!(again.story.last().unwrap().ts, entry.ts);
}

#[test]
fn a_cell_that_answers_within_the_minute_leaves_no_line() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    play(&mut desk, 40, &[(ec2.clone(), dark())]);
    assert!(!desk.app.incident.cells[&ec2].is_ok());
    play(&mut desk, 90, &[]);
    assert!(desk.app.incident.cells[&ec2].is_ok());
    assert!(!desk.app.incident.story.iter().any(|event| event.text.contains("ec2")));
}

#[test]
fn what_somebody_else_found_failing_last_night_is_not_told_before_it_is_asked() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    play(&mut desk, 70, &[(ec2.clone(), dark())]);
    let mut other = Desk::new(&[REGION]);
    other.app.incident = desk.app.incident.clone();
    other.app.incident.cells.get_mut(&ec2).unwrap().told = false;
    other.app.opening.session = SessionId("other".into());
    other.now += SignedDuration::from_secs(90);
    let effects = other.take(Message::Tick);
    assert!(
        !effects.iter().any(|e| matches!(e, Effect::Record(e) if matches!(e.body, Body::Failing { .. })))
    );
}

#[test]
fn a_failing_cell_in_sight_backs_off_no_further_than_a_quarter_of_a_minute() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let (ec2, rds) = (place(REGION, Service::Ec2), place(REGION, Service::Rds));
    let failing = [(ec2.clone(), dark()), (rds.clone(), Fault::Throttled { code: "Throttling".into() })];
    let mut longest = BTreeMap::new();
    for screen in [Screen::Log, Screen::Board] {
        desk.app.screen = screen;
        play(&mut desk, 200, &failing);
        for _ in 0..200 {
            play(&mut desk, 1, &failing);
            for place in [&ec2, &rds] {
                let most: &mut i64 = longest.entry((screen, place.service)).or_default();
                *most = asked_within(&desk, place).max(*most);
            }
        }
    }
    assert!(longest[&(Screen::Log, Service::Ec2)] >= BACK_OFF_MOST_S - 1, "{longest:?}");
    let in_sight = longest[&(Screen::Board, Service::Ec2)];
    assert!((10..=BACK_OFF_IN_SIGHT_MOST_S * 5 / 4).contains(&in_sight), "{longest:?}");
    // To ask sooner where AWS says to slow down would make it worse.
    assert!(longest[&(Screen::Board, Service::Rds)] >= BACK_OFF_MOST_S - 1, "{longest:?}");
}

#[test]
fn one_service_that_is_back_has_the_others_of_its_region_asked_at_once() {
    let mut desk = Desk::new(&[REGION, "us-west-2"]);
    desk.answer_all(|_| 1);
    let [ec2, rds] = [Service::Ec2, Service::Rds].map(|service| place(REGION, service));
    let west = place("us-west-2", Service::Rds);
    desk.app.screen = Screen::Log;
    let all = [(ec2.clone(), dark()), (rds.clone(), dark()), (west.clone(), dark())];
    play(&mut desk, 300, &all);
    while asked_within(&desk, &rds) < 20 || asked_within(&desk, &west) < 20 {
        play(&mut desk, 1, &all);
    }
    desk.app.refresh_place(&ec2);
    play(&mut desk, 2, &all[1..]);
    assert!(desk.app.incident.cells[&ec2].is_ok());
    assert_eq!(desk.app.incident.cells[&rds].last_attempt, desk.now, "it was asked at once");
    assert!(asked_within(&desk, &west) >= 15, "another region has to prove itself");
}

#[test]
fn what_is_refreshed_while_it_is_being_asked_is_asked_again_when_that_is_answered() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    desk.app.refresh_place(&ec2);
    desk.now += SignedDuration::from_secs(1);
    desk.take(Message::Tick);
    let (first, _) = desk.app.schedule[&ec2].in_flight.expect("it is asked");
    // Whatever the answer was read from is older than the key.
    desk.app.refresh_all();
    desk.take(Message::Swept(first, Err(dark())));
    desk.take(Message::Tick);
    let (second, _) = desk.app.schedule[&ec2].in_flight.expect("it is asked again without a back-off");
    assert_ne!(first, second);
    desk.take(Message::Swept(second, Err(dark())));
    desk.take(Message::Tick);
    assert_eq!(desk.app.schedule[&ec2].in_flight, None, "once for once");
}

/// Plays on; every so many-th reading of a place fails, everything else answers. Gives what was recorded.
fn play_flapping(desk: &mut Desk, seconds: i64, place: &Place, every: usize) -> Vec<Entry> {
    let (mut recorded, mut readings) = (Vec::new(), 0);
    for _ in 0..seconds {
        desk.now += SignedDuration::from_secs(1);
        let mut effects = desk.take(Message::Tick);
        if let Some((ticket, _)) = desk.app.schedule[place].in_flight {
            readings += 1;
            let result = if readings % every == 0 { Err(dark()) } else { Ok(()) };
            effects.extend(desk.take(Message::Swept(ticket, result)));
        }
        desk.answer_all(|_| 1);
        recorded.extend(effects.into_iter().filter_map(|effect| match effect {
            Effect::Record(entry) => Some(*entry),
            _ => None,
        }));
    }
    recorded
}

fn flapping(recorded: &[Entry]) -> Vec<&Entry> {
    recorded.iter().filter(|entry| matches!(entry.body, Body::Flapping { .. })).collect()
}

fn ec2_lines(incident: &Incident) -> Vec<&str> {
    incident.story.iter().map(|event| event.text.as_str()).filter(|text| text.contains("ec2")).collect()
}

#[test]
fn a_cell_that_fails_every_second_reading_is_told_once_as_flapping_and_once_as_steady() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    let mut recorded = play_flapping(&mut desk, 3600, &ec2, 2);
    let first = recorded.iter().find_map(|entry| match &entry.body {
        Body::Observed { status: Some(SweepStatus::Failed { .. }), .. } => Some(entry.ts),
        _ => None,
    });
    let told = flapping(&recorded);
    let [told] = told[..] else { panic!("{told:?}") };
    assert!(told.ts.duration_since(first.unwrap()).as_secs() < 90, "{told:?}");
    let since = first.unwrap().strftime("%H:%M:%S");
    let line = format!(
        "us-east-1 ec2 flapping since {since}: 3 of 5 readings failed, now dark: unreachable: connection refused"
    );
    assert_eq!(ec2_lines(&desk.app.incident), [line.as_str()]);
    assert!(desk.app.incident.cells[&ec2].flapping.is_some());
    // Five minutes without a failure.
    let steady = play_flapping(&mut desk, 240, &ec2, usize::MAX);
    assert!(flapping(&steady).is_empty());
    recorded.extend(steady);
    recorded.extend(play_flapping(&mut desk, 90, &ec2, usize::MAX));
    assert_eq!(flapping(&recorded).len(), 2);
    let lines = ec2_lines(&desk.app.incident);
    assert!(lines.len() == 2, "{lines:#?}");
    let after = "us-east-1 ec2 steady for 5m, after flapping for ";
    assert!(lines[1].starts_with(after), "{lines:#?}");
    assert_eq!(desk.app.incident.cells[&ec2].flapping, None);
    // Whoever reads the log is told the same.
    let mut again = Incident::default();
    recorded.iter().for_each(|entry| again.fold(entry));
    assert_eq!(ec2_lines(&again), lines);
}

#[test]
fn an_outage_that_was_told_and_ended_does_not_count_as_flapping() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    play_flapping(&mut desk, 40, &ec2, 2);
    play(&mut desk, 90, &[(ec2.clone(), dark())]);
    play(&mut desk, 30, &[]);
    assert_eq!(ec2_lines(&desk.app.incident).len(), 2, "it is told, and its end");
    let ended = desk.app.incident.cells[&ec2].since;
    // Whoever heard of it counts as little.
    let mut other = Desk::new(&[REGION]);
    other.app.opening.session = SessionId("other".into());
    other.now = desk.now;
    for desk in [&mut desk, &mut other] {
        let recorded = play_flapping(desk, 300, &ec2, 2);
        let told = flapping(&recorded);
        let [Entry { body: Body::Flapping { flapping: Some(flapping), .. }, .. }] = told[..] else {
            panic!("{told:?}")
        };
        assert!(flapping.since > ended, "{flapping:?}, ended {ended}");
        assert_eq!((flapping.failed, flapping.readings), (3, 5));
    }
}

#[test]
fn that_a_cell_flaps_is_told_again_when_the_logbook_that_refused_it_is_open_again() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    let mut log = Incident::default();
    play_flapping(&mut desk, 40, &ec2, 2).iter().for_each(|entry| log.fold(entry));
    desk.take(Message::RecordFailed("disk full".into()));
    assert!(play_flapping(&mut desk, 120, &ec2, 2).is_empty(), "nothing is recorded");
    let lines = |app: &App| ec2_lines(&app.incident).join("\n");
    assert!(
        lines(&desk.app).starts_with("NOT RECORDED: us-east-1 ec2 flapping since "),
        "{}",
        lines(&desk.app)
    );
    let reopened = desk.take(Message::Reopened(Ok(SessionId("again".into()))));
    for effect in reopened {
        if let Effect::Record(entry) = effect {
            log.fold(&entry);
        }
    }
    assert!(lines(&desk.app).starts_with("us-east-1 ec2 flapping since "), "{}", lines(&desk.app));
    assert_eq!(log.cells[&ec2].flapping, desk.app.incident.cells[&ec2].flapping);
    assert_eq!(ec2_lines(&log).len(), 1);
    // That it is over while nothing is recorded is told afterwards.
    desk.take(Message::RecordFailed("disk full".into()));
    play_flapping(&mut desk, 400, &ec2, usize::MAX);
    assert!(!lines(&desk.app).contains("steady"), "{}", lines(&desk.app));
    desk.take(Message::Reopened(Ok(SessionId("and again".into()))));
    play_flapping(&mut desk, 30, &ec2, usize::MAX).iter().for_each(|entry| log.fold(entry));
    assert_eq!((desk.app.incident.cells[&ec2].flapping, log.cells[&ec2].flapping), (None, None));
    assert!(lines(&desk.app).contains("ec2 steady for "), "{}", lines(&desk.app));
}

#[test]
fn a_cell_that_fails_now_and_then_does_not_flap() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    assert!(flapping(&play_flapping(&mut desk, 3600, &ec2, 15)).is_empty());
    assert!(ec2_lines(&desk.app.incident).is_empty());
}

#[test]
fn a_cell_that_flapped_and_then_is_down_is_down_and_not_steady_when_it_answers() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    play_flapping(&mut desk, 200, &ec2, 2);
    play(&mut desk, 400, &[(ec2.clone(), dark())]);
    play(&mut desk, 60, &[]);
    let lines = ec2_lines(&desk.app.incident);
    assert_eq!(lines.len(), 3, "{lines:#?}");
    assert!(lines[1].contains(" dark since ") && lines[2].contains(" answers again after "), "{lines:#?}");
    assert_eq!(desk.app.incident.cells[&ec2].flapping, None);
    play(&mut desk, 400, &[]);
    assert_eq!(ec2_lines(&desk.app.incident).len(), 3);
}

#[test]
fn who_hears_that_a_cell_flaps_does_not_tell_it_again_and_counts_what_is_heard() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    let first = play_flapping(&mut desk, 68, &ec2, 2);
    assert!(flapping(&first).is_empty() && !first.is_empty());
    let mut other = Desk::new(&[REGION]);
    other.app.opening.session = SessionId("other".into());
    other.now = desk.now;
    other.take(Message::Others(first.clone()));
    // The third failing is its own.
    let counted = play_flapping(&mut other, 30, &ec2, 2);
    assert_eq!(flapping(&counted).len(), 1, "{counted:#?}");
    desk.take(Message::Others(counted));
    assert!(flapping(&play_flapping(&mut desk, 300, &ec2, 2)).is_empty());
    assert_eq!(ec2_lines(&desk.app.incident).len(), 1);
}

#[test]
fn a_sweep_that_turned_slow_or_fast_again_is_an_entry_so_that_whoever_does_not_read_knows() {
    let mut desk = Desk::new(&[REGION]);
    desk.answer_all(|_| 1);
    let ec2 = place(REGION, Service::Ec2);
    let mut log = Incident::default();
    // Milliseconds that each sweep takes, whether that is an entry, and how slow it is by the log.
    for (takes, is_news, slow) in [
        (300, false, None),
        (2_100, true, Some(2_100)),
        (1_800, false, Some(2_100)),
        (4_000, false, Some(2_100)),
        (1_400, true, None),
        (1_900, false, None),
    ] {
        desk.app.refresh_place(&ec2);
        desk.take(Message::Tick);
        let (ticket, _) = desk.app.schedule[&ec2].in_flight.unwrap();
        desk.now += SignedDuration::from_millis(takes);
        let effects = desk.take(Message::Swept(ticket, Ok(())));
        let entries: Vec<&Entry> = effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Record(entry) => Some(&**entry),
                _ => None,
            })
            .collect();
        assert_eq!(!entries.is_empty(), is_news, "{takes}: {entries:?}");
        entries.iter().for_each(|entry| log.fold(entry));
        assert_eq!(log.cells.get(&ec2).and_then(Cell::slow), slow, "{takes}");
        let shown = slow.map(|_| u64::try_from(takes).unwrap());
        assert_eq!(desk.app.incident.cells[&ec2].slow(), shown, "{takes}: whoever reads knows by the sweep");
    }
    assert!(ec2_lines(&desk.app.incident).is_empty(), "it is no line of the story");
}
