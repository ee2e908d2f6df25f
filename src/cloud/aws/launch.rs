//! Launching an instance like another one: reading everything that made it what it is, and the call that repeats it.
//!
//! Contents of volumes are never copied: the image's are used. What RunInstances cannot set is left to calls of its own.

use super::ec2::{row, security_groups};
use super::fault::{call, is_not_found};
use super::session::once;
use super::{Options, instance_id, text};
use crate::incident::fault::{Fault, Performed};
use crate::incident::place::Place;
use crate::incident::request::{Answer, CallResult, Done, InstanceRef, QueryResult};
use crate::incident::resource::{BlockDevice, LaunchSpec, MetadataOptions};
use crate::incident::secret::Secret;
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Builder;
use aws_sdk_ec2::types::{
    AttributeBooleanValue, BlockDeviceMapping, EbsBlockDevice, Filter, HttpTokensState,
    IamInstanceProfileSpecification, Instance, InstanceAttributeName, InstanceMetadataEndpointState,
    InstanceMetadataOptionsRequest, InstanceMetadataTagsState, InstanceNetworkInterfaceSpecification,
    InstanceType, MonitoringState, Placement, ResourceType, RunInstancesMonitoringEnabled, Tag,
    TagSpecification, Tenancy, VolumeType,
};
use std::collections::HashMap;

/// Everything that made an instance what it is; no instance, no spec.
pub(super) async fn spec(client: &Client, place: &Place, id: &str) -> QueryResult {
    let request = client.describe_instances().instance_ids(id);
    let answer = match call("ec2:DescribeInstances", request.send()).await {
        Ok(answer) => answer,
        Err(fault) if is_not_found(&fault) => return Ok(Answer::LaunchSpec(None)),
        Err(fault) => return Err(fault),
    };
    let Some((instance, claimed)) = answer
        .reservations()
        .iter()
        .flat_map(|reservation| reservation.instances())
        .find_map(|instance| Some((instance, row(place, instance)?)))
    else {
        return Ok(Answer::LaunchSpec(None));
    };
    let attribute = |name: InstanceAttributeName| {
        let request = client.describe_instance_attribute().instance_id(id).attribute(name);
        call("ec2:DescribeInstanceAttribute", request.send())
    };
    let (user_data, protection, source_dest, block_devices, elastic_ip) = tokio::join!(
        attribute(InstanceAttributeName::UserData),
        attribute(InstanceAttributeName::DisableApiTermination),
        attribute(InstanceAttributeName::SourceDestCheck),
        block_devices(client, instance),
        elastic_ip(client, instance),
    );
    let on = |value: Option<&AttributeBooleanValue>| value.and_then(|v| v.value());
    let elastic_ip = elastic_ip?;
    let spec = LaunchSpec {
        image: claimed.image.clone(),
        instance_type: claimed.instance_type.clone(),
        zone: claimed.zone.clone(),
        subnet: claimed.subnet.clone(),
        security_groups: security_groups(instance),
        key_name: text(instance.key_name()),
        instance_profile: text(instance.iam_instance_profile().and_then(|p| p.arn())),
        user_data: text(user_data?.user_data().and_then(|d| d.value())).map(Secret::new),
        metadata: instance.metadata_options().map(|options| MetadataOptions {
            http_tokens: text(options.http_tokens().map(|v| v.as_str())),
            http_put_response_hop_limit: options.http_put_response_hop_limit(),
            http_endpoint: text(options.http_endpoint().map(|v| v.as_str())),
            instance_metadata_tags: text(options.instance_metadata_tags().map(|v| v.as_str())),
        }),
        block_devices: block_devices?,
        ebs_optimized: instance.ebs_optimized().unwrap_or(false),
        monitoring: matches!(
            instance.monitoring().and_then(|m| m.state()),
            Some(MonitoringState::Enabled | MonitoringState::Pending)
        ),
        tenancy: text(instance.placement().and_then(|p| p.tenancy()).map(|t| t.as_str())),
        public_address: claimed.public_ip.is_some() && elastic_ip.is_none(),
        elastic_ip,
        source_dest_check: on(source_dest?.source_dest_check())
            .or(instance.source_dest_check())
            .unwrap_or(true),
        termination_protection: on(protection?.disable_api_termination()).unwrap_or(false),
        tags: claimed
            .tags
            .iter()
            .filter(|(key, _)| !key.starts_with("aws:"))
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect(),
    };
    Ok(Answer::LaunchSpec(Some(Box::new((claimed, spec)))))
}

