//! The zone's name servers and a resolver, for real: UDP and TCP on loopback, answering from the record sets that the
//! stand-in keeps in moto. A change reaches each server a few questions later than the one before it, and each can be
//! told to fail in the ways DNS servers fail.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use hickory_proto::op::{Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::request::Request;
use super::route53::{RecordKey, normal_name};
use super::{Shared, StandIn};
use crate::support::xml::Element;

/// Name servers; one resolver stands after them.
pub const NAME_SERVERS: usize = 4;

/// What an alias is served with.
const ALIAS_TTL: u32 = 60;

/// How a DNS server fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DnsFault {
    /// It never answers.
    Timeout,
    /// SERVFAIL.
    ServFail,
    /// It answers without authority.
    Lame,
    /// Over UDP it says only that there is more.
    Truncated,
    /// It answers what stood there before the last change, for ever.
    Stale,
    /// Bytes that are no DNS.
    Garbage,
}

/// A question as a server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    /// Which server: the resolver is [`NAME_SERVERS`].
    pub server: usize,
    /// The name, with its final dot.
    pub name: String,
    /// `A` or `AAAA`.
    pub kind: String,
    /// Recursion was desired.
    pub recursion: bool,
    /// It came over TCP.
    pub tcp: bool,
}

/// What a zone held, and how often each server still answers that, by type.
#[derive(Debug, Default)]
struct Before {
    sets: BTreeMap<RecordKey, Element>,
    left: BTreeMap<(usize, String), u32>,
}

/// The zones and their changes, as the servers know them.
#[derive(Debug, Default)]
pub(super) struct Dns {
    addresses: Vec<SocketAddr>,
    /// A request of each zone's owner, to read the zone with; by zone id.
    zones: BTreeMap<String, Request>,
    /// What each zone held before its last change.
    before: BTreeMap<String, Before>,
    faults: BTreeMap<usize, DnsFault>,
    asked: Vec<Asked>,
}

impl Dns {
    /// Where the servers listen.
    pub(super) fn listening(addresses: Vec<SocketAddr>) -> Self {
        Self { addresses, ..Self::default() }
    }

    /// Somebody asked Route 53 about a zone.
    pub(super) fn seen(&mut self, zone: &str, request: &Request) {
        self.zones.insert(zone.to_owned(), request.clone());
    }

    /// A zone's record sets are about to be others.
    pub(super) fn changed(&mut self, zone: &str, before: BTreeMap<RecordKey, Element>) {
        self.before.insert(zone.to_owned(), Before { sets: before, left: BTreeMap::new() });
    }

    /// The name servers, as a delegation set names them.
    pub(super) fn name_servers(&self) -> Vec<String> {
        self.addresses.iter().take(NAME_SERVERS).map(ToString::to_string).collect()
    }
}

impl StandIn {
    /// The zone's name servers, in the order of the delegation set.
    pub fn name_servers(&self) -> Vec<String> {
        self.state().dns.name_servers()
    }

    /// A resolver, which caches for a few questions what the name servers said.
    pub fn resolver(&self) -> String {
        self.state().dns.addresses[NAME_SERVERS].to_string()
    }

    /// Makes a server fail, or takes that back.
    pub fn dns_fault(&self, server: usize, fault: Option<DnsFault>) {
        let mut state = self.state();
        match fault {
            Some(fault) => state.dns.faults.insert(server, fault),
            None => state.dns.faults.remove(&server),
        };
    }

    /// Every question so far, in the order it came.
    pub fn dns_questions(&self) -> Vec<Asked> {
        self.state().dns.asked.clone()
    }
}

