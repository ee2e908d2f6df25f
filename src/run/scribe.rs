//! The scribe: a thread that owns our strand and reads the others', so that no disk ever makes the screen wait.
//!
//! It writes in the order asked, says what is on disk, and stops for good at the first failure, be it the disk's, a strand
//! that is no longer where it was, or a bug of its own. Only the operator's own word opens a new strand.

use super::keeper::Keeper;
use crate::app::message::{LogRefusal, Message, RefusalCause};
use crate::incident::entry::{Entry, SessionId};
use crate::logbook::{LogbookError, Presence, StrandWriter, Tail, check_room, presence};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How often the other strands are looked at: their moves are on our screen within a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Lines written in a row before the others are looked at all the same.
const LINES_A_LOOK: u32 = 64;
/// Looks between two roll calls of who is still there: five seconds.
const LOOKS_A_ROLL_CALL: u32 = 25;
/// The longest a disk that does not answer may hold up leaving.
const LEAVING_LIMIT: Duration = Duration::from_secs(5);
/// The longest that a last checkpoint may.
const KEEPING_LIMIT: Duration = Duration::from_secs(3);

/// What the scribe is asked for.
#[derive(Debug)]
enum Order {
    Write(Box<Entry>),
    Reopen(SessionId),
    Continue(SessionId),
}

/// The cockpit's end of the scribe.
#[derive(Debug)]
pub struct Scribe {
    orders: Option<Sender<Order>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Scribe {
    /// Starts a scribe on an open strand, or on a logbook that may be opened later. `unkept` is how many bytes of it were
    /// read after its newest checkpoint. What it has to say arrives as messages.
    #[must_use]
    pub fn start(
        writer: Option<StrandWriter>,
        tail: Tail,
        unkept: u64,
        messages: UnboundedSender<Message>,
    ) -> Self {
        let (orders, inbox) = channel();
        let (end, ended) = channel();
        let thread = std::thread::Builder::new()
            .name("scribe".into())
            .spawn(move || {
                let mut keeper = Keeper::new(tail.dir(), unkept, messages.clone());
                let mut last = None;
                tell_of_panic(&messages, || {
                    last = write_and_watch(writer, tail, &mut keeper, &inbox, &messages);
                });
                let _ = end.send(());
                if let Some(session) = last {
                    keeper.leave(&session);
                }
                let _ = end.send(());
            })
            .ok();
        Self { orders: Some(orders), ended, thread }
    }

    fn ask(&self, order: Order) -> Result<(), String> {
        let gone = || "its writer is gone; restart the cockpit".to_owned();
        self.orders.as_ref().ok_or_else(gone)?.send(order).map_err(|_| gone())
    }

    /// Asks for an entry to be written.
    ///
    /// # Errors
    /// The scribe is gone.
    pub fn write(&self, entry: Box<Entry>) -> Result<(), String> {
        self.ask(Order::Write(entry))
    }

    /// Asks for a new strand, after the one of before was refused.
    ///
    /// # Errors
    /// The scribe is gone.
    pub fn reopen(&self, session: SessionId) -> Result<(), String> {
        self.ask(Order::Reopen(session))
    }

    /// Asks for everything from here on to be written to a new strand of exactly this name.
    ///
    /// # Errors
    /// The scribe is gone.
    pub fn go_on(&self, session: SessionId) -> Result<(), String> {
        self.ask(Order::Continue(session))
    }

    /// Waits until everything asked for is written; whether it was, within the time that a disk is given.
    pub fn finish(mut self) -> bool {
        self.orders = None;
        // A disk that hangs (a file server that went away) must not keep a terminal for ever.
        if self.ended.recv_timeout(LEAVING_LIMIT) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        // A checkpoint may be left for the next time.
        let kept = self.ended.recv_timeout(KEEPING_LIMIT) != Err(RecvTimeoutError::Timeout);
        if let Some(thread) = self.thread.take().filter(|_| kept) {
            let _ = thread.join();
        }
        true
    }
}

/// A bug in the scribe is a logbook that refuses: said, and actions are off.
fn tell_of_panic(messages: &UnboundedSender<Message>, work: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(work)).is_err() {
        let why = "its writer broke off, which is a bug of blackstart; restart the cockpit";
        let _ = messages.send(Message::RecordFailed(why.into()));
    }
}

