//! The walls between the folders, read from the imports of every file; and the house rules that no compiler checks.
//!
//! `ARCHITECTURE.md` draws these walls. A file that needs to cross one is in the wrong folder.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// What each folder of `src` may import of ours. `run` and the two roots may import everything.
const WALLS: [(&str, &[&str]); 7] = [
    ("incident", &[]),
    ("app", &["incident"]),
    ("logbook", &["incident"]),
    ("cloud", &["incident"]),
    ("settings", &["app", "incident"]),
    ("ui", &["app", "incident", "settings"]),
    ("cli", &["app", "incident", "settings"]),
];

/// Who may import what of other people's.
const FENCES: [(&str, &[&str]); 6] = [
    ("ratatui", &["src/ui/", "src/run/"]),
    ("crossterm", &["src/run/"]),
    ("tokio", &["src/run/", "src/cloud/"]),
    ("reqwest", &["src/cloud/"]),
    ("clap", &["src/cli/", "src/run/", "src/main.rs"]),
    ("aws_", &["src/cloud/aws/"]),
];

/// What reads the clock, the environment or the dice, and the only files that may.
const IMPURE: [(&str, &[&str]); 7] = [
    // How far the machine's own clock is from AWS's is measured where AWS answers.
    ("SystemTime::now", &["src/cloud/aws/skew.rs"]),
    ("Timestamp::now", &["src/run/clock.rs"]),
    ("Zoned::now", &[]),
    // How long an answer took is measured where it is waited for.
    ("Instant::now", &["src/run/clock.rs", "src/cloud/aws/", "src/cloud/probe/"]),
    ("env::var", &["src/main.rs"]),
    ("thread::sleep", &[]),
    ("rand_chacha", &["src/cloud/sim/"]),
];

struct File {
    /// From the root of the repository, with `/`.
    path: String,
    text: String,
}

impl File {
    /// The folder of `src` it belongs to; `src/cli.rs` belongs to `cli`.
    fn folder(&self) -> &str {
        let inside = self.path.strip_prefix("src/").unwrap_or(&self.path);
        inside.split('/').next().unwrap_or(inside).trim_end_matches(".rs")
    }

    fn is_test(&self) -> bool {
        self.path.contains("/tests/")
            || self.path.ends_with("tests.rs")
            || self.path.starts_with("tests/")
            || self.path.starts_with("benches/")
    }

    /// Its lines of code, with their numbers: no comments, no strings, and nothing of a `#[cfg(test)]` module.
    fn code(&self) -> Vec<(usize, String)> {
        let production = self.text.find("\n#[cfg(test)]\nmod ").filter(|at| {
            // `#[cfg(test)] mod name;` is one line; a module in place goes on to the end of the file.
            self.text[*at + 1..].lines().nth(1).is_some_and(|line| line.trim_end().ends_with('{'))
        });
        let text = &self.text[..production.unwrap_or(self.text.len())];
        let numbered = text.lines().enumerate().map(|(at, line)| (at + 1, bare(line)));
        numbered.filter(|(_, line)| !line.trim().is_empty()).collect()
    }
}

/// A line without its comment and without what is in its strings.
fn bare(line: &str) -> String {
    let mut kept = String::new();
    let mut in_string = false;
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\\' if in_string => {
                letters.next();
            }
            '"' if !kept.ends_with('\'') => in_string = !in_string,
            '/' if !in_string && letters.peek() == Some(&'/') => break,
            other if !in_string => kept.push(other),
            _ => {}
        }
    }
    kept
}

