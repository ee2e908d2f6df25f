"""boto3 at the tests' service: seeds an estate and makes any call, one line of JSON in, one out.

A line is either {"do": "seed"} or {"service": ..., "region": ..., "call": <boto3 method>, "args": {...}}.
The answer is {"ok": ...} or {"error": {"code": ..., "message": ..., "status": ...}}. Endpoint and credentials come from
the environment. It leaves when stdin ends.
"""
import base64
import datetime
import json
import sys

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# AWS's published zone ids of classic balancers, for the seeded alias.
CLASSIC_ZONE = {"us-east-1": "Z35SXDOTRQ7X7K", "us-west-1": "Z368ELLRRE2KJ0", "eu-west-1": "Z32O12XQLNTSW2"}
ZONE = "fitocracy.example"
USER_DATA = "#!/bin/bash\nexport DB=fito-db\nexec /opt/fitocracy/start web\n"

session = boto3.session.Session()
clients = {}


def client(service, region="us-east-1"):
    if (service, region) not in clients:
        config = Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60)
        clients[service, region] = session.client(service, region_name=region, config=config)
    return clients[service, region]


def tags(name, **more):
    return [{"Key": k, "Value": v} for k, v in {"Name": name, "app": "fitocracy", **more}.items()]


def network(region):
    ec2 = client("ec2", region)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    subnets.sort(key=lambda subnet: subnet["AvailabilityZone"])
    groups = {}
    for name, port in (("web", 8080), ("balancer", 80), ("db", 5432)):
        groups[name] = ec2.create_security_group(GroupName=f"fito-{name}", Description=name, VpcId=vpc)["GroupId"]
        ec2.authorize_security_group_ingress(
            GroupId=groups[name],
            IpPermissions=[{"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}],
        )
    ec2.create_key_pair(KeyName="ops")
    image = ec2.register_image(
        Name="fito-web-2012-06-01",
        Architecture="x86_64",
        VirtualizationType="hvm",
        RootDeviceName="/dev/sda1",
        BlockDeviceMappings=[{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 15, "VolumeType": "gp3"}}],
    )["ImageId"]
    return {
        "vpc": vpc,
        "subnets": [subnet["SubnetId"] for subnet in subnets],
        "groups": groups,
        "key": "ops",
        "image": image,
    }


def launch(region, here, name, kind="m5.large", full=False, **more):
    args = {
        "ImageId": here["image"],
        "MinCount": 1,
        "MaxCount": 1,
        "InstanceType": kind,
        "SubnetId": here["subnets"][0],
        "SecurityGroupIds": [here["groups"]["web"]],
        "KeyName": here["key"],
        "TagSpecifications": [{"ResourceType": "instance", "Tags": tags(name, **more)}],
    }
    if full:
        args.update(
            IamInstanceProfile={"Name": "fito-web"},
            UserData=USER_DATA,
            EbsOptimized=True,
            MetadataOptions={"HttpTokens": "required", "HttpPutResponseHopLimit": 2},
            BlockDeviceMappings=[
                {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 40, "VolumeType": "gp3", "DeleteOnTermination": True}},
                {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 100, "VolumeType": "gp3", "DeleteOnTermination": False}},
            ],
        )
    return client("ec2", region).run_instances(**args)["Instances"][0]["InstanceId"]


def classic(region, here, name, instances):
    elb = client("elb", region)
    dns = elb.create_load_balancer(
        LoadBalancerName=name,
        Listeners=[{"Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP", "InstancePort": 8080}],
        Subnets=here["subnets"][:2],
        SecurityGroups=[here["groups"]["balancer"]],
    )["DNSName"]
    check = {"Target": "HTTP:8080/ping", "Interval": 10, "Timeout": 5, "UnhealthyThreshold": 2, "HealthyThreshold": 3}
    elb.configure_health_check(LoadBalancerName=name, HealthCheck=check)
    elb.register_instances_with_load_balancer(
        LoadBalancerName=name, Instances=[{"InstanceId": instance} for instance in instances]
    )
    return {"name": name, "dns": dns, "zone": CLASSIC_ZONE[region], "instances": instances}


def modern(region, here, name, kind, instances):
    elb = client("elbv2", region)
    network_kind = kind == "network"
    extra = {} if network_kind else {"SecurityGroups": [here["groups"]["balancer"]]}
    balancer = elb.create_load_balancer(
        Name=name, Subnets=here["subnets"][:2], Scheme="internet-facing", Type=kind, **extra
    )["LoadBalancers"][0]
    protocol = "TCP" if network_kind else "HTTP"
    group = elb.create_target_group(Name=f"{name}-targets", Protocol=protocol, Port=8080, VpcId=here["vpc"])
    group = group["TargetGroups"][0]["TargetGroupArn"]
    elb.register_targets(TargetGroupArn=group, Targets=[{"Id": instance} for instance in instances])
    listener = elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol=protocol,
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group}],
    )["Listeners"][0]["ListenerArn"]
    return {
        "name": name,
        "arn": balancer["LoadBalancerArn"],
        "dns": balancer["DNSName"],
        "zone": balancer["CanonicalHostedZoneId"],
        "group": group,
        "listener": listener,
        "targets": instances,
    }


