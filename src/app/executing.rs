//! From a confirmed plan to a verified effect, one step at a time:
//! guard re-read -> intent on disk -> call -> outcome on disk -> check, again and again, until it holds or patience ends.
//!
//! No call is asked for before the logbook says that its intent is recorded. An outcome that is unknown is never called
//! failed: its check is read like any other, and only what was seen decides. Several plans may be under way at once.
//!
//! Here is what is under way, and what wakes it; `calling` goes as far as the call, `verifying` to what came of it, and `ending`
//! to the end and after.

mod calling;
mod ending;
mod verifying;

pub(super) use ending::place_of;

use super::App;
use super::checking::resolve_call;
use super::message::{Effect, Ticket};
use crate::incident::entry::{Body, SessionId};
use crate::incident::fault::Fault;
use crate::incident::hash::PlanHash;
use crate::incident::operation::Standing;
use crate::incident::place::Scope;
use crate::incident::plan::{Plan, Step};
use crate::incident::request::{Query, QueryResult};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Seconds a guard is asked again before the step is given up.
const GUARD_PATIENCE_S: i64 = 15;
/// Seconds between two reads of a check, growing to the second.
const CHECK_EVERY_S: (i64, i64) = (1, 5);

/// What an execution waits for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Phase {
    /// The confirmation (or an outcome, or an intent) to be on disk: the entry's number.
    Recording(u64, Next),
    /// The guard's answer.
    Guarding {
        /// When the guard was first asked.
        since: Timestamp,
        /// The question under way.
        asked: Option<Ticket>,
    },
    /// The call's answer.
    Calling(Ticket),
    /// The check to hold.
    Checking {
        /// When the check was first asked.
        since: Timestamp,
        /// The question under way.
        asked: Option<Ticket>,
        /// When it is asked next.
        due: Timestamp,
        /// How often it was asked.
        times: u32,
        /// What it found last.
        found: String,
    },
    /// It is over.
    Over,
}

/// What follows once an entry is on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// The guard of the current step.
    Guard,
    /// The call of the current step.
    Call,
    /// The check of the current step.
    Check,
    /// The next step, or the end.
    Step,
    /// Nothing.
    End,
}

/// A plan being carried out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Execution {
    /// The plan, exactly as confirmed.
    pub plan: Plan,
    /// The strand that its confirmation is in: no call is made that another strand would announce.
    pub confirmed_in: SessionId,
    /// The step under way, from 0.
    pub step: usize,
    /// What it waits for.
    pub phase: Phase,
    /// When it began.
    pub began: Timestamp,
    /// Instances launched, by step.
    pub launched: BTreeMap<usize, String>,
    /// Change id of the step under way.
    pub change_id: Option<String>,
    /// Whether that change was seen INSYNC.
    pub in_sync: bool,
    /// Route 53 took the change and does not know it any more.
    pub stranded: bool,
    /// When the record sets were read as planned, and what was found: only the name servers are still to be heard.
    pub reread: Option<(Timestamp, String)>,
    /// Why the current call's outcome is unknown, if it is.
    pub unknown: Option<Fault>,
    /// Effects that were not seen in time.
    pub unseen: Vec<String>,
    /// The world refused the call because things were otherwise by then: what they are is read before it ends.
    pub refused: Option<Fault>,
}

impl Execution {
    /// A plan of which nothing was done yet.
    pub(super) fn begin(plan: Plan, confirmed_in: SessionId, phase: Phase, began: Timestamp) -> Self {
        Self {
            plan,
            confirmed_in,
            step: 0,
            phase,
            began,
            launched: BTreeMap::new(),
            change_id: None,
            in_sync: false,
            stranded: false,
            reread: None,
            unknown: None,
            unseen: Vec::new(),
            refused: None,
        }
    }
}

impl App {
    /// Begins to carry out a confirmed plan.
    pub(super) fn execute(&mut self, plan: Plan, typed: String, effects: &mut Vec<Effect>) {
        let hash = plan.hash.clone();
        let seq = self.record(Body::Confirmed { plan: hash.clone(), typed }, effects);
        let (session, phase) = (self.opening.session.clone(), Phase::Recording(seq, Next::Guard));
        self.executions.insert(hash, Execution::begin(plan, session, phase, self.now));
    }

