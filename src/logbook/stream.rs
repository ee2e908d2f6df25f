//! Reading a logbook once, in the order of its timeline, and keeping its text: for logs that are larger than what is wanted
//! of them.
//!
//! Strands are read ahead, a piece each, and as many threads as there are processors check and scan the pieces, while
//! whoever asked takes in what came before. What is said of the lines is what [`super::Logbook`] says of them. Refuses to
//! follow strands that still grow.

use super::chain::{Breakage, Head, Line, Seal, Seen, hex_text};
use super::error::LogbookError;
use super::follow::{End, Follower, Lost};
use super::reader::strand_files;
use super::recover::Torn;
use super::scan::{Doubtful, Piece, Scan, Scanned, in_full};
use super::weave::{Feed, Loom, Woven};
use crate::incident::entry::{Entry, SessionId};
use crate::incident::gist::Gist;
use crate::incident::timeline::{Author, Stamp, TextId, Timeline};
use jiff::Timestamp;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::ops::Range;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Bytes that are read ahead, of all strands together.
const AHEAD: usize = 1 << 24;
/// Bytes of a piece, at the most and at the least.
const PIECE_MOST: usize = 1 << 19;
const PIECE_LEAST: usize = 1 << 14;

/// Lines to be read, and where to say what came.
struct Job {
    session: SessionId,
    bytes: Vec<u8>,
    reply: Sender<(Piece, Vec<u8>)>,
}

/// An entry that waits for its turn.
struct Item {
    stamp: Stamp,
    text: TextId,
    body: Range<usize>,
    seen: Seen,
    gist: Gist,
}

impl Woven for Item {
    fn ts(&self) -> Timestamp {
        self.stamp.ts
    }

    fn seq(&self) -> u64 {
        self.stamp.seq
    }

    fn seen(&self) -> &Seen {
        &self.seen
    }
}

/// What all strands share while they are read.
struct Desk {
    sheet: RefCell<Streamed>,
    jobs: Sender<Job>,
    /// Bytes of a piece, and pieces of each strand that are read ahead.
    piece: usize,
    ahead: usize,
}

/// What a logbook held.
#[derive(Default)]
pub(super) struct Streamed {
    pub(super) timeline: Timeline,
    pub(super) breakages: Vec<Breakage>,
    pub(super) torn: Vec<Torn>,
    /// Every strand, read to where it ended.
    pub(super) followers: Vec<Follower>,
    /// The newest sound line that was read of each.
    pub(super) heads: Seen,
}

/// Reads every line of a logbook in the order of the timeline, and gives each with where it stands in it and what it says.
/// Gives back the timeline, and what is worth saying about the logbook's state, in words.
///
/// # Errors
/// When it cannot be read, or is no logbook.
pub fn stream(
    logbook: &Path,
    give: impl FnMut(&Timeline, usize, Gist),
) -> Result<(Timeline, Vec<String>), LogbookError> {
    stream_ahead(logbook, AHEAD, give)
}

fn stream_ahead(
    logbook: &Path,
    ahead: usize,
    give: impl FnMut(&Timeline, usize, Gist),
) -> Result<(Timeline, Vec<String>), LogbookError> {
    let files = strand_files(logbook)?;
    let mut strands = Vec::with_capacity(files.len());
    for path in &files {
        let length = File::open(path).and_then(|file| file.metadata()).map(|meta| meta.len());
        let length = length.map_err(|source| LogbookError::Read { path: path.clone(), source })?;
        strands.push((Follower::new(path), length));
    }
    let Streamed { timeline, breakages, torn, .. } = stream_strands(strands, ahead, give);
    let said = breakages.iter().map(Breakage::to_string).chain(torn.iter().map(Torn::to_string));
    Ok((timeline, said.collect()))
}

/// The same of strands from where they were read to, each with its length.
pub(super) fn stream_on(strands: Vec<(Follower, u64)>, give: impl FnMut(&Timeline, usize, Gist)) -> Streamed {
    stream_strands(strands, AHEAD, give)
}

fn stream_strands(
    strands: Vec<(Follower, u64)>,
    ahead: usize,
    mut give: impl FnMut(&Timeline, usize, Gist),
) -> Streamed {
    let share = ahead / strands.len().max(1);
    let piece = (share / 4).clamp(PIECE_LEAST, PIECE_MOST);
    let (jobs, inbox) = channel::<Job>();
    let inbox = Mutex::new(inbox);
    let desk = Desk { sheet: RefCell::default(), jobs, piece, ahead: (share / piece).max(1) };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| work(&inbox));
        }
        let reading = strands.into_iter().map(|(follower, length)| Reading::begin(&desk, follower, length));
        let mut reading: Vec<Reading<'_>> = reading.collect();
        reading.iter_mut().for_each(Reading::read_ahead);
        let mut loom = Loom::new(reading.into_iter().filter_map(Reading::feed).collect());
        while let Some(Item { stamp, text, body, gist, .. }) = loom.next() {
            let timeline = &mut desk.sheet.borrow_mut().timeline;
            let at = timeline.len();
            timeline.push(stamp, text, body, &gist);
            give(timeline, at, gist);
        }
        drop(loom);
        // Nothing more is asked for: with the sender, the threads end.
        desk.sheet.into_inner()
    })
}

