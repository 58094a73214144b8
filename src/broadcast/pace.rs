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

/// What a member may send and still be read from before those who send more: bytes a second, and
/// at once. It is a chat line every other second. A flood of others then delays it by the time
/// that one message takes.
const LIGHT_RATE: u32 = 512;
const LIGHT_BURST: u32 = 4 * 1024;

/// How many times that a member that sends more is taken to have sent, at most: it is one of the
/// others again after 24 s, so that those who wait for their turn do not become light by waiting.
const LIGHT_DEBT: u32 = 4;

/// One of so many parts of the burst is left to those.
const RESERVE: u32 = 4;

/// How many bursts are waited for at most: nobody is kept waiting for longer than one burst takes,
/// half a second by default, even when the server itself had much to tell.
const DEBT: u32 = 2;

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
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
        bucket.spend_within(bytes, self.burst.saturating_mul(DEBT));
        if bucket.ready(self.reserve()).is_err() {
            self.is_behind.store(true, Relaxed);
        }
    }

    /// What must be left of the burst for those who say much.
    fn reserve(&self) -> u32 {
        self.burst / RESERVE
    }

    /// How long a member should say nothing more; zero almost always.
    fn wait(&self, is_light: impl FnOnce() -> bool) -> Duration {
        if !self.is_behind.load(Relaxed) {
            return Duration::ZERO;
        }
        let buckets = self.lock();
        let longest = |left| buckets.values().filter_map(|bucket| bucket.ready(left).err()).max();
        let Some(wait) = longest(self.reserve()) else {
            // Under the lock, so that what was said meanwhile is not forgotten.
            self.is_behind.store(false, Relaxed);
            return Duration::ZERO;
        };
        if is_light() { longest(0).unwrap_or_default() } else { wait }
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
    /// Runs while this member is not read from.
    turn: Option<Pin<Box<Sleep>>>,
    /// What it sent lately: little, if the bucket is not overdrawn.
    sent: Bucket,
}

impl Listening {
    pub(super) fn new() -> Self {
        let sent = Bucket::per_second(LIGHT_RATE, LIGHT_BURST);
        Self { heard_at: Instant::now(), pace: None, turn: None, sent }
    }

    /// Takes note that so many bytes came.
    pub(super) fn heard(&mut self, bytes: usize) {
        self.heard_at = Instant::now();
        if self.pace.is_some() {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.sent.spend_within(bytes, LIGHT_DEBT * LIGHT_BURST);
        }
    }

    /// Ready when this member may be read from.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Self { pace, sent, .. } = self;
        let Some(pace) = pace else { return Poll::Ready(()) };
        loop {
            let wait = pace.wait(|| sent.ready(0).is_ok());
            if wait.is_zero() {
                self.turn = None;
                return Poll::Ready(());
            }
            self.heard_at = Instant::now() + wait;
            let turn = self.turn.get_or_insert_with(|| Box::pin(sleep(wait)));
            ready!(turn.as_mut().poll(cx));
            self.turn = None;
        }
    }
}
