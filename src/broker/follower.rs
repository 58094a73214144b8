//! The reader of a topic: every entry once, in order, or word that some are missing.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::{Instant, sleep_until, timeout_at};

use super::entry::{Entry, Position, Range};
use super::error::BrokerError;
use super::notices::{Notice, Notices};
use super::topic::Broker;

/// After so long without a new entry, the follower compares its place with the head of the log. Nothing else
/// finds the loss of the last notice: no gap shows it.
pub const QUIET: Duration = Duration::from_secs(5);

/// How long the follower waits after an error before it tries again.
pub const RETRY: Duration = Duration::from_millis(500);

/// What a follower gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Delivery {
    /// The next entry: its number is that of the last delivery plus one.
    Entry(Entry),
    /// Numbers go on from this position, and entries before it may be missing. It is the first delivery of a
    /// follower without a place, and comes again when entries were lost, or are no longer kept.
    ///
    /// In a new epoch, all entries that the log keeps follow, also those that were delivered before: what
    /// was built from the former epoch is built anew.
    Begin(Position),
}

/// Reads a topic from its notices and its log.
#[derive(Debug)]
pub struct Follower<B> {
    broker: B,
    topic: String,
    /// The last delivery.
    place: Option<Position>,
    /// The subscription, if there is one.
    notices: Option<Notices>,
    /// What is to be delivered: at most what one answer of the log holds, and one beginning.
    ready: VecDeque<Delivery>,
    /// Whether the log must be read before another notice is: notices may have been missed.
    is_behind: bool,
    /// When the place is compared with the head of the log.
    check: Instant,
    /// No call before this time, after an error.
    retry: Option<Instant>,
}

impl<B: Broker> Follower<B> {
    /// Follows `topic` after `place`; from the first entry that the log keeps if there is none.
    #[must_use]
    pub fn new(broker: B, topic: &str, place: Option<Position>) -> Self {
        Self {
            broker,
            topic: topic.to_owned(),
            place,
            notices: None,
            ready: VecDeque::new(),
            is_behind: true,
            check: Instant::now(),
            retry: None,
        }
    }

    /// The next delivery. Waits until there is one.
    ///
    /// # Errors
    ///
    /// The broker fails. Call it again: it waits for [`RETRY`], subscribes again, and goes on without a loss if
    /// the log keeps what came meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Cancel safe: a delivery is lost only with the follower.
    pub async fn next(&mut self) -> Result<Delivery, BrokerError> {
        loop {
            if let Some(delivery) = self.ready.pop_front() {
                return Ok(delivery);
            }
            if let Some(retry) = self.retry {
                sleep_until(retry).await;
                self.retry = None;
            }
            let advanced = self.advance().await;
            if advanced.is_err() {
                // The subscription may be broken, too.
                self.notices = None;
                self.retry = Some(Instant::now() + RETRY);
            }
            advanced?;
        }
    }

    async fn advance(&mut self) -> Result<(), BrokerError> {
        if self.notices.is_none() {
            // First the subscription, then the log: an entry that comes in between is in both.
            self.notices = Some(self.broker.subscribe(&self.topic).await?);
            self.is_behind = true;
        }
        if self.is_behind {
            return self.read_log().await;
        }
        let Some(notices) = &mut self.notices else { return Ok(()) };
        match timeout_at(self.check, notices.next()).await {
            Ok(Some(notice)) => self.take_notice(notice),
            Ok(None) => self.notices = None,
            Err(_) => {
                self.read_log().await?;
                if !self.ready.is_empty() {
                    // The subscription was silent though there was something to tell.
                    self.notices = None;
                }
            }
        }
        Ok(())
    }

    fn take_notice(&mut self, notice: Notice) {
        let Notice { epoch, entry } = notice;
        match &self.place {
            Some(place) if place.epoch == epoch && entry.seq <= place.seq => {}
            Some(place) if place.epoch == epoch && entry.seq == place.seq + 1 => {
                self.deliver(Position { epoch, seq: entry.seq }, Delivery::Entry(entry));
            }
            _ => self.is_behind = true,
        }
    }

    async fn read_log(&mut self) -> Result<(), BrokerError> {
        let Range { head, entries } = self.broker.range(&self.topic, self.place.as_ref()).await?;
        // The number before those of the answer.
        let before = entries.first().map_or(head.seq, |first| first.seq.saturating_sub(1));
        let start = Position { seq: before, ..head.clone() };
        if self.place.as_ref() != Some(&start) {
            self.deliver(start.clone(), Delivery::Begin(start));
        }
        for entry in entries {
            let place = Position { seq: entry.seq, ..head.clone() };
            self.deliver(place, Delivery::Entry(entry));
        }
        self.is_behind = self.place.as_ref() != Some(&head);
        self.check = Instant::now() + QUIET;
        Ok(())
    }

    fn deliver(&mut self, place: Position, delivery: Delivery) {
        self.place = Some(place);
        self.ready.push_back(delivery);
        self.check = Instant::now() + QUIET;
    }
}
