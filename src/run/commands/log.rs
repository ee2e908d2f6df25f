//! The logbook from the command line: read, prove, report, export, and write a line.

use crate::cli::{ExportFormat, LogCommand};
use crate::incident::Incident;
use crate::incident::entry::{Body, ENTRY_VERSION, Entry, Mode};
use crate::incident::gist::Gist;
use crate::incident::story::{BY_ITSELF, COMMAND_DONE, describe};
use crate::incident::timeline::Timeline;
use crate::logbook::export::{Format, Sentence, export, report, show};
use crate::logbook::{Line, Logbook, Tail, verify};
use crate::run::clock::Clock;
use crate::run::scribe::open_strand;
use crate::run::setup::Ground;
use crate::run::{Exit, complain, say};
use crate::settings::Settings;
use std::io::{self, Write};
use std::path::PathBuf;

/// Where the log is: as named, else the estate's own.
fn place(ground: &Ground, settings: &Settings, path: Option<PathBuf>) -> Result<PathBuf, Exit> {
    path.or_else(|| ground.logbook_dir(settings)).ok_or_else(|| {
        complain(
            "There is no logbook: name one, or set HOME, XDG_STATE_HOME, BLACKSTART_LOGBOOK or --logbook.",
        );
        Exit::Usage
    })
}

/// Reads a log; says what is wrong with it and goes on with what is right.
pub(crate) fn read(ground: &Ground, settings: &Settings, path: Option<PathBuf>) -> Result<Vec<Line>, Exit> {
    let path = place(ground, settings, path)?;
    let logbook = Logbook::open(&path).map_err(|error| {
        complain(&error.to_string());
        Exit::Failed
    })?;
    logbook.complaints().iter().for_each(|complaint| complain(complaint));
    Ok(logbook.into_timeline())
}

/// Reads a logbook once, in the order of its timeline, and keeps its text.
pub(crate) fn stream(
    ground: &Ground,
    settings: &Settings,
    path: Option<PathBuf>,
    give: impl FnMut(&Timeline, usize, Gist),
) -> Result<Timeline, Exit> {
    let path = place(ground, settings, path)?;
    let (timeline, complaints) = crate::logbook::stream(&path, give).map_err(|error| {
        complain(&error.to_string());
        Exit::Failed
    })?;
    complaints.iter().for_each(|complaint| complain(complaint));
    Ok(timeline)
}

/// The sentences of a timeline, made by the same fold as the screen's.
struct Teller {
    sentences: std::collections::HashMap<(String, u64), Sentence>,
}

impl Teller {
    fn of(lines: &[Line]) -> Self {
        let mut incident = Incident::default();
        let sentences = lines
            .iter()
            .map(|line| {
                let entry = &line.entry;
                let sentence = match describe(&incident, entry) {
                    Some(event) => {
                        let by_itself = event.who == BY_ITSELF;
                        Sentence { text: event.text, is_story: true, by_itself }
                    }
                    None => Sentence { text: plain(entry), is_story: false, by_itself: false },
                };
                incident.fold(entry);
                ((entry.session.0.clone(), entry.seq), sentence)
            })
            .collect();
        Self { sentences }
    }

    fn tell(&self, entry: &Entry) -> Sentence {
        let known = self.sentences.get(&(entry.session.0.clone(), entry.seq));
        known.cloned().unwrap_or_else(|| Sentence { text: plain(entry), is_story: false, by_itself: false })
    }
}

/// What an entry of the bookkeeping says.
fn plain(entry: &Entry) -> String {
    match &entry.body {
        Body::Observed { place, status, changed, gone } => {
            let end = match status {
                Some(crate::incident::cell::SweepStatus::Ok { latency_ms }) => {
                    format!(", whole in {latency_ms} ms")
                }
                Some(crate::incident::cell::SweepStatus::Failed { error }) => format!(", broke off: {error}"),
                Some(status @ crate::incident::cell::SweepStatus::Partial { .. }) => {
                    format!(", by zone: {}", status.trouble().unwrap_or_default())
                }
                None => String::new(),
            };
            format!("{place}: {} changed, {} gone{end}", changed.len(), gone.len())
        }
        Body::Heartbeat { fresh, failing } if failing.is_empty() => format!("{} cells fresh", fresh.len()),
        Body::Heartbeat { fresh, failing } => {
            format!("{} cells fresh, {} failing", fresh.len(), failing.len())
        }
        Body::Failing { place } => format!("{place}: failing for a minute"),
        Body::Flapping { place, flapping } => match flapping {
            Some(flapping) => format!("{place}: flapping: {}", flapping.words()),
            None => format!("{place}: steady again"),
        },
        Body::Identified { profile, account, arn } => {
            format!("profile {profile} is account {account} ({arn})")
        }
        Body::Presumed { profile, account, said, to, error } => {
            let why = error.as_ref().map_or_else(String::new, |error| format!("; STS: {error}"));
            format!(
                "profile {profile} is presumed to be account {account}, as STS said to {to} at {said}{why}"
            )
        }
        Body::Unidentified { profile, error, .. } => {
            format!("profile {profile} is not named by STS: {error}")
        }
        Body::Probed { subject, evidence } => {
            format!("{subject} {} ({})", evidence.verdict.as_str(), evidence.detail)
        }
        other => other.kind().into(),
    }
}

