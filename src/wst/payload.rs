//! The payload of a frame: `"hi"`, `00 ff`, `{"a":1}`, `1000 "bye"`.

use std::fmt::{self, Display, Write};

use super::cursor::{Cursor, Parsed};
use super::json;
use super::text::{byte_string, placeholder};
use super::{Json, Kind, PAYLOAD_LIMIT, Part, Text};
use crate::escape::Hex;
use crate::frame::Opcode;

/// The payload of a frame, or a body.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Payload {
    /// Not written: a client sends no payload; a received ping or pong may have any.
    Unsaid,
    /// `...`: anything.
    Any,
    /// `"hi"`, or `"hi"*1000`.
    Text(Text, usize),
    /// `00 ff`, or `2a*126`: the bytes, and how often they are repeated.
    Bytes(Vec<u8>, usize),
    /// `00 <*> ff`: bytes with placeholders. Each character of the text is the byte of its number.
    OpenBytes(Text),
    /// `{"type":"pong"}`.
    Json(Json),
    /// `1000 "bye"`: one of these codes; the reason, `None` for any.
    Close(Vec<u16>, Option<Text>),
    /// `70000 bytes sha256:…`.
    Digest(u64, String),
}

impl Payload {
    /// Whether it has a placeholder: a name, `<*>` or `...`.
    pub(crate) fn has_placeholders(&self) -> bool {
        match self {
            Self::Any | Self::Close(_, None) => true,
            Self::Text(text, _) | Self::Close(_, Some(text)) | Self::OpenBytes(text) => {
                text.has_placeholders()
            }
            Self::Json(json) => json.has_placeholders(),
            Self::Unsaid | Self::Bytes(..) | Self::Digest(..) => false,
        }
    }
}

/// Two hexadecimal digits.
pub(super) fn hex(word: &str) -> Option<u8> {
    let fits = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| u8::from_str_radix(word, 16).ok())?
}

/// A payload that a client sends.
///
/// A digest, as transcripts show it, is accepted here; the player cannot send it.
pub(super) fn to_send(cursor: &mut Cursor<'_>, kind: Kind) -> Parsed<Payload> {
    let start = cursor.clone();
    let payload = expected(cursor, kind)?;
    let is_open = match &payload {
        Payload::Any | Payload::Close(_, None) => true,
        Payload::Close(codes, _) => codes.len() != 1,
        // A name may have a value when it is played; `<*>` never has one.
        Payload::Text(text, _) | Payload::OpenBytes(text) => text.0.contains(&Part::Any),
        Payload::Json(json) => json.is_open(),
        Payload::Digest(..) | Payload::Unsaid | Payload::Bytes(..) => false,
    };
    if is_open {
        Err(start.expected("a payload that can be sent: without <*>, ... or a choice of codes"))
    } else {
        Ok(payload)
    }
}

/// A payload that a client is expected to receive.
pub(super) fn expected(cursor: &mut Cursor<'_>, kind: Kind) -> Parsed<Payload> {
    if cursor.eat("...") {
        return Ok(Payload::Any);
    }
    if kind == Kind::Json {
        let json = json::read(cursor)?;
        cursor.skip();
        return Ok(Payload::Json(json));
    }
    if cursor.rest().starts_with('"') {
        let text = cursor.quoted()?;
        let times = times(cursor, text.to_string().len())?;
        return Ok(Payload::Text(text, times));
    }
    if let Some(len) = digest_length(cursor) {
        cursor.word();
        cursor.word();
        let digest = cursor.take("sha256: and the front of the digest", |word| {
            word.strip_prefix("sha256:").map(str::to_owned)
        })?;
        return Ok(Payload::Digest(len, digest));
    }
    if kind == Kind::Frame(Opcode::Close)
        && cursor.peek().len() > 2
        && let Some(codes) = codes(cursor.peek())
    {
        cursor.word();
        return close(cursor, codes);
    }
    bytes(cursor)
}

/// The length in `70000 bytes sha256:…`, if that is next.
pub(super) fn digest_length(cursor: &Cursor<'_>) -> Option<u64> {
    let mut words = cursor.rest().split(' ');
    let len = words.next()?.parse().ok()?;
    (words.next() == Some("bytes")).then_some(len)
}

fn codes(word: &str) -> Option<Vec<u16>> {
    word.split('|').map(|code| code.parse().ok()).collect()
}

fn close(cursor: &mut Cursor<'_>, codes: Vec<u16>) -> Parsed<Payload> {
    if cursor.eat("...") {
        return Ok(Payload::Close(codes, None));
    }
    if cursor.rest().starts_with('"') {
        let reason = cursor.quoted()?;
        cursor.skip();
        return Ok(Payload::Close(codes, Some(reason)));
    }
    // A reason that is not UTF-8 is written in bytes.
    Ok(match (bytes(cursor)?, &codes[..]) {
        (Payload::Bytes(reason, 1), &[code]) => {
            Payload::Bytes([&code.to_be_bytes()[..], &reason].concat(), 1)
        }
        _ => Payload::Close(codes, Some(Text::default())),
    })
}

