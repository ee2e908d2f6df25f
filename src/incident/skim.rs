//! The fold of a timeline in which rows stay text until somebody looks at them.
//!
//! A long log is mostly rows, and nearly all of them are told of again later: of each only the newest sight is read, at the
//! end. It is the same state as [`Incident::fold`] makes, entry by entry: a sight that is put off is read before anything
//! that depends on it. Refuses to show itself with rows unread. `app` replays with it.

use super::entry::{Body, Entry, SessionId};
use super::fold::{Incident, Seen};
use super::gist::{Gist, RowText};
use super::place::Key;
use super::provisional::Sight;
use super::timeline::{RowNumber, Timeline};
use jiff::Timestamp;
use std::ops::Range;

/// The newest sight of a row that was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Unread {
    /// Which entry tells of it.
    at: usize,
    /// Where in the text of its body.
    row: Range<usize>,
}

/// A fold with rows unread.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Skim {
    incident: Incident,
    /// By the row's number in the timeline.
    unread: Vec<Option<Unread>>,
}

impl Skim {
    /// Takes in the entry at a position, of which the gist is known.
    pub fn fold(&mut self, timeline: &Timeline, at: usize, gist: Gist) {
        match gist {
            Gist::Rows { rows, sweep: None } => {
                self.put_off(timeline, at, rows);
                if let Some((ts, session, seq)) = timeline.written(at) {
                    self.incident.arrive(session, seq, ts);
                }
            }
            Gist::Rows { rows, sweep: Some(sweep) } => {
                self.put_off(timeline, at, rows);
                let (place, status, gone) = (sweep.place, sweep.status, sweep.gone);
                let body = Body::Observed { place, status, changed: Vec::new(), gone };
                self.take(timeline, at, body);
            }
            Gist::Whole(body) => self.take(timeline, at, *body),
        }
    }

    fn take(&mut self, timeline: &Timeline, at: usize, body: Body) {
        if let Some(entry) = timeline.entry_saying(at, body) {
            for key in self.incident.rows_concerned(&entry) {
                self.read_row(timeline, &key);
            }
            self.incident.fold(&entry);
        }
    }

    /// Of several sights of a row the newest counts; of two of the same moment and session, the one that comes later.
    fn put_off(&mut self, timeline: &Timeline, at: usize, rows: Vec<RowText>) {
        let this = written(timeline, at);
        for row in rows {
            let Some(number) = timeline.row_number(at, &row).and_then(|number| usize::try_from(number).ok())
            else {
                continue;
            };
            if self.unread.len() <= number {
                self.unread.resize(number + 1, None);
            }
            if let Some(known) = self.unread.get_mut(number)
                && known.as_ref().is_none_or(|known| written(timeline, known.at) <= this)
            {
                *known = Some(Unread { at, row: row.row });
            }
        }
    }

    /// The state, with all its rows.
    #[must_use]
    pub fn read(&self, timeline: &Timeline) -> Incident {
        self.clone().into_read(timeline)
    }

    /// The state, with all its rows.
    #[must_use]
    pub fn into_read(self, timeline: &Timeline) -> Incident {
        let rows = self.read_part(timeline, 0..self.rows());
        self.with_rows(rows)
    }

