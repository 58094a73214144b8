//! Bodies that come in chunks.

use bytes::BytesMut;
use httparse::{Status, parse_chunk_size};

use crate::wst::steps;

/// The most bytes that the line before a chunk may have.
const CHUNK_LINE_LIMIT: usize = 256;

/// A body that comes in chunks (RFC 9112 §7.1), read as far as it is there.
#[derive(Debug, Default)]
pub(crate) struct Chunks {
    /// What the chunks carried so far.
    pub(crate) whole: BytesMut,
    /// Where the next chunk begins in what came.
    at: usize,
}

impl Chunks {
    /// Reads on in `body`, all that has come so far; tells whether the last chunk is there.
    ///
    /// It goes on where it was, so that each byte is read once however many pieces come.
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

    /// The size of the next chunk and where its data begins, once all of it is there.
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
