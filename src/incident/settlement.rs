//! Settlements: what was found later about a call that had no answer, and who looked.
//!
//! A call that timed out is unknown until it is read again. What is read then is an entry of its own: it never rewrites the
//! outcome, it stands beside it.

use super::story::Tone;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// What became of a call whose outcome was unknown, as it was read later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "settlement", rename_all = "kebab-case")]
pub enum Settlement {
    /// It was done, and its effect is as planned.
    Verified {
        /// In words.
        detail: String,
    },
    /// It was done; its effect is not (or not yet) as planned.
    Unverified {
        /// In words: what is there instead.
        detail: String,
    },
    /// It was not done.
    NotDone {
        /// In words: what is there instead.
        detail: String,
    },
    /// What was read does not tell, or nothing could be read.
    Unknown {
        /// Why.
        detail: String,
    },
}

impl Settlement {
    /// The word for reports and programs.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Verified { .. } => "verified",
            Self::Unverified { .. } => "unverified",
            Self::NotDone { .. } => "not done",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// What was found, in words.
    #[must_use]
    pub fn detail(&self) -> &str {
        match self {
            Self::Verified { detail }
            | Self::Unverified { detail }
            | Self::NotDone { detail }
            | Self::Unknown { detail } => detail,
        }
    }

    /// Whether it is known now if the call was done.
    #[must_use]
    pub fn is_known(&self) -> bool {
        match self {
            Self::Verified { .. } | Self::Unverified { .. } | Self::NotDone { .. } => true,
            Self::Unknown { .. } => false,
        }
    }

    /// Whether the call was done, as far as is known.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match self {
            Self::Verified { .. } | Self::Unverified { .. } => true,
            Self::NotDone { .. } | Self::Unknown { .. } => false,
        }
    }

    /// The sentence about what was called, and how it sounds.
    #[must_use]
    pub fn sentence(&self, what: &str) -> (Tone, String) {
        match self {
            Self::Verified { detail } => (Tone::Good, format!("looked again: done: {what} ({detail})")),
            Self::Unverified { detail } => {
                (Tone::Warn, format!("looked again: done, not as planned: {what}: {detail}"))
            }
            Self::NotDone { detail } => (Tone::Warn, format!("looked again: NOT done: {what} ({detail})")),
            Self::Unknown { detail } => {
                (Tone::Bad, format!("looked again: still UNKNOWN whether done: {what}: {detail}"))
            }
        }
    }
}

/// A settlement, with who looked and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settled {
    /// When.
    pub at: Timestamp,
    /// Who.
    pub by: String,
    /// What was found.
    pub settlement: Settlement,
}

impl Settled {
    /// Whether another one says more: what is known goes before what is not, the newer before the older. Whoever looks at the
    /// same time as another ends with the same, in whichever order their entries arrive.
    #[must_use]
    pub fn yields_to(&self, other: &Self) -> bool {
        let rank = |it: &Self| (it.settlement.is_known(), it.at, it.by.clone());
        rank(self) <= rank(other)
    }
}
