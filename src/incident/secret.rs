//! A value that may be sent to AWS and nowhere else: user data, passwords.
//!
//! It prints, serialises and compares as its length and SHA-256, so that neither the screen, the log, a panic message
//! nor a fixture can hold the value itself.

use super::hash::sha256_hex;
use serde::{Deserialize, Serialize};
use std::fmt;

/// A secret, or (read back from a log) the fingerprint of one.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "Fingerprint", from = "Fingerprint")]
pub struct Secret {
    fingerprint: Fingerprint,
    value: Option<String>,
}

/// Length in bytes and SHA-256 in hex: what stands in for a secret wherever it is written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fingerprint {
    /// Bytes.
    pub length: usize,
    /// Hex.
    pub sha256: String,
}

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: String) -> Self {
        Self {
            fingerprint: Fingerprint { length: value.len(), sha256: sha256_hex(value.as_bytes()) },
            value: Some(value),
        }
    }

    /// The value, for the request that carries it; `None` when only the fingerprint was kept.
    #[must_use]
    pub fn reveal(&self) -> Option<&str> {
        self.value.as_deref()
    }

    /// What stands in for it.
    #[must_use]
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }
}

impl PartialEq for Secret {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint == other.fingerprint
    }
}

impl Eq for Secret {}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({self})")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes, sha256 {}",
            self.fingerprint.length,
            self.fingerprint.sha256.get(..12).unwrap_or_default()
        )
    }
}

impl From<Secret> for Fingerprint {
    fn from(secret: Secret) -> Self {
        secret.fingerprint
    }
}

impl From<Fingerprint> for Secret {
    fn from(fingerprint: Fingerprint) -> Self {
        Self { fingerprint, value: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_secret_never_leaves_in_print_or_json() {
        let secret = Secret::new("#!/bin/sh\nexport DB_PASSWORD=hunter2".into());
        let json = serde_json::to_string(&secret).unwrap();
        for text in [format!("{secret:?}"), secret.to_string(), json.clone()] {
            assert!(!text.contains("hunter2"), "{text}");
        }
        let back: Secret = serde_json::from_str(&json).unwrap();
        assert_eq!(back, secret);
        assert_eq!(back.reveal(), None);
    }
}
