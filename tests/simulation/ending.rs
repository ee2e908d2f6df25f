//! The morning after: the files as the disks have them are verified, cut, read and folded, and compared with what the
//! screens showed and what the world knows.

use super::invariants::{Breach, Held, Law, breach, unknown_is_said};
use super::night::Night;
use super::strand::{Strand, whole_lines};
use super::tally::Happened;
use blackstart::incident::Incident;
use blackstart::incident::entry::{Entry, SessionId};
use blackstart::incident::place::{Account, Profile, Region, Scope, Service};
use blackstart::incident::request::{Reply, Request, Sweep};
use blackstart::incident::resource::Resource;
use blackstart::logbook::{Logbook, Verdict, read_strand, verify};
use jiff::SignedDuration;
use serde_json::Value;
use std::fs;
use std::path::Path;

impl Night {
    /// Looks at what is left, in a directory of its own.
    pub fn end(&mut self, dir: &Path) -> Held {
        self.settle()?;
        self.launched()?;
        for strand in &self.strands {
            fs::write(dir.join(format!("{}.jsonl", strand.session)), &strand.bytes).unwrap();
        }
        verifies(dir, self.strands.iter())?;
        let read = if self.thorough { self.read_back(dir)? } else { self.timeline() };
        let mut log = Incident::default();
        read.iter().for_each(|entry| log.fold(entry));
        self.keep_on_disk(dir, &log)?;
        for seat in self.seats.iter().filter(|it| it.alive && !it.leaving && !it.ever_broken) {
            same_screen(&log, &seat.app.incident, &seat.app.opening.session)?;
            self.one_estate(seat)?;
        }
        // Whoever opens it tomorrow finds everybody gone.
        let sessions: Vec<SessionId> = log.sessions.keys().cloned().collect();
        log.gone(&sessions);
        unknown_is_said(&log)?;
        self.cut(dir)
    }

    /// What the world really launched, by client token.
    fn launched(&mut self) -> Held {
        let profile = Profile("prod".into());
        let clear = (self.origin + SignedDuration::from_secs(self.outage.clear_at)).max(self.now);
        let mut launched = Vec::new();
        for region in self.outage.scenario.estate.regions.clone() {
            let place = Scope::new(Account::unverified(&profile), Region::new(&region)).place(Service::Ec2);
            let sweep = Sweep { profile: profile.clone(), place, record_names: Vec::new(), ids: Vec::new() };
            let (reply, _) = self.world.answer(clear, &Request::Sweep(sweep));
            let Reply::Swept { pages, end: Ok(()) } = reply else { panic!("the weather was to be clear") };
            for resource in pages.into_iter().flat_map(|page| page.resources) {
                if let Resource::Instance(instance) = resource
                    && let Some(token) = instance.client_token
                {
                    launched.push((token, instance.key.id));
                }
            }
        }
        self.calls.launched(&launched)
    }

    /// The timeline as a reader finds it, which holds everything that was ever acknowledged.
    fn read_back(&self, dir: &Path) -> Held<Vec<Entry>> {
        let logbook = Logbook::open(dir).unwrap();
        for strand in &self.strands {
            let read = logbook.strands.iter().find(|read| read.session == strand.session);
            let lines = read.map_or(&[][..], |read| &read.lines);
            acknowledged(strand, lines.iter().map(|line| &line.entry))?;
        }
        Ok(logbook.into_timeline().into_iter().map(|line| line.entry).collect())
    }

    /// One of the files, cut at any byte.
    fn cut(&mut self, dir: &Path) -> Held {
        let strand = &self.strands[self.chance.index(self.strands.len())];
        let at = self.chance.index(strand.bytes.len() + 1);
        let file = dir.join("cut").join(format!("{}.jsonl", strand.session));
        fs::create_dir_all(dir.join("cut")).unwrap();
        fs::write(&file, &strand.bytes[..at]).unwrap();
        self.tally.count(Happened::Cuts);
        holds_when_cut(&file, &strand.bytes[..at])
    }
}

/// A logbook of these strands is intact, but for the lines that a crash or a full disk tore.
pub fn verifies<'a>(dir: &Path, strands: impl Iterator<Item = &'a Strand>) -> Held {
    let torn = strands.filter(|strand| strand.is_torn()).count();
    match verify(dir).unwrap() {
        Verdict::Intact { .. } if torn == 0 => Ok(()),
        Verdict::TornTail { torn: found, .. } if found.len() == torn => Ok(()),
        verdict => breach(Law::LogVerifies, format!("{torn} strands were torn, and it says: {verdict}")),
    }
}

/// What a strand acknowledged is what a reader finds, entry for entry.
pub fn acknowledged<'a>(strand: &Strand, mut read: impl Iterator<Item = &'a Entry>) -> Held {
    for line in strand.lines.iter().take(usize::try_from(strand.acknowledged).unwrap()) {
        if read.next().map(|entry| entry.seq) != Some(line.entry.seq) {
            let what = format!("{} {} {}", strand.session, line.entry.seq, line.entry.body.kind());
            return breach(Law::AcknowledgedIsInTheLog, what);
        }
    }
    Ok(())
}

