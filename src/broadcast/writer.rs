//! The task that writes broadcasts to the members, in rounds.
//!
//! A round is everything that was broadcast since the last round. Each member gets it in one write.

use std::time::Duration;

use tokio::task::yield_now;

use super::roster::Member;
use super::scheduler::{Instant, sleep};
use super::shared::{Round, Shared};

/// The number of members that the task writes to before it yields to other tasks.
const TURN: usize = 256;

/// The most yields before a round, as a multiple of the yields that count as silence. Then the
/// round begins although members still send.
const WAITS: usize = 8;

/// The longest time that a round waits for silence.
///
/// While thousands join, other tasks run for milliseconds whenever the writer yields, and each
/// broadcasts something. When only yields were counted, a round of 5,000 members waited for a second.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// If messages arrived during a round, the task sleeps for this part of the round's duration, an
/// eighth, so that replies to the round join the next one.
const PAUSE: u32 = 8;

/// The resolution of a timer. A shorter pause is left out, so small rooms have none.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// Writes rounds until nothing more was broadcast.
///
/// If its runtime ends before that, the sessions write what was broadcast so far, and the next
/// broadcast starts another writer.
pub(super) struct Writer {
    hub: Shared,
    is_done: bool,
}

impl Writer {
    /// A writer for `hub`, which must have none.
    pub(super) fn of(hub: Shared) -> Self {
        Self { hub, is_done: false }
    }

    /// Writes rounds until there is none. Dropping it early moves what was broadcast to the backlogs.
    pub(super) async fn write_rounds(mut self) {
        let hub = &self.hub;
        loop {
            self.wait_for_silence().await;
            let rounds = hub.lock().take_rounds();
            if rounds.is_empty() {
                self.is_done = true;
                return;
            }
            let began = Instant::now();
            let mut written = 0;
            for round in &rounds {
                for (id, member) in round.members.iter() {
                    if self.write_round(round, member) {
                        hub.lock().members.remove(*id);
                    }
                    written += 1;
                    if written % TURN == 0 {
                        yield_now().await;
                    }
                }
            }
            let pause = began.elapsed() / PAUSE;
            if pause >= SHORTEST_PAUSE && hub.lock().has_open_round() {
                sleep(pause).await;
            }
        }
    }

    /// Yields until no task broadcasts any more, so that one round carries what all ready tasks
    /// send. The runtime polls sockets before it resumes a task that yielded.
    ///
    /// More members make a round cost more, so it waits for more yields without a broadcast, but
    /// never longer than [`LONGEST_WAIT`].
    async fn wait_for_silence(&self) {
        let (mut total, members) = self.hub.lock().size();
        let began = Instant::now();
        let silence = 1 + members / TURN;
        let mut silent = 0;
        for _ in 0..WAITS * silence {
            yield_now().await;
            let before = std::mem::replace(&mut total, self.hub.lock().total());
            silent = if total == before { silent + 1 } else { 0 };
            if silent == silence || began.elapsed() >= LONGEST_WAIT {
                return;
            }
        }
    }

    /// Writes to one member what it has not received of a round; true if that ended its membership.
    fn write_round(&self, round: &Round, member: &Member) -> bool {
        let mut wire = member.outlet.lock();
        // A member that moved to another audience received its part of the round when it moved.
        if wire.left || wire.audience != round.audience {
            return false;
        }
        let Round { frames, end, .. } = round;
        if wire.seen < *end {
            let fresh = usize::try_from(end - wire.seen).unwrap_or(usize::MAX).min(frames.len());
            wire.seen = *end;
            wire.try_write(frames.slice(frames.len() - fresh..));
        }
        // Checked even if nothing was written: `catch_up` may have filled the backlog before.
        self.hub.is_evicted(&mut wire)
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        if self.is_done {
            return;
        }
        let mut state = self.hub.lock();
        for member in state.members.iter() {
            drop(member.caught_up(&state.logs));
        }
        state.writing = false;
    }
}
