//! The one timeline of all strands.
//!
//! Clocks of two machines differ, so links come first: a line comes after the line before it in its strand, and after
//! every line that it says it has seen. Among the lines that links allow next, the earliest time comes first, then the
//! session's name. The order is a function of the lines alone: not of file names, listing order or who asks.
//!
//! Lines that claim to have seen each other in a circle are a forgery or a bug; they are then taken by time, so that
//! nothing is ever left out.

use super::chain::{Line, Seen};
use crate::incident::entry::SessionId;
use jiff::Timestamp;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// Weaves strands, each in the order of its file, into one timeline.
#[must_use]
pub fn weave(strands: Vec<Vec<Line>>) -> Vec<Line> {
    let total = strands.iter().map(Vec::len).sum();
    let feeds = strands
        .into_iter()
        .filter_map(|lines| {
            let first = lines.first()?;
            Some(Feed {
                session: first.entry.session.clone(),
                first: first.hash.clone(),
                length: lines.len() as u64,
                lines: lines.into(),
                more: Box::new(VecDeque::new),
            })
        })
        .collect();
    let mut loom = Loom::new(feeds);
    let mut timeline = Vec::with_capacity(total);
    timeline.extend(std::iter::from_fn(|| loom.next()));
    timeline
}

/// What can be woven: a line, or as much of it as decides where it comes.
pub(super) trait Woven {
    /// When it was written.
    fn ts(&self) -> Timestamp;
    /// Which of its session's it is.
    fn seq(&self) -> u64;
    /// What its writer had newly seen of other strands.
    fn seen(&self) -> &Seen;
}

impl Woven for Line {
    fn ts(&self) -> Timestamp {
        self.entry.ts
    }

    fn seq(&self) -> u64 {
        self.entry.seq
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// A strand's lines as they are wanted.
pub(super) struct Feed<'a, T> {
    /// Whose strand, as its first line says.
    pub(super) session: SessionId,
    /// The hash of its first line.
    pub(super) first: String,
    /// How long the strand is, in whatever all of them are measured in.
    pub(super) length: u64,
    /// What comes next.
    pub(super) lines: VecDeque<T>,
    /// What comes after that; nothing at the end.
    pub(super) more: Box<dyn FnMut() -> VecDeque<T> + 'a>,
}

impl<T> Feed<'_, T> {
    /// Fetches more where nothing is left: so that an empty feed is one at its end.
    fn fill(&mut self) {
        if self.lines.is_empty() {
            self.lines = (self.more)();
        }
    }

    /// Sorted by this, even two strands of one session (copies) do not depend on the order they were listed in.
    fn key(&self) -> (&SessionId, u64, &str) {
        (&self.session, self.length, &self.first)
    }
}

/// Time, then the place of the strand, which is that of its session.
type Candidate = (Timestamp, usize);

pub(super) struct Loom<'a, T> {
    /// In the order of their sessions.
    strands: Vec<Feed<'a, T>>,
    /// Which of `strands` holds a session.
    index: BTreeMap<SessionId, usize>,
    /// Strands whose next line may come now.
    ready: BinaryHeap<Reverse<Candidate>>,
    /// By strand: those whose next line waits for a line of it.
    waiting: Vec<Vec<usize>>,
    stuck: usize,
}

impl<'a, T: Woven> Loom<'a, T> {
    pub(super) fn new(mut strands: Vec<Feed<'a, T>>) -> Self {
        strands.iter_mut().for_each(Feed::fill);
        strands.retain(|feed| !feed.lines.is_empty());
        strands.sort_by(|a, b| a.key().cmp(&b.key()));
        let index = strands.iter().enumerate().map(|(at, feed)| (feed.session.clone(), at)).collect();
        let mut loom = Self {
            waiting: vec![Vec::new(); strands.len()],
            ready: BinaryHeap::with_capacity(strands.len()),
            strands,
            index,
            stuck: 0,
        };
        for at in 0..loom.strands.len() {
            loom.place(at);
        }
        loom
    }

    pub(super) fn next(&mut self) -> Option<T> {
        let at = match self.ready.pop() {
            Some(Reverse((_, at))) => at,
            None if self.stuck > 0 => self.break_circle()?,
            None => return None,
        };
        let strand = self.strands.get_mut(at)?;
        let line = strand.lines.pop_front();
        strand.fill();
        self.place(at);
        // Every line of this strand may be what others wait for; those that still wait are put back.
        let waiters = self.waiting.get_mut(at).map(std::mem::take);
        for waiter in waiters.unwrap_or_default() {
            self.stuck -= 1;
            self.place(waiter);
        }
        line
    }

