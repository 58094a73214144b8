//! Everything said to all, as one endless string of encoded frames.

use bytes::{Bytes, BytesMut};

use super::outlet::Wire;
use crate::stream::Io;

/// The part of the string that some member may not have been given yet.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The round being written, shared by all its receivers.
    flying: Bytes,
    /// The next round; it begins at `start`.
    pub(super) open: BytesMut,
    start: u64,
}

impl Log {
    /// How long the string has become: what a member who knows all of it has seen.
    pub(super) fn end(&self) -> u64 {
        self.start + self.open.len() as u64
    }

    /// Closes the round that is open: its bytes, empty if nothing was said, and where it ends.
    pub(super) fn take_round(&mut self) -> (Bytes, u64) {
        let round = self.open.split().freeze();
        self.start += round.len() as u64;
        self.flying = round.clone();
        (round, self.start)
    }

    /// Puts one member level with the log: what it has not seen goes to its backlog.
    ///
    /// Done before anything is said to this member alone, so that one order
    /// holds for all.
    pub(super) fn catch_up(&self, wire: &mut Wire<dyn Io>) {
        let behind = usize::try_from(self.end() - wire.seen).unwrap_or(usize::MAX);
        let fresh = behind.min(self.open.len());
        let flying = (behind - fresh).min(self.flying.len());
        if flying > 0 {
            wire.owe(self.flying.slice(self.flying.len() - flying..), 0);
        }
        if fresh > 0 {
            wire.owe(Bytes::copy_from_slice(&self.open[self.open.len() - fresh..]), 0);
        }
        wire.seen = self.end();
    }
}
