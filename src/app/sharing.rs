//! One reader for each cell, however many cockpits are here: what the others on the logbook read is not asked again.
//!
//! There is no server and no election. A cockpit that reads a cell says so on its strand: what changed at once, what did
//! not in a heartbeat, every few seconds while others are here. Whoever hears that somebody before them in the order read
//! a cell puts their own asking off by more than that one's pause; so it is asked by one, and by the next when the news
//! stops coming. The order: `record` first, then who opened first. Leaving, dying and strands that go on elsewhere hand
//! over at once, one after the other; `silence` has what becomes of readers that are not heard. Whoever only presumes whose
//! its credentials are comes after everybody whom STS told.
//!
//! What does not count as news: what is older than [`NEWS_WITHIN_S`] by our own clock (a clock that is off, a file system
//! that lags), another account, a failure that is about the reader (its credentials, its clock, the way from its host).
//! Then a cockpit asks for itself. Probes and DNS questions are shared among sessions of one host alone: evidence is from
//! where one stands. Refreshing by hand and everything that belongs to an action always asks.
//!
//! Pure; tested with ten cockpits in `tests/sharing.rs`.

use super::budget::bucket_of;
use super::message::Effect;
use super::sweeping::{BACK_OFF_MOST_S, SWEEP_EVERY_S, SWEEP_ROUTE53_EVERY_S};
use super::turns::{AT_REST_S, OUT_OF_VIEW_S, Turn};
use super::{App, LogState};
use crate::incident::Presence;
use crate::incident::cell::{ProbeSubject, SweepStatus};
use crate::incident::entry::{Body, Entry, Mode, SessionId};
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Place, Service};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

/// Seconds between heartbeats of a cockpit that is alone.
const HEARTBEAT_EVERY_S: i64 = 30;
/// Seconds between heartbeats while others are here: what their ages lag behind ours.
const HEARTBEAT_SHARED_EVERY_S: i64 = 5;
/// Seconds for which somebody who wrote is taken to be at work.
const COMPANY_S: i64 = 90;
/// Seconds after which a session that wrote nothing counts for nobody's turn.
const HEARD_S: i64 = 120;
/// Seconds, either way, that news may be off by our own clock.
const NEWS_WITHIN_S: i64 = 10;
/// Seconds that an answer may take before the next in the order asks too.
const ANSWER_S: i64 = 10;
/// Seconds between one in the order and the next, where the news stops coming.
pub(super) const TURN_S: i64 = 3;
/// Seconds between one in the order and the next, where the reader is known to have gone.
const HANDOVER_S: i64 = 5;
/// Places in the order that wait longer than the one before them.
const TURNS: i64 = 6;
/// Seconds after which a cell is asked whoever reads it: before its rows are stale.
const PATIENCE_MOST_S: i64 = 82;
/// Seconds at the start in which the others may tell what they read.
const HUSH_S: i64 = 5;
/// Seconds by which the first in the order comes before the pause of whoever reads in their place.
const LEAD_S: i64 = 3;

/// What the others said, and what was not said to them yet.
#[derive(Debug, Clone, Default)]
pub(super) struct Sharing {
    /// When a cockpit at work was last heard.
    company: Option<Timestamp>,
    /// When each session was last heard, by our clock.
    pub(super) heard: BTreeMap<SessionId, Timestamp>,
    /// Since when we listen without a break, where there was one.
    pub(super) listening: Option<Timestamp>,
    /// Who could not read what, at their last try.
    failed: BTreeSet<(Place, SessionId)>,
    /// Subjects whose next finding of ours is told, so that those after us leave them to us.
    claimed: BTreeSet<ProbeSubject>,
    heartbeat: Option<Timestamp>,
    /// Cells that we read since the last heartbeat, and those that failed as before.
    fresh: BTreeMap<Place, Timestamp>,
    failing: BTreeMap<Place, Timestamp>,
    /// The next heartbeat does not wait.
    urgent: bool,
}

/// A cockpit that is here.
#[derive(Debug, Clone)]
pub(super) struct Member {
    session: SessionId,
    order: Order,
    host: String,
    regions: BTreeSet<String>,
    accounts: BTreeSet<Account>,
    /// Those of them that it only presumes to be its own.
    presumed: BTreeSet<Account>,
}

/// Who comes before whom; the least first.
type Order = (bool, bool, Timestamp, SessionId);

fn order_of(session: &SessionId, presence: &Presence, presumes: bool) -> Order {
    (presumes, presence.mode != Mode::Record, presence.opened, session.clone())
}

