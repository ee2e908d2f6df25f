//! What a request is about: account, region, service and action, whatever the SDK that sent it.

use hyper::body::Bytes;
use hyper::header::HeaderMap;
use hyper::http::request::Parts;

use super::Reply;
use crate::support::xml::Element;

/// A request with its whole body, understood as far as needed.
#[derive(Debug, Clone)]
pub(super) struct Request {
    pub method: String,
    /// Path and query string.
    pub target: String,
    pub headers: HeaderMap,
    pub body: Bytes,
    pub access_key: String,
    pub account: String,
    pub region: String,
    pub service: String,
    pub action: String,
    pub params: Vec<(String, String)>,
}

impl Request {
    pub(super) fn read(parts: &Parts, body: Bytes) -> Self {
        let target = parts.uri.path_and_query().map_or("/", |t| t.as_str()).to_owned();
        let header = |name: &str| parts.headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        let scope = header("authorization").split("Credential=").nth(1).unwrap_or_default();
        let mut scope = scope.split(',').next().unwrap_or_default().trim().split('/');
        let access_key = scope.next().unwrap_or_default().to_owned();
        let region = scope.nth(1).unwrap_or_default().to_owned();
        let mut service = scope.next().unwrap_or_default().to_owned();
        let mut params = Vec::new();
        let form = header("content-type").starts_with("application/x-www-form-urlencoded");
        if form {
            params = decode(&String::from_utf8_lossy(&body));
        } else if let Some((_, query)) = target.split_once('?') {
            params = decode(query);
        }
        let asked = |name: &str| params.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str());
        if service == "elasticloadbalancing" {
            service = if asked("Version").starts_with("2012") { "elb" } else { "elbv2" }.to_owned();
        }
        let action = if !asked("Action").is_empty() {
            asked("Action").to_owned()
        } else if service == "route53" {
            route53_action(parts.method.as_str(), parts.uri.path()).to_owned()
        } else {
            let json = header("x-amz-target");
            json.rsplit('.').next().unwrap_or_default().to_owned()
        };
        Self {
            method: parts.method.to_string(),
            target,
            headers: parts.headers.clone(),
            body,
            access_key,
            account: String::new(),
            region,
            service,
            action,
            params,
        }
    }

    /// When it says that it was signed.
    pub(super) fn signed_at(&self) -> Option<jiff::Timestamp> {
        let stamp = self.headers.get("x-amz-date")?.to_str().ok()?;
        let at = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
        jiff::tz::TimeZone::UTC.to_timestamp(at).ok()
    }

    /// What it asks, whoever asks it and whenever.
    pub(super) fn question(&self) -> String {
        format!("{} {} {} {} {:?}", self.account, self.region, self.service, self.target, self.params)
    }

    /// Whether it only reads.
    pub(super) fn reads(&self) -> bool {
        ["Describe", "List", "Get"].iter().any(|verb| self.action.starts_with(verb))
    }

    /// A field of the form, or nothing.
    pub(super) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v.as_str())
    }

    /// The values of the fields that begin and end so: `Instances.member.` … `.InstanceId`.
    pub(super) fn list(&self, begin: &str, end: &str) -> Vec<String> {
        self.params
            .iter()
            .filter(|(name, _)| {
                name.strip_prefix(begin)
                    .and_then(|rest| rest.strip_suffix(end))
                    .is_some_and(|number| !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
            })
            .map(|(_, value)| value.clone())
            .collect()
    }

    /// The same credentials asking something else, in the Query protocol.
    pub(super) fn instead(&self, service: &str, params: Vec<(String, String)>) -> Self {
        let mut other = self.clone();
        let signing = match service {
            "elb" | "elbv2" => "elasticloadbalancing",
            service => service,
        };
        let auth = crate::support::http::scope(&self.access_key, &self.region, signing);
        if let Ok(auth) = auth.parse() {
            other.headers.insert("authorization", auth);
        }
        service.clone_into(&mut other.service);
        other.action = params.iter().find(|(n, _)| n == "Action").map(|(_, v)| v.clone()).unwrap_or_default();
        other.body = Bytes::from(encode(&params));
        other.params = params;
        other
    }
}

/// A pair of a form.
pub(super) fn field(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

fn route53_action(method: &str, path: &str) -> &'static str {
    let parts: Vec<&str> = path.trim_matches('/').split('/').skip(1).collect();
    match (method, parts.as_slice()) {
        ("POST", ["hostedzone", _, "rrset"]) => "ChangeResourceRecordSets",
        ("GET", ["hostedzone", _, "rrset"]) => "ListResourceRecordSets",
        ("POST", ["hostedzone"]) => "CreateHostedZone",
        ("GET", ["hostedzone"]) => "ListHostedZones",
        ("GET", ["hostedzonesbyname"]) => "ListHostedZonesByName",
        ("GET", ["hostedzonecount"]) => "GetHostedZoneCount",
        ("GET", ["hostedzone", _]) => "GetHostedZone",
        ("DELETE", ["hostedzone", _]) => "DeleteHostedZone",
        ("GET", ["change", _]) => "GetChange",
        ("GET", ["testdnsanswer"]) => "TestDNSAnswer",
        ("GET", ["healthcheck"]) => "ListHealthChecks",
        _ => "",
    }
}

fn decode(form: &str) -> Vec<(String, String)> {
    form.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent(name), percent(value))
        })
        .collect()
}

fn percent(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' => out.push(b' '),
            b'%' => {
                let hex: Vec<u8> = bytes.by_ref().take(2).collect();
                let value = std::str::from_utf8(&hex).ok().and_then(|hex| u8::from_str_radix(hex, 16).ok());
                out.push(value.unwrap_or(b'?'));
            }
            byte => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn encode(params: &[(String, String)]) -> String {
    let pairs: Vec<String> =
        params.iter().map(|(name, value)| format!("{}={}", safe(name), safe(value))).collect();
    pairs.join("&")
}

fn safe(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            byte => format!("%{byte:02X}"),
        })
        .collect()
}

/// An error in the shape of the service that was asked.
pub(super) fn aws_error(request: &Request, status: u16, code: &str, message: &str) -> Reply {
    let id = Element::leaf("RequestId", format!("00000000-0000-4000-8000-{:012}", super::unique()));
    let (code, message) = (Element::leaf("Code", code), Element::leaf("Message", message));
    let document = if request.service == "ec2" {
        let error = Element::new("Error", vec![code, message]);
        let mut id = id;
        "RequestID".clone_into(&mut id.name);
        Element::new("Response", vec![Element::new("Errors", vec![error]), id])
    } else {
        let kind = Element::leaf("Type", if status < 500 { "Sender" } else { "Receiver" });
        let mut document =
            Element::new("ErrorResponse", vec![Element::new("Error", vec![kind, code, message]), id]);
        if request.service == "route53" {
            " xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"".clone_into(&mut document.attributes);
        }
        document
    };
    Reply::xml(status, &document)
}
