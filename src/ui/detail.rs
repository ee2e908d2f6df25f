//! Everything about a row, in full: what AWS claims, what the evidence says, how old both are, and what the story told.
//!
//! Ids are whole here. Nothing is cut: long values wrap.

use super::canvas::{Canvas, Doc, cells, piece};
use super::frame::{ago, person, tone, tone_mark};
use super::look::Look;
use super::operation::{self, LABEL};
use super::plan::middle;
use super::region::{all_cells, asked_again, cell_glance, slowed};
use super::sites::{health_role, state};
use super::text::{pad, width};
use crate::app::table::{RowId, age, date_time, day_time};
use crate::app::{App, Urgency};
use crate::incident::cell::{Cell, Health, ProbeSubject, Probed, SweepStatus, Trust, Verdict};
use crate::incident::fault::Fault;
use crate::incident::health::{Blame, claimed_trouble};
use crate::incident::place::{Key, Place, Region};
use crate::incident::resource::{Database, Instance, RecordSet, Registration, Resource, Snapshot};
use crate::incident::site::{Site, SiteTarget};
use crate::incident::story::{Event, place_words};
use crate::settings::theme::Role;
use jiff::Timestamp;
use ratatui::layout::Rect;

/// Lines of the story shown about a row.
const STORY: usize = 12;

/// Draws the detail of a row.
pub(super) fn draw(canvas: &mut Canvas<'_>, body: Rect, app: &App, row: &RowId, scroll: u16) {
    let columns = if body.width >= 100 { (body.width - 8).min(120) } else { body.width };
    let inner = columns.saturating_sub(4);
    let mut doc = Doc::new(inner, LABEL + 4);
    let look = canvas.look;
    let title = match row {
        RowId::Key(key) => resource(&mut doc, app, look, key),
        RowId::Region(name) => region(&mut doc, app, look, name),
        RowId::Site(name) => site(&mut doc, app, look, name),
        RowId::Target { site, target } => one_target(&mut doc, app, look, site, target),
        RowId::Event(session, seq) => match app.event(session, *seq) {
            Some(found) => event(&mut doc, app, found, inner, look),
            None => "entry".into(),
        },
    };
    if doc.rows.is_empty() {
        doc.text("This is no longer there: AWS no longer lists it.", Role::Warn);
    }
    let area = middle(body, columns, cells(doc.rows.len()).saturating_add(2));
    canvas.clear(area);
    let inside = canvas.boxed(area, Role::BorderFocus);
    canvas.title(area.x + 1, area.y, area.width.saturating_sub(2), &title);
    let text = Rect { x: inside.x + 1, width: inside.width.saturating_sub(2), ..inside };
    let (_, below) = doc.draw(canvas, text, scroll);
    if below > 0 {
        let row = vec![piece(format!(" {below} more lines below (Down) "), Role::Warn)];
        canvas.row_right(area.x, area.bottom() - 1, area.width - 1, &row);
    }
}

fn flag(on: bool) -> &'static str {
    if on { "yes" } else { "no" }
}

fn time(doc: &mut Doc, app: &App, label: &str, at: Option<Timestamp>) {
    if let Some(at) = at {
        doc.field(label, &format!("{} UTC, {} ago", date_time(at), age(app.now, at)), Role::Text);
    }
}

fn maybe(doc: &mut Doc, label: &str, text: Option<&str>) {
    doc.field(label, text.unwrap_or_default(), Role::Text);
}

// --- a resource ---