    /// Puts a strand among the ready ones, or with those that wait.
    fn place(&mut self, at: usize) {
        let Some(line) = self.strands.get(at).and_then(|feed| feed.lines.front()) else {
            return;
        };
        let awaited = line.seen().iter().find_map(|(session, head)| {
            let other = *self.index.get(session)?;
            let next = self.strands.get(other)?.lines.front()?;
            (other != at && next.seq() <= head.seq).then_some(other)
        });
        match awaited.and_then(|other| self.waiting.get_mut(other)) {
            Some(waiting) => {
                waiting.push(at);
                self.stuck += 1;
            }
            None => self.ready.push(Reverse((line.ts(), at))),
        }
    }

    /// Everybody waits for somebody: the earliest line goes first.
    fn break_circle(&mut self) -> Option<usize> {
        let at = self.waiting.iter().flatten().copied().min_by_key(|&at| {
            let line = self.strands.get(at).and_then(|feed| feed.lines.front());
            (line.map(Woven::ts), at)
        })?;
        for waiting in &mut self.waiting {
            waiting.retain(|&other| other != at);
        }
        self.stuck -= 1;
        Some(at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::chain::Head;
    use super::super::fixtures::{line, note, session, texts};
    use super::*;
    use proptest::prelude::*;

    fn seen(of: &str, seq: u64) -> Seen {
        let hash = String::new();
        Seen::from([(session(of), Head { seq, hash })])
    }

    #[test]
    fn time_orders_what_links_do_not() {
        let a = vec![line("a", 0, 10, note("a0"), Seen::new()), line("a", 1, 30, note("a1"), Seen::new())];
        let b = vec![line("b", 0, 20, note("b0"), Seen::new())];
        assert_eq!(texts(&weave(vec![b, a])), ["a0", "b0", "a1"]);
    }

    #[test]
    fn what_was_seen_comes_before_whatever_the_clocks_say() {
        // b's clock is an hour behind: its answer to a1 carries an earlier time than a0.
        let a =
            vec![line("a", 0, 3600, note("a0"), Seen::new()), line("a", 1, 3601, note("a1"), Seen::new())];
        let b = vec![line("b", 0, 2, note("b0"), seen("a", 1))];
        assert_eq!(texts(&weave(vec![b, a])), ["a0", "a1", "b0"]);
    }

    #[test]
    fn a_witness_of_lines_that_are_not_there_does_not_wait_for_them() {
        let a = vec![line("a", 0, 50, note("a0"), Seen::new())];
        let b = vec![line("b", 0, 1, note("b0"), seen("a", 7))];
        let c = vec![line("c", 0, 0, note("c0"), seen("nobody", 1))];
        assert_eq!(texts(&weave(vec![b, a, c])), ["c0", "a0", "b0"]);
    }

    #[test]
    fn a_circle_loses_nothing() {
        let a = vec![line("a", 0, 2, note("a0"), seen("b", 0))];
        let b = vec![line("b", 0, 1, note("b0"), seen("a", 0))];
        assert_eq!(texts(&weave(vec![a, b])), ["b0", "a0"]);
    }

    /// What operators did, in true order: who, whether they had read the others before, seconds since the last step.
    fn history() -> impl Strategy<Value = Vec<(usize, bool, i64)>> {
        proptest::collection::vec((0..3_usize, any::<bool>(), 0..5_i64), 0..60)
    }

    proptest! {
        #[test]
        fn any_interleaving_gives_one_lawful_order(
            steps in history(),
            skews in proptest::array::uniform3(-7200..7200_i64),
            shuffle in proptest::sample::select(vec![[0, 1, 2], [2, 1, 0], [1, 2, 0], [1, 0, 2]]),
        ) {
            let names = ["a", "b", "c"];
            let mut strands = vec![Vec::new(), Vec::new(), Vec::new()];
            let mut now = 10_000;
            for (who, looked, pause) in steps {
                now += pause;
                let mut links = Seen::new();
                if looked {
                    for other in (0..3).filter(|&o| o != who) {
                        if let Some(last) = strands[other].last() {
                            links.insert(session(names[other]), Line::head(last));
                        }
                    }
                }
                let seq = strands[who].len() as u64;
                strands[who].push(line(names[who], seq, now + skews[who], note("x"), links));
            }
            let woven = weave(strands.clone());
            let listed = shuffle.iter().map(|&at| strands[at].clone()).collect();
            prop_assert_eq!(&weave(listed), &woven);
            prop_assert_eq!(woven.len(), strands.iter().map(Vec::len).sum::<usize>());
            let at = |session: &SessionId, seq| {
                woven.iter().position(|l| l.entry.session == *session && l.entry.seq == seq).unwrap()
            };
            for (place, line) in woven.iter().enumerate() {
                if line.entry.seq > 0 {
                    prop_assert!(at(&line.entry.session, line.entry.seq - 1) < place);
                }
                for (session, head) in &line.seen {
                    prop_assert!(at(session, head.seq) < place);
                }
            }
        }
    }
}
