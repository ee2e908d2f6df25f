//! An estate like the one of the 2012 outage, seeded and read through boto3: a client that is not ours, so that what the
//! binary claims to have done is read back by somebody else.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Mutex;

use serde_json::{Value, json};

use super::moto::{self, Account, Moto};
use super::standin::{Pace, StandIn};

/// The name of the seeded zone.
pub const ZONE: &str = "fitocracy.example";

/// An error of AWS, as boto3 tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// `InvalidChangeBatch`, …
    pub code: String,
    /// The sentence.
    pub message: String,
    /// The HTTP status; 0 where no answer came.
    pub status: u64,
}

/// boto3 in one account, through one stand-in.
pub struct Boto {
    child: Child,
    answers: Mutex<BufReader<ChildStdout>>,
}

impl Boto {
    /// Starts one.
    pub fn start(moto: &Moto, standin: &StandIn, account: &Account) -> Self {
        let mut child = Command::new(&moto.python)
            .arg(moto::here().join("estate.py"))
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", "/nonexistent")
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("AWS_ENDPOINT_URL", standin.url())
            .env("AWS_ACCESS_KEY_ID", &account.access_key)
            .env("AWS_SECRET_ACCESS_KEY", &account.secret_key)
            .env("AWS_SESSION_TOKEN", &account.session_token)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let answers = Mutex::new(BufReader::new(child.stdout.take().unwrap()));
        Self { child, answers }
    }

    fn ask(&self, line: &Value) -> Value {
        let mut answers = self.answers.lock().unwrap();
        let mut stdin = self.child.stdin.as_ref().unwrap();
        writeln!(stdin, "{line}").unwrap();
        stdin.flush().unwrap();
        let mut answer = String::new();
        answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer)
            .unwrap_or_else(|e| panic!("boto3 gave no answer to {line}: {e}: {answer:?}"))
    }

    /// Any boto3 call: `("ec2", "us-east-1", "describe_instances", json!({}))`.
    pub fn try_call(&self, service: &str, region: &str, call: &str, args: Value) -> Result<Value, Refused> {
        let mut answer = self.ask(&json!({"service": service, "region": region, "call": call, "args": args}));
        match answer.get("error") {
            None => Ok(answer["ok"].take()),
            Some(error) => Err(Refused {
                code: error["code"].as_str().unwrap_or_default().to_owned(),
                message: error["message"].as_str().unwrap_or_default().to_owned(),
                status: error["status"].as_u64().unwrap_or_default(),
            }),
        }
    }

    /// The same, where a refusal fails the test.
    pub fn call(&self, service: &str, region: &str, call: &str, args: Value) -> Value {
        match self.try_call(service, region, call, args) {
            Ok(value) => value,
            Err(refused) => panic!("{service} {call} in {region}: {refused:?}"),
        }
    }

    /// Every record set of a zone.
    pub fn records(&self, zone: &str) -> Vec<Value> {
        let answer =
            self.call("route53", "us-east-1", "list_resource_record_sets", json!({"HostedZoneId": zone}));
        answer["ResourceRecordSets"].as_array().cloned().unwrap_or_default()
    }

    /// The one record set of that name (without its final dot) and type.
    pub fn record(&self, zone: &str, name: &str, kind: &str) -> Option<Value> {
        let dotted = format!("{name}.");
        self.records(zone).into_iter().find(|set| set["Name"] == dotted && set["Type"] == kind)
    }

    /// Where a name points: the DNS name of its alias, or its values with commas between, or `-`.
    pub fn points_at(&self, zone: &str, name: &str, kind: &str) -> String {
        let Some(set) = self.record(zone, name, kind) else {
            return "-".to_owned();
        };
        if let Some(alias) = set["AliasTarget"]["DNSName"].as_str() {
            return alias.to_owned();
        }
        let values = set["ResourceRecords"].as_array().cloned().unwrap_or_default();
        values.iter().filter_map(|v| v["Value"].as_str()).collect::<Vec<_>>().join(",")
    }

    /// Every instance of a region, terminated ones too.
    pub fn instances(&self, region: &str) -> Vec<Value> {
        let answer = self.call("ec2", region, "describe_instances", json!({}));
        let reservations = answer["Reservations"].as_array().cloned().unwrap_or_default();
        reservations.iter().flat_map(|r| r["Instances"].as_array().cloned().unwrap_or_default()).collect()
    }

    /// One instance.
    pub fn instance(&self, region: &str, id: &str) -> Value {
        let all = self.instances(region);
        all.into_iter()
            .find(|i| i["InstanceId"] == id)
            .unwrap_or_else(|| panic!("no instance {id} in {region}"))
    }

    /// The ids registered with a classic balancer, sorted.
    pub fn registered(&self, region: &str, balancer: &str) -> Vec<String> {
        let answer =
            self.call("elb", region, "describe_load_balancers", json!({"LoadBalancerNames": [balancer]}));
        let instances =
            answer["LoadBalancerDescriptions"][0]["Instances"].as_array().cloned().unwrap_or_default();
        let mut ids: Vec<String> =
            instances.iter().filter_map(|i| i["InstanceId"].as_str().map(str::to_owned)).collect();
        ids.sort();
        ids
    }

    /// (id, state, reason code) of what is registered with a classic balancer, sorted. This is a poll.
    pub fn classic_health(&self, region: &str, balancer: &str) -> Vec<(String, String, String)> {
        let answer =
            self.call("elb", region, "describe_instance_health", json!({"LoadBalancerName": balancer}));
        three(&answer["InstanceStates"], |s| [&s["InstanceId"], &s["State"], &s["ReasonCode"]])
    }

    /// (id, state, reason) of a target group's targets, sorted. This is a poll.
    pub fn target_health(&self, region: &str, group: &str) -> Vec<(String, String, String)> {
        let answer = self.call("elbv2", region, "describe_target_health", json!({"TargetGroupArn": group}));
        three(&answer["TargetHealthDescriptions"], |t| {
            [&t["Target"]["Id"], &t["TargetHealth"]["State"], &t["TargetHealth"]["Reason"]]
        })
    }

    /// Seeds the estate, at moto's own speed whatever the pace, and gives its ids.
    pub fn seed(&self, standin: &StandIn) -> Estate {
        let pace = standin.pace();
        standin.set_pace(Pace::INSTANT);
        let mut answer = self.ask(&json!({"do": "seed"}));
        standin.settle();
        standin.set_pace(pace);
        standin.forget_calls();
        assert!(answer.get("error").is_none(), "seeding: {answer}");
        Estate(answer["ok"].take())
    }
}

