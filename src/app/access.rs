//! What the operator must know of the credentials and the clock before AWS begins to refuse: how long, and how far off.
//!
//! Pure; what is known arrives as messages beside the answers. The screen and the command line read it here.

use super::App;
use crate::incident::access::{SKEW_REFUSED_S, SKEW_TOLD_S};
use crate::incident::fault::Fault;
use crate::incident::place::Profile;
use jiff::Timestamp;

/// Seconds left from which one has to think of a new login.
const SOON_S: i64 = 15 * 60;
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
        let ahead =
            self.accesses.values().filter_map(|access| access.clock_ahead_s).max_by_key(|s| s.abs())?;
        match ahead.abs() {
            ..SKEW_TOLD_S => None,
            SKEW_TOLD_S..SKEW_REFUSED_S => Some((ahead, Urgency::Soon)),
            SKEW_REFUSED_S.. => Some((ahead, Urgency::Now)),
        }
    }
}
