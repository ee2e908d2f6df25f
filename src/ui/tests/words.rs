//! Words that have to be whole on both sizes, and signs that have to be explained.

use super::world::{World, at, database, fito_db, has, has_not, instance, place, quiet, storm};
use crate::app::keys::Key as Press;
use crate::app::message::{LogRefusal, Message, RefusalCause, Stamped};
use crate::app::table::RowId;
use crate::app::{LogState, Notice, Overlay, Screen};
use crate::incident::cell::{ProbeSubject, SweepStatus, Verdict, ZoneFault};
use crate::incident::entry::{Body, Mode};
use crate::incident::fault::Fault;
use crate::incident::flapping::Flapping;
use crate::incident::place::{Kind, Region, Service};
use crate::incident::resource::{Database, Resource};
use crate::incident::story::Tone;
use crate::ui::Glyphs;
use crate::ui::look::Mark;

const SIZES: [(u16, u16); 2] = [(80, 24), (140, 45)];
const OK: SweepStatus = SweepStatus::Ok { latency_ms: 1 };

/// Whether these words stand on the screen, however their lines are broken.
fn says(rows: &[String], words: &str) {
    let flat: Vec<&str> = rows.iter().flat_map(|row| row.split_whitespace()).collect();
    assert!(flat.join(" ").contains(words), "{words:?} is not in:\n{}", rows.join("\n"));
}

fn no_answer() -> Fault {
    Fault::TimedOut { after_ms: 5000 }
}

fn named(id: &str, status: &str) -> Resource {
    let key = place("us-east-1", Service::Rds).key(Kind::Database, id);
    Resource::Database(Database { key, ..database(status) })
}

#[test]
fn the_board_says_of_every_fault_how_long_it_has_lasted_and_cuts_none_of_it() {
    for fault in Fault::samples() {
        let mut world = quiet();
        for service in Service::REGIONAL {
            world.fails("us-east-1", service, fault.clone());
        }
        world.wait(34);
        let word = if fault.is_theirs() { "DOWN" } else { fault.word() };
        for (width, height) in [(80, 24), (140, 45), (200, 50), (260, 50)] {
            let rows = world.text(width, height);
            let row = rows.iter().find(|row| row.contains("us-east-1  ")).unwrap();
            assert!(row.contains(&format!("{word} for 34s ")), "{width}: {row}");
            let short = row.matches("34s").count();
            assert_eq!(short, 5, "{width}: a service lacks its number: {row}");
            let wide = format!("{} for 34s ", fault.word());
            assert!(width < 200 || row.matches(&wide).count() >= 4, "{row}");
        }
    }
}

#[test]
fn the_columns_of_the_board_hold_the_longest_words_of_cells_that_answer() {
    let mut world = quiet();
    world.swept(place("us-east-1", Service::Rds), SweepStatus::Ok { latency_ms: 14_200 }, Vec::new());
    world.wait(53);
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        has(&rows, " ok 55s ");
        has(&rows, "!14.2s ");
    }
}

#[test]
fn a_region_of_which_a_service_is_slow_or_flaps_says_so_as_route_53_does() {
    let mut world = quiet();
    world.fails("us-east-1", Service::Rds, no_answer());
    world.wait(10);
    world.swept(place("us-east-1", Service::Rds), SweepStatus::Ok { latency_ms: 3_200 }, Vec::new());
    for (width, height) in SIZES {
        has(&world.text(width, height), "us-east-1      slow 3.2s");
        assert_eq!(world.roles_of("slow 3.2s", width, height), "wwwwwwwww");
    }
    let since = world.app.now;
    let flapping = Some(Flapping { since, failed: 3, readings: 7 });
    world.says("adam", Body::Flapping { place: place("us-east-1", Service::Rds), flapping });
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        has(&rows, "us-east-1      flapping ");
        has(&rows, "!flaps ");
        says(&rows, "us-east-1 rds flapping since");
    }
    has(&world.text(110, 30), "rds flaps: 3 of 7 readings failed");
    world.app.overlays.push(Overlay::Detail { row: RowId::Region(Region::new("us-east-1")), scroll: 0 });
    says(&world.text(140, 45), "it flaps, for 0s now; when that was told, 3 of 7 readings failed");
    world.app.overlays.clear();
    // It has answered for two minutes.
    world.wait(130);
    for service in Service::REGIONAL {
        world.swept(place("us-east-1", service), OK, Vec::new());
    }
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        has(&rows, "us-east-1      flapped ");
        has(&rows, "!ok now");
        has_not(&rows, "!flaps");
    }
    has(&world.text(110, 30), "rds flapped: 3 of 7 readings failed");
    world.app.overlays.push(Overlay::Detail { row: RowId::Region(Region::new("us-east-1")), scroll: 0 });
    says(&world.text(140, 45), "it has answered for 2m, after flapping for 0s; when that was told, 3 of 7");
}

