//! A text of which there is one, however many hold it: an account's number stands in every row's key.
//!
//! Copies count, and hold no bytes of their own. What is read from a log or an answer is another text all the same, until the
//! fold puts the one in its place that it has already. Refuses to be changed. For `incident`'s names; anybody may read it.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::cmp::Ordering;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// A text that is shared by its copies.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SharedStr(Arc<str>);

impl Deref for SharedStr {
    type Target = str;
    fn deref(&self) -> &str {
        &self.0
    }
}

impl Ord for SharedStr {
    fn cmp(&self, other: &Self) -> Ordering {
        // Most that are compared are copies of one.
        if Arc::ptr_eq(&self.0, &other.0) { Ordering::Equal } else { self.0.cmp(&other.0) }
    }
}

impl PartialOrd for SharedStr {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl From<&str> for SharedStr {
    fn from(text: &str) -> Self {
        Self(text.into())
    }
}

impl From<String> for SharedStr {
    fn from(text: String) -> Self {
        Self(text.into())
    }
}

impl PartialEq<str> for SharedStr {
    fn eq(&self, other: &str) -> bool {
        **self == *other
    }
}

impl PartialEq<&str> for SharedStr {
    fn eq(&self, other: &&str) -> bool {
        **self == **other
    }
}

impl PartialEq<String> for SharedStr {
    fn eq(&self, other: &String) -> bool {
        **self == **other
    }
}

impl PartialEq<SharedStr> for String {
    fn eq(&self, other: &SharedStr) -> bool {
        **self == **other
    }
}

impl fmt::Debug for SharedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl fmt::Display for SharedStr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&**self, f)
    }
}

impl Serialize for SharedStr {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self)
    }
}

impl<'de> Deserialize<'de> for SharedStr {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_str(TextVisitor)
    }
}

struct TextVisitor;

impl Visitor<'_> for TextVisitor {
    type Value = SharedStr;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<SharedStr, E> {
        Ok(text.into())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_copy_is_the_same_text_and_another_of_the_same_letters_is_as_good() {
        let text = SharedStr::from("us-east-1");
        let copy = text.clone();
        assert!(std::ptr::eq(&*text, &*copy));
        let other: SharedStr = serde_json::from_str("\"us-e\\u0061st-1\"").unwrap();
        assert!(!std::ptr::eq(&*text, &*other));
        assert_eq!((text.cmp(&copy), text.cmp(&other)), (Ordering::Equal, Ordering::Equal));
        assert_eq!((&text, &*text), (&other, "us-east-1"));
        let west = SharedStr::from("us-west-1".to_owned());
        assert!(text < west);
        assert_eq!(serde_json::to_string(&text).unwrap(), "\"us-east-1\"");
        assert!(serde_json::from_str::<SharedStr>("7").is_err());
    }
}
