//! The rows of one table, kept in order while some of them change.
//!
//! A table of a hundred thousand rows cannot be worked out anew for every key and every page. What a row's place needs
//! is kept with the row, what the filter needs beside it ([`super::texts`]); a change takes the old row out, puts the new
//! one in, and touches no other.
//! Knows nothing of what rows mean: [`super::order`] makes them. Refuses to keep ages: they change by themselves.

use super::RowId;
use super::sort::{SortKey, by_column, sorted};
use super::texts::{Slot, Slots, Texts, index};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::Arc;

/// What stands between a row's columns in its text: no column holds it, so no word of a filter spans two columns.
pub(super) const BETWEEN: char = '\u{1f}';

/// What a row's place and the filter need of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Content {
    /// The smaller, the higher up.
    pub(super) urgency: u8,
    /// Orders rows of one urgency.
    pub(super) order: Box<str>,
    /// Its columns in lower case, without ages.
    pub(super) text: String,
}

/// A row, with what its place needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: Arc<RowId>,
    pub(super) urgency: u8,
    order: Box<str>,
}

impl Row {
    fn compare(&self, other: &Self) -> Ordering {
        (self.urgency, &self.order, &self.id).cmp(&(other.urgency, &other.order, &other.id))
    }
}

/// A column of a row's text.
pub(super) fn column_of(text: &str, at: usize) -> &str {
    text.split(BETWEEN).nth(at).unwrap_or_default()
}

/// What is asked of the rows: the words they must contain, the column they sort by, and whether largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) words: Vec<String>,
    pub(super) sort: Option<(usize, bool)>,
}

impl Wanted {
    pub(super) fn is_all(&self) -> bool {
        self.words.is_empty() && self.sort.is_none()
    }

    /// Whether whatever has these words has the other's too.
    fn narrows(&self, other: &Self) -> bool {
        other.words.iter().all(|word| self.words.iter().any(|own| own.contains(word.as_str())))
    }
}

/// Rows as they are filtered and sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    wanted: Wanted,
    slots: Vec<Slot>,
}

/// The rows of a table: those that the filter admits, in the order asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// By slot; a free one holds whoever was there last.
    rows: Vec<Row>,
    free: Vec<Slot>,
    known: HashMap<Arc<RowId>, Slot>,
    texts: Texts,
    /// Every row, in the table's own order.
    all: Vec<Slot>,
    /// With a filter or a sort.
    shown: Option<Shown>,
}

