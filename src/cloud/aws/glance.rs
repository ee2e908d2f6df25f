//! A look at a page before the SDK reads it: which page comes next, and whether this one is the same as last time.
//!
//! The SDK takes tens of milliseconds for a page of five hundred instances, and says where the next one begins at the end
//! of them; but that stands in the text, so the next page can be on its way meanwhile ([`super::page::walk_ahead`]). And a
//! page that says what it said last time, which on a quiet day is nearly every one, need not be read at all; of the others
//! what no row is made of is left out. It believes nothing: whether a page is whole is asked of every one (`whole`), and the token that counts is the one that the SDK read.

use super::page::Ahead;
use crate::cloud::xml::{flaw, name_of, root};
use crate::incident::place::Place;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::Intercept;
use aws_smithy_runtime_api::client::interceptors::context::BeforeDeserializationInterceptorContextMut;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use bytes::Bytes;
use http_body::{Body, Frame};
use memchr::memmem;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::ops::Range;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

/// What a page says, but for the id of the request that it answers.
pub(super) type Fingerprint = [u8; 32];

/// What a page is looked at for, beside the next one's token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Against {
    /// Nothing.
    Nothing,
    /// Its fingerprint, to be kept.
    Unknown,
    /// Whether it still has this fingerprint.
    Known(Fingerprint),
}

/// The look at one call's answer; clones share it.
#[derive(Debug, Clone)]
pub(super) struct Glance(Arc<Looked>);

#[derive(Debug)]
struct Looked {
    against: Against,
    ahead: Mutex<Option<Ahead>>,
    found: Mutex<Option<Fingerprint>>,
}

/// What a poisoned lock guards here is whole: nothing is left half done under it.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Glance {
    /// Tells the next page's token to `ahead`, and compares.
    pub(super) fn new(ahead: Ahead, against: Against) -> Self {
        Self(Arc::new(Looked { against, ahead: Mutex::new(Some(ahead)), found: Mutex::new(None) }))
    }

    /// The fingerprint of the answer, once there was one.
    pub(super) fn fingerprint(&self) -> Option<Fingerprint> {
        *lock(&self.0.found)
    }

    /// Whether the answer was the one that was known.
    pub(super) fn is_unchanged(&self) -> bool {
        self.fingerprint().is_some_and(|found| self.0.against == Against::Known(found))
    }

    /// Looks at an answer: what the SDK is to read of it. Of one that is known only where the next begins; of any other
    /// what rows are made of, and all of it where anything is wrong with it.
    fn look(&self, body: Vec<u8>) -> Vec<u8> {
        if let Some(ahead) = lock(&self.0.ahead).take()
            && let Some(token) = next_token(&body)
        {
            ahead.tell(token);
        }
        *lock(&self.0.found) = match self.0.against {
            Against::Nothing => None,
            Against::Unknown | Against::Known(_) => Some(fingerprint(&body)),
        };
        let left = if self.is_unchanged() { bare(&body) } else { without_unread(&body) };
        left.unwrap_or(body)
    }
}

impl Intercept for Glance {
    fn name(&self) -> &'static str {
        "Glance"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        if response.status().is_success() {
            let arriving = std::mem::replace(response.body_mut(), SdkBody::taken());
            let announced = usize::try_from(arriving.size_hint().lower()).unwrap_or(0).min(MOST_ANNOUNCED);
            let read = Vec::with_capacity(announced);
            let arriving = Arriving { body: arriving, read, glance: Some(self.clone()) };
            *response.body_mut() = SdkBody::from_body_1_x(arriving);
        }
        Ok(())
    }
}

/// Bytes for which room is made because they are announced.
const MOST_ANNOUNCED: usize = 4 << 20;

