//! One direction of a connection under rules.

use bytes::BytesMut;

use super::active::Active;
use super::hold::Hold;
use super::queue::Queue;
use crate::frame::Role;
use crate::wst::Fault;

/// One direction, named by its sender.
#[derive(Debug, Default)]
pub(super) struct Side {
    /// Bytes that are not a whole frame yet; before the answer, all bytes.
    pub(super) unread: BytesMut,
    /// The bytes that are still to come of a frame that passes as it comes.
    pub(super) skip: u64,
    /// Whether that frame is sent, and not dropped from its beginning.
    pub(super) is_passing: bool,
    /// Whether silence dropped a part of a frame: what follows would be taken for the rest of it.
    pub(super) is_torn: bool,
    /// Bytes that are not looked at: the connection is no WebSocket.
    pub(super) is_raw: bool,
    /// Frames so far.
    pub(super) frames: u64,
    pub(super) queue: Queue,
    /// The frame that waits for a person, and what waits behind it.
    pub(super) hold: Hold,
}

impl Side {
    /// The bytes of the frame that passes, as far as they are there; silence drops them.
    pub(super) fn pass(&mut self, is_silent: bool) -> BytesMut {
        let left = usize::try_from(self.skip).unwrap_or(usize::MAX);
        let mut piece = self.unread.split_to(left.min(self.unread.len()));
        self.skip -= piece.len() as u64;
        if is_silent {
            self.is_torn |= self.is_passing && !piece.is_empty();
        }
        if is_silent || !self.is_passing {
            piece.clear();
        }
        piece
    }

    /// Sets how fast it goes, by the rules that have begun to act.
    pub(super) fn pace(&mut self, sender: Role, rules: &[Active]) {
        let Queue { split, coalesce, slow, .. } = &mut self.queue;
        (*split, *coalesce, *slow) = (None, None, None);
        for Active { rule, .. } in rules.iter().filter(|active| active.is_on) {
            match rule.fault {
                _ if rule.from.is_some_and(|from| from != sender) => {}
                Fault::Slow(rate) => *slow = Some(rate),
                Fault::Split(size) => *split = Some(size),
                Fault::Coalesce(time) => *coalesce = Some(time),
                _ => {}
            }
        }
    }
}
