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
    /// The names in the order in which they were given, with their ids.
    order: Vec<(String, String)>,
    /// The first number that is not taken in the names of each lane, so that none is tried twice.
    next: BTreeMap<String, u64>,
}

/// A piece of a text, by its looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece<'t> {
    Plain(&'t str),
    Id(&'t str),
    Time(&'t str),
}

impl Ids {
    /// `text` with a name for each id and `<*>` for each time, as `lane` sees it.
    pub(super) fn replace(&mut self, text: &str, lane: &str) -> Text {
        let pieces = pieces(text).into_iter().map(|piece| match piece {
            Piece::Plain(text) => text::Part::Plain(text.to_owned()),
            Piece::Id(id) => text::Part::Name(self.name(id, lane)),
            Piece::Time(_) => text::Part::Any,
        });
        Text(pieces.collect())
    }

    /// `text` with the names of the ids that have one; the rest is unchanged.
    pub(super) fn replace_known(&self, text: &str) -> Text {
        let mut out = Text::default();
        for piece in pieces(text) {
            match piece {
                Piece::Id(id) if self.names.contains_key(id) => {
                    out.0.push(text::Part::Name(self.names[id].clone()));
                }
                Piece::Plain(plain) | Piece::Id(plain) | Piece::Time(plain) => {
                    match out.0.last_mut() {
                        Some(text::Part::Plain(before)) => before.push_str(plain),
                        _ => out.0.push(text::Part::Plain(plain.to_owned())),
                    }
                }
            }
        }
        out
    }

    /// The names given so far, without their brackets, and their ids; without the first `from`.
    pub(super) fn iter(&self, from: usize) -> impl Iterator<Item = (&str, &str)> {
        self.order.iter().skip(from).map(|(name, id)| (name.as_str(), id.as_str()))
    }

    /// `bob` for the first id that the lane `bob` is the first to see, then `bob2`, `bob3`.
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

/// Cuts `text` into ids, times and the text between them.
fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut plain = 0;
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        let word =
            rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '-').unwrap_or(rest.len());
        let (size, piece) = if let Some(size) = time(rest) {
            (size, Some(Piece::Time(&rest[..size])))
        } else if is_random(&rest[..word]) {
            (word, Some(Piece::Id(&rest[..word])))
        } else {
            (word.max(first.len_utf8()), None)
        };
        if let Some(piece) = piece {
            if plain < at {
                pieces.push(Piece::Plain(&text[plain..at]));
            }
            pieces.push(piece);
            plain = at + size;
        }
        at += size;
    }
    if plain < at {
        pieces.push(Piece::Plain(&text[plain..]));
    }
    pieces
}

/// Whether `word` looks random: a UUID, a ULID, or 32 hexadecimal digits and more.
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

/// The length in bytes of the time of ISO 8601 that `text` begins with: date, `T`, time, zone.
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
