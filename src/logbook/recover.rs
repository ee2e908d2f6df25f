//! What a crash leaves: a strand whose last line was not finished.
//!
//! There is nothing to repair. A strand belongs to one process and is never appended to again, so its unfinished line
//! stays where it is: readers leave it out and say so. A strand whose writer still runs may be in the middle of a line.

use super::error::LogbookError;
use super::follow::Follower;
use super::reader::strand_files;
use super::strand::{Presence, presence};
use std::fmt;
use std::path::{Path, PathBuf};

/// An unfinished last line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Torn {
    /// The strand's file.
    pub file: PathBuf,
    /// The number that the line has, from 1.
    pub line: usize,
    /// How many bytes of it are there.
    pub bytes: u64,
}

impl fmt::Display for Torn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{}:{}: the last line is unfinished ({} bytes) and left out: its writer was stopped while writing",
            self.file.display(),
            self.line,
            self.bytes
        )
    }
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
        assert!(found[0].to_string().contains("adam.jsonl:2: the last line is unfinished"));
    }
}
