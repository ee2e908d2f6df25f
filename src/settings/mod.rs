//! What you chose: config, keymap and theme, each read from files with complaints that have a place.
//!
//! Shipped keymaps and themes are files read by the same code as the operator's own. A bad keymap or theme never blocks
//! the start: the shipped one is used, whole, and the complaints are kept for a banner. A bad config is fatal here,
//! because half an estate looks like an estate; the caller decides what to do about it.
//!
//! It refuses to ask the environment: [`Surroundings`] are handed in. It reads files below the places they name and
//! nowhere else, never the current directory. It imports `app` and `incident`; `ui` and `run` import it.

mod aws;
pub mod complaint;
pub mod config;
mod dns;
pub mod keymap;
mod library;
pub mod listing;
pub mod probes;
pub mod regions;
mod sheet;
pub mod surroundings;
pub mod theme;
pub mod theme_file;

#[cfg(test)]
mod corpus;

use std::path::{Path, PathBuf};

pub use complaint::Complaint;
pub use config::Config;
pub use surroundings::{Depth, Surroundings};
pub use theme::{Color, Role, Style, Theme};

use crate::app::keys::Keymap;
use library::{Library, Source};

/// What was chosen on the command line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Choices {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--keymap`: a name or a path.
    pub keymap: Option<String>,
    /// `--theme`: a name or a path.
    pub theme: Option<String>,
    /// `--ascii`
    pub ascii: bool,
    /// `--region`, instead of the estate's regions.
    pub regions: Vec<String>,
    /// `--profile`, instead of the estate's profiles.
    pub profiles: Vec<String>,
}

/// Everything chosen, read and ready.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The estate and its sites.
    pub config: Config,
    /// The keys.
    pub keymap: Keymap,
    /// The look, already in colours the terminal shows.
    pub theme: Theme,
    /// Only ASCII on the screen.
    pub ascii: bool,
    /// What was wrong with the keymap or the theme that was asked for; the shipped ones are used instead.
    pub complaints: Vec<Complaint>,
}

impl Settings {
    /// The settings of a machine without a single file, on a good terminal. For tests and pictures.
    #[must_use]
    pub fn shipped() -> Self {
        Self {
            config: Config::default(),
            keymap: keymap::shipped(),
            theme: theme_file::shipped(theme_file::DEFAULT),
            ascii: false,
            complaints: Vec::new(),
        }
    }
}

/// Reads everything.
///
/// # Errors
/// Every complaint about the config, when it is bad, and about regions that do not exist. Bad keymaps and themes are complaints in the settings.
pub fn load(surroundings: &Surroundings, choices: &Choices) -> Result<Settings, Vec<Complaint>> {
    let mut config = config::load(surroundings, choices.config.as_deref())?;
    config::narrow(&mut config.estate, &choices.regions, &choices.profiles)?;
    Ok(with_config(config, surroundings, choices))
}

/// The rest of the settings around a config that is already there: one that was read, or the default one when the
/// caller goes on without (the demo has an estate of its own).
#[must_use]
pub fn with_config(config: Config, surroundings: &Surroundings, choices: &Choices) -> Settings {
    let mut complaints = Vec::new();
    let file = config.source.as_ref().map_or_else(|| "config".to_owned(), |path| path.display().to_string());

    let (name, asked_by) = match (&choices.keymap, &config.ui.keymap) {
        (Some(name), _) => (name.as_str(), "--keymap"),
        (None, Some(name)) => (name.as_str(), file.as_str()),
        (None, None) => (keymap::DEFAULT, "the default"),
    };
    let keymap = keymap::load(name, asked_by, surroundings).unwrap_or_else(|wrong| {
        complaints.extend(wrong);
        keymap::shipped()
    });

    let asked = config.ui.theme.as_deref().map(|name| (name, file.as_str()));
    let chosen = theme::choose_theme(surroundings, choices.theme.as_deref(), asked);
    let theme = theme_file::load(&chosen.name, &chosen.asked_by, surroundings).unwrap_or_else(|wrong| {
        complaints.extend(wrong);
        theme_file::shipped(&theme::choose_theme(surroundings, None, None).name)
    });

    Settings {
        keymap,
        theme: theme.at_depth(chosen.depth),
        ascii: choices.ascii || config.ui.ascii.unwrap_or(!surroundings.speaks_unicode()),
        complaints,
        config,
    }
}

