//! What was said lately, numbered, for those who come back.
//!
//! A connection that breaks loses whatever was on its way. So each line gets a
//! number, and whoever comes back says the last one they saw: they are told the
//! lines after it, or that some are no longer here. Numbers mean nothing without
//! their *epoch*, the name of one life of the history: a server started anew
//! counts from 1 again.

use std::collections::VecDeque;

use tokio_tungstenite::tungstenite::Message;

use crate::id;

/// Lines in the order in which they were said; the oldest are forgotten.
#[derive(Clone, Debug)]
pub struct History {
    epoch: String,
    seq: u64,
    capacity: usize,
    bytes: usize,
    lines: VecDeque<Line>,
}

#[derive(Clone, Debug)]
struct Line {
    id: Option<String>,
    message: Message,
}

impl History {
    /// An empty history that keeps `capacity` bytes of text.
    ///
    /// Less than a hub lets one member have unsent, or those who come back from
    /// far away are taken for slow readers.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self { epoch: id::random(), seq: 0, capacity, bytes: 0, lines: VecDeque::new() }
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
    /// # Errors
    ///
    /// A line with that `id` was said already: the message that was sent then.
    /// An `id` comes twice from a client that could not know whether the first
    /// had arrived; it is remembered for as long as its line is kept.
    pub fn push(
        &mut self,
        id: Option<&str>,
        line: impl FnOnce(u64) -> String,
    ) -> Result<Message, Message> {
        let said = |line: &&Line| id.is_some() && line.id.as_deref() == id;
        if let Some(line) = self.lines.iter().rev().find(said) {
            return Err(line.message.clone());
        }
        self.seq += 1;
        let message = Message::text(line(self.seq));
        self.bytes += message.len();
        self.lines.push_back(Line { id: id.map(str::to_owned), message: message.clone() });
        while self.bytes > self.capacity {
            let Some(oldest) = self.lines.pop_front() else { break };
            self.bytes -= oldest.message.len();
        }
        Ok(message)
    }
}
