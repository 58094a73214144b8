//! Fan-out: one message comes in and goes out to every member, with a stated policy for slow members.
//!
//! ```text
//!            Hub::broadcast ──► log ──► one write per member and round
//!            Hub::send, close ──► that member's backlog
//!                                           │
//!   session ── Mailbox::drive ──────────────┴──► Outlet ──► socket
//! ```
//!
//! A [`Hub`] holds the [`Outlet`] of each member: the member's byte stream, shared with its session.
//! The hub encodes a broadcast once and appends it to a log. When the tasks that are ready to run
//! have added theirs, one task writes the log to each member directly, without waking the member's
//! task. What a socket does not take at once becomes that member's *backlog*, which is counted in
//! bytes and bounded. The member's session writes it out through [`Mailbox::drive`].
//!
//! Every member receives all its messages in the order in which the hub got them: broadcasts and
//! messages to one member alone.
//!
//! The hub does not report whether a message arrived. The session of a member that cannot keep up
//! ends with close code 1013.
//!
//! A file uses only the files above its own in this list: `member` (ids, audiences), `held`, `encode`,
//! `scheduler` (locks, tasks, timers), `guarded` (panics of streams), `pace`, `input`, `outlet` (one byte
//! stream), `log`, `roster` (all members), `shared` (state and policy), `writer` (rounds),
//! `mailbox` (one membership), `hub`.

mod encode;
mod guarded;
mod held;
mod hub;
mod input;
mod log;
mod mailbox;
mod member;
mod outlet;
mod pace;
mod roster;
mod scheduler;
mod shared;
mod writer;

pub use hub::{Delivery, Hub};
pub use mailbox::Mailbox;
pub use member::{Audience, ClientId};
pub use outlet::Outlet;
pub use shared::{HubOptions, Overflow};

/// A member's WebSocket, built on its outlet.
pub type Socket = tokio_tungstenite::WebSocketStream<Outlet>;
