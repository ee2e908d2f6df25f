//! From what the SDK says went wrong to a [`Fault`]: the one place where AWS's codes are read.
//!
//! Two mistakes would be costly and are avoided here: to call a mutation "not done" when its bytes had left (only a
//! connection that never came about is [`Fault::Dark`]), and to let a token or a signature slip into a message.

use super::credentials::Unread;
use super::skew::ahead_after;
use crate::cloud::xml::{Flaw, flaw};
use crate::incident::access::SKEW_REFUSED_S;
use crate::incident::fault::Fault;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use std::error::Error;
use std::future::Future;
use std::time::Duration;
use tokio::time::Instant;

/// Longest message kept, in characters.
const MESSAGE_LIMIT: usize = 300;

/// How the causes begin that only name a layer of the SDK.
const LAYERS: [&str; 6] =
    ["client error (", "dispatch failure", "response error", "service error", "unhandled error", "io error"];
/// How the causes end that only name an interceptor: its own name stands before it.
const INTERCEPTOR: &str = "interceptor encountered an error";

/// An SDK call whose error is read; `action` is the operation as IAM writes it.
///
/// The SDK's futures are several KiB each: they are put on the heap here, before they can add up in the callers' own.
pub(super) fn call<'a, T, E, F>(
    action: &'a str,
    sent: F,
) -> impl Future<Output = Result<T, Fault>> + use<'a, T, E, F>
where
    F: Future<Output = Result<T, SdkError<E, HttpResponse>>>,
    E: ProvideErrorMetadata + Error + 'static,
{
    let sent = Box::pin(sent);
    async move {
        #[expect(clippy::disallowed_methods, reason = "a span, not a time: how long AWS was waited for")]
        let started = Instant::now();
        sent.await.map_err(|error| fault(&error, action, started.elapsed()))
    }
}

/// What an SDK error is to us. `waited` is how long the call took to fail.
pub(super) fn fault<E>(error: &SdkError<E, HttpResponse>, action: &str, waited: Duration) -> Fault
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let timed_out = || Fault::TimedOut { after_ms: u64::try_from(waited.as_millis()).unwrap_or(u64::MAX) };
    if let Some(missing) = credentials(error) {
        return missing;
    }
    match error {
        SdkError::ConstructionFailure(_) => Fault::Unaskable { detail: cause(error) },
        SdkError::TimeoutError(_) => timed_out(),
        SdkError::DispatchFailure(failure) => {
            let chain = chain(error);
            let never_connected = chain.iter().any(|text| {
                text.contains("(Connect)")
                    || text.contains("connect timeout")
                    || text.contains("dns error")
                    || text.contains("resolve")
                    || text.contains("onnection refused")
            });
            if never_connected {
                Fault::Dark { detail: cause(error) }
            } else if failure.is_timeout() {
                timed_out()
            } else if failure.is_user() {
                Fault::Unaskable { detail: cause(error) }
            } else {
                // The connection was there and broke: the request may have arrived.
                Fault::Reset { detail: cause(error) }
            }
        }
        SdkError::ResponseError(response) => {
            let status = response.raw().status().as_u16();
            if chain(error).iter().any(|text| text.contains("timeout")) {
                timed_out()
            } else {
                unreadable(status, response.raw().body().bytes(), &cause(error))
            }
        }
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let meta = service.err().meta();
            match meta.code().filter(|code| !code.is_empty()) {
                Some(code) => {
                    let fault = by_code(status, code, meta.message().unwrap_or_default(), action);
                    blame_clock(fault, ahead_after(service.raw(), waited))
                }
                None => unreadable(status, service.raw().body().bytes(), &cause(error)),
            }
        }
        _ => Fault::Garbled { detail: cause(error) },
    }
}

/// An answer without a code of AWS's: a web page, half an answer, malformed XML. `body` is `None` where it broke off
/// while it was being read.
fn unreadable(status: u16, body: Option<&[u8]>, why: &str) -> Fault {
    if status >= 500 {
        return Fault::Server { status, code: String::new() };
    }
    match body {
        None => Fault::CutShort { detail: format!("HTTP {status}: {why}") },
        Some(body) if is_html(body) => Fault::Html { status },
        Some(body) if flaw(body) == Some(Flaw::Cut) => {
            Fault::CutShort { detail: format!("HTTP {status}: it ends in the middle") }
        }
        Some(_) => Fault::Garbled { detail: format!("HTTP {status}: {why}") },
    }
}

