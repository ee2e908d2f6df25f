//! One integration-test binary: linking the SDKs once is the difference between running the tests and not.
//!
//! Every file in `tests/` is a module named here; a test below fails on one that is not, since an unlisted file is a
//! test that never runs.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so and stops"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a skipped test says what was skipped")]
#![allow(unreachable_pub, reason = "nothing outside the test binary can reach anything here")]
#![allow(clippy::disallowed_methods, reason = "the harness waits, within bounds, for real programs")]

mod support;

mod access;
mod alive;
mod bad_input;
mod breaking;
mod cells;
mod clocks;
mod cockpit;
mod crew;
mod dns;
mod fuzz;
mod generated;
mod harness;
mod harness_surroundings;
mod incidents;
mod laws;
mod layers;
mod live;
mod matrix;
mod performance;
mod presumed;
mod probes;
mod record;
mod replay;
mod settling;
mod sharing;
mod silence;
mod simulation;
mod terminal;
mod together;
mod undo;

#[test]
fn every_file_in_tests_is_listed() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    for (folder, lister) in [(root.clone(), "main.rs"), (root.join("support"), "support/mod.rs")] {
        let listed = std::fs::read_to_string(root.join(lister)).unwrap();
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let stem = path.file_stem().unwrap().to_str().unwrap().to_owned();
            let is_module = path.extension().is_some_and(|e| e == "rs") || path.join("mod.rs").exists();
            if !is_module || matches!(stem.as_str(), "main" | "mod") {
                continue;
            }
            let named = listed.lines().any(|line| {
                let line = line.trim().trim_start_matches("pub ");
                line == format!("mod {stem};")
            });
            assert!(named, "{} is not listed in tests/{lister}: its tests would never run", path.display());
        }
    }
}
