//! An action that ended unknown is looked at again later: by a key, by anybody on the logbook, after a crash too. What is found
//! settles it, on every screen, in the story and for undo.

use crate::crew::{Crew, scenario};
use blackstart::app::message::Effect;
use blackstart::incident::entry::{Body, Mode};
use blackstart::incident::hash::PlanHash;
use blackstart::incident::operation::Standing;
use blackstart::incident::settlement::Settlement;

const ADAM: usize = 0;

/// From the second minute on no answer to a call of the service can be read; for two minutes.
fn lost(region: &str, service: &str, performs: bool) -> String {
    format!(
        "[[event]]\nat = \"+2m\"\nregion = \"{region}\"\nservice = \"{service}\"\nfault = \"garbled\"\nhits = \"writes\"\n\
         performs = {performs}\n\n[[event]]\nat = \"+4m\"\nregion = \"{region}\"\nservice = \"{service}\"\nclear = true\n"
    )
}

fn crew(more: &str) -> Crew {
    let mut crew = Crew::on(scenario("quiet", more));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(1);
    crew.run_for(62);
    crew
}

/// Adam turns maintenance on, and his process is killed before the outcome was read again.
fn killed(crew: &mut Crew) -> PlanHash {
    let plan = crew.insist(ADAM, "m");
    crew.confirm(ADAM);
    let called = |crew: &Crew| crew.seats[ADAM].disk.iter().any(|e| matches!(e.body, Body::Outcome { .. }));
    assert!(crew.wait_until(120, called));
    crew.kill(ADAM);
    plan
}

fn settlements(crew: &Crew, seat: usize) -> Vec<Settlement> {
    let settlement = |body: &Body| match body {
        Body::Settled { settlement, .. } => Some(settlement.clone()),
        _ => None,
    };
    crew.seats[seat].disk.iter().filter_map(|entry| settlement(&entry.body)).collect()
}

fn notices(crew: &Crew, seat: usize) -> Vec<String> {
    crew.seats[seat].app.notices.iter().map(|notice| notice.text.clone()).collect()
}

#[test]
fn what_was_not_done_is_found_so_and_undo_goes_on() {
    let mut crew = crew(&lost("global", "route53", false));
    let (plan, standing) = crew.act(ADAM, "m", 900);
    assert_eq!(standing, Standing::Unknown);
    crew.press(ADAM, "u");
    let told = notices(&crew, ADAM).pop().unwrap();
    assert_eq!(told, format!("unknown whether plan {} was done: V verifies it first", plan.short()));
    assert!(told.chars().count() <= 74, "the advice is cut at 80 columns: {told}");
    assert!(crew.seats[ADAM].app.overlays.is_empty());
    crew.press(ADAM, "V");
    assert!(crew.wait_until(30, |crew| crew.standing(ADAM, &plan) == Standing::Stopped));
    assert!(
        matches!(&settlements(&crew, ADAM)[..], [Settlement::NotDone { detail }] if detail.contains("as it was before"))
    );
    assert!(crew.told(ADAM, "adam looked again: NOT done:"));
    assert_eq!(crew.seats[ADAM].calls.len(), 1, "it only reads");
    let operation = &crew.seats[ADAM].app.incident.operations[&plan];
    assert!(!operation.touched() && !operation.done());
    assert!(crew.seats[ADAM].app.incident.switches.is_empty(), "nothing is switched after all");
    crew.press(ADAM, "u");
    assert_eq!(notices(&crew, ADAM).pop().unwrap(), "nothing to undo");
    crew.press(ADAM, "V");
    assert_eq!(notices(&crew, ADAM).pop().unwrap(), "no action is of unknown outcome");
}

#[test]
fn what_was_done_before_a_crash_is_verified_by_somebody_else_and_can_be_undone() {
    let mut crew = crew(&lost("global", "route53", true));
    let before = crew.points_to("harbour.example", "harbour.example");
    let plan = killed(&mut crew);
    let daniel = crew.sit("daniel", Mode::Demo);
    crew.run_for(180);
    assert_eq!(crew.standing(daniel, &plan), Standing::Unknown);
    let eve = crew.sit("eve", Mode::ReadOnly);
    crew.run_for(20);
    crew.press(daniel, "V");
    assert!(crew.wait_until(30, |crew| crew.standing(eve, &plan) == Standing::Verified));
    for seat in [daniel, eve] {
        let incident = &crew.seats[seat].app.incident;
        let settled = incident.operations[&plan].steps[0].settled.clone().unwrap();
        assert_eq!(settled.by, "daniel");
        assert!(matches!(settled.settlement, Settlement::Verified { .. }), "{settled:?}");
        assert!(incident.operations[&plan].done() && incident.maintenance("shop").is_some());
    }
    let (_, standing) = crew.act(daniel, "u", 300);
    assert_eq!(standing, Standing::Verified);
    assert_eq!(crew.standing(daniel, &plan), Standing::Undone);
    assert_eq!(crew.points_to("harbour.example", "harbour.example"), before);
}

