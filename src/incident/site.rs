//! The estate and its sites as the operator describes them: which regions, which names people type into a browser,
//! and where those names may point.
//!
//! Pure data. It refuses to know where it came from (a config file, a scenario, an entry of the log) and it validates
//! nothing: whoever builds one from text checks the text, where there is a line and a column to complain about.
//! Anybody may import it.

use super::probe::host_and_port;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Everything one cockpit watches: a name for it, the regions and the credential profiles.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estate {
    /// What the estate is called, on screen and in the logbook's path.
    pub name: String,
    /// Regions to sweep. Empty means every region of the partition.
    #[serde(default)]
    pub regions: Vec<String>,
    /// Credential profiles to use. Empty means the ambient credentials.
    #[serde(default)]
    pub profiles: Vec<String>,
}

impl Default for Estate {
    /// The estate of somebody who configured nothing: every region, ambient credentials.
    fn default() -> Self {
        Self { name: "default".to_owned(), regions: Vec::new(), profiles: Vec::new() }
    }
}

/// One thing the public reaches by name, and the places its name may point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Short name, the one typed in `apex SITE TARGET`.
    pub name: String,
    /// The public hosted zone, lower case, without the trailing dot.
    pub zone: String,
    /// The record that is switched, lower case, without the trailing dot; the zone's apex unless said otherwise.
    pub record: String,
    /// How to ask the site itself whether it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probe: Option<SiteProbe>,
    /// The places the record may point, in the order the operator wrote them.
    #[serde(default)]
    pub targets: Vec<SiteTarget>,
}

impl Site {
    /// The target of that name.
    #[must_use]
    pub fn target(&self, name: &str) -> Option<&SiteTarget> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// Where maintenance mode sends visitors, if the operator prepared such a place.
    #[must_use]
    pub fn maintenance_target(&self) -> Option<&SiteTarget> {
        self.targets.iter().find(|target| target.maintenance)
    }

    /// Is the record the zone's apex? An apex cannot be a CNAME, which is why aliases and addresses are all there is.
    #[must_use]
    pub fn is_apex(&self) -> bool {
        self.record == self.zone
    }
}

/// The evidence for a site: one HTTP question and the answer that counts as up.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteProbe {
    /// What is fetched; http or https.
    pub url: String,
    /// The status that counts as up: three digits (`200`) or a class (`2xx`).
    #[serde(default = "SiteProbe::default_expect")]
    pub expect: String,
    /// Text the body must contain, so that an error page served with 200 is not taken for the site.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Where to connect instead of to the URL's host, whose name is presented all the same: `HOST` or `HOST:PORT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<String>,
}

impl SiteProbe {
    fn default_expect() -> String {
        "200".to_owned()
    }

    /// The port that the URL names, or its scheme's.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        let (rest, usual) = match (self.url.strip_prefix("https://"), self.url.strip_prefix("http://")) {
            (Some(rest), _) => (rest, 443),
            (None, Some(rest)) => (rest, 80),
            (None, None) => return None,
        };
        let authority = rest.split(['/', '?', '#']).next()?;
        let (_, port) = host_and_port(authority)?;
        Some(port.unwrap_or(usual))
    }

    /// Does this HTTP status count as up?
    #[must_use]
    pub fn expects(&self, status: u16) -> bool {
        let wanted = self.expect.as_bytes();
        let got = status.to_string();
        got.len() == wanted.len()
            && got.bytes().zip(wanted).all(|(digit, want)| digit == *want || want.eq_ignore_ascii_case(&b'x'))
    }
}

/// What a target is; it decides which record is written and which control planes that leans on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TargetKind {
    /// A Classic Load Balancer.
    Elb,
    /// An Application Load Balancer.
    Alb,
    /// A Network Load Balancer.
    Nlb,
    /// A CloudFront distribution.
    Cloudfront,
    /// An S3 static website.
    S3,
    /// Addresses anywhere, also outside AWS.
    Address,
}

impl TargetKind {
    /// Every kind, in the order the documentation lists them.
    pub const ALL: [Self; 6] = [Self::Elb, Self::Alb, Self::Nlb, Self::Cloudfront, Self::S3, Self::Address];

