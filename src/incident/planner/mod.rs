//! From an action to a plan or a refusal. Pure: what must be read is asked for, what was read is handed in.
//!
//! `plan` is called again and again: as long as it needs something fresh it says so, then it gives the plan. It
//! refuses rather than guesses, and every refusal says what to do instead.
//!
//! One file per family: `apex`, `maintenance`, `relaunch`, `terminate`, `registration`, `restore`, `undo`. [`resolve`] turns what a person types into keys, [`text`] turns a plan into lines. `table` is what they
//! all work at: the readings, the sites, the credentials. Imports nothing outside `incident`; everybody may import it.

mod apex;
mod batch;
mod maintenance;
mod presumed;
mod registration;
mod relaunch;
pub mod resolve;
mod restore;
mod table;
mod terminate;
pub mod text;
mod undo;

#[cfg(test)]
mod bench;

pub use apex::{target_at, target_of};
pub use batch::same_sets;

use super::entry::SessionId;
use super::fold::Incident;
use super::place::{Account, Profile};
use super::plan::{Action, Plan, Refusal};
use super::request::{Query, QueryResult};
use super::site::Site;
use jiff::Timestamp;
use table::Table;

/// What a planner works with.
#[derive(Debug, Clone, Copy)]
pub struct Desk<'a> {
    /// What is known.
    pub incident: &'a Incident,
    /// What the operator declared.
    pub sites: &'a [Site],
    /// The accounts that can be acted in, in the order given, with the profile of each.
    pub accounts: &'a [(Account, Profile)],
    /// Whose plan it will be.
    pub session: &'a SessionId,
    /// Counts the session's plans.
    pub number: u32,
    /// The time.
    pub now: Timestamp,
}

/// Something that was read for a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What was asked.
    pub query: Query,
    /// When the answer came.
    pub at: Timestamp,
    /// The answer.
    pub result: QueryResult,
}

/// How far planning got.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Planned {
    /// These must be read first (all of them, in any order).
    Needs(Vec<Query>),
    /// The plan.
    Plan(Box<Plan>),
}

/// Plans an action. A reading older than [`Plan::FRESH_S`] counts as not read.
///
/// # Errors
/// A refusal in words: what, why, what to do instead.
pub fn plan(desk: Desk<'_>, action: &Action, readings: &[Reading]) -> Result<Planned, Refusal> {
    let mut table = Table::new(desk, action, readings);
    let planned = match action {
        Action::Apex { site, target } => apex::plan(&mut table, site, target),
        Action::MaintenanceOn { site, via } => maintenance::on(&mut table, site, via.as_deref()),
        Action::MaintenanceOff { site } => maintenance::off(&mut table, site),
        Action::Relaunch { instances } => relaunch::plan(&mut table, instances),
        Action::Terminate { instance } => terminate::plan(&mut table, instance),
        Action::Register { scope, under, instances } => {
            registration::register(&mut table, scope, under, instances)
        }
        Action::Deregister { scope, under, instances } => {
            registration::deregister(&mut table, scope, under, instances)
        }
        Action::Restore { from, at } => restore::plan(&mut table, from, *at),
        Action::Undo { operation } => undo::plan(&mut table, operation),
    };
    presumed::weigh(&desk, action, planned?)
}
