//! EC2 as simulated: instances that take time to boot, and launches that a client token makes only once.

use super::stage::digits;
use super::state::{Machine, State, later};
use super::world::{Here, Outcome, refuse};
use crate::incident::place::{Kind, Service};
use crate::incident::request::{Done, InstanceRef};
use crate::incident::resource::{Instance, LaunchSpec, Resource};

fn row(machine: &Machine, here: Here<'_>) -> Instance {
    let checks = machine.checks(here.now);
    Instance {
        key: here.place(Service::Ec2).key(Kind::Instance, machine.id.clone()),
        name: machine.spec.tags.get("Name").cloned().unwrap_or_default(),
        state: machine.state(here.now),
        state_reason: machine
            .ended
            .map(|_| "Client.UserInitiatedShutdown: User initiated shutdown".to_owned()),
        instance_type: machine.spec.instance_type.clone(),
        zone: machine.spec.zone.clone(),
        image: machine.spec.image.clone(),
        launched: Some(machine.launched),
        private_ip: machine.private_ip.clone(),
        public_ip: machine.public_ip.clone(),
        vpc: machine.vpc.clone(),
        subnet: machine.spec.subnet.clone(),
        security_groups: machine.spec.security_groups.clone(),
        auto_scaling_group: machine.auto_scaling_group.clone(),
        system_status: checks.clone(),
        instance_status: checks,
        client_token: machine.client_token.clone(),
        tags: machine.spec.tags.clone().into(),
    }
}

fn listed<'a>(state: &'a State, here: Here<'a>) -> impl Iterator<Item = &'a Machine> {
    state
        .machines
        .values()
        .filter(move |m| m.account == here.account && m.region == here.region() && m.listed(here.now))
}

/// DescribeInstances, whole.
pub(super) fn sweep(state: &State, here: Here<'_>) -> Vec<Resource> {
    listed(state, here).map(|m| Resource::Instance(row(m, here))).collect()
}

/// DescribeInstances by id.
pub(super) fn by_ids(state: &State, here: Here<'_>, ids: &[String]) -> Vec<Instance> {
    ids.iter()
        .filter_map(|id| state.machine(here.account, here.region(), id))
        .filter(|m| m.listed(here.now))
        .map(|m| row(m, here))
        .collect()
}

/// DescribeInstances filtered by client token.
pub(super) fn by_token(state: &State, here: Here<'_>, token: &str) -> Vec<Instance> {
    listed(state, here).filter(|m| m.client_token.as_deref() == Some(token)).map(|m| row(m, here)).collect()
}

/// Everything that made an instance what it is.
pub(super) fn launch_spec(state: &State, here: Here<'_>, id: &str) -> Option<Box<(Instance, LaunchSpec)>> {
    state
        .machine(here.account, here.region(), id)
        .filter(|m| m.listed(here.now))
        .map(|m| Box::new((row(m, here), m.spec.clone())))
}

/// RunInstances.
pub(super) fn run_instance(state: &mut State, here: Here<'_>, spec: &LaunchSpec, token: &str) -> Outcome {
    if token.is_empty() || token.len() > 64 || !token.is_ascii() {
        return refuse("InvalidParameterValue", "The client token must have 1 to 64 ASCII characters");
    }
    if spec.user_data.as_ref().is_some_and(|data| data.reveal().is_none()) {
        return refuse(
            "",
            "only the fingerprint of the user data is left; read the instance again and plan anew",
        );
    }
    // The token's reach is the zone: the same one elsewhere launches another instance.
    let token_key = (here.account, format!("{} {}", here.region(), spec.zone), token.to_owned());
    if let Some((asked, instance)) = state.tokens.get(&token_key) {
        return if asked == spec {
            Ok(Done::Launched { instance: instance.clone() })
        } else {
            refuse(
                "IdempotentParameterMismatch",
                "Arguments on this idempotent request are inconsistent with arguments used in previous request(s).",
            )
        };
    }
    let known_image = state.images.iter().any(|image| {
        image.account == here.account && image.region == here.region() && image.id == spec.image
    });
    if !known_image {
        return refuse("InvalidAMIID.NotFound", format!("The image id '[{}]' does not exist", spec.image));
    }
    if !spec.zone.starts_with(here.region()) {
        return refuse("InvalidParameterValue", format!("Invalid availability zone: [{}]", spec.zone));
    }
    let Some(pace) = state.paces.get(here.region()) else {
        return refuse("", "the region is not in the scenario");
    };
    if let Some((code, message)) = &pace.launch {
        return refuse(code, message.clone());
    }
    let running_at = later(here.now, pace.boot);
    let checked_at = later(running_at, pace.checks);
    state.created += 1;
    let serial = state.created;
    let id = format!("i-0{}", digits(&format!("launch {serial} {token}"), 16));
    // The network follows from the subnet; the addresses are new.
    let vpc = state
        .machines
        .values()
        .find(|m| m.account == here.account && spec.subnet.is_some() && m.spec.subnet == spec.subnet)
        .and_then(|m| m.vpc.clone());
    let (high, low) = (serial / 200 % 250, serial % 200 + 10);
    let machine = Machine {
        account: here.account,
        region: here.region().to_owned(),
        id: id.clone(),
        // RunInstances cannot leave the check off; that takes a call of its own.
        spec: LaunchSpec { source_dest_check: true, elastic_ip: None, ..spec.clone() },
        vpc,
        private_ip: Some(format!("10.{}.{high}.{low}", 100 + here.account % 100)),
        public_ip: spec.public_address.then(|| format!("203.0.113.{}", 100 + serial % 150)),
        auto_scaling_group: None,
        client_token: Some(token.to_owned()),
        launched: here.now,
        running_at,
        checked_at,
        ended: None,
        stopped: false,
        dead: false,
        claim: None,
        checks_claim: None,
    };
    state.machines.insert(id.clone(), machine);
    state.tokens.insert(token_key, (spec.clone(), id.clone()));
    Ok(Done::Launched { instance: id })
}

fn machine_mut<'a>(
    state: &'a mut State,
    here: Here<'_>,
    id: &str,
) -> Result<&'a mut Machine, (String, String)> {
    state
        .machines
        .get_mut(id)
        .filter(|m| m.account == here.account && m.region == here.region() && m.listed(here.now))
        .ok_or_else(|| {
            ("InvalidInstanceID.NotFound".to_owned(), format!("The instance ID '{id}' does not exist"))
        })
}

/// The id that a reference names; one to a step of a plan is resolved before it is sent.
pub(super) fn resolved(instance: &InstanceRef) -> Result<&str, (String, String)> {
    match instance {
        InstanceRef::Id(id) => Ok(id),
        InstanceRef::LaunchedByStep(step) => {
            refuse("", format!("the instance of step {} has no id yet", step + 1))
        }
    }
}

/// ModifyInstanceAttribute SourceDestCheck=false.
pub(super) fn disable_source_dest_check(
    state: &mut State,
    here: Here<'_>,
    instance: &InstanceRef,
) -> Outcome {
    machine_mut(state, here, resolved(instance)?)?.spec.source_dest_check = false;
    Ok(Done::Accepted)
}

/// TerminateInstances.
pub(super) fn terminate(state: &mut State, here: Here<'_>, id: &str) -> Outcome {
    let machine = machine_mut(state, here, id)?;
    if machine.spec.termination_protection {
        return refuse(
            "OperationNotPermitted",
            format!(
                "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again."
            ),
        );
    }
    machine.ended.get_or_insert(here.now);
    Ok(Done::Accepted)
}
