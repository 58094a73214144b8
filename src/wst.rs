//! The wire language: requests, answers, frames and ends of connections as text, one event a line.
//!
//! There is one tree ([`Scenario`], [`Step`], [`ScenarioLine`], [`Item`]), one parser
//! ([`FromStr`](std::str::FromStr)), one printer ([`Display`](std::fmt::Display)) and one table
//! of all lines that there are ([`VERBS`]). Each part of a line has a file with its type, its parser
//! and its printer. Transcripts, recordings, `ws101 connect` and the grader
//! build this tree from events with a [`LineWriter`] and print it, so what they show can be saved as a
//! `.wst` file and played. `docs/wst.md` is the reference of the language; it is made from the table.
//!
//! ```
//! use ws101::frame::{Frame, Role};
//! use ws101::wst::{Item, Scenario, LineWriter};
//!
//! let mut writer = LineWriter::default();
//! let line = writer.frame("bob", Role::Server, &Frame::text("hi"));
//! assert_eq!(line.to_line(), r#"bob << text "hi""#);
//!
//! let scenario: Scenario = line.to_line().parse().unwrap();
//! assert_eq!(scenario.steps[0].lines[0].item, line);
//! ```
//!
//! This module parses and prints. [`scenario`](crate::scenario) plays.

mod action;
mod ask;
mod bounds;
mod connection_action;
mod cursor;
mod display;
mod end;
mod expectation;
mod fault;
mod fault_form;
mod fault_names;
mod frame_pattern;
mod ids;
mod ignored;
mod item;
mod json;
mod kind;
mod modifiers;
mod notes;
mod partial_frame;
mod payload;
mod response;
mod russian;
mod scenario;
pub(crate) mod steps;
mod text;
mod time;
mod verbs;
mod writer;

pub use action::Action;
pub use ask::Ask;
pub use connection_action::ConnectionAction;
pub use cursor::ParseError;
pub use end::{End, FAILURES};
pub use expectation::{Expectation, Observation};
pub use fault::{FORMS, Fault, FrameKind, Member, Refusal, Rule};
pub use fault_form::FaultError;
pub use fault_names::{FAULT_NAMES, fault_name};
pub use frame_pattern::FramePattern;
pub use item::Item;
pub use json::Json;
pub use kind::Kind;
pub use modifiers::{Modifiers, Timing};
pub use notes::Note;
pub use partial_frame::PartialFrame;
pub use payload::Payload;
pub use response::{ResponsePart, ResponsePattern};
pub use scenario::{LineNumber, Scenario, ScenarioLine, Step};
pub use text::{Part, Text};
pub use time::duration;
pub use verbs::{Group, VERBS, Verb};
pub use writer::{LineWriter, USUAL_HEADERS};

pub(crate) use item::{padded, width};
pub(crate) use text::{byte_string, placeholder_name, quoted};
pub(crate) use time::{moment, seconds};

/// The most bytes that one line may send or expect, repetitions and names included: 64 MiB.
pub const PAYLOAD_LIMIT: usize = 64 * 1024 * 1024;

/// The most bytes a scenario may have: 1 MiB.
pub const FILE_LIMIT: usize = 1024 * 1024;
