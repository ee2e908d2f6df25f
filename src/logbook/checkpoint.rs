//! Checkpoints: opening a logbook on what is known, without reading all of it.
//!
//! A checkpoint is a file beside the strands, `<session>.checkpoint`: the fold of every entry up to the newest line that
//! it names of each strand, by sequence number and hash. It is a convenience and never a record: the strands alone are
//! the log, whoever deletes a checkpoint loses nothing, and one that does not fit the strands is not used and said to
//! be so. Its own last line is the SHA-256 of what is before it, against half-written and damaged files.
//!
//! ```text
//! {"checkpoint":1,"covers":{"<session>":{"seq":7,"hash":"<hex>"}},"kept":{…}}
//! {"resource":{…},"changed":"…","by":"<session>"}        one for each row
//! {"rows":1,"sha256":"<hex>"}
//! ```
//!
//! Opening reads the newest checkpoint and then, of each strand, only what came after. The chain is checked from the
//! named line on; [`super::verify()`] checks all of it. Refuses to be written from a logbook whose chain is broken: that
//! must be seen at every start.

use super::chain::{Breakage, Head, Seen, hex, hex_hash, hex_text};
use super::error::LogbookError;
use super::follow::{Follower, session_of};
use super::reader::list;
use super::recover::Torn;
use super::scan::lines_of;
use super::strand::strand_path;
use super::stream::{Streamed, stream_on};
use super::tail::Tail;
use crate::incident::checkpoint::Checkpoint;
use crate::incident::entry::SessionId;
use crate::incident::skim::Skim;
use crate::incident::timeline::{Timeline, Unreadable};
use crate::incident::{Incident, Seen as Row};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::thread;

/// The version of the format; another one is not read.
const VERSION: u32 = 2;
/// The file name's end.
const EXTENSION: &str = "checkpoint";
/// Fewer rows than this are parsed where they are.
const WORTH_A_THREAD: usize = 500;
/// Rows that cannot be read of which so many are named.
const UNREADABLE_NAMED: usize = 20;
/// Bytes that are written together.
const BUFFER: usize = 1 << 16;
/// Bytes of a strand's end that are looked at first for a line.
const WINDOW: u64 = 1 << 16;

/// Where a line of a strand ends, and which it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Position {
    /// Bytes up to and with its newline.
    pub(super) end: u64,
    /// The line.
    pub(super) head: Head,
}

#[derive(Serialize, Deserialize)]
struct Header<K> {
    checkpoint: u32,
    covers: BTreeMap<SessionId, Head>,
    kept: K,
}

#[derive(Serialize, Deserialize)]
pub(super) struct Footer {
    pub(super) rows: usize,
    pub(super) sha256: String,
}

/// What a checkpoint's first line holds: the lines that it covers, and all but its rows.
pub(super) type Covered = (BTreeMap<SessionId, Head>, Checkpoint);

/// What a cockpit opens on.
#[derive(Debug)]
pub struct Recent {
    /// The fold of it all.
    pub incident: Incident,
    /// Lines that were read after the newest checkpoint that fits; all, if there is none.
    pub lines: usize,
    /// Bytes of that.
    pub unkept: u64,
    /// What the others write from here on.
    pub tail: Tail,
    /// What is wrong with the chain, in what was read.
    pub breakages: Vec<Breakage>,
    /// Unfinished last lines.
    pub torn: Vec<Torn>,
    /// Checkpoints that were not used, and why.
    pub passed_over: Vec<String>,
    /// Rows that cannot be read although their lines are good, in words.
    pub unreadable: Vec<String>,
}

/// Opens a logbook that may be empty or missing: the newest checkpoint that fits, and what came after.
///
/// # Errors
/// When the directory is there and cannot be read.
pub fn open_recent(dir: &Path, own: SessionId) -> Result<Recent, LogbookError> {
    let files = match list(dir) {
        Ok(files) => files,
        Err(LogbookError::Read { source, .. }) if source.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(error) => return Err(error),
    };
    let mut passed_over = Vec::new();
    let mut state = Skim::default();
    let mut known = BTreeMap::new();
    for path in checkpoints(dir) {
        match read(&path).and_then(|(covers, kept)| Ok((positions(dir, &covers)?, kept))) {
            Ok((positions, kept)) => {
                (known, state) = (positions, kept.into());
                break;
            }
            Err(why) => passed_over.push(format!("{} is not used: {why}", path.display())),
        }
    }
    let After { strands, unkept } = After::known(files, &known);
    let streamed = stream_on(strands, |timeline, at, gist| state.fold(timeline, at, gist));
    let Streamed { timeline, breakages, torn, followers, heads: read } = streamed;
    let mut heads: Seen = known.into_iter().map(|(session, position)| (session, position.head)).collect();
    heads.extend(read);
    let (incident, unreadable) = read_rows(state, &timeline);
    Ok(Recent {
        lines: timeline.len(),
        incident,
        unkept,
        tail: Tail::resume(dir, own, followers, heads),
        breakages,
        torn,
        passed_over,
        unreadable: told(dir, &unreadable),
    })
}

