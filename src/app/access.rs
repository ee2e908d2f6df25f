//! What the operator must know of the credentials and the clock before AWS begins to refuse: how long, and how far off.
//!
//! Pure; what is known arrives as messages beside the answers. The screen and the command line read it here; what turns is
//! written down, and a replay reads that.

use super::App;
use super::message::Effect;
use crate::incident::access::{SKEW_REFUSED_S, SKEW_TOLD_S};
use crate::incident::cell::{Cell, TOLD_AFTER_S};
use crate::incident::entry::{Body, Entry, SessionId};
use crate::incident::fault::Fault;
use crate::incident::place::{Place, Profile, Region};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Seconds left from which one has to think of a new login.
const SOON_S: i64 = 15 * 60;
/// Milliseconds between two looks at what turned.
const LOOK_EVERY_MS: u64 = 1_000;
/// Seconds that a measured skew must leave a threshold behind before it counts as being on the other side again.
const SKEW_MARGIN_S: i64 = 3;
/// Seconds for which credentials must be both refused and taken to be refused by somebody alone.
const BOTH_AT_ONCE_S: i64 = 20;

/// Seconds left from which it has to happen now.
const NOW_S: i64 = 5 * 60;

/// How much something presses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// It does not.
    Calm,
    /// It will.
    Soon,
    /// It does.
    Now,
    /// It is too late.
    Over,
}

/// How long the credentials of a profile last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CredentialsLeft {
    /// Whose.
    pub profile: Profile,
    /// When they end.
    pub expires: Timestamp,
    /// Seconds until then; below zero they have ended.
    pub seconds: i64,
    /// How much that presses.
    pub urgency: Urgency,
    /// Why they could not be renewed, when that was last tried.
    pub renewal: Option<Fault>,
}

impl App {
    /// How long each profile's credentials last, where they end: the shortest first.
    #[must_use]
    pub fn credentials_left(&self) -> Vec<CredentialsLeft> {
        if self.replay.is_some() {
            return self.credentials_told();
        }
        let mut all: Vec<CredentialsLeft> = self
            .accesses
            .iter()
            .filter_map(|(profile, access)| {
                let expires = access.expires?;
                let seconds = expires.duration_since(self.now).as_secs();
                let urgency = match seconds {
                    ..=0 => Urgency::Over,
                    1..NOW_S => Urgency::Now,
                    NOW_S..SOON_S => Urgency::Soon,
                    SOON_S.. => Urgency::Calm,
                };
                let renewal = access.renewal.clone();
                Some(CredentialsLeft { profile: profile.clone(), expires, seconds, urgency, renewal })
            })
            .collect();
        all.sort_by_key(|left| left.seconds);
        all
    }

    /// Seconds that this machine's clock is ahead of AWS's (negative: behind), once that is more than a few, and how much
    /// it presses.
    #[must_use]
    pub fn clock_ahead(&self) -> Option<(i64, Urgency)> {
        let ahead = if self.replay.is_some() {
            let there = self.incident.skews.iter().filter(|(session, _)| self.is_there(session));
            there.map(|(_, (_, ahead))| *ahead).max_by_key(|ahead| ahead.abs())
        } else {
            self.clock_measured()
        }?;
        match ahead.abs() {
            ..SKEW_TOLD_S => None,
            SKEW_TOLD_S..SKEW_REFUSED_S => Some((ahead, Urgency::Soon)),
            SKEW_REFUSED_S.. => Some((ahead, Urgency::Now)),
        }
    }

    /// The largest skew that was measured, in seconds ahead of AWS's clock.
    fn clock_measured(&self) -> Option<i64> {
        self.accesses.values().filter_map(|access| access.clock_ahead_s).max_by_key(|s| s.abs())
    }

    fn is_there(&self, session: &SessionId) -> bool {
        self.incident.sessions.get(session).is_some_and(|presence| presence.left.is_none())
    }

    /// Credentials that the log says have ended.
    fn credentials_told(&self) -> Vec<CredentialsLeft> {
        let ended = self.incident.ended_credentials.iter();
        ended
            .filter(|((session, _), _)| self.is_there(session))
            .map(|((_, profile), at)| CredentialsLeft {
                profile: profile.clone(),
                expires: *at,
                seconds: at.duration_since(self.now).as_secs(),
                urgency: Urgency::Over,
                renewal: None,
            })
            .collect()
    }

