//! Pointing a site's record at another of its targets: DELETE of exactly what is there and CREATE of the new, A and
//! AAAA in one batch, with the inverse in the plan.
//!
//! Refuses what it cannot reverse exactly or does not own: routing policies, traffic policies, zones that a service
//! manages, a CNAME. It never guesses what a record was: it is read fresh.

use super::Planned;
use super::batch::{self, TYPES, points, same_sets};
use super::table::{Table, choice, count, elb, route53};
use crate::incident::cell::{ProbeSubject, Verdict};
use crate::incident::fold::Incident;
use crate::incident::place::{Kind, Scope, Service};
use crate::incident::plan::{Plan, Refusal, Risk};
use crate::incident::request::Query;
use crate::incident::resource::{
    AliasTarget, Balancer, BalancerKind, HostedZone, RecordSet, Resource, bare_name, normalise_name,
};
use crate::incident::site::{Site, SiteTarget, TargetKind};
use std::net::IpAddr;

/// Every CloudFront distribution is an alias of this zone.
const CLOUDFRONT_ZONE: &str = "Z2FDTNDATAQYW2";

/// S3 website endpoints and the zones of their aliases, as AWS publishes them.
const S3_WEBSITES: [(&str, char, &str); 20] = [
    ("us-east-1", '-', "Z3AQBSTGFYJSTF"),
    ("us-east-2", '.', "Z2O1EMRO9K5GLX"),
    ("us-west-1", '-', "Z2F56UZL2M1ACD"),
    ("us-west-2", '-', "Z3BJ6K6RIION7M"),
    ("ap-east-1", '.', "ZNB98KWMFR0R6"),
    ("ap-south-1", '.', "Z11RGJOFQNVJUP"),
    ("ap-northeast-1", '-', "Z2M4EHUR26P7ZW"),
    ("ap-northeast-2", '.', "Z3W03O7B5YMIYP"),
    ("ap-northeast-3", '.', "Z2YQB5RD63NC85"),
    ("ap-southeast-1", '-', "Z3O0J2DXBE1FTB"),
    ("ap-southeast-2", '-', "Z1WCIGYICN2BYD"),
    ("ca-central-1", '.', "Z1QDHH18159H29"),
    ("eu-central-1", '.', "Z21DNDUVLTQW6Q"),
    ("eu-west-1", '-', "Z1BKCTXD74EZPE"),
    ("eu-west-2", '.', "Z3GKZC51ZF0DB4"),
    ("eu-west-3", '.', "Z3R1K369G5AVDG"),
    ("eu-north-1", '.', "Z3BAZG2TWCNX0D"),
    ("me-south-1", '.', "Z1MPMWCPA7YB62"),
    ("sa-east-1", '-', "Z7KQH4QJS55SO"),
    ("us-gov-west-1", '-', "Z31GFT0UA1I2HV"),
];

/// The record of a site as it was just read.
pub(super) struct Here<'a> {
    pub(super) site: &'a Site,
    pub(super) scope: Scope,
    pub(super) zone: &'a HostedZone,
    pub(super) query: Query,
    /// Normalised.
    pub(super) name: String,
    /// A and AAAA.
    pub(super) old: Vec<RecordSet>,
    /// An HTTPS or SVCB record stands beside them.
    pub(super) service_binding: bool,
}

/// A switch of a site's record to a target.
pub(super) struct Switch<'a> {
    pub(super) here: Here<'a>,
    pub(super) target: &'a SiteTarget,
    /// A and AAAA as they shall be.
    pub(super) new: Vec<RecordSet>,
    balancer: Option<(Scope, &'a Balancer)>,
}

/// Plans `apex SITE TARGET`.
pub(super) fn plan(table: &mut Table<'_>, site: &str, target: &str) -> Result<Planned, Refusal> {
    let site = table.site(site)?;
    let target = table.target(site, target)?;
    let Some(switch) = read(table, site, target)? else {
        return Ok(table.needs());
    };
    switch.refuse_if_there(table)?;
    let title = format!("{}: apex {} -> {} ({})", site.name, site.record, target.name, target.place());
    Ok(Planned::Plan(Box::new(switch.plan(table, title)?.sealed())))
}

