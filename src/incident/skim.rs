//! The fold of a timeline in which rows stay text until somebody looks at them.
//!
//! A long log is mostly rows, and nearly all of them are told of again later: of each only the newest sight is read, at the
//! end. It is the same state as [`Incident::fold`] makes, entry by entry: a sight that is put off is read before anything
//! that depends on it. A row that cannot be read when it is looked at is said to be one ([`Unreadable`]) and stays as it was
//! before. Refuses to show itself with rows unread. `app` replays with it.

use super::entry::{Body, Entry, SessionId};
use super::fold::{Incident, Seen};
use super::gist::{Gist, RowText};
use super::place::Key;
use super::provisional::Sight;
use super::timeline::{RowNumber, Timeline, Unreadable};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    /// Rows of which a sight could not be read, by number: of these no other is put off behind a newer one.
    doubtful: BTreeSet<usize>,
    unreadable: Vec<Unreadable>,
    /// The entry whose sight of a row was read last: what was told before it is in the state already.
    read_to: HashMap<usize, usize>,
    /// Entries of the timeline up to the newest that was taken in.
    folded: usize,
}

/// Rows that were read, and sights that could not be.
#[derive(Debug, Default)]
pub struct Readings {
    rows: Vec<Seen>,
    /// With the numbers of their rows.
    unreadable: Vec<(usize, Unreadable)>,
}

impl Skim {
    /// Takes in the entry at a position, of which the gist is known.
    pub fn fold(&mut self, timeline: &Timeline, at: usize, gist: Gist) {
        self.folded = at + 1;
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
            self.read_rows(timeline, &self.incident.rows_concerned(&entry));
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
            if self.doubtful.contains(&number) {
                self.read_numbers(timeline, [number]);
            }
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

    /// The state, with all its rows, and the sights that could not be read.
    #[must_use]
    pub fn read(&self, timeline: &Timeline) -> (Incident, Vec<Unreadable>) {
        self.clone().into_read(timeline)
    }

    /// The state, with all its rows, and the sights that could not be read.
    #[must_use]
    pub fn into_read(self, timeline: &Timeline) -> (Incident, Vec<Unreadable>) {
        let rows = self.read_part(timeline, 0..self.rows());
        self.with_rows([rows])
    }

    /// The rows, unread or not.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.unread.len()
    }

    /// Those of some of the rows that are unread. They need nothing of each other: several may read at once.
    #[must_use]
    pub fn read_part(&self, timeline: &Timeline, part: Range<usize>) -> Readings {
        let sights = self.unread.get(part.clone()).unwrap_or_default();
        let sights = part.zip(sights).filter_map(|(number, sight)| Some((number, sight.as_ref()?)));
        self.look_at(timeline, sights)
    }

    /// Reads sights of rows by their numbers; of one that cannot be read, the newest before it that can.
    fn look_at<'a>(
        &self,
        timeline: &Timeline,
        sights: impl Iterator<Item = (usize, &'a Unread)>,
    ) -> Readings {
        let (mut read, mut failed) = (Readings::default(), BTreeSet::new());
        for (number, sight) in sights {
            match timeline.read_row(sight.at, &sight.row) {
                Some(Ok(seen)) => read.rows.push(seen),
                Some(Err(row)) => {
                    read.unreadable.push((number, row));
                    failed.insert(number);
                }
                None => {}
            }
        }
        // Of those of which this is not the first, what was before has been read.
        failed.retain(|number| !self.doubtful.contains(number));
        read.rows.extend(self.newest_readable(timeline, &failed));
        read
    }

    /// The newest sight that can be read of each of these rows. All of the log so far is gone through: no log that this
    /// version wrote needs it.
    fn newest_readable(
        &self,
        timeline: &Timeline,
        rows: &BTreeSet<usize>,
    ) -> impl Iterator<Item = Seen> + use<> {
        let mut newest: BTreeMap<usize, Seen> = BTreeMap::new();
        let entries = if rows.is_empty() { 0 } else { self.folded };
        for at in 0..entries {
            let Some(Gist::Rows { rows: told, .. }) = timeline.body(at).and_then(Gist::of) else { continue };
            for row in told {
                let number = timeline.row_number(at, &row).and_then(|number| usize::try_from(number).ok());
                let is_new = |number: &usize| self.read_to.get(number).is_none_or(|to| at > *to);
                if let Some(number) = number.filter(|number| rows.contains(number) && is_new(number))
                    && let Some(Ok(seen)) = timeline.read_row(at, &row.row)
                    && newest
                        .get(&number)
                        .is_none_or(|known| (known.changed, &known.by) <= (seen.changed, &seen.by))
                {
                    newest.insert(number, seen);
                }
            }
        }
        newest.into_values()
    }

    /// The state, with the rows that were unread, and the sights that could not be read.
    #[must_use]
    pub fn with_rows(mut self, parts: impl IntoIterator<Item = Readings>) -> (Incident, Vec<Unreadable>) {
        // Whoever looks at it first looks at all of it: which rows these are need not be noted.
        self.incident.touched.everything();
        for Readings { rows, unreadable } in parts {
            rows.into_iter().for_each(|seen| self.incident.see(seen));
            self.unreadable.extend(unreadable.into_iter().map(|(_, row)| row));
        }
        (self.incident, self.unreadable)
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

    /// Reads rows, those of them that are unread.
    pub fn read_rows(&mut self, timeline: &Timeline, keys: &[Key]) {
        let numbers = keys.iter().filter_map(|key| timeline.number_of(key));
        let numbers: Vec<usize> =
            numbers.filter_map(|number: RowNumber| usize::try_from(number).ok()).collect();
        self.read_numbers(timeline, numbers);
    }

    fn read_numbers(&mut self, timeline: &Timeline, numbers: impl IntoIterator<Item = usize>) {
        let mut sights = Vec::new();
        for number in numbers {
            if let Some(sight) = self.unread.get_mut(number).and_then(Option::take) {
                sights.push((number, sight));
            }
        }
        let read = self.look_at(timeline, sights.iter().map(|(number, sight)| (*number, sight)));
        self.read_to.extend(sights.iter().map(|(number, sight)| (*number, sight.at)));
        read.rows.into_iter().for_each(|seen| self.incident.see(seen));
        for (number, row) in read.unreadable {
            self.doubtful.insert(number);
            self.unreadable.push(row);
        }
    }

    /// Whether every row that was told of can be read.
    #[must_use]
    pub fn is_readable(&self, timeline: &Timeline) -> bool {
        let reads = |sight: &Unread| matches!(timeline.read_row(sight.at, &sight.row), Some(Ok(_)));
        self.unreadable.is_empty() && self.unread.iter().flatten().all(reads)
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
        Self { incident, ..Self::default() }
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
