//! The config file: the estate, its sites, and a few choices.
//!
//! Reads every key with its place and reports everything wrong at once. It refuses to repair: a config with a mistake
//! is not half of a config, and the caller decides whether to go on without one. It asks nothing of the network;
//! whether a zone or a balancer exists is a question for the cloud. Imported above `settings` only.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::Range;
use std::path::{Path, PathBuf};

use toml::Spanned;
use toml::de::DeTable;

use super::aws;
use super::complaint::{Complaint, nearest_names};
use super::probes::Probes;
use super::regions;
use super::sheet::Sheet;
use super::surroundings::Surroundings;
use crate::incident::dns::DnsServers;
use crate::incident::site::{Estate, Site, SiteTarget, TargetKind};
use crate::incident::timeouts::CallTimeouts;

/// What the config file says. The default is that of a machine without one.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Config {
    /// What is watched.
    pub estate: Estate,
    /// What the public reaches by name.
    pub sites: Vec<Site>,
    /// Where the logbook is kept, when not in the default place.
    pub logbook: Option<PathBuf>,
    /// How the cockpit looks and listens.
    pub ui: UiChoices,
    /// Who has to agree.
    pub approval: Approval,
    /// Which DNS servers are asked about the sites.
    pub dns: DnsServers,
    /// What is probed beside the sites.
    pub probes: Probes,
    /// How long AWS is waited for.
    pub timeouts: CallTimeouts,
    /// The file this was read from; none when there was no file.
    pub source: Option<PathBuf>,
}

/// The `[ui]` table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UiChoices {
    /// A theme by name, or a path to one.
    pub theme: Option<String>,
    /// A keymap by name, or a path to one.
    pub keymap: Option<String>,
    /// Only ASCII on the screen; unset lets the locale decide.
    pub ascii: Option<bool>,
}

/// The `[approval]` table.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Approval {
    /// Destructive actions wait for a second operator.
    pub two_operators: bool,
}

impl Config {
    /// The site of that name.
    #[must_use]
    pub fn site(&self, name: &str) -> Option<&Site> {
        self.sites.iter().find(|site| site.name == name)
    }

    /// Where the logbook is: `$BLACKSTART_LOGBOOK`, the config, or the state directory of this estate.
    /// None when there is not even a home directory to keep one in.
    #[must_use]
    pub fn logbook_dir(&self, surroundings: &Surroundings) -> Option<PathBuf> {
        surroundings
            .var("BLACKSTART_LOGBOOK")
            .map(PathBuf::from)
            .or_else(|| self.logbook.clone())
            .or_else(|| surroundings.state_dir().map(|state| state.join(&self.estate.name)))
    }
}

/// Where the config is looked for: the first that was named, else the first that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// Somebody named this file, so it has to be there.
    Named(PathBuf),
    /// These are looked at in turn, and none of them has to be there. The current directory is never among them.
    Usual(Vec<PathBuf>),
}

/// Where to look for the config, given `--config`.
#[must_use]
pub fn place(surroundings: &Surroundings, named: Option<&Path>) -> Place {
    if let Some(path) = named {
        return Place::Named(path.to_owned());
    }
    if let Some(path) = surroundings.var("BLACKSTART_CONFIG") {
        return Place::Named(surroundings.expand(path));
    }
    let own = surroundings.config_dir().map(|dir| dir.join("config.toml"));
    let machine = surroundings.etc.join("blackstart/config.toml");
    Place::Usual(own.into_iter().chain([machine]).collect())
}

