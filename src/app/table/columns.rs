//! The columns of each screen's table: headings, widths, and what gives way on narrow terminals.
//!
//! How wide each is set is fitted to what the rows at the top say when a table is opened, and stays so for as long as
//! somebody looks at it: nothing moves while data streams in.

use super::super::Screen;

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers and ages.
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub title: &'static str,
    /// Cells it wants at least.
    pub min: u16,
    /// Cells it can use at most.
    pub max: u16,
    /// Left or right.
    pub align: Align,
    /// What is dropped on narrow terminals: the highest first, 0 never. What is left over goes the other way round.
    pub drop: u8,
    /// What its texts are.
    pub holds: Holds,
}

/// What the texts of a column are, which says how they are cut and who is given room first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// Words and numbers of a known length.
    Words,
    /// Where something is, told by the last sign: `ap-southeast-1`, `ap-southeast-2`.
    Place,
    /// What somebody called something.
    Name,
    /// Sentences: they never fit, and say much with their first words.
    Sentence,
    /// The same, made by a program: told apart at both ends.
    MadeName,
    /// What AWS calls something: the ends are enough to tell it.
    Id,
    /// What one can do without, or another column says too: gone before a name is cut, or itself.
    Spare,
}

impl Column {
    /// Whether it is cut in its middle: such texts tell themselves apart at both ends.
    #[must_use]
    pub fn cut_in_the_middle(&self) -> bool {
        match self.holds {
            Holds::Place | Holds::MadeName | Holds::Id => true,
            Holds::Words | Holds::Name | Holds::Sentence | Holds::Spare => false,
        }
    }
}

const fn column(title: &'static str, min: u16, max: u16, drop: u8, holds: Holds) -> Column {
    Column { title, min, max, align: Align::Left, drop, holds }
}

/// A column of numbers or ages.
const fn figures(title: &'static str, min: u16, max: u16, drop: u8) -> Column {
    Column { title, min, max, align: Align::Right, drop, holds: Holds::Words }
}

const INSTANCES: &[Column] = &[
    column("HEALTH", 8, 12, 0, Holds::Words),
    column("NAME", 10, 32, 0, Holds::Name),
    column("INSTANCE", 12, 19, 0, Holds::Id),
    column("CLAIM", 10, 13, 0, Holds::Words),
    column("PROBE", 7, 11, 0, Holds::Words),
    column("CHECKS", 8, 14, 3, Holds::Words),
    column("TYPE", 8, 13, 4, Holds::Words),
    // A zone's name begins with its region's.
    column("REGION", 9, 14, 7, Holds::Spare),
    column("ZONE", 10, 15, 0, Holds::Place),
    column("ADDRESS", 15, 15, 2, Holds::Words),
    column("UNDER", 10, 24, 1, Holds::Name),
    figures("UP", 4, 4, 5),
    column("ACCOUNT", 9, 13, 6, Holds::Id),
    figures("AGE", 3, 4, 0),
];

const RESTORE_POINTS: &[Column] = &[
    column("DATA OF", 19, 19, 0, Holds::Words),
    figures("LOST", 4, 5, 0),
    column("DATABASE", 10, 24, 0, Holds::MadeName),
    column("KIND", 13, 14, 3, Holds::Words),
    column("POINT", 12, 40, 1, Holds::MadeName),
    column("CLAIM", 13, 20, 0, Holds::Words),
    column("PROBE", 7, 12, 2, Holds::Words),
    figures("GIB", 4, 6, 4),
    column("ENGINE", 8, 18, 5, Holds::Words),
    column("REGION", 9, 14, 0, Holds::Place),
    column("ACCOUNT", 9, 13, 6, Holds::Id),
    figures("AGE", 3, 4, 0),
];

const REGISTRATIONS: &[Column] = &[
    column("HEALTH", 14, 14, 0, Holds::Words),
    column("FAULT", 5, 5, 0, Holds::Words),
    column("BALANCER", 8, 24, 0, Holds::MadeName),
    column("KIND", 7, 7, 6, Holds::Spare),
    column("GROUP", 9, 24, 5, Holds::MadeName),
    column("TARGET", 12, 25, 0, Holds::Id),
    column("NAME", 8, 24, 2, Holds::Name),
    column("CLAIM", 12, 14, 3, Holds::Words),
    column("PROBE", 7, 11, 4, Holds::Words),
    column("REASON", 10, 60, 1, Holds::Sentence),
    column("REGION", 9, 14, 0, Holds::Place),
    column("ACCOUNT", 9, 13, 7, Holds::Id),
    figures("AGE", 3, 4, 0),
];

const APEX: &[Column] = &[
    column("NAME", 20, 40, 0, Holds::Name),
    column("TYPE", 7, 10, 0, Holds::Words),
    column("POINTS TO", 15, 60, 0, Holds::Sentence),
    figures("TTL", 4, 6, 1),
    column("STATE", 22, 44, 0, Holds::Sentence),
    column("ACCOUNT", 9, 13, 2, Holds::Id),
    figures("AGE", 3, 4, 0),
];

const LOG: &[Column] = &[
    column("TIME", 8, 11, 0, Holds::Name),
    column("WHO", 6, 16, 0, Holds::Name),
    column("KIND", 9, 10, 1, Holds::Words),
    column("WHAT", 56, 200, 0, Holds::Sentence),
];

const BOARD: &[Column] = &[column("NAME", 12, 32, 0, Holds::Name)];

/// The columns of a screen's table.
#[must_use]
pub fn columns(screen: Screen) -> &'static [Column] {
    match screen {
        Screen::Board => BOARD,
        Screen::Instances => INSTANCES,
        Screen::RestorePoints => RESTORE_POINTS,
        Screen::Registrations => REGISTRATIONS,
        Screen::Apex => APEX,
        Screen::Log => LOG,
    }
}
