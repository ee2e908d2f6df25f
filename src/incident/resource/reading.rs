//! Reading a row: `kind` first, as it is written, and then the row's own fields as they come.
//!
//! An enum with its tag inside is otherwise read by way of a copy of every field, since the tag may be the last one; a log is
//! mostly rows. Where the kind does not come first that copy is made after all.

use super::{
    AutomatedBackup, Balancer, Cluster, Database, HostedZone, Instance, RecordSet, Registration, Resource,
    Snapshot, TargetGroup,
};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::borrow::Cow;
use std::fmt;

#[derive(Deserialize)]
#[serde(field_identifier, rename_all = "kebab-case")]
enum Kind {
    Instance,
    Database,
    Cluster,
    Snapshot,
    AutomatedBackup,
    Balancer,
    TargetGroup,
    Registration,
    HostedZone,
    RecordSet,
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(RowVisitor)
    }
}

struct RowVisitor;

impl<'de> Visitor<'de> for RowVisitor {
    type Value = Resource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row with its kind")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Resource, A::Error> {
        let first: Option<Cow<'de, str>> = map.next_key()?;
        let first = first.ok_or_else(|| A::Error::missing_field("kind"))?;
        if first != "kind" {
            let whole = MapAccessDeserializer::new(WithFirst { first: Some(first), map });
            return AnyOrder::deserialize(whole).map(AnyOrder::into_row);
        }
        let kind: Kind = map.next_value()?;
        let rest = MapAccessDeserializer::new(map);
        Ok(match kind {
            Kind::Instance => Resource::Instance(Instance::deserialize(rest)?),
            Kind::Database => Resource::Database(Database::deserialize(rest)?),
            Kind::Cluster => Resource::Cluster(Cluster::deserialize(rest)?),
            Kind::Snapshot => Resource::Snapshot(Snapshot::deserialize(rest)?),
            Kind::AutomatedBackup => Resource::AutomatedBackup(AutomatedBackup::deserialize(rest)?),
            Kind::Balancer => Resource::Balancer(Balancer::deserialize(rest)?),
            Kind::TargetGroup => Resource::TargetGroup(TargetGroup::deserialize(rest)?),
            Kind::Registration => Resource::Registration(Registration::deserialize(rest)?),
            Kind::HostedZone => Resource::HostedZone(HostedZone::deserialize(rest)?),
            Kind::RecordSet => Resource::RecordSet(RecordSet::deserialize(rest)?),
        })
    }
}

/// A map whose first key was read already.
struct WithFirst<'de, A> {
    first: Option<Cow<'de, str>>,
    map: A,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for WithFirst<'de, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        match self.first.take() {
            Some(first) => seed.deserialize(StrDeserializer::new(&first)).map(Some),
            None => self.map.next_key_seed(seed),
        }
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.map.next_value_seed(seed)
    }
}

/// A row whose fields stand in any order.
#[derive(Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum AnyOrder {
    Instance(Instance),
    Database(Database),
    Cluster(Cluster),
    Snapshot(Snapshot),
    AutomatedBackup(AutomatedBackup),
    Balancer(Balancer),
    TargetGroup(TargetGroup),
    Registration(Registration),
    HostedZone(HostedZone),
    RecordSet(RecordSet),
}

impl AnyOrder {
    fn into_row(self) -> Resource {
        match self {
            Self::Instance(row) => Resource::Instance(row),
            Self::Database(row) => Resource::Database(row),
            Self::Cluster(row) => Resource::Cluster(row),
            Self::Snapshot(row) => Resource::Snapshot(row),
            Self::AutomatedBackup(row) => Resource::AutomatedBackup(row),
            Self::Balancer(row) => Resource::Balancer(row),
            Self::TargetGroup(row) => Resource::TargetGroup(row),
            Self::Registration(row) => Resource::Registration(row),
            Self::HostedZone(row) => Resource::HostedZone(row),
            Self::RecordSet(row) => Resource::RecordSet(row),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use serde_json::Value;

    #[test]
    fn a_row_is_read_wherever_its_kind_stands() {
        let zone = Resource::HostedZone(HostedZone {
            key: "aws/123456789012/global/route53/hosted-zone/Z1".parse().unwrap(),
            name: "example.com.".into(),
            private: false,
            record_count: Some(4),
            linked_service: None,
            name_servers: Vec::new(),
        });
        let written = serde_json::to_string(&zone).unwrap();
        assert!(written.starts_with("{\"kind\":\"hosted-zone\""), "{written}");
        assert_eq!(serde_json::from_str::<Resource>(&written).unwrap(), zone);
        // Sorted by name, the key comes first.
        let sorted: Value = serde_json::from_str(&written).unwrap();
        assert_ne!(sorted.to_string(), written);
        assert_eq!(serde_json::from_str::<Resource>(&sorted.to_string()).unwrap(), zone);
        let without = written.replacen("\"kind\":\"hosted-zone\",", "", 1);
        assert!(serde_json::from_str::<Resource>(&without).is_err());
        let other = written.replacen("hosted-zone", "volcano", 1);
        assert!(serde_json::from_str::<Resource>(&other).unwrap_err().to_string().contains("volcano"));
    }
}
