//! Route 53: hosted zones and record sets, kept exactly, so that a DELETE can name every value.

use crate::incident::place::Key;
use serde::{Deserialize, Serialize};

/// A name as Route 53 compares it: lower case, final dot, `\052` for `*`.
#[must_use]
pub fn normalise_name(name: &str) -> String {
    let mut name = name.trim().to_lowercase().replace('*', "\\052");
    if !name.ends_with('.') {
        name.push('.');
    }
    name
}

/// A balancer's name as it is compared: normalised, and without the `dualstack.` that the console puts before it.
#[must_use]
pub fn bare_name(name: &str) -> String {
    let name = normalise_name(name);
    name.strip_prefix("dualstack.").unwrap_or(&name).to_owned()
}

/// A hosted zone (ListHostedZones).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostedZone {
    /// Identity; the id has no `/hostedzone/`.
    pub key: Key,
    /// Normalised name.
    pub name: String,
    /// Private zones shadow nothing outside their VPCs.
    pub private: bool,
    /// How many record sets.
    pub record_count: Option<i64>,
    /// The service that owns it (`LinkedService`): such zones are not edited by hand.
    pub linked_service: Option<String>,
    /// Its authoritative servers (`DelegationSet`), where they were read: only zones of declared sites are asked for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub name_servers: Vec<String>,
}

/// The target of an alias record.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasTarget {
    /// DNS name as read (compare with [`AliasTarget::same`]).
    pub dns_name: String,
    /// The target's hosted zone id.
    pub zone_id: String,
    /// `EvaluateTargetHealth`.
    pub evaluate_target_health: bool,
}

impl AliasTarget {
    /// Equal as Route 53 compares: names case-insensitive and with a final dot.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        normalise_name(&self.dns_name) == normalise_name(&other.dns_name)
            && self.zone_id == other.zone_id
            && self.evaluate_target_health == other.evaluate_target_health
    }
}

/// A record set (ListResourceRecordSets), every field that a DELETE must repeat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSet {
    /// Identity: `ZONE>NAME>TYPE[>SET-IDENTIFIER]`.
    pub key: Key,
    /// Hosted zone id.
    pub zone_id: String,
    /// Normalised name.
    pub name: String,
    /// `A`, `AAAA`, `CNAME`, …
    pub record_type: String,
    /// Seconds; `None` for an alias.
    pub ttl: Option<u32>,
    /// Values, in Route 53's order.
    pub values: Vec<String>,
    /// Alias target.
    pub alias: Option<AliasTarget>,
    /// `SetIdentifier` of weighted, failover, latency, … sets.
    pub set_identifier: Option<String>,
    /// The routing policy's word where it is not simple: `weighted`, `failover`, `latency`, `geolocation`, …
    pub routing: Option<String>,
    /// Owned by a traffic policy instance: not edited by hand.
    pub traffic_policy: bool,
    /// Health check id.
    pub health_check: Option<String>,
}

impl RecordSet {
    /// The id part of a record set's key.
    #[must_use]
    pub fn id(zone: &str, name: &str, record_type: &str, set_identifier: Option<&str>) -> String {
        let name = normalise_name(name);
        match set_identifier {
            Some(set) => format!("{zone}>{name}>{record_type}>{set}"),
            None => format!("{zone}>{name}>{record_type}"),
        }
    }

    /// Whether two record sets answer alike: same name, type, TTL, values (in any order) and alias.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        let alias = match (&self.alias, &other.alias) {
            (Some(a), Some(b)) => a.same(b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        let sorted = |set: &Self| {
            let mut values = set.values.clone();
            values.sort();
            values
        };
        alias
            && normalise_name(&self.name) == normalise_name(&other.name)
            && self.record_type == other.record_type
            && self.set_identifier == other.set_identifier
            && (self.alias.is_some() || self.ttl == other.ttl)
            && sorted(self) == sorted(other)
    }

    /// Where it points, in a line: `alias web-1.us-east-1.elb.amazonaws.com` or `203.0.113.10 (60s)`.
    #[must_use]
    pub fn points_to(&self) -> String {
        match &self.alias {
            Some(alias) => format!("alias {}", alias.dns_name.trim_end_matches('.')),
            None => {
                let ttl = self.ttl.map(|t| format!(" ({t}s)")).unwrap_or_default();
                format!("{}{ttl}", self.values.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_as_route53_compares_them() {
        assert_eq!(normalise_name("Fitocracy.com"), "fitocracy.com.");
        assert_eq!(normalise_name("*.fitocracy.com."), "\\052.fitocracy.com.");
        let alias = |name: &str| AliasTarget {
            dns_name: name.into(),
            zone_id: "Z1".into(),
            evaluate_target_health: false,
        };
        assert!(
            alias("WEB-1.us-east-1.elb.amazonaws.com").same(&alias("web-1.us-east-1.elb.amazonaws.com."))
        );
        assert!(!alias("a").same(&alias("b")));
    }
}
