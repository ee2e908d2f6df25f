//! Whose credentials a profile holds: asked of regional STS beside the sweeps, which never wait for it.
//!
//! Until STS answers a profile is taken for the account that it was last, by what the logbook knows; where it knows
//! nothing, the account is called by its profile's name. A presumption is marked wherever the account is named, and nothing is
//! done in an account by it that these credentials have not read themselves. A region's STS that is dark is asked once; then the
//! next region's. Credentials that were read anew may be another account's, so STS is asked again beside everything else; where
//! they are, that account is not asked for rows under the first one's name, and nothing is done with them.

use super::App;
use super::message::{Effect, Ticket};
use super::sweeping::{BACK_OFF_IN_SIGHT_MOST_S, BACK_OFF_MOST_S, BACK_OFF_S};
use crate::incident::Presumption;
use crate::incident::access::Access;
use crate::incident::cell::{SweepStatus, TOLD_AFTER_S};
use crate::incident::entry::{Body, Mode};
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Place, Profile, Region};
use crate::incident::plan::Refusal;
use crate::incident::request::{Answer, Query};
use crate::incident::story::{Tone, wrong_presumption};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// The questions in flight, and when each profile is asked next.
#[derive(Debug, Clone, Default)]
pub(super) struct Identifying {
    /// Whose, and when it was asked.
    in_flight: BTreeMap<Ticket, (Profile, Timestamp)>,
    /// What profiles are taken for that STS has not named yet.
    presumed: BTreeMap<Profile, Presumption>,
    due: BTreeMap<Profile, Timestamp>,
    /// How often STS did not say whose a profile is; each time another region's is asked next.
    misses: BTreeMap<Profile, usize>,
    /// Profiles that nothing is known of and STS does not name: since when, and why it did not when it was asked last.
    unnamed: BTreeMap<Profile, (Timestamp, Fault)>,
    /// Profiles whose credentials were read anew since STS said whose they are.
    unsure: BTreeSet<Profile>,
    /// Profiles whose credentials are another account's by now.
    astray: BTreeMap<Profile, Account>,
}

impl Identifying {
    /// What is not known is asked again at the next tick.
    pub(super) fn all_at_once(&mut self) {
        self.due.clear();
    }

    /// Forgets what is in flight.
    pub(super) fn forget(&mut self) {
        self.in_flight.clear();
    }
}

/// How far an account is known to be that of the credentials at hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// STS said so, in this session.
    Verified,
    /// STS said so before.
    Presumed,
    /// Nobody said which account it is.
    Unknown,
}

impl Standing {
    /// The word for scripts.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Presumed => "presumed",
            Self::Unknown => "unknown",
        }
    }
}

impl App {
    // --- what is presumed ---

    /// Takes profiles for what the logbook knows them to have been last. Before the start: nothing was asked yet.
    pub(super) fn presume(&mut self) {
        if self.replay.is_some() || self.next_seq > 0 {
            return;
        }
        for at in 0..self.accounts.len() {
            let Some((called, profile)) = self.accounts.get(at).cloned() else { continue };
            let presumed = self.identifying.presumed.get(&profile).map(|known| &known.account);
            if called.is_verified() && presumed != Some(&called) {
                continue;
            }
            let Some(presumption) = self.incident.last_identity(&profile, &self.opening.actor) else {
                continue;
            };
            if let Some(slot) = self.accounts.get_mut(at) {
                slot.0 = presumption.account.clone();
            }
            self.identifying.presumed.insert(profile, presumption);
        }
        self.plan_places();
    }

    /// Tells the strand what is presumed, before anything that was read by it.
    pub(super) fn tell_presumptions(&mut self, effects: &mut Vec<Effect>) {
        for (profile, presumed) in self.identifying.presumed.clone() {
            self.tell_presumption(&profile, presumed, None, effects);
        }
    }

    fn tell_presumption(
        &mut self,
        profile: &Profile,
        presumed: Presumption,
        error: Option<Fault>,
        effects: &mut Vec<Effect>,
    ) {
        let Presumption { account, said, to, .. } = presumed;
        self.record(Body::Presumed { profile: profile.clone(), account, said, to, error }, effects);
    }

    /// Whether the account of any profile is only presumed.
    pub(super) fn presumes(&self) -> bool {
        !self.identifying.presumed.is_empty()
    }

    /// What an account is presumed by, if it is.
    #[must_use]
    pub fn presumption(&self, account: &Account) -> Option<(&Profile, &Presumption)> {
        let verified = |profile: &Profile| !self.identifying.presumed.contains_key(profile);
        if self.accounts.iter().any(|(of, profile)| of == account && verified(profile)) {
            return None;
        }
        self.identifying.presumed.iter().find(|(_, presumed)| presumed.account == *account)
    }

