//! The canonical protocol, version 1: the subprotocol `ws101.chat.v1`.
//!
//! Text frames, one JSON object each, with a `type`. A client sends `hello` first, and gets
//! `welcome` and then every event. Lasting events carry a `seq` that counts up by one, and
//! requests with an `id` get an `ack`.
//!
//! Reading ignores unknown fields and accepts the field names of other chats. A field of the
//! wrong type, an unreadable name or a message that is too long is an error that names the field.

mod reading;
mod writing;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use self::reading::Fields;
use super::super::dialect::{Dialect, Entry};
use super::super::event::Event;
use super::super::request::{Request, RequestError, id};

/// The subprotocol's name (RFC 6455 §1.9).
pub const SUBPROTOCOL: &str = "ws101.chat.v1";

/// The name of the room that everybody is in who asks for no other.
pub const GENERAL: &str = "general";

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

    fn resumes(&self) -> bool {
        true
    }

    fn read(&self, text: &str, room: &str) -> Result<Request, RequestError> {
        let value: Value =
            serde_json::from_str(text).map_err(|error| RequestError::not_json(&error))?;
        let Value::Object(fields) = &value else {
            let words = r#"a message is a JSON object, as {"type":"ping"}"#;
            return Err(RequestError::bad_message(words));
        };
        let id = id(&value)?;
        Fields { fields, room }.request(id.clone()).map_err(|error| error.about(id))
    }

    fn write(&self, event: &Event, room: &str) -> Option<Message> {
        writing::write(event, room)
    }
}
