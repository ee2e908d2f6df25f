//! Cells and evidence: how well we know what we show.

use super::dns::{DnsAnswer, DnsSubject};
use super::entry::SessionId;
use super::fault::Fault;
use super::flapping::Flapping;
use super::place::{Account, Key, Kind};
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
    /// How it flaps, if the story told that it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flapping: Option<Flapping>,
    /// Whether its sweeps have come to take long enough for a word.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_slow: bool,
    /// Whose sweep that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<SessionId>,
}

/// Instances that are not known any more which a sentence names.
const MISSING_NAMED: usize = 3;

/// Seconds that a cell must have failed before the story tells of it: one that comes and goes does not fill it.
pub const TOLD_AFTER_S: i64 = 60;

impl Cell {
    /// The same place as two names knew it: the newer word on it, and when it last succeeded under either.
    #[must_use]
    pub(super) fn joined(self, other: Self) -> Self {
        let (mut newer, older) =
            if self.last_attempt >= other.last_attempt { (self, other) } else { (other, self) };
        newer.last_ok = newer.last_ok.max(older.last_ok);
        newer.flapping = newer.flapping.or(older.flapping);
        if newer.is_ok() == older.is_ok() {
            newer.since = newer.since.min(older.since);
            newer.told |= older.told;
        }
        if !newer.is_ok() {
            for (zone, at) in older.zones {
                let read = newer.zones.entry(zone).or_insert(at);
                *read = at.max(*read);
            }
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
            SweepStatus::Ok { latency_ms } => Some(*latency_ms).filter(|_| self.is_slow),
            SweepStatus::Failed { .. } | SweepStatus::Partial { .. } => None,
        }
    }

    /// Whether it is slow after a sweep that ended so. One near the threshold does not turn with every sweep.
    #[must_use]
    pub fn is_slow_after(&self, status: &SweepStatus) -> bool {
        status.took().is_some_and(|took| took >= if self.is_slow { FAST_AGAIN_MS } else { SLOW_MS })
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
    /// Milliseconds from asking to the last page, if it came.
    #[must_use]
    pub(super) fn took(&self) -> Option<u64> {
        match self {
            Self::Ok { latency_ms } => Some(*latency_ms),
            Self::Failed { .. } | Self::Partial { .. } => None,
        }
    }

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

    /// What went wrong, in a sentence that stands behind the word: `denied: denied: …` says it twice.
    #[must_use]
    pub fn trouble_after_word(&self) -> Option<String> {
        let (word, trouble) = (self.word()?, self.trouble()?);
        let rest = trouble.strip_prefix(&word).and_then(|rest| rest.strip_prefix(": "));
        Some(rest.map_or_else(|| trouble.clone(), str::to_owned))
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

/// Milliseconds from which an answer is called slow.
pub const SLOW_MS: u64 = 2000;
/// Milliseconds below which one that was slow is not any more.
const FAST_AGAIN_MS: u64 = 1500;

/// Rows older than this are stale even if nothing failed since: seconds.
pub const STALE_AFTER_S: i64 = 90;

/// Seconds for which what one cockpit read stands against another's failing to read it: it is about the way from there, or
/// about its credentials, until the first fails too. As long as the longest pause of a cell that answers, with its jitter.
pub const READ_ELSEWHERE_S: i64 = 45;

/// What a probe asks. Written `site:www` or `database:aws/…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProbeSubject {
    /// A site's probe URL, as the public sees it.
    Site(String),
    /// A database's endpoint.
    Database(Key),
    /// A balancer's DNS name.
    Balancer(Key),
    /// An instance's address, on the port it is registered with.
    Instance(Key),
    /// An endpoint that the config declares by itself, by its name there.
    Endpoint(String),
    /// What one DNS server answers for a name.
    Dns(DnsSubject),
}

impl ProbeSubject {
    /// What is probed of a row, for the kinds of rows that are.
    #[must_use]
    pub fn of(key: &Key) -> Option<Self> {
        match key.kind {
            Kind::Database => Some(Self::Database(key.clone())),
            Kind::Balancer => Some(Self::Balancer(key.clone())),
            Kind::Instance => Some(Self::Instance(key.clone())),
            Kind::Cluster
            | Kind::Snapshot
            | Kind::AutomatedBackup
            | Kind::TargetGroup
            | Kind::Registration
            | Kind::HostedZone
            | Kind::RecordSet => None,
        }
    }

    /// The row it is about, if it is about one.
    #[must_use]
    pub fn key(&self) -> Option<&Key> {
        match self {
            Self::Database(key) | Self::Balancer(key) | Self::Instance(key) => Some(key),
            Self::Site(_) | Self::Endpoint(_) | Self::Dns(_) => None,
        }
    }

    /// The same, where the account of the row has another name.
    #[must_use]
    pub fn of_account(&self, account: &Account) -> Self {
        let mut subject = self.clone();
        if let Some(key) = subject.key_mut() {
            key.place.scope.account.clone_from(account);
        }
        subject
    }

    /// The row it is about, to be renamed.
    pub(super) fn key_mut(&mut self) -> Option<&mut Key> {
        match self {
            Self::Database(key) | Self::Balancer(key) | Self::Instance(key) => Some(key),
            Self::Site(_) | Self::Endpoint(_) | Self::Dns(_) => None,
        }
    }
}

impl fmt::Display for ProbeSubject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Site(name) => write!(f, "site:{name}"),
            Self::Database(key) => write!(f, "database:{key}"),
            Self::Balancer(key) => write!(f, "balancer:{key}"),
            Self::Instance(key) => write!(f, "instance:{key}"),
            Self::Endpoint(name) => write!(f, "endpoint:{name}"),
            Self::Dns(asked) => write!(f, "dns:{asked}"),
        }
    }
}

