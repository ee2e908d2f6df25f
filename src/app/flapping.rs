//! Cells that flap: how the readings of each ended of late, ours and those that others tell of, and saying so once.
//!
//! Pure. Whoever read a cell last tells, in the moment of the reading that makes it so; what the story makes of it is
//! `incident`'s.

use super::message::Effect;
use super::{App, LogState};
use crate::incident::cell::{SweepStatus, TOLD_AFTER_S};
use crate::incident::entry::{Body, Entry};
use crate::incident::flapping::{FLAPPING_FAILINGS, FLAPPING_WITHIN_S, Flapping};
use crate::incident::place::Place;
use jiff::Timestamp;
use std::collections::VecDeque;

/// How the readings of a cell ended of late, from the first that failed on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Readings {
    /// When, and whether it answered.
    of_late: VecDeque<(Timestamp, bool)>,
    /// Whether the story tells of the failing that it is in.
    is_told: bool,
}

impl Readings {
    fn add(&mut self, at: Timestamp, answered: bool, is_told: bool) {
        // Entries of several strands come slightly out of order, and a heartbeat says what its sweep said before.
        if self.of_late.back().is_some_and(|(last, _)| *last >= at) {
            return;
        }
        // An outage that was told, with its end, is told: what flaps is what comes after it.
        if answered && (self.is_told || self.fails_for_s(at) >= TOLD_AFTER_S) {
            self.of_late.clear();
        }
        self.is_told = !answered && (self.is_told || is_told);
        self.of_late.push_back((at, answered));
        let is_over = |(then, answered): &(Timestamp, bool)| {
            *answered || at.duration_since(*then).as_secs() > FLAPPING_WITHIN_S
        };
        while self.of_late.front().is_some_and(is_over) {
            self.of_late.pop_front();
        }
    }

    /// Seconds for which every reading has failed.
    fn fails_for_s(&self, now: Timestamp) -> i64 {
        let failing = self.of_late.iter().rev().take_while(|(_, answered)| !answered);
        failing.last().map_or(0, |(since, _)| now.duration_since(*since).as_secs())
    }

    /// How it flaps, if it does.
    fn flapping(&self) -> Option<Flapping> {
        let (since, _) = self.of_late.front()?;
        let answered = || self.of_late.iter().map(|(_, answered)| *answered);
        let began = 1 + answered().zip(answered().skip(1)).filter(|(before, now)| *before && !*now).count();
        let count = |readings: usize| u32::try_from(readings).unwrap_or(u32::MAX);
        (began >= FLAPPING_FAILINGS).then(|| Flapping {
            since: *since,
            failed: count(answered().filter(|answered| !answered).count()),
            readings: count(self.of_late.len()),
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
        let (answered, flaps) = (cell.is_ok(), cell.flapping.is_some());
        // That it is over has time until it can be recorded: the log of whoever shares it would have it flap for ever.
        let steady = cell.is_steady_again() && self.log == LogState::Writing;
        let is_told = cell.told;
        let Some(schedule) = self.schedule.get_mut(place) else { return };
        schedule.readings.add(self.now, answered, is_told);
        let flapping = schedule.readings.flapping().filter(|_| !answered && !flaps);
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
        let cell = self.incident.cells.get(&place).filter(|cell| cell.by.as_ref() == Some(&entry.session));
        if let (Some(cell), Some(schedule)) = (cell, self.schedule.get_mut(&place)) {
            schedule.readings.add(at, answered, cell.told);
        }
    }

    /// After a gap in the log: that our cells flap is told again, and where that was `refused` its line of the story moves
    /// to where it is recorded. What others told first stands for them.
    pub(super) fn tell_flapping_again(&mut self, refused: &[Entry], effects: &mut Vec<Effect>) {
        let own = &self.opening.session;
        let ours = self
            .incident
            .cells
            .iter()
            .filter(|(place, cell)| cell.by.as_ref() == Some(own) && self.schedule.contains_key(*place));
        let flapping: Vec<(Place, Flapping)> = ours
            .filter(|(_, cell)| !cell.is_steady_again())
            .filter_map(|(place, cell)| Some((place.clone(), cell.flapping?)))
            .collect();
        for entry in refused {
            let Body::Flapping { place, flapping: told @ Some(_) } = &entry.body else { continue };
            let place = self.incident.resolve(&entry.session, place);
            if self.incident.cells.get(&place).is_none_or(|cell| cell.flapping != *told) {
                continue;
            }
            self.incident.take_back(entry);
            if flapping.iter().any(|(flaps, _)| *flaps == place) {
                let line = (&entry.session, entry.seq);
                self.incident.story.retain(|event| (&event.session, event.seq) != line);
            }
        }
        for (place, flapping) in flapping {
            self.record(Body::Flapping { place, flapping: Some(flapping) }, effects);
        }
    }
}
