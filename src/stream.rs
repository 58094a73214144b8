//! Byte streams: what may be done with any of them, before and after the frames.
//!
//! Five small things every server needs and none should write twice: one name
//! for "something I can read and write" ([`Io`]), a stream with bytes put back
//! ([`Rewind`]), a limit for who does not read ([`within`]), and an ending that
//! does not destroy the last words ([`linger`], and [`Lingering`] for a stream
//! that somebody else ends).

mod lingering;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::{Buf, Bytes};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::time::timeout;

pub use lingering::Lingering;

/// Anything that carries bytes both ways: TCP, TLS, a pipe, a [`Rewind`], a tap.
pub trait Io: AsyncRead + AsyncWrite + Unpin + Send + 'static {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send + 'static> Io for S {}

/// What `writing` gives, if it takes no longer than `limit`; else an I/O error of kind `TimedOut`.
///
/// What was written by then may be half a frame: the connection is good for nothing more.
///
/// # Errors
///
/// Those of `writing`, and that one.
pub async fn within<T, E: From<io::Error>>(
    limit: Duration,
    writing: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    timeout(limit, writing).await.unwrap_or_else(|late| Err(io::Error::from(late).into()))
}

/// How long [`linger`] waits for the peer to hang up.
pub const LINGER: Duration = Duration::from_millis(500);

/// How much [`linger`] and [`Lingering`] read at a time; everything read is thrown away.
const LINGER_BUFFER: usize = 4 * 1024;

/// Ends a connection so that the last bytes written still arrive.
///
/// Closing a TCP socket that holds unread input sends a reset, and a reset can
/// destroy a close frame or an HTTP answer that is still on its way. So: shut
/// down the writing half, then read and discard until the peer hangs up, for at
/// most `limit` ([`LINGER`] is a good one).
///
/// Not cancel safe in the sense of finishing early: a dropped `linger` is a
/// plain close.
pub async fn linger<S: AsyncRead + AsyncWrite + Unpin>(io: &mut S, limit: Duration) {
    let farewell = async {
        io.shutdown().await?;
        // On the heap, or every connection's task would have room for it from the start.
        let mut scrap = vec![0; LINGER_BUFFER];
        while io.read(&mut scrap).await? > 0 {}
        io::Result::Ok(())
    };
    // Whether the peer hung up, failed or took too long: it is over.
    let _ = timeout(limit, farewell).await;
}

/// A stream with some bytes put back: they are read first, then the stream goes on.
///
/// Whoever reads a request head reads a little too far: a client may send its
/// first frame right behind the head. `Rewind` gives those bytes to the next
/// reader. Writing passes straight through.
#[derive(Debug)]
pub struct Rewind<S> {
    front: Bytes,
    io: S,
}

impl<S> Rewind<S> {
    /// `front` is read before anything from `io`.
    pub fn new(front: &[u8], io: S) -> Self {
        Self { front: Bytes::copy_from_slice(front), io }
    }

    /// What has not been read back yet, and the stream behind it.
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
