//! What happens when the ground gives way: leaving while a call is under way, a logbook that refuses, a clock that jumps,
//! a terminal that was given back for a while.
//!
//! What was called is waited for; who asks twice is let go, and told what stays open. What the disk refused is never shown
//! as recorded, and never forgotten either: a new strand, opened by the operator's own choice, names what was lost.

use super::message::{ClockNews, Effect, LogRefusal};
use super::recording::REOPEN_EVERY_S;
use super::{App, LogState, Overlay, Phase};
use crate::incident::Incident;
use crate::incident::entry::{Body, Entry, Mode, SessionId};
use crate::incident::hash::sha256_hex;
use crate::incident::span::span;
use crate::incident::story::{Tone, describe};
use jiff::{SignedDuration, Timestamp};
use std::collections::VecDeque;

/// Whose second coming means: now. A lost SSH session sends SIGHUP up to three times and means it once.
const INSISTING: [&str; 3] = ["quit", "SIGINT", "SIGTERM"];
/// Characters kept of each entry that was lost: the strand that names them must fit where the last one did not.
const LOST_TEXT_LIMIT: usize = 200;
/// The farthest that a cockpit's time is pulled ahead by what the logbook holds: an entry of another year is a mistake that must
/// not be passed on.
const CAUGHT_UP_MOST: SignedDuration = SignedDuration::from_hours(24);
/// What time is pulled ahead by at once, from where it is told: clocks of several machines always differ by a little.
const WORTH_TELLING: SignedDuration = SignedDuration::from_secs(2);
/// What was due while time leapt is asked over so many milliseconds, not at once.
const SPREAD_MS: i64 = 5_000;

/// Entries of ours that are not known to be in the logbook.
#[derive(Debug, Clone, Default)]
pub(super) struct Unwritten {
    /// Asked for and not confirmed, oldest first: those that say what people did, and the calls.
    waiting: VecDeque<Waiting>,
    /// What of them was lost, in words, since the logbook refused.
    lost: Vec<String>,
    /// What was noted and did not come to rest, be it before or after that: written down when recording goes on.
    notes: Vec<KeptNote>,
    /// That cells flap, told since it refused.
    flapping: Vec<Entry>,
    /// When it refused.
    refused: Option<Timestamp>,
    /// A new strand was asked for and has not come yet: a second one would leave the first without a writer.
    pub(super) reopening: bool,
}

/// An entry that was asked for.
#[derive(Debug, Clone)]
struct Waiting {
    entry: Entry,
    /// Of a kept note that is being written down: as it was noted.
    noted: Option<Noted>,
}

/// A note as somebody typed it.
#[derive(Debug, Clone)]
struct Noted {
    at: Timestamp,
    text: String,
}

/// A note that no strand has yet.
#[derive(Debug, Clone)]
struct KeptNote {
    noted: Noted,
    /// The line of the story that says that it is not recorded.
    line: (SessionId, u64),
}

impl Noted {
    /// Its text, with when it was written: the strand says when it was written down.
    fn dated(&self) -> String {
        format!("{} (noted at {})", self.text, self.at.strftime("%H:%M:%S"))
    }
}

impl Unwritten {
    /// The scribe writes in order: everything up to here is in the logbook.
    pub(super) fn written(&mut self, seq: u64) {
        while self.waiting.front().is_some_and(|waiting| waiting.entry.seq <= seq) {
            self.waiting.pop_front();
        }
    }
}

/// How far the time of an entry is ahead of a clock, if it is and if that is to be caught up with.
fn ahead(now: Timestamp, of: Timestamp) -> Option<SignedDuration> {
    let ahead = of.duration_since(now);
    (ahead.is_positive() && ahead <= CAUGHT_UP_MOST).then_some(ahead)
}

/// The time to write by after what a logbook holds: no earlier than the newest of it, unless that is of another age.
#[must_use]
pub fn after_log(now: Timestamp, log: &Incident) -> Timestamp {
    log.latest.filter(|latest| ahead(now, *latest).is_some()).unwrap_or(now)
}

impl App {
    /// Asks for an entry to be written, or marks it as one that will not be.
    pub(super) fn keep(&mut self, entry: Entry, effects: &mut Vec<Effect>) {
        if self.opening.looks_only {
            return;
        }
        if self.log == LogState::Writing {
            if entry.body.is_durable() {
                self.unwritten.waiting.push_back(Waiting { entry: entry.clone(), noted: None });
            }
            effects.push(Effect::Record(Box::new(entry)));
        } else {
            self.set_aside(&entry, None);
        }
    }

