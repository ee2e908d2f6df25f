//! The command line on a real endpoint: what it sees, what it plans, what it changes, and what is on record afterwards.
//! Everything that it claims to have changed is read back through boto3.

mod apex;
mod fleet;
mod record;
mod status;

use serde_json::Value;

use crate::support::estate::{Ground, ZONE};

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
