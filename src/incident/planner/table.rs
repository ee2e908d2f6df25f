//! What every planner works at: the readings, the sites, the credentials, and the words of a refusal.
//!
//! It never reads anything itself: what is missing is collected and asked for.

use super::{Desk, Planned, Reading};
use crate::incident::fault::Fault;
use crate::incident::hash::{PlanHash, sha256_hex};
use crate::incident::place::{Account, Partition, Profile, Scope, Service};
use crate::incident::plan::{Action, Grounds, Plan, Refusal, Risk};
use crate::incident::request::{Answer, BalancerRef, Query};
use crate::incident::resource::{
    Balancer, BalancerKind, Database, HostedZone, Instance, LaunchSpec, RecordSet, Registration, Resource,
    Snapshot, normalise_name,
};
use crate::incident::site::{Site, SiteTarget};
use crate::incident::span::span;
use jiff::Timestamp;

/// The desk, with what was read and what is still to be read.
pub(super) struct Table<'a> {
    pub(super) desk: Desk<'a>,
    pub(super) action: &'a Action,
    readings: &'a [Reading],
    needs: Vec<Query>,
    grounds: Vec<Grounds>,
}

/// What [`Query::Records`] answers.
pub(super) type ZoneAndRecords<'a> = (Option<&'a HostedZone>, &'a [RecordSet]);

impl<'a> Table<'a> {
    pub(super) fn new(desk: Desk<'a>, action: &'a Action, readings: &'a [Reading]) -> Self {
        Self { desk, action, readings, needs: Vec::new(), grounds: Vec::new() }
    }

    /// A refusal of this action.
    pub(super) fn refuse(&self, why: impl Into<String>, next: impl Into<String>) -> Refusal {
        Refusal::new(self.action.to_string(), why, next)
    }

