//! The stand-in: an HTTP server between the binary and moto, one per test, that makes true what moto gets wrong.
//!
//! moto answers as AWS does in shape, and lies where an incident cockpit needs the truth: a Route 53 batch is not atomic
//! and its DELETE compares nothing, a client token does nothing, balancers of one name in two regions share a DNS name,
//! and nothing ever takes time. Each of these is mended in a file of its own. What is not mended passes through.
//!
//! Time is counted in polls, not in seconds: "pending for two polls" is true on any machine. Every request is kept, with
//! its region and service from the scope of its signature, and rules make any of them fail in the ways AWS fails.

mod balancers;
pub mod dns;
mod ec2;
mod faults;
mod rds;
mod reply;
mod request;
mod route53;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::HeaderName;
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioIo};

pub use faults::{Fault, Rule};
use reply::Reply;
use request::{Request, aws_error, field};

use super::http::query;
use super::moto::Moto;
use super::xml::Element;

/// How many polls each transition lasts. A poll is an answer that shows the thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// An instance is `pending`, `stopping` or `shutting-down`.
    pub instance: u32,
    /// The status checks of an instance that runs are `initializing`.
    pub checks: u32,
    /// An instance registered with a classic balancer is OutOfService; a target is `initial`.
    pub registering: u32,
    /// A target that was deregistered is `draining`.
    pub draining: u32,
    /// A Route 53 change is PENDING.
    pub change: u32,
    /// Each name server answers the old so many questions longer than the one before it.
    pub dns: u32,
}

impl Pace {
    /// Everything is done at once, as moto has it.
    pub const INSTANT: Self = Self { instance: 0, checks: 0, registering: 0, draining: 0, change: 0, dns: 0 };
}

impl Default for Pace {
    fn default() -> Self {
        Self { instance: 1, checks: 1, registering: 1, draining: 1, change: 1, dns: 0 }
    }
}

/// One request, as it was seen.
#[derive(Debug, Clone)]
pub struct Call {
    /// When it came, since the stand-in started.
    pub at: Duration,
    /// The account of its credentials.
    pub account: String,
    /// The key that signed it.
    pub access_key: String,
    /// The region of its signature.
    pub region: String,
    /// `ec2`, `rds`, `elb` (classic), `elbv2`, `route53`, `sts`, …
    pub service: String,
    /// The action: `RunInstances`, `ChangeResourceRecordSets`, …
    pub action: String,
    /// The form's fields; for Route 53 those of the query string.
    pub params: BTreeMap<String, String>,
    /// The body as it came.
    pub body: String,
    /// What was answered; `None` while it is not, and for one that never is.
    pub status: Option<u16>,
    /// The fault that a rule gave it.
    pub fault: Option<String>,
}

/// What a thing is going through, and for how many polls more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::support) struct Passing {
    pub what: &'static str,
    pub left: u32,
}

/// (account, region, what holds it, what it is).
type Key = (String, String, String, String);

/// The parameters of the first launch under a token, and what it was answered.
type Launch = (Vec<(String, String)>, Reply);

/// What changes while it runs.
#[derive(Debug, Default)]
struct State {
    calls: Vec<Call>,
    rules: Vec<(u64, Rule)>,
    pace: Pace,
    /// Instances changing state: the key's third part is empty.
    instances: BTreeMap<Key, Passing>,
    /// Status checks still initializing.
    checks: BTreeMap<Key, u32>,
    /// Registrations by (balancer or target group, instance).
    registrations: BTreeMap<Key, Passing>,
    /// Those whose health check a test has made fail.
    ill: BTreeSet<(String, String)>,
    /// Changes by id: polls until INSYNC, and when they were submitted.
    changes: BTreeMap<String, (u32, String)>,
    /// The zones as the name servers know them.
    dns: dns::Dns,
    /// The last restorable moment of every database; `None` is five minutes ago, always.
    restorable: Option<jiff::Timestamp>,
    /// The first true answer to every question.
    first_answers: BTreeMap<String, Reply>,
    /// Accounts by access key.
    accounts: BTreeMap<String, String>,
    serial: u64,
}

