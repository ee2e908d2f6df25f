//! One file per family of commands.

pub(super) mod act;
pub(super) mod cockpit;
pub(super) mod listings;
pub(super) mod log;
pub(super) mod record;
pub(super) mod status;
pub(super) mod verify;
