//! The settings files: config, keymap, theme, and the notation of keys.
//!
//! What is refused is refused with a place that exists, in words that a terminal survives; what is taken can be used.

use super::{Target, files};
use blackstart::app::commands::{Command, Context};
use blackstart::app::keys::{Key, KeySequence, Match};
use blackstart::settings::theme::Role;
use blackstart::settings::{Complaint, Depth, Surroundings, config, keymap, listing, regions, theme_file};

pub const CONFIG: Target = Target {
    name: "config",
    check: check_config,
    seeds: config_files,
    words: &[
        "[estate]",
        "[[site]]",
        "[[site.target]]",
        "[ui]",
        "[dns]",
        "[dns.servers]",
        "[approval]",
        "name",
        "regions",
        "profiles",
        "zone",
        "record",
        "probe",
        "url",
        "expect",
        "body",
        "kind",
        "region",
        "balancer",
        "addresses",
        "ttl",
        "maintenance",
        "logbook",
        "theme",
        "keymap",
        "ascii",
        "two_operators",
        "resolvers",
        "us-east-1",
        "us-esat-1",
        "\"elb\"",
        "\"alb\"",
        "\"nlb\"",
        "\"cloudfront\"",
        "\"s3\"",
        "\"address\"",
        "fitocracy.com",
        "https://ada:secret@example.com/",
        "203.0.113.10",
        "[2001:db8::1]:53",
        "true",
        "[]",
        "{}",
        "\"\"\"",
        "'''",
        "\"2xx\"",
        "é",
        "本",
        "\u{feff}",
        "1979-05-27",
    ],
    brief: 1500,
};

pub const KEYMAP: Target = Target {
    name: "keymap",
    check: check_keymap,
    seeds: || [files("keymaps", "", ".toml"), files("tests/complaints", "keymap-", ".toml")].concat(),
    words: &[
        "[cockpit]",
        "[replay]",
        "name",
        "inherits",
        "\"none\"",
        "\"default\"",
        "\"vim\"",
        "\"quit\"",
        "\"help\"",
        "\"apex-switch\"",
        "\"play-pause\"",
        "\"top\"",
        "\"<c-c>\"",
        "\"<c-i>\"",
        "\"<c-x>g\"",
        "\"gg\"",
        "\"g\"",
        "\"<space>\"",
        "\"<lt>\"",
        "\"<f24>\"",
        "\"<s-tab>\"",
        "\"é\"",
        "\"<\"",
        "\"\"",
        "= 1",
        "= []",
        "= {}",
    ],
    brief: 1000,
};

pub const KEYS: Target = Target {
    name: "keys",
    check: check_keys,
    seeds: || {
        let keys = [
            "gg",
            "<c-c>",
            "<s-tab><PgDn>",
            "<lt><gt><space>",
            "G<c-x>é",
            "<a-c-f12>",
            "<c-->",
            "<m-<>",
            "<f0>",
        ];
        keys.iter().map(|keys| keys.as_bytes().to_vec()).collect()
    },
    words: &[
        "<", ">", "c-", "a-", "s-", "m-", "C-", "space", "lt", "gt", "enter", "cr", "esc", "tab", "bs",
        "del", "ins", "up", "pgup", "pagedown", "home", "end", "f1", "f24", "f25", "minus", "plus", "İ", "ß",
        "é", "\u{301}", "\u{a0}", "K", "ſ",
    ],
    brief: 20_000,
};

pub const THEME: Target = Target {
    name: "theme",
    check: check_theme,
    seeds: || [files("themes", "", ".toml"), files("tests/complaints", "theme-", ".toml")].concat(),
    words: &[
        "[palette]",
        "[roles]",
        "name",
        "inherits",
        "\"none\"",
        "\"storm\"",
        "\"mono\"",
        "fg",
        "bg",
        "bold",
        "dim",
        "underline",
        "reverse",
        "italic",
        "\"#6cb6ff\"",
        "\"#fff\"",
        "\"#+f0000\"",
        "\"red\"",
        "\"bright-red\"",
        "\"default\"",
        "\"255\"",
        "256",
        "-1",
        "0xff",
        "text",
        "down",
        "lie",
        "operator-1",
        "true",
        "{ fg = \"red\" }",
    ],
    brief: 1500,
};

fn config_files() -> Vec<Vec<u8>> {
    let bad = files("tests/complaints", "config-", ".toml");
    [files("docs", "config", ".toml"), files("tests/complaints", "", ".config"), bad].concat()
}

/// The name under which a text is read.
const FILE: &str = "input.toml";

