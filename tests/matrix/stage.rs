//! The estate that all readings share, a home on it, and the faults by their names in the table.

use std::sync::OnceLock;
use std::time::Duration;

use crate::support::cli::Home;
use crate::support::estate::{Ground, ZONE, ground};
use crate::support::standin::{Fault, Rule, StandIn};

/// The region in which things fail. Route 53 signs it too.
pub const SICK: &str = "us-east-1";
/// The region in which nothing does.
pub const WELL: &str = "us-west-1";
/// Seconds that our clock is ahead of the service's.
pub const AHEAD_S: i64 = 420;

/// The estate, seeded once: readings change nothing.
pub fn shared() -> Option<&'static Ground> {
    static GROUND: OnceLock<Option<Ground>> = OnceLock::new();
    GROUND.get_or_init(|| ground("the fault matrix")).as_ref()
}

/// The configuration: two regions and a site.
pub fn config(standin: &StandIn) -> String {
    let servers = standin.name_servers();
    format!(
        r#"[estate]
name = "fitocracy"
regions = ["{SICK}", "{WELL}"]

# A hang is waited for: longer than a busy machine needs for an answer, shorter than by default in all.
[aws]
timeouts = {{ attempt = 8, operation = 10 }}

[dns]
resolvers = []

[dns.servers]
www = {servers:?}

[[site]]
name = "www"
zone = "{ZONE}"

[[site.target]]
name = "east"
kind = "elb"
region = "{SICK}"
balancer = "web"

[[site.target]]
name = "page"
kind = "address"
addresses = ["203.0.113.10"]
maintenance = true
"#
    )
}

/// A stand-in of its own before the shared estate, and a home behind it.
pub fn home(ground: &Ground) -> (StandIn, Home) {
    let standin = StandIn::start(ground.moto);
    let home = Home::of(&standin, &ground.account).config(&config(&standin));
    (standin, home)
}

/// The fault of that title, as the stand-in makes it.
pub fn fault(title: &str) -> Fault {
    match title {
        "Hang" => Fault::Hang,
        "Slow" => Fault::Slow(Duration::from_millis(2100)),
        "Reset" => Fault::Reset,
        "Cut body" => Fault::Cut,
        "Truncated XML" => Fault::Truncated,
        "Malformed XML" => Fault::Malformed,
        "A web page with 200" => Fault::Html,
        "A web page with 503" => Fault::Unavailable,
        "A server error" => Fault::ServerError,
        "Throttled" => Fault::Throttled,
        "Denied" => Fault::Denied,
        "Expired credentials" => Fault::Expired,
        "Bad credentials" => Fault::BadKey,
        "Clock skew" => Fault::Skewed(-AHEAD_S),
        "Clock skew without a Date" => Fault::SkewedUndated,
        "Stale reads" => Fault::Stale,
        other => panic!("no fault of the stand-in is called {other:?}"),
    }
}

/// A rule for everything in the sick region but STS: whose the account is stays known.
pub fn everywhere(fault: Fault) -> Rule {
    Rule::new(fault).region(SICK).service("!sts")
}
