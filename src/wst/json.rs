//! JSON with placeholders.

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Number;

use super::cursor::{Cursor, Parsed};
use super::steps;
use super::text::{Part, Text, placeholder};

/// The deepest nesting of JSON: 128 levels, as `serde_json` reads it.
pub(super) const DEPTH_LIMIT: usize = 128;

const VALUE: &str = "JSON, <name>, <*> or ...";

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
            Self::Text(text) => text.0.contains(&Part::Any),
            Self::Array(items, false) => items.iter().any(Self::is_open),
            Self::Object(fields, false) => fields.iter().any(|(_, value)| value.is_open()),
            Self::Name(_) | Self::Null | Self::Bool(_) | Self::Number(_) | Self::Long(..) => false,
        }
    }
}

/// Reads a pattern.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Json> {
    value(cursor, 0)
}

fn value(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Json> {
    if depth > DEPTH_LIMIT {
        return Err(cursor.expected("JSON that is less deep"));
    }
    cursor.skip();
    if cursor.rest().starts_with('"') {
        return Ok(Json::Text(cursor.quoted()?));
    }
    if cursor.rest().starts_with('<') {
        return unknown(cursor);
    }
    if cursor.eat_front("{") {
        let mut fields = Vec::new();
        let mut names = BTreeSet::new();
        let mut more = false;
        list(cursor, "}", |cursor| {
            more = cursor.eat_front("...");
            if more {
                return Ok(false);
            }
            let start = cursor.clone();
            let name = cursor.plain()?;
            steps::count(1 + names.len().checked_ilog2().unwrap_or(0) as usize);
            if !names.insert(name.clone()) {
                return Err(start.expected("each field once"));
            }
            cursor.skip();
            if !cursor.eat_front(":") {
                return Err(cursor.expected(": behind the name of a field"));
            }
            fields.push((name, value(cursor, depth + 1)?));
            Ok(true)
        })?;
        return Ok(Json::Object(fields, more));
    }
    if cursor.eat_front("[") {
        let mut items = Vec::new();
        let mut more = false;
        list(cursor, "]", |cursor| {
            more = cursor.eat_front("...");
            if !more {
                items.push(value(cursor, depth + 1)?);
            }
            Ok(!more)
        })?;
        return Ok(Json::Array(items, more));
    }
    for (word, value) in
        [("null", Json::Null), ("true", Json::Bool(true)), ("false", Json::Bool(false))]
    {
        if cursor.eat_front(word) {
            return Ok(value);
        }
    }
    let end = cursor.rest().find(|c: char| !c.is_ascii_digit() && !"+-.eE".contains(c));
    let digits = &cursor.rest()[..end.unwrap_or(cursor.rest().len())];
    match serde_json::from_str::<Number>(digits) {
        Ok(number) => {
            cursor.eat_front(digits);
            Ok(Json::Number(number))
        }
        Err(_) => Err(cursor.expected(VALUE)),
    }
}

/// The comma-separated members of a list, until `item` returns false: no more may come.
fn list(
    cursor: &mut Cursor<'_>,
    end: &str,
    mut item: impl FnMut(&mut Cursor<'_>) -> Parsed<bool>,
) -> Parsed<()> {
    cursor.skip();
    if cursor.eat_front(end) {
        return Ok(());
    }
    loop {
        cursor.skip();
        let more_may_come = item(cursor)?;
        cursor.skip();
        if cursor.eat_front(end) {
            return Ok(());
        }
        if !more_may_come {
            return Err(cursor.expected(end));
        }
        if !cursor.eat_front(",") {
            return Err(cursor.expected(&format!(", or {end}")));
        }
    }
}

/// `<*>`, `<bob>`, `<257 bytes sha256:…>`.
fn unknown(cursor: &mut Cursor<'_>) -> Parsed<Json> {
    if let Some((size, part)) = placeholder(cursor.rest()) {
        let text = &cursor.rest()[..size];
        cursor.eat_front(text);
        return Ok(match part {
            Part::Name(name) => Json::Name(name),
            Part::Any | Part::Plain(_) => Json::Any,
        });
    }
    let long = cursor.rest().split_once('>').and_then(|(inside, _)| {
        let (len, digest) = inside[1..].split_once(" bytes sha256:")?;
        Some((inside, len.parse().ok()?, digest))
    });
    let Some((inside, len, digest)) = long else {
        return Err(cursor.expected("<name> or <*>"));
    };
    cursor.eat_front(inside);
    cursor.eat_front(">");
    Ok(Json::Long(len, digest.to_owned()))
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
