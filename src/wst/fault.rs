//! The faults of a connection that can be made on purpose, and their written form: `delay pong 5s`.

use std::fmt;
use std::time::Duration;

use crate::escape::Hex;
use crate::frame::{Opcode, Role};

/// A fault, the connections that it is for, and when it begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The fault.
    pub fault: Fault,
    /// `from server`: only to what this side sends; `None` for both.
    pub from: Option<Role>,
    /// `on c2`: only on the WebSocket of this number.
    pub socket: Option<u64>,
    /// `on /chat`: only on requests for this path.
    pub path: Option<String>,
    /// `after 5`: once so many frames have passed, of the side that it is for.
    pub after: u64,
}

/// Something that is done to a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// `close 1001 "bye"`: both sides get a close frame, and the connection ends in order.
    Close(u16, String),
    /// `reset`: both connections are reset, without a close frame.
    Reset,
    /// `silence`: what comes is read and dropped, and the connection stays open.
    Silence,
    /// `cut 100`: the connection ends in order after so many bytes of frames, maybe inside one.
    Cut(u64),
    /// `refuse 404`: a request for a WebSocket is answered by this.
    Refuse(Refusal),
    /// `slow 1024`: so many bytes a second are taken.
    Slow(u64),
    /// `split 1`: bytes are sent in pieces of this size.
    Split(usize),
    /// `coalesce 50ms`: bytes wait for so long, and are sent together.
    Coalesce(Duration),
    /// `forge 81 02 68 69`: these bytes are sent, once, as if the other side had sent them.
    Forge(Vec<u8>),
    /// `drop pong`: such frames are left out.
    Drop(FrameKind),
    /// `delay pong 5s`: such frames come so much later, and others overtake them.
    Delay(FrameKind, Duration),
    /// `duplicate text`: such frames come twice.
    Duplicate(FrameKind),
    /// `reorder text`: of each two such frames, the second comes first.
    Reorder(FrameKind),
    /// `hold text`: such frames wait for a person, at most [`PATIENCE`](crate::fault::PATIENCE). Programs
    /// make this fault, and no text does: where no person is, nobody could release a frame.
    Hold(FrameKind, Option<Member>),
    /// `flip text`: in each such frame one bit of the payload is turned, chosen by the seed.
    Flip(FrameKind),
}

/// The frames that a fault is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKind {
    /// `frame`: every frame.
    Any,
    /// `text`, `pong` and so on: those of this opcode.
    Of(Opcode),
}

/// A member of a JSON text, by its pointer (RFC 6901): `/type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Where it is.
    pub pointer: String,
    /// The value that it has; `None` for any.
    pub value: Option<serde_json::Value>,
}

/// The answer to a refused request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// This status.
    Status(u16),
    /// `nothing`: the connection stays open, and no byte comes.
    Nothing,
}

impl FrameKind {
    pub(crate) fn is(self, opcode: Opcode) -> bool {
        match self {
            Self::Any => true,
            Self::Of(wanted) => wanted == opcode,
        }
    }
}

/// The form of each fault, for help and for errors.
pub const FORMS: [&str; 14] = [
    "close CODE [\"REASON\"]",
    "reset",
    "silence",
    "cut BYTES",
    "refuse 404|403|503|nothing",
    "slow BYTES",
    "split BYTES",
    "coalesce TIME",
    "forge HEX from client|server",
    "drop KIND",
    "delay KIND TIME",
    "duplicate KIND",
    "reorder KIND",
    "flip KIND",
];

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.fault)?;
        match self.from {
            Some(Role::Client) => f.write_str(" from client")?,
            Some(Role::Server) => f.write_str(" from server")?,
            None => {}
        }
        if let Some(socket) = self.socket {
            write!(f, " on c{socket}")?;
        }
        if let Some(path) = &self.path {
            write!(f, " on {path}")?;
        }
        if self.after > 0 { write!(f, " after {}", self.after) } else { Ok(()) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Close(code, reason) if reason.is_empty() => write!(f, "close {code}"),
            Self::Close(code, reason) => write!(f, "close {code} \"{reason}\""),
            Self::Reset => f.write_str("reset"),
            Self::Silence => f.write_str("silence"),
            Self::Cut(bytes) => write!(f, "cut {bytes}"),
            Self::Refuse(Refusal::Status(status)) => write!(f, "refuse {status}"),
            Self::Refuse(Refusal::Nothing) => f.write_str("refuse nothing"),
            Self::Slow(bytes) => write!(f, "slow {bytes}"),
            Self::Split(bytes) => write!(f, "split {bytes}"),
            Self::Coalesce(time) => write!(f, "coalesce {}ms", time.as_millis()),
            Self::Forge(bytes) => write!(f, "forge {}", Hex::new(bytes, usize::MAX)),
            Self::Drop(kind) => write!(f, "drop {kind}"),
            Self::Delay(kind, time) => write!(f, "delay {kind} {}ms", time.as_millis()),
            Self::Duplicate(kind) => write!(f, "duplicate {kind}"),
            Self::Reorder(kind) => write!(f, "reorder {kind}"),
            Self::Flip(kind) => write!(f, "flip {kind}"),
            Self::Hold(kind, None) => write!(f, "hold {kind}"),
            Self::Hold(kind, Some(Member { pointer, value })) => match value {
                None => write!(f, "hold {kind} with {pointer}"),
                Some(value) => write!(f, "hold {kind} with {pointer}={value}"),
            },
        }
    }
}

impl fmt::Display for FrameKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("frame"),
            Self::Of(opcode) => write!(f, "{opcode}"),
        }
    }
}

impl Rule {
    pub(crate) fn is_for(&self, socket: u64, path: &str) -> bool {
        self.socket.is_none_or(|wanted| wanted == socket)
            && self.path.as_ref().is_none_or(|wanted| wanted == path)
    }
}

impl Fault {
    /// The frames that it acts on one by one.
    pub(crate) fn kind(&self) -> Option<FrameKind> {
        match self {
            Self::Drop(kind)
            | Self::Delay(kind, _)
            | Self::Duplicate(kind)
            | Self::Reorder(kind)
            | Self::Hold(kind, _)
            | Self::Flip(kind) => Some(*kind),
            _ => None,
        }
    }
}
