//! Counts of the bytes, frames and connections that a proxy has passed on.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use crate::frame::Role;

/// The counters of a proxy. Frames that the observer missed count, too.
#[derive(Debug, Default)]
pub struct Totals {
    pub(super) connections: AtomicU64,
    pub(super) sockets: AtomicU64,
    pub(super) unobserved: AtomicU64,
    frames: [AtomicU64; 2],
    bytes: [AtomicU64; 2],
}

impl Totals {
    /// How many connections there were.
    pub fn connections(&self) -> u64 {
        self.connections.load(Relaxed)
    }

    /// How many of them asked for a WebSocket.
    pub fn sockets(&self) -> u64 {
        self.sockets.load(Relaxed)
    }

    /// How many connections were not looked at, because whoever reads the events was too slow.
    pub fn unobserved(&self) -> u64 {
        self.unobserved.load(Relaxed)
    }

    /// How many frames this side sent.
    pub fn frames_from(&self, sender: Role) -> u64 {
        self.frames(sender).load(Relaxed)
    }

    /// How many bytes this side sent, heads and pages included.
    pub fn bytes_from(&self, sender: Role) -> u64 {
        self.bytes(sender).load(Relaxed)
    }

    pub(super) fn frames(&self, sender: Role) -> &AtomicU64 {
        &self.frames[sender as usize]
    }

    pub(super) fn bytes(&self, sender: Role) -> &AtomicU64 {
        &self.bytes[sender as usize]
    }
}
