//! The first part of a frame whose rest did not come: `torn text 2 of 5 bytes`.

use std::fmt;

use super::Kind;
use super::cursor::{Cursor, Parsed};
use super::kind::kind;
use crate::frame::Opcode;

/// The first part of a frame whose rest did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PartialFrame {
    /// `torn ...`: any.
    Any,
    /// `torn header`: less than a header.
    Header,
    /// `torn text 2 of 5 bytes`: a header, and a part of the payload.
    Payload {
        /// The opcode in the header.
        opcode: Opcode,
        /// The bytes of the payload that came.
        received: u64,
        /// The length in the header.
        len: u64,
    },
}

/// `header`, `text 2 of 5 bytes`, `...`.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<PartialFrame> {
    const PART: &str = "how much of a frame came: ..., header, or text 2 of 5 bytes";
    if cursor.eat("...") {
        return Ok(PartialFrame::Any);
    }
    if cursor.eat("header") {
        return Ok(PartialFrame::Header);
    }
    let start = cursor.clone();
    let opcode = cursor.take(PART, |word| match kind(word)? {
        (Kind::Frame(opcode), None) => Some(opcode),
        _ => None,
    })?;
    let received = cursor.take(PART, |word| word.parse().ok())?;
    let of = cursor.eat("of");
    let len = cursor.take(PART, |word| word.parse().ok())?;
    if of && cursor.eat("bytes") {
        Ok(PartialFrame::Payload { opcode, received, len })
    } else {
        Err(start.expected(PART))
    }
}

impl fmt::Display for PartialFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("torn ..."),
            Self::Header => f.write_str("torn header"),
            Self::Payload { opcode, received, len } => {
                write!(f, "torn {opcode} {received} of {len} bytes")
            }
        }
    }
}
