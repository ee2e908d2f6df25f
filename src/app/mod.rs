//! What happens next: the state of one cockpit, and the one function that changes it.
//!
//! `App::update(Stamped) -> Vec<Effect>` turns what arrived into a new state and a list of things to do, and does none
//! of them. It reads no clock, no disk and no network; `run` does. Imports `incident` only.
//!
//! Reads in this order: [`message`] (what comes in and goes out), [`commands`] and [`keys`] (what an operator can
//! type), `sweeping`, `flapping`, `sharing`, `silence`, `turns`, `budget`, `probing`, [`propagation`] and `identifying` (what is
//! asked when, and by whom), `acting` (from an action to a confirmed plan), `executing` (from a
//! confirmed plan to a verified effect), `settling` (what became of a call without an answer), `alive` (leaving, a logbook that refuses, a clock that jumps), `recording` (without a screen), `looking` (once),
//! `input` (keys), [`table`] (rows as text), `replaying`.

mod access;
mod acting;
mod alive;
mod budget;
mod checking;
mod choosing;
pub mod commands;
mod executing;
mod flapping;
mod identifying;
mod input;
pub mod keys;
mod looking;
pub mod message;
mod probing;
pub mod propagation;
mod recording;
mod replaying;
mod restore_points;
mod settling;
mod sharing;
mod silence;
mod sites;
mod sweeping;
pub mod table;
mod turns;
mod zones;

pub use access::{CredentialsLeft, Urgency};
pub use acting::{Dialog, Focus, Planning};
pub use budget::Slowed;
pub use executing::{Execution, Next, Phase};
pub use identifying::Standing as AccountStanding;
pub use input::{Choice, Overlay, Picker, Purpose};
pub use recording::Freshness;
pub use replaying::{Recording, Replay};
pub use restore_points::RestorePoint;
pub use sites::Readiness;
pub use sweeping::Schedule;
pub use table::ListView;
pub use turns::NextAsked;

use crate::app::commands::Context;
use crate::app::keys::{Key, Keymap};
use crate::app::message::{Effect, LogRefusal, Message, Stamped, Ticket};
use crate::incident::Incident;
use crate::incident::access::Access;
use crate::incident::dns::DnsServers;
use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, Mode, SessionId};
use crate::incident::hash::PlanHash;
use crate::incident::place::{Account, Place, Profile, Region, Scope, Service};
use crate::incident::planner::Desk;
use crate::incident::probe::ProbeChoices;
use crate::incident::site::Site;
use crate::incident::story::Tone;
use jiff::Timestamp;
use std::collections::{BTreeMap, VecDeque};

/// The six screens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Screen {
    /// One line per region, one panel per site.
    Board,
    /// EC2 instances.
    Instances,
    /// What databases can be restored from.
    RestorePoints,
    /// What is registered under which balancer.
    Registrations,
    /// Zones, apex records and targets.
    Apex,
    /// The story and the operations.
    Log,
}

impl Screen {
    /// In the order of their keys.
    pub const ALL: [Self; 6] =
        [Self::Board, Self::Instances, Self::RestorePoints, Self::Registrations, Self::Apex, Self::Log];

    /// The title in the tab line.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Board => "Board",
            Self::Instances => "Instances",
            Self::RestorePoints => "Restore points",
            Self::Registrations => "Registrations",
            Self::Apex => "Apex",
            Self::Log => "Log",
        }
    }
}

