//! What a row amounts to: AWS's claim weighed with our evidence and with how old both are.
//!
//! Green means fresh evidence. A claim alone is never green; a disagreement has a name of its own.

use super::cell::{Health, ProbeSubject, Probed, STALE_AFTER_S, Verdict};
use super::fold::Incident;
use super::place::{Key, Kind, Service};
use super::resource::{Instance, InstanceState, Resource};
use jiff::Timestamp;

impl Incident {
    /// The health of a row and, in a word or two, why.
    #[must_use]
    pub fn health(&self, key: &Key, now: Timestamp) -> (Health, &'static str) {
        let Some(seen) = self.rows.get(key) else {
            return (Health::Stale, "unknown");
        };
        let evidence = self.evidence_on(key, now);
        let judged = judge(&seen.resource, evidence);
        // What evidence settles stays settled; what only a claim says is stale when the claim is.
        match judged.0 {
            Health::Lie | Health::Proven => judged,
            Health::Down
            | Health::Changing
            | Health::Unknown
            | Health::Stale
            | Health::Off
            | Health::Claimed => {
                if self.is_stale(key, now) {
                    (Health::Stale, judged.1)
                } else {
                    judged
                }
            }
        }
    }

    /// Whether a row's cell fails, and its zone does not answer by itself; or whether it was read too long ago.
    #[must_use]
    pub fn is_stale(&self, key: &Key, now: Timestamp) -> bool {
        let zone = self.rows.get(key).and_then(|seen| seen.resource.zone());
        let failing = self
            .cells
            .get(&key.place)
            .is_some_and(|cell| !cell.is_ok() && !zone.is_some_and(|zone| cell.reads(zone, &key.id)));
        let old = self.as_of(key).is_none_or(|at| now.duration_since(at).as_secs() > STALE_AFTER_S);
        failing || old
    }

    /// When a row was last read, where that is all that is known of it: it is not read now (see [`Self::is_stale`]).
    #[must_use]
    pub fn last_known(&self, key: &Key, now: Timestamp) -> Option<Timestamp> {
        self.as_of(key).filter(|_| self.is_stale(key, now))
    }

    /// The fresh evidence on a row.
    #[must_use]
    pub fn evidence_on(&self, key: &Key, now: Timestamp) -> Option<&Probed> {
        self.newest_evidence_on(key).filter(|probed| now.duration_since(probed.at).as_secs() <= STALE_AFTER_S)
    }

    /// The newest evidence on a row, however old. A registration's is that on its instance, if it was asked on its port.
    #[must_use]
    pub fn newest_evidence_on(&self, key: &Key) -> Option<&Probed> {
        if let Some(subject) = ProbeSubject::of(key) {
            return self.probes.get(&subject);
        }
        let Resource::Registration(registration) = &self.rows.get(key)?.resource else { return None };
        let instance = key.scope().place(Service::Ec2).key(Kind::Instance, registration.target.clone());
        let probed = self.probes.get(&ProbeSubject::Instance(instance))?;
        let asked = &probed.evidence.asked;
        registration.port.is_none_or(|port| asked.ends_with(&format!(":{port}"))).then_some(probed)
    }

    /// What contradicts what, if fresh evidence contradicts a row's claim: the same words for as long as it does.
    #[must_use]
    pub fn lie(&self, key: &Key, now: Timestamp) -> Option<String> {
        if self.health(key, now).0 != Health::Lie {
            return None;
        }
        let claim = self.rows.get(key)?.resource.claim();
        let verdict = self.evidence_on(key, now)?.evidence.verdict.as_str();
        Some(format!("claims {claim}, probe {verdict}"))
    }
}

/// Seconds after its launch in which nothing is expected of an instance that never answered yet.
const STARTS_WITHIN_S: i64 = 300;

/// A claim of `claimed` weighed with the evidence.
fn weighed(claimed: &'static str, evidence: Option<&Probed>) -> (Health, &'static str) {
    match evidence {
        Some(probed) if probed.evidence.verdict == Verdict::Answers => (Health::Proven, "answers"),
        Some(probed) if probed.contradicts() => (Health::Lie, "lie"),
        Some(_) | None => (Health::Claimed, claimed),
    }
}

/// Whether an instance may still be starting what is probed.
fn is_starting(instance: &Instance, evidence: Option<&Probed>) -> bool {
    let never_answered = evidence.filter(|probed| probed.answered.is_none() && probed.contradicts());
    never_answered
        .zip(instance.launched)
        .is_some_and(|(probed, launched)| probed.at.duration_since(launched).as_secs() < STARTS_WITHIN_S)
}

