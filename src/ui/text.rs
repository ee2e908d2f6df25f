//! Text by display width: cleaning, cutting, shortening, wrapping.
//!
//! Everything that comes from outside (names, tags, AWS's messages) passes through [`clean`] before it is drawn, so that
//! no control character and no direction override reaches the terminal. It refuses to count bytes or characters.

use super::look::Glyphs;
use std::borrow::Cow;
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

/// Columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() {
        return text.len();
    }
    text.graphemes(true).map(UnicodeWidthStr::width).sum()
}

/// A text that can be drawn: one line, nothing that moves the cursor or turns the direction, and in ASCII if need be.
pub(super) fn clean(text: &str, glyphs: Glyphs) -> Cow<'_, str> {
    let plain = |c: char| !c.is_control() && !turns_direction(c);
    if text.chars().all(|c| plain(c) && (glyphs == Glyphs::Unicode || c.is_ascii())) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    for grapheme in text.graphemes(true) {
        match grapheme {
            _ if grapheme.chars().all(turns_direction) => {}
            _ if grapheme.chars().any(char::is_control) => out.push(' '),
            _ if glyphs == Glyphs::Unicode || grapheme.is_ascii() => {
                out.extend(grapheme.chars().filter(|c| plain(*c)));
            }
            "…" => out.push_str(".."),
            "→" => out.push_str("->"),
            "–" | "—" => out.push('-'),
            "‘" | "’" => out.push('\''),
            "“" | "”" => out.push('"'),
            "·" => out.push('.'),
            // A letter that cannot be shown keeps its width, so that columns stay columns.
            _ => out.extend(std::iter::repeat_n('?', UnicodeWidthStr::width(grapheme).min(2))),
        }
    }
    Cow::Owned(out)
}

fn turns_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The beginning of a text in at most so many columns.
fn head(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true) {
        used += UnicodeWidthStr::width(grapheme);
        if used > columns {
            return &text[..at];
        }
    }
    text
}

/// The end of a text in at most so many columns.
fn tail(text: &str, columns: usize) -> &str {
    let mut used = 0;
    for (at, grapheme) in text.grapheme_indices(true).rev() {
        used += UnicodeWidthStr::width(grapheme);
        if used > columns {
            return &text[at + grapheme.len()..];
        }
    }
    text
}

/// A text in at most so many columns, cut at its end.
pub(super) fn cut(text: &str, columns: usize, glyphs: Glyphs) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let ellipsis = glyphs.ellipsis();
    match columns.checked_sub(width(ellipsis)) {
        Some(room) if room > 0 => Cow::Owned(format!("{}{ellipsis}", head(text, room).trim_end())),
        Some(_) | None => Cow::Borrowed(head(text, columns)),
    }
}

/// A text in at most so many columns, cut in its middle: ids tell themselves apart at both ends.
pub(super) fn cut_middle(text: &str, columns: usize, glyphs: Glyphs) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let ellipsis = glyphs.ellipsis();
    match columns.checked_sub(width(ellipsis)) {
        Some(room) if room >= 4 => {
            let last = (room / 2).max(2);
            Cow::Owned(format!("{}{ellipsis}{}", head(text, room - last), tail(text, last)))
        }
        Some(_) | None => cut(text, columns, glyphs),
    }
}

/// A text in exactly so many columns: cut, or filled with blanks.
pub(super) fn pad(text: &str, columns: usize, glyphs: Glyphs) -> String {
    let text = clean(text, glyphs);
    let mut text = cut(&text, columns, glyphs).into_owned();
    text.extend(std::iter::repeat_n(' ', columns.saturating_sub(width(&text))));
    text
}

/// The last columns of what is being typed, so that its end stays in sight.
pub(super) fn keep_end(text: &str, columns: usize) -> &str {
    tail(text, columns)
}

/// A text in lines of at most so many columns, broken between words where that is possible.
pub(super) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        let mut line = String::new();
        for word in paragraph.split_whitespace() {
            let mut word = word;
            if !line.is_empty() && width(&line) + 1 + width(word) > columns {
                lines.push(std::mem::take(&mut line));
            }
            while width(word) > columns {
                let first = head(word, columns);
                // A single sign wider than the line has no place at all.
                if first.is_empty() {
                    word = "";
                    break;
                }
                lines.push(first.to_owned());
                word = &word[first.len()..];
            }
            if word.is_empty() {
                continue;
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        lines.push(line);
    }
    lines
}

/// `0:41`, `41:12`, `3:05:00`: time that runs.
pub(super) fn running(seconds: i64) -> String {
    let s = seconds.max(0);
    match s / 3600 {
        0 => format!("{}:{:02}", s / 60, s % 60),
        hours => format!("{hours}:{:02}:{:02}", s / 60 % 60, s % 60),
    }
}

/// `120ms`, `4.1s`.
pub(super) fn latency(ms: u64) -> String {
    if ms < 1000 { format!("{ms}ms") } else { format!("{}.{}s", ms / 1000, ms % 1000 / 100) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_cut_by_what_the_eye_sees() {
        let u = Glyphs::Unicode;
        assert_eq!(cut("web-1", 5, u), "web-1");
        assert_eq!(cut("web-production", 6, u), "web-p…");
        assert_eq!(cut("日本語サーバー", 7, u), "日本語…");
        assert_eq!(width(&cut("日本語サーバー", 8, u)), 7, "half a sign is no sign");
        assert_eq!(cut_middle("i-0a1b2c3d4e5f60718", 10, u), "i-0a1…0718");
        assert_eq!(cut_middle("i-0a1b2c3d4e5f60718", 10, Glyphs::Ascii), "i-0a..0718");
        assert_eq!(cut("👩‍👩‍👧 family", 4, u), "👩‍👩‍👧…");
    }

    #[test]
    fn nothing_from_outside_moves_the_cursor() {
        assert_eq!(clean("a\x1b[2Jb\nc", Glyphs::Unicode), "a [2Jb c");
        assert_eq!(clean("pay\u{202e}gnp", Glyphs::Unicode), "paygnp");
        assert_eq!(clean("über → 日…", Glyphs::Ascii), "?ber -> ??..");
    }

    #[test]
    fn words_wrap_and_long_ids_break() {
        assert_eq!(wrap("two of six stay", 8), ["two of", "six stay"]);
        assert_eq!(wrap("abcdefghij kl", 4), ["abcd", "efgh", "ij", "kl"]);
        assert_eq!(wrap("", 4), [""]);
    }

    proptest! {
        #[test]
        fn no_cut_is_ever_too_wide(text in "\\PC{0,40}", columns in 0_usize..30) {
            for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
                let text = clean(&text, glyphs);
                prop_assert!(width(&cut(&text, columns, glyphs)) <= columns);
                prop_assert!(width(&cut_middle(&text, columns, glyphs)) <= columns);
                for line in wrap(&text, columns) {
                    prop_assert!(width(&line) <= columns.max(1));
                }
            }
        }
    }
}