fn resource(doc: &mut Doc, app: &App, look: &Look, key: &Key) -> String {
    let Some(seen) = app.incident.rows.get(key) else { return key.id.clone() };
    let (health, word) = app.incident.health(key, app.now);
    let role = health_role(health);
    let words = match health {
        Health::Lie => "LIE: the claim and the evidence disagree".to_owned(),
        Health::Stale => format!("stale: last known as {word}"),
        Health::Claimed => format!("{word}: claimed, not proven"),
        Health::Proven => format!("{word}: proven by a probe"),
        Health::Down if claimed_trouble(&seen.resource).is_some() => {
            format!("{word}: AWS itself says so")
        }
        Health::Unknown => "unknown: a state that this version does not know".to_owned(),
        Health::Off => "off: not running, as claimed".to_owned(),
        Health::Down | Health::Changing => word.to_owned(),
    };
    doc.field("health", &words, role);
    evidence(doc, app, key, &seen.resource);
    if let Some(at) = app.incident.as_of(key) {
        doc.field("as of", &format!("{} UTC, {} ago", date_time(at), ago(app, at)), Role::Text);
    }
    cell_lines(doc, app, &key.place, app.incident.cells.get(&key.place));
    doc.blank();
    doc.field("kind", key.kind.as_str(), Role::Text);
    doc.field("id", &key.id, Role::Title);
    doc.field("account", &app.account_words(&key.place.scope.account), Role::Text);
    doc.field("region", &key.region().0, Role::Text);
    match &seen.resource {
        Resource::Instance(i) => instance(doc, app, i),
        Resource::Database(d) => database(doc, app, d),
        Resource::Cluster(c) => {
            doc.field("engine", &format!("{} {}", c.engine, c.engine_version), Role::Text);
            doc.field("members", &c.members.join("  "), Role::Text);
            time(doc, app, "earliest", c.earliest_restorable);
            time(doc, app, "newest data", c.latest_restorable);
            maybe(doc, "subnets", c.subnet_group.as_deref());
            doc.field("groups", &c.security_groups.join("  "), Role::Text);
        }
        Resource::Snapshot(s) => snapshot(doc, app, s),
        Resource::AutomatedBackup(b) => {
            doc.field("of", &b.source, Role::Text);
            doc.field("engine", &b.engine, Role::Text);
            time(doc, app, "earliest", b.earliest);
            time(doc, app, "newest data", b.latest);
            maybe(doc, "from region", b.source_region.as_deref());
            maybe(doc, "arn", b.arn.as_deref());
        }
        Resource::Balancer(b) => {
            doc.field("name", &b.name, Role::Text);
            doc.field("kind", b.balancer_kind.as_str(), Role::Text);
            doc.field("dns name", &b.dns_name, Role::Text);
            maybe(doc, "state", b.state.as_deref());
            maybe(doc, "scheme", b.scheme.as_deref());
            maybe(doc, "addresses", b.ip_address_type.as_deref());
            maybe(doc, "alias zone", b.canonical_zone_id.as_deref());
            let listeners = b.listeners.iter().map(|l| match l.instance_port {
                Some(behind) => format!("{} {} -> {behind}", l.protocol, l.port),
                None => format!("{} {}", l.protocol, l.port),
            });
            doc.field("listens on", &listeners.collect::<Vec<_>>().join(", "), Role::Text);
        }
        Resource::TargetGroup(g) => {
            doc.field("name", &g.name, Role::Text);
            maybe(doc, "protocol", g.protocol.as_deref());
            maybe(doc, "port", g.port.map(|p| p.to_string()).as_deref());
            doc.field("targets are", &g.target_type, Role::Text);
            doc.field("balancers", &g.balancers.join("  "), Role::Text);
        }
        Resource::Registration(r) => registration(doc, r),
        Resource::HostedZone(z) => {
            doc.field("zone", &z.name, Role::Text);
            doc.field("private", flag(z.private), Role::Text);
            maybe(doc, "record sets", z.record_count.map(|n| n.to_string()).as_deref());
            maybe(doc, "owned by", z.linked_service.as_deref());
            doc.field("name servers", &z.name_servers.join("  "), Role::Text);
        }
        Resource::RecordSet(r) => record(doc, r),
    }
    let name = match &seen.resource {
        Resource::Balancer(balancer) => balancer.name.as_str(),
        _ => "",
    };
    mentions(doc, app, look, &[key.id.as_str(), name]);
    match &seen.resource {
        Resource::Instance(i) if !i.name.is_empty() => format!("{} {}", i.name, key.id),
        Resource::Registration(r) => format!("{} under {}", r.target, r.under()),
        Resource::RecordSet(r) => format!("{} {}", r.name, r.record_type),
        Resource::Snapshot(s) => s.name.clone(),
        Resource::Instance(_)
        | Resource::Database(_)
        | Resource::Cluster(_)
        | Resource::AutomatedBackup(_)
        | Resource::Balancer(_)
        | Resource::TargetGroup(_)
        | Resource::HostedZone(_) => key.id.clone(),
    }
}

