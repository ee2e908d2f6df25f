//! The binary: reads surroundings and arguments once, and hands over to the library.

use blackstart::run::run;
use blackstart::settings::Surroundings;
use std::process::ExitCode;

#[expect(clippy::disallowed_methods, reason = "the one place where environment and arguments are read")]
fn main() -> ExitCode {
    let env = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let surroundings = Surroundings::new(env.collect(), std::env::home_dir());
    ExitCode::from(run(std::env::args_os(), surroundings).code())
}
