//! The words of a scenario file, exactly as written: serde shapes and nothing more.
//!
//! Every table carries its place in the file, so that a complaint found later (`stage`) can name the line.

use super::happening::Registering;
use super::state::{Credentials, DbTruth};
use super::weather::{Hits, Trouble};
use crate::incident::resource::BalancerKind;
use crate::incident::site::{Estate, SiteProbe, SiteTarget};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::net::IpAddr;
use toml::Spanned;

/// One word or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum Words {
    One(String),
    Several(Vec<String>),
}

impl Words {
    pub(super) fn list(&self) -> Vec<&str> {
        match self {
            Self::One(word) => vec![word],
            Self::Several(words) => words.iter().map(String::as_str).collect(),
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Script {
    pub(super) name: String,
    pub(super) description: String,
    pub(super) seed: u64,
    pub(super) start: Spanned<String>,
    pub(super) strikes: Spanned<String>,
    pub(super) open_at: Spanned<String>,
    pub(super) estate: Spanned<Estate>,
    #[serde(default)]
    pub(super) account: Vec<Spanned<AccountTable>>,
    #[serde(default)]
    pub(super) region: Vec<Spanned<RegionTable>>,
    #[serde(default)]
    pub(super) image: Vec<Spanned<ImageTable>>,
    #[serde(default)]
    pub(super) fleet: Vec<Spanned<FleetTable>>,
    #[serde(default)]
    pub(super) balancer: Vec<Spanned<BalancerTable>>,
    #[serde(default)]
    pub(super) target_group: Vec<Spanned<GroupTable>>,
    #[serde(default)]
    pub(super) database: Vec<Spanned<DatabaseTable>>,
    #[serde(default)]
    pub(super) cluster: Vec<Spanned<ClusterTable>>,
    #[serde(default)]
    pub(super) snapshot: Vec<Spanned<SnapshotTable>>,
    #[serde(default)]
    pub(super) zone: Vec<Spanned<ZoneTable>>,
    #[serde(default)]
    pub(super) host: Vec<Spanned<HostTable>>,
    #[serde(default)]
    pub(super) site: Vec<Spanned<SiteTable>>,
    #[serde(default)]
    pub(super) event: Vec<Spanned<EventTable>>,
    #[serde(default)]
    pub(super) operator: Vec<Spanned<OperatorTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AccountTable {
    pub(super) profile: String,
    pub(super) id: String,
    #[serde(default)]
    pub(super) user: Option<String>,
    #[serde(default)]
    pub(super) credentials: Credentials,
    /// When they end: `+6h`, from the scenario's start.
    pub(super) expires: Option<String>,
}

/// A region, also in an event that changes how fast it works.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RegionTable {
    pub(super) name: String,
    pub(super) latency_ms: Option<u64>,
    pub(super) boot: Option<String>,
    pub(super) checks: Option<String>,
    pub(super) register: Option<String>,
    pub(super) drain: Option<String>,
    pub(super) restore: Option<String>,
    pub(super) restore_per_log_hour: Option<String>,
    pub(super) in_sync: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServesTable {
    pub(super) status: u16,
    #[serde(default)]
    pub(super) body: String,
    pub(super) label: Option<String>,
    pub(super) needs: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ImageTable {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) id: String,
    pub(super) serves: Option<ServesTable>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FleetTable {
    pub(super) account: String,
    pub(super) region: String,
    /// `{n}` counts from 1.
    pub(super) name: String,
    #[serde(default = "one")]
    pub(super) count: usize,
    pub(super) zones: Vec<String>,
    #[serde(default)]
    pub(super) subnets: Vec<String>,
    pub(super) vpc: Option<String>,
    pub(super) image: String,
    #[serde(rename = "type")]
    pub(super) instance_type: String,
    #[serde(default)]
    pub(super) security_groups: Vec<String>,
    pub(super) key_name: Option<String>,
    pub(super) instance_profile: Option<String>,
    pub(super) user_data: Option<String>,
    #[serde(default = "long_ago")]
    pub(super) launched: String,
    #[serde(default)]
    pub(super) public: bool,
    #[serde(default)]
    pub(super) stopped: bool,
    #[serde(default)]
    pub(super) protected: bool,
    pub(super) auto_scaling_group: Option<String>,
    #[serde(default)]
    pub(super) volume_gib: Option<i32>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BalancerTable {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) kind: BalancerKind,
    #[serde(default)]
    pub(super) targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct GroupTable {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) protocol: String,
    pub(super) port: i32,
    #[serde(default)]
    pub(super) balancers: Vec<String>,
    #[serde(default)]
    pub(super) targets: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DatabaseTable {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) id: String,
    pub(super) engine: String,
    pub(super) engine_version: String,
    pub(super) class: String,
    pub(super) port: u16,
    pub(super) zone: Option<String>,
    #[serde(default)]
    pub(super) multi_az: bool,
    pub(super) storage_gib: i32,
    pub(super) storage_type: Option<String>,
    #[serde(default)]
    pub(super) encrypted: bool,
    #[serde(default)]
    pub(super) backup_retention_days: i32,
    /// UTC, `07:00`: when the daily snapshot is taken.
    pub(super) backup_at: Option<String>,
    pub(super) cluster: Option<String>,
    pub(super) replica_of: Option<String>,
    pub(super) subnet_group: Option<String>,
    #[serde(default)]
    pub(super) security_groups: Vec<String>,
    pub(super) parameter_group: Option<String>,
    pub(super) option_group: Option<String>,
    #[serde(default)]
    pub(super) publicly_accessible: bool,
    #[serde(default)]
    pub(super) deletion_protection: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ClusterTable {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) id: String,
    pub(super) engine: String,
    pub(super) engine_version: String,
    pub(super) port: u16,
    #[serde(default)]
    pub(super) members: Vec<String>,
    pub(super) subnet_group: Option<String>,
    #[serde(default)]
    pub(super) security_groups: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SnapshotTable {
    pub(super) account: String,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) source: String,
    #[serde(default)]
    pub(super) of_cluster: bool,
    pub(super) kind: String,
    /// When this copy was made.
    pub(super) created: String,
    /// The age of the data, where it is older.
    pub(super) data_as_of: Option<String>,
    #[serde(default = "available")]
    pub(super) status: String,
    pub(super) progress: Option<i32>,
    pub(super) engine: String,
    pub(super) size_gib: i32,
    #[serde(default)]
    pub(super) encrypted: bool,
    pub(super) source_region: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ZoneTable {
    pub(super) account: String,
    pub(super) name: String,
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) private: bool,
    pub(super) linked_service: Option<String>,
    #[serde(default)]
    pub(super) record: Vec<Spanned<RecordTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RecordTable {
    /// The zone's apex unless said otherwise.
    pub(super) name: Option<String>,
    #[serde(rename = "type")]
    pub(super) types: Words,
    pub(super) ttl: Option<u32>,
    #[serde(default)]
    pub(super) values: Vec<String>,
    pub(super) alias: Option<AliasTable>,
    pub(super) set_identifier: Option<String>,
    pub(super) routing: Option<String>,
    pub(super) health_check: Option<String>,
    #[serde(default)]
    pub(super) traffic_policy: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AliasTable {
    pub(super) region: Option<String>,
    pub(super) balancer: Option<String>,
    pub(super) dns_name: Option<String>,
    pub(super) zone_id: Option<String>,
    #[serde(default)]
    pub(super) evaluate_target_health: bool,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct HostTable {
    pub(super) address: IpAddr,
    pub(super) serves: ServesTable,
}

/// As in the configuration file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SiteTable {
    pub(super) name: String,
    pub(super) zone: String,
    pub(super) record: Option<String>,
    pub(super) probe: Option<SiteProbe>,
    /// When the site's certificate expires, from the start.
    pub(super) certificate: Option<String>,
    #[serde(default)]
    pub(super) target: Vec<SiteTarget>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OperatorTable {
    pub(super) at: String,
    pub(super) who: String,
    #[serde(default = "jump_box")]
    pub(super) host: String,
    pub(super) note: String,
}

/// Something that happens. Which keys go together is checked when it is staged.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EventTable {
    pub(super) at: String,
    /// What it means, for the reader and for the milestones.
    pub(super) story: Option<String>,
    pub(super) account: Option<String>,
    pub(super) region: Option<Words>,
    // The weather over endpoints.
    pub(super) service: Option<Words>,
    /// An availability zone that is disrupted, instead of a whole endpoint: EC2 alone knows of zones.
    pub(super) zone: Option<Words>,
    pub(super) fault: Option<Trouble>,
    pub(super) latency_ms: Option<u64>,
    pub(super) rate: Option<f64>,
    #[serde(default)]
    pub(super) hits: Hits,
    #[serde(default)]
    pub(super) performs: bool,
    #[serde(default)]
    pub(super) after_pages: usize,
    #[serde(default)]
    pub(super) clear: bool,
    // What things are, and what is said of them.
    pub(super) instance: Option<Words>,
    pub(super) balancer: Option<String>,
    pub(super) target_group: Option<String>,
    pub(super) database: Option<String>,
    pub(super) host: Option<IpAddr>,
    pub(super) truth: Option<DbTruth>,
    /// AWS's word instead of the truth; `truth` ends the lie.
    pub(super) claim: Option<String>,
    /// The status checks' word, likewise.
    pub(super) checks_claim: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) detail: Option<String>,
    /// `live`, `frozen`, `lost`, or a moment.
    pub(super) restorable: Option<String>,
    // How a region works.
    pub(super) boot: Option<String>,
    pub(super) register: Option<String>,
    pub(super) in_sync: Option<String>,
    pub(super) registering: Option<Registering>,
    /// AWS's code, or `ok`.
    pub(super) launches: Option<String>,
    /// AWS's code, or `ok`.
    pub(super) restores: Option<String>,
    pub(super) message: Option<String>,
    /// Nothing in the region is reached from outside.
    pub(super) cut_off: Option<bool>,
    pub(super) credentials: Option<Credentials>,
    /// When the new credentials end: `+6h`, from the event.
    pub(super) expires: Option<String>,
}

fn one() -> usize {
    1
}

fn long_ago() -> String {
    "-30d".into()
}

fn available() -> String {
    "available".into()
}

fn jump_box() -> String {
    "jump-1".into()
}
