//! The table of targets, as data: what is measured, in what unit, and below what it has to stay.
//!
//! The harness, the document it writes and the test that holds the document to this table all read it here. Refuses to
//! measure anything.

/// A unit, and how a figure of it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(dead_code, reason = "the test of the document reads the table only")]
pub enum Unit {
    Milliseconds,
    Seconds,
    /// A multiple of something measured in the same run.
    Times,
    Bytes,
    BytesPerSecond,
    /// Of one core.
    Percent,
    Megabytes,
    PerSecond,
    Microseconds,
}

impl Unit {
    /// A figure in this unit: three significant digits are all that such measurements carry.
    pub fn write(self, figure: f64) -> String {
        let digits = match figure.abs() {
            f if f >= 100.0 => 0,
            f if f >= 10.0 => 1,
            _ => 2,
        };
        let number = format!("{figure:.digits$}");
        match self {
            Self::Milliseconds => format!("{number} ms"),
            Self::Seconds => format!("{number} s"),
            Self::Times => format!("{number}x"),
            Self::Bytes => format!("{figure:.0} bytes"),
            Self::BytesPerSecond => format!("{figure:.0} bytes/s"),
            Self::Percent => format!("{number} %"),
            Self::Megabytes => format!("{number} MB"),
            Self::PerSecond => format!("{figure:.0} a second"),
            Self::Microseconds => format!("{number} µs"),
        }
    }
}

/// One row of the table.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// What `--only` takes.
    pub name: &'static str,
    /// What is measured, as the document says it.
    pub what: &'static str,
    /// In what.
    pub unit: Unit,
    /// The median of the runs stays below this.
    pub below: f64,
}

const fn target(name: &'static str, what: &'static str, unit: Unit, below: f64) -> Target {
    Target { name, what, unit, below }
}

pub const FIRST_FRAME: Target = target(
    "first-frame",
    "exec to the first painted frame, AWS dark, 5,000 last-known instances",
    Unit::Milliseconds,
    50.0,
);
pub const KEY: Target =
    target("key", "key to frame at 100,000 instances, all cells refreshing, p99", Unit::Milliseconds, 10.0);
pub const SWEEP: Target = target(
    "sweep",
    "sweep of 17 regions x 5 services, 100 ms a call, against the longest single chain of pages",
    Unit::Times,
    1.3,
);
pub const BLACK_HOLE: Target = target(
    "black-hole",
    "the most that one black-holed region delays any other cell",
    Unit::Milliseconds,
    50.0,
);
pub const IDLE_BYTES: Target =
    target("idle-bytes", "idle cockpit, to the terminal", Unit::BytesPerSecond, 300.0);
pub const IDLE_CPU: Target =
    target("idle-cpu", "idle cockpit, share of one core, polling included", Unit::Percent, 1.0);
pub const SCROLL: Target =
    target("scroll", "one line of scrolling at 140x45, to the terminal", Unit::Bytes, 2048.0);
pub const MEMORY_SMALL: Target =
    target("memory-1000", "resident memory at 1,000 instances", Unit::Megabytes, 60.0);
pub const MEMORY_LARGE: Target =
    target("memory-100000", "resident memory at 100,000 instances", Unit::Megabytes, 400.0);
pub const INTENT: Target = target(
    "intent",
    "an intent on the disk, above the disk's own fsync of as many bytes",
    Unit::Milliseconds,
    5.0,
);
pub const VERIFY: Target = target("verify", "verify a logbook of 1,000,000 entries", Unit::Seconds, 3.0);
pub const REPLAY: Target =
    target("replay", "open a replay of 1,000,000 entries, to its first frame", Unit::Seconds, 3.0);
pub const SIZE: Target = target("size", "the shipped binary, one file", Unit::Megabytes, 30.0);

/// Every row, in the order of the document.
pub const TARGETS: [Target; 13] = [
    FIRST_FRAME,
    KEY,
    SWEEP,
    BLACK_HOLE,
    IDLE_BYTES,
    IDLE_CPU,
    SCROLL,
    MEMORY_SMALL,
    MEMORY_LARGE,
    INTENT,
    VERIFY,
    REPLAY,
    SIZE,
];
