//! Instances, balancers and target groups from a scenario's words.

use super::script::{BalancerTable, FleetTable, GroupTable};
use super::stage::{Stage, digits, seconds};
use super::state::{Group, LoadBalancer, Machine, Target, later};
use crate::incident::resource::{BalancerKind, BlockDevice, LaunchSpec, MetadataOptions};
use crate::incident::secret::Secret;

/// More instances than this is a slip of the pen.
const MOST_INSTANCES: usize = 500_000;
/// The hosted zone ids of balancers, as AWS publishes them; another region's is made up.
fn zone_id_of(region: &str, kind: BalancerKind) -> String {
    let published = match (kind, region) {
        (BalancerKind::Classic | BalancerKind::Application, "us-east-1") => "Z35SXDOTRQ7X7K",
        (BalancerKind::Classic | BalancerKind::Application, "us-east-2") => "Z3AADJGX6KTTL2",
        (BalancerKind::Classic | BalancerKind::Application, "us-west-1") => "Z368ELLRRE2KJ0",
        (BalancerKind::Classic | BalancerKind::Application, "us-west-2") => "Z1H1FL5HABSF5",
        (BalancerKind::Classic | BalancerKind::Application, "eu-west-1") => "Z32O12XQLNTSW2",
        (BalancerKind::Network, "us-east-1") => "Z26RNL4JYFTOTI",
        (BalancerKind::Network, "us-west-1") => "Z24FKFUX50B4VW",
        (BalancerKind::Network, "us-west-2") => "Z18D5FSROUN65G",
        (BalancerKind::Network, "eu-west-1") => "Z2IFOLAFXWLO4F",
        (
            BalancerKind::Classic | BalancerKind::Application | BalancerKind::Network | BalancerKind::Gateway,
            _,
        ) => return format!("Z{}", digits(&format!("elb {region}"), 13).to_uppercase()),
    };
    published.to_owned()
}

impl Stage {
    pub(super) fn fleet(&mut self, table: &FleetTable) -> Result<(), String> {
        let named = |what: String| format!("fleet {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        if table.zones.is_empty() {
            return Err(named("zones is empty".into()));
        }
        if table.count > MOST_INSTANCES {
            return Err(named(format!("count is over {MOST_INSTANCES}")));
        }
        if table.count > 1 && !table.name.contains("{n}") {
            return Err(named("several instances need {n} in the name".into()));
        }
        if !self
            .state
            .images
            .iter()
            .any(|i| i.account == account && i.region == table.region && i.id == table.image)
        {
            return Err(named(format!("there is no image {:?} in {}", table.image, table.region)));
        }
        let launched = later(self.start, seconds(&table.launched).map_err(named)?);
        for n in 0..table.count {
            let name = table.name.replace("{n}", &(n + 1).to_string());
            let pick = |list: &[String]| list.get(n % list.len().max(1)).cloned();
            let id = format!("i-0{}", digits(&format!("{} {} {name}", table.account, table.region), 16));
            let mut tags = table.tags.clone();
            tags.insert("Name".into(), name.clone());
            // Counted over every fleet: an address is one machine's, and a probe of it finds no other.
            let number = self.state.machines.len();
            let (high, low) = (number / 200 % 250 + 1, number % 200 + 10);
            let machine = Machine {
                account,
                region: table.region.clone(),
                id: id.clone(),
                spec: LaunchSpec {
                    image: table.image.clone(),
                    instance_type: table.instance_type.clone(),
                    zone: pick(&table.zones).unwrap_or_default(),
                    subnet: pick(&table.subnets),
                    security_groups: table.security_groups.clone(),
                    key_name: table.key_name.clone(),
                    instance_profile: table.instance_profile.clone(),
                    user_data: table.user_data.as_ref().map(|text| Secret::new(text.clone())),
                    metadata: Some(MetadataOptions {
                        http_tokens: Some("required".into()),
                        http_put_response_hop_limit: Some(2),
                        http_endpoint: Some("enabled".into()),
                        instance_metadata_tags: Some("disabled".into()),
                    }),
                    block_devices: vec![BlockDevice {
                        device: "/dev/sda1".into(),
                        size_gib: Some(table.volume_gib.unwrap_or(8)),
                        volume_type: Some("gp3".into()),
                        iops: None,
                        throughput: None,
                        encrypted: Some(false),
                        kms_key: None,
                        delete_on_termination: true,
                        root: true,
                    }],
                    ebs_optimized: false,
                    monitoring: false,
                    tenancy: Some("default".into()),
                    public_address: table.public,
                    elastic_ip: None,
                    source_dest_check: true,
                    termination_protection: table.protected,
                    tags,
                },
                vpc: table.vpc.clone(),
                private_ip: Some(format!("10.{}.{high}.{low}", account + 1)),
                public_ip: table.public.then(|| format!("198.51.{}.{low}", 100 + high % 100)),
                auto_scaling_group: table.auto_scaling_group.clone(),
                client_token: None,
                launched,
                running_at: launched,
                checked_at: launched,
                ended: None,
                stopped: table.stopped,
                dead: false,
                claim: None,
                checks_claim: None,
            };
            if self.state.machines.insert(id, machine).is_some() {
                return Err(named(format!("two instances are called {name:?}")));
            }
        }
        Ok(())
    }

