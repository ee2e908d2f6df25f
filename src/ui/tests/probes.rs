//! Claims beside evidence on the screen: tables at both widths, detail, the board in a storm of lies.

use super::world::{World, at, fito_db, has, has_not, place, quiet, storm};
use crate::app::table::RowId;
use crate::app::{Overlay, Screen};
use crate::incident::cell::{Certificate, Evidence, ProbeSubject, SweepStatus, Trust, Verdict};
use crate::incident::entry::Body;
use crate::incident::place::{Key, Kind, Service};

const LIAR: &str = "i-0a1b2c3d4e5f60713";

fn web(id: &str) -> Key {
    place("us-east-1", Service::Ec2).key(Kind::Instance, id)
}

/// One of the web servers refuses its port, the others answer.
fn a_liar() -> World {
    let mut world = quiet();
    for n in 1..=6 {
        let id = format!("i-0a1b2c3d4e5f6071{n}");
        let verdict = if id == LIAR { Verdict::Refused } else { Verdict::Answers };
        let detail = if id == LIAR { "tcp refused" } else { "tcp connected" };
        let asked = "198.51.100.7:80".to_owned();
        let evidence = Evidence { asked, ..Evidence::new(verdict, detail, 3) };
        world.says("adam", Body::Probed { subject: ProbeSubject::Instance(web(&id)), evidence });
    }
    let words = Some("claims running, probe refused".to_owned());
    world.says("adam", Body::Disagreements { resources: [(web(LIAR), words)].into() });
    world
}

#[test]
fn tables_show_claim_evidence_and_age_at_both_widths_and_the_lie_first() {
    let mut world = a_liar();
    for screen in [Screen::Instances, Screen::Registrations] {
        world.show(screen);
        let rows = world.text(140, 45);
        let head = rows.iter().position(|row| row.contains("HEALTH")).unwrap();
        assert!(rows[head].contains("CLAIM") && rows[head].contains("PROBE") && rows[head].contains("AGE"));
        assert!(rows[head + 1].contains("LIE") && rows[head + 1].contains("refused"), "{}", rows[head + 1]);
        assert!(rows[head + 2].contains("ok ") && rows[head + 2].contains("answers"), "{}", rows[head + 2]);
        assert_eq!(world.roles_of("refused", 140, 45).to_lowercase(), "ddddddd");
        assert_eq!(world.roles_of("answers", 140, 45), "ooooooo");
        assert_eq!(world.roles_of("LIE", 140, 45).to_lowercase(), "lll");
    }
    world.show(Screen::Instances);
    let rows = world.text(80, 24);
    let head = rows.iter().position(|row| row.contains("HEALTH")).unwrap();
    for title in ["CLAIM", "PROBE", "AGE"] {
        assert!(rows[head].contains(title), "{title} at 80 columns: {}", rows[head]);
    }
    assert!(rows[head + 1].contains("LIE") && rows[head + 1].contains("refused"), "{}", rows[head + 1]);
}

#[test]
fn a_path_that_never_answered_is_told_without_colour() {
    let mut world = quiet();
    world.show(Screen::Instances);
    world.probed(ProbeSubject::Instance(web(LIAR)), Verdict::TimedOut, "no answer within 5 s");
    world.show(Screen::Instances);
    has(&world.text(140, 45), "timeout");
    assert_eq!(world.roles_of("timeout", 140, 45).to_lowercase(), "mmmmmmm");
    world.app.overlays = vec![Overlay::Detail { row: RowId::Key(web(LIAR)), scroll: 0 }];
    let rows = world.text(140, 45);
    has(&rows, "this path never answered from here");
    has(&rows, "running: claimed, not proven");
}

#[test]
fn detail_shows_what_was_asked_and_the_certificate() {
    let mut world = a_liar();
    world.app.overlays = vec![Overlay::Detail { row: RowId::Key(web(LIAR)), scroll: 0 }];
    let rows = world.text(140, 45);
    has(&rows, "LIE: the claim and the evidence disagree");
    has(&rows, "refused for");
    has(&rows, "198.51.100.7:80");
    has(&rows, "claims running, probe refused");
    let shown = |not_after: &str, trust| Some(Certificate { not_after: at(not_after), trust });
    for (certificate, words, role) in [
        (
            shown("2012-07-09T02:00:00Z", Trust::Verified),
            "verified chain; ends 2012-07-09 02:00 UTC, in 8 days",
            'w',
        ),
        (
            shown("2013-01-01T00:00:00Z", Trust::Verified),
            "verified chain; ends 2013-01-01 00:00 UTC, in 184 days",
            '.',
        ),
        (shown("2012-06-01T00:00:00Z", Trust::Expired), "expired; ended 2012-06-01 00:00 UTC, 29d ago", 'd'),
        (shown("2013-01-01T00:00:00Z", Trust::WrongName), "of another name; ends 2013-01-01", 'd'),
    ] {
        let evidence = Evidence { certificate, ..Evidence::new(Verdict::Answers, "HTTP 200", 80) };
        world.says("adam", Body::Probed { subject: ProbeSubject::Site("www".into()), evidence });
        world.app.overlays = vec![Overlay::Detail { row: RowId::Site("www".into()), scroll: 0 }];
        has(&world.text(140, 45), words);
        assert_eq!(world.roles_of(words, 140, 45), role.to_string().repeat(words.len()), "{words}");
    }
}

