//! A strand as the disk has it: bytes in the logbook's own line format, written in memory, torn where a crash tears them.

use blackstart::incident::entry::{Entry, SessionId};
use blackstart::logbook::chain::{GENESIS, seal};
use blackstart::logbook::{Head, Line, Seen};

/// One line on the disk.
#[derive(Clone)]
pub struct Written {
    pub entry: Entry,
    pub head: Head,
    /// The byte after its newline.
    pub end: usize,
}

/// One cockpit's file.
pub struct Strand {
    pub session: SessionId,
    pub bytes: Vec<u8>,
    pub lines: Vec<Written>,
    /// Sequence numbers below this were acknowledged as recorded.
    pub acknowledged: u64,
    prev: String,
    witnessed: Seen,
}

impl Strand {
    pub fn new(session: SessionId) -> Self {
        Self {
            session,
            bytes: Vec::new(),
            lines: Vec::new(),
            acknowledged: 0,
            prev: GENESIS.into(),
            witnessed: Seen::new(),
        }
    }

    /// Writes a whole line.
    pub fn append(&mut self, entry: &Entry, heads: &Seen) {
        let (bytes, hash, news) = self.line(entry, heads);
        self.bytes.extend_from_slice(&bytes);
        self.prev.clone_from(&hash);
        self.witnessed.extend(news);
        let head = Head { seq: entry.seq, hash };
        self.lines.push(Written { entry: entry.clone(), head, end: self.bytes.len() });
    }

    /// Writes the first so many thousandths of a line, and never all of it.
    pub fn tear(&mut self, entry: &Entry, heads: &Seen, thousandths: usize) {
        let (bytes, _, _) = self.line(entry, heads);
        let kept = (bytes.len() * thousandths / 1_000).min(bytes.len() - 1);
        self.bytes.extend_from_slice(&bytes[..kept]);
    }

    fn line(&self, entry: &Entry, heads: &Seen) -> (Vec<u8>, String, Seen) {
        let news: Seen = heads
            .iter()
            .filter(|(session, head)| {
                **session != self.session && self.witnessed.get(*session) != Some(*head)
            })
            .map(|(session, head)| (session.clone(), head.clone()))
            .collect();
        let (bytes, hash) = seal(entry, &self.prev, &news).unwrap();
        (bytes, hash, news)
    }

    /// Whether its last line is unfinished.
    pub fn is_torn(&self) -> bool {
        self.lines.last().map_or(0, |line| line.end) != self.bytes.len()
    }

    /// Its whole lines as a reader finds them in the bytes.
    pub fn read(&self) -> Vec<Line> {
        whole_lines(&self.bytes).map(|line| Line::parse(line).unwrap()).collect()
    }
}

/// The lines that end in a newline, without it.
pub fn whole_lines(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    bytes[..whole].split(|byte| *byte == b'\n').filter(|line| !line.is_empty())
}
