//! RDS as simulated: statuses that may lie, logs that may stand still, and restores that take as long as their log is.

use super::stage_data::endpoint;
use super::state::{Db, DbCluster, DbSnapshot, DbTruth, Restorable, State, later};
use super::world::{Here, Outcome, refuse};
use crate::incident::place::{Kind, Service};
use crate::incident::request::{DatabaseSettings, Done, RestoreSource};
use crate::incident::resource::{AutomatedBackup, Cluster, Database, Resource, Snapshot, SnapshotKind};
use jiff::Timestamp;

fn row(db: &Db, here: Here<'_>) -> Database {
    let creating = here.now < db.available_at;
    let mut row = db.row.clone();
    row.key = here.place(Service::Rds).key(Kind::Database, db.row.key.id.clone());
    row.status = db.status(here.now);
    row.latest_restorable = db.latest_restorable(here.now);
    if creating {
        row.endpoint = None;
    }
    row
}

fn snapshot_row(snapshot: &DbSnapshot, here: Here<'_>) -> Snapshot {
    let mut row = snapshot.row.clone();
    row.key = here.place(Service::Rds).key(Kind::Snapshot, snapshot.row.key.id.clone());
    row
}

fn cluster_row(state: &State, cluster: &DbCluster, here: Here<'_>) -> Cluster {
    let mut row = cluster.row.clone();
    row.key = here.place(Service::Rds).key(Kind::Cluster, cluster.row.key.id.clone());
    let writer = row.members.first().and_then(|id| state.database(here.account, here.region(), id));
    row.status = writer.map_or_else(|| "available".to_owned(), |db| db.status(here.now));
    row.latest_restorable = writer.and_then(|db| db.latest_restorable(here.now));
    row
}

/// The window of an automated backup reaches from the oldest daily snapshot to the end of the log.
fn backup_row(state: &State, db: &Db, here: Here<'_>) -> Option<AutomatedBackup> {
    if db.row.backup_retention_days == 0 || db.row.cluster.is_some() {
        return None;
    }
    let account = state.accounts.get(db.account).map_or("", |a| &a.id);
    let resource_id = db.row.resource_id.as_deref().unwrap_or(&db.row.key.id);
    let arn = format!(
        "arn:aws:rds:{}:{account}:auto-backup:{}",
        db.region,
        resource_id.replacen("db-", "ab-", 1).to_lowercase()
    );
    Some(AutomatedBackup {
        key: here.place(Service::Rds).key(Kind::AutomatedBackup, arn.clone()),
        source: db.row.key.id.clone(),
        status: if here.now < db.available_at { "creating".into() } else { "active".into() },
        earliest: automated(state, db).filter_map(|s| s.row.data_as_of).min(),
        latest: db.latest_restorable(here.now),
        source_region: None,
        arn: Some(arn),
        engine: db.row.engine.clone(),
    })
}

fn automated<'a>(state: &'a State, db: &'a Db) -> impl Iterator<Item = &'a DbSnapshot> {
    state.snapshots.iter().filter(|s| {
        s.account == db.account
            && s.region == db.region
            && s.row.source == db.row.key.id
            && s.row.snapshot_kind == SnapshotKind::Automated
    })
}

/// DescribeDBInstances, DescribeDBClusters, both kinds of snapshots with every type, and automated backups.
pub(super) fn sweep(state: &State, here: Here<'_>) -> Vec<Resource> {
    let mine = |account: usize, region: &str| account == here.account && region == here.region();
    let databases = state.databases.iter().filter(|d| mine(d.account, &d.region));
    let clusters = state.clusters.iter().filter(|c| mine(c.account, &c.region));
    let snapshots = state.snapshots.iter().filter(|s| mine(s.account, &s.region));
    databases
        .clone()
        .map(|db| Resource::Database(row(db, here)))
        .chain(clusters.map(|c| Resource::Cluster(cluster_row(state, c, here))))
        .chain(snapshots.map(|s| Resource::Snapshot(snapshot_row(s, here))))
        .chain(databases.filter_map(|db| backup_row(state, db, here)).map(Resource::AutomatedBackup))
        .collect()
}

/// DescribeDBInstances by identifier.
pub(super) fn database(state: &State, here: Here<'_>, id: &str) -> Option<Box<Database>> {
    state.database(here.account, here.region(), id).map(|db| Box::new(row(db, here)))
}

fn find_snapshot<'a>(state: &'a State, here: Here<'_>, id: &str) -> Option<&'a DbSnapshot> {
    state.snapshots.iter().find(|s| {
        s.account == here.account
            && s.region == here.region()
            && (s.row.key.id == id || s.row.name == id || s.row.arn.as_deref() == Some(id))
    })
}

/// DescribeDBSnapshots by identifier.
pub(super) fn snapshot(state: &State, here: Here<'_>, id: &str) -> Option<Box<Snapshot>> {
    find_snapshot(state, here, id).map(|s| Box::new(snapshot_row(s, here)))
}

/// What a restore starts from: a row to take after, the age of the snapshot, and up to when the log is rolled.
struct Basis {
    like: Database,
    lineage: String,
    log_seconds: i64,
}

