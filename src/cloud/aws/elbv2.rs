//! Application, network and gateway load balancers, their target groups and targets.

use super::fault::{call, is_not_found};
use super::listeners::Listeners;
use super::page::walk;
use super::session::once;
use super::{Job, Options, Out, elb_zones, first_fault, instance_id, side_by_side, text};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Place};
use crate::incident::request::{CallResult, Done, TargetRef};
use crate::incident::resource::{Balancer, BalancerKind, Registration, Resource, TargetGroup};
use aws_sdk_elasticloadbalancingv2::Client;
use aws_sdk_elasticloadbalancingv2::config::Builder;
use aws_sdk_elasticloadbalancingv2::types::{LoadBalancer, LoadBalancerTypeEnum, TargetDescription};
use std::time::Duration;

/// Target groups whose health is asked at once.
const AT_ONCE: usize = 8;

/// Balancers and target groups by page, then where the balancers listen and the health of each group's targets.
pub(super) async fn sweep(
    client: &Client,
    out: &Out<'_>,
    listeners: &Listeners,
    grace: Duration,
) -> Result<(), Fault> {
    let balancers = async {
        let mut waiting = vec![];
        let listed = walk(
            "elasticloadbalancing:DescribeLoadBalancers",
            |marker| {
                let request = client.describe_load_balancers().page_size(400).set_marker(marker);
                call("elasticloadbalancing:DescribeLoadBalancers", request.send())
            },
            |page| {
                let rows = page.load_balancers().iter().filter_map(|lb| row(out.place, lb)).collect();
                listeners.send_known(out, rows, &mut waiting);
                page.next_marker
            },
        )
        .await;
        listeners.ask(client, out, waiting, grace).await;
        listed
    };
    let groups = async {
        let mut groups = vec![];
        let listed = walk(
            "elasticloadbalancing:DescribeTargetGroups",
            |marker| {
                let request = client.describe_target_groups().page_size(400).set_marker(marker);
                call("elasticloadbalancing:DescribeTargetGroups", request.send())
            },
            |page| {
                let rows: Vec<TargetGroup> =
                    page.target_groups().iter().filter_map(|group| group_row(out.place, group)).collect();
                out.send(rows.iter().cloned().map(Resource::TargetGroup).collect());
                groups.extend(rows);
                page.next_marker
            },
        )
        .await;
        let mut jobs: Vec<Job<'_>> = vec![];
        for group in &groups {
            jobs.push(Box::pin(async move {
                let rows = health(client, out.place, group).await?;
                out.send(rows.into_iter().map(Resource::Registration).collect());
                Ok(())
            }));
        }
        first_fault([listed, side_by_side(jobs, AT_ONCE).await])
    };
    let (balancers, groups) = tokio::join!(balancers, groups);
    first_fault([balancers, groups])
}

fn row(place: &Place, balancer: &LoadBalancer) -> Option<Balancer> {
    let arn = balancer.load_balancer_arn()?;
    let kind = match balancer.r#type() {
        Some(LoadBalancerTypeEnum::Network) => BalancerKind::Network,
        Some(LoadBalancerTypeEnum::Gateway) => BalancerKind::Gateway,
        Some(LoadBalancerTypeEnum::Application) => BalancerKind::Application,
        // A kind that this SDK does not know, or none: the ARN has a word for it too.
        Some(_) | None => parse_arn(arn).map_or(BalancerKind::Application, |(_, kind)| kind),
    };
    Some(Balancer {
        key: place.key(Kind::Balancer, arn),
        name: balancer.load_balancer_name().unwrap_or_default().to_owned(),
        balancer_kind: kind,
        dns_name: balancer.dns_name().unwrap_or_default().to_owned(),
        canonical_zone_id: text(balancer.canonical_hosted_zone_id())
            .or_else(|| elb_zones::zone_id(kind, &place.scope.region.0).map(str::to_owned)),
        scheme: text(balancer.scheme().map(|s| s.as_str())),
        state: text(balancer.state().and_then(|state| state.code()).map(|code| code.as_str())),
        ip_address_type: text(balancer.ip_address_type().map(|t| t.as_str())),
        listeners: vec![],
    })
}

/// Name and kind of the balancer of an ARN: `…:loadbalancer/app/NAME/ID`.
fn parse_arn(arn: &str) -> Option<(&str, BalancerKind)> {
    let mut parts = arn.split('/').skip(1);
    let kind = match parts.next()? {
        "app" => BalancerKind::Application,
        "net" => BalancerKind::Network,
        "gwy" => BalancerKind::Gateway,
        _ => return None,
    };
    Some((parts.next()?, kind))
}

