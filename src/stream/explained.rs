//! A stream of HTTP answers in which a refusal of hyper's own says what is wrong.

mod head_timer;

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::handshake::{
    HEAD_LIMIT, HeadError, Rejection, encode, has_body, parse_request, read_request,
};
pub use head_timer::HeadDeadlines;
use head_timer::{HeadTimer, Overdue};

/// The front of the preface of HTTP/2.
const HTTP_2: &[u8] = b"PRI * HTTP/2.0";

/// The end of a head, with a byte in front that no head may have: hyper refuses what ends so.
const NO_HEAD: &[u8] = b"\0\r\n\r\n";

/// A stream under a hyper server that replaces hyper's empty refusal of a head by a [`Rejection`].
///
/// hyper answers a head that it cannot parse itself, before any route sees it. To find out what is
/// wrong with the head, this stream keeps what was read since the last answer, at most
/// [`HEAD_LIMIT`]. After a 101 it keeps nothing, and bytes pass unchanged.
///
/// hyper closes a connection without an answer when a head takes too long. So this stream has the
/// deadlines, and hyper needs none: a head that has begun and does not end in time is refused with 408
/// (RFC 9110 §15.5.9), and a connection on which none begins in time ends.
#[derive(Debug)]
pub struct Explained<S> {
    io: S,
    /// The bytes that were read since the last answer. `None` once the connection is a WebSocket.
    unanswered: Option<BytesMut>,
    timer: HeadTimer,
    /// Whether a head did not end in time.
    is_late: bool,
    refusal: Option<Refusal>,
}

/// An answer that is written in place of hyper's refusal.
#[derive(Debug)]
struct Refusal {
    /// The bytes that are not written yet.
    rest: Bytes,
    /// The length of hyper's refusal.
    replaced: usize,
}

impl<S> Explained<S> {
    /// Explains the refusals of a hyper server on `io`. All answers of the server's routes must have
    /// the headers of [`guard`](crate::handshake::guard), by which they differ from hyper's.
    pub fn new(io: S, deadlines: HeadDeadlines) -> Self {
        let unanswered = Some(BytesMut::new());
        Self { io, unanswered, timer: HeadTimer::new(deadlines), is_late: false, refusal: None }
    }

    /// The stream below.
    pub fn into_inner(self) -> S {
        self.io
    }

    fn received(&mut self, bytes: &[u8]) {
        if let Some(unanswered) = &mut self.unanswered {
            let room = HEAD_LIMIT - unanswered.len();
            unanswered.extend_from_slice(&bytes[..bytes.len().min(room)]);
        }
    }

    /// Whether `bytes`, which were just read, begin a head that hyper closes over without an answer:
    /// the preface of HTTP/2 (RFC 9113 §3.4).
    fn begins_http_2(&self, bytes: &[u8]) -> bool {
        self.unanswered.as_ref().is_some_and(BytesMut::is_empty) && bytes.starts_with(HTTP_2)
    }

