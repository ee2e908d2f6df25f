//! Entries: the facts worth keeping, one line of the logbook each. Everything on a screen is a fold over them.

use super::cell::{Evidence, ProbeSubject, SweepStatus};
use super::fault::Fault;
use super::flapping::Flapping;
use super::hash::PlanHash;
use super::place::{Account, Key, Place, Profile};
use super::plan::{Action, Plan, Refusal};
use super::request::{Call, Done};
use super::resource::Resource;
use super::settlement::Settlement;
use super::site::Site;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;

/// The version of the entry format.
pub const ENTRY_VERSION: u32 = 1;

/// A running cockpit: the name of its strand without `.jsonl`, `<utc>-<user>@<host>-<pid>`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SessionId(pub String);

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Who writes: as the operating system knows them, not as they say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// Unix user name.
    pub user: String,
    /// Unix uid.
    pub uid: u32,
    /// Host name.
    pub host: String,
    /// The address that SSH came from, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ssh_client: Option<String>,
    /// AWS caller ARN, once known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub aws: Option<String>,
}

/// What kind of run a session is; the frame always says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Acts on AWS.
    Live,
    /// Watches AWS.
    ReadOnly,
    /// Watches AWS and keeps the logbook, without a screen and without anybody at it.
    Record,
    /// The simulator.
    Demo,
    /// A log.
    Replay,
}

impl Mode {
    /// The words in the frame.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::ReadOnly => "read-only",
            Self::Record => "record",
            Self::Demo => "demo",
            Self::Replay => "replay",
        }
    }
}

/// One entry, before it is chained. The logbook adds `prev` and `seen` when it writes the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Format version.
    pub v: u32,
    /// Counts the entries of the session from 0.
    pub seq: u64,
    /// UTC, microseconds.
    pub ts: Timestamp,
    /// Monotonic milliseconds since the session opened: ages survive a clock that jumps.
    pub mono_ms: u64,
    /// Whose strand.
    pub session: SessionId,
    /// Who.
    pub actor: Actor,
    /// What.
    #[serde(flatten)]
    pub body: Body,
}

/// How a call ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "kebab-case")]
pub enum Outcome {
    /// It was done.
    Ok {
        /// What came back.
        done: Done,
    },
    /// It was certainly not done.
    Failed {
        /// Why.
        error: Fault,
    },
    /// It may have been done: to be read again before anything else.
    Unknown {
        /// What came instead of an answer.
        error: Fault,
    },
}

