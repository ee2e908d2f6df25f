//! Texts written from the definitions of the command line: the manual page, the reference, the completions.
//!
//! Pure: a definition in, a text out, the same on every machine. `run` prints them; the copies in `docs/` and
//! `completions/` are these texts, and a test compares them. Refuses to know anything that the definitions or
//! `docs/config.toml` do not say.

use super::Cli;
use clap::{Command, CommandFactory};
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// The config of the documentation: an estate, a site with its targets, and the other choices.
pub const CONFIG_EXAMPLE: &str = include_str!("../../docs/config.toml");

/// Columns of the reference.
const WIDTH: usize = 100;

/// Where things are looked for, as the manual page tells it.
const FILES: [(&str, &str); 4] = [
    (
        "config",
        "--config, else $BLACKSTART_CONFIG, else $XDG_CONFIG_HOME/blackstart/config.toml (~/.config when unset), else \
         /etc/blackstart/config.toml. Never the current directory. Without any, every region is shown and no site is known.",
    ),
    (
        "logbook",
        "--logbook, else $BLACKSTART_LOGBOOK, else logbook in the config, else $XDG_STATE_HOME/blackstart/ESTATE \
         (~/.local/state when unset). One file for each run; see log verify.",
    ),
    ("keymaps", "$XDG_CONFIG_HOME/blackstart/keymaps/NAME.toml, and those that are built in."),
    ("themes", "$XDG_CONFIG_HOME/blackstart/themes/NAME.toml, and those that are built in."),
];

/// What the program reads from the environment, as the manual page tells it.
const ENVIRONMENT: [(&str, &str); 6] = [
    ("BLACKSTART_CONFIG", "the configuration file"),
    ("BLACKSTART_LOGBOOK", "the directory of the logbook"),
    ("AWS_PROFILE, AWS_ACCESS_KEY_ID, …", "credentials, as the AWS command line finds them"),
    ("AWS_ENDPOINT_URL", "an endpoint for every service, when --endpoint-url names none"),
    ("NO_COLOR", "the theme mono, unless --theme names another"),
    (
        "TERM, COLORTERM, LC_ALL, LC_CTYPE, LANG",
        "how many colours the terminal has, and whether it shows more than ASCII",
    ),
];

/// What the exit codes mean.
const EXIT: [(&str, &str); 4] = [
    ("0", "done; every cell is fresh; the logbook is intact"),
    ("1", "failed or refused; some cells are dark; the logbook has an unfinished last line only"),
    ("2", "usage or settings; a plan that was not confirmed"),
    ("3", "the logbook is broken: log verify names the file and the line"),
];

/// The definitions with every subcommand's usage worked out, the same on every terminal.
fn built() -> Command {
    let mut command = Cli::command().term_width(WIDTH).disable_help_subcommand(true);
    command.build();
    command
}

/// Every command below one, with its words, in the order of the help.
fn walk(command: &Command, words: &str, found: &mut Vec<(String, Command)>) {
    found.push((words.to_owned(), command.clone()));
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        walk(sub, &format!("{words} {}", sub.get_name()), found);
    }
}

fn commands() -> Vec<(String, Command)> {
    let root = built();
    let global: BTreeSet<String> =
        root.get_arguments().map(|arg| arg.get_id().to_string()).chain(["help".into()]).collect();
    let mut found = Vec::new();
    walk(&root, "blackstart", &mut found);
    // What every command takes is told once, with the program itself.
    for (_, command) in found.iter_mut().skip(1) {
        *command = command
            .clone()
            .mut_args(|arg| if global.contains(arg.get_id().as_str()) { arg.hide(true) } else { arg });
    }
    found
}

/// The whole command line in Markdown: the help of every command.
#[must_use]
pub fn reference() -> String {
    let mut out = String::from(
        "# The command line\n\nThe options of `blackstart` itself are taken by every command.\n",
    );
    for (words, mut command) in commands() {
        // Writing to a String cannot fail.
        let _ = write!(out, "\n## {words}\n\n```text\n");
        for line in command.render_long_help().to_string().trim_end().lines() {
            let _ = writeln!(out, "{}", line.trim_end());
        }
        out.push_str("```\n");
    }
    out
}

