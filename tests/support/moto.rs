//! moto, the AWS emulator: installed once into a virtual environment under the target folder, one server for the whole
//! test process, an account of its own for every test.
//!
//! `BLACKSTART_NO_MOTO=1` leaves out every test that needs it, and says so. Nothing is ever installed into the system.

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::http::{self, query};
use super::xml::Element;

/// How long moto may take to answer for the first time. It takes half a second; a loaded machine takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running moto server.
#[derive(Debug)]
pub struct Moto {
    /// Where it listens.
    pub address: SocketAddr,
    /// The Python of the environment, which has boto3 too.
    pub python: PathBuf,
    log: PathBuf,
    child: Child,
    _folder: tempfile::TempDir,
}

/// Credentials of an account that no other test uses.
#[derive(Debug, Clone)]
pub struct Account {
    /// Twelve digits.
    pub id: String,
    /// `AWS_ACCESS_KEY_ID`.
    pub access_key: String,
    /// `AWS_SECRET_ACCESS_KEY`.
    pub secret_key: String,
    /// `AWS_SESSION_TOKEN`.
    pub session_token: String,
}

/// The shared moto of this test process, started by the first test that asks. `None`, with a line saying what was
/// skipped, when `BLACKSTART_NO_MOTO` is set.
pub fn shared(skipping: &str) -> Option<&'static Moto> {
    static SHARED: OnceLock<Moto> = OnceLock::new();
    if std::env::var_os("BLACKSTART_NO_MOTO").is_some_and(|v| !v.is_empty() && v != "0") {
        eprintln!("SKIPPED, because BLACKSTART_NO_MOTO is set: {skipping}");
        return None;
    }
    Some(SHARED.get_or_init(|| Moto::start().unwrap_or_else(|why| panic!("{why}"))))
}

impl Moto {
    /// Installs what is missing and starts a server. An error is a sentence saying what to do.
    pub fn start() -> Result<Self, String> {
        let python = environment()?;
        let folder = tempfile::tempdir().map_err(|e| format!("no temporary folder for moto's log: {e}"))?;
        let log = folder.path().join("moto.log");
        let errors = File::create(&log).map_err(|e| format!("{}: {e}", log.display()))?;
        let mut child = Command::new(&python)
            .arg(here().join("moto_server.py"))
            .current_dir(folder.path())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            // Without these moto invents 1,300 images in every region, and takes any image, key and type for good.
            .env("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")
            .env("MOTO_ENABLE_AMI_VALIDATION", "true")
            .env("MOTO_ENABLE_KEYPAIR_VALIDATION", "true")
            .env("MOTO_EC2_ENABLE_INSTANCE_TYPE_VALIDATION", "true")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(errors)
            .spawn()
            .map_err(|e| format!("{} does not start: {e}", python.display()))?;
        let mut line = String::new();
        let stdout = child.stdout.take().ok_or("moto has no stdout")?;
        // moto's end of the pipe closes when it dies, so this read cannot hang on a dead server.
        BufReader::new(stdout).read_line(&mut line).map_err(|e| format!("moto's first line: {e}"))?;
        let port: u16 = line.trim().parse().map_err(|_| {
            format!(
                "moto did not start; its log ends with:\n{}",
                tail(&fs::read_to_string(&log).unwrap_or_default())
            )
        })?;
        let moto =
            Self { address: SocketAddr::from(([127, 0, 0, 1], port)), python, log, child, _folder: folder };
        moto.warm_up()?;
        Ok(moto)
    }

