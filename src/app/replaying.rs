//! Replay: the same screens, driven by a log instead of the world. Read-only by construction: no effect but leaving.
//!
//! Any moment is the fold of the entries up to it. Going back folds again from the nearest kept state. A log of a year is
//! kept as text, and few states of it: one shortly before where the replay stands, so that steps back are quick, and some
//! spread over all of it, so that no leap is long.

use super::App;
use super::commands::Command;
use super::message::{Effect, Message};
use crate::incident::Incident;
use crate::incident::entry::{Body, Entry};
use crate::incident::gist::Gist;
use crate::incident::place::Region;
use crate::incident::skim::Skim;
use crate::incident::story::{Tone, describe};
use crate::incident::timeline::{Timeline, Unreadable};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// A kept state every so many entries, while the log is short.
const KEPT_EVERY: usize = 4096;
/// The most states kept; when there would be more, every other one is let go.
const KEPT_MOST: usize = 24;
/// Entries before where the replay stands at which a state is kept for steps back.
const NEAR: usize = 1024;
/// Entries ahead up to which going on is quicker than going by a kept state.
const FEW: usize = 4096;
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
    /// The regions that its cockpits watched, in the order of their screens.
    pub regions: Arc<[Region]>,
    kept: KeptStates,
    last_tick_ms: u64,
    /// Rows that were to be shown and could not be read.
    unreadable: BTreeSet<Unreadable>,
}

/// States of the log, with how many entries each is the fold of.
#[derive(Debug, Clone, PartialEq)]
struct KeptStates {
    /// Spread over the log, the earliest first.
    spread: Vec<(usize, Skim)>,
    every: usize,
    /// The whole log's.
    last: (usize, Skim),
    /// Shortly before where the replay stands.
    near: Option<(usize, Incident)>,
}

impl Default for KeptStates {
    fn default() -> Self {
        Self { spread: Vec::new(), every: KEPT_EVERY, last: (0, Skim::default()), near: None }
    }
}

impl KeptStates {
    /// Keeps the state after so many entries, if it is one to keep.
    fn offer(&mut self, position: usize, state: &Skim) {
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

    /// The nearest of the states in which rows are unread that is not after a position; none is the empty one at the
    /// beginning.
    fn before(&self, position: usize) -> Option<&(usize, Skim)> {
        let all = self.spread.iter().chain([&self.last]);
        all.filter(|(kept, _)| *kept <= position).max_by_key(|(kept, _)| *kept)
    }

    /// The state before some entries, and how many of them there are: what is nearest to a position, from which the
    /// entries up to it are few; and the rows of it that could not be read.
    fn reach(&mut self, timeline: &Timeline, position: usize) -> (usize, Incident, Vec<Unreadable>) {
        if let Some((at, state)) = &self.near
            && (position.saturating_sub(2 * NEAR)..=position).contains(at)
        {
            return (*at, state.clone(), Vec::new());
        }
        let (mut at, mut state) = self.before(position).cloned().unwrap_or_default();
        if at == position {
            let (state, unreadable) = state.read(timeline);
            return (at, state, unreadable);
        }
        let near = position.saturating_sub(NEAR);
        while at < near {
            if let Some(gist) = timeline.body(at).and_then(Gist::of) {
                state.fold(timeline, at, gist);
            }
            at += 1;
        }
        let (state, unreadable) = state.read(timeline);
        self.near = Some((at, state.clone()));
        (at, state, unreadable)
    }
}

/// Takes a log in, entry by entry.
#[derive(Debug, Default)]
pub struct Recording {
    actions: Vec<usize>,
    watched: Watched,
    kept: KeptStates,
    state: Skim,
}

/// What the cockpits of a log watched: each list of regions once, the newest last.
#[derive(Debug, Default)]
struct Watched(Vec<Vec<String>>);

impl Watched {
    fn note(&mut self, regions: &[String]) {
        self.0.retain(|known| known != regions);
        self.0.push(regions.to_vec());
    }

    /// All of them in one order: whoever watched most, and newest, gives it; what others watched beside that follows.
    fn in_order(mut self) -> Vec<Region> {
        self.0.reverse();
        self.0.sort_by_key(|regions| std::cmp::Reverse(regions.len()));
        let mut order: Vec<Region> = Vec::new();
        for code in self.0.iter().flatten() {
            let region = Region::new(code);
            if !region.is_global() && !order.contains(&region) {
                order.push(region);
            }
        }
        order
    }
}

impl Recording {
    /// The entry at a position of the timeline, the next one, and its gist.
    pub fn push(&mut self, timeline: &Timeline, at: usize, gist: Gist) {
        if let Gist::Whole(body) = &gist
            && let Body::Opened { regions, .. } = &**body
        {
            self.watched.note(regions);
        }
        if let Gist::Whole(body) = &gist
            && body.is_durable()
            && let Some(entry) = timeline.entry_saying(at, (**body).clone())
            // It is an action whatever was before.
            && describe(&Incident::default(), &entry).is_some_and(|event| event.is_action)
        {
            self.actions.push(at);
        }
        self.state.fold(timeline, at, gist);
        self.kept.offer(at + 1, &self.state);
    }