    /// How far an account is known to be that of the credentials at hand; of those of the log, in a replay.
    #[must_use]
    pub fn account_standing(&self, account: &Account) -> Standing {
        let presumed = match self.replay {
            Some(_) => self.incident.is_presumed_by_all(account),
            None => self.presumption(account).is_some(),
        };
        match (account.is_verified(), presumed) {
            (false, _) => Standing::Unknown,
            (true, true) => Standing::Presumed,
            (true, false) => Standing::Verified,
        }
    }

    /// An account as it is named on a screen: its number, and whether that is presumed.
    #[must_use]
    pub fn account_words(&self, account: &Account) -> String {
        match self.account_standing(account) {
            Standing::Verified | Standing::Unknown => account.to_string(),
            Standing::Presumed => format!("{account} (presumed)"),
        }
    }

    /// What this session calls an account in its strand: by its profile, for as long as it is presumed.
    pub(super) fn as_told(&self, account: &Account) -> Account {
        let presumed = self.presumption(account).map(|(profile, _)| Account::unverified(profile));
        presumed.unwrap_or_else(|| account.clone())
    }

    /// The same of a place.
    pub(super) fn place_as_told(&self, place: &Place) -> Place {
        let mut place = place.clone();
        place.scope.account = self.as_told(&place.scope.account);
        place
    }

    /// An entry as it stands in our strand.
    pub(super) fn body_as_told(&self, mut body: Body) -> Body {
        for (profile, presumed) in &self.identifying.presumed {
            if self.presumption(&presumed.account).is_some_and(|(of, _)| of == profile) {
                body.rename_account(&presumed.account, &Account::unverified(profile));
            }
        }
        body
    }

    // --- what is asked ---

    pub(super) fn ask_identities(&mut self, effects: &mut Vec<Effect>) {
        let profiles: Vec<Profile> = self.opening.profiles.clone();
        for (at, profile) in profiles.into_iter().enumerate() {
            let asked = self.identifying.in_flight.values().any(|(of, _)| *of == profile);
            let due = self.identifying.due.get(&profile).is_none_or(|at| *at <= self.now);
            let presumed = self.identifying.presumed.contains_key(&profile);
            let known = !presumed && self.accounts.get(at).is_some_and(|(account, _)| account.is_verified());
            if asked || !due || (known && !self.identifying.unsure.contains(&profile)) {
                continue;
            }
            let Some(region) = self.sts_to_ask(&profile) else { return };
            let ticket = self.ticket();
            self.identifying.in_flight.insert(ticket, (profile.clone(), self.now));
            let query = Query::Identity { profile: profile.clone(), region: region.0.to_string() };
            effects.push(Effect::Ask(ticket, profile, query));
        }
    }

    /// Whose STS is asked next. The first region may be the very one that is dark: those where anything answers come first.
    fn sts_to_ask(&self, profile: &Profile) -> Option<Region> {
        let answers = |region: &Region| {
            self.schedule.keys().any(|place| {
                place.scope.region == *region
                    && self.profile_of(&place.scope.account).as_ref() == Some(profile)
                    && self
                        .incident
                        .cells
                        .get(place)
                        .is_some_and(|cell| cell.is_ok() && cell.last_attempt >= self.started)
            })
        };
        let (mut regions, silent): (Vec<&Region>, Vec<&Region>) =
            self.opening.regions.iter().partition(|region| answers(region));
        regions.extend(silent);
        let misses = self.identifying.misses.get(profile).copied().unwrap_or_default();
        regions.get(misses % regions.len().max(1)).copied().cloned()
    }

    /// A cell is back: so may the STS be that did not say whose its account is.
    pub(super) fn ask_identity_again(&mut self, place: &Place) {
        if let Some(profile) = self.profile_of(&place.scope.account) {
            self.identifying.due.remove(&profile);
        }
    }

    /// Tells the story of every profile that STS has not named for a minute and that nothing else is known of.
    pub(super) fn tell_unidentified(&mut self, effects: &mut Vec<Effect>) {
        let session = &self.opening.session;
        let told =
            |profile: &Profile| self.incident.unidentified.contains_key(&(session.clone(), profile.clone()));
        let due = self.identifying.unnamed.iter().filter(|(profile, (since, _))| {
            self.now.duration_since(*since).as_secs() >= TOLD_AFTER_S && !told(profile)
        });
        let due: Vec<(Profile, (Timestamp, Fault))> =
            due.map(|(profile, unnamed)| (profile.clone(), unnamed.clone())).collect();
        for (profile, (since, error)) in due {
            self.record(Body::Unidentified { profile, since, error }, effects);
        }
    }