/// Works until the cockpit has left; gives the name of the strand that was written last.
fn write_and_watch(
    mut writer: Option<StrandWriter>,
    mut tail: Tail,
    keeper: &mut Keeper,
    inbox: &Receiver<Order>,
    messages: &UnboundedSender<Message>,
) -> Option<SessionId> {
    let (mut looks, mut lines) = (0_u32, 0_u32);
    loop {
        // If the cockpit is gone nobody hears what is said; what it asked for is still written.
        match inbox.recv_timeout(LOOK_EVERY) {
            Ok(Order::Write(entry)) => {
                let said = match writer.as_mut().map(|writer| writer.append(&entry, tail.heads())) {
                    Some(Ok(_)) => Message::Recorded(entry.seq),
                    Some(Err(error)) => Message::RecordFailed(refusal(&error)),
                    None => Message::RecordFailed("no strand is open".into()),
                };
                let _ = messages.send(said);
                lines += 1;
                if lines >= LINES_A_LOOK {
                    lines = 0;
                    look(&mut tail, messages);
                }
            }
            Ok(Order::Reopen(session)) => {
                let made = open_strand_with_room(tail.dir(), &session);
                let said = made.map(|new| {
                    let session = new.session().clone();
                    change_strand(&mut writer, &mut tail, new);
                    for breakage in tail.begin_anew() {
                        let _ = messages.send(Message::LogMended(breakage.to_string()));
                    }
                    session
                });
                let _ = messages.send(Message::Reopened(said));
            }
            Ok(Order::Continue(session)) => {
                match open_strand(tail.dir(), &session) {
                    // The entries that follow carry this name and no other.
                    Ok(new) if *new.session() == session => change_strand(&mut writer, &mut tail, new),
                    Ok(new) => {
                        let why = format!("{session} is taken; a new strand would be {}", new.session());
                        let _ = messages.send(Message::RecordFailed(why.into()));
                    }
                    Err(why) => {
                        let _ = messages.send(Message::RecordFailed(why));
                    }
                }
                keeper.keep_day(&session);
            }
            Err(RecvTimeoutError::Timeout) => {
                lines = 0;
                if let Some(Err(error)) = writer.as_mut().map(StrandWriter::still_there) {
                    let _ = messages.send(Message::RecordFailed(refusal(&error)));
                }
                look(&mut tail, messages);
                if looks.is_multiple_of(LOOKS_A_ROLL_CALL) {
                    roll_call(&tail, messages);
                    if let Some(writer) = &writer {
                        keeper.look(writer.session());
                    }
                }
                looks = looks.wrapping_add(1);
            }
            Err(RecvTimeoutError::Disconnected) => return writer.map(|writer| writer.session().clone()),
        }
    }
}

/// From now on this strand is ours, and the one of before is not read as another's.
fn change_strand(writer: &mut Option<StrandWriter>, tail: &mut Tail, new: StrandWriter) {
    tail.own_too(new.session().clone());
    if let Some(old) = writer.replace(new) {
        tail.own_too(old.session().clone());
    }
}

/// Which cockpits ended without a goodbye: the kernel dropped the locks on their strands.
fn roll_call(tail: &Tail, messages: &UnboundedSender<Message>) {
    let gone: Vec<SessionId> = tail
        .strands()
        .filter(|(_, path)| presence(path) == Presence::Gone)
        .map(|(session, _)| session.clone())
        .collect();
    let _ = messages.send(Message::Gone(gone));
}

fn look(tail: &mut Tail, messages: &UnboundedSender<Message>) {
    let news = tail.poll();
    for breakage in news.mended {
        let _ = messages.send(Message::LogMended(breakage.to_string()));
    }
    for complaint in news.complaints {
        let _ = messages.send(Message::LogComplaint(complaint.to_string()));
    }
    if !news.lines.is_empty() {
        let entries = news.lines.into_iter().map(|line| line.entry).collect();
        let _ = messages.send(Message::Others(entries));
    }
}

/// What the cockpit is told of a logbook that takes no lines.
pub(crate) fn refusal(error: &LogbookError) -> LogRefusal {
    let cause = if error.lacks_room() { RefusalCause::NoRoom } else { RefusalCause::Other };
    LogRefusal { cause, words: error.to_string() }
}

/// Opens our strand in a logbook.
///
/// # Errors
/// Why it cannot be written, in words for the screen.
pub fn open_strand(dir: &std::path::Path, session: &SessionId) -> Result<StrandWriter, LogRefusal> {
    StrandWriter::create(dir, session).map_err(|error| refusal(&error))
}

/// The same, on a disk that also takes what is written to it: where the first try failed, and where nobody looks.
///
/// # Errors
/// The same, and where there is no room.
pub fn open_strand_with_room(dir: &std::path::Path, session: &SessionId) -> Result<StrandWriter, LogRefusal> {
    check_room(dir).map_err(|error| refusal(&error))?;
    open_strand(dir, session)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    #[test]
    fn a_full_disk_is_told_apart_by_its_kind_and_not_by_its_words() {
        let failed = |kind: std::io::ErrorKind| {
            let source = std::io::Error::new(kind, "Free space on that file system");
            refusal(&LogbookError::Room { dir: "/log".into(), source }).cause
        };
        assert_eq!(failed(std::io::ErrorKind::StorageFull), RefusalCause::NoRoom);
        assert_eq!(failed(std::io::ErrorKind::QuotaExceeded), RefusalCause::NoRoom);
        assert_eq!(failed(std::io::ErrorKind::PermissionDenied), RefusalCause::Other);
    }

    #[test]
    fn a_scribe_that_breaks_off_is_a_logbook_that_refuses() {
        let (messages, mut inbox) = unbounded_channel();
        tell_of_panic(&messages, || {});
        assert!(inbox.try_recv().is_err());
        tell_of_panic(&messages, || panic!("a bug"));
        assert!(matches!(inbox.try_recv(), Ok(Message::RecordFailed(why)) if why.words.contains("restart")));
    }
}
