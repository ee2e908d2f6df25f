//! Keys, their notation, and the map from key sequences to commands.
//!
//! A key here is plain data: this module refuses to know which library reads the keyboard, so that keymaps, tests and
//! replays speak one language (`gg`, `<c-c>`, `<pgdn>`). It reads no files; `settings` builds a [`Keymap`] from one.
//! It may be imported by `app`, `settings`, `ui` and `run`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::app::commands::{Command, Context};

/// The key itself, without modifiers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyCode {
    /// A character, as typed: `G` is shift and g.
    Char(char),
    /// Enter.
    Enter,
    /// Escape.
    Esc,
    /// Tab.
    Tab,
    /// Backspace.
    Backspace,
    /// Delete.
    Delete,
    /// Insert.
    Insert,
    /// Arrow up.
    Up,
    /// Arrow down.
    Down,
    /// Arrow left.
    Left,
    /// Arrow right.
    Right,
    /// Home.
    Home,
    /// End.
    End,
    /// Page up.
    PageUp,
    /// Page down.
    PageDown,
    /// A function key, 1 to 24.
    F(u8),
}

/// Names of the keys that are not written as themselves; the first name of a key is the one that is printed.
const NAMES: [(&str, KeyCode); 28] = [
    ("enter", KeyCode::Enter),
    ("cr", KeyCode::Enter),
    ("return", KeyCode::Enter),
    ("esc", KeyCode::Esc),
    ("escape", KeyCode::Esc),
    ("tab", KeyCode::Tab),
    ("bs", KeyCode::Backspace),
    ("backspace", KeyCode::Backspace),
    ("del", KeyCode::Delete),
    ("delete", KeyCode::Delete),
    ("ins", KeyCode::Insert),
    ("insert", KeyCode::Insert),
    ("up", KeyCode::Up),
    ("down", KeyCode::Down),
    ("left", KeyCode::Left),
    ("right", KeyCode::Right),
    ("home", KeyCode::Home),
    ("end", KeyCode::End),
    ("pgup", KeyCode::PageUp),
    ("pageup", KeyCode::PageUp),
    ("pgdn", KeyCode::PageDown),
    ("pagedown", KeyCode::PageDown),
    ("pgdown", KeyCode::PageDown),
    ("space", KeyCode::Char(' ')),
    ("lt", KeyCode::Char('<')),
    ("gt", KeyCode::Char('>')),
    ("minus", KeyCode::Char('-')),
    ("plus", KeyCode::Char('+')),
];

/// One press of a key with what was held down.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// The key.
    pub code: KeyCode,
    /// Control was held.
    pub ctrl: bool,
    /// Alt (Meta, Option) was held.
    pub alt: bool,
    /// Shift was held; never set for characters, which carry their case.
    pub shift: bool,
}

impl Key {
    /// The key that always quits and that no keymap can take.
    pub const CTRL_C: Self = Self { code: KeyCode::Char('c'), ctrl: true, alt: false, shift: false };

    /// A key in its one normal form: shift folds into a character's case, and with control the case is lost, because
    /// that is all a terminal can send.
    #[must_use]
    pub fn new(code: KeyCode, ctrl: bool, alt: bool, shift: bool) -> Self {
        match code {
            KeyCode::Char(typed) => {
                let folded = if ctrl {
                    typed.to_ascii_lowercase()
                } else if shift {
                    typed.to_ascii_uppercase()
                } else {
                    typed
                };
                Self { code: KeyCode::Char(folded), ctrl, alt, shift: false }
            }
            KeyCode::Enter
            | KeyCode::Esc
            | KeyCode::Tab
            | KeyCode::Backspace
            | KeyCode::Delete
            | KeyCode::Insert
            | KeyCode::Up
            | KeyCode::Down
            | KeyCode::Left
            | KeyCode::Right
            | KeyCode::Home
            | KeyCode::End
            | KeyCode::PageUp
            | KeyCode::PageDown
            | KeyCode::F(_) => Self { code, ctrl, alt, shift },
        }
    }

    /// A key pressed alone.
    #[must_use]
    pub fn plain(code: KeyCode) -> Self {
        Self::new(code, false, false, false)
    }

    /// A character typed.
    #[must_use]
    pub fn char(typed: char) -> Self {
        Self::plain(KeyCode::Char(typed))
    }

