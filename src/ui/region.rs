//! What a region amounts to, at a glance: its cells over all accounts, the worst of each service, and one word for all.
//!
//! Decides words and roles, draws nothing. A region is DOWN only when nothing there answers for a reason of its own:
//! expired credentials are our trouble and are called that.

use super::look::Mark;
use super::text::{latency, running};
use crate::app::commands::Command;
use crate::app::table::{age, coarse_age, span};
use crate::app::{App, NextAsked, Slowed};
use crate::incident::cell::{Cell, STALE_AFTER_S, SweepStatus};
use crate::incident::fault::Fault;
use crate::incident::place::{Place, Region, Service};
use crate::settings::theme::Role;
use jiff::Timestamp;

/// Seconds before a question under way is worth a word.
const ASKING_AFTER_S: i64 = 3;

/// A state in words, with a mark and a role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glance {
    pub(super) mark: Mark,
    /// In a narrow column.
    pub(super) short: String,
    /// Where there is room.
    pub(super) long: String,
    pub(super) role: Role,
}

impl Glance {
    fn new(mark: Mark, short: impl Into<String>, long: impl Into<String>, role: Role) -> Self {
        Self { mark, short: short.into(), long: long.into(), role }
    }
}

/// One state of a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Ok,
    Flapped,
    Slow,
    Flapping,
    Asking,
    Never,
    Stale,
    /// Some of its zones answer.
    Partial,
    Ours,
    Failing,
}

/// The places of a service in a region: those this cockpit asks, and those known from before.
fn places<'a>(app: &'a App, region: &'a Region, service: Service) -> Vec<(&'a Place, Option<&'a Cell>)> {
    let here = move |place: &&Place| place.service == service && place.scope.region == *region;
    let known = app.incident.cells.iter().filter(move |(place, _)| here(place));
    let mut all: Vec<(&Place, Option<&Cell>)> = known.map(|(place, cell)| (place, Some(cell))).collect();
    for place in app.schedule.keys().filter(here) {
        if !app.incident.cells.contains_key(place) {
            all.push((place, None));
        }
    }
    all
}

fn rank(app: &App, place: &Place, cell: Option<&Cell>) -> Rank {
    let Some(cell) = cell else {
        let asked = app.schedule.get(place).is_some_and(|s| s.in_flight.is_some());
        return if asked { Rank::Asking } else { Rank::Never };
    };
    match &cell.status {
        SweepStatus::Failed { error } if error.is_theirs() => Rank::Failing,
        SweepStatus::Failed { .. } => Rank::Ours,
        SweepStatus::Partial { .. } => Rank::Partial,
        SweepStatus::Ok { .. } if !is_fresh(app, cell.last_ok) => Rank::Stale,
        SweepStatus::Ok { .. } if cell.flapping.is_some() && cell.flapped().is_none() => Rank::Flapping,
        SweepStatus::Ok { .. } if cell.is_slow => Rank::Slow,
        SweepStatus::Ok { .. } if cell.flapping.is_some() => Rank::Flapped,
        SweepStatus::Ok { .. } => Rank::Ok,
    }
}

fn is_fresh(app: &App, at: Option<Timestamp>) -> bool {
    at.is_some_and(|at| app.now.duration_since(at).as_secs() <= STALE_AFTER_S)
}

/// A cell in words.
pub(super) fn cell_glance(app: &App, place: &Place, cell: Option<&Cell>) -> Glance {
    let Some(cell) = cell else {
        return match rank(app, place, None) {
            Rank::Asking => Glance::new(Mark::None, "asking", "asking", Role::Muted),
            _ => Glance::new(Mark::Unknown, "never", "never asked", Role::Unknown),
        };
    };
    match &cell.status {
        SweepStatus::Failed { error } => {
            let since = age(app.now, cell.since);
            let (mark, role) = match error {
                Fault::TimedOut { .. } => (Mark::Unknown, Role::Down),
                fault if fault.is_theirs() => (Mark::Bad, Role::Down),
                _ => (Mark::Warn, Role::Warn),
            };
            // Beside the same mark its age alone would be how long an answer took.
            let throttled = matches!(error, Fault::Throttled { .. });
            let short = if throttled { format!("th{since}") } else { since.clone() };
            Glance::new(mark, short, format!("{} for {since}", error.word()), role)
        }
        SweepStatus::Partial { answered, failed, .. } => {
            let since = age(app.now, cell.since);
            let short = format!("{}/{}", answered.len(), answered.len() + failed.len());
            Glance::new(Mark::Warn, short.clone(), format!("zones {short} for {since}"), Role::Warn)
        }
        SweepStatus::Ok { .. } => {
            let at = cell.last_ok.unwrap_or(cell.last_attempt);
            let old = coarse_age(app.now, at);
            if !is_fresh(app, cell.last_ok) {
                Glance::new(Mark::Unknown, old.clone(), format!("stale {old}"), Role::Stale)
            } else if cell.flapping.is_some() && cell.flapped().is_none() {
                Glance::new(Mark::Warn, "flaps", "flapping", Role::Warn)
            } else if let Some(took) = cell.slow().map(latency) {
                Glance::new(Mark::Warn, took.clone(), format!("slow {took}"), Role::Warn)
            } else if cell.flapped().is_some() {
                Glance::new(Mark::Warn, format!("ok {old}"), format!("ok {old}, flapped"), Role::Warn)
            } else {
                Glance::new(Mark::None, format!("ok {old}"), format!("ok {old}"), Role::Muted)
            }
        }
    }
}

