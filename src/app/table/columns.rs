//! The columns of each screen's table: headings, widths, and what gives way on narrow terminals.

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
    /// What is dropped on narrow terminals: the highest first, 0 never.
    pub drop: u8,
}

const fn column(title: &'static str, min: u16, max: u16, align: Align, drop: u8) -> Column {
    Column { title, min, max, align, drop }
}

const INSTANCES: &[Column] = &[
    column("HEALTH", 8, 12, Align::Left, 0),
    column("NAME", 10, 24, Align::Left, 0),
    column("INSTANCE", 12, 19, Align::Left, 0),
    column("CLAIM", 13, 13, Align::Left, 0),
    column("PROBE", 7, 11, Align::Left, 0),
    column("CHECKS", 7, 14, Align::Left, 3),
    column("TYPE", 8, 13, Align::Left, 4),
    column("ZONE", 10, 15, Align::Left, 0),
    column("ADDRESS", 15, 15, Align::Left, 2),
    column("UNDER", 6, 20, Align::Left, 1),
    column("UP", 4, 4, Align::Right, 5),
    column("ACCOUNT", 9, 13, Align::Left, 6),
    column("AGE", 3, 4, Align::Right, 0),
];

const RESTORE_POINTS: &[Column] = &[
    column("DATA OF", 19, 19, Align::Left, 0),
    column("LOST", 4, 5, Align::Right, 0),
    column("DATABASE", 10, 24, Align::Left, 0),
    column("KIND", 13, 14, Align::Left, 3),
    column("POINT", 12, 36, Align::Left, 1),
    column("CLAIM", 13, 20, Align::Left, 0),
    column("PROBE", 7, 12, Align::Left, 2),
    column("GIB", 4, 6, Align::Right, 4),
    column("ENGINE", 8, 18, Align::Left, 5),
    column("REGION", 9, 14, Align::Left, 0),
    column("ACCOUNT", 9, 13, Align::Left, 6),
    column("AGE", 3, 4, Align::Right, 0),
];

const REGISTRATIONS: &[Column] = &[
    column("HEALTH", 14, 14, Align::Left, 0),
    column("FAULT", 5, 5, Align::Left, 0),
    column("BALANCER", 8, 22, Align::Left, 0),
    column("KIND", 7, 7, Align::Left, 5),
    column("GROUP", 9, 20, Align::Left, 4),
    column("TARGET", 14, 19, Align::Left, 0),
    column("NAME", 8, 18, Align::Left, 6),
    column("CLAIM", 12, 14, Align::Left, 2),
    column("PROBE", 7, 11, Align::Left, 3),
    column("REASON", 16, 60, Align::Left, 1),
    column("REGION", 9, 14, Align::Left, 0),
    column("ACCOUNT", 9, 13, Align::Left, 7),
    column("AGE", 3, 4, Align::Right, 0),
];

const APEX: &[Column] = &[
    column("NAME", 18, 40, Align::Left, 0),
    column("TYPE", 7, 10, Align::Left, 0),
    column("POINTS TO", 15, 60, Align::Left, 0),
    column("TTL", 4, 6, Align::Right, 1),
    column("STATE", 24, 44, Align::Left, 0),
    column("ACCOUNT", 9, 13, Align::Left, 2),
    column("AGE", 3, 4, Align::Right, 0),
];

const LOG: &[Column] = &[
    column("TIME", 8, 8, Align::Left, 0),
    column("WHO", 6, 10, Align::Left, 0),
    column("KIND", 9, 10, Align::Left, 1),
    column("WHAT", 30, 200, Align::Left, 0),
];

const BOARD: &[Column] = &[column("NAME", 12, 32, Align::Left, 0)];

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
