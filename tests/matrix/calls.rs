//! Every fault on every call that changes something: what its outcome is in the log, how the action stands in the end,
//! and that no call is made a second time.
//!
//! Where the outcome is unknown the call is carried out and its answer is what fails: the case in which a second call
//! would do harm. What becomes of a call that was not carried out and is unknown all the same is the same check, read
//! until its patience ends: `together::a_switch_whose_answer_was_lost_and_that_was_not_done_stays_unknown`.

use serde_json::{Value, json};

use super::stage::{SICK, config, everywhere, fault};
use super::table::{CALLINGS, CALLS, Calling};
use crate::support::cli::{Home, Ran};
use crate::support::door::Door;
use crate::support::estate::{Ground, ground};
use crate::support::scene::{assert_clean, assert_intact};
use crate::support::standin::{Fault, Rule};
use crate::support::trouble::Trouble;

/// An estate of its own, with two instances that belong to nothing.
struct Site {
    ground: Ground,
    /// Registered and taken out again.
    spare: String,
    /// Launched again and again.
    worn: String,
}

fn site() -> Option<Site> {
    let ground = ground("calls under faults")?;
    let [spare, worn] = ["spare", "worn"].map(|name| launch(&ground, name));
    ground.standin.settle();
    Some(Site { ground, spare, worn })
}

fn launch(ground: &Ground, name: &str) -> String {
    let args = json!({
        "ImageId": ground.estate.id("/us-east-1/image"),
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": "m5.large",
        "SubnetId": ground.estate.id("/us-east-1/subnets/0"),
        "SecurityGroupIds": [ground.estate.id("/us-east-1/groups/web")],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
    });
    let answer = ground.boto.call("ec2", SICK, "run_instances", args);
    answer["Instances"][0]["InstanceId"].as_str().unwrap().to_owned()
}

impl Site {
    fn home(&self) -> Home {
        Home::of(&self.ground.standin, &self.ground.account).config(&config(&self.ground.standin))
    }

    /// The words of the action whose call stands in that column, and what confirms it. The apex goes to and fro.
    fn action(&self, column: usize, round: usize) -> (Vec<&str>, &str) {
        let target = if round.is_multiple_of(2) { "page" } else { "east" };
        match CALLS[column].0 {
            "relaunch" => (vec!["relaunch", &self.worn], &self.worn),
            "restore" => (vec!["restore", "fito-db-before-release"], "fito-db"),
            "register" => (vec!["register", "web", &self.spare], "web"),
            "register (target group)" => {
                (vec!["register", "fito-alb-targets", &self.spare], "fito-alb-targets")
            }
            "apex" => (vec!["apex", "www", target], "www"),
            other => panic!("no action for the column {other}"),
        }
    }

    /// What the calls change, as boto3 reads it.
    fn state(&self) -> Value {
        let boto = &self.ground.boto;
        let group = self.ground.estate.id("/us-east-1/alb/group");
        let targets = boto.target_health(SICK, group).into_iter().filter(|row| row.1 != "draining");
        let databases = boto.call("rds", SICK, "describe_db_instances", json!({}));
        json!({
            "instances": boto.instances(SICK).len(),
            "databases": databases["DBInstances"].as_array().unwrap().len(),
            "registered": boto.registered(SICK, "web"),
            "targets": targets.map(|row| row.0).collect::<Vec<_>>(),
            "apex": boto.points_at(self.ground.estate.id("/zone/id"), crate::support::estate::ZONE, "A"),
        })
    }

    /// Takes the spare instance out of both balancers again.
    fn take_out(&self) {
        let boto = &self.ground.boto;
        let args = json!({"LoadBalancerName": "web", "Instances": [{"InstanceId": self.spare}]});
        boto.call("elb", SICK, "deregister_instances_from_load_balancer", args);
        let group = self.ground.estate.id("/us-east-1/alb/group");
        let args = json!({"TargetGroupArn": group, "Targets": [{"Id": self.spare}]});
        boto.call("elbv2", SICK, "deregister_targets", args);
        self.ground.standin.settle();
    }

    /// Carries all five actions out at once, each from a home of its own, and gives what each said.
    fn act(&self, row: &Calling, round: usize) -> Vec<Value> {
        std::thread::scope(|scope| {
            let runs: Vec<_> =
                (0..CALLS.len()).map(|column| scope.spawn(move || self.act_in(row, column, round))).collect();
            runs.into_iter().map(|run| run.join().unwrap()).collect()
        })
    }

    fn act_in(&self, row: &Calling, column: usize, round: usize) -> Value {
        let home = self.home();
        let ran = self.run(&home, column, round);
        self.judge(row, column, &home, &ran)
    }

    fn run(&self, home: &Home, column: usize, round: usize) -> Ran {
        let (words, confirm) = self.action(column, round);
        home.run(&[&["--region", SICK, "do"], words.as_slice(), &["--confirm", confirm, "--json"]].concat())
    }

