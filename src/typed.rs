//! The messages that clients send: JSON objects with a `type`.

use serde_json::{Value, json};
use thiserror::Error;

/// The reason why a text is no such message.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Malformed {
    /// The text is not JSON.
    #[error("Это не JSON: {0}")]
    NotJson(#[from] serde_json::Error),
    /// JSON that is not an object: an array, a number, a string.
    #[error("Сообщение — это объект JSON, например {{\"type\":\"ping\"}}")]
    NoObject,
    /// An object without a `type`, or with a `type` that is not a string.
    #[error("Нет строки в поле `type`")]
    NoType,
}

impl Malformed {
    /// The fields of an `error`: `code` for programs, `message` for people.
    #[must_use]
    pub fn fault(&self) -> Value {
        let code = match self {
            Self::NotJson(_) => "bad_json",
            Self::NoObject | Self::NoType => "bad_message",
        };
        json!({"code": code, "message": self.to_string()})
    }
}

/// Reads a message: the result is an object, and its `type` is a string.
///
/// # Errors
///
/// The text is not JSON, not an object, or has no `type` that is a string.
pub fn read(text: &str) -> Result<Value, Malformed> {
    let said: Value = serde_json::from_str(text)?;
    if !said.is_object() {
        return Err(Malformed::NoObject);
    }
    if !said["type"].is_string() {
        return Err(Malformed::NoType);
    }
    Ok(said)
}
