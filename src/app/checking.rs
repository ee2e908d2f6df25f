//! What a guard and a check ask, and what an answer means to them. Pure: a question, an answer, a verdict.

use super::executing::Execution;
use crate::incident::fault::Fault;
use crate::incident::plan::{Check, Guard, Step};
use crate::incident::request::{Answer, Call, InstanceRef, Query};
use crate::incident::resource::{InstanceState, RecordSet, Registration};
use std::collections::BTreeMap;

/// What a check saw.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Seen {
    Holds(String),
    NotYet(String),
    Differs(String),
    InSync,
    /// Route 53 does not know the change that it took.
    Stranded,
}

/// What became of a change that Route 53 took and then did not know.
pub(super) const STRANDED: &str = "STRANDED: Route 53 took the change and no longer knows it (NoSuchChange).";

/// Whether Route 53 says that it never heard of a change.
pub(super) fn is_no_such_change(error: &Fault) -> bool {
    matches!(error, Fault::Refused { code, .. } if code == "NoSuchChange")
}

fn resolve_ref(reference: &mut InstanceRef, launched: &BTreeMap<usize, String>) {
    if let InstanceRef::LaunchedByStep(step) = reference
        && let Some(id) = launched.get(step)
    {
        *reference = InstanceRef::Id(id.clone());
    }
}

/// Fills in the ids that earlier steps made.
pub(super) fn resolve_call(call: &mut Call, launched: &BTreeMap<usize, String>) {
    match call {
        Call::Register { targets, .. } | Call::Deregister { targets, .. } => {
            targets.iter_mut().for_each(|target| resolve_ref(&mut target.id, launched));
        }
        Call::DisableSourceDestCheck { instance, .. } => resolve_ref(instance, launched),
        Call::ChangeRecords { .. }
        | Call::RunInstance { .. }
        | Call::Terminate { .. }
        | Call::RestoreDatabase { .. } => {}
    }
}

pub(super) fn ids(targets: &[InstanceRef], launched: &BTreeMap<usize, String>) -> Vec<String> {
    targets
        .iter()
        .map(|target| {
            let mut target = target.clone();
            resolve_ref(&mut target, launched);
            target.to_string()
        })
        .collect()
}

pub(super) fn is_compare_failure(error: &Fault) -> bool {
    matches!(error, Fault::Refused { code, .. } if code == "InvalidChangeBatch")
}

pub(super) fn guard_query(guard: &Guard) -> Option<&Query> {
    match guard {
        Guard::RecordsAre { query, .. }
        | Guard::InstanceNotIn { query, .. }
        | Guard::StaysInService { query, .. }
        | Guard::BalancerExists { query }
        | Guard::DatabaseAbsent { query } => Some(query),
        Guard::None => None,
    }
}

/// `Ok` if the guard holds, else what is there instead.
pub(super) fn guard_holds(
    guard: &Guard,
    answer: &Answer,
    launched: &BTreeMap<usize, String>,
) -> Result<(), String> {
    let misfit = || Err("the answer does not fit the question".to_owned());
    match (guard, answer) {
        (Guard::RecordsAre { types, records, .. }, Answer::Records { records: found, .. }) => {
            records_differ(types, records, found).map_or(Ok(()), |now| {
                Err(format!("the record changed meanwhile: it is now {now}, and it was not overwritten"))
            })
        }
        (Guard::InstanceNotIn { instance, states, .. }, Answer::Instances(found)) => {
            match found.iter().find(|i| i.key.id == *instance) {
                None => Err(format!("{instance} no longer exists")),
                Some(i) if states.iter().any(|s| s == i.state.as_str()) => {
                    Err(format!("{instance} is {} by now", i.state.as_str()))
                }
                Some(_) => Ok(()),
            }
        }
        (Guard::StaysInService { leaving, at_least, .. }, Answer::Registrations(found)) => {
            let leaving = ids(leaving, launched);
            let stay = found.iter().filter(|r| r.in_service() && !leaving.contains(&r.target)).count();
            if stay >= *at_least {
                Ok(())
            } else {
                Err(format!("only {stay} others are in service by now; the plan said {at_least}"))
            }
        }
        (Guard::BalancerExists { .. }, Answer::Registrations(_)) | (Guard::None, _) => Ok(()),
        (Guard::DatabaseAbsent { .. }, Answer::Database(found)) => match found {
            None => Ok(()),
            Some(database) => Err(format!("{} exists by now", database.key.id)),
        },
        (
            Guard::RecordsAre { .. }
            | Guard::InstanceNotIn { .. }
            | Guard::StaysInService { .. }
            | Guard::BalancerExists { .. }
            | Guard::DatabaseAbsent { .. },
            _,
        ) => misfit(),
    }
}

/// What the records of these types are instead, if they differ.
fn records_differ(types: &[String], wanted: &[RecordSet], found: &[RecordSet]) -> Option<String> {
    let found: Vec<&RecordSet> = found.iter().filter(|r| types.contains(&r.record_type)).collect();
    let same = found.len() == wanted.len() && wanted.iter().all(|w| found.iter().any(|f| f.same(w)));
    if same {
        return None;
    }
    if found.is_empty() {
        return Some("absent".into());
    }
    let words: Vec<String> = found.iter().map(|r| format!("{} {}", r.record_type, r.points_to())).collect();
    Some(words.join(", "))
}

