//! The last messages of a room, numbered, for clients that reconnect.
//!
//! A connection that breaks loses the messages on their way. So the history numbers each message.
//! A client that reconnects sends the last number it received, and gets the messages after it, or
//! learns that the history no longer keeps all of them. A number is valid in one *epoch* only, a
//! random name of one life of the history: a server that was restarted counts from 1 again.
//!
//! A [`Store`] makes a history outlive its program. A [`Saver`] gives it the changes on a thread of its
//! own. The feature `sqlite` has a store in a file.

mod saver;
#[cfg(feature = "sqlite")]
mod sqlite;
mod store;

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Message;

pub use self::saver::{PATIENCE, Saver, WAITING_BYTES};
#[cfg(feature = "sqlite")]
pub use self::sqlite::Sqlite;
pub use self::store::{
    Change, RoomChange, SavedPerson, SavedReceipt, SavedRoom, Store, StoreError,
};
use crate::id;
use crate::receipts::{Fingerprint, Known, Receipts};

/// The last messages of a room, numbered from 1. The oldest are dropped when all together take more
/// than the capacity.
#[derive(Clone, Debug)]
pub struct Ring {
    epoch: String,
    seq: u64,
    capacity: usize,
    bytes: usize,
    entries: VecDeque<Message>,
    /// The epoch before this one, and its last number, if the numbers went on.
    former: Option<(String, u64)>,
    /// The changes since [`unsaved`](Ring::unsaved) was called last, if they are recorded.
    unsaved: Option<Unsaved>,
}

/// Changes of a [`Ring`] that were recorded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unsaved {
    /// The new messages with their numbers; `None` in the place of one that nobody can be sent again.
    pub pushed: Vec<(u64, Option<Message>)>,
    /// The messages that were put into the place of others, after the new ones came.
    pub replaced: Vec<(u64, Message)>,
    /// Whether all messages were forgotten before the new ones came.
    pub cleared: bool,
}

impl Ring {
    /// An empty ring that keeps at most `capacity` bytes of messages.
    ///
    /// `capacity` must be less than the bytes that a hub queues for one member. Otherwise the
    /// messages that a client missed could exceed its queue, and the hub would close it as too
    /// slow.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            epoch: id::random(),
            seq: 0,
            capacity,
            bytes: 0,
            entries: VecDeque::new(),
            former: None,
            unsaved: None,
        }
    }

    /// A ring that goes on where another one ended: in its epoch, after its number `seq`. `entries` are
    /// its last messages.
    #[must_use]
    pub fn restored(self, epoch: String, seq: u64, entries: Vec<Message>) -> Self {
        let mut ring = Self { epoch, seq: seq.saturating_sub(entries.len() as u64), ..self };
        for message in entries {
            ring.push(Some(message));
        }
        ring
    }

    /// Records what changes from now on, for [`unsaved`](Self::unsaved).
    pub fn record(&mut self) {
        self.unsaved.get_or_insert_default();
    }

    /// The changes since the last call; none if they are not recorded. Messages that were dropped
    /// have numbers before [`first`](Self::first).
    pub fn unsaved(&mut self) -> Unsaved {
        self.unsaved.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Begins another epoch, in which the numbers go on, and records no longer. A client that resumes
    /// in the old epoch gets what it missed.
    ///
    /// A ring that can no longer be saved does this: otherwise its program, started again, would give
    /// the numbers that come now to other messages.
    pub fn renew(&mut self) {
        self.former = Some((std::mem::replace(&mut self.epoch, id::random()), self.seq));
        self.unsaved = None;
    }

    /// The random name of this life of the ring.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The number of the last message; 0 before the first.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// Keeps a message under the next number. `None` takes a number for a message that nobody can be
    /// sent again; what came before it is forgotten, since a client must not miss one in between.
    /// Takes amortized constant time.
    pub fn push(&mut self, message: Option<Message>) {
        self.seq += 1;
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.pushed.push((self.seq, message.clone()));
        }
        let Some(message) = message else {
            self.clear();
            return;
        };
        self.bytes += message.len();
        self.entries.push_back(message);
        self.drop_oldest();
    }

    /// Forgets all messages. The next number stays.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.cleared = true;
        }
    }

    fn drop_oldest(&mut self) {
        while self.bytes > self.capacity {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.len();
        }
    }

    /// The number of the oldest message that is kept, or the next number if none is.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.seq + 1 - self.entries.len() as u64
    }

    /// Puts `message` into the place of the one with that number, if it is kept. The oldest are dropped
    /// if all together now take more than the capacity.
    pub fn replace(&mut self, seq: u64, message: Message) {
        let place = seq.checked_sub(self.first()).and_then(|place| usize::try_from(place).ok());
        let Some(entry) = place.and_then(|place| self.entries.get_mut(place)) else { return };
        self.bytes = self.bytes - entry.len() + message.len();
        if let Some(unsaved) = &mut self.unsaved {
            unsaved.replaced.push((seq, message.clone()));
        }
        *entry = message;
        self.drop_oldest();
    }

    /// The messages that are kept, oldest first.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Message)> {
        (self.first()..).zip(&self.entries)
    }

    /// The messages after number `since` of `epoch`, oldest first. `None` if the epoch is another
    /// one, if the ring no longer keeps all of them, or if there was no number `since` yet.
    #[must_use]
    pub fn after(&self, epoch: &str, since: u64) -> Option<impl Iterator<Item = &Message>> {
        let missed = usize::try_from(self.seq.checked_sub(since)?).ok()?;
        let first = self.entries.len().checked_sub(missed)?;
        let is_former = |(former, last): &(String, u64)| former == epoch && since <= *last;
        let is_known = epoch == self.epoch || self.former.as_ref().is_some_and(is_former);
        is_known.then(|| self.entries.range(first..))
    }

    /// The messages before number `before` that are kept, newest first.
    pub fn before(&self, before: u64) -> impl Iterator<Item = &Message> {
        let newer = self.seq.saturating_sub(before.saturating_sub(1));
        let skipped = usize::try_from(newer).unwrap_or(usize::MAX);
        self.entries.iter().rev().skip(skipped)
    }

    /// The last messages, at most `count`, oldest first.
    pub fn last(&self, count: usize) -> impl Iterator<Item = &Message> {
        self.entries.range(self.entries.len().saturating_sub(count)..)
    }

    /// The message with that number, if it is kept.
    #[must_use]
    pub fn get(&self, seq: u64) -> Option<&Message> {
        let back = usize::try_from(self.seq.checked_sub(seq)?).ok()?;
        self.entries.get(self.entries.len().checked_sub(back + 1)?)
    }
}

