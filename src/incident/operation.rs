//! Operations: what became of each plan, folded from its entries; and what can still be undone.

use super::entry::{Body, Ending, Entry, Finding, Outcome, SessionId};
use super::fold::Incident;
use super::hash::PlanHash;
use super::plan::{Action, Plan};
use super::request::Call;
use super::settlement::{Settled, Settlement};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Seconds of silence after which a session is taken for dead; a running cockpit writes every thirty.
const SILENT_S: i64 = 120;

/// One step of an operation.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct StepProgress {
    /// The call as made, and when its intent was written.
    pub intent: Option<(Timestamp, Call)>,
    /// How it ended, and when.
    pub outcome: Option<(Timestamp, Outcome)>,
    /// What its check found, and when.
    pub finding: Option<(Timestamp, Finding)>,
    /// What somebody found who looked later, where its outcome was unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settled: Option<Settled>,
}

impl StepProgress {
    /// Whether its call may have been done and nothing was read since that says so.
    fn is_open(&self) -> bool {
        if self.settlement().is_some_and(Settlement::is_known) {
            return false;
        }
        match &self.outcome {
            None => self.intent.is_some(),
            Some((_, Outcome::Unknown { .. })) => !matches!(self.finding, Some((_, Finding::Holds { .. }))),
            Some((_, Outcome::Ok { .. } | Outcome::Failed { .. })) => false,
        }
    }

    /// What was found by whoever looked later.
    fn settlement(&self) -> Option<&Settlement> {
        self.settled.as_ref().map(|settled| &settled.settlement)
    }

    /// Whether its call was performed: accepted, or unanswered and then seen to hold, or seen by whoever looked later.
    fn is_done(&self) -> bool {
        match &self.outcome {
            Some((_, Outcome::Ok { .. })) => true,
            Some((_, Outcome::Failed { .. })) => false,
            Some((_, Outcome::Unknown { .. })) => {
                self.settlement().is_some_and(Settlement::is_done)
                    || matches!(self.finding, Some((_, Finding::Holds { .. })))
            }
            None => self.settlement().is_some_and(Settlement::is_done),
        }
    }
}

/// A plan and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    /// The plan.
    pub plan: Plan,
    /// Who proposed it.
    pub by: String,
    /// In which session.
    pub session: SessionId,
    /// When.
    pub proposed: Timestamp,
    /// Who confirmed it, and when.
    pub confirmed: Option<(Timestamp, String)>,
    /// Who approved it.
    pub approvals: Vec<(Timestamp, String)>,
    /// Who turned it down, and why.
    pub vetoed: Option<(Timestamp, String, String)>,
    /// Its steps, as many as the plan has.
    pub steps: Vec<StepProgress>,
    /// How it ended, and when.
    pub ending: Option<(Timestamp, Ending)>,
    /// The plan that reversed it last; which may have been reversed itself (see [`Incident::is_undone`]).
    pub undone_by: Option<PlanHash>,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Shown, not confirmed.
    Proposed,
    /// Turned down.
    Vetoed,
    /// Confirmed and not over.
    Running,
    /// Over, and seen to hold.
    Verified,
    /// Over; its effect was not seen.
    Unverified,
    /// Stopped before it was through.
    Stopped,
    /// A call of it may or may not have happened.
    Unknown,
    /// Reversed.
    Undone,
}

impl Standing {
    /// The word on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Vetoed => "vetoed",
            Self::Running => "running",
            Self::Verified => "verified",
            Self::Unverified => "unverified",
            Self::Stopped => "stopped",
            Self::Unknown => "unknown: verify first",
            Self::Undone => "undone",
        }
    }
}

impl Operation {
    /// A plan that was just shown.
    #[must_use]
    pub fn proposed(plan: Plan, entry: &Entry) -> Self {
        Self {
            steps: vec![StepProgress::default(); plan.steps.len()],
            plan,
            by: entry.actor.user.clone(),
            session: entry.session.clone(),
            proposed: entry.ts,
            confirmed: None,
            approvals: Vec::new(),
            vetoed: None,
            ending: None,
            undone_by: None,
        }
    }

