//! The pictures of the README, painted from real frames of the simulator. No hand draws them, so none goes stale
//! unnoticed: a test paints them again and compares.

use super::commands::cockpit::curtain;
use super::setup::Ground;
use super::stage::Stage;
use crate::app::{App, Replay, Screen};
use crate::cli::Global;
use crate::cloud::sim::Scenario;
use crate::incident::entry::{Actor, Entry, Mode, SessionId};
use crate::settings::{Settings, Surroundings};
use crate::ui::svg::svg;
use crate::ui::{Glyphs, Look, buffer};
use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::process::{Command, Stdio};

/// A picture: its file name without ending, and its SVG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Such as `board`.
    pub name: &'static str,
    /// The picture.
    pub svg: String,
}

/// The size the screens are designed for.
const DESIGN: (u16, u16) = (140, 45);
/// The size that must work.
const SMALL: (u16, u16) = (80, 24);

/// The storm of 2012 at the moment the demo opens, as anybody's demo shows it, but for names that differ by machine.
///
/// # Errors
/// The shipped scenario is broken.
pub fn storm() -> Result<Stage, String> {
    storm_and_colleagues().map(|(stage, _)| stage)
}

fn storm_and_colleagues() -> Result<(Stage, Vec<Entry>), String> {
    let scenario = Scenario::shipped("2012-storm").map_err(|error| error.to_string())?;
    let seed = scenario.seed;
    let ground = Ground { global: Global::default(), surroundings: Surroundings::new(BTreeMap::new(), None) };
    let config = crate::settings::Config {
        estate: scenario.estate.clone(),
        sites: scenario.sites.clone(),
        ..crate::settings::Config::default()
    };
    let settings = Settings { config, ..Settings::shipped() };
    let (stage, colleagues) = curtain(&ground, &settings, scenario, seed, |opening| {
        opening.actor = Actor {
            user: "adam".into(),
            uid: 1000,
            host: "jump-1".into(),
            ssh_client: Some("198.51.100.7".into()),
            aws: None,
        };
        opening.session = SessionId("20120630T030000Z-adam@jump-1-4242".into());
        opening.pid = 4242;
    });
    Ok((stage, colleagues.into_iter().flatten().collect()))
}

/// Paints every picture.
///
/// # Errors
/// The shipped scenario is broken.
pub fn paint() -> Result<Vec<Picture>, String> {
    let settings = Settings::shipped();
    let look = Look { theme: settings.theme.clone(), glyphs: Glyphs::Unicode };
    let mut pictures = Vec::new();
    let mut shoot = |name: &'static str, app: &App, (width, height): (u16, u16)| {
        let mut app = app.clone();
        app.size = (width, height);
        pictures
            .push(Picture { name, svg: svg(&buffer(&app, &look, width, height), &look, "blackstart demo") });
    };
    let (mut stage, colleagues) = storm_and_colleagues()?;
    for (keys, name) in [
        ("1", "board"),
        ("2", "instances"),
        ("3", "restore-points"),
        ("4", "registrations"),
        ("5", "apex"),
        ("6", "log"),
    ] {
        stage.press(keys);
        shoot(name, &stage.app, DESIGN);
    }
    stage.press("1");
    shoot("board-80x24", &stage.app, SMALL);
    stage.press("?");
    shoot("help", &stage.app, DESIGN);
    stage.press("<esc>m");
    stage.run_until_true(30, |app| app.ready_plan().is_some());
    shoot("confirmation", &stage.app, DESIGN);
    shoot("confirmation-80x24", &stage.app, SMALL);
    let typed = stage.app.ready_plan().map(|plan| plan.confirm.clone()).unwrap_or_default();
    stage.press(&format!("{typed}<enter>"));
    stage.run_for(20);
    shoot("progress", &stage.app, DESIGN);
    stage.run_until_true(300, |app| !app.busy());
    stage.run_for(60);
    stage.press("<esc>");
    shoot("maintenance", &stage.app, DESIGN);
    let mut replayed = App::new(stage.app.opening.clone(), stage.now());
    replayed.opening.mode = Mode::Replay;
    let at = stage.now() - jiff::SignedDuration::from_secs(150);
    let mut entries: Vec<Entry> = stage.entries.iter().chain(&colleagues).cloned().collect();
    entries.sort_by(|a, b| (a.ts, &a.session, a.seq).cmp(&(b.ts, &b.session, b.seq)));
    replayed.replay_from(Replay::new(entries), Some(at));
    replayed.screen = Screen::Board;
    shoot("replay", &replayed, DESIGN);
    Ok(pictures)
}

/// Paints every picture into a directory; PNG beside SVG where a converter is installed.
///
/// # Errors
/// The directory cannot be written.
pub fn write(dir: &Path) -> io::Result<String> {
    std::fs::create_dir_all(dir)?;
    let pictures = paint().map_err(io::Error::other)?;
    let converter = ["rsvg-convert", "resvg"].into_iter().find(|name| {
        Command::new(name).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
    });
    let mut pngs = 0;
    for picture in &pictures {
        let path = dir.join(format!("{}.svg", picture.name));
        std::fs::write(&path, &picture.svg)?;
        let png = path.with_extension("png");
        let converted = match converter {
            Some("rsvg-convert") => Command::new("rsvg-convert").arg("-o").arg(&png).arg(&path).status(),
            Some(name) => Command::new(name).arg(&path).arg(&png).status(),
            None => continue,
        };
        if converted.is_ok_and(|status| status.success()) {
            pngs += 1;
        }
    }
    let how = converter.map_or_else(
        || "no PNG: neither rsvg-convert nor resvg is installed".to_owned(),
        |name| format!("{pngs} PNG by {name}"),
    );
    Ok(format!("{} pictures in {} (SVG; {how})", pictures.len(), dir.display()))
}
