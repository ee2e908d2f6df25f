//! What AWS says, read into rows: pages, joins, gaps and loops.

use super::super::Timeouts;
use super::server::{Received, Reply, Server, ec2_error, error, html, ok};
use super::{aws, aws_with, hasty, ids, place, scope, sweep};
use crate::incident::place::{Profile, Service};
use crate::incident::request::{Answer, BalancerRef, Query};
use crate::incident::resource::{BalancerKind, InstanceState, Resource};
use std::time::Duration;

fn instances_page(ids: &[&str], next: Option<&str>) -> String {
    let items: String = ids
        .iter()
        .map(|id| {
            format!(
                "<item><reservationId>r-1</reservationId><instancesSet><item><instanceId>{id}</instanceId>\
                 <imageId>ami-1</imageId><instanceState><code>16</code><name>running</name></instanceState>\
                 <instanceType>m5.large</instanceType><launchTime>2012-06-29T23:05:00.000Z</launchTime>\
                 <placement><availabilityZone>us-east-1a</availabilityZone></placement>\
                 <tagSet><item><key>Name</key><value>web</value></item></tagSet>\
                 </item></instancesSet></item>"
            )
        })
        .collect();
    let next = next.map_or(String::new(), |n| format!("<nextToken>{n}</nextToken>"));
    format!(
        "<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <reservationSet>{items}</reservationSet>{next}</DescribeInstancesResponse>"
    )
}

fn statuses(ids: &[&str]) -> String {
    let items: String = ids
        .iter()
        .map(|id| {
            format!(
                "<item><instanceId>{id}</instanceId><systemStatus><status>impaired</status></systemStatus>\
                 <instanceStatus><status>ok</status></instanceStatus></item>"
            )
        })
        .collect();
    format!(
        "<DescribeInstanceStatusResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\">\
         <instanceStatusSet>{items}</instanceStatusSet></DescribeInstanceStatusResponse>"
    )
}

