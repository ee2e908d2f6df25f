//! From a confirmed plan to a verified effect, one step at a time:
//! guard re-read -> intent on disk -> call -> outcome on disk -> check, again and again, until it holds or patience ends.
//!
//! No call is asked for before the logbook says that its intent is recorded. An outcome that is unknown is never called
//! failed: its check is read like any other, and only what was seen decides. Several plans may be under way at once.

use super::App;
use super::checking::{
    STRANDED, Seen, check_holds, check_query, guard_holds, guard_query, is_compare_failure,
    is_no_such_change, resolve_call,
};
use super::message::{Effect, Ticket};
use super::propagation::ServersSay;
use crate::incident::cell::ProbeSubject;
use crate::incident::entry::{Body, Ending, Finding, Outcome, SessionId};
use crate::incident::fault::{Fault, Performed};
use crate::incident::hash::PlanHash;
use crate::incident::operation::Standing;
use crate::incident::place::{Place, Scope, Service};
use crate::incident::plan::{Action, Check, Plan, Step};
use crate::incident::request::{Answer, BalancerRef, Call, CallResult, Done, Query, QueryResult};
use crate::incident::story::Tone;
use jiff::{SignedDuration, Timestamp};
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

    /// The logbook is gone: nothing that was not called yet is called. What was called is still looked at.
    pub(super) fn stop_unrecorded(&mut self, why: &str, effects: &mut Vec<Effect>) {
        let why = format!("the logbook cannot be written ({why})");
        let waiting: Vec<(PlanHash, bool)> = self
            .executions
            .iter()
            .filter_map(|(hash, execution)| match execution.phase {
                Phase::Recording(_, Next::Check) => Some((hash.clone(), true)),
                Phase::Recording(..) | Phase::Guarding { .. } => Some((hash.clone(), false)),
                Phase::Calling(_) | Phase::Checking { .. } | Phase::Over => None,
            })
            .collect();
        for (hash, called) in waiting {
            if called {
                self.begin_check(&hash, effects);
            } else {
                self.end_early(&hash, &why, effects);
                self.over(&hash);
            }
        }
    }

    /// The cockpit leaves: what was not called will not be, what was not seen stays unseen, and the log says so.
    pub(super) fn abandon(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        let why = format!("the cockpit left ({reason})");
        let hashes: Vec<PlanHash> = self.executions.keys().cloned().collect();
        for hash in hashes {
            self.end_early(&hash, &why, effects);
        }
    }

    /// Ends an execution where it stands, with the truth about the step under way.
    fn end_early(&mut self, hash: &PlanHash, why: &str, effects: &mut Vec<Effect>) {
        let Some(execution) = self.executions.get(hash) else { return };
        let index = execution.step;
        let last = index + 1 >= execution.plan.steps.len();
        match &execution.phase {
            Phase::Over | Phase::Recording(_, Next::End) | Phase::Calling(_) => {}
            Phase::Guarding { .. } | Phase::Recording(_, Next::Guard) => {
                let why = execution.refused.as_ref().map_or_else(|| why.to_owned(), ToString::to_string);
                self.stop(hash, why, effects);
            }
            Phase::Recording(_, Next::Call) => self.uncalled(hash, why.to_owned(), effects),
            Phase::Recording(_, Next::Check) | Phase::Checking { .. } => {
                let why = format!("its effect was not seen: {why}");
                let ending = match &execution.unknown {
                    Some(fault) => Ending::Unknown { step: index, why: format!("{fault}; {why}") },
                    None if last => Ending::Unverified { why },
                    None => Ending::Stopped { step: index, why },
                };
                self.finish(hash, ending, effects);
            }
            Phase::Recording(_, Next::Step) if last => self.next_step(hash, effects),
            Phase::Recording(_, Next::Step) => {
                let ending = Ending::Stopped { step: index + 1, why: why.to_owned() };
                self.finish(hash, ending, effects);
            }
        }
    }

    /// An intent is on record and its call will not be made: said at once, so that nobody has to wonder later.
    fn uncalled(&mut self, hash: &PlanHash, why: String, effects: &mut Vec<Effect>) {
        let Some(execution) = self.executions.get(hash) else { return };
        let error = Fault::Unaskable { detail: format!("not called: {why}") };
        let outcome = Outcome::Failed { error };
        self.record(Body::Outcome { plan: hash.clone(), step: execution.step, outcome }, effects);
        self.stop(hash, why, effects);
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

    // --- guard ---

    fn guard(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
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

    fn guard_answered(&mut self, hash: &PlanHash, result: QueryResult, effects: &mut Vec<Effect>) {
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

    fn call(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
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

    pub(super) fn performed(&mut self, ticket: Ticket, result: CallResult, effects: &mut Vec<Effect>) {
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

    // --- check ---

    fn begin_check(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let now = self.now;
        let Some(execution) = self.executions.get_mut(hash) else { return };
        execution.phase =
            Phase::Checking { since: now, asked: None, due: now, times: 0, found: "not read yet".into() };
        self.check(hash, effects);
    }

    fn check(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let Some((execution, step)) = self.step_of(hash) else { return };
        if execution.reread.is_some() {
            self.hear_servers(hash, effects);
            return;
        }
        let scope = step.call.scope().clone();
        let question = check_query(&step, execution);
        match question {
            None if execution.unknown.is_some() => {
                let detail = "nothing that can be read tells".into();
                self.unheld(hash, Finding::Unseen { detail }, effects);
            }
            None => self.held(hash, "accepted".into(), effects),
            Some(query) => {
                let query_scope = query.scope().cloned().unwrap_or(scope);
                let asked = self.ask_about(&query_scope, query, effects);
                if let Some(execution) = self.executions.get_mut(hash)
                    && let Phase::Checking { asked: slot, times, .. } = &mut execution.phase
                {
                    *slot = asked;
                    *times += 1;
                }
            }
        }
    }

    fn check_answered(&mut self, hash: &PlanHash, result: QueryResult, effects: &mut Vec<Effect>) {
        let Some((execution, step)) = self.step_of(hash) else { return };
        let Phase::Checking { since, times, .. } = execution.phase else { return };
        let index = execution.step;
        let seen = match &result {
            Ok(answer) => check_holds(&step, execution, answer),
            Err(fault) if is_no_such_change(fault) && !execution.stranded => Seen::Stranded,
            Err(fault) => Seen::NotYet(format!("cannot be read: {fault}")),
        };
        // The first sight of INSYNC leads to the re-read of the records, at once.
        if seen == Seen::InSync {
            if let Some(execution) = self.executions.get_mut(hash) {
                execution.in_sync = true;
            }
            self.record(Body::InSync { plan: hash.clone(), step: index }, effects);
            self.check(hash, effects);
            return;
        }
        // Taken and forgotten: what is there instead tells what became of it.
        if seen == Seen::Stranded {
            if let Some(execution) = self.executions.get_mut(hash) {
                execution.stranded = true;
            }
            self.check(hash, effects);
            return;
        }
        if let (Check::RecordsAre { query: Query::Records { name, .. }, .. }, Seen::Holds(detail)) =
            (&step.check, &seen)
        {
            let now = self.now;
            if let Some(execution) = self.executions.get_mut(hash) {
                execution.reread = Some((now, detail.clone()));
            }
            self.ask_servers_soon(name);
            self.hear_servers(hash, effects);
            return;
        }
        // An unknown launch that is found by its token is known from now on.
        if let (Check::LaunchedRuns, Ok(Answer::Instances(instances))) = (&step.check, &result)
            && let Some(instance) = instances.first()
            && let Some(execution) = self.executions.get_mut(hash)
        {
            execution.launched.entry(index).or_insert_with(|| instance.key.id.clone());
        }
        match seen {
            Seen::Holds(detail) => self.held(hash, detail, effects),
            Seen::Differs(detail) => self.unheld(hash, Finding::Differs { detail }, effects),
            Seen::NotYet(detail) => {
                let waited = self.now.duration_since(since).as_secs();
                if waited >= i64::from(step.patience_s) {
                    self.unheld(hash, Finding::Unseen { detail }, effects);
                    return;
                }
                let pause = (CHECK_EVERY_S.0 + i64::from(times) / 3).min(CHECK_EVERY_S.1);
                self.check_later(hash, pause, detail);
            }
            Seen::InSync | Seen::Stranded => {}
        }
    }

    /// The check is read again in so many seconds.
    fn check_later(&mut self, hash: &PlanHash, seconds: i64, detail: String) {
        let next = self.now + SignedDuration::from_secs(seconds);
        if let Some(execution) = self.executions.get_mut(hash)
            && let Phase::Checking { asked, due, found, .. } = &mut execution.phase
        {
            *asked = None;
            *due = next;
            *found = detail;
        }
    }

    /// Route 53 shows the change; the check holds once its name servers answer it, or cannot be seen from here.
    fn hear_servers(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let Some((execution, step)) = self.step_of(hash) else { return };
        let Phase::Checking { since, .. } = execution.phase else { return };
        let Some((read, detail)) = execution.reread.clone() else { return };
        let Check::RecordsAre { query: Query::Records { name, .. }, .. } = &step.check else { return };
        match self.servers_say(name, read) {
            ServersSay::Settled(words) => self.held(hash, format!("{detail}; {words}"), effects),
            ServersSay::Waiting(words)
                if self.now.duration_since(since).as_secs() >= i64::from(step.patience_s) =>
            {
                let stranded = if execution.stranded { format!("{STRANDED} ") } else { String::new() };
                let detail = format!("{stranded}{detail}, but only {words}");
                self.unheld(hash, Finding::Unseen { detail }, effects);
            }
            ServersSay::Waiting(words) => self.check_later(hash, CHECK_EVERY_S.0, words),
        }
    }

    fn held(&mut self, hash: &PlanHash, detail: String, effects: &mut Vec<Effect>) {
        let Some(execution) = self.executions.get(hash) else { return };
        let index = execution.step;
        let finding = Finding::Holds { detail };
        let seq = self.record(Body::Verified { plan: hash.clone(), step: index, finding }, effects);
        if let Some(execution) = self.executions.get_mut(hash) {
            execution.phase = Phase::Recording(seq, Next::Step);
        }
    }

    fn unheld(&mut self, hash: &PlanHash, finding: Finding, effects: &mut Vec<Effect>) {
        let Some(execution) = self.executions.get(hash) else { return };
        let index = execution.step;
        let unknown = execution.unknown.clone();
        let last = index + 1 >= execution.plan.steps.len();
        let (Finding::Holds { detail } | Finding::Differs { detail } | Finding::Unseen { detail }) = &finding;
        let detail = detail.clone();
        let seq = self.record(Body::Verified { plan: hash.clone(), step: index, finding }, effects);
        match unknown {
            Some(fault) => {
                let why = format!("{fault}; what was read since: {detail}");
                self.finish(hash, Ending::Unknown { step: index, why }, effects);
            }
            // Taking the old one out although the new one was not seen to serve would make things worse.
            None if !last => {
                let why = format!("its effect was not seen: {detail}");
                self.stop(hash, why, effects);
            }
            None => {
                if let Some(execution) = self.executions.get_mut(hash) {
                    execution.unseen.push(detail);
                    execution.phase = Phase::Recording(seq, Next::Step);
                }
            }
        }
    }

    // --- ends ---

    fn next_step(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let Some(execution) = self.executions.get_mut(hash) else { return };
        execution.step += 1;
        if execution.step < execution.plan.steps.len() {
            if execution.confirmed_in == self.opening.session {
                self.guard(hash, effects);
            } else {
                let why =
                    "the logbook was reopened since it was confirmed; confirm what is left as a new plan";
                self.stop(hash, why.into(), effects);
            }
            return;
        }
        let ending = if execution.unseen.is_empty() {
            Ending::Verified
        } else {
            Ending::Unverified { why: execution.unseen.join("; ") }
        };
        let action = execution.plan.action.clone();
        if let Action::Undo { operation } = action {
            self.record(Body::Undone { plan: operation, by: hash.clone() }, effects);
        }
        self.finish(hash, ending, effects);
    }

    fn stop(&mut self, hash: &PlanHash, why: String, effects: &mut Vec<Effect>) {
        let step = self.executions.get(hash).map_or(0, |execution| execution.step);
        self.finish(hash, Ending::Stopped { step, why }, effects);
    }

    fn finish(&mut self, hash: &PlanHash, ending: Ending, effects: &mut Vec<Effect>) {
        let Some(execution) = self.executions.get(hash) else { return };
        let plan = execution.plan.clone();
        let tone = match &ending {
            Ending::Verified => Tone::Good,
            Ending::Unverified { .. } => Tone::Warn,
            Ending::Stopped { .. } | Ending::Unknown { .. } => Tone::Bad,
        };
        self.notice(tone, format!("{}: {}", ending.word(), plan.title));
        let seq = self.record(Body::Finished { plan: hash.clone(), ending }, effects);
        if let Some(execution) = self.executions.get_mut(hash) {
            execution.phase = Phase::Recording(seq, Next::End);
        }
        self.refresh_after(&plan);
    }

    fn over(&mut self, hash: &PlanHash) {
        if let Some(execution) = self.executions.get_mut(hash) {
            execution.phase = Phase::Over;
        }
    }

    /// What a plan touched is read again at once, and what it was for is probed.
    pub(super) fn refresh_after(&mut self, plan: &Plan) {
        for place in self.touched(plan) {
            self.refresh_place(&place);
        }
        let sites: Vec<String> = self.opening.sites.iter().map(|site| site.name.clone()).collect();
        for site in sites {
            self.probe_soon(&ProbeSubject::Site(site));
        }
    }

    /// Whether all that a finished plan touched was read again since: until then the rows tell of before.
    #[must_use]
    pub fn reread_since(&self, hash: &PlanHash) -> bool {
        let Some(operation) = self.incident.operations.get(hash) else { return true };
        let Some((ended, _)) = operation.ending else { return false };
        self.touched(&operation.plan).iter().all(|place| {
            self.incident.cells.get(place).and_then(|cell| cell.last_ok).is_some_and(|at| at > ended)
        })
    }

    /// The cells that a plan's calls change. A plan made before STS answered names the account as it was known then.
    fn touched(&self, plan: &Plan) -> Vec<Place> {
        let places = plan.steps.iter().map(|step| place_of(&step.call));
        let mut places: Vec<Place> =
            places.map(|place| self.incident.resolve(&self.opening.session, &place)).collect();
        places.sort();
        places.dedup();
        places
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

/// The cell that a call changes.
pub(super) fn place_of(call: &Call) -> Place {
    let service = match call {
        Call::ChangeRecords { .. } => Service::Route53,
        Call::RunInstance { .. } | Call::DisableSourceDestCheck { .. } | Call::Terminate { .. } => {
            Service::Ec2
        }
        Call::Register { under: BalancerRef::Classic(_), .. }
        | Call::Deregister { under: BalancerRef::Classic(_), .. } => Service::Elb,
        Call::Register { under: BalancerRef::TargetGroup(_), .. }
        | Call::Deregister { under: BalancerRef::TargetGroup(_), .. } => Service::ElbV2,
        Call::RestoreDatabase { .. } => Service::Rds,
    };
    call.scope().place(service)
}
