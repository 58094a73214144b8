//! The actions of a client: `-> GET /ws`, `>> text "hi"`, `-- cut`.

use std::fmt;

use super::cursor::{Cursor, Parsed};
use super::payload::{self, spaced};
use super::{
    Ask, ConnectionAction, FramePattern, Kind, Modifiers, PartialFrame, Payload, Rule, ask,
    frame_pattern, modifiers, partial_frame,
};
use crate::frame::Opcode;

/// An action of a client.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Action {
    /// `bob -> GET /ws`: it connects and sends a request.
    Ask(Ask),
    /// `bob >> text "hi"`: it sends a frame, or the fragments of a message.
    ///
    /// Behind a ping or close that it answers, a pong or close is the one that the client sends by
    /// itself: the player waits for it and does not send another.
    Send(FramePattern, Modifiers),
    /// `bob >> raw 81 02`: it sends these bytes.
    SendRaw(Payload),
    /// `bob >> torn text 2 of 5 bytes`: it has sent the first part of a frame.
    ///
    /// Only transcripts write it. The line does not hold the bytes, so the player cannot send them.
    SendPart(PartialFrame, Modifiers),
    /// `bob -- cut`: it does something to its connection.
    Connection(ConnectionAction),
    /// `bob -- fault drop pong`: from now on this happens to its connections, between it and the server.
    Fault(Box<Rule>),
    /// `bob -- fault off`: all its faults are undone.
    FaultsOff,
}

/// Reads a request, the words behind `->`.
pub(super) fn asked(cursor: &mut Cursor<'_>) -> Parsed<Action> {
    Ok(Action::Ask(ask::read(cursor)?))
}

/// Reads the words behind `>>`.
pub(super) fn sent(cursor: &mut Cursor<'_>) -> Parsed<Action> {
    if cursor.eat("raw") {
        let bytes = payload::to_send(cursor, Kind::Frame(Opcode::Binary))?;
        cursor.end()?;
        return Ok(Action::SendRaw(bytes));
    }
    if cursor.eat("torn") {
        let part = partial_frame::read(cursor)?;
        return Ok(Action::SendPart(part, modifiers::read(cursor)?));
    }
    let mut frame = frame_pattern::read(cursor)?;
    let start = cursor.clone();
    frame.payload = payload::to_send(cursor, frame.kind)?;
    if frame.fragments.is_some() && !frame.is_message() {
        return Err(start.expected("text, json or binary where there are fragments"));
    }
    Ok(Action::Send(frame, modifiers::read(cursor)?))
}

/// Reads the words behind `-- fault`.
pub(super) fn faulty(cursor: &mut Cursor<'_>) -> Parsed<Action> {
    if cursor.eat("off") {
        cursor.end()?;
        return Ok(Action::FaultsOff);
    }
    match cursor.rest().parse() {
        Ok(rule) => Ok(Action::Fault(Box::new(rule))),
        Err(error) => Err(cursor.expected(&error.wanted())),
    }
}

/// With its arrow: `>> text "hi"`.
impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ask(ask) => write!(f, "-> {ask}"),
            Self::Send(frame, modifiers) => {
                write!(f, ">> {}{modifiers}", frame.to_text("unmasked"))
            }
            Self::SendRaw(bytes) => write!(f, ">> raw{}", spaced(bytes)),
            Self::SendPart(part, modifiers) => write!(f, ">> {part}{modifiers}"),
            Self::Connection(action) => write!(f, "-- {action}"),
            Self::Fault(rule) => write!(f, "-- fault {rule}"),
            Self::FaultsOff => f.write_str("-- fault off"),
        }
    }
}
