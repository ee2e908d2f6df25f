//! Walking pages to the end, and no further: an endpoint in trouble may hand out the same page for ever.

use crate::incident::fault::Fault;
use std::collections::{HashSet, VecDeque};
use std::future::{Future, pending};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// More pages than any account has; a walk that long is a loop with changing tokens.
const PAGES_LIMIT: usize = 10_000;

/// Calls `fetch` with each token until `each` finds no next one in a page.
///
/// # Errors
/// The first fault of a page; [`Fault::Garbled`] if a token comes back a second time.
pub(super) async fn walk<T, F>(
    action: &str,
    mut fetch: impl FnMut(Option<String>) -> F,
    mut each: impl FnMut(T) -> Option<String>,
) -> Result<(), Fault>
where
    F: Future<Output = Result<T, Fault>>,
{
    let mut seen = HashSet::new();
    let mut token = None;
    loop {
        let page = fetch(token).await?;
        let Some(next) = each(page).filter(|next| !next.is_empty()) else {
            return Ok(());
        };
        if !seen.insert(next.clone()) || seen.len() > PAGES_LIMIT {
            return Err(never_ends(action));
        }
        token = Some(next);
    }
}

fn never_ends(action: &str) -> Fault {
    Fault::Garbled { detail: format!("{action}: the pages never end (the same one came twice)") }
}

/// Pages of one walk at once: one that is read, and one on its way. Each is megabytes.
const AT_ONCE: usize = 2;

/// Where the token of the next page is told before this one has been read.
#[derive(Debug)]
pub(super) struct Ahead(oneshot::Sender<String>);

impl From<oneshot::Sender<String>> for Ahead {
    fn from(tell: oneshot::Sender<String>) -> Self {
        Self(tell)
    }
}

impl Ahead {
    /// Tells it.
    pub(super) fn tell(self, token: String) {
        // Nobody waits for it where the walk was broken off.
        let _ = self.0.send(token);
    }
}

/// A page that is being fetched and read. Dropped, it is broken off.
struct Fetching<T> {
    token: Option<String>,
    page: JoinHandle<Result<T, Fault>>,
}

impl<T> Drop for Fetching<T> {
    fn drop(&mut self) {
        self.page.abort();
    }
}

