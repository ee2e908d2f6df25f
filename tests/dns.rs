//! What DNS servers answer, under virtual time: a switch seen server by server, a server that lies, one that is shut off,
//! a change that Route 53 takes and forgets.

use crate::crew::{Crew, scenario};
use blackstart::app::message::Effect;
use blackstart::app::propagation::{Expiry, Propagation};
use blackstart::app::{App, Replay};
use blackstart::incident::cell::{Evidence, ProbeSubject, Verdict};
use blackstart::incident::dns::{DnsAnswer, DnsSubject, Says, ServerRole};
use blackstart::incident::entry::{Body, Ending, Entry, Finding, Mode};
use blackstart::incident::operation::Standing;
use blackstart::incident::request::Query;

const SERVERS: usize = 4;

fn crew() -> Crew {
    let mut crew = Crew::on(scenario("quiet", ""));
    crew.sit("adam", Mode::Demo);
    crew.run_for(90);
    crew
}

/// What the first cockpit makes of the first site's servers.
fn seen(crew: &Crew) -> Propagation<'_> {
    let app = &crew.seats[0].app;
    app.propagation(&app.opening.sites[0]).expect("servers are asked")
}

fn says(crew: &Crew) -> Vec<Says> {
    seen(crew).name_servers.iter().map(|(_, server)| server.says).collect()
}

/// The name servers of the first site.
fn name_servers(crew: &Crew) -> Vec<String> {
    seen(crew).name_servers.iter().map(|(subject, _)| subject.server.clone()).collect()
}

fn answer(address: &str) -> Evidence {
    Evidence {
        dns: Some(DnsAnswer {
            addresses: vec![address.parse().unwrap()],
            ttl: Some(60),
            authoritative: true,
            cname: None,
        }),
        ..Evidence::new(Verdict::Answers, address, 20)
    }
}

fn silence() -> Evidence {
    Evidence::new(Verdict::TimedOut, "no answer", 4_000)
}

fn disagreements(entries: &[Entry]) -> Vec<Option<String>> {
    let words = entries.iter().filter_map(|entry| match &entry.body {
        Body::Disagreement { words, .. } => Some(words.clone()),
        _ => None,
    });
    words.collect()
}

/// What the one check of the first cockpit saw to hold.
#[track_caller]
fn held(crew: &Crew) -> String {
    let found = crew.seats[0].disk.iter().filter_map(|entry| match &entry.body {
        Body::Verified { finding, .. } => Some(finding.clone()),
        _ => None,
    });
    match found.collect::<Vec<_>>().as_slice() {
        [Finding::Holds { detail }] => detail.clone(),
        other => panic!("not one check that holds: {other:?}"),
    }
}

/// Begins maintenance of the first site and waits for the call to be accepted.
fn begin(crew: &mut Crew) -> blackstart::incident::hash::PlanHash {
    let plan = crew.insist(0, "1gm");
    crew.confirm(0);
    assert!(crew.wait_until(30, |crew| {
        crew.seats[0].disk.iter().any(|entry| matches!(entry.body, Body::Outcome { .. }))
    }));
    plan
}

#[test]
fn a_quiet_day_asks_each_server_once_a_minute_and_finds_them_agreeing() {
    let mut crew = crew();
    assert_eq!(says(&crew), [Says::New; SERVERS]);
    assert_eq!(seen(&crew).words(), "4/4 name servers, 3/3 resolvers answer as recorded");
    assert_eq!(disagreements(&crew.seats[0].disk), []);
    let asked = |crew: &Crew| {
        let all = crew.seats[0].effects.iter();
        all.filter(|(_, effect)| match effect {
            Effect::Probe(_, probe) => matches!(probe.subject, ProbeSubject::Dns(_)),
            _ => false,
        })
        .count()
    };
    let servers = crew.seats[0].app.opening.sites.len() * (SERVERS + 3);
    let before = asked(&crew);
    crew.run_for(600);
    let in_ten_minutes = asked(&crew) - before;
    // Every 60 to 75 seconds; aliases' targets are asked beside them.
    assert!(in_ten_minutes <= servers * 11 + 20, "{in_ten_minutes} questions to {servers} servers");
    assert!(in_ten_minutes >= servers * 7, "{in_ten_minutes} questions to {servers} servers");
}

