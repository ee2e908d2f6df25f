//! Credentials that end and a clock that is off are entries when they turn, and only then: the others read of it, and a replay
//! shows it at its time.

use crate::crew::{Crew, opening, scenario};
use blackstart::app::message::{Effect, Message};
use blackstart::app::{App, Replay, Urgency};
use blackstart::incident::entry::{Body, Entry, Mode};
use jiff::{SignedDuration, Timestamp};

const ADAM: usize = 0;

fn turns(crew: &Crew, seat: usize) -> Vec<Body> {
    let turn = |entry: &&Entry| matches!(entry.body, Body::Credentials { .. } | Body::Skew { .. });
    crew.seats[seat].disk.iter().filter(turn).map(|entry| entry.body.clone()).collect()
}

/// The log of a seat, played back to a moment.
fn replayed(crew: &Crew, at: Timestamp) -> App {
    let opening = opening(crew.world.scenario(), "reader", Mode::Replay, at);
    let mut app = App::new(opening, at);
    app.replay_from(Replay::new(crew.seats[ADAM].disk.clone()), Some(at));
    app
}

#[test]
fn credentials_that_end_are_an_entry_and_those_that_are_valid_again_another() {
    let more = "[[event]]\nat = \"+2m\"\naccount = \"prod\"\ncredentials = \"expired\"\n\n\
                [[event]]\nat = \"+8m\"\naccount = \"prod\"\ncredentials = \"valid\"\n";
    let mut crew = Crew::on(scenario("quiet", more));
    let start = crew.now;
    crew.sit("adam", Mode::Demo);
    let daniel = crew.sit("daniel", Mode::Demo);
    crew.at_minute(7);
    assert!(
        matches!(turns(&crew, ADAM)[..], [Body::Credentials { ended: Some(_), .. }]),
        "{:?}",
        turns(&crew, ADAM)
    );
    // In another strand of the same process it is no news.
    crew.take(ADAM, Message::RecordFailed("disk full".into()));
    crew.press(ADAM, "L");
    let strand = crew.seats[ADAM].effects.iter().rev().find_map(|(_, effect)| match effect {
        Effect::Reopen(session) => Some(session.clone()),
        _ => None,
    });
    crew.take(ADAM, Message::Reopened(Ok(strand.unwrap())));
    crew.at_minute(16);
    assert!(
        matches!(turns(&crew, ADAM)[..], [Body::Credentials { .. }, Body::Credentials { ended: None, .. }]),
        "{:?}",
        turns(&crew, ADAM)
    );
    for words in
        ["the credentials of prod (adam@jump-1) have expired", "(adam@jump-1) are valid again after "]
    {
        assert!(crew.told(ADAM, words) && crew.told(daniel, words), "{words}: {:#?}", crew.story(daniel));
    }
    assert!(crew.seats[daniel].app.incident.ended_credentials.is_empty());
    let minute = |minute| start + SignedDuration::from_mins(minute);
    let left = |minute: Timestamp| replayed(&crew, minute).credentials_left();
    assert!(left(minute(1)).is_empty() && left(minute(15)).is_empty());
    let there = left(minute(6));
    assert!(there.len() == 1 && there[0].urgency == Urgency::Over && there[0].seconds < 0, "{there:?}");
}

#[test]
fn credentials_that_say_when_they_end_have_ended_then() {
    let more = "[[event]]\nat = \"+1m\"\naccount = \"prod\"\ncredentials = \"valid\"\nexpires = \"+3m\"\n";
    let mut crew = Crew::on(scenario("quiet", more));
    let start = crew.now;
    crew.sit("adam", Mode::Demo);
    crew.at_minute(6);
    let ended = turns(&crew, ADAM).into_iter().find_map(|body| match body {
        Body::Credentials { ended, .. } => ended,
        _ => None,
    });
    assert_eq!(ended, Some(start + SignedDuration::from_mins(4)));
    assert_eq!(turns(&crew, ADAM).len(), 1, "said once: {:?}", turns(&crew, ADAM));
}

#[test]
fn a_clock_that_is_off_is_an_entry_and_told_once_for_a_machine() {
    let more = "[[event]]\nat = \"+2m\"\nregion = \"eu-west-1\"\nservice = \"rds\"\nfault = \"skewed\"\n\n\
                [[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\nservice = \"rds\"\nclear = true\n";
    let mut crew = Crew::on(scenario("quiet", more));
    let start = crew.now;
    crew.sit("adam", Mode::Demo);
    let daniel = crew.sit("daniel", Mode::Demo);
    crew.at_minute(8);
    assert!(
        matches!(turns(&crew, ADAM)[..], [Body::Skew { ahead_s: Some(_) }, Body::Skew { ahead_s: None }]),
        "{:?}",
        turns(&crew, ADAM)
    );
    for seat in [ADAM, daniel] {
        let lines = crew.story(seat);
        let told = |words: &str| lines.iter().filter(|line| line.contains(words)).count();
        assert_eq!(told("the clock of jump-1 is 7m ahead"), 1, "{lines:#?}");
        assert_eq!(told("the clock of jump-1 is right again after "), 1, "{lines:#?}");
    }
    let at = |minute| replayed(&crew, start + SignedDuration::from_mins(minute)).clock_ahead();
    assert_eq!((at(1), at(7)), (None, None));
    assert!(at(4).is_some_and(|(ahead, urgency)| ahead > 240 && urgency == Urgency::Now), "{:?}", at(4));
}

