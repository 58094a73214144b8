//! A frame as it is sent or expected, up to its payload: `text/3`, `rsv=4 ping`.

use std::fmt::Write;

use super::cursor::{Cursor, Parsed};
use super::kind::kind;
use super::payload::spaced;
use super::{Kind, Payload};
use crate::escape::Hex;
use crate::frame::Opcode;

const KINDS: &str = "a frame: text, json, binary, cont, ping, pong, close or opcode=3";

/// A frame, as it is sent or expected.
#[derive(Clone, Debug, PartialEq)]
pub struct FramePattern {
    /// The kind.
    pub kind: Kind,
    /// `rsv=4`: its reserved bits.
    pub rsv: u8,
    /// `fin=0`: whether it ends a message; `None` if the line does not say it.
    pub fin: Option<bool>,
    /// `unmasked` from a client, `masked` from a server: the mask is against the rules (RFC 6455 §5.1).
    pub wrong_mask: bool,
    /// `header=10`: the size of a header that is longer than it needs to be, in bytes.
    pub header: Option<usize>,
    /// `len=2^63`: the length in the header, if it is not that of the payload.
    pub len: Option<u64>,
    /// `text/3`: sent in this many fragments.
    pub fragments: Option<usize>,
    /// The payload.
    pub payload: Payload,
}

impl FramePattern {
    /// A valid frame of this kind, with no payload given.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            rsv: 0,
            fin: None,
            wrong_mask: false,
            header: None,
            len: None,
            fragments: None,
            payload: Payload::Unsaid,
        }
    }

    /// Whether it begins a message.
    pub(super) fn is_message(&self) -> bool {
        matches!(self.kind, Kind::Json | Kind::Frame(Opcode::Text | Opcode::Binary))
    }

    /// `rsv=4 text fin=0 unmasked "he"`; `wrong` is the word for a mask that breaks the rules.
    pub(super) fn to_text(&self, wrong: &str) -> String {
        let mut out = String::new();
        if self.rsv != 0 {
            let _ = write!(out, "rsv={} ", self.rsv);
        }
        match self.kind {
            Kind::Json => out.push_str("json"),
            Kind::Frame(opcode) => {
                let _ = write!(out, "{opcode}");
            }
        }
        if let Some(fragments) = self.fragments {
            let _ = write!(out, "/{fragments}");
        }
        if let Some(fin) = self.fin {
            let _ = write!(out, " fin={}", u8::from(fin));
        }
        if self.wrong_mask {
            let _ = write!(out, " {wrong}");
        }
        if let Some(size) = self.header {
            let _ = write!(out, " header={size}");
        }
        if let Some(len) = self.len {
            let _ = write!(out, " len={len}");
        }
        match &self.payload {
            // The reason is not UTF-8.
            Payload::Bytes(bytes, 1) if self.is_close() && bytes.len() > 2 => {
                let code = u16::from_be_bytes([bytes[0], bytes[1]]);
                let _ = write!(out, " {code} {}", Hex::new(&bytes[2..], usize::MAX));
                out
            }
            payload => out + &spaced(payload),
        }
    }

    fn is_close(&self) -> bool {
        self.kind == Kind::Frame(Opcode::Close)
    }
}

/// A frame up to its payload.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<FramePattern> {
    let mut frame = FramePattern::new(Kind::Json);
    let mut is_known = false;
    loop {
        let word = cursor.peek();
        let number = |name: &str| word.strip_prefix(name)?.parse::<usize>().ok();
        if let Some(bits) =
            word.strip_prefix("rsv=").and_then(|bits| bits.parse().ok()).filter(|&bits| bits < 8)
        {
            frame.rsv = bits;
        } else if let Some(fin) = number("fin=").filter(|&fin| fin < 2) {
            frame.fin = Some(fin == 1);
        } else if word == "unmasked" || word == "masked" {
            frame.wrong_mask = true;
        } else if let Some(size) = number("header=").filter(|size| (2..=14).contains(size)) {
            frame.header = Some(size);
        } else if let Some(len) = word.strip_prefix("len=").and_then(length) {
            frame.len = Some(len);
        } else if is_known {
            return Ok(frame);
        } else if let Some((kind, fragments)) = kind(word) {
            (frame.kind, frame.fragments, is_known) = (kind, fragments, true);
        } else {
            return Err(cursor.expected(KINDS));
        }
        cursor.word();
    }
}

/// `2^63`, or digits.
fn length(text: &str) -> Option<u64> {
    match text.strip_prefix("2^") {
        Some(power) => 2u64.checked_pow(power.parse().ok()?),
        None => text.parse().ok(),
    }
}
