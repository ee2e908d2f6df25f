//! `plan` and `do`: the cockpit's own planning, confirmation and execution, without a screen.

use super::status::{Headless, Purpose, headless};
use crate::app::message::Message;
use crate::app::{App, Dialog, Overlay, Planning};
use crate::cli::{Act, words};
use crate::incident::hash::PlanHash;
use crate::incident::operation::{Operation, Standing};
use crate::incident::plan::{Action, Plan, Refusal, Risk};
use crate::incident::planner::resolve::Lookup;
use crate::incident::planner::text;
use crate::incident::story::COMMAND_DONE;
use crate::run::driver::Driver;
use crate::run::setup::Ground;
use crate::run::{Exit, complain, say};
use serde_json::json;
use std::time::Duration;

/// The longest a plan may take to be made.
const PLAN_LIMIT: Duration = Duration::from_secs(25);
/// The longest an action may take: a check has patience of its own, this is only a last end.
const ACTION_LIMIT: Duration = Duration::from_secs(3 * 3600);
/// The longest that what was touched may take to be read again; what was done is done, and known.
const REREAD_LIMIT: Duration = Duration::from_secs(6);

/// Shows a plan; touches nothing.
pub(crate) fn plan(ground: &Ground, act: &Act, json: bool) -> Exit {
    let Headless { runtime, mut driver, sweep_limit } = match headless(ground, Purpose::Look) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let planned = runtime.block_on(planned(&mut driver, ground, act, sweep_limit));
    runtime.block_on(leave(&mut driver));
    driver.finish();
    runtime.shutdown_background();
    match planned {
        Ok(plan) => {
            show(&driver.app, &plan, json);
            Exit::Done
        }
        Err(refusal) => refused(&refusal, json),
    }
}

/// Makes the plan, and with the right confirmation carries it out.
pub(crate) fn perform(ground: &Ground, act: &Act, confirm: Option<&str>, json: bool) -> Exit {
    if ground.global.read_only {
        return refused(
            &Refusal::new(
                "do",
                "--read-only leaves no path to any action",
                "Leave --read-only out, or use `plan`",
            ),
            json,
        );
    }
    let Headless { runtime, mut driver, sweep_limit } = match headless(ground, Purpose::Act) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    if let Some(why) = driver.app.actions_off() {
        let refusal =
            Refusal::new("do", why, "Mend the logbook's place first, or name another with --logbook");
        return refused(&refusal, json);
    }
    let exit = runtime.block_on(async {
        let plan = match planned(&mut driver, ground, act, sweep_limit).await {
            Ok(plan) => plan,
            Err(refusal) => return refused(&refusal, json),
        };
        // A reversible action needs a confirmation too: here there is no key to press, so the text stands for it.
        let typed = confirm.unwrap_or_default();
        if typed.trim() != plan.confirm {
            show(&driver.app, &plan, json);
            let given = if typed.is_empty() {
                "no --confirm was given".into()
            } else {
                format!("--confirm {typed:?} is not it")
            };
            complain(&format!("Nothing was changed: {given}. Repeat with --confirm {:?}.", plan.confirm));
            return Exit::Usage;
        }
        carry_out(&mut driver, &plan, json).await
    });
    runtime.block_on(leave(&mut driver));
    driver.finish();
    runtime.shutdown_background();
    exit
}

pub(super) async fn leave(driver: &mut Driver) {
    driver.take(Message::Signal(COMMAND_DONE));
    driver.until(Duration::from_secs(15), |app| app.quitting).await;
}

/// The words become an action, the action a plan.
async fn planned(
    driver: &mut Driver,
    ground: &Ground,
    act: &Act,
    sweep_limit: Duration,
) -> Result<Plan, Refusal> {
    driver.take(Message::Start);
    let action = action(driver, ground, act, sweep_limit).await?;
    driver.take(Message::Act(action.clone()));
    driver.until(PLAN_LIMIT, |app| !matches!(dialog(app), Some(Planning::Gathering { .. }))).await;
    match dialog(&driver.app) {
        Some(Planning::Ready(plan)) => Ok((**plan).clone()),
        Some(Planning::Refused(refusal)) => Err(refusal.clone()),
        Some(Planning::Gathering { .. }) | None => Err(Refusal::new(
            action.to_string(),
            "what the plan needs could not be read in time",
            "Try again; `blackstart status` shows which cells answer",
        )),
    }
}