    /// The word in the config.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Elb => "elb",
            Self::Alb => "alb",
            Self::Nlb => "nlb",
            Self::Cloudfront => "cloudfront",
            Self::S3 => "s3",
            Self::Address => "address",
        }
    }

    /// The kind of that word.
    #[must_use]
    pub fn from_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.id() == id)
    }

    /// Is it a load balancer, and so named by region and balancer?
    #[must_use]
    pub fn is_balancer(self) -> bool {
        match self {
            Self::Elb | Self::Alb | Self::Nlb => true,
            Self::Cloudfront | Self::S3 | Self::Address => false,
        }
    }

    /// Does the record become an alias, which has no TTL of its own?
    #[must_use]
    pub fn is_alias(self) -> bool {
        match self {
            Self::Elb | Self::Alb | Self::Nlb | Self::Cloudfront | Self::S3 => true,
            Self::Address => false,
        }
    }
}

impl std::fmt::Display for TargetKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.id())
    }
}

/// One place a site's record may point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteTarget {
    /// Short name, the one typed in `apex SITE TARGET`.
    pub name: String,
    /// What it is.
    pub kind: TargetKind,
    /// The region of a balancer or of an S3 website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The name of the load balancer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub balancer: Option<String>,
    /// The addresses of an `address` target, v4 and v6 together.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
    /// The DNS name of a CloudFront distribution or an S3 website.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dns_name: Option<String>,
    /// The TTL of the record in seconds, for an `address` target.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ttl: Option<u32>,
    /// Is this where maintenance mode sends visitors?
    #[serde(default)]
    pub maintenance: bool,
}

impl SiteTarget {
    /// The TTL written when the operator gave none: short enough to switch back within a minute.
    pub const DEFAULT_TTL: u32 = 60;

    /// The TTL of the record, for kinds whose record has one.
    #[must_use]
    pub fn record_ttl(&self) -> Option<u32> {
        (!self.kind.is_alias()).then(|| self.ttl.unwrap_or(Self::DEFAULT_TTL))
    }

    /// Where it is, in a few words: `us-east-1/web`, `203.0.113.10`, `d111.cloudfront.net`.
    #[must_use]
    pub fn place(&self) -> String {
        match self.kind {
            TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb => {
                format!(
                    "{}/{}",
                    self.region.as_deref().unwrap_or("?"),
                    self.balancer.as_deref().unwrap_or("?")
                )
            }
            TargetKind::Cloudfront => self.dns_name.clone().unwrap_or_else(|| "?".to_owned()),
            TargetKind::S3 => match (&self.dns_name, &self.region) {
                (Some(name), _) => name.clone(),
                (None, Some(region)) => format!("s3 website in {region}"),
                (None, None) => "?".to_owned(),
            },
            TargetKind::Address => {
                self.addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn target(name: &str, kind: TargetKind) -> SiteTarget {
        SiteTarget {
            name: name.to_owned(),
            kind,
            region: None,
            balancer: None,
            addresses: Vec::new(),
            dns_name: None,
            ttl: None,
            maintenance: false,
        }
    }

    #[test]
    fn targets_are_found_by_name_and_by_purpose() {
        let east = SiteTarget {
            region: Some("us-east-1".into()),
            balancer: Some("web".into()),
            ..target("east", TargetKind::Elb)
        };
        let linode = SiteTarget {
            addresses: vec!["203.0.113.10".parse().unwrap()],
            maintenance: true,
            ..target("linode", TargetKind::Address)
        };
        let site = Site {
            name: "www".into(),
            zone: "example.com".into(),
            record: "example.com".into(),
            probe: None,
            targets: vec![east, linode],
        };
        assert_eq!(site.target("east").unwrap().place(), "us-east-1/web");
        assert_eq!(site.target("nowhere"), None);
        assert_eq!(site.maintenance_target().unwrap().place(), "203.0.113.10");
        assert_eq!(site.maintenance_target().unwrap().record_ttl(), Some(SiteTarget::DEFAULT_TTL));
        assert_eq!(site.target("east").unwrap().record_ttl(), None, "an alias has no TTL of its own");
        assert!(site.is_apex());
        let text = serde_json::to_string(&site).unwrap();
        assert_eq!(serde_json::from_str::<Site>(&text).unwrap(), site);
    }

    #[test]
    fn a_probe_expects_a_status_or_a_class() {
        let mut probe =
            SiteProbe { url: "https://example.com/".into(), expect: "200".into(), body: None, connect: None };
        assert!(probe.expects(200));
        assert!(!probe.expects(204));
        probe.expect = "2xx".into();
        assert!(probe.expects(204));
        assert!(!probe.expects(503));
    }

    #[test]
    fn kinds_read_back() {
        for kind in TargetKind::ALL {
            assert_eq!(TargetKind::from_id(kind.id()), Some(kind));
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }
}
