//! One estate while STS is silent, and what becomes of it when STS speaks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use super::*;
use crate::incident::cell::{Evidence, SweepStatus, Verdict};
use crate::incident::entry::{Body, ENTRY_VERSION, Mode};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Region, Scope, Service};
use crate::incident::resource::{HostedZone, Resource};

const OURS: &str = "111122223333";
const OTHERS: &str = "444455556666";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_341_025_200 + second).unwrap()
}

fn actor(who: &str) -> Actor {
    Actor { user: who.into(), uid: 1, host: "jump-1".into(), ssh_client: None, aws: None }
}

fn says(incident: &mut Incident, who: &str, second: i64, body: Body) {
    let session = SessionId(who.into());
    let (ts, actor) = (at(second), actor(who));
    incident.fold(&Entry { v: ENTRY_VERSION, seq: 0, ts, mono_ms: 0, session, actor, body });
}

fn profile() -> Profile {
    Profile("prod".into())
}

fn place(account: &str) -> Place {
    Scope::new(Account(account.into()), Region::global()).place(Service::Route53)
}

fn key(account: &str, id: &str) -> Key {
    place(account).key(Kind::HostedZone, id)
}

/// A zone by the name that a session calls its account.
fn zone(id: &str, count: i64) -> Resource {
    Resource::HostedZone(HostedZone {
        key: key("~prod", id),
        name: format!("{id}.example."),
        private: false,
        record_count: Some(count),
        linked_service: None,
        name_servers: Vec::new(),
    })
}

fn opened() -> Body {
    Body::Opened {
        version: "0.1.0".into(),
        estate: "e".into(),
        mode: Mode::Live,
        pid: 1,
        regions: Vec::new(),
        sites: Vec::new(),
        continues: None,
        command: None,
    }
}

fn continued(before: &str) -> Body {
    match opened() {
        Body::Opened { version, estate, mode, pid, regions, sites, command, .. } => {
            let continues = Some(SessionId(before.into()));
            Body::Opened { version, estate, mode, pid, regions, sites, continues, command }
        }
        other => other,
    }
}

fn identified(account: &str) -> Body {
    Body::Identified { profile: profile(), account: Account(account.into()), arn: "arn".into() }
}

fn presumed(account: &str) -> Body {
    let account = Account(account.into());
    Body::Presumed { profile: profile(), account, said: at(0), to: "adam".into(), error: None }
}

fn saw(changed: Vec<Resource>, gone: &[&str]) -> Body {
    let gone = gone.iter().map(|id| format!("hosted-zone/{id}")).collect();
    let status = Some(SweepStatus::Ok { latency_ms: 5 });
    Body::Observed { place: place("~prod"), status, changed, gone }
}

fn dark() -> Body {
    let error = Fault::Dark { detail: "no route".into() };
    let status = Some(SweepStatus::Failed { error });
    Body::Observed { place: place("~prod"), status, changed: Vec::new(), gone: Vec::new() }
}

/// The rows as `ACCOUNT ID RECORDS`.
fn rows(incident: &Incident) -> Vec<String> {
    let count = |seen: &Seen| match &seen.resource {
        Resource::HostedZone(zone) => zone.record_count.unwrap(),
        other => panic!("{other:?}"),
    };
    let rows = incident.rows.iter();
    rows.map(|(key, seen)| {
        assert_eq!(key, seen.resource.key());
        format!("{} {} {}", key.scope().account, key.id, count(seen))
    })
    .collect()
}

/// Last night: adam, whose account STS named, read two zones and left.
fn last_night() -> Incident {
    let mut incident = Incident::default();
    says(&mut incident, "adam", 0, opened());
    says(&mut incident, "adam", 1, identified(OURS));
    says(&mut incident, "adam", 2, saw(vec![zone("shop", 4), zone("mail", 2)], &[]));
    says(&mut incident, "adam", 3, Body::Left { reason: "quit".into() });
    incident
}

