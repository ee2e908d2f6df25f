//! The frame, the board and the tables.

use super::world::{
    World, at, fito_db, has, has_not, instance, look, place, quiet, registered, session, storm,
};
use crate::app::keys::Key as Press;
use crate::app::message::{Message, Stamped};
use crate::app::table::RowId;
use crate::app::{LogState, Notice, Overlay, Replay, Screen};
use crate::incident::cell::{ProbeSubject, SweepStatus, Verdict};
use crate::incident::entry::{Actor, Body, ENTRY_VERSION, Entry, Mode};
use crate::incident::fault::Fault;
use crate::incident::place::{Kind, Region, Service};
use crate::incident::story::Tone;
use crate::ui::{Glyphs, buffer, text_rows};
use proptest::prelude::*;

const NARROW: (u16, u16) = (80, 24);
const DESIGN: (u16, u16) = (140, 45);

#[test]
fn a_quiet_estate_looks_quiet() {
    let world = quiet();
    for (width, height) in [NARROW, DESIGN] {
        let rows = world.text(width, height);
        has(&rows, "LIVE");
        has(&rows, "fitocracy.com → east us-east-1/web");
        has(&rows, "HTTP 200 ok for 4s");
        has(&rows, "us-east-1      ok");
        has(&rows, "1 database claimed, 1 proven by a probe");
        has(&rows, "linode 203.0.113.10 (60s)");
        has_not(&rows, "INCIDENT");
        has_not(&rows, "✗");
        assert_eq!(world.roles_of("HTTP 200 ok for", width, height), "O".repeat(15), "green is evidence");
        // Nothing on it plays the part of trouble; only the word LIVE has a colour of its own.
        let buffer = buffer(&world.app, &look(Glyphs::Unicode), width, height);
        for (row, roles) in text_rows(&buffer).iter().zip(crate::ui::role_rows(&buffer)) {
            assert!(!roles.chars().any(|r| "dwlxspuDWLXSPU".contains(r)), "{row}\n{roles}");
        }
    }
}

#[test]
fn the_storm_is_seen_at_once() {
    let world = storm();
    for (width, height) in [NARROW, DESIGN] {
        let rows = world.text(width, height);
        has(&rows, "INCIDENT apex down  T+00:40:34");
        has(&rows, "us-east-1      DOWN for 41m");
        has(&rows, "✗41m");
        has(&rows, "?41m");
        has(&rows, "HTTP 503 DOWN for 40m");
        // RDS does not answer: what it claims is what it claimed last.
        has(&rows, "CLAIM available 56m ago  PROBE refused for 38m");
        has(&rows, "slow 4.1s");
        has(&rows, "note: RDS logs frozen at 23:00");
        let roles = |text: &str| world.roles_of(text, width, height);
        assert_eq!(roles("DOWN for 41m"), "d".repeat(12));
        assert_eq!(roles("HTTP 503 DOWN for 40m"), "D".repeat(21), "in the selected row");
        assert_eq!(roles("LIE"), "lll");
        assert_eq!(roles("slow 4.1s"), "wwwwwwwww");
        assert_eq!(roles("us-west-1      ok"), ".".repeat(15) + "oo");
    }
}

#[test]
fn on_the_design_size_regions_and_sites_stand_side_by_side() {
    let rows = storm().text(140, 45);
    let line = rows.iter().find(|r| r.contains("us-east-1      DOWN")).unwrap();
    assert!(line.contains("fitocracy.com →"), "{line}");
    has(&rows, "├ happening ─");
    let rows = storm().text(80, 24);
    let place_of = |text: &str| rows.iter().position(|r| r.contains(text)).unwrap();
    assert!(place_of("─ sites") < place_of("─ regions") && place_of("─ regions") < place_of("─ happening"));
}

#[test]
fn a_region_that_only_lacks_our_credentials_is_not_down() {
    let mut world = quiet();
    for service in Service::REGIONAL {
        world.fails("us-east-1", service, Fault::CredentialsExpired { code: "ExpiredToken".into() });
    }
    world.wait(120);
    let rows = world.text(140, 45);
    has(&rows, "us-east-1      expired for 2m");
    has_not(&rows, "DOWN");
}

#[test]
fn one_failing_service_makes_a_region_partly_ok() {
    let mut world = quiet();
    world.fails("us-east-1", Service::Rds, Fault::TimedOut { after_ms: 5000 });
    has(&world.text(80, 24), "! us-east-1      partly for 0s");
    assert_eq!(world.roles_of("partly for 0s", 80, 24), "w".repeat(13));
}

