//! What was said lately, numbered, for those who come back.
//!
//! A connection that breaks loses whatever was on its way. So each line gets a
//! number, and whoever comes back says the last one they saw: they are told the
//! lines after it, or that some are no longer here. Numbers mean nothing without
//! their *epoch*, the name of one life of the history: a server started anew
//! counts from 1 again.

use std::collections::{HashMap, VecDeque};

use tokio_tungstenite::tungstenite::Message;

use crate::id;
use crate::receipts::Fingerprint;

/// Lines in the order in which they were said; the oldest are forgotten.
#[derive(Clone, Debug)]
pub struct History {
    epoch: String,
    seq: u64,
    capacity: usize,
    bytes: usize,
    lines: VecDeque<Line>,
    /// The number of each line that has an id, by session and id.
    ids: HashMap<Fingerprint, u64>,
}

/// Why a line was not said.
#[derive(Clone, Debug, PartialEq)]
pub enum Before {
    /// It was said already: the message that was sent then.
    Same(Message),
    /// Something else was said under its id.
    Otherwise,
}

#[derive(Clone, Debug)]
struct Line {
    id: Option<Fingerprint>,
    content: Fingerprint,
    message: Message,
}

impl History {
    /// An empty history that keeps `capacity` bytes of text.
    ///
    /// Less than a hub lets one member have unsent, or those who come back from
    /// far away are taken for slow readers.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            epoch: id::random(),
            seq: 0,
            capacity,
            bytes: 0,
            lines: VecDeque::new(),
            ids: HashMap::new(),
        }
    }

    /// The name of this life of the history.
    #[must_use]
    pub fn epoch(&self) -> &str {
        &self.epoch
    }

    /// The number of the last line; 0 before the first.
    #[must_use]
    pub fn seq(&self) -> u64 {
        self.seq
    }

    /// The lines said after line `since` of `epoch`, or `None` if that cannot be told:
    /// nobody asked, another epoch, a number not reached yet, lines already forgotten.
    #[must_use]
    pub fn missed(&self, epoch: Option<&str>, since: Option<&str>) -> Option<Vec<Message>> {
        let missed = self.seq.checked_sub(since?.parse().ok()?)?;
        let first = self.lines.len().checked_sub(usize::try_from(missed).ok()?)?;
        let lines = self.lines.range(first..).map(|line| line.message.clone());
        (epoch? == self.epoch).then(|| lines.collect())
    }

    /// Numbers a line and keeps it: the message to send to all.
    ///
    /// `session` is the client, over all its connections: one client's ids mean nothing in
    /// another's session. `id` is its name for this request, `content` what it asks to be said.
    ///
    /// # Errors
    ///
    /// Something was said under that id in that session. An id comes twice from a client that
    /// could not know whether the first had arrived; it is remembered for as long as its line is kept.
    pub fn push(
        &mut self,
        session: &str,
        id: Option<&str>,
        content: &str,
        line: impl FnOnce(u64) -> String,
    ) -> Result<Message, Before> {
        let content = Fingerprint::of(&[content]);
        let id = id.map(|id| Fingerprint::of(&[session, id]));
        if let Some(before) = id.and_then(|id| self.line(*self.ids.get(&id)?)) {
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
        self.lines.push_back(Line { id, content, message: message.clone() });
        self.ids.extend(id.map(|id| (id, self.seq)));
        while self.bytes > self.capacity {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.message.len();
            if let Some(id) = oldest.id {
                self.ids.remove(&id);
            }
        }
        Ok(message)
    }

    /// The line with that number, if it is kept.
    fn line(&self, seq: u64) -> Option<&Line> {
        let back = usize::try_from(self.seq.checked_sub(seq)?).ok()?;
        self.lines.get(self.lines.len().checked_sub(back + 1)?)
    }
}
