//! What the simulated DNS servers answer: four name servers for each public zone, and as many resolvers as are asked.
//!
//! A change reaches the name servers one after the other, the last when Route 53 says INSYNC. A resolver keeps what it
//! heard for as long as its TTL says, each at a moment of its own. Nothing remembers a question: what is cached follows
//! from the time, the server and the name, so asking changes no answer. Only `cloud::sim` uses it.

use super::stage::digits;
use super::state::{State, Zone, later};
use super::weather::Dice;
use crate::incident::cell::{Evidence, Verdict};
use crate::incident::dns::{DnsAnswer, DnsSubject, ServerRole};
use crate::incident::resource::{RecordSet, bare_name, normalise_name};
use jiff::Timestamp;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Name servers of a zone.
const SERVERS: usize = 4;
/// Seconds between two name servers that take a change over.
const STAGGER_S: i64 = 6;
/// What an alias answers with.
const ALIAS_TTL_S: u32 = 60;
/// Milliseconds to a DNS server, usually.
const USUAL_MS: u64 = 24;

/// The names of a zone's name servers, as Route 53 makes them.
pub(super) fn name_servers(zone: &Zone) -> Vec<String> {
    let number = |what: &str, of: u32| {
        u32::from_str_radix(&digits(&format!("{what} {}", zone.id), 6), 16).unwrap_or_default() % of
    };
    let block = number("block", 64);
    ["com", "net", "org", "co.uk"]
        .iter()
        .zip(0_u32..)
        .take(SERVERS)
        .map(|(domain, at)| format!("ns-{}.awsdns-{block:02}.{domain}", at * 512 + number(domain, 512)))
        .collect()
}

/// Asks one server.
pub(super) fn ask(state: &State, dice: Dice, now: Timestamp, asked: &DnsSubject) -> Evidence {
    let latency = dice.latency(&format!("dns {asked}"), now, USUAL_MS);
    let (verdict, detail, dns) = answer(state, dice, now, asked);
    let latency_ms = u64::try_from(latency.as_millis()).unwrap_or(USUAL_MS);
    Evidence { dns, ..Evidence::new(verdict, detail, latency_ms) }
}

fn answer(
    state: &State,
    dice: Dice,
    now: Timestamp,
    asked: &DnsSubject,
) -> (Verdict, String, Option<DnsAnswer>) {
    let name = normalise_name(&asked.name);
    let zone = state
        .zones
        .iter()
        .filter(|z| !z.private && (name == z.name || name.ends_with(&format!(".{}", z.name))))
        .max_by_key(|z| z.name.len());
    let found = match (asked.role, zone) {
        (ServerRole::NameServer, Some(zone)) => {
            match name_servers(zone).iter().position(|server| *server == asked.server) {
                Some(server) => Some((of_records(served_by(zone, server, now), &name), true)),
                None => return (Verdict::Refused, "REFUSED".into(), None),
            }
        }
        (ServerRole::NameServer, None) => return (Verdict::Refused, "REFUSED".into(), None),
        (ServerRole::Resolver, Some(zone)) => Some((cached(zone, dice, now, asked, &name), false)),
        (ServerRole::Resolver, None) => of_target(&name).map(|answer| (answer, false)),
    };
    match found {
        Some((answer, authoritative)) if !answer.addresses.is_empty() => {
            let answer = DnsAnswer { authoritative, ..answer };
            (Verdict::Answers, answer.words(), Some(answer))
        }
        Some((answer, authoritative)) => {
            (Verdict::Wrong, "NODATA".into(), Some(DnsAnswer { authoritative, ..answer }))
        }
        None => {
            let none = DnsAnswer { addresses: Vec::new(), ttl: None, authoritative: false, cname: None };
            (Verdict::Wrong, "NXDOMAIN".into(), Some(none))
        }
    }
}

/// What one of a zone's name servers answers: the last is as late as INSYNC, the others are earlier.
fn served_by(zone: &Zone, server: usize, now: Timestamp) -> &[RecordSet] {
    let after = i64::try_from(SERVERS.saturating_sub(1 + server)).unwrap_or_default();
    zone.served(later(now, after * STAGGER_S))
}

/// What a resolver has in its cache, or fetches.
fn cached(zone: &Zone, dice: Dice, now: Timestamp, asked: &DnsSubject, name: &str) -> DnsAnswer {
    let fresh = of_records(zone.served(now), name);
    let keeps = i64::from(fresh.ttl.unwrap_or(ALIAS_TTL_S)).max(1);
    // Truncation is what is wanted: a whole second of the period.
    let phase = (dice.share(&format!("cache {asked}")) * 1_000_000.0) as i64 % keeps;
    let aged = (now.as_second() - phase).rem_euclid(keeps);
    let then = of_records(zone.served(later(now, -aged)), name);
    let left = then.ttl.map(i64::from).unwrap_or(keeps) - aged;
    if left <= 0 {
        return fresh;
    }
    DnsAnswer { ttl: u32::try_from(left).ok(), ..then }
}

fn of_records(records: &[RecordSet], name: &str) -> DnsAnswer {
    let mut answer = DnsAnswer { addresses: Vec::new(), ttl: None, authoritative: false, cname: None };
    for record in records.iter().filter(|r| r.name == name) {
        match (&record.alias, record.record_type.as_str()) {
            (Some(alias), kind @ ("A" | "AAAA")) => answer.addresses.extend(target(&alias.dns_name, kind)),
            (None, "A" | "AAAA") => {
                answer
                    .addresses
                    .extend(record.values.iter().filter_map(|value| value.parse::<IpAddr>().ok()));
            }
            (None, "CNAME") => answer.cname = record.values.first().map(|value| normalise_name(value)),
            (Some(_) | None, _) => continue,
        }
        let ttl = record.ttl.unwrap_or(ALIAS_TTL_S);
        answer.ttl = Some(answer.ttl.map_or(ttl, |least| least.min(ttl)));
    }
    answer.addresses.sort();
    answer
}

/// What a name of AWS's own resolves to.
fn of_target(name: &str) -> Option<DnsAnswer> {
    if !(name.ends_with(".amazonaws.com.") || name.ends_with(".cloudfront.net.")) {
        return None;
    }
    let mut addresses: Vec<IpAddr> = target(name, "A").into_iter().chain(target(name, "AAAA")).collect();
    addresses.sort();
    Some(DnsAnswer { addresses, ttl: Some(ALIAS_TTL_S), authoritative: false, cname: None })
}

/// The addresses of a balancer, a distribution or an S3 website: its own for good.
fn target(dns_name: &str, kind: &str) -> [IpAddr; 2] {
    let name = bare_name(dns_name);
    let number = |at: u16| {
        let hex = digits(&format!("{kind} {at} {name}"), 4);
        u16::from_str_radix(&hex, 16).unwrap_or_default()
    };
    let one = |at: u16| -> IpAddr {
        let [high, low] = number(at).to_be_bytes();
        if kind == "AAAA" {
            Ipv6Addr::new(0x2600, 0x1f18, number(at), number(at + 2), 0, 0, 0, at + 1).into()
        } else {
            Ipv4Addr::new(54, 240, high, low).into()
        }
    };
    [one(0), one(1)]
}