    /// The rows, unread or not.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.unread.len()
    }

    /// Those of some of the rows that are unread. They need nothing of each other: several may read at once.
    #[must_use]
    pub fn read_part(&self, timeline: &Timeline, part: Range<usize>) -> Vec<Seen> {
        let part = self.unread.get(part).unwrap_or_default();
        part.iter().flatten().filter_map(|sight| sight.read(timeline)).collect()
    }

    /// The state, with the rows that were unread.
    #[must_use]
    pub fn with_rows(mut self, rows: impl IntoIterator<Item = Seen>) -> Incident {
        for seen in rows {
            self.incident.see(seen);
        }
        self.incident
    }

    /// The rows of before that must be met before an entry is folded, for who goes on from a state that has not all its rows.
    #[must_use]
    pub fn concerned(&self, timeline: &Timeline, at: usize, gist: &Gist) -> Vec<Key> {
        let body = match gist {
            Gist::Rows { sweep: None, .. } => return Vec::new(),
            Gist::Rows { sweep: Some(sweep), .. } => Body::Observed {
                place: sweep.place.clone(),
                status: None,
                changed: Vec::new(),
                gone: sweep.gone.clone(),
            },
            Gist::Whole(body) => (**body).clone(),
        };
        timeline.entry_saying(at, body).map_or_else(Vec::new, |entry| self.incident.rows_concerned(&entry))
    }

    /// Takes in a row of the state that this one goes on from.
    pub fn meet(&mut self, seen: Seen) {
        let key = seen.resource.key().clone();
        self.incident.show(key, Sight::There(seen));
    }

    /// Everything but the rows that are unread.
    #[must_use]
    pub fn incident(&self) -> &Incident {
        &self.incident
    }

    /// Whether nothing is known of a row but what is unread.
    #[must_use]
    pub fn is_unread_alone(&self, key: &Key) -> bool {
        !self.incident.rows.contains_key(key)
            && !self.incident.gone.contains_key(key)
            && !self.incident.is_provisional(key)
    }

    /// Reads a row, if it is unread.
    pub fn read_row(&mut self, timeline: &Timeline, key: &Key) {
        let number = timeline.number_of(key).and_then(|number: RowNumber| usize::try_from(number).ok());
        let unread = number.and_then(|number| self.unread.get_mut(number)).and_then(Option::take);
        if let Some(seen) = unread.and_then(|sight| sight.read(timeline)) {
            self.incident.see(seen);
        }
    }

    /// The rows that are unread: the text of each, when it was seen and by whom.
    pub fn unread<'a>(
        &'a self,
        timeline: &'a Timeline,
    ) -> impl Iterator<Item = (&'a [u8], Timestamp, &'a SessionId)> {
        self.unread.iter().flatten().filter_map(|sight| {
            let (changed, by, _) = timeline.written(sight.at)?;
            Some((timeline.body(sight.at)?.get(sight.row.clone())?, changed, by))
        })
    }
}

impl From<Incident> for Skim {
    /// Goes on from a state.
    fn from(incident: Incident) -> Self {
        Self { incident, unread: Vec::new() }
    }
}

impl Unread {
    fn read(&self, timeline: &Timeline) -> Option<Seen> {
        let (changed, by, _) = timeline.written(self.at)?;
        let resource = serde_json::from_slice(timeline.body(self.at)?.get(self.row.clone())?).ok()?;
        Some(Seen { resource, changed, by: by.clone() })
    }
}

fn written(timeline: &Timeline, at: usize) -> Option<(Timestamp, &SessionId)> {
    timeline.written(at).map(|(ts, session, _)| (ts, session))
}

impl Incident {
    /// Takes in a row of an account that has its number.
    fn see(&mut self, seen: Seen) {
        let key = seen.resource.key().clone();
        self.tell(None, key, Sight::There(seen));
    }

    /// The rows whose newest sight decides what an entry does, beside the rows that it replaces.
    fn rows_concerned(&self, entry: &Entry) -> Vec<Key> {
        match &entry.body {
            Body::Observed { place, changed, gone, .. } => {
                let place = self.resolve(&entry.session, place);
                let seen = changed.iter().map(|row| place.key(row.key().kind, row.key().id.clone()));
                let missed = gone.iter().filter_map(|id| {
                    let (kind, id) = id.split_once('/')?;
                    Some(place.key(kind.parse().ok()?, id))
                });
                seen.chain(missed).collect()
            }
            // The story names rows, and knows what a database claimed.
            Body::Probed { subject, .. } => {
                self.resolve_subject(&entry.session, subject).key().cloned().into_iter().collect()
            }
            Body::Disagreements { resources } => {
                resources.keys().map(|key| self.resolve_key(&entry.session, key)).collect()
            }
            // What was told provisionally moves, and what stood beneath comes up.
            Body::Identified { account, .. } | Body::Presumed { account, .. } => {
                self.provisional_rows(Some(account))
            }
            Body::Opened { continues: Some(_), .. } | Body::Reopened { .. } | Body::Left { .. } => {
                self.provisional_rows(None)
            }
            Body::Opened { continues: None, .. }
            | Body::Heartbeat { .. }
            | Body::Unidentified { .. }
            | Body::Failing { .. }
            | Body::Flapping { .. }
            | Body::Declared { .. }
            | Body::Closed { .. }
            | Body::Note { .. }
            | Body::Proposed { .. }
            | Body::Refused { .. }
            | Body::Approved { .. }
            | Body::Vetoed { .. }
            | Body::Confirmed { .. }
            | Body::Intent { .. }
            | Body::Outcome { .. }
            | Body::Verified { .. }
            | Body::InSync { .. }
            | Body::Disagreement { .. }
            | Body::Finished { .. }
            | Body::Undone { .. }
            | Body::Clock { .. }
            | Body::Recovered { .. }
            | Body::Settled { .. }
            | Body::Credentials { .. }
            | Body::Skew { .. } => Vec::new(),
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