/// Finds and reads the config. No config at all is a config: the default one.
///
/// # Errors
/// Every complaint about the file, including one that is named but cannot be read.
pub fn load(surroundings: &Surroundings, named: Option<&Path>) -> Result<Config, Vec<Complaint>> {
    let found = match place(surroundings, named) {
        Place::Named(path) => match super::read(&path)? {
            Some(text) => Some((path, text)),
            None => {
                let hint = match named {
                    Some(_) => "it was named with --config",
                    None => "it is named by $BLACKSTART_CONFIG",
                };
                return Err(vec![
                    Complaint::whole(path.display().to_string(), "there is no such file").hint(hint),
                ]);
            }
        },
        Place::Usual(paths) => {
            let mut found = None;
            for path in paths {
                if let Some(text) = super::read(&path)? {
                    found = Some((path, text));
                    break;
                }
            }
            found
        }
    };
    let Some((path, text)) = found else {
        return Ok(Config::default());
    };
    let mut config = parse(&path.display().to_string(), &text, surroundings)?;
    // A logbook beside the config, not in whatever directory the cockpit was started from.
    if let (Some(logbook), Some(dir)) = (&config.logbook, path.parent())
        && logbook.is_relative()
    {
        config.logbook = Some(dir.join(logbook));
    }
    config.source = Some(path);
    Ok(config)
}

/// Puts the regions and profiles of the command line in the place of the estate's; a region named twice counts once.
///
/// # Errors
/// A complaint about every region that does not exist.
pub fn narrow(estate: &mut Estate, regions: &[String], profiles: &[String]) -> Result<(), Vec<Complaint>> {
    let complaints: Vec<_> = regions
        .iter()
        .filter(|name| regions::find(name).is_none())
        .map(|name| {
            Complaint::whole("--region", format!("there is no region called {name:?}"))
                .nearest(nearest_regions(name))
        })
        .collect();
    if !complaints.is_empty() {
        return Err(complaints);
    }
    for (chosen, place) in [(regions, &mut estate.regions), (profiles, &mut estate.profiles)] {
        if !chosen.is_empty() {
            place.clear();
            for name in chosen {
                if !place.contains(name) {
                    place.push(name.clone());
                }
            }
        }
    }
    Ok(())
}

fn nearest_regions(name: &str) -> Vec<String> {
    nearest_names(name, regions::REGIONS.iter().map(|region| region.name))
}

/// Reads a config from its text.
///
/// # Errors
/// Every complaint about it.
pub fn parse(file: &str, text: &str, surroundings: &Surroundings) -> Result<Config, Vec<Complaint>> {
    let (mut sheet, table) = Sheet::parse(file, text);
    let mut config = Config::default();
    if let Some(table) = table {
        let known = ["estate", "site", "probe", "probes", "logbook", "ui", "approval", "dns", "aws"];
        sheet.only_keys(&table, "the config", &known);
        config.estate = estate(&mut sheet, &table);
        config.sites = sites(&mut sheet, &table, &config.estate);
        config.logbook = match sheet.string(&table, "logbook", "\"/var/log/blackstart\"") {
            Some(path) if path.get_ref().is_empty() => {
                sheet.complain(path.span(), "an empty path for the logbook");
                None
            }
            Some(path) => Some(surroundings.expand(path.get_ref())),
            None => None,
        };
        if let Some((ui, _)) = sheet.table(&table, "ui", "{ theme = \"storm\" }") {
            sheet.only_keys(ui, "[ui]", &["theme", "keymap", "ascii"]);
            config.ui = UiChoices {
                theme: sheet.string(ui, "theme", "\"storm\"").map(Spanned::into_inner),
                keymap: sheet.string(ui, "keymap", "\"default\"").map(Spanned::into_inner),
                ascii: sheet.boolean(ui, "ascii"),
            };
        }
        if let Some((approval, _)) = sheet.table(&table, "approval", "{ two_operators = true }") {
            sheet.only_keys(approval, "[approval]", &["two_operators"]);
            config.approval.two_operators = sheet.boolean(approval, "two_operators").unwrap_or_default();
        }
        config.dns = super::dns::dns(&mut sheet, &table, &config.sites);
        config.probes = super::probes::probes(&mut sheet, &table, &config.estate);
        config.timeouts = aws::timeouts(&mut sheet, &table);
    }
    let complaints = sheet.finish();
    if complaints.is_empty() { Ok(config) } else { Err(complaints) }
}

