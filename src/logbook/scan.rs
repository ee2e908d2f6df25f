//! A piece of a strand, whole lines together, checked and read as far as a timeline needs it.
//!
//! Every line is hashed, and tied to the one before it in its piece; a piece in which all is in order is passed on with the
//! gist of its lines. In any other each line is read in full, so that [`super::chain`] says of it what it says anywhere.
//! Pieces need nothing of each other: all processors take part. Refuses to judge how pieces follow each other, which is
//! [`super::stream`]'s.

use super::chain::{Flaw, GENESIS, Head, Hex, Line, Seal, Seen};
use crate::incident::entry::{ENTRY_VERSION, SessionId};
use crate::incident::gist::{Gist, Rows};
use crate::incident::timeline::Author;
use crate::incident::walk::Walk;
use jiff::Timestamp;
use memchr::memchr_iter;
use std::ops::Range;

/// A line, as far as it was read.
#[derive(Debug)]
pub(super) struct Scanned {
    pub(super) seq: u64,
    pub(super) ts: Timestamp,
    pub(super) mono_ms: u64,
    pub(super) seen: Seen,
    /// Which of its piece's authors.
    pub(super) author: usize,
    /// Where in its piece's text the body stands.
    pub(super) body: Range<usize>,
    pub(super) gist: Gist,
}

/// What there is of a piece.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) lines: Vec<Scanned>,
    /// Bodies, one after the other.
    pub(super) text: Vec<u8>,
    pub(super) authors: Vec<Author>,
}

/// How a piece's lines hang together.
pub(super) struct Link {
    /// The number of the first line.
    pub(super) seq: u64,
    /// What the first line says it follows.
    pub(super) prev: String,
    /// The last line.
    pub(super) head: Head,
}

/// A line read in full, and what is wrong with it.
pub(super) type Doubtful = (Result<Seal, Flaw>, Result<(Line, Vec<u8>), Flaw>);

/// A piece of a strand.
pub(super) enum Piece {
    /// Each line follows the one before it, and is what it was when it was written.
    Sound(Scan, Link),
    /// Something is not so, or is not as this program writes it.
    Doubtful(Vec<Doubtful>),
}

impl Piece {
    /// Reads whole lines of a session's strand, each with its newline.
    pub(super) fn read(session: &SessionId, bytes: &[u8]) -> Self {
        match sound(session, bytes) {
            Some((scan, link)) => Self::Sound(scan, link),
            None => Self::Doubtful(in_full(bytes)),
        }
    }
}

/// Reads each line in full.
pub(super) fn in_full(bytes: &[u8]) -> Vec<Doubtful> {
    lines_of(bytes).map(|line| (Seal::read(line), Line::parse_with_body(line))).collect()
}

/// The lines of a text that ends in a newline.
pub(super) fn lines_of(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let text = bytes.strip_suffix(b"\n").unwrap_or(bytes);
    let ends = memchr_iter(b'\n', text).chain([text.len()]);
    ends.scan(0, |start, end| text.get(std::mem::replace(start, end + 1)..end))
}

fn sound(session: &SessionId, bytes: &[u8]) -> Option<(Scan, Link)> {
    // What is put off unread must be text.
    std::str::from_utf8(bytes).ok()?;
    let mut scan = Scan::default();
    let mut first: Option<(u64, String)> = None;
    let mut before: Option<(u64, Hex)> = None;
    let mut actor: &[u8] = b"";
    for line in lines_of(bytes) {
        let seal = Seal::read(line).ok()?;
        if !seal.holds() {
            return None;
        }
        let mut walk = Walk::new(line);
        let stamp = Fields::walk(&mut walk)?;
        if u64::from(ENTRY_VERSION) != stamp.v || *stamp.session != *session.0 {
            return None;
        }
        if stamp.actor != actor {
            actor = stamp.actor;
            let actor = serde_json::from_slice(actor).ok()?;
            scan.authors.push(Author { v: ENTRY_VERSION, session: session.clone(), actor });
        }
        let (body, gist) = say(&mut walk, line, &mut scan.text)?;
        walk.eat(b",\"prev\":\"")?;
        let prev = walk.plain()?;
        let seen = if walk.eat(b",\"seen\":").is_some() {
            let at = walk.nested()?;
            serde_json::from_slice(line.get(at)?).ok()?
        } else {
            Seen::new()
        };
        // What is left is the seal, which was read.
        if walk.rest().len() != Seal::LENGTH {
            return None;
        }
        match &before {
            Some((seq, hash)) if seq.checked_add(1) != Some(stamp.seq) || prev.as_bytes() != hash => {
                return None;
            }
            Some(_) => {}
            None if prev.len() == GENESIS.len() => first = Some((stamp.seq, prev.to_owned())),
            None => return None,
        }
        before = Some((stamp.seq, seal.written));
        let Fields { seq, ts, mono_ms, .. } = stamp;
        let author = scan.authors.len().checked_sub(1)?;
        scan.lines.push(Scanned { seq, ts, mono_ms, seen, author, body, gist });
    }
    let (seq, hash) = before?;
    let (first, prev) = first?;
    let hash = String::from_utf8(hash.to_vec()).ok()?;
    Some((scan, Link { seq: first, prev, head: Head { seq, hash } }))
}

/// What a line begins with.
struct Fields<'a> {
    v: u64,
    seq: u64,
    ts: Timestamp,
    mono_ms: u64,
    session: &'a str,
    /// As text.
    actor: &'a [u8],
}

impl<'a> Fields<'a> {
    fn walk(walk: &mut Walk<'a>) -> Option<Self> {
        walk.eat(b"{\"v\":")?;
        let v = walk.number()?;
        walk.eat(b",\"seq\":")?;
        let seq = walk.number()?;
        walk.eat(b",\"ts\":\"")?;
        let ts = walk.plain()?.parse().ok()?;
        walk.eat(b",\"mono_ms\":")?;
        let mono_ms = walk.number()?;
        walk.eat(b",\"session\":\"")?;
        let session = walk.plain()?;
        walk.eat(b",\"actor\":")?;
        let rest = walk.rest();
        let actor = walk.nested()?;
        let actor = rest.get(..actor.len())?;
        walk.eat(b",")?;
        Some(Self { v, seq, ts, mono_ms, session, actor })
    }
}

/// Walks over a line's kind and body, and writes them down as a text of their own: where it stands, and its gist.
fn say(walk: &mut Walk<'_>, line: &[u8], text: &mut Vec<u8>) -> Option<(Range<usize>, Gist)> {
    let start = walk.at();
    let mut rows = Rows::walk(walk);
    if rows.is_none() {
        *walk = walk.back_to(start);
        walk.eat(b"\"kind\":\"")?;
        walk.plain()?;
        walk.eat(b",\"body\":")?;
        walk.nested()?;
    }
    let begin = text.len();
    text.push(b'{');
    text.extend_from_slice(line.get(start..walk.at())?);
    text.push(b'}');
    let body = text.get(begin..)?;
    // The line's byte at `start` is the text's second.
    rows = rows.and_then(|rows| rows.shifted(start.checked_sub(1)?));
    let gist = match rows.and_then(|rows| rows.told(body)) {
        Some(gist) => gist,
        None => Gist::whole(body)?,
    };
    Some((begin..text.len(), gist))
}
