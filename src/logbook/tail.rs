//! What the others write, as they write it: every strand of a directory but one's own, polled.
//!
//! Reads every byte once. Keeps the heads that the own strand then witnesses. Refuses to stop because one strand is
//! broken: it complains, and shows what it can, marked.

use super::chain::{Breakage, Line, Seen};
use super::follow::Follower;
use super::reader::list;
use super::weave::weave;
use crate::incident::entry::SessionId;
use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

/// What a poll brought.
#[derive(Debug, Default)]
pub struct News {
    /// New lines of all other strands, in weave order.
    pub lines: Vec<Line>,
    /// What is wrong, each thing said once.
    pub complaints: Vec<Breakage>,
    /// What was said to be wrong and is no longer.
    pub mended: Vec<Breakage>,
}

/// All strands but one's own, followed.
#[derive(Debug)]
pub struct Tail {
    dir: PathBuf,
    own: Vec<SessionId>,
    followers: BTreeMap<PathBuf, Follower>,
    heads: Seen,
    /// That the directory cannot be read, where it cannot.
    away: Option<Breakage>,
    /// Which directory it was when it was read first: another one may come into its place.
    identity: Option<(u64, u64)>,
    /// Strands that were said to be gone.
    missing: Vec<Breakage>,
}

impl Tail {
    /// Follows everything in a directory from the beginning, but the own session's strand.
    #[must_use]
    pub fn new(dir: &Path, own: SessionId) -> Self {
        Self::resume(dir, own, Vec::new(), Seen::new())
    }

    /// Goes on where a reading stopped.
    pub(super) fn resume(dir: &Path, own: SessionId, followers: Vec<Follower>, mut heads: Seen) -> Self {
        heads.remove(&own);
        Self {
            dir: dir.to_path_buf(),
            followers: followers
                .into_iter()
                .filter(|f| *f.session() != own)
                .map(|f| (f.path().to_path_buf(), f))
                .collect(),
            own: vec![own],
            heads,
            away: None,
            identity: identity(dir),
            missing: Vec::new(),
        }
    }

    /// Takes a strand for one's own as well: the one that is written from now on.
    pub fn own_too(&mut self, session: SessionId) {
        self.heads.remove(&session);
        self.followers.retain(|_, follower| *follower.session() != session);
        self.own.push(session);
    }

    /// The own strand was opened anew. If that made another directory, because the one of before was taken away, what was in that
    /// one is followed and witnessed no more. Gives what was said about it, which holds no longer.
    pub fn begin_anew(&mut self) -> Vec<Breakage> {
        let identity = identity(&self.dir);
        let mut mended = Vec::from_iter(self.away.take());
        if self.identity != identity {
            self.identity = identity;
            let lost: Vec<SessionId> = self
                .followers
                .extract_if(.., |path, _| !path.exists())
                .map(|(_, follower)| follower.session().clone())
                .collect();
            self.heads.retain(|session, _| !lost.contains(session));
            mended.append(&mut self.missing);
        }
        mended
    }

