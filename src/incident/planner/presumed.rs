//! Plans in an account that is only presumed to be that of the credentials: STS has not named it to this session.
//!
//! A plan says so among its warnings and in its evidence. It refuses what only the logbook knows: names are the same in many
//! accounts, so what is acted on by its name must have been read with these credentials; what was done in an account by others
//! is not undone on a guess. Zones are exempt, for every plan reads their records afresh by an id that no other account has.

use super::{Desk, Planned};
use crate::incident::fold::Incident;
use crate::incident::place::{Place, Service};
use crate::incident::plan::{Action, Grounds, Plan, Refusal};
use crate::incident::request::{BalancerRef, Call};

/// Lets a plan pass, with what is to be said of it, or refuses it.
pub(super) fn weigh(desk: &Desk<'_>, action: &Action, planned: Planned) -> Result<Planned, Refusal> {
    let Planned::Plan(mut plan) = planned else { return Ok(planned) };
    let account = plan.scope.account.clone();
    let Some((profile, presumed)) = desk.incident.presumption(desk.session, &account) else {
        return Ok(Planned::Plan(plan));
    };
    let refused = |why: String, instead: &str| Err(Refusal::new(action.to_string(), why, instead));
    let unsaid =
        format!("STS has not yet said whether the credentials of {profile} are those of account {account}");
    if let Action::Undo { operation } = action
        && !desk.incident.operations.get(operation).is_some_and(|of| of.plan.session == *desk.session)
    {
        return refused(
            format!("{unsaid}, in which this was done"),
            "Wait for STS; or do the opposite by an action of its own, which reads what is there first",
        );
    }
    let unread = plan.steps.iter().filter_map(|step| acts_on(&step.call)).find(|place| {
        !desk.incident.has_read(desk.session, place) && is_known_there(desk.incident, place, &plan)
    });
    if let Some(place) = unread {
        return refused(
            format!(
                "{unsaid}, and they have not read {} {} yet: what is shown there is what the logbook knows",
                place.scope.region, place.service
            ),
            "Refresh, and try again when the cell was read; or wait for STS",
        );
    }
    plan.warnings.push(format!(
        "account {account} is presumed: STS does not answer, and said last that {profile} is it, to {} at {}",
        presumed.to,
        presumed.said.strftime("%Y-%m-%d %H:%M UTC")
    ));
    let what = format!("account {account} is presumed, not verified by STS");
    plan.grounds.push(Grounds { what, at: desk.now });
    plan.hash = plan.computed_hash();
    Ok(Planned::Plan(plan))
}

/// The place whose rows a call acts on by their names or ids.
fn acts_on(call: &Call) -> Option<Place> {
    let service = match call {
        Call::ChangeRecords { .. } => return None,
        Call::RunInstance { .. } | Call::DisableSourceDestCheck { .. } | Call::Terminate { .. } => {
            Service::Ec2
        }
        Call::Register { under, .. } | Call::Deregister { under, .. } => match under {
            BalancerRef::Classic(_) => Service::Elb,
            BalancerRef::TargetGroup(_) => Service::ElbV2,
        },
        Call::RestoreDatabase { .. } => Service::Rds,
    };
    Some(call.scope().place(service))
}

/// Whether the log knows what a plan acts on there. An instance by its id that nobody has seen is asked for afresh.
fn is_known_there(incident: &Incident, place: &Place, plan: &Plan) -> bool {
    let by_id = |name: &String| name.starts_with("i-");
    let known = |name: &String| incident.rows_of(place).any(|(key, _)| key.id == *name);
    place.service != Service::Ec2 || !plan.resources.iter().all(|name| by_id(name) && !known(name))
}

#[cfg(test)]
mod tests;
