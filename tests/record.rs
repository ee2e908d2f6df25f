//! `blackstart record`, the real binary: it reads and never acts, tells a service manager how it is, goes on when the
//! logbook goes away, and three of them on one logbook cost the API calls of one. And the unit that is shipped for it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use blackstart::cli::{Cli, Command as Typed};
use clap::Parser as _;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use blackstart::app::message::{Effect, Message};
use blackstart::incident::entry::Mode;

use crate::crew::{Crew, scenario};
use crate::support::cli::{BINARY, Home};
use crate::support::estate::{Ground, ground};
use crate::support::scene::{self, all_entries, assert_intact, assert_untouched, logbook, of_kind, strands};
use crate::support::standin::{Fault, Rule};

/// How long anything here may take. It takes a second; a loaded machine takes longer.
const PATIENCE: Duration = Duration::from_secs(120);

/// A `record` that is running.
struct Recorder {
    child: Child,
    log: std::path::PathBuf,
}

impl Recorder {
    fn start(home: &Home, name: &str, more: &[&str], environment: &[(&str, &str)]) -> Self {
        let log = home.path().join(format!("{name}.stderr"));
        let child = Command::new(BINARY)
            .arg("record")
            .args(more)
            .env_clear()
            .envs(home.environment())
            .envs(environment.iter().copied())
            .current_dir(home.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(fs::File::create(&log).unwrap())
            .spawn()
            .unwrap();
        Self { child, log }
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    #[track_caller]
    fn wait_said(&mut self, words: &str) {
        let said = self.log.clone();
        wait(&format!("{words:?}"), || fs::read_to_string(&said).unwrap().contains(words));
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Ends it as a service manager would, and fails unless it left in good order.
    #[track_caller]
    fn end(mut self) -> String {
        self.signal(Signal::SIGTERM);
        let mut code = None;
        wait("its end", || {
            code = self.child.try_wait().unwrap();
            code.is_some()
        });
        assert_eq!(code.unwrap().code(), Some(0), "{}", self.said());
        self.said()
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[track_caller]
fn wait(what: &str, mut holds: impl FnMut() -> bool) {
    let began = Instant::now();
    while !holds() {
        assert!(began.elapsed() < PATIENCE, "waited {PATIENCE:?} for {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The requests of sweeps so far: those of who one is are asked once by each.
fn requests(ground: &Ground) -> usize {
    ground.standin.calls().iter().filter(|call| call.service != "sts").count()
}

#[test]
fn record_reads_says_so_and_leaves_in_good_order() {
    let Some(ground) = ground("blackstart record") else {
        return;
    };
    let home = scene::home(&ground);
    let socket = home.path().join("notify");
    let manager = UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(PATIENCE)).unwrap();
    let environment = [("NOTIFY_SOCKET", socket.to_str().unwrap()), ("WATCHDOG_USEC", "400000")];
    let recorder = Recorder::start(&home, "one", &[], &environment);
    let mut heard = String::new();
    let mut hear = |until: &str| {
        while !heard.contains(until) {
            let mut bytes = [0; 1024];
            let length = manager.recv(&mut bytes).unwrap_or_else(|e| panic!("{until:?}: {e}; {heard}"));
            heard.push_str(std::str::from_utf8(&bytes[..length]).unwrap());
            heard.push('\n');
        }
    };
    hear("READY=1");
    hear("WATCHDOG=1");
    hear("STATUS=13 of 13 cells fresh, 0 failing");
    let said = recorder.end();
    assert!(
        said.contains("Recording fitocracy: 3 regions, 13 cells") && said.contains("only reads"),
        "{said}"
    );
    assert!(said.contains("Left (SIGTERM): 13 of 13 cells fresh"), "{said}");
    assert_untouched(&ground.standin);
    assert_intact(&home);
    let entries = all_entries(&logbook(&home));
    assert_eq!(of_kind(&entries, "opened")[0]["body"]["mode"], "record");
    assert_eq!(of_kind(&entries, "left")[0]["body"]["reason"], "SIGTERM");
}

#[test]
fn three_on_one_logbook_ask_what_one_asks() {
    let Some(ground) = ground("shared sweeps") else {
        return;
    };
    let beats = |home: &Home| {
        let mut beats = 0;
        for strand in strands(&logbook(home)) {
            beats = beats.max(of_kind(&scene::entries(&strand), "heartbeat").len());
        }
        beats
    };
    let home = scene::home(&ground);
    let mut first = Recorder::start(&home, "one", &[], &[]);
    first.wait_said("Recording");
    let fresh = |home: &Home| {
        let observed = of_kind(&all_entries(&logbook(home)), "observed");
        observed.iter().filter(|e| e["body"]["status"]["status"] == "ok").count()
    };
    wait("one sweep of everything", || fresh(&home) >= 13);
    let of_one_sweep = requests(&ground) as f64;

    let others: Vec<Recorder> =
        ["two", "three"].iter().map(|name| Recorder::start(&home, name, &[], &[])).collect();
    wait("all three", || of_kind(&all_entries(&logbook(&home)), "identified").len() == 3);
    assert_eq!(strands(&logbook(&home)).len(), 3);
    let (began, before, beat) = (Instant::now(), requests(&ground), beats(&home));
    wait("four more heartbeats", || beats(&home) >= beat + 4);
    let (made, passed) = ((requests(&ground) - before) as f64, began.elapsed().as_secs_f64());
    // A cell is read every 15 s at the most, by one of them; what was under way may come on top.
    let most = of_one_sweep * (passed / 15.0 + 1.0);
    println!(
        "a sweep makes {of_one_sweep} requests; three made {made} in {passed:.0} s, {most:.0} are allowed"
    );
    assert!(made > 0.0 && made <= most, "{made} in {passed:.0} s; a sweep makes {of_one_sweep}");

    // The one that reads is killed: the others go on.
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    let calls = requests(&ground);
    wait("the next to go on", || requests(&ground) > calls + 13);
    for other in others {
        let said = other.end();
        assert!(said.contains("13 of 13 cells fresh"), "{said}");
    }
    assert_untouched(&ground.standin);
    let verdict = home.run(&["log", "verify"]);
    assert!(matches!(verdict.code, Some(0 | 1)), "{}", verdict.stdout);
}

#[test]
fn record_goes_on_without_its_logbook_and_records_again_when_it_can() {
    let Some(ground) = ground("a logbook that goes away") else {
        return;
    };
    let home = scene::home(&ground);
    let place = logbook(&home);
    let mut recorder = Recorder::start(&home, "one", &[], &[]);
    recorder.wait_said("Recording");
    wait("a first sweep", || of_kind(&all_entries(&place), "observed").len() > 5);
    let away = home.path().join("away");
    fs::rename(&place, &away).unwrap();
    recorder.wait_said("the logbook refused");
    recorder.wait_said("recording again, in a new strand");
    let calls = requests(&ground);
    wait("another sweep", || requests(&ground) > calls + 4);
    wait("a heartbeat or a row", || all_entries(&place).len() > 3);
    let said = recorder.end();
    assert_eq!(said.matches("the logbook refused").count(), 1, "{said}");
    assert_intact(&home);
}

#[test]
fn record_bears_an_aws_that_is_dark() {
    let Some(ground) = ground("record with AWS dark") else {
        return;
    };
    ground.standin.rule(Rule::new(Fault::Reset));
    let home = scene::home(&ground);
    let recorder = Recorder::start(&home, "one", &[], &[]);
    wait("a failing cell", || {
        of_kind(&all_entries(&logbook(&home)), "observed")
            .iter()
            .any(|e| e["body"]["status"]["status"] == "failed")
    });
    let said = recorder.end();
    assert!(said.contains("0 of 13 cells fresh"), "{said}");
}

#[test]
fn a_logbook_without_room_is_one_state_said_once_and_no_word_of_actions() {
    let mut crew = Crew::on(scenario("quiet", ""));
    crew.sit("blackstart", Mode::Record);
    crew.run_for(30);
    assert!(crew.seats[0].app.is_recording());
    let mut heard: Vec<String> = Vec::new();
    let full = "there is no room for a strand in /log: No space left on device";
    crew.take(0, Message::RecordFailed("entry 7 was not written: No space left on device.".into()));
    let mut asked = 0;
    for _ in 0..120 {
        crew.run_for(1);
        for notice in &crew.seats[0].app.notices {
            if heard.last() != Some(&notice.text) && !heard.contains(&notice.text) {
                heard.push(notice.text.clone());
            }
        }
        let reopens = crew.seats[0].effects.iter().filter(|(_, effect)| matches!(effect, Effect::Reopen(_)));
        let reopens = reopens.count();
        if reopens > asked {
            asked = reopens;
            crew.take(0, Message::Reopened(Err(full.into())));
            let said = crew.seats[0].app.notices.iter().filter(|notice| notice.text.contains(full)).count();
            assert!(said <= 1);
        }
    }
    assert!((10..=13).contains(&asked), "tried every ten seconds: {asked}");
    assert_eq!(
        heard,
        [
            "the logbook refused: entry 7 was not written: No space left on device; it is tried again every 10 s".to_owned(),
            format!("still not recording: {full}"),
        ]
    );
    assert!(!crew.seats[0].app.is_recording());
    assert!(crew.seats[0].app.freshness_words().starts_with("NOT RECORDING ("));
    let strand = crew.seats[0].effects.iter().rev().find_map(|(_, effect)| match effect {
        Effect::Reopen(session) => Some(session.clone()),
        _ => None,
    });
    crew.run_for(10);
    crew.take(0, Message::Reopened(Ok(strand.unwrap())));
    crew.run_for(1);
    assert!(crew.seats[0].app.is_recording());
}

// --- the unit

/// The settings of a unit, by section; what is given twice is joined by spaces.
fn unit(text: &str) -> BTreeMap<(String, String), String> {
    let mut settings: BTreeMap<(String, String), String> = BTreeMap::new();
    let mut section = String::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with(['#', ';'])) {
        if let Some(name) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            section = name.to_owned();
            continue;
        }
        let (name, value) = line.split_once('=').unwrap_or_else(|| panic!("no setting: {line}"));
        let known = settings.entry((section.clone(), name.to_owned())).or_default();
        *known = format!("{known} {value}").trim().to_owned();
    }
    settings
}

const UNIT: &str = include_str!("../systemd/blackstart-record.service");

#[test]
fn the_unit_starts_what_the_readme_says() {
    let settings = unit(UNIT);
    let of = |section: &str, name: &str| {
        let key = (section.to_owned(), name.to_owned());
        settings.get(&key).cloned().unwrap_or_else(|| panic!("no {name}= in [{section}]"))
    };
    let start = of("Service", "ExecStart");
    let mut words = start.split_whitespace();
    assert_eq!(words.next(), Some("/usr/local/bin/blackstart"));
    let typed = Cli::try_parse_from(start.split_whitespace()).unwrap_or_else(|e| panic!("{start}: {e}"));
    assert!(matches!(typed.command, Some(Typed::Record)));
    let (place, config) = (typed.global.logbook.unwrap(), typed.global.config.unwrap());
    assert_eq!(place, Path::new("/var/lib").join(of("Service", "StateDirectory")));
    // The binary tells it when it is ready and that it is alive.
    assert_eq!(of("Service", "Type"), "notify");
    assert!(of("Service", "WatchdogSec").parse::<u64>().unwrap() >= 10);
    assert_eq!(of("Service", "Restart"), "on-failure");
    // A full disk is waited for, not begun anew upon.
    assert_eq!(of("Service", "TimeoutStartSec"), "infinity");
    assert_eq!(of("Service", "UMask"), "0027");
    assert_eq!(of("Service", "StateDirectoryMode"), "2770");
    for (name, value) in [
        ("ProtectSystem", "strict"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("PrivateTmp", "yes"),
        ("ProtectHome", "yes"),
    ] {
        assert_eq!(of("Service", name), value, "{name}");
    }
    let readme = include_str!("../README.md");
    for said in [
        "systemd/blackstart-record.service",
        place.to_str().unwrap(),
        config.to_str().unwrap(),
        &of("Service", "User"),
        &format!("-G {}", of("Service", "Group")),
        of("Service", "EnvironmentFile").trim_start_matches('-'),
    ] {
        assert!(readme.contains(said), "the README does not say {said:?}");
    }
}

#[test]
fn systemd_takes_the_unit() {
    let analyze = Path::new("/usr/bin/systemd-analyze");
    if !analyze.exists() {
        eprintln!("SKIPPED, because systemd-analyze is not installed: the unit was not verified by it");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("blackstart-record.service");
    fs::write(&path, UNIT.replace("/usr/local/bin/blackstart", BINARY)).unwrap();
    let ran = Command::new(analyze).args(["verify", "--man=no"]).arg(&path).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stderr);
    let about_it: Vec<&str> = said.lines().filter(|line| line.contains("blackstart")).collect();
    assert!(ran.status.success() && about_it.is_empty(), "{said}");
}