fn two_pages(request: &Received) -> Reply {
    match (request.action(), request.value("NextToken")) {
        ("DescribeInstances", None) => ok(instances_page(&["i-1"], Some("two"))),
        ("DescribeInstances", Some("two")) => ok(instances_page(&["i-2"], None)),
        ("DescribeInstanceStatus", _) => ok(statuses(&["i-1", "i-2"])),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn instances_come_page_by_page_with_their_status_checks() {
    let server = Server::start(two_pages).await;
    let (pages, end) = sweep(&aws(&server), Service::Ec2).await;
    end.unwrap();
    assert_eq!(ids(&pages), ["instance/i-1", "instance/i-2"]);
    let [first, second] = pages.as_slice() else { panic!("{pages:?}") };
    for page in [first, second] {
        let [Resource::Instance(row)] = page.as_slice() else { panic!("{page:?}") };
        assert_eq!(row.name, "web");
        assert_eq!(row.state, InstanceState::Running);
        assert_eq!(row.zone, "us-east-1a");
        assert_eq!(row.launched.unwrap().to_string(), "2012-06-29T23:05:00Z");
        assert_eq!(row.system_status.as_deref(), Some("impaired"));
        assert_eq!(row.instance_status.as_deref(), Some("ok"));
    }
}

#[tokio::test]
async fn status_checks_that_fail_leave_the_sweep_whole() {
    let server = Server::start(|request| match request.action() {
        "DescribeInstanceStatus" => html(500),
        _ => two_pages(request),
    })
    .await;
    let (pages, end) = sweep(&aws(&server), Service::Ec2).await;
    end.unwrap();
    assert_eq!(ids(&pages), ["instance/i-1", "instance/i-2"]);
}

#[tokio::test]
async fn a_row_has_its_status_check_whatever_becomes_of_those_of_others() {
    let server = Server::start(|request| match (request.action(), request.value("NextToken")) {
        ("DescribeInstanceStatus", None) => {
            let next = "</instanceStatusSet><nextToken>more</nextToken>";
            ok(statuses(&["i-1"]).replace("</instanceStatusSet>", next))
        }
        ("DescribeInstanceStatus", Some(_)) => ec2_error(400, "InvalidNextToken", "x"),
        _ => two_pages(request),
    })
    .await;
    let patient = Timeouts { grace: Duration::from_secs(60), ..Timeouts::default() };
    let (pages, end) = sweep(&aws_with(&server, patient), Service::Ec2).await;
    end.unwrap();
    let [first, second] = pages.as_slice() else { panic!("{pages:?}") };
    for (page, status) in [(first, Some("impaired")), (second, None)] {
        let [Resource::Instance(row)] = page.as_slice() else { panic!("{page:?}") };
        assert_eq!(row.system_status.as_deref(), status, "{}", row.key.id);
    }
}

#[tokio::test]
async fn rows_do_not_wait_for_status_checks_that_hang() {
    let server = Server::start(|request| match request.action() {
        "DescribeInstanceStatus" => Reply::Hang,
        _ => two_pages(request),
    })
    .await;
    let (pages, end) = sweep(&hasty(&server), Service::Ec2).await;
    end.unwrap();
    let Resource::Instance(row) = &pages[0][0] else { panic!("{pages:?}") };
    assert_eq!(row.system_status, None);
    assert_eq!(ids(&pages), ["instance/i-1", "instance/i-2"]);
}

#[tokio::test]
async fn the_pages_before_a_fault_are_kept() {
    let server = Server::start(|request| match request.value("NextToken") {
        Some(_) => ec2_error(400, "InvalidNextToken", "x"),
        None => two_pages(request),
    })
    .await;
    let (pages, end) = sweep(&aws(&server), Service::Ec2).await;
    assert_eq!(ids(&pages), ["instance/i-1"]);
    assert_eq!(end.unwrap_err().word(), "refused");
}

#[tokio::test]
async fn pages_without_end_are_left() {
    let server = Server::start(|request| match request.action() {
        "DescribeInstances" => ok(instances_page(&["i-1"], Some("again"))),
        _ => ok(statuses(&[])),
    })
    .await;
    let (_, end) = sweep(&aws(&server), Service::Ec2).await;
    assert_eq!(end.unwrap_err().word(), "garbled");
}

#[tokio::test]
async fn instances_that_do_not_exist_are_left_out() {
    let server = Server::start(|request| {
        if request.body.contains("i-gone") {
            ec2_error(400, "InvalidInstanceID.NotFound", "The instance ID 'i-gone' does not exist")
        } else {
            ok(instances_page(&["i-1"], None))
        }
    })
    .await;
    let query = Query::Instances { scope: scope("us-east-1"), ids: vec!["i-1".into(), "i-gone".into()] };
    let answer = aws(&server).ask(Profile::ambient(), query).await.unwrap();
    let Answer::Instances(rows) = answer else { panic!("{answer:?}") };
    assert_eq!(rows.len(), 1);
}

#[tokio::test]
async fn a_token_is_looked_for_by_hand_where_the_filter_is_not_understood() {
    let server = Server::start(|request| {
        if request.body.contains("client-token") {
            return html(500);
        }
        let page = instances_page(&["i-1", "i-2"], None);
        ok(page.replacen("<imageId>", "<clientToken>bs-1</clientToken><imageId>", 1))
    })
    .await;
    let query = Query::InstancesByToken { scope: scope("us-east-1"), client_token: "bs-1".into() };
    let answer = aws(&server).ask(Profile::ambient(), query).await.unwrap();
    let Answer::Instances(rows) = answer else { panic!("{answer:?}") };
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].key.id, "i-1");
}

const CLASSIC: &str = "<DescribeLoadBalancersResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/\">\
    <DescribeLoadBalancersResult><LoadBalancerDescriptions><member><LoadBalancerName>web</LoadBalancerName>\
    <DNSName>web-1.us-east-1.elb.amazonaws.com</DNSName><Scheme>internet-facing</Scheme>\
    <Instances><member><InstanceId>i-1</InstanceId></member><member><InstanceId>i-2</InstanceId></member></Instances>\
    </member></LoadBalancerDescriptions></DescribeLoadBalancersResult></DescribeLoadBalancersResponse>";

