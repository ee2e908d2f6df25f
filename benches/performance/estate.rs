//! A made-up estate, in the words of AWS: as many instances as wanted, and a little of everything else.
//!
//! Writes just enough of EC2, RDS, both ELBs, Route 53 and STS for a client that only reads. Every instance carries what
//! a real one carries (interface, volume, groups, tags), since reading it is what is measured. Nothing here is stored:
//! an instance is a function of its number.

use std::fmt::Write as _;

/// Instances a page, unless fewer are asked for.
const PAGE: usize = 500;
/// Statuses a page.
const STATUS_PAGE: usize = 1000;

/// The regions that are enabled in every account.
pub const REGIONS: [&str; 17] = [
    "us-east-1",
    "us-east-2",
    "us-west-1",
    "us-west-2",
    "ap-south-1",
    "ap-northeast-1",
    "ap-northeast-2",
    "ap-northeast-3",
    "ap-southeast-1",
    "ap-southeast-2",
    "ca-central-1",
    "eu-central-1",
    "eu-north-1",
    "eu-west-1",
    "eu-west-2",
    "eu-west-3",
    "sa-east-1",
];

/// What there is in each region.
#[derive(Debug, Clone)]
pub struct Estate {
    /// Instances of each of [`REGIONS`].
    pub instances: [usize; REGIONS.len()],
    /// Whether one instance in a hundred is another one's state at every sweep.
    pub restless: bool,
}

impl Estate {
    /// Instances spread evenly.
    pub fn even(total: usize) -> Self {
        let mut instances = [total / REGIONS.len(); REGIONS.len()];
        instances[0] += total % REGIONS.len();
        Self { instances, restless: false }
    }

    /// The most pages that any cell has: its calls wait for each other.
    pub fn longest_chain(&self) -> usize {
        self.instances.iter().map(|count| count.div_ceil(PAGE)).max().unwrap_or(0).max(1)
    }
}

fn index(region: &str) -> usize {
    REGIONS.iter().position(|known| *known == region).unwrap_or(0)
}

/// An instance's id.
pub fn id(region: &str, number: usize) -> String {
    format!("i-{:03x}{number:014x}", index(region))
}

/// Pages of so many rows: first and end of one, and the token of the next.
fn page(total: usize, rows: usize, token: Option<&str>) -> (usize, usize, Option<String>) {
    let first = token.and_then(|token| token.parse().ok()).unwrap_or(0).min(total);
    let end = (first + rows).min(total);
    (first, end, (end < total).then(|| end.to_string()))
}

/// DescribeInstances. `turn` counts the sweeps: a restless estate differs from one to the next.
pub fn instances(
    estate: &Estate,
    region: &str,
    most: Option<usize>,
    token: Option<&str>,
    turn: usize,
) -> String {
    let total = estate.instances[index(region)];
    let (first, end, next) = page(total, most.unwrap_or(PAGE).min(PAGE), token);
    let mut xml = String::with_capacity(400 + (end - first) * 2600);
    xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeInstancesResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>8f7724cf-496f-496e-8fe3-example</requestId><reservationSet>");
    for number in first..end {
        let stopping = estate.restless && number % 100 == turn % 100;
        let (code, state) = if stopping { (64, "stopping") } else { (16, "running") };
        let id = id(region, number);
        let (a, b) = (number / 250 % 250, number % 250);
        let role = ["web", "api", "worker", "cache", "batch"][number % 5];
        let _ = write!(
            xml,
            "<item><reservationId>r-{number:017x}</reservationId><ownerId>123456789012</ownerId><groupSet/><instancesSet><item><instanceId>{id}</instanceId><imageId>ami-0{image:016x}</imageId><instanceState><code>{code}</code><name>{state}</name></instanceState><privateDnsName>ip-10-{region_number}-{a}-{b}.ec2.internal</privateDnsName><dnsName/><reason/><keyName>ops</keyName><amiLaunchIndex>0</amiLaunchIndex><productCodes/><instanceType>m5.large</instanceType><launchTime>2026-10-{day:02}T09:30:00.000Z</launchTime><placement><availabilityZone>{region}{zone}</availabilityZone><groupName/><tenancy>default</tenancy></placement><monitoring><state>disabled</state></monitoring><subnetId>subnet-0{subnet:016x}</subnetId><vpcId>vpc-0123456789abcdef0</vpcId><privateIpAddress>10.{region_number}.{a}.{b}</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item><groupId>sg-0{group:016x}</groupId><groupName>{role}</groupName></item></groupSet><architecture>x86_64</architecture><rootDeviceType>ebs</rootDeviceType><rootDeviceName>/dev/xvda</rootDeviceName><blockDeviceMapping><item><deviceName>/dev/xvda</deviceName><ebs><volumeId>vol-{number:017x}</volumeId><status>attached</status><attachTime>2026-10-{day:02}T09:30:05.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></ebs></item></blockDeviceMapping><virtualizationType>hvm</virtualizationType><clientToken>token-{number}</clientToken><tagSet><item><key>Name</key><value>{role}-{number}</value></item><item><key>role</key><value>{role}</value></item><item><key>aws:autoscaling:groupName</key><value>{role}-group</value></item></tagSet><hypervisor>xen</hypervisor><networkInterfaceSet><item><networkInterfaceId>eni-{number:017x}</networkInterfaceId><subnetId>subnet-0{subnet:016x}</subnetId><vpcId>vpc-0123456789abcdef0</vpcId><description/><ownerId>123456789012</ownerId><status>in-use</status><privateIpAddress>10.{region_number}.{a}.{b}</privateIpAddress><sourceDestCheck>true</sourceDestCheck><groupSet><item><groupId>sg-0{group:016x}</groupId><groupName>{role}</groupName></item></groupSet><attachment><attachmentId>eni-attach-{number:017x}</attachmentId><deviceIndex>0</deviceIndex><status>attached</status><attachTime>2026-10-{day:02}T09:30:00.000Z</attachTime><deleteOnTermination>true</deleteOnTermination></attachment></item></networkInterfaceSet><ebsOptimized>true</ebsOptimized><cpuOptions><coreCount>1</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions><metadataOptions><state>applied</state><httpTokens>required</httpTokens><httpPutResponseHopLimit>2</httpPutResponseHopLimit><httpEndpoint>enabled</httpEndpoint></metadataOptions></item></instancesSet></item>",
            image = number % 7,
            region_number = index(region),
            day = number % 28 + 1,
            zone = ["a", "b", "c"][number % 3],
            subnet = number % 3,
            group = number % 5,
        );
    }
    xml.push_str("</reservationSet>");
    close(&mut xml, "nextToken", next, "</DescribeInstancesResponse>");
    xml
}