/// Reads the record and the target; `None` while something is still to be read.
pub(super) fn read<'a>(
    table: &mut Table<'a>,
    site: &'a Site,
    target: &'a SiteTarget,
) -> Result<Option<Switch<'a>>, Refusal> {
    // Both are asked for in one go: in an outage a round trip is long.
    let balancer = read_balancer(table, site, target)?;
    let here = read_record(table, site)?;
    if !table.complete() {
        return Ok(None);
    }
    let Some(here) = here else { return Ok(None) };
    let new = wanted(table, &here, target, balancer.as_ref().map(|(_, b)| *b))?;
    Ok(Some(Switch { here, target, new, balancer }))
}

/// Reads a site's record and refuses what may not be edited.
pub(super) fn read_record<'a>(table: &mut Table<'a>, site: &'a Site) -> Result<Option<Here<'a>>, Refusal> {
    let scope = table.zone_scope(site)?;
    table.profile(&scope.account)?;
    let name = normalise_name(&site.record);
    let query = Query::Records { scope: scope.clone(), zone: normalise_name(&site.zone), name: name.clone() };
    let Some((zone, records)) = table.records(&query, &name)? else {
        return Ok(None);
    };
    let Some(zone) = zone.filter(|zone| !zone.private) else {
        return Err(no_zone(table, site, &scope, zone.is_some()));
    };
    if let Some(service) = &zone.linked_service {
        return Err(table.refuse(
            format!("zone {} is managed by {service}", zone.name),
            format!("Change it through {service}; what is edited by hand there is undone by it"),
        ));
    }
    let at_name = |record: &&RecordSet| normalise_name(&record.name) == name;
    if let Some(cname) = records.iter().filter(at_name).find(|r| r.record_type == "CNAME") {
        return Err(table.refuse(
            format!("{name} is a CNAME ({})", cname.points_to()),
            "An A record cannot stand beside a CNAME: replace the CNAME by an A or alias record once, by hand",
        ));
    }
    for record in records.iter().filter(at_name) {
        if !TYPES.contains(&record.record_type.as_str()) {
            continue;
        }
        if record.traffic_policy {
            return Err(table.refuse(
                format!("{name} {} belongs to a traffic policy", record.record_type),
                "Change the traffic policy instance (`aws route53 update-traffic-policy-instance`), or delete it",
            ));
        }
        if record.set_identifier.is_some() || record.routing.is_some() {
            let policy = record.routing.as_deref().unwrap_or("a routing policy's");
            return Err(table.refuse(
                format!(
                    "{name} {} is {policy} (set identifier {})",
                    record.record_type,
                    record.set_identifier.as_deref().unwrap_or("?")
                ),
                "Only simple records are switched here: change its weights or health checks, or make it a simple record",
            ));
        }
    }
    let service_binding =
        records.iter().filter(at_name).any(|r| matches!(r.record_type.as_str(), "HTTPS" | "SVCB"));
    let here: Vec<RecordSet> = records.iter().filter(at_name).cloned().collect();
    Ok(Some(Here { site, scope, zone, query, name, old: batch::addresses(&here), service_binding }))
}

fn no_zone(table: &Table<'_>, site: &Site, scope: &Scope, answered_private: bool) -> Refusal {
    let name = normalise_name(&site.zone);
    let rows = || {
        table.desk.incident.of_kind(Kind::HostedZone).filter_map(|seen| match &seen.resource {
            Resource::HostedZone(zone) => Some(zone),
            _ => None,
        })
    };
    if answered_private || rows().any(|zone| zone.name == name && zone.private) {
        return table.refuse(
            format!("account {} has only a private zone {name}", scope.account),
            "The public never sees a private zone: use the profile of the account that owns the public one",
        );
    }
    let names: Vec<String> =
        rows().filter(|zone| !zone.private).map(|zone| zone.name.trim_end_matches('.').to_owned()).collect();
    table.refuse(
        format!("account {} has no public hosted zone {name}", scope.account),
        format!(
            "Check `zone` of site {} and the profile. {}",
            site.name,
            choice("public zones are", &site.zone, &names)
        ),
    )
}