    /// Writes down what turned: credentials that ended or are valid again, a clock that is off or right again.
    pub(super) fn note_access(&mut self, effects: &mut Vec<Effect>) {
        if self.mono_ms < self.access_due_ms {
            return;
        }
        self.access_due_ms = self.mono_ms + LOOK_EVERY_MS;
        let session = self.opening.session.clone();
        // Several cockpits of a machine have one clock: one of them says it, and takes it back.
        let own = self.incident.skews.get(&session).map(|(_, ahead)| *ahead);
        let told = own.or_else(|| self.skew_told_beside());
        match self.clock_measured().and_then(|ahead| skew_turned(told, ahead)) {
            Some(None) if own.is_none() => {}
            Some(ahead_s) => {
                self.record(Body::Skew { ahead_s }, effects);
            }
            None => {}
        }
        for profile in self.opening.profiles.clone() {
            let whose = (session.clone(), profile.clone());
            let ended = self.incident.ended_credentials.contains_key(&whose);
            let alone = self.incident.refusing_regions.contains_key(&whose);
            let news = match self.credentials_said(&profile) {
                CredentialsSaid::Undecided => None,
                CredentialsSaid::Valid => (ended || alone).then(|| (None, Vec::new(), false)),
                CredentialsSaid::Ended { at, by } => (!ended).then_some((Some(at), by, false)),
                CredentialsSaid::RefusedAlone { at, by } => (!alone).then_some((Some(at), by, true)),
            };
            if let Some((ended, regions, taken_elsewhere)) = news {
                self.record(Body::Credentials { profile, ended, regions, taken_elsewhere }, effects);
            }
        }
    }

    /// The skew of this machine's clock as another cockpit on it says.
    fn skew_told_beside(&self) -> Option<i64> {
        let here = |session: &SessionId| {
            let host = self.incident.sessions.get(session).map(|presence| &presence.actor.host);
            host == Some(&self.opening.actor.host) && self.is_there(session)
        };
        let beside = self.incident.skews.iter().filter(|(session, _)| here(session));
        beside.map(|(_, (_, ahead))| *ahead).next()
    }

    /// Another cockpit on this machine measured its clock. Who leaves the reading to that one measures nothing newer.
    pub(super) fn heed_skews(&mut self, entries: &[Entry]) {
        for entry in entries.iter().filter(|entry| entry.actor.host == self.opening.actor.host) {
            if let Body::Skew { ahead_s } = &entry.body {
                for access in self.accesses.values_mut() {
                    access.clock_ahead_s = Some(ahead_s.unwrap_or_default());
                }
            }
        }
    }

    /// What is to be believed of a profile's credentials: by what they say themselves, or by what AWS says to us of them.
    ///
    /// A refusal may be one region's own fault, so the others are heard first, those that read them with the same
    /// credentials included.
    fn credentials_said(&self, profile: &Profile) -> CredentialsSaid {
        let expires = self.accesses.get(profile).and_then(|access| access.expires);
        if let Some(at) = expires.filter(|expires| *expires <= self.now) {
            return CredentialsSaid::Ended { at, by: Vec::new() };
        }
        let Some((account, _)) = self.accounts.iter().find(|(_, of)| of == profile) else {
            return CredentialsSaid::Valid;
        };
        let places: Vec<&Place> =
            self.schedule.keys().filter(|place| place.scope.account == *account).collect();
        let read = |place: &&Place| {
            let cell = self.incident.cells.get(*place)?;
            self.reads_as_we(cell.by.as_ref()?).then_some((place.scope.region.clone(), cell))
        };
        let cells: Vec<(Region, &Cell)> = places.iter().filter_map(read).collect();
        let refuses = |cell: &Cell| matches!(cell.fault(), Some(Fault::CredentialsExpired { .. }));
        let refusing: Vec<&(Region, &Cell)> = cells.iter().filter(|(_, cell)| refuses(cell)).collect();
        let Some(at) = refusing.iter().map(|(_, cell)| cell.since).min() else {
            return CredentialsSaid::Valid;
        };
        let regions_of = |cells: &[&(Region, &Cell)]| -> BTreeSet<Region> {
            cells.iter().map(|(region, _)| region.clone()).collect()
        };
        let words = |regions: BTreeSet<Region>| -> Vec<String> {
            regions.iter().map(|region| word_of(region).to_owned()).collect()
        };
        // Both at once: at their end, and after a login, one turns after the other.
        let overlap = SignedDuration::from_secs(BOTH_AT_ONCE_S);
        let at_once = |taking: &Cell, refusing: &Cell| {
            taking.is_ok()
                && taking.last_ok.is_some_and(|read| read >= refusing.since + overlap)
                && refusing.last_attempt >= taking.since + overlap
        };
        let contradicted: Vec<&(Region, &Cell)> = refusing
            .iter()
            .filter(|(_, refusing)| cells.iter().any(|(_, taking)| at_once(taking, refusing)))
            .copied()
            .collect();
        if !contradicted.is_empty() {
            return CredentialsSaid::RefusedAlone { at, by: words(regions_of(&contradicted)) };
        }
        let by = regions_of(&refusing);
        let several = self.opening.regions.len() > 1;
        let all_regions = several && self.opening.regions.iter().all(|region| by.contains(region));
        if all_regions || refusing.len() == places.len() {
            return CredentialsSaid::Ended { at, by: Vec::new() };
        }
        let heard = |place: &Place| {
            by.contains(&place.scope.region)
                || read(&place).is_some_and(|(_, cell)| {
                    cell.last_attempt >= if cell.is_ok() { at + overlap } else { at }
                })
        };
        let waits = self.now.duration_since(at).as_secs() < TOLD_AFTER_S;
        if waits && !places.iter().all(|place| heard(place)) {
            return CredentialsSaid::Undecided;
        }
        CredentialsSaid::Ended { at, by: words(by) }
    }

