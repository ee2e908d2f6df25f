//! RDS as AWS has it: the last restorable moment lies behind the clock, automated backups say their window, and what is
//! restored may name the default option group.

use jiff::{SignedDuration, Timestamp};

use super::request::Request;
use super::{Reply, Shared};
use crate::support::xml::Element;

impl Shared {
    pub(super) async fn rds(&self, request: &Request) -> Reply {
        if request.action.starts_with("Restore") {
            // Every engine has an option group of its own that begins so; moto knows only those that were made.
            let default =
                |(name, value): &(String, String)| name == "OptionGroupName" && value.starts_with("default:");
            let params = request.params.iter().filter(|pair| !default(pair)).cloned().collect();
            return self.forward(&request.instead("rds", params)).await;
        }
        let reply = self.forward(request).await;
        let wanted = ["DescribeDBInstances", "DescribeDBClusters", "DescribeDBInstanceAutomatedBackups"];
        if reply.status != 200 || !wanted.contains(&request.action.as_str()) {
            return reply;
        }
        let Some(mut document) = reply.document() else {
            return reply;
        };
        let latest = self.state().restorable.unwrap_or_else(|| ago(SignedDuration::from_mins(5)));
        let latest = format!("{latest:.3}");
        document.each_mut("LatestRestorableTime", &mut |time| time.text.clone_from(&latest));
        document.each_mut("DBInstanceAutomatedBackup", &mut |backup| {
            let name = backup.text_of("DBInstanceIdentifier").to_owned();
            let (region, account) = (&request.region, &request.account);
            backup.set("DBInstanceArn", &format!("arn:aws:rds:{region}:{account}:db:{name}"));
            backup.set("Region", region);
            backup.set("BackupRetentionPeriod", "7");
            let earliest = format!("{:.3}", ago(SignedDuration::from_hours(7 * 24)));
            let window =
                vec![Element::leaf("EarliestTime", earliest), Element::leaf("LatestTime", latest.as_str())];
            backup.children.retain(|child| child.name != "RestoreWindow");
            backup.children.push(Element::new("RestoreWindow", window));
        });
        reply.with(&document)
    }
}

fn ago(time: SignedDuration) -> Timestamp {
    Timestamp::now() - time
}
