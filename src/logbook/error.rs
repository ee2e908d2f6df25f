//! What can go wrong with a logbook, said in three parts: what happened, why, what to do next.

use super::chain::Flaw;
use crate::incident::entry::SessionId;
use std::io;
use std::path::PathBuf;

/// What can go wrong with a logbook: what happened, why, what to do next.
#[derive(Debug, thiserror::Error)]
pub enum LogbookError {
    /// The directory cannot be made.
    #[error("the logbook directory {dir} cannot be created: {source}. {}", advice(source))]
    Directory {
        /// Which.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A new strand would find no room.
    #[error("there is no room for a strand in {dir}: {source}. {}", advice(source))]
    Room {
        /// The directory.
        dir: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The strand cannot be made.
    #[error("the strand {path} cannot be created: {source}. {}", advice(source))]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file or directory cannot be read.
    #[error("{path} cannot be read: {source}. {}", advice(source))]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A checkpoint was not written; the log is whole without it.
    #[error("the checkpoint {path} was not written: {why}. The next start reads more of the log instead")]
    Checkpoint {
        /// Which.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// Nothing there is a strand.
    #[error("{path} is not a logbook: {why}. Name a logbook directory or a .jsonl strand, or set --logbook")]
    NotALogbook {
        /// What was named.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A line could not be written whole.
    #[error("entry {seq} was not written to {path}: {source}. {}", advice(source))]
    Write {
        /// The strand.
        path: PathBuf,
        /// Of which entry.
        seq: u64,
        /// Why.
        source: io::Error,
    },
    /// A line was written and the disk did not take it.
    #[error("entry {seq} in {path} did not reach the disk: {source}. {}", advice(source))]
    Sync {
        /// The strand.
        path: PathBuf,
        /// Of which entry.
        seq: u64,
        /// Why.
        source: io::Error,
    },
    /// The file is not what this writer left.
    #[error(
        "the strand {path} is not as it was left: {why}. Find out who touched it; then reopen the logbook for a new strand"
    )]
    Touched {
        /// The strand.
        path: PathBuf,
        /// What differs.
        why: String,
    },
    /// An earlier append failed.
    #[error("nothing more is written to {path} because an earlier append failed: {why}")]
    Poisoned {
        /// The strand.
        path: PathBuf,
        /// How the earlier one failed.
        why: String,
    },
    /// The entry is not the next one: a mistake of the program.
    #[error(
        "entry {found} was to be written to {path} where {expected} was due; it was not written. This is a bug: please report it"
    )]
    OutOfOrder {
        /// The strand.
        path: PathBuf,
        /// What was due.
        expected: u64,
        /// What came.
        found: u64,
    },
    /// The entry is another session's: a mistake of the program.
    #[error(
        "an entry of session {found} was to be written to {path}; it was not written. This is a bug: please report it"
    )]
    Foreign {
        /// The strand.
        path: PathBuf,
        /// Whose entry.
        found: SessionId,
    },
    /// The entry cannot be a line: a mistake of the program.
    #[error("entry {seq} cannot be written as a line: {source}. This is a bug: please report it")]
    Unwritable {
        /// Which.
        seq: u64,
        /// Why.
        source: Flaw,
    },
}

impl LogbookError {
    /// Whether it is for lack of room, on the disk or in a quota.
    #[must_use]
    pub fn lacks_room(&self) -> bool {
        match self {
            Self::Directory { source, .. }
            | Self::Room { source, .. }
            | Self::Create { source, .. }
            | Self::Read { source, .. }
            | Self::Write { source, .. }
            | Self::Sync { source, .. } => is_full(source),
            // What was refused first said so with its own cause.
            Self::Poisoned { .. } => false,
            Self::Checkpoint { .. }
            | Self::NotALogbook { .. }
            | Self::Touched { .. }
            | Self::OutOfOrder { .. }
            | Self::Foreign { .. }
            | Self::Unwritable { .. } => false,
        }
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

/// What to do about an input/output error, in a sentence.
fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        _ if is_full(error) => "Free space on that file system, or choose another with --logbook.",
        io::ErrorKind::PermissionDenied => {
            "Ask for a directory that the operators' group may write (chmod 2770), or choose another with --logbook."
        }
        io::ErrorKind::ReadOnlyFilesystem => "The file system is read-only; choose another with --logbook.",
        io::ErrorKind::NotFound => "Check the path, or choose another with --logbook.",
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "Something else is at that path; choose another with --logbook."
        }
        // io::ErrorKind is non-exhaustive and most of its kinds have no advice of their own.
        _ => "Check the file system that it is on, or choose another with --logbook.",
    }
}
