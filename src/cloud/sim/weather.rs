//! The weather over the endpoints: which answer badly, how badly, and how long everything takes.
//!
//! Nothing here remembers a request. Whether an intermittent fault strikes and how long an answer takes are drawn from
//! the seed, the place and the moment, so the order in which a cockpit asks changes no answer. Only `cloud::sim` uses it.

use crate::incident::fault::Fault;
use crate::incident::place::Service;
use jiff::Timestamp;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::fmt;
use std::time::Duration;

/// How far the clock is off where a scenario says that it is: AWS refuses from five minutes on.
pub(super) const SKEW_S: i64 = 420;
/// What the real adapter waits for a connection.
const CONNECT_MS: u64 = 3_000;
/// What the real adapter waits for an answer.
pub(super) const OPERATION_MS: u64 = 12_000;

/// An endpoint that has weather of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facility {
    /// A service that has a cell.
    Service(Service),
    /// Regional STS, which says who one is.
    Sts,
}

impl Facility {
    /// Every facility, for `service = "*"`.
    pub(super) fn all() -> impl Iterator<Item = Self> {
        Service::ALL.into_iter().map(Self::Service).chain([Self::Sts])
    }

    /// From the word in a scenario.
    pub(super) fn from_word(word: &str) -> Option<Self> {
        if word == "sts" {
            return Some(Self::Sts);
        }
        word.parse().ok().map(Self::Service)
    }

    /// The name that is looked up to reach it.
    pub(super) fn host(self, region: &str) -> String {
        match self {
            Self::Service(Service::Ec2) => format!("ec2.{region}.amazonaws.com"),
            Self::Service(Service::Rds) => format!("rds.{region}.amazonaws.com"),
            Self::Service(Service::Elb | Service::ElbV2) => {
                format!("elasticloadbalancing.{region}.amazonaws.com")
            }
            Self::Service(Service::Route53) => "route53.amazonaws.com".to_owned(),
            Self::Sts => format!("sts.{region}.amazonaws.com"),
        }
    }
}

impl fmt::Display for Facility {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service(service) => service.fmt(f),
            Self::Sts => f.write_str("sts"),
        }
    }
}

/// What an endpoint does instead of answering: every fault that there is, and being late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Trouble {
    /// No connection.
    Dark,
    /// A connection and then nothing.
    Hang,
    /// A connection that breaks.
    Reset,
    /// Half an answer.
    Cut,
    /// A web page.
    Html,
    /// Malformed XML.
    Garbled,
    /// 503.
    Unavailable,
    /// Told to slow down.
    Throttle,
    /// Forbidden.
    Denied,
    /// There are no credentials to sign with.
    NoCredentials,
    /// The credentials have expired.
    Expired,
    /// The credentials are not accepted, as in a region that the account has not enabled.
    BadCredentials,
    /// The signature's time is not the endpoint's.
    Skewed,
    /// Understood and declined.
    Refused,
    /// The right answer, late.
    Slow,
}

/// The words of a scenario for what an endpoint does instead of answering (`fault = "dark"`): one for each fault, in the order of
/// [`Fault::samples`], and last being late, which is none.
pub const FAULT_WORDS: [&str; 15] = [
    "dark",
    "hang",
    "reset",
    "cut",
    "html",
    "garbled",
    "unavailable",
    "throttle",
    "denied",
    "no-credentials",
    "expired",
    "bad-credentials",
    "skewed",
    "refused",
    "slow",
];

impl Trouble {
    /// Every one, for tests that go through them.
    #[cfg(test)]
    pub(super) const ALL: [Self; 15] = [
        Self::Dark,
        Self::Hang,
        Self::Reset,
        Self::Cut,
        Self::Html,
        Self::Garbled,
        Self::Unavailable,
        Self::Throttle,
        Self::Denied,
        Self::NoCredentials,
        Self::Expired,
        Self::BadCredentials,
        Self::Skewed,
        Self::Refused,
        Self::Slow,
    ];