/// The manual page, in roff.
#[must_use]
pub fn man_page() -> String {
    let man = clap_mangen::Man::new(Cli::command().disable_help_subcommand(true));
    let mut head = Vec::new();
    // Rendering into memory cannot fail.
    let _ = man
        .render_title(&mut head)
        .and_then(|()| man.render_name_section(&mut head))
        .and_then(|()| man.render_synopsis_section(&mut head))
        .and_then(|()| man.render_description_section(&mut head))
        .and_then(|()| man.render_options_section(&mut head));
    let mut out = String::from_utf8_lossy(&head).into_owned();
    out.push_str(".SH COMMANDS\n");
    for (words, mut command) in commands().into_iter().skip(1) {
        if command.get_subcommands().next().is_some() {
            continue;
        }
        let usage = command.render_usage().to_string();
        let usage = usage.trim_start_matches("Usage:").trim();
        let _ = writeln!(out, ".SS \"{}\"", roff(usage));
        let about = command.get_about().map(ToString::to_string).unwrap_or_else(|| words.clone());
        let _ = writeln!(out, "{}.", roff(about.trim_end_matches('.')));
        for arg in command.get_arguments().filter(|arg| !arg.is_hide_set()) {
            let name = match arg.get_long() {
                Some(long) => format!("--{long}"),
                None => arg.get_value_names().unwrap_or_default().join(" "),
            };
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let defaults: Vec<String> =
                arg.get_default_values().iter().map(|value| value.to_string_lossy().into_owned()).collect();
            let default = if defaults.is_empty() || !arg.get_action().takes_values() {
                String::new()
            } else {
                format!(" (default: {})", defaults.join(" "))
            };
            let _ = writeln!(out, ".TP\n\\fB{}\\fR\n{}{}.", roff(&name), roff(&help), roff(&default));
        }
    }
    section(&mut out, "EXIT STATUS", &EXIT);
    section(&mut out, "FILES", &FILES);
    section(&mut out, "ENVIRONMENT", &ENVIRONMENT);
    out.push_str(".SH CONFIGURATION\nAn example:\n.PP\n.nf\n");
    for line in CONFIG_EXAMPLE.lines() {
        let _ = writeln!(out, "{}", roff(line));
    }
    out.push_str(".fi\n.SH EXAMPLES\n");
    for (line, what) in [
        ("blackstart demo", "The cockpit in the middle of the outage of June 2012; no account needed."),
        ("blackstart status --region us-east-1,us-west-1", "One sweep; 1 if anything is dark."),
        ("blackstart plan apex www linode", "What pointing www at its target linode would do."),
        ("blackstart do apex www linode --confirm www", "The same, done and recorded."),
        ("blackstart log verify", "Prove that the logbook is what was written."),
    ] {
        let _ = writeln!(out, ".TP\n\\fB{}\\fR\n{}", roff(line), roff(what));
    }
    out
}

fn section(out: &mut String, title: &str, rows: &[(&str, &str)]) {
    let _ = writeln!(out, ".SH \"{title}\"");
    for (name, text) in rows {
        let _ = writeln!(out, ".TP\n\\fB{}\\fR\n{}.", roff(name), roff(text.trim_end_matches('.')));
    }
}

/// Text that roff takes for text.
fn roff(text: &str) -> String {
    let escaped = text.replace('\\', "\\e").replace('-', "\\-").replace('"', "\\(dq").replace('…', "...");
    // A line that begins with one of these would be a request.
    if escaped.starts_with(['.', '\'']) { format!("\\&{escaped}") } else { escaped }
}

/// Completions for a shell.
#[must_use]
pub fn completions(shell: clap_complete::Shell) -> String {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "blackstart", &mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::settings::{Surroundings, config};

    #[test]
    fn every_command_is_in_the_reference_and_in_the_manual() {
        let (reference, man) = (reference(), man_page());
        for words in
            ["blackstart plan apex", "blackstart do terminate", "blackstart log verify", "blackstart note"]
        {
            assert!(reference.contains(&format!("\n## {words}\n")), "{words}");
            assert!(
                man.contains(&format!(".SS \"{words} ")) || man.contains(&format!(".SS \"{words}\"")),
                "{words}\n{man}"
            );
        }
        assert_eq!(reference.matches("--endpoint-url").count(), 1, "told once");
        assert!(man.contains("[[site]]"), "the manual shows how a site is declared");
    }

    #[test]
    fn the_example_config_has_no_complaints() {
        let config = config::parse("docs/config.toml", CONFIG_EXAMPLE, &Surroundings::default()).unwrap();
        assert!(config.sites.iter().any(|site| site.maintenance_target().is_some()));
        assert!(config.logbook.is_some() && config.ui.theme.is_some() && config.ui.keymap.is_some());
    }

    #[test]
    fn text_stays_text_in_roff() {
        assert_eq!(roff(".a \"b\" -c"), "\\&.a \\(dqb\\(dq \\-c");
    }
}
