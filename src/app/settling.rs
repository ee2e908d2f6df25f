//! What became of a call whose outcome nobody knows: looked at again whenever an operator asks, in any cockpit on the logbook,
//! also long after and after a crash.
//!
//! It asks what the step's check asks and writes down what was found, by whom and when. Refuses to change anything outside, and
//! to guess: what the answer does not tell stays unknown.

use super::checking::{Seen, check_holds, check_query, guard_holds};
use super::commands::{Command, Context};
use super::executing::{Execution, place_of};
use super::input::{Choice, Overlay, Picker, Purpose};
use super::message::{Effect, Ticket};
use super::table::{RowId, clock_time};
use super::{App, LogState};
use crate::incident::entry::{Body, Outcome};
use crate::incident::hash::PlanHash;
use crate::incident::operation::{Operation, Standing};
use crate::incident::plan::{Action, Check, Guard, Refusal, Step};
use crate::incident::request::{Answer, Call, Done, InstanceRef, QueryResult};
use crate::incident::settlement::Settlement;
use crate::incident::story::{Tone, place_words};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// Seconds after a call from which "it is not there" means that it was not done: until then it may be on its way.
const ARRIVED_AFTER_S: i64 = 60;
/// Seconds that an answer is asked for again where none comes, or none that tells.
const PATIENCE_S: i64 = 20;
/// Seconds between two questions.
const EVERY_S: i64 = 2;

/// A call of unknown outcome that is being looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Settling {
    step: usize,
    /// Given up from then on.
    until: Timestamp,
    asked: Option<Ticket>,
    due: Timestamp,
    /// What the last answer says, which does not tell.
    found: String,
}

impl App {
    /// The step of a plan whose outcome is unknown and can be looked at from here.
    ///
    /// # Errors
    /// There is none, or this cockpit cannot look or write down what it sees.
    pub fn unknown_step(&self, plan: &PlanHash) -> Result<usize, Refusal> {
        let what = format!("verify {}", plan.short());
        let Some(operation) = self.incident.operations.get(plan) else {
            return Err(Refusal::new(what, "the logbook has no such plan", "See `blackstart log show`"));
        };
        let standing = operation.standing(&self.incident);
        let step = match standing {
            Standing::Unknown if !self.incident.is_unsettled(operation) => {
                let why = "the same resources were changed again since, which is known to have been done";
                return Err(Refusal::new(what, why, "What is there now is on the screens"));
            }
            Standing::Unknown => operation.unknown_step(),
            Standing::Running => {
                let why = format!("\"{}\" is under way", operation.plan.title);
                return Err(Refusal::new(what, why, "Wait until it is over"));
            }
            Standing::Proposed
            | Standing::Vetoed
            | Standing::Verified
            | Standing::Unverified
            | Standing::Stopped
            | Standing::Undone => None,
        };
        let Some(step) = step else {
            let why =
                format!("nothing about it is unknown: \"{}\" is {}", operation.plan.title, standing.as_str());
            return Err(Refusal::new(what, why, "See `blackstart log show`"));
        };
        if let LogState::Refused(why) = &self.log {
            let why = format!("what is found could not be written down: {why}");
            return Err(Refusal::new(what, why, "Mend the logbook's place first"));
        }
        let account = self.incident.account_of_operation(operation);
        if self.profile_of(account).is_none() {
            let why = format!("no profile of this cockpit is known to be in account {account}");
            return Err(Refusal::new(
                what,
                why,
                "Wait until STS has answered, or use that account's profile",
            ));
        }
        // Another account's answer would read as "it is not there".
        if self.presumption(account).is_some() && operation.plan.session != self.opening.session {
            let why =
                format!("STS has not yet said whether the credentials loaded are those of account {account}");
            return Err(Refusal::new(what, why, "Wait until STS has answered"));
        }
        Ok(step)
    }

    /// Whether a plan's unknown call is being looked at.
    #[must_use]
    pub fn is_settling(&self, plan: &PlanHash) -> bool {
        self.settling.contains_key(plan)
    }

