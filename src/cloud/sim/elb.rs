//! ELB as simulated, both generations: registrations that take time, get stuck, drain, and give AWS's reasons.

use super::ec2::resolved;
use super::state::{Group, LoadBalancer, Refused, State, Target, later};
use super::world::{Here, Outcome, refuse};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Service};
use crate::incident::request::{BalancerRef, Done, TargetRef};
use crate::incident::resource::{
    Balancer, BalancerKind, InstanceState, Listener, Registration, Resource, TargetGroup,
};

/// Whether a target's traffic truly arrives somewhere that answers.
pub(super) fn carries(state: &State, now: jiff::Timestamp, target: &Target) -> bool {
    target.ready_at.is_some_and(|ready| ready <= now)
        && target.draining_until.is_none()
        && state.machines.get(&target.id).is_some_and(|m| m.answers(now))
}

fn present<'a>(targets: &'a [Target], here: Here<'a>) -> impl Iterator<Item = &'a Target> {
    targets.iter().filter(move |t| t.draining_until.is_none_or(|until| here.now < until))
}

/// State, reason and description in the words of either API.
fn health(
    state: &State,
    here: Here<'_>,
    target: &Target,
    v2: bool,
) -> (String, Option<String>, Option<String>) {
    if let Some(claim) = &target.claim {
        return claim.clone();
    }
    let say = |state: &str, reason: &str, description: &str| {
        let some = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        (state.to_owned(), some(reason), some(description))
    };
    let machine = state.machines.get(&target.id);
    let word = machine.map_or(InstanceState::Terminated, |m| m.state(here.now));
    if target.draining_until.is_some() {
        return say("draining", "Target.DeregistrationInProgress", "Target deregistration is in progress");
    }
    match word {
        InstanceState::Running | InstanceState::Pending | InstanceState::Other(_) => {}
        InstanceState::ShuttingDown
        | InstanceState::Terminated
        | InstanceState::Stopping
        | InstanceState::Stopped => {
            let description = format!("Instance is in {} state", word.as_str());
            return if v2 {
                say("unused", "Target.InvalidState", &format!("Target is in the {} state", word.as_str()))
            } else {
                say("OutOfService", "Instance", &description)
            };
        }
    }
    if target.ready_at.is_none_or(|ready| here.now < ready) {
        return if v2 {
            say("initial", "Elb.RegistrationInProgress", "Target registration is in progress")
        } else {
            say("OutOfService", "ELB", "Instance registration is still in progress.")
        };
    }
    match (machine.is_some_and(|m| m.answers(here.now)), v2) {
        (true, true) => say("healthy", "", ""),
        (true, false) => say("InService", "N/A", "N/A"),
        (false, true) => say("unhealthy", "Target.Timeout", "Request timed out"),
        (false, false) => say(
            "OutOfService",
            "Instance",
            "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
        ),
    }
}

fn balancer_row(balancer: &LoadBalancer, here: Here<'_>) -> Balancer {
    let (service, id) = match &balancer.arn {
        None => (Service::Elb, balancer.name.clone()),
        Some(arn) => (Service::ElbV2, arn.clone()),
    };
    let v2 = balancer.arn.is_some();
    Balancer {
        key: here.place(service).key(Kind::Balancer, id),
        name: balancer.name.clone(),
        balancer_kind: balancer.kind,
        dns_name: balancer.dns_name.clone(),
        canonical_zone_id: Some(balancer.zone_id.clone()),
        scheme: Some("internet-facing".into()),
        state: v2.then(|| "active".to_owned()),
        ip_address_type: v2.then(|| "dualstack".to_owned()),
        listeners: listeners(balancer.kind),
    }
}

fn listeners(kind: BalancerKind) -> Vec<Listener> {
    let (instance_port, secure) = match kind {
        BalancerKind::Classic => (Some(80), "HTTPS"),
        BalancerKind::Application => (None, "HTTPS"),
        BalancerKind::Network => (None, "TLS"),
        BalancerKind::Gateway => return Vec::new(),
    };
    let plain = if kind == BalancerKind::Network { "TCP" } else { "HTTP" };
    [(plain, 80), (secure, 443)]
        .map(|(protocol, port)| Listener { protocol: protocol.into(), port, instance_port })
        .into()
}

