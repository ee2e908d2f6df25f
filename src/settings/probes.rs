//! The config's probes: a site's own `probe`, the `[[probe]]` tables, and `[probes]`.
//!
//! Refuses what would be ignored: a key that means nothing for the kind of a probe, a question without a place to put it.
//! Whether an instance or a balancer of that name exists is a question for the cloud.

use super::complaint::nearest_names;
use super::config::{Seen, check_name, check_region, check_unique, required};
use super::regions;
use super::sheet::Sheet;
use crate::incident::probe::{
    DeclaredProbe, Dialect, ProbeChoices, ProbeQuestion, ProbeTarget, host_and_port,
};
use crate::incident::site::{Estate, SiteProbe};
use std::ops::Range;
use toml::Spanned;
use toml::de::DeTable;

/// Probes under way at once, at most: more look like an attack to whoever stands in between.
const AT_ONCE_MOST: usize = 256;
/// The kinds of a `[[probe]]`.
const KINDS: [&str; 4] = ["tcp", "http", "postgres", "mysql"];
/// What a `[[probe]]` may be on.
const TARGETS: [&str; 4] = ["name", "instance", "balancer", "database"];

/// What the config says of probes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probes {
    /// The `[[probe]]` tables.
    pub declared: Vec<DeclaredProbe>,
    /// Whether more are inferred; unset is yes, unless everything goes to one endpoint.
    pub inferred: Option<bool>,
    /// Probes under way at once, at most.
    pub at_once: usize,
}

impl Default for Probes {
    fn default() -> Self {
        Self { declared: Vec::new(), inferred: None, at_once: ProbeChoices::AT_ONCE }
    }
}

/// Reads `[[probe]]` and `[probes]`.
pub(super) fn probes(sheet: &mut Sheet<'_>, table: &DeTable<'_>, estate: &Estate) -> Probes {
    let mut probes = Probes { declared: declared(sheet, table, estate), ..Probes::default() };
    if let Some((table, _)) = sheet.table(table, "probes", "{ inferred = false }") {
        sheet.only_keys(table, "[probes]", &["inferred", "at_once"]);
        probes.inferred = sheet.boolean(table, "inferred");
        if let Some(at_once) = sheet.integer(table, "at_once", "16") {
            match usize::try_from(*at_once.get_ref()).ok().filter(|n| (1..=AT_ONCE_MOST).contains(n)) {
                Some(read) => probes.at_once = read,
                None => {
                    let complaint = sheet
                        .at(at_once.span(), "`at_once` is out of range")
                        .hint(format!("write a number from 1 to {AT_ONCE_MOST}"));
                    sheet.push(complaint);
                }
            }
        }
    }
    probes
}

/// Reads the `probe` of a site.
pub(super) fn site_probe(sheet: &mut Sheet<'_>, site: &DeTable<'_>) -> Option<SiteProbe> {
    let example = "{ url = \"https://example.com/\", expect = \"200\" }";
    let (table, place) = sheet.table(site, "probe", example)?;
    sheet.only_keys(table, "a probe", &["url", "expect", "body", "connect"]);
    http(sheet, table, &place)
}

/// `url`, `expect`, `body` and `connect`.
fn http(sheet: &mut Sheet<'_>, table: &DeTable<'_>, place: &Range<usize>) -> Option<SiteProbe> {
    let url = required(sheet, table, place, "url", "this probe", "\"https://example.com/\"");
    if let Some(url) = &url {
        check_url(sheet, url);
    }
    let expect = sheet.string(table, "expect", "\"200\"").map_or_else(
        || "200".to_owned(),
        |expect| {
            let text = expect.get_ref();
            let class = text.len() == 3
                && text.starts_with(['1', '2', '3', '4', '5'])
                && (text.ends_with("xx") || text.chars().all(|c| c.is_ascii_digit()));
            if !class {
                let complaint = sheet
                    .at(expect.span(), format!("{text:?} is not an HTTP status to expect"))
                    .hint("write a status like \"200\" or a class like \"2xx\"");
                sheet.push(complaint);
            }
            expect.into_inner()
        },
    );
    let body = sheet.string(table, "body", "\"Welcome\"").map(Spanned::into_inner);
    let connect = connect(sheet, table);
    let url = url?;
    if connect.is_some() && is_address(url.get_ref()) {
        let complaint = sheet
            .at(url.span(), "a URL of an address leaves no name to present where `connect` leads")
            .hint("write the site's name in the URL and the address in `connect`");
        sheet.push(complaint);
    }
    Some(SiteProbe { url: url.into_inner(), expect, body, connect })
}

