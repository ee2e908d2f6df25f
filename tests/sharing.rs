//! Many cockpits on one logbook cost the API calls of one: who reads what, who takes over when the reader goes, and that
//! no screen is the worse for it. Virtual time, one simulated world, no thread.

use crate::crew::{Crew, opening, scenario};
use blackstart::app::message::{Effect, Message};
use blackstart::incident::cell::STALE_AFTER_S;
use blackstart::incident::entry::{Body, Mode};
use blackstart::incident::fault::Fault;
use blackstart::incident::place::{Place, Region};
use blackstart::incident::request::ProbeHow;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Ten virtual minutes.
const TEN_MINUTES: i64 = 600;

/// So many cockpits, opened a second apart.
fn crew_of(count: usize, mode: Mode) -> Crew {
    let mut crew = Crew::on(scenario("quiet", ""));
    for at in 0..count {
        crew.sit(&format!("user{at}"), mode);
        crew.run_for(1);
    }
    crew
}

fn sweeps_since(crew: &Crew, since: Timestamp) -> Vec<(Timestamp, usize, Place)> {
    let mut all = Vec::new();
    for (seat, it) in crew.seats.iter().enumerate() {
        for (at, effect) in &it.effects {
            if let Effect::Sweep(_, sweep) = effect
                && *at >= since
            {
                all.push((*at, seat, sweep.place.clone()));
            }
        }
    }
    all.sort_by_key(|(at, seat, _)| (*at, *seat));
    all
}

fn count(crew: &Crew, wanted: impl Fn(&Effect) -> bool) -> usize {
    crew.seats.iter().flat_map(|seat| &seat.effects).filter(|(_, effect)| wanted(effect)).count()
}

/// Plays on, second by second, and fails if a row vanishes or a cell grows stale on any screen that is still there.
fn watch(crew: &mut Crew, seconds: i64, seats: &[usize]) -> i64 {
    let mut oldest = 0;
    let rows: BTreeMap<usize, usize> =
        seats.iter().map(|seat| (*seat, crew.seats[*seat].app.incident.rows.len())).collect();
    for _ in 0..seconds {
        crew.run_for(1);
        for seat in seats {
            let app = &crew.seats[*seat].app;
            assert!(app.incident.rows.len() >= rows[seat], "rows vanished at {} of seat {seat}", crew.now);
            for place in app.schedule.keys() {
                let cell = &app.incident.cells[place];
                let age = crew.now.duration_since(cell.last_ok.unwrap()).as_secs();
                assert!(cell.is_ok(), "{place} fails on seat {seat}: {cell:?}");
                assert!(
                    age <= STALE_AFTER_S,
                    "{place} is stale on seat {seat} after {age} s at {}",
                    crew.now
                );
                oldest = oldest.max(age);
            }
        }
    }
    oldest
}

#[test]
fn many_cockpits_ask_what_one_asks() {
    let mut alone = crew_of(1, Mode::Live);
    alone.run_for(TEN_MINUTES);
    let one = sweeps_since(&alone, alone.seats[0].app.started).len();
    assert!(one > 100, "{one}");
    for seats in [2, 3, 10] {
        let mut crew = crew_of(seats, Mode::Live);
        let start = crew.seats[0].app.started;
        crew.run_for(20);
        let everybody: Vec<usize> = (0..seats).collect();
        let oldest = watch(&mut crew, TEN_MINUTES - 20, &everybody);
        let all = sweeps_since(&crew, start);
        let ratio = all.len() as f64 / one as f64;
        println!(
            "{seats} cockpits: {} sweeps where one makes {one}: {ratio:.2}; oldest {oldest} s",
            all.len()
        );
        assert!(ratio <= 1.1, "{seats} cockpits made {} sweeps where one makes {one}", all.len());
        // Their ages lag behind the reader's by little.
        assert!(oldest <= 50, "{oldest}");
        // The same estate on every screen.
        let rows = |seat: usize| crew.seats[seat].app.incident.rows.keys().cloned().collect::<BTreeSet<_>>();
        assert!((1..seats).all(|seat| rows(seat) == rows(0)));
        for seat in 1..seats {
            for place in crew.seats[seat].app.schedule.keys() {
                assert_eq!(crew.seats[seat].app.reader(place).as_deref(), Some("user0"), "{place}");
            }
        }
    }
}