/// What a cockpit is told once, at its start.
#[derive(Debug, Clone)]
pub struct Opening {
    /// The estate's name.
    pub estate: String,
    /// Regions to watch, in the order of the screen.
    pub regions: Vec<Region>,
    /// Whose credentials to use, in order.
    pub profiles: Vec<Profile>,
    /// The declared sites.
    pub sites: Vec<Site>,
    /// Keys.
    pub keymap: Keymap,
    /// Live, read-only, demo.
    pub mode: Mode,
    /// Our strand.
    pub session: SessionId,
    /// Who we are.
    pub actor: Actor,
    /// Process id, for the log.
    pub pid: u32,
    /// The logbook's place, as text for the screen; `None` if there is none and why is in `logbook_fault`.
    pub logbook: Option<String>,
    /// Why the logbook cannot be written, if so: actions are off.
    pub logbook_fault: Option<LogRefusal>,
    /// Complaints about settings, to be shown.
    pub complaints: Vec<String>,
    /// Seconds of the world a second of the operator: 1, but for a demo that is played faster.
    pub speed: f64,
    /// What breaks the logbook's chain, by file and line: shown for as long as the cockpit is open.
    pub breakages: Vec<String>,
    /// What jitter is a hash of: the session's name, or a scenario's seed.
    pub jitter: String,
    /// The config asks for a second operator on destructive actions, which this version cannot ask: they are off.
    pub two_operators: bool,
    /// Which DNS servers are asked.
    pub dns: DnsServers,
    /// What is probed beside the sites, and how many at once.
    pub probes: ProbeChoices,
    /// Only looks and plans (`status`, `plan`): nothing is recorded, nothing can be confirmed.
    pub looks_only: bool,
    /// The command that it is, where it is no cockpit.
    pub command: Option<&'static str>,
    /// Leaves what another cockpit on the logbook reads to it.
    pub shares: bool,
}

/// Whether facts can be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogState {
    /// Written and, where due, fsynced.
    Writing,
    /// Refused: the cockpit is read-only, and this is why.
    Refused(LogRefusal),
}

/// A line at the bottom of the screen that goes away by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// When.
    pub at: Timestamp,
    /// When, on the monotonic clock: it goes away by this one.
    pub mono_ms: u64,
    /// How it sounds.
    pub tone: Tone,
    /// What.
    pub text: String,
}

/// The state of one cockpit. Drawing is a pure function of it.
#[derive(Debug, Clone)]
pub struct App {
    /// The time of the last message.
    pub now: Timestamp,
    /// Monotonic milliseconds of the last message.
    pub mono_ms: u64,
    /// What it was told at the start.
    pub opening: Opening,
    /// When it started.
    pub started: Timestamp,
    /// Everything that is known.
    pub incident: Incident,
    /// Accounts with their profiles, in the order of the profiles.
    pub accounts: Vec<(Account, Profile)>,
    /// How each profile has access to AWS.
    pub accesses: BTreeMap<Profile, Access>,
    /// When each cell is asked next.
    pub schedule: BTreeMap<Place, Schedule>,
    /// Whether the logbook takes entries.
    pub log: LogState,
    /// The screen shown.
    pub screen: Screen,
    /// Selection, filter and sort of each table.
    pub lists: BTreeMap<Screen, ListView>,
    /// What lies over the screen, lowest first.
    pub overlays: Vec<Overlay>,
    /// Keys of an unfinished sequence.
    pub pressed: Vec<Key>,
    /// Plans being carried out by this cockpit.
    pub executions: BTreeMap<PlanHash, Execution>,
    /// Notices, newest last.
    pub notices: VecDeque<Notice>,
    /// The terminal: columns, rows.
    pub size: (u16, u16),
    /// The replay, in a replay.
    pub replay: Option<Replay>,
    /// Why it is leaving, while what was called is still being finished.
    pub leaving: Option<String>,
    /// Whether it is over.
    pub quitting: bool,
    /// How far the system's clock is behind `now`, which never goes back.
    pub behind: jiff::SignedDuration,
    /// Calls whose outcome was not waited for, in words: said where the terminal is given back.
    pub left_open: Vec<String>,
    unwritten: alive::Unwritten,
    sweeping: sweeping::Sweeping,
    sharing: sharing::Sharing,
    recording: recording::Recording,
    budget: budget::Budget,
    probing: probing::Probing,
    asking: propagation::Asking,
    identifying: identifying::Identifying,
    /// When it is looked next at what turned of the access to AWS, on the monotonic clock.
    access_due_ms: u64,
    planning: acting::PlanningState,
    settling: BTreeMap<PlanHash, settling::Settling>,
    listing: table::Listing,
    next_ticket: u64,
    next_seq: u64,
    next_plan: u32,
}

