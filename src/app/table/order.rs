//! Which rows a table has, and in which order.
//!
//! The two tables that can have a hundred thousand rows, instances and registrations, follow what changed row by row, a
//! slice at a time; the others are worked out as a whole. So what a key press or a page costs does not grow with the estate.

use super::super::restore_points::RestorePoint;
use super::super::{App, Screen};
use super::rows::{BETWEEN, Content, Row, Wanted, column_of};
use super::sort::SortKey;
use super::{RowId, columns, window};
use crate::incident::cell::{Health, STALE_AFTER_S, SweepStatus};
use crate::incident::entry::Mode;
use crate::incident::place::{Key, Kind, Place, Region, Service};
use crate::incident::resource::Resource;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// The tables that follow what changed, with what they list.
const FOLLOWING: [(Screen, Kind); 2] =
    [(Screen::Instances, Kind::Instance), (Screen::Registrations, Kind::Registration)];
/// Changed rows taken in at once by the table shown.
const SLICE: usize = 1_000;
/// Changed rows taken in at once by a table that is not shown.
const SLICE_BEHIND: usize = 600;

/// Which rows of a cell are stale.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Staleness {
    None,
    /// All but those of these availability zones, without these instances.
    AllBut(Vec<String>, Vec<String>),
    Whole,
}

/// What the tables were last worked out from.
#[derive(Debug, Clone, Default)]
pub(in crate::app) struct Listing {
    /// The screen they were worked out for.
    shown: Option<Screen>,
    /// Cells whose rows are stale.
    stale: BTreeMap<Place, Staleness>,
    /// Counts how often rows changed.
    changes: u64,
    /// When it was last looked for rows that the mere passing of time changed.
    looked: Option<Timestamp>,
    /// What the table that is worked out as a whole came from.
    basis: Option<Basis>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Basis {
    screen: Screen,
    entries: u64,
    changes: u64,
    events: usize,
    wanted: Wanted,
    /// With a filter or a sort: words and ages may have changed by themselves.
    second: Option<i64>,
}

/// The kind that a table follows row by row.
fn followed(screen: Screen) -> Option<Kind> {
    FOLLOWING.into_iter().find(|(following, _)| *following == screen).map(|(_, kind)| kind)
}

impl Listing {
    /// The table shown is opened anew, even where it was shown before.
    pub(in crate::app) fn open_anew(&mut self) {
        self.shown = None;
    }
}

impl App {
    /// Works out the rows of the screen shown, keeps the selection on its row, or near where it was.
    pub(crate) fn refresh_list(&mut self) {
        let screen = self.screen;
        let before = self.listing.shown.replace(screen);
        let turned = before != Some(screen);
        let Some(view) = self.lists.get(&screen) else { return };
        let was_at = view.position();
        let words = view.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let wanted = Wanted { words, sort: view.sort.map(|column| (column, view.descending)) };
        if self.has_screen() {
            self.gather_changes();
            for (following, _) in FOLLOWING {
                let most = match following == screen {
                    true if turned => usize::MAX,
                    true => SLICE,
                    // The first frame comes before what nobody looks at.
                    false if before.is_none() => continue,
                    false => SLICE_BEHIND,
                };
                self.take_changes(following, most);
            }
        } else {
            drop(self.incident.take_touched());
        }
        match followed(screen) {
            Some(_) => self.show_wanted(screen, &wanted),
            None => self.work_out(screen, &wanted),
        }
        let page = self.table_rows();
        let Some(view) = self.lists.get_mut(&screen) else { return };
        // The selected row stays on its line of the screen when rows appear or go above it.
        let line = was_at.map_or(0, |at| at.saturating_sub(view.offset));
        view.unfiltered = view.rows.unfiltered();
        let at = match view.position() {
            Some(at) => at,
            None => was_at.unwrap_or(0).min(view.rows.len().saturating_sub(1)),
        };
        view.select(at);
        view.offset = window(at.saturating_sub(line), at, view.rows.len(), page);
        self.fit_columns(screen, turned);
    }

    /// Whether anybody can look at the long tables: whoever sweeps once, or only records, needs none.
    fn has_screen(&self) -> bool {
        !self.opening.looks_only && self.opening.mode != Mode::Record
    }

    /// Finds out which rows may be otherwise than the tables that follow have them.
    fn gather_changes(&mut self) {
        let touched = self.incident.take_touched();
        if !touched.is_empty() {
            self.listing.changes += 1;
        }
        match touched.keys() {
            Some(keys) => {
                for key in keys {
                    self.row_changed(key);
                }
            }
            None => {
                for (screen, kind) in FOLLOWING {
                    let keys = self.incident.of_kind(kind).map(|seen| seen.resource.key().clone()).collect();
                    if let Some(view) = self.lists.get_mut(&screen) {
                        view.rows.clear();
                        view.pending = keys;
                    }
                }
            }
        }
        self.gather_stale();
        self.gather_restless();
    }

