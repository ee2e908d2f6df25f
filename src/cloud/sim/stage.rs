//! From a scenario's words to a stage that can be played: names resolved, times computed, nonsense refused.
//!
//! Ids come from names, never from the seed, so a screenshot and a log stay the same under another seed.

use super::scenario::{Colleague, Scenario};
use super::script::{
    AccountTable, BalancerTable, ClusterTable, DatabaseTable, FleetTable, GroupTable, HostTable, ImageTable,
    RecordTable, RegionTable, Script, ServesTable, SiteTable, SnapshotTable, ZoneTable,
};
use super::stage_events;
use super::state::{
    Db, DbCluster, DbSnapshot, DbTruth, Group, Host, Image, LoadBalancer, Machine, Pace, Principal,
    Restorable, Served, State, Target, Zone, later,
};
use crate::incident::hash::sha256_hex;
use crate::incident::place::{Account, Key, Kind, Region, Scope, Service};
use crate::incident::resource::{
    AliasTarget, BalancerKind, BlockDevice, Cluster, Database, Endpoint, LaunchSpec, MetadataOptions,
    RecordSet, Snapshot, SnapshotKind, normalise_name,
};
use crate::incident::secret::Secret;
use crate::incident::site::Site;
use jiff::Timestamp;
use std::collections::BTreeMap;
use toml::Spanned;

/// Where in the file, and what is wrong there.
pub(super) type Complaint = (usize, String);

/// More instances than this is a slip of the pen.
const MOST_INSTANCES: usize = 500_000;
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

