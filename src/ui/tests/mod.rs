//! Whole frames: their words, and the roles those words play.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod access;
mod dns;
mod overlays;
mod probes;
mod replays;
mod screens;
mod tables;
mod words;
mod world;
