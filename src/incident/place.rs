//! Where something is: account, partition, region, service. The keys of cells and rows.
//!
//! A row is keyed by (account, partition, region, service, kind, id) and never by a profile name, so that switching
//! profiles can never relabel what was read before. Refuses to know how a place is reached (that is `cloud`).

use super::SharedStr;
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

/// A string in a written form that does not parse back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a {what}")]
pub struct NotA {
    /// What was expected: `place`, `key`, …
    pub what: &'static str,
    /// What was found.
    pub text: String,
}

/// A named profile of the AWS configuration files; the empty name is the ambient credentials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(transparent)]
pub struct Profile(pub String);

impl Profile {
    /// The credentials that the environment gives when no profile is named.
    #[must_use]
    pub fn ambient() -> Self {
        Self(String::new())
    }

    /// Whether these are the ambient credentials.
    #[must_use]
    pub fn is_ambient(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "ambient" } else { &self.0 })
    }
}

/// An AWS account: its twelve digits, or `~PROFILE` while STS has not yet said which account a profile is.
///
/// What a session reads stands in its strand under `~PROFILE` until STS names the account to it. The fold shows it under the
/// account that the profile is presumed to be, if the logbook knows one, and moves it to the first number that STS gives
/// (see [`super::Incident::fold`]); what was read under a number is never renamed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Account(pub SharedStr);

impl Account {
    /// The account that a profile will turn out to be.
    #[must_use]
    pub fn unverified(profile: &Profile) -> Self {
        Self(format!("~{profile}").into())
    }

    /// Whether it is a number, and not a profile's name in place of one. Whether STS gave that number to a session, or it is
    /// presumed, is [`super::Incident::presumption`]'s to say.
    #[must_use]
    pub fn is_verified(&self) -> bool {
        !self.0.starts_with('~')
    }

    /// Short form for the title bar: `1234…6789`.
    #[must_use]
    pub fn short(&self) -> String {
        if self.is_verified() && self.0.len() == 12 && self.0.is_ascii() {
            format!("{}…{}", &self.0[..4], &self.0[8..])
        } else {
            self.0.to_string()
        }
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// An AWS partition: a separate AWS with its own accounts, regions and credentials.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Partition {
    /// The commercial regions.
    #[serde(rename = "aws")]
    Aws,
    /// China.
    #[serde(rename = "aws-cn")]
    China,
    /// GovCloud (US).
    #[serde(rename = "aws-us-gov")]
    GovCloud,
    /// The European Sovereign Cloud.
    #[serde(rename = "aws-eusc")]
    EuropeanSovereign,
}

impl Partition {
    /// Every partition.
    pub const ALL: [Self; 4] = [Self::Aws, Self::China, Self::GovCloud, Self::EuropeanSovereign];

    /// The name in ARNs.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Aws => "aws",
            Self::China => "aws-cn",
            Self::GovCloud => "aws-us-gov",
            Self::EuropeanSovereign => "aws-eusc",
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Partition {
    type Err = NotA;
    fn from_str(text: &str) -> Result<Self, NotA> {
        Self::ALL
            .into_iter()
            .find(|p| p.as_str() == text)
            .ok_or_else(|| NotA { what: "partition", text: text.into() })
    }
}

/// A region's code (`us-east-1`), or `global` for services that have none (Route 53).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Region(pub SharedStr);

impl Region {
    /// From a code.
    #[must_use]
    pub fn new(code: &str) -> Self {
        Self(code.into())
    }

    /// Where services without regions live.
    #[must_use]
    pub fn global() -> Self {
        Self("global".into())
    }

    /// Whether this is [`Region::global`].
    #[must_use]
    pub fn is_global(&self) -> bool {
        self.0 == "global"
    }

    /// The partition that the code's prefix names.
    #[must_use]
    pub fn partition(&self) -> Partition {
        if self.0.starts_with("cn-") {
            Partition::China
        } else if self.0.starts_with("us-gov-") {
            Partition::GovCloud
        } else if self.0.starts_with("eusc-") {
            Partition::EuropeanSovereign
        } else {
            Partition::Aws
        }
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The services the cockpit watches; one cell each per account and region.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Elastic Compute Cloud.
    Ec2,
    /// Relational Database Service.
    Rds,
    /// Classic load balancers.
    Elb,
    /// Application, network and gateway load balancers.
    ElbV2,
    /// DNS; one control plane per partition.
    Route53,
}

impl Service {
    /// The services that have a cell in every region.
    pub const REGIONAL: [Self; 4] = [Self::Ec2, Self::Rds, Self::Elb, Self::ElbV2];
    /// Every service.
    pub const ALL: [Self; 5] = [Self::Ec2, Self::Rds, Self::Elb, Self::ElbV2, Self::Route53];

    /// The word used everywhere: code, screen, log.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ec2 => "ec2",
            Self::Rds => "rds",
            Self::Elb => "elb",
            Self::ElbV2 => "elbv2",
            Self::Route53 => "route53",
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Service {
    type Err = NotA;
    fn from_str(text: &str) -> Result<Self, NotA> {
        Self::ALL
            .into_iter()
            .find(|s| s.as_str() == text)
            .ok_or_else(|| NotA { what: "service", text: text.into() })
    }
}

/// An account in a region of a partition.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Scope {
    /// Whose.
    pub account: Account,
    /// In which AWS.
    pub partition: Partition,
    /// Where.
    pub region: Region,
}

impl Scope {
    /// The scope of an account in a region; the partition follows from the region's code.
    #[must_use]
    pub fn new(account: Account, region: Region) -> Self {
        Self { partition: region.partition(), account, region }
    }

