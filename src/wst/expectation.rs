//! The events that a client is expected to receive: `<- 101`, `<< text "hi"`, `-- eof`.

use std::fmt;
use std::time::Duration;

use super::cursor::{Cursor, Parsed};
use super::payload::{self, Bare, is_bare};
use super::time::{duration, seconds};
use super::{
    End, FramePattern, Kind, Modifiers, PartialFrame, Payload, ResponsePattern, Text, end,
    frame_pattern, modifiers, partial_frame, response,
};
use crate::frame::Opcode;

/// Something that a client is expected to receive.
#[derive(Clone, Debug, PartialEq)]
pub struct Expectation {
    /// `~`: in any order with the lines of this client next to it that are marked `~`.
    pub any_order: bool,
    /// `?`: it may be missing.
    pub optional: bool,
    /// The event.
    pub what: Observation,
    /// The time, and the bytes.
    pub modifiers: Modifiers,
}

impl From<Observation> for Expectation {
    fn from(what: Observation) -> Self {
        Self { any_order: false, optional: false, what, modifiers: Modifiers::default() }
    }
}

/// An event that a client can observe.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Observation {
    /// `<- 101`, `<- 404 "…"`.
    Answer(ResponsePattern),
    /// `<- "SSH-2.0"`, with or without `raw` before it: bytes that are neither HTTP nor frames.
    Stray(Payload),
    /// `<< text "hi"`.
    Frame(FramePattern),
    /// `<< torn text 2 of 5 bytes`: the first part of a frame whose rest does not come.
    Torn(PartialFrame),
    /// `-- eof`.
    End(End),
    /// `<< nothing for 200ms`.
    Nothing(Duration),
    /// `-- not connected`: there is no connection to send anything on.
    NotConnected,
    /// `-- server panicked: "…"`: the handler of this client panicked. Only transcripts in process see it.
    Panicked(Text),
    /// `-- missed 3 events`: the server sent more than the observer kept.
    Missed(u64),
}

/// Reads an expectation of the kind that `observed` reads; `None` if that finds none.
pub(super) fn read(
    cursor: &mut Cursor<'_>,
    observed: impl FnOnce(&mut Cursor<'_>) -> Parsed<Option<Observation>>,
) -> Parsed<Option<Expectation>> {
    let any_order = cursor.eat("~");
    let optional = cursor.eat("?");
    let Some(what) = observed(cursor)? else { return Ok(None) };
    let modifiers = modifiers::read(cursor)?;
    Ok(Some(Expectation { any_order, optional, what, modifiers }))
}

/// Reads the words behind `<-`.
pub(super) fn answered(cursor: &mut Cursor<'_>) -> Parsed<Option<Observation>> {
    if is_bare(cursor) {
        cursor.eat("raw");
        let bytes = payload::expected(cursor, Kind::Frame(Opcode::Binary))?;
        return Ok(Some(Observation::Stray(bytes)));
    }
    Ok(Some(Observation::Answer(response::read(cursor)?)))
}

/// Reads the words behind `<<`.
pub(super) fn received(cursor: &mut Cursor<'_>) -> Parsed<Option<Observation>> {
    if cursor.eat("nothing") {
        if !cursor.eat("for") {
            return Err(cursor.expected("for, and a time"));
        }
        let time = cursor.take("a time such as 200ms", duration)?;
        return Ok(Some(Observation::Nothing(time)));
    }
    if cursor.eat("torn") {
        return Ok(Some(Observation::Torn(partial_frame::read(cursor)?)));
    }
    let start = cursor.clone();
    let mut frame = frame_pattern::read(cursor)?;
    if frame.fragments.is_some() {
        return Err(start.expected("no fragments: a server may cut a message as it likes"));
    }
    frame.payload = payload::expected(cursor, frame.kind)?;
    Ok(Some(Observation::Frame(frame)))
}

/// Reads the words behind `--`: the end of a connection, `not connected` or `missed 3 events`. `None` if none of
/// them is next.
pub(super) fn ended(cursor: &mut Cursor<'_>) -> Parsed<Option<Observation>> {
    if let Some(end) = end::read(cursor) {
        return Ok(Some(Observation::End(end)));
    }
    if cursor.eat_words("not connected") {
        return Ok(Some(Observation::NotConnected));
    }
    if cursor.eat_words("server panicked:") {
        let message = cursor.quoted()?;
        cursor.skip();
        return Ok(Some(Observation::Panicked(message)));
    }
    if cursor.eat("missed") {
        let count = cursor.take("a number of events", |word| word.parse().ok())?;
        if !cursor.eat("events") {
            return Err(cursor.expected("events"));
        }
        return Ok(Some(Observation::Missed(count)));
    }
    Ok(None)
}

impl fmt::Display for Expectation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let arrow = match self.what {
            Observation::Answer(_) | Observation::Stray(_) => "<-",
            Observation::End(_)
            | Observation::NotConnected
            | Observation::Panicked(_)
            | Observation::Missed(_) => "--",
            Observation::Frame(_) | Observation::Torn(_) | Observation::Nothing(_) => "<<",
        };
        let any_order = if self.any_order { " ~" } else { "" };
        let optional = if self.optional { " ?" } else { "" };
        write!(f, "{arrow}{any_order}{optional} {}{}", self.what, self.modifiers)
    }
}

impl fmt::Display for Observation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answer(answer) => write!(f, "{answer}"),
            Self::Stray(bytes) => write!(f, "{}", Bare(bytes)),
            Self::Frame(frame) => f.write_str(&frame.to_text("masked")),
            Self::Torn(part) => write!(f, "{part}"),
            Self::End(end) => write!(f, "{end}"),
            Self::Nothing(time) => write!(f, "nothing for {}", seconds(*time)),
            Self::NotConnected => f.write_str("not connected"),
            Self::Panicked(message) => write!(f, "server panicked: {message}"),
            Self::Missed(count) => write!(f, "missed {count} events"),
        }
    }
}
