//! What is true: places, rows, claims, evidence, plans, entries, and the fold that makes a screen's worth of state of
//! them. Pure data and rules. Imports nothing of ours; everybody may import it.
//!
//! Reads in this order: [`place`] (where), [`resource`] (what AWS claims), [`cell`] (how well we know), [`dns`] (what name servers
//! answer), [`fault`] (what
//! goes wrong), [`flapping`] (and comes right, and goes wrong), [`site`] and [`probe`] (what the operator declared), [`request`] (what can be asked), [`access`] (with
//! which credentials), [`plan`] (what would be done),
//! [`entry`] (what happened), [`settlement`] (what was found of it later), [`Incident`] (the fold of it all).

pub mod access;
pub mod cell;
mod cell_fold;
pub mod checkpoint;
pub mod dns;
pub mod entry;
pub mod fault;
pub mod flapping;
mod fold;
pub mod gist;
pub mod hash;
pub mod health;
mod maintenance;
pub mod operation;
pub mod place;
pub mod plan;
pub mod planner;
pub mod probe;
mod provisional;
pub mod request;
pub mod resource;
pub mod secret;
pub mod settlement;
mod shared;
pub mod site;
pub mod skim;
pub mod span;
pub mod story;
pub mod timeline;
pub mod timeouts;
pub mod touched;
pub(crate) mod walk;

pub use fold::{Declaration, Identity, Incident, Presence, Seen};
pub use provisional::Presumption;
pub use shared::SharedStr;
