//! A night: a world, its weather, cockpits, disks and operators, all drawn from one seed, on the virtual clock. It plays;
//! what has to hold is `invariants`'s to say, and is asked at every turn.

use super::chance::Chance;
use super::checkpoint::Kept;
use super::invariants::{Calls, Held, Rows, stands_once, unknown_is_said};
use super::machine::{Jump, Machine};
use super::outage::Outage;
use super::seat::{At, Leaves, Moment, Seat};
use super::strand::Strand;
use super::tally::{Happened, Tally};
use crate::crew::opening;
use blackstart::app::message::Message;
use blackstart::app::{App, Next, Opening, Phase};
use blackstart::cloud::sim::World;
use blackstart::incident::cell::Evidence;
use blackstart::incident::entry::{Entry, Mode, SessionId};
use blackstart::incident::place::Region;
use blackstart::logbook::weave;
use blackstart::run::{Hand, Stage};
use blackstart::ui::{Glyphs, Look, buffer, probe};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// Of so many nights one reads everything back from bytes.
const THOROUGH_EVERY: u64 = 8;
/// Of so many ticks one looks at every row, the others at those that probes speak of.
const ALL_ROWS_PERCENT: i64 = 8;

/// Who operates.
pub const PEOPLE: [&str; 3] = ["adam", "daniel", "eve"];

/// Something that comes at its time.
pub enum Event {
    Tick(usize),
    Tell(usize, Box<Message>),
    Write(usize),
    Look(usize),
    RollCall(usize),
    Operate(usize),
    Sit(usize),
    Kill(usize),
    Jump(Jump),
    Keep,
}

/// The DNS servers that say something else than the world would.
pub struct DnsTrouble {
    pub from: Timestamp,
    pub until: Timestamp,
    /// None answers; or one goes on with its first answer.
    pub silent: bool,
    pub first: BTreeMap<String, Evidence>,
}

pub struct Night {
    /// Whether the logbook is read back from its bytes wherever it is read: it takes time, so not in every night.
    pub thorough: bool,
    pub chance: Chance,
    pub outage: Outage,
    pub world: World,
    pub seats: Vec<Seat>,
    pub strands: Vec<Strand>,
    pub now: Timestamp,
    pub calls: Calls,
    pub rows: Rows,
    pub tally: Tally,
    pub trace: Option<Vec<String>>,
    pub origin: Timestamp,
    pub machine: Machine,
    /// When entries were written, by the true time, where that is not what they say.
    pub written: BTreeMap<(SessionId, u64), Timestamp>,
    /// The newest checkpoint.
    pub kept: Option<Kept>,
    pub dns: DnsTrouble,
    /// Whether the logbook knows the estate, and its account, from the evening before.
    pub known: bool,
    opening: Opening,
    until: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Event>,
    counter: u64,
}

fn after(at: Timestamp, ms: i64) -> Timestamp {
    at + SignedDuration::from_millis(ms)
}

/// What every frame looks like.
fn look() -> &'static Look {
    static LOOK: OnceLock<Look> = OnceLock::new();
    LOOK.get_or_init(|| Look { theme: probe(), glyphs: Glyphs::Unicode })
}

/// The keymap is read from its file once.
fn shipped_opening(outage: &Outage) -> Opening {
    static OPENING: OnceLock<Opening> = OnceLock::new();
    let scenario = &outage.scenario;
    let at = scenario.start;
    let shipped = OPENING.get_or_init(|| opening(scenario, PEOPLE[0], Mode::Live, at)).clone();
    let regions = scenario.estate.regions.iter().map(|code| Region::new(code));
    Opening { regions: regions.collect(), sites: scenario.sites.clone(), ..shipped }
}

