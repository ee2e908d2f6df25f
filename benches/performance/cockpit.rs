//! The real binary, in a home of its own and a terminal that notes when each byte arrived.
//!
//! A time is that of the read that brought the bytes; what the emulator then makes of them costs nobody anything but
//! the wait for the next look. Refuses to wait for ever: a program that does not do what it is waited for is told of,
//! with its screen.

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::RecvTimeoutError;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// The binary that is measured.
pub fn binary() -> PathBuf {
    let everyday = PathBuf::from(env!("CARGO_BIN_EXE_blackstart"));
    if is_shipped() { shipped().unwrap_or(everyday) } else { everyday }
}

/// Whether what is shipped is measured, and not what was built with the benchmarks.
pub fn is_shipped() -> bool {
    std::env::args().any(|argument| argument == "--shipped")
}

/// What `cargo build --profile dist` makes, beside the folder that this benchmark was built into: `target/release/deps/…`.
pub fn shipped() -> Option<PathBuf> {
    let path = std::env::current_exe().ok()?.ancestors().nth(3)?.join("dist/blackstart");
    path.exists().then_some(path)
}
/// Columns and rows of the terminal that the screens are designed for.
pub const DESIGN: (u16, u16) = (140, 45);
/// How long anything may take to appear.
const PATIENCE: Duration = Duration::from_secs(60);

/// Where the folders of homes are, and how each of them begins: with whose it is.
const TEMPORARY: &str = env!("CARGO_TARGET_TMPDIR");
const FOLDER: &str = "performance-";

/// Removes the folders of runs that were killed before they could.
pub fn remove_abandoned() {
    for entry in std::fs::read_dir(TEMPORARY).into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let Some(owner) = name.strip_prefix(FOLDER).and_then(|rest| rest.split('-').next()) else { continue };
        if !Path::new("/proc").join(owner).exists() {
            let _ = std::fs::remove_dir_all(entry.path());
        }
    }
}

/// A user's surroundings: home, XDG folders, environment. On the disk that holds the build, which has to be a real one:
/// a log on a file system in memory is not brought to any disk.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

impl Home {
    /// An empty one, with keys that open nothing.
    pub fn new(endpoint: &str) -> Self {
        let prefix = format!("{FOLDER}{}-", std::process::id());
        let folder = tempfile::Builder::new().prefix(&prefix).tempdir_in(TEMPORARY).expect("a folder");
        let own = folder.path().display().to_string();
        let at = |place: &str| format!("{own}/{place}");
        let environment = [
            ("HOME", own.clone()),
            ("XDG_CONFIG_HOME", at("config")),
            ("XDG_STATE_HOME", at("state")),
            ("XDG_CACHE_HOME", at("cache")),
            ("PATH", "/usr/local/bin:/usr/bin:/bin".into()),
            ("USER", "adam".into()),
            ("LANG", "C.UTF-8".into()),
            ("TZ", "UTC".into()),
            ("TERM", "xterm-256color".into()),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("AWS_CONFIG_FILE", at(".aws/config")),
            ("AWS_SHARED_CREDENTIALS_FILE", at(".aws/credentials")),
            ("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE".into()),
            ("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into()),
            ("AWS_ENDPOINT_URL", endpoint.to_owned()),
        ];
        let environment = environment.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
        Self { folder, environment }
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// A logbook of that name, for `--logbook`.
    pub fn logbook(&self, name: &str) -> PathBuf {
        self.path().join(name)
    }

    /// Another program's command in these surroundings.
    pub fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env_clear().envs(&self.environment).current_dir(self.path()).stdin(Stdio::null());
        command
    }

    /// Runs the binary to its end; how long that took, and its exit code.
    pub fn run(&self, arguments: &[&str]) -> (Duration, Option<i32>) {
        let mut command = self.command(&binary());
        command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
        let begin = Instant::now();
        let mut child = command.spawn().expect("the binary runs");
        let (ended, waiting) = std::sync::mpsc::channel::<()>();
        let pid = child.id().to_string();
        // Ends it when its time is over; the wait itself blocks, so that it ends the time with the program.
        let guard = std::thread::spawn(move || {
            if waiting.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &pid]).status();
            }
        });
        let status = child.wait().expect("a child can be waited for");
        let took = begin.elapsed();
        drop(ended);
        let _ = guard.join();
        (took, status.code())
    }
}

struct Received {
    parser: vt100::Parser,
    bytes: usize,
    /// When the newest bytes were read.
    at: Instant,
    ended: bool,
}

/// The binary in a terminal.
pub struct Cockpit {
    /// Held, or the program would be told that its terminal is gone.
    _master: Box<dyn MasterPty + Send>,
    writer: Arc<Mutex<Box<dyn Write + Send>>>,
    child: Box<dyn Child + Send + Sync>,
    received: Arc<(Mutex<Received>, Condvar)>,
    /// When it was started.
    pub started: Instant,
}

