//! The real AWS: one file per service, each turning the SDK's types into `incident`'s and back.
//!
//! What it promises: every call ends (time-outs on connecting, on an attempt, on the whole), every page is passed on as
//! it arrives, an error becomes a [`Fault`] that says whether a mutation may have happened, and nothing is retried that
//! could be done twice. It decides nothing, it judges nothing, and only `cloud` may import it.
//!
//! `session` holds clients, `connections` what they share, `credentials` what they sign with, `skew` how far the clock is off,
//! `fault` reads errors, `page` walks pages, `glance` looks at one before it is read; then a file per service.

mod connections;
mod credentials;
mod ec2;
mod elb;
mod elb_zones;
mod elbv2;
mod fault;
mod glance;
mod launch;
mod listeners;
mod page;
mod rds;
mod restore;
mod route53;
mod session;
mod skew;
#[cfg(test)]
mod tests;
mod whole;

use crate::cloud::probe::Prober;
use crate::incident::access::Access;
use crate::incident::cell::Evidence;
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Place, Profile, Service};
use crate::incident::request::{
    Answer, BalancerRef, Call, CallResult, Page, Probe, Query, QueryResult, Sweep,
};
use crate::incident::resource::{BalancerKind, Resource};
use crate::incident::timeouts::CallTimeouts;
use aws_credential_types::provider::SharedCredentialsProvider;
use futures::StreamExt;
use session::{Session, Sessions};
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// How long anything may take. Nothing in the adapters waits without one of these.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// To a TCP and TLS connection.
    pub connect: Duration,
    /// One attempt at a read, body included.
    pub attempt: Duration,
    /// A call with its retries; and the single attempt of a mutation.
    pub operation: Duration,
    /// The instance metadata service, asked for credentials when there are no others.
    pub metadata: Duration,
    /// How long rows wait for what belongs to them and is asked apart before they are shown without it: instances for
    /// their status checks, balancers for their listeners.
    pub grace: Duration,
    /// A whole probe.
    pub probe: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        CallTimeouts::default().into()
    }
}

impl From<CallTimeouts> for Timeouts {
    fn from(CallTimeouts { connect, attempt, operation }: CallTimeouts) -> Self {
        Self {
            connect,
            attempt,
            operation,
            metadata: Duration::from_secs(1),
            grace: Duration::from_millis(400),
            probe: Duration::from_secs(5),
        }
    }
}

/// How AWS is reached. Profiles are loaded when they are first asked for, from the environment and the AWS
/// configuration files, as the AWS CLI does.
#[derive(Clone, Default)]
pub struct Options {
    /// Every service at this one endpoint (an emulator, a proxy); otherwise `AWS_ENDPOINT_URL` or AWS itself.
    pub endpoint_url: Option<String>,
    /// How long anything may take.
    pub timeouts: Timeouts,
    /// Credentials given by hand instead of looked for: tests only.
    credentials: Option<SharedCredentialsProvider>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("endpoint_url", &self.endpoint_url)
            .field("timeouts", &self.timeouts)
            .field("credentials", &self.credentials.as_ref().map(|_| "given"))
            .finish()
    }
}

/// The real AWS. Cheap to clone; clones share credentials, clients and connections.
#[derive(Debug, Clone)]
pub struct Aws {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    options: Options,
    sessions: Sessions,
    prober: Prober,
    delegations: route53::Delegations,
    listeners: listeners::Listeners,
    known: Arc<ec2::KnownPages>,
}

