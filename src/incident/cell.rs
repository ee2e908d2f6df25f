//! Cells and evidence: how well we know what we show.

use super::dns::{DnsAnswer, DnsSubject};
use super::entry::SessionId;
use super::fault::Fault;
use super::place::Key;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// What became of the last sweep of a place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "status", rename_all = "kebab-case")]
pub enum SweepStatus {
    /// Every page came.
    Ok {
        /// Milliseconds from asking to the last page.
        latency_ms: u64,
    },
    /// It broke off; the rows of before are kept.
    Failed {
        /// Why.
        error: Fault,
    },
    /// Asking for everything failed, and asking for the last known instances zone by zone did not, everywhere. No row is
    /// taken out by it, and what is new is not seen.
    Partial {
        /// Why asking for everything failed.
        error: Fault,
        /// Availability zones that answered for all their instances.
        answered: Vec<String>,
        /// Those that did not, and why.
        failed: Vec<ZoneFault>,
        /// Instances of zones that answered which are not known there any more: not fresh, and not taken out either.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        missing: Vec<String>,
    },
}

/// An availability zone that did not answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ZoneFault {
    /// `us-east-1b`.
    pub zone: String,
    /// Why.
    pub error: Fault,
}

/// What is known of one (account, region, service).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cell {
    /// How the newest sweep ended.
    pub status: SweepStatus,
    /// Since when it has been so (ok, or failing): the start of this streak.
    pub since: Timestamp,
    /// When a sweep last ended, either way.
    pub last_attempt: Timestamp,
    /// When a sweep last succeeded: the age of the rows.
    pub last_ok: Option<Timestamp>,
    /// When each availability zone last answered for its instances by id, since a sweep last succeeded.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub zones: BTreeMap<String, Timestamp>,
    /// Instances that a zone which answered did not know any more.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Sweeps that failed in a row.
    pub failures: u32,
    /// Whether the story told that it fails: a cell that comes and goes does not fill the story.
    pub told: bool,
    /// Whose sweep that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SessionId>,
}

/// Instances that are not known any more which a sentence names.
const MISSING_NAMED: usize = 3;

/// Seconds that a cell must have failed before the story tells of it: one that comes and goes does not fill it.
pub const TOLD_AFTER_S: i64 = 60;

impl Cell {
    /// Whether it has failed for so long that the story should tell of it.
    #[must_use]
    pub fn worth_telling(&self, now: Timestamp) -> bool {
        !self.is_ok() && now.duration_since(self.since).as_secs() >= TOLD_AFTER_S
    }

    /// Whether the newest sweep succeeded.
    #[must_use]
    pub fn is_ok(&self) -> bool {
        matches!(self.status, SweepStatus::Ok { .. })
    }

    /// The fault of the newest sweep.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        self.status.fault()
    }

    /// What is wrong, in a sentence; `None` if the newest sweep succeeded.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        self.status.trouble()
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub fn advice(&self) -> Option<&'static str> {
        match &self.status {
            SweepStatus::Ok { .. } => None,
            SweepStatus::Failed { error } => Some(error.advice()),
            SweepStatus::Partial { .. } => {
                Some("What is new there is not seen, and no row is taken out. Everything is asked for again.")
            }
        }
    }

    /// Whether the newest sweep, which did not succeed, read this instance of this zone all the same.
    #[must_use]
    pub fn reads(&self, zone: &str, id: &str) -> bool {
        match &self.status {
            SweepStatus::Ok { .. } | SweepStatus::Failed { .. } => false,
            SweepStatus::Partial { answered, missing, .. } => {
                answered.iter().any(|name| name == zone) && !missing.iter().any(|gone| gone == id)
            }
        }
    }

    /// When the zone of an instance last answered for it by id, since a sweep last succeeded.
    #[must_use]
    pub fn zone_read(&self, zone: &str, id: &str) -> Option<Timestamp> {
        self.zones.get(zone).copied().filter(|_| !self.missing.iter().any(|gone| gone == id))
    }
}