    /// Evidence that has just become too old to go by, or that a replay which goes back made fresh again: what its row
    /// says changes by the mere passing of time.
    fn gather_faded(&mut self, before: Timestamp) {
        let fresh = |at: Timestamp, now: Timestamp| now.duration_since(at).as_secs() <= STALE_AFTER_S;
        let turned: Vec<Key> = self
            .incident
            .probes
            .iter()
            .filter(|(_, probed)| fresh(probed.at, before) != fresh(probed.at, self.now))
            .filter_map(|(subject, _)| subject.key().cloned())
            .collect();
        turned.iter().for_each(|key| self.row_changed(key));
    }

    fn row_changed(&mut self, key: &Key) {
        // A row says things of others: where an instance is registered, what a registered instance is called.
        let other = match (key.kind, self.incident.rows.get(key).map(|seen| &seen.resource)) {
            (Kind::Instance, _) => self.registrations_of(key).map(|r| r.key.clone()).collect(),
            (Kind::Registration, Some(Resource::Registration(registration))) => {
                vec![key.scope().place(Service::Ec2).key(Kind::Instance, registration.target.clone())]
            }
            _ => Vec::new(),
        };
        for key in other.into_iter().chain([key.clone()]) {
            let following = FOLLOWING.into_iter().find(|(_, kind)| *kind == key.kind);
            if let Some((screen, _)) = following
                && let Some(view) = self.lists.get_mut(&screen)
            {
                view.pending.insert(key);
            }
        }
    }

    /// Rows of a cell that turned stale, or fresh again, say so.
    fn gather_stale(&mut self) {
        let now = self.now;
        let mut turned = Vec::new();
        for (place, cell) in &self.incident.cells {
            let old = |at| now.duration_since(at).as_secs() > STALE_AFTER_S;
            let stale = match &cell.status {
                SweepStatus::Ok { .. } if cell.last_ok.is_none_or(old) => Staleness::Whole,
                SweepStatus::Ok { .. } => Staleness::None,
                SweepStatus::Failed { .. } => Staleness::Whole,
                SweepStatus::Partial { answered, missing, .. } => {
                    let read = |zone: &&String| cell.zones.get(*zone).is_some_and(|at| !old(*at));
                    Staleness::AllBut(answered.iter().filter(read).cloned().collect(), missing.clone())
                }
            };
            match self.listing.stale.get_mut(place) {
                Some(known) if *known == stale => {}
                Some(known) => {
                    *known = stale;
                    turned.push(place.clone());
                }
                None => {
                    if stale != Staleness::None {
                        turned.push(place.clone());
                    }
                    self.listing.stale.insert(place.clone(), stale);
                }
            }
        }
        for place in turned {
            let keys: Vec<Key> = self.incident.rows_of(&place).map(|(key, _)| key.clone()).collect();
            for key in keys {
                let following = FOLLOWING.into_iter().find(|(_, kind)| *kind == key.kind);
                if let Some((screen, _)) = following
                    && let Some(view) = self.lists.get_mut(&screen)
                {
                    view.pending.insert(key);
                }
            }
        }
    }

    /// Rows that need eyes may stop to by the mere passing of time: looked at once a second.
    fn gather_restless(&mut self) {
        let before = self.listing.looked.replace(self.now);
        if before.is_some_and(|before| before.as_second() == self.now.as_second()) {
            return;
        }
        self.gather_faded(before.unwrap_or(self.now));
        let calm = urgency(Health::Claimed);
        for (screen, _) in FOLLOWING {
            let Some(view) = self.lists.get(&screen) else { continue };
            let turned: Vec<Key> = view
                .rows
                .restless(calm)
                .filter_map(|row| match &*row.id {
                    RowId::Key(key) if urgency(self.incident.health(key, self.now).0) != row.urgency => {
                        Some(key.clone())
                    }
                    RowId::Key(_)
                    | RowId::Site(_)
                    | RowId::Region(_)
                    | RowId::Target { .. }
                    | RowId::Event(..) => None,
                })
                .collect();
            if let Some(view) = self.lists.get_mut(&screen) {
                view.pending.extend(turned);
            }
        }
    }

