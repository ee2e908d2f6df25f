//! The simulated AWS under a scenario: asked with a request and the time, it answers with a reply and how long it took.
//!
//! Synchronous and deterministic: no clock, no runtime, no hidden randomness. The same scenario, seed and sequence of
//! requests give the same replies to the byte. Time moves only by the `now` it is handed, and never back.

use super::scenario::Scenario;
use super::state::{Credentials, State, lives_in};
use super::weather::{Attempt, Dice, Facility, Hits, SKEW_S, Trouble};
use super::{ec2, elb, probe, rds, route53};
use crate::incident::access::Access;
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Place, Profile, Scope, Service};
use crate::incident::request::{
    Answer, BalancerRef, Call, CallResult, Done, Page, Query, QueryResult, Reply, Request, Sweep,
};
use crate::incident::resource::{BalancerKind, Resource};
use jiff::Timestamp;
use std::time::Duration;

/// Rows in a page, as AWS's own lists have them.
const PAGE: usize = 100;

/// The world of a scenario.
#[derive(Debug, Clone)]
pub struct World {
    scenario: Scenario,
    dice: Dice,
    now: Timestamp,
    /// The first happening that has not happened yet.
    next: usize,
    pub(super) state: State,
}

/// Somebody got through to an endpoint.
struct Visit {
    account: usize,
    latency: Duration,
    /// The call is carried out, but its answer is lost.
    lost: Option<Fault>,
    /// The sweep breaks off after so many pages.
    breaks_off: Option<(usize, Fault)>,
}

/// What a call or a query needs to know of where it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Here<'a> {
    pub(super) account: usize,
    pub(super) scope: &'a Scope,
    pub(super) now: Timestamp,
}

impl Here<'_> {
    pub(super) fn region(&self) -> &str {
        &self.scope.region.0
    }

    pub(super) fn place(&self, service: Service) -> Place {
        self.scope.place(service)
    }
}

impl World {
    /// The world at the scenario's start.
    #[must_use]
    pub fn new(scenario: Scenario, seed: u64) -> Self {
        Self { dice: Dice::new(seed), now: scenario.start, next: 0, state: scenario.state.clone(), scenario }
    }

    /// The scenario that is played.
    #[must_use]
    pub fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// What the outside world answers to a request made at a time, and how long it takes to.
    pub fn answer(&mut self, now: Timestamp, request: &Request) -> (Reply, Duration) {
        self.advance(now);
        match request {
            Request::Sweep(sweep) => self.sweep(sweep),
            Request::Ask { profile, query } => {
                let (result, latency) = self.ask(profile, query);
                (Reply::Answered(result), latency)
            }
            Request::Perform { profile, call } => {
                let (result, latency) = self.perform(profile, call);
                (Reply::Performed(result), latency)
            }
            Request::Probe(probe) => {
                let evidence = probe::probe(&self.state, self.dice, self.now, probe);
                let latency = Duration::from_millis(evidence.latency_ms);
                (Reply::Probed(evidence), latency)
            }
        }
    }

    /// How a profile has access at a time.
    pub fn access(&mut self, now: Timestamp, profile: &Profile) -> Access {
        self.advance(now);
        let account = self.principal(profile).ok();
        let skewed = self.state.weather.iter().any(|((whose, _, _), weather)| {
            weather.trouble == Trouble::Skewed && (whose.is_none() || *whose == account)
        });
        let expires = account.and_then(|at| self.state.accounts.get(at)?.expires);
        Access { expires, clock_ahead_s: Some(if skewed { SKEW_S } else { 0 }), ..Access::default() }
    }

    /// Lets everything happen that is due by now.
    fn advance(&mut self, now: Timestamp) {
        // Two requests of one cockpit may arrive a hair out of order; the world does not run backwards for that.
        self.now = self.now.max(now);
        while let Some((at, happening)) = self.scenario.happenings.get(self.next) {
            if *at > self.now {
                break;
            }
            happening.apply(*at, &mut self.state);
            self.next += 1;
        }
    }

