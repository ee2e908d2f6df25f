//! RDS: DB instances, clusters, snapshots and automated backups.

use crate::incident::place::Key;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Where a database listens.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Endpoint {
    /// DNS name.
    pub host: String,
    /// TCP port.
    pub port: u16,
}

/// A DB instance (DescribeDBInstances).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Database {
    /// Identity; the id is the DB instance identifier.
    pub key: Key,
    /// Such as `postgres`.
    pub engine: String,
    /// Engine version.
    pub engine_version: String,
    /// Such as `db.m5.large`.
    pub class: String,
    /// `DBInstanceStatus`, verbatim: a claim.
    pub status: String,
    /// Where it listens; absent while creating.
    pub endpoint: Option<Endpoint>,
    /// Multi-AZ.
    pub multi_az: bool,
    /// Availability Zone.
    pub zone: Option<String>,
    /// GiB.
    pub storage_gib: i32,
    /// gp3, io1, …
    pub storage_type: Option<String>,
    /// Encrypted at rest.
    pub encrypted: bool,
    /// The newest second it could be restored to; normally under five minutes old.
    pub latest_restorable: Option<Timestamp>,
    /// Days of automated backups; 0 is off.
    pub backup_retention_days: i32,
    /// Cluster it belongs to.
    pub cluster: Option<String>,
    /// Source of a read replica.
    pub replica_of: Option<String>,
    /// DB subnet group.
    pub subnet_group: Option<String>,
    /// VPC security group ids.
    pub security_groups: Vec<String>,
    /// DB parameter group.
    pub parameter_group: Option<String>,
    /// Option group.
    pub option_group: Option<String>,
    /// Reachable from the internet.
    pub publicly_accessible: bool,
    /// Deletion protection.
    pub deletion_protection: bool,
    /// `DbiResourceId`.
    pub resource_id: Option<String>,
    /// Created.
    pub created: Option<Timestamp>,
}

/// A DB cluster (DescribeDBClusters).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// Identity; the id is the cluster identifier.
    pub key: Key,
    /// Such as `aurora-postgresql`.
    pub engine: String,
    /// Engine version.
    pub engine_version: String,
    /// Status, verbatim.
    pub status: String,
    /// Writer endpoint.
    pub endpoint: Option<Endpoint>,
    /// Oldest restorable second.
    pub earliest_restorable: Option<Timestamp>,
    /// Newest restorable second.
    pub latest_restorable: Option<Timestamp>,
    /// DB instance identifiers, writer first.
    pub members: Vec<String>,
    /// Subnet group.
    pub subnet_group: Option<String>,
    /// VPC security group ids.
    pub security_groups: Vec<String>,
}

/// `SnapshotType`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum SnapshotKind {
    /// Made by RDS every day.
    Automated,
    /// Made by somebody.
    Manual,
    /// Shared by another account.
    Shared,
    /// Public.
    Public,
    /// Made by AWS Backup.
    AwsBackup,
    /// A word this version does not know.
    Other(String),
}

impl SnapshotKind {
    /// AWS's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Automated => "automated",
            Self::Manual => "manual",
            Self::Shared => "shared",
            Self::Public => "public",
            Self::AwsBackup => "awsbackup",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for SnapshotKind {
    fn from(word: String) -> Self {
        match word.as_str() {
            "automated" => Self::Automated,
            "manual" => Self::Manual,
            "shared" => Self::Shared,
            "public" => Self::Public,
            "awsbackup" => Self::AwsBackup,
            _ => Self::Other(word),
        }
    }
}

impl From<SnapshotKind> for String {
    fn from(kind: SnapshotKind) -> Self {
        kind.as_str().to_owned()
    }
}

/// A DB or cluster snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Identity.
    pub key: Key,
    /// The snapshot's identifier, without the `cluster:` of the key.
    pub name: String,
    /// DB instance or cluster it was taken of.
    pub source: String,
    /// Taken of a cluster.
    pub of_cluster: bool,
    /// Automated, manual, …
    pub snapshot_kind: SnapshotKind,
    /// Status, verbatim.
    pub status: String,
    /// Percent done.
    pub progress: Option<i32>,
    /// When this copy was made (`SnapshotCreateTime`).
    pub created: Option<Timestamp>,
    /// The age of the data itself (`SnapshotDatabaseTime`, else `OriginalSnapshotCreateTime`, else `created`).
    pub data_as_of: Option<Timestamp>,
    /// Engine.
    pub engine: String,
    /// GiB.
    pub size_gib: i32,
    /// Encrypted.
    pub encrypted: bool,
    /// The region it was copied from.
    pub source_region: Option<String>,
    /// ARN.
    pub arn: Option<String>,
}

/// An automated backup (DescribeDBInstanceAutomatedBackups) with its restore window.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AutomatedBackup {
    /// Identity.
    pub key: Key,
    /// DB instance it is of.
    pub source: String,
    /// `active`, `retained`, `creating`.
    pub status: String,
    /// Oldest restorable second.
    pub earliest: Option<Timestamp>,
    /// Newest restorable second.
    pub latest: Option<Timestamp>,
    /// The region of the source, where it is a replicated backup.
    pub source_region: Option<String>,
    /// `DBInstanceAutomatedBackupsArn`.
    pub arn: Option<String>,
    /// Engine.
    pub engine: String,
}
