//! One blocking HTTP request on one loopback connection: enough to ask moto or the stand-in something without an SDK.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status code.
    pub status: u16,
    /// The body, as text.
    pub body: String,
}

/// Sends one request and reads the answer to the end of the connection. An error is a sentence.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
    patience: Duration,
) -> Result<Answer, String> {
    let tell = |e: std::io::Error| format!("{method} http://{address}{path}: {e}");
    let mut stream = TcpStream::connect_timeout(&address, patience).map_err(tell)?;
    stream.set_read_timeout(Some(patience)).map_err(tell)?;
    let mut head = format!("{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n");
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    stream.write_all(head.as_bytes()).map_err(tell)?;
    stream.write_all(body.as_bytes()).map_err(tell)?;
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).map_err(tell)?;
    let text = String::from_utf8_lossy(&raw);
    let (head, body) =
        text.split_once("\r\n\r\n").ok_or_else(|| format!("{method} http://{address}{path}: no answer"))?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| format!("{method} http://{address}{path}: not HTTP: {head:?}"))?;
    Ok(Answer { status, body: body.to_owned() })
}

/// An `Authorization` header naming a key, a region and a service, with a signature that only moto would take.
pub fn scope(access_key: &str, region: &str, service: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential={access_key}/20260101/{region}/{service}/aws4_request, SignedHeaders=host, Signature=0"
    )
}

/// A call of AWS's Query protocol: `form` is `Action=...&...`.
pub fn query(
    address: SocketAddr,
    access_key: &str,
    region: &str,
    service: &str,
    form: &str,
) -> Result<Answer, String> {
    let auth = scope(access_key, region, service);
    let headers = [
        ("Authorization", auth.as_str()),
        ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
    ];
    request(address, "POST", "/", &headers, form, Duration::from_secs(60))
}
