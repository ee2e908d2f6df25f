//! Databases, clusters and snapshots from a scenario's words.

use super::script::{ClusterTable, DatabaseTable, SnapshotTable};
use super::stage::{Stage, digits, seconds};
use super::state::{Db, DbCluster, DbSnapshot, DbTruth, Restorable, later};
use crate::incident::place::{Kind, Service};
use crate::incident::resource::{Cluster, Database, Endpoint, Snapshot, SnapshotKind};
use jiff::Timestamp;

/// Where a database listens.
pub(super) fn endpoint(id: &str, account_id: &str, region: &str, port: u16) -> Endpoint {
    Endpoint {
        host: format!("{id}.c{}.{region}.rds.amazonaws.com", digits(&format!("{account_id} {region}"), 11)),
        port,
    }
}

/// Days for which RDS keeps automated backups.
const RETENTION_DAYS: std::ops::RangeInclusive<i32> = 0..=35;

impl Stage {
    pub(super) fn database(&mut self, table: &DatabaseTable) -> Result<(), String> {
        let named = |what: String| format!("database {:?}: {what}", table.id);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        let region = &table.region;
        if self.state.database(account, region, &table.id).is_some() {
            return Err(named(format!("{region} has two of that name")));
        }
        let retention = table.backup_retention_days;
        if !RETENTION_DAYS.contains(&retention) {
            return Err(named(format!("backup_retention_days {retention} is not between 0 and 35")));
        }
        let created = later(self.start, -400 * 86_400);
        let row = Database {
            key: self.key(account, region, Service::Rds, Kind::Database, &table.id),
            engine: table.engine.clone(),
            engine_version: table.engine_version.clone(),
            class: table.class.clone(),
            status: "available".into(),
            endpoint: Some(endpoint(&table.id, self.account_id(account), region, table.port)),
            multi_az: table.multi_az,
            zone: table.zone.clone(),
            storage_gib: table.storage_gib,
            storage_type: table.storage_type.clone(),
            encrypted: table.encrypted,
            latest_restorable: None,
            backup_retention_days: retention,
            cluster: table.cluster.clone(),
            replica_of: table.replica_of.clone(),
            subnet_group: table.subnet_group.clone(),
            security_groups: table.security_groups.clone(),
            parameter_group: table.parameter_group.clone(),
            option_group: table.option_group.clone(),
            publicly_accessible: table.publicly_accessible,
            deletion_protection: table.deletion_protection,
            resource_id: Some(format!("db-{}", digits(&format!("{region} {}", table.id), 26).to_uppercase())),
            created: Some(created),
        };
        if let Some(at) = &table.backup_at {
            self.daily_snapshots(account, table, at).map_err(named)?;
        }
        self.state.databases.push(Db {
            account,
            region: region.clone(),
            row,
            truth: DbTruth::Up,
            claim: None,
            available_at: created,
            restorable: Restorable::Live,
            lineage: table.id.clone(),
        });
        Ok(())
    }

    /// The automated snapshots of the days before the scenario starts.
    pub(super) fn daily_snapshots(
        &mut self,
        account: usize,
        table: &DatabaseTable,
        at: &str,
    ) -> Result<(), String> {
        let wrong = || format!("backup_at {at:?} is no time of day; write it like 07:00");
        let (hour, minute) = at.split_once(':').ok_or_else(wrong)?;
        let (hour, minute): (i64, i64) =
            (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
            return Err(wrong());
        }
        let midnight = self.start.as_second() - self.start.as_second().rem_euclid(86_400);
        let today = midnight + hour * 3_600 + minute * 60;
        let newest = if today < self.start.as_second() { today } else { today - 86_400 };
        for day in 0..i64::from(table.backup_retention_days) {
            let Ok(taken) = Timestamp::from_second(newest - day * 86_400) else {
                continue;
            };
            let name = format!("rds:{}-{}", table.id, taken.strftime("%Y-%m-%d-%H-%M"));
            self.push_snapshot(
                account,
                &table.region,
                Snapshot {
                    key: self.key(account, &table.region, Service::Rds, Kind::Snapshot, &name),
                    name,
                    source: table.id.clone(),
                    of_cluster: false,
                    snapshot_kind: SnapshotKind::Automated,
                    status: "available".into(),
                    progress: Some(100),
                    created: Some(taken),
                    data_as_of: Some(taken),
                    engine: table.engine.clone(),
                    size_gib: table.storage_gib,
                    encrypted: table.encrypted,
                    source_region: None,
                    arn: None,
                },
            );
        }
        Ok(())
    }

    pub(super) fn push_snapshot(&mut self, account: usize, region: &str, mut row: Snapshot) {
        let word = if row.of_cluster { "cluster-snapshot" } else { "snapshot" };
        row.arn = Some(format!("arn:aws:rds:{region}:{}:{word}:{}", self.account_id(account), row.name));
        self.state.snapshots.push(DbSnapshot { account, region: region.to_owned(), row });
    }

    pub(super) fn cluster(&mut self, table: &ClusterTable) -> Result<(), String> {
        let named = |what: String| format!("cluster {:?}: {what}", table.id);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        for member in &table.members {
            if self.state.database(account, &table.region, member).is_none() {
                return Err(named(format!("there is no database {member:?}")));
            }
        }
        let row = Cluster {
            key: self.key(account, &table.region, Service::Rds, Kind::Cluster, &table.id),
            engine: table.engine.clone(),
            engine_version: table.engine_version.clone(),
            status: "available".into(),
            endpoint: Some(endpoint(
                &format!("{}.cluster", table.id),
                self.account_id(account),
                &table.region,
                table.port,
            )),
            earliest_restorable: Some(later(self.start, -7 * 86_400)),
            latest_restorable: None,
            members: table.members.clone(),
            subnet_group: table.subnet_group.clone(),
            security_groups: table.security_groups.clone(),
        };
        self.state.clusters.push(DbCluster { account, region: table.region.clone(), row });
        Ok(())
    }

    pub(super) fn snapshot(&mut self, table: &SnapshotTable) -> Result<(), String> {
        let named = |what: String| format!("snapshot {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        let created = later(self.start, seconds(&table.created).map_err(named)?);
        let data_as_of = match &table.data_as_of {
            Some(text) => later(self.start, seconds(text).map_err(named)?),
            None => created,
        };
        let id = if table.of_cluster { format!("cluster:{}", table.name) } else { table.name.clone() };
        let row = Snapshot {
            key: self.key(account, &table.region, Service::Rds, Kind::Snapshot, &id),
            name: table.name.clone(),
            source: table.source.clone(),
            of_cluster: table.of_cluster,
            snapshot_kind: SnapshotKind::from(table.kind.clone()),
            status: table.status.clone(),
            progress: table.progress.or((table.status == "available").then_some(100)),
            created: Some(created),
            data_as_of: Some(data_as_of),
            engine: table.engine.clone(),
            size_gib: table.size_gib,
            encrypted: table.encrypted,
            source_region: table.source_region.clone(),
            arn: None,
        };
        self.push_snapshot(account, &table.region, row);
        Ok(())
    }
}
