//! Frames: the decoder, and the checker of their rules.

use std::iter::repeat_n;

use bytes::BytesMut;
use ws101::frame::{Checker, Decoder, Header, Role};

/// How much of a payload the decoder keeps in [`any`]. It is little, so that short inputs exceed it.
const KEEP: usize = 16;

/// Takes any bytes as frames: in pieces of 1 byte, in pieces of 7, and at once.
pub fn any(bytes: &[u8]) {
    for piece in [1, 7, bytes.len().max(1)] {
        is_decoded(bytes, repeat_n(piece, bytes.len() / piece), KEEP);
    }
}

/// Decodes and checks bytes that come in pieces of the sizes `cuts`, and then the rest at once.
///
/// # Panics
///
/// The decoder keeps more than `keep` bytes of a payload, or does not account for every byte, or a
/// header is not written as it was read.
pub fn is_decoded(mut bytes: &[u8], cuts: impl IntoIterator<Item = usize>, keep: usize) {
    if let Some(header) = Header::parse(bytes) {
        let mut out = BytesMut::new();
        header.encode(&mut out);
        assert_eq!(&out[..], &bytes[..header.size]);
    }
    let mut left = bytes.len() as u64;
    let mut decoder = Decoder::new(keep);
    let mut checkers = [Checker::new(Role::Client), Checker::new(Role::Server)];
    for cut in cuts.into_iter().chain([usize::MAX]) {
        let (piece, rest) = bytes.split_at(cut.min(bytes.len()));
        bytes = rest;
        decoder.push(piece);
        for frame in &mut decoder {
            assert!(frame.payload.len() <= keep);
            left -= frame.header.size as u64 + frame.header.len;
            for checker in &mut checkers {
                let _ = checker.check(&frame);
            }
        }
    }
    assert_eq!(decoder.pending().is_some(), left > 0);
    if let Some(torn) = decoder.pending() {
        assert!(torn.header.is_none_or(|header| torn.received < header.len));
    }
}