fn read_balancer<'a>(
    table: &mut Table<'a>,
    site: &Site,
    target: &'a SiteTarget,
) -> Result<Option<(Scope, &'a Balancer)>, Refusal> {
    let (kind, service) = match target.kind {
        TargetKind::Elb => (BalancerKind::Classic, Service::Elb),
        TargetKind::Alb => (BalancerKind::Application, Service::ElbV2),
        TargetKind::Nlb => (BalancerKind::Network, Service::ElbV2),
        TargetKind::Cloudfront | TargetKind::S3 | TargetKind::Address => return Ok(None),
    };
    let (Some(region), Some(name)) = (&target.region, &target.balancer) else {
        return Err(table.refuse(
            format!("target {} names no region or no balancer", target.name),
            "Give it both in the config: region = \"us-east-1\", balancer = \"web\"",
        ));
    };
    let region = crate::incident::place::Region::new(region);
    let incident = table.desk.incident;
    let seen_in = incident.of_kind(Kind::Balancer).find_map(|seen| match &seen.resource {
        Resource::Balancer(b)
            if b.name == *name
                && *b.key.region() == region
                && b.key.place.service == service
                && table.desk.accounts.iter().any(|(a, _)| *a == b.key.scope().account) =>
        {
            Some(b.key.scope().clone())
        }
        _ => None,
    });
    let scope = match seen_in {
        Some(scope) => scope,
        None => Scope::new(table.zone_scope(site)?.account, region),
    };
    let query = Query::Balancer { scope: scope.clone(), kind, name: name.clone() };
    let Some(answer) = table.balancer(&query, &target.place())? else {
        return Ok(None);
    };
    let Some(balancer) = answer else {
        let names: Vec<String> = incident
            .of_kind(Kind::Balancer)
            .filter_map(|seen| match &seen.resource {
                Resource::Balancer(b) if *b.key.scope() == scope => {
                    Some(format!("{} ({})", b.name, b.balancer_kind.as_str()))
                }
                _ => None,
            })
            .filter(|words| *words != format!("{name} ({})", kind.as_str()))
            .collect();
        let others: Vec<&str> =
            site.targets.iter().filter(|t| t.name != target.name).map(|t| t.name.as_str()).collect();
        let other = if others.is_empty() {
            String::new()
        } else {
            format!(" Other targets of {}: {}", site.name, others.join(", "))
        };
        return Err(table.refuse(
            format!(
                "target {} is gone: {} has no {} balancer {name}",
                target.name,
                scope.region,
                kind.as_str()
            ),
            format!("{}.{other}", choice(&format!("in {} are", scope.region), name, &names)),
        ));
    };
    if balancer.balancer_kind != kind {
        return Err(table.refuse(
            format!(
                "{} in {} is {}, not {}",
                name,
                scope.region,
                balancer.balancer_kind.as_str(),
                target.kind
            ),
            format!("Correct `kind` of target {} in the config", target.name),
        ));
    }
    Ok(Some((scope, balancer)))
}

/// The A and AAAA sets that make a name point at a target.
fn wanted(
    table: &Table<'_>,
    here: &Here<'_>,
    target: &SiteTarget,
    balancer: Option<&Balancer>,
) -> Result<Vec<RecordSet>, Refusal> {
    let had_v6 = here.old.iter().any(|r| r.record_type == "AAAA");
    let mut sets = Vec::new();
    match (target.kind, balancer) {
        (TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb, Some(balancer)) => {
            let Some(zone_id) = &balancer.canonical_zone_id else {
                return Err(table.refuse(
                    format!(
                        "the hosted zone id of balancer {} is not known, and an alias needs it",
                        balancer.name
                    ),
                    "AWS left it out and its region is not in the published table: use an address target",
                ));
            };
            let dual = balancer.ip_address_type.as_deref() == Some("dualstack");
            let alias = AliasTarget {
                dns_name: alias_name(balancer),
                zone_id: zone_id.clone(),
                evaluate_target_health: false,
            };
            sets.push(alias_set(here, "A", &alias));
            if had_v6 || dual {
                sets.push(alias_set(here, "AAAA", &alias));
            }
        }
        (TargetKind::Cloudfront, _) => {
            let Some(dns_name) = &target.dns_name else {
                return Err(table.refuse(
                    format!("target {} names no distribution", target.name),
                    "Give it in the config: dns_name = \"d111111abcdef8.cloudfront.net\"",
                ));
            };
            let alias = AliasTarget {
                dns_name: dns_name.clone(),
                zone_id: CLOUDFRONT_ZONE.into(),
                evaluate_target_health: false,
            };
            sets.push(alias_set(here, "A", &alias));
            if had_v6 {
                sets.push(alias_set(here, "AAAA", &alias));
            }
        }
        (TargetKind::S3, _) => {
            let region = target.region.as_deref().unwrap_or("?");
            let Some((_, joint, zone_id)) = S3_WEBSITES.iter().find(|(r, _, _)| *r == region) else {
                return Err(table.refuse(
                    format!("the S3 website zone id of region {region} is not known here"),
                    "Use an address or CloudFront target, or a bucket in another region",
                ));
            };
            let alias = AliasTarget {
                dns_name: format!("s3-website{joint}{region}.amazonaws.com"),
                zone_id: (*zone_id).to_owned(),
                evaluate_target_health: false,
            };
            sets.push(alias_set(here, "A", &alias));
        }
        (TargetKind::Address, _) => {
            for record_type in TYPES {
                let values: Vec<String> = target
                    .addresses
                    .iter()
                    .filter(|address| match address {
                        IpAddr::V4(_) => record_type == "A",
                        IpAddr::V6(_) => record_type == "AAAA",
                    })
                    .map(ToString::to_string)
                    .collect();
                if !values.is_empty() {
                    let mut set = set_of(here, record_type);
                    set.ttl = target.record_ttl();
                    set.values = values;
                    sets.push(set);
                }
            }
            if sets.is_empty() {
                return Err(table.refuse(
                    format!("target {} has no addresses", target.name),
                    "Give it some in the config: addresses = [\"203.0.113.10\"]",
                ));
            }
        }
        (TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb, None) => {
            return Err(table.refuse("its balancer was not read", "Try again"));
        }
    }
    // What points there already stays exactly as it is, even if it was written in other words.
    for set in &mut sets {
        let there = here.old.iter().find(|old| old.record_type == set.record_type && equivalent(old, set));
        if let Some(there) = there {
            *set = there.clone();
        }
    }
    Ok(sets)
}

