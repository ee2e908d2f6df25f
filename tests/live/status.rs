//! What is seen: three regions, two accounts, and what of them has which state.

use serde_json::{Value, json};

use super::{WEST, ids, key, leads_to, rows, sorted};
use crate::support::cli::Home;
use crate::support::estate::{Boto, ZONE, ground};
use crate::support::scene::{
    self, assert_clean, assert_no_secret_kept, assert_untouched, config, logbook, names, strands,
};

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
