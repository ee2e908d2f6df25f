//! Which rows changed since somebody last asked: so that whoever keeps them in order need not look at all of them.
//!
//! It is no part of what is true: two incidents that say the same are equal whatever was touched on the way. Refuses to
//! grow without bound; past its limit it only knows that much changed. `app`'s tables drain it.

use super::place::Key;

/// Keys kept before it is said that everything may have changed.
const MOST: usize = 20_000;

/// The rows that changed.
#[derive(Debug, Default)]
pub struct Touched {
    keys: Vec<Key>,
    all: bool,
}

impl Touched {
    pub(super) fn note(&mut self, key: &Key) {
        if self.all {
            return;
        }
        if self.keys.len() >= MOST {
            self.everything();
            return;
        }
        self.keys.push(key.clone());
    }

    fn everything(&mut self) {
        self.all = true;
        self.keys = Vec::new();
    }

    /// The keys that changed, some perhaps twice; `None` means that any may have.
    #[must_use]
    pub fn keys(&self) -> Option<&[Key]> {
        (!self.all).then_some(&self.keys)
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.all && self.keys.is_empty()
    }
}

impl Clone for Touched {
    /// Whoever gets a copy of an incident has seen none of its rows.
    fn clone(&self) -> Self {
        Self { keys: Vec::new(), all: true }
    }
}

impl PartialEq for Touched {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Touched {}
