//! A turn: a cockpit is told something, what it asks for is done, and every check looks at both.

use super::invariants::{Cause, Finding, Held, Law, breach, goes_on, remains_in};
use super::night::{Event, Night};
use super::seat::{Order, SweepUnderWay};
use super::tally::Happened;
use blackstart::app::message::{Effect, Message, Stamped, Ticket};
use blackstart::incident::cell::{Evidence, ProbeSubject, Verdict};
use blackstart::incident::dns::ServerRole;
use blackstart::incident::entry::{Body, Ending, Entry, Outcome};
use blackstart::incident::fault::Performed;
use blackstart::incident::request::{Answer, Call, Page, Probe, Reply, Request, Sweep};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::time::Duration;

/// What of a message its checks need once the cockpit has taken it.
enum Kept {
    Sweep(SweepUnderWay, bool),
    Others(Vec<Entry>),
    Identity,
    Other,
}

impl Night {
    /// A cockpit takes a message at that moment of its own time.
    pub fn turn(&mut self, seat: usize, (at, mono_ms): (Timestamp, u64), message: Message) -> Held {
        if !self.seats[seat].alive {
            return Ok(());
        }
        self.say(|| format!("#{seat} <- {}", brief(&message)));
        let kept = self.before(seat, at, &message);
        // Only these can take rows away and bring as many; anything else shows in their number.
        let moves_rows = match &kept {
            Kept::Sweep(..) | Kept::Identity => true,
            Kept::Others(entries) => !entries.is_empty(),
            Kept::Other => matches!(message, Message::Reopened(_)),
        };
        let it = &mut self.seats[seat];
        let effects = it.app.update(Stamped { at, mono_ms, message });
        let cause = match &kept {
            Kept::Sweep(sweep, whole) => {
                Cause::Swept { place: &sweep.place, whole: *whole, seen: &sweep.seen }
            }
            Kept::Others(entries) => Cause::Others(entries),
            Kept::Identity => Cause::Identified,
            Kept::Other => Cause::Other,
        };
        if moves_rows || it.app.incident.rows.len() != it.keys.len() {
            for key in it.vanished() {
                // Not those that only have another name now.
                let went = matches!(cause, Cause::Swept { .. });
                self.tally.add(Happened::RowsGone, usize::from(went));
                self.rows.vanished(&key, &cause, |name| remains_in(&it.app.incident, name))?;
            }
        }
        for effect in effects {
            self.perform(seat, effect, &cause)?;
        }
        Ok(())
    }

    /// What the checks learn from a message before the cockpit does.
    fn before(&mut self, seat: usize, at: Timestamp, message: &Message) -> Kept {
        let (now, it) = (self.now, &mut self.seats[seat]);
        match message {
            Message::Page(ticket, page) => {
                if let Some(sweep) = it.sweeps.get_mut(ticket) {
                    sweep.seen.extend(page.resources.iter().map(|r| (r.key().kind, r.key().id.clone())));
                }
                Kept::Other
            }
            Message::Swept(ticket, end) => {
                self.tally.add(Happened::SweepsFailed, usize::from(end.is_err()));
                match it.sweeps.remove(ticket) {
                    Some(sweep) => {
                        let cut = end.is_err() && !sweep.seen.is_empty();
                        self.tally.add(Happened::SweepsCutShort, usize::from(cut));
                        Kept::Sweep(sweep, end.is_ok())
                    }
                    None => Kept::Other,
                }
            }
            Message::Probed(ticket, evidence) => {
                if let Some(subject) = it.probes.remove(ticket) {
                    let finding = Finding { at, heard: now, verdict: evidence.verdict };
                    it.evidence.heard(&it.app.opening.session, &subject, finding);
                }
                Kept::Other
            }
            Message::Answered(ticket, answer) => match it.asked.remove(ticket) {
                Some(scope) => {
                    if answer.is_ok() {
                        it.unknowns.read(&scope);
                    }
                    Kept::Other
                }
                None => {
                    // Also where the logbook refuses and it is not written down.
                    if let (Some(profile), Ok(Answer::Identity { account, .. })) =
                        (it.identifying.remove(ticket), answer)
                    {
                        it.evidence.named(&it.app.opening.session, &profile, account);
                    }
                    Kept::Identity
                }
            },
            Message::Performed(ticket, result) => {
                if let Some((plan, step, scope)) = it.calls.remove(ticket)
                    && result.as_ref().is_err_and(|fault| fault.performed() == Performed::Unknown)
                {
                    it.unknowns.unanswered(plan, step, scope);
                }
                Kept::Other
            }
            Message::Others(entries) => {
                let moves = |entry: &&Entry| match &entry.body {
                    Body::Observed { gone, .. } => !gone.is_empty(),
                    Body::Identified { .. } => true,
                    _ => false,
                };
                Kept::Others(entries.iter().filter(moves).cloned().collect())
            }
            _ => Kept::Other,
        }
    }

