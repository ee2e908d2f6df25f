//! The scribe: a thread that owns our strand and reads the others', so that no disk ever makes the screen wait.
//!
//! It writes in the order asked, says what is on disk, and stops for good at the first failure.

use crate::app::message::Message;
use crate::incident::entry::{Entry, SessionId};
use crate::logbook::{Presence, StrandWriter, Tail, presence};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How often the other strands are looked at: their moves are on our screen within a second.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// Looks between two roll calls of who is still there: five seconds.
const LOOKS_A_ROLL_CALL: u32 = 25;

/// The cockpit's end of the scribe.
#[derive(Debug)]
pub struct Scribe {
    entries: Option<Sender<Box<Entry>>>,
    thread: Option<JoinHandle<()>>,
}

impl Scribe {
    /// Starts a scribe on an open strand. What it has to say arrives as messages.
    #[must_use]
    pub fn start(writer: StrandWriter, tail: Tail, messages: UnboundedSender<Message>) -> Self {
        let (entries, inbox) = channel();
        let thread = std::thread::Builder::new()
            .name("scribe".into())
            .spawn(move || write_and_watch(writer, tail, &inbox, &messages))
            .ok();
        Self { entries: Some(entries), thread }
    }

    /// Asks for an entry to be written.
    ///
    /// # Errors
    /// The scribe is gone.
    pub fn write(&self, entry: Box<Entry>) -> Result<(), String> {
        let gone = || "its writer is gone".to_owned();
        self.entries.as_ref().ok_or_else(gone)?.send(entry).map_err(|_| gone())
    }

    /// Waits until everything asked for is written.
    pub fn finish(mut self) {
        self.entries = None;
        if let Some(thread) = self.thread.take() {
            // A scribe that panicked has already stopped writing; there is nothing to add.
            let _ = thread.join();
        }
    }
}

fn write_and_watch(
    mut writer: StrandWriter,
    mut tail: Tail,
    inbox: &Receiver<Box<Entry>>,
    messages: &UnboundedSender<Message>,
) {
    let mut looks: u32 = 0;
    loop {
        match inbox.recv_timeout(LOOK_EVERY) {
            Ok(entry) => {
                let said = match writer.append(&entry, tail.heads()) {
                    Ok(_) => Message::Recorded(entry.seq),
                    Err(error) => Message::RecordFailed(error.to_string()),
                };
                if messages.send(said).is_err() {
                    // The cockpit is gone; what it asked for is still written.
                }
            }
            Err(RecvTimeoutError::Timeout) => {
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
