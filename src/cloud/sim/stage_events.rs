//! From the words of an event to what changes in the world when its time comes.

use super::happening::{ClaimChange, Happening, RestorableChange};
use super::script::EventTable;
use super::stage::{Stage, in_sync, seconds};
use super::state::{DbTruth, Refused, Restorable};
use super::weather::{Facility, Trouble, Weather};
use crate::incident::place::Service;
use jiff::Timestamp;

/// Everything that one event makes happen; a complaint names the thing that does not exist or fit.
pub(super) fn happenings(stage: &Stage, event: &EventTable) -> Result<Vec<Happening>, String> {
    let regions = regions(stage, event)?;
    let account = match &event.account {
        Some(profile) => Some(stage.known_account(profile)?),
        None => None,
    };
    let mut happenings = Vec::new();
    if event.service.is_some() || event.zone.is_some() || event.fault.is_some() || event.clear {
        weather(stage, event, account, &regions, &mut happenings)?;
    }
    if let Some(credentials) = event.credentials {
        happenings.push(Happening::Credentials {
            account: account.ok_or("credentials need an account")?,
            credentials,
            expires: event.expires.as_deref().map(seconds).transpose()?,
        });
    }
    // Things belong to the first account unless the event says otherwise.
    let owner = account.unwrap_or(0);
    things(stage, event, owner, &regions, &mut happenings)?;
    pace(event, &regions, &mut happenings)?;
    if happenings.is_empty() && event.story.is_none() {
        return Err(
            "nothing happens in it: give a service and a fault, a thing and its truth or claim, or a story"
                .into(),
        );
    }
    Ok(happenings)
}

fn regions(stage: &Stage, event: &EventTable) -> Result<Vec<String>, String> {
    let Some(words) = &event.region else {
        return Ok(Vec::new());
    };
    if words.list() == ["*"] {
        return Ok(stage.state.paces.keys().cloned().collect());
    }
    words.list().into_iter().map(|region| stage.known_region(region).map(|()| region.to_owned())).collect()
}

fn weather(
    stage: &Stage,
    event: &EventTable,
    account: Option<usize>,
    regions: &[String],
    into: &mut Vec<Happening>,
) -> Result<(), String> {
    let Some(words) = &event.service else {
        return Err("a fault needs a service, such as service = \"ec2\"".into());
    };
    let facilities: Vec<Facility> = if words.list() == ["*"] {
        Facility::all().collect()
    } else {
        words
            .list()
            .into_iter()
            .map(|word| {
                Facility::from_word(word).ok_or_else(|| {
                    format!(
                        "there is no service {word:?}; there are {}",
                        Facility::all().map(|f| f.to_string()).collect::<Vec<_>>().join(", ")
                    )
                })
            })
            .collect::<Result<_, _>>()?
    };
    let weather = match (event.fault, event.clear) {
        (None, true) => None,
        (Some(trouble), false) => {
            let rate = event.rate.unwrap_or(1.0);
            if !(0.0..=1.0).contains(&rate) {
                return Err(format!("rate {rate} is not between 0 and 1"));
            }
            if trouble == Trouble::Slow && event.latency_ms.is_none() {
                return Err("a slow service needs latency_ms".into());
            }
            Some(Weather {
                trouble,
                latency_ms: event.latency_ms.unwrap_or(0),
                rate,
                hits: event.hits,
                performs: event.performs,
                after_pages: event.after_pages,
            })
        }
        (Some(_), true) | (None, false) => {
            return Err("say either fault = \"…\" or clear = true".into());
        }
    };
    if regions.is_empty() {
        return Err("weather over a service needs a region".into());
    }
    if let Some(zones) = &event.zone {
        if facilities != [Facility::Service(Service::Ec2)] {
            return Err("a zone is disrupted for service = \"ec2\" alone".into());
        }
        let region = only_region(regions, "a zone")?;
        for zone in zones.list() {
            if !stage.state.machines.values().any(|m| m.region == region && m.spec.zone == zone) {
                return Err(format!("there is no instance in zone {zone:?} of {region}"));
            }
            into.push(Happening::ZoneWeather { zone: zone.to_owned(), weather: weather.clone() });
        }
        return Ok(());
    }
    for facility in facilities {
        for region in regions {
            into.push(Happening::Weather {
                account,
                region: region.clone(),
                facility,
                weather: weather.clone(),
            });
        }
    }
    Ok(())
}

fn only_region<'a>(regions: &'a [String], what: &str) -> Result<&'a str, String> {
    match regions {
        [region] => Ok(region),
        _ => Err(format!("{what} needs exactly one region")),
    }
}

/// `truth` ends a lie, anything else is one.
fn claim(word: Option<&str>) -> ClaimChange {
    match word {
        None => ClaimChange::Keep,
        Some("truth") => ClaimChange::Truth,
        Some(word) => ClaimChange::Say(word.to_owned()),
    }
}

fn dead(truth: Option<DbTruth>) -> Option<bool> {
    truth.map(|truth| match truth {
        DbTruth::Up => false,
        DbTruth::Refused | DbTruth::Silent | DbTruth::Dead => true,
    })
}