/// What a check or guard found in the end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "finding", rename_all = "kebab-case")]
pub enum Finding {
    /// As planned.
    Holds {
        /// In words.
        detail: String,
    },
    /// Otherwise.
    Differs {
        /// In words: what is there instead.
        detail: String,
    },
    /// Could not be seen within the time given.
    Unseen {
        /// Why.
        detail: String,
    },
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum Body {
    /// A cockpit opened this strand.
    Opened {
        /// The program's version.
        version: String,
        /// The estate's name.
        estate: String,
        /// Live, read-only, record, demo.
        mode: Mode,
        /// Process id.
        pid: u32,
        /// Regions watched.
        regions: Vec<String>,
        /// Sites declared: a replay shows those of its log, not today's.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sites: Vec<Site>,
        /// The strand of the same process that this one goes on from: nothing is missing in between.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        continues: Option<SessionId>,
        /// The command that was run, where it is no cockpit: `do`, `note`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        command: Option<String>,
    },
    /// A cockpit left in good order.
    Left {
        /// Why: `quit`, `SIGHUP`, …
        reason: String,
    },
    /// STS named a profile's account.
    Identified {
        /// The profile.
        profile: Profile,
        /// The account.
        account: Account,
        /// The caller.
        arn: String,
    },
    /// Until STS names a profile's account to this session, it goes by the one that STS named last: told when the strand
    /// begins, and once more when STS was asked and did not answer.
    Presumed {
        /// The profile.
        profile: Profile,
        /// The account it is taken for.
        account: Account,
        /// When STS said so.
        said: Timestamp,
        /// To whom: a user.
        to: String,
        /// Why STS does not say so now, once it was asked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<Fault>,
    },
    /// STS has not named a profile's account for a minute, and the logbook knows none to take it for.
    Unidentified {
        /// The profile.
        profile: Profile,
        /// When STS first did not say.
        since: Timestamp,
        /// Why it does not say now.
        error: Fault,
    },
    /// A sweep ended, or a page of one came: changes only.
    Observed {
        /// What was read.
        place: Place,
        /// How the sweep ended; absent for a page within a sweep.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<SweepStatus>,
        /// Rows that are new or different.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changed: Vec<Resource>,
        /// Rows (by `KIND/ID`) that a whole sweep no longer saw.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        gone: Vec<String>,
    },
    /// What this session read since its last heartbeat and found unchanged.
    Heartbeat {
        /// Cell -> when its newest sweep succeeded.
        fresh: BTreeMap<Place, Timestamp>,
        /// Cell -> when it was last asked, and failed as it had before.
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        failing: BTreeMap<Place, Timestamp>,
    },
    /// A cell has failed for a minute, and lasts: the story tells of it now. Nobody asked it just then.
    Failing {
        /// Which.
        place: Place,
    },
    /// A cell fails, answers and fails again, or does so no longer.
    Flapping {
        /// Which.
        place: Place,
        /// How often it failed; `None` once it is steady again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flapping: Option<Flapping>,
    },
    /// A probe found something (first, changed, or after a minute).
    Probed {
        /// On what.
        subject: ProbeSubject,
        /// What.
        evidence: Evidence,
    },
    /// An incident was declared: a labelled span.
    Declared {
        /// Its name.
        title: String,
    },
    /// The incident was closed.
    Closed {
        /// With what words.
        summary: String,
    },
    /// An operator wrote something down.
    Note {
        /// What.
        text: String,
    },
    /// A plan was made and shown.
    Proposed {
        /// The whole plan.
        plan: Box<Plan>,
    },
    /// An action was refused before there was a plan.
    Refused {
        /// What was asked.
        action: Action,
        /// Why not.
        refusal: Refusal,
    },
    /// A second operator agreed.
    Approved {
        /// To what.
        plan: PlanHash,
    },
    /// A plan was turned down.
    Vetoed {
        /// Which.
        plan: PlanHash,
        /// Why.
        reason: String,
    },
    /// An operator confirmed exactly this plan.
    Confirmed {
        /// Which.
        plan: PlanHash,
        /// What was typed, or the key pressed.
        typed: String,
    },
    /// A call is about to be made. On disk before the call.
    Intent {
        /// Of which plan.
        plan: PlanHash,
        /// Which step, from 0.
        step: usize,
        /// The call, with everything filled in.
        call: Call,
    },
    /// How the call ended.
    Outcome {
        /// Of which plan.
        plan: PlanHash,
        /// Which step.
        step: usize,
        /// How.
        outcome: Outcome,
    },
    /// A guard stopped a step before its call, or a check ended.
    Verified {
        /// Of which plan.
        plan: PlanHash,
        /// Which step.
        step: usize,
        /// What was found.
        finding: Finding,
    },
    /// Route 53 says that a change has reached all its name servers.
    InSync {
        /// Of which plan.
        plan: PlanHash,
        /// Which step.
        step: usize,
    },
    /// What DNS servers answer for a site contradicts what Route 53 says, or does no longer.
    Disagreement {
        /// Which site.
        site: String,
        /// What contradicts what; `None` once they agree again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        words: Option<String>,
    },
    /// Resources whose claim fresh evidence contradicts, or contradicts no longer. Those that turned together are told
    /// together: a storm makes one line, not a hundred.
    Disagreements {
        /// What contradicts what, for each; `None` once it does no longer.
        resources: BTreeMap<Key, Option<String>>,
    },
    /// The plan is over.
    Finished {
        /// Which.
        plan: PlanHash,
        /// How.
        ending: Ending,
    },
    /// An operation of before was reversed.
    Undone {
        /// The operation reversed.
        plan: PlanHash,
        /// The plan that did it.
        by: PlanHash,
    },
    /// The logbook refused, and was opened anew in this strand.
    Reopened {
        /// The strand of before: it ends where the logbook refused.
        before: SessionId,
        /// Why it refused.
        why: String,
        /// What happened in between and is in no strand, in words.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lost: Vec<String>,
    },
    /// Something befell the clock. The times of this strand never go back.
    Clock {
        /// Seconds that the system's clock was moved; 0 if it was not.
        stepped_s: i64,
        /// Seconds that the process did not run; 0 if it did.
        stopped_s: i64,
        /// Seconds that the system's clock is behind the times of this strand from now on.
        behind_s: i64,
    },
    /// The strand's writer found an unfinished last line of its own and set it aside.
    Recovered {
        /// Bytes set aside.
        bytes: u64,
        /// Their SHA-256.
        sha256: String,
        /// The file they were kept in.
        kept_in: String,
    },
    /// Somebody had a call of unknown outcome looked at again.
    Settled {
        /// Of which plan.
        plan: PlanHash,
        /// Which step.
        step: usize,
        /// What was found.
        settlement: Settlement,
    },
    /// The credentials of a profile ended, or are valid again.
    Credentials {
        /// Whose.
        profile: Profile,
        /// When they ended, by what they say themselves or by what AWS says to this session; `None` once they are valid
        /// again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ended: Option<Timestamp>,
        /// The regions that say so, where not all of them do.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        regions: Vec<String>,
        /// Whether AWS takes them elsewhere all the while: then they have not ended, whatever these regions say.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        taken_elsewhere: bool,
    },
    /// This machine's clock was found to be off, or is off no longer.
    Skew {
        /// Seconds that it is ahead of AWS's (negative: behind); `None` once it is right again.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ahead_s: Option<i64>,
    },
}

/// How a plan ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ending", rename_all = "kebab-case")]
pub enum Ending {
    /// Every step done and seen to hold.
    Verified,
    /// Every call done; an effect was not seen in time, or differs.
    Unverified {
        /// Why.
        why: String,
    },
    /// A guard, a failed call or the log stopped it.
    Stopped {
        /// At which step, from 0.
        step: usize,
        /// Why.
        why: String,
    },
    /// A call's outcome is unknown: verify before anything else.
    Unknown {
        /// At which step, from 0.
        step: usize,
        /// Why.
        why: String,
    },
}

impl Ending {
    /// The word on the screen.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Unverified { .. } => "unverified",
            Self::Stopped { .. } => "stopped",
            Self::Unknown { .. } => "unknown",
        }
    }
}

