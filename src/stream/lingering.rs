//! A stream that lingers when it is shut down.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::LINGER_BUFFER;

/// A stream whose shutdown is a [`linger`](super::linger): for a program that drops it afterwards.
///
/// Shutting down ends the writing half, then reads and discards until the peer hangs up, for at
/// most the limit. Reads and writes go to the stream unchanged.
#[derive(Debug)]
pub struct Lingering<S> {
    io: S,
    limit: Duration,
    /// Runs from the moment the writing half has ended.
    ending: Option<Pin<Box<Sleep>>>,
}

impl<S> Lingering<S> {
    /// `io`, whose shutdown waits for the peer for at most `limit`, for example
    /// [`LINGER`](super::LINGER).
    pub fn new(io: S, limit: Duration) -> Self {
        Self { io, limit, ending: None }
    }

    /// The stream, whose shutdown only ends the writing half.
    pub fn into_inner(self) -> S {
        self.io
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Lingering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(cx, buf)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Lingering<S> {
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
        let Self { io, limit, ending } = &mut *self;
        if ending.is_none() {
            ready!(Pin::new(&mut *io).poll_shutdown(cx))?;
        }
        let ending = ending.get_or_insert_with(|| Box::pin(sleep(*limit)));
        let mut scrap = [0; LINGER_BUFFER];
        // The time is checked before each read, because a peer may send without end.
        while ending.as_mut().poll(cx).is_pending() {
            let mut rest = ReadBuf::new(&mut scrap);
            // The peer hung up or failed.
            if ready!(Pin::new(&mut *io).poll_read(cx, &mut rest)).is_err()
                || rest.filled().is_empty()
            {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
    use tokio::time::Instant;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn shutting_down_reads_what_still_comes_and_ends_with_the_peer() {
        let (near, mut far) = duplex(64);
        let mut near = Lingering::new(near, LIMIT);
        let peer = tokio::spawn(async move {
            // More than the pipe holds: it is taken only by one that reads.
            far.write_all(&[0; 10_000]).await.unwrap();
            let mut said = String::new();
            far.read_to_string(&mut said).await.unwrap();
            said
        });
        near.write_all(b"no").await.unwrap();
        let began = Instant::now();
        near.shutdown().await.unwrap();
        assert!(began.elapsed() < LIMIT);
        assert_eq!(peer.await.unwrap(), "no");
    }

    #[tokio::test(start_paused = true)]
    async fn a_peer_that_stays_is_left_when_the_time_is_up() {
        let (near, mut far) = duplex(64);
        let mut near = Lingering::new(near, LIMIT);
        let began = Instant::now();
        near.shutdown().await.unwrap();
        assert_eq!(began.elapsed().as_secs(), LIMIT.as_secs());
        assert_eq!(far.read(&mut [0]).await.unwrap(), 0, "the writing half has ended");
    }
}