    /// Takes some of the changed rows of a table in.
    fn take_changes(&mut self, screen: Screen, most: usize) {
        let Some(view) = self.lists.get_mut(&screen) else { return };
        if view.pending.is_empty() {
            return;
        }
        let some = if view.pending.len() <= most {
            std::mem::take(&mut view.pending)
        } else {
            let rest = view.pending.iter().nth(most).cloned().map(|first| view.pending.split_off(&first));
            std::mem::replace(&mut view.pending, rest.unwrap_or_default())
        };
        let changes =
            some.into_iter().map(|key| (RowId::Key(key.clone()), self.followed_row(screen, &key))).collect();
        let mut rows =
            self.lists.get_mut(&screen).map(|view| std::mem::take(&mut view.rows)).unwrap_or_default();
        rows.change(changes, |row, text, column| self.sort_key(screen, row, text, column));
        if let Some(view) = self.lists.get_mut(&screen) {
            view.rows = rows;
        }
    }

    /// A row of a table that follows, if it is still there.
    fn followed_row(&self, screen: Screen, key: &Key) -> Option<Content> {
        let seen = self.incident.rows.get(key)?;
        let mut order = format!("{}\0", key.region());
        match &seen.resource {
            Resource::Instance(instance) => order.push_str(instance.label()),
            Resource::Registration(r) => {
                let _ = write!(order, "{}\0{}\0{}", r.balancer, r.under(), r.target);
            }
            Resource::Database(_)
            | Resource::Cluster(_)
            | Resource::Snapshot(_)
            | Resource::AutomatedBackup(_)
            | Resource::Balancer(_)
            | Resource::TargetGroup(_)
            | Resource::HostedZone(_)
            | Resource::RecordSet(_) => return None,
        }
        let (health, _) = self.incident.health(key, self.now);
        let text = self.row_text(screen, &RowId::Key(key.clone()));
        Some(Content { urgency: urgency(health), order: order.into(), text })
    }

    /// What a filter looks at.
    fn row_text(&self, screen: Screen, row: &RowId) -> String {
        let mut text = String::with_capacity(160);
        for (at, cell) in self.cells(screen, row).iter().enumerate() {
            if at > 0 {
                text.push(BETWEEN);
            }
            if !columns(screen).get(at).is_some_and(|column| is_age(column.title)) {
                text.push_str(&cell.to_lowercase());
            }
        }
        text
    }

    fn show_wanted(&mut self, screen: Screen, wanted: &Wanted) {
        let Some(view) = self.lists.get_mut(&screen) else { return };
        let mut rows = std::mem::take(&mut view.rows);
        rows.show(wanted, |row, text, column| self.sort_key(screen, row, text, column));
        let sorted = wanted.sort.and_then(|(column, _)| columns(screen).get(column));
        // Rows grow old together, until their cell is read again: what is sorted by that is sorted again when the clock
        // shows another second. Every other column changes with its row, and only then.
        let second = Some(self.now.as_second());
        let due = self.listing.basis.as_ref().is_none_or(|basis| basis.second != second);
        if sorted.is_some_and(|column| column.title == "AGE") && due {
            rows.sort_again(|row, text, column| self.sort_key(screen, row, text, column));
            self.listing.basis = Some(self.basis(screen, wanted, second));
        }
        if let Some(view) = self.lists.get_mut(&screen) {
            view.rows = rows;
        }
    }

    fn basis(&self, screen: Screen, wanted: &Wanted, second: Option<i64>) -> Basis {
        Basis {
            screen,
            entries: self.incident.entries,
            changes: self.listing.changes,
            events: self.incident.story.len(),
            wanted: wanted.clone(),
            second,
        }
    }

    /// Works a table out as a whole, unless nothing that it comes from changed.
    fn work_out(&mut self, screen: Screen, wanted: &Wanted) {
        let second = (!wanted.is_all()).then(|| self.now.as_second());
        let basis = self.basis(screen, wanted, second);
        // These two are short, and come from what is declared too.
        let long = !matches!(screen, Screen::Board | Screen::Apex);
        if long && self.listing.basis.as_ref() == Some(&basis) {
            return;
        }
        let rows = self
            .all_rows(screen)
            .into_iter()
            .enumerate()
            .map(|(at, id)| {
                let text = if wanted.is_all() { String::new() } else { self.row_text(screen, &id) };
                (id, Content { urgency: 0, order: format!("{at:08}").into(), text })
            })
            .collect();
        let mut table =
            self.lists.get_mut(&screen).map(|view| std::mem::take(&mut view.rows)).unwrap_or_default();
        table.replace(rows, wanted, |row, text, column| self.sort_key(screen, row, text, column));
        if let Some(view) = self.lists.get_mut(&screen) {
            view.rows = table;
        }
        self.listing.basis = Some(basis);
    }

