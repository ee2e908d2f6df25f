//! When each cell is asked: on a timer of its own, with back-off and jitter by hash.
//!
//! A cell is never asked twice at once, so a black-holed one costs a single waiting request and delays nobody. Jitter is
//! a hash of (session, place, attempt): the same run asks at the same moments. Only changes become entries.

use super::App;
use super::budget::bucket_of;
use super::flapping::Readings;
use super::message::{Effect, Ticket};
use super::zones::{ByZone, ZonePart};
use crate::incident::Seen;
use crate::incident::cell::{Cell, SweepStatus};
use crate::incident::entry::{Body, SessionId};
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Key, Kind, Place, Service};
use crate::incident::request::{Page, Sweep};
use crate::incident::resource::{Resource, normalise_name};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet, HashSet};

/// Seconds between sweeps of a cell that answers.
pub(super) const SWEEP_EVERY_S: i64 = 15;
/// Seconds between sweeps of Route 53: its quota is per account and small.
pub(super) const SWEEP_ROUTE53_EVERY_S: i64 = 30;
/// Seconds between sweeps of a cell that answers zone by zone.
const SWEEP_BY_ZONE_EVERY_S: i64 = 30;
/// Seconds before the first retry of a cell that fails; doubled each time.
pub(super) const BACK_OFF_S: i64 = 5;
/// The longest back-off.
pub(super) const BACK_OFF_MOST_S: i64 = 60;
/// The longest back-off of a cell that somebody looks at: that it is back is what they wait for.
pub(super) const BACK_OFF_IN_SIGHT_MOST_S: i64 = 15;

/// When a cell is asked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Schedule {
    /// When it is asked next; `None` is at once.
    pub due: Option<Timestamp>,
    /// When it is asked next if it is in sight, while it fails and backs off.
    pub(super) due_in_sight: Option<Timestamp>,
    /// The sweep under way and when it began.
    pub in_flight: Option<(Ticket, Timestamp)>,
    /// Whether somebody wanted it asked while that one was under way: it may have read before what they wait for.
    pub(super) wanted_again: bool,
    /// Sweeps that failed in a row.
    pub failures: u32,
    /// Pages of the last sweep that came to its end: what the next one costs.
    pub pages: u32,
    /// Who reads it instead of us; `None` if we do.
    pub left_to: Option<SessionId>,
    /// What of its failing was told last, while it fails.
    pub(super) told: Option<Fault>,
    /// How its readings ended of late.
    pub(super) readings: Readings,
}

impl Schedule {
    /// From now on it is asked at this time, whoever looks; `None` is at once.
    pub(super) fn ask_at(&mut self, due: Option<Timestamp>) {
        self.due = due;
        self.due_in_sight = None;
    }

    /// Somebody waits for what it says now: it is asked at once, after the sweep under way if there is one.
    fn ask_now(&mut self) {
        self.ask_at(None);
        self.wanted_again = self.in_flight.is_some();
    }
}

/// The sweeps in flight, with what was seen on the way.
#[derive(Debug, Clone, Default)]
pub(super) struct Sweeping {
    pub(super) sweeps: BTreeMap<Ticket, SweepUnderWay>,
    /// Cells whose rows, and whose status, the log has to be told again although they did not change.
    untold_rows: BTreeSet<Place>,
    untold_status: BTreeSet<Place>,
    /// Sweeps that failed as a whole and go on zone by zone.
    pub(super) by_zone: BTreeMap<Ticket, ByZone>,
}

/// What a sweep brought so far. At its end every row known of before is looked up in it.
#[derive(Debug, Clone, Default)]
pub(super) struct SeenIds(BTreeMap<Kind, HashSet<String>>);

impl SeenIds {
    fn add(&mut self, key: &Key) {
        self.0.entry(key.kind).or_default().insert(key.id.clone());
    }

    /// Whether it brought this one.
    pub(super) fn has(&self, kind: Kind, id: &str) -> bool {
        self.0.get(&kind).is_some_and(|ids| ids.contains(id))
    }
}

/// A question under way, and what came of it so far.
#[derive(Debug, Clone)]
pub(super) struct SweepUnderWay {
    pub(super) place: Place,
    pub(super) began: Timestamp,
    pub(super) seen: SeenIds,
    pub(super) pages: u32,
    /// Of which sweep it is a zone's share, if it is.
    pub(super) part: Option<ZonePart>,
}

impl App {
    pub(super) fn start_sweeping(&mut self, effects: &mut Vec<Effect>) {
        self.leave_to_others(None);
        self.sweep_due(effects);
    }

