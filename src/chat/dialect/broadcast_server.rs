//! Source 001: an `echo` for who speaks, a `broadcast` for the others, and who comes and goes.
//!
//! Any JSON and any text is a message: it travels as `data`, untouched.

use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

use super::super::event::{Event, SystemEvent};
use super::super::request::{self, Fault, Request};
use super::string;

pub(super) fn read(text: &str) -> Result<Request, Fault> {
    let data = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    if data["type"] == "ping" {
        return Ok(Request::Ping { timestamp: data["timestamp"].clone() });
    }
    let content = string(&data, &["message", "content", "text", "data"]).unwrap_or(text);
    let content = request::content(content)?;
    Ok(Request::Message { id: None, content, username: None, data: Some(data) })
}

pub(super) fn say(event: &Event) -> Option<Message> {
    let said = match event {
        Event::Welcome { user, rooms: [room], time, .. } => json!({
            "type": "welcome", "message": "Добро пожаловать!", "clientId": user.id,
            "clientsCount": room.count.unwrap_or(room.members.len()), "timestamp": time,
        }),
        Event::UserJoined { user, count, timestamp, .. } => json!({
            "type": "client_connected", "clientId": user.id, "clientsCount": count,
            "timestamp": timestamp,
        }),
        Event::UserLeft { user, count, timestamp, .. } => json!({
            "type": "client_disconnected", "clientId": user.id, "clientsCount": count,
            "timestamp": timestamp,
        }),
        Event::Presence { joined: 0, left: 0, .. } => return None,
        Event::Presence { joined, left, count, timestamp, .. } => json!({
            "type": "system", "event": "presence", "joined": joined, "left": left,
            "message": format!("Подключились: {joined}, отключились: {left}"),
            "clientsCount": count, "timestamp": timestamp,
        }),
        Event::Message { user, content, data, timestamp, .. } => json!({
            "type": "broadcast", "data": data.unwrap_or(&Value::from(*content)),
            "message": content, "from": user.id, "timestamp": timestamp,
        }),
        Event::System { event: SystemEvent::Heartbeat { stats }, timestamp, .. } => json!({
            "type": "system", "event": "heartbeat", "message": "heartbeat", "timestamp": timestamp,
            "stats": {
                "activeConnections": stats.connections,
                "memory": {"rssBytes": stats.rss_bytes},
                "uptime": stats.uptime_ms / 1000,
            },
        }),
        Event::System { event: SystemEvent::Shutdown, timestamp, .. } => json!({
            "type": "system", "event": "shutdown", "message": "Сервер завершает работу",
            "timestamp": timestamp,
        }),
        Event::Pong { timestamp, server_time } => json!({
            "type": "pong", "timestamp": timestamp, "serverTime": server_time,
        }),
        // It knows no `error`: the nearest is a word from the server to one client.
        Event::Error(fault) => json!({
            "type": "system", "event": "error", "message": fault.message,
        }),
        _ => return None,
    };
    Some(Message::text(said.to_string()))
}

/// What the sender of a message hears instead of the broadcast.
pub(in super::super) fn echo(event: &Event) -> Option<Message> {
    let Event::Message { user, content, data, timestamp, .. } = event else { return None };
    let said = json!({
        "type": "echo", "data": data.unwrap_or(&Value::from(*content)), "message": content,
        "clientId": user.id, "timestamp": timestamp,
    });
    Some(Message::text(said.to_string()))
}
