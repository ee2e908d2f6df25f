//! A plan and what became of it, as a text to read: the dialog shows the first half, the log's detail both.

use super::canvas::{Doc, Row, piece};
use super::frame::{mode, person, since};
use super::happening::{standing_role, step_words, unknown_words};
use super::look::{Look, Mark};
use super::steps::{call_words, check_words, guard_words, region_words};
use super::text::{pad, width};
use crate::app::App;
use crate::app::table::{age, clock_time};
use crate::incident::entry::{Ending, Finding, Outcome};
use crate::incident::operation::{Operation, Standing, StepProgress};
use crate::incident::plan::{Change, Plan, Risk};
use crate::incident::request::Done;
use crate::incident::settlement::Settlement;
use crate::settings::theme::Role;

/// The margin that labels stand in.
pub(super) const LABEL: u16 = 11;

/// Where a plan acts, in full.
pub(super) fn acts_in(app: &App, plan: &Plan) -> Row {
    let (word, mode_role) = mode(app);
    vec![
        piece(format!("{:<1$}", "acts in", usize::from(LABEL)), Role::Muted),
        piece(word, mode_role),
        piece(format!("  account {}", app.account_words(&plan.scope.account)), Role::Title),
        piece(format!("  profile {}", plan.profile), Role::Text),
        piece(format!("  region {}", region_words(plan)), Role::Title),
    ]
}

/// Writes a plan: what changes, who is hit, what it rests on, the exact calls.
pub(super) fn plan(doc: &mut Doc, app: &App, plan: &Plan, columns: u16, look: &Look) {
    let glyphs = look.glyphs;
    let risk_role = match plan.risk {
        Risk::Reversible => Role::Text,
        Risk::Disruptive => Role::Warn,
        Risk::Destructive => Role::Danger,
    };
    doc.labelled("risk", vec![piece(plan.risk.as_str(), risk_role)]);
    doc.field("acts on", &plan.resources.join("  "), Role::Text);
    doc.blank();
    changes(doc, &plan.changes, columns, look);
    for (at, warning) in plan.warnings.iter().enumerate() {
        let label = if at == 0 { "warning" } else { "" };
        doc.marked(label, "! ", warning, Role::Warn);
    }
    for (at, effect) in plan.effects.iter().enumerate() {
        let label = if at == 0 { "effect" } else { "" };
        doc.marked(label, &format!("{} ", glyphs.dot()), effect, Role::Text);
    }
    doc.field("undo", &plan.undo, Role::Text);
    doc.blank();
    for (at, grounds) in plan.grounds.iter().enumerate() {
        let label = if at == 0 { "rests on" } else { "" };
        let old = format!("{:>4} old  ", age(app.now, grounds.at));
        doc.marked(label, &old, &grounds.what, Role::Text);
    }
    doc.field("leans on", &plan.control_planes.join(", "), Role::Text);
    doc.blank();
    for (at, step) in plan.steps.iter().enumerate() {
        let title = format!("{}  ({})", step.title, step.call.operation());
        doc.field(&format!("step {}", at + 1), &title, Role::Title);
        for line in call_words(&step.call) {
            doc.marked("", "  ", &line, Role::Text);
        }
        if let Some(guard) = guard_words(&step.guard) {
            doc.marked("", "  only if ", &guard, Role::Muted);
        }
        let check =
            format!("{} (within {})", check_words(&step.check), super::text::running(step.patience_s.into()));
        doc.marked("", "  done if ", &check, Role::Muted);
    }
    doc.field("plan", plan.hash.short(), Role::Muted);
}

