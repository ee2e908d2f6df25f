//! What `undo` means where nothing is named: the last action, also if that was an undo. The cockpit's key and the command line
//! mean the same, and where to take an undo back and to go back further are both possible, neither is guessed.

use crate::crew::{Crew, scenario};
use blackstart::app::{Overlay, Purpose};
use blackstart::cli::{Act, words};
use blackstart::incident::entry::Mode;
use blackstart::incident::hash::PlanHash;
use blackstart::incident::operation::Standing;
use blackstart::incident::plan::{Action, Refusal};
use blackstart::incident::planner::resolve::Lookup;

const ADAM: usize = 0;

fn crew() -> Crew {
    let mut crew = Crew::on(scenario("quiet", ""));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(1);
    crew.run_for(62);
    crew
}

/// What `do undo` means in the first cockpit's logbook.
fn typed(crew: &Crew) -> Result<Action, Refusal> {
    let app = &crew.seats[ADAM].app;
    let lookup = Lookup { incident: &app.incident, accounts: &app.accounts, region: None };
    words::action(&Act::Undo { operation: None }, app.now, lookup)
}

fn undo_of(plan: &PlanHash) -> Action {
    Action::Undo { operation: plan.clone() }
}

/// Presses `u` and carries out what it proposes, which is what the command line means too.
#[track_caller]
fn undo(crew: &mut Crew, plan: &PlanHash) -> PlanHash {
    assert_eq!(typed(crew), Ok(undo_of(plan)));
    let (undo, standing) = crew.act(ADAM, "u", 300);
    assert_eq!(standing, Standing::Verified);
    assert_eq!(crew.seats[ADAM].app.incident.operations[&undo].plan.action, undo_of(plan));
    undo
}

#[test]
fn an_undo_by_mistake_is_taken_back_by_the_same_key_and_the_same_words() {
    let mut crew = crew();
    let points = |crew: &mut Crew| crew.points_to("harbour.example", "harbour.example");
    let in_maintenance = |crew: &Crew| crew.seats[ADAM].app.incident.maintenance("shop").is_some();
    let before = points(&mut crew);
    let (plan, standing) = crew.act(ADAM, "m", 300);
    assert_eq!(standing, Standing::Verified);
    let page = points(&mut crew);
    let back = undo(&mut crew, &plan);
    assert_eq!((points(&mut crew), in_maintenance(&crew)), (before.clone(), false));
    assert_eq!(crew.standing(ADAM, &plan), Standing::Undone);
    undo(&mut crew, &back);
    assert_eq!((points(&mut crew), in_maintenance(&crew)), (page, true));
    assert_eq!(crew.standing(ADAM, &back), Standing::Undone);
    assert_eq!(crew.standing(ADAM, &plan), Standing::Verified, "what it did is in force again");
    // And once more: the action itself is what is undone, not the undo of its undo.
    undo(&mut crew, &plan);
    assert_eq!((points(&mut crew), in_maintenance(&crew)), (before, false));
    assert_eq!(crew.standing(ADAM, &plan), Standing::Undone);
}

#[test]
fn whether_an_undo_is_taken_back_or_followed_by_another_is_asked() {
    let mut crew = crew();
    let (on, _) = crew.act(ADAM, "m", 300);
    let (off, _) = crew.act(ADAM, "m", 300);
    let back = undo(&mut crew, &off);
    let refusal = typed(&crew).unwrap_err();
    assert!(refusal.why.contains("the last action is an undo itself"), "{refusal}");
    let title = |plan: &PlanHash| crew.seats[ADAM].app.incident.operations[plan].plan.title.clone();
    let titles = [format!("again: {}", title(&off)), format!("undo: {}", title(&on))];
    for (plan, title) in [&back, &on].into_iter().zip(&titles) {
        assert!(refusal.next.contains(&format!("`undo {}` is {title}", plan.short())), "{refusal}");
    }
    crew.press(ADAM, "u");
    let Some(Overlay::Picker(picker)) = crew.seats[ADAM].app.overlays.last() else { panic!("no choice") };
    let purposes: Vec<_> = picker.choices.iter().map(|choice| choice.purpose.clone()).collect();
    assert_eq!(purposes, [&back, &on].map(|plan| Purpose::Act(Box::new(undo_of(plan)))));
    let labels: Vec<_> = picker.choices.iter().map(|choice| choice.label.clone()).collect();
    assert_eq!(labels, titles);
    crew.press(ADAM, "<down><enter>");
    assert!(crew.wait_until(60, |crew| crew.seats[ADAM].app.ready_plan().is_some()));
    assert_eq!(crew.seats[ADAM].app.ready_plan().unwrap().action, undo_of(&on));
    crew.confirm(ADAM);
    assert!(crew.wait_until(300, |crew| crew.standing(ADAM, &on) == Standing::Undone));
}
