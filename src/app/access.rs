//! What the operator must know of the credentials and the clock before AWS begins to refuse: how long, and how far off.
//!
//! Pure; what is known arrives as messages beside the answers. The screen and the command line read it here; what turns is
//! written down, and a replay reads that.

use super::App;
use super::message::Effect;
use crate::incident::access::{SKEW_REFUSED_S, SKEW_TOLD_S};
use crate::incident::cell::Cell;
use crate::incident::entry::{Body, Entry, SessionId};
use crate::incident::fault::Fault;
use crate::incident::place::Profile;
use jiff::Timestamp;

/// Seconds left from which one has to think of a new login.
const SOON_S: i64 = 15 * 60;
/// Milliseconds between two looks at what turned.
const LOOK_EVERY_MS: u64 = 1_000;
/// Seconds that a measured skew must leave a threshold behind before it counts as being on the other side again.
const SKEW_MARGIN_S: i64 = 3;

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
            let told = self.incident.ended_credentials.contains_key(&(session.clone(), profile.clone()));
            let ended = self.credentials_ended(&profile);
            if told != ended.is_some() {
                self.record(Body::Credentials { profile, ended }, effects);
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

    /// When a profile's credentials ended, if they did: by what they say themselves, or by what AWS says to us of them.
    fn credentials_ended(&self, profile: &Profile) -> Option<Timestamp> {
        let access = self.accesses.get(profile).and_then(|access| access.expires);
        if let Some(expires) = access.filter(|expires| *expires <= self.now) {
            return Some(expires);
        }
        let (account, _) = self.accounts.iter().find(|(_, of)| of == profile)?;
        let refused = |cell: &&Cell| {
            cell.by.as_ref() == Some(&self.opening.session)
                && matches!(cell.fault(), Some(Fault::CredentialsExpired { .. }))
        };
        let places = self.schedule.keys().filter(|place| place.scope.account == *account);
        let cells = places.filter_map(|place| self.incident.cells.get(place));
        cells.filter(refused).map(|cell| cell.since).min()
    }
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
