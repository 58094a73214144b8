//! Fan-out: one message in, every member's connection out, and a stated policy for the slow.
//!
//! ```text
//!            Hub::broadcast ──► log ──► one write per member and round
//!            Hub::send, close ──► that member's backlog
//!                                           │
//!   session ── Mailbox::drive ──────────────┴──► Outlet ──► socket
//! ```
//!
//! A [`Hub`] knows its members' [`Outlet`]s: their byte streams, shared. What
//! is said to all is encoded once, appended to a log and, when everyone who is
//! ready to speak has spoken, written to each member directly, without waking
//! its task. What a socket does not take at once becomes that member's
//! *backlog*, counted in bytes and bounded; its session empties it through
//! [`Mailbox::drive`]. One order holds for all: every member sees all messages
//! in the order in which the hub was told them, replies included.
//!
//! What became of a message is not known when it is said. Who could not keep up
//! is told by how its session ends: close code 1013.

mod guarded;
mod hub;
mod log;
mod mailbox;
mod outlet;
mod pace;
mod roster;
mod writer;

/// What decides who runs when: `model/` puts a scheduler here that tries every order.
mod scheduler {
    pub(super) use std::sync::{Mutex, MutexGuard};

    pub(super) use tokio::spawn;
    pub(super) use tokio::time::{Instant, sleep};
}

pub use hub::{Audience, ClientId, Delivery, Hub, Overflow};
pub use mailbox::Mailbox;
pub use outlet::Outlet;

/// A member's WebSocket, built on its outlet.
pub type Socket = tokio_tungstenite::WebSocketStream<Outlet>;