    /// Does what a cockpit asks for.
    fn perform(&mut self, seat: usize, effect: Effect, cause: &Cause<'_>) -> Held {
        match effect {
            Effect::Sweep(ticket, sweep) => self.sweep(seat, ticket, sweep),
            Effect::Ask(ticket, profile, query) => {
                let it = &mut self.seats[seat];
                match query.scope() {
                    Some(scope) => drop(it.asked.insert(ticket, scope.clone())),
                    None => drop(it.identifying.insert(ticket, profile.clone())),
                }
                let (reply, latency) = self.world.answer(self.now, &Request::Ask { profile, query });
                let Reply::Answered(result) = reply else { panic!("not a query's reply") };
                self.later(seat, latency, Message::Answered(ticket, result));
            }
            Effect::Perform(ticket, profile, call) => {
                let session = self.seats[seat].app.opening.session.clone();
                self.say(|| format!("#{seat} CALLS {}", call.operation()));
                let (plan, step) = self.calls.called(&session, &call)?;
                if let Some(why) = self.seats[seat].app.actions_off() {
                    let what = format!("{session} called {} although {why}", call.operation());
                    return breach(Law::ConfirmedBeforeCall, what);
                }
                self.count_call(&call);
                self.seats[seat].calls.insert(ticket, (plan, step, call.scope().clone()));
                let (reply, latency) = self.world.answer(self.now, &Request::Perform { profile, call });
                let Reply::Performed(result) = reply else { panic!("not a call's reply") };
                self.later(seat, latency, Message::Performed(ticket, result));
            }
            Effect::Probe(ticket, probe) => self.probe(seat, ticket, probe),
            Effect::Record(entry) => {
                self.say(|| format!("#{seat} records {} {}", entry.seq, entry.body.kind()));
                self.rows.written(&entry, cause)?;
                self.seats[seat].unknowns.written(&entry)?;
                goes_on(&entry, self.seats[seat].told_until)?;
                self.seats[seat].evidence.told(&entry, self.now);
                if self.machine.jumps {
                    self.written.insert((entry.session.clone(), entry.seq), self.now);
                }
                self.count_entry(&entry);
                self.order(seat, Order::Write(entry));
            }
            Effect::Reopen(session) => self.order(seat, Order::Reopen(session)),
            Effect::Continue(_) => panic!("nobody records without a screen here"),
            Effect::Copy(_) => self.later(seat, Duration::ZERO, Message::Copied(Ok(()))),
            Effect::Suspend => self.later(seat, Duration::ZERO, Message::Resumed(true)),
            Effect::Quit => {
                self.tally.count(Happened::LeftInGoodOrder);
                let it = &mut self.seats[seat];
                it.leaving = true;
                it.alive = !it.orders.is_empty();
            }
        }
        Ok(())
    }

    fn order(&mut self, seat: usize, order: Order) {
        let it = &mut self.seats[seat];
        it.orders.push_back(order);
        if !it.writing {
            it.writing = true;
            let ms = it.disk_ms;
            self.in_ms(ms, Event::Write(seat));
        }
    }

