//! Claims against evidence with the real binary: what an endpoint on the loopback does beside what RDS says of it.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};

use serde_json::Value;

use crate::support::cli::Home;
use crate::support::estate::{Ground, ground};
use crate::support::pty::Pty;
use crate::support::scene::{all_entries, config, home, logbook, of_kind};

const DESIGN: (u16, u16) = (140, 45);

/// The scene with fito-db probed where the test says, and nothing guessed: the emulator's addresses are strangers'.
fn probing(ground: &Ground, at: SocketAddr) -> Home {
    let probe = format!(
        "\n[probes]\ninferred = false\n\n[[probe]]\ndatabase = \"fito-db\"\nkind = \"postgres\"\nconnect = \"{at}\"\n"
    );
    home(ground).config(&format!("{}{probe}", config()))
}

/// An address where nobody listens.
fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// A server that greets as PostgreSQL does, for as long as the test process lives.
fn greets(at: SocketAddr) {
    let listener = TcpListener::bind(at).unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut asked = [0; 8];
            if stream.read_exact(&mut asked).is_ok() {
                let _ = stream.write_all(b"N");
            }
        }
    });
}

fn fito_db(status: &Value) -> &Value {
    let rows = status["resources"].as_array().unwrap();
    let wanted = |row: &&Value| row["key"].as_str().is_some_and(|key| key.ends_with("/database/fito-db"));
    rows.iter().find(wanted).unwrap()
}

#[test]
fn status_calls_a_database_a_lie_that_claims_to_be_available_and_refuses() {
    let Some(ground) = ground("a lying database, by status") else { return };
    let at = closed();
    let home = probing(&ground, at);
    let status = home.run(&["status", "--json"]).expect_code(0).json();
    let row = fito_db(&status);
    assert_eq!(row["status"], "available", "the claim");
    assert_eq!(row["health"], "lie");
    assert_eq!(row["probe"]["verdict"], "refused");
    assert_eq!(row["probe"]["asked"], at.to_string());
    let text = home.run(&["status"]).expect_code(0).stdout;
    assert!(text.contains("database us-east-1 fito-db: LIE: claims available, probe tcp refused"), "{text}");

    greets(at);
    let status = home.run(&["status", "--json"]).expect_code(0).json();
    let row = fito_db(&status);
    assert_eq!((&row["health"], &row["probe"]["verdict"]), (&"proven".into(), &"answers".into()));
    assert_eq!(row["probe"]["detail"], "postgres greets, without TLS");
}

#[test]
fn a_port_that_takes_connections_and_says_nothing_is_no_database() {
    let Some(ground) = ground("a silent database") else { return };
    // The kernel takes connections for it, and nobody ever serves one.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = probing(&ground, listener.local_addr().unwrap());
    let status = home.run(&["status", "--json"]).expect_code(0).json();
    let row = fito_db(&status);
    assert_eq!((&row["health"], &row["probe"]["verdict"]), (&"lie".into(), &"silent".into()));
}

#[test]
fn the_cockpit_shows_a_lying_database_and_keeps_it_on_record_until_it_greets() {
    let Some(ground) = ground("a lying database, on the screen") else { return };
    let at = closed();
    let home = probing(&ground, at);
    let mut pty = Pty::start(&home, DESIGN, &[]);
    pty.wait_for("CLAIM available  PROBE refused");
    pty.wait_for("LIE: database fito-db claims available, probe refused");
    pty.press("3");
    pty.wait_for("LIE avai");
    greets(at);
    pty.press("1");
    pty.wait_for("claim and probe agree again");
    pty.press("q");
    pty.wait_exit();
    let told = of_kind(&all_entries(&logbook(&home)), "disagreements");
    let words: Vec<&Value> =
        told.iter().flat_map(|entry| entry["body"]["resources"].as_object().unwrap().values()).collect();
    assert_eq!(words, [&Value::from("claims available, probe refused"), &Value::Null]);
}
