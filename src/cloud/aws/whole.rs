//! Refuses answers that end in the middle.
//!
//! The SDK reads XML leniently: a body that breaks off passes for one with fewer rows, or none. Taken for the truth it
//! would empty a table in the very hour when half-answers are likely. So every good answer must close what it opened.

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
            Some(body) if !is_whole(body) => Err("the answer ends in the middle".into()),
            Some(_) | None => Ok(()),
        }
    }
}

/// Whether an XML text ends with the end of its first element. An empty body has nothing to close.
fn is_whole(body: &[u8]) -> bool {
    let body = String::from_utf8_lossy(body);
    let text = body.trim();
    if text.is_empty() {
        return true;
    }
    let mut rest = text;
    // Past the prolog: `<?xml …?>`, comments, a document type.
    let root = loop {
        let Some(start) = rest.find('<') else {
            return false;
        };
        rest = &rest[start + 1..];
        if !rest.starts_with(['?', '!']) {
            break rest;
        }
    };
    let name: &str =
        root.split(|c: char| c.is_whitespace() || c == '>' || c == '/').next().unwrap_or_default();
    if name.is_empty() {
        return false;
    }
    let closed = text
        .strip_suffix('>')
        .map(str::trim_end)
        .and_then(|text| text.strip_suffix(name))
        .is_some_and(|text| text.ends_with("</"));
    // `<Root/>`, alone.
    let single = root.ends_with("/>") && !root[..root.len() - 2].contains('>');
    closed || single
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
        ] {
            assert!(is_whole(whole.as_bytes()), "{whole}");
        }
        for cut in [
            "<",
            "<A",
            "<A>",
            "<A><B/>",
            "<A><B></B>",
            "<A><B></A",
            "<?xml version=\"1.0\"?>",
            "Service Unavailable",
        ] {
            assert!(!is_whole(cut.as_bytes()), "{cut}");
        }
    }
}
