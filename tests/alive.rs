//! The ground gives way: the line hangs up, nobody reads, the disk is full, the logbook is taken away, the terminal is
//! sent to the background. The real binary in a pseudo-terminal stays, or leaves in good order, and nothing is lost.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;

use crate::support::cli::{BINARY, Home};
use crate::support::estate::{Ground, ZONE, ground};
use crate::support::pty::{DESIGN, Pty, SMALL, cpu_ms, of_status};
use crate::support::scene::{self, PAGE, all_entries, assert_intact, logbook, of_kind, strands};
use crate::support::standin::{Fault, Rule};

// ---- a call under way

const CHANGE: &str = "ChangeResourceRecordSets";

/// A cockpit whose one call waits at the door of AWS.
pub fn calling(ground: &Ground, home: &Home) -> Pty {
    let mut pty = Pty::start(home, DESIGN, &[]);
    pty.press("5");
    pty.wait_for("AAAA");
    pty.press("1");
    pty.wait_until("where www points", |s| s.contains("us-east-1/web"));
    ground.standin.rule(Rule::new(Fault::Hold).service("route53").action(CHANGE));
    pty.press("m");
    pty.wait_for("type \"www\"");
    pty.type_text("www");
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    pty.wait_while_running("the call", || !ground.standin.calls_of("route53", CHANGE).is_empty());
    pty
}

/// Why the cockpits of a logbook left.
pub fn reasons(place: &Path) -> Vec<String> {
    let left = of_kind(&all_entries(place), "left");
    left.iter().map(|entry| entry["body"]["reason"].as_str().unwrap().to_owned()).collect()
}

pub fn outcomes(home: &Home) -> Vec<Value> {
    let entries = of_kind(&all_entries(&logbook(home)), "outcome");
    entries.iter().map(|entry| entry["body"]["outcome"]["result"].clone()).collect()
}

fn points_at(ground: &Ground) -> String {
    ground.boto.points_at(ground.estate.id("/zone/id"), ZONE, "A")
}

/// Fails if a process that has nothing to do is busy: it is watched for as long as its loop turns some times.
#[track_caller]
fn assert_idle(pty: &mut Pty) {
    let pid = pty.pid();
    let turns = || of_status(pid, "voluntary_ctxt_switches");
    let (begin, cpu, first) = (Instant::now(), cpu_ms(pid), turns());
    pty.wait_while_running("some turns of the loop", || turns() >= first + 6);
    let (used, passed) = (cpu_ms(pid) - cpu, begin.elapsed().as_millis());
    assert!(u128::from(used) * 2 < passed.max(100), "{used} ms of processor time in {passed} ms");
}

#[test]
fn alive_a_line_that_hangs_up_lets_the_call_under_way_finish() {
    let Some(ground) = ground("a lost SSH session") else {
        return;
    };
    let home = scene::home(&ground);
    let mut pty = calling(&ground, &home);
    pty.hang_up();
    pty.wait_hung_up();
    assert_idle(&mut pty);
    assert_eq!(reasons(&logbook(&home)), Vec::<String>::new(), "it left before its call had ended");
    ground.standin.lift_all();
    assert_eq!(pty.wait_exit(), 0);
    assert_eq!(outcomes(&home), ["ok"]);
    // The kernel's word and the end of the line come together; either may be heard first.
    let reasons = reasons(&logbook(&home));
    assert!(["SIGHUP", "the terminal is gone"].contains(&reasons[0].as_str()), "{reasons:?}");
    assert_eq!(points_at(&ground), PAGE);
    assert_intact(&home);
}

