//! Several rooms: one chat each, which the address of a WebSocket names: `/ws?room=rust`.
//!
//! A room begins with its first client. It has its own members, names and history. A client that asks
//! for none is in [`GENERAL`]. A room without members is kept for [`EMPTY_KEPT`], so that the
//! last one may reload the page.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use unicode_normalization::UnicodeNormalization;

use super::dialects::GENERAL;
use super::keeping::Saving;
use super::room::Chat;
use crate::broadcast::{ClientId, Hub};
use crate::name::Likeness;
use crate::room::{Room, json};
use crate::stats::Report;
use crate::upgrade::Peer;

/// The most rooms. When there are so many, a new one takes the place of the room that has been empty for
/// longest.
pub const ROOMS_MAX: usize = 200;

/// The most characters in the name of a room.
pub const ROOM_CHARS: usize = 32;

/// The most bytes of such a name, so that a long text costs nothing.
const ROOM_BYTES: usize = 4 * ROOM_CHARS;

/// How long a room without members is kept.
pub const EMPTY_KEPT: Duration = Duration::from_secs(10 * 60);

/// A close code of this protocol (RFC 6455 §7.4.2 leaves 4000-4999 to applications).
const ROOM_INVALID: CloseCode = CloseCode::Library(4006);

/// The rooms of a server.
#[derive(Debug)]
pub struct Rooms {
    pub(super) general: Chat,
    /// The likeness of the first room's name.
    likeness: Likeness,
    /// The other rooms, by slot.
    pub(super) others: BTreeMap<u16, Other>,
    /// The slots of connections to other rooms.
    slots: BTreeMap<ClientId, u16>,
    /// The state of each room that clients were told last.
    told: BTreeMap<u16, RoomJson>,
    /// The slot of the room that had the last event.
    last: u16,
    pub(super) now: Duration,
    pub(super) saving: Saving,
    /// The names of rooms that have ended, for the store: at most those of one event.
    pub(super) ended: Vec<String>,
}

/// A room with a name of its own.
#[derive(Debug)]
pub(super) struct Other {
    pub(super) chat: Chat,
    likeness: Likeness,
    /// Since when it has no connections.
    empty: Option<Duration>,
}

/// All rooms, or those that have changed.
#[derive(Serialize)]
struct RoomsJson<'a> {
    r#type: &'static str,
    rooms: Vec<&'a RoomJson>,
}

/// A room as a client sees it from outside.
#[derive(Clone, Debug, PartialEq, Serialize)]
struct RoomJson {
    room: String,
    epoch: String,
    members: usize,
    /// The messages since the room opened. Their growth is what a client has not read.
    messages: u64,
}

impl RoomJson {
    fn of(chat: &Chat) -> Self {
        Self {
            room: chat.dialects.room.to_string(),
            epoch: chat.history.epoch().to_owned(),
            members: chat.members.len(),
            messages: chat.messages,
        }
    }
}

/// The name of a room: letters, digits, `-` and `_`, in small letters. `None` for any other text.
fn room_name(text: &str) -> Option<String> {
    if text.len() > ROOM_BYTES {
        return None;
    }
    let name: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
    let plain = |char: char| char.is_alphanumeric() || char == '-' || char == '_';
    let fits = (1..=ROOM_CHARS).contains(&name.chars().count()) && name.chars().all(plain);
    fits.then_some(name)
}

impl Rooms {
    /// The rooms of a server. `general` is the one for clients that ask for none, and others have its
    /// options.
    #[must_use]
    pub fn new(general: Chat) -> Self {
        Self {
            general,
            likeness: Likeness::of(GENERAL),
            others: BTreeMap::new(),
            slots: BTreeMap::new(),
            told: BTreeMap::new(),
            last: 0,
            now: Duration::ZERO,
            saving: Saving::Never,
            ended: Vec::new(),
        }
    }

    pub(super) fn chats(&mut self) -> impl Iterator<Item = &mut Chat> {
        let others = self.others.values_mut().map(|other| &mut other.chat);
        std::iter::once(&mut self.general).chain(others)
    }

    /// The room that had the last event.
    pub(super) fn last(&mut self) -> &mut Chat {
        let other = self.others.get_mut(&self.last).map(|other| &mut other.chat);
        other.unwrap_or(&mut self.general)
    }

    /// The room that a client is in, which has an event now.
    fn room_of(&mut self, who: ClientId) -> &mut Chat {
        self.last = self.slots.get(&who).copied().unwrap_or_default();
        let now = self.now;
        let chat = self.last();
        chat.now(now);
        chat
    }

    /// The slot of the room with that name, or with one that looks like it; a new room if there is
    /// none. `None` if there are too many rooms with people in them.
    pub(super) fn slot_of(&mut self, name: &str) -> Option<u16> {
        let likeness = Likeness::of(name);
        if likeness.is_like(&self.likeness) {
            return Some(0);
        }
        let known = self.others.iter().find(|(_, other)| likeness.is_like(&other.likeness));
        if let Some((&slot, _)) = known {
            return Some(slot);
        }
        if self.others.len() + 1 >= ROOMS_MAX {
            let empty = self.others.iter().filter_map(|(&slot, other)| Some((other.empty?, slot)));
            let (_, oldest) = empty.min()?;
            self.remove(oldest);
        }
        let slot = (1..=u16::MAX).find(|slot| !self.others.contains_key(slot))?;
        let mut chat = self.general.another(name, slot);
        self.keep_as_others(&mut chat);
        self.others.insert(slot, Other { chat, likeness, empty: Some(self.now) });
        Some(slot)
    }

