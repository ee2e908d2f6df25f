//! What you see: one pure function from the state of the cockpit to the cells of a terminal.
//!
//! [`draw`] reads `&App` and nothing else: no clock, no environment, no memory of the last frame. Screens name roles,
//! never colours ([`Look`]); a state is a word first, then a mark, then a colour. Imports `incident`, `app` and
//! `settings`; only `run` imports it.
//!
//! Reads in this order: `frame` (title, tabs, footer), `board`, `table` (screens 2 to 6), then what lies over them:
//! `detail`, `plan`, `progress`, `help`, `pickers`. [`svg`] paints a drawn buffer for documents.

mod board;
mod canvas;
mod detail;
mod empty;
mod frame;
mod happening;
mod help;
mod look;
mod operation;
mod pickers;
mod plan;
mod progress;
mod propagation;
mod region;
mod sites;
mod steps;
pub mod svg;
mod table;
#[cfg(test)]
mod tests;
mod text;

pub use look::{Glyphs, Look, probe, role_letter, role_rows, text_rows};

use crate::app::{App, Overlay, Screen};
use crate::settings::theme::Role;
use canvas::Canvas;
use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

/// The smallest terminal that a cockpit fits in: columns, rows.
pub const SMALLEST: (u16, u16) = (60, 15);

/// Draws the cockpit.
pub fn draw(frame: &mut Frame<'_>, app: &App, look: &Look) {
    let area = frame.area();
    paint(frame.buffer_mut(), area, app, look);
}

/// The cockpit on a terminal of that size, for tests and pictures.
#[must_use]
pub fn buffer(app: &App, look: &Look, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    paint(&mut buffer, area, app, look);
    buffer
}

fn paint(buffer: &mut Buffer, area: Rect, app: &App, look: &Look) {
    let mut canvas = Canvas { buffer, look };
    canvas.clear(area);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        too_small(&mut canvas, area);
        return;
    }
    let body = frame::draw(&mut canvas, area, app);
    match app.screen {
        Screen::Board => board::draw(&mut canvas, body, app),
        Screen::Instances | Screen::RestorePoints | Screen::Registrations | Screen::Apex | Screen::Log => {
            table::draw(&mut canvas, body, app)
        }
    }
    for overlay in &app.overlays {
        match overlay {
            // The table's own line shows the filter as it is typed.
            Overlay::Filter => {}
            Overlay::Palette(picker) => pickers::palette(&mut canvas, body, app, picker),
            Overlay::Picker(picker) => pickers::picker(&mut canvas, body, picker),
            Overlay::Prompt { purpose, input } => pickers::prompt(&mut canvas, body, purpose, input),
            Overlay::Help { scroll } => help::draw(&mut canvas, body, app, *scroll),
            Overlay::Detail { row, scroll } => detail::draw(&mut canvas, body, app, row, *scroll),
            Overlay::Plan(dialog) => plan::draw(&mut canvas, body, app, dialog),
            Overlay::Progress(plan) => progress::draw(&mut canvas, body, app, plan),
        }
    }
    // Last, so that nothing hides what was just said.
    frame::footer(&mut canvas, area, app);
}

fn too_small(canvas: &mut Canvas<'_>, area: Rect) {
    let what = format!("terminal too small: {} x {},", area.width, area.height);
    let needs = format!("needs {} x {}", SMALLEST.0, SMALLEST.1);
    let one_line = format!("{what} {needs}");
    let middle = area.y + area.height.saturating_sub(1) / 2;
    if text::width(&one_line) <= usize::from(area.width) || area.height < 2 {
        canvas.put(area.x, middle, area.width, &one_line, Role::Warn);
    } else {
        let first = middle.min(area.bottom().saturating_sub(2));
        canvas.put(area.x, first, area.width, &what, Role::Warn);
        canvas.put(area.x, first + 1, area.width, &needs, Role::Warn);
    }
}