#[test]
fn a_switch_is_seen_server_by_server_and_the_old_answers_count_down() {
    let mut crew = crew();
    let plan = begin(&mut crew);
    let mut counts = vec![Propagation::counted(&seen(&crew).name_servers).0];
    let mut phases = Vec::new();
    let ended = crew.wait_until(120, |crew| {
        let propagation = seen(crew);
        let (new, of) = Propagation::counted(&propagation.name_servers);
        assert_eq!(of, SERVERS);
        if counts.last() != Some(&new) {
            counts.push(new);
        }
        phases.push((crew.now, propagation.expiry.unwrap()));
        crew.seats[0].app.ended(&plan).is_some()
    });
    assert!(ended);
    assert_eq!(counts, [0, 1, 2, 3, 4], "the demo's servers follow each other");
    assert_eq!(crew.standing(0, &plan), Standing::Verified);
    let detail = held(&crew);
    assert!(detail.starts_with("INSYNC") && detail.ends_with("4/4 name servers answer the new"), "{detail}");
    // Before INSYNC nothing runs out; then the whole TTL does, and never from anew.
    let in_sync = crew.seats[0].disk.iter().find(|e| matches!(e.body, Body::InSync { .. })).unwrap().ts;
    for (at, phase) in &phases {
        match phase {
            Expiry::Pending => assert!(*at <= in_sync, "{phases:?}"),
            Expiry::Served => assert!(*at >= in_sync, "{phases:?}"),
            Expiry::At(expires) => {
                assert!(*at >= in_sync && expires.duration_since(in_sync).as_secs() >= 60, "{phases:?}");
            }
            Expiry::Unanswered | Expiry::Unseen => panic!("{phases:?}"),
        }
    }
    assert_eq!(phases[0].1, Expiry::Pending);
    crew.run_for(90);
    let expires = seen(&crew).expiry.and_then(Expiry::at).unwrap();
    assert!(expires < crew.now, "the old answers have expired");
    let resolvers = seen(&crew).resolvers.iter().all(|(_, server)| server.says == Says::New);
    assert!(resolvers, "and the resolvers answer the new: {}", seen(&crew).words());
    assert_eq!(disagreements(&crew.seats[0].disk), [], "nothing of this contradicts anything");
    let kinds: Vec<&str> = crew.seats[0].disk.iter().map(|entry| entry.body.kind()).collect();
    let at = |kind: &str| kinds.iter().position(|k| *k == kind).unwrap();
    assert!(at("outcome") < at("in-sync") && at("in-sync") < at("verified"));
    crew.run_for(120);
    assert!(seen(&crew).switch.is_none(), "two minutes past the TTL it is an ordinary day again");
}

#[test]
fn a_server_that_keeps_the_old_is_named_sorts_first_and_holds_the_check() {
    let mut crew = crew();
    let stale = name_servers(&crew)[2].clone();
    let old = {
        let propagation = seen(&crew);
        propagation.name_servers[2].1.probed.unwrap().evidence.clone()
    };
    crew.dns.insert(stale.clone(), old);
    let plan = begin(&mut crew);
    assert!(crew.wait_until(200, |crew| !disagreements(&crew.seats[0].disk).is_empty()));
    assert!(crew.seats[0].app.ended(&plan).is_none(), "it is not verified by three of four");
    let words = disagreements(&crew.seats[0].disk).remove(0).unwrap();
    assert!(words.contains(&format!("{stale} answers the old")), "{words}");
    assert!(words.contains("although Route 53 says INSYNC"), "{words}");
    let app = &crew.seats[0].app;
    assert_eq!(
        app.row_health(&blackstart::app::table::RowId::Site(app.opening.sites[0].name.clone())),
        Some(blackstart::incident::cell::Health::Lie)
    );
    let story =
        |crew: &Crew, words: &str| crew.seats[0].app.incident.story.iter().any(|e| e.text.contains(words));
    assert!(story(&crew, "answers the old"));
    // It comes round.
    crew.dns.remove(&stale);
    assert!(crew.wait_until(60, |crew| crew.seats[0].app.ended(&plan).is_some()));
    assert_eq!(crew.standing(0, &plan), Standing::Verified);
    assert!(crew.wait_until(30, |crew| disagreements(&crew.seats[0].disk).last() == Some(&None)));
    assert!(story(&crew, "the servers agree again after"));
}

