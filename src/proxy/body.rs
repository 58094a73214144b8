//! Where the body of an HTTP message ends (RFC 9112 §6.3).

use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};
use httparse::{Status, parse_chunk_size};

/// The longest line before a chunk that is read.
const CHUNK_LINE: usize = 256;

/// The part of a body that is still to come.
#[derive(Debug)]
pub(super) enum Body {
    /// This many bytes.
    Length(u64),
    /// Chunks (RFC 9112 §7.1): the front of a line between them.
    Line(Vec<u8>),
    /// This many bytes of a chunk and its line end, and then the next line.
    Chunk(u64),
    /// Lines behind the last chunk, up to an empty one: whether the present line is empty so far.
    Trailer(bool),
    /// All bytes up to the end of the connection.
    UntilEnd,
}

impl Body {
    pub(super) fn of_request(headers: &HeaderMap) -> Self {
        Self::told(headers).unwrap_or(Self::Length(0))
    }

    pub(super) fn of_response(status: StatusCode, to_head: bool, headers: &HeaderMap) -> Self {
        let is_bare = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
        if to_head || is_bare || status.is_informational() {
            return Self::Length(0);
        }
        Self::told(headers).unwrap_or(Self::UntilEnd)
    }

    fn told(headers: &HeaderMap) -> Option<Self> {
        if headers.contains_key(TRANSFER_ENCODING) {
            return Some(Self::Line(Vec::new()));
        }
        let length = headers.get(CONTENT_LENGTH)?.to_str().ok()?;
        Some(length.trim().parse().map_or(Self::UntilEnd, Self::Length))
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Length(0))
    }

    /// Takes the bytes of the body from the front of `bytes`; gives how many there are.
    pub(super) fn take(&mut self, bytes: &[u8]) -> usize {
        let mut taken = 0;
        while taken < bytes.len() && !self.is_over() {
            let rest = &bytes[taken..];
            let fit = |left: u64| usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
            match self {
                Self::UntilEnd => return bytes.len(),
                Self::Length(left) => {
                    let size = fit(*left);
                    *left -= size as u64;
                    taken += size;
                }
                Self::Chunk(left) => {
                    let size = fit(*left);
                    *left -= size as u64;
                    taken += size;
                    if *left == 0 {
                        *self = Self::Line(Vec::new());
                    }
                }
                Self::Line(line) => {
                    line.push(rest[0]);
                    taken += 1;
                    match parse_chunk_size(line) {
                        Ok(Status::Complete((_, 0))) => *self = Self::Trailer(true),
                        Ok(Status::Complete((_, size))) => {
                            *self = Self::Chunk(size.saturating_add(2));
                        }
                        Ok(Status::Partial) if line.len() < CHUNK_LINE => {}
                        _ => *self = Self::UntilEnd,
                    }
                }
                Self::Trailer(is_empty) => {
                    taken += 1;
                    match rest[0] {
                        b'\n' if *is_empty => *self = Self::Length(0),
                        b'\n' => *is_empty = true,
                        b'\r' => {}
                        _ => *is_empty = false,
                    }
                }
            }
        }
        taken
    }
}

#[cfg(test)]
mod tests {
    use super::Body;

    /// The bytes that are taken of `bytes`, given in pieces of `size`.
    fn taken(mut body: Body, bytes: &[u8], size: usize) -> usize {
        let mut taken = 0;
        for piece in bytes.chunks(size) {
            let size = body.take(piece);
            taken += size;
            if size < piece.len() {
                assert!(body.is_over());
                return taken;
            }
        }
        taken
    }

    #[test]
    fn a_body_ends_where_it_says_however_it_is_cut() {
        let chunks = b"5;a=b\r\nhello\r\n4\r\n\r\n\r\n\r\n0\r\nX: y\r\n\r\nHTTP/1.1";
        for size in 1..=chunks.len() {
            let whole = chunks.len() - "HTTP/1.1".len();
            assert_eq!(taken(Body::Line(Vec::new()), chunks, size), whole, "{size}");
            assert_eq!(taken(Body::Length(7), chunks, size), 7, "{size}");
            assert_eq!(taken(Body::UntilEnd, chunks, size), chunks.len(), "{size}");
        }
        // A malformed chunk: nobody knows where such a body ends.
        assert_eq!(taken(Body::Line(Vec::new()), b"zz\r\nmore", 3), 8);
    }
}
