//! A stream watched for what no well-meaning client sends.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Instant;

use super::{Bucket, MESSAGE_DEADLINE, lenient};
use crate::frame::Headers;

/// How many frames one message may come in.
pub const MAX_FRAGMENTS: u32 = 1024;

/// How many messages and control frames may come for each message of the rate.
const FRAMES: u32 = 12;

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
#[derive(Debug)]
pub struct Limited<S> {
    io: S,
    headers: Headers,
    frames: Bucket,
    fragments: u32,
    /// When the message began that has not ended.
    since: Option<Instant>,
    deadline: Duration,
}

impl<S> Limited<S> {
    /// Watches `io`, of a client that may send `rate` messages a second; 0 is no limit.
    pub fn new(io: S, rate: u32) -> Self {
        let frames = lenient(rate.saturating_mul(FRAMES));
        let deadline = MESSAGE_DEADLINE;
        Self { io, headers: Headers::default(), frames, fragments: 0, since: None, deadline }
    }

    /// The same, for messages that may take `deadline` instead of [`MESSAGE_DEADLINE`].
    ///
    /// It is noticed when more comes; of a client that sends no more, a heartbeat tells.
    #[must_use]
    pub fn message_within(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    fn check(&mut self, bytes: &[u8]) -> Result<(), Excess> {
        let Self { headers, frames, fragments, since, deadline, .. } = self;
        let mut verdict = Ok(());
        headers.feed(bytes, |header| {
            // The fragments before a message's last one have a limit of their own.
            if header.fin && frames.take().is_err() {
                verdict = Err(Excess::Frames);
            }
            if header.opcode.is_control() {
                return;
            }
            *fragments += 1;
            if *fragments > MAX_FRAGMENTS {
                verdict = Err(Excess::Fragments);
            }
            if header.fin {
                (*fragments, *since) = (0, None);
            } else {
                since.get_or_insert_with(Instant::now);
            }
        });
        if since.is_some_and(|began| began.elapsed() > *deadline) {
            verdict = Err(Excess::Unfinished(*deadline));
        }
        verdict
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
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        Poll::Ready(this.check(&buf.filled()[before..]).map_err(io::Error::other))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Limited<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
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
