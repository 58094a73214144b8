//! The events of the chat, which each dialect writes in its own form.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::request::RequestError;
use crate::crowd::{Named, Summary};
use crate::receipts::Fingerprint;
use crate::settings::Settings;
use crate::stats::Report;

/// A member of the room. Its texts are boxed, because there are many members and most are idle.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The public id, which lasts as long as the connection, or the person's token.
    pub id: Box<str>,
    /// The name that the member chose or was given.
    pub username: Box<str>,
    /// Whether the member chose the name.
    pub named: bool,
    /// The [name](super::Dialect::name) of the dialect that the member's client speaks.
    pub dialect: &'static str,
    /// The person's connections: more than one only if they have the same token. None for a moment
    /// after the last one broke.
    pub connections: u32,
    /// Those of them at which the person has not said to be away.
    pub present: u32,
    /// The fingerprint of the person's token, if it has one.
    pub(super) token: Option<Fingerprint>,
}

impl Member {
    /// Somebody of an earlier life of the server, who may have left since.
    pub(super) fn former(id: Box<str>, username: Box<str>) -> Self {
        Self { id, username, named: true, dialect: "", connections: 0, present: 0, token: None }
    }

    /// Whether the person said to be away at every connection. One whose connections broke is not.
    #[must_use]
    pub fn is_away(&self) -> bool {
        self.present == 0 && self.connections > 0
    }
}

impl Named for Member {
    fn name(&self) -> &str {
        &self.username
    }
}

/// Why a member left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Its client closed the connection, or cannot come back.
    Closed,
    /// The connection broke, and the person did not come back.
    TimedOut,
    /// The teacher ended its connections.
    Kicked,
}

/// A decision of the teacher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Ruling<'a> {
    /// Only the teacher may send.
    Locked,
    /// Everybody may send again.
    Unlocked,
    /// The time between two messages of one member; none if zero.
    Slow(Duration),
    /// All messages so far are forgotten.
    Cleared,
    /// A text for everybody.
    Announced(&'a str),
    /// The member that is told may not send for a time.
    Muted(Duration),
    /// The member that is told may send again.
    Unmuted,
}

impl Ruling<'_> {
    /// The decision in English words.
    #[must_use]
    pub fn english(&self) -> String {
        match self {
            Self::Locked => "Only the teacher may write now".to_owned(),
            Self::Unlocked => "Everybody may write again".to_owned(),
            Self::Slow(Duration::ZERO) => "Slow mode is off".to_owned(),
            Self::Slow(time) => format!("Slow mode: one message in {} s", time.as_secs()),
            Self::Cleared => "The teacher has cleared the room".to_owned(),
            Self::Announced(text) => (*text).to_owned(),
            Self::Muted(time) => format!("You may not write for {} s", time.as_secs()),
            Self::Unmuted => "You may write again".to_owned(),
        }
    }

    /// The decision in Russian words.
    #[must_use]
    pub fn russian(&self) -> String {
        match self {
            Self::Locked => "Сейчас писать может только преподаватель".to_owned(),
            Self::Unlocked => "Писать снова могут все".to_owned(),
            Self::Slow(Duration::ZERO) => "Медленный режим выключен".to_owned(),
            Self::Slow(time) => format!("Медленный режим: одно сообщение в {} с", time.as_secs()),
            Self::Cleared => "Преподаватель очистил комнату".to_owned(),
            Self::Announced(text) => (*text).to_owned(),
            Self::Muted(time) => format!("Вам нельзя писать {} с", time.as_secs()),
            Self::Unmuted => "Вам снова можно писать".to_owned(),
        }
    }
}

/// A reaction to a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reaction {
    /// One of [`REACTIONS`](super::REACTIONS).
    pub emoji: &'static str,
    /// The public ids of the members that have it, in the order in which they reacted.
    pub users: Vec<Box<str>>,
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
        /// The token by which the chat will know the person again, if its client asked for one.
        token: Option<&'a str>,
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
        /// Whether the client gets all that it missed, if it asked for that.
        recovered: Option<bool>,
        /// Whether only the teacher may send.
        locked: bool,
        /// The time between two messages of one member.
        slow: Duration,
        /// The settings of the room: limits, times and more that a dialect may tell its clients.
        settings: &'a Settings,
        /// When it became a member.
        timestamp: String,
    },
    /// All that a client missed was sent, and what follows is new. Sent to a client that resumed.
    ReplayEnd {
        /// The life of the room in which `seq` counts.
        epoch: &'a str,
        /// The number of the last lasting event.
        seq: u64,
        /// Whether nothing is missing.
        recovered: bool,
    },
    /// A part of the history. Sent to the client that asked for it.
    History {
        /// The `id` of the request.
        reference: Option<&'a str>,
        /// The life of the room in which `seq` counts.
        epoch: &'a str,
        /// The events, oldest first, as clients that [resume](super::Dialect::resumes) got them.
        events: Vec<&'a Message>,
        /// Whether the room keeps more of them on the side that was asked for.
        more: bool,
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
        /// Why the member left.
        why: Departure,
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
    /// Members are away or back, or have more or fewer connections. It has no number.
    States {
        /// These members, as they are now.
        members: Vec<&'a Member>,
        /// The number of members.
        count: usize,
        /// When it was told.
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
        /// The number of the message that it answers.
        reply_to: Option<u64>,
        /// When it was edited last, in the history.
        edited: Option<&'a str>,
        /// The reactions to it, in the history.
        reactions: &'a [Reaction],
        /// When the server received the message.
        timestamp: String,
    },
    /// A message has another text.
    Edited {
        /// The number of this event.
        seq: u64,
        /// The number of the message.
        target: u64,
        /// Its author.
        user: &'a Member,
        /// The new text; `None` in the history if a later event has replaced it.
        content: Option<&'a str>,
        /// When it was edited.
        timestamp: String,
    },
    /// A message was deleted. In the history, the same stands in its place, with the message's own number.
    Deleted {
        /// The number of this event.
        seq: u64,
        /// The number of the message.
        target: u64,
        /// The member that deleted it.
        user: &'a Member,
        /// When it was deleted.
        timestamp: String,
    },
    /// A member has reacted to a message, or has taken the reaction back.
    Reaction {
        /// The number of this event.
        seq: u64,
        /// The number of the message.
        target: u64,
        /// The member that reacted.
        user: &'a Member,
        /// One of [`REACTIONS`](super::REACTIONS).
        emoji: &'static str,
        /// Whether the member has the reaction now.
        active: bool,
        /// When the member reacted.
        timestamp: String,
    },
    /// A member sent a message to some members. Sent to every connection of theirs, and of the sender's.
    /// It has no number and is not kept: others must not find a gap where it was.
    Private {
        /// The id that the sender's client gave it, or a random one.
        id: &'a str,
        /// The sender.
        user: &'a Member,
        /// The members that it is for.
        to: &'a [Member],
        /// The text.
        content: &'a str,
        /// When the server received the message.
        timestamp: String,
    },
    /// The teacher has decided something.
    Ruled {
        /// The number of this event; `None` if it is sent to one member.
        seq: Option<u64>,
        /// The decision.
        ruling: Ruling<'a>,
        /// The teacher.
        user: &'a Member,
        /// When it was decided.
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
    /// The history is not saved any more, since its store failed: a restart of the server will lose it.
    /// Sent to each client that becomes a member.
    Unsaved {
        /// When it was told.
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
