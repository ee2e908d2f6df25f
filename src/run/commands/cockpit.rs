//! The cockpit itself: live, on the simulator, and on a log.

use crate::app::message::LogRefusal;
use crate::app::{App, Recording};
use crate::cli::Demo;
use crate::cli::moment::Moment;
use crate::cloud::Cloud;
use crate::cloud::sim::{Scenario, Sim, World};
use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, Mode, SessionId};
use crate::incident::gist::Gist;
use crate::incident::story::Tone;
use crate::logbook::{Logbook, Seen, Tail, name_session};
use crate::run::clock::Clock;
use crate::run::driver::Parting;
use crate::run::scribe::{open_strand, refusal};
use crate::run::setup::{Bench, Ground, THREADS, drive, open_bench, runtime};
use crate::run::stage::Stage;
use crate::run::{Exit, complain, say};
use crate::settings::with_config;
use jiff::Timestamp;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Refuses early, in words, where there is no terminal to draw on.
fn needs_terminal() -> Result<(), Exit> {
    if std::io::stdin().is_terminal() && std::io::stdout().is_terminal() {
        // The last moment at which this is the only thread.
        crate::run::signals::hold_stop();
        return Ok(());
    }
    complain(
        "The cockpit needs a terminal for input and output, and this is none. Use `blackstart status`, `plan` and `do` in scripts; over SSH, ask for one with `ssh -t`.",
    );
    Err(Exit::Usage)
}

fn open(result: Result<Exit, Exit>) -> Exit {
    match result {
        Ok(exit) | Err(exit) => exit,
    }
}

/// The cockpit on the configured estate.
pub(crate) fn live(ground: &Ground) -> Exit {
    open(try_live(ground))
}

fn try_live(ground: &Ground) -> Result<Exit, Exit> {
    let settings = ground.settings()?;
    needs_terminal()?;
    let cloud = ground.cloud(&settings)?;
    let runtime = runtime(THREADS)?;
    let inside = runtime.enter();
    let clock = Clock::wall();
    let (now, _) = clock.now();
    let config = &settings.config;
    let opening = ground.opening(&settings, Mode::Live, (&config.estate, &config.sites), now);
    let mut app = App::new(opening, now);
    let bench = open_bench(&mut app, ground.logbook_dir(&settings).as_deref());
    let driver = drive(app, cloud, clock, bench);
    drop(inside);
    play(runtime, driver, &Ground::look(&settings))
}

fn play(
    runtime: tokio::runtime::Runtime,
    mut driver: crate::run::driver::Driver,
    look: &crate::ui::Look,
) -> Result<Exit, Exit> {
    let parted = runtime.block_on(driver.cockpit(look));
    // Not dropped: that waits for whatever asks a name server that does not answer.
    runtime.shutdown_background();
    let parting = parted.map_err(|error| {
        complain(&format!("The terminal failed: {error}. What was done is in the logbook."));
        Exit::Failed
    })?;
    Ok(say_goodbye(&parting))
}

/// What has to be said on the terminal that was given back, and how the program ended.
fn say_goodbye(parting: &Parting) -> Exit {
    for title in &parting.left_open {
        complain(&format!(
            "Left while its call was under way: {title}. Whether it was done is unknown: the log holds its intent without an outcome. See what is there before you act again; the cockpit shows it as unknown."
        ));
    }
    if let Some(why) = &parting.refused {
        complain(&format!("The logbook refused: {why}."));
    }
    if !parting.not_recorded.is_empty() {
        complain("What happened since and is in no logbook:");
        parting.not_recorded.iter().for_each(|line| complain(&format!("  {line}")));
    }
    if parting.unfinished {
        complain(
            "The disk of the logbook did not answer: its last lines may be missing. `blackstart log verify` tells.",
        );
    }
    if parting.broke {
        complain(
            "This is a bug of blackstart: please report it with the lines above. What was called was waited for and is in the logbook; nothing else was called. Start the cockpit again to go on.",
        );
    }
    if parting.broke || parting.unfinished || !parting.left_open.is_empty() {
        Exit::Failed
    } else {
        Exit::Done
    }
}

/// The cockpit on the simulator.
pub(crate) fn demo(ground: &Ground, demo: &Demo) -> Exit {
    open(try_demo(ground, demo))
}

/// A shipped scenario by name, or a file.
pub(crate) fn scenario(name: &str) -> Result<Scenario, Exit> {
    let found = if name.contains(['/', '.']) {
        match std::fs::read_to_string(name) {
            Ok(text) => Scenario::parse(name, &text),
            Err(error) => {
                complain(&format!(
                    "--scenario {name}: cannot be read: {error}. Name a file or a shipped scenario."
                ));
                return Err(Exit::Usage);
            }
        }
    } else {
        Scenario::shipped(name)
    };
    found.map_err(|error| {
        complain(&error.to_string());
        Exit::Usage
    })
}

