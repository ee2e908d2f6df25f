//! The machine that everybody sits at: its clocks, which are set, and which it sleeps through. Cockpits take the time from
//! them as the product does, by its own `Hand`; the world and the checks go by the true time.

use super::chance::Chance;
use super::invariants::Held;
use super::night::{Event, Night};
use super::tally::Happened;
use blackstart::app::message::Message;
use blackstart::run::Reading;
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;

/// Of so many nights a clock jumps in one.
const JUMPS_PERCENT: i64 = 15;
/// The longest jump, in seconds.
const LONGEST_S: i64 = 7_200;

/// What befalls the machine's clocks.
#[derive(Debug, Clone, Copy)]
pub enum Jump {
    /// The wall's clock is set: so much later, or earlier.
    Set(SignedDuration),
    /// The machine sleeps: the monotonic clock knows nothing of it.
    Sleep(SignedDuration),
    /// Every process is stopped, and both clocks go on.
    Stop(SignedDuration),
}

/// How far its clocks are from the truth.
#[derive(Debug, Default)]
pub struct Machine {
    /// The wall's clock is so much ahead of the world's.
    ahead: SignedDuration,
    slept: SignedDuration,
    /// Whether any of that happens tonight.
    pub jumps: bool,
}

impl Night {
    /// What happens to the clocks tonight, by dice of its own: what else a seed draws stays what it was.
    pub fn draw_jumps(&mut self, seed: u64) {
        let mut chance = Chance::of(seed ^ 0x636c_6f63_6b00);
        if !chance.percent(JUMPS_PERCENT) {
            return;
        }
        self.machine.jumps = true;
        let seconds = self.outage.seconds;
        let mut moments = [0; 2].map(|_| chance.between(0, seconds * 800));
        moments.sort_unstable();
        let [first, second] = moments;
        let longest = if chance.percent(50) { 90 } else { LONGEST_S };
        let by = SignedDuration::from_secs(chance.between(3, longest));
        let mut add = |ms: i64, jump: Jump| {
            self.at(self.origin + SignedDuration::from_millis(ms), Event::Jump(jump));
        };
        match chance.between(0, 5) {
            // Set wrong, and set right again.
            0 | 1 => {
                add(first, Jump::Set(by));
                add(second, Jump::Set(-by));
            }
            2 => add(first, Jump::Set(-by)),
            3 => add(first, Jump::Set(by)),
            4 => add(first, Jump::Sleep(by)),
            _ => add(first, Jump::Stop(by)),
        }
    }

    /// A jump happens. Whoever was to do something meanwhile does it on waking.
    pub fn jump(&mut self, jump: Jump) {
        self.say(|| format!("{jump:?}"));
        match jump {
            Jump::Set(by) => {
                self.machine.ahead += by;
                self.tally.count(if by.is_negative() {
                    Happened::ClockSetBack
                } else {
                    Happened::ClockSetAhead
                });
            }
            Jump::Sleep(by) => {
                self.pass(by);
                self.machine.slept += by;
                self.tally.count(Happened::MachineSlept);
            }
            Jump::Stop(by) => {
                self.pass(by);
                self.tally.count(Happened::MachineStopped);
            }
        }
    }

    /// What the wall's clock shows.
    pub fn wall(&self) -> Timestamp {
        self.now + self.machine.ahead
    }

    /// What the monotonic clock shows.
    pub fn mono(&self) -> Duration {
        (self.now.duration_since(self.origin) - self.machine.slept).unsigned_abs()
    }

    /// Tells a cockpit something, and before it what befell the clock.
    pub fn take(&mut self, seat: usize, message: Message) -> Held {
        let (mono, wall) = (self.mono(), self.wall());
        let it = &mut self.seats[seat];
        if !it.alive {
            return Ok(());
        }
        let Reading { at, mono_ms, news } = it.hand.read(mono - it.since, wall);
        for message in news.map(Message::Clock).into_iter().chain([message]) {
            self.turn(seat, (at, mono_ms), message)?;
        }
        let it = &mut self.seats[seat];
        it.hand.go_on_from(it.app.now);
        Ok(())
    }
}
