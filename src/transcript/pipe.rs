//! A connection in memory.

use std::io::{self, ErrorKind, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// One end of a connection in memory, which can end as TCP does: in order, or by a reset.
///
/// Dropping an end closes it: the other end reads the bytes that are under way, then the end of the
/// stream. After [`reset`](Self::reset) the other end gets an error at once.
#[derive(Debug)]
pub struct Pipe {
    io: DuplexStream,
    is_reset: Arc<AtomicBool>,
}

impl Pipe {
    /// Both ends of a connection on which each may be `capacity` bytes ahead of the other.
    #[must_use]
    pub fn pair(capacity: usize) -> (Self, Self) {
        let (near, far) = tokio::io::duplex(capacity);
        let is_reset = Arc::<AtomicBool>::default();
        (Self { io: near, is_reset: is_reset.clone() }, Self { io: far, is_reset })
    }

    /// Ends the connection as a crash does: the other end gets
    /// [`ConnectionReset`](ErrorKind::ConnectionReset), and bytes under way are lost.
    pub fn reset(self) {
        // Dropping this end, after that, wakes the other one.
        self.is_reset.store(true, Ordering::Release);
    }

    fn check(&self) -> io::Result<()> {
        if self.is_reset.load(Ordering::Acquire) {
            return Err(ErrorKind::ConnectionReset.into());
        }
        Ok(())
    }
}

impl AsyncRead for Pipe {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check()?;
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.io).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check()?;
        Pin::new(&mut self.io).poll_write_vectored(cx, bufs)
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
