//! What is left out of a page before the SDK reads it is missed by no row.

use super::server::{Server, ok};
use super::{aws, sweep};
use crate::incident::place::Service;
use crate::incident::resource::Resource;

/// An instance with all that EC2 says of one.
fn item(number: usize, groups: &str) -> String {
    format!(
        "<item><reservationId>r-{number}</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item>
        <instanceId>i-{number}</instanceId><imageId>ami-1</imageId>
        <instanceState><code>64</code><name>stopping</name></instanceState>
        <privateDnsName>ip-10-0-0-{number}.ec2.internal</privateDnsName><reason>User initiated</reason>
        <keyName>ops</keyName><productCodes/><instanceType>m5.large</instanceType>
        <launchTime>2026-10-01T09:30:00.000Z</launchTime>
        <placement><availabilityZone>us-east-1a</availabilityZone><groupName/><groupId>pg-1</groupId></placement>
        <monitoring><state>disabled</state></monitoring><subnetId>subnet-1</subnetId><vpcId>vpc-1</vpcId>
        <privateIpAddress>10.0.0.{number}</privateIpAddress><ipAddress>203.0.113.{number}</ipAddress>
        <stateReason><code>Client.UserInitiatedShutdown</code><message>User initiated shutdown</message></stateReason>
        {groups}
        <blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-1</volumeId>
        <status>attached</status></ebs></item></blockDeviceMapping><clientToken>token-{number}</clientToken>
        <tagSet><item><key>Name</key><value>web-{number} &lt;blockDeviceMapping&gt;</value></item>
        <item><key>aws:autoscaling:groupName</key><value>web</value></item></tagSet>
        <networkInterfaceSet><item><networkInterfaceId>eni-1</networkInterfaceId><subnetId>subnet-9</subnetId>
        <privateIpAddress>10.9.9.9</privateIpAddress>
        <groupSet><item><groupId>sg-9</groupId><groupName>nine</groupName></item></groupSet></item></networkInterfaceSet>
        <cpuOptions><coreCount>1</coreCount></cpuOptions>
        <metadataOptions><state>applied</state></metadataOptions></item></instancesSet></item>"
    )
}

#[tokio::test]
async fn rows_are_the_same_whether_all_of_a_page_is_read_or_only_what_rows_are_made_of() {
    let own = "<groupSet><item><groupId>sg-1</groupId><groupName>one</groupName></item></groupSet>";
    let page = format!("{}{}{}", item(1, own), item(2, "<groupSet/>"), item(3, ""));
    let status = |number: usize| {
        format!(
            "<item><instanceId>i-{number}</instanceId>
            <systemStatus><status>impaired</status><details><item><name>reachability</name><status>failed</status>
            </item></details></systemStatus>
            <instanceStatus><status>ok</status><details><item><status>passed</status></item></details></instanceStatus></item>"
        )
    };
    let statuses: String = (1..=3).map(status).collect();
    let mut seen = Vec::new();
    // A comment is nothing that AWS writes: such a page is read as it is.
    for comment in ["", "<!-- all of it -->"] {
        let (page, statuses) = (page.clone(), statuses.clone());
        let server = Server::start(move |request| {
            let (name, list, rows) = match request.action() {
                "DescribeInstances" => ("DescribeInstancesResponse", "reservationSet", &page),
                _ => ("DescribeInstanceStatusResponse", "instanceStatusSet", &statuses),
            };
            ok(format!("<{name} xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">{comment}<{list}>{rows}</{list}></{name}>"))
        })
        .await;
        let (pages, end) = sweep(&aws(&server), Service::Ec2).await;
        end.unwrap();
        seen.push(pages.concat());
    }
    assert_eq!(seen[0], seen[1]);
    let rows: Vec<_> = seen[0]
        .iter()
        .map(|row| match row {
            Resource::Instance(row) => {
                (row.security_groups.join(" "), row.system_status.clone(), row.name.clone())
            }
            row => panic!("{row:?}"),
        })
        .collect();
    let expected = |number: usize, group: &str| {
        (group.to_owned(), Some("impaired".to_owned()), format!("web-{number} <blockDeviceMapping>"))
    };
    assert_eq!(rows, [expected(1, "sg-1"), expected(2, "sg-9"), expected(3, "sg-9")]);
}
