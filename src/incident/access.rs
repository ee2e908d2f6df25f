//! How a profile has access to AWS: until when its credentials hold, and how far this machine's clock is off.
//!
//! Read from what is at hand, never asked for: nobody waits for it. It holds times and words, never a key.

use super::fault::Fault;
use jiff::Timestamp;

/// Seconds of skew from which it is worth a word: what a busy machine or a slow line feigns is less.
pub const SKEW_TOLD_S: i64 = 5;
/// Seconds of skew from which a refused signature is the clock's fault: AWS refuses from five minutes on.
pub const SKEW_REFUSED_S: i64 = 240;

/// How a profile has access.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Access {
    /// When the credentials end; `None` if they do not, or were not read yet.
    pub expires: Option<Timestamp>,
    /// Counts the credentials that were read and were others than before; 0 before the first.
    pub generation: u64,
    /// Why they could not be renewed when that was last tried.
    pub renewal: Option<Fault>,
    /// Seconds that our clock is at least ahead of AWS's; negative is behind, `None` is not measured.
    pub clock_ahead_s: Option<i64>,
}
