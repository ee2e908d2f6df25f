//! The tables of the screens: which rows, in which order, and what each says. Text only; colours are `ui`'s.
//!
//! The order is worked out when something changed, in `update`; drawing only asks for the text of the rows it shows.

use super::{App, Screen};
use crate::incident::cell::Health;
use crate::incident::entry::SessionId;
use crate::incident::health::Blame;
use crate::incident::place::{Key, Kind, Region, Service};
use crate::incident::resource::{Registration, Resource, normalise_name};
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
    /// The order in which columns are dropped on narrow terminals: 0 is never dropped.
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
        view.rows = rows;
        view.unfiltered = unfiltered;
        if view.position().is_none() {
            let near = was_at.unwrap_or(0).min(view.rows.len().saturating_sub(1));
            view.selected = view.rows.get(near).cloned();
        }
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
                keyed.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)).then_with(|| a.2.cmp(b.2)));
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
            self.target_readiness(target)
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
        let as_of = self.incident.as_of(key).map_or_else(String::new, |at| age(self.now, at));
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
        self.incident.of_kind(Kind::Registration).filter_map(move |seen| match &seen.resource {
            Resource::Registration(r) if r.target == instance.id && r.key.scope() == scope => Some(r),
            _ => None,
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

    /// The records at a site's name that answer people: A and AAAA.
    pub fn site_records<'a>(
        &'a self,
        site: &'a crate::incident::site::Site,
    ) -> impl Iterator<Item = &'a crate::incident::resource::RecordSet> {
        let name = normalise_name(&site.record);
        self.incident.of_kind(Kind::RecordSet).filter_map(move |seen| match &seen.resource {
            Resource::RecordSet(r) if r.name == name && matches!(r.record_type.as_str(), "A" | "AAAA") => {
                Some(r)
            }
            _ => None,
        })
    }

    /// Where a site's record points, in words.
    #[must_use]
    pub fn points_to(&self, site: &crate::incident::site::Site) -> Option<String> {
        let record = self.site_records(site).find(|r| r.record_type == "A")?;
        Some(match self.current_target(site) {
            Some(target) => format!("{} ({} {})", target.name, target.kind.id(), target.place()),
            None => record.points_to(),
        })
    }

    /// The declared target that a site's A record points at.
    #[must_use]
    pub fn current_target<'a>(
        &self,
        site: &'a crate::incident::site::Site,
    ) -> Option<&'a crate::incident::site::SiteTarget> {
        let record = self.site_records(site).find(|r| r.record_type == "A")?;
        site.targets.iter().find(|target| self.answers_for(target, record))
    }

    fn answers_for(
        &self,
        target: &crate::incident::site::SiteTarget,
        record: &crate::incident::resource::RecordSet,
    ) -> bool {
        match &record.alias {
            None => {
                let wanted: BTreeSet<String> =
                    target.addresses.iter().filter(|a| a.is_ipv4()).map(ToString::to_string).collect();
                !wanted.is_empty() && wanted == record.values.iter().cloned().collect()
            }
            Some(alias) => {
                let bare = |name: &str| {
                    let name = normalise_name(name);
                    name.strip_prefix("dualstack.").map_or(name.clone(), str::to_owned)
                };
                let dns = bare(&alias.dns_name);
                if let Some(name) = &target.dns_name {
                    return bare(name) == dns;
                }
                self.balancer_of(target).is_some_and(|balancer| bare(&balancer.dns_name) == dns)
            }
        }
    }

    /// The balancer that a site's target names, if it was read.
    #[must_use]
    pub fn balancer_of(
        &self,
        target: &crate::incident::site::SiteTarget,
    ) -> Option<&crate::incident::resource::Balancer> {
        let (region, name) = (target.region.as_ref()?, target.balancer.as_ref()?);
        self.incident.of_kind(Kind::Balancer).find_map(|seen| match &seen.resource {
            Resource::Balancer(b) if b.name == *name && b.key.region().0 == *region => Some(b),
            _ => None,
        })
    }

    /// What speaks for or against pointing people at a target, in a few words.
    #[must_use]
    pub fn target_readiness(&self, target: &crate::incident::site::SiteTarget) -> String {
        if !target.kind.is_balancer() {
            return "outside AWS".into();
        }
        let Some(balancer) = self.balancer_of(target) else { return "balancer not seen".into() };
        let failing = self.incident.cells.get(&balancer.key.place).is_some_and(|cell| !cell.is_ok());
        let registrations: Vec<&Registration> = self
            .incident
            .of_kind(Kind::Registration)
            .filter_map(|seen| match &seen.resource {
                Resource::Registration(r)
                    if r.balancer == balancer.name && r.key.region() == balancer.key.region() =>
                {
                    Some(r)
                }
                _ => None,
            })
            .collect();
        let up = registrations.iter().filter(|r| r.in_service()).count();
        let stale = if failing { ", stale" } else { "" };
        format!("{up}/{} in service{stale}", registrations.len())
    }

    /// What the newest probe of a site says, in words, with its health.
    #[must_use]
    pub fn site_evidence(&self, site: &str) -> Option<(Health, String)> {
        let subject = crate::incident::cell::ProbeSubject::Site(site.to_owned());
        let probed = self.incident.probes.get(&subject)?;
        let since = age(self.now, probed.since);
        let fresh = self.now.duration_since(probed.at).as_secs() <= crate::incident::cell::STALE_AFTER_S;
        Some(match probed.evidence.verdict {
            crate::incident::cell::Verdict::Answers if fresh => {
                (Health::Proven, format!("{} ok {since}", probed.evidence.detail))
            }
            crate::incident::cell::Verdict::Answers => {
                (Health::Stale, format!("{} {} ago", probed.evidence.detail, age(self.now, probed.at)))
            }
            crate::incident::cell::Verdict::Wrong
            | crate::incident::cell::Verdict::Refused
            | crate::incident::cell::Verdict::TimedOut
            | crate::incident::cell::Verdict::Unreachable => {
                (Health::Down, format!("{} DOWN {since}", probed.evidence.detail))
            }
        })
    }
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