fn estate(sheet: &mut Sheet<'_>, table: &DeTable<'_>) -> Estate {
    let mut estate = Estate::default();
    let Some((table, _)) = sheet.table(table, "estate", "{ name = \"production\" }") else {
        return estate;
    };
    sheet.only_keys(table, "[estate]", &["name", "regions", "profiles"]);
    if let Some(name) = sheet.string(table, "name", "\"production\"") {
        check_name(sheet, &name, "an estate");
        estate.name = name.into_inner();
    }
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for region in sheet.strings(table, "regions", "[\"us-east-1\", \"us-west-1\"]").unwrap_or_default() {
        check_region(sheet, &region);
        if seen.insert(region.get_ref().clone(), ()).is_some() {
            sheet.complain(region.span(), format!("region {} is listed twice", region.get_ref()));
        }
        estate.regions.push(region.into_inner());
    }
    let mut seen: BTreeMap<String, ()> = BTreeMap::new();
    for profile in sheet.strings(table, "profiles", "[\"prod\"]").unwrap_or_default() {
        if profile.get_ref().trim().is_empty() {
            sheet.complain(profile.span(), "a profile without a name");
        } else if seen.insert(profile.get_ref().clone(), ()).is_some() {
            sheet.complain(profile.span(), format!("profile {} is listed twice", profile.get_ref()));
        }
        estate.profiles.push(profile.into_inner());
    }
    estate
}

/// The first definition of each name, to complain about the second with the line of the first.
pub(super) type Seen = BTreeMap<String, usize>;

pub(super) fn check_unique(sheet: &mut Sheet<'_>, seen: &mut Seen, name: &Spanned<String>, what: &str) {
    let complaint = sheet.at(name.span(), format!("two {what}s are called {}", name.get_ref()));
    match seen.get(name.get_ref()) {
        Some(line) => sheet.push(complaint.hint(format!("the first one is on line {line}"))),
        None => {
            seen.insert(name.get_ref().clone(), complaint.line);
        }
    }
}

/// Names are typed on the command line and one of them becomes a directory.
pub(super) fn check_name(sheet: &mut Sheet<'_>, name: &Spanned<String>, what: &str) {
    let text = name.get_ref();
    let fine = !text.is_empty()
        && !text.starts_with(['-', '.'])
        && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.'));
    if !fine {
        let complaint = sheet
            .at(name.span(), format!("{text:?} cannot be the name of {what}"))
            .hint("names are letters, digits, `-`, `_` and `.`, because they are typed in commands");
        sheet.push(complaint);
    }
}

pub(super) fn check_region(sheet: &mut Sheet<'_>, region: &Spanned<String>) {
    let name = region.get_ref();
    if regions::find(name).is_none() {
        let nearest = if sheet.is_full() { Vec::new() } else { nearest_regions(name) };
        let complaint =
            sheet.at(region.span(), format!("there is no region called {name:?}")).nearest(nearest);
        sheet.push(complaint);
    }
}

pub(super) fn required(
    sheet: &mut Sheet<'_>,
    table: &DeTable<'_>,
    place: &Range<usize>,
    key: &str,
    what: &str,
    example: &str,
) -> Option<Spanned<String>> {
    if table.contains_key(key) {
        return sheet.string(table, key, example);
    }
    let complaint =
        sheet.at(place.clone(), format!("{what} has no `{key}`")).hint(format!("add: {key} = {example}"));
    sheet.push(complaint);
    None
}

