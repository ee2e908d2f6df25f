//! EC2: instances with their status checks, by page, by id and by token. Launching is `launch`'s.

use super::fault::{call, is_not_found};
use super::glance::{Glance, Known};
use super::page::{Ahead, walk, walk_ahead};
use super::session::READ_ATTEMPTS;
use super::{Out, Timeouts, text, time};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Place};
use crate::incident::request::{Answer, IDS_EACH_CALL, QueryResult};
use crate::incident::resource::{Instance, InstanceState, Resource, Tags};
use aws_sdk_ec2::Client;
use aws_sdk_ec2::config::Builder;
use aws_sdk_ec2::config::retry::RetryConfig;
use aws_sdk_ec2::operation::describe_instance_status::DescribeInstanceStatusOutput;
use aws_sdk_ec2::operation::describe_instances::DescribeInstancesOutput;
use aws_sdk_ec2::types::Filter;
use futures::future::{Either, select};
use std::collections::HashMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};

/// Reservations a page. AWS allows 1,000; half of it arrives well within the time-out of an attempt on a slow link.
const PAGE: i32 = 500;

/// System and instance status.
type Checks = (Option<String>, Option<String>);

/// Those of instances, by id.
type Statuses = HashMap<String, Checks>;

/// What the first pages of each place said last time.
#[derive(Debug, Default)]
pub(super) struct KnownPages {
    instances: Known<Instance>,
    statuses: Known<(String, Checks)>,
}

/// Rows of a page, and the token of the next.
type Read<T> = (Vec<T>, Option<String>);

/// The status checks as they come.
#[derive(Debug, Default)]
struct Arriving {
    /// Those that no row has yet.
    unjoined: Statuses,
    /// All are there, or there will be no more.
    over: bool,
}

impl Arriving {
    fn has_all(&self, rows: &[Instance]) -> bool {
        self.over || rows.iter().all(|row| self.unjoined.contains_key(&row.key.id))
    }

    /// Writes the statuses into a row; whether there were any.
    fn join(&mut self, row: &mut Instance) -> bool {
        let Some((system, instance)) = self.unjoined.remove(&row.key.id) else { return false };
        (row.system_status, row.instance_status) = (system, instance);
        true
    }
}

/// Instances and their status checks, read side by side. Pages wait for their statuses, `grace` in all, so that on a good day
/// rows come once and whole; after that a page goes out without what is not there, and those rows follow again when it is.
/// Statuses that cannot be read are no fault of the sweep: they stay `None`.
pub(super) async fn sweep(
    client: &Client,
    out: &Out<'_>,
    known: &Arc<KnownPages>,
    grace: Duration,
) -> Result<(), Fault> {
    let (tell, mut told) = watch::channel(Arriving::default());
    let reading_statuses = async {
        let each = |page| tell.send_modify(|arriving| arriving.unjoined.extend(page));
        let _ = all_statuses(client, out.place, known, each).await;
        tell.send_modify(|arriving| arriving.over = true);
    };
    let (pages, mut arrived) = mpsc::unbounded_channel::<Vec<Instance>>();
    let reading_instances = async {
        let pages = pages; // dropped when done, which ends the joining below
        walk_ahead(
            "ec2:DescribeInstances",
            |token, ahead| {
                let (client, place, known) = (client.clone(), out.place.clone(), Arc::clone(known));
                instance_page(client, place, known, token, ahead)
            },
            |(rows, next)| {
                let _ = pages.send(rows);
                next
            },
        )
        .await
    };
    let joining = async {
        let mut bare: Vec<Instance> = vec![];
        let mut patience = None;
        while let Some(mut page) = arrived.recv().await {
            // One wait for the whole sweep: a slow status call must not slow every page.
            let patience = patience.get_or_insert_with(|| Box::pin(tokio::time::sleep(grace)));
            tokio::select! {
                biased;
                () = async { drop(told.wait_for(|arriving| arriving.has_all(&page)).await) } => {}
                () = patience.as_mut() => {}
            }
            tell.send_if_modified(|arriving| {
                for row in &mut page {
                    if !arriving.join(row) && !arriving.over {
                        bare.push(row.clone());
                    }
                }
                false
            });
            out.send(page.into_iter().map(Resource::Instance).collect());
        }
        bare
    };
    let (end, mut late, ()) = tokio::join!(reading_instances, joining, reading_statuses);
    tell.send_if_modified(|arriving| {
        late.retain_mut(|row| arriving.join(row));
        false
    });
    out.send(late.into_iter().map(Resource::Instance).collect());
    end
}

