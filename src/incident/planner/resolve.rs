//! From what a person types to what a planner takes: instances by id or name, balancers and target groups by name,
//! restore points by name.
//!
//! It never picks one of several: what is ambiguous is refused, with the candidates and their regions.

use super::table::choice;
use crate::incident::fold::Incident;
use crate::incident::place::{Account, Key, Kind, Profile, Region, Scope, Service};
use crate::incident::plan::Refusal;
use crate::incident::request::BalancerRef;
use crate::incident::resource::{BalancerKind, InstanceState, Resource};

/// Where to look, and how to word a refusal.
#[derive(Debug, Clone, Copy)]
pub struct Lookup<'a> {
    /// What is known.
    pub incident: &'a Incident,
    /// The accounts that can be acted in.
    pub accounts: &'a [(Account, Profile)],
    /// Only this region, where one was named.
    pub region: Option<&'a str>,
}

impl Lookup<'_> {
    fn in_region(&self, key: &Key) -> bool {
        self.region.is_none_or(|region| key.region().0 == region)
    }

    fn rows(&self, kind: Kind) -> impl Iterator<Item = &Resource> {
        self.incident.of_kind(kind).map(|seen| &seen.resource).filter(|row| self.in_region(row.key()))
    }

    fn where_words(&self) -> String {
        self.region.map_or_else(String::new, |region| format!(" in {region}"))
    }

    fn unknown(&self, what: &str, text: &str, names: &[String]) -> Refusal {
        Refusal::new(
            text,
            format!("no {what} of that name is known{}", self.where_words()),
            choice("known are", text, names),
        )
    }

    fn ambiguous(&self, what: &str, text: &str, candidates: &[String]) -> Refusal {
        Refusal::new(
            text,
            format!("{} {what}s go by that name: {}", candidates.len(), candidates.join(", ")),
            "Name one by its id, or narrow it with --region",
        )
    }

    /// An instance by id, or by a `Name` tag that no other living instance has.
    ///
    /// An id that was not yet seen is taken at its word where a region is named: the plan reads it fresh.
    ///
    /// # Errors
    /// Unknown or ambiguous, with the nearest names or the candidates.
    pub fn instance(&self, text: &str) -> Result<Key, Refusal> {
        let mut by_id = Vec::new();
        let mut living = Vec::new();
        let mut names = Vec::new();
        for row in self.rows(Kind::Instance) {
            let Resource::Instance(instance) = row else {
                continue;
            };
            if instance.key.id == text {
                by_id.push(instance.key.clone());
            }
            let gone = matches!(instance.state, InstanceState::Terminated | InstanceState::ShuttingDown);
            if instance.name == text && !gone {
                living.push(instance.key.clone());
            }
            names.push(instance.key.id.clone());
            if !instance.name.is_empty() {
                names.push(instance.name.clone());
            }
        }
        let found = if by_id.is_empty() { living } else { by_id };
        match found.as_slice() {
            [key] => Ok(key.clone()),
            [] => match (self.region, self.accounts) {
                (Some(region), [(account, _), ..]) if is_instance_id(text) => {
                    let scope = Scope::new(account.clone(), Region::new(region));
                    Ok(scope.place(Service::Ec2).key(Kind::Instance, text))
                }
                (Some(_) | None, _) => {
                    names.sort();
                    names.dedup();
                    Err(self.unknown("instance", text, &names))
                }
            },
            several => {
                let candidates: Vec<String> =
                    several.iter().map(|key| format!("{} in {}", key.id, key.scope())).collect();
                Err(self.ambiguous("instance", text, &candidates))
            }
        }
    }

    /// What instances are registered under: a classic balancer or a target group by name or ARN, or an ALB or NLB
    /// that has exactly one target group.
    ///
    /// # Errors
    /// Unknown or ambiguous, with the nearest names or the candidates.
    pub fn under(&self, text: &str) -> Result<(Scope, BalancerRef), Refusal> {
        let mut found: Vec<(Scope, BalancerRef)> = Vec::new();
        let mut add = |entry: (Scope, BalancerRef)| {
            if !found.contains(&entry) {
                found.push(entry);
            }
        };
        let mut names = Vec::new();
        let mut modern = Vec::new();
        for row in self.rows(Kind::Balancer) {
            let Resource::Balancer(balancer) = row else {
                continue;
            };
            names.push(balancer.name.clone());
            if balancer.balancer_kind == BalancerKind::Classic {
                if balancer.name == text {
                    let under = BalancerRef::Classic(text.to_owned());
                    add((balancer.key.scope().clone(), under));
                }
            } else if balancer.name == text || balancer.key.id == text {
                modern.push(balancer);
            }
        }
        let mut of_modern = Vec::new();
        for row in self.rows(Kind::TargetGroup) {
            let Resource::TargetGroup(group) = row else {
                continue;
            };
            names.push(group.name.clone());
            let entry = (group.key.scope().clone(), BalancerRef::TargetGroup(group.key.id.clone()));
            if group.name == text || group.key.id == text {
                add(entry);
            } else if modern.iter().any(|b| group.balancers.contains(&b.key.id)) {
                of_modern.push((group.name.clone(), entry));
            }
        }
        // What has registrations exists, even if its own row has not been read.
        for row in self.rows(Kind::Registration) {
            let Resource::Registration(row) = row else {
                continue;
            };
            if row.under() == text {
                let under = super::registration::under_of(row);
                add((row.key.scope().clone(), under));
            }
        }
        if found.is_empty() {
            found.extend(of_modern.iter().map(|(_, entry)| entry.clone()));
        }
        match found.as_slice() {
            [one] => Ok(one.clone()),
            [] => {
                if let Some(balancer) = modern.first() {
                    return Err(Refusal::new(
                        text,
                        format!("balancer {} has no target group that is known", balancer.name),
                        "Name the target group",
                    ));
                }
                names.sort();
                names.dedup();
                Err(self.unknown("balancer or target group", text, &names))
            }
            several => {
                let candidates: Vec<String> =
                    several.iter().map(|(scope, under)| format!("{under} in {scope}")).collect();
                Err(self.ambiguous("balancer or target group", text, &candidates))
            }
        }
    }

    /// A restore point: a snapshot, a DB instance or a cluster by name, a snapshot or backup by ARN.
    ///
    /// # Errors
    /// Unknown or ambiguous, with the nearest names or the candidates.
    pub fn restore_point(&self, text: &str) -> Result<Key, Refusal> {
        let mut found = Vec::new();
        let mut names = Vec::new();
        for kind in [Kind::Database, Kind::Snapshot, Kind::Cluster, Kind::AutomatedBackup] {
            for row in self.rows(kind) {
                let key = row.key();
                let also = match row {
                    Resource::Snapshot(s) => s.name == text || s.arn.as_deref() == Some(text),
                    Resource::AutomatedBackup(b) => b.arn.as_deref() == Some(text),
                    Resource::Instance(_)
                    | Resource::Database(_)
                    | Resource::Cluster(_)
                    | Resource::Balancer(_)
                    | Resource::TargetGroup(_)
                    | Resource::Registration(_)
                    | Resource::HostedZone(_)
                    | Resource::RecordSet(_) => false,
                };
                if key.id == text || also {
                    found.push(key.clone());
                }
                if kind != Kind::AutomatedBackup {
                    names.push(key.id.clone());
                }
            }
        }
        // A database that is there is restored from its own log; its backup window of the same name adds nothing.
        let databases: Vec<Key> = found.iter().filter(|key| key.kind == Kind::Database).cloned().collect();
        found.retain(|key| {
            key.kind != Kind::AutomatedBackup
                || !databases.iter().any(|database| database.scope() == key.scope())
        });
        match found.as_slice() {
            [key] => Ok(key.clone()),
            [] => {
                names.sort();
                names.dedup();
                Err(self.unknown("DB instance or snapshot", text, &names))
            }
            several => {
                let candidates: Vec<String> =
                    several.iter().map(|key| format!("{} {} in {}", key.kind, key.id, key.scope())).collect();
                Err(self.ambiguous("restore point", text, &candidates))
            }
        }
    }
}

