//! Clients of `note` (003): plain text, answered to its sender. They are not members of
//! the room.

use tokio_tungstenite::tungstenite::Message;

use super::super::dialect::{Dialect, Entry};
use super::super::event::Event;
use super::super::request::{ErrorCode, Request, RequestError};

/// `note`.
#[derive(Debug)]
pub(super) struct Note;

impl Dialect for Note {
    fn name(&self) -> &'static str {
        "note"
    }

    fn old_name(&self) -> Option<&'static str> {
        Some("003")
    }

    fn path(&self) -> Option<&'static str> {
        Some("/chat")
    }

    fn entry(&self) -> Entry {
        Entry::Apart(answer)
    }

    /// It has no requests: [`answer`] takes every message.
    fn read(&self, _: &str, _: &str) -> Result<Request, RequestError> {
        Err(RequestError::new(ErrorCode::Unsupported, "a note is no request"))
    }

    fn write(&self, _: &Event, _: &str) -> Option<Message> {
        None
    }
}

/// A text with `Принято: ` before it; a binary message unchanged.
fn answer(message: Message) -> Message {
    match message {
        Message::Text(text) => Message::text(format!("Принято: {text}")),
        other => other,
    }
}