/// A page of instances; the rows of before where it says what it said then.
async fn instance_page(
    client: Client,
    place: Place,
    known: Arc<KnownPages>,
    token: Option<String>,
    ahead: Ahead,
) -> Result<Read<Instance>, Fault> {
    let (before, against) = known.instances.before(&place, token.as_deref());
    let glance = Glance::new(ahead, against);
    let request = client.describe_instances().max_results(PAGE).set_next_token(token);
    let request = request.customize().interceptor(glance.clone());
    let page = call("ec2:DescribeInstances", request.send()).await?;
    if let Some(rows) = before.filter(|_| glance.is_unchanged()) {
        return Ok((rows.to_vec(), page.next_token));
    }
    let rows = rows(&place, &page);
    if let Some(fingerprint) = glance.fingerprint() {
        known.instances.keep(&place, fingerprint, &rows);
    }
    Ok((rows, page.next_token))
}

/// The status checks of all instances of a place, page by page.
async fn all_statuses(
    client: &Client,
    place: &Place,
    known: &Arc<KnownPages>,
    each: impl Fn(Vec<(String, Checks)>),
) -> Result<(), Fault> {
    walk_ahead(
        "ec2:DescribeInstanceStatus",
        |token, ahead| {
            let (client, place, known) = (client.clone(), place.clone(), Arc::clone(known));
            status_page(client, place, known, token, ahead)
        },
        |(page, next)| {
            each(page);
            next
        },
    )
    .await
}

async fn status_page(
    client: Client,
    place: Place,
    known: Arc<KnownPages>,
    token: Option<String>,
    ahead: Ahead,
) -> Result<Read<(String, Checks)>, Fault> {
    let (before, against) = known.statuses.before(&place, token.as_deref());
    let glance = Glance::new(ahead, against);
    let request = client
        .describe_instance_status()
        .include_all_instances(true)
        .max_results(1000)
        .set_next_token(token)
        .customize()
        .interceptor(glance.clone());
    let page = call("ec2:DescribeInstanceStatus", request.send()).await?;
    if let Some(statuses) = before.filter(|_| glance.is_unchanged()) {
        return Ok((statuses.to_vec(), page.next_token));
    }
    let statuses: Vec<_> = statuses_of(&page).collect();
    if let Some(fingerprint) = glance.fingerprint() {
        known.statuses.keep(&place, fingerprint, &statuses);
    }
    Ok((statuses, page.next_token))
}

fn statuses_of(page: &DescribeInstanceStatusOutput) -> impl Iterator<Item = (String, Checks)> {
    page.instance_statuses().iter().filter_map(|status| {
        let word = |summary: Option<&aws_sdk_ec2::types::InstanceStatusSummary>| {
            text(summary.and_then(|s| s.status()).map(|s| s.as_str()))
        };
        let pair = (word(status.system_status()), word(status.instance_status()));
        Some((status.instance_id()?.to_owned(), pair))
    })
}

/// Writes the statuses into a row; whether there were any.
fn join(row: &mut Instance, statuses: &Statuses) -> bool {
    let Some((system, instance)) = statuses.get(&row.key.id) else {
        return false;
    };
    row.system_status.clone_from(system);
    row.instance_status.clone_from(instance);
    true
}

/// Status checks of these instances. They are worth less than the rows: each call is made once.
async fn read_statuses(client: &Client, ids: &[String]) -> Result<Statuses, Fault> {
    let mut statuses = Statuses::new();
    walk(
        "ec2:DescribeInstanceStatus",
        |token| {
            // EC2 takes no page size together with ids.
            let request = client
                .describe_instance_status()
                .include_all_instances(true)
                .set_instance_ids(Some(ids.to_vec()))
                .set_next_token(token)
                .customize()
                .config_override(attempts(1));
            call("ec2:DescribeInstanceStatus", request.send())
        },
        |page| {
            statuses.extend(statuses_of(&page));
            page.next_token
        },
    )
    .await?;
    Ok(statuses)
}

/// The named instances with their status checks: each call is made once, and all of them have the time of one operation.
pub(super) async fn sweep_ids(
    client: &Client,
    out: &Out<'_>,
    ids: &[String],
    times: Timeouts,
) -> Result<(), Fault> {
    let reading = async {
        for chunk in ids.chunks(IDS_EACH_CALL) {
            let rows = pin!(named(client, out.place, chunk.to_vec(), 1));
            let statuses = pin!(read_statuses(client, chunk));
            let (mut rows, statuses) = match select(rows, statuses).await {
                Either::Left((rows, statuses)) => {
                    let known = tokio::time::timeout(times.grace, statuses).await;
                    (rows?, known.ok().and_then(Result::ok))
                }
                Either::Right((known, rows)) => (rows.await?, known.ok()),
            };
            for row in &mut rows {
                join(row, statuses.as_ref().unwrap_or(&Statuses::new()));
            }
            out.send(rows.into_iter().map(Resource::Instance).collect());
        }
        Ok(())
    };
    let after_ms = u64::try_from(times.operation.as_millis()).unwrap_or(u64::MAX);
    tokio::time::timeout(times.operation, Box::pin(reading))
        .await
        .unwrap_or(Err(Fault::TimedOut { after_ms }))
}