/// Something that a database can be restored from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RestorePoint<'a> {
    /// The DB instance or cluster it is of.
    pub database: &'a str,
    /// `point in time`, `automated`, `manual`, ….
    pub kind: &'a str,
    /// The snapshot's or backup's name.
    pub name: &'a str,
    /// How new the data is.
    pub data_of: Option<Timestamp>,
    /// Status, as claimed.
    pub claim: &'a str,
    /// Size.
    pub size_gib: Option<i32>,
    /// Engine.
    pub engine: &'a str,
}

impl<'a> RestorePoint<'a> {
    /// The restore point that a row is, if it is one.
    #[must_use]
    pub fn of(resource: &'a Resource) -> Option<Self> {
        match resource {
            Resource::Database(d) => Some(Self {
                database: &d.key.id,
                kind: "point in time",
                name: if d.latest_restorable.is_some() { "newest log" } else { "backups off" },
                data_of: d.latest_restorable,
                claim: &d.status,
                size_gib: Some(d.storage_gib),
                engine: &d.engine,
            }),
            Resource::Cluster(c) => Some(Self {
                database: &c.key.id,
                kind: "cluster",
                name: "newest log",
                data_of: c.latest_restorable,
                claim: &c.status,
                size_gib: None,
                engine: &c.engine,
            }),
            Resource::Snapshot(s) => Some(Self {
                database: &s.source,
                kind: s.snapshot_kind.as_str(),
                name: &s.name,
                data_of: s.data_as_of.or(s.created),
                claim: &s.status,
                size_gib: Some(s.size_gib),
                engine: &s.engine,
            }),
            Resource::AutomatedBackup(b) => Some(Self {
                database: &b.source,
                kind: "backup window",
                name: b.arn.as_deref().unwrap_or(&b.key.id),
                data_of: b.latest,
                claim: &b.status,
                size_gib: None,
                engine: &b.engine,
            }),
            Resource::Instance(_)
            | Resource::Balancer(_)
            | Resource::TargetGroup(_)
            | Resource::Registration(_)
            | Resource::HostedZone(_)
            | Resource::RecordSet(_) => None,
        }
    }
}