/// The commands on a log.
pub(crate) fn log(ground: &Ground, command: LogCommand) -> Exit {
    let settings = match ground.settings() {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match command {
        LogCommand::Verify { path } => {
            let path = match place(ground, &settings, path) {
                Ok(path) => path,
                Err(exit) => return exit,
            };
            match verify(&path) {
                Ok(verdict) => {
                    say(&verdict.to_string());
                    match verdict.exit_code() {
                        0 => Exit::Done,
                        1 => Exit::Failed,
                        _ => Exit::Broken,
                    }
                }
                Err(error) => {
                    complain(&error.to_string());
                    Exit::Usage
                }
            }
        }
        LogCommand::Show { path, all } => told(ground, &settings, path, |lines, teller, out| {
            show(lines, all, &|entry| teller.tell(entry), out)
        }),
        LogCommand::Report { path } => told(ground, &settings, path, |lines, teller, out| {
            report(lines, &|entry| teller.tell(entry), out)
        }),
        LogCommand::Export { path, format } => {
            let format = match format {
                ExportFormat::Json => Format::Json,
                ExportFormat::Csv => Format::Csv,
            };
            told(ground, &settings, path, |lines, teller, out| {
                export(lines, format, &|entry| teller.tell(entry), out)
            })
        }
    }
}

fn told(
    ground: &Ground,
    settings: &Settings,
    path: Option<PathBuf>,
    write: impl FnOnce(&[Line], &Teller, &mut dyn Write) -> io::Result<()>,
) -> Exit {
    let lines = match read(ground, settings, path) {
        Ok(lines) => lines,
        Err(exit) => return exit,
    };
    let teller = Teller::of(&lines);
    match write(&lines, &teller, &mut io::BufWriter::new(io::stdout().lock())) {
        Ok(()) => Exit::Done,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => {
            complain(&format!("The output could not be written: {error}."));
            Exit::Failed
        }
    }
}

/// Writes a note.
pub(crate) fn note(ground: &Ground, text: &str) -> Exit {
    if text.trim().is_empty() {
        return nothing_said("note", "blackstart note \"RDS logs frozen at 23:00\"");
    }
    write_down(ground, "note", |_| Ok(Body::Note { text: text.trim().into() }))
}

/// Words that are none are not written down.
fn nothing_said(what: &str, example: &str) -> Exit {
    complain(&format!("The {what} is empty: nothing was written. Say what it is: `{example}`."));
    Exit::Usage
}

/// Declares an incident.
pub(crate) fn declare(ground: &Ground, title: &str) -> Exit {
    if title.trim().is_empty() {
        return nothing_said("incident's name", "blackstart declare \"us-east-1 down\"");
    }
    write_down(ground, "declare", |incident| match incident.declared() {
        Some(open) => {
            Err(format!("\"{}\" is declared already. Close it first: `blackstart close`.", open.title))
        }
        None => Ok(Body::Declared { title: title.trim().into() }),
    })
}

/// Closes the incident.
pub(crate) fn close(ground: &Ground, summary: &str) -> Exit {
    write_down(ground, "close", |incident| match incident.declared() {
        Some(_) => Ok(Body::Closed { summary: summary.into() }),
        None => Err("No incident is declared: there is nothing to close.".into()),
    })
}

/// Opens a strand for one line, so that every line has an author whom the kernel knows.
fn write_down(ground: &Ground, command: &str, body: impl FnOnce(&Incident) -> Result<Body, String>) -> Exit {
    let settings = match ground.settings() {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let dir = match place(ground, &settings, None) {
        Ok(dir) => dir,
        Err(exit) => return exit,
    };
    let (now, _) = Clock::wall().now();
    let config = &settings.config;
    let opening = ground.opening(&settings, Mode::Live, (&config.estate, &config.sites), now);
    let mut incident = Incident::default();
    let mut tail = match Logbook::open_or_empty(&dir) {
        Ok(logbook) => {
            let (lines, tail) = logbook.into_timeline_and_tail(opening.session.clone());
            lines.iter().for_each(|line| incident.fold(&line.entry));
            tail
        }
        Err(error) => {
            complain(&error.to_string());
            return Exit::Failed;
        }
    };
    let body = match body(&incident) {
        Ok(body) => body,
        Err(why) => {
            complain(&why);
            return Exit::Failed;
        }
    };
    let opened = Body::Opened {
        version: env!("CARGO_PKG_VERSION").into(),
        estate: opening.estate.clone(),
        mode: Mode::Live,
        pid: opening.pid,
        regions: Vec::new(),
        sites: Vec::new(),
        continues: None,
        command: Some(command.into()),
    };
    let left = Body::Left { reason: COMMAND_DONE.into() };
    match write_strand(&dir, &opening, &mut tail, now, [opened, body, left]) {
        Ok(()) => Exit::Done,
        Err(why) => {
            complain(&why);
            Exit::Failed
        }
    }
}

fn write_strand(
    dir: &std::path::Path,
    opening: &crate::app::Opening,
    tail: &mut Tail,
    now: jiff::Timestamp,
    bodies: [Body; 3],
) -> Result<(), String> {
    let mut writer = open_strand(dir, &opening.session).map_err(|refusal| refusal.words)?;
    for (seq, body) in (0_u64..).zip(bodies) {
        let entry = Entry {
            v: ENTRY_VERSION,
            seq,
            ts: now,
            mono_ms: 0,
            session: opening.session.clone(),
            actor: opening.actor.clone(),
            body,
        };
        writer.append(&entry, tail.heads()).map_err(|error| error.to_string())?;
    }
    Ok(())
}
