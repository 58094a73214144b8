//! Finds the headers in a stream of frames and skips the payloads.

use super::Header;

/// Finds frame headers in bytes that arrive in pieces of any size. It keeps no payload.
#[derive(Debug, Default)]
pub struct Headers {
    /// The first bytes of an incomplete header.
    header: [u8; Header::MAX_SIZE],
    filled: usize,
    /// The bytes of the payload that are still to come.
    skip: u64,
}

impl Headers {
    /// The bytes of an incomplete header that have come; 0 outside a header.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        self.filled
    }

    /// Whether the bytes so far end inside a frame: in its header or its payload.
    #[must_use]
    pub fn is_inside(&self) -> bool {
        self.filled > 0 || self.skip > 0
    }

    /// The offset in `bytes`, the next piece of the stream, at which the frame that is open now has ended
    /// and the next one begins; `None` if it does not end in there.
    #[must_use]
    pub fn next_start(&self, bytes: &[u8]) -> Option<usize> {
        let left = if self.filled == 0 {
            self.skip
        } else {
            let mut header = self.header;
            let taken = (Header::MAX_SIZE - self.filled).min(bytes.len());
            header[self.filled..self.filled + taken].copy_from_slice(&bytes[..taken]);
            let header = Header::parse(&header[..self.filled + taken])?;
            header.len.checked_add((header.size - self.filled) as u64)?
        };
        usize::try_from(left).ok().filter(|&left| left <= bytes.len())
    }

    /// Takes the next piece of the stream and calls `seen` with each header that it completes.
    pub fn feed(&mut self, mut bytes: &[u8], mut seen: impl FnMut(Header)) {
        while !bytes.is_empty() {
            let payload = usize::try_from(self.skip).unwrap_or(usize::MAX).min(bytes.len());
            self.skip -= payload as u64;
            bytes = &bytes[payload..];
            if self.skip > 0 || bytes.is_empty() {
                return;
            }
            // A header is almost always complete, and then it needs no copy.
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
