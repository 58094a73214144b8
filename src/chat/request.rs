//! The requests of the chat's clients, which each dialect parses from its own form, and the errors
//! that refuse them.

use std::time::Duration;

use serde_json::Value;

use crate::escape::Line;
use crate::name::{self, Unfit};
use crate::settings::Key;

/// The longest `content`, in Unicode scalar values.
pub const CONTENT_CHARS: usize = 4_000;
/// The longest `content`, in bytes.
pub const CONTENT_BYTES: usize = 16_000;
/// The most events in one answer to a request for history.
pub const EVENTS_MAX: usize = 100;
/// The most members that one private message is for.
pub const ADDRESSEES_MAX: usize = 16;
/// How long after it was sent a message may be edited.
pub const EDIT_WITHIN: Duration = Duration::from_secs(60 * 60);
/// The most reactions to one message, so that it does not grow with the room.
pub const REACTIONS_MAX: usize = 100;
/// The reactions that there are.
pub const REACTIONS: [&str; 5] = ["👍", "✅", "😂", "🎉", "🤔"];
/// The longest `id` of a request, in characters.
const ID_CHARS: usize = 64;
/// The most characters of a client's text that an error quotes.
const QUOTED: usize = 32;

/// A request of a client.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Request {
    /// To become a member.
    Hello(Hello),
    /// To send a message to all members.
    Message {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The text.
        content: String,
        /// The name to send it under, in dialects where each message carries one.
        username: Option<String>,
        /// The message as it came, in dialects that accept any JSON.
        data: Option<Value>,
        /// The number of the message that it answers.
        reply_to: Option<u64>,
    },
    /// To give one's own message another text.
    Edit {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The number of the message.
        seq: u64,
        /// The new text.
        content: String,
    },
    /// To delete one's own message.
    Delete {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The number of the message.
        seq: u64,
    },
    /// To react to a message, or to take the reaction back.
    React {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The number of the message.
        seq: u64,
        /// One of [`REACTIONS`](super::REACTIONS).
        emoji: &'static str,
        /// Whether the member is to have the reaction.
        active: bool,
    },
    /// To get a part of the history.
    History {
        /// The client's own name for the request, which the answer repeats.
        id: Option<String>,
        /// The life of the room in which the number counts, if it need not be the present one.
        epoch: Option<String>,
        /// The events before or after which number.
        side: Side,
        /// The most events that are sent.
        limit: usize,
    },
    /// To send a message to some members only.
    Private {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The public ids of the members.
        to: Vec<String>,
        /// The text.
        content: String,
    },
    /// To become the teacher's client.
    Teach {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The key that the person typed.
        key: Key,
    },
    /// To do what only the teacher may.
    Moderate {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The action.
        action: Action,
    },
    /// To be shown as typing, or no longer.
    Typing {
        /// Whether typing begins.
        active: bool,
    },
    /// To be shown as away, or no longer.
    Presence {
        /// Whether the person does not look at this client.
        away: bool,
    },
    /// To get another name.
    Rename {
        /// The client's own name for the request, which asks for a receipt.
        id: Option<String>,
        /// The new name.
        username: String,
    },
    /// To get a pong at once.
    Ping {
        /// Any JSON, which the pong carries unchanged.
        timestamp: Value,
    },
    /// To be closed with 1000.
    Bye,
}

/// The first request of a client.
#[derive(Clone, Debug, PartialEq)]
pub struct Hello {
    /// The version of the protocol.
    pub version: u64,
    /// The name asked for; without one the chat gives the name of before, or a guest's name.
    pub username: Option<String>,
    /// The client's language, as in `ru` or `en-GB`.
    pub lang: Option<String>,
    /// A random name for all connections of this client. The chat knows an `id` from one of
    /// them on the next.
    pub session: Option<String>,
    /// The token of a person, in dialects whose clients keep one.
    pub token: Option<Token>,
    /// Whether the client wants to be told of all [rooms](super::Rooms).
    pub rooms: bool,
    /// How far the client has read before its connection broke, in dialects that
    /// [resume](super::Dialect::resumes).
    pub resume: Option<Resume>,
}

impl Default for Hello {
    /// A client of version 1 that says nothing about itself.
    fn default() -> Self {
        Self {
            version: 1,
            username: None,
            lang: None,
            session: None,
            token: None,
            rooms: false,
            resume: None,
        }
    }
}

/// An action that only the teacher may take. `user` is the public id of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Action {
    /// To let a member send nothing for a time.
    Mute {
        /// The member.
        user: String,
        /// For how long.
        time: Duration,
    },
    /// To let it send again.
    Unmute {
        /// The member.
        user: String,
    },
    /// To end a member's connections, and keep its person out for a time.
    Kick {
        /// The member.
        user: String,
        /// For how long.
        time: Duration,
    },
    /// To let each member send one message in this time. Zero lifts it.
    Slow {
        /// The time between two messages.
        time: Duration,
    },
    /// To let only the teacher send, or everybody again.
    Lock {
        /// Whether only the teacher may.
        locked: bool,
    },
    /// To forget all messages so far.
    Clear,
    /// To tell everybody a text.
    Announce {
        /// The text.
        content: String,
    },
}

/// How the chat is to know a person again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Token {
    /// The client has no token and asks for one.
    Wanted,
    /// The token that the chat gave before.
    Known(String),
}

/// The events before or after a number, without the one that has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The last ones before it.
    Before(u64),
    /// The first ones after it.
    After(u64),
}

/// How far a client has read: a place in one life of the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resume {
    /// The life of the room in which `seq` counts.
    pub epoch: String,
    /// The number of the last event that the client has.
    pub seq: u64,
}

