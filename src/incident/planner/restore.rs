//! Restoring a DB instance from a snapshot or to a point in time, with the settings that RDS would drop.
//!
//! It makes a new instance and leaves the old one alone. It refuses clusters (their restore gives a cluster without
//! instances, which is a procedure of its own) and times outside the restore window.

use super::Planned;
use super::table::{Table, age, choice, database_query, rds, route53};
use crate::incident::place::{Key, Kind, Region, Scope};
use crate::incident::plan::{Change, Check, Guard, Refusal, Risk, Step};
use crate::incident::request::{Call, DatabaseSettings, RestoreSource};
use crate::incident::resource::{AutomatedBackup, Database, Resource, Snapshot, SnapshotKind};
use jiff::Timestamp;

/// Seconds that a restore is given to claim `available`: hours of logs take hours.
const AVAILABLE_S: u32 = 6 * 3600;

/// Minutes until a restored snapshot claims `available`, at least and at most.
const BASE_MIN: (i64, i64) = (10, 20);

/// Minutes per hour of logs replayed.
const REPLAY_MIN_PER_H: i64 = 6;

/// Plans `restore POINT|DB [--at TIME]`.
pub(super) fn plan(table: &mut Table<'_>, from: &Key, at: Option<Timestamp>) -> Result<Planned, Refusal> {
    table.profile(&from.scope().account)?;
    match from.kind {
        Kind::Snapshot => from_snapshot(table, from, at),
        Kind::Database => to_time(table, from.scope(), &from.id, at),
        Kind::AutomatedBackup => from_backup(table, from, at),
        Kind::Cluster => Err(of_cluster(table, from.region(), &from.id)),
        Kind::Instance
        | Kind::Balancer
        | Kind::TargetGroup
        | Kind::Registration
        | Kind::HostedZone
        | Kind::RecordSet => Err(table.refuse(
            format!("{} is no restore point", from.id),
            "Name a DB snapshot or a DB instance; the Restore points screen lists them",
        )),
    }
}

/// What a restore is made of, once everything is read.
struct Draft<'a> {
    scope: Scope,
    /// The identifier of the instance that the data is of.
    source: String,
    database: Option<&'a Database>,
    from: RestoreSource,
    from_words: String,
    /// Up to when the data goes.
    data: Option<Timestamp>,
    /// Hours of logs to replay, at most; `None` for a snapshot, which has none.
    replay: Option<(i64, String)>,
    /// The source's network and parameters belong to the region of the restore.
    same_region: bool,
    storage: i32,
}

fn from_snapshot(table: &mut Table<'_>, key: &Key, at: Option<Timestamp>) -> Result<Planned, Refusal> {
    let scope = key.scope().clone();
    let row = match table.desk.incident.rows.get(key).map(|s| &s.resource) {
        Some(Resource::Snapshot(row)) => Some(row),
        _ => None,
    };
    if row.is_some_and(|row| row.of_cluster) || key.id.starts_with("cluster:") {
        let name =
            row.map_or_else(|| key.id.trim_start_matches("cluster:").to_owned(), |row| row.name.clone());
        let engine = row.map_or("ENGINE", |row| row.engine.as_str());
        return Err(table.refuse(
            format!("{name} is a snapshot of a cluster: its restore gives a cluster without instances"),
            format!(
                "By hand: `aws rds restore-db-cluster-from-snapshot --region {} --snapshot-identifier {name} \
                 --db-cluster-identifier {name}-restored --engine {engine}`, then `aws rds create-db-instance` into it",
                scope.region
            ),
        ));
    }
    if at.is_some() {
        return Err(table.refuse(
            "a snapshot holds one point in time",
            "Leave --at out, or name the DB instance instead of the snapshot",
        ));
    }
    // What another account shares is known by its ARN alone.
    let id = match row {
        Some(Snapshot {
            snapshot_kind: SnapshotKind::Shared | SnapshotKind::Public, arn: Some(arn), ..
        }) => arn.clone(),
        Some(row) => row.name.clone(),
        None => key.id.clone(),
    };
    let Some(answer) = table.snapshot(&scope, &id)? else {
        return Ok(table.needs());
    };
    let Some(snapshot) = answer else {
        let names = names_of(table, &scope, Kind::Snapshot);
        return Err(table
            .refuse(format!("{} has no DB snapshot {id}", scope.region), choice("newest are", &id, &names)));
    };
    if snapshot.status != "available" {
        let progress = snapshot.progress.map_or_else(String::new, |p| format!(", {p} %"));
        return Err(table.refuse(
            format!("snapshot {id} is {}{progress}", snapshot.status),
            "Only an available snapshot can be restored: wait, or take an older one",
        ));
    }
    let same_region = snapshot.source_region.as_ref().is_none_or(|region| *region == scope.region.0);
    // A copy's source lives elsewhere; an instance of the same name here would be another one.
    let database = if same_region {
        match table.database(&scope, &snapshot.source)? {
            Some(database) => database,
            None => {
                let _ = free_name(table, &scope, &snapshot.source)?;
                return Ok(table.needs());
            }
        }
    } else {
        source_row(table, snapshot)
    };
    finish(
        table,
        Draft {
            scope,
            source: snapshot.source.clone(),
            database,
            from: RestoreSource::Snapshot(id.clone()),
            from_words: format!("snapshot {id}"),
            data: snapshot.data_as_of.or(snapshot.created),
            replay: None,
            same_region,
            storage: snapshot.size_gib,
        },
    )
}