#[test]
fn ten_that_open_at_the_same_second_do_not_all_ask_at_once() {
    let mut crew = Crew::on(scenario("quiet", ""));
    let start = crew.now;
    for at in 0..10 {
        crew.sit(&format!("user{at}"), Mode::Live);
    }
    crew.run_for(30);
    let mut asked: BTreeMap<(usize, Place), usize> = BTreeMap::new();
    for (_, seat, place) in sweeps_since(&crew, start) {
        *asked.entry((seat, place)).or_default() += 1;
    }
    let cells = crew.seats[0].app.schedule.len();
    let others = asked.keys().filter(|(seat, _)| *seat != 0).count();
    assert!(others <= cells / 4, "{others} of {cells} cells were asked by others too");
    watch(&mut crew, 60, &(0..10).collect::<Vec<_>>());
}

#[test]
fn when_the_reader_dies_the_next_goes_on_and_no_screen_grows_stale() {
    for (how, bound) in [("killed", 60), ("roll call", 25), ("quit", 25)] {
        let mut crew = crew_of(5, Mode::Live);
        crew.run_for(90);
        match how {
            "quit" => crew.press(0, "q"),
            "roll call" => {
                crew.kill(0);
                crew.call_roll(0);
            }
            _ => crew.kill(0),
        }
        let (gone, mut took) = (crew.now, None);
        let rest = [1, 2, 3, 4];
        for _ in 0..240 {
            watch(&mut crew, 1, &rest);
            let by_next =
                crew.seats[1].app.schedule.keys().all(|place| crew.seats[1].app.left_to(place).is_none());
            if by_next && took.is_none() {
                took = Some(crew.now.duration_since(gone).as_secs());
            }
        }
        let took = took.unwrap_or_else(|| panic!("{how}: nobody took over"));
        assert!(took <= bound, "{how}: {took} s");
        // One goes on, not four.
        let cells = crew.seats[1].app.schedule.len();
        let all = sweeps_since(&crew, gone);
        let others = all.iter().filter(|(_, seat, _)| *seat > 1).count();
        println!("{how}: taken over after {took} s; {} sweeps, {others} of them not by the next", all.len());
        assert!(others <= cells / 2, "{how}: {others} sweeps by others than the next, {cells} cells");
        assert!(all.len() <= cells * 240 / 15 * 11 / 10, "{how}: {}", all.len());
    }
}

#[test]
fn record_reads_first_whoever_came_before_it() {
    let mut crew = crew_of(2, Mode::Live);
    crew.run_for(60);
    let record = crew.sit("blackstart", Mode::Record);
    let joined = crew.now;
    watch(&mut crew, 90, &[0, 1]);
    for seat in [0, 1] {
        for place in crew.seats[seat].app.schedule.keys() {
            assert_eq!(
                crew.seats[seat].app.reader(place).as_deref(),
                Some("record"),
                "{place} on seat {seat}"
            );
        }
    }
    // Handing over cost nothing to speak of.
    let cells = crew.seats[0].app.schedule.len();
    let all = sweeps_since(&crew, joined).len();
    assert!(all <= cells * 90 / 15 * 13 / 10, "{all} sweeps of {cells} cells in 90 s");
    assert!(crew.seats[record].app.actions_off().is_some());
    // It is no operator, and the board says it is here.
    let who: Vec<&str> = crew.seats[0].app.incident.sessions.values().map(|p| p.who()).collect();
    assert!(who.contains(&"record") && !who.contains(&"blackstart"), "{who:?}");
}