fn files_under(folders: &[&str]) -> Vec<File> {
    fn walk(folder: &Path, found: &mut Vec<PathBuf>) {
        let Ok(entries) = std::fs::read_dir(folder) else { return };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in folders {
        walk(&root.join(folder), &mut found);
    }
    found.sort();
    found
        .into_iter()
        .map(|path| File {
            text: std::fs::read_to_string(&path).unwrap(),
            path: path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/"),
        })
        .collect()
}

/// Folders of ours that a file's code names: `crate::ui::…`, `use crate::{ui, run}`, `blackstart::ui`.
fn ours(file: &File, folders: &BTreeSet<String>) -> Vec<(usize, String)> {
    let code = file.code();
    let mut named = Vec::new();
    for (at, (number, line)) in code.iter().enumerate() {
        for root in ["crate::", "blackstart::"] {
            for (start, _) in line.match_indices(root) {
                let rest = &line[start + root.len()..];
                if rest.starts_with('{') {
                    // A group may run over several lines: up to its `;`.
                    let group: String = std::iter::once(rest.to_owned())
                        .chain(code[at + 1..].iter().map(|(_, line)| line.clone()))
                        .scan(false, |over, line| {
                            (!std::mem::replace(over, line.contains(';'))).then_some(line)
                        })
                        .collect();
                    let firsts = group.trim_start_matches('{').split([',', '}', ' ']).map(first_word);
                    named.extend(firsts.filter(|f| folders.contains(f)).map(|f| (*number, f)));
                } else {
                    let first = first_word(rest);
                    if folders.contains(&first) {
                        named.push((*number, first));
                    }
                }
            }
        }
    }
    named
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}

fn folders_of_src() -> BTreeSet<String> {
    files_under(&["src"])
        .iter()
        .map(|file| file.folder().to_owned())
        .filter(|folder| !matches!(folder.as_str(), "main" | "lib"))
        .collect()
}

#[test]
fn every_folder_has_a_wall() {
    let walled: BTreeSet<String> =
        WALLS.iter().map(|(folder, _)| (*folder).to_owned()).chain(["run".to_owned()]).collect();
    assert_eq!(folders_of_src(), walled, "a folder of src that this test does not know has no wall");
}

#[test]
fn no_folder_imports_what_it_may_not() {
    let folders = folders_of_src();
    let mut crossed = Vec::new();
    let mut imports = 0;
    for file in files_under(&["src"]) {
        let Some((folder, allowed)) = WALLS.iter().find(|(folder, _)| *folder == file.folder()) else {
            continue;
        };
        for (line, imported) in ours(&file, &folders) {
            imports += 1;
            if imported != *folder && !allowed.contains(&imported.as_str()) {
                crossed.push(format!("{}:{line} imports {imported}", file.path));
            }
        }
    }
    assert!(imports > 200, "only {imports} imports were found: this test no longer reads them");
    assert!(crossed.is_empty(), "walls crossed:\n{}", crossed.join("\n"));
}

#[test]
fn the_reader_of_imports_sees_through_every_spelling() {
    let folders = folders_of_src();
    let read = |text: &str| {
        let file = File { path: "src/incident/x.rs".into(), text: text.into() };
        ours(&file, &folders).into_iter().map(|(_, folder)| folder).collect::<Vec<_>>()
    };
    assert_eq!(read("use crate::ui::Look;"), ["ui"]);
    assert_eq!(read("use crate::{\n    app::App,\n    run,\n};\nfn f() {}"), ["app", "run"]);
    assert_eq!(read("fn f(x: crate::cloud::Cloud) {}"), ["cloud"]);
    assert_eq!(read("use blackstart::settings::Theme;"), ["settings"]);
    assert!(read("//! see crate::ui\nconst A: &str = \"crate::run::x\"; // crate::app").is_empty());
    assert!(read("fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::ui::Look;\n}").is_empty());
}

#[test]
fn nothing_but_main_imports_run() {
    let folders = folders_of_src();
    for file in files_under(&["src"]) {
        if file.folder() == "run" || file.path == "src/main.rs" {
            continue;
        }
        let named = ours(&file, &folders).into_iter().find(|(_, folder)| folder == "run");
        assert_eq!(named, None, "{} imports run", file.path);
    }
}

#[test]
fn other_peoples_crates_stay_behind_their_fences() {
    let mut broken = Vec::new();
    let mut seen = BTreeSet::new();
    for file in files_under(&["src"]) {
        for (number, line) in file.code() {
            for (name, allowed) in FENCES {
                let named = line.match_indices(name).any(|(at, _)| {
                    let before = line[..at].chars().next_back();
                    let rest = &line[at + name.len()..];
                    let whole =
                        !before.is_some_and(|c| c.is_alphanumeric() || c == '_' || c == ':' || c == '.');
                    // `aws_` begins the names of a family of crates; the others are names of their own.
                    let path = match name.ends_with('_') {
                        true => rest.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_'),
                        false => rest,
                    };
                    whole && path.starts_with("::")
                });
                if named {
                    seen.insert(name);
                    if !allowed.iter().any(|prefix| file.path.starts_with(prefix)) {
                        broken.push(format!("{}:{number} {name}: {}", file.path, line.trim()));
                    }
                }
            }
        }
    }
    assert_eq!(seen.len(), FENCES.len(), "this test no longer finds what it looks for: {seen:?}");
    assert!(broken.is_empty(), "fences broken:\n{}", broken.join("\n"));
}

#[test]
fn time_and_chance_enter_at_one_place() {
    let mut broken = Vec::new();
    for file in files_under(&["src"]) {
        if file.is_test() {
            continue;
        }
        for (number, line) in file.code() {
            for (name, allowed) in IMPURE {
                if line.contains(name) && !allowed.iter().any(|prefix| file.path.starts_with(prefix)) {
                    broken.push(format!("{}:{number} {name}", file.path));
                }
            }
        }
    }
    assert!(broken.is_empty(), "impure:\n{}", broken.join("\n"));
}

#[test]
fn every_file_says_first_what_it_is() {
    let mut silent = Vec::new();
    for file in files_under(&["src", "tests", "benches"]) {
        let first = file.text.lines().next().unwrap_or_default();
        if !first.starts_with("//! ") {
            silent.push(file.path);
        }
    }
    assert!(silent.is_empty(), "without a module doc: {silent:#?}");
}

#[test]
fn no_file_is_longer_than_a_reader_can_hold() {
    let long: Vec<String> = files_under(&["src", "tests", "benches"])
        .into_iter()
        .filter(|file| file.text.lines().count() > 800)
        .map(|file| format!("{} has {} lines", file.path, file.text.lines().count()))
        .collect();
    assert!(long.is_empty(), "split these: {long:#?}");
}
