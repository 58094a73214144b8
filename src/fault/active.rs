//! A rule as one connection obeys it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::chance::{flipped, key};
use super::queue::Waiting;
use crate::frame::{Frame, Header, Role};
use crate::wst::{Fault, Rule};

/// A rule of this connection.
#[derive(Debug)]
pub(super) struct Active {
    pub(super) id: u64,
    pub(super) rule: Rule,
    pub(super) text: Arc<str>,
    /// Whether it has begun to act.
    pub(super) is_on: bool,
    /// The frames of each side before the rule was set.
    since: [u64; 2],
    /// Of `reorder`: the frame that waits for the next one, from each side.
    pub(super) held: [Option<Bytes>; 2],
    /// Of `cut`: the bytes so far.
    pub(super) bytes: u64,
}

impl Active {
    /// A rule that is set once so many frames of each side have passed.
    pub(super) fn new(id: u64, rule: &Rule, since: [u64; 2]) -> Self {
        let (rule, text) = (rule.clone(), rule.to_string().into());
        Self { id, rule, text, is_on: false, since, held: [None, None], bytes: 0 }
    }

    /// Whether so many frames have passed that it acts on what `sender` sends.
    pub(super) fn is_due(&self, sender: Role, frames: [u64; 2]) -> bool {
        let passed = |side: Role| frames[side as usize] - self.since[side as usize];
        let passed = match self.rule.from {
            Some(from) if from != sender => return false,
            Some(from) => passed(from),
            None => passed(Role::Client) + passed(Role::Server),
        };
        passed >= self.rule.after
    }

    /// Whether it is for what `sender` sends.
    pub(super) fn is_for(&self, sender: Role) -> bool {
        self.rule.from.is_none_or(|from| from == sender)
    }

    /// Bytes that it makes.
    pub(super) fn makes(&self, bytes: Bytes) -> Waiting {
        Waiting { bytes, fault: Some(self.text.clone()), is_dropped: false }
    }

    /// Changes one frame, which may be several by now, each with its time.
    pub(super) fn change(
        &mut self,
        now: Duration,
        sender: Role,
        header: &Header,
        pieces: &mut Vec<(Duration, Waiting)>,
        seed: &mut u64,
    ) {
        let mark = Some(self.text.clone());
        match self.rule.fault {
            Fault::Drop(_) => {
                for (_, piece) in pieces {
                    (piece.is_dropped, piece.fault) = (true, mark.clone());
                }
            }
            Fault::Delay(_, time) => {
                for (at, piece) in pieces {
                    *at += time;
                    piece.fault.clone_from(&mark);
                }
            }
            Fault::Duplicate(_) => {
                let second = pieces.clone().into_iter();
                let marked = |(at, piece)| (at, Waiting { fault: mark.clone(), ..piece });
                pieces.extend(second.map(marked));
            }
            Fault::Reorder(_) => {
                let held = &mut self.held[sender as usize];
                match held.take() {
                    None => *held = pieces.pop().map(|(_, piece)| piece.bytes),
                    Some(first) => {
                        for (_, piece) in pieces.iter_mut() {
                            piece.fault.clone_from(&mark);
                        }
                        pieces.push((now, self.makes(first)));
                    }
                }
            }
            Fault::Flip(_) => {
                for (_, piece) in pieces {
                    if let Some(bytes) = flipped(seed, header, &piece.bytes) {
                        (piece.bytes, piece.fault) = (bytes, mark.clone());
                    }
                }
            }
            _ => {}
        }
    }
}

/// A close frame as `sender` writes it: a client masks it.
pub(super) fn closing(code: u16, reason: &str, sender: Role, seed: &mut u64) -> Bytes {
    let close = Frame::close(code, reason);
    match sender {
        Role::Client => close.masked(key(seed)).to_bytes(),
        Role::Server => close.to_bytes(),
    }
}