    /// The directory followed.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// New lines since the last poll.
    pub fn poll(&mut self) -> News {
        let mut news = News::default();
        match list(&self.dir) {
            Ok(files) => {
                news.mended.extend(self.away.take());
                self.identity = self.identity.or_else(|| identity(&self.dir));
                for path in files {
                    // Years of strands are looked at five times a second: what is known costs no memory.
                    if self.followers.contains_key(&path) {
                        continue;
                    }
                    let follower = Follower::new(&path);
                    if !self.own.contains(follower.session()) {
                        self.followers.insert(path, follower);
                    }
                }
            }
            Err(error) => {
                let what = error.to_string();
                // The directory is named as the place of the complaint.
                let what = what.strip_prefix(&format!("{} ", self.dir.display())).unwrap_or(&what).to_owned();
                let away = Breakage { file: self.dir.clone(), line: 0, what };
                if self.away.as_ref() != Some(&away) {
                    news.complaints.push(away.clone());
                    news.mended.extend(self.away.replace(away));
                }
                // Of what is in a directory that is away nothing can be said.
                return news;
            }
        }
        let mut strands = Vec::new();
        // A strand that never took a line may be taken back by its writer.
        self.followers.retain(|path, follower| follower.lines_read() > 0 || path.exists());
        for (path, follower) in &mut self.followers {
            let catch = follower.poll();
            if !catch.breakages.is_empty() && !path.exists() {
                self.missing.extend(catch.breakages.iter().cloned());
            }
            news.complaints.extend(catch.breakages);
            // Only what holds is witnessed: vouching for a broken line would make its breaker's hash ours.
            if let Some(line) = catch.lines.iter().rfind(|line| line.sound) {
                self.heads.insert(follower.session().clone(), line.head());
            }
            strands.push(catch.lines);
        }
        news.lines = weave(strands);
        news
    }

    /// The newest sound line known of every other strand: what the own strand witnesses with its next line.
    #[must_use]
    pub fn heads(&self) -> &Seen {
        &self.heads
    }

    /// The other strands' files: for asking whose writer is [`super::presence`].
    pub fn strands(&self) -> impl Iterator<Item = (&SessionId, &Path)> {
        self.followers.values().map(|f| (f.session(), f.path()))
    }
}