const HEALTH: &str = "<DescribeInstanceHealthResponse xmlns=\"http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/\">\
    <DescribeInstanceHealthResult><InstanceStates><member><InstanceId>i-1</InstanceId><State>OutOfService</State>\
    <ReasonCode>ELB</ReasonCode><Description>Instance registration is still in progress.</Description></member>\
    </InstanceStates></DescribeInstanceHealthResult></DescribeInstanceHealthResponse>";

fn classic(request: &Received) -> Reply {
    ok(match request.action() {
        "DescribeLoadBalancers" => CLASSIC,
        _ => HEALTH,
    })
}

#[tokio::test]
async fn a_classic_balancer_without_a_zone_id_gets_the_published_one() {
    let server = Server::start(classic).await;
    let query =
        Query::Balancer { scope: scope("us-east-1"), kind: BalancerKind::Classic, name: "web".into() };
    let answer = aws(&server).ask(Profile::ambient(), query).await.unwrap();
    let Answer::Balancer(Some(balancer)) = answer else { panic!("{answer:?}") };
    assert_eq!(balancer.canonical_zone_id.as_deref(), Some("Z35SXDOTRQ7X7K"));
}

#[tokio::test]
async fn an_instance_that_the_health_leaves_out_is_still_registered() {
    let server = Server::start(classic).await;
    let (pages, end) = sweep(&aws(&server), Service::Elb).await;
    end.unwrap();
    assert_eq!(ids(&pages), ["balancer/web", "registration/web>i-1", "registration/web>i-2"]);
    for row in pages.iter().flatten() {
        if let Resource::Registration(row) = row {
            match row.target.as_str() {
                "i-1" => {
                    assert_eq!(row.state, "OutOfService");
                    assert_eq!(row.reason.as_deref(), Some("ELB"));
                }
                _ => assert_eq!(row.state, "Unknown"),
            }
        }
    }
    let query = Query::Registrations { scope: scope("us-east-1"), under: BalancerRef::Classic("web".into()) };
    let answer = aws(&server).ask(Profile::ambient(), query).await.unwrap();
    let Answer::Registrations(rows) = answer else { panic!("{answer:?}") };
    assert_eq!(rows.len(), 2);
}

#[tokio::test]
async fn a_balancer_that_does_not_exist_is_none() {
    let server = Server::start(|_| error(400, "LoadBalancerNotFound", "no")).await;
    for kind in [BalancerKind::Classic, BalancerKind::Network] {
        let query = Query::Balancer { scope: scope("us-east-1"), kind, name: "x".into() };
        let answer = aws(&server).ask(Profile::ambient(), query).await.unwrap();
        assert_eq!(answer, Answer::Balancer(None));
    }
}

