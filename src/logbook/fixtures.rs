//! Entries, lines and strands for the tests of this folder.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::chain::{GENESIS, Head, Line, Seen, seal};
use super::strand::StrandWriter;
use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, SessionId};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

pub(super) fn session(name: &str) -> SessionId {
    SessionId(name.into())
}

pub(super) fn note(text: &str) -> Body {
    Body::Note { text: text.to_owned() }
}

/// Something that need not be on the disk at once.
pub(super) fn observed() -> Body {
    Body::Heartbeat {
        fresh: BTreeMap::from([("aws/123456789012/us-east-1/ec2".parse().unwrap(), Timestamp::UNIX_EPOCH)]),
        failing: BTreeMap::new(),
    }
}

pub(super) fn entry(name: &str, seq: u64, second: i64, body: Body) -> Entry {
    Entry {
        v: ENTRY_VERSION,
        seq,
        ts: Timestamp::from_second(1_350_946_800 + second).unwrap(),
        mono_ms: u64::try_from(second.max(0)).unwrap() * 1000,
        session: session(name),
        actor: Actor {
            user: name.to_owned(),
            uid: 1000,
            host: "jump".to_owned(),
            ssh_client: None,
            aws: None,
        },
        body,
    }
}

/// A line that is parsed back but not chained.
pub(super) fn line(name: &str, seq: u64, second: i64, body: Body, seen: Seen) -> Line {
    let (bytes, _) = seal(&entry(name, seq, second, body), GENESIS, &seen).unwrap();
    Line::parse(&bytes[..bytes.len() - 1]).unwrap()
}

/// A whole strand of (second, body), written and closed.
pub(super) fn write_strand(dir: &Path, name: &str, bodies: impl IntoIterator<Item = (i64, Body)>) -> PathBuf {
    let mut writer = StrandWriter::create(dir, &session(name)).unwrap();
    for (seq, (second, body)) in bodies.into_iter().enumerate() {
        let entry = entry(name, seq as u64, second, body);
        let _: Head = writer.append(&entry, &Seen::new()).unwrap();
    }
    writer.path().to_path_buf()
}

/// The notes' texts.
pub(super) fn texts(lines: &[Line]) -> Vec<&str> {
    lines
        .iter()
        .filter_map(
            |line| {
                if let Body::Note { text } = &line.entry.body { Some(text.as_str()) } else { None }
            },
        )
        .collect()
}