/// What a probe found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// It answered as expected.
    Answers,
    /// It answered otherwise: another status, no marker, a certificate that does not hold.
    Wrong,
    /// It answered with an error of its own: too many connections, still starting.
    Error,
    /// It took the connection and said nothing.
    Silent,
    /// The connection was refused.
    Refused,
    /// Nothing came back in time.
    TimedOut,
    /// The name does not resolve, or there is no route.
    Unreachable,
}

impl Verdict {
    /// The word on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answers => "answers",
            Self::Wrong => "wrong",
            Self::Error => "error",
            Self::Silent => "silent",
            Self::Refused => "refused",
            Self::TimedOut => "timeout",
            Self::Unreachable => "unreachable",
        }
    }
}

/// What a server's certificate is worth to those who were sent there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Its chain holds, for this name, now.
    Verified,
    /// It has expired.
    Expired,
    /// It is not valid yet: or a clock is wrong.
    NotYetValid,
    /// It is another name's.
    WrongName,
    /// No authority known here vouches for it.
    Untrusted,
}

impl Trust {
    /// In words.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified chain",
            Self::Expired => "expired",
            Self::NotYetValid => "not valid yet",
            Self::WrongName => "of another name",
            Self::Untrusted => "not trusted",
        }
    }
}

/// Days before its end from which a certificate is worth a warning.
pub const CERTIFICATE_ENDS_SOON_DAYS: i64 = 14;

/// The certificate that a server showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Certificate {
    /// Until when it is valid.
    pub not_after: Timestamp,
    /// What it is worth.
    pub trust: Trust,
}

impl Certificate {
    /// Whole days until it expires; negative once it has.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> i64 {
        self.not_after.duration_since(now).as_secs().div_euclid(86_400)
    }

    /// Whether it expires soon enough to be worth a warning.
    #[must_use]
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        self.days_left(now) < CERTIFICATE_ENDS_SOON_DAYS
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
    /// The certificate shown, where TLS was spoken.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// What was asked, as `HOST:PORT`; empty where the subject says it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub asked: String,
    /// It was asked at a private address that nobody declared: from another network, somebody else may own it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub private: bool,
}

impl Evidence {
    /// A finding with nothing beside it.
    #[must_use]
    pub fn new(verdict: Verdict, detail: impl Into<String>, latency_ms: u64) -> Self {
        Self {
            verdict,
            detail: detail.into(),
            latency_ms,
            dns: None,
            certificate: None,
            asked: String::new(),
            private: false,
        }
    }

    /// The first of its few words: `HTTP 200` of `HTTP 200, marker found`.
    #[must_use]
    pub fn gist(&self) -> &str {
        self.detail.split(", ").next().unwrap_or_default()
    }

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
    /// Which session made it.
    pub by: SessionId,
}

