//! JSON with placeholders.

use std::fmt;

use serde_json::Number;

use super::text::Text;

/// The deepest nesting of JSON: 128 levels, as `serde_json` reads it.
pub(super) const DEPTH_LIMIT: usize = 128;

/// A pattern for JSON: `{"id":<bob>,"at":<*>,"users":[...],...}`.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Json {
    /// `<*>`: anything.
    Any,
    /// `<name>`: anything, and the same wherever the name stands.
    Name(String),
    /// `null`.
    Null,
    /// `true`, `false`.
    Bool(bool),
    /// A number, by its value.
    Number(Number),
    /// A string.
    Text(Text),
    /// `<257 bytes sha256:…>`: a string too long to be written out.
    Long(u64, String),
    /// These, in this order; `...` at the end lets more follow.
    Array(Vec<Json>, bool),
    /// These fields, in any order; `...` at the end allows others.
    Object(Vec<(String, Json)>, bool),
}

impl Json {
    /// Whether it has a placeholder.
    pub(super) fn has_placeholders(&self) -> bool {
        match self {
            Self::Any | Self::Name(_) | Self::Array(_, true) | Self::Object(_, true) => true,
            Self::Text(text) => text.has_placeholders(),
            Self::Array(items, false) => items.iter().any(Self::has_placeholders),
            Self::Object(fields, false) => fields.iter().any(|(_, value)| value.has_placeholders()),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Long(..) => false,
        }
    }

    /// Whether it has `<*>` or `...` in it, so that a client cannot send it.
    ///
    /// A name has a value when the scenario is played, so it can be sent.
    pub(super) fn is_open(&self) -> bool {
        match self {
            Self::Any | Self::Array(_, true) | Self::Object(_, true) => true,
            Self::Text(text) => text.0.contains(&super::Part::Any),
            Self::Array(items, false) => items.iter().any(Self::is_open),
            Self::Object(fields, false) => fields.iter().any(|(_, value)| value.is_open()),
            Self::Name(_) | Self::Null | Self::Bool(_) | Self::Number(_) | Self::Long(..) => false,
        }
    }
}

/// Compact, fields in the order in which they were written.
impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Any => f.write_str("<*>"),
            Self::Name(name) => write!(f, "<{name}>"),
            Self::Null => f.write_str("null"),
            Self::Bool(value) => write!(f, "{value}"),
            Self::Number(number) => write!(f, "{number}"),
            Self::Text(text) => write!(f, "{text}"),
            Self::Long(len, digest) => write!(f, "<{len} bytes sha256:{digest}>"),
            Self::Array(items, more) => {
                f.write_str("[")?;
                for (at, item) in items.iter().enumerate() {
                    f.write_str(comma(at))?;
                    write!(f, "{item}")?;
                }
                rest(f, *more, items.len())?;
                f.write_str("]")
            }
            Self::Object(fields, more) => {
                f.write_str("{")?;
                for (at, (name, value)) in fields.iter().enumerate() {
                    f.write_str(comma(at))?;
                    write!(f, "{}:{value}", Text::plain(name))?;
                }
                rest(f, *more, fields.len())?;
                f.write_str("}")
            }
        }
    }
}

fn comma(at: usize) -> &'static str {
    if at == 0 { "" } else { "," }
}

fn rest(f: &mut fmt::Formatter<'_>, more: bool, before: usize) -> fmt::Result {
    if more { write!(f, "{}...", comma(before)) } else { Ok(()) }
}
