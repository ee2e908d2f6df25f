//! Several cockpits on one simulated world and one logbook, under virtual time: who sees whose moves when, who calls
//! what, what is on disk. No thread, no runtime, no wall clock.

use blackstart::app::keys::{Key, KeySequence};
use blackstart::app::message::{Effect, Message, Stamped};
use blackstart::app::{App, Opening};
use blackstart::cloud::sim::{Scenario, World};
use blackstart::incident::cell::{Evidence, ProbeSubject, Verdict};
use blackstart::incident::entry::{Actor, Body, Entry, Mode, SessionId};
use blackstart::incident::fault::Fault;
use blackstart::incident::hash::PlanHash;
use blackstart::incident::operation::Standing;
use blackstart::incident::place::{Profile, Region};
use blackstart::incident::request::{Call, Query, Reply, Request};
use blackstart::incident::resource::RecordSet;
use blackstart::settings::Settings;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// What a cockpit of this user is told at its start.
pub fn opening(scenario: &Scenario, user: &str, mode: Mode, at: Timestamp) -> Opening {
    let stamp = at.strftime("%Y%m%dT%H%M%SZ");
    Opening {
        estate: scenario.estate.name.clone(),
        regions: scenario.estate.regions.iter().map(|code| Region::new(code)).collect(),
        profiles: scenario.estate.profiles.iter().cloned().map(Profile).collect(),
        sites: scenario.sites.clone(),
        keymap: Settings::shipped().keymap,
        mode,
        session: SessionId(format!("{stamp}-{user}@jump-1-4242")),
        actor: Actor {
            user: user.into(),
            uid: 1000,
            host: "jump-1".into(),
            ssh_client: Some("198.51.100.7".into()),
            aws: None,
        },
        pid: 4242,
        logbook: Some("/var/lib/blackstart".into()),
        logbook_fault: None,
        complaints: Vec::new(),
        looks_only: false,
        command: None,
        shares: true,
        jitter: "seed".into(),
        speed: 1.0,
        breakages: Vec::new(),
        two_operators: false,
        dns: blackstart::incident::dns::DnsServers::default(),
        probes: blackstart::incident::probe::ProbeChoices::default(),
    }
}

/// A shipped scenario with more events after its own.
pub fn scenario(name: &str, more: &str) -> Scenario {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let text = std::fs::read_to_string(root.join(format!("{name}.toml"))).unwrap();
    Scenario::parse(name, &format!("{text}\n{more}")).unwrap_or_else(|error| panic!("{error}"))
}

/// Keys in the keymap's notation for a text as people type it.
pub fn typed(text: &str) -> Vec<Key> {
    text.chars().map(Key::char).collect()
}

/// One cockpit of the crew.
pub struct Seat {
    pub app: App,
    /// What is on disk, in order.
    pub disk: Vec<Entry>,
    /// The kind of entry at which its disk begins to refuse.
    pub disk_refuses: Option<&'static str>,
    /// Everything it asked for, in order.
    pub effects: Vec<(Timestamp, Effect)>,
    /// Calls of it that reached the world.
    pub calls: Vec<(Timestamp, Call)>,
    broken: bool,
    gone: bool,
}

/// Cockpits, a world and the time.
pub struct Crew {
    pub world: World,
    pub seats: Vec<Seat>,
    /// How long an entry takes from one disk to the other screens.
    pub delay: SignedDuration,
    /// What a DNS server answers instead of the world's answer, by its name, or by `name@server`.
    pub dns: BTreeMap<String, Evidence>,
    /// What every sweep of a region ends in for one cockpit, whatever the world says.
    pub faults: BTreeMap<(usize, Region), Fault>,
    /// No DNS server answers from here.
    pub dns_blocked: bool,
    /// No DNS question ever comes back at all.
    pub dns_lost: bool,
    pub now: Timestamp,
    origin: Timestamp,
    queue: BTreeMap<(Timestamp, u64), (usize, Message)>,
    counter: u64,
    next_tick: Timestamp,
    /// Seconds between ticks: coarser where hours go by.
    step: i64,
}

/// Seconds between ticks while somebody works.
const FINE_S: i64 = 1;
/// Seconds between ticks while nobody does.
const COARSE_S: i64 = 5;

impl Crew {
    /// Nobody yet, at the scenario's start.
    pub fn on(scenario: Scenario) -> Self {
        let seed = scenario.seed;
        let start = scenario.start;
        Self {
            world: World::new(scenario, seed),
            seats: Vec::new(),
            delay: SignedDuration::from_millis(400),
            dns: BTreeMap::new(),
            faults: BTreeMap::new(),
            dns_blocked: false,
            dns_lost: false,
            now: start,
            origin: start,
            queue: BTreeMap::new(),
            counter: 0,
            next_tick: start + SignedDuration::from_secs(FINE_S),
            step: FINE_S,
        }
    }