/// Claim against evidence, one under the other.
fn evidence(doc: &mut Doc, app: &App, key: &Key, resource: &Resource) {
    let claim = resource.claim();
    if !claim.is_empty() {
        doc.field("CLAIM", &format!("{claim} (what AWS says)"), Role::Text);
    }
    let Some(probed) = app.incident.newest_evidence_on(key) else {
        if let Resource::Instance(_) | Resource::Balancer(_) = resource {
            doc.field("PROBE", "none: declare a [[probe]] to have evidence", Role::Muted);
        }
        return;
    };
    let words = format!(
        "{} for {}: {}, {}, found {} ago",
        probed.evidence.verdict.as_str(),
        age(app.now, probed.since),
        probed.evidence.detail,
        super::text::latency(probed.evidence.latency_ms),
        ago(app, probed.at),
    );
    let fresh = app.incident.evidence_on(key, app.now).is_some();
    let role = match (fresh, probed.evidence.verdict) {
        (false, _) => Role::Stale,
        (true, Verdict::Answers) => Role::Ok,
        (true, _) if probed.contradicts() => Role::Down,
        (true, _) => Role::Text,
    };
    doc.field("PROBE", &words, role);
    if !probed.evidence.asked.is_empty() {
        let path = if probed.evidence.private { ", a private address" } else { "" };
        doc.field("asked", &format!("{}{path}", probed.evidence.asked), Role::Text);
    }
    if fresh && probed.evidence.verdict != Verdict::Answers && !probed.contradicts() {
        let words = "this path never answered from here: it may be closed to us, so it contradicts nothing";
        doc.field("", words, Role::Muted);
    }
    certificate(doc, app, probed);
}

/// The certificate that was shown, and how long it lasts.
fn certificate(doc: &mut Doc, app: &App, probed: &Probed) {
    let Some(shown) = &probed.evidence.certificate else { return };
    let ends = shown.not_after.strftime("%Y-%m-%d %H:%M UTC");
    let left = match shown.days_left(app.now) {
        days if days < 0 => format!("ended {ends}, {} ago", age(app.now, shown.not_after)),
        days => format!("ends {ends}, in {days} days"),
    };
    let role = match shown.trust {
        Trust::Verified if shown.ends_soon(app.now) => Role::Warn,
        Trust::Verified => Role::Text,
        Trust::Expired | Trust::NotYetValid | Trust::WrongName | Trust::Untrusted => Role::Down,
    };
    doc.field("certificate", &format!("{}; {left}", shown.trust.as_str()), role);
}

/// A cell's state and, if it fails, what can be done.
fn cell_lines(doc: &mut Doc, app: &App, place: &Place, cell: Option<&Cell>) {
    let glance = cell_glance(app, place, cell);
    let reader = match app.reader(place) {
        Some(_) if app.is_read_by_us_elsewhere(place) => ", read by another cockpit of yours".to_owned(),
        Some(who) => format!(", read by {who}"),
        None => String::new(),
    };
    let words = format!("{} {}{reader}", place_words(place), glance.long);
    let role = if glance.role == Role::Muted { Role::Text } else { glance.role };
    doc.field("read from", &words, role);
    if let Some(fault) = cell.and_then(Cell::fault) {
        doc.field("fault", &fault.to_string(), role);
        doc.field("what to do", fault.advice(), Role::Text);
    }
    if let Some(words) = cell.and_then(|cell| asked_again(app, place, cell)) {
        doc.field("next", &words, Role::Text);
    }
}

