//! The trait of a store: where the histories of rooms outlive their program.

use std::error::Error;
use std::time::{Duration, SystemTime};

use tokio_tungstenite::tungstenite::Message;

use crate::receipts::Fingerprint;

/// Keeps the histories of rooms. A [`Saver`](super::Saver) calls it on a thread of its own, so it may
/// block.
pub trait Store: Send + 'static {
    /// All rooms, as the last [`save`](Self::save) left them.
    ///
    /// # Errors
    ///
    /// They cannot be read.
    fn load(&mut self) -> Result<Vec<SavedRoom>, StoreError>;

    /// Saves changes in their order: all of them, or none and an error. After it returned, they must
    /// survive the end of the process.
    ///
    /// # Errors
    ///
    /// The store is full or broken. [`abandon`](Self::abandon) follows.
    fn save(&mut self, changes: &[Change]) -> Result<(), StoreError>;

    /// The rooms go on without the store, so it does not have all that happened. The next
    /// [`load`](Self::load) must give each room another epoch: a client that resumes in the old one would
    /// miss events without being told.
    fn abandon(&mut self);
}

impl Store for Box<dyn Store> {
    fn load(&mut self) -> Result<Vec<SavedRoom>, StoreError> {
        (**self).load()
    }

    fn save(&mut self, changes: &[Change]) -> Result<(), StoreError> {
        (**self).save(changes)
    }

    fn abandon(&mut self) {
        (**self).abandon();
    }
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// It cannot be opened.
    #[error("the history {name} cannot be opened: {cause}")]
    Open {
        /// Its file.
        name: String,
        /// Why not.
        cause: Box<dyn Error + Send + Sync>,
    },
    /// It cannot be read or written.
    #[error("the history cannot be saved: {0}")]
    Failed(Box<dyn Error + Send + Sync>),
    /// More waits to be saved than [`WAITING_BYTES`](super::WAITING_BYTES), or has waited for longer
    /// than [`PATIENCE`](super::PATIENCE).
    #[error("the history cannot be saved: its store is too slow")]
    TooSlow,
    /// The program was built without a store for files.
    #[error("WS_HISTORY needs a program that was built with `--features sqlite`")]
    Missing,
}

/// A change of the histories.
#[derive(Clone, Debug, PartialEq)]
pub enum Change {
    /// Something happened in a room.
    Room(RoomChange),
    /// A room with this name has ended.
    Ended(String),
}

/// The changes of a room.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomChange {
    /// The room's name.
    pub room: String,
    /// The life of its history.
    pub epoch: String,
    /// The number of its last event.
    pub seq: u64,
    /// The first number that is still kept; the store forgets those before it.
    pub first: u64,
    /// The chat messages in this life.
    pub messages: u64,
    /// The new events, with their numbers. `None` is in the place of one that nobody can be sent again;
    /// `first` is higher.
    pub events: Vec<(u64, Option<Message>)>,
    /// Events that take the place of those with these numbers, new ones among them: the text of a message was
    /// changed or deleted. The store must not keep the old ones.
    pub replaced: Vec<(u64, Message)>,
    /// Whether everything before the new events was forgotten on purpose.
    pub cleared: bool,
    /// The results of requests with an `id`.
    pub receipts: Vec<SavedReceipt>,
    /// The most results that are kept.
    pub receipts_max: usize,
    /// The people that are new, or have another name. A person that is saved already is replaced.
    pub people: Vec<SavedPerson>,
    /// The tokens of people that the room does not know any more.
    pub forgotten: Vec<Fingerprint>,
    /// Whether only the teacher may send.
    pub locked: bool,
    /// The time between two messages of one member.
    pub slow: Duration,
}

impl Change {
    /// About how many bytes it takes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let texts = match self {
            Self::Ended(room) => room.len(),
            Self::Room(change) => {
                let new = change.events.iter().map(|(_, message)| message.as_ref());
                let replaced = change.replaced.iter().map(|(_, message)| Some(message));
                let events =
                    new.chain(replaced).map(|message| message.map_or(0, Message::len) + 32);
                events.sum::<usize>()
                    + change.receipts.len() * size_of::<SavedReceipt>()
                    + change.people.len() * size_of::<SavedPerson>()
                    + change.forgotten.len() * size_of::<Fingerprint>()
            }
        };
        size_of::<Self>() + texts
    }
}

/// The result of a request with an `id`.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedReceipt {
    /// The session of the client.
    pub session: Fingerprint,
    /// The request's `id`.
    pub id: String,
    /// The fingerprint of the request.
    pub content: Fingerprint,
    /// The number of the event that it caused.
    pub seq: Option<u64>,
    /// When it was done.
    pub at: SystemTime,
}

/// A person that has a token, and may come back.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedPerson {
    /// The fingerprint of the token. The token itself is not kept.
    pub token: Fingerprint,
    /// The public id, by which the room knows whose a message is.
    pub id: String,
    /// The name.
    pub username: String,
    /// Whether the person chose the name.
    pub named: bool,
}

/// A room in a store.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedRoom {
    /// Its name.
    pub room: String,
    /// The life of its history.
    pub epoch: String,
    /// The number of its last event.
    pub seq: u64,
    /// The chat messages in this life.
    pub messages: u64,
    /// Its last events, up to `seq`.
    pub events: Vec<Message>,
    /// The results of requests, in the order in which they were done.
    pub receipts: Vec<SavedReceipt>,
    /// The people that the room knew.
    pub people: Vec<SavedPerson>,
    /// Whether only the teacher may send.
    pub locked: bool,
    /// The time between two messages of one member.
    pub slow: Duration,
}
