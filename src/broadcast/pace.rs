//! How many bytes a second a room is told, so that a slow line can keep up.
//!
//! What is said to all is never refused. When a hub has said more than its pace
//! allows, its members are read from no more until time has made up for it: TCP
//! then holds back whoever speaks.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::hub::Audience;
use crate::limits::Bucket;

/// The pace of a hub, counted for each audience: a member hears one of them.
#[derive(Debug)]
pub(super) struct Pace {
    rate: u32,
    burst: u32,
    /// One for each audience that was spoken to: at most 256.
    buckets: Mutex<BTreeMap<Audience, Bucket>>,
    /// Whether a bucket may be overdrawn; false costs a reader one load.
    is_behind: AtomicBool,
}

impl Pace {
    /// `rate` bytes a second, and `burst` at once.
    pub(super) fn new(rate: u32, burst: u32) -> Self {
        Self { rate, burst, buckets: Mutex::default(), is_behind: AtomicBool::new(false) }
    }

    /// Counts what was said to an audience.
    pub(super) fn spend(&self, audience: Audience, bytes: usize) {
        let fresh = || Bucket::per_second(self.rate, self.burst);
        let mut buckets = self.lock();
        let bucket = buckets.entry(audience).or_insert_with(fresh);
        bucket.spend(u32::try_from(bytes).unwrap_or(u32::MAX));
        if bucket.ready(0).is_err() {
            self.is_behind.store(true, Relaxed);
        }
    }

    /// How long nobody should say more; zero almost always.
    fn wait(&self) -> Duration {
        if !self.is_behind.load(Relaxed) {
            return Duration::ZERO;
        }
        let buckets = self.lock();
        let longest = buckets.values().filter_map(|bucket| bucket.ready(0).err()).max();
        if longest.is_none() {
            // Under the lock, so that what was said meanwhile is not forgotten.
            self.is_behind.store(false, Relaxed);
        }
        longest.unwrap_or_default()
    }

    /// Held for a few additions, never over an `.await`.
    fn lock(&self) -> MutexGuard<'_, BTreeMap<Audience, Bucket>> {
        self.buckets.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One member's part: when it was last heard, and when it may be heard again.
#[derive(Debug)]
pub(super) struct Listening {
    /// When a byte last came; while it is not read from, when it will be again, since
    /// its silence is then the server's doing.
    pub(super) heard_at: Instant,
    /// The pace of the hub that it is a member of, if that has one.
    pub(super) pace: Option<Arc<Pace>>,
    /// Runs while the room is told nothing more.
    turn: Option<Pin<Box<Sleep>>>,
}

impl Listening {
    pub(super) fn new() -> Self {
        Self { heard_at: Instant::now(), pace: None, turn: None }
    }

    /// Takes note that bytes came.
    pub(super) fn heard(&mut self) {
        self.heard_at = Instant::now();
    }

    /// Ready when this member may be read from.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while let Some(wait) =
            self.pace.as_ref().map(|pace| pace.wait()).filter(|wait| !wait.is_zero())
        {
            self.heard_at = Instant::now() + wait;
            let turn = self.turn.get_or_insert_with(|| Box::pin(sleep(wait)));
            ready!(turn.as_mut().poll(cx));
            self.turn = None;
        }
        self.turn = None;
        Poll::Ready(())
    }
}