    /// A crew of one on a shipped scenario, once everything was read.
    pub fn alone(name: &str) -> Self {
        let mut crew = Self::on(scenario(name, ""));
        crew.sit("adam", Mode::Demo);
        crew.run_for(20);
        crew
    }

    /// Somebody opens a cockpit on what is on the disks.
    pub fn sit(&mut self, user: &str, mode: Mode) -> usize {
        let opening = opening(self.world.scenario(), user, mode, self.now);
        self.sit_with(opening)
    }

    pub fn sit_with(&mut self, opening: Opening) -> usize {
        let mut app = App::new(opening, self.now);
        let mut known: Vec<Entry> = self.seats.iter().flat_map(|seat| seat.disk.clone()).collect();
        known.sort_by(|a, b| (a.ts, &a.session, a.seq).cmp(&(b.ts, &b.session, b.seq)));
        app.remember(&known);
        self.seats.push(Seat {
            app,
            disk: Vec::new(),
            disk_refuses: None,
            effects: Vec::new(),
            calls: Vec::new(),
            broken: false,
            gone: false,
        });
        let seat = self.seats.len() - 1;
        self.take(seat, Message::Start);
        seat
    }

    /// The process is killed: nothing more is written, nothing more arrives. What was sent is on its way.
    pub fn kill(&mut self, seat: usize) {
        self.seats[seat].gone = true;
    }

    /// From now on this disk takes no line.
    pub fn fill_disk_of(&mut self, seat: usize) {
        self.seats[seat].broken = true;
    }

    /// From now on it takes lines again, in a new strand.
    pub fn free_disk_of(&mut self, seat: usize) {
        self.seats[seat].broken = false;
        let reopened = self.seats[seat].effects.iter().rev().find_map(|(_, effect)| match effect {
            Effect::Reopen(session) => Some(session.clone()),
            _ => None,
        });
        self.take(seat, Message::Reopened(Ok(reopened.expect("a new strand was asked for"))));
    }

    /// The others' roll call finds a process gone: the kernel dropped its lock.
    pub fn call_roll(&mut self, gone: usize) {
        let session = self.seats[gone].app.opening.session.clone();
        for seat in 0..self.seats.len() {
            self.take(seat, Message::Gone(vec![session.clone()]));
        }
    }

    pub fn run_for(&mut self, seconds: i64) {
        let until = self.now + SignedDuration::from_secs(seconds);
        self.run_until(until);
    }

    /// To a later moment, as if nobody had been there in between.
    pub fn leap_to(&mut self, at: Timestamp) {
        self.now = at;
        self.next_tick = at + SignedDuration::from_secs(self.step);
    }

    pub fn run_until(&mut self, until: Timestamp) {
        loop {
            let next = self.queue.keys().next().map(|(at, _)| *at);
            if let Some(at) = next
                && at <= until
                && at <= self.next_tick
            {
                if let Some((_, (seat, message))) = self.queue.pop_first() {
                    self.now = self.now.max(at);
                    self.take(seat, message);
                }
            } else if self.next_tick <= until {
                self.now = self.next_tick;
                self.next_tick += SignedDuration::from_secs(self.step);
                for seat in 0..self.seats.len() {
                    self.take(seat, Message::Tick);
                }
            } else {
                break;
            }
        }
        self.now = self.now.max(until);
    }

    /// To so many minutes after the scenario's start.
    pub fn at_minute(&mut self, minute: i64) {
        self.step = COARSE_S;
        self.run_until(self.origin + SignedDuration::from_mins(minute) - SignedDuration::from_secs(COARSE_S));
        self.step = FINE_S;
        self.run_until(self.origin + SignedDuration::from_mins(minute));
    }

    pub fn wait_until(&mut self, seconds: i64, mut holds: impl FnMut(&Self) -> bool) -> bool {
        let (began, mut held) = (self.now, holds(self));
        while !held && self.now.duration_since(began).as_secs() < seconds {
            self.step = if self.now.duration_since(began).as_secs() < 300 { FINE_S } else { COARSE_S };
            self.run_for(self.step);
            held = holds(self);
        }
        self.step = FINE_S;
        held
    }

    pub fn press(&mut self, seat: usize, keys: &str) {
        let sequence: KeySequence = keys.parse().unwrap_or_else(|error| panic!("{keys}: {error}"));
        for key in sequence.0 {
            self.take(seat, Message::Key(key));
        }
    }

    pub fn type_in(&mut self, seat: usize, text: &str) {
        for key in typed(text) {
            self.take(seat, Message::Key(key));
        }
    }

