//! A whole cockpit on a log that anybody may have written: it is replayed, looked at on every screen, and never breaks.

use super::Target;
use super::logbook::{WORDS, rechained, storm, strands};
use blackstart::app::keys::KeySequence;
use blackstart::app::message::{Effect, Message, Stamped};
use blackstart::app::{App, Replay};
use blackstart::incident::entry::{Entry, Mode};
use blackstart::logbook::Line;
use blackstart::settings::Settings;
use blackstart::ui::{Glyphs, Look, buffer};

pub const REPLAY: Target = Target { name: "replay", check, seeds: strands, words: WORDS, brief: 120 };

/// The smallest screen that has to work.
const SMALL: (u16, u16) = (80, 24);

fn check(bytes: &[u8]) {
    let chained = rechained(bytes);
    let lines = chained.split(|byte| *byte == b'\n').filter_map(|line| Line::parse(line).ok());
    let entries: Vec<Entry> = lines.map(|line| line.entry).collect();
    if entries.is_empty() {
        return;
    }
    let look = Look { theme: Settings::shipped().theme, glyphs: Glyphs::Unicode };
    let mut app = storm().app.clone();
    app.quitting = false;
    app.opening.mode = Mode::Replay;
    app.replay_from(Replay::new(entries), None);
    let at = app.now;
    let mut mono_ms = 0;
    let mut take = |app: &mut App, message: Message| {
        mono_ms += 250;
        for effect in app.update(Stamped { at, mono_ms, message }) {
            assert!(matches!(effect, Effect::Copy(_) | Effect::Quit), "a replay asks for {effect:?}");
        }
    };
    take(&mut app, Message::Resize(SMALL.0, SMALL.1));
    for keys in [
        "1",
        "2<down><enter>",
        "<esc>3",
        "4",
        "5<enter>",
        "<esc>6<enter>",
        "<esc><left>",
        "<space>",
        "1",
        "<home>",
    ] {
        let Ok(keys) = keys.parse::<KeySequence>() else { continue };
        for key in keys.0 {
            take(&mut app, Message::Key(key));
        }
        take(&mut app, Message::Tick);
        let drawn = buffer(&app, &look, SMALL.0, SMALL.1);
        let steers = |cell: &ratatui::buffer::Cell| cell.symbol().contains(char::is_control);
        assert!(!drawn.content.iter().any(steers), "the log steers the terminal");
    }
}
