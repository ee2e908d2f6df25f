//! The dialog between a plan and tired eyes. What it says is complete, where it acts is always in sight, and the safe
//! button has the focus.
//!
//! Title and confirmation stay where they are; only what lies between scrolls, and says so.

use super::canvas::{Canvas, Doc, Row, cells, chip, piece, row_width};
use super::frame::{mode, since};
use super::operation::{self, LABEL};
use super::text::{keep_end, running, width};
use crate::app::{App, Dialog, Focus, Planning};
use crate::incident::plan::{Plan, Risk};
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// Columns that a plan uses at most: longer lines are hard to read.
const WIDEST: u16 = 116;
/// Seconds from which the countdown is worth a colour.
const HURRY_S: i64 = 15;

/// A box in the middle, as large as its text needs and the body allows.
pub(super) fn middle(body: Rect, columns: u16, rows: u16) -> Rect {
    let width = columns.min(body.width);
    let height = rows.min(body.height);
    Rect { x: body.x + (body.width - width) / 2, y: body.y + (body.height - height) / 3, width, height }
}

/// Draws the dialog.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, dialog: &Dialog) {
    let columns = WIDEST.min(if body.width >= 100 { body.width - 8 } else { body.width });
    let inner = columns.saturating_sub(4);
    let mut doc = Doc::new(inner, LABEL);
    let mut always = None;
    let (title, foot) = match &dialog.planning {
        Planning::Gathering { done, of, since: begun } => {
            gathering(&mut doc, app, *done, *of, *begun);
            if let Some(remark) = &dialog.remark {
                doc.marked("", "! ", remark, Role::Warn);
            }
            (
                format!("plan: {}", dialog.action),
                vec![vec![piece("Esc stops; nothing was changed", Role::Muted)]],
            )
        }
        Planning::Refused(refusal) => {
            doc.field("refused", &refusal.what, Role::Title);
            doc.field("why", &refusal.why, Role::Warn);
            doc.field("next", &refusal.next, Role::Text);
            doc.blank();
            doc.field("", "Nothing was changed.", Role::Muted);
            (format!("no plan: {}", dialog.action), vec![vec![piece("Esc or Enter closes", Role::Muted)]])
        }
        Planning::Ready(plan) => {
            always = Some(operation::acts_in(app, plan));
            operation::plan(&mut doc, app, plan, inner, canvas.look);
            (plan.title.clone(), confirmation(canvas, app, dialog, plan))
        }
    };
    let chrome = 3 + cells(foot.len()) + u16::from(always.is_some());
    let area = middle(body, columns, cells(doc.rows.len()).saturating_add(chrome).max(7));
    canvas.clear(area);
    let inside = canvas.boxed(area, Role::BorderFocus);
    let (word, mode_role) = mode(app);
    let heading = vec![
        piece(" ", Role::Text),
        chip(format!(" {word} "), mode_role),
        piece(format!(" {title} "), Role::Title),
    ];
    canvas.row(area.x + 1, area.y, area.width.saturating_sub(2), &heading);

    let foot_rows = cells(foot.len()).min(inside.height);
    let line_y = inside.bottom().saturating_sub(foot_rows + 1);
    let text = Rect {
        x: inside.x + 1,
        width: inside.width.saturating_sub(2),
        height: line_y.saturating_sub(inside.y),
        ..inside
    };
    let mut text = text;
    if let Some(row) = always {
        canvas.row(text.x, text.y, text.width, &row);
        text = Rect { y: text.y + 1, height: text.height.saturating_sub(1), ..text };
    }
    let (first, below) = doc.draw(canvas, text, dialog.scroll);
    canvas.horizontal(inside.x, line_y, inside.width, Role::BorderFocus);
    let [left, right, ..] = canvas.look.glyphs.borders().joints;
    canvas.put(area.x, line_y, 1, left, Role::BorderFocus);
    canvas.put(area.right().saturating_sub(1), line_y, 1, right, Role::BorderFocus);
    let scrolled: Row = match (first, below) {
        (0, 0) => Row::new(),
        (above, 0) => vec![piece(format!(" {above} lines above (Up) "), Role::Muted)],
        (0, below) => vec![piece(format!(" {below} more lines below (Down) "), Role::Warn)],
        (above, below) => {
            vec![piece(format!(" {above} above (Up), {below} more below (Down) "), Role::Warn)]
        }
    };
    canvas.row_right(inside.x, line_y, inside.width.saturating_sub(1), &scrolled);
    for (y, row) in (line_y + 1..).zip(&foot) {
        canvas.row(inside.x + 1, y, inside.width.saturating_sub(2), row);
    }
}

