//! Scenario files: what is refused is refused with its place; what is taken can be played to its end, twice alike.

use super::{Target, files};
use blackstart::cloud::sim::{Scenario, World};
use blackstart::incident::place::{Place, Profile, Service};
use blackstart::incident::request::{Reply, Request, Sweep};
use jiff::{SignedDuration, Timestamp};

pub const SCENARIO: Target = Target {
    name: "scenario",
    check,
    seeds: || files("scenarios", "", ".toml"),
    words: &[
        "[[fleet]]",
        "[[event]]",
        "[[account]]",
        "[[region]]",
        "[[zone]]",
        "[[zone.record]]",
        "[[site]]",
        "[[site.target]]",
        "[[database]]",
        "[[cluster]]",
        "[[snapshot]]",
        "[[balancer]]",
        "[[target_group]]",
        "[[host]]",
        "[[operator]]",
        "[estate]",
        "+0s",
        "-30d",
        "+7320d",
        "+6h30m",
        "-0s",
        "9999999999d",
        "count",
        "at",
        "region",
        "service",
        "fault",
        "rate",
        "latency_ms",
        "truth",
        "claim",
        "live",
        "frozen",
        "lost",
        "ok",
        "clear = true",
        "us-east-1",
        "us-west-1",
        "global",
        "ec2",
        "\"dark\"",
        "\"hang\"",
        "\"throttled\"",
        "-9999-01-01T00:00:00Z",
        "9999-12-30T22:00:00Z",
        "2012-06-30T03:00:00Z",
    ],
    brief: 250,
};

/// Moments of a scenario that are looked at.
const LOOKS: usize = 12;

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if is_large(&text) {
        return;
    }
    let scenario = match Scenario::parse("input.toml", &text) {
        Ok(scenario) => scenario,
        Err(error) => {
            let lines: Vec<&str> = text.split('\n').collect();
            assert_eq!(error.line == 0, error.column == 0, "{error}");
            if let Some(line) = error.line.checked_sub(1).map(|at| lines[at]) {
                assert!(error.column <= line.chars().count() + 1, "{error}");
            }
            assert!(!error.what.is_empty());
            return;
        }
    };
    let moments = moments(&scenario);
    let mut worlds = [World::new(scenario.clone(), 7), World::new(scenario.clone(), 7)];
    for at in moments {
        for place in places(&scenario) {
            for profile in profiles(&scenario) {
                let sweep =
                    Sweep { profile, place: place.clone(), record_names: Vec::new(), ids: Vec::new() };
                let [one, other] =
                    worlds.each_mut().map(|world| world.answer(at, &Request::Sweep(sweep.clone())));
                assert_eq!(one, other, "the same world answers otherwise");
                assert!(matches!(one.0, Reply::Swept { .. }), "{:?} is no answer to a sweep", one.0);
            }
        }
    }
}

/// An estate of thousands takes long on purpose.
fn is_large(text: &str) -> bool {
    let mut counts = text.lines().filter(|line| line.contains("count"));
    counts.any(|line| line.split(|c: char| !c.is_ascii_digit()).any(|digits| digits.len() > 3))
}

fn moments(scenario: &Scenario) -> Vec<Timestamp> {
    let mut moments = vec![scenario.start, scenario.strikes_at, scenario.open_at];
    moments.extend(scenario.milestones.iter().map(|(at, _)| *at));
    moments.extend(scenario.colleagues.iter().map(|colleague| colleague.at));
    moments.sort();
    moments.dedup();
    let every = moments.len().div_ceil(LOOKS).max(1);
    let mut looked: Vec<Timestamp> = moments.iter().copied().step_by(every).collect();
    let last = moments.last().copied().unwrap_or(scenario.start);
    looked.push(last.saturating_add(SignedDuration::from_hours(48)).unwrap_or(last));
    looked
}

fn places(scenario: &Scenario) -> Vec<Place> {
    let texts = scenario
        .estate
        .regions
        .iter()
        .take(3)
        .flat_map(|region| Service::ALL.map(|service| format!("aws/123456789012/{region}/{service}")));
    texts.chain(["aws/123456789012/global/route53".to_owned()]).filter_map(|text| text.parse().ok()).collect()
}

fn profiles(scenario: &Scenario) -> Vec<Profile> {
    let named = scenario.estate.profiles.iter().take(2).cloned().map(Profile);
    named.chain([Profile::ambient()]).collect()
}