/// The row of the instance that a copied snapshot was taken of.
fn source_row<'a>(table: &Table<'a>, snapshot: &Snapshot) -> Option<&'a Database> {
    table.desk.incident.of_kind(Kind::Database).find_map(|seen| match &seen.resource {
        Resource::Database(d)
            if d.key.id == snapshot.source
                && Some(&*d.key.region().0) == snapshot.source_region.as_deref() =>
        {
            Some(d)
        }
        _ => None,
    })
}

fn from_backup(table: &mut Table<'_>, key: &Key, at: Option<Timestamp>) -> Result<Planned, Refusal> {
    let Some(Resource::AutomatedBackup(backup)) = table.desk.incident.rows.get(key).map(|s| &s.resource)
    else {
        return Err(table.refuse(
            format!("the automated backup {} is not known", key.id),
            "Name the DB instance instead",
        ));
    };
    let here = backup.source_region.as_ref().is_none_or(|region| *region == key.region().0);
    if here && backup.status == "active" {
        return to_time(table, key.scope(), &backup.source, at);
    }
    let arn = backup.arn.as_deref().unwrap_or(&key.id);
    let what = if here { "retained" } else { "replicated" };
    Err(table.refuse(
        format!("the backup of {} is {what}: it is restored by its ARN", backup.source),
        format!(
            "By hand: `aws rds restore-db-instance-to-point-in-time --region {} --source-db-instance-automated-backups-arn \
             {arn} --target-db-instance-identifier {}-restored --use-latest-restorable-time`",
            key.region(),
            backup.source
        ),
    ))
}

fn of_cluster(table: &Table<'_>, region: &Region, cluster: &str) -> Refusal {
    table.refuse(
        format!("{cluster} is a cluster: its restore gives a cluster without instances"),
        format!(
            "By hand: `aws rds restore-db-cluster-to-point-in-time --region {region} --source-db-cluster-identifier \
             {cluster} --db-cluster-identifier {cluster}-restored --use-latest-restorable-time`, then `aws rds \
             create-db-instance` into it"
        ),
    )
}

fn to_time(
    table: &mut Table<'_>,
    scope: &Scope,
    id: &str,
    at: Option<Timestamp>,
) -> Result<Planned, Refusal> {
    let name_free = free_name(table, scope, id)?;
    let Some(answer) = table.database(scope, id)? else {
        return Ok(table.needs());
    };
    let Some(database) = answer else {
        let names = names_of(table, scope, Kind::Database);
        return Err(table.refuse(
            format!("{} has no DB instance {id}", scope.region),
            format!(
                "{}; what is deleted can only come back from a snapshot",
                choice("there are", id, &names)
            ),
        ));
    };
    if let Some(cluster) = &database.cluster {
        return Err(of_cluster(table, &scope.region, cluster));
    }
    if database.engine.starts_with("aurora") {
        return Err(of_cluster(table, &scope.region, id));
    }
    let snapshots = snapshots_of(table, scope, id);
    let newest = snapshots.first().map_or_else(String::new, |s| format!(": newest is {}", s.name));
    if database.backup_retention_days == 0 {
        return Err(table.refuse(
            format!("{id} has no automated backups (retention 0 days)"),
            format!("Restore one of its snapshots{newest}"),
        ));
    }
    let Some(latest) = database.latest_restorable else {
        return Err(table.refuse(
            format!("RDS names no restorable time of {id}"),
            format!("Restore one of its snapshots{newest}"),
        ));
    };
    let earliest = earliest(table, scope, id, database);
    let window = |from: Option<Timestamp>| {
        format!(
            "the window is {} to {} ({} ago)",
            from.map_or_else(|| "?".to_owned(), |t| t.to_string()),
            latest,
            age(latest, table.desk.now)
        )
    };
    if let Some(at) = at {
        if at > table.desk.now {
            return Err(table.refuse(
                format!("{at} is in the future"),
                format!("Name a time in UTC; {}", window(earliest)),
            ));
        }
        if at > latest {
            return Err(table.refuse(
                format!("{id} cannot be restored to {at}: its logs end before"),
                format!("Leave --at out to take the newest; {}", window(earliest)),
            ));
        }
        if let Some(from) = earliest
            && at < from
        {
            return Err(table.refuse(
                format!("{id} cannot be restored to {at}: its backups begin after"),
                format!("Take an older snapshot, if there is one; {}", window(earliest)),
            ));
        }
    }
    if name_free.is_none() {
        return Ok(table.needs());
    }
    let goal = at.unwrap_or(latest);
    let base = snapshots
        .iter()
        .filter_map(|s| s.data_as_of.or(s.created).map(|taken| (taken, &s.name)))
        .filter(|(taken, _)| *taken <= goal)
        .max();
    let replay = match base {
        Some((taken, name)) => (goal.duration_since(taken).as_hours() + 1, format!("logs since {name}")),
        None => (24, "up to a day of logs, as no snapshot of it is known".to_owned()),
    };
    finish(
        table,
        Draft {
            scope: scope.clone(),
            source: id.to_owned(),
            database: Some(database),
            from: RestoreSource::PointInTime { database: id.to_owned(), at },
            from_words: match at {
                Some(at) => format!("{id} at {at}"),
                None => format!("{id} at its newest restorable time"),
            },
            data: Some(goal),
            replay: Some(replay),
            same_region: true,
            storage: database.storage_gib,
        },
    )
}