/// The volumes attached now, as they would have to be asked for.
async fn block_devices(client: &Client, instance: &Instance) -> Result<Vec<BlockDevice>, Fault> {
    let attached: Vec<(&str, &str, bool)> = instance
        .block_device_mappings()
        .iter()
        .filter_map(|mapping| {
            let ebs = mapping.ebs()?;
            Some((mapping.device_name()?, ebs.volume_id()?, ebs.delete_on_termination().unwrap_or(false)))
        })
        .collect();
    if attached.is_empty() {
        return Ok(vec![]);
    }
    let ids = attached.iter().map(|(_, id, _)| (*id).to_owned()).collect();
    let request = client.describe_volumes().set_volume_ids(Some(ids));
    let answer = call("ec2:DescribeVolumes", request.send()).await?;
    let volumes: HashMap<&str, &aws_sdk_ec2::types::Volume> =
        answer.volumes().iter().filter_map(|volume| Some((volume.volume_id()?, volume))).collect();
    Ok(attached
        .into_iter()
        .map(|(device, id, delete_on_termination)| {
            let volume = volumes.get(id).copied();
            let kind = volume.and_then(|v| v.volume_type());
            // gp2 and magnetic volumes report IOPS that may not be asked for.
            let takes_iops = matches!(kind, Some(VolumeType::Gp3 | VolumeType::Io1 | VolumeType::Io2));
            let takes_throughput = matches!(kind, Some(VolumeType::Gp3));
            BlockDevice {
                device: device.to_owned(),
                size_gib: volume.and_then(|v| v.size()),
                volume_type: text(kind.map(|k| k.as_str())),
                iops: volume.and_then(|v| v.iops()).filter(|_| takes_iops),
                throughput: volume.and_then(|v| v.throughput()).filter(|_| takes_throughput),
                encrypted: volume.and_then(|v| v.encrypted()),
                kms_key: text(volume.and_then(|v| v.kms_key_id())),
                delete_on_termination,
                root: instance.root_device_name() == Some(device),
            }
        })
        .collect())
}

/// The allocation id of the instance's Elastic IP. An address that is Amazon's own is none, and nothing is asked.
async fn elastic_ip(client: &Client, instance: &Instance) -> Result<Option<String>, Fault> {
    let Some(public) = instance.public_ip_address().filter(|ip| !ip.is_empty()) else {
        return Ok(None);
    };
    let amazons = instance
        .network_interfaces()
        .iter()
        .filter_map(|interface| interface.association())
        .any(|found| found.public_ip() == Some(public) && found.ip_owner_id() == Some("amazon"));
    if amazons {
        return Ok(None);
    }
    let filter = Filter::builder().name("public-ip").values(public).build();
    let request = client.describe_addresses().filters(filter);
    let answer = call("ec2:DescribeAddresses", request.send()).await?;
    Ok(answer
        .addresses()
        .iter()
        .find(|address| address.public_ip() == Some(public))
        .and_then(|address| text(address.allocation_id())))
}

/// RunInstances for exactly one instance.
///
/// Sent a second time, with the same token, if the first answer was lost: AWS then gives back what the first one
/// launched. If the second try tells nothing certain either, the first fault stands, for it is the one that left it open.
pub(super) async fn run(
    client: &Client,
    options: &Options,
    spec: &LaunchSpec,
    client_token: &str,
) -> CallResult {
    if client_token.is_empty() || client_token.len() > 64 || !client_token.is_ascii() {
        return Err(Fault::Unaskable { detail: "a client token is 1 to 64 ASCII characters".into() });
    }
    let lost = match run_once(client, options, spec, client_token).await {
        Err(fault) if fault.performed() == Performed::Unknown => fault,
        known => return known,
    };
    run_once(client, options, spec, client_token).await.map_err(|_| lost)
}

