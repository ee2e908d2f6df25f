//! The command line on a real endpoint: what it sees, what it plans, what it changes, and what is on record afterwards.
//! Everything that it claims to have changed is read back through boto3.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use crate::support::cli::Home;
use crate::support::estate::{Boto, Ground, ZONE, ground};
use crate::support::scene::{
    self, PAGE, all_entries, assert_clean, assert_intact, assert_no_secret_kept, assert_order,
    assert_untouched, config, entries, logbook, names, of_kind, story_of, strands,
};
use crate::support::standin::{Fault, Rule};

const EAST: &str = "us-east-1";
const WEST: &str = "us-west-1";

fn rows<'a>(status: &'a Value, kind: &str) -> Vec<&'a Value> {
    status["resources"].as_array().unwrap().iter().filter(|row| row["kind"] == kind).collect()
}

/// The id at the end of a key, and the account and region in it.
fn key(row: &Value) -> (String, String, String) {
    let text = row["key"].as_str().unwrap();
    let parts: Vec<&str> = text.splitn(6, '/').collect();
    assert_eq!(parts.len(), 6, "{text}");
    (parts[1].to_owned(), parts[2].to_owned(), parts[5].to_owned())
}

fn ids(rows: &[&Value]) -> Vec<String> {
    let mut ids: Vec<String> = rows.iter().map(|row| key(row).2).collect();
    ids.sort();
    ids
}

fn sorted(mut list: Vec<String>) -> Vec<String> {
    list.sort();
    list
}

/// The A and AAAA sets of the apex, as boto3 reads them.
fn apex(ground: &Ground) -> [Option<Value>; 2] {
    let zone = ground.estate.id("/zone/id");
    ["A", "AAAA"].map(|kind| ground.boto.record(zone, ZONE, kind))
}

fn points_at(ground: &Ground, kind: &str) -> String {
    ground.boto.points_at(ground.estate.id("/zone/id"), ZONE, kind)
}

/// An alias to a balancer's name, with the prefix that AWS's console writes or without.
fn leads_to(name: &str, balancer_dns: &str) -> bool {
    name == format!("{balancer_dns}.") || name == format!("dualstack.{balancer_dns}.")
}

// ---- status