/// DescribeInstanceStatus, of all instances.
pub fn statuses(estate: &Estate, region: &str, most: Option<usize>, token: Option<&str>) -> String {
    let total = estate.instances[index(region)];
    let (first, end, next) = page(total, most.unwrap_or(STATUS_PAGE).min(STATUS_PAGE), token);
    let mut xml = String::with_capacity(400 + (end - first) * 600);
    xml.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<DescribeInstanceStatusResponse xmlns=\"http://ec2.amazonaws.com/doc/2016-11-15/\"><requestId>3be1508e-c444-4fef-89cc-example</requestId><instanceStatusSet>");
    for number in first..end {
        let _ = write!(
            xml,
            "<item><instanceId>{}</instanceId><availabilityZone>{region}a</availabilityZone><instanceState><code>16</code><name>running</name></instanceState><systemStatus><status>ok</status><details><item><name>reachability</name><status>passed</status></item></details></systemStatus><instanceStatus><status>ok</status><details><item><name>reachability</name><status>passed</status></item></details></instanceStatus></item>",
            id(region, number)
        );
    }
    xml.push_str("</instanceStatusSet>");
    close(&mut xml, "nextToken", next, "</DescribeInstanceStatusResponse>");
    xml
}

fn close(xml: &mut String, token: &str, next: Option<String>, end: &str) {
    if let Some(next) = next {
        let _ = write!(xml, "<{token}>{next}</{token}>");
    }
    xml.push_str(end);
}

