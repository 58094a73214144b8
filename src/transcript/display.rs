//! A frame on its own, as people read it: what `ws101 connect` and the doctor show.

use std::fmt;

use crate::escape::{Hex, Line};
use crate::frame::{Frame, Opcode};

/// How many bytes of what is no text are shown.
const SHOWN: usize = 16;

/// `text "hi"`, `text fin=0 "h"`, `ping`, `close 1000 "bye"`, `binary 3 bytes: 01 02 03`.
///
/// On one line, whatever the payload; a long one is cut.
impl fmt::Display for Frame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.header.opcode)?;
        if !self.header.fin {
            f.write_str(" fin=0")?;
        }
        if self.header.rsv != 0 {
            write!(f, " rsv={}", self.header.rsv)?;
        }
        let text = match (self.close_code(), self.header.opcode) {
            (Some((code, reason)), _) => {
                write!(f, " {code}")?;
                Some(reason)
            }
            (None, Opcode::Binary | Opcode::Reserved(_) | Opcode::Close) => None,
            (None, _) => Some(&self.payload[..]),
        };
        match text {
            Some(text) if text.is_empty() && self.header.opcode != Opcode::Text => Ok(()),
            Some(text) => write!(f, " \"{}\"", Line::of(text)),
            None if self.header.len == 0 => Ok(()),
            None => write!(f, " {} bytes: {}", self.header.len, Hex::new(&self.payload, SHOWN)),
        }
    }
}