#[tokio::test]
async fn one_denied_call_of_rds_does_not_blank_the_others() {
    let server = Server::start(|request| match request.action() {
        "DescribeDBInstances" => ok("<DescribeDBInstancesResponse><DescribeDBInstancesResult><DBInstances>\
            <DBInstance><DBInstanceIdentifier>fito-db</DBInstanceIdentifier><DBInstanceStatus>available</DBInstanceStatus>\
            <Engine>mysql</Engine><Endpoint><Address>fito-db.x.rds.amazonaws.com</Address><Port>3306</Port></Endpoint>\
            <LatestRestorableTime>2012-06-29T23:00:00Z</LatestRestorableTime></DBInstance></DBInstances>\
            </DescribeDBInstancesResult></DescribeDBInstancesResponse>"),
        "DescribeDBSnapshots" if request.value("SnapshotType").is_none() => ok("<DescribeDBSnapshotsResponse>\
            <DescribeDBSnapshotsResult><DBSnapshots><DBSnapshot><DBSnapshotIdentifier>rds:fito-db-2012-06-29-03-00</DBSnapshotIdentifier>\
            <SnapshotType>automated</SnapshotType><Status>available</Status>\
            <SnapshotCreateTime>2012-06-29T03:01:00Z</SnapshotCreateTime>\
            <OriginalSnapshotCreateTime>2012-06-29T03:00:00Z</OriginalSnapshotCreateTime></DBSnapshot></DBSnapshots>\
            </DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>"),
        "DescribeDBClusters" => error(403, "AccessDenied", "no"),
        action => ok(format!("<{action}Response><{action}Result></{action}Result></{action}Response>")),
    })
    .await;
    let (pages, end) = sweep(&aws(&server), Service::Rds).await;
    let fault = end.unwrap_err();
    assert!(fault.to_string().contains("rds:DescribeDBClusters"), "{fault}");
    assert_eq!(ids(&pages), ["database/fito-db", "snapshot/rds:fito-db-2012-06-29-03-00"]);
    for row in pages.iter().flatten() {
        match row {
            Resource::Database(db) => {
                assert_eq!(db.endpoint.as_ref().unwrap().port, 3306);
                assert_eq!(db.latest_restorable.unwrap().to_string(), "2012-06-29T23:00:00Z");
            }
            Resource::Snapshot(snapshot) => {
                assert_eq!(snapshot.data_as_of.unwrap().to_string(), "2012-06-29T03:00:00Z");
            }
            other => panic!("{other:?}"),
        }
    }
    let asked = server.of("DescribeDBSnapshots");
    assert!(asked.iter().any(|r| r.value("IncludeShared") == Some("true")));
    assert!(asked.iter().any(|r| r.value("SnapshotType") == Some("awsbackup")));
    assert!(asked.iter().all(|r| r.value("IncludePublic").is_none()));
}

const NS: &str = "https://route53.amazonaws.com/doc/2013-04-01/";

fn zones() -> String {
    let zone = |id: &str, name: &str, private: bool| {
        format!(
            "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><CallerReference>c</CallerReference>\
             <Config><PrivateZone>{private}</PrivateZone></Config><ResourceRecordSetCount>9</ResourceRecordSetCount></HostedZone>"
        )
    };
    zone("ZPRIV", "fitocracy.com.", true) + &zone("Z1", "fitocracy.com.", false)
}

fn record(name: &str, kind: &str) -> String {
    let what = match kind {
        "A" => {
            "<TTL>0</TTL><AliasTarget><HostedZoneId>Z35SXDOTRQ7X7K</HostedZoneId>\
                <DNSName>web-1.us-east-1.elb.amazonaws.com.</DNSName><EvaluateTargetHealth>false</EvaluateTargetHealth></AliasTarget>"
        }
        _ => {
            "<TTL>300</TTL><ResourceRecords><ResourceRecord><Value>v1</Value></ResourceRecord>\
              <ResourceRecord><Value>v2</Value></ResourceRecord></ResourceRecords>"
        }
    };
    format!("<ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>{what}</ResourceRecordSet>")
}

fn records_page(records: &str, next: Option<&str>) -> String {
    let more = match next {
        Some(name) => format!(
            "<IsTruncated>true</IsTruncated><NextRecordName>{name}</NextRecordName><NextRecordType>MX</NextRecordType>"
        ),
        None => "<IsTruncated>false</IsTruncated>".into(),
    };
    format!(
        "<ListResourceRecordSetsResponse xmlns=\"{NS}\"><ResourceRecordSets>{records}</ResourceRecordSets>{more}\
         <MaxItems>100</MaxItems></ListResourceRecordSetsResponse>"
    )
}

fn dns(request: &Received) -> Reply {
    let path = request.path();
    if path.contains("/hostedzonesbyname") {
        ok(format!(
            "<ListHostedZonesByNameResponse xmlns=\"{NS}\"><HostedZones>{}</HostedZones>\
             <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>",
            zones()
        ))
    } else if path.contains("/rrset") && path.contains("type=MX") {
        ok(records_page(
            &(record("fitocracy.com.", "MX") + &record("zz.fitocracy.com.", "TXT")),
            Some("zz.fitocracy.com."),
        ))
    } else if path.contains("/rrset") && path.contains("name=www") {
        ok(records_page(&record("www.fitocracy.com.", "TXT"), None))
    } else if path.contains("/rrset") {
        ok(records_page(&record("fitocracy.com.", "A"), Some("fitocracy.com.")))
    } else {
        ok(format!(
            "<ListHostedZonesResponse xmlns=\"{NS}\"><HostedZones>{}</HostedZones><Marker></Marker>\
             <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>",
            zones()
        ))
    }
}