    /// Whether a request gets as far as somebody who looks at its credentials.
    pub(super) fn is_reached(self) -> bool {
        match self {
            Self::Dark | Self::Hang | Self::Reset => false,
            Self::Cut
            | Self::Html
            | Self::Garbled
            | Self::Unavailable
            | Self::Throttle
            | Self::Denied
            | Self::NoCredentials
            | Self::Expired
            | Self::BadCredentials
            | Self::Skewed
            | Self::Refused
            | Self::Slow => true,
        }
    }
}

/// Which requests the weather hits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Hits {
    /// All.
    #[default]
    All,
    /// Sweeps and queries.
    Reads,
    /// Calls.
    Writes,
}

/// The weather over one endpoint.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Weather {
    pub(super) trouble: Trouble,
    /// How late, for [`Trouble::Slow`].
    pub(super) latency_ms: u64,
    /// The share of requests that it strikes.
    pub(super) rate: f64,
    pub(super) hits: Hits,
    /// Whether a call is carried out although its answer is lost.
    pub(super) performs: bool,
    /// How many pages of a sweep come before it breaks off.
    pub(super) after_pages: usize,
}

/// What somebody does at an endpoint: for the fault's words.
#[derive(Debug, Clone, Copy)]
pub(super) struct Attempt<'a> {
    pub(super) facility: Facility,
    pub(super) region: &'a str,
    /// As IAM writes it.
    pub(super) operation: &'a str,
    pub(super) arn: &'a str,
}

impl Weather {
    /// The fault and how long it took to notice; `None` if it only makes the answer late.
    pub(super) fn fault(&self, attempt: Attempt<'_>) -> Option<(Fault, Duration)> {
        let Attempt { facility, region, operation, arn } = attempt;
        let (fault, ms) = match self.trouble {
            Trouble::Dark => (
                Fault::Dark {
                    detail: format!(
                        "connect to {}:443: no answer in {} s",
                        facility.host(region),
                        CONNECT_MS / 1000
                    ),
                },
                CONNECT_MS,
            ),
            Trouble::Hang => (Fault::TimedOut { after_ms: OPERATION_MS }, OPERATION_MS),
            Trouble::Throttle => (
                Fault::Throttled {
                    code: match facility {
                        Facility::Service(Service::Ec2) => "RequestLimitExceeded",
                        Facility::Service(
                            Service::Rds | Service::Elb | Service::ElbV2 | Service::Route53,
                        )
                        | Facility::Sts => "Throttling",
                    }
                    .to_owned(),
                },
                60,
            ),
            Trouble::Unavailable => (
                Fault::Server {
                    status: 503,
                    code: match facility {
                        Facility::Service(Service::Ec2) => "Unavailable",
                        Facility::Service(
                            Service::Rds | Service::Elb | Service::ElbV2 | Service::Route53,
                        )
                        | Facility::Sts => "ServiceUnavailable",
                    }
                    .to_owned(),
                },
                700,
            ),
            Trouble::Reset => {
                (Fault::Reset { detail: "connection closed before message completed".to_owned() }, 30)
            }
            Trouble::Cut => (Fault::CutShort { detail: "HTTP 200: it ends in the middle".to_owned() }, 400),
            Trouble::Html => (Fault::Html { status: 200 }, 400),
            Trouble::Garbled => {
                (Fault::Garbled { detail: "HTTP 200: malformed XML: unexpected end tag".to_owned() }, 400)
            }
            Trouble::NoCredentials => (
                Fault::CredentialsMissing {
                    detail: "none in the environment or the AWS configuration files".to_owned(),
                },
                1,
            ),
            Trouble::Expired => (
                Fault::CredentialsExpired {
                    code: match facility {
                        Facility::Service(Service::Ec2) => "RequestExpired",
                        Facility::Service(
                            Service::Rds | Service::Elb | Service::ElbV2 | Service::Route53,
                        )
                        | Facility::Sts => "ExpiredToken",
                    }
                    .to_owned(),
                },
                90,
            ),
            Trouble::BadCredentials => (
                Fault::CredentialsRefused {
                    code: match facility {
                        Facility::Service(Service::Ec2) => "AuthFailure",
                        Facility::Service(
                            Service::Rds | Service::Elb | Service::ElbV2 | Service::Route53,
                        )
                        | Facility::Sts => "InvalidClientTokenId",
                    }
                    .to_owned(),
                    message: "The security token included in the request is invalid.".to_owned(),
                },
                90,
            ),
            Trouble::Skewed => {
                (Fault::ClockSkewed { code: "RequestTimeTooSkewed".to_owned(), ahead_s: Some(SKEW_S) }, 90)
            }
            Trouble::Refused => (
                Fault::Refused {
                    code: "OperationNotPermitted".to_owned(),
                    message: format!("{operation} is not permitted at the moment."),
                },
                90,
            ),
            Trouble::Denied => (
                Fault::Denied {
                    action: operation.to_owned(),
                    message: format!("User: {arn} is not authorized to perform: {operation}"),
                },
                90,
            ),
            Trouble::Slow => return None,
        };
        Some((fault, Duration::from_millis(ms)))
    }
}