async fn run_once(client: &Client, options: &Options, spec: &LaunchSpec, client_token: &str) -> CallResult {
    let user_data = match &spec.user_data {
        None => None,
        Some(secret) => Some(secret.reveal().ok_or_else(|| Fault::Unaskable {
            detail: "the user data is known by its fingerprint only; read the instance again".into(),
        })?),
    };
    let mut request = client
        .run_instances()
        .image_id(&spec.image)
        .instance_type(InstanceType::from(spec.instance_type.as_str()))
        .min_count(1)
        .max_count(1)
        .client_token(client_token)
        .placement(placement(spec))
        .set_key_name(spec.key_name.clone())
        .set_user_data(user_data.map(str::to_owned))
        .set_iam_instance_profile(
            spec.instance_profile
                .as_ref()
                .map(|arn| IamInstanceProfileSpecification::builder().arn(arn).build()),
        )
        .set_metadata_options(spec.metadata.as_ref().map(metadata))
        .set_block_device_mappings(some(spec.block_devices.iter().map(mapping).collect()))
        .set_tag_specifications(some(tags(spec)))
        .monitoring(RunInstancesMonitoringEnabled::builder().enabled(spec.monitoring).build())
        // Left out when off: types that are optimised anyway refuse nothing then.
        .set_ebs_optimized(spec.ebs_optimized.then_some(true))
        .set_disable_api_termination(spec.termination_protection.then_some(true));
    request = match &spec.subnet {
        // With an Elastic IP to come, the subnet's own habit decides about an address for the time until then.
        Some(subnet) if spec.elastic_ip.is_none() => request.network_interfaces(
            InstanceNetworkInterfaceSpecification::builder()
                .device_index(0)
                .subnet_id(subnet)
                .set_groups(some(spec.security_groups.clone()))
                .associate_public_ip_address(spec.public_address)
                .delete_on_termination(true)
                .build(),
        ),
        subnet => {
            request.set_subnet_id(subnet.clone()).set_security_group_ids(some(spec.security_groups.clone()))
        }
    };
    let request = request.customize().config_override(mutation(options));
    let answer = call("ec2:RunInstances", request.send()).await?;
    match answer.instances().first().and_then(|i| i.instance_id()) {
        Some(id) => Ok(Done::Launched { instance: id.to_owned() }),
        None => Err(Fault::Garbled { detail: "RunInstances answered without an instance".into() }),
    }
}

fn placement(spec: &LaunchSpec) -> Placement {
    Placement::builder()
        .set_availability_zone(text(Some(&spec.zone)))
        .set_tenancy(spec.tenancy.as_deref().map(Tenancy::from))
        .build()
}

fn metadata(options: &MetadataOptions) -> InstanceMetadataOptionsRequest {
    InstanceMetadataOptionsRequest::builder()
        .set_http_tokens(options.http_tokens.as_deref().map(HttpTokensState::from))
        .set_http_put_response_hop_limit(options.http_put_response_hop_limit)
        .set_http_endpoint(options.http_endpoint.as_deref().map(InstanceMetadataEndpointState::from))
        .set_instance_metadata_tags(
            options.instance_metadata_tags.as_deref().map(InstanceMetadataTagsState::from),
        )
        .build()
}

fn mapping(device: &BlockDevice) -> BlockDeviceMapping {
    // `Encrypted=false` is refused for the snapshots of an encrypted image; left out it means "as the image".
    let encrypted = device.encrypted.filter(|on| *on);
    BlockDeviceMapping::builder()
        .device_name(&device.device)
        .ebs(
            EbsBlockDevice::builder()
                .set_volume_size(device.size_gib)
                .set_volume_type(device.volume_type.as_deref().map(VolumeType::from))
                .set_iops(device.iops)
                .set_throughput(device.throughput)
                .set_encrypted(encrypted)
                .set_kms_key_id(encrypted.and(device.kms_key.clone()))
                .delete_on_termination(device.delete_on_termination)
                .build(),
        )
        .build()
}

fn tags(spec: &LaunchSpec) -> Vec<TagSpecification> {
    let tags: Vec<Tag> = spec
        .tags
        .iter()
        .filter(|(key, _)| !key.starts_with("aws:"))
        .map(|(key, value)| Tag::builder().key(key).value(value).build())
        .collect();
    if tags.is_empty() {
        return vec![];
    }
    [ResourceType::Instance, ResourceType::Volume]
        .into_iter()
        .map(|kind| TagSpecification::builder().resource_type(kind).set_tags(Some(tags.clone())).build())
        .collect()
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    (!list.is_empty()).then_some(list)
}

fn mutation(options: &Options) -> Builder {
    let (retry, timeout) = once(options);
    Builder::new().retry_config(retry).timeout_config(timeout)
}

/// ModifyInstanceAttribute SourceDestCheck=false, for NAT instances.
pub(super) async fn disable_source_dest_check(
    client: &Client,
    options: &Options,
    instance: &InstanceRef,
) -> CallResult {
    let request = client
        .modify_instance_attribute()
        .instance_id(instance_id(instance)?)
        .source_dest_check(AttributeBooleanValue::builder().value(false).build())
        .customize()
        .config_override(mutation(options));
    call("ec2:ModifyInstanceAttribute", request.send()).await?;
    Ok(Done::Accepted)
}

/// TerminateInstances, one instance.
pub(super) async fn terminate(client: &Client, options: &Options, instance: &str) -> CallResult {
    let request =
        client.terminate_instances().instance_ids(instance).customize().config_override(mutation(options));
    call("ec2:TerminateInstances", request.send()).await?;
    Ok(Done::Accepted)
}