/// The name an alias goes by: the console prefixes what can be dual-stack, so that AAAA has an answer to give.
fn alias_name(balancer: &Balancer) -> String {
    let name = balancer.dns_name.trim_end_matches('.');
    let internal = balancer.scheme.as_deref() == Some("internal");
    let prefixed = match balancer.balancer_kind {
        BalancerKind::Classic | BalancerKind::Application => !internal,
        BalancerKind::Network | BalancerKind::Gateway => false,
    };
    if prefixed && !name.to_lowercase().starts_with("dualstack.") {
        format!("dualstack.{name}.")
    } else {
        format!("{name}.")
    }
}

fn set_of(here: &Here<'_>, record_type: &str) -> RecordSet {
    let zone_id = &here.zone.key.id;
    RecordSet {
        key: here
            .scope
            .place(Service::Route53)
            .key(Kind::RecordSet, RecordSet::id(zone_id, &here.name, record_type, None)),
        zone_id: zone_id.clone(),
        name: here.name.clone(),
        record_type: record_type.to_owned(),
        ttl: None,
        values: Vec::new(),
        alias: None,
        set_identifier: None,
        routing: None,
        traffic_policy: false,
        health_check: None,
    }
}

fn alias_set(here: &Here<'_>, record_type: &str, alias: &AliasTarget) -> RecordSet {
    RecordSet { alias: Some(alias.clone()), ..set_of(here, record_type) }
}

/// Whether both sets lead to the same place, `dualstack.` or not, with or without target health.
fn equivalent(a: &RecordSet, b: &RecordSet) -> bool {
    match (&a.alias, &b.alias) {
        (Some(x), Some(y)) => bare_name(&x.dns_name) == bare_name(&y.dns_name) && x.zone_id == y.zone_id,
        (None, None) => a.same(b),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

/// Which of a site's targets its A and AAAA sets lead to, as far as the config and the rows can tell.
#[must_use]
pub fn target_at<'s>(incident: &Incident, site: &'s Site, records: &[RecordSet]) -> Option<&'s SiteTarget> {
    let record = records
        .iter()
        .find(|r| r.record_type == "A" && normalise_name(&r.name) == normalise_name(&site.record))?;
    target_of(incident, site, record)
}

/// The declared target of a site that one record leads to.
#[must_use]
pub fn target_of<'s>(incident: &Incident, site: &'s Site, record: &RecordSet) -> Option<&'s SiteTarget> {
    site.targets.iter().find(|target| match &record.alias {
        None => {
            let mut wanted: Vec<String> =
                target.addresses.iter().filter(|a| a.is_ipv4()).map(ToString::to_string).collect();
            let mut there = record.values.clone();
            wanted.sort();
            there.sort();
            !there.is_empty() && wanted == there
        }
        Some(alias) => match target.kind {
            TargetKind::Address => false,
            TargetKind::Cloudfront => {
                target.dns_name.as_ref().is_some_and(|name| bare_name(name) == bare_name(&alias.dns_name))
            }
            TargetKind::S3 => S3_WEBSITES
                .iter()
                .any(|(region, _, zone)| Some(*region) == target.region.as_deref() && *zone == alias.zone_id),
            TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb => {
                incident.of_kind(Kind::Balancer).any(|seen| match &seen.resource {
                    Resource::Balancer(b) => {
                        Some(&b.name) == target.balancer.as_ref()
                            && Some(&*b.key.region().0) == target.region.as_deref()
                            && bare_name(&b.dns_name) == bare_name(&alias.dns_name)
                    }
                    _ => false,
                })
            }
        },
    })
}

