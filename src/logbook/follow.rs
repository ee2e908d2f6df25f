//! Reading a strand that may still grow: whole lines only, each byte once, the chain checked on the way.
//!
//! Never panics over what it finds: a file that shrank, was replaced or vanished is a complaint, said once, and nothing
//! of it is read any further. Refuses to judge witnesses (that is [`super::verify()`]).

use super::chain::{Breakage, Chain, Flaw, Line, Seal, holds_whole_line};
use super::checkpoint::Position;
use super::recover::Torn;
use super::scan::{Doubtful, Link};
use crate::incident::entry::SessionId;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::thread;

const BUFFER: usize = 1 << 18;
/// Bytes of lines that are parsed together.
const BATCH: usize = 1 << 20;
/// Fewer bytes than this are parsed where they are.
const WORTH_A_THREAD: usize = 1 << 17;

/// A place in a growing file of lines.
#[derive(Debug, Clone)]
pub(super) struct Cursor {
    pub(super) path: PathBuf,
    /// Bytes read.
    offset: u64,
    /// Bytes of the unfinished last line.
    rest: Vec<u8>,
    /// Whole lines read.
    pub(super) lines: usize,
    identity: Option<(u64, u64)>,
}

impl Cursor {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, offset: 0, rest: Vec::new(), lines: 0, identity: None }
    }

    /// A file whose first `lines` lines, `offset` bytes, are known.
    pub(super) fn after(path: PathBuf, offset: u64, lines: usize) -> Self {
        Self { offset, lines, ..Self::new(path) }
    }

    /// Reads on to the end and gives each whole line, with its number from 1 and without its newline.
    pub(super) fn advance(&mut self, mut give: impl FnMut(usize, &[u8])) -> Result<(), Lost> {
        let Some(file) = self.open()? else { return Ok(()) };
        let mut reader = BufReader::with_capacity(BUFFER, file);
        loop {
            let read = reader.read_until(b'\n', &mut self.rest).map_err(Lost::Unreadable)?;
            if read == 0 {
                return Ok(());
            }
            self.offset += read as u64;
            if let [line @ .., b'\n'] = self.rest.as_slice() {
                self.lines += 1;
                give(self.lines, line);
                self.rest.clear();
            }
        }
    }

    /// Reads on by about so many bytes and gives whole lines, each with its newline; whether there were any. They are not
    /// counted yet.
    fn piece(&mut self, bytes: usize, into: &mut Vec<u8>) -> Result<bool, Lost> {
        into.clear();
        let Some(mut file) = self.open()? else { return Ok(false) };
        into.append(&mut self.rest);
        loop {
            let more = u64::try_from(bytes).unwrap_or(u64::MAX);
            let read = Read::by_ref(&mut file).take(more).read_to_end(into).map_err(Lost::Unreadable)?;
            self.offset += read as u64;
            let end = into.iter().rposition(|byte| *byte == b'\n').map(|at| at + 1);
            if end.is_some() || read == 0 {
                self.rest = into.split_off(end.unwrap_or(0));
                return Ok(end.is_some());
            }
        }
    }

    /// The file, where there is more of it to read.
    fn open(&mut self) -> Result<Option<File>, Lost> {
        let meta = fs::metadata(&self.path).map_err(Lost::Unreadable)?;
        let identity = (meta.dev(), meta.ino());
        if *self.identity.get_or_insert(identity) != identity {
            return Err(Lost::Replaced);
        }
        if meta.len() < self.offset {
            return Err(Lost::Shrunk { from: self.offset, to: meta.len() });
        }
        if meta.len() == self.offset {
            return Ok(None);
        }
        let mut file = File::open(&self.path).map_err(Lost::Unreadable)?;
        file.seek(SeekFrom::Start(self.offset)).map_err(Lost::Unreadable)?;
        Ok(Some(file))
    }

    /// The unfinished last line: torn by a crash, or (it holds a whole line and more) altered.
    pub(super) fn end(&self) -> End {
        if self.rest.is_empty() {
            return End::Clean;
        }
        let torn = Torn {
            file: self.path.clone(),
            line: self.lines + 1,
            bytes: self.rest.len() as u64,
            reopened: None,
        };
        // One whole line without its newline is what a crash can leave; one with other bytes behind it is not.
        if Line::parse(&self.rest).is_err() && holds_whole_line(&self.rest) {
            End::Altered(Breakage {
                file: torn.file,
                line: torn.line,
                what: "the newline after the line was changed or something was added to it".to_owned(),
            })
        } else {
            End::Torn(torn)
        }
    }
}

