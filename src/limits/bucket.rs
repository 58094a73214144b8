//! How often, and how many bytes: a token bucket.

use std::time::Duration;

use tokio::time::Instant;

const NANOS: u64 = 1_000_000_000;

/// So many tokens a second, and a burst: a token bucket. A token is a message, or a byte.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Tokens a second; zero is no limit.
    rate: u32,
    /// Tokens that a full bucket holds.
    burst: u32,
    /// When the last token taken was due.
    due: Instant,
}

impl Bucket {
    /// `rate` a second, `burst` at once; a rate of 0 is no limit.
    #[must_use]
    pub fn per_second(rate: u32, burst: u32) -> Self {
        Self { rate, burst: burst.max(1), due: Instant::now() }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// There is none yet: how long it will take.
    pub fn take(&mut self) -> Result<(), Duration> {
        self.ready(1)?;
        self.spend(1);
        Ok(())
    }

    /// Whether the bucket holds `tokens` now; takes none.
    ///
    /// More than the burst are there when the bucket is full: they never are otherwise.
    ///
    /// # Errors
    ///
    /// It does not: how long until it does.
    pub fn ready(&self, tokens: u32) -> Result<(), Duration> {
        if self.rate == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let ahead = self.cost(self.burst.saturating_sub(tokens));
        let early = self.due.saturating_duration_since(now).saturating_sub(ahead);
        if early.is_zero() { Ok(()) } else { Err(early) }
    }

    /// Takes `tokens`, whether they are there or not: what is missing is waited for later.
    pub fn spend(&mut self, tokens: u32) {
        self.due = self.due.max(Instant::now()) + self.cost(tokens);
    }

    /// The same, but never more than `most` are waited for, those of the burst included: what was
    /// taken beyond that is forgotten.
    pub fn spend_within(&mut self, tokens: u32, most: u32) {
        let now = Instant::now();
        self.due = (self.due.max(now) + self.cost(tokens)).min(now + self.cost(most));
    }

    /// Whether it is as full as it was at first, and so need not be kept.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.due <= Instant::now()
    }

    /// How long `tokens` take to come; none at all without a rate.
    fn cost(&self, tokens: u32) -> Duration {
        let nanos = u64::from(tokens) * NANOS;
        Duration::from_nanos(nanos.checked_div(self.rate.into()).unwrap_or_default())
    }
}
