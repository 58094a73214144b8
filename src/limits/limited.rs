//! A stream that fails when a client sends too many frames, or a message that takes too long.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Bucket, MESSAGE_DEADLINE, lenient};
use crate::frame::{Headers, Opcode};

/// The most frames in one message.
pub const MAX_FRAGMENTS: u32 = 1024;

/// Messages and control frames that may come a second, as a multiple of the rate of messages.
const FRAMES: u32 = 12;

/// The first byte of a ping: FIN and the opcode (RFC 6455 §5.2).
const PING: u8 = 0x80 | 0x09;

/// A limit that a client exceeded. It ends the connection with close code 1008.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LimitError {
    /// Too many messages and control frames a second, however short. Pings count.
    #[error("too many frames a second")]
    Frames,
    /// Too many frames in one message.
    #[error("a message in more than {MAX_FRAGMENTS} frames")]
    Fragments,
    /// A message that took longer than this.
    #[error("a message of more than {} ms", .0.as_millis())]
    Unfinished(Duration),
}

impl LimitError {
    /// The limit error inside an I/O error, if there is one.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// The limits of a [`Limited`] stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameLimits {
    /// Messages a second. Of messages and control frames together, twelve times as many may come,
    /// and a burst may be four times that. 0, the default, is no limit.
    pub rate: u32,
    /// Frames in one message: [`MAX_FRAGMENTS`] in a server, `u32::MAX` by default.
    pub max_fragments: u32,
    /// The time that a message may take, from the first byte of its first frame to the last byte of
    /// its last: [`MESSAGE_DEADLINE`] by default. After that, reading fails with
    /// [`LimitError::Unfinished`], whether more bytes come or not.
    pub deadline: Duration,
}

/// Limits only the time that a message may take.
impl Default for FrameLimits {
    fn default() -> Self {
        Self { rate: 0, max_fragments: u32::MAX, deadline: MESSAGE_DEADLINE }
    }
}

/// A stream of a client's frames. Reading fails with a [`LimitError`] when the client exceeds a limit.
///
/// tungstenite handles fragments and control frames itself, so a program cannot count them; this
/// stream does. It does not count a pong that answers a ping written to this stream, because the
/// server asked for it. It does not count a close frame, because nothing follows it.
#[derive(Debug)]
pub struct Limited<S> {
    io: S,
    headers: Headers,
    frames: Bucket,
    fragments: u32,
    max_fragments: u32,
    /// Pings written that have no pong yet.
    pings: u32,
    /// Whether the last write took part of a buffer, so the next begins inside a frame.
    torn: bool,
    /// When the unfinished message began.
    since: Option<Instant>,
    /// Runs until the deadline of that message.
    late: Option<Pin<Box<Sleep>>>,
    /// Whether an error was reported. The caller still reads while it closes; nothing is checked then.
    is_over: bool,
    deadline: Duration,
}

impl<S> Limited<S> {
    /// Limits the frames that are read from `io`.
    pub fn new(io: S, limits: FrameLimits) -> Self {
        Self {
            io,
            headers: Headers::default(),
            frames: lenient(limits.rate.saturating_mul(FRAMES)),
            fragments: 0,
            max_fragments: limits.max_fragments,
            pings: 0,
            torn: false,
            since: None,
            late: None,
            is_over: false,
            deadline: limits.deadline,
        }
    }

    /// The stream without the limits.
    pub fn into_inner(self) -> S {
        self.io
    }

    fn check(&mut self, bytes: &[u8]) -> Result<(), LimitError> {
        let Self { headers, frames, fragments, max_fragments, pings, since, .. } = self;
        let mut outcome = Ok(());
        // A header that came in two reads began with the first of them.
        let mut has_begun = headers.unfinished() > 0;
        let mut begins = false;
        headers.feed(bytes, |header| {
            begins |= *fragments == 0 && !has_begun;
            has_begun = false;
            let is_answer = header.opcode == Opcode::Pong && *pings > 0;
            if is_answer {
                *pings -= 1;
            }
            // The frames of a message before its last one are limited by `max_fragments`.
            let is_counted = header.fin && !is_answer && header.opcode != Opcode::Close;
            if is_counted && frames.take().is_err() {
                outcome = Err(LimitError::Frames);
            }
            if header.opcode.is_control() {
                return;
            }
            *fragments = fragments.saturating_add(1);
            if *fragments > *max_fragments {
                outcome = Err(LimitError::Fragments);
            }
            if header.fin {
                *fragments = 0;
            }
        });
        // Whether the header of the next message began in this read.
        let unfinished = headers.unfinished();
        begins |= *fragments == 0 && (1..=bytes.len()).contains(&unfinished);
        if *fragments == 0 && !headers.is_inside() {
            (self.since, self.late) = (None, None);
        } else if begins || since.is_none() {
            self.since = Some(Instant::now());
            self.late = None;
        } else if since.is_some_and(|began| began.elapsed() >= self.deadline) {
            outcome = Err(LimitError::Unfinished(self.deadline));
        }
        outcome
    }

    /// Ready at the deadline of the message that has begun.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<LimitError> {
        let Some(since) = self.since else { return Poll::Pending };
        let due = since + self.deadline;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep_until(due)));
        late.as_mut().poll(cx).map(|()| LimitError::Unfinished(self.deadline))
    }

    /// Counts the pings among the bytes written. A buffer begins with a frame, unless the last write
    /// took only part of a buffer.
    fn wrote<'b>(&mut self, buffers: impl IntoIterator<Item = &'b [u8]>, mut written: usize) {
        for buffer in buffers {
            if written == 0 {
                return;
            }
            if !self.torn && buffer.first() == Some(&PING) {
                self.pings = self.pings.saturating_add(1);
            }
            self.torn = written < buffer.len();
            written = written.saturating_sub(buffer.len());
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Limited<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let before = buf.filled().len();
        let read = Pin::new(&mut this.io).poll_read(cx, buf);
        if this.is_over {
            return read;
        }
        let outcome = match read {
            Poll::Ready(Ok(())) => this.check(&buf.filled()[before..]),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => Err(ready!(this.poll_late(cx))),
        };
        this.is_over = outcome.is_err();
        Poll::Ready(outcome.map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, buf);
        if let Poll::Ready(Ok(written)) = written {
            self.wrote([buf], written);
        }
        written
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bufs);
        if let Poll::Ready(Ok(written)) = written {
            self.wrote(bufs.iter().map(|buffer| &**buffer), written);
        }
        written
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
