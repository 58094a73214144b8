//! How often: a token bucket.

use std::time::Duration;

use tokio::time::Instant;

/// So many a second, and a burst: a token bucket.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Between two tokens; zero is no limit.
    interval: Duration,
    /// How far ahead of time a burst may run.
    ahead: Duration,
    /// When the last token taken was due.
    due: Instant,
}

impl Bucket {
    /// `rate` a second, `burst` at once; a rate of 0 is no limit.
    #[must_use]
    pub fn per_second(rate: u32, burst: u32) -> Self {
        let interval = Duration::from_secs(1).checked_div(rate).unwrap_or_default();
        Self { interval, ahead: interval * burst.saturating_sub(1), due: Instant::now() }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// There is none yet: how long it will take.
    pub fn take(&mut self) -> Result<(), Duration> {
        let now = Instant::now();
        let due = self.due.max(now);
        let early = (due - now).saturating_sub(self.ahead);
        if !early.is_zero() {
            return Err(early);
        }
        self.due = due + self.interval;
        Ok(())
    }

    /// Whether it is as full as it was at first, and so need not be kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.due <= Instant::now()
    }
}
