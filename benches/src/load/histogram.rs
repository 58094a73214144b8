//! Counts millions of durations in a few kilobytes, with an error of at most 1/16.

use std::time::Duration;

/// How many slots each power of two has.
const PARTS: u32 = 16;

/// How often each duration was counted, by slot.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Histogram {
    pub fn add(&mut self, time: Duration) {
        let slot = slot(time.as_nanos() as u64);
        if self.counts.len() <= slot {
            self.counts.resize(slot + 1, 0);
        }
        self.counts[slot] += 1;
        self.total += 1;
    }

    /// The duration that `share` of all did not exceed.
    pub fn quantile(&self, share: f64) -> Duration {
        let mut left = (self.total as f64 * share).ceil() as u64;
        for (slot, count) in self.counts.iter().enumerate() {
            left = left.saturating_sub(*count);
            if left == 0 {
                return Duration::from_nanos(upper(slot));
            }
        }
        Duration::ZERO
    }
}

/// The slot of a duration. Each small number has its own; for others the first bits decide.
fn slot(nanos: u64) -> usize {
    let bits = u64::BITS - nanos.leading_zeros();
    let shift = bits.saturating_sub(PARTS.ilog2() + 1);
    (shift * PARTS) as usize + (nanos >> shift) as usize
}

/// The first duration after a slot.
fn upper(slot: usize) -> u64 {
    let parts = PARTS as usize;
    let shift = (slot / parts).saturating_sub(1);
    ((slot - shift * parts + 1) << shift) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_ends_where_the_next_begins() {
        for nanos in (0..2000).chain([1 << 20, (1 << 40) + 12345]) {
            let end = upper(slot(nanos));
            assert!(nanos < end && end - nanos <= 1 + nanos / 16, "{nanos} in a slot up to {end}");
            assert_eq!(slot(end), slot(nanos) + 1);
        }
    }
}
