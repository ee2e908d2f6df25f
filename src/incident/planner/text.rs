//! A plan in plain text, for the command line: everything that the confirmation shows, at most 78 columns wide.

use super::table::age;
use crate::incident::plan::{Check, Guard, Plan};
use crate::incident::request::{BalancerRef, Call, DatabaseSettings, RecordChange, RestoreSource, TargetRef};
use crate::incident::resource::{LaunchSpec, RecordSet};
use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

/// Columns.
pub const WIDTH: usize = 78;

/// The plan's lines.
#[must_use]
pub fn lines(plan: &Plan, now: Timestamp) -> Vec<String> {
    let mut out = Vec::new();
    wrap(&mut out, "", "", &plan.title);
    out.push(String::new());
    field(&mut out, "account", &format!("{} (profile {})", plan.scope.account, plan.profile));
    field(&mut out, "region", &plan.scope.region.0);
    field(&mut out, "risk", plan.risk.as_str());
    field(&mut out, "resources", &plan.resources.join(", "));
    section(&mut out, "changes");
    for change in &plan.changes {
        wrap(&mut out, "  ", "    ", &change.what);
        wrap(&mut out, "    old  ", "         ", &change.old);
        wrap(&mut out, "    new  ", "         ", &change.new);
    }
    section(&mut out, "steps");
    for (index, step) in plan.steps.iter().enumerate() {
        let number = format!("  {}. ", index + 1);
        let indent = " ".repeat(number.width());
        wrap(&mut out, &number, &indent, &step.title);
        for line in call_lines(&step.call) {
            wrap(&mut out, &indent, &format!("{indent}  "), &line);
        }
        if let Some(words) = guard_words(&step.guard) {
            wrap(&mut out, &format!("{indent}only if: "), &format!("{indent}  "), &words);
        }
        let check = format!("{} (within {} s)", check_words(&step.check), step.patience_s);
        wrap(&mut out, &format!("{indent}done when: "), &format!("{indent}  "), &check);
    }
    bullets(&mut out, "effects", &plan.effects);
    bullets(&mut out, "warnings", &plan.warnings);
    let grounds: Vec<String> =
        plan.grounds.iter().map(|g| format!("{}, read {} ago", g.what, age(g.at, now))).collect();
    bullets(&mut out, "relies on", &grounds);
    bullets(&mut out, "control planes", &plan.control_planes);
    bullets(&mut out, "undo", std::slice::from_ref(&plan.undo));
    for step in &plan.inverse {
        wrap(&mut out, "    ", "      ", &step.title);
        for line in call_lines(&step.call) {
            wrap(&mut out, "      ", "        ", &line);
        }
    }
    section(&mut out, "to confirm");
    wrap(&mut out, "  ", "  ", &format!("plan {}", plan.hash.short()));
    wrap(&mut out, "  ", "  ", &format!("type: {}", plan.confirm));
    out
}

/// A call with everything in it, a line per parameter; secrets as their fingerprints.
#[must_use]
pub fn call_lines(call: &Call) -> Vec<String> {
    let mut lines = vec![format!("{} in {}", call.operation(), call.scope())];
    match call {
        Call::ChangeRecords { zone_id, changes, comment, .. } => {
            lines.push(format!("zone {zone_id}, one batch, all or nothing"));
            for change in changes {
                lines.push(match change {
                    RecordChange::Delete(record) => format!("DELETE {}", record_words(record)),
                    RecordChange::Create(record) => format!("CREATE {}", record_words(record)),
                });
            }
            lines.push(format!("comment {comment}"));
        }
        Call::RunInstance { spec, client_token, .. } => {
            lines.extend(spec_lines(spec));
            lines.push(format!("client token {client_token}"));
        }
        Call::DisableSourceDestCheck { instance, .. } => {
            lines.push(format!("instance {instance}, source/destination check off"));
        }
        Call::Terminate { instance, .. } => lines.push(format!("instance {instance}")),
        Call::Register { under, targets, .. } | Call::Deregister { under, targets, .. } => {
            lines.push(match under {
                BalancerRef::Classic(name) => format!("classic balancer {name}"),
                BalancerRef::TargetGroup(arn) => format!("target group {arn}"),
            });
            lines.push(format!("targets {}", targets_words(targets)));
        }
        Call::RestoreDatabase { from, new_id, settings, .. } => {
            lines.push(match from {
                RestoreSource::Snapshot(id) => format!("from snapshot {id}"),
                RestoreSource::PointInTime { database, at: None } => {
                    format!("from {database}, newest restorable time")
                }
                RestoreSource::PointInTime { database, at: Some(at) } => format!("from {database} at {at}"),
            });
            lines.push(format!("new DB instance {new_id}"));
            lines.extend(settings_lines(settings));
        }
    }
    lines
}

