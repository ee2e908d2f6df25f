//! The credentials of a profile: read when they are first needed, and renewed in good time beside the calls that use them.
//!
//! Whoever asks while good ones are at hand gets them at once; what gives them out may be slow, silent or gone until they
//! really end. Where there are none, one reading is made for all who wait, and is given up after a while. Every reading
//! reads the environment and the configuration files anew, so a login in another window needs no restart. STS is asked in
//! a region, never globally, and in another one after a region's was silent. Nothing here prints or keeps a key elsewhere.

use super::Timeouts;
use super::fault::unread;
use super::skew::machine_time;
use crate::incident::access::Access;
use crate::incident::fault::Fault;
use crate::incident::place::{self, Partition};
use aws_config::Region;
use aws_config::default_provider::credentials::DefaultCredentialsChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider, future};
use jiff::Timestamp;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// How long before their end credentials are renewed; those that live short, in the last third of their life.
const RENEWED_BEFORE: Duration = Duration::from_secs(20 * 60);
/// How long after a renewal that brought nothing new it is tried again.
const RENEWED_AGAIN_AFTER: Duration = Duration::from_secs(30);
/// How long credentials are used that do not say when they end.
const READ_AGAIN_AFTER: Duration = Duration::from_secs(15 * 60);
/// How long before their end they count as ended: a call has to arrive with them.
const ENDED_BEFORE: Duration = Duration::from_secs(5);

/// Where credentials come from.
#[derive(Clone)]
pub(super) enum Source {
    /// Given by hand: tests only.
    Given(SharedCredentialsProvider),
    /// A profile by name is that profile or nothing. The default chain would prefer the keys in the environment, and take
    /// the machine's own role for a misspelt name: another account.
    Profile {
        /// Its name.
        name: String,
        /// The region of its own calls.
        home: Region,
    },
    /// What the environment, the configuration files and the machine have to give.
    Ambient {
        /// The region of its own calls.
        home: Region,
    },
}

impl Source {
    /// Reads them anew. `turn` counts the readings that brought none: each goes to the STS of another region.
    async fn read(&self, times: Timeouts, turn: usize) -> Result<Credentials, CredentialsError> {
        match self {
            Self::Given(given) => given.provide_credentials().await,
            Self::Profile { name, home } => {
                let here = ProviderConfig::without_region().with_region(Some(region_at(home, turn)));
                let provider =
                    ProfileFileCredentialsProvider::builder().configure(&here).profile_name(name).build();
                provider.provide_credentials().await
            }
            Self::Ambient { home } => {
                let imds = aws_config::imds::Client::builder()
                    .connect_timeout(times.metadata)
                    .read_timeout(times.metadata)
                    .operation_attempt_timeout(times.metadata)
                    .operation_timeout(times.metadata * 2)
                    .max_attempts(1)
                    .build();
                let chain =
                    DefaultCredentialsChain::builder().imds_client(imds).region(region_at(home, turn));
                chain.build().await.provide_credentials().await
            }
        }
    }
}

/// The region whose STS a reading asks: the profile's own, then others of its partition, so that no single region's
/// trouble costs the credentials.
fn region_at(home: &Region, turn: usize) -> Region {
    let others: &[&'static str] = match place::Region::new(home.as_ref()).partition() {
        Partition::Aws => &["us-east-1", "us-west-2", "eu-west-1"],
        Partition::China => &["cn-north-1", "cn-northwest-1"],
        Partition::GovCloud => &["us-gov-west-1", "us-gov-east-1"],
        Partition::EuropeanSovereign => &[],
    };
    let mut ring = vec![home.clone()];
    ring.extend(others.iter().filter(|code| **code != home.as_ref()).map(|code| Region::from_static(code)));
    ring[turn % ring.len()].clone()
}

/// Credentials that are kept; clones share them.
#[derive(Clone)]
pub(super) struct Keeper(Arc<Inner>);

