//! What we can prove: strands, their chain, the weave of all of them, verification and export.
//!
//! A logbook is a directory; every running cockpit writes one file of its own in it, a *strand*, and reads the others.
//! Nobody ever writes another's strand, so there is no lock on the append path and authorship is the file's owner.
//! Everything here is synchronous and is handed the time, the session and the directory: it reads no clock and no
//! environment, and callers put it on a thread. Imports only `incident`.
//!
//! Reads in this order: [`chain`] (a line), [`strand`] (writing one's own), [`follow`] (reading a file that grows),
//! [`reader`] (a whole logbook), [`mod@stream`] (one too large to keep), [`tail`] (what the others write), [`checkpoint`]
//! (opening without reading everything), [`mod@keep`] (writing one), [`mod@weave`] (one timeline), [`mod@verify`] (what can be
//! proven), [`recover`] (what a crash leaves), [`export`] (for people and programs).

pub mod chain;
pub mod checkpoint;
pub mod error;
pub mod export;
pub mod follow;
mod in_order;
pub mod keep;
pub mod reader;
pub mod recover;
mod scan;
pub mod strand;
pub mod stream;
pub mod tail;
pub mod verify;
pub mod weave;

pub use chain::{Breakage, Flaw, Head, Line, Seen};
pub use checkpoint::{Recent, open_recent, strands_length, write_checkpoint};
pub use error::LogbookError;
pub use keep::keep;
pub use reader::{Logbook, Strand, read_strand};
pub use recover::{Reopening, Torn};
pub use strand::{Presence, StrandWriter, check_room, name_session, presence};
pub use stream::stream;
pub use tail::{News, Tail};
pub use verify::{Verdict, verify};
pub use weave::weave;

#[cfg(test)]
mod fixtures;
