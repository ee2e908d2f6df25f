//! A small estate and what befalls it, as the text of a scenario: so that what a seed plays can be read, and is checked
//! like any other scenario.

use super::chance::Chance;
use blackstart::cloud::sim::{FAULT_WORDS, Scenario};
use std::fmt::Write as _;

const REGIONS: [&str; 3] = ["eu-central-1", "eu-west-1", "us-east-1"];
const SERVICES: [&str; 7] = ["ec2", "rds", "elb", "elbv2", "route53", "sts", "*"];

/// Nights that one outage is played for: each has other operators, disks, kills and latencies.
pub const NIGHTS: u64 = 16;

/// An outage: the scenario, and how many of its seconds are played.
#[derive(Clone)]
pub struct Outage {
    pub text: String,
    pub scenario: Scenario,
    /// The same estate on the evening before.
    pub quiet: Scenario,
    pub seconds: i64,
    /// When every fault is lifted, so that what really happened can be read: seconds after the start.
    pub clear_at: i64,
}

/// Long after everything was played.
const CLEAR_AT_S: i64 = 1_800;

impl Outage {
    /// The outage that a seed is played in.
    pub fn of(seed: u64) -> Self {
        let number = seed / NIGHTS;
        // Not the dice of the night of the same number.
        let mut chance = Chance::of(!number);
        // Most are short; some last until plans and evidence have grown old.
        let seconds = if chance.percent(94) { chance.between(8, 20) } else { chance.between(70, 130) };
        let regions = &REGIONS[..*chance.pick(&[&1, &1, &2, &2, &3])];
        let mut text = estate(number, regions, &mut chance);
        let quiet = Scenario::parse("seed", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        silence(&mut text, number, seconds);
        for _ in 0..chance.between(0, 7) {
            event(&mut text, regions, seconds, &mut chance);
        }
        write!(
            text,
            "\n[[event]]\nat = \"+{CLEAR_AT_S}s\"\nregion = \"*\"\nservice = \"*\"\nclear = true\n\
             \n[[event]]\nat = \"+{CLEAR_AT_S}s\"\naccount = \"prod\"\ncredentials = \"valid\"\n"
        )
        .unwrap();
        let scenario = Scenario::parse("seed", &text).unwrap_or_else(|error| panic!("{error}\n{text}"));
        Self { text, scenario, quiet, seconds, clear_at: CLEAR_AT_S }
    }
}

/// STS, or everything, may be dark from the beginning.
fn silence(text: &mut String, number: u64, seconds: i64) {
    // Dice of its own: what else a number draws stays what it was.
    let mut chance = Chance::of(!number ^ 0x5354_5300);
    if !chance.percent(35) {
        return;
    }
    let service = chance.pick(&["sts", "sts", "*"]);
    let fault = chance.pick(&["dark", "hang", "unavailable", "throttle", "garbled"]);
    let until = chance.between(1, seconds * 3 / 2);
    write!(
        text,
        "\n[[event]]\nat = \"+0s\"\nregion = \"*\"\nservice = \"{service}\"\nfault = \"{fault}\"\n\
         \n[[event]]\nat = \"+{until}s\"\nregion = \"*\"\nservice = \"{service}\"\nclear = true\n"
    )
    .unwrap();
}

fn estate(seed: u64, regions: &[&str], chance: &mut Chance) -> String {
    let list = regions.iter().map(|region| format!("{region:?}")).collect::<Vec<_>>().join(", ");
    let sync = chance.between(2, 20);
    let mut text = format!(
        r#"name = "seed"
description = "An outage drawn from a seed."
seed = {seed}
start = "2026-03-11T09:00:00Z"
strikes = "+0s"
open_at = "+0s"
[estate]
name = "harbour"
regions = [{list}]
profiles = ["prod"]
[[account]]
profile = "prod"
id = "111122223333"
[[region]]
name = "global"
latency_ms = 90
in_sync = "{sync}s"
[[host]]
address = "203.0.113.10"
serves = {{ status = 503, body = "Back soon", label = "maintenance page" }}
[[zone]]
account = "prod"
name = "harbour.example"
  [[zone.record]]
  type = ["A", "AAAA"]
  alias = {{ region = "{}", balancer = "web" }}
[[site]]
name = "shop"
zone = "harbour.example"
probe = {{ url = "https://harbour.example/", body = "Harbour" }}
  [[site.target]]
  name = "page"
  kind = "address"
  addresses = ["203.0.113.10"]
  ttl = 30
  maintenance = true
"#,
        regions[0]
    );
    for (index, region) in regions.iter().enumerate() {
        let (latency, boot, register) =
            (chance.between(20, 300), chance.between(2, 12), chance.between(1, 9));
        let count = chance.between(1, 3);
        write!(
            text,
            r#"[[region]]
name = "{region}"
latency_ms = {latency}
boot = "{boot}s"
checks = "3s"
register = "{register}s"
drain = "5s"
restore = "12s"
restore_per_log_hour = "1s"
[[image]]
account = "prod"
region = "{region}"
id = "ami-{index}"
serves = {{ status = 200, body = "Harbour Books" }}
[[fleet]]
account = "prod"
region = "{region}"
name = "app-{{n}}"
count = {count}
zones = ["{region}a", "{region}b"]
image = "ami-{index}"
type = "m6g.large"
user_data = "aGVsbG8="
"#
        )
        .unwrap();
        if index > 0 {
            let name = ["west", "east"][index - 1];
            write!(
                text,
                "[[balancer]]\naccount = \"prod\"\nregion = \"{region}\"\nname = \"web\"\nkind = \"classic\"\ntargets = [\"app-*\"]\n"
            )
            .unwrap();
            let target = format!(
                "  [[site.target]]\n  name = \"{name}\"\n  kind = \"elb\"\n  region = \"{region}\"\n  balancer = \"web\"\n"
            );
            let site = text.find("  [[site.target]]").unwrap();
            text.insert_str(site, &target);
        } else {
            home(&mut text, region, chance);
        }
    }
    text
}

/// The region that the site lives in: behind either kind of balancer, with a database.
fn home(text: &mut String, region: &str, chance: &mut Chance) {
    let site = text.find("  [[site.target]]").unwrap();
    let kind = if chance.percent(50) {
        write!(
            text,
            "[[balancer]]\naccount = \"prod\"\nregion = \"{region}\"\nname = \"web\"\nkind = \"classic\"\ntargets = [\"app-*\"]\n"
        )
        .unwrap();
        "elb"
    } else {
        write!(
            text,
            "[[balancer]]\naccount = \"prod\"\nregion = \"{region}\"\nname = \"web\"\nkind = \"application\"\n\
             [[target_group]]\naccount = \"prod\"\nregion = \"{region}\"\nname = \"web-http\"\nprotocol = \"HTTP\"\n\
             port = 8080\nbalancers = [\"web\"]\ntargets = [\"app-*\"]\n"
        )
        .unwrap();
        "alb"
    };
    text.insert_str(
        site,
        &format!(
            "  [[site.target]]\n  name = \"live\"\n  kind = \"{kind}\"\n  region = \"{region}\"\n  balancer = \"web\"\n"
        ),
    );
    write!(
        text,
        r#"[[database]]
account = "prod"
region = "{region}"
id = "orders"
engine = "mysql"
engine_version = "8.0.35"
class = "db.r6g.large"
port = 3306
storage_gib = 100
backup_retention_days = 2
backup_at = "02:30"
"#
    )
    .unwrap();
}

fn event(text: &mut String, regions: &[&str], seconds: i64, chance: &mut Chance) {
    // Most trouble is there early: a night is short.
    let at = chance.between(0, seconds * 2 / 3);
    let until = at + chance.between(5, seconds);
    let region = chance.pick(regions);
    let home = regions[0];
    let mut add = |at: i64, body: &str| write!(text, "\n[[event]]\nat = \"+{at}s\"\n{body}\n").unwrap();
    match chance.between(0, 19) {
        0..=9 => {
            let service = chance.pick(&SERVICES);
            let region = if service == "route53" || chance.percent(15) { "*" } else { region };
            let fault = chance.pick(&FAULT_WORDS);
            let rate = chance.pick(&["1.0", "0.6", "0.25"]);
            let hits = chance.pick(&["all", "reads", "writes", "writes"]);
            let mut body = format!(
                "region = \"{region}\"\nservice = \"{service}\"\nfault = \"{fault}\"\nrate = {rate}\nhits = \"{hits}\""
            );
            if fault == "slow" {
                write!(body, "\nlatency_ms = {}", chance.between(500, 20_000)).unwrap();
            }
            if hits != "reads" && chance.percent(60) {
                body.push_str("\nperforms = true");
            }
            if hits != "writes" && chance.percent(50) {
                body.push_str("\nafter_pages = 1");
            }
            add(at, &body);
            if chance.percent(70) {
                add(until, &format!("region = \"{region}\"\nservice = \"{service}\"\nclear = true"));
            }
        }
        10 => {
            let claim = chance.pick(&["running", "stopped", "pending", "shutting-down"]);
            let truth = chance.pick(&["dead", "up"]);
            add(
                at,
                &format!(
                    "region = \"{region}\"\ninstance = \"app-1\"\nclaim = \"{claim}\"\ntruth = \"{truth}\""
                ),
            );
        }
        11 => add(at, &format!("region = \"{region}\"\ninstance = [\"app-1\"]\nchecks_claim = \"impaired\"")),
        12 | 13 => {
            let truth = chance.pick(&["refused", "dead"]);
            add(
                at,
                &format!(
                    "region = \"{home}\"\ndatabase = \"orders\"\ntruth = \"{truth}\"\nclaim = \"available\"\nrestorable = \"frozen\""
                ),
            );
            if chance.percent(50) {
                add(
                    until,
                    &format!(
                        "region = \"{home}\"\ndatabase = \"orders\"\ntruth = \"up\"\nclaim = \"truth\"\nrestorable = \"live\""
                    ),
                );
            }
        }
        14 => {
            let stuck = chance.pick(&["stuck", "lost"]);
            add(at, &format!("region = \"{region}\"\nregistering = \"{stuck}\""));
            add(until, &format!("region = \"{region}\"\nregistering = \"moving\""));
        }
        15 => {
            let which = chance.pick(&["launches", "restores"]);
            add(at, &format!("region = \"{region}\"\n{which} = \"InsufficientInstanceCapacity\""));
            add(until, &format!("region = \"{region}\"\n{which} = \"ok\""));
        }
        16 => {
            add(at, &format!("region = \"{region}\"\ncut_off = true"));
            add(until, &format!("region = \"{region}\"\ncut_off = false"));
        }
        17 => add(at, &format!("in_sync = \"{}\"", chance.pick(&["never", "0s", "90s"]))),
        18 => {
            let credentials = chance.pick(&["expired", "refused"]);
            add(at, &format!("account = \"prod\"\ncredentials = \"{credentials}\""));
            add(until, "account = \"prod\"\ncredentials = \"valid\"");
        }
        _ => add(at, &format!("host = \"203.0.113.10\"\ntruth = \"{}\"", chance.pick(&["dead", "up"]))),
    }
}