#[test]
fn a_server_that_answers_what_no_record_says_is_a_disagreement_that_others_see_too() {
    let mut crew = Crew::on(scenario("quiet", ""));
    let mut opening = crate::crew::opening(crew.world.scenario(), "adam", Mode::Demo, crew.now);
    // A second site, of the same zone, at a name that has no record.
    let mut other = opening.sites[0].clone();
    other.name = "other".into();
    other.record = format!("other.{}", other.zone);
    let record = opening.sites[0].record.clone();
    opening.sites.push(other);
    opening.sites.rotate_right(1);
    crew.sit_with(opening);
    crew.sit("daniel", Mode::Demo);
    crew.run_for(90);
    assert_eq!(says(&crew), [Says::New; SERVERS], "no record, no address");
    let wrong = name_servers(&crew)[1].clone();
    crew.dns.insert(format!("{record}@{wrong}"), answer("192.0.2.66"));
    assert!(crew.wait_until(120, |crew| !crew.seats[1].app.incident.disagreements.is_empty()));
    let (_, words) = crew.seats[1].app.incident.disagreements.values().next().unwrap();
    assert_eq!(*words, format!("{wrong} answers 192.0.2.66, which no record set says"));
    let disagrees = crew.seats[0].app.opening.sites[1].name.clone();
    crew.press(0, "5");
    let rows = &crew.seats[0].app.lists[&blackstart::app::Screen::Apex].rows;
    assert_eq!(rows.get(0), Some(&blackstart::app::table::RowId::Site(disagrees)), "it sorts first");
}

#[test]
fn where_dns_is_blocked_the_action_says_so_and_goes_on() {
    let mut crew = Crew::on(scenario("quiet", ""));
    crew.dns_blocked = true;
    crew.sit("adam", Mode::Demo);
    crew.run_for(90);
    assert!(seen(&crew).is_blocked(), "{}", seen(&crew).words());
    assert_eq!(disagreements(&crew.seats[0].disk), [], "silence contradicts nothing");
    let (plan, standing) = crew.act(0, "1gm", 120);
    assert_eq!(standing, Standing::Verified, "{plan:?}");
    let detail = held(&crew);
    assert!(detail.contains("INSYNC"), "{detail}");
    assert!(detail.ends_with("not seen from here: DNS is blocked"), "{detail}");
}

#[test]
fn one_silent_server_among_answering_ones_does_not_hang_the_check() {
    let mut crew = crew();
    let dead = name_servers(&crew)[0].clone();
    crew.dns.insert(dead.clone(), silence());
    let (_, standing) = crew.act(0, "1gm", 200);
    assert_eq!(standing, Standing::Verified);
    let detail = held(&crew);
    assert!(detail.contains("3/4 name servers answer the new") && detail.contains(&dead), "{detail}");
}

#[test]
fn a_change_that_route_53_forgets_is_stranded_and_the_way_out_is_named() {
    let mut crew = crew();
    let before = crew.world.clone();
    let plan = begin(&mut crew);
    // The control plane failed over to a copy that never got the change.
    crew.world = before;
    assert!(crew.wait_until(120, |crew| crew.seats[0].app.ended(&plan).is_some()));
    let ending = crew.seats[0].app.incident.operations[&plan].ending.clone().unwrap().1;
    let Ending::Unverified { why } = ending else { panic!("{ending:?}") };
    assert!(why.contains("STRANDED") && why.contains("switch it again, with `apex`"), "{why}");
    let asked_again = crew.seats[0]
        .effects
        .iter()
        .filter(|(_, effect)| matches!(effect, Effect::Ask(_, _, Query::Change { .. })));
    assert!(asked_again.count() >= 1);
    // Which then works.
    while !crew.seats[0].app.overlays.is_empty() {
        crew.press(0, "<esc>");
    }
    crew.press(0, "1ga");
    crew.type_in(0, "page");
    crew.press(0, "<enter>");
    assert!(crew.wait_until(60, |crew| crew.seats[0].app.ready_plan().is_some()));
    let again = crew.seats[0].app.ready_plan().unwrap().hash.clone();
    crew.confirm(0);
    assert!(crew.wait_until(200, |crew| crew.seats[0].app.ended(&again).is_some()));
    assert_eq!(crew.standing(0, &again), Standing::Verified);
}