    /// Forgets what is in flight: whoever was to answer is gone. It is asked again when due.
    pub fn resume(&mut self) {
        self.sweeping.sweeps.clear();
        self.sweeping.by_zone.clear();
        self.probing.forget();
        self.asking.forget();
        self.identifying.forget();
        for schedule in self.schedule.values_mut() {
            if schedule.in_flight.take().is_some() {
                schedule.ask_at(None);
            }
        }
    }

    pub(super) fn sweep_due(&mut self, effects: &mut Vec<Effect>) {
        self.ask_identities(effects);
        self.overtake_silent();
        for place in self.turns() {
            if !self.is_astray(&place.scope.account) && self.may_poll(&place) {
                self.sweep(&place, effects);
            }
        }
        self.probe_due(effects);
        self.heartbeat(effects);
        self.refresh_list();
    }

    /// Asks one cell now.
    pub(super) fn sweep(&mut self, place: &Place, effects: &mut Vec<Effect>) {
        let Some(profile) = self.profile_of(&place.scope.account) else { return };
        let ticket = self.ticket();
        self.take_over_if_due(place);
        let Some(schedule) = self.schedule.get_mut(place) else { return };
        schedule.in_flight = Some((ticket, self.now));
        // STS may say that it is another account's while the sweep is under way.
        let told = self.place_as_told(place);
        let under_way = SweepUnderWay {
            place: told.clone(),
            began: self.now,
            seen: SeenIds::default(),
            pages: 0,
            part: None,
        };
        self.sweeping.sweeps.insert(ticket, under_way);
        let record_names = match place.service {
            Service::Route53 => self.opening.sites.iter().map(|s| normalise_name(&s.record)).collect(),
            Service::Ec2 | Service::Rds | Service::Elb | Service::ElbV2 => Vec::new(),
        };
        let sweep = Sweep { profile, place: told, record_names, ids: Vec::new() };
        effects.push(Effect::Sweep(ticket, sweep));
    }

    /// Forgets what an account was asked: nobody takes the answers any more.
    pub(super) fn forget_sweeps(&mut self, account: &Account) {
        let (incident, session) = (&self.incident, &self.opening.session);
        self.sweeping
            .sweeps
            .retain(|_, under_way| incident.resolve(session, &under_way.place).scope.account != *account);
        for schedule in
            self.schedule.iter_mut().filter(|(place, _)| place.scope.account == *account).map(|(_, s)| s)
        {
            schedule.in_flight = None;
        }
    }

    /// Asks everything again at the next tick, and what is being asked as soon as that is answered.
    pub(super) fn refresh_all(&mut self) {
        self.schedule.values_mut().for_each(Schedule::ask_now);
        self.probing.all_at_once();
        self.asking.all_at_once();
        self.identifying.all_at_once();
    }

    /// Asks a place again at the next tick.
    pub(super) fn refresh_place(&mut self, place: &Place) {
        if let Some(schedule) = self.schedule.get_mut(place) {
            schedule.ask_now();
        }
    }

    pub(super) fn page(&mut self, ticket: Ticket, page: Page, effects: &mut Vec<Effect>) {
        let Some(under_way) = self.sweeping.sweeps.get_mut(&ticket) else { return };
        let place = self.incident.resolve(&self.opening.session, &under_way.place);
        under_way.pages += 1;
        let (pages, paid) = (under_way.pages, under_way.part.is_some());
        let mut changed = Vec::new();
        for mut resource in page.resources {
            resource.key_mut().place = place.clone();
            under_way.seen.add(resource.key());
            let known = self.incident.rows.get(resource.key());
            // A row remembered under a profile's name is another session's: that we saw it goes on record once, so that
            // it is renamed with ours when the account's number comes.
            let unverified = !place.scope.account.is_verified();
            let (started, session) = (self.started, &self.opening.session);
            let inherited = |seen: &Seen| unverified && seen.changed < started && seen.by != *session;
            let untold = self.sweeping.untold_rows.contains(&place);
            if known.is_none_or(|seen| is_news(&seen.resource, &mut resource) || inherited(seen) || untold) {
                changed.push(resource);
            }
        }
        if !paid {
            self.pay_for_page(&place, pages);
        }
        if !changed.is_empty() {
            self.record(Body::Observed { place, status: None, changed, gone: Vec::new() }, effects);
            self.refresh_list();
        }
    }

    pub(super) fn swept(&mut self, ticket: Ticket, result: Result<(), Fault>, effects: &mut Vec<Effect>) {
        let Some(mut under_way) = self.sweeping.sweeps.remove(&ticket) else { return };
        let place = self.incident.resolve(&self.opening.session, &under_way.place);
        if let Err(error) = &result {
            self.heed(&bucket_of(&place), error);
        }
        let status = match (under_way.part.take(), result) {
            (Some(part), result) => match self.zone_swept(ticket, part, &under_way.seen, result) {
                Some((began, status)) => {
                    under_way.began = began;
                    status
                }
                None => return,
            },
            (None, Err(error)) => {
                if self.ask_by_zone(ticket, &place, &under_way, &error, effects) {
                    return;
                }
                SweepStatus::Failed { error }
            }
            (None, Ok(())) => {
                let span = self.now.duration_since(under_way.began);
                SweepStatus::Ok { latency_ms: u64::try_from(span.as_millis()).unwrap_or_default() }
            }
        };
        self.conclude(&place, &under_way, status, effects);
    }