    /// Whether a plan of this cockpit is still under way.
    #[must_use]
    pub fn busy(&self) -> bool {
        // What only waits for its last line to reach the disk is done: leaving writes that line too.
        self.executions
            .values()
            .any(|execution| !matches!(execution.phase, Phase::Over | Phase::Recording(_, Next::End)))
    }

    pub(super) fn recorded(&mut self, seq: u64, effects: &mut Vec<Effect>) {
        let due: Vec<(PlanHash, Next)> = self
            .executions
            .iter()
            .filter_map(|(hash, execution)| match execution.phase {
                Phase::Recording(waits_for, next) if waits_for <= seq => Some((hash.clone(), next)),
                _ => None,
            })
            .collect();
        for (hash, next) in due {
            match next {
                Next::Guard => self.guard(&hash, effects),
                Next::Call => self.call(&hash, effects),
                Next::Check => self.begin_check(&hash, effects),
                Next::Step => self.next_step(&hash, effects),
                Next::End => self.over(&hash),
            }
        }
    }

    fn step_of(&self, hash: &PlanHash) -> Option<(&Execution, Step)> {
        let execution = self.executions.get(hash)?;
        let mut step = execution.plan.steps.get(execution.step)?.clone();
        resolve_call(&mut step.call, &execution.launched);
        Some((execution, step))
    }

    pub(super) fn ask_about(
        &mut self,
        scope: &Scope,
        query: Query,
        effects: &mut Vec<Effect>,
    ) -> Option<Ticket> {
        let profile = self.profile_of(&scope.account)?;
        let ticket = self.ticket();
        effects.push(Effect::Ask(ticket, profile, query));
        Some(ticket)
    }

    /// Asks again what is due.
    pub(super) fn execution_tick(&mut self, effects: &mut Vec<Effect>) {
        if let super::LogState::Refused(why) = self.log.clone() {
            self.stop_unrecorded(&why.words, effects);
        }
        let due: Vec<(PlanHash, bool)> = self
            .executions
            .iter()
            .filter_map(|(hash, execution)| match &execution.phase {
                Phase::Guarding { asked: None, .. } => Some((hash.clone(), true)),
                Phase::Checking { asked: None, due, .. } if *due <= self.now => Some((hash.clone(), false)),
                Phase::Guarding { .. }
                | Phase::Checking { .. }
                | Phase::Recording(..)
                | Phase::Calling(_)
                | Phase::Over => None,
            })
            .collect();
        for (hash, is_guard) in due {
            if is_guard {
                self.guard(&hash, effects);
            } else {
                self.check(&hash, effects);
            }
        }
    }

    /// An answer that no sweep waited for: a plan's, a guard's or a check's.
    pub(super) fn answered(&mut self, ticket: Ticket, result: QueryResult, effects: &mut Vec<Effect>) {
        let Some(result) = self.plan_answered(ticket, result, effects) else { return };
        let Some(result) = self.settling_answered(ticket, result, effects) else { return };
        let found = self.executions.iter().find_map(|(hash, execution)| match &execution.phase {
            Phase::Guarding { asked, .. } if *asked == Some(ticket) => Some((hash.clone(), true)),
            Phase::Checking { asked, .. } if *asked == Some(ticket) => Some((hash.clone(), false)),
            _ => None,
        });
        match found {
            Some((hash, true)) => self.guard_answered(&hash, result, effects),
            Some((hash, false)) => self.check_answered(&hash, result, effects),
            None => {}
        }
    }

    /// How a plan of this cockpit ended, once it is over.
    #[must_use]
    pub fn ended(&self, hash: &PlanHash) -> Option<Standing> {
        let over = self.executions.get(hash).is_some_and(|e| e.phase == Phase::Over);
        over.then(|| self.incident.operations.get(hash).map(|op| op.standing(&self.incident))).flatten()
    }
}
