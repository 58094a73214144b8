//! Compares received JSON with the expected JSON, and makes the JSON that is sent.

use std::collections::BTreeSet;
use std::fmt::{self, Display, Write};

use serde_json::{Number, Value};
use sha2::{Digest, Sha256};

use super::detail::Detail;
use super::mismatch::Mismatch;
use super::names::Names;
use super::text::within_limit;
use crate::escape;
use crate::wst::{Json, steps};

impl Json {
    /// The JSON that a client sends, with the values of the names.
    ///
    /// # Errors
    ///
    /// A name that stands for nothing yet, a value of which only the digest is written, or JSON of
    /// more than [`PAYLOAD_LIMIT`](crate::wst::PAYLOAD_LIMIT).
    pub(super) fn fill(&self, names: &Names) -> Result<String, Mismatch> {
        let mut out = String::new();
        self.fill_into(names, &mut out)?;
        Ok(out)
    }

    fn fill_into(&self, names: &Names, out: &mut String) -> Result<(), Mismatch> {
        match self {
            Self::Any | Self::Long(..) => return Err(Mismatch::NotWritten(self.to_string())),
            Self::Name(name) => {
                let value = names.get(name);
                let value = value.ok_or_else(|| Mismatch::Unknown(self.to_string()))?;
                let _ = write!(out, "{value}");
                within_limit(out.len())?;
            }
            Self::Text(text) => {
                let _ = write!(out, "{}", Value::String(text.fill(names)?));
                within_limit(out.len())?;
            }
            Self::Array(_, true) | Self::Object(_, true) => {
                return Err(Mismatch::NotWritten("...".to_owned()));
            }
            Self::Array(items, false) => {
                out.push('[');
                for (at, item) in items.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    item.fill_into(names, out)?;
                }
                out.push(']');
            }
            Self::Object(fields, false) => {
                out.push('{');
                for (at, (name, value)) in fields.iter().enumerate() {
                    out.push_str(if at == 0 { "" } else { "," });
                    let _ = write!(out, "{}:", Value::from(name.as_str()));
                    value.fill_into(names, out)?;
                }
                out.push('}');
            }
            Self::Null | Self::Bool(_) | Self::Number(_) => {
                let _ = write!(out, "{self}");
            }
        }
        Ok(())
    }

    /// Compares `value` with this pattern; the error has the place of the first difference.
    pub(super) fn matches(
        &self,
        value: &Value,
        at: &Path<'_>,
        names: &mut Names,
    ) -> Result<(), Detail> {
        steps::count(1);
        let place = || at.to_string();
        let found = || short(value);
        match (self, value) {
            (Self::Any, _) | (Self::Null, Value::Null) => Ok(()),
            (Self::Name(name), _) => match names.get(name) {
                None => {
                    names.keep(name, value.clone());
                    Ok(())
                }
                Some(known) if known == value => Ok(()),
                Some(known) => {
                    let name = name.clone();
                    let known = short(known);
                    Err(Detail::Name { at: place(), found: found(), name, known })
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
                    let found = found.len();
                    let wanted = items.len();
                    return Err(Detail::Items { at: place(), found, wanted });
                }
                let mut pairs = items.iter().zip(found).enumerate();
                pairs.try_for_each(|(n, (item, found))| {
                    item.matches(found, &Path::Item(at, n), names)
                })
            }
            (Self::Object(fields, more), Value::Object(found)) => {
                for (name, wanted) in fields {
                    let Some(value) = found.get(name) else {
                        return Err(Detail::NoField(Path::Field(at, name).to_string()));
                    };
                    wanted.matches(value, &Path::Field(at, name), names)?;
                }
                if *more {
                    return Ok(());
                }
                let listed: BTreeSet<_> = fields.iter().map(|(name, _)| name.as_str()).collect();
                let mut others = found.keys().filter(|name| {
                    steps::count(1 + listed.len().checked_ilog2().unwrap_or(0) as usize);
                    !listed.contains(name.as_str())
                });
                match others.next() {
                    Some(other) => Err(Detail::Field(Path::Field(at, other).to_string())),
                    None => Ok(()),
                }
            }
            _ => Err(Detail::Value { at: place(), found: found(), wanted: self.to_string() }),
        }
    }
}

/// The place of a value: `$.users[0]`. It is written out only for a difference.
#[derive(Clone, Copy)]
pub(super) enum Path<'p> {
    Root,
    Field(&'p Path<'p>, &'p str),
    Item(&'p Path<'p>, usize),
}

impl Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => f.write_str("$"),
            Self::Field(parent, name) => {
                steps::count(name.len());
                write!(f, "{parent}.{}", escape::Line::of(name))
            }
            Self::Item(parent, at) => write!(f, "{parent}[{at}]"),
        }
    }
}

/// 1, 1.0 and 1e0 are one number.
#[allow(clippy::float_cmp)]
fn equal(wanted: &Number, found: &Number) -> bool {
    wanted == found || !(wanted.is_i64() && found.is_i64()) && wanted.as_f64() == found.as_f64()
}

/// Whether `digest` begins with these hexadecimal digits.
pub(super) fn is_digest(front: &str, digest: &[u8]) -> bool {
    use std::fmt::Write;
    let whole = digest.iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    });
    whole.starts_with(front)
}

/// The first characters of a value, for a sentence.
fn short(value: &Value) -> String {
    const SHOWN: usize = 60;
    let text = escape::Lines(&value.to_string()).to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
