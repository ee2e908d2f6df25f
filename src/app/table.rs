//! The tables of the screens: which rows, in which order, and what each says. Text only; colours are `ui`'s.
//!
//! The order is worked out when something changed, in `update`; drawing only asks for the text of the rows it shows.

use super::restore_points::RestorePoint;
use super::{App, Screen};
use crate::incident::cell::Health;
use crate::incident::entry::SessionId;
use crate::incident::health::Blame;
use crate::incident::place::{Key, Kind, Region, Service};
use crate::incident::resource::{Registration, Resource};
use crate::incident::story::Tone;
use jiff::Timestamp;
use std::cmp::Ordering;
use std::collections::BTreeSet;

/// A row's identity: the selection follows it, not its position.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowId {
    /// A declared site.
    Site(String),
    /// A watched region.
    Region(Region),
    /// Something that AWS says exists.
    Key(Key),
    /// A target of a site.
    Target {
        /// Site name.
        site: String,
        /// Target name.
        target: String,
    },
    /// A line of the story.
    Event(SessionId, u64),
}

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers and ages.
    Right,
}

/// A column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Heading.
    pub title: &'static str,
    /// Cells it wants at least.
    pub min: u16,
    /// Cells it can use at most.
    pub max: u16,
    /// Left or right.
    pub align: Align,
    /// What is dropped on narrow terminals: the highest first, 0 never.
    pub drop: u8,
}

const fn column(title: &'static str, min: u16, max: u16, align: Align, drop: u8) -> Column {
    Column { title, min, max, align, drop }
}

const INSTANCES: &[Column] = &[
    column("HEALTH", 8, 12, Align::Left, 0),
    column("NAME", 8, 24, Align::Left, 0),
    column("INSTANCE", 12, 19, Align::Left, 0),
    column("CLAIM", 8, 13, Align::Left, 0),
    column("CHECKS", 7, 14, Align::Left, 3),
    column("TYPE", 8, 13, Align::Left, 4),
    column("ZONE", 10, 15, Align::Left, 0),
    column("ADDRESS", 11, 15, Align::Left, 2),
    column("UNDER", 6, 20, Align::Left, 1),
    column("UP", 3, 4, Align::Right, 5),
    column("ACCOUNT", 9, 13, Align::Left, 6),
    column("AGE", 3, 4, Align::Right, 0),
];

const RESTORE_POINTS: &[Column] = &[
    column("DATA OF", 19, 19, Align::Left, 0),
    column("LOST", 4, 5, Align::Right, 0),
    column("DATABASE", 8, 24, Align::Left, 0),
    column("KIND", 9, 14, Align::Left, 0),
    column("POINT", 12, 40, Align::Left, 1),
    column("CLAIM", 9, 14, Align::Left, 0),
    column("PROBE", 7, 12, Align::Left, 2),
    column("GIB", 4, 6, Align::Right, 4),
    column("ENGINE", 8, 18, Align::Left, 5),
    column("REGION", 9, 14, Align::Left, 0),
    column("ACCOUNT", 9, 13, Align::Left, 6),
    column("AGE", 3, 4, Align::Right, 0),
];

const REGISTRATIONS: &[Column] = &[
    column("HEALTH", 8, 14, Align::Left, 0),
    column("FAULT", 5, 5, Align::Left, 0),
    column("BALANCER", 8, 22, Align::Left, 0),
    column("KIND", 4, 7, Align::Left, 3),
    column("GROUP", 6, 20, Align::Left, 2),
    column("TARGET", 12, 19, Align::Left, 0),
    column("NAME", 6, 18, Align::Left, 4),
    column("CLAIM", 9, 14, Align::Left, 0),
    column("REASON", 12, 60, Align::Left, 1),
    column("REGION", 9, 14, Align::Left, 0),
    column("ACCOUNT", 9, 13, Align::Left, 5),
    column("AGE", 3, 4, Align::Right, 0),
];

const APEX: &[Column] = &[
    column("NAME", 14, 32, Align::Left, 0),
    column("TYPE", 6, 10, Align::Left, 0),
    column("POINTS TO", 20, 70, Align::Left, 0),
    column("TTL", 4, 6, Align::Right, 1),
    column("STATE", 10, 28, Align::Left, 0),
    column("ACCOUNT", 9, 13, Align::Left, 2),
    column("AGE", 3, 4, Align::Right, 0),
];

const LOG: &[Column] = &[
    column("TIME", 8, 8, Align::Left, 0),
    column("WHO", 6, 10, Align::Left, 0),
    column("KIND", 9, 10, Align::Left, 1),
    column("WHAT", 30, 200, Align::Left, 0),
];

