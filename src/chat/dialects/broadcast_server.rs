//! Clients of `broadcast_server` (001): the sender of a message gets an `echo`, the others a
//! `broadcast`; all are told who connects and disconnects.
//!
//! Any JSON and any text is a message. The chat sends it on as `data`, unchanged.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::dialect::{Dialect, Entry, string};
use super::super::event::Event;
use super::super::request::{self, Request, RequestError};

/// `broadcast_server`.
#[derive(Debug)]
pub(super) struct BroadcastServer;

impl Dialect for BroadcastServer {
    fn name(&self) -> &'static str {
        "broadcast_server"
    }

    fn old_name(&self) -> Option<&'static str> {
        Some("001")
    }

    fn path(&self) -> Option<&'static str> {
        Some("/broadcast")
    }

    fn entry(&self) -> Entry {
        Entry::Guest
    }

    fn guest_language(&self) -> &'static str {
        "ru"
    }

    fn read(&self, text: &str, _: &str) -> Result<Request, RequestError> {
        let data = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
        if data["type"] == "ping" {
            return Ok(Request::Ping { timestamp: data["timestamp"].clone() });
        }
        let content = string(&data, &["message", "content", "text", "data"]).unwrap_or(text);
        let content = request::checked_content(content)?;
        Ok(Request::Message { id: None, content, username: None, data: Some(data), reply_to: None })
    }

    fn write(&self, event: &Event, _: &str) -> Option<Message> {
        let said = match event {
            Event::Welcome { user, count, timestamp, .. } => json!({
                "type": "welcome", "message": "Добро пожаловать!", "clientId": user.id,
                "clientsCount": count, "timestamp": timestamp,
            }),
            Event::UserJoined { user, count, timestamp, .. } => json!({
                "type": "client_connected", "clientId": user.id, "clientsCount": count,
                "timestamp": timestamp,
            }),
            Event::UserLeft { user, count, timestamp, .. } => json!({
                "type": "client_disconnected", "clientId": user.id, "clientsCount": count,
                "timestamp": timestamp,
            }),
            Event::Presence { summary, count, timestamp, .. } => {
                let joined = summary.came.total();
                let left = summary.went.total();
                if joined + left == 0 {
                    return None;
                }
                json!({
                    "type": "system", "event": "presence", "joined": joined, "left": left,
                    "message": format!("Подключились: {joined}, отключились: {left}"),
                    "clientsCount": count, "timestamp": timestamp,
                })
            }
            Event::Message { user, content, data, timestamp, .. } => json!({
                "type": "broadcast", "data": data.unwrap_or(&Value::from(*content)),
                "message": content, "from": user.id, "timestamp": timestamp,
            }),
            Event::Heartbeat { stats, timestamp } => json!({
                "type": "system", "event": "heartbeat", "message": "heartbeat", "timestamp": timestamp,
                "stats": {
                    "activeConnections": stats.connections,
                    "memory": {"rssBytes": stats.rss_bytes},
                    "uptime": stats.uptime_ms / 1000,
                },
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
            // The document has no `error`; a `system` message to one client is the nearest.
            Event::Error(error) => json!({
                "type": "system", "event": "error", "message": error.message,
            }),
            _ => return None,
        };
        Some(Message::text(said.to_string()))
    }

    fn write_to_sender(&self, message: &Event) -> Option<Message> {
        let Event::Message { user, content, data, timestamp, .. } = message else { return None };
        let said = json!({
            "type": "echo", "data": data.unwrap_or(&Value::from(*content)), "message": content,
            "clientId": user.id, "timestamp": timestamp,
        });
        Some(Message::text(said.to_string()))
    }
}
