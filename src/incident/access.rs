//! How a profile has access to AWS: until when its credentials hold, and how far this machine's clock is off.
//!
//! Read from what is at hand, never asked for: nobody waits for it. It holds times and words, never a key. What turns is an
//! entry, so that a replay and the others know it too.

use super::cell::SweepStatus;
use super::entry::{Entry, SessionId};
use super::fault::{Fault, skew_words};
use super::fold::Incident;
use super::place::{Account, Profile};
use super::provisional::HERE_S;
use super::story::{Tone, lasted, since_words};
use jiff::Timestamp;
use std::collections::BTreeMap;

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
    /// What AWS says of a session's credentials turned; `alone` are regions that say what others contradict.
    pub(super) fn turn_credentials(
        &mut self,
        entry: &Entry,
        profile: &Profile,
        ended: Option<Timestamp>,
        alone: Option<&[String]>,
    ) {
        let whose = (entry.session.clone(), profile.clone());
        self.ended_credentials.remove(&whose);
        self.refusing_regions.remove(&whose);
        match (ended, alone) {
            (Some(at), Some(regions)) => {
                self.refusing_regions.insert(whose, (at, regions.to_vec()));
            }
            (Some(at), None) => {
                self.ended_credentials.insert(whose, at);
            }
            (None, Some(_) | None) => {}
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
        carry(&mut self.ended_credentials, before, now);
        carry(&mut self.refusing_regions, before, now);
        carry(&mut self.unidentified, before, now);
    }

    /// Whether another cockpit of whoever wrote the entry, on the same machine, says the same of the same profile: then the
    /// story tells it once.
    fn is_said_beside<T>(
        &self,
        entry: &Entry,
        profile: &Profile,
        said: &BTreeMap<(SessionId, Profile), T>,
    ) -> bool {
        let beside = |session: &SessionId| {
            *session != entry.session
                && self.sessions.get(session).is_some_and(|it| {
                    it.left.is_none()
                        && entry.ts.duration_since(it.last_heard).as_secs() <= HERE_S
                        && (&it.actor.user, &it.actor.host) == (&entry.actor.user, &entry.actor.host)
                })
        };
        said.keys().any(|(session, of)| of == profile && beside(session))
    }
}

fn carry<T>(said: &mut BTreeMap<(SessionId, Profile), T>, before: &SessionId, now: &SessionId) {
    let theirs = |(session, _): &&(SessionId, Profile)| session == before;
    for whose in said.keys().filter(theirs).cloned().collect::<Vec<_>>() {
        if let Some(it) = said.remove(&whose) {
            said.insert((now.clone(), whose.1), it);
        }
    }
}

/// Regions in words: `us-east-1, us-west-1`.
fn listed(regions: &[String]) -> String {
    regions.join(", ")
}

/// Credentials that turned, in a sentence; nothing where that is known.
pub(super) fn credentials_turned(
    before: &Incident,
    entry: &Entry,
    profile: &Profile,
    ended: Option<Timestamp>,
    (regions, taken_elsewhere): (&[String], bool),
) -> Option<(Tone, String)> {
    let of = (entry.session.clone(), profile.clone());
    let whose = format!("{profile} ({}@{})", entry.actor.user, entry.actor.host);
    let (known, alone) = (before.ended_credentials.get(&of), before.refusing_regions.get(&of));
    let is_new = |known: bool, beside: bool| (!known && !beside).then_some(());
    match (ended, taken_elsewhere) {
        (Some(_), false) => {
            is_new(known.is_some(), before.is_said_beside(entry, profile, &before.ended_credentials))?;
            let who = match regions {
                [] => String::new(),
                [region] => format!(", says {region}"),
                several => format!(", say {}", listed(several)),
            };
            Some((Tone::Bad, format!("the credentials of {whose} have expired{who}")))
        }
        (Some(_), true) => {
            is_new(alone.is_some(), before.is_said_beside(entry, profile, &before.refusing_regions))?;
            let (say, fault) = if regions.len() == 1 { ("says", "its") } else { ("say", "their") };
            let regions = listed(regions);
            Some((
                Tone::Bad,
                format!(
                    "{regions} {say} that the credentials of {whose} have expired, and AWS takes them elsewhere: that is {fault} fault, no login mends it"
                ),
            ))
        }
        (None, _) => match (known, alone) {
            (Some(since), _) => {
                is_new(false, before.is_said_beside(entry, profile, &before.ended_credentials))?;
                let lasted = lasted(*since, entry.ts);
                Some((Tone::Good, format!("the credentials of {whose} are valid again after {lasted}")))
            }
            (None, Some((since, regions))) => {
                is_new(false, before.is_said_beside(entry, profile, &before.refusing_regions))?;
                let (take, lasted) =
                    (if regions.len() == 1 { "takes" } else { "take" }, lasted(*since, entry.ts));
                let regions = listed(regions);
                Some((
                    Tone::Good,
                    format!("{regions} {take} the credentials of {whose} again after {lasted}"),
                ))
            }
            (None, None) => None,
        },
    }
}

/// That STS names no account for a profile, in a sentence: `STS dark since 03:12:10: unreachable: …`.
pub(super) fn unidentified(
    before: &Incident,
    entry: &Entry,
    profile: &Profile,
    since: Timestamp,
    error: &Fault,
) -> Option<(Tone, String)> {
    let known = before.unidentified.contains_key(&(entry.session.clone(), profile.clone()));
    if known || before.is_said_beside(entry, profile, &before.unidentified) {
        return None;
    }
    let status = SweepStatus::Failed { error: error.clone() };
    let (word, trouble) = (status.word()?, status.trouble_after_word()?);
    let since = since_words(since, entry.ts);
    Some((Tone::Bad, format!("STS {word} since {since}: {trouble}; whose {profile} is, is not known")))
}

/// That STS names an account after all, in a sentence; nothing where it was not told that it did not.
pub(super) fn identified(
    before: &Incident,
    entry: &Entry,
    profile: &Profile,
    account: &Account,
) -> Option<(Tone, String)> {
    let since = before.unidentified.get(&(entry.session.clone(), profile.clone()))?;
    if before.is_said_beside(entry, profile, &before.unidentified) {
        return None;
    }
    let lasted = lasted(*since, entry.ts);
    Some((Tone::Good, format!("STS answers after {lasted}: {profile} is account {account}")))
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