#[test]
fn what_is_only_remembered_is_stale_and_what_was_never_asked_says_so() {
    let mut world = quiet();
    world.wait(3 * 3600);
    let rows = world.text(140, 45);
    has(&rows, "us-east-1      stale 3h");
    assert_eq!(world.roles_of("stale 3h", 140, 45), "ssssssss");
    has_not(&rows, "DOWN");
    for (width, height) in [NARROW, DESIGN] {
        let rows = world.text(width, height);
        has(&rows, "fitocracy.com → east us-east-1/web 3h ago");
        assert_eq!(world.roles_of("us-east-1/web 3h ago", width, height), "MMMMMMMMMMMMMSSSSSSS");
        has(&rows, "1 database claimed (last known), 0 proven by a probe");
        has(&rows, "HTTP 200 3h ago");
    }
    // Probes need no AWS: what they find now is about a claim of three hours ago.
    world.probed(ProbeSubject::Database(fito_db()), Verdict::Refused, "tcp refused");
    for (width, height) in [NARROW, DESIGN] {
        has(&world.text(width, height), "CLAIM available 3h ago  PROBE refused for 0s");
        assert_eq!(world.roles_of("CLAIM available 3h ago", width, height), "mmmmmm.........sssssss");
    }
    world.show(Screen::Apex);
    let rows = world.text(140, 45);
    let site = rows.iter().find(|row| row.contains("www  fitocracy.com")).unwrap();
    assert!(site.trim_end().trim_end_matches('│').trim_end().ends_with("3h"), "{site}");
    let world = World::new(Mode::Live, &["eu-west-1"], "2026-01-01T00:00:00Z");
    has(&world.text(80, 24), "eu-west-1      never asked");
}

#[test]
fn seventeen_regions_keep_their_places_and_none_is_hidden_silently() {
    let regions = [
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
        "ap-south-1",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "eu-north-1",
        "sa-east-1",
    ];
    let mut world = World::new(Mode::Live, &regions, "2026-01-01T00:00:00Z");
    for region in regions {
        world.answers(region);
    }
    world.route53(100);
    world.show(Screen::Board);
    let rows = world.text(140, 45);
    for region in regions {
        has(&rows, region);
    }
    let rows = world.text(80, 24);
    has(&rows, "more, 0 of them not ok");
    has(&rows, "route 53");
    world.select(RowId::Region(Region::new("sa-east-1")));
    has(&world.text(80, 24), "sa-east-1      ok");
}

#[test]
fn the_frame_says_what_this_is() {
    for (mode, word, letter) in
        [(Mode::Live, "LIVE", 'v'), (Mode::ReadOnly, "READ-ONLY", 'r'), (Mode::Demo, "DEMO", 'e')]
    {
        let world = World::new(mode, &["us-east-1"], "2026-01-01T00:00:00Z");
        let rows = world.text(80, 24);
        assert!(rows[0].trim_start().starts_with(word), "{}", rows[0]);
        assert_eq!(world.roles_of(word, 80, 24), letter.to_string().repeat(word.len()));
        has(&rows, "1 Board");
        has(&rows, "6 Log");
    }
    let world = World::new(Mode::ReadOnly, &["us-east-1"], "2026-01-01T00:00:00Z");
    let rows = world.text(140, 45);
    has(&rows, "opened --read-only");
    has_not(&rows, "m maintenance");
}

#[test]
fn a_log_that_refuses_is_seen_on_every_screen() {
    let mut world = quiet();
    world.app.log = LogState::Refused("disk full".into());
    for screen in Screen::ALL {
        world.show(screen);
        has(&world.text(80, 24), "log REFUSED");
        has(&world.text(80, 24), "actions off");
        assert_eq!(world.roles_of("REFUSED", 80, 24), "ddddddd");
    }
}

#[test]
fn notices_take_the_place_of_the_hints() {
    let mut world = quiet();
    has(&world.text(80, 24), "? help");
    let notice =
        |tone, text: &str| Notice { at: at("2012-06-30T02:50:04Z"), mono_ms: 0, tone, text: text.into() };
    world.app.notices.push_back(notice(Tone::Neutral, "copied"));
    world.app.notices.push_back(notice(Tone::Bad, "the logbook refused: disk full"));
    let rows = world.text(80, 24);
    assert_eq!(rows[23], " ✗ the logbook refused: disk full");
    assert_eq!(rows[22].trim(), "copied");
    has_not(&rows, "? help");
}