impl Member {
    /// Whether they watch a place. Whose accounts theirs are may not be known yet, nor which ours is.
    fn watches(&self, place: &Place) -> bool {
        let region = &place.scope.region;
        let account = &place.scope.account;
        (region.is_global() || self.regions.iter().any(|code| *code == region.0))
            && (!account.is_verified() || self.accounts.is_empty() || self.accounts.contains(account))
    }
}

/// What is told of a cell.
enum News<'a> {
    Read(Timestamp),
    Failed(&'a Fault),
}

impl App {
    // --- who is here ---

    /// The other cockpits that were heard of lately.
    pub(super) fn crew(&self) -> Vec<Member> {
        if !self.opening.shares {
            return Vec::new();
        }
        let is_demo = self.opening.mode == Mode::Demo;
        let incident = &self.incident;
        let others = incident.sessions.iter().filter(|(session, presence)| {
            **session != self.opening.session
                && presence.left.is_none()
                && (presence.mode == Mode::Demo) == is_demo
                && self.now.duration_since(presence.last_heard).as_secs().abs() <= HEARD_S
        });
        others
            .map(|(session, presence)| Member {
                session: session.clone(),
                order: order_of(session, presence, incident.presumes(session)),
                host: presence.actor.host.clone(),
                regions: presence.regions.iter().cloned().collect(),
                accounts: incident.accounts_of(session).cloned().collect(),
                presumed: incident
                    .accounts_of(session)
                    .filter(|account| incident.presumption(session, account).is_some())
                    .cloned()
                    .collect(),
            })
            .collect()
    }

    fn own_order(&self) -> Order {
        let session = &self.opening.session;
        // Whose logbook refuses is heard by nobody.
        if self.log != LogState::Writing {
            return (true, true, Timestamp::MAX, session.clone());
        }
        self.incident.sessions.get(session).map_or_else(
            || (self.presumes(), self.opening.mode != Mode::Record, self.started, session.clone()),
            |presence| order_of(session, presence, self.presumes()),
        )
    }

    /// How many come before us at a place.
    pub(super) fn rank(&self, crew: &[Member], place: &Place) -> i64 {
        let (own, we_failed) = (self.own_order(), self.failed_at(place));
        let before = crew.iter().filter(|member| {
            (we_failed || member.order < own)
                && member.watches(place)
                && !self.sharing.failed.contains(&(place.clone(), member.session.clone()))
        });
        i64::try_from(before.count()).unwrap_or(TURNS).min(TURNS)
    }

    fn failed_at(&self, place: &Place) -> bool {
        self.schedule.get(place).is_some_and(|schedule| schedule.failures > 0)
    }

    /// Who reads a place instead of us; `None` if we do.
    #[must_use]
    pub fn left_to(&self, place: &Place) -> Option<&SessionId> {
        self.schedule.get(place)?.left_to.as_ref()
    }

    /// The word for whoever reads a place instead of us, with their host where it is another.
    #[must_use]
    pub fn reader(&self, place: &Place) -> Option<String> {
        let presence = self.incident.sessions.get(self.left_to(place)?)?;
        let (who, host) = (presence.who(), &presence.actor.host);
        Some(if *host == self.opening.actor.host { who.to_owned() } else { format!("{who}@{host}") })
    }

    /// Whether whoever reads a place instead of us is another cockpit of the same user on the same host.
    #[must_use]
    pub fn is_read_by_us_elsewhere(&self, place: &Place) -> bool {
        let presence = self.left_to(place).and_then(|session| self.incident.sessions.get(session));
        presence.is_some_and(|presence| {
            let (theirs, ours) = (&presence.actor, &self.opening.actor);
            presence.mode != Mode::Record && theirs.user == ours.user && theirs.host == ours.host
        })
    }

    // --- how long we wait for them ---

    /// Seconds after somebody's reading of a place until we ask, if nothing more is heard of it.
    fn patience(&self, crew: &[Member], place: &Place) -> i64 {
        // What whoever reads it looks at, and what is done there, is not known here: it may wait for either.
        let waits = match place.service {
            _ if self.waits_out_of_view(place) => OUT_OF_VIEW_S,
            Service::Rds => AT_REST_S,
            Service::Ec2 | Service::Elb | Service::ElbV2 | Service::Route53 => 0,
        };
        let pause = usual_pause(place.service) * 5 / 4 + waits;
        let turn = TURN_S * self.rank(crew, place);
        (pause + HEARTBEAT_SHARED_EVERY_S + ANSWER_S + turn).min(PATIENCE_MOST_S)
    }

