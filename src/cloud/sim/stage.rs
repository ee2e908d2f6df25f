//! From a scenario's words to a stage that can be played: names resolved, times computed, nonsense refused.
//!
//! Ids come from names, never from the seed, so a screenshot and a log stay the same under another seed.

use super::scenario::{Colleague, Scenario};
use super::script::{AccountTable, HostTable, ImageTable, RegionTable, Script, ServesTable, SiteTable};
use super::stage_events;
use super::state::{Host, Image, Machine, Pace, Principal, Served, State, later};
use crate::incident::hash::sha256_hex;
use crate::incident::place::{Account, Key, Kind, Region, Scope, Service};
use crate::incident::resource::normalise_name;
use crate::incident::site::Site;
use jiff::Timestamp;
use std::collections::BTreeMap;
use toml::Spanned;

/// Where in the file, and what is wrong there.
pub(super) type Complaint = (usize, String);

/// Twenty years: further than any scenario reaches.
const MOST_SECONDS: i64 = 20 * 366 * 86_400;

/// Seconds in `+6h30m`, `-21d`, `90s`.
pub(super) fn seconds(text: &str) -> Result<i64, String> {
    let wrong = || format!("{text:?} is no span of time; write it like 90s, +5m, +6h30m or -21d");
    let (sign, rest) = match text.split_at_checked(1) {
        Some(("-", rest)) => (-1, rest),
        Some(("+", rest)) => (1, rest),
        Some(_) | None => (1, text),
    };
    let mut total: i64 = 0;
    let mut number = String::new();
    for c in rest.chars() {
        let unit = match c {
            '0'..='9' => {
                number.push(c);
                continue;
            }
            'd' => 86_400,
            'h' => 3_600,
            'm' => 60,
            's' => 1,
            _ => return Err(wrong()),
        };
        let n: i64 = number.parse().map_err(|_| wrong())?;
        total = n
            .checked_mul(unit)
            .and_then(|n| total.checked_add(n))
            .filter(|total| *total <= MOST_SECONDS)
            .ok_or_else(wrong)?;
        number.clear();
    }
    if !number.is_empty() || rest.is_empty() {
        return Err(wrong());
    }
    Ok(sign * total)
}

/// Hex digits that belong to a name for good.
pub(super) fn digits(name: &str, count: usize) -> String {
    let hex = sha256_hex(name.as_bytes());
    hex.get(..count).unwrap_or(&hex).to_owned()
}