    /// A replay at the beginning of the timeline that was taken in.
    #[must_use]
    pub fn replay(mut self, timeline: Timeline) -> Replay {
        self.kept.last = (timeline.len(), self.state);
        Replay {
            at: timeline.ts(0).unwrap_or(Timestamp::UNIX_EPOCH),
            timeline: Arc::new(timeline),
            position: 0,
            playing: false,
            speed: 1,
            actions: Arc::new(self.actions),
            regions: self.watched.in_order().into(),
            kept: self.kept,
            last_tick_ms: 0,
            unreadable: BTreeSet::new(),
        }
    }
}

impl Replay {
    /// A replay at the beginning of a log.
    #[must_use]
    pub fn new(entries: Vec<Entry>) -> Self {
        let timeline: Timeline = entries.into_iter().collect();
        let mut recording = Recording::default();
        for at in 0..timeline.len() {
            if let Some(gist) = timeline.body(at).and_then(Gist::of) {
                recording.push(&timeline, at, gist);
            }
        }
        recording.replay(timeline)
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
        let regions = Arc::clone(&replay.regions);
        self.replay = Some(replay);
        self.show_regions(regions.iter().cloned());
        self.seek(position, at);
    }

    /// Goes to the state after so many entries.
    fn seek(&mut self, position: usize, at: Option<Timestamp>) {
        let Some(replay) = &mut self.replay else { return };
        let timeline = Arc::clone(&replay.timeline);
        let position = position.min(timeline.len());
        let mut unreadable = Vec::new();
        // A few entries on from here are folded one by one.
        if !(replay.position..=replay.position + FEW).contains(&position) || replay.position == 0 {
            (replay.position, self.incident, unreadable) = replay.kept.reach(&timeline, position);
        }
        while replay.position < position {
            if let Some((entry, rows)) = timeline.entry_in_part(replay.position) {
                self.incident.fold(&entry);
                unreadable.extend(rows);
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
        self.tell_unreadable(unreadable);
    }

    /// Says of rows that they could not be read: once of each, and for as long as the replay is open that there are some.
    fn tell_unreadable(&mut self, rows: Vec<Unreadable>) {
        let Some(replay) = &mut self.replay else { return };
        let before = replay.unreadable.len();
        replay.unreadable.extend(rows);
        let (count, first) = (replay.unreadable.len(), replay.unreadable.first());
        let Some(first) = first.filter(|_| count > before) else { return };
        let Unreadable { session, seq, .. } = first;
        let others = if count > 1 { format!(" ({} more like it)", count - 1) } else { String::new() };
        let words = format!("entry {seq} of {session}: {first}{others}");
        self.notice(Tone::Bad, words.clone());
        if before == 0 {
            self.opening.complaints.push(words);
        }
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
        // Those that nobody says was watched: the log is only a part of what was written.
        let cells = self.incident.cells.keys().map(|place| place.scope.region.clone());
        let mut regions: Vec<_> = cells.filter(|region| !region.is_global()).collect();
        regions.dedup();
        self.show_regions(regions.into_iter());
    }

    /// Gives regions that have none yet a place on the board, below the others.
    fn show_regions(&mut self, regions: impl Iterator<Item = Region>) {
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
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::app::Opening;
    use crate::app::keys::Keymap;
    use crate::incident::entry::{Actor, SessionId};
    use crate::incident::timeline::{Author, Stamp};

    #[test]
    fn a_replay_says_which_row_it_could_not_read_and_shows_it_as_it_was_before() {
        let row = |state: &str| {
            format!(
                r#"{{"kind":"observed","body":{{"place":"aws/1/us-east-1/ec2","changed":[{{"kind":"instance","key":"aws/1/us-east-1/ec2/instance/i-1","name":"web","state":{state},"instance_type":"t1.micro","zone":"us-east-1a","image":"ami-1","launched":null,"tags":{{}}}}]}}}}"#
            )
        };
        let actor = Actor { user: "adam".into(), uid: 1, host: "jump".into(), ssh_client: None, aws: None };
        let session = SessionId("s".into());
        let replay = || {
            let (mut timeline, mut recording) = (Timeline::default(), Recording::default());
            let author = Author { v: 1, session: session.clone(), actor: actor.clone() };
            let author = timeline.author(&author);
            for (seq, state) in [r#""running""#, r#"{"of":"a later version"}"#].into_iter().enumerate() {
                let text = row(state).into_bytes();
                let (gist, end) = (Gist::of(&text).unwrap(), text.len());
                let text = timeline.keep(text);
                let seq = u64::try_from(seq).unwrap();
                let ts = Timestamp::from_second(1_341_025_200 + i64::try_from(seq).unwrap()).unwrap();
                timeline.push(Stamp { ts, seq, mono_ms: 0, author }, text, 0..end, &gist);
                recording.push(&timeline, timeline.len() - 1, gist);
            }
            recording.replay(timeline)
        };
        // By leaping to the end, and step by step.
        for steps in [vec![2], vec![1, 2]] {
            let opening = Opening::plain(Keymap::empty("none"), session.clone(), actor.clone());
            let mut app = App::new(opening, Timestamp::UNIX_EPOCH);
            app.replay = Some(replay());
            for position in steps {
                app.seek(position, None);
            }
            let states: Vec<&str> = app.incident.rows.values().map(|seen| seen.resource.claim()).collect();
            assert_eq!(states, ["running"]);
            let [told] = app.opening.complaints.as_slice() else { panic!("{:?}", app.opening.complaints) };
            assert!(
                told.starts_with("entry 1 of s: the row aws/1/us-east-1/ec2/instance/i-1 cannot be read"),
                "{told}"
            );
            assert_eq!(app.notices.back().unwrap().text, *told);
        }
    }

    #[test]
    fn few_states_are_kept_of_any_log_and_no_moment_is_far_from_one() {
        let state = Skim::default();
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
        assert_eq!(kept.before(100).map(|(from, _)| *from), Some(0), "the beginning");
    }
}
