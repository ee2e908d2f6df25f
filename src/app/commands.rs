//! The one table of what an operator can do with a key.
//!
//! Help, the palette, the keymaps, `blackstart keys` and the complaints about them all read this table, so a command is
//! described in exactly one place. It refuses to know how a command is carried out or which key reaches it: `update`
//! does the first, a keymap file the second. It may be imported by `app`, `settings`, `ui` and `run`.

use std::fmt;

/// Where a command means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// The cockpit on a cloud, live or simulated.
    Cockpit,
    /// The cockpit driven by a log: nothing can be changed, time can be moved.
    Replay,
}

impl Context {
    /// Every context.
    pub const ALL: [Self; 2] = [Self::Cockpit, Self::Replay];

    /// The table's name in a keymap file.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Cockpit => "cockpit",
            Self::Replay => "replay",
        }
    }

    /// The context of that name.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.id() == id)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// What a command can do to the estate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Danger {
    /// It only looks, or writes to the logbook.
    None,
    /// It leads, after a plan and a confirmation, to calls that change AWS.
    ChangesAws,
}

/// The heading a command stands under in help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Which screen is shown.
    Screens,
    /// Moving around a table.
    Moving,
    /// Finding and reading.
    Looking,
    /// Plans that change the estate.
    Actions,
    /// Words for the record.
    Record,
    /// Driving a replay.
    Replay,
    /// The program itself.
    Program,
}

impl Group {
    /// Every group, in the order help shows them.
    pub const ALL: [Self; 7] = [
        Self::Screens,
        Self::Moving,
        Self::Looking,
        Self::Actions,
        Self::Record,
        Self::Replay,
        Self::Program,
    ];

    /// The heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::Screens => "Screens",
            Self::Moving => "Moving",
            Self::Looking => "Looking",
            Self::Actions => "Actions",
            Self::Record => "Record",
            Self::Replay => "Replay",
            Self::Program => "Program",
        }
    }
}

/// Something an operator can do with a key, by name in the palette, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Command {
    /// Show the board.
    Board,
    /// Show the instances.
    Instances,
    /// Show the restore points.
    RestorePoints,
    /// Show the registrations.
    Registrations,
    /// Show the apex records.
    Apex,
    /// Show the log.
    Log,
    /// One row up.
    Up,
    /// One row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the first row.
    Top,
    /// To the last row.
    Bottom,
    /// Mark the row, to act on several.
    Mark,
    /// Narrow the table.
    Filter,
    /// Change the sort column.
    Sort,
    /// Turn the sort around.
    SortReverse,
    /// Show the whole row.
    Detail,
    /// Copy the row's id.
    Copy,
    /// Ask everything again.
    Refresh,
    /// Maintenance mode on or off.
    Maintenance,
    /// Point the apex elsewhere.
    ApexSwitch,
    /// Replace instances.
    Relaunch,
    /// Terminate instances.
    Terminate,
    /// Restore a database.
    Restore,
    /// Register with a balancer.
    Register,
    /// Deregister from a balancer.
    Deregister,
    /// Take the last action back.
    Undo,
    /// Write a note.
    Note,
    /// Declare or close an incident.
    Declare,
    /// Look again at an action of unknown outcome.
    Verify,
    /// Go on in a new strand after the logbook refused.
    ReopenLogbook,
    /// Play or pause.
    PlayPause,
    /// One entry forward.
    StepForward,
    /// One entry back.
    StepBack,
    /// To the next action.
    NextAction,
    /// To the previous action.
    PreviousAction,
    /// Play faster.
    Faster,
    /// Play slower.
    Slower,
    /// Run a command by name.
    Palette,
    /// Show the keys.
    Help,
    /// Leave what is open.
    Back,
    /// Give the terminal back to the shell for a while.
    Suspend,
    /// Leave the cockpit.
    Quit,
}

const BOTH: &[Context] = &[Context::Cockpit, Context::Replay];
const LIVE: &[Context] = &[Context::Cockpit];
const PLAYER: &[Context] = &[Context::Replay];

impl Command {
    /// Every command, grouped, in the order help shows them.
    pub const ALL: [Self; 43] = [
        Self::Board,
        Self::Instances,
        Self::RestorePoints,
        Self::Registrations,
        Self::Apex,
        Self::Log,
        Self::Up,
        Self::Down,
        Self::PageUp,
        Self::PageDown,
        Self::Top,
        Self::Bottom,
        Self::Mark,
        Self::Filter,
        Self::Sort,
        Self::SortReverse,
        Self::Detail,
        Self::Copy,
        Self::Refresh,
        Self::Maintenance,
        Self::ApexSwitch,
        Self::Relaunch,
        Self::Terminate,
        Self::Restore,
        Self::Register,
        Self::Deregister,
        Self::Undo,
        Self::Note,
        Self::Declare,
        Self::Verify,
        Self::ReopenLogbook,
        Self::PlayPause,
        Self::StepForward,
        Self::StepBack,
        Self::NextAction,
        Self::PreviousAction,
        Self::Faster,
        Self::Slower,
        Self::Palette,
        Self::Help,
        Self::Back,
        Self::Suspend,
        Self::Quit,
    ];

