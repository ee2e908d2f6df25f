//! The functions that a cockpit spends its time in, timed one by one by criterion.
//!
//! `cargo bench --bench micro`, or `cargo bench` for everything. What each is worth to the program as a whole is measured
//! by `performance`.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a measurement that cannot go on stops")]
#![allow(missing_docs, unreachable_pub, reason = "nothing outside can reach anything here")]

#[path = "performance/estate.rs"]
#[allow(dead_code, reason = "the endpoint's half of it")]
mod estate;
#[path = "performance/history.rs"]
#[allow(dead_code, reason = "what the harness alone writes")]
mod history;

use blackstart::app::keys::{Key as Pressed, KeyCode};
use blackstart::app::message::{Effect, Message, Stamped, Ticket};
use blackstart::app::{App, Opening};
use blackstart::incident::Incident;
use blackstart::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, SessionId};
use blackstart::incident::hash::PlanHash;
use blackstart::incident::place::{Account, Profile, Region, Scope, Service};
use blackstart::incident::plan::{Action, Change, Check, Grounds, Guard, Plan, Risk, Step};
use blackstart::incident::request::{BalancerRef, Page};
use blackstart::incident::resource::{InstanceState, Resource};
use blackstart::logbook::chain::{GENESIS, Line, seal};
use blackstart::logbook::{Logbook, Seen, StrandWriter, verify, weave};
use blackstart::settings::Settings;
use blackstart::ui::{Glyphs, Look, buffer};
use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use estate::REGIONS;
use jiff::{SignedDuration, Timestamp};
use std::hint::black_box;
use std::time::Duration;

fn now() -> Timestamp {
    Timestamp::from_second(1_794_000_000).unwrap()
}

fn session() -> SessionId {
    SessionId("20261106T160000Z-adam@jump-1-4711".into())
}

fn actor() -> Actor {
    Actor { user: "adam".into(), uid: 1000, host: "jump-1".into(), ssh_client: None, aws: None }
}

fn entry(seq: u64, body: Body) -> Entry {
    let ts = now() + SignedDuration::from_millis(i64::try_from(seq).unwrap());
    Entry { v: ENTRY_VERSION, seq, ts, mono_ms: seq, session: session(), actor: actor(), body }
}

fn rows(region: &str, numbers: std::ops::Range<usize>, state: &InstanceState) -> Vec<Resource> {
    numbers.map(|n| Resource::Instance(history::instance(region, n, state.clone()))).collect()
}

fn observed(seq: u64, region: &str, numbers: std::ops::Range<usize>, state: &InstanceState) -> Entry {
    let place = Scope::new(Account("123456789012".into()), Region::new(region)).place(Service::Ec2);
    entry(
        seq,
        Body::Observed { place, status: None, changed: rows(region, numbers, state), gone: Vec::new() },
    )
}

/// A cockpit that knows so many instances.
fn cockpit(instances: usize) -> App {
    let settings = Settings::shipped();
    let opening = Opening {
        estate: "fitocracy".into(),
        regions: REGIONS.iter().map(|code| Region::new(code)).collect(),
        pid: 4711,
        jitter: "micro".into(),
        shares: false,
        ..Opening::plain(settings.keymap, session(), actor())
    };
    let mut app = App::new(opening, now());
    app.accounts = vec![(Account("123456789012".into()), Profile::ambient())];
    let each = instances / REGIONS.len();
    let entries: Vec<Entry> = REGIONS
        .iter()
        .zip(0..)
        .map(|(region, seq)| observed(seq, region, 0..each, &InstanceState::Running))
        .collect();
    app.remember(&entries);
    app.size = (140, 45);
    app
}

fn take(app: &mut App, message: Message) -> Vec<Effect> {
    let (at, mono_ms) = (app.now + SignedDuration::from_millis(1), app.mono_ms + 1);
    app.update(Stamped { at, mono_ms, message })
}

fn key(c: char) -> Message {
    Message::Key(Pressed::new(KeyCode::Char(c), false, false, false))
}

fn folding(c: &mut Criterion) {
    let mut group = c.benchmark_group("fold");
    let mut incident = Incident::default();
    for (region, seq) in REGIONS.iter().zip(0..) {
        incident.fold(&observed(seq, region, 0..294, &InstanceState::Running));
    }
    let entries: Vec<Entry> = (0..294)
        .flat_map(|n| [InstanceState::Stopping, InstanceState::Running].map(|state| (n, state)))
        .zip(100..)
        .map(|((n, state), seq)| observed(seq, "us-east-1", n..n + 1, &state))
        .collect();
    let mut next = entries.iter().cycle();
    group.bench_function("an entry of one row, 5,000 known", |b| {
        b.iter(|| incident.fold(black_box(next.next().unwrap())));
    });
    group.finish();
}

