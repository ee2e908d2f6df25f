//! The one place that reads time. Everything else is told.

use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// Where a cockpit's time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The wall's.
    Wall {
        /// When the cockpit started, for monotonic milliseconds.
        started: Instant,
    },
    /// A moment of the past that goes on from here, so many times as fast: the demo's, and that of tests under a
    /// paused runtime.
    Scaled {
        /// When the cockpit started.
        started: Instant,
        /// What time it was then.
        origin: Timestamp,
        /// Seconds a second.
        speed: f64,
        /// Monotonic milliseconds that had passed before.
        passed_ms: u64,
    },
}

impl Clock {
    /// The wall's clock, from now on.
    #[must_use]
    pub fn wall() -> Self {
        Self::Wall { started: now_instant() }
    }

    /// A clock that shows `origin` now and goes `speed` times as fast; `passed_ms` of its monotonic time are over.
    #[must_use]
    pub fn scaled(origin: Timestamp, speed: f64, passed_ms: u64) -> Self {
        Self::Scaled { started: now_instant(), origin, speed, passed_ms }
    }

    /// The time, to the microsecond, and monotonic milliseconds since the start.
    #[must_use]
    pub fn now(&self) -> (Timestamp, u64) {
        match self {
            Self::Wall { started } => {
                let since = now_instant().duration_since(*started);
                (to_microseconds(wall_now()), millis(since))
            }
            Self::Scaled { started, origin, speed, passed_ms } => {
                let since = now_instant().duration_since(*started);
                let scaled = since.mul_f64(*speed);
                let shift = SignedDuration::try_from(scaled).unwrap_or(SignedDuration::ZERO);
                (to_microseconds(origin.saturating_add(shift).unwrap_or(*origin)), passed_ms + millis(since))
            }
        }
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Entries keep microseconds; what is folded live must equal what is read back.
fn to_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// This moment, for pacing what the loop itself does; never for what is true.
#[expect(clippy::disallowed_methods, reason = "the clock")]
pub(super) fn now_instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the clock")]
fn wall_now() -> Timestamp {
    Timestamp::now()
}
