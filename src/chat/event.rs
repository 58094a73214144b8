//! The events of the chat, which each dialect writes in its own form.

use std::time::Duration;

use serde_json::Value;

use super::request::RequestError;
use crate::crowd::{Named, Summary};
use crate::stats::Report;

/// A member of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The public id, which lasts as long as the connection.
    pub id: String,
    /// The name that the member chose or was given.
    pub username: String,
    /// Whether the member chose the name.
    pub named: bool,
    /// The [name](super::Dialect::name) of the dialect that the member's client speaks.
    pub dialect: &'static str,
}

impl Named for Member {
    fn name(&self) -> &str {
        &self.username
    }
}

/// The limits on what one client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Characters in a message's `content`.
    pub content: usize,
    /// Characters in a name.
    pub username: usize,
    /// Bytes in one WebSocket message; a longer one ends the connection with 1009.
    pub message_bytes: usize,
}

/// Something that happened. A [`Dialect`](super::Dialect) writes it for its clients.
///
/// `seq` is the number of a lasting event. Lists of members name at most
/// [`LISTED`](crate::crowd::LISTED); `count` is how many there are. A `timestamp` is UTC in
/// RFC 3339, with milliseconds.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A client has connected; it may have no name yet. Sent to it alone.
    Connected {
        /// The public id of the connection.
        id: &'a str,
        /// When it connected.
        timestamp: String,
    },
    /// A client became a member. Sent to it alone.
    Welcome {
        /// A random id of this membership.
        session: String,
        /// The new member.
        user: &'a Member,
        /// The life of the room in which `seq` counts.
        epoch: &'a str,
        /// The number of the last lasting event.
        seq: u64,
        /// The first members, the new one among them.
        members: Vec<&'a Member>,
        /// The number of members.
        count: usize,
        /// The limits on what the client may send.
        limits: ClientLimits,
        /// How often the server pings the client.
        ping_interval: Duration,
        /// When it became a member.
        timestamp: String,
    },
    /// A client became a member. Sent to the others.
    UserJoined {
        /// The number of this event.
        seq: u64,
        /// The new member.
        user: &'a Member,
        /// The first members.
        members: Vec<&'a Member>,
        /// The number of members now.
        count: usize,
        /// When the member joined.
        timestamp: String,
    },
    /// A member has left.
    UserLeft {
        /// The number of this event.
        seq: u64,
        /// The member who left.
        user: &'a Member,
        /// The first members of those who remain.
        members: Vec<&'a Member>,
        /// The number of members now.
        count: usize,
        /// When the member left.
        timestamp: String,
    },
    /// A member has another name.
    Renamed {
        /// The number of this event; `None` if only the member itself is told at once.
        seq: Option<u64>,
        /// The member, under the new name.
        user: &'a Member,
        /// The old name.
        from: &'a str,
        /// The first members.
        members: Vec<&'a Member>,
        /// The number of members.
        count: usize,
        /// When the member was renamed.
        timestamp: String,
    },
    /// The arrivals, departures and renamings of the last second that were too many for single
    /// events. It has no number: it does not last, and a client that returns gets a list instead.
    Presence {
        /// Whether a client cannot follow the summary, and must take `members` for its list.
        full: bool,
        /// The members that arrived, left or have another name.
        summary: &'a Summary<Member>,
        /// The first members.
        members: Vec<&'a Member>,
        /// The number of members now.
        count: usize,
        /// When the summary was made.
        timestamp: String,
    },
    /// A member sent a message.
    Message {
        /// The number of this event.
        seq: u64,
        /// The id that the sender's client gave it, or a random one.
        id: &'a str,
        /// The sender.
        user: &'a Member,
        /// The text.
        content: &'a str,
        /// The message as the client sent it, if its dialect accepts any JSON.
        data: Option<&'a Value>,
        /// When the server received the message.
        timestamp: String,
    },
    /// The receipt for a request with an `id`. Sent to the client that made the request.
    Ack {
        /// The request's `id`.
        id: &'a str,
        /// The number of the event that the request caused; `None` if it changed nothing.
        seq: Option<u64>,
        /// When the request was done.
        timestamp: String,
        /// Whether the request came and was done before.
        duplicate: bool,
    },
    /// A member is typing, or has stopped. Sent to the others.
    Typing {
        /// The member.
        user: &'a Member,
        /// Whether the member is typing.
        active: bool,
        /// How long this holds unless it is repeated.
        expires: Duration,
    },
    /// Statistics are due.
    Heartbeat {
        /// The statistics.
        stats: &'a Report,
        /// When the statistics were read.
        timestamp: String,
    },
    /// The server shuts down and will close every connection with 1001.
    Shutdown {
        /// When the shutdown began.
        timestamp: String,
    },
    /// The answer to a ping. Sent to the client that pinged.
    Pong {
        /// The JSON of the ping, unchanged.
        timestamp: Value,
        /// The time of the server.
        server_time: String,
    },
    /// A request was refused; the connection stays open. Sent to the client that made it.
    Error(RequestError),
}