fn judge(resource: &Resource, evidence: Option<&Probed>) -> (Health, &'static str) {
    match resource {
        Resource::Instance(instance) => match instance.state {
            InstanceState::Running => {
                let young = |status: &Option<String>| status.as_deref() == Some("initializing");
                if let Some(word) = claimed_trouble(resource) {
                    (Health::Down, word)
                } else if young(&instance.system_status)
                    || young(&instance.instance_status)
                    || is_starting(instance, evidence)
                {
                    (Health::Changing, "starting")
                } else {
                    weighed("running", evidence)
                }
            }
            InstanceState::Pending => (Health::Changing, "pending"),
            InstanceState::ShuttingDown | InstanceState::Stopping => (Health::Changing, "stopping"),
            InstanceState::Stopped | InstanceState::Terminated => (Health::Off, "off"),
            InstanceState::Other(_) => (Health::Unknown, "unknown"),
        },
        Resource::Database(_) | Resource::Cluster(_) => claim_and_evidence(resource, evidence),
        Resource::Snapshot(snapshot) => match snapshot.status.as_str() {
            "available" => (Health::Claimed, "available"),
            "failed" => (Health::Down, "failed"),
            _ => (Health::Changing, "not ready"),
        },
        Resource::AutomatedBackup(_) => (Health::Claimed, "backup"),
        Resource::Balancer(balancer) => match balancer.state.as_deref() {
            Some("failed" | "active_impaired") => {
                (Health::Down, claimed_trouble(resource).unwrap_or("failed"))
            }
            Some("provisioning") => (Health::Changing, "provisioning"),
            // Somebody answers for it, and not what was expected: it is up, and what stands behind it is not.
            Some(_) | None if evidence.is_some_and(|probed| probed.evidence.verdict == Verdict::Wrong) => {
                (Health::Down, "wrong answer")
            }
            Some(_) | None => weighed("active", evidence),
        },
        Resource::Registration(registration) => match registration.state.as_str() {
            "InService" | "healthy" => weighed("in service", evidence),
            "initial" | "draining" | "unhealthy.draining" => (Health::Changing, "registering"),
            "unused" => (Health::Claimed, "unused"),
            "OutOfService"
                if registration
                    .description
                    .as_deref()
                    .is_some_and(|d| d.contains("registration is still in progress")) =>
            {
                (Health::Changing, "registering")
            }
            _ => (Health::Down, "out of service"),
        },
        Resource::TargetGroup(_) | Resource::HostedZone(_) | Resource::RecordSet(_) => (Health::Claimed, ""),
    }
}

fn claim_and_evidence(resource: &Resource, evidence: Option<&Probed>) -> (Health, &'static str) {
    let answers = evidence.is_some_and(|probed| probed.evidence.verdict == Verdict::Answers);
    if let Some(word) = claimed_trouble(resource) {
        return (Health::Down, word);
    }
    match resource.claim() {
        "available" => weighed("available", evidence),
        _ if answers => (Health::Changing, "answers"),
        _ => (Health::Changing, "not available"),
    }
}

/// States of a DB instance or cluster that are trouble by RDS's own word: it does not get out of them by itself.
const DATABASE_TROUBLES: [&str; 13] = [
    "failed",
    "inaccessible-encryption-credentials",
    "inaccessible-encryption-credentials-recoverable",
    "incompatible-create",
    "incompatible-credentials",
    "incompatible-network",
    "incompatible-option-group",
    "incompatible-parameters",
    "incompatible-restore",
    "insufficient-capacity",
    "restore-error",
    "storage-failure",
    "storage-full",
];

/// What AWS itself says is wrong with something that serves, in its word; `None` where it says nothing of the kind.
#[must_use]
pub fn claimed_trouble(resource: &Resource) -> Option<&'static str> {
    match resource {
        Resource::Instance(instance) => {
            let bad = |status: &Option<String>| status.as_deref() == Some("impaired");
            let impaired = bad(&instance.system_status) || bad(&instance.instance_status);
            (instance.state == InstanceState::Running && impaired).then_some("impaired")
        }
        Resource::Database(_) | Resource::Cluster(_) => {
            let status = resource.claim();
            let new = status.starts_with("incompatible-").then_some("incompatible");
            DATABASE_TROUBLES.into_iter().find(|trouble| *trouble == status).or(new)
        }
        Resource::Balancer(balancer) => match balancer.state.as_deref() {
            Some("failed") => Some("failed"),
            Some("active_impaired") => Some("impaired"),
            Some(_) | None => None,
        },
        Resource::Snapshot(_)
        | Resource::AutomatedBackup(_)
        | Resource::TargetGroup(_)
        | Resource::Registration(_)
        | Resource::HostedZone(_)
        | Resource::RecordSet(_) => None,
    }
}

/// Whose fault a registration's state is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Blame {
    /// AWS's: `Elb.*`, `ReasonCode=ELB`.
    Aws,
    /// Ours: `Target.*`, `ReasonCode=Instance`.
    Ours,
    /// Nobody's: in service, or no reason given.
    Nobody,
}

impl Blame {
    /// From a reason code.
    #[must_use]
    pub fn of(reason: Option<&str>) -> Self {
        match reason {
            Some(code) if code == "ELB" || code.starts_with("Elb.") => Self::Aws,
            Some(code) if code == "Instance" || code.starts_with("Target.") => Self::Ours,
            Some(_) | None => Self::Nobody,
        }
    }

    /// The word on the screen.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "AWS",
            Self::Ours => "ours",
            Self::Nobody => "",
        }
    }
}
