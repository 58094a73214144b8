//! Turns the bytes of both directions into events. What follows a head depends on the answer, so
//! each direction needs the other.

use bytes::{Bytes, BytesMut};
use http::StatusCode;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::{Direction, EARLY_LIMIT, Event, Limits, Seen};
use crate::frame::Decoder;
use crate::handshake::{HEAD_LIMIT, parse_response};

/// The state of both directions of one connection.
#[derive(Debug)]
pub(super) struct Watch {
    keep: usize,
    /// Whether the response was a 101, once it has arrived.
    upgraded: Option<bool>,
    inward: Lane,
    outward: Lane,
    reports: Reports,
}

/// What one direction carries now.
#[derive(Debug)]
enum Lane {
    Head(BytesMut),
    /// Bytes after the request and before the answer.
    Early(BytesMut),
    Frames(Decoder),
    /// How many more bytes of the body are kept.
    Body(usize),
    Over,
}

impl Watch {
    pub(super) fn new(limits: Limits) -> (Self, mpsc::Receiver<Seen>) {
        let (to, seen) = mpsc::channel(limits.events.max(1) + 1);
        let watch = Self {
            keep: limits.keep,
            upgraded: None,
            inward: Lane::Head(BytesMut::new()),
            outward: Lane::Head(BytesMut::new()),
            reports: Reports { to: Some(to), missed: 0 },
        };
        (watch, seen)
    }

    pub(super) fn saw(&mut self, direction: Direction, bytes: &[u8]) {
        if bytes.is_empty() || self.reports.to.is_none() {
            return;
        }
        let lane = match direction {
            Direction::In => &mut self.inward,
            Direction::Out => &mut self.outward,
        };
        match lane {
            Lane::Head(head) => {
                let (within, beyond) = bytes.split_at(bytes.len().min(HEAD_LIMIT - head.len()));
                head.extend_from_slice(within);
                let mut head = std::mem::take(head);
                if let Some(end) = head_end(&head) {
                    let rest = head.split_off(end);
                    self.head(direction, head.freeze());
                    self.saw(direction, &rest);
                    self.saw(direction, beyond);
                } else if head.len() == HEAD_LIMIT {
                    *self.lane(direction) = Lane::Body(self.keep);
                    self.saw(direction, &head);
                    self.saw(direction, beyond);
                } else {
                    *self.lane(direction) = Lane::Head(head);
                }
            }
            Lane::Early(early) if early.len() + bytes.len() <= EARLY_LIMIT => {
                early.extend_from_slice(bytes);
            }
            Lane::Early(early) => {
                let early = std::mem::take(early);
                *self.lane(direction) = Lane::Body(self.keep);
                self.saw(direction, &early);
                self.saw(direction, bytes);
            }
            Lane::Frames(decoder) => {
                decoder.push(bytes);
                for frame in decoder {
                    self.reports.send(direction, Event::Frame(frame));
                }
            }
            Lane::Body(left) => {
                let kept = &bytes[..bytes.len().min(*left)];
                *left -= kept.len();
                self.reports.send_body(direction, kept);
            }
            Lane::Over => {}
        }
    }

    /// Ends a direction: reports the incomplete head, body or frame, and then the end.
    pub(super) fn ended(&mut self, direction: Direction, end: Event) {
        match std::mem::replace(self.lane(direction), Lane::Over) {
            // A reader may meet the same end or error several times.
            Lane::Over => return,
            Lane::Head(bytes) | Lane::Early(bytes) => {
                self.reports.send_body(direction, &bytes[..bytes.len().min(self.keep)]);
            }
            Lane::Frames(decoder) => {
                if let Some(torn) = decoder.pending() {
                    self.reports.send(direction, Event::Torn(torn));
                }
            }
            Lane::Body(_) => {}
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
        self.reports.send(direction, Event::Head(head));
        *self.lane(direction) = self.next();
        if is_response {
            let other = match direction {
                Direction::In => Direction::Out,
                Direction::Out => Direction::In,
            };
            if let Lane::Early(early) = self.lane(other) {
                let early = std::mem::take(early);
                *self.lane(other) = self.next();
                self.saw(other, &early);
            }
        }
    }

    /// What a direction carries after its head.
    fn next(&self) -> Lane {
        match self.upgraded {
            None => Lane::Early(BytesMut::new()),
            Some(true) => Lane::Frames(Decoder::new(self.keep)),
            Some(false) => Lane::Body(self.keep),
        }
    }

    fn lane(&mut self, direction: Direction) -> &mut Lane {
        match direction {
            Direction::In => &mut self.inward,
            Direction::Out => &mut self.outward,
        }
    }
}

/// Where the first head ends, its blank line included, whether or not the head is well formed.
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
/// One place in the channel is kept for the last [`Event::Missed`], so that the sum is right even
/// if the receiver reads only after the end.
#[derive(Debug)]
struct Reports {
    /// `None` once the receiver is dropped.
    to: Option<mpsc::Sender<Seen>>,
    missed: u64,
}

impl Reports {
    fn send(&mut self, direction: Direction, event: Event) {
        if self.missed > 0 && self.has_room() {
            self.put(direction, Event::Missed(self.missed));
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
            self.send(direction, Event::Body(Bytes::copy_from_slice(kept)));
        }
    }

    /// This is the only sender, so a free place stays free until the next `put`.
    fn has_room(&self) -> bool {
        self.to.as_ref().is_some_and(|to| to.capacity() > 1)
    }

    fn put(&mut self, direction: Direction, event: Event) {
        let seen = Seen { at: Instant::now(), direction, event };
        if self.to.as_ref().is_some_and(|to| to.try_send(seen).is_err()) {
            self.to = None;
        }
    }
}

impl Drop for Reports {
    fn drop(&mut self) {
        if self.missed > 0 {
            self.put(Direction::In, Event::Missed(self.missed));
        }
    }
}
