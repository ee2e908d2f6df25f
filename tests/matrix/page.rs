//! `docs/faults.md`, written from the table.

use std::fmt::Write as _;

use blackstart::incident::fault::{Fault, Performed};

use super::table::{CALLINGS, CALLS, Cell, READINGS, Reading, SERVICES};

/// The tests of the second table.
const CALL_TESTS: [&str; 4] = [
    "what_never_left_is_failed_and_reached_nobody",
    "what_was_refused_is_failed_and_changed_nothing",
    "what_was_done_and_badly_answered_is_unknown_until_it_is_read_and_never_done_again",
    "a_skewed_clock_holds_no_action_up",
];

/// The page.
pub fn text() -> String {
    let mut text = String::from(
        "# Faults

What the operator sees when AWS answers late, wrongly or not at all. Each row is made to happen to the real binary by
`tests/matrix`, which reads what is on the screen and compares it with this table.

",
    );
    overview(&mut text);
    readings(&mut text);
    callings(&mut text);
    text
}

fn overview(text: &mut String) {
    text.push_str(
        "## While it is read

A cell is one service of one account in one region, and fails alone. The word stands in `blackstart status`, in
its JSON and on boards of 200 columns, where narrower ones have a mark and for how long; the sentence and what to do stand in
`status`, in the detail of the region and of each row.

",
    );
    let _ = writeln!(text, "| fault | {} |", SERVICES.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(SERVICES.len()));
    for row in READINGS {
        let words: Vec<&str> = row.cells.iter().map(|cell| cell.word).collect();
        let _ = writeln!(text, "| [{}](#{}) | {} |", row.title, anchor(row.title), words.join(" | "));
    }
    text.push_str(
        "
In every row but those whose cells say `ok` or `slow`:

- the rows of before stay, and their age goes on from the last good answer: `last read 41s ago`;
- the other cells are fresh;
- `status` exits 1.

The region is called `DOWN` where all its cells fail for a reason of AWS's or of the way to it, and after the fault where it is
ours: credentials, a policy, the clock, the rate at which we ask. STS is asked beside everything else: under any of these faults
the cells are read all the same. Until STS answers the account is presumed to be the one that the profile was last, by the logbook, and
marked so; where the logbook does not know it, it goes by the profile's name (`~prod`)
(`tests/matrix/reads.rs`, test `matrix::reads::sts`).
",
    );
}

/// The anchor of a heading, as forges make them.
fn anchor(title: &str) -> String {
    let letters = title.to_lowercase();
    letters
        .chars()
        .filter(|c| c.is_alphanumeric() || matches!(c, ' ' | '-'))
        .collect::<String>()
        .replace(' ', "-")
}

fn readings(text: &mut String) {
    for row in READINGS {
        let _ = writeln!(text, "\n### {}\n\n{}\n", row.title, row.what);
        sentences(text, row);
        let mut said = Vec::new();
        for advice in row.cells.iter().filter_map(Cell::advice) {
            if !said.contains(&advice) {
                let _ = writeln!(text, "\n> {advice}");
                said.push(advice);
            }
        }
        if !row.beside.is_empty() {
            let _ = writeln!(text, "\n{}", row.beside);
        }
        let _ = writeln!(text, "\nTest: [`matrix::reads::{}`](../tests/matrix/reads.rs)", row.test);
    }
}

/// What each cell says; once, where all say the same.
fn sentences(text: &mut String, row: &Reading) {
    let first = row.cells[0];
    let all_alike = row.cells.iter().all(|cell| (cell.word, cell.says) == (first.word, first.says));
    text.push_str("| service | word | sentence |\n|---|---|---|\n");
    if all_alike {
        let _ = writeln!(text, "| all | {} | {} |", first.word, first.says);
        return;
    }
    for (service, cell) in SERVICES.iter().zip(&row.cells) {
        let _ = writeln!(text, "| {service} | {} | {} |", cell.word, cell.says);
    }
}

fn callings(text: &mut String) {
    text.push_str(
        "
## While something is changed

What becomes of a call that changes something. *failed*: certainly not done; the action stops and says why in AWS's words.
*unknown*: the call may have been done; what is there is read, and only that decides. It is never called *failed*, and no call is
made a second time; RunInstances alone is sent once more, with the token of before, so that there is one launch. Here each call was
done and its answer failed, so the check finds it and the action ends verified.

",
    );
    let columns: Vec<String> = CALLS.iter().map(|(action, _, call)| format!("{action}: `{call}`")).collect();
    let _ = writeln!(text, "| fault of the call | {} |", columns.join(" | "));
    let _ = writeln!(text, "|---|{}", "---|".repeat(CALLS.len()));
    for row in CALLINGS {
        let cells = row.words.map(|word| match word {
            "" => format!("{}, {}", row.outcome, row.standing),
            word => format!("{} ({word}), {}", row.outcome, row.standing),
        });
        let _ = writeln!(text, "| [{}](#{}) | {} |", row.title, anchor(row.title), cells.join(" | "));
    }
    let unknown: Vec<String> = kinds(Performed::Unknown);
    let not: Vec<String> = kinds(Performed::No);
    let _ = writeln!(
        text,
        "
By the word of the fault: {} leave the outcome unknown; after {} it was certainly not done.

Tests, in [`tests/matrix/calls.rs`](../tests/matrix/calls.rs):
",
        unknown.join(", "),
        not.join(", ")
    );
    for test in CALL_TESTS {
        let _ = writeln!(text, "- `matrix::calls::{test}`");
    }
}

/// The words of the faults that leave a call so.
fn kinds(performed: Performed) -> Vec<String> {
    let kinds = Fault::samples().into_iter().filter(|fault| fault.performed() == performed);
    kinds.map(|fault| format!("*{}*", fault.word())).collect()
}

#[test]
fn every_row_names_a_test_that_is_there() {
    let tests = include_str!("reads.rs");
    for row in READINGS {
        assert!(tests.contains(&format!("#[test]\nfn {}()", row.test)), "{} has no test", row.test);
    }
    for test in CALL_TESTS {
        assert!(include_str!("calls.rs").contains(&format!("#[test]\nfn {test}()")), "{test} is no test");
    }
    for row in CALLINGS {
        assert!(READINGS.iter().any(|reading| reading.title == row.title), "{} is no fault above", row.title);
    }
}

/// A new kind of fault does not go unseen: each stands in the table, or is none that an endpoint can give.
#[test]
fn every_fault_stands_in_the_table() {
    for fault in Fault::samples() {
        let word = fault.word();
        let ours_alone = matches!(
            fault,
            Fault::CredentialsMissing { .. } | Fault::Refused { .. } | Fault::Unaskable { .. }
        );
        let stands = READINGS.iter().any(|row| row.cells.iter().any(|cell| cell.word == word));
        assert!(stands || ours_alone, "{word} is in no row");
    }
}
