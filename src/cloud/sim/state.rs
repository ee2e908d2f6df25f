//! What is really there in the simulated AWS, and what AWS says of it: plain rows, each with its truth and its claim.
//!
//! States that come with time (pending, registering, creating) are computed from the moments kept here, never stored.
//! Only `cloud::sim` uses it.

use super::weather::{Facility, Weather};
use crate::incident::place::Service;
use crate::incident::resource::{
    BalancerKind, Cluster, Database, InstanceState, LaunchSpec, RecordSet, Snapshot, normalise_name,
};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::net::IpAddr;

/// A moment so many seconds later, at most the last there is.
pub(super) fn later(at: Timestamp, seconds: i64) -> Timestamp {
    at.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(if seconds < 0 {
        Timestamp::MIN
    } else {
        Timestamp::MAX
    })
}

/// A refusal that a scenario scripts: AWS's code and message.
pub(super) type Refused = (String, String);

/// An account with the one profile that reaches it.
#[derive(Debug, Clone)]
pub(super) struct Principal {
    pub(super) profile: String,
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) credentials: Credentials,
    /// When its credentials end, if they do.
    pub(super) expires: Option<Timestamp>,
}

impl Principal {
    /// How its credentials fare at a moment.
    pub(super) fn credentials_at(&self, now: Timestamp) -> Credentials {
        match self.credentials {
            Credentials::Valid if self.expires.is_some_and(|end| end <= now) => Credentials::Expired,
            Credentials::Valid | Credentials::Expired | Credentials::Refused => self.credentials,
        }
    }
}

/// How an account's credentials fare.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Credentials {
    /// Good.
    #[default]
    Valid,
    /// Expired.
    Expired,
    /// Not accepted.
    Refused,
}

/// How fast a region works, and what it refuses.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    /// What an answer usually takes.
    pub(super) latency_ms: u64,
    /// Seconds from RunInstances to `running`.
    pub(super) boot: i64,
    /// Seconds from `running` to passed status checks.
    pub(super) checks: i64,
    /// Seconds from registering to in service.
    pub(super) register: i64,
    /// Seconds a v2 target drains.
    pub(super) drain: i64,
    /// Seconds a restore takes before any log is rolled forward.
    pub(super) restore: i64,
    /// Seconds per hour of log rolled forward.
    pub(super) restore_per_log_hour: i64,
    /// Registrations make no progress.
    pub(super) registering_stuck: bool,
    /// RunInstances is refused.
    pub(super) launch: Option<Refused>,
    /// Restores are refused.
    pub(super) restores: Option<Refused>,
    /// Nothing in the region answers from outside.
    pub(super) cut_off: bool,
}

/// What a web server gives back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Served {
    pub(super) status: u16,
    pub(super) body: String,
    /// What to call the page.
    pub(super) label: Option<String>,
    /// The DB instance without which the answer is HTTP 500; one restored from it does as well.
    pub(super) needs: Option<String>,
}

/// A machine image.
#[derive(Debug, Clone)]
pub(super) struct Image {
    pub(super) account: usize,
    pub(super) region: String,
    pub(super) id: String,
    pub(super) serves: Option<Served>,
}

/// An EC2 instance.
#[derive(Debug, Clone)]
pub(super) struct Machine {
    pub(super) account: usize,
    pub(super) region: String,
    pub(super) id: String,
    pub(super) spec: LaunchSpec,
    pub(super) vpc: Option<String>,
    pub(super) private_ip: Option<String>,
    pub(super) public_ip: Option<String>,
    pub(super) auto_scaling_group: Option<String>,
    pub(super) client_token: Option<String>,
    pub(super) launched: Timestamp,
    pub(super) running_at: Timestamp,
    pub(super) checked_at: Timestamp,
    pub(super) ended: Option<Timestamp>,
    pub(super) stopped: bool,
    /// It does not answer, whatever EC2 says.
    pub(super) dead: bool,
    /// What EC2 says instead of the truth.
    pub(super) claim: Option<String>,
    /// What the status checks say instead of the truth.
    pub(super) checks_claim: Option<String>,
}

/// Seconds from terminate to `terminated`.
const SHUTTING_DOWN_S: i64 = 40;
/// Seconds that EC2 keeps listing a terminated instance.
const LISTED_S: i64 = 3_600;

impl Machine {
    /// The state as EC2 tells it.
    pub(super) fn state(&self, now: Timestamp) -> InstanceState {
        if let Some(ended) = self.ended {
            if now < later(ended, SHUTTING_DOWN_S) {
                InstanceState::ShuttingDown
            } else {
                InstanceState::Terminated
            }
        } else if let Some(claim) = &self.claim {
            claim.clone().into()
        } else if self.stopped {
            InstanceState::Stopped
        } else if now < self.running_at {
            InstanceState::Pending
        } else {
            InstanceState::Running
        }
    }

