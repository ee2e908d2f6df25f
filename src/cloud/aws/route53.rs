//! Route 53: hosted zones, the record sets that matter, and the batch that changes them.
//!
//! A change names every old value and creates the new ones; it is never an UPSERT, and what it could not repeat
//! exactly (a routing policy's parameters) it refuses to send.

use super::fault::call;
use super::page::walk;
use super::session::once;
use super::{Job, Options, Out, first_fault, side_by_side, text};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Place};
use crate::incident::request::{Answer, CallResult, Done, QueryResult, RecordChange};
use crate::incident::resource::{AliasTarget, HostedZone, RecordSet, Resource, normalise_name};
use aws_sdk_route53::Client;
use aws_sdk_route53::config::Builder;
use aws_sdk_route53::types::{
    Change, ChangeAction, ChangeBatch, ChangeStatus, ResourceRecord, ResourceRecordSet, RrType,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

/// Names whose records are asked at once: the account has 10 calls a second for everybody.
const AT_ONCE: usize = 4;

/// The name servers of zones, by id: they stay as they are for as long as the zone lives, so each is asked for once.
#[derive(Debug, Default)]
pub(super) struct Delegations {
    known: Mutex<BTreeMap<String, Vec<String>>>,
}

impl Delegations {
    fn known(&self, zone: &HostedZone) -> Option<Vec<String>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&zone.key.id).cloned()
    }

    /// Asks for a zone's name servers. Not being told them costs evidence, not the zone: credentials of before lack
    /// `route53:GetHostedZone`.
    async fn ask(&self, client: &Client, mut zone: HostedZone) -> HostedZone {
        let request = client.get_hosted_zone().id(&zone.key.id);
        if let Ok(answer) = call("route53:GetHostedZone", request.send()).await
            && let Some(set) = answer.delegation_set()
        {
            zone.name_servers =
                set.name_servers().iter().map(|name| name.trim_end_matches('.').to_owned()).collect();
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            known.insert(zone.key.id.clone(), zone.name_servers.clone());
        }
        zone
    }
}

/// Hosted zones by page, then the records of each public one at its apex and at the names that were asked for; the
/// name servers of the zones that those names lie in.
pub(super) async fn sweep(
    client: &Client,
    out: &Out<'_>,
    record_names: &[String],
    delegations: &Delegations,
) -> Result<(), Fault> {
    let mut names: BTreeSet<(String, String)> = BTreeSet::new();
    let mut undelegated: Vec<HostedZone> = vec![];
    let listed = walk(
        "route53:ListHostedZones",
        |marker| {
            let request = client.list_hosted_zones().set_marker(marker);
            call("route53:ListHostedZones", request.send())
        },
        |page| {
            let mut zones: Vec<HostedZone> =
                page.hosted_zones().iter().map(|zone| zone_row(out.place, zone)).collect();
            for zone in zones.iter().filter(|zone| !zone.private) {
                let here = record_names
                    .iter()
                    .map(|name| normalise_name(name))
                    .filter(|name| lies_in(name, &zone.name));
                let apex = std::iter::once(zone.name.clone());
                names.extend(here.chain(apex).map(|name| (zone.key.id.clone(), name)));
            }
            // A zone of a declared site is shown with its name servers, or once they cannot be read.
            zones.retain_mut(|zone| {
                let declared = record_names.iter().any(|name| lies_in(&normalise_name(name), &zone.name));
                if zone.private || !declared {
                    return true;
                }
                match delegations.known(zone) {
                    Some(known) => zone.name_servers = known,
                    None => undelegated.push(zone.clone()),
                }
                !zone.name_servers.is_empty()
            });
            out.send(zones.into_iter().map(Resource::HostedZone).collect());
            page.is_truncated.then_some(page.next_marker).flatten()
        },
    )
    .await;
    let mut jobs: Vec<Job<'_>> = vec![];
    for zone in undelegated {
        jobs.push(Box::pin(async move {
            out.send(vec![Resource::HostedZone(delegations.ask(client, zone).await)]);
            Ok(())
        }));
    }
    for (zone, name) in &names {
        jobs.push(Box::pin(async move {
            let records = at_name(client, out.place, zone, name).await?;
            out.send(records.into_iter().map(Resource::RecordSet).collect());
            Ok(())
        }));
    }
    first_fault([listed, side_by_side(jobs, AT_ONCE).await])
}

/// Whether a name is a zone's own or below it.
fn lies_in(name: &str, zone: &str) -> bool {
    name == zone || name.strip_suffix(zone).is_some_and(|rest| rest.ends_with('.'))
}

