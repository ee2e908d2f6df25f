//! The only impure loop: performs effects, stamps what comes back, hands it to `App::update`, paints.
//!
//! Nothing in it decides anything. The screen is painted before the first request leaves, and a frame is only painted
//! when something changed and the terminal took the last one.

use super::clock::{Clock, Reading, now_instant};
use super::scribe::Scribe;
use super::signals::{Signals, Told};
use super::terminal::{Input, Screen, translate};
use crate::app::message::{Effect, Message, Stamped};
use crate::app::{App, LogState};
use crate::cloud::Cloud;
use crate::incident::cell::{Evidence, Verdict};
use crate::incident::entry::Mode;
use crate::incident::fault::Fault;
use crate::ui::{Look, draw};
use crossterm::event::{Event, EventStream};
use futures::{FutureExt, StreamExt};
use jiff::Timestamp;
use ratatui::layout::Rect;
use std::io;
use std::panic::AssertUnwindSafe;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::MissedTickBehavior;

/// How often the cockpit is told that time passes.
const TICK: Duration = Duration::from_millis(250);
/// How long messages are taken in before keys are looked for again.
const A_BREATH: Duration = Duration::from_millis(3);
/// The least time between two frames that no key asked for: thirty a second, over a slow line as over a fast one.
const FRAME_EVERY: Duration = Duration::from_millis(33);
/// Ticks that a frame may be under way before the next one is painted whole.
const TICKS_STALLED: u32 = 20;
/// How long a cockpit that a bug broke off waits for the call under way.
const WINDING_UP_LIMIT: Duration = Duration::from_secs(60);
/// Why it leaves when the terminal is gone and nobody said so.
const GONE: &str = "the terminal is gone";
/// Why it leaves when it is broken.
const BROKE: &str = "a bug of blackstart";

/// A cockpit with its surroundings.
#[derive(Debug)]
pub struct Driver {
    /// The state.
    pub app: App,
    cloud: Cloud,
    clock: Clock,
    scribe: Option<Scribe>,
    outbox: UnboundedSender<Message>,
    inbox: UnboundedReceiver<Message>,
    copy: Option<String>,
    suspending: bool,
    resumed: bool,
    signals: Option<Signals>,
}

impl Driver {
    /// Puts a cockpit and its surroundings together.
    #[must_use]
    pub fn new(app: App, cloud: Cloud, clock: Clock) -> Self {
        let (outbox, inbox) = unbounded_channel();
        Self {
            app,
            cloud,
            clock,
            scribe: None,
            outbox,
            inbox,
            copy: None,
            suspending: false,
            resumed: false,
            signals: None,
        }
    }

    /// Where messages from outside arrive.
    #[must_use]
    pub fn outbox(&self) -> UnboundedSender<Message> {
        self.outbox.clone()
    }

    /// Gives the cockpit somebody who writes.
    #[must_use]
    pub fn with_scribe(mut self, scribe: Scribe) -> Self {
        self.scribe = Some(scribe);
        self
    }

    /// Goes on with a cockpit that has been played so far: what was in flight then is asked anew.
    pub fn resume(&mut self) {
        self.app.resume();
        self.resumed = true;
    }

    /// Hands a message to the cockpit and performs what it asks for.
    pub fn take(&mut self, message: Message) {
        let Reading { at, mono_ms, news } = self.clock.read();
        for message in news.map(Message::Clock).into_iter().chain([message]) {
            for effect in self.app.update(Stamped { at, mono_ms, message }) {
                self.perform(effect, at);
            }
        }
        self.clock.go_on_from(self.app.now);
    }

