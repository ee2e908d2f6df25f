//! What the operator sees: fault by fault, service by service. An ellipsis in a sentence stands for what differs from
//! run to run: an address, a duration, an account.

use blackstart::incident::fault::Fault;

/// The services, in the order of the columns.
pub const SERVICES: [&str; 5] = ["EC2", "RDS", "ELB", "ELBv2", "Route 53"];

/// A fault while the services are read.
pub struct Reading {
    /// The name of its test in `tests/matrix/reads.rs`.
    pub test: &'static str,
    /// What fails, as the title of its section.
    pub title: &'static str,
    /// What the services do, in a sentence.
    pub what: &'static str,
    /// What each service's cell says.
    pub cells: [Cell; 5],
    /// What else there is to see, in a sentence or two.
    pub beside: &'static str,
}

/// What a cell says.
#[derive(Clone, Copy)]
pub struct Cell {
    /// The word on the board, in `status` and in its JSON.
    pub word: &'static str,
    /// The sentence in `status`, in the row's detail and in the region's.
    pub says: &'static str,
}

impl Cell {
    /// Whether the cell fails.
    pub fn fails(&self) -> bool {
        self.advice().is_some()
    }

    /// What to do, as every screen says it.
    pub fn advice(&self) -> Option<&'static str> {
        Fault::samples().iter().find(|fault| fault.word() == self.word).map(Fault::advice)
    }

    /// Whether the trouble is AWS's or on the way to it, and not ours.
    pub fn is_theirs(&self) -> bool {
        Fault::samples().iter().any(|fault| fault.word() == self.word && fault.is_theirs())
    }
}

const fn cell(word: &'static str, says: &'static str) -> Cell {
    Cell { word, says }
}

