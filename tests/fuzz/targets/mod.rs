//! What is fuzzed: one function for each thing that reads what somebody else wrote.
//!
//! A target takes any bytes. It panics where an invariant of its parser does not hold, and returns otherwise. It writes
//! nothing but temporary files, waits for nobody and asks nobody. The tests run every target briefly; `fuzz/run` runs one
//! for as long as it is left to, guided by coverage.

mod command_line;
#[cfg(feature = "probe")]
mod dns;
mod logbook;
mod replay;
mod scenario;
mod settings;
mod xml;

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// Something that reads bytes, what it takes for good, and where to begin.
pub struct Target {
    /// What it is called on the command line, and where its inputs are kept.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub check: fn(&[u8]),
    /// Inputs that somebody meant to write, or that were once found to be trouble.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of its format.
    pub words: &'static [&'static str],
    /// How many inputs a test run tries.
    pub brief: u64,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Every target.
pub const TARGETS: &[Target] = &[
    logbook::LINE,
    logbook::STRAND,
    logbook::CHECKPOINT,
    replay::REPLAY,
    settings::CONFIG,
    settings::KEYMAP,
    settings::KEYS,
    settings::THEME,
    scenario::SCENARIO,
    command_line::COMMAND_LINE,
    xml::XML,
    #[cfg(feature = "probe")]
    dns::DNS,
];

/// The target of a name.
pub fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|target| target.name == name)
}

/// The files of a folder of the repository whose names begin and end so, in the order of their names.
fn files(folder: &str, start: &str, ending: &str) -> Vec<Vec<u8>> {
    let Ok(entries) = std::fs::read_dir(repository().join(folder)) else { return Vec::new() };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.retain(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with(start) && name.ends_with(ending)
    });
    paths.sort();
    paths.iter().filter_map(|path| std::fs::read(path).ok()).collect()
}

/// Where the repository is: this file is compiled for the tests, and for `fuzz/` inside of it.
pub fn repository() -> &'static Path {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    if here.ends_with("fuzz") && here.join("../tests/fuzz").is_dir() {
        here.parent().unwrap_or(here)
    } else {
        here
    }
}

/// Runs a target on an input; what it says when something does not hold.
pub fn complaint(target: &Target, input: &[u8]) -> Option<String> {
    let said = catch_unwind(AssertUnwindSafe(|| (target.check)(input))).err()?;
    let text =
        said.downcast_ref::<String>().map(String::as_str).or_else(|| said.downcast_ref::<&str>().copied());
    Some(text.unwrap_or("it panicked").to_owned())
}
