//! The real binary in a pseudo-terminal, with a terminal emulator reading what it paints: what a user types, what a user
//! sees, and whether the terminal is left as it was found.
//!
//! Nothing here sleeps for a fixed time: every wait is for something on the screen, or for the end, with an upper bound
//! that only a broken program reaches.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;
use nix::sys::termios::LocalFlags;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use super::cli::{BINARY, Home};

/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);

/// What the terminal has received.
struct Received {
    parser: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
    /// Nobody reads for now.
    paused: bool,
    /// The other end goes away with the next byte that arrives.
    hung_up: bool,
}

/// A program in a terminal.
pub struct Pty {
    /// Ours, until it hangs up.
    master: Option<Box<dyn MasterPty + Send>>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    received: Arc<(Mutex<Received>, Condvar)>,
    /// Whether the terminal echoed and read by lines when the program started.
    flags_before: u64,
    code: Option<u32>,
}

/// Size of the smallest supported terminal.
pub const SMALL: (u16, u16) = (80, 24);
/// Size that the screens are designed for.
pub const DESIGN: (u16, u16) = (140, 45);

impl Pty {
    /// Starts the binary in a terminal of (columns, rows).
    pub fn start(home: &Home, size: (u16, u16), arguments: &[&str]) -> Self {
        Self::program(home, size, Path::new(BINARY), arguments)
    }

