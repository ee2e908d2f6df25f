//! From what was typed to an action: names are looked up among the rows that were read.

use super::{Act, OnOff};
use crate::incident::Incident;
use crate::incident::hash::PlanHash;
use crate::incident::plan::{Action, Refusal};
use crate::incident::planner::resolve::Lookup;
use jiff::Timestamp;

/// The action that the words mean, given what is known.
///
/// # Errors
/// A name that means nothing, or several things.
pub fn action(act: &Act, now: Timestamp, lookup: Lookup<'_>) -> Result<Action, Refusal> {
    let incident: &Incident = lookup.incident;
    Ok(match act.clone() {
        Act::Maintenance { state: OnOff::On, site, via } => Action::MaintenanceOn { site, via },
        Act::Maintenance { state: OnOff::Off, site, via: None } => Action::MaintenanceOff { site },
        Act::Maintenance { state: OnOff::Off, site, via: Some(via) } => {
            return Err(Refusal::new(
                format!("maintenance off {site} --via {via}"),
                "turning maintenance off goes back to where the site was",
                format!("Leave --via out, or use `apex {site} {via}`"),
            ));
        }
        Act::Apex { site, target } => Action::Apex { site, target },
        Act::Relaunch { instances } => Action::Relaunch {
            instances: instances.iter().map(|name| lookup.instance(name)).collect::<Result<_, _>>()?,
        },
        Act::Terminate { instance } => Action::Terminate { instance: lookup.instance(&instance)? },
        Act::Restore { from, at } => {
            let at = at.map(|at| at.before(now)).transpose().map_err(|why| {
                Refusal::new(format!("restore {from}"), why, "Say up to when: `--at 03:12` or `--at -5m`")
            })?;
            Action::Restore { from: lookup.restore_point(&from)?, at }
        }
        Act::Register { balancer, instances } => {
            let (scope, under, instances) = registration(lookup, &balancer, &instances)?;
            Action::Register { scope, under, instances }
        }
        Act::Deregister { balancer, instances } => {
            let (scope, under, instances) = registration(lookup, &balancer, &instances)?;
            Action::Deregister { scope, under, instances }
        }
        Act::Undo { operation: None } if incident.unsettled_last().is_some() => {
            let what = incident
                .unsettled_last()
                .map_or_else(String::new, |op| format!("{} (plan {})", op.plan.title, op.plan.hash.short()));
            return Err(Refusal::new(
                "undo",
                format!("it is unknown whether the last action was done: {what}"),
                "Verify it first: `blackstart do verify`",
            ));
        }
        Act::Undo { operation: None } => match incident.undoable().as_slice() {
            [only] => Action::Undo { operation: only.plan.hash.clone() },
            [] => {
                return Err(Refusal::new(
                    "undo",
                    "the logbook holds no action that can be undone",
                    "See `blackstart log show`",
                ));
            }
            // To take it back and to go back further are opposites: which, is not guessed.
            [undo, before, ..] => {
                return Err(Refusal::new(
                    "undo",
                    format!("the last action is an undo itself: {}", undo.plan.title),
                    format!(
                        "Name one: `undo {}` is {}; `undo {}` is {}",
                        undo.plan.hash.short(),
                        incident.undo_title(undo),
                        before.plan.hash.short(),
                        incident.undo_title(before)
                    ),
                ));
            }
        },
        Act::Undo { operation: Some(start) } => {
            Action::Undo { operation: plan_of(incident, "undo", &start)? }
        }
    })
}

/// The plan whose hash begins so.
fn plan_of(incident: &Incident, what: &str, start: &str) -> Result<PlanHash, Refusal> {
    let mut found = incident.operations.keys().filter(|hash| hash.0.starts_with(start));
    let (why, next) = match (found.next(), found.next()) {
        (Some(hash), None) => return Ok(hash.clone()),
        (None, _) => ("no plan in the logbook begins so", "See `blackstart log show`"),
        (Some(_), Some(_)) => ("several plans begin so", "Give more digits of the hash"),
    };
    Err(Refusal::new(format!("{what} {start}"), why, next))
}

/// The plan to verify: the one named, else the only one whose outcome is unknown.
///
/// # Errors
/// A name that means nothing or several things; nothing that is unknown, or several.
pub fn plan_to_verify(incident: &Incident, start: Option<&str>) -> Result<PlanHash, Refusal> {
    if let Some(start) = start {
        return plan_of(incident, "verify", start);
    }
    match incident.unsettled().as_slice() {
        [only] => Ok(only.plan.hash.clone()),
        [] => {
            Err(Refusal::new("verify", "no action in the logbook is of unknown outcome", "Nothing to verify"))
        }
        several => {
            let names: Vec<String> =
                several.iter().map(|op| format!("{} ({})", op.plan.hash.short(), op.plan.title)).collect();
            let why = format!("the outcome of several is unknown: {}", names.join(", "));
            Err(Refusal::new("verify", why, "Name one: `blackstart do verify PLAN`"))
        }
    }
}

type Registering = (crate::incident::place::Scope, crate::incident::request::BalancerRef, Vec<String>);

fn registration(lookup: Lookup<'_>, balancer: &str, instances: &[String]) -> Result<Registering, Refusal> {
    let (scope, under) = lookup.under(balancer)?;
    let here = Lookup { region: Some(&scope.region.0), ..lookup };
    let instances =
        instances.iter().map(|name| here.instance(name).map(|key| key.id)).collect::<Result<_, _>>()?;
    Ok((scope, under, instances))
}

/// Whether an action's words name rows that must have been read first.
#[must_use]
pub fn needs_rows(act: &Act) -> bool {
    match act {
        Act::Maintenance { .. } | Act::Apex { .. } | Act::Undo { .. } => false,
        Act::Relaunch { .. }
        | Act::Terminate { .. }
        | Act::Restore { .. }
        | Act::Register { .. }
        | Act::Deregister { .. } => true,
    }
}