    fn perform(&mut self, effect: Effect, now: Timestamp) {
        let outbox = self.outbox.clone();
        let cloud = self.cloud.clone();
        match effect {
            Effect::Sweep(ticket, sweep) => {
                let pages = outbox.clone();
                let profile = sweep.profile.clone();
                let work = async move {
                    let (sender, mut arriving) = unbounded_channel();
                    let forward = async {
                        while let Some(page) = arriving.recv().await {
                            let _ = pages.send(Message::Page(ticket, page));
                        }
                    };
                    let (result, ()) = tokio::join!(cloud.sweep(now, sweep, sender), forward);
                    let access = cloud.access(now, &profile);
                    let _ = pages.send(Message::Access(profile, access));
                    Message::Swept(ticket, result)
                };
                guarded(outbox, work, move |why| Message::Swept(ticket, Err(why)));
            }
            Effect::Ask(ticket, profile, query) => {
                let work = async move { Message::Answered(ticket, cloud.ask(now, profile, query).await) };
                guarded(outbox, work, move |why| Message::Answered(ticket, Err(why)));
            }
            Effect::Perform(ticket, profile, call) => {
                // The last wall: whatever asked for it, a cockpit that may not act does not.
                let refused = match self.app.opening.mode {
                    Mode::Live | Mode::Demo => {
                        let recorded = self.scribe.is_some() && self.app.log == LogState::Writing;
                        (!recorded).then_some("there is no logbook")
                    }
                    Mode::ReadOnly | Mode::Record | Mode::Replay => Some("this cockpit may not act"),
                };
                let work = async move {
                    let result = match refused {
                        Some(why) => Err(Fault::Unaskable { detail: why.into() }),
                        None => cloud.perform(now, profile, *call).await,
                    };
                    Message::Performed(ticket, result)
                };
                guarded(outbox, work, move |why| Message::Performed(ticket, Err(why)));
            }
            Effect::Probe(ticket, probe) => {
                let work = async move { Message::Probed(ticket, cloud.probe(now, probe).await) };
                guarded(outbox, work, move |_| {
                    let failed = Evidence::new(Verdict::Unreachable, "the probe itself failed", 0);
                    Message::Probed(ticket, failed)
                });
            }
            Effect::Record(entry) => {
                let written = match &self.scribe {
                    Some(scribe) => scribe.write(entry),
                    None => Err("there is no logbook".into()),
                };
                if let Err(why) = written {
                    let _ = outbox.send(Message::RecordFailed(why.into()));
                }
            }
            Effect::Copy(text) => self.copy = Some(text),
            Effect::Reopen(session) => {
                let asked = match &self.scribe {
                    Some(scribe) => scribe.reopen(session),
                    None => Err("this cockpit was opened without one; restart it".into()),
                };
                if let Err(why) = asked {
                    let _ = outbox.send(Message::Reopened(Err(why.into())));
                }
            }
            Effect::Continue(session) => {
                let asked = match &self.scribe {
                    Some(scribe) => scribe.go_on(session),
                    None => Err("there is no logbook".into()),
                };
                if let Err(why) = asked {
                    let _ = outbox.send(Message::RecordFailed(why.into()));
                }
            }
            Effect::Suspend => self.suspending = true,
            Effect::Quit => {}
        }
    }

    /// The interactive cockpit: until somebody leaves. A bug that breaks it off is survived for as long as a call is under
    /// way; then it is said.
    ///
    /// # Errors
    /// The terminal could not be taken over.
    pub async fn cockpit(&mut self, look: &Look) -> io::Result<Parting> {
        let seen = AssertUnwindSafe(self.watch(look)).catch_unwind().await;
        let broke = match seen {
            Ok(ended) => {
                ended?;
                false
            }
            Err(_) => {
                self.wind_up().await;
                true
            }
        };
        Ok(self.part(broke))
    }

