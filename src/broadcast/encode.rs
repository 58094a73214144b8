//! A message as the bytes of one frame.

use bytes::{Bytes, BytesMut};
use tokio_tungstenite::tungstenite::Message;

use crate::frame::{self, Opcode};

/// Appends `message` to `out` as one unmasked frame (RFC 6455 §5.1, §5.2).
///
/// Appends nothing for a close frame, because `Hub::close` ends a membership, and nothing for a
/// raw frame.
pub(super) fn encode(message: &Message, out: &mut BytesMut) {
    match message {
        Message::Text(text) => frame::encode(out, Opcode::Text, text.as_bytes()),
        Message::Binary(data) => frame::encode(out, Opcode::Binary, data),
        Message::Ping(data) => frame::encode(out, Opcode::Ping, data),
        Message::Pong(data) => frame::encode(out, Opcode::Pong, data),
        Message::Close(_) | Message::Frame(_) => {}
    }
}

/// `message` as one unmasked frame.
pub(super) fn encoded(message: &Message) -> Bytes {
    let mut frame = BytesMut::new();
    encode(message, &mut frame);
    frame.freeze()
}
