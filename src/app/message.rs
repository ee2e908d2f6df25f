//! What arrives and what is asked for: messages in, effects out, both plain data.

use crate::app::keys::Key;
use crate::incident::access::Access;
use crate::incident::cell::Evidence;
use crate::incident::entry::{Entry, SessionId};
use crate::incident::fault::Fault;
use crate::incident::hash::PlanHash;
use crate::incident::place::Profile;
use crate::incident::plan::Action;
use crate::incident::request::{Call, CallResult, Page, Probe, Query, QueryResult, Sweep};
use jiff::{SignedDuration, Timestamp};
use std::fmt;

/// Numbers the requests of a cockpit, so that an answer finds who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A message with the time at which it entered the queue. Nothing else tells `update` the time.
#[derive(Debug, Clone, PartialEq)]
pub struct Stamped {
    /// UTC, microseconds.
    pub at: Timestamp,
    /// Monotonic milliseconds since the cockpit started.
    pub mono_ms: u64,
    /// What arrived.
    pub message: Message,
}

/// What befell the clock since it was read last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClockNews {
    /// How far the system's clock was moved: by somebody, or while the machine slept. Zero if it was not.
    pub stepped: SignedDuration,
    /// How far the cockpit's own time leapt ahead with it.
    pub leapt: SignedDuration,
    /// How long the process did not run. Zero if it did.
    pub stopped: SignedDuration,
    /// How far the system's clock is now behind the cockpit's, which never goes back.
    pub behind: SignedDuration,
}

/// Why the logbook takes no lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRefusal {
    /// What stands in the way.
    pub cause: RefusalCause,
    /// What happened, why, what to do next.
    pub words: String,
}

/// What stands in the way of a logbook, as far as a screen tells it apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCause {
    /// The disk is full, or a quota is.
    NoRoom,
    /// Anything else; the words say what.
    Other,
}

impl From<&str> for LogRefusal {
    fn from(words: &str) -> Self {
        words.to_owned().into()
    }
}

impl From<String> for LogRefusal {
    fn from(words: String) -> Self {
        Self { cause: RefusalCause::Other, words }
    }
}

impl fmt::Display for LogRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words)
    }
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub enum Message {
    /// The first: the cockpit starts to watch.
    Start,
    /// Time passed: a quarter of a second, or a second under virtual time.
    Tick,
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// The terminal is so large now: columns, rows.
    Resize(u16, u16),
    /// A page of a sweep.
    Page(Ticket, Page),
    /// A sweep ended.
    Swept(Ticket, Result<(), Fault>),
    /// How a profile has access to AWS, as far as is known without asking.
    Access(Profile, Access),
    /// A query was answered.
    Answered(Ticket, QueryResult),
    /// A call came back.
    Performed(Ticket, CallResult),
    /// A probe came back.
    Probed(Ticket, Evidence),
    /// Our own entry is in the logbook (on disk, where it has to be).
    Recorded(u64),
    /// The logbook refused an entry: nothing more will be written, so nothing more is done.
    RecordFailed(LogRefusal),
    /// Entries of other cockpits on the same logbook.
    Others(Vec<Entry>),
    /// The logbook was opened anew, in a strand of this name; or why it could not be.
    Reopened(Result<SessionId, LogRefusal>),
    /// The fold of the logbook could not be kept beside it: the next start reads more, and nothing else is lost.
    CheckpointFailed(String),
    /// Something befell the clock.
    Clock(ClockNews),
    /// The cockpit is in the foreground again, or was never sent away: `false` where no shell waits to bring it back.
    Resumed(bool),
    /// Sessions whose process is gone, with or without a goodbye.
    Gone(Vec<SessionId>),
    /// Something is wrong with another strand.
    LogComplaint(String),
    /// What was complained about is so no longer.
    LogMended(String),
    /// Plan an action (the command line's way in; keys go through pickers).
    Act(Action),
    /// Confirm the plan that is shown, with the text typed (the command line's way in).
    Confirm {
        /// Which plan.
        plan: PlanHash,
        /// What was typed.
        typed: String,
    },
    /// Look again at what became of a plan's unknown call (the command line's way in).
    Verify(PlanHash),
    /// The text was copied to the operator's clipboard, or why not.
    Copied(Result<(), String>),
    /// The process was told to end: `SIGTERM`, `SIGHUP`.
    Signal(&'static str),
}

/// Something to be done outside.
#[derive(Debug, Clone, PartialEq)]
pub enum Effect {
    /// Read a place.
    Sweep(Ticket, Sweep),
    /// Read one thing.
    Ask(Ticket, Profile, Query),
    /// Change something. Only ever asked for after its intent was recorded.
    Perform(Ticket, Profile, Box<Call>),
    /// Look for evidence.
    Probe(Ticket, Probe),
    /// Write an entry to our strand.
    Record(Box<Entry>),
    /// Copy to the operator's clipboard (OSC 52).
    Copy(String),
    /// Open a new strand in the logbook, of this name or one like it.
    Reopen(SessionId),
    /// Go on in a new strand, of exactly this name. What is recorded from here on is of that session.
    Continue(SessionId),
    /// Give the terminal back and stop until the shell says `fg`.
    Suspend,
    /// Leave.
    Quit,
}