def databases(region, here):
    rds = client("rds", region)
    rds.create_db_subnet_group(
        DBSubnetGroupName="fito", DBSubnetGroupDescription="fito", SubnetIds=here["subnets"][:2]
    )
    common = {
        "MasterUsername": "app",
        "MasterUserPassword": "correct-horse-1",
        "DBSubnetGroupName": "fito",
        "VpcSecurityGroupIds": [here["groups"]["db"]],
        "BackupRetentionPeriod": 7,
        "DeletionProtection": True,
    }
    rds.create_db_instance(
        DBInstanceIdentifier="fito-db",
        Engine="postgres",
        EngineVersion="16.3",
        DBInstanceClass="db.m5.large",
        AllocatedStorage=200,
        StorageType="gp3",
        MultiAZ=True,
        CopyTagsToSnapshot=True,
        Tags=tags("fito-db"),
        **common,
    )
    rds.create_db_snapshot(DBInstanceIdentifier="fito-db", DBSnapshotIdentifier="fito-db-before-release")
    rds.create_db_cluster(
        DBClusterIdentifier="fito-feed", Engine="aurora-postgresql", EngineVersion="16.4", Tags=tags("fito-feed"), **common
    )
    rds.create_db_instance(
        DBInstanceIdentifier="fito-feed-1",
        DBClusterIdentifier="fito-feed",
        Engine="aurora-postgresql",
        DBInstanceClass="db.r5.large",
    )
    rds.create_db_cluster_snapshot(
        DBClusterIdentifier="fito-feed", DBClusterSnapshotIdentifier="fito-feed-before-release"
    )
    return {
        "instance": "fito-db",
        "snapshot": "fito-db-before-release",
        "cluster": "fito-feed",
        "member": "fito-feed-1",
        "cluster_snapshot": "fito-feed-before-release",
    }


def hosted_zone(balancer):
    route53 = client("route53")
    zone = route53.create_hosted_zone(Name=ZONE, CallerReference="seed")["HostedZone"]["Id"]
    alias = {"HostedZoneId": balancer["zone"], "DNSName": balancer["dns"] + ".", "EvaluateTargetHealth": False}
    sets = [{"Name": ZONE, "Type": kind, "AliasTarget": alias} for kind in ("A", "AAAA")]
    sets.append({"Name": f"www.{ZONE}", "Type": "CNAME", "TTL": 300, "ResourceRecords": [{"Value": ZONE}]})
    sets.append({"Name": ZONE, "Type": "MX", "TTL": 3600, "ResourceRecords": [{"Value": f"10 mail.{ZONE}."}]})
    route53.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": s} for s in sets]},
    )
    return {"id": zone.rsplit("/", 1)[-1], "name": ZONE}


def east():
    region, here = "us-east-1", network("us-east-1")
    iam = client("iam")
    trust = {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    iam.create_role(RoleName="fito-web", AssumeRolePolicyDocument=policy)
    iam.create_instance_profile(InstanceProfileName="fito-web")
    iam.add_role_to_instance_profile(InstanceProfileName="fito-web", RoleName="fito-web")
    # One call each: moto gives the profile to the first instance of a call only.
    web = [launch(region, here, f"web-{n}", full=True, role="web") for n in (1, 2, 3)]
    here["user_data"] = USER_DATA
    here["web"] = web
    here["grouped"] = grouped(region, here)
    here["classic"] = classic(region, here, "web", web)
    here["alb"] = modern(region, here, "fito-alb", "application", web[:2])
    here["rds"] = databases(region, here)
    return here


def grouped(region, here):
    """An instance that belongs to an Auto Scaling group."""
    asg = client("autoscaling", region)
    asg.create_launch_configuration(
        LaunchConfigurationName="fito-workers", ImageId=here["image"], InstanceType="m5.large", KeyName=here["key"]
    )
    asg.create_auto_scaling_group(
        AutoScalingGroupName="fito-workers",
        LaunchConfigurationName="fito-workers",
        MinSize=1,
        MaxSize=1,
        DesiredCapacity=1,
        VPCZoneIdentifier=here["subnets"][0],
        Tags=[{"Key": "Name", "Value": "worker-1", "PropagateAtLaunch": True}],
    )
    groups = asg.describe_auto_scaling_groups(AutoScalingGroupNames=["fito-workers"])["AutoScalingGroups"]
    return groups[0]["Instances"][0]["InstanceId"]


def west():
    region, here = "us-west-1", network("us-west-1")
    here["standby"] = launch(region, here, "standby-1", kind="t3.micro", role="standby")
    here["classic"] = classic(region, here, "standby", [here["standby"]])
    return here


def europe():
    region, here = "eu-west-1", network("eu-west-1")
    here["workers"] = [launch(region, here, f"worker-eu-{n}", kind="t3.medium", role="worker") for n in (1, 2)]
    here["nlb"] = modern(region, here, "fito-nlb", "network", here["workers"])
    return here


def seed():
    out = {"us-east-1": east(), "us-west-1": west(), "eu-west-1": europe()}
    out["zone"] = hosted_zone(out["us-east-1"]["classic"])
    return out


def plain(value):
    if isinstance(value, (datetime.datetime, datetime.date)):
        return value.isoformat()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    return str(value)


def answer(line):
    try:
        if line.get("do") == "seed":
            return {"ok": seed()}
        method = getattr(client(line["service"], line["region"]), line["call"])
        result = method(**line.get("args", {}))
        result.pop("ResponseMetadata", None)
        return {"ok": result}
    except ClientError as e:
        error = e.response["Error"]
        status = e.response["ResponseMetadata"]["HTTPStatusCode"]
        return {"error": {"code": error.get("Code"), "message": error.get("Message"), "status": status}}
    except BotoCoreError as e:
        return {"error": {"code": type(e).__name__, "message": str(e), "status": 0}}


for text in sys.stdin:
    print(json.dumps(answer(json.loads(text)), default=plain), flush=True)
