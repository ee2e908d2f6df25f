//! The terminal: entered, given back for a while, left always. The only place that knows crossterm.
//!
//! Output goes through a thread of its own: a terminal that stops reading makes frames wait, never the cockpit. One frame
//! waits at most; what comes after it is drawn when it is through, so a slow link sees the newest and no backlog.

use crate::app::keys::{Key, KeyCode};
use crossterm::event::{
    DisableBracketedPaste, EnableBracketedPaste, Event, KeyCode as Code, KeyEvent, KeyEventKind, KeyModifiers,
};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{cursor, queue};
use nix::sys::termios::{FlushArg, tcflush, tcgetattr};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// The terminal took nothing and never will.
    failed: Arc<AtomicBool>,
    /// Frames that a bug of the painter cost.
    broken: Arc<AtomicUsize>,
    painted: Arc<Notify>,
}

/// The longest a terminal that does not read may hold up leaving.
const LEAVING_LIMIT: Duration = Duration::from_millis(300);
/// The longest a terminal that does not read may hold up what comes after the first frame.
const FIRST_FRAME_LIMIT: Duration = Duration::from_millis(250);
/// Bytes written at once: whoever leaves waits for one such piece, not for a frame.
const PIECE: usize = 1024;
/// Bytes from which on a frame is announced as one (DEC mode 2026), so that a terminal that knows it does not show half of
/// it. Small ones are through before anybody looks, and idle links stay idle.
const WHOLE_FROM: usize = 1024;
const BEGIN_WHOLE: &[u8] = b"\x1b[?2026h";
const END_WHOLE: &[u8] = b"\x1b[?2026l";
/// Ends whatever sequence a terminal may be inside of.
const END_SEQUENCE: &[u8] = b"\x18\x1b\\";
/// Frames that a bug of the painter may cost before the terminal is given up.
const BREAKS_LIMIT: usize = 3;

