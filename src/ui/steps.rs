//! Calls, guards and checks in words: exactly what is sent, what is read before, what is read after.
//!
//! Nothing of a call is left out here that AWS would see; secrets stand as their fingerprints.

use crate::incident::plan::{Check, Guard, Plan};
use crate::incident::request::{Call, DatabaseSettings, InstanceRef, RecordChange, RestoreSource, TargetRef};
use crate::incident::resource::{LaunchSpec, RecordSet};

/// A call, line by line.
pub(super) fn call_words(call: &Call) -> Vec<String> {
    match call {
        Call::ChangeRecords { zone_id, changes, .. } => {
            let mut lines = vec![format!("in zone {zone_id}, one atomic batch:")];
            lines.extend(changes.iter().map(|change| match change {
                RecordChange::Delete(record) => format!("DELETE {}", record_words(record)),
                RecordChange::Create(record) => format!("CREATE {}", record_words(record)),
            }));
            lines
        }
        Call::RunInstance { spec, client_token, .. } => {
            let mut lines = spec_words(spec);
            lines.push(format!("client token {client_token}: the same token never launches twice"));
            lines
        }
        Call::DisableSourceDestCheck { instance, .. } => vec![format!("{instance}: SourceDestCheck=false")],
        Call::Terminate { instance, .. } => vec![format!("instance {instance}")],
        Call::Register { under, targets, .. } => vec![format!("{} under {under}", target_words(targets))],
        Call::Deregister { under, targets, .. } => vec![format!("{} from {under}", target_words(targets))],
        Call::RestoreDatabase { from, new_id, settings, .. } => {
            let source = match from {
                RestoreSource::Snapshot(snapshot) => format!("snapshot {snapshot}"),
                RestoreSource::PointInTime { database, at: Some(at) } => format!("{database} as of {at}"),
                RestoreSource::PointInTime { database, at: None } => {
                    format!("{database}, newest restorable second")
                }
            };
            let mut lines = vec![format!("new DB instance {new_id} from {source}")];
            let settings = settings_words(settings);
            if !settings.is_empty() {
                lines.push(settings);
            }
            lines
        }
    }
}

/// A record set in words.
fn record_words(record: &RecordSet) -> String {
    let set = record.set_identifier.as_ref().map_or_else(String::new, |set| format!(" [{set}]"));
    format!("{} {}{set} {}", record.name, record.record_type, record.points_to())
}

fn target_words(targets: &[TargetRef]) -> String {
    let words: Vec<String> = targets
        .iter()
        .map(|t| t.port.map_or_else(|| t.id.to_string(), |port| format!("{}:{port}", t.id)))
        .collect();
    words.join(", ")
}

fn spec_words(spec: &LaunchSpec) -> Vec<String> {
    let mut place = vec![spec.zone.clone()];
    place.extend(spec.subnet.clone());
    let mut lines = vec![format!("{} from image {} in {}", spec.instance_type, spec.image, place.join(", "))];
    if !spec.security_groups.is_empty() {
        lines.push(format!("security groups {}", spec.security_groups.join(", ")));
    }
    let mut parts = Vec::new();
    let mut named = |what: &str, value: &Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{what} {value}"));
        }
    };
    named("key pair", &spec.key_name);
    named("instance profile", &spec.instance_profile);
    named("tenancy", &spec.tenancy);
    named("elastic address", &spec.elastic_ip);
    if let Some(data) = &spec.user_data {
        parts.push(format!("user data {data}"));
    }
    let flags = [
        (spec.ebs_optimized, "EBS-optimised"),
        (spec.monitoring, "detailed monitoring"),
        (spec.public_address, "public address"),
        (!spec.source_dest_check, "no source/dest check"),
        (spec.termination_protection, "termination protection"),
    ];
    parts.extend(flags.into_iter().filter(|(on, _)| *on).map(|(_, words)| words.to_owned()));
    if let Some(metadata) = &spec.metadata {
        let tokens = metadata.http_tokens.as_deref().unwrap_or("default");
        parts.push(format!("IMDS tokens {tokens}"));
    }
    if !parts.is_empty() {
        lines.push(parts.join(", "));
    }
    for device in &spec.block_devices {
        let size = device.size_gib.map_or_else(String::new, |gib| format!(" {gib} GiB"));
        let kind = device.volume_type.as_ref().map_or_else(String::new, |kind| format!(" {kind}"));
        let sealed = if device.encrypted == Some(true) { " encrypted" } else { "" };
        lines.push(format!("volume {}{size}{kind}{sealed}, contents from the image", device.device));
    }
    if !spec.tags.is_empty() {
        let tags: Vec<String> = spec.tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
        lines.push(format!("tags {}", tags.join(", ")));
    }
    lines
}