fn things(
    stage: &Stage,
    event: &EventTable,
    owner: usize,
    regions: &[String],
    into: &mut Vec<Happening>,
) -> Result<(), String> {
    let named = event.instance.is_some()
        || event.balancer.is_some()
        || event.target_group.is_some()
        || event.database.is_some()
        || event.host.is_some();
    let says = event.truth.is_some()
        || event.claim.is_some()
        || event.checks_claim.is_some()
        || event.restorable.is_some();
    if named != says {
        return Err(if says {
            "truth, claim and restorable need an instance, a balancer, a database or a host".into()
        } else {
            "a thing needs a truth, a claim or a restorable".into()
        });
    }
    let mut ids = Vec::new();
    if let Some(names) = &event.instance {
        let region = only_region(regions, "an instance")?;
        for name in names.list() {
            ids.extend(stage.machines_named(owner, region, name)?);
        }
    }
    if let Some(name) = event.balancer.as_ref().or(event.target_group.as_ref()) {
        let region = only_region(regions, "a balancer")?;
        let v2 = event.balancer.is_none();
        let known = if v2 {
            stage.state.groups.iter().any(|g| g.account == owner && g.region == region && g.name == *name)
        } else {
            stage.state.balancers.iter().any(|b| b.account == owner && b.region == region && b.name == *name)
        };
        if !known {
            return Err(format!("there is no {name:?} in {region}"));
        }
        into.push(if event.claim.is_some() {
            Happening::Registration {
                account: owner,
                region: region.to_owned(),
                under: name.clone(),
                targets: ids,
                claim: claim(event.claim.as_deref()),
                reason: event.reason.clone(),
                detail: event.detail.clone(),
            }
        } else if v2 {
            return Err("a target group has no truth of its own, only claims".into());
        } else {
            Happening::Balancer {
                account: owner,
                region: region.to_owned(),
                name: name.clone(),
                dead: dead(event.truth).unwrap_or(false),
            }
        });
    } else if !ids.is_empty() {
        into.push(Happening::Machines {
            ids,
            dead: dead(event.truth),
            claim: claim(event.claim.as_deref()),
            checks: claim(event.checks_claim.as_deref()),
        });
    }
    if let Some(id) = &event.database {
        let region = only_region(regions, "a database")?;
        if stage.state.database(owner, region, id).is_none() {
            return Err(format!("there is no database {id:?} in {region}"));
        }
        into.push(Happening::Database {
            account: owner,
            region: region.to_owned(),
            id: id.clone(),
            truth: event.truth,
            claim: claim(event.claim.as_deref()),
            restorable: restorable(event)?,
        });
    }
    if let Some(address) = event.host {
        if !stage.state.hosts.iter().any(|h| h.address == address) {
            return Err(format!("there is no host {address}"));
        }
        into.push(Happening::Host { address, dead: dead(event.truth).unwrap_or(false) });
    }
    Ok(())
}

/// A frozen log stops where it has got to when the event comes.
fn restorable(event: &EventTable) -> Result<Option<RestorableChange>, String> {
    Ok(match event.restorable.as_deref() {
        None => None,
        Some("live") => Some(RestorableChange::To(Restorable::Live)),
        Some("frozen") => Some(RestorableChange::Freeze),
        Some("lost") => Some(RestorableChange::To(Restorable::Lost)),
        Some(text) => {
            let at: Timestamp = text
                .parse()
                .map_err(|_| format!("restorable {text:?} is not live, frozen, lost or a UTC time"))?;
            Some(RestorableChange::To(Restorable::Frozen(at)))
        }
    })
}

/// What becomes of a refusal: nothing said, lifted, or put up.
fn refusal(code: Option<&str>, message: Option<&str>, usual: &str) -> Option<Option<Refused>> {
    match code {
        None => None,
        Some("ok") => Some(None),
        Some(code) => Some(Some((code.to_owned(), message.unwrap_or(usual).to_owned()))),
    }
}

fn pace(event: &EventTable, regions: &[String], into: &mut Vec<Happening>) -> Result<(), String> {
    if let Some(text) = &event.in_sync {
        into.push(Happening::InSync(in_sync(text)?));
    }
    let span = |text: &Option<String>| text.as_deref().map(seconds).transpose();
    let (boot, register) = (span(&event.boot)?, span(&event.register)?);
    let message = event.message.as_deref();
    let launch = refusal(
        event.launches.as_deref(),
        message,
        "We currently do not have sufficient capacity in the Availability Zone you requested. Our system will be working on provisioning additional capacity.",
    );
    let restores = refusal(
        event.restores.as_deref(),
        message,
        "The DB instance is not in a state in which it can be restored.",
    );
    if boot.is_none()
        && register.is_none()
        && event.registering.is_none()
        && launch.is_none()
        && restores.is_none()
        && event.cut_off.is_none()
    {
        return Ok(());
    }
    if regions.is_empty() {
        return Err("how a region works needs a region".into());
    }
    for region in regions {
        into.push(Happening::Pace {
            region: region.clone(),
            boot,
            register,
            registering: event.registering,
            launch: launch.clone(),
            restores: restores.clone(),
            cut_off: event.cut_off,
        });
    }
    Ok(())
}
