//! What a theme is: a style for every role that something on the screen can play.
//!
//! Plain data. It refuses to know the library that draws, and it has no colours of its own: those are in `themes/`.
//! Screens name roles, never colours. `ui` turns these styles into those of its library.

use super::surroundings::{Depth, Surroundings};

/// A colour as a theme states it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Color {
    /// Whatever the terminal has.
    Default,
    /// One of the sixteen that the operator's terminal defines, 0 to 15.
    Ansi(u8),
    /// One of the 256 of xterm.
    Indexed(u8),
    /// Red, green, blue.
    Rgb(u8, u8, u8),
}

/// The names of the sixteen, in their order.
pub(super) const ANSI_NAMES: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// What xterm shows for the sixteen; every terminal differs, so these only serve to find the nearest.
const ANSI_RGB: [(u8, u8, u8); 16] = [
    (0, 0, 0),
    (205, 0, 0),
    (0, 205, 0),
    (205, 205, 0),
    (0, 0, 238),
    (205, 0, 205),
    (0, 205, 205),
    (229, 229, 229),
    (127, 127, 127),
    (255, 0, 0),
    (0, 255, 0),
    (255, 255, 0),
    (92, 92, 255),
    (255, 0, 255),
    (0, 255, 255),
    (255, 255, 255),
];

impl Color {
    /// Red, green and blue, when that is known; the terminal's own default is not.
    #[must_use]
    pub fn rgb(self) -> Option<(u8, u8, u8)> {
        match self {
            Self::Default => None,
            Self::Ansi(index) => ANSI_RGB.get(usize::from(index)).copied(),
            Self::Indexed(index) => Some(indexed_rgb(index)),
            Self::Rgb(r, g, b) => Some((r, g, b)),
        }
    }

    /// The nearest colour that a terminal of that depth shows.
    #[must_use]
    pub fn at_depth(self, depth: Depth) -> Self {
        match (depth, self) {
            (Depth::Mono, _) | (_, Self::Default) => Self::Default,
            (Depth::True, _) | (_, Self::Ansi(_)) | (Depth::Indexed, Self::Indexed(_)) => self,
            (Depth::Indexed, Self::Rgb(r, g, b)) => {
                // The first sixteen are the operator's own colours and can be anything, so they are never "nearest".
                (16..=255)
                    .min_by_key(|index| distance(indexed_rgb(*index), (r, g, b)))
                    .map_or(self, Self::Indexed)
            }
            (Depth::Ansi16, Self::Indexed(_) | Self::Rgb(..)) => {
                let wanted = self.rgb().unwrap_or_default();
                let index = (0..16_u8).min_by_key(|index| distance(ANSI_RGB[usize::from(*index)], wanted));
                index.map_or(Self::Default, Self::Ansi)
            }
        }
    }
}

fn indexed_rgb(index: u8) -> (u8, u8, u8) {
    const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    match index {
        0..=15 => ANSI_RGB[usize::from(index)],
        16..=231 => {
            let cube = usize::from(index - 16);
            (LEVELS[cube / 36], LEVELS[cube / 6 % 6], LEVELS[cube % 6])
        }
        232..=255 => {
            let grey = 8 + (index - 232) * 10;
            (grey, grey, grey)
        }
    }
}

/// How far apart two colours look: the eye weighs green most ("redmean").
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> i64 {
    let mean = (i64::from(a.0) + i64::from(b.0)) / 2;
    let [r, g, b] = [(a.0, b.0), (a.1, b.1), (a.2, b.2)].map(|(x, y)| i64::from(x) - i64::from(y));
    (((512 + mean) * r * r) >> 8) + 4 * g * g + (((767 - mean) * b * b) >> 8)
}

/// How something is drawn. A colour that is not set leaves the one beneath.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Style {
    /// The text's colour.
    pub fg: Option<Color>,
    /// The colour behind it.
    pub bg: Option<Color>,
    /// Bold.
    pub bold: bool,
    /// Dim.
    pub dim: bool,
    /// Underlined.
    pub underline: bool,
    /// Text and background exchanged.
    pub reverse: bool,
    /// Italic.
    pub italic: bool,
}

impl Style {
    fn at_depth(self, depth: Depth) -> Self {
        let at = |color: Option<Color>| match depth {
            Depth::Mono => None,
            Depth::Ansi16 | Depth::Indexed | Depth::True => color.map(|color| color.at_depth(depth)),
        };
        Self { fg: at(self.fg), bg: at(self.bg), ..self }
    }
}