    /// The row of the table: id, group, danger, contexts and the one line that explains it.
    fn row(self) -> (&'static str, Group, Danger, &'static [Context], &'static str) {
        use Danger::{ChangesAws, None};
        use Group::{Actions, Looking, Moving, Program, Record, Replay, Screens};
        match self {
            Self::Board => ("board", Screens, None, BOTH, "every region and site at once"),
            Self::Instances => ("instances", Screens, None, BOTH, "instances of every region"),
            Self::RestorePoints => {
                ("restore-points", Screens, None, BOTH, "what databases can be restored to")
            }
            Self::Registrations => {
                ("registrations", Screens, None, BOTH, "who is in service behind which balancer")
            }
            Self::Apex => ("apex", Screens, None, BOTH, "zones, apex records and where they may point"),
            Self::Log => ("log", Screens, None, BOTH, "what happened, who decided it and when"),
            Self::Up => ("up", Moving, None, BOTH, "one row up"),
            Self::Down => ("down", Moving, None, BOTH, "one row down"),
            Self::PageUp => ("page-up", Moving, None, BOTH, "one page up"),
            Self::PageDown => ("page-down", Moving, None, BOTH, "one page down"),
            Self::Top => ("top", Moving, None, BOTH, "to the first row"),
            Self::Bottom => ("bottom", Moving, None, BOTH, "to the last row"),
            Self::Mark => ("mark", Moving, None, LIVE, "mark the row, to act on several at once"),
            Self::Filter => ("filter", Looking, None, BOTH, "show only the rows that match"),
            Self::Sort => ("sort", Looking, None, BOTH, "sort by the next column"),
            Self::SortReverse => ("sort-reverse", Looking, None, BOTH, "turn the sort around"),
            Self::Detail => ("detail", Looking, None, BOTH, "everything known about the row"),
            Self::Copy => ("copy", Looking, None, BOTH, "copy the row's id to the clipboard"),
            Self::Refresh => ("refresh", Looking, None, LIVE, "ask every region again now"),
            Self::Maintenance => {
                ("maintenance", Actions, ChangesAws, LIVE, "maintenance mode of a site, on or off")
            }
            Self::ApexSwitch => {
                ("apex-switch", Actions, ChangesAws, LIVE, "point a site's record at another target")
            }
            Self::Relaunch => {
                ("relaunch", Actions, ChangesAws, LIVE, "replace instances from their own image")
            }
            Self::Terminate => ("terminate", Actions, ChangesAws, LIVE, "terminate instances for good"),
            Self::Restore => ("restore", Actions, ChangesAws, LIVE, "a new database from a restore point"),
            Self::Register => ("register", Actions, ChangesAws, LIVE, "put instances behind a balancer"),
            Self::Deregister => {
                ("deregister", Actions, ChangesAws, LIVE, "take instances from behind a balancer")
            }
            Self::Undo => ("undo", Actions, ChangesAws, LIVE, "take the last action back"),
            Self::Note => ("note", Record, None, LIVE, "write a note into the log"),
            Self::Declare => ("declare", Record, None, LIVE, "declare an incident, or close it"),
            Self::Verify => ("verify", Record, None, LIVE, "see what became of an action of unknown outcome"),
            Self::ReopenLogbook => {
                ("reopen-logbook", Record, None, LIVE, "record again, in a new strand, after a refusal")
            }
            Self::PlayPause => ("play-pause", Replay, None, PLAYER, "play, or hold still"),
            Self::StepForward => ("step-forward", Replay, None, PLAYER, "to the next entry"),
            Self::StepBack => ("step-back", Replay, None, PLAYER, "to the entry before"),
            Self::NextAction => ("next-action", Replay, None, PLAYER, "to the next action"),
            Self::PreviousAction => ("previous-action", Replay, None, PLAYER, "to the action before"),
            Self::Faster => ("faster", Replay, None, PLAYER, "play faster"),
            Self::Slower => ("slower", Replay, None, PLAYER, "play slower"),
            Self::Palette => ("palette", Program, None, BOTH, "run any of these by name"),
            Self::Help => ("help", Program, None, BOTH, "the keys of this screen"),
            Self::Back => ("back", Program, None, BOTH, "close what is open, clear the filter"),
            Self::Suspend => ("suspend", Program, None, BOTH, "to the shell; `fg` comes back"),
            Self::Quit => ("quit", Program, None, BOTH, "leave; what runs in AWS keeps running"),
        }
    }

