//! Registering and deregistering instances under classic balancers and target groups, naming how many healthy targets
//! stay.
//!
//! The state it reads is the balancer's claim. What it refuses: an instance that is not there, a registration that is
//! there already, a deregistration of what is not registered.

use super::Planned;
use super::table::{Table, balancing, choice, count, ec2, elb, registrations_query};
use crate::incident::place::{Kind, Scope};
use crate::incident::plan::{Change, Check, Guard, Plan, Refusal, Risk, Step};
use crate::incident::request::{BalancerRef, Call, InstanceRef, TargetRef};
use crate::incident::resource::{Instance, InstanceState, Registration, Resource};
use std::collections::BTreeSet;

/// Seconds that a target is given to come into service.
pub(super) const IN_SERVICE_S: u32 = 300;

/// Seconds that a target is given to leave; draining counts as having left.
pub(super) const LEFT_S: u32 = 120;

/// Plans `register BALANCER INSTANCE…`.
pub(super) fn register(
    table: &mut Table<'_>,
    scope: &Scope,
    under: &BalancerRef,
    ids: &[String],
) -> Result<Planned, Refusal> {
    let ids = named_once(table, ids)?;
    table.profile(&scope.account)?;
    let rows = table.registrations(scope, under)?;
    let instances = table.instances(scope, &ids)?;
    let (Some(rows), Some(instances)) = (rows, instances) else {
        return Ok(table.needs());
    };
    let mut warnings = Vec::new();
    for id in &ids {
        let instance = living(table, scope, instances, id)?;
        if let Some(row) = rows.iter().find(|r| r.target == *id && !is_leaving(r)) {
            return Err(table.refuse(
                format!("{id} is registered under {under} already ({})", row.state),
                "Nothing to do; leave it out, or look at why it is not in service",
            ));
        }
        if instance.state != InstanceState::Running {
            warnings.push(format!(
                "{id} is {}: it will not come into service until it runs",
                instance.state.as_str()
            ));
        }
    }
    warnings.extend(misfit(table, scope, under));
    let targets = refs(&ids);
    let (healthy, total) = census(rows);
    let title = format!("register {} under {under}", ids.join(" "));
    let mut plan = table.draft(scope, title, Risk::Reversible, under.to_string())?;
    plan.resources = resources(under, &ids);
    plan.changes = ids.iter().map(|id| change(under, id, "(not registered)", "registered")).collect();
    plan.effects = vec![
        format!(
            "{under} has {healthy} of {} in service; with {} more it can have {}",
            count(total, "target"),
            ids.len(),
            healthy + ids.len()
        ),
        "it gets visitors once the balancer finds it healthy, not before".into(),
    ];
    plan.warnings = warnings;
    plan.control_planes = vec![elb(scope), format!("{}, to read the instance only", ec2(scope))];
    plan.steps = vec![register_step(scope, under, targets.clone())];
    plan.inverse = vec![deregister_step(scope, under, targets, healthy)];
    plan.undo = format!("undo deregisters {} from {under}", ids.join(" "));
    Ok(Planned::Plan(Box::new(plan.sealed())))
}

