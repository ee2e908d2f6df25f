//! The rows of the table about the screen: how soon it is there, how fast it follows a key, what it costs to keep.

use super::cockpit::{Cockpit, Home, pointed_at};
use super::endpoint::Endpoint;
use super::estate::{Estate, REGIONS};
use super::figure::{Figure, median, percentile};
use super::history;
use super::targets::{self, Unit};
use std::time::{Duration, Instant};

const PAGE_DOWN: &[u8] = b"\x1b[6~";
const DOWN: &[u8] = b"\x1b[B";
const HOME: &[u8] = b"\x1b[H";

/// The last line of a frame is painted last.
fn is_whole(screen: &vt100::Screen) -> bool {
    let (rows, columns) = screen.size();
    screen.rows(0, columns.get()).nth(usize::from(rows.get()) - 1).is_some_and(|line| line.contains("quit"))
}

pub const FIRST_FRAME_PROCESSOR: &str = "processor time until then";
pub const FIRST_FRAME_KEPT: &str = "the first frame from a checkpoint";
pub const KEYS_BUSY: &str = "the cockpit's processor time meanwhile";
pub const MEMORY_KNOWN: &str = "resident memory with 100,000 rows last known and nothing read";

/// exec to the first frame, with every region hanging.
pub fn first_frame() -> Vec<Figure> {
    // What goes on beside it is the cockpit's own: it reads certificates and asks every region.
    let endpoint = Endpoint::start(Estate::even(0));
    endpoint.set_dark(&REGIONS);
    let home = Home::new(&endpoint.url());
    let (mut runs, mut processor, mut kept) = (Vec::new(), Vec::new(), Vec::new());
    for run in 0..15 {
        // One of its own for each: whoever leaves a logbook may leave a checkpoint in it.
        let logbook = home.logbook(&format!("logbook-{run}"));
        history::last_known(&logbook, 5_000);
        let logbook = logbook.display().to_string();
        let cockpit = Cockpit::start(&home, &["--logbook", &logbook]);
        let painted = cockpit.wait_until("the first frame", |screen| {
            is_whole(screen) && screen.contents().contains("us-east-1")
        });
        processor.push(cockpit.processor_time() * 1e3);
        runs.push(painted.duration_since(cockpit.started).as_secs_f64() * 1e3);
        if run == 0 {
            cockpit.send(b"2");
            cockpit.wait_for("of 5000");
        }
        cockpit.quit();
        // Whoever leaves keeps a checkpoint: the next one opens from it.
        let next = Cockpit::start(&home, &["--logbook", &logbook]);
        let painted = next.wait_until("the first frame", |screen| {
            is_whole(screen) && screen.contents().contains("us-east-1")
        });
        kept.push(painted.duration_since(next.started).as_secs_f64() * 1e3);
        next.quit();
    }
    vec![
        Figure::of(targets::FIRST_FRAME, runs, "the logbook's fold included; no checkpoint"),
        Figure::beside(
            FIRST_FRAME_PROCESSOR,
            Unit::Milliseconds,
            processor,
            "of the threads that live on; the time above is longer where the machine is busy",
        ),
        Figure::beside(FIRST_FRAME_KEPT, Unit::Milliseconds, kept, "every cockpit that leaves keeps one"),
    ]
}

/// Which row the pointer is on, by its instance's id.
fn pointed_instance(screen: &vt100::Screen) -> Option<String> {
    let row = pointed_at(screen)?;
    row.split_whitespace().find(|word| word.starts_with("i-")).map(str::to_owned)
}