fn try_demo(ground: &Ground, demo: &Demo) -> Result<Exit, Exit> {
    let scenario = scenario(&demo.scenario)?;
    if !(demo.speed.is_finite() && demo.speed > 0.0 && demo.speed <= 10_000.0) {
        complain("--speed takes a number above 0 and at most 10000: seconds of scenario a second.");
        return Err(Exit::Usage);
    }
    let config = crate::settings::Config {
        estate: scenario.estate.clone(),
        sites: scenario.sites.clone(),
        ..crate::settings::Config::default()
    };
    let settings = with_config(config, &ground.surroundings, &ground.choices());
    needs_terminal()?;
    let runtime = runtime(THREADS)?;
    let inside = runtime.enter();
    let seed = demo.seed.unwrap_or(scenario.seed);
    let (mut stage, colleagues) = curtain(ground, &settings, scenario, seed, |_| {});
    let open_at = stage.now();
    // A demo is not production: its log is kept apart, and for this run only, unless a place was named.
    let dir = ground
        .global
        .logbook
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("blackstart-demo-{}", std::process::id())));
    let entries = std::mem::take(&mut stage.entries);
    let (mut app, world) = (stage.app, stage.world);
    app.opening.logbook = Some(dir.display().to_string());
    app.opening.speed = demo.speed.max(1.0);
    let bench = write_history(&dir, &app.opening.session.clone(), &entries, &colleagues);
    if let Err(why) = &bench.writer {
        app.log = crate::app::LogState::Refused(why.clone());
    }
    let clock = Clock::scaled(open_at, demo.speed, app.mono_ms);
    let cloud = Cloud::Sim(Sim::new(world, demo.speed));
    let mut driver = drive(app, cloud, clock, bench);
    driver.resume();
    drop(inside);
    let exit = play(runtime, driver, &Ground::look(&settings))?;
    say(&format!(
        "The demo's logbook: {}\nReplay it with: blackstart replay {}",
        dir.display(),
        dir.display()
    ));
    Ok(exit)
}

/// Plays a scenario, with the same cockpit under virtual time, up to the moment the demo opens: what the screen then
/// shows was observed, not made up. Returns the colleagues' strands beside it.
pub(crate) fn curtain(
    ground: &Ground,
    settings: &crate::settings::Settings,
    scenario: Scenario,
    seed: u64,
    adjust: impl FnOnce(&mut crate::app::Opening),
) -> (Stage, Vec<Vec<Entry>>) {
    let (start, open_at) = (scenario.start, scenario.open_at);
    let mut opening = ground.opening(settings, Mode::Demo, (&scenario.estate, &scenario.sites), start);
    // The same seed gives the same run, whoever plays it and when.
    opening.jitter = format!("{} {seed}", scenario.name);
    adjust(&mut opening);
    let app = App::new(opening, start);
    let colleagues = colleagues(&scenario, open_at);
    let mut stage = Stage::new(app, World::new(scenario, seed), start);
    let mut notes: Vec<Entry> = colleagues.iter().flatten().cloned().collect();
    notes.sort_by_key(|entry| entry.ts);
    for note in notes {
        stage.run_until(note.ts);
        stage.take(crate::app::message::Message::Others(vec![note]));
    }
    stage.run_until(open_at);
    (stage, colleagues)
}

/// The scripted colleagues' strands up to a moment: each opens a cockpit of their own and writes notes.
fn colleagues(scenario: &Scenario, until: Timestamp) -> Vec<Vec<Entry>> {
    let mut strands: Vec<Vec<Entry>> = Vec::new();
    for note in scenario.colleagues.iter().filter(|note| note.at <= until) {
        let known = strands.iter_mut().find(|strand| {
            strand.first().is_some_and(|e| e.actor.user == note.user && e.actor.host == note.host)
        });
        let entry = |strand: &[Entry], body: Body| {
            let session = strand
                .first()
                .map_or_else(|| name_session(note.at, &note.user, &note.host, 4711), |e| e.session.clone());
            let actor = Actor {
                user: note.user.clone(),
                uid: 1001,
                host: note.host.clone(),
                ssh_client: None,
                aws: None,
            };
            let seq = u64::try_from(strand.len()).unwrap_or_default();
            Entry { v: ENTRY_VERSION, seq, ts: note.at, mono_ms: 0, session, actor, body }
        };
        let mut fresh = Vec::new();
        let strand = match known {
            Some(strand) => strand,
            None => {
                fresh.push(entry(
                    &[],
                    Body::Opened {
                        version: env!("CARGO_PKG_VERSION").into(),
                        estate: scenario.estate.name.clone(),
                        mode: Mode::Demo,
                        pid: 4711,
                        regions: scenario.estate.regions.clone(),
                        sites: Vec::new(),
                        continues: None,
                        command: None,
                    },
                ));
                &mut fresh
            }
        };
        let line = entry(strand, Body::Note { text: note.note.clone() });
        strand.push(line);
        if !fresh.is_empty() {
            strands.push(fresh);
        }
    }
    strands
}

