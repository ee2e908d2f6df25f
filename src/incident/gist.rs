//! The gist of an entry's text: its body, read whole, or, where it tells of rows, which rows it tells of and where they
//! stand in it. A row that is told of again before anybody looks at it need never be read.
//!
//! Refuses rows of accounts whose number is not known yet (they are renamed later), of other cells than their entry's, and
//! every text that is not as this program writes it: those are read whole. [`super::skim`] folds by it.

use super::cell::SweepStatus;
use super::entry::Body;
use super::place::{Kind, Place};
use super::walk::Walk;
use serde::Deserialize;
use std::ops::Range;

/// What an entry says, as far as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gist {
    /// Rows that were observed, and what else the entry says of their cell.
    Rows {
        /// Where each stands.
        rows: Vec<RowText>,
        /// What else it says, if anything.
        sweep: Option<Box<Sweep>>,
    },
    /// All of it.
    Whole(Box<Body>),
}

/// Where a row stands in the text of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowText {
    /// The text of its key, without the quotes.
    pub key: Range<usize>,
    /// The row.
    pub row: Range<usize>,
}

/// What an observation says beside its rows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Sweep {
    /// The cell.
    pub place: Place,
    /// How the sweep ended.
    #[serde(default)]
    pub status: Option<SweepStatus>,
    /// Rows (by `KIND/ID`) that it no longer saw.
    #[serde(default)]
    pub gone: Vec<String>,
}

/// The same, inside the text of a body.
#[derive(Deserialize)]
pub(super) struct Observation {
    pub(super) body: Sweep,
}

impl Gist {
    /// The gist of a body's text, `{"kind":…,"body":…}`; none where it is no body.
    #[must_use]
    pub fn of(text: &[u8]) -> Option<Self> {
        let mut walk = Walk::new(text);
        match Self::rows(&mut walk).filter(|_| walk.rest() == b"}") {
            Some(gist) => gist.told(text),
            None => Self::whole(text),
        }
    }

    /// The body of a text, read whole.
    #[must_use]
    pub fn whole(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().map(|body| Self::Whole(Box::new(body)))
    }

    /// Walks from the opening brace of a body's text to before its closing one, where it observes rows.
    pub(crate) fn rows(walk: &mut Walk<'_>) -> Option<Rows> {
        walk.eat(b"{")?;
        Rows::walk(walk)
    }
}

/// Rows of an observation, and whether it says more than that.
#[derive(Debug)]
pub(crate) struct Rows {
    rows: Vec<RowText>,
    says_more: bool,
}

impl Rows {
    /// Walks over `"kind":"observed","body":{…}`.
    pub(crate) fn walk(walk: &mut Walk<'_>) -> Option<Self> {
        walk.eat(b"\"kind\":\"observed\",\"body\":{\"place\":\"")?;
        let place = walk.plain()?;
        // An account without a number begins with a tilde.
        if place.contains("/~") {
            return None;
        }
        let has_status = walk.eat(b",\"status\":").is_some();
        if has_status {
            walk.nested()?;
        }
        walk.eat(b",\"changed\":[")?;
        let mut rows = Vec::with_capacity(1);
        loop {
            rows.push(Self::row(walk, place)?);
            if walk.eat(b",").is_none() {
                break;
            }
        }
        walk.eat(b"]")?;
        let has_gone = walk.eat(b",\"gone\":").is_some();
        if has_gone {
            walk.nested()?;
        }
        walk.eat(b"}")?;
        Some(Self { rows, says_more: has_status || has_gone })
    }

    fn row(walk: &mut Walk<'_>, place: &str) -> Option<RowText> {
        let mut inside = *walk;
        inside.eat(b"{\"kind\":\"")?;
        let kind = inside.plain()?;
        inside.eat(b",\"key\":\"")?;
        let start = inside.at();
        let key = inside.plain()?;
        let id = key.strip_prefix(place)?.strip_prefix('/')?.strip_prefix(kind)?.strip_prefix('/');
        // A kind of a later version makes an entry that this one cannot read.
        if id.is_none() || kind.parse::<Kind>().is_err() {
            return None;
        }
        Some(RowText { key: start..start + key.len(), row: walk.nested()? })
    }

