//! Refuses answers that end in the middle, are malformed, or are no answer of AWS's at all.
//!
//! The SDK reads XML leniently: a body that breaks off, or whose tags do not match, passes for one with fewer rows, or
//! none; and where an answer says no more than that a call was taken, a web page passes for it. Believed, that would
//! empty a table, or call a change accepted that never reached AWS, in the very hour when such answers are likely. So
//! every good answer must close what it opened, in the order in which it was opened (`cloud::xml`), and be a response by its name.

use crate::cloud::xml::{Flaw, flaw, name_of, root};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

/// The check, to be added to every client.
#[derive(Debug)]
pub(super) struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        // What an error says is of use even when cut; whether it can be read is decided where codes are.
        if !response.status().is_success() {
            return Ok(());
        }
        match response.body().bytes() {
            Some(body) => match flaw(body) {
                Some(Flaw::Cut) => Err("the answer ends in the middle".into()),
                Some(Flaw::Malformed) => Err("malformed XML".into()),
                None if !is_response(body) => Err("it is no response of AWS's".into()),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// Whether a well-formed text is a response: the services' own all end in that word, in every protocol spoken here.
fn is_response(body: &[u8]) -> bool {
    root(body).is_some_and(|tag| name_of(tag).ends_with(b"Response"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_response_is_one_by_the_name_of_its_root() {
        for response in [
            "<RegisterTargetsResponse xmlns=\"x\"/>",
            "<?xml version=\"1.0\"?>\n<!-- x -->\n<AResponse\n><B/></AResponse>",
            "<DescribeInstancesResponse/>",
        ] {
            assert!(is_response(response.as_bytes()), "{response}");
        }
        for other in ["", "<html><body>Response</body></html>", "<!DOCTYPE html><html></html>", "<A/>"] {
            assert!(!is_response(other.as_bytes()), "{other}");
        }
    }
}