#[test]
fn keys_of_an_unfinished_sequence_are_shown() {
    let mut world = quiet();
    world.app.pressed = vec![Press::char('g')];
    has(&world.text(80, 24), " g…  ");
}

#[test]
fn who_was_not_heard_of_lately_is_shown_with_an_age() {
    let mut world = quiet();
    world.wait(720);
    has(&world.text(140, 45), "adam daniel 12m?");
    has(&world.text(140, 45), "here: adam, daniel (last heard 12m ago)");
    assert_eq!(world.roles_of("adam daniel", 140, 45), "1111m222222");
}

#[test]
fn a_table_shows_claim_health_and_age_and_colours_only_what_is_wrong() {
    let mut world = storm();
    world.show(Screen::Instances);
    let rows = world.text(140, 45);
    has(&rows, "HEALTH");
    has(&rows, "i-0a1b2c3d4e5f60711");
    has(&rows, "us-east-1 ec2 dark for 41m: its rows are the last known ones");
    assert_eq!(world.roles_of("us-east-1 ec2 dark for 41m", 140, 45), "d".repeat(26));
    assert_eq!(world.roles_of("standby", 140, 45), ".......");
    world.show(Screen::RestorePoints);
    let rows = world.text(80, 24);
    has(&rows, "≠ 2012-06-30 03:00:00");
    has(&rows, "LIE ");
    world.show(Screen::Registrations);
    let blame = registered("us-west-1", "web", "i-0fedcba9876543210", "OutOfService", Some("ELB"));
    world.swept(place("us-west-1", Service::Elb), SweepStatus::Ok { latency_ms: 1 }, vec![blame]);
    has(&world.text(140, 45), "OUT OF SERVICE");
    assert_eq!(world.roles_of("AWS", 140, 45).to_lowercase(), "www");
    world.show(Screen::Apex);
    let rows = world.text(140, 45);
    has(&rows, "www  fitocracy.com");
    has(&rows, "current");
    has(&rows, "alias web-1234567890.us-east-1.elb.amazonaws.com");
    assert_eq!(world.roles_of("current", 140, 45), "aaaaaaa");
    world.show(Screen::Log);
    let rows = world.text(80, 24);
    has(&rows, "✗ 03:05:44 -");
    has(&rows, "declared incident \"apex down\"");
}

#[test]
fn columns_do_not_move_while_rows_stream_in() {
    let mut world = quiet();
    world.show(Screen::Instances);
    let head = world.text(140, 45)[3].clone();
    let odd = instance(
        "us-east-1",
        "i-00000000000000000000000000000000009",
        "a name that is far too long for a column",
        "running",
    );
    world.swept(place("us-east-1", Service::Ec2), SweepStatus::Ok { latency_ms: 1 }, vec![odd]);
    world.show(Screen::Instances);
    assert_eq!(world.text(140, 45)[3], head);
    for width in 60..200 {
        let rows = world.text(width, 24);
        assert!(rows[3].trim_end().ends_with("AGE"), "{width}: {}", rows[3]);
        has(&rows, "HEALTH");
    }
}

#[test]
fn wide_names_are_cut_by_what_they_take() {
    let mut world = quiet();
    let wide = instance("us-east-1", "i-0wide", "東京のウェブサーバー本番環境一号機", "running");
    world.swept(place("us-east-1", Service::Ec2), SweepStatus::Ok { latency_ms: 1 }, vec![wide]);
    world.show(Screen::Instances);
    let rows = world.text(80, 24);
    let row = rows.iter().find(|r| r.contains("東京")).unwrap();
    let other = rows.iter().find(|r| r.contains("web-1")).unwrap();
    let column = |row: &str, text: &str| super::super::text::width(&row[..row.find(text).unwrap()]);
    assert_eq!(column(row, "i-0wide"), column(other, "i-0a1b"), "{row}\n{other}");
}

