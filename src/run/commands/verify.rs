//! `do verify`: the cockpit's own look at what became of a call of unknown outcome, without a screen.
//!
//! It reads what the plan's check reads and writes down what it found. Nothing is changed, so `--read-only` allows it. What takes
//! longer than a moment is said on stderr. That nothing is unknown is no failure.

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
use crate::run::{Exit, complain, say};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::Duration;

/// The longest that it may take to hear which sessions are gone and which account a profile is.
const READY_LIMIT: Duration = Duration::from_secs(10);
/// What is over by then is not worth a word.
const A_MOMENT: SignedDuration = SignedDuration::from_secs(1);
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
        match look(&mut driver, start, complain).await {
            Ok(Looked::At(plan)) => tell(&driver.app, &plan, json),
            Ok(Looked::Nothing { plan, why }) => nothing(&driver.app, plan, &why, json),
            Err(refusal) => refused(&refusal, json),
        }
    });
    runtime.block_on(leave(&mut driver));
    driver.finish();
    runtime.shutdown_background();
    exit
}

/// What a look came to.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::run) enum Looked {
    /// It was looked at, and what was found is written down.
    At(PlanHash),
    /// There is nothing to look at.
    Nothing {
        /// The plan, where one was named.
        plan: Option<PlanHash>,
        /// In words.
        why: String,
    },
}

/// Looks at the plan that is meant, until something is found or patience ends. What it waits for meanwhile is told by `wait`.
pub(in crate::run) async fn look(
    driver: &mut Driver,
    start: Option<&str>,
    wait: impl Fn(&str),
) -> Result<Looked, Refusal> {
    let named = |app: &App| {
        let plan = words::plan_to_verify(&app.incident, start)?;
        app.unknown_step(&plan).map(|_| plan)
    };
    let mut patience = Patience { since: driver.app.now, said: String::new(), wait };
    driver
        .until(READY_LIMIT, |app| {
            let found = named(app);
            if let Err(refusal) = &found {
                patience.tell(app, || Some(waits_for(app, start, refusal)));
            }
            found.is_ok() || is_settled(app, start)
        })
        .await;
    let plan = match named(&driver.app) {
        Ok(plan) => plan,
        Err(refusal) => return nothing_unknown(&driver.app, start).ok_or(refusal),
    };
    driver.take(Message::Verify(plan.clone()));
    patience.since = driver.app.now;
    driver
        .until(LOOK_LIMIT, |app| {
            patience.tell(app, || app.settling_words(&plan));
            !app.is_settling(&plan)
        })
        .await;
    Ok(Looked::At(plan))
}

/// Tells what is waited for, each thing once, and nothing of what is over in a moment.
struct Patience<W> {
    since: Timestamp,
    said: String,
    wait: W,
}

impl<W: Fn(&str)> Patience<W> {
    fn tell(&mut self, app: &App, words: impl FnOnce() -> Option<String>) {
        if app.now.duration_since(self.since) < A_MOMENT {
            return;
        }
        if let Some(words) = words().filter(|words| *words != self.said) {
            (self.wait)(&words);
            self.said = words;
        }
    }
}

/// What is waited for before it is known which plan to look at.
fn waits_for(app: &App, start: Option<&str>, refusal: &Refusal) -> String {
    let mut running = app.incident.running().into_iter().filter(|operation| is_meant(operation, start));
    match running.next() {
        Some(operation) => {
            format!(
                "waiting to hear whether the cockpit that runs \"{}\" is still there",
                operation.plan.title
            )
        }
        None => format!("waiting: {}", refusal.why),
    }
}

fn is_meant(operation: &Operation, start: Option<&str>) -> bool {
    operation.plan.hash.0.starts_with(start.unwrap_or_default())
}

/// That there is nothing to look at, where that is so: no unknown outcome, or a named plan that is known to hold.
fn nothing_unknown(app: &App, start: Option<&str>) -> Option<Looked> {
    if start.is_none() {
        let why = "no action in the logbook is of unknown outcome".to_owned();
        return app.incident.unsettled().is_empty().then_some(Looked::Nothing { plan: None, why });
    }
    let plan = words::plan_to_verify(&app.incident, start).ok()?;
    let operation = app.incident.operations.get(&plan)?;
    let why = format!("\"{}\" is verified already", operation.plan.title);
    let is_verified = operation.standing(&app.incident) == Standing::Verified;
    is_verified.then_some(Looked::Nothing { plan: Some(plan), why })
}

/// Says that nothing is unknown.
fn nothing(app: &App, plan: Option<PlanHash>, why: &str, json: bool) -> Exit {
    if json {
        let operation = plan.as_ref().and_then(|plan| app.incident.operations.get(plan));
        let standing = operation.map(|operation| operation.standing(&app.incident).as_str());
        let value = json!({ "plan": plan, "step": null, "found": null, "standing": standing });
        say(&serde_json::to_string_pretty(&value).unwrap_or_default());
    } else {
        say(&format!("Nothing to verify: {why}."));
    }
    Exit::Done
}

/// Whether waiting changes nothing: of the plans that are meant none is under way or unknown.
fn is_settled(app: &App, start: Option<&str>) -> bool {
    let mut meant = app.incident.operations.values().filter(|operation| is_meant(operation, start));
    meant.all(|operation| match operation.standing(&app.incident) {
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
