//! Terminating one instance: the one thing here that nothing undoes.
//!
//! It refuses an instance that a balancer says it sends visitors to.

use super::Planned;
use super::registration::{unknown_instance, unread, where_registered};
use super::table::{Table, ec2};
use crate::incident::place::Key;
use crate::incident::plan::{Change, Check, Guard, Refusal, Risk, Step};
use crate::incident::request::{Call, Query};
use crate::incident::resource::{InstanceState, Resource};

/// Seconds that an instance is given to begin to go.
const GONE_S: u32 = 120;

/// Plans `terminate INSTANCE`.
pub(super) fn plan(table: &mut Table<'_>, key: &Key) -> Result<Planned, Refusal> {
    let (scope, id) = (key.scope().clone(), key.id.clone());
    table.profile(&scope.account)?;
    let ids = vec![id.clone()];
    let instances = table.instances(&scope, &ids)?;
    let mut serving = Vec::new();
    let mut listed = Vec::new();
    // A group of type `ip` knows it by its address.
    let address = match table.desk.incident.rows.get(key).map(|s| &s.resource) {
        Some(Resource::Instance(instance)) => instance.private_ip.clone(),
        _ => None,
    };
    let mut places = where_registered(table, &scope, &id);
    if let Some(address) = &address {
        places.extend(where_registered(table, &scope, address));
    }
    for under in places {
        for row in table.registrations(&scope, &under)?.unwrap_or_default() {
            if row.target == id || Some(&row.target) == address.as_ref() {
                if row.in_service() {
                    serving.push(under.to_string());
                } else {
                    listed.push(format!("{under} ({})", row.state));
                }
            }
        }
    }
    let Some(instances) = instances.filter(|_| table.complete()) else {
        return Ok(table.needs());
    };
    let Some(instance) = instances.iter().find(|i| i.key.id == id) else {
        return Err(unknown_instance(table, &scope, &id));
    };
    if matches!(instance.state, InstanceState::ShuttingDown | InstanceState::Terminated) {
        return Err(table.refuse(format!("{id} is {} already", instance.state.as_str()), "Nothing to do"));
    }
    serving.dedup();
    if let Some(under) = serving.first() {
        return Err(table.refuse(
            format!("{id} is in service under {}", serving.join(", ")),
            format!("Take it out first: `blackstart do deregister {under} {id}`"),
        ));
    }
    let title = format!("terminate {id} ({})", instance.label());
    let mut plan = table.draft(&scope, title, Risk::Destructive, id.clone())?;
    plan.resources = ids.clone();
    plan.changes = vec![Change {
        what: format!("{id} ({})", instance.label()),
        old: instance.state.as_str().to_owned(),
        new: "terminated".into(),
    }];
    plan.effects = vec![
        format!(
            "{id}, {} in {}, is gone for good, with its memory, its instance store and every volume that is deleted \
             with it",
            instance.instance_type, instance.zone
        ),
        "an Elastic IP stays in the account, unassociated".into(),
    ];
    if !listed.is_empty() {
        plan.effects.push(format!("it is still listed under {}", listed.join(", ")));
    }
    if let Some(group) =
        instance.auto_scaling_group.as_deref().or_else(|| instance.tags.get("aws:autoscaling:groupName"))
    {
        plan.warnings.push(format!("Auto Scaling group {group} will launch another in its place"));
    }
    plan.warnings.push("with termination protection on, AWS refuses; nothing happens then".into());
    unread(table, &mut plan);
    let query = Query::Instances { scope: scope.clone(), ids };
    plan.control_planes = vec![ec2(&scope)];
    plan.steps = vec![Step {
        title: format!("terminate {id}"),
        call: Call::Terminate { scope, instance: id.clone() },
        guard: Guard::InstanceNotIn {
            query: query.clone(),
            instance: id.clone(),
            states: vec!["shutting-down".into(), "terminated".into()],
        },
        check: Check::Terminated { query, instance: id },
        patience_s: GONE_S,
    }];
    plan.undo = "nothing undoes this: only a new instance from an image or a snapshot".into();
    Ok(Planned::Plan(Box::new(plan.sealed())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::bench::{Bench, scope};
    use super::*;
    use crate::incident::place::{Kind, Service};
    use crate::incident::plan::Action;
    use crate::incident::request::BalancerRef;

    fn terminate(key: &Key) -> Action {
        Action::Terminate { instance: key.clone() }
    }

    #[test]
    fn it_is_destructive_and_has_no_way_back() {
        let mut bench = Bench::new();
        let key = bench.instance("us-east-1", "i-1", "web-1", "running");
        let web = BalancerRef::Classic("web".into());
        bench.registered("us-east-1", &web, "i-1", None, "OutOfService");
        let plan = bench.plan(&terminate(&key));
        assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Destructive, "i-1"));
        assert!(plan.inverse.is_empty() && plan.undo.contains("nothing undoes"));
        assert!(plan.effects.iter().any(|e| e.contains("still listed under web")));
        assert!(matches!(&plan.steps[0].guard, Guard::InstanceNotIn { states, .. } if states.len() == 2));
        bench.instance_mut(&key).auto_scaling_group = Some("asg".into());
        assert!(bench.plan(&terminate(&key)).warnings[0].contains("asg"));
    }

    #[test]
    fn what_serves_what_is_gone_and_what_never_was_is_refused() {
        let mut bench = Bench::new();
        let key = bench.instance("us-east-1", "i-1", "web-1", "running");
        let web = BalancerRef::Classic("web".into());
        bench.registered("us-east-1", &web, "i-1", None, "InService");
        let refusal = bench.refusal(&terminate(&key));
        assert!(refusal.next.contains("`blackstart do deregister web i-1`"), "{refusal}");
        bench.registered("us-east-1", &web, "i-1", None, "OutOfService");
        let group = BalancerRef::TargetGroup(bench.group("us-east-1", "by-ip", &[]));
        bench.registered("us-east-1", &group, "10.0.0.5", Some(80), "healthy");
        assert!(bench.refusal(&terminate(&key)).why.contains("by-ip"));
        let gone = bench.instance("us-east-1", "i-2", "web-2", "shutting-down");
        assert!(bench.refusal(&terminate(&gone)).why.contains("shutting-down"));
        let never = scope("us-east-1").place(Service::Ec2).key(Kind::Instance, "i-3");
        assert!(bench.refusal(&terminate(&never)).why.contains("no instance i-3"));
    }
}
