//! The rows of the table about asking AWS: how long a sweep takes, and what a region that hangs costs the others.

use super::awscli;
use super::cockpit::{Cockpit, Home};
use super::endpoint::{Answered, Endpoint};
use super::estate::{Estate, REGIONS};
use super::figure::{Figure, median};
use super::machine::processor_time;
use super::targets::{self, Unit};
use blackstart::incident::cell::SweepStatus;
use blackstart::incident::entry::Body;
use blackstart::logbook::Logbook;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::{Duration, Instant};

pub const SWEEP_WALL: &str = "the same sweep: blackstart status";
pub const SWEEP_PROCESSOR: &str = "the same sweep: processor time of blackstart";
const LATENCY: Duration = Duration::from_millis(100);

/// How long the baseline is begun anew: it takes half a minute of two cores.
const BASELINE: Duration = Duration::from_secs(50);

/// The command `status`, from exec to exit, and the same by the AWS command line.
pub fn sweep() -> Vec<Figure> {
    let mut estate = Estate::even(300 * REGIONS.len());
    // The longest chain: ten pages of one region's instances.
    estate.instances[0] = 5_000;
    let chain = estate.longest_chain();
    let least = LATENCY.as_secs_f64() * chain as f64;
    let endpoint = Endpoint::start(estate);
    endpoint.set_latency(LATENCY);
    let home = Home::new(&endpoint.url());
    let (mut times, mut processor, mut answering, mut calls) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for run in 0..7 {
        endpoint.take_journal();
        let logbook = home.logbook(&format!("logbook-{run}")).display().to_string();
        let (own_before, children_before) = processor_time();
        let (took, code) = home.run(&["status", "--json", "--logbook", &logbook]);
        let (own_after, children_after) = processor_time();
        assert_eq!(code, Some(0), "every cell is fresh");
        times.push(took.as_secs_f64());
        processor.push(children_after - children_before);
        answering.push(own_after - own_before);
        calls = endpoint.take_journal().len();
    }
    let ratios = times.iter().map(|time| time / least).collect();
    let own = median(&times);
    let mut figures = vec![
        Figure::of(
            targets::SWEEP,
            ratios,
            format!("{chain} pages of {} ms; {calls} calls; from exec to exit", LATENCY.as_millis()),
        ),
        Figure::beside(SWEEP_WALL, Unit::Seconds, times, ""),
        Figure::beside(SWEEP_PROCESSOR, Unit::Seconds, processor, ""),
        Figure::beside("the same sweep: processor time of the endpoint", Unit::Seconds, answering, ""),
    ];
    let peer = "the same by the AWS command line, in parallel";
    let mut baseline = Vec::new();
    super::progress("the AWS command line is installed, where it is not");
    let aws = awscli::install();
    super::progress("the same sweep by the AWS command line");
    let begin = Instant::now();
    while baseline.is_empty() || (baseline.len() < 3 && begin.elapsed() < BASELINE) {
        match aws.as_deref().map_err(Clone::clone).and_then(|aws| awscli::sweep(aws, &home, &endpoint.url()))
        {
            Ok(took) => baseline.push(took.as_secs_f64()),
            Err(why) => {
                figures.push(Figure::beside(peer, Unit::Seconds, Vec::new(), why));
                return figures;
            }
        }
    }
    let note = format!(
        "{} listings, xargs -P {}; one for each service and region, where a sweep of ours makes {calls} calls",
        awscli::commands().len(),
        awscli::AT_ONCE
    );
    let times_slower = baseline.iter().map(|time| time / own).collect();
    figures.push(Figure::beside(peer, Unit::Seconds, baseline, note));
    figures.push(Figure::beside("the AWS command line's time, of ours", Unit::Times, times_slower, ""));
    figures
}

/// The region that hangs; neither Route 53 nor STS is asked through it.
const BLACK_HOLE: &str = "us-west-2";

/// A cell, by its region and service.
type Cell = (String, String);

