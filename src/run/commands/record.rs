//! `blackstart record`: keeps the logbook warm without a screen. The same cockpit, the same driver, and nobody at it.
//!
//! It goes on through everything AWS and the disk do to it and says on standard error what changed, each thing once. It
//! ends when it is told to. A service manager that asks for it hears when the strand is open, how fresh the cells are and
//! that the loop turns.

use crate::app::message::Message;
use crate::app::{App, LogState, Notice};
use crate::incident::entry::Mode;
use crate::run::clock::Clock;
use crate::run::setup::{Ground, THREADS, drive, open_bench, runtime};
use crate::run::{Exit, complain};
use crate::settings::Surroundings;
use sd_notify::NotifyState;
use std::collections::VecDeque;
use std::time::Duration;

/// Longer than any machine runs.
const FOR_EVER: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 10);
/// Milliseconds between two lines of status.
const STATUS_EVERY_MS: u64 = 5_000;

/// Records until it is told to end.
pub(crate) fn record(ground: &Ground) -> Exit {
    match try_record(ground) {
        Ok(exit) | Err(exit) => exit,
    }
}

fn try_record(ground: &Ground) -> Result<Exit, Exit> {
    let settings = ground.settings()?;
    settings.complaints.iter().for_each(|complaint| complain(&complaint.to_string()));
    let cloud = ground.cloud(&settings)?;
    let dir = ground.logbook_dir(&settings).ok_or_else(|| {
        complain("There is no place for the logbook: set HOME, XDG_STATE_HOME, BLACKSTART_LOGBOOK or --logbook. Nothing was started.");
        Exit::Usage
    })?;
    let runtime = runtime(THREADS)?;
    let mut driver = {
        let _inside = runtime.enter();
        let clock = Clock::wall();
        let (now, _) = clock.now();
        let config = &settings.config;
        let opening = ground.opening(&settings, Mode::Record, (&config.estate, &config.sites), now);
        let mut app = App::new(opening, now);
        let bench = open_bench(&mut app, Some(&dir));
        drive(app, cloud, clock, bench)
    };
    driver.app.opening.breakages.iter().for_each(|breakage| complain(breakage));
    let mut spokesman = Spokesman::new(&ground.surroundings);
    runtime.block_on(async {
        driver.take(Message::Start);
        driver.until(FOR_EVER, |app| spokesman.tell(app)).await;
    });
    spokesman.leave(&driver.app);
    let recorded = driver.app.log == LogState::Writing;
    let written = driver.finish();
    runtime.shutdown_background();
    if !written {
        complain(
            "The disk of the logbook did not answer: its last lines may be missing. `blackstart log verify` tells.",
        );
        return Ok(Exit::Failed);
    }
    Ok(if recorded { Exit::Done } else { Exit::Failed })
}

/// What it does, in a line.
fn greeting(app: &App) -> String {
    let opening = &app.opening;
    let what = format!(
        "{}: {} regions, {} cells, sites: {}",
        opening.estate,
        opening.regions.len(),
        app.schedule.len(),
        opening.sites.len()
    );
    let place = opening.logbook.as_deref().unwrap_or_default();
    match &app.log {
        LogState::Writing => {
            format!(
                "Recording {what}, in {place}, strand {}. It only reads; SIGTERM ends it.",
                opening.session
            )
        }
        LogState::Refused(why) => {
            format!("Watching {what}. NOT RECORDING in {place}: {why}")
        }
    }
}

/// Who tells the service manager and standard error.
#[derive(Debug)]
struct Spokesman {
    notifies: bool,
    greeted: bool,
    watchdog_ms: Option<u64>,
    ready: bool,
    status: String,
    told_ms: u64,
    alive_ms: u64,
    notices: VecDeque<Notice>,
    said: String,
}

impl Spokesman {
    fn new(surroundings: &Surroundings) -> Self {
        let number = |name| surroundings.var(name).and_then(|text| text.parse::<u64>().ok());
        let meant = number("WATCHDOG_PID").is_none_or(|pid| pid == u64::from(std::process::id()));
        Self {
            notifies: surroundings.var("NOTIFY_SOCKET").is_some(),
            // Half of what is allowed, as systemd advises.
            watchdog_ms: number("WATCHDOG_USEC").filter(|_| meant).map(|usec| (usec / 2_000).max(1)),
            greeted: false,
            ready: false,
            status: String::new(),
            told_ms: 0,
            alive_ms: 0,
            notices: VecDeque::new(),
            said: String::new(),
        }
    }

    fn notify(&self, state: &[NotifyState<'_>]) {
        if self.notifies {
            // A manager that does not listen is not our failure.
            let _ = sd_notify::notify(state);
        }
    }

    /// Says what changed; never done.
    fn tell(&mut self, app: &App) -> bool {
        if !self.greeted && (app.is_recording() || app.log != LogState::Writing) {
            self.greeted = true;
            complain(&greeting(app));
        }
        for notice in app.notices.iter().filter(|notice| !self.notices.contains(notice)) {
            if notice.text != self.said {
                complain(&notice.text);
                self.said.clone_from(&notice.text);
            }
        }
        if self.notices != app.notices {
            self.notices.clone_from(&app.notices);
        }
        if !self.ready && app.is_recording() {
            self.ready = true;
            self.notify(&[NotifyState::Ready]);
        }
        let due = |last: u64, every: u64| app.mono_ms.saturating_sub(last) >= every;
        if self.status.is_empty() || due(self.told_ms, STATUS_EVERY_MS) {
            self.told_ms = app.mono_ms;
            let status = app.freshness_words();
            if status != self.status {
                self.notify(&[NotifyState::Status(&status)]);
                self.status = status;
            }
        }
        if self.watchdog_ms.is_some_and(|every| self.alive_ms == 0 || due(self.alive_ms, every)) {
            self.alive_ms = app.mono_ms.max(1);
            self.notify(&[NotifyState::Watchdog]);
        }
        false
    }

    fn leave(&self, app: &App) {
        self.notify(&[NotifyState::Stopping]);
        let why = app.leaving.as_deref().unwrap_or("quit");
        complain(&format!("Left ({why}): {}.", app.freshness_words()));
    }
}
