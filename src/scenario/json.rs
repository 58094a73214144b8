//! JSON that is compared by structure: the order of fields and the blanks do not matter.

use std::fmt;

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

use super::names::Names;
use super::text::Text;
use super::unlike::Unlike;

/// What JSON may be: `{"id":<bob>,"at":<*>,"users":[...],...}`.
#[derive(Clone, Debug, PartialEq)]
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
    /// The value itself; the error is the placeholder that stands for nothing.
    pub(super) fn fill(&self, names: &Names) -> Result<String, String> {
        Ok(match self {
            Self::Any | Self::Long(..) => return Err(self.to_string()),
            Self::Name(name) => {
                names.get(name).map(Value::to_string).ok_or_else(|| self.to_string())?
            }
            Self::Text(text) => Value::String(text.fill(names)?).to_string(),
            Self::Array(_, true) | Self::Object(_, true) => return Err("...".to_owned()),
            Self::Array(items, false) => {
                let items: Result<Vec<_>, _> = items.iter().map(|item| item.fill(names)).collect();
                format!("[{}]", items?.join(","))
            }
            Self::Object(fields, false) => {
                let field = |(name, value): &(String, Self)| {
                    Ok(format!("{}:{}", Value::from(name.as_str()), value.fill(names)?))
                };
                let fields: Result<Vec<_>, String> = fields.iter().map(field).collect();
                format!("{{{}}}", fields?.join(","))
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => self.to_string(),
        })
    }

    /// Whether `value` is such JSON; the error says where it is not.
    pub(super) fn matches(&self, value: &Value, at: &str, names: &mut Names) -> Result<(), Unlike> {
        let (place, found) = (|| at.to_owned(), || short(value));
        match (self, value) {
            (Self::Any, _) | (Self::Null, Value::Null) => Ok(()),
            (Self::Name(name), _) => match names.get(name) {
                None => {
                    names.keep(name, value.clone());
                    Ok(())
                }
                Some(known) if known == value => Ok(()),
                Some(known) => {
                    let (name, known) = (name.clone(), short(known));
                    Err(Unlike::Name { at: place(), found: found(), name, known })
                }
            },
            (Self::Bool(wanted), Value::Bool(found)) if wanted == found => Ok(()),
            (Self::Number(wanted), Value::Number(found)) if equal(wanted, found) => Ok(()),
            (Self::Text(text), Value::String(found)) if text.matches(found, names) => Ok(()),
            (Self::Long(len, digest), Value::String(found))
                if found.len() as u64 == *len && is_digest(digest, &Sha256::digest(found)) =>
            {
                Ok(())
            }
            (Self::Array(items, more), Value::Array(found)) => {
                if found.len() < items.len() || !more && found.len() > items.len() {
                    let (found, wanted) = (found.len(), items.len());
                    return Err(Unlike::Items { at: place(), found, wanted });
                }
                let mut pairs = items.iter().zip(found).enumerate();
                pairs.try_for_each(|(n, (item, found))| {
                    item.matches(found, &format!("{at}[{n}]"), names)
                })
            }
            (Self::Object(fields, more), Value::Object(found)) => {
                for (name, wanted) in fields {
                    let Some(value) = found.get(name) else {
                        return Err(Unlike::NoField(format!("{at}.{name}")));
                    };
                    wanted.matches(value, &format!("{at}.{name}"), names)?;
                }
                let is_listed = |name: &String| fields.iter().any(|(listed, _)| listed == name);
                match found.keys().find(|name| !more && !is_listed(name)) {
                    Some(other) => Err(Unlike::Field(format!("{at}.{other}"))),
                    None => Ok(()),
                }
            }
            _ => Err(Unlike::Value { at: place(), found: found(), wanted: self.to_string() }),
        }
    }
}

/// 1, 1.0 and 1e0 are one number.
#[allow(clippy::float_cmp)]
fn equal(wanted: &Number, found: &Number) -> bool {
    wanted == found || !(wanted.is_i64() && found.is_i64()) && wanted.as_f64() == found.as_f64()
}

/// Whether `digest` begins as these hexadecimal digits say.
pub(super) fn is_digest(front: &str, digest: &[u8]) -> bool {
    use std::fmt::Write;
    let whole = digest.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    });
    whole.starts_with(front)
}

/// The front of a value, for a sentence.
fn short(value: &Value) -> String {
    const SHOWN: usize = 60;
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
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
                let mut list: Vec<_> = items.iter().map(ToString::to_string).collect();
                list.extend(more.then(|| "...".to_owned()));
                write!(f, "[{}]", list.join(","))
            }
            Self::Object(fields, more) => {
                let field =
                    |(name, value): &(String, Self)| format!("{}:{value}", Text::plain(name));
                let mut list: Vec<_> = fields.iter().map(field).collect();
                list.extend(more.then(|| "...".to_owned()));
                write!(f, "{{{}}}", list.join(","))
            }
        }
    }
}
