//! The ways AWS fails, on demand: which requests, how, and how often.

use std::time::Duration;

use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};

use super::request::Request;
use super::{Body, Reply, Shared, aws_error, words};

/// What happens to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// 503 with a page of HTML, as a load balancer in front of a dead service says.
    Unavailable,
    /// Never answered; the connection stays open.
    Hang,
    /// An AWS error in the shape of the service.
    Error {
        /// The HTTP status.
        status: u16,
        /// The error's code.
        code: String,
        /// The error's message.
        message: String,
    },
    /// An AWS error of its own making, in the words of the service.
    ServerError,
    /// Too much was asked, in the words of the service.
    Throttled,
    /// A policy forbids it, in the words of the service.
    Denied,
    /// The credentials have expired, in the words of the service.
    Expired,
    /// The credentials are none of AWS's, in the words of the service.
    BadKey,
    /// The service's clock is so many seconds from ours, as its `Date` says. What is signed more than five minutes from
    /// its time is refused, in the words of the service; the rest gets the true answer.
    Skewed(i64),
    /// What is signed is refused for its time, and no `Date` tells which clock is off.
    SkewedUndated,
    /// The connection closes in the middle of the true answer.
    Cut,
    /// Half of the true answer, said to be all of it.
    Truncated,
    /// The true answer with a tag that does not match, whole otherwise.
    Malformed,
    /// The true answer with texts replaced, wherever they stand.
    Rewritten {
        /// Each text, and what stands in its place.
        texts: Vec<(String, String)>,
    },
    /// The first true answer to the same question, for ever.
    Stale,
    /// The connection closes without an answer.
    Reset,
    /// 200, and HTML where XML should be.
    Html,
    /// Done, but the answer never comes.
    AnswerLost,
    /// The true answer, that much later.
    Slow(Duration),
    /// An availability zone is disrupted: 503, but for whoever names instances of other zones.
    ZoneLost(String),
    /// The request waits at the door until its rule is taken back; then it gets the true answer. What a test does in
    /// between happens between the sending of the request and its effect, on any machine.
    Hold,
}

/// Which requests get a fault. A `*` at the end of a pattern stands for any rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    pub(super) name: String,
    region: String,
    service: String,
    action: String,
    access_key: String,
    pub(super) fault: Fault,
    pub(super) times: Option<usize>,
    carried_out: bool,
}

impl Rule {
    /// Every request, always.
    pub fn new(fault: Fault) -> Self {
        Self {
            name: format!("{fault:?}"),
            region: "*".to_owned(),
            service: "*".to_owned(),
            action: "*".to_owned(),
            access_key: "*".to_owned(),
            fault,
            times: None,
            carried_out: false,
        }
    }

    /// An AWS error, always.
    pub fn error(status: u16, code: &str, message: &str) -> Self {
        Self::new(Fault::Error { status, code: code.to_owned(), message: message.to_owned() })
    }

    /// Only of this region. Route 53, IAM and the global STS sign us-east-1.
    pub fn region(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.region);
        self
    }

    /// Only this service: `ec2`, `rds`, `elb`, `elbv2`, `route53`, `sts`; a leading `!` means every other one.
    pub fn service(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.service);
        self
    }

    /// Only this action.
    pub fn action(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.action);
        self
    }

    /// Only what is signed with this key.
    pub fn access_key(mut self, pattern: &str) -> Self {
        pattern.clone_into(&mut self.access_key);
        self
    }

    /// Only so many times.
    pub fn times(mut self, times: usize) -> Self {
        self.times = Some(times);
        self
    }

    /// The request is carried out; only then its answer fails so.
    pub fn carried_out(mut self) -> Self {
        self.carried_out = true;
        self
    }

    pub(super) fn wants(&self, request: &Request) -> bool {
        self.times != Some(0)
            && fits(&self.region, &request.region)
            && fits(&self.service, &request.service)
            && fits(&self.action, &request.action)
            && fits(&self.access_key, &request.access_key)
    }
}

pub(super) fn fits(pattern: &str, value: &str) -> bool {
    if let Some(not) = pattern.strip_prefix('!') {
        return !fits(not, value);
    }
    match pattern.strip_suffix('*') {
        Some(begin) => value.starts_with(begin),
        None => pattern == value,
    }
}

/// What comes of a fault.
pub(super) enum Outcome {
    Reply(Reply),
    /// A whole answer without a `Date`.
    Undated(Reply),
    Cut(Reply),
    Reset,
}

