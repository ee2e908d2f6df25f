//! DNS answers: whatever the bytes, only an answer to the question that was asked, from who may answer it, counts.

use super::Target;
use blackstart::cloud::probe::dns::{Question, Read, read};
use blackstart::incident::dns::ServerRole;
use hickory_proto::op::{Message, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::{A, AAAA, CNAME};
use hickory_proto::rr::{Name, RData, Record, RecordType};
use std::net::IpAddr;

pub const DNS: Target = Target {
    name: "dns",
    check,
    seeds: answers,
    words: &[
        "\u{7}example\u{3}com\0",
        "\u{3}www",
        "\0\u{1}\0\u{1}",
        "\0\u{1c}\0\u{1}",
        "\0\u{5}\0\u{1}",
        "\0\u{29}",
        "\0\0\0\u{1e}",
        "\0\u{4}",
    ],
    brief: 20_000,
};

const ID: u16 = 0x1234;
const NAME: &str = "example.com.";

fn name(text: &str) -> Name {
    Name::from_ascii(text).unwrap()
}

/// An input is a message after one byte that says who was asked for what.
fn answers() -> Vec<Vec<u8>> {
    let chain = |kind| {
        let mut message = Message::response(ID, OpCode::Query);
        message.metadata.authoritative = true;
        message.add_query(Query::query(name(NAME), kind));
        let web = name("web.us-east-1.elb.amazonaws.com.");
        message.add_answer(Record::from_rdata(name(NAME), 60, RData::CNAME(CNAME(web.clone()))));
        message.add_answer(Record::from_rdata(web.clone(), 30, RData::A(A([203, 0, 113, 10].into()))));
        message.add_answer(Record::from_rdata(
            web,
            30,
            RData::AAAA(AAAA([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1].into())),
        ));
        message
    };
    let mut seeds = Vec::new();
    for (which, kind) in
        [(0_u8, RecordType::A), (1, RecordType::AAAA), (2, RecordType::A), (3, RecordType::AAAA)]
    {
        for code in
            [ResponseCode::NoError, ResponseCode::NXDomain, ResponseCode::ServFail, ResponseCode::Refused]
        {
            let mut message = chain(kind);
            message.metadata.response_code = code;
            let bytes = message.to_vec().unwrap();
            seeds.push([&[which], bytes.as_slice()].concat());
        }
    }
    seeds
}

fn check(input: &[u8]) {
    let Some((which, bytes)) = input.split_first() else { return };
    let (kind, role) = match which % 4 {
        0 => (RecordType::A, ServerRole::NameServer),
        1 => (RecordType::AAAA, ServerRole::NameServer),
        2 => (RecordType::A, ServerRole::Resolver),
        _ => (RecordType::AAAA, ServerRole::Resolver),
    };
    let question = Question { id: ID, name: name(NAME), kind, role };
    judge(bytes, &question);
    // Under the id that was asked.
    let mut ours = bytes.to_vec();
    if let Some(id) = ours.get_mut(..2) {
        id.copy_from_slice(&ID.to_be_bytes());
    }
    judge(&ours, &question);
}

fn judge(bytes: &[u8], question: &Question) {
    let found = read(bytes, question);
    let ours = bytes.get(..2) == Some(&ID.to_be_bytes());
    assert!(ours || found == Read::NotOurs, "{found:?} of somebody else");
    let flags = |at: usize| bytes.get(at).copied().unwrap_or_default();
    let repeats =
        bytes.get(4..6) == Some(&[0, 1]) && repeats(bytes.get(12..).unwrap_or_default(), question.kind);
    let is_authoritative = flags(2) & 0x04 != 0;
    match &found {
        Read::NotOurs | Read::Failed(..) => {}
        Read::Truncated => assert!(flags(2) & 0x02 != 0 && repeats, "{found:?}"),
        Read::NoName { authoritative } => {
            assert!(flags(2) & 0x80 != 0 && flags(3) & 0x0f == 3 && repeats, "{found:?}");
            assert_eq!(*authoritative, is_authoritative);
            assert!(is_authoritative || question.role == ServerRole::Resolver);
        }
        Read::Answer(answer) => {
            assert!(flags(2) & 0x82 == 0x80 && flags(3) & 0x0f == 0 && repeats, "{found:?}");
            assert_eq!(answer.authoritative, is_authoritative);
            assert!(is_authoritative || question.role == ServerRole::Resolver);
            assert!(
                answer.addresses.is_sorted() && answer.addresses.windows(2).all(|pair| pair[0] != pair[1])
            );
            let of_kind = |address: &IpAddr| address.is_ipv4() == (question.kind == RecordType::A);
            assert!(answer.addresses.iter().all(of_kind), "{answer:?}");
            assert_eq!(
                answer.ttl.is_none(),
                answer.addresses.is_empty() && answer.cname.is_none(),
                "{answer:?}"
            );
            assert!(!answer.words().contains(char::is_control), "{answer:?}");
            assert!(
                answer.cname.as_deref().is_none_or(|cname| !cname.contains(char::is_control)),
                "{answer:?}"
            );
        }
    }
    if let Read::Failed(_, why) = &found {
        assert!(!why.is_empty() && !why.contains(char::is_control) && why.chars().count() <= 160, "{why:?}");
    }
}

/// Whether these bytes begin with the question, as a server that compresses nothing repeats it.
fn repeats(bytes: &[u8], kind: RecordType) -> bool {
    const LABELS: &[u8] = b"\x07example\x03com\0";
    let (Some(labels), Some(rest)) = (bytes.get(..LABELS.len()), bytes.get(LABELS.len()..)) else {
        return false;
    };
    labels.eq_ignore_ascii_case(LABELS)
        && rest.starts_with(&[&u16::from(kind).to_be_bytes()[..], &[0, 1]].concat())
}