/// A service of a region: the worst of its cells.
pub(super) fn service(app: &App, region: &Region, service: Service) -> Glance {
    let places = places(app, region, service);
    let worst = places.iter().max_by_key(|(place, cell)| {
        let since = cell.map(|c| match c.status {
            SweepStatus::Failed { .. } | SweepStatus::Partial { .. } => c.since,
            SweepStatus::Ok { .. } => c.last_ok.unwrap_or(c.last_attempt),
        });
        (rank(app, place, *cell), std::cmp::Reverse(since))
    });
    match worst {
        Some((place, cell)) => cell_glance(app, place, *cell),
        None => Glance::new(Mark::None, "-", "-", Role::Muted),
    }
}

/// The services that make up a region's line.
fn services(region: &Region) -> &'static [Service] {
    if region.is_global() { &[Service::Route53] } else { &Service::REGIONAL }
}

/// A region in a word or two, and what there is to say about it beside.
pub(super) fn region(app: &App, region: &Region) -> (Glance, String) {
    let all: Vec<_> = services(region).iter().flat_map(|s| places(app, region, *s)).collect();
    let ranks: Vec<Rank> = all.iter().map(|(place, cell)| rank(app, place, *cell)).collect();
    let count = |wanted: Rank| ranks.iter().filter(|rank| **rank == wanted).count();
    let failing: Vec<&Cell> = all
        .iter()
        .zip(&ranks)
        .filter(|(_, rank)| matches!(rank, Rank::Partial | Rank::Failing | Rank::Ours))
        .filter_map(|((_, cell), _)| *cell)
        .collect();
    let since = failing.iter().map(|cell| cell.since).min().map(|at| age(app.now, at)).unwrap_or_default();
    let word = |fault: Option<&Fault>| fault.map_or("", Fault::word);
    let theirs = failing.iter().filter_map(|c| c.fault()).find(|f| f.is_theirs());
    let ours = failing.iter().filter_map(|c| c.fault()).find(|f| !f.is_theirs());
    let heard = ranks.len() - count(Rank::Never) - count(Rank::Asking);
    let note = |fault: Option<&Fault>| fault.map(ToString::to_string).unwrap_or_default();
    let partial = || {
        let cell = all.iter().zip(&ranks).find(|(_, rank)| **rank == Rank::Partial)?.0.1?;
        cell.trouble()
    };

    let glance = |mark, text: String, role| Glance::new(mark, text.clone(), text, role);
    if ranks.is_empty() {
        // A log says what was watched, and may not have come to read it yet.
        let words = if app.replay.is_some() { "not read yet" } else { "not watched" };
        return (glance(Mark::None, words.into(), Role::Muted), String::new());
    }
    if heard == 0 {
        let asking = all
            .iter()
            .filter_map(|(place, _)| app.schedule.get(*place)?.in_flight.map(|(_, since)| since))
            .min();
        return match asking {
            Some(since) => {
                let seconds = app.now.duration_since(since).as_secs();
                let text = if seconds < ASKING_AFTER_S {
                    "asking".into()
                } else {
                    format!("asking {}", span(seconds))
                };
                (glance(Mark::None, text, Role::Muted), String::new())
            }
            None => (glance(Mark::Unknown, "never asked".into(), Role::Unknown), String::new()),
        };
    }
    match (count(Rank::Failing), count(Rank::Ours)) {
        (theirs_n, _) if theirs_n == ranks.len() => {
            (glance(Mark::Bad, format!("DOWN for {since}"), Role::Down), note(theirs))
        }
        (0, ours_n) if ours_n == ranks.len() => {
            (glance(Mark::Warn, format!("{} for {since}", word(ours)), Role::Warn), note(ours))
        }
        (0, 0) if count(Rank::Partial) > 0 => {
            (glance(Mark::Warn, format!("partly for {since}"), Role::Warn), partial().unwrap_or_default())
        }
        (0, 0) if count(Rank::Stale) == heard => {
            let newest = all.iter().filter_map(|(_, cell)| (*cell)?.last_ok).max();
            let old = newest.map(|at| age(app.now, at)).unwrap_or_default();
            (glance(Mark::Unknown, format!("stale {old}"), Role::Stale), "last known; not heard since".into())
        }
        (0, 0) if count(Rank::Flapping) > 0 => {
            let flap = |(place, cell): &(&Place, Option<&Cell>)| {
                Some(format!("{} flaps: {}", place.service, (*cell)?.flapping?.words()))
            };
            (glance(Mark::Warn, "flapping".into(), Role::Warn), all.iter().find_map(flap).unwrap_or_default())
        }
        (0, 0) if count(Rank::Slow) > 0 => {
            let took = all.iter().filter_map(|(_, cell)| (*cell)?.slow()).max().unwrap_or_default();
            (glance(Mark::Warn, format!("slow {}", latency(took)), Role::Warn), String::new())
        }
        (0, 0) if count(Rank::Flapped) > 0 => {
            let flapped = |(place, cell): &(&Place, Option<&Cell>)| {
                Some(format!("{} flapped: {}", place.service, (*cell)?.flapped()?.words()))
            };
            (
                glance(Mark::Warn, "flapped".into(), Role::Warn),
                all.iter().find_map(flapped).unwrap_or_default(),
            )
        }
        (0, 0) if heard < ranks.len() => {
            (glance(Mark::None, format!("ok {heard} of {}", ranks.len()), Role::Muted), String::new())
        }
        (0, 0) => (glance(Mark::None, "ok".into(), Role::Ok), String::new()),
        (0, _) => (glance(Mark::Warn, format!("partly for {since}"), Role::Warn), note(ours)),
        (_, _) => (glance(Mark::Warn, format!("partly for {since}"), Role::Warn), note(theirs)),
    }
}

