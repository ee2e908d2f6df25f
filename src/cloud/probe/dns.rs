//! Asks one DNS server for the addresses of a name, and nobody else: never the machine's own resolver, where a private
//! zone can shadow the name.
//!
//! Over UDP with a random id, from a port of its own, with EDNS0; an answer counts only if it carries the id and the
//! question that were sent. A lost question is sent once more; a truncated answer is fetched over TCP. Recursion is asked
//! of resolvers only. Whatever comes back is a finding, whatever the bytes. Only the address of a server that is known by
//! name is looked up with the system's resolver, once, and remembered.

use super::clean;
use crate::incident::cell::{Evidence, Verdict};
use crate::incident::dns::{DnsAnswer, DnsSubject, ServerRole};
use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::{DNSClass, Name, RData, RecordType};
use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, timeout};

/// How often a question is sent.
const ATTEMPTS: u32 = 2;
/// What we take over UDP: fits every path without fragments.
const PAYLOAD: u16 = 1232;
/// CNAMEs followed within one answer.
const CHAIN: usize = 8;

/// The addresses of servers that are known by name: looked up once.
#[derive(Debug, Default)]
pub struct Servers {
    known: Mutex<BTreeMap<String, SocketAddr>>,
}

/// A question as it is sent, and as its answer must repeat it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Random.
    pub id: u16,
    /// For what.
    pub name: Name,
    /// `A` or `AAAA`.
    pub kind: RecordType,
    /// Of whom: a name server must answer with authority.
    pub role: ServerRole,
}

/// What some bytes are to a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Read {
    /// The answer: addresses, or the certainty that there are none.
    Answer(DnsAnswer),
    /// There is no such name.
    NoName {
        /// With authority.
        authoritative: bool,
    },
    /// There is more than fits: to be asked again over TCP.
    Truncated,
    /// An answer to something else, or of somebody else: not listened to.
    NotOurs,
    /// The server answers, but not the question.
    Failed(Verdict, String),
}

/// Why there is no answer.
type Failure = (Verdict, String);

impl Servers {
    /// Asks a server for the A and AAAA records of a name. It ends within `limit`.
    pub async fn ask(&self, asked: &DnsSubject, limit: Duration) -> Evidence {
        #[expect(clippy::disallowed_methods, reason = "a span, not a time: how long the answer took")]
        let started = Instant::now();
        let finding = match timeout(limit, self.both(asked, limit * 2 / 5)).await {
            Ok(finding) => finding,
            Err(_) => Err((Verdict::TimedOut, format!("no answer within {} s", limit.as_secs()))),
        };
        let latency_ms = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
        match finding {
            Ok((answer, detail)) => {
                let there = !answer.addresses.is_empty() || answer.cname.is_some();
                let verdict = if there { Verdict::Answers } else { Verdict::Wrong };
                Evidence { dns: Some(answer), ..Evidence::new(verdict, detail, latency_ms) }
            }
            Err((verdict, detail)) => Evidence::new(verdict, detail, latency_ms),
        }
    }

    async fn both(&self, asked: &DnsSubject, attempt: Duration) -> Result<(DnsAnswer, String), Failure> {
        let name = Name::from_ascii(format!("{}.", asked.name.trim_end_matches('.')))
            .map_err(|error| (Verdict::Unreachable, clean(&format!("cannot be asked: {error}"))))?;
        let server = self.address(&asked.server).await?;
        let one = |kind| ask_one(server, &name, kind, asked.role, attempt);
        let (v4, v6) = tokio::join!(one(RecordType::A), one(RecordType::AAAA));
        Ok(merged(v4?, v6?))
    }

    /// Where a server is: an address is taken as it stands, a name is looked up once.
    async fn address(&self, server: &str) -> Result<SocketAddr, Failure> {
        if let Ok(address) = server.parse::<SocketAddr>() {
            return Ok(address);
        }
        if let Ok(address) = server.parse::<IpAddr>() {
            return Ok(SocketAddr::new(address, 53));
        }
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(server).copied();
        if let Some(address) = known {
            return Ok(address);
        }
        let found: Vec<SocketAddr> = match tokio::net::lookup_host((server, 53)).await {
            Ok(found) => found.collect(),
            Err(error) => {
                return Err((Verdict::Unreachable, clean(&format!("its address is not found: {error}"))));
            }
        };
        let first = found.iter().find(|address| address.is_ipv4()).or(found.first());
        let Some(address) = first.copied() else {
            return Err((Verdict::Unreachable, "its name has no address".into()));
        };
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(server.to_owned(), address);
        Ok(address)
    }
}

