//! Whether an XML text is whole: it closes what it opened, in the order in which it was opened.
//!
//! It reads tags and nothing else, knows no schema, and resolves no entities. Imported by `aws`, which asks it about every
//! answer.

/// What is wrong with an XML text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It ends before what was opened is closed.
    Cut,
    /// It closes what was not opened, or is no XML.
    Malformed,
}

/// The first flaw of an XML text, as far as its tags go. An empty body has nothing to close.
#[must_use]
pub fn flaw(body: &[u8]) -> Option<Flaw> {
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
}
