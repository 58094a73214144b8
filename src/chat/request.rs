//! What the chat understands, and how it says what it does not.
//!
//! Generous in what is read: unknown fields are ignored, the names that other
//! chats use are understood. Strict in what is believed: a field of the wrong
//! type, a name nobody could read, a message too long is an error that names
//! the fault, and the connection stays.

use std::time::Duration;

use serde::Serialize;
use serde_json::{Map, Value};

use super::GENERAL;
use crate::escape::Line;
use crate::name::{self, Unfit};

/// The longest `content`, in Unicode scalar values.
pub const CONTENT_CHARS: usize = 4_000;
/// The longest `content`, in bytes.
pub const CONTENT_BYTES: usize = 16_000;
/// The longest `id` a client may give.
const ID_CHARS: usize = 64;
/// How much of a stranger's word is repeated in an answer.
pub(super) const QUOTED: usize = 32;

/// Kinds of request that a later version of the protocol has.
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

/// What a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// To be let in: the first thing to say.
    Hello {
        /// The protocol's version; 1 if not said.
        version: u64,
        /// The name asked for; without one the chat gives a guest's name.
        username: Option<String>,
        /// The client's language, as in `ru` or `en-GB`.
        lang: Option<String>,
        /// A name for all connections of this client, made at random: an `id` that was sent on
        /// one of them is known on the next.
        session: Option<String>,
    },
    /// To be heard by all.
    Message {
        /// The client's own name for it, which asks for an `ack`.
        id: Option<String>,
        /// What to say.
        content: String,
        /// The name to say it under, in dialects that send it along.
        username: Option<String>,
        /// The message as it came, in dialects where that may be any JSON.
        data: Option<Value>,
    },
    /// To be seen typing, or no longer.
    Typing {
        /// Whether it begins or ends.
        active: bool,
    },
    /// To be called something else.
    Rename {
        /// The client's own name for the request, which asks for an `ack`.
        id: Option<String>,
        /// The new name.
        username: String,
    },
    /// To be answered at once.
    Ping {
        /// Any JSON scalar, sent back as it came.
        timestamp: Value,
    },
    /// To be closed with 1000.
    Bye,
}

/// What kind of fault; a stable string on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not JSON.
    BadJson,
    /// JSON, but not a message of this protocol.
    BadMessage,
    /// A `type` nobody has heard of.
    UnknownType,
    /// Something before `hello`.
    HelloRequired,
    /// A version this server does not speak.
    Version,
    /// Not a name people could read.
    NameInvalid,
    /// Somebody else's name.
    NameTaken,
    /// An `id` under which something else was sent.
    IdReused,
    /// Longer than the limits in `welcome`.
    TooLong,
    /// A room that is not here.
    RoomInvalid,
    /// Part of the protocol, but not of this server.
    Unsupported,
    /// Too soon after the last one.
    RateLimited,
}

/// A request that could not be done, in words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
    /// Whether the same request may succeed later.
    pub retryable: bool,
    /// When it may, in milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_after_ms: Option<u64>,
    /// The `id` of the request, if it had one.
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
}

impl Fault {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            retryable: false,
            retry_after_ms: None,
            reference: None,
        }
    }

    pub(super) fn version(asked: u64) -> Self {
        Self::new(ErrorCode::Version, format!("this server speaks version 1, not {asked}"))
    }

    pub(super) fn rate_limited(retry_after: Duration) -> Self {
        // A millisecond begun is a millisecond to wait.
        let ms = u64::try_from(retry_after.as_millis()).unwrap_or(u64::MAX).saturating_add(1);
        let fault =
            Self::new(ErrorCode::RateLimited, format!("too fast: wait {} s", ms.div_ceil(1000)));
        Self { retryable: true, retry_after_ms: Some(ms), ..fault }
    }

    pub(super) fn unfit(unfit: Unfit) -> Self {
        Self::new(ErrorCode::NameInvalid, unfit.to_string())
    }

    pub(super) fn not_json(error: &serde_json::Error) -> Self {
        Self::new(ErrorCode::BadJson, format!("not JSON: {error}"))
    }

    pub(super) fn unknown_type(kind: &str) -> Self {
        Self::new(ErrorCode::UnknownType, format!("no such type: {}", Line::new(kind, QUOTED)))
    }

    pub(super) fn about(mut self, id: Option<String>) -> Self {
        self.reference = id;
        self
    }
}

