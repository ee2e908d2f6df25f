//! The clock, the disk and the program's own threads, made to fail under the real binary at the moment that a test wants:
//! by a library that is loaded before the C library (`ground.c`).

use super::cli::Home;
use std::fs::{File, OpenOptions};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// What to do under a program; the order is that of `struct trouble` in `ground.c`.
#[derive(Debug, Clone, Copy)]
enum Place {
    ClockMoved = 0,
    Disk = 1,
    SyncFails = 2,
    Breaks = 3,
    Intents = 4,
}

/// What a disk does instead of taking what is written.
#[derive(Debug, Clone, Copy)]
pub enum Disk {
    /// It does as it is asked.
    Takes = 0,
    /// It has no room.
    Full = 1,
    /// It has room for half a line.
    NearlyFull = 2,
    /// It does not answer.
    Hangs = 3,
}

/// A part of the cockpit that panics, once, at its next step.
#[derive(Debug, Clone, Copy)]
pub enum Part {
    /// None any more.
    None = 0,
    /// The loop around the state.
    Loop = 1,
    /// A task that asks AWS.
    Task = 2,
    /// The thread that writes the log.
    Scribe = 3,
    /// The thread that writes to the terminal.
    Painter = 4,
}

/// Trouble for the programs of a home.
#[derive(Debug)]
pub struct Trouble {
    file: File,
}

impl Trouble {
    /// A home whose programs have this under them. Nothing is wrong yet.
    pub fn under(home: Home) -> (Home, Self) {
        let path = home.path().join("ground");
        let file = OpenOptions::new().create_new(true).read(true).write(true).open(&path).unwrap();
        file.write_all_at(&[0; 40], 0).unwrap();
        let library = library().to_str().unwrap().to_owned();
        let home = home.with("LD_PRELOAD", &library).with("BLACKSTART_TEST_GROUND", path.to_str().unwrap());
        (home, Self { file })
    }

    fn set(&self, place: Place, value: i64) {
        self.file.write_all_at(&value.to_le_bytes(), place as u64 * 8).unwrap();
    }

    /// Moves the system's clock, as seen from the programs: so many seconds from the true time.
    pub fn move_clock(&self, seconds: i64) {
        self.set(Place::ClockMoved, seconds);
    }

    /// What the disk does from now on.
    pub fn disk(&self, disk: Disk) {
        self.set(Place::Disk, disk as i64);
    }

    /// Whether fsync fails from now on.
    pub fn sync_fails(&self, fails: bool) {
        self.set(Place::SyncFails, i64::from(fails));
    }

    /// The next line that announces a call waits on its way to the disk: everything before the call has been looked at, and
    /// the call is not made.
    pub fn hold_intents(&self) {
        self.set(Place::Intents, 1);
    }

    /// Waits until one does.
    pub fn wait_for_intent(&self) {
        let begin = Instant::now();
        let mut value = [0; 8];
        while i64::from_le_bytes(value) != 2 {
            assert!(begin.elapsed() < Duration::from_secs(60), "no call was announced in a minute");
            std::thread::sleep(Duration::from_millis(5));
            self.file.read_exact_at(&mut value, Place::Intents as u64 * 8).unwrap();
        }
    }

    /// It goes on.
    pub fn let_intents_go(&self) {
        self.set(Place::Intents, 0);
    }

    /// Makes a part panic.
    pub fn break_off(&self, part: Part) {
        self.set(Place::Breaks, part as i64);
    }
}

/// The library, compiled once.
fn library() -> &'static Path {
    static LIBRARY: OnceLock<PathBuf> = OnceLock::new();
    LIBRARY.get_or_init(|| {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/ground.c");
        let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ground-{}.so", std::process::id()));
        let flags = ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"];
        let status = Command::new("cc").args(flags).arg(&made).arg(&source).arg("-ldl").status();
        assert!(status.expect("a C compiler").success(), "{} does not compile", source.display());
        made
    })
}