    /// The character this key writes into a text field, if it writes one.
    #[must_use]
    pub fn typed(self) -> Option<char> {
        match (self.code, self.ctrl, self.alt) {
            (KeyCode::Char(typed), false, false) => Some(typed),
            _ => None,
        }
    }

    /// The key another notation hides behind in most terminals: Ctrl-I is sent as Tab, and so on.
    #[must_use]
    pub fn arrives_as(self) -> Option<Self> {
        if !self.ctrl {
            return None;
        }
        match self.code {
            KeyCode::Char('i') => Some(Self::new(KeyCode::Tab, false, self.alt, false)),
            KeyCode::Char('m') => Some(Self::new(KeyCode::Enter, false, self.alt, false)),
            KeyCode::Char('[') => Some(Self::new(KeyCode::Esc, false, self.alt, false)),
            _ => None,
        }
    }

    /// The key as people say it, for help and the footer: `Enter`, `Ctrl-C`, `G`.
    #[must_use]
    pub fn label(self) -> String {
        let name = match self.code {
            KeyCode::Char(' ') => "Space".to_owned(),
            KeyCode::Char(typed) if self.ctrl => typed.to_ascii_uppercase().to_string(),
            KeyCode::Char(typed) => typed.to_string(),
            KeyCode::Enter => "Enter".to_owned(),
            KeyCode::Esc => "Esc".to_owned(),
            KeyCode::Tab => "Tab".to_owned(),
            KeyCode::Backspace => "Backspace".to_owned(),
            KeyCode::Delete => "Del".to_owned(),
            KeyCode::Insert => "Ins".to_owned(),
            KeyCode::Up => "Up".to_owned(),
            KeyCode::Down => "Down".to_owned(),
            KeyCode::Left => "Left".to_owned(),
            KeyCode::Right => "Right".to_owned(),
            KeyCode::Home => "Home".to_owned(),
            KeyCode::End => "End".to_owned(),
            KeyCode::PageUp => "PgUp".to_owned(),
            KeyCode::PageDown => "PgDn".to_owned(),
            KeyCode::F(number) => format!("F{number}"),
        };
        let mut label = String::new();
        for (held, prefix) in [(self.ctrl, "Ctrl-"), (self.alt, "Alt-"), (self.shift, "Shift-")] {
            if held {
                label.push_str(prefix);
            }
        }
        label + &name
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bare = !(self.ctrl || self.alt || self.shift);
        match self.code {
            // `<` opens a name and a space is invisible: these two are always named.
            KeyCode::Char(typed) if bare && typed != '<' && typed != ' ' => {
                return write!(f, "{typed}");
            }
            _ => {}
        }
        f.write_str("<")?;
        for (held, prefix) in [(self.ctrl, "c-"), (self.alt, "a-"), (self.shift, "s-")] {
            if held {
                f.write_str(prefix)?;
            }
        }
        match self.code {
            KeyCode::F(number) => write!(f, "f{number}")?,
            code => match (NAMES.iter().find(|(_, named)| *named == code), code) {
                (Some((name, _)), _) => f.write_str(name)?,
                (None, KeyCode::Char(typed)) => write!(f, "{typed}")?,
                (None, other) => write!(f, "{other:?}")?,
            },
        }
        f.write_str(">")
    }
}

/// Why a text is not a key sequence.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum KeyError {
    /// Nothing there.
    #[error("an empty key sequence")]
    Empty,
    /// A `<` that no `>` follows.
    #[error("`<` opens a key name that nothing closes; the character itself is written `<lt>`")]
    Unclosed,
    /// A name in angle brackets that is no key.
    #[error("no key is called `<{0}>`")]
    UnknownKey(String),
    /// A character that no key types.
    #[error("{0:?} is not something a key types; a space is written `<space>`")]
    Untypable(char),
}

impl KeyError {
    /// Names of keys that may have been meant, best first.
    #[must_use]
    pub fn nearest(&self) -> Vec<String> {
        match self {
            Self::UnknownKey(name) => {
                crate::app::commands::nearest_names(name, NAMES.iter().map(|(name, _)| *name))
                    .into_iter()
                    .map(|name| format!("<{name}>"))
                    .collect()
            }
            Self::Empty | Self::Unclosed | Self::Untypable(_) => Vec::new(),
        }
    }
}

/// Keys pressed one after the other.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeySequence(pub Vec<Key>);

impl KeySequence {
    /// Does this sequence begin with that one, and go on?
    #[must_use]
    pub fn continues(&self, start: &[Key]) -> bool {
        self.0.len() > start.len() && self.0.starts_with(start)
    }