/// The oldest restorable second, as far as a backup says, else as far as the retention reaches.
fn earliest(table: &Table<'_>, scope: &Scope, id: &str, database: &Database) -> Option<Timestamp> {
    let backups = table.desk.incident.of_kind(Kind::AutomatedBackup);
    let told = backups.filter_map(|seen| match &seen.resource {
        Resource::AutomatedBackup(AutomatedBackup { key, source, earliest, .. })
            if key.scope() == scope && source == id =>
        {
            *earliest
        }
        _ => None,
    });
    told.min().or(database.created)
}

fn snapshots_of<'a>(table: &Table<'a>, scope: &Scope, id: &str) -> Vec<&'a Snapshot> {
    let rows = table.desk.incident.of_kind(Kind::Snapshot);
    let mut snapshots: Vec<&Snapshot> = rows
        .filter_map(|seen| match &seen.resource {
            Resource::Snapshot(s)
                if s.key.scope() == scope && s.source == id && !s.of_cluster && s.status == "available" =>
            {
                Some(s)
            }
            _ => None,
        })
        .collect();
    snapshots.sort_by_key(|s| std::cmp::Reverse(s.data_as_of.or(s.created)));
    snapshots
}

fn names_of(table: &Table<'_>, scope: &Scope, kind: Kind) -> Vec<String> {
    let rows = table.desk.incident.of_kind(kind);
    rows.map(|seen| seen.resource.key())
        .filter(|key| key.scope() == scope)
        .map(|key| key.id.clone())
        .collect()
}

/// A name for the new instance that RDS allows and nobody has; `None` while that is still to be read.
fn free_name(table: &mut Table<'_>, scope: &Scope, source: &str) -> Result<Option<String>, Refusal> {
    let mut stem = String::new();
    for c in source.to_lowercase().chars().filter(char::is_ascii) {
        let c = if c.is_ascii_alphanumeric() { c } else { '-' };
        if stem.len() < 48 && !(c == '-' && (stem.is_empty() || stem.ends_with('-'))) {
            stem.push(c);
        }
    }
    let mut stem = stem.trim_end_matches('-').to_owned();
    if !stem.starts_with(|c: char| c.is_ascii_alphabetic()) {
        stem.insert_str(0, "db-");
    }
    let known = names_of(table, scope, Kind::Database);
    for n in 1..100 {
        let name = format!("{stem}-restored-{n}");
        if known.contains(&name) {
            continue;
        }
        match table.database(scope, &name)? {
            None => return Ok(None),
            Some(None) => return Ok(Some(name)),
            Some(Some(_)) => {}
        }
    }
    Err(table
        .refuse(format!("a hundred restores of {source} exist already"), "Delete those that are not needed"))
}

