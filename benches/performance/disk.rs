//! The rows of the table about the logbook and the binary: what a disk, a chain and a linker allow.

use super::cockpit::{Cockpit, Home};
use super::figure::{Figure, median};
use super::history;
use super::machine::processor_time;
use super::targets::{self, Unit};
use blackstart::incident::entry::SessionId;
use blackstart::logbook::chain::{GENESIS, seal};
use blackstart::logbook::{Seen, StrandWriter};
use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;
use std::time::Instant;

/// Nobody is asked for anything here.
const NOWHERE: &str = "http://127.0.0.1:9";

/// Intents brought to the disk one by one, and as many bytes appended and brought there by hand, in turns.
pub fn intents() -> Vec<Figure> {
    let home = Home::new(NOWHERE);
    let dir = home.logbook("logbook");
    let session = SessionId("20261112T120000Z-adam@jump-1-4711".into());
    let mut writer = StrandWriter::create(&dir, &session).expect("a strand");
    let mut raw = OpenOptions::new()
        .create(true)
        .append(true)
        .open(home.logbook("logbook/raw"))
        .expect("a file beside the strand");
    let (mut above, mut disk, mut rate) = (Vec::new(), Vec::new(), Vec::new());
    let mut seq = 0;
    for _ in 0..7 {
        let (mut own, mut bare) = (Vec::new(), Vec::new());
        for _ in 0..60 {
            let entry = history::intent_entry(writer.session(), seq);
            seq += 1;
            let (line, _) = seal(&entry, GENESIS, &Seen::new()).expect("an entry is a line");
            let begin = Instant::now();
            writer.append(&entry, &Seen::new()).expect("the disk takes it");
            own.push(begin.elapsed().as_secs_f64() * 1e3);
            let begin = Instant::now();
            raw.write_all(&line).and_then(|()| raw.sync_data()).expect("the disk takes it");
            bare.push(begin.elapsed().as_secs_f64() * 1e3);
        }
        above.push(median(&own) - median(&bare));
        rate.push(own.len() as f64 / own.iter().sum::<f64>() * 1e3);
        disk.push(median(&bare));
    }
    vec![
        Figure::of(targets::INTENT, above, "medians of 60 each, written in turns"),
        Figure::beside("the disk's own: append and fsync by hand", Unit::Milliseconds, disk, ""),
        Figure::beside("fsynced intents", Unit::PerSecond, rate, "one after the other"),
    ]
}

const ENTRIES: usize = 1_000_000;

/// A logbook of a million entries: verified, and opened as a replay.
pub fn million() -> Vec<Figure> {
    let home = Home::new(NOWHERE);
    let logbook = home.logbook("logbook");
    super::progress("a million entries are written");
    let begin = Instant::now();
    let bytes = history::long_watch(&logbook, ENTRIES);
    let written = begin.elapsed().as_secs_f64();
    let logbook = logbook.display().to_string();
    super::progress("verify");
    let (mut verify, mut verifying) = (Vec::new(), Vec::new());
    for _ in 0..5 {
        let before = processor_time().1;
        let (took, code) = home.run(&["log", "verify", &logbook]);
        assert_eq!(code, Some(0), "a logbook just written is intact");
        verify.push(took.as_secs_f64());
        verifying.push(processor_time().1 - before);
    }
    super::progress("replay");
    let (mut replay, mut replaying, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let before = processor_time().1;
        let cockpit = Cockpit::start(&home, &["replay", &logbook]);
        let opened = cockpit.wait_for(&format!("entry {ENTRIES} of {ENTRIES}"));
        replay.push(opened.duration_since(cockpit.started).as_secs_f64());
        memory.push(cockpit.memory().0);
        cockpit.quit();
        replaying.push(processor_time().1 - before);
    }
    let size = format!("{} MB in two strands, read from the page cache", bytes / 1_000_000);
    vec![
        Figure::of(targets::VERIFY, verify, size.clone()),
        Figure::of(targets::REPLAY, replay, size),
        Figure::beside(VERIFY_PROCESSOR, Unit::Seconds, verifying, ""),
        Figure::beside(REPLAY_PROCESSOR, Unit::Seconds, replaying, ""),
        Figure::beside("resident memory of that replay", Unit::Megabytes, memory, ""),
        Figure::beside(
            "appending entries that need not be fsynced",
            Unit::PerSecond,
            vec![ENTRIES as f64 / written],
            "as that logbook was written",
        ),
    ]
}

pub const VERIFY_PROCESSOR: &str = "processor time of that verify";
pub const REPLAY_PROCESSOR: &str = "processor time of that replay, its end included";

/// The binary as it is shipped.
pub fn size() -> Vec<Figure> {
    let shipped = super::cockpit::shipped();
    let megabytes = |path: &Path| std::fs::metadata(path).map(|meta| meta.len() as f64 / 1e6).ok();
    let runs: Vec<f64> = shipped.as_deref().and_then(megabytes).into_iter().collect();
    let note =
        if runs.is_empty() { "build it first: cargo build --profile dist" } else { "profile dist, stripped" };
    let everyday = megabytes(Path::new(env!("CARGO_BIN_EXE_blackstart"))).into_iter().collect();
    vec![
        Figure::of(targets::SIZE, runs, note),
        Figure::beside("the binary of profile release", Unit::Megabytes, everyday, "stripped"),
    ]
}
