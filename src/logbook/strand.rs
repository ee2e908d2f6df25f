//! Writing a strand: one file, one writer, one `write(2)` per line.
//!
//! A write or fsync that failed is never tried again: after a failed fsync the kernel may have dropped the pages and
//! call the next one a success. The writer is poisoned instead, every later append says why, and the cockpit goes
//! read-only. Refuses to write anybody else's entries, or its own out of order.

use super::chain::{GENESIS, Head, Seen, seal};
use super::error::LogbookError;
use crate::incident::entry::{Entry, SessionId};
use jiff::Timestamp;
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// Names tried before a strand's name is given up as taken.
const NAMES_TRIED: u32 = 99;

/// A session's name: `<utc>-<user>@<host>-<pid>`, made safe for a file name.
#[must_use]
pub fn name_session(utc: Timestamp, user: &str, host: &str, pid: u32) -> SessionId {
    let utc = utc.strftime("%Y%m%dT%H%M%SZ");
    SessionId(format!("{utc}-{}@{}-{pid}", plain(user, 64), plain(host, 100)).into())
}

/// The characters that every file system, shell and person can take; `_` for the rest, and never nothing.
fn plain(text: &str, most: usize) -> String {
    let plain: String = text
        .chars()
        .take(most)
        .map(|c| if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-') { c } else { '_' })
        .collect();
    if plain.is_empty() { "_".to_owned() } else { plain }
}

/// Where a session's strand is.
#[must_use]
pub fn strand_path(dir: &Path, session: &SessionId) -> PathBuf {
    dir.join(format!("{session}.jsonl"))
}

/// Bytes that a new strand must find room for: what it begins with, and what a reopening names as lost.
const ROOM: usize = 1 << 16;

/// Whether the disk takes what a strand begins with: a full one still makes files, and an empty strand is worth nothing.
///
/// # Errors
/// When the directory cannot be made, or has no room.
pub fn check_room(dir: &Path) -> Result<(), LogbookError> {
    make_directory(dir)?;
    let failed = |source| LogbookError::Room { dir: dir.to_path_buf(), source };
    // A file without a name: whatever happens, it is gone afterwards.
    let mut file = tempfile::tempfile_in(dir).map_err(failed)?;
    file.write_all(&[b' '; ROOM]).and_then(|()| file.sync_data()).map_err(failed)
}

/// Whether a strand's writer is still there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presence {
    /// It holds its lock.
    Here,
    /// It does not.
    Gone,
    /// The file system does not say.
    Unknown,
}

/// Tests whether a strand's writer is alive, by the lock that the kernel drops with the process.
#[must_use]
pub fn presence(path: &Path) -> Presence {
    let Ok(file) = File::open(path) else {
        return Presence::Unknown;
    };
    match file.try_lock_shared() {
        Ok(()) => {
            // Dropping the file releases the lock too; said aloud because a writer may be about to take it.
            let _ = file.unlock();
            Presence::Gone
        }
        Err(TryLockError::WouldBlock) => Presence::Here,
        Err(TryLockError::Error(_)) => Presence::Unknown,
    }
}

/// The writer of one strand.
#[derive(Debug)]
pub struct StrandWriter {
    file: File,
    path: PathBuf,
    session: SessionId,
    identity: (u64, u64),
    length: u64,
    next: u64,
    prev: String,
    witnessed: Seen,
    locked: bool,
    poison: Option<String>,
}

