//! A plan being carried out: each step with what it waits for, how long it has waited and how long it will.

use super::canvas::{Canvas, Doc, cells, chip, piece};
use super::frame::{mode, since};
use super::happening::{phase_words, step_words, unknown_words};
use super::operation::{
    ending_role, ending_words, finding_words, outcome_words, settlement_words, step_state,
};
use super::plan::middle;
use super::text::{pad, running};
use crate::app::{App, Phase};
use crate::incident::hash::PlanHash;
use crate::incident::operation::Operation;
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// Columns before the title of a step: mark, word, number.
const STEP: u16 = 14;

/// Draws the progress of a plan.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, plan: &PlanHash) {
    let columns = if body.width >= 100 { (body.width - 8).min(110) } else { body.width };
    let mut doc = Doc::new(columns.saturating_sub(4), STEP);
    let title = match app.incident.operations.get(plan) {
        Some(operation) => {
            write(&mut doc, canvas, app, operation);
            operation.plan.title.clone()
        }
        None => {
            doc.text("this plan is not in the log", Role::Warn);
            format!("plan {}", plan.short())
        }
    };
    let area = middle(body, columns, cells(doc.rows.len()).saturating_add(2));
    canvas.clear(area);
    let inside = canvas.boxed(area, Role::BorderFocus);
    let (word, mode_role) = mode(app);
    let heading = vec![
        piece(" ", Role::Text),
        chip(format!(" {word} "), mode_role),
        piece(format!(" {title} "), Role::Title),
    ];
    canvas.row(area.x + 1, area.y, area.width.saturating_sub(2), &heading);
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    // The end is what one waits for: where not all fits, the last lines show.
    let scroll = cells(doc.rows.len()).saturating_sub(text.height);
    doc.draw(canvas, text, scroll);
}

fn write(doc: &mut Doc, canvas: &Canvas<'_>, app: &App, operation: &Operation) {
    let glyphs = canvas.look.glyphs;
    let plan = &operation.plan;
    doc.line(vec![
        piece(format!("account {}  ", app.account_words(&plan.scope.account)), Role::Text),
        piece(format!("region {}", super::steps::region_words(plan)), Role::Text),
        piece(format!("  plan {}", plan.hash.short()), Role::Muted),
    ]);
    doc.blank();
    let execution = app.executions.get(&plan.hash);
    for (at, (step, progress)) in plan.steps.iter().zip(&operation.steps).enumerate() {
        let (mark, word, role) = step_state(operation, at);
        let head = format!("{} {} {:>2}", glyphs.mark(mark), pad(word, 7, glyphs), at + 1);
        doc.line(vec![
            piece(pad(&head, usize::from(STEP), glyphs), role),
            piece(step.title.clone(), if word == "next" { Role::Muted } else { Role::Text }),
        ]);
        if let Some((_, outcome)) = &progress.outcome {
            let (words, role) = outcome_words(outcome);
            doc.field("", &words, if role == Role::Text { Role::Muted } else { role });
        }
        if let Some((_, finding)) = &progress.finding {
            let (words, role) = finding_words(finding);
            doc.field("", &words, role);
        }
        if let Some(settled) = &progress.settled {
            let (words, role) = settlement_words(&settled.settlement);
            doc.field("", &format!("{} {words}", settled.by), role);
        }
        if word != "now" {
            continue;
        }
        match execution.filter(|execution| execution.step == at) {
            Some(execution) => {
                doc.field("", &phase_words(app, execution), Role::Pending);
                if let Phase::Checking { since: begun, .. } = &execution.phase {
                    let waited = app.now.duration_since(*begun).as_secs().max(0);
                    let patience = i64::from(step.patience_s);
                    let words = format!(
                        "waited {} of {}, {} left before it is called unverified",
                        running(waited),
                        running(patience),
                        running(patience - waited)
                    );
                    doc.field("", &words, Role::Muted);
                }
            }
            None => doc.field("", &step_words(app, operation), Role::Pending),
        }
    }
    doc.blank();
    match &operation.ending {
        Some((at, ending)) => {
            let began = operation.confirmed.as_ref().map_or(operation.proposed, |(at, _)| *at);
            let took = running(at.duration_since(began).as_secs());
            doc.text(&ending_words(ending), ending_role(ending));
            if operation.touched() {
                doc.text(&format!("It took {took}. Undo: {}", plan.undo), Role::Muted);
            } else {
                doc.text(
                    &format!("It took {took}. Nothing was changed: there is nothing to undo."),
                    Role::Muted,
                );
            }
            if app.incident.is_unsettled(operation) {
                doc.text(unknown_words(app, operation).trim_start(), Role::Warn);
            }
            doc.text("Esc closes.", Role::Muted);
        }
        None => {
            let began = operation.confirmed.as_ref().map_or(operation.proposed, |(at, _)| *at);
            let words =
                format!("elapsed {}. Esc closes this; the work goes on by itself.", since(app, began));
            doc.text(&words, Role::Muted);
        }
    }
}