#[test]
fn a_throttled_cell_is_not_taken_for_a_slow_one() {
    let mut world = quiet();
    world.fails("us-east-1", Service::Rds, Fault::Throttled { code: "Throttling".into() });
    world.wait(28);
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        has(&rows, "!th28s");
        has_not(&rows, "!28s");
    }
    world.app.overlays.push(Overlay::Help { scroll: 0 });
    says(&world.text(140, 60), "!th28s it throttles us, for 28 seconds");
}

#[test]
fn claims_are_whole_on_the_tables() {
    let mut world = storm();
    world.swept(
        place("us-west-1", Service::Ec2),
        OK,
        vec![
            instance("us-west-1", "i-0fedcba9876543210", "standby", "terminated"),
            instance("us-west-1", "i-0fedcba9876543211", "batch", "shutting-down"),
        ],
    );
    for (width, height) in SIZES {
        world.show(Screen::RestorePoints);
        has(&world.text(width, height), "LIE available ");
        world.show(Screen::Instances);
        let rows = world.text(width, height);
        has(&rows, " terminated ");
        has(&rows, " shutting-down ");
    }
    let mut world = quiet();
    let rows =
        ["storage-full", "available"].map(|status| named(&format!("fitocracy-{}", status.len()), status));
    world.swept(place("us-east-1", Service::Rds), OK, rows.to_vec());
    for (width, height) in SIZES {
        world.show(Screen::RestorePoints);
        has(&world.text(width, height), "storage-full");
        world.show(Screen::Board);
        has(&world.text(width, height), "storage-full");
    }
    world.show(Screen::RestorePoints);
    has(&world.text(140, 45), " fitocracy-12 ");
}

#[test]
fn the_apex_screen_says_whole_what_each_site_and_target_is_worth() {
    let mut world = storm();
    world.show(Screen::Apex);
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        has(&rows, "DOWN for 40m, HTTP 503");
        has(&rows, "outside AWS, maintenance");
        has(&rows, "1/1 in service");
    }
    let mut world = quiet();
    world.show(Screen::Apex);
    for (width, height) in SIZES {
        has(&world.text(width, height), "ok for 4s, HTTP 200");
    }
}

#[test]
fn while_nothing_is_recorded_the_whole_reason_is_on_the_screen() {
    let mut world = quiet();
    let why = "entry 214 was not written to /var/lib/blackstart/logbook/fitocracy/20120630T030500Z-adam@jump-1-4711.jsonl: \
               No space left on device (os error 28). Free space on that file system, or choose another with --logbook. \
               Actions are off until the logbook is reopened";
    world.app.log = LogState::Refused(LogRefusal { cause: RefusalCause::NoRoom, words: why.into() });
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        has(&rows, "log DISK FULL");
        let path = "20120630T030500Z-adam@jump-1-4711.jsonl";
        let rest = &why[why.find("No space").unwrap()..];
        says(&rows, rest);
        let flat: String = rows.iter().map(|row| row.trim()).collect();
        assert!(flat.contains(path), "{}", rows.join("\n"));
        says(&rows, "actions off. Once it is mended press L to record again.");
    }
    // By what it is, whatever it says.
    world.app.log = LogState::Refused(format!("it is not there. {why}").into());
    has(&world.text(80, 24), "log REFUSED");
}

#[test]
fn what_was_just_said_takes_the_lines_that_it_needs() {
    let mut world = quiet();
    let text = "unknown whether the last action was done: www: maintenance on via linode (plan 3f9a1c); see what is \
                there, then `blackstart do undo PLAN` or act anew";
    let notice =
        |tone, text: &str| Notice { at: at("2012-06-30T02:50:04Z"), mono_ms: 0, tone, text: text.into() };
    world.app.notices.push_back(notice(Tone::Neutral, "copied"));
    world.app.notices.push_back(notice(Tone::Warn, text));
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        says(&rows, text);
        has(&rows, "copied");
    }
}

