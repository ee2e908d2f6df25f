//! What lies over the screens, and the painter.

use super::world::{World, account, fito_db, has, has_not, maintenance_plan, place, quiet, storm};
use crate::app::commands::{Command, Context};
use crate::app::table::RowId;
use crate::app::{Choice, Dialog, Execution, Focus, Overlay, Phase, Picker, Planning, Purpose, Screen};
use crate::incident::entry::{Body, Ending, Finding, Outcome};
use crate::incident::fault::Fault;
use crate::incident::hash::PlanHash;
use crate::incident::place::{Kind, Region, Service};
use crate::incident::plan::{Plan, Refusal, Risk};
use crate::incident::request::Done;
use crate::incident::settlement::Settlement;
use crate::settings::theme_file::shipped;
use crate::ui::svg::svg;
use crate::ui::{Glyphs, Look, buffer};

fn dialog(plan: &Plan, planning: Planning) -> Dialog {
    Dialog {
        action: plan.action.clone(),
        planning,
        typed: String::new(),
        focus: Focus::Cancel,
        scroll: 0,
        remark: None,
    }
}

fn ready(world: &World, risk: Risk) -> (Plan, Dialog) {
    let plan = maintenance_plan(world, risk);
    let dialog = dialog(&plan, Planning::Ready(Box::new(plan.clone())));
    (plan, dialog)
}

fn picker() -> Picker {
    let choices: Vec<Choice> = Command::ALL
        .into_iter()
        .filter(|c| c.works_in(Context::Cockpit))
        .map(|c| Choice { label: c.id().into(), detail: c.doc().into(), purpose: Purpose::Run(c) })
        .collect();
    let shown = (0..choices.len()).collect();
    Picker { title: "run".into(), input: String::new(), choices, shown, selected: 0 }
}

/// Opens one of all overlays.
pub(super) fn open(world: &mut World, which: usize) {
    let overlay = match which {
        0 => Overlay::Filter,
        1 => Overlay::Palette(picker()),
        2 => Overlay::Picker(picker()),
        3 => Overlay::Help { scroll: 500 },
        4 => Overlay::Detail { row: RowId::Key(fito_db()), scroll: 3 },
        5 => Overlay::Detail { row: RowId::Region(Region::new("us-east-1")), scroll: 0 },
        6 => Overlay::Prompt { purpose: Purpose::Note, input: "日本語 ".repeat(40) },
        7 => Overlay::Plan(ready(world, Risk::Destructive).1),
        _ => {
            let plan = running(world);
            Overlay::Progress(plan)
        }
    };
    world.app.overlays.push(overlay);
}

/// A maintenance operation whose change is being checked.
fn running(world: &mut World) -> PlanHash {
    let plan = maintenance_plan(world, Risk::Reversible);
    let hash = plan.hash.clone();
    world.says("adam", Body::Proposed { plan: Box::new(plan.clone()) });
    world.says("adam", Body::Confirmed { plan: hash.clone(), typed: "y".into() });
    let call = plan.steps[0].call.clone();
    world.says("adam", Body::Intent { plan: hash.clone(), step: 0, call });
    let outcome = Outcome::Ok { done: Done::ChangeSubmitted { change_id: "C2682N5HXP0BZ4".into() } };
    world.says("adam", Body::Outcome { plan: hash.clone(), step: 0, outcome });
    let began = world.app.now;
    world.app.executions.insert(
        hash.clone(),
        Execution {
            plan,
            confirmed_in: world.app.opening.session.clone(),
            step: 0,
            phase: Phase::Checking {
                since: began,
                asked: None,
                due: began,
                times: 12,
                found: "PENDING at Route 53".into(),
            },
            began,
            launched: [].into(),
            change_id: Some("C2682N5HXP0BZ4".into()),
            in_sync: false,
            stranded: false,
            reread: None,
            unknown: None,
            unseen: Vec::new(),
            refused: None,
        },
    );
    world.wait(41);
    hash
}

