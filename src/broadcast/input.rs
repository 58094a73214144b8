//! One member's incoming side: when the hub may read from it, and when its last byte arrived.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep, timeout};

use super::pace::Pace;
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

/// The most that is read at a time from a member of a hub with a pace. With more, one turn could
/// bring two long messages.
const READ: usize = LIGHT_BURST as usize;

/// How long a member waits for the turn of another, which takes microseconds or, on a busy machine,
/// milliseconds. A session that does not read on must not stop the others for ever.
const LONGEST_TURN: Duration = Duration::from_secs(1);

/// The state of a member that waits for its turn, or has it.
#[derive(Default)]
enum Turn {
    /// Nothing was asked for.
    #[default]
    None,
    /// The hub does not read from this member until the timer ends.
    Paused(Pin<Box<Sleep>>),
    /// Another member has the turn. Without a permit, that one took too long.
    Queued(Pin<Box<dyn Future<Output = Option<OwnedSemaphorePermit>> + Send>>),
    /// It is this member's turn, while its session works on what was read.
    Held(OwnedSemaphorePermit),
}

/// One member's incoming side: when its last byte arrived, and when the hub may read from it again.
pub(super) struct Input {
    /// When the last byte arrived. While the hub does not read from this member, the time at which
    /// it will read again, since the member is not to blame for the silence.
    pub(super) heard_at: Instant,
    /// The pace of the member's hub, if it has one.
    pub(super) pace: Option<Arc<Pace>>,
    turn: Turn,
    /// The bytes that the member sent lately. It is a light sender while the bucket is not overdrawn.
    sent: Bucket,
}

impl Input {
    pub(super) fn new() -> Self {
        let sent = Bucket::per_second(LIGHT_RATE, LIGHT_BURST);
        Self { heard_at: Instant::now(), pace: None, turn: Turn::None, sent }
    }

    /// The most bytes that one read may give.
    pub(super) fn most(&self) -> usize {
        if self.pace.is_some() { READ } else { usize::MAX }
    }

    /// Records that a read gave `bytes`.
    pub(super) fn heard(&mut self, bytes: usize) {
        if bytes == 0 {
            // Nothing was read that could become a broadcast.
            self.leave();
            return;
        }
        self.heard_at = Instant::now();
        if self.pace.is_some() {
            let bytes = u32::try_from(bytes).unwrap_or(u32::MAX);
            self.sent.spend_within(bytes, LIGHT_DEBT * LIGHT_BURST);
        }
    }

    /// Ends this member's turn, or its wait for one.
    pub(super) fn leave(&mut self) {
        self.turn = Turn::None;
    }

    /// Ready when the hub may read from this member. Its session reads on, so all that it read
    /// before has been charged.
    pub(super) fn poll_turn(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if matches!(self.turn, Turn::Held(_)) {
            self.leave();
        }
        let Some(pace) = self.pace.clone() else { return Poll::Ready(()) };
        loop {
            // The member before may have broadcast much, so this is asked again with the turn.
            let wait = pace.wait(|| self.is_light());
            self.turn = match mem::take(&mut self.turn) {
                Turn::Paused(mut pause) if !wait.is_zero() => {
                    if pause.as_mut().poll(cx).is_pending() {
                        self.turn = Turn::Paused(pause);
                        return Poll::Pending;
                    }
                    Turn::None
                }
                _ if !wait.is_zero() => {
                    self.heard_at = Instant::now() + wait;
                    Turn::Paused(Box::pin(sleep(wait)))
                }
                Turn::Held(turn) => {
                    self.turn = Turn::Held(turn);
                    return Poll::Ready(());
                }
                Turn::Queued(mut queued) => match queued.as_mut().poll(cx) {
                    Poll::Pending => {
                        self.turn = Turn::Queued(queued);
                        return Poll::Pending;
                    }
                    Poll::Ready(Some(turn)) => Turn::Held(turn),
                    Poll::Ready(None) => return Poll::Ready(()),
                },
                // Most reads find the turn free, and need no timer.
                Turn::None | Turn::Paused(_) => {
                    if let Ok(turn) = pace.turn.clone().try_acquire_owned() {
                        Turn::Held(turn)
                    } else {
                        let next = timeout(LONGEST_TURN, pace.turn.clone().acquire_owned());
                        Turn::Queued(Box::pin(async { next.await.ok()?.ok() }))
                    }
                }
            };
        }
    }

    fn is_light(&self) -> bool {
        self.sent.ready(0).is_ok()
    }
}
