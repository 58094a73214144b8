//! How far the bytes of a server have come, for the task of the test.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};

/// What one client has received.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    has_part: AtomicBool,
    bytes: AtomicU64,
}

impl Progress {
    /// Takes note of bytes that have come, and whether they end inside a head or frame.
    pub(super) fn received(&self, bytes: usize, has_part: bool) {
        self.has_part.store(has_part, Relaxed);
        self.bytes.fetch_add(bytes as u64, Relaxed);
    }

    /// Whether a head or frame has begun and not ended.
    pub(super) fn has_part(&self) -> bool {
        self.has_part.load(Relaxed)
    }

    /// How many bytes have come.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }
}
