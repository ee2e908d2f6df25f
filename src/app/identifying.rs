//! Whose credentials a profile holds: asked of regional STS beside the sweeps, which never wait for it.
//!
//! Until STS answers an account is called by its profile's name. A region's STS that is dark is asked once; then the
//! next region's.

use super::App;
use super::message::{Effect, Ticket};
use super::sweeping::{BACK_OFF_MOST_S, BACK_OFF_S};
use crate::incident::entry::Body;
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Profile};
use crate::incident::request::{Answer, Query};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The questions in flight, and when each profile is asked next.
#[derive(Debug, Clone, Default)]
pub(super) struct Identifying {
    in_flight: BTreeMap<Ticket, Profile>,
    due: BTreeMap<Profile, Timestamp>,
    /// How often STS did not say whose a profile is; each time another region's is asked next.
    misses: BTreeMap<Profile, usize>,
}

impl Identifying {
    /// Forgets what is in flight.
    pub(super) fn forget(&mut self) {
        self.in_flight.clear();
    }
}

impl App {
    pub(super) fn ask_identities(&mut self, effects: &mut Vec<Effect>) {
        let profiles: Vec<Profile> = self.opening.profiles.clone();
        let regions = self.opening.regions.clone();
        for (at, profile) in profiles.into_iter().enumerate() {
            let asked = self.identifying.in_flight.values().any(|p| *p == profile);
            let due = self.identifying.due.get(&profile).is_none_or(|at| *at <= self.now);
            let known = self.accounts.get(at).is_some_and(|(account, _)| account.is_verified());
            if asked || !due || known {
                continue;
            }
            // The first region may be the very one that is dark.
            let misses = self.identifying.misses.get(&profile).copied().unwrap_or_default();
            let Some(region) = regions.get(misses % regions.len().max(1)) else { return };
            let ticket = self.ticket();
            self.identifying.in_flight.insert(ticket, profile.clone());
            let query = Query::Identity { profile: profile.clone(), region: region.0.clone() };
            effects.push(Effect::Ask(ticket, profile, query));
        }
    }

    /// Takes an answer if it is an identity's; gives it back otherwise.
    pub(super) fn identified(
        &mut self,
        ticket: Ticket,
        result: Result<Answer, Fault>,
        effects: &mut Vec<Effect>,
    ) -> Option<Result<Answer, Fault>> {
        let Some(profile) = self.identifying.in_flight.remove(&ticket) else { return Some(result) };
        match result {
            Ok(Answer::Identity { account, arn }) => {
                self.opening.actor.aws = Some(arn.clone());
                self.record(
                    Body::Identified { profile: profile.clone(), account: account.clone(), arn },
                    effects,
                );
                self.rename_account(&Account::unverified(&profile), &account);
            }
            Ok(_) | Err(_) => {
                let misses = self.identifying.misses.entry(profile.clone()).or_default();
                *misses += 1;
                let all_asked = misses.is_multiple_of(self.opening.regions.len().max(1));
                let pause = if all_asked { BACK_OFF_MOST_S } else { BACK_OFF_S };
                let again = self.now + SignedDuration::from_secs(pause);
                self.identifying.due.insert(profile, again);
            }
        }
        None
    }

    fn rename_account(&mut self, unverified: &Account, account: &Account) {
        for (known, _) in &mut self.accounts {
            if known == unverified {
                *known = account.clone();
            }
        }
        self.budget.rename(unverified, account);
        let schedule = std::mem::take(&mut self.schedule);
        self.schedule = schedule
            .into_iter()
            .map(|(mut place, schedule)| {
                if place.scope.account == *unverified {
                    place.scope.account = account.clone();
                }
                (place, schedule)
            })
            .collect();
        self.leave_to_others(Some(account));
        self.refresh_list();
    }
}
