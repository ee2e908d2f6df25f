//! The apex and maintenance: there, back, and what somebody else changed meanwhile.

use serde_json::json;

use super::{EAST, apex, leads_to, points_at};
use crate::support::cli::Home;
use crate::support::estate::{ZONE, ground};
use crate::support::scene::{
    self, PAGE, assert_clean, assert_intact, assert_order, assert_untouched, entries, logbook, names,
    of_kind, story_of, strands,
};
use crate::support::standin::{Fault, Rule};

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
    assert_eq!(apex(&ground), before);
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
