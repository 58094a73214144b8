//! The frames that wait to be sent in one direction, and how fast they may go.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

/// The pause between two pieces of bytes that are split, so that they leave apart.
const SPLIT_PAUSE: Duration = Duration::from_millis(1);

/// How often a slow direction sends something.
const SLOW_TICK: Duration = Duration::from_millis(100);

/// Bytes that wait, and the fault that made or changed them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) bytes: Bytes,
    pub(super) fault: Option<Arc<str>>,
    /// Whether they are told and not sent.
    pub(super) is_dropped: bool,
}

impl Waiting {
    /// Bytes as they came.
    pub(super) fn plain(bytes: Bytes) -> Self {
        Self { bytes, fault: None, is_dropped: false }
    }
}

/// The frames that wait in one direction, by their time.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: BTreeMap<(Duration, u64), Waiting>,
    added: u64,
    pub(super) held: usize,
    /// No more than so many bytes at a time.
    pub(super) split: Option<usize>,
    /// How long bytes wait for others.
    pub(super) coalesce: Option<Duration>,
    /// So many bytes a second.
    pub(super) slow: Option<u64>,
    /// Nothing is sent before this.
    free_at: Duration,
}

impl Queue {
    pub(super) fn add(&mut self, now: Duration, at: Duration, waiting: Waiting) {
        let mut at = at;
        if let Some(coalesce) = self.coalesce.filter(|_| at <= now) {
            let batch = self.waiting.last_key_value().map(|(&(at, _), _)| at);
            at = batch.filter(|&batch| batch > now).unwrap_or(now + coalesce);
        }
        self.added += 1;
        self.held += waiting.bytes.len();
        self.waiting.insert((at, self.added), waiting);
    }

    /// Forgets all that is to be sent later than `now`.
    pub(super) fn clear_after(&mut self, now: Duration) {
        self.waiting.retain(|&(at, _), _| at <= now);
        self.held = self.waiting.values().map(|waiting| waiting.bytes.len()).sum();
    }

    /// Nothing waits longer than until `now`; the order stays.
    pub(super) fn hurry(&mut self, now: Duration) {
        let waiting = std::mem::take(&mut self.waiting);
        let hurried = waiting.into_iter().enumerate().map(|(turn, ((at, number), waiting))| {
            match at > now {
                // The order is that of the times, so numbers are given anew.
                true => ((now, self.added + 1 + turn as u64), waiting),
                false => ((at, number), waiting),
            }
        });
        self.waiting = hurried.collect();
        self.added += 1 + self.waiting.len() as u64;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// When something is to be sent next.
    pub(super) fn next_at(&self) -> Option<Duration> {
        self.waiting.first_key_value().map(|(&(at, _), _)| at.max(self.free_at))
    }

    /// The first of those that are due now.
    pub(super) fn due(&mut self, now: Duration) -> Option<Waiting> {
        if self.next_at()? > now {
            return None;
        }
        let (key, mut first) = self.waiting.pop_first()?;
        self.held -= first.bytes.len();
        if first.is_dropped {
            return Some(first);
        }
        if self.coalesce.is_some() {
            let mut together = first.bytes.to_vec();
            while let Some(next) = self.waiting.first_entry()
                && next.key().0 <= now
                && next.get().fault == first.fault
                && !next.get().is_dropped
            {
                let next = next.remove();
                self.held -= next.bytes.len();
                together.extend_from_slice(&next.bytes);
            }
            first.bytes = together.into();
        }
        let slow = self.slow.map(|rate| usize::try_from(rate.div_ceil(10)).unwrap_or(usize::MAX));
        if let Some(most) = [slow, self.split].into_iter().flatten().min() {
            if first.bytes.len() > most {
                let rest = Waiting { bytes: first.bytes.split_off(most), ..first.clone() };
                self.held += rest.bytes.len();
                self.waiting.insert(key, rest);
            }
            self.free_at = now + if slow.is_some() { SLOW_TICK } else { SPLIT_PAUSE };
        }
        Some(first)
    }
}
