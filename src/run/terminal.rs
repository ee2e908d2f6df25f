//! The terminal: entered once, left always. The only place that knows crossterm.
//!
//! Output goes through a thread of its own: a terminal that stops reading makes frames wait, never the cockpit.

use crate::app::keys::{Key, KeyCode};
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::io::{self, Write};
use std::panic::PanicHookInfo;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The screen of a cockpit. Dropping it restores the terminal.
pub struct Screen {
    /// Where frames are drawn.
    pub terminal: Terminal<CrosstermBackend<Outlet>>,
    pace: Pace,
}

/// Whether the last frame has reached the terminal.
#[derive(Debug, Clone, Default)]
pub struct Pace {
    /// Frames handed over and not painted yet.
    waiting: Arc<(Mutex<usize>, Condvar)>,
    /// The terminal was given back: nothing more is painted.
    closed: Arc<AtomicBool>,
    painted: Arc<Notify>,
}

/// The longest a terminal that does not read may hold up leaving.
const LEAVING_LIMIT: Duration = Duration::from_millis(500);

impl Pace {
    /// Whether the terminal is still taking the last frame.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        *self.frames() > 0
    }

    fn frames(&self) -> MutexGuard<'_, usize> {
        // A counter has no state that a panic could leave half-done.
        self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn handed_over(&self) {
        *self.frames() += 1;
    }

    fn taken(&self) {
        let mut frames = self.frames();
        *frames = frames.saturating_sub(1);
        self.waiting.1.notify_all();
        self.painted.notify_one();
    }

    /// Paints nothing more, and waits until what is being painted is through.
    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        let _ = self.waiting.1.wait_timeout_while(self.frames(), LEAVING_LIMIT, |frames| *frames > 0);
    }

    /// Waits until the terminal took a frame.
    pub async fn painted(&self) {
        self.painted.notified().await;
    }
}

/// Collects a frame's bytes and hands them to the painter at each flush.
#[derive(Debug)]
pub struct Outlet {
    bytes: Vec<u8>,
    frames: Sender<Vec<u8>>,
    pace: Pace,
}

impl Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.bytes.is_empty() {
            return Ok(());
        }
        self.pace.handed_over();
        self.frames
            .send(std::mem::take(&mut self.bytes))
            .map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the terminal is gone"))
    }
}

impl std::fmt::Debug for Screen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Screen").field("pace", &self.pace).finish_non_exhaustive()
    }
}

impl Screen {
    /// Takes the terminal over: raw mode, alternate screen, bracketed paste. A panic anywhere gives it back.
    ///
    /// # Errors
    /// The terminal does not take it.
    pub fn enter() -> io::Result<Self> {
        enable_raw_mode()?;
        let restored = execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste, cursor::Hide);
        if let Err(error) = restored {
            let _ = disable_raw_mode();
            return Err(error);
        }
        let pace = Pace::default();
        let closing = pace.clone();
        let before = std::panic::take_hook();
        let drawing = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            // A panic in a task is an answer like any other (see `driver`), and the screen stays. One in the loop ends
            // the cockpit, and the message must land on a terminal that shows it.
            if std::thread::current().id() == drawing {
                closing.close();
                restore();
                before(info);
            }
        }));
        let (frames, inbox) = channel::<Vec<u8>>();
        let painter = pace.clone();
        std::thread::Builder::new().name("painter".into()).spawn(move || {
            while let Ok(frame) = inbox.recv() {
                if !painter.closed.load(Ordering::Acquire) {
                    let mut out = io::stdout().lock();
                    // A terminal that is gone is noticed by its end of input; there is nobody to tell here.
                    let _ = out.write_all(&frame).and_then(|()| out.flush());
                }
                painter.taken();
            }
        })?;
        let outlet = Outlet { bytes: Vec::new(), frames, pace: pace.clone() };
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(outlet))?, pace })
    }

    /// Whether, and when, the terminal has taken the last frame.
    #[must_use]
    pub fn pace(&self) -> Pace {
        self.pace.clone()
    }

    /// Writes something that is not part of a frame, between frames.
    ///
    /// # Errors
    /// The terminal is gone.
    pub fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        let out = self.terminal.backend_mut();
        out.write_all(bytes)?;
        Write::flush(out)
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.pace.close();
        restore();
    }
}

/// Gives the terminal back: cursor, main screen, cooked mode. Harmless when called twice.
fn restore() {
    let mut out = io::stdout();
    let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let _ = disable_raw_mode();
}

/// What the terminal said, in the cockpit's terms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key),
    /// Pasted text.
    Paste(String),
    /// A new size.
    Resize(u16, u16),
}

/// Translates an event; `None` for what the cockpit does not use.
#[must_use]
pub fn translate(event: Event) -> Option<Input> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => translate_key(key).map(Input::Key),
        Event::Paste(text) => Some(Input::Paste(text)),
        Event::Resize(columns, rows) => Some(Input::Resize(columns, rows)),
        Event::Key(_) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

fn translate_key(event: KeyEvent) -> Option<Key> {
    let mut shift = event.modifiers.contains(KeyModifiers::SHIFT);
    let code = match event.code {
        Code::Char(c) => {
            // A character already says whether shift was held.
            shift = false;
            KeyCode::Char(c)
        }
        Code::Enter => KeyCode::Enter,
        Code::Esc => KeyCode::Esc,
        Code::Tab => KeyCode::Tab,
        Code::BackTab => {
            shift = true;
            KeyCode::Tab
        }
        Code::Backspace => KeyCode::Backspace,
        Code::Delete => KeyCode::Delete,
        Code::Insert => KeyCode::Insert,
        Code::Up => KeyCode::Up,
        Code::Down => KeyCode::Down,
        Code::Left => KeyCode::Left,
        Code::Right => KeyCode::Right,
        Code::Home => KeyCode::Home,
        Code::End => KeyCode::End,
        Code::PageUp => KeyCode::PageUp,
        Code::PageDown => KeyCode::PageDown,
        Code::F(n) => KeyCode::F(n),
        _ => return None,
    };
    let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
    let alt = event.modifiers.contains(KeyModifiers::ALT);
    Some(Key::new(code, ctrl, alt, shift))
}
