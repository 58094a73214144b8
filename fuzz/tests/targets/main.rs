//! The targets: what strangers may say, against chance.
//!
//! Each target is tried with inputs made for it, and, where it reads bytes,
//! with the inputs kept in `corpus/` and with those spoiled. `cargo test` tries
//! a few hundred of each; `just fuzz 10` tries for ten minutes.

#[macro_use]
mod chance;
mod corpus;

mod addresses;
mod frames;
mod handshakes;
mod requests;
mod rooms;
mod scenarios;
