//! The machine that the figures are of.

use std::fs;
use std::process::Command;

fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn said(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned()).filter(|said| !said.is_empty())
}

/// Seconds of processor time that this process and its ended children have taken, to a hundredth.
pub fn processor_time() -> (f64, f64) {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name, which may hold anything: state, ten more, then the four times of two kinds.
    let fields = text.rsplit(')').next().unwrap_or_default().split_whitespace().skip(11).take(4);
    let ticks: Vec<f64> = fields.map(|field| field.parse().unwrap_or_default()).collect();
    let seconds = |kinds: &[f64]| kinds.iter().sum::<f64>() / 100.0;
    (seconds(ticks.get(..2).unwrap_or_default()), seconds(ticks.get(2..).unwrap_or_default()))
}

/// Each property with what it is here.
pub fn describe() -> Vec<(&'static str, String)> {
    let unknown = || "unknown".to_owned();
    let memory = field("/proc/meminfo", "MemTotal")
        .and_then(|text| text.split_whitespace().next()?.parse::<f64>().ok())
        .map_or_else(unknown, |kib| format!("{:.0} GB", kib * 1024.0 / 1e9));
    let mounted = said("df", &["--output=fstype", env!("CARGO_TARGET_TMPDIR")])
        .and_then(|said| said.lines().last().map(str::to_owned));
    let virtual_machine = fs::read_to_string("/proc/cpuinfo").is_ok_and(|text| text.contains("hypervisor"));
    vec![
        (
            "processor",
            format!(
                "{}{}",
                field("/proc/cpuinfo", "model name").unwrap_or_else(unknown),
                if virtual_machine { ", in a virtual machine" } else { "" }
            ),
        ),
        ("cores", std::thread::available_parallelism().map_or_else(|_| unknown(), |n| n.to_string())),
        ("memory", memory),
        ("file system", mounted.unwrap_or_else(unknown)),
        ("kernel", said("uname", &["-sr"]).unwrap_or_else(unknown)),
        (
            "binary",
            format!("profile {}", if super::cockpit::is_shipped() { "dist, as shipped" } else { "release" }),
        ),
        ("compiler", said("rustc", &["--version"]).unwrap_or_else(unknown)),
        ("date", jiff::Timestamp::now().strftime("%Y-%m-%d").to_string()),
    ]
}