impl SweepStatus {
    /// Why it broke off, if it did.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Ok { .. } => None,
            Self::Failed { error } | Self::Partial { error, .. } => Some(error),
        }
    }

    /// One word for a table cell; nine columns at most. `None` if it succeeded.
    #[must_use]
    pub fn word(&self) -> Option<String> {
        match self {
            Self::Ok { .. } => None,
            Self::Failed { error } => Some(error.word().to_owned()),
            Self::Partial { answered, failed, .. } => {
                Some(format!("zones {}/{}", answered.len(), answered.len() + failed.len()))
            }
        }
    }

    /// What went wrong, in a sentence; `None` if nothing did.
    #[must_use]
    pub fn trouble(&self) -> Option<String> {
        match self {
            Self::Ok { .. } => None,
            Self::Failed { error } => Some(error.to_string()),
            Self::Partial { error, answered, failed, missing } => {
                let who = if answered.is_empty() { "no zone whole".to_owned() } else { answered.join(", ") };
                let mut words = format!("asking for all: {error}; by id answer {who}");
                if !failed.is_empty() {
                    words.push_str("; not ");
                    let silent: Vec<String> =
                        failed.iter().map(|f| format!("{} ({})", f.zone, f.error)).collect();
                    words.push_str(&silent.join(", "));
                }
                if !missing.is_empty() {
                    let first = missing.iter().take(MISSING_NAMED).map(String::as_str).collect::<Vec<_>>();
                    words.push_str(&format!("; not known there any more: {}", first.join(", ")));
                    if missing.len() > MISSING_NAMED {
                        words.push_str(&format!(" and {} more", missing.len() - MISSING_NAMED));
                    }
                }
                Some(words)
            }
        }
    }
}

/// Rows older than this are stale even if nothing failed since: seconds.
pub const STALE_AFTER_S: i64 = 90;

/// Seconds for which what one cockpit read stands against another's failing to read it: it is about the way from there, or
/// about its credentials, until the first fails too.
pub const READ_ELSEWHERE_S: i64 = 30;

/// What a probe asks. Written `site:www` or `database:aws/…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeSubject {
    /// A site's probe URL, as the public sees it.
    Site(String),
    /// A database's endpoint.
    Database(Key),
    /// What one DNS server answers for a name.
    Dns(DnsSubject),
}

impl fmt::Display for ProbeSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(name) => write!(f, "site:{name}"),
            Self::Database(key) => write!(f, "database:{key}"),
            Self::Dns(asked) => write!(f, "dns:{asked}"),
        }
    }
}

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It answered as expected.
    Answers,
    /// It answered otherwise: another status, no marker.
    Wrong,
    /// The connection was refused.
    Refused,
    /// Nothing came back in time.
    TimedOut,
    /// The name does not resolve, or no route, or TLS failed.
    Unreachable,
}

impl Verdict {
    /// The word on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Wrong => "wrong",
            Self::Refused => "refused",
            Self::TimedOut => "timeout",
            Self::Unreachable => "unreachable",
        }
    }
}

/// A probe's finding: evidence, as opposed to an API's claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What it found.
    pub verdict: Verdict,
    /// In a few words: `HTTP 503`, `HTTP 200, marker found`, `tcp refused`.
    pub detail: String,
    /// Milliseconds.
    pub latency_ms: u64,
    /// What a DNS server answered, where one was asked and did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns: Option<DnsAnswer>,
}

impl Evidence {
    /// Whether it tells the same as another: the same verdict, and from a DNS server the same addresses.
    #[must_use]
    pub fn agrees_with(&self, other: &Self) -> bool {
        let answers = match (&self.dns, &other.dns) {
            (Some(a), Some(b)) => a.same(b),
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        self.verdict == other.verdict && answers
    }
}

/// The newest evidence on a subject, with how long it has said the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probed {
    /// The finding.
    pub evidence: Evidence,
    /// When it was made.
    pub at: Timestamp,
    /// Since when it has told the same.
    pub since: Timestamp,
    /// When it last answered as expected, if it ever did.
    pub answered: Option<Timestamp>,
}

impl Probed {
    /// Whether the finding contradicts a claim that all is well.
    ///
    /// A refusal or a wrong answer comes from the thing itself. Silence, or a name that does not resolve, may be the
    /// path from here (a security group, a private network): it counts only where the same path has worked before.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        match self.evidence.verdict {
            Verdict::Answers => false,
            Verdict::Wrong | Verdict::Refused => true,
            Verdict::TimedOut | Verdict::Unreachable => self.answered.is_some(),
        }
    }
}

/// What a row amounts to, worst first: the order tables sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Claim and evidence disagree.
    Lie,
    /// Down by claim or by evidence.
    Down,
    /// Neither up nor down yet.
    Changing,
    /// Read too long ago, or its cell fails.
    Stale,
    /// Nothing wrong is known, nothing right is proven.
    Claimed,
    /// Fresh evidence says so.
    Proven,
}
