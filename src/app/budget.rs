//! What asking may cost: a token bucket for each account, API and region, of a share of what AWS allows.
//!
//! AWS counts requests in token buckets: EC2's reads 100 at once and 20 a second for each account and region, Route 53's
//! 50 at once and 10 a second for each account. Others lean on the same ones: the console, Auto Scaling, a colleague's
//! cockpit. So polling keeps to half. It alone ever waits: an action, its guards and its checks take their tokens and go,
//! and polling pays for them afterwards. A throttled answer holds the whole bucket, not only the cell that heard it.
//!
//! Pure: no clock, no randomness. Only `app` uses it.

use super::message::Ticket;
use crate::incident::place::{Account, Place, Region, Service};
use crate::incident::request::{BalancerRef, Call, Query};
use crate::incident::resource::BalancerKind;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// The shortest hold after a throttled answer, seconds; doubled while they go on.
const HOLD_S: i64 = 5;
/// The longest.
const HOLD_MOST_S: i64 = 60;
/// Seconds without a throttled answer after which polling may go twice as fast again.
const FORGIVEN_AFTER_S: i64 = 60;
/// How often the rate is halved at most.
const HALVED_MOST: u32 = 5;
/// Tokens are counted in thousandths.
const MILLI: i64 = 1000;

/// An API with a bucket of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Api {
    Ec2,
    Rds,
    /// Classic and v2: one API to AWS.
    Elb,
    Route53,
}

impl Api {
    /// The API that a service's cells are read through.
    pub(super) fn of(service: Service) -> Self {
        match service {
            Service::Ec2 => Self::Ec2,
            Service::Rds => Self::Rds,
            Service::Elb | Service::ElbV2 => Self::Elb,
            Service::Route53 => Self::Route53,
        }
    }

    fn of_under(under: &BalancerRef) -> Service {
        match under {
            BalancerRef::Classic(_) => Service::Elb,
            BalancerRef::TargetGroup(_) => Service::ElbV2,
        }
    }

    /// What polling may take: at once, and each second. EC2 and Route 53: half of what AWS documents (with pages or
    /// filters, 100 and 20; 50 and 10). Elastic Load Balancing and RDS document no figure for each call: half of the
    /// least of the others.
    fn allowance(self) -> (i64, i64) {
        match self {
            Self::Ec2 => (50, 10),
            Self::Rds | Self::Elb | Self::Route53 => (25, 5),
        }
    }
}

/// Whose bucket.
pub(super) type BucketId = (Account, Api, Region);

/// The bucket that a place is polled from.
pub(super) fn bucket_of(place: &Place) -> BucketId {
    (place.scope.account.clone(), Api::of(place.service), place.scope.region.clone())
}

/// The bucket that a query takes from; STS has a large one that nothing else here leans on.
pub(super) fn bucket_of_query(query: &Query) -> Option<BucketId> {
    let service = match query {
        Query::Identity { .. } => return None,
        Query::Records { .. } | Query::Change { .. } => Service::Route53,
        Query::Balancer { kind, .. } => match kind {
            BalancerKind::Classic => Service::Elb,
            BalancerKind::Application | BalancerKind::Network | BalancerKind::Gateway => Service::ElbV2,
        },
        Query::Instances { .. } | Query::InstancesByToken { .. } | Query::LaunchSpec { .. } => Service::Ec2,
        Query::Registrations { under, .. } => Api::of_under(under),
        Query::Database { .. } | Query::Snapshot { .. } => Service::Rds,
    };
    query.scope().map(|scope| bucket_of(&scope.place(service)))
}

/// The bucket that a call takes from.
pub(super) fn bucket_of_call(call: &Call) -> BucketId {
    let service = match call {
        Call::ChangeRecords { .. } => Service::Route53,
        Call::RunInstance { .. } | Call::DisableSourceDestCheck { .. } | Call::Terminate { .. } => {
            Service::Ec2
        }
        Call::Register { under, .. } | Call::Deregister { under, .. } => Api::of_under(under),
        Call::RestoreDatabase { .. } => Service::Rds,
    };
    bucket_of(&call.scope().place(service))
}

/// Requests that a sweep makes which brings so many pages.
pub(super) fn sweep_cost(service: Service, pages: u32) -> u32 {
    match service {
        // Each page of instances has one of status checks beside it.
        Service::Ec2 => pages.max(1).saturating_mul(2),
        // Instances, clusters, snapshots of both, automated backups.
        Service::Rds => pages.saturating_add(4),
        Service::Elb | Service::Route53 => pages.saturating_add(1),
        Service::ElbV2 => pages.saturating_add(2),
    }
}

/// Why a place is polled less often than it would be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slowed {
    /// AWS throttled: nothing is polled from this bucket for so many seconds more.
    Held(i64),
    /// A sweep costs so much that it is made only so often, in seconds.
    Every(i64),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Bucket {
    /// Thousandths of tokens; below zero after actions, or after a sweep that cost more than there was.
    milli: i64,
    at: Timestamp,
    /// How often the rate is halved.
    halved: u32,
    /// When it was last throttled, or forgiven a halving.
    judged: Timestamp,
    held_until: Option<Timestamp>,
}

