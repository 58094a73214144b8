//! Bodies in chunks (RFC 9112 §7.1).

use bytes::BytesMut;
use httparse::{Status, parse_chunk_size};

use crate::wst::steps;

/// The most bytes that the line before a chunk may have.
const CHUNK_LINE_LIMIT: usize = 256;

/// Decodes a body in chunks (RFC 9112 §7.1) while it arrives.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// The data of the chunks that were read.
    pub(crate) whole: BytesMut,
    /// The offset of the next chunk in the body.
    at: usize,
}

impl Chunks {
    /// Decodes the chunks of `body`, which holds all bytes so far; returns whether the last chunk is complete.
    ///
    /// Each call goes on where the one before stopped, so each byte is decoded once.
    pub(crate) fn read(&mut self, body: &[u8]) -> bool {
        while let Some((size, data)) = self.next(body) {
            if size == 0 {
                return true;
            }
            steps::count(size);
            self.whole.extend_from_slice(&body[data..data + size]);
            self.at = data + size + b"\r\n".len();
        }
        false
    }

    /// The size of the next chunk and the offset of its data, if the chunk is complete.
    fn next(&self, body: &[u8]) -> Option<(usize, usize)> {
        let rest = body.get(self.at..)?;
        let rest = &rest[..rest.len().min(CHUNK_LINE_LIMIT)];
        let Ok(Status::Complete((line, size))) = parse_chunk_size(rest) else { return None };
        let size = usize::try_from(size).ok()?;
        let data = self.at + line;
        let end = data.checked_add(size)?.checked_add(b"\r\n".len())?;
        (size == 0 || end <= body.len()).then_some((size, data))
    }
}