/// Checks a script and sets the stage.
pub(super) fn stage(script: &Script) -> Result<Scenario, Complaint> {
    let start: Timestamp = script.start.get_ref().parse().map_err(|_| {
        (
            script.start.span().start,
            format!("start {:?} is no UTC time; write it like 2012-06-30T03:00:00Z", script.start.get_ref()),
        )
    })?;
    let moment = |text: &Spanned<String>| {
        seconds(text.get_ref()).map(|s| later(start, s)).map_err(|what| (text.span().start, what))
    };
    let mut stage = Stage {
        start,
        state: State {
            accounts: Vec::new(),
            paces: BTreeMap::new(),
            in_sync: Some(30),
            weather: BTreeMap::new(),
            zone_weather: BTreeMap::new(),
            images: Vec::new(),
            machines: BTreeMap::new(),
            balancers: Vec::new(),
            groups: Vec::new(),
            databases: Vec::new(),
            clusters: Vec::new(),
            snapshots: Vec::new(),
            zones: Vec::new(),
            changes: BTreeMap::new(),
            hosts: Vec::new(),
            certificates: BTreeMap::new(),
            tokens: BTreeMap::new(),
            created: 0,
        },
    };
    each(&script.account, |t| stage.account(t))?;
    each(&script.region, |t| stage.region(t))?;
    stage.state.paces.entry("global".into()).or_insert_with(|| usual_pace(120));
    each(&script.image, |t| stage.image(t))?;
    each(&script.fleet, |t| stage.fleet(t))?;
    each(&script.balancer, |t| stage.balancer(t))?;
    each(&script.target_group, |t| stage.group(t))?;
    each(&script.database, |t| stage.database(t))?;
    each(&script.cluster, |t| stage.cluster(t))?;
    each(&script.snapshot, |t| stage.snapshot(t))?;
    each(&script.zone, |t| stage.zone(t))?;
    each(&script.host, |t| stage.host(t))?;
    let mut sites = Vec::new();
    each(&script.site, |t| {
        sites.push(stage.site(t)?);
        Ok(())
    })?;

    let estate = script.estate.get_ref().clone();
    for region in &estate.regions {
        stage.known_region(region).map_err(|what| (script.estate.span().start, format!("estate: {what}")))?;
    }
    for profile in &estate.profiles {
        stage
            .known_account(profile)
            .map_err(|what| (script.estate.span().start, format!("estate: {what}")))?;
    }
    if stage.state.accounts.is_empty() {
        return Err((script.estate.span().start, "there is no account: add [[account]]".into()));
    }

    let mut happenings = Vec::new();
    let mut milestones = Vec::new();
    for event in &script.event {
        let at = |what: String| (event.span().start, what);
        let table = event.get_ref();
        let when = later(start, seconds(&table.at).map_err(at)?);
        let named = |what: String| at(format!("event at {}: {what}", table.at));
        for happening in stage_events::happenings(&stage, table).map_err(named)? {
            happenings.push((when, happening));
        }
        if let Some(story) = &table.story {
            milestones.push((when, story.clone()));
        }
    }
    let mut colleagues = Vec::new();
    each(&script.operator, |table| {
        colleagues.push(Colleague {
            at: later(start, seconds(&table.at)?),
            user: table.who.clone(),
            host: table.host.clone(),
            note: table.note.clone(),
        });
        Ok(())
    })?;
    // Stable sorts: what the file says first at a moment happens first.
    happenings.sort_by_key(|(at, _)| *at);
    milestones.sort_by_key(|(at, _)| *at);
    colleagues.sort_by_key(|colleague| colleague.at);
    Ok(Scenario {
        name: script.name.clone(),
        description: script.description.clone(),
        seed: script.seed,
        start,
        strikes_at: moment(&script.strikes)?,
        open_at: moment(&script.open_at)?,
        estate,
        sites,
        colleagues,
        milestones,
        state: stage.state,
        happenings,
    })
}

/// Runs over tables; a complaint gets the table's place.
fn each<T>(tables: &[Spanned<T>], mut with: impl FnMut(&T) -> Result<(), String>) -> Result<(), Complaint> {
    tables.iter().try_for_each(|table| with(table.get_ref()).map_err(|what| (table.span().start, what)))
}

fn usual_pace(latency_ms: u64) -> Pace {
    Pace {
        latency_ms,
        boot: 45,
        checks: 150,
        register: 40,
        drain: 300,
        restore: 600,
        restore_per_log_hour: 330,
        registering_stuck: false,
        launch: None,
        restores: None,
        cut_off: false,
    }
}

fn served(table: &ServesTable) -> Served {
    Served {
        status: table.status,
        body: table.body.clone(),
        label: table.label.clone(),
        needs: table.needs.clone(),
    }
}

/// The stage while it is being set.
pub(super) struct Stage {
    pub(super) start: Timestamp,
    pub(super) state: State,
}

impl Stage {
    pub(super) fn known_region(&self, region: &str) -> Result<(), String> {
        if self.state.paces.contains_key(region) {
            return Ok(());
        }
        Err(format!(
            "there is no region {region:?} in this scenario; it has {}",
            self.state.paces.keys().map(String::as_str).collect::<Vec<_>>().join(", ")
        ))
    }

    pub(super) fn known_account(&self, profile: &str) -> Result<usize, String> {
        self.state.accounts.iter().position(|a| a.profile == profile).ok_or_else(|| {
            format!(
                "there is no account with profile {profile:?}; there are {}",
                self.state.accounts.iter().map(|a| a.profile.as_str()).collect::<Vec<_>>().join(", ")
            )
        })
    }

    pub(super) fn home(&self, account: &str, region: &str) -> Result<usize, String> {
        self.known_region(region)?;
        self.known_account(account)
    }

    /// Ids of the machines of that name; a final `*` stands for anything.
    pub(super) fn machines_named(
        &self,
        account: usize,
        region: &str,
        name: &str,
    ) -> Result<Vec<String>, String> {
        let named = |m: &Machine| {
            let own = m.spec.tags.get("Name").map_or("", String::as_str);
            match name.strip_suffix('*') {
                Some(stem) => own.starts_with(stem),
                None => own == name || m.id == name,
            }
        };
        // By name, as a person lists them: web-2 before web-10.
        let mut found: Vec<&Machine> = self
            .state
            .machines
            .values()
            .filter(|m| m.account == account && m.region == region && named(m))
            .collect();
        found.sort_by_key(|m| {
            let name = m.spec.tags.get("Name").map_or("", String::as_str);
            (name.len(), name)
        });
        if found.is_empty() {
            return Err(format!("there is no instance {name:?} in {region}"));
        }
        Ok(found.into_iter().map(|m| m.id.clone()).collect())
    }

