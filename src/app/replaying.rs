//! Replay: the same screens, driven by a log instead of the world. Read-only by construction: no effect but leaving.
//!
//! Any moment is the fold of the entries up to it. Going back folds again from the nearest kept state. A log of a year is
//! kept as text, and few states of it: one shortly before where the replay stands, so that steps back are quick, and some
//! spread over all of it, so that no leap is long.

use super::App;
use super::commands::Command;
use super::message::{Effect, Message};
use crate::incident::Incident;
use crate::incident::entry::Entry;
use crate::incident::story::{Tone, describe};
use crate::incident::timeline::Timeline;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// A kept state every so many entries, while the log is short.
const KEPT_EVERY: usize = 4096;
/// The most states kept; when there would be more, every other one is let go.
const KEPT_MOST: usize = 24;
/// Entries before where the replay stands at which a state is kept for steps back.
const NEAR: usize = 1024;
/// The speeds that faster and slower walk through.
const SPEEDS: [u32; 8] = [1, 2, 5, 10, 30, 60, 300, 1800];

/// Where a replay stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Replay {
    /// The weave of all strands.
    pub timeline: Arc<Timeline>,
    /// Entries folded so far.
    pub position: usize,
    /// The time shown.
    pub at: Timestamp,
    /// Whether it plays.
    pub playing: bool,
    /// Seconds of log a second.
    pub speed: u32,
    /// Where in the timeline the actions are.
    pub actions: Arc<Vec<usize>>,
    kept: KeptStates,
    last_tick_ms: u64,
}

/// States of the log, with how many entries each is the fold of.
#[derive(Debug, Clone, PartialEq)]
struct KeptStates {
    /// Spread over the log, the earliest first.
    spread: Vec<(usize, Incident)>,
    every: usize,
    /// Shortly before where the replay stands.
    near: Option<(usize, Incident)>,
    /// The whole log's.
    last: Option<(usize, Incident)>,
}

impl Default for KeptStates {
    fn default() -> Self {
        Self { spread: Vec::new(), every: KEPT_EVERY, near: None, last: None }
    }
}

impl KeptStates {
    /// Keeps the state after so many entries, if it is one to keep.
    fn offer(&mut self, position: usize, state: &Incident) {
        let newest = self.spread.last().map_or(0, |(kept, _)| *kept);
        if position < newest + self.every {
            return;
        }
        self.spread.push((position, state.clone()));
        if self.spread.len() > KEPT_MOST {
            self.every *= 2;
            let mut odd = false;
            self.spread.retain(|_| {
                odd = !odd;
                !odd
            });
        }
    }

    /// The nearest state that is not after a position; none is the empty one at the beginning.
    fn before(&self, position: usize) -> Option<&(usize, Incident)> {
        let all = self.spread.iter().chain(&self.near).chain(&self.last);
        all.filter(|(kept, _)| *kept <= position).max_by_key(|(kept, _)| *kept)
    }
}

/// Takes a log in, entry by entry.
#[derive(Debug, Default)]
pub struct Recording {
    timeline: Timeline,
    actions: Vec<usize>,
    kept: KeptStates,
    incident: Incident,
}

impl Recording {
    /// The next entry, and the text of its body (see [`Timeline::push`]).
    pub fn push(&mut self, entry: &Entry, body: &[u8]) {
        // What a person does is on the disk before it goes on; and it is an action whatever was before.
        if entry.body.is_durable() && describe(&self.incident, entry).is_some_and(|event| event.is_action) {
            self.actions.push(self.timeline.len());
        }
        self.timeline.push(entry, body);
        self.incident.fold(entry);
        self.kept.offer(self.timeline.len(), &self.incident);
    }

    /// A replay at the beginning of it.
    #[must_use]
    pub fn replay(mut self) -> Replay {
        self.kept.last = Some((self.timeline.len(), self.incident));
        Replay {
            at: self.timeline.ts(0).unwrap_or(Timestamp::UNIX_EPOCH),
            timeline: Arc::new(self.timeline),
            position: 0,
            playing: false,
            speed: 1,
            actions: Arc::new(self.actions),
            kept: self.kept,
            last_tick_ms: 0,
        }
    }
}

impl Replay {
    /// A replay at the beginning of a log.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let mut recording = Recording::default();
        for entry in entries {
            // A body is plain data with string keys: writing it cannot fail.
            let body = serde_json::to_vec(&entry.body).unwrap_or_default();
            recording.push(&entry, &body);
        }
        recording.replay()
    }

    /// The first and the last moment.
    #[must_use]
    pub fn bounds(&self) -> Option<(Timestamp, Timestamp)> {
        Some((self.timeline.ts(0)?, self.timeline.ts(self.timeline.len().checked_sub(1)?)?))
    }
}

impl App {
    /// Makes this cockpit a replay, at its last moment or at the time given.
    pub fn replay_from(&mut self, replay: Replay, at: Option<Timestamp>) {
        let position = at.map_or(replay.timeline.len(), |at| replay.timeline.position(at));
        self.replay = Some(replay);
        self.seek(position, at);
    }

    /// Goes to the state after so many entries.
    fn seek(&mut self, position: usize, at: Option<Timestamp>) {
        let Some(replay) = &mut self.replay else { return };
        let timeline = Arc::clone(&replay.timeline);
        let position = position.min(timeline.len());
        let base = replay.kept.before(position);
        // Going on from here is best, unless a kept state is nearer.
        let nearer = base.is_some_and(|(from, _)| *from > replay.position);
        if position < replay.position || nearer || replay.position == 0 {
            (replay.position, self.incident) = base.cloned().unwrap_or_default();
        }
        while replay.position < position {
            if replay.position + NEAR == position {
                replay.kept.near = Some((replay.position, self.incident.clone()));
            }
            if let Some(entry) = timeline.entry(replay.position) {
                self.incident.fold(&entry);
            }
            replay.position += 1;
        }
        let last = position.checked_sub(1).and_then(|at| timeline.ts(at));
        let first = timeline.ts(0);
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
        let presumed = self.incident.presumptions.iter();
        accounts.extend(presumed.map(|((_, profile), it)| (it.account.clone(), profile.clone())));
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
            | Message::Confirm { .. }
            | Message::Verify(_)
            | Message::LogMended(_) => {}
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
        let position = replay.timeline.position(at);
        replay.playing = at < end;
        self.seek(position, Some(at));
    }

    pub(super) fn replay_command(&mut self, command: Command) {
        let Some(replay) = &mut self.replay else { return };
        let position = replay.position;
        match command {
            Command::PlayPause => {
                let at_end = position >= replay.timeline.len();
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
            | Command::Verify
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn few_states_are_kept_of_any_log_and_no_moment_is_far_from_one() {
        let state = Incident::default();
        let mut kept = KeptStates::default();
        for position in 1..=1_000_000 {
            kept.offer(position, &state);
            assert!(kept.spread.len() <= KEPT_MOST);
        }
        assert!(kept.spread.len() * 3 > KEPT_MOST, "{}", kept.spread.len());
        for position in (0..1_000_000).step_by(1009) {
            let from = kept.before(position).map_or(0, |(from, _)| *from);
            assert!(from <= position && position - from <= 2 * kept.every, "{position} from {from}");
        }
        kept.near = Some((777_000, Incident::default()));
        assert_eq!(kept.before(777_777).unwrap().0, 777_000, "the nearest of all");
        assert_eq!(kept.before(100).map(|(from, _)| *from), None);
    }
}
