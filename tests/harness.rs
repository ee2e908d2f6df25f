//! The harness proves itself: a stand-in that lies would prove the product by accident.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::estate::{Boto, Ground, ZONE, ground};
use crate::support::http;
use crate::support::moto::{self, Moto};
use crate::support::standin::{Fault, Pace, Rule, StandIn};
use crate::support::xml::Element;

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-1";

// ---- Route 53

fn alias(ground: &Ground, balancer: &str) -> Value {
    json!({
        "HostedZoneId": ground.estate.id(&format!("{balancer}/zone")),
        "DNSName": ground.estate.id(&format!("{balancer}/dns")),
        "EvaluateTargetHealth": false,
    })
}

fn change(ground: &Ground, changes: &[(&str, Value)]) -> Result<Value, crate::support::estate::Refused> {
    let changes: Vec<Value> =
        changes.iter().map(|(action, set)| json!({"Action": action, "ResourceRecordSet": set})).collect();
    let args = json!({"HostedZoneId": ground.estate.id("/zone/id"), "ChangeBatch": {"Changes": changes}});
    ground.boto.try_call("route53", EAST, "change_resource_record_sets", args)
}

fn apex(target: &Value) -> [Value; 2] {
    ["A", "AAAA"].map(|kind| json!({"Name": ZONE, "Type": kind, "AliasTarget": target}))
}

#[test]
fn harness_apex_there_and_back_is_a_compare_and_swap() {
    let Some(ground) = ground("the stand-in's Route 53") else {
        return;
    };
    let zone = ground.estate.id("/zone/id").to_owned();
    let (east, west) = (alias(&ground, "/us-east-1/classic"), alias(&ground, "/us-west-1/classic"));
    assert_ne!(east, west);
    let swap = |from: &Value, to: &Value| {
        let ([a, aaaa], [new_a, new_aaaa]) = (apex(from), apex(to));
        change(&ground, &[("DELETE", a), ("DELETE", aaaa), ("CREATE", new_a), ("CREATE", new_aaaa)])
    };
    for (from, to) in [(&east, &west), (&west, &east), (&east, &west)] {
        let before = ground.boto.points_at(&zone, ZONE, "A");
        assert_eq!(before, format!("{}.", from["DNSName"].as_str().unwrap()));
        swap(from, to).unwrap();
        for kind in ["A", "AAAA"] {
            let now = ground.boto.points_at(&zone, ZONE, kind);
            assert_eq!(now, format!("{}.", to["DNSName"].as_str().unwrap()));
        }
        // It no longer points where this batch says it does.
        let refused = swap(from, to).unwrap_err();
        assert_eq!((refused.code.as_str(), refused.status), ("InvalidChangeBatch", 400));
        assert!(
            refused.message.starts_with("[Tried to delete resource record set [name='fitocracy.example.', type='A'] but the values provided do not match the current values, "),
            "{}",
            refused.message
        );
    }
    // A static address and back.
    let [a, aaaa] = apex(&west);
    let plain = json!({"Name": ZONE, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "203.0.113.10"}]});
    change(&ground, &[("DELETE", a.clone()), ("DELETE", aaaa.clone()), ("CREATE", plain.clone())]).unwrap();
    assert_eq!(ground.boto.points_at(&zone, ZONE, "A"), "203.0.113.10");
    assert_eq!(ground.boto.points_at(&zone, ZONE, "AAAA"), "-");
    let mut other_ttl = plain.clone();
    other_ttl["TTL"] = json!(61);
    assert_eq!(change(&ground, &[("DELETE", other_ttl)]).unwrap_err().code, "InvalidChangeBatch");
    change(&ground, &[("DELETE", plain), ("CREATE", a), ("CREATE", aaaa)]).unwrap();
    assert_eq!(ground.boto.points_at(&zone, ZONE, "A"), format!("{}.", west["DNSName"].as_str().unwrap()));
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}

