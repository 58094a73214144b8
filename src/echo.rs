//! The echo loop: every message that a peer sends is sent back.
//!
//! Conformance suites test a server with it. A fragmented message returns as one message, text as
//! text and binary as binary. Pings are answered in between, and the caller learns how the
//! connection ended.

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

pub use crate::limits::WRITE_DEADLINE;
use crate::stream::within;

/// Answers every text with what `reply` returns for it, and every binary message with the same
/// bytes, until the peer closes.
///
/// Returns the peer's close frame, for [`close::reply`](crate::close::reply). If the peer does
/// not read, each reply waits for at most [`WRITE_DEADLINE`]; other connections are not affected.
///
/// Not cancel safe: dropped while it sends a reply, it may have written part of a frame.
///
/// # Errors
///
/// The rule of the protocol that the peer broke, or how the connection was lost. A reply that the
/// stream did not take in time is an I/O error of kind `TimedOut`.
pub async fn echo<S>(
    socket: &mut WebSocketStream<S>,
    mut reply: impl FnMut(&str) -> String,
) -> Result<Option<CloseFrame>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    while let Some(message) = socket.next().await {
        let echo = match message? {
            Message::Close(frame) => return Ok(frame),
            Message::Text(text) => Message::text(reply(&text)),
            binary @ Message::Binary(_) => binary,
            // tungstenite answers pings itself (RFC 6455 §5.5.2).
            Message::Ping(_) | Message::Pong(_) | Message::Frame(_) => continue,
        };
        within(WRITE_DEADLINE, socket.send(echo)).await?;
    }
    Err(Error::ConnectionClosed)
}
