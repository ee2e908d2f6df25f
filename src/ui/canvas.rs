//! The pen: pieces of text with roles, put on a buffer, never outside it.
//!
//! All text goes through [`Canvas::put`], which cleans and cuts it, so no screen can write past its place.

use super::look::{Look, Mark};
use super::text::{clean, cut, width, wrap};
use crate::settings::theme::Role;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use unicode_width::UnicodeWidthStr;

/// A text that plays one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) text: String,
    pub(super) role: Role,
    /// Drawn with its colours exchanged.
    pub(super) chip: bool,
}

/// A line of pieces.
pub(super) type Row = Vec<Piece>;

/// A piece.
pub(super) fn piece(text: impl Into<String>, role: Role) -> Piece {
    Piece { text: text.into(), role, chip: false }
}

/// A piece with its colours exchanged.
pub(super) fn chip(text: impl Into<String>, role: Role) -> Piece {
    Piece { text: text.into(), role, chip: true }
}

/// Columns that a row takes.
pub(super) fn row_width(row: &[Piece]) -> usize {
    row.iter().map(|p| width(&p.text)).sum()
}

/// From an index to a coordinate.
pub(super) fn cells(count: usize) -> u16 {
    u16::try_from(count).unwrap_or(u16::MAX)
}

pub(super) struct Canvas<'a> {
    pub(super) buffer: &'a mut Buffer,
    pub(super) look: &'a Look,
}

impl Canvas<'_> {
    /// Puts a text, cut to so many columns; returns how many it took.
    pub(super) fn put(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) -> u16 {
        self.put_styled(x, y, columns, text, self.look.style(role))
    }

    pub(super) fn put_styled(&mut self, x: u16, y: u16, columns: u16, text: &str, style: Style) -> u16 {
        let area = self.buffer.area;
        if !(area.top()..area.bottom()).contains(&y) || !(area.left()..area.right()).contains(&x) {
            return 0;
        }
        let columns = columns.min(area.right() - x);
        let text = clean(text, self.look.glyphs);
        let text = cut(&text, usize::from(columns), self.look.glyphs);
        let (end, _) = self.buffer.set_stringn(x, y, &text, usize::from(columns), style);
        end - x
    }

    /// Puts a text so that it ends where its columns end.
    pub(super) fn put_right(&mut self, x: u16, y: u16, columns: u16, text: &str, role: Role) {
        let text = clean(text, self.look.glyphs);
        let text = cut(&text, usize::from(columns), self.look.glyphs);
        let pad = columns.saturating_sub(cells(width(&text)));
        self.put(x.saturating_add(pad), y, columns - pad, &text, role);
    }

    /// Puts pieces one after the other, cut where the columns end; returns how many they took.
    pub(super) fn row(&mut self, x: u16, y: u16, columns: u16, row: &[Piece]) -> u16 {
        let mut used = 0;
        for piece in row {
            let style = if piece.chip { self.look.chip(piece.role) } else { self.look.style(piece.role) };
            used += self.put_styled(x + used, y, columns.saturating_sub(used), &piece.text, style);
            if used >= columns {
                break;
            }
        }
        used
    }

    /// Puts pieces so that they end where the columns end; returns where they begin.
    pub(super) fn row_right(&mut self, x: u16, y: u16, columns: u16, row: &[Piece]) -> u16 {
        let cleaned: Row = row
            .iter()
            .map(|p| Piece { text: clean(&p.text, self.look.glyphs).into_owned(), ..p.clone() })
            .collect();
        let pad = columns.saturating_sub(cells(row_width(&cleaned)));
        self.row(x.saturating_add(pad), y, columns - pad, &cleaned);
        x + pad
    }

    /// Puts the sign of a mark.
    pub(super) fn mark(&mut self, x: u16, y: u16, mark: Mark, role: Role) {
        let sign = self.look.glyphs.mark(mark);
        self.put(x, y, 1, sign, role);
    }

    /// Empties an area. Half a wide sign at its left edge goes too: a terminal would draw it over the edge.
    pub(super) fn clear(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        let text = self.look.style(Role::Text);
        for y in area.top()..area.bottom() {
            if area.left() > self.buffer.area.left() {
                let before = &mut self.buffer[(area.left() - 1, y)];
                if before.symbol().width() > 1 {
                    before.set_symbol(" ");
                }
            }
            for x in area.left()..area.right() {
                let cell = &mut self.buffer[(x, y)];
                cell.reset();
                cell.set_style(text);
            }
        }
    }

    /// Shows an area as selected, leaving its text.
    pub(super) fn select(&mut self, area: Rect) {
        let area = area.intersection(self.buffer.area);
        self.buffer.set_style(area, self.look.style(Role::Selected));
    }

    pub(super) fn horizontal(&mut self, x: u16, y: u16, columns: u16, role: Role) {
        let sign = self.look.glyphs.borders().horizontal;
        self.put(x, y, columns, &sign.repeat(usize::from(columns)), role);
    }

    pub(super) fn vertical(&mut self, x: u16, y: u16, rows: u16, role: Role) {
        let sign = self.look.glyphs.borders().vertical;
        for at in y..y.saturating_add(rows) {
            self.put(x, at, 1, sign, role);
        }
    }

    /// A box; returns what is inside.
    pub(super) fn boxed(&mut self, area: Rect, role: Role) -> Rect {
        let area = area.intersection(self.buffer.area);
        if area.width < 2 || area.height < 2 {
            return Rect { width: 0, height: 0, ..area };
        }
        let borders = self.look.glyphs.borders();
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        self.horizontal(area.x + 1, area.y, area.width - 2, role);
        self.horizontal(area.x + 1, bottom, area.width - 2, role);
        self.vertical(area.x, area.y + 1, area.height - 2, role);
        self.vertical(right, area.y + 1, area.height - 2, role);
        let corners = [(area.x, area.y), (right, area.y), (area.x, bottom), (right, bottom)];
        for ((x, y), sign) in corners.into_iter().zip(borders.corners) {
            self.put(x, y, 1, sign, role);
        }
        Rect { x: area.x + 1, y: area.y + 1, width: area.width - 2, height: area.height - 2 }
    }

    /// A title on a frame's line: ` title `.
    pub(super) fn title(&mut self, x: u16, y: u16, columns: u16, text: &str) -> u16 {
        self.put(x, y, columns, &format!(" {text} "), Role::Title)
    }
}