#[test]
fn harness_a_refused_batch_changes_nothing() {
    let Some(ground) = ground("the stand-in's Route 53") else {
        return;
    };
    let zone = ground.estate.id("/zone/id").to_owned();
    let before = ground.boto.records(&zone);
    let new = |name: &str| json!({"Name": name, "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]});
    let east = alias(&ground, "/us-east-1/classic");
    let mut wrong_zone = alias(&ground, "/us-west-1/classic");
    wrong_zone["HostedZoneId"] = east["HostedZoneId"].clone();
    let mut bad_address = new("one.fitocracy.example");
    bad_address["ResourceRecords"][0]["Value"] = json!("not-an-address");
    let good = ("UPSERT", new("good.fitocracy.example"));
    for (bad, says) in [
        (("CREATE", apex(&east)[0].clone()), "already exists"),
        (("DELETE", new("never.fitocracy.example")), "was not found"),
        (("CREATE", new("elsewhere.example")), "is not permitted in zone fitocracy.example."),
        (("UPSERT", apex(&wrong_zone)[0].clone()), "does not lie within the target zone"),
        (("UPSERT", bad_address), "not a valid IPv4 address"),
    ] {
        let refused = change(&ground, &[good.clone(), bad]).unwrap_err();
        assert_eq!(
            (refused.code.as_str(), refused.status),
            ("InvalidChangeBatch", 400),
            "{}",
            refused.message
        );
        assert!(refused.message.contains(says), "{says:?} is not in {:?}", refused.message);
        assert!(refused.message.starts_with('[') && refused.message.ends_with(']'), "{}", refused.message);
    }
    let mut both = apex(&east)[0].clone();
    both["TTL"] = json!(60);
    assert_eq!(change(&ground, &[good, ("UPSERT", both)]).unwrap_err().code, "InvalidInput");
    assert_eq!(ground.boto.records(&zone), before);
}

#[test]
fn harness_names_compare_as_aws_compares_them() {
    let Some(ground) = ground("the stand-in's Route 53") else {
        return;
    };
    let zone = ground.estate.id("/zone/id").to_owned();
    let wild = |name: &str| json!({"Name": name, "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]});
    change(&ground, &[("CREATE", wild("*.FITOCRACY.example"))]).unwrap();
    assert_eq!(
        change(&ground, &[("CREATE", wild("\\052.fitocracy.example."))]).unwrap_err().code,
        "InvalidChangeBatch"
    );
    assert!(
        ground.boto.record(&zone, "\\052.fitocracy.example", "A").is_some(),
        "AWS lists the asterisk as \\052"
    );
    change(&ground, &[("DELETE", wild("\\052.fitocracy.example."))]).unwrap();
    assert!(ground.boto.record(&zone, "\\052.fitocracy.example", "A").is_none());
    // An alias comes back in lower case, with a final dot and no TTL.
    let mut target = alias(&ground, "/us-east-1/classic");
    target["DNSName"] = json!(format!("dualstack.{}", target["DNSName"].as_str().unwrap().to_uppercase()));
    change(&ground, &[("UPSERT", apex(&target)[0].clone())]).unwrap();
    let set = ground.boto.record(&zone, ZONE, "A").unwrap();
    let name = set["AliasTarget"]["DNSName"].as_str().unwrap();
    assert!(name.starts_with("dualstack.web-") && name.ends_with(".us-east-1.elb.amazonaws.com."), "{name}");
    assert!(set.get("TTL").is_none(), "{set}");
}

#[test]
fn harness_a_change_is_pending_first() {
    let Some(ground) = ground("the stand-in's Route 53") else {
        return;
    };
    ground.standin.set_pace(Pace { change: 2, ..Pace::default() });
    let set = json!({"Name": "p.fitocracy.example", "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.1"}]});
    let first = change(&ground, &[("UPSERT", set.clone())]).unwrap();
    let second = change(&ground, &[("UPSERT", set)]).unwrap();
    assert_eq!(first["ChangeInfo"]["Status"], "PENDING");
    assert_ne!(first["ChangeInfo"]["Id"], second["ChangeInfo"]["Id"]);
    let poll = |id: &Value| ground.boto.try_call("route53", EAST, "get_change", json!({"Id": id}));
    let statuses: Vec<Value> =
        (0..3).map(|_| poll(&first["ChangeInfo"]["Id"]).unwrap()["ChangeInfo"]["Status"].clone()).collect();
    assert_eq!(statuses, ["PENDING", "PENDING", "INSYNC"]);
    let unknown = poll(&json!("C0000000000000")).unwrap_err();
    assert_eq!((unknown.code.as_str(), unknown.status), ("NoSuchChange", 404));
}

// ---- EC2 and balancers

fn run_args(ground: &Ground, token: &str, kind: &str) -> Value {
    json!({
        "ImageId": ground.estate.id("/us-east-1/image"), "MinCount": 1, "MaxCount": 1, "InstanceType": kind,
        "SubnetId": ground.estate.id("/us-east-1/subnets/0"), "ClientToken": token,
    })
}

#[test]
fn harness_a_client_token_launches_once() {
    let Some(ground) = ground("the stand-in's RunInstances") else {
        return;
    };
    let run = |token: &str, kind: &str| {
        ground.boto.try_call("ec2", EAST, "run_instances", run_args(&ground, token, kind))
    };
    let id = |answer: Value| answer["Instances"][0]["InstanceId"].as_str().unwrap().to_owned();
    let count = ground.boto.instances(EAST).len();
    let first = id(run("one", "m5.large").unwrap());
    assert_eq!(id(run("one", "m5.large").unwrap()), first);
    let refused = run("one", "m5.xlarge").unwrap_err();
    assert_eq!((refused.code.as_str(), refused.status), ("IdempotentParameterMismatch", 400));
    let other = id(run("two", "m5.large").unwrap());
    assert_eq!(ground.boto.instances(EAST).len(), count + 2);
    let filter = json!({"Filters": [{"Name": "client-token", "Values": ["two"]}, {"Name": "instance-type", "Values": ["m5.large"]}]});
    let found = ground.boto.call("ec2", EAST, "describe_instances", filter);
    assert_eq!(found["Reservations"].as_array().unwrap().len(), 1);
    assert_eq!(found["Reservations"][0]["Instances"][0]["InstanceId"], other.as_str());
    let tokens: Vec<String> = ground
        .standin
        .calls_of("ec2", "RunInstances")
        .iter()
        .map(|c| c.params["ClientToken"].clone())
        .collect();
    assert_eq!(tokens, ["one", "one", "one", "two"]);
}

#[test]
fn harness_states_take_polls() {
    let Some(ground) = ground("the stand-in's transitions") else {
        return;
    };
    ground.standin.set_pace(Pace { instance: 2, checks: 1, registering: 2, draining: 1, change: 0, dns: 0 });
    let answer = ground.boto.call("ec2", EAST, "run_instances", run_args(&ground, "t", "m5.large"));
    let id = answer["Instances"][0]["InstanceId"].as_str().unwrap().to_owned();
    let group = ground.estate.id("/us-east-1/alb/group").to_owned();
    let target = json!({"TargetGroupArn": group, "Targets": [{"Id": id}]});

    let refused = ground.boto.try_call("elbv2", EAST, "register_targets", target.clone()).unwrap_err();
    assert_eq!(refused.code, "InvalidTarget", "AWS registers only what runs");
    let states: Vec<String> = (0..3)
        .map(|_| ground.boto.instance(EAST, &id)["State"]["Name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, ["pending", "pending", "running"]);
    let checks = || {
        let answer = ground.boto.call("ec2", EAST, "describe_instance_status", json!({"InstanceIds": [id]}));
        answer["InstanceStatuses"][0]["SystemStatus"]["Status"].clone()
    };
    assert_eq!([checks(), checks()], ["initializing", "ok"]);

    let of = |rows: Vec<(String, String, String)>| {
        let row = rows.into_iter().find(|row| row.0 == id);
        row.map_or_else(|| "gone".to_owned(), |(_, state, reason)| format!("{state} {reason}"))
    };
    let member = json!({"LoadBalancerName": "web", "Instances": [{"InstanceId": id}]});
    let listed = ground.boto.call("elb", EAST, "register_instances_with_load_balancer", member.clone());
    assert_eq!(listed["Instances"].as_array().unwrap().len(), 4, "AWS answers with all that is registered");
    ground.boto.call("elb", EAST, "register_instances_with_load_balancer", member.clone());
    assert_eq!(ground.boto.registered(EAST, "web").len(), 4, "registered twice is registered once");
    let health: Vec<String> = (0..3).map(|_| of(ground.boto.classic_health(EAST, "web"))).collect();
    assert_eq!(health, ["OutOfService ELB", "OutOfService ELB", "InService N/A"]);
    ground.standin.make_ill("web", &id);
    assert_eq!(of(ground.boto.classic_health(EAST, "web")), "OutOfService Instance");
    ground.boto.call("elb", EAST, "deregister_instances_from_load_balancer", member);
    assert_eq!(of(ground.boto.classic_health(EAST, "web")), "gone");

    ground.boto.call("elbv2", EAST, "register_targets", target.clone());
    let health = |count: usize| -> Vec<String> {
        (0..count).map(|_| of(ground.boto.target_health(EAST, &group))).collect()
    };
    assert_eq!(
        health(3),
        ["initial Elb.RegistrationInProgress", "initial Elb.RegistrationInProgress", "healthy "]
    );
    ground.boto.call("elbv2", EAST, "deregister_targets", target);
    assert_eq!(health(2), ["draining Target.DeregistrationInProgress", "gone"]);

    let unknown = json!({"LoadBalancerName": "web", "Instances": [{"InstanceId": "i-00000000000000000"}]});
    let refused =
        ground.boto.try_call("elb", EAST, "register_instances_with_load_balancer", unknown).unwrap_err();
    assert_eq!(refused.code, "InvalidInstance");
    ground.boto.call("ec2", EAST, "terminate_instances", json!({"InstanceIds": [id]}));
    let states: Vec<String> = (0..3)
        .map(|_| ground.boto.instance(EAST, &id)["State"]["Name"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(states, ["shutting-down", "shutting-down", "terminated"]);
}

#[test]
fn harness_the_estate_is_what_it_says() {
    let Some(ground) = ground("the seeded estate") else {
        return;
    };
    let estate = &ground.estate;
    for (balancer, begin, end) in [
        ("/us-east-1/classic", "web-", ".us-east-1.elb.amazonaws.com"),
        ("/us-west-1/classic", "standby-", ".us-west-1.elb.amazonaws.com"),
        ("/us-east-1/alb", "fito-alb-", ".us-east-1.elb.amazonaws.com"),
        ("/eu-west-1/nlb", "fito-nlb-", ".elb.eu-west-1.amazonaws.com"),
    ] {
        let dns = estate.id(&format!("{balancer}/dns"));
        assert!(dns.starts_with(begin) && dns.ends_with(end), "{dns}");
    }
    assert_eq!(estate.id("/us-east-1/alb/zone"), "Z35SXDOTRQ7X7K");
    assert_eq!(estate.id("/eu-west-1/nlb/zone"), "Z2IFOLAFXWLO4F");
    let web = estate.ids("/us-east-1/web");
    for id in &web {
        let instance = ground.boto.instance(EAST, id);
        assert_eq!(instance["State"]["Name"], "running");
        assert_eq!(instance["KeyName"], "ops");
        assert_eq!(instance["MetadataOptions"]["HttpTokens"], "required");
        assert_eq!(instance["BlockDeviceMappings"].as_array().unwrap().len(), 2);
        let profile = instance["IamInstanceProfile"]["Arn"].as_str().unwrap_or_default();
        assert!(profile.ends_with(":instance-profile/fito-web"), "{instance}");
    }
    let mut sorted = web.clone();
    sorted.sort();
    assert_eq!(ground.boto.registered(EAST, "web"), sorted);
    let grouped = ground.boto.instance(EAST, estate.id("/us-east-1/grouped"));
    let tags = grouped["Tags"].as_array().unwrap();
    assert!(
        tags.iter().any(|t| t["Key"] == "aws:autoscaling:groupName" && t["Value"] == "fito-workers"),
        "{grouped}"
    );
    assert_eq!(ground.boto.instances(WEST).len(), 1);
    assert_eq!(ground.boto.instances("eu-west-1").len(), 2);
    let healthy = ground.boto.target_health("eu-west-1", estate.id("/eu-west-1/nlb/group"));
    assert!(healthy.len() == 2 && healthy.iter().all(|row| row.1 == "healthy"), "{healthy:?}");
    let zone = estate.id("/zone/id");
    let dns = format!("{}.", estate.id("/us-east-1/classic/dns"));
    for kind in ["A", "AAAA"] {
        assert_eq!(ground.boto.points_at(zone, ZONE, kind), dns);
    }
    let snapshots = ground.boto.call("rds", EAST, "describe_db_snapshots", json!({"SnapshotType": "manual"}));
    assert_eq!(snapshots["DBSnapshots"].as_array().unwrap().len(), 1);
    let clusters =
        ground.boto.call("rds", EAST, "describe_db_cluster_snapshots", json!({"SnapshotType": "manual"}));
    assert_eq!(clusters["DBClusterSnapshots"].as_array().unwrap().len(), 1);
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}

#[test]
fn harness_restore_points_lie_behind_the_clock() {
    let Some(ground) = ground("the stand-in's RDS") else {
        return;
    };
    let stopped: jiff::Timestamp = "2012-06-29T23:00:00Z".parse().unwrap();
    let latest = || -> jiff::Timestamp {
        let answer = ground.boto.call(
            "rds",
            EAST,
            "describe_db_instances",
            json!({"DBInstanceIdentifier": "fito-db"}),
        );
        answer["DBInstances"][0]["LatestRestorableTime"].as_str().unwrap().parse().unwrap()
    };
    let behind = jiff::Timestamp::now().duration_since(latest()).as_secs();
    assert!((295..400).contains(&behind), "{behind} seconds behind");
    ground.standin.backups_stopped_at(Some(stopped));
    assert_eq!(latest(), stopped);
    let backups = ground.boto.call("rds", EAST, "describe_db_instance_automated_backups", json!({}));
    let backup = &backups["DBInstanceAutomatedBackups"][0];
    assert_eq!(backup["RestoreWindow"]["LatestTime"], "2012-06-29T23:00:00+00:00", "{backup}");
    let unknown = json!({"LoadBalancerName": "never", "Instances": [{"InstanceId": "i-00000000000000000"}]});
    let refused =
        ground.boto.try_call("elb", EAST, "deregister_instances_from_load_balancer", unknown).unwrap_err();
    assert_eq!(refused.code, "LoadBalancerNotFound");
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}

#[test]
fn harness_accounts_do_not_see_each_other() {
    let Some(moto) = moto::shared("accounts") else {
        return;
    };
    let standin = StandIn::start(moto);
    let (one, two) = (moto.account(), moto.account());
    assert_ne!(one.id, two.id);
    let zone = json!({"Name": "a.example", "CallerReference": "1"});
    let (boto_one, boto_two) = (Boto::start(moto, &standin, &one), Boto::start(moto, &standin, &two));
    boto_one.call("route53", EAST, "create_hosted_zone", zone);
    assert_eq!(
        boto_one.call("route53", EAST, "list_hosted_zones", json!({}))["HostedZones"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        boto_two.call("route53", EAST, "list_hosted_zones", json!({}))["HostedZones"]
            .as_array()
            .unwrap()
            .len(),
        0
    );
    let accounts: Vec<String> =
        standin.calls_of("route53", "ListHostedZones").into_iter().map(|c| c.account).collect();
    assert_eq!(accounts, [one.id, two.id]);
}

// ---- faults

#[test]
fn harness_rules_make_requests_fail() {
    let Some(moto) = moto::shared("the stand-in's faults") else {
        return;
    };
    let standin = StandIn::start(moto);
    let account = moto.account();
    let describe = |region: &str, patience: u64| {
        let auth = http::scope(&account.access_key, region, "ec2");
        let headers =
            [("Authorization", auth.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let form = "Action=DescribeInstances&Version=2016-11-15";
        http::request(standin.address, "POST", "/", &headers, form, Duration::from_millis(patience))
    };
    let ok = describe(EAST, 20_000).unwrap();
    assert_eq!(ok.status, 200);

    let once =
        standin.rule(Rule::new(Fault::Unavailable).region(EAST).service("ec2").action("Describe*").times(1));
    assert_eq!(describe(WEST, 20_000).unwrap().status, 200);
    let dark = describe(EAST, 20_000).unwrap();
    assert!(dark.status == 503 && dark.body.starts_with("<html>"), "{dark:?}");
    assert_eq!(describe(EAST, 20_000).unwrap().status, 200, "it was for one time");
    standin.lift(once);

    standin.rule(Rule::new(Fault::Expired).times(1));
    let expired = describe(EAST, 20_000).unwrap();
    assert!(expired.status == 400 && expired.body.contains("<Code>RequestExpired</Code>"), "{expired:?}");

    let error = Rule::error(503, "InsufficientInstanceCapacity", "no <m5.large> left").times(1);
    standin.rule(error);
    let document = Element::parse(&describe(EAST, 20_000).unwrap().body).unwrap();
    assert_eq!(document.all("Message")[0].text, "no <m5.large> left");

    standin.lift_all();
    standin.rule(Rule::new(Fault::Hang).region(EAST));
    assert!(describe(EAST, 100).is_err());
    assert_eq!(describe(WEST, 20_000).unwrap().status, 200, "one hanging region holds no other up");
    standin.lift_all();
    standin.rule(Rule::new(Fault::Reset));
    assert!(describe(EAST, 20_000).is_err());
    standin.lift_all();
    standin.rule(Rule::new(Fault::Cut));
    let cut = describe(EAST, 20_000);
    let short = cut.as_ref().map_or(0, |answer| answer.body.len());
    assert!(short < ok.body.len(), "{cut:?}");
    standin.lift_all();
    standin.rule(Rule::new(Fault::AnswerLost));
    assert!(describe(EAST, 300).is_err());
    let calls = standin.wait_for_calls("ec2", "DescribeInstances", 10);
    assert_eq!(calls.last().unwrap().fault.as_deref(), Some("AnswerLost"));
    assert_eq!(calls.last().unwrap().status, None);
    assert_eq!(calls.first().unwrap().status, Some(200));
    assert_eq!(calls.first().unwrap().account, account.id);
}

#[test]
fn harness_moto_leaves_with_its_parent() {
    if moto::shared("moto's own end").is_none() {
        return;
    }
    let own = Moto::start().unwrap();
    assert!(own.let_go(), "moto outlived the process that started it");
}
