//! A line of a strand, and the chain that ties it to the line before.
//!
//! A line is one JSON object: the entry's fields, then `prev` (the hash of the line before; 64 zeros for the first),
//! `seen` where there is something new to witness, and last `hash`:
//!
//! ```text
//! {"v":1,"seq":7,…,"kind":"note","body":{…},"prev":"<hex>","seen":{"<session>":{"seq":3,"hash":"<hex>"}},"hash":"<hex>"}
//! ```
//!
//! `hash` is the SHA-256 of all bytes of the line before `,"hash":"`. So a change of any byte shows on the line itself,
//! also on the last one, which no `prev` covers. The first `prev` binds nothing: every line names its session, and the
//! session must be the file's name.
//!
//! A chain proves order and shows careless edits. Against somebody who rewrites a whole strand with new hashes it proves
//! nothing; the other strands' `seen` do (see [`super::verify()`]).

use super::in_order::{InOrder, body_text};
use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, SessionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// The `prev` of a strand's first line.
pub const GENESIS: &str = "0000000000000000000000000000000000000000000000000000000000000000";

/// What stands between the bytes that are hashed and the hash.
const SEAL: &[u8] = b",\"hash\":\"";
/// A line's last bytes: the seal, 64 hex digits, the closing quote and brace.
const SEAL_LENGTH: usize = SEAL.len() + 64 + 2;

/// The newest line of a strand that somebody knows of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Head {
    /// Its sequence number.
    pub seq: u64,
    /// Its hash.
    pub hash: String,
}

/// Heads of other strands, as a line witnesses them.
pub type Seen = BTreeMap<SessionId, Head>;

/// One line as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// The entry.
    pub entry: Entry,
    /// Hash of the line before.
    pub prev: String,
    /// What the writer had newly seen of other strands; usually empty.
    pub seen: Seen,
    /// The line's own hash, as written.
    pub hash: String,
    /// Whether the chain holds from the strand's first line to this one.
    pub sound: bool,
}

impl Line {
    /// What others witness of this line.
    #[must_use]
    pub fn head(&self) -> Head {
        Head { seq: self.entry.seq, hash: self.hash.clone() }
    }

    /// The line's bytes without the newline, as they were written.
    ///
    /// # Errors
    /// When the entry cannot be written as JSON, which no entry that was read can cause.
    pub fn to_json(&self) -> Result<Vec<u8>, Flaw> {
        let mut bytes = unsealed(&self.entry, &self.prev, &self.seen)?;
        push_seal(&mut bytes, self.hash.as_bytes());
        Ok(bytes)
    }

    /// Parses one line (without newline) and checks its own hash, not its place in a chain.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn parse(bytes: &[u8]) -> Result<Self, Flaw> {
        let seal = Seal::read(bytes)?;
        if seal.written != seal.computed {
            return Err(seal.differs());
        }
        Self::parse_fields(bytes)
    }

    /// Parses one line whatever its hash.
    pub(super) fn parse_fields(bytes: &[u8]) -> Result<Self, Flaw> {
        let text = utf8(bytes)?;
        // As this program writes it, in one pass; else as anybody may write JSON.
        match serde_json::from_str(text) {
            Ok(InOrder(line)) => line.with_hashes(),
            Err(_) => Self::parse_in_any_order(text),
        }
    }

    /// Parses one line whatever its hash, and gives the text of its body beside it, `{"kind":…,"body":…}`.
    pub(super) fn parse_with_body(bytes: &[u8]) -> Result<(Self, Vec<u8>), Flaw> {
        let text = utf8(bytes)?;
        if let Ok(InOrder(line)) = serde_json::from_str(text)
            && let Some(body) = body_text(bytes)
        {
            return Ok((line.with_hashes()?, body));
        }
        let line = Self::parse_in_any_order(text)?;
        let body = serde_json::to_vec(&line.entry.body);
        Ok((line, body.map_err(|e| Flaw::NotAnEntry { reason: e.to_string() })?))
    }

    /// Two passes over the same text: the body's own parser skips the line's other fields, and so neither pass has to
    /// buffer the body, as one flattened struct would.
    fn parse_in_any_order(text: &str) -> Result<Self, Flaw> {
        let fields: Fields = serde_json::from_str(text).map_err(|e| not_an_entry(text, &e))?;
        let body: Body = serde_json::from_str(text).map_err(|e| not_an_entry(text, &e))?;
        let line = Self {
            entry: Entry {
                v: fields.v,
                seq: fields.seq,
                ts: fields.ts,
                mono_ms: fields.mono_ms,
                session: fields.session,
                actor: fields.actor,
                body,
            },
            prev: fields.prev,
            seen: fields.seen,
            hash: fields.hash,
            sound: true,
        };
        line.with_hashes()
    }

    /// Refuses a line whose hashes are none. Whatever else a forger writes there would be written out again as it stands.
    fn with_hashes(self) -> Result<Self, Flaw> {
        for (text, field) in [(&self.prev, "prev"), (&self.hash, "hash")] {
            if text.len() != GENESIS.len() || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
                return Err(Flaw::NotAnEntry { reason: format!("`{field}` is no SHA-256") });
            }
        }
        Ok(self)
    }

    pub(super) fn links(&self) -> Links<'_> {
        Links {
            v: self.entry.v,
            seq: self.entry.seq,
            session: Cow::Borrowed(&self.entry.session.0),
            prev: Cow::Borrowed(&self.prev),
            seen: Seen::new(),
        }
    }
}

