//! Source 003: plain text, answered to its sender. Not a chat, and no part of the room.

use tokio_tungstenite::tungstenite::Message;

/// `Принято: ` and the text; binary as it was.
pub(in super::super) fn answer(heard: Message) -> Message {
    match heard {
        Message::Text(text) => Message::text(format!("Принято: {text}")),
        other => other,
    }
}
