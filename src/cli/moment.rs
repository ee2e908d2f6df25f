//! A moment, as somebody types it in the middle of the night: `03:12`, `2012-06-30 03:12`, `-5m`. All of it is UTC, as is
//! every time on the screen.
//!
//! Refuses to know what time it is or what a log holds: [`Moment::within`] and [`Moment::before`] are told.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

/// What is said where a text is no moment.
const FORMS: &str = "a time (UTC) is written like 03:12, 03:12:30, \"2012-06-30 03:12\" or 2012-06-30T03:45:00Z, or \
                     from an end like +10m or -5m";

/// A moment, as typed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A whole one, with its date.
    At(Timestamp),
    /// A time of some day.
    Daily(Time),
    /// So long after the beginning.
    AfterStart(SignedDuration),
    /// So long before the end.
    BeforeEnd(SignedDuration),
}

/// The moment that was meant, and what there is to say of how it was understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Meant {
    /// When.
    pub at: Timestamp,
    /// That it was one of several, or that there is nothing at that time.
    pub remark: Option<String>,
}

impl Moment {
    /// Reads what was typed.
    ///
    /// # Errors
    /// It is no moment: which forms there are.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        if let Some(span) = text.strip_prefix('+') {
            return duration(span).map(Self::AfterStart);
        }
        if let Some(span) = text.strip_prefix('-') {
            return duration(span).map(Self::BeforeEnd);
        }
        if let Ok(at) = text.parse::<Timestamp>() {
            return Ok(Self::At(at));
        }
        // The screen says `03:12:30 UTC`.
        let bare = text.strip_suffix("UTC").or_else(|| text.strip_suffix('Z')).unwrap_or(text).trim_end();
        // An offset that makes no moment must not be passed over: with a date nothing but date and time is read.
        if let Some(time) = time_of_day(bare) {
            return Ok(Self::Daily(time));
        }
        let civil = match bare.split_once([' ', 'T', 't']) {
            Some((date, time)) => date.parse::<Date>().ok().zip(time_of_day(time.trim_start())),
            None => bare.parse::<Date>().ok().map(|date| (date, Time::midnight())),
        };
        let at = civil.and_then(|(date, time)| utc(DateTime::from_parts(date, time)));
        at.map(Self::At).ok_or_else(|| FORMS.to_owned())
    }

    /// The moment of a log that is meant, which is never outside of it: a time of day is the last one that the log has.
    #[must_use]
    pub fn within(&self, first: Timestamp, last: Timestamp) -> Meant {
        match *self {
            Self::At(at) => clamped(at, first, last),
            Self::AfterStart(span) => clamped(first.saturating_add(span).unwrap_or(last), first, last),
            Self::BeforeEnd(span) => clamped(last.saturating_sub(span).unwrap_or(first), first, last),
            Self::Daily(time) => {
                let at = last_daily(time, last);
                if at >= first {
                    let earlier = at.duration_since(first).as_hours() / HOURS_A_DAY;
                    let remark = (earlier > 0).then(|| {
                        format!(
                            "{time} is on {} days of this log: this is the last. Another: --at \"{} {time}\"",
                            earlier + 1,
                            date(at.saturating_sub(DAY).unwrap_or(at)),
                        )
                    });
                    return Meant { at, remark };
                }
                // On no day of the log: whichever of its ends is nearer.
                let after = at.saturating_add(DAY).unwrap_or(at);
                let nearer = if after.duration_since(last) < first.duration_since(at) { after } else { at };
                clamped(nearer, first, last)
            }
        }
    }

    /// The moment that is meant by now: a time of day is the last one that there was.
    ///
    /// # Errors
    /// It counts from the beginning of something.
    pub fn before(&self, now: Timestamp) -> Result<Timestamp, String> {
        match *self {
            Self::At(at) => Ok(at),
            Self::Daily(time) => Ok(last_daily(time, now)),
            Self::BeforeEnd(span) => Ok(now.saturating_sub(span).unwrap_or(now)),
            Self::AfterStart(_) => {
                Err("+ counts from a log's beginning; -5m is five minutes before now".to_owned())
            }
        }
    }
}

const HOURS_A_DAY: i64 = 24;
const DAY: SignedDuration = SignedDuration::from_hours(HOURS_A_DAY);

fn utc(civil: DateTime) -> Option<Timestamp> {
    TimeZone::UTC.to_timestamp(civil).ok()
}

fn date(at: Timestamp) -> Date {
    TimeZone::UTC.to_datetime(at).date()
}

/// `10m`, `1h30m`, `90s`.
fn duration(text: &str) -> Result<SignedDuration, String> {
    let span = text.parse::<SignedDuration>().ok().filter(|span| !span.is_negative());
    span.filter(|_| text.starts_with(|c: char| c.is_ascii_digit())).ok_or_else(|| FORMS.to_owned())
}

/// `03:12`, `3:12`, `03:12:30`: hours and minutes at least, so that no year is one.
fn time_of_day(text: &str) -> Option<Time> {
    let (hours, rest) = text.split_once(':')?;
    let digits = (1..=2).contains(&hours.len()) && hours.bytes().all(|byte| byte.is_ascii_digit());
    let plain = rest.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b':' | b'.'));
    if !digits || !plain {
        return None;
    }
    format!("{hours:0>2}:{rest}").parse().ok()
}

/// The last time of day up to a moment.
fn last_daily(time: Time, until: Timestamp) -> Timestamp {
    match utc(DateTime::from_parts(date(until), time)) {
        Some(at) if at <= until => at,
        Some(at) => at.saturating_sub(DAY).unwrap_or(at),
        None => until,
    }
}

