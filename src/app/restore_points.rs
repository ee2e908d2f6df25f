//! Restore points: databases, clusters, snapshots and backups seen as one thing, "data of then, restorable to here".
//!
//! Only a view of resources; it refuses to judge whether a restore would work. Imports `incident` only.

use crate::incident::resource::Resource;
use jiff::Timestamp;

/// Something that a database can be restored from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestorePoint<'a> {
    /// The DB instance or cluster it is of.
    pub database: &'a str,
    /// `point in time`, `automated`, `manual`, ….
    pub kind: &'a str,
    /// The snapshot's or backup's name.
    pub name: &'a str,
    /// How new the data is.
    pub data_of: Option<Timestamp>,
    /// Status, as claimed.
    pub claim: &'a str,
    /// Size.
    pub size_gib: Option<i32>,
    /// Engine.
    pub engine: &'a str,
}

impl<'a> RestorePoint<'a> {
    /// The restore point that a row is, if it is one.
    #[must_use]
    pub fn of(resource: &'a Resource) -> Option<Self> {
        match resource {
            Resource::Database(d) => Some(Self {
                database: &d.key.id,
                kind: "point in time",
                // In an outage RDS stops telling how far a database can be restored: that is not "off".
                name: match d.latest_restorable {
                    Some(_) => "newest log",
                    None if d.backup_retention_days > 0 => "no time told",
                    None => "backups off",
                },
                data_of: d.latest_restorable,
                claim: &d.status,
                size_gib: Some(d.storage_gib),
                engine: &d.engine,
            }),
            Resource::Cluster(c) => Some(Self {
                database: &c.key.id,
                kind: "cluster",
                name: "newest log",
                data_of: c.latest_restorable,
                claim: &c.status,
                size_gib: None,
                engine: &c.engine,
            }),
            Resource::Snapshot(s) => Some(Self {
                database: &s.source,
                kind: s.snapshot_kind.as_str(),
                name: &s.name,
                data_of: s.data_as_of.or(s.created),
                claim: &s.status,
                size_gib: Some(s.size_gib),
                engine: &s.engine,
            }),
            Resource::AutomatedBackup(b) => Some(Self {
                database: &b.source,
                kind: "backup window",
                name: b.arn.as_deref().unwrap_or(&b.key.id),
                data_of: b.latest,
                claim: &b.status,
                size_gib: None,
                engine: &b.engine,
            }),
            Resource::Instance(_)
            | Resource::Balancer(_)
            | Resource::TargetGroup(_)
            | Resource::Registration(_)
            | Resource::HostedZone(_)
            | Resource::RecordSet(_) => None,
        }
    }
}
