//! The one place that reads time. Everything else is told.
//!
//! A cockpit's time never goes back and never stands still. It follows the system's clock for as long as that one agrees
//! with the monotonic one; where the system's clock is stepped back the cockpit goes on by the monotonic one, and where it
//! leaps ahead (it was set, or the machine slept) the cockpit leaps with it. Either is told, once, as [`ClockNews`]. What is
//! read of the logbook is never in its future: the cockpit's time goes on from the newest of it.

use crate::app::message::ClockNews;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use tokio::time::Instant;

/// How far the system's clock may move against the monotonic one before it is a step and not a correction.
const STEP: SignedDuration = SignedDuration::from_secs(2);
/// The clock is read four times a second: who did not read it for so long was stopped.
const STOPPED: Duration = Duration::from_secs(10);

/// Where a cockpit's time comes from.
#[derive(Debug, Clone)]
pub enum Clock {
    /// The wall's.
    Wall {
        /// When the cockpit started, for monotonic milliseconds.
        started: Instant,
        /// What time it was at the last reading.
        hand: Hand,
    },
    /// A moment of the past that goes on from here, so many times as fast: the demo's, and that of tests under a
    /// paused runtime.
    Scaled {
        /// When the cockpit started.
        started: Instant,
        /// What time it was then.
        origin: Timestamp,
        /// Seconds a second.
        speed: f64,
        /// Monotonic milliseconds that had passed before.
        passed_ms: u64,
    },
}

/// The time, as the cockpit has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// UTC, to the microsecond.
    pub at: Timestamp,
    /// Monotonic milliseconds since the start.
    pub mono_ms: u64,
    /// What befell the clock since the last reading.
    pub news: Option<ClockNews>,
}

/// The cockpit's own time, carried from reading to reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hand {
    at: Timestamp,
    mono: Duration,
    /// How far the system's clock is behind the cockpit's.
    behind: SignedDuration,
}

impl Hand {
    /// Shows what the system's clock shows.
    #[must_use]
    pub fn new(wall: Timestamp) -> Self {
        Self { at: to_microseconds(wall), mono: Duration::ZERO, behind: SignedDuration::ZERO }
    }

    /// Goes on from a later time than it shows: what others wrote down is not in its future.
    pub fn go_on_from(&mut self, at: Timestamp) {
        let ahead = at.duration_since(self.at);
        if ahead.is_positive() {
            *self = Self { at, behind: self.behind.saturating_add(ahead), ..*self };
        }
    }

    /// Moves on to what both clocks show now.
    pub fn read(&mut self, mono: Duration, wall: Timestamp) -> Reading {
        let passed = mono.saturating_sub(self.mono);
        let shift = |at: Timestamp, by: SignedDuration| at.saturating_add(by).unwrap_or(at);
        let expected = shift(self.at, SignedDuration::try_from(passed).unwrap_or(SignedDuration::ZERO));
        let stepped = wall.duration_since(shift(expected, -self.behind));
        let is_step = stepped.abs() >= STEP;
        let at = if is_step {
            // Back: on by the monotonic clock. Ahead: with the system's, unless that only makes good for a step back.
            expected.max(wall)
        } else {
            // A correction is followed; for as long as it takes back the time stands still, which is less than a step.
            shift(expected, stepped).max(self.at)
        };
        let at = to_microseconds(at);
        let leapt = if is_step { at.duration_since(expected) } else { SignedDuration::ZERO };
        *self = Self { at, mono, behind: at.duration_since(wall).max(SignedDuration::ZERO) };
        let stopped = if passed >= STOPPED { passed } else { Duration::ZERO };
        let news = (is_step || !stopped.is_zero()).then(|| ClockNews {
            stepped: if is_step { stepped } else { SignedDuration::ZERO },
            leapt: leapt.max(SignedDuration::ZERO),
            stopped: SignedDuration::try_from(stopped).unwrap_or(SignedDuration::ZERO),
            behind: if self.behind >= STEP { self.behind } else { SignedDuration::ZERO },
        });
        Reading { at, mono_ms: millis(mono), news }
    }
}

impl Clock {
    /// The wall's clock, from now on.
    #[must_use]
    pub fn wall() -> Self {
        Self::Wall { started: now_instant(), hand: Hand::new(wall_now()) }
    }

    /// A clock that shows `origin` now and goes `speed` times as fast; `passed_ms` of its monotonic time are over.
    #[must_use]
    pub fn scaled(origin: Timestamp, speed: f64, passed_ms: u64) -> Self {
        Self::Scaled { started: now_instant(), origin, speed, passed_ms }
    }

    /// The time, and what befell the clock since it was read last.
    pub fn read(&mut self) -> Reading {
        match self {
            Self::Wall { started, hand } => hand.read(now_instant().duration_since(*started), wall_now()),
            Self::Scaled { started, origin, speed, passed_ms } => {
                let since = now_instant().duration_since(*started);
                let scaled = since.mul_f64(*speed);
                let shift = SignedDuration::try_from(scaled).unwrap_or(SignedDuration::ZERO);
                let at = to_microseconds(origin.saturating_add(shift).unwrap_or(*origin));
                Reading { at, mono_ms: *passed_ms + millis(since), news: None }
            }
        }
    }

    /// Goes on from where the cockpit's time is, if that is later: it was pulled ahead by what the logbook holds.
    pub fn go_on_from(&mut self, at: Timestamp) {
        match self {
            Self::Wall { hand, .. } => hand.go_on_from(at),
            // A simulated past has one clock for everybody.
            Self::Scaled { .. } => {}
        }
    }

