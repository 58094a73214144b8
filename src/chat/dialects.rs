//! The dialects that the chat's clients speak.
//!
//! The clients of the canonical protocol and of five source documents share one room. Each kind
//! expects another first frame before it has sent anything, so a connection's handshake decides
//! which [`Dialect`] it speaks. The room writes each event once in each dialect that a member
//! speaks.
//!
//! To add a dialect, write its file, name the file below, and add it to [`DIALECTS`].

mod broadcast_server;
mod canonical;
mod node_chat;
mod note;
mod python_chat;
mod reconnect;

pub use canonical::{Canonical, GENERAL, SUBPROTOCOL};

use super::dialect::Dialect;
use super::event::Event;
use crate::broadcast::{Audience, ClientId, Hub};
use crate::frame::CLOSE_REASON_LIMIT;
use crate::upgrade::Peer;

/// The most dialects that one chat may speak: each has an [`Audience`], which is one byte.
const DIALECTS_MAX: usize = 64;

/// The dialects that a chat speaks from the start; [`Chat::dialect`](super::Chat::dialect) adds one.
pub const DIALECTS: &[&dyn Dialect] = &[
    &canonical::Canonical,
    &node_chat::NodeChat,
    &broadcast_server::BroadcastServer,
    &reconnect::Reconnect,
    &note::Note,
    &python_chat::PythonChat,
];

/// The dialects of one chat. The place in the list is the dialect's [`Audience`].
#[derive(Clone, Debug)]
pub(super) struct Dialects(Vec<&'static dyn Dialect>);

impl Default for Dialects {
    fn default() -> Self {
        Self(DIALECTS.to_vec())
    }
}

impl Dialects {
    /// Adds a dialect, in the place of one with the same name.
    ///
    /// # Panics
    ///
    /// The list has [`DIALECTS_MAX`] dialects.
    pub(super) fn add(&mut self, dialect: &'static dyn Dialect) {
        if let Some(known) = self.0.iter_mut().find(|known| known.name() == dialect.name()) {
            *known = dialect;
            return;
        }
        assert!(self.0.len() < DIALECTS_MAX, "a chat speaks at most {DIALECTS_MAX} dialects");
        self.0.push(dialect);
    }

    fn iter(&self) -> impl Iterator<Item = &'static dyn Dialect> {
        self.0.iter().copied()
    }

    /// The dialect of that name, in the new or the old spelling.
    fn named(&self, name: &str) -> Option<&'static dyn Dialect> {
        let mut by_name = self.iter().filter(|dialect| dialect.subprotocol().is_none());
        by_name.find(|dialect| dialect.name() == name || dialect.old_name() == Some(name))
    }

    /// The paths of all dialects.
    pub(super) fn paths(&self) -> impl Iterator<Item = &'static str> {
        self.iter().filter_map(Dialect::path)
    }

    /// The subprotocols of all dialects.
    pub(super) fn subprotocols(&self) -> impl Iterator<Item = &'static str> {
        self.iter().filter_map(Dialect::subprotocol)
    }

    /// The dialect of a connection: by its subprotocol, `?dialect=` in its address, the port it
    /// came to, its path, or else `root`. `None` if it asks for a dialect that is not in the list.
    pub(super) fn of(
        &self,
        peer: &Peer,
        root: &str,
        ports: &[(u16, &'static str)],
    ) -> Option<&'static dyn Dialect> {
        let by_subprotocol = |dialect: &&dyn Dialect| {
            dialect.subprotocol().is_some_and(|name| peer.subprotocol.as_deref() == Some(name))
        };
        if let Some(dialect) = self.iter().find(by_subprotocol) {
            return Some(dialect);
        }
        if let Some(name) = peer.query("dialect") {
            return self.named(name);
        }
        let port = peer.ends.map(|ends| ends.local.port());
        if let Some((_, name)) = ports.iter().find(|(known, _)| Some(*known) == port) {
            return self.named(name);
        }
        let path = peer.target().path();
        let by_path = self.iter().find(|dialect| dialect.path() == Some(path));
        by_path.or_else(|| self.named(root))
    }

    /// The close reason for a client that asks for an unknown dialect; it lists the names if they
    /// fit into a close frame.
    pub(super) fn unknown(&self) -> String {
        let by_name = self.iter().filter(|dialect| dialect.subprotocol().is_none());
        let names: Vec<_> = by_name.map(Dialect::name).collect();
        let words = "no such dialect";
        let [others @ .., last] = &names[..] else { return words.to_owned() };
        let reason = format!("{words}: ask for {} or {last}", others.join(", "));
        if reason.len() > CLOSE_REASON_LIMIT { words.to_owned() } else { reason }
    }

    /// The members that are told events in `dialect`, as the same bytes.
    pub(super) fn audience(&self, dialect: &dyn Dialect) -> Audience {
        let place = self.0.iter().position(|known| known.name() == dialect.name());
        Audience(place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX))
    }

    /// Sends an event to every member but `except`. It is written once in each dialect that a
    /// member speaks.
    pub(super) fn broadcast(&self, event: &Event, except: Option<ClientId>, hub: &Hub) {
        for (place, dialect) in (0..).zip(&self.0) {
            let audience = Audience(place);
            if hub.listeners(audience) > 0
                && let Some(message) = dialect.write(event)
            {
                hub.broadcast_to(audience, except, message);
            }
        }
    }
}
