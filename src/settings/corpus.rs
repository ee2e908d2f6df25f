//! The corpus of bad files in `tests/complaints/`, each with the exact text of its complaints.
//!
//! A file's first word says how it is read (`config-`, `keymap-`, `theme-`); its expected complaints stand in the file
//! of the same name ending in `.txt`. `BLACKSTART_BLESS=1` in the environment writes them anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::fs;
use std::path::Path;

use super::complaint::Complaint;
use super::surroundings::Surroundings;
use super::{config, keymap, theme_file};
use crate::incident::probe::{Dialect, ProbeQuestion, ProbeTarget};

fn complaints(name: &str, text: &str) -> Vec<Complaint> {
    let nowhere = Surroundings::default();
    let sort = name.split('-').next().unwrap();
    match sort {
        "config" => config::parse(name, text, &nowhere).err(),
        "keymap" => keymap::parse(name, text, &nowhere).err(),
        "theme" => theme_file::parse(name, text, &nowhere).err(),
        other => panic!("{name}: no reader for {other}"),
    }
    .unwrap_or_default()
}

#[test]
fn every_bad_file_gets_exactly_its_complaints() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/complaints");
    // The one thing here that reads the environment: a person at a keyboard who changes the wording on purpose.
    let bless = option_env!("BLACKSTART_BLESS").is_some();
    let mut names: Vec<_> = fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml"))
        .collect();
    names.sort();
    assert!(names.len() >= 10, "the corpus is gone: {names:?}");
    for name in names {
        let text = fs::read_to_string(dir.join(&name)).unwrap();
        let found = complaints(&name, &text);
        assert!(!found.is_empty(), "{name}: nothing to complain about");
        let found = found.iter().map(|complaint| format!("{complaint}\n")).collect::<Vec<_>>().join("\n");
        let expected = dir.join(name.replace(".toml", ".txt"));
        if bless {
            fs::write(&expected, &found).unwrap();
        }
        let wanted = fs::read_to_string(&expected).unwrap_or_default();
        assert_eq!(found, wanted, "{name}");
    }
}

#[test]
fn the_documented_config_is_read_whole() {
    let text = include_str!("../../tests/complaints/good.config");
    let config = config::parse("good.config", text, &Surroundings::default()).unwrap();
    assert_eq!(config.estate.regions, ["us-east-1", "us-west-1"]);
    assert_eq!(config.estate.profiles, ["prod"]);
    let site = config.site("www").unwrap();
    assert_eq!((site.zone.as_str(), site.record.as_str()), ("fitocracy.com", "fitocracy.com"));
    assert!(site.probe.as_ref().unwrap().expects(200));
    assert_eq!(site.targets.len(), 5);
    assert_eq!(site.target("east").unwrap().place(), "us-east-1/web");
    let linode = site.maintenance_target().unwrap();
    assert_eq!((linode.name.as_str(), linode.ttl), ("linode", Some(60)));
    assert_eq!(linode.addresses.len(), 2);
    assert_eq!(config.site("api").unwrap().record, "api.fitocracy.com");
    assert_eq!(config.ui.theme.as_deref(), Some("daylight"));
    assert!(config.approval.two_operators);
    assert_eq!(config.dns.resolvers, ["1.1.1.1", "2606:4700:4700::1111", "127.0.0.1:5353"]);
    assert_eq!(config.dns.servers["www"], ["192.0.2.53"]);
    assert_eq!((config.probes.inferred, config.probes.at_once), (Some(false), 8));
    let [redis, web, database, search] = config.probes.declared.as_slice() else { panic!("four probes") };
    assert_eq!(redis.on, ProbeTarget::Instance("redis-1".into()));
    assert_eq!(redis.region.as_deref(), Some("us-east-1"));
    assert_eq!(redis.question, ProbeQuestion::Tcp { port: Some(6379) });
    assert!(matches!(&web.question, ProbeQuestion::Http(site) if site.expect == "2xx"));
    assert_eq!(database.connect.as_deref(), Some("127.0.0.1:15432"));
    assert_eq!(search.question, ProbeQuestion::Greeting { dialect: Dialect::Mysql, port: None });
    let times = config.timeouts;
    assert_eq!([times.connect, times.attempt, times.operation].map(|t| t.as_secs_f64()), [2.0, 7.5, 20.0]);
    assert_eq!(config.logbook.as_deref(), Some(Path::new("/var/log/blackstart")));
}