#[test]
fn a_failing_of_the_readers_own_silences_nobody() {
    let region = Region::new("eu-west-1");
    let of_its_own = [
        Fault::CredentialsExpired { code: "ExpiredToken".into() },
        Fault::Denied { action: "ec2:DescribeInstances".into(), message: "not authorized".into() },
        Fault::ClockSkewed { code: "RequestTimeTooSkewed".into(), ahead_s: Some(420) },
        Fault::Unaskable { detail: "no such region".into() },
    ];
    for fault in of_its_own {
        let mut crew = crew_of(3, Mode::Live);
        crew.run_for(60);
        crew.faults.insert((0, region.clone()), fault.clone());
        let since = crew.now;
        // Whoever fails says so when their pause is over, databases at rest last; then the next in the order asks. What they
        // read stands on every screen.
        crew.run_for(45);
        watch(&mut crew, 120, &[1, 2]);
        let by_next = sweeps_since(&crew, since)
            .iter()
            .filter(|(_, seat, place)| *seat == 1 && place.scope.region == region)
            .count();
        assert!(by_next >= 4 * 4, "{}: {by_next}", fault.word());
        let by_last = sweeps_since(&crew, since).iter().filter(|(_, seat, _)| *seat == 2).count();
        assert!(by_last <= 4, "{}: {by_last}", fault.word());
        // What the others read is on the screen of whoever cannot.
        let seat = &crew.seats[0].app;
        assert!(seat.schedule.keys().all(|place| seat.incident.cells[place].is_ok()), "{}", fault.word());
    }
}

/// A crew on two hosts: the first seat on one, the others on another.
fn two_hosts(others: usize) -> Crew {
    let mut crew = crew_of(1, Mode::Live);
    for at in 1..=others {
        let mut opening = opening(crew.world.scenario(), &format!("user{at}"), Mode::Live, crew.now);
        opening.actor.host = "jump-2".into();
        opening.session.0 = opening.session.0.replace("jump-1", "jump-2").into();
        crew.sit_with(opening);
        crew.run_for(1);
    }
    crew
}

#[test]
fn what_is_dark_from_one_host_is_asked_from_another_and_from_the_same_only_once() {
    let region = Region::new("eu-west-1");
    let dark = Fault::Dark { detail: "tcp connect error".into() };
    let mut crew = two_hosts(2);
    crew.run_for(60);
    crew.faults.insert((0, region.clone()), dark.clone());
    crew.run_for(45);
    watch(&mut crew, 120, &[0, 1, 2]);
    let reads = |crew: &Crew, seat: usize, since| {
        let all = sweeps_since(crew, since);
        all.iter().filter(|(_, by, place)| *by == seat && place.scope.region == region).count()
    };
    // Dark from there as well: one of that host asks, not both.
    for seat in [1, 2] {
        crew.faults.insert((seat, region.clone()), dark.clone());
    }
    crew.run_for(120);
    let since = crew.now;
    crew.run_for(TEN_MINUTES);
    let [first, second, third] = [0, 1, 2].map(|seat| reads(&crew, seat, since));
    println!("dark from both hosts, ten minutes: {first}, {second}, {third}");
    assert!(first >= 20 && second >= 20, "{first} {second}");
    assert!(third <= second / 4, "{second} {third}");
    // It is dark on every screen, and the log does not fill with it.
    let told = crew.seats.iter().flat_map(|seat| &seat.disk).filter(|entry| {
        entry.ts >= since
            && matches!(&entry.body, Body::Observed { place, .. } if place.scope.region == region)
    });
    assert!(told.count() <= 12);
}