/// How a file ends.
pub(super) enum End {
    Clean,
    Torn(Torn),
    Altered(Breakage),
}

/// Why a file is not read any further.
#[derive(Debug, thiserror::Error)]
pub(super) enum Lost {
    #[error("the file cannot be read any more: {0}")]
    Unreadable(io::Error),
    #[error("the file was replaced by another while it was read; nothing more of it is read")]
    Replaced,
    #[error("the file shrank from {from} to {to} bytes: lines were cut off; nothing more of it is read")]
    Shrunk { from: u64, to: u64 },
}

/// Lines that are parsed together: hashing and parsing need nothing of the line before, so all processors take part.
#[derive(Default)]
struct Batch {
    bytes: Vec<u8>,
    /// Number and end of each.
    lines: Vec<(usize, usize)>,
}

type Parsed = (usize, Result<Seal, Flaw>, Result<Line, Flaw>);

impl Batch {
    fn push(&mut self, number: usize, line: &[u8]) {
        self.bytes.extend_from_slice(line);
        self.lines.push((number, self.bytes.len()));
    }

    /// Parses and forgets what was pushed, in order.
    fn parse(&mut self) -> Vec<Parsed> {
        let mut start = 0;
        let lines: Vec<(usize, &[u8])> = self
            .lines
            .iter()
            .filter_map(|&(number, end)| {
                let line = self.bytes.get(start..end)?;
                start = end;
                Some((number, line))
            })
            .collect();
        let parse = |&(number, line): &(usize, &[u8])| (number, Seal::read(line), Line::parse_fields(line));
        let workers = if self.bytes.len() < WORTH_A_THREAD {
            1
        } else {
            thread::available_parallelism().map_or(1, usize::from)
        };
        let mut parsed: Vec<Option<Parsed>> = Vec::new();
        parsed.resize_with(lines.len(), || None);
        let share = lines.len().div_ceil(workers).max(1);
        thread::scope(|scope| {
            let shares = lines.chunks(share).zip(parsed.chunks_mut(share));
            for (at, (lines, places)) in shares.enumerate() {
                let mut work = move || {
                    for (place, line) in places.iter_mut().zip(lines) {
                        *place = Some(parse(line));
                    }
                };
                // The last share is this thread's own.
                if at + 1 < workers {
                    scope.spawn(work);
                } else {
                    work();
                }
            }
        });
        self.bytes.clear();
        self.lines.clear();
        parsed.into_iter().flatten().collect()
    }
}

/// What is new in a strand.
#[derive(Debug, Default)]
pub struct Catch {
    /// Its new lines; those that cannot be read at all are only among the breakages.
    pub lines: Vec<Line>,
    /// What is wrong.
    pub breakages: Vec<Breakage>,
}

/// One strand, followed.
#[derive(Debug, Clone)]
pub struct Follower {
    cursor: Cursor,
    chain: Chain,
    session: SessionId,
    /// The last complaint about the file itself: said once, not at every poll.
    said: Option<String>,
}

impl Follower {
    /// Follows the strand at a path from its first line; its session is the file's name.
    #[must_use]
    pub fn new(path: &Path) -> Self {
        let session = session_of(path);
        Self {
            cursor: Cursor::new(path.to_path_buf()),
            chain: Chain::new(session.clone()),
            session,
            said: None,
        }
    }

    /// Follows a strand after a line that is known.
    pub(super) fn after(path: &Path, known: &Position) -> Self {
        let mut follower = Self::new(path);
        let lines = usize::try_from(known.head.seq).map_or(usize::MAX, |seq| seq.saturating_add(1));
        follower.cursor = Cursor::after(path.to_path_buf(), known.end, lines);
        follower.chain = Chain::after(follower.session.clone(), &known.head);
        follower
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.cursor.path
    }