fn utf8(bytes: &[u8]) -> Result<&str, Flaw> {
    std::str::from_utf8(bytes).map_err(|e| Flaw::NotAnEntry { reason: e.to_string() })
}

#[derive(Deserialize)]
struct Fields {
    v: u32,
    seq: u64,
    ts: Timestamp,
    mono_ms: u64,
    session: SessionId,
    actor: Actor,
    prev: String,
    #[serde(default)]
    seen: Seen,
    hash: String,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// It does not end in a hash.
    #[error("the line does not end in its hash: it was cut, joined with another, or is not a logbook line")]
    Unsealed,
    /// Its bytes give another hash.
    #[error(
        "the line was changed after it was written: it says hash {}, its bytes give {}",
        short(written),
        short(computed)
    )]
    Changed {
        /// The hash it carries.
        written: String,
        /// The hash its bytes have.
        computed: String,
    },
    /// It is no entry.
    #[error("the line is not an entry: {reason}")]
    NotAnEntry {
        /// In the parser's words.
        reason: String,
    },
    /// It is of another format version.
    #[error("the line is of format version {found}; this program reads version {}", ENTRY_VERSION)]
    Version {
        /// Which.
        found: u32,
    },
    /// It belongs to another strand.
    #[error("the line belongs to session {found}, not to this strand")]
    ForeignSession {
        /// Whose it says it is.
        found: String,
    },
    /// Lines are missing before it, or twice there.
    #[error("sequence number {found} where {expected} was due: {}", gap(*expected, *found))]
    Sequence {
        /// What was due.
        expected: u64,
        /// What is there.
        found: u64,
    },
    /// It follows another line than the one before it.
    #[error("the line says it follows hash {}, the line before has {}", short(written), short(before))]
    Unlinked {
        /// Its `prev`.
        written: String,
        /// The hash of the line before.
        before: String,
    },
}

fn short(hash: &str) -> Cow<'_, str> {
    match hash.get(..12) {
        Some(head) if hash.len() > 12 => Cow::Owned(format!("{head}…")),
        _ => Cow::Borrowed(hash),
    }
}

fn gap(expected: u64, found: u64) -> String {
    if found > expected {
        format!("{} line(s) are missing here", found - expected)
    } else {
        "lines were repeated or reordered".to_owned()
    }
}

fn not_an_entry(text: &str, error: &serde_json::Error) -> Flaw {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    // A line of a later version may lack what this one needs: then its version is what to say.
    match serde_json::from_str::<Version>(text) {
        Ok(Version { v }) if v != ENTRY_VERSION => Flaw::Version { found: v },
        Ok(_) | Err(_) => Flaw::NotAnEntry { reason: error.to_string() },
    }
}

/// Something wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breakage {
    /// The strand's file.
    pub file: PathBuf,
    /// Line number, from 1; 0 where it is about the whole.
    pub line: usize,
    /// In words.
    pub what: String,
}

impl fmt::Display for Breakage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // What a forger wrote is quoted here: it must not reach a terminal as more than text.
        let file = tame(&self.file.to_string_lossy());
        let what = tame(&self.what);
        if self.line == 0 { write!(f, "{file}: {what}") } else { write!(f, "{file}:{}: {what}", self.line) }
    }
}