impl Night {
    pub fn of(seed: u64, outage: &Outage) -> Self {
        let mut chance = Chance::of(seed);
        let outage = outage.clone();
        let start = outage.scenario.start;
        let until = start + SignedDuration::from_secs(outage.seconds);
        let mut opening = shipped_opening(&outage);
        opening.jitter = format!("seed {seed}");
        opening.two_operators = chance.percent(4);
        opening.dns.resolvers.truncate(usize::from(chance.percent(40)));
        let from = after(start, chance.between(0, outage.seconds) * 1_000);
        let (silent, lasts) = (chance.percent(50), chance.between(0, 60) * 1_000);
        let dns = DnsTrouble { from, until: after(from, lasts), silent, first: BTreeMap::new() };
        let mut night = Self {
            thorough: seed.is_multiple_of(THOROUGH_EVERY),
            world: World::new(outage.scenario.clone(), seed),
            seats: Vec::new(),
            strands: Vec::new(),
            now: start,
            calls: Calls::default(),
            rows: Rows::default(),
            tally: Tally::default(),
            trace: None,
            opening,
            origin: start,
            machine: Machine::default(),
            written: BTreeMap::new(),
            kept: None,
            until,
            queue: BTreeMap::new(),
            counter: 0,
            dns,
            // Dice of their own: what else a seed draws stays what it was.
            known: Chance::of(seed ^ 0x6576_656e_696e_6700).percent(35),
            chance,
            outage,
        };
        if night.known {
            night.evening(seed);
        }
        let people = night.chance.pick(&[&1_usize, &1, &2, &2, &3]);
        night.draw_jumps(seed);
        night.draw_checkpoints(seed);
        night.at(start, Event::Sit(0));
        for person in 1..*people {
            let ms = night.chance.between(0, night.outage.seconds * 500);
            night.at(after(start, ms), Event::Sit(person));
        }
        night
    }

    /// Somebody's strand of the evening before, when all was well.
    fn evening(&mut self, seed: u64) {
        let user = PEOPLE[0];
        let mut opening = self.opening.clone();
        let before = SignedDuration::from_hours(1);
        let stamp = (self.origin - before).strftime("%Y%m%dT%H%M%SZ").to_string();
        opening.session = SessionId(format!("{stamp}-{user}@jump-1-3999").into());
        opening.actor.user = user.into();
        let mut strand = Strand::new(opening.session.clone());
        let world = World::new(self.outage.quiet.clone(), seed);
        let mut stage = Stage::new(App::new(opening, self.origin), world, self.origin);
        stage.run_for(4);
        stage.take(Message::Signal("quit"));
        for mut entry in stage.entries {
            entry.ts -= before;
            strand.append(&entry, &BTreeMap::new());
        }
        strand.acknowledged = strand.lines.len() as u64;
        self.strands.push(strand);
    }

    /// Where the logbook knows the account, nobody's screen shows anything under a profile's name.
    pub fn one_estate(&self, seat: &Seat) -> Held {
        if self.known { stands_once(&seat.app.incident) } else { Ok(()) }
    }

    pub fn at(&mut self, at: Timestamp, event: Event) {
        self.counter += 1;
        self.queue.insert((at, self.counter), event);
    }

    pub fn in_ms(&mut self, ms: i64, event: Event) {
        self.at(after(self.now, ms), event);
    }

    pub fn say(&mut self, words: impl FnOnce() -> String) {
        let (now, origin) = (self.now, self.origin);
        if let Some(trace) = &mut self.trace {
            trace.push(format!("{:>8.3} {}", now.duration_since(origin).as_secs_f64(), words()));
        }
    }

    /// Plays it.
    pub fn play(&mut self) -> Held {
        while let Some(((at, _), event)) = self.queue.pop_first() {
            if at > self.until {
                break;
            }
            self.now = self.now.max(at);
            self.happen(event)?;
        }
        self.now = self.until;
        Ok(())
    }

    /// No time passes any more: what was asked to be written is, and everybody reads it.
    pub fn settle(&mut self) -> Held {
        loop {
            let writer =
                (0..self.seats.len()).find(|s| self.seats[*s].alive && !self.seats[*s].orders.is_empty());
            if let Some(writer) = writer {
                self.write(writer, true)?;
                continue;
            }
            let behind = (0..self.seats.len()).find(|s| self.is_behind(*s));
            match behind {
                Some(reader) => self.look(reader)?,
                None => return Ok(()),
            }
        }
    }

    fn is_behind(&self, seat: usize) -> bool {
        let it = &self.seats[seat];
        it.alive
            && !it.leaving
            && self.strands.iter().enumerate().any(|(at, strand)| {
                !it.own.contains(&at) && strand.lines.len() > it.cursors.get(at).copied().unwrap_or(0)
            })
    }

