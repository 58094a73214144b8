//! The canonical protocol, version 1: the subprotocol `ws101.chat.v1`.
//!
//! Text frames, one JSON object each, with a `type`. A client sends `hello` first, and gets
//! `welcome` and then every event. Lasting events carry a `seq` that counts up by one, and
//! requests with an `id` get an `ack`.
//!
//! Reading ignores unknown fields and accepts the field names of other chats. A field of the
//! wrong type, an unreadable name or a message that is too long is an error that names the field.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};
use tokio_tungstenite::tungstenite::Message;

use super::super::dialect::{Dialect, Entry};
use super::super::event::{ClientLimits, Event, Member};
use super::super::request::{ErrorCode, Request, RequestError, checked_content, checked_name, id};
use crate::crowd::LISTED;
use crate::room::json;
use crate::stats::Report;

/// The subprotocol's name (RFC 6455 §1.9).
pub const SUBPROTOCOL: &str = "ws101.chat.v1";

/// The name of the only room.
pub const GENERAL: &str = "general";

/// The fewest arrivals of one second that a summary names, in a room whose list is full without them.
const NAMED: usize = 20;

/// Requests of later versions of the protocol.
const LATER: [&str; 10] = [
    "join",
    "leave",
    "history",
    "edit",
    "delete",
    "react",
    "read",
    "subscribe_stats",
    "upload",
    "moderate",
];

/// The dialect of the subprotocol [`SUBPROTOCOL`].
#[derive(Clone, Copy, Debug)]
pub struct Canonical;

impl Dialect for Canonical {
    fn name(&self) -> &'static str {
        "canonical"
    }

    fn subprotocol(&self) -> Option<&'static str> {
        Some(SUBPROTOCOL)
    }

    fn entry(&self) -> Entry {
        Entry::Hello
    }

    fn read(&self, text: &str) -> Result<Request, RequestError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| RequestError::not_json(&error))?;
        let Value::Object(fields) = &value else {
            return Err(bad(r#"a message is a JSON object, as {"type":"ping"}"#));
        };
        let id = id(&value)?;
        Fields(fields).request(id.clone()).map_err(|error| error.about(id))
    }

    fn write(&self, event: &Event) -> Option<Message> {
        Some(json(&EventJson::of(event)?))
    }
}

fn bad(message: impl Into<String>) -> RequestError {
    RequestError::bad_message(message)
}

/// An object's fields, read one by one so that each error can name its field.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn request(&self, id: Option<String>) -> Result<Request, RequestError> {
        let kind = self.string("type")?.ok_or_else(|| bad("`type` is missing"))?;
        match kind {
            "hello" => Ok(Request::Hello {
                version: match self.0.get("v") {
                    None => 1,
                    Some(v) => v.as_u64().ok_or_else(|| bad("`v` must be a whole number"))?,
                },
                username: self.string("username")?.map(checked_name).transpose()?,
                lang: self.string("lang")?.map(str::to_owned),
                session: self.string("session")?.map(str::to_owned),
            }),
            "message" | "user" => {
                self.room()?;
                if self.0.contains_key("to") {
                    // Without this check a message meant for one member would go to all.
                    let words = "private messages are not part of this server; `to` was refused";
                    return Err(RequestError::new(ErrorCode::Unsupported, words));
                }
                let text = self.string("content")?.ok_or_else(|| bad("`content` is missing"))?;
                Ok(Request::Message {
                    id,
                    content: checked_content(text)?,
                    username: None,
                    data: None,
                })
            }
            "typing" => {
                self.room()?;
                let active = self.0.get("active").or_else(|| self.0.get("is_typing"));
                let active = match active {
                    None => true,
                    Some(value) => {
                        value.as_bool().ok_or_else(|| bad("`active` must be a boolean"))?
                    }
                };
                Ok(Request::Typing { active })
            }
            "rename" => {
                let wanted =
                    self.string("username")?.ok_or_else(|| bad("`username` is missing"))?;
                Ok(Request::Rename { id, username: checked_name(wanted)? })
            }
            "ping" => match self.0.get("timestamp").cloned().unwrap_or_default() {
                Value::Array(_) | Value::Object(_) => {
                    Err(bad("`timestamp` must be a number, a string, a boolean or null"))
                }
                timestamp => Ok(Request::Ping { timestamp }),
            },
            "bye" => Ok(Request::Bye),
            later if LATER.contains(&later) => {
                let words = format!("`{later}` is not part of this server yet");
                Err(RequestError::new(ErrorCode::Unsupported, words))
            }
            other => Err(RequestError::unknown_type(other)),
        }
    }

    fn string(&self, field: &str) -> Result<Option<&str>, RequestError> {
        match self.0.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad(format!("`{field}` must be a string"))),
        }
    }

    fn room(&self) -> Result<(), RequestError> {
        match self.string("room")? {
            None | Some(GENERAL) => Ok(()),
            Some(_) => {
                let words = format!("the only room here is `{GENERAL}`");
                Err(RequestError::new(ErrorCode::RoomInvalid, words))
            }
        }
    }
}

