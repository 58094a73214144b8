//! Clients that were written from the source documents alone, and the examples.
//!
//! They are Node and Python programs; `just clients` installs the libraries that
//! they need. Without those these tests fail. The examples are built by
//! `cargo build --examples`. This target is in the slow half of the tests.

mod client;
mod examples;
mod full_chat;
#[path = "../needs/mod.rs"]
mod needs;
// Its `say` is for those who need no order.
#[allow(dead_code)]
#[path = "../browser/program.rs"]
mod page;
#[path = "../program/mod.rs"]
mod program;
