//! Everything that can go wrong with an endpoint, as one enum: for the screen, the schedule, the log and the simulator.
//!
//! The question that matters for a mutation is [`Fault::performed`]: may the call have happened all the same?

use serde::{Deserialize, Serialize};
use std::fmt;

/// Why a call did not give a usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// No connection: DNS, TCP or TLS failed. Nothing was sent.
    Dark {
        /// The cause, in the transport's words.
        detail: String,
    },
    /// No answer within the time-out.
    TimedOut {
        /// Milliseconds waited.
        after_ms: u64,
    },
    /// An answer that is no answer: HTML, cut short, not the XML expected.
    Garbled {
        /// What came.
        detail: String,
    },
    /// 5xx.
    Server {
        /// HTTP status.
        status: u16,
        /// AWS's code, where one came.
        code: String,
    },
    /// Told to slow down.
    Throttled {
        /// AWS's code.
        code: String,
    },
    /// A policy forbids it.
    Denied {
        /// The IAM action that is missing, where known: `ec2:DescribeInstances`.
        action: String,
        /// AWS's message.
        message: String,
    },
    /// No credentials were found.
    CredentialsMissing {
        /// Where was looked.
        detail: String,
    },
    /// Credentials were found and have expired.
    CredentialsExpired {
        /// AWS's code.
        code: String,
    },
    /// Credentials that AWS does not accept here: wrong key, or a region that the account has not enabled.
    CredentialsRefused {
        /// AWS's code.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// Understood and declined: a 4xx with a code of its own (`InvalidChangeBatch`, `LoadBalancerNotFound`, …).
    Refused {
        /// AWS's code.
        code: String,
        /// AWS's message.
        message: String,
    },
    /// The cockpit itself could not ask: no such region, a secret that only its fingerprint is left of, ….
    Unaskable {
        /// Why.
        detail: String,
    },
}

/// Whether a mutation that ended in a fault may have happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Performed {
    /// It certainly did not.
    No,
    /// Unknown until the world is read again.
    Unknown,
}

impl Fault {
    /// One word for a table cell.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Dark { .. } => "dark",
            Self::TimedOut { .. } => "timeout",
            Self::Garbled { .. } => "garbled",
            Self::Server { .. } => "5xx",
            Self::Throttled { .. } => "throttled",
            Self::Denied { .. } => "denied",
            Self::CredentialsMissing { .. } => "no creds",
            Self::CredentialsExpired { .. } => "expired",
            Self::CredentialsRefused { .. } => "bad creds",
            Self::Refused { .. } => "refused",
            Self::Unaskable { .. } => "unaskable",
        }
    }

    /// Whether a mutation that ended so may have happened all the same.
    #[must_use]
    pub fn performed(&self) -> Performed {
        match self {
            Self::TimedOut { .. } | Self::Garbled { .. } | Self::Server { .. } => Performed::Unknown,
            Self::Dark { .. }
            | Self::Throttled { .. }
            | Self::Denied { .. }
            | Self::CredentialsMissing { .. }
            | Self::CredentialsExpired { .. }
            | Self::CredentialsRefused { .. }
            | Self::Refused { .. }
            | Self::Unaskable { .. } => Performed::No,
        }
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Dark { .. } => {
                "The endpoint cannot be reached from here; other regions may answer. It is asked again."
            }
            Self::TimedOut { .. } | Self::Garbled { .. } | Self::Server { .. } => {
                "The service is in trouble; what is shown is the last good answer. It is asked again."
            }
            Self::Throttled { .. } => {
                "Asked more slowly now; in an outage throttling may be the outage in disguise."
            }
            Self::Denied { .. } => "Ask for the missing permission, or use another --profile.",
            Self::CredentialsMissing { .. } => {
                "Set AWS_PROFILE, AWS_ACCESS_KEY_ID or --profile; `blackstart demo` needs none."
            }
            Self::CredentialsExpired { .. } => {
                "Log in again in another window; new credentials are picked up by themselves."
            }
            Self::CredentialsRefused { .. } => {
                "Check the key, the clock, and whether this account has the region enabled."
            }
            Self::Refused { .. } => "Read AWS's reason; nothing was changed.",
            Self::Unaskable { .. } => "Correct the input and try again.",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dark { detail } => write!(f, "unreachable: {detail}"),
            Self::TimedOut { after_ms } => {
                write!(f, "no answer within {}.{} s", after_ms / 1000, after_ms % 1000 / 100)
            }
            Self::Garbled { detail } => write!(f, "not an AWS answer: {detail}"),
            Self::Server { status, code } => write!(f, "server error {status} {code}"),
            Self::Throttled { code } => write!(f, "throttled: {code}"),
            Self::Denied { action, message } => {
                write!(f, "denied: {action} is missing ({message})")
            }
            Self::CredentialsMissing { detail } => write!(f, "no credentials: {detail}"),
            Self::CredentialsExpired { code } => write!(f, "credentials expired: {code}"),
            Self::CredentialsRefused { code, message } => {
                write!(f, "credentials refused: {code}: {message}")
            }
            Self::Refused { code, message } => write!(f, "{code}: {message}"),
            Self::Unaskable { detail } => f.write_str(detail),
        }
    }
}