fn sites(sheet: &mut Sheet<'_>, table: &DeTable<'_>, estate: &Estate) -> Vec<Site> {
    let mut seen = Seen::new();
    let mut sites = Vec::new();
    for (table, place) in sheet.tables(table, "site", "site") {
        sheet.only_keys(table, "a [[site]]", &["name", "zone", "record", "probe", "target"]);
        let name = required(sheet, table, &place, "name", "this site", "\"www\"");
        if let Some(name) = &name {
            check_name(sheet, name, "a site");
            check_unique(sheet, &mut seen, name, "site");
        }
        let zone = required(sheet, table, &place, "zone", "this site", "\"example.com\"");
        let zone = zone.map(|zone| domain(sheet, &zone));
        let record = sheet.string(table, "record", "\"example.com\"").map(|record| {
            let name = domain(sheet, &record);
            if let Some(zone) = &zone
                && name != *zone
                && !name.ends_with(&format!(".{zone}"))
            {
                let complaint = sheet
                    .at(record.span(), format!("record {name} is outside its zone {zone}"))
                    .hint(format!("a record of this zone is {zone} itself or something.{zone}"));
                sheet.push(complaint);
            }
            name
        });
        let probe = super::probes::site_probe(sheet, table);
        let targets = targets(sheet, table, estate);
        if let (Some(name), Some(zone)) = (name, zone) {
            sites.push(Site {
                name: name.into_inner(),
                record: record.unwrap_or_else(|| zone.clone()),
                zone,
                probe,
                targets,
            });
        }
    }
    sites
}

/// A domain name in its one form: lower case, no trailing dot.
fn domain(sheet: &mut Sheet<'_>, text: &Spanned<String>) -> String {
    let name = text.get_ref().trim_end_matches('.').to_ascii_lowercase();
    let label = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && label.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '*'))
    };
    if name.len() > 253 || !name.contains('.') || !name.split('.').all(label) {
        let complaint = sheet
            .at(text.span(), format!("{:?} is not a domain name", text.get_ref()))
            .hint("write it like example.com; names in other scripts in their xn-- form");
        sheet.push(complaint);
    }
    name
}

fn targets(sheet: &mut Sheet<'_>, site: &DeTable<'_>, estate: &Estate) -> Vec<SiteTarget> {
    let mut seen = Seen::new();
    let mut maintenance: Option<(usize, String)> = None;
    let mut targets = Vec::new();
    for (table, place) in sheet.tables(site, "target", "site.target") {
        let known = ["name", "kind", "region", "balancer", "addresses", "dns_name", "ttl", "maintenance"];
        sheet.only_keys(table, "a [[site.target]]", &known);
        let name = required(sheet, table, &place, "name", "this target", "\"east\"");
        if let Some(name) = &name {
            check_name(sheet, name, "a target");
            check_unique(sheet, &mut seen, name, "target");
        }
        let kind = required(sheet, table, &place, "kind", "this target", "\"elb\"").and_then(|kind| {
            let read = TargetKind::from_id(kind.get_ref());
            if read.is_none() {
                let ids = TargetKind::ALL.map(TargetKind::id);
                let complaint = sheet
                    .at(kind.span(), format!("there is no target kind {:?}", kind.get_ref()))
                    .nearest(nearest_names(kind.get_ref(), ids))
                    .hint(format!("kinds are {}", ids.join(", ")));
                sheet.push(complaint);
            }
            read
        });
        let is_maintenance = sheet.boolean(table, "maintenance").unwrap_or_default();
        if is_maintenance {
            let key = Sheet::key_span(table, "maintenance", &place);
            let complaint = sheet.at(key, "a second maintenance target for this site");
            match &maintenance {
                Some((line, first)) => {
                    sheet.push(
                        complaint.hint(format!("the first one is {first} on line {line}; a site has one")),
                    );
                }
                None => {
                    let first = name.as_ref().map_or("unnamed", |name| name.get_ref());
                    maintenance = Some((complaint.line, first.to_owned()));
                }
            }
        }
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
        let balancer = sheet.string(table, "balancer", "\"web\"");
        if let Some(balancer) = &balancer
            && balancer.get_ref().trim().is_empty()
        {
            sheet.complain(balancer.span(), "a balancer without a name");
        }
        let addresses = addresses(sheet, table);
        let dns_name = sheet.string(table, "dns_name", "\"d111111abcdef8.cloudfront.net\"");
        let dns_name = dns_name.map(|name| domain(sheet, &name));
        let ttl = ttl(sheet, table);
        if let Some(kind) = kind {
            check_kind(sheet, table, &place, kind);
            if let Some(name) = name {
                targets.push(SiteTarget {
                    name: name.into_inner(),
                    kind,
                    region: region.map(Spanned::into_inner),
                    balancer: balancer.map(Spanned::into_inner),
                    addresses,
                    dns_name,
                    ttl,
                    maintenance: is_maintenance,
                });
            }
        }
    }
    targets
}

