//! Seeded simulation: thousands of nights on the virtual clock, each drawn from one number, with every invariant asked at
//! every turn.
//!
//! A seed draws a small estate and what befalls it (`outage`), up to three operators, their disks and the moments at which
//! their processes are killed (`night`, `seat`, `disk`), the clocks they go by (`machine`), what is kept for whoever opens next
//! (`checkpoint`), what they type (`operator`); `turn` plays, `invariants` and `ending` judge,
//! `tally` counts what happened, and `sabotage` proves that each check can fail.
//!
//! `BLACKSTART_SEED=N` plays one seed and prints its trace, `BLACKSTART_SEEDS=FROM..TO` plays others than the usual.

mod chance;
mod checkpoint;
mod disk;
mod ending;
mod invariants;
mod machine;
mod night;
mod operator;
mod outage;
mod sabotage;
mod seat;
mod strand;
mod tally;
mod turn;

use invariants::{Breach, Held, Law, breach};
use night::Night;
use outage::{NIGHTS, Outage};
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use tally::Tally;

/// Seeds played where nobody asks for others.
const USUAL: Range<u64> = 0..10_000;
/// Of so many seeds one is played twice.
const TWICE_EVERY: u64 = 64;
/// Of fewer seeds it is not asked whether everything happened.
const MANY: u64 = 10_000;
/// Failures after which no further seed is begun.
const ENOUGH: usize = 5;

/// Plays a seed to its end, in an empty directory.
fn play(seed: u64, outage: &Outage, dir: &Path, traced: bool) -> (Held<Vec<u8>>, Tally, Vec<String>) {
    let mut night = Night::of(seed, outage);
    if traced {
        night.trace = Some(vec![night.outage.text.clone()]);
    }
    let played = catch_unwind(AssertUnwindSafe(|| night.play().and_then(|()| night.end(dir))));
    let held = match played {
        Ok(held) => held,
        Err(panic) => {
            let words = panic.downcast_ref::<String>().cloned();
            let words = words.or_else(|| panic.downcast_ref::<&str>().map(|words| (*words).to_owned()));
            breach(Law::NeverPanics, words.unwrap_or_default())
        }
    };
    let log = night.strands.iter().flat_map(|strand| strand.bytes.clone()).collect();
    (held.map(|()| log), night.tally, night.trace.unwrap_or_default())
}

/// Plays a seed, now and then twice.
fn judge(seed: u64, outage: &Outage) -> (Held, Tally) {
    let dir = tempfile::tempdir().unwrap();
    let (first, tally, _) = play(seed, outage, dir.path(), false);
    let held = first.and_then(|first| {
        if !seed.is_multiple_of(TWICE_EVERY) {
            return Ok(());
        }
        let again = tempfile::tempdir().unwrap();
        same_log(&first, &play(seed, outage, again.path(), false).0?)
    });
    (held, tally)
}

fn same_log(first: &[u8], second: &[u8]) -> Held {
    if first == second {
        return Ok(());
    }
    let at = first.iter().zip(second).position(|(a, b)| a != b).unwrap_or(first.len().min(second.len()));
    let from = at.saturating_sub(200);
    let around = String::from_utf8_lossy(&first[from..first.len().min(at + 200)]);
    breach(Law::SameSeedSameLog, format!("they differ at byte {at}: …{around}…"))
}

/// Plays seeds on every processor.
fn play_all(seeds: &Range<u64>) -> (Tally, Vec<(u64, Breach)>) {
    let next = AtomicU64::new(seeds.start / NIGHTS);
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let work = || {
        let (mut tally, mut breaches) = (Tally::default(), Vec::new());
        loop {
            let first = next.fetch_add(1, Ordering::Relaxed) * NIGHTS;
            if first >= seeds.end || breaches.len() >= ENOUGH {
                return (tally, breaches);
            }
            let outage = Outage::of(first);
            for seed in first.max(seeds.start)..(first + NIGHTS).min(seeds.end) {
                let (held, counted) = judge(seed, &outage);
                tally.merge(&counted);
                breaches.extend(held.err().map(|breach| (seed, breach)));
            }
        }
    };
    let (mut tally, mut breaches) = (Tally::default(), Vec::new());
    thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        for thread in threads {
            let (counted, found) = thread.join().unwrap();
            tally.merge(&counted);
            breaches.extend(found);
        }
    });
    breaches.sort_by_key(|(seed, _)| *seed);
    (tally, breaches)
}

/// The seeds that the environment asks for, else the usual ones.
fn seeds_asked_for() -> Range<u64> {
    let number = |text: &str| -> u64 {
        text.trim().replace('_', "").parse().unwrap_or_else(|_| panic!("{text:?} is no seed"))
    };
    if let Ok(seed) = std::env::var("BLACKSTART_SEED") {
        let seed = number(&seed);
        return seed..seed + 1;
    }
    match std::env::var("BLACKSTART_SEEDS") {
        Ok(range) => {
            let (from, to) = range.split_once("..").unwrap_or_else(|| panic!("{range:?} is no FROM..TO"));
            number(from)..number(to)
        }
        Err(_) => USUAL,
    }
}

/// What happened, turn by turn.
fn trace(seed: u64) -> Vec<String> {
    let dir = tempfile::tempdir().unwrap();
    play(seed, &Outage::of(seed), dir.path(), true).2
}

#[test]
fn whatever_befalls_a_night_every_invariant_holds() {
    let seeds = seeds_asked_for();
    let count = seeds.end.saturating_sub(seeds.start);
    let (tally, breaches) = play_all(&seeds);
    if count == 1 {
        println!("{}", trace(seeds.start).join("\n"));
    }
    println!("{count} seeds from {}\n{tally}", seeds.start);
    if let Some((seed, breach)) = breaches.first() {
        let trace = trace(*seed);
        let last = trace[trace.len().saturating_sub(30)..].join("\n");
        let all: Vec<String> =
            breaches.iter().map(|(seed, breach)| format!("seed {seed} {breach}")).collect();
        panic!(
            "{last}\n\nseed {seed} {breach}\n\nreplay it with its whole trace:\n  BLACKSTART_SEED={seed} cargo test \
             --no-default-features simulation -- --nocapture\n\nall that broke:\n{}",
            all.join("\n")
        );
    }
    if count >= MANY {
        let never = tally.never();
        assert!(
            never.is_empty(),
            "in {count} nights these never happened, so nothing is known of them: {never:?}"
        );
    }
}
