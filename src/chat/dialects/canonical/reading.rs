//! Reads requests: each error names the field that it is about.

use std::time::Duration;

use serde_json::{Map, Value};

use super::super::super::request::{
    ADDRESSEES_MAX, Action, EVENTS_MAX, ErrorCode, Hello, REACTIONS, Request, RequestError, Resume,
    Side, Token, checked_content, checked_name, quoted,
};
use crate::settings::Key;

/// Requests of later versions of the protocol.
const LATER: [&str; 5] = ["join", "leave", "read", "subscribe_stats", "upload"];

/// The seconds for which a member is muted, if the teacher names none.
const MUTED: u64 = 600;

/// The seconds for which a person is kept out, if the teacher names none.
const KEPT_OUT: u64 = 60;

/// The most seconds for which a member is muted or kept out: a day.
const AWAY_MAX: u64 = 24 * 60 * 60;

/// The seconds between two messages in slow mode, if the teacher names none.
const SLOW: u64 = 10;

/// The most seconds between two messages in slow mode.
const SLOW_MAX: u64 = 300;

fn bad(message: impl Into<String>) -> RequestError {
    RequestError::bad_message(message)
}

/// An object's fields, read one by one so that each error can name its field.
pub(super) struct Fields<'a> {
    pub fields: &'a Map<String, Value>,
    /// The room that the client is in.
    pub room: &'a str,
}