/// Whether a body is a web page, whole or not.
fn is_html(body: &[u8]) -> bool {
    let begin = String::from_utf8_lossy(&body[..body.len().min(256)]).to_lowercase();
    let begin = begin.trim_start_matches('\u{feff}').trim_start();
    begin.starts_with("<!doctype html") || begin.starts_with("<html") || begin.starts_with("<head")
}

/// What AWS's own error code means. The code is read before the status: EC2 throttles with HTTP 503 and declines for
/// lack of capacity with HTTP 500.
pub(super) fn by_code(status: u16, code: &str, message: &str, action: &str) -> Fault {
    let code_owned = || code.to_owned();
    match code {
        "RequestLimitExceeded"
        | "Throttling"
        | "ThrottlingException"
        | "ThrottledException"
        | "RequestThrottled"
        | "RequestThrottledException"
        | "EC2ThrottledException"
        | "TooManyRequestsException"
        | "BandwidthLimitExceeded"
        | "SlowDown" => Fault::Throttled { code: code_owned() },
        "UnauthorizedOperation"
        | "AccessDenied"
        | "AccessDeniedException"
        | "Client.UnauthorizedOperation" => Fault::Denied {
            action: denied_action(message).unwrap_or(action).to_owned(),
            message: clean(message),
        },
        // Whether the clock is to blame for a signature that is refused is settled where the skew is known.
        "RequestTimeTooSkewed" | "RequestInTheFuture" => {
            Fault::ClockSkewed { code: code_owned(), ahead_s: None }
        }
        // "Signature expired: … is now earlier than …", "Signature not yet current: … is still later than …".
        "SignatureDoesNotMatch" | "InvalidSignatureException"
            if message.contains("Signature expired") || message.contains("not yet current") =>
        {
            Fault::ClockSkewed { code: code_owned(), ahead_s: None }
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" | "TokenRefreshRequired" => {
            Fault::CredentialsExpired { code: code_owned() }
        }
        "AuthFailure"
        | "InvalidClientTokenId"
        | "InvalidAccessKeyId"
        | "UnrecognizedClient"
        | "UnrecognizedClientException"
        | "SignatureDoesNotMatch"
        | "InvalidSignatureException"
        | "IncompleteSignature"
        | "MissingAuthenticationToken"
        | "MissingAuthenticationTokenException"
        | "OptInRequired"
        | "InvalidToken" => Fault::CredentialsRefused { code: code_owned(), message: clean(message) },
        "InsufficientInstanceCapacity"
        | "InsufficientHostCapacity"
        | "InsufficientReservedInstanceCapacity"
        | "InsufficientCapacityOnHost"
        | "InsufficientVolumeCapacity"
        | "InsufficientAddressCapacity"
        | "InsufficientCapacity" => Fault::Refused { code: code_owned(), message: clean(message) },
        _ if status >= 500 => Fault::Server { status, code: code_owned() },
        _ => Fault::Refused { code: code_owned(), message: clean(message) },
    }
}

/// Where the answer's `Date` says that our clock is off, that is what is wrong: EC2 answers a signature of the wrong time
/// as if the key were wrong, or as if the request had expired.
fn blame_clock(fault: Fault, ahead_s: Option<i64>) -> Fault {
    let off = ahead_s.is_some_and(|ahead| ahead.abs() >= SKEW_REFUSED_S);
    match fault {
        Fault::ClockSkewed { code, ahead_s: _ } => Fault::ClockSkewed { code, ahead_s },
        Fault::CredentialsExpired { code } if off && code == "RequestExpired" => {
            Fault::ClockSkewed { code, ahead_s }
        }
        Fault::CredentialsRefused { code, .. }
            if off
                && matches!(
                    code.as_str(),
                    "AuthFailure" | "SignatureDoesNotMatch" | "InvalidSignatureException"
                ) =>
        {
            Fault::ClockSkewed { code, ahead_s }
        }
        other @ (Fault::Dark { .. }
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
        | Fault::Refused { .. }
        | Fault::Unaskable { .. }) => other,
    }
}