impl Bucket {
    fn rate(&self, api: Api) -> i64 {
        ((api.allowance().1 * MILLI) >> self.halved).max(1)
    }

    fn refill(&mut self, api: Api, now: Timestamp) {
        let passed = now.duration_since(self.at).as_millis().max(0);
        let passed = i64::try_from(passed).unwrap_or(i64::MAX);
        let gained = passed.saturating_mul(self.rate(api)) / 1000;
        // Time is only spent when it gave something: many short looks must not starve a slow bucket.
        if gained > 0 {
            self.milli = self.milli.saturating_add(gained).min(api.allowance().0 * MILLI);
            self.at = now;
        }
        while self.halved > 0 && now.duration_since(self.judged).as_secs() >= FORGIVEN_AFTER_S {
            self.halved -= 1;
            self.judged += SignedDuration::from_secs(FORGIVEN_AFTER_S);
        }
    }
}

/// Every bucket that was asked from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Budget {
    buckets: BTreeMap<BucketId, Bucket>,
    /// Whose tokens the questions and calls in flight took.
    pub(super) asked: BTreeMap<Ticket, BucketId>,
}

impl Budget {
    fn bucket(&mut self, id: &BucketId, now: Timestamp) -> &mut Bucket {
        let api = id.1;
        let bucket = self.buckets.entry(id.clone()).or_insert_with(|| Bucket {
            milli: api.allowance().0 * MILLI,
            at: now,
            halved: 0,
            judged: now,
            held_until: None,
        });
        bucket.refill(api, now);
        bucket
    }

    /// Whether a sweep of this cost may begin; if so, its tokens are taken. One that costs more than a whole bucket
    /// begins when the bucket is full, and is paid for afterwards.
    pub(super) fn poll(&mut self, id: &BucketId, now: Timestamp, cost: u32) -> bool {
        let needs = (i64::from(cost)).min(id.1.allowance().0) * MILLI;
        let bucket = self.bucket(id, now);
        if bucket.held_until.is_some_and(|until| until > now) || bucket.milli < needs {
            return false;
        }
        bucket.held_until = None;
        bucket.milli -= i64::from(cost) * MILLI;
        true
    }

    /// Whole tokens that are there for polling.
    pub(super) fn left(&mut self, id: &BucketId, now: Timestamp) -> usize {
        let bucket = self.bucket(id, now);
        if bucket.held_until.is_some_and(|until| until > now) {
            return 0;
        }
        usize::try_from(bucket.milli / MILLI).unwrap_or_default()
    }

    /// Takes tokens without asking: an action's, a guard's, a page's that was not expected.
    pub(super) fn debit(&mut self, id: &BucketId, now: Timestamp, cost: u32) {
        let bucket = self.bucket(id, now);
        bucket.milli = bucket.milli.saturating_sub(i64::from(cost) * MILLI);
    }

    /// AWS said to slow down: polling from this bucket stops for a while, and then goes half as fast. `jitter` is a
    /// share of the hold, in thousandths, that is added to it.
    pub(super) fn throttled(&mut self, id: &BucketId, now: Timestamp, jitter: i64) {
        let bucket = self.bucket(id, now);
        // Several answers of one sweep are one piece of news.
        if bucket.held_until.is_some_and(|until| until > now) {
            return;
        }
        let hold_ms = (HOLD_S << bucket.halved).min(HOLD_MOST_S) * 1000;
        bucket.halved = (bucket.halved + 1).min(HALVED_MOST);
        bucket.judged = now;
        bucket.milli = bucket.milli.min(0);
        bucket.held_until =
            now.checked_add(SignedDuration::from_millis(hold_ms + hold_ms * jitter / 1000)).ok();
    }

    /// Whether there is so little that what is not looked at should wait.
    pub(super) fn is_tight(&self, id: &BucketId) -> bool {
        self.buckets
            .get(id)
            .is_some_and(|bucket| bucket.halved > 0 || bucket.milli < id.1.allowance().0 * MILLI / 2)
    }

    /// What a sweep of this cost waits for, if it is more than its usual pause.
    pub(super) fn slowed(&self, id: &BucketId, now: Timestamp, cost: u32, usual_s: i64) -> Option<Slowed> {
        let bucket = self.buckets.get(id)?;
        if let Some(until) = bucket.held_until.filter(|until| *until > now) {
            return Some(Slowed::Held(until.duration_since(now).as_secs().max(1)));
        }
        let every = (i64::from(cost) * MILLI + bucket.rate(id.1) - 1) / bucket.rate(id.1);
        (every > usual_s).then_some(Slowed::Every(every))
    }

