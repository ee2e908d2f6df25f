//! Reversing an operation: its inverse, as a plan of its own, if the world is still as the operation left it.
//!
//! It refuses what was undone already, what never happened, what has no inverse, and what somebody changed since. What was
//! done before STS named the account is undone where STS says since that it was done.

use super::Planned;
use super::apex;
use super::batch::{self, points, same_sets};
use super::registration::{deregister_step, healthy_but, is_leaving, living, register_step};
use super::table::{Table, count, ec2, elb, route53};
use crate::incident::hash::PlanHash;
use crate::incident::operation::{Operation, Standing};
use crate::incident::place::{Account, Scope};
use crate::incident::plan::{Change, Check, Guard, Plan, Refusal, Risk, Step};
use crate::incident::request::{BalancerRef, Call, InstanceRef, Query, TargetRef};
use crate::incident::resource::{RecordSet, normalise_name};

/// Plans `undo OPERATION`.
pub(super) fn plan(table: &mut Table<'_>, hash: &PlanHash) -> Result<Planned, Refusal> {
    let incident = table.desk.incident;
    let Some(operation) = incident.operations.get(hash) else {
        let hint = incident.undoable().first().map_or_else(
            || "Nothing in the log can be undone".to_owned(),
            |op| format!("The last that can be undone is {} ({})", op.plan.hash.short(), op.plan.title),
        );
        return Err(table.refuse(format!("the log has no operation {}", hash.short()), hint));
    };
    permitted(table, operation)?;
    let account = &account(table, operation)?;
    table.profile(account)?;
    let scope = &in_account(&operation.plan.scope, account);
    let (done, again_done) = incident.first_done(operation);
    let mut back = Back { does_again: again_done, ..Back::default() };
    for step in &operation.plan.inverse {
        match &step.call {
            Call::ChangeRecords { zone_id, .. } => {
                records(table, operation, step, (zone_id, account), &mut back)?;
            }
            Call::Register { scope, under, targets } => {
                again(table, &in_account(scope, account), under, targets, &mut back)?;
            }
            Call::Deregister { scope, under, targets } => {
                out(table, &in_account(scope, account), under, targets, &mut back)?;
            }
            Call::RunInstance { .. }
            | Call::DisableSourceDestCheck { .. }
            | Call::Terminate { .. }
            | Call::RestoreDatabase { .. } => {
                return Err(table.refuse(
                    format!("{} cannot be reversed", step.call.operation()),
                    operation.plan.undo.clone(),
                ));
            }
        }
    }
    if !table.complete() {
        return Ok(table.needs());
    }
    if back.steps.is_empty() {
        return Err(table.refuse(
            format!("everything is as it was before \"{}\" already", operation.plan.title),
            "Nothing to undo",
        ));
    }
    let title = incident.undo_title(operation);
    let risk = if back.empties { Risk::Destructive } else { operation.plan.risk };
    let mut plan = table.draft(scope, title, risk, operation.plan.confirm.clone())?;
    plan.resources = operation.plan.resources.clone();
    plan.changes = back.changes;
    let ago = table.ago(operation.called());
    plan.effects = vec![if again_done {
        format!(
            "does again what {} did {} ago and {} undid {ago} ago ({})",
            done.by,
            table.ago(done.called()),
            operation.by,
            operation.standing(incident).as_str()
        )
    } else {
        format!("reverses what {} did {ago} ago ({})", operation.by, operation.standing(incident).as_str())
    }];
    plan.effects.extend(back.effects);
    plan.warnings = back.warnings;
    if operation.plan.steps.iter().any(|step| matches!(step.call, Call::RunInstance { .. })) {
        plan.warnings.push("what it launched is left running and registered: terminate it by hand".into());
    }
    plan.control_planes = control_planes(&back.steps);
    plan.steps = back.steps;
    plan.inverse = back.inverse;
    plan.undo = if again_done { "undo takes it back" } else { "undo of this undo does it again" }.into();
    for step in &mut plan.steps {
        comment(table, &plan.title, step);
    }
    Ok(Planned::Plan(Box::new(Plan::sealed(plan))))
}

/// The way back, as it takes shape.
#[derive(Default)]
struct Back {
    steps: Vec<Step>,
    inverse: Vec<Step>,
    changes: Vec<Change>,
    effects: Vec<String>,
    warnings: Vec<String>,
    /// It is the undo of an undo.
    does_again: bool,
    /// It takes a balancer's last healthy target out.
    empties: bool,
}

