//! From a byte stream to a WebSocket: by hand over any stream, or as a warp filter.
//!
//! Both ways ask the same question,
//! [`Policy::answer`](crate::handshake::Policy::answer), and refuse with the
//! same words. Both give an [`Accepted`]: who asked, and the stream behind it, not yet
//! a WebSocket, so that it can be counted, tapped or shared first.

mod filter;
mod peer;
mod raw;

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};

pub use filter::{PendingUpgrade, Upgrade, UpgradedIo, upgrade};
pub use peer::{Ends, Peer};
pub use raw::{Head, accept, accept_within, read_head, refuse};

use crate::handshake::Rejection;
pub use crate::limits::HEAD_DEADLINE;

/// The longest message accepted by default, in bytes, however it is fragmented.
pub const MAX_MESSAGE_BYTES: usize = 64 * 1024;

/// What one connection reads at a time: a chat line fits in. tungstenite's own 128 KiB are
/// allocated for each connection, idle ones too, and zeroed at each attempt to read.
const READ_BUFFER: usize = 1024;

/// What is collected before it is written without being flushed.
const WRITE_BUFFER: usize = 8 * 1024;

/// What may wait to be written beyond one message: the pongs owed to a peer that does not read.
const WRITE_SLACK: usize = 64 * 1024;

/// Buffers and limits for messages of up to `max_message_bytes`; change what you like.
///
/// 1 KiB is read at a time. What waits to be written is bounded too, by one
/// message and 64 KiB: without a bound a client that pings and never reads
/// fills the server's memory with pongs.
#[must_use]
pub fn config(max_message_bytes: usize) -> WebSocketConfig {
    WebSocketConfig::default()
        .read_buffer_size(READ_BUFFER)
        .write_buffer_size(WRITE_BUFFER)
        .max_write_buffer_size(max_message_bytes.saturating_add(WRITE_SLACK))
        .max_message_size(Some(max_message_bytes))
        .max_frame_size(Some(max_message_bytes))
}

/// Why a stream did not become a WebSocket.
#[derive(Debug, thiserror::Error)]
pub enum AcceptError {
    /// It was refused, and told why.
    #[error("refused: {0}")]
    Rejected(#[from] Rejection),
    /// It ended before the request was whole.
    #[error("the connection ended before the request did")]
    Ended,
    /// Reading or writing failed.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// A granted upgrade: the 101 is out, the first frame is still to be read.
#[derive(Debug)]
pub struct Accepted<S> {
    /// Who asked, for what.
    pub peer: Peer,
    /// The stream, the first frames a hasty client sent behind its request included.
    pub io: S,
}

impl<S> Accepted<S> {
    /// The same upgrade over another stream made of this one.
    pub fn map<T>(self, wrap: impl FnOnce(S) -> T) -> Accepted<T> {
        Accepted { peer: self.peer, io: wrap(self.io) }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Accepted<S> {
    /// The WebSocket, its server's end.
    pub async fn into_socket(self, config: WebSocketConfig) -> WebSocketStream<S> {
        WebSocketStream::from_raw_socket(self.io, Role::Server, Some(config)).await
    }
}
