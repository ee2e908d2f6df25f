//! A run that looks once and goes (`status`, `plan`, `do`): when it has heard enough.
//!
//! It asks every cell itself: who asks wants to know, not to be told what somebody read. Only of a cell that a cockpit on the
//! logbook finds failing all the while, and that does not answer us either, that cockpit's word is taken, instead of
//! waiting until the question is given up. What somebody else could read and we cannot is waited for: ours is the news.

use super::App;
use crate::incident::Presence;
use crate::incident::cell::STALE_AFTER_S;
use crate::incident::place::{Place, Service};

/// Seconds that a cell which others find failing is waited for all the same.
const PATIENCE_S: i64 = 3;

impl App {
    /// Whether every cell has been heard of since the start: the command line waits for this.
    #[must_use]
    pub fn swept_once(&self) -> bool {
        self.schedule.keys().all(|place| self.is_swept(place))
    }

    /// The same, but for cells that others find failing.
    #[must_use]
    pub fn seen_enough(&self) -> bool {
        let patient = self.now.duration_since(self.started).as_secs() < PATIENCE_S;
        self.schedule
            .keys()
            .all(|place| self.is_swept(place) || (!patient && self.found_failing_by(place).is_some()))
    }

    fn is_swept(&self, place: &Place) -> bool {
        self.schedule.get(place).is_some_and(|schedule| schedule.due.is_some())
            && self.incident.cells.get(place).is_some_and(|cell| cell.last_attempt >= self.started)
    }

    /// The cockpit that found a cell failing a moment before we asked it, while it has not answered us.
    #[must_use]
    pub fn found_failing_by(&self, place: &Place) -> Option<&Presence> {
        let lately = |at: jiff::Timestamp| {
            at < self.started && self.started.duration_since(at).as_secs() <= STALE_AFTER_S
        };
        let cell =
            self.incident.cells.get(place).filter(|cell| !cell.is_ok() && lately(cell.last_attempt))?;
        let presence = self.incident.sessions.get(cell.by.as_ref()?)?;
        (presence.left.is_none() && lately(presence.last_heard)).then_some(presence)
    }

    /// Whether every account's Route 53 has been heard of since the start.
    #[must_use]
    pub fn route53_swept(&self) -> bool {
        self.schedule
            .iter()
            .filter(|(place, _)| place.service == Service::Route53)
            .all(|(_, schedule)| schedule.due.is_some())
    }
}

#[cfg(test)]
mod tests;