#[test]
fn a_replay_shows_what_the_servers_said_then_whatever_is_configured_now() {
    let mut crew = crew();
    let plan = begin(&mut crew);
    assert!(crew.wait_until(120, |crew| {
        let (new, _) = Propagation::counted(&seen(crew).name_servers);
        new == 2
    }));
    let (then, words) = (crew.now, seen(&crew).words());
    assert!(crew.wait_until(120, |crew| crew.seats[0].app.ended(&plan).is_some()));
    let mut opening = crate::crew::opening(crew.world.scenario(), "eve", Mode::Replay, crew.now);
    opening.dns.resolvers = Vec::new();
    let mut app = App::new(opening, crew.now);
    app.replay_from(Replay::new(crew.seats[0].disk.clone()), Some(then));
    let propagation = app.propagation(&app.opening.sites[0]).unwrap();
    assert_eq!(propagation.words(), words);
    assert!(words.starts_with("2/4 name servers") && propagation.expiry == Some(Expiry::Pending), "{words}");
}

#[test]
fn a_server_is_never_asked_twice_at_once_and_questions_do_not_pile_up() {
    let mut crew = Crew::on(scenario("quiet", ""));
    crew.dns_lost = true;
    crew.sit("adam", Mode::Demo);
    crew.run_for(1_800);
    let asked: Vec<&DnsSubject> = crew.seats[0]
        .effects
        .iter()
        .filter_map(|(_, effect)| match effect {
            Effect::Probe(_, probe) => match &probe.subject {
                ProbeSubject::Dns(subject) => Some(subject),
                ProbeSubject::Site(_)
                | ProbeSubject::Endpoint(_)
                | ProbeSubject::Database(_)
                | ProbeSubject::Balancer(_)
                | ProbeSubject::Instance(_) => None,
            },
            _ => None,
        })
        .collect();
    assert!(asked.len() <= 8, "{asked:?}");
    assert!(
        asked
            .iter()
            .any(|subject| subject.role == ServerRole::Resolver || subject.role == ServerRole::NameServer)
    );
}

// ---- the real client, the real binary, real ports

#[cfg(feature = "aws")]
mod live {
    use super::SERVERS;
    use crate::support::cli::Home;
    use crate::support::estate::{Ground, ZONE, ground};
    use crate::support::pty::{DESIGN, Pty};
    use crate::support::scene::{self, all_entries, assert_intact, logbook, of_kind};
    use crate::support::standin::Pace;
    use crate::support::standin::dns::{DnsFault, NAME_SERVERS};
    use blackstart::cloud::probe::dns::Servers;
    use blackstart::incident::cell::{Evidence, Verdict};
    use blackstart::incident::dns::{DnsSubject, ServerRole};
    use std::time::Duration;

    /// The scene's home, with the stand-in's resolver to ask.
    fn home(ground: &Ground) -> Home {
        let resolvers = format!("resolvers = [\"{}\"]", ground.standin.resolver());
        let config = scene::config().replace("resolvers = []", &resolvers);
        assert!(config.contains(&resolvers));
        Home::of(&ground.standin, &ground.account).config(&config)
    }

    fn ask(ground: &Ground, role: ServerRole, server: usize) -> Evidence {
        let address = match role {
            ServerRole::NameServer => ground.standin.name_servers()[server].clone(),
            ServerRole::Resolver => ground.standin.resolver(),
        };
        let subject = DnsSubject { name: ZONE.into(), role, server: address };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        // What is not answered is waited for: not long.
        let limit = if server == 0 { Duration::from_millis(400) } else { Duration::from_secs(60) };
        runtime.block_on(Servers::default().ask(&subject, limit))
    }

