//! Recording without a screen: a new strand each UTC day, so that none grows for ever, and a logbook that refused is tried
//! again by itself, for nobody is there to ask for it. Also how fresh everything is, in a line.
//!
//! Refuses to act: a session of this mode has no way to a plan.

use super::message::Effect;
use super::table::age;
use super::{App, LogState};
use crate::incident::entry::{Body, Mode, SessionId};
use crate::incident::place::{Account, Profile};
use jiff::{SignedDuration, Timestamp};

/// Seconds between two tries to open a logbook that refused.
pub(super) const REOPEN_EVERY_S: i64 = 10;

/// Seconds of a UTC day.
const DAY_S: i64 = 86_400;

/// A logbook that is to be opened again.
#[derive(Debug, Clone, Default)]
pub(super) struct Recording {
    tried: Option<Timestamp>,
    /// Why it could not be, as it was said last.
    said: Option<String>,
}

/// How well the cells of a cockpit are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Freshness {
    /// Cells watched.
    pub cells: usize,
    /// Read lately.
    pub fresh: usize,
    /// Failing.
    pub failing: usize,
    /// When the newest was read.
    pub newest: Option<Timestamp>,
}

impl App {
    pub(super) fn recording_tick(&mut self, effects: &mut Vec<Effect>) {
        if self.opening.mode != Mode::Record || self.leaving.is_some() {
            return;
        }
        match self.log {
            LogState::Writing => {
                self.recording.said = None;
                let day = |at: Timestamp| at.as_second().div_euclid(DAY_S);
                let opened = self.incident.sessions.get(&self.opening.session).map(|p| p.opened);
                if opened.is_some_and(|opened| day(opened) < day(self.now)) {
                    self.go_on_in_new_strand(effects);
                }
            }
            LogState::Refused(_) => {
                let pause = SignedDuration::from_secs(REOPEN_EVERY_S);
                let due = self.recording.tried.is_none_or(|at| self.now.duration_since(at) >= pause);
                if due && !self.unwritten.reopening {
                    self.recording.tried = Some(self.now);
                    self.reopen(effects);
                }
            }
        }
    }

    /// Whether this reason was not the last one said.
    pub(super) fn is_news(&mut self, why: &str) -> bool {
        self.recording.said.replace(why.to_owned()).as_deref() != Some(why)
    }

    /// The strand's name for this process at this moment.
    pub(super) fn next_session(&self) -> SessionId {
        let SessionId(old) = &self.opening.session;
        let stamp = self.now.strftime("%Y%m%dT%H%M%SZ").to_string();
        let rest = old.split_once('-').map_or(&**old, |(_, rest)| rest);
        SessionId(format!("{stamp}-{rest}").into())
    }

    fn go_on_in_new_strand(&mut self, effects: &mut Vec<Effect>) {
        let session = self.next_session();
        effects.push(Effect::Continue(session.clone()));
        let before = std::mem::replace(&mut self.opening.session, session);
        self.next_seq = 0;
        self.record_opened(Some(before.clone()), effects);
        self.identify_again(&before, effects);
    }

    /// Says in this strand whose the profiles are, as it was known in the one before.
    pub(super) fn identify_again(&mut self, before: &SessionId, effects: &mut Vec<Effect>) {
        let known: Vec<(Profile, Account, String)> = self
            .incident
            .identities
            .iter()
            .filter(|((session, _), _)| session == before)
            .map(|((_, profile), known)| (profile.clone(), known.account.clone(), known.arn.clone()))
            .collect();
        for (profile, account, arn) in known {
            self.record(Body::Identified { profile, account, arn }, effects);
        }
        self.tell_presumptions(effects);
    }

    /// How well everything is known.
    #[must_use]
    pub fn freshness(&self) -> Freshness {
        let cells: Vec<_> = self.schedule.keys().filter_map(|place| self.incident.cells.get(place)).collect();
        let is_fresh = |at: Option<Timestamp>| {
            at.is_some_and(|at| self.now.duration_since(at).as_secs() <= crate::incident::cell::STALE_AFTER_S)
        };
        Freshness {
            cells: self.schedule.len(),
            fresh: cells.iter().filter(|cell| cell.is_ok() && is_fresh(cell.last_ok)).count(),
            failing: cells.iter().filter(|cell| !cell.is_ok()).count(),
            newest: cells.iter().filter_map(|cell| cell.last_ok).max(),
        }
    }

    /// The same in a line: `62 of 69 cells fresh, 7 failing, newest 3s ago`.
    #[must_use]
    pub fn freshness_words(&self) -> String {
        let Freshness { cells, fresh, failing, newest } = self.freshness();
        let newest = newest
            .map_or_else(|| "nothing read yet".to_owned(), |at| format!("newest {} ago", age(self.now, at)));
        let words = format!("{fresh} of {cells} cells fresh, {failing} failing, {newest}");
        match &self.log {
            LogState::Writing => words,
            LogState::Refused(why) => format!("NOT RECORDING ({why}); {words}"),
        }
    }
}
