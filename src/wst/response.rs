//! The answer to a request: `101`, `400|426 version=13 "…"`, `101 bad-accept`.

use std::fmt;

use super::ask::header;
use super::cursor::{Cursor, Parsed};
use super::payload::{self, spaced};
use super::text::Value;
use super::{Kind, Payload, Text};
use crate::frame::Opcode;

/// The answer to a request.
#[derive(Clone, Debug, PartialEq)]
pub struct ResponsePattern {
    /// The status is one of these.
    pub statuses: Vec<u16>,
    /// `bad-accept`, `bad-upgrade` and so on: the parts of a 101 that are wrong, in their order.
    pub faults: Vec<ResponsePart>,
    /// Headers that must be there, with these values.
    pub headers: Vec<(String, Text)>,
    /// The body, without white space at its end.
    pub body: Payload,
}

/// The part of a 101 that a fault is about; displays as transcripts write it: `bad-accept`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ResponsePart {
    /// `Sec-WebSocket-Accept`.
    Accept,
    /// `Upgrade`.
    Upgrade,
    /// `Connection`.
    Connection,
    /// `Sec-WebSocket-Protocol`.
    Subprotocol,
    /// `Sec-WebSocket-Extensions`.
    Extensions,
    /// Any other header.
    Headers,
}

impl ResponsePart {
    /// All of them, in the order in which transcripts write them.
    pub const ALL: [Self; 6] = [
        Self::Accept,
        Self::Upgrade,
        Self::Connection,
        Self::Subprotocol,
        Self::Extensions,
        Self::Headers,
    ];
}

/// Reads an answer.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Parsed<ResponsePattern> {
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
    Ok(ResponsePattern { statuses, faults, headers, body })
}

impl fmt::Display for ResponsePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let statuses: Vec<_> = self.statuses.iter().map(ToString::to_string).collect();
        f.write_str(&statuses.join("|"))?;
        for part in &self.faults {
            write!(f, " {part}")?;
        }
        for (name, value) in &self.headers {
            write!(f, " {name}={}", Value(value))?;
        }
        let json = if matches!(self.body, Payload::Json(_)) { " json" } else { "" };
        write!(f, "{json}{}", spaced(&self.body))
    }
}

impl fmt::Display for ResponsePart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Accept => "bad-accept",
            Self::Upgrade => "bad-upgrade",
            Self::Connection => "bad-connection",
            Self::Subprotocol => "bad-subprotocol",
            Self::Extensions => "bad-extensions",
            Self::Headers => "bad-headers",
        })
    }
}
