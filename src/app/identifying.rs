//! Whose credentials a profile holds: asked of regional STS beside the sweeps, which never wait for it.
//!
//! Until STS answers an account is called by its profile's name. A region's STS that is dark is asked once; then the
//! next region's. Credentials that were read anew may be another account's, so STS is asked again beside everything else; where
//! they are, that account is not asked for rows under the first one's name, and nothing is done with them.

use super::App;
use super::message::{Effect, Ticket};
use super::sweeping::{BACK_OFF_MOST_S, BACK_OFF_S};
use crate::incident::access::Access;
use crate::incident::cell::SweepStatus;
use crate::incident::entry::Body;
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Place, Profile};
use crate::incident::request::{Answer, Query};
use crate::incident::story::Tone;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The questions in flight, and when each profile is asked next.
#[derive(Debug, Clone, Default)]
pub(super) struct Identifying {
    in_flight: BTreeMap<Ticket, Profile>,
    due: BTreeMap<Profile, Timestamp>,
    /// How often STS did not say whose a profile is; each time another region's is asked next.
    misses: BTreeMap<Profile, usize>,
    /// Profiles whose credentials were read anew since STS said whose they are.
    unsure: BTreeSet<Profile>,
    /// Profiles whose credentials are another account's by now.
    astray: BTreeMap<Profile, Account>,
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
            if asked || !due || (known && !self.identifying.unsure.contains(&profile)) {
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
        let known = self.accounts.iter().find(|(account, of)| *of == profile && account.is_verified());
        match (result, known.map(|(account, _)| account.clone())) {
            (Ok(Answer::Identity { account, .. }), Some(known)) if account == known => {
                self.identifying.unsure.remove(&profile);
                if self.identifying.astray.remove(&profile).is_some() {
                    self.notice(
                        Tone::Good,
                        format!("the credentials of {profile} are account {known}'s again"),
                    );
                    self.refresh_all();
                }
            }
            (Ok(Answer::Identity { account, .. }), Some(known)) => {
                let again = self.now + SignedDuration::from_secs(BACK_OFF_MOST_S);
                self.identifying.due.insert(profile.clone(), again);
                let before = self.identifying.astray.insert(profile.clone(), account.clone());
                if before != Some(account) {
                    self.go_astray(&known, effects);
                }
            }
            (Ok(Answer::Identity { account, arn }), None) => {
                self.opening.actor.aws = Some(arn.clone());
                self.record(
                    Body::Identified { profile: profile.clone(), account: account.clone(), arn },
                    effects,
                );
                self.rename_account(&Account::unverified(&profile), &account);
            }
            (Ok(_) | Err(_), _) => {
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

    /// Takes in how a profile has access; other credentials than before may be another account's.
    pub(super) fn take_access(&mut self, profile: Profile, access: Access) {
        let now = access.generation;
        let before = self.accesses.insert(profile.clone(), access).map_or(0, |access| access.generation);
        if before != 0 && now != before {
            self.identifying.due.remove(&profile);
            self.identifying.unsure.insert(profile);
        }
    }

    /// Whether the credentials of an account were read anew and STS did not say yet that they are still its.
    pub(super) fn is_unsure(&self, account: &Account) -> bool {
        self.accounts.iter().any(|(of, profile)| of == account && self.identifying.unsure.contains(profile))
    }

    /// Whether the credentials that an account was read with are another's by now.
    pub(super) fn is_astray(&self, account: &Account) -> bool {
        self.accounts
            .iter()
            .any(|(of, profile)| of == account && self.identifying.astray.contains_key(profile))
    }

    /// Why nothing may be done, if credentials are another account's than the screen says.
    pub(super) fn astray(&self) -> Option<String> {
        let (profile, now) = self.identifying.astray.first_key_value()?;
        let (known, _) = self.accounts.iter().find(|(_, of)| of == profile)?;
        Some(format!(
            "the credentials of {profile} are now account {now}'s, and the screen shows {known}: log in to {known} again, or restart"
        ))
    }

    /// Says on screen and on record that an account is not read any more.
    fn go_astray(&mut self, account: &Account, effects: &mut Vec<Effect>) {
        let Some(message) = self.astray() else { return };
        self.notice(Tone::Bad, message.clone());
        self.forget_sweeps(account);
        let error = Fault::CredentialsRefused { code: "AnotherAccount".into(), message };
        let places: Vec<Place> =
            self.schedule.keys().filter(|place| place.scope.account == *account).cloned().collect();
        for place in places {
            let status = Some(SweepStatus::Failed { error: error.clone() });
            self.record(Body::Observed { place, status, changed: Vec::new(), gone: Vec::new() }, effects);
        }
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

#[cfg(test)]
mod tests;