    /// Whether EC2 still lists it.
    pub(super) fn listed(&self, now: Timestamp) -> bool {
        self.ended.is_none_or(|ended| now < later(ended, LISTED_S))
    }

    /// Both status checks, in EC2's words; none unless it claims to run.
    pub(super) fn checks(&self, now: Timestamp) -> Option<String> {
        if self.state(now) != InstanceState::Running {
            return None;
        }
        Some(match &self.checks_claim {
            Some(claim) => claim.clone(),
            None if now < self.checked_at => "initializing".into(),
            None if self.dead => "impaired".into(),
            None => "ok".into(),
        })
    }

    /// Whether it truly answers.
    pub(super) fn answers(&self, now: Timestamp) -> bool {
        self.ended.is_none() && !self.stopped && !self.dead && now >= self.running_at
    }
}

/// A load balancer.
#[derive(Debug, Clone)]
pub(super) struct LoadBalancer {
    pub(super) account: usize,
    pub(super) region: String,
    pub(super) name: String,
    /// v2 only.
    pub(super) arn: Option<String>,
    pub(super) kind: BalancerKind,
    pub(super) dns_name: String,
    pub(super) zone_id: String,
    /// Classic only.
    pub(super) targets: Vec<Target>,
    /// It does not answer, whatever ELB says.
    pub(super) dead: bool,
}

/// A target group.
#[derive(Debug, Clone)]
pub(super) struct Group {
    pub(super) account: usize,
    pub(super) region: String,
    pub(super) name: String,
    pub(super) arn: String,
    pub(super) protocol: String,
    pub(super) port: i32,
    /// Names of the balancers that use it.
    pub(super) balancers: Vec<String>,
    pub(super) targets: Vec<Target>,
}

/// A registered target.
#[derive(Debug, Clone)]
pub(super) struct Target {
    pub(super) id: String,
    pub(super) port: Option<i32>,
    /// When registering ends; `None` while it makes no progress.
    pub(super) ready_at: Option<Timestamp>,
    /// Deregistered, and gone by then.
    pub(super) draining_until: Option<Timestamp>,
    /// State, reason and description told instead of the truth.
    pub(super) claim: Option<(String, Option<String>, Option<String>)>,
}

/// Whether a database truly takes connections.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum DbTruth {
    /// It does.
    Up,
    /// Its port is closed.
    Refused,
    /// It takes connections and says nothing.
    Silent,
    /// Nothing comes back.
    Dead,
}

/// How far a database's log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restorable {
    /// Moves along every five minutes.
    Live,
    /// Stopped.
    Frozen(Timestamp),
    /// Not told.
    Lost,
}

/// How often the log of a database is shipped, and how long that takes.
const SHIPPED_EVERY_S: i64 = 300;
const SHIPPING_TAKES_S: i64 = 60;

/// A DB instance.
#[derive(Debug, Clone)]
pub(super) struct Db {
    pub(super) account: usize,
    pub(super) region: String,
    /// As RDS would tell it on a good day.
    pub(super) row: Database,
    pub(super) truth: DbTruth,
    /// The status told instead of the truth.
    pub(super) claim: Option<String>,
    pub(super) available_at: Timestamp,
    pub(super) restorable: Restorable,
    /// The identifier of the database whose data it holds.
    pub(super) lineage: String,
}

impl Db {
    /// The newest second it can be restored to.
    pub(super) fn latest_restorable(&self, now: Timestamp) -> Option<Timestamp> {
        if self.row.backup_retention_days == 0 || now < self.available_at {
            return None;
        }
        match self.restorable {
            Restorable::Live => {
                let shipped = now.as_second().saturating_sub(SHIPPING_TAKES_S);
                let tick = shipped - shipped.rem_euclid(SHIPPED_EVERY_S);
                Timestamp::from_second(tick).ok()
            }
            Restorable::Frozen(at) => Some(at),
            Restorable::Lost => None,
        }
    }

    /// The status as RDS tells it.
    pub(super) fn status(&self, now: Timestamp) -> String {
        match &self.claim {
            Some(claim) => claim.clone(),
            None if now < self.available_at => "creating".into(),
            None => match self.truth {
                DbTruth::Up => "available".into(),
                DbTruth::Refused | DbTruth::Silent | DbTruth::Dead => "failed".into(),
            },
        }
    }

    /// Whether it truly takes connections.
    pub(super) fn serves(&self, now: Timestamp) -> bool {
        self.truth == DbTruth::Up && now >= self.available_at
    }
}

/// A DB cluster.
#[derive(Debug, Clone)]
pub(super) struct DbCluster {
    pub(super) account: usize,
    pub(super) region: String,
    pub(super) row: Cluster,
}

/// A snapshot.
#[derive(Debug, Clone)]
pub(super) struct DbSnapshot {
    pub(super) account: usize,
    pub(super) region: String,
    pub(super) row: Snapshot,
}

