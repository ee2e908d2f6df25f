//! The tables of the screens: which rows, in which order, and what each says. Text only; colours are `ui`'s.
//!
//! The order is worked out when something changed, in `update`; drawing only asks for the text of the rows it shows.

mod cells;
mod columns;

pub use columns::{Align, Column, columns};

use super::restore_points::RestorePoint;
use super::{App, Screen};
use crate::incident::cell::Health;
use crate::incident::entry::SessionId;
use crate::incident::place::{Key, Kind, Region};
use crate::incident::resource::Resource;
use crate::incident::story::Tone;
use jiff::Timestamp;
use std::cmp::Ordering;
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
    /// What rows must contain: words, all of them, in any column, in any case.
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
    pub rows: Vec<RowId>,
    /// How many rows there are without the filter.
    pub unfiltered: usize,
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
            rows: Vec::new(),
            unfiltered: 0,
        }
    }

    /// The position of the selected row.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().position(|row| row == selected)
    }
}

/// A coarse, short span: `3s`, `41m`, `2h`, `9d`.
#[must_use]
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..=99 => format!("{s}s"),
        s @ 100..=5999 => format!("{}m", s / 60),
        s @ 6000..=172_799 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
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
        s @ 60..100 => span(s / 10 * 10),
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

impl App {
    /// Works out the rows of the screen shown, keeps the selection on its row, or near where it was.
    pub(crate) fn refresh_list(&mut self) {
        let screen = self.screen;
        let Some(view) = self.lists.get(&screen) else { return };
        let all = self.all_rows(screen);
        let unfiltered = all.len();
        let page = self.table_rows();
        let words: Vec<String> = view.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let mut rows = all;
        if !words.is_empty() {
            rows.retain(|row| {
                let text = self.cells(screen, row).join(" ").to_lowercase();
                words.iter().all(|word| text.contains(word))
            });
        }
        if let Some(column) = view.sort {
            let descending = view.descending;
            let mut keyed: Vec<(SortKey, RowId)> =
                rows.into_iter().map(|row| (self.sort_key(screen, &row, column), row)).collect();
            keyed.sort_by(|a, b| if descending { b.0.compare(&a.0) } else { a.0.compare(&b.0) });
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        let Some(view) = self.lists.get_mut(&screen) else { return };
        let was_at = view.position();
        // The selected row stays on its line of the screen when rows appear or go above it.
        let line = was_at.map_or(0, |at| at.saturating_sub(view.offset));
        view.rows = rows;
        view.unfiltered = unfiltered;
        if view.position().is_none() {
            let near = was_at.unwrap_or(0).min(view.rows.len().saturating_sub(1));
            view.selected = view.rows.get(near).cloned();
        }
        let at = view.position().unwrap_or(0);
        view.offset = window(at.saturating_sub(line), at, view.rows.len(), page);
    }

    /// Lines that a table of a screen has on this terminal, about.
    #[must_use]
    pub fn table_rows(&self) -> usize {
        usize::from(self.size.1).saturating_sub(7).max(1)
    }

    /// Every row of a screen, in the screen's own order.
    fn all_rows(&self, screen: Screen) -> Vec<RowId> {
        match screen {
            Screen::Board => {
                let sites = self.opening.sites.iter().map(|site| RowId::Site(site.name.clone()));
                sites.chain(self.opening.regions.iter().cloned().map(RowId::Region)).collect()
            }
            Screen::Instances => {
                let mut keyed: Vec<_> = self
                    .incident
                    .of_kind(Kind::Instance)
                    .map(|seen| {
                        let key = seen.resource.key();
                        let name = match &seen.resource {
                            Resource::Instance(instance) => instance.label(),
                            _ => "",
                        };
                        let (health, _) = self.incident.health(key, self.now);
                        (urgency(health), key.region(), name, key)
                    })
                    .collect();
                keyed.sort();
                keyed.into_iter().map(|(_, _, _, key)| RowId::Key(key.clone())).collect()
            }
            Screen::RestorePoints => {
                let mut keyed: Vec<_> = self
                    .incident
                    .rows
                    .iter()
                    .filter_map(|(key, seen)| {
                        let point = RestorePoint::of(&seen.resource)?;
                        Some((point.database, std::cmp::Reverse(point.data_of), key))
                    })
                    .collect();
                // Newest data first; points without data (backups off) last.
                keyed.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(b.0)).then_with(|| a.2.cmp(b.2)));
                keyed.into_iter().map(|(_, _, key)| RowId::Key(key.clone())).collect()
            }
            Screen::Registrations => {
                let mut keyed: Vec<_> = self
                    .incident
                    .of_kind(Kind::Registration)
                    .map(|seen| {
                        let key = seen.resource.key();
                        let under = match &seen.resource {
                            Resource::Registration(r) => (r.balancer.as_str(), r.under(), r.target.as_str()),
                            _ => ("", "", ""),
                        };
                        let (health, _) = self.incident.health(key, self.now);
                        (urgency(health), key.region(), under, key)
                    })
                    .collect();
                keyed.sort();
                keyed.into_iter().map(|(_, _, _, key)| RowId::Key(key.clone())).collect()
            }
            Screen::Apex => {
                let mut rows = Vec::new();
                let mut sites: Vec<_> = self.opening.sites.iter().collect();
                // What contradicts itself is seen first; the others stay in the config's order.
                sites.sort_by_key(|site| !self.incident.disagreements.contains_key(&site.name));
                for site in sites {
                    rows.push(RowId::Site(site.name.clone()));
                    rows.extend(site.targets.iter().map(|target| RowId::Target {
                        site: site.name.clone(),
                        target: target.name.clone(),
                    }));
                }
                let interesting =
                    self.incident.rows.iter().filter(|(key, seen)| match (&key.kind, &seen.resource) {
                        (Kind::HostedZone, _) => true,
                        (Kind::RecordSet, Resource::RecordSet(record)) => {
                            matches!(record.record_type.as_str(), "A" | "AAAA" | "CNAME" | "HTTPS")
                        }
                        _ => false,
                    });
                let mut keys: Vec<&Key> = interesting.map(|(key, _)| key).collect();
                // A zone, then its records.
                keys.sort_by_key(|key| {
                    let zone = key.id.split('>').next().unwrap_or(&key.id);
                    (key.place.clone(), zone.to_owned(), key.kind != Kind::HostedZone, key.id.clone())
                });
                rows.extend(keys.into_iter().cloned().map(RowId::Key));
                rows
            }
            Screen::Log => {
                // Newest first: what just happened is where the eye lands.
                self.incident.story.iter().rev().map(|e| RowId::Event(e.session.clone(), e.seq)).collect()
            }
        }
    }

    fn sort_key(&self, screen: Screen, row: &RowId, column: usize) -> SortKey {
        // Ages and times sort by the time behind them, everything else by its text, numbers by value.
        let title = columns(screen).get(column).map_or("", |c| c.title);
        let time = match (row, title) {
            (RowId::Key(key), "AGE") => self.incident.as_of(key),
            (RowId::Key(key), "UP") => self.incident.rows.get(key).and_then(|seen| match &seen.resource {
                Resource::Instance(i) => i.launched,
                _ => None,
            }),
            (RowId::Key(key), "DATA OF" | "LOST") => self
                .incident
                .rows
                .get(key)
                .and_then(|s| RestorePoint::of(&s.resource))
                .and_then(|p| p.data_of),
            _ => None,
        };
        if let Some(at) = time {
            return SortKey::Number(-at.as_microsecond());
        }
        if let (RowId::Key(key), "HEALTH") = (row, title) {
            let (health, word) = self.incident.health(key, self.now);
            return SortKey::Text(format!("{}{word}", urgency(health)));
        }
        let text = self.cells(screen, row).get(column).cloned().unwrap_or_default();
        text.parse::<i64>().map_or_else(|_| SortKey::Text(text.to_lowercase()), SortKey::Number)
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

/// What sorts a row up: everything that needs eyes before everything that does not.
fn urgency(health: Health) -> u8 {
    match health {
        Health::Lie => 0,
        Health::Down => 1,
        Health::Changing => 2,
        // Stale, claimed and proven rows keep one order, so that a cell that fails does not make its rows jump.
        Health::Stale | Health::Claimed | Health::Proven => 3,
    }
}

enum SortKey {
    Number(i64),
    Text(String),
}

impl SortKey {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
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
        let ages: Vec<String> = [0, 4, 5, 14, 59, 60, 99, 100, 7200].into_iter().map(old).collect();
        assert_eq!(ages, ["now", "now", "5s", "10s", "55s", "60s", "90s", "1m", "2h"]);
    }
}