/// The answers for A and AAAA as one, with its words.
fn merged(v4: Read, v6: Read) -> (DnsAnswer, String) {
    let mut all = DnsAnswer { addresses: Vec::new(), ttl: None, authoritative: true, cname: None };
    let mut exists = false;
    for read in [v4, v6] {
        match read {
            Read::Answer(answer) => {
                exists = true;
                all.addresses.extend(answer.addresses);
                all.ttl = [all.ttl, answer.ttl].into_iter().flatten().min();
                all.authoritative &= answer.authoritative;
                all.cname = all.cname.or(answer.cname);
            }
            Read::NoName { authoritative } => all.authoritative &= authoritative,
            Read::Truncated | Read::NotOurs | Read::Failed(..) => {}
        }
    }
    all.addresses.sort();
    all.addresses.dedup();
    let detail = match (exists, all.addresses.is_empty() && all.cname.is_none()) {
        (false, _) => "NXDOMAIN: no such name".into(),
        (true, true) => "NODATA: no A, no AAAA".into(),
        (true, false) => all.words(),
    };
    (all, detail)
}

/// Asks for one type, twice if need be, over TCP where UDP is too small. Only what answers the question comes back.
async fn ask_one(
    server: SocketAddr,
    name: &Name,
    kind: RecordType,
    role: ServerRole,
    attempt: Duration,
) -> Result<Read, Failure> {
    let mut last =
        (Verdict::TimedOut, format!("no answer within {} s, {ATTEMPTS} times", attempt.as_secs_f32()));
    for _ in 0..ATTEMPTS {
        let (question, bytes) = question(name, kind, role)?;
        let read = match timeout(attempt, over_udp(server, &question, &bytes)).await {
            Err(_) => continue,
            Ok(Ok(Read::Truncated)) => match timeout(attempt, over_tcp(server, &question, &bytes)).await {
                Err(_) => {
                    last = (Verdict::TimedOut, "truncated over UDP, no answer over TCP".into());
                    continue;
                }
                Ok(read) => read,
            },
            Ok(read) => read,
        };
        match read {
            Ok(Read::Failed(verdict, why)) => return Err((verdict, why)),
            Ok(Read::Truncated | Read::NotOurs) => last = (Verdict::Wrong, "no whole DNS answer".into()),
            Ok(read @ (Read::Answer(_) | Read::NoName { .. })) => return Ok(read),
            // Nobody listens there: asked once more, a server may be starting.
            Err(error) => last = io_failure(&error),
        }
    }
    Err(last)
}

fn io_failure(error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::ConnectionRefused => (Verdict::Refused, "port refused".into()),
        ErrorKind::TimedOut => (Verdict::TimedOut, "no answer in time".into()),
        ErrorKind::UnexpectedEof => (Verdict::Wrong, "the TCP answer was cut short".into()),
        _ => (Verdict::Unreachable, clean(&error.to_string())),
    }
}

/// A question with a new id, and its bytes.
fn question(name: &Name, kind: RecordType, role: ServerRole) -> Result<(Question, Vec<u8>), Failure> {
    let mut message = Message::query();
    message.metadata.recursion_desired = role == ServerRole::Resolver;
    message.add_query(Query::query(name.clone(), kind));
    let mut edns = Edns::new();
    edns.set_max_payload(PAYLOAD);
    message.set_edns(edns);
    let bytes = message
        .to_vec()
        .map_err(|error| (Verdict::Unreachable, clean(&format!("cannot be asked: {error}"))))?;
    Ok((Question { id: message.metadata.id, name: name.clone(), kind, role }, bytes))
}

