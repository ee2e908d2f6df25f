//! Maintenance mode: an apex switch to the site's maintenance target, and back to exactly what was there before.
//!
//! What was there before is in the log, not in this process: it works after a restart and for what another operator
//! turned on. It never goes back over a change that somebody made in the meantime.

use super::Planned;
use super::apex;
use super::batch::{points, same_sets};
use super::table::{Table, choice};
use crate::incident::operation::Operation;
use crate::incident::plan::{Action, Refusal};
use crate::incident::plan::{Check, Guard};
use crate::incident::resource::RecordSet;
use crate::incident::site::{Site, SiteTarget};

/// Plans `maintenance on SITE [--via TARGET]`.
pub(super) fn on(table: &mut Table<'_>, site: &str, via: Option<&str>) -> Result<Planned, Refusal> {
    let site = table.site(site)?;
    let target = match via {
        Some(name) => table.target(site, name)?,
        None => site.maintenance_target().ok_or_else(|| no_target(table, site))?,
    };
    let Some(switch) = apex::read(table, site, target)? else {
        return Ok(table.needs());
    };
    let before = table.desk.incident.maintenance(&site.name);
    let (since, by) = since(table, site, before);
    if switch.is_there() {
        return Err(match before {
            Some(_) => table.refuse(
                format!("{} is in maintenance already ({}), since {since} by {by}", site.name, target.name,),
                format!("`blackstart do maintenance off {}` ends it; --via names another target", site.name),
            ),
            None => table.refuse(
                format!(
                    "{} already points at {} ({}), and no maintenance is in the log",
                    switch.here.name,
                    target.name,
                    points(&switch.here.old)
                ),
                back_by_hand(site, target),
            ),
        });
    }
    let title =
        format!("{}: maintenance on, {} -> {} ({})", site.name, site.record, target.name, target.place());
    let mut plan = switch.plan(table, title)?;
    plan.effects.insert(0, format!("visitors of {} see the maintenance page of {}", site.name, target.name));
    if let Some(op) = before {
        let untouched = put_there(op).is_some_and(|put| same_sets(put, &switch.here.old));
        plan.warnings.push(if untouched {
            format!(
                "in maintenance since {since} ago ({by}): this only moves the page; `maintenance off` still leads \
                 back to where it was before"
            )
        } else {
            format!(
                "the log has a maintenance of {since} ago ({by}), but the record was changed since, outside of the log"
            )
        });
    }
    if !target.maintenance {
        plan.warnings.push(format!(
            "target {} is not marked maintenance = true: make sure that it serves the page",
            target.name
        ));
    }
    Ok(Planned::Plan(Box::new(plan.sealed())))
}

fn no_target(table: &Table<'_>, site: &Site) -> Refusal {
    let names: Vec<String> = site.targets.iter().map(|t| t.name.clone()).collect();
    let via = if names.is_empty() {
        String::new()
    } else {
        format!("; or name one now: --via {}", names.join(" | "))
    };
    table.refuse(
        format!("site {} has no maintenance target", site.name),
        format!(
            "Add one to the config: [[site.target]] name = \"page\", kind = \"address\", \
             addresses = [\"203.0.113.10\"], maintenance = true{via}"
        ),
    )
}

/// Plans `maintenance off SITE`.
pub(super) fn off(table: &mut Table<'_>, site: &str) -> Result<Planned, Refusal> {
    let site = table.site(site)?;
    let Some(here) = apex::read_record(table, site)? else {
        return Ok(table.needs());
    };
    let put_this = |op: &&Operation| put_there(op).is_some_and(|put| same_sets(put, &here.old));
    let incident = table.desk.incident;
    let known = incident.maintenance(&site.name);
    // A switch whose answer never came is no known maintenance; the record itself says that it happened.
    let unanswered = || {
        incident
            .operations_in_order()
            .into_iter()
            .rev()
            .filter(|op| is_on(op, &site.name) && !incident.is_undone(op) && op.touched() && !op.done())
            .find(put_this)
            // What was switched since was decided since: an old maintenance is over, wherever the record points.
            .filter(|on| !incident.switched_since(&site.name, on))
    };
    let found = known.filter(put_this).or_else(unanswered);
    let (since, by) = since(table, site, found.or(known));
    let Some(op) = found else {
        return Err(match known {
            Some(op) => table.refuse(
                format!(
                    "changed meanwhile: {by} put {} {since} ago, now it points at {}",
                    put_there(op).map_or_else(|| "?".into(), points),
                    points(&here.old)
                ),
                format!(
                    "Decide where it shall point: `blackstart do apex {} TARGET` ({})",
                    site.name,
                    target_names(site)
                ),
            ),
            None => match apex::target_at(incident, site, &here.old) {
                Some(target) if target.maintenance => table.refuse(
                    format!(
                        "{} points at {}, but the log has no maintenance that put it there",
                        here.name, target.name
                    ),
                    back_by_hand(site, target),
                ),
                Some(_) | None => table.refuse(
                    format!("{} is not in maintenance: it points at {}", site.name, points(&here.old)),
                    format!("Nothing to do; `blackstart do apex {} TARGET` points it elsewhere", site.name),
                ),
            },
        });
    };
    let back = before_all(table, op, &site.name);
    let title = format!("{}: maintenance off, {} back to {}", site.name, site.record, points(back));
    let mut plan = apex::rewrite(table, &here, back, title)?;
    plan.effects.insert(
        0,
        format!(
            "visitors of {} go back to where they went before the maintenance that {by} turned on {since} ago: {}",
            site.name,
            points(back)
        ),
    );
    plan.warnings.push(
        "what the record goes back to is not probed by this plan: look at its registrations first".into(),
    );
    Ok(Planned::Plan(Box::new(plan.sealed())))
}

