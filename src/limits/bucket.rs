//! A token bucket: a limit on how many messages or bytes may come in a second.

use std::time::Duration;

use tokio::time::Instant;

const NANOS: u64 = 1_000_000_000;

/// A token bucket: allows a number of tokens a second, and a burst. A token is a message or a byte.
#[derive(Clone, Debug)]
pub struct Bucket {
    /// Tokens a second; 0 is no limit.
    rate: u32,
    /// Tokens in a full bucket.
    burst: u32,
    /// When the tokens taken so far have come back: the bucket is full from then on.
    due: Instant,
}

impl Bucket {
    /// A full bucket of `burst` tokens, at least 1, into which `rate` tokens a second flow. A rate of
    /// 0 is no limit.
    #[must_use]
    pub fn per_second(rate: u32, burst: u32) -> Self {
        Self { rate, burst: burst.max(1), due: Instant::now() }
    }

    /// Takes a token.
    ///
    /// # Errors
    ///
    /// The time until there is a token, if there is none now. Then none is taken.
    pub fn take(&mut self) -> Result<(), Duration> {
        self.ready(1)?;
        self.spend(1);
        Ok(())
    }

    /// Whether the bucket holds `tokens` now. Takes none.
    ///
    /// A full bucket counts as holding any number of tokens, because more than the burst would never
    /// be there.
    ///
    /// # Errors
    ///
    /// The time until it holds them, if it does not.
    pub fn ready(&self, tokens: u32) -> Result<(), Duration> {
        if self.rate == 0 {
            return Ok(());
        }
        let now = Instant::now();
        let ahead = self.cost(self.burst.saturating_sub(tokens));
        let early = self.due.saturating_duration_since(now).saturating_sub(ahead);
        if early.is_zero() { Ok(()) } else { Err(early) }
    }

    /// Takes `tokens`, even if the bucket does not hold them. Then it must refill by the missing ones
    /// before it holds any.
    pub fn spend(&mut self, tokens: u32) {
        self.due = self.due.max(Instant::now()) + self.cost(tokens);
    }

    /// The same, but the bucket never owes more than `most` tokens, the burst included. What was taken
    /// beyond that costs nothing.
    pub fn spend_within(&mut self, tokens: u32, most: u32) {
        let now = Instant::now();
        self.due = (self.due.max(now) + self.cost(tokens)).min(now + self.cost(most));
    }

    /// Whether the bucket is full, as a new one is, so that the caller may drop it.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.due <= Instant::now()
    }

    /// The time in which `tokens` flow in. Zero without a rate.
    fn cost(&self, tokens: u32) -> Duration {
        let nanos = u64::from(tokens) * NANOS;
        Duration::from_nanos(nanos.checked_div(self.rate.into()).unwrap_or_default())
    }
}