    #[test]
    fn live_every_way_to_fail_is_told_apart() {
        let Some(ground) = ground("DNS answers over real ports") else {
            return;
        };
        // The binary asks Route 53 for the servers, once: then they know the zone.
        home(&ground).run(&["do", "apex", "www", "page", "--confirm", "www"]).expect_code(0);
        let standin = &ground.standin;
        let fails = |server: usize, fault: DnsFault| {
            standin.dns_fault(server, Some(fault));
            let evidence = ask(&ground, ServerRole::NameServer, server);
            standin.dns_fault(server, None);
            (evidence.verdict, evidence.detail, evidence.dns.is_some())
        };
        let right = (Verdict::Answers, scene::PAGE.to_owned(), true);
        assert_eq!(fails(1, DnsFault::ServFail), (Verdict::Wrong, "SERVFAIL".into(), false));
        assert_eq!(
            fails(1, DnsFault::Lame),
            (Verdict::Wrong, "lame: not authoritative for the name".into(), false)
        );
        assert_eq!(fails(2, DnsFault::Garbage), (Verdict::Wrong, "not a DNS answer".into(), false));
        assert_eq!(fails(2, DnsFault::Truncated), right, "fetched over TCP");
        assert!(standin.dns_questions().iter().any(|asked| asked.server == 2 && asked.tcp));
        assert_eq!(fails(0, DnsFault::Timeout).0, Verdict::TimedOut);
        let (verdict, detail, _) = fails(3, DnsFault::Stale);
        assert!(verdict == Verdict::Answers && detail != scene::PAGE, "the alias of before: {detail}");
        let healthy = ask(&ground, ServerRole::NameServer, 3).dns.unwrap();
        assert_eq!((healthy.ttl, healthy.authoritative), (Some(60), true));
        let cached = ask(&ground, ServerRole::Resolver, NAME_SERVERS).dns.unwrap();
        assert!(!cached.authoritative, "a resolver has none");
        let nobody =
            DnsSubject { name: ZONE.into(), role: ServerRole::NameServer, server: "127.0.0.1:1".into() };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let evidence = runtime.block_on(Servers::default().ask(&nobody, Duration::from_secs(60)));
        assert_eq!(evidence.verdict, Verdict::Refused);
    }

    #[test]
    fn live_a_switch_is_verified_by_four_name_servers() {
        let Some(ground) = ground("the apex switch, seen by its name servers") else {
            return;
        };
        ground.standin.set_pace(Pace { dns: 1, ..Pace::default() });
        let home = home(&ground);
        home.run(&["do", "apex", "www", "page", "--confirm", "www"]).expect_code(0);
        let written = all_entries(&logbook(&home));
        assert_eq!(of_kind(&written, "in-sync").len(), 1);
        let detail = of_kind(&written, "verified")[0]["body"]["finding"]["detail"].to_string();
        assert!(detail.contains("4/4 name servers answer the new"), "{detail}");
        let asked = ground.standin.dns_questions();
        for server in 0..SERVERS {
            let of_it = || asked.iter().filter(|asked| asked.server == server);
            assert!(of_it().count() > 0, "server {server} was not asked");
            assert!(of_it().all(|asked| !asked.recursion), "a name server is not asked to go elsewhere");
        }
        assert!(asked.iter().filter(|asked| asked.server == NAME_SERVERS).all(|asked| asked.recursion));
        assert_eq!(ground.standin.calls_of("route53", "GetHostedZone").len(), 1, "once a process");
        assert_intact(&home);
    }

    #[test]
    fn live_a_cockpit_shows_what_every_server_answers() {
        let Some(ground) = ground("DNS on the screen") else {
            return;
        };
        let home = home(&ground);
        let mut pty = Pty::start(&home, DESIGN, &[]);
        pty.press("5");
        pty.wait_for("4/4 name servers, 1/1 resolvers answer as recorded");
        ground.standin.set_pace(Pace { dns: 2, ..Pace::default() });
        home.run(&["do", "apex", "www", "page", "--confirm", "www"]).expect_code(0);
        // The cockpit beside it follows the switch from the log, and asks for itself.
        pty.wait_for("old expires in");
        pty.wait_for("4/4 name servers, 1/1 resolvers answer the new");
        // One of them goes back to what stood there before, and is named.
        ground.standin.dns_fault(1, Some(DnsFault::Stale));
        let stale = format!("{} answers the old", ground.standin.name_servers()[1]);
        pty.wait_for(&stale);
        pty.wait_for("DNS disagrees");
        ground.standin.dns_fault(1, None);
        pty.wait_gone("DNS disagrees");
        pty.press("6");
        pty.wait_for("the servers agree again after");
        pty.press("q");
        assert_eq!(pty.wait_exit(), 0);
        assert_intact(&home);
    }
}
