//! Things to choose and lines to type: palette, picker, prompt. The choices narrow as one types.

use super::canvas::{Canvas, cells, piece};
use super::look::Look;
use super::text::{keep_end, pad, width};
use crate::app::{App, Choice, Picker, Purpose};
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// Columns of a picker.
const COLUMNS: u16 = 96;

/// Draws the palette: commands by name, each with its key.
pub(super) fn palette(canvas: &mut Canvas<'_>, body: Rect, app: &App, picker: &Picker) {
    list(canvas, body, picker, |choice| match &choice.purpose {
        Purpose::Run(command) => app.opening.keymap.label_of(app.context(), *command).unwrap_or_default(),
        Purpose::Act(_)
        | Purpose::TargetOf(_)
        | Purpose::Verify(_)
        | Purpose::Note
        | Purpose::Declare
        | Purpose::Close
        | Purpose::RestoreAt(_) => String::new(),
    });
}

/// Draws a picker.
pub(super) fn picker(canvas: &mut Canvas<'_>, body: Rect, picker: &Picker) {
    list(canvas, body, picker, |_| String::new());
}

fn list(canvas: &mut Canvas<'_>, body: Rect, picker: &Picker, key: impl Fn(&Choice) -> String) {
    let columns = COLUMNS.min(body.width);
    // As high as all choices need, so that it does not shrink while one types.
    let wanted = cells(picker.choices.len()).saturating_add(4).clamp(6, 22);
    let area = top(body, columns, wanted);
    let inside = open(canvas, area, &picker.title);
    let count = format!("{} of {} ", picker.shown.len(), picker.choices.len());
    input(canvas, Rect { height: 1, ..inside }, &picker.input, &count);
    let rows = Rect { y: inside.y + 1, height: inside.height.saturating_sub(1), ..inside };
    if picker.shown.is_empty() {
        canvas.put(rows.x + 2, rows.y, rows.width, "nothing fits what was typed", Role::Muted);
    }
    let room = usize::from(rows.height);
    let first = (picker.selected + 1).saturating_sub(room);
    let label = picker.choices.iter().map(|c| width(&c.label)).max().unwrap_or(0).clamp(8, 40);
    for (y, (at, index)) in (rows.top()..rows.bottom()).zip(picker.shown.iter().enumerate().skip(first)) {
        let Some(choice) = picker.choices.get(*index) else { continue };
        let glyphs = canvas.look.glyphs;
        let key = key(choice);
        let taken = cells(width(&key)) + 2;
        let row = vec![
            piece("  ", Role::Text),
            piece(format!("{}  ", pad(&choice.label, label, glyphs)), Role::Text),
            piece(choice.detail.clone(), Role::Muted),
        ];
        canvas.row(rows.x, y, rows.width.saturating_sub(taken), &row);
        canvas.put_right(rows.x, y, rows.width.saturating_sub(1), &key, Role::Key);
        if at == picker.selected {
            canvas.put(rows.x, y, 1, glyphs.pointer(), Role::Accent);
            canvas.select(Rect { y, height: 1, ..rows });
        }
    }
}

/// Draws a line being typed.
pub(super) fn prompt(canvas: &mut Canvas<'_>, body: Rect, purpose: &Purpose, text: &str) {
    let area = top(body, COLUMNS.min(body.width), 3);
    let inside = open(canvas, area, &purpose.title());
    input(canvas, inside, text, "");
}

fn top(body: Rect, columns: u16, rows: u16) -> Rect {
    let height = rows.min(body.height);
    Rect {
        x: body.x + (body.width - columns) / 2,
        y: body.y + (body.height - height) / 5,
        width: columns,
        height,
    }
}

fn open(canvas: &mut Canvas<'_>, area: Rect, title: &str) -> Rect {
    canvas.clear(area);
    let inside = canvas.boxed(area, Role::BorderFocus);
    canvas.title(area.x + 1, area.y, area.width.saturating_sub(2), title);
    inside
}

fn input(canvas: &mut Canvas<'_>, line: Rect, text: &str, right: &str) {
    let look: &Look = canvas.look;
    let taken = cells(width(right)) + 6;
    let shown = keep_end(text, usize::from(line.width.saturating_sub(taken)));
    let row =
        vec![piece(" > ", Role::Key), piece(shown, Role::Accent), piece(look.glyphs.caret(), Role::Accent)];
    canvas.row(line.x, line.y, line.width, &row);
    canvas.put_right(line.x, line.y, line.width, right, Role::Muted);
}
