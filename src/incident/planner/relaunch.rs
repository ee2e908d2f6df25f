//! Relaunching: a replacement with everything that made the old instance what it was, registered where the old one
//! is, then the old one taken out. In this order, so that a launch that fails takes nothing away.
//!
//! It never terminates anything: that is `terminate`'s, when the replacement is proven. It refuses what
//! somebody else owns (Auto Scaling, EKS, ECS, fleets): they would fight over it.

use super::Planned;
use super::registration::{
    deregister_step, healthy_but, is_leaving, register_step, unknown_instance, unread, where_registered,
};
use super::table::{Table, count, ec2, elb};
use crate::incident::place::{Key, Kind, Scope};
use crate::incident::plan::{Change, Check, Guard, Plan, Refusal, Risk, Step};
use crate::incident::request::{BalancerRef, Call, InstanceRef, Query, TargetRef};
use crate::incident::resource::{Instance, InstanceState, LaunchSpec, Registration, Resource};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds that a launched instance is given to run.
const RUNS_S: u32 = 300;

/// One instance to replace.
struct Old<'a> {
    instance: &'a Instance,
    spec: &'a LaunchSpec,
    /// Under what, and on which ports.
    registered: BTreeMap<BalancerRef, Vec<TargetRef>>,
}

/// Plans `relaunch INSTANCE…`.
pub(super) fn plan(table: &mut Table<'_>, keys: &[Key]) -> Result<Planned, Refusal> {
    let Some(first) = keys.first() else {
        return Err(table.refuse("no instance is named", "Name at least one"));
    };
    let scope = first.scope().clone();
    if let Some(other) = keys.iter().find(|key| *key.scope() != scope) {
        return Err(table.refuse(
            format!("{} is in {scope}, {} in {}", first.id, other.id, other.scope()),
            "Relaunch one account and region at a time: images, subnets and balancers are regional",
        ));
    }
    table.profile(&scope.account)?;
    let mut ids: Vec<&str> = Vec::new();
    for key in keys {
        if !ids.contains(&key.id.as_str()) {
            ids.push(&key.id);
        }
    }
    // Everything is asked for in one go.
    let mut specs = Vec::new();
    let mut places = BTreeSet::new();
    for id in &ids {
        specs.push((*id, table.launch_spec(&scope, id)?));
        places.extend(where_registered(table, &scope, id));
    }
    let mut rows: BTreeMap<BalancerRef, &[Registration]> = BTreeMap::new();
    for under in places {
        if let Some(found) = table.registrations(&scope, &under)? {
            rows.insert(under, found);
        }
    }
    if !table.complete() {
        return Ok(table.needs());
    }
    let mut olds = Vec::new();
    for (id, spec) in specs {
        let Some(Some((instance, spec))) = spec else {
            return Err(unknown_instance(table, &scope, id));
        };
        replaceable(table, instance, spec)?;
        let mut registered: BTreeMap<BalancerRef, Vec<TargetRef>> = BTreeMap::new();
        for (under, found) in &rows {
            for row in found.iter().filter(|r| r.target == id && !is_leaving(r)) {
                registered
                    .entry(under.clone())
                    .or_default()
                    .push(TargetRef { id: InstanceRef::Id(id.to_owned()), port: row.port });
            }
        }
        olds.push(Old { instance, spec, registered });
    }
    let plan = draw(table, &scope, &olds, &rows)?;
    Ok(Planned::Plan(Box::new(plan.sealed())))
}