impl Request {
    /// Reads one text message.
    ///
    /// # Errors
    ///
    /// What is wrong with it, ready to be sent.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let value: Value = serde_json::from_str(text).map_err(|error| Fault::not_json(&error))?;
        let Value::Object(fields) = &value else {
            return Err(bad(r#"a message is a JSON object, as {"type":"ping"}"#));
        };
        let (fields, id) = (Fields(fields), id(&value)?);
        fields.request(id.clone()).map_err(|fault| fault.about(id))
    }
}

fn bad(message: impl Into<String>) -> Fault {
    Fault::new(ErrorCode::BadMessage, message)
}

/// An object's fields, read one by one so that each fault can name its field.
struct Fields<'a>(&'a Map<String, Value>);

impl Fields<'_> {
    fn request(&self, id: Option<String>) -> Result<Request, Fault> {
        let kind = self.string("type")?.ok_or_else(|| bad("`type` is missing"))?;
        match kind {
            "hello" => Ok(Request::Hello {
                version: match self.0.get("v") {
                    None => 1,
                    Some(v) => v.as_u64().ok_or_else(|| bad("`v` must be a whole number"))?,
                },
                username: self.string("username")?.map(name).transpose()?,
                lang: self.string("lang")?.map(str::to_owned),
                session: self.string("session")?.map(str::to_owned),
            }),
            "message" | "user" => {
                self.room()?;
                if self.0.contains_key("to") {
                    // Said to everyone, it would betray what was meant for one.
                    let words = "private messages are not part of this server; `to` was refused";
                    return Err(Fault::new(ErrorCode::Unsupported, words));
                }
                let text = self.string("content")?.ok_or_else(|| bad("`content` is missing"))?;
                Ok(Request::Message { id, content: content(text)?, username: None, data: None })
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
                Ok(Request::Rename { id, username: name(wanted)? })
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
                Err(Fault::new(ErrorCode::Unsupported, words))
            }
            other => Err(Fault::unknown_type(other)),
        }
    }

    fn string(&self, field: &str) -> Result<Option<&str>, Fault> {
        match self.0.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad(format!("`{field}` must be a string"))),
        }
    }

    fn room(&self) -> Result<(), Fault> {
        match self.string("room")? {
            None | Some(GENERAL) => Ok(()),
            Some(_) => {
                let words = format!("the only room here is `{GENERAL}`");
                Err(Fault::new(ErrorCode::RoomInvalid, words))
            }
        }
    }
}

/// The name that a client gave its request.
pub(super) fn id(said: &Value) -> Result<Option<String>, Fault> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'-';
    match said.get("id") {
        None => Ok(None),
        Some(Value::String(id)) if (1..=ID_CHARS).contains(&id.len()) && id.bytes().all(plain) => {
            Ok(Some(id.clone()))
        }
        Some(_) => Err(bad(format!("`id` must be 1 to {ID_CHARS} letters, digits, `_` or `-`"))),
    }
}

/// A message's text, if it may be said.
pub(super) fn content(text: &str) -> Result<String, Fault> {
    if text.trim().is_empty() {
        return Err(bad("`content` is empty"));
    }
    let chars = text.chars().count();
    if chars > CONTENT_CHARS || text.len() > CONTENT_BYTES {
        return Err(Fault::new(
            ErrorCode::TooLong,
            format!(
                "`content` has {chars} characters in {} bytes; {CONTENT_CHARS} in {CONTENT_BYTES} may be sent",
                text.len()
            ),
        ));
    }
    Ok(text.to_owned())
}

/// A name as it will be shown, if people can read it.
pub(super) fn name(text: &str) -> Result<String, Fault> {
    name::readable(text).map_err(Fault::unfit)
}
