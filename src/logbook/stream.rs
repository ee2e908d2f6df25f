//! Reading a logbook once, in the order of its timeline, without keeping it: for logs that are larger than what is wanted of
//! them.
//!
//! Strands are read and parsed ahead, a portion each, by as many threads as there are processors, while whoever asked takes
//! in what came before. What is said of the lines is what [`super::Logbook`] says of them. Refuses to follow strands that
//! still grow.

use super::chain::{Breakage, Line};
use super::error::LogbookError;
use super::follow::{End, Follower};
use super::reader::strand_files;
use super::weave::{Feed, Loom};
use std::collections::VecDeque;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, PoisonError};
use std::thread;

/// Bytes that are read ahead, of all strands together, and of one at the most and at the least.
const AHEAD: usize = 1 << 24;
const AHEAD_MOST: usize = 1 << 20;
const AHEAD_LEAST: usize = 1 << 14;

type Lines = VecDeque<(Line, Vec<u8>)>;

/// A strand to be read on, and where to say what came.
struct Job {
    follower: Follower,
    reply: Sender<Portion>,
}

struct Portion {
    follower: Follower,
    lines: Lines,
    breakages: Vec<Breakage>,
}

/// Gives every line of a logbook, and the text of its body, in the order of the timeline. Gives back what is worth saying
/// about the logbook's state, in words.
///
/// # Errors
/// When it cannot be read, or is no logbook.
pub fn stream(logbook: &Path, mut give: impl FnMut(&Line, &[u8])) -> Result<Vec<String>, LogbookError> {
    let files = strand_files(logbook)?;
    let portion = (AHEAD / files.len().max(1)).clamp(AHEAD_LEAST, AHEAD_MOST);
    let said: Mutex<Vec<String>> = Mutex::default();
    let mut strands = Vec::with_capacity(files.len());
    for path in &files {
        let length = std::fs::File::open(path).and_then(|file| file.metadata()).map(|meta| meta.len());
        let length = length.map_err(|source| LogbookError::Read { path: path.clone(), source })?;
        strands.push((Follower::new(path), length));
    }
    let (jobs, inbox) = channel::<Job>();
    let inbox = Mutex::new(inbox);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| work(&inbox, portion));
        }
        let feeds =
            strands.into_iter().map(|(follower, length)| feed(follower, length, &jobs, &said)).collect();
        let mut loom = Loom::new(feeds);
        while let Some((line, body)) = loom.next() {
            give(&line, &body);
        }
        drop(loom);
        // Nothing more is asked for: the threads end.
        drop(jobs);
    });
    Ok(said.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// A strand of which the next portion is always being read.
fn feed<'a>(
    follower: Follower,
    length: u64,
    jobs: &'a Sender<Job>,
    said: &'a Mutex<Vec<String>>,
) -> Feed<'a, Vec<u8>> {
    let ask = |follower| -> Option<Receiver<Portion>> {
        let (reply, coming) = channel();
        jobs.send(Job { follower, reply }).ok()?;
        Some(coming)
    };
    let mut coming = ask(follower);
    let more = move || {
        let Some(Portion { follower, lines, breakages }) =
            coming.take().and_then(|coming| coming.recv().ok())
        else {
            return Lines::new();
        };
        let mut said = said.lock().unwrap_or_else(PoisonError::into_inner);
        said.extend(breakages.iter().map(Breakage::to_string));
        if lines.is_empty() {
            match follower.end() {
                End::Clean => {}
                End::Torn(torn) => said.push(torn.to_string()),
                End::Altered(breakage) => said.push(breakage.to_string()),
            }
        } else {
            coming = ask(follower);
        }
        lines
    };
    Feed { length, lines: Lines::new(), more: Box::new(more) }
}

