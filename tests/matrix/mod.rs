//! The fault matrix: every way in which an endpoint fails, on every service, and what the operator sees of it.
//!
//! `table` says what is seen and is the only place that says it: `reads` and `calls` make it happen to the real binary
//! and compare, and `page` writes `docs/faults.md` from it.

mod calls;
pub mod page;
mod reads;
mod stage;
mod table;
