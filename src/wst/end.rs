//! The end of a connection: `eof`, `reset by peer`.

use std::fmt;
use std::io::ErrorKind;

use super::cursor::Cursor;

/// The end of a connection, as the client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum End {
    /// `eof`: in order.
    Eof,
    /// `reset by peer`.
    Reset,
    /// `end`: either.
    Any,
    /// `connection refused`: there was no connection.
    Refused,
    /// `timed out`, or another of the failures in [`FAILURES`](super::FAILURES).
    Failed(ErrorKind),
}

/// The words for the ends of a connection.
pub(super) const ENDS: [(&str, End); 4] = [
    ("eof", End::Eof),
    ("reset by peer", End::Reset),
    ("end", End::Any),
    ("connection refused", End::Refused),
];

/// The rarer failures of a connection, as they are written behind `--`.
///
/// A failure that is not in this list is written as `connection failed`.
pub const FAILURES: [(&str, ErrorKind); 7] = [
    ("connection failed", ErrorKind::Other),
    ("connection aborted", ErrorKind::ConnectionAborted),
    ("host unreachable", ErrorKind::HostUnreachable),
    ("network unreachable", ErrorKind::NetworkUnreachable),
    ("permission denied", ErrorKind::PermissionDenied),
    ("timed out", ErrorKind::TimedOut),
    ("unexpected end of file", ErrorKind::UnexpectedEof),
];

/// The ends as an error lists them, without the rarer failures.
pub(super) fn listed() -> String {
    ENDS.map(|(words, _)| words).join(", ")
}

/// Reads an end, if one is next.
pub(super) fn read(cursor: &mut Cursor<'_>) -> Option<End> {
    let known = ENDS.into_iter().find(|(words, _)| cursor.eat_words(words)).map(|(_, end)| end);
    known.or_else(|| {
        let failure = FAILURES.into_iter().find(|(words, _)| cursor.eat_words(words));
        failure.map(|(_, kind)| End::Failed(kind))
    })
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Failed(kind) = self {
            let known = FAILURES.iter().find(|(_, other)| other == kind);
            return f.write_str(known.map_or(FAILURES[0].0, |(words, _)| words));
        }
        let known = ENDS.iter().find(|(_, end)| end == self);
        f.write_str(known.map_or("end", |(words, _)| words))
    }
}