/// Old and new: beside each other where everything fits, else one under the other; never cut.
fn changes(doc: &mut Doc, changes: &[Change], columns: u16, look: &Look) {
    let longest = |of: fn(&Change) -> &str| changes.iter().map(|c| width(of(c))).max().unwrap_or(0);
    let (what, old, new) = (longest(|c| &c.what), longest(|c| &c.old), longest(|c| &c.new));
    let arrow = look.glyphs.arrow();
    let beside = usize::from(LABEL) + what + old + new + 8 <= usize::from(columns);
    for (at, change) in changes.iter().enumerate() {
        let label = if at == 0 { "changes" } else { "" };
        if beside {
            doc.labelled(
                label,
                vec![
                    piece(format!("{}  ", pad(&change.what, what, look.glyphs)), Role::Text),
                    piece(pad(&change.old, old, look.glyphs), Role::Muted),
                    piece(format!("  {arrow}  "), Role::Muted),
                    piece(change.new.clone(), Role::Accent),
                ],
            );
        } else {
            doc.field(label, &change.what, Role::Text);
            doc.marked("", "  old  ", &change.old, Role::Muted);
            doc.marked("", "  new  ", &change.new, Role::Accent);
        }
    }
    if !changes.is_empty() {
        doc.blank();
    }
}

/// Writes what became of an operation, person by person and step by step, with times.
pub(super) fn course(doc: &mut Doc, app: &App, operation: &Operation, look: &Look) {
    let standing = operation.standing(&app.incident);
    doc.labelled("standing", vec![piece(standing.as_str(), standing_role(standing))]);
    let mut moment = |label: &str, at, who: &str, words: &str| {
        doc.labelled(
            label,
            vec![
                piece(format!("{} ", clock_time(at)), Role::Muted),
                piece(who, person(app, who)),
                piece(format!(" {words}"), Role::Text),
            ],
        );
    };
    moment("proposed", operation.proposed, &operation.by, "");
    for (at, who) in &operation.approvals {
        moment("approved", *at, who, "");
    }
    if let Some((at, who, why)) = &operation.vetoed {
        moment("turned down", *at, who, why);
    }
    if let Some((at, who)) = &operation.confirmed {
        moment("confirmed", *at, who, "");
    }
    for (at, (step, progress)) in operation.plan.steps.iter().zip(&operation.steps).enumerate() {
        let (mark, word, role) = step_state(operation, at);
        let sign = look.glyphs.mark(mark);
        doc.field(&format!("step {}", at + 1), &format!("{sign} {word:<7} {}", step.title), role);
        progress_lines(doc, progress);
    }
    if let Some((at, ending)) = &operation.ending {
        let role = ending_role(ending);
        doc.field("ended", &format!("{} {}", clock_time(*at), ending_words(ending)), role);
    } else if operation.confirmed.is_some() && operation.vetoed.is_none() {
        let began = operation.confirmed.as_ref().map_or(operation.proposed, |(at, _)| *at);
        let words = format!("{}  {}", since(app, began), step_words(app, operation));
        doc.field("running", &words, Role::Pending);
    }
    if standing == Standing::Unknown && app.incident.is_unsettled(operation) {
        doc.field("", unknown_words(app, operation).trim_start(), Role::Warn);
    }
    if let Some(by) = &operation.undone_by {
        let since = if standing == Standing::Undone { "" } else { ", which was undone since" };
        doc.field("undone by", &format!("{}{since}", by.short()), Role::Muted);
    }
}

fn progress_lines(doc: &mut Doc, progress: &StepProgress) {
    if let Some((at, _)) = &progress.intent {
        doc.marked("", &format!("  {} ", clock_time(*at)), "intent written", Role::Muted);
    }
    if let Some((at, outcome)) = &progress.outcome {
        let (words, role) = outcome_words(outcome);
        doc.marked("", &format!("  {} ", clock_time(*at)), &words, role);
    }
    if let Some((at, finding)) = &progress.finding {
        let (words, role) = finding_words(finding);
        doc.marked("", &format!("  {} ", clock_time(*at)), &words, role);
    }
    if let Some(settled) = &progress.settled {
        let (words, role) = settlement_words(&settled.settlement);
        doc.marked("", &format!("  {} ", clock_time(settled.at)), &format!("{} {words}", settled.by), role);
    }
}

