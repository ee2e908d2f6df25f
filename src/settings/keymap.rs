//! Keymap files: which keys run which commands.
//!
//! The shipped keymaps are the files in `keymaps/`, embedded, and read by the very code that reads the operator's own.
//! It refuses to half-apply: a keymap with a mistake is not used, and its complaints say why. Imported above `settings`.

use std::collections::BTreeMap;

use toml::de::DeTable;

use super::complaint::Complaint;
use super::library::{Library, Source};
use super::sheet::{MOST, Sheet, with_article};
use super::surroundings::Surroundings;
use crate::app::commands::{Command, Context};
use crate::app::keys::{Key, KeySequence, Keymap};

/// The keymaps inside the program, by name.
pub const SHIPPED: &[(&str, &str)] = &[
    ("default", include_str!("../../keymaps/default.toml")),
    ("vim", include_str!("../../keymaps/vim.toml")),
];

/// The keymap of those who chose none, and the one that others build on.
pub const DEFAULT: &str = "default";

pub(super) fn library(surroundings: &Surroundings) -> Library {
    Library::new("keymap", SHIPPED, surroundings)
}

/// Names of the keymaps that can be chosen: the program's own, then the operator's.
#[must_use]
pub fn names(surroundings: &Surroundings) -> Vec<String> {
    library(surroundings).names()
}

/// The keymap that is in the program.
#[must_use]
pub fn shipped() -> Keymap {
    // Reading a shipped file cannot fail in a program whose tests passed; a keymap with Ctrl-C alone would be the rest.
    let nowhere = Surroundings::default();
    let library = library(&nowhere);
    library
        .shipped(DEFAULT)
        .and_then(|source| assemble(&library, source, &nowhere).ok())
        .unwrap_or_else(|| Keymap::empty(DEFAULT))
}

/// Reads a keymap from its text, and what it inherits.
///
/// # Errors
/// Every complaint about it and what it inherits.
pub fn parse(file: &str, text: &str, surroundings: &Surroundings) -> Result<Keymap, Vec<Complaint>> {
    assemble(&library(surroundings), Source::of(file, text), surroundings)
}

/// The keymap of that name or path; `asked_by` is the option or the file that named it.
///
/// # Errors
/// Every complaint about it and what it inherits.
pub fn load(name: &str, asked_by: &str, surroundings: &Surroundings) -> Result<Keymap, Vec<Complaint>> {
    let library = library(surroundings);
    assemble(&library, library.asked_for(name, asked_by, surroundings)?, surroundings)
}

/// A binding as a file states it: the command or nothing, and the complaint that would be made about it.
struct Stated {
    command: Option<Command>,
    layer: usize,
    place: Complaint,
}

type Layered = BTreeMap<Context, BTreeMap<KeySequence, Stated>>;

/// Reads a keymap and everything it inherits.
pub(super) fn assemble(
    library: &Library,
    source: Source,
    surroundings: &Surroundings,
) -> Result<Keymap, Vec<Complaint>> {
    let mut name = source.name.clone();
    let chain = library.chain(source, Some(DEFAULT), surroundings)?;
    let mut layered = Layered::new();
    let mut complaints = Vec::new();
    for (layer, source) in chain.iter().enumerate() {
        let (mut sheet, table) = Sheet::parse(&source.file, &source.text);
        if let Some(table) = table {
            sheet.only_keys(&table, "a keymap", &["name", "inherits", "cockpit", "replay"]);
            if let Some(stated) = sheet.string(&table, "name", "\"mine\"") {
                name = stated.into_inner();
            }
            for context in Context::ALL {
                bindings(&mut sheet, &table, context, layer, &mut layered);
            }
        }
        complaints.extend(sheet.finish());
    }
    let mut keymap = Keymap::empty(name);
    // What the cockpit binds holds in a replay too, so the replay's own words come last.
    for context in Context::ALL {
        for (keys, stated) in layered.get(&context).into_iter().flatten() {
            match stated.command {
                Some(command) => drop(keymap.bind(context, keys.clone(), command)),
                None => drop(keymap.unbind(context, keys)),
            }
        }
    }
    complaints.extend(hidden(&keymap, &layered));
    if complaints.is_empty() { Ok(keymap) } else { Err(complaints) }
}

fn bindings(
    sheet: &mut Sheet<'_>,
    table: &DeTable<'_>,
    context: Context,
    layer: usize,
    layered: &mut Layered,
) {
    let Some((table, _)) = sheet.table(table, context.id(), "{ q = \"quit\" }") else {
        return;
    };
    let mut here: BTreeMap<KeySequence, String> = BTreeMap::new();
    for (key, value) in table.iter() {
        let text = key.get_ref().as_ref();
        let keys = match text.parse::<KeySequence>() {
            Ok(keys) => keys,
            Err(error) => {
                let complaint = sheet.at(key.span(), error.to_string()).nearest(error.nearest());
                sheet.push(complaint);
                continue;
            }
        };
        if keys.0.contains(&Key::CTRL_C) {
            let complaint = sheet
                .at(key.span(), "<c-c> cannot be bound")
                .hint("Ctrl-C always quits, whatever a keymap says; choose another key");
            sheet.push(complaint);
            continue;
        }
        if let Some((key_pressed, arrives)) = keys.0.iter().find_map(|key| Some((*key, key.arrives_as()?))) {
            let complaint = sheet
                .at(key.span(), format!("most terminals send {key_pressed} as {arrives}"))
                .hint(format!("bind {arrives} instead, or choose another key"));
            sheet.push(complaint);
            continue;
        }
        if let Some(other) = here.insert(keys.clone(), text.to_owned()) {
            let complaint = sheet.at(key.span(), format!("{text:?} and {other:?} are the same keys"));
            sheet.push(complaint.hint("keep one of the two lines"));
            continue;
        }
        let Some(command) = command(sheet, value, context) else {
            continue;
        };
        let place = sheet.at(key.span(), String::new());
        layered.entry(context).or_default().insert(keys, Stated { command, layer, place });
    }
}

