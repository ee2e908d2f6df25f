//! Cells that flap: how the readings of each ended of late, ours and those that others tell of, and saying so once.
//!
//! Pure. Whoever read a cell last tells, in the moment of the reading that makes it so; what the story makes of it is
//! `incident`'s.

use super::App;
use super::message::Effect;
use crate::incident::cell::SweepStatus;
use crate::incident::entry::{Body, Entry};
use crate::incident::flapping::{FLAPPING_FAILINGS, FLAPPING_WITHIN_S, Flapping};
use crate::incident::place::Place;
use jiff::Timestamp;
use std::collections::VecDeque;

/// How the readings of a cell ended of late, from the first that failed on: when, and whether it answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Readings(VecDeque<(Timestamp, bool)>);

impl Readings {
    fn add(&mut self, at: Timestamp, answered: bool) {
        // Entries of several strands come slightly out of order, and a heartbeat says what its sweep said before.
        if self.0.back().is_some_and(|(last, _)| *last >= at) {
            return;
        }
        self.0.push_back((at, answered));
        let is_over = |(then, answered): &(Timestamp, bool)| {
            *answered || at.duration_since(*then).as_secs() > FLAPPING_WITHIN_S
        };
        while self.0.front().is_some_and(is_over) {
            self.0.pop_front();
        }
    }

    /// How it flaps, if it does.
    fn flapping(&self) -> Option<Flapping> {
        let (since, _) = self.0.front()?;
        let answered = || self.0.iter().map(|(_, answered)| *answered);
        let began = 1 + answered().zip(answered().skip(1)).filter(|(before, now)| *before && !*now).count();
        let count = |readings: usize| u32::try_from(readings).unwrap_or(u32::MAX);
        (began >= FLAPPING_FAILINGS).then(|| Flapping {
            since: *since,
            failed: count(answered().filter(|answered| !answered).count()),
            readings: count(self.0.len()),
        })
    }
}

impl App {
    /// Counts the reading of ours that has just ended, and tells if by it the cell flaps, or is steady again.
    pub(super) fn count_reading(&mut self, place: &Place, effects: &mut Vec<Effect>) {
        let Some(cell) = self.incident.cells.get(place) else { return };
        if cell.by.as_ref() != Some(&self.opening.session) {
            // What another read a moment ago stands: ours is about the way there.
            return;
        }
        let (answered, steady, told) = (cell.is_ok(), cell.is_steady_again(), cell.flapping.is_some());
        let Some(schedule) = self.schedule.get_mut(place) else { return };
        schedule.readings.add(self.now, answered);
        let flapping = schedule.readings.flapping().filter(|_| !answered && !told);
        if flapping.is_some() || steady {
            self.record(Body::Flapping { place: place.clone(), flapping }, effects);
        }
    }

    /// Counts what others tell of their readings. Their entries are folded already.
    pub(super) fn count_readings_told(&mut self, entries: &[Entry]) {
        for entry in entries {
            if let Body::Observed { place, status: Some(status), .. } = &entry.body {
                self.count_told(entry, place, entry.ts, matches!(status, SweepStatus::Ok { .. }));
            }
            if let Body::Heartbeat { fresh, failing } = &entry.body {
                fresh.iter().for_each(|(place, at)| self.count_told(entry, place, *at, true));
                failing.iter().for_each(|(place, at)| self.count_told(entry, place, *at, false));
            }
        }
    }

    fn count_told(&mut self, entry: &Entry, place: &Place, at: Timestamp, answered: bool) {
        let place = self.incident.resolve(&entry.session, place);
        let stands = |by: &Option<_>| by.as_ref() == Some(&entry.session);
        if self.incident.cells.get(&place).is_some_and(|cell| stands(&cell.by))
            && let Some(schedule) = self.schedule.get_mut(&place)
        {
            schedule.readings.add(at, answered);
        }
    }
}