#[test]
fn what_is_read_by_a_presumption_is_the_last_known_estate_and_nothing_moves_when_sts_agrees() {
    let mut incident = last_night();
    says(&mut incident, "eve", 100, opened());
    says(&mut incident, "eve", 100, presumed(OURS));
    says(&mut incident, "eve", 101, saw(vec![zone("shop", 5), zone("new", 1)], &["mail"]));
    let shown = [format!("{OURS} new 1"), format!("{OURS} shop 5")];
    assert_eq!(rows(&incident), shown);
    assert_eq!(incident.cells.len(), 1, "one cell, not two");
    let eve = SessionId("eve".into());
    assert!(incident.presumption(&eve, &Account(OURS.into())).is_some());
    assert!(incident.is_presumed_by_all(&Account(OURS.into())));
    let cells = incident.cells.clone();
    says(&mut incident, "eve", 200, identified(OURS));
    assert_eq!(rows(&incident), shown);
    assert_eq!(incident.cells, cells);
    assert_eq!(incident.provisional, Provisional::default(), "nothing is kept beside it any more");
    assert!(!incident.is_presumed_by_all(&Account(OURS.into())));
}

#[test]
fn started_dark_the_one_cell_fails_and_keeps_the_age_of_its_rows() {
    let mut incident = last_night();
    says(&mut incident, "eve", 100, presumed(OURS));
    says(&mut incident, "eve", 101, dark());
    let cell = &incident.cells[&place(OURS)];
    assert_eq!((incident.cells.len(), cell.is_ok(), cell.last_ok), (1, false, Some(at(2))));
    assert!(incident.is_stale(&key(OURS, "shop"), at(102)));
    assert_eq!(rows(&incident).len(), 2);
}

#[test]
fn what_was_presumed_wrongly_moves_and_what_was_known_before_stands_as_it_was() {
    let mut incident = last_night();
    let (before, cells) = (incident.rows.clone(), incident.cells.clone());
    says(&mut incident, "eve", 100, presumed(OURS));
    says(&mut incident, "eve", 101, saw(vec![zone("shop", 9), zone("theirs", 1)], &["mail"]));
    // Her sweep brings nothing new, and before her heartbeat nobody but her screen knows.
    let eve = SessionId("eve".into());
    incident.touch(&eve, &place("~prod"), at(116), &SweepStatus::Ok { latency_ms: 7 });
    says(&mut incident, "eve", 200, identified(OTHERS));
    let (ours, others): (Vec<_>, Vec<_>) =
        incident.rows.clone().into_iter().partition(|(key, _)| key.scope().account.0 == OURS);
    assert_eq!(ours.into_iter().collect::<BTreeMap<_, _>>(), before, "changed, by whom, and all");
    let others: Vec<String> = others.into_iter().map(|(key, _)| key.id).collect();
    assert_eq!(others, ["shop", "theirs"]);
    assert_eq!(incident.cells[&place(OURS)], cells[&place(OURS)]);
    assert_eq!(incident.cells[&place(OTHERS)].last_ok, Some(at(116)));
    assert_eq!(incident.provisional, Provisional::default());
    let told = incident.story.last().unwrap();
    assert!(told.text.contains(OURS) && told.text.contains(OTHERS), "{}", told.text);
}

#[test]
fn evidence_and_contradictions_found_by_a_wrong_presumption_move_as_well() {
    let database = |account: &str| -> Key { place(account).key(Kind::Database, "orders") };
    let found = |verdict| Body::Probed {
        subject: ProbeSubject::Database(database("~prod")),
        evidence: Evidence::new(verdict, "", 1),
    };
    let mut incident = last_night();
    says(&mut incident, "dan", 50, identified(OURS));
    says(&mut incident, "dan", 51, found(Verdict::Answers));
    says(&mut incident, "eve", 100, presumed(OURS));
    says(&mut incident, "eve", 101, found(Verdict::Refused));
    let lie = BTreeMap::from([(database("~prod"), Some("claims available, probe refused".to_owned()))]);
    says(&mut incident, "eve", 102, Body::Disagreements { resources: lie });
    let verdict = |incident: &Incident, account| {
        incident.probes.get(&ProbeSubject::Database(database(account))).map(|probed| probed.evidence.verdict)
    };
    assert_eq!(verdict(&incident, OURS), Some(Verdict::Refused), "the newest, whoever found it");
    assert!(incident.lies.contains_key(&database(OURS)));
    says(&mut incident, "eve", 200, identified(OTHERS));
    assert_eq!(verdict(&incident, OURS), Some(Verdict::Answers));
    assert_eq!(verdict(&incident, OTHERS), Some(Verdict::Refused));
    assert_eq!(incident.lies.keys().collect::<Vec<_>>(), [&database(OTHERS)]);
}

