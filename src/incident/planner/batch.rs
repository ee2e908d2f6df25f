//! Record batches: from the sets that are there to the sets that shall be there, and back.
//!
//! A batch is a compare-and-swap: DELETE of exactly what was read, CREATE of what shall be. It never holds an UPSERT,
//! which would overwrite what somebody else did in the meantime.

use crate::incident::place::Scope;
use crate::incident::plan::{Change, Check, Guard, Step};
use crate::incident::request::{Call, Query, RecordChange};
use crate::incident::resource::RecordSet;

/// The types that a switch looks at; the others at a name (NS, SOA, MX, TXT) are none of its business.
pub(super) const TYPES: [&str; 2] = ["A", "AAAA"];

/// Seconds that Route 53 is given to bring a change to all its servers and to show it.
pub(super) const PATIENCE_S: u32 = 300;

/// Whether two lists hold the same record sets, in any order (see [`RecordSet::same`]).
#[must_use]
pub fn same_sets(a: &[RecordSet], b: &[RecordSet]) -> bool {
    a.len() == b.len() && a.iter().all(|x| b.iter().any(|y| x.same(y)))
}

/// The sets of the types that a switch looks at, A before AAAA.
pub(super) fn addresses(records: &[RecordSet]) -> Vec<RecordSet> {
    TYPES.iter().flat_map(|t| records.iter().filter(move |r| r.record_type == *t)).map(exact).collect()
}

/// A set as a DELETE must name it: an alias has no TTL of its own, whatever an endpoint made up for it.
fn exact(record: &RecordSet) -> RecordSet {
    let mut record = record.clone();
    if record.alias.is_some() {
        record.ttl = None;
    }
    record
}

/// Deletes first, then creates; what stays as it is stays out.
pub(super) fn changes(old: &[RecordSet], new: &[RecordSet]) -> Vec<RecordChange> {
    let gone = old.iter().filter(|o| !new.iter().any(|n| n.same(o)));
    let come = new.iter().filter(|n| !old.iter().any(|o| o.same(n)));
    gone.cloned().map(RecordChange::Delete).chain(come.cloned().map(RecordChange::Create)).collect()
}

/// One line of old -> new per type that changes.
pub(super) fn lines(name: &str, old: &[RecordSet], new: &[RecordSet]) -> Vec<Change> {
    TYPES
        .iter()
        .filter_map(|t| {
            let at = |sets: &[RecordSet]| sets.iter().find(|r| r.record_type == *t).cloned();
            let (was, will) = (at(old), at(new));
            let stays = match (&was, &will) {
                (Some(a), Some(b)) => a.same(b),
                (None, None) => true,
                (Some(_), None) | (None, Some(_)) => false,
            };
            (!stays).then(|| Change {
                what: format!("{name} {t}"),
                old: was.map_or_else(|| "(none)".into(), |r| r.points_to()),
                new: will.map_or_else(|| "(none)".into(), |r| r.points_to()),
            })
        })
        .collect()
}

/// Where a name points, all types in a line.
pub(super) fn points(records: &[RecordSet]) -> String {
    if records.is_empty() {
        return "nowhere (no A, no AAAA)".into();
    }
    records.iter().map(|r| format!("{} {}", r.record_type, r.points_to())).collect::<Vec<_>>().join(", ")
}

/// The step from `old` to `new`, guarded by the one and checked by the other.
pub(super) fn step(
    title: String,
    scope: &Scope,
    zone_id: &str,
    query: &Query,
    old: &[RecordSet],
    new: &[RecordSet],
    comment: String,
) -> Step {
    let types: Vec<String> = TYPES.iter().map(|t| (*t).to_owned()).collect();
    Step {
        title,
        call: Call::ChangeRecords {
            scope: scope.clone(),
            zone_id: zone_id.to_owned(),
            changes: changes(old, new),
            comment,
        },
        guard: Guard::RecordsAre { query: query.clone(), types: types.clone(), records: old.to_vec() },
        check: Check::RecordsAre { query: query.clone(), types, records: new.to_vec() },
        patience_s: PATIENCE_S,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::bench;
    use super::*;
    use proptest::prelude::*;

    /// What Route 53 does with a batch: all of it or nothing.
    pub(crate) fn apply(state: &[RecordSet], changes: &[RecordChange]) -> Result<Vec<RecordSet>, String> {
        let mut state = state.to_vec();
        for change in changes {
            match change {
                RecordChange::Delete(record) => {
                    let at = state
                        .iter()
                        .position(|r| r.same(record))
                        .ok_or_else(|| format!("not there: {record:?}"))?;
                    state.remove(at);
                }
                RecordChange::Create(record) => {
                    if state.iter().any(|r| r.record_type == record.record_type) {
                        return Err(format!("already there: {record:?}"));
                    }
                    state.push(record.clone());
                }
            }
        }
        Ok(state)
    }

    fn some_set(record_type: &'static str) -> impl Strategy<Value = Option<RecordSet>> {
        proptest::option::of(prop_oneof![
            (1u32..4, 0u8..3).prop_map(move |(ttl, host)| {
                let value = match record_type {
                    "A" => format!("203.0.113.{host}"),
                    _ => format!("2001:db8::{host}"),
                };
                bench::plain(record_type, ttl * 60, &[&value])
            }),
            (0u8..3).prop_map(move |n| bench::alias(record_type, &format!("b{n}.example.net"))),
        ])
    }

    fn some_state() -> impl Strategy<Value = Vec<RecordSet>> {
        (some_set("A"), some_set("AAAA")).prop_map(|(a, b)| a.into_iter().chain(b).collect())
    }

    proptest! {
        #[test]
        fn a_batch_and_its_inverse_lead_there_and_back(old in some_state(), new in some_state()) {
            let there = apply(&old, &changes(&old, &new)).unwrap();
            prop_assert!(same_sets(&there, &new));
            let back = apply(&there, &changes(&new, &old)).unwrap();
            prop_assert!(same_sets(&back, &old));
        }

        #[test]
        fn a_batch_never_applies_to_another_state(old in some_state(), new in some_state(), other in some_state()) {
            let batch = changes(&old, &new);
            let deleted = batch.iter().filter_map(|c| match c {
                RecordChange::Delete(r) => Some(r.clone()),
                RecordChange::Create(_) => None,
            });
            let missing = deleted.clone().any(|d| !other.iter().any(|o| o.same(&d)));
            if missing {
                prop_assert!(apply(&other, &batch).is_err());
            }
        }
    }

    #[test]
    fn an_alias_is_deleted_without_a_ttl() {
        let mut read = bench::alias("A", "web.example.net");
        read.ttl = Some(0);
        assert_eq!(addresses(&[read])[0].ttl, None);
    }
}
