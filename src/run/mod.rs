//! The only impure loop, and everything around it: clock, terminal, scribe, stage, and the commands of the program.
//!
//! Imports everything; nothing imports it. The environment and the arguments come in once, from `main`.

mod clock;
mod commands;
mod driver;
mod keeper;
pub mod screenshots;
mod scribe;
mod setup;
mod signals;
pub mod stage;
pub mod terminal;
#[cfg(test)]
mod tests;

pub use clock::{Clock, Hand, Reading};
pub use setup::Ground;
pub use stage::Stage;

use crate::cli::{Cli, Command, Deed};
use crate::settings::Surroundings;
use clap::Parser;
use std::ffi::OsString;
use std::io::{self, Write};

/// How the program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// Done.
    Done,
    /// Failed, refused, or partly dark.
    Failed,
    /// Usage or settings.
    Usage,
    /// The logbook is broken.
    Broken,
}

impl Exit {
    /// The process's exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Usage => 2,
            Self::Broken => 3,
        }
    }
}

/// Runs the program.
#[must_use]
pub fn run(args: impl IntoIterator<Item = OsString>, surroundings: Surroundings) -> Exit {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are answers; everything else is a mistake.
            let _ = error.print();
            return if error.use_stderr() { Exit::Usage } else { Exit::Done };
        }
    };
    let ground = Ground { global: cli.global, surroundings };
    match cli.command {
        None => commands::cockpit::live(&ground),
        Some(Command::Demo(demo)) => commands::cockpit::demo(&ground, &demo),
        Some(Command::Record) => commands::record::record(&ground),
        Some(Command::Replay { path, at, speed }) => commands::cockpit::replay(&ground, path, at, speed),
        Some(Command::Status { json }) => commands::status::status(&ground, json),
        Some(Command::Plan { action, json }) => commands::act::plan(&ground, &action, json),
        Some(Command::Do { deed: Deed::Act(action), confirm, json }) => {
            commands::act::perform(&ground, &action, confirm.as_deref(), json)
        }
        Some(Command::Do { deed: Deed::Verify { plan }, confirm: _, json }) => {
            commands::verify::verify(&ground, plan.as_deref(), json)
        }
        Some(Command::Log { command }) => commands::log::log(&ground, command),
        Some(Command::Note { text }) => commands::log::note(&ground, &text.join(" ")),
        Some(Command::Declare { title }) => commands::log::declare(&ground, &title.join(" ")),
        Some(Command::Close { summary }) => commands::log::close(&ground, &summary.join(" ")),
        Some(Command::Check) => commands::listings::check(&ground),
        Some(Command::Keys) => commands::listings::keys(&ground),
        Some(Command::Themes) => commands::listings::themes(&ground),
        Some(Command::Man) => commands::listings::man(),
        Some(Command::Completions { shell }) => commands::listings::completions(shell),
        Some(Command::Screenshots { dir }) => commands::listings::screenshots(&dir),
    }
}

/// Prints to standard output; a reader that went away is not our failure.
pub(crate) fn say(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    if !text.ends_with('\n') {
        let _ = out.write_all(b"\n");
    }
    let _ = out.flush();
}

/// Prints to standard error.
pub(crate) fn complain(text: &str) {
    let mut out = io::stderr().lock();
    let _ = writeln!(out, "{}", text.trim_end());
}