    pub fn take(&mut self, seat: usize, message: Message) {
        if self.seats[seat].gone {
            return;
        }
        let mono_ms = u64::try_from(self.now.duration_since(self.origin).as_millis()).unwrap();
        let stamped = Stamped { at: self.now, mono_ms, message };
        for effect in self.seats[seat].app.update(stamped) {
            self.seats[seat].effects.push((self.now, effect.clone()));
            self.perform(seat, effect);
        }
    }

    fn perform(&mut self, seat: usize, effect: Effect) {
        let now = self.now;
        match effect {
            Effect::Sweep(ticket, sweep) => {
                let fault = self.faults.get(&(seat, sweep.place.scope.region.clone())).cloned();
                let profile = sweep.profile.clone();
                let (reply, latency) = self.world.answer(now, &Request::Sweep(sweep));
                let access = self.world.access(now, &profile);
                self.later(seat, latency, Message::Access(profile, access));
                if let Some(fault) = fault {
                    self.later(seat, latency, Message::Swept(ticket, Err(fault)));
                    return;
                }
                let Reply::Swept { pages, end } = reply else { panic!("not a sweep's reply") };
                for page in pages {
                    self.later(seat, latency, Message::Page(ticket, page));
                }
                self.later(seat, latency, Message::Swept(ticket, end));
            }
            Effect::Ask(ticket, profile, query) => {
                let (reply, latency) = self.world.answer(now, &Request::Ask { profile, query });
                let Reply::Answered(result) = reply else { panic!("not a query's reply") };
                self.later(seat, latency, Message::Answered(ticket, result));
            }
            Effect::Perform(ticket, profile, call) => {
                self.seats[seat].calls.push((now, (*call).clone()));
                let (reply, latency) = self.world.answer(now, &Request::Perform { profile, call });
                let Reply::Performed(result) = reply else { panic!("not a call's reply") };
                self.later(seat, latency, Message::Performed(ticket, result));
            }
            Effect::Probe(ticket, probe) => {
                let subject = probe.subject.clone();
                let (reply, latency) = self.world.answer(now, &Request::Probe(probe));
                let Reply::Probed(mut evidence) = reply else { panic!("not a probe's reply") };
                if let ProbeSubject::Dns(asked) = &subject {
                    if self.dns_lost {
                        return;
                    }
                    if self.dns_blocked {
                        evidence = Evidence::new(Verdict::TimedOut, "no answer", 4_000);
                    }
                    if let Some(other) = self.dns.get(&asked.server).or(self.dns.get(&asked.to_string())) {
                        evidence = other.clone();
                    }
                }
                self.later(seat, latency, Message::Probed(ticket, evidence));
            }
            Effect::Record(entry) => {
                let it = &mut self.seats[seat];
                it.broken = it.broken || it.disk_refuses == Some(entry.body.kind());
                if it.broken {
                    self.later(seat, std::time::Duration::ZERO, Message::RecordFailed("disk full".into()));
                    return;
                }
                it.disk.push((*entry).clone());
                self.later(seat, std::time::Duration::from_millis(2), Message::Recorded(entry.seq));
                let at = self.now + self.delay;
                for other in (0..self.seats.len()).filter(|other| *other != seat) {
                    self.counter += 1;
                    let news = (other, Message::Others(vec![(*entry).clone()]));
                    self.queue.insert((at, self.counter), news);
                }
            }
            Effect::Copy(_) | Effect::Reopen(_) | Effect::Continue(_) | Effect::Suspend | Effect::Quit => {}
        }
    }

    fn later(&mut self, seat: usize, latency: std::time::Duration, message: Message) {
        let at = self.now + SignedDuration::try_from(latency).unwrap();
        let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap();
        self.counter += 1;
        self.queue.insert((at, self.counter), (seat, message));
    }

    // --- what an operator does ---

    /// Presses keys until a plan is on the screen, as often as it takes: in an outage a plan's readings fail too.
    pub fn insist(&mut self, seat: usize, keys: &str) -> PlanHash {
        let mut said = Vec::new();
        for _ in 0..40 {
            self.press(seat, keys);
            self.wait_until(60, |crew| {
                crew.seats[seat].app.dialog().is_none_or(|dialog| {
                    !matches!(dialog.planning, blackstart::app::Planning::Gathering { .. })
                })
            });
            if let Some(plan) = self.seats[seat].app.ready_plan() {
                return plan.hash.clone();
            }
            said.push(format!("{:?}", self.seats[seat].app.dialog().map(|dialog| &dialog.planning)));
            while !self.seats[seat].app.overlays.is_empty() {
                self.press(seat, "<esc>");
            }
            self.run_for(13);
        }
        panic!("no plan after {keys}: {said:#?}\n{:?}", self.seats[seat].app.notices);
    }