/// The kind of an error, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ErrorCode {
    /// The message is not JSON.
    BadJson,
    /// The JSON is not a message of this protocol.
    BadMessage,
    /// The protocol has no such `type`.
    UnknownType,
    /// The request came before `hello`.
    HelloRequired,
    /// The chat knows nobody by that token.
    Unauthorized,
    /// The server does not speak that version.
    Version,
    /// The name is not readable, too long, or reserved.
    NameInvalid,
    /// Another member has the name.
    NameTaken,
    /// Another request was sent under the same `id`.
    IdReused,
    /// The message is longer than the limits in `welcome`.
    TooLong,
    /// The server has no such room.
    RoomInvalid,
    /// The protocol knows the request, but this server does not.
    Unsupported,
    /// A member or a message that the request names is not here, or its client cannot be told.
    NotFound,
    /// The client may not do that.
    Forbidden,
    /// The teacher lets the member send nothing for a time.
    Muted,
    /// Only the teacher may send in the room.
    RoomLocked,
    /// The room no longer keeps all the events after that number.
    HistoryGone,
    /// The message came too soon after the last one.
    RateLimited,
}

impl ErrorCode {
    /// The code as clients receive it. It never changes.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BadMessage => "bad_message",
            Self::UnknownType => "unknown_type",
            Self::HelloRequired => "hello_required",
            Self::Unauthorized => "unauthorized",
            Self::Version => "version",
            Self::NameInvalid => "name_invalid",
            Self::NameTaken => "name_taken",
            Self::IdReused => "id_reused",
            Self::TooLong => "too_long",
            Self::RoomInvalid => "room_invalid",
            Self::Unsupported => "unsupported",
            Self::NotFound => "not_found",
            Self::Forbidden => "forbidden",
            Self::Muted => "muted",
            Self::RoomLocked => "room_locked",
            Self::HistoryGone => "history_gone",
            Self::RateLimited => "rate_limited",
        }
    }
}

/// The error that refuses a request. The connection stays open.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
#[non_exhaustive]
pub struct RequestError {
    /// The kind of error, for programs.
    pub code: ErrorCode,
    /// The error in words, for people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// How long the client is to wait before it tries again.
    pub retry_after: Option<Duration>,
    /// The `id` of the request, if it had one.
    pub reference: Option<String>,
}

impl RequestError {
    /// An error that the same request would cause again.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), retryable: false, retry_after: None, reference: None }
    }

    /// [`ErrorCode::BadMessage`].
    pub(super) fn bad_message(message: impl Into<String>) -> Self {
        Self::new(ErrorCode::BadMessage, message)
    }

    pub(super) fn version(asked: u64) -> Self {
        Self::new(ErrorCode::Version, format!("this server speaks version 1, not {asked}"))
    }

    pub(super) fn unauthorized() -> Self {
        let words = r#"nobody is known by that token: say hello with "token":null for a new one"#;
        Self::new(ErrorCode::Unauthorized, words)
    }

    pub(super) fn rate_limited(retry_after: Duration) -> Self {
        Self::new(ErrorCode::RateLimited, "too fast").later(retry_after)
    }

    pub(super) fn muted(rest: Duration) -> Self {
        Self::new(ErrorCode::Muted, "the teacher has muted you").later(rest)
    }

    /// The same, for a request that may succeed after a time, which the words name.
    fn later(self, retry_after: Duration) -> Self {
        // Rounded up to whole milliseconds, so that no client tries a moment too soon.
        let ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        Self {
            message: format!("{}: wait {} s", self.message, ms.div_ceil(1000)),
            retryable: true,
            retry_after: Some(Duration::from_millis(ms)),
            ..self
        }
    }

    pub(super) fn unfit(unfit: Unfit) -> Self {
        Self::new(ErrorCode::NameInvalid, unfit.to_string())
    }

    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        Self::new(ErrorCode::BadJson, format!("not JSON: {error}"))
    }

    pub(super) fn unknown_type(kind: &str) -> Self {
        Self::new(ErrorCode::UnknownType, format!("no such type: {}", quoted(kind)))
    }

    /// The same, about the request with that `id`.
    pub(super) fn about(mut self, id: Option<String>) -> Self {
        self.reference = id;
        self
    }
}

/// A client's text, escaped and cut to [`QUOTED`] characters.
pub(super) fn quoted(word: &str) -> String {
    Line::new(word, QUOTED).to_string()
}

/// The `id` that a client gave its request.
pub(super) fn id(said: &Value) -> Result<Option<String>, RequestError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match said.get("id") {
        None => Ok(None),
        Some(Value::String(id)) if (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(plain) => {
            Ok(Some(id.clone()))
        }
        Some(_) => Err(RequestError::bad_message(format!(
            "`id` must be 1 to {ID_CHARS} letters, digits, `_` or `-`"
        ))),
    }
}

/// A message's text, for a [`Dialect`](super::Dialect) that reads a message.
///
/// # Errors
///
/// It is empty, or longer than [`CONTENT_CHARS`] or [`CONTENT_BYTES`].
pub fn checked_content(text: &str) -> Result<String, RequestError> {
    if text.trim().is_empty() {
        return Err(RequestError::bad_message("`content` is empty"));
    }
    let chars = text.chars().count();
    if chars > CONTENT_CHARS || text.len() > CONTENT_BYTES {
        return Err(RequestError::new(
            ErrorCode::TooLong,
            format!(
                "`content` has {chars} characters in {} bytes; {CONTENT_CHARS} in {CONTENT_BYTES} may be sent",
                text.len()
            ),
        ));
    }
    Ok(text.to_owned())
}

/// A name as the chat will show it, for a [`Dialect`](super::Dialect) that reads a name.
///
/// # Errors
///
/// People cannot read it, or it is too long.
pub fn checked_name(text: &str) -> Result<String, RequestError> {
    name::readable(text).map_err(RequestError::unfit)
}
