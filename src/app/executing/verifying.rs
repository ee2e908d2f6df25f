//! From the call to what came of it: a step's check is read again and again, until it holds or patience ends.
//!
//! Refuses to call failed what nobody read: an outcome that is unknown is checked like any other. Part of [`super`].

use super::{CHECK_EVERY_S, Next, Phase};
use crate::app::App;
use crate::app::checking::{STRANDED, Seen, check_holds, check_query, is_no_such_change};
use crate::app::message::Effect;
use crate::app::propagation::ServersSay;
use crate::incident::entry::{Body, Ending, Finding};
use crate::incident::hash::PlanHash;
use crate::incident::plan::Check;
use crate::incident::request::{Answer, Query, QueryResult};
use jiff::SignedDuration;

impl App {
    pub(super) fn begin_check(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
        let now = self.now;
        let Some(execution) = self.executions.get_mut(hash) else { return };
        execution.phase =
            Phase::Checking { since: now, asked: None, due: now, times: 0, found: "not read yet".into() };
        self.check(hash, effects);
    }

    pub(super) fn check(&mut self, hash: &PlanHash, effects: &mut Vec<Effect>) {
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

    pub(super) fn check_answered(&mut self, hash: &PlanHash, result: QueryResult, effects: &mut Vec<Effect>) {
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
}