    /// Confirms the plan on the screen as its risk asks for.
    pub fn confirm(&mut self, seat: usize) {
        let plan = self.seats[seat].app.ready_plan().expect("a plan on the screen").clone();
        if plan.risk > blackstart::incident::plan::Risk::Reversible {
            self.type_in(seat, &plan.confirm);
            self.press(seat, "<enter>");
        } else {
            self.press(seat, "y");
        }
    }

    /// From keys to the end of the operation.
    pub fn act(&mut self, seat: usize, keys: &str, seconds: i64) -> (PlanHash, Standing) {
        let hash = self.insist(seat, keys);
        self.confirm(seat);
        let ended = self.wait_until(seconds, |crew| crew.seats[seat].app.ended(&hash).is_some());
        assert!(ended, "still under way: {:?}", self.seats[seat].app.executions.get(&hash).map(|e| &e.phase));
        while !self.seats[seat].app.overlays.is_empty() {
            self.press(seat, "<esc>");
        }
        (hash.clone(), self.standing(seat, &hash))
    }

    // --- what there is to see ---

    pub fn standing(&self, seat: usize, plan: &PlanHash) -> Standing {
        let incident = &self.seats[seat].app.incident;
        incident.operations[plan].standing(incident)
    }

    /// The story as one cockpit tells it.
    pub fn story(&self, seat: usize) -> Vec<String> {
        let story = &self.seats[seat].app.incident.story;
        story.iter().map(|event| format!("{} {} {}", event.ts, event.who, event.text)).collect()
    }

    pub fn told(&self, seat: usize, words: &str) -> bool {
        self.story(seat).iter().any(|line| line.contains(words))
    }

    /// What the world's DNS has at a name: read past every cockpit, until it answers.
    pub fn records(&mut self, zone: &str, name: &str) -> Vec<RecordSet> {
        let profile = Profile(self.world.scenario().estate.profiles[0].clone());
        let account = blackstart::incident::place::Account::unverified(&profile);
        let scope = blackstart::incident::place::Scope::new(account, Region::global());
        let query = Query::Records { scope, zone: format!("{zone}."), name: format!("{name}.") };
        let request = Request::Ask { profile, query };
        let mut world = self.world.clone();
        for second in 0..120 {
            let (reply, _) = world.answer(self.now + SignedDuration::from_secs(second), &request);
            if let Reply::Answered(Ok(blackstart::incident::request::Answer::Records { records, .. })) = reply
            {
                return records
                    .into_iter()
                    .filter(|r| matches!(r.record_type.as_str(), "A" | "AAAA"))
                    .collect();
            }
        }
        panic!("route 53 does not answer");
    }

    /// Where a name points, in a word or two: `203.0.113.10 (60s)`, `alias web-…`.
    pub fn points_to(&mut self, zone: &str, name: &str) -> String {
        self.records(zone, name).first().map_or_else(|| "nowhere".into(), RecordSet::points_to)
    }

    /// Kinds of the entries of a plan on a seat's disk, in order.
    pub fn kinds_of(&self, seat: usize, plan: &PlanHash) -> Vec<&'static str> {
        self.seats[seat]
            .disk
            .iter()
            .filter(|e| plan_of(&e.body) == Some(plan))
            .map(|e| e.body.kind())
            .collect()
    }
}

/// The plan that an entry is about.
pub fn plan_of(body: &Body) -> Option<&PlanHash> {
    match body {
        Body::Proposed { plan } => Some(&plan.hash),
        Body::Approved { plan }
        | Body::Vetoed { plan, .. }
        | Body::Confirmed { plan, .. }
        | Body::Intent { plan, .. }
        | Body::Outcome { plan, .. }
        | Body::Verified { plan, .. }
        | Body::InSync { plan, .. }
        | Body::Finished { plan, .. }
        | Body::Settled { plan, .. }
        | Body::Undone { plan, .. } => Some(plan),
        Body::Opened { .. }
        | Body::Left { .. }
        | Body::Identified { .. }
        | Body::Presumed { .. }
        | Body::Unidentified { .. }
        | Body::Observed { .. }
        | Body::Heartbeat { .. }
        | Body::Failing { .. }
        | Body::Flapping { .. }
        | Body::Probed { .. }
        | Body::Disagreement { .. }
        | Body::Disagreements { .. }
        | Body::Declared { .. }
        | Body::Closed { .. }
        | Body::Note { .. }
        | Body::Refused { .. }
        | Body::Recovered { .. }
        | Body::Reopened { .. }
        | Body::Clock { .. }
        | Body::Credentials { .. }
        | Body::Skew { .. } => None,
    }
}