/// Text that stays on its line and cannot move a cursor.
pub(super) fn tame(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// A hash in hex digits.
pub(super) type Hex = [u8; 64];

/// SHA-256 in hex.
pub(super) fn hex_hash(bytes: &[u8]) -> Hex {
    hex(Sha256::digest(bytes))
}

/// A digest in hex, without the formatter: this runs once per line.
pub(super) fn hex(digest: impl IntoIterator<Item = u8>) -> Hex {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut hex = [0; 64];
    for (pair, byte) in hex.chunks_exact_mut(2).zip(digest) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    hex
}

pub(super) fn hex_text(hex: &Hex) -> String {
    String::from_utf8_lossy(hex).into_owned()
}

/// The line for an entry, with newline, and its hash.
///
/// # Errors
/// When the entry cannot be written as JSON.
pub fn seal(entry: &Entry, prev: &str, seen: &Seen) -> Result<(Vec<u8>, String), Flaw> {
    let mut bytes = unsealed(entry, prev, seen)?;
    let hash = hex_hash(&bytes);
    push_seal(&mut bytes, &hash);
    bytes.push(b'\n');
    Ok((bytes, hex_text(&hash)))
}

fn unsealed(entry: &Entry, prev: &str, seen: &Seen) -> Result<Vec<u8>, Flaw> {
    let unwritable = |e: serde_json::Error| Flaw::NotAnEntry { reason: e.to_string() };
    let mut bytes = serde_json::to_vec(entry).map_err(unwritable)?;
    bytes.pop(); // the closing brace
    bytes.extend_from_slice(b",\"prev\":\"");
    bytes.extend_from_slice(prev.as_bytes());
    bytes.push(b'"');
    if !seen.is_empty() {
        bytes.extend_from_slice(b",\"seen\":");
        serde_json::to_writer(&mut bytes, seen).map_err(unwritable)?;
    }
    Ok(bytes)
}

fn push_seal(bytes: &mut Vec<u8>, hash: &[u8]) {
    bytes.extend_from_slice(SEAL);
    bytes.extend_from_slice(hash);
    bytes.extend_from_slice(b"\"}");
}

/// A line's hash: the one it carries, and the one its bytes have.
pub(super) struct Seal {
    pub(super) written: Hex,
    computed: Hex,
}

impl Seal {
    /// How long it is at a line's end.
    pub(super) const LENGTH: usize = SEAL_LENGTH;

    /// Whether the line is what it was when it was sealed.
    pub(super) fn holds(&self) -> bool {
        self.written == self.computed
    }

    pub(super) fn read(bytes: &[u8]) -> Result<Self, Flaw> {
        let cut = bytes.len().checked_sub(SEAL_LENGTH).ok_or(Flaw::Unsealed)?;
        let (covered, tail) = bytes.split_at(cut);
        let written = tail
            .strip_prefix(SEAL)
            .and_then(|t| t.strip_suffix(b"\"}"))
            .and_then(|hex| Hex::try_from(hex).ok())
            .ok_or(Flaw::Unsealed)?;
        Ok(Self { written, computed: hex_hash(covered) })
    }

    fn differs(&self) -> Flaw {
        Flaw::Changed { written: hex_text(&self.written), computed: hex_text(&self.computed) }
    }
}

/// Whether these bytes begin with one whole line: then they are no line that a crash cut short.
pub(super) fn holds_whole_line(bytes: &[u8]) -> bool {
    bytes
        .windows(SEAL.len())
        .enumerate()
        .filter(|(_, window)| *window == SEAL)
        .filter_map(|(at, _)| bytes.get(..at + SEAL_LENGTH))
        .any(|line| Seal::read(line).is_ok_and(|seal| seal.written == seal.computed))
}

/// What a line's place in the chain needs: the body is only walked over.
#[derive(Debug, Deserialize)]
pub(super) struct Links<'a> {
    v: u32,
    pub(super) seq: u64,
    #[serde(borrow)]
    session: Cow<'a, str>,
    #[serde(borrow)]
    prev: Cow<'a, str>,
    #[serde(default)]
    pub(super) seen: Seen,
}

impl<'a> Links<'a> {
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Flaw> {
        let text = utf8(bytes)?;
        serde_json::from_str(text).map_err(|e| not_an_entry(text, &e))
    }
}

/// The chain of one strand, checked line by line.
#[derive(Debug, Clone)]
pub(super) struct Chain {
    session: SessionId,
    next: u64,
    before: Before,
    sound: bool,
}

/// What the line before leaves for `prev` to be.
#[derive(Debug, Clone)]
enum Before {
    Hash(Hex),
    /// The line before does not match its own hash: either may be the true one, and one change is one complaint.
    Either(Hex, Hex),
    /// The line before could not be read.
    Any,
}

impl Before {
    fn admits(&self, prev: &str) -> bool {
        match self {
            Self::Hash(hash) => prev.as_bytes() == hash,
            Self::Either(one, other) => prev.as_bytes() == one || prev.as_bytes() == other,
            Self::Any => true,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Hash(hash) | Self::Either(hash, _) => hex_text(hash),
            Self::Any => String::new(),
        }
    }
}

impl Chain {
    pub(super) fn new(session: SessionId) -> Self {
        Self { session, next: 0, before: Before::Hash([b'0'; 64]), sound: true }
    }

    /// The chain after a line that is known.
    pub(super) fn after(session: SessionId, known: &Head) -> Self {
        let before = Hex::try_from(known.hash.as_bytes()).map_or(Before::Any, Before::Hash);
        Self { session, next: known.seq.saturating_add(1), before, sound: true }
    }

