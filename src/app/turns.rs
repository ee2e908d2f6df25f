//! Whose turn it is to be read: what the operator looks at first, and how long everything else waits.
//!
//! The cell of the selected row comes first, then those with rows on the screen, then the screen's services, then the
//! rest. Where the estate is large, or the budget short, what is not in view is read less often, and so are databases at
//! rest; nothing goes unread for so long that it would be stale. Polling alone waits: see `budget`.

use super::budget::{self, Slowed};
use super::message::{Effect, Ticket};
use super::sweeping::{SWEEP_EVERY_S, SWEEP_ROUTE53_EVERY_S, Schedule};
use super::table::RowId;
use super::{App, Screen};
use crate::incident::Seen;
use crate::incident::cell::{Cell, Health};
use crate::incident::entry::Mode;
use crate::incident::fault::Fault;
use crate::incident::hash::sha256_hex;
use crate::incident::place::{Key, Kind, Place, Region, Service};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;

/// Cells from which an estate is large: what is not in view waits longer.
const LARGE_CELLS: usize = 100;
/// Rows from which it is.
const LARGE_ROWS: usize = 20_000;
/// Seconds more that a cell out of view waits then: with the usual pause and its jitter still fresh.
pub(super) const OUT_OF_VIEW_S: i64 = 30;
/// Seconds more that RDS waits at rest. A sweep of it is seven calls, half of all that a quiet estate costs, and most of
/// what they list is made once a night.
pub(super) const AT_REST_S: i64 = 15;

/// How near a cell is to what the operator looks at; the nearest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Turn {
    /// It holds the selected row.
    Selected,
    /// It holds rows that are on the screen.
    Visible,
    /// The screen is about its service.
    Screen,
    /// None of these.
    Other,
}

/// When a place is asked again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextAsked {
    /// It is being asked, for so many seconds.
    Now(i64),
    /// In so many seconds; 0 is as soon as the budget allows.
    In(i64),
}

/// Cells named one by one, by region, or as all of Route 53.
#[derive(Debug, Default)]
struct Spot {
    places: BTreeSet<Place>,
    regions: BTreeSet<Region>,
    route53: bool,
}

impl Spot {
    fn add(&mut self, row: &RowId) {
        match row {
            RowId::Key(key) => {
                self.places.insert(key.place.clone());
            }
            RowId::Region(region) => {
                self.regions.insert(region.clone());
            }
            RowId::Site(_) | RowId::Target { .. } => self.route53 = true,
            RowId::Event(..) => {}
        }
    }

    fn holds(&self, place: &Place) -> bool {
        (self.route53 && place.service == Service::Route53)
            || self.regions.contains(&place.scope.region)
            || self.places.contains(place)
    }
}

/// What the operator looks at.
#[derive(Debug)]
pub(super) struct Eyes {
    selected: Spot,
    visible: Spot,
    services: &'static [Service],
}

impl Eyes {
    pub(super) fn turn(&self, place: &Place) -> Turn {
        if self.selected.holds(place) {
            Turn::Selected
        } else if self.visible.holds(place) {
            Turn::Visible
        } else if self.services.contains(&place.service) {
            Turn::Screen
        } else {
            Turn::Other
        }
    }
}

impl App {
    /// What is looked at now.
    pub(super) fn eyes(&self) -> Eyes {
        let (mut selected, mut visible) = (Spot::default(), Spot::default());
        if let Some(view) = self.lists.get(&self.screen) {
            view.selected.iter().for_each(|row| selected.add(row));
            view.rows.from(view.offset).take(self.table_rows()).for_each(|row| visible.add(row));
        }
        let services: &[Service] = match self.screen {
            Screen::Board => &Service::ALL,
            Screen::Instances => &[Service::Ec2],
            Screen::RestorePoints => &[Service::Rds],
            Screen::Registrations => &[Service::Elb, Service::ElbV2],
            Screen::Apex => &[Service::Route53, Service::Elb, Service::ElbV2],
            Screen::Log => &[],
        };
        Eyes { selected, visible, services }
    }