fn work(inbox: &Mutex<Receiver<Job>>) {
    loop {
        // The lock is held while waiting: whoever has it takes the next job, the others come after.
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { session, bytes, reply }) = job else { return };
        let piece = Piece::read(&session, &bytes);
        let _ = reply.send((piece, bytes));
    }
}

/// A strand of which the next pieces are always being read.
struct Reading<'a> {
    desk: &'a Desk,
    length: u64,
    follower: Follower,
    coming: VecDeque<Receiver<(Piece, Vec<u8>)>>,
    /// Room for pieces to come.
    spare: Vec<Vec<u8>>,
    /// Nothing more is to be read; and why, if that is not the strand's end.
    ended: bool,
    lost: Option<Lost>,
}

impl<'a> Reading<'a> {
    fn begin(desk: &'a Desk, follower: Follower, length: u64) -> Self {
        Self { desk, length, follower, coming: VecDeque::new(), spare: Vec::new(), ended: false, lost: None }
    }

    /// Reads until enough is under way.
    fn read_ahead(&mut self) {
        while !self.ended && self.coming.len() < self.desk.ahead {
            let mut bytes = self.spare.pop().unwrap_or_default();
            match self.follower.piece(self.desk.piece, &mut bytes) {
                Ok(true) => {
                    let (reply, coming) = channel();
                    let session = self.follower.session().clone();
                    self.ended = self.desk.jobs.send(Job { session, bytes, reply }).is_err();
                    self.coming.push_back(coming);
                }
                Ok(false) => self.ended = true,
                Err(lost) => (self.ended, self.lost) = (true, Some(lost)),
            }
        }
    }

    /// The strand as the loom takes it; none that has no line.
    fn feed(mut self) -> Option<Feed<'a, Item>> {
        let lines = self.more();
        let author = lines.front()?.stamp.author;
        let session = self.desk.sheet.borrow().timeline.author_of(author)?.session.clone();
        let (first, length) = (first_hash(self.follower.path()), self.length);
        Some(Feed { session, first, length, lines, more: Box::new(move || self.more()) })
    }

    /// What comes next; nothing at the end.
    fn more(&mut self) -> VecDeque<Item> {
        loop {
            let coming = self.coming.pop_front();
            self.read_ahead();
            let Some((piece, bytes)) = coming.and_then(|coming| coming.recv().ok()) else {
                self.end();
                return VecDeque::new();
            };
            let items = match piece {
                Piece::Sound(scan, link) if self.follower.pass(&link, scan.lines.len()) => {
                    if self.follower.is_sound() {
                        self.witness(link.head);
                    }
                    self.keep(scan)
                }
                Piece::Sound(..) => self.check(in_full(&bytes)),
                Piece::Doubtful(lines) => self.check(lines),
            };
            self.spare.push(bytes);
            // A piece of nothing but broken lines is not the strand's end.
            if !items.is_empty() {
                return items;
            }
        }
    }

    fn witness(&self, head: Head) {
        self.desk.sheet.borrow_mut().heads.insert(self.follower.session().clone(), head);
    }

    fn keep(&mut self, scan: Scan) -> VecDeque<Item> {
        let timeline = &mut self.desk.sheet.borrow_mut().timeline;
        let authors: Vec<_> = scan.authors.iter().map(|author| timeline.author(author)).collect();
        let text = timeline.keep(scan.text);
        let item = |line: Scanned| {
            let Scanned { seq, ts, mono_ms, seen, author, body, gist } = line;
            let author = *authors.get(author)?;
            Some(Item { stamp: Stamp { ts, seq, mono_ms, author }, text, body, seen, gist })
        };
        scan.lines.into_iter().filter_map(item).collect()
    }

    fn check(&mut self, lines: Vec<Doubtful>) -> VecDeque<Item> {
        let (lines, breakages) = self.follower.check(lines);
        if let Some((line, _)) = lines.iter().rfind(|(line, _)| line.sound) {
            self.witness(line.head());
        }
        let sheet = &mut *self.desk.sheet.borrow_mut();
        sheet.breakages.extend(breakages);
        let timeline = &mut sheet.timeline;
        let item = |(line, body): (Line, Vec<u8>)| {
            let Line { entry, seen, .. } = line;
            let Entry { v, seq, ts, mono_ms, session, actor, .. } = entry;
            let author = timeline.author(&Author { v, session, actor });
            let (gist, end) = (Gist::of(&body)?, body.len());
            let (stamp, text) = (Stamp { ts, seq, mono_ms, author }, timeline.keep(body));
            Some(Item { stamp, text, body: 0..end, seen, gist })
        };
        lines.into_iter().filter_map(item).collect()
    }

    /// Says how the strand ends, once.
    fn end(&mut self) {
        let sheet = &mut *self.desk.sheet.borrow_mut();
        if let Some(lost) = self.lost.take() {
            sheet.breakages.push(self.follower.lost(&lost));
        }
        match self.follower.end() {
            End::Clean => {}
            End::Torn(torn) => sheet.torn.push(torn),
            End::Altered(breakage) => sheet.breakages.push(breakage),
        }
        sheet.followers.push(self.follower.clone());
    }
}

