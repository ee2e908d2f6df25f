//! The logbook: a line, a strand, a checkpoint.
//!
//! Most inputs fail at the hash, which proves little about what is behind it; so every input is also read as it would be
//! had its writer sealed it.

use super::Target;
use blackstart::incident::Incident;
use blackstart::incident::checkpoint::Checkpoint;
use blackstart::incident::entry::{Body, Entry, SessionId};
use blackstart::incident::hash::sha256_hex;
use blackstart::logbook::chain::{GENESIS, seal};
use blackstart::logbook::checkpoint::parse;
use blackstart::logbook::export::{Format, Sentence, export, report, show};
use blackstart::logbook::{Head, Line, Logbook, Seen, Verdict, read_strand, verify};
use blackstart::run::Stage;
use blackstart::run::screenshots;
use std::path::Path;
use std::sync::OnceLock;

pub const LINE: Target = Target {
    name: "logbook-line",
    check: check_line,
    seeds: || lines().iter().map(|line| line[..line.len() - 1].to_vec()).collect(),
    words: WORDS,
    brief: 6000,
};

pub const STRAND: Target =
    Target { name: "strand", check: check_strand, seeds: strands, words: WORDS, brief: 400 };

pub const CHECKPOINT: Target =
    Target { name: "checkpoint", check: check_checkpoint, seeds: checkpoints, words: WORDS, brief: 500 };

pub(super) const WORDS: &[&str] = &[
    "\"v\":",
    "\"seq\":",
    "\"ts\":",
    "\"mono_ms\":",
    "\"session\":",
    "\"actor\":",
    "\"kind\":",
    "\"body\":",
    "\"prev\":",
    "\"seen\":{},",
    "\"hash\":",
    "null",
    "true",
    "[]",
    "{}",
    "\"\"",
    "\"\\u0000\"",
    "\"\\ud83d\\ude00\"",
    "\\u001b[2J",
    "\\n",
    "\"note\"",
    "\"observed\"",
    "\"intent\"",
    "\"outcome\"",
    "\"finished\"",
    "\"left\"",
    "\"clock\"",
    "\"closed\"",
    "us-east-1",
    "ec2",
    "i-0",
    "running",
    "-9999-01-02T01:59:59Z",
    "9999-12-30T22:00:00Z",
    "1970-01-01T00:00:00Z",
    "2012-06-30T03:00:00.000001Z",
    "18446744073709551615",
    "-1",
    "1e99",
];

/// The session of every strand here.
const SESSION: &str = "20120630T030000Z-adam@jump-1-4242";
/// Entries a seed has at most: a strand of a few pages is read quickly and has everything.
const SHORT: usize = 24;

/// The storm of 2012 with a cockpit that acts, takes a note, undoes and leaves.
pub(super) fn storm() -> &'static Stage {
    static STORM: OnceLock<Stage> = OnceLock::new();
    STORM.get_or_init(|| {
        let mut stage = screenshots::storm().unwrap_or_else(|error| panic!("{error}"));
        for action in ["m", "u"] {
            stage.press(action);
            stage.run_until_true(60, |app| app.ready_plan().is_some());
            let typed = stage.app.ready_plan().map(|plan| plan.confirm.clone()).unwrap_or_default();
            stage.press(&format!("{typed}<enter>"));
            stage.run_for(200);
            stage.press("<esc>");
        }
        stage.press("npage-is-up<enter>");
        stage.run_for(60);
        stage.press("q");
        stage
    })
}

/// The storm's entries: every kind of them, and not much of any.
pub(super) fn entries() -> Vec<Entry> {
    let mut kept: Vec<Entry> = Vec::new();
    for entry in &storm().entries {
        let same = kept.iter().filter(|known| known.body.kind() == entry.body.kind()).count();
        let is_long = matches!(&entry.body, Body::Observed { changed, .. } if changed.len() > 8);
        if same < 6 && !is_long {
            kept.push(entry.clone());
        }
    }
    kept
}

/// Lines of a strand, one for each entry, each with its newline.
fn sealed(entries: &[Entry]) -> Vec<Vec<u8>> {
    let mut prev = GENESIS.to_owned();
    let witness = Seen::from([(SessionId("eve".into()), Head { seq: 3, hash: GENESIS.to_owned() })]);
    let mut lines = Vec::new();
    for (seq, entry) in (0_u64..).zip(entries) {
        let entry = Entry { seq, session: SessionId(SESSION.into()), ..entry.clone() };
        let seen = if seq == 2 { witness.clone() } else { Seen::new() };
        let (line, hash) = seal(&entry, &prev, &seen).unwrap_or_else(|flaw| panic!("{flaw}"));
        prev = hash;
        lines.push(line);
    }
    lines
}

