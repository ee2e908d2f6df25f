//! blackstart: a terminal cockpit for AWS outages.

pub mod cloud;
pub mod incident;