/// Lines that may be longer than their place: what overlays show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doc {
    columns: usize,
    label: usize,
    pub(super) rows: Vec<Row>,
}

impl Doc {
    /// An empty text of so many columns, with a margin for labels.
    pub(super) fn new(columns: u16, label: u16) -> Self {
        Self { columns: usize::from(columns), label: usize::from(label), rows: Vec::new() }
    }

    pub(super) fn blank(&mut self) {
        if self.rows.last().is_some_and(|row| !row.is_empty()) {
            self.rows.push(Row::new());
        }
    }

    /// A line as it is.
    pub(super) fn line(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// A heading over what follows.
    pub(super) fn heading(&mut self, text: &str) {
        self.blank();
        self.rows.push(vec![piece(text, Role::Title)]);
    }

    /// A labelled text, wrapped beside its label. Nothing is shown for an empty text.
    pub(super) fn field(&mut self, label: &str, text: &str, role: Role) {
        self.marked(label, "", text, role);
    }

    /// A labelled text with a sign before it, under which its further lines are indented.
    pub(super) fn marked(&mut self, label: &str, sign: &str, text: &str, role: Role) {
        if text.trim().is_empty() {
            return;
        }
        let indent = width(sign);
        let room = self.columns.saturating_sub(self.label + indent).max(8);
        for (at, line) in wrap(text, room).into_iter().enumerate() {
            let label = if at == 0 { label } else { "" };
            let sign = if at == 0 { sign } else { "" };
            self.rows.push(vec![
                piece(format!("{label:<0$}", self.label), Role::Muted),
                piece(format!("{sign:<indent$}"), role),
                piece(line, role),
            ]);
        }
    }

    /// A text after a lead of its own, under which its further lines are indented.
    pub(super) fn led(&mut self, lead: Row, text: &str, role: Role) {
        let indent = row_width(&lead);
        let room = self.columns.saturating_sub(indent).max(8);
        let mut lead = lead;
        for line in wrap(text, room) {
            let mut row = std::mem::replace(&mut lead, vec![piece(" ".repeat(indent), Role::Text)]);
            row.push(piece(line, role));
            self.rows.push(row);
        }
    }

    /// A labelled line of pieces, cut rather than wrapped.
    pub(super) fn labelled(&mut self, label: &str, row: Row) {
        let mut all = vec![piece(format!("{label:<0$}", self.label), Role::Muted)];
        all.extend(row);
        self.rows.push(all);
    }

    /// Keys and what they do.
    pub(super) fn labelled_keys(&mut self, keys: &str, words: &str) {
        let keys = piece(format!("{keys:<0$}", self.label), Role::Key);
        self.rows.push(vec![keys, piece(words, Role::Text)]);
    }

    /// A text over the whole width.
    pub(super) fn text(&mut self, text: &str, role: Role) {
        for line in wrap(text, self.columns) {
            self.rows.push(vec![piece(line, role)]);
        }
    }

    /// Draws what fits from line `scroll` on; returns the line begun with and how many are below.
    pub(super) fn draw(&self, canvas: &mut Canvas<'_>, area: Rect, scroll: u16) -> (usize, usize) {
        let height = usize::from(area.height);
        let first = usize::from(scroll).min(self.rows.len().saturating_sub(height));
        for (y, row) in (area.top()..area.bottom()).zip(self.rows.iter().skip(first)) {
            canvas.row(area.x, y, area.width, row);
        }
        (first, self.rows.len().saturating_sub(first + height))
    }
}
