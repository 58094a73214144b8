//! The trait of a dialect: the messages of one kind of client.

use std::fmt::Debug;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

use super::event::Event;
use super::request::{Request, RequestError};

/// The messages of one kind of client: it parses theirs and writes events for them. All methods are
/// cheap and never wait.
pub trait Dialect: Debug + Send + Sync {
    /// The name in settings, in `?dialect=` and for the page: `node_chat`. No two dialects share
    /// one.
    fn name(&self) -> &'static str;

    /// An older spelling of the name that is accepted, too: `000`.
    fn old_name(&self) -> Option<&'static str> {
        None
    }

    /// The subprotocol that a client asks for to speak this dialect (RFC 6455 §1.9). A dialect
    /// with one is not chosen by name, path or port.
    fn subprotocol(&self) -> Option<&'static str> {
        None
    }

    /// The path at which the chat speaks this dialect, unless the client asks for another.
    fn path(&self) -> Option<&'static str> {
        None
    }

    /// How its clients become members of the room.
    fn entry(&self) -> Entry;

    /// The language of the names that the chat gives to its guests.
    fn guest_language(&self) -> &'static str {
        "en"
    }

    /// Parses the request in the text of a client that is in `room`.
    ///
    /// # Errors
    ///
    /// The text is no request. The chat sends the error to the client as [`Event::Error`].
    fn read(&self, text: &str, room: &str) -> Result<Request, RequestError>;

    /// Writes an event of `room` for the clients; `None` if this dialect has no such event.
    fn write(&self, event: &Event, room: &str) -> Option<Message>;

    /// Writes a message for its sender, if the sender gets another frame than the other clients.
    fn write_to_sender(&self, message: &Event) -> Option<Message> {
        let _ = message;
        None
    }

    /// Whether a sender gets its message again if it sent the message twice. A dialect without
    /// receipts uses the message itself as one.
    fn resends_duplicates(&self) -> bool {
        false
    }

    /// Whether clients are sent again, in this dialect, what they missed while their connection was
    /// broken. The chat keeps its last lasting events in the first dialect that resumes.
    fn resumes(&self) -> bool {
        false
    }

    /// The line that the server logs when it refuses a request.
    fn refusal_log(&self) -> Option<&'static str> {
        None
    }

    /// The dialect that a client speaks from its accepted `hello` on, if it is another.
    fn after_hello(&self) -> Option<&'static dyn Dialect> {
        None
    }
}

/// How the clients of a dialect become members of the room.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Entry {
    /// With a [`Request::Hello`] within `WS_HELLO_MS`; the chat closes with 4107 otherwise. Until
    /// then the chat refuses all other requests and sends nothing.
    Hello,
    /// The same, without a deadline.
    Join,
    /// When they connect, under a guest's name.
    Guest,
    /// They receive events from the moment they connect, and become guests with their first
    /// message, or members with a [`Request::Hello`].
    Listener,
    /// Never. The function's result is the only answer to each message, text or binary.
    Apart(fn(Message) -> Message),
}

impl Entry {
    /// Whether a client must send a [`Request::Hello`] before all else.
    pub(super) fn begins_with_hello(self) -> bool {
        matches!(self, Self::Hello | Self::Join)
    }
}

/// The first of these fields that is a string: clients give one field many names.
pub(super) fn string<'a>(said: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| said[name].as_str())
}
