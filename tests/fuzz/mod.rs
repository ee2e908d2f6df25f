//! Every reader of what somebody else wrote meets inputs that nobody meant to write: briefly here, and for as long as one
//! likes with `fuzz/run`. What was once trouble is kept in `tests/fuzz/found/` and tried first.

mod mutate;
mod targets;

use mutate::Mutator;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use targets::{TARGETS, Target, complaint, named, repository};

/// No input takes longer, on any machine: what takes seconds for some kilobytes takes for ever for a megabyte.
const LONGEST: Duration = Duration::from_secs(30);

fn found(target: &Target) -> PathBuf {
    repository().join("tests/fuzz/found").join(target.name)
}

/// Tries an input, and keeps it if it is trouble.
#[track_caller]
fn try_input(target: &Target, input: &[u8], from: &str) {
    let begin = Instant::now();
    let said = complaint(target, input);
    let said = said.or_else(|| (begin.elapsed() > LONGEST).then(|| format!("it took {:?}", begin.elapsed())));
    let Some(said) = said else { return };
    let hash = blackstart::incident::hash::sha256_hex(input);
    let kept = found(target).join(&hash[..16]);
    let _ = std::fs::create_dir_all(found(target));
    let written = std::fs::write(&kept, input);
    panic!("{}: {said}\n({from}; the input is kept in {}: {written:?})", target.name, kept.display());
}

#[track_caller]
fn briefly(name: &str) {
    let target = named(name).unwrap_or_else(|| panic!("there is no target {name}"));
    let mut kept: Vec<_> =
        std::fs::read_dir(found(target)).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    kept.sort();
    for path in kept {
        try_input(target, &std::fs::read(&path).unwrap(), &format!("{} again", path.display()));
    }
    let seeds = (target.seeds)();
    assert!(seeds.len() > 1, "{name} has lost its seeds");
    for seed in &seeds {
        try_input(target, seed, "a seed");
    }
    for number in 0..target.brief {
        let input = Mutator::new(&seeds, target.words, number).input();
        try_input(target, &input, &format!("input {number}"));
    }
}

#[test]
fn fuzz_logbook_line() {
    briefly("logbook-line");
}

#[test]
fn fuzz_strand() {
    briefly("strand");
}

#[test]
fn fuzz_checkpoint() {
    briefly("checkpoint");
}

#[test]
fn fuzz_replay() {
    briefly("replay");
}

#[test]
fn fuzz_config() {
    briefly("config");
}

#[test]
fn fuzz_keymap() {
    briefly("keymap");
}

#[test]
fn fuzz_keys() {
    briefly("keys");
}

#[test]
fn fuzz_theme() {
    briefly("theme");
}

#[test]
fn fuzz_scenario() {
    briefly("scenario");
}

#[test]
fn fuzz_command_line() {
    briefly("command-line");
}

#[test]
fn fuzz_xml() {
    briefly("xml");
}

#[cfg(feature = "probe")]
#[test]
fn fuzz_dns() {
    briefly("dns");
}

#[test]
fn every_target_is_fuzzed_here_and_in_the_long_run() {
    let here = include_str!("mod.rs");
    let readme = std::fs::read_to_string(repository().join("CONTRIBUTING.md")).unwrap();
    for target in TARGETS {
        assert!(here.contains(&format!("briefly(\"{}\")", target.name)), "{} is not tried here", target.name);
        assert!(readme.contains(&format!("`{}`", target.name)), "{} is not in CONTRIBUTING.md", target.name);
    }
}

/// The net has no holes: a parser with a bug is caught, and the input that shows it is said.
#[test]
fn a_target_that_breaks_is_caught_and_its_inputs_are_the_same_every_time() {
    let broken = Target {
        name: "broken",
        check: |bytes| assert!(!bytes.windows(2).any(|pair| pair == b"\"\""), "two quotes"),
        seeds: || vec![b"name = \"x\"".to_vec(), b"y = 1".to_vec()],
        words: &["\"\""],
        brief: 0,
    };
    let seeds = (broken.seeds)();
    let input = |number| Mutator::new(&seeds, broken.words, number).input();
    let caught = (0..2000).find_map(|number| complaint(&broken, &input(number)).map(|said| (number, said)));
    let (number, said) = caught.expect("two thousand inputs and not one with two quotes");
    assert_eq!(said, "two quotes");
    assert_eq!(input(number), input(number));
}
