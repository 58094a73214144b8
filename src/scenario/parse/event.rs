//! Lines that tell of a client: `bob >> text "hi"`.

use std::time::Duration;

use super::super::cursor::{Cursor, Parsed};
use super::super::settings::{duration, range};
use super::super::{
    Act, Answer, Ask, Deed, End, Expect, Item, Kind, Marks, Payload, Shape, Sight, Timing,
};
use super::payload::{self, hex};
use crate::client::ResponsePart;
use crate::frame::Opcode;

const ARROWS: &str = "one of -> <- >> << --";
const KINDS: &str = "a frame: text, json, binary, cont, ping, pong, close or opcode=3";
const DEEDS: &str = "one of cut, reset, half-close, mute, stop reading, resume, dribble 1, \
    eof, reset by peer, end, connection refused";

pub(super) fn event(cursor: &mut Cursor<'_>) -> Parsed<Item> {
    let is_name = |word: &str| {
        let odd = |c: char| "#@=~?<>\"|".contains(c) || c.is_control();
        (!word.contains(odd) && !word.starts_with('-')).then(|| word.to_owned())
    };
    let lane = cursor.take("a client's name, ==, @, # or -- wait", is_name)?;
    let arrow = cursor.take(ARROWS, |word| {
        ["->", "<-", ">>", "<<", "--"].into_iter().find(|arrow| *arrow == word)
    })?;
    match arrow {
        "->" => Ok(Item::Act(lane, Act::Ask(ask(cursor)?))),
        ">>" if cursor.eat("raw") => {
            let bytes = payload::to_send(cursor, Kind::Frame(Opcode::Binary))?;
            cursor.end()?;
            Ok(Item::Act(lane, Act::Raw(bytes)))
        }
        ">>" => {
            let (mut shape, start) = (shape(cursor)?, cursor.clone());
            shape.payload = payload::to_send(cursor, shape.kind)?;
            if shape.fragments.is_some() && !payload::is_message(&shape) {
                return Err(start.expected("text, json or binary where there are fragments"));
            }
            Ok(Item::Act(lane, Act::Say(shape, marks(cursor)?)))
        }
        "<-" => expect(cursor, lane, answer),
        "<<" => expect(cursor, lane, sight),
        _ => deed(cursor, lane),
    }
}

fn expect(
    cursor: &mut Cursor<'_>,
    lane: String,
    what: impl FnOnce(&mut Cursor<'_>) -> Parsed<Sight>,
) -> Parsed<Item> {
    let any_order = cursor.eat("~");
    let optional = cursor.eat("?");
    let what = what(cursor)?;
    let marks = marks(cursor)?;
    Ok(Item::Expect(lane, Expect { any_order, optional, what, marks }))
}

fn deed(cursor: &mut Cursor<'_>, lane: String) -> Parsed<Item> {
    let mut words = cursor.clone();
    let _ = (words.eat("~"), words.eat("?"));
    if ["eof", "end", "connection"].contains(&words.peek())
        || words.rest().starts_with("reset by peer")
    {
        return expect(cursor, lane, |cursor| {
            Ok(Sight::End(match cursor.word() {
                "eof" => End::Eof,
                "end" => End::Any,
                "connection" if cursor.eat("refused") => End::Refused,
                "reset" if cursor.eat("by") && cursor.eat("peer") => End::Reset,
                _ => return Err(cursor.expected(DEEDS)),
            }))
        });
    }
    let start = cursor.clone();
    let deed = match cursor.word() {
        "cut" => Deed::Cut,
        "reset" => Deed::Reset,
        "half-close" => Deed::HalfClose,
        "mute" => Deed::Mute,
        "stop" if cursor.eat("reading") => Deed::StopReading,
        "resume" => Deed::Resume,
        "dribble" => Deed::Dribble(cursor.take("a number of bytes, or off", |word| {
            if word == "off" { Some(0) } else { word.parse().ok().filter(|&bytes| bytes > 0) }
        })?),
        _ => return Err(start.expected(DEEDS)),
    };
    cursor.end()?;
    Ok(Item::Act(lane, Act::Do(deed)))
}

fn ask(cursor: &mut Cursor<'_>) -> Parsed<Ask> {
    if cursor.eat("raw") || cursor.rest().starts_with('"') || hex(cursor.peek()).is_some() {
        let bytes = payload::to_send(cursor, Kind::Frame(Opcode::Binary))?;
        cursor.end()?;
        return Ok(Ask::Raw(bytes));
    }
    let method = cursor.take("a method such as GET, or raw", |word| {
        let fits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_uppercase());
        fits.then(|| word.to_owned())
    })?;
    if cursor.is_done() {
        return Err(cursor.expected("a path such as /ws"));
    }
    let target = cursor.value()?;
    let mut headers = Vec::new();
    while !cursor.is_done() {
        match cursor.peek().strip_prefix("no-") {
            Some(name) if !name.contains('=') => {
                headers.push((name.to_owned(), None));
                cursor.word();
            }
            _ => headers.push(header(cursor).map(|(name, value)| (name, Some(value)))?),
        }
    }
    Ok(Ask::Usual { method, target, headers })
}

/// `name=value`, `name="a value"`.
fn header(cursor: &mut Cursor<'_>) -> Parsed<(String, super::super::Text)> {
    let is_name = |name: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        !name.is_empty() && name.bytes().all(fits)
    };
    let Some((name, _)) = cursor.peek().split_once('=').filter(|(name, _)| is_name(name)) else {
        return Err(cursor.expected("a header such as version=13, or no-key for none"));
    };
    cursor.eat_front(name);
    cursor.eat_front("=");
    Ok((name.to_owned(), cursor.value()?))
}

