//! Lines about a client: `bob >> text "hi"`.

use std::time::Duration;

use super::super::cursor::{Cursor, Parsed};
use super::super::print::{ARROWS, CONNECTION_ACTIONS, ENDS, FAILURES, is_lane};
use super::super::time::{duration, range};
use super::super::{
    Action, Ask, ConnectionAction, End, Expectation, FramePattern, Item, Kind, Modifiers,
    Observation, PartialFrame, Payload, ResponsePart, ResponsePattern, Text, Timing,
};
use super::payload::{self, hex};
use crate::frame::Opcode;

const ARROW: &str = "one of -> <- >> << --";
const KINDS: &str = "a frame: text, json, binary, cont, ping, pong, close or opcode=3";
const AFTER_DASHES: &str = "one of cut, reset, half-close, mute, stop reading, resume, dribble 1, \
    eof, reset by peer, end, connection refused";

pub(super) fn event(cursor: &mut Cursor<'_>) -> Parsed<Item> {
    let lane = lane(cursor)?;
    let arrow = cursor.take(ARROW, |word| ARROWS.into_iter().find(|arrow| *arrow == word))?;
    match arrow {
        "->" => Ok(Item::Action(lane, Action::Ask(ask(cursor)?))),
        ">>" if cursor.eat("raw") => {
            let bytes = payload::to_send(cursor, Kind::Frame(Opcode::Binary))?;
            cursor.end()?;
            Ok(Item::Action(lane, Action::SendRaw(bytes)))
        }
        ">>" if cursor.eat("torn") => {
            let part = part(cursor)?;
            Ok(Item::Action(lane, Action::SendPart(part, modifiers(cursor)?)))
        }
        ">>" => {
            let mut frame = frame(cursor)?;
            let start = cursor.clone();
            frame.payload = payload::to_send(cursor, frame.kind)?;
            if frame.fragments.is_some() && !payload::is_message(&frame) {
                return Err(start.expected("text, json or binary where there are fragments"));
            }
            Ok(Item::Action(lane, Action::Send(frame, modifiers(cursor)?)))
        }
        "<-" => expect(cursor, lane, answer),
        "<<" => expect(cursor, lane, received),
        _ => connection(cursor, lane),
    }
}

/// A client's name: everything before the first arrow, or a text in quotes.
fn lane(cursor: &mut Cursor<'_>) -> Parsed<String> {
    const NAME: &str = "a client's name, ==, @, # or -- wait";
    if cursor.rest().starts_with('"') {
        let name = cursor.plain()?;
        cursor.skip();
        return Ok(name);
    }
    let rest = cursor.rest();
    let mut at = 0;
    let mut name = cursor.peek();
    for word in rest.split(' ') {
        if at > 0 && ARROWS.contains(&word) {
            let before = rest[..at].trim_end_matches(' ');
            // Otherwise the first word is the name, and the mistake stands behind it.
            if is_lane(before) {
                name = before;
            }
            break;
        }
        at += word.len() + 1;
    }
    if !is_lane(name) {
        return Err(cursor.expected(NAME));
    }
    cursor.eat_front(name);
    cursor.skip();
    Ok(name.to_owned())
}