impl Aws {
    /// Reaches AWS with these options. Nothing is read or asked before the first call.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self {
            inner: Arc::new(Inner {
                options,
                sessions: Sessions::default(),
                prober: Prober::default(),
                delegations: route53::Delegations::default(),
                listeners: listeners::Listeners::default(),
                known: Arc::default(),
            }),
        }
    }

    fn options(&self) -> &Options {
        &self.inner.options
    }

    async fn session(&self, profile: &Profile, region: &str) -> Session {
        self.inner.sessions.get(self.options(), profile, region).await
    }

    /// How a profile has access, as far as is known without asking anybody.
    #[must_use]
    pub fn access(&self, profile: &Profile) -> Access {
        self.inner.sessions.access(profile)
    }

    /// Passes a result on, having learnt from it whether the credentials are good.
    fn settle<T>(session: &Session, result: Result<T, Fault>) -> Result<T, Fault> {
        match &result {
            Ok(_) => session.accepted(),
            Err(fault) => session.refused(fault),
        }
        result
    }

    /// Reads a place to the end; every page goes to `pages` as it arrives.
    ///
    /// A place is read by several calls. One that fails does not stop the others: all that can be read is sent, and
    /// the first fault is returned at the end.
    ///
    /// # Errors
    /// The first fault. Pages sent before stay valid.
    pub async fn sweep(&self, sweep: Sweep, pages: UnboundedSender<Page>) -> Result<(), Fault> {
        let Place { scope, service } = &sweep.place;
        if scope.region.is_global() != (*service == Service::Route53) {
            return Err(no_such_place(&sweep.place));
        }
        let session = self.session(&sweep.profile, session::signing_region(scope)).await;
        let clients = &session.clients;
        let out = Out { place: &sweep.place, pages };
        let result = match service {
            Service::Ec2 if sweep.ids.is_empty() => {
                let grace = self.options().timeouts.grace;
                ec2::sweep(clients.ec2(), &out, &self.inner.known, grace).await
            }
            Service::Ec2 => ec2::sweep_ids(clients.ec2(), &out, &sweep.ids, self.options().timeouts).await,
            Service::Rds => rds::sweep(clients.rds(), &out).await,
            Service::Elb => elb::sweep(clients.elb(), &out).await,
            Service::ElbV2 => {
                let grace = self.options().timeouts.grace;
                elbv2::sweep(clients.elbv2(), &out, &self.inner.listeners, grace).await
            }
            Service::Route53 => {
                route53::sweep(clients.route53(), &out, &sweep.record_names, &self.inner.delegations).await
            }
        };
        Self::settle(&session, result)
    }

    /// Reads one thing, fresh.
    ///
    /// # Errors
    /// Why there is no answer.
    pub async fn ask(&self, profile: Profile, query: Query) -> QueryResult {
        let (profile, region) = match &query {
            Query::Identity { profile, region } => (profile.clone(), region.clone()),
            Query::Records { scope, .. }
            | Query::Change { scope, .. }
            | Query::Balancer { scope, .. }
            | Query::Instances { scope, .. }
            | Query::InstancesByToken { scope, .. }
            | Query::LaunchSpec { scope, .. }
            | Query::Registrations { scope, .. }
            | Query::Database { scope, .. }
            | Query::Snapshot { scope, .. } => (profile, session::signing_region(scope).to_owned()),
        };
        let session = self.session(&profile, &region).await;
        let result = Box::pin(ask(&session, query)).await;
        Self::settle(&session, result)
    }

    /// Changes something. Only RunInstances is sent a second time, with the same token, when the first answer is lost.
    ///
    /// # Errors
    /// Why not; [`Fault::performed`] tells whether it may have happened all the same.
    pub async fn perform(&self, profile: Profile, call: Call) -> CallResult {
        let region = session::signing_region(call.scope()).to_owned();
        let session = self.session(&profile, &region).await;
        let result = Box::pin(perform(&session, self.options(), call)).await;
        Self::settle(&session, result)
    }

    /// Looks for evidence, from where the cockpit stands.
    pub async fn probe(&self, probe: Probe) -> Evidence {
        self.inner.prober.probe(probe.how, self.options().timeouts.probe).await
    }
}

async fn ask(session: &Session, query: Query) -> QueryResult {
    let clients = &session.clients;
    match query {
        Query::Identity { .. } => {
            let who =
                fault::call("sts:GetCallerIdentity", clients.sts().get_caller_identity().send()).await?;
            match (who.account, who.arn) {
                (Some(account), Some(arn)) => Ok(Answer::Identity { account: Account(account.into()), arn }),
                _ => Err(Fault::Garbled { detail: "GetCallerIdentity without an account".into() }),
            }
        }
        Query::Records { scope, zone, name } => {
            let place = scope.place(Service::Route53);
            route53::records(clients.route53(), &place, &zone, &name).await
        }
        Query::Change { change_id, .. } => route53::change(clients.route53(), &change_id).await,
        Query::Balancer { scope, kind, name } => Ok(Answer::Balancer(match kind {
            BalancerKind::Classic => elb::balancer(clients.elb(), &scope.place(Service::Elb), &name).await?,
            BalancerKind::Application | BalancerKind::Network | BalancerKind::Gateway => {
                elbv2::balancer(clients.elbv2(), &scope.place(Service::ElbV2), &name).await?
            }
        })),
        Query::Instances { scope, ids } => {
            ec2::instances(clients.ec2(), &scope.place(Service::Ec2), ids).await
        }
        Query::InstancesByToken { scope, client_token } => {
            ec2::by_token(clients.ec2(), &scope.place(Service::Ec2), &client_token).await
        }
        Query::LaunchSpec { scope, instance } => {
            launch::spec(clients.ec2(), &scope.place(Service::Ec2), &instance).await
        }
        Query::Registrations { scope, under } => Ok(Answer::Registrations(match under {
            BalancerRef::Classic(name) => {
                elb::registrations(clients.elb(), &scope.place(Service::Elb), &name).await?
            }
            BalancerRef::TargetGroup(arn) => {
                elbv2::registrations(clients.elbv2(), &scope.place(Service::ElbV2), &arn).await?
            }
        })),
        Query::Database { scope, id } => rds::database(clients.rds(), &scope.place(Service::Rds), &id).await,
        Query::Snapshot { scope, id } => rds::snapshot(clients.rds(), &scope.place(Service::Rds), &id).await,
    }
}