/// Keys at 100,000 instances, one in a hundred of which changes with every sweep, and everything asked anew all the time.
pub fn keys() -> Vec<Figure> {
    let endpoint = Endpoint::start(Estate { restless: true, ..Estate::even(100_000) });
    let home = Home::new(&endpoint.url());
    let logbook = home.logbook("logbook").display().to_string();
    let cockpit = Cockpit::start(&home, &["--logbook", &logbook]);
    cockpit.wait_for("us-east-1");
    super::progress("the first sweep of 100,000 instances");
    cockpit.send(b"2");
    cockpit.wait_for("of 100000");
    let mut memory = Vec::new();
    let (mut p99, mut p50, mut most, mut busy) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut answered = 0;
    let blocks = 5;
    for block in 0..blocks {
        super::progress(&format!("keys, {} of {blocks}", block + 1));
        endpoint.take_journal();
        let mut times = Vec::new();
        let (began, spent) = (Instant::now(), cockpit.processor_time());
        for n in 0..200 {
            if n % 50 == 0 {
                cockpit.send(b"R");
            }
            // The rhythm of somebody who holds a key down, not that of the ticks.
            std::thread::sleep(Duration::from_millis(15 + (n * 7 + block * 3) % 20));
            times.push(one_key(&cockpit, n as usize));
        }
        answered += endpoint.answered();
        p99.push(percentile(&times, 99));
        p50.push(median(&times));
        most.push(times.iter().copied().fold(0.0, f64::max));
        busy.push((cockpit.processor_time() - spent) / began.elapsed().as_secs_f64() * 100.0);
        memory.push(cockpit.memory().0);
    }
    let peak = cockpit.memory().1;
    super::progress("the same list sorted");
    let [sorting, sorted] = sorted_keys(&cockpit);
    cockpit.quit();
    let known = last_known_memory();
    let calls = answered / blocks as usize;
    vec![
        Figure::of(
            targets::KEY,
            p99,
            format!(
                "200 keys a run: moves, pages, a filter typed and cleared; about {calls} calls answered meanwhile"
            ),
        ),
        Figure::beside("the same, median key", Unit::Milliseconds, p50, ""),
        Figure::beside("the same, slowest key", Unit::Milliseconds, most, ""),
        Figure::beside(
            KEYS_BUSY,
            Unit::Percent,
            busy,
            "of one core; the rest of the machine is the endpoint's and this benchmark's",
        ),
        Figure::beside(MEMORY_KNOWN, Unit::Megabytes, known, "AWS dark; the list of them on the screen"),
        Figure::beside(
            "sorting 100,000 rows by another column, key to frame",
            Unit::Milliseconds,
            sorting,
            "by health, name, instance, claim, probe",
        ),
        Figure::beside(
            "a move in that list, sorted by health, all cells refreshing",
            Unit::Milliseconds,
            sorted,
            "",
        ),
        Figure::of(targets::MEMORY_LARGE, memory, format!("after the keys above; {peak:.0} MB at the most")),
    ]
}

/// Resident memory of a cockpit that has 100,000 rows from its logbook and reads nothing.
fn last_known_memory() -> Vec<f64> {
    let endpoint = Endpoint::start(Estate::even(0));
    endpoint.set_dark(&REGIONS);
    let home = Home::new(&endpoint.url());
    let logbook = home.logbook("known");
    history::last_known(&logbook, 100_000);
    let cockpit = Cockpit::start(&home, &["--logbook", &logbook.display().to_string()]);
    cockpit.wait_for("us-east-1");
    cockpit.send(b"2");
    cockpit.wait_for("of 100000");
    let memory = vec![cockpit.memory().0];
    cockpit.quit();
    memory
}

const TYPED: &[u8] = b"web-1";

/// The key of that number, and the milliseconds to its frame.
fn one_key(cockpit: &Cockpit, n: usize) -> f64 {
    let moves = |bytes: &[u8]| {
        let before = cockpit.look(pointed_instance);
        cockpit.key_to_frame(bytes, "the pointer on another row", move |screen| {
            let now = pointed_instance(screen);
            now.is_some() && now != before
        })
    };
    let filter_reads = |bytes: &[u8], text: &str| {
        let text = format!("filter {text}▏");
        cockpit.key_to_frame(bytes, &text, |screen| screen.contents().contains(&text))
    };
    // Of every fifty keys: opening the filter, five letters, leaving it; the others move.
    match n % 50 {
        20 => filter_reads(b"/", ""),
        at @ 21..=25 => {
            let text = String::from_utf8_lossy(&TYPED[..at - 20]).into_owned();
            filter_reads(&TYPED[at - 21..at - 20], &text)
        }
        26 => cockpit.key_to_frame(b"\x1b", "no filter", |screen| !screen.contents().contains("filter web")),
        at if at % 10 == 9 => moves(PAGE_DOWN),
        _ => moves(DOWN),
    }
}

/// How long moves in a sorted list go on being made.
const SORTED: Duration = Duration::from_secs(15);

/// Sorts by the five columns that are always in sight, and moves while the list is sorted by the first of them, health:
/// milliseconds of each key.
fn sorted_keys(cockpit: &Cockpit) -> [Vec<f64>; 2] {
    let heads = |screen: &vt100::Screen| {
        screen
            .contents()
            .lines()
            .find(|line| line.contains("INSTANCE") && line.contains("NAME"))
            .map(str::to_owned)
    };
    let (mut sorting, mut moving) = (Vec::new(), Vec::new());
    for column in 0..5 {
        let before = cockpit.look(heads);
        sorting.push(cockpit.key_to_frame(b"s", "another sort", |screen| heads(screen) != before));
        std::thread::sleep(Duration::from_millis(300));
        if column > 0 {
            continue;
        }
        // From the top, or there may be nowhere to move.
        cockpit.send(HOME);
        cockpit.settle(Duration::from_millis(300));
        cockpit.send(b"R");
        let begin = Instant::now();
        while moving.len() < 50 && begin.elapsed() < SORTED {
            std::thread::sleep(Duration::from_millis(25));
            moving.push(one_key(cockpit, 0));
        }
    }
    [sorting, moving]
}