#[test]
fn an_undo_that_turns_out_to_have_been_done_undid_what_it_was_for() {
    let mut crew = Crew::on(scenario(
        "quiet",
        &lost("global", "route53", true).replace("+2m", "+5m").replace("+4m", "+7m"),
    ));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(1);
    let (switch, standing) = crew.act(ADAM, "m", 200);
    assert_eq!(standing, Standing::Verified);
    crew.at_minute(5);
    crew.run_for(2);
    let undo = crew.insist(ADAM, "u");
    crew.confirm(ADAM);
    let outcomes =
        |crew: &Crew| crew.seats[ADAM].disk.iter().filter(|e| matches!(e.body, Body::Outcome { .. })).count();
    assert!(crew.wait_until(60, |crew| outcomes(crew) == 2));
    crew.kill(ADAM);
    let daniel = crew.sit("daniel", Mode::Demo);
    crew.run_for(180);
    assert_eq!(
        [crew.standing(daniel, &undo), crew.standing(daniel, &switch)],
        [Standing::Unknown, Standing::Verified]
    );
    crew.press(daniel, "V");
    assert!(crew.wait_until(30, |crew| crew.standing(daniel, &undo) == Standing::Verified));
    assert_eq!(crew.standing(daniel, &switch), Standing::Undone);
}

#[test]
fn nothing_is_called_not_done_while_it_may_be_on_its_way() {
    let mut crew = crew(&lost("global", "route53", false));
    let plan = killed(&mut crew);
    let called = crew.now;
    let daniel = crew.sit("daniel", Mode::Live);
    crew.run_for(10);
    crew.call_roll(ADAM);
    assert_eq!(crew.standing(daniel, &plan), Standing::Unknown);
    crew.press(daniel, "V");
    crew.run_for(30);
    assert!(settlements(&crew, daniel).is_empty(), "{:?}", settlements(&crew, daniel));
    assert!(crew.wait_until(60, |crew| crew.standing(daniel, &plan) == Standing::Stopped));
    assert!(crew.now.duration_since(called).as_secs() >= 58);
    assert!(matches!(settlements(&crew, daniel)[..], [Settlement::NotDone { .. }]));
}

#[test]
fn what_cannot_be_read_stays_unknown_and_is_asked_again_at_will() {
    let dark = "[[event]]\nat = \"+20m\"\nregion = \"global\"\nservice = \"route53\"\nfault = \"hang\"\n\n\
                [[event]]\nat = \"+30m\"\nregion = \"global\"\nservice = \"route53\"\nclear = true\n";
    let mut crew = crew(&format!("{}\n{dark}", lost("global", "route53", false)));
    let (plan, standing) = crew.act(ADAM, "m", 900);
    assert_eq!(standing, Standing::Unknown);
    crew.at_minute(21);
    crew.press(ADAM, "6V");
    crew.run_for(3);
    let words = crew.seats[ADAM].app.settling_words(&plan).unwrap();
    assert!(words.starts_with("asking route 53 what became of \"shop: maintenance on"), "{words}");
    assert!(words.ends_with(" UTC: no answer so far"), "{words}");
    assert!(crew.wait_until(60, |crew| !settlements(crew, ADAM).is_empty()));
    assert!(matches!(settlements(&crew, ADAM)[..], [Settlement::Unknown { .. }]));
    assert_eq!(crew.standing(ADAM, &plan), Standing::Unknown);
    assert!(crew.told(ADAM, "still UNKNOWN whether done"));
    crew.at_minute(31);
    crew.press(ADAM, "V");
    assert!(crew.wait_until(60, |crew| crew.standing(ADAM, &plan) == Standing::Stopped));
    assert_eq!(settlements(&crew, ADAM).len(), 2);
}

#[test]
fn a_launch_that_was_not_made_is_found_by_its_token_and_of_several_one_is_chosen() {
    let both = format!("{}\n{}", lost("eu-central-1", "ec2", false), lost("global", "route53", false));
    let mut crew = crew(&both);
    crew.press(ADAM, "2/");
    crew.type_in(ADAM, "app-1");
    crew.press(ADAM, "<enter>");
    let launch = crew.insist(ADAM, "r");
    crew.confirm(ADAM);
    crew.press(ADAM, "<esc>1g");
    let switch = crew.insist(ADAM, "m");
    crew.confirm(ADAM);
    let unknown = |crew: &Crew, plan| crew.standing(ADAM, plan) == Standing::Unknown;
    assert!(crew.wait_until(3600, |crew| unknown(crew, &launch) && unknown(crew, &switch)));
    crew.press(ADAM, "<esc>V");
    crew.type_in(ADAM, launch.short());
    crew.press(ADAM, "<enter>");
    assert!(crew.wait_until(30, |crew| crew.standing(ADAM, &launch) == Standing::Stopped));
    assert!(
        matches!(&settlements(&crew, ADAM)[..], [Settlement::NotDone { detail }] if detail.contains("client token"))
    );
    assert!(unknown(&crew, &switch), "the other one was not meant");
}

#[test]
fn a_read_only_cockpit_may_look_and_a_refused_logbook_may_not() {
    let mut crew = crew(&lost("global", "route53", false));
    let plan = killed(&mut crew);
    let eve = crew.sit("eve", Mode::ReadOnly);
    crew.run_for(180);
    crew.seats[eve].disk_refuses = Some("note");
    crew.press(eve, "V");
    assert!(crew.wait_until(30, |crew| crew.standing(eve, &plan) == Standing::Stopped));
    let asked = crew.seats[eve].effects.iter().filter(|(_, e)| matches!(e, Effect::Perform(..))).count();
    assert_eq!(asked, 0);

    let mut crew = self::crew(&lost("global", "route53", false));
    let plan = killed(&mut crew);
    let frank = crew.sit("frank", Mode::Demo);
    crew.run_for(180);
    crew.seats[frank].disk_refuses = Some("note");
    crew.press(frank, "nx<enter>");
    crew.run_for(2);
    crew.press(frank, "V");
    crew.run_for(30);
    assert_eq!(crew.standing(frank, &plan), Standing::Unknown);
    assert!(notices(&crew, frank).iter().all(|text| !text.contains("looked again")));
}