fn record_words(record: &RecordSet) -> String {
    let what = match &record.alias {
        Some(alias) => format!(
            "alias {} (zone {}, target health {})",
            alias.dns_name,
            alias.zone_id,
            if alias.evaluate_target_health { "on" } else { "off" }
        ),
        None => format!(
            "TTL {} {}",
            record.ttl.map_or_else(|| "?".to_owned(), |t| t.to_string()),
            record.values.join(" ")
        ),
    };
    format!("{} {} {what}", record.name, record.record_type)
}

fn targets_words(targets: &[TargetRef]) -> String {
    let words: Vec<String> = targets
        .iter()
        .map(|t| match t.port {
            Some(port) => format!("{} port {port}", t.id),
            None => t.id.to_string(),
        })
        .collect();
    words.join(", ")
}

fn spec_lines(spec: &LaunchSpec) -> Vec<String> {
    let or = |value: &Option<String>, none: &str| value.clone().unwrap_or_else(|| none.to_owned());
    let mut lines = vec![
        format!("image {}, type {}", spec.image, spec.instance_type),
        format!("zone {}, subnet {}", spec.zone, or(&spec.subnet, "(default)")),
        format!("security groups {}", spec.security_groups.join(" ")),
        format!("key {}, profile {}", or(&spec.key_name, "(none)"), or(&spec.instance_profile, "(none)")),
    ];
    lines.push(match &spec.user_data {
        Some(secret) => format!("user data {secret}"),
        None => "no user data".into(),
    });
    if let Some(m) = &spec.metadata {
        lines.push(format!(
            "metadata: tokens {}, endpoint {}, hops {}",
            or(&m.http_tokens, "?"),
            or(&m.http_endpoint, "?"),
            m.http_put_response_hop_limit.map_or_else(|| "?".to_owned(), |n| n.to_string())
        ));
    }
    for device in &spec.block_devices {
        lines.push(format!(
            "volume {}: {} GiB {}{}",
            device.device,
            device.size_gib.map_or_else(|| "?".to_owned(), |n| n.to_string()),
            or(&device.volume_type, "?"),
            if device.encrypted == Some(true) { ", encrypted" } else { "" }
        ));
    }
    if !spec.tags.is_empty() {
        let tags: Vec<String> = spec.tags.iter().map(|(k, v)| format!("{k}={v}")).collect();
        lines.push(format!("tags {}", tags.join(" ")));
    }
    lines
}

fn settings_lines(s: &DatabaseSettings) -> Vec<String> {
    let or = |value: &Option<String>| value.clone().unwrap_or_else(|| "(default)".to_owned());
    vec![
        format!("class {}, storage {}", or(&s.class), or(&s.storage_type)),
        format!(
            "subnet group {}, security groups {}",
            or(&s.subnet_group),
            if s.security_groups.is_empty() { "(default)".to_owned() } else { s.security_groups.join(" ") }
        ),
        format!("parameter group {}, option group {}", or(&s.parameter_group), or(&s.option_group)),
        format!(
            "Multi-AZ {}, public {}, deletion protection {}, port {}",
            s.multi_az,
            s.publicly_accessible,
            s.deletion_protection,
            s.port.map_or_else(|| "(default)".to_owned(), |p| p.to_string())
        ),
    ]
}

/// What is re-read just before a step, in words.
#[must_use]
pub fn guard_words(guard: &Guard) -> Option<String> {
    match guard {
        Guard::RecordsAre { records, .. } => {
            Some(format!("the records still are {}", super::batch::points(records)))
        }
        Guard::InstanceNotIn { instance, states, .. } => {
            Some(format!("{instance} exists and is not {}", states.join(" or ")))
        }
        Guard::StaysInService { at_least, .. } => Some(format!("at least {at_least} others are in service")),
        Guard::BalancerExists { .. } => Some("the balancer still exists".into()),
        Guard::DatabaseAbsent { .. } => Some("no DB instance of the new name exists".into()),
        Guard::None => None,
    }
}

