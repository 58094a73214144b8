//! What the chat says: one JSON object each, its kind in `type`.

use serde::Serialize;
use serde_json::Value;

use super::dialect::Dialect;
use super::request::Fault;
use crate::crowd::{Named, Summary};
use crate::stats::Report;

/// Someone in the room, as the others see them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Member {
    /// Public, and theirs for as long as the connection lasts.
    pub id: String,
    /// The name they chose or were given.
    pub username: String,
    /// Whether they chose it.
    #[serde(skip)]
    pub named: bool,
    /// How they speak.
    #[serde(skip)]
    pub dialect: Dialect,
}

impl Named for Member {
    fn name(&self) -> &str {
        &self.username
    }
}

/// What a client may send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Limits {
    /// Characters in a message's `content`.
    pub content: usize,
    /// Characters in a name.
    pub username: usize,
    /// Bytes in one WebSocket message; more ends the connection with 1009.
    pub message_bytes: usize,
}

/// Which program is speaking.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Server {
    name: &'static str,
    version: &'static str,
}

/// This one.
pub(super) const SERVER: Server = Server { name: "ws101", version: env!("CARGO_PKG_VERSION") };

/// One connection's seat.
#[derive(Clone, Debug, Serialize)]
pub struct Session {
    pub(super) id: String,
}

/// A room as a newcomer finds it.
#[derive(Clone, Debug, Serialize)]
pub struct RoomState<'a> {
    /// Its name.
    pub room: &'static str,
    /// Which life of the room `seq` counts in.
    pub epoch: &'a str,
    /// The number of its last lasting event: the newcomer's own arrival.
    pub seq: u64,
    /// Who is in it, the newcomer included: the first [`LISTED`](crate::crowd::LISTED).
    pub members: Vec<&'a Member>,
    /// How many are in it, if `members` does not name all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<usize>,
}

/// A message from the chat.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs)] // The protocol names these fields; `lessons/` explains them.
pub enum Event<'a> {
    /// The answer to `hello`, and the first thing anyone hears.
    Welcome {
        v: u64,
        server: Server,
        session: Session,
        user: &'a Member,
        rooms: [RoomState<'a>; 1],
        limits: Limits,
        ping_interval: u64,
        time: String,
    },
    /// Someone else came.
    UserJoined {
        room: &'static str,
        seq: u64,
        user: &'a Member,
        username: &'a str,
        count: usize,
        /// The first of those who are here now.
        #[serde(skip)]
        users: Vec<&'a str>,
        timestamp: String,
    },
    /// Someone else went.
    UserLeft {
        room: &'static str,
        seq: u64,
        user: &'a Member,
        username: &'a str,
        count: usize,
        /// The first of those who are here now.
        #[serde(skip)]
        users: Vec<&'a str>,
        timestamp: String,
    },
    /// So many came, went or changed their name within a second that they are told together.
    ///
    /// It has no `seq`: it does not last, and a client that comes back gets a list instead.
    /// With `full`, `users` replaces the client's list. Otherwise the client applies `joins`,
    /// then `renames`, then `leaves`. `joins` may name fewer than `joined` once the room has
    /// more members than a list names.
    Presence {
        room: &'static str,
        full: bool,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        users: Vec<&'a Member>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        joins: &'a [Member],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        renames: &'a [Member],
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        leaves: &'a [Member],
        joined: usize,
        left: usize,
        count: usize,
        /// What happened, for dialects that say it in their own words.
        #[serde(skip)]
        summary: &'a Summary<Member>,
        /// The first of those who are here now.
        #[serde(skip)]
        names: Vec<&'a str>,
        timestamp: String,
    },
    /// Someone, perhaps you, said something.
    Message {
        room: &'static str,
        seq: u64,
        id: &'a str,
        user: &'a Member,
        username: &'a str,
        content: &'a str,
        /// As it was sent, where that may be any JSON.
        #[serde(skip)]
        data: Option<&'a Value>,
        timestamp: String,
    },
    /// What you sent under `id` became event `seq`; no `seq`: it changed nothing. `duplicate`:
    /// it was sent and done before, and this is the number and the time of then.
    Ack {
        id: &'a str,
        room: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        timestamp: String,
        duplicate: bool,
    },
    /// Someone else is typing, or stopped.
    Typing {
        room: &'static str,
        user: &'a Member,
        username: &'a str,
        active: bool,
        expires_ms: u64,
    },
    /// The server speaks; `content` is for people, `event` and `params` for programs.
    System {
        #[serde(skip_serializing_if = "Option::is_none")]
        room: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        content: String,
        #[serde(flatten)]
        event: SystemEvent<'a>,
        timestamp: String,
    },
    /// The answer to `ping`, with what the ping carried.
    Pong { timestamp: Value, server_time: String },
    /// What you sent could not be done; the connection stays.
    Error(Fault),
}

/// Who was called what, and is called what now.
#[derive(Clone, Debug, Serialize)]
#[allow(missing_docs)] // As above.
pub struct Renaming<'a> {
    pub user: &'a str,
    pub from: &'a str,
    pub to: &'a str,
    /// How they speak.
    #[serde(skip)]
    pub dialect: Dialect,
    /// How many are here now.
    #[serde(skip)]
    pub count: usize,
    /// The first of them.
    #[serde(skip)]
    pub users: Vec<&'a str>,
}

/// What the server has to say.
#[derive(Debug, Serialize)]
#[serde(tag = "event", rename_all = "snake_case")]
#[allow(missing_docs)] // As above.
pub enum SystemEvent<'a> {
    /// Someone changed their name.
    Renamed { params: Renaming<'a> },
    /// All is well, and this is how things stand.
    Heartbeat { stats: &'a Report },
    /// Everyone will be closed with 1001.
    Shutdown,
}