const BOARD: &[Column] = &[column("NAME", 12, 32, Align::Left, 0)];

/// The columns of a screen's table.
#[must_use]
pub fn columns(screen: Screen) -> &'static [Column] {
    match screen {
        Screen::Board => BOARD,
        Screen::Instances => INSTANCES,
        Screen::RestorePoints => RESTORE_POINTS,
        Screen::Registrations => REGISTRATIONS,
        Screen::Apex => APEX,
        Screen::Log => LOG,
    }
}

/// Selection, filter and sort of one table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListView {
    /// What rows must contain: words, all of them, in any column, in any case.
    pub filter: String,
    /// The column sorted by; `None` is the screen's own order.
    pub sort: Option<usize>,
    /// Largest first.
    pub descending: bool,
    /// The row under the cursor.
    pub selected: Option<RowId>,
    /// Rows marked to be acted on together.
    pub marked: BTreeSet<RowId>,
    /// The first row shown.
    pub offset: usize,
    /// The rows, in order; worked out by `update`.
    pub rows: Vec<RowId>,
    /// How many rows there are without the filter.
    pub unfiltered: usize,
}

impl ListView {
    /// The view that a screen starts with.
    #[must_use]
    pub fn new(screen: Screen) -> Self {
        let _ = screen;
        Self {
            filter: String::new(),
            sort: None,
            descending: false,
            selected: None,
            marked: BTreeSet::new(),
            offset: 0,
            rows: Vec::new(),
            unfiltered: 0,
        }
    }

    /// The position of the selected row.
    #[must_use]
    pub fn position(&self) -> Option<usize> {
        let selected = self.selected.as_ref()?;
        self.rows.iter().position(|row| row == selected)
    }
}

/// A coarse, short span: `3s`, `41m`, `2h`, `9d`.
#[must_use]
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..=99 => format!("{s}s"),
        s @ 100..=5999 => format!("{}m", s / 60),
        s @ 6000..=172_799 => format!("{}h", s / 3600),
        s => format!("{}d", s / 86_400),
    }
}

/// The span between two times.
#[must_use]
pub fn age(now: Timestamp, then: Timestamp) -> String {
    span(now.duration_since(then).as_secs())
}

/// The age of something that is read again and again: in steps of five seconds, so that a quiet screen stays still.
#[must_use]
pub fn coarse_age(now: Timestamp, then: Timestamp) -> String {
    match now.duration_since(then).as_secs() {
        ..5 => "now".into(),
        s @ 5..60 => span(s / 5 * 5),
        s @ 60..100 => span(s / 10 * 10),
        s => span(s),
    }
}

/// `2012-06-30 03:05:00`, UTC.
#[must_use]
pub fn date_time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// `03:05:00`, UTC.
#[must_use]
pub fn clock_time(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}

impl App {
    /// Works out the rows of the screen shown, keeps the selection on its row, or near where it was.
    pub(crate) fn refresh_list(&mut self) {
        let screen = self.screen;
        let Some(view) = self.lists.get(&screen) else { return };
        let all = self.all_rows(screen);
        let unfiltered = all.len();
        let page = self.table_rows();
        let words: Vec<String> = view.filter.to_lowercase().split_whitespace().map(str::to_owned).collect();
        let mut rows = all;
        if !words.is_empty() {
            rows.retain(|row| {
                let text = self.cells(screen, row).join(" ").to_lowercase();
                words.iter().all(|word| text.contains(word))
            });
        }
        if let Some(column) = view.sort {
            let descending = view.descending;
            let mut keyed: Vec<(SortKey, RowId)> =
                rows.into_iter().map(|row| (self.sort_key(screen, &row, column), row)).collect();
            keyed.sort_by(|a, b| if descending { b.0.compare(&a.0) } else { a.0.compare(&b.0) });
            rows = keyed.into_iter().map(|(_, row)| row).collect();
        }
        let Some(view) = self.lists.get_mut(&screen) else { return };
        let was_at = view.position();
        // The selected row stays on its line of the screen when rows appear or go above it.
        let line = was_at.map_or(0, |at| at.saturating_sub(view.offset));
        view.rows = rows;
        view.unfiltered = unfiltered;
        if view.position().is_none() {
            let near = was_at.unwrap_or(0).min(view.rows.len().saturating_sub(1));
            view.selected = view.rows.get(near).cloned();
        }
        let at = view.position().unwrap_or(0);
        view.offset = window(at.saturating_sub(line), at, view.rows.len(), page);
    }

