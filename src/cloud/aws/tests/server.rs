//! A very small HTTP server: one request a connection, answered by a function of the test's.

use crate::cloud::aws::skew::machine_time;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use std::sync::{Arc, Mutex};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A request as the adapters sent it.
#[derive(Debug, Clone)]
pub(super) struct Received {
    /// Request line and headers.
    pub(super) head: String,
    /// Body: the form of a query API, or Route 53's XML.
    pub(super) body: String,
}

impl Received {
    /// The operation of a query API; Route 53 has paths instead.
    pub(super) fn action(&self) -> &str {
        self.value("Action").unwrap_or_else(|| self.path())
    }

    /// A parameter of a query API, as encoded.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.body.split('&').find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    }

    /// The path with its query.
    pub(super) fn path(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }
}

/// What the server does with a request.
pub(super) enum Reply {
    /// Answers.
    Body(u16, String),
    /// Answers, as dated by a clock that is so many seconds ahead of ours.
    Dated(u16, String, i64),
    /// Announces more than it sends, and closes.
    Cut(u16, String),
    /// Sends the head and half a body, and then nothing more.
    Stall(u16, String),
    /// Closes without a word.
    Close,
    /// Says nothing and keeps the connection.
    Hang,
}

/// 200 with a body.
pub(super) fn ok(body: impl Into<String>) -> Reply {
    Reply::Body(200, body.into())
}

/// An error of the EC2 API.
pub(super) fn ec2_error(status: u16, code: &str, message: &str) -> Reply {
    Reply::Body(
        status,
        format!(
            "<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message></Error></Errors>\
             <RequestID>r</RequestID></Response>"
        ),
    )
}

/// An error of the other query APIs and of Route 53.
pub(super) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::Body(
        status,
        format!(
            "<ErrorResponse><Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>"
        ),
    )
}

/// The page that AWS's front ends showed in 2012, and that load balancers still show.
pub(super) fn html(status: u16) -> Reply {
    Reply::Body(status, "<html><body><h1>Service Unavailable</h1></body></html>".into())
}

type Handler = dyn Fn(&Received) -> Reply + Send + Sync;

/// The server; it ends with the test's runtime.
pub(super) struct Server {
    port: u16,
    received: Arc<Mutex<Vec<Received>>>,
}

impl Server {
    pub(super) async fn start(answer: impl Fn(&Received) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let received = Arc::new(Mutex::new(vec![]));
        let log = Arc::clone(&received);
        let answer: Arc<Handler> = Arc::new(answer);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answer), Arc::clone(&log)));
            }
        });
        Self { port, received }
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every request so far, in order of arrival.
    pub(super) fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    /// The requests for one operation.
    pub(super) fn of(&self, action: &str) -> Vec<Received> {
        let mut all = self.received();
        all.retain(|request| request.action() == action);
        all
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<Handler>, log: Arc<Mutex<Vec<Received>>>) {
    let Some(request) = read(&mut stream).await else {
        return;
    };
    log.lock().unwrap().push(request.clone());
    let (status, body, announced, ahead) = match answer(&request) {
        Reply::Body(status, body) => {
            let length = body.len();
            (status, body, length, None)
        }
        Reply::Dated(status, body, ahead) => {
            let length = body.len();
            (status, body, length, Some(ahead))
        }
        Reply::Cut(status, body) => {
            let length = body.len() + 1000;
            (status, body, length, None)
        }
        Reply::Stall(status, body) => {
            let head = format!("HTTP/1.1 {status} x\r\ncontent-length: 99999\r\n\r\n{body}");
            let _ = stream.write_all(head.as_bytes()).await;
            return std::future::pending().await;
        }
        Reply::Close => return,
        Reply::Hang => return std::future::pending().await,
    };
    let location = if (300..400).contains(&status) { format!("location: {body}\r\n") } else { String::new() };
    let date = ahead.map(|ahead| format!("date: {}\r\n", http_date(ahead))).unwrap_or_default();
    let answer = format!(
        "HTTP/1.1 {status} x\r\ncontent-type: text/xml\r\ncontent-length: {announced}\r\n{location}{date}connection: close\r\n\r\n{body}"
    );
    let _ = stream.write_all(answer.as_bytes()).await;
    let _ = stream.shutdown().await;
}

/// The time so many seconds from now, as HTTP writes it.
fn http_date(ahead: i64) -> String {
    let now = DateTime::from(machine_time());
    DateTime::from_secs(now.secs() + ahead).fmt(Format::HttpDate).unwrap()
}

async fn read(stream: &mut TcpStream) -> Option<Received> {
    let mut bytes = vec![];
    let mut chunk = [0; 8192];
    loop {
        let count = stream.read(&mut chunk).await.ok().filter(|n| *n > 0)?;
        bytes.extend_from_slice(&chunk[..count]);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else {
            continue;
        };
        let length = head
            .lines()
            .filter_map(|line| line.split_once(':'))
            .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            .and_then(|(_, value)| value.trim().parse().ok())
            .unwrap_or(0);
        if body.len() >= length {
            return Some(Received { head: head.to_owned(), body: body.to_owned() });
        }
    }
}
