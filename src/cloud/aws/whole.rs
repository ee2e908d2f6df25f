//! Refuses answers that end in the middle or are malformed.
//!
//! The SDK reads XML leniently: a body that breaks off, or whose tags do not match, passes for one with fewer rows, or
//! none. Taken for the truth it would empty a table in the very hour when such answers are likely. So every good answer
//! is read once more, for its tags alone (`cloud::xml`).

use crate::cloud::xml::{Flaw, flaw};
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
                None => Ok(()),
            },
            None => Ok(()),
        }
    }
}
