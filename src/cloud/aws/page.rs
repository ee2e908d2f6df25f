//! Walking pages to the end, and no further: an endpoint in trouble may hand out the same page for ever.

use crate::incident::fault::Fault;
use std::collections::HashSet;
use std::future::Future;

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
            return Err(Fault::Garbled {
                detail: format!("{action}: the pages never end (the same one came twice)"),
            });
        }
        token = Some(next);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

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
