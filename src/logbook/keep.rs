//! Keeping a checkpoint of what is on disk, beside a cockpit that holds all of it already: in the memory of what is new.
//!
//! The newest checkpoint is gone through as text and only the rows that something new is about are read; rows that are new
//! stay text as well. What comes out is what folding everything and [`super::write_checkpoint`] would give, its rows in another
//! order. Refuses a broken chain: that must be seen at every start.

use super::chain::{hex, hex_text};
use super::checkpoint::{After, Covered, Footer, checkpoints, parse_header, positions, write_rows};
use super::error::LogbookError;
use super::reader::list;
use super::stream::{Streamed, stream_on};
use crate::incident::entry::SessionId;
use crate::incident::gist::Gist;
use crate::incident::place::Key;
use crate::incident::skim::Skim;
use crate::incident::timeline::Timeline;
use crate::incident::{Incident, Seen};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

/// Keeps the fold of what is on disk beside it, under a session's name, if at least so many bytes came after the newest
/// checkpoint. Whether it did: from a broken chain, or of rows that cannot be read, nothing is kept.
///
/// # Errors
/// When the logbook cannot be read or the file cannot be written.
pub fn keep(dir: &Path, session: &SessionId, at_least: u64) -> Result<bool, LogbookError> {
    let files = list(dir)?;
    let (mut before, mut state, mut known) = (Before::default(), Skim::default(), BTreeMap::new());
    for path in checkpoints(dir) {
        let found = Before::open(&path)
            .and_then(|(before, (covers, kept))| Ok((before, positions(dir, &covers)?, kept)));
        // One that is not used is complained of where a logbook is opened.
        if let Ok((rows, positions, kept)) = found {
            (before, known) = (rows, positions);
            state = Incident::from_checkpoint(kept, None::<Seen>).into();
            break;
        }
    }
    let After { strands, unkept } = After::known(files, &known);
    if unkept < at_least {
        return Ok(false);
    }
    let streamed = stream_on(strands, |timeline, at, gist| {
        before.lend(&mut state, timeline, at, &gist);
        state.fold(timeline, at, gist);
    });
    let Streamed { timeline, breakages, .. } = streamed;
    if timeline.is_empty() || !breakages.is_empty() {
        return Ok(false);
    }
    // A row that cannot be read is told of at every start, and kept by whoever can.
    if !state.is_readable(&timeline) {
        return Ok(false);
    }
    for key in timeline.keys().filter_map(|key| key.parse::<Key>().ok()) {
        before.meet(&mut state, &key);
        if !state.is_unread_alone(&key) {
            state.read_rows(&timeline, std::slice::from_ref(&key));
        }
    }
    write_rows(dir, session, state.incident(), |draft| {
        before.copy(|row| draft.line(row))?;
        for row in state.incident().rows.values() {
            draft.line(&serde_json::to_vec(row)?)?;
        }
        for (row, changed, by) in state.unread(&timeline) {
            let (changed, by) = (serde_json::to_vec(&changed)?, serde_json::to_vec(by)?);
            let parts = [b"{\"resource\":", row, b",\"changed\":", &changed, b",\"by\":", &by, b"}"];
            draft.line(&parts.concat())?;
        }
        Ok(())
    })
    .map(|_| true)
}

/// The rows of the newest checkpoint, as they stand in its file.
#[derive(Default)]
struct Before {
    file: Option<File>,
    /// Where those stand that were not read.
    rows: HashMap<Box<str>, Range<u64>>,
    failed: Option<io::Error>,
}

#[derive(Deserialize)]
struct Keyed {
    resource: KeyOnly,
}

#[derive(Deserialize)]
struct KeyOnly {
    key: Box<str>,
}

impl Before {
    /// Goes through a checkpoint without reading its rows.
    fn open(path: &Path) -> Result<(Self, Covered), String> {
        let words = |error: io::Error| error.to_string();
        let file = File::open(path).map_err(words)?;
        let mut reader = BufReader::new(&file);
        let (mut header, mut rows, mut line) = (None, HashMap::new(), Vec::new());
        let (mut hash, mut at, mut lines) = (Sha256::new(), 0, 0);
        loop {
            let begin = at;
            line.clear();
            at += reader.read_until(b'\n', &mut line).map_err(words)? as u64;
            let text = line.strip_suffix(b"\n").ok_or("it is cut short")?;
            if header.is_none() {
                header = Some(parse_header(text)?);
            } else if let Ok(Keyed { resource: KeyOnly { key } }) = serde_json::from_slice(text) {
                lines += 1;
                rows.insert(key, begin..at);
            } else {
                let footer: Footer = serde_json::from_slice(text).map_err(|error| error.to_string())?;
                if footer.sha256 != hex_text(&hex(hash.finalize())) || footer.rows != lines {
                    return Err("it was changed after it was written".into());
                }
                break;
            }
            hash.update(&line);
        }
        let before = Self { file: Some(file), rows, failed: None };
        Ok((before, header.ok_or("it is empty")?))
    }

    /// Reads the rows that an entry is about into the state that it is folded into.
    fn lend(&mut self, state: &mut Skim, timeline: &Timeline, at: usize, gist: &Gist) {
        for key in state.concerned(timeline, at, gist) {
            self.meet(state, &key);
        }
    }