#[test]
fn alive_who_insists_leaves_and_is_told_what_is_unknown() {
    let Some(ground) = ground("a second Ctrl-C") else {
        return;
    };
    // The first waits for the call, whatever sent it.
    let home = scene::home(&ground);
    let mut pty = calling(&ground, &home);
    pty.signal(Signal::SIGTERM);
    pty.wait_for("leaving when the call under way has ended");
    // A lost session sends its signal more than once and never insists.
    pty.signal(Signal::SIGHUP);
    pty.signal(Signal::SIGHUP);
    assert_idle(&mut pty);
    ground.standin.lift_all();
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    assert_eq!(outcomes(&home), ["ok"]);
    assert_eq!(reasons(&logbook(&home)), ["SIGTERM"]);
    assert_intact(&home);

    // The second does not.
    let home = scene::home(&ground);
    ground.standin.forget_calls();
    let mut pty = Pty::start(&home, DESIGN, &[]);
    pty.wait_until("where www points", |s| s.contains(PAGE));
    ground.standin.rule(Rule::new(Fault::Hold).service("route53").action(CHANGE));
    pty.press("a");
    pty.wait_for("point www at");
    pty.type_text("standby");
    pty.press_enter();
    pty.wait_for("type \"www\"");
    pty.type_text("www");
    pty.wait_for("matches: Enter confirms");
    pty.press_enter();
    pty.wait_while_running("the call", || !ground.standin.calls_of("route53", CHANGE).is_empty());
    pty.press("ctrl-c");
    pty.wait_for("leaving when the call under way has ended");
    pty.press("ctrl-c");
    assert_eq!(pty.wait_exit(), 1);
    pty.assert_restored();
    let screen = pty.screen();
    assert!(screen.contains("Left while its call was under way: www: apex"), "{screen}");
    assert_eq!(outcomes(&home), Vec::<Value>::new());
    assert!(reasons(&logbook(&home))[0].starts_with("quit, without waiting for: www: apex"));
    ground.standin.lift_all();
    // Whoever comes next is told to look first.
    let pty = Pty::start(&home, DESIGN, &[]);
    pty.wait_for("unknown whether done: V verifies it");
    drop(pty);
    assert_intact(&home);
}

// ---- the line

/// The demo with a logbook in a known place.
pub fn demo(home: &Home, more: &[&str]) -> (Pty, PathBuf) {
    let place = home.path().join("book");
    let book = place.display().to_string();
    let mut arguments = vec!["demo", "--scenario", "quiet", "--logbook", &book];
    arguments.extend(more);
    let pty = Pty::start(home, SMALL, &arguments);
    pty.wait_for("eu-central-1");
    (pty, place)
}

fn size_of(place: &Path) -> u64 {
    strands(place).iter().filter_map(|strand| Some(std::fs::metadata(strand).ok()?.len())).sum()
}

#[test]
fn alive_a_line_that_hangs_up_silently_is_noticed() {
    // Without a controlling terminal nobody sends SIGHUP, and the line reads as an end that never ends.
    let home = Home::new();
    let place = home.path().join("book");
    let line = format!("setsid -w {BINARY} demo --scenario quiet --logbook {}", place.display());
    let mut pty = Pty::program(&home, SMALL, Path::new("/bin/sh"), &["-c", &line]);
    pty.wait_for("eu-central-1");
    pty.hang_up();
    let begin = Instant::now();
    while reasons(&place).is_empty() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it goes on for nobody");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(reasons(&place), ["the terminal is gone"]);
    home.run(&["log", "verify", &place.display().to_string()]).expect_code(0);
}

#[test]
fn alive_a_terminal_that_nobody_reads_stops_no_cockpit() {
    let home = Home::new();
    let (mut pty, place) = demo(&home, &["--speed", "60"]);
    pty.press("1");
    pty.stop_reading();
    let (begin, memory) = (size_of(&place), of_status(pty.pid(), "VmRSS"));
    // Many frames' worth of work, and the log goes on.
    for _ in 0..40 {
        for key in ["2", "3", "4", "5", "6", "1"] {
            pty.press(key);
        }
    }
    pty.wait_while_running("entries", || size_of(&place) > begin + 4096);
    let grown = of_status(pty.pid(), "VmRSS").saturating_sub(memory);
    assert!(grown < 64 * 1024, "{grown} KB more while nobody reads");
    let before = pty.raw().len();
    pty.press("?");
    pty.read_on();
    pty.wait_for("every region and site at once");
    // What the line held, the frame under way, and the newest: not the backlog.
    let came = pty.raw().len() - before;
    assert!(came < 48 * 1024, "{came} bytes to catch up");
    pty.press("Esc");
    pty.wait_gone("every region and site at once");
    // It also leaves although nobody reads, and what it says then is no torn sequence.
    pty.stop_reading();
    for _ in 0..20 {
        for key in ["2", "3", "4", "5", "6", "1"] {
            pty.press(key);
        }
    }
    pty.signal(Signal::SIGTERM);
    pty.wait_exit();
    pty.assert_restored();
    assert_eq!(reasons(&place), ["SIGTERM"]);
    home.run(&["log", "verify", &place.display().to_string()]).expect_code(0);
}

#[test]
fn alive_keys_that_hold_a_line_are_keys() {
    let home = Home::new();
    let (mut pty, _) = demo(&home, &[]);
    pty.press("ctrl-s");
    pty.press("2");
    pty.wait_for("HEALTH");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
}