/// The question a check asks next; `None` if there is nothing to ask.
pub(super) fn check_query(step: &Step, execution: &Execution) -> Option<Query> {
    let scope = step.call.scope().clone();
    match &step.check {
        Check::RecordsAre { query, .. } => {
            match (&execution.change_id, execution.in_sync || execution.stranded) {
                (Some(change_id), false) => Some(Query::Change { scope, change_id: change_id.clone() }),
                (Some(_) | None, _) => Some(query.clone()),
            }
        }
        Check::LaunchedRuns => Some(match (execution.launched.get(&execution.step), &step.call) {
            (Some(id), _) => Query::Instances { scope, ids: vec![id.clone()] },
            (None, Call::RunInstance { client_token, .. }) => {
                Query::InstancesByToken { scope, client_token: client_token.clone() }
            }
            (None, _) => return None,
        }),
        Check::InService { scope, under, .. } | Check::NotRegistered { scope, under, .. } => {
            Some(Query::Registrations { scope: scope.clone(), under: under.clone() })
        }
        Check::Terminated { query, .. } | Check::DatabaseAvailable { query } => Some(query.clone()),
        Check::Accepted => None,
    }
}

pub(super) fn check_holds(step: &Step, execution: &Execution, answer: &Answer) -> Seen {
    let launched = &execution.launched;
    match (&step.check, answer) {
        (Check::RecordsAre { .. }, Answer::Change { in_sync: true }) => Seen::InSync,
        (Check::RecordsAre { .. }, Answer::Change { in_sync: false }) => {
            Seen::NotYet("PENDING at Route 53".into())
        }
        (Check::RecordsAre { types, records, .. }, Answer::Records { records: found, .. }) => {
            match records_differ(types, records, found) {
                None if execution.stranded => Seen::Holds(
                    "the record reads as planned, although Route 53 no longer knows the change".into(),
                ),
                None if execution.in_sync => Seen::Holds("INSYNC, and the record reads as planned".into()),
                None => Seen::Holds("the record reads as planned".into()),
                Some(now) if execution.unknown.is_some() => Seen::NotYet(format!("it reads {now}")),
                Some(now) if execution.stranded => Seen::Differs(format!(
                    "{STRANDED} It was accepted and never carried over: it reads {now}. \
                     Nothing will come of it by itself: switch it again, with `apex`"
                )),
                Some(now) => Seen::Differs(format!("it reads {now}")),
            }
        }
        (Check::LaunchedRuns, Answer::Instances(found)) => match found.first() {
            None => Seen::NotYet("not listed yet".into()),
            Some(instance) => match &instance.state {
                InstanceState::Running => Seen::Holds(format!("{} runs", instance.key.id)),
                InstanceState::Pending => Seen::NotYet(format!("{} is pending", instance.key.id)),
                InstanceState::ShuttingDown
                | InstanceState::Terminated
                | InstanceState::Stopping
                | InstanceState::Stopped
                | InstanceState::Other(_) => Seen::Differs(format!(
                    "{} is {}{}",
                    instance.key.id,
                    instance.state.as_str(),
                    instance.state_reason.as_ref().map_or_else(String::new, |r| format!(": {r}")),
                )),
            },
        },
        (Check::InService { targets, .. }, Answer::Registrations(found)) => {
            let wanted = ids(targets, launched);
            let state_of = |id: &String| found.iter().find(|r| r.target == *id);
            let waiting: Vec<String> = wanted
                .iter()
                .filter(|id| !state_of(id).is_some_and(Registration::in_service))
                .map(|id| match state_of(id) {
                    None => format!("{id} is not listed"),
                    Some(r) => {
                        let why = r.description.clone().or_else(|| r.reason.clone()).unwrap_or_default();
                        format!("{id} is {} {why}", r.state)
                    }
                })
                .collect();
            if waiting.is_empty() {
                Seen::Holds(format!("{} in service", wanted.join(", ")))
            } else {
                Seen::NotYet(waiting.join(", "))
            }
        }
        (Check::NotRegistered { targets, .. }, Answer::Registrations(found)) => {
            let wanted = ids(targets, launched);
            let still: Vec<&Registration> = found
                .iter()
                .filter(|r| {
                    wanted.contains(&r.target) && !r.state.contains("draining") && r.state != "unused"
                })
                .collect();
            if still.is_empty() {
                Seen::Holds(format!("{} no longer takes traffic", wanted.join(", ")))
            } else {
                Seen::NotYet(format!("{} is still {}", still[0].target, still[0].state))
            }
        }
        (Check::Terminated { instance, .. }, Answer::Instances(found)) => {
            match found.iter().find(|i| i.key.id == *instance).map(|i| &i.state) {
                None | Some(InstanceState::Terminated | InstanceState::ShuttingDown) => {
                    Seen::Holds(format!("{instance} is gone or going"))
                }
                Some(state) => Seen::NotYet(format!("{instance} is {}", state.as_str())),
            }
        }
        (Check::DatabaseAvailable { .. }, Answer::Database(found)) => match found {
            None => Seen::NotYet("not listed yet".into()),
            Some(database) if database.status == "available" => {
                Seen::Holds(format!("{} claims available", database.key.id))
            }
            Some(database) if database.status.contains("fail") => {
                Seen::Differs(format!("{} is {}", database.key.id, database.status))
            }
            Some(database) => Seen::NotYet(format!("{} is {}", database.key.id, database.status)),
        },
        (Check::Accepted, _) => Seen::Holds("accepted".into()),
        (
            Check::RecordsAre { .. }
            | Check::LaunchedRuns
            | Check::InService { .. }
            | Check::NotRegistered { .. }
            | Check::Terminated { .. }
            | Check::DatabaseAvailable { .. },
            _,
        ) => Seen::NotYet("the answer does not fit the question".into()),
    }
}
