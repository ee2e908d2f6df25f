//! Instances asked for by id, as in the disruption of an availability zone.

use super::server::{Received, Reply, Server, ec2_error, ok};
use super::{Timeouts, aws, aws_with, hasty, ids, sweep_ids};
use crate::incident::place::Service;
use crate::incident::resource::Resource;
use std::time::Duration;

/// The ids that a request names.
fn named(request: &Received) -> Vec<String> {
    (1..).map_while(|n| request.value(&format!("InstanceId.{n}"))).map(str::to_owned).collect()
}

/// As EC2 answers for exactly what is named.
fn answered(request: &Received) -> Reply {
    let each = |text: fn(&str) -> String| named(request).iter().map(|id| text(id)).collect::<String>();
    match request.action() {
        "DescribeInstances" => ok(format!(
            "<DescribeInstancesResponse><reservationSet><item><instancesSet>{}</instancesSet></item>\
             </reservationSet></DescribeInstancesResponse>",
            each(|id| format!(
                "<item><instanceId>{id}</instanceId><instanceState><name>running</name></instanceState>\
                 <placement><availabilityZone>us-east-1a</availabilityZone></placement></item>"
            ))
        )),
        "DescribeInstanceStatus" => ok(format!(
            "<DescribeInstanceStatusResponse><instanceStatusSet>{}</instanceStatusSet>\
             </DescribeInstanceStatusResponse>",
            each(|id| format!(
                "<item><instanceId>{id}</instanceId><systemStatus><status>impaired</status></systemStatus></item>"
            ))
        )),
        other => panic!("{other}"),
    }
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("i-{n:03}")).collect()
}

#[tokio::test]
async fn instances_are_asked_for_by_a_hundred_ids_with_their_status_checks_and_come_as_they_arrive() {
    let server = Server::start(answered).await;
    // However busy this machine is, the status checks are waited for.
    let times = Timeouts { grace: Duration::from_secs(30), ..Timeouts::default() };
    let (pages, end) = sweep_ids(&aws_with(&server, times), Service::Ec2, many(250)).await;
    end.unwrap();
    assert_eq!(pages.iter().map(Vec::len).collect::<Vec<_>>(), [100, 100, 50]);
    assert_eq!(ids(&pages).len(), 250);
    for call in server.of("DescribeInstances").iter().chain(&server.of("DescribeInstanceStatus")) {
        assert!((1..=100).contains(&named(call).len()), "{}", call.body);
        assert_eq!(call.value("MaxResults"), None, "EC2 refuses it together with ids");
    }
    let Resource::Instance(row) = &pages[2][0] else { panic!("{pages:?}") };
    assert_eq!(row.system_status.as_deref(), Some("impaired"));
}

#[tokio::test]
async fn a_zone_that_fails_is_asked_once() {
    let server = Server::start(|_| ec2_error(503, "Unavailable", "x")).await;
    let (pages, end) = sweep_ids(&aws(&server), Service::Ec2, many(150)).await;
    assert!(pages.is_empty());
    assert_eq!(end.unwrap_err().word(), "5xx");
    assert_eq!(server.of("DescribeInstances").len(), 1, "no second try, and no second hundred");
}

#[tokio::test]
async fn status_checks_that_cannot_be_had_cost_no_row() {
    let server = Server::start(|request| match request.action() {
        "DescribeInstanceStatus" => ec2_error(503, "Unavailable", "x"),
        _ => answered(request),
    })
    .await;
    let (pages, end) = sweep_ids(&aws(&server), Service::Ec2, many(2)).await;
    end.unwrap();
    assert_eq!(ids(&pages), ["instance/i-000", "instance/i-001"]);
}

#[tokio::test]
async fn an_id_that_is_gone_does_not_hide_the_others() {
    let server = Server::start(|request| {
        if named(request).iter().any(|id| id == "i-001") {
            ec2_error(400, "InvalidInstanceID.NotFound", "The instance ID 'i-001' does not exist")
        } else {
            answered(request)
        }
    })
    .await;
    let (pages, end) = sweep_ids(&aws(&server), Service::Ec2, many(3)).await;
    end.unwrap();
    assert_eq!(ids(&pages), ["instance/i-000", "instance/i-002"]);
}

#[tokio::test]
async fn a_zone_that_hangs_is_given_up() {
    let server = Server::start(|_| Reply::Hang).await;
    let (_, end) = sweep_ids(&hasty(&server), Service::Ec2, many(500)).await;
    assert_eq!(end.unwrap_err().word(), "timeout");
}
