//! The wire language: what crosses the wire as text, one event a line.
//!
//! There is one tree ([`Scenario`], [`Step`], [`Line`], [`Item`]), one parser
//! ([`FromStr`](std::str::FromStr)), one printer ([`Display`](std::fmt::Display)) and one table
//! of all that a line can say ([`VERBS`]). Transcripts, recordings, `ws101 connect` and
//! the grader build this tree from what they see, with a [`Writer`], and print it; so
//! what they show can be saved as a `.wst` file, parsed and played.
//! `docs/wst.md` is the reference of the language; it is made from the table.
//!
//! ```
//! use ws101::frame::{Frame, Role};
//! use ws101::wst::{Item, Scenario, Writer};
//!
//! let mut writer = Writer::default();
//! let line = writer.frame("bob", Role::Server, &Frame::text("hi"));
//! assert_eq!(line.to_line(), r#"bob << text "hi""#);
//!
//! let scenario: Scenario = line.to_line().parse().unwrap();
//! assert_eq!(scenario.steps[0].lines[0].item, line);
//! ```
//!
//! This module parses and prints. [`scenario`](crate::scenario) plays.

mod cursor;
mod display;
mod ids;
mod json;
mod notes;
mod parse;
mod print;
pub(crate) mod steps;
mod text;
mod time;
mod tree;
mod verbs;
mod writer;

pub use cursor::ParseError;
pub use json::Json;
pub use notes::Note;
pub use print::FAILURES;
pub use text::{Part, Text};
pub use time::duration;
pub use tree::{
    Action, Answer, Ask, ConnectionAction, End, Expectation, FramePattern, Item, Kind, Line,
    Modifiers, Observation, PartialFrame, Payload, Place, ResponsePart, Timing,
};
pub use verbs::{Group, VERBS, Verb};
pub use writer::{USUAL_HEADERS, Writer};

pub(crate) use print::{padded, width};
pub(crate) use text::quoted;
pub(crate) use time::{moment, seconds};

/// The most bytes a scenario may have: 1 MiB.
pub const FILE_LIMIT: usize = 1024 * 1024;

/// A whole file: its notes and its steps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// What holds for all of it: the `@` lines before anything else.
    pub notes: Vec<Note>,
    /// The steps in their order; the first has no title where the file begins without one.
    pub steps: Vec<Step>,
}

/// The lines between two barriers.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    /// Where its title stands.
    pub place: Place,
    /// What it is about.
    pub title: String,
    /// The `@` lines below the title.
    pub notes: Vec<Note>,
    /// What clients do and what they are to receive.
    pub lines: Vec<Line>,
}

impl Item {
    /// The client that the line is about; remarks and waits are about none.
    #[must_use]
    pub fn lane(&self) -> Option<&str> {
        match self {
            Self::Comment(_) | Self::Wait(_) => None,
            Self::Action(lane, _) | Self::Expectation(lane, _) => Some(lane),
        }
    }

    /// The whole line, with the client's name before it: `bob >> text "hi"`.
    #[must_use]
    pub fn to_line(&self) -> String {
        match self.lane() {
            Some(lane) => format!("{} {self}", print::lane(lane)),
            None => self.to_string(),
        }
    }

    /// The same line with these modifiers; a line that can have none stays as it is.
    #[must_use]
    pub fn with(mut self, new: Modifiers) -> Self {
        match &mut self {
            Self::Expectation(_, Expectation { modifiers, .. })
            | Self::Action(_, Action::Send(_, modifiers) | Action::SendPart(_, modifiers)) => {
                *modifiers = new;
            }
            _ => {}
        }
        self
    }
}
