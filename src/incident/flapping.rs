//! Cells that flap: they fail, answer and fail again, each time too shortly for a line of the story.
//!
//! Pure: from when on it is so, when it is over, and the words for it. It refuses to count; who reads a cell does, and says
//! so in an entry, for a log tells of each turn but not of each reading.

use super::cell::Cell;
use super::entry::Entry;
use super::fold::Incident;
use super::place::Place;
use super::story::{Tone, cell_words, lasted, since_words};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Times that a cell must begin to fail, within [`FLAPPING_WITHIN_S`], to be told as flapping.
pub const FLAPPING_FAILINGS: usize = 3;
/// Seconds within which these are counted.
pub const FLAPPING_WITHIN_S: i64 = 300;
/// Seconds without a failed reading after which a cell that flapped is steady again. One that fails for as long does not
/// flap any more either: it is down, and that is told by itself.
pub const STEADY_AFTER_S: i64 = 300;
/// Seconds without a failed reading after which the board says that a cell flapped, and no longer that it flaps.
const FLAPPED_AFTER_S: i64 = 120;

/// How often a cell failed when it was told as flapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flapping {
    /// When the first of these readings failed.
    pub since: Timestamp,
    /// Readings that failed.
    pub failed: u32,
    /// Of how many, from the first that failed on.
    pub readings: u32,
}

impl Flapping {
    /// In words: `3 of 7 readings failed`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} of {} readings failed", self.failed, self.readings)
    }
}

impl Cell {
    /// Whether it was told as flapping, and has answered every reading for long enough since.
    #[must_use]
    pub fn is_steady_again(&self) -> bool {
        self.flapping.is_some() && self.answers_for_s() >= STEADY_AFTER_S
    }

    /// How it flapped, if it was told so and has answered for a while since, and is not called steady yet.
    #[must_use]
    pub fn flapped(&self) -> Option<Flapping> {
        self.flapping.filter(|_| self.answers_for_s() >= FLAPPED_AFTER_S)
    }

    /// Seconds from the first to the last reading that it has answered since one failed; 0 while it fails.
    fn answers_for_s(&self) -> i64 {
        let newest = self.last_ok.filter(|_| self.is_ok());
        newest.map_or(0, |at| at.duration_since(self.since).as_secs())
    }

    /// The cell after somebody told that it flaps, or does so no longer. What was told first stands.
    pub(super) fn flaps(mut self, flapping: Option<Flapping>) -> Self {
        self.flapping = flapping.map(|new| self.flapping.unwrap_or(new));
        self
    }
}

/// A cell that began or ceased to flap, in a sentence; nothing where that is known.
pub(super) fn flapping_turned(
    before: &Incident,
    entry: &Entry,
    place: &Place,
    flapping: Option<&Flapping>,
) -> Option<(Tone, String)> {
    let place = before.resolve(&entry.session, place);
    let cell = before.cells.get(&place)?;
    let words = cell_words(before, &place);
    match (flapping, &cell.flapping) {
        (Some(flapping), None) => {
            let since = since_words(flapping.since, entry.ts);
            let trouble = cell.status.word().zip(cell.status.trouble_after_word());
            let trouble =
                trouble.map_or_else(String::new, |(word, trouble)| format!(", now {word}: {trouble}"));
            Some((Tone::Warn, format!("{words} flapping since {since}: {}{trouble}", flapping.words())))
        }
        (None, Some(known)) => {
            let (steady, flapped) = (lasted(cell.since, entry.ts), lasted(known.since, cell.since));
            Some((Tone::Good, format!("{words} steady for {steady}, after flapping for {flapped}")))
        }
        (Some(_), Some(_)) | (None, None) => None,
    }
}
