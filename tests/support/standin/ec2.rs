//! EC2 as AWS has it: a client token makes a launch happen once, and a state takes time to change.

use super::request::Request;
use super::{Passing, Reply, Shared, State, aws_error, field};
use crate::support::xml::Element;

/// Filters that are answered here: moto lacks the first, and does not know of states that pass.
const OURS: [&str; 2] = ["client-token", "instance-state-name"];

impl Shared {
    pub(super) async fn ec2(&self, request: &Request) -> Reply {
        match request.action.as_str() {
            "RunInstances" => self.run_instances(request).await,
            "StartInstances" | "StopInstances" | "TerminateInstances" => {
                let reply = self.forward(request).await;
                self.begin_states(request, &reply);
                reply
            }
            "DescribeInstances" => self.describe_instances(request).await,
            "DescribeInstanceStatus" => self.describe_status(request).await,
            _ => self.forward(request).await,
        }
    }

    async fn run_instances(&self, request: &Request) -> Reply {
        let token = request.param("ClientToken");
        if token.is_empty() || request.param("DryRun") == "true" {
            let reply = self.forward(request).await;
            self.begin_states(request, &reply);
            return reply;
        }
        let mut launches = self.launches.lock().await;
        let key = (request.account.clone(), request.region.clone(), String::new(), token.to_owned());
        let mut params = request.params.clone();
        params.sort();
        if let Some((first, reply)) = launches.get(&key) {
            if *first == params {
                return reply.clone();
            }
            let message = "The request uses the same client token as a previous, but non-identical request. Do not reuse a client token with different requests, unless the requests are identical";
            return aws_error(request, 400, "IdempotentParameterMismatch", message);
        }
        let reply = self.forward(request).await;
        if reply.status == 200 {
            launches.insert(key, (params, reply.clone()));
        }
        self.begin_states(request, &reply);
        reply
    }

    /// The answer names the state that each instance is passing through.
    fn begin_states(&self, request: &Request, reply: &Reply) {
        let Some(document) = reply.document().filter(|_| reply.status == 200) else {
            return;
        };
        let what = match request.action.as_str() {
            "StopInstances" => "stopping",
            "TerminateInstances" => "shutting-down",
            _ => "pending",
        };
        let mut state = self.state();
        let pace = state.pace;
        for item in document.at(&["instancesSet"]).map(|set| set.children.as_slice()).unwrap_or_default() {
            let key = instance_key(request, item.text_of("instanceId"));
            // What was already in that state does not pass through it again.
            let previous = item.at(&["previousState"]).map_or("", |s| s.text_of("name"));
            let settled = matches!(
                (what, previous),
                ("pending", "running") | ("stopping", "stopped") | ("shutting-down", "terminated")
            );
            if settled {
                continue;
            }
            state.instances.insert(key.clone(), Passing { what, left: pace.instance });
            if what == "pending" {
                state.checks.insert(key, pace.checks);
            }
        }
    }

