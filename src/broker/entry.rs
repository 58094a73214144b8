//! What a topic consists of: numbered entries, and the nodes that are at it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::receipts::Fingerprint;

/// The entries that the log of a topic keeps. With one more, the oldest is dropped.
pub const LOG_ENTRIES: usize = 500;

/// The most entries in one answer of [`Broker::range`](super::Broker::range).
pub const RANGE_ENTRIES: usize = 64;

/// The most bytes of one entry.
pub const ENTRY_BYTES: usize = 512 * 1024;

/// How long a node is present after its last call of [`Broker::present`](super::Broker::present). It calls three times as often.
pub const PRESENT: Duration = Duration::from_secs(10);

/// A place in the log of a topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The life of the log in which `seq` counts: a random name.
    pub epoch: Arc<str>,
    /// The number of an entry; 0 before the first.
    pub seq: u64,
}

/// An entry of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its number.
    pub seq: u64,
    /// What was published.
    pub payload: Bytes,
}

/// An entry that is to be published.
#[derive(Clone, Debug)]
pub struct Draft<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The session whose request causes the entry.
    pub session: Fingerprint,
    /// The session's name for the request. A caller that got an error publishes again under the same
    /// `id`, because it cannot know whether the entry is in the log.
    pub id: &'a str,
    /// The fingerprint of the request: another request under the same `id` has another one.
    pub content: Fingerprint,
    /// The entry, at most [`ENTRY_BYTES`].
    pub payload: Bytes,
}

/// What became of a draft.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Published {
    /// It is in the log, at this position.
    New(Position),
    /// The same request was published before, with this number.
    Before(Position),
    /// Another request was published under its `id`.
    Otherwise,
}

/// A part of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Range {
    /// The number of the last entry of the whole log, and its epoch.
    pub head: Position,
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
}

/// The nodes at a topic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    /// Those that are present, each with what it said last: the caller's own among them.
    pub here: Vec<(String, Bytes)>,
    /// Those whose time has ended. Each is told to one caller only, so that one node says goodbye
    /// for their members.
    pub gone: Vec<String>,
}
