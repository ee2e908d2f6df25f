//! What can be asked of the outside world, as plain data: sweeps, queries, probes and calls, with their answers.
//!
//! The same values are what a plan shows, what the log keeps, what `cloud` performs and what the simulator answers.

use super::cell::{Evidence, ProbeSubject};
use super::dns::DnsSubject;
use super::fault::Fault;
use super::place::{Account, Place, Profile, Scope};
use super::probe::{Dialect, join_host_port};
use super::resource::{
    Balancer, BalancerKind, Database, HostedZone, Instance, LaunchSpec, RecordSet, Registration, Resource,
    Snapshot,
};
use super::site::SiteProbe;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One sweep of a place, paginated to the end; pages are streamed as they arrive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sweep {
    /// With whose credentials.
    pub profile: Profile,
    /// What is read.
    pub place: Place,
    /// Record names to read beside every zone's apex (Route 53 only), normalised.
    pub record_names: Vec<String>,
    /// Only these instances, asked for by id (EC2 only); empty asks for everything. In the disruption of an availability
    /// zone EC2 refuses every question but one for named instances of other zones.
    pub ids: Vec<String>,
}

/// The most ids that one call names: what EC2 takes for status checks.
pub const IDS_EACH_CALL: usize = 100;

/// A page of a sweep: rows as they arrived, keyed under the sweep's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The rows.
    pub resources: Vec<Resource>,
}

/// A read that a plan, a guard or a check needs, fresh.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "query", rename_all = "kebab-case")]
pub enum Query {
    /// Whose credentials these are (regional STS GetCallerIdentity).
    Identity {
        /// The profile.
        profile: Profile,
        /// A region whose STS is asked.
        region: String,
    },
    /// Every record set at one name of a public hosted zone.
    Records {
        /// Account; region `global`.
        scope: Scope,
        /// The zone's name, normalised.
        zone: String,
        /// The record's name, normalised.
        name: String,
    },
    /// Whether a change has reached every authoritative server (GetChange).
    Change {
        /// Account; region `global`.
        scope: Scope,
        /// Change id, without `/change/`.
        change_id: String,
    },
    /// One balancer by name, with the zone id that an alias to it needs.
    Balancer {
        /// Where.
        scope: Scope,
        /// Which API: classic or v2 (any v2 kind).
        kind: BalancerKind,
        /// Its name.
        name: String,
    },
    /// Instances by id; those that do not exist are left out.
    Instances {
        /// Where.
        scope: Scope,
        /// Ids.
        ids: Vec<String>,
    },
    /// Instances that a client token launched.
    InstancesByToken {
        /// Where.
        scope: Scope,
        /// The token.
        client_token: String,
    },
    /// Everything that made an instance what it is.
    LaunchSpec {
        /// Where.
        scope: Scope,
        /// Id.
        instance: String,
    },
    /// What is registered under a classic balancer or a target group, with health.
    Registrations {
        /// Where.
        scope: Scope,
        /// Under what.
        under: BalancerRef,
    },
    /// One DB instance; absent if there is none.
    Database {
        /// Where.
        scope: Scope,
        /// Identifier.
        id: String,
    },
    /// One DB snapshot; absent if there is none.
    Snapshot {
        /// Where.
        scope: Scope,
        /// Identifier.
        id: String,
    },
}

impl Query {
    /// The account and region asked; an identity has none yet.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        match self {
            Self::Identity { .. } => None,
            Self::Records { scope, .. }
            | Self::Change { scope, .. }
            | Self::Balancer { scope, .. }
            | Self::Instances { scope, .. }
            | Self::InstancesByToken { scope, .. }
            | Self::LaunchSpec { scope, .. }
            | Self::Registrations { scope, .. }
            | Self::Database { scope, .. }
            | Self::Snapshot { scope, .. } => Some(scope),
        }
    }
}

/// What targets are registered under.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BalancerRef {
    /// A classic balancer, by name.
    Classic(String),
    /// A target group, by ARN.
    TargetGroup(String),
}

impl fmt::Display for BalancerRef {
    /// The name a person types: the balancer's, or the target group's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Classic(name) => f.write_str(name),
            // arn:aws:elasticloadbalancing:REGION:ACCOUNT:targetgroup/NAME/ID
            Self::TargetGroup(arn) => f.write_str(arn.split('/').nth(1).unwrap_or(arn)),
        }
    }
}

