//! What a scenario does to the world when a moment comes.

use super::state::{Credentials, DbTruth, Refused, Restorable, State, Target, later};
use super::weather::{Facility, Weather};
use jiff::Timestamp;
use serde::Deserialize;
use std::net::IpAddr;

/// A change to what AWS says instead of the truth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClaimChange {
    /// As it was.
    Keep,
    /// The truth from now on.
    Truth,
    /// This word, whatever is true.
    Say(String),
}

impl ClaimChange {
    fn apply(&self, to: &mut Option<String>) {
        match self {
            Self::Keep => {}
            Self::Truth => *to = None,
            Self::Say(word) => *to = Some(word.clone()),
        }
    }
}

/// A change to how far a database's log reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RestorableChange {
    /// It stops where it is.
    Freeze,
    /// As given.
    To(Restorable),
}

/// How the balancers of a region get on with registering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Registering {
    /// What is under way makes no progress.
    Stuck,
    /// Nor does what was in service, which has to be registered anew.
    Lost,
    /// It goes on.
    Moving,
}

/// Something that happens at a moment of the scenario.
#[derive(Debug, Clone)]
pub(super) enum Happening {
    /// An endpoint turns bad, or good again.
    Weather { account: Option<usize>, region: String, facility: Facility, weather: Option<Weather> },
    /// An availability zone is disrupted, or well again: see [`State::zone_weather`].
    ZoneWeather { zone: String, weather: Option<Weather> },
    /// Credentials expire or are renewed.
    Credentials {
        account: usize,
        credentials: Credentials,
        /// Seconds until they end, if they do.
        expires: Option<i64>,
    },
    /// Instances die, come back, or are lied about.
    Machines { ids: Vec<String>, dead: Option<bool>, claim: ClaimChange, checks: ClaimChange },
    /// A balancer stops answering, or answers again.
    Balancer { account: usize, region: String, name: String, dead: bool },
    /// What is said of registrations; of all, where no target is named.
    Registration {
        account: usize,
        region: String,
        under: String,
        targets: Vec<String>,
        claim: ClaimChange,
        reason: Option<String>,
        detail: Option<String>,
    },
    /// A database dies, comes back, is lied about, or its log stops.
    Database {
        account: usize,
        region: String,
        id: String,
        truth: Option<DbTruth>,
        claim: ClaimChange,
        restorable: Option<RestorableChange>,
    },
    /// A web server outside AWS.
    Host { address: IpAddr, dead: bool },
    /// How a region works from now on.
    Pace {
        region: String,
        boot: Option<i64>,
        register: Option<i64>,
        registering: Option<Registering>,
        launch: Option<Option<Refused>>,
        restores: Option<Option<Refused>>,
        cut_off: Option<bool>,
    },
    /// How long DNS changes take from now on.
    InSync(Option<i64>),
}

impl Happening {
    /// Makes it so.
    pub(super) fn apply(&self, at: Timestamp, state: &mut State) {
        match self {
            Self::Weather { account, region, facility, weather } => {
                let key = (*account, region.clone(), *facility);
                match weather {
                    Some(weather) => state.weather.insert(key, weather.clone()),
                    None => state.weather.remove(&key),
                };
            }
            Self::ZoneWeather { zone, weather } => {
                match weather {
                    Some(weather) => state.zone_weather.insert(zone.clone(), weather.clone()),
                    None => state.zone_weather.remove(zone),
                };
            }
            Self::Credentials { account, credentials, expires } => {
                if let Some(principal) = state.accounts.get_mut(*account) {
                    principal.credentials = *credentials;
                    principal.expires = expires.map(|seconds| later(at, seconds));
                }
            }
            Self::Machines { ids, dead, claim, checks } => {
                for id in ids {
                    if let Some(machine) = state.machines.get_mut(id) {
                        machine.dead = dead.unwrap_or(machine.dead);
                        claim.apply(&mut machine.claim);
                        checks.apply(&mut machine.checks_claim);
                    }
                }
            }
            Self::Balancer { account, region, name, dead } => {
                for balancer in &mut state.balancers {
                    if balancer.account == *account && balancer.region == *region && balancer.name == *name {
                        balancer.dead = *dead;
                    }
                }
            }
            Self::Registration { account, region, under, targets, claim, reason, detail } => {
                let classic = state
                    .balancers
                    .iter_mut()
                    .filter(|b| b.account == *account && b.region == *region && b.name == *under)
                    .map(|b| &mut b.targets);
                let groups = state
                    .groups
                    .iter_mut()
                    .filter(|g| g.account == *account && g.region == *region && g.name == *under)
                    .map(|g| &mut g.targets);
                for target in classic.chain(groups).flatten() {
                    if targets.is_empty() || targets.contains(&target.id) {
                        match claim {
                            ClaimChange::Keep => {}
                            ClaimChange::Truth => target.claim = None,
                            ClaimChange::Say(word) => {
                                target.claim = Some((word.clone(), reason.clone(), detail.clone()));
                            }
                        }
                    }
                }
            }
            Self::Database { account, region, id, truth, claim, restorable } => {
                for db in &mut state.databases {
                    if db.account != *account || db.region != *region || db.row.key.id != *id {
                        continue;
                    }
                    db.truth = truth.unwrap_or(db.truth);
                    claim.apply(&mut db.claim);
                    match restorable {
                        None => {}
                        Some(RestorableChange::To(to)) => db.restorable = *to,
                        Some(RestorableChange::Freeze) => {
                            db.restorable =
                                db.latest_restorable(at).map_or(Restorable::Lost, Restorable::Frozen);
                        }
                    }
                }
            }
            Self::Host { address, dead } => {
                for host in &mut state.hosts {
                    if host.address == *address {
                        host.dead = *dead;
                    }
                }
            }
            Self::Pace { region, boot, register, registering, launch, restores, cut_off } => {
                if let Some(pace) = state.paces.get_mut(region) {
                    pace.boot = boot.unwrap_or(pace.boot);
                    pace.register = register.unwrap_or(pace.register);
                    pace.cut_off = cut_off.unwrap_or(pace.cut_off);
                    if let Some(launch) = launch {
                        pace.launch.clone_from(launch);
                    }
                    if let Some(restores) = restores {
                        pace.restores.clone_from(restores);
                    }
                    if let Some(registering) = registering {
                        pace.registering_stuck = *registering != Registering::Moving;
                        let takes = pace.register;
                        re_register(state, region, at, *registering, takes);
                    }
                }
            }
            Self::InSync(seconds) => state.in_sync = *seconds,
        }
    }
}

/// Stops the registrations of a region, throws them out, or lets them go on.
fn re_register(state: &mut State, region: &str, at: Timestamp, registering: Registering, takes: i64) {
    let classic = state.balancers.iter_mut().filter(|b| b.region == region).map(|b| &mut b.targets);
    let groups = state.groups.iter_mut().filter(|g| g.region == region).map(|g| &mut g.targets);
    for Target { ready_at, .. } in classic.chain(groups).flatten() {
        match registering {
            Registering::Stuck if ready_at.is_some_and(|ready| ready > at) => *ready_at = None,
            Registering::Stuck => {}
            Registering::Lost => *ready_at = None,
            Registering::Moving => {
                ready_at.get_or_insert(later(at, takes));
            }
        }
    }
}
