//! Logbooks of nights that never were, written through the library as a cockpit writes them.
//!
//! Every entry is a function of its number, so the same logbook is written again by anybody. Lines that a cockpit brings
//! to the disk before it goes on are rare here, as they are in life: writing a million of them is not what is measured.

use blackstart::incident::cell::{Evidence, ProbeSubject, SweepStatus, Verdict};
use blackstart::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, Mode, SessionId};
use blackstart::incident::hash::PlanHash;
use blackstart::incident::place::{Account, Kind, Place, Region, Scope, Service};
use blackstart::incident::request::{BalancerRef, Call, InstanceRef, TargetRef};
use blackstart::incident::resource::{Instance, InstanceState, Resource, Tags};
use blackstart::logbook::{Seen, StrandWriter};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::path::Path;

use super::estate::{REGIONS, id};

const ACCOUNT: &str = "123456789012";

fn place(region: &str, service: Service) -> Place {
    Scope::new(Account(ACCOUNT.into()), Region::new(region)).place(service)
}

/// An instance of the estate, as the log knows it.
pub fn instance(region: &str, number: usize, state: InstanceState) -> Instance {
    let role = ["web", "api", "worker", "cache", "batch"][number % 5];
    Instance {
        key: place(region, Service::Ec2).key(Kind::Instance, id(region, number)),
        name: format!("{role}-{number}"),
        state,
        state_reason: None,
        instance_type: "m5.large".into(),
        zone: format!("{region}a"),
        image: "ami-00000000000000001".into(),
        launched: Timestamp::from_second(1_790_000_000).ok(),
        private_ip: Some(format!("10.0.{}.{}", number / 250 % 250, number % 250)),
        public_ip: None,
        vpc: Some("vpc-0123456789abcdef0".into()),
        subnet: Some("subnet-00000000000000001".into()),
        security_groups: vec!["sg-00000000000000001".into()],
        auto_scaling_group: Some(format!("{role}-group")),
        system_status: Some("ok".into()),
        instance_status: Some("ok".into()),
        client_token: None,
        tags: Tags::from([
            ("Name".to_owned(), format!("{role}-{number}")),
            ("role".to_owned(), role.to_owned()),
        ]),
    }
}

/// A strand that is being written.
struct Strand {
    writer: StrandWriter,
    actor: Actor,
    at: Timestamp,
    mono_ms: u64,
    seq: u64,
}

impl Strand {
    fn begin(dir: &Path, user: &str, at: Timestamp) -> Self {
        let session = SessionId(format!("{}-{user}@jump-1-4711", at.strftime("%Y%m%dT%H%M%SZ")).into());
        let writer = StrandWriter::create(dir, &session).expect("a strand");
        let actor = Actor {
            user: user.into(),
            uid: 1000,
            host: "jump-1".into(),
            ssh_client: Some("198.51.100.7".into()),
            aws: Some(format!("arn:aws:iam::{ACCOUNT}:user/{user}")),
        };
        let mut strand = Self { writer, actor, at, mono_ms: 0, seq: 0 };
        strand.write(Body::Opened {
            version: env!("CARGO_PKG_VERSION").into(),
            estate: "fitocracy".into(),
            mode: Mode::Live,
            pid: 4711,
            regions: REGIONS.map(str::to_owned).to_vec(),
            sites: Vec::new(),
            continues: None,
            command: None,
        });
        strand
    }

    fn pass(&mut self, ms: i64) {
        self.at += SignedDuration::from_millis(ms);
        self.mono_ms += u64::try_from(ms).unwrap_or_default();
    }

    fn write(&mut self, body: Body) {
        self.write_seeing(body, &Seen::new());
    }

    fn write_seeing(&mut self, body: Body, seen: &Seen) -> (SessionId, blackstart::logbook::Head) {
        let entry = Entry {
            v: ENTRY_VERSION,
            seq: self.seq,
            ts: self.at,
            mono_ms: self.mono_ms,
            session: self.writer.session().clone(),
            actor: self.actor.clone(),
            body,
        };
        self.seq += 1;
        let head = self.writer.append(&entry, seen).expect("an entry is written");
        (self.writer.session().clone(), head)
    }
}

fn begin() -> Timestamp {
    Timestamp::from_second(1_794_000_000).expect("a time in range")
}

