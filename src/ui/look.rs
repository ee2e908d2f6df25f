//! From roles to the library's styles, and the signs that a terminal can show.
//!
//! The only place that knows both a theme and the library that draws. [`probe`] gives every role a colour of its own, so
//! that [`role_rows`] can read roles back from a drawn buffer: a red that turned green must fail a test.

use crate::settings::theme::{Color as Shade, Role, Style as Setting, Theme};
use ratatui::buffer::Buffer;
use ratatui::style::{Color, Modifier, Style};
use unicode_width::UnicodeWidthStr;

/// Which signs the terminal can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Glyphs {
    /// Box drawing and a handful of marks.
    Unicode,
    /// Nothing beyond ASCII.
    Ascii,
}

/// How the cockpit looks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Look {
    /// A style for every role.
    pub theme: Theme,
    /// The signs.
    pub glyphs: Glyphs,
}

/// A sign beside a word. It never stands alone for a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    /// Nothing to say.
    None,
    /// It went well.
    Done,
    /// Down, or it failed.
    Bad,
    /// Worth a look.
    Warn,
    /// Not known.
    Unknown,
    /// Claim and evidence differ.
    Lie,
    /// Under way.
    Now,
    /// To come.
    Next,
    /// Marked by the operator.
    Marked,
    /// On its way.
    Pending,
    /// Not running.
    Off,
}

impl Mark {
    /// Every mark that is a sign, the worst first.
    pub(super) const ALL: [Self; 10] = [
        Self::Lie,
        Self::Bad,
        Self::Warn,
        Self::Unknown,
        Self::Pending,
        Self::Now,
        Self::Next,
        Self::Done,
        Self::Off,
        Self::Marked,
    ];

    /// What it stands for, for the legend.
    pub(super) fn meaning(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Lie => "claim and evidence disagree",
            Self::Bad => "down, or it failed",
            Self::Warn => "worth a look: partly, slow, or our own trouble",
            Self::Unknown => "not known: timed out, stale or never asked",
            Self::Pending => "changing, or on its way",
            Self::Now => "under way now",
            Self::Next => "to come, or not carried out",
            Self::Done => "done, or came right",
            Self::Off => "not running: stopped or terminated",
            Self::Marked => "marked by you, to be acted on together",
        }
    }
}

/// The signs that boxes are drawn with.
pub(super) struct Borders {
    pub(super) horizontal: &'static str,
    pub(super) vertical: &'static str,
    /// Top left, top right, bottom left, bottom right.
    pub(super) corners: [&'static str; 4],
    /// Joints: left, right, top, bottom.
    pub(super) joints: [&'static str; 4],
}

impl Glyphs {
    /// What stands for the text cut away.
    pub(super) fn ellipsis(self) -> &'static str {
        match self {
            Self::Unicode => "…",
            Self::Ascii => "..",
        }
    }

    /// From old to new.
    pub(super) fn arrow(self) -> &'static str {
        match self {
            Self::Unicode => "→",
            Self::Ascii => "->",
        }
    }

    /// Between short things in a row.
    pub(super) fn dot(self) -> &'static str {
        match self {
            Self::Unicode => "·",
            Self::Ascii => ".",
        }
    }

    /// Where the next character goes.
    pub(super) fn caret(self) -> &'static str {
        match self {
            Self::Unicode => "▏",
            Self::Ascii => "_",
        }
    }

    /// Sorted upwards, downwards.
    pub(super) fn sorted(self, descending: bool) -> &'static str {
        match (self, descending) {
            (Self::Unicode, false) => "↑",
            (Self::Unicode, true) => "↓",
            (Self::Ascii, false) => "^",
            (Self::Ascii, true) => "v",
        }
    }

    /// The pointer of the selected row.
    pub(super) fn pointer(self) -> &'static str {
        match self {
            Self::Unicode => "▌",
            Self::Ascii => ">",
        }
    }

    /// A bar: what is behind, the place itself, what is ahead, a tick.
    pub(super) fn bar(self) -> [&'static str; 4] {
        match self {
            Self::Unicode => ["━", "●", "─", "╵"],
            Self::Ascii => ["=", "O", "-", "'"],
        }
    }

    /// The sign of a mark, one column.
    pub(super) fn mark(self, mark: Mark) -> &'static str {
        match (self, mark) {
            (_, Mark::None) => " ",
            (Self::Unicode, Mark::Done) => "✓",
            (Self::Ascii, Mark::Done | Mark::Marked) => "*",
            (Self::Unicode, Mark::Bad) => "✗",
            (Self::Ascii, Mark::Bad) => "x",
            (_, Mark::Warn) | (Self::Ascii, Mark::Lie) => "!",
            (_, Mark::Unknown) => "?",
            (Self::Unicode, Mark::Lie) => "≠",
            (Self::Unicode, Mark::Now) => "▸",
            (Self::Ascii, Mark::Now) => ">",
            (Self::Unicode, Mark::Next) => "·",
            (Self::Ascii, Mark::Next) => ".",
            (Self::Unicode, Mark::Marked) => "◆",
            (_, Mark::Pending) => "~",
            (_, Mark::Off) => "-",
        }
    }

    pub(super) fn borders(self) -> Borders {
        match self {
            Self::Unicode => Borders {
                horizontal: "─",
                vertical: "│",
                corners: ["┌", "┐", "└", "┘"],
                joints: ["├", "┤", "┬", "┴"],
            },
            Self::Ascii => Borders { horizontal: "-", vertical: "|", corners: ["+"; 4], joints: ["+"; 4] },
        }
    }
}

