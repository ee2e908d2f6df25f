//! Reading a whole logbook: a directory of strands, or one strand.
//!
//! Reads what can be read: a line that is broken is left out or marked, an unfinished last one left out, and both are
//! reported beside the lines. Refuses only what is no logbook at all.

use super::chain::{Breakage, Line};
use super::error::LogbookError;
use super::follow::{End, Follower};
use super::recover::Torn;
use super::tail::Tail;
use super::weave::weave;
use crate::incident::entry::SessionId;
use std::fs;
use std::path::{Path, PathBuf};

/// One strand as read.
#[derive(Debug)]
pub struct Strand {
    /// The file.
    pub path: PathBuf,
    /// Whose.
    pub session: SessionId,
    /// Its lines, in the order of the file.
    pub lines: Vec<Line>,
    /// Its unfinished last line.
    pub torn: Option<Torn>,
    /// What is wrong with it.
    pub breakages: Vec<Breakage>,
    follower: Follower,
}

/// Reads one strand to its present end.
///
/// # Errors
/// When the file cannot be opened.
pub fn read_strand(path: &Path) -> Result<Strand, LogbookError> {
    fs::File::open(path).map_err(|source| LogbookError::Read { path: path.to_path_buf(), source })?;
    let mut follower = Follower::new(path);
    let mut catch = follower.poll();
    let torn = match follower.end() {
        End::Clean => None,
        End::Torn(torn) => Some(torn),
        End::Altered(breakage) => {
            catch.breakages.push(breakage);
            None
        }
    };
    Ok(Strand {
        path: path.to_path_buf(),
        session: follower.session().clone(),
        lines: catch.lines,
        torn,
        breakages: catch.breakages,
        follower,
    })
}

/// The strands of a logbook, in the order of their names: a directory's `.jsonl` files, or the one file named.
///
/// # Errors
/// When there is nothing there, or a directory without a strand.
pub fn strand_files(logbook: &Path) -> Result<Vec<PathBuf>, LogbookError> {
    let meta =
        fs::metadata(logbook).map_err(|source| LogbookError::Read { path: logbook.to_path_buf(), source })?;
    if !meta.is_dir() {
        return Ok(vec![logbook.to_path_buf()]);
    }
    let files = list(logbook)?;
    if files.is_empty() {
        return Err(LogbookError::NotALogbook {
            path: logbook.to_path_buf(),
            why: "the directory holds no strand (no .jsonl file)".to_owned(),
        });
    }
    Ok(files)
}

