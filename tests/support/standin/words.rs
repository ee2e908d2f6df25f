//! What each service says when it refuses: the same trouble has a code and a status of its own in every one of them.

use jiff::Timestamp;

use super::request::Request;

/// Seconds that a signature's time may be from the service's.
pub(super) const SKEW_ALLOWED_S: i64 = 5 * 60;

/// An error before it gets the shape of its service.
pub(super) struct Words {
    pub status: u16,
    pub code: &'static str,
    pub message: String,
}

fn words(status: u16, code: &'static str, message: impl Into<String>) -> Words {
    Words { status, code, message: message.into() }
}

pub(super) fn server_error(request: &Request) -> Words {
    match request.service.as_str() {
        "ec2" => words(500, "InternalError", "An internal error has occurred"),
        "rds" | "elb" | "elbv2" => {
            words(500, "InternalFailure", "The request processing has failed because of an unknown error")
        }
        _ => words(503, "ServiceUnavailable", "Service is unavailable"),
    }
}

pub(super) fn throttled(request: &Request) -> Words {
    match request.service.as_str() {
        "ec2" => words(503, "RequestLimitExceeded", "Request limit exceeded."),
        _ => words(400, "Throttling", "Rate exceeded"),
    }
}

pub(super) fn denied(request: &Request) -> Words {
    if request.service == "ec2" {
        return words(403, "UnauthorizedOperation", "You are not authorized to perform this operation.");
    }
    let prefix = match request.service.as_str() {
        "elb" | "elbv2" => "elasticloadbalancing",
        service => service,
    };
    let message = format!(
        "User: arn:aws:sts::{}:assumed-role/test/test is not authorized to perform: {prefix}:{} because no identity-based policy allows the {prefix}:{} action",
        request.account, request.action, request.action
    );
    words(403, "AccessDenied", message)
}

pub(super) fn expired(request: &Request) -> Words {
    match request.service.as_str() {
        "ec2" => words(400, "RequestExpired", "Request has expired."),
        _ => words(403, "ExpiredToken", "The security token included in the request is expired"),
    }
}

pub(super) fn bad_key(request: &Request) -> Words {
    match request.service.as_str() {
        "ec2" => words(401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        _ => words(403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    }
}

pub(super) fn skewed(request: &Request, signed: Option<Timestamp>, theirs: Timestamp) -> Words {
    if request.service == "ec2" {
        return bad_key(request);
    }
    let stamp = |at: Timestamp| at.strftime("%Y%m%dT%H%M%SZ").to_string();
    let signed = signed.unwrap_or(theirs);
    let message = if signed < theirs {
        let oldest = theirs - jiff::SignedDuration::from_secs(SKEW_ALLOWED_S);
        format!(
            "Signature expired: {} is now earlier than {} ({} - 5 min.)",
            stamp(signed),
            stamp(oldest),
            stamp(theirs)
        )
    } else {
        let newest = theirs + jiff::SignedDuration::from_secs(SKEW_ALLOWED_S);
        format!(
            "Signature not yet current: {} is still later than {} ({} + 5 min.)",
            stamp(signed),
            stamp(newest),
            stamp(theirs)
        )
    };
    words(403, "SignatureDoesNotMatch", message)
}
