//! The terminal and the command line of the harness prove themselves, on programs whose behaviour is known.

use std::path::Path;

use nix::sys::signal::Signal;

use crate::support::cli::Home;
use crate::support::pty::{Pty, SMALL};
use crate::support::xml::Element;

#[test]
fn harness_the_terminal_shows_what_a_program_paints() {
    let home = Home::new();
    let script = r#"
        stty -echo -icanon
        printf '\033[?1049h\033[?25l\033[H'
        printf 'size %s' "$(stty size)"
        trap 'printf "\033[2;1Hsize %s" "$(stty size)"' WINCH
        trap 'printf "\033[3;1Hasked to leave"; printf "\033[?25h\033[?1049l"; stty echo icanon; exit 7' TERM
        printf '\033[4;1Hhome %s' "$HOME"
        while :; do read -r -t 1 line && printf '\033[5;1Hread %s' "$line"; done
    "#;
    let mut pty = Pty::program(&home, SMALL, Path::new("/bin/bash"), &["-c", script]);
    pty.wait_for("size 24 80");
    let own = home.path().display().to_string();
    assert!(pty.wait_for("home").contains(&own));
    assert_eq!(pty.line_with("size"), "size 24 80");
    pty.type_text("hello");
    pty.press_enter();
    pty.wait_for("read hello");
    pty.resize((100, 30));
    pty.wait_for("size 30 100");
    assert!(pty.entered_alternate_screen());
    pty.signal(Signal::SIGTERM);
    assert_eq!(pty.wait_exit(), 7);
    pty.assert_restored();
}

#[test]
#[should_panic(expected = "the cursor is hidden")]
fn harness_a_terminal_left_behind_is_seen() {
    let mut pty = Pty::program(&Home::new(), SMALL, Path::new("/bin/sh"), &["-c", r"printf '\033[?25l'"]);
    pty.wait_exit();
    pty.assert_restored();
}

#[test]
#[should_panic(expected = "echo or line reading was not given back")]
fn harness_a_raw_terminal_left_behind_is_seen() {
    let mut pty = Pty::program(&Home::new(), SMALL, Path::new("/bin/sh"), &["-c", "stty raw -echo"]);
    pty.wait_exit();
    pty.assert_restored();
}

#[test]
fn harness_the_command_line_runs_in_a_bare_home() {
    let home = Home::new().with("MINE", "yes").file("config/x", "text");
    let ran = home
        .run_program(Path::new("/bin/sh"), &["-c", "env; cat \"$XDG_CONFIG_HOME/x\"; echo no >&2; exit 3"]);
    let ran = ran.expect_code(3);
    assert!(ran.stdout.contains("MINE=yes") && ran.stdout.ends_with("text"), "{}", ran.stdout);
    assert_eq!(ran.stderr, "no\n");
    assert!(!ran.stdout.contains("CARGO"), "nothing of the machine's comes through:\n{}", ran.stdout);
}

#[test]
fn harness_xml_comes_back_as_it_was() {
    let text = "<a x=\"1\"><b>1 &lt; 2 &amp; 3</b><c/><d> kept </d><e y='2'/></a>";
    let document = Element::parse(&format!("<?xml version=\"1.0\"?>\n{text}\n")).unwrap();
    assert_eq!(document.text_of("b"), "1 < 2 & 3");
    assert_eq!(document.write(), text);
    for broken in ["", "text", "<a><b></a>", "<a", "<a/><b/>", "<a>"] {
        assert_eq!(Element::parse(broken), None, "{broken:?}");
    }
}