fn three(list: &Value, pick: impl Fn(&Value) -> [&Value; 3]) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut rows: Vec<_> = list
        .as_array()
        .cloned()
        .unwrap_or_default()
        .iter()
        .map(|row| {
            let [id, state, reason] = pick(row);
            (text(id), text(state), text(reason))
        })
        .collect();
    rows.sort();
    rows
}

impl Drop for Boto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The ids of the seeded estate. In us-east-1: `web` (three instances), `grouped` (one of an Auto Scaling group),
/// `classic` (the balancer `web`), `alb`, `rds`; in us-west-1: `standby`, `classic` (the balancer `standby`); in
/// eu-west-1: `workers` (two), `nlb`; and the `zone`.
#[derive(Debug, Clone)]
pub struct Estate(pub Value);

impl Estate {
    /// One id, by its path: `"/us-east-1/web/0"`, `"/zone/id"`, `"/us-west-1/classic/dns"`.
    pub fn id(&self, path: &str) -> &str {
        self.0
            .pointer(path)
            .and_then(Value::as_str)
            .unwrap_or_else(|| panic!("no {path} in the estate: {}", self.0))
    }

    /// A list of ids, by its path: `"/us-east-1/web"`.
    pub fn ids(&self, path: &str) -> Vec<String> {
        let list = self.0.pointer(path).and_then(Value::as_array);
        let list = list.unwrap_or_else(|| panic!("no {path} in the estate: {}", self.0));
        list.iter().filter_map(|id| id.as_str().map(str::to_owned)).collect()
    }
}

/// Everything an end-to-end test stands on.
pub struct Ground {
    /// The shared moto.
    pub moto: &'static Moto,
    /// The stand-in of this test.
    pub standin: StandIn,
    /// The account of this test.
    pub account: Account,
    /// boto3 through the stand-in.
    pub boto: Boto,
    /// What was seeded.
    pub estate: Estate,
}

/// A stand-in, an account and a seeded estate for one test; `None` where moto is opted out of.
pub fn ground(skipping: &str) -> Option<Ground> {
    let moto = moto::shared(skipping)?;
    let standin = StandIn::start(moto);
    let account = moto.account();
    let boto = Boto::start(moto, &standin, &account);
    let estate = boto.seed(&standin);
    Some(Ground { moto, standin, account, boto, estate })
}
