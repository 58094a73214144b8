//! A stream that reports every head and every frame that crosses it, in both directions.
//!
//! Wrap any stream in a [`Tap`] and use it as before: a channel reports what it carries. It works
//! at the client's end and at the server's. It changes no byte and never waits for the receiver:
//! when the channel is full, events are counted and dropped ([`Event::Missed`]).

mod watch;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::frame::{Frame, Torn};
use watch::Watch;

/// The most bytes held of what a client sends after its request and before the answer: 16 KiB.
///
/// Whether these bytes are frames depends on the answer. If a client sends more than this, all of
/// them are reported as [`Event::Body`].
pub const EARLY_LIMIT: usize = 16 * 1024;

/// How much a tap keeps for the receiver of its events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many bytes are kept of each payload, and of each direction's body. A longer payload
    /// comes with a digest of all of it.
    pub keep: usize,
    /// How many events may wait for the receiver; more are counted and dropped. 0 counts as 1.
    pub events: usize,
}

impl Default for Limits {
    /// 4 KiB of each payload, 256 events: 1 MiB, and the two heads.
    fn default() -> Self {
        Self { keep: 4 * 1024, events: 256 }
    }
}

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
    pub event: Event,
}

/// What a tap reports of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// A request or a response head, to the blank line, well formed or not.
    Head(Bytes),
    /// A frame, after a 101.
    Frame(Frame),
    /// Bytes that are neither a head nor frames: the text of a refusal, or not HTTP. At most
    /// [`Limits::keep`] bytes of each direction, in the pieces in which they came.
    Body(Bytes),
    /// The part of a frame that came before the stream ended.
    Torn(Torn),
    /// The direction ended in order.
    Eof,
    /// The direction ended with an error, such as a reset.
    Error(io::ErrorKind),
    /// This many events, of either direction, were dropped since the one before.
    Missed(u64),
}

/// A stream that reports what crosses it.
#[derive(Debug)]
pub struct Tap<S> {
    io: S,
    watch: Watch,
}

impl<S> Tap<S> {
    /// Taps `io` from its first byte. The receiver gets the events.
    ///
    /// Dropping the receiver ends the reports; the stream goes on.
    pub fn new(io: S, limits: Limits) -> (Self, mpsc::Receiver<Seen>) {
        let (watch, seen) = Watch::new(limits);
        (Self { io, watch }, seen)
    }

    /// Ends the reports and gives the stream back.
    #[must_use]
    pub fn into_inner(self) -> S {
        self.io
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let room = buf.remaining();
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        match &polled {
            Poll::Ready(Ok(())) => match &buf.filled()[before..] {
                // A read of no bytes is the end, unless the buffer has no room.
                [] if room > 0 => self.watch.ended(Direction::In, Event::Eof),
                bytes => self.watch.saw(Direction::In, bytes),
            },
            Poll::Ready(Err(error)) => {
                self.watch.ended(Direction::In, Event::Error(error.kind()));
            }
            Poll::Pending => {}
        }
        polled
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(buf)])
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = Pin::new(&mut self.io);
        let polled = match bufs {
            [buf] => io.poll_write(cx, buf),
            bufs => io.poll_write_vectored(cx, bufs),
        };
        match &polled {
            Poll::Ready(Ok(written)) => {
                let mut left = *written;
                for buf in bufs {
                    let bytes = &buf[..left.min(buf.len())];
                    self.watch.saw(Direction::Out, bytes);
                    left -= bytes.len();
                }
            }
            Poll::Ready(Err(error)) => {
                self.watch.ended(Direction::Out, Event::Error(error.kind()));
            }
            Poll::Pending => {}
        }
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.io).poll_shutdown(cx);
        if let Poll::Ready(Ok(())) = polled {
            self.watch.ended(Direction::Out, Event::Eof);
        }
        polled
    }
}
