//! What is provisional as a checkpoint keeps it: pairs, for not every key is a text. Only `checkpoint` asks for it.

use super::{Beneath, Provisional, Sight, Told};
use crate::incident::cell::{Cell, ProbeSubject, Probed};
use crate::incident::entry::SessionId;
use crate::incident::place::{Account, Key, Place};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What one session told, as a checkpoint keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct ToldKept {
    session: SessionId,
    called: Account,
    rows: Vec<(Key, Sight)>,
    cells: Vec<(Place, Cell)>,
    probes: Vec<(ProbeSubject, Probed)>,
    lies: Vec<Key>,
}

/// Everything provisional, as a checkpoint keeps it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::incident) struct ProvisionalKept {
    told: Vec<ToldKept>,
    rows: Vec<(Key, Option<Sight>)>,
    cells: Vec<(Place, Option<Cell>)>,
    probes: Vec<(ProbeSubject, Option<Probed>)>,
}

impl From<&Provisional> for ProvisionalKept {
    fn from(all: &Provisional) -> Self {
        fn pairs<K: Clone, V: Clone>(map: &BTreeMap<K, V>) -> Vec<(K, V)> {
            map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        let told = all.told.iter().map(|((session, called), told)| ToldKept {
            session: session.clone(),
            called: called.clone(),
            rows: pairs(&told.rows),
            cells: pairs(&told.cells),
            probes: pairs(&told.probes),
            lies: told.lies.iter().cloned().collect(),
        });
        Self {
            told: told.collect(),
            rows: pairs(&all.beneath.rows),
            cells: pairs(&all.beneath.cells),
            probes: pairs(&all.beneath.probes),
        }
    }
}

impl From<ProvisionalKept> for Provisional {
    fn from(kept: ProvisionalKept) -> Self {
        let told = kept.told.into_iter().map(|told| {
            let ToldKept { session, called, rows, cells, probes, lies } = told;
            let told = Told {
                rows: rows.into_iter().collect(),
                cells: cells.into_iter().collect(),
                probes: probes.into_iter().collect(),
                lies: lies.into_iter().collect(),
            };
            ((session, called), told)
        });
        Self {
            told: told.collect(),
            beneath: Beneath {
                rows: kept.rows.into_iter().collect(),
                cells: kept.cells.into_iter().collect(),
                probes: kept.probes.into_iter().collect(),
            },
        }
    }
}