/// Every complaint there is: the config, the keymap and the theme in use, and every keymap and theme of the operator's.
#[must_use]
pub fn check(surroundings: &Surroundings, choices: &Choices) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let config = config::load(surroundings, choices.config.as_deref()).unwrap_or_else(|wrong| {
        complaints.extend(wrong);
        Config::default()
    });
    complaints.extend(with_config(config, surroundings, choices).complaints);
    complaints.extend(check_all(&keymap::library(surroundings), |library, source| {
        keymap::assemble(library, source, surroundings).err()
    }));
    complaints.extend(check_all(&theme_file::library(surroundings), |library, source| {
        theme_file::assemble(library, source, surroundings).err()
    }));
    // A file in use, or inherited by several, is read more than once; its complaints are said once.
    let mut once: Vec<Complaint> = Vec::new();
    for complaint in complaints {
        if !once.contains(&complaint) {
            once.push(complaint);
        }
    }
    once
}

fn check_all(
    library: &Library,
    complaints_of: impl Fn(&Library, Source) -> Option<Vec<Complaint>>,
) -> Vec<Complaint> {
    let files = match library.own_files() {
        Ok(files) => files,
        Err(complaints) => return complaints,
    };
    let mut complaints = Vec::new();
    for file in files {
        match library.own(&file) {
            Ok(Some(source)) => complaints.extend(complaints_of(library, source).unwrap_or_default()),
            Ok(None) => {}
            Err(wrong) => complaints.extend(wrong),
        }
    }
    complaints
}

/// The longest settings file that is read; nobody writes a larger one, and `--config /dev/zero` has to end.
const LONGEST: u64 = 1 << 20;

