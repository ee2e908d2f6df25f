//! What has to hold whatever happens, each as a check of its own that is told what happened and does not know how it
//! came about. `sabotage` hands each of them a history that breaks it.

use blackstart::app::App;
use blackstart::incident::Incident;
use blackstart::incident::cell::{Health, ProbeSubject, STALE_AFTER_S, Verdict};
use blackstart::incident::entry::{self, Body, Ending, Entry, Outcome, SessionId};
use blackstart::incident::hash::PlanHash;
use blackstart::incident::operation::Standing;
use blackstart::incident::place::{Account, Key, Kind, Place, Profile, Scope, Service};
use blackstart::incident::plan::{Plan, Risk};
use blackstart::incident::request::{Call, InstanceRef, TargetRef};
use blackstart::incident::resource::Resource;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// An invariant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    IntentBeforeCall,
    ConfirmedBeforeCall,
    OneCallPerIntent,
    OneLaunchPerToken,
    RowsStay,
    GreenIsFresh,
    UnknownStaysUnknown,
    LogVerifies,
    AcknowledgedIsInTheLog,
    LogIsTheScreen,
    CheckpointIsTheLog,
    TimeGoesOn,
    OneEstate,
    SameSeedSameLog,
    NeverPanics,
}

impl fmt::Display for Law {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::IntentBeforeCall => "no call without an intent on disk",
            Self::ConfirmedBeforeCall => "no call whose plan was not confirmed on disk",
            Self::OneCallPerIntent => "at most one call for an intent",
            Self::OneLaunchPerToken => "at most one launch for a client token",
            Self::RowsStay => "rows only go when a whole sweep of their cell did not see them",
            Self::GreenIsFresh => "green is fresh evidence",
            Self::UnknownStaysUnknown => "an unknown outcome stays unknown until it is read again",
            Self::LogVerifies => "the log verifies after a crash at any byte",
            Self::AcknowledgedIsInTheLog => "what was acknowledged as recorded is in the log",
            Self::LogIsTheScreen => "the fold of the log is the screen",
            Self::CheckpointIsTheLog => "opening on a checkpoint is opening on everything",
            Self::TimeGoesOn => "nothing is written as of before what its writer had read",
            Self::OneEstate => "what the logbook knows the account of stands once, under its number",
            Self::SameSeedSameLog => "the same seed gives the same log",
            Self::NeverPanics => "nothing panics",
        })
    }
}

/// An invariant that was broken, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Breach {
    pub law: Law,
    pub what: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "broken: {}: {}", self.law, self.what)
    }
}

pub type Held<T = ()> = Result<T, Breach>;

pub fn breach<T>(law: Law, what: impl Into<String>) -> Held<T> {
    Err(Breach { law, what: what.into() })
}

// --- calls ---

#[derive(Debug, Default)]
struct Announcements {
    plans: BTreeMap<PlanHash, Plan>,
    confirmed: BTreeMap<PlanHash, String>,
    intents: Vec<Announced>,
}

#[derive(Debug)]
struct Announced {
    plan: PlanHash,
    step: usize,
    call: Call,
    called: bool,
}

/// What the disks have of plans, confirmations and intents, and which calls were made.
#[derive(Debug, Default)]
pub struct Calls {
    strands: BTreeMap<SessionId, Announcements>,
    tokens: BTreeMap<String, usize>,
}

impl Calls {
    /// An entry is on the disk for good.
    pub fn on_disk(&mut self, entry: &Entry) {
        let strand = self.strands.entry(entry.session.clone()).or_default();
        if let Body::Proposed { plan } = &entry.body {
            strand.plans.insert(plan.hash.clone(), (**plan).clone());
        }
        if let Body::Confirmed { plan, typed } = &entry.body {
            strand.confirmed.insert(plan.clone(), typed.clone());
        }
        if let Body::Intent { plan, step, call } = &entry.body {
            let (plan, step, call) = (plan.clone(), *step, call.clone());
            strand.intents.push(Announced { plan, step, call, called: false });
        }
    }