fn instance(doc: &mut Doc, app: &App, i: &Instance) {
    maybe(doc, "reason", i.state_reason.as_deref());
    doc.field(
        "checks",
        &[&i.system_status, &i.instance_status].map(|s| s.as_deref().unwrap_or("-")).join(" / "),
        Role::Text,
    );
    doc.field("type", &i.instance_type, Role::Text);
    doc.field("zone", &i.zone, Role::Text);
    doc.field("image", &i.image, Role::Text);
    time(doc, app, "launched", i.launched);
    maybe(doc, "private", i.private_ip.as_deref());
    maybe(doc, "public", i.public_ip.as_deref());
    maybe(doc, "vpc", i.vpc.as_deref());
    maybe(doc, "subnet", i.subnet.as_deref());
    doc.field("groups", &i.security_groups.join("  "), Role::Text);
    maybe(doc, "scaling group", i.auto_scaling_group.as_deref());
    maybe(doc, "client token", i.client_token.as_deref());
    for (at, (key, value)) in i.tags.iter().enumerate() {
        doc.field(if at == 0 { "tags" } else { "" }, &format!("{key} = {value}"), Role::Text);
    }
    let mut under = app.registrations_of(&i.key).peekable();
    if under.peek().is_none() {
        doc.field("registered", "under no balancer", Role::Muted);
    }
    for (at, r) in under.enumerate() {
        let (health, _) = app.incident.health(&r.key, app.now);
        let why =
            r.description.as_deref().or(r.reason.as_deref()).map_or_else(String::new, |w| format!(": {w}"));
        let words = format!("under {} {}{why}", r.under(), r.state);
        doc.field(if at == 0 { "registered" } else { "" }, &words, health_role(health));
    }
}

fn database(doc: &mut Doc, app: &App, d: &Database) {
    doc.field("engine", &format!("{} {} on {}", d.engine, d.engine_version, d.class), Role::Text);
    if let Some(endpoint) = &d.endpoint {
        doc.field("endpoint", &format!("{}:{}", endpoint.host, endpoint.port), Role::Text);
    }
    match d.latest_restorable {
        Some(_) => time(doc, app, "newest data", d.latest_restorable),
        None => doc.field("newest data", "none: automated backups are off", Role::Warn),
    }
    doc.field("backups", &format!("kept {} days", d.backup_retention_days), Role::Text);
    let storage = d.storage_type.as_deref().unwrap_or_default();
    let sealed = if d.encrypted { ", encrypted" } else { "" };
    doc.field("storage", &format!("{} GiB {storage}{sealed}", d.storage_gib), Role::Text);
    doc.field("multi-AZ", flag(d.multi_az), Role::Text);
    maybe(doc, "zone", d.zone.as_deref());
    maybe(doc, "cluster", d.cluster.as_deref());
    maybe(doc, "replica of", d.replica_of.as_deref());
    maybe(doc, "subnets", d.subnet_group.as_deref());
    doc.field("groups", &d.security_groups.join("  "), Role::Text);
    maybe(doc, "parameters", d.parameter_group.as_deref());
    maybe(doc, "options", d.option_group.as_deref());
    doc.field("public", flag(d.publicly_accessible), Role::Text);
    doc.field("protected", flag(d.deletion_protection), Role::Text);
    maybe(doc, "resource id", d.resource_id.as_deref());
    time(doc, app, "created", d.created);
}

fn snapshot(doc: &mut Doc, app: &App, s: &Snapshot) {
    doc.field("of", &format!("{}{}", if s.of_cluster { "cluster " } else { "" }, s.source), Role::Text);
    doc.field("kind", s.snapshot_kind.as_str(), Role::Text);
    time(doc, app, "data of", s.data_as_of.or(s.created));
    time(doc, app, "created", s.created);
    maybe(doc, "progress", s.progress.map(|p| format!("{p} %")).as_deref());
    let sealed = if s.encrypted { ", encrypted" } else { "" };
    doc.field("size", &format!("{} GiB {}{sealed}", s.size_gib, s.engine), Role::Text);
    maybe(doc, "from region", s.source_region.as_deref());
    maybe(doc, "arn", s.arn.as_deref());
}

