//! Makes one text of two: word by word, dates and times as a whole.

use super::super::names::Names;
use crate::wst::{Part, Text};

/// Whether every text that `text` stands for is one of those that `pattern` stands for.
///
/// A placeholder of `text` counts as a word like any.
pub fn covers(pattern: &Text, text: &Text) -> bool {
    let mut plain = String::new();
    for part in &text.0 {
        match part {
            Part::Plain(text) => plain.push_str(text),
            Part::Any => plain.push('*'),
            Part::Name(name) => plain.push_str(name),
        }
    }
    let is_open = pattern.has_placeholders();
    pattern == text || is_open && pattern.matches(&plain, &mut Names::default())
}

/// The text that both are like: word by word if they have the same signs between the words, else the
/// start and the end that they share.
pub(super) fn text(one: &Text, other: &Text) -> Text {
    if covers(one, other) {
        return one.clone();
    }
    let ones = words(one);
    let (mut pieces, is_piece_by_piece) = alike(&ones, &words(other));
    if is_piece_by_piece {
        loosen_moments(&mut pieces, &ones);
    }
    joined(pieces)
}

/// The same for bytes, each the character of its number: byte by byte if there are as many.
///
/// A byte that says how many bytes follow it is loosened too: what differs may be longer another time.
pub(super) fn bytes(one: &Text, other: &Text) -> Text {
    if covers(one, other) {
        return one.clone();
    }
    let others = single_bytes(other);
    let mut pieces = alike(&single_bytes(one), &others).0;
    let open = pieces.iter().position(|piece| *piece == Piece::Any).unwrap_or_default();
    for (at, piece) in pieces.iter_mut().enumerate().take(open) {
        let behind = u8::try_from(others.len() - at - 1).map(char::from);
        if behind.is_ok_and(|behind| *piece == Piece::Word(behind.to_string())) {
            *piece = Piece::Any;
        }
    }
    joined(pieces)
}

/// The pieces that both have, and whether they were compared one by one.
fn alike(ones: &[Piece], others: &[Piece]) -> (Vec<Piece>, bool) {
    let is_word = |piece: &Piece| !matches!(piece, Piece::Sign(_));
    let is_alike = |(one, other): (&Piece, &Piece)| one == other || is_word(one) && is_word(other);
    if ones.len() == others.len() && ones.iter().zip(others).all(is_alike) {
        let pair = |(one, other): (&Piece, &Piece)| match one == other {
            true => other.clone(),
            false => Piece::Any,
        };
        return (ones.iter().zip(others).map(pair).collect(), true);
    }
    let front = ones.iter().zip(others).take_while(|(one, other)| one == other).count();
    let (one, other) = (&ones[front..], &others[front..]);
    let back = one.iter().rev().zip(other.iter().rev());
    let back = back.take_while(|(one, other)| one == other).count();
    let mut pieces = ones[..front].to_vec();
    pieces.push(Piece::Any);
    pieces.extend_from_slice(&ones[ones.len() - back..]);
    (pieces, false)
}

/// Loosens every date and time of which a part differs: what is the same now is another tomorrow.
///
/// `ones` are the pieces of one text, and `pieces` what it has in common with the other.
fn loosen_moments(pieces: &mut [Piece], ones: &[Piece]) {
    let mut at = 0;
    while at + CLOCK <= ones.len() {
        let differs = pieces[at..at + CLOCK].contains(&Piece::Any);
        if !(differs && is_clock(&ones[at..at + CLOCK])) {
            at += 1;
            continue;
        }
        let (before, behind) = (&ones[..at], &ones[at + CLOCK..]);
        let before = before.iter().rev().take_while(|piece| piece.is_of_a_moment());
        let behind = behind.iter().take_while(|piece| piece.is_of_a_moment());
        let (mut from, mut to) = (at - before.count(), at + CLOCK + behind.count());
        while matches!(ones[from], Piece::Sign(_)) {
            from += 1;
        }
        while matches!(ones[to - 1], Piece::Sign(_)) {
            to -= 1;
        }
        pieces[from..to].fill(Piece::Any);
        at = to;
    }
}

/// The number of pieces of the shortest time: `12:30`.
const CLOCK: usize = 3;

/// Whether these pieces are a time, or the middle of one: `08:59`, `2026-11-29T08:59`.
fn is_clock(pieces: &[Piece]) -> bool {
    let [Piece::Word(hours), Piece::Sign(':'), Piece::Word(minutes)] = pieces else {
        return false;
    };
    let is_digit = |c: char| c.is_ascii_digit();
    hours.starts_with(is_digit)
        && hours.ends_with(is_digit)
        && minutes.len() >= 2
        && minutes.chars().take(2).all(is_digit)
}

/// The words of dates and times besides numbers, by their first letters.
const MOMENT_WORDS: [&str; 23] = [
    "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun", "Jan", "Feb", "Mar", "Apr", "May", "Jun",
    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec", "AM", "PM", "GMT", "UTC",
];

/// A piece of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Letters, digits, `-` and `_`.
    Word(String),
    /// Any other character.
    Sign(char),
    Name(String),
    Any,
}

impl Piece {
    /// Whether it may be a part of a date or a time.
    fn is_of_a_moment(&self) -> bool {
        match self {
            Self::Word(word) => {
                word.starts_with(|c: char| c.is_ascii_digit())
                    || MOMENT_WORDS.iter().any(|front| word.starts_with(front))
            }
            Self::Sign(sign) => " ,:.+/".contains(*sign),
            Self::Name(_) | Self::Any => false,
        }
    }
}

fn words(text: &Text) -> Vec<Piece> {
    let mut pieces = Vec::new();
    for part in &text.0 {
        match part {
            Part::Any => pieces.push(Piece::Any),
            Part::Name(name) => pieces.push(Piece::Name(name.clone())),
            Part::Plain(plain) => {
                for c in plain.chars() {
                    let is_word = c.is_alphanumeric() || "-_".contains(c);
                    match pieces.last_mut() {
                        Some(Piece::Word(word)) if is_word => word.push(c),
                        _ if is_word => pieces.push(Piece::Word(c.to_string())),
                        _ => pieces.push(Piece::Sign(c)),
                    }
                }
            }
        }
    }
    pieces
}

/// Each byte as a word of its own.
fn single_bytes(text: &Text) -> Vec<Piece> {
    let pieces = text.0.iter().flat_map(|part| match part {
        Part::Any => vec![Piece::Any],
        Part::Name(name) => vec![Piece::Name(name.clone())],
        Part::Plain(plain) => plain.chars().map(|c| Piece::Word(c.to_string())).collect(),
    });
    pieces.collect()
}

fn joined(pieces: Vec<Piece>) -> Text {
    let mut text = Text::default();
    for piece in pieces {
        let plain = match piece {
            Piece::Any if text.0.last() == Some(&Part::Any) => continue,
            Piece::Any => {
                text.0.push(Part::Any);
                continue;
            }
            Piece::Name(name) => {
                text.0.push(Part::Name(name));
                continue;
            }
            Piece::Word(word) => word,
            Piece::Sign(sign) => sign.to_string(),
        };
        match text.0.last_mut() {
            Some(Part::Plain(before)) => before.push_str(&plain),
            _ => text.0.push(Part::Plain(plain)),
        }
    }
    text
}
