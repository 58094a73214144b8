//! One connection: one task, one loop, three things that can happen next.

use std::time::Duration;

use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

use crate::broadcast::{Mailbox, Outlet};
use crate::goodbye::{self, Closed, next_message};
use crate::heartbeat::Heartbeat;

/// Runs a connection to its end, handing every text and binary message to `heard`.
///
/// The socket must be built on the [`Outlet`] that `mailbox` joined with. The
/// end always has a code: the peer's, the hub's, 1011 for a peer that fell
/// silent, what a broken rule earned, or 1006.
///
/// `heard` is dropped when the conversation is over, before the goodbye: what
/// it owns learns of the end at once and however it comes, a dropped session
/// included.
///
/// Its deadlines: the heartbeat's and the hub's, then `close` for the
/// goodbye and [`LINGER`](crate::stream::LINGER) for the peer to hang up.
// Not an `async fn`: one would hold what it is given twice, in every connection's task.
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
                        // tungstenite answers pings itself (RFC 6455 §5.5.2).
                        if message.is_text() || message.is_binary() {
                            heard(message);
                        }
                    }
                    Err(end) => break end,
                },
                ended = mailbox.drive() => break ended.into(),
                beat = heartbeat.beat_hearing(|| mailbox.heard_at()) => match beat {
                    // Not awaited: a ping that waits for a full socket must not
                    // keep us from reading what would empty it.
                    Ok(ping) => mailbox.say(&ping),
                    Err(gone) => break CloseFrame::from(gone).into(),
                },
            }
        };
        // Nothing may follow a close frame (RFC 6455 §5.5.1).
        mailbox.leave();
        drop(heard);
        // Boxed: until then, no connection's task needs room for it.
        Box::pin(goodbye::finish_within(socket, end, close)).await
    }
}