    /// Lines that a table of a screen has on this terminal, about.
    #[must_use]
    pub fn table_rows(&self) -> usize {
        usize::from(self.size.1).saturating_sub(7).max(1)
    }

    /// Every row of a screen, in the screen's own order.
    fn all_rows(&self, screen: Screen) -> Vec<RowId> {
        match screen {
            Screen::Board => {
                let sites = self.opening.sites.iter().map(|site| RowId::Site(site.name.clone()));
                sites.chain(self.opening.regions.iter().cloned().map(RowId::Region)).collect()
            }
            Screen::Instances => {
                let mut keyed: Vec<_> = self
                    .incident
                    .of_kind(Kind::Instance)
                    .map(|seen| {
                        let key = seen.resource.key();
                        let name = match &seen.resource {
                            Resource::Instance(instance) => instance.label(),
                            _ => "",
                        };
                        let (health, _) = self.incident.health(key, self.now);
                        (urgency(health), key.region(), name, key)
                    })
                    .collect();
                keyed.sort();
                keyed.into_iter().map(|(_, _, _, key)| RowId::Key(key.clone())).collect()
            }
            Screen::RestorePoints => {
                let mut keyed: Vec<_> = self
                    .incident
                    .rows
                    .iter()
                    .filter_map(|(key, seen)| {
                        let point = RestorePoint::of(&seen.resource)?;
                        Some((point.database, std::cmp::Reverse(point.data_of), key))
                    })
                    .collect();
                // Newest data first; points without data (backups off) last.
                keyed.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(b.0)).then_with(|| a.2.cmp(b.2)));
                keyed.into_iter().map(|(_, _, key)| RowId::Key(key.clone())).collect()
            }
            Screen::Registrations => {
                let mut keyed: Vec<_> = self
                    .incident
                    .of_kind(Kind::Registration)
                    .map(|seen| {
                        let key = seen.resource.key();
                        let under = match &seen.resource {
                            Resource::Registration(r) => (r.balancer.as_str(), r.under(), r.target.as_str()),
                            _ => ("", "", ""),
                        };
                        let (health, _) = self.incident.health(key, self.now);
                        (urgency(health), key.region(), under, key)
                    })
                    .collect();
                keyed.sort();
                keyed.into_iter().map(|(_, _, _, key)| RowId::Key(key.clone())).collect()
            }
            Screen::Apex => {
                let mut rows = Vec::new();
                for site in &self.opening.sites {
                    rows.push(RowId::Site(site.name.clone()));
                    rows.extend(site.targets.iter().map(|target| RowId::Target {
                        site: site.name.clone(),
                        target: target.name.clone(),
                    }));
                }
                let interesting =
                    self.incident.rows.iter().filter(|(key, seen)| match (&key.kind, &seen.resource) {
                        (Kind::HostedZone, _) => true,
                        (Kind::RecordSet, Resource::RecordSet(record)) => {
                            matches!(record.record_type.as_str(), "A" | "AAAA" | "CNAME" | "HTTPS")
                        }
                        _ => false,
                    });
                let mut keys: Vec<&Key> = interesting.map(|(key, _)| key).collect();
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

    /// What a row says, column by column.
    #[must_use]
    pub fn cells(&self, screen: Screen, row: &RowId) -> Vec<String> {
        match row {
            RowId::Site(name) => self.site_cells(screen, name),
            RowId::Region(region) => vec![region.0.clone()],
            RowId::Target { site, target } => self.target_cells(site, target),
            RowId::Event(session, seq) => self.event_cells(session, *seq),
            RowId::Key(key) => self.key_cells(key),
        }
    }

    fn event_cells(&self, session: &SessionId, seq: u64) -> Vec<String> {
        self.event(session, seq).map_or_else(Vec::new, |event| {
            vec![clock_time(event.ts), event.who.clone(), event.kind.into(), event.text.clone()]
        })
    }

    /// A line of the story.
    #[must_use]
    pub fn event(&self, session: &SessionId, seq: u64) -> Option<&crate::incident::story::Event> {
        self.incident.story.iter().rev().find(|e| e.session == *session && e.seq == seq)
    }

    fn site_cells(&self, screen: Screen, name: &str) -> Vec<String> {
        let Some(site) = self.opening.sites.iter().find(|site| site.name == name) else {
            return vec![name.to_owned()];
        };
        if screen == Screen::Board {
            return vec![site.name.clone()];
        }
        let state = match self.incident.maintenance(name) {
            Some(op) => format!("maintenance since {}", clock_time(op.proposed)),
            None => self.site_evidence(name).map_or_else(String::new, |(_, words)| words),
        };
        vec![
            site.record.clone(),
            "site".into(),
            self.points_to(site).unwrap_or_else(|| "not read yet".into()),
            String::new(),
            state,
            String::new(),
            String::new(),
        ]
    }

    fn target_cells(&self, site: &str, target: &str) -> Vec<String> {
        let Some(site) = self.opening.sites.iter().find(|s| s.name == site) else { return Vec::new() };
        let Some(target) = site.target(target) else { return Vec::new() };
        let mut state = if self.current_target(site).is_some_and(|t| t.name == target.name) {
            "current".to_owned()
        } else {
            self.target_readiness(target).to_string()
        };
        if target.maintenance {
            state.push_str(", maintenance");
        }
        vec![
            format!("  {}", target.name),
            target.kind.id().into(),
            target.place(),
            target.record_ttl().map_or_else(String::new, |ttl| format!("{ttl}s")),
            state,
            String::new(),
            String::new(),
        ]
    }

    fn key_cells(&self, key: &Key) -> Vec<String> {
        let Some(seen) = self.incident.rows.get(key) else { return Vec::new() };
        let (health, word) = self.incident.health(key, self.now);
        let as_of = self.incident.as_of(key).map_or_else(String::new, |at| coarse_age(self.now, at));
        let account = key.place.scope.account.short();
        let region = key.region().0.clone();
        match &seen.resource {
            Resource::Instance(i) => {
                let checks = match (&i.system_status, &i.instance_status) {
                    (Some(system), Some(instance)) if system == instance => system.clone(),
                    (Some(system), Some(instance)) => format!("{system}/{instance}"),
                    (Some(one), None) | (None, Some(one)) => one.clone(),
                    (None, None) => String::new(),
                };
                let under: BTreeSet<&str> =
                    self.registrations_of(key).map(|registration| registration.under()).collect();
                vec![
                    health_word(health, word),
                    i.name.clone(),
                    key.id.clone(),
                    i.state.as_str().to_owned(),
                    checks,
                    i.instance_type.clone(),
                    i.zone.clone(),
                    i.public_ip.clone().or_else(|| i.private_ip.clone()).unwrap_or_default(),
                    under.into_iter().collect::<Vec<_>>().join(" "),
                    i.launched.map_or_else(String::new, |at| age(self.now, at)),
                    account,
                    as_of,
                ]
            }
            Resource::Registration(r) => {
                let instance = key.scope().place(Service::Ec2).key(Kind::Instance, r.target.clone());
                let name = match self.incident.rows.get(&instance).map(|seen| &seen.resource) {
                    Some(Resource::Instance(i)) => i.name.clone(),
                    _ => String::new(),
                };
                let port = r.port.map_or_else(String::new, |port| format!(":{port}"));
                vec![
                    health_word(health, word),
                    Blame::of(r.reason.as_deref()).as_str().into(),
                    r.balancer.clone(),
                    r.balancer_kind.map_or("", |kind| kind.as_str()).into(),
                    r.target_group.clone().unwrap_or_default(),
                    format!("{}{port}", r.target),
                    name,
                    r.state.clone(),
                    reason_words(r),
                    region,
                    account,
                    as_of,
                ]
            }
            Resource::HostedZone(zone) => vec![
                zone.name.trim_end_matches('.').into(),
                if zone.private { "private" } else { "zone" }.into(),
                zone.record_count.map_or_else(String::new, |n| format!("{n} record sets")),
                String::new(),
                String::new(),
                account,
                as_of,
            ],
            Resource::RecordSet(record) => vec![
                format!("  {}", record.name.trim_end_matches('.')),
                record.record_type.clone(),
                record.alias.as_ref().map_or_else(
                    || record.values.join(" "),
                    |alias| format!("alias {}", alias.dns_name.trim_end_matches('.')),
                ),
                record.ttl.map_or_else(String::new, |ttl| format!("{ttl}s")),
                record.routing.clone().unwrap_or_default(),
                account,
                as_of,
            ],
            Resource::Database(_)
            | Resource::Cluster(_)
            | Resource::Snapshot(_)
            | Resource::AutomatedBackup(_)
            | Resource::Balancer(_)
            | Resource::TargetGroup(_) => {
                let Some(point) = RestorePoint::of(&seen.resource) else { return vec![key.id.clone()] };
                let probe = self.incident.evidence_on(key, self.now);
                vec![
                    point.data_of.map_or_else(|| "none".into(), date_time),
                    point.data_of.map_or_else(String::new, |at| age(self.now, at)),
                    point.database.to_owned(),
                    point.kind.to_owned(),
                    point.name.to_owned(),
                    if health == Health::Lie {
                        format!("{} LIE", point.claim)
                    } else {
                        point.claim.to_owned()
                    },
                    probe.map_or_else(String::new, |p| p.evidence.verdict.as_str().to_owned()),
                    point.size_gib.map_or_else(String::new, |gib| gib.to_string()),
                    point.engine.to_owned(),
                    region,
                    account,
                    as_of,
                ]
            }
        }
    }

    /// Where an instance is registered.
    pub fn registrations_of<'a>(&'a self, instance: &'a Key) -> impl Iterator<Item = &'a Registration> {
        let scope = instance.scope();
        [Service::Elb, Service::ElbV2].into_iter().flat_map(move |service| {
            let place = scope.place(service);
            self.incident
                .rows
                .range(place.key(Kind::Registration, "")..)
                .take_while(move |(key, _)| key.place == place && key.kind == Kind::Registration)
                .filter_map(|(_, seen)| match &seen.resource {
                    Resource::Registration(r) if r.target == instance.id => Some(r),
                    _ => None,
                })
        })
    }

    fn sort_key(&self, screen: Screen, row: &RowId, column: usize) -> SortKey {
        // Ages and times sort by the time behind them, everything else by its text, numbers by value.
        let title = columns(screen).get(column).map_or("", |c| c.title);
        let time = match (row, title) {
            (RowId::Key(key), "AGE") => self.incident.as_of(key),
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
        if let (RowId::Key(key), "HEALTH") = (row, title) {
            let (health, word) = self.incident.health(key, self.now);
            return SortKey::Text(format!("{}{word}", urgency(health)));
        }
        let text = self.cells(screen, row).get(column).cloned().unwrap_or_default();
        text.parse::<i64>().map_or_else(|_| SortKey::Text(text.to_lowercase()), SortKey::Number)
    }

    /// How a row sounds: the theme colours by it.
    #[must_use]
    pub fn row_health(&self, row: &RowId) -> Option<Health> {
        match row {
            RowId::Key(key) => Some(self.incident.health(key, self.now).0),
            RowId::Site(name) => self.site_evidence(name).map(|(health, _)| health),
            RowId::Region(_) | RowId::Target { .. } | RowId::Event(..) => None,
        }
    }

    /// The tone of a story row.
    #[must_use]
    pub fn row_tone(&self, row: &RowId) -> Option<Tone> {
        match row {
            RowId::Event(session, seq) => self.event(session, *seq).map(|e| e.tone),
            RowId::Key(_) | RowId::Site(_) | RowId::Region(_) | RowId::Target { .. } => None,
        }
    }
}

/// The first row shown so that the row `at` is in sight, near to where the window was.
///
/// A window that has to move moves by half its height: over a slow line that is one repaint instead of twenty.
#[must_use]
pub fn window(first: usize, at: usize, rows: usize, height: usize) -> usize {
    let height = height.max(1);
    let most = rows.saturating_sub(height);
    let first = if at < first {
        at.saturating_sub(height / 2)
    } else if at >= first + height {
        at + 1 - height + height / 2
    } else {
        first
    };
    first.min(most)
}

/// What sorts a row up: everything that needs eyes before everything that does not.
fn urgency(health: Health) -> u8 {
    match health {
        Health::Lie => 0,
        Health::Down => 1,
        Health::Changing => 2,
        // Stale, claimed and proven rows keep one order, so that a cell that fails does not make its rows jump.
        Health::Stale | Health::Claimed | Health::Proven => 3,
    }
}

fn health_word(health: Health, word: &str) -> String {
    match health {
        Health::Lie => "LIE".into(),
        Health::Down => word.to_uppercase(),
        Health::Changing => word.into(),
        Health::Stale => "stale".into(),
        Health::Claimed => "claimed".into(),
        Health::Proven => "ok".into(),
    }
}

fn reason_words(registration: &Registration) -> String {
    match (&registration.reason, &registration.description) {
        (Some(reason), Some(description)) => format!("{reason}: {description}"),
        (Some(one), None) | (None, Some(one)) => one.clone(),
        (None, None) => String::new(),
    }
}

enum SortKey {
    Number(i64),
    Text(String),
}

impl SortKey {
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Number(a), Self::Number(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            (Self::Number(_), Self::Text(_)) => Ordering::Less,
            (Self::Text(_), Self::Number(_)) => Ordering::Greater,
        }
    }
}
