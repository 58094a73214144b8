//! Latencies: millions of durations in a few kilobytes, each with an error below 1 %.

use std::time::Duration;

use hdrhistogram::Histogram;

/// How many decimal digits of a duration are kept.
const DIGITS: u8 = 2;

/// How often each duration was counted.
#[derive(Debug)]
pub struct Latency(Histogram<u64>);

impl Default for Latency {
    fn default() -> Self {
        Self(Histogram::new(DIGITS).expect("a histogram keeps 0 to 5 digits"))
    }
}

impl Latency {
    pub fn add(&mut self, time: Duration) {
        self.0 += time.as_nanos() as u64;
    }

    /// The duration that `share` of all did not exceed, rounded up to two digits.
    pub fn quantile(&self, share: f64) -> Duration {
        Duration::from_nanos(self.0.value_at_quantile(share))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_never_below_the_truth_and_at_most_1_percent_above_it() {
        let mut latency = Latency::default();
        assert_eq!(latency.quantile(0.99), Duration::ZERO);
        for micros in 1..=1000 {
            latency.add(Duration::from_micros(micros));
        }
        for (share, micros) in [(0.5, 500), (0.99, 990), (1.0, 1000)] {
            let exact = Duration::from_micros(micros);
            let told = latency.quantile(share);
            assert!(told >= exact && told <= exact + exact / 100, "{share}: {told:?}");
        }
    }
}
