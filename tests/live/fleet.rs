//! Instances that are made again, and who is registered under which balancer.

use serde_json::{Value, json};

use super::{EAST, sorted};
use crate::support::estate::{Ground, ground};
use crate::support::scene::{
    self, all_entries, assert_clean, assert_intact, assert_no_secret_kept, assert_untouched, logbook, names,
    of_kind,
};
use crate::support::standin::{Fault, Rule};

/// What a replacement must have of the old one.
fn character(ground: &Ground, id: &str) -> Value {
    let instance = ground.boto.instance(EAST, id);
    let attribute = |name: &str| {
        ground.boto.call(
            "ec2",
            EAST,
            "describe_instance_attribute",
            json!({"InstanceId": id, "Attribute": name}),
        )
    };
    // On the interface: moto shows the instance's own list only for a launch that names no interface.
    let mut groups: Vec<String> = instance["NetworkInterfaces"][0]["Groups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|g| g["GroupId"].as_str().unwrap().to_owned())
        .collect();
    groups.sort();
    let mut tags: Vec<(String, String)> = instance["Tags"]
        .as_array()
        .unwrap()
        .iter()
        .map(|t| (t["Key"].as_str().unwrap().to_owned(), t["Value"].as_str().unwrap().to_owned()))
        .filter(|(key, _)| !key.starts_with("aws:"))
        .collect();
    tags.sort();
    let devices: Vec<Value> = instance["BlockDeviceMappings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mapping| {
            let volume = &mapping["Ebs"]["VolumeId"];
            let volumes = ground.boto.call("ec2", EAST, "describe_volumes", json!({"VolumeIds": [volume]}));
            let volume = &volumes["Volumes"][0];
            json!({
                "device": mapping["DeviceName"],
                "delete": mapping["Ebs"]["DeleteOnTermination"],
                "size": volume["Size"],
                "type": volume["VolumeType"],
            })
        })
        .collect();
    json!({
        "image": instance["ImageId"],
        "type": instance["InstanceType"],
        "subnet": instance["SubnetId"],
        "groups": groups,
        "key": instance["KeyName"],
        "profile": instance["IamInstanceProfile"]["Arn"],
        "user data": attribute("userData")["UserData"]["Value"],
        "tokens": instance["MetadataOptions"]["HttpTokens"],
        "hops": instance["MetadataOptions"]["HttpPutResponseHopLimit"],
        "ebs optimized": instance["EbsOptimized"],
        "devices": devices,
        "tags": tags,
    })
}

fn living(ground: &Ground) -> Vec<String> {
    ground
        .boto
        .instances(EAST)
        .iter()
        .filter(|i| i["State"]["Name"] != "terminated" && i["State"]["Name"] != "shutting-down")
        .map(|i| i["InstanceId"].as_str().unwrap().to_owned())
        .collect()
}

#[test]
fn live_relaunch_makes_the_same_again() {
    let Some(ground) = ground("relaunch") else {
        return;
    };
    let home = scene::home(&ground);
    let web = ground.estate.ids("/us-east-1/web");
    // The third is registered with the classic balancer only.
    let old = web[2].clone();
    let (before, all_before) = (character(&ground, &old), living(&ground));
    assert!(before["user data"].is_string() && before["devices"].as_array().unwrap().len() == 2, "{before}");
    ground.standin.forget_calls();

    let ran = home.run(&["plan", "relaunch", "web-3"]).expect_code(0);
    assert!(
        ran.stdout.contains(&format!("type: {old}")) && ran.stdout.contains("3 in service now"),
        "{}",
        ran.stdout
    );
    assert_clean(&ground.account, &ran);
    home.run(&["do", "relaunch", "web-3", "--confirm", "web-3"]).expect_code(2);
    assert_untouched(&ground.standin);

    let ran = home.run(&["do", "relaunch", &old, "--confirm", &old, "--json"]).expect_code(0);
    assert_clean(&ground.account, &ran);
    let new: Vec<String> = living(&ground).into_iter().filter(|id| !all_before.contains(id)).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    assert_eq!(character(&ground, &new[0]), before);
    assert_eq!(ground.boto.instance(EAST, &old)["State"]["Name"], "running", "the old one is left running");
    let health = ground.boto.classic_health(EAST, "web");
    let of = |id: &str| health.iter().find(|row| row.0 == id).map(|row| row.1.clone());
    assert_eq!(of(&new[0]).as_deref(), Some("InService"));
    assert_eq!(of(&old), None, "{health:?}");
    assert_eq!(health.len(), 3);

    let calls = ground.standin.mutations();
    assert_eq!(
        names(&calls),
        [
            "ec2:RunInstances",
            "elb:RegisterInstancesWithLoadBalancer",
            "elb:DeregisterInstancesFromLoadBalancer"
        ]
    );
    let token = &calls[0].params["ClientToken"];
    assert!(token.starts_with("bs-") && token.len() <= 64, "{token}");
    assert_intact(&home);
    assert_no_secret_kept(&ground.account, &home);

    // The old one goes only when somebody says so.
    ground.standin.forget_calls();
    home.run(&["do", "terminate", &old]).expect_code(2);
    assert_untouched(&ground.standin);
    home.run(&["do", "terminate", &old, "--confirm", &old]).expect_code(0);
    assert!(!living(&ground).contains(&old));
    assert_eq!(names(&ground.standin.mutations()), ["ec2:TerminateInstances"]);
    // What serves is not terminated.
    let ran = home.run(&["do", "terminate", &new[0], "--confirm", &new[0]]).expect_code(1);
    assert!(ran.stderr.contains("in service under web"), "{}", ran.stderr);

    // What an Auto Scaling group owns is refused, with the reason.
    ground.standin.forget_calls();
    let grouped = ground.estate.id("/us-east-1/grouped");
    let ran = home.run(&["do", "relaunch", grouped, "--confirm", grouped]).expect_code(1);
    assert!(ran.stderr.contains("Auto Scaling group fito-workers"), "{}", ran.stderr);
    assert_untouched(&ground.standin);
    assert_intact(&home);
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}