fn zone_row(place: &Place, zone: &aws_sdk_route53::types::HostedZone) -> HostedZone {
    HostedZone {
        key: place.key(Kind::HostedZone, bare_id(zone.id())),
        name: normalise_name(zone.name()),
        private: zone.config().is_some_and(|config| config.private_zone()),
        record_count: zone.resource_record_set_count(),
        linked_service: zone
            .linked_service()
            .map(|linked| linked.service_principal().unwrap_or("a service").to_owned()),
        name_servers: Vec::new(),
    }
}

/// `Z1` of `/hostedzone/Z1` or `/change/C1`.
fn bare_id(id: &str) -> &str {
    id.rsplit('/').next().unwrap_or(id)
}

/// Where a listing of record sets goes on: name, type, set identifier.
type Next = (String, RrType, Option<String>);

/// Every record set at exactly one name: the listing starts there and is left when the name changes.
async fn at_name(client: &Client, place: &Place, zone_id: &str, name: &str) -> Result<Vec<RecordSet>, Fault> {
    let mut found: Vec<RecordSet> = vec![];
    let mut from: Option<Next> = None;
    // Written together for the guard against a listing that never ends.
    let mut seen: BTreeSet<String> = BTreeSet::new();
    loop {
        let request = client
            .list_resource_record_sets()
            .hosted_zone_id(zone_id)
            .start_record_name(from.as_ref().map_or(name, |(name, ..)| name))
            .set_start_record_type(from.as_ref().map(|(_, kind, _)| kind.clone()))
            .set_start_record_identifier(from.as_ref().and_then(|(.., set)| set.clone()))
            .max_items(100);
        let page = call("route53:ListResourceRecordSets", request.send()).await?;
        let mut past = false;
        for record in page.resource_record_sets() {
            if normalise_name(record.name()) == name {
                found.push(record_row(place, zone_id, record));
            } else {
                past = true;
            }
        }
        let next = match (page.next_record_name, page.next_record_type) {
            (Some(next), Some(kind)) if page.is_truncated && !past && normalise_name(&next) == name => {
                (next, kind, page.next_record_identifier)
            }
            _ => return Ok(found),
        };
        if !seen.insert(format!("{next:?}")) {
            return Err(Fault::Garbled {
                detail: "route53:ListResourceRecordSets: the pages never end (the same one came twice)"
                    .into(),
            });
        }
        from = Some(next);
    }
}

fn record_row(place: &Place, zone_id: &str, record: &ResourceRecordSet) -> RecordSet {
    let kind = record.r#type().as_str();
    let routing = if record.weight().is_some() {
        Some("weighted")
    } else if record.failover().is_some() {
        Some("failover")
    } else if record.region().is_some() {
        Some("latency")
    } else if record.geo_location().is_some() {
        Some("geolocation")
    } else if record.geo_proximity_location().is_some() {
        Some("geoproximity")
    } else if record.cidr_routing_config().is_some() {
        Some("ip-based")
    } else if record.multi_value_answer().is_some() {
        Some("multivalue")
    } else {
        None
    };
    let alias = record.alias_target().map(|alias| AliasTarget {
        dns_name: alias.dns_name().to_owned(),
        zone_id: alias.hosted_zone_id().to_owned(),
        evaluate_target_health: alias.evaluate_target_health(),
    });
    RecordSet {
        key: place.key(Kind::RecordSet, RecordSet::id(zone_id, record.name(), kind, record.set_identifier())),
        zone_id: zone_id.to_owned(),
        name: normalise_name(record.name()),
        record_type: kind.to_owned(),
        // An alias has none, whatever an emulator says.
        ttl: record.ttl().filter(|_| alias.is_none()).and_then(|ttl| u32::try_from(ttl).ok()),
        values: record.resource_records().iter().map(|value| value.value().to_owned()).collect(),
        alias,
        set_identifier: text(record.set_identifier()),
        routing: routing.map(str::to_owned),
        traffic_policy: record.traffic_policy_instance_id().is_some(),
        health_check: text(record.health_check_id()),
    }
}

