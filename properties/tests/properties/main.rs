//! Property tests: what holds for any input, tried with random ones.
//!
//! Inputs are made by generators, and by changing those kept in `fuzz/corpus/`. `cargo test` tries
//! 256 of each; `just properties 10` tries for ten minutes, and `PROPERTY_CASES=100000` so many. A run prints
//! the seed that repeats it: `PROPERTY_SEED`.

#[macro_use]
mod chance;
mod corpus;

mod addresses;
mod broker;
mod disk;
mod frames;
mod handshakes;
mod requests;
mod resume;
mod rooms;
mod scenarios;
mod world;