/// What is said of rows that cannot be read: where the first ones stand, and how many more there are.
fn told(dir: &Path, unreadable: &[Unreadable]) -> Vec<String> {
    let first = unreadable.iter().take(UNREADABLE_NAMED).map(|row| {
        let line = usize::try_from(row.seq).map_or(0, |seq| seq.saturating_add(1));
        Breakage { file: strand_path(dir, &row.session), line, what: row.to_string() }.to_string()
    });
    let more = unreadable.len().saturating_sub(UNREADABLE_NAMED);
    let rest =
        (more > 0).then(|| format!("{more} more rows cannot be read and are shown as they were before"));
    first.chain(rest).collect()
}

/// The state with all its rows, which all processors read.
fn read_rows(state: Skim, timeline: &Timeline) -> (Incident, Vec<Unreadable>) {
    let rows = state.rows();
    if rows < WORTH_A_THREAD {
        return state.into_read(timeline);
    }
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let each = rows.div_ceil(workers).max(1);
    let read = thread::scope(|scope| {
        let (state, parts) = (&state, (0..rows).step_by(each));
        let parts = parts.map(|from| from..rows.min(from + each));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || state.read_part(timeline, part))).collect();
        parts.into_iter().map(thread::ScopedJoinHandle::join).collect::<Result<Vec<_>, _>>()
    });
    match read {
        Ok(parts) => state.with_rows(parts),
        // A bug in one of them is met again where it is seen.
        Err(_) => state.into_read(timeline),
    }
}

/// The strands after what a checkpoint covers.
pub(super) struct After {
    /// Each to be read on, with its length.
    pub(super) strands: Vec<(Follower, u64)>,
    /// Bytes to be read.
    pub(super) unkept: u64,
}

impl After {
    pub(super) fn known(files: Vec<PathBuf>, known: &BTreeMap<SessionId, Position>) -> Self {
        let mut after = Self { strands: Vec::with_capacity(files.len()), unkept: 0 };
        for path in files {
            let length = fs::metadata(&path).map_or(0, |meta| meta.len());
            let (follower, read) = match known.get(&session_of(&path)) {
                Some(position) => (Follower::after(&path, position), position.end),
                None => (Follower::new(&path), 0),
            };
            after.unkept += length.saturating_sub(read);
            after.strands.push((follower, length));
        }
        after
    }
}

/// Bytes of all strands of a logbook.
#[must_use]
pub fn strands_length(dir: &Path) -> u64 {
    let files = list(dir).unwrap_or_default();
    files.iter().filter_map(|path| fs::metadata(path).ok()).map(|meta| meta.len()).sum()
}

/// Keeps a fold beside the strands that it was made of, under a session's name. Gives its size in bytes.
///
/// # Errors
/// When an entry of it is not on disk, or the file cannot be written. Nothing is half there.
pub fn write_checkpoint(dir: &Path, session: &SessionId, incident: &Incident) -> Result<u64, LogbookError> {
    write_rows(dir, session, incident, |draft| {
        incident.rows.values().try_for_each(|row| draft.line(&serde_json::to_vec(row)?))
    })
}

/// The same of a fold that has not all its rows: `rows` writes them.
pub(super) fn write_rows(
    dir: &Path,
    session: &SessionId,
    incident: &Incident,
    rows: impl FnOnce(&mut Draft) -> io::Result<()>,
) -> Result<u64, LogbookError> {
    let path = dir.join(format!("{session}.{EXTENSION}"));
    let draft = dir.join(format!(".{session}.{EXTENSION}.draft"));
    let written = covered(dir, incident).and_then(|covers| {
        let write = || {
            let mut file = Draft::begin(&draft)?;
            let header = Header { checkpoint: VERSION, covers, kept: incident.checkpoint() };
            file.line(&serde_json::to_vec(&header)?)?;
            file.rows = 0;
            rows(&mut file)?;
            let length = file.end()?;
            fs::rename(&draft, &path)?;
            Ok(length)
        };
        write().map_err(|error: io::Error| error.to_string())
    });
    written.inspect(|_| forget_older(dir, &path)).map_err(|why| {
        let _ = fs::remove_file(&draft);
        LogbookError::Checkpoint { path, why }
    })
}

