//! Theme files: a palette and a style for each role.
//!
//! The shipped themes are the files in `themes/`, embedded, and read by the very code that reads the operator's own.
//! It refuses to half-apply: a theme with a mistake is not used, and its complaints say why. Imported above `settings`.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::complaint::{Complaint, nearest_names};
use super::library::{Library, Source};
use super::sheet::Sheet;
use super::surroundings::Surroundings;
use super::theme::{ANSI_NAMES, Color, Role, Style, Theme};

/// The themes inside the program, by name.
pub const SHIPPED: &[(&str, &str)] = &[
    ("storm", include_str!("../../themes/storm.toml")),
    ("daylight", include_str!("../../themes/daylight.toml")),
    ("high-contrast", include_str!("../../themes/high-contrast.toml")),
    ("ansi16", include_str!("../../themes/ansi16.toml")),
    ("mono", include_str!("../../themes/mono.toml")),
];

/// The theme of those who chose none, on a terminal that can show it.
pub const DEFAULT: &str = "storm";

pub(super) fn library(surroundings: &Surroundings) -> Library {
    Library::new("theme", SHIPPED, surroundings)
}

/// Names of the themes that can be chosen: the program's own, then the operator's.
#[must_use]
pub fn names(surroundings: &Surroundings) -> Vec<String> {
    library(surroundings).names()
}

/// A theme that is in the program; one without any style for a name that is not.
#[must_use]
pub fn shipped(name: &str) -> Theme {
    let nowhere = Surroundings::default();
    let library = library(&nowhere);
    library
        .shipped(name)
        .and_then(|source| assemble(&library, source, &nowhere).ok())
        .unwrap_or_else(|| Theme::plain(name))
}

/// Reads a theme from its text, and what it inherits.
///
/// # Errors
/// Every complaint about it and what it inherits.
pub fn parse(file: &str, text: &str, surroundings: &Surroundings) -> Result<Theme, Vec<Complaint>> {
    assemble(&library(surroundings), Source::of(file, text), surroundings)
}

/// The theme of that name or path; `asked_by` is the option or the file that named it.
///
/// # Errors
/// Every complaint about it and what it inherits.
pub fn load(name: &str, asked_by: &str, surroundings: &Surroundings) -> Result<Theme, Vec<Complaint>> {
    let library = library(surroundings);
    assemble(&library, library.asked_for(name, asked_by, surroundings)?, surroundings)
}

/// A style as a file states it: colours may be names of the palette, so they are resolved when the palette is whole.
struct Stated {
    layer: usize,
    fg: Option<Spanned<String>>,
    bg: Option<Spanned<String>>,
    rest: Style,
}

/// Reads a theme and everything it inherits. An operator's theme that leaves roles out has them from the default one;
/// a shipped theme has to name every role, in itself or in what it inherits.
pub(super) fn assemble(
    library: &Library,
    source: Source,
    surroundings: &Surroundings,
) -> Result<Theme, Vec<Complaint>> {
    let mut name = source.name.clone();
    let implicit = (!source.shipped).then_some(DEFAULT);
    let chain = library.chain(source, implicit, surroundings)?;
    let mut palette: BTreeMap<String, Color> = BTreeMap::new();
    let mut roles: BTreeMap<Role, Stated> = BTreeMap::new();
    let mut sheets = Vec::new();
    for (layer, source) in chain.iter().enumerate() {
        let (mut sheet, table) = Sheet::parse(&source.file, &source.text);
        if let Some(table) = table {
            sheet.only_keys(&table, "a theme", &["name", "inherits", "palette", "roles"]);
            if let Some(stated) = sheet.string(&table, "name", "\"mine\"") {
                name = stated.into_inner();
            }
            read_palette(&mut sheet, &table, &mut palette);
            read_roles(&mut sheet, &table, layer, &mut roles);
        }
        sheets.push(sheet);
    }
    let mut theme = Theme::plain(name);
    for (role, stated) in &roles {
        let mut style = stated.rest;
        for (color, slot) in [(&stated.fg, &mut style.fg), (&stated.bg, &mut style.bg)] {
            let (Some(color), Some(sheet)) = (color, sheets.get_mut(stated.layer)) else {
                continue;
            };
            *slot = named_color(color.get_ref(), &palette);
            if slot.is_none() {
                complain_color(sheet, color.span(), color.get_ref(), &palette);
            }
        }
        theme.set(*role, style);
    }
    if let Some(sheet) = sheets.last_mut() {
        let missing: Vec<&str> =
            Role::ALL.into_iter().filter(|role| !roles.contains_key(role)).map(Role::id).collect();
        // A file that does not even parse has said enough.
        if !missing.is_empty() && sheet.is_clean() {
            sheet.whole(format!("the theme has no style for: {}", missing.join(", ")));
        }
    }
    let complaints: Vec<_> = sheets.into_iter().flat_map(Sheet::finish).collect();
    if complaints.is_empty() { Ok(theme) } else { Err(complaints) }
}

