//! Database servers: not whether a port is open, but whether a server speaks behind it. No credentials, and nothing
//! that a server would take for the attempt to log in.
//!
//! A MySQL server speaks first; a PostgreSQL server is asked whether it does TLS, which it answers with one byte before
//! anything else. What comes back instead of a greeting is an answer of its own kind: an error that the server gives
//! everybody (too many connections, still starting) is not up, one that it gives this host (not allowed, blocked) is.
//! A connection that is taken and then stays silent is not up either: a proxy or a kernel takes it, no server does.

use super::{Finding, clean, no_answer};
use crate::incident::cell::Verdict;
use crate::incident::probe::Dialect;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How much of a greeting is read.
const GREETING_LIMIT: usize = 1024;
/// PostgreSQL's SSLRequest: its length, and the number that no protocol version has.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 4, 210, 22, 47];
/// `ER_HOST_IS_BLOCKED` and `ER_HOST_NOT_PRIVILEGED`: the server is well, and does not want this host.
const MYSQL_NOT_THIS_HOST: [u16; 2] = [1129, 1130];
/// The packet of a MySQL error.
const MYSQL_ERROR: u8 = 0xff;
/// The handshake that every MySQL since 3.21 sends.
const MYSQL_PROTOCOL: u8 = 10;

/// Connects and listens.
pub(super) async fn greeted(dialect: Dialect, host: &str, port: u16, limit: Duration) -> Finding {
    // Half of the time for each, so that a server that says nothing is told from one that cannot be reached.
    let half = limit / 2;
    let mut stream = match timeout(half, TcpStream::connect((host, port))).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return Finding::of_io(&error),
        Err(_) => return no_answer(half),
    };
    match timeout(half, heard(dialect, &mut stream)).await {
        Ok(Ok(bytes)) if bytes.is_empty() => {
            Finding::new(Verdict::Wrong, format!("closed without a {dialect} greeting"))
        }
        Ok(Ok(bytes)) => match dialect {
            Dialect::Postgres => postgres(&bytes),
            Dialect::Mysql => mysql(&bytes),
        },
        Ok(Err(error)) => {
            Finding::new(Verdict::Wrong, clean(&format!("broke off before a {dialect} greeting: {error}")))
        }
        Err(_) => Finding::new(Verdict::Silent, format!("tcp connected, no {dialect} greeting")),
    }
}

/// The first words of a server, as far as they came. What it says after an error is waited for; a greeting is enough.
async fn heard(dialect: Dialect, stream: &mut TcpStream) -> std::io::Result<Vec<u8>> {
    if dialect == Dialect::Postgres {
        stream.write_all(&SSL_REQUEST).await?;
    }
    let mut bytes = Vec::new();
    let mut chunk = [0; 256];
    while bytes.len() < GREETING_LIMIT && !is_whole(dialect, &bytes) {
        match stream.read(&mut chunk).await {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(chunk.get(..count).unwrap_or_default()),
            // What was said before counts.
            Err(_) if !bytes.is_empty() => break,
            Err(error) => return Err(error),
        }
    }
    Ok(bytes)
}

fn is_whole(dialect: Dialect, bytes: &[u8]) -> bool {
    match (dialect, bytes) {
        (_, []) => false,
        (Dialect::Postgres, [b'E', a, b, c, d, ..]) => {
            let length = u32::from_be_bytes([*a, *b, *c, *d]);
            // A server before the third protocol sends its sentence and a zero instead of a length.
            usize::try_from(length).is_ok_and(|length| length < GREETING_LIMIT && bytes.len() > length)
                || bytes.ends_with(&[0])
        }
        (Dialect::Postgres, [b'E', ..]) => false,
        (Dialect::Postgres, _) => true,
        (Dialect::Mysql, [a, b, c, _, rest @ ..]) => rest.len() >= mysql_length([*a, *b, *c]),
        (Dialect::Mysql, _) => false,
    }
}

fn mysql_length([a, b, c]: [u8; 3]) -> usize {
    usize::from(a) | usize::from(b) << 8 | usize::from(c) << 16
}

fn postgres(bytes: &[u8]) -> Finding {
    match bytes {
        [b'S', ..] => Finding::new(Verdict::Answers, "postgres greets, with TLS"),
        [b'N', ..] => Finding::new(Verdict::Answers, "postgres greets, without TLS"),
        [b'E', rest @ ..] => {
            Finding::new(Verdict::Error, clean(&format!("postgres error: {}", postgres_error(rest))))
        }
        _ => Finding::new(Verdict::Wrong, "no postgres greeting"),
    }
}

/// The sentence of an ErrorResponse: its field `M`, or all of it where it has no fields.
fn postgres_error(rest: &[u8]) -> String {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = rest.get(4..).unwrap_or_default();
    let message = fields.split(|byte| *byte == 0).find_map(|field| field.strip_prefix(b"M"));
    message.map_or_else(|| text(rest.split(|byte| *byte == 0).next().unwrap_or_default()), text)
}

fn mysql(bytes: &[u8]) -> Finding {
    match bytes.get(4..).unwrap_or_default() {
        [MYSQL_PROTOCOL, rest @ ..] => {
            let version = rest.split(|byte| *byte == 0).next().unwrap_or_default();
            let version = String::from_utf8_lossy(version);
            Finding::new(Verdict::Answers, clean(&format!("mysql greets, version {version}")))
        }
        [MYSQL_ERROR, low, high, rest @ ..] => {
            let code = u16::from_le_bytes([*low, *high]);
            let message = match rest {
                [b'#', _, _, _, _, _, message @ ..] => message,
                message => message,
            };
            let verdict = if MYSQL_NOT_THIS_HOST.contains(&code) { Verdict::Answers } else { Verdict::Error };
            let message = String::from_utf8_lossy(message);
            Finding::new(verdict, clean(&format!("mysql error {code}: {message}")))
        }
        _ => Finding::new(Verdict::Wrong, "no mysql greeting"),
    }
}