impl Probed {
    /// Whether the finding contradicts a claim that all is well.
    ///
    /// A refusal or a wrong answer comes from the thing itself. That nothing comes back, or that a name does not
    /// resolve, may be the path from here (a security group, a private network): it counts only where the same path has
    /// worked before. So does whatever comes from a private address, which another network may give to somebody else.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        match self.evidence.verdict {
            Verdict::Answers => false,
            Verdict::Wrong | Verdict::Error | Verdict::Silent | Verdict::Refused => {
                !self.evidence.private || self.answered.is_some()
            }
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
    /// In a state that this version does not know.
    Unknown,
    /// Read too long ago, or its cell fails.
    Stale,
    /// Not running, as claimed.
    Off,
    /// Nothing wrong is known, nothing right is proven.
    Claimed,
    /// Fresh evidence says so.
    Proven,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const AT: &str = "2012-06-30T04:00:00Z";

    fn probed(verdict: Verdict, private: bool, answered: bool) -> Probed {
        let at: Timestamp = AT.parse().unwrap();
        let evidence = Evidence { private, ..Evidence::new(verdict, "", 1) };
        Probed { evidence, at, since: at, answered: answered.then_some(at), by: SessionId("adam".into()) }
    }

    #[test]
    fn what_may_be_the_path_contradicts_only_where_the_path_has_worked() {
        for (verdict, itself) in [
            (Verdict::Wrong, true),
            (Verdict::Error, true),
            (Verdict::Silent, true),
            (Verdict::Refused, true),
            (Verdict::TimedOut, false),
            (Verdict::Unreachable, false),
        ] {
            assert_eq!(probed(verdict, false, false).contradicts(), itself, "{verdict:?}");
            assert!(probed(verdict, false, true).contradicts(), "{verdict:?} after an answer");
            assert!(!probed(verdict, true, false).contradicts(), "{verdict:?} of somebody else's address");
            assert!(probed(verdict, true, true).contradicts(), "{verdict:?} where it once answered");
        }
        assert!(!probed(Verdict::Answers, false, true).contradicts());
    }

    #[test]
    fn findings_of_logs_written_before_are_read() {
        let key = "aws/123456789012/us-east-1/rds/database/fito-db";
        let line = r#"{"verdict":"refused","detail":"tcp refused","latency_ms":3}"#;
        let read: Evidence = serde_json::from_str(line).unwrap();
        assert_eq!(read, Evidence::new(Verdict::Refused, "tcp refused", 3));
        assert_eq!(serde_json::to_string(&read).unwrap(), line, "and written as they were");
        let subject: ProbeSubject = serde_json::from_str(&format!(r#"{{"database":"{key}"}}"#)).unwrap();
        assert_eq!(subject, ProbeSubject::Database(key.parse().unwrap()));
        let site: ProbeSubject = serde_json::from_str(r#"{"site":"www"}"#).unwrap();
        assert_eq!(site, ProbeSubject::Site("www".into()));
    }

    #[test]
    fn a_certificate_counts_whole_days_and_warns_of_its_end() {
        let now: Timestamp = AT.parse().unwrap();
        let ends = |hours: i64| Certificate {
            not_after: now + jiff::SignedDuration::from_hours(hours),
            trust: Trust::Verified,
        };
        assert_eq!(ends(15 * 24).days_left(now), 15);
        assert_eq!(ends(23).days_left(now), 0);
        assert_eq!(ends(-1).days_left(now), -1);
        assert!(!ends(15 * 24).ends_soon(now) && ends(13 * 24).ends_soon(now) && ends(-1).ends_soon(now));
    }

    #[test]
    fn a_cell_known_under_two_names_keeps_the_newer_word_and_the_age_of_its_rows() {
        let at = |second: i64| Timestamp::from_second(1_000_000 + second).unwrap();
        let read = Cell {
            status: SweepStatus::Ok { latency_ms: 40 },
            since: at(0),
            last_attempt: at(10),
            last_ok: Some(at(10)),
            zones: BTreeMap::new(),
            missing: Vec::new(),
            failures: 0,
            told: false,
            flapping: None,
            is_slow: false,
            by: None,
        };
        let failing = Cell {
            status: SweepStatus::Failed { error: Fault::TimedOut { after_ms: 5000 } },
            since: at(20),
            last_attempt: at(30),
            last_ok: None,
            zones: BTreeMap::new(),
            missing: Vec::new(),
            failures: 2,
            told: false,
            flapping: None,
            is_slow: false,
            by: None,
        };
        for joined in [read.clone().joined(failing.clone()), failing.clone().joined(read)] {
            assert_eq!(joined, Cell { last_ok: Some(at(10)), ..failing.clone() });
        }
        let longer = Cell { since: at(1), last_attempt: at(9), told: true, ..failing.clone() };
        let joined = failing.joined(longer);
        assert_eq!((joined.since, joined.last_attempt, joined.told), (at(1), at(30), true));
    }
}
