//! Clients that were written from the source documents alone, and the examples.
//!
//! They are Node and Python programs; `just clients` installs the libraries that
//! they need. Without those these tests are skipped; with `CI` set they fail
//! instead. The examples are built by `cargo build --examples`.

mod client;
mod examples;
mod full_chat;
mod language;
// Its `say` is for those who need no order.
#[allow(dead_code)]
#[path = "../browser/program.rs"]
mod page;
#[path = "../program/mod.rs"]
mod program;