    /// The sequence as people say it: `Ctrl-C`, `g g`.
    #[must_use]
    pub fn label(&self) -> String {
        self.0.iter().map(|key| key.label()).collect::<Vec<_>>().join(" ")
    }
}

impl fmt::Display for KeySequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|key| key.fmt(f))
    }
}

impl FromStr for KeySequence {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            if first == '<' {
                let end = rest.find('>').ok_or(KeyError::Unclosed)?;
                keys.push(named_key(&rest[1..end])?);
                rest = &rest[end + 1..];
            } else {
                if first.is_control() || first.is_whitespace() {
                    return Err(KeyError::Untypable(first));
                }
                keys.push(Key::char(first));
                rest = &rest[first.len_utf8()..];
            }
        }
        if keys.is_empty() { Err(KeyError::Empty) } else { Ok(Self(keys)) }
    }
}

/// The key of a name without its brackets: `c-x`, `pgdn`, `s-tab`, `f5`.
fn named_key(whole: &str) -> Result<Key, KeyError> {
    let unknown = || KeyError::UnknownKey(whole.to_owned());
    let mut name = whole;
    let (mut ctrl, mut alt, mut shift) = (false, false, false);
    while let Some((modifier, rest)) = name.split_once('-') {
        match modifier {
            "c" | "C" => ctrl = true,
            "a" | "A" | "m" | "M" => alt = true,
            "s" | "S" => shift = true,
            _ => break,
        }
        name = rest;
    }
    let lower = name.to_lowercase();
    let mut letters = name.chars();
    let code = if let Some((_, code)) = NAMES.iter().find(|(known, _)| *known == lower) {
        *code
    } else if let (Some(typed), None) = (letters.next(), letters.next()) {
        if typed.is_control() || typed.is_whitespace() {
            return Err(KeyError::Untypable(typed));
        }
        KeyCode::Char(typed)
    } else {
        let number = lower.strip_prefix('f').and_then(|digits| digits.parse::<u8>().ok());
        match number {
            Some(number @ 1..=24) => KeyCode::F(number),
            Some(_) | None => return Err(unknown()),
        }
    };
    Ok(Key::new(code, ctrl, alt, shift))
}

/// What the keys pressed so far amount to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Match {
    /// A whole sequence: this command.
    Command(Command),
    /// The beginning of at least one sequence: wait for the next key.
    Prefix,
    /// Nothing begins like this.
    None,
}

/// A sequence that can never be finished because a shorter one is taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hidden {
    /// Where.
    pub context: Context,
    /// The short sequence and what it runs.
    pub leaf: (KeySequence, Command),
    /// The longer one it hides.
    pub longer: (KeySequence, Command),
}

/// From key sequences to commands, for each context.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Keymap {
    /// The keymap's name.
    pub name: String,
    bindings: BTreeMap<Context, BTreeMap<KeySequence, Command>>,
}

impl Keymap {
    /// A keymap with no keys but the one that always works.
    #[must_use]
    pub fn empty(name: impl Into<String>) -> Self {
        Self { name: name.into(), bindings: BTreeMap::new() }
    }

    /// Binds a sequence. What is bound in the cockpit and makes sense in a replay is bound there too.
    ///
    /// Returns false, and binds nothing, for a sequence with Ctrl-C in it or a command that means nothing there.
    pub fn bind(&mut self, context: Context, keys: KeySequence, command: Command) -> bool {
        if keys.0.is_empty() || keys.0.contains(&Key::CTRL_C) || !command.works_in(context) {
            return false;
        }
        if context == Context::Cockpit && command.works_in(Context::Replay) {
            self.bindings.entry(Context::Replay).or_default().insert(keys.clone(), command);
        }
        self.bindings.entry(context).or_default().insert(keys, command);
        true
    }

    /// Takes a sequence away; returns whether it was bound.
    pub fn unbind(&mut self, context: Context, keys: &KeySequence) -> bool {
        let gone = self.bindings.get_mut(&context).and_then(|map| map.remove(keys));
        if let (Context::Cockpit, Some(command)) = (context, gone) {
            let replay = self.bindings.entry(Context::Replay).or_default();
            if replay.get(keys) == Some(&command) {
                replay.remove(keys);
            }
        }
        gone.is_some()
    }