impl Body {
    /// Names what was read by another name of its account.
    pub fn rename_account(&mut self, from: &Account, to: &Account) {
        let place = |place: &mut Place| {
            if place.scope.account == *from {
                place.scope.account.clone_from(to);
            }
        };
        let keys = |times: &mut BTreeMap<Place, Timestamp>| {
            *times = std::mem::take(times)
                .into_iter()
                .map(|(mut of, at)| {
                    place(&mut of);
                    (of, at)
                })
                .collect();
        };
        match self {
            Self::Failing { place: of } | Self::Flapping { place: of, .. } => place(of),
            Self::Observed { place: of, changed, .. } => {
                place(of);
                changed.iter_mut().for_each(|resource| place(&mut resource.key_mut().place));
            }
            Self::Heartbeat { fresh, failing } => {
                keys(fresh);
                keys(failing);
            }
            Self::Probed { subject, .. } => {
                if let Some(key) = subject.key_mut() {
                    place(&mut key.place);
                }
            }
            Self::Disagreements { resources } => {
                *resources = std::mem::take(resources)
                    .into_iter()
                    .map(|(mut key, words)| {
                        place(&mut key.place);
                        (key, words)
                    })
                    .collect();
            }
            // These name no place, or one that a plan was made for.
            Self::Opened { .. }
            | Self::Left { .. }
            | Self::Identified { .. }
            | Self::Presumed { .. }
            | Self::Unidentified { .. }
            | Self::Declared { .. }
            | Self::Closed { .. }
            | Self::Note { .. }
            | Self::Proposed { .. }
            | Self::Refused { .. }
            | Self::Approved { .. }
            | Self::Vetoed { .. }
            | Self::Confirmed { .. }
            | Self::Intent { .. }
            | Self::Outcome { .. }
            | Self::Verified { .. }
            | Self::InSync { .. }
            | Self::Disagreement { .. }
            | Self::Finished { .. }
            | Self::Undone { .. }
            | Self::Reopened { .. }
            | Self::Clock { .. }
            | Self::Recovered { .. }
            | Self::Settled { .. }
            | Self::Credentials { .. }
            | Self::Skew { .. } => {}
        }
    }