/// Opens the ports of all servers: UDP and TCP under one number each.
pub(super) fn open() -> Vec<(std::net::UdpSocket, std::net::TcpListener)> {
    (0..=NAME_SERVERS)
        .map(|_| {
            // A UDP port that is free may be taken for TCP: another is tried.
            for _ in 0..100 {
                let udp = std::net::UdpSocket::bind(("127.0.0.1", 0)).unwrap();
                if let Ok(tcp) = std::net::TcpListener::bind(udp.local_addr().unwrap()) {
                    udp.set_nonblocking(true).unwrap();
                    tcp.set_nonblocking(true).unwrap();
                    return (udp, tcp);
                }
            }
            panic!("no port is free for UDP and TCP both");
        })
        .collect()
}

/// Serves them for as long as the runtime lives.
pub(super) fn serve(shared: &Arc<Shared>, ports: Vec<(std::net::UdpSocket, std::net::TcpListener)>) {
    for (server, (udp, tcp)) in ports.into_iter().enumerate() {
        let udp = Arc::new(UdpSocket::from_std(udp).unwrap());
        let tcp = TcpListener::from_std(tcp).unwrap();
        let over = Arc::clone(shared);
        tokio::spawn(async move {
            let mut buffer = vec![0; 4096];
            while let Ok((length, from)) = udp.recv_from(&mut buffer).await {
                let (shared, udp, bytes) = (Arc::clone(&over), Arc::clone(&udp), buffer[..length].to_vec());
                tokio::spawn(async move {
                    if let Some(answer) = shared.dns_answer(server, &bytes, false).await {
                        let _ = udp.send_to(&answer, from).await;
                    }
                });
            }
        });
        let over = Arc::clone(shared);
        tokio::spawn(async move {
            while let Ok((stream, _)) = tcp.accept().await {
                let shared = Arc::clone(&over);
                tokio::spawn(async move {
                    let _ = over_tcp(&shared, server, stream).await;
                });
            }
        });
    }
}

async fn over_tcp(shared: &Shared, server: usize, mut stream: TcpStream) -> std::io::Result<()> {
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; usize::from(length)];
    stream.read_exact(&mut bytes).await?;
    if let Some(answer) = shared.dns_answer(server, &bytes, true).await {
        stream.write_u16(u16::try_from(answer.len()).unwrap()).await?;
        stream.write_all(&answer).await?;
    }
    Ok(())
}

impl Shared {
    async fn dns_answer(&self, server: usize, bytes: &[u8], tcp: bool) -> Option<Vec<u8>> {
        let question = Message::from_vec(bytes).ok()?;
        let query = question.queries.first()?.clone();
        let (id, recursion) = (question.metadata.id, question.metadata.recursion_desired);
        let fault = {
            let mut state = self.state();
            state.dns.asked.push(Asked {
                server,
                name: query.name().to_string(),
                kind: query.query_type().to_string(),
                recursion,
                tcp,
            });
            state.dns.faults.get(&server).copied()
        };
        let mut answer = Message::new(id, MessageType::Response, OpCode::Query);
        answer.metadata.recursion_desired = recursion;
        answer.add_query(query.clone());
        match fault {
            Some(DnsFault::Timeout) => return None,
            Some(DnsFault::Garbage) => {
                return Some(id.to_be_bytes().into_iter().chain(*b"It works!").collect());
            }
            Some(DnsFault::ServFail) => {
                answer.metadata.response_code = ResponseCode::ServFail;
                return answer.to_vec().ok();
            }
            Some(DnsFault::Truncated) if !tcp => {
                answer.metadata.authoritative = server < NAME_SERVERS;
                answer.metadata.truncation = true;
                return answer.to_vec().ok();
            }
            Some(DnsFault::Truncated | DnsFault::Lame | DnsFault::Stale) | None => {}
        }
        // A name server is asked for what it knows itself, a resolver for anything.
        if recursion != (server == NAME_SERVERS) {
            answer.metadata.response_code = ResponseCode::Refused;
            return answer.to_vec().ok();
        }
        answer.metadata.authoritative = server < NAME_SERVERS && fault != Some(DnsFault::Lame);
        match self.records(server, &query, fault == Some(DnsFault::Stale)).await {
            Some(records) => {
                answer.add_answers(records);
            }
            None if server == NAME_SERVERS && query.name().to_string().ends_with(".amazonaws.com.") => {
                let name = query.name().to_string();
                answer.add_answers(balancer(query.name(), &name, query.query_type(), ALIAS_TTL));
            }
            None => answer.metadata.response_code = ResponseCode::Refused,
        }
        answer.to_vec().ok()
    }

