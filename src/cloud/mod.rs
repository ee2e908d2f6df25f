//! The outside world: AWS, or the simulator that stands in for it. The same requests, the same answers.
//!
//! Everything here is asked with plain data (`incident::request`) and answers with plain data or a `Fault`; it never
//! panics, never waits for ever, and refuses to decide anything. Only `run` may import it.

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "probe")]
pub mod probe;
pub mod sim;
pub mod xml;

use crate::incident::access::Access;
use crate::incident::cell::Evidence;
use crate::incident::fault::Fault;
use crate::incident::place::Profile;
use crate::incident::request::{Call, CallResult, Page, Probe, Query, QueryResult, Sweep};
use jiff::Timestamp;
use tokio::sync::mpsc::UnboundedSender;

/// The world that a cockpit works on.
#[derive(Debug, Clone)]
pub enum Cloud {
    /// The real one.
    #[cfg(feature = "aws")]
    Aws(aws::Aws),
    /// The simulated one: no account, no network.
    Sim(sim::Sim),
}

impl Cloud {
    /// Reads a place to the end; every page goes to `pages` as it arrives.
    ///
    /// # Errors
    /// The fault that broke it off. Pages sent before stay valid.
    pub async fn sweep(
        &self,
        now: Timestamp,
        sweep: Sweep,
        pages: UnboundedSender<Page>,
    ) -> Result<(), Fault> {
        match self {
            #[cfg(feature = "aws")]
            Self::Aws(aws) => aws.sweep(sweep, pages).await,
            Self::Sim(sim) => sim.sweep(now, sweep, pages).await,
        }
    }

    /// How a profile has access, as far as is known without asking anybody.
    #[must_use]
    pub fn access(&self, now: Timestamp, profile: &Profile) -> Access {
        match self {
            #[cfg(feature = "aws")]
            Self::Aws(aws) => aws.access(profile),
            Self::Sim(sim) => sim.access(now, profile),
        }
    }

    /// Reads one thing, fresh.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, now: Timestamp, profile: Profile, query: Query) -> QueryResult {
        match self {
            #[cfg(feature = "aws")]
            Self::Aws(aws) => aws.ask(profile, query).await,
            Self::Sim(sim) => sim.ask(now, profile, query).await,
        }
    }

    /// Changes something. Retries only where the same request cannot be done twice.
    ///
    /// # Errors
    /// Why not; [`Fault::performed`] tells whether it may have happened all the same.
    pub async fn perform(&self, now: Timestamp, profile: Profile, call: Call) -> CallResult {
        match self {
            #[cfg(feature = "aws")]
            Self::Aws(aws) => aws.perform(profile, call).await,
            Self::Sim(sim) => sim.perform(now, profile, call).await,
        }
    }

    /// Looks for evidence, from where the cockpit stands.
    pub async fn probe(&self, now: Timestamp, probe: Probe) -> Evidence {
        match self {
            #[cfg(feature = "aws")]
            Self::Aws(aws) => aws.probe(probe).await,
            Self::Sim(sim) => sim.probe(now, probe).await,
        }
    }
}
