//! Makes a WebSocket of a byte stream: over any stream, or as a warp filter.
//!
//! Both judge the request by [`Policy::answer`](crate::handshake::Policy::answer) and refuse it by
//! [`Rejection::to_response`]. Both give an [`Accepted`]: the client's request and the stream. The
//! stream is not yet a WebSocket, so that a server can count, tap or share it first.

mod filter;
mod peer;
mod raw;

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

pub use filter::{HttpIo, PendingUpgrade, Upgrade, UpgradedIo, upgrade};
pub use peer::{Ends, Peer};
pub use raw::{Head, accept, read_head, refuse};

use crate::handshake::Rejection;
pub use crate::limits::{HEAD_DEADLINE, MAX_MESSAGE_BYTES};

/// The bytes that one connection reads at a time: a chat line fits in. tungstenite allocates its
/// default of 128 KiB for each connection, idle ones too, and zeroes it before each read.
const READ_BUFFER: usize = 1024;

/// The bytes that are collected before they are written without a flush.
const WRITE_BUFFER: usize = 8 * 1024;

/// The bytes that may wait to be written beyond one message: pongs for a peer that does not read.
const WRITE_SLACK: usize = 64 * 1024;

/// Buffers and limits of a WebSocket for messages of up to `max_message_bytes`.
///
/// It reads 1 KiB at a time. One message and 64 KiB may wait to be written: without that bound a
/// client that pings and never reads fills the server's memory with pongs.
#[must_use]
pub fn config(max_message_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(max_message_bytes.saturating_add(WRITE_SLACK))
        .max_message_size(Some(max_message_bytes))
        .max_frame_size(Some(max_message_bytes))
}

/// The reason why a stream did not become a WebSocket.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AcceptError {
    /// The request was refused, and the refusal was sent.
    #[error("refused: {0}")]
    Rejected(#[from] Rejection),
    /// The stream ended before the request was complete.
    #[error("the connection ended before the request did")]
    Ended,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// An accepted upgrade: the 101 is sent, and no frame has been read.
#[derive(Debug)]
pub struct Accepted<S> {
    /// The client, as its request shows it.
    pub peer: Peer,
    /// The stream. Frames that the client sent right behind its request are read from it first.
    pub io: S,
}

impl<S> Accepted<S> {
    /// The same upgrade over the stream that `wrap` makes of this one.
    pub fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Accepted<T> {
        Accepted { peer: self.peer, io: wrap(self.io) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Accepted<S> {
    /// Makes the server's end of the WebSocket. It waits for nothing. Cancel safe.
    pub async fn into_socket(self, config: WebSocketConfig) -> WebSocketStream<S> {
        WebSocketStream::from_raw_socket(self.io, Role::Server, Some(config)).await
    }
}