/// How often the story of a seat has these words.
fn lines(crew: &Crew, seat: usize, words: &str) -> usize {
    crew.story(seat).iter().filter(|line| line.contains(words)).count()
}

/// Adam's second cockpit, opened a second after his first.
fn adam_twice(crew: &mut Crew) -> usize {
    crew.sit("adam", Mode::Demo);
    crew.run_for(1);
    crew.sit("adam", Mode::Demo)
}

#[test]
fn credentials_that_one_region_alone_refuses_have_not_ended() {
    let more = "[[event]]\nat = \"+2m\"\nregion = \"eu-west-1\"\nservice = [\"ec2\", \"rds\", \"elb\", \"elbv2\"]\nfault = \"expired\"\n\n\
                [[event]]\nat = \"+8m\"\nregion = \"eu-west-1\"\nservice = [\"ec2\", \"rds\", \"elb\", \"elbv2\"]\nclear = true\n";
    let mut crew = Crew::on(scenario("quiet", more));
    let start = crew.now;
    let second = adam_twice(&mut crew);
    crew.at_minute(5);
    let alone = "eu-west-1 says that the credentials of prod (adam@jump-1) have expired, and AWS takes them elsewhere: that is its fault, no login mends it";
    for seat in [ADAM, second] {
        assert_eq!(lines(&crew, seat, alone), 1, "{:#?}", crew.story(seat));
        let app = &crew.seats[seat].app;
        assert!(app.incident.ended_credentials.is_empty());
    }
    crew.at_minute(12);
    for seat in [ADAM, second] {
        assert_eq!(
            lines(&crew, seat, "eu-west-1 takes the credentials of prod (adam@jump-1) again after "),
            1
        );
        assert_eq!(lines(&crew, seat, "the credentials of"), 2, "{:#?}", crew.story(seat));
    }
    let left = |minute| replayed(&crew, start + SignedDuration::from_mins(minute)).credentials_left();
    assert!(left(5).is_empty(), "they have not ended");
}

#[test]
fn credentials_that_end_while_a_region_is_dark_are_told_once_with_who_says_so() {
    let more = "[[event]]\nat = \"+1m\"\nregion = \"eu-west-1\"\nservice = [\"ec2\", \"rds\", \"elb\", \"elbv2\"]\nfault = \"dark\"\n\n\
                [[event]]\nat = \"+3m\"\naccount = \"prod\"\ncredentials = \"expired\"\n\n\
                [[event]]\nat = \"+8m\"\naccount = \"prod\"\ncredentials = \"valid\"\n";
    let mut crew = Crew::on(scenario("quiet", more));
    let second = adam_twice(&mut crew);
    crew.at_minute(14);
    for seat in [ADAM, second] {
        let story = crew.story(seat);
        assert_eq!(
            lines(&crew, seat, "the credentials of prod (adam@jump-1) have expired, say"),
            1,
            "{story:#?}"
        );
        let ended = story.iter().find(|line| line.contains("have expired")).unwrap();
        assert!(ended.contains("eu-central-1") && !ended.contains("eu-west-1"), "{ended}");
        assert_eq!(lines(&crew, seat, "(adam@jump-1) are valid again after "), 1, "{story:#?}");
        assert_eq!(lines(&crew, seat, "AWS takes them elsewhere"), 0, "{story:#?}");
    }
}

#[test]
fn an_sts_that_is_dark_is_in_the_story_of_a_new_logbook_once_for_two_cockpits_and_so_is_its_end() {
    let more = "[[event]]\nat = \"+0s\"\nregion = \"*\"\nservice = \"sts\"\nfault = \"dark\"\n\n\
                [[event]]\nat = \"+10m\"\nregion = \"*\"\nservice = \"sts\"\nclear = true\n";
    let mut crew = Crew::on(scenario("quiet", more));
    crew.run_for(5);
    let second = adam_twice(&mut crew);
    crew.at_minute(4);
    for seat in [ADAM, second] {
        let story = crew.story(seat);
        assert_eq!(lines(&crew, seat, "STS dark since "), 1, "{story:#?}");
        assert!(crew.told(seat, "; whose prod is, is not known"), "{story:#?}");
    }
    crew.at_minute(13);
    for seat in [ADAM, second] {
        assert_eq!(lines(&crew, seat, "STS answers after "), 1, "{:#?}", crew.story(seat));
        assert!(crew.seats[seat].app.incident.unidentified.is_empty());
    }
}