fn registration(doc: &mut Doc, r: &Registration) {
    doc.field("target", &r.target, Role::Text);
    maybe(doc, "port", r.port.map(|p| p.to_string()).as_deref());
    let kind = r.balancer_kind.map_or("", |kind| kind.as_str());
    doc.field("balancer", &format!("{} {kind}", r.balancer), Role::Text);
    maybe(doc, "target group", r.target_group.as_deref());
    maybe(doc, "group arn", r.target_group_arn.as_deref());
    maybe(doc, "zone", r.zone.as_deref());
    maybe(doc, "reason", r.reason.as_deref());
    maybe(doc, "description", r.description.as_deref());
    match Blame::of(r.reason.as_deref()) {
        Blame::Aws => doc.field("fault", "AWS: the balancer's own trouble, not the instance's", Role::Warn),
        Blame::Ours => doc.field("fault", "ours: the instance does not answer the health check", Role::Down),
        Blame::Nobody => {}
    }
}

fn record(doc: &mut Doc, r: &RecordSet) {
    doc.field("record", &format!("{} {}", r.name, r.record_type), Role::Text);
    doc.field("points to", &r.points_to(), Role::Text);
    if let Some(alias) = &r.alias {
        doc.field("alias zone", &alias.zone_id, Role::Text);
        doc.field(
            "health",
            &format!("evaluates target health: {}", flag(alias.evaluate_target_health)),
            Role::Text,
        );
    }
    maybe(doc, "ttl", r.ttl.map(|ttl| format!("{ttl} s")).as_deref());
    maybe(doc, "routing", r.routing.as_deref());
    maybe(doc, "set", r.set_identifier.as_deref());
    maybe(doc, "health check", r.health_check.as_deref());
    if r.traffic_policy {
        doc.field("policy", "written by a traffic policy: not switched from here", Role::Warn);
    }
}

/// The most columns that a name takes beside a line of the story.
const NAME: usize = 14;

/// The newest lines of the story that mention one of these.
fn mentions(doc: &mut Doc, app: &App, look: &Look, words: &[&str]) {
    let about = |event: &&Event| words.iter().any(|word| names(&event.text, word));
    let found: Vec<&Event> = app.incident.story.iter().rev().filter(about).take(STORY).collect();
    if found.is_empty() {
        return;
    }
    doc.heading("in the story");
    let times = found.iter().map(|event| day_time(app.now, event.ts).len()).max().unwrap_or_default();
    let who = found.iter().map(|event| width(&event.who)).max().unwrap_or_default().min(NAME);
    for event in found {
        let lead = vec![
            piece(format!("{:<times$} ", day_time(app.now, event.ts)), Role::Muted),
            piece(format!("{} ", pad(&event.who, who, look.glyphs)), person(app, &event.who)),
            piece(format!("{} ", look.glyphs.mark(tone_mark(event.tone))), tone(event.tone)),
        ];
        doc.led(lead, &event.text, super::happening::story_role(event));
    }
}

/// Whether a text has a name in it, as a word of its own: `east` is not in `us-east-1`.
fn names(text: &str, name: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_');
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let (before, after) = (&text[..at], &text[at + name.len()..]);
            // Nor is `fitocracy.com` in `blog.fitocracy.com`.
            !before.ends_with(within) && !before.ends_with('.') && !after.starts_with(within)
        })
}

// --- a region, a site, a target, an event ---

