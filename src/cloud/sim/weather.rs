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

/// What an endpoint does instead of answering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Trouble {
    /// No connection.
    Dark,
    /// A connection and then nothing.
    Hang,
    /// Told to slow down.
    Throttle,
    /// 503.
    Unavailable,
    /// Something that is no answer.
    Garbled,
    /// Forbidden.
    Denied,
    /// The right answer, late.
    Slow,
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
            Trouble::Garbled => {
                (Fault::Garbled { detail: "HTTP 200 with an empty HTML page".to_owned() }, 400)
            }
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