#[test]
fn alive_a_storm_of_sizes_leaves_a_whole_screen() {
    let home = Home::new();
    let (mut pty, _) = demo(&home, &[]);
    for round in 0..6_u16 {
        for size in [(1, 1), (0, 0), (500, 200), (2, 50), (300, 2), (79, 23), (60, 15), (59, 14)] {
            pty.resize(size);
        }
        pty.press(if round % 2 == 0 { "2" } else { "1" });
        pty.resize(DESIGN);
    }
    pty.press("?");
    pty.wait_for("every region and site at once");
    pty.press("Esc");
    pty.wait_gone("every region and site at once");
    for (size, words) in [((40, 10), "terminal too small: 40 x 10"), ((1, 1), ""), ((0, 0), "")] {
        pty.resize(size);
        pty.wait_until(words, |screen| screen.contains(words));
    }
    pty.resize(SMALL);
    pty.wait_for("eu-central-1");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
}

// ---- the disk

#[test]
fn alive_a_full_disk_is_said_and_the_log_goes_on_by_the_operators_word() {
    let home = Home::new();
    // How much the demo writes before it opens.
    let (mut pty, place) = demo(&home, &[]);
    pty.press("q");
    pty.wait_exit();
    let blocks = size_of(&place) / 512 + 60;
    let place = home.path().join("full");
    let line = format!(
        "trap '' XFSZ; ulimit -f {blocks}; exec {BINARY} demo --scenario quiet --logbook {}",
        place.display()
    );
    let mut pty = Pty::program(&home, DESIGN, Path::new("/bin/sh"), &["-c", &line]);
    pty.wait_for("eu-central-1");
    let note = |pty: &Pty, text: &str| {
        pty.press("n");
        pty.wait_for("note");
        pty.send(format!("\x1b[200~{text}\x1b[201~").as_bytes());
        pty.wait_for(&text[text.len() - 5..]);
        pty.press_enter();
    };
    note(&pty, "the disk is fine");
    pty.press("6");
    pty.wait_for("note: the disk is fine");
    // Larger than what is left.
    let large = format!("RDS froze {}", "x".repeat(40 * 1024));
    pty.press("n");
    pty.wait_for("note");
    pty.send(format!("\x1b[200~{large}\x1b[201~").as_bytes());
    pty.wait_for("xxxxx");
    pty.press_enter();
    let screen = pty.wait_for("NOT RECORDED: note: RDS froze");
    for said in ["log DISK FULL", "actions off", "NOT RECORDING (1 note kept)", "press L"] {
        assert!(screen.contains(said), "no {said:?} in\n{screen}");
    }
    assert!(screen.contains("note: the disk is fine"), "{screen}");
    // Nothing more is taken, and nothing acts.
    pty.press("n");
    pty.wait_for("note");
    pty.type_text("are you there");
    pty.press_enter();
    pty.wait_for("not written down");
    pty.press("1");
    pty.wait_for("regions");
    pty.press("m");
    pty.wait_for("no plan:");
    pty.wait_for("the logbook cannot be written");
    pty.press("Esc");
    pty.wait_gone("no plan:");
    // The new strand has room.
    pty.press("6");
    pty.press("L");
    pty.wait_gone("NOT RECORDING");
    pty.wait_for("recording again after");
    note(&pty, "and on we go");
    pty.wait_for("note: and on we go");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    // The torn line is the only thing wrong with the log.
    home.run(&["log", "verify", &place.display().to_string()]).expect_code(1);
    let written = all_entries(&place);
    let notes: Vec<String> =
        of_kind(&written, "note").iter().map(|e| e["body"]["text"].as_str().unwrap().to_owned()).collect();
    // What was noted meanwhile is there, with the time at which it was: also what the disk took by half.
    let begin: Vec<&str> = notes.iter().map(|note| &note[..note.len().min(23)]).collect();
    let kept = ["RDS froze xxxxxxxxxxxxx", "are you there (noted at"];
    assert_eq!(begin, ["the disk is fine", kept[0], kept[1], "and on we go"]);
    assert!(notes[1].contains("x (noted at "), "{}", &notes[1][notes[1].len() - 40..]);
    let reopened = of_kind(&written, "reopened");
    assert_eq!(reopened.len(), 1);
    assert!(reopened[0]["body"]["lost"].is_null(), "nothing: {}", reopened[0]);
    assert_eq!(reopened[0]["body"]["before"], of_kind(&written, "opened")[0]["session"]);
    assert_ne!(reopened[0]["session"], reopened[0]["body"]["before"]);
}