    /// What the look at a plan's unknown call waits for, in words; `None` where nobody looks.
    #[must_use]
    pub fn settling_words(&self, plan: &PlanHash) -> Option<String> {
        let settling = self.settling.get(plan)?;
        let planned = &self.incident.operations.get(plan)?.plan;
        let place = place_of(&planned.steps.get(settling.step)?.call);
        Some(format!(
            "asking {} what became of \"{}\", at the longest until {} UTC: {} so far",
            place_words(&place),
            planned.title,
            clock_time(settling.until),
            settling.found
        ))
    }

    /// Looks again at what became of a plan's unknown call.
    pub(super) fn settle(&mut self, plan: &PlanHash, effects: &mut Vec<Effect>) {
        if self.is_settling(plan) {
            return;
        }
        match self.unknown_step(plan) {
            Ok(step) => {
                let until = self.now + SignedDuration::from_secs(PATIENCE_S);
                let found = "no answer".to_owned();
                let settling = Settling { step, until, asked: None, due: self.now, found };
                self.settling.insert(plan.clone(), settling);
                self.notice(Tone::Pending, format!("looking what became of plan {}", plan.short()));
                self.ask_what_became(plan, effects);
            }
            Err(refusal) => self.notice(Tone::Warn, format!("{}: {}", refusal.what, refusal.why)),
        }
    }

    /// The operator's key: the plan that is in view, else the one that is unknown, else a choice.
    pub(super) fn settle_in_view(&mut self, effects: &mut Vec<Effect>) {
        let unsettled: Vec<&Operation> = self.incident.unsettled();
        let in_view = match (self.overlays.last(), self.selected()) {
            (Some(Overlay::Progress(plan)), _) => Some(plan.clone()),
            (_, Some(RowId::Event(session, seq))) => {
                self.event(session, *seq).and_then(|event| event.plan.clone())
            }
            (_, Some(RowId::Key(_) | RowId::Region(_) | RowId::Site(_) | RowId::Target { .. }) | None) => {
                None
            }
        };
        let in_view = in_view.filter(|plan| unsettled.iter().any(|operation| operation.plan.hash == *plan));
        let plan = match (in_view, unsettled.as_slice()) {
            (Some(plan), _) => plan,
            (None, []) => {
                self.notice(Tone::Neutral, "no action is of unknown outcome".into());
                return;
            }
            (None, [only]) => only.plan.hash.clone(),
            (None, several) => {
                let choice = |operation: &&Operation| Choice {
                    label: operation.plan.title.clone(),
                    detail: format!("{} plan {}", operation.by, operation.plan.hash.short()),
                    purpose: Purpose::Verify(operation.plan.hash.clone()),
                };
                let choices = several.iter().rev().map(choice).collect();
                self.overlays.push(Overlay::Picker(Picker::new("verify which", choices)));
                return;
            }
        };
        self.settle(&plan, effects);
    }

    /// How an operator has it looked at: the key, else the command's name.
    #[must_use]
    pub fn verify_key(&self) -> String {
        let key = self.opening.keymap.label_of(Context::Cockpit, Command::Verify);
        key.unwrap_or_else(|| format!(":{}", Command::Verify.id()))
    }

    /// The step as it stood, for the check's question: what earlier steps launched is filled in.
    fn as_it_stood(&self, plan: &PlanHash) -> Option<(Execution, Step)> {
        let operation = self.incident.operations.get(plan)?;
        let step = self.settling.get(plan)?.step;
        let mut execution = Execution::begin(
            operation.plan.clone(),
            self.opening.session.clone(),
            super::Phase::Over,
            self.now,
        );
        execution.step = step;
        execution.launched = launched(operation);
        let step = operation.plan.steps.get(step)?.clone();
        Some((execution, step))
    }

