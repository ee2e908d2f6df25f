//! What was left to another cockpit and is ours again: its news stopped coming, or our own logbook refuses.
//!
//! Whoever reads for others is heard every few seconds, also with nothing to tell. When a reader is not, we write a line of
//! our own: a disk that refuses it refuses theirs too (or nobody could tell), so nothing is left to anybody, and all is
//! asked from here. Where it is taken, the reader is in trouble alone, and the next in the order goes on. A cockpit whose
//! logbook refuses leaves something to another only when it hears them after that: their disk takes lines.
//!
//! Who reads what in the first place is `sharing`'s. Pure; tested with whole crews in `tests/silence.rs`.

use super::sharing::{TURN_S, usual_pause};
use super::{App, LogState};
use crate::incident::entry::SessionId;
use crate::incident::place::Place;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// Seconds without a word from a reader after which we write, to learn whether our own disk takes it.
const DOUBTED_S: i64 = 7;
/// Seconds without a word after which the next in the order reads in their place.
const OVERTAKEN_S: i64 = 12;

impl App {
    /// Those to whom a cell is left.
    fn readers(&self) -> BTreeSet<&SessionId> {
        self.schedule.values().filter_map(|schedule| schedule.left_to.as_ref()).collect()
    }

    /// Seconds since a session was heard; what is in the log from before our time counts for nothing.
    fn silent_for(&self, session: &SessionId) -> i64 {
        let since = self.sharing.listening.unwrap_or(self.started).max(self.started);
        let heard = self.sharing.heard.get(session).map_or(since, |at| since.max(*at));
        self.now.duration_since(heard).as_secs()
    }

    /// Whether somebody who reads for us is not heard any more.
    pub(super) fn doubts_a_reader(&self) -> bool {
        self.readers().into_iter().any(|reader| self.silent_for(reader) >= DOUBTED_S)
    }

    /// Takes back what is left to readers that are not heard: at once where our own lines are refused, else one in the
    /// order after the other.
    pub(super) fn overtake_silent(&mut self) {
        let refused = self.log != LogState::Writing;
        let limit = if refused { DOUBTED_S } else { OVERTAKEN_S };
        let readers = self.readers().into_iter();
        let silent: BTreeSet<SessionId> =
            readers.filter(|reader| self.silent_for(reader) >= limit).cloned().collect();
        if silent.is_empty() {
            return;
        }
        let crew = self.crew();
        // The reader itself comes before us.
        let turn = |place: &Place| if refused { 0 } else { TURN_S * (self.rank(&crew, place) - 1).max(0) };
        let places: Vec<(Place, i64)> = self
            .schedule
            .iter()
            .filter_map(|(place, schedule)| Some((place, schedule.left_to.as_ref()?)))
            .filter(|(_, reader)| silent.contains(*reader))
            .map(|(place, reader)| (place, reader, turn(place)))
            .filter(|(_, reader, turn)| self.silent_for(reader) >= limit + turn)
            .map(|(place, _, turn)| (place.clone(), turn))
            .collect();
        places.iter().for_each(|(place, turn)| self.take_back(place, *turn));
        if refused || self.rank_here(&crew) <= 1 {
            self.take_back_evidence(&silent);
        }
    }

    /// Our logbook refuses: who reads for us may be refused as well, and would not be heard.
    pub(super) fn read_alone(&mut self) {
        let left = self.schedule.iter().filter(|(_, schedule)| schedule.left_to.is_some());
        let places: Vec<Place> = left.map(|(place, _)| place.clone()).collect();
        places.iter().for_each(|place| self.take_back(place, 0));
        let everybody = self.incident.sessions.keys().cloned().collect();
        self.take_back_evidence(&everybody);
    }

    /// A cell is ours from now on: it is asked when the usual pause since its last reading is over, and our turn has come.
    fn take_back(&mut self, place: &Place, turn: i64) {
        let read = self.incident.cells.get(place).map(|cell| cell.last_attempt);
        let pause = SignedDuration::from_secs(usual_pause(place.service) + turn);
        let due = read.map_or(self.now, |at| at + pause);
        if let Some(schedule) = self.schedule.get_mut(place) {
            schedule.left_to = None;
            schedule.ask_at(schedule.due.map(|before| before.min(due)));
        }
    }

    /// What these looked at is looked at from here, at the next tick.
    pub(super) fn take_back_evidence(&mut self, sessions: &BTreeSet<SessionId>) {
        self.take_back_subjects(sessions);
        self.take_back_servers(sessions);
    }

    /// Nobody heard anything while the machine was stopped or its clock leapt: readers are given their time anew.
    pub(super) fn listen_anew(&mut self) {
        self.sharing.listening = Some(self.now);
    }
}
