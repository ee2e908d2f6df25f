//! Load balancers of both generations, target groups, and what is registered under them.

use crate::incident::place::Key;
use serde::{Deserialize, Serialize};

/// What kind of balancer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BalancerKind {
    /// Classic.
    Classic,
    /// Application.
    Application,
    /// Network.
    Network,
    /// Gateway.
    Gateway,
}

impl BalancerKind {
    /// The short word for tables.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Classic => "classic",
            Self::Application => "alb",
            Self::Network => "nlb",
            Self::Gateway => "gwlb",
        }
    }
}

/// A load balancer (DescribeLoadBalancers of either API).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balancer {
    /// Identity; the id is the name (classic) or the ARN.
    pub key: Key,
    /// Name.
    pub name: String,
    /// Kind.
    pub balancer_kind: BalancerKind,
    /// DNS name, as AWS gives it.
    pub dns_name: String,
    /// The hosted zone id for alias records: from the answer, else from AWS's published table.
    pub canonical_zone_id: Option<String>,
    /// `internet-facing` or `internal`.
    pub scheme: Option<String>,
    /// v2 state: `active`, `provisioning`, `active_impaired`, `failed`; classic has none.
    pub state: Option<String>,
    /// `ipv4` or `dualstack`; classic is dual-stack by its `dualstack.` name only outside a VPC.
    pub ip_address_type: Option<String>,
    /// Where it listens, as far as is known.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub listeners: Vec<Listener>,
}

/// A port that a balancer listens on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// `HTTP`, `HTTPS`, `TCP`, `SSL`, `TLS`, `UDP`, `TCP_UDP`, …
    pub protocol: String,
    /// The balancer's port.
    pub port: u16,
    /// The instances' port behind it (classic); of the others, target groups tell it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_port: Option<u16>,
}

impl Listener {
    /// Whether it takes TCP connections.
    #[must_use]
    pub fn takes_tcp(&self) -> bool {
        speaks_tcp(&self.protocol)
    }
}

/// Whether a protocol of a listener or of a target group goes over TCP.
#[must_use]
pub fn speaks_tcp(protocol: &str) -> bool {
    matches!(protocol, "HTTP" | "HTTPS" | "TCP" | "SSL" | "TLS" | "TCP_UDP")
}

/// A target group (DescribeTargetGroups).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetGroup {
    /// Identity; the id is the ARN.
    pub key: Key,
    /// Name.
    pub name: String,
    /// Protocol.
    pub protocol: Option<String>,
    /// Default port.
    pub port: Option<i32>,
    /// `instance`, `ip`, `lambda`, `alb`.
    pub target_type: String,
    /// ARNs of the balancers that use it.
    pub balancers: Vec<String>,
}

/// One target under one balancer (classic) or target group (v2), with the health AWS claims.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Registration {
    /// Identity.
    pub key: Key,
    /// The balancer's name; for a group without a balancer, empty.
    pub balancer: String,
    /// The balancer's kind; `None` for a group without a balancer.
    pub balancer_kind: Option<BalancerKind>,
    /// Target group name (v2).
    pub target_group: Option<String>,
    /// Target group ARN (v2): what register and deregister name.
    pub target_group_arn: Option<String>,
    /// Instance id, address or ARN.
    pub target: String,
    /// Port (v2).
    pub port: Option<i32>,
    /// Availability Zone, where told.
    pub zone: Option<String>,
    /// State, verbatim: `InService`, `OutOfService`, `healthy`, `unhealthy`, `initial`, `draining`, …
    pub state: String,
    /// Reason code, verbatim: `ELB`, `Instance`, `Elb.RegistrationInProgress`, `Target.Timeout`, …
    pub reason: Option<String>,
    /// Description, verbatim.
    pub description: Option<String>,
}

impl Registration {
    /// What `register` and `deregister` name: the group where there is one, else the balancer.
    #[must_use]
    pub fn under(&self) -> &str {
        self.target_group.as_deref().unwrap_or(&self.balancer)
    }

    /// Whether the balancer claims to send traffic to it.
    #[must_use]
    pub fn in_service(&self) -> bool {
        matches!(self.state.as_str(), "InService" | "healthy")
    }
}