/// An event as JSON: its fields in the order in which they are sent.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum EventJson<'a> {
    Welcome {
        v: u64,
        server: ServerJson,
        session: Session<'a>,
        user: User<'a>,
        rooms: [RoomState<'a>; 1],
        limits: LimitsJson,
        ping_interval: u64,
        time: &'a str,
    },
    UserJoined(Presence<'a>),
    UserLeft(Presence<'a>),
    Presence {
        room: &'static str,
        full: bool,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        users: Vec<User<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        joins: Vec<User<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        renames: Vec<User<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        leaves: Vec<User<'a>>,
        joined: usize,
        left: usize,
        count: usize,
        timestamp: &'a str,
    },
    Message {
        room: &'static str,
        seq: u64,
        id: &'a str,
        user: User<'a>,
        username: &'a str,
        content: &'a str,
        timestamp: &'a str,
    },
    Ack {
        id: &'a str,
        room: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        timestamp: &'a str,
        duplicate: bool,
    },
    Typing {
        room: &'static str,
        user: User<'a>,
        username: &'a str,
        active: bool,
        expires_ms: u64,
    },
    System(System<'a>),
    Pong {
        timestamp: &'a Value,
        server_time: &'a str,
    },
    Error {
        code: &'static str,
        message: &'a str,
        retryable: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        retry_after_ms: Option<u64>,
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
    },
}

#[derive(Serialize)]
struct ServerJson {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Session<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct User<'a> {
    id: &'a str,
    username: &'a str,
}

/// A room as a new member finds it.
#[derive(Serialize)]
struct RoomState<'a> {
    room: &'static str,
    epoch: &'a str,
    seq: u64,
    members: Vec<User<'a>>,
    /// The number of members, if `members` does not name all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
}

#[derive(Serialize)]
struct LimitsJson {
    content: usize,
    username: usize,
    message_bytes: usize,
}

/// A member joined or left.
#[derive(Serialize)]
struct Presence<'a> {
    room: &'static str,
    seq: u64,
    user: User<'a>,
    username: &'a str,
    count: usize,
    timestamp: &'a str,
}

/// A message of the server: `content` is for people, `event` and the fields after it for programs.
#[derive(Serialize)]
struct System<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    content: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Renaming<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<&'a Report>,
    timestamp: &'a str,
}

#[derive(Serialize)]
struct Renaming<'a> {
    user: &'a str,
    from: &'a str,
    to: &'a str,
}

impl<'a> From<&'a Member> for User<'a> {
    fn from(member: &'a Member) -> Self {
        Self { id: &member.id, username: &member.username }
    }
}

impl From<ClientLimits> for LimitsJson {
    fn from(limits: ClientLimits) -> Self {
        let ClientLimits { content, username, message_bytes } = limits;
        Self { content, username, message_bytes }
    }
}

fn users<'a>(members: impl IntoIterator<Item = &'a Member>) -> Vec<User<'a>> {
    members.into_iter().map(User::from).collect()
}

