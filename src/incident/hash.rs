//! SHA-256 in hex, and plan hashes: what a confirmation and a log line are bound to.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// SHA-256 of some bytes, as 64 hex digits.
#[must_use]
pub fn sha256_hex(bytes: &[u8]) -> String {
    // Without the formatter: jitter is a hash, so this runs for every server at every tick.
    let digit = |half: u8| char::from_digit(u32::from(half), 16).unwrap_or('0');
    let digest = Sha256::digest(bytes);
    digest.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The hash of a plan: what was shown is what was confirmed is what is done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PlanHash(pub String);

impl PlanHash {
    /// The first twelve hex digits: for screens, comments and client tokens.
    #[must_use]
    pub fn short(&self) -> &str {
        self.0.get(..12).unwrap_or(&self.0)
    }
}

impl fmt::Display for PlanHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
