//! The payload of a frame: `"hi"`, `00 ff`, `{"a":1}`, `1000 "bye"`.

use super::super::cursor::{Cursor, Parsed};
use super::super::{FramePattern, Kind, PAYLOAD_LIMIT, Part, Payload, Text};
use super::json::json;
use crate::frame::Opcode;

/// Two hexadecimal digits.
pub(super) fn hex(word: &str) -> Option<u8> {
    let fits = word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| u8::from_str_radix(word, 16).ok())?
}

/// Whether a frame begins a message.
pub(super) fn is_message(frame: &FramePattern) -> bool {
    matches!(frame.kind, Kind::Json | Kind::Frame(Opcode::Text | Opcode::Binary))
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
        Payload::Text(text, _) => text.0.contains(&Part::Any),
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
        let json = json(cursor, 0)?;
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

/// `00 ff`, `2a*126`, or nothing.
fn bytes(cursor: &mut Cursor<'_>) -> Parsed<Payload> {
    let mut bytes = Vec::new();
    while let Some(byte) = cursor.peek().get(..2).and_then(hex) {
        if cursor.peek().len() > 2 && cursor.peek().as_bytes()[2] != b'*' {
            break;
        }
        bytes.push(byte);
        let front = &cursor.peek()[..2];
        cursor.eat_front(front);
        if cursor.rest().starts_with('*') {
            let times = times(cursor, bytes.len())?;
            return Ok(Payload::Bytes(bytes, times));
        }
        cursor.skip();
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