/// What every connection shares.
struct Shared {
    moto: SocketAddr,
    begin: Instant,
    state: Mutex<State>,
    client: Client<HttpConnector, Full<Bytes>>,
    /// One batch at a time: a batch reads, compares and writes.
    batch: tokio::sync::Mutex<()>,
    /// One launch at a time, and what each token was answered.
    launches: tokio::sync::Mutex<BTreeMap<Key, Launch>>,
}

/// A running stand-in; it ends when it is dropped.
pub struct StandIn {
    /// Where it listens.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl StandIn {
    /// Starts one before that moto.
    pub fn start(moto: &Moto) -> Self {
        let shared = Arc::new(Shared {
            moto: moto.address,
            begin: Instant::now(),
            state: Mutex::default(),
            client: Client::builder(TokioExecutor::new()).pool_max_idle_per_host(0).build_http(),
            batch: tokio::sync::Mutex::default(),
            launches: tokio::sync::Mutex::default(),
        });
        let ports = dns::open();
        let addresses = ports.iter().map(|(udp, _)| udp.local_addr().unwrap()).collect();
        shared.state().dns = dns::Dns::listening(addresses);
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("stand-in".to_owned())
            .spawn(move || {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
                runtime.block_on(async {
                    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
                    dns::serve(&served, ports);
                    tokio::select! {
                        _ = stopped => {}
                        () = accept(listener, served) => {}
                    }
                });
                // Requests that hang are left where they hang.
                runtime.shutdown_background();
            })
            .unwrap();
        Self { address, shared, stop: Some(stop), thread: Some(thread) }
    }

    /// What to give as `--endpoint-url` or `AWS_ENDPOINT_URL`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sets how long transitions that begin from now on last.
    pub fn set_pace(&self, pace: Pace) {
        self.state().pace = pace;
    }

    /// The pace now.
    pub fn pace(&self) -> Pace {
        self.state().pace
    }

    /// Ends every transition now.
    pub fn settle(&self) {
        let mut state = self.state();
        state.instances.clear();
        state.checks.clear();
        state.registrations.clear();
        state.changes.values_mut().for_each(|(left, _)| *left = 0);
    }

    /// Adds a rule. Rules are tried in the order they were added; the first that fits and has uses left applies.
    pub fn rule(&self, rule: Rule) -> u64 {
        let mut state = self.state();
        state.serial += 1;
        let id = state.serial;
        state.rules.push((id, rule));
        id
    }

    /// Takes a rule back.
    pub fn lift(&self, id: u64) {
        self.state().rules.retain(|(other, _)| *other != id);
    }

    /// Takes all rules back.
    pub fn lift_all(&self) {
        self.state().rules.clear();
    }

    /// Makes the health check of an instance fail, behind a classic balancer (by name) or in a target group (by ARN).
    pub fn make_ill(&self, holder: &str, instance: &str) {
        self.state().ill.insert((holder.to_owned(), instance.to_owned()));
    }

    /// Makes it pass again.
    pub fn make_well(&self, holder: &str, instance: &str) {
        self.state().ill.remove(&(holder.to_owned(), instance.to_owned()));
    }

    /// Stops backups at that moment, as an outage does; `None` lets them run, five minutes behind the clock.
    pub fn backups_stopped_at(&self, moment: Option<jiff::Timestamp>) {
        self.state().restorable = moment;
    }

    /// What went wrong without a rule asking for it: moto lacks the call, or broke on it. A test that drives the binary
    /// ends with this being empty, or every call it names is one that the binary is meant to bear failing.
    pub fn unexplained(&self) -> Vec<String> {
        let calls = self.calls();
        let broken =
            calls.iter().filter(|c| c.fault.is_none() && c.status.is_some_and(|status| status >= 500));
        broken.map(|c| format!("{} {}:{} -> {:?}", c.region, c.service, c.action, c.status)).collect()
    }