    /// Ready when a deadline is over: with an end if no head has begun, and else with [`NO_HEAD`],
    /// for which hyper refuses the head.
    fn poll_late(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<()> {
        let Some(unanswered) = &self.unanswered else { return Poll::Pending };
        let overdue = ready!(self.timer.poll(cx, !unanswered.is_empty()));
        if overdue == Overdue::Head {
            // hyper may have a whole head, whose body it reads or which it has yet to answer.
            let is_partial = matches!(parse_request(unanswered), Ok(None));
            if !is_partial || buf.remaining() < NO_HEAD.len() {
                return Poll::Pending;
            }
            self.is_late = true;
            buf.put_slice(NO_HEAD);
        }
        Poll::Ready(())
    }

    /// Begins a refusal if `next`, which hyper writes next, is one of hyper's own.
    fn explain(&mut self, next: &[u8]) {
        let (Some(head), None) = (&self.unanswered, &self.refusal) else { return };
        let own = status(next).filter(|status| is_refusal_of_hyper(status, next));
        if let Some(status) = own {
            let reason = if self.is_late { Rejection::Timeout } else { reason(head, status) };
            let rest = encode(&reason.to_response());
            self.refusal = Some(Refusal { rest, replaced: next.len() });
        }
    }

    /// Forgets the request that was answered, if an answer begins with `written`.
    fn answered(&mut self, written: &[u8]) {
        let (Some(unanswered), Some(status)) = (&mut self.unanswered, status(written)) else {
            return;
        };
        self.timer.restart();
        if status == b"101" {
            self.unanswered = None;
            return;
        }
        // The next head may have come together with this request.
        match parse_request(unanswered) {
            Ok(Some((request, size))) if !has_body(request.headers()) => unanswered.advance(size),
            _ => *unanswered = BytesMut::new(),
        }
    }
}

/// The three digits of the status, if an answer begins with `bytes`.
fn status(bytes: &[u8]) -> Option<&[u8]> {
    bytes.strip_prefix(b"HTTP/1.")?.get(2..5)
}

/// Whether `answer` is a whole head without a body, and without the headers of the routes' answers.
fn is_refusal_of_hyper(status: &[u8], answer: &[u8]) -> bool {
    let has =
        |text: &str| answer.windows(text.len()).any(|at| at.eq_ignore_ascii_case(text.as_bytes()));
    status.starts_with(b"4") && answer.ends_with(b"\r\n\r\n") && !has("\r\nx-content-type-options:")
}

/// Why hyper refused `head` with `status`.
fn reason(head: &[u8], status: &[u8]) -> Rejection {
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
        if Pin::new(&mut self.io).poll_read(cx, buf)?.is_pending() {
            return self.poll_late(cx, buf).map(Ok);
        }
        let begins_http_2 = self.begins_http_2(&buf.filled()[before..]);
        self.received(&buf.filled()[before..]);
        if begins_http_2 {
            // In small letters it is no preface, and hyper refuses its version.
            buf.filled_mut()[before] = HTTP_2[0].to_ascii_lowercase();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Explained<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.explain(buf);
        let Self { io, refusal, .. } = &mut *self;
        let Some(Refusal { rest, replaced }) = refusal else {
            let written = ready!(Pin::new(io).poll_write(cx, buf))?;
            self.answered(&buf[..written]);
            return Poll::Ready(Ok(written));
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
        let first: &[u8] = bufs.first().map_or(&[], |first| first);
        self.explain(first);
        if self.refusal.is_some() {
            return self.poll_write(cx, first);
        }
        let written = ready!(Pin::new(&mut self.io).poll_write_vectored(cx, bufs))?;
        self.answered(&first[..written.min(first.len())]);
        Poll::Ready(Ok(written))
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const REQUEST: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
    const ANSWER: &str = "HTTP/1.1 200 OK\r\nX-Content-Type-Options: nosniff\r\n\r\n";
    const REFUSAL: &str = "HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n";

    const DEADLINES: HeadDeadlines =
        HeadDeadlines { idle: Duration::from_secs(30), head: Duration::from_secs(10) };

    /// The bytes that a peer receives of `answers` to `requests`. The pipe is full after [`ANSWER`], so each
    /// answer is written when the peer has read the one before it.
    async fn received(requests: &str, answers: &[&'static str]) -> String {
        let (near, mut far) = duplex(ANSWER.len());
        let mut near = Explained::new(near, DEADLINES);
        let mut head = vec![0; requests.len()];
        let answers = answers.to_vec();
        tokio::spawn(async move {
            near.read_exact(&mut head).await.unwrap();
            for answer in answers {
                near.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        far.write_all(requests.as_bytes()).await.unwrap();
        let mut received = String::new();
        far.read_to_string(&mut received).await.unwrap();
        received
    }

    #[tokio::test]
    async fn a_refusal_says_what_is_wrong_with_the_head_that_it_answers() {
        let garbled = "GET / HTPP/1.1\r\n\r\n";
        let rejection = read_request(garbled.as_bytes()).unwrap_err();
        let explained = String::from_utf8(encode(&rejection.to_response()).into()).unwrap();
        let requests = [REQUEST, REQUEST, garbled].concat();
        let received = received(&requests, &[ANSWER, ANSWER, REFUSAL]).await;
        assert_eq!(received, [ANSWER, ANSWER, &explained].concat());
    }

    #[tokio::test]
    async fn bytes_of_a_websocket_pass_unchanged() {
        let switching = "HTTP/1.1 101 Switching Protocols\r\n\r\n";
        assert_eq!(received(REQUEST, &[switching, REFUSAL]).await, [switching, REFUSAL].concat());
    }
}
