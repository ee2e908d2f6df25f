//! The command line: any words are a command, a question or a mistake with a usage, and names mean one row or none.

use super::Target;
use super::logbook::storm;
use blackstart::cli::{Cli, Command, Deed, words};
use blackstart::incident::planner::resolve::Lookup;
use clap::Parser;

pub const COMMAND_LINE: Target = Target {
    name: "command-line",
    check,
    seeds: || LINES.iter().map(|line| line.as_bytes().to_vec()).collect(),
    words: &[
        "plan",
        "do",
        "status",
        "demo",
        "replay",
        "log",
        "show",
        "verify",
        "report",
        "export",
        "check",
        "note",
        "maintenance",
        "on",
        "off",
        "apex",
        "relaunch",
        "terminate",
        "restore",
        "register",
        "deregister",
        "undo",
        "--via",
        "--at",
        "03:12",
        "-5m",
        "+10m",
        "--confirm",
        "--json",
        "--region",
        "--profile",
        "--speed",
        "--seed",
        "--scenario",
        "--format",
        "csv",
        "--",
        "-",
        "--=",
        "--region=",
        "www",
        "web",
        "linode",
        "fito-db",
        "i-0",
        "2012-06-30T03:00:00Z",
        "+1h",
        "-1",
        "NaN",
        "inf",
        "1e999",
        "\u{1b}[2J",
        "é",
        "\u{202e}",
    ],
    brief: 1500,
};

const LINES: [&str; 9] = [
    "demo --scenario 2012-storm --seed 7 --speed 60",
    "plan maintenance on www --via west --json",
    "do maintenance off www --confirm www",
    "plan apex www linode",
    "do relaunch web-1 web-2 --region us-east-1 --confirm us-east-1 --json",
    "do restore fito-db --at 2012-06-30T03:00:00Z --confirm fito-db",
    "plan deregister web i-1 --region us-east-1",
    "do undo 3f",
    "--config F --profile a --profile b --region us-east-1,us-west-1 --read-only --theme storm --ascii log export DIR",
];

fn check(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let words = std::iter::once("blackstart").chain(text.split_whitespace().take(64));
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => return assert!(!error.render().to_string().is_empty()),
    };
    let Some(Command::Plan { action, .. } | Command::Do { deed: Deed::Act(action), .. }) = cli.command else {
        return;
    };
    let storm = storm();
    let region = cli.global.region.first().map(String::as_str);
    let lookup = Lookup { incident: &storm.app.incident, accounts: &storm.app.accounts, region };
    match words::action(&action, storm.app.now, lookup) {
        Ok(action) => assert!(!format!("{action:?}").is_empty()),
        Err(refusal) => assert!(!refusal.why.is_empty() && !refusal.next.is_empty(), "{refusal:?}"),
    }
}