/// Whether a URL's host is an address.
fn is_address(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    host_and_port(authority).is_some_and(|(host, _)| host.parse::<std::net::IpAddr>().is_ok())
}

fn connect(sheet: &mut Sheet<'_>, table: &DeTable<'_>) -> Option<String> {
    let connect = sheet.string(table, "connect", "\"203.0.113.10\"")?;
    if host_and_port(connect.get_ref()).is_none() {
        let complaint = sheet
            .at(connect.span(), format!("{:?} is not a place to connect to", connect.get_ref()))
            .hint("write a host or an address, with a port where it is not the usual one: web-1.example.com:8443");
        sheet.push(complaint);
    }
    Some(connect.into_inner())
}

fn check_url(sheet: &mut Sheet<'_>, url: &Spanned<String>) {
    let text = url.get_ref();
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let host = rest.map(|rest| rest.split(['/', '?', '#']).next().unwrap_or_default());
    let what = match host {
        None => format!("{text:?} is not an http or https URL"),
        Some(host) if host.contains('@') => "a probe URL with a user name or password in it".to_owned(),
        Some(host) if host.is_empty() || text.chars().any(|c| c.is_whitespace() || c.is_control()) => {
            format!("{text:?} is not a URL that can be fetched")
        }
        Some(_) => return,
    };
    let complaint =
        sheet.at(url.span(), what).hint("write it like https://example.com/path; it ends up in the log");
    sheet.push(complaint);
}

// --- [[probe]] ---

fn declared(sheet: &mut Sheet<'_>, table: &DeTable<'_>, estate: &Estate) -> Vec<DeclaredProbe> {
    let mut seen = Seen::new();
    let mut probes = Vec::new();
    for (table, place) in sheet.tables(table, "probe", "probe") {
        let known = [
            "name", "instance", "balancer", "database", "region", "kind", "port", "url", "expect", "body",
            "connect",
        ];
        sheet.only_keys(table, "a [[probe]]", &known);
        let on = target(sheet, table, &place, &mut seen);
        let region = sheet.string(table, "region", "\"us-east-1\"");
        if let Some(region) = &region {
            check_region(sheet, region);
            let listed = estate.regions.is_empty() || estate.regions.contains(region.get_ref());
            if !listed && regions::find(region.get_ref()).is_some() {
                let complaint = sheet
                    .at(region.span(), format!("region {} is not one of the estate's", region.get_ref()))
                    .hint("add it to `regions` in [estate], or the cockpit would not watch it");
                sheet.push(complaint);
            }
        }
        let Some(question) = question(sheet, table, &place) else { continue };
        let connect = match &question {
            ProbeQuestion::Http(site) => site.connect.clone(),
            ProbeQuestion::Tcp { .. } | ProbeQuestion::Greeting { .. } => connect(sheet, table),
        };
        let Some(on) = on else { continue };
        check_place(sheet, table, &place, &on, &question, connect.as_deref());
        if matches!(on, ProbeTarget::Endpoint(_)) && region.is_some() {
            let span = Sheet::key_span(table, "region", &place);
            let complaint = sheet
                .at(span, "`region` means nothing for a probe of something that AWS does not list")
                .hint("a probe with `name` goes where `connect` or `url` says");
            sheet.push(complaint);
        }
        probes.push(DeclaredProbe { on, region: region.map(Spanned::into_inner), question, connect });
    }
    probes
}