fn permitted(table: &Table<'_>, operation: &Operation) -> Result<(), Refusal> {
    let plan = &operation.plan;
    match operation.standing(table.desk.incident) {
        Standing::Undone => {
            let by = operation.undone_by.as_ref().map_or("?", |hash| hash.short()).to_owned();
            return Err(
                table.refuse(format!("\"{}\" was undone already, by {by}", plan.title), "Nothing to do")
            );
        }
        Standing::Running => {
            return Err(table
                .refuse(format!("\"{}\" is under way", plan.title), "Wait until it is over, then undo it"));
        }
        Standing::Proposed | Standing::Vetoed => {
            return Err(table.refuse(format!("\"{}\" was never carried out", plan.title), "Nothing to undo"));
        }
        Standing::Verified | Standing::Unverified | Standing::Stopped | Standing::Unknown => {}
    }
    if let Some(by) = table.desk.incident.undo_done(operation) {
        return Err(table.refuse(
            format!("\"{}\" was undone already, by {}", plan.title, by.plan.hash.short()),
            "Nothing to do",
        ));
    }
    if !operation.touched() {
        return Err(table.refuse(format!("no call of \"{}\" was performed", plan.title), "Nothing to undo"));
    }
    if plan.inverse.is_empty() {
        return Err(table.refuse(format!("\"{}\" has no way back from here", plan.title), plan.undo.clone()));
    }
    Ok(())
}

/// The account to undo it in: as STS has named it since to whoever did it, or as it is presumed to be.
fn account(table: &Table<'_>, operation: &Operation) -> Result<Account, Refusal> {
    let (plan, accounts) = (&operation.plan, table.desk.accounts);
    let account = table.desk.incident.account_of_operation(operation).clone();
    if plan.scope.account.is_verified() && plan.scope.account != account {
        return Err(table.refuse(
            format!(
                "\"{}\" was done with the credentials of {}, presumed to be those of account {}; STS has named \
                 account {account} since",
                plan.title, plan.profile, plan.scope.account
            ),
            format!("Look at what is there in account {account}; {OPPOSITE}"),
        ));
    }
    if account.is_verified() || accounts.iter().any(|(loaded, _)| *loaded == account) {
        return Ok(account);
    }
    // Whoever did it left before STS answered. A zone's id is no other account's: it tells whether these credentials are
    // those; the names that other calls go by are the same in many accounts.
    let by_zone = plan.inverse.iter().all(|step| matches!(step.call, Call::ChangeRecords { .. }));
    let same_profile = accounts.iter().find(|(_, profile)| by_zone && *profile == plan.profile);
    same_profile.map(|(account, _)| account.clone()).ok_or_else(|| {
        table.refuse(
            format!(
                "STS never named the account of {} to the cockpit in which \"{}\" was done",
                plan.profile, plan.title
            ),
            format!("Load the credentials it was done with, and {OPPOSITE}"),
        )
    })
}

/// What leads back where an undo cannot.
const OPPOSITE: &str = "do the opposite by an action of its own, which reads what is there first";

fn in_account(scope: &Scope, account: &Account) -> Scope {
    Scope { account: account.clone(), ..scope.clone() }
}

fn sets_in_account(sets: &[RecordSet], account: &Account) -> Vec<RecordSet> {
    let mut sets = sets.to_vec();
    for set in &mut sets {
        set.key.place.scope.account.clone_from(account);
    }
    sets
}

/// The record goes back, if it is still what the operation made it.
fn records(
    table: &mut Table<'_>,
    operation: &Operation,
    step: &Step,
    (zone_id, account): (&str, &Account),
    back: &mut Back,
) -> Result<(), Refusal> {
    let (Guard::RecordsAre { query, records: left, .. }, Check::RecordsAre { records: before, .. }) =
        (&step.guard, &step.check)
    else {
        return Err(table.refuse(
            "the log does not say what the record was",
            "Point it by hand: `blackstart do apex SITE TARGET`",
        ));
    };
    let Query::Records { scope, zone, name } = query else {
        return Ok(());
    };
    let scope = &in_account(scope, account);
    let query = &Query::Records { scope: scope.clone(), zone: zone.clone(), name: name.clone() };
    let Some((found, read)) = table.records(query, name)? else {
        return Ok(());
    };
    if found.is_none_or(|found| found.key.id != zone_id) {
        return Err(table.refuse(
            format!(
                "\"{}\" changed hosted zone {zone_id}, which is not the zone {} of account {account}",
                operation.plan.title,
                zone.trim_end_matches('.')
            ),
            "Load the credentials it was done with",
        ));
    }
    let now: Vec<RecordSet> = batch::addresses(read);
    let (before, left) = (&sets_in_account(before, account), &sets_in_account(left, account));
    if same_sets(&now, before) {
        return Ok(());
    }
    if !same_sets(&now, left) {
        return Err(table.refuse(
            format!(
                "changed since: \"{}\" left {name} at {}, now it points at {}",
                operation.plan.title,
                points(left),
                points(&now)
            ),
            "Decide where it shall point now: `blackstart do apex SITE TARGET`",
        ));
    }
    // DELETE names what is there in its own words, which may differ from ours where Route 53 does not mind.
    let (there, home) = if back.does_again { ("again", "back") } else { ("back", "again") };
    let title = format!("{name}: {there} to {}", points(before));
    back.steps.push(batch::step(title, scope, zone_id, query, &now, before, String::new()));
    back.inverse.push(batch::step(
        format!("{name}: {home} to {}", points(left)),
        scope,
        zone_id,
        query,
        before,
        &now,
        table.comment("undo of an undo"),
    ));
    back.changes.extend(batch::lines(name, &now, before));
    back.effects.push(format!("visitors of {} go {there} to {}", name.trim_end_matches('.'), points(before)));
    // What was to be known of the place when it was first pointed there is to be known again.
    let service_binding = read.iter().any(|r| matches!(r.record_type.as_str(), "HTTPS" | "SVCB"));
    let (effects, warnings) = apex::consequences(name, &now, before, service_binding);
    back.effects.extend(effects);
    back.warnings.extend(warnings);
    let incident = table.desk.incident;
    let mut sites = table.desk.sites.iter();
    let site = sites.find(|site| normalise_name(&site.record) == normalise_name(name));
    let target = site.and_then(|site| apex::target_at(incident, site, before));
    back.warnings.extend(target.and_then(|target| apex::caution(target, name)));
    Ok(())
}

