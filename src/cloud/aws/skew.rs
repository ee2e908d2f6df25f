//! How far our clock is off, by the `Date` of AWS's answers: of good ones too, so that it is known before AWS refuses.
//!
//! Only a lower bound is claimed. An answer was dated after its request was sent and before it arrived, so a slow line
//! looks like no skew. What a web page says of the time is not listened to. Only the adapters use it.

use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextRef,
};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::DateTime;
use aws_smithy_types::config_bag::{ConfigBag, Storable, StoreReplace};
use aws_smithy_types::date_time::Format;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The time of this machine, to be compared with AWS's.
#[expect(
    clippy::disallowed_methods,
    reason = "this machine's own time is what is measured, or compared with an expiry"
)]
pub(super) fn machine_time() -> SystemTime {
    SystemTime::now()
}

/// The skew measured last, in seconds; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Skew(Arc<AtomicI64>);

const UNMEASURED: i64 = i64::MIN;

impl Default for Skew {
    fn default() -> Self {
        Self(Arc::new(AtomicI64::new(UNMEASURED)))
    }
}

impl Skew {
    /// Seconds that our clock is ahead; `None` before the first dated answer.
    pub(super) fn ahead_s(&self) -> Option<i64> {
        Some(self.0.load(Ordering::Relaxed)).filter(|ahead| *ahead != UNMEASURED)
    }
}

/// When the request of this attempt was sent.
#[derive(Debug)]
struct Sent(SystemTime);

impl Storable for Sent {
    type Storer = StoreReplace<Self>;
}

impl Intercept for Skew {
    fn name(&self) -> &'static str {
        "Skew"
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        bag.interceptor_state().store_put(Sent(machine_time()));
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(Sent(sent)) = bag.load::<Sent>()
            && let Some(ahead) = ahead_of(context.response(), *sent, machine_time())
        {
            self.0.store(ahead, Ordering::Relaxed);
        }
        Ok(())
    }
}

/// Seconds that our clock is at least ahead of the one that dated an answer to a request that took so long.
pub(super) fn ahead_after(response: &HttpResponse, waited: Duration) -> Option<i64> {
    let received = machine_time();
    ahead_of(response, received.checked_sub(waited)?, received)
}

fn ahead_of(response: &HttpResponse, sent: SystemTime, received: SystemTime) -> Option<i64> {
    let headers = response.headers();
    if headers.get("content-type").is_some_and(|kind| kind.starts_with("text/html")) {
        return None;
    }
    let dated = DateTime::from_str(headers.get("date")?, Format::HttpDate).ok()?.secs();
    let seconds = |at: SystemTime| {
        let since = at.duration_since(UNIX_EPOCH).ok()?;
        i64::try_from(since.as_secs()).ok()
    };
    Some(ahead(seconds(sent)?, seconds(received)?, dated))
}

/// A `Date` has whole seconds: the answer was dated within the second that begins with it.
fn ahead(sent: i64, received: i64, dated: i64) -> i64 {
    if sent > dated + 1 {
        sent - dated - 1
    } else if received < dated {
        received - dated
    } else {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slow_answer_is_no_skew() {
        assert_eq!(ahead(100, 112, 101), 0);
        assert_eq!(ahead(100, 112, 111), 0);
        assert_eq!(ahead(100, 100, 99), 0);
    }

    #[test]
    fn skew_is_told_at_its_least_and_with_its_direction() {
        assert_eq!(ahead(520, 521, 100), 419);
        assert_eq!(ahead(100, 101, 521), -420);
    }

    #[test]
    fn before_the_first_answer_nothing_is_measured() {
        assert_eq!(Skew::default().ahead_s(), None);
    }
}
