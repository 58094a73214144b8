//! One room, five ways to say what happens in it.
//!
//! No single wire can serve the five kinds of client: each expects another
//! first frame before it has said a word. So a connection's handshake decides
//! which dialect it speaks, and everything the room says is said once in each
//! dialect that somebody here understands. A dialect is two functions: what a
//! client's text asks for, and how an event is put.

mod broadcast_server;
mod node_chat;
mod note;
mod python_chat;
mod reconnect;

use serde_json::Value;
use tokio_tungstenite::tungstenite::Message;

pub(super) use broadcast_server::echo;
pub(super) use note::answer;
pub(super) use reconnect::established;

use super::SUBPROTOCOL;
use super::event::Event;
use super::request::{Fault, Request};
use crate::broadcast::{Audience, ClientId, Hub};
use crate::room::json;
use crate::upgrade::Peer;

/// How a connection speaks: the canonical protocol, or as the clients of one of five documents do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// `ws101.chat.v1`: names, receipts, numbers.
    #[default]
    Canonical,
    /// 000: `user` and `system`, each with a `content`.
    NodeChat,
    /// 001: `welcome`, `echo`, `broadcast`, and who comes and goes.
    BroadcastServer,
    /// 002: `connection_established`, `ping`, `pong`.
    Reconnect,
    /// 003: plain text, echoed to its sender; no part of the room.
    Note,
    /// 004: `join` with a name, then `message` and `typing`.
    PythonChat,
}

impl Dialect {
    /// Those in which the room speaks.
    pub(super) const IN_ROOM: [Self; 5] =
        [Self::Canonical, Self::NodeChat, Self::BroadcastServer, Self::Reconnect, Self::PythonChat];

    /// The dialect of the document with that number.
    #[must_use]
    pub fn numbered(number: &str) -> Option<Self> {
        match number {
            "000" => Some(Self::NodeChat),
            "001" => Some(Self::BroadcastServer),
            "002" => Some(Self::Reconnect),
            "003" => Some(Self::Note),
            "004" => Some(Self::PythonChat),
            _ => None,
        }
    }

    /// What a connection speaks, known before its first frame: by its subprotocol, or
    /// `?dialect=` in its address, or the port it came to, or the path. `None` for a
    /// dialect that nobody speaks.
    pub(super) fn of(peer: &Peer, root: Self, ports: &[(u16, Self)]) -> Option<Self> {
        if peer.subprotocol.as_deref() == Some(SUBPROTOCOL) {
            return Some(Self::Canonical);
        }
        if let Some(number) = peer.query("dialect") {
            return Self::numbered(number);
        }
        let port = peer.ends.map(|ends| ends.local.port());
        if let Some((_, dialect)) = ports.iter().find(|(known, _)| Some(*known) == port) {
            return Some(*dialect);
        }
        Some(match peer.target().path() {
            "/broadcast" => Self::BroadcastServer,
            "/ws" => Self::Reconnect,
            "/chat" => Self::Note,
            "/py" => Self::PythonChat,
            _ => root,
        })
    }

    /// Those who hear the same bytes.
    pub(super) fn audience(self) -> Audience {
        Audience(self as u8)
    }

    /// What a client's text asks for.
    pub(super) fn read(self, text: &str) -> Result<Request, Fault> {
        match self {
            Self::Canonical => Request::parse(text),
            Self::NodeChat => node_chat::read(text),
            Self::BroadcastServer => broadcast_server::read(text),
            Self::Reconnect => reconnect::read(text),
            Self::PythonChat => python_chat::read(text),
            Self::Note => Ok(Request::Bye),
        }
    }

    /// An event in this dialect's words; `None` where it has none.
    pub(super) fn say(self, event: &Event) -> Option<Message> {
        match self {
            Self::Canonical => Some(json(event)),
            Self::NodeChat => node_chat::say(event),
            Self::BroadcastServer => broadcast_server::say(event),
            Self::Reconnect => reconnect::say(event),
            Self::PythonChat => python_chat::say(event),
            Self::Note => None,
        }
    }
}

/// Says an event to everyone but `except`, once in each dialect that someone here understands.
pub(super) fn tell(event: &Event, except: Option<ClientId>, hub: &Hub) {
    for dialect in Dialect::IN_ROOM {
        let audience = dialect.audience();
        if hub.listeners(audience) > 0
            && let Some(message) = dialect.say(event)
        {
            hub.broadcast_to(audience, except, message);
        }
    }
}

/// The first of these fields that is a string: clients call the same thing by many names.
fn string<'a>(said: &'a Value, names: &[&str]) -> Option<&'a str> {
    names.iter().find_map(|name| said[name].as_str())
}