    /// What a server knows at a name; `None` if no zone of ours has it.
    async fn records(&self, server: usize, query: &Query, stale: bool) -> Option<Vec<Record>> {
        let name = normal_name(&query.name().to_string());
        let zones: Vec<(String, Request)> = {
            let state = self.state();
            state.dns.zones.iter().map(|(id, request)| (id.clone(), request.clone())).collect()
        };
        for (id, request) in zones {
            let Ok((zone, now)) = self.read_zone(&request, &id).await else { continue };
            if name != zone && !name.ends_with(&format!(".{zone}")) {
                continue;
            }
            let sets = self.known_to(server, &id, query.query_type(), stale).unwrap_or(now);
            return Some(answers(&sets, query.name(), &name, query.query_type()));
        }
        None
    }

    /// What a server that is behind still answers; a question counts it down.
    fn known_to(
        &self,
        server: usize,
        zone: &str,
        kind: RecordType,
        stale: bool,
    ) -> Option<BTreeMap<RecordKey, Element>> {
        let mut state = self.state();
        let pace = state.pace.dns;
        let Before { sets, left } = state.dns.before.get_mut(zone)?;
        if stale {
            return Some(sets.clone());
        }
        let behind = pace * u32::try_from(server).unwrap();
        let left = left.entry((server, kind.to_string())).or_insert(behind);
        if *left == 0 {
            return None;
        }
        *left -= 1;
        Some(sets.clone())
    }
}

fn answers(sets: &BTreeMap<RecordKey, Element>, owner: &Name, name: &str, kind: RecordType) -> Vec<Record> {
    let mut found = Vec::new();
    for ((_, type_of, _), set) in sets.iter().filter(|((at, ..), _)| at == name) {
        let ttl = set.text_of("TTL").parse().unwrap_or(ALIAS_TTL);
        if type_of == "CNAME" {
            let target = Name::from_ascii(&set.all("Value")[0].text).unwrap();
            found.push(Record::from_rdata(owner.clone(), ttl, RData::CNAME(CNAME(target))));
        } else if *type_of == kind.to_string() {
            if let Some(alias) = set.child("AliasTarget") {
                found.extend(balancer(owner, alias.text_of("DNSName"), kind, ALIAS_TTL));
            }
            let addresses = set.all("Value").into_iter().filter_map(|value| value.text.parse().ok());
            found.extend(addresses.map(|address| record(owner, ttl, address)));
        }
    }
    found
}

fn record(owner: &Name, ttl: u32, address: IpAddr) -> Record {
    let data = match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    };
    Record::from_rdata(owner.clone(), ttl, data)
}

/// The addresses of a balancer: two of its own for good.
fn balancer(owner: &Name, dns_name: &str, kind: RecordType, ttl: u32) -> Vec<Record> {
    let name = normal_name(dns_name);
    let name = name.strip_prefix("dualstack.").unwrap_or(&name);
    // FNV-1a: any hash that is the same in every process.
    let hash =
        name.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    let [a, b, c, _] = hash.to_be_bytes();
    let addresses: [IpAddr; 2] = match kind {
        RecordType::A => {
            [Ipv4Addr::new(198, 18 + a % 2, b, c), Ipv4Addr::new(198, 18 + a % 2, c, b)].map(IpAddr::V4)
        }
        RecordType::AAAA => [1, 2].map(|n| {
            IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, u16::from_be_bytes([a, b]), c.into(), 0, 0, 0, n))
        }),
        _ => return Vec::new(),
    };
    addresses.map(|address| record(owner, ttl, address)).into()
}