#[test]
fn whoever_is_told_by_sts_reads_on_beneath_a_wrong_presumption_of_another() {
    let mut incident = last_night();
    says(&mut incident, "dan", 90, identified(OURS));
    says(&mut incident, "eve", 100, presumed(OURS));
    says(&mut incident, "eve", 101, saw(vec![zone("theirs", 1)], &["mail", "shop"]));
    // An older sight of another is beneath; a newer one is shown.
    says(&mut incident, "dan", 99, saw(vec![zone("old", 1)], &[]));
    says(&mut incident, "dan", 110, saw(vec![zone("shop", 6)], &[]));
    says(&mut incident, "eve", 200, identified(OTHERS));
    let ours: Vec<String> = rows(&incident).into_iter().filter(|row| row.starts_with(OURS)).collect();
    assert_eq!(ours, [format!("{OURS} mail 2"), format!("{OURS} old 1"), format!("{OURS} shop 6")]);
}

#[test]
fn two_who_presume_the_same_account_are_told_apart_by_sts() {
    let mut incident = last_night();
    for (who, second) in [("eve", 100), ("dan", 101)] {
        says(&mut incident, who, second, presumed(OURS));
    }
    says(&mut incident, "eve", 110, saw(vec![zone("shop", 5), zone("e", 1)], &[]));
    says(&mut incident, "dan", 120, saw(vec![zone("shop", 7), zone("d", 1)], &["e"]));
    assert_eq!(rows(&incident).len(), 3, "d, mail and shop: {:?}", rows(&incident));
    says(&mut incident, "dan", 130, identified(OTHERS));
    let all = |incident: &Incident| rows(incident).join(", ");
    assert_eq!(
        all(&incident),
        format!("{OURS} e 1, {OURS} mail 2, {OURS} shop 5, {OTHERS} d 1, {OTHERS} shop 7")
    );
    says(&mut incident, "eve", 140, identified(OURS));
    assert!(all(&incident).starts_with(&format!("{OURS} e 1, {OURS} mail 2, {OURS} shop 5")));
}

#[test]
fn what_a_session_presumed_to_its_end_stays_last_known() {
    let mut incident = last_night();
    says(&mut incident, "eve", 100, presumed(OURS));
    says(&mut incident, "eve", 101, saw(vec![zone("shop", 5)], &["mail"]));
    says(&mut incident, "eve", 102, Body::Left { reason: "quit".into() });
    assert_eq!(rows(&incident), [format!("{OURS} shop 5")]);
    assert_eq!(incident.provisional, Provisional::default());
}

#[test]
fn a_strand_that_goes_on_after_another_is_corrected_for_both() {
    let reopened =
        || Body::Reopened { before: SessionId("eve".into()), why: "full".into(), lost: Vec::new() };
    for goes_on in [vec![continued("eve")], vec![opened(), reopened()]] {
        let mut incident = last_night();
        says(&mut incident, "eve", 100, presumed(OURS));
        says(&mut incident, "eve", 101, saw(vec![zone("theirs", 1)], &["mail"]));
        goes_on.into_iter().for_each(|body| says(&mut incident, "eve2", 110, body));
        says(&mut incident, "eve2", 110, presumed(OURS));
        assert_eq!(
            incident.cells[&place(OURS)].by,
            Some(SessionId("eve2".into())),
            "the same process read it"
        );
        says(&mut incident, "eve2", 120, saw(vec![zone("more", 1)], &[]));
        says(&mut incident, "eve2", 130, identified(OTHERS));
        let shown = [(OURS, "mail 2"), (OURS, "shop 4"), (OTHERS, "more 1"), (OTHERS, "theirs 1")];
        assert_eq!(rows(&incident), shown.map(|(account, row)| format!("{account} {row}")));
    }
}