impl Switch<'_> {
    /// Whether the record points at the target already.
    pub(super) fn is_there(&self) -> bool {
        same_sets(&self.here.old, &self.new)
    }

    fn refuse_if_there(&self, table: &Table<'_>) -> Result<(), Refusal> {
        if self.is_there() {
            return Err(table.refuse(
                format!(
                    "{} already points at {} ({})",
                    self.here.name,
                    self.target.name,
                    points(&self.here.old)
                ),
                "Nothing to do; if visitors still land elsewhere, old answers have not yet expired",
            ));
        }
        Ok(())
    }

    /// The plan, unsealed.
    pub(super) fn plan(&self, table: &Table<'_>, title: String) -> Result<Plan, Refusal> {
        let mut plan = rewrite(table, &self.here, &self.new, title)?;
        let was = match target_at(table.desk.incident, self.here.site, &self.here.old) {
            Some(was) if was.name != self.target.name => format!("{} ({})", was.name, was.place()),
            Some(_) | None => points(&self.here.old),
        };
        plan.effects.insert(
            0,
            format!(
                "visitors of {} go to {} ({}) instead of {was}",
                self.here.name.trim_end_matches('.'),
                self.target.name,
                self.target.place(),
            ),
        );
        self.health(table, &mut plan);
        plan.warnings.extend(caution(self.target, &self.here.name));
        plan.control_planes.extend(
            self.balancer.iter().map(|(scope, _)| format!("{}, to read the balancer only", elb(scope))),
        );
        Ok(plan)
    }

    /// What is known of the target's own health.
    fn health(&self, table: &Table<'_>, plan: &mut Plan) {
        let incident = table.desk.incident;
        if let Some((scope, balancer)) = &self.balancer {
            if let Some(state @ ("failed" | "provisioning" | "active_impaired")) = balancer.state.as_deref() {
                plan.warnings.push(format!("balancer {} claims to be {state}", self.target.place()));
            }
            if balancer.scheme.as_deref() == Some("internal") {
                plan.warnings.push(format!(
                    "balancer {} is internal: the public cannot reach it",
                    self.target.place()
                ));
            }
            let mut total = 0_usize;
            let mut healthy = 0_usize;
            let mut as_of = None;
            for seen in incident.of_kind(Kind::Registration) {
                let Resource::Registration(row) = &seen.resource else {
                    continue;
                };
                if row.key.scope() == scope && row.balancer == balancer.name {
                    total += 1;
                    healthy += usize::from(row.in_service());
                    as_of = as_of.max(incident.as_of(&row.key));
                }
            }
            let aged = as_of.map_or_else(String::new, |at| format!(", read {} ago", table.ago(at)));
            if healthy > 0 {
                plan.effects.push(format!(
                    "{}: {healthy} of {} in service (AWS's claim{aged})",
                    self.target.place(),
                    count(total, "target")
                ));
            } else if total > 0 {
                plan.warnings.push(format!(
                    "none of the {} of {} is in service (AWS's claim{aged})",
                    count(total, "target"),
                    self.target.place()
                ));
            } else {
                plan.warnings
                    .push(format!("no target is known to be registered under {}", self.target.place()));
            }
            for service in [balancer.key.place.service, Service::Ec2] {
                let cell = incident.cells.get(&scope.place(service));
                if let Some(fault) = cell.and_then(|cell| cell.fault()) {
                    let since = cell.map_or_else(String::new, |c| table.ago(c.since));
                    plan.warnings
                        .push(format!("{} {service} has been failing for {since}: {fault}", scope.region));
                }
            }
        }
        let site = &self.here.site;
        if let Some(probed) = incident.probes.get(&ProbeSubject::Site(site.name.clone())) {
            let words = format!(
                "the site's own probe {} ({}), for {}, last {} ago",
                probed.evidence.verdict.as_str(),
                probed.evidence.detail,
                table.ago(probed.since),
                table.ago(probed.at)
            );
            if probed.evidence.verdict == Verdict::Answers {
                plan.warnings.push(format!("{words}: what serves now, serves"));
            } else {
                plan.effects.push(words);
            }
        }
    }
}