struct Inner {
    source: Source,
    times: Timeouts,
    kept: Mutex<Kept>,
    /// Held while they are read.
    reading: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Kept {
    credentials: Option<(Credentials, SystemTime)>,
    /// When they were last tried to be read.
    tried: Option<SystemTime>,
    /// Why that failed, if it did.
    failure: Option<Fault>,
    /// Readings so far, and those of them that brought nothing.
    readings: u64,
    /// How often they were others than before.
    generation: u64,
    misses: usize,
    /// AWS does not take what is kept.
    refused: bool,
}

/// What there is at a moment.
enum AtHand {
    Fresh(Credentials),
    /// Good, and due to be renewed.
    Due(Credentials),
    Nothing,
}

impl Kept {
    fn at(&mut self, now: SystemTime) -> AtHand {
        let Some((credentials, read)) = self.credentials.as_ref().filter(|_| !self.refused) else {
            return AtHand::Nothing;
        };
        let since = |then: SystemTime| now.duration_since(then).unwrap_or_default();
        let tried_lately = self.tried.is_some_and(|tried| since(tried) < RENEWED_AGAIN_AFTER);
        let due = match credentials.expiry() {
            None => since(*read) >= READ_AGAIN_AFTER,
            Some(end) => {
                let left = end.duration_since(now).unwrap_or_default();
                if left <= ENDED_BEFORE {
                    return AtHand::Nothing;
                }
                let life = end.duration_since(*read).unwrap_or_default();
                left <= RENEWED_BEFORE.min(life / 3)
            }
        };
        let credentials = credentials.clone();
        if due && !tried_lately {
            // For whoever asks while it is tried.
            self.tried = Some(now);
            AtHand::Due(credentials)
        } else {
            AtHand::Fresh(credentials)
        }
    }
}

impl fmt::Debug for Keeper {
    /// That there are some: nothing of what they are.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("has_credentials", &self.kept().credentials.is_some()).finish()
    }
}

impl Keeper {
    pub(super) fn new(source: Source, times: Timeouts) -> Self {
        let reading = tokio::sync::Mutex::new(());
        Self(Arc::new(Inner { source, times, kept: Mutex::default(), reading }))
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What there is to say of the credentials at hand. Asks nobody.
    pub(super) fn access(&self) -> Access {
        let kept = self.kept();
        let end = kept.credentials.as_ref().and_then(|(credentials, _)| credentials.expiry());
        Access {
            expires: end.and_then(|at| Timestamp::try_from(at).ok()),
            generation: kept.generation,
            renewal: kept.failure.clone(),
            clock_ahead_s: None,
        }
    }

    /// How often they were read: tells apart those that a call was made with.
    pub(super) fn readings(&self) -> u64 {
        self.kept().readings
    }

    /// AWS did not take those of that reading: they are read anew for the next call.
    pub(super) fn refuse(&self, readings: u64) {
        let mut kept = self.kept();
        // A call that began before the first reading was made with what that one brought.
        kept.refused |= kept.readings == readings.max(1);
    }

    async fn provide(&self) -> Result<Credentials, CredentialsError> {
        let at_hand = self.kept().at(machine_time());
        match at_hand {
            AtHand::Fresh(credentials) => Ok(credentials),
            AtHand::Due(credentials) => {
                let keeper = self.clone();
                tokio::spawn(async move { keeper.read().await });
                Ok(credentials)
            }
            AtHand::Nothing => {
                self.read().await.map_err(|fault| CredentialsError::provider_error(Unread(fault)))
            }
        }
    }

    /// Reads them, once for all who wait.
    async fn read(&self) -> Result<Credentials, Fault> {
        let before = self.kept().readings;
        let _reading = self.0.reading.lock().await;
        let turn = {
            let kept = self.kept();
            if kept.readings != before {
                // Somebody else just did.
                return match (&kept.failure, &kept.credentials) {
                    (None, Some((credentials, _))) => Ok(credentials.clone()),
                    (Some(fault), _) => Err(fault.clone()),
                    (None, None) => Err(Fault::CredentialsMissing { detail: "none were read".into() }),
                };
            }
            kept.misses
        };
        // Shorter than an attempt, or missing credentials would look like a service that does not answer.
        let limit = self.0.times.attempt.mul_f32(0.8);
        let reading = Box::pin(self.0.source.read(self.0.times, turn));
        let result = match tokio::time::timeout(limit, reading).await {
            Ok(Ok(credentials)) => Ok(credentials),
            Ok(Err(error)) => Err(unread(&error)),
            Err(_) => Err(Fault::CredentialsMissing {
                detail: format!("what gives the profile its credentials is silent for {limit:?}"),
            }),
        };
        let mut kept = self.kept();
        let now = machine_time();
        kept.readings += 1;
        kept.tried = Some(now);
        match &result {
            Ok(credentials) => {
                let id = |c: &Credentials| c.access_key_id().to_owned();
                let before = kept.credentials.as_ref().map(|(before, _)| id(before));
                kept.generation += u64::from(before != Some(id(credentials)));
                kept.credentials = Some((credentials.clone(), now));
                kept.failure = None;
                kept.misses = 0;
                kept.refused = false;
            }
            Err(fault) => {
                kept.failure = Some(fault.clone());
                kept.misses += 1;
            }
        }
        result
    }
}

impl ProvideCredentials for Keeper {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.provide())
    }
}

/// Why there are no credentials, on its way through the SDK.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unread(pub(super) Fault);

#[cfg(test)]
mod tests;
