//! What is wrong with a file, where, and what was probably meant.
//!
//! A complaint is written for somebody who has a minute: the place as editors understand it, the line itself, the
//! nearest names, and what to do. It refuses to be an error type that stops at the first: readers collect every
//! complaint of a file. Anybody above `settings` may import it.

use std::fmt;
use std::ops::Range;

use unicode_width::UnicodeWidthStr;

pub use crate::app::commands::nearest_names;

/// One thing wrong with one file or one choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// The file, or the option or variable that was wrong (`--theme`).
    pub file: String,
    /// The line, from 1; 0 when the complaint is about the whole.
    pub line: usize,
    /// The column in characters, from 1; 0 when the complaint is about the whole.
    pub col: usize,
    /// What is wrong, in one line.
    pub what: String,
    /// The line itself.
    pub source_line: String,
    /// How many characters are wrong, for the carets below the line.
    pub length: usize,
    /// Names that may have been meant, best first.
    pub nearest: Vec<String>,
    /// What to do about it.
    pub hint: Option<String>,
}

impl Complaint {
    /// A complaint about a whole file, or about a choice made elsewhere than in a file.
    #[must_use]
    pub fn whole(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            file: file.into(),
            line: 0,
            col: 0,
            what: what.into(),
            source_line: String::new(),
            length: 0,
            nearest: Vec::new(),
            hint: None,
        }
    }

    /// A complaint about a span of bytes of a source text.
    #[must_use]
    pub fn at(file: impl Into<String>, source: &str, span: Range<usize>, what: impl Into<String>) -> Self {
        let start = floor_boundary(source, span.start);
        let end = floor_boundary(source, span.end.max(start));
        let line_start = source[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let line_end = source[start..].find('\n').map_or(source.len(), |newline| start + newline);
        let shown_end = end.min(line_end).max(start);
        Self {
            line: source[..line_start].matches('\n').count() + 1,
            col: source[line_start..start].chars().count() + 1,
            source_line: without_credentials(source[line_start..line_end].trim_end_matches('\r')),
            length: source[start..shown_end].chars().count().max(1),
            ..Self::whole(file, without_credentials(&what.into()))
        }
    }

    /// The same complaint with names that may have been meant.
    #[must_use]
    pub fn nearest(mut self, nearest: Vec<String>) -> Self {
        self.nearest = nearest;
        self
    }

    /// The same complaint with what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Place and message in one line, for a banner or a log line.
    #[must_use]
    pub fn headline(&self) -> String {
        let what = printable(&self.what);
        let file = printable(&self.file);
        if self.line == 0 {
            format!("{file}: {what}")
        } else {
            format!("{file}:{}:{}: {what}", self.line, self.col)
        }
    }
}

/// The nearest character boundary at or before an index, so that no span can cut a character in two.
fn floor_boundary(source: &str, index: usize) -> usize {
    let mut index = index.min(source.len());
    while !source.is_char_boundary(index) {
        index -= 1;
    }
    index
}

/// Complaints are shown to whoever looks at the screen: a password in a URL is starred out, at its width, so that carets
/// still stand right.
fn without_credentials(line: &str) -> String {
    let mut shown = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("://") {
        shown.push_str(before);
        shown.push_str("://");
        let host = after.find(['/', '"', '\'', ' ', '?', '#']).unwrap_or(after.len());
        let secret = after[..host].rfind('@').unwrap_or(0);
        shown.extend(after[..secret].chars().map(|_| '*'));
        rest = &after[secret..];
    }
    shown + rest
}

/// A file's text goes to a terminal here: what could steer the terminal is replaced.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\t' { '\u{fffd}' } else { c }).collect()
}

/// The longest piece of a line that is shown; one endless line must not fill the screen.
const WINDOW: usize = 100;

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.headline())?;
        if self.line != 0 {
            let skipped = (self.col + 20).saturating_sub(WINDOW);
            let shown = printable(&self.source_line);
            let window: String = shown.chars().skip(skipped).take(WINDOW).collect();
            write!(f, "\n  {window}")?;
            let before: String = window.chars().take((self.col - 1).saturating_sub(skipped)).collect();
            let at: String = window.chars().skip(before.chars().count()).take(self.length).collect();
            // Tabs stay tabs, so that the carets stand under the text whatever a tab is worth there.
            let pad: String = before
                .chars()
                .flat_map(|c| if c == '\t' { vec!['\t'] } else { vec![' '; width(c)] })
                .collect();
            write!(f, "\n  {pad}{}", "^".repeat(at.width().max(1)))?;
        }
        if let Some((last, others)) = self.nearest.split_last() {
            let last = printable(last);
            if others.is_empty() {
                write!(f, "\n  did you mean {last}?")?;
            } else {
                write!(f, "\n  did you mean {} or {last}?", printable(&others.join(", ")))?;
            }
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  {}", printable(hint))?;
        }
        Ok(())
    }
}

fn width(c: char) -> usize {
    unicode_width::UnicodeWidthChar::width(c).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_complaint_points_at_the_place() {
        let source = "[estate]\nregions = [\"us-esat-1\"]\n";
        let start = source.find("\"us-esat").unwrap();
        let complaint = Complaint::at("c.toml", source, start..start + 11, "no such region")
            .nearest(vec!["us-east-1".into(), "us-east-2".into()])
            .hint("regions are AWS's own names");
        let expected = "c.toml:2:12: no such region\n  regions = [\"us-esat-1\"]\n             ^^^^^^^^^^^\n  \
                        did you mean us-east-1 or us-east-2?\n  regions are AWS's own names";
        assert_eq!(complaint.to_string(), expected);
    }

    #[test]
    fn carets_stand_under_wide_text_and_tabs() {
        let source = "\tname = \"本x\" # y\n";
        let start = source.find('x').unwrap();
        let text = Complaint::at("f", source, start..start + 1, "w").to_string();
        assert_eq!(text, "f:1:11: w\n  \tname = \"本x\" # y\n  \t          ^");
    }

    #[test]
    fn a_file_cannot_steer_the_terminal() {
        let complaint = Complaint::at("f", "a = \"\u{1b}[2J\"", 0..1, "bad \u{1b}]0;x\u{7}");
        assert!(!complaint.to_string().contains('\u{1b}'));
    }

    #[test]
    fn passwords_are_not_repeated() {
        let source = "a = [\"ftp://ada:pw@h/x@y\", 'https://b:pw@h', \"https://h/@\"]";
        let text = Complaint::at("f", source, 5..6, "bad \"ftp://ada:pw@h/\"").to_string();
        assert!(!text.contains("pw"), "{text}");
        assert!(text.contains("******@h/x@y"), "{text}");
        assert!(text.contains("https://h/@"), "{text}");
    }

    #[test]
    fn an_endless_line_shows_its_bad_part() {
        let source = format!("{}bad{}", "x".repeat(5_000), "y".repeat(5_000));
        let text = Complaint::at("f", &source, 5_000..5_003, "w").to_string();
        assert!(text.contains("bad"));
        assert!(text.lines().all(|line| line.len() < 120), "{text}");
        let caret = text.lines().nth(2).unwrap().find('^').unwrap();
        assert_eq!(text.lines().nth(1).unwrap().find("bad"), Some(caret));
    }

    proptest! {
        #[test]
        fn no_span_panics(source in "\\PC{0,20}\n?\\PC{0,20}", a in 0_usize..60, b in 0_usize..60) {
            let _ = Complaint::at("f", &source, a..b, "w").to_string();
        }
    }
}