/// The newest line of each strand that a fold covers.
fn covered(dir: &Path, incident: &Incident) -> Result<BTreeMap<SessionId, Head>, String> {
    let mut covers = BTreeMap::new();
    for (session, seq) in incident.heads() {
        let strand = strand_path(dir, session);
        // A strand that was taken away is no part of the log any more.
        if !strand.exists() {
            continue;
        }
        let position = find(&strand, *seq).map_err(|error| error.to_string())?;
        let position = position.ok_or_else(|| format!("entry {seq} of {session} is not on disk"))?;
        covers.insert(session.clone(), position.head);
    }
    Ok(covers)
}

/// A checkpoint that is being written, line by line, so that it costs no memory of its own.
pub(super) struct Draft {
    file: BufWriter<File>,
    hash: Sha256,
    rows: usize,
    length: u64,
}

impl Draft {
    fn begin(path: &Path) -> io::Result<Self> {
        let file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(path)?;
        Ok(Self { file: BufWriter::with_capacity(BUFFER, file), hash: Sha256::new(), rows: 0, length: 0 })
    }

    /// Writes a line, and its newline.
    pub(super) fn line(&mut self, line: &[u8]) -> io::Result<()> {
        for part in [line, b"\n"] {
            self.hash.update(part);
            self.file.write_all(part)?;
            self.length += part.len() as u64;
        }
        self.rows += 1;
        Ok(())
    }

    /// Writes the last line, and gives the length of them all.
    fn end(mut self) -> io::Result<u64> {
        let sha256 = hex_text(&hex(self.hash.finalize_reset()));
        let footer = serde_json::to_vec(&Footer { rows: self.rows, sha256 })?;
        self.line(&footer)?;
        self.file.flush()?;
        self.file.get_ref().sync_data()?;
        Ok(self.length)
    }
}

/// Removes our user's older checkpoints, but for one: the newest may turn out to be damaged.
fn forget_older(dir: &Path, newest: &Path) {
    let owner = |path: &Path| fs::metadata(path).ok().map(|meta| meta.uid());
    let ours = owner(newest);
    for old in checkpoints(dir).into_iter().filter(|path| path != newest && owner(path) == ours).skip(1) {
        // One that stays does no harm.
        let _ = fs::remove_file(old);
    }
}

/// The checkpoints of a directory, newest first.
pub(super) fn checkpoints(dir: &Path) -> Vec<PathBuf> {
    let Ok(items) = fs::read_dir(dir) else { return Vec::new() };
    let mut found: Vec<_> = items
        .filter_map(Result::ok)
        .map(|item| item.path())
        .filter(|path| path.extension().is_some_and(|e| e == EXTENSION))
        .filter_map(|path| Some((fs::metadata(&path).ok()?.modified().ok()?, path)))
        .collect();
    found.sort();
    found.into_iter().rev().map(|(_, path)| path).collect()
}

fn read(path: &Path) -> Result<(BTreeMap<SessionId, Head>, Incident), String> {
    let bytes = fs::read(path).map_err(|error| error.to_string())?;
    parse(&bytes)
}

/// Reads a checkpoint.
///
/// # Errors
/// In words: it is damaged, or of another version.
pub fn parse(bytes: &[u8]) -> Result<(BTreeMap<SessionId, Head>, Incident), String> {
    let whole = bytes.strip_suffix(b"\n").ok_or("it is cut short")?;
    let last = whole.iter().rposition(|byte| *byte == b'\n').ok_or("it is cut short")? + 1;
    let (covered, footer) = whole.split_at(last);
    let footer: Footer = serde_json::from_slice(footer).map_err(|_| "it is cut short")?;
    let mut lines = lines_of(covered).filter(|line| !line.is_empty());
    let header = lines.next().ok_or("it is empty")?;
    let lines: Vec<&[u8]> = lines.collect();
    let (is_whole, rows) = thread::scope(|scope| {
        let hashed = scope.spawn(|| hex_text(&hex_hash(covered)) == footer.sha256);
        let rows = parse_rows(&lines);
        (hashed.join().unwrap_or(false), rows)
    });
    if !is_whole {
        return Err("it was changed after it was written".into());
    }
    let (covers, kept) = parse_header(header)?;
    let rows = rows?;
    if rows.len() != footer.rows {
        return Err(format!("it says {} rows and has {}", footer.rows, rows.len()));
    }
    Ok((covers, Incident::from_checkpoint(kept, rows)))
}

