//! Classic load balancers and the instances registered with them.

use super::fault::{call, is_not_found};
use super::page::walk;
use super::session::once;
use super::{Job, Options, Out, elb_zones, first_fault, instance_id, side_by_side, text};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Place};
use crate::incident::request::{CallResult, Done, TargetRef};
use crate::incident::resource::{Balancer, BalancerKind, Listener, Registration, Resource};
use aws_sdk_elasticloadbalancing::Client;
use aws_sdk_elasticloadbalancing::config::Builder;
use aws_sdk_elasticloadbalancing::types::{Instance, LoadBalancerDescription};

/// Balancers whose health is asked at once.
const AT_ONCE: usize = 8;

/// Balancers by page, then the health of each one's instances.
pub(super) async fn sweep(client: &Client, out: &Out<'_>) -> Result<(), Fault> {
    let mut balancers = vec![];
    let listed = walk(
        "elasticloadbalancing:DescribeLoadBalancers",
        |marker| {
            let request = client.describe_load_balancers().page_size(400).set_marker(marker);
            call("elasticloadbalancing:DescribeLoadBalancers", request.send())
        },
        |page| {
            let found = page.load_balancer_descriptions();
            out.send(found.iter().filter_map(|lb| Some(Resource::Balancer(row(out.place, lb)?))).collect());
            balancers.extend_from_slice(found);
            page.next_marker
        },
    )
    .await;
    let mut jobs: Vec<Job<'_>> = vec![];
    for balancer in &balancers {
        jobs.push(Box::pin(async move {
            let rows = health(client, out.place, balancer).await?;
            out.send(rows.into_iter().map(Resource::Registration).collect());
            Ok(())
        }));
    }
    first_fault([listed, side_by_side(jobs, AT_ONCE).await])
}

fn row(place: &Place, balancer: &LoadBalancerDescription) -> Option<Balancer> {
    let name = balancer.load_balancer_name()?;
    Some(Balancer {
        key: place.key(Kind::Balancer, name),
        name: name.to_owned(),
        balancer_kind: BalancerKind::Classic,
        dns_name: balancer.dns_name().unwrap_or_default().to_owned(),
        canonical_zone_id: text(balancer.canonical_hosted_zone_name_id())
            .or_else(|| elb_zones::zone_id(BalancerKind::Classic, &place.scope.region.0).map(str::to_owned)),
        scheme: text(balancer.scheme()),
        state: None,
        ip_address_type: None,
        listeners: balancer
            .listener_descriptions()
            .iter()
            .filter_map(|described| {
                let listener = described.listener()?;
                Some(Listener {
                    protocol: listener.protocol().to_owned(),
                    port: u16::try_from(listener.load_balancer_port()).ok()?,
                    instance_port: u16::try_from(listener.instance_port()).ok(),
                })
            })
            .collect(),
    })
}

/// The health of what is registered. An instance that the answer leaves out is still registered: its state is unknown.
async fn health(
    client: &Client,
    place: &Place,
    balancer: &LoadBalancerDescription,
) -> Result<Vec<Registration>, Fault> {
    let name = balancer.load_balancer_name().unwrap_or_default();
    let mut rows: Vec<Registration> = vec![];
    if balancer.instances().is_empty() {
        return Ok(rows);
    }
    let request = client.describe_instance_health().load_balancer_name(name);
    let answer = call("elasticloadbalancing:DescribeInstanceHealth", request.send()).await?;
    let registration = |target: &str| Registration {
        key: place.key(Kind::Registration, format!("{name}>{target}")),
        balancer: name.to_owned(),
        balancer_kind: Some(BalancerKind::Classic),
        target_group: None,
        target_group_arn: None,
        target: target.to_owned(),
        port: None,
        zone: None,
        state: "Unknown".into(),
        reason: None,
        description: None,
    };
    // "N/A" is the API's way to say that there is nothing to say.
    let said = |value: Option<&str>| text(value).filter(|v| v != "N/A");
    for state in answer.instance_states() {
        let Some(target) = state.instance_id() else {
            continue;
        };
        if rows.iter().all(|row| row.target != target) {
            rows.push(Registration {
                state: state.state().unwrap_or("Unknown").to_owned(),
                reason: said(state.reason_code()),
                description: said(state.description()),
                ..registration(target)
            });
        }
    }
    for instance in balancer.instances() {
        if let Some(target) = instance.instance_id()
            && rows.iter().all(|row| row.target != target)
        {
            rows.push(registration(target));
        }
    }
    Ok(rows)
}

async fn described(client: &Client, name: &str) -> Result<Option<LoadBalancerDescription>, Fault> {
    let request = client.describe_load_balancers().load_balancer_names(name);
    match call("elasticloadbalancing:DescribeLoadBalancers", request.send()).await {
        Ok(answer) => Ok(answer
            .load_balancer_descriptions
            .unwrap_or_default()
            .into_iter()
            .find(|lb| lb.load_balancer_name() == Some(name))),
        Err(fault) if is_not_found(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// One balancer; `None` if there is none of that name.
pub(super) async fn balancer(client: &Client, place: &Place, name: &str) -> Result<Option<Balancer>, Fault> {
    let found = described(client, name).await?;
    Ok(found.and_then(|lb| row(place, &lb)))
}

/// What is registered with a balancer.
pub(super) async fn registrations(
    client: &Client,
    place: &Place,
    name: &str,
) -> Result<Vec<Registration>, Fault> {
    match described(client, name).await? {
        Some(balancer) => health(client, place, &balancer).await,
        None => Err(Fault::Refused {
            code: "LoadBalancerNotFound".into(),
            message: format!("there is no classic load balancer {name} here"),
        }),
    }
}

fn instances(targets: &[TargetRef]) -> Result<Vec<Instance>, Fault> {
    targets
        .iter()
        .map(|target| Ok(Instance::builder().instance_id(instance_id(&target.id)?).build()))
        .collect()
}

fn mutation(options: &Options) -> Builder {
    let (retry, timeout) = once(options);
    Builder::new().retry_config(retry).timeout_config(timeout)
}

/// RegisterInstancesWithLoadBalancer. It answers when it is written down, not when the instance serves.
pub(super) async fn register(
    client: &Client,
    options: &Options,
    name: &str,
    targets: &[TargetRef],
) -> CallResult {
    let request = client
        .register_instances_with_load_balancer()
        .load_balancer_name(name)
        .set_instances(Some(instances(targets)?))
        .customize()
        .config_override(mutation(options));
    call("elasticloadbalancing:RegisterInstancesWithLoadBalancer", request.send()).await?;
    Ok(Done::Accepted)
}

/// DeregisterInstancesFromLoadBalancer.
pub(super) async fn deregister(
    client: &Client,
    options: &Options,
    name: &str,
    targets: &[TargetRef],
) -> CallResult {
    let request = client
        .deregister_instances_from_load_balancer()
        .load_balancer_name(name)
        .set_instances(Some(instances(targets)?))
        .customize()
        .config_override(mutation(options));
    call("elasticloadbalancing:DeregisterInstancesFromLoadBalancer", request.send()).await?;
    Ok(Done::Accepted)
}
