//! The actions of a client on its connection: `bob -- cut`.
//!
//! The words, the parser and the printer of an action stand here together. The client of a transcript
//! does it, in `transcript/client.rs`.

use std::fmt;

use super::cursor::{Cursor, Parsed};

/// An action of a client on its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectionAction {
    /// `cut`: the client ends the connection in order, without a close frame.
    Cut,
    /// `reset`: the client resets the connection.
    Reset,
    /// `half-close`: the client ends its half of the connection, and goes on reading.
    HalfClose,
    /// `mute`: from now on the client answers neither pings nor close frames.
    Mute,
    /// `stop reading`: the client stops reading, so that buffers fill.
    StopReading,
    /// `resume`: the client reads again.
    Resume,
    /// `dribble 1`: from now on the client writes this many bytes at a time; 0, written `off`, turns that off.
    Dribble(usize),
}

impl ConnectionAction {
    /// Whether the client answers pings after it, for which a transcript waits; `None` if that stays as it is.
    pub(crate) fn answers_pings(self) -> Option<bool> {
        match self {
            Self::Mute | Self::StopReading | Self::HalfClose => Some(false),
            Self::Resume => Some(true),
            Self::Cut | Self::Reset | Self::Dribble(_) => None,
        }
    }
}

/// Every action, those with a number with an example of it.
pub(super) const ACTIONS: [ConnectionAction; 8] = [
    ConnectionAction::Cut,
    ConnectionAction::Reset,
    ConnectionAction::HalfClose,
    ConnectionAction::Mute,
    ConnectionAction::StopReading,
    ConnectionAction::Resume,
    ConnectionAction::Dribble(1),
    ConnectionAction::Dribble(0),
];

impl fmt::Display for ConnectionAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("cut"),
            Self::Reset => f.write_str("reset"),
            Self::HalfClose => f.write_str("half-close"),
            Self::Mute => f.write_str("mute"),
            Self::StopReading => f.write_str("stop reading"),
            Self::Resume => f.write_str("resume"),
            Self::Dribble(0) => f.write_str("dribble off"),
            Self::Dribble(bytes) => write!(f, "dribble {bytes}"),
        }
    }
}

/// Reads an action, if one is next.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Option<ConnectionAction>> {
    let known = ACTIONS.into_iter().find(|action| cursor.eat_words(&action.to_string()));
    if known.is_some() {
        return Ok(known);
    }
    if cursor.eat("dribble") {
        let bytes = cursor.take("a number of bytes, or off", |word| {
            word.parse().ok().filter(|&bytes| bytes > 0)
        })?;
        return Ok(Some(ConnectionAction::Dribble(bytes)));
    }
    Ok(None)
}

/// The actions as an error lists them: `cut, reset, …, dribble 1`.
pub(super) fn listed() -> String {
    ACTIONS.map(|action| action.to_string()).join(", ")
}