#[test]
fn alive_a_logbook_that_is_taken_away_is_noticed_without_a_word_written() {
    let home = Home::new();
    let (mut pty, place) = demo(&home, &[]);
    std::fs::remove_dir_all(&place).unwrap();
    let screen = pty.wait_for("NOT RECORDING");
    assert!(screen.contains("log REFUSED") && screen.contains("eu-central-1"), "{screen}");
    pty.wait_for("it is not there");
    pty.press("L");
    pty.wait_gone("NOT RECORDING");
    pty.press("6");
    pty.wait_for("recording again after");
    // Replaced by something else is no better.
    let strand = strands(&place).remove(0);
    std::fs::rename(&strand, strand.with_extension("old")).unwrap();
    std::fs::copy(strand.with_extension("old"), &strand).unwrap();
    pty.wait_for("NOT RECORDING");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    let screen = pty.screen();
    assert!(screen.contains("The logbook refused"), "{screen}");
}

// ---- the background

/// The one child of a process.
fn child_of(parent: u32) -> u32 {
    let children = std::fs::read_to_string(format!("/proc/{parent}/task/{parent}/children")).unwrap();
    children.split_whitespace().next().unwrap().parse().unwrap()
}

#[test]
fn alive_it_goes_to_the_background_and_comes_back() {
    let home = Home::new().with("PS1", "shell> ");
    let place = home.path().join("book").display().to_string();
    let mut pty = Pty::program(&home, SMALL, Path::new("/bin/bash"), &["--norc", "--noprofile", "-i"]);
    pty.wait_for("shell>");
    pty.type_text(&format!("{BINARY} demo --scenario quiet --logbook {place}"));
    pty.press_enter();
    pty.wait_for("eu-central-1");
    let shell = pty.pid();
    let cockpit = child_of(shell);
    let signal = |number| kill(Pid::from_raw(cockpit.try_into().unwrap()), number).unwrap();
    // By key, by the signal that a key would be, and by one that nobody can catch.
    for way in ["key", "SIGTSTP", "SIGSTOP"] {
        match way {
            "key" => pty.press("ctrl-z"),
            "SIGTSTP" => signal(Signal::SIGTSTP),
            _ => signal(Signal::SIGSTOP),
        }
        let screen = pty.wait_until("the shell", |screen| {
            screen.contains("Stopped") && (way == "SIGSTOP" || screen.contains("shell>"))
        });
        if way != "SIGSTOP" {
            assert!(screen.contains("shell>") && !screen.contains("eu-west"), "{way}: {screen}");
            assert!(!pty.in_alternate_screen(), "{way}: the main screen was not given back");
        }
        pty.type_text("clear; fg");
        pty.press_enter();
        let screen = pty.wait_until("the cockpit", |s| {
            s.contains("DEMO") && s.contains("eu-central-1") && !s.contains("shell>")
        });
        assert!(!screen.contains("shell>") && pty.in_alternate_screen(), "{way}: {screen}");
        pty.press("2");
        pty.wait_for("HEALTH");
        pty.press("1");
        pty.wait_gone("HEALTH");
    }
    pty.press("q");
    pty.wait_for("Replay it with");
    pty.type_text("exit");
    pty.press_enter();
    pty.wait_exit();
    pty.assert_restored();
    home.run(&["log", "verify", &place]).expect_code(0);
}

#[test]
fn alive_where_no_shell_waits_it_stays() {
    let home = Home::new();
    let (mut pty, _) = demo(&home, &[]);
    pty.press("ctrl-z");
    pty.wait_for("no shell waits");
    pty.press("2");
    pty.wait_for("HEALTH");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
}

/// Reading what AWS answers takes the processor; a key does not wait for it.
#[cfg(target_os = "linux")]
#[test]
fn alive_whoever_reads_answers_stands_behind_the_screen() {
    let home = Home::new();
    let mut pty = Pty::start(&home, DESIGN, &["demo"]);
    pty.wait_for("us-east-1");
    let nice = |task: &Path| -> i32 {
        let stat = std::fs::read_to_string(task.join("stat")).unwrap();
        let (_, fields) = stat.rsplit_once(')').unwrap();
        // proc_pid_stat(5): the nineteenth field, of which two stand before the parenthesis.
        fields.split_whitespace().nth(16).unwrap().parse().unwrap()
    };
    let tasks = PathBuf::from(format!("/proc/{}/task", pty.pid()));
    let screen = nice(&tasks.join(pty.pid().to_string()));
    let workers: Vec<i32> = std::fs::read_dir(&tasks)
        .unwrap()
        .map(|task| task.unwrap().path())
        .filter(|task| std::fs::read_to_string(task.join("comm")).unwrap().starts_with("tokio"))
        .map(|task| nice(&task))
        .collect();
    assert!(!workers.is_empty() && workers.iter().all(|worker| *worker > screen), "{screen} {workers:?}");
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
}
