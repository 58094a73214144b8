//! The events that a tap reports.

use std::io;

use bytes::Bytes;
use tokio::time::Instant;

use crate::frame::{Frame, Torn};

/// The direction of bytes, as the owner of the tapped stream sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// The bytes were read from the stream.
    In,
    /// The bytes were written to the stream.
    Out,
}

/// One event, with its time and its direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When its last byte crossed the stream; for bytes before the answer, when the answer did.
    pub at: Instant,
    /// The direction.
    pub direction: Direction,
    /// The event.
    pub event: TapEvent,
}

/// An event that a tap reports.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TapEvent {
    /// A request or a response head, to the blank line, well formed or not.
    Head(Bytes),
    /// A frame, after a 101.
    Frame(Frame),
    /// Bytes that are neither a head nor frames: the text of a refusal, or not HTTP. At most
    /// [`Limits::keep`](super::Limits::keep) bytes of each direction, in the pieces in which they came.
    Body(Bytes),
    /// The part of a frame that came before the stream ended, or before [`Tap::report_part`](super::Tap::report_part),
    /// and its bytes as far as they are kept.
    Torn(Torn, Bytes),
    /// The direction ended in order.
    Eof,
    /// The direction ended with an error, such as a reset.
    Error(io::ErrorKind),
    /// This many events, of either direction, were dropped since the one before.
    Missed(u64),
}