#[test]
fn a_checkpoint_in_between_changes_nothing() {
    let mut incident = last_night();
    says(&mut incident, "eve", 100, presumed(OURS));
    says(&mut incident, "eve", 101, saw(vec![zone("theirs", 1)], &["mail"]));
    let kept = serde_json::to_string(&incident.checkpoint()).unwrap();
    let rows = incident.rows.values().cloned().collect::<Vec<_>>();
    let mut again = Incident::from_checkpoint(serde_json::from_str(&kept).unwrap(), rows);
    assert_eq!(again, incident);
    for incident in [&mut incident, &mut again] {
        says(incident, "eve", 200, identified(OTHERS));
    }
    assert_eq!(again, incident);
}

#[test]
fn an_account_is_presumed_where_all_who_are_here_presume_it() {
    let ours = Account(OURS.into());
    let mut incident = Incident::default();
    says(&mut incident, "adam", 0, opened());
    says(&mut incident, "adam", 1, identified(OURS));
    for second in [100, 190] {
        says(&mut incident, "eve", second, opened());
        says(&mut incident, "eve", second, presumed(OURS));
        // Adam is heard of until he crashes.
        assert_eq!(incident.is_presumed_by_all(&ours), second == 190);
    }
}

#[test]
fn the_guess_is_what_sts_said_last_and_rather_to_oneself() {
    let mut incident = Incident::default();
    let of = |incident: &Incident, who: &str, profile: &str| {
        incident
            .last_identity(&Profile(profile.into()), &actor(who))
            .map(|it| (it.account.0.to_string(), it.to))
    };
    assert_eq!(of(&incident, "adam", "prod"), None);
    for who in ["adam", "eve", "dan"] {
        says(&mut incident, who, 0, opened());
    }
    says(&mut incident, "adam", 1, identified(OURS));
    says(&mut incident, "eve", 2, identified(OTHERS));
    let is = |account: &str, to: &str| Some((account.to_owned(), to.to_owned()));
    assert_eq!(of(&incident, "adam", "prod"), is(OURS, "adam"));
    assert_eq!(of(&incident, "dan", "prod"), is(OTHERS, "eve"), "the newest");
    assert_eq!(of(&incident, "dan", "staging"), None);
    // Two who name no profile need not have the same credentials.
    let ambient =
        Body::Identified { profile: Profile::ambient(), account: Account(OURS.into()), arn: "a".into() };
    says(&mut incident, "adam", 3, ambient);
    assert_eq!(of(&incident, "adam", ""), is(OURS, "adam"));
    assert_eq!(of(&incident, "eve", ""), None);
    // What was presumed is no word of STS.
    says(&mut incident, "dan", 4, presumed(OURS));
    assert_eq!(of(&incident, "dan", "prod"), is(OTHERS, "eve"));
}

#[test]
fn the_story_tells_of_a_presumption_once_sts_was_asked_and_of_its_end() {
    let mut incident = last_night();
    let lines = incident.story.len();
    says(&mut incident, "eve", 100, presumed(OURS));
    assert_eq!(incident.story.len(), lines, "every start presumes: that is no news");
    let asked = Body::Presumed {
        profile: profile(),
        account: Account(OURS.into()),
        said: at(1),
        to: "adam".into(),
        error: Some(Fault::TimedOut { after_ms: 5_000 }),
    };
    says(&mut incident, "eve", 110, asked);
    let told = incident.story.last().unwrap().text.clone();
    assert!(told.contains("prod") && told.contains(OURS) && told.contains("adam"), "{told}");
    says(&mut incident, "eve", 170, identified(OURS));
    let told = incident.story.last().unwrap().text.clone();
    assert!(told.contains("as presumed"), "{told}");
}