    /// What the keys pressed so far amount to. Ctrl-C quits, whatever came before it.
    #[must_use]
    pub fn lookup(&self, context: Context, pressed: &[Key]) -> Match {
        if pressed.last() == Some(&Key::CTRL_C) {
            return Match::Command(Command::Quit);
        }
        let Some(map) = self.bindings.get(&context) else {
            return Match::None;
        };
        let sequence = KeySequence(pressed.to_vec());
        if let Some(command) = map.get(&sequence) {
            return Match::Command(*command);
        }
        // Sequences sort by their keys, so those that go on from here follow directly.
        match map.range(sequence..).next() {
            Some((longer, _)) if !pressed.is_empty() && longer.continues(pressed) => Match::Prefix,
            Some(_) | None => Match::None,
        }
    }

    /// Every binding of a context, in the order of the keys.
    pub fn bindings(&self, context: Context) -> impl Iterator<Item = (&KeySequence, Command)> {
        self.bindings.get(&context).into_iter().flatten().map(|(keys, command)| (keys, *command))
    }

    /// The sequences that run a command, shortest first.
    #[must_use]
    pub fn keys_of(&self, context: Context, command: Command) -> Vec<&KeySequence> {
        let mut keys: Vec<_> =
            self.bindings(context).filter(|(_, bound)| *bound == command).map(|(keys, _)| keys).collect();
        // Among equally short ones a character is the easier to say and to draw.
        keys.sort_by_key(|keys| (keys.0.len(), keys.to_string().chars().count(), (*keys).clone()));
        keys
    }

    /// The shortest way to a command, as a person would say it; for footers and hints.
    #[must_use]
    pub fn label_of(&self, context: Context, command: Command) -> Option<String> {
        self.keys_of(context, command).first().map(|keys| keys.label())
    }

    /// What can follow the keys pressed so far, for the hint that appears after a prefix.
    #[must_use]
    pub fn continuations(&self, context: Context, pressed: &[Key]) -> Vec<(&KeySequence, Command)> {
        // Sequences sort by their keys, so those that go on from here follow directly.
        let from = KeySequence(pressed.to_vec());
        let following = self.bindings.get(&context).into_iter().flat_map(|map| map.range(from.clone()..));
        following
            .take_while(|(keys, _)| keys.0.starts_with(pressed))
            .filter(|(keys, _)| keys.continues(pressed))
            .map(|(keys, command)| (keys, *command))
            .collect()
    }