/// Refuses what is not ours to replace.
fn replaceable(table: &Table<'_>, instance: &Instance, spec: &LaunchSpec) -> Result<(), Refusal> {
    let id = &instance.key.id;
    match instance.state {
        InstanceState::Terminated | InstanceState::ShuttingDown => {
            return Err(table.refuse(
                format!(
                    "{id} is {}: its user data and volumes can no longer be read",
                    instance.state.as_str()
                ),
                "Launch from its image or launch template by hand, then `blackstart do register BALANCER INSTANCE`",
            ));
        }
        InstanceState::Pending
        | InstanceState::Running
        | InstanceState::Stopping
        | InstanceState::Stopped
        | InstanceState::Other(_) => {}
    }
    let tag = |name: &str| {
        instance.tags.get(name).or_else(|| spec.tags.get(name).map(String::as_str)).map(str::to_owned)
    };
    if let Some(group) = instance.auto_scaling_group.clone().or_else(|| tag("aws:autoscaling:groupName")) {
        return Err(table.refuse(
            format!("{id} belongs to Auto Scaling group {group}, which replaces it itself"),
            format!(
                "Terminate it (`blackstart do terminate {id}`) and the group launches another, or set the group's desired \
                 capacity"
            ),
        ));
    }
    for (name, owner) in [
        ("eks:nodegroup-name", "an EKS node group"),
        ("aws:eks:cluster-name", "an EKS cluster"),
        ("eks:cluster-name", "an EKS cluster"),
        ("karpenter.sh/nodepool", "Karpenter"),
        ("aws:ecs:clusterName", "an ECS cluster"),
        ("AmazonECSManaged", "ECS"),
        ("aws:ec2:fleet-id", "an EC2 fleet"),
        ("aws:ec2spot:fleet-request-id", "a spot fleet"),
        ("aws:elasticmapreduce:job-flow-id", "an EMR cluster"),
    ] {
        if let Some(value) = tag(name) {
            return Err(table.refuse(
                format!("{id} belongs to {owner} ({name} = {value})"),
                "Its owner replaces it: drain or terminate it there",
            ));
        }
    }
    if let Some((name, _)) = instance
        .tags
        .iter()
        .find(|(name, value)| name.starts_with("kubernetes.io/cluster/") && *value == "owned")
    {
        return Err(table.refuse(
            format!("{id} belongs to a Kubernetes cluster ({name})"),
            "Its node group replaces it: drain it, then terminate it there",
        ));
    }
    if spec.user_data.as_ref().is_some_and(|secret| secret.reveal().is_none()) {
        return Err(table.refuse(
            format!("only the fingerprint of {id}'s user data is known"),
            "Read it again from EC2: a replacement without its user data would be another machine",
        ));
    }
    Ok(())
}

