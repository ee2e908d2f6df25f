//! Restores: every plan and every refusal.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::incident::place::Service;
use crate::incident::plan::{Action, Plan};
use crate::incident::planner::bench::{Bench, dark, scope};
use crate::incident::resource::Cluster;
use jiff::SignedDuration;

fn restore(from: &Key, at: Option<Timestamp>) -> Action {
    Action::Restore { from: from.clone(), at }
}

fn call(plan: &Plan) -> (&RestoreSource, &str, &DatabaseSettings) {
    match &plan.steps[0].call {
        Call::RestoreDatabase { from, new_id, settings, .. } => (from, new_id, settings),
        other => panic!("{other:?}"),
    }
}

#[test]
fn to_the_newest_second_with_everything_that_rds_would_drop() {
    let mut bench = Bench::new();
    let db = bench.database("us-east-1", "fito-db");
    bench.snapshot("us-east-1", "nightly", "fito-db", 21 * 60);
    let plan = bench.plan(&restore(&db, None));
    let (from, new_id, s) = call(&plan);
    assert_eq!(*from, RestoreSource::PointInTime { database: "fito-db".into(), at: None });
    assert_eq!(new_id, "fito-db-restored-1");
    assert_eq!(s.subnet_group.as_deref(), Some("private"));
    assert_eq!((s.parameter_group.as_deref(), s.option_group.as_deref()), (Some("tuned"), Some("opts")));
    assert_eq!(s.security_groups, ["sg-db"]);
    assert!(s.multi_az && s.deletion_protection && !s.publicly_accessible);
    assert_eq!((s.port, s.class.as_deref()), (Some(5433), Some("db.m5.large")));
    assert_eq!((plan.risk, plan.confirm.as_str()), (Risk::Disruptive, "fito-db"));
    assert!(plan.effects[0].contains("41m"), "{:?}", plan.effects);
    assert!(plan.effects[1].contains("min per hour of") && plan.effects[1].contains("nightly"));
    assert!(plan.control_planes[1].contains("Route 53 (us-east-1)"));
    assert!(plan.inverse.is_empty() && plan.undo.contains("by hand"));
    assert!(plan.warnings.iter().any(|w| w.contains("not warm")));
    assert!(plan.warnings.iter().any(|w| w.contains("master password")));
    assert!(matches!(plan.steps[0].guard, Guard::DatabaseAbsent { .. }));
}

#[test]
fn the_new_name_is_free_and_allowed() {
    let mut bench = Bench::new();
    let long = "a".repeat(63);
    let db = bench.database("us-east-1", &long);
    let plan = bench.plan(&restore(&db, None));
    assert!(call(&plan).1.len() <= 63);
    let db = bench.database("us-east-1", "fito-db");
    bench.database("us-east-1", "fito-db-restored-1");
    assert_eq!(call(&bench.plan(&restore(&db, None))).1, "fito-db-restored-2");
}

#[test]
fn times_outside_the_window_are_refused_with_the_window() {
    let mut bench = Bench::new();
    let db = bench.database("us-east-1", "fito-db");
    let now = bench.now;
    let mins = SignedDuration::from_mins;
    for (at, word) in [
        (now + mins(5), "future"),
        (now - mins(5), "logs end before"),
        (now - mins(60 * 2000), "backups begin after"),
    ] {
        let refusal = bench.refusal(&restore(&db, Some(at)));
        assert!(refusal.why.contains(word) && refusal.next.contains("the window is"), "{refusal}");
    }
    let at = now - mins(50);
    let plan = bench.plan(&restore(&db, Some(at)));
    assert!(matches!(call(&plan).0, RestoreSource::PointInTime { at: Some(t), .. } if *t == at));
}

#[test]
fn a_database_without_backups_leads_to_its_snapshots() {
    let mut bench = Bench::new();
    let db = bench.database("us-east-1", "fito-db");
    bench.snapshot("us-east-1", "manual-1", "fito-db", 60);
    bench.database_mut(&db).latest_restorable = None;
    assert!(bench.refusal(&restore(&db, None)).next.contains("manual-1"));
    bench.database_mut(&db).backup_retention_days = 0;
    let refusal = bench.refusal(&restore(&db, None));
    assert!(refusal.why.contains("retention 0") && refusal.next.contains("manual-1"));
}

#[test]
fn from_a_snapshot() {
    let mut bench = Bench::new();
    bench.database("us-east-1", "fito-db");
    let snapshot = bench.snapshot("us-east-1", "nightly", "fito-db", 180);
    let plan = bench.plan(&restore(&snapshot, None));
    let (from, new_id, settings) = call(&plan);
    assert_eq!((from, new_id), (&RestoreSource::Snapshot("nightly".into()), "fito-db-restored-1"));
    assert_eq!(settings.subnet_group.as_deref(), Some("private"));
    assert!(plan.effects[0].contains("3h00m"), "{:?}", plan.effects);
    let refusal = bench.refusal(&restore(&snapshot, Some(bench.now)));
    assert!(refusal.why.contains("one point in time"));
    bench.snapshot_mut(&snapshot).status = "creating".into();
    assert!(bench.refusal(&restore(&snapshot, None)).why.contains("creating"));
    bench.incident.rows.remove(&snapshot);
    assert!(bench.refusal(&restore(&snapshot, None)).why.contains("no DB snapshot"));
}