fn from_snapshot(state: &State, here: Here<'_>, id: &str) -> Result<Basis, (String, String)> {
    let Some(found) = find_snapshot(state, here, id).filter(|s| !s.row.of_cluster) else {
        return refuse("DBSnapshotNotFound", format!("DBSnapshot not found: {id}"));
    };
    if found.row.status != "available" {
        return refuse(
            "InvalidDBSnapshotState",
            format!("The DB snapshot {id} is {}, not available", found.row.status),
        );
    }
    // The source may be in another region, or gone; the snapshot itself says enough.
    let source =
        state.databases.iter().find(|d| d.account == here.account && d.row.key.id == found.row.source);
    let like = source.map(|d| d.row.clone()).unwrap_or(Database {
        key: here.place(Service::Rds).key(Kind::Database, found.row.source.clone()),
        engine: found.row.engine.clone(),
        engine_version: String::new(),
        class: "db.t3.medium".into(),
        status: String::new(),
        endpoint: None,
        multi_az: false,
        zone: None,
        storage_gib: found.row.size_gib,
        storage_type: None,
        encrypted: found.row.encrypted,
        latest_restorable: None,
        backup_retention_days: 1,
        cluster: None,
        replica_of: None,
        subnet_group: None,
        security_groups: Vec::new(),
        parameter_group: None,
        option_group: None,
        publicly_accessible: false,
        deletion_protection: false,
        resource_id: None,
        created: None,
    });
    Ok(Basis {
        like,
        lineage: source.map_or_else(|| found.row.source.clone(), |d| d.lineage.clone()),
        log_seconds: 0,
    })
}

fn from_log(
    state: &State,
    here: Here<'_>,
    id: &str,
    at: Option<Timestamp>,
) -> Result<Basis, (String, String)> {
    let Some(db) = state.database(here.account, here.region(), id) else {
        return refuse("DBInstanceNotFound", format!("DBInstance {id} not found."));
    };
    if db.row.backup_retention_days == 0 {
        return refuse(
            "PointInTimeRestoreNotEnabled",
            format!("Point-in-time restore is not enabled for {id}: its backup retention is 0"),
        );
    }
    let Some(latest) = db.latest_restorable(here.now) else {
        return refuse(
            "InvalidDBInstanceState",
            format!("The DB instance {id} has no restorable time at present."),
        );
    };
    let until = at.unwrap_or(latest);
    let earliest =
        automated(state, db).filter_map(|s| s.row.data_as_of).filter(|taken| *taken <= until).max();
    let Some(snapshot_time) = earliest.filter(|_| until <= latest) else {
        return refuse(
            "InvalidParameterValue",
            format!(
                "The restore time {until} is outside the restore window of {id}, which ends at {latest}."
            ),
        );
    };
    Ok(Basis {
        like: db.row.clone(),
        lineage: db.lineage.clone(),
        log_seconds: until.as_second().saturating_sub(snapshot_time.as_second()),
    })
}

/// RestoreDBInstanceFromDBSnapshot or RestoreDBInstanceToPointInTime.
pub(super) fn restore(
    state: &mut State,
    here: Here<'_>,
    from: &RestoreSource,
    new_id: &str,
    settings: &DatabaseSettings,
) -> Outcome {
    let well_formed = new_id.len() <= 63
        && new_id.starts_with(|c: char| c.is_ascii_alphabetic())
        && new_id.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        && !new_id.contains("--")
        && !new_id.ends_with('-');
    if !well_formed {
        return refuse(
            "InvalidParameterValue",
            "The parameter DBInstanceIdentifier is not a valid identifier. Identifiers must begin with a letter; must contain only ASCII letters, digits, and hyphens; and must not end with a hyphen or contain two consecutive hyphens.",
        );
    }
    let new_id = new_id.to_lowercase();
    if state.database(here.account, here.region(), &new_id).is_some() {
        return refuse("DBInstanceAlreadyExists", "DB instance already exists");
    }
    let basis = match from {
        RestoreSource::Snapshot(id) => from_snapshot(state, here, id)?,
        RestoreSource::PointInTime { database, at } => from_log(state, here, database, *at)?,
    };
    let Some(pace) = state.paces.get(here.region()) else {
        return refuse("", "the region is not in the scenario");
    };
    if let Some((code, message)) = &pace.restores {
        return refuse(code, message.clone());
    }
    let log = pace.restore_per_log_hour.saturating_mul(basis.log_seconds).div_euclid(3_600);
    let available_at = later(here.now, pace.restore.saturating_add(log));
    let account = state.accounts.get(here.account).map_or("", |a| &a.id).to_owned();
    let usual_port = basis.like.endpoint.as_ref().map_or(5_432, |e| e.port);
    state.created += 1;
    let row = Database {
        key: here.place(Service::Rds).key(Kind::Database, new_id.clone()),
        class: settings.class.clone().unwrap_or(basis.like.class),
        endpoint: Some(endpoint(&new_id, &account, here.region(), settings.port.unwrap_or(usual_port))),
        multi_az: settings.multi_az,
        zone: basis.like.zone.filter(|zone| zone.starts_with(here.region())),
        storage_type: settings.storage_type.clone().or(basis.like.storage_type),
        cluster: None,
        replica_of: None,
        // What is not asked for is dropped to the default, as RDS does.
        subnet_group: Some(settings.subnet_group.clone().unwrap_or_else(|| "default".into())),
        security_groups: if settings.security_groups.is_empty() {
            vec!["sg-default".into()]
        } else {
            settings.security_groups.clone()
        },
        parameter_group: Some(
            settings.parameter_group.clone().unwrap_or_else(|| format!("default.{}", basis.like.engine)),
        ),
        option_group: Some(
            settings.option_group.clone().unwrap_or_else(|| format!("default:{}", basis.like.engine)),
        ),
        publicly_accessible: settings.publicly_accessible,
        deletion_protection: settings.deletion_protection,
        resource_id: Some(format!("db-RESTORED{:08}", state.created)),
        created: Some(here.now),
        ..basis.like
    };
    state.databases.push(Db {
        account: here.account,
        region: here.region().to_owned(),
        row,
        truth: DbTruth::Up,
        claim: None,
        available_at,
        restorable: Restorable::Live,
        lineage: basis.lineage,
    });
    Ok(Done::Accepted)
}
