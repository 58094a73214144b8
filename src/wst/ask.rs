//! The request of a client: `GET /ws subprotocol=chat no-key`.

use std::fmt;

use super::cursor::{Cursor, Parsed};
use super::payload::{self, Bare, is_bare};
use super::text::Value;
use super::{Kind, Payload, Text};
use crate::frame::Opcode;

/// The request of a client.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Ask {
    /// `GET /ws subprotocol=chat no-key`: a valid handshake, except for these headers.
    Usual {
        /// The method, `GET` in a valid handshake.
        method: String,
        /// The path, with or without a query.
        target: Text,
        /// Headers that are added or changed; `None` leaves the header out.
        headers: Vec<(String, Option<Text>)>,
    },
    /// `"GET / HTTP/1.1\r\n\r\n"`, with or without `raw` before it: exactly these bytes.
    Raw(Payload),
}

/// Reads a request.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<Ask> {
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

/// `name=value`, `name="a value"`.
pub(super) fn header(cursor: &mut Cursor<'_>) -> Parsed<(String, Text)> {
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

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Raw(bytes) => write!(f, "{}", Bare(bytes)),
            Self::Usual { method, target, headers } => {
                write!(f, "{method} {}", Value(target))?;
                for (name, value) in headers {
                    match value {
                        Some(value) => write!(f, " {name}={}", Value(value))?,
                        None => write!(f, " no-{name}")?,
                    }
                }
                Ok(())
            }
        }
    }
}