impl Rows {
    /// How many are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.slots().len()
    }

    /// Whether none is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a position.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&RowId> {
        self.slots().get(at).map(|slot| self.id(*slot))
    }

    /// The rows from a position on, in order.
    pub fn from(&self, first: usize) -> impl Iterator<Item = &RowId> {
        self.slots().get(first..).unwrap_or_default().iter().map(|slot| self.id(*slot))
    }

    /// The rows shown, in order.
    pub fn iter(&self) -> impl Iterator<Item = &RowId> {
        self.from(0)
    }

    fn slots(&self) -> &[Slot] {
        self.shown.as_ref().map_or(&self.all, |shown| &shown.slots)
    }

    fn row(&self, slot: Slot) -> &Row {
        &self.rows[index(slot)]
    }

    fn id(&self, slot: Slot) -> &RowId {
        &self.row(slot).id
    }

    /// How many there are, shown or not.
    pub(super) fn unfiltered(&self) -> usize {
        self.all.len()
    }

    /// Where a row is shown.
    pub(super) fn position(&self, id: &RowId) -> Option<usize> {
        let slot = *self.known.get(id)?;
        match &self.shown {
            Some(shown) => shown.slots.iter().position(|other| *other == slot),
            None => self.place(slot),
        }
    }

    /// Where a row is in the table's own order.
    fn place(&self, slot: Slot) -> Option<usize> {
        let row = self.row(slot);
        self.all.binary_search_by(|other| self.row(*other).compare(row)).ok()
    }

    /// The rows that sort above the calm ones.
    pub(super) fn restless(&self, calm: u8) -> impl Iterator<Item = &Row> {
        self.all.iter().map(|slot| self.row(*slot)).take_while(move |row| row.urgency < calm)
    }

    /// Takes all rows out.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Replaces everything: for tables that are worked out as a whole.
    pub(super) fn replace(
        &mut self,
        rows: Vec<(RowId, Content)>,
        wanted: &Wanted,
        key: impl for<'a> FnMut(&'a Row, &'a str, usize) -> SortKey<'a>,
    ) {
        self.clear();
        for (id, content) in rows {
            let slot = self.put(None, id, content);
            self.all.push(slot);
        }
        let rows = &self.rows;
        self.all.sort_by(|a, b| rows[index(*a)].compare(&rows[index(*b)]));
        self.show(wanted, key);
    }

    /// Keeps a row in its slot of before, or in one of its own.
    fn put(&mut self, known: Option<Slot>, id: RowId, content: Content) -> Slot {
        let Content { urgency, order, text } = content;
        let slot = match known {
            Some(slot) => {
                let row = &mut self.rows[index(slot)];
                (row.urgency, row.order) = (urgency, order);
                slot
            }
            None => {
                let row = Row { id: Arc::new(id), urgency, order };
                let slot = self.free.pop().unwrap_or_else(|| {
                    self.rows.push(row.clone());
                    Slot::try_from(self.rows.len() - 1).unwrap_or(Slot::MAX)
                });
                self.known.insert(Arc::clone(&row.id), slot);
                self.rows[index(slot)] = row;
                slot
            }
        };
        self.texts.set(slot, &text);
        slot
    }

    /// Takes changed rows in: each identity with its row, or none where it is gone.
    pub(super) fn change(
        &mut self,
        changes: Vec<(RowId, Option<Content>)>,
        mut key: impl for<'a> FnMut(&'a Row, &'a str, usize) -> SortKey<'a>,
    ) {
        // What a column sorts by may be a time, which is no part of the row: it may have another place all the same.
        let sorts = self.shown.as_ref().is_some_and(|shown| shown.wanted.sort.is_some());
        let mut leaving: Vec<Slot> = Vec::new();
        let mut coming: Vec<(Option<Slot>, RowId, Option<Content>)> = Vec::new();
        for (id, content) in changes {
            let known = self.known.get(&id).copied();
            let is_same = || known.zip(content.as_ref()).is_some_and(|(slot, new)| self.is(slot, new));
            if !sorts && is_same() {
                continue;
            }
            leaving.extend(known);
            coming.push((known, id, content));
        }
        if coming.is_empty() {
            return;
        }
        // Where they stood is looked for before they are otherwise.
        let mut gaps: Vec<usize> = leaving.iter().filter_map(|slot| self.place(*slot)).collect();
        gaps.sort_unstable();
        self.all = without(std::mem::take(&mut self.all), &gaps);
        let mut shown = self.shown.take();
        if let Some(shown) = &mut shown {
            let leaving = Slots::of(&leaving, self.rows.len());
            shown.slots.retain(|slot| !leaving.has(*slot));
        }
        let mut into: Vec<Slot> = Vec::new();
        for (known, id, content) in coming {
            match (known, content) {
                (_, Some(content)) => into.push(self.put(known, id, content)),
                (Some(slot), None) => {
                    self.known.remove(&id);
                    self.texts.remove(slot);
                    self.free.push(slot);
                }
                (None, None) => {}
            }
        }
        let rows = &self.rows;
        let own = |a: Slot, b: Slot| rows[index(a)].compare(&rows[index(b)]);
        into.sort_by(|a, b| own(*a, *b));
        if let Some(shown) = &mut shown {
            let Shown { wanted, slots } = shown;
            let mut coming: Vec<Slot> =
                into.iter().copied().filter(|slot| self.texts.contains(*slot, &wanted.words)).collect();
            match wanted.sort {
                Some((column, descending)) => {
                    let texts = &self.texts;
                    let mut compare = |a: Slot, b: Slot| {
                        let a_key = key(&rows[index(a)], texts.get(a), column);
                        let b_key = key(&rows[index(b)], texts.get(b), column);
                        by_column(&a_key, &b_key, descending).then_with(|| own(a, b))
                    };
                    coming.sort_by(|a, b| compare(*a, *b));
                    *slots = merged(std::mem::take(slots), &coming, compare);
                }
                None => *slots = merged(std::mem::take(slots), &coming, own),
            }
        }
        self.all = merged(std::mem::take(&mut self.all), &into, own);
        self.shown = shown;
    }

    fn is(&self, slot: Slot, content: &Content) -> bool {
        let row = self.row(slot);
        row.urgency == content.urgency && row.order == content.order && self.texts.get(slot) == content.text
    }

    /// Shows what is wanted; what is shown so already stays.
    pub(super) fn show(
        &mut self,
        wanted: &Wanted,
        key: impl for<'a> FnMut(&'a Row, &'a str, usize) -> SortKey<'a>,
    ) {
        if self.shown.as_ref().map_or(wanted.is_all(), |shown| shown.wanted == *wanted) {
            return;
        }
        let before = self.shown.take();
        if wanted.is_all() {
            return;
        }
        let slots = match before {
            // A word grown by a letter is looked for only where it was found before.
            Some(Shown { wanted: before, mut slots })
                if before.sort == wanted.sort && wanted.narrows(&before) =>
            {
                if slots.len() > self.all.len() / 8 {
                    let found = self.texts.containing(&wanted.words);
                    slots.retain(|slot| found.has(*slot));
                } else {
                    slots.retain(|slot| self.texts.contains(*slot, &wanted.words));
                }
                slots
            }
            Some(_) | None => {
                let found = self.texts.containing(&wanted.words);
                let slots = self.all.iter().copied().filter(|slot| found.has(*slot)).collect();
                self.sorted(slots, wanted, key)
            }
        };
        self.shown = Some(Shown { wanted: wanted.clone(), slots });
    }

    /// These, which are in the table's own order, in the order asked for.
    fn sorted(
        &self,
        slots: Vec<Slot>,
        wanted: &Wanted,
        mut key: impl for<'a> FnMut(&'a Row, &'a str, usize) -> SortKey<'a>,
    ) -> Vec<Slot> {
        match wanted.sort {
            Some((column, descending)) => {
                sorted(slots, descending, |slot| key(self.row(slot), self.texts.get(slot), column))
            }
            None => slots,
        }
    }

    /// Sorts anew: for columns whose values change by themselves.
    pub(super) fn sort_again(&mut self, key: impl for<'a> FnMut(&'a Row, &'a str, usize) -> SortKey<'a>) {
        if let Some(Shown { wanted, slots }) = self.shown.take() {
            let shown = Slots::of(&slots, self.rows.len());
            let slots = self.all.iter().copied().filter(|slot| shown.has(*slot)).collect();
            let slots = self.sorted(slots, &wanted, key);
            self.shown = Some(Shown { wanted, slots });
        }
    }
}