fn is_instance_id(text: &str) -> bool {
    text.strip_prefix("i-").is_some_and(|hex| hex.len() >= 8 && hex.chars().all(|c| c.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::super::bench::{Bench, scope};
    use super::*;
    use crate::incident::resource::AutomatedBackup;

    fn look<'a>(bench: &'a Bench, region: Option<&'a str>) -> Lookup<'a> {
        Lookup { incident: &bench.incident, accounts: &bench.accounts, region }
    }

    #[test]
    fn an_instance_goes_by_id_or_by_a_name_of_its_own() {
        let mut bench = Bench::new();
        bench.instance("us-east-1", "i-0aaaaaaa1", "web-1", "running");
        bench.instance("us-east-1", "i-0aaaaaaa2", "web-2", "running");
        bench.instance("us-west-1", "i-0aaaaaaa3", "web-2", "running");
        bench.instance("us-west-1", "i-0aaaaaaa4", "web-1", "terminated");
        let all = look(&bench, None);
        assert_eq!(all.instance("i-0aaaaaaa2").unwrap().id, "i-0aaaaaaa2");
        assert_eq!(all.instance("web-1").unwrap().id, "i-0aaaaaaa1");
        let refusal = all.instance("web-2").unwrap_err();
        assert!(refusal.why.contains("i-0aaaaaaa2") && refusal.why.contains("us-west-1"));
        let west = look(&bench, Some("us-west-1"));
        assert_eq!(west.instance("web-2").unwrap().id, "i-0aaaaaaa3");
        assert!(all.instance("web-11").unwrap_err().next.contains("web-1"));
        let unseen = west.instance("i-0123456789abcdef0").unwrap();
        assert_eq!(unseen.region().0, "us-west-1");
        assert!(all.instance("i-0123456789abcdef0").is_err());
    }

    #[test]
    fn a_balancer_goes_by_name_and_an_alb_by_its_only_group() {
        let mut bench = Bench::new();
        bench.classic("us-east-1", "web");
        bench.classic("us-west-1", "web");
        let alb = bench.alb("eu-west-1", "front");
        let group = bench.group("eu-west-1", "front-tg", &[&alb]);
        let all = look(&bench, None);
        assert!(all.under("web").unwrap_err().why.contains("us-west-1"));
        let (scope, under) = look(&bench, Some("us-west-1")).under("web").unwrap();
        assert_eq!(scope.region.0, "us-west-1");
        assert_eq!(under, BalancerRef::Classic("web".into()));
        let wanted = BalancerRef::TargetGroup(group);
        assert_eq!(all.under("front").unwrap().1, wanted);
        assert_eq!(all.under("front-tg").unwrap().1, wanted);
        assert!(all.under("fornt").unwrap_err().next.contains("front"));
    }

    #[test]
    fn an_alb_with_two_groups_and_one_with_none_are_refused() {
        let mut bench = Bench::new();
        let alb = bench.alb("eu-west-1", "front");
        let look_at = |bench: &Bench| look(bench, None).under("front").unwrap_err();
        assert!(look_at(&bench).why.contains("no target group"));
        bench.group("eu-west-1", "blue", &[&alb]);
        bench.group("eu-west-1", "green", &[&alb]);
        let refusal = look_at(&bench);
        assert!(refusal.why.contains("blue") && refusal.why.contains("green"));
    }

    #[test]
    fn a_restore_point_goes_by_name() {
        let mut bench = Bench::new();
        bench.database("us-east-1", "fito-db");
        bench.put(Resource::AutomatedBackup(AutomatedBackup {
            key: scope("us-east-1").place(Service::Rds).key(Kind::AutomatedBackup, "fito-db"),
            source: "fito-db".into(),
            status: "active".into(),
            earliest: None,
            latest: None,
            source_region: None,
            arn: None,
            engine: "postgres".into(),
        }));
        bench.snapshot("us-east-1", "nightly", "fito-db", 60);
        bench.snapshot("us-west-1", "nightly", "fito-db", 60);
        let all = look(&bench, None);
        assert_eq!(all.restore_point("fito-db").unwrap().kind, Kind::Database);
        assert!(all.restore_point("nightly").unwrap_err().why.contains("us-west-1"));
        let west = look(&bench, Some("us-west-1"));
        assert_eq!(west.restore_point("nightly").unwrap().kind, Kind::Snapshot);
        assert!(all.restore_point("fito-bd").unwrap_err().next.contains("fito-db"));
    }
}
