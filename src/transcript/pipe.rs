//! A connection in memory.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

use super::serving::Handler;
use crate::tap::Direction;

/// One end of a connection in memory, which can end as TCP does: in order, or by a reset.
///
/// Dropping an end closes it: the other end reads the bytes that are under way, then the end of the
/// stream. After [`reset`](Self::reset) the other end gets an error at once.
#[derive(Debug)]
pub struct Pipe {
    io: DuplexStream,
    is_reset: Arc<AtomicBool>,
    /// The handler that has this end, if it is the server's in a transcript.
    handler: Option<Arc<Handler>>,
}

impl Pipe {
    /// Both ends of a connection on which each may be `capacity` bytes ahead of the other.
    #[must_use]
    pub fn pair(capacity: usize) -> (Self, Self) {
        let (near, far) = tokio::io::duplex(capacity);
        let is_reset = Arc::<AtomicBool>::default();
        let end = |io, is_reset| Self { io, is_reset, handler: None };
        (end(near, is_reset.clone()), end(far, is_reset))
    }

    /// Ends the connection as a crash does: the other end gets
    /// [`ConnectionReset`](ErrorKind::ConnectionReset), and bytes under way are lost.
    pub fn reset(self) {
        // Dropping this end, after that, wakes the other one.
        self.is_reset.store(true, Ordering::Release);
    }

    /// The same end, watched for its handler.
    pub(super) fn of(mut self, handler: Arc<Handler>) -> Self {
        self.handler = Some(handler);
        self
    }

    /// Does an operation on the stream, if this end may.
    fn operate<T>(
        &mut self,
        direction: Direction,
        operation: impl FnOnce(Pin<&mut DuplexStream>) -> Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        self.check()?;
        let io = Pin::new(&mut self.io);
        match &self.handler {
            Some(handler) => handler.operate(direction, || operation(io)),
            None => operation(io),
        }
    }

    fn check(&self) -> io::Result<()> {
        if self.is_reset.load(Ordering::Acquire) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl Drop for Pipe {
    fn drop(&mut self) {
        if let Some(handler) = &self.handler {
            handler.dropped();
        }
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.operate(Direction::In, |io| io.poll_read(cx, buf))
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.operate(Direction::Out, |io| io.poll_write(cx, buf))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.operate(Direction::Out, |io| io.poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}
