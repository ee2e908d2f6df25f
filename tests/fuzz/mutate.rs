//! Inputs that nobody meant to write, made from those that somebody did.
//!
//! Deterministic: the same seeds and the same number give the same inputs. It knows bytes, words, numbers and lines, and
//! no format: what has to fit together (a hash, a length) a target puts right itself.

use std::ops::Range;

/// No input grows beyond this.
pub const LONGEST: usize = 1 << 16;

/// Bytes that mean something to one format or another, and those that mean nothing to any.
const BYTES: &[u8] = &[
    0, 1, 0x1b, 0x7f, 0x80, 0xc0, 0xff, b'"', b'\'', b'\\', b'\n', b'\r', b'\t', b' ', b'<', b'>', b'[', b']',
];
/// Numbers at the edges of what holds numbers.
const NUMBERS: &[&str] = &[
    "0",
    "-1",
    "1",
    "127",
    "255",
    "256",
    "65535",
    "65536",
    "2147483647",
    "4294967296",
    "9007199254740993",
    "9223372036854775807",
    "-9223372036854775808",
    "18446744073709551615",
    "1e308",
    "0.5",
    "007",
];

/// Numbers that look random and are not (splitmix64).
#[derive(Debug, Clone)]
pub struct Dice(pub u64);

impl Dice {
    /// Any number.
    pub fn throw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one; 0 where nothing is.
    pub fn below(&mut self, limit: usize) -> usize {
        let limit = u64::try_from(limit).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.throw() % limit).unwrap_or(0)
    }

    fn pick<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(of.len()))
    }

    fn range(&mut self, length: usize) -> Range<usize> {
        let start = self.below(length + 1);
        // Mostly short: what is cut out of a line should leave a line.
        let most = if self.below(4) == 0 { length } else { 16 };
        start..length.min(start + self.below(most + 1))
    }
}

/// Makes inputs of seeds and of the words of a format.
#[derive(Debug)]
pub struct Mutator<'a> {
    seeds: &'a [Vec<u8>],
    words: &'a [&'a str],
    dice: Dice,
}

impl<'a> Mutator<'a> {
    /// A mutator whose inputs follow from a number.
    pub fn new(seeds: &'a [Vec<u8>], words: &'a [&'a str], number: u64) -> Self {
        Self { seeds, words, dice: Dice(number) }
    }

    /// A seed as it is.
    pub fn seed(&mut self) -> Vec<u8> {
        self.dice.pick(self.seeds).cloned().unwrap_or_default()
    }

    /// A seed with one to six changes.
    pub fn input(&mut self) -> Vec<u8> {
        let mut input = self.seed();
        for _ in 0..=self.dice.below(6) {
            self.change(&mut input);
        }
        input
    }

    /// Changes one thing.
    pub fn change(&mut self, input: &mut Vec<u8>) {
        match self.dice.below(14) {
            0 => {
                let at = self.dice.below(input.len());
                let bit = self.dice.below(8);
                if let Some(byte) = input.get_mut(at) {
                    *byte ^= 1 << bit;
                }
            }
            1 => {
                let at = self.dice.below(input.len());
                let byte = self.dice.pick(BYTES).copied().unwrap_or_default();
                if let Some(place) = input.get_mut(at) {
                    *place = byte;
                }
            }
            2 => {
                let at = self.dice.below(input.len() + 1);
                let bytes: Vec<u8> = (0..=self.dice.below(8)).map(|_| self.dice.throw() as u8).collect();
                input.splice(at..at, bytes);
            }
            3 => drop(input.drain(self.dice.range(input.len()))),
            4 => {
                let copied = input[self.dice.range(input.len())].to_vec();
                let at = self.dice.below(input.len() + 1);
                input.splice(at..at, copied);
            }
            5 => input.truncate(self.dice.below(input.len() + 1)),
            6 | 7 => {
                let word = self.dice.pick(self.words).copied().unwrap_or("x");
                self.put_word(input, word.as_bytes());
            }
            8 => {
                let numbers = tokens(input, |byte| byte.is_ascii_digit());
                let number = self.dice.pick(NUMBERS).copied().unwrap_or("0");
                if let Some(place) = self.dice.pick(&numbers).cloned() {
                    input.splice(place, number.bytes());
                }
            }
            9 => {
                let lines = lines(input);
                if let (Some(one), Some(other)) =
                    (self.dice.pick(&lines).cloned(), self.dice.pick(&lines).cloned())
                    && one.end <= other.start
                {
                    let (a, b) = (input[one.clone()].to_vec(), input[other.clone()].to_vec());
                    input.splice(other, a);
                    input.splice(one, b);
                }
            }
            10 => {
                let lines = lines(input);
                if let Some(line) = self.dice.pick(&lines).cloned() {
                    let copied =
                        if self.dice.below(2) == 0 { Vec::new() } else { input[line.clone()].repeat(2) };
                    input.splice(line, copied);
                }
            }
            11 => {
                let other = self.seed();
                let at = self.dice.below(input.len() + 1);
                let from = self.dice.below(other.len() + 1);
                input.truncate(at);
                input.extend_from_slice(&other[from..]);
            }
            12 => {
                let other = self.seed();
                let theirs = tokens(&other, is_word);
                if let Some(token) = self.dice.pick(&theirs).cloned() {
                    self.put_word(input, &other[token]);
                }
            }
            _ => {
                let range = self.dice.range(input.len());
                let repeated = input[range.clone()].repeat(self.dice.below(300));
                input.splice(range, repeated);
            }
        }
        input.truncate(LONGEST);
    }

    /// Puts a word in the place of another, or between two bytes.
    fn put_word(&mut self, input: &mut Vec<u8>, word: &[u8]) {
        let places = tokens(input, is_word);
        let place = match self.dice.pick(&places) {
            Some(place) if self.dice.0 & 3 != 0 => place.clone(),
            _ => {
                let at = self.dice.below(input.len() + 1);
                at..at
            }
        };
        input.splice(place, word.iter().copied());
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"_-.:+/@".contains(&byte)
}

/// The longest runs of bytes that belong together.
fn tokens(input: &[u8], belongs: impl Fn(u8) -> bool) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = None;
    for (at, byte) in input.iter().enumerate() {
        match (start, belongs(*byte)) {
            (None, true) => start = Some(at),
            (Some(from), false) => {
                found.push(from..at);
                start = None;
            }
            (None, false) | (Some(_), true) => {}
        }
    }
    found.extend(start.map(|from| from..input.len()));
    found
}

/// The lines, each with its newline.
fn lines(input: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = 0;
    for line in input.split_inclusive(|byte| *byte == b'\n') {
        found.push(start..start + line.len());
        start += line.len();
    }
    found
}
