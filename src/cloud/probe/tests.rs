//! Every kind of probe against real sockets on the loopback: what takes a connection and says nothing, what refuses,
//! what greets, and what shows a certificate.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::Prober;
use crate::incident::cell::{Evidence, Trust, Verdict};
use crate::incident::probe::Dialect;
use crate::incident::request::ProbeHow;
use crate::incident::site::SiteProbe;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_rustls::TlsAcceptor;

/// Longer than anything here takes that answers.
const PATIENT: Duration = Duration::from_secs(30);
/// For those that never do.
const SHORT: Duration = Duration::from_millis(80);

/// A server that treats every connection alike.
async fn server<F, Fut>(each: F) -> SocketAddr
where
    F: Fn(TcpStream) -> Fut + Send + 'static,
    Fut: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(each(stream));
        }
    });
    address
}

/// A port where nobody listens.
async fn closed() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

async fn greeted(dialect: Dialect, port: u16, limit: Duration) -> (Verdict, String) {
    let how = ProbeHow::Greeting { dialect, host: "127.0.0.1".into(), port };
    let found = Prober::default().probe(how, limit).await;
    (found.verdict, found.detail)
}

/// What is found where a server says these bytes and then holds the connection, or closes it.
async fn says(dialect: Dialect, bytes: &'static [u8], holds: bool) -> (Verdict, String) {
    let address = server(move |mut stream| async move {
        if dialect == Dialect::Postgres {
            let mut asked = [0; 8];
            stream.read_exact(&mut asked).await.unwrap();
            assert_eq!(asked, [0, 0, 0, 8, 4, 210, 22, 47], "an SSLRequest, and nothing that names a user");
        }
        stream.write_all(bytes).await.unwrap();
        if holds {
            std::future::pending::<()>().await;
        }
    })
    .await;
    greeted(dialect, address.port(), PATIENT).await
}

#[tokio::test]
async fn postgres_greets_with_one_byte_and_is_then_left_alone() {
    let found = says(Dialect::Postgres, b"S", true).await;
    assert_eq!(found, (Verdict::Answers, "postgres greets, with TLS".into()));
    let found = says(Dialect::Postgres, b"N", true).await;
    assert_eq!(found, (Verdict::Answers, "postgres greets, without TLS".into()));
}

#[tokio::test]
async fn a_postgres_error_is_no_greeting_and_says_why() {
    let fields = b"E\0\0\0\x2dSFATAL\0C57P03\0Mthe database is starting up\0\0";
    let found = says(Dialect::Postgres, fields, false).await;
    assert_eq!(found, (Verdict::Error, "postgres error: the database is starting up".into()));
    let old = b"Esorry, could not fork\0";
    let found = says(Dialect::Postgres, old, true).await;
    assert_eq!(found, (Verdict::Error, "postgres error: sorry, could not fork".into()));
}

#[tokio::test]
async fn mysql_greets_first_and_its_errors_are_answers_of_their_own() {
    let found = says(Dialect::Mysql, b"\x0d\0\0\0\x0a8.0.35\0\x01\0\0\0\0", true).await;
    assert_eq!(found, (Verdict::Answers, "mysql greets, version 8.0.35".into()));
    let full = b"\x17\0\0\0\xff\x10\x04Too many connections";
    let found = says(Dialect::Mysql, full, false).await;
    assert_eq!(found, (Verdict::Error, "mysql error 1040: Too many connections".into()));
    let foreign = b"\x16\0\0\0\xff\x6a\x04#HY000Host not allowed";
    let (verdict, detail) = says(Dialect::Mysql, foreign, false).await;
    assert_eq!(detail, "mysql error 1130: Host not allowed");
    assert_eq!(verdict, Verdict::Answers, "the server is well, it does not want this host");
}

#[tokio::test]
async fn what_is_no_database_does_not_greet() {
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n";
    assert_eq!(says(Dialect::Postgres, http, false).await.0, Verdict::Wrong);
    assert_eq!(says(Dialect::Mysql, http, false).await.0, Verdict::Wrong);
    for dialect in [Dialect::Postgres, Dialect::Mysql] {
        let (verdict, detail) = says(dialect, b"", false).await;
        assert_eq!((verdict, detail), (Verdict::Wrong, format!("closed without a {dialect} greeting")));
    }
}

#[tokio::test]
async fn a_connection_that_is_taken_and_stays_silent_is_no_answer() {
    // A listener whose queue takes connections and that nobody serves: what a hung server looks like from outside.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    for dialect in [Dialect::Postgres, Dialect::Mysql] {
        let (verdict, detail) = greeted(dialect, port, SHORT).await;
        assert_eq!((verdict, detail), (Verdict::Silent, format!("tcp connected, no {dialect} greeting")));
    }
    let tcp = ProbeHow::Tcp { host: "127.0.0.1".into(), port };
    assert_eq!(Prober::default().probe(tcp, PATIENT).await.verdict, Verdict::Answers, "TCP knows no better");
}

#[tokio::test]
async fn a_closed_port_is_refused_whatever_is_asked() {
    let port = closed().await;
    let host = || "127.0.0.1".to_owned();
    for how in [
        ProbeHow::Tcp { host: host(), port },
        ProbeHow::Greeting { dialect: Dialect::Postgres, host: host(), port },
        ProbeHow::Greeting { dialect: Dialect::Mysql, host: host(), port },
        ProbeHow::Http(site(&format!("http://127.0.0.1:{port}/"), None)),
        ProbeHow::Http(site("https://fitocracy.com/", Some(format!("127.0.0.1:{port}")))),
    ] {
        let found = Prober::default().probe(how.clone(), PATIENT).await;
        assert_eq!((found.verdict, found.detail.as_str()), (Verdict::Refused, "tcp refused"), "{how:?}");
    }
}