    /// A sweep is over.
    fn conclude(
        &mut self,
        place: &Place,
        under_way: &SweepUnderWay,
        status: SweepStatus,
        effects: &mut Vec<Effect>,
    ) {
        let failed = || self.schedule.get(place).map_or(1, |s| s.failures + 1);
        let (gone, failures, pause) = match &status {
            // What is not there may be there for the account that it was to be read from.
            SweepStatus::Ok { .. } if self.is_unsure(&place.scope.account) => {
                (Vec::new(), 0, self.pause(place, 0))
            }
            SweepStatus::Ok { .. } => {
                let gone = self
                    .incident
                    .rows_of(place)
                    .filter(|(key, seen)| {
                        // Rows that another cockpit saw appear while we were reading are not ours to remove.
                        let read = under_way.seen.has(key.kind, &key.id);
                        !read && seen.changed <= under_way.began
                    })
                    .map(|(key, _)| format!("{}/{}", key.kind, key.id))
                    .collect();
                (gone, 0, self.pause(place, 0))
            }
            SweepStatus::Failed { .. } => (Vec::new(), failed(), self.pause(place, failed())),
            // What answers has to stay fresh: no back-off.
            SweepStatus::Partial { .. } => {
                (Vec::new(), failed(), self.with_jitter(place, failed(), SWEEP_BY_ZONE_EVERY_S))
            }
        };
        let in_sight = matches!(&status, SweepStatus::Failed { error } if !is_throttled(error))
            .then(|| pause.min(self.with_jitter(place, failures, BACK_OFF_IN_SIGHT_MOST_S)));
        let in_sight = in_sight.map(|pause| self.now + SignedDuration::from_secs(pause));
        let pause = self.now + SignedDuration::from_secs(pause);
        let due = self.due_beside_reader(place).filter(|_| failures == 0).unwrap_or(pause);
        let mut told = None;
        let mut recovered = false;
        if let Some(schedule) = self.schedule.get_mut(place) {
            // What a sweep that broke off would have cost is not known: as before.
            schedule.pages =
                if failures == 0 { under_way.pages } else { schedule.pages.max(under_way.pages) };
            schedule.due = Some(due);
            schedule.due_in_sight = in_sight;
            schedule.in_flight = None;
            if std::mem::take(&mut schedule.wanted_again) {
                schedule.ask_at(None);
            }
            recovered = schedule.failures > 0 && failures == 0;
            schedule.failures = failures;
            told = std::mem::replace(&mut schedule.told, status.fault().cloned());
        }
        if recovered {
            self.ask_neighbours_of(place);
            self.ask_identity_again(place);
        }
        if matches!(status, SweepStatus::Ok { .. }) {
            self.sweeping.untold_rows.remove(place);
        }
        let untold = self.sweeping.untold_status.remove(place);
        let news = untold
            || !gone.is_empty()
            || self.incident.cells.get(place).is_none_or(|cell| match (&cell.status, &status) {
                // Whoever does not read it knows by this alone that it is slow, or is not any more.
                (SweepStatus::Ok { .. }, SweepStatus::Ok { .. }) => {
                    cell.is_slow_after(&status) != cell.is_slow
                }
                (SweepStatus::Failed { error: a }, SweepStatus::Failed { error: b }) => {
                    // Two hosts may fail in different ways: each tells what changed for it.
                    let told = if told.is_some() { told.as_ref() } else { Some(a) };
                    told != Some(b)
                }
                // When a zone was read is told by this alone.
                (
                    SweepStatus::Ok { .. } | SweepStatus::Failed { .. } | SweepStatus::Partial { .. },
                    SweepStatus::Partial { .. },
                )
                | (SweepStatus::Partial { .. }, SweepStatus::Ok { .. } | SweepStatus::Failed { .. })
                | (SweepStatus::Ok { .. }, SweepStatus::Failed { .. })
                | (SweepStatus::Failed { .. }, SweepStatus::Ok { .. }) => true,
            });
        if news {
            let (place, changed) = (place.clone(), Vec::new());
            self.record(Body::Observed { place, status: Some(status), changed, gone }, effects);
        } else {
            self.say_unchanged(place, failures == 0);
            self.touch(place, &status);
        }
        self.count_reading(place, effects);
        self.refresh_list();
    }

