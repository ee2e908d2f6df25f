//! Scenarios: an estate and what befalls it, read from TOML and checked before anything runs.
//!
//! A scenario that does not make sense is refused with the line and the name of the thing; a [`Scenario`] that exists
//! can be played to its end. Only `cloud::sim` makes them; `run` starts the demo from one.

use super::happening::Happening;
use super::script::Script;
use super::stage;
use super::state::State;
use crate::incident::site::{Estate, Site};
use jiff::Timestamp;

/// An outage, ready to be played.
#[derive(Debug, Clone)]
pub struct Scenario {
    /// What it is called: `2012-storm`.
    pub name: String,
    /// What happens, in a sentence or two.
    pub description: String,
    /// The seed it was written with.
    pub seed: u64,
    /// When the simulated clock starts.
    pub start: Timestamp,
    /// When trouble begins.
    pub strikes_at: Timestamp,
    /// When the demo's operator sits down.
    pub open_at: Timestamp,
    /// The estate, as a configuration file would give it.
    pub estate: Estate,
    /// The sites, as a configuration file would give them.
    pub sites: Vec<Site>,
    /// What colleagues write down, and when; ordered by time.
    pub colleagues: Vec<Colleague>,
    /// What happens when, in words; ordered by time.
    pub milestones: Vec<(Timestamp, String)>,
    pub(super) state: State,
    pub(super) happenings: Vec<(Timestamp, Happening)>,
}

/// A note that a scripted colleague writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Colleague {
    /// When.
    pub at: Timestamp,
    /// Unix user.
    pub user: String,
    /// From which machine.
    pub host: String,
    /// What.
    pub note: String,
}

/// A scenario that cannot be played.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}{}: {what}", located(*.line, *.column))]
pub struct ScenarioError {
    /// The file, or the name of a shipped scenario.
    pub file: String,
    /// From 1; 0 where the whole file is meant.
    pub line: usize,
    /// From 1; 0 where the whole file is meant.
    pub column: usize,
    /// What is wrong, and what would be right.
    pub what: String,
}

/// Where in a file: nothing where all of it is meant.
fn located(line: usize, column: usize) -> String {
    if line == 0 { String::new() } else { format!(":{line}:{column}") }
}

/// The scenarios in the binary: name and text.
const SHIPPED: [(&str, &str); 4] = [
    ("2012-storm", include_str!("../../../scenarios/2012-storm.toml")),
    ("2025-dynamodb-dns", include_str!("../../../scenarios/2025-dynamodb-dns.toml")),
    ("az-loss", include_str!("../../../scenarios/az-loss.toml")),
    ("quiet", include_str!("../../../scenarios/quiet.toml")),
];

impl Scenario {
    /// The names of the shipped scenarios; the first is the demo's.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SHIPPED.into_iter().map(|(name, _)| name)
    }

    /// A shipped scenario.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn shipped(name: &str) -> Result<Self, ScenarioError> {
        let Some((name, text)) = SHIPPED.into_iter().find(|(n, _)| *n == name) else {
            return Err(ScenarioError {
                file: name.to_owned(),
                line: 0,
                column: 0,
                what: format!(
                    "there is no such scenario; shipped are {}",
                    Self::names().collect::<Vec<_>>().join(", ")
                ),
            });
        };
        Self::parse(&format!("scenarios/{name}.toml"), text)
    }

    /// A scenario from its text; `file` is named in complaints.
    ///
    /// # Errors
    /// The first thing in it that does not make sense.
    pub fn parse(file: &str, text: &str) -> Result<Self, ScenarioError> {
        let script: Script = toml::from_str(text).map_err(|error| {
            let (line, column) = error.span().map_or((0, 0), |span| place(text, span.start));
            ScenarioError { file: file.to_owned(), line, column, what: error.message().to_owned() }
        })?;
        stage::stage(&script).map_err(|(offset, what)| {
            let (line, column) = place(text, offset);
            ScenarioError { file: file.to_owned(), line, column, what }
        })
    }
}

/// Line and column, from 1, of a byte.
fn place(text: &str, offset: usize) -> (usize, usize) {
    let before = text.get(..offset.min(text.len())).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
}