    /// Who a profile is.
    fn principal(&self, profile: &Profile) -> Result<usize, Fault> {
        if profile.is_ambient() && !self.state.accounts.is_empty() {
            return Ok(0);
        }
        self.state.accounts.iter().position(|a| a.profile == profile.0).ok_or_else(|| {
            Fault::CredentialsMissing {
                detail: format!(
                    "no profile {:?} in the scenario {}; it has {}",
                    profile.0,
                    self.scenario.name,
                    self.state.accounts.iter().map(|a| a.profile.as_str()).collect::<Vec<_>>().join(", ")
                ),
            }
        })
    }

    /// Goes to an endpoint, through the weather.
    fn visit(
        &self,
        profile: &Profile,
        region: &str,
        facility: Facility,
        operation: &str,
        write: bool,
    ) -> Result<Visit, (Fault, Duration)> {
        let at_once = |fault| (fault, Duration::from_millis(1));
        let account = self.principal(profile).map_err(at_once)?;
        let principal = self.state.accounts.get(account).ok_or_else(|| {
            at_once(Fault::CredentialsMissing { detail: "the scenario has no account".into() })
        })?;
        let Some(pace) = self.state.paces.get(region) else {
            return Err((
                Fault::Dark { detail: format!("{} does not resolve", facility.host(region)) },
                Duration::from_millis(40),
            ));
        };
        let label = format!("{} {region} {facility}", principal.profile);
        let weather = self
            .state
            .weather(account, region, facility)
            .filter(|w| match w.hits {
                Hits::All => true,
                Hits::Reads => !write,
                Hits::Writes => write,
            })
            .filter(|w| self.dice.strikes(&label, self.now, w.rate));
        let fault =
            weather.and_then(|w| w.fault(Attempt { facility, region, operation, arn: &principal.arn }));
        let reached = weather.is_none_or(|w| w.trouble.is_reached());
        if reached {
            match principal.credentials_at(self.now) {
                Credentials::Valid => {}
                Credentials::Expired => {
                    return Err((
                        Fault::CredentialsExpired { code: "ExpiredToken".into() },
                        Duration::from_millis(90),
                    ));
                }
                Credentials::Refused => {
                    return Err((
                        Fault::CredentialsRefused {
                            code: "InvalidClientTokenId".into(),
                            message: "The security token included in the request is invalid.".into(),
                        },
                        Duration::from_millis(90),
                    ));
                }
            }
        }
        let slowed = weather.filter(|w| w.trouble == Trouble::Slow).map_or(0, |w| w.latency_ms);
        let latency = self.dice.latency(&label, self.now, pace.latency_ms.max(slowed));
        match (weather, fault) {
            (Some(weather), Some((fault, _))) if !write && weather.after_pages > 0 => {
                Ok(Visit { account, latency, lost: None, breaks_off: Some((weather.after_pages, fault)) })
            }
            (Some(weather), Some((fault, took))) if write && weather.performs => {
                Ok(Visit { account, latency: took, lost: Some(fault), breaks_off: None })
            }
            (_, Some(failed)) => Err(failed),
            (_, None) => Ok(Visit { account, latency, lost: None, breaks_off: None }),
        }
    }

    /// A request can only be about the account whose credentials carry it, and a service that lives there.
    fn askable(&self, profile: &Profile, place: &Place) -> Result<(), Fault> {
        if !lives_in(place.service, &place.scope.region.0) {
            return Err(Fault::Unaskable {
                detail: format!("{} has no endpoint in {}", place.service, place.scope.region),
            });
        }
        let account = self.principal(profile)?;
        let id = self.state.accounts.get(account).map_or("", |a| &a.id);
        if place.scope.account.is_verified() && place.scope.account.0 != id {
            return Err(Fault::Unaskable {
                detail: format!("profile {profile} is account {id}, not {}", place.scope.account),
            });
        }
        Ok(())
    }

