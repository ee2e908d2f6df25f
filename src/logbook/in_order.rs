//! Reading a line in one pass, where its fields stand as this program writes them: every one once, no other, `kind` right
//! before `body`.
//!
//! A long log is mostly parsing, and a body that was looked for in a second pass would double that. Refuses every other
//! order without saying why: [`super::chain`] then reads the line in two passes, and knows what is wrong with it.

use super::chain::{Line, Seen};
use crate::incident::entry::{Actor, Body, Entry};
use serde::de::value::{MapAccessDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use std::fmt;

/// A line that was read in one pass.
pub(super) struct InOrder(pub(super) Line);

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(field_identifier, rename_all = "snake_case")]
enum Field {
    V,
    Seq,
    Ts,
    MonoMs,
    Session,
    Actor,
    Kind,
    Body,
    Prev,
    Seen,
    Hash,
}

/// Whose it is, and no word more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whose {
    user: String,
    uid: u32,
    host: String,
    ssh_client: Option<String>,
    aws: Option<String>,
}

impl From<Whose> for Actor {
    fn from(Whose { user, uid, host, ssh_client, aws }: Whose) -> Self {
        Self { user, uid, host, ssh_client, aws }
    }
}

impl<'de> Deserialize<'de> for InOrder {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(LineVisitor)
    }
}

struct LineVisitor;

impl<'de> Visitor<'de> for LineVisitor {
    type Value = InOrder;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a line of a logbook")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<InOrder, A::Error> {
        let (mut v, mut seq, mut ts, mut mono_ms) = (None, None, None, None);
        let (mut session, mut actor, mut body) = (None, None, None);
        let (mut prev, mut seen, mut hash) = (None, None, None);
        let mut before = None;
        while let Some(field) = map.next_key()? {
            // Which is also how a field that stands there twice is found.
            if before.replace(field).is_some_and(|before| before >= field) {
                return Err(Error::custom("the fields stand in another order"));
            }
            match field {
                Field::V => v = Some(map.next_value()?),
                Field::Seq => seq = Some(map.next_value()?),
                Field::Ts => ts = Some(map.next_value()?),
                Field::MonoMs => mono_ms = Some(map.next_value()?),
                Field::Session => session = Some(map.next_value()?),
                Field::Actor => actor = Some(map.next_value::<Whose>()?.into()),
                Field::Kind => {
                    let pair = KindAndBody { map: &mut map, next: Some(Half::Kind) };
                    body = Some(Body::deserialize(MapAccessDeserializer::new(pair))?);
                }
                Field::Prev => prev = Some(map.next_value()?),
                Field::Seen => seen = Some(map.next_value()?),
                Field::Hash => hash = Some(map.next_value()?),
                Field::Body => return Err(Error::custom("the body comes before its kind")),
            }
        }
        let missing = || Error::custom("a field is missing");
        Ok(InOrder(Line {
            entry: Entry {
                v: v.ok_or_else(missing)?,
                seq: seq.ok_or_else(missing)?,
                ts: ts.ok_or_else(missing)?,
                mono_ms: mono_ms.ok_or_else(missing)?,
                session: session.ok_or_else(missing)?,
                actor: actor.ok_or_else(missing)?,
                body: body.ok_or_else(missing)?,
            },
            prev: prev.ok_or_else(missing)?,
            seen: seen.unwrap_or_else(Seen::new),
            hash: hash.ok_or_else(missing)?,
            sound: true,
        }))
    }
}

/// The text of the body of a line that was read in one pass, `{"kind":…,"body":…}`: before the `kind` stand only numbers and
/// strings, in which no quote is bare, and the hash before it is what `prev` holds.
pub(super) fn body_text(line: &[u8]) -> Option<Vec<u8>> {
    const KIND: &[u8] = b",\"kind\":";
    const PREV: &[u8] = b",\"prev\":\"";
    let start = line.windows(KIND.len()).position(|window| window == KIND)?;
    let end = line.windows(PREV.len()).rposition(|window| window == PREV)?;
    let inside = line.get(start + 1..end)?;
    let mut text = Vec::with_capacity(inside.len() + 2);
    text.push(b'{');
    text.extend_from_slice(inside);
    text.push(b'}');
    Some(text)
}

/// The two fields of a line that a body is read from, as a map of their own.
struct KindAndBody<'a, A> {
    map: &'a mut A,
    next: Option<Half>,
}

#[derive(Clone, Copy)]
enum Half {
    Kind,
    Body,
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for KindAndBody<'_, A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        let name = match self.next {
            None => return Ok(None),
            // The line's visitor has read this key; its value is next.
            Some(Half::Kind) => "kind",
            Some(Half::Body) => match self.map.next_key()? {
                Some(Field::Body) => "body",
                Some(_) | None => return Err(Error::custom("the body does not follow its kind")),
            },
        };
        seed.deserialize(StrDeserializer::new(name)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        self.next = match self.next {
            Some(Half::Kind) => Some(Half::Body),
            Some(Half::Body) | None => None,
        };
        self.map.next_value_seed(seed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::super::chain::{GENESIS, Head, seal};
    use super::super::fixtures::{entry, note, observed, session};
    use super::*;

    fn line(body: Body, seen: &Seen) -> String {
        let (bytes, _) = seal(&entry("adam", 7, 3, body), GENESIS, seen).unwrap();
        String::from_utf8(bytes[..bytes.len() - 1].to_vec()).unwrap()
    }

    #[test]
    fn what_is_written_is_read_in_one_pass() {
        let seen = Seen::from([(session("eve"), Head { seq: 3, hash: "aa".into() })]);
        for body in [note("RDS frozen \"since\" 23:00\n"), observed(), Body::Left { reason: "quit".into() }] {
            for seen in [&Seen::new(), &seen] {
                let text = line(body.clone(), seen);
                let InOrder(read) = serde_json::from_str(&text).unwrap();
                assert_eq!(read.entry, entry("adam", 7, 3, body.clone()));
                assert_eq!((&read.seen, read.prev.as_str()), (seen, GENESIS));
                assert_eq!(read, Line::parse(text.as_bytes()).unwrap());
            }
        }
    }

    #[test]
    fn every_other_order_is_left_to_two_passes_which_read_the_same() {
        let text = line(note("x"), &Seen::new());
        let fields: serde_json::Map<String, serde_json::Value> = serde_json::from_str(&text).unwrap();
        // Alphabetical: the body comes before its kind.
        let sorted = serde_json::to_string(&fields).unwrap();
        assert_ne!(sorted, text);
        assert!(serde_json::from_str::<InOrder>(&sorted).is_err());
        let read = Line::parse_fields(sorted.as_bytes()).unwrap();
        assert_eq!(read, Line::parse(text.as_bytes()).unwrap());
        let twice = text.replacen("{\"v\":1", "{\"v\":1,\"v\":1", 1);
        assert!(Line::parse_fields(twice.as_bytes()).is_err());
        let without = text.replacen("\"seq\":7,", "", 1);
        assert!(Line::parse_fields(without.as_bytes()).unwrap_err().to_string().contains("seq"));
    }
}
