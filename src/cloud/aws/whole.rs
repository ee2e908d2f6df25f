//! Refuses answers that end in the middle, are malformed, or are no answer of AWS's at all.
//!
//! The SDK reads XML leniently: a body that breaks off, or whose tags do not match, passes for one with fewer rows, or
//! none; and where an answer says no more than that a call was taken, a web page passes for it. Believed, that would
//! empty a table, or call a change accepted that never reached AWS, in the very hour when such answers are likely. So
//! every good answer must close what it opened, in the order in which it was opened, and be a response by its name.

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
                None if !is_response(body) => Err("it is no response of AWS's".into()),
                None => Ok(()),
            },
            None => Ok(()),
        }
    }
}

/// Whether a well-formed text is a response: the services' own all end in that word, in every protocol spoken here.
fn is_response(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    let mut tags = body.split('<').skip(1);
    let root = tags.find(|tag| !tag.starts_with(['?', '!'])).unwrap_or_default();
    let name = root.split(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).next().unwrap_or_default();
    name.ends_with("Response")
}

/// What is wrong with an XML text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flaw {
    /// It ends before what was opened is closed.
    Cut,
    /// It closes what was not opened, or is no XML.
    Malformed,
}

/// The first flaw of an XML text, as far as its tags go. An empty body has nothing to close.
pub(super) fn flaw(body: &[u8]) -> Option<Flaw> {
    let body = String::from_utf8_lossy(body);
    let mut rest = body.trim_start_matches('\u{feff}').trim();
    let mut open: Vec<&str> = Vec::new();
    let mut rooted = rest.is_empty();
    while !rest.is_empty() {
        let Some(start) = rest.find('<') else {
            return Some(if open.is_empty() { Flaw::Malformed } else { Flaw::Cut });
        };
        // Text belongs into an element; and a document has one.
        if open.is_empty() && !rest[..start].trim().is_empty() {
            return Some(Flaw::Malformed);
        }
        rest = &rest[start..];
        let skipped = [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")];
        if let Some((begin, end)) = skipped.into_iter().find(|(begin, _)| rest.starts_with(begin)) {
            let Some(at) = rest[begin.len()..].find(end) else { return Some(Flaw::Cut) };
            rest = &rest[begin.len() + at + end.len()..];
            continue;
        }
        let Some(end) = tag_end(rest) else { return Some(Flaw::Cut) };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix('/') {
            if open.pop() != Some(name.trim_end()) {
                return Some(Flaw::Malformed);
            }
            continue;
        }
        if open.is_empty() && rooted {
            return Some(Flaw::Malformed);
        }
        rooted = true;
        if !tag.ends_with('/') {
            let name = tag.split(char::is_whitespace).next().unwrap_or_default();
            if name.is_empty() {
                return Some(Flaw::Malformed);
            }
            open.push(name);
        }
    }
    (!open.is_empty() || !rooted).then_some(Flaw::Cut)
}

/// Where the `>` of a tag is; one in an attribute's quotes ends nothing.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in tag.bytes().enumerate() {
        match (quote, byte) {
            (None, b'>') => return Some(at),
            (None, b'"' | b'\'') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            (None | Some(_), _) => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_whole_when_it_closes_what_it_opened() {
        for whole in [
            "",
            "<A/>",
            "<A><B/></A>",
            "<?xml version=\"1.0\"?>\n<A xmlns=\"x\">\n <B>1</B></A >\n",
            "<!-- x --><A></A>",
            "<A b=\"1>2\" c='/'>text &lt;<![CDATA[</A>]]></A>",
        ] {
            assert_eq!(flaw(whole.as_bytes()), None, "{whole}");
        }
        for cut in [
            "<",
            "<A",
            "<A>",
            "<A><B/>",
            "<A><B></B>",
            "<A><B></A",
            "<A>tex",
            "<A><![CDATA[x",
            "<?xml version=\"1.0\"?>",
        ] {
            assert_eq!(flaw(cut.as_bytes()), Some(Flaw::Cut), "{cut}");
        }
        for malformed in
            ["Service Unavailable", "<A><B></A>", "<A></A></A>", "<A/><B/>", "<A/>x", "<><A/>", "x<A/>"]
        {
            assert_eq!(flaw(malformed.as_bytes()), Some(Flaw::Malformed), "{malformed}");
        }
    }

    #[test]
    fn a_response_is_one_by_the_name_of_its_root() {
        for response in [
            "<RegisterTargetsResponse xmlns=\"x\"/>",
            "<?xml version=\"1.0\"?>\n<!-- x -->\n<AResponse\n><B/></AResponse>",
            "<DescribeInstancesResponse/>",
        ] {
            assert!(is_response(response.as_bytes()), "{response}");
        }
        for other in ["", "<html><body>Response</body></html>", "<!DOCTYPE html><html></html>", "<A/>"] {
            assert!(!is_response(other.as_bytes()), "{other}");
        }
    }
}
