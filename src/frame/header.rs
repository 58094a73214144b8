//! The two to fourteen bytes before a payload (RFC 6455 §5.2).

use bytes::{BufMut, BytesMut};

use super::Opcode;

/// In the seven bits for the length: it is in the two bytes that follow, or in the eight.
const TWO_MORE: u8 = 0x7E;
const EIGHT_MORE: u8 = 0x7F;

/// Everything that precedes a payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Header {
    /// Whether the message ends with this frame.
    pub fin: bool,
    /// The reserved bits, RSV1 being 4, RSV2 2 and RSV3 1.
    pub rsv: u8,
    /// What the frame is.
    pub opcode: Opcode,
    /// The key that masks the payload, if it is masked.
    pub mask: Option<[u8; 4]>,
    /// The payload's declared length in bytes, up to 2^64 - 1 though only 2^63 - 1 is allowed.
    pub len: u64,
    /// How many bytes the header itself takes: 2 to [`Header::MAX_SIZE`].
    pub size: usize,
}

impl Header {
    /// The most bytes a header can take.
    pub const MAX_SIZE: usize = 14;

    /// The header of a final, unmasked frame, in as few bytes as `len` allows.
    #[must_use]
    pub fn new(opcode: Opcode, len: u64) -> Self {
        Self { fin: true, rsv: 0, opcode, mask: None, len, size: 2 + shortest(len) }
    }

    /// Reads a header from the front of `bytes`; `None` until enough of it is there.
    ///
    /// Never fails: what no peer may send is read as well, for others to judge.
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
    /// `size` decides how many bytes the length takes, so that a length longer
    /// than need be can be written; a `size` too small for `len` is not obeyed.
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

    /// Whether the length takes no more bytes than it needs, as it must not (RFC 6455 §5.2).
    #[must_use]
    pub fn is_minimal(&self) -> bool {
        self.length_size() <= shortest(self.len)
    }

    /// How many bytes extend the length beyond the seven bits: by right 0, 2 or 8.
    fn length_size(&self) -> usize {
        self.size.saturating_sub(2 + self.mask.map_or(0, |key| key.len()))
    }
}

/// How many bytes must extend the length beyond the seven bits.
fn shortest(len: u64) -> usize {
    match len {
        0..=125 => 0,
        126..=0xFFFF => 2,
        _ => 8,
    }
}