    /// After a gap in the log: what went in between is told now, and what is there with the next sweep of each cell, as
    /// it is then. To tell of rows now would make them look fresh.
    pub(super) fn tell_all_again(&mut self, before: &SessionId, since: Timestamp, effects: &mut Vec<Effect>) {
        let places: BTreeSet<Place> =
            self.schedule.keys().map(|place| self.incident.resolve(&self.opening.session, place)).collect();
        for place in &places {
            let gone = self.incident.gone_since(place, before, since);
            if !gone.is_empty() {
                let (place, changed) = (place.clone(), Vec::new());
                self.record(Body::Observed { place, status: None, changed, gone }, effects);
            }
        }
        self.sweeping.untold_rows.clone_from(&places);
        self.sweeping.untold_status = places;
        self.refresh_all();
    }

    /// One service of a region is back: the others of the same account there need not wait out their back-off.
    fn ask_neighbours_of(&mut self, place: &Place) {
        for (other, schedule) in &mut self.schedule {
            let waits = schedule.failures > 0 && schedule.in_flight.is_none() && schedule.left_to.is_none();
            if waits && other.scope == place.scope && !schedule.told.as_ref().is_some_and(is_throttled) {
                schedule.ask_at(schedule.due.map(|due| due.min(self.now)));
            }
        }
    }

    /// Tells the story of every cell that has failed for its minute, when the minute is over and not when the next answer
    /// comes: a back-off may be as long. Whoever asked last tells.
    pub(super) fn tell_failing(&mut self, effects: &mut Vec<Effect>) {
        let (now, own) = (self.now, &self.opening.session);
        let ours = |cell: &Cell| cell.by.as_ref() == Some(own) && cell.last_attempt >= self.started;
        let due = |cell: &Cell| !cell.told && cell.worth_telling(now) && ours(cell);
        let places: Vec<Place> = self
            .incident
            .cells
            .iter()
            .filter(|(_, cell)| due(cell))
            .map(|(place, _)| place.clone())
            .collect();
        for place in places {
            self.record(Body::Failing { place }, effects);
        }
    }

    /// Everything of an account is asked again, and told although it may be what is known.
    pub(super) fn tell_account_again(&mut self, account: &Account) {
        let places = self.schedule.keys().filter(|place| place.scope.account == *account);
        let places: Vec<Place> = places.cloned().collect();
        self.sweeping.untold_rows.extend(places.iter().cloned());
        self.sweeping.untold_status.extend(places);
        self.refresh_all();
    }

    /// A sweep that brought nothing new is not an entry; the heartbeat tells the log about it.
    fn touch(&mut self, place: &Place, status: &SweepStatus) {
        let told = self.place_as_told(place);
        let session = self.opening.session.clone();
        self.incident.touch(&session, &told, self.now, status);
    }

    /// Seconds until a cell is asked again, with up to a quarter of jitter.
    fn pause(&self, place: &Place, failures: u32) -> i64 {
        let base = match (failures, place.service) {
            (0, Service::Route53) => SWEEP_ROUTE53_EVERY_S,
            (0, Service::Ec2 | Service::Rds | Service::Elb | Service::ElbV2) => SWEEP_EVERY_S,
            (n, _) => (BACK_OFF_S << (n - 1).min(8)).min(BACK_OFF_MOST_S),
        };
        self.with_jitter(place, failures, base)
    }

    /// So many seconds, with up to a quarter of jitter.
    fn with_jitter(&self, place: &Place, failures: u32, base: i64) -> i64 {
        base + self.jitter(&format!("{place} {failures}"), base) / 4
    }
}

/// Whether asking sooner would make it worse.
fn is_throttled(fault: &Fault) -> bool {
    matches!(fault, Fault::Throttled { .. })
}

/// Whether a row says something new. A restorable time that moved on is news only by the minute: it moves for ever.
fn is_news(known: &Resource, read: &mut Resource) -> bool {
    match (known, read) {
        (Resource::Instance(a), Resource::Instance(b)) => {
            // The first pages come before the status checks: not knowing is not a change.
            if b.system_status.is_none() {
                b.system_status.clone_from(&a.system_status);
            }
            if b.instance_status.is_none() {
                b.instance_status.clone_from(&a.instance_status);
            }
            a != b
        }
        (Resource::Database(a), Resource::Database(b)) => {
            let minute = |at: Option<Timestamp>| at.map(|t| t.as_second() / 60);
            if minute(a.latest_restorable) == minute(b.latest_restorable) {
                b.latest_restorable = a.latest_restorable;
            }
            a != b
        }
        (a, b) => *a != *b,
    }
}

#[cfg(test)]
mod tests;