    /// Whose strand.
    #[must_use]
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// What was written since the last time.
    pub fn poll(&mut self) -> Catch {
        let mut catch = Catch::default();
        let Self { cursor, chain, said, .. } = self;
        let file = cursor.path.clone();
        let mut link = |batch: &mut Batch| {
            for (number, seal, line) in batch.parse() {
                let links = line.as_ref().map(Line::links);
                let links = match &links {
                    Ok(links) => Ok(links),
                    Err(flaw) => Err(*flaw),
                };
                if let Some(flaw) = chain.check(&seal, links) {
                    catch.breakages.push(Breakage {
                        file: file.clone(),
                        line: number,
                        what: flaw.to_string(),
                    });
                }
                // A changed line is shown too, marked, if it still reads as an entry.
                if let (Ok(_), Ok(mut line)) = (seal, line) {
                    line.sound = chain.is_sound();
                    catch.lines.push(line);
                }
            }
        };
        let mut batch = Batch::default();
        let ended = cursor.advance(|number, bytes| {
            batch.push(number, bytes);
            if batch.bytes.len() >= BATCH {
                link(&mut batch);
            }
        });
        link(&mut batch);
        match ended {
            Ok(()) => *said = None,
            Err(lost) => {
                let what = lost.to_string();
                if said.as_ref() != Some(&what) {
                    catch.breakages.push(Breakage { file, line: cursor.lines + 1, what: what.clone() });
                    *said = Some(what);
                }
            }
        }
        catch
    }

    /// Whole lines read so far.
    pub(super) fn lines_read(&self) -> usize {
        self.cursor.lines
    }

    /// Reads on by about so many bytes, in whole lines; whether there were any.
    pub(super) fn piece(&mut self, bytes: usize, into: &mut Vec<u8>) -> Result<bool, Lost> {
        self.cursor.piece(bytes, into)
    }

    /// Takes in what a piece says, lines that hang together, if it comes next.
    pub(super) fn pass(&mut self, link: &Link, lines: usize) -> bool {
        let passes = self.chain.passes(link.seq, &link.prev, &link.head);
        if passes {
            self.cursor.lines += lines;
        }
        passes
    }

    /// Takes in lines that were read in full. Gives those that are entries, each with the text of its body, and what is wrong.
    pub(super) fn check(&mut self, lines: Vec<Doubtful>) -> (Vec<(Line, Vec<u8>)>, Vec<Breakage>) {
        let (mut given, mut breakages) = (Vec::with_capacity(lines.len()), Vec::new());
        for (seal, parsed) in lines {
            self.cursor.lines += 1;
            let links = parsed.as_ref().map(|(line, _)| line.links());
            if let Some(flaw) = self.chain.check(&seal, links.as_ref().map_err(|flaw| *flaw)) {
                breakages.push(self.breakage(self.cursor.lines, flaw.to_string()));
            }
            drop(links);
            if let (Ok(_), Ok((mut line, body))) = (seal, parsed) {
                line.sound = self.chain.is_sound();
                given.push((line, body));
            }
        }
        (given, breakages)
    }

    /// What is wrong with the file itself, after what was read of it.
    pub(super) fn lost(&mut self, lost: &Lost) -> Breakage {
        self.said = Some(lost.to_string());
        self.breakage(self.cursor.lines + 1, lost.to_string())
    }

    /// Whether nothing was wrong with the lines so far.
    pub(super) fn is_sound(&self) -> bool {
        self.chain.is_sound()
    }

    fn breakage(&self, line: usize, what: String) -> Breakage {
        Breakage { file: self.cursor.path.clone(), line, what }
    }

    pub(super) fn end(&self) -> End {
        self.cursor.end()
    }

    /// The unfinished last line, if there is one just now.
    #[must_use]
    pub fn torn(&self) -> Option<Torn> {
        match self.cursor.end() {
            End::Clean | End::Altered(_) => None,
            End::Torn(torn) => Some(torn),
        }
    }
}

/// The session that a strand's file name says.
#[must_use]
pub fn session_of(path: &Path) -> SessionId {
    SessionId(path.file_stem().unwrap_or_default().to_string_lossy().into_owned().into())
}