/// The action that AWS itself names: "… is not authorized to perform: iam:PassRole on resource …".
fn denied_action(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("to perform: ")?;
    let action = rest.split([' ', ',']).next()?.trim_end_matches('.');
    action.contains(':').then_some(action)
}

/// Credentials that could not be found or loaded, wherever in the chain of causes it says so.
fn credentials(error: &(dyn Error + 'static)) -> Option<Fault> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(Unread(fault)) = error.downcast_ref::<Unread>() {
            return Some(fault.clone());
        }
        next = error.source();
    }
    None
}

/// Why credentials could not be read.
pub(super) fn unread(error: &CredentialsError) -> Fault {
    let why = chain(error).join(": ").to_lowercase();
    if why.contains("expired") {
        Fault::CredentialsExpired { code: "the session's token has expired".into() }
    } else {
        Fault::CredentialsMissing { detail: no_credentials(error) }
    }
}

/// Where was looked, in words that help: the SDK ends a search at the metadata service and speaks of that alone.
fn no_credentials(found: &(dyn Error + 'static)) -> String {
    let cause = cause(found);
    if cause.contains("IMDS") || cause.contains("metadata") {
        format!("none in the environment, the AWS configuration files or the instance metadata ({cause})")
    } else if cause.contains("was not enabled") {
        // So the SDK says when the profile asked for gives it nothing to go by.
        "the profile is not in the AWS configuration files, or gives no credentials".into()
    } else if cause.contains("already taken") {
        // The SDK gives the reason to the first that asks, and this to the others.
        "the profile cannot be read from the AWS configuration files".into()
    } else {
        cause
    }
}

/// Every cause, outermost first.
fn chain(error: &(dyn Error + 'static)) -> Vec<String> {
    let mut texts = vec![];
    let mut next = Some(error);
    while let Some(error) = next {
        texts.push(error.to_string());
        next = error.source();
    }
    texts
}

/// The innermost two causes, on one line: the SDK's outer layers say "dispatch failure" and no more.
fn cause(error: &(dyn Error + 'static)) -> String {
    let mut texts = chain(error);
    // Which layer of the SDK passed it on (our own check of whole answers is an interceptor) is nobody's concern, unless
    // it is all there is.
    let last = texts.pop();
    texts.retain(|text| {
        !LAYERS.iter().any(|layer| text.starts_with(layer)) && !text.trim_end().ends_with(INTERCEPTOR)
    });
    texts.extend(last);
    texts.dedup();
    let from = texts.len().saturating_sub(2);
    clean(&texts[from..].join(": "))
}

/// A message fit for one line of a log: short, without the parts that could carry a token.
pub(super) fn clean(message: &str) -> String {
    // What follows these words is the request, signed headers and all, or an opaque blob of kilobytes.
    let cut = ["The Canonical String", "Encoded authorization failure message"]
        .iter()
        .filter_map(|mark| message.find(mark))
        .min()
        .unwrap_or(message.len());
    let words: Vec<&str> = message[..cut].split_whitespace().collect();
    let line = words
        .iter()
        .map(|word| if is_key_id(word) { "(key id)" } else { word })
        .collect::<Vec<_>>()
        .join(" ");
    if line.chars().count() > MESSAGE_LIMIT {
        let mut short: String = line.chars().take(MESSAGE_LIMIT - 1).collect();
        short.push('…');
        short
    } else {
        line
    }
}

/// Whether a word is an access key id, quoted or not.
fn is_key_id(word: &str) -> bool {
    let word = word.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    word.len() >= 16
        && (word.starts_with("AKIA") || word.starts_with("ASIA"))
        && word.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

/// Whether a fault means that the thing asked for does not exist: AWS's codes for it.
pub(super) fn is_not_found(fault: &Fault) -> bool {
    match fault {
        Fault::Refused { code, .. } => {
            code.contains("NotFound") || code == "NoSuchHostedZone" || code == "NoSuchEntity"
        }
        Fault::Dark { .. }
        | Fault::TimedOut { .. }
        | Fault::Reset { .. }
        | Fault::CutShort { .. }
        | Fault::Html { .. }
        | Fault::ClockSkewed { .. }
        | Fault::Garbled { .. }
        | Fault::Server { .. }
        | Fault::Throttled { .. }
        | Fault::Denied { .. }
        | Fault::CredentialsMissing { .. }
        | Fault::CredentialsExpired { .. }
        | Fault::CredentialsRefused { .. }
        | Fault::Unaskable { .. } => false,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;
    use crate::incident::fault::Performed;

    #[test]
    fn codes_become_the_fault_that_they_are() {
        let word = |status, code| by_code(status, code, "m", "ec2:RunInstances").word();
        assert_eq!(word(503, "RequestLimitExceeded"), "throttled");
        assert_eq!(word(400, "Throttling"), "throttled");
        assert_eq!(word(400, "PriorRequestNotComplete"), "refused");
        assert_eq!(word(400, "InvalidChangeBatch"), "refused");
        assert_eq!(word(400, "IdempotentParameterMismatch"), "refused");
        assert_eq!(word(403, "UnauthorizedOperation"), "denied");
        assert_eq!(word(403, "AccessDenied"), "denied");
        assert_eq!(word(403, "ExpiredToken"), "expired");
        assert_eq!(word(400, "RequestExpired"), "expired");
        assert_eq!(word(401, "AuthFailure"), "bad creds");
        assert_eq!(word(403, "SignatureDoesNotMatch"), "bad creds");
        assert_eq!(word(403, "RequestTimeTooSkewed"), "clock");
        assert_eq!(word(500, "InternalError"), "5xx");
        let expired = "Signature expired: 20120630T030000Z is now earlier than 20120630T030501Z";
        assert_eq!(by_code(403, "SignatureDoesNotMatch", expired, "x").word(), "clock");
        assert_eq!(by_code(400, "InvalidSignatureException", expired, "x").word(), "clock");
    }

    #[test]
    fn no_capacity_is_certainly_not_launched_though_its_status_is_500() {
        let fault = by_code(500, "InsufficientInstanceCapacity", "none left", "ec2:RunInstances");
        assert_eq!(fault.performed(), Performed::No);
        let fault = by_code(500, "InternalError", "", "ec2:RunInstances");
        assert_eq!(fault.performed(), Performed::Unknown);
    }

    #[test]
    fn a_denial_names_the_action_that_aws_names_else_the_one_asked() {
        let named = by_code(
            403,
            "AccessDenied",
            "User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: y",
            "ec2:RunInstances",
        );
        let Fault::Denied { action, .. } = named else { panic!("{named:?}") };
        assert_eq!(action, "iam:PassRole");
        let asked = by_code(403, "UnauthorizedOperation", "You are not authorized.", "ec2:RunInstances");
        let Fault::Denied { action, .. } = asked else { panic!("{asked:?}") };
        assert_eq!(action, "ec2:RunInstances");
    }

    /// An error with its cause beneath it.
    #[derive(Debug, thiserror::Error)]
    #[error("{0}")]
    struct Layer(&'static str, #[source] Option<Box<Layer>>);

    #[test]
    fn of_an_answer_that_cannot_be_read_only_what_is_wrong_with_it_is_told() {
        let chain = ["response error", "Whole read_after_deserialization interceptor encountered an error"];
        let inmost = Layer("malformed XML", None);
        let error = chain.into_iter().rev().fold(inmost, |cause, text| Layer(text, Some(Box::new(cause))));
        assert_eq!(cause(&error), "malformed XML");
    }

    #[test]
    fn messages_keep_no_token_no_signature_and_one_line() {
        let message = "The request signature does not match.\n\nThe Canonical String for this request should have been\n\
             'POST\n/\nx-amz-security-token:FQoSECRET'";
        assert_eq!(clean(message), "The request signature does not match.");
        assert_eq!(
            clean("not authorized. Encoded authorization failure message: aGVsbG8"),
            "not authorized."
        );
        assert_eq!(clean("key 'AKIAIOSFODNN7EXAMPLE' does not exist"), "key (key id) does not exist");
        assert!(clean(&"word ".repeat(500)).chars().count() <= MESSAGE_LIMIT);
    }
}