    /// Whether a session reads with the credentials that we read with: ours, and those of the same user on this machine.
    fn reads_as_we(&self, session: &SessionId) -> bool {
        *session == self.opening.session
            || self.incident.sessions.get(session).is_some_and(|it| {
                let ours = &self.opening.actor;
                it.left.is_none() && (&it.actor.user, &it.actor.host) == (&ours.user, &ours.host)
            })
    }

    /// Whether a region's refusal of our credentials is its own fault: AWS takes them elsewhere.
    #[must_use]
    pub fn is_refused_alone(&self, region: &Region) -> bool {
        let here = |session: &SessionId| *session == self.opening.session || self.replay.is_some();
        let word = word_of(region);
        let refusing = self.incident.refusing_regions.iter().filter(|((session, _), _)| here(session));
        refusing.flat_map(|(_, (_, regions))| regions).any(|said| said == word)
    }
}

/// What a region is called where it refuses credentials.
fn word_of(region: &Region) -> &str {
    if region.is_global() { "route 53" } else { &region.0 }
}

/// What is to be believed of credentials.
enum CredentialsSaid {
    /// Nobody says otherwise.
    Valid,
    /// Somebody says that they have ended, and not everybody who could has been heard.
    Undecided,
    /// They have ended; where not all regions say so, these do.
    Ended { at: Timestamp, by: Vec<String> },
    /// These regions say so, and AWS takes them elsewhere.
    RefusedAlone { at: Timestamp, by: Vec<String> },
}

/// Whether a measured skew is another one than was told, and what it is then: nothing, once the clock is right again.
fn skew_turned(told: Option<i64>, ahead: i64) -> Option<Option<i64>> {
    let size = ahead.abs();
    match told.map(i64::abs) {
        None => (size >= SKEW_TOLD_S).then_some(Some(ahead)),
        Some(_) if size + SKEW_MARGIN_S <= SKEW_TOLD_S => Some(None),
        Some(..SKEW_REFUSED_S) => (size >= SKEW_REFUSED_S).then_some(Some(ahead)),
        Some(SKEW_REFUSED_S..) => (size + SKEW_MARGIN_S <= SKEW_REFUSED_S).then_some(Some(ahead)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skew_near_a_threshold_is_told_once() {
        assert_eq!(skew_turned(None, 4), None);
        assert_eq!(skew_turned(None, -5), Some(Some(-5)));
        for measured in [3, 4, 5, 6, -6, 200] {
            assert_eq!(skew_turned(Some(5), measured), None, "{measured}");
        }
        assert_eq!(skew_turned(Some(5), 2), Some(None));
        assert_eq!(skew_turned(Some(5), 240), Some(Some(240)));
        assert_eq!(skew_turned(Some(240), 238), None);
        assert_eq!(skew_turned(Some(240), 237), Some(Some(237)));
        assert_eq!(skew_turned(Some(240), 0), Some(None));
    }
}