fn region(doc: &mut Doc, app: &App, look: &Look, name: &Region) -> String {
    let (glance, _) = super::region::region(app, name);
    doc.field("region", &glance.long, glance.role);
    for (place, cell) in all_cells(app, name) {
        doc.blank();
        let glance = cell_glance(app, place, cell);
        let role = if glance.role == Role::Muted { Role::Text } else { glance.role };
        doc.labelled(
            place.service.as_str(),
            vec![
                piece(glance.long, role),
                piece(format!("  account {}", app.account_words(&place.scope.account)), Role::Muted),
            ],
        );
        if let Some(words) = slowed(app, place) {
            doc.field("", &words, Role::Warn);
        }
        let Some(cell) = cell else { continue };
        if let Some(flapping) = &cell.flapping {
            let (ago, words) = (age(app.now, flapping.since), flapping.words());
            let flaps = if cell.flapped().is_some() {
                let flapped = age(cell.since, flapping.since);
                format!("it has answered for {}, after flapping for {flapped}", age(app.now, cell.since))
            } else {
                format!("it flaps, for {ago} now")
            };
            doc.field("", &format!("{flaps}; when that was told, {words}"), Role::Warn);
        }
        match &cell.status {
            SweepStatus::Ok { latency_ms } => {
                doc.field(
                    "",
                    &format!("the last sweep took {}", super::text::latency(*latency_ms)),
                    Role::Muted,
                );
            }
            SweepStatus::Failed { .. } | SweepStatus::Partial { .. } => {
                if let SweepStatus::Partial { answered, failed, .. } = &cell.status {
                    let of = answered.len() + failed.len();
                    let words = format!(
                        "all at once is not answered; asked by id, {} of {of} availability zones answer",
                        answered.len()
                    );
                    doc.field("", &words, role);
                }
                doc.field("", &cell.trouble().unwrap_or_default(), role);
                doc.field("", cell.advice().unwrap_or_default(), Role::Text);
                let expired = matches!(cell.fault(), Some(Fault::CredentialsExpired { .. }));
                if expired && app.is_refused_alone(name) {
                    let words = "AWS takes the same credentials elsewhere: what it says here is its own fault, and no login mends that.";
                    doc.field("", words, Role::Warn);
                }
                doc.field("", &asked_again(app, place, cell).unwrap_or_default(), Role::Text);
                let whole = if cell.zones.is_empty() { "" } else { " whole" };
                let last = cell.last_ok.map_or_else(
                    || format!("it never answered{whole}"),
                    |at| format!("it last answered{whole} {} ago", age(app.now, at)),
                );
                let sweeps = if cell.failures == 1 { "sweep" } else { "sweeps" };
                let words = format!("{last}; {} {sweeps} failed in a row", cell.failures);
                doc.field("", &words, Role::Muted);
            }
        }
        let rows = app.incident.rows_of(place).count();
        let noun = if rows == 1 { "row" } else { "rows" };
        doc.field("", &format!("{rows} {noun} known"), Role::Muted);
    }
    access(doc, app);
    // The story calls it by the name of its service.
    mentions(doc, app, look, &[if name.is_global() { "route 53" } else { &*name.0 }]);
    if name.is_global() { "route 53".into() } else { format!("region {name}") }
}

/// With which credentials AWS is asked, and with which clock.
fn access(doc: &mut Doc, app: &App) {
    let role = |urgency: Urgency| match urgency {
        Urgency::Calm => Role::Text,
        Urgency::Soon => Role::Warn,
        Urgency::Now | Urgency::Over => Role::Down,
    };
    let all = app.credentials_left();
    if !all.is_empty() {
        doc.blank();
    }
    for left in all {
        let when = match left.urgency {
            Urgency::Calm | Urgency::Soon | Urgency::Now => {
                format!("end in {}", crate::app::table::span(left.seconds))
            }
            Urgency::Over => format!("ended {} ago", age(app.now, left.expires)),
        };
        let words = format!("of {} {when}, at {} UTC", left.profile, date_time(left.expires));
        doc.field("credentials", &words, role(left.urgency));
        if let Some(fault) = &left.renewal {
            doc.field("", &format!("they could not be renewed: {fault}"), Role::Warn);
        }
        if left.urgency != Urgency::Calm {
            doc.field("", "Log in again in another window: what is new is picked up by itself.", Role::Text);
        }
    }
    if let Some((ahead, urgency)) = app.clock_ahead() {
        let words = format!("this machine's is {} AWS's", crate::incident::fault::skew_words(ahead));
        doc.field("clock", &words, role(urgency));
        doc.field(
            "",
            "AWS refuses signatures from five minutes on: set it (`chronyc makestep`).",
            Role::Text,
        );
    }
}