/// The moment itself, or the end of the log that is nearest to it.
fn clamped(at: Timestamp, first: Timestamp, last: Timestamp) -> Meant {
    let words = |at: Timestamp| at.strftime("%Y-%m-%d %H:%M:%S").to_string();
    if at < first {
        let remark = format!("{} is before this log, which begins here", words(at));
        Meant { at: first, remark: Some(remark) }
    } else if at > last {
        let remark = format!("{} is after this log, which ends here", words(at));
        Meant { at: last, remark: Some(remark) }
    } else {
        Meant { at, remark: None }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn ts(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn meant(text: &str, first: &str, last: &str) -> (String, String) {
        let meant = Moment::parse(text).unwrap().within(ts(first), ts(last));
        (meant.at.to_string(), meant.remark.unwrap_or_default())
    }

    #[test]
    fn what_a_tired_engineer_types_is_understood() {
        let one_night = |text: &str| meant(text, "2012-06-30T02:00:00Z", "2012-06-30T04:00:00Z");
        for (text, at) in [
            ("03:12", "2012-06-30T03:12:00Z"),
            ("3:12", "2012-06-30T03:12:00Z"),
            ("03:12:30", "2012-06-30T03:12:30Z"),
            ("03:12:30 UTC", "2012-06-30T03:12:30Z"),
            ("03:12Z", "2012-06-30T03:12:00Z"),
            ("2012-06-30 03:12", "2012-06-30T03:12:00Z"),
            ("2012-06-30T03:12", "2012-06-30T03:12:00Z"),
            ("2012-06-30 3:12:30", "2012-06-30T03:12:30Z"),
            ("2012-06-30 03:12:30 UTC", "2012-06-30T03:12:30Z"),
            ("2012-06-30T03:12:30.5Z", "2012-06-30T03:12:30.5Z"),
            ("2012-06-30T05:12+02:00", "2012-06-30T03:12:00Z"),
            ("+10m", "2012-06-30T02:10:00Z"),
            ("+1h30m", "2012-06-30T03:30:00Z"),
            ("-5m", "2012-06-30T03:55:00Z"),
            ("-90s", "2012-06-30T03:58:30Z"),
        ] {
            assert_eq!(one_night(text), (at.to_owned(), String::new()), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_answered_with_the_forms_that_are() {
        for text in [
            "yesterday",
            "3pm",
            "",
            "+",
            "-",
            "+-5m",
            "--5m",
            "+5",
            "5m",
            "25:00",
            "03",
            "0312",
            "2012",
            "2012-13-01",
            "2012-06-30 03:12 CEST",
            "2012-06-30T03:12+99:00",
            "03:12+02:00",
        ] {
            let why = Moment::parse(text).unwrap_err();
            assert!(
                why.contains("03:12:30") && why.contains("2012-06-30T03:45:00Z") && why.contains("-5m"),
                "{why}"
            );
        }
    }

    #[test]
    fn a_time_of_several_days_is_the_last_one_and_that_is_said() {
        let days = |text: &str| meant(text, "2012-06-28T12:00:00Z", "2012-06-30T04:00:00Z");
        let (at, remark) = days("03:12");
        assert_eq!(at, "2012-06-30T03:12:00Z");
        assert!(remark.starts_with("03:12:00 is on 2 days of this log: this is the last."), "{remark}");
        assert!(remark.ends_with("--at \"2012-06-29 03:12:00\""), "{remark}");
        assert_eq!(days("05:00"), ("2012-06-29T05:00:00Z".into(), String::new()), "on one day alone");
        assert_eq!(days("13:00").0, "2012-06-29T13:00:00Z");
        // Over midnight, short as it is.
        let night = |text: &str| meant(text, "2012-06-29T23:00:00Z", "2012-06-30T01:00:00Z");
        assert_eq!(night("23:30"), ("2012-06-29T23:30:00Z".into(), String::new()));
        assert_eq!(night("00:30"), ("2012-06-30T00:30:00Z".into(), String::new()));
    }

    #[test]
    fn outside_of_the_log_is_its_nearest_end_and_that_is_said() {
        let log = |text: &str| meant(text, "2012-06-30T10:00:00Z", "2012-06-30T11:00:00Z");
        for (text, at, words) in [
            ("09:00", "10:00:00", "2012-06-30 09:00:00 is before this log"),
            ("12:00", "11:00:00", "2012-06-30 12:00:00 is after this log"),
            ("2012-06-29", "10:00:00", "2012-06-29 00:00:00 is before"),
            ("2020-01-01 00:00", "11:00:00", "2020-01-01 00:00:00 is after"),
            ("+2h", "11:00:00", "is after"),
            ("-2h", "10:00:00", "is before"),
        ] {
            let (found, remark) = log(text);
            assert_eq!(found, format!("2012-06-30T{at}Z"), "{text}");
            assert!(remark.contains(words), "{text}: {remark}");
        }
    }

    #[test]
    fn before_now_a_time_of_day_is_the_last_one_that_there_was() {
        let now = ts("2012-06-30T03:00:00Z");
        let before = |text: &str| Moment::parse(text).unwrap().before(now).map(|at| at.to_string());
        assert_eq!(before("02:50").unwrap(), "2012-06-30T02:50:00Z");
        assert_eq!(before("23:05").unwrap(), "2012-06-29T23:05:00Z");
        assert_eq!(before("-5m").unwrap(), "2012-06-30T02:55:00Z");
        assert!(before("+5m").unwrap_err().contains("-5m"));
    }
}
