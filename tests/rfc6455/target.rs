//! The three programs that the cases are played against.

use std::fmt;

use crate::program::Program;

/// The longest message that every target accepts here.
pub const LIMIT: usize = 65_536;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// The frame rules by our own `frame::Checker`.
    RawEcho,
    /// The rules by tungstenite, the end by `close`.
    Echo,
    /// The same under warp, a session, a hub and limits; its `/chat` echoes.
    FullChat,
}

pub const TARGETS: [Target; 3] = [Target::RawEcho, Target::Echo, Target::FullChat];

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RawEcho => "raw_echo",
            Self::Echo => "echo",
            Self::FullChat => "full_chat",
        })
    }
}

impl Target {
    /// Starts it, with nothing in it that would speak or end by itself.
    pub async fn start(self) -> Program {
        let limit = LIMIT.to_string();
        let settings = [
            ("WS_MAX_MESSAGE_BYTES", limit.as_str()),
            ("WS_RATE", "0"),
            ("WS_HEARTBEAT_MS", "0"),
            ("WS_IDLE_MS", "0"),
            ("WS_STATS_MS", "600000"),
        ];
        Program::start(&self.to_string(), &settings).await
    }
}
