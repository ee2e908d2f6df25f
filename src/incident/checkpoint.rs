//! The fold, kept: so that a cockpit opens on what is known without reading a million entries first.
//!
//! A checkpoint is no fact of its own: it is what folding every entry up to [`Incident::heads`] gives, and folding the
//! entries after them gives the present. It is split into its rows, which may be a hundred thousand, and the rest. The
//! story keeps its newest [`STORY_KEPT`] lines; all of it is in the log. Where it is kept and how it is tied to the log
//! is `logbook`'s.

use super::cell::{Cell, ProbeSubject, Probed};
use super::entry::SessionId;
use super::fold::{Declaration, Identity, Incident, Presence, Seen};
use super::hash::PlanHash;
use super::operation::Operation;
use super::place::{Key, Place, Profile};
use super::story::Event;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Lines of the story that a checkpoint keeps.
pub const STORY_KEPT: usize = 5_000;

/// Everything of an incident but its rows.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    cells: Vec<(Place, Cell)>,
    probes: Vec<(ProbeSubject, Probed)>,
    sessions: Vec<(SessionId, Presence)>,
    identities: Vec<(SessionId, Profile, Identity)>,
    operations: Vec<(PlanHash, Operation)>,
    declarations: Vec<Declaration>,
    story: Vec<Event>,
    entries: u64,
    latest: Option<Timestamp>,
    gone: Vec<(Key, Timestamp, SessionId)>,
    heads: Vec<(SessionId, u64)>,
}

impl Incident {
    /// Everything but the rows.
    #[must_use]
    pub fn checkpoint(&self) -> Checkpoint {
        let story = self.story.len().saturating_sub(STORY_KEPT);
        Checkpoint {
            cells: self.cells.iter().map(|(place, cell)| (place.clone(), cell.clone())).collect(),
            probes: self.probes.iter().map(|(subject, probed)| (subject.clone(), probed.clone())).collect(),
            sessions: self.sessions.iter().map(|(session, who)| (session.clone(), who.clone())).collect(),
            identities: self
                .identities
                .iter()
                .map(|((session, profile), identity)| (session.clone(), profile.clone(), identity.clone()))
                .collect(),
            operations: self.operations.iter().map(|(hash, it)| (hash.clone(), it.clone())).collect(),
            declarations: self.declarations.clone(),
            story: self.story.get(story..).unwrap_or_default().to_vec(),
            entries: self.entries,
            latest: self.latest,
            gone: self.gone.iter().map(|(key, (at, by))| (key.clone(), *at, by.clone())).collect(),
            heads: self.heads.iter().map(|(session, seq)| (session.clone(), *seq)).collect(),
        }
    }

    /// The incident that a checkpoint and its rows were made from.
    #[must_use]
    pub fn from_checkpoint(kept: Checkpoint, rows: impl IntoIterator<Item = Seen>) -> Self {
        let mut incident = Self {
            cells: kept.cells.into_iter().collect(),
            rows: rows.into_iter().map(|seen| (seen.resource.key().clone(), seen)).collect(),
            probes: kept.probes.into_iter().collect(),
            sessions: kept.sessions.into_iter().collect(),
            identities: kept.identities.into_iter().map(|(s, profile, it)| ((s, profile), it)).collect(),
            operations: kept.operations.into_iter().collect(),
            declarations: kept.declarations,
            story: kept.story,
            entries: kept.entries,
            latest: kept.latest,
            gone: kept.gone.into_iter().map(|(key, at, by)| (key, (at, by))).collect(),
            heads: kept.heads.into_iter().collect(),
            ..Self::default()
        };
        incident.touched.everything();
        incident
    }
}
