//! Rooms whose history is saved.
//!
//! Nobody learns of an event before it is saved: the hub holds what the rooms send until the
//! [`Saver`] has saved what they did. So a message that was confirmed is in the store, and a number that a
//! client has seen is never given to another message, even if the program is killed.
//!
//! If the store fails, what it has not saved is not confirmed either. The rooms go on without it, in
//! another epoch, and every client is closed with 1012, so that it comes back, learns the epoch, and sends
//! again what has no answer.

use std::mem;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

use super::dialects::GENERAL;
use super::keeping::{Keeping, Saving};
use super::numbered::Receipt;
use super::posts::Posts;
use super::room::Chat;
use super::rooms::{ROOMS_MAX, Rooms};
use crate::broadcast::Hub;
use crate::history::{
    Change, RoomChange, SavedReceipt, SavedRoom, Saver, Store, StoreError, Unsaved,
};
use crate::settings::Settings;

/// The most bytes that a hub holds until they are saved: some seconds of what the busiest chat says in
/// all dialects. With more, the store is too slow.
const HELD_BYTES: usize = 64 * 1024 * 1024;

impl Chat {
    /// Takes what a store has: the history, the messages in it, the results of requests, the people and the
    /// rules for all. Who was muted or kept out is not saved.
    fn restore(&mut self, saved: SavedRoom) {
        let SavedRoom { epoch, seq, messages, events, receipts, people, .. } = saved;
        self.history = self.history.clone().restored(epoch, seq, events);
        self.posts = Posts::read(self.history.iter(), self.time(), self.now);
        self.people.restore(people, self.now);
        (self.rules.locked, self.rules.slow) = (saved.locked, saved.slow);
        self.messages = messages;
        for SavedReceipt { session, id, content, seq, at } in receipts {
            // A connection of that time is no connection of now.
            self.receipts.remember(session, &id, content, Receipt { seq, at, by: 0 });
            self.receipts.ended(session, Duration::ZERO);
        }
    }

    /// Records what happens from now on, for the store.
    pub(super) fn record_changes(&mut self) {
        self.history.record();
        self.people.record();
        self.keeping = Keeping::Saved(Vec::new());
    }

    /// The changes since the last call.
    fn unsaved(&mut self) -> Option<Change> {
        let Keeping::Saved(receipts) = &mut self.keeping else { return None };
        let receipts = mem::take(receipts);
        let unsaved = self.history.unsaved();
        let (people, forgotten) = self.people.unsaved();
        let is_same = unsaved == Unsaved::default() && people.is_empty() && forgotten.is_empty();
        if is_same && receipts.is_empty() {
            return None;
        }
        let Unsaved { pushed, replaced, cleared } = unsaved;
        Some(Change::Room(RoomChange {
            room: self.dialects.room.to_string(),
            epoch: self.history.epoch().to_owned(),
            seq: self.history.seq(),
            first: self.history.first(),
            messages: self.messages,
            events: pushed,
            replaced,
            cleared,
            receipts,
            receipts_max: self.receipts.most(),
            people,
            forgotten,
            locked: self.rules.locked,
            slow: self.rules.slow,
        }))
    }
}

impl Rooms {
    /// The rooms of a server, with the history of `settings` if they name one.
    ///
    /// # Errors
    ///
    /// The history cannot be opened.
    pub fn open(general: Chat, settings: &Settings) -> Result<Self, StoreError> {
        let rooms = Self::new(general);
        match &settings.history {
            None => Ok(rooms),
            #[cfg(feature = "sqlite")]
            Some(path) => rooms.stored(crate::history::Sqlite::open(path)?),
            #[cfg(not(feature = "sqlite"))]
            Some(_) => Err(StoreError::Missing),
        }
    }

    /// Goes on where `store` ended, and saves into it what happens.
    ///
    /// # Errors
    ///
    /// The store cannot be read.
    pub fn stored(mut self, mut store: impl Store) -> Result<Self, StoreError> {
        for saved in store.load()?.into_iter().take(ROOMS_MAX) {
            if saved.room == GENERAL {
                self.general.restore(saved);
            } else if let Some(slot) = self.slot_of(&saved.room)
                && let Some(other) = self.others.get_mut(&slot)
            {
                other.chat.restore(saved);
            }
        }
        self.chats().for_each(Chat::record_changes);
        self.saving = Saving::Ready(Box::new(store));
        Ok(self)
    }

    /// Starts to save, and to hold what is sent until it is saved.
    pub(super) fn start_saving(&mut self, hub: &Hub) {
        match mem::replace(&mut self.saving, Saving::Never) {
            Saving::Ready(store) => {
                hub.hold();
                let hub = hub.clone();
                let runtime = Handle::current();
                let saver = Saver::start(store, move |position| {
                    let _runtime = runtime.enter();
                    hub.release(position);
                });
                self.saving = Saving::Running(saver);
            }
            other => self.saving = other,
        }
    }

    /// Saves what one client has caused.
    pub(super) fn save(&mut self, hub: &Hub) {
        if let Saving::Running(_) = self.saving {
            let change = self.last().unsaved();
            self.save_changes(change.into_iter().collect(), hub);
        }
    }

    /// Saves what has happened in all rooms.
    pub(super) fn save_all(&mut self, hub: &Hub) {
        if let Saving::Running(_) = self.saving {
            let mut changes: Vec<_> = self.chats().filter_map(Chat::unsaved).collect();
            changes.extend(mem::take(&mut self.ended).into_iter().map(Change::Ended));
            self.save_changes(changes, hub);
        }
    }

    fn save_changes(&mut self, changes: Vec<Change>, hub: &Hub) {
        let now = self.now;
        let Saving::Running(saver) = &self.saving else { return };
        saver.save(changes, hub.position(), now);
        if saver.has_failed(now) || hub.held_bytes() > HELD_BYTES {
            self.go_on_without(hub);
        }
    }

    /// Goes on in memory, after the store has failed.
    fn go_on_without(&mut self, hub: &Hub) {
        self.saving = Saving::Failed;
        hub.discard();
        for chat in self.chats() {
            chat.history.renew();
            chat.people.stop_recording();
            chat.keeping = Keeping::Lost;
            for &who in chat.connections.keys() {
                hub.close(who, CloseCode::Restart, "the history is not saved any more");
            }
        }
    }

    /// A room that begins keeps its history as the others do.
    pub(super) fn keep_as_others(&self, chat: &mut Chat) {
        match self.saving {
            Saving::Running(_) => chat.record_changes(),
            Saving::Failed => chat.keeping = Keeping::Lost,
            Saving::Never | Saving::Ready(_) => {}
        }
    }

    /// The words for an operator, if the history is not saved as the settings ask.
    pub(super) fn trouble_of_saving(&self) -> Option<&'static str> {
        matches!(self.saving, Saving::Failed).then_some("the history is not saved any more")
    }
}