    /// The places that are to be read now, in the order in which they are.
    pub(super) fn turns(&self) -> Vec<Place> {
        let mut due = self
            .schedule
            .iter()
            .filter(|(_, schedule)| schedule.in_flight.is_none())
            // Nothing is asked before it is due, but for what is in sight or left to another: that may be wanted sooner.
            .filter(|(_, schedule)| {
                schedule.left_to.is_some()
                    || schedule.due.is_none_or(|at| at <= self.now)
                    || schedule.due_in_sight.is_some_and(|at| at <= self.now)
            })
            .peekable();
        if due.peek().is_none() {
            return Vec::new();
        }
        let eyes = self.eyes();
        let mut due: Vec<(Turn, Option<Timestamp>, &Place)> = due
            .filter_map(|(place, schedule)| {
                let turn = eyes.turn(place);
                let at = self.due(place, schedule, turn);
                at.is_none_or(|at| at <= self.now).then_some((turn, at, place))
            })
            .collect();
        due.sort();
        due.into_iter().map(|(_, _, place)| place.clone()).collect()
    }

    /// When a place is asked next, seen as it is; `None` is at once.
    fn due(&self, place: &Place, schedule: &Schedule, turn: Turn) -> Option<Timestamp> {
        let looked_at = match turn {
            Turn::Selected | Turn::Visible => true,
            Turn::Screen | Turn::Other => false,
        };
        let ours = schedule.failures == 0 && schedule.left_to.is_none();
        let more = match turn {
            Turn::Screen | Turn::Other if ours && self.waits_out_of_view(place) => OUT_OF_VIEW_S,
            Turn::Visible | Turn::Screen | Turn::Other if ours && self.is_at_rest(place) => AT_REST_S,
            Turn::Selected | Turn::Visible | Turn::Screen | Turn::Other => 0,
        };
        let more = SignedDuration::from_secs(more);
        let at = schedule.due.map(|at| at.saturating_add(more).unwrap_or(at));
        let at = at.map(|at| self.impatient(place, turn, at));
        // Who records has nobody at the screen.
        let hasten = looked_at && schedule.left_to.is_none() && self.opening.mode != Mode::Record;
        match schedule.due_in_sight {
            Some(sooner) if hasten => at.map(|at| at.min(sooner)),
            Some(_) | None => at,
        }
    }

    /// When a place is asked again, if it is watched and we ask it: for the screen.
    #[must_use]
    pub fn next_asked(&self, place: &Place) -> Option<NextAsked> {
        if self.replay.is_some() || self.opening.looks_only {
            return None;
        }
        let schedule = self.schedule.get(place).filter(|schedule| schedule.left_to.is_none())?;
        let seconds = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs().max(0);
        Some(match schedule.in_flight {
            Some((_, since)) => NextAsked::Now(seconds(since, self.now)),
            None => {
                let due = self.due(place, schedule, self.eyes().turn(place));
                NextAsked::In(due.map_or(0, |due| seconds(self.now, due)))
            }
        })
    }

    /// Whether a place is read less often while it is out of view: the estate is large, or the budget short.
    pub(super) fn waits_out_of_view(&self, place: &Place) -> bool {
        self.schedule.len() >= LARGE_CELLS
            || self.incident.rows.len() >= LARGE_ROWS
            || self.budget.is_tight(&budget::bucket_of(place))
    }

