//! Entries in their order, kept as text: a log of a year in the memory that its text takes.
//!
//! A replay needs every entry again, one by one and seldom; as values they take several times their text. Whose an entry is
//! stands once for all entries of a strand, and so does the key of every row that entries tell of. Refuses to change or to
//! reorder what was pushed. [`super::skim`] folds it, `app` replays it.

use super::entry::{Actor, Body, Entry, SessionId};
use super::fold::Seen;
use super::gist::{Gist, Observation, RowText, Sweep};
use super::place::Key;
use jiff::Timestamp;
use serde::Deserialize;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

/// Who wrote an entry, and in which version of the format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// Version of the format.
    pub v: u32,
    /// Whose strand.
    pub session: SessionId,
    /// Who.
    pub actor: Actor,
}

/// One of a timeline's authors.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AuthorId(u32);

/// One of the texts that a timeline keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextId(u32);

/// An entry but for what it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// When it was written.
    pub ts: Timestamp,
    /// Counts the entries of its session from 0.
    pub seq: u64,
    /// Monotonic milliseconds since its session opened.
    pub mono_ms: u64,
    /// Whose it is.
    pub author: AuthorId,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    stamp: Stamp,
    text: TextId,
    body: Range<usize>,
}

/// A row that an entry tells of and that this program cannot read, as good as its line is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Unreadable {
    /// Whose strand.
    pub session: SessionId,
    /// Which entry of it.
    pub seq: u64,
    /// The row, as the entry names it.
    pub key: String,
    /// In the parser's words.
    pub why: String,
}

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, why, .. } = self;
        write!(
            f,
            "the row {key} cannot be read and is shown as it was before: {why}. A later version of blackstart may have \
             written it: read the log with that one"
        )
    }
}

/// A row that entries tell of, by a number.
pub(super) type RowNumber = u32;

/// Entries in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    texts: Vec<Vec<u8>>,
    kept: Vec<Kept>,
    authors: Vec<Author>,
    /// The newest author of each session: an actor is told anew when their AWS identity becomes known.
    newest: HashMap<SessionId, AuthorId>,
    rows: HashMap<Box<str>, RowNumber>,
}

impl Timeline {
    /// The number of an author of what is pushed.
    pub fn author(&mut self, author: &Author) -> AuthorId {
        let known = self.newest.get(&author.session).copied();
        match known.filter(|id| self.author_of(*id) == Some(author)) {
            Some(id) => id,
            None => {
                let id = AuthorId(u32::try_from(self.authors.len()).unwrap_or(u32::MAX));
                self.newest.insert(author.session.clone(), id);
                self.authors.push(author.clone());
                id
            }
        }
    }

    /// One of the authors, by number.
    #[must_use]
    pub fn author_of(&self, id: AuthorId) -> Option<&Author> {
        self.authors.get(usize::try_from(id.0).ok()?)
    }

    /// Takes a text in which bodies stand.
    pub fn keep(&mut self, text: Vec<u8>) -> TextId {
        self.texts.push(text);
        TextId(u32::try_from(self.texts.len() - 1).unwrap_or(u32::MAX))
    }

    /// Adds an entry at the end: where the text of its body stands, `{"kind":…,"body":…}`, and what that says.
    pub fn push(&mut self, stamp: Stamp, text: TextId, body: Range<usize>, gist: &Gist) {
        let at = self.kept.len();
        self.kept.push(Kept { stamp, text, body });
        let Gist::Rows { rows, .. } = gist else { return };
        for row in rows {
            if self.row_number(at, row).is_some() {
                continue;
            }
            if let Some(key) = self.key_text(at, row) {
                let key: Box<str> = key.into();
                let number = RowNumber::try_from(self.rows.len()).unwrap_or(RowNumber::MAX);
                self.rows.insert(key, number);
            }
        }
    }

    fn key_text(&self, at: usize, row: &RowText) -> Option<&str> {
        std::str::from_utf8(self.body(at)?.get(row.key.clone())?).ok()
    }

    /// The number of a row that the entry at a position tells of.
    pub(super) fn row_number(&self, at: usize, row: &RowText) -> Option<RowNumber> {
        self.rows.get(self.key_text(at, row)?).copied()
    }

    /// The number of a row by its key, if an entry tells of it.
    pub(super) fn number_of(&self, key: &Key) -> Option<RowNumber> {
        self.rows.get(key.to_string().as_str()).copied()
    }