    /// An account has a number now.
    pub(super) fn rename(&mut self, from: &Account, to: &Account) {
        let moved: Vec<BucketId> =
            self.buckets.keys().filter(|(account, _, _)| account == from).cloned().collect();
        for (account, api, region) in moved {
            if let Some(bucket) = self.buckets.remove(&(account, api, region.clone())) {
                self.buckets.insert((to.clone(), api, region), bucket);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn id(api: Api) -> BucketId {
        (Account("123456789012".into()), api, Region::new("us-east-1"))
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millisecond(1_341_000_000_000 + ms).unwrap()
    }

    #[test]
    fn a_small_estate_never_waits_and_a_large_one_waits_for_its_pages() {
        let mut budget = Budget::default();
        for sweep in 0..20 {
            assert!(budget.poll(&id(Api::Ec2), at(sweep * 15_000), 2));
        }
        assert_eq!(budget.slowed(&id(Api::Ec2), at(300_000), 2, 15), None);
        // 100,000 instances: 200 pages and their status checks, 10 a second.
        assert!(budget.poll(&id(Api::Ec2), at(400_000), 400));
        assert_eq!(budget.slowed(&id(Api::Ec2), at(400_000), 400, 15), Some(Slowed::Every(40)));
        assert!(!budget.poll(&id(Api::Ec2), at(439_900), 400));
        assert!(budget.poll(&id(Api::Ec2), at(440_000), 400));
    }

    #[test]
    fn a_throttled_answer_holds_the_bucket_longer_each_time_and_is_forgiven() {
        let mut budget = Budget::default();
        let ec2 = id(Api::Ec2);
        budget.throttled(&ec2, at(0), 0);
        assert_eq!(budget.slowed(&ec2, at(0), 2, 15), Some(Slowed::Held(5)));
        assert!(!budget.poll(&ec2, at(4_999), 2));
        assert!(budget.poll(&ec2, at(5_000), 2));
        assert!(budget.is_tight(&ec2));
        budget.throttled(&ec2, at(5_000), 0);
        assert!(!budget.poll(&ec2, at(14_999), 2));
        assert!(budget.poll(&ec2, at(15_000), 2));
        for hit in 0..10 {
            let now = 20_000 + hit * 70_000;
            budget.throttled(&ec2, at(now), 1000);
            let Some(Slowed::Held(held)) = budget.slowed(&ec2, at(now), 2, 15) else { unreachable!() };
            assert!(held <= 2 * HOLD_MOST_S);
        }
        // Others are not held.
        assert!(budget.poll(&id(Api::Elb), at(700_000), 3));
        // An hour later all is forgiven.
        assert_eq!(budget.slowed(&ec2, at(4_300_000), 2, 15), None);
        assert!(budget.poll(&ec2, at(4_300_000), 50));
        assert!(!budget.is_tight(&id(Api::Rds)));
    }

    #[test]
    fn an_account_that_gets_its_number_keeps_its_debts() {
        let mut budget = Budget::default();
        let (old, new) = (Account("~prod".into()), Account("123456789012".into()));
        let bucket = |account: &Account| (account.clone(), Api::Rds, Region::new("us-east-1"));
        budget.throttled(&bucket(&old), at(0), 0);
        budget.rename(&old, &new);
        assert!(!budget.poll(&bucket(&new), at(1), 1));
    }

    #[derive(Debug, Clone)]
    enum Step {
        Poll(u32),
        Act,
        Throttled,
        Wait(i64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            4 => (1_u32..60).prop_map(Step::Poll),
            2 => Just(Step::Act),
            1 => Just(Step::Throttled),
            4 => (1_i64..20_000).prop_map(Step::Wait),
        ];
        proptest::collection::vec(step, 1..200)
    }

    proptest! {
        /// Over any stretch of time, polling takes no more than a bucket and what flowed into it, beside what its last
        /// sweep may cost more than a bucket. Actions are not asked whether they may.
        #[test]
        fn polling_never_exceeds_its_rate(steps in steps(), api in prop_oneof![Just(Api::Ec2), Just(Api::Route53)]) {
            let (burst, rate) = api.allowance();
            let mut budget = Budget::default();
            let mut now = 0;
            let mut polled: Vec<(i64, i64)> = Vec::new();
            for step in steps {
                match step {
                    Step::Poll(cost) => {
                        if budget.poll(&id(api), at(now), cost) {
                            polled.push((now, i64::from(cost)));
                        }
                    }
                    Step::Act => budget.debit(&id(api), at(now), 1),
                    Step::Throttled => {
                        budget.throttled(&id(api), at(now), 0);
                        prop_assert!(!budget.poll(&id(api), at(now), 1), "polled while it is held");
                    }
                    Step::Wait(ms) => now += ms,
                }
            }
            for from in 0..polled.len() {
                let mut sum = 0;
                for (moment, cost) in &polled[from..] {
                    sum += cost;
                    let passed = moment - polled[from].0;
                    let beyond = (cost - burst).max(0);
                    prop_assert!(sum * 1000 <= (burst + beyond) * 1000 + rate * passed, "{polled:?}");
                }
            }
        }
    }
}
