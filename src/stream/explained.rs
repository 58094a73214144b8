//! A stream of HTTP answers in which a refusal of hyper's own says what is wrong.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::handshake::{
    HEAD_LIMIT, HeadError, Rejection, encode, has_body, parse_request, read_request,
};

/// A stream under hyper that replaces hyper's empty answer to a malformed head by a [`Rejection`].
///
/// It keeps the bytes of the head that is being read, at most [`HEAD_LIMIT`], to find out what is
/// wrong with it. When a 101 is written, it keeps nothing any more, and bytes pass straight through.
#[derive(Debug)]
pub struct Explained<S> {
    io: S,
    /// What was read since the last answer began. `None` once the connection is a WebSocket.
    head: Option<BytesMut>,
    refusal: Option<Refusal>,
}

/// A refusal that is being written in place of hyper's.
#[derive(Debug)]
struct Refusal {
    rest: Bytes,
    /// The bytes of hyper's.
    replaced: usize,
}

impl<S> Explained<S> {
    /// Explains the refusals of a hyper server that writes to `io`, and whose own answers all have
    /// the headers of [`guard`](crate::handshake::guard).
    pub fn new(io: S) -> Self {
        Self { io, head: Some(BytesMut::new()), refusal: None }
    }

    /// The stream below.
    pub fn into_inner(self) -> S {
        self.io
    }

    fn heard(&mut self, bytes: &[u8]) {
        if let Some(head) = &mut self.head {
            let room = HEAD_LIMIT - head.len();
            head.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// Looks at what hyper is about to write.
    fn is_told(&mut self, answer: &[u8]) {
        let Some(head) = &mut self.head else { return };
        let Some(status) = status(answer) else { return };
        if status == b"101" {
            self.head = None;
        } else if is_own(status, answer) {
            let rest = encode(&why(head, status).to_response());
            self.refusal = Some(Refusal { rest, replaced: answer.len() });
        } else {
            // The next head may have come with the one that is answered.
            match parse_request(head) {
                Ok(Some((request, size))) if !has_body(request.headers()) => head.advance(size),
                _ => *head = BytesMut::new(),
            }
        }
    }
}

/// The three digits, if an answer begins here.
fn status(answer: &[u8]) -> Option<&[u8]> {
    answer.strip_prefix(b"HTTP/1.")?.get(2..5)
}

/// Whether this is a refusal of hyper's own: a whole head without a body, and without the headers
/// that every answer of the routes has.
fn is_own(status: &[u8], answer: &[u8]) -> bool {
    let has =
        |text: &str| answer.windows(text.len()).any(|at| at.eq_ignore_ascii_case(text.as_bytes()));
    status.starts_with(b"4") && answer.ends_with(b"\r\n\r\n") && !has("\r\nx-content-type-options:")
}

fn why(head: &[u8], status: &[u8]) -> Rejection {
    match read_request(head) {
        Err(rejection) => rejection,
        Ok(_) if status == b"400" => {
            HeadError::Malformed("the first line or a header is garbled").into()
        }
        Ok(_) => HeadError::TooLarge.into(),
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Explained<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.io).poll_read(cx, buf))?;
        self.heard(&buf.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.refusal.is_none() {
            self.is_told(buf);
        }
        let Self { io, refusal, .. } = &mut *self;
        let Some(Refusal { rest, replaced }) = refusal else {
            return Pin::new(io).poll_write(cx, buf);
        };
        while rest.has_remaining() {
            let written = ready!(Pin::new(&mut *io).poll_write(cx, rest))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            rest.advance(written);
        }
        let replaced = *replaced;
        *refusal = None;
        Poll::Ready(Ok(replaced))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.refusal.is_none() {
            self.is_told(bufs.first().map_or(&[], |first| first));
        }
        if self.refusal.is_some() {
            return self.poll_write(cx, &[]);
        }
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
