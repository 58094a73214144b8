//! JSON with placeholders.

use std::collections::BTreeSet;

use serde_json::Number;

use super::super::cursor::{Cursor, Parsed};
use super::super::json::DEPTH_LIMIT;
use super::super::steps;
use super::super::text::placeholder;
use super::super::{Json, Part};

const VALUE: &str = "JSON, <name>, <*> or ...";

pub(super) fn json(cursor: &mut Cursor<'_>, depth: usize) -> Parsed<Json> {
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
            fields.push((name, json(cursor, depth + 1)?));
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
                items.push(json(cursor, depth + 1)?);
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
