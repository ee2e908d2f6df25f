//! What keeps credentials, against givers that are slow, silent, gone or late.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};

/// What a giver does when it is asked.
enum Gives {
    /// Keys of this id that last so long, or for ever.
    Keys(&'static str, Option<Duration>),
    Silence,
    Nothing,
}

#[derive(Clone)]
struct Giver {
    gives: Arc<Mutex<VecDeque<Gives>>>,
    asked: Arc<AtomicUsize>,
}

impl fmt::Debug for Giver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Giver")
    }
}

impl Giver {
    fn new(gives: impl IntoIterator<Item = Gives>) -> Self {
        Self { gives: Arc::new(Mutex::new(gives.into_iter().collect())), asked: Arc::default() }
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    fn keeper(&self) -> Keeper {
        let times = Timeouts { attempt: Duration::from_millis(100), ..Timeouts::default() };
        Keeper::new(Source::Given(SharedCredentialsProvider::new(self.clone())), times)
    }
}

impl ProvideCredentials for Giver {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            self.asked.fetch_add(1, Ordering::SeqCst);
            let next = self.gives.lock().unwrap().pop_front();
            match next {
                Some(Gives::Keys(id, life)) => {
                    let end = life.map(|life| machine_time() + life);
                    Ok(Credentials::new(id, "not-a-secret", None, end, "test"))
                }
                Some(Gives::Silence) => std::future::pending().await,
                Some(Gives::Nothing) | None => Err(CredentialsError::not_loaded("none here")),
            }
        })
    }
}

const HOUR: Duration = Duration::from_secs(3600);
const MINUTE: Duration = Duration::from_secs(60);

/// The key id that a call would sign with now.
async fn key_id(keeper: &Keeper) -> String {
    keeper.provide().await.unwrap().access_key_id().to_owned()
}

/// Waits for what happens beside the calls.
async fn until(mut holds: impl FnMut() -> bool) {
    while !holds() {
        tokio::task::yield_now().await;
    }
}

/// As if they had been read so long ago: what is left of their life is a smaller part of it.
fn backdate(keeper: &Keeper, by: Duration) {
    let mut kept = keeper.kept();
    let (_, read) = kept.credentials.as_mut().unwrap();
    *read -= by;
    kept.tried = kept.tried.map(|tried| tried - by);
}

#[tokio::test]
async fn they_are_read_once_and_used_until_it_is_time() {
    let giver = Giver::new([Gives::Keys("A", Some(HOUR)), Gives::Keys("B", Some(HOUR))]);
    let keeper = giver.keeper();
    for _ in 0..3 {
        assert_eq!(key_id(&keeper).await, "A");
    }
    assert_eq!(giver.asked(), 1);
    let access = keeper.access();
    assert!(access.expires.is_some() && access.renewal.is_none() && access.generation == 1);
}

#[tokio::test]
async fn they_are_renewed_well_before_they_end_and_nobody_waits_for_it() {
    let giver = Giver::new([Gives::Keys("A", Some(10 * MINUTE)), Gives::Keys("B", Some(HOUR))]);
    let keeper = giver.keeper();
    assert_eq!(key_id(&keeper).await, "A");
    backdate(&keeper, HOUR);
    // The one who finds that it is time goes on with the old ones.
    assert_eq!(key_id(&keeper).await, "A");
    until(|| giver.asked() == 2 && keeper.readings() == 2).await;
    assert_eq!(key_id(&keeper).await, "B");
}

#[tokio::test]
async fn a_renewal_that_fails_costs_nothing_until_they_really_end_and_is_told() {
    for trouble in [Gives::Silence, Gives::Nothing] {
        let giver = Giver::new([Gives::Keys("A", Some(10 * MINUTE)), trouble]);
        let keeper = giver.keeper();
        assert_eq!(key_id(&keeper).await, "A");
        backdate(&keeper, HOUR);
        assert_eq!(key_id(&keeper).await, "A");
        until(|| keeper.readings() == 2).await;
        for _ in 0..3 {
            assert_eq!(key_id(&keeper).await, "A");
        }
        assert_eq!(giver.asked(), 2, "it is not tried again at once");
        let access = keeper.access();
        assert!(access.expires.is_some());
        assert_eq!(access.renewal.unwrap().word(), "no creds");
    }
}

#[tokio::test]
async fn those_that_have_ended_are_used_no_more() {
    let giver = Giver::new([Gives::Keys("A", Some(Duration::from_secs(1))), Gives::Keys("B", None)]);
    let keeper = giver.keeper();
    keeper.read().await.unwrap();
    assert_eq!(key_id(&keeper).await, "B");
    assert_eq!(keeper.access().expires, None, "these do not end");
    assert_eq!(keeper.access().generation, 2, "and are others");
}

#[tokio::test]
async fn a_giver_that_is_silent_is_given_up_once_for_all_who_wait() {
    let giver = Giver::new([Gives::Silence]);
    let keeper = giver.keeper();
    let waiting: Vec<_> = (0..20)
        .map(|_| {
            let keeper = keeper.clone();
            tokio::spawn(async move { keeper.provide().await.map(|_| ()) })
        })
        .collect();
    for each in waiting {
        assert!(each.await.unwrap().is_err());
    }
    assert_eq!(giver.asked(), 1);
    // And is asked again by the next.
    assert!(keeper.provide().await.is_err());
    assert_eq!(giver.asked(), 2);
}

#[tokio::test]
async fn what_aws_refused_is_read_again_but_not_what_was_read_since() {
    let giver = Giver::new([Gives::Keys("A", None), Gives::Keys("B", None), Gives::Keys("C", None)]);
    let keeper = giver.keeper();
    assert_eq!(key_id(&keeper).await, "A");
    let first = keeper.readings();
    keeper.refuse(first);
    assert_eq!(key_id(&keeper).await, "B");
    keeper.refuse(first);
    assert_eq!(key_id(&keeper).await, "B", "another call had them read already");
}

#[test]
fn no_single_region_gives_the_credentials_out() {
    let ring = |home: &'static str| -> Vec<String> {
        (0..4).map(|turn| region_at(&Region::from_static(home), turn).to_string()).collect()
    };
    assert_eq!(ring("eu-central-1"), ["eu-central-1", "us-east-1", "us-west-2", "eu-west-1"]);
    assert_eq!(ring("us-east-1"), ["us-east-1", "us-west-2", "eu-west-1", "us-east-1"]);
    assert_eq!(ring("cn-north-1")[..2], ["cn-north-1", "cn-northwest-1"]);
    assert_eq!(ring("us-gov-east-1")[..2], ["us-gov-east-1", "us-gov-west-1"]);
}

#[tokio::test]
async fn what_is_printed_holds_no_key() {
    let giver = Giver::new([Gives::Keys("AKIDKEPT", None)]);
    let keeper = giver.keeper();
    key_id(&keeper).await;
    let printed = format!("{keeper:?}");
    assert!(!printed.contains("not-a-secret") && !printed.contains("AKIDKEPT"), "{printed}");
}