/// A strand that ends at any byte verifies, reads up to its last whole line, and says what is unknown.
pub fn holds_when_cut(file: &Path, bytes: &[u8]) -> Held {
    let whole = whole_lines(bytes).count();
    let verdict = verify(file).unwrap();
    let clean = bytes.last().is_none_or(|byte| *byte == b'\n');
    let right = match &verdict {
        Verdict::Intact { entries, .. } => clean && *entries == whole,
        Verdict::TornTail { entries, .. } => !clean && *entries == whole,
        Verdict::Broken { .. } => false,
    };
    if !right {
        return breach(Law::LogVerifies, format!("cut after byte {}: {verdict}", bytes.len()));
    }
    let read = read_strand(file).unwrap();
    if read.lines.len() != whole {
        let what = format!("cut after byte {}: {} of {whole} lines are read", bytes.len(), read.lines.len());
        return breach(Law::AcknowledgedIsInTheLog, what);
    }
    let mut incident = Incident::default();
    read.lines.iter().for_each(|line| incident.fold(&line.entry));
    incident.gone(&[read.session]);
    unknown_is_said(&incident).map(|_| ())
}

/// How what came after a checkpoint stands to what it covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrival {
    /// After it, in the timeline as well.
    InOrder,
    /// Some of it between what is covered: a strand was behind the others when the checkpoint was kept.
    SomeLate,
}

/// What is known by a checkpoint is what folding everything gives.
///
/// To the letter, where all that came later is later. What a strand tells that was behind comes to whoever opens on the
/// checkpoint as it came to the cockpits that were running: after newer words on the same cell or subject, which it does
/// not replace. Since when a cell or a finding has been so, how often it failed in a row and whose word stands are then
/// as they were heard, and so are the words of the story, until the next word on it. What rows there are, when each place
/// was last read, what evidence says and what became of operations does not depend on it.
pub fn same_fold(whole: &Incident, opened: &Incident, arrival: Arrival) -> Held {
    same_screen(whole, opened, &SessionId("a checkpoint".into()))
        .map_err(|breach| Breach { law: Law::CheckpointIsTheLog, ..breach })?;
    let mut parts = [whole, opened].map(|incident| match serde_json::to_value(incident.checkpoint()) {
        Ok(Value::Object(parts)) => parts,
        other => panic!("a checkpoint is an object: {other:?}"),
    });
    for parts in parts.iter_mut().filter(|_| arrival == Arrival::SomeLate) {
        parts.remove("story");
        for (name, part) in parts.iter_mut() {
            // Who found a cell as others had left it tells of it what these had told: of whom was heard before.
            let of_cells: &[&str] = if name == "provisional" { &[] } else { &["last_ok"] };
            forget_what_was_heard_before(part, of_cells);
        }
    }
    let [whole, opened] = parts.map(Value::Object);
    match first_difference(&whole, &opened) {
        Some(what) => breach(Law::CheckpointIsTheLog, what),
        None => Ok(()),
    }
}

/// Takes out of cells, but for these parts, and of findings what depends on the order in which they were heard of.
fn forget_what_was_heard_before(value: &mut Value, of_cells: &[&str]) {
    match value {
        Value::Object(parts) => {
            if parts.contains_key("last_attempt") {
                parts.retain(|name, _| of_cells.contains(&name.as_str()));
            }
            if parts.contains_key("evidence") {
                parts.remove("since");
            }
            parts.values_mut().for_each(|part| forget_what_was_heard_before(part, of_cells));
        }
        Value::Array(parts) => {
            parts.iter_mut().for_each(|part| forget_what_was_heard_before(part, of_cells));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Where two values first differ, and what each has there.
fn first_difference(whole: &Value, opened: &Value) -> Option<String> {
    let within = |name: String, differs: Option<String>| differs.map(|what| format!("{name} {what}"));
    match (whole, opened) {
        (Value::Object(whole), Value::Object(opened)) if whole.keys().eq(opened.keys()) => whole
            .iter()
            .find_map(|(name, value)| within(name.clone(), first_difference(value, &opened[name]))),
        (Value::Array(whole), Value::Array(opened)) if whole.len() == opened.len() => {
            let mut both = whole.iter().zip(opened);
            both.find_map(|(whole, opened)| {
                // Of a pair, what it is about.
                let about =
                    whole.get(0).filter(|about| about.is_string()).map_or_else(String::new, Value::to_string);
                within(about, first_difference(whole, opened))
            })
        }
        (whole, opened) if whole == opened => None,
        (whole, opened) => Some(format!("is {whole}, and opened on {opened}")),
    }
}

/// A screen shows what the log says: rows, operations, evidence and declarations.
pub fn same_screen(log: &Incident, screen: &Incident, session: &SessionId) -> Held {
    let differs = |what: String| breach(Law::LogIsTheScreen, format!("{session}: {what}"));
    if log.rows != screen.rows {
        let mut keys = log.rows.keys().chain(screen.rows.keys());
        let key = keys.find(|key| log.rows.get(key) != screen.rows.get(key));
        let of = |incident: &Incident| key.map(|key| incident.rows.get(key).cloned());
        return differs(format!("the log has {:?}, the screen {:?}", of(log), of(screen)));
    }
    for (hash, operation) in &log.operations {
        if screen.operations.get(hash) != Some(operation) {
            let shown = screen.operations.get(hash);
            return differs(format!("the log has {operation:?}, the screen {shown:?}"));
        }
    }
    if screen.operations.len() != log.operations.len() {
        return differs("the screen has an operation that is not in the log".into());
    }
    for (subject, probed) in &log.probes {
        let shown = screen.probes.get(subject).map(|shown| (shown.at, &shown.evidence));
        if shown != Some((probed.at, &probed.evidence)) {
            return differs(format!("{subject}: the log has {probed:?}, the screen {shown:?}"));
        }
    }
    if screen.declarations != log.declarations {
        return differs(format!("declared {:?}, shown {:?}", log.declarations, screen.declarations));
    }
    Ok(())
}