impl App {
    /// A cockpit that has seen nothing yet.
    #[must_use]
    pub fn new(opening: Opening, now: Timestamp) -> Self {
        let accounts =
            opening.profiles.iter().map(|profile| (Account::unverified(profile), profile.clone())).collect();
        let log = match &opening.logbook_fault {
            Some(why) => LogState::Refused(why.clone()),
            None => LogState::Writing,
        };
        let mut app = Self {
            now,
            mono_ms: 0,
            started: now,
            incident: Incident::default(),
            accounts,
            accesses: BTreeMap::new(),
            schedule: BTreeMap::new(),
            log,
            screen: Screen::Board,
            lists: Screen::ALL.into_iter().map(|screen| (screen, ListView::new(screen))).collect(),
            overlays: Vec::new(),
            pressed: Vec::new(),
            executions: BTreeMap::new(),
            notices: VecDeque::new(),
            size: (80, 24),
            replay: None,
            leaving: None,
            quitting: false,
            behind: jiff::SignedDuration::ZERO,
            left_open: Vec::new(),
            unwritten: alive::Unwritten::default(),
            sweeping: sweeping::Sweeping::default(),
            sharing: sharing::Sharing::default(),
            recording: recording::Recording::default(),
            budget: budget::Budget::default(),
            probing: probing::Probing::default(),
            asking: propagation::Asking::default(),
            identifying: identifying::Identifying::default(),
            access_due_ms: 0,
            planning: acting::PlanningState::default(),
            settling: BTreeMap::new(),
            listing: table::Listing::default(),
            next_ticket: 0,
            next_seq: 0,
            next_plan: 0,
            opening,
        };
        app.plan_places();
        app
    }

    /// Begins on what the logbook holds.
    pub fn begin_on(&mut self, incident: Incident) {
        self.incident = incident;
        self.presume();
        self.refresh_list();
    }

