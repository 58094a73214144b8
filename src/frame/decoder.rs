//! Turns pieces of a byte stream into frames.

use bytes::{Buf, BytesMut};
use sha2::{Digest, Sha256};

use super::{Frame, Header, apply_mask};

/// Turns the bytes of one direction into frames. The bytes may arrive in pieces of any size.
///
/// It holds at most a header (14 bytes), `keep` bytes of one payload, and the bytes that were
/// pushed and not read yet; its buffers grow by doubling, so they may take twice that. The length
/// that a header declares allocates nothing. Call [`next_frame`](Self::next_frame) until it gives
/// `None` after each push: then no more unread bytes are held than one push adds.
#[derive(Clone, Debug)]
pub struct Decoder {
    keep: usize,
    unread: BytesMut,
    current: Option<Partial>,
}

/// The part of an incomplete frame that has arrived. If the stream ends here, the frame is torn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Torn {
    /// The header, if all of it has arrived.
    pub header: Option<Header>,
    /// The bytes of the payload that have arrived.
    pub received: u64,
}

#[derive(Clone, Debug)]
struct Partial {
    header: Header,
    received: u64,
    kept: BytesMut,
    /// Present if the payload is longer than the part that is kept.
    hash: Option<Sha256>,
}

impl Decoder {
    /// A decoder that keeps the first `keep` bytes of each payload.
    ///
    /// A frame with a longer payload has its first `keep` bytes and the SHA-256 of all of it.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self { keep, unread: BytesMut::new(), current: None }
    }

    /// The frame that `bytes` are, if they are a whole one.
    #[must_use]
    pub fn whole(bytes: &[u8]) -> Option<Frame> {
        let mut decoder = Self::new(bytes.len());
        decoder.push(bytes);
        decoder.next_frame()
    }

    /// Adds the next bytes of the stream.
    pub fn push(&mut self, bytes: &[u8]) {
        self.unread.extend_from_slice(bytes);
    }

    /// The next frame, or `None` until more bytes are pushed.
    pub fn next_frame(&mut self) -> Option<Frame> {
        if self.current.is_none() {
            let header = Header::parse(&self.unread)?;
            self.unread.advance(header.size);
            self.current = Some(Partial::new(header, self.keep));
        }
        self.current.as_mut()?.take(&mut self.unread, self.keep);
        self.current.take_if(|partial| partial.is_whole()).map(Partial::finish)
    }

    /// The incomplete frame after the last one; `None` between two frames.
    ///
    /// Call it after [`next_frame`](Self::next_frame) has given `None`.
    #[must_use]
    pub fn pending(&self) -> Option<Torn> {
        match &self.current {
            Some(partial) => {
                Some(Torn { header: Some(partial.header), received: partial.received })
            }
            None if self.unread.is_empty() => None,
            None => Some(Torn { header: None, received: 0 }),
        }
    }

    /// The bytes of the incomplete frame, as far as they are kept; empty between two frames.
    #[must_use]
    pub fn pending_bytes(&self) -> Vec<u8> {
        let mut bytes = BytesMut::new();
        if let Some(partial) = &self.current {
            partial.header.encode(&mut bytes);
            bytes.extend_from_slice(&partial.kept);
        }
        bytes.extend_from_slice(&self.unread);
        bytes.into()
    }
}

/// Gives frames until more bytes are needed. After the next push it gives frames again.
impl Iterator for Decoder {
    type Item = Frame;

    fn next(&mut self) -> Option<Frame> {
        self.next_frame()
    }
}

impl Partial {
    fn new(header: Header, keep: usize) -> Self {
        let hash = (header.len > keep as u64).then(Sha256::new);
        Self { header, received: 0, kept: BytesMut::new(), hash }
    }

    /// Takes the bytes of this payload from `unread`.
    fn take(&mut self, unread: &mut BytesMut, keep: usize) {
        let missing = usize::try_from(self.header.len - self.received).unwrap_or(usize::MAX);
        let size = missing.min(unread.len());
        let piece = &mut unread[..size];
        if let Some(key) = self.header.mask {
            apply_mask(piece, key, self.received);
        }
        if let Some(hash) = &mut self.hash {
            hash.update(&piece);
        }
        // Copied, so that a stored frame does not keep the buffer of other frames alive.
        let room = (keep - self.kept.len()).min(size);
        self.kept.extend_from_slice(&piece[..room]);
        self.received += size as u64;
        unread.advance(size);
    }

    fn is_whole(&self) -> bool {
        self.received == self.header.len
    }

    fn finish(self) -> Frame {
        Frame {
            header: self.header,
            payload: self.kept.freeze(),
            digest: self.hash.map(|hash| hash.finalize().into()),
        }
    }
}
