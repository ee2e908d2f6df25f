//! Verifying a logbook: is it what was written?
//!
//! Every line's own hash, its link to the line before, its sequence number, session and version; then the witnesses:
//! what the strands say they saw of each other. What this finds: a changed, removed, repeated, reordered or moved line;
//! a strand that was cut, rewritten or removed after another strand saw it. What it cannot find: changes by somebody who
//! rewrites *every* strand that saw what they change, and a tail cut off before anybody saw it. A power failure can also
//! take a tail that others had seen and the disk had not; that reads as a cut, because nobody can tell them apart.
//!
//! Bodies are walked over, not read: a line that hashes and links well was written by a cockpit. Where a line is unfinished the
//! beginnings of the other strands are, for one that says that recording went on in it.

use super::chain::{Breakage, Chain, Head, Hex, Links, Seal, hex_text};
use super::error::LogbookError;
use super::follow::{Cursor, End, Lost, session_of};
use super::reader::strand_files;
use super::recover::{Torn, reopenings};
use super::strand::strand_path;
use crate::incident::entry::SessionId;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::thread;

/// What a verification found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Everything holds.
    Intact {
        /// Strands read.
        strands: usize,
        /// Lines read.
        entries: usize,
    },
    /// Everything holds, but for last lines that were never finished.
    TornTail {
        /// Strands read.
        strands: usize,
        /// Whole lines read.
        entries: usize,
        /// The unfinished ones.
        torn: Vec<Torn>,
    },
    /// Something was changed.
    Broken {
        /// Strands read.
        strands: usize,
        /// Whole lines read.
        entries: usize,
        /// What, by file and line.
        breakages: Vec<Breakage>,
        /// Unfinished last lines, beside that.
        torn: Vec<Torn>,
    },
}

impl Verdict {
    /// The exit code of `log verify`.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Intact { .. } => 0,
            Self::TornTail { .. } => 1,
            Self::Broken { .. } => 3,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = |f: &mut fmt::Formatter<'_>, strands: &usize, entries: &usize| {
            let strand = if *strands == 1 { "strand" } else { "strands" };
            let entry = if *entries == 1 { "entry" } else { "entries" };
            write!(f, "{entries} {entry} in {strands} {strand}")
        };
        match self {
            Self::Intact { strands, entries } => {
                write!(f, "intact: ")?;
                count(f, strands, entries)
            }
            Self::TornTail { strands, entries, torn } => {
                torn.iter().try_for_each(|t| writeln!(f, "{t}"))?;
                write!(f, "torn tail: ")?;
                count(f, strands, entries)?;
                write!(f, " hold; unfinished last lines: {}", torn.len())
            }
            Self::Broken { strands, entries, breakages, torn } => {
                breakages.iter().try_for_each(|b| writeln!(f, "{b}"))?;
                torn.iter().try_for_each(|t| writeln!(f, "{t}"))?;
                write!(f, "BROKEN in {} place(s): ", breakages.len())?;
                count(f, strands, entries)
            }
        }
    }
}

/// Verifies a logbook: a directory of strands, or one strand (then without the witnesses of others).
///
/// # Errors
/// When there is no logbook to read.
pub fn verify(logbook: &Path) -> Result<Verdict, LogbookError> {
    conclude(logbook, look(strand_files(logbook)?))
}

/// The strands as far as they went, and what their lines claimed.
struct Looked {
    strands: Vec<Audit>,
    claims: Vec<Claim>,
}

fn look(files: Vec<PathBuf>) -> Looked {
    let mut strands: Vec<Audit> = files.into_iter().map(Audit::new).collect();
    advance_all(&mut strands);
    let claims = strands.iter_mut().flat_map(|strand| std::mem::take(&mut strand.claims)).collect();
    Looked { strands, claims }
}

