//! blackstart: a terminal cockpit for AWS outages.

pub mod incident;
pub mod logbook;
