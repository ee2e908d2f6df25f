//! Sites as the board and the apex screen see them: where a record points, what a target is worth, what a probe says.
//!
//! Pure questions to the state; it refuses to change anything. Imports `incident` only.

use super::App;
use super::table::age;
use crate::incident::cell::{Health, ProbeSubject, STALE_AFTER_S, Trust, Verdict};
use crate::incident::place::Kind;
use crate::incident::planner::target_of;
use crate::incident::resource::{Balancer, RecordSet, Resource, normalise_name};
use crate::incident::site::{Site, SiteTarget, TargetKind};
use jiff::Timestamp;
use std::fmt;

/// What speaks for or against pointing people at a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// An address outside AWS: it depends on nothing that the cockpit watches.
    Outside,
    /// CloudFront or S3, which the cockpit does not sweep.
    NotWatched,
    /// A balancer that no sweep has shown.
    NotSeen,
    /// A balancer, and how many of its targets are in service.
    Registered {
        /// In service.
        up: usize,
        /// Registered.
        of: usize,
        /// Read too long ago, or its cell fails.
        stale: bool,
    },
}

impl Readiness {
    /// Whether somebody would answer there, as far as is known.
    #[must_use]
    pub fn is_ready(self) -> bool {
        match self {
            Self::Outside | Self::NotWatched => true,
            Self::NotSeen => false,
            Self::Registered { up, stale, .. } => up > 0 && !stale,
        }
    }
}

impl fmt::Display for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Outside => f.write_str("outside AWS"),
            Self::NotWatched => f.write_str("not watched"),
            Self::NotSeen => f.write_str("balancer not seen"),
            Self::Registered { up, of, stale } => {
                let stale = if *stale { ", stale" } else { "" };
                write!(f, "{up}/{of} in service{stale}")
            }
        }
    }
}

impl App {
    /// The records at a site's name that answer people: A and AAAA.
    pub fn site_records<'a>(&'a self, site: &'a Site) -> impl Iterator<Item = &'a RecordSet> {
        let name = normalise_name(&site.record);
        self.incident.of_kind(Kind::RecordSet).filter_map(move |seen| match &seen.resource {
            Resource::RecordSet(r) if r.name == name && matches!(r.record_type.as_str(), "A" | "AAAA") => {
                Some(r)
            }
            _ => None,
        })
    }

    /// Where a site's record points, in words.
    #[must_use]
    pub fn points_to(&self, site: &Site) -> Option<String> {
        let record = self.site_records(site).find(|r| r.record_type == "A")?;
        Some(match self.current_target(site) {
            Some(target) => format!("{} ({} {})", target.name, target.kind.id(), target.place()),
            None => record.points_to(),
        })
    }

    /// When the records at a site's name were read.
    #[must_use]
    pub fn records_as_of(&self, site: &Site) -> Option<Timestamp> {
        self.incident.as_of(&self.site_records(site).next()?.key)
    }

    /// When the records at a site's name were read, where they are only the last known ones.
    #[must_use]
    pub fn records_last_known(&self, site: &Site) -> Option<Timestamp> {
        self.incident.last_known(&self.site_records(site).next()?.key, self.now)
    }