/// How long ago the page was put there last, and by whom.
fn since<'a>(table: &Table<'a>, site: &Site, on: Option<&'a Operation>) -> (String, &'a str) {
    let incident = table.desk.incident;
    // One whose answer never came is no known maintenance.
    let known = incident
        .maintenance(&site.name)
        .is_some_and(|known| on.is_some_and(|on| on.plan.hash == known.plan.hash));
    let last = incident.maintenance_since(&site.name).filter(|_| known);
    let last = last.or_else(|| on.map(|on| (on.called(), on.by.as_str())));
    last.map_or_else(|| ("?".into(), "?"), |(at, by)| (table.ago(at), by))
}

fn is_on(op: &Operation, name: &str) -> bool {
    matches!(&op.plan.action, Action::MaintenanceOn { site, .. } if site == name)
}

/// What an operation put at the name, from its check.
fn put_there(op: &Operation) -> Option<&[RecordSet]> {
    op.plan.steps.iter().find_map(|step| match &step.check {
        Check::RecordsAre { records, .. } => Some(records.as_slice()),
        Check::LaunchedRuns
        | Check::InService { .. }
        | Check::NotRegistered { .. }
        | Check::Terminated { .. }
        | Check::DatabaseAvailable { .. }
        | Check::Accepted => None,
    })
}

/// What it found there, from its guard.
fn found_there(op: &Operation) -> Option<&[RecordSet]> {
    op.plan.steps.iter().find_map(|step| match &step.guard {
        Guard::RecordsAre { records, .. } => Some(records.as_slice()),
        Guard::InstanceNotIn { .. }
        | Guard::StaysInService { .. }
        | Guard::BalancerExists { .. }
        | Guard::DatabaseAbsent { .. }
        | Guard::None => None,
    })
}

/// Where the record pointed before any page was put there: a page may have been moved to another target since.
fn before_all<'a>(table: &Table<'a>, last: &'a Operation, site: &str) -> &'a [RecordSet] {
    let incident = table.desk.incident;
    let mut earlier: Vec<&'a Operation> = incident
        .operations_in_order()
        .into_iter()
        .filter(|op| is_on(op, site) && !incident.is_undone(op) && op.touched())
        .filter(|op| op.proposed < last.proposed)
        .collect();
    let mut back = found_there(last).unwrap_or_default();
    let mut newer = last;
    while let Some(op) = earlier.pop() {
        let chained =
            put_there(op).is_some_and(|put| same_sets(put, back)) && !ended_between(table, op, newer, site);
        if !chained {
            break;
        }
        back = found_there(op).unwrap_or_default();
        newer = op;
    }
    back
}

/// Whether another switch of the site lies between two operations.
fn ended_between(table: &Table<'_>, a: &Operation, b: &Operation, name: &str) -> bool {
    let incident = table.desk.incident;
    incident.operations_in_order().iter().any(|op| {
        let other = match &op.plan.action {
            Action::MaintenanceOff { site } | Action::Apex { site, .. } => site == name,
            Action::MaintenanceOn { .. }
            | Action::Relaunch { .. }
            | Action::Terminate { .. }
            | Action::Register { .. }
            | Action::Deregister { .. }
            | Action::Restore { .. }
            | Action::Undo { .. } => false,
        };
        other && op.done() && !incident.is_undone(op) && op.proposed > a.proposed && op.proposed < b.proposed
    })
}

fn target_names(site: &Site) -> String {
    let names: Vec<String> = site.targets.iter().map(|t| t.name.clone()).collect();
    choice("targets are", "", &names)
}

fn back_by_hand(site: &Site, page: &SiteTarget) -> String {
    let others: Vec<String> = site
        .targets
        .iter()
        .filter(|t| t.name != page.name && !t.maintenance)
        .map(|t| format!("`blackstart do apex {} {}`", site.name, t.name))
        .collect();
    if others.is_empty() {
        return format!(
            "Declare where {} lives as a [[site.target]], then point the record there with `blackstart do apex`",
            site.name
        );
    }
    format!("Say where it shall go: {}", others.join(" or "))
}

#[cfg(test)]
mod tests;
