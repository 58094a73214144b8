//! Frames that wait for a person, who sends them on, changes them or drops them.
//!
//! In each direction one frame waits at a time. Behind it wait all frames but pings and pongs, so that the
//! order of messages stays and a heartbeat goes on.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::frame::{Frame, Header, Opcode, apply_mask};
use crate::wst::Member;

/// How long a frame waits for a person before it is sent on: a minute.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The decision of a person about a frame that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is sent as it came.
    Send,
    /// It is sent with this payload.
    Change(Bytes),
    /// It is left out.
    Drop,
}

/// The frames that wait in one direction.
#[derive(Debug, Default)]
pub(super) struct Hold {
    first: Option<Held>,
    behind: VecDeque<(Header, Bytes)>,
    /// The bytes of all of them.
    pub(super) bytes: usize,
}

/// The frame that waits for a person.
#[derive(Debug)]
pub(super) struct Held {
    pub(super) number: u64,
    /// The rule that holds it.
    pub(super) rule: u64,
    pub(super) fault: Arc<str>,
    pub(super) until: Duration,
    pub(super) header: Header,
    pub(super) bytes: Bytes,
    /// Whether it was told of.
    pub(super) is_told: bool,
}

impl Hold {
    pub(super) fn first(&self) -> Option<&Held> {
        self.first.as_ref()
    }

    pub(super) fn is_on(&self) -> bool {
        self.first.is_some()
    }

    /// When something is to be told or done about it.
    pub(super) fn next_at(&self) -> Option<Duration> {
        let first = self.first.as_ref()?;
        Some(if first.is_told { first.until } else { Duration::ZERO })
    }

    /// The frame that waits, the first time it is asked for.
    pub(super) fn news(&mut self) -> Option<&Held> {
        let held = self.first.as_mut().filter(|held| !held.is_told)?;
        held.is_told = true;
        Some(held)
    }

    /// Whether a frame waits behind the first: `is_wanted` if a rule holds such frames.
    pub(super) fn delays(&self, header: &Header, is_wanted: bool) -> bool {
        let overtakes = matches!(header.opcode, Opcode::Ping | Opcode::Pong);
        self.is_on() && (is_wanted || !overtakes)
    }

    pub(super) fn begin(&mut self, held: Held) {
        self.bytes += held.bytes.len();
        self.first = Some(held);
    }

    pub(super) fn end(&mut self) -> Option<Held> {
        let held = self.first.take()?;
        self.bytes -= held.bytes.len();
        Some(held)
    }

    pub(super) fn push_behind(&mut self, header: Header, bytes: Bytes) {
        self.bytes += bytes.len();
        self.behind.push_back((header, bytes));
    }

    /// The next frame that waited behind the first, once that is gone.
    pub(super) fn pop_behind(&mut self) -> Option<(Header, Bytes)> {
        if self.is_on() {
            return None;
        }
        let next = self.behind.pop_front()?;
        self.bytes -= next.1.len();
        Some(next)
    }
}

/// A frame with another payload; a client's is masked by `key`.
pub(super) fn changed(header: &Header, payload: &Bytes, key: [u8; 4]) -> (Header, Bytes) {
    let mut frame = Frame::new(header.opcode, payload.clone()).rsv(header.rsv);
    if !header.fin {
        frame = frame.unfinished();
    }
    if header.mask.is_some() {
        frame = frame.masked(key);
    }
    (frame.header, frame.to_bytes())
}

impl Member {
    /// Whether the JSON text that a whole frame carries has it.
    pub(super) fn is_in(&self, header: &Header, bytes: &Bytes) -> bool {
        let mut text = bytes[header.size..].to_vec();
        if let Some(key) = header.mask {
            apply_mask(&mut text, key, 0);
        }
        let Ok(json) = serde_json::from_slice::<serde_json::Value>(&text) else { return false };
        let found = json.pointer(&self.pointer);
        found.is_some_and(|found| self.value.as_ref().is_none_or(|value| value == found))
    }
}