    /// Whether nothing was wrong so far.
    pub(super) fn is_sound(&self) -> bool {
        self.sound
    }

    /// Whether a run of lines that hang together comes next here; the chain then goes on after it.
    pub(super) fn passes(&mut self, first: u64, prev: &str, head: &Head) -> bool {
        let passes = self.next == first && self.before.admits(prev);
        if passes {
            *self = Self { sound: self.sound, ..Self::after(self.session.clone(), head) };
        }
        passes
    }

    /// Checks the next line: its hash and its links, or why it has none. Gives the one thing most worth saying about
    /// what is wrong. After a flaw it goes on from what is there, so that one change is one complaint.
    pub(super) fn check(
        &mut self,
        seal: &Result<Seal, Flaw>,
        links: Result<&Links<'_>, &Flaw>,
    ) -> Option<Flaw> {
        let flaw = self.step(seal, links);
        self.sound &= flaw.is_none();
        flaw
    }

    fn step(&mut self, seal: &Result<Seal, Flaw>, links: Result<&Links<'_>, &Flaw>) -> Option<Flaw> {
        let due = self.next;
        // A forger's number may be the last there is.
        self.next = due.saturating_add(1);
        let seal = match seal {
            Ok(seal) => seal,
            Err(flaw) => {
                self.before = Before::Any;
                return Some(flaw.clone());
            }
        };
        if seal.written != seal.computed {
            self.before = Before::Either(seal.written, seal.computed);
            return Some(seal.differs());
        }
        let before = std::mem::replace(&mut self.before, Before::Hash(seal.written));
        let links = match links {
            Ok(links) => links,
            Err(flaw) => return Some(flaw.clone()),
        };
        self.next = links.seq.saturating_add(1);
        if links.v != ENTRY_VERSION {
            Some(Flaw::Version { found: links.v })
        } else if *links.session != *self.session.0 {
            Some(Flaw::ForeignSession { found: links.session.clone().into_owned() })
        } else if links.seq != due {
            Some(Flaw::Sequence { expected: due, found: links.seq })
        } else if !before.admits(&links.prev) {
            Some(Flaw::Unlinked { written: links.prev.clone().into_owned(), before: before.text() })
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::fixtures::{entry, line, note, observed, session};
    use super::*;

    #[test]
    fn a_line_reads_back_as_written_byte_for_byte() {
        let seen = Seen::from([(session("eve"), Head { seq: 3, hash: GENESIS.to_owned() })]);
        for body in [note("a \"quoted\" , \"hash\":\" note\n\u{1F4A5}"), observed()] {
            let written = entry("adam", 7, 3, body);
            let (bytes, hash) = seal(&written, GENESIS, &seen).unwrap();
            let (last, bytes) = bytes.split_last().unwrap();
            assert_eq!(*last, b'\n');
            assert!(!bytes.contains(&b'\n'));
            let line = Line::parse(bytes).unwrap();
            assert_eq!(line.entry, written);
            assert_eq!((line.prev.as_str(), &line.seen, &line.hash), (GENESIS, &seen, &hash));
            assert_eq!(line.to_json().unwrap(), bytes);
        }
    }

    #[test]
    fn anybody_can_check_a_hash_with_sha256sum() {
        let bytes = line("adam", 0, 0, note("a"), Seen::new()).to_json().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (covered, rest) = text.rsplit_once(",\"hash\":\"").unwrap();
        assert_eq!(rest, format!("{}\"}}", crate::incident::hash::sha256_hex(covered.as_bytes())));
    }

    #[test]
    fn errors_say_what_is_wrong() {
        let whole = line("adam", 0, 0, note("abc"), Seen::new()).to_json().unwrap();
        let text = String::from_utf8(whole).unwrap();
        let flaw = |text: &str| Line::parse(text.as_bytes()).unwrap_err();
        assert_eq!(flaw(""), Flaw::Unsealed);
        assert_eq!(flaw(&text[..text.len() - 1]), Flaw::Unsealed);
        assert!(matches!(flaw(&text.replace("abc", "abd")), Flaw::Changed { .. }));
        let sealed =
            |covered: &str| format!("{covered},\"hash\":\"{}\"}}", hex_text(&hex_hash(covered.as_bytes())));
        assert!(matches!(flaw(&sealed("{\"v\":1")), Flaw::NotAnEntry { .. }));
        assert_eq!(flaw(&sealed("{\"v\":9")), Flaw::Version { found: 9 });
        // What is no hash could hold anything, and would be exported as it stands.
        let (covered, _) = text.split_once(",\"prev\"").unwrap();
        let forged = sealed(&format!("{covered},\"prev\":\"\\n{{}}\""));
        assert_eq!(flaw(&forged), Flaw::NotAnEntry { reason: "`prev` is no SHA-256".to_owned() });
    }
}
