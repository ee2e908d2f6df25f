//! RDS: DB instances, clusters, snapshots and automated backups. Restoring is `restore`'s.
//!
//! Snapshots are those of our own account (automated, manual, made public or not), those shared with it, and AWS
//! Backup's. Public snapshots of strangers are left out: there are thousands, and none is ours to restore.

use super::fault::{call, is_not_found};
use super::page::walk;
use super::{Out, first_fault, text, time};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Place};
use crate::incident::request::{Answer, QueryResult};
use crate::incident::resource::{
    AutomatedBackup, Cluster, Database, Endpoint, Resource, Snapshot, SnapshotKind,
};
use aws_sdk_rds::Client;
use aws_sdk_rds::types::{DbCluster, DbClusterSnapshot, DbInstance, DbInstanceAutomatedBackup, DbSnapshot};

/// Rows a page: the most RDS gives.
const PAGE: i32 = 100;

/// Every kind of row, side by side: one call that is denied or unknown here does not blank the others.
pub(super) async fn sweep(client: &Client, out: &Out<'_>) -> Result<(), Fault> {
    let place = out.place;
    let databases = walk(
        "rds:DescribeDBInstances",
        |marker| {
            let request = client.describe_db_instances().max_records(PAGE).set_marker(marker);
            call("rds:DescribeDBInstances", request.send())
        },
        |page| {
            let rows = page.db_instances().iter();
            out.send(rows.filter_map(|db| Some(Resource::Database(database_row(place, db)?))).collect());
            page.marker
        },
    );
    let clusters = walk(
        "rds:DescribeDBClusters",
        |marker| {
            let request = client.describe_db_clusters().max_records(PAGE).set_marker(marker);
            call("rds:DescribeDBClusters", request.send())
        },
        |page| {
            let rows = page.db_clusters().iter();
            out.send(rows.filter_map(|c| Some(Resource::Cluster(cluster_row(place, c)?))).collect());
            page.marker
        },
    );
    let backups = walk(
        "rds:DescribeDBInstanceAutomatedBackups",
        |marker| {
            let request =
                client.describe_db_instance_automated_backups().max_records(PAGE).set_marker(marker);
            call("rds:DescribeDBInstanceAutomatedBackups", request.send())
        },
        |page| {
            let rows = page.db_instance_automated_backups().iter();
            out.send(rows.filter_map(|b| Some(Resource::AutomatedBackup(backup_row(place, b)?))).collect());
            page.marker
        },
    );
    let (databases, clusters, backups, own, aws_backup, cluster_own, cluster_aws_backup) = tokio::join!(
        databases,
        clusters,
        backups,
        snapshots(client, out, None),
        snapshots(client, out, Some("awsbackup")),
        cluster_snapshots(client, out, None),
        cluster_snapshots(client, out, Some("awsbackup")),
    );
    first_fault([databases, clusters, own, aws_backup, cluster_own, cluster_aws_backup, backups])
}

/// Snapshots of one type; of none in particular: automated, manual and shared.
async fn snapshots(client: &Client, out: &Out<'_>, kind: Option<&str>) -> Result<(), Fault> {
    walk(
        "rds:DescribeDBSnapshots",
        |marker| {
            let request = client
                .describe_db_snapshots()
                .set_snapshot_type(kind.map(str::to_owned))
                .set_include_shared(kind.is_none().then_some(true))
                .max_records(PAGE)
                .set_marker(marker);
            call("rds:DescribeDBSnapshots", request.send())
        },
        |page| {
            let rows = page.db_snapshots().iter();
            out.send(rows.filter_map(|s| Some(Resource::Snapshot(snapshot_row(out.place, s)?))).collect());
            page.marker
        },
    )
    .await
}

async fn cluster_snapshots(client: &Client, out: &Out<'_>, kind: Option<&str>) -> Result<(), Fault> {
    walk(
        "rds:DescribeDBClusterSnapshots",
        |marker| {
            let request = client
                .describe_db_cluster_snapshots()
                .set_snapshot_type(kind.map(str::to_owned))
                .set_include_shared(kind.is_none().then_some(true))
                .max_records(PAGE)
                .set_marker(marker);
            call("rds:DescribeDBClusterSnapshots", request.send())
        },
        |page| {
            let rows = page.db_cluster_snapshots().iter();
            out.send(
                rows.filter_map(|s| Some(Resource::Snapshot(cluster_snapshot_row(out.place, s)?))).collect(),
            );
            page.marker
        },
    )
    .await
}

