//! blackstart: a terminal cockpit for AWS outages.
//!
//! Everything that happens arrives as a time-stamped [`Message`](app::message::Message). [`App::update`](app::App::update)
//! turns it into a new state and a list of [`Effect`](app::message::Effect)s, and does nothing else. The driver performs
//! effects and sends their outcomes back as messages. Facts worth keeping are [`Entry`](incident::entry::Entry) lines in the
//! logbook; an [`Incident`](incident::Incident) is the fold of entries. Drawing is a pure function of `&App`.
//!
//! The folders read as a story, in this order:
//!
//! | folder | is | and imports, of ours |
//! |---|---|---|
//! | [`incident`] | what is true: places, resources, health, plans, entries and their fold | nothing |
//! | [`app`] | what happens next: the state of a cockpit and the one function that changes it | `incident` |
//! | [`logbook`] | what we can prove: strands, their chain, the weave, verification, export | `incident` |
//! | [`cloud`] | the outside world: AWS, or the simulator that stands in for it | `incident` |
//! | [`settings`] | what you chose: config, keymaps, themes, and complaints about them | `app`, `incident` |
//! | [`cli`] | what can be typed, and the texts written from it | `incident` |
//! | [`ui`] | what you see: one pure function of the state | `incident`, `app`, `settings` |
//! | [`run`] | the only impure loop: clock, driver, scribe, terminal, commands | everything; nothing imports it |
//!
//! ratatui is known to `ui` and `run` only, crossterm to `run`, tokio to `run` and `cloud`, the AWS SDK to `cloud::aws`,
//! behind the default feature `aws`. Time, randomness, environment and disk come in through `run`.

pub mod app;
pub mod cli;
pub mod cloud;
pub mod incident;
pub mod logbook;
pub mod run;
pub mod settings;
pub mod ui;
