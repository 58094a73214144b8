//! The dialect of each kind of client: its request, its first message, and the form of a line.

use serde_json::json;
use ws101::chat::SUBPROTOCOL;
use ws101::client::Request;
use ws101::frame::Frame;

/// The canonical protocol, and the dialects of other chats.
///
/// The chat has the same list for the server's side. This one is for the client's side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Canonical,
    NodeChat,
    BroadcastServer,
    Reconnect,
    Note,
    PythonChat,
}

impl Dialect {
    pub const ALL: [Self; 6] = [
        Self::Canonical,
        Self::NodeChat,
        Self::BroadcastServer,
        Self::Reconnect,
        Self::Note,
        Self::PythonChat,
    ];

    /// The path. The server knows half of the dialects by their path, half by `?dialect=`.
    #[must_use]
    pub fn target(self) -> &'static str {
        match self {
            Self::Canonical | Self::NodeChat => "/",
            Self::BroadcastServer => "/broadcast",
            Self::Reconnect => "/?dialect=reconnect",
            Self::Note => "/?dialect=note",
            Self::PythonChat => "/py",
        }
    }

    #[must_use]
    pub fn subprotocol(self) -> Option<&'static str> {
        (self == Self::Canonical).then_some(SUBPROTOCOL)
    }

    /// The request of its handshake.
    #[must_use]
    pub fn request(self) -> Request {
        let request = Request::new(self.target());
        match self.subprotocol() {
            Some(name) => request.subprotocol(name),
            None => request,
        }
    }

    /// The message that it must send to enter the room; none if it needs none.
    #[must_use]
    pub fn greeting(self, name: &str) -> Option<String> {
        match self {
            Self::Canonical => Some(json!({"type": "hello", "v": 1, "username": name}).to_string()),
            Self::PythonChat => Some(json!({"type": "join", "username": name}).to_string()),
            _ => None,
        }
    }

    /// Whether the server sends the first message. To a `note` client it only answers.
    #[must_use]
    pub fn is_welcomed(self) -> bool {
        self != Self::Note
    }

    /// Whether the room broadcasts its lines.
    #[must_use]
    pub fn in_room(self) -> bool {
        self != Self::Note
    }

    /// A part of the frame that welcomes a client. A `note` client gets no welcome; for it this is a
    /// part of the answer to its first line.
    #[must_use]
    pub fn welcome(self) -> &'static str {
        match self {
            Self::Canonical | Self::BroadcastServer | Self::PythonChat => r#""type":"welcome""#,
            Self::NodeChat => "Добро пожаловать",
            Self::Reconnect => r#""type":"connection_established""#,
            Self::Note => "Принято: ",
        }
    }

    /// Whether each message is a JSON object.
    #[must_use]
    pub fn is_json(self) -> bool {
        self != Self::Note
    }

    /// Whether every lasting event that the client receives has a `seq`, which counts up by one. In
    /// other dialects only messages have one, or nothing has.
    #[must_use]
    pub fn numbers_events(self) -> bool {
        self == Self::Canonical
    }

    /// Whether the room answers each line with an `ack`.
    #[must_use]
    pub fn acknowledges(self) -> bool {
        self == Self::Canonical
    }

    /// Other requests of a member, with names and numbers made of `speaker` and `n`.
    #[must_use]
    pub fn other_requests(self, speaker: u64, n: u64) -> Vec<String> {
        match self {
            Self::Canonical => vec![
                json!({"type": "typing", "active": true}).to_string(),
                json!({"type": "ping", "timestamp": n}).to_string(),
                json!({"type": "rename", "username": format!("w{speaker}-{n}")}).to_string(),
            ],
            _ => Vec::new(),
        }
    }

    /// The frame with which a client leaves. The server answers it with close code 1000.
    #[must_use]
    pub fn leave(self) -> Frame {
        match self {
            Self::Canonical => Frame::text(json!({"type": "bye"}).to_string()),
            _ => Frame::close(1000, ""),
        }
    }

    /// The message with number `n`.
    #[must_use]
    pub fn line(self, n: u64, content: &str) -> String {
        match self {
            Self::Canonical => {
                json!({"type": "message", "id": n.to_string(), "content": content}).to_string()
            }
            Self::NodeChat => json!({"type": "user", "content": content}).to_string(),
            Self::BroadcastServer => json!({"message": content}).to_string(),
            Self::Reconnect | Self::PythonChat => {
                json!({"type": "message", "content": content}).to_string()
            }
            Self::Note => content.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use ws101::chat::DIALECTS;

    use super::Dialect;

    #[test]
    fn the_soak_speaks_every_dialect_of_the_chat() {
        // `NodeChat` is `node_chat`.
        let snake = |name: String| {
            let parts =
                name.split_inclusive(|_: char| true).map(|part| match part.chars().next() {
                    Some(c) if c.is_ascii_uppercase() => format!("_{}", c.to_ascii_lowercase()),
                    _ => part.to_owned(),
                });
            parts.collect::<String>().trim_start_matches('_').to_owned()
        };
        let known = Dialect::ALL.map(|dialect| snake(format!("{dialect:?}")));
        assert_eq!(known.to_vec(), DIALECTS.iter().map(|one| one.name()).collect::<Vec<_>>());
    }
}