fn updating(c: &mut Criterion) {
    let mut group = c.benchmark_group("update at 100,000");
    let mut app = cockpit(100_000);
    take(&mut app, key('2'));
    let asked = take(&mut app, Message::Start);
    let ticket = asked.iter().find_map(|effect| match effect {
        Effect::Sweep(ticket, sweep)
            if sweep.place.service == Service::Ec2 && sweep.place.scope.region.0 == "us-east-1" =>
        {
            Some(*ticket)
        }
        _ => None,
    });
    let ticket: Ticket = ticket.unwrap();
    let page = Page { resources: rows("us-east-1", 0..500, &InstanceState::Running) };
    let mut changed = page.clone();
    changed.resources.splice(0..5, rows("us-east-1", 0..5, &InstanceState::Stopping));
    group.bench_function("a page of 500, nothing new", |b| {
        b.iter_batched(
            || page.clone(),
            |page| take(&mut app, Message::Page(ticket, page)),
            BatchSize::SmallInput,
        );
    });
    let mut turn = [&changed, &page].into_iter().cycle();
    group.bench_function("a page of 500, five rows changed", |b| {
        b.iter_batched(
            || turn.next().unwrap().clone(),
            |page| take(&mut app, Message::Page(ticket, page)),
            BatchSize::SmallInput,
        );
    });
    group.bench_function("a tick", |b| b.iter(|| take(&mut app, Message::Tick)));
    let down = || Message::Key(Pressed::new(KeyCode::Down, false, false, false));
    group.bench_function("a move", |b| b.iter(|| take(&mut app, down())));
    group.bench_function("a filter of one letter, and cleared", |b| {
        b.iter(|| {
            take(&mut app, key('/'));
            take(&mut app, key('w'));
            take(&mut app, Message::Key(Pressed::new(KeyCode::Esc, false, false, false)))
        });
    });
    group.bench_function("another sort", |b| b.iter(|| take(&mut app, key('s'))));
    group.finish();
}

fn drawing(c: &mut Criterion) {
    let mut group = c.benchmark_group("draw 140x45");
    let look = Look { theme: Settings::shipped().theme, glyphs: Glyphs::Unicode };
    let mut app = cockpit(100_000);
    group.bench_function("the board", |b| b.iter(|| buffer(&app, &look, 140, 45)));
    take(&mut app, key('2'));
    group.bench_function("instances, 100,000", |b| b.iter(|| buffer(&app, &look, 140, 45)));
    group.finish();
}

fn plan() -> Plan {
    let scope = Scope::new(Account("123456789012".into()), Region::new("us-east-1"));
    let Body::Intent { call, .. } = history::intent(0) else { unreachable!("an intent is one") };
    let step =
        Step { title: "register".into(), call, guard: Guard::None, check: Check::Accepted, patience_s: 60 };
    Plan {
        action: Action::Register {
            scope: scope.clone(),
            under: BalancerRef::Classic("web".into()),
            instances: vec!["i-0".into()],
        },
        session: session(),
        number: 1,
        made: now(),
        title: "register i-0 under web".into(),
        scope,
        profile: Profile::ambient(),
        resources: vec!["i-0".into()],
        risk: Risk::Reversible,
        confirm: "web".into(),
        changes: vec![Change { what: "web".into(), old: "(none)".into(), new: "i-0".into() }],
        effects: vec!["3 of 4 targets stay".into()],
        warnings: Vec::new(),
        grounds: vec![Grounds { what: "registrations of web".into(), at: now() }],
        control_planes: vec!["Elastic Load Balancing (us-east-1)".into()],
        steps: vec![step.clone(); 6],
        undo: "deregister it".into(),
        inverse: vec![step; 6],
        hash: PlanHash(String::new()),
    }
}

fn chaining(c: &mut Criterion) {
    let mut group = c.benchmark_group("logbook");
    let plan = plan();
    group.bench_function("the hash of a plan of six steps", |b| b.iter(|| black_box(&plan).computed_hash()));
    let one = observed(0, "us-east-1", 0..1, &InstanceState::Running);
    let (line, _) = seal(&one, GENESIS, &Seen::new()).unwrap();
    let line = &line[..line.len() - 1];
    group.bench_function("sealing a line", |b| b.iter(|| seal(black_box(&one), GENESIS, &Seen::new())));
    group.bench_function("parsing a line", |b| b.iter(|| Line::parse(black_box(line))));
    let tmp = tempfile::tempdir().unwrap();
    let mut writer = StrandWriter::create(tmp.path(), &session()).unwrap();
    let mut seq = 0;
    group.bench_function("appending a line, no fsync", |b| {
        b.iter(|| {
            let entry = observed(seq, "us-east-1", 0..1, &InstanceState::Running);
            seq += 1;
            writer.append(&entry, &Seen::new()).unwrap()
        });
    });
    let tmp = tempfile::tempdir().unwrap();
    history::long_watch(tmp.path(), 20_000);
    group.sample_size(20);
    group.bench_function("verifying 20,000 entries", |b| b.iter(|| verify(tmp.path()).unwrap()));
    group.bench_function("reading 20,000 entries", |b| b.iter(|| Logbook::open(tmp.path()).unwrap()));
    group.bench_function("weaving 20,000 entries", |b| {
        b.iter_batched(
            || Logbook::open(tmp.path()).unwrap().strands.into_iter().map(|strand| strand.lines).collect(),
            weave,
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group! {
    name = functions;
    config = Criterion::default()
        .warm_up_time(Duration::from_millis(400))
        .measurement_time(Duration::from_secs(2))
        .without_plots();
    targets = folding, updating, drawing, chaining
}
criterion_main!(functions);
