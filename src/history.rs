//! The last messages of a room, numbered, for clients that reconnect.
//!
//! A connection that breaks loses the messages on their way. So the history numbers each message.
//! A client that reconnects sends the last number it received, and gets the messages after it, or
//! learns that the history no longer keeps all of them. A number is valid in one *epoch* only, a
//! random name of one life of the history: a server that was restarted counts from 1 again.

use std::collections::{HashMap, VecDeque};

use tokio_tungstenite::tungstenite::Message;

use crate::id;
use crate::receipts::Fingerprint;

/// Numbered messages in the order in which they were sent. The oldest are dropped when all
/// together take more than the capacity.
#[derive(Clone, Debug)]
pub struct History {
    epoch: String,
    seq: u64,
    capacity: usize,
    bytes: usize,
    entries: VecDeque<Kept>,
    /// The number of each message that has an id, by session and id.
    ids: HashMap<Fingerprint, u64>,
}

/// Why [`History::push`] did not take a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// The history has it already: the message of then.
    Same(Message),
    /// The history has another message under its id.
    Otherwise,
}

#[derive(Clone, Debug)]
struct Kept {
    id: Option<Fingerprint>,
    content: Fingerprint,
    message: Message,
}

impl History {
    /// An empty history that keeps at most `capacity` bytes of messages.
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
            ids: HashMap::new(),
        }
    }

    /// The random name of this life of the history.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The number of the last message; 0 before the first.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The messages after number `since` of `epoch`. `None` if `epoch` or `since` is missing or
    /// wrong, or if the history no longer keeps all of them.
    #[must_use]
    pub fn missed(&self, epoch: Option<&str>, since: Option<&str>) -> Option<Vec<Message>> {
        let missed = self.seq.checked_sub(since?.parse().ok()?)?;
        let first = self.entries.len().checked_sub(usize::try_from(missed).ok()?)?;
        let messages = self.entries.range(first..).map(|entry| entry.message.clone());
        (epoch? == self.epoch).then(|| messages.collect())
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
    /// The history has a message under that id in that session. A client sends an id twice if it
    /// could not know whether its first request had arrived. The history knows an id for as long
    /// as it keeps the message.
    pub fn push(
        &mut self,
        session: &str,
        id: Option<&str>,
        content: &str,
        line: impl FnOnce(u64) -> String,
    ) -> Result<Message, Before> {
        let content = Fingerprint::of(&[content]);
        let id = id.map(|id| Fingerprint::of(&[session, id]));
        if let Some(before) = id.and_then(|id| self.entry(*self.ids.get(&id)?)) {
            let same = before.content == content;
            return Err(if same {
                Before::Same(before.message.clone())
            } else {
                Before::Otherwise
            });
        }
        self.seq += 1;
        let message = Message::text(line(self.seq));
        self.bytes += message.len();
        self.entries.push_back(Kept { id, content, message: message.clone() });
        self.ids.extend(id.map(|id| (id, self.seq)));
        while self.bytes > self.capacity {
            let Some(oldest) = self.entries.pop_front() else { break };
            self.bytes -= oldest.message.len();
            if let Some(id) = oldest.id {
                self.ids.remove(&id);
            }
        }
        Ok(message)
    }

    /// The message with that number, if it is kept.
    fn entry(&self, seq: u64) -> Option<&Kept> {
        let back = usize::try_from(self.seq.checked_sub(seq)?).ok()?;
        self.entries.get(self.entries.len().checked_sub(back + 1)?)
    }
}