    pub(super) fn key(&self, account: usize, region: &str, service: Service, kind: Kind, id: &str) -> Key {
        let account = self.state.accounts.get(account).map_or("", |a| a.id.as_str());
        Scope::new(Account(account.into()), Region::new(region)).place(service).key(kind, id)
    }

    pub(super) fn account_id(&self, account: usize) -> &str {
        self.state.accounts.get(account).map_or("", |a| &a.id)
    }

    fn account(&mut self, table: &AccountTable) -> Result<(), String> {
        if table.id.len() != 12 || !table.id.bytes().all(|b| b.is_ascii_digit()) {
            return Err(format!("account {:?}: the id {:?} is not twelve digits", table.profile, table.id));
        }
        if self.known_account(&table.profile).is_ok() {
            return Err(format!("profile {:?} is given to two accounts", table.profile));
        }
        self.state.accounts.push(Principal {
            profile: table.profile.clone(),
            id: table.id.clone(),
            arn: format!("arn:aws:iam::{}:user/{}", table.id, table.user.as_deref().unwrap_or("oncall")),
            credentials: table.credentials,
            expires: table.expires.as_deref().map(seconds).transpose()?.map(|s| later(self.start, s)),
        });
        Ok(())
    }

    fn region(&mut self, table: &RegionTable) -> Result<(), String> {
        if self.state.paces.contains_key(&table.name) {
            return Err(format!("region {:?} is given twice", table.name));
        }
        let mut pace = usual_pace(table.latency_ms.unwrap_or(120));
        let named = |what| format!("region {:?}: {what}", table.name);
        for (text, field) in [
            (&table.boot, &mut pace.boot),
            (&table.checks, &mut pace.checks),
            (&table.register, &mut pace.register),
            (&table.drain, &mut pace.drain),
            (&table.restore, &mut pace.restore),
            (&table.restore_per_log_hour, &mut pace.restore_per_log_hour),
        ] {
            if let Some(text) = text {
                *field = seconds(text).map_err(named)?;
            }
        }
        if let Some(text) = &table.in_sync {
            self.state.in_sync = in_sync(text).map_err(named)?;
        }
        self.state.paces.insert(table.name.clone(), pace);
        Ok(())
    }

    fn image(&mut self, table: &ImageTable) -> Result<(), String> {
        let account = self
            .home(&table.account, &table.region)
            .map_err(|what| format!("image {:?}: {what}", table.id))?;
        self.state.images.push(Image {
            account,
            region: table.region.clone(),
            id: table.id.clone(),
            serves: table.serves.as_ref().map(served),
        });
        Ok(())
    }

    fn host(&mut self, table: &HostTable) -> Result<(), String> {
        self.state.hosts.push(Host { address: table.address, serves: served(&table.serves), dead: false });
        Ok(())
    }

    fn site(&mut self, table: &SiteTable) -> Result<Site, String> {
        let plain = |name: &str| name.to_lowercase().trim_end_matches('.').to_owned();
        let zone = plain(&table.zone);
        if !self.state.zones.iter().any(|z| z.name == normalise_name(&zone) && !z.private) {
            return Err(format!("site {:?}: there is no public zone {zone:?} in this scenario", table.name));
        }
        if let Some(expires) = &table.certificate {
            let ends = seconds(expires).map_err(|what| format!("site {:?}: {what}", table.name))?;
            let host = table.record.as_deref().unwrap_or(&table.zone);
            self.state.certificates.insert(normalise_name(host), later(self.start, ends));
        }
        Ok(Site {
            name: table.name.clone(),
            record: table.record.as_deref().map_or_else(|| zone.clone(), plain),
            zone,
            probe: table.probe.clone(),
            targets: table.target.clone(),
        })
    }
}

/// Seconds until a DNS change is in sync; `never` strands it.
pub(super) fn in_sync(text: &str) -> Result<Option<i64>, String> {
    if text == "never" { Ok(None) } else { seconds(text).map(Some) }
}
