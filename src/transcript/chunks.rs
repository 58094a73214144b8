//! Bodies that come in chunks.

use bytes::BytesMut;

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
        let line = rest.windows(2).position(|pair| pair == b"\r\n")?;
        let size = str::from_utf8(&rest[..line]).ok()?.split(';').next()?.trim();
        let size = usize::from_str_radix(size, 16).ok()?;
        let data = self.at + line + b"\r\n".len();
        let end = data.checked_add(size)?.checked_add(b"\r\n".len())?;
        (size == 0 || end <= body.len()).then_some((size, data))
    }
}
