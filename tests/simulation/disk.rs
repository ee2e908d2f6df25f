//! The disks of a night: lines that come to rest one after the other, or not, or by half; and what others read of them.

use super::invariants::{Held, Law, breach};
use super::night::{Event, Night};
use super::seat::{Leaves, Moment, Order};
use super::strand::Strand;
use super::tally::Happened;
use blackstart::app::message::Message;
use blackstart::incident::entry::{Entry, SessionId};
use std::collections::BTreeSet;

impl Night {
    /// The writer of a cockpit does what it was asked for next. In the end every disk works and nobody is killed.
    pub fn write(&mut self, seat: usize, in_the_end: bool) -> Held {
        let Some(order) = self.seats[seat].orders.pop_front() else {
            self.seats[seat].writing = false;
            return Ok(());
        };
        if !self.seats[seat].alive {
            return Ok(());
        }
        match order {
            Order::Write(entry) => self.write_entry(seat, &entry, in_the_end)?,
            Order::Reopen(session) => {
                let full = self.chance.percent(20) && !in_the_end;
                let said = if full { Err("disk full".into()) } else { Ok(self.reopen(seat, session)) };
                self.tell(seat, 1, Message::Reopened(said), in_the_end)?;
            }
        }
        let it = &mut self.seats[seat];
        if it.orders.is_empty() {
            it.writing = false;
            if it.leaving {
                it.alive = false;
                let person = it.person;
                if self.chance.percent(50) && !in_the_end {
                    let ms = self.chance.between(500, 20_000);
                    self.in_ms(ms, Event::Sit(person));
                }
            }
        } else if !in_the_end {
            let ms = self.seats[seat].disk_ms;
            self.in_ms(ms, Event::Write(seat));
        }
        Ok(())
    }

    fn write_entry(&mut self, seat: usize, entry: &Entry, in_the_end: bool) -> Held {
        let it = &mut self.seats[seat];
        let strand = &mut self.strands[it.strand];
        let due = strand.lines.len() as u64;
        if !it.broken && (entry.session != strand.session || entry.seq != due) {
            let what = format!("{} {} was asked for where {due} was due", entry.session, entry.seq);
            return breach(Law::LogVerifies, what);
        }
        if let Some((at, leaves)) = &mut it.refuses
            && !in_the_end
            && at.strikes(entry)
        {
            let leaves = *leaves;
            it.broken = true;
            it.ever_broken = true;
            match leaves {
                Leaves::Nothing => {}
                Leaves::Half => strand.tear(entry, &it.heads, self.chance.index(1_000)),
                Leaves::All => strand.append(entry, &it.heads),
            }
            self.tally.count(Happened::DisksRefused);
            self.say(|| format!("#{seat} disk refuses {} and leaves {leaves:?}", entry.body.kind()));
            self.news_for_others(seat);
        }
        let it = &mut self.seats[seat];
        if it.broken {
            return self.tell(seat, 1, Message::RecordFailed("disk full".into()), in_the_end);
        }
        let moment = it.dies.as_mut().filter(|_| !in_the_end);
        let moment = moment.and_then(|(at, moment)| at.strikes(entry).then_some(*moment));
        let strand = &mut self.strands[it.strand];
        match moment {
            Some(Moment::BeforeWriting) => {
                self.kill(seat);
                return Ok(());
            }
            Some(Moment::Writing) => {
                strand.tear(entry, &it.heads, self.chance.index(1_000));
                self.tally.count(Happened::TornLines);
                self.kill(seat);
                return Ok(());
            }
            Some(Moment::Written | Moment::Acknowledged) | None => {}
        }
        strand.append(entry, &it.heads);
        if entry.body.is_durable() {
            self.calls.on_disk(entry);
        }
        self.news_for_others(seat);
        match moment {
            Some(Moment::Acknowledged) => {
                self.acknowledge(seat, entry.seq, 0, true)?;
                self.kill(seat);
                Ok(())
            }
            Some(Moment::Written) => {
                self.kill(seat);
                Ok(())
            }
            Some(Moment::BeforeWriting | Moment::Writing) | None => {
                self.acknowledge(seat, entry.seq, 1, in_the_end)
            }
        }
    }

    fn acknowledge(&mut self, seat: usize, seq: u64, ms: i64, at_once: bool) -> Held {
        let strand = self.seats[seat].strand;
        self.strands[strand].acknowledged = seq + 1;
        self.tell(seat, ms, Message::Recorded(seq), at_once)
    }

    fn tell(&mut self, seat: usize, ms: i64, message: Message, at_once: bool) -> Held {
        if at_once {
            return self.take(seat, message);
        }
        self.in_ms(ms, Event::Tell(seat, Box::new(message)));
        Ok(())
    }

    fn reopen(&mut self, seat: usize, session: SessionId) -> SessionId {
        let taken = |name: &SessionId| self.strands.iter().any(|strand| strand.session == *name);
        let mut name = session.clone();
        for suffix in 2.. {
            if !taken(&name) {
                break;
            }
            name = SessionId(format!("{session}-{suffix}").into());
        }
        self.strands.push(Strand::new(name.clone()));
        let it = &mut self.seats[seat];
        it.strand = self.strands.len() - 1;
        it.own.insert(it.strand);
        it.broken = false;
        it.refuses = None;
        self.tally.count(Happened::LogbooksReopened);
        name
    }

    fn news_for_others(&mut self, seat: usize) {
        for other in (0..self.seats.len()).filter(|other| *other != seat) {
            let it = &mut self.seats[other];
            if it.alive && !it.looking {
                it.looking = true;
                let ms = it.look_ms;
                self.in_ms(ms, Event::Look(other));
            }
        }
    }

    pub fn look(&mut self, seat: usize) -> Held {
        let it = &mut self.seats[seat];
        it.looking = false;
        if !it.alive || it.leaving {
            return Ok(());
        }
        let mut news = Vec::new();
        for (at, strand) in self.strands.iter().enumerate() {
            if !it.own.contains(&at) {
                news.extend(it.catch_up(at, &strand.lines));
            }
        }
        if news.is_empty() {
            return Ok(());
        }
        for entry in &news {
            let at = self.written_at(entry);
            self.seats[seat].told(entry, at);
        }
        self.take(seat, Message::Others(news))
    }

    /// Whose lock is gone.
    pub fn roll_call(&mut self, seat: usize) -> Held {
        if !self.seats[seat].alive {
            return Ok(());
        }
        let here: BTreeSet<usize> = self.seats.iter().filter(|it| it.alive).map(|it| it.strand).collect();
        let own = &self.seats[seat].own;
        let gone = self.strands.iter().enumerate().filter(|(at, _)| !here.contains(at) && !own.contains(at));
        let gone: Vec<SessionId> = gone.map(|(_, strand)| strand.session.clone()).collect();
        if !gone.is_empty() {
            self.take(seat, Message::Gone(gone))?;
        }
        self.in_ms(5_000, Event::RollCall(seat));
        Ok(())
    }
}