fn lines() -> Vec<Vec<u8>> {
    sealed(&entries())
}

pub(super) fn strands() -> Vec<Vec<u8>> {
    let all = entries();
    let mut strands: Vec<Vec<u8>> = all.chunks(SHORT).map(|some| sealed(some).concat()).collect();
    let torn = strands.first().map(|strand| strand[..strand.len() - 40].to_vec());
    strands.extend(torn);
    strands.push(Vec::new());
    strands
}

/// A line as its writer would have sealed it: what is before the seal, or all of it, with its own hash.
fn resealed(line: &[u8]) -> Vec<u8> {
    const SEAL: &[u8] = b",\"hash\":\"";
    let end = line.windows(SEAL.len()).rposition(|window| window == SEAL);
    let covered = &line[..end.unwrap_or_else(|| line.strip_suffix(b"}").unwrap_or(line).len())];
    [covered, SEAL, sha256_hex(covered).as_bytes(), b"\"}"].concat()
}

fn check_line(bytes: &[u8]) {
    read_back(bytes);
    read_back(&resealed(bytes));
}

/// A line that is read is written again to one that reads the same; and to the same bytes, if a writer of ours wrote it.
fn read_back(bytes: &[u8]) {
    let line = match Line::parse(bytes) {
        Ok(line) => line,
        Err(flaw) => return assert!(!flaw.to_string().is_empty()),
    };
    let (written, hash) = seal(&line.entry, &line.prev, &line.seen).unwrap_or_else(|flaw| panic!("{flaw}"));
    let Some((b'\n', written)) = written.split_last() else { panic!("no newline") };
    assert!(!written.contains(&b'\n'), "a line of two lines");
    let again = Line::parse(written).unwrap_or_else(|flaw| panic!("what is written cannot be read: {flaw}"));
    assert_eq!((&again.entry, &again.prev, &again.seen), (&line.entry, &line.prev, &line.seen));
    assert_eq!(again.hash, hash);
    assert_eq!(again.to_json().as_deref(), Ok(written));
    // What is exported is a line, whoever wrote it.
    let exported = line.to_json().unwrap_or_else(|flaw| panic!("{flaw}"));
    assert!(serde_json::from_slice::<serde_json::Value>(&exported).is_ok(), "exported as no JSON");
    if written == bytes {
        assert_eq!((exported.as_slice(), &line.hash), (bytes, &hash));
    }
}

/// A strand as its writer would have chained it: every line follows the one before.
pub(super) fn rechained(strand: &[u8]) -> Vec<u8> {
    const PREV: &[u8] = b",\"prev\":\"";
    let mut prev = GENESIS.to_owned();
    let mut chained = Vec::new();
    for line in strand.split_inclusive(|byte| *byte == b'\n') {
        let Some(line) = line.strip_suffix(b"\n") else {
            chained.extend_from_slice(line);
            break;
        };
        let mut line = line.to_vec();
        if let Some(at) = line.windows(PREV.len()).rposition(|window| window == PREV) {
            let place = at + PREV.len()..(at + PREV.len() + 64).min(line.len());
            line.splice(place, prev.bytes());
        }
        let line = resealed(&line);
        prev = String::from_utf8_lossy(&line[line.len() - 66..line.len() - 2]).into_owned();
        chained.extend_from_slice(&line);
        chained.push(b'\n');
    }
    chained
}

fn check_strand(bytes: &[u8]) {
    read_strand_of(bytes);
    read_strand_of(&rechained(bytes));
}

fn read_strand_of(bytes: &[u8]) {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(format!("{SESSION}.jsonl"));
    std::fs::write(&file, bytes).unwrap();
    let strand = read_strand(&file).unwrap();
    let newlines = bytes.iter().filter(|byte| **byte == b'\n').count();
    assert!(strand.lines.len() <= newlines, "more lines than there are");
    for words in
        strand.breakages.iter().map(ToString::to_string).chain(strand.torn.iter().map(ToString::to_string))
    {
        assert!(!words.contains(char::is_control), "{words:?} could steer a terminal");
    }
    for breakage in &strand.breakages {
        assert!((1..=newlines + 1).contains(&breakage.line), "{breakage}");
    }
    // The two readers agree: one that reads bodies, and one that walks over them.
    let verdict = verify(&file).unwrap();
    assert!(!verdict.to_string().contains(|c: char| c.is_control() && c != '\n'), "{verdict}");
    match &verdict {
        Verdict::Intact { entries, .. } => assert_eq!((newlines, strand.torn.is_none()), (*entries, true)),
        Verdict::TornTail { torn, .. } => assert_eq!(torn.first(), strand.torn.as_ref()),
        Verdict::Broken { breakages, .. } => {
            assert!(!strand.breakages.is_empty(), "{verdict}: and the reader found nothing");
            assert!(!breakages.is_empty());
        }
    }
    let logbook = Logbook::open(directory.path()).unwrap();
    tell(&logbook.into_timeline());
    let after: Vec<_> = std::fs::read_dir(directory.path()).unwrap().collect();
    assert_eq!(
        (after.len(), std::fs::read(&file).unwrap().as_slice()),
        (1, bytes),
        "reading changed something"
    );
    fold(&strand.lines);
}

