//! Sites in the board's words: where the record points, what the probe found, where it could point instead; and the
//! databases whose claim the evidence contradicts.

use super::canvas::{Row, piece};
use super::look::{Look, Mark};
use crate::app::App;
use crate::app::table::age;
use crate::incident::cell::{Health, ProbeSubject, Verdict};
use crate::incident::place::{Key, Kind};
use crate::incident::resource::Resource;
use crate::incident::site::{Site, SiteTarget, TargetKind};
use crate::settings::theme::Role;

/// The role of a health.
pub(super) fn health_role(health: Health) -> Role {
    match health {
        Health::Lie => Role::Lie,
        Health::Down => Role::Down,
        Health::Changing => Role::Pending,
        Health::Stale => Role::Stale,
        Health::Claimed => Role::Text,
        Health::Proven => Role::Ok,
    }
}

/// The mark of a health.
pub(super) fn health_mark(health: Health) -> Mark {
    match health {
        Health::Lie => Mark::Lie,
        Health::Down => Mark::Bad,
        Health::Changing => Mark::Pending,
        Health::Stale => Mark::Unknown,
        Health::Claimed | Health::Proven => Mark::None,
    }
}

/// What is known of a site's answer, in words, with a mark and a role.
pub(super) fn state(app: &App, site: &Site) -> (Mark, String, Role) {
    let evidence = app.site_evidence(&site.name);
    if let Some(operation) = app.incident.maintenance(&site.name) {
        let since = age(app.now, operation.confirmed.as_ref().map_or(operation.proposed, |(at, _)| *at));
        let found = match app.incident.probes.get(&ProbeSubject::Site(site.name.clone())) {
            Some(probed) => format!("  {}", probed.evidence.detail),
            None => String::new(),
        };
        return (Mark::Warn, format!("maintenance {since}{found}"), Role::Warn);
    }
    match evidence {
        Some((health, words)) => (health_mark(health), words, health_role(health)),
        None if site.probe.is_some() => (Mark::None, "not probed yet".into(), Role::Muted),
        None => (Mark::Unknown, "no probe declared".into(), Role::Unknown),
    }
}

/// Where a site points, shortly: `east us-east-1/web`.
pub(super) fn points_to(app: &App, site: &Site) -> (String, Role) {
    match (app.current_target(site), app.points_to(site)) {
        (Some(target), _) => (format!("{} {}", target.name, target.place()), Role::Text),
        (None, Some(elsewhere)) => (elsewhere, Role::Warn),
        (None, None) => ("not read yet".into(), Role::Muted),
    }
}

/// A target as an alternative: `linode 203.0.113.10 (60s)`, `west us-west-1/web 1/1 in service`.
fn alternative(app: &App, target: &SiteTarget) -> (bool, String) {
    let readiness = app.target_readiness(target);
    let text = match target.kind {
        TargetKind::Address => {
            let ttl = target.record_ttl().unwrap_or_default();
            format!("{} {} ({ttl}s)", target.name, target.place())
        }
        TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb => {
            format!("{} {} {readiness}", target.name, target.place())
        }
        TargetKind::Cloudfront | TargetKind::S3 => format!("{} {}", target.name, target.place()),
    };
    (readiness.is_ready(), text)
}

/// Where else a site could point, those that are ready first, in as few lines as fit.
pub(super) fn alternatives(app: &App, site: &Site, columns: usize, look: &Look) -> Vec<Row> {
    let current = app.current_target(site).map(|t| t.name.as_str());
    let (mut ready, mut unready) = (Vec::new(), Vec::new());
    for target in site.targets.iter().filter(|t| Some(t.name.as_str()) != current) {
        let (is_ready, text) = alternative(app, target);
        if is_ready { ready.push(text) } else { unready.push(text) }
    }
    let mut rows: Vec<Row> = Vec::new();
    let gap = format!("  {} ", look.glyphs.dot());
    let lists = [("ready: ", ready, Role::Text), ("not ready: ", unready, Role::Stale)];
    for (label, texts, role) in lists {
        let mut row: Row = Vec::new();
        for text in texts {
            let used = super::canvas::row_width(&row);
            if row.is_empty() {
                row.push(piece(label, Role::Muted));
            } else if used + gap.len() + super::text::width(&text) > columns {
                rows.push(std::mem::take(&mut row));
                row.push(piece(" ".repeat(label.len()), Role::Muted));
            } else {
                row.push(piece(gap.clone(), Role::Muted));
            }
            row.push(piece(text, role));
        }
        if !row.is_empty() {
            rows.push(row);
        }
    }
    rows
}

/// Databases whose claim fresh evidence contradicts, with what was claimed and what was found.
pub(super) fn lies(app: &App) -> Vec<(&Key, &str, String)> {
    let mut found = Vec::new();
    for (subject, probed) in &app.incident.probes {
        let ProbeSubject::Database(key) = subject else { continue };
        let claim = match app.incident.rows.get(key).map(|seen| &seen.resource) {
            Some(Resource::Database(d)) => d.status.as_str(),
            Some(Resource::Cluster(c)) => c.status.as_str(),
            Some(_) | None => continue,
        };
        if app.incident.health(key, app.now).0 == Health::Lie {
            let since = age(app.now, probed.since);
            found.push((key, claim, format!("{} {since}", probed.evidence.verdict.as_str())));
        }
    }
    found
}

/// How many DB instances are known.
pub(super) fn count(app: &App) -> usize {
    app.incident.of_kind(Kind::Database).count()
}

/// The databases in one quiet line: how many there are, how many answer.
pub(super) fn databases(app: &App) -> Option<String> {
    let of = count(app);
    if of == 0 {
        return None;
    }
    let answer = app
        .incident
        .probes
        .iter()
        .filter(|(subject, probed)| match subject {
            ProbeSubject::Database(key) => {
                probed.evidence.verdict == Verdict::Answers
                    && app.incident.evidence_on(key, app.now).is_some()
            }
            ProbeSubject::Site(_) | ProbeSubject::Dns(_) => false,
        })
        .count();
    let noun = if of == 1 { "database" } else { "databases" };
    Some(format!("{of} {noun} claimed, {answer} proven by a probe"))
}
