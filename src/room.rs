//! What is said, apart from how it travels.
//!
//! A room is plain synchronous code: no sockets, no tasks, no locks, no timers.
//! It hears an event and speaks through the [`Hub`].

use std::time::Duration;

use serde::Serialize;
use tokio_tungstenite::tungstenite::Message;

use crate::broadcast::{ClientId, Hub};
use crate::stats::Report;
use crate::upgrade::Peer;

/// A chat's rules. Events come one at a time, so whatever a room says, all of
/// its members see in the same order.
///
/// A room that needs a file or a database sends itself to a task and speaks
/// later, through a clone of the hub.
pub trait Room: Send + 'static {
    /// The subprotocols it speaks, best first (RFC 6455 §1.9). With none, any client may come.
    const SUBPROTOCOLS: &'static [&'static str] = &[];

    /// The paths it is reached at; with none, any will do.
    const PATHS: &'static [&'static str] = &[];

    /// Someone came in. They are a member of `hub` already.
    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        let _ = (who, peer, hub);
    }

    /// Someone said something: a text or a binary message.
    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub);

    /// Someone said `message` too soon after the last one: it was not heard, and they may be told
    /// when to try again. Whoever does not listen is closed with 1008.
    fn flooded(&mut self, who: ClientId, message: Message, retry_after: Duration, hub: &Hub) {
        let _ = (who, message, retry_after, hub);
    }

    /// Someone is gone, exactly once, however it happened. They are no longer a member.
    fn left(&mut self, who: ClientId, hub: &Hub) {
        let _ = (who, hub);
    }

    /// What the log is to say of the event before, once: asked after every event of a connection,
    /// and written when no lock is held. A room that logs by itself stops everyone while the log
    /// blocks.
    fn noted(&mut self) -> Option<&'static str> {
        None
    }

    /// The time, counted from the start: told before every other event. Cheap, or it costs all.
    fn now(&mut self, now: Duration) {
        let _ = now;
    }

    /// The next moment at which [`overdue`](Self::overdue) is to be called, in the time of
    /// [`now`](Self::now). Asked after every event; it must be cheap, too.
    fn deadline(&self) -> Option<Duration> {
        None
    }

    /// A [`deadline`](Self::deadline) has passed, by a few milliseconds at most.
    fn overdue(&mut self, hub: &Hub) {
        let _ = hub;
    }

    /// About a second has passed; `now` counts from the start.
    fn tick(&mut self, now: Duration, hub: &Hub) {
        let _ = (now, hub);
    }

    /// Statistics are due.
    fn report(&mut self, report: &Report, hub: &Hub) {
        let _ = (report, hub);
    }

    /// The last chance to speak before everyone is closed with 1001.
    fn closing(&mut self, hub: &Hub) {
        let _ = hub;
    }
}

/// A message as JSON text, encoded once; the hub shares the bytes.
///
/// # Panics
///
/// If `message` cannot be JSON, as a map with keys that are no strings; types
/// that derive `Serialize` for the wire can.
pub fn json(message: &impl Serialize) -> Message {
    Message::text(serde_json::to_string(message).expect("a message for the wire is JSON"))
}
