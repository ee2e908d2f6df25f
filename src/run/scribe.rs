//! The scribe: a thread that owns our strand and reads the others', so that no disk ever makes the screen wait.
//!
//! It writes in the order asked, says what is on disk, and stops for good at the first failure, be it the disk's, a strand
//! that is no longer where it was, or a bug of its own. Only the operator's own word opens a new strand.

use crate::app::message::Message;
use crate::incident::entry::{Entry, SessionId};
use crate::logbook::{Presence, StrandWriter, Tail, presence};
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

/// What the scribe is asked for.
#[derive(Debug)]
enum Order {
    Write(Box<Entry>),
    Reopen(SessionId),
}

/// The cockpit's end of the scribe.
#[derive(Debug)]
pub struct Scribe {
    orders: Option<Sender<Order>>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Scribe {
    /// Starts a scribe on an open strand. What it has to say arrives as messages.
    #[must_use]
    pub fn start(writer: StrandWriter, tail: Tail, messages: UnboundedSender<Message>) -> Self {
        let (orders, inbox) = channel();
        let (end, ended) = channel();
        let thread = std::thread::Builder::new()
            .name("scribe".into())
            .spawn(move || {
                tell_of_panic(&messages, || write_and_watch(writer, tail, &inbox, &messages));
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

    /// Waits until everything asked for is written; whether it was, within the time that a disk is given.
    pub fn finish(mut self) -> bool {
        self.orders = None;
        // A disk that hangs (a file server that went away) must not keep a terminal for ever.
        if self.ended.recv_timeout(LEAVING_LIMIT) == Err(RecvTimeoutError::Timeout) {
            return false;
        }
        if let Some(thread) = self.thread.take() {
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

fn write_and_watch(
    mut writer: StrandWriter,
    mut tail: Tail,
    inbox: &Receiver<Order>,
    messages: &UnboundedSender<Message>,
) {
    let (mut looks, mut lines) = (0_u32, 0_u32);
    loop {
        // If the cockpit is gone nobody hears what is said; what it asked for is still written.
        match inbox.recv_timeout(LOOK_EVERY) {
            Ok(Order::Write(entry)) => {
                let said = match writer.append(&entry, tail.heads()) {
                    Ok(_) => Message::Recorded(entry.seq),
                    Err(error) => Message::RecordFailed(error.to_string()),
                };
                let _ = messages.send(said);
                lines += 1;
                if lines >= LINES_A_LOOK {
                    lines = 0;
                    look(&mut tail, messages);
                }
            }
            Ok(Order::Reopen(session)) => {
                let made = open_strand(tail.dir(), &session);
                let said = made.map(|new| {
                    tail.own_too(writer.session().clone());
                    tail.own_too(new.session().clone());
                    writer = new;
                    writer.session().clone()
                });
                let _ = messages.send(Message::Reopened(said));
            }
            Err(RecvTimeoutError::Timeout) => {
                lines = 0;
                if let Err(error) = writer.still_there() {
                    let _ = messages.send(Message::RecordFailed(error.to_string()));
                }
                look(&mut tail, messages);
                if looks.is_multiple_of(LOOKS_A_ROLL_CALL) {
                    roll_call(&tail, messages);
                }
                looks = looks.wrapping_add(1);
            }
            Err(RecvTimeoutError::Disconnected) => return,
        }
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
    for complaint in news.complaints {
        let _ = messages.send(Message::LogComplaint(complaint.to_string()));
    }
    if !news.lines.is_empty() {
        let entries = news.lines.into_iter().map(|line| line.entry).collect();
        let _ = messages.send(Message::Others(entries));
    }
}

/// Opens our strand in a logbook.
///
/// # Errors
/// Why it cannot be written, in words for the screen.
pub fn open_strand(dir: &std::path::Path, session: &SessionId) -> Result<StrandWriter, String> {
    StrandWriter::create(dir, session).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use tokio::sync::mpsc::unbounded_channel;

    #[test]
    fn a_scribe_that_breaks_off_is_a_logbook_that_refuses() {
        let (messages, mut inbox) = unbounded_channel();
        tell_of_panic(&messages, || {});
        assert!(inbox.try_recv().is_err());
        tell_of_panic(&messages, || panic!("a bug"));
        assert!(matches!(inbox.try_recv(), Ok(Message::RecordFailed(why)) if why.contains("restart")));
    }
}