    async fn watch(&mut self, look: &Look) -> io::Result<()> {
        // Before the terminal is taken over: a signal in between would leave it behind raw.
        let mut signals = Signals::new()?.with_stop();
        let mut screen = Screen::enter()?;
        let size = screen.terminal.size()?;
        self.clock.read();
        self.take(Message::Resize(size.width, size.height));
        screen.terminal.draw(|frame| draw(frame, &self.app, look))?;
        let mut events = Some(EventStream::new());
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let pace = screen.pace();
        // What begins now takes every processor: reading certificates, asking every region. The frame goes before it.
        pace.first_frame().await;
        if self.app.replay.is_none() && !self.resumed {
            self.take(Message::Start);
        }
        let mut dirty = true;
        let mut forgotten = false;
        // Somebody waits for this frame.
        let mut awaited = true;
        let mut painted = now_instant();
        let mut second_shown = self.app.now.as_second();
        let mut ticks_busy = 0;
        let mut broken = pace.broken();
        while !self.app.quitting {
            let mut changed = true;
            let mut look_at_line = false;
            tokio::select! {
                biased;
                told = signals.next() => match told {
                    Told::End(name) => {
                        look_at_line = true;
                        self.take(Message::Signal(name));
                    }
                    Told::Stop => self.suspending = true,
                    Told::Continued => {
                        look_at_line = screen.take_again().is_err();
                        forgotten = true;
                        awaited = true;
                    }
                },
                event = next_event(&mut events) => {
                    awaited = true;
                    match event {
                        Some(Ok(event)) => forgotten |= self.event(event),
                        Some(Err(_)) | None => {
                            events = None;
                            self.take(Message::Signal(GONE));
                        }
                    }
                }
                // Before the messages: where they never end, time passes all the same.
                _ = tick.tick() => {
                    look_at_line = true;
                    ticks_busy = if pace.is_busy() { ticks_busy + 1 } else { 0 };
                    // What a terminal made of a frame that it took so long for is anybody's guess.
                    forgotten |= ticks_busy > TICKS_STALLED;
                    self.take(Message::Tick);
                    // Clock and ages go by the second; so does whatever changed and did not say so.
                    changed = self.app.now.as_second() != second_shown;
                }
                message = self.inbox.recv() => {
                    let facts = self.app.incident.entries;
                    changed = false;
                    let mut next = message;
                    let began = now_instant();
                    while let Some(message) = next {
                        changed |= self.shows_at_once(&message);
                        self.take(message);
                        let breathes = now_instant().duration_since(began) < A_BREATH;
                        next = if breathes { self.inbox.try_recv().ok() } else { None };
                    }
                    changed |= self.app.incident.entries != facts;
                }
                () = pace.painted() => {
                    changed = false;
                    forgotten |= std::mem::replace(&mut broken, pace.broken()) != pace.broken();
                }
                () = tokio::time::sleep_until(painted + FRAME_EVERY), if dirty && !pace.is_busy() && events.is_some() => {
                    changed = false;
                }
            }
            // Nobody may have told us: without a controlling terminal a line hangs up silently, and is read as an end that
            // never ends.
            if look_at_line && events.is_some() && screen.is_gone() {
                events = None;
                self.take(Message::Signal(GONE));
            }
            if std::mem::take(&mut self.suspending) && events.is_some() {
                screen.give_back();
                let stopped = signals.stop_here().await;
                forgotten = true;
                if screen.take_again().is_err() {
                    events = None;
                    self.take(Message::Signal(GONE));
                }
                self.take(Message::Resumed(stopped));
            }
            dirty |= changed;
            if pace.is_busy() || events.is_none() {
                continue;
            }
            if let Some(text) = self.copy.take() {
                let sent = screen.send(osc52(&text).as_bytes()).map_err(|error| error.to_string());
                self.take(Message::Copied(sent));
                (dirty, awaited) = (true, true);
            }
            let due = awaited || forgotten || now_instant().duration_since(painted) >= FRAME_EVERY;
            if (dirty || forgotten) && due && !pace.is_busy() {
                let drawn = paint(&mut screen, std::mem::take(&mut forgotten), &self.app, look);
                dirty = false;
                awaited = false;
                painted = now_instant();
                second_shown = self.app.now.as_second();
                if drawn.is_err() {
                    events = None;
                    self.take(Message::Signal(GONE));
                }
            }
        }
        Ok(())
    }

    /// Whether a message is worth a frame by itself. What an estate says that did not change since is worth none: a quiet cockpit
    /// draws once a second, not at every answer. What did change is an entry, and that is.
    fn shows_at_once(&self, message: &Message) -> bool {
        match message {
            Message::Page(..)
            | Message::Swept(..)
            | Message::Access(..)
            | Message::Probed(..)
            | Message::Gone(_)
            | Message::Tick => false,
            // Where something is being done, what is on the disk is how far it is.
            Message::Recorded(_) => !self.app.executions.is_empty(),
            Message::Start
            | Message::Key(_)
            | Message::Paste(_)
            | Message::Resize(..)
            | Message::Answered(..)
            | Message::Performed(..)
            | Message::RecordFailed(_)
            | Message::CheckpointFailed(_)
            | Message::Others(_)
            | Message::Reopened(_)
            | Message::Clock(_)
            | Message::Resumed(_)
            | Message::LogComplaint(_)
            | Message::LogMended(_)
            | Message::Act(_)
            | Message::Confirm { .. }
            | Message::Verify(_)
            | Message::Copied(_)
            | Message::Signal(_) => true,
        }
    }

    /// Takes what the terminal says; whether it may have forgotten what was on it.
    fn event(&mut self, event: Event) -> bool {
        match translate(event) {
            Some(Input::Key(key)) => self.take(Message::Key(key)),
            Some(Input::Paste(text)) => self.take(Message::Paste(text)),
            Some(Input::Resize(columns, rows)) => {
                self.take(Message::Resize(columns, rows));
                // A terminal that shrank and grew again has.
                return true;
            }
            None => {}
        }
        false
    }