/// Cockpits may be writing meanwhile. What a line of the first look saw had long been written: so a second look at the
/// ends catches up with every claim of the first, and finishes lines that were half written.
fn conclude(logbook: &Path, looked: Looked) -> Result<Verdict, LogbookError> {
    let Looked { mut strands, claims } = looked;
    // A strand may also have been opened, and seen, since the directory was listed.
    let known: BTreeSet<PathBuf> = strands.iter().map(|s| s.cursor.path.clone()).collect();
    let opened = strand_files(logbook)?.into_iter();
    strands.extend(opened.filter(|f| !known.contains(f)).map(Audit::new));
    for strand in &mut strands {
        strand.advance();
    }
    let mut breakages = Vec::new();
    let mut torn = Vec::new();
    for strand in &mut strands {
        match strand.cursor.end() {
            End::Clean => {}
            End::Torn(end) => torn.push(end),
            End::Altered(breakage) => strand.breakages.push(breakage),
        }
    }
    if !torn.is_empty() {
        let files: Vec<PathBuf> = strands.iter().map(|strand| strand.cursor.path.clone()).collect();
        let mut reopened = reopenings(&files);
        torn.iter_mut().for_each(|torn| torn.reopened = reopened.remove(&session_of(&torn.file)));
    }
    let directory = logbook.is_dir().then_some(logbook);
    let by_witness = judge(&strands, &claims, directory);
    for strand in &mut strands {
        breakages.append(&mut strand.breakages);
    }
    breakages.extend(by_witness);
    breakages.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    let entries = strands.iter().map(|s| s.cursor.lines).sum();
    let strands = strands.len();
    Ok(if !breakages.is_empty() {
        Verdict::Broken { strands, entries, breakages, torn }
    } else if torn.is_empty() {
        Verdict::Intact { strands, entries }
    } else {
        Verdict::TornTail { strands, entries, torn }
    })
}

/// Strands are independent of each other: as many at once as there are processors.
fn advance_all(strands: &mut [Audit]) {
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let share = strands.len().div_ceil(workers).max(1);
    thread::scope(|scope| {
        for some in strands.chunks_mut(share) {
            scope.spawn(|| some.iter_mut().for_each(Audit::advance));
        }
    });
}

/// What a line says it saw of another strand.
struct Claim {
    file: PathBuf,
    line: usize,
    of: SessionId,
    head: Head,
}

/// One strand under verification.
struct Audit {
    session: SessionId,
    cursor: Cursor,
    chain: Chain,
    /// By line: its sequence number and hash.
    hashes: Vec<(u64, Hex)>,
    claims: Vec<Claim>,
    breakages: Vec<Breakage>,
}

impl Audit {
    fn new(path: PathBuf) -> Self {
        let session = session_of(&path);
        Self {
            chain: Chain::new(session.clone()),
            session,
            cursor: Cursor::new(path),
            hashes: Vec::new(),
            claims: Vec::new(),
            breakages: Vec::new(),
        }
    }

    fn advance(&mut self) {
        let Self { cursor, chain, hashes, claims, breakages, .. } = self;
        let file = cursor.path.clone();
        let ended = cursor.advance(|line, bytes| {
            let seal = Seal::read(bytes);
            let links = Links::parse(bytes);
            let flaw = chain.check(&seal, links.as_ref());
            let believed = flaw.is_none();
            if let Some(flaw) = flaw {
                breakages.push(Breakage { file: file.clone(), line, what: flaw.to_string() });
            }
            if let (Ok(links), Ok(seal)) = (links, seal) {
                hashes.push((links.seq, seal.written));
                if believed {
                    claims.extend(links.seen.into_iter().map(|(of, head)| Claim {
                        file: file.clone(),
                        line,
                        of,
                        head,
                    }));
                }
            }
        });
        if let Err(lost) = ended {
            let what = match &lost {
                Lost::Shrunk { .. } | Lost::Replaced | Lost::Unreadable(_) => lost.to_string(),
            };
            breakages.push(Breakage { file, line: cursor.lines + 1, what });
        }
    }

