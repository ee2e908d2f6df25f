//! What happens next: the command table and the keys that reach it. Imports `incident` only.
pub mod commands;
pub mod keys;