/// Writes what happened before the demo opened, our own strand and the colleagues'.
fn write_history(dir: &Path, session: &SessionId, own: &[Entry], others: &[Vec<Entry>]) -> Bench {
    let write = |session: &SessionId, entries: &[Entry]| -> Result<_, LogRefusal> {
        let mut writer = open_strand(dir, session)?;
        for entry in entries {
            writer.append(entry, &Seen::new()).map_err(|error| refusal(&error))?;
        }
        Ok(writer)
    };
    for strand in others {
        if let Some(first) = strand.first()
            && let Err(why) = write(&first.session, strand)
        {
            return Bench { writer: Err(why), tail: None, unkept: 0 };
        }
    }
    let writer = write(session, own);
    let tail = match Logbook::open_or_empty(dir) {
        Ok(logbook) => logbook.into_timeline_and_tail(session.clone()).1,
        Err(_) => Tail::new(dir, session.clone()),
    };
    Bench { writer, tail: Some(tail), unkept: 0 }
}

/// The cockpit on a log.
pub(crate) fn replay(ground: &Ground, path: Option<PathBuf>, at: Option<Moment>, speed: Option<u32>) -> Exit {
    open(try_replay(ground, path, at, speed))
}

fn try_replay(
    ground: &Ground,
    path: Option<PathBuf>,
    at: Option<Moment>,
    speed: Option<u32>,
) -> Result<Exit, Exit> {
    let settings = ground.settings()?;
    let mut recording = Recording::default();
    let mut logged = None;
    let timeline = super::log::stream(ground, &settings, path, |timeline, at, gist| {
        if let Gist::Whole(body) = &gist
            && let Body::Opened { estate, sites, .. } = &**body
            && !sites.is_empty()
        {
            logged = Some((estate.clone(), sites.clone()));
        }
        recording.push(timeline, at, gist);
    })?;
    let mut replay = recording.replay(timeline);
    let Some((first, last)) = replay.bounds() else {
        complain("The logbook is empty: there is nothing to replay.");
        return Err(Exit::Failed);
    };
    needs_terminal()?;
    let runtime = runtime(THREADS)?;
    let inside = runtime.enter();
    let config = &settings.config;
    let mut opening = ground.opening(&settings, Mode::Replay, (&config.estate, &config.sites), last);
    // What was watched is in the log; what is configured today may be another estate.
    if let Some((estate, sites)) = logged {
        opening.estate = estate;
        opening.sites = sites;
    }
    opening.regions = if ground.global.region.is_empty() { Vec::new() } else { opening.regions };
    let mut app = App::new(opening, last);
    if let Some(speed) = speed {
        replay.speed = speed.max(1);
        replay.playing = true;
    }
    let meant = at.map(|at| at.within(first, last));
    app.replay_from(replay, meant.as_ref().map(|meant| meant.at));
    if let Some(remark) = meant.and_then(|meant| meant.remark) {
        app.notice(Tone::Warn, remark);
    }
    let Ok(world) = Scenario::shipped("quiet").map(|quiet| World::new(quiet, 0)) else {
        complain("The quiet scenario is missing from this build.");
        return Err(Exit::Failed);
    };
    // A replay asks the world nothing; the simulator stands in so that there is nothing it could reach.
    let driver = crate::run::driver::Driver::new(app, Cloud::Sim(Sim::new(world, 1.0)), Clock::wall());
    drop(inside);
    play(runtime, driver, &Ground::look(&settings))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::Global;
    use crate::settings::{Settings, Surroundings};

    /// What a demo showed, whoever played it: the bodies and their times, without the names of the session.
    fn played(session: &str, seed: u64) -> Vec<(Timestamp, Body)> {
        let scenario = Scenario::shipped("quiet").unwrap();
        let ground = Ground { global: Global::default(), surroundings: Surroundings::new([].into(), None) };
        let (stage, _) = curtain(&ground, &Settings::shipped(), scenario, seed, |opening| {
            opening.session = SessionId(session.into());
        });
        let bodies = stage.entries.into_iter().map(|entry| (entry.ts, entry.body));
        bodies.filter(|(_, body)| !matches!(body, Body::Opened { .. })).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_demo_whoever_plays_it() {
        let first = played("20120630T030000Z-adam@jump-1-1", 7);
        assert_eq!(first, played("20261124T120000Z-eve@laptop-99", 7));
        assert_ne!(first, played("20120630T030000Z-adam@jump-1-1", 8));
    }
}