    fn hash_of(&self, seq: u64) -> Option<&Hex> {
        let direct = usize::try_from(seq).ok().and_then(|at| self.hashes.get(at));
        match direct {
            Some((found, hash)) if *found == seq => Some(hash),
            // Only a broken strand has its lines anywhere else.
            Some(_) | None if self.breakages.is_empty() => None,
            Some(_) | None => self.hashes.iter().find(|(found, _)| *found == seq).map(|(_, hash)| hash),
        }
    }

    fn is_known_broken_at(&self, line: usize) -> bool {
        self.breakages.iter().any(|b| b.line == line)
    }
}

/// Compares what was seen with what is there. One complaint per strand and line, by its first witness.
fn judge(strands: &[Audit], claims: &[Claim], directory: Option<&Path>) -> Vec<Breakage> {
    let by_session: BTreeMap<&SessionId, &Audit> = strands.iter().map(|s| (&s.session, s)).collect();
    let mut found: BTreeMap<(PathBuf, usize), Breakage> = BTreeMap::new();
    for claim in claims {
        let witness = format!("{}:{}", claim.file.display(), claim.line);
        let seq = claim.head.seq;
        let line = usize::try_from(seq).unwrap_or(usize::MAX).saturating_add(1);
        let breakage = match by_session.get(&claim.of) {
            // Of a single strand there is nothing to compare with.
            None => directory.map(|dir| Breakage {
                file: strand_path(dir, &claim.of),
                line: 1,
                what: format!("the strand is missing; {witness} saw it up to entry {seq}"),
            }),
            Some(strand) => match strand.hash_of(seq) {
                Some(hash) if hash.as_slice() == claim.head.hash.as_bytes() => None,
                _ if strand.is_known_broken_at(line) => None,
                Some(hash) => Some(Breakage {
                    file: strand.cursor.path.clone(),
                    line,
                    what: format!(
                        "the strand was rewritten: {witness} saw this line with hash {}, it has {}",
                        short(&claim.head.hash),
                        short(&hex_text(hash))
                    ),
                }),
                None => {
                    let line = strand.cursor.lines + 1;
                    Some(Breakage {
                        file: strand.cursor.path.clone(),
                        line,
                        what: format!(
                            "the tail was cut (or lost in a power failure): the strand ends before this line, \
                             {witness} saw it up to entry {seq}"
                        ),
                    })
                }
            },
        };
        if let Some(breakage) = breakage {
            found.entry((breakage.file.clone(), breakage.line)).or_insert(breakage);
        }
    }
    found.into_values().collect()
}

