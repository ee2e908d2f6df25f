//! Cells that fail well: a zone that is lost, credentials that end, a region that swallows everything, a throttled API;
//! and what no sweep ever asks. The product as a whole, on a scenario or as the real binary on an endpoint.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::crew::{Crew, scenario};
use crate::support::cli::Home;
use crate::support::estate::{Ground, ground};
use crate::support::pty::{DESIGN, Pty};
use crate::support::scene::{self, assert_clean, assert_no_secret_kept, config, names};
use crate::support::standin::{Call, Fault, Rule};
use blackstart::app::Slowed;
use blackstart::app::message::{Effect, Message};
use blackstart::incident::cell::{Health, STALE_AFTER_S, SweepStatus};
use blackstart::incident::entry::Mode;
use blackstart::incident::place::{Kind, Region, Service};
use blackstart::incident::plan::Action;
use blackstart::incident::request::BalancerRef;
use blackstart::incident::resource::Resource;

const EAST: &str = "us-east-1";

/// Waits until it holds, within bounds; on what happens, not on the clock.
#[track_caller]
fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_secs(90), "waited in vain: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

fn cell<'a>(status: &'a Value, region: &str, service: &str) -> &'a Value {
    let cells = status["cells"].as_array().unwrap();
    cells.iter().find(|cell| cell["region"] == region && cell["service"] == service).unwrap()
}

// ---- a zone

#[test]
fn a_lost_zone_hides_no_other_and_takes_no_row() {
    let mut crew = Crew::on(scenario("az-loss", ""));
    crew.sit("ines", Mode::Demo);
    crew.at_minute(18);
    let rows = crew.seats[0].app.incident.of_kind(Kind::Instance).count();
    assert_eq!(rows, 8);
    let mut partial = 0;
    for minute in 24..60 {
        crew.at_minute(minute);
        let app = &crew.seats[0].app;
        let (_, cell) = app
            .incident
            .cells
            .iter()
            .find(|(place, _)| place.service == Service::Ec2 && place.scope.region == Region::new(EAST))
            .unwrap();
        let SweepStatus::Partial { answered, failed, .. } = &cell.status else { panic!("{:?}", cell.status) };
        assert_eq!(answered, &["us-east-1a", "us-east-1c"]);
        assert_eq!(failed.iter().map(|f| f.zone.as_str()).collect::<Vec<_>>(), ["us-east-1b"]);
        partial += 1;
        for seen in app.incident.of_kind(Kind::Instance) {
            let key = seen.resource.key();
            let age = app.now.duration_since(app.incident.as_of(key).unwrap()).as_secs();
            let (health, _) = app.incident.health(key, app.now);
            if seen.resource.zone() == Some("us-east-1b") {
                // What is asked for itself, and does not answer, is more than stale.
                assert!(matches!(health, Health::Stale | Health::Lie), "{key}: {health:?}");
                assert!(age >= (minute - 21) * 60, "{key}: {age}");
            } else {
                assert!(age <= STALE_AFTER_S && health != Health::Stale, "{key}: {age} {health:?}");
            }
        }
        assert_eq!(app.incident.of_kind(Kind::Instance).count(), rows);
    }
    assert_eq!(partial, 36);
    let story: Vec<&str> = crew.seats[0].app.incident.story.iter().map(|e| e.text.as_str()).collect();
    assert!(story.iter().any(|text| text.contains("zones 2/3")), "{story:#?}");
    // After it, everything is whole again, and said to be.
    crew.at_minute(200);
    let app = &crew.seats[0].app;
    assert!(app.incident.cells.values().all(|cell| cell.is_ok() && cell.zones.is_empty()));
    assert!(app.incident.story.iter().any(|e| e.text.contains("answers again")));
}

/// One more instance, in another zone of us-east-1 than all the others; its id.
fn in_another_zone(ground: &Ground) -> (String, String) {
    let call = |name: &str, args: Value| ground.boto.call("ec2", EAST, name, args);
    let zone_of = |subnet: &Value| subnet["AvailabilityZone"].as_str().unwrap().to_owned();
    let here = ground.boto.instance(EAST, ground.estate.id("/us-east-1/web/0"));
    let used = here["Placement"]["AvailabilityZone"].as_str().unwrap().to_owned();
    let subnets = call("describe_subnets", json!({}))["Subnets"].as_array().cloned().unwrap();
    let other = subnets.iter().find(|subnet| zone_of(subnet) != used).unwrap();
    let launched = call(
        "run_instances",
        json!({
            "ImageId": here["ImageId"], "MinCount": 1, "MaxCount": 1, "InstanceType": "m5.large",
            "SubnetId": other["SubnetId"],
            "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "far-1"}]}],
        }),
    );
    ground.standin.settle();
    (launched["Instances"][0]["InstanceId"].as_str().unwrap().to_owned(), zone_of(other))
}