#[test]
fn live_a_launch_whose_answers_are_lost_happens_once() {
    let Some(ground) = ground("a lost answer") else {
        return;
    };
    let home = scene::home(&ground);
    let old = ground.estate.ids("/us-east-1/web")[2].clone();
    let all_before = living(&ground);
    ground.standin.forget_calls();
    // The call and its one repetition are carried out, and neither is answered.
    ground.standin.rule(Rule::new(Fault::AnswerLost).action("RunInstances").times(2));
    let ran = home.run(&["do", "relaunch", &old, "--confirm", &old]).expect_code(0);
    assert!(ran.stdout.contains("UNKNOWN whether done"), "{}", ran.stdout);
    let new: Vec<String> = living(&ground).into_iter().filter(|id| !all_before.contains(id)).collect();
    assert_eq!(new.len(), 1, "{new:?}");
    let launches = ground.standin.calls_of("ec2", "RunInstances");
    let tokens: Vec<&String> = launches.iter().map(|call| &call.params["ClientToken"]).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]), "{tokens:?}");
    let by_token = |c: &crate::support::standin::Call| {
        c.params.values().any(|v| v == "client-token") && c.params.values().any(|v| v == tokens[0])
    };
    assert!(
        ground.standin.calls_of("ec2", "DescribeInstances").iter().any(by_token),
        "it was found by its token"
    );
    assert!(ground.boto.registered(EAST, "web").contains(&new[0]));
    assert!(!ground.boto.registered(EAST, "web").contains(&old));
    let written = all_entries(&logbook(&home));
    let outcome = &of_kind(&written, "outcome")[0]["body"]["outcome"];
    assert_eq!(outcome["result"], "unknown", "{outcome}");
    assert_intact(&home);
}

#[test]
fn live_registrations_there_and_back() {
    let Some(ground) = ground("registrations") else {
        return;
    };
    let home = scene::home(&ground);
    let web = ground.estate.ids("/us-east-1/web");
    let all = sorted(web.clone());

    // Classic.
    ground.standin.make_ill("web", &web[1]);
    let ran = home.run(&["plan", "deregister", "web", &web[0]]).expect_code(0);
    assert!(ran.stdout.contains("1 of 2 healthy targets stay in service"), "{}", ran.stdout);
    assert!(ran.stdout.contains("type: web"), "{}", ran.stdout);
    ground.standin.make_well("web", &web[1]);
    let ran = home.run(&["do", "deregister", "web", &web[0], "--confirm", "web"]).expect_code(0);
    assert!(ran.stdout.contains("verified"), "{}", ran.stdout);
    assert_eq!(ground.boto.registered(EAST, "web"), sorted(web[1..].to_vec()));
    home.run(&["do", "undo", "--confirm", "web"]).expect_code(0);
    assert_eq!(ground.boto.registered(EAST, "web"), all);
    let ran = home.run(&["do", "register", "web", &web[0], "--confirm", "web"]).expect_code(1);
    assert!(ran.stderr.contains("registered under web already"), "{}", ran.stderr);

    // A target group, by its name.
    let group = ground.estate.id("/us-east-1/alb/group").to_owned();
    let taking = |group: &str| -> Vec<String> {
        let rows = ground.boto.target_health(EAST, group);
        sorted(rows.into_iter().filter(|row| row.1 != "draining").map(|row| row.0).collect())
    };
    let before = taking(&group);
    let ran = home.run(&["plan", "register", "fito-alb-targets", "web-3"]).expect_code(0);
    assert!(ran.stdout.contains("has 2 of 2 targets in service"), "{}", ran.stdout);
    home.run(&["do", "register", "fito-alb-targets", "web-3", "--confirm", "fito-alb-targets"])
        .expect_code(0);
    assert_eq!(taking(&group), all);
    home.run(&["do", "undo", "--confirm", "fito-alb-targets"]).expect_code(0);
    assert_eq!(taking(&group), before);
    let id = web[0].as_str();
    home.run(&["do", "deregister", "fito-alb-targets", id, "--confirm", "fito-alb-targets"]).expect_code(0);
    assert_eq!(taking(&group), [web[1].clone()]);
    home.run(&["do", "undo", "--confirm", "fito-alb-targets"]).expect_code(0);
    assert_eq!(taking(&group), before);

    // The last healthy one: said so, as destructive.
    let standby = ground.estate.id("/us-west-1/standby");
    let plan = home.run(&["plan", "deregister", "standby", standby, "--json"]).expect_code(0).json();
    assert_eq!(plan["risk"], "destructive");
    assert!(plan["warnings"].to_string().contains("last healthy target"), "{}", plan["warnings"]);
    assert_intact(&home);
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}