async fn perform(session: &Session, options: &Options, call: Call) -> CallResult {
    let clients = &session.clients;
    match call {
        Call::ChangeRecords { zone_id, changes, comment, .. } => {
            route53::change_records(clients.route53(), options, &zone_id, &changes, &comment).await
        }
        Call::RunInstance { spec, client_token, .. } => {
            launch::run(clients.ec2(), options, &spec, &client_token).await
        }
        Call::DisableSourceDestCheck { instance, .. } => {
            launch::disable_source_dest_check(clients.ec2(), options, &instance).await
        }
        Call::Terminate { instance, .. } => launch::terminate(clients.ec2(), options, &instance).await,
        Call::Register { under, targets, .. } => match under {
            BalancerRef::Classic(name) => elb::register(clients.elb(), options, &name, &targets).await,
            BalancerRef::TargetGroup(arn) => elbv2::register(clients.elbv2(), options, &arn, &targets).await,
        },
        Call::Deregister { under, targets, .. } => match under {
            BalancerRef::Classic(name) => elb::deregister(clients.elb(), options, &name, &targets).await,
            BalancerRef::TargetGroup(arn) => {
                elbv2::deregister(clients.elbv2(), options, &arn, &targets).await
            }
        },
        Call::RestoreDatabase { from, new_id, settings, .. } => {
            restore::restore(clients.rds(), options, &from, &new_id, &settings).await
        }
    }
}

/// Where a sweep's rows go.
struct Out<'a> {
    place: &'a Place,
    pages: UnboundedSender<Page>,
}

impl Out<'_> {
    /// Sends rows, if any. Nobody listening is no fault: the sweep was cancelled.
    fn send(&self, resources: Vec<Resource>) {
        if !resources.is_empty() {
            let _ = self.pages.send(Page { resources });
        }
    }
}

/// A call among several that are made side by side.
type Job<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// Does all the jobs, `limit` at once, whatever becomes of each.
async fn side_by_side(jobs: Vec<Job<'_>>, limit: usize) -> Result<(), Fault> {
    let results: Vec<_> = futures::stream::iter(jobs).buffer_unordered(limit).collect().await;
    first_fault(results)
}

/// The first fault of several results.
fn first_fault(results: impl IntoIterator<Item = Result<(), Fault>>) -> Result<(), Fault> {
    results.into_iter().collect()
}

fn no_such_place(place: &Place) -> Fault {
    Fault::Unaskable {
        detail: format!(
            "{} has no {}: Route 53 is asked in `global`, everything else in a region",
            place.scope.region, place.service
        ),
    }
}

/// The id of an instance that a call names; a step of a plan must have been filled in by now.
fn instance_id(instance: &crate::incident::request::InstanceRef) -> Result<&str, Fault> {
    use crate::incident::request::InstanceRef;
    match instance {
        InstanceRef::Id(id) => Ok(id),
        InstanceRef::LaunchedByStep(step) => Err(Fault::Unaskable {
            detail: format!("the instance that step {} launches is not known yet", step + 1),
        }),
    }
}

/// A time of the SDK's, in ours; one outside our range is as good as none.
fn time(at: Option<&aws_smithy_types::DateTime>) -> Option<jiff::Timestamp> {
    let at = at?;
    jiff::Timestamp::new(at.secs(), i32::try_from(at.subsec_nanos()).ok()?).ok()
}

/// A string that AWS sent, with the empty one taken for none.
fn text(value: Option<&str>) -> Option<String> {
    value.filter(|v| !v.is_empty()).map(str::to_owned)
}