    /// The same after a failing that is ours as much as theirs.
    fn patience_failing(&self, crew: &[Member], place: &Place) -> i64 {
        BACK_OFF_MOST_S * 5 / 4 + HEARTBEAT_SHARED_EVERY_S + ANSWER_S + TURN_S * self.rank(crew, place)
    }

    /// When a place that is left to another is asked all the same: what the operator has selected does not get older than
    /// two pauses.
    pub(super) fn impatient(&self, place: &Place, turn: Turn, due: Timestamp) -> Timestamp {
        let left = self.schedule.get(place).is_some_and(|schedule| schedule.left_to.is_some());
        let last_ok =
            self.incident.cells.get(place).filter(|cell| cell.is_ok()).and_then(|cell| cell.last_ok);
        match (turn, last_ok) {
            (Turn::Selected, Some(at)) if left => {
                due.min(at + SignedDuration::from_secs(2 * usual_pause(place.service)))
            }
            (Turn::Selected | Turn::Visible | Turn::Screen | Turn::Other, _) => due,
        }
    }

    // --- at the start ---

    /// Leaves what others read to them, for as long as they tell of it: all places, or those of an account whose number
    /// has just become known.
    pub(super) fn leave_to_others(&mut self, account: Option<&Account>) {
        let crew = self.crew();
        let (now, own, started) = (self.now, self.own_order(), self.started);
        let host = self.opening.actor.host.clone();
        let hush = started + SignedDuration::from_secs(HUSH_S);
        let places: Vec<Place> = self.schedule.keys().cloned().collect();
        for place in places.into_iter().filter(|place| account.is_none_or(|a| place.scope.account == *a)) {
            let untouched = self.schedule.get(&place).is_some_and(|s| s.in_flight.is_none() && s.pages == 0);
            if !untouched || self.failed_at(&place) {
                continue;
            }
            let here: Vec<&Member> = crew.iter().filter(|member| member.watches(&place)).collect();
            let first = here.iter().min_by_key(|member| &member.order);
            let Some(first) = first else {
                self.assign(&place, None, None);
                continue;
            };
            let reader = self.incident.cells.get(&place).and_then(|cell| {
                let member = here.iter().find(|member| Some(&member.session) == cell.by.as_ref())?;
                Some((member, cell))
            });
            let after = SignedDuration::from_secs;
            let turn = after(TURN_S * self.rank(&crew, &place));
            let (left_to, due) = match reader {
                Some((member, cell)) => match &cell.status {
                    SweepStatus::Ok { .. } if member.order < own => {
                        let due = cell.last_attempt + after(self.patience(&crew, &place));
                        (Some(member.session.clone()), due.max(hush + turn))
                    }
                    SweepStatus::Ok { .. } => {
                        (None, cell.last_attempt + after(usual_pause(place.service) - LEAD_S))
                    }
                    SweepStatus::Failed { error } | SweepStatus::Partial { error, .. }
                        if error.is_theirs() && member.host == host && member.order < own =>
                    {
                        let due = cell.last_attempt + after(self.patience_failing(&crew, &place));
                        (Some(member.session.clone()), due.max(hush + turn))
                    }
                    SweepStatus::Failed { .. } | SweepStatus::Partial { .. } => (None, now),
                },
                None => ((first.order < own).then(|| first.session.clone()), hush + turn),
            };
            self.assign(&place, left_to, Some(due));
        }
    }

    fn assign(&mut self, place: &Place, to: Option<SessionId>, due: Option<Timestamp>) {
        if let Some(schedule) = self.schedule.get_mut(place) {
            schedule.left_to = to;
            schedule.ask_at(due);
        }
    }

    // --- what the others say ---

    /// Takes in what entries of others say about who reads what. They are folded already.
    pub(super) fn heed_others(&mut self, entries: &[Entry]) {
        if !self.opening.shares {
            return;
        }
        let crew = self.crew();
        for entry in entries {
            self.heed_parting(entry);
            let timely = self.now.duration_since(entry.ts).as_secs().abs() <= NEWS_WITHIN_S;
            if timely {
                self.sharing.heard.insert(entry.session.clone(), self.now);
            }
            let Some(member) = crew.iter().find(|member| member.session == entry.session) else { continue };
            if timely {
                self.heed_news(&crew, member, entry);
            }
        }
    }