impl Look {
    /// The library's style of a role.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        style(self.theme.style(role))
    }

    /// A role as a chip: its colours exchanged.
    pub(super) fn chip(&self, role: Role) -> Style {
        self.style(role).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }
}

fn style(setting: Setting) -> Style {
    let mut style = Style::new();
    style.fg = setting.fg.map(color);
    style.bg = setting.bg.map(color);
    let modifiers = [
        (setting.bold, Modifier::BOLD),
        (setting.dim, Modifier::DIM),
        (setting.underline, Modifier::UNDERLINED),
        (setting.reverse, Modifier::REVERSED),
        (setting.italic, Modifier::ITALIC),
    ];
    for (wanted, modifier) in modifiers {
        if wanted {
            style = style.add_modifier(modifier);
        }
    }
    style
}

fn color(shade: Shade) -> Color {
    match shade {
        Shade::Default => Color::Reset,
        // The sixteen by name: terminals send these as the operator's own colours.
        Shade::Ansi(index) => match index {
            0 => Color::Black,
            1 => Color::Red,
            2 => Color::Green,
            3 => Color::Yellow,
            4 => Color::Blue,
            5 => Color::Magenta,
            6 => Color::Cyan,
            7 => Color::Gray,
            8 => Color::DarkGray,
            9 => Color::LightRed,
            10 => Color::LightGreen,
            11 => Color::LightYellow,
            12 => Color::LightBlue,
            13 => Color::LightMagenta,
            14 => Color::LightCyan,
            15 => Color::White,
            other => Color::Indexed(other),
        },
        Shade::Indexed(index) => Color::Indexed(index),
        Shade::Rgb(r, g, b) => Color::Rgb(r, g, b),
    }
}

/// The background of the probe's selected row.
const PROBE_SELECTED: u8 = 200;
/// The first of the probe's colours.
const PROBE_FIRST: u8 = 100;

/// A theme in which every role has a colour of its own.
#[must_use]
pub fn probe() -> Theme {
    let mut theme = Theme::plain("probe");
    for role in Role::ALL {
        let setting = match role {
            Role::Selected => Setting { bg: Some(Shade::Indexed(PROBE_SELECTED)), ..Setting::default() },
            other => {
                let own = PROBE_FIRST.saturating_add(u8::try_from(other as usize).unwrap_or_default());
                Setting { fg: Some(Shade::Indexed(own)), ..Setting::default() }
            }
        };
        theme.set(role, setting);
    }
    theme
}

/// The letter that stands for a role in [`role_rows`].
#[must_use]
pub fn role_letter(role: Role) -> char {
    match role {
        Role::Text => '.',
        Role::Muted => 'm',
        Role::Accent => 'a',
        Role::Title => 't',
        Role::Border => 'b',
        Role::BorderFocus => 'f',
        Role::Selected => '#',
        Role::Header => 'h',
        Role::Ok => 'o',
        Role::Warn => 'w',
        Role::Down => 'd',
        Role::Lie => 'l',
        Role::Stale => 's',
        Role::Unknown => 'u',
        Role::Pending => 'p',
        Role::Danger => 'x',
        Role::Live => 'v',
        Role::ReadOnly => 'r',
        Role::Demo => 'e',
        Role::Replay => 'y',
        Role::Drill => 'g',
        Role::Operator1 => '1',
        Role::Operator2 => '2',
        Role::Operator3 => '3',
        Role::Operator4 => '4',
        Role::Key => 'k',
    }
}

/// The roles of a buffer drawn with [`probe`], a letter for each column (see [`role_letter`]); in the selected row
/// letters are upper case, and ordinary text is `:`.
#[must_use]
pub fn role_rows(buffer: &Buffer) -> Vec<String> {
    rows(buffer, |cell| {
        let role = match cell.fg {
            Color::Indexed(index) => {
                Role::ALL.get(usize::from(index.wrapping_sub(PROBE_FIRST))).copied().unwrap_or(Role::Text)
            }
            _ => Role::Text,
        };
        let letter = role_letter(role);
        match (cell.bg == Color::Indexed(PROBE_SELECTED), letter) {
            (true, '.') => ':'.to_string(),
            (true, letter) => letter.to_ascii_uppercase().to_string(),
            (false, letter) => letter.to_string(),
        }
    })
}

/// The text of a buffer, row by row, without the blanks at the ends.
#[must_use]
pub fn text_rows(buffer: &Buffer) -> Vec<String> {
    let mut rows = rows(buffer, |cell| cell.symbol().to_owned());
    for row in &mut rows {
        row.truncate(row.trim_end().len());
    }
    rows
}

fn rows(buffer: &Buffer, mut of: impl FnMut(&ratatui::buffer::Cell) -> String) -> Vec<String> {
    let area = buffer.area;
    (area.top()..area.bottom())
        .map(|y| {
            let mut row = String::new();
            let mut x = area.left();
            while x < area.right() {
                let cell = &buffer[(x, y)];
                row.push_str(&of(cell));
                // The column after a wide sign belongs to it.
                x += u16::try_from(cell.symbol().width().max(1)).unwrap_or(1);
            }
            row
        })
        .collect()
}
