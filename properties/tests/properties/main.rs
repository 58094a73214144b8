//! Property tests: what holds for any input, tried with random ones.
//!
//! Inputs are made by generators, and by changing those kept in `fuzz/corpus/`. `cargo test` tries
//! 256 of each; `just properties 10` tries for ten minutes.

#[macro_use]
mod chance;
mod corpus;

mod addresses;
mod frames;
mod handshakes;
mod requests;
mod resume;
mod rooms;
mod scenarios;