    /// Takes an entry about this plan.
    pub(super) fn take(&mut self, entry: &Entry) {
        let (at, who) = (entry.ts, entry.actor.user.clone());
        match &entry.body {
            Body::Approved { .. } => self.approvals.push((at, who)),
            Body::Vetoed { reason, .. } => self.vetoed = Some((at, who, reason.clone())),
            Body::Confirmed { .. } => self.confirmed = Some((at, who)),
            Body::Intent { step, call, .. } => {
                if let Some(progress) = self.steps.get_mut(*step) {
                    progress.intent = Some((at, call.clone()));
                }
            }
            Body::Outcome { step, outcome, .. } => {
                if let Some(progress) = self.steps.get_mut(*step) {
                    progress.outcome = Some((at, outcome.clone()));
                }
            }
            Body::Verified { step, finding, .. } => {
                if let Some(progress) = self.steps.get_mut(*step) {
                    progress.finding = Some((at, finding.clone()));
                }
            }
            Body::Finished { ending, .. } => self.ending = Some((at, ending.clone())),
            Body::Settled { step, settlement, .. } => {
                let settled = Settled { at, by: who, settlement: settlement.clone() };
                if let Some(progress) = self.steps.get_mut(*step)
                    && progress.settled.as_ref().is_none_or(|before| before.yields_to(&settled))
                {
                    progress.settled = Some(settled);
                }
            }
            Body::Opened { .. }
            | Body::Left { .. }
            | Body::Identified { .. }
            | Body::Presumed { .. }
            | Body::Unidentified { .. }
            | Body::Observed { .. }
            | Body::Heartbeat { .. }
            | Body::Failing { .. }
            | Body::Flapping { .. }
            | Body::Probed { .. }
            | Body::InSync { .. }
            | Body::Disagreement { .. }
            | Body::Disagreements { .. }
            | Body::Declared { .. }
            | Body::Closed { .. }
            | Body::Note { .. }
            | Body::Proposed { .. }
            | Body::Refused { .. }
            | Body::Undone { .. }
            | Body::Reopened { .. }
            | Body::Clock { .. }
            | Body::Recovered { .. }
            | Body::Credentials { .. }
            | Body::Skew { .. } => {}
        }
    }

    /// Where it stands. A call without an outcome, or with one that says nothing and was not seen to hold since, is unknown
    /// as soon as its session is gone: it left, or it has not been heard of for longer than any running cockpit is silent.
    #[must_use]
    pub fn standing(&self, incident: &Incident) -> Standing {
        if incident.is_undone(self) {
            return Standing::Undone;
        }
        match &self.ending {
            Some((_, Ending::Verified)) => Standing::Verified,
            Some((_, Ending::Unverified { .. })) => Standing::Unverified,
            Some((_, Ending::Stopped { .. })) => Standing::Stopped,
            Some((_, Ending::Unknown { step, .. })) => self.settled_standing(*step),
            None if self.vetoed.is_some() => Standing::Vetoed,
            None if self.confirmed.is_none() => Standing::Proposed,
            None => {
                let gone = incident.sessions.get(&self.session).is_none_or(|session| {
                    let silent = incident.latest.map(|latest| latest.duration_since(session.last_heard));
                    session.left.is_some() || silent.is_some_and(|silent| silent.as_secs() > SILENT_S)
                });
                match (gone, self.steps.iter().any(StepProgress::is_open)) {
                    (true, true) => Standing::Unknown,
                    (true, false) => self
                        .steps
                        .iter()
                        .rposition(|step| step.settled.is_some())
                        .map_or(Standing::Stopped, |step| self.settled_standing(step)),
                    (false, _) => Standing::Running,
                }
            }
        }
    }

    /// Where it stands that ended with the outcome of a step unknown, by what was found of that step since.
    fn settled_standing(&self, step: usize) -> Standing {
        let last = step + 1 >= self.steps.len();
        match self.steps.get(step).and_then(StepProgress::settlement) {
            None | Some(Settlement::Unknown { .. }) => Standing::Unknown,
            Some(Settlement::Verified { .. }) if last => Standing::Verified,
            Some(Settlement::Unverified { .. }) if last => Standing::Unverified,
            // It is known how far it came, and what comes after was not called.
            Some(
                Settlement::Verified { .. } | Settlement::Unverified { .. } | Settlement::NotDone { .. },
            ) => Standing::Stopped,
        }
    }