/// The command a binding names: `Some(None)` for `"none"`, nothing for a mistake.
#[expect(clippy::option_option, reason = "a mistake and a deliberate nothing are two things")]
fn command(
    sheet: &mut Sheet<'_>,
    value: &super::sheet::Value<'_>,
    context: Context,
) -> Option<Option<Command>> {
    let Some(id) = value.get_ref().as_str() else {
        let complaint = sheet
            .at(
                value.span(),
                format!("a key runs one command, and this is {}", with_article(value.get_ref())),
            )
            .hint("write it like: q = \"quit\"");
        sheet.push(complaint);
        return None;
    };
    if id == "none" {
        return Some(None);
    }
    let Some(command) = Command::from_id(id) else {
        let complaint = sheet
            .at(value.span(), format!("there is no command {id:?}"))
            .nearest(Command::nearest(id))
            .hint("`blackstart keys` lists every command; \"none\" unbinds a key");
        sheet.push(complaint);
        return None;
    };
    if !command.works_in(context) {
        let contexts: Vec<_> = command.contexts().iter().map(|context| format!("[{context}]")).collect();
        let complaint = sheet
            .at(value.span(), format!("{command} means nothing in [{context}]"))
            .hint(format!("it belongs in {}", contexts.join(" or ")));
        sheet.push(complaint);
        return None;
    }
    Some(Some(command))
}

/// Complaints about sequences that a shorter one hides, at whichever of the two lines was written last.
fn hidden(keymap: &Keymap, layered: &Layered) -> Vec<Complaint> {
    let stated = |context: Context, keys: &KeySequence| {
        let own = layered.get(&context).and_then(|map| map.get(keys));
        own.or_else(|| layered.get(&Context::Cockpit).and_then(|map| map.get(keys)))
    };
    let mut complaints: Vec<Complaint> = Vec::new();
    for hidden in keymap.hidden() {
        if complaints.len() >= MOST {
            break;
        }
        let (leaf, longer) = (&hidden.leaf, &hidden.longer);
        let (Some(leaf_stated), Some(longer_stated)) =
            (stated(hidden.context, &leaf.0), stated(hidden.context, &longer.0))
        else {
            continue;
        };
        let (place, remedy) = if leaf_stated.layer >= longer_stated.layer {
            (&leaf_stated.place, &longer.0)
        } else {
            (&longer_stated.place, &leaf.0)
        };
        let mut complaint = place.clone().hint(format!("add \"{remedy}\" = \"none\", or choose another key"));
        complaint.what = format!(
            "\"{}\" ({}) hides \"{}\" ({}), which can never be finished",
            leaf.0, leaf.1, longer.0, longer.1
        );
        // The replay repeats what the cockpit binds; once is enough.
        if !complaints.contains(&complaint) {
            complaints.push(complaint);
        }
    }
    complaints.sort_by_key(|complaint| (complaint.line, complaint.col));
    complaints
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::app::keys::Match;

    #[test]
    fn shipped_keymaps_are_without_fault() {
        let nowhere = Surroundings::default();
        for (name, _) in SHIPPED {
            match load(name, "test", &nowhere) {
                Ok(keymap) => assert_eq!(keymap.name, *name),
                Err(complaints) => panic!("{}", complaints[0]),
            }
        }
    }

    #[test]
    fn every_command_has_a_key_wherever_it_means_something() {
        for (name, _) in SHIPPED {
            let keymap = load(name, "test", &Surroundings::default()).unwrap();
            for command in Command::ALL {
                for context in command.contexts() {
                    assert!(!keymap.keys_of(*context, command).is_empty(), "{name}: {command} in {context}");
                }
            }
        }
    }

    #[test]
    fn the_default_keys_are_the_documented_ones() {
        let keymap = shipped();
        let documented = [
            ("1", "board"),
            ("2", "instances"),
            ("3", "restore-points"),
            ("4", "registrations"),
            ("5", "apex"),
            ("6", "log"),
            ("/", "filter"),
            (":", "palette"),
            ("?", "help"),
            ("<enter>", "detail"),
            ("s", "sort"),
            ("m", "maintenance"),
            ("a", "apex-switch"),
            ("r", "relaunch"),
            ("o", "restore"),
            ("+", "register"),
            ("-", "deregister"),
            ("u", "undo"),
            ("n", "note"),
            ("R", "refresh"),
            ("y", "copy"),
            ("<esc>", "back"),
            ("q", "quit"),
            ("t", "terminate"),
            ("D", "declare"),
            ("<space>", "mark"),
        ];
        for (keys, id) in documented {
            let pressed: KeySequence = keys.parse().unwrap();
            let found = keymap.lookup(Context::Cockpit, &pressed.0);
            assert_eq!(found, Match::Command(Command::from_id(id).unwrap()), "{keys}");
        }
        let space: KeySequence = "<space>".parse().unwrap();
        assert_eq!(keymap.lookup(Context::Replay, &space.0), Match::Command(Command::PlayPause));
    }

    #[test]
    fn vim_waits_after_g() {
        let keymap = load("vim", "test", &Surroundings::default()).unwrap();
        let g = Key::char('g');
        for context in Context::ALL {
            assert_eq!(keymap.lookup(context, &[g]), Match::Prefix);
            assert_eq!(keymap.lookup(context, &[g, g]), Match::Command(Command::Top));
        }
    }
}