    /// Takes in entries of before: the last known estate, other strands, a log to replay.
    pub fn remember<'a>(&mut self, entries: impl IntoIterator<Item = &'a Entry>) {
        for entry in entries {
            self.incident.fold(entry);
        }
        self.presume();
        self.refresh_list();
    }

    /// The one function that changes the state.
    pub fn update(&mut self, stamped: Stamped) -> Vec<Effect> {
        self.mono_ms = self.mono_ms.max(stamped.mono_ms);
        let mut effects = Vec::new();
        if self.quitting {
            // That it left is the last word of its strand.
            return effects;
        }
        if self.replay.is_some() {
            self.replay_message(stamped.message, &mut effects);
            self.go_if_done(&mut effects);
            return effects;
        }
        // `Clock` never goes back; were a stamp to, ages must not become negative.
        self.now = self.now.max(stamped.at);
        match stamped.message {
            Message::Start => self.start(&mut effects),
            Message::Tick => self.tick(&mut effects),
            Message::Key(key) => self.key(key, &mut effects),
            Message::Paste(text) => self.paste(&text),
            Message::Resize(columns, rows) => self.size = (columns, rows),
            Message::Page(ticket, page) => self.page(ticket, page, &mut effects),
            Message::Swept(ticket, result) => self.swept(ticket, result, &mut effects),
            Message::Access(profile, access) => self.take_access(profile, access),
            Message::Answered(ticket, result) => {
                self.heed_action(ticket, result.as_ref().err());
                if let Some(result) = self.identified(ticket, result, &mut effects) {
                    self.answered(ticket, result, &mut effects);
                }
            }
            Message::Performed(ticket, result) => {
                self.heed_action(ticket, result.as_ref().err());
                self.performed(ticket, result, &mut effects);
            }
            Message::Probed(ticket, evidence) => {
                if let Some(evidence) = self.server_answered(ticket, evidence, &mut effects) {
                    self.probed(ticket, evidence, &mut effects);
                }
            }
            Message::Recorded(seq) => {
                self.unwritten.written(seq);
                self.recorded(seq, &mut effects);
            }
            Message::RecordFailed(why) => self.record_failed(why, &mut effects),
            Message::CheckpointFailed(why) => {
                self.notice(Tone::Warn, format!("no checkpoint: {why}"));
            }
            Message::Reopened(result) => self.reopened(result, &mut effects),
            Message::Clock(news) => self.clock_news(news, &mut effects),
            Message::Resumed(stopped) => self.resumed(stopped),
            Message::Others(entries) => self.others(&entries, &mut effects),
            // The demo's colleagues are played: no process of theirs ever held a lock.
            Message::Gone(sessions) if self.opening.mode != Mode::Demo => self.gone(&sessions),
            Message::Gone(_) => {}
            Message::LogComplaint(why) => {
                self.notice(Tone::Bad, why.clone());
                self.opening.breakages.push(why);
            }
            Message::LogMended(why) => self.opening.breakages.retain(|breakage| *breakage != why),
            Message::Act(action) => self.propose(action, &mut effects),
            Message::Confirm { plan, typed } => self.confirm(&plan, &typed, &mut effects),
            Message::Verify(plan) => self.settle(&plan, &mut effects),
            Message::Copied(Ok(())) => self.notice(Tone::Neutral, "copied".into()),
            Message::Copied(Err(why)) => self.notice(Tone::Warn, format!("not copied: {why}")),
            Message::Signal(name) => self.leave(name, &mut effects),
        }
        self.go_if_done(&mut effects);
        self.pay_for_actions(&effects);
        effects
    }

    fn start(&mut self, effects: &mut Vec<Effect>) {
        self.record_opened(None, effects);
        self.tell_presumptions(effects);
        self.start_sweeping(effects);
    }

    fn record_opened(&mut self, continues: Option<SessionId>, effects: &mut Vec<Effect>) {
        let body = Body::Opened {
            version: env!("CARGO_PKG_VERSION").into(),
            estate: self.opening.estate.clone(),
            mode: self.opening.mode,
            pid: self.opening.pid,
            regions: self.opening.regions.iter().map(|r| r.0.clone()).collect(),
            sites: self.opening.sites.clone(),
            continues,
            command: self.opening.command.map(str::to_owned),
        };
        self.record(body, effects);
    }

    fn tick(&mut self, effects: &mut Vec<Effect>) {
        self.drop_notices();
        self.sweep_due(effects);
        self.tell_failing(effects);
        self.tell_unidentified(effects);
        self.ask_servers_due(effects);
        self.execution_tick(effects);
        self.note_disagreements(effects);
        self.note_lies(effects);
        self.note_access(effects);
        self.planning_tick(effects);
        self.settling_tick(effects);
        self.recording_tick(effects);
    }

    /// Milliseconds a notice stays, of the reader's time: a replay's may stand still, a demo's may fly.
    const NOTICE_MS: u64 = 8_000;

    fn drop_notices(&mut self) {
        let over = |notice: &Notice| self.mono_ms.saturating_sub(notice.mono_ms) >= Self::NOTICE_MS;
        while self.notices.front().is_some_and(over) {
            self.notices.pop_front();
        }
    }

    /// Says something at the bottom of the screen.
    pub(crate) fn notice(&mut self, tone: Tone, text: String) {
        if self.notices.len() >= 4 {
            self.notices.pop_front();
        }
        self.notices.push_back(Notice { at: self.now, mono_ms: self.mono_ms, tone, text });
    }

    /// Folds an entry of our own and asks for it to be written. Returns its number.
    pub(crate) fn record(&mut self, body: Body, effects: &mut Vec<Effect>) -> u64 {
        let seq = self.next_seq;
        let body = self.body_as_told(body);
        let entry = Entry {
            v: ENTRY_VERSION,
            seq,
            ts: self.now,
            mono_ms: self.mono_ms,
            session: self.opening.session.clone(),
            actor: self.opening.actor.clone(),
            body,
        };
        self.next_seq += 1;
        self.incident.fold(&entry);
        self.keep(entry, effects);
        seq
    }

    fn others(&mut self, entries: &[Entry], effects: &mut Vec<Effect>) {
        for entry in entries {
            self.incident.fold(entry);
            // What a colleague changed is read again at once: the old rows would contradict the story beside them.
            if let Body::Finished { plan, .. } = &entry.body
                && let Some(plan) = self.incident.operations.get(plan).map(|op| op.plan.clone())
            {
                self.refresh_after(&plan);
            }
        }
        self.heed_others(entries);
        self.count_readings_told(entries);
        self.heed_skews(entries);
        self.stand_by_findings(entries, effects);
        self.refresh_list();
    }

    /// Sessions whose process is gone: each left when it was last heard.
    fn gone(&mut self, sessions: &[SessionId]) {
        let news = |session: &&SessionId| {
            self.incident.sessions.get(*session).is_some_and(|presence| presence.left.is_none())
        };
        let news: Vec<SessionId> = sessions.iter().filter(news).cloned().collect();
        self.incident.gone(&news);
        self.readers_left(&news);
    }

    /// Why no action is possible, if so. `None` means actions are on.
    #[must_use]
    pub fn actions_off(&self) -> Option<String> {
        if self.opening.looks_only {
            return Some("this run only looks".into());
        }
        if let Some(why) = self.astray() {
            return Some(why);
        }
        match (self.opening.mode, &self.log) {
            (Mode::ReadOnly, _) => Some("this cockpit was opened --read-only".into()),
            (Mode::Record, _) => Some("this run only records".into()),
            (Mode::Replay, _) => Some("this is a replay".into()),
            (Mode::Live | Mode::Demo, LogState::Refused(why)) => {
                Some(format!("the logbook cannot be written: {why}"))
            }
            (Mode::Live | Mode::Demo, LogState::Writing) => None,
        }
    }

    /// Which keys are in force.
    #[must_use]
    pub fn context(&self) -> Context {
        if self.replay.is_some() { Context::Replay } else { Context::Cockpit }
    }

    /// The profile that acts in an account.
    pub(crate) fn profile_of(&self, account: &Account) -> Option<Profile> {
        // What was planned before STS answered still names the account by its profile.
        let is_it = |a: &Account, profile: &Profile| a == account || Account::unverified(profile) == *account;
        self.accounts.iter().find(|(a, profile)| is_it(a, profile)).map(|(_, profile)| profile.clone())
    }

    pub(crate) fn ticket(&mut self) -> Ticket {
        self.next_ticket += 1;
        Ticket(self.next_ticket)
    }

    /// What planners work with.
    pub(crate) fn desk(&self) -> Desk<'_> {
        Desk {
            incident: &self.incident,
            sites: &self.opening.sites,
            accounts: &self.accounts,
            session: &self.opening.session,
            number: self.next_plan,
            now: self.now,
        }
    }

    /// The cells of this cockpit: every account in every region, and Route 53 once per account.
    fn plan_places(&mut self) {
        let mut places = Vec::new();
        for (account, _) in &self.accounts {
            for region in &self.opening.regions {
                let scope = Scope::new(account.clone(), region.clone());
                places.extend(Service::REGIONAL.map(|service| scope.place(service)));
            }
            let partition =
                self.opening.regions.first().map_or_else(|| Region::global().partition(), Region::partition);
            let scope = Scope { account: account.clone(), partition, region: Region::global() };
            places.push(scope.place(Service::Route53));
        }
        let old = std::mem::take(&mut self.schedule);
        self.schedule = places
            .into_iter()
            .map(|place| {
                let schedule = old.get(&place).cloned().unwrap_or_default();
                (place, schedule)
            })
            .collect();
    }
}