impl<'a> System<'a> {
    fn new(event: &'static str, content: String, timestamp: &'a str) -> Self {
        Self { room: None, seq: None, content, event, params: None, stats: None, timestamp }
    }
}

impl<'a> EventJson<'a> {
    fn of(event: &'a Event) -> Option<Self> {
        Some(match event {
            // The first frame of this protocol is the client's `hello`.
            Event::Connected { .. } => return None,
            Event::Welcome {
                session,
                user,
                epoch,
                seq,
                members,
                count,
                limits,
                ping_interval,
                timestamp,
            } => Self::Welcome {
                v: 1,
                server: ServerJson { name: "ws101", version: env!("CARGO_PKG_VERSION") },
                session: Session { id: session },
                user: (*user).into(),
                rooms: [RoomState {
                    room: GENERAL,
                    epoch,
                    seq: *seq,
                    members: users(members.iter().copied()),
                    count: (*count > members.len()).then_some(*count),
                }],
                limits: (*limits).into(),
                ping_interval: millis(*ping_interval),
                time: timestamp,
            },
            Event::UserJoined { seq, user, count, timestamp, .. } => {
                Self::UserJoined(Presence::new(*seq, user, *count, timestamp))
            }
            Event::UserLeft { seq, user, count, timestamp, .. } => {
                Self::UserLeft(Presence::new(*seq, user, *count, timestamp))
            }
            Event::Renamed { seq, user, from, timestamp, .. } => {
                let to = &user.username;
                let content = format!("{from} is now {to}");
                let params = Some(Renaming { user: &user.id, from, to });
                let system = System::new("renamed", content, timestamp);
                Self::System(System { room: Some(GENERAL), seq: *seq, params, ..system })
            }
            Event::Presence { full, summary, members, count, timestamp } => {
                // A client that knew all members before gets as many names as a list has.
                let before = count.saturating_sub(summary.came.total());
                let named = LISTED.saturating_sub(before).max(NAMED);
                let changes = |most| if *full { 0 } else { most };
                let listed = if *full { &members[..] } else { &[] };
                Self::Presence {
                    room: GENERAL,
                    full: *full,
                    users: users(listed.iter().copied()),
                    joins: users(summary.came.first(changes(named))),
                    renames: users(summary.renamed.first(changes(LISTED))),
                    leaves: users(summary.went.first(changes(LISTED))),
                    joined: summary.came.total(),
                    left: summary.went.total(),
                    count: *count,
                    timestamp,
                }
            }
            Event::Message { seq, id, user, content, timestamp, .. } => Self::Message {
                room: GENERAL,
                seq: *seq,
                id,
                user: (*user).into(),
                username: &user.username,
                content,
                timestamp,
            },
            Event::Ack { id, seq, timestamp, duplicate } => {
                Self::Ack { id, room: GENERAL, seq: *seq, timestamp, duplicate: *duplicate }
            }
            Event::Typing { user, active, expires } => Self::Typing {
                room: GENERAL,
                user: (*user).into(),
                username: &user.username,
                active: *active,
                expires_ms: millis(*expires),
            },
            Event::Heartbeat { stats, timestamp } => {
                let uptime = stats.uptime_ms / 1000;
                let content = format!("{} connected, up {uptime} s", stats.connections);
                let system = System::new("heartbeat", content, timestamp);
                Self::System(System { stats: Some(stats), ..system })
            }
            Event::Shutdown { timestamp } => {
                let content = "The server is shutting down".to_owned();
                Self::System(System::new("shutdown", content, timestamp))
            }
            Event::Pong { timestamp, server_time } => Self::Pong { timestamp, server_time },
            Event::Error(error) => Self::Error {
                code: error.code.as_str(),
                message: &error.message,
                retryable: error.retryable,
                retry_after_ms: error.retry_after.map(millis),
                reference: error.reference.as_deref(),
            },
        })
    }
}

impl<'a> Presence<'a> {
    fn new(seq: u64, user: &'a Member, count: usize, timestamp: &'a str) -> Self {
        let username = &user.username;
        Self { room: GENERAL, seq, user: user.into(), username, count, timestamp }
    }
}

/// Whole milliseconds, for JSON.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
