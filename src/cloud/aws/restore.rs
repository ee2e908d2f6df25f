//! Restoring a database from a snapshot or to a point in time, asking for everything that RDS would otherwise drop.

use super::Options;
use super::fault::call;
use super::session::once;
use crate::incident::fault::Fault;
use crate::incident::request::{CallResult, DatabaseSettings, Done, RestoreSource};
use aws_sdk_rds::Client;
use aws_sdk_rds::config::Builder;
use jiff::Timestamp;

/// RestoreDBInstanceFromDBSnapshot or RestoreDBInstanceToPointInTime. Accepted is not restored: that takes its time.
pub(super) async fn restore(
    client: &Client,
    options: &Options,
    from: &RestoreSource,
    new_id: &str,
    settings: &DatabaseSettings,
) -> CallResult {
    let (retry, timeout) = once(options);
    let mutation = Builder::new().retry_config(retry).timeout_config(timeout);
    let groups = (!settings.security_groups.is_empty()).then(|| settings.security_groups.clone());
    let port = settings.port.map(i32::from);
    match from {
        RestoreSource::Snapshot(snapshot) => {
            if snapshot.starts_with("cluster:") || snapshot.contains(":cluster-snapshot:") {
                return Err(Fault::Unaskable {
                    detail: format!(
                        "{snapshot} is a cluster's snapshot: RestoreDBInstanceFromDBSnapshot takes a DB instance's"
                    ),
                });
            }
            let request = client
                .restore_db_instance_from_db_snapshot()
                .db_instance_identifier(new_id)
                .db_snapshot_identifier(snapshot)
                .set_db_instance_class(settings.class.clone())
                .set_db_subnet_group_name(settings.subnet_group.clone())
                .set_vpc_security_group_ids(groups)
                .set_db_parameter_group_name(settings.parameter_group.clone())
                .set_option_group_name(settings.option_group.clone())
                .multi_az(settings.multi_az)
                .publicly_accessible(settings.publicly_accessible)
                .deletion_protection(settings.deletion_protection)
                .set_storage_type(settings.storage_type.clone())
                .set_port(port)
                .customize()
                .config_override(mutation);
            call("rds:RestoreDBInstanceFromDBSnapshot", request.send()).await?;
        }
        RestoreSource::PointInTime { database, at } => {
            let mut request = client
                .restore_db_instance_to_point_in_time()
                .target_db_instance_identifier(new_id)
                .set_db_instance_class(settings.class.clone())
                .set_db_subnet_group_name(settings.subnet_group.clone())
                .set_vpc_security_group_ids(groups)
                .set_db_parameter_group_name(settings.parameter_group.clone())
                .set_option_group_name(settings.option_group.clone())
                .multi_az(settings.multi_az)
                .publicly_accessible(settings.publicly_accessible)
                .deletion_protection(settings.deletion_protection)
                .set_storage_type(settings.storage_type.clone())
                .set_port(port);
            // A backup replicated from another region is named by its ARN; there is no source instance here.
            request = if database.contains(":auto-backup:") {
                request.source_db_instance_automated_backups_arn(database)
            } else {
                request.source_db_instance_identifier(database)
            };
            request = match at {
                Some(at) => request.restore_time(sdk_time(*at)),
                None => request.use_latest_restorable_time(true),
            };
            let request = request.customize().config_override(mutation);
            call("rds:RestoreDBInstanceToPointInTime", request.send()).await?;
        }
    }
    Ok(Done::Accepted)
}

/// RDS takes whole seconds.
fn sdk_time(at: Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs(at.as_second())
}
