//! The site of 2012 on the seeded estate, a home configured for it, and the logbook read back without the product.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::cli::{Home, Ran};
use super::estate::{Ground, ZONE};
use super::moto::Account;
use super::standin::{Call, StandIn};

/// The regions of the seeded estate.
pub const REGIONS: [&str; 3] = ["us-east-1", "us-west-1", "eu-west-1"];

/// The estate's name, hence its logbook's.
pub const ESTATE: &str = "fitocracy";

/// Where visitors are sent in maintenance.
pub const PAGE: &str = "203.0.113.10";

/// The configuration: one site, its targets of every kind that the estate has.
pub fn config() -> String {
    format!(
        r#"[estate]
name = "{ESTATE}"
regions = ["us-east-1", "us-west-1", "eu-west-1"]

# Nobody out there is asked by a test.
[dns]
resolvers = []

[[site]]
name = "www"
zone = "{ZONE}"
record = "{ZONE}"

[[site.target]]
name = "east"
kind = "elb"
region = "us-east-1"
balancer = "web"

[[site.target]]
name = "standby"
kind = "elb"
region = "us-west-1"
balancer = "standby"

[[site.target]]
name = "alb"
kind = "alb"
region = "us-east-1"
balancer = "fito-alb"

[[site.target]]
name = "page"
kind = "address"
addresses = ["{PAGE}"]
ttl = 60
maintenance = true
"#
    )
}

/// A home on the seeded estate, with its configuration.
pub fn home(ground: &Ground) -> Home {
    Home::of(&ground.standin, &ground.account).config(&config())
}

/// The logbook of that home.
pub fn logbook(home: &Home) -> PathBuf {
    home.logbook(ESTATE)
}

/// The strands of a logbook, oldest name first.
pub fn strands(logbook: &Path) -> Vec<PathBuf> {
    let Ok(folder) = fs::read_dir(logbook) else {
        return Vec::new();
    };
    let mut files: Vec<PathBuf> = folder.map(|entry| entry.unwrap().path()).collect();
    files.retain(|path| path.extension().is_some_and(|e| e == "jsonl"));
    files.sort();
    files
}

/// The whole lines of a strand, as JSON.
pub fn entries(strand: &Path) -> Vec<Value> {
    let text = fs::read_to_string(strand).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Every whole line of a logbook, strand after strand.
pub fn all_entries(logbook: &Path) -> Vec<Value> {
    strands(logbook).iter().flat_map(|strand| entries(strand)).collect()
}

/// The entries of one kind.
pub fn of_kind(entries: &[Value], kind: &str) -> Vec<Value> {
    entries.iter().filter(|entry| entry["kind"] == kind).cloned().collect()
}

/// The kinds of the entries about one plan, in the order they were written.
pub fn story_of(entries: &[Value], hash: &str) -> Vec<String> {
    entries
        .iter()
        .filter(|entry| {
            let plan = &entry["body"]["plan"];
            plan == hash || plan["hash"] == hash
        })
        .map(|entry| entry["kind"].as_str().unwrap_or_default().to_owned())
        .collect()
}

/// Fails if one of the kinds does not come, or not in this order (others may stand between).
#[track_caller]
pub fn assert_order(story: &[String], wanted: &[&str]) {
    let mut rest = story.iter();
    for kind in wanted {
        assert!(rest.any(|k| k == kind), "no {kind:?} in its place; wanted {wanted:?} in {story:?}");
    }
}

/// Runs `log verify` on a home's logbook and fails unless it is intact.
#[track_caller]
pub fn assert_intact(home: &Home) {
    let ran = home.run(&["log", "verify"]).expect_code(0);
    assert!(ran.stdout.contains("intact"), "{}", ran.stdout);
}

/// What the calls were, in short.
pub fn names(calls: &[Call]) -> Vec<String> {
    calls.iter().map(|c| format!("{}:{}", c.service, c.action)).collect()
}

/// Fails if anything changed something.
#[track_caller]
pub fn assert_untouched(standin: &StandIn) {
    assert_eq!(names(&standin.mutations()), Vec::<String>::new(), "nothing was to be changed");
}

/// What must never be printed or kept: the secret key, the session token, the user data of the web instances.
pub fn secrets(account: &Account) -> Vec<String> {
    use base64::Engine as _;
    let script = "#!/bin/bash\nexport DB=fito-db\nexec /opt/fitocracy/start web\n";
    vec![
        account.secret_key.clone(),
        account.session_token.clone(),
        "/opt/fitocracy/start".to_owned(),
        base64::engine::general_purpose::STANDARD.encode(script),
        "correct-horse-1".to_owned(),
    ]
}

/// Fails if a secret is in the text.
#[track_caller]
pub fn assert_no_secret(account: &Account, what: &str, text: &str) {
    for secret in secrets(account).iter().filter(|secret| !secret.is_empty()) {
        assert!(!text.contains(secret.as_str()), "{what} holds a secret ({secret:?})");
    }
}

/// Fails if a secret, or a panic's words, is in what was printed.
#[track_caller]
pub fn assert_clean(account: &Account, ran: &Ran) {
    for text in [&ran.stdout, &ran.stderr] {
        assert_no_secret(account, "the output", text);
        assert!(!text.contains("panicked"), "it panicked:\n{text}");
    }
}

/// Fails if a secret is in any file of a home (its credentials file aside).
#[track_caller]
pub fn assert_no_secret_kept(account: &Account, home: &Home) {
    let mut folders = vec![home.path().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                if path.file_name().is_none_or(|name| name != ".aws") {
                    folders.push(path);
                }
            } else {
                let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
                assert_no_secret(account, &path.display().to_string(), &text);
            }
        }
    }
}
