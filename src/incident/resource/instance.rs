//! EC2 instances and what it takes to launch another one alike.

use super::Tags;
use crate::incident::place::Key;
use crate::incident::secret::Secret;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An instance's state as EC2 claims it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub enum InstanceState {
    /// Launching.
    Pending,
    /// Claimed to run; not evidence that it answers.
    Running,
    /// Terminating.
    ShuttingDown,
    /// Gone, still listed for about an hour.
    Terminated,
    /// Stopping.
    Stopping,
    /// Stopped.
    Stopped,
    /// A word this version does not know, kept as it came.
    Other(String),
}

impl InstanceState {
    /// AWS's word.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Pending => "pending",
            Self::Running => "running",
            Self::ShuttingDown => "shutting-down",
            Self::Terminated => "terminated",
            Self::Stopping => "stopping",
            Self::Stopped => "stopped",
            Self::Other(word) => word,
        }
    }
}

impl From<String> for InstanceState {
    fn from(word: String) -> Self {
        match word.as_str() {
            "pending" => Self::Pending,
            "running" => Self::Running,
            "shutting-down" => Self::ShuttingDown,
            "terminated" => Self::Terminated,
            "stopping" => Self::Stopping,
            "stopped" => Self::Stopped,
            _ => Self::Other(word),
        }
    }
}

impl From<InstanceState> for String {
    fn from(state: InstanceState) -> Self {
        state.as_str().to_owned()
    }
}

/// An EC2 instance (DescribeInstances, with DescribeInstanceStatus where it answered).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instance {
    /// Identity; the id is `i-…`.
    pub key: Key,
    /// The `Name` tag, or empty.
    pub name: String,
    /// Claimed state.
    pub state: InstanceState,
    /// `StateReason.Message`, verbatim.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,
    /// Such as `m5.large`.
    pub instance_type: String,
    /// Availability Zone.
    pub zone: String,
    /// AMI id.
    pub image: String,
    /// Launch time.
    pub launched: Option<Timestamp>,
    /// Private IPv4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub private_ip: Option<String>,
    /// Public IPv4.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_ip: Option<String>,
    /// VPC id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vpc: Option<String>,
    /// Subnet id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subnet: Option<String>,
    /// Security group ids.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub security_groups: Vec<String>,
    /// The Auto Scaling group that owns it (`aws:autoscaling:groupName`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auto_scaling_group: Option<String>,
    /// System status check: `ok`, `impaired`, `initializing`, …; `None` when not read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub system_status: Option<String>,
    /// Instance status check, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_status: Option<String>,
    /// The client token of the call that launched it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_token: Option<String>,
    /// Tags.
    #[serde(default, skip_serializing_if = "Tags::is_empty")]
    pub tags: Tags,
}

impl Instance {
    /// The name, or the id where there is none.
    #[must_use]
    pub fn label(&self) -> &str {
        if self.name.is_empty() { &self.key.id } else { &self.name }
    }
}

/// IMDS settings (`MetadataOptions`), with AWS's words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MetadataOptions {
    /// `optional` or `required`.
    pub http_tokens: Option<String>,
    /// Hops.
    pub http_put_response_hop_limit: Option<i32>,
    /// `enabled` or `disabled`.
    pub http_endpoint: Option<String>,
    /// `enabled` or `disabled`.
    pub instance_metadata_tags: Option<String>,
}

/// An EBS volume to create with the instance. Contents are the image's, never the old volume's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BlockDevice {
    /// Such as `/dev/sda1`.
    pub device: String,
    /// GiB.
    pub size_gib: Option<i32>,
    /// Such as `gp3`.
    pub volume_type: Option<String>,
    /// IOPS, where the type takes them.
    pub iops: Option<i32>,
    /// MiB/s, gp3 only.
    pub throughput: Option<i32>,
    /// Encrypted at rest.
    pub encrypted: Option<bool>,
    /// KMS key.
    pub kms_key: Option<String>,
    /// Deleted with the instance.
    pub delete_on_termination: bool,
    /// Whether this is the image's root device.
    pub root: bool,
}

/// Everything that made an instance what it was: the parameters of the RunInstances call that replaces it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaunchSpec {
    /// AMI id.
    pub image: String,
    /// Type.
    pub instance_type: String,
    /// Availability Zone.
    pub zone: String,
    /// Subnet.
    pub subnet: Option<String>,
    /// Security group ids.
    pub security_groups: Vec<String>,
    /// Key pair.
    pub key_name: Option<String>,
    /// Instance profile ARN.
    pub instance_profile: Option<String>,
    /// User data, base64 as EC2 gives it; never printed.
    pub user_data: Option<Secret>,
    /// IMDS settings.
    pub metadata: Option<MetadataOptions>,
    /// Volumes.
    pub block_devices: Vec<BlockDevice>,
    /// EBS-optimised.
    pub ebs_optimized: bool,
    /// Detailed monitoring.
    pub monitoring: bool,
    /// `default`, `dedicated`, `host`.
    pub tenancy: Option<String>,
    /// Whether the old one had a public address that was not an Elastic IP.
    pub public_address: bool,
    /// An Elastic IP of the old one: allocation id. It is not moved; the plan says so.
    pub elastic_ip: Option<String>,
    /// False on NAT instances: set after launch, RunInstances cannot.
    pub source_dest_check: bool,
    /// Termination protection.
    pub termination_protection: bool,
    /// Tags, without the reserved `aws:` ones.
    pub tags: BTreeMap<String, String>,
}
