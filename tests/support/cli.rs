//! A home for one test, with nothing of the machine's in it, and the binary run there to its end.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use super::moto::Account;
use super::standin::StandIn;

/// How long the binary may take. It takes milliseconds; a loaded machine takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// The binary under test.
pub const BINARY: &str = env!("CARGO_BIN_EXE_blackstart");

/// A user's surroundings: home, XDG folders, environment.
#[derive(Debug)]
pub struct Home {
    folder: tempfile::TempDir,
    environment: BTreeMap<String, String>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ran {
    /// The exit code; `None` when a signal ended it.
    pub code: Option<i32>,
    /// What it printed.
    pub stdout: String,
    /// What it complained.
    pub stderr: String,
}

impl Home {
    /// An empty one: no configuration, no credentials, no metadata service.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut home = Self { folder, environment: BTreeMap::new() };
        for (name, place) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_DATA_HOME", "data"),
            ("TMPDIR", "tmp"),
        ] {
            let path = home.path().join(place);
            fs::create_dir_all(&path).unwrap();
            home = home.with(name, &path.display().to_string());
        }
        let own = home.path().display().to_string();
        home.with("HOME", &own)
            .with("PATH", "/usr/local/bin:/usr/bin:/bin")
            .with("USER", "adam")
            .with("LANG", "C.UTF-8")
            .with("TZ", "UTC")
            .with("TERM", "xterm-256color")
            .with("AWS_EC2_METADATA_DISABLED", "true")
            .with("AWS_CONFIG_FILE", &format!("{own}/.aws/config"))
            .with("AWS_SHARED_CREDENTIALS_FILE", &format!("{own}/.aws/credentials"))
    }

    /// One whose credentials are those of the account and whose endpoint is the stand-in.
    pub fn of(standin: &StandIn, account: &Account) -> Self {
        Self::new()
            .with("AWS_ENDPOINT_URL", &standin.url())
            .with("AWS_ACCESS_KEY_ID", &account.access_key)
            .with("AWS_SECRET_ACCESS_KEY", &account.secret_key)
            .with("AWS_SESSION_TOKEN", &account.session_token)
    }

    /// With this variable.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// Without this variable.
    pub fn without(mut self, name: &str) -> Self {
        self.environment.remove(name);
        self
    }

    /// With this file, by its path under the home: `(".aws/credentials", …)`, `("config/blackstart/config.toml", …)`.
    pub fn file(self, place: &str, text: &str) -> Self {
        let path = self.path().join(place);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// With this configuration, where the binary finds it by itself.
    pub fn config(self, toml: &str) -> Self {
        self.file("config/blackstart/config.toml", toml)
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The logbook of an estate of that name, where the binary puts it by itself.
    pub fn logbook(&self, estate: &str) -> PathBuf {
        self.path().join("state/blackstart").join(estate)
    }

    /// The environment, whole.
    pub fn environment(&self) -> impl Iterator<Item = (&str, &str)> {
        self.environment.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Runs the binary to its end, with no terminal and nothing on stdin.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        self.run_program(Path::new(BINARY), arguments)
    }

    /// The same for another program.
    pub fn run_program(&self, program: &Path, arguments: &[&str]) -> Ran {
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(self.environment())
            .current_dir(self.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|e| panic!("{}: {e}", program.display()));
        let pid = child.id();
        let (send, ended) = mpsc::channel();
        std::thread::spawn(move || send.send(child.wait_with_output()));
        let Ok(output) = ended.recv_timeout(PATIENCE) else {
            let pid = nix::unistd::Pid::from_raw(pid.try_into().unwrap());
            let _ = nix::sys::signal::kill(pid, nix::sys::signal::Signal::SIGKILL);
            panic!("blackstart {arguments:?} did not end within {PATIENCE:?}");
        };
        let output = output.unwrap();
        Ran {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}

impl Ran {
    /// Fails, with all that was said, unless it ended with that code.
    #[track_caller]
    pub fn expect_code(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }

    /// What it printed, as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|e| panic!("not JSON: {e}\nstdout:\n{}\nstderr:\n{}", self.stdout, self.stderr))
    }
}
