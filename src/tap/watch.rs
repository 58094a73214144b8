//! Turns the bytes of both directions into events. The answer decides whether frames follow the heads,
//! so each direction needs the other.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::event::{Direction, Seen, TapEvent};
use crate::frame::Decoder;
use crate::handshake::{HEAD_LIMIT, parse_response};

/// The most bytes kept of those that a client sends after its request and before the answer: 16 KiB.
///
/// The answer decides whether these bytes are frames. If a client sends more than this, all of them
/// are reported as [`TapEvent::Body`].
pub const EARLY_LIMIT: usize = 16 * 1024;

/// The most that a tap keeps for the receiver of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The most bytes that are kept of each payload, and of each direction's body. A longer payload
    /// comes with a digest of all of it.
    pub keep: usize,
    /// The most events that may wait for the receiver; more are counted and dropped. 0 counts as 1.
    pub events: usize,
}

impl Default for Limits {
    /// 4 KiB of each payload, 256 events: 1 MiB, and the two heads.
    fn default() -> Self {
        Self { keep: 4 * 1024, events: 256 }
    }
}

/// The state of both directions of one connection.
#[derive(Debug)]
pub(super) struct Watch {
    keep: usize,
    /// Whether the response was a 101, once it has arrived.
    upgraded: Option<bool>,
    inward: Stage,
    outward: Stage,
    /// Whether the incomplete head or frame of [`inward`](Self::inward) is reported already.
    is_part_reported: bool,
    reports: Reports,
}

/// The kind of bytes that one direction carries now.
#[derive(Debug)]
enum Stage {
    Head(BytesMut),
    /// Bytes after the request and before the answer.
    Early(BytesMut),
    Frames(Decoder),
    /// The number of bytes of the body that may still be kept.
    Body(usize),
    Over,
}

impl Watch {
    pub(super) fn new(limits: Limits) -> (Self, mpsc::Receiver<Seen>) {
        let (to, seen) = mpsc::channel(limits.events.max(1) + 1);
        let watch = Self {
            keep: limits.keep,
            upgraded: None,
            inward: Stage::Head(BytesMut::new()),
            outward: Stage::Head(BytesMut::new()),
            is_part_reported: false,
            reports: Reports { to: Some(to), missed: 0 },
        };
        (watch, seen)
    }

    pub(super) fn saw(&mut self, direction: Direction, bytes: &[u8]) {
        if bytes.is_empty() || self.reports.to.is_none() {
            return;
        }
        if direction == Direction::In {
            self.is_part_reported = false;
        }
        let stage = match direction {
            Direction::In => &mut self.inward,
            Direction::Out => &mut self.outward,
        };
        match stage {
            Stage::Head(head) => {
                let (within, beyond) = bytes.split_at(bytes.len().min(HEAD_LIMIT - head.len()));
                head.extend_from_slice(within);
                let mut head = std::mem::take(head);
                if let Some(end) = head_end(&head) {
                    let rest = head.split_off(end);
                    self.head(direction, head.freeze());
                    self.saw(direction, &rest);
                    self.saw(direction, beyond);
                } else if head.len() == HEAD_LIMIT {
                    *self.stage(direction) = Stage::Body(self.keep);
                    self.saw(direction, &head);
                    self.saw(direction, beyond);
                } else {
                    *self.stage(direction) = Stage::Head(head);
                }
            }
            Stage::Early(early) if early.len() + bytes.len() <= EARLY_LIMIT => {
                early.extend_from_slice(bytes);
            }
            Stage::Early(early) => {
                let early = std::mem::take(early);
                *self.stage(direction) = Stage::Body(self.keep);
                self.saw(direction, &early);
                self.saw(direction, bytes);
            }
            Stage::Frames(decoder) => {
                decoder.push(bytes);
                for frame in decoder {
                    self.reports.send(direction, TapEvent::Frame(frame));
                }
            }
            Stage::Body(left) => {
                let kept = &bytes[..bytes.len().min(*left)];
                *left -= kept.len();
                self.reports.send_body(direction, kept);
            }
            Stage::Over => {}
        }
    }

    /// Reports the incomplete head or frame that was read, if it is not reported already.
    pub(super) fn report_part(&mut self) {
        let is_reported = std::mem::replace(&mut self.is_part_reported, true);
        if let Some(part) = self.inward.part(self.keep).filter(|_| !is_reported) {
            self.reports.send(Direction::In, part);
        }
    }