pub(super) async fn apply(shared: &Shared, id: u64, rule: &Rule, request: &Request) -> Outcome {
    let done = if rule.carried_out { Some(shared.answer(request).await) } else { None };
    // Carried out once, however often it is asked for.
    let truth = async || match &done {
        Some(reply) => reply.clone(),
        None => shared.answer(request).await,
    };
    let said = |words: words::Words| {
        let words::Words { status, code, message } = words;
        Outcome::Reply(aws_error(request, status, code, &message))
    };
    match &rule.fault {
        Fault::Unavailable => Outcome::Reply(html(503, "503 Service Unavailable")),
        Fault::Hang => std::future::pending().await,
        Fault::Error { status, code, message } => Outcome::Reply(aws_error(request, *status, code, message)),
        Fault::ServerError => said(words::server_error(request)),
        Fault::Throttled => said(words::throttled(request)),
        Fault::Denied => said(words::denied(request)),
        Fault::Expired => said(words::expired(request)),
        Fault::BadKey => said(words::bad_key(request)),
        Fault::Skewed(ahead) => {
            let theirs = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(*ahead);
            let signed = request.signed_at();
            let apart = signed.map_or(0, |signed| theirs.duration_since(signed).as_secs().abs());
            let reply = if apart > words::SKEW_ALLOWED_S {
                let words::Words { status, code, message } = words::skewed(request, signed, theirs);
                aws_error(request, status, code, &message)
            } else {
                truth().await
            };
            Outcome::Reply(reply.dated(theirs))
        }
        Fault::SkewedUndated => {
            let theirs = jiff::Timestamp::now();
            let signed = theirs - jiff::SignedDuration::from_mins(7);
            let words::Words { status, code, message } = words::skewed(request, Some(signed), theirs);
            Outcome::Undated(aws_error(request, status, code, &message))
        }
        Fault::Cut => Outcome::Cut(truth().await),
        Fault::Truncated => {
            let mut reply = truth().await;
            reply.body = reply.body.slice(..reply.body.len() / 2);
            Outcome::Reply(reply)
        }
        Fault::Malformed => {
            let mut reply = truth().await;
            let text = reply.text();
            let end = text.rfind("</").unwrap_or(text.len());
            reply.body = Bytes::from(format!("{}<open></closed>{}", &text[..end], &text[end..]));
            Outcome::Reply(reply)
        }
        Fault::Rewritten { texts } => {
            let mut reply = truth().await;
            let rewrite = |body: String, (from, to): &(String, String)| body.replace(from, to);
            reply.body = Bytes::from(texts.iter().fold(reply.text(), rewrite));
            Outcome::Reply(reply)
        }
        Fault::Stale => Outcome::Reply(match shared.remembered(request) {
            Some(old) => old,
            None => truth().await,
        }),
        Fault::Reset => Outcome::Reset,
        Fault::Html => Outcome::Reply(html(200, "It works!")),
        Fault::AnswerLost => {
            truth().await;
            std::future::pending().await
        }
        Fault::Slow(delay) => {
            tokio::time::sleep(*delay).await;
            Outcome::Reply(truth().await)
        }
        Fault::ZoneLost(zone) => {
            let reply = shared.answer(request).await;
            let named = request.params.iter().any(|(name, _)| name.starts_with("InstanceId."));
            if named && !reply.text().contains(zone.as_str()) {
                return Outcome::Reply(reply);
            }
            Outcome::Reply(aws_error(request, 503, "Unavailable", "The service is unavailable"))
        }
        Fault::Hold => {
            while shared.in_force(id) {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
            Outcome::Reply(truth().await)
        }
    }
}

fn html(status: u16, title: &str) -> Reply {
    let mut headers = hyper::HeaderMap::new();
    headers.insert("content-type", hyper::header::HeaderValue::from_static("text/html; charset=utf-8"));
    let body = format!("<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n");
    Reply { status, headers, body: Bytes::from(body) }
}

/// Half of an answer that promised to be whole.
pub(super) fn cut(reply: &Reply) -> hyper::Response<Body> {
    let half = reply.body.slice(..reply.body.len() / 2);
    // What comes with the error is never sent: the first half has to be on its way before.
    let frames = futures::stream::unfold(Some(half), |half| async {
        match half {
            Some(half) if !half.is_empty() => Some((Ok(Frame::data(half)), Some(Bytes::new()))),
            Some(_) => {
                tokio::task::yield_now().await;
                Some((Err(std::io::Error::other("cut by a rule")), None))
            }
            None => None,
        }
    });
    let mut response = hyper::Response::new(StreamBody::new(frames).boxed_unsync());
    *response.headers_mut() = reply.headers.clone();
    response.headers_mut().insert("content-length", reply.body.len().into());
    if let Ok(status) = hyper::StatusCode::from_u16(reply.status) {
        *response.status_mut() = status;
    }
    response
}