#[test]
fn every_mark_has_a_line_in_the_legend() {
    let mut world = quiet();
    world.app.overlays.push(Overlay::Help { scroll: 0 });
    for rows in [world.text(140, 100), world.ascii(80, 120)] {
        let glyphs = if rows.iter().any(|row| row.contains('│')) { Glyphs::Unicode } else { Glyphs::Ascii };
        for mark in Mark::ALL {
            let row = rows.iter().find(|row| row.contains(mark.meaning()));
            let row = row.unwrap_or_else(|| panic!("{mark:?} is not in:\n{}", rows.join("\n")));
            assert!(row.contains(glyphs.mark(mark)), "{row}");
        }
        has(&rows, "it answers, and was read 3 seconds ago");
        has(&rows, "it has failed for 41 minutes");
        has(&rows, "it answers, but fails every few readings");
    }
    // At the usual size it is reached by scrolling.
    world.app.overlays = vec![Overlay::Help { scroll: 500 }];
    has(&world.text(80, 24), Mark::Unknown.meaning());
}

#[test]
fn a_cell_that_fails_says_when_it_is_asked_again_and_how_to_have_it_asked_at_once() {
    let mut world = quiet();
    world.fails("us-east-1", Service::Ec2, no_answer());
    let ec2 = place("us-east-1", Service::Ec2);
    let now = world.app.now;
    let schedule = world.app.schedule.get_mut(&ec2).unwrap();
    schedule.due = Some(now + jiff::SignedDuration::from_secs(31));
    schedule.failures = 3;
    let row = RowId::Key(ec2.key(Kind::Instance, "i-0a1b2c3d4e5f60711"));
    for detail in [RowId::Region(Region::new("us-east-1")), row] {
        world.app.overlays = vec![Overlay::Detail { row: detail, scroll: 0 }];
        for (width, height) in SIZES {
            has(&world.text(width, height), "asked again in 0:31; R asks at once");
        }
    }
    world.app.schedule.get_mut(&ec2).unwrap().in_flight = Some((crate::app::message::Ticket(7), now));
    world.wait(4);
    has(&world.text(80, 24), "being asked again, for 4s now");
    world.swept(ec2, OK, Vec::new());
    has_not(&world.text(80, 24), "asked again");
}

#[test]
fn zones_have_words_in_the_detail() {
    let mut world = quiet();
    let status = SweepStatus::Partial {
        error: no_answer(),
        answered: vec!["us-east-1a".into()],
        failed: vec![ZoneFault { zone: "us-east-1b".into(), error: no_answer() }],
        missing: Vec::new(),
    };
    world.swept(place("us-east-1", Service::Ec2), status, Vec::new());
    has(&world.text(140, 45), "!1/2");
    world.app.overlays = vec![Overlay::Detail { row: RowId::Region(Region::new("us-east-1")), scroll: 0 }];
    says(&world.text(140, 45), "asked by id, 1 of 2 availability zones answer");
}

#[test]
fn what_claims_trouble_by_itself_is_on_the_board_behind_the_disagreements() {
    let mut world = storm();
    let mut impaired = instance("us-west-1", "i-0fedcba9876543210", "standby", "running");
    if let Resource::Instance(instance) = &mut impaired {
        instance.system_status = Some("impaired".into());
    }
    world.swept(place("us-west-1", Service::Ec2), OK, vec![impaired]);
    let west = place("us-west-1", Service::Rds);
    for status in
        ["storage-full", "incompatible-network", "inaccessible-encryption-credentials", "incompatible-new"]
    {
        let key = west.key(Kind::Database, "fito-west");
        world.swept(west.clone(), OK, vec![Resource::Database(Database { key, ..database(status) })]);
        for (width, height) in SIZES {
            let rows = world.text(width, height);
            let line = |text: &str| rows.iter().position(|row| row.contains(text));
            let (lie, trouble) = (line("PROBE refused for"), line(status));
            assert!(lie.is_some() && trouble > lie, "{status}:\n{}", rows.join("\n"));
            has(&rows, &format!("CLAIM {status}"));
            has(&rows, "running, checks impaired");
            assert_eq!(world.roles_of(status, width, height), "d".repeat(status.len()));
        }
    }
    // What is well again, or known from before alone, is not.
    let key = west.key(Kind::Database, "fito-west");
    world.swept(west, OK, vec![Resource::Database(Database { key, ..database("available") })]);
    has_not(&world.text(140, 45), "fito-west");
    world.fails("us-west-1", Service::Ec2, no_answer());
    has_not(&world.text(140, 45), "checks impaired");
}

