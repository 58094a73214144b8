//! The headers in a stream of frames, without looking at what they head.

use super::Header;

/// Finds frame headers in bytes that arrive in pieces of any size; payloads are passed over.
#[derive(Debug, Default)]
pub struct Headers {
    /// The beginning of a header that is not whole yet.
    header: [u8; Header::MAX_SIZE],
    filled: usize,
    /// Payload still to come.
    skip: u64,
}

impl Headers {
    /// How many bytes of a header that is not whole yet have come; 0 outside of one.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.filled
    }

    /// Whether what came so far ends inside a frame: in its header, or before its payload is whole.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.filled > 0 || self.skip > 0
    }

    /// Takes the next piece of the stream, and tells of every header that it completes.
    pub fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Header)) {
        while !bytes.is_empty() {
            let payload = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            self.skip -= payload as u64;
            bytes = &bytes[payload..];
            if self.skip > 0 || bytes.is_empty() {
                return;
            }
            // Almost always the header is whole, and needs no copy.
            if self.filled == 0
                && let Some(header) = Header::parse(bytes)
            {
                bytes = &bytes[header.size..];
                self.skip = header.len;
                seen(header);
                continue;
            }
            let taken = (Header::MAX_SIZE - self.filled).min(bytes.len());
            self.header[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            let Some(header) = Header::parse(&self.header[..self.filled + taken]) else {
                self.filled += taken;
                return;
            };
            bytes = &bytes[header.size - self.filled..];
            self.filled = 0;
            self.skip = header.len;
            seen(header);
        }
    }
}