    /// The step whose call may have been done without anybody knowing.
    #[must_use]
    pub fn unknown_step(&self) -> Option<usize> {
        match &self.ending {
            Some((_, Ending::Unknown { step, .. })) => Some(*step),
            Some((_, Ending::Verified | Ending::Unverified { .. } | Ending::Stopped { .. })) => None,
            None => self.steps.iter().position(StepProgress::is_open),
        }
    }

    /// Whether any of its calls was (or may have been) performed.
    #[must_use]
    pub fn touched(&self) -> bool {
        self.steps.iter().any(|step| match &step.outcome {
            Some((_, Outcome::Ok { .. })) => true,
            Some((_, Outcome::Failed { .. })) => false,
            Some((_, Outcome::Unknown { .. })) | None => match step.settlement() {
                Some(settlement) if settlement.is_known() => settlement.is_done(),
                Some(_) | None => step.intent.is_some() || step.outcome.is_some(),
            },
        })
    }

    /// Whether every call of it was performed: accepted, or unanswered and then seen to hold.
    #[must_use]
    pub fn done(&self) -> bool {
        !self.steps.is_empty() && self.steps.iter().all(StepProgress::is_done)
    }

    /// The plan that it reverses, if it is an undo.
    #[must_use]
    pub fn undoes(&self) -> Option<&PlanHash> {
        match &self.plan.action {
            Action::Undo { operation } => Some(operation),
            Action::MaintenanceOn { .. }
            | Action::MaintenanceOff { .. }
            | Action::Apex { .. }
            | Action::Relaunch { .. }
            | Action::Terminate { .. }
            | Action::Register { .. }
            | Action::Deregister { .. }
            | Action::Restore { .. } => None,
        }
    }

    /// When it was called first; when it was confirmed or proposed, if nothing was called yet.
    #[must_use]
    pub fn called(&self) -> Timestamp {
        let intent = self.steps.iter().find_map(|step| step.intent.as_ref().map(|(at, _)| *at));
        intent.or(self.confirmed.as_ref().map(|(at, _)| *at)).unwrap_or(self.proposed)
    }

    /// The step that has begun and not ended, or the next to begin.
    #[must_use]
    pub fn current_step(&self) -> Option<usize> {
        self.steps.iter().position(|step| step.finding.is_none())
    }
}

impl Incident {
    /// Operations in the order they were proposed.
    #[must_use]
    pub fn operations_in_order(&self) -> Vec<&Operation> {
        let mut operations: Vec<&Operation> = self.operations.values().collect();
        operations.sort_by(|a, b| {
            (a.proposed, &a.session, a.plan.number).cmp(&(b.proposed, &b.session, b.plan.number))
        });
        operations
    }

    /// Operations that are under way, in any cockpit.
    #[must_use]
    pub fn running(&self) -> Vec<&Operation> {
        self.operations_in_order().into_iter().filter(|op| op.standing(self) == Standing::Running).collect()
    }

    /// Whether an operation was reversed, and that was not reversed in its turn: what an undone undo reversed is in force again.
    #[must_use]
    pub fn is_undone(&self, operation: &Operation) -> bool {
        self.turns(operation).count() % 2 == 1
    }

    /// The undo of an operation, the undo of that, and so on.
    pub(super) fn turns<'a>(&'a self, operation: &'a Operation) -> impl Iterator<Item = &'a PlanHash> {
        let first = operation.undone_by.as_ref();
        let turns = std::iter::successors(first, |by| self.operations.get(*by)?.undone_by.as_ref());
        // A log may say anything: as many turns as there are operations, and no more.
        turns.take(self.operations.len() + 1)
    }

    /// What an undo of an operation goes by: `undo:` and what was done, or `again:` where that was an undo itself.
    #[must_use]
    pub fn undo_title(&self, operation: &Operation) -> String {
        let (done, again) = self.first_done(operation);
        format!("{}: {}", if again { "again" } else { "undo" }, done.plan.title)
    }

