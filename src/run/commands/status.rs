//! One sweep of everything, for scripts and for a first look.

use crate::app::table::{age, span};
use crate::app::{App, Urgency};
use crate::incident::Presence;
use crate::incident::cell::{Cell, Health, ProbeSubject, Probed, SweepStatus};
use crate::incident::entry::Mode;
use crate::incident::fault::{Fault, skew_words};
use crate::incident::health::Blame;
use crate::incident::place::{Account, Kind, Place};
use crate::incident::resource::Resource;
use crate::incident::story::COMMAND_DONE;
use crate::run::clock::Clock;
use crate::run::driver::Driver;
use crate::run::setup::{Ground, drive, open_bench, runtime};
use crate::run::{Exit, say};
use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

/// What a run without a screen is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// To look: the logbook is read for what it knows, and not written.
    Look,
    /// To act: a strand like any cockpit's.
    Act,
}

/// A cockpit without a screen.
pub(super) struct Headless {
    pub(super) runtime: tokio::runtime::Runtime,
    pub(super) driver: Driver,
    /// The longest a sweep of everything may take.
    pub(super) sweep_limit: Duration,
}

/// Threads that read answers. More than are needed to keep two processors busy: while all of them read pages, the next one
/// could not be asked for.
const THREADS: usize = 4;

/// Makes one.
pub(super) fn headless(ground: &Ground, purpose: Purpose) -> Result<Headless, Exit> {
    let settings = ground.settings()?;
    settings.complaints.iter().for_each(|complaint| crate::run::complain(&complaint.to_string()));
    let cloud = ground.cloud(&settings)?;
    let runtime = runtime(THREADS)?;
    let driver = {
        let _inside = runtime.enter();
        let clock = Clock::wall();
        let (now, _) = clock.now();
        let config = &settings.config;
        let mut opening = ground.opening(&settings, Mode::Live, (&config.estate, &config.sites), now);
        opening.looks_only = purpose == Purpose::Look;
        opening.command = Some("do").filter(|_| purpose == Purpose::Act);
        // Who asks once wants to know, not to be told what somebody read.
        opening.shares = false;
        let mut app = App::new(opening, now);
        let bench = open_bench(&mut app, ground.logbook_dir(&settings).as_deref());
        ground.logbook_troubles(&settings, &app).iter().for_each(|trouble| crate::run::complain(trouble));
        drive(app, cloud, clock, bench)
    };
    Ok(Headless { runtime, driver, sweep_limit: settings.config.timeouts.sweep() })
}

/// One sweep of everything.
pub(crate) fn status(ground: &Ground, json: bool) -> Exit {
    let Headless { runtime, mut driver, sweep_limit } = match headless(ground, Purpose::Look) {
        Ok(ready) => ready,
        Err(exit) => return exit,
    };
    runtime.block_on(async {
        driver.take(crate::app::message::Message::Start);
        driver.until(sweep_limit, |app| app.seen_enough() && app.probed_once()).await;
        driver.take(crate::app::message::Message::Signal(COMMAND_DONE));
    });
    driver.finish();
    // What is still in flight when everything else is done is dark for this purpose; nobody waits for it.
    runtime.shutdown_background();
    let app = &driver.app;
    if json {
        say(&serde_json::to_string_pretty(&Report(app)).unwrap_or_default());
    } else {
        say(&as_text(app));
    }
    let exit = if fresh(app) { Exit::Done } else { Exit::Failed };
    // The process ends here: what it knows need not be taken apart row by row.
    std::mem::forget(driver);
    exit
}

fn fresh(app: &App) -> bool {
    app.schedule.keys().all(|place| {
        app.incident
            .cells
            .get(place)
            .is_some_and(|cell| cell.is_ok() && cell.last_ok.is_some_and(|at| at >= app.started))
    })
}

