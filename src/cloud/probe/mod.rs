//! Evidence: looks for itself, from where the cockpit stands, with a time limit. It is not AWS's: it asks no API and
//! knows no credentials. Its libraries come with the feature `probe`, which the feature `aws` implies.
//!
//! It never follows a redirect to another host, reads at most 64 KiB, and never fails: whatever happens is a finding.
//! Only `cloud` imports it.

pub mod dns;

use crate::incident::cell::{Evidence, Verdict};
use crate::incident::request::ProbeHow;
use crate::incident::site::SiteProbe;
use reqwest::redirect::Policy;
use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// How much of a body is searched for the marker.
const BODY_LIMIT: usize = 64 * 1024;

/// Redirects followed on the same host.
const REDIRECTS_LIMIT: usize = 5;

/// Makes a probe. It ends within `limit`.
pub async fn probe(how: ProbeHow, limit: Duration) -> Evidence {
    if let ProbeHow::Dns(asked) = &how {
        return dns::Servers::default().ask(asked, limit).await;
    }
    #[expect(clippy::disallowed_methods, reason = "a span, not a time: how long the probe took")]
    let started = Instant::now();
    let finding = match &how {
        ProbeHow::Http(site) => timeout(limit, http(site, limit)).await,
        ProbeHow::Tcp { host, port } => timeout(limit, tcp(host, *port)).await,
        ProbeHow::Dns(_) => Ok((Verdict::Unreachable, "asked above".into())),
    };
    let (verdict, detail) =
        finding.unwrap_or_else(|_| (Verdict::TimedOut, format!("no answer within {} s", limit.as_secs())));
    Evidence {
        verdict,
        detail,
        latency_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        dns: None,
    }
}

async fn tcp(host: &str, port: u16) -> (Verdict, String) {
    match TcpStream::connect((host, port)).await {
        Ok(_) => (Verdict::Answers, "tcp connected".into()),
        Err(error) => io_verdict(&error),
    }
}

fn io_verdict(error: &std::io::Error) -> (Verdict, String) {
    match error.kind() {
        ErrorKind::ConnectionRefused => (Verdict::Refused, "tcp refused".into()),
        ErrorKind::TimedOut => (Verdict::TimedOut, "tcp timed out".into()),
        _ => (Verdict::Unreachable, clean(&error.to_string())),
    }
}

async fn http(site: &SiteProbe, limit: Duration) -> (Verdict, String) {
    let client = reqwest::Client::builder()
        .timeout(limit)
        .redirect(Policy::custom(|attempt| {
            let same_host =
                attempt.previous().first().is_some_and(|first| first.host_str() == attempt.url().host_str());
            if same_host && attempt.previous().len() <= REDIRECTS_LIMIT {
                attempt.follow()
            } else {
                attempt.stop()
            }
        }))
        .user_agent(concat!("blackstart/", env!("CARGO_PKG_VERSION")))
        .build();
    let answer = match client {
        Ok(client) => client.get(&site.url).send().await,
        Err(error) => Err(error),
    };
    let mut answer = match answer {
        Ok(answer) => answer,
        Err(error) => return http_error(&error),
    };
    let status = answer.status().as_u16();
    if !site.expects(status) {
        return (Verdict::Wrong, format!("HTTP {status}"));
    }
    let Some(marker) = site.body.as_deref().filter(|marker| !marker.is_empty()) else {
        return (Verdict::Answers, format!("HTTP {status}"));
    };
    let mut body: Vec<u8> = vec![];
    while body.len() < BODY_LIMIT {
        match answer.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) if error.is_timeout() => {
                return (Verdict::TimedOut, format!("HTTP {status}, then the body stood still"));
            }
            Err(_) => {
                return (Verdict::Wrong, format!("HTTP {status}, the body was cut short"));
            }
        }
    }
    body.truncate(BODY_LIMIT);
    if String::from_utf8_lossy(&body).contains(marker) {
        (Verdict::Answers, format!("HTTP {status}, marker found"))
    } else {
        (Verdict::Wrong, format!("HTTP {status}, no marker"))
    }
}

fn http_error(error: &reqwest::Error) -> (Verdict, String) {
    if error.is_timeout() {
        return (Verdict::TimedOut, "no answer in time".into());
    }
    let mut cause: &dyn Error = error;
    let mut io = None;
    while let Some(next) = cause.source() {
        io = io.or_else(|| next.downcast_ref::<std::io::Error>());
        cause = next;
    }
    if error.is_connect() {
        return match io {
            Some(io) if io.kind() == ErrorKind::ConnectionRefused => io_verdict(io),
            _ => (Verdict::Unreachable, clean(&cause.to_string())),
        };
    }
    if error.is_builder() {
        return (Verdict::Unreachable, clean(&format!("cannot be asked: {cause}")));
    }
    // Connected, and then no HTTP: somebody is there, and it is not the site.
    (Verdict::Wrong, clean(&format!("no HTTP answer: {cause}")))
}

/// Longest text of a peer's kept, in characters.
const TEXT_LIMIT: usize = 160;

/// What a peer said, fit for one line: no control characters, no runs of blanks, and short.
fn clean(text: &str) -> String {
    let shown: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() > TEXT_LIMIT {
        let mut short: String = line.chars().take(TEXT_LIMIT - 1).collect();
        short.push('…');
        short
    } else {
        line
    }
}