#[test]
fn live_status_sees_three_regions() {
    let Some(ground) = ground("status on a live endpoint") else {
        return;
    };
    let home = scene::home(&ground);
    let estate = &ground.estate;
    let ran = home.run(&["status", "--json"]).expect_code(0);
    assert_clean(&ground.account, &ran);
    let status = ran.json();
    assert_eq!(status["fresh"], true);
    // Four services in three regions, and Route 53.
    let cells = status["cells"].as_array().unwrap();
    assert_eq!(cells.len(), 13);
    assert!(cells.iter().all(|cell| cell["status"] == "ok" && cell["account"] == ground.account.id.as_str()));

    let instances = rows(&status, "instance");
    let mut wanted = estate.ids("/us-east-1/web");
    wanted.push(estate.id("/us-east-1/grouped").to_owned());
    wanted.push(estate.id("/us-west-1/standby").to_owned());
    wanted.extend(estate.ids("/eu-west-1/workers"));
    assert_eq!(ids(&instances), sorted(wanted));
    for row in &instances {
        assert_eq!(key(row).0, ground.account.id, "{row}");
    }
    let standby = instances.iter().find(|row| row["name"] == "standby-1").unwrap();
    assert_eq!(key(standby).1, WEST);
    assert_eq!((&standby["state"], &standby["instance_type"]), (&json!("running"), &json!("t3.micro")));
    let grouped = instances.iter().find(|row| key(row).2 == estate.id("/us-east-1/grouped")).unwrap();
    assert_eq!(grouped["auto_scaling_group"], "fito-workers");

    assert_eq!(ids(&rows(&status, "database")), ["fito-db", "fito-feed-1"]);
    let databases = rows(&status, "database");
    let db = databases.iter().find(|row| key(row).2 == "fito-db").unwrap();
    assert!(db["latest_restorable"].is_string() && db["status"] == "available", "{db}");
    assert_eq!(ids(&rows(&status, "cluster")), ["fito-feed"]);
    let snapshots = ids(&rows(&status, "snapshot"));
    for wanted in ["fito-db-before-release", "cluster:fito-feed-before-release"] {
        assert!(snapshots.iter().any(|id| id == wanted), "no {wanted} in {snapshots:?}");
    }
    assert!(snapshots.iter().any(|id| id.starts_with("rds:fito-db-")), "no automated one in {snapshots:?}");
    let backups = rows(&status, "automated-backup");
    assert!(
        backups
            .iter()
            .any(|row| row["latest"].is_string() || row["window"].is_object() || row["to"].is_string()),
        "{backups:?}"
    );

    let registrations = rows(&status, "registration");
    let of = |balancer: &str| -> Vec<String> {
        let of: Vec<&&Value> = registrations.iter().filter(|row| row["balancer"] == balancer).collect();
        assert!(
            of.iter().all(|row| row["state"] == "InService" || row["state"] == "healthy"),
            "{balancer}: {of:?}"
        );
        sorted(of.iter().map(|row| row["target"].as_str().unwrap().to_owned()).collect())
    };
    assert_eq!(of("web"), sorted(estate.ids("/us-east-1/web")));
    assert_eq!(of("standby"), [estate.id("/us-west-1/standby")]);
    assert_eq!(of("fito-alb"), sorted(estate.ids("/us-east-1/web")[..2].to_vec()));
    assert_eq!(of("fito-nlb"), sorted(estate.ids("/eu-west-1/workers")));

    let zones = rows(&status, "hosted-zone");
    assert_eq!(zones.len(), 1);
    assert_eq!(key(zones[0]).2, estate.id("/zone/id"));
    let records = rows(&status, "record-set");
    let a =
        records.iter().find(|row| row["record_type"] == "A" && row["name"] == format!("{ZONE}.")).unwrap();
    assert!(leads_to(a["alias"]["dns_name"].as_str().unwrap(), estate.id("/us-east-1/classic/dns")), "{a}");
    assert_eq!(status["sites"][0]["target"], "east");
    assert_eq!(status["sites"][0]["maintenance"], false);
    assert_untouched(&ground.standin);
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());

    // Narrowed to one region: nothing else is asked, nothing else is shown.
    ground.standin.forget_calls();
    let status = home.run(&["status", "--json", "--region", WEST]).expect_code(0).json();
    assert_eq!(ids(&rows(&status, "instance")), [estate.id("/us-west-1/standby")]);
    let asked = ground.standin.calls_of("ec2", "*");
    assert!(!asked.is_empty() && asked.iter().all(|call| call.region == WEST), "{:?}", names(&asked));
    assert_eq!(status["cells"].as_array().unwrap().len(), 5);

    // For people.
    let ran = home.run(&["status"]).expect_code(0);
    let line = format!("site www: {ZONE} -> ");
    assert!(ran.stdout.contains(&line), "{}", ran.stdout);
    assert!(ran.stdout.contains("us-west-1") && ran.stdout.contains("ok, 1 row\n"), "{}", ran.stdout);
    assert_eq!(strands(&logbook(&home)), Vec::<std::path::PathBuf>::new(), "a look leaves no strand behind");
}

