//! Source 002: `connection_established`, and a page's own `ping` that gets its `pong`.
//!
//! Its clients listen from the first moment, and are somebody from their first
//! message on. Until then a `hello` that is granted makes of them a client of the
//! canonical protocol: for programs that cannot ask for a subprotocol.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::event::{Event, SystemEvent};
use super::super::request::{self, ErrorCode, Fault, Request};
use super::string;

pub(super) fn read(text: &str) -> Result<Request, Fault> {
    let said: Value = serde_json::from_str(text).map_err(|error| Fault::not_json(&error))?;
    match said["type"].as_str().unwrap_or_default() {
        "ping" => Ok(Request::Ping { timestamp: said["timestamp"].clone() }),
        "hello" => Request::parse(text),
        "message" | "user" => {
            let content = string(&said, &["content", "message", "text"]).unwrap_or_default();
            let content = request::content(content)?;
            Ok(Request::Message { id: request::id(&said)?, content, username: None, data: None })
        }
        "" => Err(Fault::new(ErrorCode::BadMessage, "`type` is missing")),
        other => Err(Fault::unknown_type(other)),
    }
}

/// Its first frame.
pub(in super::super) fn established(id: &str, timestamp: &str) -> Message {
    let said = json!({
        "type": "connection_established", "connectionId": id, "timestamp": timestamp,
        "message": "WebSocket connection established",
    });
    Message::text(said.to_string())
}

pub(super) fn say(event: &Event) -> Option<Message> {
    let said = match event {
        Event::Message { seq, id, user, username, content, timestamp, .. } => json!({
            "type": "message", "seq": seq, "id": id, "connectionId": user.id,
            "username": username, "content": content, "timestamp": timestamp,
        }),
        Event::System { event: SystemEvent::Shutdown, timestamp, .. } => json!({
            "type": "system", "event": "shutdown", "message": "Сервер завершает работу",
            "timestamp": timestamp,
        }),
        Event::Pong { timestamp, server_time } => json!({
            "type": "pong", "timestamp": timestamp, "serverTime": server_time,
        }),
        Event::Error(fault) => json!({
            "type": "error", "code": fault.code, "message": fault.message,
        }),
        _ => return None,
    };
    Some(Message::text(said.to_string()))
}