    fn heed_parting(&mut self, entry: &Entry) {
        if matches!(entry.body, Body::Left { .. }) {
            self.readers_left(std::slice::from_ref(&entry.session));
        }
        if let Body::Reopened { before, .. } = &entry.body {
            self.readers_left(std::slice::from_ref(before));
        }
        if let Body::Opened { continues, .. } = &entry.body {
            // Whoever opens reads what we told: they wait for it.
            self.sharing.urgent = true;
            for schedule in self.schedule.values_mut() {
                if continues.is_some() && schedule.left_to == *continues {
                    schedule.left_to = Some(entry.session.clone());
                }
            }
        }
    }

    fn heed_news(&mut self, crew: &[Member], member: &Member, entry: &Entry) {
        if matches!(
            entry.body,
            Body::Identified { .. } | Body::Presumed { .. } | Body::Observed { .. } | Body::Heartbeat { .. }
        ) {
            self.sharing.company = Some(self.now);
        }
        if let Body::Observed { place, status: Some(status), .. } = &entry.body {
            let news = match status {
                SweepStatus::Ok { .. } => News::Read(entry.ts),
                SweepStatus::Failed { error } | SweepStatus::Partial { error, .. } => News::Failed(error),
            };
            self.heed_cell(crew, member, place, &news);
        }
        if let Body::Heartbeat { fresh, failing } = &entry.body {
            for (place, at) in fresh {
                self.heed_cell(crew, member, place, &News::Read(*at));
            }
            for place in failing.keys() {
                let resolved = self.incident.resolve(&member.session, place);
                let fault = self.incident.cells.get(&resolved).and_then(|cell| cell.fault()).cloned();
                if let Some(fault) = fault {
                    self.heed_cell(crew, member, place, &News::Failed(&fault));
                }
            }
        }
        // They do not know what we found and did not write down again: the next findings are told.
        if matches!(entry.body, Body::Opened { .. })
            && member.host == self.opening.actor.host
            && self.own_order() < member.order
        {
            self.sharing.claimed.extend(self.incident.probes.keys().cloned());
        }
        if let Body::Probed { subject, .. } = &entry.body
            && member.host == self.opening.actor.host
        {
            self.sharing.company = Some(self.now);
            if member.order < self.own_order() {
                let turn = TURN_S * self.rank_here(crew);
                self.leave_subject(subject, &member.session, turn);
            } else {
                self.sharing.claimed.insert(subject.clone());
            }
        }
    }

    fn heed_cell(&mut self, crew: &[Member], member: &Member, place: &Place, news: &News<'_>) {
        let place = self.incident.resolve(&member.session, place);
        if !place.scope.account.is_verified() || !self.schedule.contains_key(&place) {
            return;
        }
        // What is read by a presumption may be another account's: whoever knows better goes by it in nothing.
        let account = &place.scope.account;
        if member.presumed.contains(account) && self.presumption(account).is_none() {
            return;
        }
        let (now, own) = (self.now, self.own_order());
        let same_host = member.host == self.opening.actor.host;
        let key = (place.clone(), member.session.clone());
        let follows = match news {
            News::Read(at) => {
                self.sharing.failed.remove(&key);
                let before = member.order < own || self.failed_at(&place);
                before.then(|| (*at).min(now) + SignedDuration::from_secs(self.patience(crew, &place)))
            }
            News::Failed(fault) => {
                let throttled = matches!(fault, Fault::Throttled { .. });
                if throttled {
                    self.heed(&bucket_of(&place), fault);
                }
                let ours_too = throttled || (fault.is_theirs() && same_host);
                if !ours_too {
                    self.sharing.failed.insert(key);
                }
                (ours_too && member.order < own)
                    .then(|| now + SignedDuration::from_secs(self.patience_failing(crew, &place)))
            }
        };
        let handover = now + SignedDuration::from_secs(HANDOVER_S * self.rank(crew, &place));
        let Some(schedule) = self.schedule.get_mut(&place) else { return };
        let was_theirs = schedule.left_to.as_ref() == Some(&member.session);
        match (follows, news) {
            (Some(due), News::Read(_) | News::Failed(_)) => {
                schedule.left_to = Some(member.session.clone());
                // What was to be asked at once is asked all the same.
                schedule.ask_at(schedule.due.map(|_| due));
            }
            // Read in our place by somebody after us: it is fresh, and it is ours the next time.
            (None, News::Read(at)) if schedule.left_to.is_none() => {
                let next = *at + SignedDuration::from_secs(usual_pause(place.service) - LEAD_S);
                schedule.ask_at(schedule.due.map(|due| due.max(next)));
            }
            (None, News::Failed(_)) if was_theirs => {
                schedule.left_to = None;
                schedule.ask_at(Some(handover));
            }
            (None, News::Read(_) | News::Failed(_)) => {}
        }
    }

