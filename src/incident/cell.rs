//! Cells and evidence: how well we know what we show.

use super::dns::{DnsAnswer, DnsSubject};
use super::fault::Fault;
use super::place::Key;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
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
    /// Sweeps that failed in a row.
    pub failures: u32,
    /// Whether the story told that it fails: a cell that comes and goes does not fill the story.
    pub told: bool,
}

/// Seconds that a cell must have failed before the story tells of it: one that comes and goes does not fill it.
pub const TOLD_AFTER_S: i64 = 60;

impl Cell {
    /// The same place as two names knew it: the newer word on it, and when it last succeeded under either.
    #[must_use]
    pub(super) fn joined(self, other: Self) -> Self {
        let (mut newer, older) =
            if self.last_attempt >= other.last_attempt { (self, other) } else { (other, self) };
        newer.last_ok = newer.last_ok.max(older.last_ok);
        if newer.is_ok() == older.is_ok() {
            newer.since = newer.since.min(older.since);
            newer.told |= older.told;
        }
        newer
    }

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

    /// Milliseconds that the newest sweep took, if they are worth a word.
    #[must_use]
    pub fn slow(&self) -> Option<u64> {
        match &self.status {
            SweepStatus::Ok { latency_ms } => Some(*latency_ms).filter(|took| *took >= SLOW_MS),
            SweepStatus::Failed { .. } => None,
        }
    }

    /// The fault of the newest sweep.
    #[must_use]
    pub fn fault(&self) -> Option<&Fault> {
        match &self.status {
            SweepStatus::Ok { .. } => None,
            SweepStatus::Failed { error } => Some(error),
        }
    }
}

/// Milliseconds from which an answer is called slow.
pub const SLOW_MS: u64 = 2000;

/// Rows older than this are stale even if nothing failed since: seconds.
pub const STALE_AFTER_S: i64 = 90;

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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_cell_known_under_two_names_keeps_the_newer_word_and_the_age_of_its_rows() {
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap();
        let read = Cell {
            status: SweepStatus::Ok { latency_ms: 40 },
            since: at(0),
            last_attempt: at(10),
            last_ok: Some(at(10)),
            failures: 0,
            told: false,
        };
        let failing = Cell {
            status: SweepStatus::Failed { error: Fault::TimedOut { after_ms: 5000 } },
            since: at(20),
            last_attempt: at(30),
            last_ok: None,
            failures: 2,
            told: false,
        };
        for joined in [read.clone().joined(failing.clone()), failing.clone().joined(read)] {
            assert_eq!(joined, Cell { last_ok: Some(at(10)), ..failing.clone() });
        }
        let longer = Cell { since: at(1), last_attempt: at(9), told: true, ..failing.clone() };
        let joined = failing.joined(longer);
        assert_eq!((joined.since, joined.last_attempt, joined.told), (at(1), at(30), true));
    }
}
