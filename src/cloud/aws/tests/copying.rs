//! What is read for a copy: the launch spec of an instance, and the targets of application balancers.

use super::server::{Server, ec2_error, ok};
use super::{aws, ids, scope, sweep};
use crate::incident::place::{Profile, Service};
use crate::incident::request::{Answer, Query};
use crate::incident::resource::{BalancerKind, Resource};

const EC2: &str = "xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"";

fn instance(owner: &str) -> String {
    format!(
        "<DescribeInstancesResponse {EC2}><reservationSet><item><instancesSet><item><instanceId>i-1</instanceId>\
         <imageId>ami-1</imageId><instanceType>m5.large</instanceType><subnetId>subnet-1</subnetId>\
         <placement><availabilityZone>us-east-1a</availabilityZone><tenancy>default</tenancy></placement>\
         <ipAddress>198.51.100.7</ipAddress><rootDeviceName>/dev/sda1</rootDeviceName>\
         <monitoring><state>enabled</state></monitoring><ebsOptimized>true</ebsOptimized>\
         <iamInstanceProfile><arn>arn:aws:iam::1:instance-profile/web</arn></iamInstanceProfile>\
         <groupSet><item><groupId>sg-1</groupId></item></groupSet>\
         <blockDeviceMapping><item><deviceName>/dev/sda1</deviceName><ebs><volumeId>vol-1</volumeId>\
         <deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping>\
         <networkInterfaceSet><item><association><publicIp>198.51.100.7</publicIp><ipOwnerId>{owner}</ipOwnerId>\
         </association></item></networkInterfaceSet>\
         <tagSet><item><key>Name</key><value>web</value></item>\
         <item><key>aws:autoscaling:groupName</key><value>asg</value></item></tagSet>\
         </item></instancesSet></item></reservationSet></DescribeInstancesResponse>"
    )
}

async fn ec2(owner: &'static str) -> Server {
    Server::start(move |request| match request.action() {
        "DescribeInstances" => ok(instance(owner)),
        "DescribeVolumes" => ok(format!(
            "<DescribeVolumesResponse {EC2}><volumeSet><item><volumeId>vol-1</volumeId><size>40</size>\
             <volumeType>gp2</volumeType><iops>120</iops><encrypted>false</encrypted></item></volumeSet></DescribeVolumesResponse>"
        )),
        "DescribeAddresses" => ok(format!(
            "<DescribeAddressesResponse {EC2}><addressesSet><item><publicIp>198.51.100.7</publicIp>\
             <allocationId>eipalloc-1</allocationId></item></addressesSet></DescribeAddressesResponse>"
        )),
        _ => {
            let what = match request.value("Attribute") {
                Some("userData") => "<userData><value>IyEvYmluL3No</value></userData>",
                Some("sourceDestCheck") => "<sourceDestCheck><value>false</value></sourceDestCheck>",
                _ => "<disableApiTermination><value>true</value></disableApiTermination>",
            };
            ok(format!("<DescribeInstanceAttributeResponse {EC2}>{what}</DescribeInstanceAttributeResponse>"))
        }
    })
    .await
}

fn query() -> Query {
    Query::LaunchSpec { scope: scope("us-east-1"), instance: "i-1".into() }
}

#[tokio::test]
async fn a_launch_spec_holds_all_that_made_the_instance() {
    let server = ec2("amazon").await;
    let answer = aws(&server).ask(Profile::ambient(), query()).await.unwrap();
    let Answer::LaunchSpec(Some(found)) = answer else { panic!("{answer:?}") };
    let (instance, spec) = *found;
    assert_eq!(instance.auto_scaling_group.as_deref(), Some("asg"));
    assert_eq!(spec.user_data.unwrap().reveal(), Some("IyEvYmluL3No"));
    assert!(!spec.source_dest_check && spec.termination_protection);
    assert!(spec.monitoring && spec.ebs_optimized && spec.public_address);
    assert_eq!(spec.elastic_ip, None);
    assert_eq!(spec.tags.keys().collect::<Vec<_>>(), ["Name"]);
    let volume = &spec.block_devices[0];
    assert!(volume.root && volume.delete_on_termination);
    assert_eq!((volume.size_gib, volume.iops), (Some(40), None), "gp2 takes no IOPS");
    assert!(server.of("DescribeAddresses").is_empty());
}

