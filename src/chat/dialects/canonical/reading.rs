//! Reads requests: each error names the field that it is about.

use serde_json::{Map, Value};

use super::super::super::request::{
    ADDRESSEES_MAX, EVENTS_MAX, ErrorCode, Hello, Request, RequestError, Resume, Side, Token,
    checked_content, checked_name,
};

/// Requests of later versions of the protocol.
const LATER: [&str; 9] =
    ["join", "leave", "edit", "delete", "react", "read", "subscribe_stats", "upload", "moderate"];

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
                Ok(match self.addressees()? {
                    Some(to) => Request::Private { id, to, content },
                    None => Request::Message { id, content, username: None, data: None },
                })
            }
            "typing" => {
                self.room()?;
                let active = self.fields.get("active").or_else(|| self.fields.get("is_typing"));
                let active = match active {
                    None => true,
                    Some(value) => {
                        value.as_bool().ok_or_else(|| bad("`active` must be a boolean"))?
                    }
                };
                Ok(Request::Typing { active })
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
