//! The messages of each lesson.

pub mod broadcast;
pub mod chat;
pub mod connections;
pub mod echo;
pub mod games;
pub mod limits;
pub mod names;
pub mod others;
pub mod resume;
pub mod sessions;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

/// One event, as a JSON text.
fn event(kind: &str, mut fields: Value) -> Message {
    fields["type"] = kind.into();
    Message::text(fields.to_string())
}

/// A client's message as JSON; null if it is none.
fn parsed(message: &Message) -> Value {
    let Message::Text(text) = message else { return Value::Null };
    serde_json::from_str(text).unwrap_or_default()
}

/// `type`, empty if there is none.
fn kind(said: &Value) -> &str {
    said["type"].as_str().unwrap_or_default()
}