/// Everything that is told of a log holds one line for one entry.
fn tell(lines: &[Line]) {
    let describe = |entry: &Entry| {
        let event = blackstart::incident::story::describe(&Incident::default(), entry);
        let by_itself =
            event.as_ref().is_some_and(|event| event.who == blackstart::incident::story::BY_ITSELF);
        Sentence {
            is_story: event.is_some(),
            text: event.map_or_else(String::new, |event| event.text),
            by_itself,
        }
    };
    let mut shown = Vec::new();
    show(lines, true, &describe, &mut shown).unwrap();
    assert_eq!(shown.iter().filter(|byte| **byte == b'\n').count(), lines.len());
    assert!(!String::from_utf8_lossy(&shown).contains(|c: char| c.is_control() && c != '\n'));
    let mut exported = Vec::new();
    export(lines, Format::Json, &describe, &mut exported).unwrap();
    for line in exported.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        assert!(serde_json::from_slice::<serde_json::Value>(line).is_ok(), "exported as no JSON");
    }
    export(lines, Format::Csv, &describe, &mut Vec::new()).unwrap();
    report(lines, &describe, &mut Vec::new()).unwrap();
}

/// A fold is kept whole in a checkpoint.
fn fold(lines: &[Line]) {
    let mut incident = Incident::default();
    for line in lines {
        incident.fold(&line.entry);
    }
    let kept = serde_json::to_vec(&incident.checkpoint()).unwrap();
    let kept: Checkpoint = serde_json::from_slice(&kept).unwrap();
    let rows: Vec<_> = incident.rows.values().cloned().collect();
    let rows = serde_json::from_slice::<Vec<blackstart::incident::Seen>>(&serde_json::to_vec(&rows).unwrap())
        .unwrap();
    let again = Incident::from_checkpoint(kept, rows);
    incident.take_touched();
    assert_eq!(again.checkpoint(), incident.checkpoint());
    assert_eq!(again.rows, incident.rows);
}

fn checkpoints() -> Vec<Vec<u8>> {
    let written = |entries: &[Entry]| {
        let directory = tempfile::tempdir().unwrap();
        let session = SessionId(SESSION.into());
        std::fs::write(directory.path().join(format!("{SESSION}.jsonl")), sealed(entries).concat()).unwrap();
        let mut incident = Incident::default();
        for line in Logbook::open(directory.path()).unwrap().into_timeline() {
            incident.fold(&line.entry);
        }
        blackstart::logbook::write_checkpoint(directory.path(), &session, &incident).unwrap();
        std::fs::read(checkpoint_of(directory.path())).unwrap()
    };
    entries().chunks(SHORT).map(written).collect()
}

fn checkpoint_of(directory: &Path) -> std::path::PathBuf {
    directory.join(format!("{SESSION}.checkpoint"))
}

fn check_checkpoint(bytes: &[u8]) {
    use_checkpoint(bytes);
    // As if its writer had finished it so: with its own number of rows and hash.
    let mut lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    lines.pop();
    let covered = lines.concat();
    let rows = covered.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).count().saturating_sub(1);
    let footer = format!("{{\"rows\":{rows},\"sha256\":\"{}\"}}\n", sha256_hex(&covered));
    use_checkpoint(&[&covered, footer.as_bytes()].concat());
}

fn use_checkpoint(bytes: &[u8]) {
    match parse(bytes) {
        Ok((_, mut incident)) => {
            // Going on from it is possible whatever it says.
            for entry in entries() {
                incident.fold(&entry);
            }
            fold_further(&incident);
        }
        Err(why) => assert!(!why.is_empty()),
    }
}

fn fold_further(incident: &Incident) {
    let again = Incident::from_checkpoint(incident.checkpoint(), incident.rows.values().cloned());
    assert_eq!(again.checkpoint(), incident.checkpoint());
}