    /// A cockpit calls. Gives the plan and the step that it is of.
    pub fn called(&mut self, session: &SessionId, call: &Call) -> Held<(PlanHash, usize)> {
        let Some(strand) = self.strands.get_mut(session) else {
            return breach(
                Law::IntentBeforeCall,
                format!("{session} called {} and has nothing on disk", call.operation()),
            );
        };
        let mut announced: Vec<&mut Announced> =
            strand.intents.iter_mut().filter(|intent| intent.call == *call).collect();
        if announced.is_empty() {
            return breach(
                Law::IntentBeforeCall,
                format!("{session} called {} unannounced", call.operation()),
            );
        }
        let Some(intent) = announced.iter_mut().find(|intent| !intent.called) else {
            return breach(
                Law::OneCallPerIntent,
                format!("{session} called {} again for the same intent", call.operation()),
            );
        };
        intent.called = true;
        let (hash, step) = (intent.plan.clone(), intent.step);
        let what = |why: &str| {
            breach(
                Law::ConfirmedBeforeCall,
                format!("{session} called {} of plan {}: {why}", call.operation(), hash.short()),
            )
        };
        let Some(plan) = strand.plans.get(&hash) else { return what("it was never proposed") };
        let Some(typed) = strand.confirmed.get(&hash) else { return what("it was never confirmed") };
        if plan.computed_hash() != hash {
            return what("its hash is not that of what was proposed");
        }
        if plan.risk > Risk::Reversible && typed.trim() != plan.confirm {
            return what(&format!("{typed:?} was typed, not {:?}", plan.confirm));
        }
        match plan.steps.get(step) {
            Some(planned) if is_planned(&planned.call, call) => {}
            Some(_) => return what(&format!("it is not the call of step {step}")),
            None => return what(&format!("it has no step {step}")),
        }
        if let Call::RunInstance { client_token, .. } = call {
            let times = self.tokens.entry(client_token.clone()).or_default();
            *times += 1;
            if *times > 1 {
                return breach(
                    Law::OneLaunchPerToken,
                    format!("{client_token} was launched with {times} times"),
                );
            }
        }
        Ok((hash, step))
    }

    /// What the world has in the end, by client token: every one of them announced, and none twice.
    pub fn launched(&self, instances: &[(String, String)]) -> Held {
        let mut found: BTreeMap<&String, Vec<&String>> = BTreeMap::new();
        for (token, id) in instances {
            found.entry(token).or_default().push(id);
        }
        for (token, ids) in found {
            if ids.len() > 1 {
                return breach(Law::OneLaunchPerToken, format!("{token} launched {ids:?}"));
            }
            if !self.tokens.contains_key(token) {
                return breach(
                    Law::OneLaunchPerToken,
                    format!("nobody called for {token}, which is {ids:?}"),
                );
            }
        }
        Ok(())
    }
}

/// Whether a call is the planned one, with the ids of what earlier steps launched filled in.
fn is_planned(planned: &Call, called: &Call) -> bool {
    let fits = |planned: &InstanceRef, called: &InstanceRef| match (planned, called) {
        (InstanceRef::LaunchedByStep(_), InstanceRef::Id(_)) => true,
        (planned, called) => planned == called,
    };
    let all_fit = |planned: &[TargetRef], called: &[TargetRef]| {
        planned.len() == called.len()
            && planned.iter().zip(called).all(|(p, c)| p.port == c.port && fits(&p.id, &c.id))
    };
    match (planned, called) {
        (
            Call::Register { scope, under, targets },
            Call::Register { scope: in_scope, under: to, targets: these },
        )
        | (
            Call::Deregister { scope, under, targets },
            Call::Deregister { scope: in_scope, under: to, targets: these },
        ) => scope == in_scope && under == to && all_fit(targets, these),
        (
            Call::DisableSourceDestCheck { scope, instance },
            Call::DisableSourceDestCheck { scope: in_scope, instance: this },
        ) => scope == in_scope && fits(instance, this),
        (planned, called) => planned == called,
    }
}

// --- rows ---

/// What a cockpit was just told, as far as rows can go by it.
#[derive(Debug)]
pub enum Cause<'a> {
    /// A sweep ended: of which place, whether with its last page, and what was in its pages.
    Swept { place: &'a Place, whole: bool, seen: &'a BTreeSet<(Kind, String)> },
    /// Entries of others.
    Others(&'a [Entry]),
    /// STS named an account: rows of before have another name now.
    Identified,
    /// Anything else.
    Other,
}

/// Which rows were rightly found gone, by whichever cockpit.
#[derive(Debug, Default)]
pub struct Rows {
    gone: BTreeSet<String>,
}

/// A row's name whatever its account was called at the time.
fn row_name(key: &Key) -> String {
    place_row(&key.place, &format!("{}/{}", key.kind, key.id))
}

fn place_row(place: &Place, row: &str) -> String {
    format!("{} {} {row}", place.scope.region, place.service)
}