/// `00 ff`, `2a*126`, `00 <*> ff`, or nothing.
fn bytes(cursor: &mut Cursor<'_>) -> Parsed<Payload> {
    let mut bytes = Vec::new();
    let mut open = Text::default();
    loop {
        if let Some((size, part)) = placeholder(cursor.peek()) {
            let (front, rest) = cursor.peek().split_at(size);
            if !rest.is_empty() {
                return Err(cursor.expected("a blank between a placeholder and the next byte"));
            }
            open.extend_bytes(&std::mem::take(&mut bytes));
            open.0.push(part);
            cursor.eat_front(front);
            cursor.skip();
            continue;
        }
        let Some(byte) = cursor.peek().get(..2).and_then(hex) else { break };
        if cursor.peek().len() > 2 && cursor.peek().as_bytes()[2] != b'*' {
            break;
        }
        bytes.push(byte);
        let front = &cursor.peek()[..2];
        cursor.eat_front(front);
        if cursor.rest().starts_with('*') && open.0.is_empty() {
            let times = times(cursor, bytes.len())?;
            return Ok(Payload::Bytes(bytes, times));
        }
        cursor.skip();
    }
    if !open.0.is_empty() {
        open.extend_bytes(&bytes);
        return Ok(Payload::OpenBytes(open));
    }
    Ok(if bytes.is_empty() { Payload::Unsaid } else { Payload::Bytes(bytes, 1) })
}

/// `*1000`, or once.
fn times(cursor: &mut Cursor<'_>, size: usize) -> Parsed<usize> {
    let mut times = 1;
    if cursor.eat_front("*") {
        times = cursor.take("how often, up to 64 MiB in all", |word| {
            let times: usize = word.parse().ok()?;
            (times.checked_mul(size)? <= PAYLOAD_LIMIT).then_some(times)
        })?;
    }
    cursor.skip();
    Ok(times)
}

impl Display for Payload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsaid => Ok(()),
            Self::Any => f.write_str("..."),
            Self::Text(text, 1) => write!(f, "{text}"),
            Self::Text(text, times) => write!(f, "{text}*{times}"),
            Self::Bytes(bytes, 1) => write!(f, "{}", Hex::new(bytes, usize::MAX)),
            Self::Bytes(bytes, times) => write!(f, "{}*{times}", Hex::new(bytes, usize::MAX)),
            Self::OpenBytes(text) => open_bytes(f, text),
            Self::Json(json) => write!(f, "{json}"),
            Self::Close(codes, reason) => {
                let codes: Vec<_> = codes.iter().map(ToString::to_string).collect();
                f.write_str(&codes.join("|"))?;
                match reason {
                    None => f.write_str(" ..."),
                    Some(reason) if reason.0.is_empty() => Ok(()),
                    Some(reason) => write!(f, " {reason}"),
                }
            }
            Self::Digest(len, digest) => write!(f, "{len} bytes sha256:{digest}"),
        }
    }
}

/// `00 <*> ff`.
fn open_bytes(f: &mut fmt::Formatter<'_>, text: &Text) -> fmt::Result {
    for (at, part) in text.0.iter().enumerate() {
        if at > 0 {
            f.write_char(' ')?;
        }
        match part {
            Part::Any => f.write_str("<*>")?,
            Part::Name(name) => write!(f, "<{name}>")?,
            Part::Plain(text) => write!(f, "{}", Hex::new(&byte_string(text), usize::MAX))?,
        }
    }
    Ok(())
}

/// A payload with a blank before it, where there is one.
pub(super) fn spaced(payload: &Payload) -> String {
    match payload {
        Payload::Unsaid => String::new(),
        payload => format!(" {payload}"),
    }
}

/// Bytes outside a frame: in quotes or in hexadecimal; `raw` alone if there are none.
pub(super) struct Bare<'p>(pub(super) &'p Payload);

impl Display for Bare<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Payload::Unsaid => f.write_str("raw"),
            Payload::Any => f.write_str("raw ..."),
            // The parser takes `2a*126` for bytes only behind `raw`.
            Payload::Bytes(bytes, 2..) if bytes.len() == 1 => write!(f, "raw {}", self.0),
            payload => write!(f, "{payload}"),
        }
    }
}

/// Whether bytes are next instead of HTTP.
pub(super) fn is_bare(cursor: &Cursor<'_>) -> bool {
    cursor.peek() == "raw"
        || cursor.rest().starts_with('"')
        || hex(cursor.peek()).is_some()
        || digest_length(cursor).is_some()
}
