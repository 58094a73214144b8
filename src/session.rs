//! One WebSocket connection, from its handshake to its end: one task with one loop.

use std::time::Duration;

use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::broadcast::{Mailbox, Outlet};
use crate::close::{self, Closed, Ending, next_message};
use crate::heartbeat::Heartbeat;

/// Runs a connection to its end, and calls `heard` with each text and binary message, and at the
/// end with the peer's close frame, if there is one.
///
/// The socket must be built on the [`Outlet`] that `mailbox` joined with. The result always has a
/// close code: the peer's, the hub's, 1011 for a peer that the heartbeat gave up, the code of a
/// protocol violation, or 1006 (RFC 6455 §7.4).
///
/// `heard` is dropped before the closing handshake starts, and also if the future is dropped. So
/// whatever it owns learns at once that the client sends no more.
///
/// Waits are bounded by the heartbeat's and the hub's deadlines, then by `close` for the closing
/// handshake and by [`LINGER`](crate::stream::LINGER) for the peer to end the TCP connection.
///
/// # Cancel safety
///
/// Not cancel safe: a dropped future ends the connection without a close frame.
// Not an `async fn`: the future of one keeps a second copy of its arguments, in every connection's
// task.
#[allow(clippy::manual_async_fn)]
pub fn run<H: FnMut(Message)>(
    socket: &mut WebSocketStream<Outlet>,
    mailbox: &Mailbox,
    heartbeat: &mut Heartbeat,
    mut heard: H,
    close: Duration,
) -> impl Future<Output = Closed> {
    async move {
        let end = loop {
            tokio::select! {
                incoming = next_message(socket) => match incoming {
                    Ok(message) => {
                        heartbeat.heard(&message);
                        // tungstenite answers pings (RFC 6455 §5.5.2).
                        if message.is_text() || message.is_binary() {
                            heard(message);
                        }
                    }
                    Err(end) => {
                        if let Ending::Peer(Ok(frame)) = &end {
                            heard(Message::Close(frame.clone()));
                        }
                        break end;
                    }
                },
                ended = mailbox.drive() => break ended.into(),
                beat = heartbeat.beat_hearing(|| mailbox.heard_at()) => match beat {
                    // Queued, not awaited: while the socket is full, the loop must go on reading,
                    // or two peers that both wait to write would wait for ever.
                    Ok(ping) => mailbox.say(&ping),
                    Err(gone) => break CloseFrame::from(gone).into(),
                },
            }
        };
        // No data frame may follow the close frame (RFC 6455 §5.5.1).
        mailbox.leave();
        drop(heard);
        // Boxed, so that the task of an open connection has no room for this future.
        Box::pin(close::finish(socket, end, close)).await
    }
}