    /// Ends a direction: reports the incomplete head or frame, and then the end.
    pub(super) fn ended(&mut self, direction: Direction, end: TapEvent) {
        let stage = std::mem::replace(self.stage(direction), Stage::Over);
        // A reader may meet the same end or error several times.
        if matches!(stage, Stage::Over) {
            return;
        }
        let is_reported = direction == Direction::In && self.is_part_reported;
        if let Some(part) = stage.part(self.keep).filter(|_| !is_reported) {
            self.reports.send(direction, part);
        }
        self.reports.send(direction, end);
    }

    fn head(&mut self, direction: Direction, head: Bytes) {
        // A request cannot begin like this, because a method contains no slash.
        let is_response = head.trim_ascii_start().starts_with(b"HTTP/");
        if is_response {
            let response = parse_response(&head).ok().flatten();
            self.upgraded =
                Some(response.is_some_and(|(response, _)| {
                    response.status() == StatusCode::SWITCHING_PROTOCOLS
                }));
        }
        self.reports.send(direction, TapEvent::Head(head));
        *self.stage(direction) = self.next();
        if is_response {
            let other = match direction {
                Direction::In => Direction::Out,
                Direction::Out => Direction::In,
            };
            if let Stage::Early(early) = self.stage(other) {
                let early = std::mem::take(early);
                *self.stage(other) = self.next();
                self.saw(other, &early);
            }
        }
    }

    /// The stage of a direction after its head.
    fn next(&self) -> Stage {
        match self.upgraded {
            None => Stage::Early(BytesMut::new()),
            Some(true) => Stage::Frames(Decoder::new(self.keep)),
            Some(false) => Stage::Body(self.keep),
        }
    }

    fn stage(&mut self, direction: Direction) -> &mut Stage {
        match direction {
            Direction::In => &mut self.inward,
            Direction::Out => &mut self.outward,
        }
    }
}

impl Stage {
    /// The incomplete head or frame, of which at most `keep` bytes are kept.
    fn part(&self, keep: usize) -> Option<TapEvent> {
        match self {
            Self::Head(bytes) | Self::Early(bytes) if !bytes.is_empty() => {
                let kept = &bytes[..bytes.len().min(keep)];
                Some(TapEvent::Body(Bytes::copy_from_slice(kept)))
            }
            Self::Frames(decoder) => {
                let torn = decoder.pending()?;
                Some(TapEvent::Torn(torn, decoder.pending_bytes().into()))
            }
            Self::Head(_) | Self::Early(_) | Self::Body(_) | Self::Over => None,
        }
    }
}

/// The length of the first head with its blank line, even if the head is malformed.
fn head_end(bytes: &[u8]) -> Option<usize> {
    // Empty lines before a head are skipped (RFC 9112 §2.2).
    let start = bytes.iter().position(|byte| !b"\r\n".contains(byte))?;
    let mut ends = bytes.iter().enumerate().skip(start).filter(|&(_, &byte)| byte == b'\n');
    ends.find_map(|(end, _)| match bytes[end + 1..] {
        [b'\n', ..] => Some(end + 2),
        [b'\r', b'\n', ..] => Some(end + 3),
        _ => None,
    })
}

/// The channel to a receiver that may be slow, or dropped.
///
/// One place in the channel is kept for the last [`TapEvent::Missed`], so that the sum is right even
/// if the receiver reads only after the end.
#[derive(Debug)]
struct Reports {
    /// `None` once the receiver is dropped.
    to: Option<mpsc::Sender<Seen>>,
    missed: u64,
}

impl Reports {
    fn send(&mut self, direction: Direction, event: TapEvent) {
        if self.missed > 0 && self.has_room() {
            self.put(direction, TapEvent::Missed(self.missed));
            self.missed = 0;
        }
        if self.has_room() {
            self.put(direction, event);
        } else {
            self.missed += 1;
        }
    }

    fn send_body(&mut self, direction: Direction, kept: &[u8]) {
        if !kept.is_empty() {
            self.send(direction, TapEvent::Body(Bytes::copy_from_slice(kept)));
        }
    }

    /// This is the only sender, so a free place stays free until the next `put`.
    fn has_room(&self) -> bool {
        self.to.as_ref().is_some_and(|to| to.capacity() > 1)
    }

    fn put(&mut self, direction: Direction, event: TapEvent) {
        let seen = Seen { at: Instant::now(), direction, event };
        if self.to.as_ref().is_some_and(|to| to.try_send(seen).is_err()) {
            self.to = None;
        }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        if self.missed > 0 {
            self.put(Direction::In, TapEvent::Missed(self.missed));
        }
    }
}
