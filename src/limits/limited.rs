//! A stream watched for what no well-meaning client sends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use super::{Bucket, MESSAGE_DEADLINE, lenient};
use crate::frame::{Headers, Opcode};

/// How many frames one message may come in.
pub const MAX_FRAGMENTS: u32 = 1024;

/// How many messages and control frames may come for each message of the rate.
const FRAMES: u32 = 12;

/// The first byte of a ping: FIN and the opcode (RFC 6455 §5.2).
const PING: u8 = 0x80 | 0x09;

/// What no well-meaning client does. It ends the connection with close code 1008.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Excess {
    /// Messages, however short, and control frames: pings too.
    #[error("too many frames a second")]
    Frames,
    /// A message in crumbs.
    #[error("a message in more than {MAX_FRAGMENTS} frames")]
    Fragments,
    /// A message without an end.
    #[error("a message of more than {} ms", .0.as_millis())]
    Unfinished(Duration),
}

impl Excess {
    /// The excess that an I/O error stands for, if it does.
    #[must_use]
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref().copied()
    }
}

/// A stream of a client's frames that ends in an [`Excess`] when there is too much of something.
///
/// Fragments and control frames never reach a program: only here can they be counted.
/// A pong that answers a ping written to this stream is not counted, and neither is a
/// close frame: the server asked for the first, and nothing follows the second.
#[derive(Debug)]
pub struct Limited<S> {
    io: S,
    headers: Headers,
    frames: Bucket,
    fragments: u32,
    max_fragments: u32,
    /// Pings written that no pong has come for.
    pings: u32,
    /// The last write ended inside a buffer, so the next begins inside a frame.
    torn: bool,
    /// When the message began that has not ended.
    since: Option<Instant>,
    /// Runs while the rest of that message is waited for.
    late: Option<Pin<Box<Sleep>>>,
    /// An excess was reported: what still comes is read and thrown away by whoever says goodbye.
    is_over: bool,
    deadline: Duration,
}

impl<S> Limited<S> {
    /// Watches `io`, of a client that may send `rate` messages a second; 0 is no limit.
    pub fn new(io: S, rate: u32) -> Self {
        Self {
            io,
            headers: Headers::default(),
            frames: lenient(rate.saturating_mul(FRAMES)),
            fragments: 0,
            max_fragments: MAX_FRAGMENTS,
            pings: 0,
            torn: false,
            since: None,
            late: None,
            is_over: false,
            deadline: MESSAGE_DEADLINE,
        }
    }

    /// Watches `io` for messages that take too long, and for nothing else.
    pub fn in_time(io: S) -> Self {
        Self { max_fragments: u32::MAX, ..Self::new(io, 0) }
    }

    /// The same, for messages that may take `deadline` instead of [`MESSAGE_DEADLINE`], from the
    /// first byte of the first frame to the last byte of the last.
    ///
    /// Reading fails with [`Excess::Unfinished`] when the time is up, whether more comes or not.
    #[must_use]
    pub fn message_within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// The stream, watched no more.
    pub fn into_inner(self) -> S {
        self.io
    }

    fn check(&mut self, bytes: &[u8]) -> Result<(), Excess> {
        let Self { headers, frames, fragments, max_fragments, pings, since, .. } = self;
        let mut verdict = Ok(());
        // A header that came in two pieces began with the first of them.
        let mut has_begun = headers.unfinished() > 0;
        let mut begins = false;
        headers.feed(bytes, |header| {
            begins |= *fragments == 0 && !has_begun;
            has_begun = false;
            let is_answer = header.opcode == Opcode::Pong && *pings > 0;
            if is_answer {
                *pings -= 1;
            }
            // The fragments before a message's last one have a limit of their own.
            let is_counted = header.fin && !is_answer && header.opcode != Opcode::Close;
            if is_counted && frames.take().is_err() {
                verdict = Err(Excess::Frames);
            }
            if header.opcode.is_control() {
                return;
            }
            *fragments = fragments.saturating_add(1);
            if *fragments > *max_fragments {
                verdict = Err(Excess::Fragments);
            }
            if header.fin {
                *fragments = 0;
            }
        });
        // Of the header of the next message, nothing came before this read.
        let unfinished = headers.unfinished();
        begins |= *fragments == 0 && (1..=bytes.len()).contains(&unfinished);
        if *fragments == 0 && !headers.is_inside() {
            (self.since, self.late) = (None, None);
        } else if begins || since.is_none() {
            self.since = Some(Instant::now());
            self.late = None;
        } else if since.is_some_and(|began| began.elapsed() >= self.deadline) {
            verdict = Err(Excess::Unfinished(self.deadline));
        }
        verdict
    }

    /// Ready when the message that has begun should have ended.
    fn poll_late(&mut self, cx: &mut Context<'_>) -> Poll<Excess> {
        let Some(since) = self.since else { return Poll::Pending };
        let due = since + self.deadline;
        let late = self.late.get_or_insert_with(|| Box::pin(sleep_until(due)));
        late.as_mut().poll(cx).map(|()| Excess::Unfinished(self.deadline))
    }

    /// Counts the pings in what was written. A buffer begins with a frame, unless the one
    /// before was not taken whole.
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
        let verdict = match read {
            Poll::Ready(Ok(())) => this.check(&buf.filled()[before..]),
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
            Poll::Pending => Err(ready!(this.poll_late(cx))),
        };
        this.is_over = verdict.is_err();
        Poll::Ready(verdict.map_err(io::Error::other))
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
