//! Hosted zones and their records from a scenario's words.

use super::script::{RecordTable, ZoneTable};
use super::stage::{Stage, digits};
use super::state::Zone;
use crate::incident::place::{Kind, Service};
use crate::incident::resource::{AliasTarget, RecordSet, normalise_name};
use jiff::Timestamp;

impl Stage {
    pub(super) fn zone(&mut self, table: &ZoneTable) -> Result<(), String> {
        let named = |what: String| format!("zone {:?}: {what}", table.name);
        let account = self.known_account(&table.account).map_err(named)?;
        let name = normalise_name(&table.name);
        let id = table.id.clone().unwrap_or_else(|| format!("Z0{}", digits(&name, 19).to_uppercase()));
        let mut records = Vec::new();
        for record in &table.record {
            self.records(account, &id, &name, record.get_ref(), &mut records).map_err(named)?;
        }
        records.sort_by(|a: &RecordSet, b| a.key.id.cmp(&b.key.id));
        self.state.zones.push(Zone {
            account,
            id,
            name,
            private: table.private,
            linked_service: table.linked_service.clone(),
            served: vec![(Some(Timestamp::MIN), records.clone())],
            records,
        });
        Ok(())
    }

    pub(super) fn records(
        &self,
        account: usize,
        zone_id: &str,
        zone_name: &str,
        table: &RecordTable,
        into: &mut Vec<RecordSet>,
    ) -> Result<(), String> {
        let name = table.name.as_deref().map_or_else(|| zone_name.to_owned(), normalise_name);
        let alias = match &table.alias {
            None => None,
            Some(alias) => Some(match (&alias.balancer, &alias.dns_name) {
                (Some(balancer), None) => {
                    let region = alias.region.as_deref().unwrap_or_default();
                    let found = self
                        .state
                        .balancers
                        .iter()
                        .find(|b| b.account == account && b.region == region && b.name == *balancer)
                        .ok_or_else(|| {
                            format!("record {name}: there is no balancer {balancer:?} in {region:?}")
                        })?;
                    AliasTarget {
                        dns_name: format!("dualstack.{}.", found.dns_name.to_lowercase()),
                        zone_id: found.zone_id.clone(),
                        evaluate_target_health: alias.evaluate_target_health,
                    }
                }
                (None, Some(dns_name)) => AliasTarget {
                    dns_name: normalise_name(dns_name),
                    zone_id: alias
                        .zone_id
                        .clone()
                        .ok_or_else(|| format!("record {name}: an alias to a dns_name needs its zone_id"))?,
                    evaluate_target_health: alias.evaluate_target_health,
                },
                (Some(_), Some(_)) | (None, None) => {
                    return Err(format!("record {name}: an alias names either a balancer or a dns_name"));
                }
            }),
        };
        if alias.is_some() != table.values.is_empty() || alias.is_some() != table.ttl.is_none() {
            return Err(format!("record {name}: give either an alias, or values and a ttl"));
        }
        for record_type in table.types.list() {
            let id = RecordSet::id(zone_id, &name, record_type, table.set_identifier.as_deref());
            if into.iter().any(|r| r.key.id == id) {
                return Err(format!("record {name} {record_type} is given twice"));
            }
            into.push(RecordSet {
                key: self.key(account, "global", Service::Route53, Kind::RecordSet, &id),
                zone_id: zone_id.to_owned(),
                name: name.clone(),
                record_type: record_type.to_owned(),
                ttl: table.ttl,
                values: table.values.clone(),
                alias: alias.clone(),
                set_identifier: table.set_identifier.clone(),
                routing: table.routing.clone(),
                traffic_policy: table.traffic_policy,
                health_check: table.health_check.clone(),
            });
        }
        Ok(())
    }
}
