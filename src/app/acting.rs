//! From an action to a confirmed plan: gather what the plan needs, show it, take the confirmation.
//!
//! Nothing here changes anything outside. A plan whose grounds are older than a minute is made anew before it can be
//! confirmed, and what was typed for the old one does not count for the new one.

use super::input::Overlay;
use super::message::{Effect, Ticket};
use super::{App, LogState};
use crate::incident::entry::Body;
use crate::incident::hash::PlanHash;
use crate::incident::plan::{Action, Plan, Refusal, Risk};
use crate::incident::planner::{Planned, Reading, plan};
use crate::incident::request::{Query, QueryResult};
use crate::incident::story::Tone;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Seconds a plan's readings may take before the plan is refused.
const GATHERING_S: i64 = 20;

/// The dialog between an operator and a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dialog {
    /// What was asked for.
    pub action: Action,
    /// Where it stands.
    pub planning: Planning,
    /// What was typed so far.
    pub typed: String,
    /// Which button has the focus.
    pub focus: Focus,
    /// The first line shown, where the plan is longer than the screen.
    pub scroll: u16,
    /// Why the confirmation did not count, or that the plan was made anew.
    pub remark: Option<String>,
}

/// Where a plan stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planning {
    /// Waiting for readings: how many came, of how many.
    Gathering {
        /// Answered.
        done: usize,
        /// Asked.
        of: usize,
        /// Since when.
        since: Timestamp,
    },
    /// No plan, and why.
    Refused(Refusal),
    /// The plan, to be confirmed.
    Ready(Box<Plan>),
}

/// The buttons of a confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Focus {
    /// The safe one; has the focus when the dialog opens.
    Cancel,
    /// The other.
    Confirm,
}

/// The one plan being made.
#[derive(Debug, Clone, Default)]
pub(super) struct PlanningState {
    action: Option<Action>,
    readings: Vec<Reading>,
    waiting: BTreeMap<Ticket, Query>,
    since: Option<Timestamp>,
}