/// The hash that a strand's first line carries: it orders copies of one strand.
fn first_hash(path: &Path) -> String {
    let mut line = Vec::new();
    let read = File::open(path).and_then(|file| BufReader::new(file).read_until(b'\n', &mut line));
    let seal = read.ok().and_then(|_| Seal::read(line.strip_suffix(b"\n")?).ok());
    seal.map(|seal| hex_text(&seal.written)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::chain::Seen;
    use super::super::fixtures::{entry, note, observed, session};
    use super::super::{Logbook, StrandWriter};
    use super::*;
    use crate::incident::entry::Body;
    use std::fs;

    /// What is scanned without being read.
    fn rows(n: usize) -> Body {
        let zone = |id| {
            let key = format!("aws/123456789012/global/route53/hosted-zone/Z{id}");
            serde_json::json!({"kind": "hosted-zone", "key": key, "name": "example.com.", "private": false,
                "record_count": n, "name_servers": []})
        };
        let changed = (0..=n % 3).map(|id| serde_json::from_value(zone(id)).unwrap()).collect();
        let place = "aws/123456789012/global/route53".parse().unwrap();
        Body::Observed { place, status: None, changed, gone: Vec::new() }
    }

    /// Three strands that see each other, with lines enough for several portions.
    fn write(dir: &Path) {
        let names = ["adam", "daniel", "eve"];
        let mut writers = names.map(|name| StrandWriter::create(dir, &session(name)).unwrap());
        let mut heads = Seen::new();
        for n in 0..900 {
            let at = n % 3;
            let (seq, second) = ((n / 3) as u64, [n as i64, n as i64 - 40, n as i64 / 2][at]);
            let body = match n % 5 {
                0 => observed(),
                1 => rows(n),
                _ => note(&format!("{n} {}", "x".repeat(200))),
            };
            let head = writers[at].append(&entry(names[at], seq, second, body), &heads).unwrap();
            if n % 7 == 0 {
                heads.insert(session(names[at]), head);
            }
        }
    }

    /// The entries as they were given, and what was said.
    fn streamed(dir: &Path) -> (Vec<Entry>, Vec<String>) {
        let mut given = Vec::new();
        // So little ahead that each strand comes in many pieces.
        let (timeline, said) = stream_ahead(dir, 1, |timeline, at, gist| {
            assert_eq!(Gist::of(timeline.body(at).unwrap()), Some(gist));
            given.push(timeline.entry(at).unwrap());
        })
        .unwrap();
        let all = |timeline: Timeline| -> Vec<_> {
            (0..timeline.len()).map(|at| timeline.entry(at).unwrap()).collect()
        };
        assert_eq!(all(timeline), given);
        let (timeline, same) = stream(dir, |_, _, _| {}).unwrap();
        assert_eq!((all(timeline), &same), (given.clone(), &said), "in whatever pieces");
        (given, said)
    }

    fn entries(logbook: Logbook) -> Vec<Entry> {
        logbook.into_timeline().into_iter().map(|line| line.entry).collect()
    }

    #[test]
    fn a_stream_gives_what_a_whole_reading_gives_in_the_same_order() {
        let tmp = tempfile::tempdir().unwrap();
        write(tmp.path());
        let (given, said) = streamed(tmp.path());
        assert_eq!(given, entries(Logbook::open(tmp.path()).unwrap()));
        assert!(said.is_empty(), "{said:?}");
    }

    #[test]
    fn what_is_broken_or_torn_is_said_and_the_rest_is_given() {
        let tmp = tempfile::tempdir().unwrap();
        write(tmp.path());
        let path = tmp.path().join(format!("{}.jsonl", session("daniel")));
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // Changed, no line at all, in another order, and unfinished.
        lines[40] = lines[40].replace("xxx", "xyx");
        lines[41] = "nonsense".into();
        let fields: serde_json::Value = serde_json::from_str(&lines[42]).unwrap();
        lines[42] = fields.to_string();
        let whole = lines.join("\n");
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let (given, mut said) = streamed(tmp.path());
        let logbook = Logbook::open(tmp.path()).unwrap();
        let mut expected = logbook.complaints();
        expected.sort();
        said.sort();
        assert_eq!(said, expected);
        assert!(said.len() >= 3, "{said:?}");
        assert_eq!(given, entries(logbook));
    }

    #[test]
    fn what_is_no_logbook_is_refused() {
        let tmp = tempfile::tempdir().unwrap();
        assert!(stream(tmp.path(), |_, _, _| {}).is_err());
    }
}