#[test]
fn throttling_is_everybodys() {
    let mut crew = crew_of(4, Mode::Live);
    crew.run_for(60);
    let region = Region::new("eu-west-1");
    for seat in 0..4 {
        crew.faults.insert((seat, region.clone()), Fault::Throttled { code: "RequestLimitExceeded".into() });
    }
    let since = crew.now;
    crew.run_for(300);
    let by_others = sweeps_since(&crew, since)
        .iter()
        .filter(|(_, seat, place)| *seat != 0 && place.scope.region == region)
        .count();
    assert!(by_others <= 4, "{by_others}");
}

#[test]
fn only_what_both_watch_is_shared() {
    let mut crew = crew_of(1, Mode::Live);
    let mut one = opening(crew.world.scenario(), "eve", Mode::Live, crew.now);
    one.regions.push(Region::new("ap-southeast-2"));
    let eve = crew.sit_with(one);
    crew.run_for(120);
    let app = &crew.seats[eve].app;
    for place in app.schedule.keys() {
        let shared = place.scope.region != Region::new("ap-southeast-2");
        assert_eq!(app.left_to(place).is_some(), shared, "{place}");
    }
}

#[test]
fn refreshing_by_hand_asks_everything_at_once() {
    let mut crew = crew_of(2, Mode::Live);
    crew.run_for(60);
    let since = crew.now;
    crew.press(1, "R");
    crew.run_for(1);
    let asked = sweeps_since(&crew, since).iter().filter(|(_, seat, _)| *seat == 1).count();
    assert_eq!(asked, crew.seats[1].app.schedule.len());
    // And leaves it to the other again.
    crew.run_for(40);
    let since = crew.now;
    crew.run_for(120);
    assert_eq!(sweeps_since(&crew, since).iter().filter(|(_, seat, _)| *seat == 1).count(), 0);
}

#[test]
fn whoever_looks_once_asks_for_themselves() {
    let mut crew = crew_of(1, Mode::Live);
    crew.run_for(60);
    let mut looks = opening(crew.world.scenario(), "eve", Mode::Live, crew.now);
    looks.looks_only = true;
    looks.shares = false;
    let eve = crew.sit_with(looks);
    crew.run_for(2);
    assert!(crew.seats[eve].app.swept_once());
}

#[test]
fn probes_are_shared_on_one_host_and_never_between_hosts() {
    let probes = |crew: &Crew, seat: usize| {
        let is_probe = |effect: &Effect| matches!(effect, Effect::Probe(_, probe) if !matches!(probe.how, ProbeHow::Dns(_)));
        crew.seats[seat].effects.iter().filter(|(_, effect)| is_probe(effect)).count()
    };
    let mut crew = crew_of(3, Mode::Live);
    crew.run_for(TEN_MINUTES);
    let [first, second, third] = [0, 1, 2].map(|seat| probes(&crew, seat));
    println!("one host: {first}, {second}, {third}");
    assert!(first > 50 && second + third <= first / 4, "{first} {second} {third}");
    let questions = count(
        &crew,
        |effect| matches!(effect, Effect::Probe(_, probe) if matches!(probe.how, ProbeHow::Dns(_))),
    );
    let mut alone = crew_of(1, Mode::Live);
    alone.run_for(TEN_MINUTES);
    let of_one = count(
        &alone,
        |effect| matches!(effect, Effect::Probe(_, probe) if matches!(probe.how, ProbeHow::Dns(_))),
    );
    assert!(questions <= of_one * 3 / 2, "{questions} where one asks {of_one}");
    let mut crew = two_hosts(1);
    crew.run_for(TEN_MINUTES);
    let [first, second] = [0, 1].map(|seat| probes(&crew, seat));
    assert!(second * 10 >= first * 9, "{first} {second}");
}