    /// Whether a place is one of databases that nobody looks at, all of them settled and none of them contradicted, while
    /// nothing is being done and nobody fails to read it. Whether they answer is probed all the while.
    fn is_at_rest(&self, place: &Place) -> bool {
        let settled = |(key, seen): (&Key, &Seen)| {
            matches!(seen.resource.claim(), "available" | "stopped")
                && self.incident.health(key, self.now).0 != Health::Lie
        };
        place.service == Service::Rds
            && self.screen != Screen::RestorePoints
            && self.executions.is_empty()
            && self.incident.cells.get(place).is_some_and(Cell::is_ok)
            && self
                .incident
                .rows
                .range(place.key(Kind::Database, "")..)
                .take_while(|(key, _)| {
                    key.place == *place && matches!(key.kind, Kind::Database | Kind::Cluster)
                })
                .map(|(key, seen)| (key, &**seen))
                .all(settled)
    }

    /// Whether there are tokens for a sweep of a place; they are taken.
    pub(super) fn may_poll(&mut self, place: &Place) -> bool {
        let pages = self.schedule.get(place).map_or(1, |schedule| schedule.pages);
        let cost = budget::sweep_cost(place.service, pages);
        self.budget.poll(&budget::bucket_of(place), self.now, cost)
    }

    /// A page more than was expected costs what it costs.
    pub(super) fn pay_for_page(&mut self, place: &Place, page: u32) {
        let expected = self.schedule.get(place).map_or(1, |schedule| schedule.pages);
        if page > expected {
            let cost = budget::sweep_cost(place.service, page) - budget::sweep_cost(place.service, page - 1);
            self.budget.debit(&budget::bucket_of(place), self.now, cost);
        }
    }

    /// Takes what the effects of actions cost, without asking whether it is there.
    pub(super) fn pay_for_actions(&mut self, effects: &[Effect]) {
        for effect in effects {
            let paid = match effect {
                Effect::Ask(ticket, _, query) => {
                    budget::bucket_of_query(query).map(|bucket| (*ticket, bucket))
                }
                Effect::Perform(ticket, _, call) => Some((*ticket, budget::bucket_of_call(call))),
                Effect::Sweep(..)
                | Effect::Probe(..)
                | Effect::Record(_)
                | Effect::Copy(_)
                | Effect::Reopen(_)
                | Effect::Continue(_)
                | Effect::Suspend
                | Effect::Quit => None,
            };
            if let Some((ticket, bucket)) = paid {
                self.budget.debit(&bucket, self.now, 1);
                self.budget.asked.insert(ticket, bucket);
            }
        }
    }

    /// Holds the bucket of a place whose answer was that we ask too often.
    pub(super) fn heed(&mut self, bucket: &budget::BucketId, fault: &Fault) {
        if matches!(fault, Fault::Throttled { .. }) {
            let jitter = self.jitter(&format!("{bucket:?} {}", self.now), 250);
            self.budget.throttled(bucket, self.now, jitter);
        }
    }

    /// An action's answer came: that it was throttled is news for polling.
    pub(super) fn heed_action(&mut self, ticket: Ticket, fault: Option<&Fault>) {
        if let (Some(bucket), Some(fault)) = (self.budget.asked.remove(&ticket), fault) {
            self.heed(&bucket, fault);
        }
    }

    /// A number from 0 to `most` that is the same in the same run.
    pub(super) fn jitter(&self, what: &str, most: i64) -> i64 {
        let digest = sha256_hex(format!("{} {what}", self.opening.jitter).as_bytes());
        let fraction = i64::from_str_radix(digest.get(..4).unwrap_or("0"), 16).unwrap_or_default();
        most * fraction / 0xffff
    }

    /// Why a place is read less often than it would be, if so: for the screen.
    #[must_use]
    pub fn slowed(&self, place: &Place) -> Option<Slowed> {
        let pages = self.schedule.get(place)?.pages;
        let usual = match place.service {
            Service::Route53 => SWEEP_ROUTE53_EVERY_S,
            Service::Ec2 | Service::Rds | Service::Elb | Service::ElbV2 => SWEEP_EVERY_S,
        };
        let cost = budget::sweep_cost(place.service, pages);
        self.budget.slowed(&budget::bucket_of(place), self.now, cost, usual)
    }
}

#[cfg(test)]
pub(super) mod tests;