#[test]
fn five_thousand_rows_draw_only_those_in_sight_and_the_selected_one() {
    let mut world = World::new(Mode::Live, &["us-east-1"], "2026-01-01T00:00:00Z");
    let many =
        (0..5000).map(|n| instance("us-east-1", &format!("i-{n:08}"), &format!("web-{n:04}"), "running"));
    let many: Vec<_> = many.collect();
    world.swept(place("us-east-1", Service::Ec2), SweepStatus::Ok { latency_ms: 1 }, many);
    world.show(Screen::Instances);
    let rows = world.text(80, 24);
    has(&rows, "instances 5000");
    has(&rows, "1-19 of 5000");
    has_not(&rows, "web-0019");
    world.select(RowId::Key(place("us-east-1", Service::Ec2).key(Kind::Instance, "i-00004999")));
    let rows = world.text(80, 24);
    has(&rows, "web-4999");
    has(&rows, "4982-5000 of 5000");
    assert!(world.roles_of("web-4999", 80, 24).starts_with(':'), "it is the selected row");
}

#[test]
fn the_selected_row_stays_on_its_line_while_rows_appear_above_it() {
    let mut world = World::new(Mode::Live, &["us-east-1"], "2026-01-01T00:00:00Z");
    let fleet = |range: std::ops::Range<u32>| -> Vec<_> {
        range
            .map(|n| instance("us-east-1", &format!("i-{n:08}"), &format!("web-{n:04}"), "running"))
            .collect()
    };
    let ok = SweepStatus::Ok { latency_ms: 1 };
    world.swept(place("us-east-1", Service::Ec2), ok.clone(), fleet(100..200));
    world.show(Screen::Instances);
    let down = |world: &mut World, times: usize| {
        for _ in 0..times {
            let message = Message::Key(Press::char('j'));
            let (at, mono_ms) = (world.app.now, 0);
            world.app.update(Stamped { at, mono_ms, message });
        }
    };
    down(&mut world, 40);
    let line = |world: &World| world.text(80, 24).iter().position(|r| r.contains("web-0140")).unwrap();
    let before = line(&world);
    world.swept(place("us-east-1", Service::Ec2), ok, fleet(0..7));
    assert_eq!(line(&world), before, "nothing jumps under the cursor");
    assert!(world.roles_of("web-0140", 80, 24).starts_with(':'));
}

#[test]
fn leaping_from_place_to_place_finds_every_row_of_a_kind() {
    let world = storm();
    for kind in Kind::ALL {
        let leapt: Vec<_> = world.app.incident.of_kind(kind).collect();
        let walked: Vec<_> = world
            .app
            .incident
            .rows
            .iter()
            .filter(|(key, _)| key.kind == kind)
            .map(|(_, seen)| &**seen)
            .collect();
        assert_eq!(leapt, walked, "{kind}");
    }
}

#[test]
fn tables_without_rows_say_why_and_what_to_do() {
    let mut world = World::new(Mode::Live, &["us-east-1", "us-west-1"], "2026-01-01T00:00:00Z");
    world.show(Screen::Instances);
    has(&world.text(80, 24), "asking 2 cells… 0 of 2 answered so far");
    for region in ["us-east-1", "us-west-1"] {
        let denied =
            Fault::Denied { action: "ec2:DescribeInstances".into(), message: "not authorized".into() };
        world.fails(region, Service::Ec2, denied);
    }
    let rows = world.text(80, 24);
    has(&rows, "nothing is known: what was asked did not answer");
    has(&rows, "us-west-1 ec2 denied");
    has(&rows, "Ask for the missing permission, or use another --profile.");
    world.answers("us-east-1");
    world.answers("us-west-1");
    world.show(Screen::RestorePoints);
    has(&world.text(140, 45), "there is nothing to restore from (2 cells answered)");
    let mut world = quiet();
    world.show(Screen::Instances);
    world.app.lists.get_mut(&Screen::Instances).unwrap().filter = "nowhere".into();
    world.show(Screen::Instances);
    let rows = world.text(80, 24);
    has(&rows, "no row matches \"nowhere\"; 7 are hidden");
    has(&rows, "Esc clears the filter");
    has(&rows, "0 of 7");
    world.app.overlays.push(Overlay::Filter);
    has(&world.text(80, 24), "nowhere▏");
}

