//! Paints a drawn buffer as an SVG: the pictures in the documents are real frames.
//!
//! The same buffer gives the same bytes. Every run of text is pinned to its columns, so that no font can shift a table.

use super::look::Look;
use crate::settings::theme::Role;
use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use unicode_width::UnicodeWidthStr;

/// A cell in tenths of a pixel: whole numbers give the same text everywhere.
const CELL: (u32, u32) = (84, 180);
/// The margin around the cells and the height of the window's bar, in tenths of a pixel.
const MARGIN: u32 = 140;
const BAR: u32 = 320;
/// What stands for a terminal's own colours where a theme leaves them to it.
const OWN: (Rgb, Rgb) = ((0xc6, 0xce, 0xd8), (0x11, 0x16, 0x1d));

type Rgb = (u8, u8, u8);

/// How a cell is painted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Paint {
    fg: Rgb,
    bg: Rgb,
    bold: bool,
    dim: bool,
    italic: bool,
    underline: bool,
}

/// Cells of a line that are painted alike.
struct Run {
    x: u16,
    columns: u16,
    text: String,
    paint: Paint,
}

/// The buffer as an SVG document.
#[must_use]
pub fn svg(buffer: &Buffer, look: &Look, title: &str) -> String {
    let area = buffer.area;
    let own = own_colours(look);
    let (columns, rows) = (u32::from(area.width), u32::from(area.height));
    let width = columns * CELL.0 + 2 * MARGIN;
    let height = rows * CELL.1 + BAR + 2 * MARGIN - MARGIN / 2;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" role=\"img\">",
        px(width),
        px(height)
    );
    let _ = writeln!(out, "<title>{}</title>", escape(title));
    let back = hex(own.1);
    let edge = hex(blend(own.0, own.1, 4));
    let _ = writeln!(
        out,
        "<rect x=\"0.5\" y=\"0.5\" width=\"{}\" height=\"{}\" rx=\"9\" fill=\"{back}\" stroke=\"{edge}\"/>",
        px(width - 10),
        px(height - 10)
    );
    for at in 0..3_u32 {
        let x = MARGIN + 60 + at * 180;
        let _ =
            writeln!(out, "<circle cx=\"{}\" cy=\"{}\" r=\"5\" fill=\"{edge}\"/>", px(x), px(BAR / 2 + 20));
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" text-anchor=\"middle\" font-family=\"system-ui,sans-serif\" font-size=\"12\" fill=\"{}\">{}</text>",
        px(width / 2),
        px(BAR / 2 + 60),
        hex(blend(own.0, own.1, 2)),
        escape(title)
    );
    let _ = writeln!(
        out,
        "<g font-family=\"'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,'Liberation Mono',monospace\" font-size=\"14\" xml:space=\"preserve\">"
    );
    for y in area.top()..area.bottom() {
        let top = BAR + MARGIN / 2 + u32::from(y - area.top()) * CELL.1;
        let runs = runs(buffer, y, own);
        for run in &runs {
            if run.paint.bg != own.1 {
                let _ = writeln!(
                    out,
                    "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>",
                    px(MARGIN + u32::from(run.x) * CELL.0),
                    px(top),
                    px(u32::from(run.columns) * CELL.0),
                    px(CELL.1),
                    hex(run.paint.bg)
                );
            }
        }
        for run in &runs {
            text(&mut out, run, top);
        }
    }
    out.push_str("</g>\n");
    strokes(&mut out, buffer, own);
    out.push_str("</svg>\n");
    out
}

/// Which arms a frame's sign has: left, right, up, down.
fn arms(sign: &str) -> Option<[bool; 4]> {
    Some(match sign {
        "─" | "━" => [true, true, false, false],
        "│" => [false, false, true, true],
        "┌" => [false, true, false, true],
        "┐" => [true, false, false, true],
        "└" => [false, true, true, false],
        "┘" => [true, false, true, false],
        "├" => [false, true, true, true],
        "┤" => [true, false, true, true],
        "┬" => [true, true, false, true],
        "┴" => [true, true, true, false],
        _ => return None,
    })
}