#[test]
fn a_copy_in_another_region_carries_what_is_not_regional() {
    let mut bench = Bench::new();
    bench.database("us-east-1", "fito-db");
    let copy = bench.snapshot("us-west-1", "copy", "fito-db", 180);
    bench.snapshot_mut(&copy).source_region = Some("us-east-1".into());
    let plan = bench.plan(&restore(&copy, None));
    let (_, _, s) = call(&plan);
    assert!(s.subnet_group.is_none() && s.security_groups.is_empty());
    assert!(s.multi_az && s.class.is_some());
    assert!(plan.warnings[0].contains("another region"));
    assert_eq!(plan.scope.region.0, "us-west-1");
}

#[test]
fn a_snapshot_of_what_is_deleted_warns_of_defaults() {
    let mut bench = Bench::new();
    let snapshot = bench.snapshot("us-east-1", "final", "old-db", 180);
    let plan = bench.plan(&restore(&snapshot, None));
    assert!(plan.warnings[0].contains("RDS defaults"));
}

#[test]
fn clusters_are_refused_with_the_line_to_type() {
    let mut bench = Bench::new();
    let db = bench.database("us-east-1", "aurora-1");
    bench.database_mut(&db).cluster = Some("aurora".into());
    let refusal = bench.refusal(&restore(&db, None));
    assert!(refusal.next.contains("restore-db-cluster-to-point-in-time"), "{refusal}");
    let snapshot = bench.snapshot("us-east-1", "cluster:snap", "aurora", 60);
    let row = bench.snapshot_mut(&snapshot);
    row.of_cluster = true;
    row.name = "snap".into();
    let refusal = bench.refusal(&restore(&snapshot, None));
    assert!(refusal.next.contains("restore-db-cluster-from-snapshot"), "{refusal}");
    let cluster = scope("us-east-1").place(Service::Rds).key(Kind::Cluster, "aurora");
    bench.put(Resource::Cluster(Cluster {
        key: cluster.clone(),
        engine: "aurora-postgresql".into(),
        engine_version: "13".into(),
        status: "available".into(),
        endpoint: None,
        earliest_restorable: None,
        latest_restorable: None,
        members: Vec::new(),
        subnet_group: None,
        security_groups: Vec::new(),
    }));
    assert!(bench.refusal(&restore(&cluster, None)).next.contains("create-db-instance"));
}

#[test]
fn backups_and_other_things() {
    let mut bench = Bench::new();
    bench.database("us-east-1", "fito-db");
    let mut backup = AutomatedBackup {
        key: scope("us-east-1").place(Service::Rds).key(Kind::AutomatedBackup, "ab-1"),
        source: "fito-db".into(),
        status: "active".into(),
        earliest: Some(bench.now - SignedDuration::from_hours(24)),
        latest: Some(bench.now),
        source_region: None,
        arn: Some("arn:ab-1".into()),
        engine: "postgres".into(),
    };
    let key = backup.key.clone();
    bench.put(Resource::AutomatedBackup(backup.clone()));
    assert_eq!(call(&bench.plan(&restore(&key, None))).1, "fito-db-restored-1");
    let early = bench.now - SignedDuration::from_hours(30);
    assert!(bench.refusal(&restore(&key, Some(early))).why.contains("begin after"));
    backup.source_region = Some("us-west-1".into());
    bench.put(Resource::AutomatedBackup(backup));
    assert!(bench.refusal(&restore(&key, None)).next.contains("arn:ab-1"));
    let instance = bench.instance("us-east-1", "i-1", "web", "running");
    assert!(bench.refusal(&restore(&instance, None)).why.contains("no restore point"));
}

#[test]
fn a_dark_region_leads_to_copies_elsewhere() {
    let mut bench = Bench::new();
    let db = bench.database("us-east-1", "fito-db");
    bench.snapshot("us-west-1", "copy", "fito-db", 180);
    bench.faults.push((database_query(&scope("us-east-1"), "fito-db"), dark()));
    let refusal = bench.refusal(&restore(&db, None));
    assert!(
        refusal.why.contains("RDS (us-east-1)") && refusal.next.contains("copy in us-west-1"),
        "{refusal}"
    );
    let ghost = scope("us-west-1").place(Service::Rds).key(Kind::Database, "fito-db");
    assert!(bench.refusal(&restore(&ghost, None)).why.contains("no DB instance"));
}
