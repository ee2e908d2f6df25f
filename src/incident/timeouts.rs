//! How long a request to AWS may take. Every call ends by one of these.

use std::time::Duration;

/// The time-outs of calls to AWS, each at least as long as the one before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallTimeouts {
    /// To a TCP and TLS connection.
    pub connect: Duration,
    /// One attempt at a read, body included.
    pub attempt: Duration,
    /// A read with its second attempt; and the one attempt of a call that changes something.
    pub operation: Duration,
}

impl Default for CallTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(5),
            operation: Duration::from_secs(12),
        }
    }
}

impl CallTimeouts {
    /// The longest that a sweep of everything is waited for: operations follow each other in a sweep, and the second
    /// may take as long as the first.
    #[must_use]
    pub fn sweep(&self) -> Duration {
        self.operation * 2 + Duration::from_secs(6)
    }
}
