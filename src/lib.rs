//! blackstart: a terminal cockpit for AWS outages.

pub mod app;
pub mod cli;
pub mod cloud;
pub mod incident;
pub mod logbook;
pub mod run;
pub mod settings;
pub mod ui;
