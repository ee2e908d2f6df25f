//! Scenario files: every shipped one plays to its end, and a bad one is refused with its line and the thing's name.

use super::{Hand, Scenario};
use crate::incident::place::Service;

#[test]
fn every_shipped_scenario_loads_and_plays() {
    for name in Scenario::names() {
        let scenario = Scenario::shipped(name).unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(scenario.name, name);
        assert!(scenario.start <= scenario.strikes_at && scenario.strikes_at <= scenario.open_at);
        assert!(!scenario.sites.is_empty() && !scenario.estate.regions.is_empty());
        for site in &scenario.sites {
            assert!(site.probe.is_some(), "{name} {}", site.name);
            for target in &site.targets {
                let Some(balancer) = &target.balancer else {
                    continue;
                };
                assert!(
                    scenario
                        .state
                        .balancers
                        .iter()
                        .any(|b| b.name == *balancer && Some(&b.region) == target.region.as_ref()),
                    "{name}: target {} points at nothing",
                    target.name
                );
            }
        }
        let mut hand = Hand::on(name);
        for minute in (0..16 * 60).step_by(5) {
            hand.at_minute(minute);
            for region in scenario.estate.regions.clone() {
                for service in Service::REGIONAL {
                    let _ = hand.sweep(&region, service);
                }
            }
            let _ = hand.sweep("global", Service::Route53);
        }
    }
    assert_eq!(
        Scenario::shipped("storm").unwrap_err().to_string(),
        "storm: there is no such scenario; shipped are 2012-storm, 2025-dynamodb-dns, az-loss, quiet"
    );
}

fn complaint(add: &str) -> String {
    let text = include_str!("../../../../scenarios/quiet.toml").to_owned() + "\n" + add;
    Scenario::parse("mine.toml", &text).unwrap_err().to_string()
}

#[test]
fn a_bad_scenario_is_refused_with_its_line_and_the_name_of_the_thing() {
    let lines = include_str!("../../../../scenarios/quiet.toml").lines().count();
    let at = |complaint: &str| {
        let mut parts = complaint.splitn(4, ':');
        assert_eq!(parts.next(), Some("mine.toml"));
        parts.next().unwrap().parse::<usize>().unwrap()
    };
    for (add, says) in [
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-wst-1\"\nservice = \"ec2\"\nfault = \"dark\"",
            "no region \"eu-wst-1\" in this scenario; it has eu-central-1, eu-west-1, global",
        ),
        ("[[event]]\nat = \"soon\"\nstory = \"x\"", "\"soon\" is no span of time"),
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\nservice = \"s3\"\nfault = \"dark\"",
            "no service \"s3\"; there are ec2, rds, elb, elbv2, route53, sts",
        ),
        ("[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\nservice = \"ec2\"\nfault = \"drak\"", "drak"),
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\nservice = \"ec2\"",
            "either fault = \"…\" or clear = true",
        ),
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\nservice = \"ec2\"\nfault = \"slow\"",
            "needs latency_ms",
        ),
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\nservice = \"ec2\"\nfault = \"dark\"\nrate = 2.0",
            "rate 2 is not between",
        ),
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\ninstance = \"app-1\"\ntruth = \"dead\"",
            "no instance \"app-1\" in eu-west-1",
        ),
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-west-1\"\ndatabase = \"orders\"\ntruth = \"dead\"",
            "no database \"orders\" in eu-west-1",
        ),
        (
            "[[event]]\nat = \"+5m\"\nregion = \"eu-central-1\"\ndatabase = \"orders\"\nrestorable = \"maybe\"",
            "restorable \"maybe\"",
        ),
        ("[[event]]\nat = \"+5m\"", "event at +5m: nothing happens in it"),
        (
            "[[event]]\nat = \"+5m\"\naccount = \"dev\"\ncredentials = \"expired\"",
            "no account with profile \"dev\"",
        ),
        ("[[evnet]]\nat = \"+5m\"", "evnet"),
        (
            "[[balancer]]\naccount = \"prod\"\nregion = \"eu-west-1\"\nname = \"page\"\nkind = \"classic\"",
            "balancer \"page\": eu-west-1 has two",
        ),
        (
            "[[fleet]]\naccount = \"prod\"\nregion = \"eu-west-1\"\nname = \"x\"\ncount = 2\nzones = [\"a\"]\nimage = \"ami-0ca1ab1e0000page\"\ntype = \"t\"",
            "several instances need {n}",
        ),
        (
            "[[fleet]]\naccount = \"prod\"\nregion = \"eu-west-1\"\nname = \"x\"\nzones = [\"a\"]\nimage = \"ami-none\"\ntype = \"t\"",
            "no image \"ami-none\"",
        ),
        (
            "[[zone]]\naccount = \"prod\"\nname = \"z.example\"\n[[zone.record]]\ntype = \"A\"\nvalues = [\"1.2.3.4\"]",
            "zone \"z.example\": record z.example.: give either",
        ),
        ("[[site]]\nname = \"s\"\nzone = \"nowhere.example\"", "site \"s\": there is no public zone"),
        ("[[account]]\nprofile = \"x\"\nid = \"12\"", "not twelve digits"),
        (
            "[[snapshot]]\naccount = \"prod\"\nregion = \"eu-west-1\"\nname = \"s\"\nsource = \"d\"\nkind = \"manual\"\ncreated = \"-99999999d\"\nengine = \"e\"\nsize_gib = 1",
            "snapshot \"s\"",
        ),
        (
            "[[database]]\naccount = \"prod\"\nregion = \"eu-west-1\"\nid = \"d\"\nengine = \"mysql\"\nengine_version = \"8\"\nclass = \"c\"\nport = 3306\nstorage_gib = 1\nbackup_retention_days = 2147483647\nbackup_at = \"02:30\"",
            "database \"d\": backup_retention_days 2147483647 is not between 0 and 35",
        ),
        ("[[host]]\naddress = \"not an address\"\nserves = { status = 200 }", "address"),
    ] {
        let complaint = complaint(add);
        assert!(complaint.contains(says), "{complaint}\n  lacks {says}");
        assert!(at(&complaint) > lines, "{complaint}");
    }
}

#[test]
fn rubbish_is_refused_and_never_panics() {
    for text in ["", "name", "name = 3", "\u{feff}", "[estate]\nname=\"x\"", "start = \"…\""] {
        assert!(Scenario::parse("x", text).is_err());
    }
    let good = include_str!("../../../../scenarios/2012-storm.toml");
    for cut in (0..good.len()).step_by(97) {
        if let Some(part) = good.get(..cut) {
            let _ = Scenario::parse("cut", part);
        }
    }
}
