//! What is worth probing: what the operator declared, and what can be guessed from what AWS lists.
//!
//! Guessed are a database's endpoint (it has to greet in the words of its engine), a balancer's DNS name (asked as the
//! site that points at it would be asked, else for its first port), and the address of an instance on the port that it
//! is registered with. An instance under no balancer has no port that anybody named: it is not probed unless declared.
//! Large estates are not probed all: what is in view, then the first of each kind, never more than a fixed number.

use super::Wanted;
use crate::app::App;
use crate::app::table::RowId;
use crate::incident::cell::ProbeSubject;
use crate::incident::place::{Key, Kind, Region, Service};
use crate::incident::probe::{DeclaredProbe, Dialect, ProbeQuestion, ProbeTarget, host_and_port};
use crate::incident::request::{Probe, ProbeHow};
use crate::incident::resource::{
    Balancer, Database, Instance, InstanceState, Registration, Resource, TargetGroup, speaks_tcp,
};
use crate::incident::site::SiteProbe;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

/// How many of each kind are guessed at most, beside those in view; and how many registrations are looked through.
#[derive(Debug, Clone, Copy)]
struct Most {
    databases: usize,
    balancers: usize,
    instances: usize,
    registrations: usize,
}

/// For a cockpit, which goes round and round.
const MOST: Most = Most { databases: 64, balancers: 32, instances: 64, registrations: 4_000 };
/// For a run that looks once and waits for all of them.
const MOST_ONCE: Most = Most { databases: 32, balancers: 16, instances: 16, registrations: 4_000 };

impl App {
    /// Everything that is worth probing, each subject once, what was declared first.
    pub(super) fn probes_wanted(&self) -> Vec<Wanted> {
        let mut wanted: Vec<Wanted> = Vec::new();
        for site in &self.opening.sites {
            if let Some(probe) = &site.probe {
                let subject = ProbeSubject::Site(site.name.clone());
                wanted.push(declared(subject, ProbeHow::Http(probe.clone())));
            }
        }
        for probe in &self.opening.probes.declared {
            wanted.extend(self.declared_wanted(probe));
        }
        if self.opening.probes.inferred {
            let most = if self.opening.looks_only { MOST_ONCE } else { MOST };
            wanted.extend(self.in_view().iter().filter_map(|key| self.guess(key)));
            wanted.extend(self.site_balancers());
            let databases = self.incident.of_kind(Kind::Database).map(|seen| seen.resource.key());
            wanted.extend(databases.filter_map(|key| self.guess(key)).take(most.databases));
            let balancers = self.incident.of_kind(Kind::Balancer).map(|seen| seen.resource.key());
            wanted.extend(balancers.filter_map(|key| self.guess(key)).take(most.balancers));
            wanted.extend(self.registered(most));
        }
        let mut seen = BTreeSet::new();
        wanted.retain(|wanted| seen.insert(wanted.probe.subject.clone()));
        wanted
    }

    /// The subjects of the selected row, and of the rows on the screen.
    pub(super) fn subjects_in_view(&self) -> (BTreeSet<ProbeSubject>, BTreeSet<ProbeSubject>) {
        let subjects = |row: &RowId| -> Vec<ProbeSubject> {
            match row {
                RowId::Site(name) => vec![ProbeSubject::Site(name.clone())],
                RowId::Target { site, target } => {
                    let site = self.opening.sites.iter().find(|declared| declared.name == *site);
                    let balancer =
                        site.and_then(|site| site.target(target)).and_then(|target| self.balancer_of(target));
                    balancer.and_then(|balancer| ProbeSubject::of(&balancer.key)).into_iter().collect()
                }
                RowId::Key(key) => {
                    let subject = self.behind(key).and_then(|key| ProbeSubject::of(&key));
                    subject.into_iter().collect()
                }
                RowId::Region(_) | RowId::Event(..) => Vec::new(),
            }
        };
        let Some(view) = self.lists.get(&self.screen) else { return Default::default() };
        let selected = view.selected.iter().flat_map(subjects).collect();
        let shown = view.rows.from(view.offset).take(self.table_rows());
        (selected, shown.flat_map(subjects).collect())
    }

    /// The rows that stand behind those on the screen and can be probed.
    fn in_view(&self) -> Vec<Key> {
        let Some(view) = self.lists.get(&self.screen) else { return Vec::new() };
        let shown = view.rows.from(view.offset).take(self.table_rows());
        let rows = view.selected.iter().chain(shown).filter_map(|row| match row {
            RowId::Key(key) => self.behind(key),
            RowId::Site(_) | RowId::Region(_) | RowId::Target { .. } | RowId::Event(..) => None,
        });
        rows.collect()
    }