#[tokio::test]
async fn public_zones_are_read_at_the_apex_and_at_the_names_asked_for() {
    let server = Server::start(dns).await;
    let (pages, end) = sweep(&aws(&server), Service::Route53).await;
    end.unwrap();
    assert_eq!(
        ids(&pages),
        [
            "hosted-zone/Z1",
            "hosted-zone/ZPRIV",
            "record-set/Z1>fitocracy.com.>A",
            "record-set/Z1>fitocracy.com.>MX",
            "record-set/Z1>www.fitocracy.com.>TXT",
        ]
    );
    let asked = server.received();
    assert!(asked.iter().all(|r| !r.path().contains("elsewhere") && !r.path().contains("ZPRIV")));
    assert!(asked[0].head.contains("/us-east-1/route53/"), "{}", asked[0].head);
}

#[tokio::test]
async fn records_are_those_of_the_public_zone_at_exactly_the_name() {
    let server = Server::start(dns).await;
    let query =
        Query::Records { scope: scope("global"), zone: "fitocracy.com".into(), name: "Fitocracy.com".into() };
    let answer = aws(&server).ask(Profile::ambient(), query).await.unwrap();
    let Answer::Records { zone: Some(zone), records } = answer else { panic!("{answer:?}") };
    assert_eq!(zone.key.id, "Z1");
    let [alias, mx] = records.as_slice() else { panic!("{records:?}") };
    assert_eq!(alias.ttl, None, "an alias has no TTL whatever is said");
    assert_eq!(alias.alias.as_ref().unwrap().zone_id, "Z35SXDOTRQ7X7K");
    assert_eq!((mx.ttl, mx.values.len()), (Some(300), 2));
    assert_eq!(mx.key.place, place(Service::Route53));
}

#[tokio::test]
async fn records_without_end_are_left() {
    let server = Server::start(|request| {
        if request.path().contains("/rrset") {
            ok(records_page(&record("fitocracy.com.", "TXT"), Some("fitocracy.com.")))
        } else {
            dns(request)
        }
    })
    .await;
    let (_, end) = sweep(&aws(&server), Service::Route53).await;
    assert_eq!(end.unwrap_err().word(), "garbled");
}

/// Route 53 with a delegation set for its public zone.
fn delegated(request: &Received) -> Reply {
    if request.path().ends_with("/hostedzone/Z1") {
        return ok(format!(
            "<GetHostedZoneResponse xmlns=\"{NS}\">{}<DelegationSet><NameServers>\
             <NameServer>ns-1.awsdns-01.org.</NameServer><NameServer>ns-2.awsdns-02.com</NameServer>\
             </NameServers></DelegationSet></GetHostedZoneResponse>",
            zones().split("</HostedZone>").nth(1).map(|zone| format!("{zone}</HostedZone>")).unwrap()
        ));
    }
    dns(request)
}

fn name_servers(pages: &[Vec<Resource>]) -> Vec<(String, Vec<String>)> {
    let zones = pages.iter().flatten().filter_map(|row| match row {
        Resource::HostedZone(zone) => Some((zone.key.id.clone(), zone.name_servers.clone())),
        _ => None,
    });
    let mut zones: Vec<_> = zones.collect();
    zones.sort();
    zones
}

#[tokio::test]
async fn a_zone_of_a_declared_site_is_asked_for_its_servers_once() {
    let server = Server::start(delegated).await;
    let aws = aws(&server);
    let servers = vec!["ns-1.awsdns-01.org".to_owned(), "ns-2.awsdns-02.com".to_owned()];
    for _ in 0..3 {
        let (pages, end) = sweep(&aws, Service::Route53).await;
        end.unwrap();
        // The row never comes without what is known of it: that would be a change back and forth.
        assert_eq!(name_servers(&pages), [("Z1".into(), servers.clone()), ("ZPRIV".into(), vec![])]);
    }
    let asked = server.received();
    assert_eq!(asked.iter().filter(|r| r.path().ends_with("/hostedzone/Z1")).count(), 1);
    assert!(asked.iter().all(|r| !r.path().ends_with("/hostedzone/ZPRIV")), "a private zone has none");
}