/// Calls of a region that take long, in words.
pub(super) fn asking(app: &App, region: &Region) -> Option<String> {
    let oldest = app
        .schedule
        .iter()
        .filter(|(place, _)| place.scope.region == *region)
        .filter_map(|(_, schedule)| schedule.in_flight.map(|(_, since)| since))
        .min()?;
    let seconds = app.now.duration_since(oldest).as_secs();
    (seconds >= ASKING_AFTER_S).then(|| format!("asking {}", span(seconds)))
}

/// Who reads a region instead of us, if it is one alone: `read by adam`. That it is another cockpit of the same user says
/// nothing on the board; the detail tells.
pub(super) fn read_by(app: &App, region: &Region) -> Option<String> {
    let cells = all_cells(app, region);
    if cells.iter().any(|(place, _)| app.is_read_by_us_elsewhere(place)) {
        return None;
    }
    let mut readers = cells.into_iter().map(|(place, _)| app.reader(place));
    let first = readers.next()??;
    readers.all(|reader| reader.as_ref() == Some(&first)).then(|| format!("read by {first}"))
}

/// When a cell that fails is asked again, in words; `None` where it does not fail, or another asks.
pub(super) fn asked_again(app: &App, place: &Place, cell: &Cell) -> Option<String> {
    let next = app.next_asked(place).filter(|_| !cell.is_ok())?;
    Some(match next {
        NextAsked::Now(seconds) if seconds < ASKING_AFTER_S => "being asked again".into(),
        NextAsked::Now(seconds) => format!("being asked again, for {} now", span(seconds)),
        NextAsked::In(seconds) => {
            let key = app.opening.keymap.label_of(app.context(), Command::Refresh);
            let at_once = key.map_or_else(String::new, |key| format!("; {key} asks at once"));
            format!("asked again in {}{at_once}", running(seconds))
        }
    })
}

/// Why a place is read less often than it would be, in words.
pub(super) fn slowed(app: &App, place: &Place) -> Option<String> {
    Some(match app.slowed(place)? {
        Slowed::Held(seconds) => format!("throttled: not polled for {} more", span(seconds)),
        Slowed::Every(seconds) => format!("polling every {}: budget", span(seconds)),
    })
}

/// The same for a region: which service, and what slows it.
pub(super) fn slowed_region(app: &App, region: &Region) -> Option<String> {
    let (place, words) = all_cells(app, region)
        .into_iter()
        .find_map(|(place, _)| slowed(app, place).map(|words| (place, words)))?;
    Some(format!("{} {words}", place.service))
}

/// Every cell of a region, in the order of the services.
pub(super) fn all_cells<'a>(app: &'a App, region: &'a Region) -> Vec<(&'a Place, Option<&'a Cell>)> {
    services(region).iter().flat_map(|s| places(app, region, *s)).collect()
}
