//! Clients of `reconnect` (002): `connection_established`, and a `pong` for each `ping` of the
//! page.
//!
//! Its clients receive events from the moment they connect, and become guests with their first
//! message. A client that cannot ask for a subprotocol may send the canonical `hello` before that;
//! once the chat accepts it, the client speaks the canonical protocol.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::dialect::{Dialect, Entry, string};
use super::super::event::Event;
use super::super::request::{self, Request, RequestError};
use super::canonical::Canonical;

/// `reconnect`.
#[derive(Debug)]
pub(super) struct Reconnect;

impl Dialect for Reconnect {
    fn name(&self) -> &'static str {
        "reconnect"
    }

    fn old_name(&self) -> Option<&'static str> {
        Some("002")
    }

    fn path(&self) -> Option<&'static str> {
        Some("/ws")
    }

    fn entry(&self) -> Entry {
        Entry::Listener
    }

    fn guest_language(&self) -> &'static str {
        "ru"
    }

    fn after_hello(&self) -> Option<&'static dyn Dialect> {
        Some(&Canonical)
    }

    fn resends_duplicates(&self) -> bool {
        true
    }

    fn read(&self, text: &str, room: &str) -> Result<Request, RequestError> {
        let said: Value =
            serde_json::from_str(text).map_err(|error| RequestError::not_json(&error))?;
        match said["type"].as_str().unwrap_or_default() {
            "ping" => Ok(Request::Ping { timestamp: said["timestamp"].clone() }),
            "hello" => Canonical.read(text, room),
            "message" | "user" => {
                let content = string(&said, &["content", "message", "text"]).unwrap_or_default();
                let content = request::checked_content(content)?;
                Ok(Request::Message {
                    id: request::id(&said)?,
                    content,
                    username: None,
                    data: None,
                    reply_to: None,
                })
            }
            "" => Err(RequestError::bad_message("`type` is missing")),
            other => Err(RequestError::unknown_type(other)),
        }
    }

    fn write(&self, event: &Event, _: &str) -> Option<Message> {
        let said = match event {
            Event::Connected { id, timestamp } => json!({
                "type": "connection_established", "connectionId": id, "timestamp": timestamp,
                "message": "WebSocket connection established",
            }),
            Event::Message { seq, id, user, content, timestamp, .. } => json!({
                "type": "message", "seq": seq, "id": id, "connectionId": user.id,
                "username": user.username, "content": content, "timestamp": timestamp,
            }),
            Event::Ruled { ruling, timestamp, .. } => json!({
                "type": "system", "event": "notice", "message": ruling.russian(),
                "timestamp": timestamp,
            }),
            Event::Shutdown { timestamp } => json!({
                "type": "system", "event": "shutdown", "message": "Сервер завершает работу",
                "timestamp": timestamp,
            }),
            Event::Pong { timestamp, server_time } => json!({
                "type": "pong", "timestamp": timestamp, "serverTime": server_time,
            }),
            Event::Error(error) => json!({
                "type": "error", "code": error.code.as_str(), "message": error.message,
            }),
            _ => return None,
        };
        Some(Message::text(said.to_string()))
    }
}
