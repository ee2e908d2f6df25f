//! Sites in the board's words: where the record points, what the probe found, where it could point instead; and the
//! databases whose claim the evidence contradicts.

use super::canvas::{Row, piece};
use super::look::{Look, Mark};
use crate::app::App;
use crate::app::table::age;
use crate::incident::cell::{Health, ProbeSubject, Probed, STALE_AFTER_S, Verdict};
use crate::incident::place::{Key, Kind};
use crate::incident::resource::Resource;
use crate::incident::site::{Site, SiteTarget, TargetKind};
use crate::settings::theme::Role;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The role of a health.
pub(super) fn health_role(health: Health) -> Role {
    match health {
        Health::Lie => Role::Lie,
        Health::Down => Role::Down,
        Health::Changing => Role::Pending,
        Health::Unknown => Role::Unknown,
        Health::Stale => Role::Stale,
        Health::Off => Role::Muted,
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
        Health::Unknown | Health::Stale => Mark::Unknown,
        Health::Off => Mark::Off,
        Health::Claimed | Health::Proven => Mark::None,
    }
}

/// What is known of a site's answer, in words, with a mark and a role.
pub(super) fn state(app: &App, site: &Site) -> (Mark, String, Role) {
    let evidence = app.site_evidence(&site.name);
    if let Some((since, _)) = app.incident.maintenance_since(&site.name) {
        let since = age(app.now, since);
        let found = match app.incident.probes.get(&ProbeSubject::Site(site.name.clone())) {
            Some(probed) if app.now.duration_since(probed.at).as_secs() > STALE_AFTER_S => {
                format!("  {} {} ago", probed.evidence.gist(), age(app.now, probed.at))
            }
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

/// Where a site points, shortly: `east us-east-1/web`; where that is only last known, how long ago it was read.
pub(super) fn points_to(app: &App, site: &Site) -> Row {
    let (words, role) = match (app.current_target(site), app.points_to(site)) {
        (Some(target), _) => (format!("{} {}", target.name, target.place()), Role::Text),
        (None, Some(elsewhere)) => (elsewhere, Role::Warn),
        (None, None) => ("not read yet".into(), Role::Muted),
    };
    match app.records_last_known(site) {
        Some(at) => vec![piece(words, Role::Muted), piece(ago_words(app, at), Role::Stale)],
        None => vec![piece(words, role)],
    }
}

/// After what is only last known: ` 9h ago`.
fn ago_words(app: &App, at: Timestamp) -> String {
    format!(" {} ago", age(app.now, at))
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
    match app.target_evidence(target) {
        Some(words) if words != "answers" => (false, format!("{text}, {words}")),
        Some(_) | None => (readiness.is_ready(), text),
    }
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

/// A claim that fresh evidence contradicts, or several alike, in words.
pub(super) struct Lie {
    /// Whose.
    pub(super) label: String,
    /// What is claimed.
    pub(super) claim: String,
    /// How long ago, where the claim is only last known; of several, the oldest.
    pub(super) claimed: String,
    /// What was found, and since when.
    pub(super) found: String,
    /// How many databases are in it.
    pub(super) databases: usize,
}

/// A row and the evidence that contradicts its claim.
type Contradicted<'a> = (&'a Key, &'a Probed);

/// Lies of one kind and one finding that are told one by one; of more, how many.
const ONE_BY_ONE: usize = 2;

/// Claims that fresh evidence contradicts: databases first, for they are waited for longest. A storm of them makes a line
/// for each kind.
pub(super) fn lies(app: &App) -> Vec<Lie> {
    let mut alike: BTreeMap<(Kind, &str, Verdict), Vec<Contradicted<'_>>> = BTreeMap::new();
    for (subject, probed) in &app.incident.probes {
        let Some(key) = subject.key() else { continue };
        if app.incident.health(key, app.now).0 == Health::Lie
            && let Some(seen) = app.incident.rows.get(key)
        {
            let verdict = probed.evidence.verdict;
            alike.entry((key.kind, seen.resource.claim(), verdict)).or_default().push((key, probed));
        }
    }
    let mut alike: Vec<_> = alike.into_iter().collect();
    alike.sort_by_key(|((kind, ..), _)| (*kind != Kind::Database, *kind != Kind::Balancer));
    let mut found = Vec::new();
    for ((kind, claim, verdict), all) in alike {
        let claimed = |keys: &[Contradicted<'_>]| {
            let oldest = keys.iter().filter_map(|(key, _)| app.incident.last_known(key, app.now)).min();
            oldest.map_or_else(String::new, |at| ago_words(app, at))
        };
        let lie = |label: String, keys: &[Contradicted<'_>], since, count| Lie {
            label,
            claim: claim.to_owned(),
            claimed: claimed(keys),
            found: format!("{} for {}", verdict.as_str(), age(app.now, since)),
            databases: if kind == Kind::Database { count } else { 0 },
        };
        if all.len() <= ONE_BY_ONE || kind == Kind::Database && all.len() <= 2 * ONE_BY_ONE {
            found.extend(all.iter().map(|one| lie(label(app, one.0), &[*one], one.1.since, 1)));
        } else if let Some(since) = all.iter().map(|(_, probed)| probed.since).min() {
            found.push(lie(format!("{} {kind}s", all.len()), &all, since, all.len()));
        }
    }
    found
}

/// What AWS itself says is wrong with a row, or with several alike, in words.
pub(super) struct Trouble {
    /// Whose.
    pub(super) label: String,
    /// What is claimed: `storage-full`, `running, checks impaired`.
    pub(super) claim: String,
    /// How many databases are in it.
    pub(super) databases: usize,
}

/// What AWS itself says is wrong, and nothing contradicts or has outlived: databases first. Of more alike, how many.
pub(super) fn troubles(app: &App) -> Vec<Trouble> {
    let mut alike: BTreeMap<(bool, Kind, String), Vec<&Key>> = BTreeMap::new();
    for seen in app.incident.troubled() {
        let key = seen.resource.key();
        let (health, word) = app.incident.health(key, app.now);
        if health != Health::Down {
            continue;
        }
        let claim = match &seen.resource {
            Resource::Instance(instance) => format!("{}, checks {word}", instance.state.as_str()),
            other => other.claim().to_owned(),
        };
        let rank = !matches!(key.kind, Kind::Database | Kind::Cluster);
        alike.entry((rank, key.kind, claim)).or_default().push(key);
    }
    let mut found = Vec::new();
    for ((_, kind, claim), keys) in alike {
        let trouble = |label: String, count| Trouble {
            label,
            claim: claim.clone(),
            databases: if kind == Kind::Database { count } else { 0 },
        };
        if keys.len() <= ONE_BY_ONE {
            found.extend(keys.iter().map(|key| trouble(label(app, key), 1)));
        } else {
            found.push(trouble(format!("{} {kind}s", keys.len()), keys.len()));
        }
    }
    found
}

/// What a row is called.
fn label(app: &App, key: &Key) -> String {
    match app.incident.rows.get(key).map(|seen| &seen.resource) {
        Some(Resource::Instance(instance)) => instance.label().to_owned(),
        Some(Resource::Balancer(balancer)) => format!("{}/{}", key.region(), balancer.name),
        Some(_) | None => key.id.clone(),
    }
}

/// Declared endpoints that do not answer, each in words; and how many do.
pub(super) fn endpoints(app: &App) -> (Vec<(String, String)>, usize) {
    let (mut silent, mut answer) = (Vec::new(), 0);
    for (subject, probed) in &app.incident.probes {
        let ProbeSubject::Endpoint(name) = subject else { continue };
        if app.now.duration_since(probed.at).as_secs() > STALE_AFTER_S {
            continue;
        }
        if probed.evidence.verdict == Verdict::Answers {
            answer += 1;
        } else {
            let since = age(app.now, probed.since);
            silent.push((name.clone(), format!("{} for {since}", probed.evidence.verdict.as_str())));
        }
    }
    (silent, answer)
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
            ProbeSubject::Site(_)
            | ProbeSubject::Endpoint(_)
            | ProbeSubject::Balancer(_)
            | ProbeSubject::Instance(_)
            | ProbeSubject::Dns(_) => false,
        })
        .count();
    let noun = if of == 1 { "database" } else { "databases" };
    let databases = app.incident.of_kind(Kind::Database);
    let last_known = databases.filter(|seen| app.incident.is_stale(seen.resource.key(), app.now)).count();
    let last_known = match last_known {
        0 => String::new(),
        all if all == of => " (last known)".into(),
        some => format!(" ({some} last known)"),
    };
    Some(format!("{of} {noun} claimed{last_known}, {answer} proven by a probe"))
}
