//! The kind of a frame: `json`, `text`, `ping`.

use crate::frame::Opcode;

/// The kind of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// A text frame that holds JSON.
    Json,
    /// Any other.
    Frame(Opcode),
}

/// The kind that a word names, and the number of fragments behind it: `text/3`.
pub(super) fn kind(word: &str) -> Option<(Kind, Option<usize>)> {
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