fn site(doc: &mut Doc, app: &App, look: &Look, name: &str) -> String {
    let Some(site) = app.opening.sites.iter().find(|s| s.name == name) else { return name.to_owned() };
    let (_, words, role) = state(app, site);
    doc.field("answers", &words, role);
    if let Some(probed) = app.incident.probes.get(&ProbeSubject::Site(name.to_owned())) {
        let words = format!(
            "{} in {}, found {} ago, the same for {}",
            probed.evidence.detail,
            super::text::latency(probed.evidence.latency_ms),
            ago(app, probed.at),
            age(app.now, probed.since)
        );
        doc.field("PROBE", &words, Role::Text);
        certificate(doc, app, probed);
    }
    if let Some(probe) = &site.probe {
        let body = probe.body.as_ref().map_or_else(String::new, |b| format!(", with \"{b}\" in the page"));
        let at = probe.connect.as_ref().map_or_else(String::new, |place| format!(" at {place}"));
        doc.field("asked", &format!("{}{at} expects {}{body}", probe.url, probe.expect), Role::Text);
    }
    if let Some((since, by)) = app.incident.maintenance_since(name) {
        let words = format!("on since {} by {by}", day_time(app.now, since));
        doc.field("maintenance", &words, Role::Warn);
    }
    doc.blank();
    doc.field("zone", &site.zone, Role::Text);
    doc.field("record", &site.record, Role::Text);
    let last_known = app.records_last_known(site).is_some();
    let role = if last_known { Role::Stale } else { Role::Text };
    doc.field("points to", &app.points_to(site).unwrap_or_else(|| "not read yet".into()), role);
    if let Some(at) = app.records_as_of(site) {
        let stale = if last_known { ": the last known" } else { "" };
        doc.field("as of", &format!("{} UTC, {} ago{stale}", date_time(at), ago(app, at)), role);
    }
    for (at, record) in app.site_records(site).enumerate() {
        let words = format!("{} {}", record.record_type, record.points_to());
        doc.field(if at == 0 { "records" } else { "" }, &words, Role::Text);
    }
    super::propagation::detail(doc, app, site);
    doc.heading("targets");
    for t in &site.targets {
        target_lines(doc, app, site, t);
    }
    mentions(doc, app, look, &[name, site.record.as_str()]);
    format!("site {name}")
}

fn target_lines(doc: &mut Doc, app: &App, site: &Site, target: &SiteTarget) {
    let current = app.current_target(site).is_some_and(|t| t.name == target.name);
    let readiness = app.target_readiness(target);
    let mut words = format!("{} {}, {readiness}", target.kind, target.place());
    if let Some(ttl) = target.record_ttl() {
        words.push_str(&format!(", ttl {ttl} s"));
    }
    if target.maintenance {
        words.push_str(", maintenance page");
    }
    if current {
        words.push_str(", CURRENT");
    }
    let role = match (current, readiness.is_ready()) {
        (true, _) => Role::Accent,
        (false, true) => Role::Text,
        (false, false) => Role::Stale,
    };
    doc.field(&target.name, &words, role);
}

fn one_target(doc: &mut Doc, app: &App, look: &Look, site: &str, target: &str) -> String {
    let title = format!("target {target} of site {site}");
    let Some(declared) = app.opening.sites.iter().find(|s| s.name == site) else { return title };
    let Some(found) = declared.target(target) else { return title };
    target_lines(doc, app, declared, found);
    if let Some(balancer) = app.balancer_of(found) {
        doc.blank();
        doc.field("balancer", &balancer.name, Role::Text);
        doc.field("dns name", &balancer.dns_name, Role::Text);
        if let Some(seen) = app.incident.rows.get(&balancer.key) {
            evidence(doc, app, &balancer.key, &seen.resource);
        }
        cell_lines(doc, app, &balancer.key.place, app.incident.cells.get(&balancer.key.place));
    }
    mentions(doc, app, look, &[target]);
    title
}

fn event(doc: &mut Doc, app: &App, event: &Event, columns: u16, look: &Look) -> String {
    doc.field("when", &format!("{} UTC, {} ago", date_time(event.ts), age(app.now, event.ts)), Role::Text);
    doc.field("who", &event.who, person(app, &event.who));
    doc.field("kind", event.kind, Role::Text);
    doc.field("what", &event.text, tone(event.tone));
    doc.field("entry", &format!("{} of {}", event.seq, event.session), Role::Muted);
    if let Some(found) = event.plan.as_ref().and_then(|hash| app.incident.operations.get(hash)) {
        doc.heading(&found.plan.title);
        operation::course(doc, app, found, look);
        doc.heading("the plan as it was confirmed");
        doc.line(operation::acts_in(app, &found.plan));
        operation::plan(doc, app, &found.plan, columns, look);
    }
    format!("log entry: {}", event.kind)
}
