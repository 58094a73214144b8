//! The trait of a room: what a server does with its clients' messages.
//!
//! A room is plain synchronous code without sockets, tasks, locks or timers. An endpoint calls it
//! with one event at a time, and it sends messages through the [`Hub`].

use std::time::Duration;

use serde::Serialize;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use crate::broadcast::{ClientId, Hub};
use crate::stats::Report;
use crate::upgrade::Peer;

/// The rules of a room.
///
/// Events come one at a time, so all members get the messages of a room in the same order. All
/// methods run under the room's lock: they must return soon and never wait. A room that needs a
/// file or a database spawns a task with a clone of the hub, and the task sends the answer.
///
/// ```
/// use tokio_tungstenite::tungstenite::Message;
/// use ws101::broadcast::{ClientId, Hub};
/// use ws101::room::Room;
///
/// /// Sends each message to all clients, its sender included.
/// struct Everyone;
///
/// impl Room for Everyone {
///     fn heard(&mut self, _: ClientId, message: Message, hub: &Hub) {
///         hub.broadcast(message);
///     }
/// }
/// ```
pub trait Room: Send + 'static {
    /// The subprotocols that the room speaks, best first (RFC 6455 §1.9). With none, clients need
    /// not ask for one. An endpoint asks once, when it opens.
    fn subprotocols(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The paths at which clients reach the room; with none, any path. An endpoint asks once, when
    /// it opens.
    fn paths(&self) -> Vec<&'static str> {
        Vec::new()
    }

    /// The endpoint has opened, and will call the room from now on. It is the first call.
    fn opened(&mut self, hub: &Hub) {
        let _ = hub;
    }

    /// Words for an operator, while the room works but something is wrong. `/readyz` shows them.
    fn trouble(&self) -> Option<&'static str> {
        None
    }

    /// A client has connected. It is a member of `hub` already.
    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        let _ = (who, peer, hub);
    }

    /// A client has sent a message, text or binary.
    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub);

    /// A client has sent `message` sooner than its rate allows. The room must not act on it, and
    /// may tell the client to wait for `retry_after`. The endpoint closes a client that does not
    /// slow down with 1008.
    fn flooded(&mut self, who: ClientId, message: Message, retry_after: Duration, hub: &Hub) {
        let _ = (who, message, retry_after, hub);
    }

    /// A client has sent a close frame with `code` (1005 if it has none): its connection did not
    /// break. [`left`](Self::left) follows.
    fn closed(&mut self, who: ClientId, code: CloseCode) {
        let _ = (who, code);
    }

    /// A client's connection has ended, with or without a close frame. Called once for each
    /// [`joined`](Self::joined). The client is no longer a member of `hub`.
    fn left(&mut self, who: ClientId, hub: &Hub) {
        let _ = (who, hub);
    }

    /// The line that the endpoint is to log about the last event; `None` if there is none.
    ///
    /// The endpoint asks after every event of a client, and logs when it holds no lock. A room that
    /// logs itself stops all clients while the log blocks.
    fn noted(&mut self) -> Option<&'static str> {
        None
    }

    /// Tells the time since the start, before every other event. It must be cheap.
    fn now(&mut self, now: Duration) {
        let _ = now;
    }

    /// The next time at which the endpoint is to call [`overdue`](Self::overdue), counted as in
    /// [`now`](Self::now). The endpoint asks after every event, so it must be cheap.
    fn deadline(&self) -> Option<Duration> {
        None
    }

    /// A [`deadline`](Self::deadline) has passed, by a few milliseconds at most.
    fn overdue(&mut self, hub: &Hub) {
        let _ = hub;
    }

    /// About a second has passed since the last call; `now` is the time since the start.
    fn tick(&mut self, now: Duration, hub: &Hub) {
        let _ = (now, hub);
    }

    /// Statistics are due: every `WS_STATS_MS`.
    fn report(&mut self, report: &Report, hub: &Hub) {
        let _ = (report, hub);
    }

    /// The server shuts down. After this call the endpoint closes every client with 1001.
    fn closing(&mut self, hub: &Hub) {
        let _ = hub;
    }
}

/// A text message with `message` as JSON. Encode once and broadcast: the hub shares the bytes.
///
/// # Panics
///
/// `message` cannot be written as JSON, for instance a map whose keys are not strings. Types that
/// derive `Serialize` and have no such map do not panic.
pub fn json(message: &impl Serialize) -> Message {
    Message::text(serde_json::to_string(message).expect("a message for the wire is JSON"))
}