/// The public zone of a name, with every record set at one name in it.
pub(super) async fn records(client: &Client, place: &Place, zone: &str, name: &str) -> QueryResult {
    let (zone, name) = (normalise_name(zone), normalise_name(name));
    let mut zones: Vec<HostedZone> = vec![];
    let mut from: Option<(String, String)> = None;
    loop {
        let request = client
            .list_hosted_zones_by_name()
            .dns_name(from.as_ref().map_or(zone.as_str(), |(name, _)| name))
            .set_hosted_zone_id(from.as_ref().map(|(_, id)| id.clone()));
        let page = call("route53:ListHostedZonesByName", request.send()).await?;
        zones.extend(
            page.hosted_zones().iter().map(|found| zone_row(place, found)).filter(|found| found.name == zone),
        );
        // Zones of one name follow each other; the next page matters only if it starts with that name too.
        let next = match (page.next_dns_name, page.next_hosted_zone_id) {
            (Some(next), Some(id)) if page.is_truncated && normalise_name(&next) == zone => Some((next, id)),
            _ => None,
        };
        if next.is_none() || next == from {
            break;
        }
        from = next;
    }
    zones.retain(|zone| !zone.private);
    if zones.len() > 1 {
        let ids: Vec<&str> = zones.iter().map(|zone| zone.key.id.as_str()).collect();
        return Err(Fault::Unaskable {
            detail: format!(
                "{} public hosted zones are named {zone} ({}): which one the world asks is for you to find out",
                ids.len(),
                ids.join(", ")
            ),
        });
    }
    let Some(zone) = zones.pop() else {
        return Ok(Answer::Records { zone: None, records: vec![] });
    };
    let records = at_name(client, place, &zone.key.id, &name).await?;
    Ok(Answer::Records { zone: Some(zone), records })
}

/// Whether a change has reached every authoritative server.
pub(super) async fn change(client: &Client, id: &str) -> QueryResult {
    let answer = call("route53:GetChange", client.get_change().id(id).send()).await?;
    match answer.change_info() {
        Some(info) => Ok(Answer::Change { in_sync: *info.status() == ChangeStatus::Insync }),
        None => Err(Fault::Garbled { detail: "GetChange answered without a change".into() }),
    }
}

/// One atomic batch, exactly as planned.
pub(super) async fn change_records(
    client: &Client,
    options: &Options,
    zone_id: &str,
    changes: &[RecordChange],
    comment: &str,
) -> CallResult {
    let changes: Vec<Change> = changes.iter().map(sdk_change).collect::<Result<_, _>>()?;
    let batch =
        ChangeBatch::builder().comment(comment).set_changes(Some(changes)).build().map_err(unaskable)?;
    let (retry, timeout) = once(options);
    let request = client
        .change_resource_record_sets()
        .hosted_zone_id(zone_id)
        .change_batch(batch)
        .customize()
        .config_override(Builder::new().retry_config(retry).timeout_config(timeout));
    let answer = call("route53:ChangeResourceRecordSets", request.send()).await?;
    match answer.change_info() {
        Some(info) => Ok(Done::ChangeSubmitted { change_id: bare_id(info.id()).to_owned() }),
        None => Err(Fault::Garbled { detail: "ChangeResourceRecordSets answered without a change".into() }),
    }
}

fn unaskable(error: impl std::error::Error) -> Fault {
    Fault::Unaskable { detail: error.to_string() }
}

fn sdk_change(change: &RecordChange) -> Result<Change, Fault> {
    let (action, record) = match change {
        RecordChange::Delete(record) => (ChangeAction::Delete, record),
        RecordChange::Create(record) => (ChangeAction::Create, record),
    };
    if record.routing.is_some() || record.traffic_policy {
        let why = record.routing.as_deref().unwrap_or("traffic policy");
        return Err(Fault::Unaskable {
            detail: format!(
                "{} {} is a {why} record set: its parameters are not kept, so it cannot be repeated exactly",
                record.name, record.record_type
            ),
        });
    }
    let alias = match &record.alias {
        None => None,
        Some(alias) => Some(
            aws_sdk_route53::types::AliasTarget::builder()
                .dns_name(&alias.dns_name)
                .hosted_zone_id(&alias.zone_id)
                .evaluate_target_health(alias.evaluate_target_health)
                .build()
                .map_err(unaskable)?,
        ),
    };
    let values: Vec<ResourceRecord> = record
        .values
        .iter()
        .map(|value| ResourceRecord::builder().value(value).build())
        .collect::<Result<_, _>>()
        .map_err(unaskable)?;
    let set = ResourceRecordSet::builder()
        .name(&record.name)
        .r#type(RrType::from(record.record_type.as_str()))
        .set_ttl(record.ttl.filter(|_| alias.is_none()).map(i64::from))
        .set_resource_records(alias.is_none().then_some(values))
        .set_alias_target(alias)
        .set_set_identifier(record.set_identifier.clone())
        .set_health_check_id(record.health_check.clone())
        .build()
        .map_err(unaskable)?;
    Change::builder().action(action).resource_record_set(set).build().map_err(unaskable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_lies_in_its_zone_and_in_no_other() {
        assert!(lies_in("fitocracy.com.", "fitocracy.com."));
        assert!(lies_in("www.fitocracy.com.", "fitocracy.com."));
        assert!(!lies_in("notfitocracy.com.", "fitocracy.com."));
        assert!(!lies_in("com.", "fitocracy.com."));
    }
}