/// What a target of this kind cannot do by itself for a name.
pub(super) fn caution(target: &SiteTarget, name: &str) -> Option<String> {
    let name = name.trim_end_matches('.');
    match target.kind {
        TargetKind::Address => Some(format!(
            "https: {} must hold a certificate for {name}, else browsers refuse the page",
            target.place()
        )),
        TargetKind::Cloudfront => {
            Some(format!("the distribution must list {name} as an alternate name and hold its certificate"))
        }
        TargetKind::S3 => Some(format!(
            "an S3 website has no https, and its bucket must be named {name}; the bucket is not read here"
        )),
        TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb => None,
    }
}

/// A plan that makes a name's A and AAAA sets what they shall be, unsealed: the core of every switch.
pub(super) fn rewrite(
    table: &Table<'_>,
    here: &Here<'_>,
    new: &[RecordSet],
    title: String,
) -> Result<Plan, Refusal> {
    let comment = table.comment(&title);
    let (old, name) = (&here.old, here.name.as_str());
    let mut plan = table.draft(&here.scope, title, Risk::Disruptive, here.site.name.clone())?;
    plan.resources = vec![format!("hosted zone {}", here.zone.key.id), name.to_owned()];
    plan.changes = batch::lines(name, old, new);
    plan.steps = vec![batch::step(
        format!("{name}: {} -> {}", points(old), points(new)),
        &here.scope,
        &here.zone.key.id,
        &here.query,
        old,
        new,
        comment.clone(),
    )];
    plan.inverse = vec![batch::step(
        format!("{name}: back to {}", points(old)),
        &here.scope,
        &here.zone.key.id,
        &here.query,
        new,
        old,
        table.comment(&format!("undo of {}", plan.title)),
    )];
    plan.undo = format!("undo deletes the new records and creates the old ones exactly: {}", points(old));
    plan.control_planes = vec![route53(&here.scope)];
    let (effects, warnings) = consequences(name, old, new, here.service_binding);
    plan.effects.extend(effects);
    plan.warnings.extend(warnings);
    let rows = table.desk.incident.of_kind(Kind::HostedZone);
    let twins = rows
        .filter(|seen| match &seen.resource {
            Resource::HostedZone(z) => z.name == here.zone.name && !z.private && z.key.id != here.zone.key.id,
            _ => false,
        })
        .count();
    if twins > 0 {
        plan.warnings.push(format!(
            "there is another public zone {}: this edits {}, check that the domain is delegated to it",
            here.zone.name, here.zone.key.id
        ));
    }
    Ok(plan)
}

/// What follows from making a name's sets others, whatever it is done for: effects, and warnings.
pub(super) fn consequences(
    name: &str,
    old: &[RecordSet],
    new: &[RecordSet],
    service_binding: bool,
) -> (Vec<String>, Vec<String>) {
    let mut effects: Vec<String> = lingering(old).into_iter().collect();
    let mut warnings = Vec::new();
    let has = |sets: &[RecordSet], t: &str| sets.iter().any(|r| r.record_type == t);
    if has(old, "AAAA") && !has(new, "AAAA") {
        effects.push(
            "the AAAA record is deleted: IPv6 visitors come over IPv4 instead of to the old place".into(),
        );
    }
    if has(old, "A") && !has(new, "A") {
        warnings.push("no A record stays: visitors without IPv6 reach nothing".into());
    }
    if service_binding {
        warnings.push(format!(
            "an HTTPS or SVCB record at {name} stays as it is: its address hints may still lead browsers to the old place"
        ));
    }
    (effects, warnings)
}

/// How long the old answer lives on after the change.
fn lingering(old: &[RecordSet]) -> Option<String> {
    // An alias answers with its target's TTL, which for balancers, CloudFront and S3 websites is 60 s.
    let ttl = old.iter().map(|r| r.ttl.filter(|_| r.alias.is_none()).unwrap_or(60)).max()?;
    let why = if old.iter().any(|r| r.alias.is_some()) { " (an alias has its target's TTL)" } else { "" };
    Some(format!(
        "resolvers may keep the old answer for up to {ttl} s after INSYNC{why}; connections that are open stay open"
    ))
}

#[cfg(test)]
mod tests;
