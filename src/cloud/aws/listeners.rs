//! Where application and network balancers listen: what a probe of their DNS name has to know.
//!
//! AWS tells it one balancer at a time (DescribeListeners), and it changes with deployments, not with outages: each is
//! asked once in many sweeps, a few in each, and the row is shown without it before it is waited for. Not being told
//! costs evidence, never the balancer: credentials may lack the action.

use super::Out;
use super::fault::call;
use crate::incident::resource::{Balancer, BalancerKind, Listener, Resource};
use aws_sdk_elasticloadbalancingv2::Client;
use futures::StreamExt;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Balancers asked in one sweep, and how many of them at once.
const EACH_SWEEP: usize = 16;
const AT_ONCE: usize = 8;
/// Sweeps for which an answer is good, and after which silence is asked again.
const ANSWER_HOLDS: u32 = 40;
const SILENCE_HOLDS: u32 = 8;

/// What is known of every balancer, by ARN.
#[derive(Debug, Default)]
pub(super) struct Listeners {
    known: Mutex<HashMap<String, Known>>,
}

#[derive(Debug, Default)]
struct Known {
    listeners: Vec<Listener>,
    /// How many more sweeps go by before it is asked again.
    holds: u32,
}

impl Listeners {
    fn known(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes what is known into a row; whether it is time to ask.
    fn fill(&self, row: &mut Balancer) -> bool {
        // A gateway balancer takes every port and answers on none.
        if row.balancer_kind == BalancerKind::Gateway {
            return false;
        }
        match self.known().get_mut(&row.key.id) {
            Some(known) => {
                row.listeners.clone_from(&known.listeners);
                known.holds = known.holds.saturating_sub(1);
                known.holds == 0
            }
            None => true,
        }
    }

    /// Fills a page of rows and sends those that need not wait; the others are for [`Listeners::ask`].
    pub(super) fn send_known(&self, out: &Out<'_>, rows: Vec<Balancer>, waiting: &mut Vec<Balancer>) {
        let mut whole = Vec::with_capacity(rows.len());
        for mut row in rows {
            if self.fill(&mut row) && waiting.len() < EACH_SWEEP {
                waiting.push(row);
            } else {
                whole.push(Resource::Balancer(row));
            }
        }
        out.send(whole);
    }

    /// Asks where balancers listen and sends each with the answer; after `grace` the rest as they are.
    pub(super) async fn ask(&self, client: &Client, out: &Out<'_>, waiting: Vec<Balancer>, grace: Duration) {
        let mut waiting: BTreeMap<String, Balancer> =
            waiting.into_iter().map(|row| (row.key.id.clone(), row)).collect();
        let arns: Vec<String> = waiting.keys().cloned().collect();
        for arn in &arns {
            self.known().entry(arn.clone()).or_default().holds = SILENCE_HOLDS;
        }
        let asking = futures::stream::iter(arns).map(|arn| async move {
            let told = listeners_of(client, &arn).await;
            (arn, told)
        });
        let mut answers = asking.buffer_unordered(AT_ONCE);
        let sending = async {
            while let Some((arn, told)) = answers.next().await {
                let Some(mut row) = waiting.remove(&arn) else { continue };
                if let Some(listeners) = told {
                    row.listeners.clone_from(&listeners);
                    self.known().insert(arn, Known { listeners, holds: ANSWER_HOLDS });
                }
                out.send(vec![Resource::Balancer(row)]);
            }
        };
        let in_time = tokio::time::timeout(grace, sending).await;
        if in_time.is_err() {
            out.send(waiting.into_values().map(Resource::Balancer).collect());
        }
    }
}

/// DescribeListeners: one page holds more than a balancer may have.
async fn listeners_of(client: &Client, arn: &str) -> Option<Vec<Listener>> {
    let request = client.describe_listeners().load_balancer_arn(arn);
    let answer = call("elasticloadbalancing:DescribeListeners", request.send()).await.ok()?;
    let mut listeners: Vec<Listener> = answer
        .listeners()
        .iter()
        .filter_map(|listener| {
            Some(Listener {
                protocol: listener.protocol()?.as_str().to_owned(),
                port: u16::try_from(listener.port()?).ok()?,
                instance_port: None,
            })
        })
        .collect();
    listeners.sort_by_key(|listener| listener.port);
    Some(listeners)
}