    /// The gist that these are of, with the text that they stand in.
    pub(crate) fn told(self, text: &[u8]) -> Option<Gist> {
        let sweep = if self.says_more {
            let Observation { body } = serde_json::from_slice(text).ok()?;
            Some(Box::new(body))
        } else {
            None
        };
        Some(Gist::Rows { rows: self.rows, sweep })
    }

    /// The same rows in a text that begins so many bytes later.
    pub(crate) fn shifted(mut self, by: usize) -> Option<Self> {
        for RowText { key, row } in &mut self.rows {
            for at in [&mut key.start, &mut key.end, &mut row.start, &mut row.end] {
                *at = at.checked_sub(by)?;
            }
        }
        Some(self)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ROW: &str = r#"{"kind":"hosted-zone","key":"aws/1/global/route53/hosted-zone/Z1","name":"a\"]}","private":false,"record_count":null,"name_servers":[]}"#;

    fn text(body: &str) -> String {
        format!(r#"{{"kind":"observed","body":{{"place":"aws/1/global/route53",{body}}}}}"#)
    }

    fn rows(text: &str) -> Option<Vec<&str>> {
        match Gist::of(text.as_bytes()).unwrap() {
            Gist::Rows { rows, .. } => Some(rows.into_iter().map(|row| &text[row.row]).collect()),
            Gist::Whole(_) => None,
        }
    }

    #[test]
    fn rows_are_found_where_they_stand_and_the_rest_is_read() {
        let two = text(&format!(r#""changed":[{ROW},{ROW}]"#));
        assert_eq!(rows(&two), Some(vec![ROW, ROW]));
        let whole = text(&format!(
            r#""status":{{"status":"ok","latency_ms":7}},"changed":[{ROW}],"gone":["hosted-zone/Z2"]"#
        ));
        let Some(Gist::Rows { rows, sweep: Some(sweep) }) = Gist::of(whole.as_bytes()) else {
            unreachable!()
        };
        assert_eq!(&whole[rows[0].key.clone()], "aws/1/global/route53/hosted-zone/Z1");
        assert_eq!(sweep.status, Some(SweepStatus::Ok { latency_ms: 7 }));
        assert_eq!(sweep.gone, ["hosted-zone/Z2"]);
        // The same as read whole.
        let Some(Gist::Whole(body)) = Gist::whole(whole.as_bytes()) else { unreachable!() };
        let Body::Observed { place, changed, .. } = *body else { unreachable!() };
        assert_eq!((place, changed.len()), (sweep.place, 1));
    }

    #[test]
    fn what_is_not_plainly_rows_of_a_known_account_is_read_whole_or_not_at_all() {
        let plain = text(&format!(r#""changed":[{ROW}]"#));
        assert!(rows(&plain).is_some());
        for (from, to) in [
            ("aws/1/", "aws/~prod/"),
            ("\"place\":\"aws/1/", "\"place\":\"aws/2/"),
            ("hosted-zone/Z1", "hosted-zone/\\u005a1"),
            ("\"changed\":[", "\"changed\": ["),
            ("{\"kind\":\"hosted-zone\",\"key\"", "{\"key\""),
        ] {
            let other = plain.replace(from, to);
            assert_ne!(other, plain);
            if Gist::whole(other.as_bytes()).is_some() {
                assert_eq!(rows(&other), None, "{other}");
            } else {
                assert_eq!(Gist::of(other.as_bytes()), None);
            }
        }
        assert_eq!(Gist::of(plain.replace("hosted-zone", "volcano").as_bytes()), None);
        assert_eq!(Gist::of(&plain.as_bytes()[..plain.len() - 1]), None);
        assert_eq!(rows(r#"{"kind":"note","body":{"text":"x"}}"#), None);
    }
}
