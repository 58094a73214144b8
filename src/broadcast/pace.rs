//! A limit on the bytes a second that a hub broadcasts, so that a slow line can keep up.
//!
//! The hub never refuses a broadcast. When it has broadcast more than its pace allows, it stops
//! reading from its members until time has made up for it, and TCP slows the senders down.
//!
//! A room may broadcast more than a member sent: twelve times as much, if it writes 64 KiB of
//! control characters as JSON. The hub learns that only when it broadcasts. So it reads from one
//! member at a time, and from the next when the first one's message has been charged.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::member::Audience;
use crate::limits::Bucket;

/// The part of the burst that is kept for light senders: one in `RESERVE`.
const RESERVE: u32 = 4;

/// The pace of a hub. Each audience has its own account, because a member receives one audience's
/// messages.
#[derive(Debug)]
pub(super) struct Pace {
    rate: u32,
    burst: u32,
    /// The longest message that is charged whole.
    longest: u32,
    /// One for each audience that had a broadcast: at most 256.
    buckets: Mutex<BTreeMap<Audience, Bucket>>,
    /// Whether a bucket may be overdrawn. While false, a reader takes no lock.
    is_behind: AtomicBool,
    /// The turn of one member: from the moment it is read from until its session reads on.
    pub(super) turn: Arc<Semaphore>,
}

impl Pace {
    /// Allows `rate` bytes a second, and `burst` bytes at once, a message of `longest` bytes on top.
    pub(super) fn new(rate: u32, burst: u32, longest: u32) -> Self {
        Self {
            rate,
            burst,
            longest,
            buckets: Mutex::default(),
            is_behind: AtomicBool::new(false),
            turn: Arc::new(Semaphore::new(1)),
        }
    }

    /// Charges `bytes` to an audience's account.
    ///
    /// The account never owes more than a burst and the longest message, so the wait is bounded even
    /// after the server itself broadcast much.
    pub(super) fn spend(&self, audience: Audience, bytes: usize) {
        let fresh = || Bucket::per_second(self.rate, self.burst);
        let mut buckets = self.lock();
        let bucket = buckets.entry(audience).or_insert_with(fresh);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        bucket.spend_within(bytes, self.burst.saturating_add(self.longest));
        if bucket.ready(self.reserve()).is_err() {
            self.is_behind.store(true, Relaxed);
        }
    }

    /// The bytes that must be left of the burst before the hub reads from a heavy sender.
    fn reserve(&self) -> u32 {
        self.burst / RESERVE
    }

    /// How long the hub must not read from a member. Almost always zero.
    pub(super) fn wait(&self, is_light: impl FnOnce() -> bool) -> Duration {
        if !self.is_behind.load(Relaxed) {
            return Duration::ZERO;
        }
        let buckets = self.lock();
        let longest = |left| buckets.values().filter_map(|bucket| bucket.ready(left).err()).max();
        let Some(wait) = longest(self.reserve()) else {
            // Stored under the lock, so that a `spend` in between is not lost.
            self.is_behind.store(false, Relaxed);
            return Duration::ZERO;
        };
        if is_light() { longest(0).unwrap_or_default() } else { wait }
    }

    /// Held for a few additions, never across an `.await`.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Audience, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