fn target(
    sheet: &mut Sheet<'_>,
    table: &DeTable<'_>,
    place: &Range<usize>,
    seen: &mut Seen,
) -> Option<ProbeTarget> {
    let named: Vec<&str> = TARGETS.into_iter().filter(|key| table.contains_key(*key)).collect();
    let hint = "a probe is on one of: name, instance, balancer, database";
    let key = match named.as_slice() {
        [key] => *key,
        [] => {
            let complaint = sheet.at(place.clone(), "this probe does not say what it is on").hint(hint);
            sheet.push(complaint);
            return None;
        }
        [_, second, ..] => {
            let span = Sheet::key_span(table, second, place);
            let complaint =
                sheet.at(span, format!("this probe is on two things: {}", named.join(" and "))).hint(hint);
            sheet.push(complaint);
            return None;
        }
    };
    let name = sheet.string(table, key, "\"redis-1\"")?;
    if name.get_ref().trim().is_empty() {
        sheet.complain(name.span(), format!("`{key}` is empty"));
        return None;
    }
    Some(match key {
        "instance" => ProbeTarget::Instance(name.into_inner()),
        "balancer" => ProbeTarget::Balancer(name.into_inner()),
        "database" => ProbeTarget::Database(name.into_inner()),
        _ => {
            check_name(sheet, &name, "a probe");
            check_unique(sheet, seen, &name, "probe");
            ProbeTarget::Endpoint(name.into_inner())
        }
    })
}

fn question(sheet: &mut Sheet<'_>, table: &DeTable<'_>, place: &Range<usize>) -> Option<ProbeQuestion> {
    let kind = required(sheet, table, place, "kind", "this probe", "\"tcp\"")?;
    let takes: &[&str] = match kind.get_ref().as_str() {
        "http" => &["url", "expect", "body"],
        "tcp" | "postgres" | "mysql" => &["port"],
        other => {
            let complaint = sheet
                .at(kind.span(), format!("there is no probe kind {other:?}"))
                .nearest(nearest_names(other, KINDS))
                .hint(format!("kinds are {}", KINDS.join(", ")));
            sheet.push(complaint);
            return None;
        }
    };
    for key in ["port", "url", "expect", "body"] {
        if !takes.contains(&key) && table.contains_key(key) {
            let span = Sheet::key_span(table, key, place);
            let complaint = sheet
                .at(span, format!("`{key}` means nothing for a probe of kind {}", kind.get_ref()))
                .hint(format!("kind {} takes {}", kind.get_ref(), takes.join(", ")));
            sheet.push(complaint);
        }
    }
    if kind.get_ref() == "http" {
        return http(sheet, table, place).map(ProbeQuestion::Http);
    }
    let port = port(sheet, table);
    Some(match kind.get_ref().as_str() {
        "postgres" => ProbeQuestion::Greeting { dialect: Dialect::Postgres, port },
        "mysql" => ProbeQuestion::Greeting { dialect: Dialect::Mysql, port },
        _ => ProbeQuestion::Tcp { port },
    })
}

fn port(sheet: &mut Sheet<'_>, table: &DeTable<'_>) -> Option<u16> {
    let port = sheet.integer(table, "port", "6379")?;
    let read = u16::try_from(*port.get_ref()).ok().filter(|port| *port != 0);
    if read.is_none() {
        let complaint =
            sheet.at(port.span(), "a port out of range").hint("a TCP port is a number from 1 to 65535");
        sheet.push(complaint);
    }
    read
}

/// A question needs a host and a port from somewhere: from here, or from what AWS lists.
fn check_place(
    sheet: &mut Sheet<'_>,
    table: &DeTable<'_>,
    place: &Range<usize>,
    on: &ProbeTarget,
    question: &ProbeQuestion,
    connect: Option<&str>,
) {
    let asks_port = match question {
        ProbeQuestion::Http(_) => return,
        ProbeQuestion::Tcp { port } | ProbeQuestion::Greeting { port, .. } => {
            port.is_none() && !table.contains_key("port")
        }
    };
    let (lists_host, lists_port) = match on {
        ProbeTarget::Endpoint(_) => (false, false),
        ProbeTarget::Instance(_) => (true, false),
        ProbeTarget::Balancer(_) | ProbeTarget::Database(_) => (true, true),
    };
    let connect_port = connect.and_then(host_and_port).and_then(|(_, port)| port);
    if !lists_host && connect.is_none() && !table.contains_key("connect") {
        let complaint = sheet
            .at(place.clone(), "this probe does not say where to connect")
            .hint("add: connect = \"10.0.0.5:6379\"");
        sheet.push(complaint);
    } else if asks_port && !lists_port && connect_port.is_none() {
        let complaint = sheet.at(place.clone(), "this probe has no `port`").hint("add: port = 6379");
        sheet.push(complaint);
    }
}