/// What was deregistered is registered again.
fn again(
    table: &mut Table<'_>,
    scope: &Scope,
    under: &BalancerRef,
    targets: &[TargetRef],
    back: &mut Back,
) -> Result<(), Refusal> {
    let ids = plain_ids(targets);
    let rows = table.registrations(scope, under)?;
    let instances = table.instances(scope, &ids)?;
    let (Some(rows), Some(instances)) = (rows, instances) else {
        return Ok(());
    };
    let mut missing: Vec<TargetRef> = Vec::new();
    for target in targets {
        let InstanceRef::Id(id) = &target.id else {
            continue;
        };
        living(table, scope, instances, id)?;
        let there = rows
            .iter()
            .any(|r| r.target == *id && !is_leaving(r) && (target.port.is_none() || r.port == target.port));
        if !there {
            missing.push(target.clone());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    let healthy = healthy_but(rows, &[]);
    let names = plain_ids(&missing).join(" ");
    back.changes.push(Change {
        what: format!("{names} under {under}"),
        old: "(not registered)".into(),
        new: "registered".into(),
    });
    back.effects.push(format!(
        "{under} has {} in service now; {names} serves once it is found healthy",
        count(healthy, "target")
    ));
    back.inverse.push(deregister_step(scope, under, missing.clone(), healthy));
    back.steps.push(register_step(scope, under, missing));
    Ok(())
}

/// What was registered is taken out again.
fn out(
    table: &mut Table<'_>,
    scope: &Scope,
    under: &BalancerRef,
    targets: &[TargetRef],
    back: &mut Back,
) -> Result<(), Refusal> {
    let Some(rows) = table.registrations(scope, under)? else {
        return Ok(());
    };
    let ids = plain_ids(targets);
    let there: Vec<TargetRef> = rows
        .iter()
        .filter(|r| ids.contains(&r.target) && !is_leaving(r))
        .map(|r| TargetRef { id: InstanceRef::Id(r.target.clone()), port: r.port })
        .collect();
    if there.is_empty() {
        return Ok(());
    }
    let stay = healthy_but(rows, &ids);
    let names = plain_ids(&there).join(" ");
    back.changes.push(Change {
        what: format!("{names} under {under}"),
        old: "registered".into(),
        new: "(not registered)".into(),
    });
    back.effects.push(format!("{stay} of {} healthy targets stay in service", healthy_but(rows, &[])));
    if stay == 0 {
        back.empties |= healthy_but(rows, &[]) > 0;
        back.warnings.push(format!("no healthy target stays under {under}: its visitors get errors"));
    }
    back.inverse.push(register_step(scope, under, there.clone()));
    back.steps.push(deregister_step(scope, under, there, stay));
    Ok(())
}

fn plain_ids(targets: &[TargetRef]) -> Vec<String> {
    let mut ids: Vec<String> = targets
        .iter()
        .filter_map(|t| match &t.id {
            InstanceRef::Id(id) => Some(id.clone()),
            InstanceRef::LaunchedByStep(_) => None,
        })
        .collect();
    ids.dedup();
    ids
}

fn control_planes(steps: &[Step]) -> Vec<String> {
    let mut planes: Vec<String> = Vec::new();
    for step in steps {
        let scope = step.call.scope();
        let plane = match &step.call {
            Call::ChangeRecords { .. } => route53(scope),
            Call::Register { .. } | Call::Deregister { .. } => elb(scope),
            Call::RunInstance { .. }
            | Call::DisableSourceDestCheck { .. }
            | Call::Terminate { .. }
            | Call::RestoreDatabase { .. } => ec2(scope),
        };
        if !planes.contains(&plane) {
            planes.push(plane);
        }
    }
    planes
}

/// A Route 53 step says in CloudTrail which plan it belongs to.
fn comment(table: &Table<'_>, title: &str, step: &mut Step) {
    match &mut step.call {
        Call::ChangeRecords { comment, .. } => *comment = table.comment(title),
        Call::RunInstance { .. }
        | Call::DisableSourceDestCheck { .. }
        | Call::Terminate { .. }
        | Call::Register { .. }
        | Call::Deregister { .. }
        | Call::RestoreDatabase { .. } => {}
    }
}

#[cfg(test)]
mod tests;