    /// The declared target that a site's A record points at.
    #[must_use]
    pub fn current_target<'a>(&self, site: &'a Site) -> Option<&'a SiteTarget> {
        let record = self.site_records(site).find(|r| r.record_type == "A")?;
        target_of(&self.incident, site, record)
    }

    /// The balancer that a site's target names, if it was read.
    #[must_use]
    pub fn balancer_of(&self, target: &SiteTarget) -> Option<&Balancer> {
        let (region, name) = (target.region.as_ref()?, target.balancer.as_ref()?);
        self.incident.of_kind(Kind::Balancer).find_map(|seen| match &seen.resource {
            Resource::Balancer(b) if b.name == *name && b.key.region().0 == *region => Some(b),
            _ => None,
        })
    }

    /// What speaks for or against pointing people at a target.
    #[must_use]
    pub fn target_readiness(&self, target: &SiteTarget) -> Readiness {
        match target.kind {
            TargetKind::Address => return Readiness::Outside,
            TargetKind::Cloudfront | TargetKind::S3 => return Readiness::NotWatched,
            TargetKind::Elb | TargetKind::Alb | TargetKind::Nlb => {}
        }
        let Some(balancer) = self.balancer_of(target) else { return Readiness::NotSeen };
        let stale = self.incident.is_stale(&balancer.key, self.now);
        let (mut up, mut of) = (0, 0);
        for seen in self.incident.of_kind(Kind::Registration) {
            if let Resource::Registration(r) = &seen.resource
                && r.balancer == balancer.name
                && r.key.region() == balancer.key.region()
            {
                of += 1;
                up += usize::from(r.in_service());
            }
        }
        Readiness::Registered { up, of, stale }
    }

    /// What fresh evidence says of a target's balancer: `answers`, `probe timeout`.
    #[must_use]
    pub fn target_evidence(&self, target: &SiteTarget) -> Option<String> {
        let balancer = self.balancer_of(target)?;
        let probed = self.incident.evidence_on(&balancer.key, self.now)?;
        Some(match probed.evidence.verdict {
            Verdict::Answers => "answers".to_owned(),
            verdict @ (Verdict::Wrong
            | Verdict::Error
            | Verdict::Silent
            | Verdict::Refused
            | Verdict::TimedOut
            | Verdict::Unreachable) => format!("probe {}", verdict.as_str()),
        })
    }

    /// What the newest probe of a site amounts to, the verdict first: `DOWN for 40m, HTTP 503`. The detail has it whole.
    #[must_use]
    pub fn site_verdict(&self, site: &str) -> Option<String> {
        let (health, words) = self.site_evidence(site)?;
        let probed = self.incident.probes.get(&ProbeSubject::Site(site.to_owned()))?;
        let first = probed.evidence.gist();
        let verdict = match health {
            Health::Proven => "ok",
            Health::Down => "DOWN",
            Health::Lie
            | Health::Changing
            | Health::Unknown
            | Health::Stale
            | Health::Off
            | Health::Claimed => return Some(words),
        };
        Some(format!("{verdict} for {}, {first}", age(self.now, probed.since)))
    }

    /// What the newest probe of a site says, in words, with its health.
    #[must_use]
    pub fn site_evidence(&self, site: &str) -> Option<(Health, String)> {
        let subject = ProbeSubject::Site(site.to_owned());
        let probed = self.incident.probes.get(&subject)?;
        let since = age(self.now, probed.since);
        let fresh = self.now.duration_since(probed.at).as_secs() <= STALE_AFTER_S;
        let ends = match &probed.evidence.certificate {
            Some(shown) if shown.trust == Trust::Verified && shown.ends_soon(self.now) => {
                format!(", certificate ends in {}d", shown.days_left(self.now))
            }
            Some(_) | None => String::new(),
        };
        Some(match probed.evidence.verdict {
            Verdict::Answers if fresh => {
                // What else was found as expected is in the detail.
                (Health::Proven, format!("{} ok for {since}{ends}", probed.evidence.gist()))
            }
            Verdict::Answers => {
                (Health::Stale, format!("{} {} ago", probed.evidence.gist(), age(self.now, probed.at)))
            }
            Verdict::Wrong
            | Verdict::Error
            | Verdict::Silent
            | Verdict::Refused
            | Verdict::TimedOut
            | Verdict::Unreachable
                if fresh =>
            {
                (Health::Down, format!("{} DOWN for {since}", probed.evidence.detail))
            }
            // What was found long ago is no evidence, neither way.
            Verdict::Wrong
            | Verdict::Error
            | Verdict::Silent
            | Verdict::Refused
            | Verdict::TimedOut
            | Verdict::Unreachable => {
                (Health::Stale, format!("{} {} ago", probed.evidence.gist(), age(self.now, probed.at)))
            }
        })
    }
}
