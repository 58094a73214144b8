//! A limit on the bytes a second that a hub broadcasts, so that a slow line can keep up.
//!
//! The hub never refuses a broadcast. When it has broadcast more than its pace allows, it stops
//! reading from its members until time has made up for it, and TCP slows the senders down.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::time::{Instant, Sleep, sleep};

use super::member::Audience;
use crate::limits::Bucket;

/// Bytes a second that a light sender may send: a chat line every other second.
///
/// While the hub is behind its pace, it still reads from light senders. So a flood by others delays
/// them by the time that one message takes.
const LIGHT_RATE: u32 = 512;

/// Bytes that a light sender may send at once.
const LIGHT_BURST: u32 = 4 * 1024;

/// The most that a heavy sender's account is charged, as a multiple of [`LIGHT_BURST`].
///
/// It counts as light again after 24 s without sending. That is longer than it waits for its turn,
/// so a heavy sender does not become light by waiting.
const LIGHT_DEBT: u32 = 4;

/// The part of the burst that is kept for light senders: one in `RESERVE`.
const RESERVE: u32 = 4;

/// The most that an audience's account is charged, as a multiple of the burst.
///
/// So no member waits longer than one burst takes, half a second by default, even after the server
/// itself broadcast much.
const DEBT: u32 = 2;

/// The pace of a hub. Each audience has its own account, because a member receives one audience's
/// messages.
#[derive(Debug)]
pub(super) struct Pace {
    rate: u32,
    burst: u32,
    /// One for each audience that had a broadcast: at most 256.
    buckets: Mutex<BTreeMap<Audience, Bucket>>,
    /// Whether a bucket may be overdrawn. While false, a reader takes no lock.
    is_behind: AtomicBool,
}

impl Pace {
    /// Allows `rate` bytes a second, and `burst` bytes at once.
    pub(super) fn new(rate: u32, burst: u32) -> Self {
        Self { rate, burst, buckets: Mutex::default(), is_behind: AtomicBool::new(false) }
    }

    /// Charges `bytes` to an audience's account.
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

    /// The bytes that must be left of the burst before the hub reads from a heavy sender.
    fn reserve(&self) -> u32 {
        self.burst / RESERVE
    }

    /// How long the hub must not read from a member. Almost always zero.
    fn wait(&self, is_light: impl FnOnce() -> bool) -> Duration {
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

/// One member's incoming side: when its last byte arrived, and when the hub may read from it again.
#[derive(Debug)]
pub(super) struct Input {
    /// When the last byte arrived. While the hub does not read from this member, the time at which
    /// it will read again, since the member is not to blame for the silence.
    pub(super) heard_at: Instant,
    /// The pace of the member's hub, if it has one.
    pub(super) pace: Option<Arc<Pace>>,
    /// Runs while the hub does not read from this member.
    turn: Option<Pin<Box<Sleep>>>,
    /// The bytes that the member sent lately. It is a light sender while the bucket is not overdrawn.
    sent: Bucket,
}

impl Input {
    pub(super) fn new() -> Self {
        let sent = Bucket::per_second(LIGHT_RATE, LIGHT_BURST);
        Self { heard_at: Instant::now(), pace: None, turn: None, sent }
    }

    /// Records that `bytes` arrived.
    pub(super) fn heard(&mut self, bytes: usize) {
        self.heard_at = Instant::now();
        if self.pace.is_some() {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.sent.spend_within(bytes, LIGHT_DEBT * LIGHT_BURST);
        }
    }

    /// Ready when the hub may read from this member.
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