impl Fields<'_> {
    pub(super) fn request(&self, id: Option<String>) -> Result<Request, RequestError> {
        let kind = self.string("type")?.ok_or_else(|| bad("`type` is missing"))?;
        match kind {
            "hello" => self.hello(),
            "message" | "user" => {
                self.room()?;
                let text = self.string("content")?.ok_or_else(|| bad("`content` is missing"))?;
                let content = checked_content(text)?;
                if let Some(to) = self.addressees()? {
                    return Ok(Request::Private { id, to, content });
                }
                let reply_to = self.number("reply_to")?;
                Ok(Request::Message { id, content, username: None, data: None, reply_to })
            }
            "edit" => {
                self.room()?;
                let text = self.string("content")?.ok_or_else(|| bad("`content` is missing"))?;
                Ok(Request::Edit { id, seq: self.seq()?, content: checked_content(text)? })
            }
            "delete" => {
                self.room()?;
                Ok(Request::Delete { id, seq: self.seq()? })
            }
            "react" => self.reaction(id),
            "teach" => {
                let key = self.string("key")?.ok_or_else(|| bad("`key` is missing"))?;
                Ok(Request::Teach { id, key: Key::new(key) })
            }
            "moderate" => {
                self.room()?;
                Ok(Request::Moderate { id, action: self.action()? })
            }
            "typing" => {
                self.room()?;
                let active = self.flag("active")?.or(self.flag("is_typing")?);
                Ok(Request::Typing { active: active.unwrap_or(true) })
            }
            "presence" => match self.string("state")? {
                Some("away") => Ok(Request::Presence { away: true }),
                Some("online") => Ok(Request::Presence { away: false }),
                _ => Err(bad("`state` must be `online` or `away`")),
            },
            "rename" => {
                let wanted =
                    self.string("username")?.ok_or_else(|| bad("`username` is missing"))?;
                Ok(Request::Rename { id, username: checked_name(wanted)? })
            }
            "ping" => match self.fields.get("timestamp").cloned().unwrap_or_default() {
                Value::Array(_) | Value::Object(_) => {
                    Err(bad("`timestamp` must be a number, a string, a boolean or null"))
                }
                timestamp => Ok(Request::Ping { timestamp }),
            },
            "history" => self.history(id),
            "bye" => Ok(Request::Bye),
            later if LATER.contains(&later) => {
                let words = format!("`{later}` is not part of this server yet");
                Err(RequestError::new(ErrorCode::Unsupported, words))
            }
            other => Err(RequestError::unknown_type(other)),
        }
    }

    fn hello(&self) -> Result<Request, RequestError> {
        Ok(Request::Hello(Hello {
            version: match self.fields.get("v") {
                None => 1,
                Some(v) => v.as_u64().ok_or_else(|| bad("`v` must be a whole number"))?,
            },
            username: self.string("username")?.map(checked_name).transpose()?,
            lang: self.string("lang")?.map(str::to_owned),
            session: self.string("session")?.map(str::to_owned),
            token: match self.fields.get("token") {
                None => None,
                Some(Value::Null) => Some(Token::Wanted),
                Some(Value::String(token)) => Some(Token::Known(token.clone())),
                Some(_) => return Err(bad("`token` must be a string or null")),
            },
            rooms: self.capabilities()?.any(|capability| capability == "rooms"),
            resume: self.resume()?,
        }))
    }

    /// The members that a message is for, if it is not for all.
    fn addressees(&self) -> Result<Option<Vec<String>>, RequestError> {
        let form = || bad(format!("`to` must be a list of 1 to {ADDRESSEES_MAX} ids of members"));
        let Some(to) = self.fields.get("to") else { return Ok(None) };
        let ids = to.as_array().filter(|ids| (1..=ADDRESSEES_MAX).contains(&ids.len()));
        let ids = ids.ok_or_else(form)?.iter().map(|id| id.as_str().map(str::to_owned));
        ids.collect::<Option<Vec<_>>>().ok_or_else(form).map(Some)
    }

    /// The features that the client understands. Words that this server does not know are ignored.
    fn capabilities(&self) -> Result<impl Iterator<Item = &str>, RequestError> {
        let words = match self.fields.get("caps") {
            None => &[][..],
            Some(words) => words.as_array().ok_or_else(|| bad("`caps` must be a list"))?,
        };
        Ok(words.iter().filter_map(Value::as_str))
    }

    fn string(&self, field: &str) -> Result<Option<&str>, RequestError> {
        match self.fields.get(field) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(bad(format!("`{field}` must be a string"))),
        }
    }

    /// How far the client has read the room: `{"general":{"epoch":"…","seq":12}}`.
    fn resume(&self) -> Result<Option<Resume>, RequestError> {
        let form = || bad(r#"`resume` must be like {"general":{"epoch":"x","seq":1}}"#);
        let rooms = match self.fields.get("resume") {
            None => return Ok(None),
            Some(rooms) => rooms.as_object().ok_or_else(form)?,
        };
        let Some(place) = rooms.get(self.room) else { return Ok(None) };
        let epoch = place["epoch"].as_str().ok_or_else(form)?.to_owned();
        let seq = place["seq"].as_u64().ok_or_else(form)?;
        Ok(Some(Resume { epoch, seq }))
    }

    /// Which events the client asks for: those before or after a number.
    fn history(&self, id: Option<String>) -> Result<Request, RequestError> {
        self.room()?;
        let side = match (self.number("before")?, self.number("after")?) {
            (Some(seq), None) => Side::Before(seq),
            (None, Some(seq)) => Side::After(seq),
            _ => return Err(bad("`history` needs either `before` or `after`")),
        };
        let limit = match self.number("limit")? {
            None => EVENTS_MAX,
            Some(limit) => {
                let fits = usize::try_from(limit).ok().filter(|n| (1..=EVENTS_MAX).contains(n));
                fits.ok_or_else(|| bad(format!("`limit` must be 1 to {EVENTS_MAX}")))?
            }
        };
        let epoch = self.string("epoch")?.map(str::to_owned);
        Ok(Request::History { id, epoch, side, limit })
    }

    fn reaction(&self, id: Option<String>) -> Result<Request, RequestError> {
        self.room()?;
        let wanted = self.string("emoji")?;
        let emoji = REACTIONS.into_iter().find(|emoji| wanted == Some(emoji));
        let form = || bad(format!("`emoji` must be one of {}", REACTIONS.join(" ")));
        let active = self.flag("active")?.unwrap_or(true);
        Ok(Request::React { id, seq: self.seq()?, emoji: emoji.ok_or_else(form)?, active })
    }

    /// The action of a request of the teacher.
    fn action(&self) -> Result<Action, RequestError> {
        let user = || {
            let user = self.string("user")?.ok_or_else(|| bad("`user` is missing"))?;
            Ok(user.to_owned())
        };
        let time = |default, most| {
            let seconds = self.number("seconds")?.unwrap_or(default);
            let words = || bad(format!("`seconds` must be 0 to {most}"));
            Some(seconds)
                .filter(|seconds| *seconds <= most)
                .map(Duration::from_secs)
                .ok_or_else(words)
        };
        match self.string("action")?.ok_or_else(|| bad("`action` is missing"))? {
            "mute" => Ok(Action::Mute { user: user()?, time: time(MUTED, AWAY_MAX)? }),
            "unmute" => Ok(Action::Unmute { user: user()? }),
            "kick" => Ok(Action::Kick { user: user()?, time: time(KEPT_OUT, AWAY_MAX)? }),
            "slow" => Ok(Action::Slow { time: time(SLOW, SLOW_MAX)? }),
            "lock" => Ok(Action::Lock { locked: true }),
            "unlock" => Ok(Action::Lock { locked: false }),
            "clear" => Ok(Action::Clear),
            "announce" => {
                let text = self.string("content")?.ok_or_else(|| bad("`content` is missing"))?;
                Ok(Action::Announce { content: checked_content(text)? })
            }
            other => Err(bad(format!("no such `action`: {}", quoted(other)))),
        }
    }

    /// The number of the message that a request is about.
    fn seq(&self) -> Result<u64, RequestError> {
        self.number("seq")?.ok_or_else(|| bad("`seq` is missing"))
    }

    fn flag(&self, field: &str) -> Result<Option<bool>, RequestError> {
        let flag = |value: &Value| {
            value.as_bool().ok_or_else(|| bad(format!("`{field}` must be a boolean")))
        };
        self.fields.get(field).map(flag).transpose()
    }

    fn number(&self, field: &str) -> Result<Option<u64>, RequestError> {
        let number = |value: &Value| {
            value.as_u64().ok_or_else(|| bad(format!("`{field}` must be a whole number")))
        };
        self.fields.get(field).map(number).transpose()
    }

    fn room(&self) -> Result<(), RequestError> {
        match self.string("room")? {
            Some(room) if room != self.room => {
                let words = format!("the only room here is `{}`", self.room);
                Err(RequestError::new(ErrorCode::RoomInvalid, words))
            }
            _ => Ok(()),
        }
    }
}
