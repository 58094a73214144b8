//! The random choices of faults, from a seed, so that a run can be repeated.

use bytes::Bytes;

use crate::frame::Header;

/// A frame with one bit of its payload turned; `None` if it has no payload.
pub(super) fn flipped(seed: &mut u64, header: &Header, frame: &Bytes) -> Option<Bytes> {
    let payload = frame.len().checked_sub(header.size).filter(|&size| size > 0)?;
    let bit = usize::try_from(random(seed) % (payload as u64 * 8)).ok()?;
    let mut bytes = frame.to_vec();
    bytes[header.size + bit / 8] ^= 0x80 >> (bit % 8);
    Some(bytes.into())
}

/// A masking key.
pub(super) fn key(seed: &mut u64) -> [u8; 4] {
    let [a, b, c, d, ..] = random(seed).to_be_bytes();
    [a, b, c, d]
}

/// The next number of a sequence that follows from the seed (`SplitMix64`).
fn random(seed: &mut u64) -> u64 {
    *seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *seed;
    mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ mixed >> 31
}
