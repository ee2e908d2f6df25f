//! The fold, kept: so that a cockpit opens on what is known without reading a million entries first.
//!
//! A checkpoint is no fact of its own: it is what folding every entry up to [`Incident::heads`] gives, and folding the
//! entries after them gives the present. It is split into its rows, which may be a hundred thousand, and the rest. The
//! story keeps its newest [`STORY_KEPT`] lines; all of it is in the log. Where it is kept and how it is tied to the log
//! is `logbook`'s.

use super::cell::{Cell, ProbeSubject, Probed};
use super::dns::Switch;
use super::entry::SessionId;
use super::fold::{Declaration, Identity, Incident, Presence, Seen};
use super::hash::PlanHash;
use super::health::claimed_trouble;
use super::operation::Operation;
use super::place::{Key, Place, Profile};
use super::provisional::{Presumption, Provisional, ProvisionalKept};
use super::story::Event;
use super::touched::Touched;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Lines of the story that a checkpoint keeps.
pub const STORY_KEPT: usize = 5_000;

/// Everything of an incident but its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    cells: Vec<(Place, Cell)>,
    probes: Vec<(ProbeSubject, Probed)>,
    switches: Vec<(String, Switch)>,
    disagreements: Vec<(String, Timestamp, String)>,
    #[serde(default)]
    lies: Vec<(Key, Timestamp, String)>,
    #[serde(default)]
    ended_credentials: Vec<(SessionId, Profile, Timestamp)>,
    #[serde(default)]
    refusing_regions: Vec<(SessionId, Profile, (Timestamp, Vec<String>))>,
    #[serde(default)]
    unidentified: Vec<(SessionId, Profile, Timestamp)>,
    #[serde(default)]
    skews: Vec<(SessionId, Timestamp, i64)>,
    sessions: Vec<(SessionId, Presence)>,
    identities: Vec<(SessionId, Profile, Identity)>,
    operations: Vec<(PlanHash, Operation)>,
    declarations: Vec<Declaration>,
    story: Vec<Event>,
    entries: u64,
    latest: Option<Timestamp>,
    gone: Vec<(Key, Timestamp, SessionId)>,
    presumptions: Vec<(SessionId, Profile, Presumption)>,
    provisional: ProvisionalKept,
    heads: Vec<(SessionId, u64)>,
}

impl Incident {
    /// Everything but the rows.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        // Taken apart by name: a field that is added must be kept, or said not to be.
        let Self {
            cells,
            rows: _,
            probes,
            switches,
            disagreements,
            lies,
            ended_credentials,
            refusing_regions,
            unidentified,
            skews,
            sessions,
            identities,
            operations,
            declarations,
            story,
            entries,
            latest,
            gone,
            presumptions,
            provisional,
            heads,
            touched: _,
            troubled: _,
        } = self;
        fn pairs<K: Clone, V: Clone>(map: &BTreeMap<K, V>) -> Vec<(K, V)> {
            map.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        fn of_sessions<T: Clone>(map: &BTreeMap<(SessionId, Profile), T>) -> Vec<(SessionId, Profile, T)> {
            map.iter().map(|((session, of), it)| (session.clone(), of.clone(), it.clone())).collect()
        }
        Checkpoint {
            cells: pairs(cells),
            probes: pairs(probes),
            switches: pairs(switches),
            disagreements: pairs(disagreements)
                .into_iter()
                .map(|(site, (at, why))| (site, at, why))
                .collect(),
            lies: pairs(lies).into_iter().map(|(key, (at, why))| (key, at, why)).collect(),
            ended_credentials: of_sessions(ended_credentials),
            refusing_regions: of_sessions(refusing_regions),
            unidentified: of_sessions(unidentified),
            skews: pairs(skews).into_iter().map(|(session, (at, ahead))| (session, at, ahead)).collect(),
            sessions: pairs(sessions),
            identities: of_sessions(identities),
            operations: pairs(operations),
            declarations: declarations.clone(),
            story: story.get(story.len().saturating_sub(STORY_KEPT)..).unwrap_or_default().to_vec(),
            entries: *entries,
            latest: *latest,
            gone: pairs(gone).into_iter().map(|(key, (at, by))| (key, at, by)).collect(),
            presumptions: of_sessions(presumptions),
            provisional: provisional.into(),
            heads: pairs(heads),
        }
    }

    /// The incident that a checkpoint and its rows were made from.
    #[must_use]
    pub fn from_checkpoint(kept: Checkpoint, rows: impl IntoIterator<Item = Seen>) -> Self {
        fn by_session<T>(kept: Vec<(SessionId, Profile, T)>) -> BTreeMap<(SessionId, Profile), T> {
            kept.into_iter().map(|(session, profile, it)| ((session, profile), it)).collect()
        }
        let mut incident = Self {
            cells: kept.cells.into_iter().collect(),
            rows: rows.into_iter().map(|seen| (seen.resource.key().clone(), seen)).collect(),
            probes: kept.probes.into_iter().collect(),
            switches: kept.switches.into_iter().collect(),
            disagreements: kept.disagreements.into_iter().map(|(site, at, why)| (site, (at, why))).collect(),
            lies: kept.lies.into_iter().map(|(key, at, why)| (key, (at, why))).collect(),
            ended_credentials: by_session(kept.ended_credentials),
            refusing_regions: by_session(kept.refusing_regions),
            unidentified: by_session(kept.unidentified),
            skews: kept.skews.into_iter().map(|(session, at, ahead)| (session, (at, ahead))).collect(),
            sessions: kept.sessions.into_iter().collect(),
            identities: by_session(kept.identities),
            operations: kept.operations.into_iter().collect(),
            declarations: kept.declarations,
            story: kept.story,
            entries: kept.entries,
            latest: kept.latest,
            gone: kept.gone.into_iter().map(|(key, at, by)| (key, (at, by))).collect(),
            presumptions: by_session(kept.presumptions),
            provisional: Provisional::from(kept.provisional),
            heads: kept.heads.into_iter().collect(),
            touched: Touched::default(),
            troubled: BTreeSet::new(),
        };
        incident.touched.everything();
        incident.troubled = incident
            .rows
            .iter()
            .filter(|(_, seen)| claimed_trouble(&seen.resource).is_some())
            .map(|(key, _)| key.clone())
            .collect();
        incident
    }
}