fn classic_registration(
    state: &State,
    here: Here<'_>,
    balancer: &LoadBalancer,
    target: &Target,
) -> Registration {
    let (word, reason, description) = health(state, here, target, false);
    Registration {
        key: here.place(Service::Elb).key(Kind::Registration, format!("{}>{}", balancer.name, target.id)),
        balancer: balancer.name.clone(),
        balancer_kind: Some(BalancerKind::Classic),
        target_group: None,
        target_group_arn: None,
        target: target.id.clone(),
        port: None,
        zone: None,
        state: word,
        reason,
        description,
    }
}

fn group_registration(state: &State, here: Here<'_>, group: &Group, target: &Target) -> Registration {
    let (word, reason, description) = health(state, here, target, true);
    let port = target.port.unwrap_or(group.port);
    let balancer = group.balancers.first().cloned().unwrap_or_default();
    Registration {
        key: here
            .place(Service::ElbV2)
            .key(Kind::Registration, format!("{}>{}:{port}", group.arn, target.id)),
        balancer_kind: state
            .balancers
            .iter()
            .find(|b| {
                b.account == group.account
                    && b.region == group.region
                    && b.arn.is_some()
                    && b.name == balancer
            })
            .map(|b| b.kind),
        balancer,
        target_group: Some(group.name.clone()),
        target_group_arn: Some(group.arn.clone()),
        target: target.id.clone(),
        port: Some(port),
        zone: state.machines.get(&target.id).map(|m| m.spec.zone.clone()),
        state: word,
        reason,
        description,
    }
}

fn here_balancers<'a>(state: &'a State, here: Here<'a>, v2: bool) -> impl Iterator<Item = &'a LoadBalancer> {
    state
        .balancers
        .iter()
        .filter(move |b| b.account == here.account && b.region == here.region() && b.arn.is_some() == v2)
}

/// DescribeLoadBalancers and DescribeInstanceHealth of each.
pub(super) fn sweep_classic(state: &State, here: Here<'_>) -> Vec<Resource> {
    let mut rows = Vec::new();
    for balancer in here_balancers(state, here, false) {
        rows.push(Resource::Balancer(balancer_row(balancer, here)));
        rows.extend(
            present(&balancer.targets, here)
                .map(|target| Resource::Registration(classic_registration(state, here, balancer, target))),
        );
    }
    rows
}

/// DescribeLoadBalancers, DescribeTargetGroups and DescribeTargetHealth of each.
pub(super) fn sweep_v2(state: &State, here: Here<'_>) -> Vec<Resource> {
    let mut rows: Vec<Resource> =
        here_balancers(state, here, true).map(|b| Resource::Balancer(balancer_row(b, here))).collect();
    for group in state.groups.iter().filter(|g| g.account == here.account && g.region == here.region()) {
        rows.push(Resource::TargetGroup(TargetGroup {
            key: here.place(Service::ElbV2).key(Kind::TargetGroup, group.arn.clone()),
            name: group.name.clone(),
            protocol: Some(group.protocol.clone()),
            port: Some(group.port),
            target_type: "instance".into(),
            balancers: here_balancers(state, here, true)
                .filter(|b| group.balancers.contains(&b.name))
                .filter_map(|b| b.arn.clone())
                .collect(),
        }));
        rows.extend(
            present(&group.targets, here)
                .map(|target| Resource::Registration(group_registration(state, here, group, target))),
        );
    }
    rows
}

/// DescribeLoadBalancers by name.
pub(super) fn balancer(state: &State, here: Here<'_>, kind: BalancerKind, name: &str) -> Option<Balancer> {
    let v2 = kind != BalancerKind::Classic;
    here_balancers(state, here, v2).find(|b| b.name == name).map(|b| balancer_row(b, here))
}

fn no_such(under: &BalancerRef) -> (String, String) {
    match under {
        BalancerRef::Classic(name) => {
            ("LoadBalancerNotFound".into(), format!("There is no ACTIVE Load Balancer named '{name}'"))
        }
        BalancerRef::TargetGroup(arn) => {
            ("TargetGroupNotFound".into(), format!("Target groups '{arn}' not found"))
        }
    }
}

