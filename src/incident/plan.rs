//! Actions and plans: what somebody wants, and exactly what would be done about it.
//!
//! A plan is plain data with a hash. It is what the confirmation shows, what the log keeps and what is executed; nothing
//! is executed that was not in the plan whose hash was confirmed.

use super::entry::SessionId;
use super::hash::{PlanHash, sha256_hex};
use super::place::{Key, Profile, Scope};
use super::request::{BalancerRef, Call, InstanceRef, Query};
use super::resource::RecordSet;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What an operator asks for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Send a site's visitors to its maintenance target.
    MaintenanceOn {
        /// Site name.
        site: String,
        /// Another target than the site's maintenance target.
        via: Option<String>,
    },
    /// Send them back to where they were before.
    MaintenanceOff {
        /// Site name.
        site: String,
    },
    /// Point a site's record at one of its targets.
    Apex {
        /// Site name.
        site: String,
        /// Target name.
        target: String,
    },
    /// Launch replacements, register them where the old ones are, take the old ones out.
    Relaunch {
        /// Instances, all in one account and region.
        instances: Vec<Key>,
    },
    /// Terminate an instance.
    Terminate {
        /// Which.
        instance: Key,
    },
    /// Register targets.
    Register {
        /// Where.
        scope: Scope,
        /// Under what.
        under: BalancerRef,
        /// Instance ids.
        instances: Vec<String>,
    },
    /// Deregister targets.
    Deregister {
        /// Where.
        scope: Scope,
        /// Under what.
        under: BalancerRef,
        /// Instance ids.
        instances: Vec<String>,
    },
    /// Restore a database from a snapshot or to a time.
    Restore {
        /// A snapshot's or a DB instance's key.
        from: Key,
        /// For a DB instance: up to when; `None` is the newest restorable second.
        at: Option<Timestamp>,
    },
    /// Reverse an operation of before.
    Undo {
        /// Which.
        operation: PlanHash,
    },
}

impl Action {
    /// The word for logs and titles.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::MaintenanceOn { .. } => "maintenance on",
            Self::MaintenanceOff { .. } => "maintenance off",
            Self::Apex { .. } => "apex",
            Self::Relaunch { .. } => "relaunch",
            Self::Terminate { .. } => "terminate",
            Self::Register { .. } => "register",
            Self::Deregister { .. } => "deregister",
            Self::Restore { .. } => "restore",
            Self::Undo { .. } => "undo",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::MaintenanceOn { site, via: None } => write!(f, "maintenance on {site}"),
            Self::MaintenanceOn { site, via: Some(via) } => write!(f, "maintenance on {site} via {via}"),
            Self::MaintenanceOff { site } => write!(f, "maintenance off {site}"),
            Self::Apex { site, target } => write!(f, "apex {site} -> {target}"),
            Self::Relaunch { instances } => {
                write!(f, "relaunch")?;
                instances.iter().try_for_each(|key| write!(f, " {}", key.id))
            }
            Self::Terminate { instance } => write!(f, "terminate {}", instance.id),
            Self::Register { under, instances, .. } => write!(f, "register {under} {}", instances.join(" ")),
            Self::Deregister { under, instances, .. } => {
                write!(f, "deregister {under} {}", instances.join(" "))
            }
            Self::Restore { from, at: None } => write!(f, "restore {}", from.id),
            Self::Restore { from, at: Some(at) } => write!(f, "restore {} at {at}", from.id),
            Self::Undo { operation } => write!(f, "undo {}", operation.short()),
        }
    }
}

/// How much a plan can hurt; sets the confirmation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Risk {
    /// One explicit key; the safe button has the focus.
    Reversible,
    /// Typed.
    Disruptive,
    /// Typed, and a second operator where the config asks for two.
    Destructive,
}

impl Risk {
    /// The word on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reversible => "reversible",
            Self::Disruptive => "disruptive",
            Self::Destructive => "destructive",
        }
    }
}

/// What must still be true just before a step; re-read, and the step is refused if it is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "guard", rename_all = "kebab-case")]
pub enum Guard {
    /// The record sets of these types at the name are these (and there are none where none are listed).
    RecordsAre {
        /// How to read them.
        query: Query,
        /// Types looked at.
        types: Vec<String>,
        /// What must be there.
        records: Vec<RecordSet>,
    },
    /// An instance exists and is in none of the given states.
    InstanceNotIn {
        /// How to read it.
        query: Query,
        /// Its id.
        instance: String,
        /// AWS's words.
        states: Vec<String>,
    },
    /// At least one other target stays in service, or as many as the plan said.
    StaysInService {
        /// How to read it.
        query: Query,
        /// The targets that leave.
        leaving: Vec<InstanceRef>,
        /// How many others the plan said are in service.
        at_least: usize,
    },
    /// The balancer still exists.
    BalancerExists {
        /// How to read its registrations.
        query: Query,
    },
    /// No DB instance of the new name exists.
    DatabaseAbsent {
        /// How to read it.
        query: Query,
    },
    /// Nothing to re-read.
    None,
}

