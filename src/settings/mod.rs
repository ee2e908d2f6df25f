//! What you chose.
pub mod complaint;
pub mod regions;
mod sheet;
pub mod surroundings;
