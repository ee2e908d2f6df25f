//! When the last old answer leaves the last cache; and until that can be counted, what is waited for.
//!
//! A cache may keep an answer for its TTL from the last moment in which a name server gave it. So nothing runs out while the
//! call has no answer, while Route 53 has not said INSYNC, or while a name server is seen to give the old. Where INSYNC will
//! not be heard any more (the call's answer was lost, or nobody looks) it counts from when every name server was seen to
//! answer the new. Refuses to count from anything else. Part of [`super`]; the screen shows it.

use super::{SILENT_S, ServerSays, Switch};
use crate::app::App;
use crate::incident::dns::{DnsSubject, Says};
use crate::incident::entry::Outcome;
use crate::incident::operation::Standing;
use jiff::{SignedDuration, Timestamp};

/// How far the old answers are from being gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The call has no answer yet: whether anything changes is not known.
    Unanswered,
    /// Route 53 took the change, and has not said INSYNC.
    Pending,
    /// Route 53 says INSYNC, and a name server was last seen to give the old, or is about to be asked.
    Served,
    /// INSYNC was not seen and will not be, and not every name server was seen to answer the new.
    Unseen,
    /// The last cache drops the old answer then.
    At(Timestamp),
}

impl Expiry {
    /// When the last cache drops the old answer, where that can be counted.
    #[must_use]
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::At(at) => Some(at),
            Self::Unanswered | Self::Pending | Self::Served | Self::Unseen => None,
        }
    }
}

impl App {
    /// How far the old answers of a switch are from being gone, by what its name servers say.
    pub(super) fn expiry(&self, switch: &Switch, name_servers: &[(DnsSubject, ServerSays<'_>)]) -> Expiry {
        let operation = self.incident.operations.get(&switch.plan);
        let is_running = operation.is_some_and(|op| op.standing(&self.incident) == Standing::Running);
        let outcome = operation.and_then(|operation| switch.outcome(operation));
        // Taken and forgotten: GetChange will never say INSYNC.
        let stranded = self.executions.get(&switch.plan).is_some_and(|execution| execution.stranded);
        let any = |says: Says| name_servers.iter().any(|(_, server)| server.says == says);
        let all_new = !name_servers.is_empty() && name_servers.iter().all(|(_, s)| s.says == Says::New);
        let turned = name_servers
            .iter()
            .filter(|(_, server)| server.says == Says::New)
            .filter_map(|(_, server)| server.probed.map(|probed| probed.since))
            .max();
        // Each gave the old until it was seen to have turned, at the latest.
        let counted_from = |from: Timestamp| {
            let last_old = turned.map_or(from, |turned| turned.max(from));
            Expiry::At(last_old + SignedDuration::from_secs(switch.ttl.into()))
        };
        match (switch.in_sync, outcome) {
            (None, None) if is_running => Expiry::Unanswered,
            (None, Some(Outcome::Ok { .. })) if is_running && !stranded => Expiry::Pending,
            (None, _) if all_new => counted_from(switch.at),
            (None, _) => Expiry::Unseen,
            (Some(_), _) if any(Says::Old) => Expiry::Served,
            (Some(in_sync), _)
                if any(Says::NotAsked) && self.now.duration_since(in_sync).as_secs() < SILENT_S =>
            {
                Expiry::Served
            }
            (Some(in_sync), _) => counted_from(in_sync),
        }
    }
}