#[test]
fn live_two_profiles_in_one_table() {
    let Some(ground) = ground("two accounts in one table") else {
        return;
    };
    let other = ground.moto.account();
    let boto = Boto::start(ground.moto, &ground.standin, &other);
    let estate = boto.seed(&ground.standin);
    let home = Home::new()
        .with("AWS_ENDPOINT_URL", &ground.standin.url())
        .file(".aws/credentials", &format!("{}\n{}", ground.account.profile("one"), other.profile("two")))
        .config(&config());
    let ran = home.run(&["status", "--json", "--profile", "one", "--profile", "two"]).expect_code(0);
    let status = ran.json();
    let instances = rows(&status, "instance");
    for (account, estate) in [(&ground.account, &ground.estate), (&other, &estate)] {
        let mut wanted = estate.ids("/us-east-1/web");
        wanted.push(estate.id("/us-east-1/grouped").to_owned());
        wanted.push(estate.id("/us-west-1/standby").to_owned());
        wanted.extend(estate.ids("/eu-west-1/workers"));
        let of: Vec<&Value> = instances.iter().filter(|row| key(row).0 == account.id).copied().collect();
        assert_eq!(ids(&of), sorted(wanted), "account {}", account.id);
    }
    assert_eq!(instances.len(), 14);
    // What each account was asked was asked with its own key.
    for account in [&ground.account.id, &other.id] {
        assert!(ground.standin.calls().iter().any(|c| c.service == "ec2" && c.account == *account));
    }
    // One profile shows one account, and never the other's rows, although the log knows them.
    let status = home.run(&["status", "--json", "--profile", "two"]).expect_code(0).json();
    let cells = status["cells"].as_array().unwrap();
    assert!(cells.iter().all(|cell| cell["account"] == other.id.as_str()), "{cells:?}");
    let web = &estate.ids("/us-east-1/web")[0];
    let instances = rows(&status, "instance");
    let row = instances.iter().find(|row| key(row).2 == *web).unwrap();
    assert_eq!(key(row).0, other.id);
    assert_clean(&other, &ran);
    assert_no_secret_kept(&ground.account, &home);
    assert_no_secret_kept(&other, &home);
}

// ---- apex

