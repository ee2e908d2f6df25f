//! Where balancers listen: asked seldom, waited for briefly, and never at the cost of the balancers themselves.

use super::server::{Reply, Server, error, ok};
use super::{aws, aws_with, sweep};
use crate::cloud::aws::Timeouts;
use crate::incident::place::Service;
use crate::incident::resource::{Listener, Resource};
use std::time::Duration;

const V2: &str = "xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/\"";

/// An application balancer, a network balancer and a gateway balancer, and what DescribeListeners answers.
async fn server(listeners: impl Fn(&str) -> Reply + Send + Sync + 'static) -> Server {
    Server::start(move |request| match request.action() {
        "DescribeLoadBalancers" => {
            let balancer = |kind: &str, name: &str| {
                format!(
                    "<member><LoadBalancerArn>arn:aws:elasticloadbalancing:us-east-1:1:loadbalancer/{kind}/{name}/50dc\
                     </LoadBalancerArn><LoadBalancerName>{name}</LoadBalancerName></member>"
                )
            };
            let all = [balancer("app", "web"), balancer("net", "edge"), balancer("gwy", "wall")].concat();
            ok(format!(
                "<DescribeLoadBalancersResponse {V2}><DescribeLoadBalancersResult><LoadBalancers>{all}</LoadBalancers>\
                 </DescribeLoadBalancersResult></DescribeLoadBalancersResponse>"
            ))
        }
        "DescribeTargetGroups" => ok(format!(
            "<DescribeTargetGroupsResponse {V2}><DescribeTargetGroupsResult><TargetGroups/></DescribeTargetGroupsResult>\
             </DescribeTargetGroupsResponse>"
        )),
        _ => listeners(request.value("LoadBalancerArn").unwrap_or_default()),
    })
    .await
}

fn told(listeners: &[(&str, u16)]) -> Reply {
    let all: String = listeners
        .iter()
        .map(|(protocol, port)| {
            format!("<member><Protocol>{protocol}</Protocol><Port>{port}</Port></member>")
        })
        .collect();
    ok(format!(
        "<DescribeListenersResponse {V2}><DescribeListenersResult><Listeners>{all}</Listeners></DescribeListenersResult>\
         </DescribeListenersResponse>"
    ))
}

/// Name and ports of every row that was sent, in order of names.
fn ports(pages: &[Vec<Resource>]) -> Vec<(String, Vec<u16>)> {
    let mut all: Vec<_> = pages
        .iter()
        .flatten()
        .filter_map(|row| match row {
            Resource::Balancer(row) => {
                Some((row.name.clone(), row.listeners.iter().map(|listener| listener.port).collect()))
            }
            _ => None,
        })
        .collect();
    all.sort();
    all
}

fn expect(all: &[(&str, &[u16])]) -> Vec<(String, Vec<u16>)> {
    all.iter().map(|(name, ports)| ((*name).to_owned(), ports.to_vec())).collect()
}

#[tokio::test]
async fn each_balancer_comes_once_with_its_ports_and_is_not_asked_at_every_sweep() {
    let server = server(|arn| match arn.contains("web") {
        true => told(&[("HTTPS", 443), ("HTTP", 80)]),
        false => told(&[("UDP", 53), ("TLS", 8443)]),
    })
    .await;
    let aws = aws(&server);
    let known = expect(&[("edge", &[53, 8443]), ("wall", &[]), ("web", &[80, 443])]);
    for _ in 0..3 {
        let (pages, end) = sweep(&aws, Service::ElbV2).await;
        end.unwrap();
        assert_eq!(ports(&pages), known);
    }
    assert_eq!(server.of("DescribeListeners").len(), 2, "asked again, or a gateway balancer was");
    for _ in 0..40 {
        let (pages, _) = sweep(&aws, Service::ElbV2).await;
        assert_eq!(ports(&pages), known);
    }
    assert_eq!(server.of("DescribeListeners").len(), 4, "what was told once is never asked for again");
}

#[tokio::test]
async fn a_denial_costs_nothing_but_the_ports() {
    let denied =
        "User: arn:aws:iam::1:user/x is not authorized to perform: elasticloadbalancing:DescribeListeners";
    let server = server(move |_| error(403, "AccessDenied", denied)).await;
    let aws = aws(&server);
    for _ in 0..3 {
        let (pages, end) = sweep(&aws, Service::ElbV2).await;
        assert_eq!(end, Ok(()));
        assert_eq!(ports(&pages), expect(&[("edge", &[]), ("wall", &[]), ("web", &[])]));
    }
    assert_eq!(server.of("DescribeListeners").len(), 2, "a denial is asked for at every sweep");
}

#[tokio::test]
async fn who_is_silent_is_not_waited_for() {
    let server = server(|arn| if arn.contains("web") { Reply::Hang } else { told(&[("TCP", 443)]) }).await;
    let aws = aws_with(&server, Timeouts { grace: Duration::from_secs(1), ..Timeouts::default() });
    // Without the bound this takes the time-out of an operation, and the sweep ends all the same: what counts is that
    // the row is there, once, and that the hanging call was let go.
    let (pages, end) =
        tokio::time::timeout(Duration::from_secs(8), sweep(&aws, Service::ElbV2)).await.unwrap();
    end.unwrap();
    assert_eq!(ports(&pages), expect(&[("edge", &[443]), ("wall", &[]), ("web", &[])]));
}

#[test]
fn only_tcp_can_be_connected_to() {
    let listener = |protocol: &str| Listener { protocol: protocol.into(), port: 1, instance_port: None };
    for protocol in ["HTTP", "HTTPS", "TCP", "SSL", "TLS", "TCP_UDP"] {
        assert!(listener(protocol).takes_tcp());
    }
    for protocol in ["UDP", "QUIC", "GENEVE", ""] {
        assert!(!listener(protocol).takes_tcp());
    }
}
