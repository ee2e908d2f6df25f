//! What each row says, column by column, as text.

use super::{RowId, age, coarse_age, date_time, day_time};
use crate::app::restore_points::RestorePoint;
use crate::app::{App, Screen};
use crate::incident::cell::Health;
use crate::incident::entry::SessionId;
use crate::incident::health::Blame;
use crate::incident::place::{Key, Kind, Service};
use crate::incident::resource::{Registration, Resource};
use jiff::Timestamp;
use std::collections::BTreeSet;

impl App {
    /// What a row says, column by column.
    #[must_use]
    pub fn cells(&self, screen: Screen, row: &RowId) -> Vec<String> {
        match row {
            RowId::Site(name) => self.site_cells(screen, name),
            RowId::Region(region) => vec![region.0.to_string()],
            RowId::Target { site, target } => self.target_cells(site, target),
            RowId::Event(session, seq) => self.event_cells(session, *seq),
            RowId::Key(key) => self.key_cells(key),
        }
    }

    fn event_cells(&self, session: &SessionId, seq: u64) -> Vec<String> {
        self.event(session, seq).map_or_else(Vec::new, |event| {
            vec![day_time(self.now, event.ts), event.who.clone(), event.kind.into(), event.text.clone()]
        })
    }

    /// A line of the story.
    #[must_use]
    pub fn event(&self, session: &SessionId, seq: u64) -> Option<&crate::incident::story::Event> {
        self.incident.story.iter().rev().find(|e| e.session == *session && e.seq == seq)
    }

    /// When what a row shows was read.
    pub(super) fn row_as_of(&self, row: &RowId) -> Option<Timestamp> {
        let declared = |name: &str| self.opening.sites.iter().find(|site| site.name == name);
        match row {
            RowId::Key(key) => self.incident.as_of(key),
            RowId::Site(name) => self.records_as_of(declared(name)?),
            RowId::Target { site, target } => {
                let balancer = self.balancer_of(declared(site)?.target(target)?)?;
                self.incident.as_of(&balancer.key)
            }
            RowId::Region(_) | RowId::Event(..) => None,
        }
    }

    /// The age of what a row shows.
    fn row_age(&self, row: &RowId) -> String {
        self.row_as_of(row).map_or_else(String::new, |at| coarse_age(self.now, at))
    }

    fn site_cells(&self, screen: Screen, name: &str) -> Vec<String> {
        let Some(site) = self.opening.sites.iter().find(|site| site.name == name) else {
            return vec![name.to_owned()];
        };
        if screen == Screen::Board {
            return vec![site.name.clone()];
        }
        let state = match self.incident.maintenance_since(name) {
            _ if self.incident.disagreements.contains_key(name) => "DNS disagrees".to_owned(),
            Some((since, _)) => format!("maintenance since {}", day_time(self.now, since)),
            None => self.site_verdict(name).unwrap_or_default(),
        };
        vec![
            format!("{}  {}", site.name, site.record),
            "site".into(),
            self.points_to(site).unwrap_or_else(|| "not read yet".into()),
            String::new(),
            state,
            String::new(),
            self.row_age(&RowId::Site(name.to_owned())),
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
        if let Some(words) = self.target_evidence(target) {
            state.push_str(", ");
            state.push_str(&words);
        }
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
            self.row_age(&RowId::Target { site: site.name.clone(), target: target.name.clone() }),
        ]
    }

    fn key_cells(&self, key: &Key) -> Vec<String> {
        let Some(seen) = self.incident.rows.get(key) else { return Vec::new() };
        let (health, word) = self.incident.health(key, self.now);
        let as_of = self.incident.as_of(key).map_or_else(String::new, |at| coarse_age(self.now, at));
        let account = key.place.scope.account.short();
        let probe = self
            .incident
            .evidence_on(key, self.now)
            .map_or_else(String::new, |probed| probed.evidence.verdict.as_str().to_owned());
        let region = key.region().0.to_string();
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
                    probe,
                    checks,
                    i.instance_type.clone(),
                    region,
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
                    probe,
                    reason_words(r),
                    region,
                    account,
                    as_of,
                ]
            }
            Resource::HostedZone(zone) => vec![
                zone.name.trim_end_matches('.').into(),
                if zone.private { "private" } else { "zone" }.into(),
                zone.record_count.map_or_else(String::new, |n| match n {
                    1 => "1 record set".into(),
                    n => format!("{n} record sets"),
                }),
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
                vec![
                    point.data_of.map_or_else(|| "none".into(), date_time),
                    point.data_of.map_or_else(String::new, |at| age(self.now, at)),
                    point.database.to_owned(),
                    point.kind.to_owned(),
                    // Of an ARN what tells it from others; the detail has it whole.
                    point.name.rsplit_once("auto-backup:").map_or(point.name, |(_, id)| id).to_owned(),
                    if health == Health::Lie {
                        format!("LIE {}", point.claim)
                    } else {
                        point.claim.to_owned()
                    },
                    probe,
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
}

fn health_word(health: Health, word: &str) -> String {
    match health {
        Health::Lie => "LIE".into(),
        Health::Down => word.to_uppercase(),
        Health::Changing | Health::Unknown | Health::Off => word.into(),
        Health::Stale => "stale".into(),
        Health::Claimed => "claimed".into(),
        Health::Proven => "ok".into(),
    }
}

fn reason_words(registration: &Registration) -> String {
    // Classic balancers say "N/A" where there is nothing to say.
    let told = |text: &Option<String>| text.clone().filter(|text| text != "N/A");
    match (told(&registration.reason), told(&registration.description)) {
        (Some(reason), Some(description)) => format!("{reason}: {description}"),
        (Some(one), None) | (None, Some(one)) => one,
        (None, None) => String::new(),
    }
}