/// What shows that a step worked, in words.
#[must_use]
pub fn check_words(check: &Check) -> String {
    match check {
        Check::RecordsAre { records, .. } => {
            format!("the change is INSYNC and the records are {}", super::batch::points(records))
        }
        Check::LaunchedRuns => "the launched instance runs".into(),
        Check::InService { under, targets, .. } => {
            format!("{} in service under {under}", join(targets))
        }
        Check::NotRegistered { under, targets, .. } => {
            format!("{} gone from {under}, or draining", join(targets))
        }
        Check::Terminated { instance, .. } => format!("{instance} shuts down"),
        Check::DatabaseAvailable { .. } => "the new DB instance claims `available`".into(),
        Check::Accepted => "AWS accepts it".into(),
    }
}

fn join(targets: &[crate::incident::request::InstanceRef]) -> String {
    let words: Vec<String> = targets.iter().map(ToString::to_string).collect();
    words.join(" ")
}

fn section(out: &mut Vec<String>, name: &str) {
    out.push(String::new());
    out.push(name.to_owned());
}

fn field(out: &mut Vec<String>, name: &str, value: &str) {
    wrap(out, &format!("{name:<10} "), "           ", value);
}

fn bullets(out: &mut Vec<String>, name: &str, items: &[String]) {
    if items.is_empty() {
        return;
    }
    section(out, name);
    for item in items {
        wrap(out, "  - ", "    ", item);
    }
}

/// Breaks at spaces, and within a word only where the word alone is too wide.
fn wrap(out: &mut Vec<String>, first: &str, rest: &str, text: &str) {
    let mut line = first.to_owned();
    let mut bare = true;
    for word in text.split_whitespace() {
        let gap = usize::from(!bare);
        if !bare && line.width() + gap + word.width() > WIDTH {
            out.push(std::mem::replace(&mut line, rest.to_owned()));
            bare = true;
        }
        if !bare {
            line.push(' ');
        }
        for c in word.chars() {
            let wide = unicode_width::UnicodeWidthChar::width(c).unwrap_or(0);
            if line.width() + wide > WIDTH {
                out.push(std::mem::replace(&mut line, rest.to_owned()));
            }
            // Whatever AWS or a tag put into a text, it is not sent to a terminal as a control.
            line.push(if c.is_control() { '?' } else { c });
        }
        bare = false;
    }
    out.push(line.trim_end().to_owned());
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::bench::Bench;
    use super::*;
    use crate::incident::plan::Action;
    use crate::incident::request::BalancerRef;

    #[test]
    fn a_plan_shows_everything_within_78_columns() {
        let mut bench = Bench::new();
        bench.classic("us-west-1", "web-west");
        let plan = bench.plan(&Action::Apex { site: "www".into(), target: "west".into() });
        let lines = lines(&plan, bench.now + jiff::SignedDuration::from_secs(3));
        assert!(lines.iter().all(|l| l.width() <= WIDTH), "{lines:#?}");
        let text = lines.join("\n");
        for part in [
            "123456789012",
            "profile prod",
            "global",
            "DELETE example.com. A alias",
            "CREATE example.com. A alias",
            "route53:ChangeResourceRecordSets",
            "read 3s ago",
            "Route 53 (us-east-1)",
            "type: www",
            "only if:",
            "done when:",
            "back to A alias",
            plan.hash.short(),
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
    }

    #[test]
    fn long_ids_break_and_secrets_and_controls_stay_out() {
        let mut bench = Bench::new();
        let alb = bench.alb("us-east-1", "front");
        let group = bench.group("us-east-1", "a-target-group-of-32-characters-x", &[&alb]);
        let key = bench.instance("us-east-1", "i-1", "web\u{1b}[31m", "running");
        bench.registered("us-east-1", &BalancerRef::TargetGroup(group), "i-1", Some(80), "healthy");
        let plan = bench.plan(&Action::Relaunch { instances: vec![key] });
        let lines = lines(&plan, bench.now);
        assert!(lines.iter().all(|l| l.width() <= WIDTH), "{lines:#?}");
        let text = lines.join("\n");
        assert!(!text.contains('\u{1b}') && !text.contains("aGVsbG8"));
        assert!(text.contains("the instance launched by step 1 port 80") && text.contains("sha256"));
    }
}
