//! The simulator: an AWS of its own, under a scenario that says what goes wrong when.
//!
//! [`World`] is the model: synchronous, deterministic, without a clock. [`Sim`] is its async face and does nothing but
//! wait as long as the world says the answer takes. The demo, the drills, the screenshots and the tests all run on it.
//!
//! Reads in this order: `script` (the words of a scenario file), `stage` and its
//! parts (their sense), `state`
//! (what is there), `happening` (what befalls it), `weather` (which endpoints answer how), `world` (who asks what), then
//! one file per service and `probe` (the truth as seen from outside).

mod dns;
mod ec2;
mod elb;
mod happening;
mod probe;
mod rds;
mod route53;
mod scenario;
mod script;
mod stage;
mod stage_data;
mod stage_events;
mod stage_names;
mod stage_servers;
mod state;
mod weather;
mod world;

#[cfg(test)]
mod tests;

pub use scenario::{Colleague, Scenario, ScenarioError};
pub use weather::FAULT_WORDS;
pub use world::World;

use crate::incident::access::Access;
use crate::incident::cell::{Evidence, Verdict};
use crate::incident::fault::Fault;
use crate::incident::place::Profile;
use crate::incident::request::{Call, CallResult, Page, Probe, Query, QueryResult, Reply, Request, Sweep};
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// The simulated cloud; its clones share one world.
#[derive(Debug, Clone)]
pub struct Sim {
    world: Arc<Mutex<World>>,
    speed: f64,
}

impl Sim {
    /// A cloud whose answers take as long as the world says, divided by `speed`.
    #[must_use]
    pub fn new(world: World, speed: f64) -> Self {
        let speed = if speed.is_finite() { speed.clamp(0.01, 1e6) } else { 1.0 };
        Self { world: Arc::new(Mutex::new(world)), speed }
    }

    fn answer(&self, now: Timestamp, request: &Request) -> (Reply, Duration) {
        // A poisoned world is a world still: every change to it is one assignment after all the checks.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let (reply, latency) = world.answer(now, request);
        (reply, latency.div_f64(self.speed))
    }

    /// How a profile has access at a time.
    #[must_use]
    pub fn access(&self, now: Timestamp, profile: &Profile) -> Access {
        self.world.lock().unwrap_or_else(PoisonError::into_inner).access(now, profile)
    }

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
        let (reply, latency) = self.answer(now, &Request::Sweep(sweep));
        let Reply::Swept { pages: arrived, end } = reply else {
            return Err(mismatch());
        };
        // A fault after some pages takes an answer of its own; so does an empty list.
        let answers = (arrived.len() + usize::from(end.is_err())).max(1);
        let each = latency / u32::try_from(answers).unwrap_or(u32::MAX);
        let was_empty = arrived.is_empty();
        for page in arrived {
            tokio::time::sleep(each).await;
            if pages.send(page).is_err() {
                // Nobody listens any more: the cockpit has moved on.
                return end;
            }
        }
        if end.is_err() || was_empty {
            tokio::time::sleep(each).await;
        }
        end
    }

    /// Reads one thing, fresh.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, now: Timestamp, profile: Profile, query: Query) -> QueryResult {
        let (reply, latency) = self.answer(now, &Request::Ask { profile, query });
        tokio::time::sleep(latency).await;
        match reply {
            Reply::Answered(result) => result,
            Reply::Swept { .. } | Reply::Performed(_) | Reply::Probed(_) => Err(mismatch()),
        }
    }

    /// Changes something.
    ///
    /// # Errors
    /// Why not; [`Fault::performed`] tells whether it may have happened all the same.
    pub async fn perform(&self, now: Timestamp, profile: Profile, call: Call) -> CallResult {
        let request = Request::Perform { profile, call: Box::new(call) };
        let (reply, latency) = self.answer(now, &request);
        tokio::time::sleep(latency).await;
        match reply {
            Reply::Performed(result) => result,
            Reply::Swept { .. } | Reply::Answered(_) | Reply::Probed(_) => Err(mismatch()),
        }
    }

    /// Looks for evidence, from where the cockpit stands.
    pub async fn probe(&self, now: Timestamp, probe: Probe) -> Evidence {
        let (reply, latency) = self.answer(now, &Request::Probe(probe));
        tokio::time::sleep(latency).await;
        match reply {
            Reply::Probed(evidence) => evidence,
            Reply::Swept { .. } | Reply::Answered(_) | Reply::Performed(_) => {
                Evidence::new(Verdict::Unreachable, mismatch().to_string(), 0)
            }
        }
    }
}

/// The world answers a request with a reply of its kind; were it otherwise, the cockpit hears of it and goes on.
fn mismatch() -> Fault {
    Fault::Garbled { detail: "the simulator answered another question".into() }
}
