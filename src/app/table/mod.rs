//! The tables of the screens: which rows, in which order, and what each says. Text only; colours are `ui`'s.
//!
//! The order is worked out when something changed, in `update`, and only as far as it changed (`order`, `rows`); drawing
//! only asks for the text of the rows it shows.

mod cells;
mod columns;
mod fit;
mod order;
mod rows;
mod sort;
mod texts;

pub use crate::incident::span::span;
pub use columns::{Align, Column, Holds, columns};
pub use fit::Fit;
pub(super) use order::Listing;
pub use rows::Rows;

use super::{App, Screen};
use crate::incident::cell::Health;
use crate::incident::entry::SessionId;
use crate::incident::place::{Key, Region};
use crate::incident::story::Tone;
use jiff::Timestamp;
use std::collections::BTreeSet;

/// A row's identity: the selection follows it, not its position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// A declared site.
    Site(String),
    /// A watched region.
    Region(Region),
    /// Something that AWS says exists.
    Key(Key),
    /// A target of a site.
    Target {
        /// Site name.
        site: String,
        /// Target name.
        target: String,
    },
    /// A line of the story.
    Event(SessionId, u64),
}

/// Selection, filter and sort of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListView {
    /// What rows must contain: words, all of them, in any column but the ages, in any case.
    pub filter: String,
    /// The column sorted by; `None` is the screen's own order.
    pub sort: Option<usize>,
    /// Largest first.
    pub descending: bool,
    /// The row under the cursor.
    pub selected: Option<RowId>,
    /// Rows marked to be acted on together.
    pub marked: BTreeSet<RowId>,
    /// The first row shown.
    pub offset: usize,
    /// The rows, in order; worked out by `update`.
    pub rows: Rows,
    /// How many rows there are without the filter.
    pub unfiltered: usize,
    /// What the columns need.
    pub fit: Fit,
    /// Where the selected row was last: looked at first.
    at: usize,
    /// Rows that changed and were not taken in yet.
    pending: BTreeSet<Key>,
}

impl ListView {
    /// The view that a screen starts with.
    #[must_use]
    pub fn new(screen: Screen) -> Self {
        let _ = screen;
        Self {
            filter: String::new(),
            sort: None,
            descending: false,
            selected: None,
            marked: BTreeSet::new(),
            offset: 0,
            rows: Rows::default(),
            unfiltered: 0,
            fit: Fit::default(),
            at: 0,
            pending: BTreeSet::new(),
        }
    }

    /// The position of the selected row.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        if self.rows.get(self.at) == Some(selected) {
            return Some(self.at);
        }
        self.rows.position(selected)
    }

    /// Selects the row at a position.
    pub(super) fn select(&mut self, at: usize) {
        self.at = at;
        self.selected = self.rows.get(at).cloned();
    }
}

/// The span between two times.
#[must_use]
pub fn age(now: Timestamp, then: Timestamp) -> String {
    span(now.duration_since(then).as_secs())
}

/// The age of something that is read again and again: in steps of five seconds, so that a quiet screen stays still.
#[must_use]
pub fn coarse_age(now: Timestamp, then: Timestamp) -> String {
    match now.duration_since(then).as_secs() {
        ..5 => "now".into(),
        s @ 5..60 => span(s / 5 * 5),
        s => span(s),
    }
}

/// `2012-06-30 03:05:00`, UTC.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `03:05:00`, UTC.
#[must_use]
pub fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

/// `03:05:00` of today, `06-30 03:05` of another day, UTC: last night's times are not taken for this night's.
#[must_use]
pub fn day_time(now: Timestamp, at: Timestamp) -> String {
    if is_same_day(now, at) { clock_time(at) } else { at.strftime("%m-%d %H:%M").to_string() }
}

/// Whether two times are of one day, UTC.
fn is_same_day(one: Timestamp, other: Timestamp) -> bool {
    const SECONDS_A_DAY: i64 = 24 * 3600;
    one.as_second().div_euclid(SECONDS_A_DAY) == other.as_second().div_euclid(SECONDS_A_DAY)
}

impl App {
    /// Lines that a table of a screen has on this terminal, about.
    #[must_use]
    pub fn table_rows(&self) -> usize {
        usize::from(self.size.1).saturating_sub(7).max(1)
    }

    /// How a row sounds: the theme colours by it.
    #[must_use]
    pub fn row_health(&self, row: &RowId) -> Option<Health> {
        match row {
            RowId::Key(key) => Some(self.incident.health(key, self.now).0),
            RowId::Site(name) if self.incident.disagreements.contains_key(name) => Some(Health::Lie),
            RowId::Site(name) => self.site_evidence(name).map(|(health, _)| health),
            RowId::Region(_) | RowId::Target { .. } | RowId::Event(..) => None,
        }
    }

    /// The tone of a story row.
    #[must_use]
    pub fn row_tone(&self, row: &RowId) -> Option<Tone> {
        match row {
            RowId::Event(session, seq) => self.event(session, *seq).map(|e| e.tone),
            RowId::Key(_) | RowId::Site(_) | RowId::Region(_) | RowId::Target { .. } => None,
        }
    }
}

/// The first row shown so that the row `at` is in sight, near to where the window was.
///
/// A window that has to move moves by half its height: over a slow line that is one repaint instead of twenty.
#[must_use]
pub fn window(first: usize, at: usize, rows: usize, height: usize) -> usize {
    let height = height.max(1);
    let most = rows.saturating_sub(height);
    let first = if at < first {
        at.saturating_sub(height / 2)
    } else if at >= first + height {
        at + 1 - height + height / 2
    } else {
        first
    };
    first.min(most)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_window_moves_by_half_its_height_and_only_when_it_must() {
        assert_eq!(window(0, 9, 100, 10), 0);
        assert_eq!(window(0, 10, 100, 10), 6);
        assert_eq!(window(50, 49, 100, 10), 44);
        assert_eq!(window(95, 99, 100, 10), 90, "no empty lines below the last row");
        assert_eq!(window(7, 2, 3, 10), 0);
        assert_eq!(window(0, 0, 0, 0), 0);
        for at in 0..100 {
            for first in [0, 13, 90] {
                let first = window(first, at, 100, 10);
                assert!((first..first + 10).contains(&at), "{at} is in sight");
            }
        }
    }

    #[test]
    fn ages_that_are_read_again_and_again_move_in_steps() {
        let then: Timestamp = "2012-06-30T03:00:00Z".parse().unwrap();
        let old = |s: i64| coarse_age(then + jiff::SignedDuration::from_secs(s), then);
        let ages: Vec<String> = [0, 4, 5, 14, 59, 60, 95, 7200].into_iter().map(old).collect();
        assert_eq!(ages, ["now", "now", "5s", "10s", "55s", "1m", "1m", "2h"]);
    }
}