    /// The newest fresh answer; if there is none, it is asked for.
    fn answer(&mut self, query: &Query, what: &str) -> Result<Option<&'a Answer>, Refusal> {
        let found = self
            .readings
            .iter()
            .filter(|r| r.query == *query)
            .filter(|r| self.desk.now.duration_since(r.at).as_secs() <= Plan::FRESH_S)
            .max_by_key(|r| r.at);
        let Some(reading) = found else {
            if !self.needs.contains(query) {
                self.needs.push(query.clone());
            }
            return Ok(None);
        };
        match &reading.result {
            Ok(answer) => {
                let ground = Grounds { what: what.to_owned(), at: reading.at };
                if !self.grounds.contains(&ground) {
                    self.grounds.push(ground);
                }
                Ok(Some(answer))
            }
            Err(fault) => Err(self.dark(query, fault)),
        }
    }

    fn mismatch(&self, query: &Query) -> Refusal {
        self.refuse(
            format!("{} gave an answer to another question", control_plane(query)),
            "Try again; if it stays so, report it",
        )
    }

    pub(super) fn records(
        &mut self,
        query: &Query,
        name: &str,
    ) -> Result<Option<ZoneAndRecords<'a>>, Refusal> {
        match self.answer(query, &format!("records at {name}")) {
            Ok(Some(Answer::Records { zone, records })) => Ok(Some((zone.as_ref(), records))),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.mismatch(query)),
            Err(refusal) => match self.fault(query) {
                Some(fault) if is_not_found(fault) => Ok(Some((None, &[]))),
                Some(_) | None => Err(refusal),
            },
        }
    }

    pub(super) fn balancer(
        &mut self,
        query: &Query,
        words: &str,
    ) -> Result<Option<Option<&'a Balancer>>, Refusal> {
        match self.answer(query, &format!("balancer {words}")) {
            Ok(Some(Answer::Balancer(balancer))) => Ok(Some(balancer.as_ref())),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.mismatch(query)),
            Err(refusal) => match self.fault(query) {
                Some(fault) if is_not_found(fault) => Ok(Some(None)),
                Some(_) | None => Err(refusal),
            },
        }
    }

    pub(super) fn instances(
        &mut self,
        scope: &Scope,
        ids: &[String],
    ) -> Result<Option<&'a [Instance]>, Refusal> {
        let query = Query::Instances { scope: scope.clone(), ids: ids.to_vec() };
        match self.answer(&query, &format!("instances {}", ids.join(" "))) {
            Ok(Some(Answer::Instances(instances))) => Ok(Some(instances)),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.mismatch(&query)),
            Err(refusal) => match self.fault(&query) {
                Some(fault) if is_not_found(fault) => Ok(Some(&[])),
                Some(_) | None => Err(refusal),
            },
        }
    }

    pub(super) fn launch_spec(
        &mut self,
        scope: &Scope,
        instance: &str,
    ) -> Result<Option<Option<&'a (Instance, LaunchSpec)>>, Refusal> {
        let query = Query::LaunchSpec { scope: scope.clone(), instance: instance.to_owned() };
        match self.answer(&query, &format!("launch parameters of {instance}")) {
            Ok(Some(Answer::LaunchSpec(spec))) => Ok(Some(spec.as_deref())),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.mismatch(&query)),
            Err(refusal) => match self.fault(&query) {
                Some(fault) if is_not_found(fault) => Ok(Some(None)),
                Some(_) | None => Err(refusal),
            },
        }
    }

    /// What is registered; a balancer or group that does not exist is a refusal.
    pub(super) fn registrations(
        &mut self,
        scope: &Scope,
        under: &BalancerRef,
    ) -> Result<Option<&'a [Registration]>, Refusal> {
        let query = registrations_query(scope, under);
        match self.answer(&query, &format!("targets of {under}")) {
            Ok(Some(Answer::Registrations(rows))) => Ok(Some(rows)),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.mismatch(&query)),
            Err(refusal) => match self.fault(&query) {
                Some(fault) if is_not_found(fault) => {
                    let names = self.under_names(scope);
                    Err(self.refuse(
                        format!("{} has no {under}", scope.region),
                        choice("there is", &under.to_string(), &names),
                    ))
                }
                Some(_) | None => Err(refusal),
            },
        }
    }

    pub(super) fn database(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<Option<&'a Database>>, Refusal> {
        let query = database_query(scope, id);
        match self.answer(&query, &format!("DB instance {id}")) {
            Ok(Some(Answer::Database(database))) => Ok(Some(database.as_deref())),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.mismatch(&query)),
            Err(refusal) => match self.fault(&query) {
                Some(fault) if is_not_found(fault) => Ok(Some(None)),
                Some(_) | None => Err(refusal),
            },
        }
    }

    pub(super) fn snapshot(
        &mut self,
        scope: &Scope,
        id: &str,
    ) -> Result<Option<Option<&'a Snapshot>>, Refusal> {
        let query = Query::Snapshot { scope: scope.clone(), id: id.to_owned() };
        match self.answer(&query, &format!("snapshot {id}")) {
            Ok(Some(Answer::Snapshot(snapshot))) => Ok(Some(snapshot.as_deref())),
            Ok(None) => Ok(None),
            Ok(Some(_)) => Err(self.mismatch(&query)),
            Err(refusal) => match self.fault(&query) {
                Some(fault) if is_not_found(fault) => Ok(Some(None)),
                Some(_) | None => Err(refusal),
            },
        }
    }

    fn fault(&self, query: &Query) -> Option<&'a Fault> {
        self.readings
            .iter()
            .filter(|r| r.query == *query)
            .max_by_key(|r| r.at)
            .and_then(|r| r.result.as_ref().err())
    }

    /// What is still to be read.
    pub(super) fn needs(&mut self) -> Planned {
        Planned::Needs(std::mem::take(&mut self.needs))
    }

    /// Whether nothing is left to be read.
    pub(super) fn complete(&self) -> bool {
        self.needs.is_empty()
    }

    /// The site of that name.
    pub(super) fn site(&self, name: &str) -> Result<&'a Site, Refusal> {
        let sites = self.desk.sites;
        sites.iter().find(|s| s.name == name).ok_or_else(|| {
            if sites.is_empty() {
                self.refuse(
                    "no site is declared",
                    "Declare one in the config: [[site]] name, zone, record and [[site.target]]",
                )
            } else {
                let names: Vec<String> = sites.iter().map(|s| s.name.clone()).collect();
                self.refuse(format!("there is no site {name:?}"), choice("sites are", name, &names))
            }
        })
    }

    /// The site's target of that name.
    pub(super) fn target(&self, site: &'a Site, name: &str) -> Result<&'a SiteTarget, Refusal> {
        site.target(name).ok_or_else(|| {
            if site.targets.is_empty() {
                self.refuse(
                    format!("site {} has no targets", site.name),
                    "Declare one in the config: [[site.target]] name, kind and where it is",
                )
            } else {
                let names: Vec<String> = site.targets.iter().map(|t| t.name.clone()).collect();
                self.refuse(
                    format!("site {} has no target {name:?}", site.name),
                    choice("targets are", name, &names),
                )
            }
        })
    }

    /// Whether STS has not told this cockpit that an account is that of its credentials.
    fn is_untold(&self, account: &Account) -> bool {
        !account.is_verified() || self.desk.incident.presumption(self.desk.session, account).is_some()
    }

    /// With whose credentials an account is acted in.
    pub(super) fn profile(&self, account: &Account) -> Result<Profile, Refusal> {
        self.desk.accounts.iter().find(|(a, _)| a == account).map(|(_, profile)| profile.clone()).ok_or_else(
            || {
                let known: Vec<String> =
                    self.desk.accounts.iter().map(|(a, p)| format!("{a} ({p})")).collect();
                let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                if self.desk.accounts.iter().any(|(account, _)| self.is_untold(account)) {
                    return self.refuse(
                        format!("STS has not yet said whether the credentials loaded are those of account {account}"),
                        "Try again in a moment; what is read from now on is known to be of the credentials loaded",
                    );
                }
                self.refuse(
                    format!("no credentials for account {account} are loaded (loaded: {known})"),
                    "Start with --profile NAME of a profile of that account",
                )
            },
        )
    }

    /// Where a site's record is edited: the account whose public zone it is, else the first account.
    pub(super) fn zone_scope(&self, site: &Site) -> Result<Scope, Refusal> {
        let zone = normalise_name(&site.zone);
        let mut owners = self.desk.incident.rows.values().filter_map(|seen| match &seen.resource {
            Resource::HostedZone(z) if z.name == zone && !z.private => Some(z.key.scope()),
            _ => None,
        });
        let ours = |scope: &&Scope| self.desk.accounts.iter().any(|(a, _)| *a == scope.account);
        if let Some(scope) = owners.clone().find(ours) {
            return Ok(scope.clone());
        }
        // The log may know the zone under a number that STS has not told this cockpit yet, and in an outage may never
        // tell. The credentials at hand are asked then: whether the zone is theirs is read fresh.
        let untold = self.desk.accounts.iter().find(|(account, _)| self.is_untold(account));
        if let (Some(scope), None) = (owners.next(), untold) {
            return Ok(scope.clone());
        }
        if let Some((account, _)) = untold {
            return Ok(Scope::new(account.clone(), crate::incident::place::Region::global()));
        }
        let Some((account, _)) = self.desk.accounts.first() else {
            return Err(self.refuse(
                "no AWS account is loaded",
                "Set AWS_PROFILE or AWS_ACCESS_KEY_ID, or start with --profile",
            ));
        };
        Ok(Scope::new(account.clone(), crate::incident::place::Region::global()))
    }

    /// A plan with everything in it that all plans have.
    pub(super) fn draft(
        &self,
        scope: &Scope,
        title: String,
        risk: Risk,
        confirm: String,
    ) -> Result<Plan, Refusal> {
        let mut grounds = self.grounds.clone();
        grounds.sort_by(|a, b| (a.at, &a.what).cmp(&(b.at, &b.what)));
        Ok(Plan {
            action: self.action.clone(),
            session: self.desk.session.clone(),
            number: self.desk.number,
            made: self.desk.now,
            title,
            scope: scope.clone(),
            profile: self.profile(&scope.account)?,
            resources: Vec::new(),
            risk,
            confirm,
            changes: Vec::new(),
            effects: Vec::new(),
            warnings: Vec::new(),
            grounds,
            control_planes: Vec::new(),
            steps: Vec::new(),
            undo: String::new(),
            inverse: Vec::new(),
            hash: PlanHash(String::new()),
        })
    }

    /// A Route 53 change comment: whose change it is, at most 256 characters.
    pub(super) fn comment(&self, title: &str) -> String {
        let text = format!("bs/{}/{}/{title}", self.desk.session, self.desk.number);
        text.chars().map(|c| if c.is_ascii() && !c.is_ascii_control() { c } else { '?' }).take(256).collect()
    }

    /// A client token: ASCII, at most 64, the same for the same plan's same launch, another for any other.
    pub(super) fn client_token(&self, index: usize, instance: &str) -> String {
        let what = format!("{}\n{}\n{index}\n{instance}", self.desk.session, self.desk.number);
        format!("bs-{}-{index}", sha256_hex(what.as_bytes()).get(..40).unwrap_or_default())
    }

    /// How long ago, short and coarse.
    pub(super) fn ago(&self, at: Timestamp) -> String {
        age(at, self.desk.now)
    }

    /// What register and deregister can name in a scope, as last seen.
    pub(super) fn under_names(&self, scope: &Scope) -> Vec<String> {
        let rows = self.desk.incident.rows.values();
        let mut names: Vec<String> = rows
            .filter(|seen| seen.resource.key().scope() == scope)
            .filter_map(|seen| match &seen.resource {
                Resource::Balancer(b) if b.balancer_kind == BalancerKind::Classic => Some(b.name.clone()),
                Resource::TargetGroup(g) => Some(g.name.clone()),
                _ => None,
            })
            .collect();
        names.sort();
        names.dedup();
        names
    }

    /// The refusal for a control plane that does not answer: which one, its fault, the next rung.
    fn dark(&self, query: &Query, fault: &Fault) -> Refusal {
        let why = format!("{} does not answer as needed: {fault}", control_plane(query));
        // Where the fault is ours (credentials, permissions, input), another rung has the same fault.
        let throttled = matches!(fault, Fault::Throttled { .. });
        let rung = (fault.is_theirs() || throttled).then(|| self.rung(query)).flatten();
        let advice = fault.advice().trim_end_matches('.');
        let next = match rung {
            Some(rung) => format!("{advice}. Next rung: {rung}"),
            None => advice.to_owned(),
        };
        self.refuse(why, next)
    }

    fn rung(&self, query: &Query) -> Option<String> {
        match query {
            Query::Records { .. } | Query::Change { .. } => Some(
                "without Route 53 the record stays where it is: mend what it points at \
                 (`blackstart do register BALANCER INSTANCE`, `blackstart do relaunch INSTANCE`), which leans on EC2 and ELB \
                 of that region only, or use a failover record that was armed before"
                    .into(),
            ),
            Query::Balancer { scope, .. } => {
                let site = match self.action {
                    Action::Apex { site, .. }
                    | Action::MaintenanceOn { site, .. }
                    | Action::MaintenanceOff { site } => site,
                    Action::Relaunch { .. }
                    | Action::Terminate { .. }
                    | Action::Register { .. }
                    | Action::Deregister { .. }
                    | Action::Restore { .. }
                    | Action::Undo { .. } => return None,
                };
                self.elsewhere(Some(site), scope)
            }
            Query::Instances { scope, .. }
            | Query::InstancesByToken { scope, .. }
            | Query::LaunchSpec { scope, .. }
            | Query::Registrations { scope, .. } => self.elsewhere(None, scope),
            Query::Database { scope, .. } | Query::Snapshot { scope, .. } => {
                let copies: Vec<String> = self
                    .desk
                    .incident
                    .rows
                    .values()
                    .filter_map(|seen| match &seen.resource {
                        Resource::Snapshot(s)
                            if s.key.region() != &scope.region && s.status == "available" =>
                        {
                            Some(format!("{} in {}", s.name, s.key.region()))
                        }
                        _ => None,
                    })
                    .take(3)
                    .collect();
                if copies.is_empty() {
                    self.elsewhere(None, scope)
                } else {
                    Some(format!(
                        "restore from a copy in another region: {}",
                        copies.join(", ")
                    ))
                }
            }
            Query::Identity { .. } => None,
        }
    }

    /// Targets that do not lean on this region: addresses first, for they need Route 53 alone.
    fn elsewhere(&self, site: Option<&String>, scope: &Scope) -> Option<String> {
        let mut rungs: Vec<(bool, String)> = Vec::new();
        for s in self.desk.sites {
            if site.is_some_and(|name| *name != s.name) {
                continue;
            }
            for target in &s.targets {
                let leans = target.kind.is_balancer();
                if leans && target.region.as_deref() == Some(&*scope.region.0) {
                    continue;
                }
                let on = if leans {
                    format!("Route 53 and ELB in {}", target.region.as_deref().unwrap_or("?"))
                } else {
                    "Route 53 alone".into()
                };
                rungs.push((
                    leans,
                    format!("`blackstart do apex {} {}` (leans on {on})", s.name, target.name),
                ));
            }
        }
        rungs.sort_by_key(|(leans, _)| *leans);
        rungs.truncate(2);
        (!rungs.is_empty()).then(|| rungs.into_iter().map(|(_, rung)| rung).collect::<Vec<_>>().join(", or "))
    }
}

