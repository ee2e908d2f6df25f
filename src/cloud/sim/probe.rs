//! What a probe finds: the truth, as it looks from outside, whatever the APIs claim.
//!
//! A site is asked as a browser would ask it: its name is resolved by what the name servers answer, an alias is
//! followed to its balancer, the balancer to a target that truly answers, and that to the database it needs.

use super::elb::carries;
use super::state::{Db, DbTruth, LoadBalancer, Served, State};
use super::weather::Dice;
use crate::incident::cell::{Certificate, Evidence, Trust, Verdict};
use crate::incident::probe::{Dialect, host_and_port};
use crate::incident::request::{Probe, ProbeHow};
use crate::incident::resource::{RecordSet, normalise_name};
use crate::incident::site::SiteProbe;
use jiff::Timestamp;
use std::net::IpAddr;

/// What a probe waits for a connection or an answer.
const WAIT_MS: u64 = 5_000;
/// How many aliases and CNAMEs are followed.
const HOPS: usize = 8;

/// What came back from a web server.
enum Got {
    Page(Served),
    TimedOut,
    Refused,
    Unreachable(String),
}

impl Got {
    fn error(status: u16) -> Self {
        Self::Page(Served { status, body: String::new(), label: None, needs: None })
    }
}

/// Looks.
pub(super) fn probe(state: &State, dice: Dice, now: Timestamp, probe: &Probe) -> Evidence {
    let quick = |label: &str| {
        u64::try_from(dice.latency(&format!("probe {label}"), now, 90).as_millis()).unwrap_or(WAIT_MS)
    };
    match &probe.how {
        ProbeHow::Dns(asked) => super::dns::ask(state, dice, now, asked),
        ProbeHow::Http(site) => {
            let elsewhere = site.connect.as_deref().and_then(host_and_port).map(|(host, _)| host);
            let got = fetch(state, now, &elsewhere.unwrap_or_else(|| host_of(&site.url)));
            let (mut verdict, mut detail) = judged(site, &got);
            let certificate = certificate(state, now, site).filter(|_| matches!(got, Got::Page(_)));
            if certificate.is_some_and(|shown| shown.trust == Trust::Expired) {
                verdict = Verdict::Wrong;
                detail = "certificate expired".into();
            }
            let latency_ms = if matches!(got, Got::TimedOut) { WAIT_MS } else { quick(&site.url) };
            Evidence { certificate, ..Evidence::new(verdict, detail, latency_ms) }
        }
        ProbeHow::Tcp { host, port } => {
            let (verdict, detail) = connect(state, now, host, *port);
            let latency_ms = if verdict == Verdict::TimedOut { WAIT_MS } else { quick(host) };
            Evidence::new(verdict, detail, latency_ms)
        }
        ProbeHow::Greeting { dialect, host, port } => {
            let (verdict, detail) = greeting(state, now, *dialect, host, *port);
            let waited = matches!(verdict, Verdict::TimedOut | Verdict::Silent);
            Evidence::new(verdict, detail, if waited { WAIT_MS } else { quick(host) })
        }
    }
}

/// The certificate of a site that speaks TLS, if the scenario says until when it is valid.
fn certificate(state: &State, now: Timestamp, site: &SiteProbe) -> Option<Certificate> {
    let host = site.url.strip_prefix("https://").map(|_| normalise_name(&host_of(&site.url)))?;
    let not_after = *state.certificates.get(&host)?;
    let trust = if now < not_after { Trust::Verified } else { Trust::Expired };
    Some(Certificate { not_after, trust })
}

/// Opens a TCP connection and listens for a database.
fn greeting(state: &State, now: Timestamp, dialect: Dialect, host: &str, port: u16) -> (Verdict, String) {
    let (verdict, detail) = connect(state, now, host, port);
    if verdict != Verdict::Answers {
        return (verdict, detail);
    }
    match database_at(state, now, host) {
        Some(db) if db.truth == DbTruth::Silent => {
            (Verdict::Silent, format!("tcp connected, no {dialect} greeting"))
        }
        Some(db) if Dialect::of_engine(&db.row.engine) == Some(dialect) => {
            (Verdict::Answers, format!("{dialect} greets"))
        }
        Some(_) | None => (Verdict::Wrong, format!("no {dialect} greeting")),
    }
}

/// The database that listens under a name.
fn database_at<'a>(state: &'a State, now: Timestamp, host: &str) -> Option<&'a Db> {
    let wanted = normalise_name(host);
    state.databases.iter().find(|db| {
        now >= db.available_at && db.row.endpoint.as_ref().is_some_and(|e| normalise_name(&e.host) == wanted)
    })
}

/// The verdict on what came, by what the operator said counts as up.
fn judged(site: &SiteProbe, got: &Got) -> (Verdict, String) {
    match got {
        Got::TimedOut => (Verdict::TimedOut, format!("no answer in {} s", WAIT_MS / 1_000)),
        Got::Refused => (Verdict::Refused, "tcp refused".into()),
        Got::Unreachable(why) => (Verdict::Unreachable, why.clone()),
        Got::Page(page) => {
            let marker = site.body.as_deref().map(|body| page.body.contains(body));
            let verdict = if site.expects(page.status) && marker.unwrap_or(true) {
                Verdict::Answers
            } else {
                Verdict::Wrong
            };
            let mut detail = format!("HTTP {}", page.status);
            if let Some(label) = &page.label {
                detail.push(' ');
                detail.push_str(label);
            }
            if site.expects(page.status) {
                match marker {
                    Some(true) => detail.push_str(", marker found"),
                    Some(false) => detail.push_str(", marker missing"),
                    None => {}
                }
            }
            (verdict, detail)
        }
    }
}