/// The logbook of a cockpit that has read an estate once, and left.
pub fn last_known(dir: &Path, instances: usize) {
    let mut strand = Strand::begin(dir, "adam", begin());
    let each = instances.div_ceil(REGIONS.len());
    let mut left = instances;
    for region in REGIONS {
        let here = each.min(left);
        left -= here;
        for first in (0..here).step_by(500) {
            let rows = first..here.min(first + 500);
            let changed =
                rows.map(|n| Resource::Instance(instance(region, n, InstanceState::Running))).collect();
            strand.pass(40);
            let place = place(region, Service::Ec2);
            strand.write(Body::Observed { place, status: None, changed, gone: Vec::new() });
        }
        for service in Service::REGIONAL {
            strand.pass(3);
            let status = Some(SweepStatus::Ok { latency_ms: 120 });
            let place = place(region, service);
            strand.write(Body::Observed { place, status, changed: Vec::new(), gone: Vec::new() });
        }
    }
    strand.write(Body::Left { reason: "quit".into() });
}

/// A long watch of two cockpits that see each other: single rows that change, probes that turn, cells that fail and come
/// back, heartbeats, and a note now and then. Gives the bytes written.
pub fn long_watch(dir: &Path, entries: usize) -> u64 {
    let mut strands = [Strand::begin(dir, "adam", begin()), Strand::begin(dir, "daniel", begin())];
    let mut heads: [Seen; 2] = [Seen::new(), Seen::new()];
    for n in 0..entries.saturating_sub(2) {
        let own = usize::from(n % 3 == 0);
        let region = REGIONS[n * 7 % REGIONS.len()];
        let strand = &mut strands[own];
        strand.pass(43 + i64::from(n % 3 == 0) * 43);
        let (session, head) = strand.write_seeing(entry_body(n, region), &heads[1 - own]);
        // What is written by one is seen by the other with its next line, now and then.
        if n.is_multiple_of(50) {
            heads[own].insert(session, head);
        }
    }
    let files = std::fs::read_dir(dir).into_iter().flatten().flatten();
    files.filter_map(|file| file.metadata().ok()).map(|meta| meta.len()).sum()
}

fn entry_body(n: usize, region: &str) -> Body {
    let subject = ProbeSubject::Site(["www", "api", "shop"][n % 3].into());
    match n % 100 {
        // Rows that changed: 5,000 instances in all.
        0..70 => {
            let state = [InstanceState::Running, InstanceState::Stopping, InstanceState::Stopped]
                [n / 100 % 3]
                .clone();
            Body::Observed {
                place: place(region, Service::Ec2),
                status: None,
                changed: vec![Resource::Instance(instance(region, n % 294, state))],
                gone: Vec::new(),
            }
        }
        70..85 => Body::Probed {
            subject,
            evidence: Evidence::new(
                if (n / 100).is_multiple_of(40) { Verdict::Refused } else { Verdict::Answers },
                "HTTP 200",
                40 + n as u64 % 50,
            ),
        },
        85..98 => Body::Observed {
            place: place(region, Service::REGIONAL[n % 4]),
            status: Some(SweepStatus::Ok { latency_ms: 100 + n as u64 % 50 }),
            changed: Vec::new(),
            gone: Vec::new(),
        },
        _ => Body::Heartbeat {
            fresh: REGIONS.iter().take(4).map(|r| (place(r, Service::Ec2), begin())).collect(),
            failing: BTreeMap::new(),
        },
    }
}

/// What is written before a call is made.
pub fn intent(n: usize) -> Body {
    let region = REGIONS[n % REGIONS.len()];
    Body::Intent {
        plan: PlanHash(format!("{n:064x}")),
        step: n % 3,
        call: Call::Register {
            scope: Scope::new(Account(ACCOUNT.into()), Region::new(region)),
            under: BalancerRef::Classic("web".into()),
            targets: vec![TargetRef { id: InstanceRef::Id(id(region, n)), port: None }],
        },
    }
}

/// An entry of a strand of intents, for whoever appends it by hand.
pub fn intent_entry(session: &SessionId, seq: u64) -> Entry {
    Entry {
        v: ENTRY_VERSION,
        seq,
        ts: begin() + SignedDuration::from_millis(i64::try_from(seq).unwrap_or_default()),
        mono_ms: seq,
        session: session.clone(),
        actor: Actor { user: "adam".into(), uid: 1000, host: "jump-1".into(), ssh_client: None, aws: None },
        body: intent(usize::try_from(seq).unwrap_or_default()),
    }
}