/// Draws that depend on the seed and a label and on nothing else.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dice {
    seed: u64,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// A number in `0.0..1.0`.
    pub(super) fn share(self, label: &str) -> f64 {
        let mut hash = Sha256::new();
        hash.update(self.seed.to_le_bytes());
        hash.update(label.as_bytes());
        let mut rng = ChaCha8Rng::from_seed(hash.finalize().into());
        // 53 bits fill a double's mantissa exactly.
        (rng.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Whether something of the given likelihood happens at a place at a moment. The moment is rounded to two seconds,
    /// so what is asked together fares alike.
    pub(super) fn strikes(self, label: &str, now: Timestamp, rate: f64) -> bool {
        if rate >= 1.0 {
            return true;
        }
        self.share(&format!("{label} {}", now.as_second().div_euclid(2))) < rate
    }

    /// How long an answer takes that usually takes `usual_ms`: mostly a little less, sometimes twice as long.
    pub(super) fn latency(self, label: &str, now: Timestamp, usual_ms: u64) -> Duration {
        let draw = self.share(&format!("latency {label} {}", now.as_second()));
        Duration::from_millis(usual_ms).mul_f64(0.7 + 1.3 * draw.powi(4) + 0.2 * draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn weather_can_do_everything_that_an_endpoint_can() {
        let attempt = Attempt {
            facility: Facility::Service(Service::Ec2),
            region: "us-east-1",
            operation: "ec2:DescribeInstances",
            arn: "arn:aws:iam::1:user/x",
        };
        let weather = |trouble| Weather {
            trouble,
            latency_ms: 1,
            rate: 1.0,
            hits: Hits::All,
            performs: false,
            after_pages: 0,
        };
        let done: BTreeSet<&str> = Trouble::ALL
            .into_iter()
            .filter_map(|trouble| weather(trouble).fault(attempt))
            .map(|(fault, _)| fault.word())
            .collect();
        // What the cockpit cannot ask is no endpoint's doing.
        let mut faults: BTreeSet<&str> = Fault::samples().iter().map(Fault::word).collect();
        faults.remove("unaskable");
        assert_eq!(done, faults);
        // Each of them once, and one that is only late.
        assert_eq!(Trouble::ALL.len(), faults.len() + 1);
    }

    #[test]
    fn every_trouble_has_its_word_in_a_scenario() {
        for (word, trouble) in FAULT_WORDS.into_iter().zip(Trouble::ALL) {
            let read: Trouble = serde_json::from_str(&format!("{word:?}")).unwrap();
            assert_eq!(read, trouble, "{word}");
        }
    }
}
