//! What a filter looks at: the texts of all rows, in one piece of memory.
//!
//! A letter typed over a hundred thousand rows is one search through one buffer instead of a hundred thousand through
//! scattered strings. A row is known by its slot, which stays the same for as long as the row is there; a text that grew
//! moves to the end, and the buffer is written anew once half of it is of no use. Knows nothing of what the texts say.
//! Only `rows` uses it.

use memchr::memmem::{self, Finder};

/// Where a row is kept.
pub(super) type Slot = u32;

/// What fills the room between texts: a word of a filter holds no blank, so no word is found across two texts.
const BLANK: u8 = b'\n';
/// Room is given in steps, so that a state that grew by a letter stays where it is.
const STEP: usize = 16;
/// Bytes of no use that are not worth the writing anew.
const WASTE: usize = 1 << 16;

/// A place as an index.
pub(super) fn index(slot: Slot) -> usize {
    slot as usize
}

/// A text in the buffer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    start: usize,
    len: usize,
    room: usize,
    /// Whose it is; nobody's once that text moved or went.
    slot: Option<Slot>,
}

/// The texts of rows, by slot.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Texts {
    bytes: Vec<u8>,
    /// In the order of the buffer.
    pieces: Vec<Piece>,
    /// Which piece a slot's text is.
    piece_of: Vec<usize>,
    wasted: usize,
}

impl Texts {
    /// The text of a slot.
    pub(super) fn get(&self, slot: Slot) -> &str {
        let piece = self.piece_of.get(index(slot)).and_then(|at| self.pieces.get(*at));
        let piece = piece.filter(|piece| piece.slot == Some(slot));
        let bytes = piece.and_then(|piece| self.bytes.get(piece.start..piece.start + piece.len));
        bytes.and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }

    /// Keeps the text of a slot, instead of the one of before.
    pub(super) fn set(&mut self, slot: Slot, text: &str) {
        let known = self.piece_of.get(index(slot)).copied();
        if let Some(piece) = known.and_then(|at| self.pieces.get_mut(at))
            && piece.slot == Some(slot)
            // One blank is left, or a word could be found across two texts.
            && text.len() < piece.room
            && let Some(room) = self.bytes.get_mut(piece.start..piece.start + piece.room)
        {
            let (written, left) = room.split_at_mut(text.len());
            written.copy_from_slice(text.as_bytes());
            left.fill(BLANK);
            piece.len = text.len();
            return;
        }
        self.remove(slot);
        let (start, room) = (self.bytes.len(), (text.len() + 1).next_multiple_of(STEP));
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.resize(start + room, BLANK);
        if self.piece_of.len() <= index(slot) {
            self.piece_of.resize(index(slot) + 1, usize::MAX);
        }
        self.piece_of[index(slot)] = self.pieces.len();
        self.pieces.push(Piece { start, len: text.len(), room, slot: Some(slot) });
        if self.wasted > WASTE && self.wasted > self.bytes.len() / 2 {
            self.write_anew();
        }
    }

    /// Forgets the text of a slot.
    pub(super) fn remove(&mut self, slot: Slot) {
        let known = self.piece_of.get(index(slot)).copied();
        let Some(piece) = known.and_then(|at| self.pieces.get_mut(at)).filter(|p| p.slot == Some(slot))
        else {
            return;
        };
        if let Some(room) = self.bytes.get_mut(piece.start..piece.start + piece.room) {
            room.fill(BLANK);
        }
        piece.slot = None;
        piece.len = 0;
        self.wasted += piece.room;
    }

    /// Without what is of no use.
    fn write_anew(&mut self) {
        let mut bytes = Vec::with_capacity(self.bytes.len() - self.wasted);
        self.pieces.retain(|piece| piece.slot.is_some());
        for (at, piece) in self.pieces.iter_mut().enumerate() {
            let start = bytes.len();
            bytes
                .extend_from_slice(self.bytes.get(piece.start..piece.start + piece.room).unwrap_or_default());
            piece.start = start;
            if let Some(slot) = piece.slot {
                self.piece_of[index(slot)] = at;
            }
        }
        self.bytes = bytes;
        self.wasted = 0;
    }

