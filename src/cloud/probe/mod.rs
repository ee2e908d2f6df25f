//! Evidence: looks for itself, from where the cockpit stands, with a time limit. It is not AWS's: it asks no API and
//! knows no credentials. Its libraries come with the feature `probe`, which the feature `aws` implies.
//!
//! `http` fetches a site's page, `tls` judges the certificate on the way, `greeting` has database servers speak, and
//! [`dns`] asks name servers. Nothing here follows a redirect to another host, reads more than 64 KiB, or fails: whatever
//! happens is a finding. Only `cloud` imports it.

pub mod dns;
mod greeting;
mod http;
mod tls;

use crate::incident::cell::{Certificate, Evidence, Verdict};
use crate::incident::request::ProbeHow;
use std::io::ErrorKind;
use std::time::Duration;
use tls::Trusted;
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout};

/// Makes probes, and keeps what they need: the authorities that are trusted, the addresses of name servers.
#[derive(Debug, Default)]
pub struct Prober {
    trusted: Trusted,
    dns: dns::Servers,
}

/// What a probe came to.
#[derive(Debug)]
struct Finding {
    verdict: Verdict,
    detail: String,
    certificate: Option<Certificate>,
}

impl Finding {
    fn new(verdict: Verdict, detail: impl Into<String>) -> Self {
        Self { verdict, detail: detail.into(), certificate: None }
    }

    /// Nothing came, or it cannot be reached.
    fn of_io(error: &std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::new(Verdict::Refused, "tcp refused"),
            ErrorKind::TimedOut => Self::new(Verdict::TimedOut, "tcp timed out"),
            _ => Self::new(Verdict::Unreachable, clean(&error.to_string())),
        }
    }
}

impl Prober {
    /// One that trusts another set of authorities than the machine's, each as DER.
    #[cfg(test)]
    pub(in crate::cloud) fn trusting(roots: Vec<Vec<u8>>) -> Self {
        Self { trusted: Trusted::these(roots), dns: dns::Servers::default() }
    }

    /// Makes a probe. It ends within `limit`.
    pub async fn probe(&self, how: ProbeHow, limit: Duration) -> Evidence {
        if let ProbeHow::Dns(asked) = &how {
            return self.dns.ask(asked, limit).await;
        }
        #[expect(clippy::disallowed_methods, reason = "a span, not a time: how long the probe took")]
        let started = Instant::now();
        let finding = match &how {
            ProbeHow::Http(site) => timeout(limit, http::get(site, &self.trusted, limit)).await,
            ProbeHow::Tcp { host, port } => timeout(limit, tcp(host, *port)).await,
            ProbeHow::Greeting { dialect, host, port } => {
                Ok(greeting::greeted(*dialect, host, *port, limit).await)
            }
            ProbeHow::Dns(_) => Ok(Finding::new(Verdict::Unreachable, "asked above")),
        };
        let found = finding.unwrap_or_else(|_| no_answer(limit));
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        Evidence { certificate: found.certificate, ..Evidence::new(found.verdict, found.detail, latency_ms) }
    }
}

fn no_answer(limit: Duration) -> Finding {
    Finding::new(Verdict::TimedOut, format!("no answer within {} s", limit.as_secs()))
}

async fn tcp(host: &str, port: u16) -> Finding {
    match TcpStream::connect((host, port)).await {
        Ok(_) => Finding::new(Verdict::Answers, "tcp connected"),
        Err(error) => Finding::of_io(&error),
    }
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

#[cfg(test)]
mod tests;