    /// The time, to the microsecond, and monotonic milliseconds since the start, for who reads it only once.
    #[must_use]
    pub fn now(&self) -> (Timestamp, u64) {
        let reading = self.clone().read();
        (reading.at, reading.mono_ms)
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Entries keep microseconds; what is folded live must equal what is read back.
fn to_microseconds(at: Timestamp) -> Timestamp {
    Timestamp::from_microsecond(at.as_microsecond()).unwrap_or(at)
}

/// This moment, for pacing what the loop itself does; never for what is true.
#[expect(clippy::disallowed_methods, reason = "the clock")]
pub(super) fn now_instant() -> Instant {
    Instant::now()
}

#[expect(clippy::disallowed_methods, reason = "the clock")]
fn wall_now() -> Timestamp {
    Timestamp::now()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    const HOUR: i64 = 3600;

    fn noon() -> Timestamp {
        "2012-06-30T12:00:00Z".parse().unwrap()
    }

    /// What the hand shows, in milliseconds since noon, and the news.
    fn read(hand: &mut Hand, mono_ms: u64, wall_ms: i64) -> (i64, Option<ClockNews>) {
        let wall = noon() + SignedDuration::from_millis(wall_ms);
        let reading = hand.read(Duration::from_millis(mono_ms), wall);
        assert_eq!(reading.mono_ms, mono_ms);
        (i64::try_from(reading.at.duration_since(noon()).as_millis()).unwrap(), reading.news)
    }

    #[test]
    fn it_follows_a_clock_that_is_right_and_one_that_is_corrected() {
        let mut hand = Hand::new(noon());
        assert_eq!(read(&mut hand, 250, 250), (250, None));
        assert_eq!(read(&mut hand, 500, 600), (600, None));
        // Half a second back: the hand waits for it, and never goes back.
        assert_eq!(read(&mut hand, 750, 350), (600, None));
        assert_eq!(read(&mut hand, 1000, 600).0, 850);
        let mut last = 0;
        for tick in 5..4000 {
            // A clock that gains a tenth is no step, however far it gets.
            let (at, news) = read(&mut hand, tick * 250, i64::try_from(tick * 275).unwrap());
            assert!(at >= last && news.is_none(), "{tick}: {at} after {last}, {news:?}");
            last = at;
        }
    }

    #[test]
    fn a_step_back_is_told_once_and_time_goes_on() {
        let mut hand = Hand::new(noon());
        read(&mut hand, 1000, 1000);
        let (at, news) = read(&mut hand, 1250, 1250 - HOUR * 1000);
        assert_eq!(at, 1250);
        let news = news.unwrap();
        assert_eq!(news.stepped.as_secs(), -HOUR);
        assert_eq!((news.leapt.as_secs(), news.behind.as_secs(), news.stopped.as_secs()), (0, HOUR, 0));
        for tick in 6_u64..40 {
            let ms = i64::try_from(tick * 250).unwrap();
            assert_eq!(read(&mut hand, tick * 250, ms - HOUR * 1000), (ms, None));
        }
        // Set right again: nothing leaps, because nothing was lost.
        let (at, news) = read(&mut hand, 10_000, 10_000);
        assert_eq!(at, 10_000);
        let news = news.unwrap();
        assert_eq!((news.stepped.as_secs(), news.leapt.as_secs(), news.behind.as_secs()), (HOUR, 0, 0));
    }

    #[test]
    fn a_leap_ahead_is_taken_and_told() {
        let mut hand = Hand::new(noon());
        read(&mut hand, 1000, 1000);
        let (at, news) = read(&mut hand, 1250, 1250 + HOUR * 1000);
        assert_eq!(at, 1250 + HOUR * 1000);
        let news = news.unwrap();
        assert_eq!((news.stepped.as_secs(), news.leapt.as_secs(), news.behind.as_secs()), (HOUR, HOUR, 0));
        assert_eq!(read(&mut hand, 1500, 1500 + HOUR * 1000), (1500 + HOUR * 1000, None));
    }

    #[test]
    fn time_goes_on_from_what_others_wrote_down_and_not_from_what_is_past() {
        let mut hand = Hand::new(noon());
        read(&mut hand, 250, 250);
        hand.go_on_from(noon() + SignedDuration::from_hours(1));
        assert_eq!(read(&mut hand, 500, 500), (HOUR * 1000 + 250, None), "the app itself told of it");
        hand.go_on_from(noon());
        assert_eq!(read(&mut hand, 750, 750), (HOUR * 1000 + 500, None));
        // The system's clock is set to what the others' had.
        let (at, news) = read(&mut hand, 1000, HOUR * 1000 + 1000);
        assert_eq!(at, HOUR * 1000 + 1000);
        assert_eq!(news.unwrap().behind.as_secs(), 0);
    }

    #[test]
    fn who_was_stopped_is_told_for_how_long() {
        let mut hand = Hand::new(noon());
        read(&mut hand, 1000, 1000);
        let (at, news) = read(&mut hand, 61_000, 61_000);
        assert_eq!(at, 61_000);
        let news = news.unwrap();
        assert_eq!((news.stopped.as_secs(), news.stepped.as_secs(), news.leapt.as_secs()), (60, 0, 0));
        assert_eq!(read(&mut hand, 70_000, 70_000).1, None);
    }
}
