//! The opcode: four bits with the kind of a frame (RFC 6455 §5.2, §11.8).

use std::fmt;

/// The kind of a frame. It displays as the word that transcripts use: `text`, `cont`, `opcode=3`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Opcode {
    /// 0x0: the next fragment of a message (RFC 6455 §5.4).
    Continuation,
    /// 0x1: a message of UTF-8 text (RFC 6455 §5.6).
    Text,
    /// 0x2: a message of bytes (RFC 6455 §5.6).
    Binary,
    /// 0x8: the sender closes the connection (RFC 6455 §5.5.1).
    Close,
    /// 0x9: the peer must answer with a pong (RFC 6455 §5.5.2).
    Ping,
    /// 0xA: the answer to a ping, or sent on its own (RFC 6455 §5.5.3).
    Pong,
    /// 0x3-0x7 and 0xB-0xF: reserved; no peer may send them.
    Reserved(u8),
}

impl Opcode {
    /// The opcode in the low four bits of a frame's first byte.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        match bits & 0x0F {
            0x0 => Self::Continuation,
            0x1 => Self::Text,
            0x2 => Self::Binary,
            0x8 => Self::Close,
            0x9 => Self::Ping,
            0xA => Self::Pong,
            other => Self::Reserved(other),
        }
    }

    /// The four bits, the inverse of [`from_bits`](Self::from_bits).
    #[must_use]
    pub fn bits(self) -> u8 {
        match self {
            Self::Continuation => 0x0,
            Self::Text => 0x1,
            Self::Binary => 0x2,
            Self::Close => 0x8,
            Self::Ping => 0x9,
            Self::Pong => 0xA,
            Self::Reserved(bits) => bits & 0x0F,
        }
    }

    /// Whether it is a control frame: 0x8-0xF (RFC 6455 §5.5).
    #[must_use]
    pub fn is_control(self) -> bool {
        self.bits() & 0x8 != 0
    }
}

impl fmt::Display for Opcode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Continuation => "cont",
            Self::Text => "text",
            Self::Binary => "binary",
            Self::Close => "close",
            Self::Ping => "ping",
            Self::Pong => "pong",
            Self::Reserved(bits) => return write!(f, "opcode={bits:x}"),
        })
    }
}
