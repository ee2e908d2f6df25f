//! Readers that are not heard: a disk that is full for everybody or for one, a cockpit that hangs. Whoever left reading to
//! them reads for themselves before their screen is old. Virtual time, one simulated world, no thread.

use crate::crew::{Crew, opening, scenario};
use blackstart::app::LogState;
use blackstart::app::message::{Effect, Message};
use blackstart::incident::cell::ProbeSubject;
use blackstart::incident::entry::{Body, Mode};
use blackstart::incident::place::{Region, Service};
use jiff::{SignedDuration, Timestamp};

/// Seconds between a sweep and the next at most: the pause and its jitter.
const PAUSE_S: i64 = 15 * 5 / 4;
/// Seconds in which a disk is noticed that is full: seven of doubt, a tick, and what the sweeps before and after it take.
const NOTICED_S: i64 = 13;

/// `record` and so many cockpits beside it, all of them at rest.
fn beside_record(cockpits: usize) -> Crew {
    let mut crew = Crew::on(scenario("quiet", ""));
    crew.sit("blackstart", Mode::Record);
    for at in 0..cockpits {
        crew.run_for(1);
        crew.sit(&format!("user{at}"), Mode::Live);
    }
    crew.run_for(90);
    for seat in 1..=cockpits {
        let app = &crew.seats[seat].app;
        assert!(app.schedule.keys().all(|place| app.reader(place).as_deref() == Some("record")));
    }
    crew
}

fn sweeps_since(crew: &Crew, seat: usize, since: Timestamp) -> usize {
    let sweeps = |(at, effect): &&(Timestamp, Effect)| *at >= since && matches!(effect, Effect::Sweep(..));
    crew.seats[seat].effects.iter().filter(sweeps).count()
}

/// The oldest that a cell of EC2 and the balancers is on a screen, in seconds. (Databases at rest and Route 53 are asked less
/// often by everybody.)
fn oldest(crew: &Crew, seat: usize) -> i64 {
    let app = &crew.seats[seat].app;
    let cells = app.schedule.keys().filter(|place| !matches!(place.service, Service::Rds | Service::Route53));
    let ages =
        cells.map(|place| crew.now.duration_since(app.incident.cells[place].last_ok.unwrap()).as_secs());
    ages.max().unwrap()
}

/// Plays on; the oldest cell at any moment on any of these screens.
fn oldest_while(crew: &mut Crew, seconds: i64, seats: &[usize]) -> i64 {
    let mut most = 0;
    for _ in 0..seconds {
        crew.run_for(1);
        most = seats.iter().map(|seat| oldest(crew, *seat)).fold(most, i64::max);
    }
    most
}

fn leaves_nothing(crew: &Crew, seat: usize) -> bool {
    let app = &crew.seats[seat].app;
    app.schedule.keys().all(|place| app.left_to(place).is_none())
}

/// Seconds until something holds.
fn seconds_until(crew: &mut Crew, most: i64, mut holds: impl FnMut(&Crew) -> bool) -> i64 {
    let since = crew.now;
    while !holds(crew) {
        crew.run_for(1);
        assert!(crew.now.duration_since(since).as_secs() <= most, "not within {most} s");
    }
    crew.now.duration_since(since).as_secs()
}

#[test]
fn on_a_disk_that_is_full_for_all_each_reads_for_itself_before_its_screen_is_old() {
    // Whenever the disk fills up between two heartbeats.
    for moment in 0..5 {
        let mut crew = beside_record(3);
        crew.run_for(moment);
        let everybody = [0, 1, 2, 3];
        everybody.iter().for_each(|seat| crew.fill_disk_of(*seat));
        let full = crew.now;
        let mut most = 0;
        for _ in 0..180 {
            most = most.max(oldest_while(&mut crew, 1, &everybody));
            if crew.now.duration_since(full).as_secs() == 12 {
                for seat in everybody {
                    let app = &crew.seats[seat].app;
                    assert!(matches!(app.log, LogState::Refused(_)), "seat {seat} does not know yet");
                    assert!(leaves_nothing(&crew, seat), "seat {seat} waits for others");
                }
            }
        }
        println!("moment {moment}: oldest {most} s");
        assert!(most <= PAUSE_S + NOTICED_S, "{most}");
        // What is probed is probed by each, too, and not only when patience with the news of the others is over.
        for seat in everybody {
            let is_site = |effect: &Effect| matches!(effect, Effect::Probe(_, probe) if matches!(probe.subject, ProbeSubject::Site(_)));
            let soon = full + SignedDuration::from_secs(15);
            let probed =
                crew.seats[seat].effects.iter().any(|(at, it)| (full..=soon).contains(at) && is_site(it));
            assert!(probed, "seat {seat} left the sites to others");
        }
    }
}

