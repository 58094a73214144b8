//! Sends a request head and reads the answer.

use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::{Response, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};

use super::{Asked, ResponseFault, judge_response};
use crate::handshake::{HeadError, parse_response};

/// The most bytes that are read of the body of a refusal: enough to quote it.
const BODY_LIMIT: usize = 4 * 1024;

/// How long the body of a refusal may take after its head.
const BODY_DEADLINE: Duration = Duration::from_millis(300);

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
    /// A part of a head, then the end of the connection or the deadline.
    Torn(Bytes),
    /// No byte until the deadline.
    Silence,
    /// The end of the connection, without a byte.
    Eof,
    /// An error of the connection, without a byte.
    Reset,
}

impl Answer {
    /// Every fault of this answer to the request `asked`; see [`judge_response`].
    #[must_use]
    pub fn faults(&self, asked: &Asked) -> Vec<ResponseFault> {
        match self {
            Self::Response { head, .. } => judge_response(asked, head),
            Self::Garbage(bytes) | Self::Torn(bytes) => judge_response(asked, bytes),
            Self::Endless => vec![ResponseFault::NotHttp(HeadError::TooLarge)],
            Self::Silence => vec![ResponseFault::NoAnswer(io::ErrorKind::TimedOut)],
            Self::Eof => vec![ResponseFault::NoAnswer(io::ErrorKind::UnexpectedEof)],
            Self::Reset => vec![ResponseFault::NoAnswer(io::ErrorKind::ConnectionReset)],
        }
    }
}

/// Sends the head `request` over `io` and reads the answer, until `deadline`.
///
/// Of an answer other than 101 it also reads the front of the body, for at most 300 ms more.
/// Not cancel safe: a dropped call may have sent and read a part.
pub async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    io: &mut S,
    request: &[u8],
    deadline: Instant,
) -> Answer {
    // A server that answers before it has read everything may have closed already.
    let _ = timeout_at(deadline, io.write_all(request)).await;
    let mut answer = head(io, deadline).await;
    if let Answer::Response { response, rest, .. } = &mut answer
        && response.status() != StatusCode::SWITCHING_PROTOCOLS
    {
        *rest = body(io, rest).await;
    }
    answer
}

async fn head<S: AsyncRead + Unpin>(io: &mut S, deadline: Instant) -> Answer {
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
        let end = match timeout_at(deadline, io.read_buf(&mut received)).await {
            Ok(Ok(1..)) => continue,
            Ok(Ok(0)) => Answer::Eof,
            Ok(Err(_)) => Answer::Reset,
            Err(_) => Answer::Silence,
        };
        // Even `HTT` is the first part of a head.
        return if received.is_empty() { end } else { Answer::Torn(received.freeze()) };
    }
}

async fn body<S: AsyncRead + Unpin>(io: &mut S, begun: &[u8]) -> Bytes {
    let mut body = BytesMut::from(begun);
    let reading = async {
        while body.len() < BODY_LIMIT && io.read_buf(&mut body).await.is_ok_and(|n| n > 0) {}
    };
    // At the deadline, the part that has come is enough to quote.
    let _ = timeout(BODY_DEADLINE, reading).await;
    body.truncate(BODY_LIMIT);
    body.freeze()
}
