//! The keeper: writes checkpoints of the logbook, on a thread of its own, so that neither the screen nor an entry waits.
//!
//! What is kept is the fold of what is on disk, read back from there: never what only this process believes. A checkpoint
//! that cannot be written is said once and costs nothing else.

use crate::app::message::Message;
use crate::incident::entry::SessionId;
use crate::logbook::{keep, strands_length};
use std::path::{Path, PathBuf};
use std::thread::JoinHandle;
use tokio::sync::mpsc::UnboundedSender;

/// Bytes of strands after which what they say is kept: read back in a few hundredths of a second.
const KEEP_EVERY: u64 = 4 << 20;
/// Bytes from which leaving is worth a checkpoint.
const KEEP_AT_LEAVING: u64 = 1 << 18;

/// Who keeps checkpoints of one logbook.
#[derive(Debug)]
pub(super) struct Keeper {
    dir: PathBuf,
    messages: UnboundedSender<Message>,
    /// Length of all strands up to where the newest checkpoint reaches.
    kept: u64,
    working: Option<JoinHandle<bool>>,
    failed: bool,
}

impl Keeper {
    /// A keeper of a logbook of which so many bytes were read after its newest checkpoint.
    pub(super) fn new(dir: &Path, unkept: u64, messages: UnboundedSender<Message>) -> Self {
        let kept = strands_length(dir).saturating_sub(unkept);
        Self { dir: dir.to_path_buf(), messages, kept, working: None, failed: false }
    }

    /// Begins a checkpoint if enough came since the last.
    pub(super) fn look(&mut self, session: &SessionId) {
        if self.working.as_ref().is_some_and(|thread| !thread.is_finished()) {
            return;
        }
        if let Some(thread) = self.working.take() {
            // A bug in it is no checkpoint, and no more.
            self.failed |= !thread.join().unwrap_or(false);
        }
        let length = strands_length(&self.dir);
        if length >= self.kept.saturating_add(KEEP_EVERY) {
            self.begin(session, length, KEEP_EVERY / 2);
        }
    }

    /// Begins a checkpoint if anything came since the last: at the end of a day.
    pub(super) fn keep_day(&mut self, session: &SessionId) {
        let length = strands_length(&self.dir);
        if self.working.is_none() && length > self.kept {
            self.begin(session, length, 1);
        }
    }

    fn begin(&mut self, session: &SessionId, length: u64, at_least: u64) {
        self.kept = length;
        let (dir, session, messages) = (self.dir.clone(), session.clone(), self.messages.clone());
        let silent = self.failed;
        let work = move || write(&dir, &session, at_least, silent, &messages);
        self.working = std::thread::Builder::new().name("keeper".into()).spawn(work).ok();
    }

    /// The last checkpoint, where leaving is worth one.
    pub(super) fn leave(mut self, session: &SessionId) {
        if let Some(thread) = self.working.take() {
            let _ = thread.join();
        }
        if strands_length(&self.dir) >= self.kept.saturating_add(KEEP_AT_LEAVING) {
            write(&self.dir, session, KEEP_AT_LEAVING, true, &self.messages);
        }
    }
}