/// The part something plays on the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Ordinary text, and the background of everything.
    Text,
    /// Less important text: units, ages, punctuation.
    Muted,
    /// What has the focus.
    Accent,
    /// Titles of panels.
    Title,
    /// Frames.
    Border,
    /// The frame that has the focus.
    BorderFocus,
    /// The selected row.
    Selected,
    /// Column headings.
    Header,
    /// Well, on fresh evidence.
    Ok,
    /// Worth a look.
    Warn,
    /// Down.
    Down,
    /// A claim that the evidence contradicts.
    Lie,
    /// Known, but not lately.
    Stale,
    /// Not known.
    Unknown,
    /// On its way.
    Pending,
    /// What cannot be undone.
    Danger,
    /// The frame of the real thing.
    Live,
    /// The frame when nothing can be changed.
    ReadOnly,
    /// The frame of the demo.
    Demo,
    /// The frame of a replay.
    Replay,
    /// The frame of a drill.
    Drill,
    /// The first operator.
    Operator1,
    /// The second operator.
    Operator2,
    /// The third operator.
    Operator3,
    /// The fourth operator.
    Operator4,
    /// A key that can be pressed.
    Key,
}

impl Role {
    /// Every role, in the order of the theme files.
    pub const ALL: [Self; 26] = [
        Self::Text,
        Self::Muted,
        Self::Accent,
        Self::Title,
        Self::Border,
        Self::BorderFocus,
        Self::Selected,
        Self::Header,
        Self::Ok,
        Self::Warn,
        Self::Down,
        Self::Lie,
        Self::Stale,
        Self::Unknown,
        Self::Pending,
        Self::Danger,
        Self::Live,
        Self::ReadOnly,
        Self::Demo,
        Self::Replay,
        Self::Drill,
        Self::Operator1,
        Self::Operator2,
        Self::Operator3,
        Self::Operator4,
        Self::Key,
    ];

    /// The name in a theme file.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().0
    }

    /// What it is for, in one line.
    #[must_use]
    pub fn doc(self) -> &'static str {
        self.row().1
    }

    fn row(self) -> (&'static str, &'static str) {
        match self {
            Self::Text => ("text", "ordinary text, and the background of everything"),
            Self::Muted => ("muted", "less important text: units, ages, punctuation"),
            Self::Accent => ("accent", "what has the focus"),
            Self::Title => ("title", "titles of panels"),
            Self::Border => ("border", "frames"),
            Self::BorderFocus => ("border-focus", "the frame that has the focus"),
            Self::Selected => ("selected", "the selected row"),
            Self::Header => ("header", "column headings"),
            Self::Ok => ("ok", "well, on fresh evidence"),
            Self::Warn => ("warn", "worth a look"),
            Self::Down => ("down", "down"),
            Self::Lie => ("lie", "a claim that the evidence contradicts"),
            Self::Stale => ("stale", "known, but not lately"),
            Self::Unknown => ("unknown", "not known"),
            Self::Pending => ("pending", "on its way"),
            Self::Danger => ("danger", "what cannot be undone"),
            Self::Live => ("live", "the frame of the real thing"),
            Self::ReadOnly => ("read-only", "the frame when nothing can be changed"),
            Self::Demo => ("demo", "the frame of the demo"),
            Self::Replay => ("replay", "the frame of a replay"),
            Self::Drill => ("drill", "the frame of a drill"),
            Self::Operator1 => ("operator-1", "the first operator"),
            Self::Operator2 => ("operator-2", "the second operator"),
            Self::Operator3 => ("operator-3", "the third operator"),
            Self::Operator4 => ("operator-4", "the fourth operator"),
            Self::Key => ("key", "a key that can be pressed"),
        }
    }

    /// The role of that name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// The role of the n-th operator, counted from 0; the fifth shares with the first.
    #[must_use]
    pub fn operator(index: usize) -> Self {
        match index % 4 {
            0 => Self::Operator1,
            1 => Self::Operator2,
            2 => Self::Operator3,
            _ => Self::Operator4,
        }
    }
}

/// A style for every role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    /// The theme's name.
    pub name: String,
    pub(super) styles: [Style; Role::ALL.len()],
}

impl Theme {
    /// A theme without any style: everything looks like the terminal's own text.
    #[must_use]
    pub fn plain(name: impl Into<String>) -> Self {
        Self { name: name.into(), styles: [Style::default(); Role::ALL.len()] }
    }

    /// How a role is drawn.
    #[must_use]
    pub fn style(&self, role: Role) -> Style {
        self.styles[role as usize]
    }

