//! What the machine says about itself, read once by `main` and handed in: environment and home directory.
//!
//! Nothing below `main` asks the environment, so a test says what the surroundings are. This module turns them into
//! places (XDG) and into what the terminal can show. Anybody above `settings` may import it.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// The surroundings of the process.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    /// Environment variables.
    pub env: BTreeMap<String, String>,
    /// The home directory, when there is one.
    pub home: Option<PathBuf>,
    /// Where machine-wide configuration lives: `/etc` in life, a directory of its own in a test.
    pub etc: PathBuf,
}

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Depth {
    /// None.
    Mono,
    /// The sixteen that the operator's terminal defines.
    Ansi16,
    /// The 256 of xterm.
    Indexed,
    /// Red, green and blue at will.
    True,
}

impl Surroundings {
    /// Surroundings with machine-wide configuration in `/etc`.
    #[must_use]
    pub fn new(env: BTreeMap<String, String>, home: Option<PathBuf>) -> Self {
        Self { env, home, etc: PathBuf::from("/etc") }
    }

    /// A variable that is set to something. Empty counts as unset, as XDG and NO_COLOR ask.
    #[must_use]
    pub fn var(&self, name: &str) -> Option<&str> {
        self.env.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// An XDG directory; a relative one is ignored, as its specification asks, so nothing depends on the current
    /// directory.
    fn xdg(&self, variable: &str, below_home: &str) -> Option<PathBuf> {
        self.var(variable)
            .map(PathBuf::from)
            .filter(|path| path.is_absolute())
            .or_else(|| self.home.as_ref().map(|home| home.join(below_home)))
            .map(|base| base.join("blackstart"))
    }

    /// Where the operator's own settings live.
    #[must_use]
    pub fn config_dir(&self) -> Option<PathBuf> {
        self.xdg("XDG_CONFIG_HOME", ".config")
    }

    /// Where state lives: logbooks and the program's own trace.
    #[must_use]
    pub fn state_dir(&self) -> Option<PathBuf> {
        self.xdg("XDG_STATE_HOME", ".local/state")
    }

    /// A path from a file, with `~/` meaning home.
    #[must_use]
    pub fn expand(&self, path: &str) -> PathBuf {
        match (path.strip_prefix("~/"), &self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            (Some(_) | None, _) => PathBuf::from(path),
        }
    }

    /// How many colours the terminal says it shows. SSH passes TERM on but seldom COLORTERM, so 256 is the common case.
    #[must_use]
    pub fn depth(&self) -> Depth {
        let term = self.var("TERM").unwrap_or("dumb");
        let colorterm = self.var("COLORTERM");
        let rich = ["kitty", "ghostty", "foot", "wezterm", "alacritty"];
        if ["dumb", "vt52", "vt100", "vt102", "vt220"].contains(&term) || term.ends_with("-mono") {
            Depth::Mono
        } else if matches!(colorterm, Some("truecolor" | "24bit"))
            || term.ends_with("-direct")
            || rich.iter().any(|name| term.contains(name))
        {
            Depth::True
        } else if term.contains("256color") || colorterm.is_some() {
            Depth::Indexed
        } else {
            Depth::Ansi16
        }
    }

    /// Does the locale promise more than ASCII? An unset locale promises nothing and forbids nothing: it is left alone.
    #[must_use]
    pub fn speaks_unicode(&self) -> bool {
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(|name| self.var(name));
        locale.is_none_or(|locale| {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn with(vars: &[(&str, &str)]) -> Surroundings {
        let env = vars.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Surroundings::new(env, Some(PathBuf::from("/home/ada")))
    }

    #[test]
    fn places_follow_xdg() {
        assert_eq!(with(&[]).config_dir(), Some("/home/ada/.config/blackstart".into()));
        assert_eq!(with(&[("XDG_CONFIG_HOME", "/x")]).config_dir(), Some("/x/blackstart".into()));
        let relative = with(&[("XDG_CONFIG_HOME", "x")]);
        assert_eq!(relative.config_dir(), Some("/home/ada/.config/blackstart".into()));
        assert_eq!(with(&[]).expand("~/logs"), PathBuf::from("/home/ada/logs"));
        assert_eq!(with(&[]).expand("/logs"), PathBuf::from("/logs"));
        assert_eq!(Surroundings::default().config_dir(), None);
    }

    #[test]
    fn the_terminal_says_what_it_shows() {
        assert_eq!(with(&[]).depth(), Depth::Mono);
        assert_eq!(with(&[("TERM", "vt100")]).depth(), Depth::Mono);
        assert_eq!(with(&[("TERM", "linux")]).depth(), Depth::Ansi16);
        assert_eq!(with(&[("TERM", "screen")]).depth(), Depth::Ansi16);
        assert_eq!(with(&[("TERM", "tmux-256color")]).depth(), Depth::Indexed);
        assert_eq!(with(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]).depth(), Depth::True);
        assert_eq!(with(&[("TERM", "xterm-kitty")]).depth(), Depth::True);
    }

    #[test]
    fn only_a_locale_that_says_otherwise_forbids_unicode() {
        assert!(with(&[]).speaks_unicode());
        assert!(with(&[("LANG", "en_US.UTF-8")]).speaks_unicode());
        assert!(!with(&[("LANG", "en_US.UTF-8"), ("LC_ALL", "C")]).speaks_unicode());
    }
}
