//! How long, in a word: the one coarse rule for every age, everywhere.
//!
//! Refuses to be exact: who needs the second reads the time beside it. May be imported by everything.

/// A coarse, short span: `3s`, `41m`, `2h`, `9d`. The largest unit of which there is a whole one, rounded down.
#[must_use]
pub fn span(seconds: i64) -> String {
    match seconds.max(0) {
        s @ 0..60 => format!("{s}s"),
        s @ 60..3_600 => format!("{}m", s / 60),
        s @ 3_600..86_400 => format!("{}h", s / 3_600),
        s => format!("{}d", s / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_is_told_in_its_largest_unit() {
        let spans = [-1, 0, 59, 60, 95, 119, 3_599, 3_600, 7_199, 86_399, 86_400, 200_000].map(span);
        assert_eq!(spans, ["0s", "0s", "59s", "1m", "1m", "1m", "59m", "1h", "1h", "23h", "1d", "2d"]);
    }
}