/// The strands of a directory, in the order of their names; none is fine.
pub(super) fn list(dir: &Path) -> Result<Vec<PathBuf>, LogbookError> {
    let failed = |source| LogbookError::Read { path: dir.to_path_buf(), source };
    let mut files = Vec::new();
    for item in fs::read_dir(dir).map_err(failed)? {
        let path = item.map_err(failed)?.path();
        if path.extension().is_some_and(|e| e == "jsonl") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A logbook as read.
#[derive(Debug)]
pub struct Logbook {
    /// The directory, or the one file.
    pub path: PathBuf,
    /// Its strands, in the order of their names.
    pub strands: Vec<Strand>,
}

impl Logbook {
    /// Reads a directory of strands, or one strand.
    ///
    /// # Errors
    /// When it cannot be read, or is no logbook.
    pub fn open(path: &Path) -> Result<Self, LogbookError> {
        Self::read(path, &strand_files(path)?)
    }

    /// Reads a directory that may be empty or missing: the logbook of a cockpit that starts for the first time.
    ///
    /// # Errors
    /// When it is there and cannot be read.
    pub fn open_or_empty(dir: &Path) -> Result<Self, LogbookError> {
        match list(dir) {
            Ok(files) => Self::read(dir, &files),
            Err(LogbookError::Read { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => {
                Self::read(dir, &[])
            }
            Err(error) => Err(error),
        }
    }

    fn read(path: &Path, files: &[PathBuf]) -> Result<Self, LogbookError> {
        Ok(Self {
            path: path.to_path_buf(),
            strands: files.iter().map(|file| read_strand(file)).collect::<Result<_, _>>()?,
        })
    }

    /// Everything worth saying about its state: unfinished lines and breakages, with file and line.
    #[must_use]
    pub fn complaints(&self) -> Vec<String> {
        self.strands
            .iter()
            .flat_map(|strand| {
                let torn = strand.torn.iter().map(Torn::to_string);
                strand.breakages.iter().map(Breakage::to_string).chain(torn)
            })
            .collect()
    }

    /// The one timeline of all strands.
    #[must_use]
    pub fn into_timeline(self) -> Vec<Line> {
        weave(self.strands.into_iter().map(|s| s.lines).collect())
    }

    /// The timeline so far, and a tail that goes on exactly where this reading stopped.
    #[must_use]
    pub fn into_timeline_and_tail(self, own: SessionId) -> (Vec<Line>, Tail) {
        let mut heads = super::Seen::new();
        let mut followers = Vec::with_capacity(self.strands.len());
        let mut lines = Vec::with_capacity(self.strands.len());
        for strand in self.strands {
            if let Some(last) = strand.lines.iter().rfind(|line| line.sound) {
                heads.insert(strand.session, last.head());
            }
            followers.push(strand.follower);
            lines.push(strand.lines);
        }
        (weave(lines), Tail::resume(&self.path, own, followers, heads))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::fixtures::{note, session, write_strand};
    use super::super::strand::StrandWriter;
    use super::*;

    #[test]
    fn a_directory_or_one_file_opens() {
        let tmp = tempfile::tempdir().unwrap();
        let adam = write_strand(tmp.path(), "adam", [(0, note("a"))]);
        write_strand(tmp.path(), "eve", [(1, note("b"))]);
        fs::write(tmp.path().join("README.txt"), "not a strand").unwrap();
        let both = Logbook::open(tmp.path()).unwrap();
        assert_eq!(both.strands.len(), 2);
        assert!(both.complaints().is_empty());
        assert_eq!(both.into_timeline().len(), 2);
        assert_eq!(Logbook::open(&adam).unwrap().strands.len(), 1);
    }

    #[test]
    fn what_is_no_logbook_says_so() {
        let tmp = tempfile::tempdir().unwrap();
        let empty = Logbook::open(tmp.path()).unwrap_err().to_string();
        assert!(empty.contains("holds no strand"), "{empty}");
        assert!(Logbook::open(&tmp.path().join("none")).is_err());
        let none = Logbook::open_or_empty(&tmp.path().join("none")).unwrap();
        assert!(none.strands.is_empty());
    }

    #[test]
    fn an_unfinished_last_line_is_left_out_and_reported() {
        let tmp = tempfile::tempdir().unwrap();
        let path = write_strand(tmp.path(), "adam", [(0, note("a")), (1, note("b"))]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 1]).unwrap();
        let strand = read_strand(&path).unwrap();
        assert_eq!(strand.lines.len(), 1);
        assert_eq!(strand.torn.unwrap().line, 2);
    }

    #[test]
    fn lines_after_a_broken_one_are_shown_and_marked() {
        let tmp = tempfile::tempdir().unwrap();
        let path = write_strand(tmp.path(), "adam", [(0, note("one")), (1, note("two")), (2, note("three"))]);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("two", "2wo")).unwrap();
        let strand = read_strand(&path).unwrap();
        let sound: Vec<_> = strand.lines.iter().map(|l| l.sound).collect();
        assert_eq!(sound, [true, false, false]);
        assert_eq!(strand.breakages.len(), 1);
        assert_eq!(strand.breakages[0].line, 2);
    }

    #[test]
    fn the_tail_goes_on_where_the_reading_stopped() {
        let tmp = tempfile::tempdir().unwrap();
        let mut eve = StrandWriter::create(tmp.path(), &session("eve")).unwrap();
        let write = |eve: &mut StrandWriter, seq| {
            let entry = super::super::fixtures::entry("eve", seq, 0, note("x"));
            eve.append(&entry, &super::super::Seen::new()).unwrap()
        };
        let first = write(&mut eve, 0);
        let logbook = Logbook::open(tmp.path()).unwrap();
        let (lines, mut tail) = logbook.into_timeline_and_tail(session("adam"));
        assert_eq!(lines.len(), 1);
        assert_eq!(tail.heads()[&session("eve")], first);
        assert!(tail.poll().lines.is_empty());
        let second = write(&mut eve, 1);
        assert_eq!(tail.poll().lines.len(), 1);
        assert_eq!(tail.heads()[&session("eve")], second);
    }
}
