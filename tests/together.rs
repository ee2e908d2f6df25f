//! Two operators on one logbook, and the ways in which a call can go wrong: who sees what, who wins, and what the log
//! says of a call whose answer never came.

use crate::crew::{Crew, scenario};
use blackstart::app::message::{Effect, Message};
use blackstart::incident::entry::{Body, Ending, Finding, Mode, Outcome};
use blackstart::incident::operation::Standing;
use blackstart::incident::place::{Kind, Service};
use blackstart::incident::request::Call;
use blackstart::incident::resource::Resource;

const ZONE: &str = "fitocracy.com";
const ADAM: usize = 0;
const DANIEL: usize = 1;

fn pair() -> Crew {
    let mut crew = Crew::on(scenario("2012-storm", ""));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(45);
    crew.sit("daniel", Mode::Demo);
    crew.at_minute(46);
    crew
}

/// A crew of one on a quiet day to which something is added; `more` strikes two minutes after the start.
fn quiet_but(more: &str) -> Crew {
    let mut crew = Crew::on(scenario("quiet", more));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(1);
    crew
}

fn outcomes(crew: &Crew, seat: usize) -> Vec<Outcome> {
    let outcome = |body: &Body| match body {
        Body::Outcome { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    crew.seats[seat].disk.iter().filter_map(|entry| outcome(&entry.body)).collect()
}

fn performs(crew: &Crew, seat: usize) -> usize {
    crew.seats[seat].effects.iter().filter(|(_, effect)| matches!(effect, Effect::Perform(..))).count()
}

#[test]
fn each_sees_the_other_within_a_second() {
    let mut crew = pair();
    crew.run_for(2);
    let names = |crew: &Crew, seat: usize| {
        let sessions = crew.seats[seat].app.incident.sessions.values();
        sessions.filter(|s| s.left.is_none()).map(|s| s.actor.user.clone()).collect::<Vec<_>>()
    };
    assert_eq!(names(&crew, ADAM), ["adam", "daniel"]);
    assert_eq!(names(&crew, DANIEL), ["adam", "daniel"]);
    crew.press(DANIEL, "n");
    crew.type_in(DANIEL, "RDS logs frozen at 23:00");
    crew.press(DANIEL, "<enter>");
    crew.run_for(1);
    assert!(crew.told(ADAM, "daniel note: RDS logs frozen at 23:00"));

    // An operation is seen while it runs, and how it ended.
    let hash = crew.insist(ADAM, "m");
    crew.run_for(1);
    assert_eq!(crew.standing(DANIEL, &hash), Standing::Proposed);
    crew.confirm(ADAM);
    crew.run_for(10);
    assert_eq!(crew.standing(DANIEL, &hash), Standing::Running);
    assert_eq!(crew.seats[DANIEL].app.incident.running().len(), 1);
    assert!(crew.wait_until(120, |crew| crew.standing(DANIEL, &hash) == Standing::Verified));

    // What the first turned on, the second turns off.
    let (_, standing) = crew.act(DANIEL, "m", 300);
    assert_eq!(standing, Standing::Verified);
    assert!(crew.points_to(ZONE, ZONE).contains("us-east-1"));
    // And the first reads what the second changed again at once, instead of when it is due.
    let route53 = |crew: &Crew| {
        let asked = |effect: &Effect| matches!(effect, Effect::Sweep(_, sweep) if sweep.place.service == Service::Route53);
        crew.seats[ADAM].effects.iter().filter(|(_, effect)| asked(effect)).count()
    };
    crew.wait_until(5, |crew| crew.seats[ADAM].app.incident.maintenance("www").is_none());
    let under_way = crew.seats[ADAM]
        .app
        .schedule
        .iter()
        .any(|(place, schedule)| place.service == Service::Route53 && schedule.in_flight.is_some());
    let before = route53(&crew);
    crew.run_for(3);
    assert!(under_way || route53(&crew) > before, "the record is read again");
    assert!(crew.seats[ADAM].app.incident.maintenance("www").is_none());
    assert!(crew.told(ADAM, "daniel verified: www: maintenance off"));
    crew.press(DANIEL, "q");
    crew.run_for(2);
    assert_eq!(names(&crew, ADAM), ["adam"]);
}

#[test]
fn of_two_switches_at_once_one_wins_and_the_other_is_told_by_what() {
    let mut crew = pair();
    let keys = |crew: &mut Crew, seat: usize, target: &str| {
        crew.press(seat, "1g");
        crew.insist(seat, &format!("a{target}<enter>"))
    };
    let first = keys(&mut crew, ADAM, "linode");
    let second = keys(&mut crew, DANIEL, "west");
    crew.confirm(ADAM);
    crew.confirm(DANIEL);
    assert!(crew.wait_until(300, |crew| {
        crew.seats[ADAM].app.ended(&first).is_some() && crew.seats[DANIEL].app.ended(&second).is_some()
    }));
    let standings = [crew.standing(ADAM, &first), crew.standing(DANIEL, &second)];
    assert!(
        standings == [Standing::Verified, Standing::Stopped]
            || standings == [Standing::Stopped, Standing::Verified],
        "{standings:?}"
    );
    let points_to = crew.points_to(ZONE, ZONE);
    let (loser, lost, there) = if standings[0] == Standing::Verified {
        (DANIEL, &second, "203.0.113.10")
    } else {
        (ADAM, &first, "standby")
    };
    assert!(points_to.contains(there), "{points_to}");
    let Some((_, Ending::Stopped { why, .. })) = &crew.seats[loser].app.incident.operations[lost].ending
    else {
        panic!("not stopped");
    };
    assert!(why.contains("changed meanwhile") && why.contains(there), "{why}");
    assert!(why.contains("not overwritten"), "{why}");
}

#[test]
fn a_switch_that_was_overtaken_before_its_guard_calls_nothing() {
    let mut crew = pair();
    crew.press(DANIEL, "1g");
    let second = crew.insist(DANIEL, "awest<enter>");
    crew.insist(ADAM, "m");
    crew.confirm(ADAM);
    assert!(crew.wait_until(30, |crew| crew.seats[ADAM].calls.len() == 1));
    crew.run_for(2);
    assert!(crew.seats[DANIEL].app.plan_fresh_for(&crew.seats[DANIEL].app.ready_plan().unwrap().clone()) > 0);
    crew.confirm(DANIEL);
    assert!(crew.wait_until(60, |crew| crew.seats[DANIEL].app.ended(&second).is_some()));
    assert_eq!(crew.standing(DANIEL, &second), Standing::Stopped);
    assert!(crew.told(DANIEL, "the record changed meanwhile: it is now A 203.0.113.10 (60s)"));
    assert_eq!(performs(&crew, DANIEL), 0);
}

const LOST: &str = r#"
[[event]]
at      = "+2m"
region  = "REGION"
service = "SERVICE"
fault   = "garbled"
hits    = "writes"
performs = PERFORMS

[[event]]
at      = "+4m"
region  = "REGION"
service = "SERVICE"
clear   = true
"#;

fn lost(region: &str, service: &str, performs: bool) -> String {
    LOST.replace("REGION", region).replace("SERVICE", service).replace("PERFORMS", &performs.to_string())
}

#[test]
fn a_switch_whose_answer_was_lost_is_verified_when_it_is_seen_to_hold() {
    let mut crew = quiet_but(&lost("global", "route53", true));
    crew.run_for(62);
    let (plan, standing) = crew.act(0, "m", 300);
    assert!(matches!(outcomes(&crew, 0)[..], [Outcome::Unknown { .. }]));
    assert_eq!(standing, Standing::Verified);
    assert!(crew.told(0, "UNKNOWN whether done"));
    assert!(crew.points_to("harbour.example", "harbour.example").contains("page"));
    assert_eq!(performs(&crew, 0), 1, "an unknown call is read again, never called again");
    assert!(crew.seats[0].app.incident.operations[&plan].done());
    // And it can be turned off again.
    crew.run_for(120);
    let (_, standing) = crew.act(0, "m", 300);
    assert_eq!(standing, Standing::Verified);
}

#[test]
fn a_switch_whose_answer_was_lost_and_that_was_not_done_stays_unknown() {
    let mut crew = quiet_but(&lost("global", "route53", false));
    crew.run_for(62);
    let before = crew.points_to("harbour.example", "harbour.example");
    let (plan, standing) = crew.act(0, "m", 900);
    assert_eq!(standing, Standing::Unknown);
    assert!(matches!(crew.seats[0].app.incident.operations[&plan].ending, Some((_, Ending::Unknown { .. }))));
    assert_eq!(crew.points_to("harbour.example", "harbour.example"), before);
    assert_eq!(performs(&crew, 0), 1);
    assert!(crew.seats[0].app.incident.maintenance("shop").is_none());
}

fn launches(crew: &mut Crew) -> (usize, usize) {
    let calls = crew.seats[0].calls.iter().filter(|(_, c)| matches!(c, Call::RunInstance { .. })).count();
    crew.run_for(60);
    let rows = crew.seats[0].app.incident.of_kind(Kind::Instance);
    let named =
        rows.filter(|seen| matches!(&seen.resource, Resource::Instance(i) if i.name == "app-1")).count();
    (calls, named)
}

#[test]
fn a_launch_whose_answer_was_lost_is_found_by_its_token_and_made_once() {
    let mut crew = quiet_but(&lost("eu-central-1", "ec2", true));
    crew.run_for(62);
    crew.press(0, "2/");
    crew.type_in(0, "app-1");
    crew.press(0, "<enter>");
    let (plan, standing) = crew.act(0, "r", 1800);
    assert_eq!(standing, Standing::Verified, "{:#?}", crew.story(0));
    assert!(matches!(outcomes(&crew, 0)[0], Outcome::Unknown { .. }));
    assert!(crew.seats[0].app.incident.operations[&plan].done());
    assert_eq!(launches(&mut crew), (1, 2), "one call; the old one and exactly one new one");
}

#[test]
fn a_launch_whose_answer_was_lost_and_that_was_not_done_goes_no_further() {
    let mut crew = quiet_but(&lost("eu-central-1", "ec2", false));
    crew.run_for(62);
    crew.press(0, "2/");
    crew.type_in(0, "app-1");
    crew.press(0, "<enter>");
    let (_, standing) = crew.act(0, "r", 3600);
    assert_eq!(standing, Standing::Unknown);
    assert_eq!(performs(&crew, 0), 1, "nothing is registered or taken out after it");
    assert_eq!(launches(&mut crew), (1, 1));
}

#[test]
fn a_log_that_refuses_the_intent_stops_before_the_call() {
    for kind in ["proposed", "confirmed", "intent"] {
        let mut crew = quiet_but("");
        crew.seats[0].disk_refuses = Some(kind);
        crew.press(0, "m");
        crew.run_for(10);
        if crew.seats[0].app.ready_plan().is_some() {
            crew.confirm(0);
        }
        crew.run_for(120);
        assert_eq!(performs(&crew, 0), 0, "{kind}");
        assert!(crew.seats[0].app.actions_off().unwrap().contains("disk full"), "{kind}");
        assert!(crew.seats[0].app.incident.running().is_empty(), "{kind}: something still runs");
        assert!(!crew.seats[0].app.busy());
    }
}

#[test]
fn a_log_that_is_lost_in_the_middle_of_a_plan_stops_it_there() {
    let mut crew = quiet_but("");
    crew.seats[0].disk_refuses = Some("outcome");
    crew.press(0, "2/");
    crew.type_in(0, "app-1");
    crew.press(0, "<enter>");
    let plan = crew.insist(0, "r");
    crew.confirm(0);
    crew.run_for(1200);
    // The launch was called, and looked at; nothing came after it.
    assert_eq!(performs(&crew, 0), 1);
    assert!(!crew.seats[0].app.busy());
    let op = &crew.seats[0].app.incident.operations[&plan];
    assert!(
        matches!(&op.ending, Some((_, Ending::Stopped { why, .. })) if why.contains("disk full")),
        "{:?}",
        op.ending
    );
    // On disk is what was on disk: an intent, and no outcome. Whoever reads it is told to verify first.
    let mut read = blackstart::incident::Incident::default();
    crew.seats[0].disk.iter().for_each(|entry| read.fold(entry));
    crew.kill(0);
    crew.run_for(60);
    let next = crew.sit("daniel", Mode::Demo);
    crew.run_for(180);
    assert_eq!(crew.standing(next, &plan), Standing::Unknown);
}

#[test]
fn a_logbook_reopened_in_the_middle_of_a_plan_makes_no_call_that_was_confirmed_in_the_old_one() {
    let mut crew = quiet_but("");
    crew.press(0, "2/");
    crew.type_in(0, "app-1");
    crew.press(0, "<enter>");
    let plan = crew.insist(0, "r");
    crew.confirm(0);
    assert!(crew.wait_until(120, |crew| !outcomes(crew, 0).is_empty()));
    crew.take(0, Message::RecordFailed("disk full".into()));
    crew.press(0, "<esc>L");
    let strand = crew.seats[0].effects.iter().rev().find_map(|(_, effect)| match effect {
        Effect::Reopen(session) => Some(session.clone()),
        _ => None,
    });
    crew.take(0, Message::Reopened(Ok(strand.unwrap())));
    assert!(crew.seats[0].app.actions_off().is_none());
    crew.run_for(1200);
    // The call that was made is looked at to the end; the next one is the operator's to confirm anew.
    assert_eq!(performs(&crew, 0), 1);
    assert!(!crew.seats[0].app.busy());
    let op = &crew.seats[0].app.incident.operations[&plan];
    assert!(matches!(op.steps[0].finding, Some((_, Finding::Holds { .. }))), "{:?}", op.steps[0]);
    assert!(
        matches!(&op.ending, Some((_, Ending::Stopped { step: 1, why })) if why.contains("reopened")),
        "{:?}",
        op.ending
    );
}

#[test]
fn a_lost_answer_stays_unknown_when_the_cockpit_is_killed_before_it_reads_again() {
    let mut crew = quiet_but(&lost("global", "route53", false));
    crew.run_for(62);
    let plan = crew.insist(0, "m");
    crew.confirm(0);
    assert!(crew.wait_until(120, |crew| !outcomes(crew, 0).is_empty()));
    assert!(matches!(outcomes(&crew, 0)[..], [Outcome::Unknown { .. }]));
    crew.kill(0);
    let next = crew.sit("daniel", Mode::Demo);
    crew.run_for(180);
    assert_eq!(crew.standing(next, &plan), Standing::Unknown);
}

#[test]
fn a_logbook_that_is_asked_for_twice_is_reopened_once() {
    let mut crew = quiet_but("");
    let reopens = |crew: &Crew| {
        crew.seats[0].effects.iter().filter(|(_, effect)| matches!(effect, Effect::Reopen(_))).count()
    };
    crew.take(0, Message::RecordFailed("disk full".into()));
    // A second strand would leave the first, which the cockpit then writes for, without a writer.
    crew.press(0, "LL");
    assert_eq!(reopens(&crew), 1);
    crew.take(0, Message::Reopened(Err("disk full".into())));
    crew.press(0, "L");
    assert_eq!(reopens(&crew), 2);
}

#[test]
fn leaving_waits_for_the_call_in_flight_logs_it_and_starts_nothing_new() {
    let mut crew = quiet_but("");
    crew.press(0, "2/");
    crew.type_in(0, "app-1");
    crew.press(0, "<enter>");
    let plan = crew.insist(0, "r");
    crew.confirm(0);
    let calling = |crew: &Crew| crew.seats[0].effects.iter().any(|(_, e)| matches!(e, Effect::Perform(..)));
    for _ in 0..60_000 {
        if calling(&crew) {
            break;
        }
        let next = crew.now + jiff::SignedDuration::from_millis(1);
        crew.run_until(next);
    }
    assert!(calling(&crew));
    // `q` asks to wait, Ctrl-C leaves as soon as the call is answered.
    crew.press(0, "<esc>q");
    assert!(crew.seats[0].app.leaving.is_none());
    crew.take(0, Message::Signal("SIGTERM"));
    assert!(!crew.seats[0].app.quitting, "the call is still out");
    crew.run_for(30);
    assert!(crew.seats[0].app.quitting);
    assert_eq!(performs(&crew, 0), 1);
    let kinds: Vec<_> = crew.seats[0].disk.iter().map(|entry| entry.body.kind()).collect();
    assert_eq!(kinds.last(), Some(&"left"));
    assert!(
        crew.kinds_of(0, &plan).ends_with(&["intent", "outcome", "finished"]),
        "{:?}",
        crew.kinds_of(0, &plan)
    );
    assert_eq!(crew.standing(0, &plan), Standing::Stopped);
}

#[test]
fn leaving_between_intent_and_call_says_that_nothing_was_called() {
    let mut crew = quiet_but("");
    let plan = crew.insist(0, "m");
    crew.confirm(0);
    let intent = |crew: &Crew| crew.kinds_of(0, &plan).contains(&"intent");
    for _ in 0..60_000 {
        if intent(&crew) {
            break;
        }
        let next = crew.now + jiff::SignedDuration::from_millis(1);
        crew.run_until(next);
    }
    assert_eq!(performs(&crew, 0), 0, "the intent is on its way to the disk");
    crew.press(0, "<c-c>");
    crew.run_for(10);
    assert_eq!(performs(&crew, 0), 0);
    assert!(crew.seats[0].app.quitting);
    assert_eq!(crew.standing(0, &plan), Standing::Stopped);
    assert!(!crew.seats[0].app.incident.operations[&plan].touched());
}

#[test]
fn a_cockpit_that_was_killed_in_a_call_leaves_an_unknown() {
    let mut crew = pair();
    let plan = crew.insist(ADAM, "m");
    crew.confirm(ADAM);
    assert!(crew.wait_until(60, |crew| crew.seats[ADAM].calls.len() == 1));
    crew.kill(ADAM);
    crew.run_for(60);
    assert_eq!(crew.standing(DANIEL, &plan), Standing::Running, "it may only be slow");
    crew.run_for(120);
    assert_eq!(crew.standing(DANIEL, &plan), Standing::Unknown);
    // It was done all the same; the other one turns it off.
    let (_, standing) = crew.act(DANIEL, "m", 300);
    let titles: Vec<_> = crew.seats[DANIEL]
        .app
        .incident
        .operations_in_order()
        .iter()
        .map(|op| op.plan.title.clone())
        .collect();
    assert_eq!(standing, Standing::Verified, "{titles:#?}");
}

#[test]
fn a_plan_made_before_sts_answered_is_carried_out_after_it_did() {
    let dark = |region: &str, words: &str| {
        format!("[[event]]\nat = \"+{words}\"\nregion = \"{region}\"\nservice = \"sts\"\n")
    };
    let regions = ["eu-central-1", "eu-west-1"];
    let mut more = String::new();
    for region in regions {
        more.push_str(&format!("{}fault = \"dark\"\n", dark(region, "0s")));
        more.push_str(&format!("{}clear = true\n", dark(region, "80s")));
    }
    let mut crew = quiet_but(&more);
    assert!(crew.seats[0].app.accounts.iter().all(|(account, _)| !account.is_verified()));
    crew.press(0, "2/");
    crew.type_in(0, "app-1");
    crew.press(0, "<enter>");
    crew.run_for(10);
    let plan = crew.insist(0, "r");
    assert!(!crew.seats[0].app.ready_plan().unwrap().scope.account.is_verified());
    crew.confirm(0);
    crew.run_for(3);
    // The number comes while the new instance boots, or before it serves.
    assert!(crew.wait_until(600, |crew| crew.seats[0].app.accounts[0].0.is_verified()));
    assert!(crew.wait_until(1800, |crew| crew.seats[0].app.ended(&plan).is_some()));
    assert_eq!(crew.standing(0, &plan), Standing::Verified, "{:#?}", crew.story(0));
    assert!(crew.wait_until(60, |crew| crew.seats[0].app.reread_since(&plan)));
}

#[test]
fn where_two_are_asked_for_one_cannot_destroy() {
    let quiet = scenario("quiet", "");
    let mut crew = Crew::on(quiet.clone());
    let mut opening = crate::crew::opening(&quiet, "adam", Mode::Demo, quiet.start);
    opening.two_operators = true;
    crew.sit_with(opening);
    crew.run_for(20);
    crew.press(0, "2/");
    crew.type_in(0, "page-1");
    crew.press(0, "<enter>");
    // The last healthy one behind its balancer.
    crew.insist(0, "-page<enter>");
    assert_eq!(crew.seats[0].app.ready_plan().unwrap().risk, blackstart::incident::plan::Risk::Destructive);
    crew.confirm(0);
    crew.run_for(30);
    let dialog = crew.seats[0].app.dialog().expect("still asked");
    assert!(dialog.remark.as_ref().unwrap().contains("two operators"), "{:?}", dialog.remark);
    assert_eq!(performs(&crew, 0), 0);
}