/// The hosted zone ids of balancers, as AWS publishes them; another region's is made up.
fn zone_id_of(region: &str, kind: BalancerKind) -> String {
    let published = match (kind, region) {
        (BalancerKind::Classic | BalancerKind::Application, "us-east-1") => "Z35SXDOTRQ7X7K",
        (BalancerKind::Classic | BalancerKind::Application, "us-east-2") => "Z3AADJGX6KTTL2",
        (BalancerKind::Classic | BalancerKind::Application, "us-west-1") => "Z368ELLRRE2KJ0",
        (BalancerKind::Classic | BalancerKind::Application, "us-west-2") => "Z1H1FL5HABSF5",
        (BalancerKind::Classic | BalancerKind::Application, "eu-west-1") => "Z32O12XQLNTSW2",
        (BalancerKind::Network, "us-east-1") => "Z26RNL4JYFTOTI",
        (BalancerKind::Network, "us-west-1") => "Z24FKFUX50B4VW",
        (BalancerKind::Network, "us-west-2") => "Z18D5FSROUN65G",
        (BalancerKind::Network, "eu-west-1") => "Z2IFOLAFXWLO4F",
        (
            BalancerKind::Classic | BalancerKind::Application | BalancerKind::Network | BalancerKind::Gateway,
            _,
        ) => return format!("Z{}", digits(&format!("elb {region}"), 13).to_uppercase()),
    };
    published.to_owned()
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

    fn home(&self, account: &str, region: &str) -> Result<usize, String> {
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

    fn key(&self, account: usize, region: &str, service: Service, kind: Kind, id: &str) -> Key {
        let account = self.state.accounts.get(account).map_or_else(String::new, |a| a.id.clone());
        Scope::new(Account(account), Region::new(region)).place(service).key(kind, id)
    }

    fn account_id(&self, account: usize) -> &str {
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

    fn fleet(&mut self, table: &FleetTable) -> Result<(), String> {
        let named = |what: String| format!("fleet {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        if table.zones.is_empty() {
            return Err(named("zones is empty".into()));
        }
        if table.count > MOST_INSTANCES {
            return Err(named(format!("count is over {MOST_INSTANCES}")));
        }
        if table.count > 1 && !table.name.contains("{n}") {
            return Err(named("several instances need {n} in the name".into()));
        }
        if !self
            .state
            .images
            .iter()
            .any(|i| i.account == account && i.region == table.region && i.id == table.image)
        {
            return Err(named(format!("there is no image {:?} in {}", table.image, table.region)));
        }
        let launched = later(self.start, seconds(&table.launched).map_err(named)?);
        for n in 0..table.count {
            let name = table.name.replace("{n}", &(n + 1).to_string());
            let pick = |list: &[String]| list.get(n % list.len().max(1)).cloned();
            let id = format!("i-0{}", digits(&format!("{} {} {name}", table.account, table.region), 16));
            let mut tags = table.tags.clone();
            tags.insert("Name".into(), name.clone());
            let (high, low) = (n / 200 % 250 + 1, n % 200 + 10);
            let machine = Machine {
                account,
                region: table.region.clone(),
                id: id.clone(),
                spec: LaunchSpec {
                    image: table.image.clone(),
                    instance_type: table.instance_type.clone(),
                    zone: pick(&table.zones).unwrap_or_default(),
                    subnet: pick(&table.subnets),
                    security_groups: table.security_groups.clone(),
                    key_name: table.key_name.clone(),
                    instance_profile: table.instance_profile.clone(),
                    user_data: table.user_data.as_ref().map(|text| Secret::new(text.clone())),
                    metadata: Some(MetadataOptions {
                        http_tokens: Some("required".into()),
                        http_put_response_hop_limit: Some(2),
                        http_endpoint: Some("enabled".into()),
                        instance_metadata_tags: Some("disabled".into()),
                    }),
                    block_devices: vec![BlockDevice {
                        device: "/dev/sda1".into(),
                        size_gib: Some(table.volume_gib.unwrap_or(8)),
                        volume_type: Some("gp3".into()),
                        iops: None,
                        throughput: None,
                        encrypted: Some(false),
                        kms_key: None,
                        delete_on_termination: true,
                        root: true,
                    }],
                    ebs_optimized: false,
                    monitoring: false,
                    tenancy: Some("default".into()),
                    public_address: table.public,
                    elastic_ip: None,
                    source_dest_check: true,
                    termination_protection: table.protected,
                    tags,
                },
                vpc: table.vpc.clone(),
                private_ip: Some(format!("10.{}.{high}.{low}", account + 1)),
                public_ip: table.public.then(|| format!("198.51.{}.{low}", 100 + high % 100)),
                auto_scaling_group: table.auto_scaling_group.clone(),
                client_token: None,
                launched,
                running_at: launched,
                checked_at: launched,
                ended: None,
                stopped: table.stopped,
                dead: false,
                claim: None,
                checks_claim: None,
            };
            if self.state.machines.insert(id, machine).is_some() {
                return Err(named(format!("two instances are called {name:?}")));
            }
        }
        Ok(())
    }

    fn targets(
        &self,
        account: usize,
        region: &str,
        names: &[String],
        port: Option<i32>,
    ) -> Result<Vec<Target>, String> {
        let mut targets = Vec::new();
        for name in names {
            for id in self.machines_named(account, region, name)? {
                targets.push(Target {
                    id,
                    port,
                    ready_at: Some(self.start),
                    draining_until: None,
                    claim: None,
                });
            }
        }
        Ok(targets)
    }

    fn balancer(&mut self, table: &BalancerTable) -> Result<(), String> {
        let named = |what: String| format!("balancer {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        let region = &table.region;
        if self
            .state
            .balancers
            .iter()
            .any(|b| b.account == account && b.region == *region && b.name == table.name)
        {
            return Err(named(format!("{region} has two of that name")));
        }
        let number = digits(&format!("{} {region} {}", table.account, table.name), 16);
        let (arn, dns_name) = match table.kind {
            BalancerKind::Classic => (
                None,
                format!(
                    "{}-{}.{region}.elb.amazonaws.com",
                    table.name,
                    u32::from_str_radix(&number[..8], 16).unwrap_or(1)
                ),
            ),
            BalancerKind::Application | BalancerKind::Network | BalancerKind::Gateway => {
                if !table.targets.is_empty() {
                    return Err(named("its targets belong into a [[target_group]]".into()));
                }
                let (word, dns) = match table.kind {
                    BalancerKind::Network => {
                        ("net", format!("{}-{number}.elb.{region}.amazonaws.com", table.name))
                    }
                    BalancerKind::Gateway => {
                        ("gwy", format!("{}-{number}.elb.{region}.amazonaws.com", table.name))
                    }
                    BalancerKind::Application | BalancerKind::Classic => (
                        "app",
                        format!(
                            "{}-{}.{region}.elb.amazonaws.com",
                            table.name,
                            u32::from_str_radix(&number[..8], 16).unwrap_or(1)
                        ),
                    ),
                };
                (
                    Some(format!(
                        "arn:aws:elasticloadbalancing:{region}:{}:loadbalancer/{word}/{}/{number}",
                        self.account_id(account),
                        table.name
                    )),
                    dns,
                )
            }
        };
        let targets = self.targets(account, region, &table.targets, None).map_err(named)?;
        self.state.balancers.push(LoadBalancer {
            account,
            region: region.clone(),
            name: table.name.clone(),
            arn,
            kind: table.kind,
            dns_name,
            zone_id: zone_id_of(region, table.kind),
            targets,
            dead: false,
        });
        Ok(())
    }

    fn group(&mut self, table: &GroupTable) -> Result<(), String> {
        let named = |what: String| format!("target group {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        for name in &table.balancers {
            if !self.state.balancers.iter().any(|b| {
                b.account == account && b.region == table.region && b.arn.is_some() && b.name == *name
            }) {
                return Err(named(format!("there is no v2 balancer {name:?} in {}", table.region)));
            }
        }
        let targets =
            self.targets(account, &table.region, &table.targets, Some(table.port)).map_err(named)?;
        let number = digits(&format!("tg {} {} {}", table.account, table.region, table.name), 16);
        self.state.groups.push(Group {
            account,
            region: table.region.clone(),
            name: table.name.clone(),
            arn: format!(
                "arn:aws:elasticloadbalancing:{}:{}:targetgroup/{}/{number}",
                table.region,
                self.account_id(account),
                table.name
            ),
            protocol: table.protocol.clone(),
            port: table.port,
            balancers: table.balancers.clone(),
            targets,
        });
        Ok(())
    }

    fn database(&mut self, table: &DatabaseTable) -> Result<(), String> {
        let named = |what: String| format!("database {:?}: {what}", table.id);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        let region = &table.region;
        if self.state.database(account, region, &table.id).is_some() {
            return Err(named(format!("{region} has two of that name")));
        }
        let created = later(self.start, -400 * 86_400);
        let row = Database {
            key: self.key(account, region, Service::Rds, Kind::Database, &table.id),
            engine: table.engine.clone(),
            engine_version: table.engine_version.clone(),
            class: table.class.clone(),
            status: "available".into(),
            endpoint: Some(endpoint(&table.id, self.account_id(account), region, table.port)),
            multi_az: table.multi_az,
            zone: table.zone.clone(),
            storage_gib: table.storage_gib,
            storage_type: table.storage_type.clone(),
            encrypted: table.encrypted,
            latest_restorable: None,
            backup_retention_days: table.backup_retention_days,
            cluster: table.cluster.clone(),
            replica_of: table.replica_of.clone(),
            subnet_group: table.subnet_group.clone(),
            security_groups: table.security_groups.clone(),
            parameter_group: table.parameter_group.clone(),
            option_group: table.option_group.clone(),
            publicly_accessible: table.publicly_accessible,
            deletion_protection: table.deletion_protection,
            resource_id: Some(format!("db-{}", digits(&format!("{region} {}", table.id), 26).to_uppercase())),
            created: Some(created),
        };
        if let Some(at) = &table.backup_at {
            self.daily_snapshots(account, table, at).map_err(named)?;
        }
        self.state.databases.push(Db {
            account,
            region: region.clone(),
            row,
            truth: DbTruth::Up,
            claim: None,
            available_at: created,
            restorable: Restorable::Live,
            lineage: table.id.clone(),
        });
        Ok(())
    }

    /// The automated snapshots of the days before the scenario starts.
    fn daily_snapshots(&mut self, account: usize, table: &DatabaseTable, at: &str) -> Result<(), String> {
        let wrong = || format!("backup_at {at:?} is no time of day; write it like 07:00");
        let (hour, minute) = at.split_once(':').ok_or_else(wrong)?;
        let (hour, minute): (i64, i64) =
            (hour.parse().map_err(|_| wrong())?, minute.parse().map_err(|_| wrong())?);
        if !(0..24).contains(&hour) || !(0..60).contains(&minute) {
            return Err(wrong());
        }
        let midnight = self.start.as_second() - self.start.as_second().rem_euclid(86_400);
        let today = midnight + hour * 3_600 + minute * 60;
        let newest = if today < self.start.as_second() { today } else { today - 86_400 };
        for day in 0..i64::from(table.backup_retention_days) {
            let Ok(taken) = Timestamp::from_second(newest - day * 86_400) else {
                continue;
            };
            let name = format!("rds:{}-{}", table.id, taken.strftime("%Y-%m-%d-%H-%M"));
            self.push_snapshot(
                account,
                &table.region,
                Snapshot {
                    key: self.key(account, &table.region, Service::Rds, Kind::Snapshot, &name),
                    name,
                    source: table.id.clone(),
                    of_cluster: false,
                    snapshot_kind: SnapshotKind::Automated,
                    status: "available".into(),
                    progress: Some(100),
                    created: Some(taken),
                    data_as_of: Some(taken),
                    engine: table.engine.clone(),
                    size_gib: table.storage_gib,
                    encrypted: table.encrypted,
                    source_region: None,
                    arn: None,
                },
            );
        }
        Ok(())
    }

    fn push_snapshot(&mut self, account: usize, region: &str, mut row: Snapshot) {
        let word = if row.of_cluster { "cluster-snapshot" } else { "snapshot" };
        row.arn = Some(format!("arn:aws:rds:{region}:{}:{word}:{}", self.account_id(account), row.name));
        self.state.snapshots.push(DbSnapshot { account, region: region.to_owned(), row });
    }

    fn cluster(&mut self, table: &ClusterTable) -> Result<(), String> {
        let named = |what: String| format!("cluster {:?}: {what}", table.id);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        for member in &table.members {
            if self.state.database(account, &table.region, member).is_none() {
                return Err(named(format!("there is no database {member:?}")));
            }
        }
        let row = Cluster {
            key: self.key(account, &table.region, Service::Rds, Kind::Cluster, &table.id),
            engine: table.engine.clone(),
            engine_version: table.engine_version.clone(),
            status: "available".into(),
            endpoint: Some(endpoint(
                &format!("{}.cluster", table.id),
                self.account_id(account),
                &table.region,
                table.port,
            )),
            earliest_restorable: Some(later(self.start, -7 * 86_400)),
            latest_restorable: None,
            members: table.members.clone(),
            subnet_group: table.subnet_group.clone(),
            security_groups: table.security_groups.clone(),
        };
        self.state.clusters.push(DbCluster { account, region: table.region.clone(), row });
        Ok(())
    }

    fn snapshot(&mut self, table: &SnapshotTable) -> Result<(), String> {
        let named = |what: String| format!("snapshot {:?}: {what}", table.name);
        let account = self.home(&table.account, &table.region).map_err(named)?;
        let created = later(self.start, seconds(&table.created).map_err(named)?);
        let data_as_of = match &table.data_as_of {
            Some(text) => later(self.start, seconds(text).map_err(named)?),
            None => created,
        };
        let id = if table.of_cluster { format!("cluster:{}", table.name) } else { table.name.clone() };
        let row = Snapshot {
            key: self.key(account, &table.region, Service::Rds, Kind::Snapshot, &id),
            name: table.name.clone(),
            source: table.source.clone(),
            of_cluster: table.of_cluster,
            snapshot_kind: SnapshotKind::from(table.kind.clone()),
            status: table.status.clone(),
            progress: table.progress.or((table.status == "available").then_some(100)),
            created: Some(created),
            data_as_of: Some(data_as_of),
            engine: table.engine.clone(),
            size_gib: table.size_gib,
            encrypted: table.encrypted,
            source_region: table.source_region.clone(),
            arn: None,
        };
        self.push_snapshot(account, &table.region, row);
        Ok(())
    }

    fn zone(&mut self, table: &ZoneTable) -> Result<(), String> {
        let named = |what: String| format!("zone {:?}: {what}", table.name);
        let account = self.known_account(&table.account).map_err(named)?;
        let name = normalise_name(&table.name);
        let id = table.id.clone().unwrap_or_else(|| format!("Z0{}", digits(&name, 19).to_uppercase()));
        let mut records = Vec::new();
        for record in &table.record {
            self.records(account, &id, &name, record.get_ref(), &mut records).map_err(named)?;
        }
        records.sort_by(|a: &RecordSet, b| a.key.id.cmp(&b.key.id));
        self.state.zones.push(Zone {
            account,
            id,
            name,
            private: table.private,
            linked_service: table.linked_service.clone(),
            served: vec![(Some(Timestamp::MIN), records.clone())],
            records,
        });
        Ok(())
    }

    fn records(
        &self,
        account: usize,
        zone_id: &str,
        zone_name: &str,
        table: &RecordTable,
        into: &mut Vec<RecordSet>,
    ) -> Result<(), String> {
        let name = table.name.as_deref().map_or_else(|| zone_name.to_owned(), normalise_name);
        let alias = match &table.alias {
            None => None,
            Some(alias) => Some(match (&alias.balancer, &alias.dns_name) {
                (Some(balancer), None) => {
                    let region = alias.region.as_deref().unwrap_or_default();
                    let found = self
                        .state
                        .balancers
                        .iter()
                        .find(|b| b.account == account && b.region == region && b.name == *balancer)
                        .ok_or_else(|| {
                            format!("record {name}: there is no balancer {balancer:?} in {region:?}")
                        })?;
                    AliasTarget {
                        dns_name: format!("dualstack.{}.", found.dns_name.to_lowercase()),
                        zone_id: found.zone_id.clone(),
                        evaluate_target_health: alias.evaluate_target_health,
                    }
                }
                (None, Some(dns_name)) => AliasTarget {
                    dns_name: normalise_name(dns_name),
                    zone_id: alias
                        .zone_id
                        .clone()
                        .ok_or_else(|| format!("record {name}: an alias to a dns_name needs its zone_id"))?,
                    evaluate_target_health: alias.evaluate_target_health,
                },
                (Some(_), Some(_)) | (None, None) => {
                    return Err(format!("record {name}: an alias names either a balancer or a dns_name"));
                }
            }),
        };
        if alias.is_some() != table.values.is_empty() || alias.is_some() != table.ttl.is_none() {
            return Err(format!("record {name}: give either an alias, or values and a ttl"));
        }
        for record_type in table.types.list() {
            let id = RecordSet::id(zone_id, &name, record_type, table.set_identifier.as_deref());
            if into.iter().any(|r| r.key.id == id) {
                return Err(format!("record {name} {record_type} is given twice"));
            }
            into.push(RecordSet {
                key: self.key(account, "global", Service::Route53, Kind::RecordSet, &id),
                zone_id: zone_id.to_owned(),
                name: name.clone(),
                record_type: record_type.to_owned(),
                ttl: table.ttl,
                values: table.values.clone(),
                alias: alias.clone(),
                set_identifier: table.set_identifier.clone(),
                routing: table.routing.clone(),
                traffic_policy: table.traffic_policy,
                health_check: table.health_check.clone(),
            });
        }
        Ok(())
    }

    fn host(&mut self, table: &HostTable) -> Result<(), String> {
        self.state.hosts.push(Host { address: table.address, serves: served(&table.serves), dead: false });
        Ok(())
    }

    fn site(&self, table: &SiteTable) -> Result<Site, String> {
        let zone = table.zone.to_lowercase();
        if !self.state.zones.iter().any(|z| z.name == normalise_name(&zone) && !z.private) {
            return Err(format!("site {:?}: there is no public zone {zone:?} in this scenario", table.name));
        }
        Ok(Site {
            name: table.name.clone(),
            record: table.record.clone().unwrap_or_else(|| zone.clone()),
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

/// Where a database listens.
pub(super) fn endpoint(id: &str, account_id: &str, region: &str, port: u16) -> Endpoint {
    Endpoint {
        host: format!("{id}.c{}.{region}.rds.amazonaws.com", digits(&format!("{account_id} {region}"), 11)),
        port,
    }
}
