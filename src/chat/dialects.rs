//! The dialects that the chat's clients speak.
//!
//! Clients of the canonical protocol share one room with those of other chats, which were written
//! before it. Documents outside this repository describe these, under the numbers 000 to
//! 004; the numbers are still accepted in settings and addresses ([`Dialect::old_name`]). Each kind of client expects another first
//! frame before it has sent anything, so a connection's handshake decides which [`Dialect`] it
//! speaks. The room writes each event once in each dialect that a member
//! speaks.
//!
//! To add a dialect, write its file, name the file below, and add it to [`DIALECTS`]. Its clients
//! are in `soak/src/dialect.rs` and `frontend/dialects.js`.

mod broadcast_server;
mod canonical;
mod node_chat;
mod note;
mod python_chat;
mod reconnect;

pub use canonical::{Canonical, GENERAL, SUBPROTOCOL};

use tokio_tungstenite::tungstenite::Message;

use super::dialect::Dialect;
use super::event::Event;
use crate::broadcast::{Audience, ClientId, Hub};
use crate::frame::CLOSE_REASON_LIMIT;
use crate::upgrade::Peer;

/// The most dialects that one chat may speak: each has an [`Audience`] in each room.
const DIALECTS_MAX: u16 = 64;

/// The dialects that a chat speaks from the start; [`Chat::dialect`](super::Chat::dialect) adds one.
pub const DIALECTS: &[&dyn Dialect] = &[
    &canonical::Canonical,
    &node_chat::NodeChat,
    &broadcast_server::BroadcastServer,
    &reconnect::Reconnect,
    &note::Note,
    &python_chat::PythonChat,
];

/// The dialects of the chat in one room.
#[derive(Clone, Debug)]
pub(super) struct Dialects {
    list: Vec<&'static dyn Dialect>,
    /// The name of the room.
    pub room: Box<str>,
    /// The [`Audience`] of the first dialect. Those of the others follow, in the order of the list.
    first: u16,
}

impl Default for Dialects {
    /// The dialects of [`DIALECTS`] in the room [`GENERAL`].
    fn default() -> Self {
        Self { list: DIALECTS.to_vec(), room: GENERAL.into(), first: 0 }
    }
}

impl Dialects {
    /// The same dialects in another room; `slot` is different in each room.
    pub(super) fn within(&self, room: &str, slot: u16) -> Self {
        Self { list: self.list.clone(), room: room.into(), first: slot * DIALECTS_MAX }
    }

    /// Adds a dialect, in the place of one with the same name.
    ///
    /// # Panics
    ///
    /// The list has [`DIALECTS_MAX`] dialects.
    pub(super) fn add(&mut self, dialect: &'static dyn Dialect) {
        if let Some(known) = self.list.iter_mut().find(|known| known.name() == dialect.name()) {
            *known = dialect;
            return;
        }
        assert!(
            self.list.len() < usize::from(DIALECTS_MAX),
            "a chat speaks at most {DIALECTS_MAX} dialects"
        );
        self.list.push(dialect);
    }

    fn iter(&self) -> impl Iterator<Item = &'static dyn Dialect> {
        self.list.iter().copied()
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
        let mut places = (self.first..).zip(&self.list);
        let place = places.find(|(_, known)| known.name() == dialect.name());
        Audience(place.map_or(u16::MAX, |(place, _)| place))
    }

    /// Sends an event to every member but `except`. It is written once in each dialect that a
    /// member speaks.
    pub(super) fn broadcast(&self, event: &Event, except: Option<ClientId>, hub: &Hub) {
        self.write(event, except, hub, None);
    }

    /// Does the same with a lasting event, and gives it as clients that resume get it again. `None`
    /// if no dialect resumes.
    pub(super) fn broadcast_lasting(
        &self,
        event: &Event,
        except: Option<ClientId>,
        hub: &Hub,
    ) -> Option<Message> {
        let resuming = (self.first..).zip(&self.list).find(|(_, dialect)| dialect.resumes());
        self.write(event, except, hub, resuming.map(|(place, _)| Audience(place)))
    }

    /// Writes a lasting event as clients that resume get it. `None` if no dialect resumes.
    pub(super) fn lasting(&self, event: &Event) -> Option<Message> {
        let resuming = self.iter().find(|dialect| dialect.resumes())?;
        self.written(event, resuming)
    }

    /// Writes an event in one dialect.
    pub(super) fn written(&self, event: &Event, dialect: &dyn Dialect) -> Option<Message> {
        dialect.write(event, &self.room)
    }

    /// Gives the event in the dialect of `kept`, though no member may speak it.
    fn write(
        &self,
        event: &Event,
        except: Option<ClientId>,
        hub: &Hub,
        kept: Option<Audience>,
    ) -> Option<Message> {
        let mut lasting = None;
        for (place, dialect) in (self.first..).zip(&self.list) {
            let audience = Audience(place);
            let is_kept = kept == Some(audience);
            if (is_kept || hub.listeners(audience) > 0)
                && let Some(message) = dialect.write(event, &self.room)
            {
                if is_kept {
                    lasting = Some(message.clone());
                }
                hub.broadcast_to(audience, except, message);
            }
        }
        lasting
    }
}