    /// What an action said, against the table.
    fn judge(&self, row: &Calling, column: usize, home: &Home, ran: &Ran) -> Value {
        assert_clean(&self.ground.account, ran);
        let done = ran.json();
        let told = format!("{} {}: {done:#}\n{}", row.title, CALLS[column].0, ran.stderr);
        assert_eq!(done["standing"], row.standing, "{told}");
        assert_eq!(ran.code, Some(i32::from(row.standing != "verified")), "{told}");
        let outcome = &done["steps"][0]["outcome"];
        assert_eq!(outcome["result"], row.outcome, "{told}");
        if row.outcome != "ok" {
            let error: blackstart::incident::fault::Fault =
                serde_json::from_value(outcome["error"].clone()).unwrap();
            assert_eq!(error.word(), row.words[column], "{told}");
            // What ended it is said as the cells say it.
            let why = &done["ending"]["why"];
            assert!(row.outcome != "failed" || *why == error.to_string().as_str(), "{told}");
        }
        assert_intact(home);
        done
    }

    /// Fails unless each of the five calls was made once. RunInstances may be sent again, with the token of before.
    fn assert_once(&self, row: &Calling) {
        for (_, service, action) in CALLS {
            let calls = self.ground.standin.calls_of(service, action);
            if action == "RunInstances" {
                let mut tokens: Vec<&String> = calls.iter().map(|call| &call.params["ClientToken"]).collect();
                tokens.dedup();
                assert!(tokens.len() == 1 && calls.len() <= 2, "{}: {action} {tokens:?}", row.title);
            } else {
                assert_eq!(calls.len(), 1, "{}: {action}", row.title);
            }
        }
    }
}

/// Nothing listens, which no rule can make of a server that does.
const DARK: &str = "Dark";

/// The rows with that outcome whose fault somebody answers with.
fn rows(outcome: &str) -> Vec<&'static Calling> {
    CALLINGS.iter().filter(|row| row.outcome == outcome && row.title != DARK).collect()
}

/// The fault on each of the five calls, and on nothing else.
fn strike(site: &Site, rule: impl Fn(Fault) -> Rule, title: &str) {
    for (_, service, action) in CALLS {
        site.ground.standin.rule(rule(fault(title)).service(service).action(action));
    }
}

/// Each action behind a door of its own, which is shut when all was looked at and the call is announced.
#[test]
fn what_never_left_is_failed_and_reached_nobody() {
    let Some(site) = site() else {
        return;
    };
    let row = CALLINGS.iter().find(|row| row.title == DARK).unwrap();
    let before = site.state();
    site.ground.standin.forget_calls();
    let act = |column: usize| {
        let door = Door::to(site.ground.standin.address);
        let (home, trouble) = Trouble::under(site.home().with("AWS_ENDPOINT_URL", &door.url()));
        trouble.hold_intents();
        let ran = std::thread::scope(|scope| {
            let run = scope.spawn(|| site.run(&home, column, 0));
            trouble.wait_for_intent();
            door.shut();
            trouble.let_intents_go();
            run.join().unwrap()
        });
        site.judge(row, column, &home, &ran);
    };
    let act = &act;
    std::thread::scope(|scope| (0..CALLS.len()).for_each(|column| drop(scope.spawn(move || act(column)))));
    assert_eq!(site.ground.standin.mutations().len(), 0, "{:?}", site.ground.standin.mutations());
    assert_eq!(site.state(), before);
}

#[test]
fn what_was_refused_is_failed_and_changed_nothing() {
    let Some(site) = site() else {
        return;
    };
    let before = site.state();
    for row in rows("failed") {
        site.ground.standin.forget_calls();
        strike(&site, Rule::new, row.title);
        site.act(row, 0);
        site.assert_once(row);
        site.ground.standin.lift_all();
    }
    assert_eq!(site.state(), before);
}

#[test]
fn what_was_done_and_badly_answered_is_unknown_until_it_is_read_and_never_done_again() {
    let Some(site) = site() else {
        return;
    };
    for (round, row) in rows("unknown").into_iter().enumerate() {
        let before = site.state();
        site.ground.standin.forget_calls();
        strike(&site, |fault| Rule::new(fault).carried_out(), row.title);
        site.act(row, round);
        site.assert_once(row);
        site.ground.standin.lift_all();
        let after = site.state();
        for one_more in ["instances", "databases"] {
            let count = |state: &Value| state[one_more].as_u64().unwrap();
            assert_eq!(count(&after), count(&before) + 1, "{}: {one_more}", row.title);
        }
        assert_ne!(after["apex"], before["apex"], "{}", row.title);
        for under in ["registered", "targets"] {
            let listed = after[under].as_array().unwrap();
            assert_eq!(listed.iter().filter(|id| **id == site.spare.as_str()).count(), 1, "{}", row.title);
        }
        site.take_out();
    }
}

/// The reads before it told which clock is off: the call is signed with AWS's time the first time.
#[test]
fn a_skewed_clock_holds_no_action_up() {
    let Some(site) = site() else {
        return;
    };
    for row in rows("ok") {
        site.ground.standin.forget_calls();
        site.ground.standin.rule(everywhere(fault(row.title)));
        site.act(row, 0);
        site.assert_once(row);
        site.ground.standin.lift_all();
    }
}