    /// Whether a slot's text contains all the words.
    pub(super) fn contains(&self, slot: Slot, words: &[String]) -> bool {
        let text = self.get(slot).as_bytes();
        words.iter().all(|word| memmem::find(text, word.as_bytes()).is_some())
    }

    /// The slots whose texts contain all the words.
    pub(super) fn containing(&self, words: &[String]) -> Slots {
        let mut found = Slots::for_slots(self.piece_of.len());
        // The longest is in the fewest texts: the others are looked for in those alone.
        let Some(first) = words.iter().max_by_key(|word| word.len()).filter(|word| !word.is_empty()) else {
            self.pieces.iter().filter_map(|piece| piece.slot).for_each(|slot| found.add(slot));
            return found;
        };
        let finder = Finder::new(first.as_bytes());
        let mut pieces = self.pieces.iter();
        let mut from = 0;
        while let Some(hit) = self.bytes.get(from..).and_then(|rest| finder.find(rest)) {
            let at = from + hit;
            // Hits come in the order of the buffer, and so do the pieces.
            let Some(piece) = pieces.find(|piece| piece.start + piece.room > at) else { break };
            if let Some(slot) = piece.slot
                && (words.len() == 1 || self.contains(slot, words))
            {
                found.add(slot);
            }
            from = piece.start + piece.room;
        }
        found
    }
}

/// A set of slots.
#[derive(Debug)]
pub(super) struct Slots(Vec<u64>);

impl Slots {
    /// None of so many.
    pub(super) fn for_slots(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// These, of so many.
    pub(super) fn of(slots: &[Slot], count: usize) -> Self {
        let mut set = Self::for_slots(count);
        slots.iter().for_each(|slot| set.add(*slot));
        set
    }

    pub(super) fn add(&mut self, slot: Slot) {
        if let Some(word) = self.0.get_mut(index(slot) / 64) {
            *word |= 1 << (slot % 64);
        }
    }

    pub(super) fn has(&self, slot: Slot) -> bool {
        self.0.get(index(slot) / 64).is_some_and(|word| word >> (slot % 64) & 1 == 1)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        /// Whatever is written over, moved and forgotten, the texts are those that were set last, and what is found in
        /// the one buffer is what is found in each of them.
        #[test]
        fn one_buffer_is_as_good_as_many_strings(
            steps in proptest::collection::vec((0..12_u32, proptest::option::of("[abä\u{1f}]{0,40}")), 0..60),
            words in proptest::collection::vec("[abä]{1,3}", 0..3),
        ) {
            let mut texts = Texts::default();
            let mut model: BTreeMap<Slot, String> = BTreeMap::new();
            for (step, (slot, text)) in steps.into_iter().enumerate() {
                match text {
                    Some(text) => {
                        texts.set(slot, &text);
                        model.insert(slot, text);
                    }
                    None => {
                        texts.remove(slot);
                        model.remove(&slot);
                    }
                }
                if step % 7 == 6 {
                    texts.write_anew();
                }
                let found = texts.containing(&words);
                for slot in 0..12 {
                    let known = model.get(&slot).map(String::as_str);
                    prop_assert_eq!(texts.get(slot), known.unwrap_or_default());
                    let naive = known.is_some_and(|text| words.iter().all(|word| text.contains(word)));
                    prop_assert_eq!(found.has(slot), naive, "{} in {:?}", words.join(" "), known);
                }
            }
        }
    }

    #[test]
    fn what_is_of_no_use_does_not_pile_up() {
        let mut texts = Texts::default();
        for round in 0..5_000_usize {
            for slot in 0..10 {
                texts.set(slot, &"x".repeat((round * 7 + slot as usize * 31) % 200));
            }
        }
        assert!(texts.bytes.len() < 1 << 20, "{} bytes for ten short texts", texts.bytes.len());
        assert!(texts.pieces.len() < 10_000);
    }
}