    /// Changes how a role is drawn.
    pub fn set(&mut self, role: Role, style: Style) {
        self.styles[role as usize] = style;
    }

    /// The same theme in the colours that a terminal of that depth shows.
    #[must_use]
    pub fn at_depth(&self, depth: Depth) -> Self {
        Self { name: self.name.clone(), styles: self.styles.map(|style| style.at_depth(depth)) }
    }
}

/// A theme to use, and how sure that is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chosen {
    /// Its name or path.
    pub name: String,
    /// Who named it, for a complaint.
    pub asked_by: String,
    /// The colours to draw it in.
    pub depth: Depth,
}

/// Which theme it is: the option, then NO_COLOR, then the config, then what the terminal can show.
///
/// NO_COLOR comes before the config because the config may be the whole team's and the variable is the operator's own.
/// Who asks for a theme with the option gets its colours even where the terminal promises none.
#[must_use]
pub fn choose_theme(
    surroundings: &Surroundings,
    option: Option<&str>,
    config: Option<(&str, &str)>,
) -> Chosen {
    let depth = surroundings.depth();
    let chosen = |name: &str, asked_by: &str, depth| Chosen {
        name: name.to_owned(),
        asked_by: asked_by.to_owned(),
        depth,
    };
    if let Some(name) = option {
        return chosen(name, "--theme", depth.max(Depth::Ansi16));
    }
    if surroundings.var("NO_COLOR").is_some() {
        return chosen("mono", "$NO_COLOR", Depth::Mono);
    }
    match (depth, config) {
        (Depth::Mono, _) => chosen("mono", "$TERM", Depth::Mono),
        (Depth::Ansi16 | Depth::Indexed | Depth::True, Some((name, file))) => chosen(name, file, depth),
        (Depth::Ansi16, None) => chosen("ansi16", "$TERM", depth),
        (Depth::Indexed | Depth::True, None) => chosen(super::theme_file::DEFAULT, "the default", depth),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_role_stands_at_its_own_place() {
        for (index, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, index);
            assert_eq!(Role::from_id(role.id()), Some(role));
        }
        assert_eq!(Role::Key as usize + 1, Role::ALL.len());
        assert_eq!(Role::operator(4), Role::Operator1);
    }

    #[test]
    fn colours_become_what_the_terminal_shows() {
        let grey = Color::Rgb(18, 18, 18);
        assert_eq!(grey.at_depth(Depth::True), grey);
        assert_eq!(grey.at_depth(Depth::Indexed), Color::Indexed(233));
        assert_eq!(Color::Rgb(255, 0, 0).at_depth(Depth::Indexed), Color::Indexed(196));
        assert_eq!(Color::Rgb(250, 5, 5).at_depth(Depth::Ansi16), Color::Ansi(9));
        assert_eq!(Color::Ansi(3).at_depth(Depth::Indexed), Color::Ansi(3));
        assert_eq!(Color::Default.at_depth(Depth::Ansi16), Color::Default);
        let style = Style { fg: Some(grey), bold: true, ..Style::default() };
        assert_eq!(style.at_depth(Depth::Mono), Style { bold: true, ..Style::default() });
    }

    #[test]
    fn the_option_beats_no_color_beats_the_config_beats_the_terminal() {
        let with = |vars: &[(&str, &str)]| {
            let env = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            Surroundings::new(env, None)
        };
        let rich = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
        let name = |vars: &[(&str, &str)], option, config| choose_theme(&with(vars), option, config).name;
        assert_eq!(name(&rich, None, None), "storm");
        assert_eq!(name(&rich, None, Some(("daylight", "c.toml"))), "daylight");
        assert_eq!(name(&[("TERM", "linux")], None, None), "ansi16");
        assert_eq!(name(&[("TERM", "linux")], None, Some(("daylight", "c.toml"))), "daylight");
        assert_eq!(name(&[("TERM", "dumb")], None, Some(("daylight", "c.toml"))), "mono");
        let mut quiet = rich.to_vec();
        quiet.push(("NO_COLOR", "1"));
        assert_eq!(name(&quiet, None, Some(("daylight", "c.toml"))), "mono");
        assert_eq!(name(&quiet, Some("storm"), None), "storm");
        quiet.pop();
        quiet.push(("NO_COLOR", ""));
        assert_eq!(name(&quiet, None, None), "storm", "an empty NO_COLOR is not set");
        assert_eq!(choose_theme(&with(&[("TERM", "dumb")]), Some("storm"), None).depth, Depth::Ansi16);
    }
}
