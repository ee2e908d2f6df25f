//! From the guard to the call: what a step relies on is read once more, its intent is written, and only then is it called.
//!
//! Refuses to call what the world is otherwise for, and what the logbook does not hold. Part of [`super`].

use super::{GUARD_PATIENCE_S, Next, Phase};
use crate::app::App;
use crate::app::checking::{guard_holds, guard_query, is_compare_failure};
use crate::app::message::{Effect, Ticket};
use crate::incident::entry::{Body, Finding, Outcome};
use crate::incident::fault::Performed;
use crate::incident::hash::PlanHash;
use crate::incident::request::{CallResult, Done, QueryResult};

impl App {
    pub(super) fn guard(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let Some((execution, step)) = self.step_of(hash) else { return };
        let scope = execution.plan.scope.clone();
        let since = match execution.phase {
            Phase::Guarding { since, .. } => since,
            _ => self.now,
        };
        let Some(query) = guard_query(&step.guard).cloned() else {
            match execution.refused.clone() {
                // Refused once is refused: it is never called again.
                Some(refused) => self.stop(hash, refused.to_string(), effects),
                None => self.intend(hash, effects),
            }
            return;
        };
        let scope = query.scope().cloned().unwrap_or(scope);
        let asked = self.ask_about(&scope, query, effects);
        if asked.is_none() {
            self.stop(hash, "no profile of this cockpit acts in that account".into(), effects);
        } else if let Some(execution) = self.executions.get_mut(hash) {
            execution.phase = Phase::Guarding { since, asked };
        }
    }

    pub(super) fn guard_answered(&mut self, hash: &PlanHash, result: QueryResult, effects: &mut Vec<Effect>) {
        let Some((execution, step)) = self.step_of(hash) else { return };
        let Phase::Guarding { since, .. } = execution.phase else { return };
        let patient = self.now.duration_since(since).as_secs() < GUARD_PATIENCE_S;
        if let Some(refused) = execution.refused.clone()
            && (result.is_ok() || !patient)
        {
            let holds = result.map(|answer| guard_holds(&step.guard, &answer, &execution.launched));
            let index = execution.step;
            let why = match holds {
                Ok(Err(otherwise)) => {
                    let finding = Finding::Differs { detail: format!("{otherwise}; nothing was changed") };
                    self.record(Body::Verified { plan: hash.clone(), step: index, finding }, effects);
                    format!("{otherwise} ({refused})")
                }
                Ok(Ok(())) | Err(_) => refused.to_string(),
            };
            self.stop(hash, why, effects);
            return;
        }
        match result {
            Ok(answer) => match guard_holds(&step.guard, &answer, &execution.launched) {
                Ok(()) => self.intend(hash, effects),
                Err(otherwise) => {
                    let index = execution.step;
                    let detail = format!("{otherwise}; nothing was changed");
                    let finding = Finding::Differs { detail };
                    self.record(Body::Verified { plan: hash.clone(), step: index, finding }, effects);
                    self.stop(hash, otherwise, effects);
                }
            },
            Err(fault) if !patient => {
                self.stop(hash, format!("what it relies on cannot be read: {fault}"), effects);
            }
            Err(_) => {
                // Asked again at the next tick.
                if let Some(execution) = self.executions.get_mut(hash) {
                    execution.phase = Phase::Guarding { since, asked: None };
                }
            }
        }
    }

    // --- intent and call ---

    fn intend(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let Some((execution, step)) = self.step_of(hash) else { return };
        let index = execution.step;
        let seq = self.record(Body::Intent { plan: hash.clone(), step: index, call: step.call }, effects);
        if let Some(execution) = self.executions.get_mut(hash) {
            execution.change_id = None;
            execution.in_sync = false;
            execution.stranded = false;
            execution.reread = None;
            execution.unknown = None;
            execution.phase = Phase::Recording(seq, Next::Call);
        }
    }

    pub(super) fn call(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let Some((_, step)) = self.step_of(hash) else { return };
        // Read-only and replay never get here; this is the last wall before the world.
        if let Some(why) =
            self.actions_off().or_else(|| self.leaving.clone().map(|_| "the cockpit is leaving".into()))
        {
            self.uncalled(hash, why, effects);
            return;
        }
        let Some(profile) = self.profile_of(&step.call.scope().account) else {
            self.uncalled(hash, "no profile of this cockpit acts in that account".into(), effects);
            return;
        };
        let ticket = self.ticket();
        if let Some(execution) = self.executions.get_mut(hash) {
            execution.phase = Phase::Calling(ticket);
        }
        effects.push(Effect::Perform(ticket, profile, Box::new(step.call)));
    }

    pub(in crate::app) fn performed(
        &mut self,
        ticket: Ticket,
        result: CallResult,
        effects: &mut Vec<Effect>,
    ) {
        let found = self.executions.iter().find(|(_, e)| e.phase == Phase::Calling(ticket));
        let Some((hash, execution)) = found.map(|(hash, e)| (hash.clone(), e)) else { return };
        let index = execution.step;
        let (outcome, next) = match &result {
            Ok(done) => (Outcome::Ok { done: done.clone() }, Next::Check),
            Err(error) => match error.performed() {
                // Route 53 compared and found something else there: what, is read before the plan ends.
                Performed::No if is_compare_failure(error) => {
                    (Outcome::Failed { error: error.clone() }, Next::Guard)
                }
                Performed::No => (Outcome::Failed { error: error.clone() }, Next::End),
                Performed::Unknown => (Outcome::Unknown { error: error.clone() }, Next::Check),
            },
        };
        let seq = self.record(Body::Outcome { plan: hash.clone(), step: index, outcome }, effects);
        if let Some(execution) = self.executions.get_mut(&hash) {
            match &result {
                Ok(Done::ChangeSubmitted { change_id }) => execution.change_id = Some(change_id.clone()),
                Ok(Done::Launched { instance }) => {
                    execution.launched.insert(index, instance.clone());
                }
                Ok(Done::Accepted) => {}
                Err(error) if next == Next::Check => execution.unknown = Some(error.clone()),
                Err(error) => execution.refused = Some(error.clone()),
            }
            execution.phase = Phase::Recording(seq, next);
        }
        if let (Next::End, Err(error)) = (next, &result) {
            self.stop(&hash, error.to_string(), effects);
        }
    }
}
