//! Walking over JSON as this program writes it, without making anything of it: where a value begins and ends.
//!
//! It goes by the bytes alone and believes that they are JSON, since it is for text whose hash held. Refuses whatever it
//! does not meet as expected, and whoever walks then reads the text in full. The logbook and [`super::gist`] walk.

use memchr::memchr2;
use std::ops::Range;

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Walk<'a> {
    /// At the beginning of a text.
    pub(crate) fn new(text: &'a [u8]) -> Self {
        Self { text, at: 0 }
    }

    /// Bytes walked over.
    pub(crate) fn at(&self) -> usize {
        self.at
    }

    /// The same walk at a place where it was before.
    pub(crate) fn back_to(self, at: usize) -> Self {
        Self { at: at.min(self.at), ..self }
    }

    /// What was not walked over.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Steps over these bytes, if they come next.
    pub(crate) fn eat(&mut self, word: &[u8]) -> Option<()> {
        self.rest().starts_with(word).then(|| self.at += word.len())
    }

    /// A whole number.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let digits = self.rest().iter().take_while(|byte| byte.is_ascii_digit()).count();
        let text = self.rest().get(..digits)?;
        if text.is_empty() || (digits > 1 && text.starts_with(b"0")) {
            return None;
        }
        let number = text.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10)?.checked_add(u64::from(digit.wrapping_sub(b'0')))
        })?;
        self.at += digits;
        Some(number)
    }

    /// A string without escapes, its opening quote already stepped over; the closing one is stepped over too.
    pub(crate) fn plain(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let end = memchr2(b'"', b'\\', rest)?;
        if rest.get(end) != Some(&b'"') {
            return None;
        }
        self.at += end + 1;
        std::str::from_utf8(rest.get(..end)?).ok()
    }

    /// Steps over an object or an array, and gives where it stands.
    pub(crate) fn nested(&mut self) -> Option<Range<usize>> {
        let start = self.at;
        if !matches!(self.rest().first(), Some(b'{' | b'[')) {
            return None;
        }
        let (mut at, mut depth) = (start, 0_usize);
        loop {
            match self.text.get(at)? {
                b'"' => at = self.string_end(at + 1)?,
                b'{' | b'[' => {
                    depth += 1;
                    at += 1;
                }
                b'}' | b']' => {
                    depth -= 1;
                    at += 1;
                    if depth == 0 {
                        self.at = at;
                        return Some(start..at);
                    }
                }
                _ => at += 1,
            }
        }
    }

    /// The byte after a string's closing quote, from its first byte.
    fn string_end(&self, mut at: usize) -> Option<usize> {
        loop {
            let end = at + memchr2(b'"', b'\\', self.text.get(at..)?)?;
            if self.text.get(end) == Some(&b'"') {
                return Some(end + 1);
            }
            at = end + 2;
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn values_end_where_they_end_whatever_their_strings_hold() {
        let text = br#"{"a":"}\"]\\","b":[{"c":"{"},1]},"x""#;
        let mut walk = Walk::new(text);
        assert_eq!(walk.nested(), Some(0..text.len() - 4));
        assert_eq!(walk.eat(b",\""), Some(()));
        assert_eq!(walk.plain(), Some("x"));
        assert_eq!((walk.plain(), walk.nested(), walk.number(), walk.rest()), (None, None, None, &b""[..]));
        // Unfinished ones have no end.
        for cut in ["{", "[\"", "{\"a\":\"}\\", "{\"a\":[1,2}"] {
            assert_eq!(Walk::new(cut.as_bytes()).nested(), None, "{cut}");
        }
    }

    #[test]
    fn numbers_and_plain_strings_are_those_that_json_allows() {
        for (text, number) in
            [("7,", Some(7)), ("0", Some(0)), ("07", None), ("-1", None), ("18446744073709551616", None)]
        {
            assert_eq!(Walk::new(text.as_bytes()).number(), number, "{text}");
        }
        assert_eq!(Walk::new(b"a\\n\"").plain(), None);
        assert_eq!(Walk::new("é\"".as_bytes()).plain(), Some("é"));
    }
}