    /// Sessions that are gone read nothing any more: the next in the order goes on.
    pub(super) fn readers_left(&mut self, sessions: &[SessionId]) {
        let crew = self.crew();
        self.sharing.failed.retain(|(_, session)| !sessions.contains(session));
        self.sharing.heard.retain(|session, _| !sessions.contains(session));
        let theirs = |left_to: &Option<SessionId>| left_to.as_ref().is_some_and(|s| sessions.contains(s));
        let places: Vec<Place> = self
            .schedule
            .iter()
            .filter(|(_, schedule)| theirs(&schedule.left_to))
            .map(|(place, _)| place.clone())
            .collect();
        for place in places {
            let due = self.now + SignedDuration::from_secs(HANDOVER_S * self.rank(&crew, &place));
            self.assign(&place, None, Some(due));
        }
        if self.rank_here(&crew) == 0 {
            self.take_back_evidence(&sessions.iter().cloned().collect());
        }
    }

    /// How many of our host come before us.
    pub(super) fn rank_here(&self, crew: &[Member]) -> i64 {
        let own = self.own_order();
        let before = crew.iter().filter(|m| m.order < own && m.host == self.opening.actor.host);
        i64::try_from(before.count()).unwrap_or(TURNS).min(TURNS)
    }

    /// Whether a finding of ours is told although it is no news, so that others leave the subject to us.
    pub(super) fn take_claim(&mut self, subject: &ProbeSubject) -> bool {
        self.sharing.claimed.remove(subject)
    }

    // --- what we say to them ---

    /// Somebody is about to be asked: if the patience with whoever read it is over, it is ours from now on.
    pub(super) fn take_over_if_due(&mut self, place: &Place) {
        let now = self.now;
        if let Some(schedule) = self.schedule.get_mut(place)
            && schedule.due.is_some_and(|due| due <= now)
        {
            schedule.left_to = None;
        }
    }

    /// Keeps a sweep of ours that brought nothing new for the next heartbeat.
    pub(super) fn say_unchanged(&mut self, place: &Place, ok: bool) {
        let known = self.incident.cells.get(place).and_then(|cell| cell.by.as_ref());
        // Others wait for the news of whoever took a cell over.
        self.sharing.urgent |= known.is_some_and(|by| *by != self.opening.session);
        let (said, other) = if ok {
            (&mut self.sharing.fresh, &mut self.sharing.failing)
        } else {
            (&mut self.sharing.failing, &mut self.sharing.fresh)
        };
        said.insert(place.clone(), self.now);
        other.remove(place);
    }

    /// When we ask next what another reads and we have just asked all the same.
    pub(super) fn due_beside_reader(&self, place: &Place) -> Option<Timestamp> {
        self.left_to(place)?;
        Some(self.now + SignedDuration::from_secs(self.patience(&self.crew(), place)))
    }

    /// Tells the log, now and then, what was read and did not change: replays show it as fresh, and others leave it to us.
    pub(super) fn heartbeat(&mut self, effects: &mut Vec<Effect>) {
        let last = *self.sharing.heartbeat.get_or_insert(self.now);
        let since = self.now.duration_since(last).as_secs();
        let company =
            self.sharing.company.is_some_and(|at| self.now.duration_since(at).as_secs() <= COMPANY_S);
        let something = !self.sharing.fresh.is_empty() || !self.sharing.failing.is_empty();
        let urgent = self.sharing.urgent && something;
        // Others are told by it that we are there and that our disk takes lines; or we want to know that ourselves.
        let reads = self.schedule.values().any(|schedule| schedule.left_to.is_none());
        let soon = company && (something || reads) || self.doubts_a_reader();
        let every = if soon { HEARTBEAT_SHARED_EVERY_S } else { HEARTBEAT_EVERY_S };
        if urgent || since >= every {
            self.sharing.heartbeat = Some(self.now);
            self.sharing.urgent = false;
            let fresh = std::mem::take(&mut self.sharing.fresh);
            let failing = std::mem::take(&mut self.sharing.failing);
            self.record(Body::Heartbeat { fresh, failing }, effects);
        }
    }
}

/// Seconds between two sweeps of a service that answers, without jitter.
pub(super) fn usual_pause(service: Service) -> i64 {
    match service {
        Service::Route53 => SWEEP_ROUTE53_EVERY_S,
        Service::Ec2 | Service::Rds | Service::Elb | Service::ElbV2 => SWEEP_EVERY_S,
    }
}