/// Codes that say "there is none", which is an answer.
fn is_not_found(fault: &Fault) -> bool {
    match fault {
        Fault::Refused { code, .. } => code.contains("NotFound") || code.contains("NoSuch"),
        Fault::Dark { .. }
        | Fault::TimedOut { .. }
        | Fault::Reset { .. }
        | Fault::CutShort { .. }
        | Fault::Html { .. }
        | Fault::Garbled { .. }
        | Fault::Server { .. }
        | Fault::Throttled { .. }
        | Fault::Denied { .. }
        | Fault::CredentialsMissing { .. }
        | Fault::CredentialsExpired { .. }
        | Fault::CredentialsRefused { .. }
        | Fault::ClockSkewed { .. }
        | Fault::Unaskable { .. } => false,
    }
}

/// The read behind every registration's guard.
pub(super) fn registrations_query(scope: &Scope, under: &BalancerRef) -> Query {
    Query::Registrations { scope: scope.clone(), under: under.clone() }
}

/// The read behind a restore's guard and check.
pub(super) fn database_query(scope: &Scope, id: &str) -> Query {
    Query::Database { scope: scope.clone(), id: id.to_owned() }
}

/// Which service in which region must answer a query.
fn control_plane(query: &Query) -> String {
    match query {
        Query::Identity { region, .. } => format!("STS ({region})"),
        Query::Records { scope, .. } | Query::Change { scope, .. } => route53(scope),
        Query::Balancer { scope, .. } | Query::Registrations { scope, .. } => elb(scope),
        Query::Instances { scope, .. }
        | Query::InstancesByToken { scope, .. }
        | Query::LaunchSpec { scope, .. } => ec2(scope),
        Query::Database { scope, .. } | Query::Snapshot { scope, .. } => rds(scope),
    }
}