impl StrandWriter {
    /// Creates the directory (0750) if it is missing and a new strand (0640) in it.
    ///
    /// Where the name is taken the session gets a suffix: entries must carry [`StrandWriter::session`], not the name
    /// that was asked for.
    ///
    /// # Errors
    /// When the directory or the file cannot be made and brought to the disk.
    pub fn create(dir: &Path, session: &SessionId) -> Result<Self, LogbookError> {
        make_directory(dir)?;
        let mut session = session.clone();
        let base = session.0.clone();
        let mut tried = 1;
        loop {
            let path = strand_path(dir, &session);
            let made = OpenOptions::new().append(true).create_new(true).mode(0o640).open(&path);
            match made {
                Ok(file) => {
                    let mut writer = Self::on_file(file, path, session)?;
                    writer.lock();
                    sync_directory(dir)
                        .map_err(|source| LogbookError::Create { path: writer.path.clone(), source })?;
                    return Ok(writer);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists && tried < NAMES_TRIED => {
                    tried += 1;
                    session = SessionId(format!("{base}-{tried}").into());
                }
                Err(source) => return Err(LogbookError::Create { path, source }),
            }
        }
    }

    fn on_file(file: File, path: PathBuf, session: SessionId) -> Result<Self, LogbookError> {
        let meta = file.metadata().map_err(|source| LogbookError::Create { path: path.clone(), source })?;
        Ok(Self {
            file,
            path,
            session,
            identity: (meta.dev(), meta.ino()),
            length: 0,
            next: 0,
            prev: GENESIS.to_owned(),
            witnessed: Seen::new(),
            locked: false,
            poison: None,
        })
    }

    /// Takes the lock that tells others that this session is alive. Somebody who is just asking may hold it, so it is
    /// tried again with every line. A file system without locks still keeps a log; presence is then unknown.
    fn lock(&mut self) {
        if !self.locked {
            self.locked = self.file.try_lock().is_ok();
        }
    }

    /// The session that this strand is of.
    #[must_use]
    pub fn session(&self) -> &SessionId {
        &self.session
    }

    /// The file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The sequence number that the next entry must have.
    #[must_use]
    pub fn next_seq(&self) -> u64 {
        self.next
    }

    /// Why nothing is written any more, if so.
    #[must_use]
    pub fn poison(&self) -> Option<&str> {
        self.poison.as_deref()
    }

    /// Appends one entry, and brings it to the disk if it is one that must be there before what it announces happens.
    ///
    /// `seen` may be all heads known: only those that changed since they were last written are written.
    ///
    /// # Errors
    /// When the entry is not the next of this session (nothing is written), or when the disk refuses: then this
    /// writer never writes again.
    pub fn append(&mut self, entry: &Entry, seen: &Seen) -> Result<Head, LogbookError> {
        if let Some(why) = &self.poison {
            return Err(LogbookError::Poisoned { path: self.path.clone(), why: why.clone() });
        }
        if entry.session != self.session {
            return Err(LogbookError::Foreign { path: self.path.clone(), found: entry.session.clone() });
        }
        if entry.seq != self.next {
            return Err(LogbookError::OutOfOrder {
                path: self.path.clone(),
                expected: self.next,
                found: entry.seq,
            });
        }
        let news: Seen = seen
            .iter()
            .filter(|(session, head)| {
                **session != self.session && self.witnessed.get(*session) != Some(*head)
            })
            .map(|(session, head)| (session.clone(), head.clone()))
            .collect();
        let (bytes, hash) = seal(entry, &self.prev, &news)
            .map_err(|source| LogbookError::Unwritable { seq: entry.seq, source })?;
        if let Err(error) = self.put(entry, &bytes) {
            self.poison = Some(error.to_string());
            if self.next == 0 && matches!(error, LogbookError::Write { .. }) {
                self.withdraw();
            }
            return Err(error);
        }
        self.length += bytes.len() as u64;
        self.next += 1;
        self.prev.clone_from(&hash);
        self.witnessed.extend(news);
        Ok(Head { seq: entry.seq, hash })
    }

    /// Takes a strand back that never took a line: nobody will miss it, and a full disk must not fill with empty ones.
    fn withdraw(&self) {
        let ours = |meta: fs::Metadata| meta.is_file() && (meta.dev(), meta.ino()) == self.identity;
        if fs::symlink_metadata(&self.path).is_ok_and(ours) {
            // If it stays, it stays: an empty strand does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }

    fn put(&mut self, entry: &Entry, bytes: &[u8]) -> Result<(), LogbookError> {
        self.lock();
        let durable = entry.body.is_durable();
        if durable {
            self.check_place()?;
        }
        let written = loop {
            match self.file.write(bytes) {
                // Nothing was written: a signal came first.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                ended => break ended,
            }
        };
        let source = match written {
            Ok(n) if n == bytes.len() => None,
            Ok(n) => Some(io::Error::new(
                io::ErrorKind::StorageFull,
                format!("only {n} of {} bytes fitted", bytes.len()),
            )),
            Err(error) => Some(error),
        };
        if let Some(source) = source {
            return Err(LogbookError::Write { path: self.path.clone(), seq: entry.seq, source });
        }
        if durable {
            self.file.sync_data().map_err(|source| LogbookError::Sync {
                path: self.path.clone(),
                seq: entry.seq,
                source,
            })?;
        }
        Ok(())
    }

    /// Whether the strand is still where it was made, and as it was left: a file whose directory was removed takes
    /// writes as before, and nobody will ever read them.
    ///
    /// # Errors
    /// What differs, once: the writer is poisoned then.
    pub fn still_there(&mut self) -> Result<(), LogbookError> {
        if self.poison.is_some() {
            return Ok(());
        }
        self.check_place().inspect_err(|error| self.poison = Some(error.to_string()))
    }

    fn check_place(&self) -> Result<(), LogbookError> {
        let touched = |why: String| LogbookError::Touched { path: self.path.clone(), why };
        let meta = fs::metadata(&self.path).map_err(|e| touched(format!("it is not there ({e})")))?;
        if (meta.dev(), meta.ino()) != self.identity {
            return Err(touched("another file is in its place".to_owned()));
        }
        if meta.is_file() && meta.len() != self.length {
            return Err(touched(format!("it has {} bytes, {} were written", meta.len(), self.length)));
        }
        Ok(())
    }
}

fn make_directory(dir: &Path) -> Result<(), LogbookError> {
    let failed = |source| LogbookError::Directory { dir: dir.to_path_buf(), source };
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o750).create(dir).map_err(failed)?;
    match dir.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync_directory(parent).map_err(failed),
        Some(_) | None => Ok(()),
    }
}

/// A new file is only there after a power failure if its directory was synced too.
fn sync_directory(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::fixtures::{entry, note, observed, session};
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn on_device(path: &str) -> StrandWriter {
        let file = OpenOptions::new().append(true).open(path).unwrap();
        StrandWriter::on_file(file, PathBuf::from(path), session("adam")).unwrap()
    }

    #[test]
    fn a_strand_is_private_to_the_group_and_named_after_the_session() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path().join("state/estate");
        let mut writer = StrandWriter::create(&dir, &session("adam")).unwrap();
        let head = writer.append(&entry("adam", 0, 5, note("hello\nworld")), &Seen::new()).unwrap();
        assert_eq!(head.seq, 0);
        let path = dir.join("adam.jsonl");
        let mode = |p: &Path| fs::metadata(p).unwrap().permissions().mode() & 0o777;
        // The umask of whoever runs the tests may take bits away; it never adds any.
        assert_eq!(mode(&path) & !0o640, 0);
        assert_eq!(mode(&dir) & !0o750, 0);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.lines().count(), 1);
        assert!(text.contains(GENESIS) && text.ends_with(&format!("\"hash\":\"{}\"}}\n", head.hash)));
    }

    #[test]
    fn a_taken_name_gets_a_suffix() {
        let tmp = tempfile::tempdir().unwrap();
        let first = StrandWriter::create(tmp.path(), &session("adam")).unwrap();
        let second = StrandWriter::create(tmp.path(), &session("adam")).unwrap();
        assert_eq!(first.session().0, "adam");
        assert_eq!(second.session().0, "adam-2");
    }

    #[test]
    fn names_are_safe_for_files() {
        let id = name_session(Timestamp::UNIX_EPOCH, "../a b", "h/ö\n", 7);
        assert_eq!(id.0, "19700101T000000Z-.._a_b@h___-7");
        assert_eq!(name_session(Timestamp::UNIX_EPOCH, "", "jump", 1).0, "19700101T000000Z-_@jump-1");
    }

    #[test]
    fn entries_of_others_or_out_of_order_are_not_written_and_do_no_harm() {
        let tmp = tempfile::tempdir().unwrap();
        let mut writer = StrandWriter::create(tmp.path(), &session("adam")).unwrap();
        let none = Seen::new();
        assert!(matches!(
            writer.append(&entry("adam", 1, 0, note("x")), &none),
            Err(LogbookError::OutOfOrder { expected: 0, found: 1, .. })
        ));
        assert!(matches!(
            writer.append(&entry("eve", 0, 0, note("x")), &none),
            Err(LogbookError::Foreign { .. })
        ));
        assert_eq!(fs::read(writer.path()).unwrap(), b"");
        writer.append(&entry("adam", 0, 0, note("x")), &none).unwrap();
    }

    #[test]
    fn a_full_disk_poisons_the_writer_for_good() {
        let mut writer = on_device("/dev/full");
        let error = writer.append(&entry("adam", 0, 0, note("x")), &Seen::new()).unwrap_err();
        assert!(matches!(error, LogbookError::Write { .. }));
        assert!(error.to_string().contains("Free space") && error.lacks_room(), "{error}");
        writer.file = OpenOptions::new().append(true).open("/dev/null").unwrap();
        let again = writer.append(&entry("adam", 0, 0, observed()), &Seen::new()).unwrap_err();
        assert!(matches!(again, LogbookError::Poisoned { .. }));
        assert!(again.to_string().contains("was not written"), "{again}");
    }

    #[test]
    fn a_strand_that_took_no_line_is_taken_back_and_nothing_else_is() {
        let tmp = tempfile::tempdir().unwrap();
        let full = |writer: &mut StrandWriter| {
            writer.file = OpenOptions::new().append(true).open("/dev/full").unwrap();
        };
        let mut writer = StrandWriter::create(tmp.path(), &session("adam")).unwrap();
        full(&mut writer);
        assert!(writer.append(&entry("adam", 0, 0, observed()), &Seen::new()).is_err());
        assert!(!writer.path().exists());
        assert!(Path::new("/dev/full").exists());
        let mut writer = StrandWriter::create(tmp.path(), &session("eve")).unwrap();
        writer.append(&entry("eve", 0, 0, note("x")), &Seen::new()).unwrap();
        full(&mut writer);
        assert!(writer.append(&entry("eve", 1, 0, observed()), &Seen::new()).is_err());
        assert!(writer.path().exists());
        check_room(tmp.path()).unwrap();
        assert_eq!(fs::read_dir(tmp.path()).unwrap().count(), 1, "nothing is left of the try");
    }

    #[test]
    fn a_failed_fsync_poisons_the_writer_for_good() {
        // /dev/null takes writes and refuses fsync.
        let mut writer = on_device("/dev/null");
        let none = Seen::new();
        writer.append(&entry("adam", 0, 0, observed()), &none).unwrap();
        let error = writer.append(&entry("adam", 1, 0, note("x")), &none).unwrap_err();
        assert!(matches!(error, LogbookError::Sync { seq: 1, .. }));
        assert!(writer.poison().is_some());
        assert!(matches!(
            writer.append(&entry("adam", 2, 0, observed()), &none),
            Err(LogbookError::Poisoned { .. })
        ));
    }

    #[test]
    fn a_strand_that_was_removed_replaced_or_cut_is_noticed_before_an_action() {
        let tmp = tempfile::tempdir().unwrap();
        let none = Seen::new();
        let started = |name: &str| {
            let dir = tmp.path().join(name);
            let mut writer = StrandWriter::create(&dir, &session("adam")).unwrap();
            writer.append(&entry("adam", 0, 0, note("x")), &none).unwrap();
            (dir, writer)
        };
        let refuses = |mut writer: StrandWriter, why: &str| {
            let error = writer.append(&entry("adam", 1, 0, note("y")), &none).unwrap_err();
            assert!(matches!(error, LogbookError::Touched { .. }));
            assert!(error.to_string().contains(why), "{error}");
        };
        let (dir, writer) = started("removed");
        fs::remove_dir_all(dir).unwrap();
        refuses(writer, "it is not there");
        let (_, writer) = started("replaced");
        let elsewhere = tmp.path().join("elsewhere");
        fs::copy(writer.path(), &elsewhere).unwrap();
        fs::rename(&elsewhere, writer.path()).unwrap();
        refuses(writer, "another file");
        let (_, writer) = started("cut");
        OpenOptions::new().write(true).open(writer.path()).unwrap().set_len(3).unwrap();
        refuses(writer, "it has 3 bytes");
        // Nor does it take a line to notice.
        let (dir, mut writer) = started("watched");
        writer.still_there().unwrap();
        fs::remove_dir_all(dir).unwrap();
        assert!(matches!(writer.still_there(), Err(LogbookError::Touched { .. })));
        writer.still_there().expect("it is said once");
        assert!(matches!(
            writer.append(&entry("adam", 1, 0, observed()), &none),
            Err(LogbookError::Poisoned { .. })
        ));
    }

    #[test]
    fn only_news_is_witnessed() {
        let tmp = tempfile::tempdir().unwrap();
        let mut writer = StrandWriter::create(tmp.path(), &session("adam")).unwrap();
        let head = Head { seq: 4, hash: GENESIS.to_owned() };
        let seen = Seen::from([(session("eve"), head.clone()), (session("adam"), head)]);
        for seq in 0..2 {
            writer.append(&entry("adam", seq, 0, note("x")), &seen).unwrap();
        }
        let lines = super::super::read_strand(writer.path()).unwrap().lines;
        assert_eq!(lines[0].seen.keys().map(|s| &*s.0).collect::<Vec<_>>(), ["eve"]);
        assert!(lines[1].seen.is_empty());
    }

    #[test]
    fn a_live_writer_is_here_and_a_dropped_one_gone() {
        let tmp = tempfile::tempdir().unwrap();
        let mut writer = StrandWriter::create(tmp.path(), &session("adam")).unwrap();
        let path = writer.path().to_path_buf();
        assert_eq!(presence(&path), Presence::Here);
        // Whoever asks at the wrong moment takes the lock away only until the next line.
        writer.file.unlock().unwrap();
        writer.locked = false;
        assert_eq!(presence(&path), Presence::Gone);
        writer.append(&entry("adam", 0, 0, note("x")), &Seen::new()).unwrap();
        assert_eq!(presence(&path), Presence::Here);
        drop(writer);
        assert_eq!(presence(&path), Presence::Gone);
        assert_eq!(presence(&tmp.path().join("none")), Presence::Unknown);
    }

    #[test]
    fn a_directory_that_cannot_be_made_says_what_to_do() {
        let tmp = tempfile::tempdir().unwrap();
        let file = tmp.path().join("file");
        fs::write(&file, "").unwrap();
        let error = StrandWriter::create(&file.join("under"), &session("adam")).unwrap_err();
        assert!(error.to_string().contains("--logbook"), "{error}");
    }
}