    /// The keys of the rows that entries tell of, as text, where they are told of without being read.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.rows.keys().map(|key| &**key)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.kept.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.kept.is_empty()
    }

    /// When the entry at a position was written.
    #[must_use]
    pub fn ts(&self, at: usize) -> Option<Timestamp> {
        self.kept.get(at).map(|kept| kept.stamp.ts)
    }

    /// When the entry at a position was written, by whom, and which of theirs it is.
    pub(super) fn written(&self, at: usize) -> Option<(Timestamp, &SessionId, u64)> {
        let stamp = &self.kept.get(at)?.stamp;
        Some((stamp.ts, &self.author_of(stamp.author)?.session, stamp.seq))
    }

    /// How many entries come before this moment or in it. Clocks of several strands differ: it is a matter of degree.
    #[must_use]
    pub fn position(&self, moment: Timestamp) -> usize {
        self.kept.partition_point(|kept| kept.stamp.ts <= moment)
    }

    /// The text of the body of the entry at a position.
    #[must_use]
    pub fn body(&self, at: usize) -> Option<&[u8]> {
        let kept = self.kept.get(at)?;
        self.texts.get(usize::try_from(kept.text.0).ok()?)?.get(kept.body.clone())
    }

    /// The entry at a position; none where its text was no body.
    #[must_use]
    pub fn entry(&self, at: usize) -> Option<Entry> {
        let body: Body = serde_json::from_slice(self.body(at)?).ok()?;
        self.entry_saying(at, body)
    }

    /// The entry at a position, without those of its rows that cannot be read, and these; none where its text was no body.
    #[must_use]
    pub fn entry_in_part(&self, at: usize) -> Option<(Entry, Vec<Unreadable>)> {
        if let Some(entry) = self.entry(at) {
            return Some((entry, Vec::new()));
        }
        let text = self.body(at)?;
        let Gist::Rows { rows, .. } = Gist::of(text)? else { return None };
        let Observation { body: Sweep { place, status, gone } } = serde_json::from_slice(text).ok()?;
        let (mut changed, mut unreadable) = (Vec::new(), Vec::new());
        for RowText { row, .. } in rows {
            match self.read_row(at, &row)? {
                Ok(seen) => changed.push(seen.resource),
                Err(row) => unreadable.push(row),
            }
        }
        Some((self.entry_saying(at, Body::Observed { place, status, changed, gone })?, unreadable))
    }

    /// A row by where it stands in the body of the entry at a position.
    pub(super) fn read_row(&self, at: usize, row: &Range<usize>) -> Option<Result<Seen, Unreadable>> {
        #[derive(Deserialize)]
        struct Named {
            key: String,
        }
        let (changed, session, seq) = self.written(at)?;
        let text = self.body(at)?.get(row.clone())?;
        Some(match serde_json::from_slice(text) {
            Ok(resource) => Ok(Seen { resource, changed, by: session.clone() }),
            Err(error) => {
                let named = serde_json::from_slice(text);
                let key = named.map_or_else(|_| "without a key".to_owned(), |Named { key }| key);
                Err(Unreadable { session: session.clone(), seq, key, why: error.to_string() })
            }
        })
    }

    /// The entry at a position, with this for its body.
    #[must_use]
    pub fn entry_saying(&self, at: usize, body: Body) -> Option<Entry> {
        let Stamp { ts, seq, mono_ms, author } = self.kept.get(at)?.stamp;
        let Author { v, session, actor } = self.author_of(author)?.clone();
        Some(Entry { v, seq, ts, mono_ms, session, actor, body })
    }
}

impl FromIterator<Entry> for Timeline {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut timeline = Self::default();
        for entry in entries {
            let Entry { v, seq, ts, mono_ms, session, actor, body } = entry;
            let author = timeline.author(&Author { v, session, actor });
            // A body is plain data with string keys: writing it cannot fail.
            let body = serde_json::to_vec(&body).unwrap_or_default();
            let Some(gist) = Gist::of(&body) else { continue };
            let length = body.len();
            let text = timeline.keep(body);
            timeline.push(Stamp { ts, seq, mono_ms, author }, text, 0..length, &gist);
        }
        timeline
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entry(user: &str, seq: u64, second: i64, aws: Option<&str>) -> Entry {
        Entry {
            v: 1,
            seq,
            ts: Timestamp::from_second(1_350_946_800 + second).unwrap(),
            mono_ms: seq * 7,
            session: SessionId(format!("s-{user}").into()),
            actor: Actor {
                user: user.into(),
                uid: 1000,
                host: "jump".into(),
                ssh_client: None,
                aws: aws.map(str::to_owned),
            },
            body: Body::Note { text: format!("\"{user}\" {seq}\n") },
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let entries = vec![
            entry("adam", 0, 0, None),
            entry("eve", 0, 2, None),
            entry("adam", 1, 3, None),
            entry("adam", 2, 3, Some("arn:aws:iam::123456789012:user/adam")),
            entry("eve", 1, 9, None),
        ];
        let timeline: Timeline = entries.iter().cloned().collect();
        let out: Vec<Entry> = (0..timeline.len()).map(|at| timeline.entry(at).unwrap()).collect();
        assert_eq!(out, entries);
        assert_eq!(timeline.authors.len(), 3, "whose it is stands once");
        assert_eq!(timeline.entry(5), None);
        let at = |second| timeline.position(entries[0].ts + jiff::SignedDuration::from_secs(second));
        assert_eq!([at(-1), at(0), at(3), at(100)], [0, 1, 4, 5]);
    }
}