#[test]
fn databases_are_counted_once_among_those_told() {
    let mut world = quiet();
    world.swept(place("us-east-1", Service::Rds), OK, vec![named("fito-db", "storage-full")]);
    let rows = world.text(80, 24);
    has(&rows, "storage-full");
    has_not(&rows, "databases claimed");
    has_not(&rows, "database claimed");
    world.probed(ProbeSubject::Database(fito_db()), Verdict::Answers, "tcp open");
    has(&world.text(80, 24), "storage-full");
}

#[test]
fn an_instance_in_a_state_of_its_own_has_a_mark_of_its_own() {
    let mut world = quiet();
    world.show(Screen::Instances);
    for (state, word, mark) in [
        ("hibernating", "unknown", '?'),
        ("stopped", "off", '-'),
        ("terminated", "off", '-'),
        ("stopping", "stopping", '~'),
        ("shutting-down", "stopping", '~'),
    ] {
        let standby = instance("us-west-1", "i-0fedcba9876543210", "standby", state);
        world.swept(place("us-west-1", Service::Ec2), OK, vec![standby]);
        world.show(Screen::Instances);
        let rows = world.text(80, 24);
        let row = rows.iter().find(|row| row.contains("standby")).unwrap();
        let signs: String = row.chars().skip(1).take(2 + word.len()).collect();
        assert_eq!(signs, format!("{mark} {word}"), "{state}: {row}");
    }
}

#[test]
fn that_another_cockpit_of_ours_reads_is_no_news_on_the_board() {
    let mut world = World::new(Mode::Live, &["us-east-1"], "2026-01-01T00:00:00Z");
    world.answers("us-east-1");
    let reader = world.app.opening.session.clone();
    world.app.opening.session = crate::incident::entry::SessionId("20260101T000100Z-adam@jump-2".into());
    for schedule in world.app.schedule.values_mut() {
        schedule.left_to = Some(reader.clone());
    }
    has_not(&world.text(140, 45), "read by");
    world.app.overlays.push(Overlay::Detail {
        row: RowId::Key(place("us-east-1", Service::Ec2).key(Kind::Instance, "i-0a1b")),
        scroll: 0,
    });
    world.swept(
        place("us-east-1", Service::Ec2),
        OK,
        vec![instance("us-east-1", "i-0a1b", "web-1", "running")],
    );
    has(&world.text(140, 45), ", read by another cockpit of yours");
}

#[test]
fn a_note_typed_while_the_logbook_refuses_is_kept_and_a_name_stays_in_its_prompt() {
    let mut world = quiet();
    let take = |world: &mut World, message: Message| {
        let at = world.app.now;
        world.app.update(Stamped { at, mono_ms: 0, message })
    };
    take(&mut world, Message::RecordFailed("No space left on device".into()));
    take(&mut world, Message::Key(Press::char('n')));
    take(&mut world, Message::Paste("RDS logs frozen".into()));
    take(&mut world, Message::Key(Press::plain(crate::app::keys::KeyCode::Enter)));
    for (width, height) in SIZES {
        let rows = world.text(width, height);
        says(&rows, "the note is kept, not written down yet");
        has(&rows, "NOT RECORDED: note: RDS logs frozen");
        says(&rows, "NOT RECORDING (1 note kept)");
    }
    take(&mut world, Message::Key(Press::char('D')));
    take(&mut world, Message::Paste("apex down".into()));
    take(&mut world, Message::Key(Press::plain(crate::app::keys::KeyCode::Enter)));
    let rows = world.text(80, 24);
    has(&rows, "declare an incident");
    has(&rows, "> apex down");
    says(&rows, "not written down: the logbook refuses");
    assert!(world.app.incident.declared().is_none());
}

#[test]
fn the_widest_columns_give_room_to_those_that_hold_names() {
    let mut world = storm();
    world.show(Screen::RestorePoints);
    has(&world.text(140, 45), " point in time ");
    world.show(Screen::Apex);
    // What is too long goes on over the empty cells beside it.
    has(&world.text(140, 45), "alias web-1234567890.us-east-1.elb.amazonaws.com ");
    has(&world.text(140, 45), "www  fitocracy.com  ");
}