/// One DB instance; `None` if there is none of that identifier.
pub(super) async fn database(client: &Client, place: &Place, id: &str) -> QueryResult {
    let request = client.describe_db_instances().db_instance_identifier(id);
    let found = match call("rds:DescribeDBInstances", request.send()).await {
        Ok(answer) => answer.db_instances().iter().find_map(|db| database_row(place, db)),
        Err(fault) if is_not_found(&fault) => None,
        Err(fault) => return Err(fault),
    };
    Ok(Answer::Database(found.map(Box::new)))
}

/// One snapshot, of a DB instance or (with `cluster:` before the name, as in its key) of a cluster.
pub(super) async fn snapshot(client: &Client, place: &Place, id: &str) -> QueryResult {
    // A snapshot that another account shares is named by its ARN, and only looked for when told to.
    let shared = |id: &str| id.starts_with("arn:").then_some(true);
    let found = if let Some(id) = id.strip_prefix("cluster:") {
        let request = client
            .describe_db_cluster_snapshots()
            .db_cluster_snapshot_identifier(id)
            .set_include_shared(shared(id));
        call("rds:DescribeDBClusterSnapshots", request.send()).await.map(|answer| {
            let mut rows = answer.db_cluster_snapshots().iter();
            rows.find_map(|s| cluster_snapshot_row(place, s))
        })
    } else {
        let request =
            client.describe_db_snapshots().db_snapshot_identifier(id).set_include_shared(shared(id));
        call("rds:DescribeDBSnapshots", request.send()).await.map(|answer| {
            let mut rows = answer.db_snapshots().iter();
            rows.find_map(|s| snapshot_row(place, s))
        })
    };
    match found {
        Ok(found) => Ok(Answer::Snapshot(found.map(Box::new))),
        Err(fault) if is_not_found(&fault) => Ok(Answer::Snapshot(None)),
        Err(fault) => Err(fault),
    }
}

fn endpoint(host: Option<&str>, port: Option<i32>) -> Option<Endpoint> {
    Some(Endpoint { host: text(host)?, port: port.and_then(|port| u16::try_from(port).ok())? })
}

fn groups(memberships: &[aws_sdk_rds::types::VpcSecurityGroupMembership]) -> Vec<String> {
    memberships.iter().filter_map(|group| text(group.vpc_security_group_id())).collect()
}

fn database_row(place: &Place, db: &DbInstance) -> Option<Database> {
    let id = db.db_instance_identifier()?;
    Some(Database {
        key: place.key(Kind::Database, id),
        engine: db.engine().unwrap_or_default().to_owned(),
        engine_version: db.engine_version().unwrap_or_default().to_owned(),
        class: db.db_instance_class().unwrap_or_default().to_owned(),
        status: db.db_instance_status().unwrap_or_default().to_owned(),
        endpoint: db.endpoint().and_then(|e| endpoint(e.address(), e.port())),
        multi_az: db.multi_az().unwrap_or(false),
        zone: text(db.availability_zone()),
        storage_gib: db.allocated_storage().unwrap_or(0),
        storage_type: text(db.storage_type()),
        encrypted: db.storage_encrypted().unwrap_or(false),
        latest_restorable: time(db.latest_restorable_time()),
        backup_retention_days: db.backup_retention_period().unwrap_or(0),
        cluster: text(db.db_cluster_identifier()),
        replica_of: text(db.read_replica_source_db_instance_identifier())
            .or_else(|| text(db.read_replica_source_db_cluster_identifier())),
        subnet_group: text(db.db_subnet_group().and_then(|g| g.db_subnet_group_name())),
        security_groups: groups(db.vpc_security_groups()),
        parameter_group: db.db_parameter_groups().iter().find_map(|g| text(g.db_parameter_group_name())),
        option_group: db.option_group_memberships().iter().find_map(|g| text(g.option_group_name())),
        publicly_accessible: db.publicly_accessible().unwrap_or(false),
        deletion_protection: db.deletion_protection().unwrap_or(false),
        resource_id: text(db.dbi_resource_id()),
        created: time(db.instance_create_time()),
    })
}