    /// No strand has this entry, or nobody can tell: a note is kept, whatever else people did is named as lost.
    fn set_aside(&mut self, entry: &Entry, noted: Option<Noted>) {
        self.incident.mark_unrecorded(&entry.session, entry.seq);
        if let Body::Note { text } = &entry.body {
            let noted = noted.unwrap_or_else(|| Noted { at: entry.ts, text: text.clone() });
            let line = (entry.session.clone(), entry.seq);
            self.unwritten.notes.push(KeptNote { noted, line });
        } else {
            if matches!(entry.body, Body::Flapping { .. }) {
                self.unwritten.flapping.push(entry.clone());
            }
            self.lose(entry);
        }
    }

    /// Takes a note: while nothing is recorded it is kept, and written down when recording goes on.
    pub(super) fn note(&mut self, text: &str, effects: &mut Vec<Effect>) {
        self.record(Body::Note { text: text.into() }, effects);
        if self.log != LogState::Writing {
            let text = "the note is kept, not written down yet: that comes when recording goes on";
            self.notice(Tone::Warn, text.into());
        }
    }

    /// What waits in memory for a logbook that takes it, in words.
    pub fn kept_notes(&self) -> impl ExactSizeIterator<Item = String> {
        self.unwritten
            .notes
            .iter()
            .map(|KeptNote { noted, .. }| format!("{} note: {}", noted.at.strftime("%H:%M:%S"), noted.text))
    }

    /// Remembers what the logbook does not.
    fn lose(&mut self, entry: &Entry) {
        // A new strand that was refused in its turn: what it was to name is lost still.
        if let Body::Reopened { lost, .. } = &entry.body {
            self.unwritten.lost.extend(lost.iter().cloned());
            return;
        }
        let is_frame = matches!(entry.body, Body::Opened { .. } | Body::Left { .. });
        if let (true, false, Some(event)) =
            (entry.body.is_durable(), is_frame, describe(&self.incident, entry))
        {
            let text: String = event.text.chars().take(LOST_TEXT_LIMIT).collect();
            self.unwritten.lost.push(format!("{} {text}", entry.ts.strftime("%H:%M:%S")));
        }
    }