#[test]
fn the_board_warns_of_a_certificate_that_ends_soon() {
    let mut world = quiet();
    let certificate = Some(Certificate { not_after: at("2012-07-05T02:00:00Z"), trust: Trust::Verified });
    let evidence = Evidence { certificate, ..Evidence::new(Verdict::Answers, "HTTP 200", 80) };
    world.says("adam", Body::Probed { subject: ProbeSubject::Site("www".into()), evidence });
    world.show(Screen::Board);
    has(&world.text(140, 45), "certificate ends in 4d");
}

#[test]
fn a_storm_of_lies_is_one_line_of_the_board_and_databases_stay_first() {
    let mut world = storm();
    for n in 1..=6 {
        let id = format!("i-0a1b2c3d4e5f6071{n}");
        world.probed(ProbeSubject::Instance(web(&id)), Verdict::Refused, "tcp refused");
    }
    world.show(Screen::Board);
    for (width, height) in [(140, 45), (80, 24)] {
        let rows = world.text(width, height);
        let line = |text: &str| rows.iter().position(|row| row.contains(text));
        let (database, instances) =
            (line("CLAIM available 56m ago  PROBE refused"), line("CLAIM running 56m ago  PROBE refused"));
        assert!(database.unwrap() < instances.unwrap(), "{}", rows.join("\n"));
        assert!(rows[instances.unwrap()].contains("6 instances"), "{}", rows[instances.unwrap()]);
        assert_eq!(rows.iter().filter(|row| row.contains("CLAIM running")).count(), 1);
    }
}

#[test]
fn the_lying_restore_source_sorts_before_newer_data() {
    let mut world = storm();
    let mut newer = super::world::database("available");
    newer.key = place("us-west-1", Service::Rds).key(Kind::Database, "newer");
    newer.latest_restorable = Some(world.app.now);
    let row = crate::incident::resource::Resource::Database(newer);
    world.swept(place("us-west-1", Service::Rds), SweepStatus::Ok { latency_ms: 1 }, vec![row]);
    world.show(Screen::RestorePoints);
    let first = world.app.lists[&Screen::RestorePoints].rows.get(0).cloned();
    assert_eq!(first, Some(RowId::Key(fito_db())));
}

#[test]
fn declared_endpoints_stand_on_the_board() {
    let mut world = quiet();
    world.probed(ProbeSubject::Endpoint("search".into()), Verdict::Refused, "tcp refused");
    world.probed(ProbeSubject::Endpoint("queue".into()), Verdict::Answers, "tcp connected");
    world.show(Screen::Board);
    for (width, height) in [(140, 45), (80, 24)] {
        let rows = world.text(width, height);
        has(&rows, "PROBE refused for 0s");
        has(&rows, "1 declared endpoint answers");
        let names = |row: &&String| row.contains("PROBE") && !row.contains("probe:");
        has_not(&rows.iter().filter(names).cloned().collect::<Vec<_>>(), "queue");
    }
}

#[test]
fn what_was_found_too_long_ago_is_filtered_and_sorted_as_what_it_is_now() {
    let mut world = a_liar();
    world.show(Screen::Instances);
    let shown = |world: &World| world.app.lists[&Screen::Instances].rows.len();
    let view = world.app.lists.get_mut(&Screen::Instances).unwrap();
    view.filter = "answers".into();
    view.sort = Some(0);
    world.show(Screen::Instances);
    assert_eq!(shown(&world), 5);
    world.wait(60);
    world.answers("us-east-1");
    assert_eq!(shown(&world), 5);
    // The cell stays fresh, and nobody looked again.
    world.wait(35);
    world.show(Screen::Instances);
    assert_eq!(shown(&world), 0);
}