/// A [`Ring`] of messages whose ids it knows. Ids are kept longer than messages, as [`Receipts`] keeps
/// them, so that others who send much cannot make a client's message come twice.
#[derive(Clone, Debug)]
pub struct History {
    ring: Ring,
    /// The number of each message that has an id.
    numbers: Receipts<u64>,
}

/// Why [`History::push`] did not take a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// It was sent before: the message of then, or the same anew if the history no longer keeps it.
    Same(Message),
    /// Another message was sent under its id.
    Otherwise,
}

impl History {
    /// An empty history whose [`Ring`] has that capacity.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { ring: Ring::new(capacity), numbers: Receipts::default() }
    }

    /// See [`Ring::epoch`].
    #[must_use]
    pub fn epoch(&self) -> &str {
        self.ring.epoch()
    }

    /// See [`Ring::seq`].
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.ring.seq()
    }

    /// The messages after number `since` of `epoch`. `None` if `epoch` or `since` is missing or
    /// wrong, or if the history no longer keeps all of them.
    #[must_use]
    pub fn missed(&self, epoch: Option<&str>, since: Option<&str>) -> Option<Vec<Message>> {
        let missed = self.ring.after(epoch?, since?.parse().ok()?)?;
        Some(missed.cloned().collect())
    }

    /// Numbers a message and keeps it. The result is the message to broadcast: the text that `line`
    /// returns for the number.
    ///
    /// `session` names the client over all its connections; ids of different sessions are
    /// different. `id` is the client's name for this request, and `content` is what it asks to
    /// send. Takes amortized constant time.
    ///
    /// # Errors
    ///
    /// A message was sent under that id in that session. A client sends an id twice if it could not
    /// know whether its first request had arrived.
    pub fn push(
        &mut self,
        session: &str,
        id: Option<&str>,
        content: &str,
        line: impl FnOnce(u64) -> String,
    ) -> Result<Message, Before> {
        let content = Fingerprint::of(&[content]);
        let session = Fingerprint::of(&[session]);
        match id.map_or(Known::New, |id| self.numbers.known(session, id, content)) {
            Known::New => {}
            Known::Done(seq) => {
                let message = self.ring.get(seq).cloned();
                return Err(Before::Same(message.unwrap_or_else(|| Message::text(line(seq)))));
            }
            Known::Otherwise => return Err(Before::Otherwise),
        }
        let seq = self.ring.seq() + 1;
        let message = Message::text(line(seq));
        self.ring.push(Some(message.clone()));
        if let Some(id) = id {
            self.numbers.remember(session, id, content, seq);
        }
        Ok(message)
    }
}