    /// The row that is probed for a row: of a registration, the instance.
    fn behind(&self, key: &Key) -> Option<Key> {
        match key.kind {
            Kind::Registration => match &self.incident.rows.get(key)?.resource {
                Resource::Registration(r) => Some(instance_of(r)),
                _ => None,
            },
            Kind::Instance | Kind::Database | Kind::Balancer => Some(key.clone()),
            Kind::Cluster
            | Kind::Snapshot
            | Kind::AutomatedBackup
            | Kind::TargetGroup
            | Kind::HostedZone
            | Kind::RecordSet => None,
        }
    }

    // --- declared ---

    fn declared_wanted(&self, probe: &DeclaredProbe) -> Vec<Wanted> {
        let (kind, name) = match &probe.on {
            ProbeTarget::Endpoint(name) => {
                let how = declared_how(probe, None, None);
                return how
                    .map(|how| declared(ProbeSubject::Endpoint(name.clone()), how))
                    .into_iter()
                    .collect();
            }
            ProbeTarget::Instance(name) => (Kind::Instance, name),
            ProbeTarget::Balancer(name) => (Kind::Balancer, name),
            ProbeTarget::Database(name) => (Kind::Database, name),
        };
        let here = |region: &Region| probe.region.as_ref().is_none_or(|wanted| region.0 == *wanted);
        let rows = self.incident.of_kind(kind).filter(|seen| here(seen.resource.key().region()));
        let named = rows.filter(|seen| match &seen.resource {
            Resource::Instance(instance) => instance.key.id == *name || instance.name == *name,
            Resource::Balancer(balancer) => balancer.name == *name,
            resource => resource.key().id == *name,
        });
        let how = |resource: &Resource| match resource {
            // What does not claim to run is not asked.
            Resource::Instance(i) if i.state == InstanceState::Running => {
                let address = i.public_ip.clone().or_else(|| i.private_ip.clone());
                declared_how(probe, address, None)
            }
            Resource::Balancer(b) => {
                let port = first_tcp_port(b);
                declared_how(probe, Some(b.dns_name.clone()), port)
            }
            Resource::Database(d) if d.status == "available" => {
                let endpoint = d.endpoint.as_ref();
                declared_how(probe, endpoint.map(|e| e.host.clone()), endpoint.map(|e| e.port))
            }
            _ => None,
        };
        named
            .filter_map(|seen| Some(declared(ProbeSubject::of(seen.resource.key())?, how(&seen.resource)?)))
            .collect()
    }

    // --- guessed ---

    /// How a row would be probed without being declared.
    fn guess(&self, key: &Key) -> Option<Wanted> {
        match &self.incident.rows.get(key)?.resource {
            Resource::Database(database) => guess_database(database),
            Resource::Balancer(balancer) => guess_balancer(balancer),
            Resource::Instance(instance) => {
                let registration = self.registrations_of(key).find(|r| self.instance_port(r).is_some())?;
                guess_instance(instance, self.instance_port(registration)?)
            }
            Resource::Cluster(_)
            | Resource::Snapshot(_)
            | Resource::AutomatedBackup(_)
            | Resource::TargetGroup(_)
            | Resource::Registration(_)
            | Resource::HostedZone(_)
            | Resource::RecordSet(_) => None,
        }
    }

    /// Balancers that sites may point at, asked as a visitor of the site would ask.
    fn site_balancers(&self) -> impl Iterator<Item = Wanted> {
        let sites = self.opening.sites.iter().filter_map(|site| Some((site, site.probe.as_ref()?)));
        sites.flat_map(move |(site, probe)| {
            site.targets.iter().filter_map(move |target| {
                let balancer = self.balancer_of(target)?;
                let asked = as_visitor(probe, balancer)?;
                guessed(
                    ProbeSubject::Balancer(balancer.key.clone()),
                    ProbeHow::Http(asked),
                    is_internal(balancer),
                )
            })
        })
    }

    /// Running instances that are registered somewhere, on the port that they are registered with.
    fn registered(&self, most: Most) -> Vec<Wanted> {
        let mut found: BTreeMap<Key, Wanted> = BTreeMap::new();
        let rows = self.incident.of_kind(Kind::Registration).take(most.registrations);
        for seen in rows {
            if found.len() >= most.instances {
                break;
            }
            let Resource::Registration(registration) = &seen.resource else { continue };
            let key = instance_of(registration);
            if found.contains_key(&key) {
                continue;
            }
            let Some(Resource::Instance(instance)) = self.incident.rows.get(&key).map(|seen| &seen.resource)
            else {
                continue;
            };
            let port = self.instance_port(registration);
            if let Some(wanted) = port.and_then(|port| guess_instance(instance, port)) {
                found.insert(key, wanted);
            }
        }
        found.into_values().collect()
    }

