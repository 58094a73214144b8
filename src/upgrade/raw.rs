//! The upgrade over any stream.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use http::Request;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

use super::{AcceptError, Accepted, Peer};
use crate::handshake::{self, Policy, Rejection};
use crate::stream::{LINGER, Rewind, linger};

/// The bytes that are reserved for a head before its length is known.
const HEAD_BUFFER: usize = 1024;

/// A complete request head in origin form (RFC 9112 §3.2.1), and the stream behind it.
#[derive(Debug)]
pub struct Head<S> {
    /// The request; no [`Policy`] has judged it.
    pub request: Request<()>,
    /// All bytes read so far, which begin with the head.
    pub bytes: Bytes,
    /// How many of them are the head.
    pub size: usize,
    /// The rest of the connection.
    pub io: S,
}

/// Reads a request head from `io`: at most 16 KiB and 100 headers, within `deadline`.
///
/// # Errors
///
/// A head that is too large, too late or malformed, or that does not tell where its body ends, is
/// refused before this returns. Not cancel safe: the bytes that were read are lost.
pub async fn read_head<S>(mut io: S, deadline: Duration) -> Result<Head<S>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut bytes = BytesMut::with_capacity(HEAD_BUFFER);
    let reading = async {
        loop {
            if io.read_buf(&mut bytes).await? == 0 {
                return Err(AcceptError::Ended);
            }
            if let Some(read) = handshake::read_request(&bytes)? {
                return Ok(read);
            }
        }
    };
    let read = timeout(deadline, reading).await;
    match read.unwrap_or(Err(AcceptError::Rejected(Rejection::Timeout))) {
        Ok((request, size)) => Ok(Head { request, bytes: bytes.freeze(), size, io }),
        Err(AcceptError::Rejected(rejection)) => Err(refuse(io, rejection).await),
        Err(error) => Err(error),
    }
}

/// Serves the opening handshake on `io` (RFC 6455 §4.2): reads the request within `deadline`, for
/// example [`HEAD_DEADLINE`](crate::limits::HEAD_DEADLINE), and answers it.
///
/// # Errors
///
/// A request that may not upgrade is refused before this returns. Not cancel safe: the bytes that
/// were read are lost.
pub async fn accept<S>(
    io: S,
    policy: &Policy,
    deadline: Duration,
) -> Result<Accepted<Rewind<S>>, AcceptError>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let Head { request, bytes, size, mut io } = read_head(io, deadline).await?;
    match policy.answer(&request) {
        Ok(agreement) => {
            let peer = Peer::new(&request, &agreement);
            io.write_all(&handshake::encode(&agreement.to_response())).await?;
            io.flush().await?;
            Ok(Accepted { peer, io: Rewind::new(&bytes[size..], io) })
        }
        Err(rejection) => Err(refuse(io, rejection).await),
    }
}

/// Sends a refusal, and reads until the client hangs up, so that no reset destroys the answer
/// (see [`linger`]). Each of the two takes at most [`LINGER`].
///
/// Gives `rejection` as an error. Not cancel safe: dropped, it leaves the answer unsent or half
/// sent.
pub async fn refuse<S>(mut io: S, rejection: Rejection) -> AcceptError
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let response = rejection.to_response();
    let told = timeout(LINGER, async {
        io.write_all(&handshake::encode(&response)).await?;
        io.flush().await
    });
    // The connection to a client that does not read the refusal is dropped.
    if matches!(told.await, Ok(Ok(()))) {
        linger(&mut io, LINGER).await;
    }
    rejection.into()
}
