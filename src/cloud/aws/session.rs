//! Credentials, clients and time-outs: one loaded configuration per profile, one set of clients per profile and region.
//!
//! Nothing here is done before it is needed, and nothing waits on the instance metadata service for long. Credentials that
//! AWS does not accept are read again, so that a login in another window is picked up by itself (`credentials`).

use super::Options;
use super::connections::Connections;
use super::credentials::{Keeper, Source};
use super::skew::Skew;
use super::whole::Whole;
use crate::incident::access::Access;
use crate::incident::fault::Fault;
use crate::incident::place::{Partition, Profile, Scope};
use aws_config::environment::region::EnvironmentVariableRegionProvider;
use aws_config::identity::IdentityCache;
use aws_config::meta::region::RegionProviderChain;
use aws_config::profile::ProfileFileRegionProvider;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::OnceCell;

/// How often a read is tried in all.
pub(super) const READ_ATTEMPTS: u32 = 2;

/// The clients of a profile in a region, each made when first used.
#[derive(Debug)]
pub(super) struct Clients {
    config: SdkConfig,
    skew: Skew,
    /// Whether AWS has taken these credentials in this region.
    accepted: AtomicBool,
    ec2: OnceLock<aws_sdk_ec2::Client>,
    rds: OnceLock<aws_sdk_rds::Client>,
    elb: OnceLock<aws_sdk_elasticloadbalancing::Client>,
    elbv2: OnceLock<aws_sdk_elasticloadbalancingv2::Client>,
    route53: OnceLock<aws_sdk_route53::Client>,
    sts: OnceLock<aws_sdk_sts::Client>,
}

impl Clients {
    fn new(config: SdkConfig, skew: Skew) -> Self {
        Self {
            config,
            skew,
            accepted: AtomicBool::new(false),
            ec2: OnceLock::new(),
            rds: OnceLock::new(),
            elb: OnceLock::new(),
            elbv2: OnceLock::new(),
            route53: OnceLock::new(),
            sts: OnceLock::new(),
        }
    }

    pub(super) fn ec2(&self) -> &aws_sdk_ec2::Client {
        self.ec2.get_or_init(|| {
            let config = aws_sdk_ec2::config::Builder::from(&self.config);
            let config = config.interceptor(Whole).interceptor(self.skew.clone());
            aws_sdk_ec2::Client::from_conf(config.build())
        })
    }

    pub(super) fn rds(&self) -> &aws_sdk_rds::Client {
        self.rds.get_or_init(|| {
            let config = aws_sdk_rds::config::Builder::from(&self.config);
            let config = config.interceptor(Whole).interceptor(self.skew.clone());
            aws_sdk_rds::Client::from_conf(config.build())
        })
    }

    pub(super) fn elb(&self) -> &aws_sdk_elasticloadbalancing::Client {
        self.elb.get_or_init(|| {
            let config = aws_sdk_elasticloadbalancing::config::Builder::from(&self.config);
            let config = config.interceptor(Whole).interceptor(self.skew.clone());
            aws_sdk_elasticloadbalancing::Client::from_conf(config.build())
        })
    }

    pub(super) fn elbv2(&self) -> &aws_sdk_elasticloadbalancingv2::Client {
        self.elbv2.get_or_init(|| {
            let config = aws_sdk_elasticloadbalancingv2::config::Builder::from(&self.config);
            let config = config.interceptor(Whole).interceptor(self.skew.clone());
            aws_sdk_elasticloadbalancingv2::Client::from_conf(config.build())
        })
    }

    pub(super) fn route53(&self) -> &aws_sdk_route53::Client {
        self.route53.get_or_init(|| {
            let config = aws_sdk_route53::config::Builder::from(&self.config);
            let config = config.interceptor(Whole).interceptor(self.skew.clone());
            aws_sdk_route53::Client::from_conf(config.build())
        })
    }

    pub(super) fn sts(&self) -> &aws_sdk_sts::Client {
        self.sts.get_or_init(|| {
            let config = aws_sdk_sts::config::Builder::from(&self.config);
            let config = config.interceptor(Whole).interceptor(self.skew.clone());
            aws_sdk_sts::Client::from_conf(config.build())
        })
    }
}

/// A profile as loaded once: its configuration, its credentials, and clients by region.
#[derive(Default)]
struct Loaded {
    base: OnceCell<(SdkConfig, Keeper)>,
    regions: Mutex<HashMap<String, Arc<Clients>>>,
}

/// Every profile that was asked for.
#[derive(Default)]
pub(super) struct Sessions {
    profiles: Mutex<HashMap<Profile, Arc<Loaded>>>,
    skew: Skew,
}

impl fmt::Debug for Sessions {
    /// Profile names only: what is behind them holds credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let profiles = lock(&self.profiles);
        f.debug_set().entries(profiles.keys().map(|p| p.to_string())).finish()
    }
}

/// What a poisoned lock guards is a cache: good to use all the same.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A profile's clients in one region.
pub(super) struct Session {
    loaded: Arc<Loaded>,
    keeper: Keeper,
    /// Which reading of the credentials there was when it began.
    readings: u64,
    /// The clients.
    pub(super) clients: Arc<Clients>,
}

