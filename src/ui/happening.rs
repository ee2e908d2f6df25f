//! What is happening: operations under way with their step, then the story, newest first.

use super::canvas::{Piece, Row, piece};
use super::frame::{ago, person, since, tone, tone_mark};
use super::look::{Look, Mark};
use super::text::{pad, width};
use crate::app::table::day_time;
use crate::app::{App, Execution, Phase};
use crate::incident::operation::{Operation, Standing};
use crate::incident::story::{Event, Tone};
use crate::settings::theme::Role;

/// What a phase waits for, in words.
pub(super) fn phase_words(app: &App, execution: &Execution) -> String {
    match &execution.phase {
        Phase::Recording(..) => "writing to the log".into(),
        Phase::Guarding { since: begun, .. } => {
            format!("reading once more what it relies on, {}", since(app, *begun))
        }
        Phase::Calling(_) => "calling AWS".into(),
        Phase::Checking { found, times, .. } => format!("checking: {found} (read {times}x)"),
        Phase::Over => "over".into(),
    }
}

/// Where an operation of any cockpit stands, in words.
pub(super) fn step_words(app: &App, operation: &Operation) -> String {
    if let Some(execution) = app.executions.get(&operation.plan.hash)
        && execution.phase != Phase::Over
    {
        return phase_words(app, execution);
    }
    let progress = operation.current_step().and_then(|at| operation.steps.get(at));
    match progress {
        Some(step) if step.outcome.is_some() => "checking".into(),
        Some(step) if step.intent.is_some() => "calling AWS".into(),
        Some(_) => "about to begin".into(),
        None => "ending".into(),
    }
}

/// What can be done about an operation of unknown outcome, or is being done.
pub(super) fn unknown_words(app: &App, operation: &Operation) -> String {
    if app.is_settling(&operation.plan.hash) {
        "  unknown whether done: looking what became of it".into()
    } else if app.replay.is_some() {
        "  unknown whether done".into()
    } else {
        format!("  unknown whether done: {} verifies it", app.verify_key())
    }
}

/// The role of a standing.
pub(super) fn standing_role(standing: Standing) -> Role {
    match standing {
        Standing::Proposed | Standing::Vetoed | Standing::Undone => Role::Muted,
        Standing::Running => Role::Pending,
        Standing::Verified => Role::Ok,
        Standing::Unverified | Standing::Unknown => Role::Warn,
        Standing::Stopped => Role::Down,
    }
}

/// The mark of a standing.
pub(super) fn standing_mark(standing: Standing) -> Mark {
    match standing {
        Standing::Proposed | Standing::Vetoed | Standing::Undone => Mark::Next,
        Standing::Running => Mark::Now,
        Standing::Verified => Mark::Done,
        Standing::Unverified => Mark::Warn,
        Standing::Unknown => Mark::Unknown,
        Standing::Stopped => Mark::Bad,
    }
}

/// Columns that names take at least, and at most.
const NAME: (usize, usize) = (8, 14);

/// A person's name in a column of its own, as wide as the longest of those who were here.
pub(super) fn name(app: &App, user: &str, look: &Look) -> Piece {
    let longest = app.incident.sessions.values().map(|presence| width(presence.who())).max();
    let columns = longest.unwrap_or_default().clamp(NAME.0, NAME.1);
    piece(format!("{} ", pad(user, columns, look.glyphs)), person(app, user))
}

/// The operations under way and those of unknown outcome, newest first.
pub(super) fn operations(app: &App, look: &Look) -> Vec<Row> {
    let mut rows = Vec::new();
    for operation in app.incident.operations_in_order() {
        let standing = operation.standing(&app.incident);
        let (began, who) = operation.confirmed.clone().unwrap_or((operation.proposed, operation.by.clone()));
        let mark = look.glyphs.mark(standing_mark(standing));
        match standing {
            Standing::Running => {
                let of = operation.plan.steps.len();
                let at = operation.current_step().map_or(of, |at| at + 1);
                rows.push(vec![
                    piece(format!("{mark} {:<7}", since(app, began)), Role::Pending),
                    name(app, &who, look),
                    piece(operation.plan.title.clone(), Role::Title),
                    piece(format!("  step {at}/{of} "), Role::Muted),
                    piece(step_words(app, operation), Role::Pending),
                ]);
            }
            Standing::Unknown if app.incident.is_unsettled(operation) => rows.push(vec![
                piece(format!("{mark} {:<7}", ago(app, began)), Role::Warn),
                name(app, &who, look),
                piece(operation.plan.title.clone(), Role::Title),
                piece(unknown_words(app, operation), Role::Warn),
            ]),
            Standing::Unknown
            | Standing::Proposed
            | Standing::Vetoed
            | Standing::Verified
            | Standing::Unverified
            | Standing::Stopped
            | Standing::Undone => {}
        }
    }
    rows.reverse();
    rows
}

/// The role of a sentence of the story. Its mark says how it sounded then; red text is for what is wrong now.
pub(super) fn story_role(event: &Event) -> Role {
    match (event.is_action || event.plan.is_some(), event.tone) {
        (true, _) | (false, Tone::Bad | Tone::Warn | Tone::Pending) => Role::Text,
        (false, Tone::Neutral | Tone::Good) => Role::Muted,
    }
}

/// The newest lines of the story.
pub(super) fn story(app: &App, lines: usize, look: &Look) -> Vec<Row> {
    let newest = || app.incident.story.iter().rev().take(lines);
    let times = newest().map(|event| day_time(app.now, event.ts).len()).max().unwrap_or_default();
    newest()
        .map(|event| {
            vec![
                piece(format!("{:<times$} ", day_time(app.now, event.ts)), Role::Muted),
                name(app, &event.who, look),
                piece(format!("{} ", look.glyphs.mark(tone_mark(event.tone))), tone(event.tone)),
                piece(event.text.clone(), story_role(event)),
            ]
        })
        .collect()
}
