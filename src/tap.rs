//! A stream that shows what crosses it: every head and every frame, both ways.
//!
//! Wrap any stream in a [`Tap`] and use it as before; what it carries is
//! reported on a channel. It may sit at the client's end or the server's, and
//! it changes nothing: not a byte, not the order, not the pace. Whoever reports
//! to the slow must drop something, so a full channel counts what it missed.

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
/// Only the answer tells whether they are frames. A client that sends more gets
/// all of it reported as [`Event::Body`].
pub const EARLY_LIMIT: usize = 16 * 1024;

/// What a tap may keep for its observer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of each payload, and of each direction's body; of longer payloads a digest tells the rest.
    pub keep: usize,
    /// Events that may wait for the observer; more are counted and dropped. 0 counts as 1.
    pub events: usize,
}

impl Default for Limits {
    /// 4 KiB of each payload, 256 events: 1 MiB, and the two heads.
    fn default() -> Self {
        Self { keep: 4 * 1024, events: 256 }
    }
}

/// Which way bytes go, as seen by the owner of the tapped stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Direction {
    /// Read from the stream.
    In,
    /// Written to it.
    Out,
}

/// One thing that crossed the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// When the last byte of it did; for early bytes, when the 101 did.
    pub at: Instant,
    /// Which way.
    pub direction: Direction,
    /// What.
    pub event: Event,
}

/// What can be seen on a wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request or a response head, to the blank line, well formed or not.
    Head(Bytes),
    /// A frame, after a 101.
    Frame(Frame),
    /// Bytes that are neither: the text of a refusal, or no HTTP. At most
    /// [`Limits::keep`] of each direction, in whatever pieces they came.
    Body(Bytes),
    /// The part of a frame that came before the end.
    Torn(Torn),
    /// The direction's orderly end.
    Eof,
    /// The direction's other end, such as a reset.
    Error(io::ErrorKind),
    /// So many events, of either direction, found the channel full since the one before.
    Missed(u64),
}

/// Any stream, with everything that crosses it reported.
#[derive(Debug)]
pub struct Tap<S> {
    io: S,
    watch: Watch,
}

impl<S> Tap<S> {
    /// Taps `io` from its first byte; the receiver gets what is seen.
    ///
    /// Dropping the receiver ends the reporting and nothing else.
    pub fn new(io: S, limits: Limits) -> (Self, mpsc::Receiver<Seen>) {
        let (watch, seen) = Watch::new(limits);
        (Self { io, watch }, seen)
    }

    /// The stream, no longer tapped.
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
        let (before, room) = (buf.filled().len(), buf.remaining());
        let polled = Pin::new(&mut self.io).poll_read(cx, buf);
        match &polled {
            Poll::Ready(Ok(())) => match &buf.filled()[before..] {
                // No bytes are the end, unless none were wanted.
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
