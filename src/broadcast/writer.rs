//! Round after round: what was said to all is written to everyone.

use std::time::Duration;

use tokio::task::yield_now;

use super::hub::{Hub, Round};
use super::roster::Member;
use super::scheduler::{Instant, sleep};

/// How many members are written to before other tasks get a turn.
const TURN: usize = 256;

/// How many times a round waits for silence before it begins all the same.
const WAITS: usize = 8;

/// The longest that a round waits for silence.
///
/// While thousands join, other tasks run for milliseconds whenever the writer yields, and each
/// says something. Counting yields alone let a round of 5,000 members wait for a second.
const LONGEST_WAIT: Duration = Duration::from_millis(50);

/// A round that waited for another to end waits this part of the other's time longer: who answers
/// what the other told them comes along, instead of taking turns with this one for ever.
const PAUSE: u32 = 8;

/// The least that a timer can wait: smaller rooms have no pause.
const SHORTEST_PAUSE: Duration = Duration::from_millis(1);

/// The one that writes round after round, until nothing more was said.
///
/// If its runtime ends before that, or there is none, the sessions write what
/// was said so far, and the next message has another writer.
pub(super) struct Writer {
    hub: Hub,
    is_done: bool,
}

impl Writer {
    /// Of a hub that has none.
    pub(super) fn of(hub: Hub) -> Self {
        Self { hub, is_done: false }
    }

    pub(super) async fn write_rounds(mut self) {
        let hub = &self.hub;
        loop {
            self.all_have_spoken().await;
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
            if pause >= SHORTEST_PAUSE && hub.lock().unsaid() {
                sleep(pause).await;
            }
        }
    }

    /// Lets whoever is ready to speak add to the round: sockets are looked at again before a task
    /// that yields goes on.
    ///
    /// The more members there are, the more a round costs, and the longer one waits for one more
    /// word, but never for more than [`LONGEST_WAIT`].
    async fn all_have_spoken(&self) {
        let (mut said, members) = {
            let state = self.hub.lock();
            (state.said(), state.members.len())
        };
        let began = Instant::now();
        let silence = 1 + members / TURN;
        let mut silent = 0;
        for _ in 0..WAITS * silence {
            yield_now().await;
            let before = std::mem::replace(&mut said, self.hub.lock().said());
            silent = if said == before { silent + 1 } else { 0 };
            if silent == silence || began.elapsed() >= LONGEST_WAIT {
                return;
            }
        }
    }

    /// Writes to one member what it has not seen of a round; true if that ended its membership.
    fn write_round(&self, round: &Round, member: &Member) -> bool {
        let mut wire = member.outlet.lock();
        // Seated elsewhere meanwhile, it was given its part.
        if wire.left || wire.audience != member.audience {
            return false;
        }
        let Round { frames, end, .. } = round;
        if wire.seen < *end {
            let fresh = usize::try_from(end - wire.seen).unwrap_or(usize::MAX).min(frames.len());
            wire.seen = *end;
            wire.offer(frames.slice(frames.len() - fresh..));
        }
        // What it was given when it spoke itself counts as well.
        self.hub.overdrawn(&mut wire)
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