/// A hosted zone.
#[derive(Debug, Clone)]
pub(super) struct Zone {
    pub(super) account: usize,
    pub(super) id: String,
    /// Normalised.
    pub(super) name: String,
    pub(super) private: bool,
    pub(super) linked_service: Option<String>,
    /// The control plane's truth.
    pub(super) records: Vec<RecordSet>,
    /// What the name servers answered from each moment on; never, where a change is stranded.
    pub(super) served: Vec<(Option<Timestamp>, Vec<RecordSet>)>,
}

impl Zone {
    /// What the name servers answer.
    pub(super) fn served(&self, now: Timestamp) -> &[RecordSet] {
        self.served
            .iter()
            .rev()
            .find(|(from, _)| from.is_some_and(|from| from <= now))
            .map_or(&[], |(_, records)| records)
    }
}

/// A change batch that Route 53 took.
#[derive(Debug, Clone)]
pub(super) struct DnsChange {
    pub(super) account: usize,
    /// `None`: it stays pending for ever.
    pub(super) in_sync_at: Option<Timestamp>,
}

/// A web server outside AWS.
#[derive(Debug, Clone)]
pub(super) struct Host {
    pub(super) address: IpAddr,
    pub(super) serves: Served,
    pub(super) dead: bool,
}

/// Everything.
#[derive(Debug, Clone)]
pub(super) struct State {
    pub(super) accounts: Vec<Principal>,
    /// By region; `global` is Route 53's.
    pub(super) paces: BTreeMap<String, Pace>,
    /// Seconds until a DNS change is in sync; `None` strands it.
    pub(super) in_sync: Option<i64>,
    /// By account (or everybody), region and endpoint.
    pub(super) weather: BTreeMap<(Option<usize>, String, Facility), Weather>,
    /// By availability zone: what EC2 answers to whoever asks for all of its region, or names an instance of it.
    pub(super) zone_weather: BTreeMap<String, Weather>,
    pub(super) images: Vec<Image>,
    /// By id.
    pub(super) machines: BTreeMap<String, Machine>,
    pub(super) balancers: Vec<LoadBalancer>,
    pub(super) groups: Vec<Group>,
    pub(super) databases: Vec<Db>,
    pub(super) clusters: Vec<DbCluster>,
    pub(super) snapshots: Vec<DbSnapshot>,
    pub(super) zones: Vec<Zone>,
    pub(super) changes: BTreeMap<String, DnsChange>,
    pub(super) hosts: Vec<Host>,
    /// By the name that they are for, normalised: until when certificates are valid.
    pub(super) certificates: BTreeMap<String, Timestamp>,
    /// Launches by account, zone and client token: what was asked for, and what it gave.
    pub(super) tokens: BTreeMap<(usize, String, String), (LaunchSpec, String)>,
    /// Counts what was created, for ids that are never given twice.
    pub(super) created: u64,
}

impl State {
    /// The weather over an endpoint for an account: its own before everybody's.
    pub(super) fn weather(&self, account: usize, region: &str, facility: Facility) -> Option<&Weather> {
        let mut key = (Some(account), region.to_owned(), facility);
        if let Some(weather) = self.weather.get(&key) {
            return Some(weather);
        }
        key.0 = None;
        self.weather.get(&key)
    }

    /// A machine of an account in a region.
    pub(super) fn machine(&self, account: usize, region: &str, id: &str) -> Option<&Machine> {
        self.machines.get(id).filter(|m| m.account == account && m.region == region)
    }

    /// A classic balancer of an account in a region.
    pub(super) fn classic(&self, account: usize, region: &str, name: &str) -> Option<usize> {
        self.balancers.iter().position(|b| {
            b.account == account && b.region == region && b.kind == BalancerKind::Classic && b.name == name
        })
    }

    /// A target group of an account in a region.
    pub(super) fn group(&self, account: usize, region: &str, arn: &str) -> Option<usize> {
        self.groups.iter().position(|g| g.account == account && g.region == region && g.arn == arn)
    }

    /// A DB instance of an account in a region.
    pub(super) fn database(&self, account: usize, region: &str, id: &str) -> Option<&Db> {
        self.databases.iter().find(|d| d.account == account && d.region == region && d.row.key.id == id)
    }

    /// The balancer behind a DNS name, with or without `dualstack.`.
    pub(super) fn balancer_of(&self, dns_name: &str) -> Option<&LoadBalancer> {
        let name = normalise_name(dns_name);
        let name = name.strip_prefix("dualstack.").unwrap_or(&name);
        self.balancers.iter().find(|b| normalise_name(&b.dns_name) == name)
    }
}

/// The service a cell belongs to has an endpoint in the region: Route 53 has only the global one.
pub(super) fn lives_in(service: Service, region: &str) -> bool {
    (service == Service::Route53) == (region == "global")
}