impl Rows {
    /// A row is not there any more after a message; `remains` finds it under another account's name.
    pub fn vanished(&mut self, key: &Key, cause: &Cause<'_>, remains: impl Fn(&str) -> bool) -> Held {
        let name = row_name(key);
        let why = match cause {
            Cause::Swept { place, whole, seen } => {
                let here = place.scope.region == key.place.scope.region && place.service == key.place.service;
                if here && *whole && !seen.contains(&(key.kind, key.id.clone())) {
                    self.gone.insert(name);
                    return Ok(());
                }
                match (here, *whole) {
                    (false, _) => "with a sweep of another cell",
                    (true, false) => "with a sweep that failed",
                    (true, true) => "with a sweep that saw it",
                }
            }
            Cause::Others(entries) => {
                let told = entries.iter().any(|entry| match &entry.body {
                    Body::Observed { place, gone, .. } => {
                        gone.iter().any(|row| place_row(place, row) == name)
                    }
                    _ => false,
                });
                let renamed = entries.iter().any(|entry| matches!(entry.body, Body::Identified { .. }));
                let seen_gone = self.gone.contains(&name);
                if (told && seen_gone) || (renamed && (remains(&name) || seen_gone)) {
                    return Ok(());
                }
                "by what others wrote"
            }
            // Under its own name the row may be one that somebody saw go since.
            Cause::Identified if remains(&name) || self.gone.contains(&name) => return Ok(()),
            Cause::Identified => "with its account's number",
            Cause::Other => "out of nothing",
        };
        breach(Law::RowsStay, format!("{key} vanished {why}"))
    }

    /// A cockpit writes that rows are gone.
    pub fn written(&mut self, entry: &Entry, cause: &Cause<'_>) -> Held {
        let Body::Observed { place, gone, .. } = &entry.body else { return Ok(()) };
        for row in gone {
            let name = place_row(place, row);
            if let Cause::Swept { whole: true, seen, .. } = cause
                && !seen.iter().any(|(kind, id)| format!("{kind}/{id}") == *row)
            {
                self.gone.insert(name.clone());
            }
            if !self.gone.contains(&name) {
                return breach(
                    Law::RowsStay,
                    format!("{} wrote that {name} is gone, which nobody saw", entry.session),
                );
            }
        }
        Ok(())
    }
}

/// On any screen of those who open a logbook that knows the account: nothing stands under a profile's name.
pub fn stands_once(incident: &Incident) -> Held {
    let cells = incident.cells.keys().map(|place| (&place.scope.account, place.to_string()));
    let rows = incident.rows.keys().map(|key| (&key.place.scope.account, key.to_string()));
    match cells.chain(rows).find(|(account, _)| !account.is_verified()) {
        Some((_, what)) => breach(Law::OneEstate, what),
        None => Ok(()),
    }
}

/// The rows of a screen by their names: for [`Rows::vanished`].
pub fn remains_in(incident: &Incident, name: &str) -> bool {
    incident.rows.keys().any(|key| row_name(key) == name)
}

// --- evidence ---

/// What a probe found.
#[derive(Debug, Clone, Copy)]
pub struct Finding {
    /// When, as the log has it.
    pub at: Timestamp,
    /// When, by the true time.
    pub heard: Timestamp,
    pub verdict: Verdict,
}

/// What a cockpit was told by probes: its own, and those that others wrote down; of each session by itself, for only that
/// session can say which account a profile of its own is.
#[derive(Debug, Default)]
pub struct Evidence {
    newest: BTreeMap<(String, SessionId), Finding>,
    /// What each session's account was called before STS named it, and its number since.
    accounts: BTreeMap<SessionId, Vec<(String, String)>>,
}

impl Evidence {
    /// A session's probe found something.
    pub fn heard(&mut self, session: &SessionId, subject: &ProbeSubject, finding: Finding) {
        let named = self.accounts.get(session).into_iter().flatten();
        let name = named.fold(subject.to_string(), |name, (old, new)| name.replacen(old, new, 1));
        self.keep(name, session, finding);
    }

    fn keep(&mut self, name: String, session: &SessionId, finding: Finding) {
        let known = self.newest.entry((name, session.clone())).or_insert(finding);
        if known.at <= finding.at {
            *known = finding;
        }
    }