    /// What an undo of an operation is about in the end: the operation that is none, and whether the undo does that again.
    #[must_use]
    pub fn first_done<'a>(&'a self, operation: &'a Operation) -> (&'a Operation, bool) {
        let (mut done, mut again) = (operation, false);
        // A log may say anything: as many turns as there are operations, and no more.
        for _ in 0..=self.operations.len() {
            let Some(undone) = done.undoes().and_then(|undone| self.operations.get(undone)) else { break };
            (done, again) = (undone, !again);
        }
        (done, again)
    }

    /// The undo of an operation whose calls were all performed, also if its checks are still under way, and which was not
    /// reversed in its turn.
    #[must_use]
    pub fn undo_done(&self, operation: &Operation) -> Option<&Operation> {
        // Only what came later undoes: however a log is written, this comes to an end.
        self.operations.values().find(|by| {
            by.undoes() == Some(&operation.plan.hash)
                && by.proposed > operation.proposed
                && by.done()
                && self.undo_done(by).is_none()
        })
    }

    /// What `undo` can mean where nothing is named: the newest operation that was done, is in force and has a way back. Where
    /// that is an undo, somebody may want it back, or to go back further: the newest before it that is none comes second.
    ///
    /// The undo of an undo is not among them: what it did again stands for it.
    #[must_use]
    pub fn undoable(&self) -> Vec<&Operation> {
        let newest = self.operations_in_order().into_iter().rev().filter(|op| {
            let of_an_undo = op.undoes().and_then(|undone| self.operations.get(undone));
            op.done()
                && !self.is_undone(op)
                && self.undo_done(op).is_none()
                && !op.plan.inverse.is_empty()
                && of_an_undo.is_none_or(|undone| undone.undoes().is_none())
        });
        let mut found = Vec::new();
        for operation in newest {
            if found.is_empty() || operation.undoes().is_none() {
                found.push(operation);
            }
            if operation.undoes().is_none() {
                break;
            }
        }
        found
    }

    /// Whether a site's record was switched, by whatever action, after an operation was proposed.
    #[must_use]
    pub fn switched_since(&self, site: &str, operation: &Operation) -> bool {
        self.operations.values().any(|op| {
            let same_site = match &op.plan.action {
                Action::MaintenanceOn { site: s, .. }
                | Action::MaintenanceOff { site: s }
                | Action::Apex { site: s, .. } => s == site,
                Action::Relaunch { .. }
                | Action::Terminate { .. }
                | Action::Register { .. }
                | Action::Deregister { .. }
                | Action::Restore { .. }
                | Action::Undo { .. } => false,
            };
            same_site && op.done() && !self.is_undone(op) && op.proposed > operation.proposed
        })
    }

    /// The newest operation of which it is unknown whether it was done (see [`Incident::is_unsettled`]), if nothing that
    /// could be undone came after it: undo must not step over it.
    #[must_use]
    pub fn unsettled_last(&self) -> Option<&Operation> {
        let undoable = self.undoable().first().map(|op| op.proposed);
        let unsettled = self.operations_in_order().into_iter().rev().find(|op| self.is_unsettled(op))?;
        undoable.is_none_or(|at| unsettled.proposed > at).then_some(unsettled)
    }

    /// The operations of which it is unknown whether they were done, oldest first.
    #[must_use]
    pub fn unsettled(&self) -> Vec<&Operation> {
        self.operations_in_order().into_iter().filter(|op| self.is_unsettled(op)).collect()
    }

    /// Whether it is unknown if an operation was done, and nothing was done on the same resources since.
    #[must_use]
    pub fn is_unsettled(&self, operation: &Operation) -> bool {
        // The account may have been named to one of the two only later.
        let place = |op: &Operation| (self.account_of_operation(op).clone(), op.plan.scope.region.clone());
        operation.standing(self) == Standing::Unknown
            && !self.operations.values().any(|later| {
                later.proposed > operation.proposed
                    && later.done()
                    && place(later) == place(operation)
                    && later.plan.resources.iter().any(|r| operation.plan.resources.contains(r))
            })
    }
}