fn addresses(sheet: &mut Sheet<'_>, table: &DeTable<'_>) -> Vec<IpAddr> {
    let mut read: Vec<IpAddr> = Vec::new();
    for text in sheet.strings(table, "addresses", "[\"203.0.113.10\"]").unwrap_or_default() {
        match text.get_ref().parse::<IpAddr>() {
            Ok(address) if read.contains(&address) => {
                sheet.complain(text.span(), format!("address {address} is listed twice"));
            }
            Ok(address) if address.is_unspecified() || address.is_multicast() => {
                let complaint = sheet
                    .at(text.span(), format!("{address} is not an address visitors can reach"))
                    .hint("write the public address of the server");
                sheet.push(complaint);
            }
            Ok(address) => read.push(address),
            Err(_) => {
                let complaint = sheet
                    .at(text.span(), format!("{:?} is not an IP address", text.get_ref()))
                    .hint("write an address like 203.0.113.10 or 2001:db8::10, not a name");
                sheet.push(complaint);
            }
        }
    }
    read
}

fn ttl(sheet: &mut Sheet<'_>, table: &DeTable<'_>) -> Option<u32> {
    let ttl = sheet.integer(table, "ttl", "60")?;
    let seconds = u32::try_from(*ttl.get_ref()).ok().filter(|seconds| *seconds <= 2_147_483_647);
    if seconds.is_none() {
        let complaint = sheet
            .at(ttl.span(), "a TTL out of range")
            .hint("a TTL is 0 to 2147483647 seconds; 60 switches back within a minute");
        sheet.push(complaint);
    }
    seconds
}

/// Every kind has keys it needs and keys that mean nothing for it; the second sort would otherwise be ignored silently.
fn check_kind(sheet: &mut Sheet<'_>, table: &DeTable<'_>, place: &Range<usize>, kind: TargetKind) {
    let (needs, takes): (&[(&str, &str)], &[&str]) = match kind {
        TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb => {
            (&[("region", "\"us-east-1\""), ("balancer", "\"web\"")], &["region", "balancer"])
        }
        TargetKind::Cloudfront => (&[("dns_name", "\"d111111abcdef8.cloudfront.net\"")], &["dns_name"]),
        TargetKind::S3 => (&[("region", "\"us-east-1\"")], &["region", "dns_name"]),
        TargetKind::Address => (&[("addresses", "[\"203.0.113.10\"]")], &["addresses", "ttl"]),
    };
    for (key, example) in needs {
        if !table.contains_key(*key) {
            let complaint = sheet
                .at(place.clone(), format!("a target of kind {kind} needs `{key}`"))
                .hint(format!("add: {key} = {example}"));
            sheet.push(complaint);
        }
    }
    if let (TargetKind::Address, Some(value)) = (kind, table.get("addresses"))
        && value.get_ref().as_array().is_some_and(|items| items.is_empty())
    {
        let complaint = sheet
            .at(value.span(), "a target of kind address needs at least one address")
            .hint("write: addresses = [\"203.0.113.10\"]");
        sheet.push(complaint);
    }
    for key in ["region", "balancer", "addresses", "dns_name", "ttl"] {
        if !takes.contains(&key) && table.contains_key(key) {
            let why = match key {
                "ttl" => "its record is an alias, which has no TTL of its own".to_owned(),
                _ => format!("kind {kind} takes {}", takes.join(" and ")),
            };
            let span = Sheet::key_span(table, key, place);
            let complaint =
                sheet.at(span, format!("`{key}` means nothing for a target of kind {kind}")).hint(why);
            sheet.push(complaint);
        }
    }
}
