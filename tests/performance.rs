//! The document of the measured figures has a row for every target, and no other. Nothing is measured here.

#[path = "../benches/performance/targets.rs"]
mod targets;

use std::collections::BTreeSet;
use std::path::Path;
use targets::TARGETS;

/// The rows of the table under a heading: their first two columns.
fn rows(document: &str, heading: &str) -> Vec<(String, String)> {
    let (_, after) = document.split_once(heading).unwrap();
    let table =
        after.lines().skip_while(|line| !line.starts_with('|')).take_while(|line| line.starts_with('|'));
    table
        .skip(2)
        .map(|line| {
            let mut columns = line.split('|').skip(1).map(|column| column.trim().to_owned());
            (columns.next().unwrap(), columns.next().unwrap())
        })
        .collect()
}

#[test]
fn every_target_has_its_row_in_the_document() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/performance.md");
    let document = std::fs::read_to_string(path).unwrap();
    let wanted: Vec<_> = TARGETS
        .iter()
        .map(|target| (target.what.to_owned(), format!("< {}", target.unit.write(target.below))))
        .collect();
    assert_eq!(rows(&document, "## Targets"), wanted, "run `cargo bench` and look at what it says");
    let machine = rows(&document, "# Performance");
    assert!(machine.iter().any(|(name, value)| name == "processor" && value.len() > 3), "{machine:?}");
}

#[test]
fn every_target_has_a_name_of_its_own() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|target| target.name).collect();
    assert_eq!(names.len(), TARGETS.len());
}