/// Plans `deregister BALANCER INSTANCE…`.
pub(super) fn deregister(
    table: &mut Table<'_>,
    scope: &Scope,
    under: &BalancerRef,
    ids: &[String],
) -> Result<Planned, Refusal> {
    let ids = named_once(table, ids)?;
    table.profile(&scope.account)?;
    let Some(rows) = table.registrations(scope, under)? else {
        return Ok(table.needs());
    };
    let mut targets = Vec::new();
    let mut changes = Vec::new();
    for id in &ids {
        let of_id: Vec<&Registration> = rows.iter().filter(|r| r.target == *id).collect();
        if of_id.is_empty() {
            let names: Vec<String> = rows.iter().map(|r| r.target.clone()).collect();
            return Err(table.refuse(
                format!("{id} is not registered under {under}"),
                if names.is_empty() {
                    format!("{under} has no targets at all")
                } else {
                    choice("registered are", id, &names)
                },
            ));
        }
        if of_id.iter().all(|r| is_leaving(r)) {
            return Err(table.refuse(
                format!("{id} is draining from {under} already"),
                "Nothing to do: it leaves when its deregistration delay is over",
            ));
        }
        for row in of_id {
            changes.push(change(under, &with_port(row), &row.state, "(not registered)"));
            targets.push(TargetRef { id: InstanceRef::Id(id.clone()), port: row.port });
        }
    }
    let staying: BTreeSet<&str> = rows
        .iter()
        .filter(|r| !ids.contains(&r.target) && !is_leaving(r))
        .map(|r| r.target.as_str())
        .collect();
    let left = healthy_but(rows, &ids);
    let leaving_healthy = rows
        .iter()
        .filter(|r| ids.contains(&r.target) && r.in_service())
        .map(|r| r.target.as_str())
        .collect::<BTreeSet<_>>()
        .len();
    let (healthy, _) = census(rows);
    let last = left == 0 && leaving_healthy > 0;
    let title = format!("deregister {} from {under}", ids.join(" "));
    let risk = if last { Risk::Destructive } else { Risk::Disruptive };
    let mut plan = table.draft(scope, title, risk, under.to_string())?;
    plan.resources = resources(under, &ids);
    plan.changes = changes;
    plan.effects = vec![
        format!("{left} of {healthy} healthy targets stay in service ({} stay registered)", staying.len()),
        "requests under way are finished within the draining time; the instance itself keeps running".into(),
    ];
    if last {
        plan.warnings.push(match under {
            BalancerRef::Classic(_) => format!(
                "this takes the last healthy target out: {under} answers 503 to everybody until another is in service"
            ),
            BalancerRef::TargetGroup(_) if staying.is_empty() => format!(
                "this takes the last target out: {under} answers 503 to everybody until another is in service"
            ),
            BalancerRef::TargetGroup(_) => format!(
                "this takes the last healthy target out: {under} fails open and sends visitors to {} that {} unhealthy",
                count(staying.len(), "target"),
                if staying.len() == 1 { "is" } else { "are" }
            ),
        });
    }
    plan.control_planes = vec![elb(scope)];
    plan.steps = vec![deregister_step(scope, under, targets.clone(), left)];
    plan.inverse = vec![register_step(scope, under, targets)];
    plan.undo = format!(
        "undo registers {} under {under} again, on the same ports; it serves once it is found healthy",
        ids.join(" ")
    );
    Ok(Planned::Plan(Box::new(plan.sealed())))
}

fn named_once(table: &Table<'_>, ids: &[String]) -> Result<Vec<String>, Refusal> {
    if ids.is_empty() {
        return Err(table.refuse("no instance is named", "Name at least one"));
    }
    let mut once: Vec<String> = Vec::new();
    for id in ids {
        if !once.contains(id) {
            once.push(id.clone());
        }
    }
    Ok(once)
}

/// An instance that can be registered: it exists, and it is not on its way out.
pub(super) fn living<'i>(
    table: &Table<'_>,
    scope: &Scope,
    instances: &'i [Instance],
    id: &str,
) -> Result<&'i Instance, Refusal> {
    let Some(instance) = instances.iter().find(|i| i.key.id == id) else {
        return Err(unknown_instance(table, scope, id));
    };
    match instance.state {
        InstanceState::ShuttingDown | InstanceState::Terminated => Err(table.refuse(
            format!("{id} is {}", instance.state.as_str()),
            "A terminated instance does not come back: launch or pick another",
        )),
        InstanceState::Pending
        | InstanceState::Running
        | InstanceState::Stopping
        | InstanceState::Stopped
        | InstanceState::Other(_) => Ok(instance),
    }
}

/// The refusal for an instance that a region does not have.
pub(super) fn unknown_instance(table: &Table<'_>, scope: &Scope, id: &str) -> Refusal {
    let rows = table.desk.incident.of_kind(Kind::Instance);
    let known: Vec<&Instance> = rows
        .filter_map(|seen| match &seen.resource {
            Resource::Instance(instance) => Some(instance),
            _ => None,
        })
        .collect();
    let elsewhere = known.iter().find(|i| i.key.id == id && i.key.scope() != scope);
    let next = match elsewhere {
        Some(other) => format!("It was last seen in {}", other.key.scope()),
        None => {
            let names: Vec<String> =
                known.iter().filter(|i| i.key.scope() == scope).map(|i| i.key.id.clone()).collect();
            choice(&format!("in {} are", scope.region), id, &names)
        }
    };
    table.refuse(format!("there is no instance {id} in {} {}", scope.account, scope.region), next)
}

/// A target group that takes no instances by id.
fn misfit(table: &Table<'_>, scope: &Scope, under: &BalancerRef) -> Option<String> {
    let BalancerRef::TargetGroup(arn) = under else {
        return None;
    };
    let key = scope.place(balancing(under)).key(Kind::TargetGroup, arn);
    match &table.desk.incident.rows.get(&key)?.resource {
        Resource::TargetGroup(group) if group.target_type != "instance" => Some(format!(
            "{under} takes targets of type {}, not instance ids: AWS will refuse",
            group.target_type
        )),
        Resource::TargetGroup(group) if group.balancers.is_empty() => {
            Some(format!("no balancer uses {under}: its targets get no visitors"))
        }
        _ => None,
    }
}

/// Draining: still listed, no longer chosen.
pub(super) fn is_leaving(row: &Registration) -> bool {
    matches!(row.state.as_str(), "draining" | "unhealthy.draining")
}

