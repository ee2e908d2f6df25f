//! An AWS of the benchmarks' own: every service at one loopback address, with latency to order and regions that hang.
//!
//! It answers whoever asks, keeps a journal of what it answered and when, and lives until it is dropped. It shares the
//! machine with what is measured, so it does as little as it can.

use super::estate::{self, Estate};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

/// One call that was answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// When the answer left.
    pub at: Instant,
    /// As the request was signed: `us-east-1`.
    pub region: String,
    /// Likewise: `ec2`, `elasticloadbalancing`.
    pub service: String,
}

#[derive(Debug)]
struct State {
    estate: Mutex<Arc<Estate>>,
    latency: Mutex<Duration>,
    dark: Mutex<BTreeSet<String>>,
    journal: Mutex<Vec<Answered>>,
    turns: Mutex<BTreeMap<String, usize>>,
}

/// A running endpoint.
#[derive(Debug)]
pub struct Endpoint {
    address: SocketAddr,
    state: Arc<State>,
    runtime: Option<Runtime>,
}

impl Endpoint {
    /// Starts one with that estate, without latency and with every region alight.
    pub fn start(estate: Estate) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("endpoint")
            .enable_all()
            .build()
            .expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a port");
        let address = listener.local_addr().expect("a bound port has an address");
        let state = Arc::new(State {
            estate: Mutex::new(Arc::new(estate)),
            latency: Mutex::default(),
            dark: Mutex::default(),
            journal: Mutex::default(),
            turns: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = stream.set_nodelay(true);
                let shared = Arc::clone(&shared);
                tokio::spawn(async move {
                    let service = service_fn(move |request| answer(request, Arc::clone(&shared)));
                    let serving = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service);
                    let _ = serving.await;
                });
            }
        });
        Self { address, state, runtime: Some(runtime) }
    }

    /// What `AWS_ENDPOINT_URL` is to be.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every call takes so long from now on.
    pub fn set_latency(&self, latency: Duration) {
        *self.state.latency.lock().expect("unpoisoned") = latency;
    }

    /// Calls to these regions are never answered from now on.
    pub fn set_dark(&self, regions: &[&str]) {
        *self.state.dark.lock().expect("unpoisoned") = regions.iter().map(|r| (*r).to_owned()).collect();
    }

    /// What was answered since the last time this was asked.
    pub fn take_journal(&self) -> Vec<Answered> {
        std::mem::take(&mut *self.state.journal.lock().expect("unpoisoned"))
    }

    /// How many calls were answered since the journal was last taken.
    pub fn answered(&self) -> usize {
        self.state.journal.lock().expect("unpoisoned").len()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// A parameter of a form, decoded as far as these APIs need it.
fn parameter<'a>(form: &'a str, name: &str) -> Option<&'a str> {
    form.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
}

/// Region and service that a request is signed for: `Credential=KEY/DATE/REGION/SERVICE/aws4_request`.
fn signed_for(request: &Request<Incoming>) -> Option<(String, String)> {
    let header = request.headers().get("authorization")?.to_str().ok()?;
    let mut scope = header.split("Credential=").nth(1)?.split('/').skip(2);
    Some((scope.next()?.to_owned(), scope.next()?.to_owned()))
}

async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Full<Bytes>>, Infallible> {
    let (region, service) = signed_for(&request).unwrap_or_else(|| ("us-east-1".into(), "unsigned".into()));
    let path = request.uri().path().to_owned();
    let body =
        request.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let form = String::from_utf8_lossy(&body);
    let action = parameter(&form, "Action").unwrap_or(&path).to_owned();
    if state.dark.lock().expect("unpoisoned").contains(&region) {
        std::future::pending::<()>().await;
    }
    let latency = *state.latency.lock().expect("unpoisoned");
    if !latency.is_zero() {
        tokio::time::sleep(latency).await;
    }
    let estate = Arc::clone(&state.estate.lock().expect("unpoisoned"));
    let most = parameter(&form, "MaxResults").and_then(|most| most.parse().ok());
    let token = parameter(&form, "NextToken");
    let xml = match action.as_str() {
        "DescribeInstances" => {
            let turn = {
                let mut turns = state.turns.lock().expect("unpoisoned");
                let turn = turns.entry(region.clone()).or_default();
                *turn += usize::from(token.is_none());
                *turn
            };
            estate::instances(&estate, &region, most, token, turn)
        }
        "DescribeInstanceStatus" => estate::statuses(&estate, &region, most, token),
        _ if service == "route53" => estate::route53(&path),
        action => estate::small(action, parameter(&form, "Version").unwrap_or_default(), &region),
    };
    let answered = Answered { at: Instant::now(), region, service };
    state.journal.lock().expect("unpoisoned").push(answered);
    let response = Response::builder().header("content-type", "text/xml").body(Full::new(Bytes::from(xml)));
    Ok(response.unwrap_or_default())
}
