//! Byte streams: a trait for any of them, and what servers do with them before and after frames.
//!
//! [`Io`] is any stream that can be read and written. [`Rewind`] puts bytes back in front of a
//! stream. [`within`] bounds the time of a write to a peer that does not read. [`linger`] ends a
//! connection so that the bytes written last still arrive; [`Lingering`] does that for a stream
//! that another library ends. [`Keeping`] keeps a value as long as a stream lives. [`Explained`] says
//! what is wrong with a request that hyper refuses.

mod explained;
mod keeping;
mod lingering;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

pub use explained::{Explained, HeadDeadlines};
pub use keeping::Keeping;
pub use lingering::Lingering;

/// A stream that carries bytes both ways: TCP, TLS, a pipe, a [`Rewind`], a tap.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for S {}

/// Runs `writing` for at most `limit` and gives its result.
///
/// After a time-out half a frame may have been written, so the connection must be closed. Cancel
/// safe if `writing` is.
///
/// # Errors
///
/// Those of `writing`, or an I/O error of kind `TimedOut`.
pub async fn within<T, E: From<io::Error>>(
    limit: Duration,
    writing: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(limit, writing).await.unwrap_or_else(|late| Err(io::Error::from(late).into()))
}

/// How long [`linger`] waits for the peer to hang up.
pub const LINGER: Duration = Duration::from_millis(500);

/// How many bytes [`linger`] and [`Lingering`] read at a time. They discard them.
const LINGER_BUFFER: usize = 4 * 1024;

/// Ends a connection so that the bytes written last still arrive.
///
/// Closing a TCP socket that holds unread input sends a reset, and a reset can destroy a close
/// frame or an HTTP answer that is still on its way. So this shuts down the writing half, then
/// reads and discards until the peer hangs up, for at most `limit`, for example [`LINGER`].
///
/// Cancel safe: dropped, it reads no further. The connection then ends with a plain close, and the
/// system may send a reset.
pub async fn linger<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S, limit: Duration) {
    let reading = async {
        io.shutdown().await?;
        // On the heap: on the stack it would enlarge every connection's task.
        let mut scrap = vec![0; LINGER_BUFFER];
        while io.read(&mut scrap).await? > 0 {}
        io::Result::Ok(())
    };
    // The connection ends now, whether the peer hung up, failed or took too long.
    let _ = timeout(limit, reading).await;
}

/// A stream with some bytes put back: they are read first, then those of the stream.
///
/// A server that reads a request head may read too far, because a client may send its first frame
/// right behind the head. `Rewind` gives those bytes to the next reader. Writes go to the stream
/// unchanged.
#[derive(Debug)]
pub struct Rewind<S> {
    front: Bytes,
    io: S,
}

impl<S> Rewind<S> {
    /// A stream from which `front` is read first, and then `io`.
    pub fn new(front: &[u8], io: S) -> Self {
        Self { front: Bytes::copy_from_slice(front), io }
    }

    /// The bytes of the front that are still unread, and the stream behind them.
    pub fn into_parts(self) -> (Bytes, S) {
        (self.front, self.io)
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewind<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.front.is_empty() {
            return Pin::new(&mut self.io).poll_read(cx, buf);
        }
        let n = self.front.len().min(buf.remaining());
        buf.put_slice(&self.front[..n]);
        self.front.advance(n);
        if self.front.is_empty() {
            self.front = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewind<S> {
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
