//! What is sent when something is changed: exactly what the plan showed, once.

use super::server::{Reply, Server, ec2_error, error, ok};
use super::{aws, hasty, scope};
use crate::incident::fault::{Fault, Performed};
use crate::incident::place::{Kind, Profile, Service};
use crate::incident::request::{
    BalancerRef, Call, DatabaseSettings, Done, InstanceRef, RecordChange, RestoreSource, TargetRef,
};
use crate::incident::resource::{AliasTarget, BlockDevice, LaunchSpec, MetadataOptions, RecordSet};
use crate::incident::secret::Secret;
use std::sync::atomic::{AtomicUsize, Ordering};

fn record(alias: bool) -> RecordSet {
    RecordSet {
        key: scope("global").place(Service::Route53).key(Kind::RecordSet, "Z1>fitocracy.com.>A"),
        zone_id: "Z1".into(),
        name: "fitocracy.com.".into(),
        record_type: "A".into(),
        ttl: Some(60),
        values: if alias { vec![] } else { vec!["203.0.113.10".into()] },
        alias: alias.then(|| AliasTarget {
            dns_name: "web-1.us-east-1.elb.amazonaws.com.".into(),
            zone_id: "Z35SXDOTRQ7X7K".into(),
            evaluate_target_health: false,
        }),
        set_identifier: None,
        routing: None,
        traffic_policy: false,
        health_check: None,
    }
}

fn change(changes: Vec<RecordChange>) -> Call {
    Call::ChangeRecords {
        scope: scope("global"),
        zone_id: "Z1".into(),
        changes,
        comment: "bs/1/2/abcdef".into(),
    }
}

#[tokio::test]
async fn a_batch_deletes_exactly_and_creates_and_never_upserts() {
    let server = Server::start(|_| {
        ok("<ChangeResourceRecordSetsResponse xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><ChangeInfo>\
            <Id>/change/C1</Id><Status>PENDING</Status><SubmittedAt>2012-06-29T23:05:00Z</SubmittedAt></ChangeInfo>\
            </ChangeResourceRecordSetsResponse>")
    })
    .await;
    let batch = vec![RecordChange::Delete(record(true)), RecordChange::Create(record(false))];
    let done = aws(&server).perform(Profile::ambient(), change(batch)).await.unwrap();
    assert_eq!(done, Done::ChangeSubmitted { change_id: "C1".into() });
    let sent = &server.received()[0];
    let body = &sent.body;
    assert!(sent.path().contains("/hostedzone/Z1/rrset"), "{}", sent.path());
    let (delete, create) = body.split_once("<Action>CREATE</Action>").unwrap();
    assert!(
        delete.contains("<Action>DELETE</Action>") && delete.contains("<Comment>bs/1/2/abcdef</Comment>")
    );
    assert!(delete.contains("<DNSName>web-1.us-east-1.elb.amazonaws.com.</DNSName>"));
    assert!(!delete.contains("<TTL>"), "an alias is sent without a TTL: {delete}");
    assert!(create.contains("<TTL>60</TTL>") && create.contains("<Value>203.0.113.10</Value>"));
    assert!(!body.contains("UPSERT"));
}

#[tokio::test]
async fn a_batch_is_sent_once_whatever_comes_back() {
    for (answer, performed) in [
        ((|| error(400, "InvalidChangeBatch", "values do not match")) as fn() -> Reply, Performed::No),
        (|| error(400, "PriorRequestNotComplete", "busy"), Performed::No),
        (|| error(500, "InternalFailure", "x"), Performed::Unknown),
        (|| Reply::Close, Performed::Unknown),
    ] {
        let server = Server::start(move |_| answer()).await;
        let call = change(vec![RecordChange::Create(record(false))]);
        let fault = aws(&server).perform(Profile::ambient(), call).await.unwrap_err();
        assert_eq!(fault.performed(), performed, "{fault:?}");
        assert_eq!(server.received().len(), 1);
    }
}