fn group_row(
    place: &Place,
    group: &aws_sdk_elasticloadbalancingv2::types::TargetGroup,
) -> Option<TargetGroup> {
    let arn = group.target_group_arn()?;
    Some(TargetGroup {
        key: place.key(Kind::TargetGroup, arn),
        name: group.target_group_name().unwrap_or_default().to_owned(),
        protocol: text(group.protocol().map(|p| p.as_str())),
        port: group.port(),
        target_type: group.target_type().map_or_else(|| "instance".to_owned(), |t| t.as_str().to_owned()),
        balancers: group.load_balancer_arns().to_vec(),
    })
}

async fn health(client: &Client, place: &Place, group: &TargetGroup) -> Result<Vec<Registration>, Fault> {
    let arn = group.key.id.as_str();
    let request = client.describe_target_health().target_group_arn(arn);
    let answer = call("elasticloadbalancing:DescribeTargetHealth", request.send()).await?;
    let balancer = group.balancers.first().and_then(|arn| parse_arn(arn));
    Ok(answer
        .target_health_descriptions()
        .iter()
        .filter_map(|described| {
            let target = described.target()?;
            let id = target.id()?;
            let health = described.target_health();
            let port = target.port();
            let key = match port {
                Some(port) => format!("{arn}>{id}:{port}"),
                None => format!("{arn}>{id}"),
            };
            Some(Registration {
                key: place.key(Kind::Registration, key),
                balancer: balancer.map_or_else(String::new, |(name, _)| name.to_owned()),
                balancer_kind: balancer.map(|(_, kind)| kind),
                target_group: Some(group.name.clone()),
                target_group_arn: Some(arn.to_owned()),
                target: id.to_owned(),
                port,
                zone: text(target.availability_zone()),
                state: health
                    .and_then(|h| h.state())
                    .map_or_else(|| "unavailable".to_owned(), |s| s.as_str().to_owned()),
                reason: text(health.and_then(|h| h.reason()).map(|r| r.as_str())),
                description: text(health.and_then(|h| h.description())),
            })
        })
        .collect())
}

/// One balancer; `None` if there is none of that name.
pub(super) async fn balancer(client: &Client, place: &Place, name: &str) -> Result<Option<Balancer>, Fault> {
    let request = client.describe_load_balancers().names(name);
    match call("elasticloadbalancing:DescribeLoadBalancers", request.send()).await {
        Ok(answer) => Ok(answer
            .load_balancers()
            .iter()
            .find(|lb| lb.load_balancer_name() == Some(name))
            .and_then(|lb| row(place, lb))),
        Err(fault) if is_not_found(&fault) => Ok(None),
        Err(fault) => Err(fault),
    }
}

/// What is registered in a target group.
pub(super) async fn registrations(
    client: &Client,
    place: &Place,
    arn: &str,
) -> Result<Vec<Registration>, Fault> {
    let request = client.describe_target_groups().target_group_arns(arn);
    let answer = call("elasticloadbalancing:DescribeTargetGroups", request.send()).await?;
    let group = answer.target_groups().iter().find_map(|group| group_row(place, group)).ok_or_else(|| {
        Fault::Refused {
            code: "TargetGroupNotFound".into(),
            message: format!("there is no target group {arn}"),
        }
    })?;
    health(client, place, &group).await
}

fn descriptions(targets: &[TargetRef]) -> Result<Vec<TargetDescription>, Fault> {
    targets
        .iter()
        .map(|target| {
            Ok(TargetDescription::builder().id(instance_id(&target.id)?).set_port(target.port).build())
        })
        .collect()
}

fn mutation(options: &Options) -> Builder {
    let (retry, timeout) = once(options);
    Builder::new().retry_config(retry).timeout_config(timeout)
}

/// RegisterTargets.
pub(super) async fn register(
    client: &Client,
    options: &Options,
    arn: &str,
    targets: &[TargetRef],
) -> CallResult {
    let request = client
        .register_targets()
        .target_group_arn(arn)
        .set_targets(Some(descriptions(targets)?))
        .customize()
        .config_override(mutation(options));
    call("elasticloadbalancing:RegisterTargets", request.send()).await?;
    Ok(Done::Accepted)
}

/// DeregisterTargets.
pub(super) async fn deregister(
    client: &Client,
    options: &Options,
    arn: &str,
    targets: &[TargetRef],
) -> CallResult {
    let request = client
        .deregister_targets()
        .target_group_arn(arn)
        .set_targets(Some(descriptions(targets)?))
        .customize()
        .config_override(mutation(options));
    call("elasticloadbalancing:DeregisterTargets", request.send()).await?;
    Ok(Done::Accepted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_arn_tells_name_and_kind() {
        let arn = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/edge/50dc6c495c0c9188";
        assert_eq!(parse_arn(arn), Some(("edge", BalancerKind::Network)));
        assert_eq!(parse_arn("arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/web"), None);
    }
}