#[test]
fn live_a_plan_touches_nothing() {
    let Some(ground) = ground("plan on a live endpoint") else {
        return;
    };
    let home = scene::home(&ground);
    let before = apex(&ground);
    ground.standin.forget_calls();
    let ran = home.run(&["plan", "apex", "www", "standby", "--json"]).expect_code(0);
    let plan = ran.json();
    assert_eq!(plan["confirm"], "www");
    assert_eq!(plan["hash"].as_str().unwrap().len(), 64);
    assert_eq!(plan["scope"]["account"], ground.account.id.as_str());
    let changes = plan["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 2, "A and AAAA: {changes:?}");
    for (change, kind) in changes.iter().zip(["A", "AAAA"]) {
        let text = |field: &str| change[field].as_str().unwrap().to_owned();
        assert!(text("what").contains(ZONE) && text("what").ends_with(kind), "{change}");
        assert!(text("old").contains(ground.estate.id("/us-east-1/classic/dns")), "{change}");
        assert!(text("new").contains(ground.estate.id("/us-west-1/classic/dns")), "{change}");
    }
    assert_eq!(plan["steps"].as_array().unwrap().len(), 1);
    assert_eq!(plan["inverse"].as_array().unwrap().len(), 1);
    // For people: everything that a confirmation names.
    let ran = home.run(&["plan", "apex", "www", "standby"]).expect_code(0);
    for wanted in [
        ground.account.id.as_str(),
        "old",
        "new",
        "DELETE",
        "CREATE",
        "effects",
        "control planes",
        "undo",
        "type: www",
        "read 0s ago",
    ] {
        assert!(ran.stdout.contains(wanted), "no {wanted:?} in\n{}", ran.stdout);
    }
    assert_untouched(&ground.standin);
    assert_eq!(apex(&ground), before);
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}

#[test]
fn live_apex_there_and_back() {
    let Some(ground) = ground("the apex switch") else {
        return;
    };
    let home = scene::home(&ground);
    let before = apex(&ground);
    ground.standin.forget_calls();
    for confirm in [&[][..], &["--confirm", "west"], &["--confirm", "WWW"]] {
        let mut words = vec!["do", "apex", "www", "standby"];
        words.extend(confirm);
        let ran = home.run(&words).expect_code(2);
        assert!(ran.stderr.contains("Nothing was changed") && ran.stderr.contains("www"), "{}", ran.stderr);
        assert!(ran.stdout.contains("type: www"), "the plan is shown:\n{}", ran.stdout);
    }
    assert_untouched(&ground.standin);

    // While the call waits at the door, its intent and its inverse are on disk already.
    let hold = ground.standin.rule(Rule::new(Fault::Hold).action("ChangeResourceRecordSets").times(1));
    let strands_before = strands(&logbook(&home));
    let ran = std::thread::scope(|scope| {
        let run = scope.spawn(|| home.run(&["do", "apex", "www", "standby", "--confirm", "www", "--json"]));
        ground.standin.wait_for_calls("route53", "ChangeResourceRecordSets", 1);
        let strand = new_strand(&home, &strands_before);
        let written = entries(&strand);
        let proposed = of_kind(&written, "proposed");
        assert_eq!(proposed.len(), 1);
        let plan = &proposed[0]["body"]["plan"];
        let back = &plan["inverse"][0]["call"];
        assert_eq!(back["call"], "change-records");
        assert!(back.to_string().contains(ground.estate.id("/us-east-1/classic/dns")), "{back}");
        let story = story_of(&written, plan["hash"].as_str().unwrap());
        assert_eq!(story, ["proposed", "confirmed", "intent"]);
        assert_eq!(apex(&ground), before, "not changed yet");
        ground.standin.lift(hold);
        run.join().unwrap()
    });
    let ran = ran.expect_code(0);
    assert_clean(&ground.account, &ran);
    let done = ran.json();
    assert_eq!(done["standing"], "verified");

    // One batch: the exact old deleted, the new created, both types together.
    let calls = ground.standin.mutations();
    assert_eq!(names(&calls), ["route53:ChangeResourceRecordSets"]);
    let body = &calls[0].body;
    for action in ["DELETE", "CREATE"] {
        assert_eq!(body.matches(&format!("<Action>{action}</Action>")).count(), 2, "{body}");
    }
    assert!(!body.contains("UPSERT"), "{body}");
    assert_eq!(body.matches("<Type>A</Type>").count(), 2, "{body}");
    assert_eq!(body.matches("<Type>AAAA</Type>").count(), 2, "{body}");
    assert!(ground.standin.calls_of("route53", "GetChange").len() >= 2, "PENDING, then INSYNC");
    for kind in ["A", "AAAA"] {
        assert!(leads_to(&points_at(&ground, kind), ground.estate.id("/us-west-1/classic/dns")));
    }
    let a = apex(&ground)[0].clone().unwrap();
    assert_eq!(a["AliasTarget"]["HostedZoneId"], ground.estate.id("/us-west-1/classic/zone"));

    let strand = new_strand(&home, &strands_before);
    let hash = done["plan"]["hash"].as_str().unwrap();
    assert_order(
        &story_of(&entries(&strand), hash),
        &["proposed", "confirmed", "intent", "outcome", "verified", "finished"],
    );
    assert_intact(&home);

    // And back, exactly: the undo is another process.
    ground.standin.forget_calls();
    let ran = home.run(&["plan", "undo", "--json"]).expect_code(0);
    assert_eq!(ran.json()["confirm"], "www");
    home.run(&["do", "undo", "--confirm", "www"]).expect_code(0);
    assert_eq!(apex(&ground), before);
    assert_eq!(names(&ground.standin.mutations()), ["route53:ChangeResourceRecordSets"]);
    assert_intact(&home);
    // What was undone is not undone again; the undo is, by a name or as the last action.
    let ran = home.run(&["do", "undo", hash, "--confirm", "www"]).expect_code(1);
    assert!(ran.stderr.contains("was undone already"), "{}", ran.stderr);
    home.run(&["do", "undo", "--confirm", "www"]).expect_code(0);
    assert_ne!(apex(&ground), before);
    home.run(&["do", "undo", "--confirm", "www"]).expect_code(0);
    assert_eq!(apex(&ground), before);
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}

/// The one strand that was not there before and has a confirmed plan or is the newest.
#[track_caller]
fn new_strand(home: &Home, before: &[std::path::PathBuf]) -> std::path::PathBuf {
    let mut new = strands(&logbook(home));
    new.retain(|path| !before.contains(path));
    new.retain(|path| !of_kind(&entries(path), "confirmed").is_empty());
    assert_eq!(new.len(), 1, "{new:?}");
    new.remove(0)
}

#[test]
fn live_apex_to_an_address_and_to_an_alb() {
    let Some(ground) = ground("the apex switch to an address") else {
        return;
    };
    let home = scene::home(&ground);
    let before = apex(&ground);
    home.run(&["do", "apex", "www", "page", "--confirm", "www"]).expect_code(0);
    let [a, aaaa] = apex(&ground);
    let a = a.unwrap();
    assert_eq!((&a["TTL"], &a["ResourceRecords"][0]["Value"]), (&json!(60), &json!(PAGE)));
    assert_eq!(aaaa, None, "an AAAA left behind would send half of the visitors elsewhere");
    home.run(&["do", "undo", "--confirm", "www"]).expect_code(0);
    assert_eq!(apex(&ground), before);

    home.run(&["do", "apex", "www", "alb", "--confirm", "www"]).expect_code(0);
    let a = apex(&ground)[0].clone().unwrap();
    assert!(leads_to(a["AliasTarget"]["DNSName"].as_str().unwrap(), ground.estate.id("/us-east-1/alb/dns")));
    assert_eq!(a["AliasTarget"]["HostedZoneId"], ground.estate.id("/us-east-1/alb/zone"));
    // Where it is already: nothing to do.
    ground.standin.forget_calls();
    let ran = home.run(&["do", "apex", "www", "alb", "--confirm", "www"]).expect_code(1);
    assert!(ran.stderr.contains("already points at alb"), "{}", ran.stderr);
    assert_untouched(&ground.standin);
    // Everything else in the zone is as it was.
    let zone = ground.estate.id("/zone/id");
    assert_eq!(ground.boto.points_at(zone, &format!("www.{ZONE}"), "CNAME"), ZONE);
    assert_eq!(ground.boto.points_at(zone, ZONE, "MX"), format!("10 mail.{ZONE}."));
    assert_eq!(ground.standin.unexplained(), Vec::<String>::new());
}

#[test]
fn live_a_record_that_changed_meanwhile_is_not_overwritten() {
    let Some(ground) = ground("the compare-and-swap") else {
        return;
    };
    let home = scene::home(&ground);
    let [a, aaaa] = apex(&ground).map(Option::unwrap);
    let colleague =
        json!({"Name": ZONE, "Type": "A", "TTL": 5, "ResourceRecords": [{"Value": "192.0.2.77"}]});
    let hold = ground.standin.rule(Rule::new(Fault::Hold).action("ChangeResourceRecordSets").times(1));
    let ran = std::thread::scope(|scope| {
        let run = scope.spawn(|| home.run(&["do", "apex", "www", "standby", "--confirm", "www"]));
        ground.standin.wait_for_calls("route53", "ChangeResourceRecordSets", 1);
        // Between the guard and the call: a colleague, from the console.
        let changes = [("DELETE", &a), ("DELETE", &aaaa), ("CREATE", &colleague)]
            .map(|(action, set)| json!({"Action": action, "ResourceRecordSet": set}));
        let args = json!({"HostedZoneId": ground.estate.id("/zone/id"), "ChangeBatch": {"Changes": changes}});
        ground.boto.call("route53", EAST, "change_resource_record_sets", args);
        ground.standin.lift(hold);
        run.join().unwrap()
    });
    let ran = ran.expect_code(1);
    let said = format!("{}{}", ran.stdout, ran.stderr);
    assert!(said.contains("InvalidChangeBatch") || said.contains("do not match"), "{said}");
    assert_eq!(points_at(&ground, "A"), "192.0.2.77", "the colleague's record stands");
    assert_eq!(points_at(&ground, "AAAA"), "-");
    assert!(said.contains("it is now A 192.0.2.77"), "the new state is shown:\n{said}");
    assert_eq!(
        ground.standin.calls_of("route53", "ChangeResourceRecordSets").len(),
        2,
        "it does not try again"
    );
    assert_intact(&home);
}

// ---- maintenance

#[test]
fn live_maintenance_outlives_the_process_and_the_operator() {
    let Some(ground) = ground("maintenance mode") else {
        return;
    };
    let home = scene::home(&ground);
    let before = apex(&ground);
    let ran = home.run(&["do", "maintenance", "off", "www", "--confirm", "www"]).expect_code(1);
    assert!(
        ran.stderr.contains("not in maintenance") && ran.stderr.contains("Nothing to do"),
        "{}",
        ran.stderr
    );
    assert_untouched(&ground.standin);

    home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(0);
    assert_eq!(points_at(&ground, "A"), PAGE);
    assert_eq!(points_at(&ground, "AAAA"), "-");
    let status = home.run(&["status", "--json"]).expect_code(0).json();
    assert_eq!(status["sites"][0]["maintenance"], true);
    assert_eq!(status["sites"][0]["target"], "page");
    let ran = home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(1);
    assert!(ran.stderr.contains("in maintenance already"), "{}", ran.stderr);

    // Off in another process: what was there before is in the log.
    home.run(&["do", "maintenance", "off", "www", "--confirm", "www"]).expect_code(0);
    assert_eq!(apex(&ground), before);

    // On again, and off by a colleague with a home of their own, on the same logbook.
    home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(0);
    let shared = logbook(&home).display().to_string();
    let colleague = scene::home(&ground);
    let alone = colleague.run(&["do", "maintenance", "off", "www", "--confirm", "www"]).expect_code(1);
    assert!(alone.stderr.contains("the log has no maintenance"), "{}", alone.stderr);
    colleague
        .run(&["--logbook", &shared, "do", "maintenance", "off", "www", "--confirm", "www"])
        .expect_code(0);
    assert_eq!(apex(&ground), before);
    let ran = home.run(&["do", "maintenance", "off", "www", "--confirm", "www"]).expect_code(1);
    assert!(ran.stderr.contains("not in maintenance"), "{}", ran.stderr);
    assert_intact(&home);
}

#[test]
fn live_maintenance_without_sts() {
    let Some(ground) = ground("maintenance while STS is dark") else {
        return;
    };
    let home = scene::home(&ground);
    let before = apex(&ground);
    home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(0);
    // The log knows the account by its number; from now on nobody tells whose the credentials are.
    ground.standin.rule(Rule::new(Fault::Hang).service("sts"));
    home.run(&["do", "maintenance", "off", "www", "--confirm", "www"]).expect_code(0);
    assert_eq!(apex(&ground), before);
    home.run(&["do", "apex", "www", "standby", "--confirm", "www"]).expect_code(0);
    assert!(leads_to(&points_at(&ground, "A"), ground.estate.id("/us-west-1/classic/dns")));
    assert_intact(&home);
}

// ---- instances and registrations

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

// ---- walls

#[test]
fn live_read_only_and_an_unwritable_logbook_leave_no_path() {
    let Some(ground) = ground("read-only") else {
        return;
    };
    let home = scene::home(&ground);
    ground.standin.forget_calls();
    for words in [
        &["do", "apex", "www", "standby", "--confirm", "www"][..],
        &["do", "maintenance", "on", "www", "--confirm", "www"],
        &["do", "undo", "--confirm", "www"],
    ] {
        let mut words = words.to_vec();
        words.insert(0, "--read-only");
        let ran = home.run(&words).expect_code(1);
        assert!(ran.stderr.contains("--read-only leaves no path to any action"), "{}", ran.stderr);
    }
    assert_eq!(ground.standin.calls().len(), 0, "not even asked");

    // A plan can still be seen.
    home.run(&["plan", "apex", "www", "standby"]).expect_code(0);

    // The logbook: a file where the directory should be, and a directory that takes nothing.
    let file = home.path().join("file");
    fs::write(&file, "not a logbook\n").unwrap();
    let closed = home.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let mut places = vec![(file, "cannot be")];
    if fs::write(closed.join("try"), "").is_err() {
        places.push((closed, "cannot be"));
    }
    for (place, why) in places {
        let place = place.display().to_string();
        let words = ["--logbook", &place, "do", "apex", "www", "standby", "--confirm", "www"];
        let ran = home.run(&words).expect_code(1);
        assert!(ran.stderr.contains(why) && ran.stderr.contains(&place), "{}", ran.stderr);
        assert!(ran.stderr.contains("--logbook"), "what to do next: {}", ran.stderr);
        // What can be seen is seen all the same.
        home.run(&["--logbook", &place, "status", "--region", WEST]).expect_code(0);
    }
    assert_untouched(&ground.standin);
}

// ---- the log

#[test]
fn live_the_log_tells_what_was_done() {
    let Some(ground) = ground("the logbook of a live run") else {
        return;
    };
    let home = scene::home(&ground);
    home.run(&["declare", "us-east-1", "dark"]).expect_code(0);
    home.run(&["note", "RDS logs frozen at 23:00"]).expect_code(0);
    home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(0);
    home.run(&["close", "the page is up"]).expect_code(0);
    assert_intact(&home);
    let log = home.run(&["log", "show"]).expect_code(0);
    for wanted in
        ["us-east-1 dark", "RDS logs frozen at 23:00", "maintenance on", "calling:", "verified", "INSYNC"]
    {
        assert!(log.stdout.contains(wanted), "no {wanted:?} in\n{}", log.stdout);
    }
    let report = home.run(&["log", "report"]).expect_code(0);
    for wanted in ["# ", "us-east-1 dark", "maintenance on", "RDS logs frozen"] {
        assert!(report.stdout.contains(wanted), "no {wanted:?} in\n{}", report.stdout);
    }
    let export = home.run(&["log", "export"]).expect_code(0);
    let lines: Vec<Value> = export.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), all_entries(&logbook(&home)).len());
    let csv = home.run(&["log", "export", "--format", "csv"]).expect_code(0);
    assert!(csv.stdout.starts_with("time,session,seq,"), "{}", csv.stdout);
    for ran in [&log, &report, &export, &csv] {
        assert_clean(&ground.account, ran);
    }
    assert_no_secret_kept(&ground.account, &home);

    // A line that was never finished: reported, and everything before it still told.
    let strand = strands(&logbook(&home)).into_iter().max_by_key(|s| entries(s).len()).unwrap();
    let whole = fs::read(&strand).unwrap();
    let mut torn = whole.clone();
    torn.extend_from_slice(b"{\"v\":1,\"seq\":9999,\"ts\":\"2026-");
    fs::write(&strand, &torn).unwrap();
    let name = strand.file_name().unwrap().to_str().unwrap();
    let ran = home.run(&["log", "verify"]).expect_code(1);
    assert!(ran.stdout.contains(name) && ran.stdout.contains("torn"), "{}", ran.stdout);
    let ran = home.run(&["log", "show"]).expect_code(0);
    assert!(ran.stdout.contains("maintenance on") && ran.stderr.contains(name), "{}", ran.stderr);
    // And the next command still knows what was done.
    let ran = home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(1);
    assert!(ran.stderr.contains("in maintenance already"), "{}", ran.stderr);

    // A changed byte: broken, and where.
    let mut changed = whole.clone();
    let at = text_at(&whole, b"\"confirmed\"");
    let line = whole[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    changed[at + 1] = b'C';
    fs::write(&strand, &changed).unwrap();
    let ran = home.run(&["log", "verify"]).expect_code(3);
    assert!(ran.stdout.contains(&format!("{name}:{line}")), "{name}:{line} is not in\n{}", ran.stdout);
    // A strand that is gone although others saw it.
    fs::write(&strand, &whole).unwrap();
    assert_eq!(home.run(&["log", "verify"]).code, Some(0));
    fs::remove_file(&strand).unwrap();
    let ran = home.run(&["log", "verify"]).expect_code(3);
    assert!(ran.stdout.contains(name), "{}", ran.stdout);
}

fn text_at(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).unwrap()
}