    /// Whether the logbook takes entries, and has taken the first: until then that it is written is a hope.
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.log == LogState::Writing && self.next_seq > 0 && self.unwritten.waiting.is_empty()
    }

    /// What happened and is not in the logbook, in words, oldest first.
    #[must_use]
    pub fn not_recorded(&self) -> &[String] {
        &self.unwritten.lost
    }

    // --- the logbook refuses ---

    pub(super) fn record_failed(&mut self, refusal: LogRefusal, effects: &mut Vec<Effect>) {
        if self.log != LogState::Writing {
            return;
        }
        // On a screen the reason stands above the last line for as long as it holds.
        let words = if self.opening.mode == Mode::Record {
            let why = refusal.words.trim_end_matches('.');
            format!("the logbook refused: {why}; it is tried again every {REOPEN_EVERY_S} s")
        } else if self.crew().is_empty() {
            "the logbook refused: nothing is recorded, actions are off".into()
        } else {
            "the logbook refused: nothing is recorded or told to others, actions are off".into()
        };
        self.notice(Tone::Bad, words);
        let why = refusal.words.clone();
        self.log = LogState::Refused(refusal);
        self.read_alone();
        let first = self.unwritten.waiting.front();
        self.unwritten.refused = Some(first.map_or(self.now, |waiting| waiting.entry.ts));
        // It was shown when it was asked for; now it is known that it is nowhere else.
        let waiting = std::mem::take(&mut self.unwritten.waiting);
        for Waiting { entry, noted } in waiting {
            self.incident.take_back(&entry);
            self.set_aside(&entry, noted);
        }
        self.stop_unrecorded(&why, effects);
    }

    /// Goes on in a new strand, if the operator wants to and there is room.
    pub(super) fn reopen(&mut self, effects: &mut Vec<Effect>) {
        if self.log == LogState::Writing {
            self.notice(Tone::Neutral, "the logbook is open: there is nothing to reopen".into());
            return;
        }
        if self.unwritten.reopening {
            self.notice(Tone::Neutral, "a new strand is being opened".into());
            return;
        }
        self.unwritten.reopening = true;
        effects.push(Effect::Reopen(self.next_session()));
    }

    pub(super) fn reopened(&mut self, result: Result<SessionId, LogRefusal>, effects: &mut Vec<Effect>) {
        self.unwritten.reopening = false;
        let session = match result {
            Ok(session) => session,
            Err(LogRefusal { words: why, .. }) => {
                // Where it is tried by itself, again and again, each reason is said once.
                if self.opening.mode != Mode::Record || self.is_news(&why) {
                    self.notice(Tone::Bad, format!("still not recording: {why}"));
                }
                return;
            }
        };
        let LogState::Refused(LogRefusal { words: why, .. }) = self.log.clone() else { return };
        // Nothing may be left that waits for a line of the old strand.
        self.stop_unrecorded(&why, effects);
        // A plan that was proposed in the dark is in no strand: it is made anew.
        self.overlays.retain(|overlay| !matches!(overlay, Overlay::Plan(_)));
        let before = std::mem::replace(&mut self.opening.session, session);
        self.next_seq = 0;
        self.log = LogState::Writing;
        let lost = std::mem::take(&mut self.unwritten.lost);
        let count = lost.len();
        self.record_opened(None, effects);
        self.record(Body::Reopened { before: before.clone(), why, lost }, effects);
        self.identify_again(&before, effects);
        let since = self.unwritten.refused.take().unwrap_or(self.started);
        self.tell_all_again(&before, since, effects);
        let flapping = std::mem::take(&mut self.unwritten.flapping);
        self.tell_flapping_again(&flapping, effects);
        let notes = std::mem::take(&mut self.unwritten.notes);
        let kept = notes.len();
        for KeptNote { noted, line } in notes {
            // It stands in the story once, as it is in the log.
            self.incident.story.retain(|event| (&event.session, event.seq) != (&line.0, line.1));
            self.record(Body::Note { text: noted.dated() }, effects);
            // Should this strand refuse it in its turn, it is kept as it was noted.
            if let Some(waiting) = self.unwritten.waiting.back_mut() {
                waiting.noted = Some(noted);
            }
        }
        let lost = match count {
            0 => String::new(),
            1 => "; it names 1 entry that was lost".into(),
            n => format!("; it names {n} entries that were lost"),
        };
        let kept = match kept {
            0 => String::new(),
            1 => "; the note that was kept is written down".into(),
            n => format!("; the {n} notes that were kept are written down"),
        };
        self.notice(Tone::Good, format!("recording again, in a new strand{lost}{kept}"));
    }

    // --- leaving ---

    /// Begins to leave. What was called is finished and logged first; nothing new is called. Who insists leaves at once.
    pub(super) fn leave(&mut self, reason: &str, effects: &mut Vec<Effect>) {
        match &self.leaving {
            Some(before) if before == reason && INSISTING.contains(&reason) => self.leave_open(effects),
            // Somebody is at the keys after all, and may insist from now on.
            Some(_) if INSISTING.contains(&reason) => self.leaving = Some(reason.to_owned()),
            Some(_) => {}
            None => self.leaving = Some(reason.to_owned()),
        }
        self.go_if_done(effects);
        if !self.quitting {
            let text = "leaving when the call under way has ended; again (Ctrl-C) to leave at once, its outcome unknown";
            self.notice(Tone::Warn, text.into());
        }
    }

    pub(super) fn go_if_done(&mut self, effects: &mut Vec<Effect>) {
        let Some(reason) = self.leaving.clone() else { return };
        let calling = self.executions.values().any(|execution| matches!(execution.phase, Phase::Calling(_)));
        if calling || self.quitting {
            return;
        }
        self.go(reason, effects);
    }

    /// Leaves with a call under way: its intent stays without an outcome, and whoever opens the log next reads "unknown:
    /// verify first".
    pub fn leave_open(&mut self, effects: &mut Vec<Effect>) {
        let Some(reason) = self.leaving.clone().filter(|_| !self.quitting) else { return };
        let calling = self.executions.values().filter(|e| matches!(e.phase, Phase::Calling(_)));
        self.left_open = calling.map(|execution| execution.plan.title.clone()).collect();
        let reason = if self.left_open.is_empty() {
            reason
        } else {
            format!("{reason}, without waiting for: {}", self.left_open.join("; "))
        };
        self.go(reason, effects);
    }

    fn go(&mut self, reason: String, effects: &mut Vec<Effect>) {
        self.abandon(&reason, effects);
        if self.replay.is_none() {
            self.record(Body::Left { reason }, effects);
        }
        self.quitting = true;
        effects.push(Effect::Quit);
    }

    // --- the clock, and the terminal given back ---

    pub(super) fn clock_news(&mut self, news: ClockNews, effects: &mut Vec<Effect>) {
        self.behind = news.behind;
        let body = Body::Clock {
            stepped_s: news.stepped.as_secs(),
            stopped_s: news.stopped.as_secs(),
            behind_s: news.behind.as_secs(),
        };
        self.record(body, effects);
        if let Some(event) = self.incident.story.iter().rev().find(|event| event.kind == "clock") {
            let text = event.text.clone();
            self.notice(Tone::Warn, text);
        }
        let idle = news.leapt.max(news.stopped);
        if idle.is_zero() {
            return;
        }
        self.spread_due();
        self.listen_anew();
        // Patience is for time in which somebody looked.
        for execution in self.executions.values_mut() {
            match &mut execution.phase {
                Phase::Guarding { since, .. } => *since = since.saturating_add(idle).unwrap_or(*since),
                Phase::Checking { since, .. } => *since = since.saturating_add(idle).unwrap_or(*since),
                Phase::Recording(..) | Phase::Calling(_) | Phase::Over => {}
            }
        }
    }

    // --- the times of others ---

    /// Begins when the logbook ends, where the system's clock was set back since: what is read now must not be taken for
    /// older than what was read then.
    pub(super) fn begin_after_log(&mut self) {
        let Some(latest) = self.incident.latest else { return };
        match ahead(self.now, latest) {
            Some(ahead) => {
                (self.now, self.started) = (latest, latest);
                self.behind = if ahead >= WORTH_TELLING { ahead } else { SignedDuration::ZERO };
            }
            None if latest > self.now => {
                let ahead = span(latest.duration_since(self.now).as_secs());
                let text = format!(
                    "the logbook has entries of {latest}, {ahead} from now: one of the clocks is wrong. Until then what is \
                     read now counts as older than they are. Set this machine's clock, or begin another logbook with --logbook"
                );
                self.notice(Tone::Bad, text.clone());
                self.opening.complaints.push(text);
            }
            None => {}
        }
    }

    /// Tells the strand that its times are ahead of the system's clock from the beginning.
    pub(super) fn tell_behind(&mut self, effects: &mut Vec<Effect>) {
        if !self.behind.is_zero() {
            let behind_s = self.behind.as_secs();
            self.record(Body::Clock { stepped_s: 0, stopped_s: 0, behind_s }, effects);
        }
    }

    /// Goes on from the newest of what others wrote, where their time is ahead of ours: who sorts by time must find what comes
    /// after their entries after them.
    pub(super) fn catch_up_with(&mut self, entries: &[Entry], effects: &mut Vec<Effect>) {
        let newest = entries.iter().map(|entry| entry.ts).max();
        let Some((newest, ahead)) = newest.and_then(|newest| Some((newest, ahead(self.now, newest)?))) else {
            return;
        };
        self.now = newest;
        if ahead >= WORTH_TELLING {
            let behind = self.behind.saturating_add(ahead);
            let zero = SignedDuration::ZERO;
            self.clock_news(ClockNews { stepped: zero, leapt: ahead, stopped: zero, behind }, effects);
        }
    }

    /// Everything that came due while nobody looked is asked within a few seconds, in the order of a hash: a machine that
    /// wakes up must not spend the quota of an hour in one moment.
    fn spread_due(&mut self) {
        let (now, jitter) = (self.now, self.opening.jitter.clone());
        for (place, schedule) in &mut self.schedule {
            if schedule.in_flight.is_none() && schedule.due.is_none_or(|due| due <= now) {
                let digest = sha256_hex(format!("{jitter} {place} {now}").as_bytes());
                let share = i64::from_str_radix(digest.get(..4).unwrap_or("0"), 16).unwrap_or_default();
                // What another reads is left to it for as long again: its machine may have slept as well.
                let later = if schedule.left_to.is_some() { 3 * SPREAD_MS } else { 0 };
                let due = now + SignedDuration::from_millis(later + SPREAD_MS * share / 0xffff);
                schedule.ask_at(Some(due));
            }
        }
    }

    pub(super) fn resumed(&mut self, stopped: bool) {
        if !stopped {
            let text = "no shell waits that could bring the cockpit back: it stays in the foreground";
            self.notice(Tone::Warn, text.into());
        }
    }
}