/// When each cell was read: at the first sweep as the log has it, and when everything was asked anew. Milliseconds.
fn cells(endpoint: &Endpoint, home: &Home, run: &str) -> [BTreeMap<Cell, f64>; 2] {
    let logbook = home.logbook(run);
    let cockpit = Cockpit::start(home, &["--logbook", &logbook.display().to_string()]);
    cockpit.wait_for("us-east-1");
    quiet(endpoint);
    endpoint.take_journal();
    let asked = cockpit.send(b"R");
    quiet(endpoint);
    let again = endpoint.take_journal();
    cockpit.quit();
    [first_sweep(&logbook), last_answers(&again, asked)]
}

/// Waits until nothing has been answered for a while.
fn quiet(endpoint: &Endpoint) {
    let (mut known, mut since) = (0, Instant::now());
    while known == 0 || since.elapsed() < Duration::from_millis(1200) {
        let answered = endpoint.answered();
        if answered != known {
            (known, since) = (answered, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn first_sweep(logbook: &Path) -> BTreeMap<Cell, f64> {
    let mut cells = BTreeMap::new();
    let mut opened = None;
    for line in Logbook::open(logbook).expect("the cockpit's own logbook").into_timeline() {
        let at = *opened.get_or_insert(line.entry.ts);
        if let Body::Observed { place, status: Some(SweepStatus::Ok { .. }), .. } = line.entry.body {
            let cell = (place.scope.region.to_string(), place.service.to_string());
            cells.entry(cell).or_insert_with(|| line.entry.ts.duration_since(at).as_secs_f64() * 1e3);
        }
    }
    cells
}

fn last_answers(journal: &[Answered], asked: Instant) -> BTreeMap<Cell, f64> {
    let mut cells = BTreeMap::new();
    for answer in journal {
        let cell = (answer.region.clone(), answer.service.clone());
        cells.insert(cell, answer.at.saturating_duration_since(asked).as_secs_f64() * 1e3);
    }
    cells
}

/// What a region that never answers costs every other cell, against the same without it.
pub fn black_hole() -> Vec<Figure> {
    let endpoint = Endpoint::start(Estate::even(100 * REGIONS.len()));
    endpoint.set_latency(LATENCY);
    let home = Home::new(&endpoint.url());
    let (mut light, mut dark) = (Vec::new(), Vec::new());
    for run in 0..5 {
        super::progress(&format!("round {} of 5", run + 1));
        endpoint.set_dark(&[]);
        light.push(cells(&endpoint, &home, &format!("light-{run}")));
        endpoint.set_dark(&[BLACK_HOLE]);
        dark.push(cells(&endpoint, &home, &format!("dark-{run}")));
    }
    let mut delays = Vec::new();
    let mut typical = Vec::new();
    let mut without = Vec::new();
    for round in 0..2 {
        let usual = |cell: &Cell| {
            let times: Vec<f64> = light.iter().filter_map(|run| run[round].get(cell).copied()).collect();
            (!times.is_empty()).then(|| median(&times))
        };
        let others: Vec<Cell> =
            light[0][round].keys().filter(|(region, _)| region != BLACK_HOLE).cloned().collect();
        assert!(others.len() >= 48, "every other cell was read: {others:?}");
        for run in &dark {
            let late = others.iter().filter_map(|cell| Some(run[round].get(cell)? - usual(cell)?));
            let late: Vec<f64> = late.collect();
            assert_eq!(late.len(), others.len(), "every other cell was read beside the black hole");
            typical.push(median(&late));
            delays.push(late.into_iter().fold(f64::NEG_INFINITY, f64::max));
        }
        for run in &light {
            let late = others.iter().filter_map(|cell| Some(run[round].get(cell)? - usual(cell)?));
            without.push(late.fold(f64::NEG_INFINITY, f64::max));
        }
    }
    vec![
        Figure::of(
            targets::BLACK_HOLE,
            delays,
            "the latest cell of each run, against its own median of 5 runs without; 5 first sweeps, 5 refreshes",
        ),
        Figure::beside("the same, median cell", Unit::Milliseconds, typical, ""),
        Figure::beside(
            "the latest cell without a black hole, likewise",
            Unit::Milliseconds,
            without,
            "what of it is the machine's own unevenness",
        ),
    ]
}