/// The host of a URL, without port and path.
fn host_of(url: &str) -> String {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name.to_owned(),
        Some(_) | None => host.to_owned(),
    }
}

/// GET /.
fn fetch(state: &State, now: Timestamp, host: &str) -> Got {
    let mut name = normalise_name(host);
    if let Ok(address) = host.parse() {
        return at_address(state, now, address);
    }
    for _ in 0..HOPS {
        if let Some(balancer) = state.balancer_of(&name) {
            return at_balancer(state, now, balancer);
        }
        let Some(record) = resolve(state, now, &name) else {
            return Got::Unreachable(format!("{} does not resolve", name.trim_end_matches('.')));
        };
        let next = match &record.alias {
            Some(alias) => alias.dns_name.clone(),
            None => record.values.first().cloned().unwrap_or_default(),
        };
        match next.parse() {
            Ok(address) => return at_address(state, now, address),
            Err(_) => name = normalise_name(&next),
        }
    }
    Got::Unreachable(format!("{host} goes in circles"))
}

/// What the name servers answer for a name: an address record before a CNAME.
fn resolve<'a>(state: &'a State, now: Timestamp, name: &str) -> Option<&'a RecordSet> {
    // The most specific public zone answers.
    let zone = state
        .zones
        .iter()
        .filter(|z| !z.private && (name == z.name || name.ends_with(&format!(".{}", z.name))))
        .max_by_key(|z| z.name.len())?;
    let at_name = || zone.served(now).iter().filter(|r| r.name == name);
    ["A", "AAAA", "CNAME"].into_iter().find_map(|wanted| at_name().find(|r| r.record_type == wanted))
}

fn at_address(state: &State, now: Timestamp, address: IpAddr) -> Got {
    if let Some(host) = state.hosts.iter().find(|h| h.address == address) {
        return if host.dead { Got::TimedOut } else { Got::Page(host.serves.clone()) };
    }
    let text = address.to_string();
    match state.machines.values().find(|m| m.ended.is_none() && m.public_ip.as_ref() == Some(&text)) {
        Some(machine) if !cut_off(state, &machine.region) && machine.answers(now) => {
            at_machine(state, now, &machine.id)
        }
        Some(_) | None => Got::TimedOut,
    }
}

fn cut_off(state: &State, region: &str) -> bool {
    state.paces.get(region).is_some_and(|pace| pace.cut_off)
}

fn at_balancer(state: &State, now: Timestamp, balancer: &LoadBalancer) -> Got {
    if balancer.dead || cut_off(state, &balancer.region) {
        return Got::TimedOut;
    }
    let groups = state.groups.iter().filter(|g| {
        balancer.arn.is_some()
            && g.account == balancer.account
            && g.region == balancer.region
            && g.balancers.contains(&balancer.name)
    });
    let carrying =
        balancer.targets.iter().chain(groups.flat_map(|g| &g.targets)).find(|t| carries(state, now, t));
    match carrying {
        Some(target) => at_machine(state, now, &target.id),
        None => Got::error(503),
    }
}

/// What a web server serves follows from its image; without its database it is an error page.
fn at_machine(state: &State, now: Timestamp, id: &str) -> Got {
    let Some(machine) = state.machines.get(id) else {
        return Got::TimedOut;
    };
    let page = state
        .images
        .iter()
        .find(|i| i.account == machine.account && i.region == machine.region && i.id == machine.spec.image)
        .and_then(|i| i.serves.clone());
    let Some(page) = page else {
        return Got::Refused;
    };
    // Which database a server is configured for is not modelled: any that holds the data it needs will do.
    let fed = page.needs.as_ref().is_none_or(|needs| {
        state.databases.iter().any(|db| {
            db.account == machine.account
                && db.region == machine.region
                && db.lineage == *needs
                && db.serves(now)
        })
    });
    if fed { Got::Page(page) } else { Got::error(500) }
}

/// Opens a TCP connection.
fn connect(state: &State, now: Timestamp, host: &str, port: u16) -> (Verdict, String) {
    let timed_out = || (Verdict::TimedOut, format!("no answer in {} s", WAIT_MS / 1_000));
    if let Some(db) = database_at(state, now, host) {
        if cut_off(state, &db.region) {
            return timed_out();
        }
        let open = db.row.endpoint.as_ref().is_some_and(|e| e.port == port);
        return match db.truth {
            DbTruth::Up | DbTruth::Silent if open => (Verdict::Answers, "tcp open".into()),
            DbTruth::Up | DbTruth::Silent | DbTruth::Refused => (Verdict::Refused, "tcp refused".into()),
            DbTruth::Dead => timed_out(),
        };
    }
    if let Some(balancer) = state.balancer_of(host) {
        return if balancer.dead || cut_off(state, &balancer.region) {
            timed_out()
        } else {
            (Verdict::Answers, "tcp open".into())
        };
    }
    let machine = state.machines.values().find(|m| {
        m.ended.is_none() && (m.public_ip.as_deref() == Some(host) || m.private_ip.as_deref() == Some(host))
    });
    match machine {
        Some(m) if m.answers(now) && !cut_off(state, &m.region) => (Verdict::Answers, "tcp open".into()),
        Some(_) => timed_out(),
        None if host.parse::<IpAddr>().is_ok() => timed_out(),
        None => (Verdict::Unreachable, format!("{} does not resolve", host.trim_end_matches('.'))),
    }
}