impl App {
    /// Begins to plan an action, in a dialog over the screen.
    pub(super) fn propose(&mut self, action: Action, effects: &mut Vec<Effect>) {
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Plan(_) | Overlay::Picker(_)));
        let planning = Planning::Gathering { done: 0, of: 0, since: self.now };
        self.overlays.push(Overlay::Plan(Dialog {
            action: action.clone(),
            planning,
            typed: String::new(),
            focus: Focus::Cancel,
            scroll: 0,
            remark: None,
        }));
        let why = if self.opening.looks_only { None } else { self.actions_off() };
        if let Some(why) = why {
            let refusal = Refusal::new(
                action.to_string(),
                why,
                "Use another cockpit, or `blackstart plan` to see what it would do",
            );
            self.refuse(refusal, effects);
            return;
        }
        self.begin_planning(action, effects);
    }

    fn begin_planning(&mut self, action: Action, effects: &mut Vec<Effect>) {
        self.planning = PlanningState { action: Some(action), since: Some(self.now), ..Default::default() };
        self.next_plan += 1;
        self.go_on_planning(effects);
    }

    fn go_on_planning(&mut self, effects: &mut Vec<Effect>) {
        let Some(action) = self.planning.action.clone() else { return };
        match plan(self.desk(), &action, &self.planning.readings) {
            Ok(Planned::Needs(queries)) => {
                for query in queries {
                    self.ask_for_plan(query, effects);
                }
                let (done, waiting) = (self.planning.readings.len(), self.planning.waiting.len());
                let since = self.planning.since.unwrap_or(self.now);
                if waiting == 0 {
                    // A planner that needs what was already read would wait for ever.
                    let refusal = Refusal::new(
                        action.to_string(),
                        "the plan asks for what was already read",
                        "Report this",
                    );
                    self.refuse(refusal, effects);
                    return;
                }
                self.set_planning(Planning::Gathering { done, of: done + waiting, since });
            }
            Ok(Planned::Plan(plan)) => {
                self.planning = PlanningState::default();
                self.record(Body::Proposed { plan: plan.clone() }, effects);
                self.set_planning(Planning::Ready(plan));
            }
            Err(refusal) => self.refuse(refusal, effects),
        }
    }

    fn ask_for_plan(&mut self, query: Query, effects: &mut Vec<Effect>) {
        let known = self.planning.readings.iter().any(|r| r.query == query)
            || self.planning.waiting.values().any(|q| *q == query);
        if known {
            return;
        }
        let profile = query.scope().and_then(|scope| self.profile_of(&scope.account));
        let Some(profile) = profile else {
            let result = Err(crate::incident::fault::Fault::Unaskable {
                detail: "no profile of this cockpit acts in that account".into(),
            });
            self.planning.readings.push(Reading { query, at: self.now, result });
            return;
        };
        let ticket = self.ticket();
        self.planning.waiting.insert(ticket, query.clone());
        effects.push(Effect::Ask(ticket, profile, query));
    }

    /// Takes an answer that the plan waits for; gives it back if it is somebody else's.
    pub(super) fn plan_answered(
        &mut self,
        ticket: Ticket,
        result: QueryResult,
        effects: &mut Vec<Effect>,
    ) -> Option<QueryResult> {
        let Some(query) = self.planning.waiting.remove(&ticket) else { return Some(result) };
        self.planning.readings.push(Reading { query, at: self.now, result });
        self.go_on_planning(effects);
        None
    }

    /// Gives up on readings that do not come.
    pub(super) fn planning_tick(&mut self, effects: &mut Vec<Effect>) {
        let Some(since) = self.planning.since else { return };
        if self.now.duration_since(since).as_secs() < GATHERING_S || self.planning.waiting.is_empty() {
            return;
        }
        let late: Vec<Query> = std::mem::take(&mut self.planning.waiting).into_values().collect();
        for query in late {
            let after_ms = u64::try_from(GATHERING_S * 1000).unwrap_or_default();
            let result = Err(crate::incident::fault::Fault::TimedOut { after_ms });
            self.planning.readings.push(Reading { query, at: self.now, result });
        }
        self.go_on_planning(effects);
    }

    pub(super) fn refuse(&mut self, refusal: Refusal, effects: &mut Vec<Effect>) {
        self.planning = PlanningState::default();
        let action = self.dialog().map(|dialog| dialog.action.clone());
        if let (Some(action), LogState::Writing) = (action, &self.log) {
            self.record(Body::Refused { action, refusal: refusal.clone() }, effects);
        }
        self.set_planning(Planning::Refused(refusal));
    }

    fn set_planning(&mut self, planning: Planning) {
        if let Some(dialog) = self.dialog_mut() {
            dialog.planning = planning;
        }
    }

    /// The plan dialog, if one is open.
    #[must_use]
    pub fn dialog(&self) -> Option<&Dialog> {
        self.overlays.iter().rev().find_map(|overlay| match overlay {
            Overlay::Plan(dialog) => Some(dialog),
            _ => None,
        })
    }

    pub(super) fn dialog_mut(&mut self) -> Option<&mut Dialog> {
        self.overlays.iter_mut().rev().find_map(|overlay| match overlay {
            Overlay::Plan(dialog) => Some(dialog),
            _ => None,
        })
    }

    /// The plan shown, if one is ready.
    #[must_use]
    pub fn ready_plan(&self) -> Option<&Plan> {
        match &self.dialog()?.planning {
            Planning::Ready(plan) => Some(plan),
            Planning::Gathering { .. } | Planning::Refused(_) => None,
        }
    }

    /// Takes a confirmation: right text, right plan, fresh grounds; otherwise says why not.
    pub(super) fn confirm(&mut self, hash: &PlanHash, typed: &str, effects: &mut Vec<Effect>) {
        let Some(plan) = self.ready_plan().cloned() else { return };
        if plan.hash != *hash || plan.computed_hash() != plan.hash {
            self.remark("this is not the plan that was shown".into());
            return;
        }
        if let Some(why) = self.actions_off() {
            self.remark(why);
            return;
        }
        if plan.risk == Risk::Destructive && self.opening.two_operators {
            let why = "the config asks for two operators, and this version cannot ask a second one: destructive actions are off";
            self.remark(why.into());
            return;
        }
        if plan.risk > Risk::Reversible && typed.trim() != plan.confirm {
            self.remark(format!("type {} to confirm, or Esc to cancel", plan.confirm));
            return;
        }
        if self.plan_fresh_for(&plan) <= 0 {
            // Read everything again and show what the plan is now.
            if let Some(dialog) = self.dialog_mut() {
                dialog.typed.clear();
                dialog.focus = Focus::Cancel;
                dialog.remark = Some("its evidence was over a minute old: read again, confirm again".into());
                dialog.planning = Planning::Gathering { done: 0, of: 0, since: plan.made };
            }
            self.begin_planning(plan.action, effects);
            return;
        }
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Plan(_)));
        self.overlays.push(Overlay::Progress(plan.hash.clone()));
        self.execute(plan, typed.trim().to_owned(), effects);
    }

    fn remark(&mut self, text: String) {
        if let Some(dialog) = self.dialog_mut() {
            dialog.remark = Some(text);
        }
    }

    /// Turns the plan shown down, or stops making one.
    pub(super) fn cancel_plan(&mut self, effects: &mut Vec<Effect>) {
        self.planning = PlanningState::default();
        if let Some(plan) = self.ready_plan() {
            let body = Body::Vetoed { plan: plan.hash.clone(), reason: "cancelled".into() };
            self.record(body, effects);
            self.notice(Tone::Neutral, "cancelled; nothing was changed".into());
        }
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Plan(_)));
    }

    /// Seconds left before the plan shown must be read again.
    #[must_use]
    pub fn plan_fresh_for(&self, plan: &Plan) -> i64 {
        let age = plan.oldest_grounds().map_or(0.0, |at| self.now.duration_since(at).as_secs_f64());
        // A minute of the operator's, however fast the demo's clock runs.
        #[expect(clippy::cast_possible_truncation, reason = "seconds, rounded up, at most a minute")]
        let left = (Plan::FRESH_S as f64 - age / self.opening.speed).ceil() as i64;
        left.clamp(0, Plan::FRESH_S)
    }
}
