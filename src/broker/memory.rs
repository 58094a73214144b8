//! A broker in memory, for one process.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::time::Instant;

use super::entry::{
    Draft, ENTRY_BYTES, Entry, LOG_ENTRIES, PRESENT, Position, Presence, Published, RANGE_ENTRIES,
    Range,
};
use super::error::BrokerError;
use super::notices::{Notice, Notices, Sender};
use super::topic::Broker;
use crate::id;
use crate::receipts::{ALL_IDS, Fingerprint};

/// A broker in memory. All nodes are in one process: several of them in a test, or the only one of a server.
///
/// A topic is kept until the broker is dropped.
#[derive(Debug, Default)]
pub struct Memory(Mutex<BTreeMap<String, Topic>>);

#[derive(Debug)]
struct Topic {
    head: Position,
    entries: VecDeque<Entry>,
    requests: Requests,
    subscribers: Vec<Sender>,
    /// The nodes that are present, until when, and what they said.
    nodes: BTreeMap<String, (Instant, Bytes)>,
}

/// The last [`ALL_IDS`] requests, by session and id.
#[derive(Debug, Default)]
struct Requests {
    known: BTreeMap<Fingerprint, Request>,
    order: VecDeque<Fingerprint>,
}

#[derive(Clone, Copy, Debug)]
struct Request {
    content: Fingerprint,
    seq: u64,
}

impl Requests {
    fn remember(&mut self, key: Fingerprint, request: Request) {
        self.known.insert(key, request);
        self.order.push_back(key);
        if self.order.len() > ALL_IDS
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
    }

    /// Forgets those whose entries come after number `last`.
    fn forget_after(&mut self, last: u64) {
        let known = &mut self.known;
        known.retain(|_, request| request.seq <= last);
        self.order.retain(|key| known.contains_key(key));
    }
}

impl Default for Topic {
    fn default() -> Self {
        Self {
            head: Position { epoch: id::random().into(), seq: 0 },
            entries: VecDeque::new(),
            requests: Requests::default(),
            subscribers: Vec::new(),
            nodes: BTreeMap::new(),
        }
    }
}

impl Topic {
    fn append(&mut self, payload: Bytes) {
        self.head.seq += 1;
        let entry = Entry { seq: self.head.seq, payload };
        self.entries.push_back(entry.clone());
        if self.entries.len() > LOG_ENTRIES {
            self.entries.pop_front();
        }
        let notice = Notice { epoch: self.head.epoch.clone(), entry };
        // A subscriber whose queue is full misses the notice, and finds the entry in the log.
        self.subscribers.retain(|subscriber| !subscriber.is_closed());
        for subscriber in &self.subscribers {
            let _ = subscriber.try_send(notice.clone());
        }
    }
}

impl Memory {
    fn topics(&self) -> MutexGuard<'_, BTreeMap<String, Topic>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does what a store does that is killed and started again: it has lost the last `lost` entries of
    /// each topic and the ids of their requests, and every subscription. The epoch of each topic turns.
    pub fn restart(&self, lost: usize) {
        for topic in self.topics().values_mut() {
            let kept = topic.entries.len().saturating_sub(lost);
            topic.head.seq -= (topic.entries.len() - kept) as u64;
            topic.head.epoch = id::random().into();
            topic.entries.truncate(kept);
            topic.requests.forget_after(topic.head.seq);
            topic.subscribers.clear();
        }
    }
}

impl Broker for Memory {
    async fn publish(&self, draft: Draft<'_>) -> Result<Published, BrokerError> {
        let Draft { topic, session, id, content, payload } = draft;
        if payload.len() > ENTRY_BYTES {
            return Err(BrokerError::TooLong);
        }
        let mut topics = self.topics();
        let topic = topics.entry(topic.to_owned()).or_default();
        let key = Fingerprint::of(&[session.as_ref(), id.as_bytes()]);
        match topic.requests.known.get(&key) {
            Some(request) if request.content == content => {
                let seq = request.seq;
                return Ok(Published::Before(Position { seq, ..topic.head.clone() }));
            }
            Some(_) => return Ok(Published::Otherwise),
            None => {}
        }
        topic.append(payload);
        topic.requests.remember(key, Request { content, seq: topic.head.seq });
        Ok(Published::New(topic.head.clone()))
    }

    async fn range(&self, topic: &str, since: Option<&Position>) -> Result<Range, BrokerError> {
        let mut topics = self.topics();
        let Topic { head, entries, .. } = topics.entry(topic.to_owned()).or_default();
        let is_known = |since: &&Position| since.epoch == head.epoch && since.seq <= head.seq;
        let since = since.filter(is_known).map_or(0, |since| since.seq);
        let after = entries.iter().filter(|entry| entry.seq > since);
        let entries = after.take(RANGE_ENTRIES).cloned().collect();
        Ok(Range { head: head.clone(), entries })
    }

    async fn subscribe(&self, topic: &str) -> Result<Notices, BrokerError> {
        let (sender, notices) = Notices::channel();
        self.topics().entry(topic.to_owned()).or_default().subscribers.push(sender);
        Ok(notices)
    }

    async fn present(&self, topic: &str, node: &str, says: Bytes) -> Result<Presence, BrokerError> {
        let mut topics = self.topics();
        let nodes = &mut topics.entry(topic.to_owned()).or_default().nodes;
        let now = Instant::now();
        nodes.insert(node.to_owned(), (now + PRESENT, says));
        let mut presence = Presence::default();
        nodes.retain(|node, (until, says)| {
            let is_here = now < *until;
            if is_here {
                presence.here.push((node.clone(), says.clone()));
            } else {
                presence.gone.push(node.clone());
            }
            is_here
        });
        Ok(presence)
    }
}
