//! Everything that is left to chance in a night, drawn from its seed. Whoever asks in the same order gets the same answers.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

/// The dice of one night.
pub struct Chance(ChaCha8Rng);

impl Chance {
    pub fn of(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// From `least` to `most`, both included.
    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        let span = u64::try_from(most - least + 1).unwrap();
        least + i64::try_from(self.0.next_u64() % span).unwrap()
    }

    pub fn index(&mut self, count: usize) -> usize {
        usize::try_from(self.0.next_u64() % u64::try_from(count).unwrap()).unwrap()
    }

    /// Happens so many times out of a hundred.
    pub fn percent(&mut self, share: i64) -> bool {
        self.between(0, 99) < share
    }

    pub fn pick<'a, T: ?Sized>(&mut self, from: &[&'a T]) -> &'a T {
        from[self.index(from.len())]
    }

    pub fn of_list<T: Clone>(&mut self, from: &[T]) -> Option<T> {
        if from.is_empty() { None } else { Some(from[self.index(from.len())].clone()) }
    }
}
