//! Each service's own words for what is wrong with us: denials, credentials that ended, a clock that is off.

use super::server::{Reply, Server, ec2_error, error, ok};
use super::{Timeouts, aws, aws_of, sweep};
use crate::incident::fault::Fault;
use crate::incident::place::{Profile, Service};
use crate::incident::request::Query;
use aws_credential_types::Credentials;
use aws_credential_types::provider::{ProvideCredentials, future};
use aws_sdk_sts::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Gives the keys of one id after the other; the last one for ever.
#[derive(Debug, Clone)]
pub(super) struct Giver {
    ids: Vec<&'static str>,
    asked: Arc<AtomicUsize>,
}

impl Giver {
    pub(super) fn new<const N: usize>(ids: [&'static str; N]) -> Self {
        Self { ids: ids.to_vec(), asked: Arc::default() }
    }

    pub(super) fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

impl ProvideCredentials for Giver {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let turn = self.asked.fetch_add(1, Ordering::SeqCst).min(self.ids.len() - 1);
        let given = Credentials::new(self.ids[turn], "not-a-secret", None, None, "test");
        future::ProvideCredentials::ready(Ok(given))
    }
}

const SERVICES: [Service; 5] = [Service::Ec2, Service::Rds, Service::Elb, Service::ElbV2, Service::Route53];

/// An error in the shape of a service.
fn shaped(service: Service, status: u16, code: &str, message: &str) -> Reply {
    match service {
        Service::Ec2 => ec2_error(status, code, message),
        Service::Rds | Service::Elb | Service::ElbV2 | Service::Route53 => error(status, code, message),
    }
}

async fn end_of(service: Service, answer: impl Fn() -> Reply + Send + Sync + 'static) -> Fault {
    let server = Server::start(move |_| answer()).await;
    sweep(&aws(&server), service).await.1.unwrap_err()
}

#[tokio::test]
async fn a_denial_names_the_missing_action_in_every_services_words() {
    let who = "User: arn:aws:sts::123456789012:assumed-role/ops/ines";
    for (service, code, asked) in [
        (Service::Ec2, "UnauthorizedOperation", "ec2:DescribeInstances"),
        (Service::Rds, "AccessDenied", "rds:DescribeDBInstances"),
        (Service::Elb, "AccessDenied", "elasticloadbalancing:DescribeLoadBalancers"),
        (Service::ElbV2, "AccessDenied", "elasticloadbalancing:DescribeLoadBalancers"),
        (Service::Route53, "AccessDenied", "route53:ListHostedZones"),
    ] {
        // Where AWS names an action, that is the one; some say no more than that it is forbidden.
        for (named, message) in [
            (
                asked,
                format!(
                    "{who} is not authorized to perform: {asked} because no identity-based policy allows the {asked} action"
                ),
            ),
            (
                asked,
                format!(
                    "{who} is not authorized to perform: {asked} on resource: arn:aws:x:y:z:w with an explicit deny in a service control policy"
                ),
            ),
            (
                "kms:Decrypt",
                format!("{who} is not authorized to perform: kms:Decrypt on resource: arn:aws:kms:::key/1"),
            ),
            (asked, "You are not authorized to perform this operation.".to_owned()),
            (asked, String::new()),
        ] {
            let said = message.clone();
            let fault = end_of(service, move || shaped(service, 403, code, &said)).await;
            let Fault::Denied { action, .. } = &fault else { panic!("{service} {message:?}: {fault:?}") };
            assert_eq!(action, named, "{service} {message:?}");
            assert!(fault.to_string().contains(&format!("{named} is missing")), "{fault}");
        }
    }
}

#[tokio::test]
async fn credentials_that_ended_are_called_so_whatever_the_service_calls_it() {
    for service in SERVICES {
        let words: &[(u16, &str)] = match service {
            Service::Ec2 => &[(400, "RequestExpired"), (400, "ExpiredToken"), (403, "ExpiredTokenException")],
            Service::Rds | Service::Elb | Service::ElbV2 | Service::Route53 => {
                &[(403, "ExpiredToken"), (400, "ExpiredTokenException"), (400, "TokenRefreshRequired")]
            }
        };
        for (status, code) in words {
            let (status, code) = (*status, *code);
            let fault = end_of(service, move || shaped(service, status, code, "it is expired")).await;
            assert_eq!(fault, Fault::CredentialsExpired { code: code.into() }, "{service}");
        }
    }
}

#[tokio::test]
async fn new_credentials_are_picked_up_by_the_call_after_the_one_that_was_refused() {
    let server = Server::start(|request| {
        if request.head.contains("Credential=NEW/") {
            ok("<DescribeLoadBalancersResponse><DescribeLoadBalancersResult/></DescribeLoadBalancersResponse>")
        } else {
            error(403, "ExpiredToken", "The security token included in the request is expired")
        }
    })
    .await;
    let giver = Giver::new(["OLD", "NEW"]);
    let aws = aws_of(&server, Timeouts::default(), giver.clone());
    assert_eq!(sweep(&aws, Service::Elb).await.1.unwrap_err().word(), "expired");
    assert_eq!(sweep(&aws, Service::Elb).await.1, Ok(()));
    assert_eq!(sweep(&aws, Service::Elb).await.1, Ok(()));
    assert_eq!(giver.asked(), 2);
}

#[tokio::test]
async fn a_clock_that_is_off_is_measured_on_good_answers_before_anything_is_refused() {
    for (aws_is_ahead, least) in [(-421, 415..=421), (421, -421..=-415), (0, 0..=0)] {
        let server = Server::start(move |_| {
            let good =
                "<DescribeLoadBalancersResponse><DescribeLoadBalancersResult/></DescribeLoadBalancersResponse>";
            Reply::Dated(200, good.into(), aws_is_ahead)
        })
        .await;
        let aws = aws(&server);
        assert_eq!(aws.access(&Profile::ambient()).clock_ahead_s, None, "nothing was heard yet");
        sweep(&aws, Service::Elb).await.1.unwrap();
        let ahead = aws.access(&Profile::ambient()).clock_ahead_s.unwrap();
        assert!(least.contains(&ahead), "{aws_is_ahead}: {ahead}");
    }
}

#[tokio::test]
async fn a_refusal_that_the_clock_explains_is_the_clocks_with_its_measure() {
    for (service, status, code, message) in [
        (Service::Ec2, 401, "AuthFailure", "AWS was not able to validate the provided access credentials"),
        (Service::Ec2, 400, "RequestExpired", "Request has expired."),
        (
            Service::Rds,
            403,
            "SignatureDoesNotMatch",
            "Signature expired: 20120630T030000Z is now earlier than",
        ),
        (
            Service::ElbV2,
            403,
            "SignatureDoesNotMatch",
            "Signature not yet current: 20120630T030000Z is still",
        ),
        (
            Service::Route53,
            403,
            "SignatureDoesNotMatch",
            "Signature expired: 20120630T030000Z is now earlier",
        ),
        (Service::Route53, 403, "InvalidSignatureException", "it does not match"),
    ] {
        let dated = move || match shaped(service, status, code, message) {
            Reply::Body(status, body) => Reply::Dated(status, body, -420),
            _ => panic!("no body"),
        };
        let fault = end_of(service, dated).await;
        let Fault::ClockSkewed { code: said, ahead_s: Some(ahead) } = &fault else {
            panic!("{service} {code}: {fault:?}")
        };
        assert_eq!(said, code);
        // At least so much: the time that the calls took is not counted.
        assert!((380..=420).contains(ahead), "{service} {code}: {ahead}");
    }
}

#[tokio::test]
async fn a_refusal_under_a_right_clock_is_not_the_clocks() {
    let dated = |status, code| match ec2_error(status, code, "x") {
        Reply::Body(status, body) => Reply::Dated(status, body, -2),
        _ => panic!("no body"),
    };
    assert_eq!(end_of(Service::Ec2, move || dated(401, "AuthFailure")).await.word(), "bad creds");
    assert_eq!(end_of(Service::Ec2, move || dated(400, "RequestExpired")).await.word(), "expired");
}

#[tokio::test]
async fn identity_is_asked_of_the_regions_own_sts() {
    let server = Server::start(|_| error(503, "ServiceUnavailable", "x")).await;
    let aws = aws(&server);
    for region in ["eu-west-1", "us-east-1", "cn-north-1"] {
        let query = Query::Identity { profile: Profile::ambient(), region: region.into() };
        aws.ask(Profile::ambient(), query).await.unwrap_err();
        let asked = server.received().pop().unwrap();
        assert!(asked.head.contains(&format!("/{region}/sts/")), "{}", asked.head);
    }
    // Where no endpoint is given the name is the region's own, also in us-east-1.
    let rules = DefaultResolver::new();
    let params = Params::builder().region("us-east-1").build().unwrap();
    let endpoint = rules.resolve_endpoint(&params).await.unwrap();
    assert_eq!(endpoint.url(), "https://sts.us-east-1.amazonaws.com");
}