    /// An entry of this cockpit, or of another, written at that moment of the true time.
    pub fn told(&mut self, entry: &Entry, heard: Timestamp) {
        let session = &entry.session;
        if let Body::Probed { subject, evidence } = &entry.body {
            let finding = Finding { at: entry.ts, heard, verdict: evidence.verdict };
            self.heard(session, subject, finding);
        }
        if let Body::Reopened { before, .. } | Body::Opened { continues: Some(before), .. } = &entry.body {
            self.goes_on(before, session);
        }
        if let Body::Identified { profile, account, .. } | Body::Presumed { profile, account, .. } =
            &entry.body
        {
            self.named(session, profile, account);
        }
    }

    /// A process goes on in another strand: what it found is its own.
    fn goes_on(&mut self, before: &SessionId, session: &SessionId) {
        let is_old = |(_, by): &&(String, SessionId)| by == before;
        for whose in self.newest.keys().filter(is_old).cloned().collect::<Vec<_>>() {
            if let Some(finding) = self.newest.remove(&whose) {
                self.keep(whose.0, session, finding);
            }
        }
        if let Some(accounts) = self.accounts.remove(before) {
            self.accounts.entry(session.clone()).or_default().extend(accounts);
        }
    }

    /// STS named a session's account, or the logbook did: what it found under the name of before is evidence on what has the number now.
    pub fn named(&mut self, session: &SessionId, profile: &Profile, account: &Account) {
        let (old, new) = (format!("/{}/", Account::unverified(profile)), format!("/{account}/"));
        let is_old = |(name, by): &&(String, SessionId)| by == session && name.contains(&old);
        for whose in self.newest.keys().filter(is_old).cloned().collect::<Vec<_>>() {
            if let Some(finding) = self.newest.remove(&whose) {
                self.keep(whose.0.replacen(&old, &new, 1), session, finding);
            }
        }
        self.accounts.entry(session.clone()).or_default().push((old, new));
    }

    fn newest(&self, subject: &ProbeSubject) -> Option<Finding> {
        let name = subject.to_string();
        let from = self.newest.range((name.clone(), SessionId("".into()))..);
        from.take_while(|((of, _), _)| *of == name).map(|(_, found)| *found).max_by_key(|found| found.at)
    }

    /// How many rows and sites are green, rightly, and how many rows are lies; of databases, or of every row there is. It is
    /// that time by the true clock, whatever the cockpit's says.
    pub fn green(&self, app: &App, now: Timestamp, every_row: bool) -> Held<(usize, usize)> {
        let (mut green, mut lies) = (0, 0);
        let looked_at = |key: &Key| every_row || matches!(key.kind, Kind::Database | Kind::Cluster);
        let rows = app.incident.rows.iter().filter(|(key, _)| looked_at(key)).map(|(_, seen)| seen);
        for resource in rows.map(|seen| &seen.resource) {
            match app.incident.health(resource.key(), app.now).0 {
                Health::Proven => {
                    green += 1;
                    self.proves(&subject_of(resource), now)?;
                }
                Health::Lie => lies += 1,
                Health::Down
                | Health::Changing
                | Health::Unknown
                | Health::Stale
                | Health::Off
                | Health::Claimed => {}
            }
        }
        for site in &app.opening.sites {
            if let Some((Health::Proven, _)) = app.site_evidence(&site.name) {
                green += 1;
                self.proves(&ProbeSubject::Site(site.name.clone()), now)?;
            }
        }
        Ok((green, lies))
    }

    fn proves(&self, subject: &ProbeSubject, now: Timestamp) -> Held {
        match self.newest(subject) {
            None => breach(Law::GreenIsFresh, format!("{subject} is green and was never probed")),
            Some(Finding { verdict, .. }) if verdict != Verdict::Answers => breach(
                Law::GreenIsFresh,
                format!("{subject} is green, and the newest probe says {}", verdict.as_str()),
            ),
            Some(Finding { heard, .. }) if now.duration_since(heard).as_secs() > STALE_AFTER_S => breach(
                Law::GreenIsFresh,
                format!("{subject} is green by a probe of {} s ago", now.duration_since(heard).as_secs()),
            ),
            Some(_) => Ok(()),
        }
    }
}

// --- time ---

/// What is written is not as of before what its writer was told: whoever sorts by time would take the old for the new.
pub fn goes_on(entry: &Entry, told_until: Timestamp) -> Held {
    if entry.ts >= told_until {
        return Ok(());
    }
    let what = format!(
        "{} wrote {} as of {}, having read of {told_until}",
        entry.session,
        entry.body.kind(),
        entry.ts
    );
    breach(Law::TimeGoesOn, what)
}

// --- unknown outcomes ---