    /// Pages are as long as AWS likes, so they are cut anew: a sweep that breaks off has shown some rows and not others.
    fn sweep(&mut self, seat: usize, ticket: Ticket, sweep: Sweep) {
        // Who asks for some by id learns nothing of the others: no row may go by it.
        if sweep.ids.is_empty() {
            let under_way = SweepUnderWay { place: sweep.place.clone(), seen: BTreeSet::new() };
            self.seats[seat].sweeps.insert(ticket, under_way);
        }
        let profile = sweep.profile.clone();
        let (reply, latency) = self.world.answer(self.now, &Request::Sweep(sweep));
        let access = self.world.access(self.now, &profile);
        self.later(seat, latency, Message::Access(profile, access));
        let Reply::Swept { pages, end } = reply else { panic!("not a sweep's reply") };
        let mut rows: Vec<_> = pages.into_iter().flat_map(|page| page.resources).collect();
        if end.is_err() {
            rows.truncate(self.chance.index(rows.len() + 1));
        }
        let each = usize::try_from(self.chance.between(1, 9)).unwrap();
        let mut rows = rows.into_iter().peekable();
        let mut share = 1;
        while rows.peek().is_some() {
            let page = Page { resources: rows.by_ref().take(each).collect() };
            // Each a little after the one before, and the last with the end.
            self.later(seat, latency - latency / (share + 1), Message::Page(ticket, page));
            share += 1;
        }
        self.later(seat, latency, Message::Swept(ticket, end));
    }

    fn probe(&mut self, seat: usize, ticket: Ticket, probe: Probe) {
        let subject = probe.subject.clone();
        let (reply, mut latency) = self.world.answer(self.now, &Request::Probe(probe));
        let Reply::Probed(mut evidence) = reply else { panic!("not a probe's reply") };
        if let ProbeSubject::Dns(asked) = &subject {
            let lags = asked.role == ServerRole::NameServer && asked.server.ends_with("org");
            let name = asked.to_string();
            if lags {
                self.dns.first.entry(name.clone()).or_insert_with(|| evidence.clone());
            }
            if self.dns.from <= self.now && self.now < self.dns.until {
                if self.dns.silent {
                    self.tally.count(Happened::ServersSilent);
                    latency = Duration::from_secs(4);
                    evidence = Evidence::new(Verdict::TimedOut, "no answer", 4_000);
                } else if lags && let Some(first) = self.dns.first.get(&name) {
                    evidence = first.clone();
                }
            }
        }
        self.seats[seat].probes.insert(ticket, subject);
        self.later(seat, latency, Message::Probed(ticket, evidence));
    }

    fn later(&mut self, seat: usize, latency: Duration, message: Message) {
        let at = self.now + SignedDuration::try_from(latency).unwrap();
        let at = Timestamp::from_microsecond(at.as_microsecond()).unwrap();
        self.at(at, Event::Tell(seat, Box::new(message)));
    }

    fn count_call(&mut self, call: &Call) {
        self.tally.count(Happened::Calls);
        match call {
            Call::RunInstance { .. } => self.tally.count(Happened::Launches),
            Call::RestoreDatabase { .. } => self.tally.count(Happened::Restores),
            Call::ChangeRecords { .. } => self.tally.count(Happened::Switches),
            Call::DisableSourceDestCheck { .. }
            | Call::Terminate { .. }
            | Call::Register { .. }
            | Call::Deregister { .. } => {}
        }
    }

    fn count_entry(&mut self, entry: &Entry) {
        match &entry.body {
            Body::Outcome { outcome: Outcome::Unknown { .. }, .. } => {
                self.tally.count(Happened::OutcomesUnknown);
            }
            Body::Outcome { outcome: Outcome::Failed { .. }, .. } => {
                self.tally.count(Happened::OutcomesFailed);
            }
            Body::Finished { ending: Ending::Verified, .. } => self.tally.count(Happened::Verified),
            Body::Settled { settlement, .. } if settlement.is_known() => self.tally.count(Happened::Settled),
            Body::Credentials { ended: Some(_), .. } => self.tally.count(Happened::CredentialsEnded),
            Body::Skew { ahead_s: Some(_) } => self.tally.count(Happened::ClocksOff),
            Body::Disagreement { words: Some(_), .. } => self.tally.count(Happened::Disagreements),
            Body::Presumed { error: None, .. } => self.tally.count(Happened::Presumed),
            Body::Presumed { error: Some(_), .. } => self.tally.count(Happened::PresumedAndStsSilent),
            _ => {}
        }
    }
}

/// A message in a word or two, for a trace.
fn brief(message: &Message) -> String {
    let mut text = format!("{message:?}");
    if text.len() > 160 {
        let cut = (0..=160).rev().find(|at| text.is_char_boundary(*at)).unwrap();
        text.truncate(cut);
        text.push('…');
    }
    text
}
