//! The loop every lesson starts from: what comes in goes out again.
//!
//! Small as it is, it is what conformance suites are pointed at: fragments come
//! back joined, text as text and binary as binary, pings are answered in
//! between, and the end is told, not swallowed.

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

pub use crate::limits::WRITE_DEADLINE;
use crate::stream::within;

/// Answers every text with what `reply` makes of it, and binary with itself, until the peer closes.
///
/// Returns the peer's close frame, ready for
/// [`goodbye::answer`](crate::goodbye::answer). A peer that does not read holds
/// up its own echo for [`WRITE_DEADLINE`], and nothing else.
///
/// # Errors
///
/// The rule the peer broke, or how the connection was lost; an echo not
/// accepted in time is an I/O error of kind `TimedOut`.
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