fn read_palette(sheet: &mut Sheet<'_>, table: &DeTable<'_>, palette: &mut BTreeMap<String, Color>) {
    let Some((table, _)) = sheet.table(table, "palette", "{ sky = \"#6cb6ff\" }") else {
        return;
    };
    for (key, value) in table.iter() {
        let name = key.get_ref().as_ref();
        if ANSI_NAMES.contains(&name) || name == "default" {
            let complaint = sheet
                .at(key.span(), format!("{name:?} is a colour already"))
                .hint("the palette adds names to the sixteen colours and cannot change them");
            sheet.push(complaint);
            continue;
        }
        let Some(text) = color_text(sheet, value, name) else {
            continue;
        };
        match named_color(text.get_ref(), &BTreeMap::new()) {
            Some(color) => drop(palette.insert(name.to_owned(), color)),
            None => complain_color(sheet, text.span(), text.get_ref(), &BTreeMap::new()),
        }
    }
}

/// A colour's text: a string, or the number of one of the 256.
fn color_text(sheet: &mut Sheet<'_>, value: &super::sheet::Value<'_>, name: &str) -> Option<Spanned<String>> {
    match value.get_ref() {
        DeValue::String(text) => Some(Spanned::new(value.span(), text.to_string())),
        DeValue::Integer(number) => Some(Spanned::new(value.span(), number.to_string())),
        DeValue::Float(_)
        | DeValue::Boolean(_)
        | DeValue::Datetime(_)
        | DeValue::Array(_)
        | DeValue::Table(_) => {
            let complaint = sheet
                .at(value.span(), format!("`{name}` is not a colour"))
                .hint("write it like \"#6cb6ff\", \"red\", a name of the palette, or 0 to 255");
            sheet.push(complaint);
            None
        }
    }
}

fn read_roles(sheet: &mut Sheet<'_>, table: &DeTable<'_>, layer: usize, roles: &mut BTreeMap<Role, Stated>) {
    let Some((table, _)) = sheet.table(table, "roles", "{ down = { fg = \"red\" } }") else {
        return;
    };
    sheet.only_keys(table, "[roles]", &Role::ALL.map(Role::id));
    for (key, _) in table.iter() {
        let name = key.get_ref().as_ref();
        let Some(role) = Role::from_id(name) else {
            continue;
        };
        let Some((style, _)) = sheet.table(table, name, "{ fg = \"red\", bold = true }") else {
            continue;
        };
        sheet.only_keys(style, "a style", &["fg", "bg", "bold", "dim", "underline", "reverse", "italic"]);
        let color =
            |sheet: &mut Sheet<'_>, key: &str| style.get(key).and_then(|value| color_text(sheet, value, key));
        let stated = Stated {
            layer,
            fg: color(sheet, "fg"),
            bg: color(sheet, "bg"),
            rest: Style {
                fg: None,
                bg: None,
                bold: sheet.boolean(style, "bold").unwrap_or_default(),
                dim: sheet.boolean(style, "dim").unwrap_or_default(),
                underline: sheet.boolean(style, "underline").unwrap_or_default(),
                reverse: sheet.boolean(style, "reverse").unwrap_or_default(),
                italic: sheet.boolean(style, "italic").unwrap_or_default(),
            },
        };
        roles.insert(role, stated);
    }
}

