//! What was said, as text that is the same in every run.

use std::collections::BTreeSet;
use std::fmt::Write;

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::ids::{ANYTHING, Ids};
use crate::escape::{Hex, acts};
use crate::frame::{Frame, Opcode};

/// Text of up to so many bytes is shown in full, longer text by length and digest.
///
/// JSON is shown as far as it is kept, however long: the digest of an id would never repeat.
const TEXT_SHOWN: usize = 1024;

/// The same for a string in JSON.
const STRING_SHOWN: usize = 256;

/// The same for bytes that are no text.
const BINARY_SHOWN: usize = 32;

/// How many bytes of a digest are shown: enough to tell payloads apart.
const DIGEST_SHOWN: usize = 6;

/// How payloads are written, and which ids were met in them.
#[derive(Debug, Default)]
pub(super) struct Payloads {
    ids: Ids,
    /// JSON fields whose values differ in every run.
    pub(super) any: BTreeSet<String>,
    /// Whether ids and times are shown as they are.
    pub(super) is_literal: bool,
}

impl Payloads {
    /// The canonical form of a text frame that is a JSON object or array, whole and by itself.
    pub(super) fn json(&mut self, lane: &str, frame: &Frame) -> Option<String> {
        let is_whole = frame.header.fin && frame.digest.is_none();
        if frame.header.opcode != Opcode::Text || !is_whole {
            return None;
        }
        let value: Value = serde_json::from_slice(&frame.payload).ok()?;
        let mut out = String::new();
        match value {
            Value::Object(_) | Value::Array(_) => self.put_json(lane, &value, &mut out),
            _ => return None,
        }
        Some(out)
    }

    /// Any frame's payload: `"hi"`, `00 ff`, `1000 "bye"`, `70000 bytes sha256:…`.
    pub(super) fn of(&mut self, lane: &str, frame: &Frame) -> String {
        if let Some((code, reason)) = frame.close_code()
            && frame.digest.is_none()
        {
            let reason = if reason.is_empty() { String::new() } else { self.stray(lane, reason) };
            return format!("{code} {reason}").trim_end().to_owned();
        }
        let text = match frame.header.opcode {
            Opcode::Binary => None,
            Opcode::Text => str::from_utf8(&frame.payload).ok(),
            _ => readable(&frame.payload),
        };
        let limit = if text.is_some() { TEXT_SHOWN } else { BINARY_SHOWN };
        if frame.header.len > limit as u64 {
            let digest = frame.digest.unwrap_or_else(|| Sha256::digest(&frame.payload).into());
            return summary(frame.header.len, &digest);
        }
        match (text, frame.header.opcode) {
            (Some(""), Opcode::Ping | Opcode::Pong | Opcode::Close | Opcode::Reserved(_)) => {
                String::new()
            }
            (Some(text), _) => self.text(lane, text),
            (None, _) => Hex::new(&frame.payload, usize::MAX).to_string(),
        }
    }

    /// Bytes that are no frame's: text if they can be read, else in hexadecimal.
    pub(super) fn stray(&mut self, lane: &str, bytes: &[u8]) -> String {
        let text = readable(bytes);
        let limit = if text.is_some() { TEXT_SHOWN } else { BINARY_SHOWN };
        match text {
            _ if bytes.len() > limit => summary(bytes.len() as u64, &Sha256::digest(bytes).into()),
            Some(text) => self.text(lane, text),
            None => Hex::new(bytes, usize::MAX).to_string(),
        }
    }

    /// A header's value, in quotes only where it would not read as one word.
    pub(super) fn value(&mut self, lane: &str, value: &str) -> String {
        if value.is_empty() || value.contains([' ', '"', '\\']) || value.contains(acts) {
            return self.text(lane, value);
        }
        self.named(value, lane).1
    }

    pub(super) fn ids(&self, from: usize) -> impl Iterator<Item = (&str, &str)> {
        self.ids.iter(from)
    }

    fn named(&mut self, text: &str, lane: &str) -> (bool, String) {
        if self.is_literal { (false, text.to_owned()) } else { self.ids.replace(text, lane) }
    }

    fn text(&mut self, lane: &str, text: &str) -> String {
        quoted(&self.named(text, lane).1)
    }

    fn put_json(&mut self, lane: &str, value: &Value, out: &mut String) {
        match value {
            Value::Object(fields) => {
                // Sorted here, whatever order serde_json was built to keep.
                let mut fields: Vec<_> = fields.iter().collect();
                fields.sort_by_key(|(name, _)| *name);
                out.push('{');
                for (at, (name, value)) in fields.into_iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    out.push_str(&quoted(name));
                    out.push(':');
                    if self.any.contains(name) {
                        out.push_str(ANYTHING);
                    } else {
                        self.put_json(lane, value, out);
                    }
                }
                out.push('}');
            }
            Value::Array(values) => {
                out.push('[');
                for (at, value) in values.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    self.put_json(lane, value, out);
                }
                out.push(']');
            }
            Value::String(text) if text.len() > STRING_SHOWN => {
                let digest = Sha256::digest(text).into();
                let _ = write!(out, "<{}>", summary(text.len() as u64, &digest));
            }
            Value::String(text) => match self.named(text, lane) {
                (true, name) => out.push_str(&name),
                (false, text) => out.push_str(&quoted(&text)),
            },
            other => out.push_str(&other.to_string()),
        }
    }
}

/// `bytes` as text, if nothing in it would have to be guessed at.
fn readable(bytes: &[u8]) -> Option<&str> {
    let is_odd = |c: char| c.is_control() && !"\r\n\t".contains(c);
    str::from_utf8(bytes).ok().filter(|text| !text.contains(is_odd))
}

/// `70000 bytes sha256:0123456789ab`.
fn summary(len: u64, digest: &[u8; 32]) -> String {
    let front = Hex::new(&digest[..DIGEST_SHOWN], DIGEST_SHOWN).to_string().replace(' ', "");
    format!("{len} bytes sha256:{front}")
}

/// A JSON string; escaped is all that would not show, so that no two texts look the same.
pub(crate) fn quoted(text: &str) -> String {
    let mut out = String::from('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // What Rust would write as \u{..}: control and format characters, odd blanks.
            c if c.escape_debug().len() > 1 && c != '\'' => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