    fn happen(&mut self, event: Event) -> Held {
        match event {
            Event::Sit(person) => self.sit(person),
            Event::Tick(seat) => self.tick(seat),
            Event::Tell(seat, message) => self.take(seat, *message),
            Event::Write(seat) => self.write(seat, false),
            Event::Look(seat) => self.look(seat),
            Event::RollCall(seat) => self.roll_call(seat),
            Event::Operate(seat) => {
                if !self.seats[seat].alive || self.seats[seat].leaving {
                    return Ok(());
                }
                self.operate(seat)?;
                let ms = if self.chance.percent(3) {
                    self.chance.between(10_000, 75_000)
                } else {
                    self.chance.between(200, 4_000)
                };
                self.in_ms(ms, Event::Operate(seat));
                Ok(())
            }
            Event::Kill(seat) => {
                self.kill(seat);
                Ok(())
            }
            Event::Jump(jump) => {
                self.jump(jump);
                Ok(())
            }
            Event::Keep => {
                self.keep();
                Ok(())
            }
        }
    }

    /// Time passes in which nobody does anything.
    pub fn pass(&mut self, by: SignedDuration) {
        self.now += by;
        self.until += by;
    }

    // --- processes ---

    /// Somebody opens a cockpit on what the disks have.
    fn sit(&mut self, person: usize) -> Held {
        let user = PEOPLE[person];
        let pid = 4_000 + u32::try_from(self.seats.len()).unwrap();
        let mut opening = self.opening.clone();
        opening.mode = if self.chance.percent(6) { Mode::ReadOnly } else { Mode::Live };
        opening.session =
            SessionId(format!("{}-{user}@jump-1-{pid}", self.wall().strftime("%Y%m%dT%H%M%SZ")).into());
        opening.actor.user = user.into();
        opening.pid = pid;
        self.say(|| format!("{user} opens {}", opening.session));
        let strand = self.strands.len();
        self.strands.push(Strand::new(opening.session.clone()));
        let everything = self.timeline();
        let known = self.known(&everything)?;
        let mut app = App::new(opening, self.wall());
        app.begin_on(known);
        let mut hand = Hand::new(self.wall());
        hand.go_on_from(app.now);
        let mut seat = Seat::new(app, person, strand, (hand, self.mono()));
        for entry in &everything {
            seat.told(entry, self.written_at(entry));
        }
        for (at, strand) in self.strands.iter().enumerate() {
            seat.catch_up(at, &strand.lines);
        }
        seat.vanished();
        self.draw_fate(&mut seat);
        if self.seats.iter().any(|before| before.person == person) {
            self.tally.count(Happened::Restarts);
        }
        self.seats.push(seat);
        let seat = self.seats.len() - 1;
        self.take(seat, Message::Start)?;
        self.in_ms(1_000, Event::Tick(seat));
        self.in_ms(200, Event::RollCall(seat));
        let ms = self.chance.between(500, 5_000);
        self.in_ms(ms, Event::Operate(seat));
        if self.chance.percent(15) {
            let ms = self.chance.between(1_000, self.outage.seconds * 1_000);
            self.in_ms(ms, Event::Kill(seat));
        }
        Ok(())
    }

    /// Everything on the disks, in an order that a reader may find it in.
    pub fn timeline(&self) -> Vec<Entry> {
        self.timeline_after(&[])
    }

    /// The same without so many first lines of each strand.
    pub fn timeline_after(&self, covered: &[usize]) -> Vec<Entry> {
        let covered = covered.iter().copied().chain(std::iter::repeat(0));
        let strands = self.strands.iter().zip(covered);
        if self.thorough {
            let unread = strands.map(|(strand, covered)| strand.read().split_off(covered));
            let lines = weave(unread.filter(|lines| !lines.is_empty()).collect());
            return lines.into_iter().map(|line| line.entry).collect();
        }
        let lines = strands.flat_map(|(strand, covered)| &strand.lines[covered..]);
        let mut entries: Vec<Entry> = lines.map(|line| line.entry.clone()).collect();
        entries.sort_by(|a, b| (a.ts, &a.session, a.seq).cmp(&(b.ts, &b.session, b.seq)));
        entries
    }

