//! What the integration tests stand on: moto, the stand-in that mends what moto gets wrong, an estate seeded and read
//! through boto3 (a client that is not ours), and the real binary on the command line or in a pseudo-terminal.
//!
//! Nothing here knows the product's insides: tests see what a user, or AWS, would see.
#![allow(dead_code, reason = "a toolbox: not every tool is in use at all times")]

pub mod cli;
pub mod door;
pub mod estate;
pub mod http;
pub mod moto;
pub mod pty;
pub mod scene;
pub mod standin;
pub mod trouble;
pub mod xml;
