//! A stream that reports every head and every frame that crosses it, in both directions.
//!
//! Wrap any stream in a [`Tap`] and use it as before: a channel reports the heads and frames. It works
//! at the client's end and at the server's. It changes no byte and never waits for the receiver:
//! when the channel is full, events are counted and dropped ([`TapEvent::Missed`]).
//!
//! It decodes frames as they are (RFC 6455 §5.2) and checks no rule;
//! [`Checker`](crate::frame::Checker) does that.

mod event;
mod watch;

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::mpsc;

pub use event::{Direction, Seen, TapEvent};
pub use watch::{EARLY_LIMIT, Limits};

use watch::Watch;

/// A stream that reports the heads and frames that cross it.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};
/// use ws101::frame::Frame;
/// use ws101::tap::{Direction, Limits, Tap, TapEvent};
///
/// let (client, mut server) = duplex(1024);
/// let (mut client, mut events) = Tap::new(client, Limits::default());
///
/// let request = b"GET /chat HTTP/1.1\r\nHost: localhost\r\n\r\n";
/// client.write_all(request).await?;
/// server.write_all(b"HTTP/1.1 101 Switching Protocols\r\n\r\n").await?;
/// server.write_all(&Frame::text("hi").to_bytes()).await?;
/// client.read(&mut [0; 1024]).await?;
///
/// let seen = events.recv().await.unwrap();
/// assert_eq!(seen.direction, Direction::Out);
/// assert_eq!(seen.event, TapEvent::Head(request[..].into()));
/// assert!(matches!(events.recv().await.unwrap().event, TapEvent::Head(_)));
/// let seen = events.recv().await.unwrap();
/// assert_eq!(seen.direction, Direction::In);
/// assert_eq!(seen.event, TapEvent::Frame(Frame::text("hi")));
/// # Ok(())
/// # }
/// ```
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

    /// Reports the head or frame of which only a part was read so far, as the end of the stream would. A
    /// part is reported once, until more of it is read.
    pub fn report_part(&mut self) {
        self.watch.report_part();
    }

    /// The stream below. What is read from it or written to it is not reported.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.io
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
                [] if room > 0 => self.watch.ended(Direction::In, TapEvent::Eof),
                bytes => self.watch.saw(Direction::In, bytes),
            },
            Poll::Ready(Err(error)) => {
                self.watch.ended(Direction::In, TapEvent::Error(error.kind()));
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
                self.watch.ended(Direction::Out, TapEvent::Error(error.kind()));
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
            self.watch.ended(Direction::Out, TapEvent::Eof);
        }
        polled
    }
}
