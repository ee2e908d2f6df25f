//! Everything that can go wrong with an endpoint, as one enum: for the screen, the schedule, the log and the simulator.
//!
//! The question that matters for a mutation is [`Fault::performed`]: may the call have happened all the same?

use super::span::span;
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
    /// The connection was there and broke before an answer came: the request may have arrived.
    Reset {
        /// The cause, in the transport's words.
        detail: String,
    },
    /// The first half of an answer.
    CutShort {
        /// Where it ended, in a few words.
        detail: String,
    },
    /// A web page where an answer should be: a load balancer's, a proxy's, a captive portal's.
    Html {
        /// HTTP status.
        status: u16,
    },
    /// An answer that is whole and no answer: malformed XML, or XML of another kind, or the same page for ever.
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
    /// The signature's time is not AWS's: our clock is off.
    ClockSkewed {
        /// AWS's code.
        code: String,
        /// Seconds that our clock is ahead of the `Date` of AWS's answer; negative is behind, `None` is not measured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ahead_s: Option<i64>,
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
            Self::Reset { .. } => "reset",
            Self::CutShort { .. } => "cut short",
            Self::Html { .. } => "html",
            Self::Garbled { .. } => "garbled",
            Self::Server { .. } => "5xx",
            Self::Throttled { .. } => "throttled",
            Self::Denied { .. } => "denied",
            Self::CredentialsMissing { .. } => "no creds",
            Self::CredentialsExpired { .. } => "expired",
            Self::CredentialsRefused { .. } => "bad creds",
            Self::ClockSkewed { .. } => "clock",
            Self::Refused { .. } => "refused",
            Self::Unaskable { .. } => "unaskable",
        }
    }

    /// One of each kind, in the order in which they are declared: what a test or a table of all faults goes through.
    #[must_use]
    pub fn samples() -> Vec<Self> {
        let text = |text: &str| text.to_owned();
        vec![
            Self::Dark { detail: text("tcp connect error: Connection refused") },
            Self::TimedOut { after_ms: 5000 },
            Self::Reset { detail: text("connection closed before message completed") },
            Self::CutShort { detail: text("the answer ends in the middle") },
            Self::Html { status: 200 },
            Self::Garbled { detail: text("malformed XML") },
            Self::Server { status: 503, code: text("Unavailable") },
            Self::Throttled { code: text("RequestLimitExceeded") },
            Self::Denied { action: text("ec2:DescribeInstances"), message: text("not authorized") },
            Self::CredentialsMissing { detail: text("none in the environment") },
            Self::CredentialsExpired { code: text("ExpiredToken") },
            Self::CredentialsRefused { code: text("InvalidClientTokenId"), message: text("invalid token") },
            Self::ClockSkewed { code: text("RequestTimeTooSkewed"), ahead_s: Some(420) },
            Self::Refused { code: text("InvalidChangeBatch"), message: text("it exists") },
            Self::Unaskable { detail: text("no such region") },
        ]
    }

    /// Whether a mutation that ended so may have happened all the same.
    #[must_use]
    pub fn performed(&self) -> Performed {
        match self {
            Self::TimedOut { .. }
            | Self::Reset { .. }
            | Self::CutShort { .. }
            | Self::Html { .. }
            | Self::Garbled { .. }
            | Self::Server { .. } => Performed::Unknown,
            Self::Dark { .. }
            | Self::Throttled { .. }
            | Self::Denied { .. }
            | Self::CredentialsMissing { .. }
            | Self::CredentialsExpired { .. }
            | Self::CredentialsRefused { .. }
            | Self::ClockSkewed { .. }
            | Self::Refused { .. }
            | Self::Unaskable { .. } => Performed::No,
        }
    }

    /// Whether the fault lies with the endpoint or the way to it, and not with our credentials, clock or question: then
    /// another region, or another rung, may answer.
    #[must_use]
    pub fn is_theirs(&self) -> bool {
        match self {
            Self::Dark { .. }
            | Self::TimedOut { .. }
            | Self::Reset { .. }
            | Self::CutShort { .. }
            | Self::Html { .. }
            | Self::Garbled { .. }
            | Self::Server { .. } => true,
            Self::Throttled { .. }
            | Self::Denied { .. }
            | Self::CredentialsMissing { .. }
            | Self::CredentialsExpired { .. }
            | Self::CredentialsRefused { .. }
            | Self::ClockSkewed { .. }
            | Self::Refused { .. }
            | Self::Unaskable { .. } => false,
        }
    }

    /// AWS's code, where one came.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Server { code, .. }
            | Self::Throttled { code }
            | Self::CredentialsExpired { code }
            | Self::CredentialsRefused { code, .. }
            | Self::ClockSkewed { code, .. }
            | Self::Refused { code, .. } => Some(code.as_str()).filter(|code| !code.is_empty()),
            Self::Dark { .. }
            | Self::TimedOut { .. }
            | Self::Reset { .. }
            | Self::CutShort { .. }
            | Self::Html { .. }
            | Self::Garbled { .. }
            | Self::Denied { .. }
            | Self::CredentialsMissing { .. }
            | Self::Unaskable { .. } => None,
        }
    }

    /// What to do about it, in a sentence.
    #[must_use]
    pub fn advice(&self) -> &'static str {
        match self {
            Self::Dark { .. } => {
                "The endpoint cannot be reached from here; other regions may answer. It is asked again."
            }
            Self::TimedOut { .. } | Self::Server { .. } => {
                "The service is in trouble; what is shown is the last good answer. It is asked again."
            }
            Self::Reset { .. } | Self::CutShort { .. } => {
                "The service or the path to it breaks connections; what is shown is the last good answer. It is asked again."
            }
            Self::Html { .. } => {
                "Something in front of AWS answers: its own load balancer in trouble, or a proxy here. It is asked again."
            }
            Self::Garbled { .. } => {
                "What came cannot be read; what is shown is the last good answer. It is asked again."
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
                "Check the key, and whether this account has the region enabled."
            }
            Self::ClockSkewed { .. } => {
                "Set this machine's clock (`chronyc makestep`, `timedatectl set-ntp true`); the next question is signed with the new time."
            }
            Self::Refused { .. } => "Read AWS's reason; nothing was changed.",
            Self::Unaskable { .. } => "Correct the input and try again.",
        }
    }
}