/// Looks the names up, as soon as what was read suffices; at the latest when every cell was heard.
async fn action(
    driver: &mut Driver,
    ground: &Ground,
    act: &Act,
    sweep_limit: Duration,
) -> Result<Action, Refusal> {
    if words::needs_rows(act) {
        driver.until(sweep_limit, App::swept_once).await;
    } else {
        // Which account holds a zone is read from the first sweep of Route 53, where that comes at once.
        driver.until(Duration::from_secs(5), App::route53_swept).await;
    }
    let region = match ground.global.region.as_slice() {
        [only] => Some(only.as_str()),
        _ => None,
    };
    let app = &driver.app;
    words::action(act, app.now, Lookup { incident: &app.incident, accounts: &app.accounts, region })
}

fn dialog(app: &App) -> Option<&Planning> {
    app.overlays.iter().rev().find_map(|overlay| match overlay {
        Overlay::Plan(Dialog { planning, .. }) => Some(planning),
        _ => None,
    })
}

async fn carry_out(driver: &mut Driver, plan: &Plan, json: bool) -> Exit {
    let hash = plan.hash.clone();
    if !json {
        say(&format!("{}\n", plan.title));
    }
    driver.take(Message::Confirm { plan: hash.clone(), typed: plan.confirm.clone() });
    if !driver.app.executions.contains_key(&hash) {
        let why = driver.app.dialog().and_then(|dialog| dialog.remark.clone());
        complain(&format!(
            "Nothing was changed: {}.",
            why.unwrap_or_else(|| "the plan could not be confirmed".into())
        ));
        return Exit::Failed;
    }
    let mut told = 0;
    driver
        .until(ACTION_LIMIT, |app| {
            if !json {
                told = tell(app, &hash, told);
            }
            app.ended(&hash).is_some()
        })
        .await;
    // The log ends with how it is now, not with how it was before.
    driver.until(REREAD_LIMIT, |app| app.reread_since(&hash)).await;
    let app = &driver.app;
    let Some(operation) = app.incident.operations.get(&hash) else {
        complain("The plan was not carried out.");
        return Exit::Failed;
    };
    let standing = operation.standing(&app.incident);
    if json {
        let value = json!({
            "plan": plan,
            "standing": standing.as_str(),
            "ending": operation.ending.as_ref().map(|(_, ending)| ending),
            "steps": steps(operation),
        });
        say(&serde_json::to_string_pretty(&value).unwrap_or_default());
    }
    match standing {
        Standing::Verified => Exit::Done,
        Standing::Proposed
        | Standing::Vetoed
        | Standing::Running
        | Standing::Unverified
        | Standing::Stopped
        | Standing::Unknown
        | Standing::Undone => Exit::Failed,
    }
}

/// Prints the lines of the story about a plan that were not printed yet.
fn tell(app: &App, plan: &PlanHash, told: usize) -> usize {
    let lines: Vec<_> = app.incident.story.iter().filter(|event| event.plan.as_ref() == Some(plan)).collect();
    for event in lines.iter().skip(told).filter(|event| event.kind != "proposed") {
        say(&format!("{}  {}", crate::app::table::clock_time(event.ts), event.text));
    }
    lines.len()
}

fn steps(operation: &Operation) -> Vec<serde_json::Value> {
    operation
        .steps
        .iter()
        .zip(&operation.plan.steps)
        .map(|(progress, step)| {
            json!({
                "title": step.title,
                "intent": progress.intent.as_ref().map(|(at, _)| at),
                "outcome": progress.outcome.as_ref().map(|(_, outcome)| outcome),
                "finding": progress.finding.as_ref().map(|(_, finding)| finding),
            })
        })
        .collect()
}

fn show(app: &App, plan: &Plan, json: bool) {
    if json {
        say(&serde_json::to_string_pretty(plan).unwrap_or_default());
        return;
    }
    let mut lines = text::lines(plan, app.now);
    if plan.risk == Risk::Reversible {
        lines.push(format!("On the command line: --confirm {:?}", plan.confirm));
    }
    say(&lines.join("\n"));
}

pub(super) fn refused(refusal: &Refusal, json: bool) -> Exit {
    if json {
        say(&serde_json::to_string_pretty(&json!({ "refused": refusal })).unwrap_or_default());
    } else {
        complain(&refusal.to_string());
    }
    Exit::Failed
}