impl Sessions {
    /// The clients of a profile in a region (a code that an endpoint can be made of).
    pub(super) async fn get(&self, options: &Options, profile: &Profile, region: &str) -> Session {
        let loaded = Arc::clone(lock(&self.profiles).entry(profile.clone()).or_default());
        let (config, keeper) = loaded.base.get_or_init(|| Box::pin(load(options, profile))).await;
        let keeper = keeper.clone();
        let clients = Arc::clone(lock(&loaded.regions).entry(region.to_owned()).or_insert_with(|| {
            let here = config.to_builder().region(Region::new(region.to_owned()));
            Arc::new(Clients::new(here.build(), self.skew.clone()))
        }));
        Session { readings: keeper.readings(), keeper, loaded, clients }
    }

    /// How a profile has access, as far as is known here.
    pub(super) fn access(&self, profile: &Profile) -> Access {
        let keeper = lock(&self.profiles).get(profile).and_then(|loaded| Some(loaded.base.get()?.1.clone()));
        let access = keeper.map(|keeper| keeper.access()).unwrap_or_default();
        Access { clock_ahead_s: self.skew.ahead_s(), ..access }
    }
}

impl Session {
    /// Remembers where credentials were accepted.
    pub(super) fn accepted(&self) {
        self.clients.accepted.store(true, Ordering::Relaxed);
    }

    /// Has credentials read anew if AWS does not accept them any more.
    pub(super) fn refused(&self, fault: &Fault) {
        let here = self.clients.accepted.load(Ordering::Relaxed);
        let anywhere =
            lock(&self.loaded.regions).values().any(|clients| clients.accepted.load(Ordering::Relaxed));
        let again = match fault {
            Fault::CredentialsExpired { .. } => true,
            // A region that the account has not enabled refuses good keys too, at every sweep.
            Fault::CredentialsRefused { .. } => here || !anywhere,
            // Where there are none they are looked for at every call.
            Fault::CredentialsMissing { .. }
            | Fault::Dark { .. }
            | Fault::TimedOut { .. }
            | Fault::Reset { .. }
            | Fault::CutShort { .. }
            | Fault::Html { .. }
            | Fault::ClockSkewed { .. }
            | Fault::Garbled { .. }
            | Fault::Server { .. }
            | Fault::Throttled { .. }
            | Fault::Denied { .. }
            | Fault::Refused { .. }
            | Fault::Unaskable { .. } => false,
        };
        if again {
            self.keeper.refuse(self.readings);
        }
    }
}

/// Reads the environment and the AWS configuration files for a profile. No network but what its credentials need, and
/// that only when the first call is made.
async fn load(options: &Options, profile: &Profile) -> (SdkConfig, Keeper) {
    let name = (!profile.is_ambient()).then(|| profile.0.clone());
    // The region of the credentials' own calls (assume role, SSO). Without this the SDK asks the metadata service.
    let mut file = ProfileFileRegionProvider::builder();
    if let Some(name) = &name {
        file = file.profile_name(name);
    }
    let environment = EnvironmentVariableRegionProvider::new();
    let home = RegionProviderChain::first_try(environment).or_else(file.build()).region().await;
    let times = &options.timeouts;
    let home = home.unwrap_or(Region::from_static("us-east-1"));
    let source = match (&options.credentials, &name) {
        (Some(given), _) => Source::Given(given.clone()),
        (None, Some(name)) => Source::Profile { name: name.clone(), home: home.clone() },
        (None, None) => Source::Ambient { home: home.clone() },
    };
    let keeper = Keeper::new(source, *times);
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(home)
        .http_client(Connections::default())
        .credentials_provider(keeper.clone())
        // The keeper keeps them: longer than the SDK would, and through the trouble of whoever gives them out.
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::standard().with_max_attempts(READ_ATTEMPTS))
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(times.connect)
                .read_timeout(times.attempt)
                .operation_attempt_timeout(times.attempt)
                .operation_timeout(times.operation)
                .build(),
        );
    if let Some(name) = name {
        loader = loader.profile_name(name);
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    (loader.load().await, keeper)
}

/// The time-outs and retries of a call that changes something: one attempt, with the whole time for it.
pub(super) fn once(options: &Options) -> (RetryConfig, TimeoutConfig) {
    let times = &options.timeouts;
    (
        RetryConfig::disabled(),
        TimeoutConfig::builder()
            .connect_timeout(times.connect)
            .read_timeout(times.operation)
            .operation_attempt_timeout(times.operation)
            .operation_timeout(times.operation)
            .build(),
    )
}

/// The region that signs for a scope: its own, or where its partition keeps Route 53's control plane.
pub(super) fn signing_region(scope: &Scope) -> &str {
    if !scope.region.is_global() {
        return &scope.region.0;
    }
    match scope.partition {
        Partition::Aws => "us-east-1",
        Partition::China => "cn-northwest-1",
        Partition::GovCloud => "us-gov-west-1",
        Partition::EuropeanSovereign => "eusc-de-east-1",
    }
}