/// Route 53's control plane, which has one home per partition.
pub(super) fn route53(scope: &Scope) -> String {
    let home = match scope.partition {
        Partition::Aws => "us-east-1",
        Partition::China => "cn-northwest-1",
        Partition::GovCloud => "us-gov-west-1",
        Partition::EuropeanSovereign => "eusc-de-east-1",
    };
    format!("Route 53 ({home})")
}

/// A region's load balancing.
pub(super) fn elb(scope: &Scope) -> String {
    format!("ELB ({})", scope.region)
}

/// A region's EC2.
pub(super) fn ec2(scope: &Scope) -> String {
    format!("EC2 ({})", scope.region)
}

/// A region's RDS.
pub(super) fn rds(scope: &Scope) -> String {
    format!("RDS ({})", scope.region)
}

/// The service that answers for what targets are registered under.
pub(super) fn balancing(under: &BalancerRef) -> Service {
    match under {
        BalancerRef::Classic(_) => Service::Elb,
        BalancerRef::TargetGroup(_) => Service::ElbV2,
    }
}

/// "did you mean" where a name is near, else what there is.
pub(super) fn choice(there: &str, typed: &str, names: &[String]) -> String {
    if names.is_empty() {
        return "Nothing of the kind is known yet: wait for the first sweep, or check --region".into();
    }
    let mut near: Vec<(f64, &String)> = names
        .iter()
        .map(|name| (strsim::jaro_winkler(&typed.to_lowercase(), &name.to_lowercase()), name))
        .filter(|(score, _)| *score > 0.75)
        .collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let shown: Vec<&str> = names.iter().take(8).map(String::as_str).collect();
    let more = names.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let list = format!("{there} {}{more}", shown.join(", "));
    match near.first() {
        Some((_, name)) => format!("Did you mean {name}? ({list})"),
        None => capitalised(&list),
    }
}

/// A sentence's beginning.
fn capitalised(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map_or_else(String::new, |first| first.to_uppercase().chain(rest).collect())
}

/// `3s`, `41m`, `2h`, `3d`; `in 41m` for what is to come.
pub(super) fn age(at: Timestamp, now: Timestamp) -> String {
    let s = now.duration_since(at).as_secs();
    let span = match s.saturating_abs() {
        // What a plan says is lost is told to the minute.
        s @ 3_600..172_800 => format!("{}h{:02}m", s / 3_600, s % 3_600 / 60),
        s => span(s),
    };
    if s < 0 { format!("in {span}") } else { span }
}

/// `one target`, `3 targets`.
pub(super) fn count(n: usize, word: &str) -> String {
    if n == 1 { format!("1 {word}") } else { format!("{n} {word}s") }
}
