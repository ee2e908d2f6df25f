//! Replay: the same screens, driven by a log instead of the world. Read-only by construction: no effect but leaving.
//!
//! Any moment is the fold of the entries up to it. Going back folds again from the nearest kept state, so that a step
//! back in a long log is as quick as a step forward.

use super::App;
use super::commands::Command;
use super::message::{Effect, Message};
use crate::incident::Incident;
use crate::incident::entry::Entry;
use crate::incident::story::{Tone, describe};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// A kept state every so many entries.
const KEPT_EVERY: usize = 4096;
/// The speeds that faster and slower walk through.
const SPEEDS: [u32; 8] = [1, 2, 5, 10, 30, 60, 300, 1800];

/// Where a replay stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The weave of all strands.
    pub entries: Arc<Vec<Entry>>,
    /// Entries folded so far.
    pub position: usize,
    /// The time shown.
    pub at: Timestamp,
    /// Whether it plays.
    pub playing: bool,
    /// Seconds of log a second.
    pub speed: u32,
    /// Where in the entries the actions are.
    pub actions: Arc<Vec<usize>>,
    kept: Vec<(usize, Incident)>,
    last_tick_ms: u64,
}

impl Replay {
    /// A replay at the beginning of a log.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let empty = Incident::default();
        let actions = entries
            .iter()
            .enumerate()
            .filter(|(_, entry)| describe(&empty, entry).is_some_and(|event| event.is_action))
            .map(|(at, _)| at)
            .collect();
        let at = entries.first().map_or(Timestamp::UNIX_EPOCH, |entry| entry.ts);
        Self {
            entries: Arc::new(entries),
            position: 0,
            at,
            playing: false,
            speed: 1,
            actions: Arc::new(actions),
            kept: vec![(0, Incident::default())],
            last_tick_ms: 0,
        }
    }

    /// The first and the last moment.
    #[must_use]
    pub fn bounds(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.entries.first()?.ts, self.entries.last()?.ts))
    }
}

impl App {
    /// Makes this cockpit a replay, at its last moment or at the time given.
    pub fn replay_from(&mut self, replay: Replay, at: Option<Timestamp>) {
        let position = match at {
            Some(at) => replay.entries.partition_point(|entry| entry.ts <= at),
            None => replay.entries.len(),
        };
        self.replay = Some(replay);
        self.seek(position, at);
    }

    /// Goes to the state after so many entries.
    fn seek(&mut self, position: usize, at: Option<Timestamp>) {
        let Some(replay) = &mut self.replay else { return };
        let entries = Arc::clone(&replay.entries);
        let position = position.min(entries.len());
        if position < replay.position || replay.position == 0 {
            let base = replay.kept.iter().rev().find(|(kept, _)| *kept <= position);
            let (from, incident) = base.cloned().unwrap_or((0, Incident::default()));
            replay.position = from;
            self.incident = incident;
        }
        while replay.position < position {
            let Some(entry) = entries.get(replay.position) else { break };
            self.incident.fold(entry);
            replay.position += 1;
            let newest = replay.kept.last().map_or(0, |(kept, _)| *kept);
            if replay.position >= newest + KEPT_EVERY {
                replay.kept.push((replay.position, self.incident.clone()));
            }
        }
        let last = position.checked_sub(1).and_then(|at| entries.get(at)).map(|entry| entry.ts);
        let first = entries.first().map(|entry| entry.ts);
        replay.at = at.or(last).or(first).unwrap_or(replay.at);
        self.now = replay.at;
        self.started = first.unwrap_or(self.started);
        self.adopt_logged_places();
        self.refresh_list();
    }

    /// The cells and accounts of the log stand in for the configured ones.
    fn adopt_logged_places(&mut self) {
        self.schedule =
            self.incident.cells.keys().map(|place| (place.clone(), super::Schedule::default())).collect();
        let mut accounts: Vec<_> = self
            .incident
            .identities
            .iter()
            .map(|((_, profile), identity)| (identity.account.clone(), profile.clone()))
            .collect();
        accounts.sort();
        accounts.dedup();
        if !accounts.is_empty() {
            self.accounts = accounts;
        }
        let mut regions: Vec<_> = self
            .incident
            .cells
            .keys()
            .map(|place| place.scope.region.clone())
            .filter(|region| !region.is_global())
            .collect();
        regions.dedup();
        for region in regions {
            if !self.opening.regions.contains(&region) {
                self.opening.regions.push(region);
            }
        }
    }