#[tokio::test]
async fn a_record_that_cannot_be_repeated_exactly_is_not_sent() {
    let server = Server::start(|_| ok("")).await;
    let weighted = RecordSet { routing: Some("weighted".into()), ..record(false) };
    let call = change(vec![RecordChange::Delete(weighted)]);
    let fault = aws(&server).perform(Profile::ambient(), call).await.unwrap_err();
    assert_eq!(fault.word(), "unaskable");
    assert!(server.received().is_empty());
}

fn spec() -> LaunchSpec {
    LaunchSpec {
        image: "ami-1".into(),
        instance_type: "m5.large".into(),
        zone: "us-east-1a".into(),
        subnet: Some("subnet-1".into()),
        security_groups: vec!["sg-1".into()],
        key_name: Some("ops".into()),
        instance_profile: Some("arn:aws:iam::123456789012:instance-profile/web".into()),
        user_data: Some(Secret::new("IyEvYmluL3No".into())),
        metadata: Some(MetadataOptions {
            http_tokens: Some("required".into()),
            http_put_response_hop_limit: Some(2),
            http_endpoint: Some("enabled".into()),
            instance_metadata_tags: None,
        }),
        block_devices: vec![BlockDevice {
            device: "/dev/sda1".into(),
            size_gib: Some(20),
            volume_type: Some("gp3".into()),
            iops: Some(3000),
            throughput: Some(125),
            encrypted: Some(false),
            kms_key: None,
            delete_on_termination: true,
            root: true,
        }],
        ebs_optimized: true,
        monitoring: true,
        tenancy: Some("default".into()),
        public_address: true,
        elastic_ip: None,
        source_dest_check: true,
        termination_protection: true,
        tags: [("Name".to_owned(), "web".to_owned()), ("aws:x".to_owned(), "y".to_owned())].into(),
    }
}

fn launch(spec: LaunchSpec) -> Call {
    Call::RunInstance { scope: scope("us-east-1"), spec: Box::new(spec), client_token: "bs-token-1".into() }
}

const LAUNCHED: &str = "<RunInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><instancesSet><item>\
    <instanceId>i-new</instanceId></item></instancesSet></RunInstancesResponse>";

#[tokio::test]
async fn a_launch_repeats_everything_and_asks_for_one() {
    let server = Server::start(|_| ok(LAUNCHED)).await;
    let done = aws(&server).perform(Profile::ambient(), launch(spec())).await.unwrap();
    assert_eq!(done, Done::Launched { instance: "i-new".into() });
    let sent = &server.of("RunInstances")[0];
    for (name, value) in [
        ("MinCount", "1"),
        ("MaxCount", "1"),
        ("ClientToken", "bs-token-1"),
        ("ImageId", "ami-1"),
        ("InstanceType", "m5.large"),
        ("KeyName", "ops"),
        ("UserData", "IyEvYmluL3No"),
        ("EbsOptimized", "true"),
        ("Monitoring.Enabled", "true"),
        ("DisableApiTermination", "true"),
        ("Placement.AvailabilityZone", "us-east-1a"),
        ("Placement.Tenancy", "default"),
        ("NetworkInterface.1.SubnetId", "subnet-1"),
        ("NetworkInterface.1.AssociatePublicIpAddress", "true"),
        ("NetworkInterface.1.SecurityGroupId.1", "sg-1"),
        ("IamInstanceProfile.Arn", "arn%3Aaws%3Aiam%3A%3A123456789012%3Ainstance-profile%2Fweb"),
        ("MetadataOptions.HttpTokens", "required"),
        ("MetadataOptions.HttpPutResponseHopLimit", "2"),
        ("BlockDeviceMapping.1.DeviceName", "%2Fdev%2Fsda1"),
        ("BlockDeviceMapping.1.Ebs.VolumeSize", "20"),
        ("BlockDeviceMapping.1.Ebs.Throughput", "125"),
        ("TagSpecification.1.ResourceType", "instance"),
        ("TagSpecification.2.ResourceType", "volume"),
        ("TagSpecification.1.Tag.1.Value", "web"),
    ] {
        assert_eq!(sent.value(name), Some(value), "{name}");
    }
    // With an interface of its own the request must not name subnet and groups a second time.
    assert_eq!(sent.value("SubnetId"), None);
    assert_eq!(sent.value("SecurityGroupId.1"), None);
    assert_eq!(sent.value("BlockDeviceMapping.1.Ebs.Encrypted"), None);
    assert_eq!(sent.value("TagSpecification.1.Tag.2.Key"), None);
}