/// Whether it went well: a checkpoint, or nothing that was worth one.
fn write(
    dir: &Path,
    session: &SessionId,
    at_least: u64,
    silent: bool,
    messages: &UnboundedSender<Message>,
) -> bool {
    match keep(dir, session, at_least) {
        Ok(_) => true,
        Err(error) => {
            if !silent {
                let _ = messages.send(Message::CheckpointFailed(error.to_string()));
            }
            false
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;
    use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry};
    use crate::logbook::{Seen, StrandWriter, open_recent};
    use jiff::Timestamp;
    use std::fs;
    use tokio::sync::mpsc::unbounded_channel;

    fn session() -> SessionId {
        SessionId("20120630T030000Z-adam@jump-1-1".into())
    }

    /// A strand of so many bytes, at least.
    fn strand(dir: &Path, bytes: u64) -> StrandWriter {
        let mut writer = StrandWriter::create(dir, &session()).unwrap();
        let actor = Actor { user: "adam".into(), uid: 1, host: "jump-1".into(), ssh_client: None, aws: None };
        let mut seq = 0;
        while strands_length(dir) < bytes {
            let body = Body::Disagreement { site: "www".into(), words: Some("x".repeat(100_000)) };
            let (v, ts) = (ENTRY_VERSION, Timestamp::UNIX_EPOCH);
            let entry = Entry { v, seq, ts, mono_ms: 0, session: session(), actor: actor.clone(), body };
            writer.append(&entry, &Seen::new()).unwrap();
            seq += 1;
        }
        writer
    }

    fn checkpoints(dir: &Path) -> usize {
        let files = fs::read_dir(dir).unwrap().map(|item| item.unwrap().path());
        files.filter(|path| path.extension().is_some_and(|e| e == "checkpoint")).count()
    }

    fn settle(keeper: &mut Keeper) {
        if let Some(thread) = keeper.working.take() {
            keeper.failed |= !thread.join().unwrap();
        }
    }

    #[test]
    fn enough_that_is_new_is_kept_and_the_next_start_reads_only_what_came_after() {
        let tmp = tempfile::tempdir().unwrap();
        let (messages, mut inbox) = unbounded_channel();
        let _writer = strand(tmp.path(), KEEP_EVERY - 200_000);
        let mut keeper = Keeper::new(tmp.path(), strands_length(tmp.path()), messages);
        keeper.look(&session());
        assert!(keeper.working.is_none(), "too little came");
        // Leaving is worth it earlier; and a new day always.
        keeper.keep_day(&session());
        settle(&mut keeper);
        assert_eq!(checkpoints(tmp.path()), 1);
        let recent = open_recent(tmp.path(), SessionId("other".into())).unwrap();
        assert_eq!((recent.lines, recent.unkept), (0, 0));
        assert!(recent.passed_over.is_empty());
        keeper.leave(&session());
        assert!(inbox.try_recv().is_err());
    }

    #[test]
    fn what_is_read_at_a_start_counts_as_not_kept() {
        let tmp = tempfile::tempdir().unwrap();
        let (messages, _inbox) = unbounded_channel();
        let _writer = strand(tmp.path(), KEEP_EVERY);
        let mut keeper = Keeper::new(tmp.path(), KEEP_EVERY, messages);
        keeper.look(&session());
        settle(&mut keeper);
        assert_eq!(checkpoints(tmp.path()), 1);
        // Once is enough.
        keeper.look(&session());
        assert!(keeper.working.is_none());
    }

    #[test]
    fn leaving_keeps_what_is_worth_it_and_not_a_few_lines() {
        for (bytes, kept) in [(KEEP_AT_LEAVING / 2, 0), (KEEP_AT_LEAVING, 1)] {
            let tmp = tempfile::tempdir().unwrap();
            let (messages, _inbox) = unbounded_channel();
            let _writer = strand(tmp.path(), bytes);
            Keeper::new(tmp.path(), strands_length(tmp.path()), messages).leave(&session());
            assert_eq!(checkpoints(tmp.path()), kept);
        }
    }

    #[test]
    fn nothing_is_kept_of_a_broken_chain() {
        let tmp = tempfile::tempdir().unwrap();
        let (messages, mut inbox) = unbounded_channel();
        let writer = strand(tmp.path(), KEEP_EVERY);
        let text = fs::read_to_string(writer.path()).unwrap();
        fs::write(writer.path(), text.replacen("www", "wWw", 1)).unwrap();
        let mut keeper = Keeper::new(tmp.path(), strands_length(tmp.path()), messages);
        keeper.look(&session());
        settle(&mut keeper);
        assert_eq!(checkpoints(tmp.path()), 0);
        assert!(inbox.try_recv().is_err(), "that it is broken is said elsewhere");
    }

    #[test]
    fn a_checkpoint_that_cannot_be_written_is_said_once() {
        let tmp = tempfile::tempdir().unwrap();
        let (messages, mut inbox) = unbounded_channel();
        let _writer = strand(tmp.path(), KEEP_EVERY);
        // Root writes everywhere, but nobody over a directory.
        fs::create_dir(tmp.path().join(format!(".{}.checkpoint.draft", session()))).unwrap();
        let mut keeper = Keeper::new(tmp.path(), KEEP_EVERY, messages);
        for _ in 0..2 {
            keeper.kept = 0;
            keeper.look(&session());
            settle(&mut keeper);
        }
        assert!(matches!(inbox.try_recv(), Ok(Message::CheckpointFailed(_))));
        assert!(inbox.try_recv().is_err());
    }
}
