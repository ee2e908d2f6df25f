//! `do verify`: the cockpit's own look at what became of a call of unknown outcome, without a screen.
//!
//! It reads what the plan's check reads and writes down what it found. Nothing is changed, so `--read-only` allows it.

use super::act::{leave, refused};
use super::status::{Headless, Purpose, headless};
use crate::app::App;
use crate::app::message::Message;
use crate::cli::words;
use crate::incident::hash::PlanHash;
use crate::incident::operation::{Operation, Standing};
use crate::incident::plan::Refusal;
use crate::incident::settlement::Settlement;
use crate::run::driver::Driver;
use crate::run::setup::Ground;
use crate::run::{Exit, say};
use serde_json::json;
use std::time::Duration;

/// The longest that it may take to hear which sessions are gone and which account a profile is.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// The longest a look may take: it ends by itself, this is only a last end.
const LOOK_LIMIT: Duration = Duration::from_secs(120);

/// Looks, and says what was found.
pub(crate) fn verify(ground: &Ground, start: Option<&str>, json: bool) -> Exit {
    let Headless { runtime, mut driver, .. } = match headless(ground, Purpose::Act) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    let exit = runtime.block_on(async {
        driver.take(Message::Start);
        let found = look(&mut driver, start).await;
        match found {
            Ok(plan) => tell(&driver.app, &plan, json),
            Err(refusal) => refused(&refusal, json),
        }
    });
    runtime.block_on(leave(&mut driver));
    driver.finish();
    runtime.shutdown_background();
    exit
}

/// Looks at the plan that is meant, until something is found or patience ends; which plan it was.
pub(in crate::run) async fn look(driver: &mut Driver, start: Option<&str>) -> Result<PlanHash, Refusal> {
    let named = |app: &App| {
        let plan = words::plan_to_verify(&app.incident, start)?;
        app.unknown_step(&plan).map(|_| plan)
    };
    driver.until(READY_LIMIT, |app| named(app).is_ok() || is_settled(app, start)).await;
    let plan = named(&driver.app)?;
    driver.take(Message::Verify(plan.clone()));
    driver.until(LOOK_LIMIT, |app| !app.is_settling(&plan)).await;
    Ok(plan)
}

/// Whether waiting changes nothing: of the plans that are meant none is under way or unknown.
fn is_settled(app: &App, start: Option<&str>) -> bool {
    let meant = |operation: &&Operation| operation.plan.hash.0.starts_with(start.unwrap_or_default());
    app.incident.operations.values().filter(meant).all(|operation| match operation.standing(&app.incident) {
        Standing::Unknown | Standing::Running => false,
        Standing::Proposed
        | Standing::Vetoed
        | Standing::Verified
        | Standing::Unverified
        | Standing::Stopped
        | Standing::Undone => true,
    })
}

/// Says what was found.
pub(in crate::run) fn tell(app: &App, plan: &PlanHash, json: bool) -> Exit {
    let operation = app.incident.operations.get(plan);
    let found = operation.and_then(newest);
    let Some((operation, (step, settlement))) = operation.zip(found) else {
        let refusal = Refusal::new(
            format!("verify {}", plan.short()),
            "what was found could not be written down",
            "See `blackstart log show`",
        );
        return refused(&refusal, json);
    };
    let standing = operation.standing(&app.incident);
    if json {
        let value = json!({
            "plan": plan,
            "step": step,
            "found": settlement,
            "standing": standing.as_str(),
        });
        say(&serde_json::to_string_pretty(&value).unwrap_or_default());
    } else {
        let (_, sentence) = settlement.sentence(&operation.plan.title);
        say(&format!("plan {}: {sentence}", plan.short()));
    }
    match settlement {
        Settlement::Verified { .. } => Exit::Done,
        Settlement::Unverified { .. } | Settlement::NotDone { .. } | Settlement::Unknown { .. } => {
            Exit::Failed
        }
    }
}

/// What was found last, and of which step.
fn newest(operation: &Operation) -> Option<(usize, &Settlement)> {
    let settled =
        operation.steps.iter().enumerate().filter_map(|(at, step)| Some((at, step.settled.as_ref()?)));
    settled.max_by_key(|(_, settled)| settled.at).map(|(at, settled)| (at, &settled.settlement))
}
