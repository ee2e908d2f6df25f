//! What leaves no path to an action, and what is on record of one.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::Value;

use super::WEST;
use crate::support::estate::ground;
use crate::support::scene::{
    self, all_entries, assert_clean, assert_intact, assert_no_secret_kept, assert_untouched, entries,
    logbook, strands,
};

#[test]
fn live_read_only_and_an_unwritable_logbook_leave_no_path() {
    let Some(ground) = ground("read-only") else {
        return;
    };
    let home = scene::home(&ground);
    ground.standin.forget_calls();
    for words in [
        &["do", "apex", "www", "standby", "--confirm", "www"][..],
        &["do", "maintenance", "on", "www", "--confirm", "www"],
        &["do", "undo", "--confirm", "www"],
    ] {
        let mut words = words.to_vec();
        words.insert(0, "--read-only");
        let ran = home.run(&words).expect_code(1);
        assert!(ran.stderr.contains("--read-only leaves no path to any action"), "{}", ran.stderr);
    }
    assert_eq!(ground.standin.calls().len(), 0, "not even asked");

    // A plan can still be seen.
    home.run(&["plan", "apex", "www", "standby"]).expect_code(0);

    // The logbook: a file where the directory should be, and a directory that takes nothing.
    let file = home.path().join("file");
    fs::write(&file, "not a logbook\n").unwrap();
    let closed = home.path().join("closed");
    fs::create_dir(&closed).unwrap();
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o555)).unwrap();
    let mut places = vec![(file, "cannot be"), ("/proc/blackstart".into(), "cannot be")];
    if fs::write(closed.join("try"), "").is_err() {
        places.push((closed, "cannot be"));
    }
    for (place, why) in places {
        let place = place.display().to_string();
        let words = ["--logbook", &place, "do", "apex", "www", "standby", "--confirm", "www"];
        let ran = home.run(&words).expect_code(1);
        assert!(ran.stderr.contains(why) && ran.stderr.contains(&place), "{}", ran.stderr);
        assert!(ran.stderr.contains("--logbook"), "what to do next: {}", ran.stderr);
        // What can be seen is seen all the same, and it is said that nothing of before is.
        let ran = home.run(&["--logbook", &place, "status", "--region", WEST]).expect_code(0);
        let is_empty = place.ends_with("closed");
        assert!(
            is_empty || (ran.stderr.contains(&place) && ran.stderr.contains("--logbook")),
            "{}",
            ran.stderr
        );
    }
    assert_untouched(&ground.standin);
}

// ---- the log

#[test]
fn live_the_log_tells_what_was_done() {
    let Some(ground) = ground("the logbook of a live run") else {
        return;
    };
    let home = scene::home(&ground);
    home.run(&["declare", "us-east-1", "dark"]).expect_code(0);
    home.run(&["note", "RDS logs frozen at 23:00"]).expect_code(0);
    home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(0);
    home.run(&["close", "the page is up"]).expect_code(0);
    assert_intact(&home);
    let log = home.run(&["log", "show"]).expect_code(0);
    for wanted in
        ["us-east-1 dark", "RDS logs frozen at 23:00", "maintenance on", "calling:", "verified", "INSYNC"]
    {
        assert!(log.stdout.contains(wanted), "no {wanted:?} in\n{}", log.stdout);
    }
    let report = home.run(&["log", "report"]).expect_code(0);
    for wanted in ["# ", "us-east-1 dark", "maintenance on", "RDS logs frozen"] {
        assert!(report.stdout.contains(wanted), "no {wanted:?} in\n{}", report.stdout);
    }
    let export = home.run(&["log", "export"]).expect_code(0);
    let lines: Vec<Value> = export.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), all_entries(&logbook(&home)).len());
    let csv = home.run(&["log", "export", "--format", "csv"]).expect_code(0);
    assert!(csv.stdout.starts_with("time,session,seq,"), "{}", csv.stdout);
    for ran in [&log, &report, &export, &csv] {
        assert_clean(&ground.account, ran);
    }
    assert_no_secret_kept(&ground.account, &home);

    // A line that was never finished: reported, and everything before it still told.
    let strand = strands(&logbook(&home)).into_iter().max_by_key(|s| entries(s).len()).unwrap();
    let whole = fs::read(&strand).unwrap();
    let mut torn = whole.clone();
    torn.extend_from_slice(b"{\"v\":1,\"seq\":9999,\"ts\":\"2026-");
    fs::write(&strand, &torn).unwrap();
    let name = strand.file_name().unwrap().to_str().unwrap();
    let ran = home.run(&["log", "verify"]).expect_code(1);
    assert!(ran.stdout.contains(name) && ran.stdout.contains("torn"), "{}", ran.stdout);
    let ran = home.run(&["log", "show"]).expect_code(0);
    assert!(ran.stdout.contains("maintenance on") && ran.stderr.contains(name), "{}", ran.stderr);
    // And the next command still knows what was done.
    let ran = home.run(&["do", "maintenance", "on", "www", "--confirm", "www"]).expect_code(1);
    assert!(ran.stderr.contains("in maintenance already"), "{}", ran.stderr);

    // A changed byte: broken, and where.
    let mut changed = whole.clone();
    let at = text_at(&whole, b"\"confirmed\"");
    let line = whole[..at].iter().filter(|byte| **byte == b'\n').count() + 1;
    changed[at + 1] = b'C';
    fs::write(&strand, &changed).unwrap();
    let ran = home.run(&["log", "verify"]).expect_code(3);
    assert!(ran.stdout.contains(&format!("{name}:{line}")), "{name}:{line} is not in\n{}", ran.stdout);
    // A strand that is gone although others saw it.
    fs::write(&strand, &whole).unwrap();
    assert_eq!(home.run(&["log", "verify"]).code, Some(0));
    fs::remove_file(&strand).unwrap();
    let ran = home.run(&["log", "verify"]).expect_code(3);
    assert!(ran.stdout.contains(name), "{}", ran.stdout);
}

fn text_at(bytes: &[u8], text: &[u8]) -> usize {
    bytes.windows(text.len()).position(|window| window == text).unwrap()
}
