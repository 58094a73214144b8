//! Everything that was broadcast to one audience, as one sequence of encoded frames.
//!
//! A position in it is a count of bytes from the start of the hub.

use bytes::{Bytes, BytesMut};

use super::outlet::Wire;
use crate::stream::Io;

/// The end of the sequence: the rounds that some member may not have received yet.
#[derive(Debug, Default)]
pub(super) struct Log {
    /// The round being written; all its receivers share these bytes.
    flying: Bytes,
    /// The next round. It begins at `start`.
    pub(super) open: BytesMut,
    start: u64,
}

impl Log {
    /// The length of the sequence: the position of a member that has received all of it.
    pub(super) fn end(&self) -> u64 {
        self.start + self.open.len() as u64
    }

    /// Closes the open round. Returns its bytes, empty if nothing was broadcast, and its end position.
    pub(super) fn take_round(&mut self) -> (Bytes, u64) {
        let round = self.open.split().freeze();
        self.start += round.len() as u64;
        self.flying = round.clone();
        (round, self.start)
    }

    /// Moves what one member has not received yet to its backlog.
    ///
    /// The hub does this before it sends something to this member alone, so that every member
    /// receives all messages in one order.
    pub(super) fn catch_up(&self, wire: &mut Wire<dyn Io>) {
        let behind = usize::try_from(self.end() - wire.seen).unwrap_or(usize::MAX);
        let fresh = behind.min(self.open.len());
        let flying = (behind - fresh).min(self.flying.len());
        if flying > 0 {
            wire.enqueue(self.flying.slice(self.flying.len() - flying..), 0);
        }
        if fresh > 0 {
            wire.enqueue(Bytes::copy_from_slice(&self.open[self.open.len() - fresh..]), 0);
        }
        wire.seen = self.end();
    }
}