#[tokio::test]
async fn a_lost_answer_is_asked_for_again_with_the_same_token() {
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Close,
        _ => ok(LAUNCHED),
    })
    .await;
    let done = aws(&server).perform(Profile::ambient(), launch(spec())).await.unwrap();
    assert_eq!(done, Done::Launched { instance: "i-new".into() });
    let sent = server.of("RunInstances");
    assert_eq!(sent.len(), 2);
    assert_eq!(sent[0].body, sent[1].body);
}

#[tokio::test]
async fn a_second_try_that_is_refused_leaves_the_first_one_open() {
    let calls = AtomicUsize::new(0);
    let server = Server::start(move |_| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => Reply::Hang,
        _ => ec2_error(503, "RequestLimitExceeded", "slow down"),
    })
    .await;
    let fault = hasty(&server).perform(Profile::ambient(), launch(spec())).await.unwrap_err();
    assert_eq!(fault.word(), "timeout");
    assert_eq!(fault.performed(), Performed::Unknown);
}

#[tokio::test]
async fn a_launch_that_is_refused_is_not_tried_again() {
    let server = Server::start(|_| ec2_error(400, "IdempotentParameterMismatch", "x")).await;
    let fault = aws(&server).perform(Profile::ambient(), launch(spec())).await.unwrap_err();
    assert_eq!(fault.performed(), Performed::No);
    assert_eq!(server.received().len(), 1);
}