fn answer(cursor: &mut Cursor<'_>) -> Parsed<Sight> {
    if cursor.eat("raw") || cursor.rest().starts_with('"') || hex(cursor.peek()).is_some() {
        return Ok(Sight::Stray(payload::expected(cursor, Kind::Frame(Opcode::Binary))?));
    }
    let statuses = cursor.take("a status such as 101 or 400|426", |word| {
        let status = |text: &str| text.parse().ok().filter(|status| (100..1000).contains(status));
        word.split('|').map(status).collect::<Option<Vec<u16>>>()
    })?;
    let mut faults = Vec::new();
    while let Some(part) = ResponsePart::ALL.into_iter().find(|part| cursor.eat(&part.to_string()))
    {
        faults.push(part);
    }
    let mut headers = Vec::new();
    while !cursor.rest().starts_with('"') && cursor.peek().contains('=') {
        headers.push(header(cursor)?);
    }
    let kind = if cursor.eat("json") { Kind::Json } else { Kind::Frame(Opcode::Text) };
    let body = payload::expected(cursor, kind)?;
    Ok(Sight::Answer(Answer { statuses, faults, headers, body }))
}

fn sight(cursor: &mut Cursor<'_>) -> Parsed<Sight> {
    if cursor.eat("nothing") {
        if !cursor.eat("for") {
            return Err(cursor.expected("for, and a time"));
        }
        return Ok(Sight::Nothing(cursor.take("a time such as 200ms", duration)?));
    }
    if cursor.eat("torn") {
        let torn = cursor.rest().to_owned();
        while !cursor.is_done() {
            cursor.word();
        }
        return Ok(Sight::Torn(torn));
    }
    let start = cursor.clone();
    let mut shape = shape(cursor)?;
    if shape.fragments.is_some() {
        return Err(start.expected("no fragments: a server may cut a message as it likes"));
    }
    shape.payload = payload::expected(cursor, shape.kind)?;
    Ok(Sight::Frame(shape))
}

/// What a frame is, to its payload.
fn shape(cursor: &mut Cursor<'_>) -> Parsed<Shape> {
    let mut shape = Shape::new(Kind::Json);
    let mut is_known = false;
    loop {
        let word = cursor.peek();
        let number = |name: &str| word.strip_prefix(name)?.parse::<usize>().ok();
        if let Some(bits) =
            word.strip_prefix("rsv=").and_then(|bits| bits.parse().ok()).filter(|&bits| bits < 8)
        {
            shape.rsv = bits;
        } else if let Some(fin) = number("fin=").filter(|&fin| fin < 2) {
            shape.fin = Some(fin == 1);
        } else if word == "unmasked" || word == "masked" {
            shape.wrong_mask = true;
        } else if let Some(size) = number("header=").filter(|size| (2..=14).contains(size)) {
            shape.header = Some(size);
        } else if let Some(len) = word.strip_prefix("len=").and_then(length) {
            shape.len = Some(len);
        } else if is_known {
            return Ok(shape);
        } else if let Some((kind, fragments)) = kind(word) {
            (shape.kind, shape.fragments, is_known) = (kind, fragments, true);
        } else {
            return Err(cursor.expected(KINDS));
        }
        cursor.word();
    }
}

/// `2^63`, or digits.
fn length(text: &str) -> Option<u64> {
    match text.strip_prefix("2^") {
        Some(power) => 2u64.checked_pow(power.parse().ok()?),
        None => text.parse().ok(),
    }
}

fn kind(word: &str) -> Option<(Kind, Option<usize>)> {
    let (name, fragments) = match word.split_once('/') {
        None => (word, None),
        Some((name, n)) => (name, Some(n.parse().ok().filter(|n| (1..=1000).contains(n))?)),
    };
    let kind = match name {
        "json" => Kind::Json,
        "text" => Kind::Frame(Opcode::Text),
        "binary" => Kind::Frame(Opcode::Binary),
        "cont" => Kind::Frame(Opcode::Continuation),
        "ping" => Kind::Frame(Opcode::Ping),
        "pong" => Kind::Frame(Opcode::Pong),
        "close" => Kind::Frame(Opcode::Close),
        _ => {
            let bits = u8::from_str_radix(name.strip_prefix("opcode=")?, 16).ok()?;
            Kind::Frame(Opcode::from_bits(Some(bits).filter(|bits| *bits < 16)?))
        }
    };
    Some((kind, fragments))
}

/// `within 19s..21s`, `at 25s`, `| 89 01 31`.
fn marks(cursor: &mut Cursor<'_>) -> Parsed<Marks> {
    let mut marks = Marks::default();
    if cursor.eat("within") {
        let (from, to): (Duration, Duration) =
            cursor.take("a time such as 2s, or 19s..21s", range)?;
        marks.timing = Some(Timing::Within(from, to));
    } else if cursor.eat("at") {
        marks.timing = Some(Timing::At(cursor.take("a time such as 25s", duration)?));
    }
    if cursor.eat("|") {
        let mut bytes = Vec::new();
        while let Some(byte) = hex(cursor.peek()) {
            bytes.push(byte);
            cursor.word();
        }
        marks.wire = Some((bytes, cursor.eat("…")));
    }
    cursor.end()?;
    Ok(marks)
}

impl Shape {
    /// A frame of that kind, as it should be, of which nothing more is said.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            rsv: 0,
            fin: None,
            wrong_mask: false,
            header: None,
            len: None,
            fragments: None,
            payload: Payload::Unsaid,
        }
    }
}