    /// Takes an answer if it is an identity's; gives it back otherwise.
    pub(super) fn identified(
        &mut self,
        ticket: Ticket,
        result: Result<Answer, Fault>,
        effects: &mut Vec<Effect>,
    ) -> Option<Result<Answer, Fault>> {
        let Some((profile, asked)) = self.identifying.in_flight.remove(&ticket) else { return Some(result) };
        let presumed = self.identifying.presumed.get(&profile).cloned();
        let known = self.accounts.iter().find(|(account, of)| *of == profile && account.is_verified());
        let known = known.filter(|_| presumed.is_none());
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
                self.identifying.presumed.remove(&profile);
                self.identifying.unnamed.remove(&profile);
                self.record(
                    Body::Identified { profile: profile.clone(), account: account.clone(), arn },
                    effects,
                );
                match presumed {
                    Some(presumed) if presumed.account == account => {}
                    Some(presumed) => self.correct(&profile, &presumed.account, &account, effects),
                    None => self.rename_account(&Account::unverified(&profile), &account),
                }
            }
            (result @ (Ok(_) | Err(_)), known) => {
                match (result, presumed) {
                    (Err(error), Some(presumed)) if !presumed.told => {
                        if let Some(presumed) = self.identifying.presumed.get_mut(&profile) {
                            presumed.told = true;
                        }
                        self.tell_presumption(&profile, presumed, Some(error), effects);
                    }
                    (Err(error), None) if known.is_none() => {
                        // Nobody said it while the question waited for its time-out either.
                        let since = self.identifying.unnamed.get(&profile).map_or(asked, |(since, _)| *since);
                        self.identifying.unnamed.insert(profile.clone(), (since, error));
                    }
                    (Ok(_) | Err(_), Some(_) | None) => {}
                }
                let misses = self.identifying.misses.entry(profile.clone()).or_default();
                *misses += 1;
                let all_asked = misses.is_multiple_of(self.opening.regions.len().max(1));
                // That an account is only presumed, or not known, is always in sight. Who records has nobody at the screen.
                let pause = match (all_asked, self.opening.mode) {
                    (false, _) => BACK_OFF_S,
                    (true, Mode::Record) => BACK_OFF_MOST_S,
                    (true, Mode::Live | Mode::ReadOnly | Mode::Demo | Mode::Replay) => {
                        BACK_OFF_IN_SIGHT_MOST_S
                    }
                };
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

    /// STS names another account than was presumed. What was read is that one's, and is read again; what was planned by the
    /// presumption is not done.
    fn correct(
        &mut self,
        profile: &Profile,
        presumed: &Account,
        account: &Account,
        effects: &mut Vec<Effect>,
    ) {
        for (known, of) in &mut self.accounts {
            if of == profile {
                known.clone_from(account);
            }
        }
        if !self.accounts.iter().any(|(known, _)| known == presumed) {
            self.move_schedule(presumed, account);
        }
        self.plan_places();
        for schedule in self.schedule.iter_mut().filter(|(place, _)| place.scope.account == *account) {
            schedule.1.left_to = None;
        }
        let sentence = wrong_presumption(profile, presumed, account);
        self.notice(Tone::Bad, sentence.clone());
        self.forget_unsaid();
        self.tell_account_again(account);
        if let Some(action) = self.dialog().map(|dialog| dialog.action.to_string()) {
            self.refuse(Refusal::new(action, sentence, "Look at what is there now, and plan again"), effects);
        }
        self.refresh_list();
    }

    fn rename_account(&mut self, unverified: &Account, account: &Account) {
        for (known, _) in &mut self.accounts {
            if known == unverified {
                *known = account.clone();
            }
        }
        self.move_schedule(unverified, account);
        self.leave_to_others(Some(account));
        self.refresh_list();
    }

    /// Goes on under another name with when cells are asked, and what that has cost.
    fn move_schedule(&mut self, from: &Account, to: &Account) {
        self.budget.rename(from, to);
        let schedule = std::mem::take(&mut self.schedule);
        self.schedule = schedule
            .into_iter()
            .map(|(mut place, schedule)| {
                if place.scope.account == *from {
                    place.scope.account = to.clone();
                }
                (place, schedule)
            })
            .collect();
    }
}

#[cfg(test)]
mod tests;