    fn ask_what_became(&mut self, plan: &PlanHash, effects: &mut Vec<Effect>) {
        let Some((execution, step)) = self.as_it_stood(plan) else { return };
        let Some(query) = check_query(&step, &execution) else {
            let detail = "nothing that can be read tells; look in AWS".to_owned();
            self.settled(plan, Settlement::Unknown { detail }, effects);
            return;
        };
        let mut scope = query.scope().unwrap_or_else(|| step.call.scope()).clone();
        if let Some(operation) = self.incident.operations.get(plan) {
            scope.account.clone_from(self.incident.account_of_operation(operation));
        }
        let asked = self.ask_about(&scope, query, effects);
        if let Some(settling) = self.settling.get_mut(plan) {
            settling.asked = asked;
        }
    }

    /// Takes an answer that a settlement waits for; gives it back if it is somebody else's.
    pub(super) fn settling_answered(
        &mut self,
        ticket: Ticket,
        result: QueryResult,
        effects: &mut Vec<Effect>,
    ) -> Option<QueryResult> {
        let found = self.settling.iter().find(|(_, settling)| settling.asked == Some(ticket));
        let Some(plan) = found.map(|(plan, _)| plan.clone()) else { return Some(result) };
        let (execution, step) = self.as_it_stood(&plan)?;
        let settlement = match &result {
            Ok(answer) => what_became(&step, &execution, answer),
            Err(fault) => Settlement::Unknown { detail: format!("it cannot be read: {fault}") },
        };
        let arrived = self.arrived(&plan, execution.step);
        let tells = match &settlement {
            Settlement::Verified { .. } | Settlement::Unverified { .. } => true,
            Settlement::NotDone { .. } => arrived <= self.now,
            Settlement::Unknown { .. } => false,
        };
        if tells {
            self.settled(&plan, settlement, effects);
            return None;
        }
        let due = self.now + SignedDuration::from_secs(EVERY_S);
        if let Some(settling) = self.settling.get_mut(&plan) {
            settling.asked = None;
            settling.due = due;
            settling.found = settlement.detail().to_owned();
            if let Settlement::NotDone { .. } = settlement {
                settling.until = settling.until.max(arrived + SignedDuration::from_secs(PATIENCE_S));
            }
        }
        None
    }

    /// From when on whatever a call does is done.
    fn arrived(&self, plan: &PlanHash, step: usize) -> Timestamp {
        let progress = self.incident.operations.get(plan).and_then(|operation| operation.steps.get(step));
        let called = progress.and_then(|progress| {
            let ended = progress.outcome.as_ref().map(|(at, _)| *at);
            ended.or_else(|| progress.intent.as_ref().map(|(at, _)| *at))
        });
        called.unwrap_or(self.now) + SignedDuration::from_secs(ARRIVED_AFTER_S)
    }

    /// Asks again what is due, and gives up on what does not tell.
    pub(super) fn settling_tick(&mut self, effects: &mut Vec<Effect>) {
        let plans: Vec<(PlanHash, Settling)> =
            self.settling.iter().map(|(plan, settling)| (plan.clone(), settling.clone())).collect();
        for (plan, settling) in plans {
            if settling.until <= self.now {
                self.settled(&plan, Settlement::Unknown { detail: settling.found }, effects);
            } else if settling.asked.is_none() && settling.due <= self.now {
                self.ask_what_became(&plan, effects);
            }
        }
    }

    fn settled(&mut self, plan: &PlanHash, settlement: Settlement, effects: &mut Vec<Effect>) {
        let Some(settling) = self.settling.remove(plan) else { return };
        // The disk may have refused, and somebody else may have looked, while this was being read.
        if self.unknown_step(plan) != Ok(settling.step) {
            return;
        }
        let body = Body::Settled { plan: plan.clone(), step: settling.step, settlement: settlement.clone() };
        self.record(body, effects);
        let Some(operation) = self.incident.operations.get(plan) else { return };
        let (planned, done) = (operation.plan.clone(), operation.done());
        let (tone, text) = settlement.sentence(&planned.title);
        self.notice(tone, text);
        if let (Action::Undo { operation }, true) = (&planned.action, done) {
            self.record(Body::Undone { plan: operation.clone(), by: plan.clone() }, effects);
        }
        self.refresh_after(&planned);
    }
}