/// A file's text; none when there is no such file.
fn read(path: &Path) -> Result<Option<String>, Vec<Complaint>> {
    use std::io::{ErrorKind, Read};

    let name = path.display().to_string();
    let unreadable =
        |error: std::io::Error| vec![Complaint::whole(&name, format!("cannot be read: {error}"))];
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(unreadable(error)),
    };
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > LONGEST {
        return Err(vec![Complaint::whole(&name, "is longer than 1 MiB, which no settings file is")]);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Some(text)),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let complaint = Complaint::at(&name, &text, valid..valid + 1, "this is not UTF-8")
                .hint("save the file as UTF-8; outside comments plain ASCII is enough");
            Err(vec![complaint])
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeMap;
    use std::fs;

    use super::*;
    use crate::app::commands::{Command, Context};
    use crate::app::keys::{Key, Match};

    /// A home directory with files in it, and nothing from the machine the test runs on.
    struct Home {
        dir: tempfile::TempDir,
        surroundings: Surroundings,
    }

    impl Home {
        fn new(files: &[(&str, &str)]) -> Self {
            let dir = tempfile::tempdir().unwrap();
            for (path, text) in files {
                let path = dir.path().join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            let term = [("TERM", "xterm-256color"), ("COLORTERM", "truecolor")];
            let env: BTreeMap<_, _> = term.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
            let mut surroundings = Surroundings::new(env, Some(dir.path().to_owned()));
            surroundings.etc = dir.path().join("etc");
            Self { dir, surroundings }
        }

        fn var(mut self, name: &str, value: &str) -> Self {
            self.surroundings.env.insert(name.to_owned(), value.to_owned());
            self
        }

        fn load(&self, choices: &Choices) -> Result<Settings, Vec<Complaint>> {
            load(&self.surroundings, choices)
        }

        fn path(&self, below: &str) -> PathBuf {
            self.dir.path().join(below)
        }
    }

    const OWN: &str = ".config/blackstart/config.toml";
    const ETC: &str = "etc/blackstart/config.toml";

    #[test]
    fn with_no_file_at_all_everything_is_as_shipped() {
        let settings = Home::new(&[]).load(&Choices::default()).unwrap();
        assert_eq!(settings, Settings::shipped());
        assert!(settings.config.estate.regions.is_empty());
    }

    #[test]
    fn the_config_is_looked_for_in_order() {
        let estate = |name: &str| format!("[estate]\nname = \"{name}\"\n");
        let files = [
            (OWN, estate("own")),
            (ETC, estate("etc")),
            ("a.toml", estate("var")),
            ("b.toml", estate("opt")),
        ];
        let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
        let name = |home: &Home, choices: &Choices| home.load(choices).unwrap().config.estate.name;

        assert_eq!(name(&Home::new(&[files[1]]), &Choices::default()), "etc");
        let home = Home::new(&files);
        assert_eq!(name(&home, &Choices::default()), "own");
        let option = Choices { config: Some(home.path("b.toml")), ..Choices::default() };
        let var = home.path("a.toml").display().to_string();
        let home = home.var("BLACKSTART_CONFIG", &var);
        assert_eq!(name(&home, &Choices::default()), "var");
        assert_eq!(name(&home, &option), "opt");
    }

    #[test]
    fn a_named_config_has_to_be_there() {
        let home = Home::new(&[(OWN, "")]);
        let missing = home.path("no.toml");
        let choices = Choices { config: Some(missing.clone()), ..Choices::default() };
        let complaints = home.load(&choices).unwrap_err();
        let expected = format!("{}: there is no such file\n  it was named with --config", missing.display());
        assert_eq!(complaints[0].to_string(), expected);

        let directory = Choices { config: Some(home.path(".config")), ..Choices::default() };
        assert!(home.load(&directory).unwrap_err()[0].what.starts_with("cannot be read: "));
        let home = home.var("BLACKSTART_CONFIG", "/nowhere/c.toml");
        assert!(home.load(&Choices::default()).unwrap_err()[0].to_string().contains("$BLACKSTART_CONFIG"));
    }

    #[test]
    fn the_logbook_has_a_place() {
        let home = Home::new(&[(OWN, "logbook = \"log\"\n[estate]\nname = \"acme\"\n")]);
        let config = home.load(&Choices::default()).unwrap().config;
        assert_eq!(config.logbook_dir(&home.surroundings), Some(home.path(".config/blackstart/log")));
        let unset = Config { logbook: None, ..config.clone() };
        assert_eq!(unset.logbook_dir(&home.surroundings), Some(home.path(".local/state/blackstart/acme")));
        let home = home.var("BLACKSTART_LOGBOOK", "/var/log/bs");
        assert_eq!(config.logbook_dir(&home.surroundings), Some("/var/log/bs".into()));
        assert_eq!(Config::default().logbook_dir(&Surroundings::default()), None);
    }

    #[test]
    fn a_bad_keymap_or_theme_never_blocks_and_never_half_applies() {
        let home = Home::new(&[
            (OWN, "[ui]\nkeymap = \"mine\"\ntheme = \"mine\"\n"),
            (".config/blackstart/keymaps/mine.toml", "[cockpit]\nx = \"help\"\nz = \"hepl\"\n"),
            (
                ".config/blackstart/themes/mine.toml",
                "[roles]\ndown = { fg = \"green\" }\nlie = { fg = \"rde\" }\n",
            ),
        ]);
        let settings = home.load(&Choices::default()).unwrap();
        assert_eq!(settings.keymap, keymap::shipped());
        assert_eq!(settings.theme, theme_file::shipped("storm"));
        assert_eq!(settings.complaints.len(), 2);
        assert_eq!(settings.complaints[0].nearest, ["help"]);
        assert_eq!(settings.complaints[1].nearest, ["red"]);
        assert_eq!(
            check(&home.surroundings, &Choices::default()),
            settings.complaints,
            "said once, not twice"
        );
    }

    #[test]
    fn an_own_keymap_and_theme_build_on_the_shipped_ones() {
        let home = Home::new(&[
            (".config/blackstart/keymaps/mine.toml", "[cockpit]\nx = \"help\"\n\"?\" = \"none\"\n"),
            (".config/blackstart/themes/mine.toml", "[roles]\ndown = { fg = \"red\", reverse = true }\n"),
            (".config/blackstart/themes/default.toml", "inherits = \"none\"\n"),
        ]);
        let choices = Choices {
            keymap: Some("mine".into()),
            theme: Some("mine".into()),
            ascii: true,
            ..Choices::default()
        };
        let settings = home.load(&choices).unwrap();
        assert_eq!(settings.complaints, []);
        assert!(settings.ascii);
        let look = |key: char| settings.keymap.lookup(Context::Cockpit, &[Key::char(key)]);
        assert_eq!(look('x'), Match::Command(Command::Help));
        assert_eq!(look('?'), Match::None);
        assert_eq!(look('q'), Match::Command(Command::Quit));
        assert!(settings.theme.style(Role::Down).reverse);
        assert_eq!(settings.theme.style(Role::Ok), theme_file::shipped("storm").style(Role::Ok));

        let by_path = home.path(".config/blackstart/keymaps/mine.toml").display().to_string();
        let choices = Choices { keymap: Some(by_path), ..Choices::default() };
        assert_eq!(home.load(&choices).unwrap().keymap, settings.keymap);
    }

    #[test]
    fn an_own_file_may_carry_a_shipped_name_and_build_on_it() {
        let home = Home::new(&[
            (".config/blackstart/keymaps/default.toml", "[cockpit]\nx = \"help\"\n"),
            (
                ".config/blackstart/themes/storm.toml",
                "inherits = \"storm\"\n[roles]\nok = { fg = \"blue\" }\n",
            ),
        ]);
        let settings = home.load(&Choices::default()).unwrap();
        assert_eq!(settings.complaints, []);
        assert_eq!(
            settings.keymap.lookup(Context::Cockpit, &[Key::char('x')]),
            Match::Command(Command::Help)
        );
        assert_eq!(settings.theme.style(Role::Ok).fg, Some(Color::Ansi(4)));
    }

    #[test]
    fn names_that_do_not_exist_are_complaints_with_the_nearest() {
        let home = Home::new(&[(".config/blackstart/themes/stormy.toml", "")]);
        let choices =
            Choices { keymap: Some("vin".into()), theme: Some("strom".into()), ..Choices::default() };
        let complaints = home.load(&choices).unwrap().complaints;
        assert_eq!(complaints[0].headline(), "--keymap: there is no keymap \"vin\"");
        assert_eq!(complaints[0].nearest, ["vim"]);
        assert_eq!(complaints[1].headline(), "--theme: there is no theme \"strom\"");
        assert_eq!(complaints[1].nearest, ["storm", "stormy"]);
    }

    #[test]
    fn inheriting_in_a_ring_is_a_complaint() {
        let home = Home::new(&[
            (".config/blackstart/themes/a.toml", "inherits = \"b\"\n"),
            (".config/blackstart/themes/b.toml", "name = \"b\"\ninherits = \"a\"\n"),
            (".config/blackstart/keymaps/k.toml", "inherits = \"k\"\n"),
        ]);
        let complaints = check(&home.surroundings, &Choices::default());
        let lines: Vec<_> = complaints.iter().map(|c| (c.line, c.what.as_str())).collect();
        assert_eq!(
            lines,
            [
                (1, "inherits itself: k -> k"),
                (2, "inherits itself: a -> b -> a"),
                (1, "inherits itself: b -> a -> b"),
            ]
        );
    }

    #[test]
    fn what_cannot_be_text_is_a_complaint() {
        let home = Home::new(&[]);
        let path = home.path("latin1.toml");
        fs::write(&path, b"[estate]\nname = \"caf\xe9\"\n").unwrap();
        let choices = Choices { config: Some(path), ..Choices::default() };
        let complaint = home.load(&choices).unwrap_err().remove(0);
        assert_eq!((complaint.line, complaint.col), (2, 12));
        let endless = Choices { config: Some("/dev/zero".into()), ..Choices::default() };
        assert!(home.load(&endless).unwrap_err()[0].what.contains("1 MiB"));
    }

    #[test]
    fn regions_and_profiles_of_the_command_line_replace_the_estates() {
        let home = Home::new(&[(OWN, "[estate]\nregions = [\"us-east-1\"]\nprofiles = [\"prod\"]\n")]);
        let regions = |names: &[&str]| Choices {
            regions: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Choices::default()
        };
        let estate = home.load(&regions(&["eu-west-1", "eu-west-1"])).unwrap().config.estate;
        assert_eq!(estate.regions, ["eu-west-1"]);
        assert_eq!(estate.profiles, ["prod"]);
        let complaints = home.load(&regions(&["us-esat-1"])).unwrap_err();
        assert_eq!(complaints[0].headline(), "--region: there is no region called \"us-esat-1\"");
        assert_eq!(complaints[0].nearest[0], "us-east-1");
    }

    #[test]
    fn ascii_follows_the_option_then_the_config_then_the_locale() {
        let ascii = |home: &Home, choices: &Choices| home.load(choices).unwrap().ascii;
        let asked = Choices { ascii: true, ..Choices::default() };
        assert!(!ascii(&Home::new(&[]), &Choices::default()));
        assert!(ascii(&Home::new(&[]).var("LANG", "C"), &Choices::default()));
        let no = Home::new(&[(OWN, "[ui]\nascii = false\n")]).var("LANG", "C");
        assert!(!ascii(&no, &Choices::default()));
        assert!(ascii(&no, &asked));
    }
}
