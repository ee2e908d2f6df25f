//! Route 53 as simulated: batches that are taken whole or not at all, and deletes that must name what is there.

use super::dns::name_servers;
use super::stage::digits;
use super::state::{DnsChange, State, Zone, later};
use super::world::{Here, Outcome, refuse};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Service};
use crate::incident::request::{Answer, Done, QueryResult, RecordChange};
use crate::incident::resource::{AliasTarget, HostedZone, RecordSet, Resource, normalise_name};

fn zone_row(zone: &Zone, here: Here<'_>) -> HostedZone {
    HostedZone {
        key: here.place(Service::Route53).key(Kind::HostedZone, zone.id.clone()),
        name: zone.name.clone(),
        private: zone.private,
        record_count: i64::try_from(zone.records.len()).ok(),
        linked_service: zone.linked_service.clone(),
        name_servers: if zone.private { Vec::new() } else { name_servers(zone) },
    }
}

fn record_row(record: &RecordSet, here: Here<'_>) -> RecordSet {
    RecordSet {
        key: here.place(Service::Route53).key(Kind::RecordSet, record.key.id.clone()),
        ..record.clone()
    }
}

/// ListHostedZones, and each zone's records at its apex and at the names asked for.
pub(super) fn sweep(state: &State, here: Here<'_>, names: &[String]) -> Vec<Resource> {
    let names: Vec<String> = names.iter().map(|name| normalise_name(name)).collect();
    let mut rows = Vec::new();
    for zone in state.zones.iter().filter(|z| z.account == here.account) {
        rows.push(Resource::HostedZone(zone_row(zone, here)));
        rows.extend(
            zone.records
                .iter()
                .filter(|r| r.name == zone.name || names.contains(&r.name))
                .map(|r| Resource::RecordSet(record_row(r, here))),
        );
    }
    rows
}

/// ListResourceRecordSets at one name of a public zone.
pub(super) fn records(state: &State, here: Here<'_>, zone: &str, name: &str) -> Answer {
    let (zone, name) = (normalise_name(zone), normalise_name(name));
    let found = state.zones.iter().find(|z| z.account == here.account && !z.private && z.name == zone);
    Answer::Records {
        zone: found.map(|z| zone_row(z, here)),
        records: found
            .map(|z| z.records.iter().filter(|r| r.name == name).map(|r| record_row(r, here)).collect())
            .unwrap_or_default(),
    }
}

/// GetChange.
pub(super) fn change(state: &State, here: Here<'_>, id: &str) -> QueryResult {
    match state.changes.get(id).filter(|c| c.account == here.account) {
        Some(change) => Ok(Answer::Change { in_sync: change.in_sync_at.is_some_and(|at| at <= here.now) }),
        None => Err(Fault::Refused {
            code: "NoSuchChange".into(),
            message: format!("Could not find resource with ID: {id}"),
        }),
    }
}

/// Whether a DELETE names exactly what is there: [`RecordSet::same`] and everything else that Route 53 compares.
fn exactly(there: &RecordSet, named: &RecordSet) -> bool {
    there.same(named) && there.routing == named.routing && there.health_check == named.health_check
}

fn name_and_type(record: &RecordSet) -> String {
    format!("[name='{}', type='{}'", record.name, record.record_type)
}

/// What is wrong with one change, in AWS's words; the batch fails whole, so the working copy is thrown away.
fn apply(
    state: &State,
    zone: &Zone,
    records: &mut Vec<RecordSet>,
    change: &RecordChange,
) -> Result<(), String> {
    let (RecordChange::Delete(named) | RecordChange::Create(named)) = change;
    let named = RecordSet { name: normalise_name(&named.name), ..named.clone() };
    let what = name_and_type(&named);
    let there = records.iter().position(|r| {
        r.name == named.name && r.record_type == named.record_type && r.set_identifier == named.set_identifier
    });
    match (change, there) {
        (RecordChange::Delete(_), None) => {
            Err(format!("[Tried to delete resource record set {what}] but it was not found]"))
        }
        (RecordChange::Delete(_), Some(at)) => {
            let found = records.get(at);
            if found.is_some_and(|r| r.traffic_policy) {
                return Err(format!(
                    "[Resource record set {what}] was created by a traffic policy instance and cannot be deleted by itself]"
                ));
            }
            if !found.is_some_and(|r| exactly(r, &named)) {
                return Err(format!(
                    "[Tried to delete resource record set {what}] but the values provided do not match the current values]"
                ));
            }
            records.remove(at);
            Ok(())
        }
        (RecordChange::Create(_), Some(_)) => {
            Err(format!("[Tried to create resource record set {what}] but it already exists]"))
        }
        (RecordChange::Create(_), None) => {
            valid(state, zone, records, &named)?;
            records.push(named);
            Ok(())
        }
    }
}