    /// Brings a client into the room that its address names.
    fn enter(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        if let Some(asked) = peer.query("room") {
            let Some(name) = room_name(asked) else {
                hub.close(who, ROOM_INVALID, "room names have 1 to 32 letters, digits, - or _");
                return;
            };
            let Some(slot) = self.slot_of(&name) else {
                hub.close(who, CloseCode::Again, "too many rooms");
                return;
            };
            if let Some(other) = self.others.get_mut(&slot) {
                other.empty = None;
                self.slots.insert(who, slot);
            }
        }
        self.room_of(who).joined(who, peer, hub);
    }

    fn remove(&mut self, slot: u16) {
        let ended = self.others.remove(&slot);
        self.told.remove(&slot);
        if let Some(Other { chat, .. }) = ended
            && let Saving::Running(_) = self.saving
        {
            self.ended.push(chat.dialects.room.to_string());
        }
    }

    /// Tells the clients that asked for it which rooms have changed. A client in the only room that
    /// has changed knows it already.
    fn tell_rooms(&mut self, hub: &Hub) {
        let general = (0, RoomJson::of(&self.general));
        let others = self.others.iter().map(|(&slot, other)| (slot, RoomJson::of(&other.chat)));
        let rooms: BTreeMap<_, _> = std::iter::once(general).chain(others).collect();
        let is_new = |&(slot, room): &(&u16, &RoomJson)| self.told.get(slot) != Some(room);
        let changed: BTreeMap<_, _> = rooms.iter().filter(is_new).collect();
        let list = |rooms| json(&RoomsJson { r#type: "rooms", rooms });
        let all = list(rooms.values().collect());
        let news = list(changed.values().copied().collect());
        let others = self.others.iter_mut().map(|(slot, other)| (slot, &mut other.chat));
        for (slot, chat) in std::iter::once((&0, &mut self.general)).chain(others) {
            let is_news = changed.keys().any(|changed| *changed != slot);
            for (&who, connection) in &mut chat.connections {
                match connection.lists_rooms.replace(true) {
                    Some(false) => drop(hub.send(who, all.clone())),
                    Some(true) if is_news => drop(hub.send(who, news.clone())),
                    Some(true) => {}
                    None => connection.lists_rooms = None,
                }
            }
        }
        self.told = rooms;
    }
}

impl Room for Rooms {
    fn subprotocols(&self) -> Vec<&'static str> {
        self.general.subprotocols()
    }

    fn paths(&self) -> Vec<&'static str> {
        self.general.paths()
    }

    fn opened(&mut self, hub: &Hub) {
        self.start_saving(hub);
    }

    fn trouble(&self) -> Option<&'static str> {
        self.trouble_of_saving()
    }

    fn joined(&mut self, who: ClientId, peer: &Peer, hub: &Hub) {
        self.enter(who, peer, hub);
        self.save(hub);
    }

    fn heard(&mut self, who: ClientId, message: Message, hub: &Hub) {
        self.room_of(who).heard(who, message, hub);
        self.save(hub);
    }

    fn flooded(&mut self, who: ClientId, message: Message, retry_after: Duration, hub: &Hub) {
        self.room_of(who).flooded(who, message, retry_after, hub);
        self.save(hub);
    }

    fn closed(&mut self, who: ClientId, code: CloseCode) {
        self.room_of(who).closed(who, code);
    }

    fn left(&mut self, who: ClientId, hub: &Hub) {
        self.room_of(who).left(who, hub);
        if let Some(slot) = self.slots.remove(&who)
            && let Some(other) = self.others.get_mut(&slot)
            && other.chat.connections.is_empty()
        {
            other.empty = Some(self.now);
        }
        self.save(hub);
    }

    fn noted(&mut self) -> Option<&'static str> {
        self.last().noted()
    }

    fn now(&mut self, now: Duration) {
        self.now = now;
    }

    fn deadline(&self) -> Option<Duration> {
        let others = self.others.values().filter_map(|other| other.chat.deadline());
        self.general.deadline().into_iter().chain(others).min()
    }

    fn overdue(&mut self, hub: &Hub) {
        let now = self.now;
        for chat in self.chats() {
            chat.now(now);
            chat.overdue(hub);
        }
        self.save_all(hub);
    }

    fn tick(&mut self, now: Duration, hub: &Hub) {
        for chat in self.chats() {
            chat.now(now);
            chat.tick(now, hub);
        }
        let old =
            |other: &Other| other.empty.is_some_and(|since| now.saturating_sub(since) > EMPTY_KEPT);
        let ended: Vec<_> =
            self.others.iter().filter(|(_, other)| old(other)).map(|(&slot, _)| slot).collect();
        for slot in ended {
            self.remove(slot);
        }
        self.tell_rooms(hub);
        self.save_all(hub);
    }

    fn report(&mut self, report: &Report, hub: &Hub) {
        for chat in self.chats() {
            chat.report(report, hub);
        }
        self.save_all(hub);
    }

    fn closing(&mut self, hub: &Hub) {
        for chat in self.chats() {
            chat.closing(hub);
        }
        self.save_all(hub);
    }
}