#[test]
fn the_real_binary_asks_zone_by_zone_where_ec2_lists_nothing_any_more() {
    let Some(ground) = ground("a lost availability zone") else {
        return;
    };
    let (far, zone) = in_another_zone(&ground);
    let home = scene::home(&ground);
    let mut pty = Pty::start(&home, DESIGN, &[]);
    pty.press("2");
    for row in ["web-1", "far-1", "worker-"] {
        pty.wait_for(row);
    }
    pty.press("1");
    pty.wait_until("everything is read", |screen| !screen.contains("asking") && !screen.contains("of 4"));
    ground.standin.forget_calls();
    let lost = Fault::ZoneLost(zone.clone());
    let rule = ground.standin.rule(Rule::new(lost).region(EAST).service("ec2").action("Describe*"));
    pty.press("2");
    pty.press("R");
    pty.wait_for("us-east-1 ec2 zones 1/2");
    pty.wait_for(&format!("rows of {zone} are the last known ones, new ones are not seen"));
    let screen = pty.wait_until("the lost one is stale", |s| {
        s.lines().any(|line| line.contains("far-1") && line.contains("stale"))
    });
    let line = screen.lines().find(|line| line.contains("web-1")).unwrap();
    assert!(!line.contains("stale"), "{line}");
    // Each zone was asked for its own, by id, and not for the other's.
    let by_id: Vec<Call> = ground
        .standin
        .calls_of("ec2", "DescribeInstances")
        .into_iter()
        .filter(|call| call.params.contains_key("InstanceId.1"))
        .collect();
    assert!(!by_id.is_empty());
    for call in &by_id {
        let ids: BTreeSet<&String> = call
            .params
            .iter()
            .filter(|(name, _)| name.starts_with("InstanceId."))
            .map(|(_, id)| id)
            .collect();
        assert!(!ids.contains(&far) || ids.len() == 1, "{ids:?}");
    }
    // It is well again.
    ground.standin.lift(rule);
    pty.press("R");
    pty.wait_gone("stale");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    scene::assert_intact(&home);
}

// ---- what is never asked

/// Fails if a request leans on anything global, or is no plain read.
#[track_caller]
fn assert_regional(calls: &[Call], regions: &[&str]) {
    assert!(!calls.is_empty());
    for call in calls {
        let what = format!("{} {}:{}", call.region, call.service, call.action);
        let fine = match call.service.as_str() {
            "ec2" | "rds" | "elb" | "elbv2" => {
                regions.contains(&call.region.as_str())
                    && call.action.starts_with("Describe")
                    && !["DescribeRegions", "DescribeAvailabilityZones"].contains(&call.action.as_str())
            }
            // Its only endpoint.
            "route53" => call.action.starts_with("List") || call.action.starts_with("Get"),
            // The global one signs us-east-1, which is no region of this estate.
            "sts" => regions.contains(&call.region.as_str()) && call.action == "GetCallerIdentity",
            _ => false,
        };
        assert!(fine, "{what} is on the path of a sweep; all: {:?}", names(calls));
    }
}

#[test]
fn no_sweep_and_no_refresh_asks_anything_global() {
    let Some(ground) = ground("nothing global on the refresh path") else {
        return;
    };
    const AWAY: [&str; 2] = ["us-west-1", "eu-west-1"];
    let regions = ["--region", AWAY[0], "--region", AWAY[1]];
    let home = Home::of(&ground.standin, &ground.account).config("[estate]\nname = \"away\"\n");
    home.run(&[&["status", "--json"][..], &regions].concat()).expect_code(0);
    assert_regional(&ground.standin.calls(), &AWAY);
    ground.standin.forget_calls();
    let mut pty = Pty::start(&home, DESIGN, &regions);
    pty.press("2");
    pty.wait_for("standby-1");
    pty.wait_for("worker-eu-1");
    let before = ground.standin.calls_of("rds", "DescribeDBInstances").len();
    pty.press("R");
    ground.standin.wait_for_calls("rds", "DescribeDBInstances", before + AWAY.len());
    // Nor where AWS refuses what we have, and credentials are looked for again.
    let rule = ground.standin.rule(Rule::new(Fault::Expired));
    pty.press("1");
    pty.press("R");
    pty.wait_for("have expired");
    ground.standin.lift(rule);
    pty.press("R");
    pty.wait_for("are valid again");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    assert_regional(&ground.standin.calls(), &AWAY);
}