fn draw(
    table: &Table<'_>,
    scope: &Scope,
    olds: &[Old<'_>],
    rows: &BTreeMap<BalancerRef, &[Registration]>,
) -> Result<Plan, Refusal> {
    let ids: Vec<String> = olds.iter().map(|o| o.instance.key.id.clone()).collect();
    let (title, confirm) = match olds {
        [one] => (
            format!("relaunch {} ({}) from {}", one.instance.key.id, one.instance.label(), one.spec.image),
            one.instance.key.id.clone(),
        ),
        _ => (
            format!("relaunch {} in {}", count(olds.len(), "instance"), scope.region),
            scope.region.0.to_string(),
        ),
    };
    let mut plan = table.draft(scope, title, Risk::Disruptive, confirm)?;
    plan.resources = ids.clone();
    plan.control_planes = vec![ec2(scope)];
    if !rows.is_empty() {
        plan.control_planes.push(elb(scope));
    }
    for (index, old) in olds.iter().enumerate() {
        let gone_so_far = ids.get(..=index).unwrap_or_default();
        one(table, &mut plan, old, index, gone_so_far, rows);
        cautions(table, &mut plan, old);
    }
    for (under, found) in rows {
        let healthy = healthy_but(found, &[]);
        let stay = healthy_but(found, &ids);
        plan.effects.push(format!(
            "{under}: {healthy} in service now, {stay} of them stay while {} leave; each leaves only when its replacement is in service",
            ids.len()
        ));
    }
    let plural = if olds.len() == 1 { "it" } else { "them" };
    plan.effects.push(format!(
        "{} keeps running, out of service; `blackstart do terminate` {plural} when the replacement is proven",
        ids.join(" ")
    ));
    plan.warnings.push(
        "volumes are made from the image: what was written to the old volumes or to instance store is not copied".into(),
    );
    plan.warnings.push(
        "the replacement has a new private address and a new id: what names the old ones must follow".into(),
    );
    unread(table, &mut plan);
    plan.undo = if plan.inverse.is_empty() {
        "nothing to put back: the old instance is not touched; terminate the replacement by hand".into()
    } else {
        "undo registers the old instance again; the replacement is left running and registered, terminate it by hand"
            .into()
    };
    Ok(plan)
}

/// The steps for one instance.
fn one(
    table: &Table<'_>,
    plan: &mut Plan,
    old: &Old<'_>,
    index: usize,
    gone_so_far: &[String],
    rows: &BTreeMap<BalancerRef, &[Registration]>,
) {
    let scope = plan.scope.clone();
    let id = &old.instance.key.id;
    let mut spec = old.spec.clone();
    spec.tags.retain(|name, _| !name.starts_with("aws:"));
    let launch = plan.steps.len();
    plan.steps.push(Step {
        title: format!("launch a replacement of {id} ({})", old.instance.label()),
        call: Call::RunInstance {
            scope: scope.clone(),
            spec: Box::new(spec),
            client_token: table.client_token(index, id),
        },
        guard: Guard::None,
        check: Check::LaunchedRuns,
        patience_s: RUNS_S,
    });
    plan.changes.push(Change {
        what: format!("{} ({})", old.instance.label(), old.spec.instance_type),
        old: format!("{id} {}", old.instance.state.as_str()),
        new: format!("a new instance from {} in {}", old.spec.image, old.spec.zone),
    });
    if !old.spec.source_dest_check {
        plan.steps.push(Step {
            title: "switch its source/destination check off, as the old one's is".into(),
            call: Call::DisableSourceDestCheck {
                scope: scope.clone(),
                instance: InstanceRef::LaunchedByStep(launch),
            },
            guard: Guard::None,
            check: Check::Accepted,
            patience_s: 30,
        });
    }
    for (under, targets) in &old.registered {
        let replacement: Vec<TargetRef> = targets
            .iter()
            .map(|t| TargetRef { id: InstanceRef::LaunchedByStep(launch), port: t.port })
            .collect();
        plan.steps.push(register_step(&scope, under, replacement));
        plan.changes.push(Change {
            what: format!("{under}"),
            old: id.clone(),
            new: "its replacement".into(),
        });
    }
    for (under, targets) in &old.registered {
        let found = rows.get(under).copied().unwrap_or_default();
        let serves = found.iter().any(|r| r.target == *id && r.in_service());
        // One that serves leaves only when as many serve as before; one that does not, when anything serves at all.
        let at_least = if serves {
            let replaced = gone_so_far
                .iter()
                .filter(|gone| found.iter().any(|r| r.target == **gone && !is_leaving(r)))
                .count();
            healthy_but(found, gone_so_far) + replaced
        } else {
            1
        };
        plan.steps.push(deregister_step(&scope, under, targets.clone(), at_least));
        let mut back = register_step(&scope, under, targets.clone());
        back.guard = Guard::InstanceNotIn {
            query: Query::Instances { scope: scope.clone(), ids: vec![id.clone()] },
            instance: id.clone(),
            states: vec!["shutting-down".into(), "terminated".into()],
        };
        plan.inverse.push(back);
    }
    if old.registered.is_empty() {
        plan.effects.push(format!("{id} is not known to be registered anywhere: its replacement only runs"));
    }
}

/// What a replacement does not have of the old one.
fn cautions(table: &Table<'_>, plan: &mut Plan, old: &Old<'_>) {
    let id = &old.instance.key.id;
    if let Some(allocation) = &old.spec.elastic_ip {
        plan.warnings.push(format!(
            "the Elastic IP of {id} ({allocation}) is not moved: associate it by hand when the replacement is proven"
        ));
    } else if old.spec.public_address {
        plan.warnings.push(format!("the replacement of {id} gets another public address"));
    }
    if old.spec.termination_protection {
        plan.warnings.push(format!("{id} is protected against termination; so is its replacement"));
    }
    let Some(address) = &old.instance.private_ip else {
        return;
    };
    for seen in table.desk.incident.of_kind(Kind::Registration) {
        if let Resource::Registration(row) = &seen.resource
            && row.key.scope() == &plan.scope
            && row.target == *address
        {
            plan.warnings.push(format!(
                "{id} is also registered by its address {address} under {}: that is not carried over",
                row.under()
            ));
        }
    }
}

#[cfg(test)]
mod tests;