/// A skew in words that end in the other clock: `4m ahead of`.
#[must_use]
pub fn skew_words(ahead_s: i64) -> String {
    format!("{} {}", span(ahead_s.saturating_abs()), if ahead_s < 0 { "behind" } else { "ahead of" })
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dark { detail } => write!(f, "unreachable: {detail}"),
            Self::TimedOut { after_ms } => {
                write!(f, "no answer within {}.{} s", after_ms / 1000, after_ms % 1000 / 100)
            }
            Self::Reset { detail } => write!(f, "connection broken: {detail}"),
            Self::CutShort { detail } => write!(f, "half an answer: {detail}"),
            Self::Html { status } => write!(f, "a web page instead of an AWS answer (HTTP {status})"),
            Self::Garbled { detail } => write!(f, "not an AWS answer: {detail}"),
            Self::Server { status, code } if code.is_empty() => write!(f, "server error {status}"),
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
            Self::ClockSkewed { code, ahead_s: Some(ahead) } => {
                write!(f, "clock {} AWS: {code}", skew_words(*ahead))
            }
            Self::ClockSkewed { code, ahead_s: None } => write!(f, "clock is not AWS's: {code}"),
            Self::Refused { code, message } => write!(f, "{code}: {message}"),
            Self::Unaskable { detail } => f.write_str(detail),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::collections::BTreeSet;

    /// The place of a kind in the enum. A new kind does not compile until it is here, and then needs a sample.
    fn place(fault: &Fault) -> usize {
        match fault {
            Fault::Dark { .. } => 0,
            Fault::TimedOut { .. } => 1,
            Fault::Reset { .. } => 2,
            Fault::CutShort { .. } => 3,
            Fault::Html { .. } => 4,
            Fault::Garbled { .. } => 5,
            Fault::Server { .. } => 6,
            Fault::Throttled { .. } => 7,
            Fault::Denied { .. } => 8,
            Fault::CredentialsMissing { .. } => 9,
            Fault::CredentialsExpired { .. } => 10,
            Fault::CredentialsRefused { .. } => 11,
            Fault::ClockSkewed { .. } => 12,
            Fault::Refused { .. } => 13,
            Fault::Unaskable { .. } => 14,
        }
    }

    #[test]
    fn there_is_a_sample_of_every_kind_and_each_has_words_of_its_own() {
        let samples = Fault::samples();
        assert_eq!(samples.iter().map(place).collect::<Vec<_>>(), (0..15).collect::<Vec<_>>());
        let distinct = |words: Vec<String>| words.into_iter().collect::<BTreeSet<_>>().len();
        assert_eq!(distinct(samples.iter().map(|f| f.word().to_owned()).collect()), 15);
        assert_eq!(distinct(samples.iter().map(ToString::to_string).collect()), 15);
        for fault in samples {
            assert!(fault.word().len() <= 9, "{fault:?}: a cell has nine columns for the word");
            assert!(fault.advice().ends_with('.'), "{fault:?}");
        }
    }

    #[test]
    fn faults_are_read_back_as_written_and_those_of_old_logs_still_are() {
        for fault in Fault::samples() {
            let line = serde_json::to_string(&fault).unwrap();
            assert_eq!(serde_json::from_str::<Fault>(&line).unwrap(), fault, "{line}");
        }
        // As the first version wrote them.
        for (line, word) in [
            (r#"{"fault":"garbled","detail":"HTTP 200: html"}"#, "garbled"),
            (r#"{"fault":"credentials-refused","code":"SignatureDoesNotMatch","message":"m"}"#, "bad creds"),
            (r#"{"fault":"clock-skewed","code":"RequestExpired"}"#, "clock"),
        ] {
            assert_eq!(serde_json::from_str::<Fault>(line).unwrap().word(), word);
        }
    }

    #[test]
    fn only_what_never_reached_a_service_or_was_refused_by_it_is_certainly_not_done() {
        for fault in Fault::samples() {
            let unknown = fault.is_theirs() && fault.word() != "dark";
            assert_eq!(fault.performed() == Performed::Unknown, unknown, "{fault:?}");
        }
    }

    #[test]
    fn a_skew_is_told_with_its_direction() {
        let fault = |ahead_s| Fault::ClockSkewed { code: "RequestExpired".into(), ahead_s }.to_string();
        assert_eq!(fault(Some(421)), "clock 7m ahead of AWS: RequestExpired");
        assert_eq!(fault(Some(-7300)), "clock 2h behind AWS: RequestExpired");
        assert_eq!(fault(None), "clock is not AWS's: RequestExpired");
    }
}