    async fn describe_instances(&self, request: &Request) -> Reply {
        let (ours, asked) = split_filters(request);
        let reply = self.forward(&asked).await;
        let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
            return reply;
        };
        let mut state = self.state();
        let Some(reservations) = document.child_mut("reservationSet") else {
            return reply;
        };
        for reservation in &mut reservations.children {
            let Some(instances) = reservation.child_mut("instancesSet") else {
                continue;
            };
            instances.children.retain_mut(|instance| {
                if let Some(passing) = step(&mut state, request, instance.text_of("instanceId")) {
                    show(instance, passing);
                }
                let name = instance.at(&["instanceState"]).map_or("", |s| s.text_of("name")).to_owned();
                ours.iter().all(|(filter, values)| {
                    let value =
                        if filter == "client-token" { instance.text_of("clientToken") } else { &name };
                    values.iter().any(|wanted| wanted == value)
                })
            });
        }
        reservations.children.retain(|r| r.child("instancesSet").is_some_and(|set| !set.children.is_empty()));
        drop(state);
        reply.with(&document)
    }

    async fn describe_status(&self, request: &Request) -> Reply {
        let reply = self.forward(request).await;
        let Some(mut document) = reply.document().filter(|_| reply.status == 200) else {
            return reply;
        };
        let all = request.param("IncludeAllInstances") == "true";
        let mut state = self.state();
        let Some(statuses) = document.child_mut("instanceStatusSet") else {
            return reply;
        };
        statuses.children.retain_mut(|item| {
            let id = item.text_of("instanceId").to_owned();
            if let Some(passing) = step(&mut state, request, &id) {
                show(item, passing);
                checks(item, "not-applicable", None);
                return all;
            }
            let running = item.at(&["instanceState"]).is_some_and(|s| s.text_of("name") == "running");
            if let Some(left) = state.checks.get_mut(&instance_key(request, &id)).filter(|left| **left > 0)
                && running
            {
                *left -= 1;
                checks(item, "initializing", Some("initializing"));
            }
            true
        });
        drop(state);
        reply.with(&document)
    }

    /// The state that an instance is really in: what it passes through, else what moto says; `None` where it is unknown.
    pub(super) async fn instance_state(&self, request: &Request, id: &str) -> Option<String> {
        if let Some(passing) = self.state().instances.get(&instance_key(request, id)).filter(|p| p.left > 0) {
            return Some(passing.what.to_owned());
        }
        let form = vec![
            field("Action", "DescribeInstances"),
            field("Version", "2016-11-15"),
            field("InstanceId.1", id),
        ];
        let reply = self.forward(&request.instead("ec2", form)).await;
        let document = reply.document().filter(|_| reply.status == 200)?;
        document.all("instanceState").first().map(|state| state.text_of("name").to_owned())
    }
}

fn instance_key(request: &Request, id: &str) -> super::Key {
    (request.account.clone(), request.region.clone(), String::new(), id.to_owned())
}

/// What an instance passes through in this answer; one poll less is left after it.
fn step(state: &mut State, request: &Request, id: &str) -> Option<&'static str> {
    let passing = state.instances.get_mut(&instance_key(request, id)).filter(|p| p.left > 0)?;
    passing.left -= 1;
    Some(passing.what)
}

fn show(item: &mut Element, what: &str) {
    let code = match what {
        "pending" => "0",
        "shutting-down" => "32",
        _ => "64",
    };
    if let Some(state) = item.child_mut("instanceState") {
        state.set("code", code);
        state.set("name", what);
    }
}

/// Writes both status checks; `None` leaves the details out.
fn checks(item: &mut Element, status: &str, detail: Option<&str>) {
    for check in ["instanceStatus", "systemStatus"] {
        let Some(check) = item.child_mut(check) else {
            continue;
        };
        check.set("status", status);
        match detail {
            Some(detail) => check.each_mut("item", &mut |item| item.set("status", detail)),
            None => check.children.retain(|child| child.name != "details"),
        }
    }
}

/// Takes out the filters that are answered here, and numbers the others anew.
fn split_filters(request: &Request) -> (Vec<(String, Vec<String>)>, Request) {
    let mut ours = Vec::new();
    let mut params: Vec<(String, String)> =
        request.params.iter().filter(|(name, _)| !name.starts_with("Filter.")).cloned().collect();
    let mut kept = 0;
    for number in 1.. {
        let name = request.param(&format!("Filter.{number}.Name"));
        if name.is_empty() {
            break;
        }
        let values = request.list(&format!("Filter.{number}.Value."), "");
        if OURS.contains(&name) {
            ours.push((name.to_owned(), values));
            continue;
        }
        kept += 1;
        params.push(field(&format!("Filter.{kept}.Name"), name));
        for (index, value) in values.iter().enumerate() {
            params.push(field(&format!("Filter.{kept}.Value.{}", index + 1), value));
        }
    }
    let asked = request.instead("ec2", params);
    (ours, asked)
}