/// A body that is passed on once all of it has arrived and was looked at.
struct Arriving {
    body: SdkBody,
    read: Vec<u8>,
    /// Until it is passed on.
    glance: Option<Glance>,
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = <SdkBody as Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        while self.glance.is_some() {
            match ready!(Pin::new(&mut self.body).poll_frame(task)) {
                Some(Ok(frame)) => {
                    if let Some(piece) = frame.data_ref() {
                        self.read.extend_from_slice(piece);
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => {
                    let body = std::mem::take(&mut self.read);
                    if let Some(glance) = self.glance.take() {
                        return Poll::Ready(Some(Ok(Frame::data(glance.look(body).into()))));
                    }
                }
            }
        }
        Poll::Ready(None)
    }
}

/// What stands between the last pair of these tags, with where it does.
fn last_between(body: &[u8], open: &[u8], close: &[u8]) -> Option<Range<usize>> {
    let end = memmem::rfind(body, close)?;
    let start = memmem::rfind(body.get(..end)?, open)? + open.len();
    Some(start..end)
}

fn raw_token(body: &[u8]) -> Option<&[u8]> {
    body.get(last_between(body, b"<nextToken>", b"</nextToken>")?)
}

/// The next page's token, if it stands there plainly: nothing in it is escaped.
fn next_token(body: &[u8]) -> Option<String> {
    let token = raw_token(body).filter(|token| !token.iter().any(|byte| matches!(byte, b'&' | b'<')))?;
    let token = std::str::from_utf8(token).ok()?;
    (!token.is_empty() && token.trim() == token).then(|| token.to_owned())
}

/// The same answer without its rows.
fn bare(body: &[u8]) -> Option<Vec<u8>> {
    let root = root(body)?;
    let token = raw_token(body).unwrap_or_default();
    Some([root, b"<nextToken>", token, b"</nextToken></", name_of(root), b">"].concat())
}

/// Elements of an instance and of its status that no row is made of: half of what AWS says, and of the time to read it.
const UNREAD: [&str; 4] = ["blockDeviceMapping", "cpuOptions", "metadataOptions", "details"];
/// Read only where an instance names no security groups of its own.
const INTERFACES: &str = "networkInterfaceSet";

/// An answer without what no row is made of; `None` where it is not whole, or written in a way that AWS does not.
fn without_unread(body: &[u8]) -> Option<Vec<u8>> {
    if flaw(body).is_some() || memmem::find(body, b"<!").is_some() {
        return None;
    }
    let mut unread: Vec<Range<usize>> = UNREAD.iter().flat_map(|name| elements(body, name)).collect();
    unread.extend(elements(body, INTERFACES).into_iter().filter(|at| has_groups(body, at.start)));
    unread.sort_unstable_by_key(|at| at.start);
    let mut left = Vec::with_capacity(body.len());
    let mut from = 0;
    for at in unread.into_iter().filter(|at| !at.is_empty()) {
        // What lies in one that is left out is left out with it.
        if at.start >= from {
            left.extend_from_slice(body.get(from..at.start)?);
            from = at.end;
        }
    }
    left.extend_from_slice(body.get(from..)?);
    Some(left)
}

/// Where the elements of a name are, with their tags.
fn elements(body: &[u8], name: &str) -> Vec<Range<usize>> {
    let (open, close) = (format!("<{name}>"), format!("</{name}>"));
    let close = memmem::Finder::new(&close);
    let begins = memmem::find_iter(body, &open);
    begins
        .filter_map(|start| {
            let end = start + close.find(body.get(start..)?)? + close.needle().len();
            Some(start..end)
        })
        .collect()
}

/// Whether the instance whose interfaces begin here named its security groups before.
fn has_groups(body: &[u8], interfaces: usize) -> bool {
    let own = || {
        let before = body.get(..interfaces)?;
        let instance = before.get(memmem::rfind(before, b"<instanceId>")?..)?;
        let groups = instance.get(memmem::find(instance, b"<groupSet>")?..)?;
        let groups = groups.get(..memmem::find(groups, b"</groupSet>")?)?;
        memmem::find(groups, b"<groupId>")
    };
    own().is_some()
}

fn fingerprint(body: &[u8]) -> Fingerprint {
    let id = memmem::find(body, b"<requestId>")
        .and_then(|start| Some(start..start + memmem::find(body.get(start..)?, b"</requestId>")?));
    let (before, after) = match id {
        Some(id) => (body.get(..id.start), body.get(id.end..)),
        None => (Some(body), None),
    };
    let mut hash = Sha256::new();
    hash.update(before.unwrap_or_default());
    hash.update(after.unwrap_or_default());
    hash.finalize().into()
}

/// Rows kept of all places together: a few megabytes.
const ROWS_KEPT: usize = 5_000;

/// What was made of the first page of each place. Tokens differ from sweep to sweep, so the pages after it do as well.
#[derive(Debug)]
pub(super) struct Known<T>(Mutex<HashMap<Place, Made<T>>>);

/// A page's fingerprint, and what was made of it.
type Made<T> = (Fingerprint, Arc<[T]>);

impl<T> Default for Known<T> {
    fn default() -> Self {
        Self(Mutex::new(HashMap::new()))
    }
}

impl<T> Known<T> {
    /// What was made of this page of a place last time, and what it is to be looked at for now.
    pub(super) fn before(&self, place: &Place, token: Option<&str>) -> (Option<Arc<[T]>>, Against) {
        if token.is_some() {
            return (None, Against::Nothing);
        }
        match lock(&self.0).get(place) {
            Some((fingerprint, rows)) => (Some(Arc::clone(rows)), Against::Known(*fingerprint)),
            None => (None, Against::Unknown),
        }
    }

