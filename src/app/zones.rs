//! When EC2 refuses to list a region: its last known instances are asked for by id, availability zone by zone.
//!
//! In the disruption of a zone, DescribeInstances fails for everybody who names no instance, and for everybody who names
//! one of that zone; it answers for named instances of the others. So after a fault that may be of one zone every zone is
//! asked once, side by side, for what is known to be there. What answers is read and is fresh; what does not keeps its
//! rows with their age; the cell says which. It is never called whole: nothing new is seen so, and nothing is taken out.
//!
//! Asked only with tokens that are there: an estate too large for them is asked in turns, and such a zone counts as not
//! read. Pure, like all of `app`.

use super::App;
use super::budget::bucket_of;
use super::message::{Effect, Ticket};
use super::sweeping::{SeenIds, SweepUnderWay};
use crate::incident::cell::{SweepStatus, ZoneFault};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Place, Service};
use crate::incident::request::{IDS_EACH_CALL, Sweep};
use crate::incident::resource::{InstanceState, Resource};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// Requests for the ids of a call: the instances, and their status checks.
const CALLS_FOR_IDS: usize = 2;

/// A region that is asked zone by zone.
#[derive(Debug, Clone)]
pub(super) struct ByZone {
    began: Timestamp,
    /// Why asking for everything failed.
    error: Fault,
    waiting: BTreeSet<Ticket>,
    answered: BTreeSet<String>,
    failed: BTreeMap<String, Fault>,
    missing: Vec<String>,
    /// Whether any zone answered, be it for a part of its instances.
    heard: bool,
}

/// A zone's share of a sweep.
#[derive(Debug, Clone)]
pub(super) struct ZonePart {
    /// The sweep that failed as a whole.
    pub(super) of: Ticket,
    pub(super) zone: String,
    /// What is asked for.
    pub(super) ids: Vec<String>,
}

/// Whether a fault may be that of one availability zone: the service answered badly, and not because of us.
fn may_be_of_a_zone(fault: &Fault) -> bool {
    match fault {
        Fault::TimedOut { .. }
        | Fault::Reset { .. }
        | Fault::CutShort { .. }
        | Fault::Html { .. }
        | Fault::Garbled { .. }
        | Fault::Server { .. } => true,
        // Nobody there would answer for ids either, or it was not the zone that refused.
        Fault::Dark { .. }
        | Fault::Throttled { .. }
        | Fault::Denied { .. }
        | Fault::CredentialsMissing { .. }
        | Fault::CredentialsExpired { .. }
        | Fault::CredentialsRefused { .. }
        | Fault::ClockSkewed { .. }
        | Fault::Refused { .. }
        | Fault::Unaskable { .. } => false,
    }
}

impl App {
    /// Asks zone by zone after a sweep failed as a whole; whether there was anything to ask for, and anything to ask with.
    pub(super) fn ask_by_zone(
        &mut self,
        whole: Ticket,
        place: &Place,
        under_way: &SweepUnderWay,
        error: &Fault,
        effects: &mut Vec<Effect>,
    ) -> bool {
        let Some(profile) = self.profile_of(&place.scope.account) else { return false };
        if place.service != Service::Ec2 || !may_be_of_a_zone(error) {
            return false;
        }
        let mut zones: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (key, seen) in self.incident.rows_of(place) {
            match &seen.resource {
                Resource::Instance(row) if row.zone.is_empty() || row.state == InstanceState::Terminated => {}
                Resource::Instance(row) => zones.entry(row.zone.clone()).or_default().push(key.id.clone()),
                Resource::Database(_)
                | Resource::Cluster(_)
                | Resource::Snapshot(_)
                | Resource::AutomatedBackup(_)
                | Resource::Balancer(_)
                | Resource::TargetGroup(_)
                | Resource::Registration(_)
                | Resource::HostedZone(_)
                | Resource::RecordSet(_) => {}
            }
        }
        let bucket = bucket_of(place);
        let calls = self.budget.left(&bucket, self.now) / CALLS_FOR_IDS;
        let each = calls / zones.len().max(1) * IDS_EACH_CALL;
        if zones.is_empty() || each == 0 {
            return false;
        }
        let turn = self.schedule.get(place).map_or(0, |schedule| schedule.failures as usize);
        let mut by_zone = ByZone {
            began: under_way.began,
            error: error.clone(),
            waiting: BTreeSet::new(),
            answered: BTreeSet::new(),
            failed: BTreeMap::new(),
            missing: Vec::new(),
            heard: false,
        };
        let mut cost = 0;
        for (zone, mut ids) in zones {
            let known = ids.len();
            if known > each {
                ids.rotate_left(turn * each % known);
                ids.truncate(each);
                let detail = format!("{} of its {known} instances were asked for", ids.len());
                by_zone.failed.insert(zone.clone(), Fault::Unaskable { detail });
            }
            cost += ids.len().div_ceil(IDS_EACH_CALL) * CALLS_FOR_IDS;
            let ticket = self.ticket();
            by_zone.waiting.insert(ticket);
            let part = SweepUnderWay {
                place: under_way.place.clone(),
                began: self.now,
                seen: SeenIds::default(),
                pages: 0,
                part: Some(ZonePart { of: whole, zone, ids: ids.clone() }),
            };
            self.sweeping.sweeps.insert(ticket, part);
            let record_names = Vec::new();
            let sweep = Sweep { profile: profile.clone(), place: under_way.place.clone(), record_names, ids };
            effects.push(Effect::Sweep(ticket, sweep));
        }
        self.budget.debit(&bucket, self.now, u32::try_from(cost).unwrap_or(u32::MAX));
        self.sweeping.by_zone.insert(whole, by_zone);
        true
    }

    /// A zone's answer is over. When the last one is, the sweep is: with its beginning, and with what came of it.
    pub(super) fn zone_swept(
        &mut self,
        ticket: Ticket,
        part: ZonePart,
        seen: &SeenIds,
        result: Result<(), Fault>,
    ) -> Option<(Timestamp, SweepStatus)> {
        let by_zone = self.sweeping.by_zone.get_mut(&part.of)?;
        by_zone.waiting.remove(&ticket);
        by_zone.heard |= result.is_ok();
        if result.is_ok() {
            let gone = part.ids.into_iter().filter(|id| !seen.has(Kind::Instance, id));
            by_zone.missing.extend(gone);
        }
        match result {
            Ok(()) if by_zone.failed.contains_key(&part.zone) => {}
            Ok(()) => {
                by_zone.answered.insert(part.zone);
            }
            Err(error) => {
                by_zone.failed.insert(part.zone, error);
            }
        }
        if !by_zone.waiting.is_empty() {
            return None;
        }
        let ByZone { began, error, answered, failed, missing, heard, .. } =
            self.sweeping.by_zone.remove(&part.of)?;
        if !heard {
            return Some((began, SweepStatus::Failed { error }));
        }
        let failed = failed.into_iter().map(|(zone, error)| ZoneFault { zone, error }).collect();
        let answered = answered.into_iter().collect();
        Some((began, SweepStatus::Partial { error, answered, failed, missing }))
    }
}

#[cfg(test)]
mod tests;