fn finish(table: &mut Table<'_>, draft: Draft<'_>) -> Result<Planned, Refusal> {
    let Some(new_id) = free_name(table, &draft.scope, &draft.source)? else {
        return Ok(table.needs());
    };
    let scope = draft.scope.clone();
    let settings = settings(draft.database, draft.same_region);
    let title = format!("restore {} as {new_id}", draft.from_words);
    let mut plan = table.draft(&scope, title, Risk::Disruptive, draft.source.clone())?;
    plan.resources = vec![draft.source.clone(), new_id.clone()];
    plan.changes = vec![Change {
        what: format!("DB instance {new_id}"),
        old: "(none)".into(),
        new: format!(
            "{} from {}",
            settings.class.as_deref().unwrap_or("the snapshot's class"),
            draft.from_words
        ),
    }];
    plan.effects.push(match draft.data {
        Some(data) => format!(
            "data up to {data}: what was written in the {} since then is not in it",
            age(data, table.desk.now)
        ),
        None => "the age of its data is not known".into(),
    });
    plan.effects.push(estimate(&draft));
    plan.effects.push(format!(
        "a new endpoint, {new_id}.…: applications must be pointed at it; {} is not touched",
        draft.source
    ));
    plan.effects.push(format!("a second instance is billed from now on ({} GiB)", draft.storage));
    plan.effects.push(carried(&settings));
    if draft.database.is_none() {
        plan.warnings.push(format!(
            "{} was not found: nothing is carried over, the restore gets RDS defaults (default security group, \
             subnet and parameter group)",
            draft.source
        ));
    } else if !draft.same_region {
        plan.warnings.push(
            "a copy from another region: subnet group, security groups, parameter and option group are regional and \
             not carried over"
                .into(),
        );
    }
    plan.warnings.push(
        "not carried over, set by hand after: enhanced monitoring, Performance Insights, IAM roles, maintenance \
         window, master password, replicas, event subscriptions, alarms"
            .into(),
    );
    plan.warnings.push(
        "`available` is not warm: blocks are loaded from S3 when first read, so the first queries are slow"
            .into(),
    );
    plan.control_planes = vec![rds(&scope), format!("{}, for the new endpoint's name", route53(&scope))];
    let query = database_query(&scope, &new_id);
    plan.steps = vec![Step {
        title: format!("restore {} as {new_id}", draft.from_words),
        call: Call::RestoreDatabase { scope, from: draft.from, new_id: new_id.clone(), settings },
        guard: Guard::DatabaseAbsent { query: query.clone() },
        check: Check::DatabaseAvailable { query },
        patience_s: AVAILABLE_S,
    }];
    plan.undo = format!("not undone from here: delete {new_id} by hand once nothing uses it");
    Ok(Planned::Plan(Box::new(plan.sealed())))
}

/// What RDS would drop.
fn settings(database: Option<&Database>, same_region: bool) -> DatabaseSettings {
    let Some(d) = database else {
        return DatabaseSettings::default();
    };
    let mut settings = DatabaseSettings {
        class: Some(d.class.clone()),
        subnet_group: d.subnet_group.clone(),
        security_groups: d.security_groups.clone(),
        parameter_group: d.parameter_group.clone(),
        option_group: d.option_group.clone(),
        multi_az: d.multi_az,
        publicly_accessible: d.publicly_accessible,
        deletion_protection: d.deletion_protection,
        storage_type: d.storage_type.clone(),
        port: d.endpoint.as_ref().map(|e| e.port),
    };
    if !same_region {
        settings.subnet_group = None;
        settings.security_groups = Vec::new();
        settings.parameter_group = None;
        settings.option_group = None;
    }
    settings
}

fn carried(settings: &DatabaseSettings) -> String {
    let mut words = Vec::new();
    let mut word = |what: &str, value: &Option<String>| {
        if let Some(value) = value {
            words.push(format!("{what} {value}"));
        }
    };
    word("class", &settings.class);
    word("subnet group", &settings.subnet_group);
    word("parameter group", &settings.parameter_group);
    word("option group", &settings.option_group);
    word("storage", &settings.storage_type);
    if !settings.security_groups.is_empty() {
        words.push(format!("security groups {}", settings.security_groups.join(" ")));
    }
    if let Some(port) = settings.port {
        words.push(format!("port {port}"));
    }
    for (on, what) in [
        (settings.multi_az, "Multi-AZ"),
        (settings.publicly_accessible, "public access"),
        (settings.deletion_protection, "deletion protection"),
    ] {
        if on {
            words.push(what.to_owned());
        }
    }
    if words.is_empty() {
        "nothing is carried over".into()
    } else {
        format!("carried over: {}", words.join(", "))
    }
}

/// How long until it claims `available`, and what that is reckoned from.
fn estimate(draft: &Draft<'_>) -> String {
    let (low, high) = BASE_MIN;
    match &draft.replay {
        None => format!(
            "ready in about {low} to {high} min, by the usual time of a snapshot restore of a few hundred GiB"
        ),
        Some((hours, basis)) => format!(
            "ready in about {} to {} min: {low} to {high} min for the base, {REPLAY_MIN_PER_H} min per hour of \
             log, {hours} h ({basis})",
            low + REPLAY_MIN_PER_H * (hours - 1).max(0),
            high + REPLAY_MIN_PER_H * hours
        ),
    }
}

#[cfg(test)]
mod tests;