// ---- credentials

/// A credentials file with these keys as the default profile.
fn credentials_file(account: &crate::support::moto::Account) -> String {
    format!(
        "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
        account.access_key, account.secret_key, account.session_token
    )
}

#[test]
fn a_login_in_another_window_is_picked_up_by_the_running_cockpit() {
    let Some(ground) = ground("credentials that are renewed in a file") else {
        return;
    };
    let renewed = ground.moto.assume(ground.account.id.parse().unwrap());
    let home = Home::new()
        .with("AWS_ENDPOINT_URL", &ground.standin.url())
        .config(&config())
        .file(".aws/credentials", &credentials_file(&ground.account));
    let mut pty = Pty::start(&home, DESIGN, &[]);
    pty.press("2");
    pty.wait_for("web-1");
    pty.press("1");
    ground.standin.rule(Rule::new(Fault::Expired).access_key(&ground.account.access_key));
    pty.press("R");
    // The cells say so at once; that the story has it is what its end is told by.
    pty.wait_for("have expired");
    ground.standin.forget_calls();
    fs::write(home.path().join(".aws/credentials"), credentials_file(&renewed)).unwrap();
    pty.press("R");
    pty.wait_for("are valid again");
    let calls = ground.standin.calls();
    assert!(calls.iter().any(|call| call.access_key == renewed.access_key), "{:?}", names(&calls));
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    for account in [&ground.account, &renewed] {
        assert_no_secret_kept(account, &home);
    }
}

#[test]
fn an_assumed_role_comes_from_a_regions_own_sts_and_its_end_is_told() {
    let Some(ground) = ground("a role that is assumed") else {
        return;
    };
    let profiles = format!(
        "[profile ops]\nrole_arn = arn:aws:iam::{}:role/ops\nsource_profile = default\nregion = eu-west-1\n",
        ground.account.id
    );
    let home = Home::new()
        .with("AWS_ENDPOINT_URL", &ground.standin.url())
        // The days when the SDK asked the global endpoint are over, whatever old surroundings say.
        .with("AWS_STS_REGIONAL_ENDPOINTS", "legacy")
        .config(&config())
        .file(".aws/credentials", &credentials_file(&ground.account))
        .file(".aws/config", &profiles);
    let ran = home.run(&["status", "--json", "--profile", "ops"]).expect_code(0);
    assert_clean(&ground.account, &ran);
    let assumed = ground.standin.calls_of("sts", "AssumeRole");
    assert_eq!(assumed.len(), 1, "once for all cells");
    assert_eq!(assumed[0].region, "eu-west-1");
    let status = ran.json();
    let held = &status["credentials"][0];
    assert_eq!(held["profile"], "ops");
    let left = held["seconds_left"].as_i64().unwrap();
    assert!((60..=3600).contains(&left), "{held}");
    assert_eq!(held["renewal"], Value::Null);
    let text = home.run(&["status", "--profile", "ops"]).expect_code(0).stdout;
    assert!(text.contains("credentials of ops: end in"), "{text}");
    let pty = Pty::start(&home, DESIGN, &["--profile", "ops"]);
    pty.wait_until("the countdown", |screen| screen.lines().next().is_some_and(|l| l.contains("creds ")));
}

// ---- a region that swallows everything, an API that says no

