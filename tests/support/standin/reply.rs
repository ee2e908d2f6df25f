//! An answer before it is sent.

use hyper::body::Bytes;
use hyper::header::HeaderMap;

use crate::support::xml::Element;

/// An answer with its whole body in hand.
#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Reply {
    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The same answer with that time for its `Date`.
    pub(super) fn dated(mut self, at: jiff::Timestamp) -> Self {
        let date = at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string();
        if let Ok(date) = date.parse() {
            self.headers.insert("date", date);
        }
        self
    }

    /// The same answer with a `Date`, if it has none.
    pub(super) fn dated_now(self) -> Self {
        if self.headers.contains_key("date") { self } else { self.dated(jiff::Timestamp::now()) }
    }

    pub(super) fn document(&self) -> Option<Element> {
        Element::parse(std::str::from_utf8(&self.body).ok()?)
    }

    pub(super) fn xml(status: u16, document: &Element) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert("content-type", hyper::header::HeaderValue::from_static("text/xml"));
        Self { status, headers, body: Bytes::from(document.document()) }
    }

    /// The same answer with another document.
    pub(super) fn with(mut self, document: &Element) -> Self {
        self.body = Bytes::from(document.document());
        self
    }
}
