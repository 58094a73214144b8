//! Sends a request head and reads the answer.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::header::{CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Asked, ResponseFault, judge_response};
use crate::handshake::{HeadError, parse_response};

/// The most bytes that are read of the body of a refusal: enough to quote it.
const BODY_LIMIT: usize = 4 * 1024;

/// How long the body of a refusal may take after its head, if the head does not say where it ends or
/// it is late.
const BODY_DEADLINE: Duration = Duration::from_millis(1500);

/// The end of a body in chunks (RFC 9112 §7.1).
const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// The answer to a request: a response, or the reason why there is none.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer {
    /// A response.
    Response {
        /// The bytes of its head.
        head: Bytes,
        /// The head, parsed.
        response: Response<()>,
        /// The bytes behind the head. After a 101 these are the first frames; after another status,
        /// at most the first 4 KiB of the body.
        rest: Bytes,
    },
    /// Bytes that are not an HTTP response.
    Garbage(Bytes),
    /// A head of more than 16 KiB or a hundred lines.
    Endless,
    /// A part of a head, then the end of the connection, an error of it, or the deadline (`TimedOut`).
    Torn(Bytes, io::ErrorKind),
    /// No byte until the deadline.
    Silence,
    /// The end of the connection, without a byte.
    Eof,
    /// An error of the connection, without a byte.
    Reset,
}

impl Answer {
    /// Whether it is a response before the real one, such as 103 Early Hints (RFC 9110 §15.2). A 101 is
    /// the real one.
    pub(crate) fn is_interim(&self) -> bool {
        matches!(self, Self::Response { response, .. } if is_interim(response.status()))
    }

    /// Every fault of this answer to the request `asked`; see [`judge_response`].
    #[must_use]
    pub fn faults(&self, asked: &Asked) -> Vec<ResponseFault> {
        match self {
            Self::Response { head, .. } => judge_response(asked, head),
            Self::Garbage(bytes) | Self::Torn(bytes, _) => judge_response(asked, bytes),
            Self::Endless => vec![ResponseFault::NotHttp(HeadError::TooLarge)],
            Self::Silence => vec![ResponseFault::NoAnswer(io::ErrorKind::TimedOut)],
            Self::Eof => vec![ResponseFault::NoAnswer(io::ErrorKind::UnexpectedEof)],
            Self::Reset => vec![ResponseFault::NoAnswer(io::ErrorKind::ConnectionReset)],
        }
    }
}

/// Sends the head `request` over `io` and reads the answer, until `deadline`.
///
/// Of an answer other than 101 it also reads the front of the body, for at most 1.5 s more; of an interim
/// one, such as 103, what follows up to the head of the real answer.
/// Not cancel safe: a dropped call may have sent and read a part.
pub async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    request: &[u8],
    deadline: Instant,
) -> Answer {
    ask_whole(io, request, deadline, BODY_LIMIT).await
}

/// The same with at most `limit` bytes of the body. Not cancel safe either.
pub(crate) async fn ask_whole<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    request: &[u8],
    deadline: Instant,
    limit: usize,
) -> Answer {
    let mut answer = ask_head(io, request, deadline).await;
    if let Answer::Response { response, rest, .. } = &mut answer
        && response.status() != StatusCode::SWITCHING_PROTOCOLS
    {
        *rest = body(io, response, rest, limit).await;
    }
    answer
}

/// Sends the head `request` over `io` and reads the head of the answer, until `deadline`.
///
/// The first response counts, also a 100 or 103: Chromium waits for no other behind it.
/// Not cancel safe: a dropped call may have sent and read a part.
pub async fn ask_head<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    request: &[u8],
    deadline: Instant,
) -> Answer {
    // A server that answers before it has read everything may have closed already.
    let _ = timeout_at(deadline, io.write_all(request)).await;
    let mut received = BytesMut::new();
    loop {
        match parse_response(&received) {
            Ok(Some((response, size))) => {
                let rest = received.split_off(size).freeze();
                return Answer::Response { head: received.freeze(), response, rest };
            }
            Ok(None) => {}
            Err(HeadError::TooLarge | HeadError::TooManyHeaders) => return Answer::Endless,
            Err(_) => return Answer::Garbage(received.freeze()),
        }
        let (end, kind) = match timeout_at(deadline, io.read_buf(&mut received)).await {
            Ok(Ok(1..)) => continue,
            Ok(Ok(0)) => (Answer::Eof, io::ErrorKind::UnexpectedEof),
            Ok(Err(error)) => (Answer::Reset, error.kind()),
            Err(_) => (Answer::Silence, io::ErrorKind::TimedOut),
        };
        // Even `HTT` is the first part of a head.
        return if received.is_empty() { end } else { Answer::Torn(received.freeze(), kind) };
    }
}

fn is_interim(status: StatusCode) -> bool {
    status.is_informational() && status != StatusCode::SWITCHING_PROTOCOLS
}

/// The first response in `bytes` that is not interim (RFC 9110 §15.2): what comes behind a 100 or a 103.
pub(crate) fn final_response(bytes: &[u8]) -> Option<Response<()>> {
    let mut rest = bytes;
    while let Ok(Some((response, size))) = parse_response(rest) {
        if !is_interim(response.status()) {
            return Some(response);
        }
        rest = &rest[size..];
    }
    None
}

async fn body<S: AsyncRead + Unpin>(
    io: &mut S,
    response: &Response<()>,
    begun: &[u8],
    limit: usize,
) -> Bytes {
    let mut body = BytesMut::from(begun);
    let header = |name| response.headers().get(name).and_then(|value| value.to_str().ok());
    let is_chunked = header(TRANSFER_ENCODING).is_some();
    let length = header(CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
    let status = response.status();
    let is_empty = matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    let is_whole = |body: &[u8]| match length {
        _ if is_interim(status) => final_response(body).is_some(),
        _ if is_empty => true,
        _ if is_chunked => body.ends_with(LAST_CHUNK),
        Some(length) => body.len() >= length,
        None => false,
    };
    let reading = async {
        while body.len() < limit && !is_whole(&body) {
            if !io.read_buf(&mut body).await.is_ok_and(|n| n > 0) {
                return;
            }
        }
    };
    // At the deadline, the part that has come is enough to quote.
    let _ = timeout(BODY_DEADLINE, reading).await;
    body.truncate(limit);
    body.freeze()
}