    /// Starts another program.
    pub fn program(home: &Home, (columns, rows): (u16, u16), program: &Path, arguments: &[&str]) -> Self {
        let pair = native_pty_system()
            .openpty(PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 })
            .unwrap();
        let mut command = CommandBuilder::new(program);
        command.args(arguments);
        command.env_clear();
        for (name, value) in home.environment() {
            command.env(name, value);
        }
        command.cwd(home.path());
        let flags_before = flags(pair.master.as_ref());
        let child = pair.slave.spawn_command(command).unwrap();
        // Ours must be closed, or the program's end would never be the terminal's.
        drop(pair.slave);
        let mut reader = pair.master.try_clone_reader().unwrap();
        let writer = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let received = Received {
            parser: vt100::Parser::new(some(rows), some(columns), 0),
            raw: Vec::new(),
            ended: false,
            paused: false,
            hung_up: false,
        };
        let received = Arc::new((Mutex::new(received), Condvar::new()));
        let (shared, replies) = (Arc::clone(&received), Arc::clone(&writer));
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || {
                let mut buffer = [0; 16384];
                loop {
                    let (lock, changed) = &*shared;
                    drop(changed.wait_while(lock.lock().unwrap(), |received| received.paused).unwrap());
                    let count = reader.read(&mut buffer).unwrap_or(0);
                    let mut received = lock.lock().unwrap();
                    if count == 0 || received.hung_up {
                        received.ended = true;
                        changed.notify_all();
                        return;
                    }
                    let chunk = &buffer[..count];
                    received.raw.extend_from_slice(chunk);
                    received.parser.process(chunk);
                    let (row, column) = received.parser.screen().cursor_position();
                    changed.notify_all();
                    drop(received);
                    // What every terminal answers: where the cursor is, and what it is.
                    let has = |what: &[u8]| chunk.windows(what.len()).any(|window| window == what);
                    if has(b"\x1b[6n") {
                        let _ = write!(replies.lock().unwrap(), "\x1b[{};{}R", row + 1, column + 1);
                    }
                    if has(b"\x1b[c") {
                        let _ = replies.lock().unwrap().write_all(b"\x1b[?62;c");
                    }
                }
            })
            .unwrap();
        Self { master: Some(pair.master), writer, child, received, flags_before, code: None }
    }

    // ---- seeing

    /// The screen, without the blanks at the ends of its lines.
    pub fn screen(&self) -> String {
        contents(&self.lock())
    }

    /// The line of the screen that holds this text.
    #[track_caller]
    pub fn line_with(&self, text: &str) -> String {
        let screen = self.screen();
        let line = screen.lines().find(|line| line.contains(text));
        line.unwrap_or_else(|| panic!("no line with {text:?} on the screen:\n{}", framed(&screen))).to_owned()
    }

    /// Waits until the text is on the screen, and gives the screen.
    #[track_caller]
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} on the screen"), |screen| screen.contains(text))
    }

    /// Waits until the text is gone from the screen, and gives the screen.
    #[track_caller]
    pub fn wait_gone(&self, text: &str) -> String {
        self.wait_until(&format!("{text:?} gone from the screen"), |screen| !screen.contains(text))
    }

    /// Waits until the screen is as wanted, and gives it.
    #[track_caller]
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&str) -> bool) -> String {
        let begin = Instant::now();
        let mut received = self.lock();
        loop {
            let screen = contents(&received);
            if wanted(&screen) {
                return screen;
            }
            let left = PATIENCE.saturating_sub(begin.elapsed());
            if left.is_zero() || received.ended {
                let why = if received.ended { "the program ended" } else { "time ran out" };
                drop(received);
                panic!("waited for {what}: {why}; the screen:\n{}", framed(&screen));
            }
            received = self.received.1.wait_timeout(received, left).unwrap().0;
        }
    }

    /// Every byte that the program has written.
    pub fn raw(&self) -> Vec<u8> {
        self.lock().raw.clone()
    }

    /// The program's process id.
    pub fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    // ---- doing

    /// Presses a key: a character, or `Enter Esc Tab BackTab Backspace Up Down Left Right Home End PageUp PageDown
    /// Delete Space F1`… `F4`, or `ctrl-` and a letter. After `Esc` wait for what it does before the next key: a byte
    /// that follows at once makes an Alt chord of it, in any terminal.
    pub fn press(&self, key: &str) {
        let bytes: Vec<u8> = match key {
            "Enter" => b"\r".to_vec(),
            "Esc" => b"\x1b".to_vec(),
            "Tab" => b"\t".to_vec(),
            "BackTab" => b"\x1b[Z".to_vec(),
            "Backspace" => b"\x7f".to_vec(),
            "Space" => b" ".to_vec(),
            "Up" => b"\x1b[A".to_vec(),
            "Down" => b"\x1b[B".to_vec(),
            "Right" => b"\x1b[C".to_vec(),
            "Left" => b"\x1b[D".to_vec(),
            "Home" => b"\x1b[H".to_vec(),
            "End" => b"\x1b[F".to_vec(),
            "PageUp" => b"\x1b[5~".to_vec(),
            "PageDown" => b"\x1b[6~".to_vec(),
            "Delete" => b"\x1b[3~".to_vec(),
            "F1" => b"\x1bOP".to_vec(),
            "F2" => b"\x1bOQ".to_vec(),
            "F3" => b"\x1bOR".to_vec(),
            "F4" => b"\x1bOS".to_vec(),
            key => match key.strip_prefix("ctrl-").map(str::as_bytes) {
                Some([letter]) => vec![letter.to_ascii_lowercase() & 0x1f],
                _ => {
                    assert_eq!(key.chars().count(), 1, "no key is called {key:?}");
                    key.as_bytes().to_vec()
                }
            },
        };
        self.send(&bytes);
    }

    /// Types a text, character by character.
    pub fn type_text(&self, text: &str) {
        self.send(text.as_bytes());
    }

    /// Presses Enter.
    pub fn press_enter(&self) {
        self.press("Enter");
    }

    /// Sends bytes as they are. A program that has ended takes none, and is told of by the next wait.
    pub fn send(&self, bytes: &[u8]) {
        let mut writer = self.writer.lock().unwrap();
        let _ = writer.write_all(bytes).and_then(|()| writer.flush());
    }

    /// Makes the terminal another size, in (columns, rows).
    pub fn resize(&self, (columns, rows): (u16, u16)) {
        // The emulator has no screen without cells; the program may well be told so.
        self.lock().parser.screen_mut().set_size(some(rows.max(1)), some(columns.max(1)));
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
    }

    /// Stops reading what the program writes, once what is on its way has arrived.
    pub fn stop_reading(&self) {
        self.lock().paused = true;
    }

    /// Reads on.
    pub fn read_on(&self) {
        self.lock().paused = false;
        self.received.1.notify_all();
    }

    /// The other end goes away, as when an SSH connection breaks: at the program's next word.
    pub fn hang_up(&mut self) {
        self.lock().hung_up = true;
        *self.writer.lock().unwrap() = Box::new(std::io::sink());
        self.master = None;
    }

    /// Waits until that has happened.
    #[track_caller]
    pub fn wait_hung_up(&self) {
        let begin = Instant::now();
        let mut received = self.lock();
        while !received.ended {
            assert!(begin.elapsed() < PATIENCE, "it says nothing any more");
            received = self.received.1.wait_timeout(received, Duration::from_millis(100)).unwrap().0;
        }
    }

    /// Whether the alternate screen is shown.
    pub fn in_alternate_screen(&self) -> bool {
        self.lock().parser.screen().alternate_screen()
    }

    /// Waits for something outside of the screen.
    #[track_caller]
    pub fn wait_while_running(&mut self, what: &str, mut holds: impl FnMut() -> bool) {
        let begin = Instant::now();
        while !holds() {
            let running = self.child.try_wait().unwrap().is_none();
            assert!(running, "waited for {what}: the program ended");
            assert!(
                begin.elapsed() < PATIENCE,
                "waited for {what}: time ran out\n{}",
                framed(&self.screen())
            );
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Whether echo and line reading are as they were when the program started.
    pub fn is_cooked(&self) -> bool {
        self.master.as_ref().is_some_and(|master| flags(master.as_ref()) == self.flags_before)
    }

    /// Sends the program a signal.
    pub fn signal(&self, signal: Signal) {
        let pid = nix::unistd::Pid::from_raw(self.pid().try_into().unwrap());
        nix::sys::signal::kill(pid, signal).unwrap();
    }

    // ---- ending

    /// Waits for the end, and until all that was written is read; gives the exit code. A signal's is 1, as the pseudo-
    /// terminal's library has it.
    #[track_caller]
    pub fn wait_exit(&mut self) -> u32 {
        if let Some(code) = self.code {
            return code;
        }
        let begin = Instant::now();
        let code = loop {
            match self.child.try_wait().unwrap() {
                Some(status) => break status.exit_code(),
                None if begin.elapsed() > PATIENCE => {
                    panic!("the program did not end; the screen:\n{}", framed(&self.screen()))
                }
                None => std::thread::sleep(Duration::from_millis(2)),
            }
        };
        self.code = Some(code);
        self.read_on();
        let mut received = self.lock();
        while !received.ended && begin.elapsed() < PATIENCE {
            received = self.received.1.wait_timeout(received, Duration::from_millis(100)).unwrap().0;
        }
        drop(received);
        code
    }

    /// Fails unless the terminal was left as it was found: the alternate screen left, the cursor shown, mouse and paste
    /// reports off, echo and line reading back. Only after [`Self::wait_exit`].
    #[track_caller]
    pub fn assert_restored(&self) {
        assert!(self.code.is_some(), "wait_exit first");
        let raw = self.raw();
        let tail =
            || String::from_utf8_lossy(&raw[raw.len().saturating_sub(400)..]).escape_debug().to_string();
        for (what, bad, good) in [
            ("the alternate screen was not left", "\x1b[?1049h", "\x1b[?1049l"),
            ("the cursor is hidden", "\x1b[?25l", "\x1b[?25h"),
            ("mouse clicks are still reported", "\x1b[?1000h", "\x1b[?1000l"),
            ("mouse moves are still reported", "\x1b[?1003h", "\x1b[?1003l"),
            ("pastes are still bracketed", "\x1b[?2004h", "\x1b[?2004l"),
        ] {
            assert!(last(&raw, bad) <= last(&raw, good), "{what}; the last bytes: {}", tail());
        }
        let after = flags(self.master.as_ref().unwrap().as_ref());
        assert_eq!(
            after,
            self.flags_before,
            "echo or line reading was not given back; the last bytes: {}",
            tail()
        );
    }

    /// Whether the program ever entered the alternate screen.
    pub fn entered_alternate_screen(&self) -> bool {
        last(&self.raw(), "\x1b[?1049h").is_some()
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        self.received.0.lock().unwrap()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the terminal, when the test failed:\n{}", framed(&self.screen()));
        }
        if self.code.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A number of `/proc/PID/status`, by its name.
pub fn of_status(pid: u32, name: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|rest| rest.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}

/// Processor time that a process has used, in milliseconds.
pub fn cpu_ms(pid: u32) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // User and system time, in hundredths.
    [11, 12].iter().filter_map(|at| fields.get(*at)?.parse::<u64>().ok()).sum::<u64>() * 10
}

/// The last place of a sequence; nothing comes before anything.
fn last(raw: &[u8], sequence: &str) -> Option<usize> {
    raw.windows(sequence.len()).rposition(|window| window == sequence.as_bytes())
}

/// Whether the terminal echoes, and whether it reads by lines.
fn flags(master: &dyn MasterPty) -> u64 {
    let wanted = u64::from((LocalFlags::ECHO | LocalFlags::ICANON | LocalFlags::ISIG).bits());
    master.get_termios().map_or(0, |termios| u64::from(termios.local_flags.bits()) & wanted)
}

fn some(cells: u16) -> NonZeroU16 {
    NonZeroU16::new(cells).expect("a terminal has cells")
}

fn contents(received: &Received) -> String {
    received.parser.screen().contents()
}

fn framed(screen: &str) -> String {
    screen.lines().map(|line| format!("  | {line}\n")).collect()
}