#[test]
fn a_reader_whose_disk_alone_refuses_is_overtaken_by_the_next() {
    let mut crew = beside_record(3);
    crew.fill_disk_of(0);
    let full = crew.now;
    let took = seconds_until(&mut crew, 20, |crew| leaves_nothing(crew, 1));
    let most = oldest_while(&mut crew, 240, &[0, 1, 2, 3]);
    println!("taken over after {took} s, oldest {most} s");
    assert!(took <= 13, "{took}");
    assert!(most <= PAUSE_S + 13 + 5, "{most}");
    // One goes on, not all; and nobody else was refused.
    let cells = crew.seats[1].app.schedule.len();
    let others = sweeps_since(&crew, 2, full) + sweeps_since(&crew, 3, full);
    assert!(others <= cells / 2, "{others} sweeps by others than the next");
    for seat in 1..=3 {
        assert_eq!(crew.seats[seat].app.log, LogState::Writing);
    }
    // There is room again: it reads first, as before.
    crew.free_disk_of(0);
    crew.run_for(60);
    for seat in 1..=3 {
        let app = &crew.seats[seat].app;
        assert!(app.schedule.keys().all(|place| app.reader(place).as_deref() == Some("record")));
    }
}

#[test]
fn who_cannot_write_leaves_reading_to_whoever_is_still_heard() {
    let mut crew = beside_record(1);
    crew.fill_disk_of(1);
    crew.press(1, "n");
    crew.type_in(1, "is anybody there");
    crew.press(1, "<enter>");
    crew.run_for(30);
    let app = &crew.seats[1].app;
    assert!(matches!(app.log, LogState::Refused(_)));
    assert!(app.schedule.keys().all(|place| app.reader(place).as_deref() == Some("record")));
    let since = crew.now;
    let most = oldest_while(&mut crew, 30, &[1]);
    assert_eq!(sweeps_since(&crew, 1, since), 0, "what is heard is not asked");
    // The other takes itself to be alone after a while, and tells less often: then one asks for oneself.
    let most = most.max(oldest_while(&mut crew, 300, &[1]));
    assert!(most <= PAUSE_S + NOTICED_S, "{most}");
    // Then the other is refused too, and there is no line of ours to learn it by.
    crew.fill_disk_of(0);
    let took = seconds_until(&mut crew, 15, |crew| leaves_nothing(crew, 1));
    assert!(took <= 8, "{took}");
    assert!(oldest_while(&mut crew, 120, &[1]) <= PAUSE_S + NOTICED_S);
}

#[test]
fn a_reader_with_nothing_to_tell_is_heard() {
    // One region: whole pauses go by in which no cell is read.
    let mut crew = Crew::on(scenario("quiet", ""));
    for user in ["adam", "daniel"] {
        let mut opening = opening(crew.world.scenario(), user, Mode::Live, crew.now);
        opening.regions = vec![Region::new("eu-west-1")];
        crew.sit_with(opening);
        crew.run_for(1);
    }
    crew.run_for(60);
    let since = crew.now;
    crew.run_for(600);
    assert_eq!(sweeps_since(&crew, 1, since), 0);
    let beats: Vec<Timestamp> = crew.seats[0]
        .disk
        .iter()
        .filter(|entry| entry.ts >= since && matches!(entry.body, Body::Heartbeat { .. }))
        .map(|entry| entry.ts)
        .collect();
    assert!(beats.windows(2).all(|pair| pair[1].duration_since(pair[0]).as_secs() <= 6), "{beats:?}");
    // A follower has nobody to tell anything: it writes as seldom as before.
    let theirs = crew.seats[1].disk.iter().filter(|entry| entry.ts >= since).count();
    assert!(theirs <= 600 / 30 + 2, "{theirs}");
}

#[test]
fn nobody_is_overtaken_for_the_time_in_which_nobody_listened() {
    let mut crew = beside_record(2);
    let since = crew.now;
    // The machine slept: nobody wrote, nobody read.
    let slept = SignedDuration::from_secs(3_600);
    crew.leap_to(crew.now + slept);
    let news = blackstart::app::message::ClockNews {
        leapt: slept,
        stepped: SignedDuration::ZERO,
        stopped: slept,
        behind: SignedDuration::ZERO,
    };
    for seat in 0..3 {
        crew.take(seat, Message::Clock(news));
    }
    crew.run_for(30);
    let cells = crew.seats[1].app.schedule.len();
    let others = sweeps_since(&crew, 1, since) + sweeps_since(&crew, 2, since);
    // The selected region waits for nobody.
    assert!(others <= cells * 4 / 3, "{others} of {cells}");
}
