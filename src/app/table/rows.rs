//! The rows of one table, kept in order while some of them change.
//!
//! A table of a hundred thousand rows cannot be worked out anew for every key and every page. What a row's place and
//! the filter need is kept with the row; a change takes the old row out, puts the new one in, and touches no other.
//! Knows nothing of what rows mean: [`super::order`] makes them. Refuses to keep ages: they change by themselves.

use super::RowId;
use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::HashSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What stands between a row's columns in its text: no column holds it, so no word of a filter spans two columns.
pub(super) const BETWEEN: char = '\u{1f}';

/// A row, with what its place and the filter need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) id: RowId,
    /// The smaller, the higher up.
    pub(super) urgency: u8,
    /// Orders rows of one urgency.
    pub(super) order: Box<str>,
    /// Its columns in lower case, without ages.
    pub(super) text: Box<str>,
}

impl Row {
    fn compare(&self, other: &Self) -> Ordering {
        (self.urgency, &self.order, &self.id).cmp(&(other.urgency, &other.order, &other.id))
    }

    /// The text of a column.
    pub(super) fn column(&self, at: usize) -> &str {
        self.text.split(BETWEEN).nth(at).unwrap_or_default()
    }
}

/// A row found by its identity.
#[derive(Debug, Clone)]
struct Known(Arc<Row>);

impl PartialEq for Known {
    fn eq(&self, other: &Self) -> bool {
        self.0.id == other.0.id
    }
}

impl Eq for Known {}

impl Borrow<RowId> for Known {
    fn borrow(&self) -> &RowId {
        &self.0.id
    }
}

impl Hash for Known {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.id.hash(state);
    }
}

/// What a column sorts by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey {
    Number(i64),
    Text(Box<str>),
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

    fn admits(&self, row: &Row) -> bool {
        self.words.iter().all(|word| row.text.contains(word.as_str()))
    }

    fn compare(&self, a: &Sorted, b: &Sorted) -> Ordering {
        let by_column = match self.sort {
            Some((_, true)) => b.key.cmp(&a.key),
            Some((_, false)) => a.key.cmp(&b.key),
            None => Ordering::Equal,
        };
        by_column.then_with(|| a.row.compare(&b.row))
    }

    /// Whether whatever this admits, the other admits too.
    fn narrows(&self, other: &Self) -> bool {
        self.sort == other.sort
            && other.words.iter().all(|word| self.words.iter().any(|own| own.contains(word.as_str())))
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Sorted {
    key: SortKey,
    row: Arc<Row>,
}

/// Rows as they are filtered and sorted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Shown {
    wanted: Wanted,
    rows: Vec<Sorted>,
}

/// The rows of a table: those that the filter admits, in the order asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rows {
    /// Every row, in the table's own order.
    all: Vec<Arc<Row>>,
    known: HashSet<Known>,
    /// With a filter or a sort.
    shown: Option<Shown>,
}

