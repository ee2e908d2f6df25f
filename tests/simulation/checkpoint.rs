//! Checkpoints: the fold of what is on the disks, kept by whoever gets to it, and what cockpits open on.

use super::chance::Chance;
use super::ending::{Arrival, same_fold};
use super::invariants::{Held, Law, breach};
use super::night::{Event, Night};
use super::tally::Happened;
use blackstart::incident::checkpoint::Checkpoint;
use blackstart::incident::entry::{Entry, SessionId};
use blackstart::incident::{Incident, Seen};
use blackstart::logbook::{keep, open_recent};
use jiff::SignedDuration;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Of so many nights checkpoints are kept in one.
const KEPT_PERCENT: i64 = 35;

/// A checkpoint as its file would hold it, and how many lines of each strand it covers.
#[derive(Debug, Clone)]
pub struct Kept {
    covers: Vec<usize>,
    /// What the checkpoints covered that it goes on from, the first of them first.
    before: Vec<Vec<usize>>,
    checkpoint: Checkpoint,
    rows: Vec<Seen>,
}

impl Kept {
    /// Keeps a fold.
    pub fn of(incident: &Incident, covers: Vec<usize>) -> Self {
        Self {
            covers,
            before: Vec::new(),
            checkpoint: incident.checkpoint(),
            rows: incident.rows.values().map(|seen| (**seen).clone()).collect(),
        }
    }

    /// The fold that was kept.
    fn incident(&self) -> Incident {
        Incident::from_checkpoint(self.checkpoint.clone(), self.rows.iter().cloned())
    }

    /// The same, written down and read back.
    fn through_json(&self) -> Self {
        let json = serde_json::to_vec(&(&self.checkpoint, &self.rows)).unwrap();
        let (checkpoint, rows) = serde_json::from_slice(&json).unwrap();
        Self { covers: self.covers.clone(), before: self.before.clone(), checkpoint, rows }
    }

    /// What whoever opens on it knows once they have read what came after.
    pub fn opened(&self, after: &[Entry]) -> Incident {
        let mut incident = self.incident();
        after.iter().for_each(|entry| incident.fold(entry));
        incident
    }
}

impl Night {
    /// When checkpoints are kept tonight, by dice of its own: what else a seed draws stays what it was.
    pub fn draw_checkpoints(&mut self, seed: u64) {
        let mut chance = Chance::of(seed ^ 0x6b65_6570_0000);
        if !chance.percent(KEPT_PERCENT) {
            return;
        }
        for _ in 0..chance.between(1, 3) {
            let ms = chance.between(0, self.outage.seconds * 1_000);
            self.at(self.origin + SignedDuration::from_millis(ms), Event::Keep);
        }
    }

    /// Somebody keeps what is on the disks, going on from what was kept before.
    pub fn keep(&mut self) {
        let before = self.kept.take();
        let (covered, mut incident) = match &before {
            Some(kept) => (&kept.covers[..], kept.incident()),
            None => (&[][..], Incident::default()),
        };
        self.timeline_after(covered).iter().for_each(|entry| incident.fold(entry));
        let earlier = before.iter().flat_map(|kept| kept.before.iter().chain([&kept.covers])).cloned();
        let earlier = earlier.collect();
        let kept = Kept::of(&incident, self.strands.iter().map(|strand| strand.lines.len()).collect());
        let kept = Kept { before: earlier, ..kept };
        self.kept = Some(if self.thorough { kept.through_json() } else { kept });
        self.tally.count(Happened::CheckpointsKept);
    }

    /// What a cockpit opens on: the newest checkpoint and what came after it, or everything.
    pub fn known(&mut self, everything: &[Entry]) -> Held<Incident> {
        let mut whole = Incident::default();
        everything.iter().for_each(|entry| whole.fold(entry));
        let Some(kept) = &self.kept else { return Ok(whole) };
        let opened = kept.opened(&self.timeline_after(&kept.covers));
        let kept_one_by_one = kept.before.iter().chain([&kept.covers]);
        let arrival = self.arrival(everything, kept_one_by_one);
        same_fold(&whole, &opened, arrival)?;
        self.tally.count(Happened::OpenedOnCheckpoints);
        self.tally.add(Happened::OpenedBeforeAStrandThatLagged, usize::from(arrival == Arrival::SomeLate));
        Ok(opened)
    }

    /// Whether all that came after each checkpoint comes after all that it covers in the timeline, too.
    fn arrival<'a>(&self, timeline: &[Entry], kept: impl Iterator<Item = &'a Vec<usize>>) -> Arrival {
        let kept: Vec<&Vec<usize>> = kept.collect();
        let strand_of: BTreeMap<&SessionId, usize> =
            self.strands.iter().enumerate().map(|(at, strand)| (&strand.session, at)).collect();
        let came_after = |entry: &Entry| {
            let covers = |covers: &[usize]| {
                covers.get(strand_of[&entry.session]).is_some_and(|lines| entry.seq < *lines as u64)
            };
            kept.iter().filter(|lines| !covers(lines)).count()
        };
        if timeline.is_sorted_by_key(came_after) { Arrival::InOrder } else { Arrival::SomeLate }
    }

    /// The same of the files: kept when they were as far as that, and read on from there.
    pub fn keep_on_disk(&mut self, dir: &Path, whole: &Incident) -> Held {
        let Some(kept) = self.kept.as_ref().filter(|_| self.thorough) else { return Ok(()) };
        let dir = dir.join("kept");
        fs::create_dir_all(&dir).unwrap();
        let path = |session: &SessionId| dir.join(format!("{session}.jsonl"));
        for (strand, lines) in self.strands.iter().zip(&kept.covers) {
            let end = lines.checked_sub(1).map_or(0, |last| strand.lines[last].end);
            fs::write(path(&strand.session), &strand.bytes[..end]).unwrap();
        }
        let other = SessionId("other".into());
        let was_kept = keep(&dir, &other, 0).unwrap();
        for strand in &self.strands {
            fs::write(path(&strand.session), &strand.bytes).unwrap();
        }
        let recent = open_recent(&dir, other).unwrap();
        if !recent.passed_over.is_empty() || !recent.breakages.is_empty() {
            let what = format!("{:?} {:?}", recent.passed_over, recent.breakages);
            return breach(Law::CheckpointIsTheLog, what);
        }
        let arrival = self.arrival(&self.timeline(), std::iter::once(&kept.covers));
        same_fold(whole, &recent.incident, arrival)?;
        self.tally.add(Happened::CheckpointsOnDisk, usize::from(was_kept));
        Ok(())
    }
}