    fn meet(&mut self, state: &mut Skim, key: &Key) {
        if let Some(place) = self.rows.remove(key.to_string().as_str()) {
            match self.read(place).and_then(|row| Ok(serde_json::from_slice::<Seen>(&row)?)) {
                Ok(seen) => state.meet(seen),
                Err(error) => self.failed = Some(error),
            }
        }
    }

    fn read(&self, place: Range<u64>) -> io::Result<Vec<u8>> {
        let length = usize::try_from(place.end - place.start).map_err(io::Error::other)?;
        let mut row = vec![0; length];
        if let Some(file) = &self.file {
            file.read_exact_at(&mut row, place.start)?;
        }
        row.pop();
        Ok(row)
    }

    /// Gives every row that was not read, without its newline.
    fn copy(&mut self, mut give: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        if let Some(error) = self.failed.take() {
            return Err(error);
        }
        let mut places: Vec<Range<u64>> = self.rows.values().cloned().collect();
        places.sort_by_key(|place| place.start);
        places.into_iter().try_for_each(|place| give(&self.read(place)?))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::Seen as Witnessed;
    use super::super::chain::{GENESIS, hex_hash, seal};
    use super::super::checkpoint::open_recent;
    use super::super::fixtures::{entry, note, session};
    use super::super::strand::StrandWriter;
    use super::super::verify::{Verdict, verify};
    use super::*;
    use crate::incident::entry::{Body, Entry};
    use crate::incident::resource::Resource;
    use crate::incident::skim::tests::entries;
    use proptest::prelude::*;
    use std::fs;

    /// What is kept, without the strands being read after it.
    fn kept(dir: &Path) -> Incident {
        let recent = open_recent(dir, SessionId("other".into())).unwrap();
        assert_eq!((recent.lines, recent.passed_over.len()), (0, 0));
        recent.incident
    }

    /// A strand whose second line tells of its row what no version so far would, under a hash that is right.
    fn of_a_later_version(dir: &Path) {
        let row = |count: usize| {
            let key = "aws/123456789012/global/route53/hosted-zone/Z1";
            let zone = serde_json::json!({"kind": "hosted-zone", "key": key, "name": "example.com.", "private": false,
                "record_count": count, "name_servers": []});
            Body::Observed {
                place: "aws/123456789012/global/route53".parse().unwrap(),
                status: None,
                changed: vec![serde_json::from_value(zone).unwrap()],
                gone: Vec::new(),
            }
        };
        let (mut strand, mut prev) = (Vec::new(), GENESIS.to_owned());
        for (seq, body) in [row(1), row(2), note("after it")].into_iter().enumerate() {
            let seq = u64::try_from(seq).unwrap();
            let (line, _) = seal(&entry("adam", seq, 0, body), &prev, &Witnessed::new()).unwrap();
            let line =
                String::from_utf8(line).unwrap().replace(r#""record_count":2"#, r#""record_count":"many""#);
            let (covered, _) = line.rsplit_once(",\"hash\":\"").unwrap();
            prev = hex_text(&hex_hash(covered.as_bytes()));
            strand.extend(format!("{covered},\"hash\":\"{prev}\"}}\n").into_bytes());
        }
        fs::write(dir.join(format!("{}.jsonl", session("adam"))), strand).unwrap();
    }

    #[test]
    fn a_row_of_a_later_version_is_told_of_at_every_start_and_stays_as_it_was_before() {
        let tmp = tempfile::tempdir().unwrap();
        of_a_later_version(tmp.path());
        for _ in 0..2 {
            let recent = open_recent(tmp.path(), SessionId("other".into())).unwrap();
            assert_eq!((recent.lines, recent.breakages.len(), recent.unreadable.len()), (3, 0, 1));
            let told = &recent.unreadable[0];
            let place = format!(
                "{}.jsonl:2: the row aws/123456789012/global/route53/hosted-zone/Z1",
                session("adam")
            );
            assert!(told.contains(&place) && told.contains("A later version"), "{told}");
            let rows: Vec<_> = recent.incident.rows.values().map(|seen| seen.resource.clone()).collect();
            let [Resource::HostedZone(zone)] = rows.as_slice() else { panic!("{rows:?}") };
            assert_eq!(zone.record_count, Some(1));
            // A checkpoint would hide it from whoever can read it.
            assert!(!keep(tmp.path(), &session("adam"), 0).unwrap());
        }
        // Nothing of the log is lost.
        assert!(matches!(verify(tmp.path()).unwrap(), Verdict::Intact { entries: 3, .. }));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_kept_is_what_opening_on_all_of_it_gives(told in entries(), often in 1..20_usize) {
            let tmp = tempfile::tempdir().unwrap();
            let names = ["adam", "eve"].map(|name| SessionId(name.into()));
            let mut writers = names.map(|name| (StrandWriter::create(tmp.path(), &name).unwrap(), 0));
            for some in told.chunks(often) {
                for entry in some {
                    let (writer, seq) = &mut writers[usize::from(entry.session.0 == "eve")];
                    writer.append(&Entry { seq: *seq, ..entry.clone() }, &Witnessed::new()).unwrap();
                    *seq += 1;
                }
                let whole = open_recent(tmp.path(), SessionId("other".into())).unwrap().incident;
                prop_assert!(keep(tmp.path(), &SessionId("adam".into()), 1).unwrap());
                prop_assert_eq!(kept(tmp.path()), whole);
            }
        }
    }
}