/// When a step is done: read again and again until it is so, or until the time given to it is over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "check", rename_all = "kebab-case")]
pub enum Check {
    /// The change is INSYNC, then the record sets of these types at the name are these.
    RecordsAre {
        /// How to read them.
        query: Query,
        /// Types looked at.
        types: Vec<String>,
        /// What must be there.
        records: Vec<RecordSet>,
    },
    /// The instance that this step launched runs.
    LaunchedRuns,
    /// The targets are in service under the balancer.
    InService {
        /// Where.
        scope: Scope,
        /// Under what.
        under: BalancerRef,
        /// Which.
        targets: Vec<InstanceRef>,
    },
    /// The targets are no longer registered (or drain).
    NotRegistered {
        /// Where.
        scope: Scope,
        /// Under what.
        under: BalancerRef,
        /// Which.
        targets: Vec<InstanceRef>,
    },
    /// The instance is shutting down or terminated.
    Terminated {
        /// How to read it.
        query: Query,
        /// Its id.
        instance: String,
    },
    /// The DB instance exists and claims `available`.
    DatabaseAvailable {
        /// How to read it.
        query: Query,
    },
    /// The call's acceptance is all there is to see.
    Accepted,
}

/// One call of a plan, with what guards it and what shows that it worked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// In plain words: `deregister i-0a1 from web`.
    pub title: String,
    /// The call.
    pub call: Call,
    /// Re-read just before.
    pub guard: Guard,
    /// Read after.
    pub check: Check,
    /// Seconds given to the check before the step is called unverified.
    pub patience_s: u32,
}

/// One line of old -> new.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// What changes: `fitocracy.com. A`.
    pub what: String,
    /// Before; `(none)` where there was nothing.
    pub old: String,
    /// After; `(none)` where there will be nothing.
    pub new: String,
}

/// Something the plan relies on, and when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    /// In words.
    pub what: String,
    /// When it was read.
    pub at: Timestamp,
}

/// Exactly what would be done. Everything but [`Plan::hash`] goes into the hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// What was asked for.
    pub action: Action,
    /// Whose plan; with `number` it makes every plan's hash its own.
    pub session: SessionId,
    /// Counts the session's plans.
    pub number: u32,
    /// When it was made.
    pub made: Timestamp,
    /// In a line: `www: apex fitocracy.com -> linode (203.0.113.10)`.
    pub title: String,
    /// Account and region it acts in.
    pub scope: Scope,
    /// With whose credentials.
    pub profile: Profile,
    /// Ids of what it acts on.
    pub resources: Vec<String>,
    /// Sets the confirmation.
    pub risk: Risk,
    /// The text to type.
    pub confirm: String,
    /// Old -> new.
    pub changes: Vec<Change>,
    /// In plain words: who is hit, what stays.
    pub effects: Vec<String>,
    /// What deserves a second look.
    pub warnings: Vec<String>,
    /// What it relies on, with ages.
    pub grounds: Vec<Grounds>,
    /// Which control planes must answer: `Route 53 (us-east-1)`.
    pub control_planes: Vec<String>,
    /// In order.
    pub steps: Vec<Step>,
    /// How to undo it, in words.
    pub undo: String,
    /// The steps that undo it, where they can be known beforehand; written to the log before the first call.
    pub inverse: Vec<Step>,
    /// The hash of all the above.
    pub hash: PlanHash,
}

impl Plan {
    /// Seconds after which a plan's grounds are too old to act on: it is made anew first.
    pub const FRESH_S: i64 = 60;

    /// Fills in the hash; call it last.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.hash = self.computed_hash();
        self
    }

    /// The hash of everything but the hash.
    #[must_use]
    pub fn computed_hash(&self) -> PlanHash {
        let bare = Self { hash: PlanHash(String::new()), ..self.clone() };
        // A plan is plain data with string keys: serialising it cannot fail.
        PlanHash(sha256_hex(&serde_json::to_vec(&bare).unwrap_or_default()))
    }

    /// The oldest of its grounds.
    #[must_use]
    pub fn oldest_grounds(&self) -> Option<Timestamp> {
        self.grounds.iter().map(|g| g.at).min()
    }

    /// Whether it must be made anew before it is executed.
    #[must_use]
    pub fn is_stale(&self, now: Timestamp) -> bool {
        self.oldest_grounds().is_some_and(|at| now.duration_since(at).as_secs() > Self::FRESH_S)
    }
}

/// Why there is no plan: what happened, why, what to do next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{what}: {}. {next}", .why.trim_end_matches('.'))]
pub struct Refusal {
    /// What was refused.
    pub what: String,
    /// Why.
    pub why: String,
    /// What to do instead.
    pub next: String,
}

impl Refusal {
    /// A refusal in three parts.
    #[must_use]
    pub fn new(what: impl Into<String>, why: impl Into<String>, next: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into(), next: next.into() }
    }
}