/// Frames as lines, colour by colour: fonts leave gaps between the rows.
fn strokes(out: &mut String, buffer: &Buffer, own: (Rgb, Rgb)) {
    let area = buffer.area;
    let mut paths: BTreeMap<(Rgb, bool), String> = BTreeMap::new();
    let middle_x = |x: u16| MARGIN + u32::from(x - area.left()) * CELL.0 + CELL.0 / 2;
    let middle_y = |y: u16| BAR + MARGIN / 2 + u32::from(y - area.top()) * CELL.1 + CELL.1 / 2;
    let key = |x: u16, y: u16| (paint(&buffer[(x, y)], own).fg, buffer[(x, y)].symbol() == "━");
    let has = |x: u16, y: u16, arm: usize| {
        x < area.right() && y < area.bottom() && arms(buffer[(x, y)].symbol()).is_some_and(|a| a[arm])
    };
    let half = |from: u32, arm: bool, by: u32, plus: bool| match (arm, plus) {
        (false, _) => from,
        (true, true) => from + by,
        (true, false) => from - by,
    };
    for y in area.top()..area.bottom() {
        let mut x = area.left();
        while x < area.right() {
            let start = x;
            if has(x, y, 0) || has(x, y, 1) {
                while has(x, y, 1) && has(x + 1, y, 0) && key(x + 1, y) == key(start, y) {
                    x += 1;
                }
                let from = half(middle_x(start), has(start, y, 0), CELL.0 / 2, false);
                let to = half(middle_x(x), has(x, y, 1), CELL.0 / 2, true);
                let path = paths.entry(key(start, y)).or_default();
                let _ = write!(path, "M{} {}H{}", px(from), px(middle_y(y)), px(to));
            }
            x += 1;
        }
    }
    for x in area.left()..area.right() {
        let mut y = area.top();
        while y < area.bottom() {
            let start = y;
            if has(x, y, 2) || has(x, y, 3) {
                while has(x, y, 3) && has(x, y + 1, 2) && key(x, y + 1) == key(x, start) {
                    y += 1;
                }
                let from = half(middle_y(start), has(x, start, 2), CELL.1 / 2, false);
                let to = half(middle_y(y), has(x, y, 3), CELL.1 / 2, true);
                let path = paths.entry(key(x, start)).or_default();
                let _ = write!(path, "M{} {}V{}", px(middle_x(x)), px(from), px(to));
            }
            y += 1;
        }
    }
    for ((colour, thick), path) in paths {
        let width = if thick { "2.5" } else { "1" };
        let colour = hex(colour);
        let _ =
            writeln!(out, "<path d=\"{path}\" stroke=\"{colour}\" stroke-width=\"{width}\" fill=\"none\"/>");
    }
}

/// A run of text without the blanks around it, pinned to its columns.
fn text(out: &mut String, run: &Run, top: u32) {
    let trimmed = run.text.trim_start();
    let lead = u16::try_from(run.text.len() - trimmed.len()).unwrap_or_default();
    let trimmed = trimmed.trim_end();
    let paint = run.paint;
    if trimmed.is_empty() || arms(trimmed).is_some() {
        return;
    }
    if trimmed == "▌" {
        let x = MARGIN + u32::from(run.x) * CELL.0;
        let (w, h) = (px(CELL.0 / 2), px(CELL.1));
        let _ = writeln!(
            out,
            "<rect x=\"{}\" y=\"{}\" width=\"{w}\" height=\"{h}\" fill=\"{}\"/>",
            px(x),
            px(top),
            hex(paint.fg)
        );
        return;
    }
    let columns = u32::try_from(super::text::width(trimmed)).unwrap_or_default();
    let fill = if paint.dim { blend(paint.fg, paint.bg, 2) } else { paint.fg };
    let mut style = String::new();
    if paint.bold {
        style.push_str(" font-weight=\"bold\"");
    }
    if paint.italic {
        style.push_str(" font-style=\"italic\"");
    }
    if paint.underline {
        style.push_str(" text-decoration=\"underline\"");
    }
    let _ = writeln!(
        out,
        "<text x=\"{}\" y=\"{}\" textLength=\"{}\" lengthAdjust=\"spacingAndGlyphs\" fill=\"{}\"{style}>{}</text>",
        px(MARGIN + u32::from(run.x + lead) * CELL.0),
        px(top + 135),
        px(columns * CELL.0),
        hex(fill),
        escape(trimmed)
    );
}