#[test]
fn a_replay_shows_the_moment_and_how_fast_it_passes() {
    let mut world = quiet();
    let actor = Actor { user: "adam".into(), uid: 1, host: "jump".into(), ssh_client: None, aws: None };
    let entry = |seq: u64, ts: &str, body: Body| Entry {
        v: ENTRY_VERSION,
        seq,
        ts: at(ts),
        mono_ms: 0,
        session: session("adam"),
        actor: actor.clone(),
        body,
    };
    let entries = vec![
        entry(0, "2012-06-30T03:05:00Z", Body::Declared { title: "apex down".into() }),
        entry(1, "2012-06-30T03:06:00Z", Body::Note { text: "calling AWS".into() }),
        entry(2, "2012-06-30T04:05:00Z", Body::Closed { summary: "over".into() }),
    ];
    world.app.replay_from(Replay::new(entries), Some(at("2012-06-30T03:06:00Z")));
    for (width, height) in [NARROW, DESIGN] {
        let rows = world.text(width, height);
        assert!(rows[0].contains("REPLAY"), "{}", rows[0]);
        has(&rows, "at 2012-06-30 03:06:00  paused 1x");
        has(&rows, "entry 2 of 3");
        has(&rows, "Space play");
        has_not(&rows, "m maintenance");
    }
    assert_eq!(world.roles_of("REPLAY", 80, 24), "yyyyyy");
}

#[test]
fn ascii_is_all_ascii() {
    let mut world = storm();
    let wide = instance("us-east-1", "i-0wide", "東京 \u{1b}[31m", "running");
    world.swept(place("us-east-1", Service::Ec2), SweepStatus::Ok { latency_ms: 1 }, vec![wide]);
    for screen in Screen::ALL {
        world.show(screen);
        for (width, height) in [NARROW, DESIGN] {
            for row in world.ascii(width, height) {
                assert!(row.is_ascii(), "{row}");
            }
        }
    }
    world.show(Screen::Board);
    let rows = world.ascii(140, 45);
    has(&rows, "x41m");
    has(&rows, "fitocracy.com -> east");
    has(&rows, "+ happening -");
    has(&rows, "prod 1234..6789");
}

#[test]
fn a_terminal_that_is_too_small_says_so_plainly() {
    let world = quiet();
    has(&world.text(59, 24), "terminal too small: 59 x 24, needs 60 x 15");
    has(&world.text(80, 14), "terminal too small: 80 x 14, needs 60 x 15");
    has(&world.text(30, 5), "needs 60 x 15");
    has_not(&world.text(60, 15), "too small");
    has(&world.text(60, 15), "us-east-1");
}

#[test]
fn evidence_that_is_old_is_not_called_down() {
    let mut world = quiet();
    world.probed(ProbeSubject::Site("www".into()), Verdict::Wrong, "HTTP 503");
    has(&world.text(80, 24), "HTTP 503 DOWN for 0s");
    world.wait(3600);
    has(&world.text(80, 24), "HTTP 503 1h ago");
    has_not(&world.text(80, 24), "DOWN");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_size_is_too_odd(width in 1_u16..300, height in 1_u16..100, screen in 0_usize..6, overlay in 0_usize..9) {
        let mut world = storm();
        let wide = instance("us-east-1", "i-0wide", "東京のウェブサーバー", "running");
        world.swept(place("us-east-1", Service::Ec2), SweepStatus::Ok { latency_ms: 1 }, vec![wide]);
        world.show(Screen::ALL[screen]);
        super::overlays::open(&mut world, overlay);
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            let drawn = buffer(&world.app, &look(glyphs), width, height);
            for row in text_rows(&drawn) {
                prop_assert!(super::super::text::width(&row) <= usize::from(width));
            }
        }
    }
}

#[test]
fn who_reads_instead_of_us_is_said_and_record_is_no_operator() {
    let mut world = World::new(Mode::Live, &["us-east-1"], "2026-01-01T00:00:00Z");
    world.opened("blackstart", Mode::Record);
    world.answers("us-east-1");
    world.swept(
        place("us-east-1", Service::Ec2),
        SweepStatus::Ok { latency_ms: 1 },
        vec![instance("us-east-1", "i-0a1b", "web-1", "running")],
    );
    has_not(&world.text(140, 45), "read by");
    let reader =
        world.app.incident.sessions.iter().find(|(_, p)| p.mode == Mode::Record).map(|(id, _)| id.clone());
    for schedule in world.app.schedule.values_mut() {
        schedule.left_to.clone_from(&reader);
    }
    let rows = world.text(140, 45);
    has(&rows, "read by record");
    has(&rows, "here: adam, record");
    has_not(&rows, "blackstart,");
    world.show(Screen::Instances);
    world.select(RowId::Key(place("us-east-1", Service::Ec2).key(Kind::Instance, "i-0a1b")));
    world.app.overlays.push(Overlay::Detail {
        row: RowId::Key(place("us-east-1", Service::Ec2).key(Kind::Instance, "i-0a1b")),
        scroll: 0,
    });
    has(&world.text(140, 45), ", read by record");
}