/// The answer to a [`Query`], variant for variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// To [`Query::Identity`].
    Identity {
        /// Account number.
        account: Account,
        /// Caller's ARN.
        arn: String,
    },
    /// To [`Query::Records`].
    Records {
        /// The zone, if the account has a public one of that name.
        zone: Option<HostedZone>,
        /// Every record set at the name, all types and identifiers.
        records: Vec<RecordSet>,
    },
    /// To [`Query::Change`].
    Change {
        /// `INSYNC` (true) or `PENDING`.
        in_sync: bool,
    },
    /// To [`Query::Balancer`].
    Balancer(Option<Balancer>),
    /// To [`Query::Instances`] and [`Query::InstancesByToken`].
    Instances(Vec<Instance>),
    /// To [`Query::LaunchSpec`]; `None` if there is no such instance.
    LaunchSpec(Option<Box<(Instance, LaunchSpec)>>),
    /// To [`Query::Registrations`].
    Registrations(Vec<Registration>),
    /// To [`Query::Database`].
    Database(Option<Box<Database>>),
    /// To [`Query::Snapshot`].
    Snapshot(Option<Box<Snapshot>>),
}

/// An instance that a call names: one that exists, or the one that an earlier step of the same plan launched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceRef {
    /// `i-…`.
    Id(String),
    /// The instance that step N (from 0) of this plan launched; replaced by its id before the intent is written.
    LaunchedByStep(usize),
}

impl fmt::Display for InstanceRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Id(id) => f.write_str(id),
            Self::LaunchedByStep(step) => write!(f, "the instance launched by step {}", step + 1),
        }
    }
}

/// A change to one record set within a batch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", content = "record", rename_all = "kebab-case")]
pub enum RecordChange {
    /// DELETE, naming every value: refused by Route 53 if the record is otherwise by now.
    Delete(RecordSet),
    /// CREATE: refused by Route 53 if the record exists.
    Create(RecordSet),
}

/// A mutation, fully resolved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "kebab-case")]
pub enum Call {
    /// Route 53 ChangeResourceRecordSets, one atomic batch.
    ChangeRecords {
        /// Account; region `global`.
        scope: Scope,
        /// Zone id.
        zone_id: String,
        /// The batch, deletes first.
        changes: Vec<RecordChange>,
        /// At most 256 characters; carries the plan's hash into CloudTrail.
        comment: String,
    },
    /// EC2 RunInstances, one instance.
    RunInstance {
        /// Where.
        scope: Scope,
        /// Like what.
        spec: Box<LaunchSpec>,
        /// Ours, at most 64 ASCII characters: the same token never launches twice.
        client_token: String,
    },
    /// EC2 ModifyInstanceAttribute SourceDestCheck=false (RunInstances cannot).
    DisableSourceDestCheck {
        /// Where.
        scope: Scope,
        /// Which.
        instance: InstanceRef,
    },
    /// EC2 TerminateInstances, one instance.
    Terminate {
        /// Where.
        scope: Scope,
        /// Which.
        instance: String,
    },
    /// RegisterInstancesWithLoadBalancer or RegisterTargets.
    Register {
        /// Where.
        scope: Scope,
        /// Under what.
        under: BalancerRef,
        /// Which.
        targets: Vec<TargetRef>,
    },
    /// DeregisterInstancesFromLoadBalancer or DeregisterTargets.
    Deregister {
        /// Where.
        scope: Scope,
        /// Under what.
        under: BalancerRef,
        /// Which.
        targets: Vec<TargetRef>,
    },
    /// RDS RestoreDBInstanceFromDBSnapshot or RestoreDBInstanceToPointInTime.
    RestoreDatabase {
        /// Where.
        scope: Scope,
        /// From what.
        from: RestoreSource,
        /// The new DB instance's identifier.
        new_id: String,
        /// What AWS would otherwise drop.
        settings: DatabaseSettings,
    },
}

impl Call {
    /// Where it goes.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        match self {
            Self::ChangeRecords { scope, .. }
            | Self::RunInstance { scope, .. }
            | Self::DisableSourceDestCheck { scope, .. }
            | Self::Terminate { scope, .. }
            | Self::Register { scope, .. }
            | Self::Deregister { scope, .. }
            | Self::RestoreDatabase { scope, .. } => scope,
        }
    }

    /// AWS's name of the operation, as IAM writes it.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        match self {
            Self::ChangeRecords { .. } => "route53:ChangeResourceRecordSets",
            Self::RunInstance { .. } => "ec2:RunInstances",
            Self::DisableSourceDestCheck { .. } => "ec2:ModifyInstanceAttribute",
            Self::Terminate { .. } => "ec2:TerminateInstances",
            Self::Register { under: BalancerRef::Classic(_), .. } => {
                "elasticloadbalancing:RegisterInstancesWithLoadBalancer"
            }
            Self::Register { under: BalancerRef::TargetGroup(_), .. } => {
                "elasticloadbalancing:RegisterTargets"
            }
            Self::Deregister { under: BalancerRef::Classic(_), .. } => {
                "elasticloadbalancing:DeregisterInstancesFromLoadBalancer"
            }
            Self::Deregister { under: BalancerRef::TargetGroup(_), .. } => {
                "elasticloadbalancing:DeregisterTargets"
            }
            Self::RestoreDatabase { from: RestoreSource::Snapshot(_), .. } => {
                "rds:RestoreDBInstanceFromDBSnapshot"
            }
            Self::RestoreDatabase { from: RestoreSource::PointInTime { .. }, .. } => {
                "rds:RestoreDBInstanceToPointInTime"
            }
        }
    }
}

