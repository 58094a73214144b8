//! Follows the bytes of one direction while no fault acts on them, to know where a frame ends.

use bytes::BytesMut;
use http::StatusCode;

use crate::frame::{Header, Role};
use crate::handshake::{parse_request, parse_response};

/// The way the bytes of one direction go.
#[derive(Clone, Debug)]
pub(super) enum Passing {
    /// The head has begun. No fault acts on it.
    Head(BytesMut),
    /// Frames pass as they come: the front of a header, and what is to come of the payload.
    Frames(Vec<u8>, u64),
    /// They are no frames.
    Raw,
    /// The line under the rules has them.
    Line,
}

/// A finding in bytes that passed.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Passed {
    /// How many of them pass; the rest is the line's.
    pub(super) size: usize,
    /// Whether the 101 ended among them.
    pub(super) is_open: bool,
}

impl Passing {
    /// Lets the line have what follows, if no frame has begun. A head comes first.
    pub(super) fn hand_over(&mut self) {
        if matches!(self, Self::Frames(header, 0) if header.is_empty()) {
            *self = Self::Line;
        }
    }

    /// Takes note of bytes of `sender`. If the line `is_wanted`, no more pass than up to the end of a frame.
    pub(super) fn follow(&mut self, sender: Role, bytes: &[u8], is_wanted: bool) -> Passed {
        let mut passed = Passed::default();
        while passed.size < bytes.len() {
            if is_wanted {
                self.hand_over();
            }
            let rest = &bytes[passed.size..];
            passed.size += match self {
                Self::Line => break,
                Self::Raw => rest.len(),
                Self::Head(_) => {
                    let size = self.head(sender, rest);
                    passed.is_open |= sender == Role::Server && matches!(self, Self::Frames(..));
                    size
                }
                Self::Frames(header, 0) => {
                    header.push(rest[0]);
                    if let Some(whole) = Header::parse(header) {
                        *self = Self::Frames(Vec::new(), whole.len);
                    }
                    1
                }
                Self::Frames(_, left) => {
                    let size = usize::try_from(*left).unwrap_or(usize::MAX).min(rest.len());
                    *left -= size as u64;
                    size
                }
            };
        }
        if is_wanted {
            self.hand_over();
        }
        passed
    }

    /// How many of these bytes belong to the head.
    fn head(&mut self, sender: Role, bytes: &[u8]) -> usize {
        let Self::Head(head) = self else { return 0 };
        let before = head.len();
        head.extend_from_slice(bytes);
        let end = match sender {
            Role::Client => parse_request(head).map(|read| read.map(|(_, end)| end)).ok(),
            Role::Server => match parse_response(head) {
                Ok(Some((response, _))) if response.status() != StatusCode::SWITCHING_PROTOCOLS => {
                    *self = Self::Raw;
                    return bytes.len();
                }
                read => read.map(|read| read.map(|(_, end)| end)).ok(),
            },
        };
        match end {
            Some(None) => bytes.len(),
            Some(Some(end)) => {
                *self = Self::Frames(Vec::new(), 0);
                end - before
            }
            None => {
                *self = Self::Raw;
                bytes.len()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::BytesMut;

    use super::{Passed, Passing};
    use crate::frame::{Frame, Role};

    #[test]
    fn the_line_takes_over_where_a_frame_ends() {
        let head = b"HTTP/1.1 101 Switching Protocols\r\n\r\n";
        let frame = Frame::text("hello").to_bytes();
        let bytes = [head, &frame[..], &frame[..]].concat();
        for pieces in [1, 3, bytes.len()] {
            let mut passing = Passing::Head(BytesMut::new());
            // The rule comes inside the first frame.
            let begun = head.len() + 4;
            let mut was_open = false;
            for piece in bytes[..begun].chunks(pieces) {
                let passed = passing.follow(Role::Server, piece, false);
                assert_eq!(passed.size, piece.len());
                was_open |= passed.is_open;
            }
            assert!(was_open);
            passing.hand_over();
            assert!(!matches!(passing, Passing::Line));
            let passed = passing.follow(Role::Server, &bytes[begun..], true);
            assert_eq!(passed, Passed { size: frame.len() - 4, is_open: false });
            assert!(matches!(passing, Passing::Line));
        }
    }

    #[test]
    fn what_is_no_websocket_passes() {
        let mut passing = Passing::Head(BytesMut::new());
        let answer = b"HTTP/1.1 404 Not Found\r\n\r\nNobody";
        assert_eq!(passing.follow(Role::Server, answer, true).size, answer.len());
        assert!(matches!(passing, Passing::Raw));
    }
}