/// How many targets are in service, and how many there are.
fn census(rows: &[Registration]) -> (usize, usize) {
    let distinct = |rows: &mut dyn Iterator<Item = &Registration>| {
        rows.map(|r| r.target.clone()).collect::<BTreeSet<_>>().len()
    };
    (
        distinct(&mut rows.iter().filter(|r| r.in_service())),
        distinct(&mut rows.iter().filter(|r| !is_leaving(r))),
    )
}

/// How many targets are in service besides these.
pub(super) fn healthy_but(rows: &[Registration], leaving: &[String]) -> usize {
    rows.iter()
        .filter(|r| r.in_service() && !leaving.contains(&r.target))
        .map(|r| r.target.as_str())
        .collect::<BTreeSet<_>>()
        .len()
}

fn refs(ids: &[String]) -> Vec<TargetRef> {
    ids.iter().map(|id| TargetRef { id: InstanceRef::Id(id.clone()), port: None }).collect()
}

fn with_port(row: &Registration) -> String {
    match row.port {
        Some(port) => format!("{}:{port}", row.target),
        None => row.target.clone(),
    }
}

fn resources(under: &BalancerRef, ids: &[String]) -> Vec<String> {
    let mut resources = vec![match under {
        BalancerRef::Classic(name) => name.clone(),
        BalancerRef::TargetGroup(arn) => arn.clone(),
    }];
    resources.extend(ids.iter().cloned());
    resources
}

fn change(under: &BalancerRef, target: &str, old: &str, new: &str) -> Change {
    Change { what: format!("{target} under {under}"), old: old.to_owned(), new: new.to_owned() }
}

fn names(targets: &[TargetRef]) -> String {
    let mut names: Vec<String> = targets.iter().map(|t| t.id.to_string()).collect();
    names.dedup();
    names.join(" ")
}

fn ids_of(targets: &[TargetRef]) -> Vec<InstanceRef> {
    let mut ids: Vec<InstanceRef> = targets.iter().map(|t| t.id.clone()).collect();
    ids.dedup();
    ids
}

/// The step that registers.
pub(super) fn register_step(scope: &Scope, under: &BalancerRef, targets: Vec<TargetRef>) -> Step {
    Step {
        title: format!("register {} under {under}", names(&targets)),
        guard: Guard::BalancerExists { query: registrations_query(scope, under) },
        check: Check::InService { scope: scope.clone(), under: under.clone(), targets: ids_of(&targets) },
        call: Call::Register { scope: scope.clone(), under: under.clone(), targets },
        patience_s: IN_SERVICE_S,
    }
}

/// The step that deregisters, as long as so many others stay in service.
pub(super) fn deregister_step(
    scope: &Scope,
    under: &BalancerRef,
    targets: Vec<TargetRef>,
    at_least: usize,
) -> Step {
    Step {
        title: format!("deregister {} from {under}", names(&targets)),
        guard: Guard::StaysInService {
            query: registrations_query(scope, under),
            leaving: ids_of(&targets),
            at_least,
        },
        check: Check::NotRegistered { scope: scope.clone(), under: under.clone(), targets: ids_of(&targets) },
        call: Call::Deregister { scope: scope.clone(), under: under.clone(), targets },
        patience_s: LEFT_S,
    }
}

/// What a row's target is registered under.
pub(super) fn under_of(row: &Registration) -> BalancerRef {
    match &row.target_group_arn {
        Some(arn) => BalancerRef::TargetGroup(arn.clone()),
        None => BalancerRef::Classic(row.balancer.clone()),
    }
}

/// Under what an instance was last seen registered, in order.
pub(super) fn where_registered(table: &Table<'_>, scope: &Scope, target: &str) -> BTreeSet<BalancerRef> {
    table
        .desk
        .incident
        .of_kind(Kind::Registration)
        .filter_map(|seen| match &seen.resource {
            Resource::Registration(row)
                if row.key.scope() == scope && row.target == target && !is_leaving(row) =>
            {
                Some(under_of(row))
            }
            _ => None,
        })
        .collect()
}

/// Warnings for balancing cells that could hold registrations nobody has read.
pub(super) fn unread(table: &Table<'_>, plan: &mut Plan) {
    use crate::incident::place::Service;
    for service in [Service::Elb, Service::ElbV2] {
        let place = plan.scope.place(service);
        match table.desk.incident.cells.get(&place) {
            None => plan.warnings.push(format!(
                "{service} in {} was never read: registrations there are not known",
                plan.scope.region
            )),
            Some(cell) => {
                if let Some(fault) = cell.fault() {
                    let when = cell
                        .last_ok
                        .map_or_else(|| "never".to_owned(), |at| format!("{} ago", table.ago(at)));
                    plan.warnings.push(format!(
                        "{service} in {} fails ({fault}); its registrations were last read {when}",
                        plan.scope.region
                    ));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