/// A cockpit that nobody touches, and what its actions write to the terminal.
pub fn idle() -> Vec<Figure> {
    let endpoint = Endpoint::start(Estate::even(1_000));
    endpoint.set_latency(Duration::from_millis(100));
    let home = Home::new(&endpoint.url());
    let logbook = home.logbook("logbook").display().to_string();
    let cockpit = Cockpit::start(&home, &["--logbook", &logbook]);
    cockpit.wait_for("us-east-1");
    // Until the first sweep is over and said.
    std::thread::sleep(Duration::from_secs(12));
    let (mut bytes, mut processor, mut memory) = (Vec::new(), Vec::new(), Vec::new());
    let window = Duration::from_secs(18);
    endpoint.take_journal();
    for _ in 0..4 {
        let (bytes_before, time_before) = (cockpit.bytes(), cockpit.processor_time());
        std::thread::sleep(window);
        bytes.push((cockpit.bytes() - bytes_before) as f64 / window.as_secs_f64());
        processor.push((cockpit.processor_time() - time_before) / window.as_secs_f64() * 100.0);
        memory.push(cockpit.memory().0);
    }
    let calls = endpoint.take_journal().len() as f64 / (4.0 * window.as_secs_f64());
    let mut figures = vec![
        Figure::of(targets::IDLE_BYTES, bytes, "on the board, 17 regions"),
        Figure::of(
            targets::IDLE_CPU,
            processor,
            format!("1,000 instances in 69 cells; {calls:.1} calls a second are made and read"),
        ),
        Figure::of(targets::MEMORY_SMALL, memory, format!("{:.0} MB at the most", cockpit.memory().1)),
    ];
    figures.extend(actions(&cockpit));
    cockpit.quit();
    figures
}

/// Bytes that each action costs.
fn actions(cockpit: &Cockpit) -> Vec<Figure> {
    let quiet = Duration::from_millis(60);
    let costs = |key: &[u8]| {
        let before = cockpit.settle(quiet);
        cockpit.send(key);
        (cockpit.settle(quiet) - before) as f64
    };
    let mut figures = Vec::new();
    let mut screens = Vec::new();
    for screen in [b"2", b"3", b"4", b"5", b"6", b"1"] {
        screens.push(costs(screen));
    }
    cockpit.send(b"2");
    cockpit.wait_for("of 1000");
    cockpit.settle(Duration::from_millis(300));
    let (mut moves, mut windows) = (Vec::new(), Vec::new());
    for _ in 0..60 {
        let first = cockpit.look(first_shown);
        let cost = costs(DOWN);
        if cockpit.look(first_shown) == first { moves.push(cost) } else { windows.push(cost) }
    }
    let pages = (0..5).map(|_| costs(PAGE_DOWN)).collect();
    let opening = costs(b"/");
    let letters: Vec<f64> = TYPED.iter().map(|letter| costs(&[*letter])).collect();
    costs(b"\x1b");
    let (mut details, mut helps) = (Vec::new(), Vec::new());
    for _ in 0..3 {
        details.push(costs(b"\r"));
        costs(b"\x1b");
        helps.push(costs(b"?"));
        costs(b"\x1b");
    }
    figures.push(Figure::of(targets::SCROLL, moves, "the pointer moves by a row"));
    let beside = |what: &str, runs| Figure::beside(format!("to the terminal: {what}"), Unit::Bytes, runs, "");
    figures.push(beside("scrolling past the edge, half a screen at once", windows));
    figures.push(beside("a page further", pages));
    figures.push(beside("another screen", screens));
    figures.push(beside("opening the filter", vec![opening]));
    figures.push(beside("a letter of a filter", letters));
    figures.push(beside("the detail of a row", details));
    figures.push(beside("help", helps));
    figures
}

/// `1-41 of 1000`: which rows are in sight.
fn first_shown(screen: &vt100::Screen) -> Option<String> {
    let contents = screen.contents();
    let before = contents.split(" of 1000").next()?;
    before.split_whitespace().last().map(str::to_owned)
}
