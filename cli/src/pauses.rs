//! Pauses of a conversation as a scenario tells them.

use std::time::Duration;

use tokio::time::Instant;
use ws101::wst::{Item, Timing};

/// The shortest pause that is told. The player needs no times for shorter ones.
const PAUSE: Duration = Duration::from_secs(1);

/// When the last line of a scenario was written.
#[derive(Debug)]
pub struct Pauses {
    last: Instant,
}

impl Pauses {
    /// Begins at `now`.
    pub fn since(now: Instant) -> Self {
        Self { last: now }
    }

    /// A line was written for something at `at`.
    pub fn told(&mut self, at: Instant) {
        self.last = self.last.max(at);
    }

    /// The wait before what a client sends at `at`, if there was a pause: `-- wait 20s`.
    pub fn wait(&self, at: Instant) -> Option<Item> {
        self.before(at).map(|secs| Item::Wait(Duration::from_secs(secs)))
    }

    /// The time of what a client receives at `at`, if there was a pause: `within 42s`.
    pub fn within(&self, at: Instant) -> Option<Timing> {
        // Twice as long, so that a slower run passes, too.
        let limit = |secs| Duration::from_secs(2 * (secs + 1));
        self.before(at).map(|secs| Timing::Within(Duration::ZERO, limit(secs)))
    }

    fn before(&self, at: Instant) -> Option<u64> {
        let pause = at.saturating_duration_since(self.last);
        (pause >= PAUSE).then_some(pause.as_secs())
    }
}