// --- HTTP and TLS ---

fn site(url: &str, connect: Option<String>) -> SiteProbe {
    SiteProbe { url: url.into(), expect: "200".into(), body: None, connect }
}

/// What a visitor presented: the name in TLS, and the head of the request.
type Presented = (Option<String>, String);

/// Reads a request's head, reports it, answers 200.
async fn serve(
    mut stream: impl AsyncReadExt + AsyncWriteExt + Unpin,
    name: Option<String>,
    saw: &tokio::sync::mpsc::UnboundedSender<Presented>,
) {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read_exact(&mut byte).await.is_err() {
            return;
        }
        head.extend(byte);
    }
    saw.send((name, String::from_utf8(head).unwrap().to_lowercase())).unwrap();
    let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await;
    let _ = stream.shutdown().await;
}

/// An authority of our own, and a server with a certificate of it for `name`, valid until `year`.
async fn tls_server(name: &str, years: (i32, i32)) -> (Prober, SocketAddr, UnboundedReceiver<Presented>) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.not_before = date_time_ymd(2000, 1, 1);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(years.0, 1, 1);
    params.not_after = date_time_ymd(years.1, 1, 1);
    let certificate = params.signed_by(&key, &authority).unwrap();
    let chain = vec![certificate.der().clone(), authority.der().clone()];
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, key.serialize_der().try_into().unwrap())
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (saw, seen) = unbounded_channel();
    let address = server(move |stream| {
        let (acceptor, saw) = (acceptor.clone(), saw.clone());
        async move {
            // A visitor who does not like the certificate leaves.
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let name = stream.get_ref().1.server_name().map(str::to_owned);
            serve(stream, name, &saw).await;
        }
    })
    .await;
    (Prober::trusting(vec![authority.der().to_vec()]), address, seen)
}

/// What is found when fitocracy.com is looked for at a server whose certificate is for `name`.
async fn visited(name: &str, years: (i32, i32)) -> (Evidence, Option<Presented>) {
    let (prober, address, mut seen) = tls_server(name, years).await;
    let how = ProbeHow::Http(site("https://fitocracy.com/", Some(address.to_string())));
    let found = prober.probe(how, PATIENT).await;
    (found, seen.try_recv().ok())
}

#[tokio::test]
async fn a_standby_is_asked_by_the_sites_name_and_its_certificate_is_read() {
    let (found, presented) = visited("fitocracy.com", (2020, 2120)).await;
    assert_eq!((found.verdict, found.detail.as_str()), (Verdict::Answers, "HTTP 200"), "{found:?}");
    let shown = found.certificate.expect("a certificate");
    assert_eq!(shown.trust, Trust::Verified);
    assert_eq!(shown.not_after.to_string(), "2120-01-01T00:00:00Z");
    let (name, head) = presented.expect("it was served");
    assert_eq!(name.as_deref(), Some("fitocracy.com"), "the name in TLS");
    assert!(head.contains("\r\nhost: fitocracy.com\r\n"), "the name in the request: {head}");
}

#[tokio::test]
async fn expired_is_told_from_another_name_and_from_an_authority_nobody_knows() {
    let (found, presented) = visited("fitocracy.com", (2010, 2012)).await;
    assert_eq!(found.verdict, Verdict::Wrong);
    assert_eq!(found.detail, "certificate expired on 2012-01-01");
    assert_eq!(found.certificate.map(|shown| shown.trust), Some(Trust::Expired));
    assert_eq!(presented, None, "nothing is asked of a server whose certificate does not hold");

    let (found, _) = visited("elsewhere.example", (2020, 2120)).await;
    assert_eq!((found.verdict, found.detail.as_str()), (Verdict::Wrong, "certificate of another name"));
    assert_eq!(found.certificate.map(|shown| shown.trust), Some(Trust::WrongName));

    let (_, address, _seen) = tls_server("fitocracy.com", (2020, 2120)).await;
    let (other, _, _seen) = tls_server("fitocracy.com", (2020, 2120)).await;
    let how = ProbeHow::Http(site("https://fitocracy.com/", Some(address.to_string())));
    let found = other.probe(how, PATIENT).await;
    assert_eq!((found.verdict, found.detail.as_str()), (Verdict::Wrong, "certificate not trusted"));
    assert_eq!(found.certificate.map(|shown| shown.trust), Some(Trust::Untrusted));
}

#[tokio::test]
async fn plain_http_is_asked_elsewhere_by_the_same_name_and_port() {
    let (saw, mut seen) = unbounded_channel();
    let address = server(move |stream| {
        let saw = saw.clone();
        async move { serve(stream, None, &saw).await }
    })
    .await;
    let how = ProbeHow::Http(site("http://fitocracy.com:8080/up", Some(address.to_string())));
    let found = Prober::default().probe(how, PATIENT).await;
    assert_eq!((found.verdict, found.certificate), (Verdict::Answers, None), "{found:?}");
    let (_, head) = seen.try_recv().unwrap();
    assert!(head.starts_with("get /up http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nhost: fitocracy.com:8080\r\n"), "{head}");
}

#[tokio::test]
async fn a_tls_server_that_never_shakes_hands_times_out() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let how = ProbeHow::Http(site("https://fitocracy.com/", Some(address.to_string())));
    let found = Prober::trusting(vec![tls_authority()]).probe(how, SHORT).await;
    assert_eq!((found.verdict, found.certificate), (Verdict::TimedOut, None), "{found:?}");
}

/// Any authority: reading the machine's could take longer than the probe may.
fn tls_authority() -> Vec<u8> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
}