fn as_text(app: &App) -> String {
    let mut text = String::new();
    let mut line = |account: &Account, region: &str, service: &str, words: &str| {
        let _ = writeln!(text, "{:14} {region:16} {service:8} {words}", account.to_string());
    };
    for account in app.schedule.keys().map(|place| &place.scope.account).collect::<BTreeSet<_>>() {
        let places: Vec<&Place> =
            app.schedule.keys().filter(|place| place.scope.account == *account).collect();
        match no_credentials(app, &places) {
            Some(cell) => line(account, "all regions", "all", &failing_words(app, cell, None)),
            None => {
                for place in places {
                    let (region, service) = (place.scope.region.to_string(), place.service.to_string());
                    line(account, &region, &service, &cell_words(app, place));
                }
            }
        }
    }
    for (account, profile) in &app.accounts {
        if let Some((_, presumed)) = app.presumption(account) {
            let (ago, to) = (age(app.now, presumed.said), &presumed.to);
            let _ = writeln!(
                text,
                "account {account} of {profile}: presumed, STS has not named it; it did {ago} ago, to {to}"
            );
        }
    }
    for left in app.credentials_left() {
        let when = match left.urgency {
            Urgency::Calm | Urgency::Soon | Urgency::Now => format!("end in {}", span(left.seconds)),
            Urgency::Over => format!("ended {} ago", age(app.now, left.expires)),
        };
        let renewal =
            left.renewal.map_or_else(String::new, |fault| format!("; they could not be renewed: {fault}"));
        let _ = writeln!(text, "credentials of {}: {when}{renewal}", left.profile);
    }
    if let Some((ahead, _)) = app.clock_ahead() {
        let _ = writeln!(text, "clock: {} AWS's", skew_words(ahead));
    }
    for site in &app.opening.sites {
        let mut points = app.points_to(site).unwrap_or_else(|| "not read".into());
        let record = app.site_records(site).next();
        if let Some(at) =
            record.and_then(|record| app.incident.as_of(&record.key)).filter(|at| *at < app.started)
        {
            let _ = write!(points, " (last known, read {} ago)", age(app.now, at));
        }
        let evidence = app.site_evidence(&site.name).map_or_else(|| "not probed".into(), |(_, words)| words);
        let maintenance = app.incident.maintenance(&site.name).map_or("", |_| ", in maintenance");
        let _ = writeln!(text, "site {}: {} -> {points}: {evidence}{maintenance}", site.name, site.record);
    }
    // Of databases and instances also what claims trouble itself; of balancers only what is contradicted.
    for (kind, worst) in
        [(Kind::Database, Health::Down), (Kind::Balancer, Health::Lie), (Kind::Instance, Health::Down)]
    {
        for seen in app.incident.of_kind(kind) {
            let key = seen.resource.key();
            let (health, word) = app.incident.health(key, app.now);
            if health > worst {
                continue;
            }
            let found = app
                .incident
                .evidence_on(key, app.now)
                .map_or_else(String::new, |probed| format!(", probe {}", probed.evidence.detail));
            let last_known = app
                .incident
                .last_known(key, app.now)
                .map_or_else(String::new, |at| format!(" (last known, read {} ago)", age(app.now, at)));
            let _ = writeln!(
                text,
                "{kind} {} {}: {}: claims {}{last_known}{found}",
                key.region(),
                key.id,
                word.to_uppercase(),
                seen.resource.claim()
            );
        }
    }
    for (name, probed) in endpoints(app) {
        let _ = writeln!(
            text,
            "endpoint {name}: {}: {}",
            probed.evidence.verdict.as_str().to_uppercase(),
            probed.evidence.detail
        );
    }
    text
}

/// The cell that says it for all of an account, where its credentials are at fault and nothing else: that is said once.
fn no_credentials<'a>(app: &'a App, places: &[&Place]) -> Option<&'a Cell> {
    let cells: Vec<&Cell> =
        places.iter().map(|place| app.incident.cells.get(place)).collect::<Option<_>>()?;
    let newest = cells.iter().copied().max_by_key(|cell| cell.last_ok)?;
    let fault = newest.fault()?;
    let is_ours = matches!(
        fault,
        Fault::CredentialsMissing { .. }
            | Fault::CredentialsExpired { .. }
            | Fault::CredentialsRefused { .. }
    );
    (is_ours && cells.len() > 1 && cells.iter().all(|cell| cell.fault() == Some(fault))).then_some(newest)
}

/// A cell in words.
fn cell_words(app: &App, place: &Place) -> String {
    match app.incident.cells.get(place) {
        None => "no answer yet".to_owned(),
        Some(cell) if cell.is_ok() => {
            let rows = app.incident.rows_of(place).count();
            let slow = cell
                .slow()
                .map_or_else(String::new, |took| format!(", slow {}.{}s", took / 1000, took % 1000 / 100));
            format!("ok, {rows} row{}{slow}", if rows == 1 { "" } else { "s" })
        }
        Some(cell) => failing_words(app, cell, app.found_failing_by(place)),
    }
}

/// A cell that fails, in words; who found it so, where it has not answered us.
fn failing_words(app: &App, cell: &Cell, by: Option<&Presence>) -> String {
    let last = cell
        .last_ok
        .map_or_else(|| "never read".to_owned(), |at| format!("last read {} ago", age(app.now, at)));
    let by = by.map_or_else(String::new, |by| {
        format!(", found so by {} {} ago", by.who(), age(app.now, cell.last_attempt))
    });
    format!(
        "{}: {} ({last}{by}). {}",
        cell.status.word().unwrap_or_default().to_uppercase(),
        cell.status.trouble_after_word().unwrap_or_default(),
        cell.advice().unwrap_or_default()
    )
}

/// What each availability zone of a cell answered, where it was asked zone by zone.
fn zones(cell: &Cell) -> BTreeMap<&str, &'static str> {
    match &cell.status {
        SweepStatus::Ok { .. } | SweepStatus::Failed { .. } => BTreeMap::new(),
        SweepStatus::Partial { answered, failed, .. } => {
            let silent = failed.iter().map(|f| (f.zone.as_str(), f.error.word()));
            answered.iter().map(|zone| (zone.as_str(), "ok")).chain(silent).collect()
        }
    }
}