/// What is left of a list without what stood at `gaps`, which are in order.
fn without(old: Vec<Slot>, gaps: &[usize]) -> Vec<Slot> {
    let mut rest = old.as_slice();
    let mut left = Vec::with_capacity(old.len());
    let mut from = 0;
    for gap in gaps {
        let (before, after) = rest.split_at((gap - from).min(rest.len()));
        left.extend_from_slice(before);
        rest = after.get(1..).unwrap_or_default();
        from = gap + 1;
    }
    left.extend_from_slice(rest);
    left
}

/// One list of two in order. Where each newcomer goes is searched for; between two of them everything moves at once.
fn merged(old: Vec<Slot>, into: &[Slot], mut compare: impl FnMut(Slot, Slot) -> Ordering) -> Vec<Slot> {
    let mut rest = old.as_slice();
    let mut whole = Vec::with_capacity(old.len() + into.len());
    for new in into {
        let (before, after) =
            rest.split_at(rest.partition_point(|row| compare(*row, *new) == Ordering::Less));
        whole.extend_from_slice(before);
        whole.push(*new);
        rest = after;
    }
    whole.extend_from_slice(rest);
    whole
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn content(urgency: u8, text: &str) -> Content {
        Content { urgency, order: text.into(), text: text.into() }
    }

    fn id(id: u8) -> RowId {
        RowId::Site(format!("{id}"))
    }

    fn by_text<'a>(_: &'a Row, text: &'a str, column: usize) -> SortKey<'a> {
        SortKey::Text(column_of(text, column))
    }

    fn ids(rows: &Rows) -> Vec<RowId> {
        rows.iter().cloned().collect()
    }

    fn wanted(word: &str, sort: Option<(usize, bool)>) -> Wanted {
        Wanted { words: word.split_whitespace().map(str::to_owned).collect(), sort }
    }

    type Model = std::collections::BTreeMap<u8, Content>;

    /// What a table should show, worked out by looking at every row.
    fn naive(model: &Model, wanted: &Wanted) -> Vec<RowId> {
        let mut rows: Vec<(&u8, &Content)> = model
            .iter()
            .filter(|(_, content)| wanted.words.iter().all(|word| content.text.contains(word.as_str())))
            .collect();
        rows.sort_by(|(a_id, a), (b_id, b)| {
            let by_column = match wanted.sort {
                Some((_, true)) => b.text.cmp(&a.text),
                Some((_, false)) => a.text.cmp(&b.text),
                None => Ordering::Equal,
            };
            by_column.then_with(|| (a.urgency, &a.order, id(**a_id)).cmp(&(b.urgency, &b.order, id(**b_id))))
        });
        rows.into_iter().map(|(number, _)| id(*number)).collect()
    }

    proptest! {
        /// Whatever changes in whatever pieces, whatever is looked for meanwhile and however it is sorted, the rows are
        /// those that looking at every one of them gives.
        #[test]
        fn changed_piece_by_piece_is_as_good_as_looked_at_one_by_one(
            steps in proptest::collection::vec(
                (
                    proptest::collection::btree_map(
                        0..20_u8,
                        proptest::option::of((0..4_u8, "[ab]{0,3}(bbbbbbbbbbbbbbbbbbbbbbbbbb[ab])?")),
                        0..8,
                    ),
                    "[ab]{0,2}( [ab])?",
                    proptest::option::of((Just(0_usize), any::<bool>())),
                ),
                0..12,
            ),
        ) {
            let mut rows = Rows::default();
            let mut model = Model::new();
            for (step, word, sort) in steps {
                let mut changes = Vec::new();
                for (number, new) in step {
                    let new = new.map(|(urgency, text)| content(urgency, &text));
                    match &new {
                        Some(new) => model.insert(number, new.clone()),
                        None => model.remove(&number),
                    };
                    changes.push((id(number), new));
                }
                // First with what was wanted before, then with what is now.
                let before = rows.shown.as_ref().map(|shown| shown.wanted.clone()).unwrap_or_default();
                rows.change(changes, by_text);
                prop_assert_eq!(ids(&rows), naive(&model, &before));
                let wanted = wanted(&word, sort);
                rows.show(&wanted, by_text);
                prop_assert_eq!(ids(&rows), naive(&model, &wanted));
                rows.sort_again(by_text);
                prop_assert_eq!(ids(&rows), naive(&model, &wanted));
                prop_assert_eq!(rows.unfiltered(), model.len());
                for (at, id) in ids(&rows).iter().enumerate() {
                    prop_assert_eq!(rows.position(id), Some(at));
                }
                let mut anew = Rows::default();
                let all = model.iter().map(|(number, content)| (id(*number), content.clone())).collect();
                anew.replace(all, &wanted, by_text);
                prop_assert_eq!(ids(&anew), naive(&model, &wanted));
            }
        }

        /// A filter that is typed letter by letter, and taken back, shows at each what the word of then shows.
        #[test]
        fn a_growing_word_shows_what_the_whole_word_shows(
            texts in proptest::collection::vec("[abc]{0,4}", 0..30),
            word in "[abc]{1,3}",
            sort in proptest::option::of((Just(0_usize), any::<bool>())),
        ) {
            let model: Model = (0..).zip(texts.iter().map(|text| content(0, text))).collect();
            let all = model.iter().map(|(number, content)| (id(*number), content.clone())).collect();
            let mut rows = Rows::default();
            rows.replace(all, &Wanted::default(), by_text);
            for end in (0..=word.len()).chain((0..word.len()).rev()) {
                let wanted = wanted(&word[..end], sort);
                rows.show(&wanted, by_text);
                prop_assert_eq!(ids(&rows), naive(&model, &wanted));
            }
            rows.show(&Wanted::default(), by_text);
            prop_assert_eq!(rows.len(), texts.len());
        }
    }
}
