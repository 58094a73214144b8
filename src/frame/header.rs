//! The two to fourteen bytes before a payload (RFC 6455 §5.2).

use bytes::{BufMut, BytesMut};

use super::Opcode;

/// Values of the seven length bits: the length is in the next two bytes, or in the next eight.
const TWO_MORE: u8 = 0x7E;
const EIGHT_MORE: u8 = 0x7F;

/// The header of a frame: the bytes before its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// The reserved bits, RSV1 being 4, RSV2 2 and RSV3 1.
    pub rsv: u8,
    /// The kind of frame.
    pub opcode: Opcode,
    /// The masking key, if the payload is masked.
    pub mask: Option<[u8; 4]>,
    /// The payload's declared length in bytes, up to 2^64 - 1 though only 2^63 - 1 is allowed.
    pub len: u64,
    /// The size of the header itself in bytes: 2 to [`Header::MAX_SIZE`].
    pub size: usize,
}

impl Header {
    /// The most bytes a header can take.
    pub const MAX_SIZE: usize = 14;

    /// The header of a final, unmasked frame, in the fewest bytes for `len`.
    #[must_use]
    pub fn new(opcode: Opcode, len: u64) -> Self {
        Self { fin: true, rsv: 0, opcode, mask: None, len, size: 2 + shortest(len) }
    }

    /// Reads a header from the front of `bytes`; `None` until it is complete.
    ///
    /// It reads invalid headers too; a [`Checker`](super::Checker) finds the rules that they break.
    #[must_use]
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = bytes.split_first_chunk()?;
        let (len, rest) = match second & 0x7F {
            TWO_MORE => {
                let (len, rest) = rest.split_first_chunk()?;
                (u16::from_be_bytes(*len).into(), rest)
            }
            EIGHT_MORE => {
                let (len, rest) = rest.split_first_chunk()?;
                (u64::from_be_bytes(*len), rest)
            }
            len => (len.into(), rest),
        };
        let (mask, rest) = if second & 0x80 == 0 {
            (None, rest)
        } else {
            let (key, rest) = rest.split_first_chunk()?;
            (Some(*key), rest)
        };
        Some(Self {
            fin: first & 0x80 != 0,
            rsv: first >> 4 & 0b111,
            opcode: Opcode::from_bits(first),
            mask,
            len,
            size: bytes.len() - rest.len(),
        })
    }

    /// Appends the header's bytes to `out`.
    ///
    /// `size` decides how many bytes the length takes, so that tests can write a length in more
    /// bytes than it needs. A `size` too small for `len` is ignored.
    pub fn encode(&self, out: &mut BytesMut) {
        let masked = if self.mask.is_some() { 0x80 } else { 0 };
        out.put_u8(u8::from(self.fin) << 7 | (self.rsv & 0b111) << 4 | self.opcode.bits());
        let short = u8::try_from(self.len).ok().filter(|&len| len <= 125);
        match (short, u16::try_from(self.len), self.length_size()) {
            (Some(len), _, 0) => out.put_u8(masked | len),
            (_, Ok(len), 0..=2) => {
                out.put_u8(masked | TWO_MORE);
                out.put_u16(len);
            }
            _ => {
                out.put_u8(masked | EIGHT_MORE);
                out.put_u64(self.len);
            }
        }
        out.put_slice(self.mask.as_ref().map_or(&[], |key| key));
    }

    /// Whether the length takes the fewest bytes, as it must (RFC 6455 §5.2).
    #[must_use]
    pub fn is_minimal(&self) -> bool {
        self.length_size() <= shortest(self.len)
    }

    /// The bytes of the length besides the seven bits: 0, 2 or 8 in a valid frame.
    fn length_size(&self) -> usize {
        self.size.saturating_sub(2 + self.mask.map_or(0, |key| key.len()))
    }
}

/// The fewest bytes that `len` takes besides the seven bits.
fn shortest(len: u64) -> usize {
    match len {
        0..=125 => 0,
        126..=0xFFFF => 2,
        _ => 8,
    }
}