fn runs(buffer: &Buffer, y: u16, own: (Rgb, Rgb)) -> Vec<Run> {
    let area = buffer.area;
    let mut runs: Vec<Run> = Vec::new();
    let mut x = area.left();
    while x < area.right() {
        let cell = &buffer[(x, y)];
        let columns = u16::try_from(cell.symbol().width().max(1)).unwrap_or(1);
        let paint = paint(cell, own);
        // Signs that fonts draw at widths of their own are pinned one by one.
        let plain = cell.symbol().is_ascii();
        match runs.last_mut() {
            Some(run) if run.paint == paint && plain && run.text.is_ascii() => {
                run.text.push_str(cell.symbol());
                run.columns += columns;
            }
            Some(_) | None => {
                runs.push(Run { x: x - area.left(), columns, text: cell.symbol().to_owned(), paint });
            }
        }
        x += columns;
    }
    runs
}

fn paint(cell: &Cell, own: (Rgb, Rgb)) -> Paint {
    let (mut fg, mut bg) = (rgb(cell.fg).unwrap_or(own.0), rgb(cell.bg).unwrap_or(own.1));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut fg, &mut bg);
    }
    Paint {
        fg,
        bg,
        bold: cell.modifier.contains(Modifier::BOLD),
        dim: cell.modifier.contains(Modifier::DIM),
        italic: cell.modifier.contains(Modifier::ITALIC),
        underline: cell.modifier.contains(Modifier::UNDERLINED),
    }
}

fn own_colours(look: &Look) -> (Rgb, Rgb) {
    let text = look.theme.style(Role::Text);
    let of =
        |color: Option<crate::settings::theme::Color>| color.and_then(crate::settings::theme::Color::rgb);
    (of(text.fg).unwrap_or(OWN.0), of(text.bg).unwrap_or(OWN.1))
}

/// The library's colour as red, green and blue; `None` for the terminal's own.
fn rgb(color: Color) -> Option<Rgb> {
    use crate::settings::theme::Color as Shade;
    let ansi = |index| Shade::Ansi(index).rgb();
    match color {
        Color::Reset => None,
        Color::Black => ansi(0),
        Color::Red => ansi(1),
        Color::Green => ansi(2),
        Color::Yellow => ansi(3),
        Color::Blue => ansi(4),
        Color::Magenta => ansi(5),
        Color::Cyan => ansi(6),
        Color::Gray => ansi(7),
        Color::DarkGray => ansi(8),
        Color::LightRed => ansi(9),
        Color::LightGreen => ansi(10),
        Color::LightYellow => ansi(11),
        Color::LightBlue => ansi(12),
        Color::LightMagenta => ansi(13),
        Color::LightCyan => ansi(14),
        Color::White => ansi(15),
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(index) => Shade::Indexed(index).rgb(),
    }
}

/// One part of the first, the rest of `parts` of the second.
fn blend(a: Rgb, b: Rgb, parts: u16) -> Rgb {
    let mix =
        |a: u8, b: u8| u8::try_from((u16::from(a) + u16::from(b) * (parts - 1)) / parts).unwrap_or(u8::MAX);
    (mix(a.0, b.0), mix(a.1, b.1), mix(a.2, b.2))
}

fn hex((r, g, b): Rgb) -> String {
    format!("#{r:02x}{g:02x}{b:02x}")
}

fn px(tenths: u32) -> String {
    match tenths % 10 {
        0 => (tenths / 10).to_string(),
        rest => format!("{}.{rest}", tenths / 10),
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            // Characters that XML has no place for.
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
