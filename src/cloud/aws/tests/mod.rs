//! The adapters against a server on the loopback that answers what AWS answers, and what AWS in trouble answers.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod acting;
mod copying;
mod faults;
mod listening;
mod probing;
mod reading;
mod server;
mod words;
mod zones;

use super::{Aws, Options, Timeouts};
use crate::incident::fault::Fault;
use crate::incident::place::{Account, Place, Profile, Region, Scope, Service};
use crate::incident::request::Sweep;
use crate::incident::resource::Resource;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, SharedCredentialsProvider};
use server::Server;
use std::time::Duration;
use tokio::sync::mpsc;

/// The adapter, talking to a server of the test's, with the time-outs of the product.
fn aws(server: &Server) -> Aws {
    aws_with(server, Timeouts::default())
}

/// The same with time-outs so short that nothing is waited for.
fn hasty(server: &Server) -> Aws {
    let short = Duration::from_millis(60);
    aws_with(
        server,
        Timeouts {
            attempt: short,
            operation: short * 2,
            probe: short,
            grace: Duration::ZERO,
            ..Timeouts::default()
        },
    )
}

fn aws_with(server: &Server, timeouts: Timeouts) -> Aws {
    aws_of(server, timeouts, Credentials::new("AKIDTEST", "not-a-secret", None, None, "test"))
}

/// With credentials from this giver.
fn aws_of(server: &Server, timeouts: Timeouts, giver: impl ProvideCredentials + 'static) -> Aws {
    Aws::new(Options {
        endpoint_url: Some(server.url()),
        timeouts,
        credentials: Some(SharedCredentialsProvider::new(giver)),
    })
}

fn scope(region: &str) -> Scope {
    Scope::new(Account("123456789012".into()), Region::new(region))
}

fn place(service: Service) -> Place {
    scope(match service {
        Service::Route53 => "global",
        Service::Ec2 | Service::Rds | Service::Elb | Service::ElbV2 => "us-east-1",
    })
    .place(service)
}

/// Sweeps a place: the pages that came, and how it ended.
async fn sweep(aws: &Aws, service: Service) -> (Vec<Vec<Resource>>, Result<(), Fault>) {
    sweep_ids(aws, service, Vec::new()).await
}

/// The same for these instances alone.
async fn sweep_ids(aws: &Aws, service: Service, ids: Vec<String>) -> (Vec<Vec<Resource>>, Result<(), Fault>) {
    let (pages, mut arrived) = mpsc::unbounded_channel();
    let sweep = Sweep {
        profile: Profile::ambient(),
        place: place(service),
        record_names: vec!["www.fitocracy.com".into(), "elsewhere.org".into()],
        ids,
    };
    let end = aws.sweep(sweep, pages).await;
    let mut all = vec![];
    while let Some(page) = arrived.recv().await {
        all.push(page.resources);
    }
    (all, end)
}

/// The ids of rows, sorted.
fn ids(pages: &[Vec<Resource>]) -> Vec<String> {
    let mut ids: Vec<String> =
        pages.iter().flatten().map(|row| format!("{}/{}", row.key().kind, row.key().id)).collect();
    ids.sort();
    ids
}

/// What the driver needs: every face can be spawned. It holds when this compiles.
#[tokio::test]
async fn every_face_can_be_spawned() {
    use crate::incident::cell::ProbeSubject;
    use crate::incident::request::{Call, Probe, ProbeHow, Query};
    let server = Server::start(|_| server::html(503)).await;
    let aws = hasty(&server);
    let ambient = Profile::ambient;
    let (one, two, three, four) = (aws.clone(), aws.clone(), aws.clone(), aws.clone());
    let query = Query::Identity { profile: ambient(), region: "us-east-1".into() };
    let call = Call::Terminate { scope: scope("us-east-1"), instance: "i-1".into() };
    let tcp = Probe {
        subject: ProbeSubject::Site("www".into()),
        how: ProbeHow::Tcp { host: "127.0.0.1".into(), port: server.port() },
    };
    let sweeping = tokio::spawn(async move { sweep(&one, Service::Rds).await.1 });
    let asking = tokio::spawn(async move { two.ask(ambient(), query).await });
    let performing = tokio::spawn(async move { three.perform(ambient(), call).await });
    let probing = tokio::spawn(async move { four.probe(tcp).await });
    assert!(sweeping.await.unwrap().is_err());
    assert!(asking.await.unwrap().is_err());
    assert!(performing.await.unwrap().is_err());
    assert_eq!(probing.await.unwrap().verdict, crate::incident::cell::Verdict::Answers);
}