/// The same as [`walk`], with the next page on its way while this one is read: each on a task of its own. `each` gets the pages
/// in order, and the tokens that it finds are those that count; what was fetched on another is thrown away.
///
/// # Errors
/// The first fault of a page; [`Fault::Garbled`] if a token comes back a second time.
pub(super) async fn walk_ahead<T, F>(
    action: &str,
    fetch: impl Fn(Option<String>, Ahead) -> F,
    mut each: impl FnMut(T) -> Option<String>,
) -> Result<(), Fault>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Fault>> + Send + 'static,
{
    let start = |token: Option<String>| {
        let (tell, told) = oneshot::channel();
        let page = tokio::spawn(fetch(token.clone(), Ahead(tell)));
        (Fetching { token, page }, Some(told))
    };
    let mut seen = HashSet::new();
    let (first, mut told) = start(None);
    let mut under_way = VecDeque::from([first]);
    loop {
        let has_room = under_way.len() < AT_ONCE;
        let Some(first) = under_way.front_mut() else { return Ok(()) };
        let next = async {
            match &mut told {
                Some(told) => told.await.ok(),
                None => pending().await,
            }
        };
        tokio::select! {
            page = &mut first.page => {
                under_way.pop_front();
                let broken = |error| Fault::Garbled { detail: format!("{action}: a page was not read: {error}") };
                let page = page.map_err(broken)??;
                let Some(next) = each(page).filter(|next| !next.is_empty()) else {
                    return Ok(());
                };
                if under_way.front().is_some_and(|ahead| ahead.token.as_ref() == Some(&next)) {
                    continue;
                }
                under_way.clear();
                if !seen.insert(next.clone()) || seen.len() > PAGES_LIMIT {
                    return Err(never_ends(action));
                }
                let (fetching, telling) = start(Some(next));
                under_way.push_back(fetching);
                told = telling;
            }
            next = next, if has_room => {
                told = None;
                // A token that comes twice is left to where the pages are in order.
                if let Some(next) = next.filter(|next| seen.len() < PAGES_LIMIT && seen.insert(next.clone())) {
                    let (fetching, telling) = start(Some(next));
                    under_way.push_back(fetching);
                    told = telling;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use std::sync::{Arc, Mutex};

    /// A page that tells the next one's token ahead of being read, or another, or none; then takes its turns to be read.
    async fn page(
        token: Option<String>,
        ahead: Ahead,
        told: Option<&str>,
        turns: usize,
    ) -> Result<u32, Fault> {
        if let Some(told) = told {
            ahead.tell(told.to_owned());
        }
        for _ in 0..turns {
            tokio::task::yield_now().await;
        }
        Ok(token.map_or(0, |token| token.parse().unwrap()))
    }

    fn next_of(page: u32) -> Option<String> {
        (page < 9).then(|| (page + 1).to_string())
    }

    #[tokio::test]
    async fn pages_come_in_order_however_long_each_takes_to_be_read() {
        let begun = Arc::new(Mutex::new(vec![]));
        let (mut seen, mut most_ahead) = (vec![], 0);
        let noted = Arc::clone(&begun);
        walk_ahead(
            "x",
            move |token, ahead| {
                let number = token.as_ref().map_or(0, |token| token.parse::<u32>().unwrap());
                noted.lock().unwrap().push(number);
                let next = next_of(number);
                // The even ones are slow.
                async move { page(token, ahead, next.as_deref(), if number % 2 == 0 { 40 } else { 1 }).await }
            },
            |page| {
                most_ahead = most_ahead.max(begun.lock().unwrap().len() - seen.len());
                seen.push(page);
                next_of(page)
            },
        )
        .await
        .unwrap();
        assert_eq!(seen, (0..10).collect::<Vec<_>>());
        assert_eq!(*begun.lock().unwrap(), seen, "each is asked for once");
        assert_eq!(most_ahead, AT_ONCE, "at once");
    }

    #[tokio::test]
    async fn what_was_fetched_on_a_wrong_token_or_never_told_changes_nothing() {
        for told in [None, Some("77")] {
            let mut seen = vec![];
            walk_ahead(
                "x",
                |token, ahead| page(token, ahead, told, 3),
                |page| {
                    seen.push(page);
                    next_of(page)
                },
            )
            .await
            .unwrap();
            assert_eq!(seen, (0..10).collect::<Vec<_>>(), "told {told:?}");
        }
    }

    #[tokio::test]
    async fn a_fault_ends_the_walk_and_breaks_off_what_is_under_way() {
        let alive = Arc::new(());
        let held = Arc::clone(&alive);
        let end = walk_ahead(
            "x",
            move |token, ahead| {
                let held = Arc::clone(&held);
                async move {
                    let _held = held;
                    match token {
                        None => page(None, ahead, Some("1"), 5).await,
                        Some(token) if token == "1" => {
                            ahead.tell("2".into());
                            tokio::task::yield_now().await;
                            Err(Fault::Reset { detail: String::new() })
                        }
                        Some(_) => pending().await,
                    }
                }
            },
            next_of,
        )
        .await;
        assert_eq!(end.unwrap_err().word(), Fault::Reset { detail: String::new() }.word());
        while Arc::strong_count(&alive) > 1 {
            tokio::task::yield_now().await;
        }
        let end =
            walk_ahead("x", |token, ahead| page(token, ahead, Some("1"), 0), |_| Some("1".into())).await;
        assert_eq!(end.unwrap_err().word(), "garbled", "the same page for ever");
    }

    #[tokio::test]
    async fn a_page_whose_reading_panics_is_a_fault() {
        let end = walk_ahead("x", |_, _| async { std::panic::panic_any(()) }, |()| None).await;
        assert_eq!(end.unwrap_err().word(), "garbled");
    }

    #[tokio::test]
    async fn pages_are_walked_to_the_end_once() {
        let mut seen = vec![];
        walk(
            "x",
            |token| async move { Ok(token.map_or(0, |t| t.parse::<u32>().unwrap())) },
            |page| {
                seen.push(page);
                (page < 3).then(|| (page + 1).to_string())
            },
        )
        .await
        .unwrap();
        assert_eq!(seen, [0, 1, 2, 3]);
    }

    #[tokio::test]
    async fn a_page_that_comes_twice_ends_the_walk() {
        let end = walk("x", |_| async { Ok(()) }, |()| Some("again".to_owned())).await;
        assert_eq!(end.unwrap_err().word(), "garbled");
    }
}