fn work(inbox: &Mutex<Receiver<Job>>, portion: usize) {
    loop {
        // The lock is held while waiting: whoever has it takes the next job, the others come after.
        let job = inbox.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { mut follower, reply }) = job else { return };
        let (mut lines, mut breakages) = (Lines::new(), Vec::new());
        loop {
            let before = follower.lines_read();
            let (catch, bodies) = follower.portion(portion);
            breakages.extend(catch.breakages);
            lines.extend(catch.lines.into_iter().zip(bodies));
            // A portion of nothing but broken lines is not the strand's end.
            if !lines.is_empty() || follower.lines_read() == before {
                break;
            }
        }
        let _ = reply.send(Portion { follower, lines, breakages });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::chain::Seen;
    use super::super::fixtures::{entry, note, observed, session};
    use super::super::{Logbook, StrandWriter};
    use super::*;
    use crate::incident::timeline::Timeline;
    use std::fs;

    /// Three strands that see each other, with lines enough for several portions.
    fn write(dir: &Path) {
        let names = ["adam", "daniel", "eve"];
        let mut writers = names.map(|name| StrandWriter::create(dir, &session(name)).unwrap());
        let mut heads = Seen::new();
        for n in 0..900 {
            let at = n % 3;
            let (seq, second) = ((n / 3) as u64, [n as i64, n as i64 - 40, n as i64 / 2][at]);
            let body = if n % 5 == 0 { observed() } else { note(&format!("{n} {}", "x".repeat(200))) };
            let head = writers[at].append(&entry(names[at], seq, second, body), &heads).unwrap();
            if n % 7 == 0 {
                heads.insert(session(names[at]), head);
            }
        }
    }

    fn streamed(dir: &Path) -> (Vec<Line>, Timeline, Vec<String>) {
        let (mut lines, mut timeline) = (Vec::new(), Timeline::default());
        let said = stream(dir, |line, body| {
            lines.push(line.clone());
            timeline.push(&line.entry, body);
        });
        (lines, timeline, said.unwrap())
    }

    #[test]
    fn a_stream_gives_what_a_whole_reading_gives_in_the_same_order() {
        let tmp = tempfile::tempdir().unwrap();
        write(tmp.path());
        let (lines, timeline, said) = streamed(tmp.path());
        assert_eq!(lines, Logbook::open(tmp.path()).unwrap().into_timeline());
        assert!(said.is_empty(), "{said:?}");
        let kept: Vec<_> = (0..timeline.len()).map(|at| timeline.entry(at).unwrap()).collect();
        assert_eq!(kept, lines.into_iter().map(|line| line.entry).collect::<Vec<_>>());
    }

    #[test]
    fn what_is_broken_or_torn_is_said_and_the_rest_is_given() {
        let tmp = tempfile::tempdir().unwrap();
        write(tmp.path());
        let path = tmp.path().join(format!("{}.jsonl", session("daniel")));
        let text = fs::read_to_string(&path).unwrap();
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        // Changed, no line at all, in another order, and unfinished.
        lines[40] = lines[40].replace("xxx", "xyx");
        lines[41] = "nonsense".into();
        let fields: serde_json::Value = serde_json::from_str(&lines[42]).unwrap();
        lines[42] = fields.to_string();
        let whole = lines.join("\n");
        fs::write(&path, &whole[..whole.len() - 5]).unwrap();
        let (streamed, timeline, said) = streamed(tmp.path());
        let logbook = Logbook::open(tmp.path()).unwrap();
        let mut expected = logbook.complaints();
        expected.sort();
        let mut said = said;
        said.sort();
        assert_eq!(said, expected);
        assert!(said.len() >= 3, "{said:?}");
        assert_eq!(streamed, logbook.into_timeline());
        assert!(
            (0..timeline.len()).all(|at| timeline.entry(at).as_ref() == streamed.get(at).map(|l| &l.entry))
        );
    }

    #[test]
    fn what_is_no_logbook_is_refused() {
        let tmp = tempfile::tempdir().unwrap();
        assert!(stream(tmp.path(), |_, _| {}).is_err());
    }
}