    /// What EC2 answers where a zone is disrupted: a fault to whoever names no instance, or one of that zone.
    fn zone_fault(
        &self,
        here: Here<'_>,
        named: Option<&[String]>,
        operation: &str,
    ) -> Option<(Fault, Duration)> {
        let region = here.region();
        let hit = |zone: &str| match named {
            None => true,
            Some(ids) => ids
                .iter()
                .filter_map(|id| self.state.machine(here.account, region, id))
                .any(|machine| machine.spec.zone == zone),
        };
        let arn = self.state.accounts.get(here.account).map_or("", |principal| principal.arn.as_str());
        let facility = Facility::Service(Service::Ec2);
        self.state
            .zone_weather
            .iter()
            .filter(|(zone, _)| zone.starts_with(region) && hit(zone))
            .filter(|(zone, weather)| self.dice.strikes(zone, self.now, weather.rate))
            .find_map(|(_, weather)| weather.fault(Attempt { facility, region, operation, arn }))
    }

    fn sweep(&self, sweep: &Sweep) -> (Reply, Duration) {
        let failed = |(fault, latency)| (Reply::Swept { pages: Vec::new(), end: Err(fault) }, latency);
        let Sweep { profile, place, record_names, ids } = sweep;
        if let Err(fault) = self.askable(profile, place) {
            return failed((fault, Duration::from_millis(1)));
        }
        let region = &place.scope.region.0;
        let visit = match self.visit(
            profile,
            region,
            Facility::Service(place.service),
            list_operation(place.service),
            false,
        ) {
            Ok(visit) => visit,
            Err(failure) => return failed(failure),
        };
        let here = Here { account: visit.account, scope: &place.scope, now: self.now };
        let named = (!ids.is_empty()).then_some(ids.as_slice());
        if place.service == Service::Ec2
            && let Some(failure) = self.zone_fault(here, named, list_operation(place.service))
        {
            return failed(failure);
        }
        let rows: Vec<Resource> = match (place.service, named) {
            (Service::Ec2, None) => ec2::sweep(&self.state, here),
            (Service::Ec2, Some(ids)) => {
                ec2::by_ids(&self.state, here, ids).into_iter().map(Resource::Instance).collect()
            }
            (Service::Rds, _) => rds::sweep(&self.state, here),
            (Service::Elb, _) => elb::sweep_classic(&self.state, here),
            (Service::ElbV2, _) => elb::sweep_v2(&self.state, here),
            (Service::Route53, _) => route53::sweep(&self.state, here, record_names),
        };
        let mut pages = Vec::with_capacity(rows.len().div_ceil(PAGE));
        let mut rows = rows.into_iter();
        loop {
            let resources: Vec<Resource> = rows.by_ref().take(PAGE).collect();
            if resources.is_empty() {
                break;
            }
            pages.push(Page { resources });
        }
        // An empty list takes an answer too.
        let mut asked = u32::try_from(pages.len().max(1)).unwrap_or(u32::MAX);
        let end = match visit.breaks_off {
            Some((after, fault)) => {
                pages.truncate(after);
                asked = u32::try_from(pages.len() + 1).unwrap_or(u32::MAX);
                Err(fault)
            }
            None => Ok(()),
        };
        (Reply::Swept { pages, end }, visit.latency.saturating_mul(asked))
    }

