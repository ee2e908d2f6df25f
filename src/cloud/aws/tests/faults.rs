//! Every way an endpoint can fail, as the fault that it becomes.

use super::server::{Reply, Server, ec2_error, error, html, ok};
use super::words::Giver;
use super::{Aws, Timeouts, aws, aws_of, hasty, scope, sweep};
use crate::cloud::aws::Options;
use crate::incident::fault::{Fault, Performed};
use crate::incident::place::{Profile, Service};
use crate::incident::request::{Call, Query};

/// How a sweep of EC2 ends when every call gets this answer.
async fn end_of(answer: fn() -> Reply) -> Fault {
    let server = Server::start(move |_| answer()).await;
    sweep(&aws(&server), Service::Ec2).await.1.unwrap_err()
}

#[tokio::test]
async fn a_blank_503_page_is_a_server_error_and_no_parse_error() {
    let fault = end_of(|| html(503)).await;
    assert_eq!(fault, Fault::Server { status: 503, code: String::new() });
}

#[tokio::test]
async fn a_web_page_is_no_answer_whatever_its_status() {
    assert_eq!(end_of(|| html(200)).await, Fault::Html { status: 200 });
    assert_eq!(end_of(|| html(404)).await, Fault::Html { status: 404 });
}

#[tokio::test]
async fn half_an_answer_is_cut_short_whether_the_transport_or_the_xml_says_so() {
    assert_eq!(end_of(|| Reply::Cut(200, "<Describe".into())).await.word(), "cut short");
    let ends = || Reply::Body(200, "<DescribeInstancesResponse><reser".into());
    assert_eq!(end_of(ends).await.word(), "cut short");
}

#[tokio::test]
async fn a_connection_that_closes_without_a_word_is_reset_and_the_call_may_have_arrived() {
    let fault = end_of(|| Reply::Close).await;
    assert_eq!(fault.word(), "reset", "{fault:?}");
    assert_eq!(fault.performed(), Performed::Unknown);
}

#[tokio::test]
async fn xml_that_is_whole_and_cannot_be_read_is_garbled() {
    for body in ["<DescribeInstancesResponse><a></b></DescribeInstancesResponse>", "<Other></Other>", "words"]
    {
        let server = Server::start(move |_| Reply::Body(200, body.into())).await;
        let fault = sweep(&aws(&server), Service::Ec2).await.1.unwrap_err();
        assert_eq!(fault.word(), "garbled", "{body}: {fault:?}");
    }
}

#[tokio::test]
async fn an_endpoint_that_hangs_or_stalls_ends_in_a_time_out() {
    for answer in
        [(|| Reply::Hang) as fn() -> Reply, || Reply::Stall(200, "<DescribeInstancesResponse>".into())]
    {
        let server = Server::start(move |_| answer()).await;
        let fault = sweep(&hasty(&server), Service::Ec2).await.1.unwrap_err();
        let Fault::TimedOut { after_ms } = fault else { panic!("{fault:?}") };
        assert!(after_ms >= 60, "{after_ms}");
    }
}

#[tokio::test]
async fn a_closed_port_is_dark_and_nothing_was_done() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let server = Server::start(|_| html(500)).await;
    let mut options = aws(&server).options().clone();
    options.endpoint_url = Some(format!("http://127.0.0.1:{port}"));
    let call = Call::Terminate { scope: scope("us-east-1"), instance: "i-1".into() };
    let fault = Aws::new(options).perform(Profile::ambient(), call).await.unwrap_err();
    assert_eq!(fault.word(), "dark", "{fault:?}");
    assert_eq!(fault.performed(), Performed::No);
}

#[tokio::test]
async fn codes_are_read_from_the_answer() {
    let fault = end_of(|| ec2_error(503, "RequestLimitExceeded", "slow down")).await;
    assert_eq!(fault, Fault::Throttled { code: "RequestLimitExceeded".into() });
    let fault = end_of(|| ec2_error(403, "UnauthorizedOperation", "You are not authorized.")).await;
    let Fault::Denied { action, .. } = fault else { panic!("{fault:?}") };
    assert_eq!(action, "ec2:DescribeInstances");
    let fault = end_of(|| ec2_error(400, "RequestExpired", "Request has expired.")).await;
    assert_eq!(fault.word(), "expired");
    let fault = end_of(|| ec2_error(401, "AuthFailure", "not able to validate")).await;
    assert_eq!(fault.word(), "bad creds");
}

#[tokio::test]
async fn a_read_is_tried_twice_and_a_mutation_once() {
    let server = Server::start(|_| ec2_error(500, "InternalError", "x")).await;
    let _ = sweep(&aws(&server), Service::Elb).await;
    assert_eq!(server.of("DescribeLoadBalancers").len(), 2);
    let call = Call::Terminate { scope: scope("us-east-1"), instance: "i-1".into() };
    let fault = aws(&server).perform(Profile::ambient(), call).await.unwrap_err();
    assert_eq!(server.of("TerminateInstances").len(), 1);
    assert_eq!(fault.performed(), Performed::Unknown);
}

#[tokio::test]
async fn a_profile_that_does_not_exist_is_missing_credentials_and_is_not_waited_for() {
    let server = Server::start(|_| ok("")).await;
    let aws = Aws::new(Options {
        endpoint_url: Some(server.url()),
        timeouts: Timeouts::default(),
        credentials: None,
    });
    let nobody = Profile("blackstart-test-no-such-profile".into());
    let query = Query::Identity { profile: nobody.clone(), region: "us-east-1".into() };
    let fault = aws.ask(nobody, query).await.unwrap_err();
    assert_eq!(fault.word(), "no creds", "{fault:?}");
    assert!(server.received().is_empty());
}

#[tokio::test]
async fn nothing_that_is_printed_holds_a_key() {
    let server = Server::start(|_| error(403, "ExpiredToken", "x")).await;
    let aws = aws(&server);
    let _ = sweep(&aws, Service::Elb).await;
    let printed = format!("{aws:?} {:?}", aws.options());
    assert!(!printed.contains("not-a-secret") && !printed.contains("AKIDTEST"), "{printed}");
}

#[tokio::test]
async fn a_region_that_is_not_enabled_does_not_throw_good_credentials_away() {
    let server = Server::start(|request| {
        if request.head.contains("/me-south-1/") {
            error(403, "InvalidClientTokenId", "The security token is invalid")
        } else {
            ok("<GetCallerIdentityResponse><GetCallerIdentityResult><Arn>arn:a</Arn><Account>1</Account>\
                </GetCallerIdentityResult></GetCallerIdentityResponse>")
        }
    })
    .await;
    let giver = Giver::new(["GOOD", "OTHER"]);
    let aws = aws_of(&server, Timeouts::default(), giver.clone());
    let ask = async |region: &str| {
        let query = Query::Identity { profile: Profile::ambient(), region: region.into() };
        aws.ask(Profile::ambient(), query).await
    };
    ask("us-east-1").await.unwrap();
    let fault = ask("me-south-1").await.unwrap_err();
    assert_eq!(fault.word(), "bad creds");
    ask("us-east-1").await.unwrap();
    assert_eq!(giver.asked(), 1, "they were good, and are kept");
}