    /// Every kind's word.
    pub const KINDS: [&'static str; 32] = [
        "opened",
        "left",
        "identified",
        "presumed",
        "unidentified",
        "observed",
        "heartbeat",
        "failing",
        "flapping",
        "probed",
        "declared",
        "closed",
        "note",
        "proposed",
        "refused",
        "approved",
        "vetoed",
        "confirmed",
        "intent",
        "outcome",
        "verified",
        "in-sync",
        "disagreement",
        "disagreements",
        "finished",
        "undone",
        "reopened",
        "clock",
        "recovered",
        "settled",
        "credentials",
        "skew",
    ];

    /// The kind's word, as in the file.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "opened",
            Self::Left { .. } => "left",
            Self::Identified { .. } => "identified",
            Self::Presumed { .. } => "presumed",
            Self::Unidentified { .. } => "unidentified",
            Self::Observed { .. } => "observed",
            Self::Heartbeat { .. } => "heartbeat",
            Self::Failing { .. } => "failing",
            Self::Flapping { .. } => "flapping",
            Self::Probed { .. } => "probed",
            Self::Declared { .. } => "declared",
            Self::Closed { .. } => "closed",
            Self::Note { .. } => "note",
            Self::Proposed { .. } => "proposed",
            Self::Refused { .. } => "refused",
            Self::Approved { .. } => "approved",
            Self::Vetoed { .. } => "vetoed",
            Self::Confirmed { .. } => "confirmed",
            Self::Intent { .. } => "intent",
            Self::Outcome { .. } => "outcome",
            Self::Verified { .. } => "verified",
            Self::InSync { .. } => "in-sync",
            Self::Disagreement { .. } => "disagreement",
            Self::Disagreements { .. } => "disagreements",
            Self::Finished { .. } => "finished",
            Self::Undone { .. } => "undone",
            Self::Reopened { .. } => "reopened",
            Self::Clock { .. } => "clock",
            Self::Recovered { .. } => "recovered",
            Self::Settled { .. } => "settled",
            Self::Credentials { .. } => "credentials",
            Self::Skew { .. } => "skew",
        }
    }

    /// Whether it must be on disk (fsynced) before what it announces happens.
    #[must_use]
    pub fn is_durable(&self) -> bool {
        match self {
            Self::Opened { .. }
            | Self::Left { .. }
            | Self::Declared { .. }
            | Self::Closed { .. }
            | Self::Note { .. }
            | Self::Proposed { .. }
            | Self::Approved { .. }
            | Self::Vetoed { .. }
            | Self::Confirmed { .. }
            | Self::Intent { .. }
            | Self::Outcome { .. }
            | Self::Verified { .. }
            | Self::Finished { .. }
            | Self::Undone { .. }
            | Self::Reopened { .. }
            | Self::Recovered { .. }
            | Self::Settled { .. } => true,
            Self::Identified { .. }
            | Self::Presumed { .. }
            | Self::Unidentified { .. }
            | Self::Clock { .. }
            | Self::Observed { .. }
            | Self::Heartbeat { .. }
            | Self::Failing { .. }
            | Self::Flapping { .. }
            | Self::Probed { .. }
            | Self::InSync { .. }
            | Self::Disagreement { .. }
            | Self::Disagreements { .. }
            | Self::Refused { .. }
            | Self::Credentials { .. }
            | Self::Skew { .. } => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_before_a_field_was_there_is_read_and_written_as_it_was() {
        for line in [
            r#"{"kind":"credentials","body":{"profile":"prod","ended":"2026-01-01T00:00:00Z"}}"#,
            r#"{"kind":"credentials","body":{"profile":"prod"}}"#,
            r#"{"kind":"flapping","body":{"place":"aws/111122223333/us-east-1/ec2"}}"#,
        ] {
            let read: Option<Body> = serde_json::from_str(line).ok();
            let again = read.and_then(|body| serde_json::to_string(&body).ok());
            assert_eq!(again.as_deref(), Some(line));
        }
    }

    #[test]
    fn the_list_of_kinds_is_that_of_the_entries() {
        let (_, after) = include_str!("entry.rs").split_once("pub fn kind(&self)").unwrap_or_default();
        let (words, _) = after.split_once("pub fn is_durable").unwrap_or_default();
        let words: Vec<&str> = words.split("=> \"").skip(1).filter_map(|w| w.split('"').next()).collect();
        assert_eq!(words, Body::KINDS);
    }
}