/// A target to register: an instance, with the port that a target group had it on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetRef {
    /// Which instance (or address, or ARN).
    pub id: InstanceRef,
    /// Port override (v2).
    pub port: Option<i32>,
}

/// What a database is restored from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestoreSource {
    /// A DB snapshot, by identifier or ARN.
    Snapshot(String),
    /// A DB instance's log, up to a second; `None` is the newest restorable.
    PointInTime {
        /// DB instance identifier.
        database: String,
        /// Up to when.
        at: Option<Timestamp>,
    },
}

/// What RDS drops on a restore unless it is asked for: carried over from the source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
pub struct DatabaseSettings {
    /// Class.
    pub class: Option<String>,
    /// Subnet group.
    pub subnet_group: Option<String>,
    /// VPC security groups.
    pub security_groups: Vec<String>,
    /// Parameter group.
    pub parameter_group: Option<String>,
    /// Option group.
    pub option_group: Option<String>,
    /// Multi-AZ.
    pub multi_az: bool,
    /// Reachable from the internet.
    pub publicly_accessible: bool,
    /// Deletion protection.
    pub deletion_protection: bool,
    /// Storage type.
    pub storage_type: Option<String>,
    /// Port.
    pub port: Option<u16>,
}

/// What a call that succeeded gave back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "done", rename_all = "kebab-case")]
pub enum Done {
    /// Route 53 took the batch.
    ChangeSubmitted {
        /// Change id, without `/change/`.
        change_id: String,
    },
    /// EC2 launched an instance.
    Launched {
        /// Its id.
        instance: String,
    },
    /// Accepted; what came of it must be read.
    Accepted,
}

/// A probe to make, from where the cockpit stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// On what.
    pub subject: ProbeSubject,
    /// How.
    pub how: ProbeHow,
}

/// How a probe asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProbeHow {
    /// GET a URL; never follows to another host.
    Http(SiteProbe),
    /// Open a TCP connection.
    ///
    /// That it is taken is all that is known: see [`ProbeHow::Greeting`] for servers that speak.
    Tcp {
        /// Host.
        host: String,
        /// Port.
        port: u16,
    },
    /// Have a database server greet, without credentials.
    Greeting {
        /// In which words.
        dialect: Dialect,
        /// Host.
        host: String,
        /// Port.
        port: u16,
    },
    /// Ask one DNS server for the A and AAAA records of a name.
    Dns(DnsSubject),
}

impl ProbeHow {
    /// What is asked, as `HOST:PORT`; empty where the subject says it.
    #[must_use]
    pub fn asked(&self) -> String {
        match self {
            Self::Http(site) => site.connect.clone().unwrap_or_default(),
            Self::Tcp { host, port } | Self::Greeting { host, port, .. } => join_host_port(host, *port),
            Self::Dns(_) => String::new(),
        }
    }
}

/// What a [`Probe`] gives back.
pub type ProbeResult = Evidence;

/// What a [`Query`] gives back.
pub type QueryResult = Result<Answer, Fault>;

/// What a [`Call`] gives back.
pub type CallResult = Result<Done, Fault>;

/// Anything that is asked of the outside world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// Read a place to the end.
    Sweep(Sweep),
    /// Read one thing, fresh.
    Ask {
        /// With whose credentials.
        profile: Profile,
        /// What.
        query: Query,
    },
    /// Change something.
    Perform {
        /// With whose credentials.
        profile: Profile,
        /// What.
        call: Box<Call>,
    },
    /// Look for evidence.
    Probe(Probe),
}

/// What the outside world answers, variant for variant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// The pages that came, and how the sweep ended. A sweep that fails may have brought pages.
    Swept {
        /// In order of arrival.
        pages: Vec<Page>,
        /// `Ok` if the last page came.
        end: Result<(), Fault>,
    },
    /// To a query.
    Answered(QueryResult),
    /// To a call.
    Performed(CallResult),
    /// To a probe.
    Probed(Evidence),
}
