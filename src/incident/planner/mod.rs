//! From an action to a plan or a refusal. Pure: what must be read is asked for, what was read is handed in.
//!
//! `plan` is called again and again: as long as it needs something fresh it says so, then it gives the plan. It
//! refuses rather than guesses, and every refusal says what to do instead.

use super::entry::SessionId;
use super::fold::Incident;
use super::place::{Account, Profile};
use super::plan::{Action, Plan, Refusal};
use super::request::{Query, QueryResult};
use super::site::Site;
use jiff::Timestamp;

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

/// Plans an action.
///
/// # Errors
/// A refusal in words: what, why, what to do instead.
pub fn plan(desk: Desk<'_>, action: &Action, readings: &[Reading]) -> Result<Planned, Refusal> {
    let _ = (desk, readings);
    Err(Refusal::new(action.to_string(), "no planner is built in", "Report this"))
}