    /// The name in keymaps and in the palette.
    #[must_use]
    pub fn id(self) -> &'static str {
        self.row().0
    }

    /// The heading it stands under.
    #[must_use]
    pub fn group(self) -> Group {
        self.row().1
    }

    /// What it can do to the estate.
    #[must_use]
    pub fn danger(self) -> Danger {
        self.row().2
    }

    /// Can it lead to calls that change AWS? Such commands are shut by `--read-only`.
    #[must_use]
    pub fn changes_aws(self) -> bool {
        match self.danger() {
            Danger::ChangesAws => true,
            Danger::None => false,
        }
    }

    /// Where it means something.
    #[must_use]
    pub fn contexts(self) -> &'static [Context] {
        self.row().3
    }

    /// Does it mean something there?
    #[must_use]
    pub fn works_in(self, context: Context) -> bool {
        self.contexts().contains(&context)
    }

    /// One line for help.
    #[must_use]
    pub fn doc(self) -> &'static str {
        self.row().4
    }

    /// The command of that id.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|command| command.id() == id)
    }

    /// Ids that somebody who typed this may have meant, best first.
    #[must_use]
    pub fn nearest(id: &str) -> Vec<String> {
        nearest_names(id, Self::ALL.into_iter().map(Self::id))
    }
}

impl fmt::Display for Command {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.id())
    }
}

/// Bytes of the longest name that is compared with others: a domain name's.
const LONGEST_NAME: usize = 255;

/// The names that somebody who typed `typed` may have meant, best first, at most three, none when nothing is near.
///
/// Names much further away than the best are left out: a list of everything vaguely similar is no help at 3 a.m.
/// What is longer than any name is near none, and is not compared: that would take as long as it is long.
#[must_use]
pub fn nearest_names<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    if typed.len() > LONGEST_NAME {
        return Vec::new();
    }
    let typed = typed.to_lowercase();
    let mut scored: Vec<(f64, usize, &str)> = names
        .into_iter()
        .map(|name| {
            let lower = name.to_lowercase();
            (strsim::jaro(&typed, &lower), strsim::damerau_levenshtein(&typed, &lower), name)
        })
        // Jaro sees no likeness in two swapped letters of a short name (`rde`), the edit distance does.
        .filter(|(score, distance, name)| *score > 0.7 || (*distance <= 1 && name.len() > 2))
        .collect();
    scored.sort_by(|a, b| a.1.cmp(&b.1).then(b.0.total_cmp(&a.0)).then(a.2.cmp(b.2)));
    let Some(best) = scored.first().map(|(_, distance, _)| *distance) else {
        return Vec::new();
    };
    scored
        .into_iter()
        .filter(|(_, distance, _)| *distance <= best + 1)
        .take(3)
        .map(|(_, _, name)| name.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_command_stands_in_the_table_once() {
        let ids: BTreeSet<_> = Command::ALL.into_iter().map(Command::id).collect();
        assert_eq!(ids.len(), Command::ALL.len(), "two commands share an id");
        for command in Command::ALL {
            assert_eq!(Command::from_id(command.id()), Some(command));
            assert!(!command.contexts().is_empty(), "{command} works nowhere");
            assert!(command.doc().len() <= 50, "{command}: help has one narrow line");
            assert!(command.id().chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{command}");
        }
        assert_eq!(Command::from_id("none"), None, "`none` is how a keymap unbinds");
    }

    #[test]
    fn all_is_in_declaration_order_and_groups_are_together() {
        assert!(Command::ALL.is_sorted());
        assert!(Command::ALL.is_sorted_by_key(|command| command.group()));
        // The last variant's position is the number of variants: a variant missing from ALL shows here.
        assert_eq!(Command::Quit as usize + 1, Command::ALL.len());
    }

    #[test]
    fn nothing_that_changes_aws_works_in_a_replay() {
        for command in Command::ALL {
            assert!(!(command.changes_aws() && command.works_in(Context::Replay)), "{command}");
        }
        assert!(Command::ApexSwitch.changes_aws());
        assert!(!Command::Note.changes_aws());
    }

    #[test]
    fn a_slip_of_the_finger_is_understood() {
        assert_eq!(Command::nearest("apex-swich"), ["apex-switch"]);
        assert_eq!(Command::nearest("Quti"), ["quit"]);
        assert_eq!(nearest_names("rde", ["green", "red", "blue"]), ["red"]);
        assert!(
            nearest_names(&"red".repeat(1 << 20), ["red"]).is_empty(),
            "compared, it would take gigabytes"
        );
        assert!(Command::nearest("xylophone").is_empty());
    }
}
