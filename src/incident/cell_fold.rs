//! How a cell takes in what is told of it: the end of a sweep, and that nothing changed.
//!
//! Pure, on one cell alone: the fold asks it for the cell that is shown, and for what would be known without those whose
//! account is not verified. It refuses to know which of these it is.

use super::cell::{Cell, READ_ELSEWHERE_S, SLOW_MS, SweepStatus};
use super::entry::{Entry, SessionId};
use super::flapping::STEADY_AFTER_S;
use jiff::Timestamp;
use std::collections::BTreeMap;

impl Cell {
    /// The cell after the end of a sweep.
    ///
    /// What a session that `has_left` had read says nothing against a failing that came since.
    pub(super) fn swept(
        known: Option<Self>,
        entry: &Entry,
        status: &SweepStatus,
        has_left: impl Fn(&SessionId) -> bool,
    ) -> Self {
        let ok = matches!(status, SweepStatus::Ok { .. });
        let mut cell = match known {
            // It comes late, and tells all the same how old what is shown may be.
            Some(cell) if cell.last_attempt > entry.ts => cell.read_at(ok.then_some(entry.ts)),
            // It was read from elsewhere a moment ago: the failing is about the way there, until that one fails too.
            Some(cell) if !ok && read_elsewhere(&cell, entry, has_left) => cell,
            Some(mut cell) => {
                // The story tells of failing that lasts (`Body::Failing`, or a sweep that ends later than that), and of
                // the end of what it told.
                cell.told = !ok && (cell.told || cell.worth_telling(entry.ts));
                if cell.is_ok() != ok {
                    // What failed for as long did not flap: it was down.
                    if ok && entry.ts.duration_since(cell.since).as_secs() >= STEADY_AFTER_S {
                        cell.flapping = None;
                    }
                    cell.since = entry.ts;
                }
                cell.is_slow = cell.is_slow_after(status);
                cell.status = status.clone();
                cell.last_attempt = entry.ts;
                cell.by = Some(entry.session.clone());
                if ok {
                    cell.last_ok = Some(entry.ts);
                    cell.failures = 0;
                    cell.zones.clear();
                    cell.missing.clear();
                } else {
                    cell.failures += 1;
                }
                cell
            }
            None => Self {
                status: status.clone(),
                since: entry.ts,
                last_attempt: entry.ts,
                last_ok: ok.then_some(entry.ts),
                zones: BTreeMap::new(),
                missing: Vec::new(),
                failures: u32::from(!ok),
                told: false,
                flapping: None,
                is_slow: status.took().is_some_and(|took| took >= SLOW_MS),
                by: Some(entry.session.clone()),
            },
        };
        if let SweepStatus::Partial { answered, missing, .. } = status {
            cell.missing.clone_from(missing);
            for zone in answered {
                let read = cell.zones.entry(zone.clone()).or_insert(entry.ts);
                *read = entry.ts.max(*read);
            }
        }
        cell
    }

    /// The cell after a session read it again and found what it knew.
    pub(super) fn unchanged(mut self, session: &SessionId, at: Timestamp) -> Self {
        if self.last_attempt > at {
            return self.read_at(Some(at));
        }
        if !self.is_ok() {
            // Somebody else's failing came between two sweeps of one who never failed.
            self.status = SweepStatus::Ok { latency_ms: 0 };
            self.is_slow = false;
            self.since = at;
            self.failures = 0;
            self.told = false;
            self.zones.clear();
            self.missing.clear();
        }
        self.last_ok = self.last_ok.max(Some(at));
        self.last_attempt = at;
        self.by = Some(session.clone());
        self
    }

    /// The cell, when it turns out that a sweep succeeded before the newest word on it.
    fn read_at(mut self, at: Option<Timestamp>) -> Self {
        let last_ok = self.last_ok.max(at);
        self.zones.retain(|_, read| Some(*read) > last_ok);
        self.last_ok = last_ok;
        self
    }

    /// The cell after it failed as it had before.
    pub(super) fn failing_still(mut self, at: Timestamp) -> Self {
        if !self.is_ok() {
            self.last_attempt = self.last_attempt.max(at);
        }
        self
    }

    /// The cell after somebody told that it has failed for long.
    pub(super) fn failing_for_long(mut self, at: Timestamp) -> Self {
        self.told |= self.worth_telling(at);
        self
    }

    /// What a session told that found a cell as others had left it.
    pub(super) fn found_first(self) -> Self {
        let at = self.last_attempt;
        let last_ok = self.is_ok().then_some(at);
        Self { since: at, last_ok, zones: BTreeMap::new(), missing: Vec::new(), ..self }
    }

    /// The cell after a sweep of a session that brought nothing new, before its heartbeat says so.
    pub(super) fn touched(mut self, session: &SessionId, at: Timestamp, status: &SweepStatus) -> Self {
        self.last_attempt = at;
        match status {
            SweepStatus::Ok { .. } => {
                self.last_ok = Some(at);
                self.failures = 0;
                self.is_slow = self.is_slow_after(status);
                self.status = status.clone();
            }
            SweepStatus::Failed { .. } | SweepStatus::Partial { .. } => self.failures += 1,
        }
        self.by = Some(session.clone());
        self
    }
}

/// Whether another session than the entry's read this cell so lately that the entry's failing says nothing about it.
fn read_elsewhere(cell: &Cell, entry: &Entry, has_left: impl Fn(&SessionId) -> bool) -> bool {
    let young = cell.last_ok.is_some_and(|at| entry.ts.duration_since(at).as_secs() <= READ_ELSEWHERE_S);
    cell.is_ok() && young && cell.by.as_ref().is_some_and(|by| *by != entry.session && !has_left(by))
}