#[tokio::test]
async fn a_zone_whose_servers_may_not_be_read_is_shown_all_the_same() {
    let server = Server::start(|request| {
        if request.path().ends_with("/hostedzone/Z1") {
            return error(403, "AccessDenied", "not authorized to perform: route53:GetHostedZone");
        }
        dns(request)
    })
    .await;
    let (pages, end) = sweep(&aws(&server), Service::Route53).await;
    end.unwrap();
    assert_eq!(name_servers(&pages), [("Z1".into(), vec![]), ("ZPRIV".into(), vec![])]);
}

#[tokio::test]
async fn what_a_page_says_again_is_known_and_what_is_otherwise_is_read() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    let round = Arc::new(AtomicUsize::new(0));
    let now = Arc::clone(&round);
    let server = Server::start(move |request| {
        let round = now.load(Ordering::Relaxed);
        let with_id = |text: String| text.replacen("<r", &format!("<requestId>{round}</requestId><r"), 1);
        let state = if round < 3 { "running" } else { "stopping" };
        match (request.action(), request.value("NextToken")) {
            ("DescribeInstances", None) => {
                let page = with_id(instances_page(&["i-1"], Some("two"))).replace("running", state);
                // As long as the one before, but for its end.
                ok(if round == 4 {
                    page.trim_end_matches("</DescribeInstancesResponse>").to_owned()
                } else {
                    page
                })
            }
            ("DescribeInstances", Some(_)) => {
                ok(with_id(instances_page(&["i-2"], None)).replace("running", state))
            }
            (_, _) => ok(statuses(if round < 2 { &["i-1"] } else { &["i-1", "i-2"] })),
        }
    })
    .await;
    let aws = aws(&server);
    for (at, said) in [
        ["running checked", "running"],
        ["running checked", "running"],
        ["running checked", "running checked"],
        ["stopping checked", "stopping checked"],
    ]
    .into_iter()
    .enumerate()
    {
        round.store(at, Ordering::Relaxed);
        let (pages, end) = sweep(&aws, Service::Ec2).await;
        end.unwrap();
        let rows: Vec<String> = pages
            .iter()
            .flatten()
            .map(|row| match row {
                Resource::Instance(row) if row.system_status.is_some() => {
                    format!("{} checked", row.state.as_str())
                }
                row => row.claim().to_owned(),
            })
            .collect();
        assert_eq!(rows, said, "round {at}");
    }
    round.store(4, Ordering::Relaxed);
    let (pages, end) = sweep(&aws, Service::Ec2).await;
    assert_eq!((pages.len(), end.unwrap_err().word()), (0, "cut short"));
    assert_eq!(server.of("DescribeInstanceStatus").len(), 5, "one call for each sweep");
}

#[tokio::test]
async fn the_next_page_is_on_its_way_before_this_one_was_read_and_counts_only_if_it_follows() {
    // What the text says first is not what the SDK reads: it is in a place of its own.
    let astray =
        |text: String| text.replace("</reservationSet>", "</reservationSet><x><nextToken>9</nextToken></x>");
    let server = Server::start(move |request| match (request.action(), request.value("NextToken")) {
        ("DescribeInstances", None) => {
            let page = instances_page(&["i-1"], None)
                .replace("<reservationSet>", "<nextToken>two</nextToken><reservationSet>");
            ok(astray(page))
        }
        ("DescribeInstances", Some("9")) => ok(instances_page(&["i-9"], None)),
        _ => two_pages(request),
    })
    .await;
    let (pages, end) = sweep(&aws(&server), Service::Ec2).await;
    end.unwrap();
    assert_eq!(ids(&pages), ["instance/i-1", "instance/i-2"]);
}