/// Waits for the answer to this question; anything else that arrives is passed over.
async fn over_udp(server: SocketAddr, question: &Question, bytes: &[u8]) -> std::io::Result<Read> {
    let here: SocketAddr = match server {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(here).await?;
    // Connected: the kernel passes on what comes from this server alone.
    socket.connect(server).await?;
    socket.send(bytes).await?;
    let mut buffer = vec![0; usize::from(u16::MAX)];
    loop {
        let length = socket.recv(&mut buffer).await?;
        match read(buffer.get(..length).unwrap_or_default(), question) {
            Read::NotOurs => {}
            other => return Ok(other),
        }
    }
}

async fn over_tcp(server: SocketAddr, question: &Question, bytes: &[u8]) -> std::io::Result<Read> {
    let mut stream = TcpStream::connect(server).await?;
    let length = u16::try_from(bytes.len()).map_err(std::io::Error::other)?;
    let mut framed = length.to_be_bytes().to_vec();
    framed.extend_from_slice(bytes);
    stream.write_all(&framed).await?;
    let length = stream.read_u16().await?;
    let mut answer = vec![0; usize::from(length)];
    stream.read_exact(&mut answer).await?;
    Ok(read(&answer, question))
}

/// What some bytes are to a question: any bytes give one of the findings.
#[must_use]
pub fn read(bytes: &[u8], question: &Question) -> Read {
    let ours = bytes.get(..2).is_some_and(|id| id == question.id.to_be_bytes());
    if !ours {
        return Read::NotOurs;
    }
    let Ok(message) = Message::from_vec(bytes) else {
        return Read::Failed(Verdict::Wrong, "not a DNS answer".into());
    };
    let Message { metadata, queries, answers, .. } = &message;
    let repeats = |query: &Query| {
        *query.name() == question.name
            && query.query_type() == question.kind
            && query.query_class() == DNSClass::IN
    };
    let code = metadata.response_code;
    // Who cannot read a question does not repeat it.
    let asked = match queries.as_slice() {
        [query] => repeats(query),
        [] => code != ResponseCode::NoError && code != ResponseCode::NXDomain,
        _ => false,
    };
    if metadata.message_type != MessageType::Response || metadata.op_code != OpCode::Query || !asked {
        return Read::NotOurs;
    }
    match code {
        ResponseCode::NoError | ResponseCode::NXDomain => {}
        ResponseCode::Refused => return Read::Failed(Verdict::Refused, "REFUSED".into()),
        ResponseCode::ServFail => return Read::Failed(Verdict::Wrong, "SERVFAIL".into()),
        other => return Read::Failed(Verdict::Wrong, clean(&format!("DNS error: {other}"))),
    }
    if metadata.truncation {
        return Read::Truncated;
    }
    let authoritative = metadata.authoritative;
    if question.role == ServerRole::NameServer && !authoritative {
        return Read::Failed(Verdict::Wrong, "lame: not authoritative for the name".into());
    }
    if code == ResponseCode::NXDomain {
        return Read::NoName { authoritative };
    }
    let mut names: BTreeSet<Name> = BTreeSet::from([question.name.clone()]);
    let mut answer = DnsAnswer { addresses: Vec::new(), ttl: None, authoritative, cname: None };
    // A chain may stand in any order.
    for _ in 0..CHAIN {
        for record in answers {
            if let RData::CNAME(target) = &record.data
                && names.contains(&record.name)
            {
                if record.name == question.name {
                    answer.cname = Some(target.0.to_lowercase().to_ascii());
                }
                names.insert(target.0.clone());
            }
        }
    }
    for record in answers.iter().filter(|record| names.contains(&record.name)) {
        match &record.data {
            RData::A(address) if question.kind == RecordType::A => {
                answer.addresses.push(IpAddr::V4(address.0))
            }
            RData::AAAA(address) if question.kind == RecordType::AAAA => {
                answer.addresses.push(IpAddr::V6(address.0));
            }
            RData::CNAME(_) => {}
            _ => continue,
        }
        answer.ttl = Some(answer.ttl.map_or(record.ttl, |least| least.min(record.ttl)));
    }
    answer.addresses.sort();
    answer.addresses.dedup();
    Read::Answer(answer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use hickory_proto::rr::Record;
    use hickory_proto::rr::rdata::{A, CNAME};
    use proptest::prelude::*;

    fn name(text: &str) -> Name {
        Name::from_ascii(text).unwrap()
    }

    fn asked(role: ServerRole) -> Question {
        Question { id: 0x1234, name: name("example.com."), kind: RecordType::A, role }
    }

    fn reply(change: impl FnOnce(&mut Message)) -> Vec<u8> {
        let mut message = Message::response(0x1234, OpCode::Query);
        message.metadata.authoritative = true;
        message.add_query(Query::query(name("EXAMPLE.com."), RecordType::A));
        message.add_answer(a("example.com.", 30, [203, 0, 113, 10]));
        message.add_answer(a("example.com.", 60, [203, 0, 113, 9]));
        change(&mut message);
        message.to_vec().unwrap()
    }

    fn a(owner: &str, ttl: u32, octets: [u8; 4]) -> Record {
        Record::from_rdata(name(owner), ttl, RData::A(A(octets.into())))
    }

    fn read_as(role: ServerRole, change: impl FnOnce(&mut Message)) -> Read {
        read(&reply(change), &asked(role))
    }

    #[test]
    fn an_answer_is_its_addresses_and_its_lowest_ttl() {
        let Read::Answer(answer) = read_as(ServerRole::NameServer, |_| {}) else { panic!("no answer") };
        assert_eq!(answer.words(), "203.0.113.9 203.0.113.10");
        assert_eq!(answer.ttl, Some(30));
        assert!(answer.authoritative);
    }

    #[test]
    fn what_was_not_asked_is_not_listened_to() {
        let other_id = read_as(ServerRole::NameServer, |m| m.metadata.id = 0x4321);
        let other_name = read_as(ServerRole::NameServer, |m| {
            m.queries = vec![Query::query(name("a.com."), RecordType::A)]
        });
        let other_type = read_as(ServerRole::NameServer, |m| {
            m.queries = vec![Query::query(name("example.com."), RecordType::AAAA)];
        });
        let a_question = read_as(ServerRole::NameServer, |m| m.metadata.message_type = MessageType::Query);
        let nothing = read_as(ServerRole::NameServer, |m| m.queries.clear());
        assert_eq!([other_id, other_name, other_type, a_question, nothing], [const { Read::NotOurs }; 5]);
    }

    #[test]
    fn errors_are_told_apart() {
        let code = |code| read_as(ServerRole::NameServer, move |m| m.metadata.response_code = code);
        let failed = |verdict, why: &str| Read::Failed(verdict, why.into());
        assert_eq!(code(ResponseCode::ServFail), failed(Verdict::Wrong, "SERVFAIL"));
        assert_eq!(code(ResponseCode::Refused), failed(Verdict::Refused, "REFUSED"));
        assert_eq!(code(ResponseCode::NXDomain), Read::NoName { authoritative: true });
        let lame = |m: &mut Message| m.metadata.authoritative = false;
        assert_eq!(
            read_as(ServerRole::NameServer, lame),
            failed(Verdict::Wrong, "lame: not authoritative for the name")
        );
        assert!(
            matches!(read_as(ServerRole::Resolver, lame), Read::Answer(_)),
            "a resolver has no authority"
        );
        assert_eq!(read_as(ServerRole::NameServer, |m| m.metadata.truncation = true), Read::Truncated);
        let garbage = [0x12, 0x34, 0x84];
        assert_eq!(
            read(&garbage, &asked(ServerRole::NameServer)),
            failed(Verdict::Wrong, "not a DNS answer")
        );
    }

    #[test]
    fn a_chain_is_followed_and_strangers_are_left_out() {
        let Read::Answer(answer) = read_as(ServerRole::Resolver, |m| {
            m.answers = vec![
                a("elsewhere.net.", 5, [192, 0, 2, 66]),
                a("web.elb.amazonaws.com.", 60, [52, 0, 0, 1]),
                Record::from_rdata(
                    name("example.com."),
                    20,
                    RData::CNAME(CNAME(name("Web.ELB.amazonaws.com."))),
                ),
            ];
        }) else {
            panic!("no answer")
        };
        assert_eq!((answer.words().as_str(), answer.ttl), ("52.0.0.1", Some(20)));
        assert_eq!(answer.cname.as_deref(), Some("web.elb.amazonaws.com."));
    }

    #[test]
    fn no_addresses_of_either_kind_is_a_finding() {
        let none =
            || Read::Answer(DnsAnswer { addresses: Vec::new(), ttl: None, authoritative: true, cname: None });
        assert_eq!(merged(none(), none()).1, "NODATA: no A, no AAAA");
        let no_name = || Read::NoName { authoritative: true };
        assert_eq!(merged(no_name(), no_name()).1, "NXDOMAIN: no such name");
    }

    proptest! {
        #[test]
        fn any_bytes_give_a_finding(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
            let _ = read(&bytes, &asked(ServerRole::NameServer));
            let mut ours = vec![0x12, 0x34];
            ours.extend(&bytes);
            let _ = read(&ours, &asked(ServerRole::Resolver));
        }

        #[test]
        fn a_damaged_answer_gives_a_finding(at in 2_usize..60, byte in any::<u8>(), cut in 0_usize..60) {
            let mut bytes = reply(|_| {});
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut));
            let _ = read(&bytes, &asked(ServerRole::NameServer));
        }
    }
}