/// Reads a checkpoint's first line.
pub(super) fn parse_header(header: &[u8]) -> Result<Covered, String> {
    let version: Header<serde::de::IgnoredAny> =
        serde_json::from_slice(header).map_err(|error| error.to_string())?;
    if version.checkpoint != VERSION {
        return Err(format!("it is of version {}; this program reads version {VERSION}", version.checkpoint));
    }
    let header: Header<Checkpoint> = serde_json::from_slice(header).map_err(|error| error.to_string())?;
    Ok((header.covers, header.kept))
}

/// Rows need nothing of each other: all processors take part.
fn parse_rows(lines: &[&[u8]]) -> Result<Vec<Row>, String> {
    let parse = |part: &[&[u8]]| -> Result<Vec<Row>, String> {
        let rows = part.iter().map(|line| serde_json::from_slice(line));
        rows.collect::<Result<_, _>>().map_err(|error: serde_json::Error| error.to_string())
    };
    if lines.len() < WORTH_A_THREAD {
        return parse(lines);
    }
    let workers = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        let parts = lines.chunks(lines.len().div_ceil(workers).max(1));
        let parts: Vec<_> = parts.map(|part| scope.spawn(move || parse(part))).collect();
        let mut rows = Vec::with_capacity(lines.len());
        for part in parts {
            rows.extend(part.join().map_err(|_| "its rows could not be read".to_owned())??);
        }
        Ok(rows)
    })
}

/// Where the strands go on after what a checkpoint covers.
pub(super) fn positions(
    dir: &Path,
    covers: &BTreeMap<SessionId, Head>,
) -> Result<BTreeMap<SessionId, Position>, String> {
    let mut positions = BTreeMap::new();
    for (session, head) in covers {
        let found =
            find(&strand_path(dir, session), head.seq).map_err(|error| format!("{session}: {error}"))?;
        match found {
            Some(position) if position.head == *head => {
                positions.insert(session.clone(), position);
            }
            Some(_) => return Err(format!("entry {} of {session} is another one by now", head.seq)),
            None => return Err(format!("entry {} of {session} is missing", head.seq)),
        }
    }
    Ok(positions)
}

#[derive(Deserialize)]
struct Numbered {
    seq: u64,
    hash: String,
}

