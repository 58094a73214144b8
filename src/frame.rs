//! Frames, which both sides send after the 101, as bytes (RFC 6455 §5).
//!
//! Everything here is a function over bytes: nothing reads a socket, waits or uses a clock.
//! [`Decoder`] turns pieces of a stream into frames, [`Frame`] writes them (malformed ones too,
//! because tests send those), and [`Checker`] names the rule that a frame breaks.
//!
//! ```
//! use ws101::frame::{Decoder, Frame};
//!
//! let hello = Frame::text("Hello").masked([0x37, 0xfa, 0x21, 0x3d]);
//! let wire = hello.to_bytes();
//! // The masked "Hello" of RFC 6455 §5.7.
//! assert_eq!(wire[..], [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
//!
//! let mut decoder = Decoder::new(1024);
//! decoder.push(&wire);
//! assert_eq!(decoder.next_frame(), Some(hello));
//! ```

mod checker;
mod decoder;
mod header;
mod headers;
mod opcode;
mod violation;

use bytes::{BufMut, Bytes, BytesMut};

pub use checker::{Checker, Role};
pub use decoder::{Decoder, Torn};
pub use header::Header;
pub use headers::Headers;
pub use opcode::Opcode;
pub use violation::Violation;

/// The most bytes a close reason may have: 125, less two for the code (RFC 6455 §5.5, §5.5.1).
pub const CLOSE_REASON_LIMIT: usize = 123;

/// One frame: its header as it was sent, and its payload unmasked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The header, the mask included.
    pub header: Header,
    /// The payload, unmasked. A [`Decoder`] keeps only the first bytes of a long one.
    pub payload: Bytes,
    /// The SHA-256 of the whole unmasked payload, if `payload` is only its first bytes.
    pub digest: Option<[u8; 32]>,
}

impl Frame {
    /// A final, unmasked frame with the shortest header its payload allows.
    pub fn new(opcode: Opcode, payload: impl Into<Bytes>) -> Self {
        let payload = payload.into();
        Self { header: Header::new(opcode, payload.len() as u64), payload, digest: None }
    }

    /// A complete text message. Bytes that are not UTF-8 are sent as they are.
    pub fn text(payload: impl Into<Bytes>) -> Self {
        Self::new(Opcode::Text, payload)
    }

    /// A complete binary message.
    pub fn binary(payload: impl Into<Bytes>) -> Self {
        Self::new(Opcode::Binary, payload)
    }

    /// A ping (RFC 6455 §5.5.2).
    pub fn ping(payload: impl Into<Bytes>) -> Self {
        Self::new(Opcode::Ping, payload)
    }

    /// A pong (RFC 6455 §5.5.3).
    pub fn pong(payload: impl Into<Bytes>) -> Self {
        Self::new(Opcode::Pong, payload)
    }

    /// A close frame with a code and a reason (RFC 6455 §5.5.1).
    ///
    /// A reason longer than [`CLOSE_REASON_LIMIT`] is not cut: it makes a malformed frame. A close
    /// without a code is `Frame::new(Opcode::Close, "")`.
    #[must_use]
    pub fn close(code: u16, reason: &str) -> Self {
        let mut payload = BytesMut::with_capacity(2 + reason.len());
        payload.put_u16(code);
        payload.put_slice(reason.as_bytes());
        Self::new(Opcode::Close, payload)
    }

    /// The same frame, masked with `key` when it is written. Clients must mask (RFC 6455 §5.3).
    #[must_use]
    pub fn masked(mut self, key: [u8; 4]) -> Self {
        if self.header.mask.replace(key).is_none() {
            self.header.size += key.len();
        }
        self
    }

    /// The same frame with FIN clear: more fragments of the message follow (RFC 6455 §5.4).
    #[must_use]
    pub fn unfinished(mut self) -> Self {
        self.header.fin = false;
        self
    }

    /// The same frame with these reserved bits, RSV1 being 4 and RSV3 being 1 (RFC 6455 §5.2).
    #[must_use]
    pub fn rsv(mut self, bits: u8) -> Self {
        self.header.rsv = bits & 0b111;
        self
    }

    /// The code and the bytes of the reason, if this is a close frame with a code.
    #[must_use]
    pub fn close_code(&self) -> Option<(u16, &[u8])> {
        let (code, reason) = self.payload.split_first_chunk()?;
        (self.header.opcode == Opcode::Close).then_some((u16::from_be_bytes(*code), reason))
    }

    /// Appends the frame's bytes to `out`.
    ///
    /// The header is written as it is, even if its length is not that of the payload. Of a payload
    /// that was kept only in part, that part is written.
    pub fn encode(&self, out: &mut BytesMut) {
        out.reserve(self.header.size + self.payload.len());
        self.header.encode(out);
        let start = out.len();
        out.extend_from_slice(&self.payload);
        if let Some(key) = self.header.mask {
            apply_mask(&mut out[start..], key, 0);
        }
    }

    /// The frame's bytes, as [`encode`](Self::encode) writes them.
    #[must_use]
    pub fn to_bytes(&self) -> Bytes {
        let mut out = BytesMut::new();
        self.encode(&mut out);
        out.freeze()
    }
}

/// A text message.
impl From<&str> for Frame {
    fn from(text: &str) -> Self {
        Self::text(text.to_owned())
    }
}

/// A text message.
impl From<String> for Frame {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

/// A binary message.
impl From<Vec<u8>> for Frame {
    fn from(bytes: Vec<u8>) -> Self {
        Self::binary(bytes)
    }
}

/// Appends a final, unmasked frame to `out`, as a server sends it. It copies the payload once.
pub fn encode(out: &mut BytesMut, opcode: Opcode, payload: &[u8]) {
    let header = Header::new(opcode, payload.len() as u64);
    out.reserve(header.size + payload.len());
    header.encode(out);
    out.extend_from_slice(payload);
}

/// Masks or unmasks `bytes`: the operation is the same (RFC 6455 §5.3).
///
/// `offset` is the number of bytes of this payload before `bytes`, so that a payload can be masked
/// piece by piece.
pub fn apply_mask(bytes: &mut [u8], mut key: [u8; 4], offset: u64) {
    key.rotate_left((offset % 4) as usize);
    // Four bytes at a time: the compiler can turn that into vector instructions.
    let (fours, rest) = bytes.as_chunks_mut::<4>();
    for four in fours {
        for (byte, k) in four.iter_mut().zip(key) {
            *byte ^= k;
        }
    }
    for (byte, k) in rest.iter_mut().zip(key) {
        *byte ^= k;
    }
}
