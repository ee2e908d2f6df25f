//! `docs/performance.md`, written from the figures alone.

use super::figure::Figure;
use super::functions::Function;
use super::targets::TARGETS;
use super::{disk, machine, network, screen};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The document.
pub fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md")
}

const HEAD: &str = "# Performance

Written by `cargo bench`, which measures every row anew and ends with a failure if one misses its target. A figure is the median
of several runs, beside it the least and the most. The real binary runs in a pseudo-terminal of 140x45; AWS is an endpoint of the
benchmarks' own on the same machine, which shares its processors with what is measured.

";

const METHOD: &str = "
## How it is measured

- **First frame**: from before `exec` until the last line of the first frame has been read from the terminal. Every region hangs; the
  logbook holds 5,000 instances and no checkpoint.
- **Key to frame**: from the write of the key until the bytes have been read that show what it does (the pointer on another row, the
  letter in the filter). Meanwhile all cells are asked anew as fast as the budget for polling allows, one instance in a hundred
  changes with every sweep, and every change is an entry of the log.
- **Sweep**: `blackstart status` from `exec` to its exit, against the calls of the longest chain of pages, which have to wait for each
  other: pages x latency. The baseline is the AWS command line run by `xargs` against the same endpoint.
- **Black hole**: one region accepts connections and answers nothing. The first sweep is taken from the log, a refresh from the
  endpoint's journal; each cell is compared with itself in runs without the black hole,
  and so are those runs with each other.
- **Idle**: nobody presses anything for 72 s while every cell is read in its turn. Processor time is that of all threads, reading the
  answers included.
- **Intent**: appended through the logbook, in turns with as many bytes appended and fsynced by hand to a file beside it.
- **Verify, replay**: a million entries of two cockpits that see each other, on the page cache. A replay counts as open when its
  first frame shows the last entry.
- Megabytes are 10^6 bytes. Functions are timed by criterion in `benches/micro.rs`.
";

/// Writes the document.
pub fn write(path: &Path, figures: &[Figure], functions: &[Function]) -> std::io::Result<()> {
    std::fs::write(path, document(figures, functions))
}

/// A note as a cell of a table bears it: one line, no bar.
fn in_a_cell(note: &str) -> String {
    note.split_whitespace().collect::<Vec<_>>().join(" ").replace('|', "\\|")
}

/// Why a target is missed, told by what was measured beside it.
fn why(miss: &Figure, figures: &[Figure]) -> String {
    let Some(target) = miss.target.filter(|_| !miss.runs.is_empty()) else {
        return "it was not measured.".into();
    };
    let beside = |what: &str| figures.iter().find(|figure| figure.what == what);
    let said =
        |what: &str| beside(what).map_or_else(|| "what was not measured".into(), |figure| figure.write().0);
    let (median, limit) = (miss.write().0, target.unit.write(target.below));
    match target.name {
        "first-frame" => format!(
            "{} of processor time go before it, for the most part into hashing and reading 5,000 rows from their lines; every cockpit \
             that leaves keeps a checkpoint, and from one the first frame is there in {}.",
            said(screen::FIRST_FRAME_PROCESSOR),
            said(screen::FIRST_FRAME_KEPT)
        ),
        "key" => format!(
            "the median key takes {}; of a hundred, one comes while the cockpit works on a page of answers or waits for a \
             processor. All cells are asked without a pause here, which keeps the cockpit at {} of a core and the endpoint and \
             this benchmark on the same processors; nothing else is on that path that could wait for the network or the disk.",
            said("the same, median key"),
            said(screen::KEYS_BUSY)
        ),
        "sweep" => {
            let wall = beside(network::SWEEP_WALL).map_or(f64::NAN, Figure::median);
            let chain = wall / miss.median();
            format!(
                "the chain itself is {chain:.2} s of {wall:.2} s. The {:.2} s above it are the program's start, the decoding of \
                 the last page, the writing of the status, and what of its {} of processor time does not fit beside the waiting: \
                 the rows are decoded by the SDK, and its answers come to all 17 regions at the same moments.",
                wall - chain,
                said(network::SWEEP_PROCESSOR)
            )
        }
        "memory-100000" => format!(
            "the estate itself, 100,000 rows last known and on the screen, takes {}; what is above that is what the SDK decodes and \
             the pages that wait for their turn while every cell is asked without a pause.",
            said(screen::MEMORY_KNOWN)
        ),
        "replay" => format!(
            "every line is hashed and looked through before the first frame: {} of processor time, on all cores at once; verifying \
             alone takes {}.",
            said(disk::REPLAY_PROCESSOR),
            said(disk::VERIFY_PROCESSOR)
        ),
        "idle-cpu" => format!(
            "{median} where {limit} is wanted: {}, each of them signed, sent, decoded and compared by the SDK and us; with fewer the \
             screen would be staler than it promises.",
            miss.note
        ),
        _ => format!("{median} where {limit} is wanted."),
    }
}

fn document(figures: &[Figure], functions: &[Function]) -> String {
    let mut text = HEAD.to_owned();
    text.push_str("| machine | |\n|---|---|\n");
    for (name, value) in machine::describe() {
        let _ = writeln!(text, "| {name} | {value} |");
    }
    text.push_str(
        "\n## Targets\n\n| what | target | median | spread | met | how |\n|---|---|---|---|---|---|\n",
    );
    for target in TARGETS {
        let below = format!("< {}", target.unit.write(target.below));
        let figure = figures.iter().find(|figure| figure.target.is_some_and(|t| t.name == target.name));
        let (median, spread) = figure.map_or_else(|| ("not measured".into(), String::new()), Figure::write);
        let met = if figure.is_some_and(Figure::is_met) { "yes" } else { "**no**" };
        let note = figure.map_or_else(String::new, |figure| in_a_cell(&figure.note));
        let _ = writeln!(text, "| {} | {below} | {median} | {spread} | {met} | {note} |", target.what);
    }
    let misses: Vec<&Figure> = figures.iter().filter(|figure| !figure.is_met()).collect();
    if !misses.is_empty() {
        text.push_str("\n## Missed, and why\n\n");
        for miss in misses {
            let _ = writeln!(text, "- **{}**: {}", miss.what, why(miss, figures));
        }
    }
    text.push_str("\n## Beside them\n\n| what | median | spread | how |\n|---|---|---|---|\n");
    for figure in figures.iter().filter(|figure| figure.target.is_none()) {
        let (median, spread) = figure.write();
        let _ = writeln!(text, "| {} | {median} | {spread} | {} |", figure.what, in_a_cell(&figure.note));
    }
    if !functions.is_empty() {
        text.push_str("\n## Functions\n\n| what | median |\n|---|---|\n");
        for function in functions {
            let _ = writeln!(text, "| {} | {} |", function.name, function.time());
        }
    }
    text.push_str(METHOD);
    text
}