    pub(super) fn targets(
        &self,
        account: usize,
        region: &str,
        names: &[String],
        port: Option<i32>,
    ) -> Result<Vec<Target>, String> {
        let mut targets = Vec::new();
        for name in names {
            for id in self.machines_named(account, region, name)? {
                targets.push(Target {
                    id,
                    port,
                    ready_at: Some(self.start),
                    draining_until: None,
                    claim: None,
                });
            }
        }
        Ok(targets)
    }

    pub(super) fn balancer(&mut self, table: &BalancerTable) -> Result<(), String> {
        let named = |what: String| format!("balancer {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        let region = &table.region;
        if self
            .state
            .balancers
            .iter()
            .any(|b| b.account == account && b.region == *region && b.name == table.name)
        {
            return Err(named(format!("{region} has two of that name")));
        }
        let number = digits(&format!("{} {region} {}", table.account, table.name), 16);
        let (arn, dns_name) = match table.kind {
            BalancerKind::Classic => (
                None,
                format!(
                    "{}-{}.{region}.elb.amazonaws.com",
                    table.name,
                    u32::from_str_radix(&number[..8], 16).unwrap_or(1)
                ),
            ),
            BalancerKind::Application | BalancerKind::Network | BalancerKind::Gateway => {
                if !table.targets.is_empty() {
                    return Err(named("its targets belong into a [[target_group]]".into()));
                }
                let (word, dns) = match table.kind {
                    BalancerKind::Network => {
                        ("net", format!("{}-{number}.elb.{region}.amazonaws.com", table.name))
                    }
                    BalancerKind::Gateway => {
                        ("gwy", format!("{}-{number}.elb.{region}.amazonaws.com", table.name))
                    }
                    BalancerKind::Application | BalancerKind::Classic => (
                        "app",
                        format!(
                            "{}-{}.{region}.elb.amazonaws.com",
                            table.name,
                            u32::from_str_radix(&number[..8], 16).unwrap_or(1)
                        ),
                    ),
                };
                (
                    Some(format!(
                        "arn:aws:elasticloadbalancing:{region}:{}:loadbalancer/{word}/{}/{number}",
                        self.account_id(account),
                        table.name
                    )),
                    dns,
                )
            }
        };
        let targets = self.targets(account, region, &table.targets, None).map_err(named)?;
        self.state.balancers.push(LoadBalancer {
            account,
            region: region.clone(),
            name: table.name.clone(),
            arn,
            kind: table.kind,
            dns_name,
            zone_id: zone_id_of(region, table.kind),
            targets,
            dead: false,
        });
        Ok(())
    }

    pub(super) fn group(&mut self, table: &GroupTable) -> Result<(), String> {
        let named = |what: String| format!("target group {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        for name in &table.balancers {
            if !self.state.balancers.iter().any(|b| {
                b.account == account && b.region == table.region && b.arn.is_some() && b.name == *name
            }) {
                return Err(named(format!("there is no v2 balancer {name:?} in {}", table.region)));
            }
        }
        let targets =
            self.targets(account, &table.region, &table.targets, Some(table.port)).map_err(named)?;
        let number = digits(&format!("tg {} {} {}", table.account, table.region, table.name), 16);
        self.state.groups.push(Group {
            account,
            region: table.region.clone(),
            name: table.name.clone(),
            arn: format!(
                "arn:aws:elasticloadbalancing:{}:{}:targetgroup/{}/{number}",
                table.region,
                self.account_id(account),
                table.name
            ),
            protocol: table.protocol.clone(),
            port: table.port,
            balancers: table.balancers.clone(),
            targets,
        });
        Ok(())
    }
}