/// DescribeInstanceHealth or DescribeTargetHealth.
pub(super) fn registrations(
    state: &State,
    here: Here<'_>,
    under: &BalancerRef,
) -> Result<Vec<Registration>, Fault> {
    let rows = match under {
        BalancerRef::Classic(name) => state
            .classic(here.account, here.region(), name)
            .and_then(|at| state.balancers.get(at))
            .map(|balancer| {
                present(&balancer.targets, here)
                    .map(|t| classic_registration(state, here, balancer, t))
                    .collect()
            }),
        BalancerRef::TargetGroup(arn) => {
            state.group(here.account, here.region(), arn).and_then(|at| state.groups.get(at)).map(|group| {
                present(&group.targets, here).map(|t| group_registration(state, here, group, t)).collect()
            })
        }
    };
    rows.ok_or_else(|| {
        let (code, message) = no_such(under);
        Fault::Refused { code, message }
    })
}

/// The targets under a balancer or group, with the port that a target has there if none is named.
fn targets_mut<'a>(
    state: &'a mut State,
    here: Here<'_>,
    under: &BalancerRef,
) -> Result<(&'a mut Vec<Target>, Option<i32>), Refused> {
    let found = match under {
        BalancerRef::Classic(name) => {
            let at = state.classic(here.account, here.region(), name);
            at.and_then(|at| state.balancers.get_mut(at)).map(|b| (&mut b.targets, None))
        }
        BalancerRef::TargetGroup(arn) => {
            let at = state.group(here.account, here.region(), arn);
            at.and_then(|at| state.groups.get_mut(at)).map(|g| (&mut g.targets, Some(g.port)))
        }
    };
    found.ok_or_else(|| no_such(under))
}

/// RegisterInstancesWithLoadBalancer or RegisterTargets: all of them or none.
pub(super) fn register(
    state: &mut State,
    here: Here<'_>,
    under: &BalancerRef,
    targets: &[TargetRef],
) -> Outcome {
    let v2 = matches!(under, BalancerRef::TargetGroup(_));
    // The balancer is looked for first, as AWS does.
    targets_mut(state, here, under)?;
    for target in targets {
        let id = resolved(&target.id)?;
        let word = state
            .machine(here.account, here.region(), id)
            .filter(|m| m.listed(here.now))
            .map(|m| m.state(here.now));
        match word {
            None if v2 => {
                return refuse("InvalidTarget", format!("The instance IDs '{id}' are not valid"));
            }
            None => {
                return refuse("InvalidInstance", format!("Could not find EC2 instance {id}."));
            }
            // Classic takes any instance that exists.
            Some(InstanceState::Running | InstanceState::Other(_)) => {}
            Some(
                InstanceState::Pending
                | InstanceState::ShuttingDown
                | InstanceState::Terminated
                | InstanceState::Stopping
                | InstanceState::Stopped,
            ) => {
                if v2 {
                    return refuse(
                        "InvalidTarget",
                        format!(
                            "The following targets are not in a running state and cannot be registered: '{id}'"
                        ),
                    );
                }
            }
        }
    }
    let ready_at = state
        .paces
        .get(here.region())
        .filter(|pace| !pace.registering_stuck)
        .map(|pace| later(here.now, pace.register));
    let (list, usual_port) = targets_mut(state, here, under)?;
    for target in targets {
        let id = resolved(&target.id)?;
        let port = target.port.or(usual_port);
        list.retain(|t| t.id != id || t.port != port || t.draining_until.is_none());
        if !list.iter().any(|t| t.id == id && t.port == port) {
            list.push(Target { id: id.to_owned(), port, ready_at, draining_until: None, claim: None });
        }
    }
    Ok(Done::Accepted)
}

/// DeregisterInstancesFromLoadBalancer or DeregisterTargets.
pub(super) fn deregister(
    state: &mut State,
    here: Here<'_>,
    under: &BalancerRef,
    targets: &[TargetRef],
) -> Outcome {
    let drain = state.paces.get(here.region()).map_or(0, |pace| pace.drain);
    let v2 = matches!(under, BalancerRef::TargetGroup(_));
    let (list, _) = targets_mut(state, here, under)?;
    for target in targets {
        let id = resolved(&target.id)?;
        let named = |t: &Target| t.id == id && (target.port.is_none() || t.port == target.port);
        if v2 {
            for t in list.iter_mut().filter(|t| named(t)) {
                t.draining_until.get_or_insert(later(here.now, drain));
            }
        } else {
            list.retain(|t| !named(t));
        }
    }
    Ok(Done::Accepted)
}
