//! Writes events: their fields in the order in which they are sent.

use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;
use tokio_tungstenite::tungstenite::Message;

use super::super::super::event::{Departure, Event, Member, Reaction, Ruling};
use super::super::super::request::{CONTENT_CHARS, EDIT_WITHIN};
use crate::crowd::LISTED;
use crate::name::NAME_CHARS;
use crate::room::json;
use crate::stats::Report;

/// The fewest arrivals of one second that a summary names, in a room whose list is full without them.
const NAMED: usize = 20;

/// An event as a frame; `None` if this protocol has no such event.
pub(super) fn write(event: &Event, room: &str) -> Option<Message> {
    Some(json(&EventJson::of(event, room)?))
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
    ReplayEnd {
        room: &'a str,
        epoch: &'a str,
        seq: u64,
        recovered: bool,
    },
    History {
        #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
        reference: Option<&'a str>,
        room: &'a str,
        epoch: &'a str,
        events: Vec<&'a RawValue>,
        more: bool,
    },
    UserJoined(Presence<'a>),
    UserLeft(Presence<'a>),
    Presence {
        room: &'a str,
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
    #[serde(rename = "presence")]
    States {
        room: &'a str,
        full: bool,
        updates: Vec<User<'a>>,
        count: usize,
        timestamp: &'a str,
    },
    Message {
        room: &'a str,
        seq: u64,
        id: &'a str,
        user: User<'a>,
        username: &'a str,
        content: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        reply_to: Option<u64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        edited: Option<&'a str>,
        #[serde(skip_serializing_if = "<[_]>::is_empty")]
        reactions: &'a [Reaction],
        timestamp: &'a str,
    },
    Edited(Change<'a>),
    Deleted(Change<'a>),
    Reaction(Change<'a>),
    #[serde(rename = "message")]
    Private {
        room: &'a str,
        id: &'a str,
        user: User<'a>,
        username: &'a str,
        content: &'a str,
        timestamp: &'a str,
        to: Vec<User<'a>>,
    },
    Ack {
        id: &'a str,
        room: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        seq: Option<u64>,
        timestamp: &'a str,
        duplicate: bool,
    },
    Typing {
        room: &'a str,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'a str>,
}

#[derive(Serialize)]
struct User<'a> {
    id: &'a str,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    state: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u32>,
}

/// A room as a new member finds it.
#[derive(Serialize)]
struct RoomState<'a> {
    room: &'a str,
    epoch: &'a str,
    seq: u64,
    members: Vec<User<'a>>,
    /// The number of members, if `members` does not name all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<usize>,
    /// Whether all that the client missed follows, if it asked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    recovered: Option<bool>,
    /// `true` if only the teacher may send.
    #[serde(skip_serializing_if = "Option::is_none")]
    locked: Option<bool>,
    /// The time between two messages of one member, in slow mode.
    #[serde(skip_serializing_if = "Option::is_none")]
    slow_ms: Option<u64>,
}

#[derive(Serialize)]
struct LimitsJson {
    content: usize,
    username: usize,
    message_bytes: usize,
    /// How long a message may be edited. A server without this field edits none.
    edit_ms: u64,
}

/// A member joined or left.
#[derive(Serialize)]
struct Presence<'a> {
    room: &'a str,
    seq: u64,
    user: User<'a>,
    username: &'a str,
    count: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'static str>,
    timestamp: &'a str,
}

/// A message was changed. `target` is its number, and `seq` that of the event.
#[derive(Serialize)]
struct Change<'a> {
    room: &'a str,
    seq: u64,
    target: u64,
    user: User<'a>,
    username: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    active: Option<bool>,
    timestamp: &'a str,
}

/// A message of the server: `content` is for people, `event` and the fields after it for programs.
#[derive(Serialize)]
struct System<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    room: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u64>,
    content: String,
    event: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    params: Option<Params<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stats: Option<&'a Report>,
    timestamp: &'a str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Params<'a> {
    Renaming { user: &'a str, from: &'a str, to: &'a str },
    Time { seconds: u64 },
}

impl<'a> From<&'a Member> for User<'a> {
    fn from(member: &'a Member) -> Self {
        Self { id: &member.id, username: &member.username, state: None, connections: None }
    }
}

impl<'a> User<'a> {
    /// A member in a list: with its state, unless it has no second connection and is not away.
    fn listed(member: &'a Member) -> Self {
        let usual = member.connections <= 1 && !member.is_away();
        if usual { member.into() } else { Self::with_state(member) }
    }

    fn with_state(member: &'a Member) -> Self {
        let state = if member.is_away() { "away" } else { "online" };
        Self { state: Some(state), connections: Some(member.connections), ..member.into() }
    }
}

fn users<'a>(members: impl IntoIterator<Item = &'a Member>) -> Vec<User<'a>> {
    members.into_iter().map(User::listed).collect()
}

impl<'a> System<'a> {
    fn new(event: &'static str, content: String, timestamp: &'a str) -> Self {
        Self { room: None, seq: None, content, event, params: None, stats: None, timestamp }
    }

    fn renamed(
        room: &'a str,
        seq: Option<u64>,
        user: &'a Member,
        from: &'a str,
        timestamp: &'a str,
    ) -> Self {
        let to = &user.username;
        let params = Some(Params::Renaming { user: &user.id, from, to });
        let system = Self::new("renamed", format!("{from} is now {to}"), timestamp);
        Self { room: Some(room), seq, params, ..system }
    }
}

impl<'a> System<'a> {
    fn ruled(room: &'a str, seq: Option<u64>, ruling: &Ruling, timestamp: &'a str) -> Self {
        let (event, params) = match ruling {
            Ruling::Locked => ("locked", None),
            Ruling::Unlocked => ("unlocked", None),
            Ruling::Slow(time) => ("slow_mode", Some(Params::Time { seconds: time.as_secs() })),
            Ruling::Cleared => ("cleared", None),
            Ruling::Announced(_) => ("notice", None),
            Ruling::Muted(time) => ("muted", Some(Params::Time { seconds: time.as_secs() })),
            Ruling::Unmuted => ("unmuted", None),
        };
        let system = Self::new(event, ruling.english(), timestamp);
        Self { room: Some(room), seq, params, ..system }
    }
}

impl<'a> EventJson<'a> {
    fn of(event: &'a Event, room: &'a str) -> Option<Self> {
        Some(match event {
            // The first frame of this protocol is the client's `hello`.
            Event::Connected { .. } => return None,
            Event::Welcome { .. } => Self::welcome(event, room)?,
            Event::ReplayEnd { epoch, seq, recovered } => {
                Self::ReplayEnd { room, epoch, seq: *seq, recovered: *recovered }
            }
            Event::History { reference, epoch, events, more } => Self::History {
                reference: *reference,
                room,
                epoch,
                events: events.iter().filter_map(|event| raw(event)).collect(),
                more: *more,
            },
            Event::UserJoined { seq, user, count, timestamp, .. } => {
                Self::UserJoined(Presence::new(room, *seq, user, *count, timestamp))
            }
            Event::UserLeft { seq, user, count, why, timestamp, .. } => {
                let presence = Presence::new(room, *seq, user, *count, timestamp);
                let reason = match why {
                    Departure::Closed => None,
                    Departure::TimedOut => Some("timeout"),
                    Departure::Kicked => Some("kicked"),
                };
                Self::UserLeft(Presence { reason, ..presence })
            }
            Event::States { members, count, timestamp } => Self::States {
                room,
                full: false,
                updates: members.iter().map(|member| User::with_state(member)).collect(),
                count: *count,
                timestamp,
            },
            Event::Renamed { seq, user, from, timestamp, .. } => {
                Self::System(System::renamed(room, *seq, user, from, timestamp))
            }
            Event::Ruled { seq, ruling, timestamp, .. } => {
                Self::System(System::ruled(room, *seq, ruling, timestamp))
            }
            Event::Presence { .. } => Self::presence(event, room)?,
            Event::Message { .. } => Self::message(event, room)?,
            Event::Edited { seq, target, user, content, timestamp } => {
                let change = Change::new(room, (*seq, *target), user, timestamp);
                Self::Edited(Change { content: *content, ..change })
            }
            Event::Deleted { seq, target, user, timestamp } => {
                Self::Deleted(Change::new(room, (*seq, *target), user, timestamp))
            }
            Event::Reaction { seq, target, user, emoji, active, timestamp } => {
                let change = Change::new(room, (*seq, *target), user, timestamp);
                Self::Reaction(Change { emoji: Some(*emoji), active: Some(*active), ..change })
            }
            Event::Private { id, user, to, content, timestamp } => Self::Private {
                room,
                id,
                user: (*user).into(),
                username: &user.username,
                content,
                timestamp,
                to: to.iter().map(User::from).collect(),
            },
            Event::Ack { id, seq, timestamp, duplicate } => {
                Self::Ack { id, room, seq: *seq, timestamp, duplicate: *duplicate }
            }
            Event::Typing { user, active, expires } => Self::Typing {
                room,
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
            Event::Unsaved { timestamp } => {
                let content = "The history is not saved any more: a restart will lose it";
                Self::System(System::new("unsaved", content.to_owned(), timestamp))
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

    fn welcome(event: &'a Event, room: &'a str) -> Option<Self> {
        let Event::Welcome {
            session,
            token,
            user,
            epoch,
            seq,
            members,
            count,
            recovered,
            locked,
            slow,
            settings,
            timestamp,
        } = event
        else {
            return None;
        };
        Some(Self::Welcome {
            v: 1,
            server: ServerJson { name: "ws101", version: env!("CARGO_PKG_VERSION") },
            session: Session { id: session, token: *token },
            user: (*user).into(),
            rooms: [RoomState {
                room,
                epoch,
                seq: *seq,
                members: users(members.iter().copied()),
                count: (*count > members.len()).then_some(*count),
                recovered: *recovered,
                locked: locked.then_some(true),
                slow_ms: (!slow.is_zero()).then(|| millis(*slow)),
            }],
            limits: LimitsJson {
                content: CONTENT_CHARS,
                username: NAME_CHARS,
                message_bytes: settings.max_message_bytes,
                edit_ms: millis(EDIT_WITHIN),
            },
            ping_interval: millis(settings.heartbeat),
            time: timestamp,
        })
    }

    fn message(event: &'a Event, room: &'a str) -> Option<Self> {
        let Event::Message {
            seq, id, user, content, reply_to, edited, reactions, timestamp, ..
        } = event
        else {
            return None;
        };
        Some(Self::Message {
            room,
            seq: *seq,
            id,
            user: (*user).into(),
            username: &user.username,
            content,
            reply_to: *reply_to,
            edited: *edited,
            reactions,
            timestamp,
        })
    }

    fn presence(event: &'a Event, room: &'a str) -> Option<Self> {
        let Event::Presence { full, summary, members, count, timestamp } = event else {
            return None;
        };

        // A client that knew all members before gets as many names as a list has.
        let before = count.saturating_sub(summary.came.total());
        let named = LISTED.saturating_sub(before).max(NAMED);
        let changes = |most| if *full { 0 } else { most };
        let listed = if *full { &members[..] } else { &[] };
        Some(Self::Presence {
            room,
            full: *full,
            users: users(listed.iter().copied()),
            joins: users(summary.came.first(changes(named))),
            renames: users(summary.renamed.first(changes(LISTED))),
            leaves: users(summary.went.first(changes(LISTED))),
            joined: summary.came.total(),
            left: summary.went.total(),
            count: *count,
            timestamp,
        })
    }
}

impl<'a> Presence<'a> {
    fn new(room: &'a str, seq: u64, user: &'a Member, count: usize, timestamp: &'a str) -> Self {
        let username = &user.username;
        Self { room, seq, user: user.into(), username, count, reason: None, timestamp }
    }
}

impl<'a> Change<'a> {
    /// `numbers` are that of the event and that of the message.
    fn new(room: &'a str, numbers: (u64, u64), user: &'a Member, timestamp: &'a str) -> Self {
        let (seq, target) = numbers;
        let username = &user.username;
        let user = user.into();
        let (content, emoji, active) = (None, None, None);
        Self { room, seq, target, user, username, content, emoji, active, timestamp }
    }
}

/// An event that was written before.
fn raw(event: &Message) -> Option<&RawValue> {
    serde_json::from_str(event.to_text().ok()?).ok()
}

/// Whole milliseconds, for JSON.
fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
