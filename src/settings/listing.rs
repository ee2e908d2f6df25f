//! The texts of `blackstart keys` and `blackstart themes`, written from the tables themselves so they cannot go stale.
//!
//! It refuses to print; the caller does. Imported above `settings`.

use std::fmt::Write as _;

use super::surroundings::Surroundings;
use super::theme::Role;
use super::{keymap, theme_file};
use crate::app::commands::{Command, Context, Group};
use crate::app::keys::Keymap;

/// A table of cells with its columns aligned, which reads as Markdown and as it is.
fn table(out: &mut String, head: &[&str], rows: &[Vec<String>]) {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut line = |cells: &mut dyn Iterator<Item = &str>| {
        for (cell, width) in cells.zip(&widths) {
            let pad = width.saturating_sub(cell.chars().count());
            // Writing to a String cannot fail.
            let _ = write!(out, "| {cell}{} ", " ".repeat(pad));
        }
        out.push_str("|\n");
    };
    line(&mut head.iter().copied());
    let rules: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    line(&mut rules.iter().map(String::as_str));
    for row in rows {
        line(&mut row.iter().map(String::as_str));
    }
}

/// A key in Markdown code quotes, safe in a table's cell.
fn quoted(keys: &str) -> String {
    if keys.contains('`') { format!("`` {keys} ``") } else { format!("`{}`", keys.replace('|', "\\|")) }
}

/// Every command with its keys, by group.
#[must_use]
pub fn keys(keymap: &Keymap) -> String {
    let mut out = format!("# Keys: {}\n", keymap.name);
    for group in Group::ALL {
        let mut rows = Vec::new();
        for command in Command::ALL.into_iter().filter(|command| command.group() == group) {
            let context = if command.works_in(Context::Cockpit) { Context::Cockpit } else { Context::Replay };
            let bound: Vec<String> =
                keymap.keys_of(context, command).iter().map(|keys| quoted(&keys.to_string())).collect();
            let mut bound = bound.join(" ");
            if bound.is_empty() {
                bound.push('-');
            }
            let note = match (command.changes_aws(), command.works_in(Context::Replay)) {
                (true, _) => "changes AWS, after a confirmation",
                (false, true) => "",
                (false, false) => "not in a replay",
            };
            rows.push(vec![bound, command.id().to_owned(), command.doc().to_owned(), note.to_owned()]);
        }
        let _ = write!(out, "\n## {}\n\n", group.title());
        table(&mut out, &["keys", "command", "what it does", ""], &rows);
    }
    out.push_str("\n`<c-c>` always quits, whatever a keymap says. Every command can also be run by name from the palette.\n");
    out
}

/// Every keymap and theme that can be chosen, every role a theme gives a style to, and where own files go.
#[must_use]
pub fn themes(surroundings: &Surroundings) -> String {
    let mut out = String::from("# Themes\n\n");
    let rows: Vec<_> = theme_file::names(surroundings)
        .into_iter()
        .map(|name| {
            let shipped = theme_file::SHIPPED.iter().find(|(shipped, _)| *shipped == name);
            let about = shipped.and_then(|(_, text)| first_sentence(text, &name));
            vec![name, about.unwrap_or_else(|| "your own".to_owned())]
        })
        .collect();
    table(&mut out, &["theme", "what it is"], &rows);
    out.push_str("\n# Roles\n\n");
    let rows: Vec<_> =
        Role::ALL.iter().map(|role| vec![role.id().to_owned(), role.doc().to_owned()]).collect();
    table(&mut out, &["role", "what it is for"], &rows);
    let _ = write!(out, "\nKeymaps: {}\n", keymap::names(surroundings).join(", "));
    if let Some(dir) = surroundings.config_dir() {
        let _ =
            writeln!(out, "Your own go into {0}/themes/NAME.toml and {0}/keymaps/NAME.toml", dir.display());
    }
    out
}

/// What a shipped file says of itself: its first comment, up to the first full stop.
fn first_sentence(text: &str, name: &str) -> Option<String> {
    let comment: Vec<_> = text.lines().map_while(|line| line.strip_prefix("# ")).collect();
    let comment = comment.join(" ");
    let about = comment.strip_prefix(name)?.strip_prefix(": ")?;
    Some(about.split(". ").next().unwrap_or(about).trim_end_matches('.').to_owned())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_command_is_listed_with_its_keys() {
        let text = keys(&keymap::shipped());
        for command in Command::ALL {
            assert!(text.contains(&format!("| {} ", command.id())), "{command}");
        }
        assert!(text.contains("| `<up>` `k` ") || text.contains("| `k` `<up>` "), "{text}");
        assert!(text.contains("changes AWS, after a confirmation"));
        assert!(!text.contains("| - "), "every command of the default keymap has a key\n{text}");
    }

    #[test]
    fn every_theme_and_role_is_listed() {
        let text = themes(&Surroundings::default());
        for (name, _) in theme_file::SHIPPED {
            assert!(text.contains(&format!("| {name} ")), "{name}");
        }
        assert!(!text.contains("your own"), "a shipped theme says what it is\n{text}");
        for role in Role::ALL {
            assert!(text.contains(&format!("| {} ", role.id())), "{}", role.id());
        }
    }
}