    /// After a bug in the loop: the screen is given back, and what is under way still comes to its end, unseen.
    async fn wind_up(&mut self) {
        let orderly = async {
            self.take(Message::Signal(BROKE));
            self.until(WINDING_UP_LIMIT, |app| app.quitting).await
        };
        let ended = AssertUnwindSafe(orderly).catch_unwind().await;
        if !matches!(ended, Ok(true)) {
            // The state itself may be what is broken: one last word, if it can still be said.
            let _ = std::panic::catch_unwind(AssertUnwindSafe(|| {
                let mut effects = Vec::new();
                self.app.leave_open(&mut effects);
                for effect in effects {
                    self.perform(effect, self.app.now);
                }
            }));
        }
    }

    /// Leaves in good order, and tells what has to be said on the terminal that was given back.
    fn part(&mut self, broke: bool) -> Parting {
        let refused = match &self.app.log {
            LogState::Refused(why) if self.app.replay.is_none() => Some(why.words.clone()),
            LogState::Refused(_) | LogState::Writing => None,
        };
        Parting {
            broke,
            left_open: self.app.left_open.clone(),
            not_recorded: self.app.not_recorded().iter().cloned().chain(self.app.kept_notes()).collect(),
            refused,
            unfinished: !self.finish(),
        }
    }

    /// A cockpit without a screen: until `done` says so, or until the time is over. Signals make it leave, in good order.
    pub async fn until(&mut self, limit: Duration, mut done: impl FnMut(&App) -> bool) -> bool {
        if self.signals.is_none() {
            self.signals = Signals::new().ok();
        }
        let mut signals = self.signals.take();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let over = tokio::time::sleep(limit);
        tokio::pin!(over);
        let ended = loop {
            if done(&self.app) {
                break true;
            }
            if self.app.quitting {
                break false;
            }
            let next = async {
                match &mut signals {
                    Some(signals) => signals.next().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                told = next => match told {
                    Told::End(name) => self.take(Message::Signal(name)),
                    Told::Stop | Told::Continued => {}
                },
                message = self.inbox.recv() => {
                    if let Some(message) = message {
                        self.take(message);
                    }
                }
                _ = tick.tick() => self.take(Message::Tick),
                () = &mut over => break done(&self.app),
            }
        };
        self.signals = signals;
        ended
    }

    /// Leaves in good order: what was asked to be written is written, unless the disk does not answer.
    pub fn finish(&mut self) -> bool {
        self.scribe.take().is_none_or(Scribe::finish)
    }
}

/// What is said where the terminal is given back.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parting {
    /// A bug broke the cockpit off.
    pub broke: bool,
    /// Calls whose outcome was not waited for.
    pub left_open: Vec<String>,
    /// What happened and is in no logbook.
    pub not_recorded: Vec<String>,
    /// Why the logbook refused, if it did.
    pub refused: Option<String>,
    /// The disk did not say whether it has the last lines.
    pub unfinished: bool,
}

/// Draws; all of it, if the terminal has forgotten what was on it.
fn paint(screen: &mut Screen, whole: bool, app: &App, look: &Look) -> io::Result<()> {
    if whole {
        // Not `clear`: that asks the terminal where its cursor is, and the answer goes to the event stream.
        let size = screen.terminal.size()?;
        screen.terminal.resize(Rect::new(0, 0, size.width, size.height))?;
    }
    screen.terminal.draw(|frame| draw(frame, app, look)).map(drop)
}

/// The next event, for as long as there is a terminal.
async fn next_event(events: &mut Option<EventStream>) -> Option<io::Result<Event>> {
    match events {
        Some(events) => events.next().await,
        None => std::future::pending().await,
    }
}

/// Runs a piece of work whose answer somebody waits for: a panic in it is an answer too.
fn guarded(
    outbox: UnboundedSender<Message>,
    work: impl Future<Output = Message> + Send + 'static,
    broken: impl FnOnce(Fault) -> Message + Send + 'static,
) {
    tokio::spawn(async move {
        let message = match tokio::spawn(work).await {
            Ok(message) => message,
            // A call that broke off may have left: garbled, hence unknown until read again.
            Err(error) => broken(Fault::Garbled { detail: format!("a task of the cockpit failed: {error}") }),
        };
        let _ = outbox.send(message);
    });
}

/// The escape sequence that copies to the operator's own clipboard, through SSH (OSC 52).
fn osc52(text: &str) -> String {
    use base64::Engine as _;
    format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text))
}
