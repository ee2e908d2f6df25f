//! blackstart: a terminal cockpit for AWS outages.

pub mod app;
pub mod cloud;
pub mod incident;
pub mod logbook;
pub mod settings;