/// Finds a strand's line of that number, looking from the end.
fn find(path: &Path, seq: u64) -> io::Result<Option<Position>> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    let mut window = WINDOW;
    loop {
        let start = length.saturating_sub(window);
        file.seek(SeekFrom::Start(start))?;
        let mut bytes = Vec::new();
        Read::by_ref(&mut file).take(length - start).read_to_end(&mut bytes)?;
        // The window's first line is cut, unless it is the file's.
        let mut at = if start == 0 {
            0
        } else {
            bytes.iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |at| at + 1)
        };
        let mut earlier = false;
        while let Some(line) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
            let Some(length) = line.iter().position(|byte| *byte == b'\n') else { break };
            let end = at + length;
            if let Some(line) = bytes.get(at..end)
                && let Ok(line) = serde_json::from_slice::<Numbered>(line)
            {
                if line.seq == seq {
                    let end = start + end as u64 + 1;
                    return Ok(Some(Position { end, head: Head { seq, hash: line.hash } }));
                }
                earlier |= line.seq < seq;
            }
            at = end + 1;
        }
        if earlier || start == 0 {
            return Ok(None);
        }
        window = window.saturating_mul(8);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::fixtures::{entry, note, session, write_strand};
    use super::super::strand::StrandWriter;
    use super::super::{Logbook, Seen};
    use super::*;

    fn whole(dir: &Path) -> Incident {
        let mut incident = Incident::default();
        for line in Logbook::open_or_empty(dir).unwrap().into_timeline() {
            incident.fold(&line.entry);
        }
        incident
    }

    fn opened(dir: &Path) -> (Incident, Recent) {
        let mut recent = open_recent(dir, session("zoe")).unwrap();
        (std::mem::take(&mut recent.incident), recent)
    }

    #[test]
    fn opening_on_a_checkpoint_is_opening_on_everything_and_reads_only_what_came_after() {
        let tmp = tempfile::tempdir().unwrap();
        write_strand(tmp.path(), "adam", (0..2_000).map(|n| (n, note("a note that was written"))));
        let mut eve = StrandWriter::create(tmp.path(), &session("eve")).unwrap();
        let write = |eve: &mut StrandWriter, seq: u64| {
            let at = i64::try_from(seq).unwrap() * 3;
            eve.append(&entry("eve", seq, at, note("e")), &Seen::new()).unwrap()
        };
        for seq in 0..5 {
            write(&mut eve, seq);
        }
        write_checkpoint(tmp.path(), &session("eve"), &whole(tmp.path())).unwrap();
        let (incident, recent) = opened(tmp.path());
        assert_eq!(recent.lines, 0);
        assert_eq!(incident, whole(tmp.path()));
        let head = write(&mut eve, 5);
        write_strand(tmp.path(), "noa", [(9_999, note("new"))]);
        let (incident, mut recent) = opened(tmp.path());
        assert_eq!(recent.lines, 2, "what came after: one line of eve's, and a whole new strand");
        assert_eq!(incident, whole(tmp.path()));
        assert_eq!(recent.tail.heads()[&session("eve")], head);
        assert_eq!(
            recent.tail.heads()[&session("adam")].seq,
            1_999,
            "what was not read is witnessed all the same"
        );
        write(&mut eve, 6);
        assert_eq!(recent.tail.poll().lines.len(), 1);
        assert!(recent.breakages.is_empty() && recent.torn.is_empty() && recent.passed_over.is_empty());
    }

    #[test]
    fn a_checkpoint_that_does_not_fit_is_passed_over_and_everything_is_read() {
        let tmp = tempfile::tempdir().unwrap();
        let strand = write_strand(tmp.path(), "adam", [(0, note("a")), (1, note("b"))]);
        write_checkpoint(tmp.path(), &session("adam"), &whole(tmp.path())).unwrap();
        let path = tmp.path().join(format!("{}.checkpoint", session("adam")));
        let good = fs::read(&path).unwrap();
        // Damaged, cut, of another version.
        let mut changed = good.clone();
        let at = good.windows(4).position(|w| w == b"adam").unwrap();
        changed[at] = b'x';
        for (bytes, why) in [(changed, "changed"), (good[..good.len() / 2].to_vec(), "cut short")] {
            fs::write(&path, bytes).unwrap();
            let (incident, recent) = opened(tmp.path());
            assert_eq!(recent.lines, 2);
            assert_eq!(incident, whole(tmp.path()));
            assert!(recent.passed_over[0].contains(why), "{:?}", recent.passed_over);
        }
        // A strand that was rewritten is no longer what the checkpoint was made of.
        fs::write(&path, &good).unwrap();
        fs::remove_file(&strand).unwrap();
        write_strand(tmp.path(), "adam", [(0, note("a")), (1, note("other"))]);
        let (_, recent) = opened(tmp.path());
        assert!(recent.passed_over[0].contains("another one"), "{:?}", recent.passed_over);
        assert_eq!(recent.lines, 2);
    }

    #[test]
    fn what_is_not_on_disk_is_not_kept() {
        let tmp = tempfile::tempdir().unwrap();
        write_strand(tmp.path(), "adam", [(0, note("a"))]);
        let mut incident = whole(tmp.path());
        incident.fold(&entry("adam", 1, 5, note("never written")));
        let refused = write_checkpoint(tmp.path(), &session("adam"), &incident).unwrap_err().to_string();
        assert!(refused.contains("entry 1"), "{refused}");
        assert!(checkpoints(tmp.path()).is_empty());
    }

    #[test]
    fn two_checkpoints_of_ours_are_kept_and_no_more() {
        let tmp = tempfile::tempdir().unwrap();
        for who in ["adam", "eve", "noa"] {
            write_strand(tmp.path(), who, [(0, note(who))]);
            write_checkpoint(tmp.path(), &session(who), &whole(tmp.path())).unwrap();
        }
        assert_eq!(checkpoints(tmp.path()).len(), 2);
        let (incident, recent) = opened(tmp.path());
        assert_eq!((incident, recent.lines), (whole(tmp.path()), 0));
    }
}
