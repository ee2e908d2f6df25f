//! What can be listed: complaints, keys, themes, the man page, completions, screenshots.

use crate::cli::listings as written;
use crate::run::setup::Ground;
use crate::run::{Exit, complain, say};
use crate::settings::listing;
use std::path::Path;

/// Every complaint about the settings.
pub(crate) fn check(ground: &Ground) -> Exit {
    let complaints = crate::settings::check(&ground.surroundings, &ground.choices());
    for complaint in &complaints {
        say(&complaint.to_string());
    }
    match complaints.len() {
        0 => {
            say("config, keymaps and themes: no complaints");
            Exit::Done
        }
        n => {
            complain(&format!("{n} complaint{}", if n == 1 { "" } else { "s" }));
            Exit::Usage
        }
    }
}

/// Every key, from the keymap in force.
pub(crate) fn keys(ground: &Ground) -> Exit {
    match ground.settings() {
        Ok(settings) => {
            settings.complaints.iter().for_each(|complaint| complain(&complaint.to_string()));
            say(&listing::keys(&settings.keymap));
            Exit::Done
        }
        Err(exit) => exit,
    }
}

/// The themes.
pub(crate) fn themes(ground: &Ground) -> Exit {
    say(&listing::themes(&ground.surroundings));
    Exit::Done
}

/// Prints the man page.
pub(crate) fn man() -> Exit {
    say(&written::man_page());
    Exit::Done
}

/// Prints completions.
pub(crate) fn completions(shell: clap_complete::Shell) -> Exit {
    say(&written::completions(shell));
    Exit::Done
}

/// Paints the screenshots.
pub(crate) fn screenshots(dir: &Path) -> Exit {
    match crate::run::screenshots::write(dir) {
        Ok(report) => {
            say(&report);
            Exit::Done
        }
        Err(error) => {
            complain(&format!("The screenshots could not be written to {}: {error}.", dir.display()));
            Exit::Failed
        }
    }
}
