//! Probes: what counts as evidence of what.

use super::server::{Reply, Server, ok};
use super::{aws, hasty};
use crate::incident::cell::{Evidence, ProbeSubject, Verdict};
use crate::incident::request::{Probe, ProbeHow};
use crate::incident::site::SiteProbe;

fn http(url: String, marker: Option<&str>) -> Probe {
    Probe {
        subject: ProbeSubject::Site("www".into()),
        how: ProbeHow::Http(SiteProbe {
            url,
            expect: "2xx".into(),
            body: marker.map(str::to_owned),
            connect: None,
        }),
    }
}

async fn probed(answer: fn() -> Reply, marker: Option<&str>) -> Evidence {
    let server = Server::start(move |_| answer()).await;
    aws(&server).probe(http(server.url(), marker)).await
}

/// What whoever waits for a moment only finds.
async fn probed_hastily(answer: fn() -> Reply, marker: Option<&str>) -> Evidence {
    let server = Server::start(move |_| answer()).await;
    hasty(&server).probe(http(server.url(), marker)).await
}

#[tokio::test]
async fn a_site_answers_only_with_its_status_and_its_marker() {
    let found = |e: Evidence| (e.verdict, e.detail);
    assert_eq!(
        found(probed(|| ok("Fitocracy"), Some("Fitocracy")).await),
        (Verdict::Answers, "HTTP 200, marker found".into())
    );
    assert_eq!(
        found(probed(|| ok("under construction"), Some("Fitocracy")).await),
        (Verdict::Wrong, "HTTP 200, no marker".into())
    );
    assert_eq!(
        found(probed(|| Reply::Body(503, String::new()), None).await),
        (Verdict::Wrong, "HTTP 503".into())
    );
    assert_eq!(probed(|| Reply::Close, None).await.verdict, Verdict::Wrong);
}

#[tokio::test]
async fn a_site_that_hangs_or_stalls_times_out() {
    assert_eq!(probed_hastily(|| Reply::Hang, None).await.verdict, Verdict::TimedOut);
    let stalled = probed_hastily(|| Reply::Stall(200, "Fito".into()), Some("Fitocracy")).await;
    assert_eq!(stalled.verdict, Verdict::TimedOut);
}

#[tokio::test]
async fn a_redirect_is_followed_on_the_same_host_and_to_no_other() {
    let server = Server::start(|request| match request.path() {
        "/" => Reply::Body(302, "/home".into()),
        "/away" => Reply::Body(302, "http://localhost:1/".into()),
        _ => ok("home"),
    })
    .await;
    let aws = aws(&server);
    let near = aws.probe(http(server.url(), Some("home"))).await;
    assert_eq!(near.verdict, Verdict::Answers, "{near:?}");
    let away = aws.probe(http(format!("{}/away", server.url()), None)).await;
    assert_eq!((away.verdict, away.detail.as_str()), (Verdict::Wrong, "HTTP 302"));
}

#[tokio::test]
async fn tcp_connects_or_is_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = Server::start(|_| ok("")).await;
    let probe = || Probe {
        subject: ProbeSubject::Site("db".into()),
        how: ProbeHow::Tcp { host: "127.0.0.1".into(), port },
    };
    assert_eq!(aws(&server).probe(probe()).await.verdict, Verdict::Answers);
    drop(listener);
    assert_eq!(aws(&server).probe(probe()).await.verdict, Verdict::Refused);
    let refused = aws(&server).probe(http(format!("http://127.0.0.1:{port}/"), None)).await;
    assert_eq!(refused.verdict, Verdict::Refused, "{refused:?}");
}