#[derive(Debug)]
struct Unanswered {
    scope: Scope,
    read: bool,
    holds: bool,
}

/// The calls of one cockpit whose answers do not tell whether they were done.
#[derive(Debug, Default)]
pub struct Unknowns {
    open: BTreeMap<(PlanHash, usize), Unanswered>,
}

impl Unknowns {
    /// A call came back with a fault that does not say whether it was done.
    pub fn unanswered(&mut self, plan: PlanHash, step: usize, scope: Scope) {
        self.open.insert((plan, step), Unanswered { scope, read: false, holds: false });
    }

    /// Something was read of a place.
    pub fn read(&mut self, scope: &Scope) {
        for unanswered in self.open.values_mut().filter(|it| it.scope.region == scope.region) {
            unanswered.read = true;
        }
    }

    /// The cockpit writes an entry.
    pub fn written(&mut self, entry: &Entry) -> Held {
        let law = Law::UnknownStaysUnknown;
        match &entry.body {
            Body::Outcome { plan, step, outcome }
                if self.open.contains_key(&(plan.clone(), *step))
                    && !matches!(outcome, Outcome::Unknown { .. }) =>
            {
                breach(law, format!("step {step} of {} was written down as {outcome:?}", plan.short()))
            }
            Body::Verified { plan, step, finding: entry::Finding::Holds { .. } } => {
                match self.open.get_mut(&(plan.clone(), *step)) {
                    Some(unanswered) if !unanswered.read => {
                        breach(law, format!("step {step} of {} holds and was never read", plan.short()))
                    }
                    Some(unanswered) => {
                        unanswered.holds = true;
                        Ok(())
                    }
                    None => Ok(()),
                }
            }
            Body::Settled { plan, step, settlement } if settlement.is_known() => {
                match self.open.get(&(plan.clone(), *step)) {
                    Some(unanswered) if !unanswered.read => {
                        breach(law, format!("step {step} of {} was settled and never read", plan.short()))
                    }
                    Some(_) | None => Ok(()),
                }
            }
            Body::Finished { plan, ending } if !matches!(ending, Ending::Unknown { .. }) => {
                let open = self.open.iter().find(|((of, _), it)| of == plan && !it.holds);
                match open {
                    Some(((_, step), _)) => breach(
                        law,
                        format!("{} ended {} with step {step} unknown", plan.short(), ending.word()),
                    ),
                    None => Ok(()),
                }
            }
            _ => Ok(()),
        }
    }
}

/// On any screen: where a call's outcome is unknown and nothing was read since, its operation is unknown or still under
/// way. Gives how many are unknown.
pub fn unknown_is_said(incident: &Incident) -> Held<usize> {
    let mut unknown = 0;
    for (hash, operation) in &incident.operations {
        let standing = operation.standing(incident);
        unknown += usize::from(standing == Standing::Unknown);
        let open = operation.steps.iter().position(|step| {
            let settled = step.settled.as_ref().is_some_and(|settled| settled.settlement.is_known());
            let unseen = !settled && !matches!(step.finding, Some((_, entry::Finding::Holds { .. })));
            match (&step.intent, &step.outcome) {
                (Some(_), None) | (_, Some((_, Outcome::Unknown { .. }))) => unseen,
                (None, None) | (_, Some((_, Outcome::Ok { .. } | Outcome::Failed { .. }))) => false,
            }
        });
        if let Some(step) = open
            && !matches!(standing, Standing::Unknown | Standing::Running | Standing::Undone)
        {
            return breach(
                Law::UnknownStaysUnknown,
                format!(
                    "step {step} of {} is unknown, and its operation reads {}",
                    hash.short(),
                    standing.as_str()
                ),
            );
        }
    }
    Ok(unknown)
}

/// Whose answer alone can make a row green.
fn subject_of(resource: &Resource) -> ProbeSubject {
    let key = resource.key().clone();
    match resource {
        Resource::Instance(_) => ProbeSubject::Instance(key),
        Resource::Balancer(_) => ProbeSubject::Balancer(key),
        Resource::Registration(registration) => {
            let instances = key.scope().place(Service::Ec2);
            ProbeSubject::Instance(instances.key(Kind::Instance, registration.target.clone()))
        }
        Resource::Database(_)
        | Resource::Cluster(_)
        | Resource::Snapshot(_)
        | Resource::AutomatedBackup(_)
        | Resource::TargetGroup(_)
        | Resource::HostedZone(_)
        | Resource::RecordSet(_) => ProbeSubject::Database(key),
    }
}