impl Rows {
    /// How many are shown.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shown.as_ref().map_or(self.all.len(), |shown| shown.rows.len())
    }

    /// Whether none is shown.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The row at a position.
    #[must_use]
    pub fn get(&self, at: usize) -> Option<&RowId> {
        match &self.shown {
            Some(shown) => shown.rows.get(at).map(|sorted| &sorted.row.id),
            None => self.all.get(at).map(|row| &row.id),
        }
    }

    /// The rows from a position on, in order.
    pub fn from(&self, first: usize) -> impl Iterator<Item = &RowId> {
        (first..self.len()).map_while(|at| self.get(at))
    }

    /// The rows shown, in order.
    pub fn iter(&self) -> impl Iterator<Item = &RowId> {
        self.from(0)
    }

    /// How many there are, shown or not.
    pub(super) fn unfiltered(&self) -> usize {
        self.all.len()
    }

    /// Where a row is shown.
    pub(super) fn position(&self, id: &RowId) -> Option<usize> {
        let Known(row) = self.known.get(id)?;
        match &self.shown {
            Some(shown) => shown.rows.iter().position(|sorted| Arc::ptr_eq(&sorted.row, row)),
            None => self.all.binary_search_by(|other| other.compare(row)).ok(),
        }
    }

    /// The rows that sort above the calm ones.
    pub(super) fn restless(&self, calm: u8) -> &[Arc<Row>] {
        let end = self.all.partition_point(|row| row.urgency < calm);
        self.all.get(..end).unwrap_or_default()
    }

    /// Takes all rows out.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    /// Replaces everything: for tables that are worked out as a whole.
    pub(super) fn replace(
        &mut self,
        rows: Vec<Row>,
        wanted: &Wanted,
        key: impl FnMut(&Row, usize) -> SortKey,
    ) {
        self.all = rows.into_iter().map(Arc::new).collect();
        self.all.sort_by(|a, b| a.compare(b));
        self.known = self.all.iter().cloned().map(Known).collect();
        self.shown = None;
        self.show(wanted, key);
    }

    /// Takes changed rows in: each identity with its row, or none where it is gone.
    pub(super) fn change(
        &mut self,
        changes: Vec<(RowId, Option<Row>)>,
        mut key: impl FnMut(&Row, usize) -> SortKey,
    ) {
        let mut out: Vec<Arc<Row>> = Vec::new();
        let mut into: Vec<Arc<Row>> = Vec::new();
        for (id, row) in changes {
            let old = self.known.get(&id).map(|known| Arc::clone(&known.0));
            let sorts_by_age = self.shown.as_ref().is_some_and(|shown| shown.wanted.sort.is_some());
            if let (Some(old), Some(new)) = (&old, &row)
                && **old == *new
                && !sorts_by_age
            {
                continue;
            }
            if let Some(old) = old {
                self.known.remove(&id);
                out.push(old);
            }
            if let Some(row) = row {
                let row = Arc::new(row);
                self.known.insert(Known(Arc::clone(&row)));
                into.push(row);
            }
        }
        if out.is_empty() && into.is_empty() {
            return;
        }
        let mut gaps: Vec<usize> =
            out.iter().filter_map(|row| self.all.binary_search_by(|other| other.compare(row)).ok()).collect();
        gaps.sort_unstable();
        into.sort_by(|a, b| a.compare(b));
        if let Some(shown) = &mut self.shown {
            let leaving: HashSet<*const Row> = out.iter().map(Arc::as_ptr).collect();
            let rows = std::mem::take(&mut shown.rows);
            let gaps = rows
                .iter()
                .enumerate()
                .filter(|(_, sorted)| leaving.contains(&Arc::as_ptr(&sorted.row)))
                .map(|(at, _)| at)
                .collect();
            let column = shown.wanted.sort.map(|(column, _)| column);
            let mut coming: Vec<Sorted> = into
                .iter()
                .filter(|row| shown.wanted.admits(row))
                .map(|row| Sorted { key: sort_key(row, column, &mut key), row: Arc::clone(row) })
                .collect();
            coming.sort_by(|a, b| shown.wanted.compare(a, b));
            shown.rows = merged(rows, gaps, coming, |a, b| shown.wanted.compare(a, b));
        }
        self.all = merged(std::mem::take(&mut self.all), gaps, into, |a, b| a.compare(b));
    }

    /// Shows what is wanted; what is shown so already stays.
    pub(super) fn show(&mut self, wanted: &Wanted, mut key: impl FnMut(&Row, usize) -> SortKey) {
        if self.shown.as_ref().map_or(wanted.is_all(), |shown| shown.wanted == *wanted) {
            return;
        }
        if wanted.is_all() {
            self.shown = None;
            return;
        }
        let column = wanted.sort.map(|(column, _)| column);
        // A word grown by a letter is looked for only where it was found before.
        if let Some(shown) = &mut self.shown
            && wanted.narrows(&shown.wanted)
        {
            shown.rows.retain(|sorted| wanted.admits(&sorted.row));
            shown.wanted = wanted.clone();
            return;
        }
        let mut rows: Vec<Sorted> = self
            .all
            .iter()
            .filter(|row| wanted.admits(row))
            .map(|row| Sorted { key: sort_key(row, column, &mut key), row: Arc::clone(row) })
            .collect();
        if wanted.sort.is_some() {
            rows.sort_by(|a, b| wanted.compare(a, b));
        }
        self.shown = Some(Shown { wanted: wanted.clone(), rows });
    }

    /// Sorts anew: for columns whose values change by themselves.
    pub(super) fn sort_again(&mut self, mut key: impl FnMut(&Row, usize) -> SortKey) {
        if let Some(shown) = &mut self.shown
            && let Some((column, _)) = shown.wanted.sort
        {
            for sorted in &mut shown.rows {
                sorted.key = key(&sorted.row, column);
            }
            let wanted = &shown.wanted;
            shown.rows.sort_by(|a, b| wanted.compare(a, b));
        }
    }
}