impl Cockpit {
    /// Starts it in a terminal of the design's size.
    pub fn start(home: &Home, arguments: &[&str]) -> Self {
        let (columns, rows) = DESIGN;
        let size = PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo-terminal");
        let mut command = CommandBuilder::new(binary());
        command.args(arguments);
        command.env_clear();
        for (name, value) in &home.environment {
            command.env(name, value);
        }
        command.cwd(home.path());
        let mut reader = pair.master.try_clone_reader().expect("a reader");
        let writer = Arc::new(Mutex::new(pair.master.take_writer().expect("a writer")));
        let some = |cells| NonZeroU16::new(cells).expect("a terminal has cells");
        let started = Instant::now();
        let parser = vt100::Parser::new(some(rows), some(columns), 0);
        let received =
            Arc::new((Mutex::new(Received { parser, bytes: 0, at: started, ended: false }), Condvar::new()));
        let (shared, replies) = (Arc::clone(&received), Arc::clone(&writer));
        std::thread::Builder::new()
            .name("terminal".to_owned())
            .spawn(move || {
                let mut buffer = [0; 65536];
                loop {
                    let count = reader.read(&mut buffer).unwrap_or(0);
                    let at = Instant::now();
                    let (lock, changed) = &*shared;
                    let mut received = lock.lock().expect("unpoisoned");
                    if count == 0 {
                        received.ended = true;
                        changed.notify_all();
                        return;
                    }
                    received.at = at;
                    received.bytes += count;
                    received.parser.process(&buffer[..count]);
                    changed.notify_all();
                    drop(received);
                    if buffer[..count].windows(4).any(|window| window == b"\x1b[6n") {
                        let _ = replies.lock().expect("unpoisoned").write_all(b"\x1b[1;1R");
                    }
                }
            })
            .expect("a thread");
        let child = pair.slave.spawn_command(command).expect("the binary starts");
        // Ours must be closed, or the program's end would never be the terminal's.
        drop(pair.slave);
        Self { _master: pair.master, writer, child, received, started }
    }

    fn lock(&self) -> MutexGuard<'_, Received> {
        self.received.0.lock().expect("unpoisoned")
    }

    /// Waits until the screen is as wanted: when the bytes came that made it so.
    pub fn wait_until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> Instant {
        let begin = Instant::now();
        let mut received = self.lock();
        while !wanted(received.parser.screen()) {
            let left = PATIENCE.saturating_sub(begin.elapsed());
            if left.is_zero() || received.ended {
                let screen = received.parser.screen().contents();
                drop(received);
                panic!("waited for {what}; the screen:\n{screen}");
            }
            received = self.received.1.wait_timeout(received, left).expect("unpoisoned").0;
        }
        received.at
    }

    /// Waits until this is on the screen.
    pub fn wait_for(&self, text: &str) -> Instant {
        self.wait_until(&format!("{text:?}"), |screen| screen.contents().contains(text))
    }

    /// Waits until nothing has come for so long; what has come in all, in bytes.
    pub fn settle(&self, quiet: Duration) -> usize {
        let mut received = self.lock();
        let begin = Instant::now();
        loop {
            let waited = self.received.1.wait_timeout(received, quiet).expect("unpoisoned");
            received = waited.0;
            if waited.1.timed_out() || begin.elapsed() > PATIENCE {
                return received.bytes;
            }
        }
    }

    /// What is to be seen on the screen now.
    pub fn look<T>(&self, see: impl Fn(&vt100::Screen) -> T) -> T {
        see(self.lock().parser.screen())
    }

    /// Bytes received so far.
    pub fn bytes(&self) -> usize {
        self.lock().bytes
    }

    /// Types, and says when.
    pub fn send(&self, bytes: &[u8]) -> Instant {
        let mut writer = self.writer.lock().expect("unpoisoned");
        let at = Instant::now();
        let _ = writer.write_all(bytes).and_then(|()| writer.flush());
        at
    }

    /// Types, and waits until the screen is as wanted: milliseconds from the key to the bytes of that frame.
    pub fn key_to_frame(&self, bytes: &[u8], what: &str, wanted: impl Fn(&vt100::Screen) -> bool) -> f64 {
        let sent = self.send(bytes);
        let painted = self.wait_until(what, wanted);
        painted.saturating_duration_since(sent).as_secs_f64() * 1e3
    }

    fn pid(&self) -> u32 {
        self.child.process_id().unwrap_or_default()
    }

    /// Resident memory now, and the most so far, in MB of 10^6 bytes.
    pub fn memory(&self) -> (f64, f64) {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap_or_default();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let kib: Option<f64> = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            kib.unwrap_or_default() * 1024.0 / 1e6
        };
        (field("VmRSS:"), field("VmHWM:"))
    }

    /// Processor time of all its threads so far, in seconds.
    pub fn processor_time(&self) -> f64 {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.pid())).into_iter().flatten().flatten();
        let nanoseconds = tasks.filter_map(|task| {
            let text = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            text.split_whitespace().next()?.parse::<u64>().ok()
        });
        nanoseconds.sum::<u64>() as f64 / 1e9
    }

    /// Leaves it, and waits for its end.
    pub fn quit(mut self) {
        self.send(b"\x1b");
        // A key that follows at once would make an Alt chord of it.
        std::thread::sleep(Duration::from_millis(100));
        self.send(b"q");
        let begin = Instant::now();
        while begin.elapsed() < Duration::from_secs(10) {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Cockpit {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The text of the row under the pointer.
pub fn pointed_at(screen: &vt100::Screen) -> Option<String> {
    let (rows, columns) = screen.size();
    let at = (0..rows.get()).find(|row| screen.cell(*row, 0).is_some_and(|cell| cell.contents() == "▌"))?;
    screen.rows(0, columns.get()).nth(usize::from(at))
}
