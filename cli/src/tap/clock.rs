//! The time of day of an event.

use std::time::SystemTime;

use tokio::time::Instant;

/// A moment by both clocks. Later moments are told from it, so that a clock that is set back does not
/// turn events round.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    instant: Instant,
    time: SystemTime,
}

impl Clock {
    /// Begins now.
    pub fn start() -> Self {
        Self { instant: Instant::now(), time: SystemTime::now() }
    }

    /// The time of day at `at`.
    pub fn time(&self, at: Instant) -> SystemTime {
        self.time + at.saturating_duration_since(self.instant)
    }
}
