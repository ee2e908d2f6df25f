//! Balancers as AWS has them: names and zone ids of their own region, registrations that take a while, targets that
//! drain, and answers that list what is registered.

use super::request::Request;
use super::{Key, Passing, Reply, Shared, aws_error, field};
use crate::support::xml::Element;

/// AWS's published hosted zone ids: region, of classic and Application balancers, of Network ones.
const ZONES: [(&str, &str, &str); 14] = [
    ("us-east-1", "Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"),
    ("us-east-2", "Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
    ("us-west-1", "Z368ELLRRE2KJ0", "Z24FKFUX50B4VW"),
    ("us-west-2", "Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
    ("eu-west-1", "Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
    ("eu-west-2", "ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G"),
    ("eu-central-1", "Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"),
    ("eu-north-1", "Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM"),
    ("ap-south-1", "ZP97RAFLXTNZK", "ZVDDRBQ08TROA"),
    ("ap-northeast-1", "Z14GRHDCWA56QT", "Z31USIVHYNEOWT"),
    ("ap-southeast-1", "Z1LMS91P8CMLE5", "ZKVM4W9LS7TM"),
    ("ap-southeast-2", "Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD"),
    ("ca-central-1", "ZQSVJUPU6J1EY", "Z2EPGBW3API2WT"),
    ("sa-east-1", "Z2P70J7HTTTPLU", "ZTK26PT1VY4CU"),
];

/// The zone id that an alias to this name must carry; `None` for a name that is no balancer's, or of a region not listed.
pub(super) fn zone_of_balancer(name: &str) -> Option<&'static str> {
    let name = name.trim_end_matches('.').strip_suffix(".amazonaws.com")?;
    let parts: Vec<&str> = name.rsplit('.').collect();
    match parts.as_slice() {
        ["elb", region, ..] => ZONES.iter().find(|zone| zone.0 == *region).map(|zone| zone.1),
        [region, "elb", ..] => ZONES.iter().find(|zone| zone.0 == *region).map(|zone| zone.2),
        _ => None,
    }
}

impl Shared {
    // ---- classic

    pub(super) async fn classic(&self, request: &Request) -> Reply {
        match request.action.as_str() {
            "CreateLoadBalancer" | "DescribeLoadBalancers" => {
                let reply = self.forward(request).await;
                let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
                    return reply;
                };
                let name = request.param("LoadBalancerName").to_owned();
                document.each_mut("DNSName", &mut |element| element.text = classic_dns(&name, request));
                document.each_mut("member", &mut |member| mend_classic(member, request));
                reply.with(&document)
            }
            "RegisterInstancesWithLoadBalancer" => self.register_classic(request).await,
            "DeregisterInstancesFromLoadBalancer" => {
                // moto breaks on a balancer that it does not know.
                if let Err(reply) = self.registered(request).await {
                    return *reply;
                }
                let reply = self.forward(request).await;
                if reply.status != 200 {
                    return reply;
                }
                let balancer = request.param("LoadBalancerName");
                for id in request.list("Instances.member.", ".InstanceId") {
                    self.state().registrations.remove(&key(request, balancer, &id));
                }
                self.with_instances(request, reply).await
            }
            "DescribeInstanceHealth" => self.classic_health(request).await,
            _ => self.forward(request).await,
        }
    }

    async fn register_classic(&self, request: &Request) -> Reply {
        let ids = request.list("Instances.member.", ".InstanceId");
        for id in &ids {
            if matches!(self.instance_state(request, id).await.as_deref(), None | Some("terminated")) {
                let message = format!("Could not find EC2 instance {id}.");
                return aws_error(request, 400, "InvalidInstance", &message);
            }
        }
        let balancer = request.param("LoadBalancerName");
        // moto lists twice what is registered twice, so only what is new goes there.
        let there = match self.registered(request).await {
            Ok(there) => there,
            Err(reply) => return *reply,
        };
        let mut form: Vec<(String, String)> =
            request.params.iter().filter(|(name, _)| !name.starts_with("Instances.")).cloned().collect();
        let new: Vec<&String> = ids.iter().filter(|id| !there.contains(id)).collect();
        for (index, id) in new.iter().enumerate() {
            form.push(field(&format!("Instances.member.{}.InstanceId", index + 1), id));
        }
        let reply = self.forward(&request.instead("elb", form)).await;
        if reply.status != 200 {
            return reply;
        }
        let left = self.state().pace.registering;
        for id in new {
            let passing = Passing { what: "registering", left };
            self.state().registrations.insert(key(request, balancer, id), passing);
        }
        self.with_instances(request, reply).await
    }

    /// What is registered with the balancer that the request names.
    async fn registered(&self, request: &Request) -> Result<Vec<String>, Box<Reply>> {
        let form = vec![
            field("Action", "DescribeLoadBalancers"),
            field("Version", "2012-06-01"),
            field("LoadBalancerNames.member.1", request.param("LoadBalancerName")),
        ];
        let reply = self.forward(&request.instead("elb", form)).await;
        let Some(document) = reply.document().filter(|_| reply.status == 200) else {
            return Err(Box::new(reply));
        };
        Ok(document.all("InstanceId").iter().map(|id| id.text.clone()).collect())
    }

    /// The answer with all that is registered now, as AWS gives it.
    async fn with_instances(&self, request: &Request, reply: Reply) -> Reply {
        let (Some(mut document), Ok(ids)) = (reply.document(), self.registered(request).await) else {
            return reply;
        };
        document.each_mut("Instances", &mut |list| {
            list.children = ids
                .iter()
                .map(|id| Element::new("member", vec![Element::leaf("InstanceId", id.as_str())]))
                .collect();
        });
        reply.with(&document)
    }

    async fn classic_health(&self, request: &Request) -> Reply {
        let reply = self.forward(request).await;
        let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
            return reply;
        };
        let balancer = request.param("LoadBalancerName").to_owned();
        document.each_mut("member", &mut |member| {
            let id = member.text_of("InstanceId").to_owned();
            let reason = if self.step(&key(request, &balancer, &id)) {
                Some(("ELB", "Instance registration is still in progress."))
            } else if member.text_of("State") == "OutOfService" {
                Some(("Instance", "Instance is in stopped state."))
            } else if self.is_ill(&balancer, &id) {
                Some((
                    "Instance",
                    "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
                ))
            } else {
                None
            };
            if let Some((code, sentence)) = reason {
                member.set("State", "OutOfService");
                member.set("ReasonCode", code);
                member.set("Description", sentence);
            }
        });
        reply.with(&document)
    }

    // ---- application and network

    pub(super) async fn v2(&self, request: &Request) -> Reply {
        match request.action.as_str() {
            "CreateLoadBalancer" | "DescribeLoadBalancers" => {
                let reply = self.forward(request).await;
                let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
                    return reply;
                };
                document.each_mut("member", &mut |member| mend_v2(member, &request.region));
                reply.with(&document)
            }
            "RegisterTargets" => self.register_targets(request).await,
            "DeregisterTargets" => {
                let reply = self.forward(request).await;
                if reply.status == 200 {
                    let left = self.state().pace.draining;
                    let passing = Passing { what: "draining", left };
                    for id in request.list("Targets.member.", ".Id") {
                        let key = key(request, request.param("TargetGroupArn"), &id);
                        self.state().registrations.insert(key, passing.clone());
                    }
                }
                reply
            }
            "DescribeTargetHealth" => self.target_health(request).await,
            _ => self.forward(request).await,
        }
    }

    async fn register_targets(&self, request: &Request) -> Reply {
        let ids = request.list("Targets.member.", ".Id");
        for id in ids.iter().filter(|id| id.starts_with("i-")) {
            let message = match self.instance_state(request, id).await.as_deref() {
                Some("running") => continue,
                Some(_) => {
                    format!(
                        "The following targets are not in a running state and cannot be registered: '{id}'"
                    )
                }
                None => format!("The following targets are not valid instances: '{id}'"),
            };
            return aws_error(request, 400, "InvalidTarget", &message);
        }
        let group = request.param("TargetGroupArn");
        let there = self.targets(request, group).await;
        let reply = self.forward(request).await;
        if reply.status == 200 {
            let mut state = self.state();
            let left = state.pace.registering;
            for id in ids.iter().filter(|id| !there.contains(id)) {
                state.registrations.insert(key(request, group, id), Passing { what: "registering", left });
            }
        }
        reply
    }

    async fn targets(&self, request: &Request, group: &str) -> Vec<String> {
        let form = vec![
            field("Action", "DescribeTargetHealth"),
            field("Version", "2015-12-01"),
            field("TargetGroupArn", group),
        ];
        let reply = self.forward(&request.instead("elbv2", form)).await;
        let document = reply.document().unwrap_or_default();
        document.all("Target").iter().map(|target| target.text_of("Id").to_owned()).collect()
    }

    async fn target_health(&self, request: &Request) -> Reply {
        let reply = self.forward(request).await;
        let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
            return reply;
        };
        let group = request.param("TargetGroupArn").to_owned();
        let asked = request.list("Targets.member.", ".Id");
        let draining: Vec<Key> = {
            let state = self.state();
            let of_group = |key: &&Key| {
                key.0 == request.account
                    && key.1 == request.region
                    && key.2 == group
                    && (asked.is_empty() || asked.contains(&key.3))
            };
            let draining = state.registrations.iter().filter(|(_, p)| p.what == "draining" && p.left > 0);
            draining.map(|(key, _)| key).filter(of_group).cloned().collect()
        };
        document.each_mut("TargetHealthDescriptions", &mut |list| {
            for member in &mut list.children {
                let id = member.at(&["Target"]).map_or("", |t| t.text_of("Id")).to_owned();
                if draining.iter().any(|key| key.3 == id) {
                    continue;
                }
                let health = if self.step(&key(request, &group, &id)) {
                    Some(("initial", "Elb.RegistrationInProgress", "Target registration is in progress"))
                } else if self.is_ill(&group, &id) {
                    Some(("unhealthy", "Target.FailedHealthChecks", "Health checks failed"))
                } else {
                    None
                };
                if let (Some(health), Some(place)) = (health, member.child_mut("TargetHealth")) {
                    *place = health_element(health);
                }
            }
            for key in &draining {
                self.step(key);
                let health = health_element((
                    "draining",
                    "Target.DeregistrationInProgress",
                    "Target deregistration is in progress",
                ));
                let there = list
                    .children
                    .iter_mut()
                    .find(|member| member.at(&["Target"]).is_some_and(|t| t.text_of("Id") == key.3));
                match there.and_then(|member| member.child_mut("TargetHealth")) {
                    Some(place) => *place = health,
                    None => {
                        let target = Element::new("Target", vec![Element::leaf("Id", key.3.as_str())]);
                        list.children.push(Element::new("member", vec![target, health]));
                    }
                }
            }
        });
        reply.with(&document)
    }

    // ---- both

    /// Whether a registration is still under way in this answer; one poll less is left after it.
    fn step(&self, key: &Key) -> bool {
        let mut state = self.state();
        match state.registrations.get_mut(key).filter(|p| p.left > 0) {
            Some(passing) => {
                passing.left -= 1;
                true
            }
            None => false,
        }
    }

    fn is_ill(&self, holder: &str, instance: &str) -> bool {
        self.state().ill.contains(&(holder.to_owned(), instance.to_owned()))
    }
}

