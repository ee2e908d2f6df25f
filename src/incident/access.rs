//! How a profile has access to AWS: until when its credentials hold, and how far this machine's clock is off.
//!
//! Read from what is at hand, never asked for: nobody waits for it. It holds times and words, never a key. What turns is an
//! entry, so that a replay and the others know it too.

use super::entry::{Entry, SessionId};
use super::fault::{Fault, skew_words};
use super::fold::Incident;
use super::place::Profile;
use super::story::{Tone, lasted};
use jiff::Timestamp;

/// Seconds of skew from which it is worth a word: what a busy machine or a slow line feigns is less.
pub const SKEW_TOLD_S: i64 = 5;
/// Seconds of skew from which a refused signature is the clock's fault: AWS refuses from five minutes on.
pub const SKEW_REFUSED_S: i64 = 240;

/// How a profile has access.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// When the credentials end; `None` if they do not, or were not read yet.
    pub expires: Option<Timestamp>,
    /// Counts the credentials that were read and were others than before; 0 before the first.
    pub generation: u64,
    /// Why they could not be renewed when that was last tried.
    pub renewal: Option<Fault>,
    /// Seconds that our clock is at least ahead of AWS's; negative is behind, `None` is not measured.
    pub clock_ahead_s: Option<i64>,
}

impl Incident {
    pub(super) fn turn_credentials(&mut self, entry: &Entry, profile: &Profile, ended: Option<Timestamp>) {
        let whose = (entry.session.clone(), profile.clone());
        match ended {
            Some(at) => drop(self.ended_credentials.insert(whose, at)),
            None => drop(self.ended_credentials.remove(&whose)),
        }
    }

    pub(super) fn turn_clock(&mut self, entry: &Entry, ahead_s: Option<i64>) {
        match ahead_s {
            Some(ahead) => {
                let since = self.skews.get(&entry.session).map_or(entry.ts, |(since, _)| *since);
                self.skews.insert(entry.session.clone(), (since, ahead));
            }
            None => drop(self.skews.remove(&entry.session)),
        }
    }

    /// The same process goes on in another strand, with the same credentials on the same machine.
    pub(super) fn carry_access(&mut self, before: &SessionId, now: &SessionId) {
        if let Some(skew) = self.skews.remove(before) {
            self.skews.insert(now.clone(), skew);
        }
        let theirs = |(session, _): &&(SessionId, Profile)| session == before;
        for whose in self.ended_credentials.keys().filter(theirs).cloned().collect::<Vec<_>>() {
            if let Some(at) = self.ended_credentials.remove(&whose) {
                self.ended_credentials.insert((now.clone(), whose.1), at);
            }
        }
    }
}

/// Credentials that turned, in a sentence; nothing where that is known.
pub(super) fn credentials_turned(
    before: &Incident,
    entry: &Entry,
    profile: &Profile,
    ended: Option<Timestamp>,
) -> Option<(Tone, String)> {
    let known = before.ended_credentials.get(&(entry.session.clone(), profile.clone()));
    let whose = format!("{profile} ({}@{})", entry.actor.user, entry.actor.host);
    match (ended, known) {
        (Some(_), None) => Some((Tone::Bad, format!("the credentials of {whose} have expired"))),
        (None, Some(since)) => {
            let lasted = lasted(*since, entry.ts);
            Some((Tone::Good, format!("the credentials of {whose} are valid again after {lasted}")))
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}

/// A clock that turned, in a sentence; nothing where that is known.
pub(super) fn clock_turned(before: &Incident, entry: &Entry, ahead_s: Option<i64>) -> Option<(Tone, String)> {
    let host = &entry.actor.host;
    let refuses = |ahead: i64| ahead.abs() >= SKEW_REFUSED_S;
    match (ahead_s, before.skews.get(&entry.session)) {
        (Some(ahead), Some((_, known))) if refuses(ahead) == refuses(*known) => None,
        (Some(ahead), _) => {
            let words = format!("the clock of {host} is {} AWS's", skew_words(ahead));
            Some(if refuses(ahead) {
                (Tone::Bad, format!("{words}: AWS refuses its signatures from five minutes on"))
            } else {
                (Tone::Warn, words)
            })
        }
        (None, Some((since, _))) => {
            let lasted = lasted(*since, entry.ts);
            Some((Tone::Good, format!("the clock of {host} is right again after {lasted}")))
        }
        (None, None) => None,
    }
}