    /// Every row of a screen whose table is worked out as a whole, in the screen's own order.
    fn all_rows(&self, screen: Screen) -> Vec<RowId> {
        match screen {
            Screen::Board => {
                let sites = self.opening.sites.iter().map(|site| RowId::Site(site.name.clone()));
                let regions = self.opening.regions.iter().cloned().chain([Region::global()]);
                sites.chain(regions.map(RowId::Region)).collect()
            }
            Screen::Instances | Screen::Registrations => Vec::new(),
            Screen::RestorePoints => {
                let kinds = [Kind::Database, Kind::Cluster, Kind::Snapshot, Kind::AutomatedBackup];
                let mut keyed: Vec<_> = kinds
                    .into_iter()
                    .flat_map(|kind| self.incident.of_kind(kind))
                    .filter_map(|seen| {
                        let point = RestorePoint::of(&seen.resource)?;
                        let key = seen.resource.key();
                        let is_lie = self.incident.health(key, self.now).0 == Health::Lie;
                        Some((point.database, std::cmp::Reverse(point.data_of), key, !is_lie))
                    })
                    .collect();
                // What is contradicted first, then the newest data; points without data (backups off) last.
                keyed.sort_by(|a, b| {
                    a.3.cmp(&b.3)
                        .then_with(|| a.1.cmp(&b.1))
                        .then_with(|| a.0.cmp(b.0))
                        .then_with(|| a.2.cmp(b.2))
                });
                keyed.into_iter().map(|(_, _, key, _)| RowId::Key(key.clone())).collect()
            }
            Screen::Apex => {
                let mut rows = Vec::new();
                let mut sites: Vec<_> = self.opening.sites.iter().collect();
                // What contradicts itself is seen first; the others stay in the config's order.
                sites.sort_by_key(|site| !self.incident.disagreements.contains_key(&site.name));
                for site in sites {
                    rows.push(RowId::Site(site.name.clone()));
                    rows.extend(site.targets.iter().map(|target| RowId::Target {
                        site: site.name.clone(),
                        target: target.name.clone(),
                    }));
                }
                let zones = self.incident.of_kind(Kind::HostedZone);
                let records = self.incident.of_kind(Kind::RecordSet).filter(|seen| match &seen.resource {
                    Resource::RecordSet(record) => {
                        matches!(record.record_type.as_str(), "A" | "AAAA" | "CNAME" | "HTTPS")
                    }
                    _ => false,
                });
                let mut keys: Vec<&Key> = zones.chain(records).map(|seen| seen.resource.key()).collect();
                // A zone, then its records.
                keys.sort_by_key(|key| {
                    let zone = key.id.split('>').next().unwrap_or(&key.id);
                    (key.place.clone(), zone.to_owned(), key.kind != Kind::HostedZone, key.id.clone())
                });
                rows.extend(keys.into_iter().cloned().map(RowId::Key));
                rows
            }
            Screen::Log => {
                // Newest first: what just happened is where the eye lands.
                self.incident.story.iter().rev().map(|e| RowId::Event(e.session.clone(), e.seq)).collect()
            }
        }
    }

    fn sort_key<'a>(&self, screen: Screen, row: &Row, text: &'a str, column: usize) -> SortKey<'a> {
        // Ages and times sort by the time behind them, everything else by its text, numbers by value.
        let title = columns(screen).get(column).map_or("", |c| c.title);
        let time = match (&*row.id, title) {
            (id, "AGE") => self.row_as_of(id),
            (RowId::Key(key), "UP") => self.incident.rows.get(key).and_then(|seen| match &seen.resource {
                Resource::Instance(i) => i.launched,
                _ => None,
            }),
            (RowId::Key(key), "DATA OF" | "LOST") => self
                .incident
                .rows
                .get(key)
                .and_then(|s| RestorePoint::of(&s.resource))
                .and_then(|p| p.data_of),
            _ => None,
        };
        if let Some(at) = time {
            return SortKey::Number(-at.as_microsecond());
        }
        if let (RowId::Event(session, seq), "TIME") = (&*row.id, title) {
            return SortKey::Number(self.event(session, *seq).map_or(0, |event| event.ts.as_microsecond()));
        }
        let text = column_of(text, column);
        if title == "HEALTH" {
            return SortKey::Ranked(row.urgency, text);
        }
        text.parse::<i64>().map_or(SortKey::Text(text), SortKey::Number)
    }
}

/// Columns whose text changes by itself: a filter does not look at them.
fn is_age(title: &str) -> bool {
    matches!(title, "AGE" | "UP" | "LOST")
}

/// What sorts a row up: everything that needs eyes before everything that does not.
fn urgency(health: Health) -> u8 {
    match health {
        Health::Lie => 0,
        Health::Down => 1,
        Health::Changing | Health::Unknown => 2,
        // Stale, quiet and proven rows keep one order, so that a cell that fails does not make its rows jump.
        Health::Stale | Health::Off | Health::Claimed | Health::Proven => 3,
    }
}