impl Pace {
    /// Whether the terminal is still taking the last frame.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        *self.frames() > 0
    }

    /// Whether the terminal refused a frame: it is gone.
    #[must_use]
    pub fn has_failed(&self) -> bool {
        self.failed.load(Ordering::Acquire)
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

    /// Waits until what is being painted is through; whether it was, within the limit.
    fn settle(&self) -> bool {
        let waited = self.waiting.1.wait_timeout_while(self.frames(), LEAVING_LIMIT, |frames| *frames > 0);
        !waited.unwrap_or_else(PoisonError::into_inner).1.timed_out()
    }

    /// Paints nothing more. Whether the terminal took what it was given: if not, that was thrown away.
    fn close(&self) -> bool {
        self.closed.store(true, Ordering::Release);
        if self.settle() {
            return true;
        }
        // Nobody reads. What waits in the line is dropped, so that the painter comes free and the last words fit in.
        let _ = tcflush(io::stdout(), FlushArg::TCOFLUSH);
        self.settle();
        false
    }

    /// Waits until the terminal took a frame.
    pub async fn painted(&self) {
        self.painted.notified().await;
    }

    /// Waits until the terminal has taken the first frame: one that does not read must not keep the cockpit from its work.
    pub async fn first_frame(&self) {
        let taken = async {
            while self.is_busy() {
                self.painted().await;
            }
        };
        let _ = tokio::time::timeout(FIRST_FRAME_LIMIT, taken).await;
    }

    /// After a bug in the painter: what was half painted is ended, and the next frame is to be a whole one. Whoever breaks
    /// off again and again shows nothing, and is as good as gone.
    fn break_off(&self, out: &mut impl Write) {
        if self.broken.fetch_add(1, Ordering::AcqRel) >= BREAKS_LIMIT || out.write_all(END_SEQUENCE).is_err()
        {
            self.failed.store(true, Ordering::Release);
        }
    }

    /// Frames that a bug of the painter cost so far.
    #[must_use]
    pub fn broken(&self) -> usize {
        self.broken.load(Ordering::Acquire)
    }

    /// Writes a frame, piece by piece, until it is through or nobody wants it any more.
    fn paint(&self, out: &mut impl Write, frame: &[u8]) {
        for piece in frame.chunks(PIECE) {
            if self.closed.load(Ordering::Acquire) {
                return;
            }
            if out.write_all(piece).is_err() {
                self.failed.store(true, Ordering::Release);
                return;
            }
        }
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
        let mut frame = std::mem::take(&mut self.bytes);
        if frame.len() >= WHOLE_FROM {
            frame = [BEGIN_WHOLE, &frame, END_WHOLE].concat();
        }
        self.pace.handed_over();
        self.frames.send(frame).map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "the terminal is gone"))
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
        // Not through `io::stdout`: a terminal that does not read would keep its lock, and leaving needs it.
        let mut out = direct()?;
        take_over(&mut out)?;
        let pace = Pace::default();
        let closing = pace.clone();
        let before = std::panic::take_hook();
        let drawing = std::thread::current().id();
        std::panic::set_hook(Box::new(move |info: &PanicHookInfo<'_>| {
            // A panic in a task is an answer like any other (see `driver`), and the screen stays. One in the loop ends
            // the cockpit, and the message must land on a terminal that shows it.
            if std::thread::current().id() == drawing {
                restore(closing.close());
                before(info);
            }
        }));
        let (frames, inbox) = channel::<Vec<u8>>();
        let painter = pace.clone();
        std::thread::Builder::new().name("painter".into()).spawn(move || {
            while let Ok(frame) = inbox.recv() {
                if catch_unwind(AssertUnwindSafe(|| painter.paint(&mut out, &frame))).is_err() {
                    painter.break_off(&mut out);
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

    /// Whether the other end is gone, be it that nobody was told: a line that hung up has no attributes any more.
    #[must_use]
    pub fn is_gone(&self) -> bool {
        self.pace.has_failed() || tcgetattr(io::stdin()).is_err()
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

    /// Gives the terminal back for a while, to the shell.
    pub fn give_back(&mut self) {
        restore(self.pace.close());
    }

    /// Takes it over again, whoever had it in between and in whatever state they left it. All of it is to be painted anew.
    ///
    /// # Errors
    /// The terminal does not take it.
    pub fn take_again(&mut self) -> io::Result<()> {
        // Raw mode is only entered from outside of it; a shell may have left it for us.
        let _ = disable_raw_mode();
        take_over(&mut direct()?)?;
        self.pace.closed.store(false, Ordering::Release);
        Ok(())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        restore(self.pace.close());
    }
}

/// The terminal, past the lock and the buffer of `io::stdout`.
fn direct() -> io::Result<File> {
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

fn take_over(out: &mut File) -> io::Result<()> {
    enable_raw_mode()?;
    let mut words = Vec::new();
    let entered = queue!(words, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide);
    entered.and_then(|()| out.write_all(&words)).inspect_err(|_| drop(disable_raw_mode()))
}

/// Gives the terminal back: cursor, main screen, cooked mode. Harmless when called twice.
///
/// After a frame that was thrown away half-way the terminal may be inside a sequence: that is ended first.
fn restore(whole: bool) {
    let mut words = Vec::new();
    if !whole {
        words.extend_from_slice(END_SEQUENCE);
        words.extend_from_slice(END_WHOLE);
    }
    let _ = queue!(words, DisableBracketedPaste, LeaveAlternateScreen, cursor::Show);
    let (say, said) = channel();
    // From a thread, because a terminal that was told to hold (XOFF) takes not even this, and leaving must not wait.
    let writing = std::thread::Builder::new().name("restore".into()).spawn(move || {
        let _ = direct().and_then(|mut out| out.write_all(&words));
        let _ = say.send(());
    });
    if writing.is_ok() {
        let _ = said.recv_timeout(LEAVING_LIMIT);
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::clock::now_instant;

    #[tokio::test(start_paused = true)]
    async fn what_comes_after_the_first_frame_waits_for_it_and_not_for_ever() {
        let pace = Pace::default();
        let began = now_instant();
        pace.first_frame().await;
        assert_eq!(began.elapsed(), Duration::ZERO, "nothing is under way");
        pace.handed_over();
        pace.handed_over();
        let painter = pace.clone();
        let painting = tokio::spawn(async move {
            for _ in 0..2 {
                tokio::time::sleep(Duration::from_millis(40)).await;
                painter.taken();
            }
        });
        pace.first_frame().await;
        assert_eq!(began.elapsed(), Duration::from_millis(80), "all of it");
        assert!(painting.is_finished());
        pace.handed_over();
        pace.first_frame().await;
        assert_eq!(began.elapsed(), Duration::from_millis(80) + FIRST_FRAME_LIMIT, "nobody reads");
    }
}
