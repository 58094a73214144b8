//! Replaces ids and times, which differ from run to run, by names and `<*>`.
//!
//! An id gets the name of the lane that first shows it, and keeps that name, so a transcript still tells
//! whether two ids are the same.

use std::collections::{BTreeMap, BTreeSet};

use super::text::{self, Text, placeholder_name};

/// The fewest different digits among 32 random ones; text with fewer is taken for a pattern, not an id.
const DISTINCT_DIGITS: usize = 6;

/// The ids met so far, by their text.
#[derive(Debug, Default)]
pub(super) struct Ids {
    names: BTreeMap<String, String>,
    taken: BTreeSet<String>,
    /// The names in the order in which they were given, and what they stand for.
    order: Vec<(String, String)>,
    /// The number that the next name of each lane may have, so that names are not tried anew.
    next: BTreeMap<String, u64>,
}

/// What a part of a text looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part<'t> {
    Plain(&'t str),
    Id(&'t str),
    Time(&'t str),
}

impl Ids {
    /// `text` with a name for each id and `<*>` for each time, as `lane` sees it.
    pub(super) fn replace(&mut self, text: &str, lane: &str) -> Text {
        let parts = parts(text).into_iter().map(|part| match part {
            Part::Plain(text) => text::Part::Plain(text.to_owned()),
            Part::Id(id) => text::Part::Name(self.name(id, lane)),
            Part::Time(_) => text::Part::Any,
        });
        Text(parts.collect())
    }

    /// `text` with the names of the ids that have one; all else stays as it is.
    pub(super) fn replace_known(&self, text: &str) -> Text {
        let mut out = Text::default();
        for part in parts(text) {
            match part {
                Part::Id(id) if self.names.contains_key(id) => {
                    out.0.push(text::Part::Name(self.names[id].clone()));
                }
                Part::Plain(plain) | Part::Id(plain) | Part::Time(plain) => {
                    match out.0.last_mut() {
                        Some(text::Part::Plain(before)) => before.push_str(plain),
                        _ => out.0.push(text::Part::Plain(plain.to_owned())),
                    }
                }
            }
        }
        out
    }

    /// The names given so far, without their brackets, and what they stand for; the first `from` apart.
    pub(super) fn iter(&self, from: usize) -> impl Iterator<Item = (&str, &str)> {
        self.order.iter().skip(from).map(|(name, id)| (name.as_str(), id.as_str()))
    }

    /// `bob`, and for further ids that the lane `bob` is first to see `bob2`, `bob3`.
    fn name(&mut self, id: &str, lane: &str) -> String {
        if let Some(name) = self.names.get(id) {
            return name.clone();
        }
        let lane = placeholder_name(lane);
        let mut number = self.next.get(&lane).copied().unwrap_or(1);
        let name = loop {
            let name = if number == 1 { lane.clone() } else { format!("{lane}{number}") };
            number += 1;
            if self.taken.insert(name.clone()) {
                break name;
            }
        };
        self.next.insert(lane, number);
        self.names.insert(id.to_owned(), name.clone());
        self.order.push((name.clone(), id.to_owned()));
        name
    }
}

/// Cuts `text` at what looks like an id or a time.
fn parts(text: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let word =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        let (size, part) = if let Some(size) = time(rest) {
            (size, Some(Part::Time(&rest[..size])))
        } else if is_random(&rest[..word]) {
            (word, Some(Part::Id(&rest[..word])))
        } else {
            (word.max(first.len_utf8()), None)
        };
        if let Some(part) = part {
            if plain < at {
                parts.push(Part::Plain(&text[plain..at]));
            }
            parts.push(part);
            plain = at + size;
        }
        at += size;
    }
    if plain < at {
        parts.push(Part::Plain(&text[plain..]));
    }
    parts
}

/// Whether nobody would write `word` by hand.
fn is_random(word: &str) -> bool {
    is_uuid(word) || is_ulid(word) || is_long_hex(word)
}

/// `f81d4fae-7dec-11d0-a765-00a0c91e6bf6`.
fn is_uuid(word: &str) -> bool {
    let groups = || word.split('-');
    groups().map(str::len).eq([8, 4, 4, 4, 12]) && groups().all(is_hex)
}

/// `01ARZ3NDEKTSV4RRFFQ69G5FAV`.
fn is_ulid(word: &str) -> bool {
    let is_digit = |c: char| matches!(c, '0'..='9' | 'A'..='Z') && !"ILOU".contains(c);
    word.len() == 26 && word < "8" && word.chars().all(is_digit)
}

/// 32 hexadecimal digits or more, random ones.
fn is_long_hex(word: &str) -> bool {
    let digits: BTreeSet<_> = word.bytes().collect();
    word.len() >= 32 && is_hex(word) && digits.len() >= DISTINCT_DIGITS
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// How many bytes at the front of `text` are a time as ISO 8601 writes it: date, `T`, time, zone.
fn time(text: &str) -> Option<usize> {
    const SHAPE: &[u8] = b"0000-00-00T00:00";
    let front = text.as_bytes().get(..SHAPE.len())?;
    let fits = front.iter().zip(SHAPE).all(|(byte, shape)| match shape {
        b'0' => byte.is_ascii_digit(),
        b'T' => *byte == b'T' || *byte == b' ',
        _ => byte == shape,
    });
    if !fits {
        return None;
    }
    // Seconds, their fraction and the zone, whichever there are; not the end of a sentence.
    let rest = &text[SHAPE.len()..];
    let end = rest.find(|c: char| !c.is_ascii_digit() && !":.Z+-".contains(c));
    let more = rest[..end.unwrap_or(rest.len())].trim_end_matches(|c| ":.+-".contains(c));
    Some(SHAPE.len() + more.len())
}
