//! Whether an XML text is whole: it closes what it opened, in the order in which it was opened.
//!
//! It reads tags and nothing else, knows no schema, and resolves no entities. Imported by `aws`, which asks it about every
//! answer.

use memchr::{memchr, memchr3, memmem};

/// What is wrong with an XML text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// It ends before what was opened is closed.
    Cut,
    /// It closes what was not opened, or is no XML.
    Malformed,
}

/// The first flaw of an XML text, as far as its tags go. An empty body has nothing to close. One pass over the bytes: every
/// answer of AWS goes through here.
#[must_use]
pub fn flaw(body: &[u8]) -> Option<Flaw> {
    let mut rest = begin(body).trim_ascii_end();
    let mut open: Vec<&[u8]> = Vec::new();
    let mut rooted = rest.is_empty();
    while !rest.is_empty() {
        let Some(start) = memchr(b'<', rest) else {
            return Some(if open.is_empty() { Flaw::Malformed } else { Flaw::Cut });
        };
        // Text belongs into an element; and a document has one.
        if open.is_empty() && !rest[..start].trim_ascii().is_empty() {
            return Some(Flaw::Malformed);
        }
        rest = &rest[start..];
        if is_misplaced(rest, !open.is_empty(), rooted) {
            return Some(Flaw::Malformed);
        }
        if let Some(skipped) = aside(rest) {
            let Some(end) = skipped else { return Some(Flaw::Cut) };
            rest = &rest[end..];
            continue;
        }
        let Some(end) = tag_end(rest) else { return Some(Flaw::Cut) };
        let tag = &rest[1..end];
        rest = &rest[end + 1..];
        if let Some(name) = tag.strip_prefix(b"/") {
            if open.pop() != Some(name.trim_ascii_end()) {
                return Some(Flaw::Malformed);
            }
            continue;
        }
        if open.is_empty() && rooted {
            return Some(Flaw::Malformed);
        }
        rooted = true;
        if !tag.ends_with(b"/") {
            let name = name_of(tag);
            if name.is_empty() {
                return Some(Flaw::Malformed);
            }
            open.push(name);
        }
    }
    (!open.is_empty() || !rooted).then_some(Flaw::Cut)
}

/// The first tag of an XML text, with its brackets: what kind of document it is.
#[must_use]
pub fn root(body: &[u8]) -> Option<&[u8]> {
    let mut rest = begin(body);
    loop {
        rest = &rest[memchr(b'<', rest)?..];
        match aside(rest) {
            Some(end) => rest = &rest[end?..],
            None => return rest.get(..=tag_end(rest)?),
        }
    }
}

/// The name of a tag: without brackets, attributes and the slash at its end.
#[must_use]
pub fn name_of(tag: &[u8]) -> &[u8] {
    let tag = tag.strip_prefix(b"<").unwrap_or(tag);
    let end = tag.iter().position(|byte| byte.is_ascii_whitespace() || matches!(byte, b'>' | b'/'));
    &tag[..end.unwrap_or(tag.len())]
}

/// Without what may stand before a document.
fn begin(body: &[u8]) -> &[u8] {
    let mut body = body;
    while let Some(rest) = body.strip_prefix("\u{feff}".as_bytes()) {
        body = rest;
    }
    body.trim_ascii_start()
}

/// Where what is no tag ends (a comment, a declaration, text taken literally), if it ends; `None` for a tag.
fn aside(rest: &[u8]) -> Option<Option<usize>> {
    const ASIDES: [(&[u8], &[u8]); 4] =
        [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"), (b"<!", b">")];
    if !matches!(rest.get(1), Some(b'!' | b'?')) {
        return None;
    }
    let (begin, end) = ASIDES.into_iter().find(|(begin, _)| rest.starts_with(begin))?;
    Some(memmem::find(&rest[begin.len()..], end).map(|at| begin.len() + at + end.len()))
}

/// Whether what begins here stands where it may not: declarations stand before the root, text taken literally within it.
fn is_misplaced(rest: &[u8], within: bool, rooted: bool) -> bool {
    const LITERAL: &[u8] = b"<![CDATA[";
    let begins = |with: &[u8]| rest.starts_with(with) || with.starts_with(rest);
    if !rest.starts_with(b"<!") || begins(b"<!--") {
        return false;
    }
    if begins(LITERAL) { !within } else { rooted }
}

/// Where the `>` of a tag is; one in an attribute's quotes ends nothing.
fn tag_end(tag: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let at = from + memchr3(b'>', b'"', b'\'', tag.get(from..)?)?;
        match tag[at] {
            b'>' => return Some(at),
            quote => from = at + 2 + memchr(quote, tag.get(at + 1..)?)?,
        }
    }
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
            "<A><![CD",
            "<A><!",
            "<?xml version=\"1.0\"?>",
        ] {
            assert_eq!(flaw(cut.as_bytes()), Some(Flaw::Cut), "{cut}");
        }
        for malformed in [
            "Service Unavailable",
            "<A/><!x <B>",
            "<A><!x></A>",
            "<![CDATA[x]]><A/>",
            "<A><B></A>",
            "<A></A></A>",
            "<A/><B/>",
            "<A/>x",
            "<><A/>",
            "x<A/>",
        ] {
            assert_eq!(flaw(malformed.as_bytes()), Some(Flaw::Malformed), "{malformed}");
        }
    }

    #[test]
    fn the_root_is_the_first_tag_that_is_one() {
        let of = |text: &'static str| root(text.as_bytes()).map(|tag| (tag, name_of(tag)));
        let tag = |tag: &'static str, name: &'static str| Some((tag.as_bytes(), name.as_bytes()));
        assert_eq!(of("\u{feff}<?xml x?>\n<!-- <B> --><A\nb='>'><C/></A>"), tag("<A\nb='>'>", "A"));
        assert_eq!(of(" <A/>"), tag("<A/>", "A"));
        for none in ["", "A", "<!-- <A>", "<A", "<A b='>"] {
            assert_eq!(of(none), None, "{none}");
        }
    }
}