/// Which directory is there.
fn identity(dir: &Path) -> Option<(u64, u64)> {
    std::fs::metadata(dir).ok().map(|meta| (meta.dev(), meta.ino()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::fixtures::{entry, note, session, texts, write_strand};
    use super::super::strand::StrandWriter;
    use super::*;
    use std::fs::{self, OpenOptions};
    use std::io::Write;

    #[test]
    fn only_others_are_read_and_every_line_once() {
        let tmp = tempfile::tempdir().unwrap();
        let mut tail = Tail::new(tmp.path(), session("adam"));
        write_strand(tmp.path(), "adam", [(0, note("own"))]);
        assert!(tail.poll().lines.is_empty());
        let mut eve = StrandWriter::create(tmp.path(), &session("eve")).unwrap();
        let none = Seen::new();
        eve.append(&entry("eve", 0, 1, note("a")), &none).unwrap();
        assert_eq!(texts(&tail.poll().lines), ["a"]);
        let head = eve.append(&entry("eve", 1, 2, note("b")), &none).unwrap();
        write_strand(tmp.path(), "zoe", [(0, note("z"))]);
        assert_eq!(texts(&tail.poll().lines), ["z", "b"]);
        assert!(tail.poll().lines.is_empty());
        assert_eq!(tail.heads()[&session("eve")], head);
        assert_eq!(tail.heads().len(), 2);
        assert_eq!(tail.strands().count(), 2);
    }

    #[test]
    fn a_line_written_in_two_pieces_comes_once_whole() {
        let tmp = tempfile::tempdir().unwrap();
        let other = tempfile::tempdir().unwrap();
        let whole = fs::read(write_strand(other.path(), "eve", [(0, note("a"))])).unwrap();
        let path = tmp.path().join("eve.jsonl");
        let mut file = OpenOptions::new().create_new(true).append(true).open(path).unwrap();
        let mut tail = Tail::new(tmp.path(), session("adam"));
        for piece in whole.chunks(7) {
            let news = tail.poll();
            assert!(news.lines.is_empty() && news.complaints.is_empty());
            file.write_all(piece).unwrap();
        }
        assert_eq!(texts(&tail.poll().lines), ["a"]);
    }

    #[test]
    fn a_cut_replaced_or_removed_strand_is_complained_about_once() {
        let tmp = tempfile::tempdir().unwrap();
        let path = write_strand(tmp.path(), "eve", [(0, note("a")), (1, note("b"))]);
        let mut tail = Tail::new(tmp.path(), session("adam"));
        assert_eq!(tail.poll().lines.len(), 2);
        let complains = |tail: &mut Tail, of: &str| {
            let news = tail.poll();
            assert!(news.lines.is_empty());
            assert_eq!(news.complaints.len(), 1);
            assert!(news.complaints[0].what.contains(of), "{}", news.complaints[0]);
            assert!(tail.poll().complaints.is_empty());
        };
        OpenOptions::new().write(true).open(&path).unwrap().set_len(10).unwrap();
        complains(&mut tail, "shrank");
        let elsewhere = tmp.path().join("elsewhere");
        fs::copy(&path, &elsewhere).unwrap();
        fs::rename(&elsewhere, &path).unwrap();
        complains(&mut tail, "replaced");
        fs::remove_file(&path).unwrap();
        complains(&mut tail, "cannot be read");
    }

    #[test]
    fn a_directory_that_is_gone_is_complained_about_once_until_it_is_there() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path().join("none");
        let mut tail = Tail::new(&dir, session("adam"));
        let said = tail.poll().complaints;
        assert_eq!(said.len(), 1);
        let words = said[0].to_string();
        assert!(words.starts_with(&format!("{}: cannot be read: ", dir.display())), "{words}");
        assert!(tail.poll().complaints.is_empty());
        fs::create_dir(&dir).unwrap();
        assert_eq!(tail.poll().mended, said);
        assert!(tail.poll().mended.is_empty());
    }

    #[test]
    fn a_directory_that_was_taken_away_and_made_anew_holds_a_new_log() {
        let tmp = tempfile::tempdir().unwrap();
        let dir = tmp.path().join("log");
        write_strand(&dir, "eve", [(0, note("a"))]);
        let mut tail = Tail::new(&dir, session("adam"));
        assert_eq!(tail.poll().lines.len(), 1);
        fs::rename(&dir, tmp.path().join("away")).unwrap();
        let gone = tail.poll().complaints;
        // Of its strands nothing is said.
        assert_eq!(gone.len(), 1, "{gone:?}");
        write_strand(&dir, "zoe", [(1, note("z"))]);
        let news = tail.poll();
        assert_eq!((news.mended, texts(&news.lines)), (gone, vec!["z"]));
        assert_eq!(news.complaints.len(), 1, "eve's strand is missed");
        assert_eq!(tail.begin_anew(), news.complaints);
        assert_eq!(
            tail.heads().keys().collect::<Vec<_>>(),
            [&session("zoe")],
            "what is not there is not witnessed"
        );
        assert!(tail.poll().complaints.is_empty());
        // In the same directory a strand that is removed stays missed.
        fs::remove_file(dir.join("zoe.jsonl")).unwrap();
        assert_eq!(tail.poll().complaints.len(), 1);
        assert!(tail.begin_anew().is_empty());
        assert_eq!(tail.heads().len(), 1);
    }

    #[test]
    fn a_strand_that_never_took_a_line_may_go() {
        let tmp = tempfile::tempdir().unwrap();
        let mut tail = Tail::new(tmp.path(), session("adam"));
        fs::write(tmp.path().join("eve.jsonl"), "{\"v\":1").unwrap();
        assert!(tail.poll().lines.is_empty());
        fs::remove_file(tmp.path().join("eve.jsonl")).unwrap();
        assert!(tail.poll().complaints.is_empty());
    }

    #[test]
    fn a_broken_line_is_never_witnessed() {
        let tmp = tempfile::tempdir().unwrap();
        let path = write_strand(tmp.path(), "eve", [(0, note("one")), (1, note("two"))]);
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("two", "2wo")).unwrap();
        let mut tail = Tail::new(tmp.path(), session("adam"));
        let news = tail.poll();
        assert_eq!((news.lines.len(), news.complaints.len()), (2, 1));
        assert!(!news.lines[1].sound);
        assert_eq!(tail.heads()[&session("eve")].seq, 0);
    }
}