#[test]
fn an_action_goes_at_once_through_an_api_that_is_not_polled_for_being_throttled() {
    let event =
        "[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\nservice = \"elbv2\"\nfault = \"throttle\"\n";
    let mut crew = Crew::on(scenario("quiet", event));
    crew.sit("adam", Mode::Demo);
    crew.at_minute(8);
    let place = |crew: &Crew, service: Service| {
        let places = crew.seats[0].app.schedule.keys();
        let mut here = places.filter(|p| p.service == service && p.scope.region == Region::new("eu-west-1"));
        here.next().unwrap().clone()
    };
    let (classic, v2) = (place(&crew, Service::Elb), place(&crew, Service::ElbV2));
    // Classic balancers share the bucket with the v2 ones that are throttled: nothing is polled from it for a while.
    let held = |crew: &Crew| matches!(crew.seats[0].app.slowed(&classic), Some(Slowed::Held(s)) if s > 25);
    assert!(crew.wait_until(300, held), "{:?}", crew.seats[0].app.slowed(&v2));
    let page = crew.seats[0].app.incident.rows_of(&classic).find_map(|(_, seen)| match &seen.resource {
        Resource::Registration(row) => Some(row.target.clone()),
        _ => None,
    });
    let (scope, under) = (classic.scope.clone(), BalancerRef::Classic("page".into()));
    let action = Action::Deregister { scope, under, instances: vec![page.unwrap()] };
    let began = crew.now;
    crew.take(0, Message::Act(action));
    assert!(crew.wait_until(10, |crew| crew.seats[0].app.ready_plan().is_some()));
    let plan = crew.seats[0].app.ready_plan().unwrap().clone();
    crew.take(0, Message::Confirm { plan: plan.hash, typed: plan.confirm });
    assert!(crew.wait_until(10, |crew| !crew.seats[0].calls.is_empty()), "{:?}", crew.seats[0].app.notices);
    assert!(held(&crew) || matches!(crew.seats[0].app.slowed(&classic), Some(Slowed::Held(_))));
    let polled = crew.seats[0].effects.iter().filter(|(at, effect)| {
        *at > began
            && matches!(effect, Effect::Sweep(_, sweep) if sweep.place == classic || sweep.place == v2)
    });
    assert_eq!(polled.count(), 0, "polling waits, the action does not");
}

#[test]
fn one_black_holed_region_delays_no_other() {
    let Some(ground) = ground("a black-holed region") else {
        return;
    };
    let home = scene::home(&ground);
    let rule = ground.standin.rule(Rule::new(Fault::Hold).region(EAST).service("!route53"));
    let status = std::thread::scope(|scope| {
        let running = scope.spawn(|| home.run(&["status", "--json"]));
        // All that others are asked is answered, while nothing that the held region was asked is.
        let elsewhere = |calls: &[Call]| -> BTreeSet<(String, String)> {
            let done = calls.iter().filter(|call| call.status.is_some() && call.region != EAST);
            done.map(|call| (call.region.clone(), call.service.clone())).collect()
        };
        until("the other regions are done", || {
            let calls = ground.standin.calls();
            let waiting = calls.iter().any(|call| call.status.is_none() && call.region != EAST);
            elsewhere(&calls).len() >= 8 && !waiting
        });
        let held: Vec<Call> = ground
            .standin
            .calls()
            .into_iter()
            .filter(|call| call.region == EAST && call.service != "route53")
            .collect();
        assert!(!held.is_empty() && held.iter().all(|call| call.status.is_none()), "{:?}", names(&held));
        let status = running.join().unwrap();
        ground.standin.lift(rule);
        status
    })
    .expect_code(1)
    .json();
    for cell in status["cells"].as_array().unwrap() {
        let word = if cell["region"] == EAST { "timeout" } else { "ok" };
        assert_eq!(cell["status"], word, "{cell}");
    }
}

#[test]
fn a_throttled_api_is_polled_no_more_and_an_action_through_it_does_not_wait() {
    let Some(ground) = ground("a throttled API") else {
        return;
    };
    let home = scene::home(&ground);
    ground.standin.settle();
    // v2 and classic balancers share what AWS allows: one's no is the other's.
    let throttled =
        ground.standin.rule(Rule::error(400, "Throttling", "Rate exceeded").region(EAST).service("elbv2"));
    let web = ground.estate.ids("/us-east-1/web");
    ground.standin.forget_calls();
    let ran = home.run(&["do", "deregister", "web", &web[0], "--confirm", "web"]).expect_code(0);
    assert!(ran.stdout.contains("verified"), "{}", ran.stdout);
    let calls = ground.standin.calls();
    let no = calls.iter().position(|call| call.service == "elbv2" && call.status == Some(400)).unwrap();
    let done = calls.iter().position(|call| call.action == "DeregisterInstancesFromLoadBalancer").unwrap();
    assert!(no < done, "it was throttled first");
    // What the binary tries again of itself within a call is the same question.
    let asked = calls[..done].iter().filter(|c| c.service == "elbv2" && c.region == EAST).count();
    assert!(asked <= 4, "it was polled on: {:?}", names(&calls));
    ground.standin.lift(throttled);
    let status = home.run(&["status", "--json"]).expect_code(0).json();
    assert_eq!(cell(&status, EAST, "elbv2")["status"], "ok");
}