fn gathering(doc: &mut Doc, app: &App, done: usize, of: usize, begun: jiff::Timestamp) {
    doc.field("reading", "what the plan rests on, fresh from AWS", Role::Text);
    let count = if of == 0 { "asking".to_owned() } else { format!("{done} of {of} answered") };
    doc.field("answers", &count, Role::Pending);
    doc.field("elapsed", &format!("{} of 0:20 before it is given up", since(app, begun)), Role::Text);
    doc.blank();
    doc.field("", "Nothing is changed before you confirm a plan.", Role::Muted);
}

/// The last lines: what stands in the way, and how to confirm or not.
fn confirmation(canvas: &Canvas<'_>, app: &App, dialog: &Dialog, plan: &Plan) -> Vec<Row> {
    let mut rows = Vec::new();
    if let Some(remark) = &dialog.remark {
        rows.push(vec![piece("! ", Role::Warn), piece(remark.clone(), Role::Warn)]);
    }
    let left = app.plan_fresh_for(plan);
    let countdown = if plan.grounds.is_empty() {
        Row::new()
    } else if left == 0 {
        vec![piece("  evidence too old: it is read again first", Role::Warn)]
    } else {
        let role = if left < HURRY_S { Role::Warn } else { Role::Muted };
        vec![piece(format!("  evidence good for {}", running(left)), role)]
    };
    let mut row = match plan.risk {
        Risk::Reversible => {
            let button = |text: &str, focused: bool, role: Role| {
                if focused { chip(format!("[ {text} ]"), role) } else { piece(format!("[ {text} ]"), role) }
            };
            vec![
                button("Cancel", dialog.focus == Focus::Cancel, Role::Accent),
                piece("  ", Role::Text),
                button("Confirm", dialog.focus == Focus::Confirm, Role::Accent),
                piece("   ", Role::Text),
                piece("y", Role::Key),
                piece(" confirms, ", Role::Muted),
                piece("n", Role::Key),
                piece(" or ", Role::Muted),
                piece("Esc", Role::Key),
                piece(" cancels", Role::Muted),
            ]
        }
        Risk::Disruptive | Risk::Destructive => {
            let typed = dialog.typed.trim();
            let (words, role) = if typed.is_empty() {
                ("Esc cancels".to_owned(), Role::Muted)
            } else if typed == plan.confirm {
                ("matches: Enter confirms".to_owned(), Role::Ok)
            } else if plan.confirm.starts_with(typed) {
                let missing = width(&plan.confirm).saturating_sub(width(typed));
                (format!("so far right, {missing} to go"), Role::Muted)
            } else {
                ("does not match".to_owned(), Role::Down)
            };
            vec![
                piece("type ", Role::Text),
                piece(format!("\"{}\"", plan.confirm), Role::Title),
                piece(" and Enter: ", Role::Text),
                piece(keep_end(&dialog.typed, 30), Role::Accent),
                piece(canvas.look.glyphs.caret(), Role::Accent),
                piece(format!("  {words}"), role),
            ]
        }
    };
    // Where both do not fit, the countdown gets a line of its own.
    let room = usize::from(WIDEST.min(canvas.buffer.area.width)).saturating_sub(6);
    if row_width(&row) + row_width(&countdown) <= room {
        row.extend(countdown);
        rows.push(row);
    } else {
        let mut alone = countdown;
        if let Some(first) = alone.first_mut() {
            first.text = first.text.trim_start().to_owned();
        }
        rows.push(alone);
        rows.push(row);
    }
    rows
}