#[test]
fn what_a_log_of_many_hours_weighs() {
    let mut crew = crew_of(3, Mode::Live);
    crew.run_for(60);
    let since = crew.now;
    crew.run_for(3_600);
    let bytes: Vec<usize> = crew
        .seats
        .iter()
        .map(|seat| {
            let lines = seat.disk.iter().filter(|entry| entry.ts >= since);
            // What the chain adds to each line.
            lines.map(|entry| serde_json::to_string(entry).unwrap().len() + 250).sum()
        })
        .collect();
    let cells = crew.seats[0].app.schedule.len();
    println!("{cells} cells, three cockpits, an hour: {bytes:?} bytes");
    assert!(bytes.iter().sum::<usize>() < 2 << 20, "{bytes:?}");
}

#[test]
fn record_goes_on_in_a_new_strand_each_day_and_nobody_asks_more() {
    let mut crew = Crew::on(scenario("quiet", ""));
    let record = crew.sit("blackstart", Mode::Record);
    let adam = crew.sit("adam", Mode::Live);
    crew.run_for(60);
    let strand = crew.seats[record].app.opening.session.clone();
    let midnight =
        crew.now.round(jiff::TimestampRound::new().smallest(jiff::Unit::Hour).increment(24)).unwrap();
    let midnight =
        if midnight <= crew.now { midnight + jiff::SignedDuration::from_hours(24) } else { midnight };
    crew.leap_to(midnight - jiff::SignedDuration::from_secs(90));
    crew.run_for(60);
    let since = crew.now;
    watch(&mut crew, 240, &[record, adam]);
    let app = &crew.seats[record].app;
    assert_ne!(app.opening.session, strand);
    assert_eq!(app.opening.session.0.split_once('-').unwrap().1, strand.0.split_once('-').unwrap().1);
    let opened: Vec<&Option<_>> = crew.seats[record]
        .disk
        .iter()
        .filter_map(|entry| match &entry.body {
            Body::Opened { continues, .. } => Some(continues),
            _ => None,
        })
        .collect();
    assert_eq!(opened, [&None, &Some(strand.clone())]);
    // Each strand counts from nought, and says whose the profiles are.
    let new: Vec<&str> = crew.seats[record]
        .disk
        .iter()
        .filter(|entry| entry.session != strand)
        .map(|entry| entry.body.kind())
        .collect();
    assert_eq!(new[..2], ["opened", "identified"]);
    let by_adam = sweeps_since(&crew, since).iter().filter(|(_, seat, _)| *seat == adam).count();
    assert!(by_adam <= 2, "{by_adam}");
    let left = &crew.seats[adam].app.incident.sessions[&strand];
    assert!(left.left.is_some());
    assert_eq!(crew.seats[adam].app.reader(app.schedule.keys().next().unwrap()).as_deref(), Some("record"));
}

#[test]
fn record_tries_a_logbook_that_refused_again_by_itself() {
    let mut crew = Crew::on(scenario("quiet", ""));
    let record = crew.sit("blackstart", Mode::Record);
    crew.run_for(30);
    crew.take(record, Message::RecordFailed("disk full".into()));
    let since = crew.now;
    crew.run_for(35);
    let tried: Vec<Timestamp> = crew.seats[record]
        .effects
        .iter()
        .filter(|(at, effect)| *at >= since && matches!(effect, Effect::Reopen(_)))
        .map(|(at, _)| *at)
        .collect();
    // Nobody has answered yet: it is not asked again and again.
    assert_eq!(tried.len(), 1);
    crew.take(record, Message::Reopened(Err("disk full".into())));
    crew.run_for(12);
    let Some((_, Effect::Reopen(session))) =
        crew.seats[record].effects.iter().rfind(|(_, effect)| matches!(effect, Effect::Reopen(_))).cloned()
    else {
        panic!("not tried again");
    };
    crew.take(record, Message::Reopened(Ok(session)));
    assert_eq!(crew.seats[record].app.log, blackstart::app::LogState::Writing);
    assert!(crew.seats[record].disk.iter().any(|entry| matches!(entry.body, Body::Reopened { .. })));
    // And it watched all the while.
    assert_eq!(crew.seats[record].app.freshness().fresh, crew.seats[record].app.schedule.len());
}