fn settings_words(settings: &DatabaseSettings) -> String {
    let mut parts = Vec::new();
    let mut named = |what: &str, value: &Option<String>| {
        if let Some(value) = value {
            parts.push(format!("{what} {value}"));
        }
    };
    named("class", &settings.class);
    named("subnet group", &settings.subnet_group);
    named("parameter group", &settings.parameter_group);
    named("option group", &settings.option_group);
    named("storage", &settings.storage_type);
    if !settings.security_groups.is_empty() {
        parts.push(format!("security groups {}", settings.security_groups.join(" ")));
    }
    if let Some(port) = settings.port {
        parts.push(format!("port {port}"));
    }
    let flags = [
        (settings.multi_az, "Multi-AZ"),
        (settings.publicly_accessible, "reachable from the internet"),
        (settings.deletion_protection, "deletion protection"),
    ];
    parts.extend(flags.into_iter().filter(|(on, _)| *on).map(|(_, words)| words.to_owned()));
    parts.join(", ")
}

/// What must still be so just before a step.
pub(super) fn guard_words(guard: &Guard) -> Option<String> {
    Some(match guard {
        Guard::RecordsAre { types, records, .. } if records.is_empty() => {
            format!("there is still no {} record there", types.join(" or "))
        }
        Guard::RecordsAre { records, .. } => {
            let records: Vec<String> = records.iter().map(record_words).collect();
            format!("the records are still {}", records.join("; "))
        }
        Guard::InstanceNotIn { instance, states, .. } => {
            format!("{instance} still exists and is not {}", states.join(" or "))
        }
        Guard::StaysInService { at_least, leaving, .. } => {
            format!("at least {at_least} others are in service without {}", refs(leaving))
        }
        Guard::BalancerExists { .. } => "the balancer still exists".into(),
        Guard::DatabaseAbsent { .. } => "no DB instance of the new name exists".into(),
        Guard::None => return None,
    })
}

/// What shows that a step worked.
pub(super) fn check_words(check: &Check) -> String {
    match check {
        Check::RecordsAre { records, .. } if records.is_empty() => {
            "the change is INSYNC and the records are gone".into()
        }
        Check::RecordsAre { records, .. } => {
            let records: Vec<String> = records.iter().map(record_words).collect();
            format!("the change is INSYNC and the records read {}", records.join("; "))
        }
        Check::LaunchedRuns => "the launched instance runs".into(),
        Check::InService { under, targets, .. } => format!("{} in service under {under}", refs(targets)),
        Check::NotRegistered { under, targets, .. } => {
            format!("{} no longer registered under {under}", refs(targets))
        }
        Check::Terminated { instance, .. } => format!("{instance} is shutting down or terminated"),
        Check::DatabaseAvailable { .. } => "the new DB instance claims available".into(),
        Check::Accepted => "AWS accepted the call".into(),
    }
}

fn refs(targets: &[InstanceRef]) -> String {
    targets.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// The region a plan acts in, in full.
pub(super) fn region_words(plan: &Plan) -> String {
    if plan.scope.region.is_global() {
        format!("global ({})", plan.scope.partition)
    } else {
        plan.scope.region.to_string()
    }
}