    fn ask(&self, profile: &Profile, query: &Query) -> (QueryResult, Duration) {
        let at_once = Duration::from_millis(1);
        let (region, facility) = match (query, query.scope()) {
            (Query::Identity { region, .. }, _) => (region.as_str(), Facility::Sts),
            (_, Some(scope)) => {
                let service = service_of_query(query);
                if let Err(fault) = self.askable(profile, &scope.place(service)) {
                    return (Err(fault), at_once);
                }
                (&*scope.region.0, Facility::Service(service))
            }
            (_, None) => {
                return (Err(Fault::Unaskable { detail: "a query without an account".into() }), at_once);
            }
        };
        let visit = match self.visit(profile, region, facility, operation_of_query(query), false) {
            Ok(visit) => visit,
            Err((fault, latency)) => return (Err(fault), latency),
        };
        if let Some((_, fault)) = visit.breaks_off {
            return (Err(fault), visit.latency);
        }
        let result = match query.scope() {
            None => Ok(self.identity(visit.account)),
            Some(scope) => {
                let here = Here { account: visit.account, scope, now: self.now };
                let named = match query {
                    Query::Instances { ids, .. } => Some(Some(ids.as_slice())),
                    Query::LaunchSpec { instance, .. } => Some(Some(std::slice::from_ref(instance))),
                    Query::InstancesByToken { .. } => Some(None),
                    Query::Identity { .. }
                    | Query::Records { .. }
                    | Query::Change { .. }
                    | Query::Balancer { .. }
                    | Query::Registrations { .. }
                    | Query::Database { .. }
                    | Query::Snapshot { .. } => None,
                };
                let sick = named.and_then(|named| self.zone_fault(here, named, operation_of_query(query)));
                if let Some((fault, latency)) = sick {
                    return (Err(fault), latency);
                }
                self.read(here, query)
            }
        };
        (result, visit.latency)
    }

    fn identity(&self, account: usize) -> Answer {
        let (id, arn) =
            self.state.accounts.get(account).map_or_else(Default::default, |a| (a.id.clone(), a.arn.clone()));
        Answer::Identity { account: Account(id.into()), arn }
    }

    fn read(&self, here: Here<'_>, query: &Query) -> QueryResult {
        let state = &self.state;
        match query {
            Query::Identity { .. } => Ok(self.identity(here.account)),
            Query::Records { zone, name, .. } => Ok(route53::records(state, here, zone, name)),
            Query::Change { change_id, .. } => route53::change(state, here, change_id),
            Query::Balancer { kind, name, .. } => {
                Ok(Answer::Balancer(elb::balancer(state, here, *kind, name)))
            }
            Query::Instances { ids, .. } => Ok(Answer::Instances(ec2::by_ids(state, here, ids))),
            Query::InstancesByToken { client_token, .. } => {
                Ok(Answer::Instances(ec2::by_token(state, here, client_token)))
            }
            Query::LaunchSpec { instance, .. } => {
                Ok(Answer::LaunchSpec(ec2::launch_spec(state, here, instance)))
            }
            Query::Registrations { under, .. } => {
                elb::registrations(state, here, under).map(Answer::Registrations)
            }
            Query::Database { id, .. } => Ok(Answer::Database(rds::database(state, here, id))),
            Query::Snapshot { id, .. } => Ok(Answer::Snapshot(rds::snapshot(state, here, id))),
        }
    }

    fn perform(&mut self, profile: &Profile, call: &Call) -> (CallResult, Duration) {
        let service = service_of_call(call);
        if let Err(fault) = self.askable(profile, &call.scope().place(service)) {
            return (Err(fault), Duration::from_millis(1));
        }
        let visit = match self.visit(
            profile,
            &call.scope().region.0,
            Facility::Service(service),
            call.operation(),
            true,
        ) {
            Ok(visit) => visit,
            Err((fault, latency)) => return (Err(fault), latency),
        };
        let here = Here { account: visit.account, scope: call.scope(), now: self.now };
        let result = self.change(here, call);
        match visit.lost {
            Some(fault) => (Err(fault), visit.latency),
            None => (result, visit.latency),
        }
    }