#[test]
fn a_plan_says_everything_and_the_safe_button_has_the_focus() {
    let mut world = storm();
    let (plan, dialog) = ready(&world, Risk::Reversible);
    world.wait(9);
    world.app.overlays.push(Overlay::Plan(dialog));
    let rows = world.text(140, 45);
    for text in [
        "LIVE  www: maintenance on via linode",
        "account 123456786789  profile prod  region global (aws)",
        "alias web-1234567890.us-east-1.elb.amazonaws.com  →  203.0.113.10 (60s)",
        "! The new record has a TTL of 60 s",
        "Nothing is changed at us-east-1/web",
        "9s old  HTTP 503 from https://fitocracy.com/",
        "Route 53 (us-east-1)",
        "Point fitocracy.com back",
        "point fitocracy.com at linode (route53:ChangeResourceRecordSets)",
        "DELETE fitocracy.com. A alias web-1234567890.us-east-1.elb.amazonaws.com",
        "CREATE fitocracy.com. A 203.0.113.10 (60s)",
        "only if the records are still",
        "done if the change is INSYNC",
        "[ Cancel ]  [ Confirm ]   y confirms, n or Esc cancels",
        "evidence good for 0:51",
        plan.hash.short(),
    ] {
        has(&rows, text);
    }
    assert!(world.roles_of("! The new record", 140, 45).chars().all(|r| r == 'w'));
    // On a small terminal the title, the place and the buttons stay, and what is hidden is announced.
    let rows = world.text(80, 24);
    has(&rows, "LIVE  www: maintenance on via linode");
    has(&rows, "account 123456786789");
    has(&rows, "more lines below (Down)");
    has(&rows, "[ Cancel ]  [ Confirm ]");
    has_not(&rows, "CREATE fitocracy.com. A");
    if let Some(Overlay::Plan(dialog)) = world.app.overlays.last_mut() {
        dialog.scroll = 12;
    }
    let rows = world.text(80, 24);
    has(&rows, "CREATE fitocracy.com. A 203.0.113.10 (60s)");
    has(&rows, "account 123456786789");
    has(&rows, "above (Up)");
}

#[test]
fn a_typed_confirmation_says_how_far_it_is() {
    let mut world = storm();
    let (_, mut dialog) = ready(&world, Risk::Destructive);
    for (typed, words, role) in [
        ("", "Esc cancels", 'm'),
        ("ww", "so far right, 1 to go", 'm'),
        ("www", "matches: Enter confirms", 'o'),
        ("wx", "does not match", 'd'),
    ] {
        dialog.typed = typed.into();
        world.app.overlays = vec![Overlay::Plan(dialog.clone())];
        let rows = world.text(140, 45);
        has(&rows, &format!("type \"www\" and Enter: {typed}▏"));
        has(&rows, words);
        assert_eq!(world.roles_of(words, 140, 45), role.to_string().repeat(words.len()));
    }
    assert_eq!(world.roles_of("destructive", 140, 45), "x".repeat(11));
    dialog.remark = Some("type www to confirm, or Esc to cancel".into());
    world.app.overlays = vec![Overlay::Plan(dialog)];
    has(&world.text(80, 24), "! type www to confirm, or Esc to cancel");
    world.wait(50);
    assert!(world.roles_of("evidence good for 0:10", 140, 45).chars().all(|r| r == 'w'));
    world.wait(20);
    has(&world.text(140, 45), "evidence too old: it is read again first");
}

#[test]
fn a_plan_in_the_making_and_a_refused_one_say_so() {
    let mut world = storm();
    let plan = maintenance_plan(&world, Risk::Reversible);
    let since = world.app.now;
    world.app.overlays = vec![Overlay::Plan(dialog(&plan, Planning::Gathering { done: 1, of: 3, since }))];
    world.wait(4);
    let rows = world.text(80, 24);
    has(&rows, "plan: maintenance on www");
    has(&rows, "1 of 3 answered");
    has(&rows, "0:04 of 0:20");
    let refusal = Refusal::new("apex www -> west", "west is not in service", "Pick linode, or wait");
    world.app.overlays = vec![Overlay::Plan(dialog(&plan, Planning::Refused(refusal)))];
    let rows = world.text(80, 24);
    has(&rows, "west is not in service");
    has(&rows, "Pick linode, or wait");
    has(&rows, "Nothing was changed.");
}