/// An outcome in words, with its role.
pub(super) fn outcome_words(outcome: &Outcome) -> (String, Role) {
    match outcome {
        Outcome::Ok { done: Done::Accepted } => ("accepted".into(), Role::Text),
        Outcome::Ok { done: Done::ChangeSubmitted { change_id } } => {
            (format!("accepted as change {change_id}"), Role::Text)
        }
        Outcome::Ok { done: Done::Launched { instance } } => (format!("launched {instance}"), Role::Text),
        Outcome::Failed { error } => (format!("failed: {error}. {}", error.advice()), Role::Down),
        Outcome::Unknown { error } => (format!("UNKNOWN whether it happened: {error}"), Role::Warn),
    }
}

/// A finding in words, with its role.
pub(super) fn finding_words(finding: &Finding) -> (String, Role) {
    match finding {
        Finding::Holds { detail } => (format!("holds: {detail}"), Role::Ok),
        Finding::Differs { detail } => (format!("differs: {detail}"), Role::Down),
        Finding::Unseen { detail } => (format!("not seen in time: {detail}"), Role::Warn),
    }
}

/// What was found later, in words after who looked, with its role.
pub(super) fn settlement_words(settlement: &Settlement) -> (String, Role) {
    match settlement {
        Settlement::Verified { detail } => (format!("looked again: it was done: {detail}"), Role::Ok),
        Settlement::Unverified { detail } => {
            (format!("looked again: it was done, and is not as planned: {detail}"), Role::Warn)
        }
        Settlement::NotDone { detail } => (format!("looked again: it was NOT done: {detail}"), Role::Down),
        Settlement::Unknown { detail } => (format!("looked again: still unknown: {detail}"), Role::Warn),
    }
}

/// An ending in words.
pub(super) fn ending_words(ending: &Ending) -> String {
    match ending {
        Ending::Verified => "VERIFIED: every step was done and seen to hold".into(),
        Ending::Unverified { why } => {
            format!("UNVERIFIED: every call was done, but its effect was not seen: {why}")
        }
        Ending::Stopped { step, why } => {
            format!("STOPPED at step {}: {why}. Later steps were not called.", step + 1)
        }
        Ending::Unknown { step, why } => {
            format!("UNKNOWN at step {}: {why}. Verify before anything else.", step + 1)
        }
    }
}

/// The role of an ending.
pub(super) fn ending_role(ending: &Ending) -> Role {
    match ending {
        Ending::Verified => Role::Ok,
        Ending::Unverified { .. } | Ending::Unknown { .. } => Role::Warn,
        Ending::Stopped { .. } => Role::Down,
    }
}

/// Where a step stands: mark, word, role.
pub(super) fn step_state(operation: &Operation, at: usize) -> (Mark, &'static str, Role) {
    let Some(progress) = operation.steps.get(at) else { return (Mark::Next, "next", Role::Muted) };
    match progress.settled.as_ref().map(|settled| &settled.settlement) {
        Some(Settlement::Verified { .. }) => return (Mark::Done, "done", Role::Ok),
        Some(Settlement::Unverified { .. }) => return (Mark::Warn, "unseen", Role::Warn),
        Some(Settlement::NotDone { .. }) => return (Mark::Bad, "not run", Role::Down),
        Some(Settlement::Unknown { .. }) | None => {}
    }
    match (&progress.finding, &progress.outcome) {
        (Some((_, Finding::Holds { .. })), _) => return (Mark::Done, "done", Role::Ok),
        (Some((_, Finding::Differs { .. })), _) => return (Mark::Bad, "differs", Role::Down),
        (Some((_, Finding::Unseen { .. })), _) => return (Mark::Warn, "unseen", Role::Warn),
        (None, Some((_, Outcome::Failed { .. }))) => return (Mark::Bad, "failed", Role::Down),
        (None, Some(_) | None) => {}
    }
    match &operation.ending {
        Some((_, Ending::Unknown { step, .. })) if *step == at => (Mark::Unknown, "unknown", Role::Warn),
        Some((_, Ending::Stopped { step, .. })) if *step == at => (Mark::Bad, "stopped", Role::Down),
        Some(_) => (Mark::Next, "not run", Role::Muted),
        None if operation.confirmed.is_some() && operation.current_step() == Some(at) => {
            (Mark::Now, "now", Role::Pending)
        }
        None => (Mark::Next, "next", Role::Muted),
    }
}
