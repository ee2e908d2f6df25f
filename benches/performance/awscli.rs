//! The AWS command line, as the baseline of a sweep: installed once, pinned, into a virtual environment under the target
//! folder. Nothing is ever put into the system.

use sha2::{Digest, Sha256};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use super::cockpit::Home;
use super::estate::REGIONS;
use std::time::{Duration, Instant};

/// Processes at once. Each of them starts Python, which takes a core for a second: more do not make it faster.
pub const AT_ONCE: usize = 8;
/// How long all of it may take.
const PATIENCE_SECONDS: &str = "240";

/// Where `aws` is, installing it first where it is missing; else why there is none.
pub fn install() -> Result<PathBuf, String> {
    let requirements = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/requirements.txt");
    let pins = fs::read(&requirements).map_err(|e| format!("{}: {e}", requirements.display()))?;
    let key: String = Sha256::digest(&pins).iter().take(6).map(|b| format!("{b:02x}")).collect();
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("awscli-{key}"));
    let aws = folder.join("bin/aws");
    let ready = folder.join("ready");
    if ready.exists() {
        return Ok(aws);
    }
    let _ = fs::remove_dir_all(&folder);
    step(bounded("python3").args(["-m", "venv"]).arg(&folder))?;
    let install =
        ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-input", "--no-deps", "-r"];
    step(bounded(folder.join("bin/python")).args(install).arg(&requirements))?;
    fs::write(&ready, pins).map_err(|e| e.to_string())?;
    Ok(aws)
}

/// A program that is ended when its time is over, with all that it started.
fn bounded(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("timeout");
    command.args(["--kill-after=5", PATIENCE_SECONDS]).arg(program);
    command
}

fn step(command: &mut Command) -> Result<(), String> {
    let output = command.stdin(Stdio::null()).output().map_err(|e| format!("{command:?}: {e}"))?;
    if output.status.success() { Ok(()) } else { Err(why(&output)) }
}

/// What a program that failed said last, or how it ended.
fn why(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stderr);
    said.trim().lines().last().map_or_else(|| output.status.to_string(), str::to_owned)
}

/// What is asked: one listing a service and region, fewer calls than a sweep of ours makes.
pub fn commands() -> Vec<String> {
    let regional = [
        "ec2 describe-instances",
        "rds describe-db-instances",
        "elb describe-load-balancers",
        "elbv2 describe-load-balancers",
    ];
    let mut commands: Vec<String> = REGIONS
        .iter()
        .flat_map(|region| regional.map(|command| format!("{command} --region {region}")))
        .collect();
    commands.push("route53 list-hosted-zones --region us-east-1".into());
    commands
}

/// Does it all, so many at once; how long it took. The endpoint is an argument: not every service of the command line reads
/// it from the environment.
pub fn sweep(aws: &Path, home: &Home, endpoint: &str) -> Result<Duration, String> {
    let list = home.path().join("commands");
    fs::write(&list, commands().join("\n")).map_err(|e| e.to_string())?;
    let mut xargs = home.command(Path::new("timeout"));
    xargs
        .args(["--kill-after=5", PATIENCE_SECONDS, "xargs"])
        .arg("-a")
        .arg(&list)
        .args(["-L", "1", "-P", &AT_ONCE.to_string()])
        .arg(aws);
    xargs.args(["--output", "json", "--endpoint-url", endpoint]).stdout(Stdio::null()).stderr(Stdio::piped());
    let begin = Instant::now();
    let output = xargs.output().map_err(|e| format!("xargs: {e}"))?;
    if output.status.success() { Ok(begin.elapsed()) } else { Err(why(&output)) }
}