#[test]
fn progress_shows_steps_time_and_patience_then_how_it_ended() {
    let mut world = storm();
    let hash = running(&mut world);
    world.app.overlays = vec![Overlay::Progress(hash.clone())];
    for (width, height) in [(80, 24), (140, 45)] {
        let rows = world.text(width, height);
        has(&rows, "▸ now      1  point fitocracy.com at linode");
        has(&rows, "accepted as change C2682N5HXP0BZ4");
        has(&rows, "checking: PENDING at Route 53 (read 12x)");
        has(&rows, "waited 0:41 of 2:00, 1:19 left");
        assert_eq!(world.roles_of("now  ", width, height), "ppppp");
    }
    // The board and the apex screen show it too, with its step.
    world.app.overlays.clear();
    has(&world.text(140, 45), "▸ 0:41   adam     www: maintenance on via linode  step 1/1 checking");
    world.show(Screen::Apex);
    has(&world.text(80, 24), "─ under way ─");
    world.show(Screen::Log);
    has(&world.text(80, 24), "running");
    let finding = Finding::Holds { detail: "INSYNC, and the record reads as planned".into() };
    world.says("adam", Body::Verified { plan: hash.clone(), step: 0, finding });
    world.says("adam", Body::Finished { plan: hash.clone(), ending: Ending::Verified });
    world.app.executions.clear();
    world.app.overlays = vec![Overlay::Progress(hash.clone())];
    let rows = world.text(80, 24);
    has(&rows, "✓ done     1  point fitocracy.com at linode");
    has(&rows, "VERIFIED: every step was done and seen to hold");
    has(&rows, "It took 0:41.");
    world.app.overlays.clear();
    world.show(Screen::Board);
    has(&world.text(80, 24), "maintenance 41s  HTTP 503");
}

#[test]
fn an_unknown_outcome_is_never_called_failed() {
    let mut world = storm();
    let plan = maintenance_plan(&world, Risk::Reversible);
    let hash = plan.hash.clone();
    world.says("adam", Body::Proposed { plan: Box::new(plan) });
    world.says("adam", Body::Confirmed { plan: hash.clone(), typed: "y".into() });
    let error = Fault::TimedOut { after_ms: 10_000 };
    world.says("adam", Body::Outcome { plan: hash.clone(), step: 0, outcome: Outcome::Unknown { error } });
    let ending = Ending::Unknown { step: 0, why: "no answer".into() };
    world.says("adam", Body::Finished { plan: hash.clone(), ending });
    has(&world.text(140, 45), "unknown whether done: V verifies it");
    world.app.overlays = vec![Overlay::Progress(hash.clone())];
    for (width, height) in [(80, 24), (140, 45)] {
        let rows = world.text(width, height);
        has(&rows, "? unknown");
        has(&rows, "Verify before anything else");
        has(&rows, "unknown whether done: V verifies it");
        has_not(&rows, "failed:");
    }
    let settlement = Settlement::NotDone { detail: "as it was before".into() };
    world.says("daniel", Body::Settled { plan: hash, step: 0, settlement });
    let rows = world.text(80, 24);
    has(&rows, "daniel looked again: it was NOT done: as it was before");
    has_not(&rows, "V verifies it");
}

#[test]
fn detail_puts_claim_and_evidence_one_under_the_other() {
    let mut world = storm();
    world.app.overlays = vec![Overlay::Detail { row: RowId::Key(fito_db()), scroll: 0 }];
    let rows = world.text(140, 45);
    has(&rows, "LIE: the claim and the evidence disagree");
    has(&rows, "available (what AWS says)");
    has(&rows, "refused for 38m: tcp refused, 240ms, found 4s ago");
    has(&rows, "no answer within 5.0 s");
    has(&rows, "what is shown is the last good answer");
    has(&rows, "fito-db.c1.us-east-1.rds.amazonaws.com:3306");
    has(&rows, "LIE: database fito-db claims available, probe refused");
    let key = place("us-east-1", Service::Ec2).key(Kind::Instance, "i-0a1b2c3d4e5f60711");
    world.app.overlays = vec![Overlay::Detail { row: RowId::Key(key), scroll: 0 }];
    let rows = world.text(140, 45);
    has(&rows, "i-0a1b2c3d4e5f60711");
    has(&rows, "under web InService");
    has(&rows, "role = web");
    has(&rows, &account().0);
    world.app.overlays = vec![Overlay::Detail { row: RowId::Region(Region::new("us-east-1")), scroll: 0 }];
    let rows = world.text(140, 45);
    has(&rows, "unreachable: connection refused");
    has(&rows, "other regions may answer");
    has(&rows, "it last answered 56m ago");
    world.app.overlays = vec![Overlay::Detail { row: RowId::Site("www".into()), scroll: 0 }];
    let rows = world.text(140, 45);
    has(&rows, "https://fitocracy.com/ expects 200, with \"Fitocracy\" in the page");
    has(&rows, "CURRENT");
    let target = RowId::Target { site: "www".into(), target: "west".into() };
    world.app.overlays = vec![Overlay::Detail { row: target, scroll: 0 }];
    has(&world.text(140, 45), "web-1234567890.us-west-1.elb.amazonaws.com");
}