/// A fault while a call is made that changes something.
pub struct Calling {
    /// What fails, as in the first table.
    pub title: &'static str,
    /// What becomes of the call: `failed`, `unknown` or `ok`.
    pub outcome: &'static str,
    /// The word of the fault in the log, call by call.
    pub words: [&'static str; 5],
    /// How the action stands in the end.
    pub standing: &'static str,
}

/// The calls, in the order of the columns: the action, and the call of AWS that it makes.
pub const CALLS: [(&str, &str, &str); 5] = [
    ("relaunch", "ec2", "RunInstances"),
    ("restore", "rds", "RestoreDBInstanceFromDBSnapshot"),
    ("register", "elb", "RegisterInstancesWithLoadBalancer"),
    ("register (target group)", "elbv2", "RegisterTargets"),
    ("apex", "route53", "ChangeResourceRecordSets"),
];

/// Every fault of a read.
pub const READINGS: &[Reading] = &[
    Reading {
        test: "dark",
        title: "Dark",
        what: "Nothing listens: the connection is refused.",
        cells: [cell("dark", "unreachable: …onnection refused…"); 5],
        beside: "",
    },
    Reading {
        test: "hang",
        title: "Hang",
        what: "The request is taken and never answered.",
        cells: [cell("timeout", "no answer within … s"); 5],
        beside: "No other cell waits for it. How long it is waited for is `[aws] timeouts` in the config.",
    },
    Reading {
        test: "slow",
        title: "Slow",
        what: "The answer takes more than two seconds.",
        cells: [cell("slow", "ok, …, slow …s"); 5],
        beside: "The cell is fresh, and its age is that of the answer.",
    },
    Reading {
        test: "reset",
        title: "Reset",
        what: "The connection is closed before an answer.",
        cells: [cell("reset", "connection broken: …"); 5],
        beside: "",
    },
    Reading {
        test: "cut_body",
        title: "Cut body",
        what: "The connection breaks in the middle of the answer.",
        cells: [cell("cut short", "half an answer: …"); 5],
        beside: "",
    },
    Reading {
        test: "truncated_xml",
        title: "Truncated XML",
        what: "Half of an answer, whose length says that it is whole.",
        cells: [cell("cut short", "half an answer: …"); 5],
        beside: "",
    },
    Reading {
        test: "malformed_xml",
        title: "Malformed XML",
        what: "A whole answer in which a tag does not match.",
        cells: [cell("garbled", "not an AWS answer: …"); 5],
        beside: "",
    },
    Reading {
        test: "html_with_200",
        title: "A web page with 200",
        what: "A captive portal, a proxy or a balancer's own page where XML should be.",
        cells: [cell("html", "a web page instead of an AWS answer (HTTP 200)"); 5],
        beside: "",
    },
    Reading {
        test: "html_with_503",
        title: "A web page with 503",
        what: "The load balancer in front of a dead service.",
        cells: [cell("5xx", "server error 503"); 5],
        beside: "",
    },
    Reading {
        test: "server_error",
        title: "A server error",
        what: "AWS says itself that it is in trouble.",
        cells: [
            cell("5xx", "server error 500 InternalError"),
            cell("5xx", "server error 500 InternalFailure"),
            cell("5xx", "server error 500 InternalFailure"),
            cell("5xx", "server error 500 InternalFailure"),
            cell("5xx", "server error 503 ServiceUnavailable"),
        ],
        beside: "",
    },
    Reading {
        test: "throttled",
        title: "Throttled",
        what: "Too much was asked in this account and region, by us or by others.",
        cells: [
            cell("throttled", "throttled: RequestLimitExceeded"),
            cell("throttled", "throttled: Throttling"),
            cell("throttled", "throttled: Throttling"),
            cell("throttled", "throttled: Throttling"),
            cell("throttled", "throttled: Throttling"),
        ],
        beside: "The whole API of that account and region is polled more slowly; actions are not held up.",
    },
    Reading {
        test: "denied",
        title: "Denied",
        what: "A policy forbids the call.",
        cells: [
            cell("denied", "denied: ec2:DescribeInstances is missing (…)"),
            cell("denied", "denied: rds:DescribeDBInstances is missing (…)"),
            cell("denied", "denied: elasticloadbalancing:DescribeLoadBalancers is missing (…)"),
            cell("denied", "denied: elasticloadbalancing:DescribeLoadBalancers is missing (…)"),
            cell("denied", "denied: route53:ListHostedZones is missing (…)"),
        ],
        beside: "The missing IAM action is named, also where AWS does not.",
    },
    Reading {
        test: "expired",
        title: "Expired credentials",
        what: "The session's token has expired.",
        cells: [
            cell("expired", "credentials expired: RequestExpired"),
            cell("expired", "credentials expired: ExpiredToken"),
            cell("expired", "credentials expired: ExpiredToken"),
            cell("expired", "credentials expired: ExpiredToken"),
            cell("expired", "credentials expired: ExpiredToken"),
        ],
        beside: "They are loaded afresh before the next question.",
    },
    Reading {
        test: "bad_credentials",
        title: "Bad credentials",
        what: "AWS does not know the key, or the account has not enabled the region.",
        cells: [
            cell("bad creds", "credentials refused: AuthFailure: …"),
            cell("bad creds", "credentials refused: InvalidClientTokenId: …"),
            cell("bad creds", "credentials refused: InvalidClientTokenId: …"),
            cell("bad creds", "credentials refused: InvalidClientTokenId: …"),
            cell("bad creds", "credentials refused: InvalidClientTokenId: …"),
        ],
        beside: "",
    },
    Reading {
        test: "clock_skew",
        title: "Clock skew",
        what: "This machine's clock is seven minutes ahead, and AWS refuses what it signs.",
        cells: [cell("ok", "ok, …"); 5],
        beside: "The skew is taken from the `Date` of the refusal, and the question is asked again at once, signed with AWS's time.",
    },
    Reading {
        test: "clock_skew_untold",
        title: "Clock skew without a Date",
        what: "AWS refuses the signature's time, and a proxy on the way removed the `Date` that would tell the skew.",
        cells: [
            cell("bad creds", "credentials refused: AuthFailure: …"),
            cell("clock", "clock is not AWS's: SignatureDoesNotMatch"),
            cell("clock", "clock is not AWS's: SignatureDoesNotMatch"),
            cell("clock", "clock is not AWS's: SignatureDoesNotMatch"),
            cell("clock", "clock is not AWS's: SignatureDoesNotMatch"),
        ],
        beside: "EC2 says no more than that it does not accept the credentials; the cells beside it tell why.",
    },
    Reading {
        test: "rewritten_state",
        title: "Rewritten state",
        what: "The answers are whole and untrue: everything is said to be well.",
        cells: [cell("ok", "ok, …"); 5],
        beside: "The cells are fresh, and the rows are claims: they follow what AWS says and are never called proven by it. A database that is said to be available where nothing listens is called a LIE, on the board, first among the rows and in `status`.",
    },
    Reading {
        test: "stale_reads",
        title: "Stale reads",
        what: "The answers are whole and old: what was changed since is not in them.",
        cells: [cell("ok", "ok, …"); 5],
        beside: "Nothing in an answer tells its age, so the cells are fresh. An action is not verified by one: a switch whose record still reads as before ends as *unverified*, says what it read, and is not made again.",
    },
];

/// Every fault of a call that changes something.
pub const CALLINGS: &[Calling] = &[
    failed("Dark", "dark"),
    failed("Throttled", "throttled"),
    failed("Denied", "denied"),
    failed("Expired credentials", "expired"),
    failed("Bad credentials", "bad creds"),
    Calling {
        words: ["bad creds", "clock", "clock", "clock", "clock"],
        ..failed("Clock skew without a Date", "clock")
    },
    Calling { title: "Clock skew", outcome: "ok", words: [""; 5], standing: "verified" },
    unknown("Hang", "timeout"),
    unknown("Reset", "reset"),
    unknown("Cut body", "cut short"),
    unknown("Truncated XML", "cut short"),
    unknown("Malformed XML", "garbled"),
    unknown("A web page with 200", "html"),
    unknown("A web page with 503", "5xx"),
    unknown("A server error", "5xx"),
];

/// Certainly not done.
const fn failed(title: &'static str, word: &'static str) -> Calling {
    Calling { title, outcome: "failed", words: [word; 5], standing: "stopped" }
}

/// Perhaps done; and as it was done, the check finds it so.
const fn unknown(title: &'static str, word: &'static str) -> Calling {
    Calling { title, outcome: "unknown", words: [word; 5], standing: "verified" }
}

/// Whether a text reads as a sentence of the table.
pub fn reads_as(sentence: &str, text: &str) -> bool {
    let mut parts = sentence.split('…');
    let Some(mut rest) = text.strip_prefix(parts.next().unwrap_or_default()) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((end, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        let Some(at) = rest.find(part) else {
            return false;
        };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(end)
}

#[test]
fn an_ellipsis_stands_for_anything_and_the_rest_for_itself() {
    for (sentence, text, does) in [
        ("a b", "a b", true),
        ("a b", "a b ", false),
        ("no answer within … s", "no answer within 5.0 s", true),
        ("no answer within … s", "no answer within 5.0 s.", false),
        ("…refused…", "(os error 111) refused", true),
        ("ok, …, slow …s", "ok, 1 row, slow 2.1s", true),
        ("ok, …, slow …s", "ok, 1 row", false),
    ] {
        assert_eq!(reads_as(sentence, text), does, "{sentence:?} {text:?}");
    }
}