/// Declared endpoints, with what was found.
fn endpoints(app: &App) -> impl Iterator<Item = (&str, &Probed)> {
    app.incident.probes.iter().filter_map(|(subject, probed)| match subject {
        ProbeSubject::Endpoint(name) => Some((name.as_str(), probed)),
        ProbeSubject::Site(_)
        | ProbeSubject::Database(_)
        | ProbeSubject::Balancer(_)
        | ProbeSubject::Instance(_)
        | ProbeSubject::Dns(_) => None,
    })
}

/// A finding as a script reads it.
fn finding(probed: &Probed) -> Value {
    json!({
        "verdict": probed.evidence.verdict,
        "detail": probed.evidence.detail,
        "asked": probed.evidence.asked,
        "at": probed.at,
        "since": probed.since,
        "certificate": probed.evidence.certificate,
    })
}

fn as_json(app: &App) -> Value {
    let cells: Vec<Value> = app
        .schedule
        .keys()
        .map(|place| {
            let cell = app.incident.cells.get(place);
            json!({
                "account": place.scope.account,
                "account_standing": app.account_standing(&place.scope.account).as_str(),
                "partition": place.scope.partition,
                "region": place.scope.region,
                "service": place.service,
                "status": cell.map_or("unheard", |cell| match &cell.status {
                    SweepStatus::Ok { .. } => "ok",
                    SweepStatus::Failed { error } => error.word(),
                    SweepStatus::Partial { .. } => "partial",
                }),
                "zones": cell.map(zones),
                "fault": cell.and_then(|cell| cell.fault().map(ToString::to_string)),
                "last_ok": cell.and_then(|cell| cell.last_ok),
                "found_by": app.found_failing_by(place).map(|by| format!("{}@{}", by.who(), by.actor.host)),
                "rows": app.incident.rows_of(place).count(),
            })
        })
        .collect();
    let accounts: Vec<Value> = app
        .accounts
        .iter()
        .map(|(account, profile)| {
            let presumed = app.presumption(account).map(|(_, presumed)| presumed);
            json!({
                "profile": profile,
                "account": account,
                "standing": app.account_standing(account).as_str(),
                "said_at": presumed.map(|presumed| presumed.said),
                "said_to": presumed.map(|presumed| &presumed.to),
            })
        })
        .collect();
    let credentials: Vec<Value> = app
        .accesses
        .iter()
        .map(|(profile, access)| {
            json!({
                "profile": profile,
                "expires": access.expires,
                "seconds_left": access.expires.map(|end| end.duration_since(app.now).as_secs()),
                "renewal": access.renewal.as_ref().map(ToString::to_string),
            })
        })
        .collect();
    let sites: Vec<Value> = app
        .opening
        .sites
        .iter()
        .map(|site| {
            json!({
                "site": site.name,
                "record": site.record,
                "points_to": app.points_to(site),
                "target": app.current_target(site).map(|target| &target.name),
                "answers": app.site_answers(&site.name),
                "certificate": app
                    .incident
                    .probes
                    .get(&ProbeSubject::Site(site.name.clone()))
                    .and_then(|probed| probed.evidence.certificate),
                "evidence": app.site_evidence(&site.name).map(|(_, words)| words),
                "maintenance": app.incident.maintenance(&site.name).is_some(),
            })
        })
        .collect();
    json!({
        "estate": app.opening.estate,
        "at": app.now,
        "fresh": fresh(app),
        "logbook": app.opening.logbook,
        "accounts": accounts,
        "credentials": credentials,
        "clock_ahead_s": app.accesses.values().filter_map(|s| s.clock_ahead_s).max_by_key(|s| s.abs()),
        "cells": cells,
        "sites": sites,
        "endpoints": endpoints(app)
            .map(|(name, probed)| json!({ "endpoint": name, "probe": finding(probed) }))
            .collect::<Vec<Value>>(),
    })
}

/// Everything, as a script reads it. Rows may be a hundred thousand: they are written one by one.
struct Report<'a>(&'a App);

impl Serialize for Report<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Whole<'a> {
            #[serde(flatten)]
            known: Value,
            resources: Rows<'a>,
        }
        Whole { known: as_json(self.0), resources: Rows(self.0) }.serialize(serializer)
    }
}

/// The rows of a report.
struct Rows<'a>(&'a App);

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Judged<'a> {
            #[serde(flatten)]
            resource: &'a Resource,
            health: String,
            health_word: &'static str,
            as_of: Option<Timestamp>,
            #[serde(skip_serializing_if = "Option::is_none")]
            probe: Option<Value>,
            #[serde(skip_serializing_if = "Option::is_none")]
            blame: Option<&'static str>,
        }
        let app = self.0;
        serializer.collect_seq(app.incident.rows.iter().map(|(key, seen)| {
            let (health, health_word) = app.incident.health(key, app.now);
            Judged {
                resource: &seen.resource,
                health: format!("{health:?}").to_lowercase(),
                health_word,
                as_of: app.incident.as_of(key),
                probe: app.incident.evidence_on(key, app.now).map(finding),
                blame: match &seen.resource {
                    Resource::Registration(r) => Some(Blame::of(r.reason.as_deref()).as_str()),
                    _ => None,
                },
            }
        }))
    }
}
