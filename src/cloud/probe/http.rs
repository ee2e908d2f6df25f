//! A page as a visitor gets it: status, marker, and the certificate on the way.
//!
//! Where the question says to connect elsewhere, the URL's host is still the name that is presented, in TLS and in the
//! request: so a standby is asked as it would be once the record points at it.

use super::tls::{Sight, Trusted};
use super::{Finding, clean};
use crate::incident::cell::{Trust, Verdict};
use crate::incident::probe::host_and_port;
use crate::incident::site::SiteProbe;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::HOST;
use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, Url};
use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;

/// How much of a body is searched for the marker.
const BODY_LIMIT: usize = 64 * 1024;

/// Redirects followed on the same host.
const REDIRECTS_LIMIT: usize = 5;

/// Fetches a page.
pub(super) async fn get(site: &SiteProbe, trusted: &Trusted, limit: Duration) -> Finding {
    let (request, sight) = match request(site, trusted, limit) {
        Ok(ready) => ready,
        Err(why) => return Finding::new(Verdict::Unreachable, clean(&format!("cannot be asked: {why}"))),
    };
    let mut finding = answered(site, request, &sight).await;
    finding.certificate = sight.certificate();
    finding
}

fn request(site: &SiteProbe, trusted: &Trusted, limit: Duration) -> Result<(RequestBuilder, Sight), String> {
    let mut url = Url::parse(&site.url).map_err(|error| error.to_string())?;
    let mut client = Client::builder()
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
        .user_agent(concat!("blackstart/", env!("CARGO_PKG_VERSION")));
    let mut sight = Sight::default();
    if url.scheme() == "https" {
        let (tls, seen) = trusted.client()?;
        client = client.tls_backend_preconfigured(tls);
        sight = seen;
    }
    let mut presented = None;
    if let Some(connect) = &site.connect {
        let (host, port) =
            host_and_port(connect).ok_or_else(|| format!("{connect} is no place to connect to"))?;
        let port = port.or_else(|| url.port_or_known_default()).unwrap_or(0);
        let authority = match (url.host_str(), url.port()) {
            (Some(host), Some(port)) => format!("{host}:{port}"),
            (host, _) => host.unwrap_or_default().to_owned(),
        };
        // The port of the URL would win over the resolver's.
        let _ = url.set_port(None);
        presented = Some(authority);
        client = client.no_proxy().dns_resolver(Elsewhere { host, port });
    }
    let client = client.build().map_err(|error| error.to_string())?;
    let mut request = client.get(url);
    if let Some(presented) = presented {
        request = request.header(HOST, presented);
    }
    Ok((request, sight))
}

/// Resolves every name to one place.
#[derive(Debug)]
struct Elsewhere {
    host: String,
    port: u16,
}

impl Resolve for Elsewhere {
    fn resolve(&self, _: Name) -> Resolving {
        let (host, port) = (self.host.clone(), self.port);
        Box::pin(async move {
            let found: Vec<_> = tokio::net::lookup_host((host, port)).await?.collect();
            let found: Addrs = Box::new(found.into_iter());
            Ok(found)
        })
    }
}

async fn answered(site: &SiteProbe, request: RequestBuilder, sight: &Sight) -> Finding {
    let mut answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return not_answered(&error, sight),
    };
    let status = answer.status().as_u16();
    if !site.expects(status) {
        return Finding::new(Verdict::Wrong, format!("HTTP {status}"));
    }
    let Some(marker) = site.body.as_deref().filter(|marker| !marker.is_empty()) else {
        return Finding::new(Verdict::Answers, format!("HTTP {status}"));
    };
    let mut body: Vec<u8> = vec![];
    while body.len() < BODY_LIMIT {
        match answer.chunk().await {
            Ok(Some(chunk)) => body.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(error) if error.is_timeout() => {
                return Finding::new(Verdict::TimedOut, format!("HTTP {status}, then the body stood still"));
            }
            Err(_) => {
                return Finding::new(Verdict::Wrong, format!("HTTP {status}, the body was cut short"));
            }
        }
    }
    body.truncate(BODY_LIMIT);
    if String::from_utf8_lossy(&body).contains(marker) {
        Finding::new(Verdict::Answers, format!("HTTP {status}, marker found"))
    } else {
        Finding::new(Verdict::Wrong, format!("HTTP {status}, no marker"))
    }
}

fn not_answered(error: &reqwest::Error, sight: &Sight) -> Finding {
    if let Some(shown) = sight.certificate() {
        let ends = shown.not_after.strftime("%Y-%m-%d");
        let why = match shown.trust {
            Trust::Verified => None,
            Trust::Expired => Some(format!("certificate expired on {ends}")),
            Trust::NotYetValid => Some("certificate not valid yet (or our clock is wrong)".to_owned()),
            Trust::WrongName => Some("certificate of another name".to_owned()),
            Trust::Untrusted => Some("certificate not trusted".to_owned()),
        };
        if let Some(why) = why {
            return Finding::new(Verdict::Wrong, why);
        }
    }
    if error.is_timeout() {
        return Finding::new(Verdict::TimedOut, "no answer in time");
    }
    let mut cause: &dyn Error = error;
    let mut io = None;
    while let Some(next) = cause.source() {
        io = io.or_else(|| next.downcast_ref::<std::io::Error>());
        cause = next;
    }
    if error.is_connect() {
        return match io {
            Some(io) if io.kind() == ErrorKind::ConnectionRefused => Finding::of_io(io),
            _ => Finding::new(Verdict::Unreachable, clean(&cause.to_string())),
        };
    }
    if error.is_builder() {
        return Finding::new(Verdict::Unreachable, clean(&format!("cannot be asked: {cause}")));
    }
    // Connected, and then no HTTP: somebody is there, and it is not the site.
    Finding::new(Verdict::Wrong, clean(&format!("no HTTP answer: {cause}")))
}
