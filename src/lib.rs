//! blackstart: a terminal cockpit for AWS outages.

pub mod app;
pub mod incident;
pub mod settings;
pub mod ui;
