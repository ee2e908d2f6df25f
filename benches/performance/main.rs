//! Every row of the table of targets, measured on the real binary; the command that writes `docs/performance.md`.
//!
//! `cargo bench --bench performance` measures everything, on the binary that it was built with, or with `-- --shipped` on the one
//! of profile dist, which has to be there; `-- --only NAME` measures one row, and then writes no document. A row that
//! misses its target fails the command once all is written, and so does a row that could not be measured: it does not keep
//! the others from being measured. What is started here is ended here, and what is written lies in a folder of its own
//! under the target folder, removed at the end, or by the next run where this one is killed. `--to FILE` writes the
//! document there, with whatever rows were measured.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a measurement that cannot go on says so and stops"
)]
#![allow(clippy::disallowed_methods, reason = "measuring is about time")]
#![allow(missing_docs, unreachable_pub, reason = "nothing outside can reach anything here")]
#![allow(clippy::cast_precision_loss, reason = "figures have three digits")]

mod awscli;
mod cockpit;
mod disk;
mod endpoint;
mod estate;
mod figure;
mod functions;
mod history;
mod machine;
mod network;
mod report;
mod screen;
mod targets;

use figure::Figure;
use std::any::Any;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;
use targets::Target;

/// Rows that are measured together.
struct Group {
    rows: &'static [Target],
    measure: fn() -> Vec<Figure>,
}

const GROUPS: [Group; 8] = [
    // First: a process that has grown forks slowly.
    Group { rows: &[targets::FIRST_FRAME], measure: screen::first_frame },
    Group { rows: &[targets::SIZE], measure: disk::size },
    Group { rows: &[targets::INTENT], measure: disk::intents },
    Group { rows: &[targets::SWEEP], measure: network::sweep },
    Group { rows: &[targets::BLACK_HOLE], measure: network::black_hole },
    Group { rows: &[targets::KEY, targets::MEMORY_LARGE], measure: screen::keys },
    Group {
        rows: &[targets::IDLE_BYTES, targets::IDLE_CPU, targets::MEMORY_SMALL, targets::SCROLL],
        measure: screen::idle,
    },
    Group { rows: &[targets::VERIFY, targets::REPLAY], measure: disk::million },
];

/// The rows of a group whose measurement stopped, with the first line of why.
fn missing(group: &Group, why: &(dyn Any + Send)) -> Vec<Figure> {
    let why =
        why.downcast_ref::<String>().map(String::as_str).or_else(|| why.downcast_ref::<&str>().copied());
    let why = why.and_then(|text| text.split("; the screen").next()?.lines().next());
    let why = why.unwrap_or("the measurement stopped");
    group.rows.iter().map(|target| Figure::of(*target, Vec::new(), why)).collect()
}

/// Says where a long measurement is, to whoever watches it.
fn progress(text: &str) {
    eprintln!("    {text}");
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if !arguments.iter().any(|argument| argument == "--bench") {
        println!("Nothing is measured but by `cargo bench`.");
        return ExitCode::SUCCESS;
    }
    let only: Vec<&String> =
        arguments.windows(2).filter(|pair| pair[0] == "--only").map(|pair| &pair[1]).collect();
    let known = |name: &&String| targets::TARGETS.iter().any(|target| target.name == **name);
    if let Some(unknown) = only.iter().find(|name| !known(name)) {
        let names = targets::TARGETS.map(|target| target.name).join(", ");
        eprintln!("--only {unknown}: no row is called that. The rows: {names}.");
        return ExitCode::from(2);
    }
    if cockpit::is_shipped() && cockpit::shipped().is_none() {
        eprintln!("--shipped: there is no target/dist/blackstart. Build it: cargo build --profile dist");
        return ExitCode::from(2);
    }
    let to = arguments.windows(2).find(|pair| pair[0] == "--to").map(|pair| PathBuf::from(&pair[1]));
    cockpit::remove_abandoned();
    let mut figures = Vec::new();
    for group in &GROUPS {
        let wanted = |target: &Target| only.is_empty() || only.iter().any(|name| *name == target.name);
        if !group.rows.iter().any(wanted) {
            continue;
        }
        let begin = Instant::now();
        let measured = std::panic::catch_unwind(group.measure).unwrap_or_else(|why| missing(group, &*why));
        for figure in &measured {
            let (median, spread) = figure.write();
            let missed = if figure.is_met() { "" } else { "  MISSED" };
            println!("{:<78} {median:>14}  ({spread}) {}{missed}", figure.what, figure.note);
        }
        println!("    in {:.0} s", begin.elapsed().as_secs_f64());
        figures.extend(measured);
    }
    if let Some(path) = to.or_else(|| only.is_empty().then(report::path)) {
        if let Err(why) = report::write(&path, &figures, &functions::measured()) {
            eprintln!("{}: {why}", path.display());
            return ExitCode::FAILURE;
        }
        println!("Written: {}", path.display());
    }
    let missed: Vec<&Figure> = figures.iter().filter(|figure| !figure.is_met()).collect();
    for figure in &missed {
        eprintln!("missed: {}: {} ({})", figure.what, figure.write().0, figure.note);
    }
    if missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
