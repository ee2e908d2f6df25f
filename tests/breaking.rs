//! What breaks below the cockpit and inside of it: the clock is set, the disk fills up or hangs, a thread panics. The real
//! binary in a pseudo-terminal goes on, or leaves in good order, and says what is lost.

use std::time::{Duration, Instant};

use serde_json::Value;

use crate::alive::{calling, demo, outcomes, reasons};
use crate::support::cli::Home;
use crate::support::estate::ground;
use crate::support::pty::{DESIGN, Pty};
use crate::support::scene::{self, all_entries, assert_intact, config, logbook, of_kind};
use crate::support::trouble::{Disk, Part, Trouble};

/// A home on an endpoint at which nobody listens.
fn dark_home() -> Home {
    Home::new()
        .with("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
        .with("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
        .with("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI-K7MDENG-bPxRfiCYEXAMPLEKEY")
        .config(&config())
}

/// The keys still do what they do.
#[track_caller]
fn assert_answers(pty: &Pty) {
    pty.press("2");
    pty.wait_for("HEALTH");
    pty.press("1");
    pty.wait_gone("HEALTH");
}

#[track_caller]
fn quit(mut pty: Pty) -> String {
    pty.press("q");
    assert_eq!(pty.wait_exit(), 0);
    pty.assert_restored();
    pty.screen()
}

// ---- the clock

#[test]
fn alive_a_clock_that_is_set_is_told_and_takes_no_time_back() {
    let (home, trouble) = Trouble::under(dark_home());
    let pty = Pty::start(&home, DESIGN, &[]);
    pty.wait_for("us-east-1");
    pty.press("6");
    pty.wait_for("opened a cockpit");
    // Half a minute more than is asked for: what passes between two readings of the clock is not counted.
    trouble.move_clock(3630);
    pty.wait_for(" leapt 1h ahead");
    // Set right again, it is behind what was shown by then; and the cockpit's own time goes on.
    trouble.move_clock(0);
    pty.wait_for("stepped back");
    pty.wait_for("behind");
    trouble.move_clock(-7200);
    pty.wait_until("the second step", |screen| screen.matches("stepped back").count() >= 2);
    assert_answers(&pty);
    quit(pty);
    let written = all_entries(&logbook(&home));
    let stepped: Vec<i64> =
        of_kind(&written, "clock").iter().map(|entry| entry["body"]["stepped_s"].as_i64().unwrap()).collect();
    let near = |index: usize, seconds: i64| (stepped[index] - seconds).abs() <= 2;
    assert!(stepped.len() == 3 && near(0, 3630) && near(1, -3630) && near(2, -7200), "{stepped:?}");
    let times: Vec<jiff::Timestamp> =
        written.iter().map(|entry| entry["ts"].as_str().unwrap().parse().unwrap()).collect();
    assert!(times.is_sorted(), "the times of a strand go back");
    assert_intact(&home);
}

// ---- the disk

#[test]
fn alive_a_disk_without_room_is_said_and_recording_goes_on_where_there_is_room_again() {
    for (disk, verified) in [(Disk::Full, 0), (Disk::NearlyFull, 1)] {
        let (home, trouble) = Trouble::under(Home::new());
        let (pty, place) = demo(&home, &[]);
        trouble.disk(disk);
        pty.press("n");
        pty.wait_for("note");
        pty.type_text("RDS froze");
        pty.press_enter();
        let screen = pty.wait_for("NOT RECORDING");
        assert!(screen.contains("log DISK FULL") && screen.contains("actions off"), "{screen}");
        assert_answers(&pty);
        pty.press("L");
        pty.wait_for("still not recording: there is no room");
        assert_eq!(scene::strands(&place).len(), 1, "a strand that takes no line");
        trouble.disk(Disk::Takes);
        pty.press("L");
        pty.wait_gone("NOT RECORDING");
        quit(pty);
        let reopened = of_kind(&all_entries(&place), "reopened");
        assert_eq!(reopened.len(), 1, "{disk:?}");
        assert!(reopened[0]["body"]["lost"].is_null(), "{disk:?}: {}", reopened[0]);
        // A note that there was no room for is written down as soon as there is some.
        let notes = of_kind(&all_entries(&place), "note");
        let kept = notes.iter().filter(|e| e["body"]["text"].as_str().unwrap().contains("RDS froze"));
        assert_eq!(kept.count(), 1, "{disk:?}: {notes:?}");
        let ran = home.run(&["log", "verify", &place.display().to_string()]);
        ran.expect_code(verified);
    }
}

#[test]
fn alive_a_disk_that_loses_what_it_took_is_never_asked_again() {
    let (home, trouble) = Trouble::under(Home::new());
    let (pty, place) = demo(&home, &[]);
    trouble.sync_fails(true);
    pty.press("n");
    pty.wait_for("note");
    pty.type_text("RDS froze");
    pty.press_enter();
    pty.wait_for("NOT RECORDING");
    // The next fsync would call it a success.
    trouble.sync_fails(false);
    let strand = scene::strands(&place).remove(0);
    let length = std::fs::metadata(&strand).unwrap().len();
    pty.press("n");
    pty.wait_for("note");
    pty.type_text("are you there");
    pty.press_enter();
    pty.wait_for("not written down");
    assert_eq!(std::fs::metadata(&strand).unwrap().len(), length, "it wrote on");
    let screen = quit(pty);
    assert!(screen.contains("The logbook refused") && screen.contains("RDS froze"), "{screen}");
}

#[test]
fn alive_a_disk_that_hangs_holds_up_neither_keys_nor_leaving() {
    let (home, trouble) = Trouble::under(Home::new());
    let (mut pty, _) = demo(&home, &[]);
    trouble.disk(Disk::Hangs);
    pty.press("n");
    pty.wait_for("note");
    pty.type_text("RDS froze");
    pty.press_enter();
    assert_answers(&pty);
    let begin = Instant::now();
    pty.press("q");
    assert_eq!(pty.wait_exit(), 1);
    assert!(begin.elapsed() < Duration::from_secs(40), "{:?}", begin.elapsed());
    pty.assert_restored();
    let screen = pty.screen();
    assert!(screen.contains("The disk of the logbook did not answer"), "{screen}");
}

// ---- panics

#[test]
fn alive_a_bug_in_the_loop_gives_the_terminal_back_and_the_call_finishes() {
    let Some(ground) = ground("a bug in the loop") else {
        return;
    };
    let (home, trouble) = Trouble::under(scene::home(&ground));
    let mut pty = calling(&ground, &home);
    trouble.break_off(Part::Loop);
    pty.wait_for("panicked");
    assert!(!pty.in_alternate_screen(), "the message is on a screen that is thrown away");
    assert_eq!(reasons(&logbook(&home)), Vec::<String>::new(), "it left before its call had ended");
    ground.standin.lift_all();
    assert_eq!(pty.wait_exit(), 1);
    pty.assert_restored();
    let screen = pty.screen();
    assert!(screen.contains("This is a bug of blackstart"), "{screen}");
    assert_eq!(outcomes(&home), ["ok"]);
    assert_eq!(reasons(&logbook(&home)), ["a bug of blackstart"]);
    assert_intact(&home);
}

#[test]
fn alive_a_bug_in_a_task_is_an_answer_and_the_next_one_is_another() {
    let Some(ground) = ground("a bug in a task") else {
        return;
    };
    let (home, trouble) = Trouble::under(scene::home(&ground));
    let mut pty = Pty::start(&home, DESIGN, &[]);
    pty.wait_until("where www points", |screen| screen.contains("us-east-1/web"));
    pty.press("R");
    let failed = |home: &Home| {
        let observed = of_kind(&all_entries(&logbook(home)), "observed");
        observed.iter().position(|entry| entry.to_string().contains("a task of the cockpit failed"))
    };
    // Whichever task reads the clock next breaks off; that of a cell is waited for.
    pty.wait_while_running("an answer that is a panic", || {
        trouble.break_off(Part::Task);
        failed(&home).is_some()
    });
    trouble.break_off(Part::None);
    assert!(!pty.screen().contains("panicked") && pty.in_alternate_screen(), "{}", pty.screen());
    // The same place is asked again, and answers.
    pty.press("R");
    pty.wait_while_running("the same place once more", || {
        let observed = of_kind(&all_entries(&logbook(&home)), "observed");
        let Some(at) = failed(&home) else { return false };
        // Its account may have been named meanwhile.
        let cell =
            |entry: &Value| entry["body"]["place"].as_str().unwrap().splitn(3, '/').nth(2).map(String::from);
        let later = observed[at + 1..].iter().filter(|entry| entry["body"]["status"]["status"] == "ok");
        later.map(cell).any(|later| later == cell(&observed[at]))
    });
    assert_answers(&pty);
    quit(pty);
    assert_intact(&home);
}

#[test]
fn alive_a_bug_in_the_painter_costs_a_frame() {
    let home = Home::new();
    let (home, trouble) = Trouble::under(home);
    let (pty, place) = demo(&home, &[]);
    trouble.break_off(Part::Painter);
    assert_answers(&pty);
    let screen = pty.wait_for("eu-central-1");
    assert!(!screen.contains("panicked"), "{screen}");
    quit(pty);
    assert_eq!(reasons(&place), ["quit"]);
}

#[test]
fn alive_a_bug_in_the_scribe_is_a_logbook_that_refuses() {
    let (home, trouble) = Trouble::under(Home::new());
    let (pty, place) = demo(&home, &[]);
    trouble.break_off(Part::Scribe);
    let screen = pty.wait_for("NOT RECORDING");
    assert!(screen.contains("actions off") && !screen.contains("panicked"), "{screen}");
    assert_answers(&pty);
    pty.press("L");
    pty.wait_for("restart");
    let screen = quit(pty);
    assert!(screen.contains("The logbook refused"), "{screen}");
    home.run(&["log", "verify", &place.display().to_string()]).expect_code(0);
}