/// A complaint has a place in the text, quotes its line, and cannot steer a terminal.
fn check_complaints(complaints: &[Complaint], text: &str) {
    assert!(!complaints.is_empty(), "refused without a word");
    let lines: Vec<&str> = text.split('\n').collect();
    for complaint in complaints {
        let shown = complaint.to_string();
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n' && c != '\t'), "{shown:?}");
        assert!(!complaint.what.is_empty() && !complaint.what.contains('\n'), "{complaint:?}");
        assert!(shown.starts_with(&complaint.file.replace(char::is_control, "\u{fffd}")), "{shown}");
        // What is inherited is complained about in its own file.
        if complaint.file != FILE {
            continue;
        }
        assert_eq!(complaint.line == 0, complaint.col == 0, "{complaint:?}");
        let Some(line) = complaint.line.checked_sub(1).map(|at| lines[at]) else { continue };
        let length = line.chars().count();
        assert!(complaint.col <= length + 1, "column {} of {length} in {line:?}", complaint.col);
        assert!(complaint.length >= 1);
        let quoted = complaint.source_line.chars();
        let same = quoted.zip(line.chars()).all(|(shown, written)| shown == written || shown == '*');
        assert!(same, "{:?} is quoted as {:?}", line, complaint.source_line);
    }
    // The whole of it fits a screen that scrolls, whatever the file.
    let shown: usize = complaints.iter().map(|complaint| complaint.to_string().len()).sum();
    assert!(complaints.len() <= 200 && shown < 1 << 20, "{} complaints, {shown} bytes", complaints.len());
}

fn check_config(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let config = match config::parse(FILE, &text, &Surroundings::default()) {
        Ok(config) => config,
        Err(complaints) => return check_complaints(&complaints, &text),
    };
    // The estate's name is a directory, and the others are typed.
    let is_name = |name: &str| {
        let rest = name.trim_start_matches(['-', '.']);
        name.len() == rest.len() && !name.is_empty() && !name.contains(['/', '\\', ' ', '"', '\''])
    };
    assert!(is_name(&config.estate.name), "{:?}", config.estate.name);
    for region in &config.estate.regions {
        assert!(regions::find(region).is_some(), "{region:?}");
    }
    for site in &config.sites {
        assert!(is_name(&site.name), "{:?}", site.name);
        assert_eq!(config.site(&site.name), Some(site), "two sites of one name");
        assert!(site.record == site.zone || site.record.ends_with(&format!(".{}", site.zone)), "{site:?}");
        assert!(site.maintenance_target().is_none_or(|target| site.targets.contains(target)));
        for target in &site.targets {
            assert!(is_name(&target.name), "{:?}", target.name);
            assert_eq!(site.target(&target.name), Some(target), "two targets of one name");
            let _ = target.place();
        }
        if let Some(probe) = &site.probe {
            let _ = (100..600).filter(|status| probe.expects(*status)).count();
        }
    }
    for site in config.dns.servers.keys() {
        assert!(config.site(site).is_some(), "servers of no site: {site}");
    }
    let _ = config.logbook_dir(&Surroundings::default());
}

fn check_keymap(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let keymap = match keymap::parse(FILE, &text, &Surroundings::default()) {
        Ok(keymap) => keymap,
        Err(complaints) => return check_complaints(&complaints, &text),
    };
    assert_eq!(keymap.hidden(), []);
    for context in Context::ALL {
        for (keys, command) in keymap.bindings(context) {
            assert_eq!(keymap.lookup(context, &keys.0), Match::Command(command), "{keys}");
            for pressed in 1..keys.0.len() {
                assert_eq!(
                    keymap.lookup(context, &keys.0[..pressed]),
                    Match::Prefix,
                    "{keys} after {pressed}"
                );
            }
            assert_eq!(keys.to_string().parse::<KeySequence>().as_ref(), Ok(keys));
            assert!(command.works_in(context), "{command} in {context}");
        }
        for command in Command::ALL {
            let label = keymap.label_of(context, command);
            assert_eq!(label.is_some(), !keymap.keys_of(context, command).is_empty());
        }
        assert_eq!(keymap.lookup(context, &[Key::CTRL_C]), Match::Command(Command::Quit));
    }
    assert!(!listing::keys(&keymap).is_empty());
}

fn check_keys(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    match text.parse::<KeySequence>() {
        Ok(keys) => {
            let written = keys.to_string();
            assert_eq!(
                written.parse::<KeySequence>(),
                Ok(keys.clone()),
                "{text:?} is written as {written:?}"
            );
            assert!(!keys.label().is_empty());
            for key in keys.0 {
                // A key in its one form is in its one form.
                assert_eq!(Key::new(key.code, key.ctrl, key.alt, key.shift), key, "{text:?}");
                let _ = (key.typed(), key.arrives_as());
            }
        }
        Err(error) => {
            assert!(!error.to_string().is_empty());
            for near in error.nearest() {
                assert!(near.parse::<KeySequence>().is_ok(), "{near:?} is offered and is no key");
            }
        }
    }
}

fn check_theme(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let theme = match theme_file::parse(FILE, &text, &Surroundings::default()) {
        Ok(theme) => theme,
        Err(complaints) => return check_complaints(&complaints, &text),
    };
    for depth in [Depth::Mono, Depth::Ansi16, Depth::Indexed, Depth::True] {
        let shown = theme.at_depth(depth);
        assert_eq!(shown.at_depth(depth), shown, "at {depth:?}");
        for role in Role::ALL {
            let style = shown.style(role);
            assert!(depth != Depth::Mono || (style.fg, style.bg) == (None, None), "{style:?}");
        }
    }
}
