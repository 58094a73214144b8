//! Compares a received text with the expected one, and makes the text that is sent.

use std::borrow::Cow;

use serde_json::Value;

use super::mismatch::Mismatch;
use super::names::Names;
use crate::wst::{PAYLOAD_LIMIT, Part, Text};

/// Whether a line may send so many bytes. A captured name may make a short line long.
pub(super) fn within_limit(bytes: usize) -> Result<(), Mismatch> {
    if bytes <= PAYLOAD_LIMIT { Ok(()) } else { Err(Mismatch::TooLong(PAYLOAD_LIMIT)) }
}

impl Text {
    /// The text that a client sends, with the values of the names.
    ///
    /// # Errors
    ///
    /// A name that stands for nothing yet, or a text of more than [`PAYLOAD_LIMIT`].
    pub(super) fn fill(&self, names: &Names) -> Result<String, Mismatch> {
        let mut out = String::new();
        for part in &self.0 {
            let text = match part {
                Part::Plain(text) => Cow::Borrowed(text.as_str()),
                Part::Any => return Err(Mismatch::Unknown("<*>".to_owned())),
                Part::Name(name) => {
                    names.shown(name).ok_or_else(|| Mismatch::Unknown(format!("<{name}>")))?
                }
            };
            within_limit(out.len() + text.len())?;
            out.push_str(&text);
        }
        Ok(out)
    }

    /// Whether `text` matches; new names are added to `names` with their values.
    ///
    /// The characters between two placeholders are searched from left to right.
    pub(super) fn matches(&self, text: &str, names: &mut Names) -> bool {
        let known = names.mark();
        let fits = self.matches_with(text, names);
        if !fits {
            names.forget(known);
        }
        fits
    }

    /// The same, but `names` also keeps what was captured before a difference.
    fn matches_with(&self, text: &str, names: &mut Names) -> bool {
        let mut rest = text;
        for (at, part) in self.0.iter().enumerate() {
            let fixed = match part {
                Part::Plain(text) => Some(Cow::Borrowed(text.as_str())),
                Part::Any => None,
                Part::Name(name) => names.shown(name),
            };
            if let Some(fixed) = fixed {
                let Some(after) = rest.strip_prefix(&*fixed) else { return false };
                rest = after;
                continue;
            }
            let least =
                if *part == Part::Any { 0 } else { rest.chars().next().map_or(1, char::len_utf8) };
            let end = match self.0.get(at + 1) {
                None => rest.len(),
                // Plain text at the end must be the end of `text`.
                Some(Part::Plain(next)) if at + 2 == self.0.len() => {
                    match rest.strip_suffix(next.as_str()) {
                        Some(front) => front.len(),
                        None => return false,
                    }
                }
                Some(Part::Plain(next)) => {
                    let Some(found) = rest.get(least..).and_then(|rest| rest.find(next.as_str()))
                    else {
                        return false;
                    };
                    least + found
                }
                // No characters separate two placeholders, so the first takes as few as it may.
                Some(_) => least,
            };
            if end < least || end > rest.len() {
                return false;
            }
            if let Part::Name(name) = part {
                names.keep(name, Value::String(rest[..end].to_owned()));
            }
            rest = &rest[end..];
        }
        rest.is_empty()
    }
}