/// An answer of one of the query APIs, by its action; what this estate has none of is an empty list.
pub fn small(action: &str, version: &str, region: &str) -> String {
    let (namespace, list) = match (action, version) {
        ("GetCallerIdentity", _) => (
            "https://sts.amazonaws.com/doc/2011-06-15/",
            "<UserId>AIDACKCEVSQ6C2EXAMPLE</UserId><Account>123456789012</Account><Arn>arn:aws:iam::123456789012:user/ops</Arn>".to_owned(),
        ),
        // Stopped, so that nothing is probed: the estate's addresses are nobody's.
        ("DescribeDBInstances", _) => (
            "http://rds.amazonaws.com/doc/2014-10-31/",
            format!("<DBInstances><DBInstance><DBInstanceIdentifier>db-{region}</DBInstanceIdentifier><DBInstanceClass>db.m5.large</DBInstanceClass><Engine>postgres</Engine><DBInstanceStatus>stopped</DBInstanceStatus><AllocatedStorage>100</AllocatedStorage><EngineVersion>16.3</EngineVersion><BackupRetentionPeriod>7</BackupRetentionPeriod><AvailabilityZone>{region}a</AvailabilityZone><MultiAZ>false</MultiAZ></DBInstance></DBInstances>"),
        ),
        ("DescribeDBSnapshots", _) => (
            "http://rds.amazonaws.com/doc/2014-10-31/",
            format!("<DBSnapshots><DBSnapshot><DBSnapshotIdentifier>rds:db-{region}-2026-10-01</DBSnapshotIdentifier><DBInstanceIdentifier>db-{region}</DBInstanceIdentifier><SnapshotCreateTime>2026-10-01T03:00:00Z</SnapshotCreateTime><Engine>postgres</Engine><AllocatedStorage>100</AllocatedStorage><Status>available</Status><SnapshotType>automated</SnapshotType><PercentProgress>100</PercentProgress></DBSnapshot></DBSnapshots>"),
        ),
        ("DescribeDBClusters", _) => ("http://rds.amazonaws.com/doc/2014-10-31/", "<DBClusters/>".to_owned()),
        ("DescribeDBClusterSnapshots", _) => {
            ("http://rds.amazonaws.com/doc/2014-10-31/", "<DBClusterSnapshots/>".to_owned())
        }
        ("DescribeDBInstanceAutomatedBackups", _) => {
            ("http://rds.amazonaws.com/doc/2014-10-31/", "<DBInstanceAutomatedBackups/>".to_owned())
        }
        ("DescribeLoadBalancers", "2012-06-01") => (
            "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/",
            format!("<LoadBalancerDescriptions><member><LoadBalancerName>web</LoadBalancerName><DNSName>web-1.{region}.elb.amazonaws.com</DNSName><Scheme>internet-facing</Scheme><Instances><member><InstanceId>{}</InstanceId></member><member><InstanceId>{}</InstanceId></member></Instances><CreatedTime>2026-01-01T00:00:00Z</CreatedTime></member></LoadBalancerDescriptions>", id(region, 0), id(region, 1)),
        ),
        ("DescribeInstanceHealth", _) => (
            "http://elasticloadbalancing.amazonaws.com/doc/2012-06-01/",
            format!("<InstanceStates><member><InstanceId>{}</InstanceId><State>InService</State><ReasonCode>N/A</ReasonCode><Description>N/A</Description></member><member><InstanceId>{}</InstanceId><State>InService</State><ReasonCode>N/A</ReasonCode><Description>N/A</Description></member></InstanceStates>", id(region, 0), id(region, 1)),
        ),
        ("DescribeLoadBalancers", _) => (
            "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            format!("<LoadBalancers><member><LoadBalancerArn>{}</LoadBalancerArn><DNSName>edge-1.{region}.elb.amazonaws.com</DNSName><LoadBalancerName>edge</LoadBalancerName><Scheme>internet-facing</Scheme><State><Code>active</Code></State><Type>application</Type><IpAddressType>ipv4</IpAddressType></member></LoadBalancers>", balancer(region)),
        ),
        ("DescribeTargetGroups", _) => (
            "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            format!("<TargetGroups><member><TargetGroupArn>arn:aws:elasticloadbalancing:{region}:123456789012:targetgroup/edge/73e2d6bc24d8a067</TargetGroupArn><TargetGroupName>edge</TargetGroupName><Protocol>HTTP</Protocol><Port>80</Port><TargetType>instance</TargetType><LoadBalancerArns><member>{}</member></LoadBalancerArns></member></TargetGroups>", balancer(region)),
        ),
        ("DescribeListeners", _) => (
            "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            "<Listeners><member><Protocol>HTTPS</Protocol><Port>443</Port></member></Listeners>".to_owned(),
        ),
        ("DescribeTargetHealth", _) => (
            "http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/",
            format!("<TargetHealthDescriptions><member><Target><Id>{}</Id><Port>80</Port></Target><TargetHealth><State>healthy</State></TargetHealth></member></TargetHealthDescriptions>", id(region, 0)),
        ),
        (_, _) => ("http://example.com/", String::new()),
    };
    format!(
        "<{action}Response xmlns=\"{namespace}\"><{action}Result>{list}</{action}Result><ResponseMetadata><RequestId>f9880f01-7852-629d-a6c3-example</RequestId></ResponseMetadata></{action}Response>"
    )
}

fn balancer(region: &str) -> String {
    format!("arn:aws:elasticloadbalancing:{region}:123456789012:loadbalancer/app/edge/50dc6c495c0c9188")
}

/// Route 53, by path.
pub fn route53(path: &str) -> String {
    const NAMESPACE: &str = "https://route53.amazonaws.com/doc/2013-04-01/";
    let zone = "<HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name><CallerReference>1</CallerReference><Config><PrivateZone>false</PrivateZone></Config><ResourceRecordSetCount>2</ResourceRecordSetCount></HostedZone>";
    if path.contains("/rrset") {
        format!(
            "<ListResourceRecordSetsResponse xmlns=\"{NAMESPACE}\"><ResourceRecordSets><ResourceRecordSet><Name>example.com.</Name><Type>A</Type><TTL>60</TTL><ResourceRecords><ResourceRecord><Value>203.0.113.10</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></ResourceRecordSets><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListResourceRecordSetsResponse>"
        )
    } else {
        format!(
            "<ListHostedZonesResponse xmlns=\"{NAMESPACE}\"><HostedZones>{zone}</HostedZones><IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesResponse>"
        )
    }
}