#[tokio::test]
async fn a_secret_of_which_only_the_fingerprint_is_left_cannot_be_sent() {
    let server = Server::start(|_| ok(LAUNCHED)).await;
    let from_log: Secret =
        serde_json::from_str(&serde_json::to_string(&Secret::new("x".into())).unwrap()).unwrap();
    let call = launch(LaunchSpec { user_data: Some(from_log), ..spec() });
    let fault = aws(&server).perform(Profile::ambient(), call).await.unwrap_err();
    assert_eq!(fault.word(), "unaskable");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn a_restore_asks_for_what_rds_would_drop() {
    let server = Server::start(|request| {
        let action = request.action();
        ok(format!("<{action}Response><{action}Result></{action}Result></{action}Response>"))
    })
    .await;
    let restore = |from| Call::RestoreDatabase {
        scope: scope("us-west-1"),
        from,
        new_id: "fito-db-2".into(),
        settings: DatabaseSettings {
            class: Some("db.m5.large".into()),
            subnet_group: Some("dbs".into()),
            security_groups: vec!["sg-db".into()],
            parameter_group: Some("pg".into()),
            option_group: Some("og".into()),
            multi_az: true,
            publicly_accessible: false,
            deletion_protection: false,
            storage_type: Some("gp3".into()),
            port: Some(3307),
        },
    };
    let aws = aws(&server);
    let snapshot = restore(RestoreSource::Snapshot("rds:fito-db-1".into()));
    assert_eq!(aws.perform(Profile::ambient(), snapshot).await.unwrap(), Done::Accepted);
    let at = "2012-06-29T23:00:00.5Z".parse().unwrap();
    let in_time = |at| restore(RestoreSource::PointInTime { database: "fito-db".into(), at });
    aws.perform(Profile::ambient(), in_time(Some(at))).await.unwrap();
    aws.perform(Profile::ambient(), in_time(None)).await.unwrap();
    let sent = server.received();
    for request in &sent {
        for (name, value) in [
            ("DBInstanceClass", "db.m5.large"),
            ("DBSubnetGroupName", "dbs"),
            ("VpcSecurityGroupIds.VpcSecurityGroupId.1", "sg-db"),
            ("DBParameterGroupName", "pg"),
            ("OptionGroupName", "og"),
            ("MultiAZ", "true"),
            ("PubliclyAccessible", "false"),
            ("DeletionProtection", "false"),
            ("StorageType", "gp3"),
            ("Port", "3307"),
        ] {
            assert_eq!(request.value(name), Some(value), "{name} of {}", request.action());
        }
        assert!(request.head.contains("/us-west-1/rds/"));
    }
    assert_eq!(sent[0].value("DBSnapshotIdentifier"), Some("rds%3Afito-db-1"));
    assert_eq!(sent[1].value("RestoreTime"), Some("2012-06-29T23%3A00%3A00Z"));
    assert_eq!(sent[1].value("UseLatestRestorableTime"), None);
    assert_eq!(sent[2].value("UseLatestRestorableTime"), Some("true"));
    let cluster = restore(RestoreSource::Snapshot("cluster:x".into()));
    let fault = aws.perform(Profile::ambient(), cluster).await.unwrap_err();
    assert!(matches!(fault, Fault::Unaskable { .. }));
}

#[tokio::test]
async fn targets_are_registered_with_their_ports() {
    let server = Server::start(|request| {
        let action = request.action();
        ok(format!("<{action}Response><{action}Result></{action}Result></{action}Response>"))
    })
    .await;
    let targets = vec![TargetRef { id: InstanceRef::Id("i-1".into()), port: Some(8080) }];
    let aws = aws(&server);
    for under in [BalancerRef::Classic("web".into()), BalancerRef::TargetGroup("arn:tg".into())] {
        let register =
            Call::Register { scope: scope("us-east-1"), under: under.clone(), targets: targets.clone() };
        let deregister = Call::Deregister { scope: scope("us-east-1"), under, targets: targets.clone() };
        aws.perform(Profile::ambient(), register).await.unwrap();
        aws.perform(Profile::ambient(), deregister).await.unwrap();
    }
    let classic = &server.of("RegisterInstancesWithLoadBalancer")[0];
    assert_eq!(classic.value("Instances.member.1.InstanceId"), Some("i-1"));
    let group = &server.of("RegisterTargets")[0];
    assert_eq!(group.value("Targets.member.1.Port"), Some("8080"));
    assert_eq!(server.of("DeregisterInstancesFromLoadBalancer").len(), 1);
    assert_eq!(server.of("DeregisterTargets").len(), 1);
    let unfilled = Call::Register {
        scope: scope("us-east-1"),
        under: BalancerRef::Classic("web".into()),
        targets: vec![TargetRef { id: InstanceRef::LaunchedByStep(0), port: None }],
    };
    let fault = aws.perform(Profile::ambient(), unfilled).await.unwrap_err();
    assert_eq!(fault.word(), "unaskable");
}

/// The answer of these calls holds nothing but that they were taken, so anything could pass for it.
#[tokio::test]
async fn what_is_no_response_of_aws_is_no_acceptance() {
    for (body, word) in [
        ("<html><body><h1>It works!</h1></body></html>", "html"),
        ("<Other></Other>", "garbled"),
        ("", "garbled"),
    ] {
        let server = Server::start(move |_| ok(body)).await;
        for under in [BalancerRef::Classic("web".into()), BalancerRef::TargetGroup("arn:tg".into())] {
            let targets = vec![TargetRef { id: InstanceRef::Id("i-1".into()), port: None }];
            let call = Call::Register { scope: scope("us-east-1"), under: under.clone(), targets };
            let fault = aws(&server).perform(Profile::ambient(), call).await.unwrap_err();
            assert_eq!((fault.word(), fault.performed()), (word, Performed::Unknown), "{body:?} {under:?}");
        }
    }
}