fn sort_key(row: &Row, column: Option<usize>, key: &mut impl FnMut(&Row, usize) -> SortKey) -> SortKey {
    column.map_or(SortKey::Number(0), |column| key(row, column))
}

/// One list of two in order, without what stood at `gaps`.
fn merged<T>(
    old: Vec<T>,
    gaps: Vec<usize>,
    into: Vec<T>,
    mut compare: impl FnMut(&T, &T) -> Ordering,
) -> Vec<T> {
    let mut whole = Vec::with_capacity((old.len() + into.len()).saturating_sub(gaps.len()));
    // Where each newcomer goes is searched for: between two of them everything moves without a look.
    let mut places = Vec::with_capacity(into.len());
    let mut from = 0;
    for new in &into {
        let rest = old.get(from..).unwrap_or_default();
        from += rest.partition_point(|row| compare(row, new) == Ordering::Less);
        places.push(from);
    }
    let mut gaps = gaps.into_iter().peekable();
    let mut coming = places.into_iter().zip(into).peekable();
    for (at, row) in old.into_iter().enumerate() {
        while coming.peek().is_some_and(|(place, _)| *place <= at) {
            whole.extend(coming.next().map(|(_, new)| new));
        }
        if gaps.next_if_eq(&at).is_none() {
            whole.push(row);
        }
    }
    whole.extend(coming.map(|(_, new)| new));
    whole
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn row(id: u8, urgency: u8, text: &str) -> Row {
        Row { id: RowId::Site(format!("{id}")), urgency, order: text.into(), text: text.into() }
    }

    fn by_text(row: &Row, column: usize) -> SortKey {
        SortKey::Text(row.column(column).into())
    }

    fn ids(rows: &Rows) -> Vec<RowId> {
        rows.iter().cloned().collect()
    }

    fn wanted(word: &str, sort: Option<(usize, bool)>) -> Wanted {
        Wanted { words: (!word.is_empty()).then(|| word.to_owned()).into_iter().collect(), sort }
    }

    proptest! {
        /// Whatever changes in whatever pieces, the rows are those of a table worked out anew.
        #[test]
        fn changed_piece_by_piece_is_as_good_as_worked_out_anew(
            steps in proptest::collection::vec(
                proptest::collection::vec((0..20_u8, proptest::option::of((0..4_u8, "[ab]{0,3}"))), 0..8),
                0..12,
            ),
            word in "[ab]{0,2}",
            sort in proptest::option::of((Just(0_usize), any::<bool>())),
        ) {
            let wanted = wanted(&word, sort);
            let mut pieces = Rows::default();
            pieces.show(&wanted, by_text);
            let mut model: std::collections::BTreeMap<u8, Row> = std::collections::BTreeMap::new();
            for step in steps {
                // A change names each row once, as the tables do.
                let step: std::collections::BTreeMap<u8, _> = step.into_iter().collect();
                let mut changes = Vec::new();
                for (id, new) in step {
                    let new = new.map(|(urgency, text)| row(id, urgency, &text));
                    match &new {
                        Some(new) => model.insert(id, new.clone()),
                        None => model.remove(&id),
                    };
                    changes.push((RowId::Site(format!("{id}")), new));
                }
                pieces.change(changes, by_text);
                let mut anew = Rows::default();
                anew.replace(model.values().cloned().collect(), &wanted, by_text);
                prop_assert_eq!(ids(&pieces), ids(&anew));
                prop_assert_eq!(pieces.unfiltered(), model.len());
                for (at, id) in ids(&pieces).iter().enumerate() {
                    prop_assert_eq!(pieces.position(id), Some(at));
                }
            }
        }

        /// A filter that is typed letter by letter shows what the whole word shows.
        #[test]
        fn a_growing_word_shows_what_the_whole_word_shows(texts in proptest::collection::vec("[abc]{0,4}", 0..30), word in "[abc]{1,3}") {
            let rows: Vec<Row> = texts.iter().enumerate().map(|(at, text)| row(at as u8, 0, text)).collect();
            let mut typed = Rows::default();
            typed.replace(rows.clone(), &Wanted::default(), by_text);
            for end in 1..=word.len() {
                typed.show(&wanted(&word[..end], None), by_text);
            }
            let mut whole = Rows::default();
            whole.replace(rows, &wanted(&word, None), by_text);
            prop_assert_eq!(ids(&typed), ids(&whole));
            typed.show(&Wanted::default(), by_text);
            prop_assert_eq!(typed.len(), texts.len());
        }
    }
}
