//! What a crash or a full disk leaves: a strand whose last line was not finished.
//!
//! There is nothing to repair. A strand belongs to one process and is never appended to again, so its unfinished line
//! stays where it is: readers leave it out and say so. A strand whose writer still runs may be in the middle of a line.

use super::chain::{Line, tame};
use super::error::LogbookError;
use super::follow::Follower;
use super::reader::strand_files;
use super::strand::{Presence, presence};
use crate::incident::entry::{Body, SessionId};
use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// Lines at the beginning of a strand among which it says that it goes on after a refusal.
const REOPENED_WITHIN: usize = 4;
/// Bytes that they may have.
const REOPENED_BYTES: u64 = 4 << 20;

/// An unfinished last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The strand's file.
    pub file: PathBuf,
    /// The number that the line has, from 1.
    pub line: usize,
    /// How many bytes of it are there.
    pub bytes: u64,
    /// The strand in which recording went on, where one says so.
    pub reopened: Option<Reopening>,
}

/// A strand that goes on where the logbook refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reopening {
    /// Which.
    pub session: SessionId,
    /// Why the logbook refused, as it says.
    pub why: String,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (file, line, bytes) = (self.file.display(), self.line, self.bytes);
        write!(f, "{file}:{line}: the last line is unfinished ({bytes} bytes) and left out: ")?;
        match &self.reopened {
            // What a forger wrote is quoted here.
            Some(Reopening { session, why }) => {
                let (session, why) = (tame(&session.0), tame(why));
                write!(f, "recording was refused here and went on in {session} ({why})")
            }
            None => write!(f, "its writer was stopped in the middle of it, or the disk took only a part"),
        }
    }
}

/// Which strands say that they go on after a refusal, by the strand that was refused.
pub(super) fn reopenings(files: &[PathBuf]) -> BTreeMap<SessionId, Reopening> {
    let found = files.iter().filter_map(|path| {
        let lines = BufReader::new(File::open(path).ok()?.take(REOPENED_BYTES)).split(b'\n');
        let mut lines = lines.take(REOPENED_WITHIN).map_while(Result::ok);
        lines.find_map(|bytes| {
            let entry = Line::parse(&bytes).ok()?.entry;
            let Body::Reopened { before, why, .. } = entry.body else { return None };
            Some((before, Reopening { session: entry.session, why }))
        })
    });
    found.collect()
}

/// The unfinished lines that crashed cockpits left in a logbook; those of live ones are not finished *yet*.
///
/// # Errors
/// When the logbook cannot be read.
pub fn leftovers(logbook: &Path) -> Result<Vec<Torn>, LogbookError> {
    Ok(strand_files(logbook)?
        .into_iter()
        .filter(|path| presence(path) != Presence::Here)
        .filter_map(|path| {
            let mut follower = Follower::new(&path);
            follower.poll();
            follower.torn()
        })
        .collect())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::fixtures::{note, write_strand};
    use super::super::strand::StrandWriter;
    use super::*;
    use std::fs;

    #[test]
    fn a_crashed_writers_line_is_reported_and_a_live_ones_is_not() {
        let tmp = tempfile::tempdir().unwrap();
        let path = write_strand(tmp.path(), "adam", [(0, note("a")), (1, note("b"))]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 30]).unwrap();
        let live = StrandWriter::create(tmp.path(), &super::super::fixtures::session("eve")).unwrap();
        fs::write(live.path(), "{\"v\"").unwrap();
        let found = leftovers(tmp.path()).unwrap();
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].file.as_path(), found[0].line), (path.as_path(), 2));
        let said = found[0].to_string();
        assert!(said.contains("adam.jsonl:2: the last line is unfinished"), "{said}");
        // Nobody knows which, so it is not said which.
        assert!(said.contains("was stopped in the middle of it, or the disk took only a part"), "{said}");
    }
}