    /// When an entry was written, by the true time.
    pub fn written_at(&self, entry: &Entry) -> Timestamp {
        if !self.machine.jumps {
            return entry.ts;
        }
        self.written.get(&(entry.session.clone(), entry.seq)).copied().unwrap_or(entry.ts)
    }

    /// How fast its disk is, when it refuses, and at which entry the process is killed.
    fn draw_fate(&mut self, seat: &mut Seat) {
        let chance = &mut self.chance;
        const KINDS: [&str; 9] = [
            "opened",
            "observed",
            "proposed",
            "confirmed",
            "intent",
            "outcome",
            "verified",
            "finished",
            "probed",
        ];
        let entry = |chance: &mut Chance| At {
            kind: if chance.percent(80) { Some(KINDS[chance.index(KINDS.len())]) } else { None },
            nth: if chance.percent(60) { 1 } else { chance.between(1, 12) },
        };
        seat.disk_ms = *chance.pick(&[&1, &1, &4, &20, &700]);
        seat.look_ms = chance.between(100, 1_200);
        if chance.percent(14) {
            let leaves = [Leaves::Nothing, Leaves::Half, Leaves::All][chance.index(3)];
            seat.refuses = Some((entry(chance), leaves));
        }
        if chance.percent(35) {
            let moments = [Moment::BeforeWriting, Moment::Writing, Moment::Written, Moment::Acknowledged];
            seat.dies = Some((entry(chance), moments[chance.index(4)]));
        }
    }

    /// The process is gone at once. What it sent is on its way; its file stays as it is.
    pub fn kill(&mut self, seat: usize) {
        let it = &mut self.seats[seat];
        if !it.alive {
            return;
        }
        it.alive = false;
        it.orders.clear();
        self.tally.count(Happened::Killed);
        for execution in it.app.executions.values() {
            match execution.phase {
                Phase::Recording(_, Next::Call) => {
                    self.tally.count(Happened::KilledBetweenIntentAndCall);
                }
                Phase::Calling(_) => self.tally.count(Happened::KilledDuringACall),
                Phase::Recording(..) | Phase::Guarding { .. } | Phase::Checking { .. } | Phase::Over => {}
            }
        }
        let person = it.person;
        self.say(|| format!("#{seat} is killed"));
        if self.chance.percent(85) {
            let ms = self.chance.between(500, 8_000);
            self.in_ms(ms, Event::Sit(person));
        }
    }

    fn tick(&mut self, seat: usize) -> Held {
        if !self.seats[seat].alive || self.seats[seat].leaving {
            return Ok(());
        }
        self.take(seat, Message::Tick)?;
        let every_row = self.chance.percent(ALL_ROWS_PERCENT);
        let it = &self.seats[seat];
        let (green, lies) = it.evidence.green(&it.app, self.now, every_row)?;
        if every_row {
            self.one_estate(it)?;
        }
        let busy = it.app.busy() || it.app.dialog().is_some();
        self.tally.add(Happened::GreenRows, green);
        self.tally.add(Happened::Lies, lies);
        if self.chance.percent(8) {
            let unknown = unknown_is_said(&self.seats[seat].app.incident)?;
            self.tally.add(Happened::UnknownOnScreen, unknown);
        }
        if self.chance.percent(1) {
            self.draw(seat);
        }
        let ms = if busy { 1_000 } else { self.chance.between(1, 4) * 1_000 };
        self.in_ms(ms, Event::Tick(seat));
        Ok(())
    }

    /// A frame at whatever moment, on whatever terminal.
    fn draw(&mut self, seat: usize) {
        let small = self.chance.percent(30);
        let most = if small { (20, 8) } else { (150, 50) };
        let width = u16::try_from(self.chance.between(1, most.0)).unwrap();
        let height = u16::try_from(self.chance.between(1, most.1)).unwrap();
        let drawn = buffer(&self.seats[seat].app, look(), width, height);
        assert_eq!((drawn.area.width, drawn.area.height), (width, height));
        self.tally.count(Happened::Frames);
    }
}
