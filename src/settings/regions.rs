//! Every AWS region this build knows, by partition.
//!
//! Embedded on purpose: asking AWS which regions exist leans on the very control plane that may be dark. It refuses to
//! guess from the shape of a name. Whoever needs the default sweep or a spelling check may import it.

/// A region and what is known of it without asking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region {
    /// The name: `us-east-1`.
    pub name: &'static str,
    /// The partition: `aws`, `aws-cn`, …
    pub partition: &'static str,
    /// Must an account enable it first? A sweep of an estate that names no regions leaves these out.
    pub opt_in: bool,
}

const fn region(partition: &'static str, name: &'static str) -> Region {
    Region { name, partition, opt_in: false }
}

const fn opt_in(name: &'static str) -> Region {
    Region { name, partition: "aws", opt_in: true }
}

/// Every region, in the order partitions and then names sort.
pub const REGIONS: &[Region] = &[
    opt_in("af-south-1"),
    opt_in("ap-east-1"),
    opt_in("ap-east-2"),
    region("aws", "ap-northeast-1"),
    region("aws", "ap-northeast-2"),
    region("aws", "ap-northeast-3"),
    region("aws", "ap-south-1"),
    opt_in("ap-south-2"),
    region("aws", "ap-southeast-1"),
    region("aws", "ap-southeast-2"),
    opt_in("ap-southeast-3"),
    opt_in("ap-southeast-4"),
    opt_in("ap-southeast-5"),
    opt_in("ap-southeast-6"),
    opt_in("ap-southeast-7"),
    region("aws", "ca-central-1"),
    opt_in("ca-west-1"),
    region("aws", "eu-central-1"),
    opt_in("eu-central-2"),
    region("aws", "eu-north-1"),
    opt_in("eu-south-1"),
    opt_in("eu-south-2"),
    region("aws", "eu-west-1"),
    region("aws", "eu-west-2"),
    region("aws", "eu-west-3"),
    opt_in("il-central-1"),
    opt_in("me-central-1"),
    opt_in("me-south-1"),
    opt_in("me-west-1"),
    opt_in("mx-central-1"),
    region("aws", "sa-east-1"),
    opt_in("sa-west-1"),
    region("aws", "us-east-1"),
    region("aws", "us-east-2"),
    region("aws", "us-west-1"),
    region("aws", "us-west-2"),
    region("aws-cn", "cn-north-1"),
    region("aws-cn", "cn-northwest-1"),
    region("aws-eusc", "eusc-de-east-1"),
    region("aws-iso", "us-iso-east-1"),
    region("aws-iso", "us-iso-west-1"),
    region("aws-iso-b", "us-isob-east-1"),
    region("aws-iso-b", "us-isob-west-1"),
    region("aws-iso-e", "eu-isoe-west-1"),
    region("aws-iso-f", "us-isof-east-1"),
    region("aws-iso-f", "us-isof-south-1"),
    region("aws-us-gov", "us-gov-east-1"),
    region("aws-us-gov", "us-gov-west-1"),
];

/// Is there such a region?
#[must_use]
pub fn find(name: &str) -> Option<&'static Region> {
    REGIONS.iter().find(|region| region.name == name)
}

/// The regions every account of a partition has without enabling any: what is swept when the estate names none.
pub fn enabled_by_default(partition: &str) -> impl Iterator<Item = &'static str> {
    REGIONS
        .iter()
        .filter(move |region| region.partition == partition && !region.opt_in)
        .map(|region| region.name)
}

/// The partition of a region, `aws` when it is not known.
#[must_use]
pub fn partition_of(name: &str) -> &'static str {
    find(name).map_or("aws", |region| region.partition)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn the_list_is_sorted_and_has_the_seventeen() {
        assert!(REGIONS.is_sorted_by_key(|region| (region.partition, region.name)));
        assert_eq!(enabled_by_default("aws").count(), 17);
        assert_eq!(enabled_by_default("aws-cn").collect::<Vec<_>>(), ["cn-north-1", "cn-northwest-1"]);
        assert_eq!(partition_of("us-gov-west-1"), "aws-us-gov");
        assert_eq!(find("us-esat-1"), None);
    }
}