    /// Sequences that can never be finished because a shorter one runs first.
    #[must_use]
    pub fn hidden(&self) -> Vec<Hidden> {
        let mut found = Vec::new();
        for context in Context::ALL {
            for (leaf, command) in self.bindings(context) {
                for (longer, lost) in self.continuations(context, &leaf.0) {
                    found.push(Hidden {
                        context,
                        leaf: (leaf.clone(), command),
                        longer: (longer.clone(), lost),
                    });
                }
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    fn keys(text: &str) -> KeySequence {
        text.parse().unwrap()
    }

    #[test]
    fn notation_reads_as_expected() {
        assert_eq!(keys("gg").0, [Key::char('g'), Key::char('g')]);
        assert_eq!(keys("G").0, [Key::char('G')]);
        assert_eq!(keys("<c-c>").0, [Key::CTRL_C]);
        assert_eq!(keys("<C-C>").0, [Key::CTRL_C], "a terminal cannot send the difference");
        assert_eq!(keys("<s-tab>").0, [Key::new(KeyCode::Tab, false, false, true)]);
        assert_eq!(keys("<s-a>").0, [Key::char('A')]);
        assert_eq!(keys("<c-->").0, [Key::new(KeyCode::Char('-'), true, false, false)]);
        assert_eq!(keys("<PgDn><f12>").0, [Key::plain(KeyCode::PageDown), Key::plain(KeyCode::F(12))]);
        assert_eq!(keys("<lt>").to_string(), "<lt>");
        assert_eq!(keys(">").to_string(), ">");
        assert_eq!(keys("é").to_string(), "é");
        assert_eq!(keys("<c-x>g<space>").label(), "Ctrl-X g Space");
    }

    #[test]
    fn bad_notation_says_what_is_wrong() {
        let error = |text: &str| text.parse::<KeySequence>().unwrap_err();
        assert_eq!(error(""), KeyError::Empty);
        assert_eq!(error("<"), KeyError::Unclosed);
        assert_eq!(error("a b"), KeyError::Untypable(' '));
        assert_eq!(error("<pgdwn>"), KeyError::UnknownKey("pgdwn".into()));
        assert_eq!(error("<pgdwn>").nearest(), ["<pgdown>", "<pgdn>"]);
        for text in ["<>", "<c->", "<f0>", "<f25>", "<x-a>", "<f999>"] {
            assert!(matches!(error(text), KeyError::UnknownKey(_)), "{text}");
        }
    }

    fn any_key() -> impl Strategy<Value = Key> {
        let named: Vec<KeyCode> = NAMES.iter().map(|(_, code)| *code).collect();
        let code = prop_oneof![
            any::<char>()
                .prop_filter("typable", |c| !c.is_control() && !c.is_whitespace())
                .prop_map(KeyCode::Char),
            proptest::sample::select(named),
            (1_u8..=24).prop_map(KeyCode::F),
        ];
        (code, any::<bool>(), any::<bool>(), any::<bool>())
            .prop_map(|(code, ctrl, alt, shift)| Key::new(code, ctrl, alt, shift))
    }

    proptest! {
        #[test]
        fn every_sequence_reads_back(sequence in proptest::collection::vec(any_key(), 1..5)) {
            let sequence = KeySequence(sequence);
            let text = sequence.to_string();
            prop_assert_eq!(text.parse::<KeySequence>().unwrap(), sequence, "{}", text);
        }

        #[test]
        fn no_text_panics_and_what_reads_is_stable(text in ".{0,12}") {
            if let Ok(sequence) = text.parse::<KeySequence>() {
                let printed = sequence.to_string();
                prop_assert_eq!(printed.parse::<KeySequence>().unwrap(), sequence);
            }
        }
    }

    #[test]
    fn sequences_resolve_key_by_key() {
        let mut map = Keymap::empty("test");
        assert!(map.bind(Context::Cockpit, keys("gg"), Command::Top));
        assert!(map.bind(Context::Cockpit, keys("ga"), Command::ApexSwitch));
        assert!(map.bind(Context::Cockpit, keys("q"), Command::Quit));
        let look = |text: &str| map.lookup(Context::Cockpit, &keys(text).0);
        assert_eq!(look("g"), Match::Prefix);
        assert_eq!(look("gg"), Match::Command(Command::Top));
        assert_eq!(look("gx"), Match::None);
        assert_eq!(look("x"), Match::None);
        assert_eq!(look("q"), Match::Command(Command::Quit));
        assert_eq!(map.lookup(Context::Cockpit, &[]), Match::None);
        assert_eq!(map.continuations(Context::Cockpit, &keys("g").0).len(), 2);
        assert_eq!(map.label_of(Context::Cockpit, Command::Top).as_deref(), Some("g g"));
    }

    #[test]
    fn a_replay_has_the_cockpits_keys_but_not_its_actions() {
        let mut map = Keymap::empty("test");
        map.bind(Context::Cockpit, keys("ga"), Command::ApexSwitch);
        map.bind(Context::Cockpit, keys("1"), Command::Board);
        assert_eq!(map.lookup(Context::Replay, &keys("1").0), Match::Command(Command::Board));
        assert_eq!(map.lookup(Context::Replay, &keys("g").0), Match::None);
        assert!(!map.bind(Context::Replay, keys("a"), Command::ApexSwitch));
        assert!(map.unbind(Context::Cockpit, &keys("1")));
        assert_eq!(map.lookup(Context::Replay, &keys("1").0), Match::None);
        assert!(!map.unbind(Context::Cockpit, &keys("1")));
    }

    #[test]
    fn ctrl_c_always_quits_and_cannot_be_taken() {
        let mut map = Keymap::empty("test");
        assert!(!map.bind(Context::Cockpit, keys("<c-c>"), Command::Help));
        assert!(!map.bind(Context::Cockpit, keys("g<c-c>"), Command::Help));
        for context in Context::ALL {
            assert_eq!(map.lookup(context, &keys("g<c-c>").0), Match::Command(Command::Quit));
        }
    }

    #[test]
    fn a_leaf_over_a_longer_sequence_is_found() {
        let mut map = Keymap::empty("test");
        map.bind(Context::Cockpit, keys("gg"), Command::Top);
        assert!(map.hidden().is_empty());
        map.bind(Context::Cockpit, keys("g"), Command::Mark);
        let hidden = map.hidden();
        assert_eq!(hidden.len(), 1, "marking means nothing in a replay, so it hides nothing there");
        assert_eq!(hidden[0].longer, (keys("gg"), Command::Top));
    }
}
