//! Where the body of an answer ends on a connection that the server keeps (RFC 9112 §6.3).

use bytes::BytesMut;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};

use super::super::chunks::Chunks;
use crate::handshake::parse_response;

/// The most bytes of a body in chunks that are looked at.
const CHUNKED_LIMIT: usize = 64 * 1024;

/// Where a body ends.
#[derive(Debug)]
pub(super) enum BodyEnd {
    /// After so many more bytes.
    Length(usize),
    /// After the last chunk.
    Chunked(Box<(BytesMut, Chunks)>),
}

impl BodyEnd {
    /// The end of the body behind `head`; `None` if only the end of the connection tells, or will come.
    pub(super) fn of(head: &[u8]) -> Option<Self> {
        let (response, _) = parse_response(head).ok().flatten()?;
        let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
        if header(CONNECTION).is_some_and(|value| value.eq_ignore_ascii_case("close")) {
            return None;
        }
        if let 204 | 304 = response.status().as_u16() {
            return Some(Self::Length(0));
        }
        if header(TRANSFER_ENCODING).is_some_and(|value| value.eq_ignore_ascii_case("chunked")) {
            return Some(Self::Chunked(Box::default()));
        }
        Some(Self::Length(header(CONTENT_LENGTH)?.trim().parse().ok()?))
    }

    /// Whether the body ends with this piece of it.
    pub(super) fn is_over_with(&mut self, piece: &[u8]) -> bool {
        match self {
            Self::Length(left) => {
                *left = left.saturating_sub(piece.len());
                *left == 0
            }
            Self::Chunked(body) => {
                let (bytes, chunks) = &mut **body;
                bytes.extend_from_slice(&piece[..piece.len().min(CHUNKED_LIMIT - bytes.len())]);
                chunks.read(bytes)
            }
        }
    }
}