#[tokio::test]
async fn an_address_that_is_not_amazons_is_looked_up_as_an_elastic_ip() {
    let server = ec2("123456789012").await;
    let answer = aws(&server).ask(Profile::ambient(), query()).await.unwrap();
    let Answer::LaunchSpec(Some(found)) = answer else { panic!("{answer:?}") };
    assert_eq!(found.1.elastic_ip.as_deref(), Some("eipalloc-1"));
    assert!(!found.1.public_address);
}

#[tokio::test]
async fn no_instance_has_no_spec() {
    let server = Server::start(|_| ec2_error(400, "InvalidInstanceID.NotFound", "i-1")).await;
    let answer = aws(&server).ask(Profile::ambient(), query()).await.unwrap();
    assert_eq!(answer, Answer::LaunchSpec(None));
}

#[tokio::test]
async fn targets_are_keyed_by_group_and_port_and_know_their_balancer() {
    const V2: &str = "xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"";
    const LB: &str = "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/net/edge/50dc";
    let server = Server::start(|request| {
        ok(match request.action() {
            "DescribeLoadBalancers" => format!(
                "<DescribeLoadBalancersResponse {V2}><DescribeLoadBalancersResult><LoadBalancers><member>\
                 <LoadBalancerArn>{LB}</LoadBalancerArn><LoadBalancerName>edge</LoadBalancerName><Type>network</Type>\
                 <State><Code>active_impaired</Code></State></member></LoadBalancers></DescribeLoadBalancersResult>\
                 </DescribeLoadBalancersResponse>"
            ),
            "DescribeTargetGroups" => format!(
                "<DescribeTargetGroupsResponse {V2}><DescribeTargetGroupsResult><TargetGroups><member>\
                 <TargetGroupArn>arn:tg/web/1</TargetGroupArn><TargetGroupName>web</TargetGroupName><Port>80</Port>\
                 <LoadBalancerArns><member>{LB}</member></LoadBalancerArns></member></TargetGroups>\
                 </DescribeTargetGroupsResult></DescribeTargetGroupsResponse>"
            ),
            _ => format!(
                "<DescribeTargetHealthResponse {V2}><DescribeTargetHealthResult><TargetHealthDescriptions><member>\
                 <Target><Id>i-1</Id><Port>8080</Port></Target><TargetHealth><State>unhealthy</State>\
                 <Reason>Target.Timeout</Reason></TargetHealth></member></TargetHealthDescriptions>\
                 </DescribeTargetHealthResult></DescribeTargetHealthResponse>"
            ),
        })
    })
    .await;
    let (pages, end) = sweep(&aws(&server), Service::ElbV2).await;
    end.unwrap();
    assert_eq!(
        ids(&pages),
        [
            format!("balancer/{LB}"),
            "registration/arn:tg/web/1>i-1:8080".into(),
            "target-group/arn:tg/web/1".into()
        ]
    );
    for row in pages.iter().flatten() {
        match row {
            Resource::Balancer(row) => {
                assert_eq!(row.balancer_kind, BalancerKind::Network);
                assert_eq!(row.state.as_deref(), Some("active_impaired"));
                assert_eq!(row.canonical_zone_id.as_deref(), Some("Z26RNL4JYFTOTI"));
            }
            Resource::Registration(row) => {
                assert_eq!((row.balancer.as_str(), row.balancer_kind), ("edge", Some(BalancerKind::Network)));
                assert_eq!(
                    (row.state.as_str(), row.reason.as_deref()),
                    ("unhealthy", Some("Target.Timeout"))
                );
            }
            _ => {}
        }
    }
}
