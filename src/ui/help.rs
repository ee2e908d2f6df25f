//! Help: every command with its keys, from the keymap and the command table. It says nothing that those do not.

use super::canvas::{Canvas, Doc, Row, cells, piece, row_width};
use super::frame::mode;
use super::look::{Glyphs, Mark};
use super::plan::middle;
use crate::app::App;
use crate::app::commands::{Command, Group};
use crate::settings::theme::Role;
use ratatui::layout::Rect;

/// From this width two columns stand side by side.
const TWO_COLUMNS: u16 = 110;
/// Columns that keys take.
const KEYS: u16 = 15;

/// Draws help.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, scroll: u16) {
    let two = body.width >= TWO_COLUMNS;
    let columns = body.width.min(if two { 132 } else { 80 });
    let each = if two { (columns - 6) / 2 } else { columns.saturating_sub(4) };
    let mut groups: Vec<Doc> = Vec::new();
    for group in Group::ALL {
        let commands = Command::ALL.into_iter().filter(|c| c.group() == group && c.works_in(app.context()));
        let mut doc = Doc::new(each, KEYS);
        for command in commands {
            doc.labelled_keys(&keys(app, command), command.doc());
        }
        if !doc.rows.is_empty() {
            let mut titled = Doc::new(each, KEYS);
            titled.heading(group.title());
            titled.rows.append(&mut doc.rows);
            titled.rows.push(Row::new());
            groups.push(titled);
        }
    }
    groups.extend(legend(each, canvas.look.glyphs));
    let mut doc = Doc::new(columns.saturating_sub(4), KEYS);
    let (word, role) = mode(app);
    doc.line(vec![
        piece(format!("keymap {}, {} ", app.opening.keymap.name, word.to_lowercase()), role),
        piece("(an action opens a plan, and waits to be confirmed)", Role::Muted),
    ]);
    doc.blank();
    if two {
        beside(&mut doc, groups, usize::from(each) + 2);
    } else {
        for mut group in groups {
            doc.rows.append(&mut group.rows);
        }
    }
    doc.labelled_keys("Ctrl-C", "always quits; what was called is finished and logged first");

    let area = middle(body, columns, cells(doc.rows.len()).saturating_add(2));
    canvas.clear(area);
    let inside = canvas.boxed(area, Role::BorderFocus);
    canvas.title(area.x + 1, area.y, area.width.saturating_sub(2), "help");
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let (_, below) = doc.draw(canvas, text, scroll);
    if below > 0 {
        let row = vec![piece(format!(" {below} more lines below (Down) "), Role::Warn)];
        canvas.row_right(area.x, area.bottom() - 1, area.width - 1, &row);
    }
}

/// The marks, and how to read the numbers beside them.
fn legend(columns: u16, glyphs: Glyphs) -> [Doc; 2] {
    let mut marks = Doc::new(columns, KEYS);
    marks.heading("Marks");
    for mark in Mark::ALL {
        marks.labelled_keys(glyphs.mark(mark), mark.meaning());
    }
    let mut numbers = Doc::new(columns, KEYS);
    numbers.heading("Numbers");
    numbers.labelled_keys("ok 3s", "it answers, and was read 3 seconds ago");
    let [bad, unknown, warn] = [Mark::Bad, Mark::Unknown, Mark::Warn].map(|mark| glyphs.mark(mark));
    numbers.labelled_keys(&format!("{bad}41m  {unknown}41m"), "it has failed for 41 minutes");
    numbers.labelled_keys(&format!("{warn}41m"), "it refuses us, for 41 minutes");
    numbers.labelled_keys(&format!("{warn}th28s"), "it throttles us, for 28 seconds");
    numbers.labelled_keys(&format!("{warn}4.1s"), "it answers, but took 4.1 seconds");
    numbers.labelled_keys(&format!("{warn}flaps"), "it answers, but fails every few readings");
    numbers.labelled_keys(&format!("{warn}ok 3s"), "it answers, but flapped until lately");
    numbers.labelled_keys(&format!("{warn}2/3"), "2 of 3 availability zones answer, asked by id");
    marks.rows.push(Row::new());
    numbers.rows.push(Row::new());
    [marks, numbers]
}

/// The keys of a command, shortest first; those that reach it only by name say so.
fn keys(app: &App, command: Command) -> String {
    let keys = app.opening.keymap.keys_of(app.context(), command);
    if keys.is_empty() {
        return format!(":{}", command.id());
    }
    keys.iter().take(3).map(|keys| keys.label()).collect::<Vec<_>>().join("  ")
}

/// Puts groups side by side, the left column filled to about half.
fn beside(doc: &mut Doc, groups: Vec<Doc>, second: usize) {
    let total: usize = groups.iter().map(|g| g.rows.len()).sum();
    let (mut left, mut right): (Vec<Row>, Vec<Row>) = (Vec::new(), Vec::new());
    for mut group in groups {
        let side = if left.len() < total / 2 && right.is_empty() { &mut left } else { &mut right };
        side.append(&mut group.rows);
    }
    for at in 0..left.len().max(right.len()) {
        let mut row = left.get(at).cloned().unwrap_or_default();
        if let Some(other) = right.get(at).filter(|other| !other.is_empty()) {
            row.push(piece(" ".repeat(second.saturating_sub(row_width(&row))), Role::Text));
            row.extend(other.iter().cloned());
        }
        doc.line(row);
    }
}
