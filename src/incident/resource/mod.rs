//! What AWS says exists: one plain struct per kind of row, exactly as claimed, with nothing judged yet.
//!
//! Times are UTC. Absent fields are `None`, never invented. Judging (is it healthy? is it a lie?) is `health`'s.

mod balancer;
mod database;
mod dns;
mod instance;
mod reading;
mod tags;

pub use balancer::{Balancer, BalancerKind, Listener, Registration, TargetGroup, speaks_tcp};
pub use database::{AutomatedBackup, Cluster, Database, Endpoint, Snapshot, SnapshotKind};
pub use dns::{AliasTarget, HostedZone, RecordSet, bare_name, normalise_name};
pub use instance::{BlockDevice, Instance, InstanceState, LaunchSpec, MetadataOptions};
pub use tags::Tags;

use super::place::Key;
use serde::Serialize;

/// Any row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Resource {
    /// EC2 instance.
    Instance(Instance),
    /// RDS DB instance.
    Database(Database),
    /// RDS DB cluster.
    Cluster(Cluster),
    /// DB or cluster snapshot.
    Snapshot(Snapshot),
    /// Automated backup with its restore window.
    AutomatedBackup(AutomatedBackup),
    /// Load balancer.
    Balancer(Balancer),
    /// Target group.
    TargetGroup(TargetGroup),
    /// Target in a balancer or group, with its health.
    Registration(Registration),
    /// Route 53 hosted zone.
    HostedZone(HostedZone),
    /// Route 53 record set.
    RecordSet(RecordSet),
}

impl Resource {
    /// The row's identity.
    #[must_use]
    pub fn key(&self) -> &Key {
        match self {
            Self::Instance(r) => &r.key,
            Self::Database(r) => &r.key,
            Self::Cluster(r) => &r.key,
            Self::Snapshot(r) => &r.key,
            Self::AutomatedBackup(r) => &r.key,
            Self::Balancer(r) => &r.key,
            Self::TargetGroup(r) => &r.key,
            Self::Registration(r) => &r.key,
            Self::HostedZone(r) => &r.key,
            Self::RecordSet(r) => &r.key,
        }
    }

    /// The availability zone of an instance; no other row is asked for by zone.
    #[must_use]
    pub fn zone(&self) -> Option<&str> {
        match self {
            Self::Instance(r) => Some(r.zone.as_str()).filter(|zone| !zone.is_empty()),
            Self::Database(_)
            | Self::Cluster(_)
            | Self::Snapshot(_)
            | Self::AutomatedBackup(_)
            | Self::Balancer(_)
            | Self::TargetGroup(_)
            | Self::Registration(_)
            | Self::HostedZone(_)
            | Self::RecordSet(_) => None,
        }
    }

    /// The state that AWS claims for it; empty for rows that have none.
    #[must_use]
    pub fn claim(&self) -> &str {
        match self {
            Self::Instance(r) => r.state.as_str(),
            Self::Database(r) => &r.status,
            Self::Cluster(r) => &r.status,
            Self::Snapshot(r) => &r.status,
            Self::AutomatedBackup(r) => &r.status,
            // A classic balancer has no state: that it is listed is the claim.
            Self::Balancer(r) => r.state.as_deref().unwrap_or("active"),
            Self::Registration(r) => &r.state,
            Self::TargetGroup(_) | Self::HostedZone(_) | Self::RecordSet(_) => "",
        }
    }

    /// The row's identity, to be rewritten when an unverified account becomes known.
    pub fn key_mut(&mut self) -> &mut Key {
        match self {
            Self::Instance(r) => &mut r.key,
            Self::Database(r) => &mut r.key,
            Self::Cluster(r) => &mut r.key,
            Self::Snapshot(r) => &mut r.key,
            Self::AutomatedBackup(r) => &mut r.key,
            Self::Balancer(r) => &mut r.key,
            Self::TargetGroup(r) => &mut r.key,
            Self::Registration(r) => &mut r.key,
            Self::HostedZone(r) => &mut r.key,
            Self::RecordSet(r) => &mut r.key,
        }
    }
}