fn named_color(text: &str, palette: &BTreeMap<String, Color>) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        let number =
            u32::from_str_radix(hex, 16).ok().filter(|_| hex.bytes().all(|b| b.is_ascii_hexdigit()))?;
        return match hex.len() {
            6 => {
                let [_, r, g, b] = number.to_be_bytes();
                Some(Color::Rgb(r, g, b))
            }
            3 => {
                let [_, _, high, low] = number.to_be_bytes();
                Some(Color::Rgb(high * 17, (low >> 4) * 17, (low & 15) * 17))
            }
            _ => None,
        };
    }
    if text == "default" {
        return Some(Color::Default);
    }
    if let Ok(index) = text.parse::<u8>() {
        return Some(Color::Indexed(index));
    }
    let ansi = (0_u8..).zip(ANSI_NAMES).find(|(_, name)| *name == text).map(|(index, _)| Color::Ansi(index));
    ansi.or_else(|| palette.get(text).copied())
}

fn complain_color(sheet: &mut Sheet<'_>, span: Range<usize>, text: &str, palette: &BTreeMap<String, Color>) {
    let names = ANSI_NAMES.into_iter().chain(["default"]).chain(palette.keys().map(String::as_str));
    let complaint = if text.starts_with('#') {
        sheet
            .at(span, format!("{text:?} is not a colour"))
            .hint("write six hexadecimal digits, like \"#6cb6ff\"")
    } else {
        sheet.at(span, format!("there is no colour {text:?}")).nearest(nearest_names(text, names)).hint(
            "a colour is \"#rrggbb\", one of the sixteen, a name of the palette, 0 to 255, or \"default\"",
        )
    };
    sheet.push(complaint);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::settings::surroundings::Depth;

    fn all() -> Vec<Theme> {
        let nowhere = Surroundings::default();
        let read = |name: &str| match load(name, "test", &nowhere) {
            Ok(theme) => theme,
            Err(complaints) => panic!("{}", complaints[0]),
        };
        SHIPPED.iter().map(|(name, _)| read(name)).collect()
    }

    #[test]
    fn shipped_themes_are_without_fault_and_complete() {
        for (theme, (name, _)) in all().iter().zip(SHIPPED) {
            assert_eq!(theme.name, *name);
        }
    }

    /// WCAG's contrast of two colours, 1 to 21.
    fn contrast(a: Color, b: Color) -> f64 {
        let luminance = |color: Color| {
            let (r, g, b) = color.rgb().unwrap();
            let [r, g, b] = [r, g, b].map(|part| {
                let part = f64::from(part) / 255.0;
                if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
            });
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_can_be_read_in_every_role_also_with_256_colours() {
        for (name, least) in [("storm", 4.5), ("daylight", 4.5), ("high-contrast", 7.0)] {
            for depth in [Depth::True, Depth::Indexed] {
                let theme = shipped(name).at_depth(depth);
                let ground = theme.style(Role::Text);
                let (text, ground) = (ground.fg.unwrap(), ground.bg.unwrap());
                let selected = theme.style(Role::Selected);
                for role in Role::ALL {
                    let style = theme.style(role);
                    let fg = style.fg.unwrap_or(text);
                    let least = if role == Role::Border { 1.5 } else { least };
                    let ratio = contrast(fg, style.bg.unwrap_or(ground));
                    assert!(ratio >= least, "{name} {depth:?} {}: {ratio:.2}", role.id());
                    // A selection without a text colour of its own leaves each cell's colour on its ground.
                    if style.bg.is_none() && selected.fg.is_none() && role != Role::Border {
                        let ratio = contrast(fg, selected.bg.unwrap());
                        assert!(ratio >= least * 0.7, "{name} {depth:?} {} selected: {ratio:.2}", role.id());
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_wrong_stands_out_from_what_is_not() {
        let states = [Role::Ok, Role::Warn, Role::Down, Role::Lie, Role::Unknown, Role::Pending];
        for theme in all().iter().filter(|theme| theme.name != "mono") {
            for (index, a) in states.into_iter().enumerate() {
                for b in states.into_iter().skip(index + 1) {
                    assert_ne!(theme.style(a), theme.style(b), "{}: {} and {}", theme.name, a.id(), b.id());
                }
            }
        }
        for theme in all() {
            for bad in [Role::Down, Role::Lie, Role::Danger, Role::Selected] {
                assert_ne!(theme.style(bad), theme.style(Role::Text), "{}: {}", theme.name, bad.id());
                assert_ne!(theme.style(bad), theme.style(Role::Ok), "{}: {}", theme.name, bad.id());
            }
        }
    }

    #[test]
    fn poor_terminals_have_themes_that_ask_for_no_more() {
        let colors = |theme: &Theme| {
            let styles = Role::ALL.map(|role| theme.style(role));
            styles.into_iter().flat_map(|style| [style.fg, style.bg]).flatten().collect::<Vec<_>>()
        };
        assert!(colors(&shipped("ansi16")).iter().all(|c| matches!(c, Color::Ansi(_) | Color::Default)));
        assert_eq!(colors(&shipped("mono")), []);
    }

    #[test]
    fn a_shipped_theme_has_to_name_every_role_and_an_own_one_need_not() {
        let nowhere = Surroundings::default();
        let read = |shipped: bool| {
            let source = Source {
                name: "thin".to_owned(),
                file: "thin.toml".to_owned(),
                text: "[roles]\ndown = { fg = \"red\" }\n".into(),
                shipped,
            };
            assemble(&library(&nowhere), source, &nowhere)
        };
        let complaints = read(true).unwrap_err();
        assert!(complaints[0].what.starts_with("the theme has no style for: text, muted,"));
        assert!(!complaints[0].what.contains("down"));
        let own = read(false).unwrap();
        assert_eq!(own.style(Role::Down).fg, Some(Color::Ansi(1)));
        assert_eq!(own.style(Role::Lie), shipped(DEFAULT).style(Role::Lie));
    }

    #[test]
    fn a_palette_can_be_changed_alone() {
        let nowhere = Surroundings::default();
        let source = Source {
            name: "mine".to_owned(),
            file: "mine.toml".to_owned(),
            text: "[palette]\nsky = \"#010203\"\n".into(),
            shipped: false,
        };
        let theme = assemble(&library(&nowhere), source, &nowhere).unwrap();
        assert_eq!(theme.style(Role::Accent).fg, Some(Color::Rgb(1, 2, 3)));
    }

    #[test]
    fn colours_read_in_every_notation() {
        let palette = BTreeMap::from([("sky".to_owned(), Color::Rgb(1, 2, 3))]);
        for (text, color) in [
            ("#6cB6fF", Some(Color::Rgb(0x6c, 0xb6, 0xff))),
            ("#fa0", Some(Color::Rgb(0xff, 0xaa, 0))),
            ("red", Some(Color::Ansi(1))),
            ("bright-white", Some(Color::Ansi(15))),
            ("208", Some(Color::Indexed(208))),
            ("sky", Some(Color::Rgb(1, 2, 3))),
            ("default", Some(Color::Default)),
            ("256", None),
            ("#+1234f", None),
            ("#12", None),
            ("", None),
        ] {
            assert_eq!(named_color(text, &palette), color, "{text:?}");
        }
    }
}
