//! Just enough XML for AWS's answers: elements, attributes kept as they stand, text. No DTDs, no CDATA, no mixed content.

use std::fmt::Write as _;

/// One element: either children or text.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Element {
    /// The tag's name.
    pub name: String,
    /// The attributes, as written.
    pub attributes: String,
    /// The text, unescaped, of an element without children.
    pub text: String,
    /// The children, in order.
    pub children: Vec<Element>,
}

impl Element {
    /// An element with children.
    pub fn new(name: &str, children: Vec<Self>) -> Self {
        Self { name: name.to_owned(), children, ..Self::default() }
    }

    /// An element with text.
    pub fn leaf(name: &str, text: impl Into<String>) -> Self {
        Self { name: name.to_owned(), text: text.into(), ..Self::default() }
    }

    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Self> {
        self.children.iter().find(|c| c.name == name)
    }

    /// The first child of that name, to change.
    pub fn child_mut(&mut self, name: &str) -> Option<&mut Self> {
        self.children.iter_mut().find(|c| c.name == name)
    }

    /// The text of the child of that name, or nothing.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |c| c.text.as_str())
    }

    /// Sets the text of the child of that name, adding it where it is missing.
    pub fn set(&mut self, name: &str, text: &str) {
        match self.child_mut(name) {
            Some(child) => text.clone_into(&mut child.text),
            None => self.children.push(Self::leaf(name, text)),
        }
    }

    /// Goes down a path of child names.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |element, name| element.child(name))
    }

    /// Goes down a path of child names, to change what is there.
    pub fn at_mut(&mut self, path: &[&str]) -> Option<&mut Self> {
        path.iter().try_fold(self, |element, name| element.child_mut(name))
    }

    /// Every element of that name, at any depth below.
    pub fn all(&self, name: &str) -> Vec<&Self> {
        let mut found = Vec::new();
        for child in &self.children {
            if child.name == name {
                found.push(child);
            }
            found.extend(child.all(name));
        }
        found
    }

    /// Calls `change` on every element of that name, at any depth below.
    pub fn each_mut(&mut self, name: &str, change: &mut impl FnMut(&mut Self)) {
        for child in &mut self.children {
            if child.name == name {
                change(child);
            }
            child.each_mut(name, change);
        }
    }

    /// The element as text.
    pub fn write(&self) -> String {
        let mut out = String::new();
        self.write_to(&mut out);
        out
    }

    /// A whole document.
    pub fn document(&self) -> String {
        format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", self.write())
    }

    fn write_to(&self, out: &mut String) {
        let _ = write!(out, "<{}{}", self.name, self.attributes);
        if self.children.is_empty() && self.text.is_empty() {
            out.push_str("/>");
            return;
        }
        out.push('>');
        out.push_str(&escape(&self.text));
        for child in &self.children {
            child.write_to(out);
        }
        let _ = write!(out, "</{}>", self.name);
    }

    /// Reads a document; `None` for what is not XML.
    pub fn parse(text: &str) -> Option<Self> {
        let mut stack: Vec<Self> = vec![Self::default()];
        let mut rest = text;
        while let Some(open) = rest.find('<') {
            let before = &rest[..open];
            let end = open + rest[open..].find('>')?;
            let tag = &rest[open + 1..end];
            rest = &rest[end + 1..];
            if tag.starts_with('?') || tag.starts_with('!') {
                continue;
            }
            if let Some(name) = tag.strip_prefix('/') {
                let mut done = stack.pop()?;
                if done.name != name.trim() {
                    return None;
                }
                if done.children.is_empty() {
                    done.text = unescape(before);
                }
                stack.last_mut()?.children.push(done);
                continue;
            }
            let (inside, closed) = match tag.strip_suffix('/') {
                Some(inside) => (inside, true),
                None => (tag, false),
            };
            let name_end = inside.find(char::is_whitespace).unwrap_or(inside.len());
            let element = Self {
                name: inside[..name_end].to_owned(),
                attributes: inside[name_end..].trim_end().to_owned(),
                ..Self::default()
            };
            if closed {
                stack.last_mut()?.children.push(element);
            } else {
                stack.push(element);
            }
        }
        let mut root = stack.pop()?;
        if !stack.is_empty() || root.children.len() != 1 {
            return None;
        }
        root.children.pop()
    }
}

/// Text made safe to stand in an element.
pub fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&apos;", "'")
        .replace("&#39;", "'")
        .replace("&#34;", "\"")
        .replace("&amp;", "&")
}