fn short(hash: &str) -> &str {
    hash.get(..12).unwrap_or(hash)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::chain::{GENESIS, Seen, seal};
    use super::super::fixtures::{entry, note, observed, session, write_strand};
    use super::super::strand::StrandWriter;
    use super::super::tail::Tail;
    use super::*;
    use crate::incident::entry::Body;
    use proptest::prelude::*;
    use std::fs;

    const BODIES: usize = 4;

    fn strand(dir: &Path) -> PathBuf {
        let bodies = (0..BODIES).map(|n| {
            let body = if n % 2 == 0 { note("RDS frozen \"since\" 23:00\n") } else { observed() };
            (n as i64, body)
        });
        write_strand(dir, "adam", bodies)
    }

    fn first_breakage(verdict: &Verdict) -> (String, usize, &str) {
        let Verdict::Broken { breakages, .. } = verdict else { panic!("not broken: {verdict}") };
        let b = &breakages[0];
        (b.file.file_name().unwrap().to_string_lossy().into_owned(), b.line, b.what.as_str())
    }

    #[test]
    fn what_was_written_is_intact() {
        let tmp = tempfile::tempdir().unwrap();
        strand(tmp.path());
        let verdict = verify(tmp.path()).unwrap();
        assert_eq!(verdict, Verdict::Intact { strands: 1, entries: BODIES });
        assert_eq!(verdict.exit_code(), 0);
        assert_eq!(verdict.to_string(), "intact: 4 entries in 1 strand");
    }

    #[test]
    fn removed_repeated_moved_and_foreign_lines_are_found() {
        let tmp = tempfile::tempdir().unwrap();
        let path = strand(tmp.path());
        let text = fs::read_to_string(&path).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        let found = |order: &[usize]| {
            let joined: String = order.iter().map(|&n| format!("{}\n", lines[n])).collect();
            fs::write(&path, joined).unwrap();
            let verdict = verify(tmp.path()).unwrap();
            assert_eq!(verdict.exit_code(), 3);
            let (file, line, what) = first_breakage(&verdict);
            assert_eq!(file, "adam.jsonl");
            (line, what.to_owned())
        };
        let (line, what) = found(&[0, 2, 3]);
        assert_eq!(line, 2);
        assert!(what.contains("1 line(s) are missing here"), "{what}");
        assert_eq!(found(&[0, 1, 1, 2, 3]).0, 3);
        assert_eq!(found(&[0, 2, 1, 3]).0, 2);
        assert_eq!(found(&[1, 2, 3]).0, 1);
        fs::write(tmp.path().join("eve.jsonl"), &text).unwrap();
        fs::write(&path, &text).unwrap();
        let verdict = verify(tmp.path()).unwrap();
        let (file, line, what) = first_breakage(&verdict);
        assert_eq!((file.as_str(), line), ("eve.jsonl", 1));
        assert!(what.contains("belongs to session adam"), "{what}");
    }

    #[test]
    fn a_line_with_a_good_hash_and_a_wrong_link_or_version_is_found() {
        let tmp = tempfile::tempdir().unwrap();
        let path = tmp.path().join("adam.jsonl");
        let (first, _) = seal(&entry("adam", 0, 0, note("a")), GENESIS, &Seen::new()).unwrap();
        let (second, _) = seal(&entry("adam", 1, 0, note("b")), GENESIS, &Seen::new()).unwrap();
        fs::write(&path, [first.clone(), second].concat()).unwrap();
        let verdict = verify(tmp.path()).unwrap();
        assert_eq!(first_breakage(&verdict).1, 2);
        assert!(first_breakage(&verdict).2.contains("says it follows"));
        let mut later = entry("adam", 1, 0, note("b"));
        later.v = 2;
        let (later, _) = seal(&later, GENESIS, &Seen::new()).unwrap();
        fs::write(&path, [first, later].concat()).unwrap();
        let verdict = verify(tmp.path()).unwrap();
        assert!(first_breakage(&verdict).2.contains("format version 2"));
    }

    /// adam writes three lines; eve sees them and says so.
    fn witnessed(dir: &Path) -> PathBuf {
        let mut adam = StrandWriter::create(dir, &session("adam")).unwrap();
        let mut eve = StrandWriter::create(dir, &session("eve")).unwrap();
        let mut tail = Tail::new(dir, session("eve"));
        for seq in 0..3 {
            adam.append(&entry("adam", seq, 0, note("x")), &Seen::new()).unwrap();
        }
        tail.poll();
        eve.append(&entry("eve", 0, 1, note("seen")), tail.heads()).unwrap();
        adam.path().to_path_buf()
    }

    #[test]
    fn a_cut_tail_is_caught_by_who_saw_it() {
        let tmp = tempfile::tempdir().unwrap();
        let path = witnessed(tmp.path());
        assert_eq!(verify(tmp.path()).unwrap().exit_code(), 0);
        let text = fs::read_to_string(&path).unwrap();
        let two: String = text.lines().take(2).map(|l| format!("{l}\n")).collect();
        fs::write(&path, two).unwrap();
        let verdict = verify(tmp.path()).unwrap();
        let (file, line, what) = first_breakage(&verdict);
        assert_eq!((file.as_str(), line), ("adam.jsonl", 3));
        assert!(what.contains("tail was cut") && what.contains("eve.jsonl:1"), "{what}");
        // By itself the strand looks whole: that is what the witnesses are for.
        assert_eq!(verify(&path).unwrap().exit_code(), 0);
    }

    #[test]
    fn a_strand_rewritten_with_good_hashes_is_caught_by_who_saw_it() {
        let tmp = tempfile::tempdir().unwrap();
        let path = witnessed(tmp.path());
        fs::remove_file(&path).unwrap();
        write_strand(tmp.path(), "adam", [(0, note("x")), (0, note("forged")), (0, note("x"))]);
        let verdict = verify(tmp.path()).unwrap();
        let (file, line, what) = first_breakage(&verdict);
        assert_eq!((file.as_str(), line), ("adam.jsonl", 3));
        assert!(what.contains("rewritten"), "{what}");
    }

    #[test]
    fn a_line_that_a_full_disk_took_by_half_is_blamed_on_no_writer() {
        let tmp = tempfile::tempdir().unwrap();
        let path = write_strand(tmp.path(), "adam", [(0, note("a")), (1, note("b"))]);
        let whole = fs::read(&path).unwrap();
        fs::write(&path, &whole[..whole.len() - 30]).unwrap();
        let said = verify(tmp.path()).unwrap().to_string();
        assert!(said.contains("was stopped in the middle of it, or the disk took only a part"), "{said}");
        let why = "entry 1 was not written:\u{1b}[2J No space left on device".to_owned();
        let reopened = Body::Reopened { before: session("adam"), why, lost: Vec::new() };
        write_strand(tmp.path(), "adam-2", [(2, note("opened")), (2, reopened)]);
        let verdict = verify(tmp.path()).unwrap();
        assert_eq!(verdict.exit_code(), 1);
        let said = verdict.to_string();
        assert!(said.contains("adam.jsonl:2: the last line is unfinished"), "{said}");
        assert!(said.contains("recording was refused here and went on in adam-2 (entry 1"), "{said}");
        assert!(said.contains("No space left on device") && !said.contains('\u{1b}'), "{said}");
        // By itself the strand tells nothing of it.
        assert!(verify(&path).unwrap().to_string().contains("was stopped in the middle of it"));
    }

    #[test]
    fn a_removed_strand_is_caught_by_who_saw_it() {
        let tmp = tempfile::tempdir().unwrap();
        let path = witnessed(tmp.path());
        fs::remove_file(&path).unwrap();
        let verdict = verify(tmp.path()).unwrap();
        assert!(first_breakage(&verdict).2.contains("strand is missing"));
        assert!(verdict.to_string().contains("adam.jsonl:1: "), "{verdict}");
    }

    #[test]
    fn a_logbook_that_is_being_written_never_reads_as_broken() {
        let tmp = tempfile::tempdir().unwrap();
        write_strand(tmp.path(), "first", [(0, note("x"))]);
        let dir = tmp.path();
        thread::scope(|scope| {
            let writers: Vec<_> = ["adam", "eve"]
                .map(|name| {
                    scope.spawn(move || {
                        // Each goes through several sessions, so that strands appear meanwhile.
                        for run in 0..8 {
                            let id = format!("{name}-{run}");
                            let mut writer = StrandWriter::create(dir, &session(&id)).unwrap();
                            let mut tail = Tail::new(dir, session(&id));
                            for seq in 0..40 {
                                assert!(tail.poll().complaints.is_empty());
                                writer.append(&entry(&id, seq, 0, observed()), tail.heads()).unwrap();
                            }
                        }
                    })
                })
                .into();
            while writers.iter().any(|w| !w.is_finished()) {
                let verdict = verify(tmp.path()).unwrap();
                assert!(verdict.exit_code() < 3, "{verdict}");
            }
        });
        assert_eq!(verify(tmp.path()).unwrap(), Verdict::Intact { strands: 17, entries: 641 });
    }

    #[test]
    fn what_was_written_and_seen_during_the_first_look_is_not_missing() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path();
        let writer = |name| StrandWriter::create(dir, &session(name)).unwrap();
        let (mut adam, mut eve) = (writer("adam"), writer("eve"));
        // adam's strand was read to its end, then this happened, then eve's strand was read.
        let mut adam_read = look(vec![adam.path().to_path_buf()]);
        let mut zoe = writer("zoe");
        for (other, name) in [(&mut adam, "adam"), (&mut zoe, "zoe")] {
            other.append(&entry(name, 0, 0, note("x")), &Seen::new()).unwrap();
        }
        let mut tail = Tail::new(dir, session("eve"));
        tail.poll();
        assert_eq!(tail.heads().len(), 2);
        eve.append(&entry("eve", 0, 0, note("seen")), tail.heads()).unwrap();
        let eve_read = look(vec![eve.path().to_path_buf()]);
        adam_read.strands.extend(eve_read.strands);
        adam_read.claims.extend(eve_read.claims);
        assert_eq!(adam_read.claims.len(), 2);
        let verdict = conclude(dir, adam_read).unwrap();
        assert_eq!(verdict, Verdict::Intact { strands: 3, entries: 3 });
    }

    #[test]
    fn what_a_forger_wrote_reaches_the_terminal_as_text() {
        let tmp = tempfile::tempdir().unwrap();
        let forged = entry("\u{1b}[2Jeve", 0, 0, note("a"));
        let (line, _) = seal(&forged, GENESIS, &Seen::new()).unwrap();
        fs::write(tmp.path().join("adam.jsonl"), line).unwrap();
        let said = verify(tmp.path()).unwrap().to_string();
        assert!(said.contains("belongs to session") && !said.contains('\u{1b}'), "{said}");
    }

    #[test]
    fn garbage_is_broken_and_never_a_panic() {
        let tmp = tempfile::tempdir().unwrap();
        fs::write(tmp.path().join("a.jsonl"), b"\n\n{}\n\xff\xfe\n{\"v\":1}\nx").unwrap();
        let verdict = verify(tmp.path()).unwrap();
        assert_eq!(first_breakage(&verdict).1, 1);
        fs::write(tmp.path().join("a.jsonl"), b"").unwrap();
        assert_eq!(verify(tmp.path()).unwrap().exit_code(), 0);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]

        #[test]
        fn any_changed_byte_names_its_line(place in any::<proptest::sample::Index>(), flip in 1..=255_u8) {
            let tmp = tempfile::tempdir().unwrap();
            let path = strand(tmp.path());
            let mut bytes = fs::read(&path).unwrap();
            let at = place.index(bytes.len());
            let line = bytes[..at].iter().filter(|&&b| b == b'\n').count() + 1;
            bytes[at] ^= flip;
            fs::write(&path, &bytes).unwrap();
            let verdict = verify(&path).unwrap();
            prop_assert_eq!(verdict.exit_code(), 3, "{}", &verdict);
            prop_assert_eq!(first_breakage(&verdict).1, line, "{}", &verdict);
        }

        #[test]
        fn a_cut_anywhere_is_a_torn_tail_or_a_whole_prefix(place in any::<proptest::sample::Index>()) {
            let tmp = tempfile::tempdir().unwrap();
            let path = strand(tmp.path());
            let bytes = fs::read(&path).unwrap();
            let kept = &bytes[..place.index(bytes.len() + 1)];
            fs::write(&path, kept).unwrap();
            let whole = kept.iter().filter(|&&b| b == b'\n').count();
            match verify(&path).unwrap() {
                Verdict::Intact { entries, .. } => {
                    prop_assert!(kept.is_empty() || kept.ends_with(b"\n"));
                    prop_assert_eq!(entries, whole);
                }
                Verdict::TornTail { entries, torn, .. } => {
                    prop_assert!(!kept.ends_with(b"\n"));
                    prop_assert_eq!((entries, torn[0].line), (whole, whole + 1));
                }
                broken @ Verdict::Broken { .. } => prop_assert!(false, "{broken}"),
            }
        }
    }
}