    /// The TCP port on which a registered instance is sent traffic, if one is told.
    fn instance_port(&self, registration: &Registration) -> Option<u16> {
        let place = &registration.key.place;
        match &registration.target_group_arn {
            Some(arn) => {
                let group = self.incident.rows.get(&place.key(Kind::TargetGroup, arn.clone()));
                let speaks_tcp = match group.map(|seen| &seen.resource) {
                    Some(Resource::TargetGroup(group)) => is_tcp(group),
                    Some(_) | None => false,
                };
                registration.port.filter(|_| speaks_tcp).and_then(|port| u16::try_from(port).ok())
            }
            None => {
                let balancer =
                    self.incident.rows.get(&place.key(Kind::Balancer, registration.balancer.clone()))?;
                match &balancer.resource {
                    Resource::Balancer(b) => b.listeners.first().and_then(|listener| listener.instance_port),
                    _ => None,
                }
            }
        }
    }
}

fn declared(subject: ProbeSubject, how: ProbeHow) -> Wanted {
    Wanted { probe: Probe { subject, how }, declared: true, private: false }
}

fn guessed(subject: ProbeSubject, how: ProbeHow, private: bool) -> Option<Wanted> {
    Some(Wanted { probe: Probe { subject, how }, declared: false, private })
}

/// A declared question put to where it goes: `connect` of the config before the resource's own address and port.
fn declared_how(probe: &DeclaredProbe, address: Option<String>, usual_port: Option<u16>) -> Option<ProbeHow> {
    let connect = probe.connect.as_deref().and_then(host_and_port);
    let (host, connect_port) = match connect {
        Some((host, port)) => (Some(host), port),
        None => (address.clone(), None),
    };
    match &probe.question {
        ProbeQuestion::Http(site) => {
            let mut site = site.clone();
            site.connect = site.connect.or_else(|| probe.connect.clone()).or(address);
            Some(ProbeHow::Http(site))
        }
        ProbeQuestion::Tcp { port } => {
            Some(ProbeHow::Tcp { host: host?, port: connect_port.or(*port).or(usual_port)? })
        }
        ProbeQuestion::Greeting { dialect, port } => Some(ProbeHow::Greeting {
            dialect: *dialect,
            host: host?,
            port: connect_port.or(*port).or(usual_port)?,
        }),
    }
}

fn guess_database(database: &Database) -> Option<Wanted> {
    let endpoint = database.endpoint.clone().filter(|_| database.status == "available")?;
    let how = match Dialect::of_engine(&database.engine) {
        Some(dialect) => ProbeHow::Greeting { dialect, host: endpoint.host, port: endpoint.port },
        None => ProbeHow::Tcp { host: endpoint.host, port: endpoint.port },
    };
    guessed(ProbeSubject::Database(database.key.clone()), how, false)
}

/// A balancer that no site names: whether its first port takes connections. Nobody said what it should answer.
fn guess_balancer(balancer: &Balancer) -> Option<Wanted> {
    let how = ProbeHow::Tcp { host: balancer.dns_name.clone(), port: first_tcp_port(balancer)? };
    guessed(ProbeSubject::Balancer(balancer.key.clone()), how, is_internal(balancer))
}

/// The first port on which a balancer takes connections, if that is known.
fn first_tcp_port(balancer: &Balancer) -> Option<u16> {
    balancer.listeners.iter().find(|listener| listener.takes_tcp()).map(|listener| listener.port)
}

/// Whether a balancer's name leads to private addresses.
fn is_internal(balancer: &Balancer) -> bool {
    balancer.scheme.as_deref() == Some("internal")
}

fn guess_instance(instance: &Instance, port: u16) -> Option<Wanted> {
    if instance.state != InstanceState::Running {
        return None;
    }
    let host = instance.public_ip.clone().or_else(|| instance.private_ip.clone())?;
    let private = host.parse().is_ok_and(is_private);
    guessed(ProbeSubject::Instance(instance.key.clone()), ProbeHow::Tcp { host, port }, private)
}

/// The site's own question, put to a balancer by its DNS name. A balancer that is known not to listen on the site's port
/// is asked by plain HTTP, as whoever stands before it would; `None` if it does not listen for that either.
fn as_visitor(probe: &SiteProbe, balancer: &Balancer) -> Option<SiteProbe> {
    let mut asked = SiteProbe { connect: Some(balancer.dns_name.clone()), ..probe.clone() };
    let listens = |port| balancer.listeners.iter().any(|listener| listener.port == port);
    if balancer.listeners.is_empty() || listens(probe.port()?) {
        return Some(asked);
    }
    let rest = asked.url.strip_prefix("https://").filter(|_| listens(80))?;
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, _) = host_and_port(authority)?;
    asked.url = format!("http://{host}{path}");
    Some(asked)
}

fn instance_of(registration: &Registration) -> Key {
    registration.key.scope().place(Service::Ec2).key(Kind::Instance, registration.target.clone())
}

fn is_tcp(group: &TargetGroup) -> bool {
    group.protocol.as_deref().is_some_and(speaks_tcp)
}

/// Addresses that another network may give to somebody else.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => {
            let [a, b, ..] = v4.octets();
            v4.is_private() || v4.is_loopback() || v4.is_link_local() || (a == 100 && (64..128).contains(&b))
        }
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unique_local() || v6.is_unicast_link_local(),
    }
}