/// The instances that a plan's steps launched, as far as the log says: by the answer, else by what later steps were called with.
fn launched(operation: &Operation) -> BTreeMap<usize, String> {
    let mut launched = BTreeMap::new();
    for (at, (step, progress)) in operation.plan.steps.iter().zip(&operation.steps).enumerate() {
        if let Some((_, Outcome::Ok { done: Done::Launched { instance } })) = &progress.outcome {
            launched.insert(at, instance.clone());
        }
        let Some((_, called)) = &progress.intent else { continue };
        for reference in references(&step.call).into_iter().zip(references(called)) {
            if let (InstanceRef::LaunchedByStep(step), InstanceRef::Id(id)) = reference {
                launched.entry(*step).or_insert_with(|| id.clone());
            }
        }
    }
    launched
}

/// The instances that a call names.
fn references(call: &Call) -> Vec<&InstanceRef> {
    match call {
        Call::Register { targets, .. } | Call::Deregister { targets, .. } => {
            targets.iter().map(|target| &target.id).collect()
        }
        Call::DisableSourceDestCheck { instance, .. } => vec![instance],
        Call::ChangeRecords { .. }
        | Call::RunInstance { .. }
        | Call::Terminate { .. }
        | Call::RestoreDatabase { .. } => Vec::new(),
    }
}

/// What an answer says of a call that may have been done.
fn what_became(step: &Step, execution: &Execution, answer: &Answer) -> Settlement {
    let detail = match check_holds(step, execution, answer) {
        Seen::Holds(detail) => return Settlement::Verified { detail },
        Seen::NotYet(detail) | Seen::Differs(detail) => detail,
        Seen::InSync | Seen::Stranded => "the answer does not fit the question".into(),
    };
    match (&step.check, answer) {
        // As it was before: the guard says what that is. Anything else is somebody's, and tells nothing.
        (Check::RecordsAre { .. }, Answer::Records { .. })
            if matches!(step.guard, Guard::RecordsAre { .. })
                && guard_holds(&step.guard, answer, &execution.launched).is_ok() =>
        {
            Settlement::NotDone { detail: format!("as it was before: {detail}") }
        }
        (Check::RecordsAre { .. }, Answer::Records { .. }) => {
            Settlement::Unknown { detail: format!("neither as before nor as planned: {detail}") }
        }
        (Check::LaunchedRuns, Answer::Instances(found)) if found.is_empty() => {
            Settlement::NotDone { detail: "no instance carries its client token".into() }
        }
        (Check::LaunchedRuns, Answer::Instances(_)) => Settlement::Unverified { detail },
        (Check::InService { targets, .. }, Answer::Registrations(found)) => {
            let listed = super::checking::ids(targets, &execution.launched)
                .iter()
                .all(|id| found.iter().any(|registration| registration.target == *id));
            if listed { Settlement::Unverified { detail } } else { Settlement::NotDone { detail } }
        }
        (Check::NotRegistered { .. }, Answer::Registrations(_))
        | (Check::Terminated { .. }, Answer::Instances(_)) => Settlement::NotDone { detail },
        (Check::DatabaseAvailable { .. }, Answer::Database(None)) => {
            Settlement::NotDone { detail: "no DB instance of that name is listed".into() }
        }
        (Check::DatabaseAvailable { .. }, Answer::Database(Some(_))) => Settlement::Unverified { detail },
        (
            Check::RecordsAre { .. }
            | Check::LaunchedRuns
            | Check::InService { .. }
            | Check::NotRegistered { .. }
            | Check::Terminated { .. }
            | Check::DatabaseAvailable { .. }
            | Check::Accepted,
            _,
        ) => Settlement::Unknown { detail },
    }
}