    /// Keeps what was made of it, unless too much is kept already.
    pub(super) fn keep(&self, place: &Place, fingerprint: Fingerprint, rows: &[T])
    where
        T: Clone,
    {
        let mut pages = lock(&self.0);
        pages.remove(place);
        let kept: usize = pages.values().map(|(_, rows)| rows.len()).sum();
        if kept + rows.len() <= ROWS_KEPT {
            pages.insert(place.clone(), (fingerprint, rows.into()));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::incident::place::{Account, Region, Scope, Service};

    const PAGE: &str = "<?xml version=\"1.0\"?>\n<DescribeInstancesResponse xmlns=\"x\"><requestId>r-1</requestId>\
        <reservationSet><item><instanceId>i-1</instanceId></item></reservationSet><nextToken>two</nextToken>\
        </DescribeInstancesResponse>";

    #[test]
    fn the_token_of_the_next_page_stands_in_the_text() {
        assert_eq!(next_token(PAGE.as_bytes()).unwrap(), "two");
        for none in ["", "</nextToken>", "two</nextToken>", "<nextToken/>", "<nextToken></nextToken>"] {
            assert_eq!(next_token(none.as_bytes()), None, "{none}");
        }
        // What is escaped is left to the SDK.
        assert_eq!(next_token(b"<nextToken>a&amp;b</nextToken>"), None);
    }

    #[test]
    fn pages_are_the_same_whatever_request_they_answer() {
        let again = PAGE.replace("r-1", "r-2000");
        let other = PAGE.replace("i-1", "i-2");
        assert_eq!(fingerprint(PAGE.as_bytes()), fingerprint(again.as_bytes()));
        assert_ne!(fingerprint(PAGE.as_bytes()), fingerprint(other.as_bytes()));
        assert_ne!(fingerprint(PAGE.as_bytes()), fingerprint(&PAGE.as_bytes()[..PAGE.len() - 1]));
    }

    #[test]
    fn without_its_rows_an_answer_is_one_all_the_same() {
        for page in [PAGE.to_owned(), PAGE.replace("<nextToken>two</nextToken>", "")] {
            let bare = bare(page.as_bytes()).unwrap();
            assert_eq!(flaw(&bare), None);
            assert_eq!(next_token(&bare), next_token(page.as_bytes()));
            assert!(bare.len() < 120);
        }
    }

    #[test]
    fn the_sdk_reads_a_page_that_says_the_same_without_its_rows() {
        let look = |against, body: &str| {
            let (tell, mut told) = tokio::sync::oneshot::channel();
            let glance = Glance::new(Ahead::from(tell), against);
            let left = String::from_utf8(glance.look(body.into())).unwrap();
            assert_eq!(told.try_recv().unwrap(), "two");
            (glance, left)
        };
        let (glance, left) = look(Against::Unknown, PAGE);
        assert_eq!((left.as_str(), glance.is_unchanged()), (PAGE, false));
        let known = Against::Known(glance.fingerprint().unwrap());
        let (glance, left) = look(known, &PAGE.replace("r-1", "r-2"));
        assert!(glance.is_unchanged() && !left.contains("i-1"), "{left}");
        let (glance, left) = look(known, &PAGE.replace("i-1", "i-2"));
        assert!(!glance.is_unchanged() && left.contains("i-2"), "{left}");
        assert_eq!(look(Against::Nothing, PAGE).0.fingerprint(), None);
    }

    #[test]
    fn what_no_row_is_made_of_is_left_out_of_whole_answers_alone() {
        let instance = |groups: &str| {
            format!(
                "<item><instanceId>i-1</instanceId><placement><groupId>pg-1</groupId></placement>{groups}\
                 <blockDeviceMapping><item>vol</item></blockDeviceMapping><cpuOptions><coreCount>1</coreCount></cpuOptions>\
                 <networkInterfaceSet><item><groupSet><item><groupId>sg-2</groupId></item></groupSet></item>\
                 </networkInterfaceSet></item>"
            )
        };
        let own = "<groupSet>\n <item><groupId>sg-1</groupId></item></groupSet>";
        let page = |first: &str, second: &str| format!("<R>{}{}</R>", instance(first), instance(second));
        let left = |page: &str| without_unread(page.as_bytes()).map(|left| String::from_utf8(left).unwrap());
        let short = |groups: &str| {
            format!(
                "<item><instanceId>i-1</instanceId><placement><groupId>pg-1</groupId></placement>{groups}</item>"
            )
        };
        assert_eq!(left(&page(own, own)).unwrap(), format!("<R>{}{}</R>", short(own), short(own)));
        // Without groups of its own, those of its interfaces are read.
        for none in ["", "<groupSet/>", "<groupSet></groupSet>"] {
            let left = left(&page(own, none)).unwrap();
            assert!(
                left.contains("sg-2") && !left.contains("vol") && flaw(left.as_bytes()).is_none(),
                "{left}"
            );
            assert_eq!(left.matches("sg-2").count(), 1);
        }
        let whole = page(own, own);
        assert_eq!(left(&whole[..whole.len() - 1]), None, "cut");
        assert_eq!(left(&whole.replacen("</item>", "", 1)), None, "malformed");
        assert_eq!(left(&whole.replace("<R>", "<R><!-- <cpuOptions> -->")), None, "not as AWS writes");
    }

    #[test]
    fn no_more_is_kept_than_a_few_megabytes() {
        let known = Known::default();
        let place = |n: usize| {
            Scope::new(Account(n.to_string().into()), Region::new("us-east-1")).place(Service::Ec2)
        };
        for n in 0..12 {
            known.keep(&place(n), [0; 32], &[(); 500]);
        }
        assert_eq!((0..12).filter(|n| known.before(&place(*n), None).0.is_some()).count(), 10);
        known.keep(&place(0), [1; 32], &[(); 400]);
        assert_eq!(known.before(&place(0), None).1, Against::Known([1; 32]));
        assert_eq!(known.before(&place(0), Some("two")).1, Against::Nothing, "tokens differ");
    }
}