    /// The cell of a service in this scope.
    #[must_use]
    pub fn place(&self, service: Service) -> Place {
        Place { scope: self.clone(), service }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.account, self.region)
    }
}

/// A cell: one service in one scope. It succeeds or fails alone. Written `aws/123456789012/us-east-1/ec2`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Place {
    /// Account, partition and region.
    pub scope: Scope,
    /// The service asked.
    pub service: Service,
}

impl Place {
    /// The key of something in this place.
    #[must_use]
    pub fn key(&self, kind: Kind, id: impl Into<String>) -> Key {
        Key { place: self.clone(), kind, id: id.into() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Scope { account, partition, region } = &self.scope;
        write!(f, "{partition}/{account}/{region}/{}", self.service)
    }
}

impl FromStr for Place {
    type Err = NotA;
    fn from_str(text: &str) -> Result<Self, NotA> {
        let mut parts = text.splitn(4, '/');
        let mut next = || parts.next().ok_or_else(|| NotA { what: "place", text: text.into() });
        let partition = next()?.parse()?;
        let account = Account(next()?.into());
        let region = Region(next()?.into());
        let service = next()?.parse()?;
        Ok(Self { scope: Scope { account, partition, region }, service })
    }
}

impl From<Place> for String {
    fn from(place: Place) -> Self {
        place.to_string()
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Written(PhantomData))
    }
}

/// Reads what is written as a text, without a copy of the text: there is a key in every row of a log.
struct Written<T>(PhantomData<T>);

impl<T: FromStr<Err = NotA>> Visitor<'_> for Written<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(E::custom)
    }
}

/// What kind of thing a row is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// An EC2 instance; id `i-…`.
    Instance,
    /// An RDS DB instance; id is its identifier.
    Database,
    /// An Aurora or Multi-AZ DB cluster; id is its identifier.
    Cluster,
    /// A DB or cluster snapshot; id is its identifier, cluster snapshots prefixed `cluster:`.
    Snapshot,
    /// An automated backup with a restore window; id is its ARN or resource id.
    AutomatedBackup,
    /// A load balancer; id is the name (classic) or the ARN.
    Balancer,
    /// A target group; id is the ARN.
    TargetGroup,
    /// A target in a balancer or target group; id is `BALANCER-OR-GROUP>TARGET[:PORT]`.
    Registration,
    /// A hosted zone; id is the zone id without `/hostedzone/`.
    HostedZone,
    /// A record set; id is `ZONE>NAME>TYPE[>SET-IDENTIFIER]`.
    RecordSet,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 10] = [
        Self::Instance,
        Self::Database,
        Self::Cluster,
        Self::Snapshot,
        Self::AutomatedBackup,
        Self::Balancer,
        Self::TargetGroup,
        Self::Registration,
        Self::HostedZone,
        Self::RecordSet,
    ];

    /// The word used in keys.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Instance => "instance",
            Self::Database => "database",
            Self::Cluster => "cluster",
            Self::Snapshot => "snapshot",
            Self::AutomatedBackup => "automated-backup",
            Self::Balancer => "balancer",
            Self::TargetGroup => "target-group",
            Self::Registration => "registration",
            Self::HostedZone => "hosted-zone",
            Self::RecordSet => "record-set",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Kind {
    type Err = NotA;
    fn from_str(text: &str) -> Result<Self, NotA> {
        Self::ALL
            .into_iter()
            .find(|k| k.as_str() == text)
            .ok_or_else(|| NotA { what: "kind", text: text.into() })
    }
}

/// A row's identity. Written `aws/123456789012/us-east-1/ec2/instance/i-0abc`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct Key {
    /// The cell that reads it.
    pub place: Place,
    /// What it is.
    pub kind: Kind,
    /// AWS's id within the place (see [`Kind`]).
    pub id: String,
}

impl Key {
    /// Account, partition and region.
    #[must_use]
    pub fn scope(&self) -> &Scope {
        &self.place.scope
    }

    /// The region.
    #[must_use]
    pub fn region(&self) -> &Region {
        &self.place.scope.region
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.place, self.kind, self.id)
    }
}

impl FromStr for Key {
    type Err = NotA;
    fn from_str(text: &str) -> Result<Self, NotA> {
        let mut parts = text.splitn(6, '/');
        let mut next = || parts.next().ok_or_else(|| NotA { what: "key", text: text.into() });
        let (partition, account, region) = (next()?, next()?, next()?);
        let (service, kind, id) = (next()?, next()?, next()?);
        Ok(Self {
            place: Place {
                scope: Scope {
                    account: Account(account.into()),
                    partition: partition.parse()?,
                    region: Region(region.into()),
                },
                service: service.parse()?,
            },
            kind: kind.parse()?,
            id: id.into(),
        })
    }
}

impl From<Key> for String {
    fn from(key: Key) -> Self {
        key.to_string()
    }
}

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(Written(PhantomData))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_key_survives_being_written_whatever_its_id() {
        let scope = Scope::new(Account("123456789012".into()), Region::new("us-gov-west-1"));
        assert_eq!(scope.partition, Partition::GovCloud);
        for id in [
            "i-0abc",
            "rds:fito-db-2012-06-29-03-00",
            "arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/app/web/50dc",
            "Z1>fitocracy.com.>A",
        ] {
            for kind in Kind::ALL {
                let key = scope.place(Service::Rds).key(kind, id);
                assert_eq!(key.to_string().parse::<Key>().unwrap(), key);
            }
        }
        assert!("aws/1/us-east-1/ec2".parse::<Key>().is_err());
    }
}
