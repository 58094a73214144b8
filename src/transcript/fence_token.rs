//! The payload of fences: the pings that ask a real server whether it is done.

use bytes::Bytes;

/// The start of the payload of a fence. Transcripts do not show pings and pongs that begin with it.
const PREFIX: &str = "ws101 fence ";

/// The payload of the fence with this number.
pub(super) fn fence_token(number: u64) -> Bytes {
    Bytes::from(format!("{PREFIX}{number}"))
}

/// Whether a ping or a pong with this payload is a fence.
pub(super) fn is_fence_token(payload: &[u8]) -> bool {
    payload.starts_with(PREFIX.as_bytes())
}
