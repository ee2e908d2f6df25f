//! Entries in their order, kept as text: a log of a year in the memory that its text takes.
//!
//! A replay needs every entry again, one by one and seldom; as values they take several times their text. Whose an entry is
//! stands once for all entries of a strand. Refuses to change or to reorder what was pushed. `app` replays it.

use super::entry::{Actor, Body, Entry, SessionId};
use jiff::Timestamp;
use std::collections::HashMap;

/// Who wrote an entry, and in which version of the format.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Author {
    v: u32,
    session: SessionId,
    actor: Actor,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Kept {
    ts: Timestamp,
    seq: u64,
    mono_ms: u64,
    author: usize,
    /// Where the text of its body ends.
    end: usize,
}

/// Entries in their order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Timeline {
    bodies: Vec<u8>,
    kept: Vec<Kept>,
    authors: Vec<Author>,
    /// The newest author of each session: an actor is told anew when their AWS identity becomes known.
    newest: HashMap<SessionId, usize>,
}

impl Timeline {
    /// Adds an entry at the end, with the text of its body as [`Body`] reads it: `{"kind":…,"body":…}`.
    pub fn push(&mut self, entry: &Entry, body: &[u8]) {
        let known = self.newest.get(&entry.session).copied();
        let is_same = |author: &Author| author.v == entry.v && author.actor == entry.actor;
        let author = match known.filter(|at| self.authors.get(*at).is_some_and(is_same)) {
            Some(at) => at,
            None => {
                let session = entry.session.clone();
                self.newest.insert(session.clone(), self.authors.len());
                self.authors.push(Author { v: entry.v, session, actor: entry.actor.clone() });
                self.authors.len() - 1
            }
        };
        self.bodies.extend_from_slice(body);
        let (ts, seq, mono_ms, end) = (entry.ts, entry.seq, entry.mono_ms, self.bodies.len());
        self.kept.push(Kept { ts, seq, mono_ms, author, end });
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
        self.kept.get(at).map(|kept| kept.ts)
    }

    /// How many entries come before this moment or in it. Clocks of several strands differ: it is a matter of degree.
    #[must_use]
    pub fn position(&self, moment: Timestamp) -> usize {
        self.kept.partition_point(|kept| kept.ts <= moment)
    }

    /// The entry at a position; none where its text was no body.
    #[must_use]
    pub fn entry(&self, at: usize) -> Option<Entry> {
        let kept = self.kept.get(at)?;
        let author = self.authors.get(kept.author)?;
        let start = at.checked_sub(1).and_then(|before| self.kept.get(before)).map_or(0, |before| before.end);
        let body: Body = serde_json::from_slice(self.bodies.get(start..kept.end)?).ok()?;
        Some(Entry {
            v: author.v,
            seq: kept.seq,
            ts: kept.ts,
            mono_ms: kept.mono_ms,
            session: author.session.clone(),
            actor: author.actor.clone(),
            body,
        })
    }
}

impl FromIterator<Entry> for Timeline {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Self {
        let mut timeline = Self::default();
        for entry in entries {
            // A body is plain data with string keys: writing it cannot fail.
            let body = serde_json::to_vec(&entry.body).unwrap_or_default();
            timeline.push(&entry, &body);
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
            session: SessionId(format!("s-{user}")),
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