    fn change(&mut self, here: Here<'_>, call: &Call) -> CallResult {
        let state = &mut self.state;
        match call {
            Call::ChangeRecords { zone_id, changes, comment, .. } => {
                route53::change_records(state, here, zone_id, changes, comment)
            }
            Call::RunInstance { spec, client_token, .. } => {
                ec2::run_instance(state, here, spec, client_token)
            }
            Call::DisableSourceDestCheck { instance, .. } => {
                ec2::disable_source_dest_check(state, here, instance)
            }
            Call::Terminate { instance, .. } => ec2::terminate(state, here, instance),
            Call::Register { under, targets, .. } => elb::register(state, here, under, targets),
            Call::Deregister { under, targets, .. } => elb::deregister(state, here, under, targets),
            Call::RestoreDatabase { from, new_id, settings, .. } => {
                rds::restore(state, here, from, new_id, settings)
            }
        }
        .map_err(|(code, message)| {
            if code.is_empty() {
                Fault::Unaskable { detail: message }
            } else {
                Fault::Refused { code, message }
            }
        })
    }
}

/// What a call gives back inside the world: a refusal is a code and a message; an empty code means that the request
/// could not even be sent.
pub(super) type Outcome = Result<Done, (String, String)>;

/// A refusal with AWS's code and message.
pub(super) fn refuse<T>(code: &str, message: impl Into<String>) -> Result<T, (String, String)> {
    Err((code.to_owned(), message.into()))
}

fn list_operation(service: Service) -> &'static str {
    match service {
        Service::Ec2 => "ec2:DescribeInstances",
        Service::Rds => "rds:DescribeDBInstances",
        Service::Elb | Service::ElbV2 => "elasticloadbalancing:DescribeLoadBalancers",
        Service::Route53 => "route53:ListHostedZones",
    }
}

fn service_of_query(query: &Query) -> Service {
    match query {
        // Never asked of: an identity is STS's.
        Query::Identity { .. } => Service::Ec2,
        Query::Records { .. } | Query::Change { .. } => Service::Route53,
        Query::Balancer { kind, .. } => match kind {
            BalancerKind::Classic => Service::Elb,
            BalancerKind::Application | BalancerKind::Network | BalancerKind::Gateway => Service::ElbV2,
        },
        Query::Instances { .. } | Query::InstancesByToken { .. } | Query::LaunchSpec { .. } => Service::Ec2,
        Query::Registrations { under, .. } => service_of_under(under),
        Query::Database { .. } | Query::Snapshot { .. } => Service::Rds,
    }
}

fn operation_of_query(query: &Query) -> &'static str {
    match query {
        Query::Identity { .. } => "sts:GetCallerIdentity",
        Query::Records { .. } => "route53:ListResourceRecordSets",
        Query::Change { .. } => "route53:GetChange",
        Query::Balancer { .. } => "elasticloadbalancing:DescribeLoadBalancers",
        Query::Instances { .. } | Query::InstancesByToken { .. } => "ec2:DescribeInstances",
        Query::LaunchSpec { .. } => "ec2:DescribeInstanceAttribute",
        Query::Registrations { under: BalancerRef::Classic(_), .. } => {
            "elasticloadbalancing:DescribeInstanceHealth"
        }
        Query::Registrations { under: BalancerRef::TargetGroup(_), .. } => {
            "elasticloadbalancing:DescribeTargetHealth"
        }
        Query::Database { .. } => "rds:DescribeDBInstances",
        Query::Snapshot { .. } => "rds:DescribeDBSnapshots",
    }
}

fn service_of_under(under: &BalancerRef) -> Service {
    match under {
        BalancerRef::Classic(_) => Service::Elb,
        BalancerRef::TargetGroup(_) => Service::ElbV2,
    }
}

fn service_of_call(call: &Call) -> Service {
    match call {
        Call::ChangeRecords { .. } => Service::Route53,
        Call::RunInstance { .. } | Call::DisableSourceDestCheck { .. } | Call::Terminate { .. } => {
            Service::Ec2
        }
        Call::Register { under, .. } | Call::Deregister { under, .. } => service_of_under(under),
        Call::RestoreDatabase { .. } => Service::Rds,
    }
}
