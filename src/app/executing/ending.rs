//! How a plan ends: through all its steps, stopped at one, or broken off where it stands, each with the truth about it in the
//! log; and what is read again after it.
//!
//! Refuses to end anything without an entry that says how. Part of [`super`].

use super::{Next, Phase};
use crate::app::App;
use crate::app::message::Effect;
use crate::incident::cell::ProbeSubject;
use crate::incident::entry::{Body, Ending, Outcome};
use crate::incident::fault::Fault;
use crate::incident::hash::PlanHash;
use crate::incident::place::{Place, Service};
use crate::incident::plan::{Action, Plan};
use crate::incident::request::{BalancerRef, Call};
use crate::incident::story::Tone;

impl App {
    /// The logbook is gone: nothing that was not called yet is called. What was called is still looked at.
    pub(in crate::app) fn stop_unrecorded(&mut self, why: &str, effects: &mut Vec<Effect>) {
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
    pub(in crate::app) fn abandon(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        let why = format!("the cockpit left ({reason})");
        let hashes: Vec<PlanHash> = self.executions.keys().cloned().collect();
        for hash in hashes {
            self.end_early(&hash, &why, effects);
        }
    }

    /// Ends an execution where it stands, with the truth about the step under way.
    pub(super) fn end_early(&mut self, hash: &PlanHash, why: &str, effects: &mut Vec<Effect>) {
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
    pub(super) fn uncalled(&mut self, hash: &PlanHash, why: String, effects: &mut Vec<Effect>) {
        let Some(execution) = self.executions.get(hash) else { return };
        let error = Fault::Unaskable { detail: format!("not called: {why}") };
        let outcome = Outcome::Failed { error };
        self.record(Body::Outcome { plan: hash.clone(), step: execution.step, outcome }, effects);
        self.stop(hash, why, effects);
    }

    pub(super) fn next_step(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
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

    pub(super) fn stop(&mut self, hash: &PlanHash, why: String, effects: &mut Vec<Effect>) {
        let step = self.executions.get(hash).map_or(0, |execution| execution.step);
        self.finish(hash, Ending::Stopped { step, why }, effects);
    }

    pub(super) fn finish(&mut self, hash: &PlanHash, ending: Ending, effects: &mut Vec<Effect>) {
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

    pub(super) fn over(&mut self, hash: &PlanHash) {
        if let Some(execution) = self.executions.get_mut(hash) {
            execution.phase = Phase::Over;
        }
    }

    /// What a plan touched is read again at once, and what it was for is probed.
    pub(in crate::app) fn refresh_after(&mut self, plan: &Plan) {
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
}

/// The cell that a call changes.
pub(in crate::app) fn place_of(call: &Call) -> Place {
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