    /// Waits until it answers, and makes the calls that are slow the first time, so that no test pays for them.
    fn warm_up(&self) -> Result<(), String> {
        let begin = Instant::now();
        loop {
            let answer =
                http::request(self.address, "GET", "/moto-api/config", &[], "", Duration::from_secs(5));
            if answer.as_ref().is_ok_and(|a| (200..300).contains(&a.status)) {
                break;
            }
            if begin.elapsed() > PATIENCE {
                return Err(format!(
                    "moto does not answer ({answer:?}); its log ends with:\n{}",
                    tail(&self.log())
                ));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        for region in ["us-east-1", "us-west-1", "eu-west-1"] {
            query(self.address, "WARM", region, "ec2", "Action=DescribeInstances&Version=2016-11-15")?;
        }
        query(self.address, "WARM", "us-east-1", "rds", "Action=DescribeDBInstances&Version=2014-10-31")?;
        Ok(())
    }

    /// Everything moto has written.
    pub fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The lines of moto's log that say it could not do what it was asked: what it lacks is a 500 with a page of HTML,
    /// and the reason stands only here.
    pub fn log_complaints(&self) -> Vec<String> {
        let telling =
            ["NotImplementedError", "Traceback (most recent call last)", "has not been implemented"];
        self.log()
            .lines()
            .filter(|line| telling.iter().any(|t| line.contains(t)))
            .map(str::to_owned)
            .collect()
    }

    /// Credentials for an account that nothing else in this process uses.
    pub fn account(&self) -> Account {
        static NEXT: AtomicU64 = AtomicU64::new(400_000_000_001);
        self.assume(NEXT.fetch_add(1, Ordering::Relaxed))
    }

    /// Credentials for the account of that number.
    pub fn assume(&self, number: u64) -> Account {
        let id = format!("{number:012}");
        let form = format!(
            "Action=AssumeRole&Version=2011-06-15&RoleSessionName=test&RoleArn=arn%3Aaws%3Aiam%3A%3A{id}%3Arole%2Ftest"
        );
        let answer = query(self.address, "AKIAIOSFODNN7EXAMPLE", "us-east-1", "sts", &form).unwrap();
        let document = Element::parse(&answer.body).unwrap_or_else(|| panic!("AssumeRole: {}", answer.body));
        let credentials = document.all("Credentials");
        let credentials = credentials.first().unwrap_or_else(|| panic!("AssumeRole: {}", answer.body));
        Account {
            id,
            access_key: credentials.text_of("AccessKeyId").to_owned(),
            secret_key: credentials.text_of("SecretAccessKey").to_owned(),
            session_token: credentials.text_of("SessionToken").to_owned(),
        }
    }

    /// Lets go of the pipe that holds the server, as the end of this process would, and waits for the server to leave.
    pub fn let_go(mut self) -> bool {
        drop(self.child.stdin.take());
        let begin = Instant::now();
        while begin.elapsed() < PATIENCE {
            if self.child.try_wait().is_ok_and(|status| status.is_some()) {
                return true;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        false
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Account {
    /// The section of a credentials file that names this account.
    pub fn profile(&self, name: &str) -> String {
        format!(
            "[{name}]\naws_access_key_id = {}\naws_secret_access_key = {}\naws_session_token = {}\n",
            self.access_key, self.secret_key, self.session_token
        )
    }
}

/// The folder of this file.
pub fn here() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support")
}

/// The Python of the environment for the pinned requirements, made if it is not there. Several test processes may come
/// at once: the lock lets one make it and the others wait.
fn environment() -> Result<PathBuf, String> {
    let requirements = here().join("requirements.txt");
    let pins = fs::read(&requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;
    let key: String = Sha256::digest(&pins).iter().take(6).map(|b| format!("{b:02x}")).collect();
    let base = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let folder = base.join(format!("moto-{key}"));
    let python = folder.join("bin/python");
    let ready = folder.join("ready");
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |e: std::io::Error| format!("{path}: {e}")
    };
    fs::create_dir_all(base).map_err(at(base))?;
    let lock_path = base.join(format!("moto-{key}.lock"));
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&lock_path)
        .map_err(at(&lock_path))?;
    lock.lock().map_err(at(&lock_path))?;
    if ready.exists() {
        return Ok(python);
    }
    if folder.exists() {
        fs::remove_dir_all(&folder).map_err(at(&folder))?;
    }
    let mut make = Command::new("python3");
    make.args(["-m", "venv"]).arg(&folder);
    step(
        &mut make,
        "These tests need Python 3.10 or later with its venv module (Debian and Ubuntu: apt install python3 python3-venv)",
    )?;
    let mut install = Command::new(&python);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        "--no-deps",
        "-r",
    ]);
    step(
        install.arg(&requirements),
        "The test emulator could not be installed from the Python package index (is there a network?)",
    )?;
    File::create(&ready).and_then(|mut f| f.write_all(&pins)).map_err(at(&ready))?;
    Ok(python)
}

/// Runs one step of the installation; its failure is told in one sentence, with the way round it.
fn step(command: &mut Command, otherwise: &str) -> Result<(), String> {
    let way_round = "or set BLACKSTART_NO_MOTO=1 to leave these tests out";
    let output =
        command.stdin(Stdio::null()).output().map_err(|e| format!("{otherwise}, {way_round}: {e}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{otherwise}, {way_round}:\n{}", tail(&String::from_utf8_lossy(&said))))
}

fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(15)..].join("\n")
}