    /// Everything that was asked, in the order it came.
    pub fn calls(&self) -> Vec<Call> {
        self.state().calls.clone()
    }

    /// The calls of one service and action; a `*` at the end of either stands for any rest.
    pub fn calls_of(&self, service: &str, action: &str) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| faults::fits(service, &call.service) && faults::fits(action, &call.action));
        calls
    }

    /// The calls that change something, oldest first.
    pub fn mutations(&self) -> Vec<Call> {
        let mut calls = self.calls();
        calls.retain(|call| !["Describe", "List", "Get"].iter().any(|reads| call.action.starts_with(reads)));
        calls
    }

    /// Forgets what was asked so far.
    pub fn forget_calls(&self) {
        self.state().calls.clear();
    }

    /// Waits until that action was asked for at least `count` times. A test waits on what happens, never on the clock.
    pub fn wait_for_calls(&self, service: &str, action: &str, count: usize) -> Vec<Call> {
        let begin = Instant::now();
        loop {
            let calls = self.calls_of(service, action);
            if calls.len() >= count {
                return calls;
            }
            assert!(
                begin.elapsed() < Duration::from_secs(60),
                "waited a minute for {count} x {service}:{action}, saw {}; all calls: {:?}",
                calls.len(),
                self.calls()
                    .iter()
                    .map(|c| format!("{}:{}:{}", c.region, c.service, c.action))
                    .collect::<Vec<_>>()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

type Body = UnsyncBoxBody<Bytes, std::io::Error>;

async fn accept(listener: tokio::net::TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(|request| one(Arc::clone(&shared), request));
            // A client that leaves in the middle is its own affair.
            let _ = hyper::server::conn::http1::Builder::new()
                .auto_date_header(false)
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// One request, from its arrival to its answer. An error closes the connection without a word.
async fn one(
    shared: Arc<Shared>,
    incoming: hyper::Request<Incoming>,
) -> Result<hyper::Response<Body>, std::io::Error> {
    let (parts, body) = incoming.into_parts();
    let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes();
    let mut request = Request::read(&parts, body);
    request.account = shared.account_of(&request.access_key).await;
    let id = shared.note(&request);
    let rule = shared.pick(&request);
    if let Some((_, rule)) = &rule {
        shared.tell(id, |call| call.fault = Some(rule.name.clone()));
    }
    let reply = match rule {
        None => shared.answer(&request).await.dated_now(),
        Some((number, rule)) => match faults::apply(&shared, number, &rule, &request).await {
            faults::Outcome::Reply(reply) => reply.dated_now(),
            faults::Outcome::Undated(mut reply) => {
                reply.headers.remove("date");
                reply
            }
            faults::Outcome::Cut(reply) => {
                shared.tell(id, |call| call.status = Some(reply.status));
                return Ok(faults::cut(&reply));
            }
            faults::Outcome::Reset => return Err(std::io::Error::other("reset by a rule")),
        },
    };
    shared.tell(id, |call| call.status = Some(reply.status));
    let mut response = hyper::Response::new(whole(reply.body));
    *response.status_mut() = hyper::StatusCode::from_u16(reply.status).map_err(std::io::Error::other)?;
    *response.headers_mut() = reply.headers;
    Ok(response)
}

fn whole(body: Bytes) -> Body {
    Full::new(body).map_err(|never: Infallible| match never {}).boxed_unsync()
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Writes the request down and gives the place of its line.
    fn note(&self, request: &Request) -> Duration {
        let mut state = self.state();
        // The arrival is also the name of the line: two never share one.
        let mut at = self.begin.elapsed();
        if let Some(last) = state.calls.last()
            && last.at >= at
        {
            at = last.at + Duration::from_nanos(1);
        }
        state.calls.push(Call {
            at,
            account: request.account.clone(),
            access_key: request.access_key.clone(),
            region: request.region.clone(),
            service: request.service.clone(),
            action: request.action.clone(),
            params: request.params.iter().cloned().collect(),
            body: String::from_utf8_lossy(&request.body).into_owned(),
            status: None,
            fault: None,
        });
        at
    }

    fn tell(&self, at: Duration, change: impl FnOnce(&mut Call)) {
        let mut state = self.state();
        if let Some(call) = state.calls.iter_mut().find(|call| call.at == at) {
            change(call);
        }
    }

    /// The rule for this request, if one fits; its uses are counted down.
    fn pick(&self, request: &Request) -> Option<(u64, Rule)> {
        let mut state = self.state();
        let (id, rule) = state.rules.iter_mut().find(|(_, rule)| rule.wants(request))?;
        if let Some(times) = &mut rule.times {
            *times -= 1;
        }
        Some((*id, rule.clone()))
    }

    /// Whether a rule was not yet taken back.
    fn in_force(&self, id: u64) -> bool {
        self.state().rules.iter().any(|(other, _)| *other == id)
    }

    /// The account behind an access key: moto knows, and is asked once for each.
    async fn account_of(&self, access_key: &str) -> String {
        if access_key.is_empty() {
            return String::new();
        }
        if let Some(known) = self.state().accounts.get(access_key) {
            return known.clone();
        }
        let (moto, key) = (self.moto, access_key.to_owned());
        let asked = tokio::task::spawn_blocking(move || {
            query(moto, &key, "us-east-1", "sts", "Action=GetCallerIdentity&Version=2011-06-15")
        });
        let account = asked
            .await
            .ok()
            .and_then(Result::ok)
            .and_then(|answer| Element::parse(&answer.body))
            .and_then(|document| document.all("Account").first().map(|account| account.text.clone()))
            .unwrap_or_default();
        self.state().accounts.insert(access_key.to_owned(), account.clone());
        account
    }

    /// The true answer.
    async fn answer(&self, request: &Request) -> Reply {
        let reply = match request.service.as_str() {
            "ec2" => self.ec2(request).await,
            "rds" => self.rds(request).await,
            "elb" => self.classic(request).await,
            "elbv2" => self.v2(request).await,
            "route53" => self.route53(request).await,
            _ => self.forward(request).await,
        };
        if request.reads() {
            self.state().first_answers.entry(request.question()).or_insert_with(|| reply.clone());
        }
        reply
    }

    /// What was answered the first time.
    fn remembered(&self, request: &Request) -> Option<Reply> {
        self.state().first_answers.get(&request.question()).cloned()
    }

    /// Passes a request on to moto.
    async fn forward(&self, request: &Request) -> Reply {
        let uri = format!("http://{}{}", self.moto, request.target);
        let mut builder = hyper::Request::builder().method(request.method.as_str()).uri(uri);
        for (name, value) in &request.headers {
            if !own_headers(name) {
                builder = builder.header(name, value);
            }
        }
        let outgoing = match builder.body(Full::new(request.body.clone())) {
            Ok(outgoing) => outgoing,
            Err(why) => return aws_error(request, 500, "StandIn", &why.to_string()),
        };
        let answer = match self.client.request(outgoing).await {
            Ok(answer) => answer,
            Err(why) => return aws_error(request, 500, "StandIn", &format!("moto: {why}")),
        };
        let (parts, body) = answer.into_parts();
        let body = match body.collect().await {
            Ok(body) => body.to_bytes(),
            Err(why) => return aws_error(request, 500, "StandIn", &format!("moto: {why}")),
        };
        let mut headers = parts.headers;
        for name in ["connection", "content-length", "transfer-encoding"] {
            headers.remove(name);
        }
        Reply { status: parts.status.as_u16(), headers, body }
    }
}

/// Headers that belong to one connection, not to the request.
fn own_headers(name: &HeaderName) -> bool {
    ["host", "connection", "content-length", "transfer-encoding", "expect"].contains(&name.as_str())
}

/// Counted on since the process started: ids that no other test has.
fn unique() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}