/// Instances by id; those that do not exist are left out.
pub(super) async fn instances(client: &Client, place: &Place, ids: Vec<String>) -> QueryResult {
    let mut found = vec![];
    for chunk in ids.chunks(200) {
        found.extend(named(client, place, chunk.to_vec(), READ_ATTEMPTS).await?);
    }
    Ok(Answer::Instances(found))
}

/// Instances by id. Those that do not exist are left out: EC2 refuses the whole call for one of them, and names them.
///
/// Ids are passed as ids, not as a filter: in the disruption of a zone only calls for named instances of the healthy
/// zones are sure to work.
async fn named(
    client: &Client,
    place: &Place,
    mut wanted: Vec<String>,
    tries: u32,
) -> Result<Vec<Instance>, Fault> {
    while !wanted.is_empty() {
        match described(client, place, wanted.clone(), None, tries).await {
            Ok(rows) => return Ok(rows),
            Err(fault) => {
                let before = wanted.len();
                if let Fault::Refused { message, .. } = &fault
                    && is_not_found(&fault)
                {
                    wanted.retain(|id| !message.contains(id.as_str()));
                }
                if wanted.len() == before {
                    return Err(fault);
                }
            }
        }
    }
    Ok(vec![])
}

/// How often a call is tried in all.
fn attempts(tries: u32) -> Builder {
    Builder::new().retry_config(RetryConfig::standard().with_max_attempts(tries))
}

/// Instances that a client token launched. Where the filter is not understood, every instance is looked at.
pub(super) async fn by_token(client: &Client, place: &Place, token: &str) -> QueryResult {
    let filter = Filter::builder().name("client-token").values(token).build();
    let found = match described(client, place, vec![], Some(filter), READ_ATTEMPTS).await {
        Err(Fault::Refused { .. } | Fault::Server { .. }) => {
            let mut all = described(client, place, vec![], None, READ_ATTEMPTS).await?;
            all.retain(|row| row.client_token.as_deref() == Some(token));
            all
        }
        answer => answer?,
    };
    Ok(Answer::Instances(found))
}

async fn described(
    client: &Client,
    place: &Place,
    ids: Vec<String>,
    filter: Option<Filter>,
    tries: u32,
) -> Result<Vec<Instance>, Fault> {
    let mut found = vec![];
    walk(
        "ec2:DescribeInstances",
        |token| {
            let request = client
                .describe_instances()
                .set_instance_ids((!ids.is_empty()).then(|| ids.clone()))
                .set_filters(filter.clone().map(|f| vec![f]))
                .set_next_token(token)
                .customize()
                .config_override(attempts(tries));
            call("ec2:DescribeInstances", request.send())
        },
        |page| {
            found.extend(rows(place, &page));
            page.next_token
        },
    )
    .await?;
    Ok(found)
}

fn rows(place: &Place, page: &DescribeInstancesOutput) -> Vec<Instance> {
    page.reservations()
        .iter()
        .flat_map(|reservation| reservation.instances())
        .filter_map(|instance| row(place, instance))
        .collect()
}

/// An instance as claimed; one without an id is nothing that could be shown.
pub(super) fn row(place: &Place, instance: &aws_sdk_ec2::types::Instance) -> Option<Instance> {
    let id = instance.instance_id()?;
    let tags: Tags = instance
        .tags()
        .iter()
        .filter_map(|tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned())))
        .collect();
    Some(Instance {
        key: place.key(Kind::Instance, id),
        name: tags.get("Name").unwrap_or_default().to_owned(),
        state: InstanceState::from(
            instance
                .state()
                .and_then(|state| state.name())
                .map_or_else(String::new, |name| name.as_str().to_owned()),
        ),
        state_reason: text(instance.state_reason().and_then(|r| r.message())),
        instance_type: instance.instance_type().map_or_else(String::new, |t| t.as_str().to_owned()),
        zone: instance.placement().and_then(|p| p.availability_zone()).unwrap_or_default().to_owned(),
        image: instance.image_id().unwrap_or_default().to_owned(),
        launched: time(instance.launch_time()),
        private_ip: text(instance.private_ip_address()),
        public_ip: text(instance.public_ip_address()),
        vpc: text(instance.vpc_id()),
        subnet: text(instance.subnet_id()),
        security_groups: security_groups(instance),
        auto_scaling_group: tags.get("aws:autoscaling:groupName").map(str::to_owned),
        system_status: None,
        instance_status: None,
        client_token: text(instance.client_token()),
        tags,
    })
}

/// The groups of the instance, else those of its first interface.
pub(super) fn security_groups(instance: &aws_sdk_ec2::types::Instance) -> Vec<String> {
    let ids = |groups: &[aws_sdk_ec2::types::GroupIdentifier]| -> Vec<String> {
        groups.iter().filter_map(|group| text(group.group_id())).collect()
    };
    let own = ids(instance.security_groups());
    if own.is_empty() {
        instance.network_interfaces().first().map(|interface| ids(interface.groups())).unwrap_or_default()
    } else {
        own
    }
}