    /// A replay takes keys, time and the terminal's news. Whatever else arrives is about the world, and not for it.
    pub(super) fn replay_message(&mut self, message: Message, effects: &mut Vec<Effect>) {
        match message {
            Message::Tick => {
                self.drop_notices();
                self.replay_tick();
            }
            Message::Key(key) => self.key(key, effects),
            Message::Paste(text) => self.paste(&text),
            Message::Resize(columns, rows) => self.size = (columns, rows),
            Message::LogComplaint(why) => self.notice(Tone::Bad, why),
            Message::Copied(Ok(())) => self.notice(Tone::Neutral, "copied".into()),
            Message::Copied(Err(why)) => self.notice(Tone::Warn, format!("not copied: {why}")),
            Message::Signal(name) => self.leave(name, effects),
            Message::Resumed(stopped) => self.resumed(stopped),
            Message::Start
            | Message::Page(..)
            | Message::Swept(..)
            | Message::Access(..)
            | Message::Answered(..)
            | Message::Performed(..)
            | Message::Probed(..)
            | Message::Recorded(_)
            | Message::RecordFailed(_)
            | Message::Reopened(_)
            | Message::CheckpointFailed(_)
            | Message::Clock(_)
            | Message::Others(_)
            | Message::Gone(_)
            | Message::Act(_)
            | Message::Confirm { .. } => {}
        }
    }

    fn replay_tick(&mut self) {
        let mono_ms = self.mono_ms;
        let Some(replay) = &mut self.replay else { return };
        let passed_ms = mono_ms.saturating_sub(replay.last_tick_ms);
        replay.last_tick_ms = mono_ms;
        if !replay.playing {
            return;
        }
        let step = i64::try_from(passed_ms.saturating_mul(u64::from(replay.speed))).unwrap_or(i64::MAX);
        let at = replay.at.saturating_add(SignedDuration::from_millis(step)).unwrap_or(replay.at);
        let end = replay.bounds().map_or(at, |(_, last)| last);
        let at = at.min(end);
        let position = replay.entries.partition_point(|entry| entry.ts <= at);
        replay.playing = at < end;
        self.seek(position, Some(at));
    }

    pub(super) fn replay_command(&mut self, command: Command) {
        let Some(replay) = &mut self.replay else { return };
        let position = replay.position;
        match command {
            Command::PlayPause => {
                let at_end = position >= replay.entries.len();
                replay.playing = !replay.playing;
                replay.last_tick_ms = self.mono_ms;
                if replay.playing && at_end {
                    self.seek(1, None);
                }
            }
            Command::StepForward => self.seek(position + 1, None),
            Command::StepBack => self.seek(position.saturating_sub(1).max(1), None),
            Command::NextAction => match replay.actions.iter().find(|at| **at >= position).copied() {
                Some(at) => self.seek(at + 1, None),
                None => self.notice(Tone::Neutral, "no later action".into()),
            },
            Command::PreviousAction => {
                match replay.actions.iter().rev().find(|at| **at + 1 < position).copied() {
                    Some(at) => self.seek(at + 1, None),
                    None => self.notice(Tone::Neutral, "no earlier action".into()),
                }
            }
            Command::Faster | Command::Slower => {
                let at = SPEEDS.iter().position(|s| *s >= replay.speed).unwrap_or(0);
                let at = if command == Command::Faster { at + 1 } else { at.saturating_sub(1) };
                if let Some(speed) = SPEEDS.get(at) {
                    replay.speed = *speed;
                }
            }
            Command::Board
            | Command::Instances
            | Command::RestorePoints
            | Command::Registrations
            | Command::Apex
            | Command::Log
            | Command::Up
            | Command::Down
            | Command::PageUp
            | Command::PageDown
            | Command::Top
            | Command::Bottom
            | Command::Mark
            | Command::Filter
            | Command::Sort
            | Command::SortReverse
            | Command::Detail
            | Command::Copy
            | Command::Refresh
            | Command::Maintenance
            | Command::ApexSwitch
            | Command::Relaunch
            | Command::Terminate
            | Command::Restore
            | Command::Register
            | Command::Deregister
            | Command::Undo
            | Command::ReopenLogbook
            | Command::Suspend
            | Command::Note
            | Command::Declare
            | Command::Palette
            | Command::Help
            | Command::Back
            | Command::Quit => {}
        }
    }
}