/// Whether a new record set could stand in the zone.
fn valid(state: &State, zone: &Zone, records: &[RecordSet], record: &RecordSet) -> Result<(), String> {
    let RecordSet { name, record_type, .. } = record;
    if *name != zone.name && !name.ends_with(&format!(".{}", zone.name)) {
        return Err(format!("[RRSet with DNS name {name} is not permitted in zone {}]", zone.name));
    }
    if record_type == "CNAME" && *name == zone.name {
        return Err(format!(
            "[RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {}]",
            zone.name
        ));
    }
    let clashes = |r: &RecordSet| r.name == *name && (r.record_type == "CNAME") != (record_type == "CNAME");
    if records.iter().any(clashes) {
        return Err(format!(
            "[RRSet of type {record_type} with DNS name {name} is not permitted because a conflicting RRSet with the same DNS name already exists in zone {}]",
            zone.name
        ));
    }
    match &record.alias {
        None if record.values.is_empty() || record.ttl.is_none() => Err(format!(
            "[Invalid request: expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or TrafficPolicyInstanceId], but found none in Change with [Action=CREATE, Name={name}, Type={record_type}]]"
        )),
        None => Ok(()),
        Some(_) if record.ttl.is_some() || !record.values.is_empty() => Err(format!(
            "[Invalid request: an alias has neither TTL nor ResourceRecords in Change with [Action=CREATE, Name={name}, Type={record_type}]]"
        )),
        Some(alias) => alias_exists(state, name, record_type, alias),
    }
}

/// An alias to a balancer must name one that exists, with the zone id of its region.
fn alias_exists(state: &State, name: &str, record_type: &str, alias: &AliasTarget) -> Result<(), String> {
    if !normalise_name(&alias.dns_name).ends_with(".amazonaws.com.") {
        return Ok(());
    }
    let target = alias.dns_name.trim_end_matches('.');
    match state.balancer_of(&alias.dns_name) {
        None => Err(format!(
            "[Tried to create an alias that targets {target}., type {record_type} in zone {}, but that target was not found]",
            alias.zone_id
        )),
        Some(balancer) if balancer.zone_id != alias.zone_id => Err(format!(
            "[Tried to create an alias for {name} that targets {target}., type {record_type} in zone {}, but the alias target name does not lie within the target zone]",
            alias.zone_id
        )),
        Some(_) => Ok(()),
    }
}

/// ChangeResourceRecordSets.
pub(super) fn change_records(
    state: &mut State,
    here: Here<'_>,
    zone_id: &str,
    changes: &[RecordChange],
    comment: &str,
) -> Outcome {
    let Some(at) = state.zones.iter().position(|z| z.account == here.account && z.id == zone_id) else {
        return refuse("NoSuchHostedZone", format!("No hosted zone found with ID: {zone_id}"));
    };
    if comment.chars().count() > 256 {
        return refuse("InvalidInput", "The comment is longer than 256 characters");
    }
    if changes.is_empty() {
        return refuse("InvalidInput", "The change batch is empty");
    }
    let Some(zone) = state.zones.get(at) else {
        return refuse("", "the zone went away");
    };
    let mut records = zone.records.clone();
    for change in changes {
        if let Err(message) = apply(state, zone, &mut records, change) {
            return refuse("InvalidChangeBatch", message);
        }
    }
    for record in &mut records {
        record.zone_id = zone_id.to_owned();
        record.key = here.place(Service::Route53).key(
            Kind::RecordSet,
            RecordSet::id(zone_id, &record.name, &record.record_type, record.set_identifier.as_deref()),
        );
    }
    records.sort_by(|a, b| a.key.id.cmp(&b.key.id));
    let in_sync_at = state.in_sync.map(|seconds| later(here.now, seconds));
    state.created += 1;
    let change_id = format!("C{}", digits(&format!("change {} {zone_id}", state.created), 20).to_uppercase());
    if let Some(zone) = state.zones.get_mut(at) {
        zone.served.push((in_sync_at, records.clone()));
        zone.records = records;
    }
    state.changes.insert(change_id.clone(), DnsChange { account: here.account, in_sync_at });
    Ok(Done::ChangeSubmitted { change_id })
}
