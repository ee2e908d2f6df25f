//! Sorting a table by a column: a hundred thousand keys between one frame and the next.
//!
//! Each row's key is packed into three words once and those are compared, instead of texts all over the memory; only keys
//! that do not fit are compared again. Knows nothing of rows but their slots. Only `rows` uses it.

use super::texts::Slot;
use std::cmp::Ordering;

/// What a column sorts by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey<'a> {
    /// A number, or a time.
    Number(i64),
    /// What the column says.
    Text(&'a str),
    /// A rank, then what the column says.
    Ranked(u8, &'a str),
}

/// Which of two rows comes first in a column.
pub(super) fn by_column(a: &SortKey<'_>, b: &SortKey<'_>, descending: bool) -> Ordering {
    if descending { b.cmp(a) } else { a.cmp(b) }
}

/// Bytes of a text that are compared first.
const HEAD: usize = 22;

/// The beginning of a key, which orders as the key does, and whether that is all of it.
#[derive(Debug, Clone, Copy)]
struct Packed {
    head: (u128, u64),
    whole: bool,
    slot: Slot,
}

fn pack(key: SortKey<'_>) -> ((u128, u64), bool) {
    let mut bytes = [0; HEAD + 2];
    let (class, rank, text) = match key {
        SortKey::Number(number) => {
            // Flipped, the bits of negative numbers order below the others'.
            bytes[2..10].copy_from_slice(&(number ^ i64::MIN).to_be_bytes());
            (0, 0, "")
        }
        SortKey::Text(text) => (1, 0, text),
        SortKey::Ranked(rank, text) => (2, rank, text),
    };
    (bytes[0], bytes[1]) = (class, rank);
    let fits = text.len().min(HEAD);
    bytes[2..2 + fits].copy_from_slice(&text.as_bytes()[..fits]);
    let mut front = [0; 16];
    front.copy_from_slice(&bytes[..16]);
    let mut back = [0; 8];
    back.copy_from_slice(&bytes[16..]);
    // A text that holds a zero is not told from a shorter one by its head.
    let whole = text.len() <= HEAD && !text.as_bytes().contains(&0);
    ((u128::from_be_bytes(front), u64::from_be_bytes(back)), whole)
}

/// Rows by a column. Those of the same key stay in the order in which they come.
pub(super) fn sorted<'a>(
    slots: Vec<Slot>,
    descending: bool,
    mut key: impl FnMut(Slot) -> SortKey<'a>,
) -> Vec<Slot> {
    let mut packed: Vec<Packed> = slots
        .into_iter()
        .map(|slot| {
            let (head, whole) = pack(key(slot));
            let head = if descending { (!head.0, !head.1) } else { head };
            Packed { head, whole, slot }
        })
        .collect();
    packed.sort_by_key(|row| row.head);
    for alike in packed.chunk_by_mut(|a, b| a.head == b.head) {
        if alike.len() > 1 && alike.iter().any(|row| !row.whole) {
            alike.sort_by(|a, b| by_column(&key(a.slot), &key(b.slot), descending));
        }
    }
    packed.into_iter().map(|row| row.slot).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Debug, Clone)]
    enum Value {
        Number(i64),
        Text(String),
        Ranked(u8, String),
    }

    impl Value {
        fn key(&self) -> SortKey<'_> {
            match self {
                Self::Number(number) => SortKey::Number(*number),
                Self::Text(text) => SortKey::Text(text),
                Self::Ranked(rank, text) => SortKey::Ranked(*rank, text),
            }
        }
    }

    fn value() -> impl Strategy<Value = Value> {
        let text = || "[ab\u{0}ä]{0,3}(aaaaaaaaaaaaaaaaaaaaaa)?[ab\u{0}]{0,2}";
        prop_oneof![
            any::<i64>().prop_map(Value::Number),
            (-3..3_i64).prop_map(Value::Number),
            text().prop_map(Value::Text),
            (0..3_u8, text()).prop_map(|(rank, text)| Value::Ranked(rank, text)),
        ]
    }

    proptest! {
        /// Packed keys order rows as the keys themselves do, and rows of the same key stay in order.
        #[test]
        fn packed_keys_sort_as_the_keys_do(values in proptest::collection::vec(value(), 0..40), descending: bool) {
            let slots: Vec<Slot> = (0..).take(values.len()).collect();
            let key = |slot: Slot| values[slot as usize].key();
            let mut naive = slots.clone();
            naive.sort_by(|a, b| by_column(&key(*a), &key(*b), descending));
            prop_assert_eq!(sorted(slots, descending, key), naive);
        }
    }
}