#[test]
fn a_log_entry_opens_its_whole_operation() {
    let mut world = storm();
    let hash = running(&mut world);
    let event = world.app.incident.story.iter().find(|e| e.plan.as_ref() == Some(&hash)).unwrap();
    let row = RowId::Event(event.session.clone(), event.seq);
    world.app.overlays = vec![Overlay::Detail { row, scroll: 0 }];
    let rows = world.text(140, 60);
    has(&rows, "standing       running");
    has(&rows, "confirmed      03:46:18 adam");
    has(&rows, "accepted as change C2682N5HXP0BZ4");
    has(&rows, "DELETE fitocracy.com. A");
}

#[test]
fn help_lists_every_command_with_its_keys() {
    let mut world = quiet();
    world.app.overlays = vec![Overlay::Help { scroll: 0 }];
    let rows = world.text(140, 45);
    for command in Command::ALL.into_iter().filter(|c| c.works_in(Context::Cockpit)) {
        has(&rows, command.doc());
    }
    has(&rows, "j  Down");
    let rows = world.text(80, 24);
    has(&rows, "more lines below (Down)");
    world.app.overlays = vec![Overlay::Help { scroll: 999 }];
    has(&world.text(80, 24), "Ctrl-C");
}

#[test]
fn the_palette_narrows_and_prompts_show_what_is_typed() {
    let mut world = quiet();
    let mut picker = picker();
    picker.input = "apex".into();
    picker.shown = vec![4, 20];
    picker.selected = 1;
    world.app.overlays = vec![Overlay::Palette(picker.clone())];
    let rows = world.text(80, 24);
    has(&rows, "> apex▏");
    has(&rows, "2 of 36");
    has(&rows, "apex-switch");
    assert!(world.roles_of("apex-switch", 80, 24).starts_with(':'), "the chosen one is selected");
    picker.shown.clear();
    world.app.overlays = vec![Overlay::Picker(picker)];
    has(&world.text(80, 24), "nothing fits what was typed");
    world.app.overlays = vec![Overlay::Prompt { purpose: Purpose::Declare, input: "apex down".into() }];
    let rows = world.text(80, 24);
    has(&rows, "declare an incident: its name");
    has(&rows, "> apex down▏");
}

#[test]
fn a_picture_is_the_same_bytes_every_time_and_says_what_the_frame_says() {
    let world = storm();
    let look = Look { theme: shipped("storm"), glyphs: Glyphs::Unicode };
    let picture = || svg(&buffer(&world.app, &look, 80, 24), &look, "the <board> & more");
    let first = picture();
    assert_eq!(first, picture());
    assert!(first.starts_with("<svg xmlns"), "{first}");
    assert!(first.contains("<title>the &lt;board&gt; &amp; more</title>"));
    assert!(first.contains(">INCIDENT</text>") && first.contains(">DOWN for 41m</text>"));
    // The colour of trouble is in it, and text is pinned to its columns.
    assert!(first.contains("fill=\"#ff7b72\"") && first.contains("textLength=\"67.2\""));
    assert_eq!(first.matches("<text").count(), first.matches("</text>").count());
    let own = super::world::look(Glyphs::Unicode);
    assert!(svg(&buffer(&world.app, &own, 3, 2), &own, "").ends_with("</svg>\n"));
}
