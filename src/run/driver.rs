//! The only impure loop: performs effects, stamps what comes back, hands it to `App::update`, paints.
//!
//! Nothing in it decides anything. The screen is painted before the first request leaves, and a frame is only painted
//! when something changed and the terminal took the last one.

use super::clock::{Clock, now_instant};
use super::scribe::Scribe;
use super::terminal::{Input, Screen, translate};
use crate::app::App;
use crate::app::message::{Effect, Message, Stamped};
use crate::cloud::Cloud;
use crate::incident::cell::{Evidence, Verdict};
use crate::incident::entry::Mode;
use crate::incident::fault::Fault;
use crate::ui::{Look, draw};
use crossterm::event::{Event, EventStream};
use futures::StreamExt;
use ratatui::layout::Rect;
use std::io;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::MissedTickBehavior;

/// How often the cockpit is told that time passes.
const TICK: Duration = Duration::from_millis(250);
/// How long messages are taken in before keys are looked for again.
const A_BREATH: Duration = Duration::from_millis(3);
/// The least time between two frames that no key asked for: thirty a second, over a slow line as over a fast one.
const FRAME_EVERY: Duration = Duration::from_millis(33);

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
    copies: Vec<String>,
    resumed: bool,
}

impl Driver {
    /// Puts a cockpit and its surroundings together.
    #[must_use]
    pub fn new(app: App, cloud: Cloud, clock: Clock) -> Self {
        let (outbox, inbox) = unbounded_channel();
        Self { app, cloud, clock, scribe: None, outbox, inbox, copies: Vec::new(), resumed: false }
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
        let (at, mono_ms) = self.clock.now();
        for effect in self.app.update(Stamped { at, mono_ms, message }) {
            self.perform(effect);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let outbox = self.outbox.clone();
        let cloud = self.cloud.clone();
        let (now, _) = self.clock.now();
        match effect {
            Effect::Sweep(ticket, sweep) => {
                let pages = outbox.clone();
                let work = async move {
                    let (sender, mut arriving) = unbounded_channel();
                    let forward = async {
                        while let Some(page) = arriving.recv().await {
                            let _ = pages.send(Message::Page(ticket, page));
                        }
                    };
                    let (result, ()) = tokio::join!(cloud.sweep(now, sweep, sender), forward);
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
                    Mode::Live | Mode::Demo => self.scribe.is_none().then_some("there is no logbook"),
                    Mode::ReadOnly | Mode::Replay => Some("this cockpit may not act"),
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
                    Message::Probed(
                        ticket,
                        Evidence {
                            verdict: Verdict::Unreachable,
                            detail: "the probe itself failed".into(),
                            latency_ms: 0,
                            dns: None,
                        },
                    )
                });
            }
            Effect::Record(entry) => {
                let written = match &self.scribe {
                    Some(scribe) => scribe.write(entry),
                    None => Err("there is no logbook".into()),
                };
                if let Err(why) = written {
                    let _ = outbox.send(Message::RecordFailed(why));
                }
            }
            Effect::Copy(text) => self.copies.push(text),
            Effect::Quit => {}
        }
    }

    /// The interactive cockpit: until somebody leaves.
    ///
    /// # Errors
    /// The terminal failed.
    pub async fn cockpit(mut self, look: &Look) -> io::Result<App> {
        // Before the terminal is taken over: a signal in between would leave it behind raw.
        let mut signals = Signals::new()?;
        let mut screen = Screen::enter()?;
        let size = screen.terminal.size()?;
        self.take(Message::Resize(size.width, size.height));
        screen.terminal.draw(|frame| draw(frame, &self.app, look))?;
        let mut events = EventStream::new();
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let pace = screen.pace();
        if self.app.replay.is_none() && !self.resumed {
            self.take(Message::Start);
        }
        let mut dirty = true;
        let mut forgotten = false;
        // Somebody waits for this frame.
        let mut awaited = true;
        let mut painted = now_instant();
        while !self.app.quitting {
            let mut changed = true;
            tokio::select! {
                biased;
                name = signals.next() => self.take(Message::Signal(name)),
                event = events.next() => {
                    awaited = true;
                    forgotten |= self.event(event);
                }
                // Before the messages: where they never end, time passes all the same.
                _ = tick.tick() => self.take(Message::Tick),
                message = self.inbox.recv() => {
                    if let Some(message) = message {
                        self.take(message);
                    }
                    let began = now_instant();
                    while now_instant().duration_since(began) < A_BREATH {
                        match self.inbox.try_recv() {
                            Ok(message) => self.take(message),
                            Err(_) => break,
                        }
                    }
                }
                () = pace.painted() => changed = false,
                () = tokio::time::sleep_until(painted + FRAME_EVERY), if dirty && !pace.is_busy() => {
                    changed = false;
                }
            }
            dirty |= changed;
            for text in std::mem::take(&mut self.copies) {
                let sent = screen.send(osc52(&text).as_bytes()).map_err(|error| error.to_string());
                self.take(Message::Copied(sent));
            }
            let due = awaited || now_instant().duration_since(painted) >= FRAME_EVERY;
            if dirty && due && !pace.is_busy() {
                if std::mem::take(&mut forgotten) {
                    // Not `clear`: that asks the terminal where its cursor is, and the answer goes to the event stream.
                    let size = screen.terminal.size()?;
                    screen.terminal.resize(Rect::new(0, 0, size.width, size.height))?;
                }
                screen.terminal.draw(|frame| draw(frame, &self.app, look))?;
                dirty = false;
                awaited = false;
                painted = now_instant();
            }
        }
        drop(screen);
        self.finish();
        Ok(self.app)
    }

    /// Takes what the terminal says; whether it may have forgotten what was on it.
    fn event(&mut self, event: Option<io::Result<Event>>) -> bool {
        match event {
            Some(Ok(event)) => match translate(event) {
                Some(Input::Key(key)) => self.take(Message::Key(key)),
                Some(Input::Paste(text)) => self.take(Message::Paste(text)),
                Some(Input::Resize(columns, rows)) => {
                    self.take(Message::Resize(columns, rows));
                    // A terminal that shrank and grew again has.
                    return true;
                }
                None => {}
            },
            // The other end of the SSH session is gone.
            Some(Err(_)) | None => self.take(Message::Signal("end of input")),
        }
        false
    }

    /// A cockpit without a screen: until `done` says so, or until the time is over.
    pub async fn until(&mut self, limit: Duration, mut done: impl FnMut(&App) -> bool) -> bool {
        let mut tick = tokio::time::interval(TICK);
        tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let over = tokio::time::sleep(limit);
        tokio::pin!(over);
        loop {
            if done(&self.app) {
                return true;
            }
            tokio::select! {
                message = self.inbox.recv() => {
                    if let Some(message) = message {
                        self.take(message);
                    }
                }
                _ = tick.tick() => self.take(Message::Tick),
                () = &mut over => return done(&self.app),
            }
        }
    }

    /// Leaves in good order: what was asked to be written is written.
    pub fn finish(&mut self) {
        if let Some(scribe) = self.scribe.take() {
            scribe.finish();
        }
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

struct Signals {
    terminate: Signal,
    hangup: Signal,
    interrupt: Signal,
}

impl Signals {
    fn new() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.hangup.recv() => "SIGHUP",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

/// The escape sequence that copies to the operator's own clipboard, through SSH (OSC 52).
fn osc52(text: &str) -> String {
    use base64::Engine as _;
    format!("\x1b]52;c;{}\x07", base64::engine::general_purpose::STANDARD.encode(text))
}