fn key(request: &Request, holder: &str, id: &str) -> Key {
    (request.account.clone(), request.region.clone(), holder.to_owned(), id.to_owned())
}

fn health_element((state, reason, sentence): (&str, &str, &str)) -> Element {
    Element::new(
        "TargetHealth",
        vec![
            Element::leaf("State", state),
            Element::leaf("Reason", reason),
            Element::leaf("Description", sentence),
        ],
    )
}

/// `web-123456789.us-west-1.elb.amazonaws.com`: a number of its own for each account, region and name.
fn classic_dns(name: &str, request: &Request) -> String {
    let number = 100_000_000 + mix(&[&request.account, &request.region, name]) % 900_000_000;
    format!("{name}-{number}.{}.elb.amazonaws.com", request.region)
}

fn mend_classic(member: &mut Element, request: &Request) {
    let name = member.text_of("LoadBalancerName").to_owned();
    if name.is_empty() || member.child("DNSName").is_none() {
        return;
    }
    let dns = classic_dns(&name, request);
    member.set("DNSName", &dns);
    member.set("CanonicalHostedZoneName", &dns);
}

fn mend_v2(member: &mut Element, region: &str) {
    let arn = member.text_of("LoadBalancerArn").to_owned();
    if arn.is_empty() {
        return;
    }
    let name = member.text_of("LoadBalancerName").to_owned();
    let network = member.text_of("Type") == "network";
    let number = mix(&[&arn]);
    let dns = if network {
        format!("{name}-{number:016x}.elb.{region}.amazonaws.com")
    } else {
        format!("{name}-{}.{region}.elb.amazonaws.com", 1_000_000_000 + number % 1_000_000_000)
    };
    member.set("DNSName", &dns);
    if let Some(zone) = ZONES.iter().find(|zone| zone.0 == region) {
        member.set("CanonicalHostedZoneId", if network { zone.2 } else { zone.1 });
    }
    if member.child("Scheme").is_none() {
        member.set("Scheme", "internet-facing");
    }
}

/// FNV-1a: the same number for the same words on every machine.
fn mix(words: &[&str]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in words.join("/").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
    hash
}