fn cluster_row(place: &Place, cluster: &DbCluster) -> Option<Cluster> {
    let id = cluster.db_cluster_identifier()?;
    let mut members: Vec<_> = cluster.db_cluster_members().iter().collect();
    members.sort_by_key(|member| !member.is_cluster_writer().unwrap_or(false));
    Some(Cluster {
        key: place.key(Kind::Cluster, id),
        engine: cluster.engine().unwrap_or_default().to_owned(),
        engine_version: cluster.engine_version().unwrap_or_default().to_owned(),
        status: cluster.status().unwrap_or_default().to_owned(),
        endpoint: endpoint(cluster.endpoint(), cluster.port()),
        earliest_restorable: time(cluster.earliest_restorable_time()),
        latest_restorable: time(cluster.latest_restorable_time()),
        members: members.into_iter().filter_map(|member| text(member.db_instance_identifier())).collect(),
        subnet_group: text(cluster.db_subnet_group()),
        security_groups: groups(cluster.vpc_security_groups()),
    })
}

fn snapshot_row(place: &Place, snapshot: &DbSnapshot) -> Option<Snapshot> {
    let id = snapshot.db_snapshot_identifier()?;
    let created = time(snapshot.snapshot_create_time());
    Some(Snapshot {
        key: place.key(Kind::Snapshot, id),
        name: id.to_owned(),
        source: snapshot.db_instance_identifier().unwrap_or_default().to_owned(),
        of_cluster: false,
        snapshot_kind: SnapshotKind::from(snapshot.snapshot_type().unwrap_or_default().to_owned()),
        status: snapshot.status().unwrap_or_default().to_owned(),
        progress: snapshot.percent_progress(),
        created,
        data_as_of: time(snapshot.snapshot_database_time())
            .or_else(|| time(snapshot.original_snapshot_create_time()))
            .or(created),
        engine: snapshot.engine().unwrap_or_default().to_owned(),
        size_gib: snapshot.allocated_storage().unwrap_or(0),
        encrypted: snapshot.encrypted().unwrap_or(false),
        source_region: text(snapshot.source_region()),
        arn: text(snapshot.db_snapshot_arn()),
    })
}

fn cluster_snapshot_row(place: &Place, snapshot: &DbClusterSnapshot) -> Option<Snapshot> {
    let id = snapshot.db_cluster_snapshot_identifier()?;
    let created = time(snapshot.snapshot_create_time());
    Some(Snapshot {
        key: place.key(Kind::Snapshot, format!("cluster:{id}")),
        name: id.to_owned(),
        source: snapshot.db_cluster_identifier().unwrap_or_default().to_owned(),
        of_cluster: true,
        snapshot_kind: SnapshotKind::from(snapshot.snapshot_type().unwrap_or_default().to_owned()),
        status: snapshot.status().unwrap_or_default().to_owned(),
        progress: snapshot.percent_progress(),
        created,
        data_as_of: created,
        engine: snapshot.engine().unwrap_or_default().to_owned(),
        size_gib: snapshot.allocated_storage().unwrap_or(0),
        encrypted: snapshot.storage_encrypted().unwrap_or(false),
        // arn:aws:rds:REGION:…; a copy within a region names its own.
        source_region: snapshot
            .source_db_cluster_snapshot_arn()
            .and_then(|arn| text(arn.split(':').nth(3)))
            .filter(|region| *region != place.scope.region.0),
        arn: text(snapshot.db_cluster_snapshot_arn()),
    })
}

fn backup_row(place: &Place, backup: &DbInstanceAutomatedBackup) -> Option<AutomatedBackup> {
    let arn = text(backup.db_instance_automated_backups_arn());
    let id = arn
        .clone()
        .or_else(|| text(backup.dbi_resource_id()))
        .or_else(|| text(backup.db_instance_identifier()))?;
    let window = backup.restore_window();
    Some(AutomatedBackup {
        key: place.key(Kind::AutomatedBackup, id),
        source: backup.db_instance_identifier().unwrap_or_default().to_owned(),
        status: backup.status().unwrap_or_default().to_owned(),
        earliest: time(window.and_then(|w| w.earliest_time())),
        latest: time(window.and_then(|w| w.latest_time())),
        source_region: text(backup.region()).filter(|region| *region != place.scope.region.0),
        arn,
        engine: backup.engine().unwrap_or_default().to_owned(),
    })
}
