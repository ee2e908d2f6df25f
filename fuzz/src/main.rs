//! One target of `tests/fuzz` for as long as it is left to run, guided by coverage. Started by `fuzz/run`.

#![no_main]

#[path = "../../tests/fuzz/mutate.rs"]
mod mutate;
#[path = "../../tests/fuzz/targets/mod.rs"]
#[allow(dead_code, reason = "the tests need more of it")]
mod targets;

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use mutate::Mutator;
use std::sync::OnceLock;
use targets::{TARGETS, Target, named};

/// The variable that names the target.
const VARIABLE: &str = "BLACKSTART_FUZZ";

struct Chosen {
    target: &'static Target,
    seeds: Vec<Vec<u8>>,
}

fn chosen() -> &'static Chosen {
    static CHOSEN: OnceLock<Chosen> = OnceLock::new();
    CHOSEN.get_or_init(|| {
        let name = std::env::var(VARIABLE).unwrap_or_default();
        let Some(target) = named(&name) else {
            let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
            eprintln!("{VARIABLE} names no target: {name:?}; there are {}", names.join(", "));
            std::process::exit(2);
        };
        Chosen { target, seeds: (target.seeds)() }
    })
}

/// Makes what all inputs share (the seeds, a played storm), so that none of them pays for it.
fn prepare() {
    let chosen = chosen();
    if let Some(seed) = chosen.seeds.first() {
        (chosen.target.check)(seed);
    }
}

fuzz_target!(init: prepare(), |bytes: &[u8]| (chosen().target.check)(bytes));

// Now and then a seed, so that an empty corpus begins with what the format looks like; else by its words and by bytes.
fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let chosen = chosen();
    let mut mutator = Mutator::new(&chosen.seeds, chosen.target.words, u64::from(seed));
    let input = match seed % 16 {
        0 => mutator.seed(),
        1 => mutator.input(),
        2..8 => {
            let mut input = data[..size].to_vec();
            mutator.change(&mut input);
            input
        }
        _ => return fuzzer_mutate(data, size, max_size),
    };
    let length = input.len().min(max_size);
    data[..length].copy_from_slice(&input[..length]);
    length
});