fn expect(
    cursor: &mut Cursor<'_>,
    lane: String,
    what: impl FnOnce(&mut Cursor<'_>) -> Parsed<Observation>,
) -> Parsed<Item> {
    let any_order = cursor.eat("~");
    let optional = cursor.eat("?");
    let what = what(cursor)?;
    let modifiers = modifiers(cursor)?;
    Ok(Item::Expectation(lane, Expectation { any_order, optional, what, modifiers }))
}

/// The words behind `--`: an action on the connection, or its end.
fn connection(cursor: &mut Cursor<'_>, lane: String) -> Parsed<Item> {
    let start = cursor.clone();
    let any_order = cursor.eat("~");
    let optional = cursor.eat("?");
    if let Some(what) = ending(cursor)? {
        let modifiers = modifiers(cursor)?;
        return Ok(Item::Expectation(lane, Expectation { any_order, optional, what, modifiers }));
    }
    *cursor = start;
    let start = cursor.clone();
    let known = CONNECTION_ACTIONS.into_iter().find(|(words, _)| cursor.eat_words(words));
    let action = match known {
        Some((_, action)) => action,
        None if cursor.eat("dribble") => {
            ConnectionAction::Dribble(cursor.take("a number of bytes, or off", |word| {
                word.parse().ok().filter(|&bytes| bytes > 0)
            })?)
        }
        None => return Err(start.expected(AFTER_DASHES)),
    };
    cursor.end()?;
    Ok(Item::Action(lane, Action::Connection(action)))
}

/// The end of a connection, `not connected` or `missed 3 events`, if one of them is next.
fn ending(cursor: &mut Cursor<'_>) -> Parsed<Option<Observation>> {
    if let Some((_, end)) = ENDS.into_iter().find(|(words, _)| cursor.eat_words(words)) {
        return Ok(Some(Observation::End(end)));
    }
    if let Some((_, kind)) = FAILURES.into_iter().find(|(words, _)| cursor.eat_words(words)) {
        return Ok(Some(Observation::End(End::Failed(kind))));
    }
    if cursor.eat_words("not connected") {
        return Ok(Some(Observation::NotConnected));
    }
    if cursor.eat("missed") {
        let count = cursor.take("a number of events", |word| word.parse().ok())?;
        if !cursor.eat("events") {
            return Err(cursor.expected("events"));
        }
        return Ok(Some(Observation::Missed(count)));
    }
    Ok(None)
}

fn ask(cursor: &mut Cursor<'_>) -> Parsed<Ask> {
    if is_bare(cursor) {
        cursor.eat("raw");
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

/// Whether bytes are next instead of HTTP.
fn is_bare(cursor: &Cursor<'_>) -> bool {
    cursor.peek() == "raw"
        || cursor.rest().starts_with('"')
        || hex(cursor.peek()).is_some()
        || payload::digest_length(cursor).is_some()
}

/// `name=value`, `name="a value"`.
fn header(cursor: &mut Cursor<'_>) -> Parsed<(String, Text)> {
    let is_name = |name: &&str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        !name.is_empty() && name.bytes().all(fits)
    };
    let Some((name, _)) = cursor.peek().split_once('=').filter(|(name, _)| is_name(name)) else {
        return Err(cursor.expected("a header such as version=13, or no-key for none"));
    };
    cursor.eat_front(name);
    cursor.eat_front("=");
    Ok((name.to_owned(), cursor.value()?))
}

fn answer(cursor: &mut Cursor<'_>) -> Parsed<Observation> {
    if is_bare(cursor) {
        cursor.eat("raw");
        return Ok(Observation::Stray(payload::expected(cursor, Kind::Frame(Opcode::Binary))?));
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
    Ok(Observation::Answer(ResponsePattern { statuses, faults, headers, body }))
}

fn received(cursor: &mut Cursor<'_>) -> Parsed<Observation> {
    if cursor.eat("nothing") {
        if !cursor.eat("for") {
            return Err(cursor.expected("for, and a time"));
        }
        return Ok(Observation::Nothing(cursor.take("a time such as 200ms", duration)?));
    }
    if cursor.eat("torn") {
        return Ok(Observation::Torn(part(cursor)?));
    }
    let start = cursor.clone();
    let mut frame = frame(cursor)?;
    if frame.fragments.is_some() {
        return Err(start.expected("no fragments: a server may cut a message as it likes"));
    }
    frame.payload = payload::expected(cursor, frame.kind)?;
    Ok(Observation::Frame(frame))
}

/// `header`, `text 2 of 5 bytes`, `...`.
fn part(cursor: &mut Cursor<'_>) -> Parsed<PartialFrame> {
    const PART: &str = "how much of a frame came: ..., header, or text 2 of 5 bytes";
    if cursor.eat("...") {
        return Ok(PartialFrame::Any);
    }
    if cursor.eat("header") {
        return Ok(PartialFrame::Header);
    }
    let start = cursor.clone();
    let opcode = cursor.take(PART, |word| match kind(word)? {
        (Kind::Frame(opcode), None) => Some(opcode),
        _ => None,
    })?;
    let received = cursor.take(PART, |word| word.parse().ok())?;
    let of = cursor.eat("of");
    let len = cursor.take(PART, |word| word.parse().ok())?;
    if of && cursor.eat("bytes") {
        Ok(PartialFrame::Payload { opcode, received, len })
    } else {
        Err(start.expected(PART))
    }
}

/// A frame up to its payload.
fn frame(cursor: &mut Cursor<'_>) -> Parsed<FramePattern> {
    let mut frame = FramePattern::new(Kind::Json);
    let mut is_known = false;
    loop {
        let word = cursor.peek();
        let number = |name: &str| word.strip_prefix(name)?.parse::<usize>().ok();
        if let Some(bits) =
            word.strip_prefix("rsv=").and_then(|bits| bits.parse().ok()).filter(|&bits| bits < 8)
        {
            frame.rsv = bits;
        } else if let Some(fin) = number("fin=").filter(|&fin| fin < 2) {
            frame.fin = Some(fin == 1);
        } else if word == "unmasked" || word == "masked" {
            frame.wrong_mask = true;
        } else if let Some(size) = number("header=").filter(|size| (2..=14).contains(size)) {
            frame.header = Some(size);
        } else if let Some(len) = word.strip_prefix("len=").and_then(length) {
            frame.len = Some(len);
        } else if is_known {
            return Ok(frame);
        } else if let Some((kind, fragments)) = kind(word) {
            (frame.kind, frame.fragments, is_known) = (kind, fragments, true);
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
fn modifiers(cursor: &mut Cursor<'_>) -> Parsed<Modifiers> {
    let mut modifiers = Modifiers::default();
    if cursor.eat("within") {
        let (from, to): (Duration, Duration) =
            cursor.take("a time such as 2s, or 19s..21s", range)?;
        modifiers.timing = Some(Timing::Within(from, to));
    } else if cursor.eat("at") {
        modifiers.timing = Some(Timing::At(cursor.take("a time such as 25s", duration)?));
    }
    if cursor.eat("|") {
        let mut bytes = Vec::new();
        while let Some(byte) = hex(cursor.peek()) {
            bytes.push(byte);
            cursor.word();
        }
        modifiers.wire = Some((bytes, cursor.eat("…")));
    }
    cursor.end()?;
    Ok(modifiers)
}

impl FramePattern {
    /// A valid frame of this kind, with no payload given.
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
